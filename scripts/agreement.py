"""How far scores agree with people's grades of forty plans, as a table.

    .venv/bin/python -m scripts.agreement
    .venv/bin/python -m scripts.agreement --likeness embeddings    # takes minutes
    .venv/bin/python -m scripts.agreement --plans                  # each plan with its scores

Composite fidelity is compared with a reference, the rubric has the document only.
"""

import argparse
from typing import NamedTuple

from eval.agreement.variants import (
    GRADES,
    Variant,
    built,
    confusions,
    kendall,
    read_variants,
    spearman,
)
from eval.config import LikenessName
from eval.embeddings import comparer
from eval.fidelity import compare
from scripts.adversarial import every_given
from tickets.rubric import score_plan


class Graded(NamedTuple):
    """A variant with its scores."""

    variant: Variant
    scores: dict[str, float]


def main() -> None:
    """Print grades and scores, their correlation, and where neighbouring grades are mixed up."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--likeness", choices=("lexical", "embeddings"), default="lexical")
    parser.add_argument("--plans", action="store_true", help="a line for each plan")
    arguments = parser.parse_args()
    found = graded(arguments.likeness)
    if arguments.plans:
        for name, (variant, scores) in found.items():
            numbers = "  ".join(f"{measure} {score:.2f}" for measure, score in scores.items())
            print(f"{variant.grade:<10} {numbers}  {name}: {variant.why}")
        print()
    measures = list(next(iter(found.values())).scores)
    print(f"{'mean by grade':<16}{'plans':>6}{''.join(f'{name:>10}' for name in measures)}")
    for grade in GRADES[::-1]:
        of_grade = [each.scores for each in found.values() if each.variant.grade == grade]
        means = (sum(each[name] for each in of_grade) / len(of_grade) for name in measures)
        print(f"{grade:<16}{len(of_grade):>6}{''.join(f'{mean:>10.2f}' for mean in means)}")
    grades = {name: each.variant.grade for name, each in found.items()}
    ranks = [GRADES.index(grade) for grade in grades.values()]
    for measure in measures:
        scores = {name: each.scores[measure] for name, each in found.items()}
        print(f"\n{measure}")
        for title, correlation in (("Kendall's tau-b", kendall), ("Spearman's rho", spearman)):
            value = correlation(ranks, list(scores.values()))
            print(f"  {title:<16} {value.value:.2f} [{value.low:.2f}, {value.high:.2f}]")
        for each in confusions(grades, scores):
            blamed = f": {', '.join(each.blamed)}" if each.blamed else ""
            print(f"  {each.better} below {each.worse}: {each.share:.0%} of pairs{blamed}")


def graded(likeness: LikenessName = "lexical") -> dict[str, Graded]:
    """The scores of each variant."""
    givens = {given.id: given for given in every_given()}
    compares = comparer(likeness)
    found = {}
    for name, variant in read_variants().items():
        given = givens[variant.base]
        plan = built(variant, given)
        scores = {
            "fidelity": compare(plan, given.reference, compares).score,
            "rubric": score_plan(plan, document=given.document).score,
        }
        found[name] = Graded(variant, scores)
    return found


if __name__ == "__main__":
    main()
