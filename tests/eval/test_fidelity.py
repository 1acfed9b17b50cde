from collections.abc import Callable
from typing import Any

import pytest

from eval.adversarial.cheats import Given, renumbered, weak
from eval.counts import Prf
from eval.fidelity import CONTENT, STRUCTURE, Fidelity, compare
from tests.plans import epic, needs, put, sound_plan, story
from tickets.schema import Epic, Phase, Plan, Story, Task

NAMES = [part.measure for part in (*CONTENT, *STRUCTURE)]


def value(fidelity: Fidelity, name: str) -> float | None:
    got = getattr(fidelity, name)
    return got.f1 if isinstance(got, Prf) else got


def test_a_reference_against_itself_scores_exactly_one(references: list[Plan]) -> None:
    for reference in references:
        fidelity = compare(reference, reference)
        assert fidelity.score == 1.0
        assert {value(fidelity, name) for name in NAMES} <= {1.0, None}


def test_a_plan_without_tickets_scores_zero(references: list[Plan]) -> None:
    assert compare(Plan(title=references[0].title), references[0]).score == 0.0


def other_points(ticket: Story) -> dict[str, Any]:
    return {"points": 1 if ticket.points != 1 else 8}


def other_priority(ticket: Story) -> dict[str, Any]:
    return {"priority": "Low" if ticket.priority != "Low" else "High"}


def other_type(ticket: Story) -> dict[str, Any]:
    return {"type": "Bug" if ticket.type != "Bug" else "Story"}


STORY_CHANGES: dict[str, Callable[[Story], dict[str, Any]]] = {
    "points": other_points,
    "priority": other_priority,
    "type": other_type,
    "components": lambda _: {"components": ("Zeppelin",)},
    "criteria": lambda ticket: {"acceptance_criteria": ticket.acceptance_criteria[1:]},
    "edges": lambda _: {"dependencies": ()},
}
ALSO = {"criteria": {"stories", "epics", "tree"}, "edges": {"order"}}
"""What may move with a measure: a story's text has its criteria, the order its edges."""


@pytest.mark.parametrize("name", STORY_CHANGES)
def test_one_corruption_lowers_its_own_measure_and_no_other(
    references: list[Plan], name: str
) -> None:
    tried = 0
    for reference in references:
        loc, ticket = next(
            (loc, ticket)
            for loc, ticket in reversed(list(reference.tickets()))
            if isinstance(ticket, Story)
        )
        if name == "edges" and not ticket.dependencies:
            continue
        tried += 1
        spoilt = put(reference, loc, ticket.model_copy(update=STORY_CHANGES[name](ticket)))
        fidelity = compare(spoilt, reference)
        own = value(fidelity, name)
        assert own is not None
        assert own < 1
        assert 0.5 < fidelity.score < 1
        moved = {
            other for other in NAMES if other != name and (value(fidelity, other) or 1.0) < 1 - 1e-9
        }
        assert moved <= ALSO.get(name, set())
    assert tried > len(references) / 2


def test_a_story_that_is_missing_costs_recall_and_not_precision(references: list[Plan]) -> None:
    for reference in references:
        first = reference.epics[0]
        if len(first.stories) < 3:
            continue
        fidelity = compare(put(reference, ("epics", 0, "stories"), first.stories[:-1]), reference)
        assert fidelity.stories is not None
        assert fidelity.stories.precision == 1
        assert fidelity.stories.recall < 1
        # What the others are like is not asked of the one that is missing.
        assert fidelity.priority == fidelity.points == fidelity.hierarchy == 1


def test_a_story_under_another_epic_costs_the_hierarchy(references: list[Plan]) -> None:
    for reference in references:
        if len(reference.epics) < 2:
            continue
        first, second = reference.epics[:2]
        moved = put(reference, ("epics", 0, "stories"), first.stories[:-1])
        moved = put(moved, ("epics", 1, "stories"), (*second.stories, first.stories[-1]))
        fidelity = compare(moved, reference)
        assert fidelity.hierarchy is not None
        assert fidelity.hierarchy < 1
        assert fidelity.stories is not None
        assert fidelity.stories.f1 < 1
        assert fidelity.priority == fidelity.points == 1


def test_an_owner_who_is_another_costs_the_owners_only(references: list[Plan]) -> None:
    for reference in references:
        spoilt = put(reference, ("epics", 0, "owner"), "Zeppelin Crew")
        fidelity = compare(spoilt, reference)
        assert fidelity.owners is not None
        assert fidelity.owners.f1 < 1
        assert fidelity.stories is not None
        assert fidelity.stories.f1 == 1


def test_phases_in_the_opposite_order_are_told() -> None:
    plan = sound_plan()
    items = [phase.items for phase in plan.phases]
    turned = [
        Phase(number=n + 1, sprint=f"Sprint {n + 1}", items=part)
        for n, part in enumerate(reversed(items))
    ]
    assert compare(plan, plan).phases == 1
    assert compare(put(plan, ("phases",), tuple(turned)), plan).phases == -1


def test_a_team_is_known_by_another_spelling() -> None:
    plan = sound_plan()
    spelt = put(plan, ("epics", 0, "owner"), "the team 1")
    fidelity = compare(spelt, put(plan, ("epics", 0, "owner"), "Team 1"))
    assert fidelity.owners is not None
    assert fidelity.owners.f1 == 1


def test_epic_dependencies_ask_for_the_same_order_as_their_stories() -> None:
    first = epic(1, story("1.1", name="Red lamp"), story("1.2", name="Blue boat"))
    by_epic = Plan(epics=(first, epic(2, story("2.1"), dependencies=needs("Epic 1"))))
    by_story = Plan(epics=(first, epic(2, story("2.1", dependencies=needs("1.1", "1.2")))))
    fidelity = compare(by_story, by_epic)
    assert fidelity.order is not None
    assert fidelity.order.f1 == 1
    assert fidelity.edges is not None
    assert fidelity.edges.f1 == 0


def test_half_an_order_turned_round_is_half_reversed() -> None:
    stories = [story("1.1", name="Red lamp"), story("1.2", name="Blue boat"), story("1.3")]

    def plan(*edges: tuple[int, str]) -> Plan:
        waits: dict[int, list[str]] = {}
        for waiter, needed in edges:
            waits.setdefault(waiter, []).append(needed)
        return Plan(
            epics=(
                epic(
                    1,
                    *(
                        each.model_copy(update={"dependencies": needs(*waits.get(n, ()))})
                        for n, each in enumerate(stories)
                    ),
                ),
            )
        )

    reference = plan((1, "1.1"), (2, "1.1"))
    assert compare(plan((0, "1.2"), (2, "1.1")), reference).reversed == 0.5
    assert compare(plan((2, "1.1")), reference).reversed == 0


def test_points_are_compared_in_fibonacci_steps() -> None:
    def plan(points: int | None) -> Plan:
        return Plan(epics=(epic(1, story("1.1", points=points)),))

    assert compare(plan(3), plan(5)).points_error == 1
    assert compare(plan(2), plan(8)).points_error == 3
    assert compare(plan(4), plan(5)).points_error == 0.5
    assert compare(plan(None), plan(5)).points == 0
    assert compare(plan(3), plan(None)).points is None


def test_the_order_of_tickets_does_not_matter(givens: list[Given]) -> None:
    for given in givens:
        plan = weak(given)
        turned = renumbered(given._replace(reference=plan))
        assert turned is not None
        ours, other = compare(plan, given.reference), compare(turned, given.reference)
        assert ours.score == pytest.approx(other.score, abs=1e-9), given.id


def test_precision_and_recall_change_places_with_the_plans(givens: list[Given]) -> None:
    for given in givens:
        there = compare(given.other, given.reference).stories
        back = compare(given.reference, given.other).stories
        assert there is not None
        assert back is not None
        assert there.precision == pytest.approx(back.recall, abs=1e-9)


def test_a_story_found_as_a_task_has_part_of_its_credit(references: list[Plan]) -> None:
    reference = next(each for each in references if len(each.epics[0].stories) > 1)
    first, second = reference.epics[0].stories[:2]
    fields = second.model_dump(include=set(Task.model_fields) - {"type"})
    as_task = Task.model_validate({**fields, "type": "Task"})
    stories = (first.model_copy(update={"tasks": (as_task,)}), *reference.epics[0].stories[2:])
    fidelity = compare(put(reference, ("epics", 0, "stories"), stories), reference)
    assert fidelity.stories is not None
    assert fidelity.stories.recall < 1
    assert 0.3 < fidelity.score < 1


def test_a_measure_that_does_not_apply_is_left_out() -> None:
    plan = Plan(epics=(epic(1, story("1.1")),))
    fidelity = compare(plan, plan)
    assert {value(fidelity, name) for name in ("edges", "order", "tasks", "phases")} == {None}
    assert fidelity.score == 1.0


def test_a_huge_plan_is_compared_in_time() -> None:
    stories = tuple(story(f"1.{n}") for n in range(1, 2001))
    huge = Plan(epics=(Epic.model_validate(epic(1).model_dump() | {"stories": stories}),))
    fidelity = compare(huge, sound_plan())
    assert fidelity.tree == 0
    assert fidelity.score < 0.1
