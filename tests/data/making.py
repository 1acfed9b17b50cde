"""Pairs, folders of them and a small tokenizer, for the tests of a build."""

import random
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers

from data.headers import write_pair
from tests.plans import epic, item, needs, story
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rows import Pair
from tickets.schema import Phase, Plan

TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def words(dice: random.Random, count: int) -> str:
    """Words that no other text has."""
    return " ".join(
        "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(3))
        for _ in range(count)
    )


def make_plan(seed: object) -> Plan:
    """A plan without errors, in words of its own."""
    dice = random.Random(f"plan {seed}")

    def text(number: str, **fields: Any) -> Any:
        criteria = tuple(words(dice, 9) for _ in range(2))
        given = {"name": words(dice, 2), "title": words(dice, 5), "description": words(dice, 12)}
        return story(number, **given, acceptance_criteria=criteria, **fields)

    plan = Plan(
        title=words(dice, 3),
        epics=(
            epic(1, text("1.1"), text("1.2", points=5)),
            epic(2, text("2.1", dependencies=needs("1.1"))),
        ),
        phases=(
            Phase(number=1, sprint="Sprint 1", name="A", items=(item("1.1"), item("1.2"))),
            Phase(number=2, sprint="Sprint 2", name="B", items=(item("2.1"),)),
        ),
    )
    return repair_plan(plan).plan


def make_pair(seed: object, **fields: Any) -> Pair:
    """A pair in words of its own; `fields` replace its fields."""
    dice = random.Random(f"document {seed}")
    usual = {
        "id": f"pair-{seed}",
        "document": f"# {words(dice, 4)}\n\n{words(dice, 60)}\n\n- {words(dice, 20)}\n",
        "plan": render_plan(make_plan(seed)),
        "source": "made",
        "domain": "shops",
        "style": "rfe",
        "author": "human",
        "licence": "MIT",
        "group": f"pair-{seed}",
    }
    return Pair.model_validate({**usual, **fields})


def write_pairs(folder: Path, *pairs: Pair) -> Path:
    """A folder of these pairs."""
    for pair in pairs:
        write_pair(folder, pair)
    return folder


def write_model(folder: Path) -> Path:
    """A model's folder as far as token counts go: each word and sign a token."""
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE, "utf-8")
    return folder
