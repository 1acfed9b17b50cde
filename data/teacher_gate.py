"""The gate that a teacher's answer must pass to become a label: rules, no second model."""

import re
from typing import Annotated, Final

from pydantic import Field

from tickets.diagnostics import Diagnostic
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rubric import PASS_MARK, score_plan
from tickets.rules import check_plan
from tickets.schema import Model, Plan
from tickets.trace import trace_plan

Share = Annotated[float, Field(ge=0, le=1)]

_CUT: Final = frozenset({"length", "max_tokens", "content_filter"})
"""Ends of a completion that is not whole, in the words of the endpoints in use."""
_THOUGHTS: Final = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
"""What some models think aloud first, where the server does not take it out."""
_SHOWN: Final = 40


class Gate(Model):
    """What a label needs beside being free of errors.

    Repair leaves hardly any error, whatever it was given, so errors alone would let poor plans
    through: the shares are of the rubric, of requirements taken up, and of supported tickets.
    """

    score: Share = PASS_MARK
    coverage: Share = 0.8
    grounding: Share = 0.8


class Verdict(Model):
    """A judged answer.

    Attributes:
        plan: the canonical markdown, repaired; empty if the answer holds no plan or was cut.
        repairs: what the parser forgave and what was put right.
        findings: of the rules on the repaired plan, with its lines.
        score: the rubric's, 0 to 1; likewise `coverage` and `grounding`.
        faults: why it is no label; empty if it is one.
    """

    plan: str = ""
    repairs: tuple[Diagnostic, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    score: float = 0.0
    coverage: float = 0.0
    grounding: float = 0.0
    faults: tuple[str, ...] = ()

    def feedback(self) -> str:
        """Faults and findings, one on each line, as the teacher gets them back."""
        others = [
            finding.render()
            for finding in self.findings
            if finding.severity != "error"  # those are among the faults
        ]
        lines = [f"- {line}" for line in (*self.faults, *others)]
        if len(lines) > _SHOWN:
            lines = [*lines[:_SHOWN], f"- and {len(lines) - _SHOWN} more of these"]
        return "\n".join(lines)


def judge(answer: str, finish: str, document: str, gate: Gate) -> Verdict:
    """Whether an answer is a label for `document`, after repair; never raises.

    Args:
        answer: what the teacher wrote.
        finish: why it ended, in the endpoint's words.
        document: as the teacher saw it.
        gate: what is asked for beside no error.
    """
    if finish in _CUT:
        return Verdict(faults=("it was cut before its end; write fewer or shorter tickets",))
    text = _THOUGHTS.sub("", answer)
    if not text.strip():
        return Verdict(faults=("it was empty",))
    parsed = parse_plan(text)
    if not parsed.plan.epics:
        return Verdict(faults=("it holds no plan: no epic can be read in it",))
    plan, dropped = _without_further_sections(parsed.plan)
    repaired = repair_plan(plan)
    markdown = render_plan(repaired.plan)
    again = parse_plan(markdown)
    findings = check_plan(again.plan, lines=again.lines, document=document)
    faults = [finding.render() for finding in findings if finding.severity == "error"]
    if again.plan != repaired.plan:
        faults.append("it does not read the same once it is written in the template's form")
    trace = trace_plan(again.plan, document)
    score = score_plan(again.plan, document=document).score
    for name, value, least in (
        ("the rubric gives it", score, gate.score),
        ("its tickets take up this share of the requirements:", trace.coverage, gate.coverage),
        ("the document supports this share of its tickets:", trace.grounding, gate.grounding),
    ):
        if value < least:
            faults.append(f"{name} {value:.2f}; {least:.2f} are needed")
    return Verdict(
        plan=markdown,
        repairs=(*parsed.diagnostics, *dropped, *repaired.repairs),
        findings=findings,
        score=score,
        coverage=trace.coverage,
        grounding=trace.grounding,
        faults=tuple(faults),
    )


def _without_further_sections(plan: Plan) -> tuple[Plan, list[Diagnostic]]:
    """The plan without what the template has no place for, mostly a word of farewell."""
    dropped = [
        Diagnostic(
            code="T109",
            severity="warning",
            message=f"the section {section.heading!r} is not of the template",
            fix="left out",
            repairable=True,
            loc=("sections", place),
        )
        for place, section in enumerate(plan.sections)
    ]
    return (plan.model_copy(update={"sections": ()}), dropped) if dropped else (plan, dropped)
