from collections import Counter
from pathlib import Path

import pytest

from eval.agreement.variants import (
    GRADES,
    Rewritten,
    built,
    confusions,
    kendall,
    read_variants,
    spearman,
)
from eval.pairs import read_folder
from scripts.adversarial import every_given
from scripts.agreement import Graded, graded
from tickets.parse import parse_plan
from tickets.render import render_plan

FLOORS = {"fidelity": 0.65, "rubric": 0.55}
"""What Kendall's tau-b must reach."""


@pytest.fixture(scope="module")
def found() -> dict[str, Graded]:
    return graded()


def test_forty_plans_of_many_domains_in_four_grades(root: Path) -> None:
    variants = read_variants()
    assert Counter(each.grade for each in variants.values()) == dict.fromkeys(GRADES, 10)
    assert sum(isinstance(each, Rewritten) for each in variants.values()) >= 12
    domains = {case.id: case.domain for case in read_folder(root / "data" / "curated")}
    assert len({domains[each.base] for each in variants.values()}) >= 10


@pytest.mark.parametrize("measure", FLOORS)
def test_scores_agree_with_grades(found: dict[str, Graded], measure: str) -> None:
    ranks = [GRADES.index(each.variant.grade) for each in found.values()]
    agreement = kendall(ranks, [each.scores[measure] for each in found.values()])
    assert agreement.value >= FLOORS[measure]
    assert agreement.low <= agreement.value <= agreement.high


def test_plans_by_hand_are_plans() -> None:
    givens = {given.id: given for given in every_given()}
    for name, variant in read_variants().items():
        if isinstance(variant, Rewritten):
            plan = built(variant, givens[variant.base])
            assert parse_plan(render_plan(plan)).plan == plan, name
            needed = [d for _, ticket in plan.tickets() for d in ticket.dependencies]
            wanted = [ref for e in variant.epics for s in e.stories for ref in s.needs]
            assert len(needed) == len(wanted), name


def test_correlation_is_that_of_the_order() -> None:
    grades, scores = [0, 0, 1, 1, 2, 2, 3, 3], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    assert spearman(grades, scores).value > 0.95
    assert kendall(grades, scores[::-1]).value < -0.9


def test_mixed_up_neighbours_are_named() -> None:
    names = ("bad", "poor", "fine", "good")
    grades = dict(zip(names, ("useless", "weak", "usable", "excellent"), strict=True))
    sound, mixed = (
        confusions(grades, dict(zip(names, scores, strict=True)))  # type: ignore[arg-type]
        for scores in ((0.1, 0.2, 0.3, 0.4), (0.1, 0.3, 0.2, 0.4))
    )
    assert [(each.share, each.blamed) for each in sound] == [(0.0, ())] * 3
    assert [each.share for each in mixed] == [0.0, 1.0, 0.0]
    assert set(mixed[1].blamed) == {"poor", "fine"}
