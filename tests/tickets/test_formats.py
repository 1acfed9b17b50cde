"""The two formats: what a pair becomes in each, and that its completions make the plan again."""

from pathlib import Path

import pytest

from tickets.formats import FORMATS, find_format
from tickets.headers import read_header
from tickets.parse import parse_plan
from tickets.prompt import document_of, format_hash
from tickets.render import render_plan
from tickets.rules import check_plan
from tickets.schema import Plan
from tickets.staged_outline import write_outline
from tickets.staged_plan import check_outline, settle_outline

CURATED = sorted((Path(__file__).parents[2] / "data" / "curated").glob("*.plan.md"))
DOCUMENT = "# Export\n\nThe page must have a button that exports the table.\n"


def curated(path: Path) -> Plan:
    return parse_plan(read_header(path.read_text("utf-8"))[1]).plan


def test_a_format_is_found_by_its_hash() -> None:
    assert find_format(format_hash()) is FORMATS["whole"]
    assert find_format(FORMATS["staged"].hash) is FORMATS["staged"]
    assert find_format("0" * 16) is None
    assert FORMATS["staged"].hash != FORMATS["whole"].hash


def test_the_whole_plan_is_one_step() -> None:
    whole, plan = FORMATS["whole"], curated(CURATED[0])
    ((step, completion),) = whole.examples(DOCUMENT, plan)
    assert step == whole.begin(DOCUMENT)
    assert whole.follow(completion, lambda _: DOCUMENT) == []
    assert whole.assemble([completion]).markdown == render_plan(plan) == completion
    assert document_of(step.messages) == DOCUMENT.strip()


@pytest.mark.parametrize("path", CURATED[::7], ids=lambda path: path.stem)
def test_the_steps_of_a_pair_are_those_that_its_completions_ask_for(path: Path) -> None:
    staged, plan = FORMATS["staged"], curated(path)
    steps, completions = zip(*staged.examples(DOCUMENT, plan), strict=True)
    followed = staged.follow(completions[0], lambda _: DOCUMENT)
    assert [step.messages for step in followed] == [step.messages for step in steps[1:]]
    assert [step.name for step in followed] == [step.name for step in steps[1:]]
    assert document_of(followed[0].messages) == DOCUMENT.strip()


@pytest.mark.parametrize("path", CURATED, ids=lambda path: path.stem)
def test_a_settled_outline_is_a_plan_without_errors(path: Path) -> None:
    plan = curated(path)
    outline = write_outline(plan)
    settled = settle_outline(outline)
    assert settled.repairs == ()
    assert write_outline(settled.plan) == outline
    _, *details = (completion for _, completion in FORMATS["staged"].examples(DOCUMENT, plan))
    made = FORMATS["staged"].assemble([outline, *details])
    assert made.repairs == ()
    found = parse_plan(made.markdown).plan
    errors = [each for each in check_plan(found) if each.severity == "error"]
    assert errors == []
    assert [e.description for e in found.epics] == [e.description for e in plan.epics]


def test_what_an_outline_says_wrongly_is_repaired_and_told() -> None:
    text = """# Export
1 Export the table | Web | Web Team | High | after 2
1.1 Add the button | 5 | High | after 3.1
1.2 Write the file | 4 | High | after 1.2
1.2 Write the guide | Low
1.2.1 Collect questions | 2
1.2.2 Write the pages | 2
2 Keep the exports | Store | Store Team | Low | after 1
2.1 Keep them a week | 3 | Low
"""
    settled = settle_outline(text)
    assert {repair.code for repair in settled.repairs} >= {"D301", "D302", "D306", "E401", "N202"}
    assert not {repair.code for repair in settled.repairs} & {
        "F510",
        "P601",
        "A701",
        "N204",
        "E403",
    }
    made = FORMATS["staged"].assemble([text])
    assert not [e for e in check_plan(parse_plan(made.markdown).plan) if e.severity == "error"]
    assert "Story 1.3: Write the guide" in made.markdown


@pytest.mark.parametrize("text", ["", "no outline at all", "# Only a title"])
def test_no_outline_is_a_plan_without_epics(text: str) -> None:
    staged = FORMATS["staged"]
    assert staged.follow(text, lambda _: DOCUMENT) == []
    plan = parse_plan(staged.assemble([text]).markdown).plan
    assert next(each.code for each in check_plan(plan) if each.severity == "error") == "F501"


def test_a_title_that_is_said_again_makes_no_second_story() -> None:
    text = """# Export
1 Export the table | Web | Web Team | High
1.1 task: task: Add the button | 5 | High
1.2 Write the file | 5 | High | after 1.1
1.3 add the button | 3 | Low
1.4 Write the guide | 3 | Low | after 1.3
2 Keep the exports | Store | Store Team | Low | after 1
2.1 Add the button | 3 | Low
"""
    settled = settle_outline(text)
    first, second = settled.plan.epics
    assert [(str(story.type), story.title) for story in first.stories] == [
        ("Task", "Add the button"), ("Story", "Write the file"), ("Story", "Write the guide"),
    ]  # fmt: skip
    assert [s.title for s in second.stories] == ["Add the button"]
    assert "O104" in {repair.code for repair in settled.repairs}
    assert not [each for each in check_plan(settled.plan) if each.severity == "error"]


def test_epics_of_one_title_and_owner_become_one() -> None:
    text = """# Export
1 Export the table | Web | Web Team | High
1.1 Add the button | Low
1.1.1 Draw it | 3
1.1.2 Place it | 2
2 Keep the exports | Store | Store Team | Low | after 1
2.1 Keep them for a week | 3 | Low | after 3.1.1
3 Export the Table | Web | Web team | Low | after 4
3.1 add the button | Low
3.1.1 Place it | 3
3.2 Write the file | 5 | High | after 3.1
4 Export the table | Docs | Docs Team | Low
4.1 Write the guide | 2 | Low
"""
    settled = settle_outline(text)
    assert write_outline(settled.plan).splitlines()[1:] == [
        "1 Export the table | Web | Web Team | High | after 3",
        "1.1 Add the button | Low",
        "1.1.1 Draw it | 3",
        "1.1.2 Place it | 2",
        "1.2 Write the file | 5 | High | after 1.1",
        "2 Keep the exports | Store | Store Team | Low | after 1",
        "2.1 Keep them for a week | 3 | Low | after 1.1",
        "3 Export the table | Docs | Docs Team | Low",
        "3.1 Write the guide | 2 | Low",
    ]
    assert {"O104", "O105"} <= {repair.code for repair in settled.repairs}
    assert len(settle_outline(text, join=False).plan.epics) == 4
    assert {("O105", 8), ("O104", 9)} <= {(each.code, each.line) for each in check_outline(text)}


def test_epics_of_one_title_stay_apart_where_they_are_too_large_for_one() -> None:
    lines = ["# Export"]
    for e in (1, 2):
        lines.append(f"{e} Export | Web | Web Team | High")
        lines += [f"{e}.{s} Write part {e * 10 + s} | 3 | Low" for s in range(1, 6)]
    assert len(settle_outline("\n".join(lines)).plan.epics) == 2


def test_a_number_that_stands_twice_means_the_first() -> None:
    text = """# Export
1 Export | Web | Web Team | High
1.1 Add a | 3 | Low
1.2 Write b | 3 | Low
1.2 Add a | 3 | Low
1.3 Read c | 3 | Low | after 1.2
"""
    (epic,) = settle_outline(text).plan.epics
    assert [story.title for story in epic.stories] == ["Add a", "Write b", "Read c"]
    assert [str(each.ref) for each in epic.stories[2].dependencies] == ["Story 1.2"]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Download: Download: Download: Download", "Download"),
        ("The first page: The first page: the first page: the fir", "The first page"),
        ("Fast pages: Fast pages: Fast pages in the app", "Fast pages in the app"),
        ("Step by step by step", "Step by step by step"),
        ("Read again and again", "Read again and again"),
    ],
)
def test_a_title_that_goes_round_in_circles_is_said_once(said: str, title: str) -> None:
    plan = settle_outline(f"# {said}\n1 {said} | A | A Team | High\n1.1 {said} | 3 | Low\n").plan
    (epic,) = plan.epics
    assert {plan.title, epic.title, epic.stories[0].title, epic.name} == {title}


def test_an_outline_is_checked_with_its_lines() -> None:
    text = """# Export
1 Export the table | Web | Web Team | High
1.1 Add the button | 4 | High | after 3.1
1.2 Write the file | 40 | High
something else
1.3 Add the Button | 5 | Low
"""
    found = {(each.code, each.line) for each in check_outline(text)}
    assert {("E401", 3), ("D301", 3), ("E401", 4), ("O101", 5), ("O104", 6)} <= found
    assert "F501" in {each.code for each in check_outline("")}
    good = "# Export\n1 Export | Web | Web Team | High\n1.1 Add the button | 5 | High\n"
    assert not [each for each in check_outline(good) if each.severity == "error"]
