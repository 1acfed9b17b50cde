import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.kinds import kind_of
from tickets.sections import fit_document, read_sections
from tickets.words import sentences

DOCUMENT = """\
---
title: Route sharing
---
# Route sharing for fleets

## Summary

Drivers share routes. Dispatchers see them at once.

## Requirements

- A driver can share a route
- A dispatcher can revoke a share

## Design

Shares are kept in one table. They expire after a day.

```yaml
# not a heading
share:
  ttl: 24h
```

Revoking deletes the row.

Out of scope
------------

- Sharing between companies

## References

- Long list of links
"""


def words(text: str) -> int:
    return len(text.split())


def test_sections_hold_each_line_once_and_know_setext_headings_and_fences() -> None:
    sections = read_sections(DOCUMENT)
    assert [section.heading for section in sections] == [
        "",
        "Route sharing for fleets",
        "Summary",
        "Requirements",
        "Design",
        "Out of scope",
        "References",
    ]
    assert [section.start for section in sections[1:]] == [section.end for section in sections[:-1]]
    assert sections[-1].end == DOCUMENT.count("\n") + 1


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("High level requirements", "demand"),
        ("3.2 Acceptance Criteria:", "demand"),
        ("**High Level Delivery Plan**", "demand"),
        ("MVP Scope", "demand"),
        ("Goals", "demand"),
        ("User Stories", "demand"),
        ("Non-Goals", "excluded"),
        ("Non-functional requirements", "demand"),
        ("Non-requirements", "excluded"),
        ("Out of scope", "excluded"),
        ("Alternatives considered", "excluded"),
        ("Implementation History", "excluded"),
        ("Required Reviewers", "excluded"),
        ("Future work", "excluded"),
        ("The Why", "context"),
        ("Proposal", "proposal"),
        ("Will this feature require UX design?", "question"),
    ],
)
def test_kinds_of_headings(heading: str, role: str) -> None:
    kind = kind_of(heading)
    assert kind is not None
    assert kind.role == role


def test_a_title_announces_nothing_and_what_lies_below_an_excluded_heading_is_excluded() -> None:
    text = "# Upgrade requirements of the fleet\n\n## Alternatives\n\n### Goals\n\n- Buy it\n"
    kinds = [section.kind.role for section in read_sections(text)[1:]]
    assert kinds == ["proposal", "excluded", "excluded"]


def test_a_document_that_fits_is_returned_as_it_is() -> None:
    assert fit_document(DOCUMENT, words(DOCUMENT), words) == (DOCUMENT, ())


def test_the_least_relevant_parts_go_first_and_are_reported() -> None:
    fitted = fit_document(DOCUMENT, words(DOCUMENT) - 10, words)
    assert "Long list of links" not in fitted.text
    assert "title: Route sharing" not in fitted.text
    assert "A driver can share" in fitted.text
    assert "ttl: 24h" in fitted.text
    assert [part.heading for part in fitted.left_out] == ["(beginning)", "References"]
    assert sum(part.tokens for part in fitted.left_out) >= 10


def test_a_listing_goes_before_the_prose_around_it_and_the_order_is_kept() -> None:
    budget = words(DOCUMENT) - 18
    text = fit_document(DOCUMENT, budget, words).text
    assert "ttl" not in text
    assert "Revoking deletes the row." in text
    places = [text.index(part) for part in ("Summary", "Requirements", "Shares are", "Revoking")]
    assert places == sorted(places)


def test_a_part_is_cut_behind_a_sentence_never_within() -> None:
    text = "# Planner\n\n## Summary\n\nOne two three four. Five six seven eight. Nine ten eleven.\n"
    fitted = fit_document(text, 13, words)
    assert fitted.text.endswith("Five six seven eight.")
    assert fit_document(text, 11, words).text.endswith("One two three four.")


def test_a_cut_leaves_no_line_that_leads_to_nothing() -> None:
    text = (
        "# Planner\n\n## Requirements\n\nIt is quick.\n\nFor drivers:\n\n" + "- share a route\n" * 9
    )
    assert fit_document(text, 11, words).text.endswith("It is quick.")


def test_a_table_is_cut_between_rows() -> None:
    rows = [f"| team {n} | work to do. And more of it. |" for n in range(20)]
    text = "# Plan\n\n| a | b |\n| - | - |\n" + "\n".join(rows) + "\n"
    kept = fit_document(text, 100, words).text.splitlines()
    assert 5 < len(kept) < 20
    assert kept[-1] in rows


@pytest.mark.parametrize("budget", [0, 1, 3])
def test_nothing_is_left_where_nothing_fits(budget: int) -> None:
    fitted = fit_document(
        "# Plan the long way round\n\nOne long sentence about it.\n", budget, words
    )
    assert fitted.text == ""
    assert fitted.left_out


def test_counts_that_do_not_add_up_still_end_within_the_budget() -> None:
    def more_together(text: str) -> int:
        return int(len(text.split()) ** 1.2)

    fitted = fit_document(DOCUMENT, 60, more_together)
    assert 0 < more_together(fitted.text) <= 60


pieces = st.sampled_from(
    [
        "# Goals",
        "## References",
        "Notes\n---",
        "A b c. D e f.",
        "- item one",
        "```\ncode. More\n```",
        "| a | b |\n| - | - |\n| c | d |",
        "<!-- aside -->",
        "",
        "Lead:",
        "1. first\n   more",
    ]
)


@given(st.lists(pieces, max_size=14), st.integers(0, 40))
def test_any_document_fits_any_budget_in_whole_sentences(parts: list[str], budget: int) -> None:
    text = "\n".join(parts)
    fitted = fit_document(text, budget, words)
    assert words(fitted.text) <= budget
    originals = {line.strip() for line in text.split("\n")} | set(sentences(text))
    originals |= {end for line in text.split("\n") for end in sentences(line)}
    for line in fitted.text.split("\n"):
        assert all(sentence in originals for sentence in sentences(line))
    if not fitted.left_out:
        assert fitted.text == text


def test_a_large_document_is_counted_a_few_times_at_most() -> None:
    text = "# Plan\n\n" + "".join(
        f"## Part {n}\n\n{'Some words here. ' * 20}\n" for n in range(2000)
    )
    counted = 0

    def count(part: str) -> int:
        nonlocal counted
        counted += len(part)
        return len(part.split())

    assert words(fit_document(text, 500, count).text) <= 500
    assert counted < 3 * len(text)
