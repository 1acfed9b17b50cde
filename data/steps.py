"""A pair as examples of each format: their ids, prompts and completions.

Of some pairs details are also written from excerpts, as they are at serving when a document is too
long for the context, so that a model knows documents with gaps.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from data.split import draw
from tickets.excerpts import excerpt
from tickets.formats import FORMATS, STAGED, FormatName, Step
from tickets.schema import Plan
from tickets.staged_detail import asked_for, write_detail
from tickets.staged_outline import write_outline

EXCERPTS: Final = 0.05
"""The share of pairs of which one ticket in each epic is also written from an excerpt."""

KEPT: Final = 0.6
"""The share of a document's words that an excerpt has."""

_SEED: Final = 6
"""Of the draw; another one than that of the splits, so that both are independent."""


class Asked(NamedTuple):
    """An example without its counts."""

    id: str
    prompt: list[dict[str, str]]
    completion: list[dict[str, str]]


def ask(
    name: FormatName,
    pair: str,
    document: str,
    plan: Plan,
    rests_on: Sequence[Sequence[str]] = (),
) -> Iterator[Asked]:
    """The examples of a pair in a format, in the order of its steps.

    What an epic `rests_on` (`tickets.rows.Pair`), its excerpt keeps as long as it can.

    Those that begin with the same document have ids `PAIR#STEP`, and follow one another; one that
    is written from an excerpt stands alone behind them, as `PAIR@EPIC#STEP`.
    """
    if name == "whole":
        ((step, plan_text),) = FORMATS["whole"].examples(document, plan)
        yield _asked(pair, step, plan_text)
        return
    for step, completion in STAGED.examples(document, plan):
        yield _asked(f"{pair}#{step.name}", step, completion)
    if draw(pair, _SEED) >= EXCERPTS:
        return
    budget, outline = int(KEPT * _words(document)), write_outline(plan)
    for number, epic in enumerate(plan.epics, 1):
        known = rests_on[number - 1] if rests_on else ()
        part = excerpt(document, epic, budget, _words, known).text or document
        tickets = list(asked_for(epic))
        ticket = tickets[int(draw(f"{pair}@{number}", _SEED) * len(tickets))]
        step = STAGED.detail(part, outline, ticket)
        yield _asked(f"{pair}@{number}#{step.name}", step, write_detail(ticket))


def _asked(name: str, step: Step, completion: str) -> Asked:
    return Asked(name, step.messages, [{"role": "assistant", "content": completion}])


def _words(text: str) -> int:
    return len(text.split())
