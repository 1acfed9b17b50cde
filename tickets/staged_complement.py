"""What an outline lacks of its document, from other outlines of the same document.

Of several outlines that a small model draws none takes up all requirements, and each takes up some
that no other does. So the best one is complemented: it gets those stories of the others that take
up what it lacks, as few as will do (the greedy cover: Chvátal 1979).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from tickets.rules_quality import MOST_EPIC_POINTS
from tickets.schema import Epic, Plan, Ref, Story
from tickets.staged_outline import outline_of
from tickets.text import folded
from tickets.trace import trace_plan
from tickets.words import stems

MOST_STORIES: Final = 12
"""Below an epic that gets some: more than the grammar has, since many outlines are one epic."""


class _Offer(NamedTuple):
    """A story of another outline: which one's, below which epic, what it takes up."""

    source: int
    epic: Epic
    story: Story
    takes_up: frozenset[str]


def complement_outline(
    plan: Plan, others: Sequence[Plan], document: str
) -> tuple[Plan, tuple[int, ...]]:
    """The outline with stories of the others for the requirements that none of its own takes up,
    and how many each of the others has given.

    A story goes below the epic that is most like it and its own epic, by the stems of their words,
    and that has room for it; none that has room, it stays out. It keeps its tasks and waits for
    nothing but among them.

    Args:
        plan: settled, as all `others` are.
        others: in the order in which they are asked where two would do.
        document: what all are outlines of.
    """
    given = [0] * len(others)
    offers = [offer for n, other in enumerate(others) for offer in _offers(n, other, document)]
    open_ = {row.requirement.id for row in trace_plan(plan, document).rows if not row.tickets}
    epics = list(plan.epics)
    while offers:
        best = max(offers, key=lambda offer: len(offer.takes_up & open_))
        if not best.takes_up & open_:
            break
        offers.remove(best)
        place = _place(best, epics)
        if place is not None:
            epics[place] = _with(epics[place], best.story)
            given[best.source] += 1
            open_ -= best.takes_up
    return outline_of(plan.model_copy(update={"epics": tuple(epics)})), tuple(given)


def _offers(source: int, plan: Plan, document: str) -> list[_Offer]:
    takes_up: dict[Ref, set[str]] = defaultdict(set)
    for row in trace_plan(plan, document).rows:
        for ref in row.tickets:
            takes_up[ref].add(row.requirement.id)
    return [
        _Offer(source, epic, story, frozenset(taken))
        for epic in plan.epics
        for story in epic.stories
        if (taken := takes_up[story.ref].union(*(takes_up[task.ref] for task in story.tasks)))
    ]


def _place(offer: _Offer, epics: Sequence[Epic]) -> int | None:
    """Which epic gets a story; None if a ticket is called so already, or there is no room."""
    tickets = [ticket for _, ticket in Plan(epics=tuple(epics)).tickets()]
    if folded(offer.story.title) in {folded(ticket.title) for ticket in tickets}:
        return None
    words = _words(offer.epic, [offer.story])
    points = offer.story.points or 0
    room = [
        place
        for place, epic in enumerate(epics)
        if len(epic.stories) < MOST_STORIES and (epic.points or 0) + points <= MOST_EPIC_POINTS
    ]
    return max(
        room,
        key=lambda place: len(words & _words(epics[place], epics[place].stories)),
        default=None,
    )


def _words(epic: Epic, stories: Sequence[Story]) -> frozenset[str]:
    titles = [epic.title, epic.owner, *epic.components, *(story.title for story in stories)]
    return frozenset(stems(" ".join(titles)))


def _with(epic: Epic, story: Story) -> Epic:
    """The epic with one more story at its end."""
    number = (*epic.ref.number, len(epic.stories) + 1)
    moved = {task.ref: Ref(number=(*number, k)) for k, task in enumerate(story.tasks, 1)}
    tasks = tuple(
        task.model_copy(
            update={
                "ref": moved[task.ref],
                "dependencies": tuple(
                    each.model_copy(update={"ref": moved[each.ref]})
                    for each in task.dependencies
                    if each.ref in moved
                ),
            }
        )
        for task in story.tasks
    )
    new = story.model_copy(update={"ref": Ref(number=number), "dependencies": (), "tasks": tasks})
    points = (epic.points or 0) + (story.points or 0)
    return epic.model_copy(update={"stories": (*epic.stories, new), "points": points})
