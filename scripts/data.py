"""`./planloom data`: from documents and plans to training examples, and a look at them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.data_jira import import_jira
from scripts.label import label
from tickets.files import InputError, write_atomic

if TYPE_CHECKING:
    from data.config import AnySource
    from data.preview import Shown
    from data.tokens import TokenCounter

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Build training data from documents and plans, and look at it.",
)
app.command("import-jira")(import_jira)
app.command()(label)


class Part(StrEnum):
    """The splits that can be looked at."""

    train = "train"
    validation = "validation"
    test = "test"
    cpu = "cpu"


@app.command()
def build(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE...", help="Values to set in it: split.seed=3"),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="As many as there are cores, if not given.")
    ] = None,
    work: Annotated[
        Path | None,
        typer.Option(help="Where prepared batches are kept; beside the output, if not given."),
    ] = None,
) -> None:
    """Build a dataset: read, check, redact, deduplicate, split, search for leaks, count, write.

    A build that was stopped goes on where it ended, and a later one does only what has changed.
    Pairs that are left out are named in rejected.jsonl; a bad file never ends the build.

    [bold]Examples[/]

    [cyan]./planloom data build configs/data.yaml[/]

    [cyan]./planloom data build configs/data.yaml sources.1.count=2000 output=out/small[/]
    """
    import os

    from data.build import build as run
    from data.config import BuildConfig
    from data.page import text_report
    from tickets.config import load_config

    settings = load_config(BuildConfig, config, overrides or ())
    model = _model(settings.model)
    place = work or settings.output.with_name(f".{settings.output.name}.work")
    processes = processes or len(os.sched_getaffinity(0))
    try:
        with _progress() as say:
            built = run(settings, model, work=place, processes=processes, say=say)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from here")
        raise typer.Exit(130) from None
    _say(f"{built.path}: {built.new} of {built.batches} batches made anew")
    print(text_report(built.manifest).split("\n\nLength", 1)[0])


@app.command()
def preview(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="A folder that was built.")],
    split: Annotated[Part, typer.Option(help="Which examples.")] = Part.train,
    identity: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Only the example of this id.")
    ] = None,
    count: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 1,
    skip: Annotated[int, typer.Option(min=0, help="How many to pass over first.")] = 0,
    model: Annotated[
        str | None, typer.Option(help="Another model's chat template than the dataset's.")
    ] = None,
) -> None:
    """Show examples as the model will see them, and which part of them carries loss.

    On a terminal that part is green, elsewhere it stands between ⟦loss⟧ and ⟦/loss⟧.

    [bold]Examples[/]

    [cyan]./planloom data preview out/dataset[/]

    [cyan]./planloom data preview out/dataset --id allergy-reconciliation --split test[/]
    """
    from data.manifest import read_manifest
    from data.preview import read_examples, show
    from data.tokens import TokenCounter

    tokens = TokenCounter(_model(model or read_manifest(dataset)["model"]))
    examples = list(islice(read_examples(dataset, split.value, identity), skip, skip + count))
    if not examples:
        raise InputError(f"{dataset}: has no more examples in {split.value}; look at --skip")
    for example in examples:
        _print_shown(show(example, tokens), tokens)


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="With <name>.document.md and <name>.plan.md, or documents only."
        ),
    ],
    plans: Annotated[
        Path | None, typer.Option(help="The plans' folder, if they lie in one of their own.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 for warnings too, as for curated pairs.")
    ] = False,
) -> None:
    """Say what is wrong with a folder of pairs before anyone trains on it.

    Files without their other half, headers, errors in plans, requirements that no ticket takes
    up, tickets without ground in the document, low scores, repetitions. Ends with 0 without
    errors, 1 with errors, 2 if the folder cannot be used.

    [bold]Examples[/]

    [cyan]./planloom data check data/curated --strict[/]

    [cyan]./planloom data check documents/ --plans plans/[/]
    """
    from data.check import check_pairs

    errors = warnings = pairs = 0
    for checked in check_pairs(_source(folder, plans)):
        pairs += bool(checked.id)
        for finding in checked.findings:
            print(finding.text)
            errors += finding.severity == "error"
            warnings += finding.severity != "error"
    print(f"{folder}: {pairs} pairs, {errors} errors, {warnings} warnings")
    raise typer.Exit(1 if errors or (strict and warnings) else 0)


@app.command()
def stats(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="A folder that was built.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with plots instead.")
    ] = None,
) -> None:
    """Say what a dataset is made of: lengths, sources, shapes, points, what was left out.

    [bold]Example[/]

    [cyan]./planloom data stats out/dataset --html stats.html[/]
    """
    from data.manifest import read_manifest
    from data.page import html_report, text_report

    manifest = read_manifest(dataset)
    if html is None:
        print(text_report(manifest))
    else:
        write_atomic(html, html_report(manifest, f"Dataset {dataset.resolve().name}"))
        _say(f"{html}: written")


@app.command()
def generate(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR|FILE.jsonl", help="A folder of pairs, or a file of rows."
        ),
    ],
    count: Annotated[int, typer.Option("-n", min=1, help="How many pairs.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes other pairs.")] = 0,
    start: Annotated[int, typer.Option(min=0, help="The first of the seed's pairs.")] = 0,
) -> None:
    """Write generated pairs to look at; a build makes its own.

    [bold]Example[/]

    [cyan]./planloom data generate -n 20 -o out/generated[/]
    """
    from data.generator.generate import generate_pairs
    from data.headers import write_pair

    pairs = generate_pairs(seed, count, start)
    if output.suffix == ".jsonl":
        write_atomic(output, "".join(pair.model_dump_json() + "\n" for pair in pairs))
    else:
        for pair in pairs:
            write_pair(output, pair)
    _say(f"{output}: {count} pairs written")


def _source(folder: Path, plans: Path | None) -> "AnySource":
    from data.config import FoldersSource, PairsSource

    if plans is None:
        return PairsSource(name="checked", kind="pairs", path=folder)
    return FoldersSource(name="checked", kind="folders", documents=folder, plans=plans)


def _model(name: str) -> Path:
    from inference.models import find_model, offline_unless_needed

    offline_unless_needed(name)
    return find_model(name, _say).path


def _print_shown(shown: "Shown", tokens: "TokenCounter") -> None:
    from data.preview import marked

    example = shown.example
    counts = tokens.count([(shown.before, shown.loss)])[0]
    title = (
        f"{example.id} ({example.split}, {example.source}, {example.domain}, {example.style}): "
        f"{counts[0]} tokens of prompt, {counts[1]} that carry loss"
    )
    if not sys.stdout.isatty():
        print(f"# {title}\n{marked(shown)}")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.rule(title, align="left")
    text = Text(shown.before, style="dim")
    text.append(shown.loss, style="green")
    console.print(text, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """What shows how far a build is, on standard error: a bar, or a line for each step."""
    if not sys.stderr.isatty():
        steps: set[str] = set()

        def line(step: str, done: int, total: int | None) -> None:
            if step not in steps and done == total:
                steps.add(step)
                _say(f"{step}: {done}")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        yield show


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)
