"""A plan in two steps: the outline made consistent, the details put into it.

Whatever the outline does not hold (keys, parents, sums, components of stories, the critical path,
phases, allocation, the total) follows from what it does, and repair's steps write it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tickets.diagnostics import Diagnostic
from tickets.repair import RepairResult, repair_plan
from tickets.schema import Plan, Story
from tickets.staged_detail import read_detail
from tickets.staged_outline import read_outline

if TYPE_CHECKING:
    from tickets.vocabulary import Vocabulary

_WRITTEN: Final = {
    *("N201", "N202", "D301", "D302", "D303", "D304", "D305", "D306"),
    *("E401", "F502", "F503", "F509", "F513", "F515", "F516"),
}
"""Repairs of what an outline says. The others only write what it leaves to code."""


def settle_outline(text: str, vocabulary: "Vocabulary | None" = None) -> RepairResult:
    """The plan of an outline, complete but for descriptions and criteria.

    Its repairs are those of what the outline says itself: numbers, dependencies, estimates, names.
    """
    bare = read_outline(text).plan
    repaired = repair_plan(bare, vocabulary=vocabulary)
    repairs = tuple(repair for repair in repaired.repairs if _is_of_outline(repair, bare))
    return RepairResult(plan=repaired.plan, repairs=repairs)


def _is_of_outline(repair: Diagnostic, plan: Plan) -> bool:
    if repair.code in _WRITTEN:
        return True
    match repair.loc:
        case ("epics", _, "components"):
            return True
        case ("epics", int(e), "stories", int(s), "points"):
            story: Story = plan.epics[e].stories[s]
            return not story.tasks
        case ("epics", _, "stories", _, "tasks", _, "points"):
            return True
    return False


def fill_details(plan: Plan, details: Sequence[str]) -> Plan:
    """The plan with the details of its epics, given in their order; lacking ones stay empty."""
    filled = [read_detail(text, epic)[0] for text, epic in zip(details, plan.epics, strict=False)]
    return plan.model_copy(update={"epics": (*filled, *plan.epics[len(filled) :])})
