"""The second half of a build: which rows become examples, seen over all batches at once.

Of all rows only numbers are in memory: codes of names, token counts, hashes of bands.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.config import BuildConfig, Limits
from data.dedupe import Signature, Signer, exact_twins, near_twins, suspects
from data.leaks import EVALUATION
from data.prepare import unpack
from data.shingles import exact_hash, hash_words, words_of
from data.split import RANKS, TEST, TRAIN, draw, split_rows
from tickets.files import InputError

_COLUMNS: Final = (
    "id", "domain", "group", "prompt_tokens", "completion_tokens",
    "exact", "document_bands", "plan_bands",
)  # fmt: skip


class Rows(NamedTuple):
    """The rows of all batches as columns; row i is row `place[i]` of file `files[batch[i]]`."""

    files: tuple[Path, ...]
    starts: NDArray[np.int64]
    batch: NDArray[np.int32]
    source: NDArray[np.int16]
    ids: pa.ChunkedArray
    groups: NDArray[np.int32]
    group_names: list[str]
    domains: NDArray[np.int32]
    domain_names: list[str]
    prompt: NDArray[np.int32]
    completion: NDArray[np.int32]
    exact: NDArray[np.uint64]
    document_bands: NDArray[np.uint64]
    plan_bands: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.batch)

    def signatures(self, row: int, column: str) -> dict[int, Signature]:
        """The signatures of all rows in the file that `row` lies in."""
        batch = int(self.batch[row])
        table = pq.read_table(self.files[batch], columns=[column])
        start = int(self.starts[batch])
        return dict(enumerate(unpack(table[column], np.uint32), start))


class Drop(NamedTuple):
    """That a row is left out: a short code, and why in words."""

    row: int
    reason: str
    detail: str


class Evaluation(NamedTuple):
    """A document that is only evaluated on."""

    name: str
    text: str


def load_rows(files: Sequence[tuple[Path, int]]) -> Rows:
    """The rows of batch files, given each with the number of its source."""
    tables, batches, sources, starts = [], [], [], []
    bands: dict[str, list[NDArray[np.uint64]]] = {"document_bands": [], "plan_bands": []}
    start = 0
    for number, (path, source) in enumerate(files):
        table = pq.read_table(path, columns=list(_COLUMNS))
        starts.append(start)
        start += len(table)
        if len(table):
            for name, parts in bands.items():
                parts.append(unpack(table[name], np.uint64))
        tables.append(table.drop_columns(list(bands)))
        batches.append(np.full(len(table), number, np.int32))
        sources.append(np.full(len(table), source, np.int16))
    table = pa.concat_tables(tables)
    groups, domains = _codes(table["group"]), _codes(table["domain"])
    return Rows(
        files=tuple(path for path, _ in files),
        starts=np.array(starts, np.int64),
        batch=np.concatenate(batches),
        source=np.concatenate(sources),
        ids=table["id"],
        groups=groups[0],
        group_names=groups[1],
        domains=domains[0],
        domain_names=domains[1],
        prompt=table["prompt_tokens"].to_numpy(),
        completion=table["completion_tokens"].to_numpy(),
        exact=table["exact"].to_numpy(),
        document_bands=_stack(bands["document_bands"]),
        plan_bands=_stack(bands["plan_bands"]),
    )


def assign_splits(rows: Rows, config: BuildConfig) -> NDArray[np.int8]:
    """The rank of each row's split.

    Raises:
        InputError: a domain that is to be held out is that of no row: a slip of the pen there
            would put into training what must not be.
    """
    for name, held in (("validation", config.split.validation), ("test", config.split.test)):
        for domain in held.domains:
            if domain not in rows.domain_names:
                raise InputError(
                    f"split.{name}.domains: no pair is of the domain {domain}; the domains are "
                    + ", ".join(sorted(rows.domain_names))
                )
    return split_rows(rows.groups, rows.group_names, rows.domains, rows.domain_names, config.split)


def drop_unwanted(rows: Rows, ranks: NDArray[np.int8], config: BuildConfig) -> Iterator[Drop]:
    """Rows whose source has no share in their split, and those whose id was given before."""
    for number, source in enumerate(config.sources):
        for split, rank in RANKS.items():
            if split not in source.splits:
                for row in np.flatnonzero((rows.source == number) & (ranks == rank)):
                    domain = rows.domain_names[rows.domains[row]]
                    yield Drop(int(row), "held-out", f"it belongs to {split} (domain {domain})")
    hashes = np.array([exact_hash([str(each)]) for each in rows.ids], np.uint64)
    for twin in exact_twins(range(len(rows)), hashes):
        other = config.sources[rows.source[twin.of]].name
        yield Drop(twin.row, "duplicate-id", f"a pair of source {other} has this id")


def drop_duplicates(
    rows: Rows,
    ranks: NDArray[np.int8],
    kept: NDArray[np.bool_],
    config: BuildConfig,
    evaluation: Sequence[Evaluation] = (),
) -> list[Drop]:
    """Rows that repeat another one: within a split a duplicate, across splits a leak.

    The held-out splits keep what two splits have, and within a split the source named first does.
    Within a split only documents count: one plan may stand for two documents.
    """
    signer = Signer(config.near.likeness, config.near.words)
    extra = [words_of(each.text) for each in evaluation]
    signatures = {len(rows) + i: signer.sign(hash_words(words)) for i, words in enumerate(extra)}
    extra_bands = [signer.bands(each) for each in signatures.values()]
    all_ranks = np.concatenate([ranks, np.full(len(extra), EVALUATION, np.int8)])
    exact = np.concatenate(
        [rows.exact, np.array([exact_hash(words) for words in extra], np.uint64)]
    )
    alive = np.concatenate([kept, np.ones(len(extra), np.bool_)])

    def name(row: int) -> str:
        return evaluation[row - len(rows)].name if row >= len(rows) else str(rows.ids[row])

    def ordered(found: Iterable[int]) -> list[int]:
        return sorted((int(row) for row in found if alive[row]), key=lambda r: (all_ranks[r], r))

    def apart(row: int, other: int) -> bool:
        return not (all_ranks[row] == TEST and all_ranks[other] == EVALUATION)

    def across(row: int, other: int) -> bool:
        return bool(all_ranks[other] < all_ranks[row]) and apart(row, other)

    drops: dict[int, Drop] = {}

    def add(row: int, of: int, likeness: float, what: str) -> None:
        if row >= len(rows) or row in drops:
            return
        leak = bool(all_ranks[of] != all_ranks[row])
        same = "the same words as" if likeness == 1 else f"likeness {likeness:.2f} to"
        reason = "leak" if leak else ("duplicate" if what == "exact" else "near-duplicate")
        part = "plan" if what == "plan" else "document"
        drops[row] = Drop(row, reason, f"its {part} has {same} that of {name(of)}")
        alive[row] = False

    for twin in exact_twins(ordered(range(len(all_ranks))), exact):
        if apart(twin.row, twin.of):
            add(twin.row, twin.of, 1.0, "exact")
    for column, bands in (("document", rows.document_bands), ("plan", rows.plan_bands)):
        if extra_bands:  # plans are held against evaluation documents as well
            bands = np.concatenate([bands, np.array(extra_bands)]) if len(bands) else bands
        if not len(bands):
            continue
        held_out = (all_ranks < TRAIN) & alive if column == "plan" else None
        order = ordered(suspects(bands, held_out))
        found = {
            **signatures,
            **_signatures(rows, [row for row in order if row < len(rows)], f"{column}_signature"),
        }
        for near in near_twins(
            order,
            found.__getitem__,
            config.near.likeness,
            keep=(lambda row: bool(all_ranks[row] < TRAIN)) if column == "plan" else lambda _: True,
            apart=across if column == "plan" else apart,
        ):
            add(near.row, near.of, near.likeness, "plan" if column == "plan" else "near")
    return [drops[row] for row in sorted(drops)]


def drop_long(rows: Rows, kept: NDArray[np.bool_], limits: Limits) -> Iterator[Drop]:
    """Rows with more tokens than the limits allow."""
    total = rows.prompt + rows.completion
    over = (
        (rows.prompt > limits.prompt)
        | (rows.completion > limits.completion)
        | (total > limits.total)
    )
    for row in np.flatnonzero(over & kept):
        yield Drop(
            int(row),
            "too-long",
            f"{rows.prompt[row]} + {rows.completion[row]} tokens; the limits are "
            f"{limits.prompt} + {limits.completion}, together {limits.total}",
        )


def repetitions(
    rows: Rows, ranks: NDArray[np.int8], kept: NDArray[np.bool_], config: BuildConfig
) -> tuple[NDArray[np.int16], list[Drop]]:
    """How often each row is written: once, or in training by its source's weight.

    What is behind the weight's point is drawn by a hash of the row's id.
    """
    times = kept.astype(np.int16)
    drops = []
    for number, source in enumerate(config.sources):
        if source.weight != 1:
            whole = int(source.weight)
            for row in np.flatnonzero(kept & (ranks == TRAIN) & (rows.source == number)):
                more = draw(str(rows.ids[row]), config.split.seed) < source.weight - whole
                times[row] = whole + more
                if not times[row]:
                    detail = f"not drawn: the weight of its source is {source.weight:g}"
                    drops.append(Drop(int(row), "weight", detail))
    return times, drops


def _signatures(rows: Rows, wanted: Iterable[int], column: str) -> dict[int, Signature]:
    found: dict[int, Signature] = {}
    by_batch: dict[int, list[int]] = {}
    for row in wanted:
        by_batch.setdefault(int(rows.batch[row]), []).append(row)
    for members in by_batch.values():
        part = rows.signatures(members[0], column)
        found.update({row: part[row].copy() for row in members})
    return found


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[Any], list[str]]:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # combine_chunks may give one for long columns
        encoded = encoded.unify_dictionaries().combine_chunks()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()


def _stack(parts: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.uint64)
