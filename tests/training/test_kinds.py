from typing import Any

from tests.plans import sound_plan
from tickets.render import render_plan
from training.kinds import KINDS, TokenKinds


def parts(tokenizer: Any, text: str) -> dict[str, str]:
    ids = tokenizer.encode(text, add_special_tokens=False)
    found = dict.fromkeys(KINDS, "")
    for token, kind in zip(ids, TokenKinds(tokenizer).of(ids), strict=True):
        found[KINDS[kind]] += tokenizer.decode([token])
    return found


def test_each_token_has_the_kind_of_its_place(tokenizer: Any) -> None:
    text = "### Epic 1: A\n**Story Points**: 13\n**Dependencies**: Story 1.2\nwords 8\n"
    found = parts(tokenizer, text)
    assert found["headings"] == "### Epic 1: A\n"
    assert found["points"] == "13"
    assert found["dependencies"] == "Story1.2"
    assert found["text"] == "**Story Points**: \n**Dependencies**:  \nwords 8\n"


def test_a_plan_has_all_kinds(tokenizer: Any) -> None:
    # A byte of an arrow is no character by itself.
    text = render_plan(sound_plan()).encode("ascii", "ignore").decode("ascii")
    found = parts(tokenizer, text)
    assert all(found.values())
    assert sum(map(len, found.values())) == len(text)
