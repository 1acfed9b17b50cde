"""Proof that training text is not in the held-out splits: runs of words that both have."""

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


class Shared(NamedTuple):
    """Row `row` of its batch shares these runs with held-out text; `words` is the first one."""

    row: int
    runs: tuple[int, ...]
    words: str


class Leak(NamedTuple):
    """An example that shares `runs` runs of words with held-out text, such as `words`."""

    row: int
    runs: int
    words: str


def write_held_out(folder: Path, texts: Iterable[tuple[int, str]], length: int) -> str:
    """Write the runs of held-out texts, given with their ranks, for `find_shared`.

    Returns:
        A name for their content.
    """
    found: dict[int, list[Hashes]] = {EVALUATION: [], TEST: [], VALIDATION: []}
    for rank, text in texts:
        hashes = hash_words(words_of(text))
        if len(hashes) >= length:
            found[rank].append(runs(hashes, length))
    parts = {rank: np.unique(np.concatenate(each)) if each else np.zeros(0, np.uint64)
             for rank, each in found.items()}  # fmt: skip
    for rank, each in parts.items():
        np.save(folder / f"held-out-{rank}.npy", each)
    import hashlib

    digest = hashlib.sha256(str(length).encode())
    for rank in sorted(parts):
        digest.update(b"%d:" % rank + parts[rank].tobytes())
    return digest.hexdigest()[:32]


def find_shared(
    batch: Path, ranks: NDArray[np.int8], held_out: Path, length: int
) -> list[Shared]:
    """The rows of a batch's file that share runs with the held-out text they must not share.

    Args:
        batch: the file of rows.
        ranks: the rank of each row's split; other ranks than those of `AGAINST` are passed over.
        held_out: the folder that `write_held_out` wrote into.
        length: words of a run.
    """
    kept = {rank: np.load(held_out / f"held-out-{rank}.npy", mmap_mode="r") for rank in range(3)}
    against = {
        rank: np.unique(np.concatenate([kept[other] for other in others]))
        for rank, others in AGAINST.items()
    }
    columns = pq.read_table(batch, columns=["document", "content"])
    shared = []
    for row, rank in enumerate(ranks):
        if int(rank) not in against or not len(against[int(rank)]):
            continue
        hits: dict[int, None] = {}
        said = ""
        for name in ("document", "content"):
            words = words_of(columns[name][row].as_py())
            if len(words) < length:
                continue
            own = runs(hash_words(words), length)
            places = np.flatnonzero(_within(own, against[int(rank)]))
            if len(places) and not said:
                said = " ".join(words[places[0] : places[0] + length])
            hits.update(dict.fromkeys(own[places].tolist()))
        if hits:
            shared.append(Shared(row, tuple(hits), said))
    return shared


def judge(shared: Sequence[tuple[int, Shared]], common: int) -> tuple[list[Leak], int]:
    """The leaks among what examples share with held-out text, and how many set phrases there are.

    A run that more than `common` examples share is a set phrase (of a form, of a team), no leak.
    """
    counts = Counter(run for _, each in shared for run in each.runs)
    phrases = {run for run, count in counts.items() if count > common}
    leaks = []
    for row, each in shared:
        own = [run for run in each.runs if run not in phrases]
        if own:
            leaks.append(Leak(row, len(own), each.words))
    return leaks, len(phrases)


def _within(values: Hashes, sorted_values: Hashes) -> NDArray[np.bool_]:
    places = np.searchsorted(sorted_values, values)
    places[places == len(sorted_values)] = 0
    return np.asarray(sorted_values[places] == values)
