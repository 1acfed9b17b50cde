from typing import Any

import pytest
import torch

# vLLM reads its environment when it is imported; conftest has set it by then.
decoding = pytest.importorskip("inference.decoding")

VOCABULARY = [b"a", b" b", b"\n", b".\n", b".", b"1", b"2.", b"end.", b"\n\n", b"?"]
A, B, NL, DOT_NL, DOT, ONE, TWO_DOT, END, BLANK, ASK = range(len(VOCABULARY))
KINDS = decoding.classify_tokens(VOCABULARY)
DIGITS = frozenset({ONE})
INF = float("inf")


class Params:
    def __init__(self, limit: int | None) -> None:
        self.extra_args = {"line_tokens": limit} if limit else None


def budget() -> Any:
    processor = object.__new__(decoding.LineBudget)
    processor._kinds, processor._digits = KINDS, DIGITS
    processor._newlines = torch.tensor([NL, DOT_NL, BLANK])
    processor._device = torch.device("cpu")
    processor._lines = {}
    return processor


def read(tokens: list[int], limit: int = 100) -> Any:
    line = decoding.Line(limit, tokens)
    line.read(KINDS, DIGITS)
    return line


def test_what_tokens_are() -> None:
    newline, sentence = decoding.NEWLINE, decoding.SENTENCE
    assert [token for token, kind in enumerate(KINDS) if kind == newline] == [NL, DOT_NL, BLANK]
    assert [token for token, kind in enumerate(KINDS) if kind == sentence] == [DOT, END, ASK]


def test_a_line_counts_from_the_last_newline() -> None:
    assert read([]).length == 0
    assert read([A, B, A]).length == 3
    assert read([A, B, DOT_NL]).length == 0
    assert read([A, NL, A, B]).length == 2


def test_a_line_is_read_as_it_grows() -> None:
    output = [A]
    line = read(output)
    output += [A, -1]  # the last one is still on its way
    line.read(KINDS, DIGITS)
    assert line.length == 2
    output[-1] = NL
    line.read(KINDS, DIGITS)
    assert line.length == 0


def test_a_line_ends_at_its_budget() -> None:
    assert not read([A] * 8, limit=10).must_end()
    assert read([A] * 9, limit=10).must_end()  # the tenth token is the newline


def test_a_sentence_ends_the_line_shortly_before() -> None:
    assert read([A] * 7 + [END], limit=10).must_end()
    assert not read([A] * 3 + [END], limit=10).must_end()
    assert read([A] * 7 + [DOT], limit=10).must_end()
    assert not read([A] * 6 + [ONE, DOT], limit=10).must_end()  # `Sprint 24.` may go on with 2
    assert not read([A] * 7 + [TWO_DOT], limit=10).must_end()


def test_only_newlines_are_left_to_a_full_line() -> None:
    logits = torch.randn(2, len(VOCABULARY))
    before = logits.clone()
    decoding.end_lines(logits, torch.tensor([1]), torch.tensor([NL, DOT_NL, BLANK]))
    assert torch.equal(logits[0], before[0])
    assert [t for t in range(len(VOCABULARY)) if logits[1, t] > -INF] == [NL, DOT_NL, BLANK]
    assert torch.equal(logits[1, [NL, DOT_NL]], before[1, [NL, DOT_NL]])


def test_what_the_grammar_forbids_stays_forbidden() -> None:
    newlines = torch.tensor([NL, DOT_NL, BLANK])
    logits = torch.zeros(2, len(VOCABULARY))
    logits[0, [DOT_NL, BLANK]] = -INF
    logits[1, [NL, DOT_NL, BLANK]] = -INF  # in the middle of a character, say
    decoding.end_lines(logits, torch.tensor([0, 1]), newlines)
    assert [t for t in range(len(VOCABULARY)) if logits[0, t] > -INF] == [NL]
    assert logits[1, A] == 0


def test_requests_are_followed_through_the_batch() -> None:
    from vllm.v1.sample.logits_processor.interface import BatchUpdate, MoveDirectionality

    processor = budget()
    short, long, free = [A] * 4, [A] * 20, [A] * 50
    processor.update_state(
        BatchUpdate(
            batch_size=3,
            removed=[],
            added=[
                (0, Params(5), None, short),
                (1, Params(100), None, long),
                (2, Params(None), None, free),
            ],
            moved=[],
        )
    )

    def full_rows() -> list[int]:
        logits = processor.apply(torch.zeros(3, len(VOCABULARY)))
        return [row for row in range(3) if logits[row, A] == -INF]

    assert full_rows() == [0]
    processor.update_state(None)
    short.append(NL)
    assert full_rows() == []
    short += [A] * 4
    processor.update_state(
        BatchUpdate(batch_size=3, removed=[], added=[], moved=[(0, 2, MoveDirectionality.SWAP)])
    )
    assert full_rows() == [2]
    processor.update_state(BatchUpdate(batch_size=2, removed=[2], added=[], moved=[]))
    assert full_rows() == []


@pytest.mark.parametrize("limit", [0, -1, "64", 2.5])
def test_a_budget_is_a_positive_number(limit: object) -> None:
    from vllm import SamplingParams

    with pytest.raises(ValueError, match="line_tokens must be a positive integer"):
        decoding.LineBudget.validate_params(SamplingParams(extra_args={"line_tokens": limit}))
