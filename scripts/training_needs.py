"""What each training configuration needs: parameters, what is trained, and memory at the peak.

    .venv/bin/python -m scripts.training_needs

The models are built from their published shapes without weights (on torch's "meta" device), so
that no hub is asked. Sizes of rows are the worst case: one row of `examples.length` tokens, or the
most that `examples.between` lets in, all of them with loss. Under FSDP it is the memory of each of
as many GPUs as `configs/accelerate/fsdp.yaml` names.
"""

import sys
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.setup import ROOT
from tickets.config import load_config
from training.config import TrainConfig

CONFIGS: Final = ROOT / "configs" / "train"
FSDP: Final = ROOT / "configs" / "accelerate" / "fsdp.yaml"

_LLAMA: Final = "LlamaConfig"
SHAPES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "smollm2-135m": (
        _LLAMA,
        {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
         "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
         "tie_word_embeddings": True},
    ),
    "HuggingFaceTB/SmolLM2-1.7B-Instruct": (
        _LLAMA,
        {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
         "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 49152,
         "tie_word_embeddings": True},
    ),
    "Qwen/Qwen3-4B-Instruct-2507": (
        "Qwen3Config",
        {"hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36,
         "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128,
         "vocab_size": 151936, "tie_word_embeddings": True},
    ),
    "ibm-granite/granite-3.3-8b-instruct": (
        "GraniteConfig",
        {"hidden_size": 4096, "intermediate_size": 12800, "num_hidden_layers": 40,
         "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 49159,
         "tie_word_embeddings": True},
    ),
}  # fmt: skip
"""The class and shape of each model's config, as its `config.json` on the Hub has them."""


def main() -> None:
    """Print the table."""
    print(f"{'configuration':<30} {'model':<36} {'weights':>8} {'trained':>8} {'memory':>9}")
    for file in sorted(CONFIGS.glob("*.yaml")):
        if "grpo" not in file.stem:
            print(line(file))


def line(file: Path) -> str:
    """A line of the table: weights and trained parameters in millions, memory in GiB a device."""
    config = load_config(TrainConfig, file)
    held, trained, memory = needs(config, on_gpu="cpu" not in file.stem, spread="fsdp" in file.stem)
    return (
        f"{file.stem:<30} {config.model:<36} {held / 1e6:>6.0f} M {trained / 1e6:>6.1f} M "
        f"{memory / 2**30:>5.1f} GiB"
    )


def needs(config: TrainConfig, *, on_gpu: bool, spread: bool) -> tuple[int, int, int]:
    """Parameters of the base model, parameters that are trained, and bytes of memory a device."""
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model

    from training.estimate import estimate_memory

    devices = yaml.safe_load(FSDP.read_text("utf-8"))["num_processes"]
    kind, shape = SHAPES[config.model]
    with torch.device("meta"):
        model = transformers.AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            getattr(transformers, kind)(**shape), dtype=torch.bfloat16
        )
        model = get_peft_model(
            model,
            LoraConfig(task_type="CAUSAL_LM", r=config.lora.rank, target_modules="all-linear"),
        )
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    held = sum(p.numel() for p in model.parameters() if not p.requires_grad)
    length = min(config.examples.length, (config.examples.between or (0, sys.maxsize))[1])
    memory = estimate_memory(
        model, config, length, length, on_gpu=on_gpu, shards=devices if spread else 1
    )
    if config.quantize == "4bit":
        # NF4 with double quantization takes 4.127 bits a weight (Dettmers et al. 2023, section 3);
        # embeddings stay in bf16.
        embedded = model.get_input_embeddings().weight.numel()
        memory -= int((held - embedded) * (2 - 4.127 / 8))
    return held, trained, memory


if __name__ == "__main__":
    main()
