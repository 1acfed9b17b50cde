"""Fields: what the template asks for is written, and is one of the values it allows."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from tickets.rules_base import Context, Finding
from tickets.schema import Allocation, Epic, Loc, Task

KEY: Final = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+")
KEY_BELOW_PREFIX: Final = re.compile(r"(?:[A-Z0-9]+-)*[0-9]+")
_LIKENESS: Final = 0.8  # below it, a name is more likely another one than a slip of the pen


@lru_cache(4096)
def team_name(owner: str) -> str:
    """An owner as a heading under Resource Allocation can name it; empty if it cannot."""
    return Allocation(team=owner).team


@lru_cache(4096)
def team_key(name: str) -> str:
    """What two ways to write a team have in common: `Platform` and `platform team` are one."""
    return team_name(name).casefold().removesuffix(" team")


def nearest_name(name: str, allowed: Sequence[str]) -> tuple[str, bool]:
    """The allowed name most like `name`, and whether it is so like it that a slip is certain."""
    folded = {other.casefold(): other for other in reversed(allowed)}
    likeness = {
        other: difflib.SequenceMatcher(None, name.casefold(), other).ratio() for other in folded
    }
    best = max(folded, key=lambda other: (likeness[other], other))
    same_team = team_key(name) == team_key(best)
    return folded[best], same_team or likeness[best] >= _LIKENESS


def key_is_right(key: str, prefix: str) -> bool:
    """Whether `key` has the form `PREFIX-CODE-001`; a given prefix may look as it likes."""
    if prefix and key.startswith(f"{prefix}-"):
        return KEY_BELOW_PREFIX.fullmatch(key[len(prefix) + 1 :]) is not None
    return KEY.fullmatch(key) is not None


def key_prefix(context: Context) -> str:
    """The organisation's key prefix, empty without one."""
    return (context.vocabulary.key_prefix or "") if context.vocabulary is not None else ""


def any_epic(context: Context) -> Iterator[Finding]:
    """A plan without epics."""
    if not context.plan.epics:
        yield Finding((), "The plan has no epic", "plan at least one epic with one story")


def plan_title(context: Context) -> Iterator[Finding]:
    """A plan without title."""
    plan = context.plan
    if not plan.title:
        fix = "name the feature in the first heading"
        yield Finding(("title",), "The plan has no title", fix, bool(plan.epics))


def title(context: Context) -> Iterator[Finding]:
    """A ticket without title."""
    for loc, ticket in context.order.tickets:
        if not ticket.title:
            fix = f"use its name, {ticket.name}" if ticket.name else "say what it delivers"
            yield Finding((*loc, "title"), f"{ticket.ref} has no title", fix)


def name(context: Context) -> Iterator[Finding]:
    """A ticket whose heading is only its number."""
    for loc, ticket in context.order.tickets:
        if not ticket.name:
            fix = f"use its title, {ticket.title}" if ticket.title else "name it in its heading"
            yield Finding((*loc, "name"), f"{ticket.ref} has no name", fix)


def description(context: Context) -> Iterator[Finding]:
    """A ticket without description."""
    for loc, ticket in context.order.tickets:
        if not ticket.description:
            yield Finding(
                (*loc, "description"),
                f"{ticket.ref} has no description",
                "say what is to be done and why",
            )


def type_written(context: Context) -> Iterator[Finding]:
    """A ticket below an epic without type."""
    for loc, ticket in context.order.tickets:
        if not isinstance(ticket, Epic) and ticket.type is None:
            kind = "Task or Bug" if isinstance(ticket, Task) else "Story, Task or Bug"
            yield Finding((*loc, "type"), f"{ticket.ref} has no type", f"write {kind}")


def type_of_task(context: Context) -> Iterator[Finding]:
    """A story under a story."""
    for loc, ticket in context.order.tickets:
        if isinstance(ticket, Task) and ticket.type == "Story":
            yield Finding(
                (*loc, "type"),
                f"{ticket.ref} stands under a story, and is of type Story",
                "write Task or Bug",
            )


def estimate(context: Context) -> Iterator[Finding]:
    """A ticket without story points."""
    for loc, ticket in context.order.tickets:
        if ticket.points is None:
            fix = (
                "sum up its stories" if isinstance(ticket, Epic) else "use 1, 2, 3, 5, 8, 13 or 21"
            )
            yield Finding((*loc, "points"), f"{ticket.ref} has no story points", fix)


def priority(context: Context) -> Iterator[Finding]:
    """An epic or story without priority."""
    for loc, ticket in context.order.tickets:
        if ticket.priority is None and not isinstance(ticket, Task):
            yield Finding(
                (*loc, "priority"), f"{ticket.ref} has no priority", "write High, Medium or Low"
            )


def key_written(context: Context) -> Iterator[Finding]:
    """An epic without key."""
    for e, epic in enumerate(context.plan.epics):
        if not epic.key:
            yield Finding(
                ("epics", e, "key"), f"{epic.ref} has no key", "write one like RHOAI-PIPE-001"
            )


def key_form(context: Context) -> Iterator[Finding]:
    """An epic key of another form than PREFIX-CODE-001."""
    prefix = key_prefix(context)
    for e, epic in enumerate(context.plan.epics):
        if epic.key and not key_is_right(epic.key, prefix):
            yield Finding(
                ("epics", e, "key"),
                f"{epic.ref} has the key {epic.key}, which is not of the form PREFIX-CODE-001",
                "use capital letters, digits and hyphens, with a number at the end",
            )


def key_prefixed(context: Context) -> Iterator[Finding]:
    """An epic key without the organisation's prefix."""
    prefix = key_prefix(context)
    for e, epic in enumerate(context.plan.epics):
        if prefix and key_is_right(epic.key, prefix) and not epic.key.startswith(f"{prefix}-"):
            yield Finding(
                ("epics", e, "key"),
                f"{epic.ref} has the key {epic.key}, which is not under {prefix}",
                f"begin it with {prefix}-",
            )


def key_once(context: Context) -> Iterator[Finding]:
    """An epic key that an earlier epic has."""
    count: Counter[str] = Counter()
    for e, epic in enumerate(context.plan.epics):
        count[epic.key] += bool(epic.key)
        if count[epic.key] > 1:
            yield Finding(
                ("epics", e, "key"),
                f"{epic.ref} has the key {epic.key}, as an earlier epic has",
                "use the next free number",
            )


def owner(context: Context) -> Iterator[Finding]:
    """An epic without owner."""
    for e, epic in enumerate(context.plan.epics):
        if not team_name(epic.owner):
            yield Finding(
                ("epics", e, "owner"), f"{epic.ref} has no owner", "name the team that builds it"
            )


def component(context: Context) -> Iterator[Finding]:
    """An epic or story without component."""
    for loc, ticket in context.order.tickets:
        if not ticket.components and not isinstance(ticket, Task):
            fix = "name the part that it changes"
            yield Finding((*loc, "components"), f"{ticket.ref} has no component", fix)


def component_known(context: Context) -> Iterator[Finding]:
    """A component that is not in the organisation's list."""
    allowed = context.vocabulary.components if context.vocabulary is not None else ()
    if not allowed:
        return
    for loc, ticket in context.order.tickets:
        for place, component in enumerate(ticket.components):
            if component not in allowed:
                here = (*loc, "components", place)
                yield _unknown_name(here, f"{ticket.ref}", "component", component, allowed)


def team_known(context: Context) -> Iterator[Finding]:
    """A team that is not in the organisation's list."""
    allowed = context.vocabulary.teams if context.vocabulary is not None else ()
    if not allowed:
        return
    for e, epic in enumerate(context.plan.epics):
        if team_name(epic.owner) and epic.owner not in allowed:
            here: Loc = ("epics", e, "owner")
            yield _unknown_name(here, f"{epic.ref}", "owner", epic.owner, allowed)


def _unknown_name(loc: Loc, ticket: str, field: str, name: str, allowed: Sequence[str]) -> Finding:
    nearest, certain = nearest_name(name, allowed)
    message = f"{ticket} has the {field} {name}, which is not in the vocabulary"
    return Finding(loc, message, f"the nearest is {nearest}", certain)
