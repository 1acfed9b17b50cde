"""CSV as Jira writes it (fixtures/jira/README.md says where each oddity is documented)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings

from data.jira.csv_export import read_jira_csv
from data.jira.issue import Issue, IssueLink, Notes
from data.jira.to_plan import plans_from_issues
from tests.strategies import likely_plans
from tickets.export_jira import to_jira_csv
from tickets.files import InputError
from tickets.parse import parse_plan
from tickets.schema import Epic, Plan, Ref, Story, Task

FIXTURES = Path(__file__).parent / "fixtures" / "jira"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: bytes | str, name: str = "export.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def read(path: Path, notes: Notes | None = None) -> dict[str, Issue]:
    return {issue.key: issue for issue in read_jira_csv(path, notes)}


def test_cloud_export() -> None:
    notes = Notes()
    issues = read(FIXTURES / "cloud.csv", notes)
    assert notes.counts["issues read"] == len(issues) == 11
    epic, story = issues["AUD-2"], issues["AUD-4"]
    assert (epic.epic_name, epic.team, epic.parent) == ("Recording", "Platform Team", "AUD-1")
    assert epic.components == ("Audit", "API")
    assert epic.links == (IssueLink(kind="blocks", target="AUD-3"),)
    assert story.points == 5
    assert [sprint.name for sprint in story.sprints] == ["AUD Sprint 1", "AUD Sprint 2"]
    assert story.links == (
        IssueLink(kind="blocks", target="AUD-6"),
        IssueLink(kind="blocks", target="AUD-7"),
        IssueLink(kind="relates", target="AUD-6"),
    )
    assert story.criteria[0] == "An entry has actor, time and object: also for batch jobs"
    assert '```java\n// * no list\nlog("a, b");\n```' in story.description
    assert story.description.endswith("Out of scope: reading entries.")
    assert issues["AUD-5"].criteria == (
        "Given an entry of 364 days, when the clean-up runs, then it is still there",
        "Given one of 366 days, when the clean-up runs, then it is gone",
    )
    assert issues["AUD-6"].criteria == ("Filter by actor", "Filter by day")
    assert issues["AUD-6"].links[0] == IssueLink(kind="waits", target="AUD-4")
    assert issues["AUD-7"].points == 1
    assert notes.counts["points rounded up"] == 1
    unused = "Project key, Assignee Id, Created, Parent summary"
    assert notes.counts[f"columns not used: {unused}"] == 4
    assert "https://wiki.example.com/files/audit-trail.md?version=3" in issues["AUD-1"].urls


def test_people_are_counted_and_never_kept() -> None:
    notes = Notes()
    issues = read(FIXTURES / "cloud.csv", notes)
    assert {kind: notes.counts[f"person: {kind}"] for kind in ("assignee", "reporter", "comment")} \
        == {"assignee": 1, "reporter": 2, "comment": 2}  # fmt: skip
    kept = "".join(issue.model_dump_json() for issue in issues.values())
    for secret in ("5b10a2844c20165700ede21f", "557058:", "Nora", "@example.com", "agrees"):
        assert secret not in kept
    # Names in running text go when all people of the export are known.
    plans = list(plans_from_issues(issues.values(), notes=notes))
    assert "Ivo" not in "".join(plan.model_dump_json() for plan in plans)


def test_server_export_with_semicolons() -> None:
    notes = Notes()
    issues = read(FIXTURES / "server.csv", notes)
    assert issues["PAY-1"].summary == "Zahlungen; neu"
    assert issues["PAY-7"].points == 3
    assert issues["PAY-7"].epic_link == "PAY-1"
    assert issues["PAY-7"].criteria == ("Summe stimmt", "Währung stimmt")
    assert issues["PAY-7"].links == (IssueLink(kind="waits", target="PAY-8"),)
    assert issues["PAY-8"].points is None
    assert notes.counts["points that are no number"] == 1
    assert issues["PAY-9"].parent == "20008"


HEADER = "Issue key,Issue Type,Summary,Description\n"


def test_cut_inside_a_cell(write: Write) -> None:
    data = (FIXTURES / "cloud.csv").read_bytes()
    notes = Notes()
    issues = read(write(data[: data.index(b"// * no list")]), notes)
    assert list(issues) == ["AUD-1", "AUD-2", "AUD-3"]
    [cut] = notes.left_out
    assert cut.reason == "cut file"
    assert "export.csv:10: a quote opened in this row is never closed" in cut.detail


def test_cut_between_cells_and_inside_a_letter(write: Write) -> None:
    notes = Notes()
    path = write(HEADER.encode() + b"A-1,Story,One,x\nA-2,Story,Gr" + "ö".encode()[:1])
    assert list(read(path, notes)) == ["A-1"]
    [cut] = notes.left_out
    assert cut.detail.startswith(f"{path}:3: has 3 of 4 columns, left out; the file is cut here")


def test_every_cut_gives_a_part_and_a_diagnosis(write: Write) -> None:
    data = (FIXTURES / "cloud.csv").read_bytes()
    start = data.index(b"\n") + 1
    whole = read(write(data))
    for end in range(start, len(data), 97):
        notes = Notes()
        issues = read(write(data[:end]), notes)
        assert all(whole[key].summary == issue.summary for key, issue in issues.items())
        # A cut exactly behind a row cannot be seen.
        assert notes.left_out or data[:end].endswith(b"\r\n") or data[end : end + 2] == b"\r\n"


def test_one_bad_row_does_not_end_the_import(write: Write) -> None:
    notes = Notes()
    text = (
        f"{HEADER}A-1,Story,One,x\nA-2,Story,Two,a,b\n,,,\nA-3,Story,,x\n"
        'A-4,Story,Fo"ur,x\nA-5,Story,"Fi"ve,x\nA-6,Story,Six,x\n'
    )
    assert list(read(write(text), notes)) == ["A-1", "A-4", "A-6"]
    places = [(out.reason, out.place.rpartition(":")[2]) for out in notes.left_out]
    assert places == [("bad row", "3"), ("bad row", "5"), ("bad row", "7")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(write: Write, encoding: str) -> None:
    notes = Notes()
    path = write(f"{HEADER}A-1,Story,Größe,‘x’\n".encode(encoding))
    issue = read(path, notes)["A-1"]
    assert (issue.summary, issue.description) == ("Größe", "‘x’")
    assert bool(notes.left_out) is (encoding == "cp1252")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("name,price\nx,1\n", "needs the columns Summary, Issue Type and Issue key"),
        ("Zusammenfassung,Vorgangsschlüssel\n", "in English"),
        ('{"issues": []}', "is no issue export"),
    ],
)
def test_what_is_no_export(write: Write, content: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read(write(content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        read(tmp_path / "none.csv")


@given(plan=likely_plans())
@settings(max_examples=40)
def test_own_export_comes_back(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("csv") / "plan.csv"
    path.write_text(to_jira_csv(plan), "utf-8", newline="")
    notes = Notes()
    issues = list(read_jira_csv(path, notes))
    epics = [issue.key for issue in issues if issue.type == "Epic"]
    [history] = plans_from_issues(issues, sets=[epics], notes=notes)
    assert not notes.left_out
    assert carried(history.plan) == carried(plan)


def test_curated_plans_come_back_with_their_sprints(root: Path, tmp_path: Path) -> None:
    for source in sorted((root / "data" / "curated").glob("*.plan.md"))[::4]:
        plan = parse_plan(source.read_text("utf-8").split("---\n", 2)[-1]).plan
        path = tmp_path / "plan.csv"
        path.write_text(to_jira_csv(plan), "utf-8", newline="")
        issues = list(read_jira_csv(path))
        epics = [issue.key for issue in issues if issue.type == "Epic"]
        [history] = plans_from_issues(issues, sets=[epics])
        assert carried(history.plan) == carried(plan)
        assert sprints(history.plan) == sprints(plan)


def sprints(plan: Plan) -> dict[Ref, str]:
    """The sprint of each story; where a phase names an epic, that of all its stories."""
    named = {item.ref: phase.sprint for phase in plan.phases for item in phase.items if item.ref}
    stories = (story.ref for epic in plan.epics for story in epic.stories)
    found = {ref: named.get(ref) or named.get(ref.epic) for ref in stories}
    return {ref: sprint for ref, sprint in found.items() if sprint}


def carried(plan: Plan) -> object:
    """What CSV carries of a plan: no title, epic key, allocation; sprints of stories only."""
    refs = {ticket.ref for _, ticket in plan.tickets()}
    waits: set[tuple[Ref, Ref]] = {(link.after, link.before) for link in plan.critical_path}
    for _, ticket in plan.tickets():
        waits |= {(ticket.ref, dependency.ref) for dependency in ticket.dependencies}
    relates = {frozenset((p.first, p.second)) for p in plan.integration_points}
    return (
        [
            (
                ticket.ref,
                ticket.title or ticket.name,
                ticket.description,
                ticket.components,
                ticket.points,
                ticket.priority,
                (ticket.owner,) if isinstance(ticket, Epic) else ticket.acceptance_criteria,
                kind(ticket),
            )
            for _, ticket in plan.tickets()
        ],
        {(a, b) for a, b in waits if {a, b} <= refs and not holds(a, b) and not holds(b, a)},
        {pair for pair in relates if pair <= refs and len({ref.epic for ref in pair}) == 2},
    )


def kind(ticket: Epic | Story | Task) -> str:
    if isinstance(ticket, Epic):
        return "Epic"
    if isinstance(ticket, Task):
        return "Bug" if ticket.type == "Bug" else "Task"
    return ticket.type or "Story"


def holds(one: Ref, other: Ref) -> bool:
    return other.number[: len(one.number)] == one.number
