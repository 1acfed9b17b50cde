"""Texts as sets of word runs, in numbers: for MinHash, and for finding what two texts share."""

import re
from typing import Final

import numpy as np
import xxhash
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_WORD: Final = re.compile(r"\w+")
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)  # odd, so no word's share is lost mod 2^64


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return _WORD.findall(text.lower())


def hash_words(words: list[str]) -> Hashes:
    """A 64-bit hash for each word, the same on every machine."""
    digest = xxhash.xxh64_intdigest
    return np.fromiter((digest(word.encode()) for word in words), np.uint64, len(words))


def runs(hashes: Hashes, length: int) -> Hashes:
    """The hash of each run of `length` words, in order; of all words if there are fewer.

    A polynomial in `_BASE` over the words' hashes, modulo 2^64.
    """
    count = len(hashes) - length + 1
    if count < 1:
        length, count = len(hashes), min(1, len(hashes))
    found = np.zeros(count, np.uint64)
    for offset in range(length):
        found *= _BASE
        found += hashes[offset : offset + count]
    return found


def exact_hash(words: list[str]) -> int:
    """A 64-bit hash of the words in their order: equal for texts that read the same."""
    return xxhash.xxh64_intdigest(" ".join(words).encode())
