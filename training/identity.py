"""What decides the result of a run: model, data, format, the adapter it begins with, settings."""

import hashlib
from collections.abc import Set
from pathlib import Path
from typing import Any

from tickets.files import InputError
from tickets.prompt import format_hash
from training.config import TrainConfig


def identity(config: TrainConfig, folder: Path, manifest: str, decides: Set[str]) -> dict[str, Any]:
    """All that decides the result, as `training.checkpoints.claim` compares it.

    Args:
        config: of the run.
        folder: of the base model.
        manifest: hash of the dataset's manifest.
        decides: the parts of `config` that do.

    Raises:
        InputError: there is no adapter where the run is to begin with one.
    """
    settings = config.model_dump(mode="json", include=set(decides), exclude={"examples": {"path"}})
    return {
        "model": weights_hash(folder),
        "data": manifest,
        "format": format_hash(),
        "adapter": adapter_hash(config.adapter),
        **settings,
    }


def weights_hash(folder: Path) -> str:
    """SHA-256 over the config and weights of a model."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def adapter_hash(folder: Path | None) -> str | None:
    """SHA-256 of the weights that a run begins with; None for a new adapter."""
    if folder is None:
        return None
    file = folder / "adapter_model.safetensors"
    if not file.is_file():
        raise InputError(f"adapter {folder}: there is no adapter; train one first")
    return hashlib.sha256(file.read_bytes()).hexdigest()
