"""Training against a bare TRL script with the same settings, one after the other in one run.

    .venv/bin/python -m scripts.bench.training [--dataset out/dataset] [--rows 6] [--packing]

Both train the same adapter on the same rows of the CPU subset, without looks at held-out pairs,
each in a process of its own. The first step is warm-up and not counted. Speed counts the seconds of
the clock and those of the processor, which other work on the machine disturbs less; memory is the
peak of the process, or of the GPU where there is one. With --packing (on a GPU) packed rows are
measured too. MFU is that of `trl.trainer.utils.compute_flops_per_token`, less what the frozen
weights save (their own gradients, a third), over the device's peak that --peak gives in TFLOP/s.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from inference.models import find_model
from inference.start import prepare
from scripts.setup import ROOT
from tickets.models import DEFAULT_MODEL


def main(
    dataset: Annotated[Path, typer.Option(help="A dataset of `data build`.")] = Path("out/dataset"),
    rows: Annotated[int, typer.Option(min=2, help="Rows that are trained on, one a step.")] = 6,
    packing: Annotated[bool, typer.Option("--packing", help="Packed rows too (GPU).")] = False,
    peak: Annotated[float, typer.Option(help="The device's bf16 TFLOP/s, for MFU.")] = 0,
) -> None:
    """Measure and print."""
    kinds = ["bare", "ours", *(["packed"] if packing else [])]
    print(
        f"{'':<8} {'tokens/s':>9} {'per cpu s':>10} {'peak GiB':>9} {'loss':>7}"
        + " MFU" * bool(peak)
    )
    found = {kind: _run(kind, dataset, rows) for kind in kinds}
    for kind, each in found.items():
        line = (
            f"{kind:<8} {each['speed']:>9.1f} {each['cpu_speed']:>10.1f} "
            f"{each['memory'] / 2**30:>9.2f} {each['loss']:>7.3f}"
        )
        if peak:
            line += f" {each['speed'] * each['flops'] / (peak * 1e12):.1%}"
        print(line)
    bare = found["bare"]
    for kind in kinds[1:]:
        each = found[kind]
        print(
            f"{kind} / bare: speed {each['speed'] / bare['speed']:.2f} "
            f"(processor {each['cpu_speed'] / bare['cpu_speed']:.2f}), "
            f"memory {each['memory'] / bare['memory']:.2f}"
        )


def _run(kind: str, dataset: Path, rows: int) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "scripts.bench.training",
        "--one",
        kind,
        str(dataset),
        str(rows),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def one(kind: str, dataset: Path, rows: int) -> None:
    """Train one way in this process; prints its figures as JSON."""
    prepare()
    from transformers import TrainerCallback
    from trl.trainer.utils import compute_flops_per_token

    from training.train import quiet

    quiet()
    model = find_model(DEFAULT_MODEL, lambda _: None).path

    class Clock(TrainerCallback):
        """Times all steps but the first."""

        started = (0.0, 0.0)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 1:
                self.started = (time.perf_counter(), time.process_time())

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        make = _bare if kind == "bare" else _ours
        trainer, lengths = make(Path(folder), model, dataset, rows, clock, packed=kind == "packed")
        trainer.train()
        wall = time.perf_counter() - clock.started[0]
        cpu = time.process_time() - clock.started[1]
    import torch

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated()
    seen = int(trainer.state.num_input_tokens_seen) - lengths[0]
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    config = trainer.model.config.get_text_config()
    figures = {
        "speed": seen / wall,
        "cpu_speed": seen / cpu,
        "memory": peak,
        "loss": sum(losses) / len(losses),
        "flops": compute_flops_per_token(config, sum(lengths) // len(lengths)) * 2 / 3,
    }
    print(json.dumps(figures))


def _ours(
    folder: Path, model: Path, dataset: Path, rows: int, clock: Any, *, packed: bool
) -> tuple[Any, list[int]]:
    from training.config import TrainConfig
    from training.train import make_trainer, prepare

    config = TrainConfig.model_validate(
        {
            "output": folder,
            "model": DEFAULT_MODEL,
            "examples": {"path": dataset, "subset": "cpu", "most": rows},
            "optimizer": {"learning_rate": 1e-4, "warmup": 0},
            "watch": {"every": 1000, "rows": 0, "documents": 0},
            "packing": packed,
            "save": 10_000,
            "log": 1,
            "report": [],
        }
    )
    parts = prepare(config, model, lambda _: None)
    trainer = make_trainer(parts, config, [clock], lambda _: None)
    return trainer, _order(trainer)


def _bare(
    folder: Path, model: Path, dataset: Path, rows: int, clock: Any, *, packed: bool
) -> tuple[Any, list[int]]:
    """What TRL's own documentation would have one write, with the same settings."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    data = load_dataset("parquet", data_files=str(dataset / "cpu/train.parquet"), split="train")
    data = data.select(range(rows)).select_columns(["prompt", "completion"])
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16),
        args=SFTConfig(
            output_dir=str(folder),
            per_device_train_batch_size=1,
            num_train_epochs=1,
            learning_rate=1e-4,
            lr_scheduler_type="cosine",
            bf16=True,
            use_cpu=not torch.cuda.is_available(),
            gradient_checkpointing=False,
            max_length=None,
            packing=packed,
            save_strategy="no",
            logging_steps=1,
            include_num_input_tokens_seen="all",
            report_to="none",
            seed=0,
            dataloader_pin_memory=torch.cuda.is_available(),
            disable_tqdm=True,
        ),
        train_dataset=data,
        peft_config=LoraConfig(
            task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"
        ),
        callbacks=[clock],
    )
    return trainer, _order(trainer)


def _order(trainer: Any) -> list[int]:
    """The tokens of each batch, in the order in which the trainer takes them."""
    return [batch["input_ids"].numel() for batch in trainer.get_train_dataloader()]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        typer.run(main)
