"""Some epics of a plan written anew, all others left as they are: a format of its own kind.

The model writes the staged format's outline again, bound to the plan's own lines wherever they
stay, and then the details of the new epics.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tickets.bounds import Bounds
from tickets.formats import Made, Staged, Step
from tickets.render import render_plan
from tickets.repair import RepairResult, repair_plan
from tickets.schema import Epic, Plan, Ref
from tickets.staged_outline import revision_grammar
from tickets.staged_plan import settle_outline

if TYPE_CHECKING:
    from tickets.vocabulary import Vocabulary


class Revision(Staged):
    """The staged format for a plan of which the epics in some places are written anew.

    Args:
        plan: consistent, as `repair_plan` leaves it.
        places: of the epics, from 0.
        note: what is to be different, in words; an empty one says nothing.
    """

    samples = 1

    def __init__(self, plan: Plan, places: Collection[int], note: str = "") -> None:
        self._plan = plan
        self._places = frozenset(places)
        self._note = note

    def begin(self, document: str) -> Step:
        """The outline, free in the epics that are written anew."""
        step = super().begin(document)
        *before, last = step.messages
        if self._note:
            last = {**last, "content": f"{last['content']}\n\n{self._note}"}

        def bind(bounds: Bounds | None, vocabulary: "Vocabulary | None") -> str:
            return revision_grammar(self._plan, self._places, bounds, vocabulary)

        return step._replace(messages=[*before, last], bind=bind)

    def settle(self, outline: str, vocabulary: "Vocabulary | None") -> RepairResult:
        """What an outline says, each epic in its place."""
        return settle_outline(outline, vocabulary, join=False)

    def written(self, plan: Plan) -> Sequence[Epic]:
        """The epics that are written anew."""
        return [epic for place, epic in enumerate(plan.epics) if place in self._places]

    def assemble(
        self,
        completions: Sequence[str],
        *,
        repair: bool = True,
        vocabulary: "Vocabulary | None" = None,
    ) -> Made:
        """The plan with its new epics; repair makes sums, phases and dependencies follow."""
        settled = self.settle(completions[0], vocabulary).plan
        new = self.filled(settled, completions[1:]).epics
        epics = [
            new[place] if place in self._places and place < len(new) else old
            for place, old in enumerate(self._plan.epics)
        ]
        plan = _without(self._plan, self._places).model_copy(update={"epics": tuple(epics)})
        repaired = repair_plan(plan, vocabulary=vocabulary)
        return Made(render_plan(repaired.plan), repaired.repairs)


def _without(plan: Plan, places: Collection[int]) -> Plan:
    """The plan's other sections without what they say of the stories in some epics."""

    def stays(*refs: Ref | None) -> bool:
        return not any(ref and ref.number[0] - 1 in places and len(ref.number) > 1 for ref in refs)

    phases = tuple(
        phase.model_copy(update={"items": tuple(item for item in phase.items if stays(item.ref))})
        for phase in plan.phases
    )
    return plan.model_copy(
        update={
            "phases": phases,
            "critical_path": tuple(
                link for link in plan.critical_path if stays(link.before, link.after)
            ),
            "integration_points": tuple(
                point for point in plan.integration_points if stays(point.first, point.second)
            ),
        }
    )
