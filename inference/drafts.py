"""What becomes of completions: a plan, repaired and judged; and which of several is the best."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from inference.engine import Completion, Finish
from inference.record import Settings
from tickets.diagnostics import Diagnostic
from tickets.formats import Format
from tickets.parse import parse_plan
from tickets.rubric import Rubric, score_plan
from tickets.rules import check_plan
from tickets.staged_outline import write_outline
from tickets.trace import trace_plan

_ALIKE: Final = "Q809"
"""The finding of a title that two tickets have. A small model that has no more to say says it again
below another epic; of four drawn outlines one without that takes up as much."""


class Written(NamedTuple):
    """Completions in the order of their steps; `cut` names those that were."""

    completions: tuple[Completion, ...]
    cut: tuple[str, ...]


class Draft(NamedTuple):
    """Completions made into a plan, with its verdict; see `inference.record.Record`."""

    markdown: str
    finish: Finish
    tokens: int
    cut: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    repairs: tuple[Diagnostic, ...]
    rubric: Rubric
    coverage: float
    grounding: float

    @property
    def whole(self) -> bool:
        """Whether the model ended all of the plan itself."""
        return not self.cut


def make_draft(
    written: Written, form: Format, document: str, settings: Settings, *, outline: bool
) -> Draft:
    """Completions as a plan: repaired if that is wanted and it is whole, and judged as written.

    One that was cut stays as it is: repair would make it look like a whole one. Of an `outline`
    the plan is judged that it describes, and its text is the outline.
    """
    markdown, repairs = form.assemble(
        [completion.text for completion in written.completions],
        repair=settings.repair and not written.cut,
        vocabulary=settings.vocabulary,
    )
    parsed = parse_plan(markdown)
    found = check_plan(
        parsed.plan, lines=parsed.lines, document=document, vocabulary=settings.vocabulary
    )
    trace = trace_plan(parsed.plan, document)
    if outline:
        markdown = write_outline(parsed.plan)
    return Draft(
        markdown=markdown,
        finish=next((c.finish for c in written.completions if c.finish != "stop"), "stop"),
        tokens=sum(completion.tokens for completion in written.completions),
        cut=written.cut,
        diagnostics=(*parsed.diagnostics, *found),
        repairs=repairs,
        rubric=score_plan(parsed.plan, document=document, findings=found),
        coverage=trace.coverage,
        grounding=trace.grounding,
    )


def best_of(drafts: Sequence[Draft]) -> int:
    """The place of the best: a whole one of those in which the fewest tickets are called alike, by
    rubric, grounding and coverage; or else the first.
    """

    def rank(place: int) -> tuple[bool, int, float, float, float, int]:
        draft = drafts[place]
        alike = sum(each.code == _ALIKE for each in draft.diagnostics)
        return draft.whole, -alike, draft.rubric.score, draft.grounding, draft.coverage, -place

    return max(range(len(drafts)), key=rank)
