"""How far a plan's tree of tickets is from the reference's: the tree edit distance.

The distance is APTED's (Pawlik and Augsten, "Tree edit distance: Robust and memory-efficient",
Information Systems 56, 2016), by the package `apted`.
"""

from typing import Any, Final, NamedTuple

from apted import APTED, Config

from eval.align import Alignment
from eval.likeness import Matrix
from tickets.order import Order

_REPLACED: Final = 2.0
"""Two tickets that have nothing in common: one taken out, the other put in."""
MOST_NODES: Final = 400
"""Beyond this many tickets a plan's tree is not compared: it takes the cube of its size."""


class _Node(NamedTuple):
    """A ticket of one of the trees; -1 for the root that holds the epics."""

    ticket: int
    children: tuple["_Node", ...]


class _Costs(Config):  # type: ignore[misc]
    """Putting in and taking out cost 1; renaming 2 less the double of the credit."""

    def __init__(self, worth: Matrix) -> None:
        self.worth = worth.tolist()

    def rename(self, first: Any, second: Any) -> float:
        if first.ticket < 0 or second.ticket < 0:
            return 0.0 if first.ticket == second.ticket else _REPLACED
        credit: float = self.worth[first.ticket][second.ticket]
        return _REPLACED * (1 - credit)

    def children(self, node: Any) -> tuple[_Node, ...]:
        children: tuple[_Node, ...] = node.children
        return children


def tree_likeness(alignment: Alignment) -> float:
    """1 less the tree edit distance over the number of tickets of both; 0 to 1.

    The order of tickets under one parent says nothing, and the edit distance of trees without
    order cannot be had in reasonable time (Zhang, Statman, Shasha, Information Processing Letters
    42, 1992), so ours are put into the order of their partners first. A plan with over
    `MOST_NODES` tickets is at distance 1 from a reference with at most a tenth of them, and
    compared by its first `MOST_NODES` tickets otherwise.
    """
    ours, theirs = alignment.plan.size, alignment.reference.size
    if not ours or not theirs:
        return float(ours == theirs)
    if ours > MOST_NODES and ours > 10 * theirs:
        return 0.0
    # A ticket without a partner stays behind those that have one.
    places = {
        index: (alignment.partner.get(index, theirs), index)
        for index in range(min(ours, MOST_NODES))
    }
    ordered = {index: (index, index) for index in range(min(theirs, MOST_NODES))}
    trees = (_tree(alignment.plan, places), _tree(alignment.reference, ordered))
    distance: float = APTED(*trees, _Costs(alignment.worth)).compute_edit_distance()
    cut = ours + theirs - len(places) - len(ordered)
    return max(0.0, 1 - (distance + cut) / (ours + theirs))


def _tree(order: Order, places: dict[int, tuple[int, int]]) -> _Node:
    """The tree of the tickets in `places`, children sorted by them."""
    below: dict[int, list[int]] = {}
    for index in places:
        below.setdefault(order.holder[index], []).append(index)

    def node(index: int) -> _Node:
        children = sorted(below.get(index, ()), key=places.__getitem__)
        return _Node(index, tuple(map(node, children)))

    return node(-1)
