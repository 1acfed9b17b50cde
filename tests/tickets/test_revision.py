"""An epic written anew in a plan: bound to the other lines, and put in their midst."""

from pathlib import Path

import pytest

from tests.tickets.test_staged import accepts
from tickets.formats import FORMATS
from tickets.headers import read_header
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.revision import Revision
from tickets.rules import check_plan
from tickets.schema import Epic, Plan
from tickets.staged_outline import revision_grammar, write_outline

CURATED = sorted((Path(__file__).parents[2] / "data" / "curated").glob("*.plan.md"))
DOCUMENT = "# Export\n\nThe page must have a button.\n"


@pytest.fixture(scope="module")
def plan() -> Plan:
    plans = (parse_plan(read_header(p.read_text("utf-8"))[1]).plan for p in CURATED)
    return repair_plan(next(plan for plan in plans if len(plan.epics) > 2)).plan


def anew(plan: Plan) -> str:
    """The plan's outline with another second epic."""
    lines = write_outline(plan).splitlines(keepends=True)
    start = next(place for place, line in enumerate(lines) if line.startswith("2 "))
    end = next(place for place, line in enumerate(lines) if line.startswith("3 "))
    new = ["2 Another epic | Web | Web Team | Low\n", "2.1 Another story | 13 | Low\n"]
    return "".join([*lines[:start], *new, *lines[end:]])


def test_the_grammar_leaves_only_the_epic_free(plan: Plan) -> None:
    grammar = revision_grammar(plan, {1})
    assert accepts(grammar, anew(plan))
    assert accepts(grammar, write_outline(plan))
    assert not accepts(grammar, anew(plan).replace(plan.epics[0].title, "Something else", 1))
    assert not accepts(revision_grammar(plan, {0}), anew(plan))


def test_the_other_epics_stay_as_they_were(plan: Plan) -> None:
    revision = Revision(plan, {1}, "Make it smaller")
    step = revision.begin(DOCUMENT)
    assert step.messages[1]["content"].endswith("Write the outline.\n\nMake it smaller")
    assert accepts(step.bind(None, None), anew(plan))
    details = revision.follow(anew(plan), lambda _: DOCUMENT)
    assert [step.name for step in details] == ["epic 2", "story 2.1"]
    made = revision.assemble([anew(plan), "2 Why.\n", "2.1 How.\n- It is there\n- It is tested\n"])
    found = parse_plan(made.markdown).plan
    assert not [each for each in check_plan(found) if each.severity == "error"]
    assert found.epics[1].title == "Another epic"
    assert found.epics[1].stories[0].acceptance_criteria == ("It is there", "It is tested")
    for place, epic in enumerate(plan.epics):
        if place != 1:
            assert texts(found.epics[place]) == texts(epic)
    assert "Story 2.1: " in made.markdown


def texts(epic: Epic) -> list[object]:
    return [epic.title, epic.description, [(s.title, s.description, s.tasks) for s in epic.stories]]


def test_the_rest_of_the_markdown_is_the_same_where_nothing_follows(plan: Plan) -> None:
    revision = Revision(plan, {1})
    steps = list(FORMATS["staged"].examples(DOCUMENT, plan))
    asked = {step.name for step in revision.follow(steps[0][1], lambda _: DOCUMENT)}
    details = [completion for step, completion in steps[1:] if step.name in asked]
    assert 1 < len(details) < len(steps) - 1
    made = revision.assemble([steps[0][1], *details])
    before, after = render_plan(plan).splitlines(), made.markdown.splitlines()
    start = before.index(next(line for line in before if line.startswith("### Epic 2")))
    assert after[:start] == before[:start]
