"""What becomes of a completion: a plan, repaired and judged; and which of several is the best."""

from collections.abc import Sequence
from typing import NamedTuple

from inference.engine import Completion
from inference.record import Settings
from tickets.diagnostics import Diagnostic
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rubric import Rubric, score_plan
from tickets.rules import check_plan
from tickets.trace import trace_plan


class Draft(NamedTuple):
    """A completion made into a plan, with its verdict; see `inference.record.Record`."""

    markdown: str
    completion: Completion
    diagnostics: tuple[Diagnostic, ...]
    repairs: tuple[Diagnostic, ...]
    rubric: Rubric
    coverage: float
    grounding: float

    @property
    def whole(self) -> bool:
        """Whether the model ended the plan itself."""
        return self.completion.finish == "stop"


def make_draft(completion: Completion, document: str, settings: Settings) -> Draft:
    """A completion as a plan: repaired if that is wanted and it is whole, and judged as written.

    One that was cut stays as it is: repair would make it look like a whole one.
    """
    markdown = completion.text.strip() + "\n"
    repairs: tuple[Diagnostic, ...] = ()
    if settings.repair and completion.finish == "stop":
        repaired = repair_plan(parse_plan(markdown).plan, vocabulary=settings.vocabulary)
        markdown, repairs = render_plan(repaired.plan), repaired.repairs
    parsed = parse_plan(markdown)
    found = check_plan(
        parsed.plan, lines=parsed.lines, document=document, vocabulary=settings.vocabulary
    )
    trace = trace_plan(parsed.plan, document)
    return Draft(
        markdown=markdown,
        completion=completion,
        diagnostics=(*parsed.diagnostics, *found),
        repairs=repairs,
        rubric=score_plan(parsed.plan, document=document),
        coverage=trace.coverage,
        grounding=trace.grounding,
    )


def best_of(drafts: Sequence[Draft]) -> int:
    """The place of the best: a whole one, by rubric, grounding and coverage; or else the first."""

    def rank(place: int) -> tuple[bool, float, float, float, int]:
        draft = drafts[place]
        return draft.whole, draft.rubric.score, draft.grounding, draft.coverage, -place

    return max(range(len(drafts)), key=rank)
