"""Phases: every story in one, none before what it needs; the author's phases stay if they can."""

from collections.abc import Sequence
from itertools import count
from typing import Final

from tickets.order import Order
from tickets.repair_base import Draft
from tickets.rules_base import phase_lines
from tickets.schema import Phase, PhaseItem

ONLY_PHASE: Final = "Delivery"
FIRST_PHASE: Final = "Foundation"
MIDDLE_PHASE: Final = "Core"
LAST_PHASE: Final = "Completion"


def phases_from(order: Order) -> tuple[Phase, ...]:
    """The phases that the dependencies imply: as few as possible, each story as early as it can."""
    waves = order.waves()
    names = _phase_names(len(waves))
    return tuple(
        Phase(
            number=number,
            sprint=f"Sprint {number}",
            name=name,
            items=tuple(_line(order, index) for index in wave),
        )
        for number, name, wave in zip(count(1), names, waves, strict=False)
    )


def _phase_names(phases: int) -> list[str]:
    if phases == 1:
        return [ONLY_PHASE]
    if phases == 3:
        return [FIRST_PHASE, MIDDLE_PHASE, LAST_PHASE]
    return [FIRST_PHASE, *(f"{MIDDLE_PHASE} {n}" for n in range(1, phases - 1)), LAST_PHASE]


def _line(order: Order, index: int) -> PhaseItem:
    ticket = order.tickets[index][1]
    return PhaseItem(ref=ticket.ref, text=ticket.name)


def mend_phases(draft: Draft) -> None:
    """Keep one line of each ticket, add stories, move stories behind what they need, renumber."""
    _keep_once(draft)
    if draft.plan.phases:
        _place_stories(draft)
        _drop_empty(draft)
        _renumber(draft)
    if not draft.plan.phases and any(epic.stories for epic in draft.plan.epics):
        phases = phases_from(draft.order)
        draft.note("P601", ("phases",), "The phases: written from the dependencies")
        draft.change(phases=phases)


def _keep_once(draft: Draft) -> None:
    order = draft.order
    seen: set[int] = set()
    phases = list(draft.plan.phases)
    for p, phase in enumerate(phases):
        items = []
        for i, item in enumerate(phase.items):
            index = None if item.ref is None else order.first[item.ref.number]
            if index is not None and order.story[index] == index:
                if index in seen:
                    message = f"{item.ref}: taken out of Phase {phase.number}, already in a phase"
                    draft.note("P605", ("phases", p, "items", i), message)
                    continue
                seen.add(index)
            items.append(item)
        phases[p] = _with_items(phase, items)
    _replace(draft, phases)


def _place_stories(draft: Draft) -> None:
    """Give every story without phase one, and move those that are before what they need."""
    order, plan = draft.order, draft.plan
    lines = phase_lines(plan, order)
    items = [list(phase.items) for phase in plan.phases]
    numbers = [phase.number for phase in plan.phases]
    for story, place in _places(order, {story: p for story, (p, _) in lines.items()}, len(items)):
        ticket_loc, ticket = order.tickets[story]
        if story not in lines:
            items[place].append(_line(order, story))
            message = f"{ticket.ref}: put into Phase {numbers[place]}"
            draft.note("P606", ticket_loc, message)
        elif lines[story][0] != place:
            p, i = lines[story]
            line = plan.phases[p].items[i]
            if line.ref == ticket.ref:
                items[p].remove(line)
            else:  # its epic stays where it is; the story's own line counts before that
                line = _line(order, story)
            items[place].append(line)
            message = f"{ticket.ref}: moved from Phase {numbers[p]} to Phase {numbers[place]}"
            draft.note("P607", ("phases", p, "items", i), f"{message}, behind what it needs")
    _replace(draft, [_with_items(*pair) for pair in zip(plan.phases, items, strict=True)])


def _places(order: Order, given: dict[int, int], phases: int) -> list[tuple[int, int]]:
    """The phase of each story, and of each epic without stories that is in one (`given`).

    Walked in the order of the dependencies, so that all that a story needs has its place: a story
    goes no earlier than that, one that had no place into the phase after it.
    """
    after = order.edges(order.needs)
    least = [-1] * len(after)
    found = []
    for node in order.sorted_nodes(after):
        passed = least[node]
        if order.is_work(node):
            if node in given:
                passed = max(passed, given[node])
            elif order.holder[node] >= 0:
                passed = min(passed + 1, phases - 1)
            else:
                continue
            found.append((node, passed))
        for target in after[node]:
            least[target] = max(least[target], passed)
    return sorted(found)


def _drop_empty(draft: Draft) -> None:
    kept = []
    for p, phase in enumerate(draft.plan.phases):
        if phase.items:
            kept.append(phase)
        else:
            draft.note("P603", ("phases", p), f"Phase {phase.number}: dropped, it is empty")
    _replace(draft, kept)


def _renumber(draft: Draft) -> None:
    phases = list(draft.plan.phases)
    for p, phase in enumerate(phases):
        if phase.number != p + 1:
            draft.note("P602", ("phases", p, "number"), f"Phase {phase.number}: became {p + 1}")
            phases[p] = phase.model_copy(update={"number": p + 1})
    _replace(draft, phases)


def _with_items(phase: Phase, items: Sequence[PhaseItem]) -> Phase:
    if len(items) == len(phase.items) and all(map(_same, items, phase.items)):
        return phase
    return phase.model_copy(update={"items": tuple(items)})


def _same(one: object, other: object) -> bool:
    return one is other


def _replace(draft: Draft, phases: Sequence[Phase]) -> None:
    old = draft.plan.phases
    if len(phases) != len(old) or not all(map(_same, phases, old)):
        draft.change(phases=tuple(phases))
