"""Hypothesis strategies for plans, shared by the tests.

`plans()` draws anything that the schema holds: any text, numbers that do not fit their place,
references to nothing. `likely_plans()` draws plans whose numbers are in order and whose references
mostly exist, so that cycles, wrong sums and late phases come up often.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tickets.headings import read_heading
from tickets.schema import (
    FIBONACCI,
    PRIORITIES,
    TICKET_TYPES,
    Allocation,
    CriticalLink,
    Dependency,
    Epic,
    IntegrationPoint,
    Phase,
    PhaseItem,
    Plan,
    Ref,
    Section,
    Story,
    Task,
    Total,
)

# Pieces of text that mean something to markdown, to the format or to a reader of lines.
_PIECES = (
    *("# ", "## ", "##### Story 1.1: x", "#", "##", "- ", "* ", "1. ", "2) ", "> ", "| ", "|"),
    *("**Title**: ", "**Story Points**: 5", "**Acceptance Criteria:**", "Priority: High"),
    *("```", "```py", "~~~", "---", "===", "<b>", "<!-- ", "&amp;", "[a](b)", "[ ] ", "[x] "),
    *("\\", "\\\\", "**", "__", "_", "`", "$", "&", ":", ",", "(", ")", "[", "]", "→", "↔"),
    *("\n", "\n\n", "    ", "\t", " ", "\r", "\r\n", "\x00", "\x0b", "\x85", "\u2028", "\u00a0"),
    *("\ufeff", "\u200b", "\u202e", "é", "e\u0301", "ß", "İ", "漢字", "😀", "\ud800"),
    *("Epic 1", "Story 1.1", "Task 1.1.1", "completion", "None", "and", "5 points", "Notes"),
    *("Phase 1", "Sprint 3", "(Sprint 3)", "Duration: 3", "Story Points: 5", "Total Effort"),
    *("Resource Allocation", "[Generated as A]", "better", "fast", "TBD", "x", "Platform Team"),
)


def texts() -> SearchStrategy[str]:
    """Any text, with much that is active in markdown or in the format."""
    pieces = st.lists(st.sampled_from(_PIECES), max_size=6).map("".join)
    return st.text(max_size=12) | pieces


def words() -> SearchStrategy[str]:
    """Harmless words, never empty."""
    names = ("Cache", "Queue", "Router", "Login page", "Store", "Audit log", "Export")
    return st.sampled_from(names)


def refs(highest: int = 40, level: int | None = None) -> SearchStrategy[Ref]:
    """References with numbers from 0 to `highest`, of one `level` (1 to 3) or of any."""
    least, most = (1, 3) if level is None else (level, level)
    numbers = st.lists(st.integers(0, highest), min_size=least, max_size=most)
    return numbers.map(lambda parts: Ref(number=tuple(parts)))


def _points() -> SearchStrategy[int | None]:
    any_points = st.none() | st.integers(0, 99) | st.just(99_999)
    return st.sampled_from(FIBONACCI) | any_points


def _fields(text: SearchStrategy[str], ref: SearchStrategy[Ref]) -> dict[str, SearchStrategy[Any]]:
    dependency = st.builds(Dependency, ref=ref, completion=st.booleans(), note=text)
    return {
        "name": text,
        "title": text,
        "description": text,
        "components": st.lists(text, max_size=2).map(tuple),
        "points": _points(),
        "priority": st.none() | st.sampled_from(PRIORITIES),
        "dependencies": st.lists(dependency, max_size=2).map(tuple),
    }


def _below_epic(text: SearchStrategy[str], ref: SearchStrategy[Ref]) -> dict[str, Any]:
    return {
        **_fields(text, ref),
        "type": st.none() | st.sampled_from(TICKET_TYPES),
        "parent": st.none() | ref,
        "acceptance_criteria": st.lists(text, max_size=3).map(tuple),
    }


def _rest(text: SearchStrategy[str], ref: SearchStrategy[Ref]) -> dict[str, SearchStrategy[Any]]:
    """What stands below the epics: cross-epic lines, phases, allocation, total."""
    link = st.builds(CriticalLink, before=ref, after=ref, text=text)
    point = st.builds(IntegrationPoint, first=ref, second=ref, text=text)
    item = st.builds(PhaseItem, ref=st.none() | ref, text=text)
    phase = st.builds(
        Phase,
        number=st.integers(0, 5),
        sprint=text,
        name=text,
        items=st.lists(item, max_size=3).map(tuple),
    )
    allocation = st.builds(
        Allocation,
        team=text,
        epics=st.lists(ref, max_size=2).map(tuple),
        staffing=st.lists(text, max_size=2).map(tuple),
        duration=text,
        points=_points(),
    )
    return {
        "critical_path": st.lists(link, max_size=3).map(tuple),
        "integration_points": st.lists(point, max_size=2).map(tuple),
        "phases": st.lists(phase, max_size=3).map(tuple),
        "allocation": st.lists(allocation, max_size=3).map(tuple),
        "total": st.none() | st.builds(Total, points=st.integers(0, 99), teams=_points()),
    }


def sections() -> SearchStrategy[Section]:
    """Sections that the format does not know."""
    return st.builds(Section, heading=texts().filter(_is_free), text=texts())


def _is_free(text: str) -> bool:
    heading = read_heading(text)
    return heading.kind == "other" and heading.name != ""


def plans() -> SearchStrategy[Plan]:
    """Any plan that the schema holds, however wrong."""
    text, ref = texts(), refs()
    task = st.builds(Task, ref=refs(level=3), **_below_epic(text, ref))
    story = st.builds(
        Story,
        ref=refs(level=2),
        tasks=st.lists(task, max_size=2).map(tuple),
        **_below_epic(text, ref),
    )
    epic = st.builds(
        Epic,
        ref=refs(level=1),
        key=text,
        owner=text,
        stories=st.lists(story, max_size=2).map(tuple),
        **_fields(text, ref),
    )
    return st.builds(
        Plan,
        title=text,
        epics=st.lists(epic, max_size=2).map(tuple),
        sections=st.lists(sections(), max_size=2).map(tuple),
        **_rest(text, ref),
    )


def likely_plans() -> SearchStrategy[Plan]:
    """A plan of one to four epics, numbered in order, with references that mostly exist."""
    text, ref = words(), refs(highest=4)
    owner = st.sampled_from(("", "Platform Team", "Data Team", "Platform Team and Data Team"))
    key = st.sampled_from(("", "ACME-CACHE-001", "ACME-CACHE-002", "cache"))
    task = st.builds(Task, ref=refs(level=3), **_below_epic(text, ref))
    story = st.builds(
        Story,
        ref=refs(level=2),
        tasks=st.lists(task, max_size=2).map(tuple),
        **_below_epic(text, ref),
    )
    epic = st.builds(
        Epic,
        ref=refs(level=1),
        key=key,
        owner=owner,
        stories=st.lists(story, max_size=3).map(tuple),
        **_fields(text, ref),
    )
    epics = st.lists(epic, min_size=1, max_size=4).map(_in_order)
    return st.builds(Plan, title=text, epics=epics, **_rest(text, ref))


def _in_order(epics: list[Epic]) -> tuple[Epic, ...]:
    """The epics with every ticket numbered by its position."""
    return tuple(
        epic.model_copy(
            update={
                "ref": Ref(number=(e,)),
                "stories": tuple(_story_at(story, e, s) for s, story in enumerate(epic.stories, 1)),
            }
        )
        for e, epic in enumerate(epics, 1)
    )


def _story_at(story: Story, e: int, s: int) -> Story:
    tasks = (
        task.model_copy(update={"ref": Ref(number=(e, s, t))})
        for t, task in enumerate(story.tasks, 1)
    )
    return story.model_copy(update={"ref": Ref(number=(e, s)), "tasks": tuple(tasks)})
