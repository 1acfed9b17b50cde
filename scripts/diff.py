"""`./planloom diff`: two plans ticket by ticket."""

import json
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Final

import typer

from scripts.plans import read_plan

if TYPE_CHECKING:
    from eval.difference import Change, Field

_SIGNS: Final = {"new": "+", "gone": "-", "changed": "~", "same": " "}
_WIDTH: Final = 72
"""Letters of a value that are shown; --json has all of it."""


def diff(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A plan file; [bold]-[/] is standard input.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The plan that came of it.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON per ticket, unchanged ones too.")
    ] = False,
) -> None:
    """Show what changed between two plans, ticket by ticket.

    Tickets are matched by what they say, so a ticket that was only renumbered has not changed.
    Ends with 1 if anything has.

    [bold]Examples[/]

    [cyan]./planloom diff plan.md plan.new.md[/]

    [cyan]git show HEAD:plan.md | ./planloom diff - plan.md[/]
    """
    from eval.difference import compare_plans

    changes = compare_plans(read_plan(old), read_plan(new))
    for change in changes:
        if as_json:
            print(json.dumps(_as_object(change), ensure_ascii=False))
        elif change.kind != "same":
            print("\n".join(_lines(change)))
    kinds = [change.kind for change in changes]
    if not as_json:
        print(", ".join(f"{kinds.count(kind)} {kind}" for kind in _SIGNS))
    raise typer.Exit(int(any(kind != "same" for kind in kinds)))


def _lines(change: "Change") -> list[str]:
    ticket = change.ticket
    numbers = str(ticket.ref)
    if change.old is not None and change.new is not None and change.old.ref != change.new.ref:
        numbers = f"{change.old.ref} -> {change.new.ref}"
    moved = " (moved)" if change.moved else ""
    lines = [f"{_SIGNS[change.kind]} {numbers}: {ticket.title}{moved}"]
    return lines + [line for field in change.fields for line in _field(field)]


def _field(field: "Field") -> list[str]:
    if len(field.old) < 2 and len(field.new) < 2:
        return [f"    {field.name}: {_short(field.old)} -> {_short(field.new)}"]
    gone = [f"    - {_short((text,))}" for text in field.old if text not in field.new]
    came = [f"    + {_short((text,))}" for text in field.new if text not in field.old]
    return [f"    {field.name}: {len(gone)} gone, {len(came)} new", *gone, *came]


def _short(lines: tuple[str, ...]) -> str:
    return shorten(" ".join(lines) or "(empty)", _WIDTH, placeholder=" …")


def _as_object(change: "Change") -> dict[str, object]:
    return {
        "kind": change.kind,
        "old": None if change.old is None else str(change.old.ref),
        "new": None if change.new is None else str(change.new.ref),
        "title": change.ticket.title,
        "moved": change.moved,
        "fields": {field.name: {"old": field.old, "new": field.new} for field in change.fields},
    }
