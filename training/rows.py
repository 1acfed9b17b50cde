"""A dataset's examples as token rows, each proved fit to be trained on.

The tokens of the prompt are those that the engine sends (`tickets.chat`), the completion carries
the loss, the end of the model's turn included. Nothing is cut and nothing is left out: a row that
does not fit ends the run before its first step, by name.
"""

import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tickets.chat import encode_example, encode_prompt
from tickets.files import InputError
from tickets.prompt import format_hash
from training.config import Examples

IGNORED: Final = -100
"""The label of a token without loss, as torch's cross-entropy has it."""

FILES: Final = {
    "all": "data/train.parquet",
    "cpu": "cpu/train.parquet",
    "validation": "data/validation.parquet",
}
TOKENS: Final = ("prompt_tokens", "completion_tokens")
COLUMNS: Final = ("id", "prompt", "completion", *TOKENS, "format_hash")


class Row(NamedTuple):
    """An example in tokens: `ids` [n], of which the first `prompt` carry no loss."""

    id: str
    ids: list[int]
    prompt: int

    @property
    def labels(self) -> list[int]:
        """What is to be predicted at each place, `IGNORED` in the prompt: [n]."""
        return [IGNORED] * self.prompt + self.ids[self.prompt :]


class Chat(NamedTuple):
    """An example as messages, with its token counts as the dataset has them."""

    id: str
    prompt: list[dict[str, str]]
    completion: list[dict[str, str]]
    tokens: tuple[int, int]


def manifest_hash(dataset: Path) -> str:
    """SHA-256 of the dataset's manifest, which holds the hash of each of its files.

    Raises:
        InputError: there is no dataset, or it was built for another format.
    """
    import hashlib

    file = dataset / "manifest.json"
    try:
        content = file.read_bytes()
        found = json.loads(content)["format_hash"]
    except FileNotFoundError:
        raise InputError(
            f"{dataset}: here is no dataset; make it with ./planloom data build configs/data.yaml "
            f"output={dataset}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: cannot be read ({error}); build the dataset again") from error
    if found != format_hash():
        raise InputError(
            f"{dataset}: was built for the format {found}, this version uses {format_hash()}; "
            "build the dataset again"
        )
    return hashlib.sha256(content).hexdigest()


def read_chats(dataset: Path, part: str) -> Iterator[Chat]:
    """The examples of a part of a dataset: `all`, `cpu` or `validation`.

    Raises:
        InputError: the file is missing, damaged or empty, lacks a column, or holds a row that was
            made for another format.
    """
    file = dataset / FILES[part]
    for values in _read(file, COLUMNS):
        yield _chat(file, values)


def chosen_chats(examples: Examples) -> Iterator[Chat]:
    """The examples that a run is to be trained on, in the order of the dataset.

    Raises:
        InputError: see `read_chats`; or no example has so many tokens.
    """
    places = set(_chosen_places(examples))
    for place, chat in enumerate(read_chats(examples.path, examples.subset)):
        if place in places:
            yield chat


def _chosen_places(examples: Examples) -> list[int]:
    """Which rows are taken, counted from 0."""
    file = examples.path / FILES[examples.subset]
    least, most = examples.between or (0, sys.maxsize)
    places = [
        place
        for place, row in enumerate(_read(file, TOKENS))
        if least <= sum(row[name] for name in TOKENS) <= most
    ]
    if not places:
        raise InputError(
            f"{examples.path}: no example of {examples.subset} has {examples.between} tokens; "
            "set examples.between to others"
        )
    if examples.most is None or examples.most >= len(places):
        return places
    if examples.subset == "cpu":
        return places[: examples.most]
    return random.Random(0).sample(places, examples.most)


def _read(file: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = pq.ParquetFile(file)
        missing = [name for name in COLUMNS if name not in parquet.schema_arrow.names]
        if missing:
            raise InputError(
                f"{file}: has no column {', '.join(missing)}; its columns are "
                f"{', '.join(parquet.schema_arrow.names)}; build the dataset again"
            )
        types = {name: parquet.schema_arrow.field(name).type for name in COLUMNS}
        wrong = [f"{name} as {kind}" for name, kind in types.items() if not _fits(name, kind)]
        if wrong:
            raise InputError(
                f"{file}: has {', '.join(wrong)}; prompt and completion are lists of messages with "
                "role and content, tokens are numbers; build the dataset again"
            )
        if not parquet.metadata.num_rows:
            raise InputError(f"{file}: has no rows; look at rejected.jsonl for what was left out")
        for batch in parquet.iter_batches(64, columns=list(columns)):
            yield from batch.to_pylist()
    except FileNotFoundError:
        raise InputError(f"{file}: is missing; build the dataset again") from None
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        if not isinstance(error, OSError | pa.ArrowInvalid):
            raise InputError(f"{file}: cannot be read ({reason}); free memory for it") from error
        raise InputError(f"{file}: is damaged ({reason}); build the dataset again") from error


def _fits(name: str, kind: Any) -> bool:
    """Whether a column has the type that the builder gives it."""
    import pyarrow.types as types

    if name in TOKENS:
        return bool(types.is_integer(kind))
    if name not in ("prompt", "completion"):
        return bool(types.is_string(kind) or types.is_large_string(kind))
    messages = types.is_list(kind) or types.is_large_list(kind)
    if not messages or not types.is_struct(kind.value_type):
        return False
    return {"role", "content"} <= {field.name for field in kind.value_type}


def make_row(chat: Chat, tokenizer: Any, length: int) -> Row:
    """The tokens of an example.

    Raises:
        InputError: the row is longer than `length`, has nothing to learn, does not end the turn,
            or its prompt is not what the engine would send.
    """
    prompt = encode_prompt(tokenizer, chat.prompt)
    ids = encode_example(tokenizer, chat.prompt, chat.completion)
    if ids[: len(prompt)] != prompt:
        raise InputError(
            f"row {chat.id}: with its completion the prompt has other tokens than the engine "
            "sends; choose a model whose chat template writes both alike"
        )
    if len(ids) > length:
        raise InputError(
            f"row {chat.id}: has {len(ids)} tokens, and examples.length is {length}: it would be "
            "cut; raise examples.length, or limits.total when the dataset is built"
        )
    if not "".join(message["content"] for message in chat.completion).strip():
        raise InputError(f"row {chat.id}: has an empty completion; build the dataset again")
    if tokenizer.eos_token_id not in ids[len(prompt) :]:
        raise InputError(
            f"row {chat.id}: the completion ends without {tokenizer.eos_token}, so the model would "
            "never learn to stop; choose a model whose chat template ends the turn with it"
        )
    if chat.tokens != (len(prompt), len(ids) - len(prompt)):
        raise InputError(
            f"row {chat.id}: has {len(prompt)} + {len(ids) - len(prompt)} tokens, and the dataset "
            f"says {chat.tokens[0]} + {chat.tokens[1]}: it was built for another model; build it "
            "again with model: set to the one that is trained"
        )
    return Row(chat.id, ids, len(prompt))


def make_rows(chats: Iterable[Chat], tokenizer: Any, length: int) -> list[Row]:
    """All rows; see `make_row`."""
    return [make_row(chat, tokenizer, length) for chat in chats]


def as_dataset(rows: list[Row]) -> Any:
    """The rows as TRL takes them when they are tokenised already: `input_ids` and `labels`."""
    from datasets import Dataset

    return Dataset.from_dict(
        {"input_ids": [row.ids for row in rows], "labels": [row.labels for row in rows]}
    )


def _chat(file: Path, values: dict[str, Any]) -> Chat:
    name = values["id"]
    if values["format_hash"] != format_hash():
        raise InputError(
            f"{file}: row {name} was made for the format {values['format_hash']}, this version "
            f"uses {format_hash()}; build the dataset again"
        )
    prompt, completion = values["prompt"] or [], values["completion"] or []
    if not prompt or not completion:
        raise InputError(f"{file}: row {name} lacks its prompt or completion; build it again")
    return Chat(name, prompt, completion, (values["prompt_tokens"], values["completion_tokens"]))
