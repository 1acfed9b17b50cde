"""How much of what an epic rests on its excerpt keeps, by the generator's own traces.

    .venv/bin/python -m scripts.bench.excerpts [--pairs 200]

The generator knows which sentence each story was made from. Documents are cut to a share of their
words: for each epic by its titles (BM25, as at serving), and by its traces first (as in training,
where they are known); and for all epics by the kinds of sections, as the outline reads it. Printed
is the share of an epic's sentences that is still there, the mean over all epics: first of documents
alone, then of each among nine others, which is what a document that is far too long looks like to
one epic.
"""

import statistics
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from data.generator.generate import GeneratedPair, generate
from tickets.excerpts import excerpt
from tickets.sections import fit_document

_SEED: Final = 9
"""Not one that a dataset is made from."""

_ALONE: Final = (0.6, 0.4, 0.2)
_AMONG: Final = (0.2, 0.1)
_OTHERS: Final = 9


def _words(text: str) -> int:
    return len(text.split())


def _kept(pair: GeneratedPair, document: str, share: float) -> Iterator[tuple[float, ...]]:
    """For each epic what is kept by its titles, by its traces, and by the kinds of sections."""
    budget = int(share * _words(document))
    by_kind = fit_document(document, budget, _words).text
    for epic, lines in zip(pair.plan.epics, pair.pair.rests_on, strict=True):
        if lines:
            by_title = excerpt(document, epic, budget, _words).text
            by_trace = excerpt(document, epic, budget, _words, lines).text
            texts = by_title, by_trace, by_kind
            yield tuple(sum(line in text for line in lines) / len(lines) for text in texts)


def main(pairs: Annotated[int, typer.Option(min=_OTHERS + 1)] = 200) -> None:
    """Measure and print."""
    made = [generate(_SEED, number) for number in range(pairs)]
    print("| documents | of their words | by titles | by traces | by kinds of sections |")
    print("| --- | --: | --: | --: | --: |")
    for share in _ALONE:
        _show("alone", share, [each for p in made for each in _kept(p, p.pair.document, share)])
    for share in _AMONG:
        found = []
        for first in range(0, pairs - _OTHERS, _OTHERS + 1):
            group = made[first : first + _OTHERS + 1]
            joined = "\n\n".join(each.pair.document for each in group)
            found += [each for p in group for each in _kept(p, joined, share)]
        _show(f"among {_OTHERS} others", share, found)


def _show(name: str, share: float, found: Sequence[tuple[float, ...]]) -> None:
    means = [f"{statistics.mean(column):.0%}" for column in zip(*found, strict=True)]
    print(f"| {name} | {share:.0%} | {' | '.join(means)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
