"""A pair as examples of each format: their ids, prompts and completions.

Of some pairs the details are written from excerpts, as they are at serving when a document is too
long for the context, so that a model knows documents with gaps.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from data.split import draw
from tickets.excerpts import excerpt
from tickets.formats import FORMATS, FormatName
from tickets.schema import Epic, Plan

EXCERPTS: Final = 0.1
"""The share of pairs whose details are written from excerpts."""

KEPT: Final = 0.6
"""The share of a document's words that an excerpt has."""


class Asked(NamedTuple):
    """An example without its counts."""

    id: str
    prompt: list[dict[str, str]]
    completion: list[dict[str, str]]


def ask(name: FormatName, pair: str, document: str, plan: Plan) -> Iterator[Asked]:
    """The examples of a pair in a format, in the order of its steps.

    Those that begin with the same document have ids `PAIR#STEP`, and follow one another.
    """
    form = FORMATS[name]
    steps = list(form.examples(document, plan))
    for place, (step, completion) in enumerate(steps):
        if name == "staged" and place and draw(pair, _SEED) < EXCERPTS:
            break
        yield Asked(pair if name == "whole" else f"{pair}#{step.name}", *_turns(step, completion))
    else:
        return
    budget = int(KEPT * _words(document))

    def part(epic: Epic) -> str:
        return excerpt(document, epic, budget, _words).text or document

    shortened = form.follow(steps[0][1], part)
    for step, (_, completion) in zip(shortened, steps[1:], strict=True):
        number = step.name.rpartition(" ")[2]
        yield Asked(f"{pair}@{number}#{step.name}", *_turns(step, completion))


_SEED: Final = 6
"""Of the draw; another one than that of the splits, so that both are independent."""


def _turns(step: Any, completion: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    return step.messages, [{"role": "assistant", "content": completion}]


def _words(text: str) -> int:
    return len(text.split())
