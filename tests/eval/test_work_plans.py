from pathlib import Path

import pytest

from eval.work_plans import read_work_plan, score_work_plan
from tests.plans import epic, story
from tickets.schema import Plan, Ref

BULLETS = """\
## Phase 1 (alpha)

Scope of the release:
* Log collector as a sidecar container
* History server with endpoints:
  * /cluster
  * /events

### Graduation criteria

- Five users are happy with the server

## Risks

- Nobody reads the logs
"""

TABLE = """\
| # | Deliverable | Owner |
|---|---|---|
| 1 | Log collector sidecar | A |
| 2 | History server endpoints | B |

| Field | Value |
|---|---|
| Priority | Major |
"""

CHECKLIST = """\
1. [x] **LOG-1**: Write the log collector
2. [ ] Write the history server
"""

TICKETS = """\
# Epic 1: Logs of all clusters

**Acceptance Criteria**:
- All logs are kept for a year

## Stories

- Story 1 (LOG-7): Collect logs in a sidecar
- T001-T010: Setup of the repository

## Story 1 (LOG-7): Collect logs in a sidecar

Some words.

- It is a detail of the story

## Task 2 - Serve the history of a cluster

**Sub-Tasks**:

1. **LOG-9**: Design the endpoints
   - a detail of it
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BULLETS, ["Log collector as a sidecar container", "History server with endpoints"]),
        (TABLE, ["Log collector sidecar", "History server endpoints"]),
        (CHECKLIST, ["Write the log collector", "Write the history server"]),
        (
            TICKETS,
            [
                "Collect logs in a sidecar",
                "Serve the history of a cluster",
                "Design the endpoints",
            ],
        ),
    ],
    ids=["bullets", "table", "checklist", "tickets"],
)
def test_items_of_any_form(text: str, expected: list[str]) -> None:
    assert [item.text for item in read_work_plan(text)] == expected


def test_lines_count_from_one() -> None:
    assert [item.line for item in read_work_plan(CHECKLIST)] == [1, 2]


def test_many_items_may_be_taken_up_by_one_ticket() -> None:
    collect = story("1.1", name="Log Collector", title="Write a log collector with a log sidecar")
    plan = Plan(epics=(epic(1, collect, story("1.2", name="Zeppelin", title="Paint zeppelins")),))
    items = read_work_plan(
        "- Write the log collector\n- Run the log collector as sidecar\n- Translate the manual\n"
    )
    score = score_work_plan(plan, items)
    assert score.recall == pytest.approx(2 / 3)
    assert [item.text for item in score.missed] == ["Translate the manual"]
    assert score.unmatched == (Ref.of("1.2"),)
    assert score.matched_share == 0.5


def test_a_plan_without_items_cannot_be_judged_by() -> None:
    with pytest.raises(ValueError, match="no work item"):
        score_work_plan(Plan(), read_work_plan("Only words.\n"))


def test_a_plan_without_tickets_takes_nothing_up() -> None:
    assert score_work_plan(Plan(), read_work_plan(CHECKLIST)).recall == 0


def test_peoples_own_plans_have_items(root: Path) -> None:
    folder = root.parent / "shared" / "work-plans"
    plans = sorted(folder.glob("*.work-plan.md"))
    if not plans:
        pytest.skip("there are no work plans on this machine")
    for plan in plans:
        assert len(read_work_plan(plan.read_text("utf-8"))) >= 4, plan.name
