"""Markdown in Jira's wiki notation."""

import re

import pytest
from hypothesis import given

from tests.strategies import texts
from tickets.wiki import to_wiki


@pytest.mark.parametrize(
    ("markdown", "wiki"),
    [
        ("", ""),
        ("Plain words,\nin one paragraph.", "Plain words, in one paragraph."),
        ("one\n\ntwo", "one\n\ntwo"),
        ("one  \ntwo", "one\ntwo"),
        ("### A *head*", "h3. A _head_"),
        ("**bold** _it_ ~~gone~~ `code`", "*bold* _it_ -gone- {{code}}"),
        ("- a\n  - b\n- c", "* a\n** b\n* c"),
        ("1. a\n2. b\n   - c", "# a\n# b\n#* c"),
        ("- a\n\n  more\n\n- b", "* a\nmore\n* b"),
        ("- ```\n  x\n  ```", "{code}\nx\n{code}"),
        ("[docs](https://a.b/c)", "[docs|https://a.b/c]"),
        ("<https://a.b/c>", "[https://a.b/c|https://a.b/c]"),
        ("see https://a.b/~c/-d?e=*f~~", "see https://a.b/~c/-d?e=*f~~"),
        ("[x](javascript:alert)", "\\[x\\](javascript:alert)"),
        ("[x](http://a/b%5D|c)", "[x|http://a/b%5D%7Cc]"),
        ("![plan](http://a/b.png)", "[plan|http://a/b.png]"),
        ("```py\nx = {1}\n```", "{code:py}\nx = {1}\n{code}"),
        ("```py}{html\n{code}x\n```", "{code:py}\n{ code}x\n{code}"),
        ("    indented", "{code}\nindented\n{code}"),
        ("> quoted", "{quote}\nquoted\n{quote}"),
        ("a\n\n---\n\nb", "a\n\n----\n\nb"),
        ("| a | b |\n|---|---|\n| 1 | |", "||a||b||\n|1| |"),
        ("<script>x</script>", "<script>x</script>"),
        ("a <b>x</b>", "a <b>x</b>"),
        ("{code} [~user] !img! a|b c??d", "\\{code\\} \\[\\~user\\] \\!img! a\\|b c\\??d"),
        ("well-known snake_case 2 - 3 a*b", "well-known snake_case 2 - 3 a*b"),
        ("\\*not bold\\* -not struck- +1", "\\*not bold* \\-not struck- \\+1"),
        ("takes (x) or (off), not (xy)", "takes \\(x) or \\(off), not (xy)"),
        ("\\- no list", "\\- no list"),
        ("C:\\path", "C:\\\\path"),
    ],
)
def test_each_form(markdown: str, wiki: str) -> None:
    assert to_wiki(markdown) == wiki


MACRO = re.compile(r"(?<!\\)\{(?!\{|\}|code\}|code:[\w+#-]+\}|quote\})")


@given(texts())
def test_any_text_is_converted_and_opens_no_macro_of_its_own(text: str) -> None:
    wiki = to_wiki(text)
    outside = re.sub(r"\{code[^}]*\}\n.*?\n\{code\}|\{\{.*?\}\}", "", wiki, flags=re.DOTALL)
    assert not MACRO.search(outside)
