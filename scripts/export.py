"""`./planloom export`: a plan as a file for another tool. Nothing is sent anywhere."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scripts.plans import read_plan, write_output


class Format(StrEnum):
    """What a plan can be exported to."""

    json = "json"
    jira_csv = "jira-csv"
    markdown = "markdown"


def export(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="Markdown or JSON; [bold]-[/] is standard input.")
    ],
    format: Annotated[  # noqa: A002 - the option's name
        Format, typer.Option(help="[bold]markdown[/] is the plan in its canonical form.")
    ] = Format.json,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else standard output.")
    ] = None,
) -> None:
    """Export a plan: JSON, a CSV file that Jira imports, or canonical markdown.

    [bold]Examples[/]

    [cyan]./planloom export plan.md -o plan.json[/]

    [cyan]./planloom export plan.md --format jira-csv -o tickets.csv[/]   then import it in Jira

    [cyan]./planloom export plan.json --format markdown[/]   and back
    """
    from tickets.export import to_jira_csv, to_json
    from tickets.render import render_plan

    write = {
        Format.json: to_json,
        Format.jira_csv: to_jira_csv,
        Format.markdown: render_plan,
    }[format]
    write_output(write(read_plan(plan)), output)
