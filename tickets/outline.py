"""A markdown document as a sequence of blocks: headings, paragraphs, lists and tables.

Feature documents are read with the whole of CommonMark and tables, unlike plans, whose lines are
read by `tickets.blocks` with fewer rules.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
LONGEST = 4000
_HTML_TAG = re.compile(
    r"<(?:!|/?(?:a|abbr|b|br|center|code|del|details|div|em|font|i|img|ins|kbd|li|mark|ol|p|pre|s"
    r"|samp|small|span|strike|strong|sub|summary|sup|table|td|th|tr|tt|u|ul|var)\b)",
    re.IGNORECASE,
)
_LONE_RETURN = re.compile(r"\r(?!\n)")


class Item(NamedTuple):
    """A list item: its first paragraph (markdown), its line from 0, the items below it."""

    content: str
    line: int
    children: tuple["Item", ...] = ()


class Row(NamedTuple):
    """A table row: the cells' markdown and the line from 0."""

    cells: tuple[str, ...]
    line: int


class Block(NamedTuple):
    """A block at the top of a document. A heading or paragraph has `content` (markdown), a list
    `items`, a table `rows`, the first of which is its header.
    """

    type: Literal["heading", "paragraph", "list", "table"]
    line: int
    content: str = ""
    items: tuple[Item, ...] = ()
    rows: tuple[Row, ...] = ()

    def texts(self) -> Iterator[str]:
        """Its markdown, piece by piece: the content, each item at any depth, each cell."""
        yield self.content
        waiting = [*self.items]
        for item in waiting:
            yield item.content
            waiting.extend(item.children)
        for row in self.rows:
            yield from row.cells


@cache
def _tokenizer() -> MarkdownIt:
    # Blocks only: the inline content of a long document is read where it is wanted.
    return MarkdownIt("commonmark").enable("table").disable("inline")


@cache
def _inline_tokenizer() -> MarkdownIt:
    return MarkdownIt("commonmark")


@lru_cache(maxsize=8)
def block_tokens(text: str) -> tuple[Token, ...]:
    """The markdown-it block tokens of a document, its YAML front matter blanked out."""
    front = FRONT_MATTER.match(text)
    if front:
        text = "\n" * front[0].count("\n") + text[front.end() :]
    # markdown-it counts a carriage return that stands alone as a line of its own.
    return tuple(_tokenizer().parse(_LONE_RETURN.sub(" ", text)))


@lru_cache(maxsize=4096)
def plain_text(content: str) -> str:
    """Inline markdown as one line of plain text: no emphasis, link target, image or HTML.

    Beyond `LONGEST` characters it is cut: nothing that is read line by line is longer, and
    nested brackets without an end take their square of time.
    """
    parts = []
    for token in _inline_tokenizer().parseInline(content[:LONGEST])[0].children or ():
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type == "html_inline" and not _HTML_TAG.match(token.content):
            parts.append(token.content)  # `<name>` stands for a name
        elif token.type in ("softbreak", "hardbreak", "html_inline"):
            parts.append(" ")
    return " ".join("".join(parts).split())


def read_outline(text: str) -> Iterator[Block]:
    """The blocks of a document in order; code, quotations, rules and raw HTML are left out."""
    tokens = block_tokens(text)
    i = 0
    while i < len(tokens):
        token, line = tokens[i], _line(tokens[i])
        end = _close(tokens, i)
        if token.type == "heading_open":
            yield Block("heading", line, content=tokens[i + 1].content)
        elif token.type == "paragraph_open":
            yield Block("paragraph", line, content=tokens[i + 1].content)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Block("list", line, items=_items(tokens, i, end))
        elif token.type == "table_open":
            yield Block("table", line, rows=_rows(tokens[i:end]))
        i = end


def _line(token: Token) -> int:
    return token.map[0] if token.map else 0


def _close(tokens: Sequence[Token], start: int) -> int:
    """The index behind the token that closes the one at `start`."""
    if tokens[start].nesting != 1:
        return start + 1
    level = tokens[start].level
    end = start + 1
    while not (tokens[end].nesting == -1 and tokens[end].level == level):
        end += 1
    return end + 1


def _items(tokens: Sequence[Token], start: int, end: int) -> tuple[Item, ...]:
    """The items of the list whose tokens are `tokens[start:end]`."""
    items: list[Item] = []
    i = start + 1
    while i < end - 1:
        close = _close(tokens, i)
        content, children = "", list[Item]()
        j = i + 1
        while j < close - 1:
            behind = _close(tokens, j)
            if tokens[j].type == "paragraph_open" and not content:
                content = tokens[j + 1].content
            elif tokens[j].type in ("bullet_list_open", "ordered_list_open"):
                children.extend(_items(tokens, j, behind))
            j = behind
        items.append(Item(content, _line(tokens[i]), tuple(children)))
        i = close
    return tuple(items)


def _rows(tokens: Sequence[Token]) -> tuple[Row, ...]:
    rows: list[Row] = []
    cells: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            cells = []
            rows.append(Row((), _line(token)))
        elif token.type == "inline":
            cells.append(token.content)
        elif token.type == "tr_close":
            rows[-1] = rows[-1]._replace(cells=tuple(cells))
    return tuple(rows)
