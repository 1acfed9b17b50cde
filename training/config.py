"""The configuration of a training run: YAML into a frozen model, all faults reported at once."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tickets.adapters import RANKS
from tickets.formats import FormatName
from tickets.schema import Model

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Examples(Model):
    """Which examples of a dataset from `./planloom data build` are trained on.

    `subset` is `all` or `cpu`, the short ones that teach most per token; `most` takes so many of
    them: of the CPU subset the first, which are the most useful, of all a fair sample. With
    `between` only those count that have at least and at most so many tokens. `length` is the most
    tokens that a row may have: a longer one ends the run before its first step, none is cut.
    `format` is how plans are written (`tickets.formats`); for `staged` all steps of a pair are one
    row, and there is no CPU subset.
    """

    path: Path
    format: FormatName = "whole"
    subset: Literal["all", "cpu"] = "all"
    most: Count | None = None
    between: tuple[Count, Count] | None = None
    length: Count = 8192

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        if self.format == "staged" and self.subset == "cpu":
            raise ValueError("format staged has no subset cpu; set subset: all, and most")
        return self


class Lora(Model):
    """The adapter: `W + scale * B A` beside each target's weight, with `rank` rows in A.

    The scale is alpha / rank, with `rslora` alpha / sqrt(rank) (Kalajdzievski 2023). Ranks are
    those that vLLM makes room for.
    """

    rank: int = 16
    alpha: float = Field(default=32, gt=0)
    rslora: bool = False
    dropout: float = Field(default=0, ge=0, lt=1)
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"

    @model_validator(mode="after")
    def _loadable(self) -> Self:
        if self.rank not in RANKS:
            raise ValueError(f"rank {self.rank} is none that vLLM makes room for: {RANKS}")
        if "lm_head" in self.targets or "embed_tokens" in self.targets:
            raise ValueError("vLLM loads no adapter on lm_head or embed_tokens")
        return self


class Optimizer(Model):
    """AdamW with a linear warm-up over a share of the steps, then a cosine to zero.

    A step takes `batch` rows on each device, `accumulation` times. Without `steps`, the run goes
    over the examples `epochs` times.
    """

    learning_rate: float = Field(gt=0, lt=1)
    warmup: Share = 0.05
    weight_decay: float = Field(default=0, ge=0)
    most_norm: float = Field(default=1, gt=0)
    batch: Count = 1
    accumulation: Count = 1
    epochs: float = Field(default=1, gt=0)
    steps: Count | None = None


class Watch(Model):
    """What is looked at on held-out pairs while training, every so many steps.

    `rows` of the validation split give a loss; for `documents` of them plans are written with free
    greedy decoding, up to `tokens` each, and their conformance is logged. After `patience` looks
    without a lower loss the run ends and the best checkpoint is kept (None: never); it ends too
    once the mean conformance is `enough`.
    """

    every: Count
    rows: Annotated[int, Field(ge=0)] = 16
    documents: Annotated[int, Field(ge=0)] = 2
    tokens: Count = 2048
    patience: Count | None = None
    enough: Share | None = None

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if self.patience and not self.rows:
            raise ValueError("patience needs the loss of held-out rows; set rows")
        if self.enough is not None and not self.documents:
            raise ValueError("enough needs plans of held-out documents; set documents")
        return self


class TrainConfig(Model):
    """A run: from examples to an adapter in `output`.

    It begins with `adapter`, an adapter's folder or a checkpoint, or with one that is new.
    `packing` puts several rows into one sequence of `examples.length` tokens; on a CPU it only
    makes attention dearer and is refused. `quantize: 4bit` keeps the base model in NF4 (QLoRA, on
    a GPU). `checkpoint` saves memory by computing activations again. `save` is in steps; `report`
    names trackers as Transformers knows them.
    """

    output: Path
    model: str
    adapter: Path | None = None
    examples: Examples
    lora: Lora = Lora()
    optimizer: Optimizer
    watch: Watch
    packing: bool = False
    quantize: Literal["no", "4bit"] = "no"
    checkpoint: bool = False
    save: Count = 50
    log: Count = 5
    seed: Annotated[int, Field(ge=0)] = 0
    report: tuple[str, ...] = ("tensorboard",)

    @model_validator(mode="after")
    def _packs_rows_alone(self) -> Self:
        if self.packing and self.examples.format == "staged":
            raise ValueError("packing: rows of the format staged are packed already; set it false")
        return self

    @model_validator(mode="after")
    def _stops_on_a_checkpoint(self) -> Self:
        if self.watch.patience and self.save % self.watch.every:
            raise ValueError(
                f"save ({self.save}) must be a multiple of watch.every ({self.watch.every}), so "
                "that the best look has a checkpoint"
            )
        return self
