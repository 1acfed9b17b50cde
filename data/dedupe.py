"""Exact and near-duplicates: MinHash signatures, bands, and who repeats whom.

A signature takes 512 bytes, so only its bands' hashes (8 bytes each) stay in memory for all rows.
Rows that share a band with another row, the suspects, go through datasketch's LSH with their whole
signatures.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from data.shingles import Hashes, runs

PERMUTATIONS: Final = 128
Signature = NDArray[np.uint32]


class Signer:
    """Signs texts for one likeness: runs of `words` words, hashed by MinHash."""

    def __init__(self, likeness: float, words: int) -> None:
        self.words = words
        lsh = MinHashLSH(threshold=likeness, num_perm=PERMUTATIONS)
        self._bands, self._rows = lsh.b, lsh.r
        self._empty = MinHash(num_perm=PERMUTATIONS, hashfunc=int)

    def sign(self, hashes: Hashes) -> Signature:
        """The signature of a text, given the hashes of its words."""
        minhash = self._empty.copy()
        # The upper half: a polynomial's lower bits mix less.
        minhash.update_batch((runs(hashes, self.words) >> np.uint64(32)).tolist())
        signature: Signature = minhash.hashvalues.astype(np.uint32)
        return signature

    def bands(self, signature: Signature) -> Hashes:
        """The hash of each band of a signature; texts alike enough very likely share one."""
        used = self._bands * self._rows
        # A run through all bands as long as a band has its hash at each band's beginning.
        found: Hashes = runs(signature[:used].astype(np.uint64), self._rows)[:: self._rows]
        return found


class Twin(NamedTuple):
    """That row `row` repeats row `of`: likeness 1 for the same words, else as estimated."""

    row: int
    of: int
    likeness: float


def suspects(bands: Hashes, among: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """The rows that share a band with another row (with one of `among`, where given).

    `bands` has a row for each text and a column for each band.
    """
    found = np.zeros(len(bands), np.bool_)
    for column in bands.T:
        if among is None:
            _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
            found |= counts[inverse] > 1
        else:
            found |= np.isin(column, column[among])
    return np.flatnonzero(found)


def near_twins(
    order: Iterable[int],
    signature: Callable[[int], Signature],
    likeness: float,
    *,
    keep: Callable[[int], bool] = lambda _: True,
    apart: Callable[[int, int], bool] = lambda row, other: True,
) -> list[Twin]:
    """Which rows are near-duplicates of one that comes before them in `order` and was kept.

    Args:
        order: the suspects, those to be kept first in front.
        signature: gives a row's signature.
        likeness: from which estimated Jaccard likeness on two rows are near-duplicates.
        keep: whether later rows are compared with a row.
        apart: whether a row that is like an earlier one is to be reported as its twin.
    """
    lsh = MinHashLSH(threshold=likeness, num_perm=PERMUTATIONS)
    seen: dict[int, MinHash] = {}
    twins = []
    for row in order:
        minhash = MinHash(hashvalues=signature(row), scheme="affine32")
        near = sorted(
            ((seen[other].jaccard(minhash), -other) for other in lsh.query(minhash)), reverse=True
        )
        twin = next(
            (
                Twin(row, -other, round(score, 3))
                for score, other in near
                if score >= likeness and apart(row, -other)
            ),
            None,
        )
        if twin is not None:
            twins.append(twin)
        elif keep(row):
            lsh.insert(row, minhash)
            seen[row] = minhash
    return twins


def exact_twins(order: Iterable[int], keys: NDArray[np.uint64]) -> list[Twin]:
    """Which rows have the same words as one that comes before them in `order`."""
    first: dict[int, int] = {}
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    repeated = counts[inverse] > 1
    twins = []
    for row in order:
        if repeated[row]:
            of = first.setdefault(int(keys[row]), row)
            if of != row:
                twins.append(Twin(row, of, 1.0))
    return twins
