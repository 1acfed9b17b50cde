"""Jira's CSV export ("Export Excel CSV (all fields)"), read as Jira writes it.

Column names come once per value (`Sprint`, `Sprint`, …), custom fields as `Custom field (Name)`,
links as `Outward issue link (Blocks)` and `Inward issue link (Blocks)`; cells have several lines;
a file from a spreadsheet has a byte order mark and, in many countries, semicolons. The columns of
Jira's importer (`Link "Blocks"`, ids instead of keys) are read too.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from data.jira.criteria import read_checklist, read_criteria
from data.jira.fields import FIELDS, field_of, link_kind, people_field, plain_name, read_points
from data.jira.issue import Issue, IssueLink, LinkKind, Notes, Sprint
from data.jira.text import clean, read_description, urls_in
from data.jira.wiki import wiki_to_markdown
from tickets.files import InputError

_DELIMITERS: Final = (",", ";", "\t")
_LINK = re.compile(
    r"(?:(?P<direction>outward|inward) (?:issue|work item) link|link)\s*"
    r"[(\"](?P<type>[^)\"]+)[)\"]",
    re.IGNORECASE,
)
_GUARD = re.compile(r"^'(?=[=+\-@\t\r＝＋－＠])")
"""The apostrophe that keeps a spreadsheet from executing a cell."""
_NOTHING = frozenset(("", "none", "unresolved"))
_LARGEST_CELL = 16 * 1024 * 1024
"""Characters. Python's own bound of 131,072 is below what a pasted log in a comment has."""
_EXPORT = "export it again with 'Export CSV (all fields)' in English"


class _Columns(NamedTuple):
    """Where each field's values stand, by the field; each link type's; each kind of person's."""

    width: int
    fields: Mapping[str, Sequence[int]]
    links: Sequence[tuple[int, LinkKind]]
    people: Sequence[tuple[int, str]]


def read_jira_csv(path: Path, notes: Notes | None = None) -> Iterator[Issue]:
    """The issues of a CSV export, one after the other as they stand in the file.

    A row that cannot be used is left out and recorded in `notes`, as is the end of a file that was
    cut off; what stands before it is read.

    Raises:
        InputError: the file cannot be opened, is empty, or its first row is no Jira header.
    """
    notes = Notes() if notes is None else notes
    encoding = _encoding(path, notes)
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_CELL))
    # A file that is cut may end inside a letter: that is found with its row.
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        first = file.readline()
        # A NUL would end the row for some versions of the csv module.
        lines = (line.replace("\x00", "") for line in chain([first], file))
        rows = _rows(lines, max(_DELIMITERS, key=first.count), str(path), notes)
        _, header = next(rows, (1, []))
        if not header:
            raise InputError(f"{path}: is empty; {_EXPORT}")
        columns = _columns(header, str(path), notes)
        for line, row in rows:
            place = f"{path}:{line}"
            if len(row) == columns.width:
                issue = _issue(row, columns, place, notes)
                if issue is not None:
                    notes.counts["issues read"] += 1
                    yield issue
            else:
                _wrong_length(row, columns.width, place, notes)


def _encoding(path: Path, notes: Notes) -> str:
    """UTF-8, or UTF-16 by its mark, or what a spreadsheet on Windows writes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            start = file.read(2)
            if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                return "utf-16"
            decoder.decode(start)
            for block in iter(lambda: file.read(1 << 20), b""):
                decoder.decode(block)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; name a CSV file that Jira exported") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); check its permissions") from error
    except UnicodeDecodeError:
        detail = "is not UTF-8, read as Windows-1252; save it as UTF-8 if letters are wrong"
        notes.leave_out(str(path), "", "encoding", f"{path}: {detail}")
        return "cp1252"
    return "utf-8-sig"


def _rows(
    lines: Iterable[str], delimiter: str, source: str, notes: Notes
) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line that each begins at; a broken one is recorded and passed over."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
            # Spreadsheets add rows of nothing.
            if any(cell.strip() for cell in row):
                yield start, row
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                notes.leave_out(
                    f"{source}:{start}",
                    "",
                    "cut file",
                    f"{source}:{start}: a quote opened in this row is never closed: the file is "
                    f"cut off, or the quote is doubled nowhere; rows before it are kept, {_EXPORT}",
                )
                return
            notes.leave_out(
                f"{source}:{start}",
                "",
                "bad row",
                f"{source}:{start}: is no row of CSV ({error}); double the quotes in its cells",
            )


def _wrong_length(row: Sequence[str], count: int, place: str, notes: Notes) -> None:
    few = len(row) < count
    # Jira writes every column of every row, so a short row is a torn one.
    remedy = (
        f"the file is cut here or the row is broken; {_EXPORT}"
        if few
        else "a cell holds the delimiter without quotes; put quotes around it"
    )
    detail = f"{place}: has {len(row)} of {count} columns, left out; {remedy}"
    notes.leave_out(place, "", "cut row" if few else "bad row", detail)


def _columns(header: Sequence[str], source: str, notes: Notes) -> _Columns:
    fields: dict[str, list[tuple[int, int]]] = {}
    links: list[tuple[int, LinkKind]] = []
    people: list[tuple[int, str]] = []
    unused: list[str] = []
    for index, name in enumerate(header):
        field, person, link = field_of(name), people_field(name), _LINK.fullmatch(name.strip())
        if field is not None:
            # Where several names mean one field, the order of the table counts.
            rank = FIELDS[field].index(plain_name(name))
            fields.setdefault(field, []).append((rank, index))
        elif person is not None:
            people.append((index, person))
        elif link is not None:
            outward = (link["direction"] or "outward").lower() == "outward"
            kind = link_kind(link["type"], outward=outward)
            if kind is not None:
                links.append((index, kind))
            else:
                notes.counts[f"link columns not used: {link['type']}"] += 1
        else:
            unused.append(name.strip() or "(without a name)")
    missing = [name for name in ("summary", "type") if name not in fields]
    if missing or not {"key", "id"} & set(fields):
        shown = ", ".join(header[:8])
        raise InputError(
            f"{source}: is no issue export of Jira: it needs the columns Summary, Issue Type and "
            f"Issue key (or Issue id); its first are {shown}; {_EXPORT}"
        )
    if unused:
        # One line: an export has dozens of them, and a field that was missed stands among them.
        notes.counts[f"columns not used: {', '.join(dict.fromkeys(unused))}"] += len(unused)
    indexes = {field: [index for _, index in sorted(places)] for field, places in fields.items()}
    return _Columns(len(header), indexes, links, people)


def _issue(row: Sequence[str], columns: _Columns, place: str, notes: Notes) -> Issue | None:
    def values(field: str) -> list[str]:
        cells = (row[index].strip() for index in columns.fields.get(field, ()))
        return [_GUARD.sub("", cell) for cell in cells if cell]

    def value(field: str) -> str:
        return next(iter(values(field)), "")

    for index, person in columns.people:
        if row[index].strip():
            names = (row[index].strip(),) if person in ("assignee", "reporter", "creator") else ()
            notes.person(person, names)
    key, summary, kind = value("key") or value("id"), value("summary"), value("type")
    if not (key and summary and kind):
        detail = f"{place}: has no key, summary or type, left out; complete it in Jira"
        notes.leave_out(place, key, "bad row", detail)
        return None
    raw = clean(value("description"), notes)
    description = read_description(wiki_to_markdown(raw))
    own = read_criteria(wiki_to_markdown(clean("\n".join(values("criteria")), notes)))
    listed = read_checklist(clean("\n".join(values("checklist")), notes))
    return Issue(
        place=place,
        key=key,
        id=value("id"),
        type=kind,
        summary=clean(summary, notes),
        parent=value("parent"),
        epic_link=value("epic_link"),
        epic_name=clean(value("epic_name"), notes),
        description=description.text,
        criteria=own or description.criteria or listed,
        points=read_points(value("points"), notes),
        priority=value("priority"),
        status=value("status"),
        resolution="" if value("resolution").lower() in _NOTHING else value("resolution"),
        team=value("team") or description.owner,
        components=tuple(values("components")),
        labels=tuple(values("labels")),
        sprints=tuple(
            Sprint(name=name) for name in values("sprints") or [description.sprint] if name
        ),
        links=tuple(
            IssueLink(kind=link, target=target)
            for index, link in columns.links
            for target in re.split(r"[,;\s]+", row[index].strip())
            if target
        ),
        urls=urls_in(raw),
    )
