"""Several processes, with whole copies of the weights and with each a part of them (FSDP)."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.training.conftest import changed, quietly, settings, weights
from tickets.files import InputError
from training.checkpoints import newest_whole
from training.config import TrainConfig
from training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def alone(
    tmp_path_factory: pytest.TempPathFactory, dataset: Path, model: Path
) -> tuple[TrainConfig, Path]:
    """The configuration and adapter of one process."""
    output = tmp_path_factory.mktemp("alone") / "run"
    config = TrainConfig.model_validate(settings(output, dataset, model))
    watch = config.watch.model_dump() | {"documents": 0}
    config = changed(config, watch=watch)
    adapter = train(config, model, quietly)
    assert adapter is not None
    return config, adapter


def for_two(config: TrainConfig, place: Path) -> tuple[TrainConfig, Path]:
    """The same batches for two processes, as a configuration and its file."""
    optimizer = config.optimizer.model_dump() | {"accumulation": 1}
    both = changed(config, output=place / "run", optimizer=optimizer)
    file = place / "run.yaml"
    file.write_text(yaml.safe_dump(both.model_dump(mode="json")), "utf-8")
    return both, file


def start(launch: Sequence[str], file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *launch, str(file)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def with_fsdp(module: str) -> list[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    config = str(ROOT / "configs" / "accelerate" / "fsdp.yaml")
    launch = ["-m", "accelerate.commands.launch", "--config_file", config, "--num_processes", "2"]
    return [*launch, "--main_process_port", port, "-m", module]


def losses(adapter: Path) -> list[float]:
    lines = (adapter / "log.jsonl").read_text("utf-8").splitlines()
    return [line["loss"] for line in map(json.loads, lines) if "loss" in line]


def check_alike(made: Path, expected: Path) -> None:
    import torch

    theirs, ours = weights(expected), weights(made)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0.05, atol=5e-3)
    assert losses(made) == pytest.approx(losses(expected), rel=0.02)


def test_two_processes_learn_what_one_learns_of_the_same_batches(
    alone: tuple[TrainConfig, Path], tmp_path: Path
) -> None:
    both, file = for_two(alone[0], tmp_path)
    # What accelerate starts too; on CPUs it would ask for MPI.
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    process = start([*launch, "-m", "training.train"], file)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said[-3000:]
    (made,) = both.output.glob("adapter-*")
    check_alike(made, alone[1])


def test_fsdp_is_killed_goes_on_and_leaves_what_one_process_leaves(
    alone: tuple[TrainConfig, Path], tmp_path: Path
) -> None:
    both, file = for_two(alone[0], tmp_path)
    process = start(with_fsdp("tests.training.fsdp_on_cpu"), file)
    try:
        deadline = time.monotonic() + 240
        while newest_whole(both.output) is None and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()[1][-3000:]
            time.sleep(0.01)
    finally:
        started = psutil.Process(process.pid)
        for each in (started, *started.children(recursive=True)):
            each.kill()
        process.communicate()
    last = newest_whole(both.output)
    assert last is not None
    assert (last / "pytorch_model_fsdp.bin").is_file(), "the weights were not spread"
    assert not list(both.output.glob("adapter-*"))

    process = start(with_fsdp("tests.training.fsdp_on_cpu"), file)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said[-3000:]
    assert "going on from" in said
    (made,) = both.output.glob("adapter-*")
    check_alike(made, alone[1])


def test_plans_of_spread_weights_are_refused_before_the_first_step(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(InputError, match=r"watch.documents=1: under FSDP .*set watch.documents=0"):
        train(config, model, quietly)
    assert not config.output.exists()


def test_one_process_does_not_take_several_gpus(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    with pytest.raises(InputError, match=r"4 GPUs are visible.*CUDA_VISIBLE_DEVICES=0.*accelerate"):
        train(config, model, quietly)
    monkeypatch.setenv("LOCAL_RANK", "0")
    from training.arguments import check_processes

    check_processes(config)


def test_spread_weights_need_less_memory_of_each(config: TrainConfig, model: Path) -> None:
    from training.estimate import estimate_memory
    from training.model import load_model

    tuned = load_model(config, model)

    def need(shards: int) -> Any:
        return estimate_memory(tuned, config, 10, 10, on_gpu=True, shards=shards)

    trained = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    assert need(1) - need(1000) > 12 * trained
