"""Predictions scored: a row for each, raw and repaired, by the pure functions of this package.

Scoring asks nobody and can be done again at any time; rows are kept by a hash of plan, document
and references, so that only what is new is scored.
"""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, Literal

from eval.config import LikenessName
from eval.embeddings import comparer
from eval.pairs import Case
from eval.predictions import Prediction, append_line, read_lines
from eval.score import Verdict, score
from eval.work_plans import read_work_plan, score_work_plan
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.schema import Model

Variant = Literal["raw", "repaired"]
Work = tuple[Prediction, Case, Variant, LikenessName, str]
VARIANTS: Final[tuple[Variant, ...]] = ("raw", "repaired")
VERSION: Final = "1"
"""To be raised whenever the same plan gets other scores than before."""

HEADLINE: Final = (
    "fidelity",
    "rubric",
    "conformance",
    "coverage",
    "grounding",
    "items",
    "judge",
)
"""The measures that tables, plots and comparisons show; a row has all."""


class ScoredRow(Model):
    """The scores of one prediction in one variant.

    `values` has a number for each measure, None where the case has nothing to compare with.
    `parsed` tells whether there was a plan at all.
    """

    key: str
    system: str
    case: str
    seed: int
    variant: Variant
    parsed: bool
    outcome: str
    values: dict[str, float | None]


def score_predictions(
    predictions: Iterable[Prediction],
    cases: Iterable[Case],
    cache: Path,
    workers: int = 1,
    likeness: LikenessName = "lexical",
) -> list[ScoredRow]:
    """The rows of all predictions that there are plans for; failures have none.

    Args:
        predictions: from `Run.predictions`.
        cases: the documents that they belong to.
        cache: a JSONL file for what has been scored.
        workers: processes.
        likeness: how fidelity compares texts.

    Raises:
        InputError: the likeness needs packages that are not installed.
    """
    comparer(likeness)  # what it lacks is to be said here, and not by a worker
    by_id = {case.id: case for case in cases}
    known = {row.key: row for row in read_lines(cache, ScoredRow)}
    wanted: list[Work] = []
    for prediction in predictions:
        if prediction.outcome != "failed":
            case = by_id[prediction.case]
            wanted += (
                (prediction, case, v, likeness, _key(prediction, case, v, likeness))
                for v in VARIANTS
            )
    new = {work[-1]: work for work in wanted if work[-1] not in known}
    # One document's plans together: what is kept of it and of its reference serves them all.
    by_case = sorted(new.values(), key=lambda work: work[1].id)
    for row in _in_processes(_row, by_case, workers):
        known[row.key] = row
        append_line(cache, row)
    return [
        known[key].model_copy(
            update={
                "system": prediction.system,
                "seed": prediction.seed,
                "outcome": prediction.outcome,
            }
        )
        for prediction, _, _, _, key in wanted
    ]


def variant_text(text: str, variant: Variant, *, whole: bool) -> str:
    """A plan as written, or after repair. What was cut stays as it is: repair would make it look
    like a whole one.
    """
    if variant == "raw" or not whole:
        return text
    plan = parse_plan(text).plan
    return render_plan(repair_plan(plan).plan) if plan.epics else text


def score_text(
    text: str, case: Case, likeness: LikenessName = "lexical"
) -> tuple[Verdict, dict[str, float | None]]:
    """The verdict on a plan for a case, and each measure of a row."""
    verdict = score(
        text,
        document=case.document,
        reference=case.reference,
        comparer=comparer(likeness),
    )
    values: dict[str, float | None] = {
        "fidelity": None if verdict.fidelity is None else verdict.fidelity.score,
        "rubric": verdict.rubric.score,
        "conformance": verdict.conformance["all"],
        "coverage": verdict.coverage,
        "grounding": verdict.grounding,
        "items": None,
        "items.matched": None,
        "errors": verdict.errors,
        "warnings": verdict.warnings,
    }
    if case.work_plan is not None:
        found = score_work_plan(parse_plan(text).plan, read_work_plan(case.work_plan))
        values |= {"items": found.recall, "items.matched": found.matched_share}
    for part in verdict.rubric.sections:
        values[f"rubric.{part.name.lower().replace(' ', '-')}"] = part.score
    for group, share in verdict.conformance.items():
        values[f"conformance.{group}"] = share
    for name, count in verdict.shape.model_dump().items():
        values[f"shape.{name}"] = count
    if verdict.fidelity is not None:
        for name, value in verdict.fidelity.model_dump(exclude={"score"}).items():
            if isinstance(value, dict):
                values |= {f"fidelity.{name}.{part}": number for part, number in value.items()}
            else:
                values[f"fidelity.{name}"] = value
    del values["conformance.all"]
    return verdict, values


def _row(work: Work) -> ScoredRow:
    prediction, case, variant, likeness, key = work
    text = variant_text(prediction.text, variant, whole=prediction.outcome == "whole")
    verdict, values = score_text(text, case, likeness)
    return ScoredRow(
        key=key,
        system=prediction.system,
        case=case.id,
        seed=prediction.seed,
        variant=variant,
        parsed=verdict.parsed,
        outcome=prediction.outcome,
        values=values,
    )


def _key(prediction: Prediction, case: Case, variant: Variant, likeness: LikenessName) -> str:
    whole = "whole" if prediction.outcome == "whole" else "part"
    text = "\0".join((VERSION, likeness, variant, whole, prediction.text, case.model_dump_json()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _in_processes(
    function: Callable[[Work], ScoredRow], work: list[Work], workers: int
) -> Iterable[ScoredRow]:
    if workers < 2 or len(work) < 50:
        yield from map(function, work)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(function, work, chunksize=16)
