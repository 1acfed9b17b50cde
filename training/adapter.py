"""The finished adapter: a folder named by its content, with all that says how it came to be."""

import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from tickets.adapters import RECORD, check_adapter_config
from tickets.files import InputError, write_atomic
from tickets.prompt import format_hash
from training.card import write_card, write_curves
from training.config import TrainConfig

_PACKAGES: Final = ("torch", "transformers", "peft", "trl", "accelerate", "datasets")


def write_adapter(
    model: Any, config: TrainConfig, facts: Mapping[str, Any], log: Sequence[Mapping[str, Any]]
) -> Path:
    """Write the adapter in bf16 with its record, log, card and curves; returns its folder.

    The folder is `<output>/adapter-<hash>`, made whole under another name and renamed: vLLM's
    prefix cache tells adapters apart by name, so other content must have another name.

    Args:
        model: of PEFT, trained.
        config: of the run.
        facts: `model` (name and hash), `data` (path, manifest hash, rows), figures of the run.
        log: what the trainer logged, in order.

    Raises:
        InputError: the folder cannot be written, or vLLM would not load the adapter.
    """
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    weights = {
        name: tensor.detach().to("cpu", torch.bfloat16).contiguous()
        for name, tensor in sorted(get_peft_model_state_dict(model).items())
    }
    peft_config = next(iter(model.peft_config.values())).to_dict()
    settings = {
        key: sorted(value) if isinstance(value, set) else value
        for key, value in peft_config.items()
    }
    settings |= {"inference_mode": True, "base_model_name_or_path": facts["model"]["name"]}
    check_adapter_config(json.loads(json.dumps(settings, default=str)), "the trained adapter")
    config.output.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".adapter-", dir=config.output))
    try:
        save_file(weights, new / "adapter_model.safetensors", metadata={"format": "pt"})
        (new / "adapter_model.safetensors").chmod(0o644)
        written = json.dumps(settings, indent=1, default=str) + "\n"
        write_atomic(new / "adapter_config.json", written)
        record = {
            "format_hash": format_hash(),
            **facts,
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
        }
        write_atomic(new / RECORD, json.dumps(record, indent=1) + "\n")
        dumped = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
        write_atomic(new / "config.yaml", dumped)
        write_atomic(new / "log.jsonl", "".join(json.dumps(line) + "\n" for line in log))
        write_curves(log, new)
        write_card(new, config, record, log)
        digest = hashlib.sha256()
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            digest.update((new / name).read_bytes())
        folder = config.output / f"adapter-{digest.hexdigest()[:12]}"
        new.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)
    except OSError as error:
        raise InputError(
            f"{config.output}: the adapter cannot be written ({error}); free space there, and the "
            "same command writes it from the last checkpoint"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder
