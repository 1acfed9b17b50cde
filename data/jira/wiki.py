"""Jira's wiki markup as markdown: the notation of Server's descriptions and of every CSV export.

The library jira2markdown converts what has markup in it. It tries 28 grammars at each character
(half a second for a description of 500), so it is given lines and tables one by one, with a first
grammar that takes plain words at once; words without markup, code and list markers never get
there. What takes part in no text (colours, anchors, pictures) is removed before.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_CODE = re.compile(
    r"\{(?P<macro>code|noformat)(?P<options>:[^}\n]*)?\}(?P<body>.*?)\{(?P=macro)\}", re.DOTALL
)
_LANGUAGE = re.compile(r"[\w#+.-]+")
_NO_TEXT = re.compile(
    r"\{(?:color|anchor|toc|html|section|column|div|span|align|loremipsum)(?::[^}\n]*)?\}"
    r"|!(?=\S)[^!\n|]{1,300}\.(?:png|jpe?g|gif|svg|bmp|webp|mp4|mov)(?:\|[^!\n]*)?!",
    re.IGNORECASE,
)
_PANEL = re.compile(
    r"\{(?P<macro>panel|info|note|tip|warning|expand)(?::(?P<options>[^}\n]*))?\}", re.IGNORECASE
)
_TITLE = re.compile(r"(?:^|\|)title=(?P<title>[^|]*)")
_STATUS = re.compile(r"\{status:(?:[^}\n|]*\|)*?title=(?P<title>[^}\n|]*)[^}\n]*\}")
_QUOTE = re.compile(r"\{quote\}(?P<body>.*?)\{quote\}", re.DOTALL)
_ITEM = re.compile(r"[ \t]*(?P<marks>[*#]+|-(?!-))[ \t]+(?P<text>.*)")
_HEADING = re.compile(r"[ \t]*h(?P<level>[1-6])\.[ \t]+(?P<text>.*)")
_CHECKBOX = re.compile(r"\[[ xX]\](?=\s|$)")
_ACTIVE = re.compile(r"[*_{}\[\]!^~+?\\|]|(?<!\w)-|https?:|ftp:|bq\. ")
_LONG_RUN = re.compile(r"([*_{}\[\]!^~+?-])\1{4}")
"""Five of a character: a drawn line or noise, no markup, and slow to look for markup in."""
_ESCAPED = re.compile(r"\\\\|\\([{}\[\]|*_+^~!?#(-])")
_SET_ASIDE = 0xE000
"""Where escaped characters wait, in Unicode's private use area, until the markup is converted."""
_WAITING = re.compile(r"[\ue000-\ue07f]")
_LONGEST_LINE = 4_000
_UNDERLINE = re.compile(r"</?u>")


def wiki_to_markdown(text: str) -> str:
    """The markdown of a text in Jira's wiki markup (Atlassian, "Text Formatting Notation Help").

    Text that has no such markup comes back as it is. Pictures are left out, colours and
    underlining lost; a line that the library cannot take stays as it was.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _ESCAPED.sub(
        lambda match: chr(_SET_ASIDE + ord(match[1])) if match[1] else match[0], text
    )
    parts: list[str] = []
    position = 0
    for match in _CODE.finditer(text):
        parts.append(_prose(text[position : match.start()]))
        parts.append(_code(match))
        position = match.end()
    parts.append(_prose(text[position:]))
    markdown = re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()
    return _WAITING.sub(lambda match: _back(match[0]), markdown)


def _back(waiting: str) -> str:
    return chr(ord(waiting) - _SET_ASIDE)


def _code(match: re.Match[str]) -> str:
    options = [option for option in (match["options"] or "")[1:].split("|") if "=" not in option]
    named = next((option for option in options if _LANGUAGE.fullmatch(option)), "")
    # Code has no escapes: its backslashes stay.
    body = _WAITING.sub(lambda waiting: "\\" + _back(waiting[0]), match["body"].strip("\n"))
    if "\n" not in body and match.string[: match.start()].rstrip(" \t")[-1:] not in ("", "\n"):
        return f"`{body.strip()}`" if body.strip() else ""
    fence = "````" if "```" in body else "```"
    return f"\n{fence}{named}\n{body}\n{fence}\n"


def _prose(text: str) -> str:
    """Everything between code: macros, then line by line."""
    text = _STATUS.sub(lambda match: match["title"], _NO_TEXT.sub("", text))
    text = _PANEL.sub(_panel, text)
    parts = []
    position = 0
    for match in _QUOTE.finditer(text):
        quoted = "\n".join(_lines(match["body"].strip().split("\n")))
        quote = "\n".join(f"> {line}".rstrip() for line in quoted.split("\n"))
        parts += ["\n".join(_lines(text[position : match.start()].split("\n"))), f"\n{quote}\n"]
        position = match.end()
    return "".join([*parts, "\n".join(_lines(text[position:].split("\n")))])


def _panel(match: re.Match[str]) -> str:
    title = _TITLE.search(match["options"] or "")
    return f"\n*{title['title'].strip()}*\n" if title and title["title"].strip() else "\n"


def _lines(lines: list[str]) -> Iterator[str]:
    """Headings, list items with their continuations, tables, and all other lines."""
    indent = ""
    table: list[str] = []
    for line in lines:
        if line.lstrip().startswith("|"):
            table.append(line.strip())
            continue
        if table:
            yield from ["", _convert("\n".join(table) + "\n").strip(), ""]
            table = []
        item, heading = _ITEM.fullmatch(line), _HEADING.fullmatch(line)
        if heading:
            indent = ""
            yield from ["", "#" * int(heading["level"]) + " " + _convert(heading["text"]), ""]
        elif item:
            marks = item["marks"]
            before = "".join("   " if mark == "#" else "  " for mark in marks[:-1])
            bullet = "1. " if marks[-1] == "#" else "- "
            indent = before + " " * len(bullet)
            yield before + bullet + _item(item["text"])
        elif line.strip():
            # A list item goes on until a blank line.
            yield "\n".join(indent + part for part in _convert(line).strip().split("\n"))
        else:
            indent = ""
            yield ""
    if table:
        yield from ["", _convert("\n".join(table) + "\n").strip()]


def _item(text: str) -> str:
    # The library would take the box of a checklist for a link.
    box = _CHECKBOX.match(text)
    if box is None:
        return _convert(text)
    return f"{box[0].lower()} {_convert(text[box.end() :].strip())}".rstrip()


def _convert(text: str) -> str:
    if (
        _ACTIVE.search(text) is None
        or _LONG_RUN.search(text)
        or max(map(len, text.split("\n"))) > _LONGEST_LINE
    ):
        return text
    grammar = _grammar()
    try:
        with _white_space():
            markdown = str(grammar.transform_string(text))
    except Exception:  # pyparsing raises what its parts do; the text is still a text
        return text
    return _UNDERLINE.sub("", markdown)


@contextmanager
def _white_space() -> Iterator[None]:
    """The library sets pyparsing's white space for the whole process; others need theirs."""
    from pyparsing import ParserElement

    kept = ParserElement.DEFAULT_WHITE_CHARS
    ParserElement.set_default_whitespace_chars("")
    try:
        yield
    finally:
        ParserElement.set_default_whitespace_chars(kept)


@cache
def _grammar() -> Any:
    """jira2markdown's grammar, built once, with plain words first and no escaping of asterisks
    (a model reads the text, no browser).
    """
    from pyparsing import Forward, ParserElement, Regex

    kept = ParserElement.DEFAULT_WHITE_CHARS
    from jira2markdown.elements import MarkupElements  # type: ignore[import-untyped]
    from jira2markdown.markup.base import AbstractMarkup  # type: ignore[import-untyped]
    from jira2markdown.markup.text_effects import (  # type: ignore[import-untyped]
        EscSpecialChars,
    )

    class Plain(AbstractMarkup):  # type: ignore[misc]
        """Words that begin no markup."""

        @property
        def expr(self) -> Any:
            return Regex(r"(?:(?!(?:https?|ftp)://|bq\. )\w+(?:[-'’]\w+)*[ ,.;:()'\"/]*)+")

    elements = MarkupElements()
    elements.remove(EscSpecialChars)
    elements.insert(0, Plain)
    with _white_space():
        inline, markup = Forward(), Forward()
        inline <<= elements.expr(
            inline, markup, {}, [element for element in elements if element.is_inline_element]
        )
        markup <<= elements.expr(inline, markup, {}, elements)
    # Importing the library has changed it already.
    ParserElement.set_default_whitespace_chars(kept)
    return markup
