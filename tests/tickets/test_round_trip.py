"""A plan written and read again is the same plan, whatever stands in its texts."""

from pathlib import Path

import pytest
from hypothesis import given

from tests.strategies import likely_plans, plans, texts
from tickets.blocks import escape_text, is_structure, read_blocks, unescape_line
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.schema import Plan

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"


@given(plans())
def test_any_plan_survives_writing_and_reading(plan: Plan) -> None:
    markdown = render_plan(plan)
    result = parse_plan(markdown)
    assert result.plan == plan
    assert render_plan(result.plan) == markdown


@given(likely_plans())
def test_a_likely_plan_survives_without_a_leniency(plan: Plan) -> None:
    result = parse_plan(render_plan(plan), strict=True)
    assert result.plan == plan
    assert result.diagnostics == ()


@given(texts())
def test_any_text_is_read_and_what_was_read_is_stable(text: str) -> None:
    plan = parse_plan(text).plan
    assert parse_plan(render_plan(plan)).plan == plan


@given(texts())
def test_escaped_text_has_no_structure_and_comes_back(text: str) -> None:
    lines = text.replace("\r", "").split("\n")
    escaped = escape_text("\n".join(lines)).split("\n")
    blocks = read_blocks(escaped)
    assert blocks.unclosed is None
    assert not any(is_structure(x) for i, x in enumerate(escaped) if i not in blocks.fenced)
    back = [x if i in blocks.fenced else unescape_line(x) for i, x in enumerate(escaped)]
    assert back == lines


@pytest.mark.parametrize("name", ["example-1.md", "example-2.md"])
def test_the_origins_examples_survive(name: str) -> None:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip("the origin's examples are not beside this checkout")
    first = parse_plan(path.read_text())
    again = parse_plan(render_plan(first.plan), strict=True)
    assert again.plan == first.plan
    assert again.diagnostics == ()
    assert len(list(first.plan.tickets())) > 4


@given(texts())
def test_headings_are_found_alike_with_and_without_the_tokenizer(text: str) -> None:
    lines = text.replace("\r", "").replace("```", "").replace("~~~", "").split("\n")
    # A fence below makes the same lines go through the tokenizer.
    assert read_blocks(lines).headings == read_blocks([*lines, "", "```"]).headings
