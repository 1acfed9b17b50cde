"""The verdict on one plan: what can be said without a reference, and with one."""

from collections import Counter
from functools import lru_cache
from typing import Final

from eval.align import LEXICAL, Comparer
from eval.fidelity import Fidelity, compare
from tickets.conformance import conformance
from tickets.diagnostics import Diagnostic
from tickets.parse import parse_plan
from tickets.rubric import Rubric, score_plan
from tickets.rules import check_plan
from tickets.schema import Epic, Model, Plan, Story, Task
from tickets.trace import trace_plan

LARGEST: Final = 2 * 1024 * 1024
"""Characters of a plan that is read whole: a thousand times a long one. What lies behind is cut,
and `cut` says so.
"""


class Shape(Model):
    """What a plan consists of, counted; `duplicates` is the share of stories and tasks whose
    title or criteria stand at another one too.
    """

    epics: int
    stories: int
    tasks: int
    criteria: int
    dependencies: int
    points: int
    characters: int
    duplicates: float


class Verdict(Model):
    """All scores of one plan.

    Attributes:
        parsed: it has an epic with a story; otherwise every score is 0.
        cut: it was so long that its end was not read.
        conformance: the share of rules that the plan keeps, by group; `all` over all.
        errors, warnings: findings of the rules.
        rubric: the six sections.
        coverage, grounding: None without the document.
        shape: counts.
        fidelity: None without a reference.
        diagnostics: the findings, the reader's included.
    """

    parsed: bool
    cut: bool
    conformance: dict[str, float]
    errors: int
    warnings: int
    rubric: Rubric
    coverage: float | None
    grounding: float | None
    shape: Shape
    fidelity: Fidelity | None
    diagnostics: tuple[Diagnostic, ...]


def score(
    plan: str,
    *,
    document: str | None = None,
    reference: str | None = None,
    comparer: Comparer = LEXICAL,
) -> Verdict:
    """The verdict on a plan given as markdown, beside its document and reference if there are any.

    Whatever `plan` holds, there is a verdict: what is no plan scores 0.

    Raises:
        ValueError: the reference is no plan.
    """
    parsed = parse_plan(plan[:LARGEST])
    expected = None if reference is None else read_reference(reference)
    findings = check_plan(parsed.plan, lines=parsed.lines, document=document)
    keeps = conformance(parsed, findings)
    built = any(epic.stories for epic in parsed.plan.epics)
    trace = None if document is None else trace_plan(parsed.plan, document)
    return Verdict(
        parsed=built,
        cut=len(plan) > LARGEST,
        conformance={"all": keeps.share, **keeps.groups},
        errors=sum(finding.severity == "error" for finding in findings),
        warnings=sum(finding.severity == "warning" for finding in findings),
        rubric=score_plan(parsed.plan, document=document, findings=findings),
        coverage=None if trace is None else trace.coverage * built,
        grounding=None if trace is None else trace.grounding * built,
        shape=_shape(parsed.plan, len(plan)),
        fidelity=None if expected is None else compare(parsed.plan, expected, comparer),
        diagnostics=(*parsed.diagnostics, *findings),
    )


@lru_cache(maxsize=16)
def read_reference(text: str) -> Plan:
    """A reference plan; the last ones are kept, since one stands beside many plans.

    Raises:
        ValueError: it has no epic with a story, so nothing can be like it.
    """
    plan = parse_plan(text).plan
    if not any(epic.stories for epic in plan.epics):
        raise ValueError("the reference has no epic with a story; is it a plan in our format?")
    return plan


def _shape(plan: Plan, characters: int) -> Shape:
    tickets = [ticket for _, ticket in plan.tickets()]
    work = [ticket for ticket in tickets if not isinstance(ticket, Epic)]
    titles = Counter((ticket.title or ticket.name).casefold() for ticket in work)
    criteria = Counter(ticket.acceptance_criteria for ticket in work if ticket.acceptance_criteria)
    repeated = sum(
        titles[(ticket.title or ticket.name).casefold()] > 1
        or criteria[ticket.acceptance_criteria] > 1
        for ticket in work
    )
    return Shape(
        epics=len(plan.epics),
        stories=sum(isinstance(ticket, Story) for ticket in tickets),
        tasks=sum(isinstance(ticket, Task) for ticket in tickets),
        criteria=sum(len(ticket.acceptance_criteria) for ticket in work),
        dependencies=sum(len(ticket.dependencies) for ticket in tickets),
        points=sum(epic.points or 0 for epic in plan.epics),
        characters=characters,
        duplicates=repeated / len(work) if work else 0.0,
    )
