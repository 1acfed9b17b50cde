"""`./planloom data label`: a model behind an endpoint plans documents, rules let the plans pass."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from data.teacher_output import Result


def label(
    documents: Annotated[
        list[str], typer.Argument(metavar="DOC...", help="Files, folders or globs.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the pairs go.")
    ],
    config: Annotated[
        Path, typer.Option("--config", "-c", help="A YAML file: who labels, what passes.")
    ] = Path("configs/teacher.yaml"),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A value to set in it; may be repeated."),
    ] = None,
) -> None:
    """Let a large model write the plans of documents, as pairs to learn from.

    A plan with faults goes back to the model with its diagnostics; one that stays wrong goes to
    DIR/review, never into the pairs. Replies are kept: the same command goes on where it was
    stopped, and pays for nothing twice.

    The documents are sent to the endpoint that the configuration names, without personal data.
    Ends with 1 if a document has no pair at the end, with 2 if the endpoint cannot be used.

    [bold]Examples[/]

    [cyan]./planloom data label docs/ -o out/labels[/]

    [cyan]./planloom data label docs/ -o out/labels --set endpoint.model=my-model[/]
    """
    from data.teacher import TeacherConfig
    from data.teacher import label as run
    from tickets.config import load_config
    from tickets.documents import find_documents

    settings = load_config(TeacherConfig, config, overrides or ())
    paths = find_documents(documents)
    try:
        report = run(paths, settings, output, _show)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
    print(report.text())
    if report.stopped:
        print(f"planloom: {report.stopped}", file=sys.stderr)
        raise typer.Exit(2)
    raise typer.Exit(1 if {"review", "failed"} & report.outcomes.keys() else 0)


def _show(result: "Result") -> None:
    answers = len(result.attempts)
    parts = [f"{result.outcome}: {result.source}"]
    if answers > 1:
        parts.append(f"after {answers} answers")
    if result.attempts:
        parts.append(f"rubric {result.verdict.score:.2f}")
    if result.reason:
        parts.append(result.reason)
    print(", ".join(parts), file=sys.stderr)
