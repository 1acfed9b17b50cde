"""The scores of a run with the judge's beside them, as `./planloom eval` needs them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from eval.judge import Question, ask_judge
from eval.judged import Judgements, Place, judgements, questions, with_judge
from eval.rows import score_predictions
from eval.summary import summarise

if TYPE_CHECKING:
    from pathlib import Path

    from eval.pairs import Case
    from eval.predictions import Prediction, Run
    from eval.rows import ScoredRow
    from eval.summary import Summary


class Scored(NamedTuple):
    """A run's plans with their scores; `judgements` is None without a judge."""

    rows: "list[ScoredRow]"
    cases: "list[Case]"
    predictions: "list[Prediction]"
    questions: dict[Place, Question]
    judgements: Judgements | None


def scored(current: "Run", workers: int = 1) -> Scored:
    """What a run has predicted, with its scores; nobody is asked.

    Raises:
        InputError: this is no run's folder, or it cannot be read.
    """
    config, cases, predictions = current.config(), current.cases(), current.predictions()
    rows = score_predictions(
        predictions, cases, current.folder / "scores.jsonl", workers, config.likeness
    )
    if config.judge is None:
        return Scored(rows, cases, predictions, {}, None)
    asked = questions(config.judge, rows, predictions, cases)
    found = judgements(config.judge, rows, asked, _answers(current))
    return Scored(list(with_judge(rows, found.opinions)), cases, predictions, asked, found)


def judge_plans(current: "Run", workers: int, say: Callable[[str], None]) -> int:
    """Let the run's judge look at each plan that it has not seen; how many remain unanswered.

    Raises:
        InputError: the judge's key is missing.
    """
    judge = current.config().judge
    if judge is None:
        return 0
    found = scored(current, workers)
    waiting = 0 if found.judgements is None else found.judgements.summary.unanswered
    if waiting:
        say(f"judge {judge.endpoint.model}: {waiting} plans to judge")
    return ask_judge(judge, found.questions.values(), _answers(current), say)


def summary_of(current: "Run", found: Scored) -> "Summary":
    """The numbers of a run."""
    return summarise(
        current.config(),
        found.cases,
        found.predictions,
        found.rows,
        current.times(),
        None if found.judgements is None else found.judgements.summary,
    )


def _answers(current: "Run") -> "Path":
    return current.folder / "judge.jsonl"
