"""`./planloom eval`: systems on documents, scored, reported, compared, and held to a bar."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.children import end_with_parent
from scripts.configs import Config, ConfigGroup, Overrides
from tickets.files import InputError, write_atomic

if TYPE_CHECKING:
    from eval.config import EndpointSystem, EngineSystem
    from eval.predictions import Job, Run
    from scripts.eval_server import Server

app = typer.Typer(
    cls=ConfigGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Compare systems that make plans: predictions, scores, a report.

    [bold]Examples[/]

    [cyan]./planloom eval configs/eval/smoke.yaml[/]

    [cyan]./planloom eval configs/eval/smoke.yaml documents.0.most=1[/]

    [cyan]./planloom eval gate out/eval/smoke --min fidelity=0.4[/]""",
)

_Workers = Annotated[int, typer.Option(min=1, help="Processes that score.")]


@app.command()
def run(
    config: Config,
    overrides: Overrides = None,
    workers: _Workers = 1,
) -> None:
    """Have all systems plan all documents, then score and report; the word "run" may be left out.

    Plans are written as they come; the same command goes on where it ended, and asks nobody twice.
    Ends with 1 if there is a document that a system could not be asked for.

    [bold]Examples[/]

    [cyan]./planloom eval configs/eval/smoke.yaml[/]

    [cyan]./planloom eval configs/eval/smoke.yaml documents.0.most=2[/]
    """
    from eval.config import EvalConfig
    from eval.embeddings import comparer
    from eval.predictions import Run
    from scripts.eval_scores import judge_plans
    from tickets.config import load_config
    from tickets.endpoint import read_key

    settings = load_config(EvalConfig, config, overrides or ())
    # What scoring will lack is to be said before hours of planning, not after them.
    comparer(settings.likeness)
    if settings.judge is not None:
        read_key(settings.judge.endpoint)
    current = Run(settings.output)
    unjudged = 0
    try:
        with current.locked():
            current.begin(settings)
            _predict(current)
            unjudged = judge_plans(current, workers, _say)
    except KeyboardInterrupt:
        _say("interrupted; the same command does the rest")
        raise typer.Exit(130) from None
    _report(current, workers)
    failed = sum(each.outcome == "failed" for each in current.predictions())
    if failed:
        _say(f"{failed} plans are unscored, for want of an answer; the same command asks again")
    if unjudged:
        _say(f"{unjudged} plans are not judged, for want of an answer; the same command asks again")
    raise typer.Exit(1 if failed or unjudged else 0)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The output of a run.")],
    workers: _Workers = 1,
) -> None:
    """Score what a run has predicted, and write report.html, report.md and report.json.

    It asks nobody, so it can be repeated, also of a run that is not finished.
    """
    from eval.predictions import Run

    _report(Run(folder), workers)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="The output of a run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="That of another one.")],
    measure: Annotated[str, typer.Option(help="fidelity, rubric, coverage or any other.")] = (
        "fidelity"
    ),
) -> None:
    """Compare the systems of two runs that have one name, on the documents of both.

    [bold]Example[/]

    [cyan]./planloom eval compare out/eval/before out/eval/after --measure rubric[/]
    """
    from eval.markdown import DIFFERENCE, difference_cells, table
    from eval.predictions import Run
    from eval.statistics import holm
    from eval.summary import case_means, compare_means, entry_name
    from scripts.eval_scores import scored

    runs = [Run(folder) for folder in (first, second)]
    ways = [each.config().likeness for each in runs]
    if measure.startswith("fidelity") and ways[0] != ways[1]:
        raise InputError(
            f"{first} has likeness {ways[0]}, {second} {ways[1]}, so their fidelity cannot be "
            f"compared; run one again with likeness={ways[0]}, its plans are kept"
        )
    means = [case_means(scored(each).rows) for each in runs]
    entries = [entry for entry in means[0] if entry in means[1]]
    if not entries:
        raise InputError(f"{first} and {second} have no system of one name with plans in both")
    found = []
    for system, variant in entries:
        values = [each[system, variant].get(measure, {}) for each in means]
        name = entry_name(system, variant)
        one = compare_means(f"{name} ({first})", f"{name} ({second})", values[0], values[1])
        if one is not None:
            found.append(one)
    if not found:
        known = ", ".join(sorted({m for by_measure in means[0].values() for m in by_measure}))
        raise InputError(f"{measure}: no document of both runs has it; there are {known}")
    print(table(DIFFERENCE, map(difference_cells, holm(found))))


@app.command()
def gate(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The output of a run.")],
    bars: Annotated[
        list[str], typer.Option("--min", metavar="MEASURE=VALUE", help="What must be reached.")
    ],
    system: Annotated[
        str | None, typer.Option(help="Only this one, as tables call it; else all.")
    ] = None,
) -> None:
    """Hold the systems of a run to a bar. Ends with 1 if one is below, or has plans unscored.

    [bold]Example[/]

    [cyan]./planloom eval gate out/eval/nightly --min fidelity=0.4 --min rubric=0.8[/]
    """
    from eval.predictions import Run
    from scripts.eval_scores import scored, summary_of

    current = Run(folder)
    summary = summary_of(current, scored(current))
    names = [entry.name for entry in summary.entries]
    if system is not None and system not in names:
        raise InputError(f"{folder}: has no system {system!r}; it has {', '.join(names)}")
    below = 0
    for bar in bars:
        measure, least = _bar(bar)
        for entry in summary.entries:
            if system is not None and entry.name != system:
                continue
            score = entry.scores.get(measure)
            if score is None and entry.plans:
                known = ", ".join(sorted(entry.scores))
                raise InputError(f"{measure}: no document of {folder} has it; there are {known}")
            mean = 0.0 if score is None else score.mean
            is_below = mean < least or entry.unscored > 0
            below += is_below
            unscored = f", {entry.unscored} unscored" if entry.unscored else ""
            print(
                f"{'below' if is_below else 'ok'}: {entry.name}: {measure} {mean:.3f} "
                f"(at least {least:g}{unscored})"
            )
    raise typer.Exit(1 if below else 0)


def _bar(text: str) -> tuple[str, float]:
    measure, _, value = text.partition("=")
    try:
        return measure, float(value)
    except ValueError:
        raise InputError(f"--min {text}: write a measure and a number, fidelity=0.5") from None


def _predict(current: "Run") -> None:
    """Let each system make the plans that are missing."""
    from eval.config import EndpointSystem, EngineSystem
    from eval.predictions import Job, missing
    from eval.prompts import read_prompt
    from tickets.endpoint import read_key

    config, cases, done = current.config(), current.cases(), current.predictions()
    jobs = {
        system.name: missing(
            [Job(case, seed) for case in cases for seed in config.seeds_of(system)],
            done,
            system.name,
        )
        for system in config.systems
    }
    waiting = [system for system in config.systems if jobs[system.name]]
    for system in waiting:
        if isinstance(system, EndpointSystem):  # before hours of planning, not after them
            read_key(system.endpoint)
            read_prompt(system.prompt)
    for system in waiting:
        if isinstance(system, EndpointSystem):
            from eval.ask import ask_endpoint

            with _served(system, current.folder) as server:
                _say(f"{system.name}: {len(jobs[system.name])} plans to ask for")
                where = (server.url, server.written) if server else ()
                ask_endpoint(system, jobs[system.name], current, _say, *where)
    engines = [system for system in waiting if isinstance(system, EngineSystem)]
    for _, group in groupby(sorted(engines, key=_engine), _engine):
        _run_engine(current, list(group), jobs)


def _engine(system: "EngineSystem") -> tuple[str, str, int]:
    """What systems must share to be made by one engine."""
    return system.model, system.adapter, system.context or 0


def _run_engine(
    current: "Run", systems: "list[EngineSystem]", jobs: "dict[str, list[Job]]"
) -> None:
    """Run an engine in a process of its own, and put down what it has not done as failed."""
    from eval.predictions import Prediction, missing

    names = [system.name for system in systems]
    _say(f"{', '.join(names)}: {sum(len(jobs[name]) for name in names)} plans to make")
    command = [sys.executable, "-m", "scripts.eval_engine", str(current.folder), *names]
    status = subprocess.run(
        command,
        cwd=_ROOT,
        check=False,
        preexec_fn=end_with_parent,
    ).returncode
    done = current.predictions()
    for name in names:
        tried = {(p.case, p.seed) for p in done if p.system == name}
        for job in missing(jobs[name], done, name):
            if (job.case.id, job.seed) not in tried:
                current.add(
                    Prediction(
                        key="",
                        system=name,
                        case=job.case.id,
                        seed=job.seed,
                        outcome="failed",
                        cause="engine",
                        detail=f"the engine's process ended with {status}",
                    )
                )


@contextmanager
def _served(system: "EndpointSystem", folder: Path) -> "Iterator[Server | None]":
    """The system's endpoint, if it is to be started; else None."""
    if system.serve is None:
        yield None
        return
    from scripts.eval_server import serving

    log = folder / "logs" / f"{system.name}.log"
    endpoint = system.endpoint
    with serving(system.serve, endpoint.model, endpoint.concurrency, log, _say) as server:
        yield server


def _report(current: "Run", workers: int) -> None:
    """Score, and write the report in its three forms."""
    from eval.html import to_html
    from eval.markdown import to_markdown
    from scripts.eval_scores import scored, summary_of

    found = scored(current, workers)
    if not found.predictions:
        raise InputError(f"{current.folder}: no plan has been made yet, so there is no report")
    summary = summary_of(current, found)
    write_atomic(current.folder / "report.json", summary.model_dump_json(indent=1) + "\n")
    text = to_markdown(summary)
    write_atomic(current.folder / "report.md", text)
    judged = found.judgements
    page = to_html(
        summary,
        found.cases,
        found.predictions,
        found.rows,
        None if judged is None else judged.opinions,
    )
    write_atomic(current.folder / "report.html", page)
    print(text.split("\n## What went wrong")[0])
    _say(f"{current.folder / 'report.html'} has the rest")


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)


_ROOT = Path(__file__).resolve().parent.parent
