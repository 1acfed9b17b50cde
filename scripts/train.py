"""`./planloom train`: examples in, an adapter out; and what is done with an adapter."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.configs import Config, ConfigGroup, Overrides
from tickets.files import InputError
from tickets.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from inference.models import ModelFolder

app = typer.Typer(
    cls=ConfigGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="""Train an adapter on a dataset, so that a small model writes plans.

    [bold]Examples[/]

    [cyan]./planloom train configs/train/smollm2-135m-cpu.yaml --dry-run[/]

    [cyan]./planloom train configs/train/smollm2-135m-cpu.yaml examples.most=100[/]

    [cyan]./planloom train merge out/train/smollm2-135m-cpu/adapter-* -o out/merged[/]""",
)


@app.command()
def run(
    config: Config,
    overrides: Overrides = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Prove and estimate everything, but do not train.")
    ] = False,
) -> None:
    """Train what CONFIG says; the word "run" may be left out.

    Before the first step it proves that no row is cut, that the end of the turn is learned, that
    training and serving see the same tokens, that vLLM will load the result, and that memory and
    disk suffice. Ctrl-C saves; the same command goes on, after a kill too. The adapter's folder
    comes on standard output.

    [bold]Examples[/]

    [cyan]./planloom train configs/train/smollm2-135m-cpu.yaml[/]

    [cyan]accelerate launch -m training.train configs/train/smollm2-135m-gpu.yaml[/]
    """
    from tickets.config import load_config
    from training.config import TrainConfig

    settings = load_config(TrainConfig, config, overrides or ())
    model = _model(settings.model)
    from training.train import quiet, train

    quiet()
    made = train(settings, model.path, _say, dry_run=dry_run)
    if made is not None:
        print(made)
    elif not dry_run:
        raise typer.Exit(130)


@app.command()
def grpo(config: Config, overrides: Overrides = None) -> None:
    """Let an adapter learn from the scores of its own plans, as a second stage.

    [bold]Example[/]

    [cyan]./planloom train grpo configs/train/smollm2-135m-grpo-gpu.yaml[/]
    """
    from tickets.config import load_config

    _model(DEFAULT_MODEL)  # prepares what is read when torch is imported
    from training.grpo import GrpoConfig, reinforce
    from training.train import quiet

    settings = load_config(GrpoConfig, config, overrides or ())
    quiet()
    made = reinforce(settings, _model(settings.model).path, _say)
    if made is None:
        raise typer.Exit(130)
    print(made)


@app.command()
def merge(
    adapter: Annotated[Path, typer.Argument(metavar="ADAPTER", help="The adapter's folder.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="A folder that is not there yet.")
    ],
    model: Annotated[str, typer.Option(help="The model it was trained for.")] = DEFAULT_MODEL,
    gguf: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="llama.cpp's convert_hf_to_gguf.py: write a GGUF too."),
    ] = None,
) -> None:
    """Write the model with the adapter merged into its weights, as a model of its own.

    The next-token distribution of the merged weights, as read back, is held against that of model
    and adapter; if they differ by more than is allowed, nothing is written.

    [bold]Example[/]

    [cyan]./planloom train merge inference/adapters/smollm2-135m-whole -o out/merged[/]
    """
    from inference.lora import PARITY_NATS, merge_into, read_adapter

    if output.exists():
        raise InputError(f"{output}: is there already; name a folder that is not")
    if gguf is not None and not gguf.is_file():
        raise InputError(
            f"{gguf}: there is no such file; name convert_hf_to_gguf.py of a llama.cpp checkout"
        )
    base = _model(model)
    checked = read_adapter(adapter, base)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as place:
            new = Path(place) / "model"
            new.mkdir()
            distance = merge_into(base, checked, new)
            if gguf is not None:
                _convert(gguf, new)
            new.rename(output)
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error})") from error
    _say(f"{distance:.6f} nats from model and adapter, {PARITY_NATS} are allowed")
    print(output)


def _convert(converter: Path, folder: Path) -> None:
    """Write `model.gguf` beside the weights, with llama.cpp's own converter."""
    command = [sys.executable, str(converter), str(folder), "--outfile", str(folder / "model.gguf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise InputError(f"{converter}: the conversion failed ({said})")


def _model(name: str) -> "ModelFolder":
    from inference.models import find_model, offline_unless_needed
    from inference.start import prepare

    prepare()  # before torch is imported: on a CPU it chooses the faster OpenMP runtime
    offline_unless_needed(name)
    return find_model(name, _say)


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)
