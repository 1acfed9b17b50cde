"""What the rules are made of: a finding, a rule, and what a rule may look at."""

import heapq
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from tickets.diagnostics import Severity
from tickets.order import Number, NumberTree, Order
from tickets.schema import Epic, Loc, Plan, Ref

if TYPE_CHECKING:
    from tickets.trace import Trace
    from tickets.vocabulary import Vocabulary

Group = Literal[
    "numbering",
    "dependencies",
    "estimates",
    "fields",
    "phases",
    "allocation",
    "quality",
    "grounding",
]


MOST_NUMBERED: Final = 9999
"""The highest number that the schema gives; repair leaves a plan with more alone."""


class Finding(NamedTuple):
    """Where a rule is broken, how (the message begins with the ticket), and the remedy.

    `mendable` is False where a rule that repair usually keeps cannot be kept this time.
    """

    loc: Loc
    message: str
    fix: str = ""
    mendable: bool = True


class Context:
    """What a rule may look at; what several rules need is worked out once."""

    def __init__(
        self,
        plan: Plan,
        *,
        trace: "Trace | None" = None,
        vocabulary: "Vocabulary | None" = None,
    ) -> None:
        self.plan = plan
        self.order = Order(plan)
        self.trace = trace
        self.vocabulary = vocabulary

    @cached_property
    def numbers(self) -> list[Number]:
        """For each ticket the number of its place in the plan."""
        return place_numbers(self.order)

    @cached_property
    def numberable(self) -> bool:
        """Whether the schema has numbers for as many tickets and phases as the plan lists."""
        return len(self.plan.phases) <= MOST_NUMBERED and all(
            number[-1] <= MOST_NUMBERED for number in self.numbers
        )

    @cached_property
    def criteria(self) -> list[tuple[Loc, str, str]]:
        """Every acceptance criterion: its loc, its ticket's reference, its text."""
        return [
            ((*loc, "acceptance_criteria", place), str(ticket.ref), text)
            for loc, ticket in self.order.tickets
            if not isinstance(ticket, Epic)
            for place, text in enumerate(ticket.acceptance_criteria)
        ]

    @cached_property
    def placed(self) -> dict[int, tuple[int, int]]:
        """For each story that is in a phase (ticket index) the places of phase and line."""
        return phase_lines(self.plan, self.order)


class Rule(NamedTuple):
    """A line of the table: what is asked for, how bad it is when missing, who finds it."""

    code: str
    severity: Severity
    group: Group
    reason: str
    fixable: bool
    function: Callable[[Context], Iterator[Finding]]


def place_numbers(order: Order) -> list[Number]:
    """For each ticket the number that its place in the plan gives it."""
    numbers: list[Number] = []
    below = [0] * (order.size + 1)  # the last, which -1 names, counts the epics
    for holder in order.holder:
        below[holder] += 1
        numbers.append((*(numbers[holder] if holder >= 0 else ()), below[holder]))
    return numbers


def phase_lines(plan: Plan, order: Order) -> dict[int, tuple[int, int]]:
    """For each story that is in a phase (ticket index) the places of phase and line.

    A story that is named itself stands there; otherwise it goes with its epic. The first line that
    names a ticket counts.
    """
    direct: dict[int, tuple[int, int]] = {}
    through_epic: dict[int, tuple[int, int]] = {}
    for p, phase in enumerate(plan.phases):
        for i, item in enumerate(phase.items):
            index = None if item.ref is None else order.first.get(item.ref.number)
            if index is None:
                continue
            if order.holder[index] < 0:
                for story in order.stories_of(index):
                    through_epic.setdefault(story, (p, i))
            elif order.story[index] == index:
                direct.setdefault(index, (p, i))
    return through_epic | direct


def counted(number: int, thing: str) -> str:
    """`1 team`, `2 teams`."""
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"


def unknown(ref: Ref, order: Order, but: int = -1) -> str:
    """The remedy for a reference to no ticket: the ticket with the closest number.

    It is of the same level if there is one, and closest in the epic's number before the story's.
    Ticket `but`, in which the reference stands, is no answer.
    """
    excluded = order.tickets[but][1].ref.number if but >= 0 else ()
    level = len(ref.number)
    for length in sorted((1, 2, 3), key=lambda other: abs(other - level)):
        wanted = (*ref.number, 1, 1)[:length]
        number = _closest(order.number_tree, (length,), wanted, excluded)
        if number:
            return f"the nearest is {order.name(order.first[number])}"
    return "name a ticket of this plan"


def _closest(tree: NumberTree, above: Number, wanted: Number, excluded: Number) -> Number:
    """The number in `tree` closest to `wanted`, part by part; empty if there is none.

    `above` holds the length that the number has and its parts so far. As only one number is
    excluded, no more than two have to be tried for each part.
    """
    if not wanted:
        return () if above[1:] == excluded else above[1:]
    parts = heapq.nsmallest(2, tree.get(above, ()), key=lambda part: abs(part - wanted[0]))
    found = (_closest(tree, (*above, part), wanted[1:], excluded) for part in parts)
    return next(filter(None, found), ())
