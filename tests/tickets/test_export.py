"""A plan in other formats: JSON comes back as it was, and Jira's CSV says the same as the plan."""

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings

from tests.plans import epic, needs, put, sound_plan, story, task
from tests.strategies import likely_plans, plans
from tickets.export import from_json, json_schema, to_jira_csv, to_json
from tickets.files import InputError
from tickets.schema import CriticalLink, IntegrationPoint, Plan, Ref

SCHEMA = Path(__file__).parents[2] / "configs" / "plan.schema.json"

Row = dict[str, list[str]]
"""A row of the CSV: the cells that are not empty, by the name of their column."""


def read(text: str) -> list[Row]:
    """The rows as Jira's importer reads them: columns of one name are one field."""
    names, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    for line in lines:
        assert len(line) == len(names)
        row: Row = {}
        for name, cell in zip(names, line, strict=True):
            row.setdefault(name, []).extend([cell] if cell else [])
        rows.append(row)
    return rows


def by_summary(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["Summary"][0]: row for row in rows}


# JSON


@given(plans())
def test_a_plan_comes_back_from_json(plan: Plan) -> None:
    text = to_json(plan)
    assert from_json(text) == plan
    assert to_json(from_json(text)) == text


@settings(max_examples=30)
@given(plans())
def test_json_is_as_the_published_schema_says(plan: Plan) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    content = json.loads(to_json(plan))
    validator.validate(content)
    assert list(validator.iter_errors({**content, "surplus": 1}))
    assert list(validator.iter_errors({**content, "epics": [{"ref": "Epic one"}]}))


def test_the_published_schema_is_up_to_date() -> None:
    remedy = "run: python -m tickets.export_json > configs/plan.schema.json"
    assert json.loads(SCHEMA.read_text("utf-8")) == json_schema(), remedy
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_json_is_written_in_the_schemas_order() -> None:
    content = json.loads(to_json(sound_plan()))
    assert list(content) == ["schema_version", *Plan.model_fields]
    assert content["epics"][1]["stories"][0]["dependencies"][0]["ref"] == "Story 1.1"


def without(text: str, name: str) -> str:
    content = json.loads(text)
    del content[name]
    return json.dumps(content)


SOUND = to_json(sound_plan())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.json:1:1: this is no JSON"),
        ('{\n "title": }', "p.json:2:11: this is no JSON"),
        ("[1]", "p.json: a plan is an object {…}, this is '[1]'"),
        ("[" * 100_000, "p.json: this JSON is no plan"),
        (without(SOUND, "schema_version"), "p.json: schema_version is None, not 1"),
        (SOUND.replace('"schema_version": 1', '"schema_version": 2'), "schema_version is 2, not 1"),
        (SOUND.replace('"High"', '"Highest"'), "p.json: epics.0.priority: "),
        (SOUND.replace('"Epic 1"', '"Epic I"'), "'Epic I' names no ticket; write it like"),
        (SOUND.replace('"points": 3', '"points": "many"'), "p.json: epics.0.stories.0.points: "),
        (SOUND.replace('"owner"', '"team"'), "p.json: epics.1.team: "),
    ],
)
def test_json_that_is_no_plan_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        from_json(text, "p.json")
    assert message in str(raised.value)


# CSV for Jira


def test_rows_stand_in_the_order_of_the_hierarchy() -> None:
    rows = read(to_jira_csv(sound_plan()))
    kinds = [row["Issue Type"][0] for row in rows]
    assert kinds == ["Epic", "Epic", "Story", "Story", "Story", "Sub-task", "Sub-task"]
    assert [row["Issue Id"][0] for row in rows] == [str(n) for n in range(1, 8)]
    parents = {row["Summary"][0]: row["Parent"] for row in rows}
    assert parents == {
        "Epic title 1": [],
        "Epic title 2": [],
        "Title 1.1": ["1"],
        "Title 1.2": ["1"],
        "Title 2.1": ["2"],
        "Title 1.2.1": ["4"],
        "Title 1.2.2": ["4"],
    }


@given(likely_plans())
def test_links_and_parents_say_what_the_plan_says(plan: Plan) -> None:
    rows = read(to_jira_csv(plan))
    tickets = dict(plan.tickets())
    assert len(rows) == len(tickets)
    # In the file, a ticket is known by the reference at the end of its description.
    names = {
        row["Issue Id"][0]: row["Description"][0].split("\n")[-1].split(",")[0] for row in rows
    }
    known = set(names.values())
    assert known == {str(ticket.ref) for ticket in tickets.values()}
    for row in rows:
        above = Ref.of(names[row["Issue Id"][0]]).parent
        assert [names[parent] for parent in row["Parent"]] == ([str(above)] if above else [])

    def links(name: str) -> set[tuple[str, str]]:
        return {(names[r["Issue Id"][0]], names[end]) for r in rows for end in r.get(name, [])}

    def inside(pairs: Iterable[tuple[Ref, Ref]]) -> set[tuple[str, str]]:
        texts = {(str(a), str(b)) for a, b in pairs}
        return {(a, b) for a, b in texts if {a, b} <= known and a != b}

    waits = [(each.ref, x.ref) for x in tickets.values() for each in x.dependencies]
    path = [(link.before, link.after) for link in plan.critical_path]
    assert links('Link "Blocks"') == inside(waits + path)
    assert links('Link "Relates"') == inside((x.first, x.second) for x in plan.integration_points)


def test_a_row_says_all_that_its_ticket_says() -> None:
    fields = {
        "description": "Keep **both** paths:\n\n- old\n- new",
        "acceptance_criteria": ("`GET /a` answers in 2 s", "A {code} stays"),
        "components": ("Web", "Store"),
        "dependencies": needs("Epic 2"),
    }
    plan = sound_plan()
    plan = put(plan, ("epics", 0, "stories", 0), story("1.1", **fields))
    row = by_summary(read(to_jira_csv(plan)))["Title 1.1"]
    assert row["Description"] == [
        "Keep *both* paths:\n\n* old\n* new\n\nh3. Acceptance Criteria\n\n"
        "* {{GET /a}} answers in 2 s\n* A \\{code\\} stays\n\nh3. Dependencies\n\n* Epic 2\n\n"
        "Story 1.1, Phase 1 (Sprint 7.1), Team 1"
    ]
    assert row["Component/s"] == ["Web", "Store"]
    assert row["Priority"] == ["High"]
    assert row["Story Points"] == ["3"]
    plain = by_summary(read(to_jira_csv(plan, markup="markdown")))["Title 1.1"]
    assert plain["Description"][0].startswith("Keep **both** paths:\n\n- old\n- new\n\n### Acc")


def test_a_bug_under_a_story_is_a_sub_task_with_a_label() -> None:
    tasks = (task("1.1.1", type="Bug"), task("1.1.2"))
    plan = Plan(epics=(epic(1, story("1.1", tasks=tasks), story("1.2", type="Bug")),))
    rows = by_summary(read(to_jira_csv(plan)))
    assert [rows[f"Title {x}"]["Issue Type"][0] for x in ("1.1.1", "1.1.2", "1.2")] == [
        "Sub-task",
        "Sub-task",
        "Bug",
    ]
    assert [rows[f"Title {x}"]["Labels"] for x in ("1.1.1", "1.1.2", "1.2")] == [["bug"], [], []]


def test_a_link_stands_once_and_only_between_tickets_of_the_plan() -> None:
    plan = Plan(
        epics=(
            epic(1, story("1.1"), story("1.2", dependencies=needs("1.1", "1.1", "1.2", "7.7"))),
        ),
        critical_path=(
            CriticalLink(before=Ref.of(1, 1), after=Ref.of(1, 2)),
            CriticalLink(before=Ref.of(5), after=Ref.of(1, 2)),
        ),
        integration_points=(IntegrationPoint(first=Ref.of(1, 1), second=Ref.of(9, 9)),),
    )
    rows = by_summary(read(to_jira_csv(plan)))
    assert rows["Title 1.1"]['Link "Blocks"'] == ["3"]
    assert rows["Title 1.2"]['Link "Blocks"'] == []
    assert 'Link "Relates"' not in rows["Title 1.1"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1 day", "@SUM(A1)", "＝1", '=HYPERLINK("x")'])
@pytest.mark.parametrize("markup", ["wiki", "markdown"])
def test_no_cell_is_executed_by_a_spreadsheet(text: str, markup: str) -> None:
    fields = {"title": text, "description": text, "components": (text,)}
    plan = Plan(epics=(epic(1, story("1.1", **fields), **fields),))
    for row in read(to_jira_csv(plan, markup=markup)):  # type: ignore[arg-type]
        cells = [cell for column in row.values() for cell in column]
        assert not [cell for cell in cells if cell[0] in "=+-@\t\r\n＝＋－＠"]
        assert row["Summary"] == [f"'{text}"]
        assert row["Component/s"] == [f"'{text}"]
        assert row["Story Points"] == ["3"]


@given(plans())
def test_any_plan_is_a_csv_of_one_row_for_each_ticket(plan: Plan) -> None:
    text = to_jira_csv(plan)
    rows = read(text)
    assert len(rows) == len(list(plan.tickets()))
    assert text.count("\r\n") >= len(rows) + 1
    for row in rows:
        cells = [cell for column in row.values() for cell in column]
        assert not [cell for cell in cells if cell[0] in "=+-@\t\r\n＝＋－＠"]


def test_a_plan_without_tickets_is_only_the_heading() -> None:
    assert to_jira_csv(Plan()) == (
        "Issue Id,Parent,Issue Type,Summary,Description,Priority,Story Points\r\n"
    )
