from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import epic, needs, put, sound_plan, story
from tests.strategies import likely_plans, plans
from tickets.parse import parse_plan
from tickets.repair import repair_plan
from tickets.rubric import COSTS, WEIGHTS, Rubric, score_plan
from tickets.rules import RULES
from tickets.schema import Loc, Plan, Ref

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
STORY_11: Loc = ("epics", 0, "stories", 0)
STORY_21: Loc = ("epics", 1, "stories", 0)


def section(rubric: Rubric, name: str) -> float:
    return next(one.score for one in rubric.sections if one.name == name)


def test_a_sound_plan_has_the_full_score() -> None:
    rubric = score_plan(sound_plan())
    assert (rubric.score, rubric.passed) == (1.0, True)
    assert [(one.name, one.weight) for one in rubric.sections] == [
        ("Epic structure", 25),
        ("Story quality", 25),
        ("Dependency management", 20),
        ("Estimation", 15),
        ("Feasibility", 10),
        ("Completeness", 5),
    ]
    assert all(one.losses == () for one in rubric.sections)


def test_a_finding_costs_its_share_of_a_section() -> None:
    rubric = score_plan(put(sound_plan(), (*STORY_11, "acceptance_criteria"), ()))
    assert section(rubric, "Story quality") == pytest.approx(1 - 0.8 / 3, abs=1e-6)
    assert rubric.score == pytest.approx(1 - 0.25 * 0.8 / 3, abs=1e-6)
    losses = next(one.losses for one in rubric.sections if one.name == "Story quality")
    assert [(one.code, one.ticket, one.why) for one in losses] == [
        ("Q805", "Story 1.1", "Story 1.1 has no criteria")
    ]
    assert losses[0].points == pytest.approx(25 * 0.8 / 3, abs=1e-3)


def test_losses_name_the_ticket_they_are_in() -> None:
    plan = put(sound_plan(), ("epics", 0, "stories", 1, "tasks", 0, "description"), "")
    plan = put(put(plan, ("epics", 1, "key"), ""), ("total",), None)
    losses = [loss for one in score_plan(plan).sections for loss in one.losses]
    assert {(one.code, one.ticket) for one in losses} == {
        ("F505", "Task 1.2.1"),
        ("F510", "Epic 2"),
        ("A709", ""),
    }


def test_a_plan_without_stories_scores_nothing() -> None:
    for plan in (Plan(), Plan(title="Shop", epics=(epic(1),))):
        rubric = score_plan(plan)
        assert (rubric.score, rubric.passed) == (0.0, False)
        assert sum(loss.points for one in rubric.sections for loss in one.losses) == 100


def test_garbage_does_not_pass_even_when_repaired() -> None:
    bare = story("1.1", title="", description="", acceptance_criteria=(), points=None)
    plan = Plan(epics=(epic(1, bare, owner="", key="", points=None),))
    assert score_plan(plan).score < 0.5
    assert not score_plan(repair_plan(plan).plan).passed


def test_every_rule_has_a_cost_and_every_cost_a_rule() -> None:
    assert set(COSTS) == {rule.code for rule in RULES}
    assert sum(WEIGHTS.values()) == 100
    assert all(0 < cost.share <= 1 for cost in COSTS.values())


def test_the_document_counts_when_it_is_there() -> None:
    document = "# Shop\n\n## Requirements\n\n- The shop must export every invoice as a PDF file\n"
    without, with_it = score_plan(sound_plan()), score_plan(sound_plan(), document=document)
    assert section(with_it, "Epic structure") < section(without, "Epic structure")
    assert section(with_it, "Completeness") < section(without, "Completeness")
    assert section(with_it, "Estimation") == 1.0


@pytest.mark.parametrize("number", [1, 2])
def test_the_examples_pass(number: int) -> None:
    path = REFERENCE / f"example-{number}.md"
    if not path.exists():
        pytest.skip("the format's examples are not here")
    plan = parse_plan(path.read_text("utf-8")).plan
    document = path.with_name(f"example-{number}-document.md").read_text("utf-8")
    assert score_plan(plan).score > 0.88
    assert score_plan(plan, document=document).passed


SPOILS: list[tuple[Loc, object]] = [
    ((*STORY_11, "points"), 4),
    ((*STORY_11, "acceptance_criteria"), ()),
    ((*STORY_11, "description"), ""),
    ((*STORY_21, "dependencies"), needs("1.1", "9.9")),
    ((*STORY_21, "parent"), Ref.of(1)),
    (("epics", 1, "owner"), ""),
    (("epics", 0, "key"), ""),
    (("phases",), ()),
    (("allocation",), ()),
    (("total",), None),
    (("integration_points",), ()),
    (("title",), ""),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(SPOILS), max_size=6, unique_by=lambda spoil: spoil[0]))
def test_more_findings_never_raise_the_score(spoils: list[tuple[Loc, object]]) -> None:
    plan = sound_plan()
    last = score_plan(plan).score
    for loc, value in spoils:
        plan = put(plan, loc, value)
        score = score_plan(plan).score
        assert score <= last
        last = score
    assert (last < 1) == bool(spoils)


@settings(max_examples=40, deadline=None)
@given(plans() | likely_plans())
def test_scores_are_shares_and_losses_explain_them(plan: Plan) -> None:
    rubric = score_plan(plan)
    assert rubric == score_plan(plan)
    for one in rubric.sections:
        lost = sum(loss.points for loss in one.losses)
        assert one.weight * (1 - one.score) == pytest.approx(lost, abs=0.01)
        assert 0 <= one.score <= 1
    assert rubric.score == pytest.approx(
        sum(one.weight * one.score for one in rubric.sections) / 100, abs=1e-5
    )
