"""Examples as the model will see them: the conversation's text, and which part carries loss."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow.parquet as pq

from data.tokens import TokenCounter
from data.write import FILES
from tickets.files import InputError
from tickets.rows import Example

BEGIN, END = "⟦loss⟧", "⟦/loss⟧"
"""Marks of the part that carries loss, where there are no colours."""
_AT_A_TIME: Final = 64


class Shown(NamedTuple):
    """An example's text: what only leads up to it, and what carries loss."""

    example: Example
    before: str
    loss: str


def read_examples(dataset: Path, split: str, only: str | None = None) -> Iterator[Example]:
    """The examples of a split in their order, or only the one with this id.

    Raises:
        InputError: there is no such split or example, or the file is damaged.
    """
    path = dataset / FILES[split]
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; build the dataset, or name its folder")
    found = False
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_AT_A_TIME):
                for row in batch.to_pylist():
                    if only is None or row["id"] == only:
                        found = True
                        yield Example.model_validate(row)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); build the dataset again") from error
    if only is not None and not found:
        raise InputError(f"{path}: has no example {only}; rejected.jsonl may say why")


def show(example: Example, tokens: TokenCounter) -> Shown:
    """The example with the chat template applied, as the trainer applies it."""
    prompt = [message.model_dump() for message in example.prompt]
    completion = [message.model_dump() for message in example.completion]
    return Shown(example, *tokens.render(prompt, completion))


def marked(shown: Shown) -> str:
    """The text with plain marks around the part that carries loss."""
    return f"{shown.before}{BEGIN}{shown.loss}{END}"
