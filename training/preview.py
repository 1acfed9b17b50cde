"""What a dry run shows: a batch with its loss marked, and what the run will need."""

import tempfile
from pathlib import Path

from training.arguments import processes
from training.callbacks import Say
from training.config import TrainConfig
from training.estimate import estimate_disk, free_memory, memory_held, trial_seconds
from training.train import Parts, make_trainer, total_steps


def show_run(parts: Parts, config: TrainConfig, say: Say) -> None:
    """Print the first batch, decoded, on standard output, and the estimates by `say`.

    What carries loss stands between ⟦ and ⟧. The time is that of one step on the row of median
    length, times all tokens.
    """
    with tempfile.TemporaryDirectory() as nowhere:  # the trainer makes its folder at once
        elsewhere = config.model_copy(update={"output": Path(nowhere), "report": ()})
        trainer = make_trainer(parts, elsewhere, [], say)
        batch = next(iter(trainer.get_train_dataloader()))
    for ids, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
        print(_marked(parts.tokenizer, ids, labels))
    rows = sorted(parts.rows, key=lambda row: len(row.ids))
    row = rows[len(rows) // 2]
    seconds = trial_seconds(parts.model, row)
    tokens = sum(len(each.ids) for each in rows)
    steps = total_steps(len(rows), config)
    a_step = config.optimizer.batch * config.optimizer.accumulation * processes()
    share = steps * a_step / len(rows)
    hours = tokens * share / processes() / (len(row.ids) / seconds) / 3600
    say(
        f"memory at the peak: about {parts.memory / 2**30:.1f} GiB, of which "
        f"{memory_held() / 2**30:.1f} are taken by now; "
        f"{free_memory() / 2**30:.1f} are free"
    )
    say(f"disk: about {estimate_disk(parts.model) / 2**20:.0f} MiB")
    say(
        f"time: about {hours:.1f} hours for {steps} steps of {a_step} rows, at "
        f"{len(row.ids) / seconds:.0f} tokens/s measured on a row of {len(row.ids)}"
    )
    say("nothing was trained: this was a dry run")


def _marked(tokenizer: object, ids: list[int], labels: list[int]) -> str:
    """The text of a sequence; each stretch that carries loss in brackets."""
    from itertools import groupby

    decode = tokenizer.decode  # type: ignore[attr-defined]
    parts = []
    for has_loss, group in groupby(zip(ids, labels, strict=True), key=lambda pair: pair[1] >= 0):
        text = decode([token for token, _ in group])
        parts.append(f"⟦{text}⟧" if has_loss else text)
    return "".join(parts)
