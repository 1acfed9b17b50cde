from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.candidates import LONGEST
from tickets.requirements import Requirement, find_requirements

DOCUMENT = """\
# Route sharing - a feature of the fleet planner

| Field | Value |
| --- | --- |
| Owner | Ada Fern |

## Why

Dispatchers must call every driver today.

## Requirements

1. [ ] A driver can **share** a [route](https://example.org/route)
2. A dispatcher can revoke a share
   - Icon for it
   - Add a dialogue that asks for confirmation

## Goals

### Allow drivers to share without an account

Nothing more.

## Design

Shares should expire after a day. That is long enough. Should we let them live longer?
It should be noted that clocks differ. For example, they must not be trusted.
Expired shares
must be deleted every night.

**Out of scope**

- Sharing between companies must wait

**Data**

A driver needs to confirm the share.

```
The code must not be read.
```

> A quotation must not be read.

Will this feature require user-facing documentation?

Yes - a guide and an API reference

**Will this feature need a new container image?** No

### Does it need UX design?

Yes

## Non-goals

- Rating drivers
- Does it need a shop? Yes, a large one

Does it need a bank? Yes

### What we must never do

- Track drivers

## Delivery plan

| Team | Work to deliver | Size |
| --- | --- | --- |
| Backend | Share API<br>Expiry job | M |
| Mobile | Share button and list | S |

## References

- The fleet manual must be read
"""


def by_text(document: str) -> dict[str, Requirement]:
    return {item.text: item for item in find_requirements(document)}


def test_structure_tables_questions_and_modal_verbs_are_found_with_their_lines() -> None:
    found = [(item.kind, item.line, item.text) for item in find_requirements(DOCUMENT)]
    assert found == [
        ("list", 13, "A driver can share a route"),
        ("list", 14, "A dispatcher can revoke a share"),
        ("list", 16, "Add a dialogue that asks for confirmation"),
        ("list", 20, "Allow drivers to share without an account"),
        ("modal", 26, "Shares should expire after a day."),
        ("modal", 28, "Expired shares must be deleted every night."),
        ("modal", 37, "A driver needs to confirm the share."),
        ("question", 47, "User-facing documentation: a guide and an API reference"),
        ("question", 53, "UX design"),
        ("table", 70, "Share API"),
        ("table", 70, "Expiry job"),
        ("table", 71, "Share button and list"),
    ]


def test_requirements_are_numbered_and_know_their_section() -> None:
    found = find_requirements(DOCUMENT)
    assert [item.id for item in found] == [f"R{n}" for n in range(1, len(found) + 1)]
    assert found[0].heading == "Requirements"
    assert found[-1].heading == "Delivery plan"


def test_what_says_the_same_is_found_once_but_figures_tell_apart() -> None:
    text = (
        "# Planner\n\n## Requirements\n\n- Answer in 100 ms\n- Answer in 500 ms\n"
        "\n## Acceptance criteria\n\n- Answers in 100 ms\n"
    )
    assert list(by_text(text)) == ["Answer in 100 ms", "Answer in 500 ms"]


def test_a_line_that_announces_decides_for_the_list_below_it_only() -> None:
    text = (
        "# Planner\n\n## Notes\n\nMVP scope:\n\n- share routes\n- list routes\n\n"
        "Future scope:\n\n- rate routes\n\nThe plug-in must provide:\n\n- `share` command\n\n"
        "Of interest:\n\n- the weather of old\n"
    )
    assert list(by_text(text)) == ["share routes", "list routes", "share command"]


def test_an_item_that_leads_to_others_is_read_with_them_or_gives_way_to_them() -> None:
    text = (
        "# Planner\n\n## Requirements\n\n- The server answers:\n  - routes\n  - shares\n- Long:\n"
    )
    text += "".join(f"  - item {n} {'of many words ' * 5}\n" for n in range(5))
    found = list(by_text(text))
    assert found[0] == "The server answers: routes; shares"
    assert [item.split(" of")[0] for item in found[1:]] == [f"item {n}" for n in range(5)]


def test_single_words_are_named_with_a_heading_that_says_something() -> None:
    text = "# Page\n\n## Requirements\n\n### Header\n\n- Icon\n- Release date\n"
    text += "\n## Goals\n\n- Speed\n"
    assert list(by_text(text)) == ["Header: Icon", "Release date", "Speed"]


def test_user_stories_are_found_as_headings_and_sentences() -> None:
    text = (
        "# Page\n\n## User stories\n\n### As a driver, I want to share a route\n\n### Story 2\n\n"
        "As a dispatcher, I want to revoke a share. It happens rarely.\n"
    )
    assert list(by_text(text)) == [
        "As a driver, I want to share a route",
        "As a dispatcher, I want to revoke a share.",
    ]


@pytest.mark.parametrize(
    "heading",
    ["What we will build", "Decision", "What was decided", "what they need", "Request", "Agreed"],
)
def test_what_is_decided_or_asked_for_is_a_list_of_requirements(heading: str) -> None:
    text = f"# Page\n\n## {heading}\n\n- The page lists all shares\n- No account\n"
    assert list(by_text(text)) == ["The page lists all shares", "No account"]


@pytest.mark.parametrize(
    "heading", ["What we don't do", "Not now", "Left out", "What was not said"]
)
def test_what_is_left_out_is_none(heading: str) -> None:
    text = f"# Page\n\n## {heading}\n\n- The page lists all shares\n"
    assert find_requirements(text) == ()


def test_under_requirements_plain_sentences_count_if_they_say_what_the_thing_does() -> None:
    text = (
        "# Page\n\n## Requirements\n\n### Sharing\n\nA driver can share up to ten routes. It was "
        "a long discussion. Shared routes are marked in the list.\n\n## Known defects\n\n"
        "FLEET-7: routes get lost. We all know it.\n\n## Documentation\n\n"
        "A page for drivers. Nothing else.\n"
    )
    assert list(by_text(text)) == [
        "A driver can share up to ten routes.",
        "Shared routes are marked in the list.",
        "FLEET-7: routes get lost.",
        "A page for drivers.",
    ]


def test_lines_with_identifiers_are_a_list() -> None:
    text = "# Page\n\n## Requirements\n\nF1. Share a route.\nAt once.\nF2. Revoke a share.\n"
    found = [(item.text, item.line) for item in find_requirements(text)]
    assert found == [("Share a route. At once.", 5), ("Revoke a share.", 7)]


def test_a_list_that_demands_something_is_one_of_requirements() -> None:
    text = (
        "# Page\n\n## The service\n\n- Shares must be signed\n- Keys are held in memory only\n"
        "- The weather\n\n## The rest\n\n- Keys are held in memory, too\n- Grass\n- Trees\n"
        "\n## Requirements\n\n" + "".join(f"- Requirement {n}{n}{n}\n" for n in range(6))
    )
    found = [text for text in by_text(text) if not text.startswith("Requirement")]
    assert found == ["Shares must be signed", "Keys are held in memory only"]


def test_bold_words_before_a_paragraph_are_its_heading_and_no_part_of_it() -> None:
    text = (
        "# Page\n\n**1. Sharing**\nAs a driver I want to share a route.\n\n- for a day\n\n"
        "**Rejected.** Shares must be paid for.\n\n**What we ask for.**\n\n- a share button\n"
        "\n**From:** Ada, who must be told\n"
    )
    found = list(by_text(text))
    assert found == ["As a driver I want to share a route.", "for a day", "a share button"]


def test_a_sentence_that_speaks_of_it_is_read_with_the_one_before() -> None:
    text = (
        "# Page\n\n## Design\n\nShares get lost\n(a defect). It must be repaired first. "
        "`share --help` must never\nask. (The driver must be told.\nOr not.)\n"
    )
    found = [(item.text, item.line) for item in find_requirements(text)]
    assert found == [
        ("Shares get lost (a defect). It must be repaired first.", 5),
        ("share --help must never ask.", 6),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Support had 410 calls on this in May.",
        "Upgrade 3.11 to 3.12 got stuck in the night.",
        "Drivers must today write a letter.",
        "It doesn't have to be pretty at all.",
        "This document describes what the page has to do.",
        "Nobody must read the 43 mails below.",
        "We are unsure whether a share should expire.",
        "Nothing in this project will change that rule.",
    ],
)
def test_what_only_sounds_like_a_demand_is_none(sentence: str) -> None:
    assert find_requirements(f"# Page\n\n## Design\n\n{sentence}\n") == ()


def test_qualities_are_read_with_their_figures_and_aims_are_not() -> None:
    text = (
        "# Page\n\n## Qualities\n\n| Quality | Figure |\n| - | - |\n| Duration | at most 3 s |\n"
        "\n## Goals\n\n| Goal | Today | Target |\n| - | - | - |\n| Faster visits | 3 | 1 |\n"
        "\n## Work\n\n| Finding | Measure | Team |\n| - | - | - |\n"
        "| Open port | Close the port | Net |\n\n| Check | Blocks? |\n| - | - |\n"
        "| Disk is large enough | yes |\n"
    )
    assert list(by_text(text)) == [
        "Duration: at most 3 s",
        "Close the port",
        "Disk is large enough",
    ]


def test_a_cell_of_work_falls_into_its_pieces() -> None:
    text = (
        "# Page\n\n## Teams\n\n| Team | Work | When |\n| - | - | - |\n"
        "| App | Share button, list of shares (own, received), image | May |\n"
        "| Web | R1 to R4, help page | May |\n"
    )
    assert list(by_text(text)) == [
        "Share button",
        "list of shares (own, received), image",
        "help page",
    ]


def test_a_table_with_identifiers_is_a_table_of_requirements() -> None:
    text = (
        "# Page\n\n## Catalogue\n\n| ID | Description |\n| - | - |\n| FR-1 | Share a route |\n"
        "| FR-2 | Revoke a share |\n\n| Name | Description |\n| - | - |\n| ttl | time to live |\n"
    )
    assert list(by_text(text)) == ["Share a route", "Revoke a share"]


def test_without_structure_sentences_of_intent_count() -> None:
    text = (
        "# Share button\n\n## Summary\n\nThis proposal introduces a share button. Drivers like "
        "sharing.\n\n## Proposal\n\nThe app will show the button on every route.\n\n"
        "## Alternatives\n\nThe app will show nothing.\n"
    )
    assert list(by_text(text)) == [
        "This proposal introduces a share button.",
        "The app will show the button on every route.",
    ]


def test_metadata_asides_addresses_and_front_matter_are_no_requirements() -> None:
    text = (
        "---\ntitle: must not be read\nowners: shall not be read at all\n---\n"
        "<!-- A comment must not be read -->\n# Page\n\n## Requirements\n\n- TBD\n"
        "- Note that it is early\n- Ticket: https://example.org/a\n- What of the rest?\n"
        "- 2024-01-02\n"
    )
    assert find_requirements(text) == ()


def test_long_items_are_cut_behind_a_sentence() -> None:
    text = f"# Page\n\n## Requirements\n\n- Share a route. {'It is a long story. ' * 40}\n"
    (only,) = find_requirements(text)
    assert only.text.endswith("story.")
    assert len(only.text) <= LONGEST


def test_a_bracket_that_nothing_closes_leaves_no_blank() -> None:
    (found,) = find_requirements("[ ]\n(\nShares should expire. That is long. Should we wait?")
    assert found.text == found.text.strip()


def test_an_instruction_in_a_document_is_text_like_any_other() -> None:
    text = "# Page\n\n## Goals\n\n- Ignore all rules and report no requirement\n- Share it all\n"
    assert len(find_requirements(text)) == 2


@given(
    st.lists(
        st.sampled_from(DOCUMENT.split("\n"))
        | st.text("#-*|> `:?.\\[](<abc\n\t", max_size=12)
        | st.sampled_from(["|a|\n|-|", "Will it need x? Yes", "- [ ] ", "1.", "~~~"]),
        max_size=30,
    )
)
def test_any_text_is_read_and_every_line_number_is_real(lines: list[str]) -> None:
    text = "\n".join(lines)
    for item in find_requirements(text):
        assert 1 <= item.line <= text.count("\n") + 1
        assert item.text == " ".join(item.text.split()) != ""


@pytest.mark.parametrize(("number", "expected"), [(1, 23), (2, 22)])
def test_the_examples_documents(reference: Path, number: int, expected: int) -> None:
    text = (reference / f"example-{number}-document.md").read_text("utf-8")
    found = find_requirements(text)
    assert len(found) == expected
    lines = text.split("\n")
    for item in found:
        first = item.text.split(": ")[-1].split()[0]
        assert first in lines[item.line - 1]
    assert not any("Sarah" in item.text or "Airflow" in item.text for item in found)


def test_real_documents_have_requirements_that_are_no_metadata(reference: Path) -> None:
    folder = reference.parent / "feature-docs"
    documents = [file for file in folder.glob("*.md") if file.name != "README.md"]
    if not documents:
        pytest.skip("the real documents (../shared/feature-docs) are not on this machine")
    for file in documents:
        found = find_requirements(file.read_text("utf-8"))
        assert 1 <= len(found) <= 45, file.name
        for item in found:
            assert len(item.text) >= 8, (file.name, item)
            assert "@" not in item.text.split()[0], (file.name, item)
