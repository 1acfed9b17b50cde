"""The details of one epic: descriptions and criteria of its tickets, which an outline has named.

    2 Show people why and when their workbench was stopped.
    2.1 Warn on every page of the workbench, since the banner of the dashboard is not seen there.
    - Given a workbench that will stop, when 15 minutes are left, then a banner shows the time
    - The banner has a button that postpones the stop
    2.1.1 Agree on the words with the writers.

Each ticket has its number and its description on a line, below it the criteria of stories and bugs.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from tickets.bounds import Bounds
from tickets.grammar import BLANK
from tickets.schema import Epic, Story, Task
from tickets.staged_outline import FENCE, number_of
from tickets.text import one_line

_NUMBERED: Final = re.compile(r"\s*(\d{1,4}(?:\.\d{1,4}){0,2})[.:]?(?:\s+(.*))?")
_ITEM: Final = re.compile(r"\s*[-*+]\s+(.*)")


def write_detail(epic: Epic) -> str:
    """The details of an epic; it ends in a newline."""
    lines = []
    for ticket in _tickets(epic):
        lines.append(f"{number_of(ticket.ref)} {one_line(ticket.description)}".rstrip())
        if isinstance(ticket, Story):
            lines += [f"- {criterion}" for criterion in ticket.acceptance_criteria]
    return "\n".join(lines) + "\n"


def read_detail(text: str, epic: Epic) -> Epic:
    """The epic of an outline with its details filled in.

    It never raises: what stands under a number that is none of the epic's is left out, and tickets
    without details stay without.
    """
    texts: dict[str, str] = {}
    criteria: dict[str, list[str]] = {}
    number = ""
    for line in text.splitlines():
        if FENCE.match(line):
            continue
        if match := _NUMBERED.fullmatch(line):
            number = match[1]
            texts.setdefault(number, match[2] or "")
        elif match := _ITEM.fullmatch(line):
            criteria.setdefault(number, []).append(match[1])
        elif line.strip() and number:
            texts[number] = f"{texts[number]} {line.strip()}"

    def filled(ticket: Any, **parts: Any) -> Any:
        name = number_of(ticket.ref)
        fields = {**ticket.model_dump(exclude=set(parts)), "description": texts.get(name, "")}
        if isinstance(ticket, Story):
            fields["acceptance_criteria"] = criteria.get(name, [])
        return type(ticket).model_validate({**fields, **parts})

    stories = [filled(s, tasks=[filled(task) for task in s.tasks]) for s in epic.stories]
    made: Epic = filled(epic, stories=stories)
    return made


def detail_grammar(epic: Epic, bounds: Bounds | None = None) -> str:
    """The EBNF of the details of an outline's epic: each ticket once, in its order."""
    bounds = bounds or Bounds()
    parts = [
        f'"{number_of(ticket.ref)}" line{" criteria" if isinstance(ticket, Story) else ""}'
        for ticket in _tickets(epic)
    ]
    return rf"""
root ::= {" ".join(parts)}
criteria ::= ("-" line){{{min(2, bounds.criteria)},{bounds.criteria}}}
line ::= (" " [^{BLANK}]+)+ "\n"
""".lstrip("\n")


def _tickets(epic: Epic) -> Iterator[Epic | Story | Task]:
    yield epic
    for story in epic.stories:
        yield story
        yield from story.tasks
