"""The chosen rows as Parquet files of examples, one batch at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.config import Cpu
from data.select import Rows
from data.split import RANKS, TRAIN, draw
from data.statistics import Counts, Statistics
from data.steps import ask
from data.subset import POOL, choose, make_candidate
from tickets.formats import FORMATS, FormatName
from tickets.parse import parse_plan
from tickets.rows import Split

_MESSAGES: Final = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", _MESSAGES),
        ("completion", _MESSAGES),
        ("prompt_tokens", pa.int32()),
        ("completion_tokens", pa.int32()),
        ("source", pa.string()),
        ("domain", pa.string()),
        ("style", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("format_hash", pa.string()),
    ]
)
"""The fields of `tickets.rows.Example`, in their order."""
FILES: Final = {
    "train": "data/train.parquet",
    "validation": "data/validation.parquet",
    "test": "data/test.parquet",
    "cpu": "cpu/train.parquet",
    "staged": "staged/train.parquet",
    "staged-validation": "staged/validation.parquet",
}
"""Where the splits lie in a dataset; `cpu` is the training split of the configuration `cpu`, and
the configuration `staged` has a train and a validation split of its own.
"""
_COLUMNS: Final = (
    "id", "document", "plan", "content", "domain", "style", "author", "licence", "group",
    "rests_on", "prompt_tokens", "completion_tokens", "staged_tokens", "epics", "stories", "tasks",
    "bugs", "edges", "points", "priorities",
)  # fmt: skip
_SPLITS: Final[dict[int, Split]] = {rank: name for name, rank in RANKS.items()}  # type: ignore[misc]


class Writer:
    """Writes examples into the files of a dataset, and counts them.

    Attributes:
        steps: of the staged format's splits how many examples and tokens there are.
    """

    def __init__(self, folder: Path, sources: Sequence[str]) -> None:
        self._folder = folder
        self._sources = sources
        self._counts = Counts()
        self.steps: dict[str, Counter[str]] = {}

    def splits(
        self,
        rows: Rows,
        ranks: NDArray[np.int8],
        times: NDArray[np.int16],
        done: Callable[[int], None],
    ) -> None:
        """Write train, validation and test: each row so often as `times` says."""
        writers: dict[str, pq.ParquetWriter] = {}
        try:
            for name in (*RANKS, "staged", "staged-validation"):
                writers[name] = self._open(name)
            for batch in range(len(rows.files)):
                found: dict[str, list[dict[str, Any]]] = {name: [] for name in writers}
                for row, columns in self._read(rows, batch, np.flatnonzero(times)):
                    split, often = _SPLITS[int(ranks[row])], int(times[row])
                    found[split] += list(_examples(columns, split, "whole")) * often
                    if split != "test":
                        name = "staged" if split == "train" else "staged-validation"
                        found[name] += list(_examples(columns, split, "staged")) * often
                    for _ in range(often):
                        self._counts.add(split, columns)
                for name, examples in found.items():
                    if examples:
                        writers[name].write_table(pa.Table.from_pylist(examples, schema=SCHEMA))
                for name in ("staged", "staged-validation"):
                    self._count_steps(name, found[name])
                done(batch + 1)
        finally:
            for writer in writers.values():
                writer.close()

    def _count_steps(self, name: str, examples: Sequence[dict[str, Any]]) -> None:
        counts = self.steps.setdefault(name, Counter())
        counts["examples"] += len(examples)
        for kind in ("prompt", "completion"):
            counts[f"{kind} tokens"] += sum(each[f"{kind}_tokens"] for each in examples)

    def cpu(
        self,
        rows: Rows,
        ranks: NDArray[np.int8],
        times: NDArray[np.int16],
        cpu: Cpu,
        weights: Sequence[float],
    ) -> None:
        """Write the subset for training without a GPU, in the order in which it was chosen.

        `weights` are those of the sources: here they say how much more an example counts.
        """
        fit = (ranks == TRAIN) & (times > 0) & (rows.prompt + rows.completion <= cpu.tokens)
        drawn: list[int] = []
        for source in range(len(weights)):
            own = np.flatnonzero(fit & (rows.source == source)).tolist()
            own.sort(key=lambda row: draw(str(rows.ids[row]), 0))
            drawn += own[: POOL * cpu.examples]
        pool = np.sort(np.array(drawn, np.int64))
        chosen = choose(
            [
                make_candidate(row, columns, weights[rows.source[row]])
                for row, columns in self._all(rows, pool)
            ],
            cpu.examples,
        )
        place = {row: i for i, row in enumerate(chosen)}
        found: list[dict[str, Any]] = [{}] * len(chosen)
        for row, columns in self._all(rows, np.sort(np.array(chosen, np.int64))):
            (found[place[row]],) = _examples(columns, "train", "whole")
            self._counts.add("cpu", columns)
        with self._open("cpu") as writer:
            if found:
                writer.write_table(pa.Table.from_pylist(found, schema=SCHEMA))

    def statistics(self) -> Statistics:
        """The counts of all that was written."""
        return self._counts.result()

    def _open(self, name: str) -> pq.ParquetWriter:
        path = self._folder / FILES[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        return pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def _all(self, rows: Rows, wanted: NDArray[np.int64]) -> Iterator[tuple[int, dict[str, Any]]]:
        for batch in np.unique(rows.batch[wanted]):
            yield from self._read(rows, int(batch), wanted)

    def _read(
        self, rows: Rows, batch: int, wanted: NDArray[np.int64]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """The wanted rows (numbers, ascending) that lie in a batch, with their columns."""
        start = int(rows.starts[batch])
        end = int(rows.starts[batch + 1]) if batch + 1 < len(rows.starts) else len(rows)
        first, last = np.searchsorted(wanted, (start, end))
        if first == last:
            return
        own = wanted[first:last]
        table = pq.read_table(rows.files[batch], columns=list(_COLUMNS)).take(own - start)
        for row, columns in zip(own.tolist(), table.to_pylist(), strict=True):
            columns["source"] = self._sources[rows.source[row]]
            yield row, columns


def _examples(columns: dict[str, Any], split: Split, name: FormatName) -> Iterator[dict[str, Any]]:
    """The examples that a pair gives in a format, in the order of its steps."""
    counts = [(columns["prompt_tokens"], columns["completion_tokens"])]
    if name == "staged":
        counts = columns["staged_tokens"]
    plan = parse_plan(columns["plan"]).plan
    asked = ask(name, columns["id"], columns["document"], plan, columns["rests_on"])
    for each, (prompt_tokens, completion_tokens) in zip(asked, counts, strict=True):
        yield {
            **{name: columns[name] for name in SCHEMA.names if name in columns},
            **each._asdict(),
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "split": split,
            "format_hash": FORMATS[name].hash,
        }
