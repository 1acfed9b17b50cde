"""The line budget: no line of a completion is longer than so many tokens.

The grammar bounds how many lines there are and leaves each line's length free (bounded repeats
take seconds to compile), so a model that repeats itself could fill the whole completion with one
line. This processor runs after the grammar's mask in each decoding step. It makes a line end where
it has used up its tokens, with one of the tokens that contain a newline and that the grammar
allows at this point; where it allows none, nothing is done. Shortly before the end of the budget a
finished sentence ends the line, so that few lines are cut in the middle of one.

This module is imported by vLLM's engine, which may live in a process of its own.
"""

from typing import Any, Final

import torch
import xgrammar
from vllm.config import VllmConfig
from vllm.sampling_params import SamplingParams
from vllm.tokenizers import cached_tokenizer_from_config
from vllm.v1.sample.logits_processor import BatchUpdate, LogitsProcessor
from vllm.v1.sample.logits_processor.builtin import process_dict_updates

LINE_TOKENS: Final = "line_tokens"
"""The key in `SamplingParams.extra_args` that holds a request's budget, in tokens."""

SENTENCE_SHARE: Final = 0.75
"""From this share of the budget on, the end of a sentence ends the line."""

PLAIN, NEWLINE, SENTENCE = 0, 1, 2
"""What a token is: some text, one with a newline in it, the end of a sentence."""


def classify_tokens(vocabulary: list[bytes]) -> bytes:
    """What each token of `vocabulary` (the bytes it stands for) is, one byte for each.

    A full stop behind a digit may stand in a number, so only tokens of letters or of the bare
    mark count as the end of a sentence; `LineBudget` looks at the token before a bare one.
    """
    kinds = bytearray(len(vocabulary))
    for token, text in enumerate(vocabulary):
        if b"\n" in text:
            kinds[token] = NEWLINE
        elif text.endswith((b".", b"!", b"?")) and not text[:-1].strip(b".!?)\"'").isdigit():
            kinds[token] = SENTENCE
    return bytes(kinds)


class Line:
    """How far the current line of one request is.

    Attributes:
        limit: the budget, in tokens.
        length: tokens since the last one with a newline.
        at_sentence: whether the last token ended a sentence.
    """

    def __init__(self, limit: int, output: list[int]) -> None:
        self.limit = limit
        self.length = 0
        self.at_sentence = False
        self._output = output
        self._seen = 0
        self._last = -1

    def read(self, kinds: bytes, digits: frozenset[int]) -> None:
        """Take in the tokens that came since the last call."""
        # The list belongs to vLLM, which appends to it; -1 stands for a token still on its way.
        while self._seen < len(self._output) and self._output[self._seen] >= 0:
            token = self._output[self._seen]
            self._seen += 1
            kind = kinds[token] if token < len(kinds) else PLAIN
            self.length = 0 if kind == NEWLINE else self.length + 1
            self.at_sentence = kind == SENTENCE and self._last not in digits
            self._last = token

    def must_end(self) -> bool:
        """Whether the next token has to bring a newline."""
        if self.length + 1 >= self.limit:
            return True
        return self.at_sentence and self.length >= self.limit * SENTENCE_SHARE


class LineBudget(LogitsProcessor):  # type: ignore[misc]
    """vLLM's hook for the line budget; requests without `LINE_TOKENS` are left alone."""

    def __init__(self, vllm_config: VllmConfig, device: torch.device, is_pin_memory: bool) -> None:
        tokenizer = cached_tokenizer_from_config(model_config=vllm_config.model_config)
        vocabulary = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=vllm_config.model_config.get_vocab_size()
        ).decoded_vocab
        self._kinds = classify_tokens(vocabulary)
        self._digits = frozenset(i for i, text in enumerate(vocabulary) if text[-1:].isdigit())
        newlines = [token for token, kind in enumerate(self._kinds) if kind == NEWLINE]
        self._newlines = torch.tensor(newlines, device=device)
        self._device = device
        self._lines: dict[int, Line] = {}

    def is_argmax_invariant(self) -> bool:
        """False: it changes what greedy decoding picks."""
        return False

    @classmethod
    def validate_params(cls, sampling_params: SamplingParams) -> None:
        """Raises `ValueError` when a request's budget is no number of tokens."""
        limit = (sampling_params.extra_args or {}).get(LINE_TOKENS)
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise ValueError(f"{LINE_TOKENS} must be a positive integer, not {limit!r}")

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follow the requests as they enter, leave and move in the batch."""
        process_dict_updates(self._lines, batch_update, _new_line)

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Leave only newline tokens to the rows whose line is full.

        Args:
            logits: [requests, vocabulary], changed in place.
        """
        full = []
        for row, line in self._lines.items():
            line.read(self._kinds, self._digits)
            if line.must_end():
                full.append(row)
        if full:
            end_lines(logits, torch.tensor(full, device=self._device), self._newlines)
        return logits


def end_lines(logits: torch.Tensor, rows: torch.Tensor, newlines: torch.Tensor) -> None:
    """Mask all but the `newlines` tokens in `rows`, except where none of these is allowed.

    Args:
        logits: [requests, vocabulary], changed in place; -inf is a token that is not allowed.
        rows: indices of requests.
        newlines: token ids.
    """
    full = logits[rows]
    ends = torch.full_like(full, float("-inf"))
    ends[:, newlines] = full[:, newlines]
    # Decided on the device: asking for the value would make a GPU wait in every step.
    allowed = ends.isfinite().any(dim=1, keepdim=True)
    logits[rows] = torch.where(allowed, ends, full)


def _new_line(params: SamplingParams, _prompt: Any, output: list[int]) -> Line | None:
    limit = (params.extra_args or {}).get(LINE_TOKENS)
    return Line(limit, output) if limit else None
