"""People's own work plans, in any form, as work items; and how many of them a plan takes up.

Authors write phases with bullets, checklists, tables, or tickets under headings. Where headings
name tickets (`Story: …`, `Task 3 - …`), these and the lists that are announced as tasks are the
items; elsewhere every list item and table row is one. An item's own sub-items belong to it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from tickets.outline import Block, Item, Row, plain_text, read_outline
from tickets.schema import Epic, Model, Plan, Ref
from tickets.trace import trace_texts
from tickets.words import stems

_TICKET: Final = re.compile(
    r"^(?:[A-Z][A-Z0-9]+-\d+:?\s*)?(?P<kind>epic|story|user story|task|sub-?task|bug|spike)\b"
    r"[\s#]*[\d.]*\s*(?:\([^()]*\))?\s*[:–—-]\s*(?P<name>\S.*)",
    re.IGNORECASE,
)
_NO_WORK: Final = re.compile(
    r"accept|criteria|definition of|\bdone\b|out of scope|non-?goals?|outcome|risk|link|reference"
    r"|metric|success|assumption|question|depend|note|approv|prerequisite|background|context"
    r"|stack|architecture|summary|persona|labels?|total|checklist for|graduation",
    re.IGNORECASE,
)
"""Labels whose lists say something about work, and are none."""
_TASKS: Final = re.compile(
    r"\b(?:sub-?)?tasks?\b|\bto-?dos?\b|\bwork (?:items|breakdown)\b|\bdeliverables?\b"
    r"|\bstories\b|\bbreakdown\b|\bimplementation (?:steps|plan|phases)\b",
    re.IGNORECASE,
)
"""Labels whose lists are items even beside headings that name tickets."""
_COLUMNS: Final = (
    r"work|task|item|deliverable|activity|story|description|summary|what|milestone|name|title"
    r"|feature|epic|step|scope|phase"
)
_LEAD: Final = re.compile(
    r"^\[[ xX]\]\s*|^(?:[A-Z][A-Z0-9]*-\d+(?:-\d+)?|[TS]\d{1,4})\s*[:.–—-]?\s+"
)
_RANGE: Final = re.compile(r"^[TS]\d{1,4}\s*-\s*[TS]?\d{1,4}\b")
"""Tasks that are told elsewhere: `T001-T010: Setup`."""
_FEWEST: Final = 2
"""Stems of an item; less says nothing that could be looked for."""
_PLAIN_LONGEST: Final = 400
"""Characters of an item; what stands behind explains it."""


class WorkItem(Model):
    """An item as its authors wrote it: what it is called, and its line (from 1)."""

    text: str
    line: int


class WorkScore(Model):
    """How a plan stands to the authors' own.

    Attributes:
        recall: the share of their items that some ticket takes up.
        items: how many they have.
        missed: those that no ticket takes up.
        unmatched: tickets (stories and tasks) that take up none of them.
        matched_share: the share of the tickets that take up one.
    """

    recall: float
    items: int
    missed: tuple[WorkItem, ...]
    unmatched: tuple[Ref, ...]
    matched_share: float


class _Found(NamedTuple):
    text: str
    line: int
    is_ticket: bool
    label: str


def read_work_plan(text: str) -> tuple[WorkItem, ...]:
    """The work items of an author's plan, in its order, each once."""
    found = list(_find(text))
    if sum(item.is_ticket for item in found) >= _FEWEST:
        found = [item for item in found if item.is_ticket or _TASKS.search(item.label)]
    items: list[WorkItem] = []
    seen: set[frozenset[str]] = set()
    for item in found:
        words = frozenset(stems(item.text))
        if len(words) >= _FEWEST and words not in seen:
            seen.add(words)
            items.append(WorkItem(text=item.text, line=item.line + 1))
    return tuple(items)


def score_work_plan(plan: Plan, items: Sequence[WorkItem]) -> WorkScore:
    """How many of the authors' items some ticket takes up, many to one.

    Raises:
        ValueError: there is no item.
    """
    if not items:
        raise ValueError("the authors' plan has no work item: no list, table or ticket heading")
    rows = trace_texts([item.text for item in items], plan)
    taken = [row for row in rows if row.tickets]
    used = {ref for row in rows for ref in row.tickets}
    work = [t.ref for _, t in plan.tickets() if not isinstance(t, Epic)]
    unmatched = tuple(ref for ref in work if ref not in used)
    return WorkScore(
        recall=len(taken) / len(items),
        items=len(items),
        missed=tuple(item for item, row in zip(items, rows, strict=True) if not row.tickets),
        unmatched=unmatched,
        matched_share=1 - len(unmatched) / len(work) if work else 0.0,
    )


def _find(text: str) -> Iterator[_Found]:
    """Everything that may be an item, with the label that it stands under."""
    heading = label = ""
    for block in read_outline(text):
        if block.type == "heading":
            heading = label = plain_text(block.content)
            match = _TICKET.match(heading)
            if match:
                # An epic is what holds the work; its stories are named below it.
                if match["kind"].lower() != "epic":
                    yield _Found(_text(match["name"]), block.line, True, heading)
                label = ""
        elif block.type == "paragraph":
            words = plain_text(block.content)
            label = words if words.endswith(":") or len(words.split()) <= 6 else heading
        elif not _NO_WORK.search(label or heading):
            yield from _from_block(block, label or heading)


def _from_block(block: Block, label: str) -> Iterator[_Found]:
    if block.type == "list":
        yield from _from_items(block.items, label)
    else:
        yield from _from_rows(block.rows, label)


def _from_items(items: Iterable[Item], label: str) -> Iterator[_Found]:
    for item in items:
        text = plain_text(item.content)
        if _RANGE.match(text):
            continue
        match = _TICKET.match(text)
        yield _Found(_text(match["name"] if match else text), item.line, bool(match), label)


def _from_rows(rows: Sequence[Row], label: str) -> Iterator[_Found]:
    """The rows of a table by the column that names the work; a table of fields has none."""
    if len(rows) < 2:
        return
    names = [plain_text(cell).lower() for cell in rows[0].cells]
    for pattern in _COLUMNS.split("|"):
        column = next((n for n, name in enumerate(names) if re.search(rf"\b{pattern}", name)), -1)
        if column >= 0:
            for row in rows[1:]:
                if column < len(row.cells):
                    yield _Found(_text(plain_text(row.cells[column])), row.line, False, label)
            return


def _text(words: str) -> str:
    words = _LEAD.sub("", _LEAD.sub("", words)).strip().rstrip(":;,")
    return words if len(words) <= _PLAIN_LONGEST else words[:_PLAIN_LONGEST].rsplit(" ", 1)[0]
