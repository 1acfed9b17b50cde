"""Repair: what is arithmetic or reference is put right without a model, and every change is told.

Tickets are never added, dropped, moved or reworded. The steps stand in one order: each needs what
the ones before it have settled, and none undoes them. So a second repair finds nothing to do.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tickets.diagnostics import Diagnostic
from tickets.repair_allocation import mend_allocation
from tickets.repair_base import Draft
from tickets.repair_dependencies import (
    drop_dependencies,
    mend_critical_path,
    mend_integration_points,
)
from tickets.repair_estimates import mend_points
from tickets.repair_fields import fill_fields, mend_keys
from tickets.repair_numbering import drop_unknown, number_tickets
from tickets.repair_phases import mend_phases
from tickets.rules_base import Context
from tickets.schema import Model, Plan

if TYPE_CHECKING:
    from tickets.vocabulary import Vocabulary

STEPS: Final[tuple[Callable[[Draft], None], ...]] = (
    drop_unknown,  # D301, D307, D313, P604
    number_tickets,  # N201 to N204
    fill_fields,  # F502 to F504, F506, F507, F509, F513 to F516
    mend_keys,  # F510 to F512, F517
    mend_points,  # F508, E401 to E404
    drop_dependencies,  # D302 to D306
    mend_critical_path,  # D308, D311, D312, D316
    mend_integration_points,  # D314, D315, D317
    mend_phases,  # P601 to P603, P605 to P607
    mend_allocation,  # A701 to A710
)


class RepairResult(Model):
    """The repaired plan and what was done to it.

    A repair has the code of the rule that it mends, and the loc of what it mended in the plan as it
    was given. Without repairs the plan is the very object that was given.
    """

    plan: Plan
    repairs: tuple[Diagnostic, ...] = ()


def repair_plan(plan: Plan, *, vocabulary: "Vocabulary | None" = None) -> RepairResult:
    """The plan with every repairable finding of `check_plan` mended.

    After it no error is left in a plan that has an epic, except names that are in no way like one
    of the vocabulary's. A plan with more tickets or phases than the schema has numbers for is left
    as it is.
    """
    if not Context(plan).numberable:
        return RepairResult(plan=plan)
    draft = Draft(plan, vocabulary)
    for step in STEPS:
        step(draft)
    repairs = tuple(repair.diagnostic() for repair in draft.repairs)
    return RepairResult(plan=draft.plan, repairs=repairs)
