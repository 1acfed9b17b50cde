"""What cannot be used is refused before the first step, with value, place and remedy."""

import json
import os
import resource
import shutil
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest

from tests.tiny_models import make_tiny_model
from tests.training.conftest import changed, quietly, row, write_dataset
from tickets.files import InputError
from tickets.prompt import format_hash
from training import estimate
from training.config import TrainConfig
from training.identity import identity, weights_hash
from training.rows import read_chats
from training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, dataset: Path, model: Path
) -> tuple[Path, Path]:
    """An adapter, and a checkpoint of its run."""
    from tests.training.conftest import settings

    place = tmp_path_factory.mktemp("trained") / "run"
    config = TrainConfig.model_validate(settings(place, dataset, model))
    optimizer = config.optimizer.model_dump() | {"steps": 2}
    adapter = train(changed(config, optimizer=optimizer), model, quietly)
    assert adapter is not None
    return adapter, place / "checkpoint-2"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A model of the same shapes with other contents."""
    return make_tiny_model(tmp_path / "other", context=2048)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": "text"}, "has prompt as string; prompt and completion are lists of messages"),
        (
            {"completion": [{"from": "gpt"}]},
            "has completion as list<element: struct<from",
        ),
        ({"prompt_tokens": "7"}, "has prompt_tokens as string"),
    ],
)
def test_columns_of_another_type_are_named(
    tmp_path: Path, tokenizer: Any, changes: dict[str, Any], said: str
) -> None:
    dataset = write_dataset(tmp_path, [row(1, tokenizer, **changes)])
    with pytest.raises(InputError) as caught:
        list(read_chats(dataset, "all"))
    assert said in str(caught.value)
    assert "build the dataset again" in str(caught.value)


def test_a_file_that_is_damaged_in_the_middle_is_named_in_one_line(
    tmp_path: Path, tokenizer: Any
) -> None:
    file = write_dataset(tmp_path, [row(1, tokenizer)]) / "data/train.parquet"
    content = bytearray(file.read_bytes())
    start = pq.ParquetFile(file).metadata.row_group(0).column(0).data_page_offset
    content[start : start + 30] = b"x" * 30
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"train\.parquet: is damaged") as caught:
        list(read_chats(tmp_path, "all"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("which", [0, 1])
def test_an_adapter_or_checkpoint_of_another_model_is_not_gone_on_from(
    config: TrainConfig, trained: tuple[Path, Path], model: Path, other: Path, which: int
) -> None:
    began = changed(config, adapter=trained[which])
    with pytest.raises(InputError) as caught:
        train(began, other, quietly)
    hashes = weights_hash(model)[:12], weights_hash(other)[:12]
    assert f"trained for the base model {hashes[0]}, this one is {hashes[1]}" in str(caught.value)
    assert not config.output.exists()


def test_an_adapter_of_another_format_is_taught_this_one(
    config: TrainConfig, trained: tuple[Path, Path], model: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(trained[0], tmp_path / "old")
    record = folder / "planloom.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"format_hash": "0" * 16}))
    begun = changed(config, adapter=folder)
    said: list[str] = []
    made = train(begun, model, said.append)
    assert f"{folder} knows the format {'0' * 16}; it is taught {format_hash()}" in said
    assert made is not None
    assert f"which knew the format `{'0' * 16}`." in (made / "README.md").read_text("utf-8")
    with pytest.raises(InputError, match=f"format {'0' * 16}, .*{format_hash()}; begin with"):
        identity(begun, model, "", set(), teaches=False)
    record.write_text("{")
    with pytest.raises(InputError, match="its record cannot be read"):
        train(changed(config, adapter=folder), model, quietly)


def test_a_limit_on_memory_counts_as_what_is_free(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda _: (taken + 2**20, taken + 2**20))
    assert estimate.free_memory() <= 2**20
    monkeypatch.setattr(estimate, "memory_held", lambda: 0)
    with pytest.raises(InputError, match=r"GiB more memory is needed and 0\.0 GiB are free"):
        train(config, model, quietly)


def test_a_folder_that_cannot_be_written_is_refused(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(InputError, match=r"run: cannot be written; name another output"):
        train(config, model, quietly)
