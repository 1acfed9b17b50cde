"""What changed between two plans, ticket by ticket, matched by content and not by number."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from eval.align import align
from tickets.schema import Epic, Plan, Ref, Story, Task, Ticket

_FIELDS: Final = (
    *("title", "name", "key", "type", "description", "acceptance_criteria"),
    *("components", "owner", "points", "priority"),
)
"""What is compared of two tickets, in the order of the format."""


class Field(NamedTuple):
    """A field that differs: what it was and what it is, in lines."""

    name: str
    old: tuple[str, ...]
    new: tuple[str, ...]


class Change(NamedTuple):
    """A ticket of the one plan, the other, or both, and the fields that differ.

    `moved` says that it stands under another epic or story now; its number alone counts for
    nothing.
    """

    old: Ticket | None
    new: Ticket | None
    fields: tuple[Field, ...] = ()
    moved: bool = False

    @property
    def ticket(self) -> Ticket:
        """The ticket as it is now, or as it was."""
        found = self.new or self.old
        assert found is not None  # a change has one of them
        return found

    @property
    def kind(self) -> str:
        """`new`, `gone`, `changed` or `same`."""
        if self.old is None:
            return "new"
        if self.new is None:
            return "gone"
        return "changed" if self.fields or self.moved else "same"


def compare_plans(old: Plan, new: Plan) -> list[Change]:
    """What became of each ticket: those of the new plan in its order, then those that are gone."""
    found = align(new, old)
    sides = (found.plan, found.reference)
    ours, theirs = ([ticket for _, ticket in side.tickets] for side in sides)
    stayed = set(found.partner.values())
    same = {theirs[j].ref: ours[i].ref for i, j in found.partner.items()}
    changes = []
    for i, ticket in enumerate(ours):
        if i in found.partner:
            before: Any = theirs[found.partner[i]]
            moved = not found.in_place(i)
            changes.append(Change(before, ticket, tuple(_fields(before, ticket, same)), moved))
        else:
            changes.append(Change(None, ticket))
    gone = [Change(theirs[j], None) for j in range(len(theirs)) if j not in stayed]
    return changes + gone


def _fields(old: Any, new: Any, same: dict[Ref, Ref]) -> Iterator[Field]:
    for name in _FIELDS:
        before, after = getattr(old, name, None), getattr(new, name, None)
        if before != after:
            yield Field(name.replace("_", " "), _lines(before), _lines(after))
    # What a ticket waits for is the same if it is the same ticket, whatever number it has now.
    was = [same.get(each.ref, each.ref) for each in old.dependencies]
    if sorted(was) != sorted(each.ref for each in new.dependencies):
        yield Field("dependencies", _refs(old), _refs(new))


def _lines(value: Any) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return () if value in (None, "") else (str(value),)


def _refs(ticket: Epic | Story | Task) -> tuple[str, ...]:
    return tuple(str(each.ref) for each in ticket.dependencies)
