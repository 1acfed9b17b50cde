"""Which split a pair belongs to: by domain, then by group, never by row."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xxhash
from numpy.typing import NDArray

from data.config import Splits

TEST: Final = 1
VALIDATION: Final = 2
TRAIN: Final = 3
RANKS: Final = {"test": TEST, "validation": VALIDATION, "train": TRAIN}
"""The lower one keeps what two splits both have."""

Codes = NDArray[np.integer[Any]]


def split_rows(
    groups: Codes, group_names: Sequence[str], domains: Codes, domain_names: Sequence[str],
    splits: Splits,
) -> NDArray[np.int8]:  # fmt: skip
    """The rank of each row's split.

    Groups and domains are given as codes into their names. A group goes where one of its rows'
    domains is held out, wholly (test before validation); of the other groups a share goes to
    each held-out split, chosen by a hash of the group's name and the seed.
    """
    families = _families(group_names, splits.together)
    rows = families[groups]
    ranks = np.array([_drawn(group_names[family], splits) for family in families], np.int8)
    for rank, held in ((VALIDATION, splits.validation), (TEST, splits.test)):
        codes = [i for i, name in enumerate(domain_names) if name in held.domains]
        ranks[np.isin(families, rows[np.isin(domains, codes)])] = rank
    return ranks[groups]


def _families(names: Sequence[str], together: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """For each group the code of the first group of its family."""
    families = np.arange(len(names))
    codes = {name: code for code, name in enumerate(names)} if together else {}
    for members in together:
        known = [int(families[codes[name]]) for name in members if name in codes]
        if known:
            families[np.isin(families, known)] = min(known)
    return families


def _drawn(name: str, splits: Splits) -> int:
    place = draw(name, splits.seed)
    if place < splits.test.share:
        return TEST
    if place < splits.test.share + splits.validation.share:
        return VALIDATION
    return TRAIN


def draw(name: str, seed: int) -> float:
    """A number from 0 to below 1 that depends on name and seed alone."""
    return xxhash.xxh64_intdigest(name.encode(), seed=seed) / 2**64
