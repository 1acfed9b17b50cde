"""The subset for training without a GPU: the examples that teach most per token.

An example's features are what it can teach: the words of document and plan, how many epics and
stories the plan has, the rest of its shape (tasks, bugs, dependencies, points, priorities), style,
domain and source. A set of examples is worth the sum of the square roots of how often each feature
is in it: what is new is worth most, and seeing it again is worth less each time (feature-based
submodular functions, Lin and Bilmes, "A Class of Submodular Functions for Document Summarization",
2011). Examples are added one by one, always the one of the highest gain, times the weight of its
source, for a power of its tokens (Lin and Bilmes, "Multi-document Summarization via Budgeted
Maximization of Submodular Functions", 2010); since gains only shrink, a gain is worked out anew
only when its example comes to the top (Minoux, "Accelerated greedy algorithms", 1978).
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.shingles import exact_hash, hash_words, words_of

POOL: Final = 10
"""Candidates per example that is wanted: so many are drawn of each source, and their features held
in memory."""
COST: Final = 0.5
"""The power of an example's tokens that its gain is divided by. With 1, nineteen of twenty chosen
plans have one epic: a plan of four teams is three times as long, and how they wait for each other
cannot be learned from short ones."""
_STEPS: Final = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Where counts of tickets fall into one feature with their neighbours."""


class Candidate(NamedTuple):
    """An example that may be chosen: its row, its tokens, the weight of its source, its features
    by kind (hashes).
    """

    row: int
    tokens: int
    weight: float
    features: tuple[NDArray[np.uint64], ...]


def make_candidate(row: int, columns: Mapping[str, Any], weight: float = 1) -> Candidate:
    """The candidate for a row of `data.prepare`'s columns, with its `source` and that's weight."""
    words = np.unique(hash_words(words_of(columns["document"] + " " + columns["content"])))
    sizes, shape = (
        [f"{kind} {max(step for step in _STEPS if step <= columns[kind])}" for kind in kinds]
        for kinds in (("epics", "stories"), ("tasks", "bugs", "edges"))
    )
    shape += [f"points {value}" for value in sorted(set(columns["points"]))]
    shape += [f"priority {value}" for value in sorted(set(columns["priorities"]))]
    names = [f"{kind} {columns[kind]}" for kind in ("style", "domain", "source")]
    kinds = (shape, *([each] for each in (*sizes, *names)))
    others = (np.array([exact_hash([each]) for each in kind], np.uint64) for kind in kinds)
    tokens = columns["prompt_tokens"] + columns["completion_tokens"]
    return Candidate(row, tokens, weight, (words, *others))


def choose(candidates: Sequence[Candidate], most: int) -> list[int]:
    """The rows of at most `most` candidates, the most useful one first.

    All kinds of features weigh the same; ties go to the lower row.
    """
    if not candidates:
        return []
    places = [_dense(kind) for kind in zip(*(each.features for each in candidates), strict=True)]
    weights = [len(candidates) / max(1, sum(map(len, kind))) for kind, _ in places]
    counts = [np.zeros(size) for _, size in places]

    def gain(index: int) -> float:
        total = 0.0
        for (kind, _), weight, count in zip(places, weights, counts, strict=True):
            own = count[kind[index]]
            total += weight * float((np.sqrt(own + 1) - np.sqrt(own)).sum())
        cost: float = candidates[index].tokens ** COST
        return total * candidates[index].weight / cost

    heap = [(-gain(index), each.row, index) for index, each in enumerate(candidates)]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < most:
        _, row, index = heapq.heappop(heap)
        now = -gain(index)
        if heap and (now, row) > heap[0][:2]:
            heapq.heappush(heap, (now, row, index))
            continue
        chosen.append(row)
        for (kind, _), count in zip(places, counts, strict=True):
            count[kind[index]] += 1
    return chosen


def _dense(kind: Sequence[NDArray[np.uint64]]) -> tuple[list[NDArray[np.int64]], int]:
    """The features of each candidate as places in a list of all, and how many there are."""
    values, inverse = np.unique(np.concatenate(kind), return_inverse=True)
    ends = np.cumsum([len(each) for each in kind])[:-1]
    return np.split(inverse, ends), len(values)
