"""The first half of a build: a batch becomes a Parquet file of checked, counted, signed rows.

Nothing here looks beyond a pair, so batches run in any order in as many processes as there are,
and a file that is there already under the same key is not made again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.dedupe import Signer
from data.read import read_batch
from data.redact import redact
from data.shingles import exact_hash, hash_words, words_of
from data.sources import Batch
from data.steps import ask
from data.tokens import TokenCounter
from tickets.files import write_atomic
from tickets.formats import FORMATS
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.rows import Pair, Rejection
from tickets.rules import check_plan
from tickets.schema import Epic, Plan, Story

SCHEMA: Final = pa.schema(
    [
        ("id", pa.string()),
        ("document", pa.string()),
        ("plan", pa.string()),
        ("content", pa.string()),  # the plan's own words, without labels and numbers
        ("domain", pa.string()),
        ("style", pa.string()),
        ("author", pa.string()),
        ("licence", pa.string()),
        ("group", pa.string()),
        ("rests_on", pa.list_(pa.list_(pa.string()))),
        ("prompt_tokens", pa.int32()),
        ("completion_tokens", pa.int32()),
        # Prompt and completion of each step of the staged format.
        ("staged_tokens", pa.list_(pa.list_(pa.int32(), 2))),
        ("document_words", pa.int32()),
        ("plan_words", pa.int32()),
        ("epics", pa.int32()),
        ("stories", pa.int32()),
        ("tasks", pa.int32()),
        ("bugs", pa.int32()),
        ("edges", pa.int32()),
        ("points", pa.list_(pa.int32())),
        ("priorities", pa.list_(pa.string())),
        ("exact", pa.uint64()),
        ("document_signature", pa.binary()),
        ("plan_signature", pa.binary()),
        ("document_bands", pa.binary()),
        ("plan_bands", pa.binary()),
    ]
)
_SHOWN: Final = 5
"""Findings that a rejection spells out; it says how many there are."""


class Job(NamedTuple):
    """What a process needs beside the batch. `code` stands for the program's own files."""

    work: Path
    model: Path
    tokenizer: str
    code: str
    likeness: float
    words: int


class Prepared(NamedTuple):
    """What became of a batch: its rows in `path`, its report beside it; `new` if made just now."""

    path: Path
    rows: int
    new: bool

    def report(self) -> dict[str, Any]:
        """`rejected` (rows like `Rejection`) and `redacted` (counts by kind)."""
        content: dict[str, Any] = json.loads(self.path.with_suffix(".json").read_text("utf-8"))
        return content


def batch_key(batch: Batch, job: Job) -> str:
    """The name of a batch's files: it changes with all that its rows depend on."""
    source = batch.source.model_dump_json(exclude={"weight", "splits", "count", "start", "path"})
    parts = (source, batch.digest, job.tokenizer, job.code, str(job.likeness), str(job.words))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def prepare(batch: Batch, job: Job) -> Prepared:
    """Make the rows of a batch, or find those made before.

    Raises:
        InputError: the work folder cannot be written.
    """
    key = batch_key(batch, job)
    path = job.work / key[:2] / f"{key}.parquet"
    if path.is_file():
        return Prepared(path, pq.read_metadata(path).num_rows, new=False)
    rows: list[dict[str, Any]] = []
    rejected: list[Rejection] = []
    redacted: Counter[str] = Counter()
    for each in read_batch(batch):
        if isinstance(each, Rejection):
            rejected.append(each)
            continue
        try:
            found, counts = make_row(
                each, redacting=batch.source.redact, likeness=job.likeness, words=job.words
            )
        except Exception as error:
            # A fault of ours in one pair must not end the build; the summary names it.
            detail = f"{type(error).__name__}: {error}; please report this file"
            found, counts = _rejection(each, "failed", detail), {}
        redacted.update(counts)
        if isinstance(found, Rejection):
            rejected.append(found)
        else:
            rows.append(found)
    count_tokens(rows, counter(job.model))
    report = {
        "rejected": [each.model_dump() for each in rejected],
        "redacted": dict(sorted(redacted.items())),
    }
    write_atomic(path.with_suffix(".json"), json.dumps(report, ensure_ascii=False))
    write_atomic(path, pack_rows(rows))  # last: it says that the batch is done
    return Prepared(path, len(rows), new=True)


def pack_rows(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a Parquet file."""
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    # Nearly all values differ: dictionaries of them take time and save nothing.
    pq.write_table(table, sink, compression="zstd", use_dictionary=False)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@lru_cache(maxsize=1)
def counter(model: Path) -> TokenCounter:
    """The counter of a model, loaded once in each process."""
    return TokenCounter(model)


@lru_cache(maxsize=1)
def _signer(likeness: float, words: int) -> Signer:
    return Signer(likeness, words)


def make_row(
    pair: Pair, *, redacting: bool, likeness: float, words: int
) -> tuple[dict[str, Any] | Rejection, dict[str, int]]:
    """A row without its token counts, or why there is none; and what was redacted."""
    redacted: dict[str, int] = {}
    if redacting:
        pair, redacted = _redacted(pair)
    if not pair.document.strip() or not pair.plan.strip():
        empty = "document" if not pair.document.strip() else "plan"
        return _rejection(pair, "empty", f"the {empty} is empty"), redacted
    parsed = parse_plan(pair.plan)
    findings = (*parsed.diagnostics, *check_plan(parsed.plan, lines=parsed.lines))
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        said = "; ".join(error.render("plan") for error in errors[:_SHOWN])
        return _rejection(pair, "plan-errors", f"{len(errors)} errors: {said}"), redacted
    plan = render_plan(parsed.plan)
    # What was canonical already reads as the same plan, for it has just been read so.
    if plan != pair.plan and parse_plan(plan).plan != parsed.plan:
        return _rejection(pair, "not-the-same", "rewritten, it reads as another plan"), redacted
    content = _content(parsed.plan)
    document_words, content_words = words_of(pair.document), words_of(content)
    signer = _signer(likeness, words)
    document_signature = signer.sign(hash_words(document_words))
    plan_signature = signer.sign(hash_words(content_words))
    return {
        **pair.model_dump(exclude={"source"}),
        "plan": plan,
        "content": content,
        "document_words": len(document_words),
        "plan_words": len(words_of(plan)),
        **plan_shape(parsed.plan),
        "exact": exact_hash(document_words),
        "document_signature": document_signature.tobytes(),
        "plan_signature": plan_signature.tobytes(),
        "document_bands": signer.bands(document_signature).tobytes(),
        "plan_bands": signer.bands(plan_signature).tobytes(),
    }, redacted


def _redacted(pair: Pair) -> tuple[Pair, dict[str, int]]:
    document, plan = redact(pair.document), redact(pair.plan)
    counts = Counter(document.counts) + Counter(plan.counts)
    return pair.model_copy(update={"document": document.text, "plan": plan.text}), dict(counts)


def plan_shape(plan: Plan) -> dict[str, Any]:
    """How many epics, stories, tasks (bugs among them as well apart) and dependencies a plan has,
    the points of its stories and tasks, and the priorities of its epics and stories.
    """
    tickets = [ticket for _, ticket in plan.tickets()]
    inner = [ticket for ticket in tickets if not isinstance(ticket, Epic)]
    stories = sum(isinstance(ticket, Story) for ticket in inner)
    return {
        "epics": len(plan.epics),
        "stories": stories,
        "tasks": len(inner) - stories,
        "bugs": sum(ticket.type == "Bug" for ticket in inner),
        "edges": sum(len(ticket.dependencies) for ticket in tickets),
        "points": [ticket.points for ticket in inner if ticket.points is not None],
        "priorities": [ticket.priority for ticket in tickets if ticket.priority is not None],
    }


def _content(plan: Plan) -> str:
    return "\n".join(_texts(plan))


def _texts(plan: Plan) -> Iterator[str]:
    yield plan.title
    for _, ticket in plan.tickets():
        yield ticket.title
        yield ticket.description
        if not isinstance(ticket, Epic):
            yield from ticket.acceptance_criteria


def count_tokens(rows: Sequence[dict[str, Any]], tokens: TokenCounter) -> None:
    """Put the counts of prompts and completions into the rows, for both formats."""
    for start in range(0, len(rows), 32):
        part = rows[start : start + 32]
        texts, owners = [], []
        for row in part:
            plan = parse_plan(row["plan"]).plan
            row["staged_tokens"] = []
            for name in FORMATS:
                for asked in ask(name, row["id"], row["document"], plan, row["rests_on"]):
                    texts.append(tokens.render(asked.prompt, asked.completion))
                    owners.append((row, name))
        for (row, name), counts in zip(owners, tokens.count(texts), strict=True):
            if name == "whole":
                row["prompt_tokens"], row["completion_tokens"] = counts
            else:
                row["staged_tokens"].append(list(counts))


def _rejection(pair: Pair, reason: str, detail: str) -> Rejection:
    return Rejection(id=pair.id, source=pair.source, reason=reason, detail=detail)


def unpack(column: pa.ChunkedArray, kind: type[np.generic]) -> np.ndarray[Any, Any]:
    """A binary column as a matrix: a row for each of its values."""
    rows = len(column)
    joined = b"".join(value.as_py() for value in column)
    return np.frombuffer(joined, kind).reshape(rows, -1) if rows else np.zeros((0, 0), kind)
