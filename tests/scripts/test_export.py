import csv
import io
import json

from tests.scripts.conftest import Run
from tests.scripts.test_check import PLAN


def test_json(run: Run) -> None:
    ran = run("export", "-", stdin=PLAN.encode())
    assert ran.status == 0
    value = json.loads(ran.out)
    text = json.dumps(value)
    assert "Open a door on a signed command" in text


def test_jira_csv(run: Run) -> None:
    ran = run("export", "-", "--format", "jira-csv", stdin=PLAN.encode())
    assert ran.status == 0
    rows = list(csv.reader(io.StringIO(ran.out)))
    assert "Summary" in rows[0]
    assert len(rows) == 1 + 3


def test_markdown_is_canonical(run: Run) -> None:
    loose = PLAN.replace("\n- ", "\n* ").replace("**Type**: Story", "Type: Story")
    ran = run("export", "-", "--format", "markdown", stdin=loose.encode())
    assert ran.out == PLAN


def test_json_comes_back_as_the_same_plan(run: Run) -> None:
    exported = run("export", "-", stdin=PLAN.encode()).out
    assert run("export", "-", "--format", "markdown", stdin=exported.encode()).out == PLAN


def test_json_that_is_no_plan_ends_with_2(run: Run) -> None:
    ran = run("export", "-", stdin=b'{"title": "Lockers"}')
    assert (ran.status, ran.out) == (2, "")
    assert "<stdin>: schema_version is None" in ran.err
