"""Grounding and coverage: the plan is about its document, and about all of it."""

from collections.abc import Iterator

from tickets.rules_base import Context, Finding


def ticket(context: Context) -> Iterator[Finding]:
    """A ticket that nothing in the document supports."""
    order = context.order
    for ref in context.trace.ungrounded if context.trace is not None else ():
        loc = order.tickets[order.first[ref.number]][0]
        message = f"{ref} has no support in the document"
        yield Finding(loc, message, "leave it out, or use the document's words")


def requirement(context: Context) -> Iterator[Finding]:
    """A requirement of the document that no ticket takes up."""
    for row in context.trace.rows if context.trace is not None else ():
        if not row.tickets:
            wanted = row.requirement
            message = f"{wanted.id} in line {wanted.line} of the document is taken up by no ticket"
            yield Finding((), f'{message}: "{wanted.text}"', "plan a story for it")
