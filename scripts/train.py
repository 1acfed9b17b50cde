"""`./planloom train`: examples in, an adapter out."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="A YAML file, like those in configs/train.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE...", help="Values to set in it: lora.rank=32"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Prove and estimate everything, but do not train.")
    ] = False,
) -> None:
    """Train an adapter on a dataset, so that a small model writes plans.

    Before the first step it proves that no row is cut, that the end of the turn is learned, that
    training and serving see the same tokens, that vLLM will load the result, and that memory and
    disk suffice. Ctrl-C saves; the same command goes on, after a kill too.

    [bold]Examples[/]

    [cyan]./planloom train configs/train/smollm2-135m-cpu.yaml --dry-run[/]

    [cyan]./planloom train configs/train/smollm2-135m-cpu.yaml examples.most=100[/]

    [cyan]accelerate launch -m training.train configs/train/smollm2-135m-gpu.yaml[/]
    """
    from inference.models import find_model, offline_unless_needed
    from inference.start import prepare
    from tickets.config import load_config
    from training.config import TrainConfig

    settings = load_config(TrainConfig, config, overrides or ())
    prepare()  # before torch is imported: on a CPU it chooses the faster OpenMP runtime
    offline_unless_needed(settings.model)
    model = find_model(settings.model, _say)
    from training.train import quiet
    from training.train import train as run

    quiet()
    made = run(settings, model.path, _say, dry_run=dry_run)
    if made is not None:
        print(made)
    elif not dry_run:
        raise typer.Exit(130)


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)
