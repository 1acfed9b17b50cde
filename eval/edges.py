"""Dependencies under an alignment: the edges as they are written, and what must come before what.

A dependency of an epic holds for all its stories, so two plans may ask for the same order with
different edges; the transitive closure over stories sees that, the edges see who was named.
"""

import itertools
from typing import NamedTuple

from eval.align import Alignment
from eval.counts import Prf
from tickets.order import Order

Edge = tuple[int, int]
"""(before, after), as indices of tickets."""


class EdgeScores(NamedTuple):
    """The written edges, the order of stories, and the share of the reference's order that is
    turned round (of the pairs of stories that both plans have); None where there is none.
    """

    edges: Prf | None
    order: Prf | None
    reversed: float | None


def compare_edges(alignment: Alignment) -> EdgeScores:
    """How the dependencies of the plan agree with the reference's."""
    partner = alignment.partner
    ours, theirs = (_written(order) for order in (alignment.plan, alignment.reference))
    hits = len(
        {(partner[i], partner[j]) for i, j in ours if i in partner and j in partner} & theirs
    )
    behind, behind_there = (_behind(order) for order in (alignment.plan, alignment.reference))
    kept = turned = shared = 0
    for first, second in itertools.combinations([i for i in partner if i in behind], 2):
        for i, j in ((first, second), (second, first)):
            if partner[i] in behind_there and behind_there[partner[i]] >> partner[j] & 1:
                shared += 1
                kept += behind[i] >> j & 1
                turned += behind[j] >> i & 1
    counts = [sum(map(int.bit_count, each.values())) for each in (behind, behind_there)]
    return EdgeScores(
        edges=Prf.of(hits, len(ours), len(theirs)),
        order=Prf.of(kept, *counts),
        reversed=turned / shared if shared else None,
    )


def _written(order: Order) -> set[Edge]:
    return {(need.needed, need.waiter) for need in order.needs}


def _behind(order: Order) -> dict[int, int]:
    """For each story (and epic without any) the stories that have to wait for it, as bits."""
    after = order.edges(order.needs)
    nodes = order.sorted_nodes(after)[::-1]
    nodes += set(range(len(after))) - set(nodes)  # those on or behind a cycle
    reach = [0] * len(after)
    changed = True
    while changed:  # twice without a cycle
        changed = False
        for node in nodes:
            bits = reach[node]
            for target in after[node]:
                bits |= reach[target] | (1 << target)
            changed |= bits != reach[node]
            reach[node] = bits
    work = [index for index in range(order.size) if order.is_work(index)]
    mask = sum(1 << index for index in work)
    return {index: reach[index] & mask & ~(1 << index) for index in work}
