"""Wiki markup, by Atlassian's "Text Formatting Notation Help"."""

import time

import pytest
from pyparsing import ParserElement

from data.jira.wiki import wiki_to_markdown


@pytest.mark.parametrize(
    ("wiki", "markdown"),
    [
        ("Plain words: nothing; else (at all).", "Plain words: nothing; else (at all)."),
        ("h2. A *bold* title\ntext", "## A **bold** title\n\ntext"),
        ("*strong* _emphasis_ -gone- {{code}}", "**strong** _emphasis_ ~~gone~~ `code`"),
        ("snake_case_name and a-b-c, 2*3*4", "snake_case_name and a-b-c, 2*3*4"),
        ("{color:red}red\nstill{color} +under+", "red\nstill under"),
        ("* one\n** two\n*# three\n* four", "- one\n  - two\n  1. three\n- four"),
        ("# one\n## two\n# three", "1. one\n   1. two\n1. three"),
        ("- dash\nstill the item\n\nnew", "- dash\n  still the item\n\nnew"),
        ("* [ ] open\n* [x] done", "- [ ] open\n- [x] done"),
        ("[docs|https://example.com/a_b_c] https://example.com/x_y_z",
         "[docs](https://example.com/a_b_c) https://example.com/x_y_z"),
        ("||A||B||\n|a|*b*|", "|A|B|\n|---|---|\n|a|**b**|"),
        ("{code:python|title=x.py}\n* no list\n{code}", "```python\n* no list\n```"),
        ("{code:title=x.py|borderStyle=solid}\nx\n{code}", "```\nx\n```"),
        ("{noformat}\nh1. raw \\{\n{noformat}", "```\nh1. raw \\{\n```"),
        ("bq. said\n\n{quote}\n* a\n{quote}", "> said\n\n> - a"),
        ("{panel:title=Why|borderStyle=dashed}\nbecause\n{panel}", "**Why**\n\nbecause"),
        ("see !shot.png|thumbnail! here", "see  here"),
        ("really!? yes! no!", "really!? yes! no!"),
        ("{status:colour=Green|title=DONE} x", "DONE x"),
        (r"not \*bold\*, \[no link\]", "not *bold*, [no link]"),
        ("one\\\\two", "one\ntwo"),
        ("[person] and [email]", "[person] and [email]"),
        ("a\r\nb", "a\nb"),
        ("", ""),
    ],
)  # fmt: skip
def test_notation(wiki: str, markdown: str) -> None:
    assert wiki_to_markdown(wiki) == markdown


@pytest.mark.parametrize(
    "text", ["{code}\nnever closed", "{quote}", "*" * 5_000, "[" * 3_000, "||", "|a", "h1. ", "{{"]
)
def test_broken_markup_stays_a_text(text: str) -> None:
    assert wiki_to_markdown(text).strip("# ") != "" or text == "h1. "


def test_plain_text_never_reaches_the_library() -> None:
    """Half a second for 500 characters would make a history of 10,000 issues unusable."""
    text = "\n".join(f"* item {i} is a longer list item with words in it" for i in range(500))
    start = time.process_time()
    assert wiki_to_markdown(text).startswith("- item 0 is")
    assert time.process_time() - start < 1


def test_other_grammars_keep_their_white_space() -> None:
    before = ParserElement.DEFAULT_WHITE_CHARS
    wiki_to_markdown("*bold*")
    assert before == ParserElement.DEFAULT_WHITE_CHARS != ""
