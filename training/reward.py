"""What reinforcement rewards: a plan in the format, good by the rubric, that takes up the document.

The samples must be unbound: under a grammar every sample has the form, and the reward of the form
would be the same for all.
"""

from collections.abc import Sequence
from typing import Any

from tickets.conformance import conformance
from tickets.parse import parse_plan
from tickets.prompt import document_of
from tickets.rubric import score_plan
from tickets.trace import trace_plan


def reward(document: str, text: str, *, whole: bool) -> float:
    """From 0 to 1: the mean of conformance, rubric and coverage times grounding.

    A plan that was cut before its end gets nothing: else the longest would win. Coverage counts
    only so far as the tickets have ground in the document, so that copying it line by line into
    tickets that nobody asked for gains nothing.
    """
    if not whole:
        return 0.0
    parsed = parse_plan(text)
    form = conformance(parsed).share
    if not form:
        return 0.0
    trace = trace_plan(parsed.plan, document)
    content = trace.coverage * trace.grounding
    return (form + score_plan(parsed.plan, document=document).score + content) / 3


class PlanReward:
    """The reward as TRL calls it: conversational prompts and completions in, floats out.

    Args:
        end: the id of the token that ends a turn.
    """

    __name__ = "plan_reward"  # TRL logs rewards by this name

    def __init__(self, end: int) -> None:
        self._end = end

    def __call__(
        self,
        prompts: Sequence[Sequence[dict[str, str]]],
        completions: Sequence[Sequence[dict[str, str]]],
        completion_ids: Sequence[Sequence[int]],
        **_: Any,
    ) -> list[float]:
        """One reward for each completion."""
        return [
            reward(document_of(prompt), completion[0]["content"], whole=self._end in ids)
            for prompt, completion, ids in zip(prompts, completions, completion_ids, strict=True)
        ]
