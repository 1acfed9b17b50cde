"""Pairs per second of the generator, on one processor core, and on several.

    .venv/bin/python -m scripts.bench.generator [--pairs 2000] [--processes 2]

Rendering is included, checking is not. The first figure counts the processor's time, which other
work on the machine disturbs little; the second is by the clock. Those of several processes are
summed up.
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
    print(f"{'processes':>9} {'pairs/s':>8} {'by the clock':>13} {'ms each':>8} {'MB/s':>6}")
    for count in sorted({1, processes}):
        # Each process begins from nothing, as a build does; a fork would inherit warm caches.
        with get_context("spawn").Pool(count) as pool:
            starts = [(n * pairs, pairs) for n in range(count)]
            done = pool.starmap(work, starts, chunksize=1)
        speed = sum(pairs / seconds for seconds, _, _ in done)
        clock = sum(pairs / seconds for _, seconds, _ in done)
        size = sum(characters / seconds for seconds, _, characters in done)
        print(
            f"{count:>9} {speed:>8.0f} {clock:>13.0f}"
            f" {count / speed * 1e3:>8.2f} {size / 1e6:>6.1f}"
        )


def work(start: int, count: int) -> tuple[float, float, int]:
    """Seconds of the processor and of the clock for `count` pairs from `start`, and characters."""
    for _ in generate_pairs(SEED, WARM_UP, start):
        pass
    processor, clock = time.process_time(), time.perf_counter()
    characters = sum(
        len(pair.document) + len(pair.plan) for pair in generate_pairs(SEED, count, start)
    )
    return time.process_time() - processor, time.perf_counter() - clock, characters


if __name__ == "__main__":
    typer.run(main)
