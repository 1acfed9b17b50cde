"""What an adapter must be for vLLM to load it, and the record that says what it was trained on.

Trainer and engine hold an adapter to the same rules: what could not be served is not trained.
"""

from collections.abc import Mapping
from typing import Any, Final

from tickets.files import InputError

RECORD: Final = "planloom.json"
"""Beside the adapter's weights: the `format_hash` that it was trained with, and more."""

RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks vLLM makes room for; an adapter's own rank may be smaller than its place."""

UNSUPPORTED: Final[dict[str, str]] = {
    "use_dora": "DoRA",
    "lora_bias": "biases of its own",
    "modules_to_save": "whole modules beside the low-rank ones",
    "layer_replication": "replicated layers",
    "alora_invocation_tokens": "activation by tokens (aLoRA)",
    "use_qalora": "QALoRA",
    "use_bdlora": "block-diagonal LoRA",
}
_PLAIN_INITS = (True, False, None, "gaussian", "eva", "orthogonal")


def check_adapter_config(config: Mapping[str, Any], where: str) -> int:
    """The rank that vLLM has to make room for, from PEFT's `adapter_config.json`.

    Args:
        config: its content.
        where: whose it is, for the messages, like `adapter out/run/adapter`.

    Raises:
        InputError: it uses something that vLLM does not load.
    """
    if config.get("peft_type") != "LORA":
        raise InputError(f"{where}: its type is {config.get('peft_type')}, not LORA")
    for key, what in UNSUPPORTED.items():
        if config.get(key):
            raise InputError(
                f"{where}: {key} is set ({what}), which vLLM does not load; train it without"
            )
    if config.get("bias", "none") != "none":
        raise InputError(f"{where}: bias must be none for vLLM, not {config['bias']}")
    if config.get("init_lora_weights", True) not in _PLAIN_INITS:
        raise InputError(
            f"{where}: init_lora_weights={config['init_lora_weights']} changes the base weights, "
            "so the adapter fits no other model; train it with true"
        )
    ranks = [config.get("r"), *(config.get("rank_pattern") or {}).values()]
    if not all(isinstance(r, int) and 1 <= r <= RANKS[-1] for r in ranks):
        raise InputError(f"{where}: rank {ranks}; vLLM takes 1 to {RANKS[-1]}")
    return next(rank for rank in RANKS if rank >= max(r for r in ranks if isinstance(r, int)))
