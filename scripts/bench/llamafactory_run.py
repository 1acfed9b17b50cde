"""A run of LLaMA-Factory for `scripts.bench.training`, in LLaMA-Factory's own environment.

    PYTHON scripts/bench/llamafactory_run.py ARGUMENTS.json

PYTHON is the interpreter of an environment with `llamafactory`; nothing of this project is imported
here. The arguments are those of `llamafactory-cli train`. Prints the figures as JSON.
"""

import importlib.machinery
import importlib.util
import json
import resource
import sys
import time
import types
from pathlib import Path
from typing import Any

if importlib.util.find_spec("torchaudio") is None:
    # It is imported for sound alone, and its builds do not load beside torch's for CPUs.
    empty = types.ModuleType("torchaudio")
    empty.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = empty

import torch
from llamafactory.train.tuner import run_exp  # type: ignore[import-not-found]
from transformers import TrainerCallback


class Clock(TrainerCallback):
    """Times all steps but the first, and adds up the loss."""

    def __init__(self) -> None:
        """Nothing has been seen."""
        self.first = self.last = (0.0, 0.0, 0)
        self.losses: list[float] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note the time and the tokens so far."""
        now = (time.perf_counter(), time.process_time(), int(state.num_input_tokens_seen))
        self.last = now
        if state.global_step == 1:
            self.first = now

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Note the loss of a step."""
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])


def main() -> None:
    """Train and print."""
    clock = Clock()
    run_exp(json.loads(Path(sys.argv[1]).read_text("utf-8")), callbacks=[clock])
    wall, cpu, tokens = (b - a for a, b in zip(clock.first, clock.last, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated()
    figures = {
        "speed": tokens / wall,
        "cpu_speed": tokens / cpu,
        "memory": peak,
        "loss": sum(clock.losses) / len(clock.losses),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
