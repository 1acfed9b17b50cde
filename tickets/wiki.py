"""Markdown in Jira's wiki notation (Atlassian: "Text Formatting Notation Help")."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_LITERAL: Final = re.compile(
    r"(?P<url>\bhttps?://[^\s|\[\]{}]+)"
    r"|[{}\[\]|\\]"  # macros, links, tables and the escape itself: wherever they stand
    r"|(?<!\w)[*_+^~-](?=\S)|(?<!\w)!(?=\w)|\?\?"  # what opens an emphasis, image or citation
    r"|\((?=(?:[!?*/+xyni-]|on|off)\))"  # what opens an icon
    r"|\A(?:[*#-]+(?=\s)|#)",  # what begins a list's line
    re.ASCII,
)
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9+#-]+")
_MARKS: Final = {
    "strong_open": "*",
    "strong_close": "*",
    "em_open": "_",
    "em_close": "_",
    "s_open": "-",
    "s_close": "-",
    "softbreak": " ",
    "hardbreak": "\n",
}


@cache
def _tokenizer() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def to_wiki(markdown: str) -> str:
    """`markdown` in wiki notation, without a newline at its end.

    What Jira would read as notation and markdown does not is escaped. Images become links, so that
    opening a ticket loads nothing from elsewhere; HTML is text.
    """
    return _blocks(_tokenizer().parse(markdown), "").strip("\n")


def _blocks(tokens: Sequence[Token], marker: str) -> str:
    """The blocks of `tokens`; `marker` is that of the list they stand in, as in `*#`.

    A blank line would end a list, so in one there is none.
    """
    parts = []
    i = 0
    while i < len(tokens):
        end = _end(tokens, i)
        parts.append(_BLOCKS.get(tokens[i].type, _plain)(tokens[i:end], marker))
        i = end
    return ("\n" if marker else "\n\n").join(part for part in parts if part)


def _end(tokens: Sequence[Token], start: int) -> int:
    """The index behind the token that closes the one at `start`."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += tokens[i].nesting
        if depth == 0:
            return i + 1
    return len(tokens)


def _heading(tokens: Sequence[Token], _: str) -> str:
    return f"h{tokens[0].tag[1]}. {_inline(tokens[1])}"


def _list(tokens: Sequence[Token], marker: str) -> str:
    marker += "*" if tokens[0].type == "bullet_list_open" else "#"
    lines = []
    i = 1
    while i < len(tokens) - 1:
        end = _end(tokens, i)
        first = _end(tokens, i + 1)
        inner = tokens[i + 1 : end - 1]
        if inner and inner[0].type == "paragraph_open":
            lines.append(f"{marker} {_blocks(tokens[i + 1 : first], marker)}")
            inner = tokens[first : end - 1]
        lines.append(_blocks(inner, marker))
        i = end
    return "\n".join(line for line in lines if line)


def _quote(tokens: Sequence[Token], marker: str) -> str:
    return f"{{quote}}\n{_blocks(tokens[1:-1], marker)}\n{{quote}}"


def _code(tokens: Sequence[Token], _: str) -> str:
    language = _LANGUAGE.match(tokens[0].info.strip())
    text = tokens[0].content.removesuffix("\n").replace("{code", "{ code")
    return f"{{code{':' + language[0] if language else ''}}}\n{text}\n{{code}}"


def _table(tokens: Sequence[Token], _: str) -> str:
    rows: list[str] = []
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            rows.append("")
        elif token.type == "inline":
            mark = "||" if before.type == "th_open" else "|"
            rows[-1] += f"{mark}{_inline(token) or ' '}"
        elif token.type == "tr_close":
            rows[-1] += "||" if before.type == "th_close" else "|"
    return "\n".join(rows)


def _plain(tokens: Sequence[Token], _: str) -> str:
    """A paragraph, or a block of HTML."""
    inline = [token for token in tokens if token.type == "inline"]
    return "\n".join(map(_inline, inline)) if inline else literal(tokens[0].content.strip())


_BLOCKS: Final[dict[str, Callable[[Sequence[Token], str], str]]] = {
    "heading_open": _heading,
    "bullet_list_open": _list,
    "ordered_list_open": _list,
    "blockquote_open": _quote,
    "fence": _code,
    "code_block": _code,
    "table_open": _table,
    "hr": lambda _tokens, _marker: "----",
}
"""How each kind of block is written; the others are paragraphs."""


def _inline(token: Token) -> str:
    parts: list[str] = []
    targets: list[str] = []
    words = ""  # markdown-it cuts a text at what might have been a mark, an address too
    for child in (*(token.children or ()), Token("end", "", 0)):
        if child.type in ("text", "html_inline"):
            words += child.content
            continue
        parts.append(literal(words))
        words = ""
        if child.type in _MARKS:
            parts.append(_MARKS[child.type])
        elif child.type == "code_inline":
            parts.append(f"{{{{{literal(child.content)}}}}}")
        elif child.type == "link_open":
            targets.append(_target(child.attrGet("href")))
            parts.append("[")
        elif child.type == "link_close":
            parts.append(f"|{targets.pop()}]")
        elif child.type == "image":
            name = literal(child.content) or "image"
            parts.append(name if targets else f"[{name}|{_target(child.attrGet('src'))}]")
    return "".join(parts).strip()


def _target(url: str | int | float | None) -> str:
    """A link's target; markdown-it has let only harmless schemes through, percent-encoded."""
    return str(url or "").replace("|", "%7C").replace("[", "%5B").replace("]", "%5D")


def literal(text: str) -> str:
    """`text` so that Jira shows it as it is."""
    return _LITERAL.sub(lambda match: match["url"] or f"\\{match[0]}", text)
