"""Two plans compared ticket by ticket."""

from pathlib import Path

import pytest

from eval.difference import compare_plans
from tickets.headers import read_header
from tickets.parse import parse_plan
from tickets.schema import Plan, Ref

PATH = sorted((Path(__file__).parents[2] / "data" / "curated").glob("*.plan.md"))[0]


@pytest.fixture(scope="module")
def text() -> str:
    return read_header(PATH.read_text("utf-8"))[1]


def plan_of(text: str) -> Plan:
    return parse_plan(text).plan


def test_equal_plans_have_no_change(text: str) -> None:
    assert {change.kind for change in compare_plans(plan_of(text), plan_of(text))} == {"same"}


def test_a_changed_field_is_told_with_both_values(text: str) -> None:
    old = plan_of(text)
    story = old.epics[0].stories[0]
    new = plan_of(text.replace(story.acceptance_criteria[0], "A wholly other criterion", 1))
    changed = [change for change in compare_plans(old, new) if change.kind == "changed"]
    assert [change.ticket.ref for change in changed] == [story.ref]
    (field,) = changed[0].fields
    assert field.name == "acceptance criteria"
    assert set(field.old) - set(field.new) == {story.acceptance_criteria[0]}
    assert "A wholly other criterion" in field.new


def test_a_story_that_only_has_another_number_has_not_changed(text: str) -> None:
    old = plan_of(text)
    first, *rest = old.epics[0].stories
    moved = tuple(
        story.model_copy(update={"ref": Ref.of(f"1.{place}")})
        for place, story in enumerate(rest, start=1)
    )
    epic = old.epics[0].model_copy(update={"stories": moved})
    new = old.model_copy(update={"epics": (epic, *old.epics[1:])})
    changes = compare_plans(old, new)
    gone = [change.ticket.title for change in changes if change.kind == "gone"]
    assert gone[0] == first.title
    kept = [c for c in changes if c.old and c.new and c.old.ref != c.new.ref]
    assert len(kept) >= len(rest)
    assert all(not c.fields or {f.name for f in c.fields} == {"dependencies"} for c in kept)


def test_a_new_plan_is_new_in_all_its_tickets(text: str) -> None:
    plan = plan_of(text)
    assert {change.kind for change in compare_plans(Plan(), plan)} == {"new"}
    assert {change.kind for change in compare_plans(plan, Plan())} == {"gone"}
