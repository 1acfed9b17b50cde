"""Where pairs come from: each kind of source as batches of work; `data.read` reads them.

Batches are cut where the name of a file says so, not after so many files: a file that comes or
goes changes its own batch only, so a rerun does little.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from data.config import (
    AnySource,
    FoldersSource,
    GeneratedSource,
    GitSource,
    LinesSource,
    PairsSource,
)
from data.git import commit_of, repository_of, tracked_files
from tickets.documents import SUFFIXES
from tickets.files import InputError

LARGEST_LINE: Final = 25 * 1024 * 1024
GENERATED: Final = 250
"""Generated pairs of a batch: some seconds of work, some megabytes of memory."""
LINES: Final = 250
_FEWEST, _MOST, _CUT = 16, 256, 32
"""Pairs of files in a batch: at least, at most, and the mean distance of cuts in between."""

_DOCUMENT: Final = ".document.md"
_PLAN: Final = ".plan.md"
_LICENCES: Final = (
    ("Apache-2.0", r"Apache License,?\s+Version 2\.0"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    ("BSD-3-Clause", r"Neither the name of"),
    ("BSD-2-Clause", r"Redistribution and use in source and binary forms"),
    ("MPL-2.0", r"Mozilla Public License,? Version 2\.0"),
    ("AGPL-3.0", r"GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("LGPL", r"GNU LESSER GENERAL PUBLIC LICENSE"),
    ("GPL", r"GNU GENERAL PUBLIC LICENSE"),
    ("CC-BY-SA-4.0", r"Attribution-ShareAlike 4\.0"),
    ("CC-BY-4.0", r"Attribution 4\.0 International"),
    ("CC0-1.0", r"CC0 1\.0 Universal"),
)


class Files(NamedTuple):
    """The files of a pair; None for the one that is missing."""

    name: str
    document: Path | None
    plan: Path | None
    group: str


class Span(NamedTuple):
    """So many rows from `start` on: of the generator's sequence, or bytes of a JSONL file."""

    start: int
    length: int
    first_line: int = 0


class Batch(NamedTuple):
    """A unit of work, of one source. `digest` stands for all content that it reads; `files` are
    those it was read from, with their SHA-256.
    """

    source: AnySource
    units: tuple[Files | Span, ...]
    digest: str
    files: tuple[tuple[str, str], ...] = ()
    licence: str = "unknown"


def find_batches(source: AnySource) -> Iterator[Batch]:
    """The batches of a source, always in the same order.

    Raises:
        InputError: the source cannot be read, or holds nothing.
    """
    finders: dict[str, Callable[..., Iterator[Batch]]] = {
        "pairs": _pair_files,
        "folders": _folder_files,
        "git": _git_files,
        "jsonl": _line_spans,
        "generated": _generated_spans,
    }
    batches = finders[source.kind](source)
    first = next(batches, None)
    if first is None:
        raise InputError(f"source {source.name}: holds nothing; take it out or look at its paths")
    return chain([first], batches)


def source_facts(source: AnySource) -> dict[str, str]:
    """What the manifest says of a source beside its counts: its commit and licence."""
    if isinstance(source, GitSource):
        return {"commit": commit_of(source.path), "licence": _licence(source, source.path)}
    if isinstance(source, FoldersSource):
        return {"licence": _licence(source, source.documents)}
    return {}


def _pair_files(source: PairsSource) -> Iterator[Batch]:
    documents = _named(source.path, _DOCUMENT)
    plans = _named(source.path, _PLAN)
    units = (
        Files(name, documents.get(name), plans.get(name), name)
        for name in sorted({*documents, *plans})
    )
    return _file_batches(source, units, _licence(source, source.path))


def _named(folder: Path, end: str) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix().removesuffix(end): path
        for path in _walk(folder)
        if path.name.endswith(end)
    }


def _folder_files(source: FoldersSource) -> Iterator[Batch]:
    documents = _by_stem(source.documents, _walk(source.documents), SUFFIXES)
    plans = _by_stem(source.plans, _walk(source.plans), (".md", ".markdown"))
    units = (
        # What lies in one subfolder is one family.
        Files(name, documents.get(name), plans.get(name), name.partition("/")[0])
        for name in sorted({*documents, *plans})
    )
    return _file_batches(source, units, _licence(source, source.documents))


def _git_files(source: GitSource) -> Iterator[Batch]:
    found = tracked_files(source.path, source.documents)
    documents = _by_stem(source.path, found, SUFFIXES)
    plans = _by_stem(source.plans, _walk(source.plans), (".md", ".markdown"))
    repository = repository_of(source.path)
    units = (
        Files(name, documents.get(name), plans.get(name), repository)
        for name in sorted({*documents, *plans})
    )
    return _file_batches(source, units, _licence(source, source.path))


def _by_stem(folder: Path, paths: Iterable[Path], suffixes: tuple[str, ...]) -> dict[str, Path]:
    """Paths below `folder` by what they are called there, without the suffix."""
    found: dict[str, Path] = {}
    for path in paths:
        if path.name.lower().endswith(suffixes):
            name = path.relative_to(folder).with_suffix("").as_posix()
            for end in (".document", ".plan"):
                name = name.removesuffix(end)
            if name in found:
                raise InputError(
                    f"{path}: and {found[name]} have one name; rename one, or move it elsewhere"
                )
            found[name] = path
    return found


def _walk(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))


def _file_batches(source: AnySource, units: Iterable[Files], licence: str) -> Iterator[Batch]:
    group: list[Files] = []
    for unit in units:
        cut = int(hashlib.sha256(unit.name.encode()).hexdigest()[:8], 16) % _CUT == 0
        if len(group) >= _MOST or (cut and len(group) >= _FEWEST):
            yield _file_batch(source, group, licence)
            group = []
        group.append(unit)
    if group:
        yield _file_batch(source, group, licence)


def _file_batch(source: AnySource, units: list[Files], licence: str) -> Batch:
    paths = [path for unit in units for path in (unit.document, unit.plan) if path is not None]
    files = tuple((path.as_posix(), _sha256(path)) for path in paths)
    content = repr((units, files, licence))
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return Batch(source, tuple(units), digest, files, licence)


def _sha256(path: Path) -> str:
    """The file's hash, or why there is none: what cannot be read is rejected when it is read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return error.strerror or "unreadable"


def _line_spans(source: LinesSource) -> Iterator[Batch]:
    """Batches of lines; the file is read once, a line at a time, to know what they hold."""
    try:
        with source.path.open("rb") as file:
            whole, digest, start, number, lines = hashlib.sha256(), hashlib.sha256(), 0, 1, 0
            while True:
                line = file.readline(LARGEST_LINE)
                whole.update(line)
                digest.update(line)
                lines += line.endswith(b"\n")
                end = file.tell()
                if end > start and (lines == LINES or not line):
                    span = Span(start, end - start, number)
                    yield Batch(source, (span,), f"{number}:{digest.hexdigest()}")
                    digest, start, number, lines = hashlib.sha256(), end, number + lines, 0
                if not line:
                    break
            # The file's own hash is known at its end; no rows come with it.
            if end:
                files = ((source.path.as_posix(), whole.hexdigest()),)
                yield Batch(source, (), whole.hexdigest(), files)
    except OSError as error:
        raise InputError(f"{source.path}: cannot be read ({error.strerror})") from error


def _generated_spans(source: GeneratedSource) -> Iterator[Batch]:
    end = source.start + source.count
    for start in range(source.start, end, GENERATED):
        span = Span(start, min(GENERATED, end - start))
        yield Batch(source, (span,), f"{source.seed}:{span.start}:{span.length}")


def _licence(source: PairsSource | FoldersSource | GitSource, folder: Path) -> str:
    """The licence that the configuration gives, or the one in the folder's or its parent's file."""
    if source.licence is not None:
        return source.licence
    for place in (folder, folder.parent):
        for file in sorted(place.glob("LICEN[CS]E*")):
            text = file.read_text("utf-8", errors="replace")[:20_000]
            for name, words in _LICENCES:
                if re.search(words, text):
                    return name
    return "unknown"
