"""What reaches the model is what was proved: nothing on the way from rows to batches changes it."""

from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import changed, quietly, row, write_dataset
from training.config import TrainConfig
from training.train import make_trainer, prepare

pytestmark = pytest.mark.filterwarnings("ignore")

LONG = 1400


@pytest.fixture
def config_with_a_long_row(tmp_path: Path, config: TrainConfig, tokenizer: Any) -> TrainConfig:
    """Rows of which one is longer than TRL's own `max_length`, 1,024, allows."""
    long = [{"role": "assistant", "content": "# Plan\n" + "word " * (LONG // 5)}]
    probe = row(9, tokenizer)
    rows = [row(1, tokenizer), row(2, tokenizer), row(9, tokenizer, completion=long)]
    from tickets.chat import encode_example

    whole = len(encode_example(tokenizer, probe["prompt"], long))
    rows[2]["completion_tokens"] = whole - probe["prompt_tokens"]
    assert whole > 1024
    examples = {"path": write_dataset(tmp_path / "long", rows), "length": 2048}
    watch = config.watch.model_dump() | {"rows": 0, "documents": 0}
    return changed(config, examples=examples, watch=watch)


def sequences(
    batch: dict[str, Any], packing: bool
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Tokens and labels of each row in a batch; packed ones begin at position 0."""
    ids, labels = batch["input_ids"].tolist(), batch["labels"].tolist()
    if not packing:
        return [(tuple(a), tuple(b)) for a, b in zip(ids, labels, strict=True)]
    starts = (batch["position_ids"][0] == 0).nonzero().flatten().tolist()
    ends = [*starts[1:], len(ids[0])]
    return [(tuple(ids[0][a:b]), tuple(labels[0][a:b])) for a, b in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("packing", [False, True])
def test_batches_hold_each_row_whole_with_loss_on_its_completion_alone(
    config_with_a_long_row: TrainConfig, model: Path, packing: bool
) -> None:
    parts = prepare(config_with_a_long_row, model, quietly)
    config = changed(config_with_a_long_row, packing=packing)
    trainer = make_trainer(parts, config, [], quietly)
    found = [each for batch in trainer.get_train_dataloader() for each in sequences(batch, packing)]
    for ids, labels in found:
        mine = next(each for each in parts.rows if tuple(each.ids) == ids)
        # The first token of all is predicted from nothing; packing takes its label off.
        assert labels[1:] == tuple(mine.labels)[1:]
        assert labels[-1] == parts.tokenizer.eos_token_id
    assert sorted(len(ids) for ids, _ in found) == sorted(len(each.ids) for each in parts.rows)
