from typing import Any

import pytest
import torch

# vLLM reads its environment when it is imported; conftest has set it by then.
decoding = pytest.importorskip("inference.decoding")

TEXTS = [
    *(b"a", b" b", b"\n", b".\n", b".", b"1", b"2.", b"end.", b"\n\n", b"?"),
    *(b"##", b"#", b"- ", b"**", b"N", b"None", b"## ", b"####"),
]
A, B, NL, DOT_NL, DOT, ONE, TWO_DOT, END, BLANK, ASK = range(10)
TWO, HASH, ITEM, BOLD, N, NONE, SECTION, FOUR = range(10, len(TEXTS))
TOKENS = decoding.Tokens(TEXTS)
INF = float("inf")


class Params:
    def __init__(self, **budgets: int) -> None:
        self.extra_args = budgets or None


def read(output: list[int], limit: int = 100, close_at: int | None = None) -> Any:
    line = decoding.Line(limit, close_at, None, output)
    line.read(TOKENS)
    return line


def followed(*requests: tuple[Params, list[int]]) -> Any:
    """The processor as vLLM makes it, with requests in the batch."""
    from vllm.v1.sample.logits_processor.interface import BatchUpdate

    processor = object.__new__(decoding.Budgets)
    processor._set_up(TOKENS, torch.device("cpu"))
    added = [(row, params, None, output) for row, (params, output) in enumerate(requests)]
    processor.update_state(BatchUpdate(len(added), removed=[], added=added, moved=[]))
    return processor


def allowed(logits: torch.Tensor) -> list[int]:
    return [token for token in range(len(TEXTS)) if logits[token] > -INF]


def masked(*tokens: int) -> torch.Tensor:
    """Logits of one request that the grammar leaves only `tokens` to."""
    logits = torch.full((1, len(TEXTS)), -INF)
    logits[0, list(tokens)] = torch.randn(len(tokens))
    return logits


def test_what_tokens_are() -> None:
    assert TOKENS.newlines == {NL, DOT_NL, BLANK}
    assert TOKENS.sentences == {DOT, END, ASK}
    assert TOKENS.digits == {ONE}


def test_a_line_counts_from_the_last_newline() -> None:
    assert read([]).length == 0
    assert read([A, B, A]).length == 3
    assert read([A, B, DOT_NL]).length == 0
    assert read([A, NL, A, B]).length == 2
    assert read([A, NL, TWO, B]).start == b"## b"
    assert read([A] * 50).start == b"aaa"


def test_a_line_is_read_as_it_grows() -> None:
    output = [A]
    line = read(output)
    output += [A, -1]  # the last one is still on its way
    line.read(TOKENS)
    assert (line.length, line.written) == (2, 2)
    output[-1] = NL
    line.read(TOKENS)
    assert (line.length, line.written) == (0, 3)


def test_a_line_ends_at_its_budget() -> None:
    assert not read([A] * 8, limit=10).must_end
    assert read([A] * 9, limit=10).must_end  # the tenth token is the newline


def test_a_sentence_ends_the_line_shortly_before() -> None:
    assert read([A] * 7 + [END], limit=10).must_end
    assert not read([A] * 3 + [END], limit=10).must_end
    assert read([A] * 7 + [DOT], limit=10).must_end
    assert not read([A] * 6 + [ONE, DOT], limit=10).must_end  # `Sprint 24.` may go on with 2
    assert not read([A] * 7 + [TWO_DOT], limit=10).must_end


def test_only_newlines_are_left_to_a_full_line() -> None:
    logits = torch.randn(2, len(TEXTS))
    before = logits.clone()
    decoding.keep_first(logits, torch.tensor([1]), [torch.tensor([NL, DOT_NL, BLANK])])
    assert torch.equal(logits[0], before[0])
    assert allowed(logits[1]) == [NL, DOT_NL, BLANK]
    assert torch.equal(logits[1, [NL, DOT_NL]], before[1, [NL, DOT_NL]])


def test_what_the_grammar_forbids_stays_forbidden() -> None:
    processor = followed((Params(line_tokens=5), [A] * 4))
    assert allowed(processor.apply(masked(A, NL))[0]) == [NL]
    assert allowed(processor.apply(masked(A, B))[0]) == [A, B]  # within a character, say


def test_requests_are_followed_through_the_batch() -> None:
    from vllm.v1.sample.logits_processor.interface import BatchUpdate, MoveDirectionality

    short = [A] * 4
    processor = followed(
        (Params(line_tokens=5), short), (Params(line_tokens=100), [A] * 20), (Params(), [A] * 50)
    )

    def full_rows() -> list[int]:
        logits = processor.apply(torch.zeros(3, len(TEXTS)))
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


CLOSING = {
    "no further item": ([ITEM, NL], [NL]),
    "no cross-epic dependencies": ([HASH, FOUR, N, NONE], [N, NONE]),
    "no further team, but the total": ([HASH, TWO, BOLD], [BOLD]),
    "no further ticket, but the next section": ([HASH, TWO, SECTION, FOUR], [TWO, SECTION]),
    "what must come comes": ([ITEM], [ITEM]),
}


@pytest.mark.parametrize("choice", CLOSING)
def test_a_plan_is_closed(choice: str) -> None:
    offered, expected = CLOSING[choice]
    processor = followed((Params(line_tokens=64, close_at=10), [A] * 9 + [NL]))
    assert allowed(processor.apply(masked(*offered))[0]) == expected
    early = followed((Params(line_tokens=64, close_at=11), [A] * 9 + [NL]))
    assert allowed(early.apply(masked(*offered))[0]) == sorted(offered)


def test_two_hashes_become_a_section_where_they_can() -> None:
    processor = followed((Params(line_tokens=64, close_at=3), [A, NL, TWO]))
    assert allowed(processor.apply(masked(HASH, TWO, B))[0]) == [B]
    assert allowed(processor.apply(masked(HASH, TWO))[0]) == [TWO, HASH]


def test_lines_are_short_while_a_plan_is_closed() -> None:
    long = [A] * (decoding.CLOSING_LINE - 1)
    assert not read(long, limit=64).must_end
    assert read(long, limit=64, close_at=len(long)).must_end


def test_a_line_goes_another_way_than_an_earlier_one() -> None:
    first = [ITEM, B, A, A, ASK, NL]
    params = Params(line_tokens=64, distinct=2)
    for written, expected in {
        (B,): [A, END],  # not yet two tokens that are the same
        (B, A): [END],
        (B, END): [A, END],
        (ITEM, B, A): [END],  # a hyphen is none of the words
    }.items():
        processor = followed((params, [*first, *written]))
        assert allowed(processor.apply(masked(A, END))[0]) == expected
    without = followed((Params(line_tokens=64), [*first, B, A]))
    assert allowed(without.apply(masked(A, END))[0]) == [A, END]


def test_a_short_line_is_not_written_again() -> None:
    params = Params(line_tokens=64, distinct=5)
    processor = followed((params, [ONE, B, A, NL, TWO_DOT, B, A]))
    assert allowed(processor.apply(masked(NL, DOT_NL, END))[0]) == [END]
    assert allowed(processor.apply(masked(NL, DOT_NL))[0]) == [NL, DOT_NL], "something must come"


def test_a_full_line_may_be_like_an_earlier_one() -> None:
    processor = followed((Params(line_tokens=3, distinct=1), [B, A, NL, B, A]))
    assert allowed(processor.apply(masked(NL, END))[0]) == [NL]


@pytest.mark.parametrize("key", ["line_tokens", "close_at", "distinct"])
@pytest.mark.parametrize("limit", [0, -1, "64", 2.5])
def test_a_budget_is_a_positive_number(key: str, limit: object) -> None:
    from vllm import SamplingParams

    with pytest.raises(ValueError, match=f"{key} must be a positive integer"):
        decoding.Budgets.validate_params(SamplingParams(extra_args={key: limit}))
