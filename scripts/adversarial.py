"""How the composite takes cheats, beside honest weak and equal plans, as a table.

    .venv/bin/python -m scripts.adversarial
    .venv/bin/python -m scripts.adversarial --likeness embeddings    # takes minutes

Ends with 1 if a bound is broken: a cheat scores as the honest weak plan beside it or better, or an
equal plan below 0.95.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eval.adversarial.cheats import CHEATS, EQUAL, EQUAL_FROM, Given, weak
from eval.embeddings import comparer
from eval.fidelity import compare
from eval.pairs import read_folder
from tickets.parse import parse_plan

FOLDER: Final = Path(__file__).resolve().parent.parent / "data" / "curated"


def main() -> None:
    """Print the table over all curated pairs, and which bounds are broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--likeness", choices=("lexical", "embeddings"), default="lexical")
    compares = comparer(parser.parse_args().likeness)
    rows: dict[str, list[float]] = {}
    broken: list[str] = []
    for given in givens():
        bound = compare(weak(given), given.reference, compares).score
        rows.setdefault("weak", []).append(bound)
        for maker in (*CHEATS, *EQUAL):
            plan = maker(given)
            if plan is None:
                continue
            score = compare(plan, given.reference, compares).score
            rows.setdefault(maker.__name__, []).append(score)
            is_bad = score < EQUAL_FROM if maker in EQUAL else score >= bound
            if is_bad:
                broken.append(f"{given.id}: {maker.__name__} {score:.3f} (weak {bound:.3f})")
    print(f"{'plan':<24}{'pairs':>6}{'least':>8}{'median':>8}{'most':>8}")
    for name, scores in rows.items():
        print(
            f"{name:<24}{len(scores):>6}{min(scores):>8.3f}{statistics.median(scores):>8.3f}"
            f"{max(scores):>8.3f}"
        )
    print(f"\nbroken bounds: {len(broken)}")
    print("\n".join(broken))
    sys.exit(bool(broken))


def givens() -> Iterator[Given]:
    """Each curated pair, with the reference of the next but six as another document's; without the
    one that prompts show.
    """
    return (given for given in every_given() if given.reference is not given.example)


def every_given() -> Iterator[Given]:
    """The same with that one."""
    cases = list(read_folder(FOLDER))
    plans = [parse_plan(case.reference or "").plan for case in cases]
    # The longer one of the examples in eval/prompts/full.md.
    example = plans[[case.id for case in cases].index("operator-upgrade-retrospective")]
    for place, case in enumerate(cases):
        another = plans[(place + 7) % len(plans)]
        yield Given(case.id, case.document, plans[place], another, example)


if __name__ == "__main__":
    main()
