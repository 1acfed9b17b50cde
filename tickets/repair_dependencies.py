"""Dependencies and cross-epic lines: what cannot be kept goes, what the tickets say is written."""

from typing import Final

from tickets.order import Number
from tickets.repair_base import Draft, Updates
from tickets.rules_dependencies import Relation, relation
from tickets.rules_links import crossing_stories, path_needs
from tickets.schema import CriticalLink, Dependency, IntegrationPoint

_CODES: Final[dict[Relation, str]] = {"self": "D302", "holder": "D303", "part": "D304"}


def drop_dependencies(draft: Draft) -> None:
    """Drop dependencies of a ticket on itself, its holder or its parts, and repetitions; then
    those that close a cycle against the order of the plan.
    """
    order = draft.order
    updates: Updates = {}
    for index, (loc, ticket) in enumerate(order.tickets):
        kept: list[Dependency] = []
        seen: set[Number] = set()
        for slot, item in enumerate(ticket.dependencies):
            code = _CODES.get(relation(order, index, order.first[item.ref.number]), "")
            if item.ref.number in seen:
                code = "D305"
            if code:
                message = f"{ticket.ref}: dependency on {item.ref} dropped"
                draft.note(code, (*loc, "dependencies", slot), message)
            else:
                kept.append(item)
            seen.add(item.ref.number)
        if len(kept) < len(ticket.dependencies):
            updates[loc] = {"dependencies": tuple(kept)}
    draft.change_tickets(updates)
    _break_cycles(draft)


def _break_cycles(draft: Draft) -> None:
    order = draft.order
    slots: dict[int, set[int]] = {}
    for need in order.against():
        slots.setdefault(need.waiter, set()).add(need.slot)
        loc = order.tickets[need.waiter][0]
        waiter, needed = order.name(need.waiter), order.name(need.needed)
        message = f"{waiter}: dependency on {needed} dropped, it closed a cycle"
        draft.note("D306", (*loc, "dependencies", need.slot), message)
    updates: Updates = {}
    for index, dropped in slots.items():
        loc, ticket = order.tickets[index]
        kept = [item for slot, item in enumerate(ticket.dependencies) if slot not in dropped]
        updates[loc] = {"dependencies": tuple(kept)}
    draft.change_tickets(updates)


def mend_critical_path(draft: Draft) -> None:
    """Drop lines that order nothing, repeat or contradict earlier ones; fill an empty path.

    It is filled with the dependencies that cross epics. Doubtful directions are left alone.
    """
    order, plan = draft.order, draft.plan
    needs = path_needs(plan, order)
    slots = {need.slot for need in needs}
    closing = {need.slot for need in order.closing(needs)}
    if closing or len(slots) < len(plan.critical_path):
        seen = set()
        for slot, link in enumerate(plan.critical_path):
            pair = link.before.number, link.after.number
            code = "D312" if slot in closing else "" if slot in slots else "D308"
            if pair in seen:
                code = "D311"
            seen.add(pair)
            if code:
                message = f"{link.before} → {link.after}: taken off the critical path"
                draft.note(code, ("critical_path", slot), message)
        draft.change(
            critical_path=tuple(plan.critical_path[slot] for slot in sorted(slots - closing))
        )
    if not draft.plan.critical_path and (crossing := order.crossing()):
        pairs = dict.fromkeys(
            (order.story[need.needed], order.story[need.waiter]) for need in crossing
        )
        tickets = [ticket for _, ticket in order.tickets]
        links = tuple(
            CriticalLink(
                before=tickets[before].ref,
                after=tickets[after].ref,
                text=f"{tickets[after].name} needs {tickets[before].name}",
            )
            for before, after in pairs
        )
        draft.note("D316", ("critical_path",), "The critical path: written from the dependencies")
        draft.change(critical_path=links)


def mend_integration_points(draft: Draft) -> None:
    """Drop points that relate nothing or repeat earlier ones; fill an empty list.

    It is filled with the stories that wait for stories of other epics.
    """
    order, plan = draft.order, draft.plan
    kept = []
    seen: set[frozenset[Number]] = set()
    for slot, point in enumerate(plan.integration_points):
        pair = frozenset((point.first.number, point.second.number))
        first, second = order.first[point.first.number], order.first[point.second.number]
        code = "D314" if relation(order, first, second) != "other" else ""
        if pair in seen:
            code = "D315"
        seen.add(pair)
        if code:
            message = f"{point.first} ↔ {point.second}: taken off the integration points"
            draft.note(code, ("integration_points", slot), message)
        else:
            kept.append(point)
    if len(kept) < len(plan.integration_points):
        draft.change(integration_points=tuple(kept))
    if not kept and (pairs := crossing_stories(order)):
        tickets = [ticket for _, ticket in order.tickets]
        points = tuple(
            IntegrationPoint(
                first=tickets[first].ref,
                second=tickets[second].ref,
                text=f"{tickets[second].name} builds on {tickets[first].name}",
            )
            for first, second in pairs
        )
        message = "The integration points: written from the dependencies"
        draft.note("D317", ("integration_points",), message)
        draft.change(integration_points=points)
