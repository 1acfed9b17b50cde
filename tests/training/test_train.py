"""The real trainer on a tiny model: what it learns, leaves and refuses."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference.lora import read_adapter
from inference.models import read_folder
from tests.tiny_models import make_tiny_model
from tests.training.conftest import changed, quietly, settings, weights
from tickets.files import InputError
from training.checkpoints import newest_whole
from training.config import TrainConfig
from training.train import make_trainer, prepare, train

# transformers, trl and torch warn about each other's newer ways.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, dataset: Path, model: Path
) -> tuple[TrainConfig, Path, list[str]]:
    output = tmp_path_factory.mktemp("trained") / "run"
    config = TrainConfig.model_validate(settings(output, dataset, model))
    said: list[str] = []
    adapter = train(config, model, said.append)
    assert adapter is not None
    return config, adapter, said


def test_it_leaves_an_adapter_that_the_engine_takes(
    trained: tuple[TrainConfig, Path, list[str]], model: Path
) -> None:
    import torch

    config, folder, said = trained
    adapter = read_adapter(folder, read_folder("tiny", model))
    assert adapter.rank == 8
    assert folder.parent == config.output
    assert {tensor.dtype for tensor in weights(folder).values()} == {torch.bfloat16}
    record = json.loads((folder / "planloom.json").read_text("utf-8"))
    assert record["run"]["steps"] == 8
    assert record["data"]["rows"] == 8
    assert yaml.safe_load((folder / "config.yaml").read_text("utf-8"))["lora"]["rank"] == 8
    card = (folder / "README.md").read_text("utf-8")
    assert yaml.safe_load(card.split("---")[1])["library_name"] == "peft"
    for picture in ("loss.png", "conformance.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")
        assert picture in card
    assert any("tokens/s" in line and "min left" in line for line in said)


def test_it_learns_and_logs_what_matters_apart(
    trained: tuple[TrainConfig, Path, list[str]],
) -> None:
    _, folder, _ = trained
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    losses = [line["loss"] for line in log if "loss" in line]
    assert losses[-1] < losses[0] - 0.1
    looks = [line for line in log if "eval_loss" in line]
    assert {"eval_loss_points", "eval_loss_dependencies", "eval_loss_headings"} <= looks[0].keys()
    assert [line["step"] for line in log if "plan_conformance" in line] == [4, 8]


def test_plans_are_written_at_each_look(trained: tuple[TrainConfig, Path, list[str]]) -> None:
    config, _, _ = trained
    written = sorted(path.parent.name for path in config.output.glob("plans/*/*.plan.md"))
    assert written == ["step-4", "step-8"]


def test_the_same_command_again_gives_the_same_adapter(
    trained: tuple[TrainConfig, Path, list[str]], model: Path
) -> None:
    config, folder, _ = trained
    assert train(config, model, quietly) == folder


def test_a_folder_is_named_by_its_content(
    trained: tuple[TrainConfig, Path, list[str]], tmp_path: Path, model: Path
) -> None:
    config, folder, _ = trained
    other = train(changed(config, output=tmp_path / "run", seed=1), model, quietly)
    assert other is not None
    assert other.name != folder.name


def test_packed_rows_do_not_see_each_other(config: TrainConfig, model: Path) -> None:
    import torch

    parts = prepare(config, model, quietly)
    with torch.no_grad():  # as it is made, it answers alike whatever it has read
        for weight in parts.model.parameters():
            weight.mul_(8)
    apart = make_trainer(parts, config, [], quietly)
    examples = config.examples.model_dump() | {"length": 1024}
    packed = make_trainer(parts, changed(config, packing=True, examples=examples), [], quietly)
    batch = next(iter(packed.get_train_dataloader()))
    assert batch["input_ids"].shape[0] == 1
    starts = int((batch["position_ids"] == 0).sum())
    assert starts > 2, "nothing was packed"
    with torch.no_grad():
        together = packed.compute_loss(packed.model, dict(batch))
        total, count = 0.0, 0
        order = {tuple(each.ids): each for each in parts.rows}
        ids = batch["input_ids"][0].tolist()
        places = (batch["position_ids"][0] == 0).nonzero().flatten().tolist()
        for start, end in zip(places, [*places[1:], len(ids)], strict=True):
            row = order[tuple(ids[start:end])]
            one = {
                "input_ids": torch.tensor([row.ids]),
                "labels": torch.tensor([row.labels]),
                "attention_mask": torch.ones(1, len(row.ids), dtype=torch.long),
            }
            own = row.with_loss
            total += float(apart.compute_loss(apart.model, one)) * own
            count += own
    assert float(together) == pytest.approx(total / count, rel=2e-3)


def test_a_batch_of_padded_rows_has_the_loss_of_its_rows(config: TrainConfig, model: Path) -> None:
    import torch

    parts = prepare(config, model, quietly)
    trainer = make_trainer(parts, config, [], quietly)
    short, long = parts.rows[0], max(parts.rows, key=lambda row: len(row.ids))
    width = len(long.ids) + 5
    batch = {
        "input_ids": torch.zeros(2, width, dtype=torch.long),
        "labels": torch.full((2, width), -100),
        "attention_mask": torch.zeros(2, width, dtype=torch.long),
    }
    for place, row in enumerate((short, long)):
        batch["input_ids"][place, : len(row.ids)] = torch.tensor(row.ids)
        batch["labels"][place, : len(row.ids)] = torch.tensor(row.labels)
        batch["attention_mask"][place, : len(row.ids)] = 1
    with torch.no_grad():
        both = float(trainer.compute_loss(trainer.model, batch))
        each = []
        for row in (short, long):
            labels = torch.tensor([row.labels])
            logits = trainer.model(input_ids=torch.tensor([row.ids])).logits[0, :-1]
            each.append(
                torch.nn.functional.cross_entropy(
                    logits.float(), labels[0, 1:], ignore_index=-100, reduction="sum"
                ).item()
            )
    count = sum(row.with_loss for row in (short, long))
    assert both == pytest.approx(sum(each) / count, rel=2e-3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantize": "4bit"}, "a GPU is missing; set quantize=no"),
        ({"packing": True}, "on a CPU packed rows are slower"),
        ({"lora": {"rank": 8, "targets": ("q_projection",)}}, "called down_proj, gate_proj"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_the_first_step(
    config: TrainConfig, model: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        train(changed(config, **changes), model, quietly)
    assert not config.output.exists()


def test_too_little_memory_or_disk_is_said_before_the_first_step(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import estimate

    monkeypatch.setattr(estimate, "memory_held", lambda: 10_000)
    monkeypatch.setattr(estimate, "free_memory", lambda: 10_000)
    with pytest.raises(InputError, match=r"GiB more memory is needed and 0.0 GiB are free"):
        train(config, model, quietly)
    monkeypatch.undo()
    usage = type("Usage", (), {"free": 1_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match="MiB are needed for checkpoints"):
        train(config, model, quietly)


def test_another_run_does_not_go_on_from_its_checkpoints(
    trained: tuple[TrainConfig, Path, list[str]], model: Path
) -> None:
    config, _, _ = trained
    other = changed(config, lora={"rank": 16, "alpha": 16})
    with pytest.raises(InputError, match=r"holds a run that differs in lora.rank 8 -> 16"):
        train(other, model, quietly)


def test_a_full_disk_keeps_the_last_good_checkpoint(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    save = Trainer._save_optimizer_and_scheduler
    saved: list[str] = []

    def full(self: Any, folder: str) -> None:
        save(self, folder)
        saved.append(folder)
        if len(saved) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", full)
    with pytest.raises(InputError, match=r"No space left on device.*goes on from checkpoint-2"):
        train(config, model, quietly)
    monkeypatch.undo()
    assert [path.name for path in config.output.glob("checkpoint-*")] == ["checkpoint-2"]
    assert train(config, model, quietly) is not None


def test_want_of_memory_in_a_step_is_said_with_its_remedy(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.trainer import PlanTrainer

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr(PlanTrainer, "compute_loss", fails)
    with pytest.raises(InputError, match=r"needs more memory than there is.*checkpoint=true"):
        train(config, model, quietly)


def test_an_interrupt_saves_and_says_how_to_go_on(
    config: TrainConfig, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.callbacks import Progress

    def press(_self: Any, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        if state.global_step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "on_log", press)
    said: list[str] = []
    assert train(config, model, said.append) is None
    assert newest_whole(config.output) == config.output / "checkpoint-4"
    assert "the same command goes on from" in said[-1]
    monkeypatch.undo()
    assert train(config, model, quietly) is not None


def test_a_dry_run_shows_what_carries_loss_and_trains_nothing(
    config: TrainConfig, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    assert train(config, model, said.append, dry_run=True) is None
    shown = capsys.readouterr().out
    assert shown.count("⟦# Plan") == 1
    assert "<|end|>⟧" in shown
    assert not config.output.exists()
    assert any("hours for 8 steps of 2 rows" in line for line in said)


def test_it_ends_when_the_plans_conform(config: TrainConfig, model: Path) -> None:
    watch = config.watch.model_dump() | {"enough": 0.0}
    assert train(changed(config, watch=watch), model, quietly) is not None
    state = json.loads((config.output / "checkpoint-4" / "trainer_state.json").read_text("utf-8"))
    assert state["global_step"] == 4
    assert not (config.output / "checkpoint-8").exists()


@pytest.mark.parametrize("kind", ["Qwen3Config", "GraniteConfig"])
def test_other_architectures_of_the_configs_take_the_same_path(
    config: TrainConfig, tmp_path: Path, kind: str
) -> None:
    folder = make_tiny_model(tmp_path / kind, kind=kind)
    optimizer = config.optimizer.model_dump() | {"steps": 2}
    short = changed(config, optimizer=optimizer, checkpoint=True, model=str(folder))
    said: list[str] = []
    assert train(short, folder, said.append, dry_run=True) is None
    assert any("hours for 2 steps" in line for line in said)
    made = train(short, folder, quietly)
    assert made is not None
    assert read_adapter(made, read_folder("tiny", folder)).rank == 8


def test_it_goes_on_from_an_adapter(
    trained: tuple[TrainConfig, Path, list[str]], tmp_path: Path, model: Path
) -> None:
    config, folder, _ = trained
    further = changed(config, output=tmp_path / "run", adapter=folder)
    made = train(further, model, quietly)
    assert made is not None
    logs = [(adapter / "log.jsonl").read_text("utf-8").splitlines() for adapter in (folder, made)]
    first = [json.loads(log[0])["loss"] for log in logs]
    assert first[1] < first[0] - 0.05
    with pytest.raises(InputError, match=r"has rank 8, and lora.rank is 16"):
        train(changed(further, lora={"rank": 16}), model, quietly)
    with pytest.raises(InputError, match="there is no adapter; train one first"):
        train(changed(further, adapter=tmp_path / "none"), model, quietly)
