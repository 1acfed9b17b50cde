"""An outline read as a plan that is consistent, and what it breaks.

Whatever the outline does not hold (keys, parents, sums, components of stories, the critical path,
phases, allocation, the total) follows from what it does, and repair's steps write it.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeVar

from tickets.bounds import Bounds
from tickets.diagnostics import Diagnostic
from tickets.repair import RepairResult, repair_plan
from tickets.repair_base import Draft, Updates
from tickets.rules import check_plan
from tickets.schema import Epic, Loc, Plan, Ref, Story
from tickets.staged_outline import read_outline
from tickets.text import folded

if TYPE_CHECKING:
    from tickets.vocabulary import Vocabulary

_WRITTEN: Final = {
    *("N201", "N202", "D301", "D302", "D303", "D304", "D305", "D306"),
    *("E401", "F502", "F503", "F509", "F513", "F515", "F516"),
}
"""Repairs of what an outline says. The others only write what it leaves to code."""

_JUDGED: Final = {"Q801", "Q802", "Q803", "Q804", "Q809", "Q812", "Q813", "Q815"}
"""Warnings that an outline alone can earn."""


def settle_outline(
    text: str, vocabulary: "Vocabulary | None" = None, *, join: bool = True
) -> RepairResult:
    """The plan of an outline, complete but for descriptions and criteria.

    Without `join` epics of one title stay apart, so that each is in its place.

    Its repairs are those of what the outline says itself: what could not be read or was said twice
    and is left out or joined, numbers, dependencies, estimates, names.
    """
    parsed = read_outline(text)
    plan, doubles = _once(parsed.plan, join=join)
    repaired = repair_plan(plan, vocabulary=vocabulary)
    repairs = [each for each in repaired.repairs if _is_of_outline(each, plan)]
    return RepairResult(plan=repaired.plan, repairs=(*parsed.diagnostics, *doubles, *repairs))


def _once(plan: Plan, *, join: bool = True) -> tuple[Plan, list[Diagnostic]]:
    """The plan in which no title stands twice: among the stories of an epic the first of a title
    stays (O104), and epics of one title and owner become one (O105), while they are no more than
    an epic may be.

    A small model that has said all it knows says the last of it again, in a title as well: there
    the words are left once. What waits for a ticket that goes waits for the one that stays.
    """
    told: list[Diagnostic] = []
    numbers = {ticket.ref: loc for loc, ticket in reversed([*plan.tickets()])}
    instead: dict[Ref, Ref] = {}

    def leave(code: str, ticket: Epic | Story, known: Epic | Story, loc: Loc) -> None:
        message = f"{ticket.ref} has the title of {known.ref}"
        fix = "it is left out" if code == "O104" else f"its stories go below {known.ref}"
        told.append(Diagnostic(code=code, severity="error", message=message, fix=fix, loc=loc))
        gone = ticket.tasks if isinstance(ticket, Story) else ()
        for ref in (ticket.ref, *(task.ref for task in gone)):
            if numbers[ref][: len(loc)] == loc:  # else an earlier ticket has this number
                instead[ref] = known.ref

    epics: dict[str, Epic] = {}
    below: dict[str, dict[str, Story]] = {}
    for e, epic in enumerate(map(_titled_once, plan.epics)):
        stories = [(folded(story.title), story) for story in map(_titled_once, epic.stories)]
        key = f"{folded(epic.title)} | {folded(epic.owner)}" if join else str(e)
        if len({*below.get(key, ()), *(title for title, _ in stories)}) > Bounds().stories:
            key = str(e)
        known = epics.setdefault(key, epic)
        if known is not epic:
            leave("O105", epic, known, ("epics", e))
            waits = (*known.dependencies, *epic.dependencies)
            epics[key] = known.model_copy(update={"dependencies": waits})
        kept = below.setdefault(key, {})
        for s, (title, story) in enumerate(stories):
            first = kept.setdefault(title, story)
            if first is not story:
                leave("O104", story, first, ("epics", e, "stories", s))
    joined = [
        epic.model_copy(update={"stories": tuple(below[key].values())})
        for key, epic in epics.items()
    ]
    once = plan.model_copy(update={"title": _words_once(plan.title), "epics": tuple(joined)})
    return _pointing(once, instead) if instead else once, told


def _pointing(plan: Plan, instead: Mapping[Ref, Ref]) -> Plan:
    """The plan with other tickets in its dependencies, each once."""
    draft = Draft(plan, None)
    updates: Updates = {}
    for loc, ticket in plan.tickets():
        pointing = {
            ref: each.model_copy(update={"ref": ref})
            for each in ticket.dependencies
            for ref in [instead.get(each.ref, each.ref)]
            if ref != ticket.ref
        }
        updates[loc] = {"dependencies": tuple(pointing.values())}
    draft.change_tickets(updates)
    return draft.plan


_Titled = TypeVar("_Titled", Epic, Story)
_AGAIN: Final = re.compile(r"(?<!\w)(\S.{2,80}?)(?:\W+\1(?!\w)){2,}", re.IGNORECASE)


def _titled_once(ticket: _Titled) -> _Titled:
    title = _words_once(ticket.title)
    if title == ticket.title:
        return ticket
    return ticket.model_copy(update={"name": title, "title": title})


def _words_once(text: str) -> str:
    """A title that says the same words three times or more in a row, with these words once."""
    match = _AGAIN.search(text)
    if match is None:
        return text
    rest = text[match.end() :]
    is_cut = match[1].casefold().startswith(rest.strip(" :,;-").casefold())
    return text[: match.end(1)] + ("" if is_cut else rest)


def check_outline(text: str, vocabulary: "Vocabulary | None" = None) -> tuple[Diagnostic, ...]:
    """What an outline breaks, with its lines: errors that a person must mend, then warnings."""
    parsed = read_outline(text)
    doubles = [
        each.model_copy(update={"line": parsed.line_of(each.loc), "fix": "say what sets it apart"})
        for each in _once(parsed.plan)[1]
    ]
    errors = [
        each
        for each in check_plan(parsed.plan, lines=parsed.lines, vocabulary=vocabulary)
        if each.code == "F501" or (each.severity == "error" and _is_of_outline(each, parsed.plan))
    ]
    settled = repair_plan(parsed.plan, vocabulary=vocabulary).plan
    warnings = [
        each
        for each in check_plan(settled, lines=parsed.lines, vocabulary=vocabulary)
        if each.code in _JUDGED
    ]
    return (*parsed.diagnostics, *doubles, *errors, *warnings)


def _is_of_outline(repair: Diagnostic, plan: Plan) -> bool:
    if repair.code in _WRITTEN:
        return True
    match repair.loc:
        case ("epics", _, "components"):
            return True
        case ("epics", int(e), "stories", int(s), "points"):
            story: Story = plan.epics[e].stories[s]
            return not story.tasks
        case ("epics", _, "stories", _, "tasks", _, "points"):
            return True
    return False
