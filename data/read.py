"""A batch as pairs, and what is no pair with the reason: one bad file ends nothing."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from data.config import (
    AnySource,
    FoldersSource,
    GeneratedSource,
    GitSource,
    LinesSource,
    PairsSource,
)
from data.sources import LARGEST_LINE, Batch, Files, Span
from tickets.documents import read_document
from tickets.files import InputError
from tickets.headers import Header, HeaderError, read_header
from tickets.rows import Pair, Rejection

LARGEST_PLAN: Final = 5 * 1024 * 1024
"""Bytes."""


def read_batch(batch: Batch) -> Iterator[Pair | Rejection]:
    """The pairs of a batch in their order, and what is no pair."""
    source = batch.source
    if isinstance(source, GeneratedSource):
        from data.generator.generate import generate_pairs

        for unit in batch.units:
            assert isinstance(unit, Span)
            for pair in generate_pairs(source.seed, unit.length, unit.start):
                yield pair.model_copy(update={"source": source.name})
    elif isinstance(source, LinesSource):
        for unit in batch.units:
            assert isinstance(unit, Span)
            yield from _read_lines(source, unit)
    else:
        for unit in batch.units:
            assert isinstance(unit, Files)
            yield _read_files(source, unit, batch.licence)


def _read_lines(source: LinesSource, span: Span) -> Iterator[Pair | Rejection]:
    with source.path.open("rb") as file:
        file.seek(span.start)
        number = span.first_line
        while file.tell() < span.start + span.length:
            line = file.readline(LARGEST_LINE)
            name = f"{source.path.name}:{number}"
            if len(line) == LARGEST_LINE and not line.endswith(b"\n"):
                while not file.readline(LARGEST_LINE).endswith(b"\n") and file.peek(1):
                    pass
                yield _rejected(source, name, "unreadable", "the line is over 25 MB")
            elif line.strip():
                yield _read_row(source, name, line)
            number += 1


def _read_row(source: LinesSource, name: str, line: bytes) -> Pair | Rejection:
    try:
        pair = Pair.model_validate_json(line)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the line'}: {fault['msg']}"
            for fault in islice(error.errors(), 5)
        )
        return _rejected(source, name, "bad-row", faults)
    return pair.model_copy(update={"source": source.name})


def _read_files(
    source: PairsSource | FoldersSource | GitSource, files: Files, licence: str
) -> Pair | Rejection:
    name = files.name
    if files.document is None:
        return _rejected(source, name, "no-document", f"{files.plan}: no document has this name")
    if files.plan is None:
        return _rejected(source, name, "no-plan", f"{files.document}: no plan has this name")
    try:
        document = read_document(files.document)
        plan = _read_plan(files.plan)
    except InputError as error:
        return _rejected(source, name, "unreadable", str(error))
    if document.note:  # letters that were guessed are nothing to learn from
        return _rejected(source, name, "encoding", document.note)
    try:
        header, text = read_header(document.text)
        plan_header, plan = read_header(plan)
        header = _agreed(header, plan_header)
    except HeaderError as error:
        return _rejected(source, name, "header", f"{files.document}: {error}")
    if header is None:
        header = Header(
            id=f"{source.name}/{name}",
            domain=source.domain,
            style=source.style,
            author=source.author,
            licence=licence,
            group=f"{source.name}/{files.group}",
        )
    return Pair(
        document=text.strip("\n") + "\n",
        plan=plan.strip("\n") + "\n",
        source=source.name,
        group=header.group or header.id,
        **header.model_dump(include={"id", "domain", "style", "author", "licence"}),
    )


def _agreed(document: Header | None, plan: Header | None) -> Header | None:
    """The header of both files; one without a header, or with another one, is a mistake."""
    if document == plan:
        return document
    if document is None or plan is None:
        lacks = "document" if document is None else "plan"
        raise HeaderError(f"the {lacks} has no header, the other file has one")
    differing = [
        name for name in Header.model_fields if getattr(document, name) != getattr(plan, name)
    ]
    raise HeaderError(f"document and plan differ in {', '.join(differing)}")


def _read_plan(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_PLAN + 1)
        if len(content) > LARGEST_PLAN:
            raise InputError(f"{path}: is over {LARGEST_PLAN // 2**20} MB, so it is no plan")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rejected(source: AnySource, name: str, reason: str, detail: str) -> Rejection:
    return Rejection(id=f"{source.name}/{name}", source=source.name, reason=reason, detail=detail)
