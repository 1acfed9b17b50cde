"""What a run needs before it starts: memory, disk, and by a trial step on one row, time."""

import os
import resource
import shutil
import time
from pathlib import Path
from typing import Any, Final

import psutil
import torch

from tickets.files import InputError
from training.arguments import processes, sharded
from training.config import TrainConfig
from training.rows import IGNORED, Row
from training.trees import mask, positions

LIBRARIES: Final = 0.7 * 2**30
"""Bytes that Python, torch, Transformers, TRL and PyArrow hold of a machine's memory; measured."""

HEAP: Final = 1.5
"""What a CPU's heap holds for each byte of a step, since pieces are not given back in the order in
which they were taken. Measured with glibc on SmolLM2-135M at 1,000 to 2,500 tokens: 1.4 to 1.6."""


def estimate_memory(
    model: Any,
    config: TrainConfig,
    longest: int,
    loss_tokens: int,
    *,
    on_gpu: bool | None = None,
    shards: int | None = None,
) -> int:
    """Bytes at the peak of a step, from shapes alone.

    Weights as they are held; for what is trained 16 bytes a parameter (fp32 value, gradient and
    AdamW's two moments, Loshchilov and Hutter 2019); the activations that the backward pass needs,
    see `_layer`, or where they are computed again the input of each layer and one layer's; and the
    logits, held in fp32 three times over (values, softmax, gradient). On a CPU the libraries are in
    the same memory.

    Args:
        model: with its adapter.
        config: of the run.
        longest: tokens of the longest row (or of a packed sequence).
        loss_tokens: of the row with the most tokens that carry loss.
        on_gpu: where it is trained; None asks torch.
        shards: processes that the weights are spread over (FSDP); None asks accelerate.
    """
    on_gpu = torch.cuda.is_available() if on_gpu is None else on_gpu
    shards = (processes() if sharded() else 1) if shards is None else shards
    frame = model.config.get_text_config()
    held = sum(p.numel() * p.element_size() for p in model.parameters() if not p.requires_grad)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    states = held + 16 * trained
    if shards > 1:  # beside its own part, each holds two whole layers: one at work, one to come
        states = states / shards + 2 * held / frame.num_hidden_layers
    layer, layers = _layer(frame, config.lora.rank), frame.num_hidden_layers
    a_token = layer + 2 * layers * frame.hidden_size if config.checkpoint else layer * layers
    logits = 12 * frame.vocab_size * loss_tokens
    step = config.optimizer.batch * (longest * a_token + logits)
    return int(states + (step if on_gpu else HEAP * step + LIBRARIES))


def _layer(frame: Any, rank: int) -> int:
    """Bytes that a layer of a Llama keeps of each token for the backward pass.

    Counted with `torch.autograd.graph.saved_tensors_hooks` in bf16 with frozen weights and LoRA on
    all linear layers, hidden size h, queries q, keys and values k, MLP m: two norms in fp32 (8h);
    for the adapters a copy of each linear layer's input (10h + 2q + 2m) and what A makes of it
    (14 rank); attention's q, k, v and result (4q + 4k); the MLP's gate, its SiLU and up (6m).
    """
    heads = frame.num_attention_heads
    width = getattr(frame, "head_dim", None) or frame.hidden_size // heads
    queries, keys = heads * width, frame.num_key_value_heads * width
    return int(
        18 * frame.hidden_size + 6 * queries + 4 * keys + 8 * frame.intermediate_size + 14 * rank
    )


def estimate_disk(model: Any) -> int:
    """Bytes of the adapter and of three checkpoints: two are kept while one is written."""
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return int(3 * 12 * trained + 2 * trained + 32 * 2**20)


def free_memory() -> int:
    """Bytes that are free on the GPU, or without one in the machine and within `ulimit -v`."""
    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    free = int(psutil.virtual_memory().available)
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return free
    return min(free, max(0, limit - int(psutil.Process().memory_info().vms)))


def memory_held() -> int:
    """Bytes that this process holds by now, of the GPU's memory or without one of the machine's."""
    if torch.cuda.is_available():
        return int(torch.cuda.memory_reserved())
    return int(psutil.Process().memory_info().rss)


def check_room(model: Any, memory: int, output: Path) -> None:
    """Refuse a run that would end for want of memory or disk.

    Args:
        model: with its adapter.
        memory: bytes of `estimate_memory`.
        output: where checkpoints go.

    Raises:
        InputError: there is not enough of one.
    """
    more, free = memory - memory_held(), free_memory()
    if more > free:
        raise InputError(
            f"about {more / 2**30:.1f} GiB more memory is needed and {free / 2**30:.1f} GiB are "
            "free; set checkpoint=true, or a smaller optimizer.batch or examples.length, and "
            "optimizer.accumulation so much larger"
        )
    disk = estimate_disk(model)
    place = output
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        raise InputError(f"{output}: cannot be written; name another output")
    left = shutil.disk_usage(place).free
    if disk > left:
        raise InputError(
            f"{output}: about {disk / 2**20:.0f} MiB are needed for checkpoints and "
            f"{left / 2**20:.0f} MiB are free; free space there, or name another output"
        )


def trial_seconds(model: Any, row: Row) -> float:
    """Seconds of a step forward and backward on one row, the second of two, without an update."""
    device = next(model.parameters()).device
    inputs: dict[str, torch.Tensor] = {"input_ids": torch.tensor([row.ids])}
    if len(row.parts) > 1:
        inputs["position_ids"] = positions(row.parts)[None]
        inputs["attention_mask"] = mask(row.parts, len(row.ids))[None, None]
    inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
    labels = torch.tensor(row.labels, device=device)
    places = (labels[1:] != IGNORED).nonzero().squeeze(1)
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits = model(**inputs, logits_to_keep=places, use_cache=False).logits
        target = labels[1:][places]
        loss = torch.nn.functional.cross_entropy(logits[0].float(), target)
        torch.autograd.backward(loss)
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
        model.zero_grad()
    return seconds
