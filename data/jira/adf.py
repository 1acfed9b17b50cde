"""Atlassian Document Format as markdown: the descriptions of Jira Cloud's REST API, version 3.

A table of small functions over the node types of Atlassian's "Atlassian Document Format" reference
and JSON schema. The libraries that were tried are no use here: atlas-doc-parser drops the content
of types that it does not know, pyadf refuses the whole document for one. Here an unknown node gives
its content, and is counted.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from data.jira.issue import Notes

Node = Mapping[str, Any]
Write = Callable[[Node, Notes], str]

_DEEPEST = 60
"""Levels of nesting that are written with their form; editors allow far fewer, below this a
document is text."""


def adf_to_markdown(document: object, notes: Notes) -> str:
    """The markdown of an ADF document; mentions of people become `[person]` and are counted.

    Pictures and other media are left out. Anything that is no ADF node gives an empty text.
    """
    if not isinstance(document, Mapping):
        return ""
    return re.sub(r"\n{3,}", "\n\n", _write(document, notes)).strip()


def _write(node: object, notes: Notes, depth: int = 0) -> str:
    if not isinstance(node, Mapping):
        return ""
    if depth > _DEEPEST:
        return _plain(node, notes)
    kind = str(node.get("type", ""))
    write = NODES.get(kind)
    if write is None:
        notes.counts[f"unknown ADF node: {kind[:40]}"] += 1
        write = _unknown
    return write({**node, "depth": depth}, notes)


def _plain(node: Node, notes: Notes) -> str:
    """All text below `node`, without a recursion that deep nesting could exhaust."""
    notes.counts["ADF nested too deeply, kept as text"] += 1
    texts: list[str] = []
    waiting: list[Any] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            if item.get("type") == "text":
                texts.append(str(item.get("text", "")))
            waiting += reversed(_content(item))
    return " ".join(texts)


def _content(node: Node) -> list[Any]:
    content = node.get("content")
    return content if isinstance(content, list) else []


def _attribute(node: Node, name: str) -> str:
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, Mapping) else None
    return "" if value is None else str(value)


def _children(node: Node, notes: Notes) -> list[str]:
    return [_write(child, notes, node["depth"] + 1) for child in _content(node)]


def _inline(node: Node, notes: Notes) -> str:
    return "".join(_children(node, notes))


def _blocks(node: Node, notes: Notes) -> str:
    return "\n\n".join(block for block in _children(node, notes) if block.strip())


def _unknown(node: Node, notes: Notes) -> str:
    """Content of an unknown type: as blocks if it holds any, else as a run of text."""
    inline = all(isinstance(child, Mapping) and child.get("type") in INLINE_NODES
                 for child in _content(node))  # fmt: skip
    text = _inline(node, notes) if inline else _blocks(node, notes)
    return text or _attribute(node, "text")


def _text(node: Node, notes: Notes) -> str:
    text = str(node.get("text", ""))
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else []:
        if isinstance(mark, Mapping) and text.strip():
            text = _mark(text, mark)
    return text


def _mark(text: str, mark: Node) -> str:
    kind = mark.get("type")
    if kind == "link":
        target = _attribute(mark, "href")
        return f"<{target}>" if text == target else f"[{text}]({target})"
    sign = {"strong": "**", "em": "*", "strike": "~~", "code": "`"}.get(str(kind), "")
    # A blank inside the signs would make them none.
    core = text.strip()
    start = text.index(core)
    return f"{text[:start]}{sign}{core}{sign}{text[start + len(core) :]}"


def _heading(node: Node, notes: Notes) -> str:
    level = _attribute(node, "level")
    title = " ".join(_inline(node, notes).split())
    marks = "#" * (int(level) if re.fullmatch("[1-6]", level) else 1)
    return f"{marks} {title}" if title else ""


def _list(bullet: Callable[[int], str]) -> Write:
    def write(node: Node, notes: Notes) -> str:
        order = _attribute(node, "order")
        first = int(order) if order.isdecimal() and len(order) < 6 else 1
        items = (item for item in _children(node, notes) if item.strip())
        return "\n".join(_hang(bullet(number), item) for number, item in enumerate(items, first))

    return write


def _hang(bullet: str, text: str) -> str:
    """`text` behind its bullet, its further lines as deep as the first."""
    lines = re.sub(r"\n\n(?=\s*(?:[-*]|\d+\.) )", "\n", text).split("\n")
    pad = " " * len(bullet)
    return "\n".join([bullet + lines[0], *((pad + line).rstrip() for line in lines[1:])])


def _tasks(node: Node, notes: Notes) -> str:
    """A task list; a list nested in one stands beside the item that it belongs to."""
    lines = []
    for child in _content(node):
        text = _write(child, notes, node["depth"] + 1)
        nested = isinstance(child, Mapping) and child.get("type") == "taskList"
        lines.append("\n".join(f"  {line}" for line in text.split("\n")) if nested else text)
    return "\n".join(line for line in lines if line.strip())


def _task(node: Node, notes: Notes) -> str:
    box = "[x]" if _attribute(node, "state") == "DONE" else "[ ]"
    return _hang(f"- {box} ", _inline(node, notes).strip())


def _code(node: Node, notes: Notes) -> str:
    children = (child for child in _content(node) if isinstance(child, Mapping))
    body = "".join(str(child.get("text", "")) for child in children)
    fence = "````" if "```" in body else "```"
    return f"{fence}{_attribute(node, 'language')}\n{body}\n{fence}"


def _quote(node: Node, notes: Notes) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _blocks(node, notes).split("\n"))


def _expand(node: Node, notes: Notes) -> str:
    title = _attribute(node, "title")
    body = _blocks(node, notes)
    return f"**{title}**\n\n{body}" if title else body


def _table(node: Node, notes: Notes) -> str:
    rows = []
    for row in _content(node):
        cells = _content(row) if isinstance(row, Mapping) else []
        texts = (_write(cell, notes, node["depth"] + 2) for cell in cells)
        rows.append([re.sub(r"\n+", "<br>", text.strip()).replace("|", "\\|") for text in texts])
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _date(node: Node, notes: Notes) -> str:
    stamp = _attribute(node, "timestamp")  # milliseconds since 1970, as a text
    if not re.fullmatch(r"\d{1,14}", stamp):
        return stamp
    return datetime.fromtimestamp(int(stamp) / 1000, UTC).date().isoformat()


def _mention(node: Node, notes: Notes) -> str:
    name = _attribute(node, "text").removeprefix("@")
    notes.person("mention", (name,))
    return "[person]"


def _card(node: Node, notes: Notes) -> str:
    url = _attribute(node, "url")
    return f"<{url}>" if url else ""


def _media(node: Node, notes: Notes) -> str:
    notes.counts["pictures left out"] += 1
    return ""


NODES: Final[dict[str, Write]] = {
    # https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    "doc": _blocks,
    "paragraph": _inline,
    "heading": _heading,
    "bulletList": _list(lambda number: "- "),
    "orderedList": _list(lambda number: f"{number}. "),
    "listItem": _blocks,
    "taskList": _tasks,
    "taskItem": _task,
    "blockTaskItem": _task,
    "decisionList": _list(lambda number: "- "),
    "decisionItem": _inline,
    "codeBlock": _code,
    "blockquote": _quote,
    "panel": _quote,
    "rule": lambda node, notes: "---",
    "expand": _expand,
    "nestedExpand": _expand,
    "layoutSection": _blocks,
    "layoutColumn": _blocks,
    "table": _table,
    "tableRow": _blocks,
    "tableCell": _blocks,
    "tableHeader": _blocks,
    "bodiedExtension": _blocks,
    "extension": _unknown,
    "inlineExtension": _unknown,
    "caption": _inline,
    "mediaSingle": _blocks,
    "mediaGroup": _blocks,
    "media": _media,
    "mediaInline": _media,
    "text": _text,
    "hardBreak": lambda node, notes: "\n",
    "mention": _mention,
    "emoji": lambda node, notes: _attribute(node, "text"),
    "date": _date,
    "status": lambda node, notes: _attribute(node, "text"),
    "placeholder": lambda node, notes: "",
    "inlineCard": _card,
    "blockCard": _card,
    "embedCard": _card,
}
"""How each documented node type is written."""

INLINE_NODES: Final = frozenset(
    ("text", "hardBreak", "mention", "emoji", "date", "status", "placeholder", "inlineCard",
     "mediaInline", "inlineExtension")
)  # fmt: skip
