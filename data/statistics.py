"""What a dataset is made of, counted while it is written, and as charts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

Statistics = dict[str, dict[str, dict[str, int]]]
"""Counts by split, by what is counted, by its value."""
Series = tuple[tuple[str, tuple[float, ...]], ...]

TOKENS: Final = 512
"""Width of a bar in the charts of token lengths."""
SPLITS: Final = ("train", "cpu", "validation", "test")
_NAMES: Final = ("source", "domain", "style", "author", "licence")
_SHAPES: Final = ("epics", "stories", "tasks", "bugs", "edges")
_CHARTS: Final = (
    # kind, title, axis, distance of neighbours on the axis (0: as they come)
    ("tokens", "Length of examples", f"tokens, from … to {TOKENS} more", TOKENS),
    ("prompt tokens", "Length of prompts", f"tokens, from … to {TOKENS} more", TOKENS),
    ("completion tokens", "Length of completions", f"tokens, from … to {TOKENS} more", TOKENS),
    ("source", "Sources", "source", 0),
    ("style", "Styles of documents", "style", 0),
    ("domain", "Domains", "domain", 0),
    ("epics", "Epics of a plan", "epics", 1),
    ("stories", "Stories of a plan", "stories", 1),
    ("tasks", "Tasks of a plan", "tasks", 1),
    ("edges", "Dependencies of a plan", "dependencies", 1),
    ("points", "Points of stories and tasks", "points", 0),
    ("priority", "Priorities of tickets", "priority", 0),
)


class Chart(NamedTuple):
    """A bar chart: for each series a value per label. `unit` says what the values are."""

    name: str
    title: str
    axis: str
    unit: str
    labels: tuple[str, ...]
    series: Series

    @property
    def numeric(self) -> bool:
        """Whether the labels are numbers, in their order."""
        return all(label.isdecimal() for label in self.labels)


class Counts:
    """Counts the rows of a split as they are written."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Counter[Any]]] = {}

    def add(self, split: str, row: Mapping[str, Any]) -> None:
        """Count an example, given with the columns of `data.prepare` and its source."""
        kinds = self._found.setdefault(split, {})

        def count(kind: str, values: Iterable[Any]) -> None:
            kinds.setdefault(kind, Counter()).update(values)

        prompt, completion = row["prompt_tokens"], row["completion_tokens"]
        count("rows", ("examples",))
        kinds["rows"]["prompt tokens"] += prompt
        kinds["rows"]["completion tokens"] += completion
        for kind in (*_NAMES, *_SHAPES):
            count(kind, (row[kind],))
        count("points", row["points"])
        count("priority", row["priorities"])
        count("prompt tokens", (prompt // TOKENS * TOKENS,))
        count("completion tokens", (completion // TOKENS * TOKENS,))
        count("tokens", ((prompt + completion) // TOKENS * TOKENS,))

    def result(self) -> Statistics:
        """All counts, splits and values in their order."""
        return {
            split: {
                kind: {str(value): values[value] for value in sorted(values)}
                for kind, values in self._found[split].items()
            }
            for split in SPLITS
            if split in self._found
        }


def charts(statistics: Statistics, rejected: Mapping[str, int]) -> list[Chart]:
    """The charts of a dataset: lengths, sources, styles, domains, shapes, points, priorities, and
    what was rejected. Values are shares of a split's examples (tickets, for points and
    priorities), in percent.
    """
    found = []
    for kind, title, axis, step in _CHARTS:
        counts = {split: kinds.get(kind, {}) for split, kinds in statistics.items()}
        labels = _labels({label for values in counts.values() for label in values}, step)
        series = tuple(
            (split, tuple(_share(values, label) for label in labels))
            for split, values in counts.items()
        )
        found.append(Chart(kind.replace(" ", "-"), title, axis, "% of the split", labels, series))
    if rejected:
        reasons = tuple(sorted(rejected, key=lambda reason: (-rejected[reason], reason)))
        pairs = ("pairs", tuple(float(rejected[reason]) for reason in reasons))
        found.append(Chart("rejected", "Left out", "reason", "pairs", reasons, (pairs,)))
    return found


def _share(values: Mapping[str, int], label: str) -> float:
    return round(100 * values.get(label, 0) / max(1, sum(values.values())), 2)


def _labels(found: set[str], step: int) -> tuple[str, ...]:
    if not all(label.isdecimal() for label in found):
        return tuple(sorted(found))
    numbers = sorted(map(int, found))
    if step and numbers:
        numbers = list(range(numbers[0], numbers[-1] + 1, step))
    return tuple(map(str, numbers))
