import numpy as np
import pytest

from eval.markdown import verdict
from eval.statistics import difference, documents_needed, holm, interval


def test_an_interval_holds_the_mean_and_narrows_with_more_documents() -> None:
    values = np.random.default_rng(1).uniform(0, 1, 200).tolist()
    few, many = interval(values[:10]), interval(values)
    for each in (few, many):
        assert each.low is not None
        assert each.high is not None
        assert each.low <= each.mean <= each.high
    assert many.high - many.low < few.high - few.low  # type: ignore[operator]


def test_one_document_has_no_interval_and_equal_ones_a_point() -> None:
    assert interval([0.5]).low is None
    same = interval([0.5, 0.5, 0.5])
    assert (same.low, same.high) == (0.5, 0.5)


def test_a_clear_difference_is_significant_and_none_is_not() -> None:
    rng = np.random.default_rng(2)
    base = rng.uniform(0, 1, 30)
    clear = difference("a", "b", base.tolist(), (base + 0.2 + rng.normal(0, 0.05, 30)).tolist())
    assert clear.mean == pytest.approx(0.2, abs=0.03)
    assert clear.p is not None
    assert clear.p < 0.001
    none = difference("a", "b", base.tolist(), base.tolist())
    assert none.p == 1
    assert none.needed is None


def test_the_exact_test_of_few_documents_cannot_be_significant() -> None:
    # All signs alike, of three documents: 2 of 8 ways are as extreme.
    assert difference("a", "b", [0.0, 0.0, 0.0], [0.1, 0.2, 0.3]).p == pytest.approx(0.25)


def test_holm_multiplies_the_smallest_p_by_the_number_of_tests() -> None:
    deltas = [[0.1, 0.2, 0.3, 0.2, 0.1, 0.3], [0.1, -0.1, 0.2, -0.2, 0.1, 0.0], [0.0] * 6]
    found = holm([difference("a", "b", [0.0] * 6, each) for each in deltas])
    ps = [each.p for each in found]
    assert found[0].corrected == pytest.approx(3 * ps[0])  # type: ignore[operator]
    corrected = [each.corrected or 0 for each in found]
    assert corrected == sorted(corrected)
    assert max(corrected) <= 1


def test_smaller_differences_need_more_documents() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.1, 40)
    noise -= noise.mean()
    needed = [documents_needed((noise + mean).tolist()) for mean in (0.1, 0.05, 0.01)]
    assert needed == sorted(needed)  # type: ignore[type-var]
    # (1.96 + 0.84)^2 * 0.1^2 / 0.05^2 for a spread of 0.1
    spread = float(noise.std(ddof=1))
    assert needed[1] == pytest.approx(7.849 * spread**2 / 0.05**2, abs=1)


def test_a_correction_asks_for_more_documents() -> None:
    rng = np.random.default_rng(4)
    deltas = rng.normal(0.05, 0.1, 20).tolist()
    one = difference("a", "b", [0.0] * 20, deltas)
    alone, *_ = holm([one])
    first, *_ = holm([one] * 10)
    assert one.needed is not None
    assert alone.needed == one.needed
    # ((2.807 + 0.842) / (1.960 + 0.842))^2 = 1.696, at 5 % / 10
    assert first.needed == pytest.approx(1.696 * one.needed, abs=1)


def test_one_document_is_no_verdict() -> None:
    one, *_ = holm([difference("a", "b", [0.1], [0.9])])
    assert verdict(one) == "one document shows nothing"


def test_no_fewer_documents_are_told_than_the_test_can_decide_by() -> None:
    clear = difference("a", "b", [0.0] * 5, [0.5, 0.5, 0.5, 0.5, 0.51])
    told, *_ = holm([clear] * 4)
    # 2 / 2^7 = 0.0156 is above 0.05 / 4 = 0.0125, and 2 / 2^8 below.
    assert told.needed == 8
