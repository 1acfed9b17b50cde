"""Estimates: Fibonacci numbers below, sums above."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from tickets.rules_base import Context, Finding, counted
from tickets.schema import Epic, Loc, Story

MOST_POINTS: Final = 99_999
"""The largest number of points that the schema holds; greater sums are cut to it."""


def _series() -> tuple[int, ...]:
    numbers = [1, 2]
    while numbers[-1] + numbers[-2] <= MOST_POINTS:
        numbers.append(numbers[-1] + numbers[-2])
    return tuple(numbers)


SERIES: Final = _series()
_MEMBERS: Final = frozenset(SERIES)


def is_fibonacci(points: int) -> bool:
    """Whether `points` is an estimate that a story or task may have."""
    return points in _MEMBERS


def neighbours(points: int) -> tuple[int, int]:
    """The Fibonacci numbers next below and above `points` (the same, at an end of the series)."""
    at = bisect_left(SERIES, points)
    return SERIES[max(at - 1, 0)], SERIES[min(at, len(SERIES) - 1)]


def nearest_fibonacci(points: int) -> int:
    """The Fibonacci number closest to `points`; halfway between two, the greater."""
    if points in _MEMBERS:
        return points
    below, above = neighbours(points)
    return below if points - below < above - points else above


def points_sum(values: Iterable[int | None]) -> int | None:
    """The sum of `values` as a plan can hold it; None if one is not written, or there is none."""
    total = 0
    empty = True
    for value in values:
        if value is None:
            return None
        total += value
        empty = False
    return None if empty else min(total, MOST_POINTS)


def fibonacci(context: Context) -> Iterator[Finding]:
    """A story or task whose points are no Fibonacci number."""
    for loc, ticket in context.order.tickets:
        if isinstance(ticket, Epic) or ticket.points is None or ticket.points in _MEMBERS:
            continue
        below, above = neighbours(ticket.points)
        remedy = f"use {below}" if below == above else f"use {below} or {above}"
        yield Finding(
            (*loc, "points"),
            f"{ticket.ref} has {counted(ticket.points, 'point')}, which is no Fibonacci number",
            f"{remedy}; the nearest is {nearest_fibonacci(ticket.points)}",
        )


def tasks_sum(context: Context) -> Iterator[Finding]:
    """A story whose points are not those of its tasks."""
    for loc, ticket in context.order.tickets:
        if isinstance(ticket, Story):
            total = points_sum(task.points for task in ticket.tasks)
            yield from _sum(loc, str(ticket.ref), ticket.points, total, "its tasks")


def stories_sum(context: Context) -> Iterator[Finding]:
    """An epic whose points are not those of its stories."""
    for e, epic in enumerate(context.plan.epics):
        total = points_sum(story.points for story in epic.stories)
        yield from _sum(("epics", e), str(epic.ref), epic.points, total, "its stories")


def epics_sum(context: Context) -> Iterator[Finding]:
    """A total effort that is not the points of the epics."""
    if context.plan.total is not None:
        total = points_sum(epic.points for epic in context.plan.epics)
        stated = context.plan.total.points
        yield from _sum(("total",), "The total effort", stated, total, "the epics")


def _sum(
    loc: Loc, name: str, stated: int | None, total: int | None, of_what: str
) -> Iterator[Finding]:
    if stated is not None and total is not None and stated != total:
        yield Finding(
            (*loc, "points"),
            f"{name} has {counted(stated, 'point')}, but {of_what} have {total}",
            f"write {total}",
        )
