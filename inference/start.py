"""How vLLM is started: what it reads from the environment, its settings, and its silence."""

import contextlib
import ctypes
import gc
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from inference.hardware import compute_threads, device, free_memory
from inference.models import ModelFolder, read_config
from tickets.files import InputError

BATCH: Final[dict[str, int]] = {"cpu": 32, "gpu": 256}
"""The most completions that are written at once on each."""

OPENMP: Final = Path(sys.prefix) / "lib" / "libiomp5.so"
"""Intel's OpenMP runtime, where vLLM's CPU build is installed."""

_MEMORY_SHARE: Final = 0.4
"""How much of the free memory the key/value cache may take on a CPU."""

_PREFILL: Final = 4096
"""Prompt tokens that are computed at once at least (vLLM's choice for chunks)."""

_BLOCK: Final = 128
"""Tokens in one block of the key/value cache on a CPU (vLLM's choice there)."""


def prepare(*, verbose: bool = False) -> None:
    """Set what vLLM, torch and their thread pool read when they are imported.

    Call it before the first import of torch: on a CPU it puts Intel's OpenMP runtime (a part of
    vLLM's CPU build) in the place of torch's own, which is slower at these sizes.
    """
    # inference.decoding is written for this one of vLLM's two model runners, the one CPUs have.
    os.environ["VLLM_USE_V2_MODEL_RUNNER"] = "0"
    os.environ["VLLM_LOGGING_STREAM"] = "ext://sys.stderr"
    os.environ["VLLM_NO_USAGE_STATS"] = "1"
    os.environ["VLLM_LOGGING_LEVEL"] = "INFO" if verbose else "ERROR"
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "warning" if verbose else "error")
    if device() == "cpu":
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)  # it would overrule kv_cache_memory_bytes
        os.environ.setdefault("OMP_NUM_THREADS", str(compute_threads()))
        if "torch" not in sys.modules and OPENMP.is_file():
            with contextlib.suppress(OSError):
                ctypes.CDLL(str(OPENMP), mode=ctypes.RTLD_GLOBAL)


def start_vllm(model: ModelFolder, settings: dict[str, Any], *, verbose: bool = False) -> Any:
    """VLLM's `LLM` with the model loaded, whatever it prints kept from the terminal.

    Args:
        model: weights and tokenizer.
        settings: further arguments of `LLM`.
        verbose: let the log through, on standard error.

    Raises:
        InputError: vLLM refuses the model or the settings.
    """
    with _captured(verbose), _no_collection(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from vllm import LLM

        from inference.decoding import Budgets

        gc.freeze()  # vLLM collects several times while it starts: not these modules again

        try:
            return LLM(
                model=str(model.path),
                trust_remote_code=False,
                enable_prefix_caching=True,
                disable_log_stats=True,
                seed=0,
                logits_processors=[Budgets],
                structured_outputs_config={"backend": "xgrammar"},
                **settings,
            )
        except (ValueError, RuntimeError, OSError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise InputError(
                f"model {model.name}: vLLM cannot load it ({reason}); --verbose shows its log"
            ) from error


def cpu_settings(model: ModelFolder, context: int, batch: int) -> dict[str, Any]:
    """What `LLM` needs on a CPU; the key/value cache holds half as many whole contexts as `batch`.

    The completions of a plan share most of theirs, and what finds no room waits.

    Raises:
        InputError: not even one fits into the memory that is free.
    """
    weights = sum(file.stat().st_size for file in model.path.glob("*.safetensors"))
    free = free_memory() - 2 * weights  # as read, and as packed for the processor
    per_context = kv_bytes(read_config(model.path)) * (-(-context // _BLOCK) + 1) * _BLOCK
    room = int(max(0, free) * _MEMORY_SHARE)
    if room < per_context:
        raise InputError(
            f"model {model.name}: {per_context / 2**30:.1f} GiB are needed for a context of "
            f"{context} tokens, and {room / 2**30:.1f} GiB are to spare; ask for a smaller "
            "--context, or free memory"
        )
    return {
        "max_model_len": context,
        "dtype": "bfloat16",
        "enforce_eager": True,
        "distributed_executor_backend": "uni",
        "max_num_seqs": batch,
        # A prompt in pieces draws before its end, and a seeded draw cannot be taken back on a CPU.
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(context, _PREFILL),
        "kv_cache_memory_bytes": min(room, per_context * max(1, batch // 2)),
    }


def kv_bytes(config: dict[str, Any]) -> int:
    """Bytes of keys and values of one token in bf16: 2 x layers x heads x width x 2."""
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    width = config.get("head_dim") or config["hidden_size"] // heads
    return int(2 * config["num_hidden_layers"] * kv_heads * width * 2)


@contextlib.contextmanager
def _captured(verbose: bool) -> Iterator[None]:
    """Keep what libraries print while they start from the terminal; show it when they fail.

    Much of it comes from compiled code, so the file descriptors are replaced, not `sys.stdout`.
    Standard output carries plans alone, so with `verbose` all of it goes to standard error.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as log:
        target = err if verbose else log.fileno()
        os.dup2(target, 1)
        os.dup2(target, 2)
        crashed = False
        try:
            yield
        except InputError:
            raise
        except Exception:
            crashed = True
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(out)
            os.close(err)
            if crashed and not verbose:
                log.seek(0)
                os.write(2, log.read()[-4000:])


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No garbage collection while a hundred thousand objects are made that all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        gc.freeze()
