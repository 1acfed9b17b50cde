"""A dataset's examples as token rows, each proved fit to be trained on.

The tokens of the prompt are those that the engine sends (`tickets.chat`), the completion carries
the loss, the end of the model's turn included. Nothing is cut and nothing is left out: a row that
does not fit ends the run before its first step, by name.

The steps of a staged plan share their beginning: document and outline. They become one row, a tree
(`training.trees`), so that it is computed once for all of them.
"""

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from tickets.chat import encode_example, encode_prompt
from tickets.files import InputError
from tickets.formats import FORMATS, FormatName
from training.config import Examples

Item = TypeVar("Item")

IGNORED: Final = -100
"""The label of a token without loss, as torch's cross-entropy has it."""

FILES: Final = {
    ("whole", "all"): "data/train.parquet",
    ("whole", "cpu"): "cpu/train.parquet",
    ("whole", "validation"): "data/validation.parquet",
    ("staged", "all"): "staged/train.parquet",
    ("staged", "validation"): "staged/validation.parquet",
}
"""Where the parts of a dataset lie, by format."""

TOKENS: Final = ("prompt_tokens", "completion_tokens")
COLUMNS: Final = ("id", "prompt", "completion", *TOKENS, "format_hash")


class Row(NamedTuple):
    """An example in tokens, or several whose prompts begin alike.

    Attributes:
        id: of the first example.
        ids: its tokens, and behind them what each further example has of its own: [n].
        labels: what is to be predicted at each place, `IGNORED` in the prompts: [n].
        parts: tokens of the first example and of what each further one adds.
    """

    id: str
    ids: list[int]
    labels: list[int]
    parts: tuple[int, ...]

    @property
    def prompt(self) -> int:
        """Tokens before the first that carries loss."""
        return next(place for place, label in enumerate(self.labels) if label != IGNORED)

    @property
    def with_loss(self) -> int:
        """Tokens that carry loss."""
        return sum(label != IGNORED for label in self.labels)


class Chat(NamedTuple):
    """An example as messages, with its token counts as the dataset has them."""

    id: str
    prompt: list[dict[str, str]]
    completion: list[dict[str, str]]
    tokens: tuple[int, int]


def manifest_hash(dataset: Path, form: FormatName) -> str:
    """SHA-256 of the dataset's manifest, which holds the hash of each of its files.

    Raises:
        InputError: there is no dataset, or it was built for another version of the format.
    """
    import hashlib

    file = dataset / "manifest.json"
    try:
        content = file.read_bytes()
        found = json.loads(content)["formats"][form]
    except FileNotFoundError:
        raise InputError(
            f"{dataset}: here is no dataset; make it with ./planloom data build configs/data.yaml "
            f"output={dataset}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file}: cannot be read ({error}); build the dataset again") from error
    if found != FORMATS[form].hash:
        raise InputError(
            f"{dataset}: was built for the format {found}, this version uses {FORMATS[form].hash}; "
            "build the dataset again"
        )
    return hashlib.sha256(content).hexdigest()


def read_chats(dataset: Path, part: str, form: FormatName = "whole") -> Iterator[list[Chat]]:
    """The examples of each pair in a part of a dataset: `all`, `cpu` or `validation`.

    Raises:
        InputError: the file is missing, damaged or empty, lacks a column, or holds a row that was
            made for another format.
    """
    file = dataset / FILES[form, part]
    chats = (_chat(file, values, FORMATS[form].hash) for values in _read(file, COLUMNS))
    return _by_pair(chats, lambda chat: chat.id)


def chosen_chats(examples: Examples) -> Iterator[list[Chat]]:
    """The examples of the pairs that a run is to be trained on, in the order of the dataset.

    Raises:
        InputError: see `read_chats`; or no pair has so many tokens.
    """
    places = set(_chosen_places(examples))
    for place, chats in enumerate(read_chats(examples.path, examples.subset, examples.format)):
        if place in places:
            yield chats


def _by_pair(items: Iterable[Item], name: Callable[[Item], str]) -> Iterator[list[Item]]:
    """Items that follow one another and are the steps of one pair, by their ids (`PAIR#STEP`)."""
    found: list[Item] = []
    for item in items:
        pair, _, step = name(item).rpartition("#")
        first = name(found[0]) if found else ""
        if found and not (pair and first.startswith(f"{pair}#") and first != f"{pair}#{step}"):
            yield found
            found = []
        found.append(item)
    if found:
        yield found


def _chosen_places(examples: Examples) -> list[int]:
    """Which pairs are taken, counted from 0."""
    file = examples.path / FILES[examples.format, examples.subset]
    least, most = examples.between or (0, sys.maxsize)
    pairs = _by_pair(_read(file, ("id", *TOKENS)), lambda row: str(row["id"]))
    places = [place for place, rows in enumerate(pairs) if least <= joined_tokens(rows) <= most]
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


def joined_tokens(rows: Sequence[Mapping[str, Any]]) -> int:
    """Tokens of a pair's row: what its examples begin alike with counts once."""
    sizes = [sum(int(row[name]) for name in TOKENS) for row in rows]
    return sum(sizes) - sizes[0] * (len(sizes) - 1)


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


def make_row(chats: Sequence[Chat], tokenizer: Any, length: int) -> Row:
    """The tokens of a pair's examples.

    Raises:
        InputError: the row is longer than `length`, has nothing to learn, does not end the turn,
            or its prompt is not what the engine would send.
    """
    trunk: list[int] = []
    ids: list[int] = []
    labels: list[int] = []
    parts: list[int] = []
    for chat in chats:
        prompt, completion = _tokens(chat, tokenizer)
        if prompt[: len(trunk)] != trunk:
            raise InputError(
                f"row {chat.id}: its prompt does not begin with the example before it; build the "
                "dataset again"
            )
        own = prompt[len(trunk) :] + completion
        ids += own
        labels += [IGNORED] * (len(own) - len(completion)) + completion
        parts.append(len(own))
        trunk = trunk or list(ids)
    first = chats[0].id
    if len(ids) > length:
        raise InputError(
            f"row {first}: has {len(ids)} tokens, and examples.length is {length}: it would be "
            "cut; raise examples.length, or limits.total when the dataset is built"
        )
    return Row(first, ids, labels, tuple(parts))


def _tokens(chat: Chat, tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens of prompt and completion."""
    prompt = encode_prompt(tokenizer, chat.prompt)
    ids = encode_example(tokenizer, chat.prompt, chat.completion)
    if ids[: len(prompt)] != prompt:
        raise InputError(
            f"row {chat.id}: with its completion the prompt has other tokens than the engine "
            "sends; choose a model whose chat template writes both alike"
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
    return prompt, ids[len(prompt) :]


def make_rows(pairs: Iterable[Sequence[Chat]], tokenizer: Any, length: int) -> list[Row]:
    """A row for each pair; see `make_row`."""
    return [make_row(chats, tokenizer, length) for chats in pairs]


def as_dataset(rows: list[Row]) -> Any:
    """The rows as TRL takes them when they are tokenised already: `input_ids`, `labels`, `parts`.

    Rows of one example go without `parts`.
    """
    from datasets import Dataset

    columns: dict[str, Any] = {
        "input_ids": [row.ids for row in rows],
        "labels": [row.labels for row in rows],
    }
    if any(len(row.parts) > 1 for row in rows):
        columns["parts"] = [row.parts for row in rows]
    return Dataset.from_dict(columns)


def _chat(file: Path, values: dict[str, Any], format_hash: str) -> Chat:
    name = values["id"]
    if values["format_hash"] != format_hash:
        raise InputError(
            f"{file}: row {name} was made for the format {values['format_hash']}, this version "
            f"uses {format_hash}; build the dataset again"
        )
    prompt, completion = values["prompt"] or [], values["completion"] or []
    if not prompt or not completion:
        raise InputError(f"{file}: row {name} lacks its prompt or completion; build it again")
    return Chat(name, prompt, completion, (values["prompt_tokens"], values["completion_tokens"]))
