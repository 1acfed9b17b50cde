"""The rubric: a plan's score in six sections by rules alone, and what each lost point is for.

Sections, weights and the mark to pass are those by which the format's own users judge plans. What a
finding costs is ours: each takes a share of its section, divided by how many parts of its kind the
plan has, so that one faulty story weighs less in a large plan. A section never falls below zero.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from tickets.diagnostics import Diagnostic
from tickets.rules import apply_rules
from tickets.rules_base import Context
from tickets.schema import Loc, Model, Plan

PASS_MARK: Final = 0.8

SectionName = Literal[
    "Epic structure",
    "Story quality",
    "Dependency management",
    "Estimation",
    "Feasibility",
    "Completeness",
]

WEIGHTS: Final[dict[SectionName, int]] = {
    "Epic structure": 25,
    "Story quality": 25,
    "Dependency management": 20,
    "Estimation": 15,
    "Feasibility": 10,
    "Completeness": 5,
}

Unit = Literal["plan", "epic", "story", "ticket", "phase", "requirement"]


class Cost(NamedTuple):
    """The share of its section that a finding takes, for one such part of the plan."""

    section: SectionName
    share: float
    unit: Unit


# fmt: off
COSTS: Final[dict[str, Cost]] = {
    "N201": Cost("Epic structure", 0.5, "ticket"),
    "N202": Cost("Epic structure", 1.0, "ticket"),
    "N203": Cost("Epic structure", 0.5, "ticket"),
    "N204": Cost("Epic structure", 0.5, "ticket"),
    "F510": Cost("Epic structure", 0.2, "epic"),
    "F511": Cost("Epic structure", 0.1, "epic"),
    "F512": Cost("Epic structure", 0.2, "epic"),
    "F513": Cost("Epic structure", 0.6, "epic"),
    "F516": Cost("Epic structure", 0.3, "epic"),
    "F517": Cost("Epic structure", 0.1, "epic"),
    "Q801": Cost("Epic structure", 0.5, "epic"),
    "Q802": Cost("Epic structure", 1.0, "epic"),
    "Q803": Cost("Epic structure", 0.3, "epic"),
    "Q804": Cost("Epic structure", 0.5, "epic"),
    "G902": Cost("Epic structure", 0.5, "requirement"),

    "F503": Cost("Story quality", 0.5, "ticket"),
    "F504": Cost("Story quality", 0.2, "ticket"),
    "F505": Cost("Story quality", 0.5, "ticket"),
    "F506": Cost("Story quality", 0.2, "ticket"),
    "F507": Cost("Story quality", 0.2, "ticket"),
    "F509": Cost("Story quality", 0.2, "ticket"),
    "F514": Cost("Story quality", 0.2, "ticket"),
    "F515": Cost("Story quality", 0.2, "ticket"),
    "Q805": Cost("Story quality", 0.8, "story"),
    "Q806": Cost("Story quality", 0.4, "story"),
    "Q807": Cost("Story quality", 0.3, "story"),
    "Q808": Cost("Story quality", 0.3, "story"),
    "Q809": Cost("Story quality", 0.4, "ticket"),
    "Q810": Cost("Story quality", 0.4, "ticket"),
    "Q811": Cost("Story quality", 0.3, "ticket"),
    "Q812": Cost("Story quality", 0.2, "story"),
    "Q813": Cost("Story quality", 0.5, "story"),
    "Q814": Cost("Story quality", 0.5, "ticket"),

    "D301": Cost("Dependency management", 1.0, "ticket"),
    "D302": Cost("Dependency management", 0.5, "ticket"),
    "D303": Cost("Dependency management", 0.5, "ticket"),
    "D304": Cost("Dependency management", 0.5, "ticket"),
    "D305": Cost("Dependency management", 0.2, "ticket"),
    "D306": Cost("Dependency management", 0.5, "plan"),
    "D307": Cost("Dependency management", 0.2, "plan"),
    "D308": Cost("Dependency management", 0.1, "plan"),
    "D309": Cost("Dependency management", 0.1, "plan"),
    "D310": Cost("Dependency management", 0.05, "plan"),
    "D311": Cost("Dependency management", 0.05, "plan"),
    "D312": Cost("Dependency management", 0.3, "plan"),
    "D313": Cost("Dependency management", 0.1, "plan"),
    "D314": Cost("Dependency management", 0.05, "plan"),
    "D315": Cost("Dependency management", 0.05, "plan"),
    "D316": Cost("Dependency management", 0.2, "plan"),
    "D317": Cost("Dependency management", 0.2, "plan"),
    "Q815": Cost("Dependency management", 0.6, "plan"),

    "E401": Cost("Estimation", 1.0, "ticket"),
    "E402": Cost("Estimation", 0.7, "story"),
    "E403": Cost("Estimation", 0.7, "epic"),
    "E404": Cost("Estimation", 0.3, "plan"),
    "F508": Cost("Estimation", 1.0, "ticket"),

    "P601": Cost("Feasibility", 0.5, "plan"),
    "P602": Cost("Feasibility", 0.3, "phase"),
    "P603": Cost("Feasibility", 0.3, "phase"),
    "P604": Cost("Feasibility", 0.5, "story"),
    "P605": Cost("Feasibility", 0.5, "story"),
    "P606": Cost("Feasibility", 0.5, "story"),
    "P607": Cost("Feasibility", 0.7, "story"),
    "P608": Cost("Feasibility", 0.2, "phase"),
    "P609": Cost("Feasibility", 0.3, "phase"),
    "A701": Cost("Feasibility", 0.5, "epic"),
    "A702": Cost("Feasibility", 0.3, "epic"),
    "A703": Cost("Feasibility", 0.2, "epic"),
    "A704": Cost("Feasibility", 0.2, "epic"),
    "A705": Cost("Feasibility", 0.3, "epic"),
    "A706": Cost("Feasibility", 0.3, "epic"),
    "A707": Cost("Feasibility", 0.2, "epic"),
    "A708": Cost("Feasibility", 0.2, "epic"),
    "A709": Cost("Feasibility", 0.2, "plan"),
    "A710": Cost("Feasibility", 0.1, "plan"),

    "F501": Cost("Completeness", 1.0, "plan"),
    "F502": Cost("Completeness", 0.3, "plan"),
    "G901": Cost("Completeness", 1.0, "ticket"),
}
# fmt: on
"""What a finding of each rule costs."""


class Loss(Model):
    """Points (of 100) that a finding took, why, its code, and the ticket (empty for the plan)."""

    points: float
    why: str
    code: str
    ticket: str = ""


class SectionScore(Model):
    """A section of the rubric: its weight (points of 100), its score (0 to 1), its losses."""

    name: SectionName
    weight: int
    score: float
    losses: tuple[Loss, ...] = ()


class Rubric(Model):
    """A plan's score (0 to 1), whether it passes (from 0.8), and the sections behind it."""

    score: float
    passed: bool
    sections: tuple[SectionScore, ...]


def score_plan(
    plan: Plan, *, document: str | None = None, findings: Sequence[Diagnostic] | None = None
) -> Rubric:
    """The rubric's score of `plan`; with the document, coverage and grounding count as well.

    A plan in which there is nothing to build (no story) scores 0.

    Args:
        plan: the plan to score.
        document: the feature document.
        findings: what `check_plan` found with the same document, if it has been asked.
    """
    trace = None
    if document is not None:
        from tickets.trace import trace_plan

        trace = trace_plan(plan, document)
    if findings is None:
        findings = apply_rules(Context(plan, trace=trace), {})
    stories = sum(len(epic.stories) for epic in plan.epics)
    if not stories:
        return _nothing_to_build()
    units: dict[Unit, int] = {
        "plan": 1,
        "epic": len(plan.epics),
        "story": stories,
        "ticket": sum(1 for _ in plan.tickets()),
        "phase": len(plan.phases),
        "requirement": len(trace.rows) if trace is not None else 0,
    }
    left = {name: float(weight) for name, weight in WEIGHTS.items()}
    losses: dict[SectionName, list[Loss]] = {name: [] for name in WEIGHTS}
    for finding in findings:
        section, share, unit = COSTS[finding.code]
        points = min(WEIGHTS[section] * share / max(units[unit], 1), left[section])
        left[section] -= points
        loss = Loss(
            points=round(points, 4),
            why=finding.message,
            code=finding.code,
            ticket=_ticket(plan, finding.loc),
        )
        losses[section].append(loss)
    score = round(sum(left.values()) / sum(WEIGHTS.values()), 6)
    sections = tuple(
        SectionScore(
            name=name,
            weight=weight,
            score=round(left[name] / weight, 6),
            losses=tuple(losses[name]),
        )
        for name, weight in WEIGHTS.items()
    )
    return Rubric(score=score, passed=score >= PASS_MARK, sections=sections)


def _nothing_to_build() -> Rubric:
    sections = tuple(
        SectionScore(
            name=name,
            weight=weight,
            score=0.0,
            losses=(Loss(points=weight, why="The plan has no story", code="Q802"),),
        )
        for name, weight in WEIGHTS.items()
    )
    return Rubric(score=0.0, passed=False, sections=sections)


def _ticket(plan: Plan, loc: Loc) -> str:
    """The ticket that a loc is in; empty for what stands below the epics."""
    tickets: Sequence[Any] = plan.epics
    name = ""
    for field, place in zip(loc[::2], loc[1::2], strict=False):
        if field not in ("epics", "stories", "tasks"):
            break
        ticket = tickets[int(place)]
        name = str(ticket.ref)
        tickets = getattr(ticket, "tasks" if field == "stories" else "stories", ())
    return name
