"""The base model with a fresh adapter on it."""

import os
from pathlib import Path
from typing import Any

from tickets.files import InputError
from training.config import TrainConfig


def load_model(config: TrainConfig, folder: Path) -> Any:
    """PEFT's model: the base in bf16 (or NF4), frozen, and an adapter in fp32.

    The adapter is `config.adapter`, or a new one with B = 0, which changes nothing yet.
    Attention is torch's own (`sdpa`), which keeps packed rows apart by their positions.

    Raises:
        InputError: the settings do not fit this machine or this model.
    """
    # On a CPU each length of row has kernels of its own, 20 to 40 MB a row, of which 1,024 would be
    # kept: gigabytes after an hour. The layers of one row share theirs.
    os.environ.setdefault("LRU_CACHE_CAPACITY", "32")
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "32")
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, set_seed

    settings: dict[str, Any] = {}
    on_gpu = torch.cuda.is_available()
    if config.packing and not on_gpu:
        raise InputError(
            "packing=true: on a CPU packed rows are slower (attention reads the mask of all rows "
            "together); set packing=false"
        )
    if config.quantize == "4bit":
        settings["quantization_config"] = _four_bits(on_gpu=on_gpu)
    set_seed(config.seed)
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=torch.bfloat16,
        attn_implementation="sdpa",
        local_files_only=True,
        trust_remote_code=False,
        **settings,
    )
    lora = config.lora
    if config.adapter is not None:
        return _load_adapter(model, config.adapter, lora.rank)
    targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
    try:
        return get_peft_model(
            model,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=lora.rank,
                lora_alpha=lora.alpha,
                use_rslora=lora.rslora,
                lora_dropout=lora.dropout,
                target_modules=targets,
            ),
        )
    except ValueError as error:
        names = sorted(
            {
                name.rpartition(".")[2]
                for name, part in model.named_modules()
                if isinstance(part, torch.nn.Linear)
            }
        )
        raise InputError(
            f"lora.targets={targets}: the model {config.model} has no such parts; its linear "
            f"layers are called {', '.join(names)}"
        ) from error


def _load_adapter(model: Any, folder: Path, rank: int) -> Any:
    from peft import PeftModel

    if not (folder / "adapter_config.json").is_file():
        raise InputError(f"adapter {folder}: there is no adapter; train one first")
    try:
        tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(f"adapter {folder}: does not fit the model ({error})") from error
    found = tuned.peft_config["default"].r
    if found != rank:
        raise InputError(f"adapter {folder}: has rank {found}, and lora.rank is {rank}; set it so")
    return tuned


def _four_bits(*, on_gpu: bool) -> Any:
    import importlib.util

    import torch
    from transformers import BitsAndBytesConfig

    if not on_gpu or importlib.util.find_spec("bitsandbytes") is None:
        lacks = "bitsandbytes" if on_gpu else "a GPU"
        raise InputError(f"quantize=4bit: {lacks} is missing; set quantize=no")
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
