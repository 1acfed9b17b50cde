"""Stories of other outlines for the requirements that the best one does not take up."""

import pytest

from tickets.formats import STAGED
from tickets.rules import check_plan
from tickets.staged_complement import MOST_STORIES
from tickets.staged_plan import settle_outline

DOCUMENT = """# Exports

## Requirements

- The table has an export button
- Exported files expire after 30 days
- An administrator reads the audit log
- The importer rejects damaged archives
"""
BEST = """# Exports
1 Export the table | Web | Web Team | High
1.1 Add the export button to the table | 5 | High
2 Keep the files | Store | Store Team | Low | after 1
2.1 Store the files | 3 | Low
"""
OTHER = """# Exports
1 Store all files | Store | Store Team | High
1.1 Add an export button | 3 | Low
1.2 Expire exported files after 30 days | Medium | after 1.1
1.2.1 Find exported files that are 30 days old | 3
1.2.2 Expire them | 2 | after 1.2.1, 1.1
"""
THIRD = """# Exports
1 Audit | Web | Web Team | High
1.1 Show an administrator the audit log | 5 | High
1.2 Let exported files expire after 30 days | 3 | High
"""


def given(best: str, *others: str, document: str = DOCUMENT) -> tuple[int, ...]:
    return STAGED.complement(best, others, document).given


def test_each_lacking_requirement_is_taken_over_once_and_where_it_belongs() -> None:
    complemented = STAGED.complement(BEST, [OTHER, THIRD], DOCUMENT)
    assert complemented.given == (1, 1)
    assert complemented.text.splitlines()[1:] == [
        "1 Export the table | Web | Web Team | High",
        "1.1 Add the export button to the table | 5 | High",
        "1.2 Show an administrator the audit log | 5 | High",
        "2 Keep the files | Store | Store Team | Low | after 1",
        "2.1 Store the files | 3 | Low",
        "2.2 Expire exported files after 30 days | Medium",
        "2.2.1 Find exported files that are 30 days old | 3",
        "2.2.2 Expire them | 2 | after 2.2.1",
    ]
    again = settle_outline(complemented.text)
    assert again.repairs == ()
    assert not [each for each in check_plan(again.plan) if each.severity == "error"]


def test_nothing_is_taken_over_that_takes_up_nothing_new() -> None:
    covered = OTHER.partition("1.2 ")[0]
    assert STAGED.complement(BEST, [BEST, covered], DOCUMENT) == (BEST, (0, 0))
    assert given(BEST, OTHER, document="Nothing.") == (0,)
    assert given(BEST) == ()
    assert given("", OTHER) == (0,)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Store the files | 3", "Show an Administrator the audit log. | 3"),
        ("2 Keep the files", "2 Show an administrator the audit log"),
    ],
)
def test_a_title_that_a_ticket_has_is_not_taken_over(old: str, new: str) -> None:
    plan = settle_outline(BEST.replace(old, new)).plan
    stories = [story for epic in plan.epics for story in epic.stories]
    # What the ticket says is not counted, so that only its title can keep the story out.
    document = DOCUMENT if new.startswith("2 ") else DOCUMENT.replace("An administrator reads", "")
    found = STAGED.complement(BEST.replace(old, new), [THIRD], document)
    titles = [line.partition(" ")[2].split(" | ")[0].casefold() for line in found.text.splitlines()]
    assert len(stories) == 2
    assert sum(title.rstrip(".") == "show an administrator the audit log" for title in titles) == 1


def test_an_epic_that_is_full_gets_no_more() -> None:
    lines = [f"1.{n} Do part {n} of the work | 3 | Low" for n in range(1, MOST_STORIES + 1)]
    many = "\n".join(["# A", "1 Work | Web | Web Team | Low", *lines])
    assert given(many, THIRD) == (0,)
    assert given("\n".join(many.splitlines()[:-1]), THIRD) == (1,)
    sizes = [13, 13, 13, 8]
    large = "\n".join(
        ["# A", "1 Work | Web | Web Team | Low"]
        + [f"1.{n} Do part {n} | {points} | Low" for n, points in enumerate(sizes, 1)]
    )
    assert given(large, THIRD) == (1,)  # 47 points: one of 3 more is all
    assert given(large.replace("| 8 |", "| 3 |"), THIRD) == (2,)
