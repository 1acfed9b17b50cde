"""A tiny model and a dataset of short rows, in the layout of `./planloom data build`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inference.start import prepare
from tests.tiny_models import make_tiny_model
from tickets.formats import FORMATS
from tickets.prompt import format_hash
from training.config import TrainConfig

prepare()  # before any test imports torch, as in use

PLAN = "# Plan\n\n### Epic {n}: Search\n**Story Points**: {n}\n**Dependencies**: None\n"
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random Llama of two layers."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny-model"))


@pytest.fixture(scope="session")
def tokenizer(model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model)


def row(n: int, tokenizer: Any, **changes: Any) -> dict[str, Any]:
    """Example `n` as the builder writes it, with true token counts for the tiny tokenizer."""
    from tickets.chat import encode_example, encode_prompt

    text = f"Document {n}: a search that finds {n} things."
    prompt = [
        {"role": "system", "content": "Plan."},
        {"role": "user", "content": f"<document>\n{text}\n</document>"},
    ]
    completion = [{"role": "assistant", "content": PLAN.format(n=n)}]
    before = len(encode_prompt(tokenizer, prompt))
    whole = len(encode_example(tokenizer, prompt, completion))
    return {
        "id": f"row-{n}",
        "prompt": prompt,
        "completion": completion,
        "prompt_tokens": before,
        "completion_tokens": whole - before,
        "format_hash": format_hash(),
    } | changes


def write_dataset(folder: Path, rows: list[dict[str, Any]], **manifest: Any) -> Path:
    """A dataset of these rows, the same ones held out."""
    for name in ("data/train.parquet", "cpu/train.parquet", "data/validation.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / name)
    content = {"formats": {name: form.hash for name, form in FORMATS.items()}, **manifest}
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")
    return folder


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    rows = [row(n, tokenizer) for n in range(1, 9)]
    return write_dataset(tmp_path_factory.mktemp("dataset"), rows)


def settings(output: Path, dataset: Path, model: Path) -> dict[str, Any]:
    """A run of a few steps, as YAML would give it."""
    return {
        "output": str(output),
        "model": str(model),
        "examples": {"path": str(dataset), "length": 512},
        "lora": {"rank": 8, "alpha": 16},
        "optimizer": {"learning_rate": 0.01, "warmup": 0, "accumulation": 2, "epochs": 2},
        "watch": {"every": 4, "rows": 2, "documents": 1, "tokens": 8},
        "save": 2,
        "log": 1,
        "report": [],
    }


@pytest.fixture
def config(tmp_path: Path, dataset: Path, model: Path) -> TrainConfig:
    return TrainConfig.model_validate(settings(tmp_path / "run", dataset, model))


def quietly(_text: str) -> None:
    pass


def weights(adapter: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(adapter / "adapter_model.safetensors")


def changed(config: TrainConfig, **changes: Any) -> TrainConfig:
    return TrainConfig.model_validate(config.model_dump() | changes)
