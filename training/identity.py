"""What decides the result of a run: model, data, format, the adapter it begins with, settings."""

import hashlib
import json
from collections.abc import Set
from pathlib import Path
from typing import Any, NamedTuple

from tickets.adapters import RECORD
from tickets.files import InputError
from tickets.formats import FORMATS
from training.checkpoints import RUN
from training.config import TrainConfig


class Origin(NamedTuple):
    """What an adapter, or a checkpoint of a run, was trained for: the hashes of format and base
    model, None where it does not say.
    """

    format: str | None = None
    model: str | None = None


def identity(
    config: TrainConfig, folder: Path, manifest: str, decides: Set[str], *, teaches: bool = True
) -> dict[str, Any]:
    """All that decides the result, as `training.checkpoints.claim` compares it.

    Args:
        config: of the run.
        folder: of the base model.
        manifest: hash of the dataset's manifest.
        decides: the parts of `config` that do.
        teaches: the run shows the model what is right, so it may begin with an adapter of another
            format; one that only rewards what comes may not.

    Raises:
        InputError: there is no adapter where the run is to begin with one, or it is for another
            base model or, without `teaches`, for another format.
    """
    model = weights_hash(folder)
    form = FORMATS[config.examples.format].hash
    origin = Origin()
    if config.adapter is not None:
        origin = origin_of(config.adapter)
        if not teaches and origin.format not in (None, form):
            raise InputError(
                f"adapter {config.adapter}: was trained with the format {origin.format}, this run "
                f"is for {form}; begin with one of this format"
            )
        if origin.model not in (None, model):
            raise InputError(
                f"adapter {config.adapter}: was trained for the base model "
                f"{str(origin.model)[:12]}, this one is {model[:12]}; set model to the one that it "
                "was trained for, or adapter=null"
            )
    settings = config.model_dump(mode="json", include=set(decides), exclude={"examples": {"path"}})
    return {
        "model": model,
        "data": manifest,
        "format": form,
        "adapter": adapter_hash(config.adapter),
        "adapter_format": origin.format,
        **settings,
    }


def origin_of(adapter: Path) -> Origin:
    """What an adapter or a checkpoint says that it was trained for.

    Raises:
        InputError: it cannot be read.
    """
    record, run = adapter / RECORD, adapter.parent / RUN
    try:
        if record.is_file():
            content = json.loads(record.read_text("utf-8"))
            return Origin(content["format_hash"], content.get("model", {}).get("sha256"))
        if run.is_file():
            content = json.loads(run.read_text("utf-8"))
            return Origin(content["format"], content["model"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"adapter {adapter}: its record cannot be read ({error!r}); copy the whole folder again"
        ) from error
    return Origin()


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
