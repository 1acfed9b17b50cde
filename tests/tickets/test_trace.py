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

# Read by a person: the requirement's beginning, and the tickets that take it up, the best first.
# What is not listed (offline execution, Git, model registry, scaling, ...) the plans do leave out.
MATRIX = {
    1: {
        "Visual pipeline designer integrated": ["Story 2.1"],
        "Pipeline versioning": ["Story 3.1"],
        "Resource scheduling": ["Story 1.2", "Task 1.2.2"],
        "Pipeline monitoring": ["Story 2.2", "Story 3.2", "Story 1.1"],
        "Performance parameters": ["Task 1.2.2", "Story 3.2"],
        "Kubeflow Pipelines v2.0 SDK": ["Story 1.1"],
        "UX design": ["Story 2.1"],
        "Users can create pipelines": ["Story 2.1"],
        "Pipeline execution logs": ["Story 2.2"],
        "Kubeflow integration": ["Story 1.1"],
        "Visual pipeline designer UI": ["Story 2.1"],
        "Pipeline API": ["Story 3.1", "Story 3.2"],
        "execution engine": ["Story 1.1"],
    },
    2: {
        "Dynamic request batching": ["Story 1.1"],
        "Intelligent model caching": ["Story 1.2"],
        "Cost and performance": ["Story 2.2"],
        "Performance parameters": ["Story 1.1"],
        "UX design": ["Story 2.2", "Story 2.1"],
        "Dashboard shows": ["Story 2.2", "Story 2.1"],
        "Batching logic": ["Story 1.1"],
        "caching implementation": ["Story 1.2"],
        "Monitoring dashboard": ["Story 2.2"],
    },
}
TAKEN_UP_IN_OTHER_WORDS = {
    # What a reader also counts as taken up (`SDK images` by the SDK's story, `error messages` by
    # the one that displays error states), and shared words are too few to show.
    1: {"Pipeline execution engine containers", "Failed pipelines"},
    2: set[str](),
}
TAKEN_UP_IN_WORDS_ONLY = {
    # The words are those of another matter: requests batched, not routed; a dashboard named after
    # the optimization that the platform team is to do.
    1: set[str](),
    2: {"Request routing optimization", "Resource optimization"},
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


def test_the_first_sentence_of_a_requirement_is_enough() -> None:
    text = (
        "# Fuel\n\n## Requirements\n\n- Revoke a shared link. Ada and Ben had to telephone in May\n"
    )
    (row,) = trace_plan(PLAN, text).rows
    assert row.tickets[0] == Ref.of(1, 2)


def test_a_section_on_owners_supports_tickets() -> None:
    assert (
        Ref.of(1, 1, 2)
        not in trace_plan(
            PLAN, f"{DOCUMENT}\n## Owners (teams)\n\n- Blockchain audit ledger: chain team\n"
        ).ungrounded
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
    found = {row.requirement.text: [*map(str, row.tickets)] for row in trace.rows if row.tickets}
    for text in TAKEN_UP_IN_WORDS_ONLY[number]:
        del found[text]
    assert len(found) == len(MATRIX[number])
    for beginning, tickets in MATRIX[number].items():
        assert [found[text] for text in found if text.startswith(beginning)] == [tickets]
    others = TAKEN_UP_IN_OTHER_WORDS[number]
    assert not [text for text in found for beginning in others if text.startswith(beginning)]
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
