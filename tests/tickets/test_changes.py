"""Two versions of a document, and which epics their differences concern."""

from tickets.changes import compare_documents, touched_epics
from tickets.staged_plan import settle_outline

OLD = """# Saved searches

## Requirements

- A user must be able to save a search under a name
- The list of searches must show the newest search first
- Searches must be deleted after a year
"""
NEW = """# Saved searches

## Requirements

- A user must be able to save a search under a name
- The list of searches must show the newest search first, fifty on a page
- A search must be shared with a team by a link
"""
PLAN = settle_outline("""# Saved searches
1 Save a search under a name and delete it after a year | Search | Search Team | High
1.1 Save a search under a name | 5 | High
1.2 Delete searches after a year | 3 | Low
2 Show the list of searches on a page, with the newest first | Page | Page Team | Low
2.1 Show the newest search first in the list | 3 | Low
3 Share by a link | Sharing | Team Pages | Low
3.1 Make links for a team | 3 | Low
""").plan


def test_what_came_went_and_was_reworded() -> None:
    changes = compare_documents(OLD, NEW)
    assert [each.text for each in changes.came] == ["A search must be shared with a team by a link"]
    assert [each.text for each in changes.went] == ["Searches must be deleted after a year"]
    ((old, new),) = changes.changed
    assert new.text.startswith(old.text)
    assert changes.any
    assert not compare_documents(OLD, OLD).any


def test_a_change_concerns_the_epic_that_took_it_up() -> None:
    touched = touched_epics(PLAN, OLD, NEW, compare_documents(OLD, NEW))
    assert {place: len(requirements) for place, requirements in touched.items()} == {
        0: 1,
        1: 1,
        2: 1,
    }


def test_without_a_change_no_epic_is_concerned() -> None:
    assert touched_epics(PLAN, OLD, OLD, compare_documents(OLD, OLD)) == {}
