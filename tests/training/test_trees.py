"""A tree of examples is computed as each of them alone would be."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.conftest import changed, quietly, settings, write_dataset
from tickets.chat import encode_example, encode_prompt
from tickets.files import InputError
from tickets.formats import FORMATS
from tickets.staged_plan import settle_outline
from training.config import Examples, TrainConfig
from training.rows import IGNORED, chosen_chats, make_rows, read_chats
from training.train import make_trainer, prepare, train
from training.trees import TreeCollator

OUTLINE = """# Search {n}
1 Find {n} things | Index | Index Team | High
1.1 Keep an index | 3 | High
2 Show {n} things | Page | Page Team | Low | after 1
2.1 List what was found | 5 | Low
"""
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A dataset of three pairs, each an outline and the details of two epics with a story each."""
    rows = []
    for n in range(3):
        plan = settle_outline(OUTLINE.format(n=n)).plan
        for step, completion in FORMATS["staged"].examples(f"It finds {n} things.", plan):
            answer = [{"role": "assistant", "content": completion}]
            before = len(encode_prompt(tokenizer, step.messages))
            whole = len(encode_example(tokenizer, step.messages, answer))
            rows.append(
                {
                    "id": f"pair-{n}#{step.name}",
                    "prompt": step.messages,
                    "completion": answer,
                    "prompt_tokens": before,
                    "completion_tokens": whole - before,
                    "format_hash": FORMATS["staged"].hash,
                }
            )
    folder = write_dataset(tmp_path_factory.mktemp("staged"), rows)
    for name in ("train", "validation"):
        (folder / "staged").mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / "staged" / f"{name}.parquet")
    return folder


@pytest.fixture
def config(tmp_path: Path, staged: Path, model: Path) -> TrainConfig:
    given = settings(tmp_path / "run", staged, model)
    given["examples"] |= {"format": "staged", "length": 3000}
    return TrainConfig.model_validate(given)


def test_the_steps_of_a_pair_are_one_row(staged: Path, tokenizer: Any) -> None:
    pairs = list(read_chats(staged, "all", "staged"))
    assert [len(chats) for chats in pairs] == [5, 5, 5]
    for chats, row in zip(pairs, make_rows(pairs, tokenizer, 3000), strict=True):
        trunk = row.ids[: row.parts[0]]
        start = 0
        for chat, size in zip(chats, row.parts, strict=True):
            own = row.ids[start : start + size]
            ids = encode_example(tokenizer, chat.prompt, chat.completion)
            assert (own if start == 0 else trunk + own) == ids
            completion = [label for label in row.labels[start : start + size] if label != IGNORED]
            assert completion == ids[-chat.tokens[1] :]
            start += size
        assert start == len(row.ids)


def test_pairs_are_chosen_whole_and_measured_joined(staged: Path, tokenizer: Any) -> None:
    everything = Examples(path=staged, format="staged")
    sizes = [len(row.ids) for row in make_rows(chosen_chats(everything), tokenizer, 3000)]
    least = min(sizes)
    some = Examples(path=staged, format="staged", between=(least, least))
    assert len(list(chosen_chats(some))) == sizes.count(least)
    (chats,) = chosen_chats(Examples(path=staged, format="staged", most=1))
    steps = ["outline", "epic 1", "story 1.1", "epic 2", "story 2.1"]
    assert [chat.id.partition("#")[2] for chat in chats] == steps
    with pytest.raises(InputError, match=f"row pair-0#outline: has {sizes[0]} tokens"):
        make_rows(chosen_chats(everything), tokenizer, sizes[0] - 1)


def test_logits_are_those_of_each_example_alone(staged: Path, model: Path, tokenizer: Any) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    net: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    net.eval()
    pairs = list(read_chats(staged, "all", "staged"))
    rows = make_rows(pairs, tokenizer, 3000)
    given = [{"input_ids": r.ids, "labels": r.labels, "parts": r.parts} for r in rows]
    batch = TreeCollator(0)(given)
    del batch["labels"]
    with torch.inference_mode():
        joined = net(**batch).logits
        for place, (chats, row) in enumerate(zip(pairs, rows, strict=True)):
            start = 0
            for chat, size in zip(chats, row.parts, strict=True):
                ids = encode_example(tokenizer, chat.prompt, chat.completion)
                alone = net(input_ids=torch.tensor([ids])).logits[0, -size:]
                found = joined[place, start : start + size]
                torch.testing.assert_close(found, alone, atol=1e-4, rtol=1e-4)
                start += size


def test_a_run_on_trees_trains_and_its_plans_are_made_in_steps(
    config: TrainConfig, model: Path
) -> None:
    said: list[str] = []
    adapter = train(config, model, said.append)
    assert adapter is not None
    assert FORMATS["staged"].hash in (adapter / "planloom.json").read_text("utf-8")
    assert any("conformance" in line for line in said)
    assert list(config.output.glob("plans/step-*/pair-*.plan.md"))


def test_a_step_of_trees_has_the_loss_of_its_examples(config: TrainConfig, model: Path) -> None:
    import torch

    parts = prepare(config, model, quietly)
    trainer = make_trainer(parts, config, [], quietly)
    batch = next(iter(trainer.get_train_dataloader()))
    with torch.no_grad():
        found = trainer.compute_loss(parts.model, dict(batch)).item()
    (row,) = [row for row in parts.rows if row.ids == batch["input_ids"][0].tolist()]
    trunk, total, count, start = row.parts[0], 0.0, 0, 0
    for size in row.parts:
        before = row.ids[:trunk] if start else []
        ids = torch.tensor([before + row.ids[start : start + size]])
        labels = [IGNORED] * len(before) + row.labels[start : start + size]
        target = torch.tensor([labels])[:, 1:]
        with torch.no_grad():
            logits = parts.model(input_ids=ids).logits[:, :-1].float()
        total += torch.nn.functional.cross_entropy(
            logits[0], target[0], ignore_index=IGNORED, reduction="sum"
        ).item()
        count += int((target != IGNORED).sum())
        start += size
    assert found == pytest.approx(total / count, rel=0.02)  # bf16


def test_what_does_not_go_together_is_refused(config: TrainConfig) -> None:
    examples = config.examples.model_dump() | {"subset": "cpu"}
    with pytest.raises(ValueError, match="no subset cpu"):
        changed(config, examples=examples)
    with pytest.raises(ValueError, match="packed already"):
        changed(config, packing=True)
