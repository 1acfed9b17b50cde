"""What differences mean: intervals over documents, paired tests, and how many documents it takes.

Documents are what is drawn at random, so a system's seeds are averaged per document before
anything is computed.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy import stats

from tickets.schema import Model

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 9999
SEED: Final = 0
POWER: Final = 0.8
"""The chance with which a difference is to be found by the number of documents that is told."""


class Interval(Model):
    """A mean over documents with its bootstrap interval; None with fewer than two documents."""

    mean: float
    low: float | None
    high: float | None
    documents: int


class Difference(Model):
    """Two systems on the same documents, the second less the first.

    Attributes:
        mean, low, high: of the differences, as in `Interval`.
        p: of a two-sided permutation test; None with fewer than two documents.
        corrected: p after Holm's correction; see `holm`.
        documents: how many both have a score for.
        needed: documents by which a difference of this size would be found at this spread; None
            where there is no difference. `holm` raises it to what its correction asks for.
    """

    first: str
    second: str
    mean: float
    low: float | None
    high: float | None
    p: float | None
    corrected: float | None = None
    documents: int
    needed: int | None

    @property
    def is_significant(self) -> bool:
        """Whether the corrected p is below 0.05."""
        return self.corrected is not None and self.corrected < 1 - CONFIDENCE


def interval(values: Sequence[float]) -> Interval:
    """The mean of a value per document with its percentile bootstrap interval.

    Percentiles and not BCa, which is not defined where all values are equal, as shares of rules
    kept often are.
    """
    data = np.asarray(values, dtype=float)
    low = high = None
    if len(data) > 1:
        found = stats.bootstrap(
            (data,),
            np.mean,
            n_resamples=RESAMPLES,
            batch=1000,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(SEED),
        ).confidence_interval
        low, high = float(found.low), float(found.high)
    return Interval(mean=float(data.mean()), low=low, high=high, documents=len(data))


def difference(
    first: str, second: str, ours: Sequence[float], theirs: Sequence[float]
) -> Difference:
    """The paired difference `theirs` - `ours`; both have one value per document, in one order."""
    deltas = np.asarray(theirs, dtype=float) - np.asarray(ours, dtype=float)
    found = interval(deltas.tolist())
    p = None
    if len(deltas) > 1:
        p = 1.0
        if np.any(deltas):
            test: Any = stats.permutation_test(
                (deltas,),
                lambda values, axis: np.mean(values, axis=axis),
                permutation_type="samples",
                vectorized=True,
                n_resamples=RESAMPLES,
                batch=1000,
                rng=np.random.default_rng(SEED),
            )
            p = float(test.pvalue)
    return Difference(
        first=first,
        second=second,
        p=p,
        needed=documents_needed(deltas.tolist()),
        **found.model_dump(),
    )


def documents_needed(deltas: Sequence[float]) -> int | None:
    """How many documents a paired two-sided test at 5 % needs to find this mean difference with a
    chance of 80 %: ((z_0.975 + z_0.8) * spread / mean)^2 (Cohen, Statistical Power Analysis, 1988,
    in the normal approximation). None without a difference, or of fewer than two documents.
    """
    data = np.asarray(deltas, dtype=float)
    if len(data) < 2 or not abs(data.mean()) > 1e-9:
        return None
    z = float(stats.norm.ppf(1 - (1 - CONFIDENCE) / 2) + stats.norm.ppf(POWER))
    return max(2, math.ceil(float(z * data.std(ddof=1) / data.mean()) ** 2))


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """The differences with p corrected for their number (Holm, Scandinavian Journal of Statistics
    6, 1979): the smallest p times their number, the next times one less, never falling.
    """
    tested = sorted((d.p, place) for place, d in enumerate(differences) if d.p is not None)
    corrected: dict[int, float] = {}
    last = 0.0
    for rank, (p, place) in enumerate(tested):
        last = max(last, min(1.0, p * (len(tested) - rank)))
        corrected[place] = last
    return [
        d.model_copy(
            update={
                "corrected": corrected.get(place),
                "needed": _more_needed(d.needed, len(tested)),
            }
        )
        for place, d in enumerate(differences)
    ]


def _more_needed(needed: int | None, comparisons: int) -> int | None:
    """The documents that `needed` becomes where p has to be below 5 % / comparisons.

    Under so many documents no permutation test gets there, however clear the difference: with n
    of them the smallest p is 2 / 2^n.
    """
    if needed is None or not comparisons:
        return needed
    level = (1 - CONFIDENCE) / comparisons
    before, after = (float(stats.norm.ppf(1 - a / 2)) for a in (1 - CONFIDENCE, level))
    power = float(stats.norm.ppf(POWER))
    least = math.floor(1 - math.log2(level)) + 1
    return max(least, math.ceil(needed * ((after + power) / (before + power)) ** 2))
