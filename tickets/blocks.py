"""Markdown blocks: which lines are headings, which are code, and which of an author's lines must be
escaped so that they are not read as the plan's own structure.

markdown-it-py finds the blocks, with only the rules that cannot change what an earlier line meant
(headings, fences, indented code, paragraphs): a list or quotation never swallows a heading, and a
text's blocks are the same wherever it stands.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tickets.headings import read_heading

LABELS: Final = {
    "epic title": "title",
    "title": "title",
    "epic key": "key",
    "key": "key",
    "type": "type",
    "parent": "parent",
    "description": "description",
    "acceptance criteria": "acceptance_criteria",
    "acceptance criterion": "acceptance_criteria",
    "components": "components",
    "component": "components",
    "epic owner": "owner",
    "owner": "owner",
    "team": "owner",
    "story points": "points",
    "story point": "points",
    "points": "points",
    "estimate": "points",
    "priority": "priority",
    "dependencies": "dependencies",
    "dependency": "dependencies",
    "depends on": "dependencies",
    "total effort": "total",
    "total story points": "total",
}
"""Each label that is understood, in lower case, and the field that it stands for."""
_NAMES = "|".join(name.replace(" ", r"[ \t]+") for name in sorted(LABELS, key=len, reverse=True))
LABEL = re.compile(
    r" {0,3}(?P<bullet>[-*+][ \t]+)?(?P<open>\*\*|__|\*|_)?(?P<name>" + _NAMES + r")[ \t]*"
    r"(?P<colon>:)?[ \t]*(?(open)(?P=open))[ \t]*(?(colon):?|(?::|(?(open)$|:)))"
    r"[ \t]*(?P<value>.*)",
    re.IGNORECASE | re.ASCII,
)
"""A field's label in any of the forms that people and models write."""
_ALLOCATION_FIELD = re.compile(
    r"(?:\*\*)?(?P<name>duration|story points|points|effort)"
    r"(?:\*\*)?\s*:(?:\*\*)?\s*(?P<value>.*)",
    re.IGNORECASE,
)
HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?[ \t]*$")
FENCE = re.compile(r" {0,3}(?:```+(?=[^`]*$)|~~~+)")
_FENCE_END = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")
_BACKSLASHES = re.compile(r"(\s*)(\\*)(.*)", re.DOTALL)


class Blocks(NamedTuple):
    """What the lines of a text are, counted from 0.

    `headings[i]` is the level (1 to 6) of the heading on line i; `fenced` holds the lines inside
    fences, markers included; `unclosed` is the line of a fence that is never closed, or None.
    """

    headings: dict[int, int]
    fenced: set[int]
    unclosed: int | None


@cache
def _tokenizer() -> MarkdownIt:
    return MarkdownIt("zero").enable(["code", "fence", "heading"])


def read_blocks(lines: list[str]) -> Blocks:
    """The headings and fences of a text given as its lines."""
    source = "\n".join(lines)
    if "```" not in source and "~~~" not in source:
        # Without fences only the headings are left, and a heading is a matter of its line alone.
        found = ((i, HEADING.match(line)) for i, line in enumerate(lines) if "#" in line)
        return Blocks({i: len(match[1]) for i, match in found if match}, set(), None)
    tokenizer = _tokenizer()
    tokens: list[Token] = []
    tokenizer.block.parse(source, tokenizer, {}, tokens)
    blocks = Blocks({}, set(), None)
    for token in tokens:
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open":
            blocks.headings[start] = int(token.tag[1])
        elif token.type == "fence":
            blocks.fenced.update(range(start, end))
            last = _FENCE_END.fullmatch(lines[end - 1]) if end - 1 > start else None
            if last is None or not last[1].startswith(token.markup):
                blocks = blocks._replace(unclosed=start)
    return blocks


def is_structure(line: str) -> bool:
    """Whether `line`, standing in a ticket's text, would be read as a heading, field or fence."""
    return bool(HEADING.match(line) or LABEL.match(line) or FENCE.match(line))


def is_bold_label(text: str) -> bool:
    """Whether a criterion begins like a field, so that its bullet would be read as one."""
    match = LABEL.match(text)
    return match is not None and match["bullet"] is None and match["open"] is not None


def allocation_field(text: str) -> tuple[str, str] | None:
    """The (`duration`, `points` or `total`, value) of an allocation's line; None for people."""
    label = LABEL.match(text)
    if label and LABELS[" ".join(label["name"].lower().split())] == "total":
        return "total", label["value"]
    match = _ALLOCATION_FIELD.match(text)
    if match is None:
        return None
    return "duration" if match["name"].lower() == "duration" else "points", match["value"]


def is_section_structure(line: str) -> bool:
    """Whether `line`, standing in a further section, would end it (or open a fence)."""
    heading = HEADING.match(line)
    if heading is None:
        return FENCE.match(line) is not None
    return len(heading[1]) <= 2 or read_heading(heading[2] or "").kind != "other"


def escape_line(line: str, is_special: Callable[[str], object] = is_structure) -> str:
    """`line` with one more backslash before it if it is special but for the backslashes before."""
    blank, slashes, body = _split(line)
    return f"{blank}\\{slashes}{body}" if is_special(blank + body) else line


def unescape_line(line: str, is_special: Callable[[str], object] = is_structure) -> str:
    """The inverse of `escape_line`."""
    if "\\" not in line:
        return line
    blank, slashes, body = _split(line)
    return f"{blank}{slashes[1:]}{body}" if slashes and is_special(blank + body) else line


def escape_text(text: str, is_special: Callable[[str], object] = is_structure) -> str:
    """An author's text with a backslash before each line that would be read as structure.

    Fences that are closed stay as they are, with all that is in them.
    """
    lines = text.split("\n")
    probe = list(lines)
    while (blocks := read_blocks(probe)).unclosed is not None:
        probe[blocks.unclosed] = "\\" + probe[blocks.unclosed]
    return "\n".join(
        line if i in blocks.fenced else escape_line(line, is_special)
        for i, line in enumerate(lines)
    )


def _split(line: str) -> tuple[str, str, str]:
    """The blanks, the backslashes and the rest of a line."""
    match = _BACKSLASHES.match(line)
    assert match is not None  # every part of the pattern may be empty
    return match[1], match[2], match[3]
