"""The model card of an adapter in the Hub's format, and its curves as pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from tickets.files import write_atomic
from training.config import TrainConfig

_COLOURS: Final = ("#3056d3", "#c2410c", "#15803d", "#7c3aed")


def write_curves(log: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Draw `loss.png` (training, held out, and held out by kind of token) and `conformance.png`.

    A picture without any point is not drawn.
    """
    losses = {
        "training": _points(log, "loss"),
        "held out": _points(log, "eval_loss"),
        "held out: points": _points(log, "eval_loss_points"),
        "held out: dependencies": _points(log, "eval_loss_dependencies"),
    }
    _draw(folder / "loss.png", losses, "loss in nats per token", None)
    plans = {
        "conformance": _points(log, "plan_conformance"),
        "ended by itself": _points(log, "plan_whole"),
    }
    _draw(folder / "conformance.png", plans, "share, free decoding, no repair", (0, 1.02))


def write_card(
    folder: Path, config: TrainConfig, record: Mapping[str, Any], log: Sequence[Mapping[str, Any]]
) -> None:
    """Write `README.md` as the Hub reads it: a YAML header, and what a user has to know."""
    header = {
        "license": "apache-2.0",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "base_model": record["model"].get("hub") or record["model"]["name"],
        "tags": ["planloom", "lora", "jira", "planning"],
    }
    last = {name: found[-1] for name in _FIGURES if (found := _points(log, name))}
    figures = "".join(
        f"| {_FIGURES[name]} | {value:.3f} | {step} |\n" for name, (step, value) in last.items()
    )
    pictures = "".join(
        f"![{name}]({name}.png)\n\n"
        for name in ("loss", "conformance")
        if (folder / f"{name}.png").is_file()
    )
    data = record["data"]
    began = f" It began with the adapter `{config.adapter}`" if config.adapter else ""
    if (known := record.get("began_with")) not in (None, record["format_hash"]):
        began += f", which knew the format `{known}`"
    began += "." if began else ""
    text = f"""---
{yaml.safe_dump(header, sort_keys=False)}---

# Planloom adapter for {record["model"]["name"]}

It makes the base model write a plan of Jira tickets from a feature document, in Planloom's format
`{record["format_hash"]}`. Use it with `./planloom plan DOCUMENT --adapter FOLDER`; with another
format it is refused.

## How it was made

`./planloom train config.yaml` with the `config.yaml` beside this file, on {data["rows"]} examples
of the dataset with the manifest `{data["manifest"][:12]}`: rank {config.lora.rank}, alpha
{config.lora.alpha:g}, learning rate {config.optimizer.learning_rate:g},
{record["run"]["steps"]} steps, {record["run"]["tokens"]:,} tokens in
{record["run"]["hours"]:.1f} hours on {record["run"]["device"]}. `log.jsonl` has every figure that
was logged, `planloom.json` the hashes and versions.{began}

## How good it is

| last figure | | at step |
| --- | --- | --- |
{figures}
{pictures}These figures are of a few held-out pairs, looked at while it was trained;
`./planloom eval` measures a planner on whole sets of documents.

## What it is not

A plan is a draft for people to read: a small model misses requirements and takes over sentences
that belong in no ticket. Its documents and plans are in English.
"""
    write_atomic(folder / "README.md", text)


_FIGURES: Final = {
    "loss": "training loss, nats per token",
    "eval_loss": "held-out loss, nats per token",
    "eval_loss_headings": "held-out loss of headings",
    "eval_loss_points": "held-out loss of points",
    "eval_loss_dependencies": "held-out loss of dependencies",
    "plan_conformance": "conformance of held-out plans, free decoding",
    "plan_whole": "share of them that ended by themselves",
}


def _points(log: Sequence[Mapping[str, Any]], name: str) -> list[tuple[int, float]]:
    return [(line["step"], line[name]) for line in log if name in line]


def _draw(
    file: Path,
    lines: Mapping[str, list[tuple[int, float]]],
    label: str,
    limits: tuple[float, float] | None,
) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    if not any(lines.values()):
        return
    figure, axes = plt.subplots(figsize=(7, 4), dpi=110)
    for (name, points), colour in zip(lines.items(), _COLOURS, strict=False):
        if points:
            steps, values = zip(*points, strict=True)
            axes.plot(steps, values, label=name, color=colour, marker="." * (len(points) < 40))
    axes.set(xlabel="step", ylabel=label)
    if limits:
        axes.set_ylim(*limits)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, metadata={"Software": None})
    plt.close(figure)
