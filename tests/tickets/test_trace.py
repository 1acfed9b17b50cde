import time
from pathlib import Path

import pytest

from tickets.parse import parse_plan
from tickets.schema import Epic, Plan, Ref, Story, Task
from tickets.trace import Trace, trace_plan

DOCUMENT = """\
# Route sharing

## Requirements

- Drivers share routes with dispatchers by a link
- Revoking a shared link ends the access at once
- Weekly report on fuel | mileage <per vehicle>

## Out of scope

- Live tracking of vehicles on a map
"""

PLAN = Plan(
    epics=(
        Epic(
            ref=Ref.of(1),
            name="Sharing",
            stories=(
                Story(
                    ref=Ref.of(1, 1),
                    name="Share a route",
                    title="Share routes by link",
                    acceptance_criteria=("A dispatcher opens the shared link",),
                    tasks=(
                        Task(ref=Ref.of(1, 1, 1), name="Link tokens", title="Sign the token"),
                        Task(ref=Ref.of(1, 1, 2), name="Blockchain ledger", title="Audit chain"),
                    ),
                ),
                Story(
                    ref=Ref.of(1, 2),
                    name="Revocation",
                    title="Revoke a shared link",
                    description="Access through the link ends as it is revoked.",
                ),
                Story(ref=Ref.of(1, 3), name="Map", title="Live tracking of vehicles on a map"),
                Story(ref=Ref.of(1, 4), name="End-to-end tests", title="Write unit and e2e tests"),
            ),
        ),
    )
)

# Read by a person: the requirement's line, and the tickets that take it up, the best first. What
# is not listed (offline execution, Git, model registry, routing, ...) the plans do leave out.
MATRIX = {
    1: {
        19: ["Story 2.1"],
        20: ["Story 3.1"],
        22: ["Story 1.2"],
        23: ["Story 2.2", "Story 3.2"],
        27: ["Task 1.2.2", "Story 3.2"],
        46: ["Story 1.1"],
        58: ["Story 2.1"],
        62: ["Story 2.1"],
        63: ["Story 2.2"],
        72: ["Story 1.1"],
        73: ["Story 2.1"],
        74: ["Story 1.1", "Story 3.2", "Story 3.1"],
    },
    2: {
        19: ["Story 1.1"],
        20: ["Story 1.2"],
        23: ["Story 2.2"],
        27: ["Story 1.1"],
        58: ["Story 2.2", "Story 2.1"],
        64: ["Story 2.2"],
        73: ["Story 1.1", "Story 1.2"],
        74: ["Story 2.2"],
    },
}
TAKEN_UP_IN_OTHER_WORDS = {
    # What a reader also counts as taken up (`SDK images` by the SDK's story, `error messages` by
    # the one that displays error states), and shared words are too few to show.
    1: {50, 64},
    2: set[int](),
}


def example(reference: Path, plan: int, document: int) -> Trace:
    markdown = (reference / f"example-{plan}.md").read_text("utf-8")
    text = (reference / f"example-{document}-document.md").read_text("utf-8")
    return trace_plan(parse_plan(markdown).plan, text)


def test_requirements_find_their_tickets_and_tickets_their_support() -> None:
    trace = trace_plan(PLAN, DOCUMENT)
    assert [row.tickets for row in trace.rows] == [
        (Ref.of(1, 1),),
        (Ref.of(1, 2),),
        (),
    ]
    assert trace.coverage == pytest.approx(2 / 3)
    # Tests are owed without being asked for; what is out of scope supports nothing.
    assert trace.ungrounded == (Ref.of(1, 1, 2), Ref.of(1, 3))
    assert trace.grounding == pytest.approx(4 / 6)


def test_the_table_is_markdown_whatever_a_requirement_says() -> None:
    assert trace_plan(PLAN, DOCUMENT).table() == (
        "| Requirement | Line | Tickets |\n"
        "| :-- | --: | :-- |\n"
        "| R1 Drivers share routes with dispatchers by a link | 5 | Story 1.1 |\n"
        "| R2 Revoking a shared link ends the access at once | 6 | Story 1.2 |\n"
        "| R3 Weekly report on fuel \\| mileage \\<per vehicle> | 7 | — |\n"
    )


def test_an_epic_counts_only_where_there_are_no_stories() -> None:
    epic = Epic(ref=Ref.of(1), name="Share routes", title="Drivers share routes by a link")
    assert trace_plan(Plan(epics=(epic,)), DOCUMENT).rows[0].tickets == (Ref.of(1),)


def test_nothing_to_count_is_no_loss() -> None:
    assert trace_plan(Plan(), DOCUMENT).grounding == 1.0
    assert trace_plan(Plan(), DOCUMENT).coverage == 0.0
    assert trace_plan(PLAN, "Good morning.\n").coverage == 1.0
    assert trace_plan(PLAN, "Good morning.\n").grounding == pytest.approx(1 / 6)


@pytest.mark.parametrize("number", [1, 2])
def test_the_matrix_of_the_examples_is_the_one_a_reader_draws(reference: Path, number: int) -> None:
    trace = example(reference, number, number)
    found = {row.requirement.line: [*map(str, row.tickets)] for row in trace.rows if row.tickets}
    assert found == MATRIX[number]
    assert not TAKEN_UP_IN_OTHER_WORDS[number] & set(found)
    assert trace.coverage >= 0.4
    assert trace.grounding == 1.0


@pytest.mark.parametrize(("plan", "document"), [(1, 2), (2, 1)])
def test_a_plan_does_not_fit_the_other_examples_document(
    reference: Path, plan: int, document: int
) -> None:
    trace = example(reference, plan, document)
    assert trace.coverage <= 0.1
    assert trace.grounding <= 0.25


def test_tracing_a_plan_again_and_again_is_quick(reference: Path) -> None:
    example(reference, 1, 1)
    start = time.perf_counter()
    for _ in range(10):
        trace_plan(PLAN, DOCUMENT)
    assert (time.perf_counter() - start) / 10 < 0.02  # seconds; some 0.0005 where nothing else runs
