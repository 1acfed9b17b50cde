"""What a build read and what it left out, by source; each pair that was left out by name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from data.prepare import Prepared
from data.select import Drop, Rows
from tickets.rows import Rejection


class Log:
    """Writes rejected.jsonl into a dataset's folder, and counts."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._names = names
        self._file = (folder / "rejected.jsonl").open("w", encoding="utf-8")
        self._read = Counter[int]()
        self._rejected: dict[int, Counter[str]] = {n: Counter() for n in range(len(names))}
        self._redacted: dict[int, Counter[str]] = {n: Counter() for n in range(len(names))}

    def prepared(self, source: int, batch: Prepared) -> None:
        """Note what became of a batch."""
        report = batch.report()
        self._read[source] += batch.rows + len(report["rejected"])
        self._redacted[source].update(report["redacted"])
        for each in report["rejected"]:
            self._reject(source, Rejection.model_validate(each))

    def drop(self, rows: Rows, kept: NDArray[np.bool_], drops: Iterable[Drop]) -> None:
        """Note rows that are left out, and take them out of `kept`; the first reason counts."""
        for row, reason, detail in drops:
            if kept[row]:
                kept[row] = False
                source = int(rows.source[row])
                self._reject(
                    source,
                    Rejection(
                        id=str(rows.ids[row]), source=self._names[source], reason=reason,
                        detail=detail,
                    ),
                )  # fmt: skip

    def counts(self) -> dict[str, int]:
        """How many were left out, by reason."""
        total = sum(self._rejected.values(), Counter[str]())
        return dict(sorted(total.items()))

    def source(self, number: int) -> dict[str, Any]:
        """The counts of a source."""
        return {
            "read": self._read[number],
            "rejected": dict(sorted(self._rejected[number].items())),
            "redacted": dict(sorted(self._redacted[number].items())),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # On a full disk the last lines cannot be written, which another write has said before.
        with suppress(OSError):
            self._file.close()

    def close(self) -> None:
        """No more is left out.

        Raises:
            OSError: the last lines cannot be written.
        """
        self._file.close()

    def _reject(self, source: int, rejection: Rejection) -> None:
        self._rejected[source][rejection.reason] += 1
        self._file.write(rejection.model_dump_json() + "\n")
