"""Acceptance criteria in their usual places."""

import pytest

from data.jira.criteria import read_checklist, read_criteria, take_criteria


@pytest.mark.parametrize(
    ("description", "rest", "criteria"),
    [
        ("Why.\n\n## Acceptance Criteria\n- a\n- b\n\n## Notes\nn", "Why.\n\n## Notes\nn",
         ("a", "b")),
        ("### AC:\n1. a\n2. b", "", ("a", "b")),
        ("## Acceptance criteria\n\n**API**\n- a\n\n**UI**\n- b", "", ("a", "b")),
        ("## Acceptance criteria\n- a\n\nA word about the rest.", "A word about the rest.", ("a",)),
        ("Why.\n\n**Acceptance Criteria:**\n- a\n  goes on\n- b\n\nOut of scope: c.",
         "Why.\n\nOut of scope: c.", ("a goes on", "b")),
        ("**Acceptance criteria**: it works offline", "", ("it works offline",)),
        ("Acceptance Criteria:\nFirst line\nSecond line", "", ("First line", "Second line")),
        ("**Definition of Done**\n- [x] a\n- [ ] b\n\n**Links**\n- c", "**Links**\n- c",
         ("a", "b")),
        ("Text\n\n- [ ] a\n- [x] b\n\nMore", "Text\n\nMore", ("a", "b")),
        ("Text\n\n* [ ] a", "Text", ("a",)),
        ("Given a user\nWhen she logs in\nAnd waits\nThen she is in\n\nNote", "Note",
         ("Given a user, when she logs in, and waits, then she is in",)),
        ("**Scenario: one**\n- **Given** a\n- **When** b\n- **Then** c", "",
         ("Given a, when b, then c",)),
        ("## Acceptance Criteria\nGiven a\nThen b\n\nGiven c\nThen d.", "",
         ("Given a, then b", "Given c, then d.")),
        ("## Acceptance Criteria\n- All hold:\n  - a\n  - b\n- c", "", ("All hold: a; b", "c")),
        ("When it rains, it pours.\nNothing else.", "When it rains, it pours.\nNothing else.", ()),
        ("We accept criteria of any kind.", "We accept criteria of any kind.", ()),
        ("```\n## Acceptance Criteria\n- a\n```", "```\n## Acceptance Criteria\n- a\n```", ()),
        ("## Acceptance Criteria\n\n## Notes\nn", "## Acceptance Criteria\n\n## Notes\nn", ()),
        ("", "", ()),
    ],
)  # fmt: skip
def test_places(description: str, rest: str, criteria: tuple[str, ...]) -> None:
    assert take_criteria(description) == (rest, criteria)


def test_field_of_its_own() -> None:
    assert read_criteria("- a\n- b") == ("a", "b")
    assert read_criteria("One sentence.\nAnother one.") == ("One sentence.", "Another one.")


def test_smart_checklist() -> None:
    """Smart Checklist's text form: its documentation, "Checklist formatting"."""
    text = "# Before\n- open\n+ done\n~ half way\nx skipped\n> a detail\n---\n- [x] boxed"
    assert read_checklist(text) == ("open", "done", "half way", "skipped", "boxed")
