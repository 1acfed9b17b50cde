"""The engine: vLLM's offline `LLM`, fed request by request and asked step by step.

The same code runs on a GPU (adapter applied at run time) and on a CPU (adapter merged before, one
process, no compilation). Requests can be added while others are written, so a long queue of
documents, or a second try for one of them, is one continuous batch.
"""

import contextlib
import ctypes
import gc
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from inference.checksums import Say
from inference.hardware import compute_threads, device, free_memory
from inference.lora import Adapter, merged_model, stable_copy
from inference.models import ModelFolder, context_length, read_config
from tickets.files import InputError

Finish = Literal["stop", "length", "repetition"]
"""Why a completion ended: by itself, at its token limit, or stopped because it went round in
circles. Only the first is a whole one."""

CPU_BATCH: Final = 32
"""The most completions that are written at once on a CPU."""

_MEMORY_SHARE: Final = 0.4
"""How much of the free memory the key/value cache may take on a CPU."""

_BLOCK: Final = 128
"""Tokens in one block of the key/value cache on a CPU (vLLM's choice there)."""

_REPEATS: Final = {"max_pattern_size": 96, "min_pattern_size": 6, "min_count": 4}
"""Free decoding stops after four times the same 6 to 96 tokens in a row: no plan has that."""

_REPORT_EVERY: Final = 16
"""Tokens of a request between two reports of the engine; more often costs speed."""


class Sampling(NamedTuple):
    """How one request is to be completed.

    Attributes:
        max_tokens: where a completion is cut.
        grammar: EBNF that binds it; None lets the model write freely.
        line_tokens: the most tokens of one line (see `inference.decoding`); None for no limit.
        close_at: tokens after which the plan is closed (likewise); it needs `line_tokens`.
        samples: how many completions.
        temperature: 0 takes the likeliest token each time.
        seed: of the random choices, for a temperature above 0.
    """

    max_tokens: int
    grammar: str | None = None
    line_tokens: int | None = None
    close_at: int | None = None
    samples: int = 1
    temperature: float = 0.0
    seed: int = 0


class Completion(NamedTuple):
    """What the model wrote, why it ended, and how many tokens it has."""

    text: str
    finish: Finish
    tokens: int


class Done(NamedTuple):
    """A finished request; `seconds` counts from when it was added."""

    key: str
    completions: tuple[Completion, ...]
    prompt_tokens: int
    seconds: float


class _Open(NamedTuple):
    started: float
    texts: list[str]
    tokens: list[int]
    finishes: list[Finish]


class Engine:
    """A model that is ready to write.

    Attributes:
        context: tokens that prompt and completion may have together.
        batch: completions that are written at once.
        written: completion tokens since the start, for progress.
    """

    def __init__(
        self,
        model: ModelFolder,
        adapter: Adapter | None = None,
        *,
        batch: int = 1,
        context: int | None = None,
        verbose: bool = False,
        say: Say = lambda _: None,
    ) -> None:
        """Load the model.

        Args:
            model: from `inference.models.find_model`.
            adapter: from `inference.lora.read_adapter`.
            batch: how many completions will be wanted at once; more than fit are queued.
            context: fewer tokens than the model's own context.
            verbose: let vLLM's own log through, on standard error.
            say: told what is going on.

        Raises:
            InputError: too little memory, or vLLM refuses the model.
        """
        prepare(verbose=verbose)
        own = context_length(model.path)
        self.context = min(context or own, own)
        self.written = 0
        self._open: dict[str, _Open] = {}
        self._lora: Any = None
        self.batch = min(batch, CPU_BATCH) if device() == "cpu" else batch
        settings: dict[str, Any]
        if device() == "cpu":
            if adapter is not None:
                model = merged_model(model, adapter, say)
            settings = _cpu_settings(model, self.context, self.batch)
        else:
            settings = {"max_model_len": self.context}
            if adapter is not None:
                settings |= {"enable_lora": True, "max_lora_rank": adapter.rank}
        say(f"starting vLLM with {model.name}")
        with _captured(verbose), _no_collection():
            self._llm = _start(model, settings)
            self._tokenizer = self._llm.get_tokenizer()
        if adapter is not None and device() == "gpu":
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest(adapter.hash[:16], 1, str(stable_copy(adapter)))

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has, without those that begin or end a prompt."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        """The prompt that the model's chat template makes of `messages`, as token ids."""
        return list(
            self._tokenizer.apply_chat_template(
                messages,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=False,
                enable_thinking=False,  # of no effect in templates that know no thinking
            )
        )

    def add(self, key: str, prompt: Sequence[int], sampling: Sampling) -> None:
        """Queue a request under a `key` that no open request has.

        Raises:
            ValueError: the key is taken, or prompt and completion exceed the context.
        """
        from vllm.inputs.engine import tokens_input

        if key in self._open:
            raise ValueError(f"the request {key!r} is not finished")
        if len(prompt) + sampling.max_tokens > self.context:
            raise ValueError(
                f"{len(prompt)} + {sampling.max_tokens} tokens exceed the context ({self.context})"
            )
        n = sampling.samples
        self._open[key] = _Open(time.monotonic(), [""] * n, [0] * n, ["length"] * n)
        self._llm.llm_engine.add_request(
            key, tokens_input(list(prompt)), _parameters(sampling), lora_request=self._lora
        )

    @property
    def pending(self) -> int:
        """How many requests are not finished."""
        return len(self._open)

    def step(self) -> list[Done]:
        """Write one more token of each running request; returns those that are finished."""
        if not self._llm.llm_engine.has_unfinished_requests() and self._open:
            raise RuntimeError(f"vLLM has lost the requests {list(self._open)}")
        done = []
        for output in self._llm.llm_engine.step():
            state = self._open[output.request_id]
            for part in output.outputs:
                state.texts[part.index] += part.text
                state.tokens[part.index] += len(part.token_ids)
                self.written += len(part.token_ids)
                if part.finish_reason is not None:
                    state.finishes[part.index] = _finish(part.finish_reason)
            if output.finished:
                del self._open[output.request_id]
                completions = zip(state.texts, state.finishes, state.tokens, strict=True)
                done.append(
                    Done(
                        key=output.request_id,
                        completions=tuple(Completion(*each) for each in completions),
                        prompt_tokens=len(output.prompt_token_ids),
                        seconds=time.monotonic() - state.started,
                    )
                )
        return done

    def drop(self) -> None:
        """Forget all open requests."""
        self._llm.llm_engine.abort_request(list(self._open))
        self._open.clear()


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
        runtime = Path(sys.prefix) / "lib" / "libiomp5.so"
        if "torch" not in sys.modules and runtime.is_file():
            with contextlib.suppress(OSError):
                ctypes.CDLL(str(runtime), mode=ctypes.RTLD_GLOBAL)


def _start(model: ModelFolder, settings: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from vllm import LLM

        from inference.decoding import Budgets

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


def _cpu_settings(model: ModelFolder, context: int, batch: int) -> dict[str, Any]:
    """What `LLM` needs on a CPU; the key/value cache holds `batch` whole contexts if it may.

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
        "kv_cache_memory_bytes": min(room, per_context * batch),
    }


def kv_bytes(config: dict[str, Any]) -> int:
    """Bytes of keys and values of one token in bf16: 2 x layers x heads x width x 2."""
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads") or heads
    width = config.get("head_dim") or config["hidden_size"] // heads
    return int(2 * config["num_hidden_layers"] * kv_heads * width * 2)


def _parameters(sampling: Sampling) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import (
        RepetitionDetectionParams,
        RequestOutputKind,
        StructuredOutputsParams,
    )

    from inference.decoding import CLOSE_AT, LINE_TOKENS

    budgets = {LINE_TOKENS: sampling.line_tokens, CLOSE_AT: sampling.close_at}
    limits: dict[str, Any] = {
        "extra_args": {key: budget for key, budget in budgets.items() if budget is not None}
    }
    if sampling.grammar is not None:
        limits["structured_outputs"] = StructuredOutputsParams(grammar=sampling.grammar)
    else:
        limits["repetition_detection"] = RepetitionDetectionParams(**_REPEATS)
    return SamplingParams(
        n=sampling.samples,
        temperature=sampling.temperature,
        top_p=1.0 if sampling.temperature == 0 else 0.95,
        seed=sampling.seed if sampling.temperature else None,
        max_tokens=sampling.max_tokens,
        output_kind=RequestOutputKind.DELTA,
        stream_interval=_REPORT_EVERY,
        **limits,
    )


def _finish(reason: str) -> Finish:
    for known in get_args(Finish):
        if reason == known:
            return cast(Finish, known)
    raise RuntimeError(f"vLLM ended a request with {reason!r}; --verbose shows its log")


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
        except BaseException:
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
