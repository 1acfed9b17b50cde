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
import random
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

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

_WORDS = (
    "**Story Points**: 8 points", "**Dependencies**: Story 9.9", "**Dependencies**: Story 1.1, ",
    "**Parent**: Epic 7", "**Type**: Spike", "**Priority**: Urgent", "Story Points: -3",
    "**Epic Key**:", "* [ ] star", "1) one", "+ plus", "#", "######", "##### Story", "### Epic 0:",
    "### Epic 99999: far", "##### Task 1: odd", "#### Child Stories:", "## Cross-Epic Dependencies",
    "1. **Story 1.1 → Story 1.1**: itself", "- **Story 1.2 ↔ Story 2.1**:", "1. Epic 2 <- Epic 1",
    "### Phase 0", "- Story 1.1: again", "**Total Effort**: many", "## Questions", "---", "***",
    "| a | b |", "|---|---|", "> quoted", "<div>", "<!-- gone -->", "&amp;", "[a](b)", "![](x)",
    "\\*\\*", "`", "~~~", "```", "```markdown", "    indented", "\t", "  ", "Description", ":",
    "**", "__bold__:", "None", "N/A", "(", ")", "→", "↔", "->", "%s", "{0}", "=cmd()", "@", "1e9",
)  # fmt: skip
_CHARACTERS = (
    "*_`~#>|-+.:,;()[]{}<>\\/&!=%@0123456789 \t\n\r\v\f\x00\x1c\x85\u200b\u2028\ufeff"
    "éßİǅ中🦀\u0301\u202e→↔–"
)
_NUMBERS = ("0", "1", "2", "4", "7", "13", "40", "100", "9999", "1" * 30, "-1", "1.5", "")


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


def mutated(seed: int, case: int, seeds: list[str]) -> str:
    """The text of a case: one of the seeds (a small one mostly) after one to ten mutations."""
    rng = random.Random(f"{seed}:{case}")
    # A tenth of the cases are of any size; the others come from the smaller of two, to be quick.
    text = rng.choice(seeds)
    if rng.random() < 0.9:
        text = min(text, rng.choice(seeds), rng.choice(seeds), key=len)
    if rng.random() < 0.1:
        text = _splice(text, rng.choice(seeds), rng)
    for _ in range(min(10, int(rng.expovariate(0.5)) + 1)):
        text = rng.choice(MUTATIONS)(text, rng)
    return text


def _splice(text: str, other: str, rng: random.Random) -> str:
    lines, further = text.split("\n"), other.split("\n")
    at, start = rng.randrange(len(lines) + 1), rng.randrange(len(further))
    length = int(rng.expovariate(1 / 12)) + 1
    return "\n".join(lines[:at] + further[start : start + length] + lines[at:])


def _delete_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    start = rng.randrange(len(lines))
    del lines[start : start + int(rng.expovariate(0.5)) + 1]
    return "\n".join(lines)


def _repeat_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    start, at = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[at:at] = lines[start : start + int(rng.expovariate(0.3)) + 1]
    return "\n".join(lines)


def _swap_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def _change_number(text: str, rng: random.Random) -> str:
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return text
    number = rng.choice(numbers)
    value = rng.choice(_NUMBERS)
    return text[: number.start()] + value + text[number.end() :]


def _change_word(text: str, rng: random.Random) -> str:
    words = list(re.finditer(r"\S+", text))
    if not words:
        return text
    word, other = rng.choice(words), rng.choice(words)
    new = rng.choice([other[0], "", word[0].upper(), word[0][::-1]])
    return text[: word.start()] + new + text[word.end() :]


def _insert_words(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    words = rng.choice(_WORDS)
    if rng.random() < 0.5:
        lines.insert(at, words)
    else:
        lines[at] = rng.choice([f"{words} {lines[at]}", f"{lines[at]} {words}", words + lines[at]])
    return "\n".join(lines)


def _change_characters(text: str, rng: random.Random) -> str:
    characters = list(text)
    for _ in range(rng.randrange(1, 6)):
        if characters:
            at = rng.randrange(len(characters))
            characters[at] = rng.choice(
                [
                    "",
                    rng.choice(_CHARACTERS),
                    characters[at] * 2,
                    rng.choice(_CHARACTERS) + characters[at],
                ]
            )
    return "".join(characters)


def _change_heading(text: str, rng: random.Random) -> str:
    headings = list(re.finditer(r"^#+", text, re.MULTILINE))
    if not headings:
        return text
    marks = rng.choice(headings)
    return text[: marks.start()] + "#" * rng.randrange(0, 8) + text[marks.end() :]


def _change_form(text: str, rng: random.Random) -> str:
    """A change of the whole text that people's tools make."""
    forms = (
        text.replace("\n", "\r\n"),
        f"```markdown\n{text}\n```",
        f"Here is the plan:\n\n{text}",
        "\ufeff" + text,
        text.replace("**", ""),
        text.replace("- ", "* "),
        re.sub(r"^#", "", text, flags=re.MULTILINE),
        re.sub(r"^(?=.)", "> ", text, flags=re.MULTILINE),
        re.sub(r"^", "   ", text, flags=re.MULTILINE),
        text.replace("\n\n", "\n"),
    )
    return rng.choice(forms)


def _cut_off(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _delete_lines,
    _repeat_lines,
    _swap_lines,
    _change_number,
    _change_word,
    _insert_words,
    _change_characters,
    _change_heading,
    _change_form,
    _cut_off,
)


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
