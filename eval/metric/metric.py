"""Planloom's scores as a module of the library `evaluate`, thin over `eval.score`.

    HF_EVALUATE_OFFLINE=1 python
    >>> import evaluate
    >>> metric = evaluate.load("/path/to/planloom/eval/metric")
    >>> metric.compute(predictions=[plan], references=[expert], documents=[feature])

It works from any folder, in Planloom's own environment or one that has what `eval/` imports.
"""

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import datasets
import evaluate

_DESCRIPTION = """\
Scores of plans of Jira tickets, by rules alone: fidelity (likeness to a reference plan), rubric \
(six sections), conformance (share of rules kept), coverage and grounding (against the feature \
document). All lie between 0 and 1; what is no plan scores 0."""

_INPUTS = """\
Args:
    predictions: plans as markdown.
    references: the plans that they are compared with, or None; None or "" for one without.
    documents: the feature documents that they were made from, or None; likewise.
    likeness: how fidelity compares texts, "lexical" or "embeddings".
Returns:
    the mean of each score over the plans that have it (None where none has), and under `plans` a
    list of each score, in the order of the predictions."""

SCORES: Final = ("fidelity", "rubric", "conformance", "coverage", "grounding")


Texts = Sequence[str | None]


class Planloom(evaluate.Metric):  # type: ignore[misc]
    """The scores of plans; see its `inputs_description`."""

    def _info(self) -> Any:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features(
                {"predictions": text, "references": text, "documents": text}
            ),
        )

    def compute(
        self,
        *,
        predictions: Sequence[str] | None = None,
        references: Texts | None = None,
        documents: Texts | None = None,
        **kwargs: Any,
    ) -> Any:
        """The scores of `predictions`, or of what was added before; see `inputs_description`."""
        if predictions is not None:
            if not predictions:
                return self._compute([], [], [])
            self.add_batch(predictions=predictions, references=references, documents=documents)
        return super().compute(**kwargs)

    def add_batch(
        self,
        *,
        predictions: Sequence[str],
        references: Texts | None = None,
        documents: Texts | None = None,
    ) -> None:
        """Plans to be scored, with their references and documents if they have any."""
        columns: dict[str, list[str]] = {}
        for name, column in (("references", references), ("documents", documents)):
            if column is not None and len(column) != len(predictions):
                raise ValueError(
                    f"{name}: {len(column)} for {len(predictions)} predictions; give one for "
                    "each, None for one that has none"
                )
            columns[name] = [text or "" for text in column or [""] * len(predictions)]
        super().add_batch(predictions=predictions, **columns)

    def add(
        self, *, prediction: str, reference: str | None = None, document: str | None = None
    ) -> None:
        """One plan to be scored."""
        self.add_batch(predictions=[prediction], references=[reference], documents=[document])

    def _compute(
        self,
        predictions: Sequence[str],
        references: Sequence[str],
        documents: Sequence[str],
        likeness: str = "lexical",
    ) -> dict[str, Any]:
        score, comparer = _functions()
        rows = []
        for place, plan in enumerate(predictions):
            try:
                verdict = score(
                    plan,
                    reference=references[place] or None,
                    document=documents[place] or None,
                    comparer=comparer(likeness),
                )
            except ValueError as error:
                raise ValueError(f"references[{place}]: {error}") from error
            rows.append(
                {
                    "fidelity": verdict.fidelity and verdict.fidelity.score,
                    "rubric": verdict.rubric.score,
                    "conformance": verdict.conformance["all"],
                    "coverage": verdict.coverage,
                    "grounding": verdict.grounding,
                }
            )
        lists = {name: [row[name] for row in rows] for name in SCORES}
        return {**{name: _mean(values) for name, values in lists.items()}, "plans": lists}


def _functions() -> tuple[Any, Any]:
    """`eval.score.score` and `eval.embeddings.comparer`.

    `evaluate` copies this file into its cache, and runs the copy; beside it lies the path that it
    was loaded from. A checkout in the current folder comes first, since `evaluate` keeps one copy
    for all files of the same content.
    """
    try:
        found = importlib.import_module("eval.score")
    except ImportError:
        note = Path(__file__).with_suffix(".json")
        origin = Path(__file__)
        if note.is_file():
            origin = Path(json.loads(note.read_text("utf-8"))["original file path"])
        root = origin.resolve().parents[2]
        sys.path.insert(0, str(root))
        try:
            found = importlib.import_module("eval.score")
        except ImportError as error:
            raise ImportError(
                f"{root}: Planloom cannot be imported from there ({error}). If it was moved, "
                f"remove {Path(__file__).parent} and load it again; if another package is called "
                "eval, start Python with PYTHONPATH set to Planloom's folder"
            ) from error
    return found.score, importlib.import_module("eval.embeddings").comparer


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
