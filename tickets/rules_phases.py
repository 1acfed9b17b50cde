"""Phases: every story is in one, and none before what it needs."""

import re
from collections.abc import Iterator
from typing import Final

from tickets.rules_base import Context, Finding, unknown

_FIGURES: Final = re.compile(r"[0-9]{1,9}")


def any_phase(context: Context) -> Iterator[Finding]:
    """A plan without phases."""
    plan = context.plan
    if not plan.phases and any(epic.stories for epic in plan.epics):
        fix = "put what nothing else has to precede into Phase 1"
        yield Finding(("phases",), "The plan has no phases", fix)


def numbered(context: Context) -> Iterator[Finding]:
    """Phases that are not numbered 1, 2, 3 and so on."""
    for p, phase in enumerate(context.plan.phases):
        if phase.number != p + 1:
            message = f"Phase {phase.number} is number {p + 1} by its place"
            yield Finding(("phases", p, "number"), message, f"number it Phase {p + 1}")


def filled(context: Context) -> Iterator[Finding]:
    """A phase with nothing in it."""
    for p, phase in enumerate(context.plan.phases):
        if not phase.items:
            yield Finding(("phases", p), f"Phase {phase.number} is empty", "leave it out")


def known(context: Context) -> Iterator[Finding]:
    """A phase that names a ticket which does not exist."""
    order = context.order
    for p, phase in enumerate(context.plan.phases):
        for i, item in enumerate(phase.items):
            if item.ref is not None and item.ref.number not in order.first:
                yield Finding(
                    ("phases", p, "items", i),
                    f"{item.ref} is in Phase {phase.number}, but not in this plan",
                    unknown(item.ref, order),
                )


def once(context: Context) -> Iterator[Finding]:
    """An epic or story that is named in the phases twice."""
    order = context.order
    seen: dict[int, int] = {}
    for p, phase in enumerate(context.plan.phases):
        for i, item in enumerate(phase.items):
            index = None if item.ref is None else order.first.get(item.ref.number)
            if index is None or order.story[index] != index:
                continue
            if index in seen:
                yield Finding(
                    ("phases", p, "items", i),
                    f"{item.ref} is in Phase {seen[index]} and again in Phase {phase.number}",
                    f"leave it in Phase {seen[index]}",
                )
            else:
                seen[index] = phase.number


def placed(context: Context) -> Iterator[Finding]:
    """A story that neither itself nor through its epic is in a phase."""
    order = context.order
    if not context.plan.phases:
        return
    for index, (loc, ticket) in enumerate(order.tickets):
        if order.holder[index] >= 0 and order.story[index] == index and index not in context.placed:
            fix = "name it in the phase in which it is built"
            yield Finding(loc, f"{ticket.ref} is in no phase", fix)


def after_needs(context: Context) -> Iterator[Finding]:
    """A story in an earlier phase than one that it waits for."""
    order, placed, phases = context.order, context.placed, context.plan.phases
    latest: dict[int, int] = {}
    for need in order.needs:
        stories = [story for story in order.stories_of(need.needed) if story in placed]
        if not stories:
            continue
        last = max(stories, key=lambda story: placed[story])
        for waiter in order.stories_of(need.waiter):
            if waiter in placed and placed[waiter][0] < placed[last][0]:
                known = latest.setdefault(waiter, last)
                if placed[known] < placed[last]:
                    latest[waiter] = last
    for waiter, needed in latest.items():
        p, i = placed[waiter]
        own, other = phases[p].number, phases[placed[needed][0]].number
        name, needed_name = order.name(waiter), order.name(needed)
        yield Finding(
            ("phases", p, "items", i),
            f"{name} is in Phase {own}, but needs {needed_name}, which is in Phase {other}",
            f"move {name} to Phase {other} or later",
        )


def sprint(context: Context) -> Iterator[Finding]:
    """A phase without a sprint label."""
    for p, phase in enumerate(context.plan.phases):
        if not phase.sprint:
            message = f"Phase {phase.number} has no sprint"
            yield Finding(("phases", p), message, "say in which sprint it starts")


def sprints(context: Context) -> Iterator[Finding]:
    """A phase whose sprint is before that of the phase above it, if both count the same thing."""
    last: tuple[str, tuple[int, ...]] = ("", ())
    for p, phase in enumerate(context.plan.phases):
        figures = tuple(int(figure) for figure in _FIGURES.findall(phase.sprint)[:2])
        unit = _FIGURES.split(phase.sprint)[0].strip().casefold().removesuffix("s")
        if figures and unit == last[0] and figures < last[1]:
            yield Finding(
                ("phases", p),
                f"Phase {phase.number} is in {phase.sprint}, before the phase above it",
                "put the phases in the order of their sprints",
            )
        last = (unit, figures) if figures else last
