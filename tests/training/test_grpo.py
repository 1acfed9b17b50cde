"""The second stage: what it rewards, and that it runs on a tiny model."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plans import put, sound_plan
from tests.training.conftest import row, settings, write_dataset
from tickets.files import InputError
from tickets.prompt import build_messages, document_of
from tickets.render import render_plan
from training.grpo import GrpoConfig, reinforce
from training.reward import PlanReward, reward

pytestmark = pytest.mark.filterwarnings("ignore")

DOCUMENT = """# Shop

## Requirements

- The shop must have story 1.1 and story 1.2.
- The shop must have story 2.1.
"""


def test_a_better_plan_is_rewarded_more() -> None:
    sound = render_plan(sound_plan())
    faulty = render_plan(put(sound_plan(), ("epics", 0, "stories", 0, "acceptance_criteria"), ()))
    values = [reward(DOCUMENT, text, whole=True) for text in (sound, faulty, "words", "")]
    assert values[0] > values[1] > values[2] == values[3] == 0
    assert values[0] <= 1


def test_a_plan_that_was_cut_is_worth_nothing() -> None:
    sound = render_plan(sound_plan())
    assert reward(DOCUMENT, sound, whole=False) == 0
    rewards = PlanReward(end=7)
    prompt = build_messages(DOCUMENT)
    said = [{"role": "assistant", "content": sound}]
    cut, whole = rewards([prompt, prompt], [said, said], [[1, 2], [1, 7]])
    assert (cut, whole) == (0, reward(DOCUMENT, sound, whole=True))


def test_tickets_without_ground_are_worth_less(root: Path) -> None:
    def half(name: str) -> str:
        return (root / "data" / "curated" / name).read_text("utf-8").split("---\n", 2)[2]

    plan = half("podcast-sleep-timer.plan.md")
    own, other = (
        half(f"{name}.document.md") for name in ("podcast-sleep-timer", "rack-aware-placement")
    )
    assert reward(own, plan, whole=True) > reward(other, plan, whole=True) + 0.2


def test_the_document_is_found_in_the_prompt() -> None:
    assert document_of(build_messages(DOCUMENT)) == DOCUMENT.strip("\n")


def grpo_config(output: Path, dataset: Path, model: Path, **changes: Any) -> GrpoConfig:
    values = settings(output, dataset, model) | {"samples": 2, "tokens": 12} | changes
    values["optimizer"] |= {"batch": 2, "accumulation": 1, "steps": 2}
    return GrpoConfig.model_validate(values)


def test_it_runs_goes_on_and_leaves_an_adapter(tmp_path: Path, tokenizer: Any, model: Path) -> None:
    prompt = build_messages(DOCUMENT)
    rows = [row(n, tokenizer, prompt=prompt, prompt_tokens=0) for n in (1, 2)]
    for each in rows:
        from tickets.chat import encode_example, encode_prompt

        each["prompt_tokens"] = len(encode_prompt(tokenizer, prompt))
        whole = encode_example(tokenizer, prompt, each["completion"])
        each["completion_tokens"] = len(whole) - each["prompt_tokens"]
    dataset = write_dataset(tmp_path / "data", rows)
    config = grpo_config(tmp_path / "run", dataset, model)
    config = config.model_copy(
        update={"examples": config.examples.model_copy(update={"length": 4096})}
    )
    said: list[str] = []
    made = reinforce(config, model, said.append)
    assert made is not None
    log = [json.loads(line) for line in (made / "log.jsonl").read_text("utf-8").splitlines()]
    assert any("rewards/plan_reward/mean" in line for line in log)
    assert reinforce(config, model, said.append) == made


def test_groups_and_adapters_that_do_not_fit_are_refused(
    tmp_path: Path, dataset: Path, model: Path
) -> None:
    with pytest.raises(ValueError, match=r"must be a multiple of samples \(3\)"):
        grpo_config(tmp_path, dataset, model, samples=3)
    config = grpo_config(tmp_path / "run", dataset, model, adapter=tmp_path / "none")
    with pytest.raises(InputError, match="there is no adapter; train one first"):
        reinforce(config, model, print)
