import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.conftest import settings
from tickets.config import load_config
from tickets.files import InputError
from training.config import TrainConfig
from training.grpo import GrpoConfig


def load(tmp_path: Path, *overrides: str) -> TrainConfig:
    file = tmp_path / "run.yaml"
    file.write_text(yaml.safe_dump(settings(tmp_path / "out", tmp_path / "data", tmp_path)))
    return load_config(TrainConfig, file, overrides)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("lora.rank=12", "rank 12 is none that vLLM makes room for"),
        ("lora.targets=[lm_head]", "vLLM loads no adapter on lm_head"),
        ("lora.use_dora=true", "lora.use_dora: there is no such key"),
        ("optimizer.learning_rate=3", "less than 1 (given: 3)"),
        ("watch.rows=0", "enough needs"),
        ("watch.patience=2", "must be a multiple of watch.every"),
    ],
)
def test_what_would_fail_later_is_said_at_the_door(
    tmp_path: Path, override: str, said: str
) -> None:
    extra = ["watch.documents=0", "watch.enough=0.9"] if "rows" in override else []
    with pytest.raises(InputError) as caught:
        load(tmp_path, override, *extra)
    assert said in str(caught.value)


def test_overrides_reach_the_config(tmp_path: Path) -> None:
    assert load(tmp_path, "optimizer.steps=7").optimizer.steps == 7


def configs() -> list[Path]:
    return sorted((Path(__file__).parents[2] / "configs" / "train").glob("*.yaml"))


@pytest.mark.parametrize("file", configs(), ids=lambda file: file.stem)
def test_every_config_loads_and_says_how_to_run_it(file: Path) -> None:
    kind: Any = GrpoConfig if "grpo" in file.stem else TrainConfig
    config = load_config(kind, file)
    assert config.output.parts[0] == "out"
    head = file.read_text("utf-8").partition("\n\n")[0]
    assert f"configs/train/{file.name}" in head
    assert "GiB" in head


def test_needs_are_estimated_for_each_config() -> None:
    from scripts.training_needs import CONFIGS, needs

    sizes = {}
    for file in configs():
        if "grpo" not in file.stem:
            config = load_config(TrainConfig, CONFIGS / file.name)
            gpu, spread = "cpu" not in file.stem, "fsdp" in file.stem
            sizes[file.stem] = needs(config, on_gpu=gpu, spread=spread)
            (said,) = re.findall(r"needs about (\d+) GiB", file.read_text("utf-8"))
            most = math.ceil(sizes[file.stem][2] / 2**30)
            # The rows of the CPU subset are shorter than they may be.
            assert int(said) == most or (config.examples.subset == "cpu" and int(said) < most)
    assert sizes["smollm2-135m-cpu"][0] == pytest.approx(134.5e6, rel=0.001)
    assert sizes["qwen3-4b-gpu"][0] == pytest.approx(4.02e9, rel=0.01)
    assert sizes["granite-8b-fsdp"][0] == pytest.approx(8.17e9, rel=0.01)
    assert sizes["qwen3-4b-qlora-gpu"][2] < sizes["qwen3-4b-gpu"][2] / 2
