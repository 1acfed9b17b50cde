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
from tickets.models import EMBEDDED
from training.card import write_card, write_curves
from training.checkpoints import is_disk_error
from training.config import TrainConfig

_PACKAGES: Final = ("torch", "transformers", "peft", "trl", "accelerate", "datasets")


def gather_adapter(trainer: Any) -> dict[str, Any]:
    """The adapter's weights by PEFT's names, whole and on the CPU.

    Under FSDP each process holds a part of each, so all of them must call this; the whole is the
    first one's, and the others get nothing.
    """
    from peft import get_peft_model_state_dict

    if not trainer.is_fsdp_enabled:
        return dict(get_peft_model_state_dict(trainer.accelerator.unwrap_model(trainer.model)))
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    whole = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    state = get_model_state_dict(trainer.model, options=whole)
    return dict(get_peft_model_state_dict(trainer.model, state_dict=state)) if state else {}


def write_adapter(
    state: Mapping[str, Any],
    settings: Mapping[str, Any],
    config: TrainConfig,
    facts: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
) -> Path:
    """Write the adapter in bf16 with its record, log, card and curves; returns its folder.

    The folder is `<output>/adapter-<hash>`, made whole under another name and renamed: vLLM's
    prefix cache tells adapters apart by name, so other content must have another name.

    Args:
        state: the weights, of `gather_adapter`.
        settings: of the adapter, as PEFT has them.
        config: of the run.
        facts: of `run_facts`: `format_hash`, `model`, `data`, figures of the run.
        log: what the trainer logged, in order.

    Raises:
        InputError: the folder cannot be written, or vLLM would not load the adapter.
    """
    import torch
    from safetensors.torch import save_file

    weights = {
        name: tensor.detach().to("cpu", torch.bfloat16).contiguous()
        for name, tensor in sorted(state.items())
    }
    plain = {
        key: sorted(value) if isinstance(value, set) else value for key, value in settings.items()
    }
    plain |= {"inference_mode": True, "base_model_name_or_path": facts["model"]["name"]}
    check_adapter_config(json.loads(json.dumps(plain, default=str)), "the trained adapter")
    config.output.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".adapter-", dir=config.output))
    try:
        save_file(weights, new / "adapter_model.safetensors", metadata={"format": "pt"})
        (new / "adapter_model.safetensors").chmod(0o644)
        written = json.dumps(plain, indent=1, default=str) + "\n"
        write_atomic(new / "adapter_config.json", written)
        record = {
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
    except Exception as error:
        if not is_disk_error(error):
            raise
        raise InputError(
            f"{config.output}: the adapter cannot be written ({error}); free space there, and the "
            "same command writes it from the last checkpoint"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def run_facts(
    config: TrainConfig, identity: Mapping[str, Any], rows: int, trainer: Any
) -> dict[str, Any]:
    """What the adapter's record says of a run that has ended.

    Args:
        config: of the run.
        identity: what decides its result.
        rows: examples that it was trained on.
        trainer: after its last step.
    """
    import torch

    source = EMBEDDED.get(config.model)
    threads = torch.get_num_threads()
    device = f"{threads} processor core{'s' * (threads > 1)}"
    if torch.cuda.is_available():
        device = torch.cuda.get_device_name()
    log = trainer.state.log_history
    return {
        "format_hash": identity["format"],
        "began_with": identity["adapter_format"],
        "model": {
            "name": config.model,
            "sha256": identity["model"],
            "hub": source.hub if source else None,
        },
        "data": {"manifest": identity["data"], "rows": rows},
        "run": {
            "steps": trainer.state.global_step,
            "tokens": int(trainer.state.num_input_tokens_seen),
            "hours": max((line.get("seconds", 0.0) for line in log), default=0.0) / 3600,
            "device": device,
        },
    }
