"""Conformance: the share of the format's rules that a plan keeps, from 0 to 1.

Rules count by group, and within a group each by the share of its parts (tickets, stories, phases)
that keep it. What the reader had to forgive (the T codes) is a group of its own. Where a plan has
nothing that a group's rules could be broken by (no phases, no allocation, no points), the group is
0, so that leaving out what could be wrong never pays. What needs the document (grounding, coverage)
is no matter of form and is told apart.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from tickets.diagnostics import Diagnostic, ParseResult
from tickets.parse import CODES
from tickets.rubric import COSTS, Unit
from tickets.rules import RULES, check_plan
from tickets.schema import Epic, Model, Plan

TEMPLATE: Final = "template"
_LEFT_OUT: Final = "grounding"


class Conformance(Model):
    """The share of rules kept: the mean of the groups, and each group (`template`: the reader's).

    `groups` is empty where there is no plan to look at.
    """

    share: float
    groups: dict[str, float]


def conformance(parsed: ParseResult, findings: Iterable[Diagnostic] | None = None) -> Conformance:
    """How far a plan, as it was read from markdown, keeps the format.

    `findings` are those of `check_plan`, where they are at hand. Without an epic, or without a
    story, it is 0: there is no plan then.
    """
    plan = parsed.plan
    parts = _parts(plan)
    if not parts["epic"] or not parts["story"]:
        return Conformance(share=0.0, groups={})
    found = check_plan(plan) if findings is None else findings
    broken = Counter(finding.code for finding in (*parsed.diagnostics, *found))
    shares = {TEMPLATE: [_kept(broken[code], parts["ticket"]) for code in CODES]}
    for rule in RULES:
        unit = COSTS[rule.code].unit if rule.code in COSTS else "plan"
        if rule.group != _LEFT_OUT and parts[unit]:
            shares.setdefault(rule.group, []).append(_kept(broken[rule.code], parts[unit]))
    there = _there(plan)
    groups = {name: there.get(name, 1.0) * sum(kept) / len(kept) for name, kept in shares.items()}
    return Conformance(share=sum(groups.values()) / len(groups), groups=groups)


def _kept(broken: int, parts: int) -> float:
    return max(0.0, 1 - broken / parts)


def _parts(plan: Plan) -> dict[Unit, int]:
    return {
        "plan": 1,
        "epic": len(plan.epics),
        "story": sum(len(epic.stories) for epic in plan.epics),
        "ticket": sum(1 for _ in plan.tickets()),
        "phase": len(plan.phases),
        "requirement": 0,
    }


def _there(plan: Plan) -> dict[str, float]:
    """How much of what a group's rules are about the plan has at all."""
    below = [ticket for _, ticket in plan.tickets() if not isinstance(ticket, Epic)]
    return {
        "estimates": sum(ticket.points is not None for ticket in below) / len(below),
        "phases": float(bool(plan.phases)),
        "allocation": float(bool(plan.allocation)),
    }
