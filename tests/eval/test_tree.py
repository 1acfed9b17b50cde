"""Our own short ways against the long ones."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eval.align import Alignment
from eval.tree import tree_likeness
from eval.values import phase_rank
from tests.plans import epic, story, task
from tickets.order import Order
from tickets.schema import Phase, PhaseItem, Plan, Ref

Shape = list[list[int]]
"""For each epic the numbers of tasks of its stories."""
shapes: st.SearchStrategy[Shape] = st.lists(
    st.lists(st.integers(0, 3), max_size=3), min_size=1, max_size=3
)
PAIRED = 2.0
"""What renaming costs where there is no credit."""


def planned(shape: Shape) -> Plan:
    return Plan(
        epics=tuple(
            epic(
                e,
                *(
                    story(f"{e}.{s}", tasks=tuple(task(f"{e}.{s}.{t + 1}") for t in range(tasks)))
                    for s, tasks in enumerate(stories, start=1)
                ),
            )
            for e, stories in enumerate(shape, start=1)
        )
    )


Node = tuple[int, tuple["Node", ...]]
"""The index of a ticket, and what stands below it."""


def forest(order: Order, index: int = -1) -> tuple[Node, ...]:
    below = [i for i, holder in enumerate(order.holder) if holder == index]
    return tuple((child, forest(order, child)) for child in below)


def edit_distance(first: tuple[Node, ...], second: tuple[Node, ...], worth: Any) -> float:
    """As it is defined: a recursion over forests, of which the last tree goes, comes, or is the
    other's (Zhang and Shasha, SIAM Journal on Computing 18, 1989).
    """

    @cache
    def size(trees: tuple[Node, ...]) -> int:
        return sum(1 + size(below) for _, below in trees)

    @cache
    def distance(ours: tuple[Node, ...], theirs: tuple[Node, ...]) -> float:
        if not ours or not theirs:
            return size(ours) + size(theirs)
        (i, under), (j, beneath) = ours[-1], theirs[-1]
        return min(
            distance((*ours[:-1], *under), theirs) + 1,
            distance(ours, (*theirs[:-1], *beneath)) + 1,
            distance(ours[:-1], theirs[:-1])
            + distance(under, beneath)
            + PAIRED * float(1 - worth[i, j]),
        )

    return distance(first, second)


@given(shapes, shapes, st.integers(0, 1000), st.sampled_from((0.1, 0.4, 1.0)))
def test_the_tree_edit_distance_is_as_defined(
    first: Shape, second: Shape, seed: int, share: float
) -> None:
    ours, theirs = Order(planned(first)), Order(planned(second))
    rng = np.random.default_rng(seed)
    size = (ours.size, theirs.size)
    worth = np.where(rng.random(size) < share, np.round(rng.random(size), 1), 0.0)
    found = tree_likeness(Alignment(ours, theirs, {}, worth))
    distance = edit_distance(forest(ours), forest(theirs), worth)
    assert found == pytest.approx(1 - distance / sum(size), abs=1e-9)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=9))
def test_rank_correlation_is_the_one_of_scipy(phases: list[tuple[int, int]]) -> None:
    plan = planned([[0] * len(phases)])

    def phased(side: int) -> Plan:
        lines: dict[int, list[PhaseItem]] = {}
        for number, pair in enumerate(phases, start=1):
            lines.setdefault(pair[side], []).append(PhaseItem(ref=Ref.of(1, number)))
        return plan.model_copy(
            update={
                "phases": tuple(
                    Phase(number=n, items=tuple(items)) for n, items in sorted(lines.items())
                )
            }
        )

    both = [phased(0), phased(1)]
    order = Order(plan)
    size = order.size
    found = phase_rank(Alignment(order, order, {i: i for i in range(size)}, np.eye(size)), *both)
    there = list(zip(*phases, strict=True))
    if len(set(there[1])) < 2:
        assert found is None
    elif len(set(there[0])) < 2:
        assert found == 0
    else:
        assert found == pytest.approx(float(stats.kendalltau(*there).statistic), abs=1e-9)
