"""Dependencies: they name other tickets of the plan, in an order in which those can be done."""

from collections.abc import Iterator
from typing import Literal

from tickets.order import Number, Order
from tickets.rules_base import Context, Finding, unknown
from tickets.schema import Loc

Relation = Literal["self", "holder", "part", "other"]


def relation(order: Order, waiter: int, needed: int) -> Relation:
    """What ticket `needed` is to ticket `waiter`: only to `other` tickets it can be bound."""
    if waiter == needed:
        return "self"
    if order.holds(needed, waiter):
        return "holder"
    return "part" if order.holds(waiter, needed) else "other"


def known(context: Context) -> Iterator[Finding]:
    """A ticket that depends on a ticket which does not exist."""
    order = context.order
    for index, (loc, ticket) in enumerate(order.tickets):
        for slot, dependency in enumerate(ticket.dependencies):
            if dependency.ref.number not in order.first:
                yield Finding(
                    (*loc, "dependencies", slot),
                    f"{ticket.ref} depends on {dependency.ref}, which is not in this plan",
                    unknown(dependency.ref, order, index),
                )


def _related(context: Context, wanted: Relation) -> Iterator[tuple[Loc, str, str]]:
    """The loc, waiter and needed ticket of each dependency of that relation."""
    order = context.order
    for index, (loc, ticket) in enumerate(order.tickets):
        for slot, dependency in enumerate(ticket.dependencies):
            needed = order.first.get(dependency.ref.number)
            if needed is not None and relation(order, index, needed) == wanted:
                yield (*loc, "dependencies", slot), str(ticket.ref), str(dependency.ref)


def on_itself(context: Context) -> Iterator[Finding]:
    """A ticket that depends on itself."""
    for loc, waiter, _ in _related(context, "self"):
        yield Finding(loc, f"{waiter} depends on itself", "leave it out")


def on_holder(context: Context) -> Iterator[Finding]:
    """A ticket that waits for its own epic or story."""
    for loc, waiter, needed in _related(context, "holder"):
        fix = "leave it out, or name the ticket in it that is needed"
        yield Finding(loc, f"{waiter} depends on {needed}, which it is part of", fix)


def on_part(context: Context) -> Iterator[Finding]:
    """An epic or story that waits for a ticket under it."""
    for loc, waiter, needed in _related(context, "part"):
        fix = "leave it out: a ticket is done when its parts are"
        yield Finding(loc, f"{waiter} depends on {needed}, which is part of it", fix)


def once(context: Context) -> Iterator[Finding]:
    """A ticket that names the same dependency twice."""
    for loc, ticket in context.order.tickets:
        seen: set[Number] = set()
        for slot, dependency in enumerate(ticket.dependencies):
            if dependency.ref.number in seen:
                message = f"{ticket.ref} names {dependency.ref} twice as a dependency"
                yield Finding((*loc, "dependencies", slot), message, "name it once")
            seen.add(dependency.ref.number)


def no_cycle(context: Context) -> Iterator[Finding]:
    """Tickets that wait for each other."""
    order = context.order
    for cycle in order.cycles():
        first = cycle[0]
        chain = ", ".join(
            f"{order.name(need.waiter)} needs {order.name(need.needed)}" for need in cycle
        )
        waiter, needed = order.name(first.waiter), order.name(first.needed)
        yield Finding(
            (*order.tickets[first.waiter][0], "dependencies", first.slot),
            f"{waiter} waits for itself: {chain}",
            f"drop the dependency of {waiter} on {needed}",
        )
