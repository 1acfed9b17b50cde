"""Training against a bare TRL script with the same settings, one after the other in one run.

    .venv/bin/python -m scripts.bench.training [--rows 6] [--packing] [--llamafactory PYTHON]

All train the same adapter (rank 16 on all linear layers, bf16, learning rate 1e-4, one row a step)
on the same rows, without looks at held-out pairs, each in a process of its own. The first step is
warm-up and not counted. Speed counts the seconds of the clock and those of the processor, which
other work on the machine disturbs less; memory is the peak of the process, or of the GPU where
there is one, and beside it what `training.estimate` says.

With --packing rows are packed into sequences of 4,096 tokens too: by ours on a GPU; on a CPU, where
ours refuses it, by the bare script: on one core, rows of 950 tokens packed by four were trained at
0.46 of the speed and with three times the memory of rows apart. With --llamafactory LLaMA-Factory
trains in an environment of its own, whose interpreter the option names.

On a GPU also MFU, as Chowdhery et al. 2022 ("PaLM", appendix B) define it: tokens/s times FLOPs a
token over the device's peak. FLOPs are those of `trl.trainer.utils.compute_flops_per_token`, which
counts the backward pass as two forward ones, times 2/3: frozen weights need the gradient of what
goes in, not their own. The peak is TRL's table of devices.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from inference.models import find_model
from inference.start import prepare
from scripts.setup import ROOT
from tickets.models import DEFAULT_MODEL

PACKED: Final = 4096


def main(
    dataset: Annotated[Path, typer.Option(help="A dataset of `data build`.")] = Path("out/dataset"),
    rows: Annotated[int, typer.Option(min=2, help="Rows that are trained on, one a step.")] = 6,
    between: Annotated[
        tuple[int, int], typer.Option(metavar="LEAST MOST", help="Tokens that a row may have.")
    ] = (1, PACKED),
    packing: Annotated[bool, typer.Option("--packing", help="Packed rows too.")] = False,
    llamafactory: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="Of an environment with llamafactory.")
    ] = None,
) -> None:
    """Measure and print."""
    kinds = ["bare", "ours", *(["packed"] if packing else [])]
    data = {"path": str(dataset), "subset": "all", "most": rows, "between": between}
    found = {
        kind: _run(kind, [sys.executable, "-m", "scripts.bench.training", "--one", kind], data)
        for kind in kinds
    }
    if llamafactory is not None:
        found["llamafactory"] = _llamafactory(llamafactory, data)
    print(f"{'':<13} {'tokens/s':>9} {'per cpu s':>10} {'peak GiB':>9} {'estimate':>9} {'loss':>7}")
    for kind, each in found.items():
        estimate = f"{each['estimate'] / 2**30:.2f}" if "estimate" in each else ""
        mfu = f"  MFU {each['mfu']:.1%}" if each.get("mfu") else ""
        print(
            f"{kind:<13} {each['speed']:>9.1f} {each['cpu_speed']:>10.1f} "
            f"{each['memory'] / 2**30:>9.2f} {estimate:>9} {each['loss']:>7.3f}{mfu}"
        )
    for kind in found.keys() - {"ours"}:
        _compare(kind, found["ours"], found[kind])


def _compare(name: str, ours: dict[str, Any], other: dict[str, Any]) -> None:
    print(
        f"ours / {name}: speed {ours['speed'] / other['speed']:.2f} "
        f"(processor {ours['cpu_speed'] / other['cpu_speed']:.2f}), "
        f"memory {ours['memory'] / other['memory']:.2f}"
    )


def _run(kind: str, command: list[str], given: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [*command, json.dumps(given)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{kind}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def one(kind: str, data: dict[str, Any]) -> None:
    """Train one way in this process; prints its figures as JSON."""
    prepare()
    import torch
    from transformers import TrainerCallback
    from trl.trainer.utils import compute_flops_per_token, compute_mfu, get_peak_flops

    from training.train import quiet

    quiet()
    model = find_model(DEFAULT_MODEL, lambda _: None).path
    gpu = torch.cuda.is_available()

    class Clock(TrainerCallback):
        """Times all steps but the first."""

        first = last = (0.0, 0.0, 0)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            now = (time.perf_counter(), time.process_time(), int(state.num_input_tokens_seen))
            self.last = now
            if state.global_step == 1:
                self.first = now

    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        packed = kind == "packed"
        make = _ours if kind == "ours" or (packed and gpu) else _bare
        trainer, estimate = make(Path(folder), model, data, clock, packed=packed)
        trainer.train()
    wall, cpu, tokens = (b - a for a, b in zip(clock.first, clock.last, strict=True))
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    figures = {
        "speed": tokens / wall,
        "cpu_speed": tokens / cpu,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "loss": sum(losses) / len(losses),
    } | ({"estimate": estimate} if estimate else {})
    if gpu:
        figures["memory"] = torch.cuda.max_memory_allocated()
        steps = trainer.state.global_step - 1
        flops = compute_flops_per_token(trainer.model.config.get_text_config(), tokens // steps)
        peak = get_peak_flops(torch.cuda.get_device_name(), "bfloat16")
        if peak:
            figures["mfu"] = compute_mfu(flops * 2 // 3, figures["speed"], 1, peak) / 100
    print(json.dumps(figures))


def _ours(
    folder: Path, model: Path, data: dict[str, Any], clock: Any, *, packed: bool
) -> tuple[Any, int]:
    from training.config import TrainConfig
    from training.train import make_trainer, prepare

    config = TrainConfig.model_validate(
        {
            "output": folder,
            "model": DEFAULT_MODEL,
            "examples": data | {"length": PACKED},
            "optimizer": {"learning_rate": 1e-4, "warmup": 0},
            "watch": {"every": 1000, "rows": 0, "documents": 0},
            "packing": packed,
            "save": 10_000,
            "log": 1,
            "report": [],
        }
    )
    parts = prepare(config, model, lambda _: None)
    return make_trainer(parts, config, [clock], lambda _: None), parts.memory


def _messages(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that all train on, as messages."""
    from training.config import Examples
    from training.rows import chosen_chats

    chats = chosen_chats(Examples.model_validate(data))
    return [{"prompt": chat.prompt, "completion": chat.completion} for (chat,) in chats]


def _bare(
    folder: Path, model: Path, data: dict[str, Any], clock: Any, *, packed: bool
) -> tuple[Any, int]:
    """What TRL's own documentation would have one write, with the same settings."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

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
            max_length=PACKED if packed else None,
            packing=packed,
            save_strategy="no",
            logging_steps=1,
            include_num_input_tokens_seen="all",
            report_to="none",
            seed=0,
            dataloader_pin_memory=torch.cuda.is_available(),
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(_messages(data)),
        peft_config=LoraConfig(
            task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"
        ),
        callbacks=[clock],
    )
    return trainer, 0


def _llamafactory(python: Path, data: dict[str, Any]) -> dict[str, Any]:
    """LLaMA-Factory's figures on the same rows with the same settings."""
    prepare()
    import torch

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = [{"messages": [*each["prompt"], *each["completion"]]} for each in _messages(data)]
        (folder / "rows.json").write_text(json.dumps(rows), "utf-8")
        tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user"}
        tags |= {"assistant_tag": "assistant", "system_tag": "system"}
        about = {"file_name": "rows.json", "formatting": "sharegpt", "tags": tags}
        about |= {"columns": {"messages": "messages"}}
        (folder / "dataset_info.json").write_text(json.dumps({"rows": about}), "utf-8")
        arguments = {
            "model_name_or_path": str(find_model(DEFAULT_MODEL, lambda _: None).path),
            "stage": "sft",
            "do_train": True,
            "finetuning_type": "lora",
            "lora_rank": 16,
            "lora_alpha": 32,
            "lora_target": "all",
            "template": "smollm2",
            "flash_attn": "sdpa",
            "disable_gradient_checkpointing": True,
            "dataset": "rows",
            "dataset_dir": str(folder),
            "cutoff_len": PACKED,
            "output_dir": str(folder / "output"),
            "per_device_train_batch_size": 1,
            "gradient_accumulation_steps": 1,
            "num_train_epochs": 1,
            "learning_rate": 1e-4,
            "lr_scheduler_type": "cosine",
            "bf16": True,
            "use_cpu": not torch.cuda.is_available(),
            "save_strategy": "no",
            "logging_steps": 1,
            "include_num_input_tokens_seen": "all",
            "report_to": "none",
            "seed": 0,
            "dataloader_pin_memory": torch.cuda.is_available(),
            "disable_tqdm": True,
        }
        file = folder / "arguments.json"
        file.write_text(json.dumps(arguments), "utf-8")
        script = str(ROOT / "scripts" / "bench" / "llamafactory_run.py")
        done = subprocess.run(
            [str(python), script, str(file)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"llamafactory: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], json.loads(sys.argv[3]))
    else:
        typer.run(main)
