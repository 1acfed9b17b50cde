"""References and numbers: what names no ticket goes, and every ticket gets the number of its place.

Unknown references go first: under new numbers they could come to name a ticket by accident.
"""

from tickets.order import Number
from tickets.repair_base import Draft, Updates
from tickets.rules_base import place_numbers
from tickets.rules_numbering import written
from tickets.schema import Epic, Ref


def drop_unknown(draft: Draft) -> None:
    """Drop every reference to a ticket that is not in the plan."""
    known = draft.order.first
    updates: Updates = {}
    for loc, ticket in draft.order.tickets:
        kept = []
        for slot, item in enumerate(ticket.dependencies):
            if item.ref.number in known:
                kept.append(item)
            else:
                message = f"{ticket.ref}: dependency on {item.ref} dropped, not in the plan"
                draft.note("D301", (*loc, "dependencies", slot), message)
        if len(kept) < len(ticket.dependencies):
            updates[loc] = {"dependencies": tuple(kept)}
    draft.change_tickets(updates)
    _drop_links(draft, known)
    _drop_items(draft, known)


def _drop_links(draft: Draft, known: dict[Number, int]) -> None:
    plan = draft.plan
    links = []
    for slot, link in enumerate(plan.critical_path):
        if link.before.number in known and link.after.number in known:
            links.append(link)
        else:
            message = f"{link.before} → {link.after}: dropped, not both are in the plan"
            draft.note("D307", ("critical_path", slot), message)
    if len(links) < len(plan.critical_path):
        draft.change(critical_path=tuple(links))
    points = []
    for slot, point in enumerate(plan.integration_points):
        if point.first.number in known and point.second.number in known:
            points.append(point)
        else:
            message = f"{point.first} ↔ {point.second}: dropped, not both are in the plan"
            draft.note("D313", ("integration_points", slot), message)
    if len(points) < len(plan.integration_points):
        draft.change(integration_points=tuple(points))


def _drop_items(draft: Draft, known: dict[Number, int]) -> None:
    phases = list(draft.plan.phases)
    changed = False
    for p, phase in enumerate(phases):
        kept = []
        for i, item in enumerate(phase.items):
            if item.ref is None or item.ref.number in known:
                kept.append(item)
            else:
                message = f"{item.ref}: taken out of Phase {phase.number}, not in the plan"
                draft.note("P604", ("phases", p, "items", i), message)
        if len(kept) < len(phase.items):
            phases[p] = phase.model_copy(update={"items": tuple(kept)})
            changed = True
    if changed:
        draft.change(phases=tuple(phases))


def number_tickets(draft: Draft) -> None:
    """Number every ticket by its place, have all references follow, and set the parents.

    Where a number was given twice, what refers to it goes with the first ticket that had it.
    """
    order = draft.order
    numbers = place_numbers(order)
    moved: dict[Number, Ref] = {}
    updates: Updates = {}
    for index, (loc, ticket) in enumerate(order.tickets):
        old = ticket.ref.number
        if old != numbers[index]:
            new = Ref(number=numbers[index])
            updates[loc] = {"ref": new}
            first = order.first[old] == index
            if first:
                moved[old] = new
            message = f"{ticket.ref}: became {new} by its place"
            draft.note("N201" if first else "N202", (*loc, "ref"), message)
        if isinstance(ticket, Epic):
            continue
        holder = order.tickets[order.holder[index]][1].ref
        if ticket.parent is None or ticket.parent.number != holder.number:
            code = "N204" if ticket.parent is None else "N203"
            name = written(numbers[order.holder[index]])
            draft.note(code, (*loc, "parent"), f"{ticket.ref}: parent became {name}")
        if ticket.parent is None or ticket.parent.number != numbers[order.holder[index]]:
            parent = Ref(number=numbers[order.holder[index]])
            updates.setdefault(loc, {})["parent"] = parent
    if moved:
        _follow(draft, moved, updates)
    draft.change_tickets(updates)


def _follow(draft: Draft, moved: dict[Number, Ref], updates: Updates) -> None:
    """Have every reference to a ticket that got another number follow it."""

    def now(ref: Ref) -> Ref:
        return moved.get(ref.number, ref)

    for loc, ticket in draft.order.tickets:
        if any(item.ref.number in moved for item in ticket.dependencies):
            updates.setdefault(loc, {})["dependencies"] = tuple(
                item.model_copy(update={"ref": now(item.ref)}) for item in ticket.dependencies
            )
    plan = draft.plan
    draft.change(
        critical_path=tuple(
            link.model_copy(update={"before": now(link.before), "after": now(link.after)})
            for link in plan.critical_path
        ),
        integration_points=tuple(
            point.model_copy(update={"first": now(point.first), "second": now(point.second)})
            for point in plan.integration_points
        ),
        phases=tuple(
            phase.model_copy(
                update={
                    "items": tuple(
                        item if item.ref is None else item.model_copy(update={"ref": now(item.ref)})
                        for item in phase.items
                    )
                }
            )
            for phase in plan.phases
        ),
        allocation=tuple(
            allocation.model_copy(update={"epics": tuple(map(now, allocation.epics))})
            for allocation in plan.allocation
        ),
    )
