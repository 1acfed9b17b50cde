"""The engine: vLLM's offline `LLM`, fed request by request and asked step by step.

The same code runs on a GPU (adapter applied at run time) and on a CPU (adapter merged before, one
process, no compilation). Requests can be added while others are written, so a long queue of
documents, or a second try for one of them, is one continuous batch.
"""

import time
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from inference.checksums import Say
from inference.hardware import device
from inference.lora import Adapter, merged_model, stable_copy
from inference.models import ModelFolder, context_length
from inference.start import BATCH, cpu_settings, prepare, start_vllm
from tickets.chat import encode_prompt

Finish = Literal["stop", "length", "repetition"]
"""Why a completion ended: by itself, at its token limit, or stopped because it went round in
circles. Only the first is a whole one."""

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
        distinct: tokens that two lines may begin with alike (likewise).
        samples: how many completions.
        temperature: 0 takes the likeliest token each time.
        seed: of the random choices, for a temperature above 0.
    """

    max_tokens: int
    grammar: str | None = None
    line_tokens: int | None = None
    close_at: int | None = None
    distinct: int | None = None
    samples: int = 1
    temperature: float = 0.0
    seed: int = 0


class Completion(NamedTuple):
    """What the model wrote, why it ended, and how many tokens it has."""

    text: str
    finish: Finish
    tokens: int


class Done(NamedTuple):
    """A finished request; seconds count from when it was added.

    `cached_tokens` are those of the prompt that were computed for another request before.
    """

    key: str
    completions: tuple[Completion, ...]
    prompt_tokens: int
    first_token_seconds: float
    seconds: float
    cached_tokens: int = 0


class _Open:
    """A request on its way: what has come of each of its completions."""

    def __init__(self, samples: int) -> None:
        self.started = time.monotonic()
        self.first: float | None = None
        self.texts = [""] * samples
        self.tokens = [0] * samples
        self.finishes: list[Finish] = ["length"] * samples


class Engine:
    """A model that writes; vLLM is started when something is first asked of it.

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
        """Make an engine, which loads nothing yet.

        Args:
            model: from `inference.models.find_model`.
            adapter: from `inference.lora.read_adapter`.
            batch: how many completions will be wanted at once; more than fit are queued.
            context: fewer tokens than the model's own context.
            verbose: let vLLM's own log through, on standard error.
            say: told what is going on.

        Raises:
            InputError: the model's config does not say how long its context is. At the first use:
                too little memory, or vLLM refuses the model.
        """
        prepare(verbose=verbose)
        own = context_length(model.path)
        self.context = min(context or own, own)
        self.written = 0
        self.batch = min(batch, BATCH[device()])
        self._open: dict[str, _Open] = {}
        self._lora: Any = None
        self._start = partial(self._started, model, adapter, verbose, say)

    @cached_property
    def _llm(self) -> Any:
        return self._start()

    @cached_property
    def _tokenizer(self) -> Any:
        return self._llm.get_tokenizer()

    def _started(self, model: ModelFolder, adapter: Adapter | None, verbose: bool, say: Say) -> Any:
        settings: dict[str, Any]
        if device() == "cpu":
            if adapter is not None:
                model = merged_model(model, adapter, say)
            settings = cpu_settings(model, self.context, self.batch)
        else:
            settings = {"max_model_len": self.context, "max_num_seqs": self.batch}
            if adapter is not None:
                settings |= {"enable_lora": True, "max_lora_rank": adapter.rank}
        say(f"starting vLLM with {model.name}")
        llm = start_vllm(model, settings, verbose=verbose)
        if adapter is not None and device() == "gpu":
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest(adapter.hash[:16], 1, str(stable_copy(adapter)))
        return llm

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has, without those that begin or end a prompt."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        """The prompt that the model's chat template makes of `messages`, as token ids."""
        return encode_prompt(self._tokenizer, messages)

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
        self._open[key] = _Open(sampling.samples)
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
            now = time.monotonic() - state.started
            state.first = now if state.first is None else state.first
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
                        first_token_seconds=state.first,
                        seconds=now,
                        cached_tokens=output.num_cached_tokens or 0,
                    )
                )
        return done

    def drop(self) -> None:
        """Forget all open requests."""
        if self._open:
            self._llm.llm_engine.abort_request(list(self._open))
            self._open.clear()


def _parameters(sampling: Sampling) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import (
        RepetitionDetectionParams,
        RequestOutputKind,
        StructuredOutputsParams,
    )

    from inference.decoding import CLOSE_AT, DISTINCT, LINE_TOKENS

    budgets = {
        LINE_TOKENS: sampling.line_tokens,
        CLOSE_AT: sampling.close_at,
        DISTINCT: sampling.distinct,
    }
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
