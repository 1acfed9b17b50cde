"""Estimates: Fibonacci numbers for stories and tasks, sums for what holds them.

A story with tasks has to be both, a sum and a Fibonacci number; where its tasks do not add up to
one, they are changed until they do.
"""

import heapq
from collections.abc import Sequence
from typing import Final

from tickets.repair_base import Draft, Updates
from tickets.rules_estimates import (
    MOST_POINTS,
    SERIES,
    is_fibonacci,
    nearest_fibonacci,
    neighbours,
    points_sum,
)
from tickets.schema import Epic, Loc, Story, Task

DEFAULT_POINTS: Final = 3
"""What a ticket without estimate gets: the middle of what fits into a sprint."""


def mend_points(draft: Draft) -> None:
    """Estimate what has no points, round to Fibonacci numbers, and add up."""
    updates: Updates = {}
    for e, epic in enumerate(draft.plan.epics):
        points = [
            _story_points(draft, ("epics", e, "stories", s), story, updates)
            for s, story in enumerate(epic.stories)
        ]
        total = points_sum(points)
        if epic.points is None:
            points_now = DEFAULT_POINTS if total is None else total
            _set(draft, ("epics", e), epic, points_now, "F508", updates)
        elif total is not None and total != epic.points:
            _set(draft, ("epics", e), epic, total, "E403", updates)
    draft.change_tickets(updates)
    plan = draft.plan
    effort = points_sum(epic.points for epic in plan.epics)
    if plan.total is not None and effort is not None and effort != plan.total.points:
        message = f"The total effort: points {plan.total.points} became {effort}"
        draft.note("E404", ("total", "points"), message)
        draft.change(total=plan.total.model_copy(update={"points": effort}))


def _set(
    draft: Draft, loc: Loc, ticket: Epic | Story | Task, points: int, code: str, updates: Updates
) -> None:
    updates[loc] = {"points": points}
    old = "no points" if ticket.points is None else f"points {ticket.points}"
    draft.note(code, (*loc, "points"), f"{ticket.ref}: {old} became {points}")


def _story_points(draft: Draft, loc: Loc, story: Story, updates: Updates) -> int:
    """The story's points when it and its tasks are mended."""
    tasks = [
        _single(draft, (*loc, "tasks", t), task, updates) for t, task in enumerate(story.tasks)
    ]
    if not tasks:
        return _single(draft, loc, story, updates)
    total = sum(tasks)
    target = _target(total, len(tasks), story.points)
    if target != total:
        for t, (old, new) in enumerate(zip(tasks, sum_up(tasks, target), strict=True)):
            if old != new:
                here = (*loc, "tasks", t)
                updates[here] = {"points": new}
                message = f"{story.tasks[t].ref}: points {old} became {new}, for {story.ref} to be"
                draft.note("E402", (*here, "points"), f"{message} {target}")
    if story.points is None:
        _set(draft, loc, story, target, "F508", updates)
    elif story.points != target:
        code = "E401" if not is_fibonacci(story.points) else "E402"
        _set(draft, loc, story, target, code, updates)
    return target


def _single(draft: Draft, loc: Loc, ticket: Story | Task, updates: Updates) -> int:
    if ticket.points is None:
        _set(draft, loc, ticket, DEFAULT_POINTS, "F508", updates)
        return DEFAULT_POINTS
    points = nearest_fibonacci(ticket.points)
    if points != ticket.points:
        _set(draft, loc, ticket, points, "E401", updates)
    return points


def _target(total: int, count: int, stated: int | None) -> int:
    """The Fibonacci number that `count` tasks of `total` points should add up to.

    That is `total` if it is one; otherwise one of its two neighbours, the story's own points
    (`stated`) before the nearest. Never less than a point for each task.
    """
    if is_fibonacci(total):
        return total
    if stated is not None and stated >= count and stated in neighbours(total):
        return stated
    nearest = nearest_fibonacci(min(total, MOST_POINTS))
    return nearest if nearest >= count else neighbours(total)[1]


def sum_up(points: Sequence[int], target: int) -> list[int]:
    """Fibonacci numbers, one for each of `points` and close to it, that add up to `target`.

    `target` is a Fibonacci number and at least one for each. One number is changed, the last
    possible, if that is enough. Otherwise `target` is split: a Fibonacci number is the sum of the
    two before it, so the greatest part can always be split into two until there are enough; the
    parts go to the numbers by size.
    """
    rest = target - sum(points)
    for place in range(len(points) - 1, -1, -1):
        if points[place] + rest in SERIES:
            return [*points[:place], points[place] + rest, *points[place + 1 :]]
    parts = [-target]
    while len(parts) < len(points):
        greatest = -heapq.heappop(parts)
        above = SERIES[SERIES.index(greatest) - 1] if greatest > 2 else 1
        heapq.heappush(parts, -above)
        heapq.heappush(parts, above - greatest)
    by_size = sorted(range(len(points)), key=lambda place: -points[place])
    result = dict(zip(by_size, sorted((-part for part in parts), reverse=True), strict=True))
    return [result[place] for place in range(len(points))]
