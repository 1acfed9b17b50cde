"""What fidelity makes of one thing spoilt at a time, in growing doses, as a table.

    .venv/bin/python -m scripts.metamorphic

Each line: the means over all curated references of the measure that is spoilt and of the composite,
at each dose; the largest movement of what has to follow, and of what has nothing to do with it.
Ends with 1 if a bound is broken: a measure or the composite rises with more damage, does not fall
at all, or another one moves (`eval/adversarial/corruptions.py` has the bounds), or a plan against
itself does not score 1.
"""

import statistics
import sys

from eval.adversarial.cheats import renumbered
from eval.adversarial.corruptions import (
    CORRUPTIONS,
    DOSES,
    MEASURES,
    Corruption,
    faults,
    trials,
    value,
)
from eval.fidelity import Fidelity, compare
from scripts.adversarial import givens


def main() -> None:
    """Print the table over all curated pairs, and which bounds are broken."""
    every = list(givens())
    broken: list[str] = []
    doses = "".join(f"{f'{dose:.0%}':>6}" for dose in DOSES)
    print(f"{'spoilt':<20}{'plans':>5}  {'measure':<10}{doses}  composite{doses}  follow  others")
    for name, corruption in CORRUPTIONS.items():
        found = {given.id: trials(corruption, given.reference) for given in every}
        tried = {case: each for case, each in found.items() if each}
        broken += (
            f"{case}: {name}: {fault}"
            for case, each in tried.items()
            for fault in faults(corruption, each)
        )
        print(_line(name, corruption, list(tried.values())))
    for given in every:
        if compare(given.reference, given.reference).score != 1:
            broken.append(f"{given.id}: does not score 1 against itself")
        other = compare(renumbered(given), given.reference)
        if any(value(other, measure) < 1 - 1e-9 for measure in ("epics", "stories", "criteria")):
            broken.append(f"{given.id}: the order of tickets matters")
    print(f"\nbroken bounds: {len(broken)}")
    print("\n".join(broken))
    sys.exit(bool(broken))


def _line(name: str, corruption: Corruption, found: list[list[Fidelity]]) -> str:
    own, scores = (
        "".join(
            f"{statistics.mean(value(each[at], measure) for each in found):>6.2f}"
            for at in range(len(DOSES))
        )
        for measure in (corruption.measure, "score")
    )
    rest = set(MEASURES) - corruption.also - {corruption.measure}
    follow, others = (
        max((abs(1 - value(f, m)) for each in found for f in each for m in measures), default=0.0)
        for measures in (corruption.also, rest)
    )
    return (
        f"{name:<20}{len(found):>5}  {corruption.measure:<10}{own}  {'':<9}{scores}"
        f"{follow:>8.2f}{others:>8.2f}"
    )


if __name__ == "__main__":
    main()
