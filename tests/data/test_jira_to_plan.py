"""Issues to plans."""

from pathlib import Path
from typing import Any

import pytest

from data.jira.csv_export import read_jira_csv
from data.jira.issue import Issue, IssueLink, Notes, Sprint
from data.jira.rest import read_jira_json
from data.jira.to_plan import HistoryPlan, plans_from_issues
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rules import check_plan
from tickets.schema import Dependency, Ref

FIXTURES = Path(__file__).parent / "fixtures" / "jira"


def issue(key: str, kind: str = "Story", **fields: Any) -> Issue:
    return Issue(**{"place": f"x.csv:{key}", "key": key, "type": kind, "summary": key, **fields})


def plans(*issues: Issue, notes: Notes | None = None, **options: Any) -> dict[str, HistoryPlan]:
    return {plan.key: plan for plan in plans_from_issues(issues, notes=notes, **options)}


def fixture_plans(notes: Notes) -> list[HistoryPlan]:
    sources = (
        read_jira_csv(FIXTURES / "cloud.csv", notes),
        read_jira_csv(FIXTURES / "server.csv", notes),
        read_jira_json([FIXTURES / "cloud-page-1.json", FIXTURES / "cloud-page-2.json"], notes),
        read_jira_json([FIXTURES / "server.json"], notes),
    )
    return [plan for source in sources for plan in plans_from_issues(source, notes=notes)]


def test_fixtures_make_plans_that_repair_to_no_error() -> None:
    found = fixture_plans(Notes())
    assert [plan.key for plan in found] == ["AUD-1", "PAY-1", "REG-1", "REG-5", "OPS-1"]
    for plan in found:
        assert parse_plan(render_plan(plan.plan)).plan == plan.plan
        repaired = repair_plan(plan.plan).plan
        assert not [d for d in check_plan(repaired) if d.severity == "error"]


def test_an_initiative_is_one_plan() -> None:
    history = fixture_plans(Notes())[0]
    plan = history.plan
    assert plan.title == "Audit trail for tenants"
    assert [(epic.name, epic.owner) for epic in plan.epics] == [
        ("Recording", "Platform Team"), ("Viewer", "Console Team")]  # fmt: skip
    assert plan.epics[1].dependencies == (Dependency(ref=Ref.of("Epic 1")),)
    story, bug = plan.epics[1].stories
    assert story.dependencies == bug.dependencies == (Dependency(ref=Ref.of("Story 1.1")),)
    assert [task.name for task in story.tasks] == ["Draw the table"]
    assert bug.type == "Bug"
    assert [(p.first, p.second) for p in plan.integration_points] == [
        (Ref.of("Story 1.1"), Ref.of("Story 2.1"))]  # fmt: skip
    # Sprint 10 is after Sprint 2; the story of two sprints is where it was finished.
    assert [(phase.sprint, [str(item.ref) for item in phase.items]) for phase in plan.phases] == [
        ("AUD Sprint 2", ["Story 1.1", "Story 2.1"]), ("AUD Sprint 10", ["Story 1.2"])]  # fmt: skip
    assert history.keys[0] == "AUD-2"


def test_what_is_left_out_is_told() -> None:
    notes = Notes()
    list(plans_from_issues(read_jira_csv(FIXTURES / "cloud.csv"), notes=notes))
    assert [(out.key, out.reason) for out in notes.left_out] == [
        ("AUD-9", "not done"), ("AUD-10", "not done"), ("AUD-11", "orphan")]  # fmt: skip
    assert notes.counts["left out: orphan"] == 1


@pytest.mark.parametrize(
    "link",
    [{"parent": "E-1"}, {"parent": "10"}, {"epic_link": "E-1"}, {"epic_link": "Short name"}],
)
def test_ways_to_an_epic(link: dict[str, str]) -> None:
    epic = issue("E-1", "Epic", id="10", epic_name="Short name")
    [history] = plans(epic, issue("A-1", **link)).values()
    assert history.keys == ("E-1", "A-1")


def test_keys_are_ordered_by_their_numbers() -> None:
    issues = [issue(f"A-{n}", parent="A-1") for n in (10, 9, 2)]
    [history] = plans(issue("A-1", "Epic"), *issues).values()
    assert history.keys == ("A-1", "A-2", "A-9", "A-10")


def test_levels() -> None:
    """By Jira's own level, the table, the caller's table, or what the issue holds."""
    notes = Notes()
    found = plans(
        issue("T-1", "Ziel"),
        issue("E-1", "Epic", parent="T-1"),
        issue("F-1", "Feature", parent="E-1"),
        issue("E-2", "Baustein", level=1),
        issue("S-1", "Schritt", parent="E-2"),
        issue("S-2", "Defect", parent="S-1"),
        issue("S-3", "Story", parent="S-2"),
        issue("E-3", "Paket"),
        issue("S-4", "Story", parent="E-3"),
        notes=notes,
        types={"paket": "epic"},
    )
    assert set(found) == {"T-1", "E-2", "E-3"}
    assert found["T-1"].keys == ("E-1", "F-1")
    assert found["T-1"].plan.epics[0].stories[0].type == "Story"
    story = found["E-2"].plan.epics[0].stories[0]
    assert [(task.name, task.type) for task in story.tasks] == [("S-2", "Bug"), ("S-3", "Task")]
    assert notes.counts["unknown type: Ziel (taken as group)"] == 1
    assert notes.counts["unknown type: Schritt (taken as story)"] == 1
    assert not notes.left_out


def test_sets_make_plans_of_their_own() -> None:
    notes = Notes()
    issues = [issue("I-1", "Initiative")]
    issues += [issue(f"E-{n}", "Epic", parent="I-1") for n in (1, 2, 3)]
    found = plans(*issues, notes=notes, sets=[("E-1", "E-3"), ("E-3",), ("X-9",)])
    assert {key: plan.epics for key, plan in found.items()} == {
        "E-1+E-3": ("E-1", "E-3"), "I-1": ("E-2",)}  # fmt: skip
    assert found["E-1+E-3"].plan.title == "E-1; E-3"
    assert [(out.key, out.reason) for out in notes.left_out] == [
        ("E-3", "named twice"), ("X-9", "unknown key")]  # fmt: skip


def test_duplicates_circles_and_strangers() -> None:
    notes = Notes()
    found = plans(
        issue("E-1", "Epic"),
        issue("A-1", parent="E-1", summary="first"),
        issue("A-1", parent="E-1", summary="second"),
        issue("A-2", parent="A-3"),
        issue("A-3", parent="A-2"),
        issue("A-4", parent="NOT-1"),
        issue("I-1", "Initiative"),
        notes=notes,
    )
    assert found["E-1"].plan.epics[0].stories[0].title == "first"
    assert sorted((out.key, out.reason) for out in notes.left_out) == [
        ("A-1", "duplicate"), ("A-2", "orphan"), ("A-3", "orphan"), ("A-4", "orphan"),
        ("I-1", "no epic")]  # fmt: skip
    assert notes.counts["parents outside the export"] == 1


@pytest.mark.parametrize(
    "gone", [{"resolution": "Won’t Do"}, {"resolution": "Duplicate"}, {"status": "Cancelled"}]
)
def test_work_that_was_never_done(gone: dict[str, str]) -> None:
    notes = Notes()
    assert plans(issue("E-1", "Epic", **gone), issue("A-1", parent="E-1"), notes=notes) == {}
    assert [(out.key, out.reason) for out in notes.left_out] == [
        ("A-1", "not done"), ("E-1", "not done")]  # fmt: skip


def test_links_that_say_nothing_are_counted() -> None:
    notes = Notes()

    def link(kind: Any, target: str) -> IssueLink:
        return IssueLink(kind=kind, target=target)

    [history] = plans(
        issue("E-1", "Epic", links=(link("blocks", "A-1"),)),
        issue("A-1", parent="E-1", links=(link("relates", "A-2"), link("blocks", "OUT-1"))),
        issue("A-2", parent="E-1", links=(link("waits", "A-1"), link("waits", "A-1"))),
        notes=notes,
    ).values()
    one, two = history.plan.epics[0].stories
    assert one.dependencies == ()
    assert two.dependencies == (Dependency(ref=Ref.of("Story 1.1")),)
    assert history.plan.integration_points == ()
    assert notes.counts["links between a ticket and its own part"] == 1
    assert notes.counts["relations within an epic"] == 1
    assert notes.counts["links to tickets outside the plan"] == 1


def test_owner_is_the_team_of_most_stories() -> None:
    stories = [issue(f"A-{n}", parent="E-1", team=team) for n, team in enumerate("BAA")]
    [history] = plans(issue("E-1", "Epic"), *stories).values()
    assert history.plan.epics[0].owner == "A"


def test_sprints_by_start() -> None:
    sprints = [Sprint(name="Zebra", start="2024-01-01"), Sprint(name="Ant", start="2024-01-15")]
    stories = [issue(f"A-{n}", parent="E-1", sprints=(s,)) for n, s in enumerate(sprints)]
    [history] = plans(issue("E-1", "Epic"), *stories).values()
    assert [phase.sprint for phase in history.plan.phases] == ["Zebra", "Ant"]


def test_unknown_priority_is_counted() -> None:
    notes = Notes()
    story = issue("A-1", parent="E-1", priority="Odd")
    [history] = plans(issue("E-1", "Epic", priority="Major"), story, notes=notes).values()
    assert history.plan.epics[0].priority == "Medium"
    assert history.plan.epics[0].stories[0].priority is None
    assert notes.counts["unknown priority: Odd"] == 1


def test_more_stories_than_numbers_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.jira.to_plan._HIGHEST_NUMBER", 2)
    notes = Notes()
    issues = [issue("E-1", "Epic"), *(issue(f"S-{n}", "Story", parent="E-1") for n in range(1, 5))]
    [history] = plans_from_issues(issues, notes=notes)
    assert history.keys == ("E-1", "S-1", "S-2")
    assert [(out.key, out.reason) for out in notes.left_out] == [
        ("S-3", "too many"), ("S-4", "too many")]  # fmt: skip
