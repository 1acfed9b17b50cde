"""Pairs per second and peak memory of a build, with generated pairs.

    .venv/bin/python -m scripts.bench.data                # all of it; the last build takes long
    .venv/bin/python -m scripts.bench.data speed          # pairs/s of each step, on one core
    .venv/bin/python -m scripts.bench.data build 10000 2  # one build: pairs, processes

Tokens are counted with the embedded model's tokenizer. Memory is the peak of all processes
together; pages that they share count once (proportional set size, read five times a second).
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

SIZES: Final = (1_000, 10_000, 100_000)
SAMPLE: Final = 500
"""Pairs for the speed of a step."""
_EVERY: Final = 0.2
"""Seconds between two readings of memory."""

Result = TypeVar("Result")


def main() -> None:
    """Measure what the arguments name, and print it."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["build"]:
        print(json.dumps(build(int(arguments[1]), int(arguments[2]))))
        return
    speed()
    if arguments[:1] == ["speed"]:
        return
    print(f"\n{'pairs':>8} {'processes':>9} {'s':>8} {'pairs/s':>8} {'MB':>7}")
    for count, processes in ((2_000, 1), (2_000, 2), *((size, 2) for size in SIZES)):
        # In a process of its own: memory that one build has freed is not given back at once.
        done = subprocess.run(
            [sys.executable, "-m", "scripts.bench.data", "build", str(count), str(processes)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = json.loads(done.stdout)
        print(
            f"{count:>8} {processes:>9} {found['seconds']:>8.1f} "
            f"{count / found['seconds']:>8.0f} {found['megabytes']:>7.0f}",
            flush=True,
        )


def speed() -> None:
    """Print the pairs per second of each step, by the time of one core."""
    from data.generator.generate import generate_pairs
    from data.prepare import count_tokens, make_row, pack_rows
    from data.tokens import TokenCounter
    from tickets.parse import parse_plan

    print(f"{'step':<22} {'ms':>7} {'pairs/s':>8}   (of one core's time)")
    list(generate_pairs(0, 20))
    pairs = _timed("generate", lambda: list(generate_pairs(1, SAMPLE)))[0]
    _timed("  parse", lambda: [parse_plan(pair.plan) for pair in pairs])
    made, spent = _timed(
        "check, compare, sign",
        lambda: [make_row(pair, redacting=False, likeness=0.8, words=5)[0] for pair in pairs],
    )
    rows: list[dict[str, Any]] = [row for row in made if isinstance(row, dict)]
    for row in rows:
        row |= {"prompt_tokens": 0, "completion_tokens": 0, "staged_tokens": []}
    packed = _timed("pack", lambda: pack_rows(rows))[1]
    _line("build without tokens", spent + packed)
    tokens = TokenCounter(_model())
    counted = _timed("tokens", lambda: count_tokens(rows, tokens))[1]
    _line("build", spent + packed + counted)


def build(count: int, processes: int) -> dict[str, float]:
    """Build from so many generated pairs; the seconds and the peak of memory in MB."""
    from data.build import build as run
    from data.config import BuildConfig

    source = {"name": "generated", "kind": "generated", "seed": 1, "count": count}
    model = _model()
    with tempfile.TemporaryDirectory() as folder, _memory() as readings:
        config = BuildConfig.model_validate(
            {"output": f"{folder}/out", "model": "smollm2-135m", "sources": [source]}
        )
        started = time.perf_counter()
        run(
            config, model, work=Path(folder, "work"), processes=processes,
            say=lambda step, done, total: None,
        )  # fmt: skip
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "megabytes": max(readings) / 1e6}


@contextmanager
def _memory() -> Iterator[list[int]]:
    """Reads the bytes that this process and those below it take, until the block ends."""
    import psutil

    readings = [0]
    ended = threading.Event()
    own = psutil.Process()

    def read() -> None:
        while not ended.wait(_EVERY):
            total = 0
            for process in (own, *own.children(recursive=True)):
                with suppress(psutil.Error):  # it may have ended just now
                    total += process.memory_full_info().pss
            readings.append(total)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield readings
    ended.set()
    thread.join()


def _timed(name: str, run: Callable[[], Result]) -> tuple[Result, float]:
    """What `run` gives, and the seconds of processor time for each pair."""
    started = time.process_time()
    result = run()
    spent = (time.process_time() - started) / SAMPLE
    _line(name, spent)
    return result, spent


def _line(name: str, spent: float) -> None:
    print(f"{name:<22} {spent * 1e3:>7.2f} {1 / spent:>8.0f}")


def _model() -> Path:
    from inference.models import find_model
    from tickets.models import DEFAULT_MODEL

    return find_model(DEFAULT_MODEL, lambda text: print(text, file=sys.stderr)).path


if __name__ == "__main__":
    main()
