"""Which ticket of a plan is which ticket of the reference.

Tickets are paired one to one so that the sum of their likenesses is as large as it can be (the
assignment problem, `scipy.optimize.linear_sum_assignment`), epics with epics, stories and tasks
with stories and tasks of any epic. A pair's *credit* says how far the two are the same piece of
work: 0 below what unrelated tickets reach by chance, 1 from what a paraphrase keeps.
"""

import re
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from eval.likeness import Likeness, Matrix, lexical, short_lexical
from tickets.order import Order
from tickets.schema import Epic, Plan, Story, Task
from tickets.words import stems

_TEAM: Final = frozenset(stems("team"))

OTHER_LEVEL: Final = 0.8
"""What a story is worth as the partner of a task."""
SAME_EPIC: Final = 0.1
"""Likeness added, while pairing only, where the epics are partners: of two equally like tickets
the one in its place is meant."""


NAMED: Final = 0.6
"""The weight of an epic's own words or owner in its credit; the rest is what its stories say. Over
half, so that the stories of two teams exchanged are taken for that, and not for epics renamed."""


class Comparer(NamedTuple):
    """How texts are compared: titles and criteria by `short`, whole tickets by `long`.

    A likeness up to `chance` has no credit, from `same` on full credit.
    """

    short: Likeness
    long: Likeness
    chance: float
    same: float

    def credit(self, likeness: Matrix) -> Matrix:
        """Likenesses as worth, 0 to 1."""
        return np.clip((likeness - self.chance) / (self.same - self.chance), 0.0, 1.0)


LEXICAL: Final = Comparer(short_lexical, lexical, chance=0.15, same=0.35)
"""Calibrated on the curated plans: of a story's likenesses to those of another feature's plan the
best is below 0.15 in nine cases of ten and below 0.35 in 99 of 100, of paraphrases by hand 19 of 20
are above it."""


class Alignment(NamedTuple):
    """The partners: indices into the tickets of `plan` and `reference`, with each pair's credit.

    `worth` has the credit of any two tickets, shape (plan.size, reference.size).
    """

    plan: Order
    reference: Order
    partner: dict[int, int]
    worth: Matrix

    def credit(self, index: int) -> float:
        """How far ticket `index` of the plan is the reference's; 0 without a partner."""
        partner = self.partner.get(index)
        return 0.0 if partner is None else float(self.worth[index, partner])

    def in_place(self, index: int) -> bool:
        """Whether a ticket with a partner stands under the partner of what holds the latter."""
        holder, partner_holder = (
            self.plan.holder[index],
            self.reference.holder[self.partner[index]],
        )
        return holder < 0 or self.partner.get(holder) == partner_holder


def align(plan: Plan, reference: Plan, comparer: Comparer = LEXICAL) -> Alignment:
    """The best pairing of the tickets of `plan` and `reference`."""
    left, right = Order(plan), Order(reference)
    likeness = _likenesses(left, right, comparer)
    worth = comparer.credit(likeness)
    epics, work = ([_of_kind(order, kind) for order in (left, right)] for kind in (True, False))
    block = np.ix_(*epics)
    worth[block] = _epics_worth(plan, reference, comparer)
    partner: dict[int, int] = {}
    for i, j in best_pairs(worth[block]):
        partner[epics[0][i]] = epics[1][j]
    block = np.ix_(*work)
    values = likeness[block] + SAME_EPIC * _same_epic(left, right, (work[0], work[1]), partner)
    for i, j in best_pairs(np.where(worth[block] > 0, values, 0.0)):
        partner[work[0][i]] = work[1][j]
    return Alignment(left, right, partner, worth)


def best_pairs(values: Matrix) -> list[tuple[int, int]]:
    """The pairs (row, column) of an assignment of the largest sum, without those of value 0."""
    rows, columns = linear_sum_assignment(values, maximize=True)
    pairs: list[tuple[int, int]] = zip(rows.tolist(), columns.tolist(), strict=True)  # type: ignore[assignment]
    return [(i, j) for i, j in pairs if values[i, j] > 0]


def heading(ticket: Epic | Story | Task) -> str:
    """What a ticket is called: its name and title."""
    return f"{ticket.name}. {ticket.title}"


def criteria_of(ticket: Epic | Story | Task) -> tuple[str, ...]:
    """A ticket's acceptance criteria; an epic has none."""
    return () if isinstance(ticket, Epic) else ticket.acceptance_criteria


def own_text(ticket: Epic | Story | Task) -> str:
    """All that a ticket says itself."""
    return "\n".join((heading(ticket), ticket.description, *criteria_of(ticket)))


def name_key(name: str) -> frozenset[str]:
    """What two spellings of a team or component share: `Web Team` and `the web team`."""
    words = frozenset(stems(name)) - _TEAM | frozenset(re.findall(r"\d+", name))
    return words or frozenset((name.lower(),))


def _of_kind(order: Order, epics: bool) -> list[int]:
    """The indices of the epics, or of all other tickets."""
    return [index for index, holder in enumerate(order.holder) if (holder < 0) == epics]


def _likenesses(left: Order, right: Order, comparer: Comparer) -> Matrix:
    """Half what they are called, half all that they say; epics are unlike all but epics."""
    sides: list[Any] = [[ticket for _, ticket in order.tickets] for order in (left, right)]
    called = comparer.short(*(list(map(heading, side)) for side in sides))
    said = comparer.long(*(list(map(own_text, side)) for side in sides))
    levels = [np.array([len(loc) // 2 for loc, _ in o.tickets], dtype=int) for o in (left, right)]
    apart = np.abs(levels[0][:, None] - levels[1][None, :])
    factor = np.where(apart == 0, 1.0, OTHER_LEVEL)
    factor[(levels[0][:, None] == 1) != (levels[1][None, :] == 1)] = 0.0
    likenesses: Matrix = (called + said) / 2 * factor
    return likenesses


def _epics_worth(plan: Plan, reference: Plan, comparer: Comparer) -> Matrix:
    """The credits of epics, shape (epics of plan, epics of reference).

    What an epic is itself is known by its team, where that has one epic in both plans, or else by
    its words.
    """
    sides = (plan.epics, reference.epics)
    own = comparer.credit(comparer.short(*([heading(epic) for epic in side] for side in sides)))
    owners = [[name_key(epic.owner) if epic.owner else None for epic in side] for side in sides]
    for i, owner in enumerate(owners[0]):
        if owner is not None and all(side.count(owner) == 1 for side in owners):
            j = owners[1].index(owner)
            own[i, :] = own[:, j] = 0.0
            own[i, j] = 1.0
    below = [["\n".join(map(own_text, epic.stories)) for epic in side] for side in sides]
    stories = comparer.credit(comparer.long(*below))
    for i, j in np.ndindex(own.shape):
        if not below[0][i] and not below[1][j]:
            stories[i, j] = own[i, j]
    worth: Matrix = NAMED * own + (1 - NAMED) * stories
    return worth


def _same_epic(
    left: Order, right: Order, work: tuple[list[int], list[int]], partner: dict[int, int]
) -> Any:
    """For each two of the `work` tickets whether their epics are partners, as a matrix."""
    ours, theirs = epics_of(left), epics_of(right)
    wanted = np.array([partner.get(ours[i], -1) for i in work[0]], dtype=int)
    found = np.array([theirs[j] for j in work[1]], dtype=int)
    return wanted[:, None] == found[None, :]


def epics_of(order: Order) -> list[int]:
    """For each ticket the index of the epic that it is or stands under."""
    epics: list[int] = []
    for index, holder in enumerate(order.holder):
        epics.append(index if holder < 0 else epics[holder])
    return epics
