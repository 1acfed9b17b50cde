"""How like two texts are, by their words alone: no model is loaded, and the same comes out always.

A likeness is a matrix over two lists of texts, from 0 (nothing in common) to 1 (equal). The lexical
one is the cosine of TF-IDF vectors over stems, with the likeness of the characters beside it, which
knows compounds and derivations that a stemmer does not (`unconfirmed` and `not confirmed`).
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy import sparse

from tickets.words import stems

Matrix = NDArray[np.float64]
Likeness = Callable[[Sequence[str], Sequence[str]], Matrix]

_CHANCE: Final = 0.5
"""What two English titles that have nothing to do with each other share of their characters."""
_CHARACTERS: Final = 0.8
"""What equal characters are worth beside equal words, since chance is at work there."""


def lexical(left: Sequence[str], right: Sequence[str]) -> Matrix:
    """The cosine of the texts' TF-IDF vectors; shape (len(left), len(right)), values 0 to 1.

    The weight of a stem is (1 + ln count) * ln(1 + N / n) over the texts of both sides: what every
    ticket of both plans says tells none from the other.
    """
    if not left or not right:
        return np.zeros((len(left), len(right)))
    sides = [list(map(_counts, texts)) for texts in (left, right)]
    spread = Counter(stem for counts in sides for count in counts for stem in count)
    places = {stem: place for place, stem in enumerate(spread)}
    total = len(left) + len(right)
    rarity = {stem: math.log(1 + total / each) for stem, each in spread.items()}
    ours, theirs = (_vectors(counts, places, rarity) for counts in sides)
    rows = sparse.csr_array(ours, shape=(len(left), len(places)))
    columns = sparse.csc_array(theirs, shape=(len(places), len(right)))
    product: Any = rows @ columns
    cosines: Matrix = np.minimum(product.toarray(), 1.0)
    return cosines


@lru_cache(maxsize=2048)
def _counts(text: str) -> Counter[str]:
    """The stems of a text, counted line by line: its lines stand elsewhere too, and `stems` keeps
    what it has read. A reference's texts are compared with those of many plans.
    """
    return Counter(chain.from_iterable(map(stems, text.split("\n"))))


def _vectors(
    counts: Iterable[Counter[str]], places: dict[str, int], rarity: dict[str, float]
) -> tuple[list[float], list[int], list[int]]:
    """Vectors of length 1 as values, their places, and where each vector starts."""
    values: list[float] = []
    columns: list[int] = []
    starts = [0]
    for count in counts:
        weights = [(1 + math.log(times)) * rarity[stem] for stem, times in count.items()]
        length = math.sqrt(sum(weight * weight for weight in weights)) or 1.0
        values += [weight / length for weight in weights]
        columns += [places[stem] for stem in count]
        starts.append(len(values))
    return values, columns, starts


def short_lexical(left: Sequence[str], right: Sequence[str]) -> Matrix:
    """The same for titles and criteria, which are short: the better of words and characters.

    Characters are compared with the stems in alphabetical order, so that the order of the words
    does not matter.
    """
    words = lexical(left, right)
    if not words.size:
        return words
    sides = [[" ".join(sorted(stems(text))) for text in texts] for texts in (left, right)]
    # What is below chance counts as nothing, and is given up early.
    ratios = process.cdist(*sides, scorer=fuzz.ratio, score_cutoff=100 * _CHANCE, dtype=np.float32)
    characters = np.maximum(0.0, (ratios / 100.0 - _CHANCE) / (1 - _CHANCE)) * _CHARACTERS
    return np.maximum(words, characters)
