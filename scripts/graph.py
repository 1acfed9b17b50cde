"""`./planloom graph`: what waits for what in a plan, and what takes longest."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.plans import read_plan, write_output

if TYPE_CHECKING:
    from tickets.schema import Plan, Ref


class Format(StrEnum):
    """How the graph is drawn."""

    text = "text"
    mermaid = "mermaid"
    dot = "dot"


def graph(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="Markdown or JSON; [bold]-[/] is standard input.")
    ],
    format: Annotated[  # noqa: A002 - the option's name
        Format,
        typer.Option(help="[bold]text[/]: waves of work that can go side by side, longest path."),
    ] = Format.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else standard output.")
    ] = None,
) -> None:
    """Show the order of the work: waves, the critical path, or a drawing.

    [bold]Examples[/]

    [cyan]./planloom graph plan.md[/]

    [cyan]./planloom graph plan.md --format mermaid[/]   paste it into a GitHub comment

    [cyan]./planloom graph plan.md --format dot | dot -Tsvg > plan.svg[/]
    """
    from tickets.graph import to_dot, to_mermaid

    draw = {Format.text: _text, Format.mermaid: to_mermaid, Format.dot: to_dot}[format]
    write_output(draw(read_plan(plan)), output)


def _text(plan: "Plan") -> str:
    """The waves, then the longest chain with its points, for a reader in a terminal."""
    from tickets.graph import critical_path, find_cycles, waves

    tickets = {str(ticket.ref): ticket for _, ticket in plan.tickets()}

    def line(ref: "Ref") -> str:
        ticket = tickets[str(ref)]
        points = "" if ticket.points is None else f" ({ticket.points})"
        return f"  {ref}: {ticket.name or ticket.title}{points}"

    lines = []
    for number, wave in enumerate(waves(plan), start=1):
        lines += [f"Wave {number}", *map(line, wave), ""]
    chain, points = critical_path(plan)
    lines += [f"Critical path: {points} points", *map(line, chain)]
    for cycle in find_cycles(plan):
        lines += ["", "In a circle: " + " needs ".join(map(str, [*cycle, cycle[0]]))]
    return "\n".join(lines) + "\n"
