"""`./planloom graph`: what waits for what in a plan, and what takes longest."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.plans import read_plan_text, write_output

if TYPE_CHECKING:
    pass


class Format(StrEnum):
    """How the graph is drawn."""

    text = "text"
    mermaid = "mermaid"
    dot = "dot"


def graph(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A plan; [bold]-[/] is standard input.")
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
    from tickets.parse import parse_plan

    draw = {Format.text: _text, Format.mermaid: to_mermaid, Format.dot: to_dot}[format]
    write_output(draw(parse_plan(read_plan_text(plan).body).plan), output)
