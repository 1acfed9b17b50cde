"""How varied the generator's pairs are: repeats among many, and the measures of a sample.

    .venv/bin/python -m scripts.diversity [--pairs 50000] [--sample 5000] [--seed 1]

Repeats are counted over all `--pairs`, by hashes of documents and of plans; distinct 4-grams,
near-duplicates, compression and shapes are those of the first `--sample`.
"""

from itertools import islice
from typing import Annotated

import typer
import xxhash

from data.diversity import diversity_table
from data.generator.generate import generate_pairs


def main(
    pairs: Annotated[int, typer.Option(min=1)] = 50_000,
    sample: Annotated[int, typer.Option(min=1)] = 5_000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Generate, count and print."""
    documents, plans = set[int](), set[int]()
    for pair in generate_pairs(seed, pairs):
        documents.add(xxhash.xxh64_intdigest(pair.document.encode()))
        plans.add(xxhash.xxh64_intdigest(pair.plan.encode()))
    print(
        f"{pairs:,} pairs of seed {seed}: {pairs - len(documents):,} repeated documents, "
        f"{pairs - len(plans):,} repeated plans"
    )
    print(f"\nThe first {min(sample, pairs):,} of them:\n")
    print(diversity_table(list(islice(generate_pairs(seed, pairs), sample))), end="")


if __name__ == "__main__":
    typer.run(main)
