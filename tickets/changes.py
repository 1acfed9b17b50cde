"""What two versions of a feature document ask for: what came, what went, what was reworded."""

from typing import Final, NamedTuple

from rapidfuzz import fuzz

from tickets.requirements import Requirement, find_requirements
from tickets.schema import Plan
from tickets.trace import trace_plan
from tickets.words import stems

SAME: Final = 60.0
"""From this likeness of their letters on (percent) two requirements are versions of one."""


class Rewording(NamedTuple):
    """A requirement in the old document and in the new one."""

    old: Requirement
    new: Requirement


class Changes(NamedTuple):
    """What a new version of a document asks for that the old one did not, and the reverse."""

    came: tuple[Requirement, ...]
    went: tuple[Requirement, ...]
    changed: tuple[Rewording, ...]

    @property
    def any(self) -> bool:
        """Whether the two ask for different things."""
        return bool(self.came or self.went or self.changed)


def compare_documents(old: str, new: str) -> Changes:
    """How the requirements of two documents differ, in the order of the documents.

    Equal ones are paired first, then the most alike, each once.
    """
    before, after = list(find_requirements(old)), list(find_requirements(new))
    for one in [*before]:
        twin = next((each for each in after if each.text == one.text), None)
        if twin is not None:
            before.remove(one)
            after.remove(twin)
    alike = sorted(
        (
            (fuzz.token_sort_ratio(one.text, other.text), -i, -j)
            for i, one in enumerate(before)
            for j, other in enumerate(after)
        ),
        reverse=True,
    )
    partner: dict[int, int] = {}
    for ratio, i, j in alike:
        if ratio >= SAME and -i not in partner and -j not in partner.values():
            partner[-i] = -j
    return Changes(
        came=tuple(each for j, each in enumerate(after) if j not in partner.values()),
        went=tuple(each for i, each in enumerate(before) if i not in partner),
        changed=tuple(Rewording(before[i], after[partner[i]]) for i in sorted(partner)),
    )


def touched_epics(plan: Plan, old: str, new: str, changes: Changes) -> dict[int, list[Requirement]]:
    """The places of the epics that changes concern, each with the requirements that do.

    An epic is concerned by what its tickets take up. What no ticket takes up, above all a new
    requirement, goes to the epic that shares most words with it.
    """
    before = {row.requirement.text: row.tickets for row in trace_plan(plan, old).rows}
    after = {row.requirement.text: row.tickets for row in trace_plan(plan, new).rows}
    wanted = [
        *((each, after.get(each.text, ())) for each in changes.came),
        *((each, before.get(each.text, ())) for each in changes.went),
        *((pair.new, before.get(pair.old.text, ())) for pair in changes.changed),
    ]
    found: dict[int, list[Requirement]] = {}
    for requirement, refs in wanted:
        places = {ref.number[0] - 1 for ref in refs} or {_nearest(plan, requirement)}
        for place in places:
            found.setdefault(place, []).append(requirement)
    return dict(sorted(found.items()))


def _nearest(plan: Plan, requirement: Requirement) -> int:
    wanted = set(stems(requirement.text))

    def shared(place: int) -> int:
        epic = plan.epics[place]
        texts = [epic.title, epic.description, *epic.components]
        texts += [text for story in epic.stories for text in (story.title, story.description)]
        return len(wanted & {stem for text in texts for stem in stems(text)})

    return max(range(len(plan.epics)), key=lambda place: (shared(place), -place))
