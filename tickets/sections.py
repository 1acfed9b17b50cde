"""The sections of a feature document, and a document cut to a budget of tokens by sections."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from tickets.kinds import NEUTRAL, TITLE, Kind, kind_of, plain_heading
from tickets.outline import FRONT_MATTER, block_tokens
from tickets.words import sentence_ends

_CODE_PENALTY = 4
"""A listing says little about the work: it goes before the prose of better sections does."""
_SLACK = 0.02
"""How far the tokens of the parts may lie from those of the whole (joins cost or save a few)."""
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_LEAD = re.compile(r"(?:\A|\n)[^\n]*:[*_]*\Z")
"""A last line that ends in a colon says nothing once what it leads to is gone."""
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)]|\|)(?=\s|[^|\n]*\|)", re.MULTILINE)


class Section(NamedTuple):
    """A heading and what follows it, up to the next heading of any level.

    `start` and `end` are lines, counted from 0, the end not included; `parents` are the indices of
    the sections around it. What stands before the first heading has level 0 and no heading.
    """

    heading: str
    level: int
    start: int
    end: int
    kind: Kind
    parents: tuple[int, ...]


class LeftOut(NamedTuple):
    """A part that did not fit: the heading it stands under and how many tokens went."""

    heading: str
    tokens: int


class Fitted(NamedTuple):
    """A document cut to a budget, and what was left out, in the order of the document."""

    text: str
    left_out: tuple[LeftOut, ...] = ()


class _Unit(NamedTuple):
    """A piece of a section that is kept or dropped as one: its prose, or one of its listings."""

    heading: str
    text: str
    weight: int
    is_code: bool


@lru_cache(maxsize=8)
def read_sections(text: str) -> tuple[Section, ...]:
    """The sections of a document in order; together they hold each of its lines once."""
    tokens = block_tokens(text)
    headings = [
        (int(token.tag[1]), token.map[0], tokens[i + 1].content)
        for i, token in enumerate(tokens)
        # A heading inside a list or quotation opens no section.
        if token.type == "heading_open" and token.map and token.level == 0
    ]
    starts = [line for _, line, _ in headings] + [text.count("\n") + 1]
    sections = [Section("", 0, 0, starts[0], NEUTRAL, ())]
    path: list[int] = []
    for (level, start, content), end in zip(headings, starts[1:], strict=True):
        while path and sections[path[-1]].level >= level:
            path.pop()
        parent = sections[path[-1]].kind if path else None
        kind = _kind_in(content, parent, is_first=len(sections) == 1)
        sections.append(Section(plain_heading(content), level, start, end, kind, tuple(path)))
        path.append(len(sections) - 1)
    return tuple(sections)


def _kind_in(heading: str, parent: Kind | None, *, is_first: bool) -> Kind:
    own = kind_of(heading)
    if is_first and (own is None or len(heading.split()) > 3):
        # A title names the feature: `Upgrade requirements of the operator` announces no list.
        return TITLE
    if own and own.role == "question":
        return own
    if parent is None or parent == TITLE:
        return own or NEUTRAL
    if parent.role == "excluded":
        return parent
    if own is None:
        return NEUTRAL if parent.role == "question" else parent
    return own


def fit_document(
    text: str,
    budget: int,
    count_tokens: Callable[[str], int],
    weigh: Callable[[list[str]], Sequence[float]] | None = None,
) -> Fitted:
    """`text` cut to at most `budget` tokens, the least plan-relevant parts first.

    Sections and listings go whole, by weight and among equals the later one first; the last part
    to go is cut behind a paragraph, list item, table row or sentence. What stays keeps its order
    and wording; the result is empty where not even one sentence fits.

    Args:
        text: the document.
        budget: tokens that it may have.
        count_tokens: of a text; it sees each part of the document a few times at most.
        weigh: gives each part its weight, from all of their texts; else the kinds of the sections
            do.
    """
    units = _units(text)
    sizes = [count_tokens(unit.text) for unit in units]
    over = sum(sizes) - budget
    if over <= _SLACK * budget + len(units):
        # The parts' tokens need not quite add up to the whole's, which has the last word.
        whole = count_tokens(text)
        if whole <= budget:
            return Fitted(text)
        over = max(over, whole - budget)
    kept, left = [unit.text for unit in units], list(sizes)
    weights = weigh(list(kept)) if weigh else [unit.weight for unit in units]
    by_worth = sorted(range(len(units)), key=lambda i: (weights[i], -i))
    cut, spare = "", 1
    while over > 0 and any(kept):
        for i in by_worth:
            if over <= 0:
                break
            kept[i] = "" if units[i].is_code else _cut(kept[i], left[i] - over, count_tokens)
            now = count_tokens(kept[i]) if kept[i] else 0
            over -= left[i] - now
            left[i] = now
        cut = "".join(kept).strip("\n")
        over = count_tokens(cut) - budget
        if over > 0:
            # Take ever more, so that it ends.
            over, spare = over + spare, 2 * spare
    lost: dict[str, int] = {}
    for unit, size, now in zip(units, sizes, left, strict=True):
        if now < size:
            lost[unit.heading] = lost.get(unit.heading, 0) + size - now
    return Fitted(cut, tuple(LeftOut(*item) for item in lost.items()))


def _units(text: str) -> list[_Unit]:
    """The parts of a document that are kept or dropped as one; together they are `text`."""
    lines = text.split("\n")
    sections = read_sections(text)
    section_of = [i for i, section in enumerate(sections) for _ in range(*section[2:4])]
    listing_of = [0] * len(lines)
    front = FRONT_MATTER.match(text)
    comments = {1} if front else set()
    if front:
        listing_of[: front[0].count("\n")] = [1] * front[0].count("\n")
    for number, token in enumerate(block_tokens(text), start=2):
        is_comment = token.type == "html_block" and token.content.lstrip().startswith("<!--")
        if token.map and (is_comment or token.type in ("fence", "code_block")):
            start, end = token.map
            listing_of[start:end] = [number] * (end - start)
            if is_comment:
                comments.add(number)
    units = []
    for (index, listing), group in groupby(
        range(len(lines)), key=lambda line: (section_of[line], listing_of[line])
    ):
        section, part = sections[index], list(group)
        weight = section.kind.weight - (_CODE_PENALTY if listing else 0)
        units.append(
            _Unit(
                heading=section.heading or "(beginning)",
                text="\n".join(lines[part[0] : part[-1] + 1])
                + ("\n" if part[-1] + 1 < len(lines) else ""),
                weight=0 if listing in comments else weight,
                is_code=bool(listing),
            )
        )
    return units


def _cut(text: str, room: int, count_tokens: Callable[[str], int]) -> str:
    """The longest beginning of `text` that takes at most `room` tokens and ends where it may."""
    end, room = _fill(text, 0, _paragraph_ends(text), room, count_tokens)
    if end < len(text):
        paragraph = text[end : next(e for e in _paragraph_ends(text) if e > end)]
        end, room = _fill(text, end, (end + e for e in _breaks(paragraph)), room, count_tokens)
    kept = text[:end].rstrip()
    if end < len(text):
        kept = _LEAD.sub("", kept).rstrip()
    if not kept or (kept.startswith("#") and "\n" not in kept):
        return ""
    return kept + "\n\n"


def _fill(
    text: str, start: int, ends: Iterable[int], room: int, count_tokens: Callable[[str], int]
) -> tuple[int, int]:
    """How far `room` tokens reach from `start` if `text` may end only at `ends`; what remains."""
    for end in ends:
        cost = count_tokens(text[start:end])
        if cost > room:
            break
        start, room = end, room - cost
    return start, room


def _paragraph_ends(text: str) -> Iterator[int]:
    yield from (match.end() for match in _BLANK_LINES.finditer(text))
    yield len(text)


def _breaks(paragraph: str) -> list[int]:
    """Where a paragraph may be cut: before a list item or table row, and behind a sentence."""
    rows = [match.start() for match in _ITEM.finditer(paragraph)]
    ends = [] if paragraph.lstrip().startswith("|") else sentence_ends(paragraph)
    return sorted({*rows, *ends} - {0})
