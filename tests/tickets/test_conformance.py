import pytest
from hypothesis import given

from tests.plans import put, sound_plan
from tests.strategies import plans
from tickets.conformance import conformance
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.schema import Plan


def share(plan: Plan) -> float:
    return conformance(parse_plan(render_plan(plan))).share


def test_a_sound_plan_keeps_every_rule() -> None:
    found = conformance(parse_plan(render_plan(sound_plan())))
    assert found.share == 1.0
    assert set(found.groups.values()) == {1.0}


@pytest.mark.parametrize(
    ("place", "value", "group"),
    [
        (("epics", 0, "stories", 0, "points"), 4, "estimates"),
        (("epics", 0, "owner"), "", "fields"),
        (("phases",), (), "phases"),
        (("allocation",), (), "allocation"),
        (("epics", 0, "stories", 0, "acceptance_criteria"), (), "quality"),
    ],
)
def test_each_fault_lowers_its_own_group(
    place: tuple[str | int, ...], value: object, group: str
) -> None:
    found = conformance(parse_plan(render_plan(put(sound_plan(), place, value))))
    assert found.share < 1
    assert found.groups[group] < 1


def test_a_bare_ticket_keeps_little() -> None:
    bare = "# x\n\n## Epic Structure\n\n### Epic 1: a\n\n##### Story 1.1: b\n"
    assert conformance(parse_plan(bare)).share < 0.6


@pytest.mark.parametrize("text", ["", "words\n" * 50, "# Plan\n\n### Epic 1: alone\n"])
def test_without_a_plan_it_is_zero(text: str) -> None:
    assert conformance(parse_plan(text)).share == 0


def test_what_the_reader_forgives_counts() -> None:
    loose = render_plan(sound_plan()).replace("**Story Points**: ", "Story Points: ")
    assert conformance(parse_plan(loose)).groups["template"] < 1


@given(plans())
def test_it_is_a_share(plan: Plan) -> None:
    assert 0 <= share(plan) <= 1
