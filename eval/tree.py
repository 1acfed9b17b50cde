"""How far a plan's tree of tickets is from the reference's: the tree edit distance.

Taking a ticket out or putting one in costs 1, renaming one into another 2 less the double of their
credit, so the distance is the number of tickets of both trees less twice the largest credit that
tickets can have together which are paired one to one, the order of siblings and who stands under
whom kept (Tai, "The tree-to-tree correction problem", Journal of the ACM 26, 1979). Most tickets
have no credit at all with most others, and only those that have some need to be looked at: a
twentieth of the time of the package `apted`, which moreover gave too large a distance for one pair
of random trees in forty (version 1.0.3), held against the definition.
"""

from bisect import bisect_left
from typing import Final, NamedTuple

from eval.align import Alignment
from tickets.order import Order

MOST_NODES: Final = 400
"""Beyond this many tickets a plan's tree is not compared: it may take the cube of its size."""


class _Tree(NamedTuple):
    """A tree's tickets in postorder: which ticket, and the place of its leftmost descendant (its
    own for a leaf), so that place p holds the subtree of places `left[p]` to p.
    """

    tickets: list[int]
    left: list[int]


Pairs = list[list[tuple[int, float]]]
"""For each place of the first tree: places of the second, rising, with the largest credit that the
two subtrees have if their roots are paired."""


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
    credit = _largest_credit(*trees, alignment.worth.tolist())
    return max(0.0, 2 * credit / (ours + theirs))


def _tree(order: Order, places: dict[int, tuple[int, int]]) -> _Tree:
    """The tree of the tickets in `places`, children sorted by them."""
    below: dict[int, list[int]] = {}
    for index in sorted(places, key=places.__getitem__):
        below.setdefault(order.holder[index], []).append(index)
    tree = _Tree([], [])

    def add(index: int) -> None:
        left = len(tree.tickets)
        for child in below.get(index, ()):
            add(child)
        tree.tickets.append(index)
        tree.left.append(left)

    for epic in below.get(-1, ()):
        add(epic)
    return tree


def _largest_credit(first: _Tree, second: _Tree, worth: list[list[float]]) -> float:
    pairs: Pairs = []
    for i, ticket in enumerate(first.tickets):
        found = []
        for j, other in enumerate(second.tickets):
            credit = worth[ticket][other]
            if credit > 0:
                ours, theirs = range(first.left[i], i), range(second.left[j], j)
                if ours and theirs:
                    credit += _best(first, second, pairs, ours, theirs)
                found.append((j, credit))
        pairs.append(found)
    return _best(first, second, pairs, range(len(first.tickets)), range(len(second.tickets)))


def _best(first: _Tree, second: _Tree, pairs: Pairs, ours: range, theirs: range) -> float:
    """The largest sum of pairs whose subtrees follow one another, among these places.

    A line has for each number of places of `theirs` the best with those; `lines` has one for each
    number of places of `ours`. A line never falls, so a pair that betters it does so up to where
    the line is as high.
    """
    lines = [[0.0] * (len(theirs) + 1)]
    for i in ours:
        line = lines[-1]
        if pairs[i]:
            line = line.copy()
            before = lines[first.left[i] - ours.start]
            for j, credit in pairs[i]:
                if j in theirs:
                    total = before[second.left[j] - theirs.start] + credit
                    at = j - theirs.start + 1
                    if total > line[at]:
                        end = bisect_left(line, total, at)
                        line[at:end] = [total] * (end - at)
        lines.append(line)
    return lines[-1][-1]
