"""The curated pairs as a table: domain, style, words, epics, stories, tasks, edges, verdict.

    .venv/bin/python -m scripts.curated_table

Ends with 1 if a pair has an error or a warning, scores below 0.9, or leaves a requirement open.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from data.config import PairsSource
from data.prepare import plan_shape
from data.read import read_batch
from data.shingles import words_of
from data.sources import find_batches
from tickets.parse import parse_plan
from tickets.rows import Pair, Rejection
from tickets.rubric import score_plan
from tickets.rules import check_plan
from tickets.trace import trace_plan

FOLDER: Final = Path(__file__).resolve().parent.parent / "data" / "curated"
LEAST_SCORE: Final = 0.9
"""What the rubric must give a curated plan."""
_HEAD: Final = (
    "pair", "domain", "style", "words", "epics", "stories", "tasks", "bugs", "edges", "points",
    "findings", "score", "coverage", "grounding",
)  # fmt: skip


class Line(NamedTuple):
    """A pair's line, and whether it is as a curated pair must be."""

    cells: tuple[object, ...]
    good: bool


def main() -> None:
    """Print the table and what the pairs add up to."""
    source = PairsSource(name="curated", kind="pairs", path=FOLDER, redact=False)
    found = [each for batch in find_batches(source) for each in read_batch(batch)]
    rejected = [each for each in found if isinstance(each, Rejection)]
    pairs = [each for each in found if isinstance(each, Pair)]
    lines = [_line(pair) for pair in pairs]
    print("\n".join(_table([_HEAD, *(line.cells for line in lines)])))
    print(f"\n{len(pairs)} pairs")
    for name, values in (
        ("domains", (pair.domain for pair in pairs)),
        ("styles", (pair.style for pair in pairs)),
        ("epics", (str(line.cells[_HEAD.index("epics")]) for line in lines)),
    ):
        print(f"{name}: {_counted(values)}")
    bad = [str(line.cells[0]) for line in lines if not line.good]
    for each in rejected:
        print(f"{each.id}: {each.detail}")
    print(f"not as they must be: {', '.join(bad) or 'none'}")
    sys.exit(1 if bad or rejected else 0)


def _line(pair: Pair) -> Line:
    parsed = parse_plan(pair.plan)
    findings = [
        *parsed.diagnostics,
        *check_plan(parsed.plan, lines=parsed.lines, document=pair.document),
    ]
    score = score_plan(parsed.plan, document=pair.document).score
    trace = trace_plan(parsed.plan, pair.document)
    shape = plan_shape(parsed.plan)
    counts = [shape[kind] for kind in ("epics", "stories", "tasks", "bugs", "edges")]
    cells = (
        pair.id, pair.domain, pair.style, len(words_of(pair.document)), *counts,
        sum(epic.points or 0 for epic in parsed.plan.epics), len(findings), f"{score:.2f}",
        f"{trace.coverage:.0%}", f"{trace.grounding:.0%}",
    )  # fmt: skip
    return Line(cells, not findings and score >= LEAST_SCORE and trace.coverage == 1)


def _table(rows: Sequence[Sequence[object]]) -> list[str]:
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in texts) for i in range(len(texts[0]))]
    right = [not isinstance(cell, str) or cell[-1:] == "%" for cell in rows[-1]]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in texts
    ]


def _counted(values: Iterable[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(Counter(values).items()))


if __name__ == "__main__":
    main()
