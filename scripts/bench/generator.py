"""Pairs per second of the generator, on one processor core, and on several.

    .venv/bin/python -m scripts.bench.generator [--pairs 2000] [--processes 2]

Rendering is included, checking is not. Times are those of the processor, so that other work on the
machine disturbs them little; for several processes the time on the clock counts.
"""

import time
from multiprocessing import get_context
from typing import Annotated

import typer

from data.generator.generate import generate_pairs

SEED = 7
WARM_UP = 200
"""Pairs that fill the caches of the lexica before the clock starts."""


def main(
    pairs: Annotated[int, typer.Option(min=1)] = 2000,
    processes: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Measure and print."""
    seconds, characters = work(0, pairs)
    print(f"{'processes':>9} {'pairs/s':>9} {'ms each':>8} {'MB/s':>6}")
    print(
        f"{1:>9} {pairs / seconds:>9.0f} {seconds / pairs * 1e3:>8.2f}"
        f" {characters / seconds / 1e6:>6.1f}"
    )
    if processes > 1:
        # Each process begins from nothing, as a build does; a fork would inherit warm caches.
        with get_context("spawn").Pool(processes) as pool:
            pool.starmap(work, [(n * pairs, WARM_UP) for n in range(processes)], chunksize=1)
            started = time.perf_counter()
            done = pool.starmap(work, [(n * pairs, pairs) for n in range(processes)], chunksize=1)
            seconds = time.perf_counter() - started
        total = pairs * processes
        print(
            f"{processes:>9} {total / seconds:>9.0f} {seconds / total * 1e3:>8.2f}"
            f" {sum(size for _, size in done) / seconds / 1e6:>6.1f}"
        )


def work(start: int, count: int) -> tuple[float, int]:
    """The processor's seconds for `count` pairs from `start`, and the characters written."""
    for _ in generate_pairs(SEED, WARM_UP, start):
        pass
    started = time.process_time()
    characters = sum(
        len(pair.document) + len(pair.plan) for pair in generate_pairs(SEED, count, start)
    )
    return time.process_time() - started, characters


if __name__ == "__main__":
    typer.run(main)
