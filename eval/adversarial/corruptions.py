"""One thing at a time spoilt in a plan, in growing doses.

A dose is the share (0 to 1) of the places where the thing stands, at least one place for any dose
above 0. The places of a smaller dose are among those of a larger one, so more of it is never less
spoilt. `CORRUPTIONS` has for each the measure of `eval.fidelity` that it must lower, and the others
that have to follow.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from eval.adversarial.cheats import each_ticket, rebuilt
from eval.counts import Prf
from eval.fidelity import CONTENT, STRUCTURE, Fidelity, compare
from tickets.schema import Epic, Phase, Plan, Ref, Story, Task

Ticket = Epic | Story | Task
Place = TypeVar("Place")
DOSES: Final = (0.25, 0.5, 1.0)
MEASURES: Final = tuple(part.measure for part in (*CONTENT, *STRUCTURE))
MOVES: Final = 0.01
"""How far a measure may move that has nothing to do with what was spoilt."""
STRANGE: Final = ("Zeppelin", "Quagmire", "Fjord", "Yonder", "Vortex", "Kumquat", "Xylem", "Jackal")
"""Names that no plan has."""


class Corruption(NamedTuple):
    """A line of the table.

    Attributes:
        spoil: makes the plan of a reference and a dose; None where there is nothing to spoil.
        measure: the one that it lowers.
        also: those that follow: a ticket's text has its criteria, and who moves changes the tree.
        reason: why they do.
    """

    spoil: Callable[[Plan, float], Plan | None]
    measure: str
    also: frozenset[str] = frozenset()
    reason: str = ""


def chosen(places: Iterable[Place], dose: float) -> list[Place]:
    """The dose's share of the places, rounded up."""
    mixed = list(places)
    random.Random(0).shuffle(mixed)
    return mixed[: -int(-dose * len(mixed) // 1)]


def points(plan: Plan, dose: float) -> Plan | None:
    """Estimates of stories and tasks four steps or more away."""
    return _changed(
        plan,
        dose,
        lambda t: not isinstance(t, Epic) and t.points is not None,
        lambda t: {"points": 1 if (t.points or 0) >= 5 else 21},
    )


def priority(plan: Plan, dose: float) -> Plan | None:
    """Another priority."""
    return _changed(
        plan,
        dose,
        lambda t: t.priority is not None,
        lambda t: {"priority": "Low" if t.priority != "Low" else "High"},
    )


def type_of(plan: Plan, dose: float) -> Plan | None:
    """Stories that are bugs, and the reverse."""
    return _changed(
        plan,
        dose,
        lambda t: isinstance(t, Story),
        lambda t: {"type": "Bug" if getattr(t, "type", "") != "Bug" else "Story"},
    )


def components(plan: Plan, dose: float) -> Plan | None:
    """Components that nobody has."""
    return _changed(
        plan,
        dose,
        lambda t: bool(t.components),
        lambda t: {"components": tuple(STRANGE[n % 8] for n in range(len(t.components)))},
    )


def owners(plan: Plan, dose: float) -> Plan | None:
    """Teams that nobody has."""
    names = {epic.ref: f"{STRANGE[n % 8]} Crew {n}" for n, epic in enumerate(plan.epics)}
    return _changed(
        plan,
        dose,
        lambda t: isinstance(t, Epic) and bool(t.owner),
        lambda t: {"owner": names[t.ref]},
    )


def criteria(plan: Plan, dose: float) -> Plan | None:
    """Criteria that are missing."""
    stories = [t for _, t in plan.tickets() if not isinstance(t, Epic)]
    places = [(t.ref, n) for t in stories for n in range(len(t.acceptance_criteria))]
    gone = set(chosen(places, dose))

    def kept(ticket: Ticket) -> Mapping[str, Any]:
        if isinstance(ticket, Epic) or not ticket.acceptance_criteria:
            return {}
        return {
            "acceptance_criteria": tuple(
                text
                for n, text in enumerate(ticket.acceptance_criteria)
                if (ticket.ref, n) not in gone
            )
        }

    return each_ticket(plan, kept) if places else None


def edges(plan: Plan, dose: float) -> Plan | None:
    """Dependencies that are missing."""
    places = [(t.ref, d.ref) for _, t in plan.tickets() for d in t.dependencies]
    gone = set(chosen(places, dose))
    return (
        each_ticket(
            plan,
            lambda t: {
                "dependencies": tuple(d for d in t.dependencies if (t.ref, d.ref) not in gone)
            },
        )
        if places
        else None
    )


def stories(plan: Plan, dose: float) -> Plan | None:
    """Stories that are missing; one is left."""
    every = _stories(plan)
    gone = {story.ref for story in chosen(every, dose)[: len(every) - 1]}
    return rebuilt(
        plan,
        [
            epic.model_copy(update={"stories": tuple(s for s in epic.stories if s.ref not in gone)})
            for epic in plan.epics
        ],
    )


def tasks(plan: Plan, dose: float) -> Plan | None:
    """Tasks that are missing."""
    gone = {task.ref for task in chosen((t for s in _stories(plan) for t in s.tasks), dose)}
    if not gone:
        return None
    return rebuilt(
        plan,
        [
            epic.model_copy(
                update={
                    "stories": tuple(
                        s.model_copy(
                            update={"tasks": tuple(t for t in s.tasks if t.ref not in gone)}
                        )
                        for s in epic.stories
                    )
                }
            )
            for epic in plan.epics
        ],
    )


def parents(plan: Plan, dose: float) -> Plan | None:
    """Stories under the next epic."""
    if len(plan.epics) < 2:
        return None
    moved = {story.ref for story in chosen(_stories(plan), dose)}
    below: list[list[Story]] = [
        [story for story in epic.stories if story.ref not in moved] for epic in plan.epics
    ]
    for e, epic in enumerate(plan.epics):
        below[(e + 1) % len(below)] += [story for story in epic.stories if story.ref in moved]
    return rebuilt(
        plan,
        [
            epic.model_copy(update={"stories": tuple(stories)})
            for epic, stories in zip(plan.epics, below, strict=True)
        ],
    )


def phases(plan: Plan, dose: float) -> Plan | None:
    """Tickets in the phase opposite to theirs: of four the fourth, third, second, first."""
    last = len(plan.phases) - 1
    places = [
        item.ref for p, phase in enumerate(plan.phases) for item in phase.items if 2 * p != last
    ]
    if not places:
        return None
    moved = set(chosen(places, dose))
    items = [
        [
            item
            for p, phase in enumerate(plan.phases)
            for item in phase.items
            if (last - p if item.ref in moved else p) == place
        ]
        for place in range(last + 1)
    ]
    swapped: Sequence[Phase] = [
        phase.model_copy(update={"items": tuple(here)})
        for phase, here in zip(plan.phases, items, strict=True)
    ]
    return plan.model_copy(update={"phases": tuple(swapped)})


def vague(plan: Plan, dose: float) -> Plan | None:
    """Criteria of stories that say nothing."""
    return _changed(
        plan,
        dose,
        lambda t: isinstance(t, Story) and bool(t.acceptance_criteria),
        lambda t: {"acceptance_criteria": ("It works well", "Users find it better than before")},
    )


def _stories(plan: Plan) -> list[Story]:
    return [story for epic in plan.epics for story in epic.stories]


def _changed(
    plan: Plan,
    dose: float,
    has: Callable[[Ticket], bool],
    change: Callable[[Ticket], Mapping[str, Any]],
) -> Plan | None:
    """The plan with the change at a dose of the tickets that have what is to be changed."""
    places: list[Ref] = [ticket.ref for _, ticket in plan.tickets() if has(ticket)]
    spoilt = set(chosen(places, dose))
    if not places:
        return None
    return each_ticket(plan, lambda t: change(t) if t.ref in spoilt else {})


# fmt: off
CORRUPTIONS: Final = {
    "wrong points": Corruption(points, "points"),
    "wrong priority": Corruption(priority, "priority"),
    "wrong type": Corruption(type_of, "type"),
    "renamed component": Corruption(components, "components"),
    "renamed owner": Corruption(owners, "owners"),
    "removed criteria": Corruption(criteria, "criteria"),
    "vague criteria": Corruption(vague, "criteria"),
    "dropped dependency": Corruption(
        edges, "edges", frozenset({"order"}), "edges are what gives an order"
    ),
    "swapped phase": Corruption(phases, "phases"),
    "removed task": Corruption(
        tasks, "tasks", frozenset({"tree", "edges", "points"}),
        "it takes its edges along, and its story's points are the sum of its tasks",
    ),
    "removed story": Corruption(
        stories, "stories",
        frozenset({"epics", "tasks", "criteria", "tree", "edges", "order", "phases"}),
        "it takes its tasks, criteria and edges along; an epic is its stories; few have no ranks",
    ),
    "wrong parent": Corruption(
        parents, "hierarchy",
        frozenset({"epics", "stories", "tasks", "criteria", "tree", "edges", "order", "phases"}),
        "work elsewhere has a tenth of its credit, and an epic's phase is that of its stories",
    ),
}
# fmt: on
"""The metamorphic table."""


def trials(corruption: Corruption, reference: Plan) -> list[Fidelity]:
    """The fidelity at each dose; empty where there is nothing to spoil."""
    plans = [corruption.spoil(reference, dose) for dose in DOSES]
    return [compare(plan, reference) for plan in plans if plan is not None]


def faults(corruption: Corruption, found: Sequence[Fidelity]) -> list[str]:
    """What the trials of one reference break: the measure itself falls with the first dose and
    never rises, the composite likewise, and what does not have to follow moves by `MOVES` at most.
    """
    own = [1.0, *(value(each, corruption.measure) for each in found)]
    scores = [1.0, *(each.score for each in found)]
    told = []
    for name, falling in ((corruption.measure, own), ("score", scores)):
        if any(after > before + 1e-9 for before, after in itertools.pairwise(falling)):
            told.append(f"{name} rises: {falling}")
    if found and own[1] > 1 - 1e-9:
        told.append(f"{corruption.measure} does not fall")
    for name in set(MEASURES) - corruption.also - {corruption.measure}:
        moved = max((abs(1 - value(each, name)) for each in found), default=0.0)
        if moved > MOVES:
            told.append(f"{name} moves by {moved:.2f}")
    return told


def value(fidelity: Fidelity, measure: str) -> float:
    """A measure as one number; 1 where it does not apply."""
    found = getattr(fidelity, measure)
    if found is None:
        return 1.0
    return float(found.f1 if isinstance(found, Prf) else found)
