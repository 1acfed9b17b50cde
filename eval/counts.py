"""Precision, recall and their harmonic mean."""

from typing import Self

from tickets.schema import Model


class Prf(Model):
    """How much of a plan is in the reference, how much of the reference in the plan, and F1."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, hits: float, ours: int, theirs: int) -> Self | None:
        """From the hits (credits count in part) among `ours` and `theirs` things.

        None where neither side has any: there is nothing to compare. A side without any gives 0.
        """
        if not ours and not theirs:
            return None
        precision = min(1.0, hits / ours) if ours else 0.0
        recall = min(1.0, hits / theirs) if theirs else 0.0
        both = precision + recall
        return cls(
            precision=precision, recall=recall, f1=2 * precision * recall / both if both else 0.0
        )
