"""What happens while a run goes on: a line of progress, plans of held-out documents, Ctrl-C."""

import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import torch
from accelerate import PartialState
from transformers import TrainerCallback

from tickets.chat import encode_prompt
from tickets.conformance import conformance
from tickets.files import write_atomic
from tickets.formats import Format, Messages
from tickets.parse import parse_plan
from tickets.schema import Epic
from training.checkpoints import mark_whole

Say = Callable[[str], None]

_AT_ONCE = 8
"""Prompts that are completed in one batch, beside what the training holds in memory."""


class Progress(TrainerCallback):
    """A line each time the trainer logs: step, loss, learning rate, speed, memory, time left."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last = (time.monotonic(), 0)
        self._began = (time.monotonic(), 0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock; a resumed run starts at its own step."""
        self._began = (time.monotonic(), state.global_step)
        self._last = (time.monotonic(), state.num_input_tokens_seen)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Say how far the run is."""
        if not state.is_world_process_zero or not logs:
            return
        if "loss" in logs:
            now, tokens = time.monotonic(), state.num_input_tokens_seen
            before, earlier = self._last
            self._last = (now, tokens)
            speed = (tokens - earlier) / max(now - before, 1e-9)
            done = state.global_step - self._began[1]
            left = (now - self._began[0]) / max(done, 1) * (state.max_steps - state.global_step)
            self._say(
                f"step {state.global_step}/{state.max_steps}: loss {logs['loss']:.3f}, "
                f"learning rate {logs['learning_rate']:.1e}, {speed:.0f} tokens/s, "
                f"{_memory() / 2**30:.1f} GiB, {left / 60:.0f} min left"
            )
        elif "eval_loss" in logs:
            kinds = ", ".join(
                f"{name.removeprefix('eval_loss_')} {value:.3f}"
                for name, value in logs.items()
                if name.startswith("eval_loss_")
            )
            self._say(f"step {state.global_step}: held-out loss {logs['eval_loss']:.3f} ({kinds})")


class Plans(TrainerCallback):
    """Writes plans of held-out documents with free greedy decoding, and logs their conformance.

    The plans stay in `<output>/plans/step-N/`. `log` is the trainer's own, which trackers follow.

    Args:
        documents: id and text of each.
        form: the format that the model learns.
        tokenizer: of the model.
        tokens: the most that a completion may have; one that is cut counts as it stands.
        enough: the mean conformance that ends the run.
        log: takes the figures.
        say: shows them.
    """

    def __init__(
        self,
        documents: Sequence[tuple[str, str]],
        form: Format,
        tokenizer: Any,
        tokens: int,
        enough: float | None,
        log: Callable[[dict[str, float]], None],
        say: Say,
    ) -> None:
        self._documents = documents
        self._form = form
        self._tokenizer = tokenizer
        self._tokens = tokens
        self._enough = enough
        self._log = log
        self._say = say

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the plans after each look at the held-out loss."""
        if not state.is_world_process_zero or not self._documents:
            return
        started = time.monotonic()
        texts, ended = write_plans(
            kwargs["model"], self._tokenizer, self._form, [d for _, d in self._documents],
            self._tokens,
        )  # fmt: skip
        folder = Path(args.output_dir) / "plans" / f"step-{state.global_step}"
        for (name, _), text in zip(self._documents, texts, strict=True):
            write_atomic(folder / f"{name.partition('#')[0]}.plan.md", text)
        shares = [conformance(parse_plan(text)).share for text in texts]
        mean, whole = sum(shares) / len(shares), sum(ended) / len(ended)
        self._say(
            f"step {state.global_step}: conformance {mean:.2f} over {len(shares)} held-out plans, "
            f"{whole:.0%} ended by themselves ({time.monotonic() - started:.0f} s; {folder})"
        )
        self._log({"plan_conformance": mean, "plan_whole": whole})
        if self._enough is not None and mean >= self._enough:
            self._say(f"conformance {mean:.2f} is enough ({self._enough}); the run ends here")
            control.should_save = True
            control.should_training_stop = True


class Interrupt(TrainerCallback):
    """Ctrl-C saves a checkpoint at the end of the step, and a second one ends at once.

    `stopped` says whether it was pressed.
    """

    def __init__(self, say: Say) -> None:
        self.stopped = False
        self._say = say

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Listen to the signal, if this is the main thread."""
        try:
            self._before = signal.signal(signal.SIGINT, self._stop)
        except ValueError:
            self._before = None

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        """Give the signal back."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Save and stop, if that was asked for."""
        if self.stopped:
            control.should_save = True
            control.should_training_stop = True

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True
        self._say("interrupted: this step is finished and saved; once more ends at once")


class MarkWhole(TrainerCallback):
    """Says of each checkpoint that it is whole, after all its files are written."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark the checkpoint that was just written, once each process has written its part."""
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def write_plans(
    model: Any, tokenizer: Any, form: Format, documents: Sequence[str], tokens: int
) -> tuple[list[str], list[bool]]:
    """Plans for documents, greedy and unbound, and whether each completion of one ended by itself.

    Args:
        model: in the middle of its training.
        tokenizer: its own.
        form: the format that it learns.
        documents: their texts.
        tokens: the most that a completion may have.
    """
    was_training = model.training
    model.eval()
    write = partial(_complete, model, tokenizer, tokens)
    firsts = write([form.begin(document).messages for document in documents])
    texts, ended = [], []
    for document, first in zip(documents, firsts, strict=True):
        steps = form.follow(first[0], partial(_all_of, document))
        rest = write([step.messages for step in steps]) if steps else []
        texts.append(form.assemble([first[0], *(text for text, _ in rest)], repair=False).markdown)
        ended.append(all(whole for _, whole in (first, *rest)))
    model.train(was_training)
    return texts, ended


def _all_of(document: str, _epic: Epic) -> str:
    return document


def _complete(
    model: Any, tokenizer: Any, tokens: int, prompts: Sequence[Messages]
) -> list[tuple[str, bool]]:
    """What the model writes for each prompt, and whether it ended by itself."""
    if len(prompts) > _AT_ONCE:
        first = _complete(model, tokenizer, tokens, prompts[:_AT_ONCE])
        return first + _complete(model, tokenizer, tokens, prompts[_AT_ONCE:])
    inner = model.module if hasattr(model, "module") else model
    device = next(inner.parameters()).device
    rows = [encode_prompt(tokenizer, messages) for messages in prompts]
    width = max(map(len, rows))
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    ids = torch.full((len(rows), width), pad)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        ids[place, width - len(row) :] = torch.tensor(row)
        mask[place, width - len(row) :] = 1
    with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
        written = inner.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=tokens,
            do_sample=False,
            pad_token_id=pad,
        )[:, width:].cpu()
    return [
        (tokenizer.decode(each, skip_special_tokens=True), tokenizer.eos_token_id in each.tolist())
        for each in written
    ]


def _memory() -> int:
    """Bytes that this process holds: on the GPU at its peak, else resident."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process().memory_info().rss)
