"""Whether the fields of partners agree: points, priority, type, owner, components, phases.

Each is about the tickets that have a partner, weighed by credit; what is missing altogether counts
in precision and recall of the tickets, and not once more here. None: the reference has no value to
compare with. 0: it has, and nothing of the plan could be compared.
"""

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import numpy as np

from eval.align import Alignment, name_key
from eval.counts import Prf
from tickets.rules_base import phase_lines
from tickets.schema import Epic, Plan, Story, Task

Ticket = Epic | Story | Task

_STEPS: Final = [0, 1, 2]
while _STEPS[-1] < 100_000:  # the schema's most points
    _STEPS.append(_STEPS[-1] + _STEPS[-2] if len(_STEPS) > 2 else 3)
FAR: Final = 3.0
"""Fibonacci steps (2 to 8, 3 to 13) from which an estimate is as good as none."""


def agreement(alignment: Alignment, value: Callable[[Ticket], object]) -> float | None:
    """The share of the partners whose `value` is the reference's; of epics too, if it is one
    that epics have (not None).
    """
    tickets = alignment.plan.tickets
    theirs = [value(ticket) for _, ticket in alignment.reference.tickets]
    if all(each is None for each in theirs):
        return None
    total = agreed = 0.0
    for i, j in alignment.partner.items():
        if theirs[j] is not None:
            credit = alignment.credit(i)
            total += credit
            agreed += credit * (value(tickets[i][1]) == theirs[j])
    return agreed / total if total else 0.0


def points_error(alignment: Alignment) -> float | None:
    """The mean distance of the partners' points in Fibonacci steps: 3 and 5 are one apart.

    Points between two numbers (sums) lie between their steps. Epics, whose points are sums, are
    left out; a partner without points is `FAR` away. None: no partner of a ticket with points.
    """
    errors = [
        FAR if ours is None else abs(_step(ours) - _step(theirs))
        for ours, theirs in _points(alignment)
    ]
    return float(np.mean(errors)) if errors else None


def points_agreement(alignment: Alignment) -> float | None:
    """1 where the points are equal, less a third for each step; the mean over the partners."""
    errors = [
        FAR if ours is None else abs(_step(ours) - _step(theirs))
        for ours, theirs in _points(alignment)
    ]
    if not errors:
        estimated = (
            not isinstance(ticket, Epic) and ticket.points is not None for ticket in _all(alignment)
        )
        return 0.0 if any(estimated) else None
    return float(np.mean([max(0.0, 1 - error / FAR) for error in errors]))


def points_rank(alignment: Alignment) -> float | None:
    """Kendall's tau-b of the partners' points, -1 to 1; None where either side has but one value
    (ranks of nothing).
    """
    pairs = [(ours, theirs) for ours, theirs in _points(alignment) if ours is not None]
    return _tau(pairs)


def phase_rank(alignment: Alignment, plan: Plan, reference: Plan) -> float | None:
    """Kendall's tau-b of the phases in which partners stand, -1 to 1.

    None where the reference has but one phase for them; 0 where only the plan has.
    """
    ours, theirs = phase_lines(plan, alignment.plan), phase_lines(reference, alignment.reference)
    if len({phase for phase, _ in theirs.values()}) < 2:
        return None
    pairs = [
        (ours[i][0], theirs[j][0])
        for i, j in alignment.partner.items()
        if i in ours and j in theirs
    ]
    if len({there for _, there in pairs}) < 2:
        return None if len(pairs) == len(theirs) else 0.0
    return _tau(pairs) or 0.0


def owner_scores(alignment: Alignment) -> Prf | None:
    """The owners of epics that are partners: `Web Team` and `the web team` are one."""
    return _names_scores(alignment, lambda t: (t.owner,) if isinstance(t, Epic) else ())


def component_scores(alignment: Alignment) -> Prf | None:
    """The components of tickets that are partners."""
    return _names_scores(alignment, lambda ticket: ticket.components)


def _names_scores(alignment: Alignment, names: Callable[[Ticket], Iterable[str]]) -> Prf | None:
    def normal(ticket: Ticket) -> set[frozenset[str]]:
        return {name_key(name) for name in names(ticket) if name}

    hits = ours = theirs = 0
    for i, j in alignment.partner.items():
        first, second = (
            normal(order.tickets[index][1])
            for order, index in ((alignment.plan, i), (alignment.reference, j))
        )
        hits += len(first & second)
        ours += len(first)
        theirs += len(second)
    if not alignment.partner and any(map(normal, _all(alignment))):
        return Prf(precision=0.0, recall=0.0, f1=0.0)
    return Prf.of(hits, ours, theirs)


def _all(alignment: Alignment) -> Iterable[Ticket]:
    return (ticket for _, ticket in alignment.reference.tickets)


def _points(alignment: Alignment) -> list[tuple[int | None, int]]:
    pairs = []
    for i, j in alignment.partner.items():
        ours, theirs = alignment.plan.tickets[i][1], alignment.reference.tickets[j][1]
        if not isinstance(theirs, Epic) and theirs.points is not None:
            pairs.append((ours.points, theirs.points))
    return pairs


@cache
def _step(points: int) -> float:
    return float(np.interp(points, _STEPS, range(len(_STEPS))))


def _tau(pairs: list[tuple[int, int]]) -> float | None:
    """Kendall's tau-b: concordant less discordant pairs, over the root of those without ties on
    either side (Biometrika 33, 1945). SciPy's takes a hundred times as long for a plan's few.
    """
    ours, theirs = (np.array(side) for side in zip(*pairs, strict=True)) if pairs else ((), ())
    signs = [np.sign(np.subtract.outer(side, side)) for side in (ours, theirs)]
    untied = [int(np.count_nonzero(each)) for each in signs]
    if not all(untied):
        return None
    # Rounded, so that equal orders have exactly 1.
    return round(float((signs[0] * signs[1]).sum()) / math.sqrt(untied[0] * untied[1]), 12)
