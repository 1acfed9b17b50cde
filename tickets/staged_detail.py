"""Details: descriptions and criteria of the tickets that an outline has named.

    2 Show people why and when their workbench was stopped.

    2.1 Warn on every page of the workbench, since the banner of the dashboard is not seen there.
    - Given a workbench that will stop, when 15 minutes are left, then a banner shows the time
    - The banner has a button that postpones the stop
    2.1.1 Agree on the words with the writers.

The model is asked for one epic or one story at a time, a story with its tasks. Each ticket has its
number and its description on a line, below it the criteria of stories and bugs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tickets.bounds import Bounds
from tickets.grammar import BLANK
from tickets.schema import Epic, Plan, Ref, Story, Task
from tickets.staged_outline import FENCE, number_of
from tickets.text import one_line

_NUMBERED: Final = re.compile(r"\s*(\d{1,4}(?:\.\d{1,4}){0,2})[.:]?(?:\s+(.*))?")
_ITEM: Final = re.compile(r"\s*[-*+]\s+(.*)")


def asked_for(epic: Epic) -> Iterator[Epic | Story]:
    """What of an epic details are asked for, one after another: itself and its stories."""
    yield epic
    yield from epic.stories


def write_detail(asked: Epic | Story) -> str:
    """The details of an epic alone, or of a story and its tasks; it ends in a newline."""
    lines = []
    for ticket in _tickets(asked):
        lines.append(f"{number_of(ticket.ref)} {one_line(ticket.description)}".rstrip())
        if isinstance(ticket, Story):
            lines += [f"- {criterion}" for criterion in ticket.acceptance_criteria]
    return "\n".join(lines) + "\n"


def read_details(plan: Plan, details: Mapping[Ref, str]) -> Plan:
    """The plan of an outline with its details filled in.

    It never raises: what stands under a number that was not asked for is left out, and tickets
    without details stay without.

    Args:
        plan: of the outline.
        details: what was written for the epic or story that has a number.
    """

    def told(asked: Epic | Story) -> Any:
        return _told(asked, details.get(asked.ref, ""))

    epics = [
        told(epic).model_copy(update={"stories": tuple(map(told, epic.stories))})
        for epic in plan.epics
    ]
    return plan.model_copy(update={"epics": tuple(epics)})


def _told(asked: Epic | Story, text: str) -> Epic | Story:
    """A ticket with what a text says of it and of its tasks."""
    number = number_of(asked.ref)
    texts: dict[str, str] = {}
    criteria: dict[str, list[str]] = {}
    for line in text.splitlines():
        if FENCE.match(line):
            continue
        if match := _NUMBERED.fullmatch(line):
            number = match[1]
            texts.setdefault(number, match[2] or "")
        elif match := _ITEM.fullmatch(line):
            criteria.setdefault(number, []).append(match[1])
        elif line.strip():
            texts[number] = f"{texts.get(number, '')} {line.strip()}".lstrip()

    def filled(ticket: Any, **parts: Any) -> Any:
        name = number_of(ticket.ref)
        parts["description"] = texts.get(name, "")
        if isinstance(ticket, Story):
            parts["acceptance_criteria"] = criteria.get(name, [])
        return type(ticket).model_validate({**ticket.model_dump(exclude=set(parts)), **parts})

    tasks = {"tasks": list(map(filled, asked.tasks))} if isinstance(asked, Story) else {}
    told: Epic | Story = filled(asked, **tasks)
    return told


def detail_grammar(asked: Epic | Story, bounds: Bounds | None = None) -> str:
    """The EBNF of the details of an epic alone, or of a story and its tasks in their order."""
    bounds = bounds or Bounds()
    parts = [
        f'"{number_of(ticket.ref)}" line{" criteria" if isinstance(ticket, Story) else ""}'
        for ticket in _tickets(asked)
    ]
    return rf"""
root ::= {" ".join(parts)}
criteria ::= ("-" line){{{min(2, bounds.criteria)},{bounds.criteria}}}
line ::= (" " [^{BLANK}]+)+ "\n"
""".lstrip("\n")


def _tickets(asked: Epic | Story) -> Iterator[Epic | Story | Task]:
    yield asked
    if isinstance(asked, Story):
        yield from asked.tasks
