"""What decides the result of a run: model, data, format, the adapter it begins with, settings."""

import hashlib
import json
from collections.abc import Set
from pathlib import Path
from typing import Any

from tickets.adapters import RECORD
from tickets.files import InputError
from tickets.formats import FORMATS
from training.checkpoints import RUN
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
    model = weights_hash(folder)
    form = FORMATS[config.examples.format].hash
    if config.adapter is not None:
        _check_origin(config.adapter, model, form)
    settings = config.model_dump(mode="json", include=set(decides), exclude={"examples": {"path"}})
    return {
        "model": model,
        "data": manifest,
        "format": form,
        "adapter": adapter_hash(config.adapter),
        **settings,
    }


def _check_origin(adapter: Path, model: str, form: str) -> None:
    """Refuse an adapter, or a checkpoint of a run, for another format or another base model.

    Of an adapter that says neither, only its shapes can be held against the model.
    """
    record, run = adapter / RECORD, adapter.parent / RUN
    try:
        if record.is_file():
            content = json.loads(record.read_text("utf-8"))
            own, base = content["format_hash"], content.get("model", {}).get("sha256", model)
        elif run.is_file():
            content = json.loads(run.read_text("utf-8"))
            own, base = content["format"], content["model"]
        else:
            return
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"adapter {adapter}: its record cannot be read ({error!r}); copy the whole folder again"
        ) from error
    if own != form:
        raise InputError(
            f"adapter {adapter}: was trained with the format {own}, this run is for "
            f"{form}; begin with one of this format, or with a new one (adapter=null)"
        )
    if base != model:
        raise InputError(
            f"adapter {adapter}: was trained for the base model {str(base)[:12]}, this one is "
            f"{model[:12]}; set model to the one that it was trained for, or adapter=null"
        )


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
