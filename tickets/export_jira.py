"""A plan as a CSV file for Jira's importer (Atlassian: "Import data from a CSV file").

A person maps the columns and starts the import; nothing here talks to a Jira. Columns that hold
several values are repeated under the same name. Rows are referred to by their `Issue Id`, which
counts within the file only, and stand in the order of the hierarchy, which the importer needs
(Atlassian: "CSV import parent-child mapping"). The importer knows sprints by number and not by
name, so the sprint stands in the description.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from tickets import template as t
from tickets.render import render_dependency
from tickets.schema import Epic, Loc, Plan, Ref, Story, Task
from tickets.wiki import to_wiki

Markup = Literal["wiki", "markdown"]

_EXECUTED: Final = tuple("=+-@\t\r\n＝＋－＠")
"""What begins a cell that a spreadsheet would execute (OWASP: "CSV Injection")."""

_COLUMNS: Final = (
    "Issue Id",
    "Parent",
    "Issue Type",
    "Summary",
    "Description",
    "Priority",
    "Story Points",
)
_BLOCKS: Final = 'Link "Blocks"'
_RELATES: Final = 'Link "Relates"'


class _Row(NamedTuple):
    """A ticket, its number within the file (from 1), and that of the ticket it stands under."""

    ticket: Epic | Story | Task
    id: int
    parent: int | None
    owner: str


def to_jira_csv(plan: Plan, *, markup: Markup = "wiki") -> str:
    """The tickets of `plan` as CSV (RFC 4180), a row each: epics, then stories, then tasks.

    Args:
        plan: the plan; what its references name must be in it, or they are left out.
        markup: how descriptions are written: `wiki` is Jira's own notation, which the importer
            expects; `markdown` leaves them as they are.

    What stands under a story becomes a `Sub-task`, the one type that Jira allows there, with the
    label `bug` for a bug. Dependencies and the critical path become `Link "Blocks"` in the row of
    the ticket that comes first, integration points `Link "Relates"`.
    """
    rows = _rows(plan)
    ids: dict[Ref, int] = {}
    for row in rows:
        ids.setdefault(row.ticket.ref, row.id)
    blocks, relates = _links(plan, rows, ids)
    phases = _phases(plan)
    several: tuple[tuple[str, Mapping[int, Sequence[Any]]], ...] = (
        ("Labels", {row.id: ["bug"] for row in rows if _is_sub_bug(row.ticket)}),
        ("Component/s", {row.id: row.ticket.components for row in rows}),
        (_BLOCKS, blocks),
        (_RELATES, relates),
    )
    widths = [max((len(values) for values in column.values()), default=0) for _, column in several]

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    names = ([name] * width for (name, _), width in zip(several, widths, strict=True))
    writer.writerow([*_COLUMNS, *(name for repeated in names for name in repeated)])
    for row in rows:
        cells = [*_cells(row, phases, markup)]
        for (_, column), width in zip(several, widths, strict=True):
            values = list(column.get(row.id, ()))
            cells += [*values, *[""] * (width - len(values))]
        writer.writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _rows(plan: Plan) -> list[_Row]:
    """The tickets by level, so that each parent stands above its children."""
    found = sorted(plan.tickets(), key=lambda entry: len(entry[0]))  # two parts a level
    rows: dict[Loc, _Row] = {}
    for loc, ticket in found:
        above = rows.get(loc[:-2])
        owner = ticket.owner if isinstance(ticket, Epic) else above.owner if above else ""
        rows[loc] = _Row(ticket, len(rows) + 1, above.id if above else None, owner)
    return list(rows.values())


def _cells(row: _Row, phases: dict[Ref, str], markup: Markup) -> Iterator[Any]:
    """The cells of the columns that stand once."""
    ticket = row.ticket
    yield row.id
    yield "" if row.parent is None else row.parent
    yield _type(ticket)
    yield ticket.title or ticket.name or str(ticket.ref)
    yield _description(row, phases, markup)
    yield ticket.priority or ""
    yield "" if ticket.points is None else ticket.points


def _type(ticket: Epic | Story | Task) -> str:
    if isinstance(ticket, Epic):
        return "Epic"
    return "Sub-task" if isinstance(ticket, Task) else ticket.type or "Story"


def _is_sub_bug(ticket: Epic | Story | Task) -> bool:
    return isinstance(ticket, Task) and ticket.type == "Bug"


def _description(row: _Row, phases: dict[Ref, str], markup: Markup) -> str:
    """The description, the criteria, and what the importer has no column for."""
    ticket = row.ticket
    parts = [ticket.description]
    if not isinstance(ticket, Epic) and ticket.acceptance_criteria:
        parts.append(_listed(t.CRITERIA, ticket.acceptance_criteria))
    if ticket.dependencies:
        parts.append(_listed(t.DEPENDENCIES, map(render_dependency, ticket.dependencies)))
    number = ticket.ref.number
    above = (Ref(number=number[:length]) for length in range(len(number), 0, -1))
    phase = next((phases[ref] for ref in above if ref in phases), "")
    parts.append(", ".join(filter(None, (str(ticket.ref), phase, row.owner))))
    return "\n\n".join(to_wiki(part) if markup == "wiki" else part for part in parts if part)


def _listed(heading: str, lines: Iterable[str]) -> str:
    return "\n".join([f"### {heading}", "", *(f"- {line}" for line in lines)])


def _phases(plan: Plan) -> dict[Ref, str]:
    """The phase of each ticket that one names, with its sprint."""
    phases: dict[Ref, str] = {}
    for phase in plan.phases:
        sprint = f" ({phase.sprint})" if phase.sprint else ""
        for item in phase.items:
            if item.ref is not None:
                phases.setdefault(item.ref, f"Phase {phase.number}{sprint}")
    return phases


def _links(
    plan: Plan, rows: Sequence[_Row], ids: Mapping[Ref, int]
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """For each row (by its number) those that it blocks, and those that it relates to."""
    order = [(each.ref, row.id) for row in rows for each in row.ticket.dependencies]
    order += [(link.before, ids.get(link.after, 0)) for link in plan.critical_path]
    blocks: dict[int, list[int]] = {}
    for ref, after in order:
        _add(blocks, ids.get(ref, 0), after)
    relates: dict[int, list[int]] = {}
    for point in plan.integration_points:
        _add(relates, ids.get(point.first, 0), ids.get(point.second, 0))
    return blocks, relates


def _add(links: dict[int, list[int]], start: int, end: int) -> None:
    """Add a link between two rows, once; 0 is a ticket that the plan does not have."""
    known = links.setdefault(start, []) if start and end and start != end else [end]
    if end not in known:
        known.append(end)


def _harmless(cell: Any) -> Any:
    """The cell; a text that a spreadsheet would execute gets an apostrophe, which makes it text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_EXECUTED) else cell
