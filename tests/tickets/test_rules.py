import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.plans import epic, item, needs, put, sound_plan, story, task
from tests.strategies import likely_plans, plans
from tickets.diagnostics import Diagnostic
from tickets.parse import parse_plan
from tickets.rules import RULES, check_plan
from tickets.rules_fields import nearest_name, team_key
from tickets.rules_quality import teams_in
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

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"

STORY_11: Loc = ("epics", 0, "stories", 0)
STORY_12: Loc = ("epics", 0, "stories", 1)
TASK_121: Loc = (*STORY_12, "tasks", 0)
STORY_21: Loc = ("epics", 1, "stories", 0)
STORY_21_NEEDS: Loc = (*STORY_21, "dependencies")


def link(before: str, after: str) -> CriticalLink:
    return CriticalLink(before=Ref.of(before), after=Ref.of(after))


def point(first: str, second: str) -> IntegrationPoint:
    return IntegrationPoint(first=Ref.of(first), second=Ref.of(second))


def codes(plan: Plan, **options: Any) -> list[str]:
    return [finding.code for finding in check_plan(plan, **options)]


# Each rule broken once: its code, what is spoiled, and the whole finding (message; fix).
BROKEN: list[tuple[str, Loc, Any, str]] = [
    ("N201", (*STORY_21, "ref"), Ref.of(2, 7),
     "Story 2.7 is number 1 under Epic 2 by its place; number it Story 2.1"),
    ("N202", (*STORY_21, "ref"), Ref.of(1, 1),
     "Story 1.1 is the number of an earlier ticket too; number it Story 2.1"),
    ("N203", (*STORY_11, "parent"), Ref.of(2),
     "Story 1.1 names Epic 2 as its parent, but stands under Epic 1; write Epic 1"),
    ("N204", (*TASK_121, "parent"), None, "Task 1.2.1 names no parent; write Story 1.2"),
    ("D301", STORY_21_NEEDS, needs("9.1"),
     "Story 2.1 depends on Story 9.1, which is not in this plan; the nearest is Story 1.1"),
    ("D302", STORY_21_NEEDS, needs("1.1", "2.1"),
     "Story 2.1 depends on itself; leave it out"),
    ("D303", STORY_21_NEEDS, needs("1.1", "Epic 2"),
     "Story 2.1 depends on Epic 2, which it is part of; "
     "leave it out, or name the ticket in it that is needed"),
    ("D304", ("epics", 0, "dependencies"), needs("Task 1.2.1"),
     "Epic 1 depends on Task 1.2.1, which is part of it; "
     "leave it out: a ticket is done when its parts are"),
    ("D305", STORY_21_NEEDS, needs("1.1", "1.1"),
     "Story 2.1 names Story 1.1 twice as a dependency; name it once"),
    ("D306", (*STORY_11, "dependencies"), needs("2.1"),
     "Story 1.1 waits for itself: Story 1.1 needs Story 2.1, Story 2.1 needs Story 1.1; "
     "drop the dependency of Story 1.1 on Story 2.1"),
    ("D307", ("critical_path",), (link("1.1", "3.1"),),
     "Story 1.1 → Story 3.1: Story 3.1 is not in this plan; the nearest is Story 2.1"),
    ("D308", ("critical_path",), (link("1.1", "2.1"), link("Epic 1", "1.2")),
     "Epic 1 → Story 1.2 orders a ticket and itself, or its own part; leave it out"),
    ("D309", ("critical_path",), (link("2.1", "1.1"),),
     "Story 2.1 → Story 1.1 is doubtful: by their dependencies Story 1.1 comes before Story 2.1; "
     "write Story 1.1 → Story 2.1 if it comes first"),
    ("D309", ("critical_path",), (link("2.1", "1.2"),),
     "Story 2.1 → Story 1.2 is doubtful: Story 1.2 is in an earlier phase than Story 2.1, and does "
     "not depend on it; write Story 1.2 → Story 2.1 if it comes first"),
    ("D310", ("critical_path",), (link("1.2", "2.1"),),
     "Story 1.2 → Story 2.1 is doubtful: Story 2.1 does not depend on Story 1.2, directly or "
     "through others; add Story 1.2 to the dependencies of Story 2.1"),
    ("D311", ("critical_path",), (link("1.1", "2.1"), link("1.1", "2.1")),
     "Story 1.1 → Story 2.1 is on the critical path twice; name it once"),
    ("D313", ("integration_points",), (point("1.1", "Epic 4"),),
     "Story 1.1 ↔ Epic 4: Epic 4 is not in this plan; the nearest is Epic 2"),
    ("D314", ("integration_points",), (point("1.1", "Epic 1"),),
     "Story 1.1 ↔ Epic 1 relates a ticket to itself, or to its own part; leave it out"),
    ("D315", ("integration_points",), (point("1.1", "2.1"), point("2.1", "1.1")),
     "Story 2.1 ↔ Story 1.1 is an integration point twice; name it once"),
    ("D316", ("critical_path",), (),
     "The plan has no critical path, though tickets wait for other epics; "
     "write Story 1.1 → Story 2.1, and so on"),
    ("D317", ("integration_points",), (),
     "The plan has no integration point, though stories wait for stories of other epics; "
     "write Story 1.1 ↔ Story 2.1, and so on"),
    ("E404", ("total",), Total(points=12, teams=2),
     "The total effort has 12 points, but the epics have 11; write 11"),
    ("F502", ("title",), "", "The plan has no title; name the feature in the first heading"),
    ("F503", (*STORY_11, "title"), "", "Story 1.1 has no title; use its name, Name 1.1"),
    ("F504", ("epics", 0, "name"), "", "Epic 1 has no name; use its title, Epic title 1"),
    ("F505", (*TASK_121, "description"), "",
     "Task 1.2.1 has no description; say what is to be done and why"),
    ("F506", (*STORY_11, "type"), None, "Story 1.1 has no type; write Story, Task or Bug"),
    ("F507", (*TASK_121, "type"), "Story",
     "Task 1.2.1 stands under a story, and is of type Story; write Task or Bug"),
    ("F508", (*STORY_11, "points"), None,
     "Story 1.1 has no story points; use 1, 2, 3, 5, 8, 13 or 21"),
    ("F509", ("epics", 0, "priority"), None,
     "Epic 1 has no priority; write High, Medium or Low"),
    ("F510", ("epics", 1, "key"), "", "Epic 2 has no key; write one like RHOAI-PIPE-001"),
    ("F511", ("epics", 1, "key"), "shop2",
     "Epic 2 has the key shop2, which is not of the form PREFIX-CODE-001; "
     "use capital letters, digits and hyphens, with a number at the end"),
    ("F512", ("epics", 1, "key"), "ACME-SHOP-001",
     "Epic 2 has the key ACME-SHOP-001, as an earlier epic has; use the next free number"),
    ("F514", (*STORY_11, "components"), (),
     "Story 1.1 has no component; name the part that it changes"),
    ("P601", ("phases",), (),
     "The plan has no phases; put what nothing else has to precede into Phase 1"),
    ("P602", ("phases", 1, "number"), 3,
     "Phase 3 is number 2 by its place; number it Phase 2"),
    ("P604", ("phases", 1, "items"), (item("2.1"), item("2.2")),
     "Story 2.2 is in Phase 2, but not in this plan; the nearest is Story 2.1"),
    ("P605", ("phases", 1, "items"), (item("2.1"), item("1.1")),
     "Story 1.1 is in Phase 1 and again in Phase 2; leave it in Phase 1"),
    ("P606", ("phases", 0, "items"), (item("1.1"),),
     "Story 1.2 is in no phase; name it in the phase in which it is built"),
    ("P608", ("phases", 1, "sprint"), "",
     "Phase 2 has no sprint; say in which sprint it starts"),
    ("P609", ("phases", 1, "sprint"), "Sprint 6.9",
     "Phase 2 is in Sprint 6.9, before the phase above it; "
     "put the phases in the order of their sprints"),
    ("A704", ("allocation", 0, "epics"), (),
     "Team 1 is allocated no epic, but owns Epic 1; write Epic 1"),
    ("A705", ("allocation", 0, "points"), None,
     "Team 1 is allocated no story points; sum up its epics"),
    ("A706", ("allocation", 0, "points"), 9,
     "Team 1 is allocated 9 points, but its epics have 8; write 8"),
    ("A707", ("allocation", 0, "staffing"), (),
     "Team 1 is allocated no people; say how many engineers"),
    ("A708", ("allocation", 0, "duration"), "",
     "Team 1 has no duration; say how many weeks"),
    ("A709", ("total",), None,
     "The plan has no total effort; end it with 11 story points across 2 teams"),
    ("A710", ("total", "teams"), 3,
     "The total effort names 3 teams, but the epics have 2 owners; write 2"),
    ("Q805", (*STORY_11, "acceptance_criteria"), ("Page 1 opens in 2 s",),
     "Story 1.1 has one criterion; "
     "say what a tester can check, in two criteria or more"),
    ("Q806", (*STORY_11, "acceptance_criteria", 0), "The page works well",
     'Story 1.1 has a vague criterion, "The page works well": works well; '
     "name a figure, or what can be seen"),
    ("Q807", (*STORY_11, "acceptance_criteria", 0), "Page opens",
     'Story 1.1 has a criterion too short to test, "Page opens"; '
     "say what is done and what can then be seen"),
    ("Q808", (*STORY_11, "acceptance_criteria", 0), "page 2.1 opens in 2 S.",
     'Story 2.1 has the criterion "Page 2.1 opens in 2 s" as Story 1.1 has; '
     "write what sets it apart, or leave it out"),
    ("Q809", (*STORY_21, "title"), "title 1.1",
     'Story 2.1 has the title of Story 1.1, "title 1.1"; say what sets it apart'),
    ("Q810", (*STORY_21, "description"), "Description 1.1",
     'Story 2.1 has the description of Story 1.1, "Description 1.1"; say what sets it apart'),
    ("Q811", (*STORY_11, "description"), "Title 1.1.",
     "Story 1.1 repeats its title as description; say what is to be done and why"),
    ("Q814", (*STORY_11, "description"), "Owner to be decided",
     'Story 1.1 has a description that is left open, "Owner to be decided"; '
     "fill it in, or leave it out"),
    ("Q814", (*STORY_11, "title"), "[Clear title]",
     'Story 1.1 has a title that is left open, "[Clear title]"; fill it in, or leave it out'),
]  # fmt: skip


def test_a_sound_plan_has_no_findings() -> None:
    assert check_plan(sound_plan()) == ()


@pytest.mark.parametrize(("code", "loc", "value", "finding"), BROKEN)
def test_a_broken_rule_is_the_only_finding(code: str, loc: Loc, value: Any, finding: str) -> None:
    found = check_plan(put(sound_plan(), loc, value))
    assert [f"{one.message}; {one.fix}" for one in found if one.code == code] == [finding]
    assert {one.code for one in found} - FOLLOWING.get(code, set()) == {code}


# What else is wrong when that rule is broken in that way.
FOLLOWING = {
    "N201": {"P604", "P606", "D307", "D313"},
    "N202": {"P604", "P606", "D307", "D313"},
    "D301": {"D310", "D317"},
    "D306": {"P607"},
}


def test_points_are_checked_from_tasks_up_to_the_total() -> None:
    found = check_plan(put(sound_plan(), (*TASK_121, "points"), 4))
    assert [(one.code, one.message, one.fix) for one in found] == [
        ("E402", "Story 1.2 has 5 points, but its tasks have 7", "write 7"),
        ("E401", "Task 1.2.1 has 4 points, which is no Fibonacci number",
         "use 3 or 5; the nearest is 5"),
    ]  # fmt: skip
    found = check_plan(put(sound_plan(), ("epics", 1, "points"), 4))
    assert [(one.code, one.message) for one in found] == [
        ("E403", "Epic 2 has 4 points, but its stories have 3"),
        ("A706", "Team 2 is allocated 3 points, but its epics have 4"),
        ("E404", "The total effort has 11 points, but the epics have 12"),
    ]


@pytest.mark.parametrize(
    ("points", "fix"),
    [
        (0, "use 1; the nearest is 1"),
        (4, "use 3 or 5; the nearest is 5"),
        (10, "use 8 or 13; the nearest is 8"),
        (99_999, "use 75025; the nearest is 75025"),
    ],
)
def test_the_nearest_fibonacci_number(points: int, fix: str) -> None:
    found = check_plan(put(sound_plan(), (*STORY_11, "points"), points))
    assert [one.fix for one in found if one.code == "E401"] == [fix]


def test_a_plan_without_epics() -> None:
    assert codes(Plan(title="Shop")) == ["F501"]


@pytest.mark.parametrize(
    ("owner", "team_codes"),
    [("", ["F513", "A702", "A710"]), ("Team 1", ["Q803", "A702", "A706", "A704", "A710"])],
)
def test_allocation_follows_the_owners(owner: str, team_codes: list[str]) -> None:
    assert sorted(codes(put(sound_plan(), ("epics", 1, "owner"), owner))) == sorted(team_codes)


def test_a_team_without_allocation_and_one_without_epic() -> None:
    found = check_plan(put(sound_plan(), ("allocation", 1, "team"), "Team 3"))
    assert [(one.code, one.loc) for one in found] == [
        ("A701", ("epics", 1, "owner")),
        ("A702", ("allocation", 1)),
    ]
    assert found[0].message == "Epic 2 is owned by Team 2, which has no resource allocation"
    assert found[1].fix == "the owners are Team 1, Team 2"


def test_a_team_with_two_allocations() -> None:
    plan = sound_plan()
    spoiled = put(plan, ("allocation",), (*plan.allocation, plan.allocation[0]))
    assert codes(spoiled) == ["A703"]


def test_teams_are_the_same_with_and_without_the_word() -> None:
    plan = put(sound_plan(), ("epics", 0, "owner"), "Platform")
    plan = put(plan, ("allocation", 0, "team"), "platform team")
    assert codes(plan) == []
    assert team_key("Team") == "team"


def test_a_cycle_through_epics() -> None:
    plan = put(sound_plan(), ("epics", 1, "dependencies"), needs("Epic 1"))
    plan = put(put(plan, (*STORY_11, "dependencies"), needs("Epic 2")), STORY_21_NEEDS, ())
    cycle = [one for one in check_plan(plan) if one.code == "D306"]
    assert [one.message for one in cycle] == [
        "Story 1.1 waits for itself: Story 1.1 needs Epic 2, Epic 2 needs Epic 1"
    ]


def test_a_cycle_between_tasks_of_one_story_and_through_tasks_of_two() -> None:
    plan = put(sound_plan(), (*TASK_121, "dependencies"), needs("1.2.2"))
    assert codes(plan) == ["D306"]
    plan = put(sound_plan(), (*STORY_12, "tasks", 1, "dependencies"), needs("2.1"))
    plan = put(plan, STORY_21_NEEDS, needs("1.2"))
    assert "D306" in codes(plan)


def test_epics_that_wait_for_later_epics_are_no_cycle() -> None:
    plan = put(sound_plan(), STORY_21_NEEDS, ())
    plan = put(plan, ("epics", 0, "dependencies"), needs("Epic 2"))
    assert not {"D303", "D304", "D306"} & set(codes(plan))


def test_a_contradiction_on_the_critical_path() -> None:
    plan = put(sound_plan(), ("critical_path",), (link("1.1", "2.1"), link("Epic 2", "Epic 1")))
    found = [one for one in check_plan(plan) if one.code == "D312"]
    assert [one.loc for one in found] == [("critical_path", 1)]


def test_a_story_before_what_it_needs() -> None:
    first, second = sound_plan().phases
    phases = (first.model_copy(update={"items": second.items}),
              second.model_copy(update={"items": first.items}))  # fmt: skip
    found = check_plan(put(sound_plan(), ("phases",), phases))
    assert [(one.code, one.message, one.fix) for one in found] == [
        (
            "P607",
            "Story 2.1 is in Phase 1, but needs Story 1.1, which is in Phase 2",
            "move Story 2.1 to Phase 2 or later",
        )
    ]


def test_a_story_counts_where_it_stands_itself_before_its_epic() -> None:
    whole = PhaseItem(ref=Ref.of(1))
    plan = put(sound_plan(), ("phases", 0, "items"), (whole, item("2.1")))
    plan = put(plan, ("phases", 1, "items"), (item("1.2"),))
    assert codes(plan) == []
    late = put(plan, ("phases", 1, "items"), (item("1.1"),))
    assert codes(late) == ["P607"]


def test_phases_that_count_other_things_have_no_order() -> None:
    first, second = sound_plan().phases
    for one, other in (("Weeks 7 to 9", "until 1 December"), ("Sprint 25.2", "Sprints to come")):
        phases = tuple(
            phase.model_copy(update={"sprint": sprint})
            for phase, sprint in ((first, one), (second, other))
        )
        assert codes(put(sound_plan(), ("phases",), phases)) == []


def test_an_empty_phase() -> None:
    plan = put(sound_plan(), ("phases",), (*sound_plan().phases, Phase(number=3, sprint="S 9")))
    assert codes(plan) == ["P603"]


def test_large_epics_and_stories() -> None:
    plan = Plan(
        title="Shop",
        epics=(epic(1, story("1.1", points=34), story("1.2", points=34)), epic(2)),
        phases=(Phase(number=1, sprint="Sprint 1", items=(PhaseItem(ref=Ref.of(1)),)),),
        allocation=tuple(
            Allocation(
                team=f"Team {number}", epics=(Ref.of(number),), staffing=("2",), duration="1",
                points=points,
            )
            for number, points in ((1, 68), (2, 0))
        ),
        total=Total(points=68, teams=2),
    )  # fmt: skip
    assert sorted(codes(plan)) == ["Q801", "Q802", "Q812", "Q812", "Q813", "Q813", "Q815"]


@pytest.mark.parametrize(
    ("owner", "teams"),
    [
        ("Platform Team", ["Platform Team"]),
        ("UI/UX Team", ["UI/UX Team"]),
        ("Research and Development Team", ["Research and Development Team"]),
        ("Trust & Safety", ["Trust & Safety"]),
        ("Platform Team and Data Team", ["Platform Team", "Data Team"]),
        ("Platform Team / Data Team", ["Platform Team", "Data Team"]),
        ("Platform and Data Teams", ["Platform", "Data Teams"]),
        ("Platform, Data", ["Platform", "Data"]),
        ("Billing and Data", ["Billing", "Data"]),
        ("Search SIG with Data", ["Search SIG", "Data"]),
    ],
)
def test_the_teams_that_an_owner_names(owner: str, teams: list[str]) -> None:
    assert teams_in(owner, {"billing", "data"}) == teams


@pytest.mark.parametrize(
    "text",
    [
        "Search is faster",
        "The user interface is intuitive",
        "Errors are handled properly",
        "The result is user-friendly",
        "Improved start of the pod",
        "Retries are made as needed",
        "The index is rebuilt for better results",
    ],
)
def test_vague_criteria(text: str) -> None:
    assert "Q806" in codes(put(sound_plan(), (*STORY_11, "acceptance_criteria", 0), text))


@pytest.mark.parametrize(
    "text",
    [
        "Search is faster than 200 ms for 95 % of all queries",
        "The breakfast menu is shown",
        "Property files are read from the network",
        "A wetlands map opens from the sidebar",
        "Betterment is a team name in the list",
        "The deployment stops when the gate fails",
        "The sweep ends at the same or a better loss",
    ],
)
def test_exact_criteria(text: str) -> None:
    assert codes(put(sound_plan(), (*STORY_11, "acceptance_criteria", 0), text)) == []


def test_a_plan_of_several_epics_without_dependency() -> None:
    plan = put(sound_plan(), STORY_21_NEEDS, ())
    plan = put(put(plan, ("critical_path",), ()), (*STORY_12, "tasks", 1, "dependencies"), ())
    assert codes(plan) == ["Q815"]


def test_the_names_of_a_vocabulary() -> None:
    vocabulary = Vocabulary(
        components=("Web", "Storage"), teams=("Team 1", "Storage Team"), key_prefix="ACME"
    )
    plan = put(sound_plan(), (*STORY_11, "components"), ("Wbe", "Storrage"))
    plan = put(plan, ("epics", 1, "owner"), "storage")
    plan = put(plan, ("allocation", 1, "team"), "Storage Team")
    plan = put(plan, ("epics", 1, "key"), "OTHER-SHOP-002")
    found = check_plan(plan, vocabulary=vocabulary)
    assert [(one.code, one.loc, one.fix, one.repairable) for one in found] == [
        ("F515", (*STORY_11, "components", 0), "the nearest is Web", False),
        ("F515", (*STORY_11, "components", 1), "the nearest is Storage", True),
        ("F517", ("epics", 1, "key"), "begin it with ACME-", True),
        ("F516", ("epics", 1, "owner"), "the nearest is Storage Team", True),
    ]


def test_the_nearest_name_does_not_mind_case_and_order() -> None:
    assert nearest_name("PLATFORM", ("Data", "Platform")) == ("Platform", True)
    assert nearest_name("Mobile", ("Data", "Platform"))[1] is False


def test_findings_have_lines_and_stand_in_their_order() -> None:
    plan = put(put(sound_plan(), (*STORY_21, "title"), ""), ("title",), "")
    lines = {(): 1, ("epics", 1): 40, STORY_21: 50, (*STORY_21, "title"): 51}
    assert [(one.code, one.line) for one in check_plan(plan, lines=lines)] == [
        ("F502", 1),
        ("F503", 51),
    ]
    assert check_plan(plan)[1].render("plan.md") == (
        "plan.md: F503 Story 2.1 has no title; use its name, Name 2.1 [error]"
    )


def test_the_document_brings_grounding_and_coverage() -> None:
    document = "# Shop\n\n## Requirements\n\n- The shop must export every invoice as a PDF file\n"
    plan = put(sound_plan(), (*STORY_11, "title"), "Export every invoice as a PDF file")
    found = check_plan(plan, document=document)
    assert {one.code for one in found} == {"G901"}
    assert "Story 2.1 has no support in the document" in [one.message for one in found]
    uncovered = [one for one in check_plan(sound_plan(), document=document) if one.code == "G902"]
    assert [one.message for one in uncovered] == [
        'R1 in line 5 of the document is taken up by no ticket: '
        '"The shop must export every invoice as a PDF file"'
    ]  # fmt: skip


def test_the_table_is_in_order_and_explains_itself() -> None:
    listed = [rule.code for rule in RULES]
    assert len(set(listed)) == len(listed)
    groups = dict.fromkeys(rule.group for rule in RULES)
    for group in groups:
        own = [rule.code for rule in RULES if rule.group == group]
        assert own == sorted(own)
        assert len({code[:2] for code in own}) == 1
    assert all(rule.severity == "warning" for rule in RULES if rule.code[0] in "QG")
    assert all(rule.reason and rule.function.__doc__ for rule in RULES)


def reference(name: str) -> tuple[Diagnostic, ...]:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip("the format's examples are not here")
    result = parse_plan(path.read_text("utf-8"))
    return check_plan(result.plan, lines=result.lines)


def test_the_first_example_has_no_error_and_a_doubtful_direction() -> None:
    found = reference("example-1.md")
    assert [one for one in found if one.severity == "error"] == []
    doubtful = [one for one in found if one.code.startswith("D")]
    assert [(one.code, one.line) for one in doubtful] == [("D309", 172)]
    assert doubtful[0].message.startswith("Story 2.2 → Story 3.2 is doubtful")


def test_the_second_example_has_one_error() -> None:
    errors = [one for one in reference("example-2.md") if one.severity == "error"]
    assert [one.render("plan.md") for one in errors] == [
        "plan.md:96: E401 Story 2.2 has 10 points, which is no Fibonacci number; "
        "use 8 or 13; the nearest is 8 [error]"
    ]


def each_ticket_first(found: tuple[Diagnostic, ...], plan: Plan) -> None:
    names = {str(ticket.ref) for _, ticket in plan.tickets()}
    for one in found:
        if one.loc[:1] == ("epics",):
            assert any(one.message.startswith(f"{name} ") for name in names)


@pytest.mark.parametrize("strategy", [plans, likely_plans])
def test_any_plan_can_be_checked(strategy: Callable[[], Any]) -> None:
    known = {rule.code: rule for rule in RULES}

    @settings(max_examples=50, deadline=None)
    @given(strategy())
    def check(plan: Plan) -> None:
        found = check_plan(plan)
        each_ticket_first(found, plan)
        assert found == check_plan(plan)
        for one in found:
            assert one.severity == known[one.code].severity
            assert one.repairable <= known[one.code].fixable
            assert one.fix

    check()


def test_a_plan_with_more_tickets_than_numbers_is_not_repairable() -> None:
    plan = Plan(epics=(epic(1, *[story("1.1")] * 10_000),))
    assert not any(one.repairable for one in check_plan(plan))


def test_rules_do_not_recurse() -> None:
    chain = [story(f"1.{n}", dependencies=needs(f"1.{n % 3000 + 1}")) for n in range(1, 3001)]
    plan = Plan(title="Chain", epics=(epic(1, *chain),))
    limit = sys.getrecursionlimit()
    assert limit < 3000
    assert "D306" in codes(plan)


def test_tasks_alone_are_checked_too() -> None:
    plan = put(sound_plan(), (*STORY_12, "tasks"), (task("1.2.1", points=5), task("1.2.3")))
    assert set(codes(plan)) == {"N201", "E402"}
