from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import epic, item, needs, put, sound_plan, story, task
from tests.strategies import likely_plans, plans
from tickets.capacity import people, staffing
from tickets.repair import repair_plan
from tickets.repair_estimates import sum_up
from tickets.rules import check_plan
from tickets.rules_estimates import SERIES
from tickets.schema import (
    Allocation,
    CriticalLink,
    IntegrationPoint,
    Loc,
    Phase,
    PhaseItem,
    Plan,
    Ref,
    Total,
)
from tickets.vocabulary import Vocabulary

STORY_11: Loc = ("epics", 0, "stories", 0)
STORY_12: Loc = ("epics", 0, "stories", 1)
STORY_21: Loc = ("epics", 1, "stories", 0)


def mended(plan: Plan) -> tuple[Plan, list[str]]:
    """The repaired plan and what was done, as code and message."""
    result = repair_plan(plan)
    return result.plan, [f"{one.code} {one.message}" for one in result.repairs]


def test_a_plan_without_findings_is_left_as_it_is() -> None:
    plan = sound_plan()
    result = repair_plan(plan)
    assert result.plan is plan
    assert result.repairs == ()


def test_warnings_that_no_rule_can_mend_are_left_alone() -> None:
    plan = put(sound_plan(), (*STORY_11, "acceptance_criteria"), ())
    plan = put(plan, ("critical_path",), (CriticalLink(before=Ref.of(2, 1), after=Ref.of(1, 1)),))
    assert check_plan(plan)
    assert repair_plan(plan).plan is plan


# One value spoiled, and what repair does about it: it gives back the sound plan.
RESTORED: list[tuple[Loc, Any, list[str]]] = [
    ((*STORY_11, "parent"), None, ["N204 Story 1.1: parent became Epic 1"]),
    ((*STORY_21, "parent"), Ref.of(1), ["N203 Story 2.1: parent became Epic 2"]),
    ((*STORY_21, "dependencies"), needs("1.1", "9.9"),
     ["D301 Story 2.1: dependency on Story 9.9 dropped, not in the plan"]),
    ((*STORY_21, "dependencies"), needs("1.1", "2.1", "Epic 2", "1.1"),
     ["D302 Story 2.1: dependency on Story 2.1 dropped",
      "D303 Story 2.1: dependency on Epic 2 dropped",
      "D305 Story 2.1: dependency on Story 1.1 dropped"]),
    ((*STORY_12, "dependencies"), needs("1.2.2"),
     ["D304 Story 1.2: dependency on Task 1.2.2 dropped"]),
    ((*STORY_11, "dependencies"), needs("2.1"),
     ["D306 Story 1.1: dependency on Story 2.1 dropped, it closed a cycle"]),
    ((*STORY_11, "type"), None, ["F506 Story 1.1: type became Story"]),
    ((*STORY_12, "tasks", 0, "type"), "Story", ["F507 Task 1.2.1: type became Task"]),
    ((*STORY_11, "points"), None, ["F508 Story 1.1: no points became 3"]),
    ((*STORY_11, "points"), 4, ["E401 Story 1.1: points 4 became 5",
     "E403 Epic 1: points 8 became 10", "E404 The total effort: points 11 became 13",
     "A706 Team 1: points 8 became 10"]),
    ((*STORY_12, "points"), 8, ["E402 Story 1.2: points 8 became 5"]),
    (("epics", 0, "points"), 13, ["E403 Epic 1: points 13 became 8"]),
    (("epics", 0, "points"), None, ["F508 Epic 1: no points became 8"]),
    (("total",), Total(points=1, teams=1), ["E404 The total effort: points 1 became 11",
     "A710 The total effort: teams 1 became 2"]),
    (("total",), None, ["A709 The total effort: written, with points 11 and teams 2"]),
    (("phases", 1, "number"), 5, ["P602 Phase 5: became 2"]),
    (("phases", 1, "items"), (item("2.1"), item("8.1"), item("1.1")),
     ["P604 Story 8.1: taken out of Phase 2, not in the plan",
      "P605 Story 1.1: taken out of Phase 2, already in a phase"]),
    (("phases", 1, "items"), (), ["P606 Story 2.1: put into Phase 2"]),
    (("allocation", 0, "epics"), (), ["A704 Team 1: epics became Epic 1"]),
    (("allocation", 0, "points"), None, ["A705 Team 1: no points became 8"]),
    (("allocation", 0, "points"), 1, ["A706 Team 1: points 1 became 8"]),
    (("allocation", 0, "staffing"), (), ["A707 Team 1: 1 engineer written"]),
    (("allocation", 0, "duration"), "", ["A708 Team 1: duration of 2 weeks written"]),
    (("allocation", 0, "team"), "Team X", ["A702 Team X: became Team 1, who owns its epics"]),
    (("epics", 1, "key"), "", ["F510 Epic 2: key became ACME-SHOP-002"]),
    (("epics", 1, "key"), "acme_shop_002", ["F511 Epic 2: key acme_shop_002 became ACME-SHOP-002"]),
    (("epics", 1, "key"), "ACME-SHOP-001",
     ["F512 Epic 2: key ACME-SHOP-001 became ACME-SHOP-002"]),
]  # fmt: skip


@pytest.mark.parametrize(("loc", "value", "repairs"), RESTORED)
def test_a_repair_says_what_it_did(loc: Loc, value: Any, repairs: list[str]) -> None:
    plan, done = mended(put(sound_plan(), loc, value))
    assert done == repairs
    assert check_plan(plan) == ()


def test_numbers_follow_the_place_and_references_follow_the_numbers() -> None:
    plan = sound_plan().model_copy(
        update={
            "epics": (
                epic(4, story("4.2"), story("4.7", dependencies=needs("4.2"))),
                epic(
                    2, story("2.3", dependencies=needs("Epic 4", "4.7")), dependencies=needs("4.2")
                ),
            ),
            "critical_path": (CriticalLink(before=Ref.of(4), after=Ref.of(2, 3)),),
            "integration_points": (IntegrationPoint(first=Ref.of(4, 7), second=Ref.of(2, 3)),),
            "phases": (
                Phase(number=1, sprint="Sprint 1", items=(PhaseItem(ref=Ref.of(4)),)),
                Phase(number=2, sprint="Sprint 2", items=(item("2.3"),)),
            ),
        }
    )
    done = repair_plan(plan)
    first, second = done.plan.epics
    assert [str(ticket.ref) for _, ticket in done.plan.tickets()] == [
        "Epic 1", "Story 1.1", "Story 1.2", "Epic 2", "Story 2.1",
    ]  # fmt: skip
    assert first.stories[1].dependencies == needs("1.1")
    assert second.dependencies == needs("1.1")
    assert second.stories[0].dependencies == needs("Epic 1", "1.2")
    assert second.stories[0].parent == Ref.of(2)
    assert done.plan.critical_path[0] == CriticalLink(before=Ref.of(1), after=Ref.of(2, 1))
    assert done.plan.integration_points[0].first == Ref.of(1, 2)
    assert [phase.items[0].ref for phase in done.plan.phases] == [Ref.of(1), Ref.of(2, 1)]
    assert done.repairs[0].message == "Epic 4: became Epic 1 by its place"
    assert not [one for one in done.repairs if one.code in ("N203", "N204")]


def test_a_reference_to_a_number_given_twice_goes_with_the_first() -> None:
    plan = put(sound_plan(), (*STORY_12, "ref"), Ref.of(1, 1))
    plan = put(plan, (*STORY_12, "tasks"), ())
    done = repair_plan(plan).plan
    assert done.epics[1].stories[0].dependencies == needs("1.1")
    assert [ticket.ref for ticket in done.epics[0].stories] == [Ref.of(1, 1), Ref.of(1, 2)]


def test_an_unknown_reference_does_not_become_known_by_new_numbers() -> None:
    gap = epic(1, story("1.1", dependencies=needs("1.2")), story("1.3"))
    done = repair_plan(Plan(title="Shop", epics=(gap,))).plan
    assert done.epics[0].stories[0].dependencies == ()


def test_missing_texts_come_from_each_other() -> None:
    plan = put(sound_plan(), (*STORY_11, "title"), "")
    plan = put(plan, (*STORY_21, "name"), "")
    plan = put(put(plan, (*STORY_12, "name"), ""), (*STORY_12, "title"), "")
    plan, done = mended(put(plan, ("title",), ""))
    assert plan.epics[0].stories[0].title == "Name 1.1"
    assert plan.epics[1].stories[0].name == "Title 2.1"
    assert plan.epics[0].stories[1].name == plan.epics[0].stories[1].title == "Description 1.2"
    assert plan.title == "Epic name 1"
    assert "F502 The plan: title taken from its first epic, Epic name 1" in done


def test_a_long_description_gives_a_short_title() -> None:
    bare = story("1.1", name="", title="", description="word " * 40 + "\nmore")
    plan = repair_plan(Plan(title="Shop", epics=(epic(1, bare),))).plan
    assert len(plan.epics[0].stories[0].title) < 80
    assert set(plan.epics[0].stories[0].title.split()) == {"word"}
    nothing = story("1.1", name="", title="", description="")
    assert repair_plan(Plan(epics=(epic(1, nothing),))).plan.epics[0].stories[0].name == "Untitled"


def test_a_missing_owner_comes_from_the_component_and_a_component_from_the_owner() -> None:
    plan = Plan(
        title="Shop",
        epics=(
            epic(1, story("1.1", components=()), owner=""),
            epic(2, owner="Data Team", components=()),
            epic(3, owner="", components=()),
        ),
    )
    done = repair_plan(plan).plan
    assert [(one.owner, one.components) for one in done.epics] == [
        ("Web Team", ("Web",)),
        ("Data Team", ("Data",)),
        ("Delivery Team", ("Delivery",)),
    ]
    assert done.epics[0].stories[0].components == ("Web",)
    assert [one.team for one in done.allocation] == ["Web Team", "Data Team", "Delivery Team"]


def test_keys_are_made_after_the_title_where_there_are_none() -> None:
    plan = Plan(title="Data science pipelines!", epics=(epic(1, key=""), epic(2, key="")))
    keys = [one.key for one in repair_plan(plan).plan.epics]
    assert keys == ["PLAN-DSP-001", "PLAN-DSP-002"]
    assert repair_plan(Plan(title="日本", epics=(epic(1, key=""),))).plan.epics[0].key == (
        "PLAN-FEAT-001"
    )


def test_names_are_narrowed_to_a_vocabulary() -> None:
    vocabulary = Vocabulary(
        components=("Web", "Storage"), teams=("Team 1", "Storage Team"), key_prefix="ab_c"
    )
    plan = put(sound_plan(), (*STORY_11, "components"), ("web", "Storrage", "Web", "Mail"))
    plan = put(put(plan, ("epics", 1, "owner"), "storage"), ("epics", 0, "components"), ())
    result = repair_plan(plan, vocabulary=vocabulary)
    first, second = result.plan.epics
    assert first.stories[0].components == ("Web", "Storage", "Mail")
    assert first.components[0] in vocabulary.components
    assert second.owner == "Storage Team"
    assert [one.key for one in result.plan.epics] == ["ab_c-SHOP-001", "ab_c-SHOP-002"]
    left = check_plan(result.plan, vocabulary=vocabulary)
    assert [(one.code, one.repairable) for one in left] == [("F515", False)]
    assert repair_plan(result.plan, vocabulary=vocabulary).plan is result.plan


def test_tasks_that_sum_to_no_fibonacci_number_are_changed_until_they_do() -> None:
    for stated, points, tasks in ((8, 8, [5, 3]), (13, 13, [5, 8]), (3, 8, [5, 3])):
        two = (task("1.2.1", points=5), task("1.2.2", points=5))
        plan = put(put(sound_plan(), (*STORY_12, "tasks"), two), (*STORY_12, "points"), stated)
        done = repair_plan(plan).plan.epics[0].stories[1]
        assert (done.points, [one.points for one in done.tasks]) == (points, tasks)


@given(st.lists(st.sampled_from(SERIES), min_size=1, max_size=40), st.sampled_from(SERIES[:-4]))
def test_sums_are_reached_with_fibonacci_numbers(points: list[int], target: int) -> None:
    if target < len(points):
        return
    result = sum_up(points, target)
    assert sum(result) == target
    assert len(result) == len(points)
    assert set(result) <= set(SERIES)


def test_cycles_are_broken_against_the_order_of_the_plan() -> None:
    plan = put(sound_plan(), ("epics", 1, "dependencies"), needs("Epic 1"))
    plan = put(plan, (*STORY_11, "dependencies"), needs("Epic 2"))
    plan = put(plan, (*STORY_12, "dependencies"), needs("1.1"))
    done, repairs = mended(plan)
    assert done.epics[0].stories[0].dependencies == ()
    assert done.epics[0].stories[1].dependencies == needs("1.1")
    assert done.epics[1].dependencies == needs("Epic 1")
    assert repairs == ["D306 Story 1.1: dependency on Epic 2 dropped, it closed a cycle"]


def test_the_critical_path_is_cleaned_and_keeps_its_doubts() -> None:
    def link(before: str, after: str) -> CriticalLink:
        return CriticalLink(before=Ref.of(before), after=Ref.of(after), text="why")

    doubtful = link("2.1", "1.1")
    lines = (link("7.1", "1.1"), doubtful, link("1.1", "1.1"), doubtful, link("1.1", "2.1"))
    plan, done = mended(put(sound_plan(), ("critical_path",), lines))
    assert plan.critical_path == (doubtful,)
    assert [one[:4] for one in done] == ["D307", "D308", "D311", "D312"]


def test_empty_cross_epic_sections_are_written_from_the_dependencies() -> None:
    plan = put(put(sound_plan(), ("critical_path",), ()), ("integration_points",), ())
    plan = put(plan, ("epics", 1, "dependencies"), needs("1.2"))
    done, repairs = mended(plan)
    assert [(str(one.before), str(one.after), one.text) for one in done.critical_path] == [
        ("Story 1.2", "Epic 2", "Epic name 2 needs Name 1.2"),
        ("Story 1.1", "Story 2.1", "Name 2.1 needs Name 1.1"),
    ]
    assert [(str(one.first), str(one.second), one.text) for one in done.integration_points] == [
        ("Story 1.1", "Story 2.1", "Name 2.1 builds on Name 1.1")
    ]
    assert repairs == [
        "D316 The critical path: written from the dependencies",
        "D317 The integration points: written from the dependencies",
    ]


def test_bad_integration_points_go() -> None:
    points = tuple(
        IntegrationPoint(first=Ref.of(first), second=Ref.of(second))
        for first, second in (("1.1", "2.1"), ("2.1", "1.1"), ("Epic 1", "1.1"), ("1.1", "5.5"))
    )
    plan, done = mended(put(sound_plan(), ("integration_points",), points))
    assert plan.integration_points == points[:1]
    assert [one[:4] for one in done] == ["D313", "D315", "D314"]


def test_a_story_moves_no_further_than_it_must() -> None:
    first = Phase(number=1, sprint="Sprint 1", name="A", items=(PhaseItem(ref=Ref.of(2)),))
    second = Phase(
        number=2, sprint="Sprint 2", name="B", items=(PhaseItem(text="Tests"), item("1.1"))
    )
    third = Phase(number=3, sprint="Sprint 3", name="C", items=(item("1.2"),))
    plan, done = mended(put(sound_plan(), ("phases",), (first, second, third)))
    assert done == ["P607 Story 2.1: moved from Phase 1 to Phase 2, behind what it needs"]
    assert [str(one.ref) for one in plan.phases[1].items] == ["None", "Story 1.1", "Story 2.1"]
    assert plan.phases[0] == first
    assert plan.phases[2] == third


def test_a_phase_that_repair_empties_goes() -> None:
    one = Phase(number=1, sprint="Sprint 1", name="A", items=(item("2.1"),))
    two = Phase(number=2, sprint="Sprint 2", name="B", items=(item("1.1"), item("1.2")))
    plan, done = mended(put(sound_plan(), ("phases",), (one, two)))
    assert [(phase.number, phase.name) for phase in plan.phases] == [(1, "B")]
    assert [repair[:4] for repair in done] == ["P607", "P603", "P602"]


def test_missing_phases_are_written_in_waves() -> None:
    plan, done = mended(put(sound_plan(), ("phases",), ()))
    assert [[str(one.ref) for one in phase.items] for phase in plan.phases] == [
        ["Story 1.1", "Story 1.2"],
        ["Story 2.1"],
    ]
    assert done == ["P601 The phases: written from the dependencies"]


def test_allocation_is_written_from_owners_and_points() -> None:
    plan, done = mended(put(sound_plan(), ("allocation",), ()))
    assert plan.allocation == sound_plan().allocation
    assert done == ["A701 Team 1: allocation added", "A701 Team 2: allocation added"]


def test_second_and_idle_allocations_go() -> None:
    one, two = sound_plan().allocation
    idle = Allocation(team="Team 9", epics=(Ref.of(1),), points=3)
    plan, done = mended(put(sound_plan(), ("allocation",), (one, idle, two, one)))
    assert plan.allocation == (one, two)
    assert done == [
        "A702 Team 9: dropped, it owns no epic",
        "A703 Team 1: second allocation dropped",
    ]


@pytest.mark.parametrize(
    ("points", "engineers", "weeks"),
    [(0, 1, 2), (8, 1, 2), (9, 1, 4), (20, 1, 6), (21, 2, 4), (34, 2, 6), (80, 4, 6), (200, 4, 14)],
)
def test_staffing(points: int, engineers: int, weeks: int) -> None:
    assert staffing(points) == (engineers, weeks)


def test_people_are_counted_in_words() -> None:
    assert [people(1), people(3)] == ["1 engineer", "3 engineers"]


def test_repairs_have_the_loc_of_what_they_mended() -> None:
    plan = put(sound_plan(), (*STORY_21, "dependencies"), needs("9.9", "1.1", "8.8"))
    repairs = repair_plan(plan).repairs
    assert [one.loc for one in repairs] == [
        (*STORY_21, "dependencies", 0),
        (*STORY_21, "dependencies", 2),
    ]
    assert all(one.repairable and one.severity == "error" for one in repairs)


def test_a_plan_with_more_tickets_than_numbers_is_left_alone() -> None:
    plan = Plan(epics=(epic(1, *[story("1.1")] * 10_000),))
    assert repair_plan(plan).plan is plan


VOCABULARIES = (None, Vocabulary(components=("Cache", "Web"), teams=("Data Team",), key_prefix="X"))


@pytest.mark.parametrize(
    ("strategy", "vocabulary"), list(product((plans, likely_plans), VOCABULARIES))
)
def test_repair_ends_what_it_says_it_can(
    strategy: Callable[[], Any], vocabulary: Vocabulary | None
) -> None:
    @settings(max_examples=40, deadline=None)
    @given(strategy())
    def check(plan: Plan) -> None:
        found = check_plan(plan, vocabulary=vocabulary)
        result = repair_plan(plan, vocabulary=vocabulary)
        left = check_plan(result.plan, vocabulary=vocabulary)
        assert not [one.render() for one in left if one.repairable]
        errors = [one.render() for one in left if one.severity == "error" and plan.epics]
        assert not errors or vocabulary is not None
        assert bool(result.repairs) == any(one.repairable for one in found)
        assert (result.plan is plan) == (not result.repairs)
        assert repair_plan(result.plan, vocabulary=vocabulary).plan is result.plan
        # What repair writes is in the schema's normal form, though it is not validated again.
        assert Plan.model_validate(result.plan.model_dump()) == result.plan

    check()


@settings(max_examples=40, deadline=None)
@given(likely_plans())
def test_repair_keeps_every_ticket_and_text(plan: Plan) -> None:
    def texts(whole: Plan) -> list[tuple[Any, ...]]:
        return [
            (type(one), one.description, getattr(one, "acceptance_criteria", ()))
            for _, one in whole.tickets()
        ]

    assert texts(repair_plan(plan).plan) == texts(plan)
