"""What the tables of a feature document ask for: by their headers, one column or two."""

import re
from collections.abc import Iterator, Sequence

from tickets.outline import Row, plain_text
from tickets.phrases import ID

_WORK = re.compile(r"^work to deliver|^(scope of )?work$|^work items?$|^deliverables?$")
_SHARES = re.compile(r"^(builds|delivers|does|parts?|responsible for|takes( on)?|tasks?)$")
"""Columns of work where another one says who does it."""
_WHO = re.compile(r"^(groups?|owners?|squads?|teams?|who)\b")
_QUALITY = re.compile(r"^(qualit(y|ies)|quality attributes?|characteristics?|non-functional .*)$")
_FIGURE = re.compile(r"^(figures?|how much|limits?|requirements?|targets?|values?)$")
_OUTCOME = re.compile(r"^(baseline|figures?|source|target\b.*|today|values?)$")
"""Beside such a column a measure or a goal is what the whole is for, and nobody's work."""

COLUMNS: tuple[tuple[str, bool], ...] = (
    # Which column of a table holds requirements (first match), and whether its header is enough
    # or the table must stand in a demanding section or have a column of identifiers.
    (r"^requirements?( description| text)?$|^acceptance criteri|^user stor(y|ies)$", True),
    (r"^(checks?|measures?)$", True),
    (r"^findings?$", True),
    (
        r"^(tasks?|features?|capabilit(y|ies)|goals?|i want( to)?|expectations?|functionality)$",
        False,
    ),
    (r"^(description|summary|details?|what|title|name|story|item|scope)\b", False),
)
_COLUMNS = tuple((re.compile(pattern), enough) for pattern, enough in COLUMNS)
_IDS = re.compile(rf"{ID.pattern}(?:(?:,| to| and| -|–) ?{ID.pattern})*")
_LONGEST_LIST = 150
"""A longer cell of work is prose, whose commas part no pieces."""


def read_cells(rows: Sequence[Row], *, demanding: bool) -> Iterator[tuple[str, int]]:
    """The requirements in a table, as markdown with their line (from 0).

    `demanding` says whether the table stands in a section that demands something. A quality is
    read with its figure; a cell of work falls into the pieces that its commas part.
    """
    headers = [plain_text(cell).lower() for cell in rows[0].cells]
    has_ids = len(rows) > 1 and all(
        ID.fullmatch(plain_text(row.cells[0])) for row in rows[1:] if row.cells
    )
    demands = demanding or has_ids
    quality, figure = _first(headers, _QUALITY), _first(headers, _FIGURE)
    work = _first(headers, _WORK)
    if work is None and _first(headers, _WHO) is not None:
        work = _first(headers, _SHARES)
    column = _column(headers, demands=demands) if work is None else work
    for row in rows[1:]:
        if quality is not None and figure is not None:
            if max(quality, figure) < len(row.cells):
                yield f"{row.cells[quality]}: {row.cells[figure]}", row.line
        elif column is not None and column < len(row.cells):
            cell = row.cells[column]
            for part in _pieces(cell) if work is not None else _lines(cell):
                if (len(part.split()) > 1 or demands) and not _IDS.fullmatch(part):
                    yield part, row.line


def _first(headers: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    return next((i for i, header in enumerate(headers) if pattern.search(header)), None)


def _column(headers: Sequence[str], *, demands: bool) -> int | None:
    """The column that holds requirements by `COLUMNS`, none in a table of aims and figures."""
    for pattern, enough in _COLUMNS:
        found = _first(headers, pattern)
        if found is not None and (enough or demands):
            aims = any(_OUTCOME.search(header) for header in headers)
            return None if aims and not re.match("requirement", headers[found]) else found
    return None


def _lines(cell: str) -> list[str]:
    return re.split(r"<br\s*/?>", cell)


def _pieces(cell: str) -> Iterator[str]:
    """The pieces of work that a cell names: its lines, and what commas part in a short one.

    A piece of one word (`image`) says too little alone and stays with the one before it; so does
    what stands in brackets or behind a colon.
    """
    for line in _lines(cell):
        pieces: list[str] = []
        whole = len(line) > _LONGEST_LIST or ":" in line
        for piece in [line] if whole else re.split(r", (?![^()]*\))", line):
            if pieces and (len(piece.split()) < 2 or len(pieces[-1].split()) < 2):
                pieces[-1] += f", {piece}"
            else:
                pieces.append(piece)
        yield from pieces
