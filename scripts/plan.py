"""`./planloom plan`: feature documents in, plans out."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.plans import count, read_plan_text, read_vocabulary
from tickets.files import InputError

if TYPE_CHECKING:
    from inference.plan import Progress, Result
    from inference.record import LeftOutPart
    from tickets.documents import Document
    from tickets.vocabulary import Vocabulary


class Decoding(StrEnum):
    """Whether the grammar binds what the model writes."""

    constrained = "constrained"
    free = "free"


def plan(
    documents: Annotated[
        list[str],
        typer.Argument(
            metavar="DOC...", help="Files, folders or globs; [bold]-[/] is standard input."
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|DIR",
            help="Where plans go; else standard output. What is done there already is skipped.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="The embedded model's name, a folder, or owner/name of a hub."),
    ] = None,
    adapter: Annotated[
        str,
        typer.Option(
            help="A folder; [bold]auto[/]: the one for the model, if any; [bold]whole[/] or "
            "[bold]staged[/]: the one of that format; [bold]none[/]."
        ),
    ] = "auto",
    decoding: Annotated[
        Decoding, typer.Option(help="Bind the model to the format's grammar, or do not.")
    ] = Decoding.constrained,
    repair: Annotated[
        bool,
        typer.Option("--repair/--no-repair", help="Put right what needs no model."),
    ] = True,
    samples: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Outlines drawn per document: the best gets what it lacks from the others (format "
            "staged: 4). Plans, of which the best is taken (format whole: 1).",
        ),
    ] = None,
    keep_samples: Annotated[
        bool,
        typer.Option(
            "--keep-samples", help="Write all plans or outlines that were drawn (needs -o)."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="For drawing more than one sample.")] = 0,
    max_tokens: Annotated[
        int, typer.Option(min=256, help="Where a plan is cut that does not end by itself.")
    ] = 3072,
    context: Annotated[
        int | None, typer.Option(min=1, help="Fewer tokens than the model's context: less memory.")
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(help="YAML file with the allowed components, teams and key prefix."),
    ] = None,
    outline_only: Annotated[
        bool,
        typer.Option("--outline-only", help="End with the outline, to be edited (format staged)."),
    ] = False,
    from_outline: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the details for this outline of one document."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a line of JSON per plan: how it was made, findings."),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show vLLM's log.")] = False,
) -> None:
    """Plan feature documents: markdown, text, HTML, DOCX or PDF.

    The plan comes on standard output, all else on standard error. Ends with 1 if a plan was cut
    or has errors, with 2 if a document cannot be used; what is done by then is kept.

    [bold]Examples[/]

    [cyan]./planloom plan feature.md > plan.md[/]

    [cyan]./planloom plan docs/ -o plans/[/]   one batch; the same again goes on where it ended

    [cyan]./planloom plan feature.md -o plan.md --samples 8[/]   from eight outlines, and slower

    [cyan]./planloom plan feature.md --outline-only -o outline.txt[/]   edit it, and then

    [cyan]./planloom plan feature.md --from-outline outline.txt -o plan.md[/]

    [cyan]pandoc feature.odt -t gfm | ./planloom plan - --json[/]
    """
    from inference.outputs import Output
    from inference.plan import open_engine, plan_documents
    from inference.record import Settings
    from tickets.models import DEFAULT_MODEL

    found, unusable = _read(documents)
    if output is None and (len(found) > 1 or keep_samples):
        wants = "--keep-samples" if keep_samples else f"{len(found)} documents"
        raise InputError(f"{wants}: name a folder for the plans with -o")
    if from_outline and (samples or 1) > 1:
        raise InputError("--samples: nothing is drawn with --from-outline; leave one of them out")
    names = read_vocabulary(vocabulary)
    settings = Settings(
        decoding=decoding.value,
        repair=repair,
        samples=samples,
        keep_samples=keep_samples,
        seed=seed,
        max_tokens=max_tokens,
        vocabulary=names,
        outline=_outline(from_outline, found, names) if from_outline else None,
        outline_only=outline_only,
    )
    place = Output(output, found) if output else None
    engine, maker = open_engine(
        model or DEFAULT_MODEL,
        adapter=adapter,
        documents=len(found),
        samples=samples,
        context=context,
        verbose=verbose,
        say=_say,
    )
    status = 0
    done = 0
    try:
        with _progress(len(found)) as (show, say):
            for result in plan_documents(engine, maker, found, settings, place, show):
                done += 1
                say(_summary(result))
                _print(result, as_json=as_json, to_stdout=output is None)
                status = max(status, _status(result))
    except KeyboardInterrupt:
        kept = f"{done} of {len(found)} plans are kept; the same command does the rest"
        _say(f"interrupted; {kept if output else 'nothing is kept without -o'}")
        raise typer.Exit(130) from None
    raise typer.Exit(2 if unusable else status)


def _read(arguments: list[str]) -> tuple[list["Document"], int]:
    """The documents, and how many could not be used (each is named on standard error).

    Raises:
        InputError: none can be used; with one argument its own reason.
    """
    from tickets.documents import find_documents, read_document

    paths = find_documents(arguments)
    found, unusable = [], 0
    for path in paths:
        try:
            document = read_document(path)
        except InputError as error:
            if len(paths) == 1:
                raise
            _say(str(error))
            unusable += 1
            continue
        if document.note:
            _say(document.note)
        found.append(document)
    if not found:
        raise InputError(f"none of the {unusable} documents can be used")
    return found, unusable


def _outline(source: str, documents: "list[Document]", vocabulary: "Vocabulary | None") -> str:
    """The outline in a file, checked before any model runs.

    Raises:
        InputError: it cannot be read, breaks a rule, or there are several documents.
    """
    from tickets.staged_plan import check_outline

    if len(documents) > 1:
        raise InputError(f"--from-outline: is for one document, and there are {len(documents)}")
    text = read_plan_text(source)
    found = check_outline(text.body, vocabulary)
    errors = [each.render(text.name) for each in found if each.severity == "error"]
    if errors:
        raise InputError("\n".join(["the outline breaks these rules; mend it first", *errors]))
    for each in found:
        _say(each.render(text.name))
    return text.body


def _summary(result: "Result") -> str:
    """What a person should know about a plan, in a line or a few."""
    record = result.record
    place = f" -> {result.path}" if result.path else ""
    if result.skipped:
        return f"{record.source}{place}: done before"
    errors = sum(finding.severity == "error" for finding in record.diagnostics)
    given = sum(sample.given for sample in record.samples)
    parts = [
        count(errors, "error"),
        count(len(record.diagnostics) - errors, "warning"),
        count(len(record.repairs), "repair"),
        *([f"{count(given, 'ticket')} of other outlines"] if given else []),
        f"rubric {record.rubric.score:.2f}",
        f"coverage {record.coverage:.0%}",
        f"{record.completion_tokens} tokens in {record.seconds:.1f} s",
    ]
    lines = [f"{record.source}{place}: {', '.join(parts)}"]
    unread = [part for part in record.left_out if not part.read_by]
    late = [part for part in record.left_out if part.read_by]
    if unread:
        lines.append(f"  did not fit into the context and was left out: {_headings(unread)}")
    if late:
        lines.append(f"  read for details only, not for the outline: {_headings(late)}")
    if not record.whole:
        lines.append(
            f"  CUT ({record.finish}): this is no whole plan; raise --max-tokens"
            + ("" if result.path else ", or keep what there is with -o or --json")
        )
    return "\n".join(lines)


def _headings(parts: "list[LeftOutPart]") -> str:
    names = [f"{part.heading or 'the beginning'!r}" for part in parts]
    more = f" and {count(len(names) - 5, 'more part')}" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}"


def _print(result: "Result", *, as_json: bool, to_stdout: bool) -> None:
    if as_json:
        value = {
            "path": str(result.path) if result.path else None,
            "skipped": result.skipped,
            "markdown": result.markdown,
            **result.record.model_dump(mode="json"),
        }
        print(json.dumps(value, ensure_ascii=False), flush=True)
    elif to_stdout and result.record.whole:
        # What was cut must not end in a file that looks like a plan.
        print(result.markdown, end="", flush=True)


def _status(result: "Result") -> int:
    errors = any(finding.severity == "error" for finding in result.record.diagnostics)
    return 1 if errors or not result.record.whole else 0


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[["Progress"], None], Callable[[str], None]]]:
    """What shows how far the batch is, and what prints a line beside it, on standard error."""
    if not sys.stderr.isatty():
        yield (lambda _: None), _say
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("planning"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[tokens]} tokens"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, tokens=0)
        yield (
            lambda state: bar.update(task, completed=state.done, tokens=state.tokens),
            lambda text: bar.console.print(text, markup=False, highlight=False, soft_wrap=True),
        )


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)
