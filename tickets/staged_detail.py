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
from collections.abc import Iterator
from typing import Any, Final

from tickets.bounds import Bounds
from tickets.grammar import BLANK
from tickets.schema import Epic, Plan, Story, Task
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


def read_details(text: str, plan: Plan) -> Plan:
    """The plan of an outline with its details filled in.

    It never raises: what stands under a number that is none of the plan's is left out, and tickets
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

    epics = []
    for epic in plan.epics:
        stories = [filled(s, tasks=[filled(task) for task in s.tasks]) for s in epic.stories]
        epics.append(filled(epic, stories=stories))
    return plan.model_copy(update={"epics": tuple(epics)})


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
