"""Numbers and parents: a ticket is numbered by its place, and names what it stands under."""

from collections.abc import Iterator

from tickets.order import Number
from tickets.rules_base import Context, Finding
from tickets.schema import LEVELS, Epic


def written(number: Number) -> str:
    """A number as a reference: `Story 1.2`."""
    return f"{LEVELS[len(number) - 1]} {'.'.join(map(str, number))}"


def in_order(context: Context) -> Iterator[Finding]:
    """A number that is not the next one under the number that its parent has."""
    order = context.order
    for index, (loc, ticket) in enumerate(order.tickets):
        holder = order.holder[index]
        above = order.tickets[holder][1].ref.number if holder >= 0 else ()
        place = context.numbers[index]
        number = ticket.ref.number
        if number != (*above, place[-1]) and order.first[number] == index:
            under = f" under {order.name(holder)}" if holder >= 0 else ""
            yield Finding(
                (*loc, "ref"),
                f"{ticket.ref} is number {place[-1]}{under} by its place",
                f"number it {written(place)}",
            )


def once(context: Context) -> Iterator[Finding]:
    """A number that an earlier ticket has."""
    order = context.order
    for index, (loc, ticket) in enumerate(order.tickets):
        if order.first[ticket.ref.number] != index:
            yield Finding(
                (*loc, "ref"),
                f"{ticket.ref} is the number of an earlier ticket too",
                f"number it {written(context.numbers[index])}",
            )


def parent(context: Context) -> Iterator[Finding]:
    """A parent that is not what the ticket stands under."""
    order = context.order
    for index, (loc, ticket) in enumerate(order.tickets):
        if isinstance(ticket, Epic) or ticket.parent is None:
            continue
        if ticket.parent.number != order.tickets[order.holder[index]][1].ref.number:
            holder = order.name(order.holder[index])
            yield Finding(
                (*loc, "parent"),
                f"{ticket.ref} names {ticket.parent} as its parent, but stands under {holder}",
                f"write {holder}",
            )


def parent_written(context: Context) -> Iterator[Finding]:
    """A ticket below an epic that names no parent."""
    order = context.order
    for index, (loc, ticket) in enumerate(order.tickets):
        if not isinstance(ticket, Epic) and ticket.parent is None:
            holder = order.name(order.holder[index])
            yield Finding((*loc, "parent"), f"{ticket.ref} names no parent", f"write {holder}")
