import pytest

from eval.adversarial.cheats import CHEATS, EQUAL, EQUAL_FROM, Given, Maker, paraphrased, weak
from eval.fidelity import compare
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.rules import check_plan


@pytest.fixture(scope="module")
def bounds(givens: list[Given]) -> list[float]:
    return [compare(weak(given), given.reference).score for given in givens]


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda maker: maker.__name__)
def test_a_cheat_scores_below_the_honest_weak_plan(
    givens: list[Given], bounds: list[float], cheat: Maker
) -> None:
    tried = 0
    for given, bound in zip(givens, bounds, strict=True):
        plan = cheat(given)
        if plan is not None:
            tried += 1
            assert compare(plan, given.reference).score < bound, given.id
    assert tried > len(givens) / 2


@pytest.mark.parametrize("equal", EQUAL, ids=lambda maker: maker.__name__)
def test_an_equal_plan_scores_as_one(givens: list[Given], equal: Maker) -> None:
    tried = 0
    for given in givens:
        plan = equal(given)
        if plan is not None:
            tried += 1
            assert plan != given.reference
            assert compare(plan, given.reference).score >= EQUAL_FROM, given.id
    assert tried >= 3


def test_the_honest_weak_plan_is_weak_and_honest(givens: list[Given], bounds: list[float]) -> None:
    for given, bound in zip(givens, bounds, strict=True):
        assert 0.2 < bound < 0.7, given.id
        plan = weak(given)
        assert parse_plan(render_plan(plan)).plan == plan
        assert not [f for f in check_plan(plan) if f.severity == "error"], given.id


def test_paraphrases_share_no_title_with_the_reference(givens: list[Given]) -> None:
    for given in givens:
        plan = paraphrased(given)
        if plan is not None:
            ours, theirs = (
                {ticket.title for _, ticket in each.tickets()} for each in (plan, given.reference)
            )
            assert not ours & theirs
