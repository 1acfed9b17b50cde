"""Fidelity: how like a plan is to the reference, measure by measure, and in one number.

Pairing first (`eval.align`), then what the partners agree on. The composite is

    content * structure * (1 - reversed) ** 0.5 * brevity

each from 0 to 1. A product, because none of them can stand in for another: right tickets in an
order that cannot be worked through are no good plan, and neither is a fine structure of tickets
about something else.
"""

from typing import Final, NamedTuple

import numpy as np

from eval.align import LEXICAL, Alignment, Comparer, align, best_pairs, criteria_of, own_text
from eval.counts import Prf
from eval.edges import compare_edges
from eval.tree import tree_likeness
from eval.values import (
    agreement,
    component_scores,
    owner_scores,
    phase_rank,
    points_agreement,
    points_error,
    points_rank,
)
from tickets.order import Order
from tickets.schema import Epic, Model, Plan

MISPLACED: Final = 0.1
"""What is left of a ticket's credit under another parent: the work is planned, by another team."""
LONG: Final = 2.0
"""A plan with more words than this many times the reference's is drawn out."""


class Fidelity(Model):
    """The measures; None where the reference has nothing of the kind.

    Attributes:
        score: the composite.
        content: how much of the reference's work is planned, and how much else.
        structure: how far what is planned hangs together as in the reference.
        brevity: 1 up to twice the reference's words, then less, as the root of the ratio.
        epics, stories, tasks: tickets by credit, those under another parent by a tenth of it.
        criteria: of the tickets that are partners, over those of all; likewise.
        hierarchy: the share of the partners (by credit) that stand under the same parent.
        tree: 1 less the normalised tree edit distance.
        edges: the dependencies as written.
        order: the pairs of stories of which one must wait for the other.
        reversed: the share of the reference's order that is turned round.
        points_error: in Fibonacci steps.
        points: 1 less a third of the error, but not below 0, as a mean.
        points_rank: Kendall's tau-b.
        priority, type: the share of the partners that agree.
        components, owners: of the partners.
        phases: Kendall's tau-b of the phases of partners.
        size: tickets of the smaller plan over those of the larger.
    """

    score: float
    content: float
    structure: float
    brevity: float
    epics: Prf | None
    stories: Prf | None
    tasks: Prf | None
    criteria: Prf | None
    hierarchy: float | None
    tree: float
    edges: Prf | None
    order: Prf | None
    reversed: float | None
    points_error: float | None
    points: float | None
    points_rank: float | None
    priority: float | None
    type: float | None
    components: Prf | None
    owners: Prf | None
    phases: float | None
    size: float


class Part(NamedTuple):
    """A line of the composite's table: the measure, its weight, and why it has it."""

    measure: str
    weight: float
    reason: str


# fmt: off
CONTENT: Final = (
    Part("epics", 3, "who does what: each is a team's commitment"),
    Part("stories", 6, "what is built: most of what a person would correct lies here"),
    Part("tasks", 1, "how a story is split is its team's own choice"),
    Part("criteria", 3, "when it is done: these decide what is tested"),
)
STRUCTURE: Final = (
    Part("hierarchy", 3, "work under the wrong team has to be moved by hand"),
    Part("tree", 2, "the whole shape at once, also what is too many or too few"),
    Part("edges", 2, "the dependencies that a person would look for"),
    Part("order", 2, "the same order, however it is written"),
    Part("phases", 1, "follows from order and sprints, seldom wrong alone"),
    Part("points", 1.5, "estimates differ between good planners as well"),
    Part("priority", 0.5, "three values, of which one fits most tickets"),
    Part("type", 0.5, "likewise"),
    Part("owners", 1, "the document mostly names the teams"),
    Part("components", 0.5, "names differ from one organisation to the next"),
)
# fmt: on
"""The composite's two parts. A measure that does not apply leaves its weight to the others."""


def compare(plan: Plan, reference: Plan, comparer: Comparer = LEXICAL) -> Fidelity:
    """The fidelity of `plan` to `reference`; 1 for equal plans, 0 for one without tickets."""
    return fidelity(align(plan, reference, comparer), plan, reference, comparer)


def fidelity(
    alignment: Alignment, plan: Plan, reference: Plan, comparer: Comparer = LEXICAL
) -> Fidelity:
    """The same of an alignment at hand."""
    edges = compare_edges(alignment)
    ours, theirs = alignment.plan.size, alignment.reference.size
    measures: dict[str, Prf | float | None] = {
        "epics": _tickets(alignment, 1),
        "stories": _tickets(alignment, 2),
        "tasks": _tickets(alignment, 3),
        "criteria": _criteria(alignment, comparer),
        "hierarchy": _hierarchy(alignment),
        "tree": tree_likeness(alignment),
        "edges": edges.edges,
        "order": edges.order,
        "reversed": edges.reversed,
        "points_error": points_error(alignment),
        "points": points_agreement(alignment),
        "points_rank": points_rank(alignment),
        "priority": agreement(alignment, lambda ticket: ticket.priority),
        "type": agreement(alignment, lambda t: None if isinstance(t, Epic) else t.type),
        "components": component_scores(alignment),
        "owners": owner_scores(alignment),
        "phases": phase_rank(alignment, plan, reference),
        "size": min(ours, theirs) / max(ours, theirs, 1),
    }
    content, structure = (_mean(parts, measures) for parts in (CONTENT, STRUCTURE))
    brevity = _brevity(alignment)
    score = content * structure * (1 - (edges.reversed or 0.0)) ** 0.5 * brevity
    return Fidelity.model_validate(
        measures | {"score": score, "content": content, "structure": structure, "brevity": brevity}
    )


def _mean(parts: tuple[Part, ...], measures: dict[str, Prf | float | None]) -> float:
    total = weights = 0.0
    for name, weight, _ in parts:
        value = measures[name]
        if value is not None:
            total += weight * max(0.0, value.f1 if isinstance(value, Prf) else value)
            weights += weight
    return total / weights if weights else 0.0


def _level(order: Order, index: int) -> int:
    return len(order.tickets[index][0]) // 2


def _tickets(alignment: Alignment, level: int) -> Prf | None:
    """Epics (level 1), stories or tasks: hits are the mean of what both sides' tickets hit."""
    placed = {
        i: alignment.credit(i) * (1.0 if alignment.in_place(i) else MISPLACED)
        for i in alignment.partner
    }
    found = sum(credit for i, credit in placed.items() if _level(alignment.plan, i) == level)
    recalled = sum(
        credit
        for i, credit in placed.items()
        if _level(alignment.reference, alignment.partner[i]) == level
    )
    ours, theirs = (
        sum(len(loc) // 2 == level for loc, _ in order.tickets)
        for order in (alignment.plan, alignment.reference)
    )
    if not ours and not theirs:
        return None
    precision, recall = found / max(ours, 1), recalled / max(theirs, 1)
    both = precision + recall
    return Prf(precision=precision, recall=recall, f1=2 * precision * recall / both if both else 0)


def _criteria(alignment: Alignment, comparer: Comparer) -> Prf | None:
    """Criteria are paired within tickets that are partners."""
    sides = [
        [criteria_of(ticket) for _, ticket in order.tickets]
        for order in (alignment.plan, alignment.reference)
    ]
    ours, theirs = (sum(map(len, side)) for side in sides)
    pairs = [(i, j) for i, j in alignment.partner.items() if sides[0][i] and sides[1][j]]
    starts = [
        np.cumsum([0, *(len(side[pair[place]]) for pair in pairs)])
        for place, side in enumerate(sides)
    ]
    texts = [
        [text for pair in pairs for text in side[pair[place]]] for place, side in enumerate(sides)
    ]
    worth = comparer.credit(comparer.short(*texts))
    hits = 0.0
    for at in range(len(pairs)):
        rows, columns = (slice(start[at], start[at + 1]) for start in starts)
        block = worth[rows, columns]
        place = 1.0 if alignment.in_place(pairs[at][0]) else MISPLACED
        hits += place * sum(float(block[i, j]) for i, j in best_pairs(block))
    return Prf.of(hits, ours, theirs)


def _hierarchy(alignment: Alignment) -> float | None:
    below = [i for i in alignment.partner if alignment.plan.holder[i] >= 0]
    if not any(holder >= 0 for holder in alignment.reference.holder):
        return None
    total = sum(alignment.credit(i) for i in below)
    placed = sum(alignment.credit(i) for i in below if alignment.in_place(i))
    return placed / total if total else 0.0


def _brevity(alignment: Alignment) -> float:
    ours, theirs = _words(alignment.plan), _words(alignment.reference)
    return 1.0 if ours <= LONG * theirs else (LONG * theirs / ours) ** 0.5


def _words(order: Order) -> int:
    return sum(len(own_text(ticket).split()) for _, ticket in order.tickets)
