"""Proof that training text is not in the held-out splits: runs of words that both have.

A run lies within one block (a paragraph, list item, heading or table row). Across blocks, forms
that teams fill in would give every two documents runs of their own: a question, an answer of one
word, the next question.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.shingles import Hashes, hash_words, runs, words_of
from data.split import TEST, TRAIN, VALIDATION

EVALUATION: Final = 0
"""The rank of documents that are only evaluated on, in front of the splits' ranks."""
AGAINST: Final = {TRAIN: (EVALUATION, TEST, VALIDATION), VALIDATION: (EVALUATION, TEST)}
"""What a split must share no text with."""
WHOLLY: Final = 0.5
"""The share of an example's runs from which on they are a leak even if each is a set phrase."""

_BLOCK: Final = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+|#>]|\d+[.)]\s))")


class Shared(NamedTuple):
    """Row `row` shares these runs with held-out text, so many of its own; `words` is the first."""

    row: int
    runs: tuple[int, ...]
    share: float
    words: str


class Leak(NamedTuple):
    """An example that shares `runs` runs of words with held-out text, such as `words`."""

    row: int
    runs: int
    words: str


def text_runs(text: str, length: int) -> tuple[Hashes, list[list[str]]]:
    """The runs of a text, and for each its words."""
    found, words = [], []
    for block in _BLOCK.split(text):
        own = words_of(block)
        if len(own) >= length:
            found.append(runs(hash_words(own), length))
            words += [own[i : i + length] for i in range(len(own) - length + 1)]
    return np.concatenate(found) if found else np.zeros(0, np.uint64), words


def write_held_out(folder: Path, texts: Iterable[tuple[int, str]], length: int) -> None:
    """Write the runs of held-out examples, given with their ranks, for `find_shared`."""
    found: dict[int, list[Hashes]] = {EVALUATION: [], TEST: [], VALIDATION: []}
    for rank, text in texts:
        found[rank].append(np.unique(text_runs(text, length)[0]))
    for rank, each in found.items():
        joined = np.concatenate(each) if each else np.zeros(0, np.uint64)
        values, counts = np.unique(joined, return_counts=True)
        np.save(folder / f"held-out-{rank}.npy", values)
        np.save(folder / f"held-out-{rank}-counts.npy", counts.astype(np.uint32))


def find_shared(batch: Path, ranks: NDArray[np.int8], held_out: Path, length: int) -> list[Shared]:
    """The rows of a batch's file that share runs with the held-out text they must not share.

    Args:
        batch: the file of rows.
        ranks: the rank of each row's split; other ranks than those of `AGAINST` are passed over.
        held_out: the folder that `write_held_out` wrote into.
        length: words of a run.
    """
    shared: list[Shared] = []
    if not np.isin(ranks, list(AGAINST)).any():
        return shared
    kept = {rank: np.load(held_out / f"held-out-{rank}.npy") for rank in AGAINST[TRAIN]}
    against = {
        rank: np.unique(np.concatenate([kept[other] for other in others]))
        for rank, others in AGAINST.items()
    }
    columns = pq.read_table(batch, columns=["document", "content"]).to_pylist()
    for row, (rank, texts) in enumerate(zip(ranks.tolist(), columns, strict=True)):
        if rank in against and len(against[rank]):
            own, words = text_runs(texts["document"] + "\n\n" + texts["content"], length)
            places = np.flatnonzero(_within(own, against[rank]))
            if len(places):
                hits = tuple(np.unique(own[places]).tolist())
                said = " ".join(words[places[0]])
                shared.append(Shared(row, hits, len(places) / len(own), said))
    return shared


def judge(shared: Sequence[Shared], held_out: Path, common: int) -> tuple[list[Leak], int]:
    """The leaks among what examples share with held-out text, and how many set phrases there are.

    A run that more than `common` examples have, held-out ones counted, is a set phrase (of a form,
    of a team) and no leak, unless `WHOLLY` of an example consists of such.
    """
    counts = Counter(run for each in shared for run in each.runs)
    for rank in AGAINST[TRAIN]:
        values = np.load(held_out / f"held-out-{rank}.npy")
        times = np.load(held_out / f"held-out-{rank}-counts.npy")
        for place in np.flatnonzero(np.isin(values, np.array([*counts], np.uint64))):
            counts[int(values[place])] += int(times[place])
    phrases = {run for run, count in counts.items() if count > common}
    leaks = []
    for row, each, share, words in shared:
        own = len(each) - len(phrases.intersection(each))
        if own or share >= WHOLLY:
            leaks.append(Leak(row, own or len(each), words))
    return leaks, len(phrases)


def _within(values: Hashes, sorted_values: Hashes) -> NDArray[np.bool_]:
    places = np.searchsorted(sorted_values, values)
    places[places == len(sorted_values)] = 0
    return np.asarray(sorted_values[places] == values)
