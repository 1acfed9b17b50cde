import random

import numpy as np
import pytest

from data.dedupe import Signer, exact_twins, near_twins, suspects
from data.shingles import exact_hash, hash_words, runs, words_of
from tests.data.making import words

SIGNER = Signer(0.8, 5)


def sign(text: str) -> np.ndarray:
    return SIGNER.sign(hash_words(words_of(text)))


def changed(text: str, share: float, seed: int) -> str:
    """`text` with a share of its words replaced, in one place."""
    dice = random.Random(seed)
    parts = text.split()
    count = int(share * len(parts))
    start = dice.randrange(len(parts) - count)
    parts[start : start + count] = words(dice, count).split()
    return " ".join(parts)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5])
def test_the_estimate_is_near_the_likeness(share: float) -> None:
    texts = [words(random.Random(n), 400) for n in range(10)]
    errors = []
    for n, text in enumerate(texts):
        other = changed(text, share, n)
        one, two = (set(runs(hash_words(words_of(each)), 5).tolist()) for each in (text, other))
        estimate = float((sign(text) == sign(other)).mean())
        errors.append(estimate - len(one & two) / len(one | two))
    # 128 permutations: a standard error of at most 0.044 each.
    assert abs(float(np.mean(errors))) < 0.044
    assert max(map(abs, errors)) < 0.17


def test_likeness_does_not_see_case_and_layout() -> None:
    text = words(random.Random(0), 50)
    assert (sign(text) == sign(text.upper().replace(" ", "\n* "))).all()
    assert exact_hash(words_of(text)) == exact_hash(words_of(f"# {text}!"))


def test_short_texts_have_signatures() -> None:
    assert not (sign("one two") == sign("two one")).all()
    assert (sign("") == sign("...")).all()


def test_near_twins_are_found_among_many() -> None:
    texts = [words(random.Random(n), 200) for n in range(300)]
    texts[250] = changed(texts[10], 0.02, 1)
    texts[299] = changed(texts[10], 0.02, 2)
    signatures = [sign(text) for text in texts]
    bands = np.array([SIGNER.bands(signature) for signature in signatures])
    found = suspects(bands).tolist()
    assert {10, 250, 299} <= set(found)
    assert len(found) < 20
    twins = near_twins(found, signatures.__getitem__, 0.8)
    assert [(twin.row, twin.of) for twin in twins] == [(250, 10), (299, 10)]
    # In the other order the last one stays.
    twins = near_twins(sorted(found, reverse=True), signatures.__getitem__, 0.8)
    assert {twin.row for twin in twins} == {10, 250}


def test_what_is_dropped_drops_nothing_itself() -> None:
    """A is like B and B like C, but C is not like A: C stays."""
    text = words(random.Random(5), 400)
    chain = [text, changed(text, 0.07, 3)]
    chain.append(changed(chain[1], 0.07, 2))
    signatures = [sign(each) for each in chain]
    likeness = [(signatures[i] == signatures[j]).mean() for i, j in ((0, 1), (1, 2), (0, 2))]
    assert min(likeness[:2]) > 0.8 > likeness[2]
    assert [twin.row for twin in near_twins(range(3), signatures.__getitem__, 0.8)] == [1]


def test_exact_twins_keep_the_first_in_order() -> None:
    keys = np.array([7, 8, 7, 9, 7], np.uint64)
    assert [(t.row, t.of) for t in exact_twins([4, 0, 1, 2, 3], keys)] == [(0, 4), (2, 4)]
