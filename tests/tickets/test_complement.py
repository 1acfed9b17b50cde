"""Stories of other outlines for the requirements that the best one does not take up."""

from tickets.rules import check_plan
from tickets.schema import Plan
from tickets.staged_complement import MOST_STORIES, complement
from tickets.staged_outline import write_outline
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


def settled(text: str) -> Plan:
    return settle_outline(text).plan


def test_each_lacking_requirement_is_taken_over_once_and_where_it_belongs() -> None:
    plan, given = complement(settled(BEST), [settled(OTHER), settled(THIRD)], DOCUMENT)
    assert given == (1, 1)
    assert write_outline(plan).splitlines()[1:] == [
        "1 Export the table | Web | Web Team | High",
        "1.1 Add the export button to the table | 5 | High",
        "1.2 Show an administrator the audit log | 5 | High",
        "2 Keep the files | Store | Store Team | Low | after 1",
        "2.1 Store the files | 3 | Low",
        "2.2 Expire exported files after 30 days | Medium",
        "2.2.1 Find exported files that are 30 days old | 3",
        "2.2.2 Expire them | 2 | after 2.2.1",
    ]
    again = settle_outline(write_outline(plan))
    assert again.repairs == ()
    assert not [each for each in check_plan(again.plan) if each.severity == "error"]


def test_nothing_is_taken_over_that_takes_up_nothing_new() -> None:
    best = settled(BEST)
    assert complement(best, [best, settled(OTHER.replace("30 days", "a while"))], "Nothing.") == (
        best, (0, 0),
    )  # fmt: skip
    assert complement(best, [], DOCUMENT) == (best, ())
    assert complement(settled(""), [settled(OTHER)], DOCUMENT).given == (0,)


def test_an_epic_that_is_full_gets_no_more() -> None:
    lines = [f"1.{n} Do part {n} of the work | 3 | Low" for n in range(1, MOST_STORIES + 1)]
    many = settled("\n".join(["# A", "1 Work | Web | Web Team | Low", *lines]))
    assert complement(many, [settled(THIRD)], DOCUMENT).given == (0,)
    large = settled("# A\n1 Work | Web | Web Team | Low\n" + "\n".join(
        f"1.{n} Do part {n} | 13 | Low" for n in range(1, 4)
    ))  # fmt: skip
    assert complement(large, [settled(THIRD)], DOCUMENT).given == (2,)
    larger = large.model_copy(update={"epics": (large.epics[0].model_copy(update={"points": 46}),)})
    assert complement(larger, [settled(THIRD)], DOCUMENT).given == (1,)
