"""Pairs of feature documents and expert plans, made from a seed."""

from collections.abc import Iterator
from typing import NamedTuple

from data.generator.dice import Dice
from data.generator.documents import write_document
from data.generator.expert import ref_of, write_plan
from data.generator.sample import make_spec
from data.generator.spec import Spec
from tickets.render import render_plan
from tickets.rows import Pair
from tickets.schema import Plan, Ref

SOURCE = "generated"
_STRIDE = 1 << 40
"""More pairs than any seed is asked for, so that two seeds share none."""


class TraceLine(NamedTuple):
    """A sentence of the document, its section, and the story that rests on it."""

    ticket: Ref
    section: str
    text: str


class GeneratedPair(NamedTuple):
    """A pair with what it was made from: the feature, the plan, and where each ticket stands."""

    spec: Spec
    pair: Pair
    plan: Plan
    trace: tuple[TraceLine, ...]


def generate(seed: int, k: int) -> GeneratedPair:
    """Pair `k` (from 0) of a seed; it depends on these two numbers only."""
    dice = Dice(seed * _STRIDE + k)
    spec = make_spec(dice)
    document, marks = write_document(spec, dice)
    plan = write_plan(spec, dice)
    trace = tuple(TraceLine(ref_of(mark.item), mark.section, mark.text) for mark in marks)
    pair = Pair(
        id=f"gen-{seed}-{k}",
        document=document,
        plan=render_plan(plan),
        source=SOURCE,
        domain=spec.domain.name,
        style=spec.style,
        author="synthetic",
        licence="Apache-2.0",
        group=f"{spec.domain.name}/{spec.product}",
        rests_on=tuple(
            tuple(line.text for line in trace if line.ticket.number[0] == epic.ref.number[0])
            for epic in plan.epics
        ),
    )
    return GeneratedPair(spec, pair, plan, trace)


def generate_pairs(seed: int, count: int, start: int = 0) -> Iterator[Pair]:
    """The pairs `start` to `start + count - 1` of a seed, so that a run can be continued."""
    for k in range(start, start + count):
        yield generate(seed, k).pair
