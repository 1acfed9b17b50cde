"""A pair's examples in both formats, and those that are written from excerpts."""

from itertools import count

from data.split import draw
from data.steps import _SEED, EXCERPTS, ask
from tickets.prompt import document_of
from tickets.staged_plan import settle_outline

PLAN = settle_outline("""# Saved searches
1 Save searches | Search | Search Team | High
1.1 Save a search under a name | 5 | High
2 Show the list | Page | Page Team | Low
2.1 Show the newest search first in the list | 3 | Low
""").plan
DOCUMENT = "# Saved searches\n\nWhy.\n\n" + "\n\n".join(
    f"## Part {n}\n\n{text} {text}"
    for n, text in enumerate(
        ["Save a search under a name.", "Nothing else.", "Show the newest search first in a list."]
    )
)


def a_name(*, excerpted: bool) -> str:
    names = (f"pair-{n}" for n in count())
    return next(name for name in names if (draw(name, _SEED) < EXCERPTS) == excerpted)


def test_a_plan_is_one_example_or_one_for_each_step() -> None:
    name = a_name(excerpted=False)
    assert [each.id for each in ask("whole", name, DOCUMENT, PLAN)] == [name]
    staged = list(ask("staged", name, DOCUMENT, PLAN))
    assert [each.id for each in staged] == [
        f"{name}#{s}" for s in ("outline", "epic 1", "story 1.1", "epic 2", "story 2.1")
    ]
    assert all(document_of(each.prompt) == DOCUMENT for each in staged)
    assert staged[1].prompt[:2] == staged[0].prompt
    assert staged[1].prompt[2] == staged[0].completion[0]


def test_a_ticket_of_each_epic_is_also_written_from_an_excerpt() -> None:
    name = a_name(excerpted=True)
    *whole, one, two = ask("staged", name, DOCUMENT, PLAN)
    assert [each.id.partition("#")[0] for each in whole] == [name] * 5
    assert all(document_of(each.prompt) == DOCUMENT for each in whole)
    details = one, two
    completions = {each.id.partition("#")[2]: each.completion for each in whole}
    for number, each in enumerate(details, 1):
        place, _, step = each.id.partition("#")
        assert place == f"{name}@{number}"
        assert step in (f"epic {number}", f"story {number}.1")
        assert each.completion == completions[step]
    first, second = (document_of(each.prompt) for each in details)
    assert "Save a search" in first
    assert "## Part 2" not in first
    assert "newest search" in second
    assert "## Part 0" not in second


def test_excerpts_keep_what_an_epic_is_known_to_rest_on() -> None:
    known = [["Nothing else."], ["Save a search under a name."]]
    *_, one, two = ask("staged", a_name(excerpted=True), DOCUMENT, PLAN, known)
    first, second = (document_of(each.prompt) for each in (one, two))
    assert "## Part 1" in first
    assert "## Part 0" in second


def test_a_plan_that_says_a_title_twice_has_its_excerpts_too() -> None:
    name = a_name(excerpted=True)
    first, *stories = PLAN.epics[0].stories * 3
    epic = PLAN.epics[0].model_copy(update={"stories": (first, *stories)})
    doubled = PLAN.model_copy(update={"epics": (epic, *PLAN.epics[1:])})
    asked = list(ask("staged", name, DOCUMENT, doubled))
    assert len([each for each in asked if "@" in each.id]) == 2
