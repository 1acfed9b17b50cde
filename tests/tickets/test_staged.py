"""Outlines and details: what a person's plan keeps in them, and what the grammar takes."""

from pathlib import Path

import pytest
import xgrammar

from tickets.headers import read_header
from tickets.parse import parse_plan
from tickets.schema import Plan, Ref, Story
from tickets.staged_detail import asked_for, detail_grammar, read_details, write_detail
from tickets.staged_outline import outline_grammar, outline_of, read_outline, write_outline
from tickets.text import one_line

CURATED = sorted((Path(__file__).parents[2] / "data" / "curated").glob("*.plan.md"))
BYTES = xgrammar.TokenizerInfo([bytes([i]) for i in range(256)] + ["</s>"], stop_token_ids=[256])


def curated(path: Path) -> Plan:
    return parse_plan(read_header(path.read_text("utf-8"))[1]).plan


def accepts(grammar: str, text: str) -> bool:
    compiler = xgrammar.GrammarCompiler(BYTES, cache_enabled=False)
    matcher = xgrammar.GrammarMatcher(compiler.compile_grammar(grammar))
    return bool(matcher.accept_string(text) and matcher.accept_token(256))


@pytest.mark.parametrize("path", CURATED[::9], ids=lambda path: path.stem)
def test_a_plan_survives_its_outline_and_its_details(path: Path) -> None:
    plan = curated(path)
    text = write_outline(plan)
    found = read_outline(text)
    assert found.diagnostics == ()
    assert found.plan == outline_of(plan)
    assert accepts(outline_grammar(), text)
    asked = [ticket for epic in plan.epics for ticket in asked_for(epic)]
    details = [write_detail(ticket) for ticket in asked]
    refs = [ticket.ref for ticket in asked]
    assert texts(read_details(found.plan, dict(zip(refs, details, strict=True)))) == texts(plan)
    bare = [ticket for epic in found.plan.epics for ticket in asked_for(epic)]
    assert all(accepts(detail_grammar(b), text) for b, text in zip(bare, details, strict=True))


def texts(plan: Plan) -> list[tuple[Ref, str, tuple[str, ...]]]:
    return [
        (t.ref, str(one_line(t.description)), t.acceptance_criteria if isinstance(t, Story) else ())
        for _, t in plan.tickets()
    ]


def test_an_outline_has_room_for_more_epics_than_a_whole_plan() -> None:
    epics = [f"{e} Part {e} | C{e} | Team {e} | High\n{e}.1 Do {e} | 5 | High\n" for e in range(14)]
    assert accepts(outline_grammar(), "# All\n" + "".join(epics[1:13]))
    assert not accepts(outline_grammar(), "# All\n" + "".join(epics[1:14]))


def test_the_points_of_a_story_with_tasks_are_theirs() -> None:
    text = "# A\n1 B | C | D Team | High\n1.1 bug: E | Low\n1.1.1 F | 2 | after 1\n"
    plan = read_outline(text).plan
    assert write_outline(plan) == text
    (story,) = plan.epics[0].stories
    assert (story.type, story.points, story.tasks[0].points) == ("Bug", None, 2)
    assert story.tasks[0].dependencies[0].completion
    assert accepts(outline_grammar(), text)
    assert not accepts(outline_grammar(), text.replace("1.1.1 F | 2 | after 1\n", ""))


def test_what_cannot_be_read_is_told_with_its_line() -> None:
    text = "```\n# A\n1.1 B | 3 | High\n1 C\nand then?\n  - 1.1. D | soon | after X\n```\n"
    found = read_outline(text)
    assert [(each.line, each.code) for each in found.diagnostics] == [
        (3, "O103"), (5, "O101"), (6, "O102"), (6, "O102"),
    ]  # fmt: skip
    assert found.plan.epics[0].stories[0].title == "D"
    assert found.line_of(("epics", 0, "stories", 0)) == 6


def test_tickets_without_details_stay_empty() -> None:
    bare = read_outline("# A\n1 B | C | D\n1.1 E | 3 | High\n1.2 F | 3 | High\n").plan
    details = {
        Ref.of("1"): "1 Why.\n1.2 Too early.\n- It is not asked for\n",
        Ref.of(
            "1.1"
        ): "How.\n- When it is done\n1.2 Too early.\n- It is not asked for\n3.1 Lost.\n",
    }
    (made,) = read_details(bare, details).epics
    assert (made.description, made.stories[0].description) == ("Why.", "How.")
    assert made.stories[0].acceptance_criteria == ("When it is done",)
    assert (made.stories[1].description, made.stories[1].acceptance_criteria) == ("", ())
