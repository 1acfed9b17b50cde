"""The adapters that come with Planloom: of this format, as vLLM loads them, with their records."""

import json
from pathlib import Path

import pytest
import yaml

from inference.lora import SHIPPED
from inference.models import read_header
from tickets.adapters import RECORD, check_adapter_config
from tickets.formats import FORMATS, find_format
from tickets.models import EMBEDDED


def adapters() -> list[Path]:
    return sorted(path for path in SHIPPED.iterdir() if path.is_dir())


def test_the_embedded_model_has_one_of_each_format() -> None:
    names = {f"{model}-{form}" for model in EMBEDDED for form in FORMATS}
    assert {path.name for path in adapters()} == names


@pytest.mark.parametrize("folder", adapters(), ids=lambda folder: folder.name)
def test_it_can_be_used_and_says_where_it_comes_from(root: Path, folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text("utf-8"))
    form = find_format(record["format_hash"])
    assert form is not None, "the format has changed: train it anew"
    assert folder.name == f"{record['model']['name']}-{form.name}"
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    assert check_adapter_config(config, folder.name) == 16
    weights = folder / "adapter_model.safetensors"
    assert read_header(weights)
    assert weights.stat().st_size <= 16 * 2**20
    settings = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
    named = [
        yaml.safe_load(file.read_text("utf-8"))["output"]
        for file in (root / "configs" / "train").glob("*.yaml")
    ]
    assert settings["output"] in named, "no committed configuration makes it"
    assert (folder / "log.jsonl").read_text("utf-8").count('"loss"') > 5
    assert yaml.safe_load((folder / "README.md").read_text("utf-8").split("---")[1])["tags"]
