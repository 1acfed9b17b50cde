"""Mutated plans through the core, in search of what breaks it.

    .venv/bin/python -m scripts.fuzz --cases 1000000

Valid plans (those of data/curated, whole and cut down) are changed at random on the level of text:
lines lost, doubled, swapped and mixed with another plan's, numbers changed, letters swapped,
markdown and unicode put in, ends cut off. Each result is parsed, checked, repaired and rendered,
and must

- raise nothing and take under a second of processor time;
- read as the same plan once rendered;
- have no repairable finding once repaired, and then be left alone by a second repair.

Case N of a seed is the same text on each machine. What fails is cut down to the lines that matter
and saved; the exit status is then 1.
"""

import argparse
import multiprocessing
import re
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from scripts.mutations import mutated
from tickets.files import write_atomic
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rules import check_plan
from tickets.schema import Plan

CURATED = Path(__file__).resolve().parent.parent / "data" / "curated"
SLOWEST_ALLOWED = 1.0
"""Processor seconds for one case; a plan is checked while somebody waits."""
HANG = 20
"""Seconds after which a case is given up: many times the limit above, as machines are shared."""
CHUNK = 200
ENOUGH_FAILURES = 5


class Failure(NamedTuple):
    """A case that broke something: its number, what happened (one line), and its text."""

    case: int
    kind: str
    text: str


class Chunk(NamedTuple):
    """What a worker found in some cases; `slowest` is in processor seconds."""

    cases: int
    slowest: float
    failures: tuple[Failure, ...]


def main() -> int:
    """Run the cases that the arguments ask for; 0 if all held, else 1."""
    arguments = _arguments()
    seeds = read_seeds()
    started = time.monotonic()
    done, slowest, failures = 0, 0.0, list[Failure]()
    first_cases = range(arguments.first, arguments.first + arguments.cases, CHUNK)
    end = arguments.first + arguments.cases
    jobs = ((arguments.seed, first, min(CHUNK, end - first)) for first in first_cases)
    with multiprocessing.Pool(arguments.workers, _start_worker, (seeds,)) as pool:
        for chunk in pool.imap_unordered(_run_chunk, jobs):
            done += chunk.cases
            slowest = max(slowest, chunk.slowest)
            failures += chunk.failures
            rate = f"{done / (time.monotonic() - started):.0f}/s"
            _progress(f"{done:,} of {arguments.cases:,} cases, {rate}, {len(failures)} failed")
            if len(failures) >= ENOUGH_FAILURES:
                pool.terminate()
                break
    seconds = time.monotonic() - started
    _progress("")
    for failure in failures[:ENOUGH_FAILURES]:
        small = shrink(failure)
        file = arguments.output / f"fuzz-{arguments.seed}-{failure.case}.md"
        write_atomic(file, small.encode("utf-8", "surrogatepass"))
        print(f"case {failure.case}: {failure.kind}\n  saved as {file} ({len(small)} characters)")
    print(
        f"{done:,} mutated plans in {seconds:.0f} s ({done / seconds:.0f}/s, {arguments.workers} "
        f"processes, seed {arguments.seed}): {len(failures)} failed, slowest {slowest:.3f} s"
    )
    return 1 if failures else 0


def read_seeds(folder: Path = CURATED) -> list[str]:
    """The valid plans to start from: each of `folder`, and what is left of it with one epic."""
    seeds = []
    for file in sorted(folder.glob("*.plan.md")):
        text = re.sub(r"\A---\n.*?\n---\n", "", file.read_text("utf-8"), flags=re.DOTALL)
        plan = parse_plan(text).plan
        seeds += [text, *(render_plan(_cut_down(plan, e)) for e in range(len(plan.epics)))]
    if not seeds:
        sys.exit(f"fuzz: {folder} holds no plans to start from (*.plan.md)")
    return seeds


def _cut_down(plan: Plan, epic: int) -> Plan:
    """The plan with one of its epics, two of its stories, and the sections that follow."""
    kept = plan.epics[epic]
    small = plan.model_copy(
        update={"epics": (kept.model_copy(update={"stories": kept.stories[:2]}),)}
    )
    return repair_plan(small).plan


def examine(text: str) -> str:
    """What breaks on `text`, as one line; empty if nothing does."""
    try:
        return _broken(text)
    except Exception as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_next is not None:
            frames = frames.tb_next
        place = "" if frames is None else Path(frames.tb_frame.f_code.co_filename).name
        line = 0 if frames is None else frames.tb_lineno
        return f"{type(error).__name__} at {place}:{line}: {str(error).splitlines()[:1]}"


def _broken(text: str) -> str:
    parsed = parse_plan(text)
    check_plan(parsed.plan, lines=parsed.lines)
    if parse_plan(render_plan(parsed.plan)).plan != parsed.plan:
        return "the rendered plan reads as another plan"
    repaired = repair_plan(parsed.plan).plan
    left = [finding.code for finding in check_plan(repaired) if finding.repairable]
    if left:
        return f"repairable findings are left after repair: {', '.join(left)}"
    again = repair_plan(repaired)
    if again.repairs or again.plan != repaired:
        return f"a second repair changes the plan: {[d.code for d in again.repairs]}"
    back = parse_plan(render_plan(repaired))
    if back.plan != repaired:
        return "the repaired plan, rendered, reads as another plan"
    # A section that the template does not know is kept, and said each time.
    odd = [finding.code for finding in back.diagnostics if finding.code != "T109"]
    if odd:
        return f"the repaired plan, rendered, is not canonical: {', '.join(odd)}"
    return ""


def shrink(failure: Failure, seconds: float = 20.0) -> str:
    """The failure's text with lines left out as long as the same thing still breaks."""
    kind = failure.kind.split(":")[0]
    lines = failure.text.split("\n")
    end = time.monotonic() + seconds
    size = len(lines) // 2
    while size:
        start = 0
        while start < len(lines) and time.monotonic() < end:
            fewer = lines[:start] + lines[start + size :]
            if examine("\n".join(fewer)).startswith(kind):
                lines = fewer
            else:
                start += size
        size //= 2
    return "\n".join(lines)


_seeds: list[str] = []


def _start_worker(seeds: list[str]) -> None:
    _seeds[:] = seeds
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _give_up)


def _give_up(*_: object) -> None:
    raise TimeoutError(f"no end within {HANG} s")


def _run_chunk(job: tuple[int, int, int]) -> Chunk:
    seed, first, count = job
    slowest, failures = 0.0, []
    for case in range(first, first + count):
        text = mutated(seed, case, _seeds)
        started = time.process_time()
        signal.alarm(HANG)
        kind = examine(text)
        signal.alarm(0)
        seconds = time.process_time() - started
        slowest = max(slowest, seconds)
        if not kind and seconds > SLOWEST_ALLOWED:
            kind = f"slow: {seconds:.1f} s"
        if kind:
            failures.append(Failure(case, kind, text))
    return Chunk(count, slowest, tuple(failures))


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path(), help="folder for what fails")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
