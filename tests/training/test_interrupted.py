"""Runs that are killed, stopped or out of disk, by the command that a user types."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.training.conftest import changed, quietly, weights
from training.checkpoints import is_whole, newest_whole
from training.config import TrainConfig
from training.train import train

pytestmark = pytest.mark.filterwarnings("ignore")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path, config: TrainConfig) -> tuple[TrainConfig, Path]:
    """A run of 16 steps with a checkpoint at each second, and its file."""
    optimizer = config.optimizer.model_dump() | {"epochs": 4}
    longer = changed(config, output=tmp_path / "run", optimizer=optimizer)
    return longer, write(longer, tmp_path / "run.yaml")


def write(config: TrainConfig, file: Path) -> Path:
    file.write_text(yaml.safe_dump(config.model_dump(mode="json")), "utf-8")
    return file


def start(file: Path, *command: str) -> subprocess.Popen[str]:
    command = command or ("-m", "scripts.cli", "train")
    return subprocess.Popen(
        [sys.executable, *command, str(file)],
        # On one thread sums have one order, so that the same steps give the same bits.
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop_at(step: int, file: Path, how: signal.Signals) -> tuple[int, str]:
    """Send a signal to a run when it says that it is at `step`; its status and what it said."""
    process = start(file)
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if f"planloom: step {step}/" in line:
            process.send_signal(how)
            break
    said += process.stderr.read()
    return process.wait(), said


def curve(adapter: Path) -> list[tuple[int, str, float]]:
    lines = (adapter / "log.jsonl").read_text("utf-8").splitlines()
    return [
        (line["step"], name, line[name])
        for line in map(json.loads, lines)
        for name in ("loss", "eval_loss", "plan_conformance")
        if name in line
    ]


def test_killed_at_three_random_moments_it_ends_as_if_nothing_had_been(
    run: tuple[TrainConfig, Path], tmp_path: Path
) -> None:
    import torch

    config, file = run
    for step in sorted(random.Random(4).sample(range(3, 15), 3)):
        status, said = stop_at(step, file, signal.SIGKILL)
        assert status == -signal.SIGKILL, said
        assert newest_whole(config.output) is not None
        assert not list(config.output.glob("adapter-*"))
    status, said = stop_at(15, file, signal.SIGINT)
    assert status == 130, said
    assert "going on from" in said
    assert f"the same command goes on from {config.output / 'checkpoint-16'}" in said
    last = start(file)
    assert last.wait() == 0
    alone = changed(config, output=tmp_path / "alone")
    other = start(write(alone, tmp_path / "alone.yaml"))
    assert other.wait() == 0

    (made,), (expected,) = (list(each.output.glob("adapter-*")) for each in (config, alone))
    assert curve(made) == curve(expected)
    theirs, ours = weights(expected), weights(made)
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=0)
    assert made.name == expected.name


def test_a_checkpoint_that_a_kill_left_half_written_is_passed_over(
    run: tuple[TrainConfig, Path],
) -> None:
    config, file = run
    killed = f"""
import os, signal, sys
from transformers import Trainer
from training.train import main

save = Trainer._save_rng_state

def dies(self, folder):
    if folder.endswith("checkpoint-6"):
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, folder)

Trainer._save_rng_state = dies
main([{str(file)!r}])
"""
    process = start(file, "-c", killed)
    assert process.wait() == -signal.SIGKILL
    half = config.output / "checkpoint-6"
    assert (half / "optimizer.pt").is_file()
    assert not is_whole(half)
    assert newest_whole(config.output) == config.output / "checkpoint-4"
    said: list[str] = []
    assert train(config, Path(config.model), said.append) is not None
    assert any(line.startswith(f"going on from {config.output / 'checkpoint-4'}") for line in said)


@pytest.mark.parametrize("documents", [0, 1])  # the checkpoint, or before it a plan
def test_a_disk_that_is_really_full_keeps_the_last_good_checkpoint(
    config: TrainConfig, model: Path, tmp_path: Path, documents: int
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        watch = config.watch.model_dump() | {"documents": documents}
        full = changed(config, output=disk / "run", watch=watch)
        file = write(full, tmp_path / "full.yaml")
        ballast = disk / "ballast"

        process = start(file)
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "planloom: step 3/" in line:
                fill(ballast)
        assert process.wait() == 2, said
        assert "Traceback" not in said
        message = said.splitlines()[-1]
        assert f"{full.output}: cannot be written (" in message
        # Which one is the last depends on how soon the disk is full after the third step.
        assert "free space there, and the same command then goes on from checkpoint-" in message
        assert newest_whole(full.output) is not None
        ballast.unlink()
        assert train(full, model, quietly) is not None
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(file: Path) -> None:
    """Take all that is left of the disk."""
    with file.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"\0" * 4096)
        except OSError:
            pass
