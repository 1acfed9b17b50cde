"""Planloom's command line; `./planloom` runs it as `python -m scripts.cli`.

Each command stands in a module of its own, and imports what it needs when it runs: `check` must
answer before torch could be imported.
"""

import sys

import typer

from scripts import check, data, diff, doctor, export, graph, plan, replan, score, testing, train
from scripts import eval as evaluation
from tickets.files import InputError

app = typer.Typer(
    name="planloom",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="""Weave feature documents into complete, consistent plans of Jira tickets.

    [bold]A first plan[/]

    [cyan]./planloom plan feature.md -o plan.md[/]   writes the plan

    [cyan]./planloom check plan.md --document feature.md[/]   what it lacks

    [cyan]./planloom export plan.md --format jira-csv -o tickets.csv[/]   for Jira

    Nothing here ever writes to a Jira server. Exit status: 0 fine, 1 errors in a plan,
    2 unusable input, 130 interrupted.""",
)
app.command(rich_help_panel="Plans")(plan.plan)
app.command(rich_help_panel="Plans")(replan.replan)
app.command(rich_help_panel="Plans")(check.check)
app.command(rich_help_panel="Plans")(export.export)
app.command(rich_help_panel="Plans")(graph.graph)
app.command(rich_help_panel="Plans")(diff.diff)
app.command(rich_help_panel="Evaluation")(score.score)
app.add_typer(evaluation.app, name="eval", rich_help_panel="Evaluation")
app.add_typer(data.app, name="data", rich_help_panel="Training")
app.add_typer(train.app, name="train", rich_help_panel="Training")
app.command(rich_help_panel="This installation")(doctor.doctor)
app.command(
    "test",
    rich_help_panel="This installation",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(testing.test)


def main() -> None:
    """Run the command that the arguments name, and end the process with its status."""
    try:
        app(prog_name="planloom")
    except InputError as error:
        print(f"planloom: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
