"""Pairs scored per second of one core, and how heavy a large report is.

    .venv/bin/python -m scripts.bench.eval              # all of it; the report takes minutes
    .venv/bin/python -m scripts.bench.eval speed        # pairs/s at 5, 25 and 100 tickets
    .venv/bin/python -m scripts.bench.eval report 1000  # a report on so many documents

References are curated plans, cut or put together to the wanted size, with the documents that they
belong to; predictions are the same with words replaced. Each is scored once, since a text that has
been seen is read faster. The report is opened in Chromium where that is installed.
"""

import json
import math
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Final, NamedTuple

from eval.config import EvalConfig
from eval.fidelity import compare
from eval.html import to_html
from eval.pairs import Case, read_folder
from eval.predictions import Prediction
from eval.rows import score_predictions
from eval.score import score
from eval.summary import summarise
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.schema import Epic, Plan

CURATED: Final = Path(__file__).resolve().parents[2] / "data" / "curated"
SIZES: Final = (5, 25, 100)
SYSTEMS: Final = 5
ROUNDS: Final = 5
PAIRS: Final = {5: 60, 25: 30, 100: 10}
"""Pairs of a round; the median of the rounds is printed."""
REPLACED: Final = 0.3
"""The share of its longer words that a prediction has lost."""
DOCUMENTS: Final = 1000
_LONGER: Final = re.compile(r"\b[a-z]{5,}\b")
_KEPT: Final = frozenset(("points", "completion", "people", "total", "story"))
"""Words that the format needs."""
_NOTED: Final = """<script>
addEventListener("load", () => setTimeout(async () => {
  const opened = performance.now(), page = document.getElementById("one");
  location.hash = "#d%d";
  while (!page.textContent) await new Promise(done => setTimeout(done, 5));
  console.log(`NOTED ${opened} ${performance.now() - opened}`);
}));
</script>"""
"""Says how many milliseconds it took from the start of loading to the first idle moment, and from
there to one document's page."""
_NOTE: Final = re.compile(r"NOTED ([\d.]+) ([\d.]+)")
LONGEST: Final = 120
"""Seconds after which the browser is given up."""
OPENINGS: Final = 3
"""Times that the report is opened; the medians are printed."""


class Pair(NamedTuple):
    """What is scored."""

    document: str
    reference: str
    plan: str


def main() -> None:
    """Measure what the arguments name, and print it."""
    match sys.argv[1:]:
        case ["part", tickets]:
            print(json.dumps(measured(int(tickets))))
        case ["page", documents, path]:
            print(json.dumps(build_report(int(documents), Path(path))))
        case ["speed"]:
            speed()
        case ["report", documents]:
            report(int(documents))
        case _:
            speed()
            print()
            report(DOCUMENTS)


def speed() -> None:
    """Print the table of sizes, each measured in a process of its own for its memory."""
    print(f"{'tickets':>7} {'step':<9} {'pairs/s':>8} {'ms':>8} {'growth':>7} {'peak MB':>8}")
    before: dict[str, float] = {}
    size = 0
    for tickets in SIZES:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.bench.eval", "part", str(tickets)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = json.loads(done.stdout)
        for step, took in found["seconds"].items():
            power = _power(tickets / size, took / before[step]) if size else ""
            print(
                f"{tickets:>7} {step:<9} {1 / took:>8.0f} {took * 1e3:>8.2f} {power:>7} "
                f"{found['megabytes']:>8.0f}",
                flush=True,
            )
        size, before = tickets, found["seconds"]
    print(
        "growth: the power of the number of tickets that the time grew with, from the size before"
    )


def measured(tickets: int) -> dict[str, object]:
    """Processor seconds of a pair of this size, by step, and the peak of memory.

    `fidelity` compares plans at hand; `score` is all: reading the texts, the rules, the rubric,
    coverage and fidelity.
    """
    pairs = made_pairs(tickets)
    rounds: dict[str, list[float]] = {"fidelity": [], "score": []}
    for _ in range(ROUNDS + 1):
        read = [
            (parse_plan(pair.plan).plan, parse_plan(pair.reference).plan)
            for pair in islice(pairs, PAIRS[tickets])
        ]
        started = time.process_time()
        for plan, reference in read:
            compare(plan, reference)
        rounds["fidelity"].append((time.process_time() - started) / len(read))
        batch = list(islice(pairs, PAIRS[tickets]))
        started = time.process_time()
        for pair in batch:
            score(pair.plan, document=pair.document, reference=pair.reference)
        rounds["score"].append((time.process_time() - started) / len(batch))
    # The first round warms up.
    seconds = {step: statistics.median(times[1:]) for step, times in rounds.items()}
    return {"seconds": seconds, "megabytes": _peak()}


def made_pairs(tickets: int) -> Iterator[Pair]:
    """Pairs of about so many tickets without end, `SYSTEMS` on each document."""
    curated = list(read_folder(CURATED))
    words = _words(curated)
    rng = random.Random(tickets)
    while True:
        document, reference = _joined(tickets, rng.sample(curated, len(curated)))
        for _ in range(SYSTEMS):
            yield Pair(document, reference, _replaced(reference, words, REPLACED, rng))


def _joined(tickets: int, cases: Iterable[Case]) -> tuple[str, str]:
    """The documents and plans of as many cases as it takes, as one."""
    documents: list[str] = []
    epics: list[Epic] = []
    missing = tickets
    for case in cases:
        documents.append(case.document)
        for epic in parse_plan(case.reference or "").plan.epics:
            stories = []
            missing -= 1
            for story in epic.stories:
                if missing > len(story.tasks):
                    stories.append(story)
                    missing -= 1 + len(story.tasks)
            epics.append(epic.model_copy(update={"stories": tuple(stories)}))
            if missing < 2:
                plan = repair_plan(Plan(title=case.id, epics=tuple(epics))).plan
                return "\n".join(documents), render_plan(plan)
    raise ValueError(f"{tickets} tickets are more than all curated plans have")


def _words(cases: Iterable[Case]) -> list[str]:
    return sorted({word for case in cases for word in _LONGER.findall(case.document)} - _KEPT)


def _replaced(text: str, words: list[str], share: float, rng: random.Random) -> str:
    def other(match: re.Match[str]) -> str:
        is_lost = match[0] not in _KEPT and rng.random() < share
        return rng.choice(words) if is_lost else match[0]

    return _LONGER.sub(other, text)


def report(documents: int) -> None:
    """Print how large a report of `SYSTEMS` systems is, and how long it takes to make and open."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.html")
        made = subprocess.run(
            [sys.executable, "-m", "scripts.bench.eval", "page", str(documents), str(path)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        print(f"report of {documents} documents x {SYSTEMS} systems")
        for name, value in json.loads(made.stdout).items():
            print(f"  {name:<22} {value:8.1f}")
        print(f"  {'report.html, MB':<22} {path.stat().st_size / 1e6:8.1f}", flush=True)
        for name, seconds in _opened(path, documents // 2).items():
            print(f"  {name:<22} {seconds:8.2f}")


def build_report(documents: int, path: Path) -> dict[str, float]:
    """Write the report of a run with made-up predictions; the seconds of each step."""
    curated = list(read_folder(CURATED))
    words = _words(curated)
    rng = random.Random(documents)
    cases = [
        case.model_copy(update={"id": f"{case.id}-{number}"})
        for number, case in enumerate(islice(cycle(curated), documents))
    ]
    predictions = [
        Prediction(
            key=f"{case.id} {system}",
            system=f"system-{system}",
            case=case.id,
            seed=0,
            outcome="whole",
            text=_replaced(case.reference or "", words, system / (2 * SYSTEMS), rng),
            seconds=rng.uniform(5, 60),
        )
        for case in cases
        for system in range(1, SYSTEMS + 1)
    ]
    endpoint = {"base_url": "http://localhost:8000/v1", "model": "none"}
    config = EvalConfig.model_validate(
        {
            "output": path.parent,
            "documents": [{"path": CURATED}],
            "systems": [
                {"name": f"system-{number}", "kind": "endpoint", "endpoint": endpoint}
                for number in range(1, SYSTEMS + 1)
            ],
        }
    )
    times = [time.perf_counter()]
    rows = score_predictions(predictions, cases, path.parent / "scores.jsonl")
    times.append(time.perf_counter())
    summary = summarise(config, cases, predictions, rows, [])
    times.append(time.perf_counter())
    page = to_html(summary, cases, predictions, rows)
    times.append(time.perf_counter())
    path.write_text(page, "utf-8")
    steps = ("scores, s", "intervals and tests, s", "pages, s")
    took = {step: end - start for step, (start, end) in zip(steps, pairwise(times), strict=True)}
    return took | {"peak memory, MB": _peak()}


def _opened(path: Path, document: int) -> dict[str, float]:
    """Seconds in headless Chromium until the report, and then one document, is there; empty where
    there is no Chromium.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return {}
    copy = path.with_name("noted.html")
    copy.write_text(path.read_text("utf-8") + _NOTED % document, "utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    found = []
    for _ in range(OPENINGS):
        with subprocess.Popen(
            [*command, f"--user-data-dir={path.parent / 'profile'}", copy.as_uri()],
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            timer = threading.Timer(LONGEST, process.kill)
            timer.start()
            noted = next(filter(None, map(_NOTE.search, process.stderr or ())), None)
            process.kill()
            timer.cancel()
        if noted is None:
            raise RuntimeError(f"{browser} has not opened the report within {LONGEST} s")
        found.append([float(each) / 1e3 for each in noted.groups()])
    opened, page = map(statistics.median, zip(*found, strict=True))
    return {"to open, s": opened, "to open a document, s": page}


def _power(sizes: float, times: float) -> str:
    return f"{math.log(times) / math.log(sizes):.1f}"


def _peak() -> float:
    """Megabytes of this process at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
