"""ADF, by Atlassian's "Atlassian Document Format" reference."""

from typing import Any

import pytest

from data.jira.adf import adf_to_markdown
from data.jira.issue import Notes

Node = dict[str, Any]


def text(words: str, *marks: Node) -> Node:
    return {"type": "text", "text": words, "marks": list(marks)}


def node(kind: str, *content: Node, **attrs: Any) -> Node:
    return {"type": kind, "content": list(content), "attrs": attrs}


def paragraph(words: str) -> Node:
    return node("paragraph", text(words))


STRONG, CODE = {"type": "strong"}, {"type": "code"}
LINK = {"type": "link", "attrs": {"href": "https://example.com/a"}}


@pytest.mark.parametrize(
    ("content", "markdown"),
    [
        (node("heading", text("Title"), level=3), "### Title"),
        (node("heading", text("Title"), level=12), "# Title"),
        (node("paragraph", text("a"), text(" b ", STRONG), text("c", CODE)), "a **b** `c`"),
        (node("paragraph", text("docs", LINK)), "[docs](https://example.com/a)"),
        (node("paragraph", text("https://example.com/a", LINK)), "<https://example.com/a>"),
        (node("paragraph", text("a"), {"type": "hardBreak"}, text("b")), "a\nb"),
        (node("orderedList", node("listItem", paragraph("a")), node("listItem", paragraph("b")),
              order=3), "3. a\n4. b"),
        (node("bulletList", node("listItem", paragraph("a"),
              node("bulletList", node("listItem", paragraph("b"))))), "- a\n  - b"),
        (node("taskList", node("taskItem", text("a"), state="TODO"),
              node("taskList", node("taskItem", text("b"), state="DONE"))),
         "- [ ] a\n  - [x] b"),
        (node("decisionList", node("decisionItem", text("We do it"))), "- We do it"),
        (node("codeBlock", text("x = 1"), language="python"), "```python\nx = 1\n```"),
        (node("codeBlock", text("```")), "````\n```\n````"),
        (node("blockquote", paragraph("a"), paragraph("b")), "> a\n>\n> b"),
        (node("panel", paragraph("Mind"), panelType="warning"), "> Mind"),
        (node("expand", paragraph("inside"), title="More"), "**More**\n\ninside"),
        (node("rule"), "---"),
        (node("table", node("tableRow", node("tableHeader", paragraph("A"))),
              node("tableRow", node("tableCell", paragraph("a|b"), paragraph("c")),
                   node("tableCell", paragraph("d")))),
         "| A |  |\n| --- | --- |\n| a\\|b<br>c | d |"),
        (node("layoutSection", node("layoutColumn", paragraph("l")),
              node("layoutColumn", paragraph("r"))), "l\n\nr"),
        (node("paragraph", node("date", timestamp="1709510400000")), "2024-03-04"),
        (node("paragraph", node("status", text="DONE", color="green")), "DONE"),
        (node("paragraph", node("emoji", shortName=":tada:", text="🎉")), "🎉"),
        (node("paragraph", node("inlineCard", url="https://example.com/x.md")),
         "<https://example.com/x.md>"),
        (node("mediaSingle", node("media", id="1", type="file")), ""),
        (node("bodiedExtension", paragraph("kept"), extensionKey="x"), "kept"),
        (node("notYetKnown", paragraph("a"), paragraph("b")), "a\n\nb"),
    ],
)  # fmt: skip
def test_nodes(content: Node, markdown: str) -> None:
    document = {"type": "doc", "version": 1, "content": [content]}
    assert adf_to_markdown(document, Notes()) == markdown


def test_people_are_counted_and_not_kept() -> None:
    notes = Notes()
    mention = node("mention", id="5b10a2844c20165700ede21f", text="@Nora Quist")
    assert adf_to_markdown(node("doc", node("paragraph", mention)), notes) == "[person]"
    assert notes.counts["person: mention"] == 1
    assert notes.people == {"Nora Quist"}


def test_what_is_unknown_is_counted() -> None:
    notes = Notes()
    adf_to_markdown(node("doc", node("notYetKnown", paragraph("a"))), notes)
    assert notes.counts == {"unknown ADF node: notYetKnown": 1}


def test_deep_nesting_is_a_text() -> None:
    deep: Node = text("bottom")
    for _ in range(5_000):
        deep = {"type": "blockquote", "content": [deep]}
    assert adf_to_markdown(node("doc", deep), Notes()).endswith("bottom")


@pytest.mark.parametrize(
    "value",
    [
        *(None, "text", 5, [], {}, {"type": "doc"}, {"content": [None]}),
        {"type": "doc", "content": [None, "x", {"type": "text"}]},
        {"type": "doc", "content": [{"type": "table", "content": [3]}]},
        {"type": "doc", "content": [{"type": "codeBlock", "content": [None, 3]}]},
    ],
)
def test_damaged_documents_do_not_raise(value: object) -> None:
    assert adf_to_markdown(value, Notes()) in ("", "```\n\n```")
