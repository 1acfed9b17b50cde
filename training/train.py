"""Trains an adapter on a dataset's examples.

    ./planloom train configs/train/smollm2-135m-cpu.yaml [KEY=VALUE ...] [--dry-run]
    accelerate launch -m training.train configs/train/smollm2-135m-gpu.yaml [KEY=VALUE ...]

It proves what it is about to do, trains from the newest whole checkpoint on, and leaves the adapter
in a folder named by its content. The same command goes on where a run was stopped.
"""

import argparse
import math
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tickets.config import load_config
from tickets.files import InputError
from tickets.formats import FORMATS
from tickets.models import EMBEDDED, embedded_folder
from tickets.prompt import document_of
from training.arguments import check_processes, common_arguments, processes
from training.callbacks import Interrupt, MarkWhole, Plans, Progress, Say
from training.checkpoints import claim, is_disk_error, newest_whole
from training.config import Examples, TrainConfig
from training.identity import identity
from training.rows import (
    TOKENS,
    Chat,
    Row,
    as_dataset,
    chosen_chats,
    joined_tokens,
    make_rows,
    manifest_hash,
    read_chats,
)


class Parts(NamedTuple):
    """What a run is made of: model with adapter, tokenizer, and the rows that were proved fit.

    `documents` (id and text) are of the held-out rows. `identity` is what decides its result,
    `memory` the bytes that it is estimated to need.
    """

    model: Any
    tokenizer: Any
    rows: list[Row]
    held_out: list[Row]
    documents: list[tuple[str, str]]
    identity: dict[str, Any]
    memory: int


def train(config: TrainConfig, folder: Path, say: Say, *, dry_run: bool = False) -> Path | None:
    """Train as `config` says; the adapter's folder, or None if there is none (yet).

    Args:
        config: the run.
        folder: of the base model.
        say: shows a line.
        dry_run: prove all and show a batch and the estimates, but do not train.

    Raises:
        InputError: something would go wrong, or has; what is whole stays for the same command.
    """
    parts = prepare(config, folder, say)
    if dry_run:
        from training.preview import show_run

        show_run(parts, config, say)
        return None
    claim(config.output, parts.identity)
    interrupt = Interrupt(say)
    trainer = make_trainer(parts, config, [Progress(say), interrupt, MarkWhole()], say)
    if not ran_to_its_end(trainer, config, interrupt, say):
        return None
    return leave_adapter(trainer, config, parts.identity, len(parts.rows), say)


def ran_to_its_end(trainer: Any, config: TrainConfig, interrupt: Interrupt, say: Say) -> bool:
    """Train from the newest whole checkpoint on; False if it was interrupted.

    Raises:
        InputError: memory or disk did not suffice.
    """
    last = newest_whole(config.output)
    if last:
        say(f"going on from {last}")
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    except KeyboardInterrupt:
        interrupt.stopped = True
    except Exception as error:
        kept = newest_whole(config.output)
        further = f"the same command then goes on from {kept.name if kept else 'the beginning'}"
        if is_disk_error(error):
            raise InputError(
                f"{config.output}: cannot be written ({error.__cause__ or error}); free space "
                f"there, and {further}"
            ) from error
        if not _is_want_of_memory(error):
            raise
        raise InputError(
            f"{config.output}: a step needs more memory than there is ({error}); set "
            f"checkpoint=true, or a smaller optimizer.batch or examples.length; {further}"
        ) from error
    if interrupt.stopped:
        kept = newest_whole(config.output)
        say(f"stopped; the same command goes on from {kept or 'the beginning'}")
    return not interrupt.stopped


def leave_adapter(
    trainer: Any, config: TrainConfig, identity: dict[str, Any], rows: int, say: Say
) -> Path | None:
    """Write the adapter of a run that has ended; its folder, in the first process only."""
    from training.adapter import gather_adapter, run_facts, write_adapter

    weights = gather_adapter(trainer)
    if not trainer.is_world_process_zero():
        return None
    facts = run_facts(config, identity, rows, trainer)
    settings = next(iter(trainer.model.peft_config.values())).to_dict()
    made = write_adapter(weights, settings, config, facts, trainer.state.log_history)
    say(f"the adapter is in {made}")
    return made


def prepare(config: TrainConfig, folder: Path, say: Say) -> Parts:
    """Load and prove everything that a run needs, before its first step.

    Raises:
        InputError: a row, the model, the settings, memory or disk would not do.
    """
    from transformers import AutoTokenizer

    from training.estimate import check_room, estimate_memory
    from training.model import load_model

    check_processes(config)
    examples = config.examples
    manifest = manifest_hash(examples.path, examples.format)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    rows = make_rows(chosen_chats(examples), tokenizer, examples.length)
    wanted = max(config.watch.rows, config.watch.documents)
    pairs = _shortest(examples, wanted) if wanted else []
    held_out = make_rows(pairs, tokenizer, examples.length)
    say(
        f"{len(rows)} examples to train on, {sum(len(r.ids) for r in rows):,} tokens, and "
        f"{len(held_out)} held-out ones: all whole, the end of the turn carries loss"
    )
    model = load_model(config, folder)
    longest = max(len(row.ids) for row in rows)
    with_loss = max(row.with_loss for row in rows)
    if config.packing:
        longest = with_loss = examples.length
    memory = estimate_memory(model, config, longest, with_loss)
    check_room(model, memory, config.output)
    decides = {"examples", "lora", "optimizer", "packing", "quantize", "seed"}
    documents = [(first.id, document_of(first.prompt)) for first, *_ in pairs]
    decided = identity(config, folder, manifest, decides)
    known, taught = decided["adapter_format"], decided["format"]
    if known not in (None, taught):
        say(f"{config.adapter} knows the format {known}; it is taught {taught}")
    return Parts(model, tokenizer, rows, held_out, documents, decided, memory)


def _shortest(examples: Examples, wanted: int) -> list[list[Chat]]:
    """The shortest pairs of the validation split, those that fit."""
    found = [
        (joined_tokens([dict(zip(TOKENS, chat.tokens, strict=True)) for chat in chats]), chats)
        for chats in read_chats(examples.path, "validation", examples.format)
    ]
    fit = [(size, chats) for size, chats in found if size <= examples.length]
    return [chats for _, chats in sorted(fit, key=lambda each: (each[0], each[1][0].id))[:wanted]]


def make_trainer(parts: Parts, config: TrainConfig, callbacks: Sequence[Any], say: Say) -> Any:
    """TRL's trainer for a run, ready to train."""
    from transformers import EarlyStoppingCallback
    from trl import SFTConfig

    from training.trainer import PlanTrainer
    from training.trees import TreeCollator

    watch = config.watch
    looks = bool(parts.held_out)
    trees = config.examples.format == "staged"
    try:
        args = SFTConfig(
            **common_arguments(config),
            per_device_eval_batch_size=1,
            # Rows are proved to fit; only packing needs to know how long a sequence is.
            max_length=config.examples.length if config.packing else None,
            packing=config.packing,
            eval_packing=False,
            eval_strategy="steps" if looks else "no",
            eval_steps=watch.every,
            load_best_model_at_end=watch.patience is not None,
            metric_for_best_model="eval_loss" if watch.patience else None,
            prediction_loss_only=True,
            logging_first_step=True,
            include_num_input_tokens_seen="all",
            remove_unused_columns=not trees,
        )
        trainer = PlanTrainer(
            model=parts.model,
            args=args,
            train_dataset=as_dataset(parts.rows),
            eval_dataset=as_dataset(parts.held_out[: watch.rows]) if looks else None,
            data_collator=TreeCollator(parts.tokenizer.eos_token_id) if trees else None,
            processing_class=parts.tokenizer,
            callbacks=list(callbacks),
        )
    except (ImportError, RuntimeError) as error:
        names = ", ".join(config.report)
        if names and any(name in str(error) for name in config.report):
            raise InputError(
                f"report: {names}: a tracker is not installed ({error}); install it, or set "
                "report=[]"
            ) from error
        raise
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    if watch.patience:
        trainer.add_callback(EarlyStoppingCallback(watch.patience))
    if watch.documents and parts.held_out:
        shown = parts.documents[: watch.documents]
        form = FORMATS[config.examples.format]
        trainer.add_callback(
            Plans(shown, form, parts.tokenizer, watch.tokens, watch.enough, trainer.log, say)
        )
    return trainer


def total_steps(rows: int, config: TrainConfig) -> int:
    """Optimizer steps of a run without packing."""
    optimizer = config.optimizer
    a_step = optimizer.batch * optimizer.accumulation * processes()
    return optimizer.steps or math.ceil(math.ceil(rows / a_step) * optimizer.epochs)


def _is_want_of_memory(error: BaseException) -> bool:
    text = str(error)
    return isinstance(error, MemoryError) or "out of memory" in text or "allocate memory" in text


def quiet() -> None:
    """Keep what the libraries say to themselves off the terminal."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    warnings.filterwarnings("ignore", category=FutureWarning)
    import logging

    import datasets

    datasets.disable_progress_bars()
    logging.getLogger("accelerate").setLevel(logging.ERROR)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what the arguments name, as one of accelerate's processes; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, prog="training.train")
    parser.add_argument("config", type=Path)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args(arguments)
    first = os.environ.get("RANK", "0") == "0"

    def say(text: str) -> None:
        if first:
            print(f"planloom: {text}", file=sys.stderr, flush=True)

    try:
        config = load_config(TrainConfig, given.config, given.overrides)
        folder = embedded_folder(config.model) if config.model in EMBEDDED else Path(config.model)
        if not (folder / "config.json").is_file():
            raise InputError(
                f"model {config.model}: is not in {folder}; ./planloom train {given.config} "
                "--dry-run puts it there, or name a folder"
            )
        quiet()
        train(config, folder, say, dry_run=given.dry_run)
    except InputError as error:
        print(f"planloom: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
