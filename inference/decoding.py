"""What a grammar cannot express: budgets of a line and of a plan, and lines that are not the same.

The grammar bounds how many lines there are and leaves each line's length free (bounded repeats
take seconds to compile), so a model that repeats itself could fill the whole completion with one
line, or the plan with all the tickets that the bounds allow. This processor runs after the
grammar's mask in each decoding step, and chooses only among what the mask has left:

- A line that has used up its tokens ends, with one of the tokens that hold a newline; where the
  grammar still wants further fields of it, the field ends, with a bar. Shortly before, the end of
  a sentence ends it, so that few lines are cut in the middle of one.
- A plan that has used up most of its tokens is closed: lines are short from there on, and where
  the grammar lets the model choose between one more ticket, item or team and going on to what
  must still come, it goes on. So the plan ends within the completion, and is whole.
- A line whose words begin like those of an earlier one goes another way after a few of them, so
  that a small model does not write the same criterion below every story (as n-grams are blocked
  in summaries: Paulus, Xiong and Socher 2018).

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
"""The key in `SamplingParams.extra_args` of a line's budget, in tokens."""

CLOSE_AT: Final = "close_at"
"""The key in `SamplingParams.extra_args` of the completion tokens after which a plan is closed."""

DISTINCT: Final = "distinct"
"""The key in `SamplingParams.extra_args` of the tokens that two lines may have in common at their
beginning, behind number or hyphen."""

SENTENCE_SHARE: Final = 0.75
"""From this share of a line's budget on, the end of a sentence ends the line."""

CLOSING_LINE: Final = 24
"""A line's budget while the plan is being closed."""

_FULL: Final = b"\n"
"""Stands for the beginning of a line that is full; no line begins so."""

_PENDING: Final = -1
"""What vLLM writes for a token that is still on its way from the device."""


class Tokens:
    """What the processor has to know about the tokens of a vocabulary.

    Attributes:
        texts: the bytes that each stands for.
        newlines: those with a newline in them.
        bars: those that begin with the bar between two fields of a line.
        sentences: those that end a sentence.
        digits: those that end in a digit.
        words: those that begin with a space.
        closing: for the beginning of a line while a plan is being closed (the bytes that it has
            so far), the groups of tokens to go on with, the best first.
    """

    def __init__(self, texts: list[bytes], end: int | None = None) -> None:
        """Sort the tokens.

        Args:
            texts: as above.
            end: the token that ends a completion.
        """
        self.texts = texts
        tokens = list(enumerate(texts))
        self.newlines = frozenset(i for i, text in tokens if b"\n" in text)
        self.bars = frozenset(i for i, text in tokens if text.lstrip(b" ").startswith(b"|"))
        # A full stop behind a digit may stand in a number: `2.` itself is left out here, a bare
        # one behind a digit by `Line.read`.
        self.sentences = frozenset(
            i
            for i, text in tokens
            if text.endswith((b".", b"!", b"?")) and not text[:-1].rstrip(b".!?)\"'")[-1:].isdigit()
        )
        self.digits = frozenset(i for i, text in tokens if text[-1:].isdigit())
        blank = [i for i, text in tokens if text and not text.strip(b"\n")]
        none = [i for i, text in tokens if text and b"None".startswith(text)]
        bold = [i for i, text in tokens if text.startswith(b"**")]
        section = [i for i, text in tokens if text == b"##" or text.startswith(b"## ")]
        words = [i for i, text in tokens if text.startswith(b" ")]
        self.words = frozenset(words)
        digits = [i for i, text in tokens if text.isdigit()]
        self.closing: dict[bytes, list[list[int]]] = {
            # No further ticket, but the end; no further item or link; no cross-epic dependencies;
            # no further team, but the total; no further ticket or phase, but the next section; no
            # further criterion, but the next ticket.
            b"": [[] if end is None else [end], blank, none, bold, section, digits],
            b"##": [words],
        }


class Line:
    """Where one request is in its plan.

    Attributes:
        limit: the line's budget, in tokens.
        length: tokens since the last one with a newline.
        written: tokens since the beginning.
        start: the first bytes of the current line.
        at_sentence: whether the last token ended a sentence.
    """

    def __init__(
        self, limit: int, close_at: int | None, distinct: int | None, output: list[int]
    ) -> None:
        self.limit = limit
        self.length = 0
        self.written = 0
        self.start = b""
        self.at_sentence = False
        self._close_at = close_at
        self._distinct = distinct
        self._words: list[int] = []
        self._taken: dict[tuple[int, ...], set[int]] = {}  # how earlier lines went on
        self._output = output
        self._last = _PENDING

    def read(self, tokens: Tokens) -> None:
        """Take in the tokens that came since the last call; the list belongs to vLLM."""
        while self.written < len(self._output) and self._output[self.written] != _PENDING:
            token = self._output[self.written]
            text = tokens.texts[token]
            self._keep(token, tokens)
            if token in tokens.newlines:
                self.length = 0
                self.start = text[text.rindex(b"\n") + 1 :]
            else:
                self.length += 1
                if self.length < 4:
                    self.start += text
            self.at_sentence = token in tokens.sentences and self._last not in tokens.digits
            self.written += 1
            self._last = token
        if self._close_at is not None and self.written >= self._close_at:
            self.limit = min(self.limit, CLOSING_LINE)

    def _keep(self, token: int, tokens: Tokens) -> None:
        """Take in a token of the line's words; at its end they are taken."""
        if self._distinct is None:
            return
        if token not in tokens.newlines:
            if self._words or token in tokens.words:
                self._words.append(token)
            return
        if self._words:
            common = tuple(self._words[: self._distinct])
            following = {*self._words[self._distinct : self._distinct + 1]}
            self._taken.setdefault(common, set()).update(following or tokens.newlines)
        self._words = []

    @property
    def taken(self) -> set[int]:
        """Tokens with which the line would be like an earlier one."""
        if self._distinct is None or not self._words:
            return set()
        return self._taken.get(tuple(self._words), set())

    @property
    def must_end(self) -> bool:
        """Whether the next token has to bring a newline."""
        if self.length + 1 >= self.limit:
            return True
        return self.at_sentence and self.length >= self.limit * SENTENCE_SHARE

    @property
    def must_close(self) -> bool:
        """Whether the plan has to come to its end."""
        return self._close_at is not None and self.written >= self._close_at


class Budgets(LogitsProcessor):  # type: ignore[misc]
    """vLLM's hook for the budgets; requests without `LINE_TOKENS` are left alone."""

    def __init__(self, vllm_config: VllmConfig, device: torch.device, is_pin_memory: bool) -> None:
        tokenizer = cached_tokenizer_from_config(model_config=vllm_config.model_config)
        texts = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=vllm_config.model_config.get_vocab_size()
        ).decoded_vocab
        self._set_up(Tokens(texts, tokenizer.eos_token_id), device)

    def _set_up(self, tokens: Tokens, device: torch.device) -> None:
        self._tokens = tokens
        self._device = device
        by_start = {_FULL: [sorted(tokens.newlines), sorted(tokens.bars)], **tokens.closing}
        self._groups = {
            start: [torch.tensor(group, device=device) for group in groups if group]
            for start, groups in by_start.items()
        }
        self._lines: dict[int, Line] = {}

    def is_argmax_invariant(self) -> bool:
        """False: it changes what greedy decoding picks."""
        return False

    @classmethod
    def validate_params(cls, sampling_params: SamplingParams) -> None:
        """Raises `ValueError` when a request's budget is no number of tokens."""
        for key in (LINE_TOKENS, CLOSE_AT, DISTINCT):
            limit = (sampling_params.extra_args or {}).get(key)
            if limit is not None and (not isinstance(limit, int) or limit < 1):
                raise ValueError(f"{key} must be a positive integer, not {limit!r}")

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follow the requests as they enter, leave and move in the batch."""
        process_dict_updates(self._lines, batch_update, _new_line)

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Leave to each row only the tokens that keep its budgets.

        Args:
            logits: [requests, vocabulary], changed in place; -inf is a token that the grammar
                does not allow.
        """
        held: dict[bytes, list[int]] = {}  # rows by the beginning of their line
        for row, line in self._lines.items():
            line.read(self._tokens)
            if line.must_end:
                held.setdefault(_FULL, []).append(row)
                continue
            if taken := line.taken:
                avoid(logits, row, torch.tensor(sorted(taken), device=self._device))
            if line.must_close and line.start in self._groups:
                held.setdefault(line.start, []).append(row)
        for start, rows in held.items():
            keep_first(logits, torch.tensor(rows, device=self._device), self._groups[start])
        return logits


def keep_first(logits: torch.Tensor, rows: torch.Tensor, groups: list[torch.Tensor]) -> None:
    """Mask all but the first group of tokens of which one is allowed, in `rows`, if there is one.

    Args:
        logits: [requests, vocabulary], changed in place.
        rows: indices of requests.
        groups: token ids.
    """
    full = logits[rows]
    chosen = full
    for group in reversed(groups):
        kept = torch.full_like(full, float("-inf"))
        kept[:, group] = full[:, group]
        # Decided on the device: asking for the value would make a GPU wait.
        allowed = kept.isfinite().any(dim=1, keepdim=True)
        chosen = torch.where(allowed, kept, chosen)
    logits[rows] = chosen


def avoid(logits: torch.Tensor, row: int, tokens: torch.Tensor) -> None:
    """Mask tokens in a row, unless no other is allowed.

    Args:
        logits: [requests, vocabulary], changed in place.
        row: index of the request.
        tokens: ids.
    """
    others = logits[row].index_fill(0, tokens, float("-inf"))
    logits[row] = torch.where(others.isfinite().any(), others, logits[row])


def _new_line(params: SamplingParams, _prompt: Any, output: list[int]) -> Line | None:
    budgets = params.extra_args or {}
    limit = budgets.get(LINE_TOKENS)
    if not limit:
        return None
    return Line(limit, budgets.get(CLOSE_AT), budgets.get(DISTINCT), output)
