"""Saved pages of Jira's REST search (fixtures/jira/README.md says where they are documented)."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from data.jira.issue import Issue, IssueLink, Notes, Sprint
from data.jira.rest import read_jira_json
from tickets.files import InputError

FIXTURES = Path(__file__).parent / "fixtures" / "jira"
CLOUD = [FIXTURES / "cloud-page-1.json", FIXTURES / "cloud-page-2.json"]


def read(paths: list[Path], notes: Notes | None = None) -> dict[str, Issue]:
    return {issue.key: issue for issue in read_jira_json(paths, notes)}


def page(tmp_path: Path, *issues: Any, **about: Any) -> Path:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"issues": issues, **about}))
    return path


def issue(key: str = "A-1", **fields: Any) -> dict[str, Any]:
    return {"id": "1", "key": key,
            "fields": {"summary": "One", "issuetype": {"name": "Story"}, **fields}}  # fmt: skip


def test_cloud_pages() -> None:
    notes = Notes()
    issues = read(CLOUD, notes)
    assert list(issues) == [f"REG-{n}" for n in range(1, 7)]
    assert [out.reason for out in notes.left_out] == ["bad row"]
    assert issues["REG-1"].team == "Registry Team"
    assert issues["REG-1"].level == 1
    story = issues["REG-2"]
    assert story.parent == "REG-1"
    assert story.points == 5
    assert story.criteria == ("A model has one owner: a team", "An owner can be changed")
    assert "Left column" in story.description
    assert "Not lost" in story.description
    assert story.sprints == (
        Sprint(name="Sprint 2", start="2024-02-01", goal="Owners, first half"),
        Sprint(name="Sprint 11", start="2024-01-01"),
    )
    assert story.links[0] == IssueLink(kind="blocks", target="REG-3")
    assert issues["REG-3"].links == (IssueLink(kind="waits", target="REG-2"),)
    assert issues["REG-3"].points == 3
    assert issues["REG-4"].level == -1
    assert issues["REG-6"].criteria == ("The owner gets a mail", "Within 5 minutes")


def test_people_are_counted_and_never_kept() -> None:
    notes = Notes()
    issues = read(CLOUD, notes)
    assert notes.counts["person: assignee"] == 6
    assert notes.counts["person: comment"] == 6
    assert notes.counts["person: user field"] == 1
    assert notes.people == {"Nora Quist", "Ivo Brandt"}
    kept = "".join(one.model_dump_json() for one in issues.values())
    for secret in ("5b10a2844c20165700ede21f", "557058:", "Ivo", "@example", "avatar", "private"):
        assert secret not in kept


def test_server_page() -> None:
    notes = Notes()
    issues = read([FIXTURES / "server.json"], notes)
    story = issues["OPS-2"]
    assert story.epic_link == "OPS-1"
    assert story.points == 8
    assert story.description.endswith("1. copy\n   1. verify\n1. clean up")
    assert story.criteria == ("Copies are complete", "Copies are encrypted")
    assert story.sprints == (
        Sprint(name="Sprint 12, late", start="2024-03-04", goal="Copies, at last"),
        Sprint(name="Sprint 3"),
    )
    assert story.links == (IssueLink(kind="waits", target="OPS-3"),)
    assert notes.counts["links not used: Duplicate"] == 1
    assert issues["OPS-4"].parent == "OPS-2"
    assert issues["OPS-4"].level == -1
    assert "| Store | Days |" in issues["OPS-1"].description
    assert not notes.left_out


def test_pages_that_are_missing(tmp_path: Path) -> None:
    notes = Notes()
    read(CLOUD[:1], notes)
    assert [out.reason for out in notes.left_out] == ["missing pages"]
    notes = Notes()
    read(CLOUD[::-1], notes)
    assert [out.reason for out in notes.left_out] == ["bad row"]
    notes = Notes()
    read([page(tmp_path, issue(), total=3, names={"a": "A"})], notes)
    assert "1 of 3 issues are in these pages" in notes.left_out[0].detail


def test_names_of_fields_are_missing(tmp_path: Path) -> None:
    notes = Notes()
    sprint = [{"id": 1, "name": "S 1", "state": "closed", "boardId": 2}]
    path = page(tmp_path, issue(customfield_10016=8.0, customfield_12345=sprint))
    [found] = read([path], notes).values()
    assert found.points == 8
    assert found.sprints == (Sprint(name="S 1"),)
    assert [out.reason for out in notes.left_out] == ["no field names"]


def test_web_links(tmp_path: Path) -> None:
    link = {"object": {"url": "https://me:pass@wiki.example.com/payouts.md", "title": "Refinement"}}
    path = page(tmp_path, issue() | {"remotelinks": [link, {}, None]})
    assert read([path])["A-1"].urls == ("https://[credentials]@wiki.example.com/payouts.md",)


def test_an_array_of_issues(tmp_path: Path) -> None:
    path = tmp_path / "issues.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([issue("A-1"), issue("A-2")]).encode())
    assert list(read([path])) == ["A-1", "A-2"]


def test_cut_page_gives_a_part_and_a_diagnosis(tmp_path: Path) -> None:
    data = CLOUD[0].read_bytes()
    path = tmp_path / "cut.json"
    path.write_bytes(data[: data.index(b'"REG-2"')])
    notes = Notes()
    assert list(read([path], notes)) == ["REG-1"]
    assert notes.left_out[0].reason == "cut file"
    assert "cut.json#2: the JSON breaks off or is damaged after 1 issues" in \
        notes.left_out[0].detail  # fmt: skip


def test_damaged_letters(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(json.dumps({"issues": [issue()]}).encode().replace(b"One", b"\xff\xfe"))
    notes = Notes()
    assert read([path], notes) == {}
    assert notes.left_out[0].reason == "cut file"


@pytest.mark.parametrize(
    "value",
    [
        {"key": "A-1"},
        {"key": "A-1", "fields": {}},
        {"key": "A-1", "fields": {"summary": 5, "issuetype": "Story"}},
        "A-1",
        None,
    ],
)
def test_one_bad_issue_does_not_end_the_import(tmp_path: Path, value: Any) -> None:
    notes = Notes()
    assert list(read([page(tmp_path, value, issue("A-2"), names={"a": "A"})], notes)) == ["A-2"]
    assert [out.reason for out in notes.left_out] == ["bad row"]


@pytest.mark.parametrize("odd", [None, 5, "x", [], {}, [None], [{}], {"name": None}, True])
@pytest.mark.parametrize(
    "field",
    ["description", "components", "issuelinks", "parent", "priority", "labels", "comment",
     "assignee", "watches", "resolution", "customfield_10016", "customfield_10020",
     "customfield_10001", "customfield_10014"],
)  # fmt: skip
def test_odd_values_do_not_raise(tmp_path: Path, field: str, odd: Any) -> None:
    assert list(read([page(tmp_path, issue(**{field: odd}))])) == ["A-1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [("", "is empty"), ("no", "is no JSON"), ('{"errorMessages": ["no"]}', "has no 'issues'")],
)
def test_what_is_no_page(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "page.json"
    path.write_text(content)
    with pytest.raises(InputError, match=reason):
        read([path])


def test_missing_page(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        read([tmp_path / "none.json"])


def test_memory_does_not_grow_with_the_page(tmp_path: Path) -> None:
    ballast = {"renderedFields": {"description": "x" * 10_000}}
    path = tmp_path / "big.json"
    with path.open("w") as file:
        file.write('{"issues": [')
        for number in range(1_000):
            file.write(("," if number else "") + json.dumps(issue(f"A-{number}") | ballast))
        file.write("]}")
    size = path.stat().st_size
    tracemalloc.start()
    assert sum(1 for _ in read_jira_json([path])) == 1_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 10_000_000
    assert peak < size / 5
