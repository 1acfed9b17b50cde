"""The configuration of a build: YAML into a frozen model, all faults reported at once."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from tickets.files import InputError
from tickets.rows import Split
from tickets.schema import Model

Config = TypeVar("Config", bound=BaseModel)
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]

ALL_SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Source(Model):
    """What all sources have.

    `name` becomes the pairs' `source`. `weight` says how often a training example of it is
    written: 3 writes each three times, 0.5 every other one, 2.5 both. Pairs that belong into a
    split not in `splits` are left out. `redact` takes personal data out of documents and plans.
    """

    name: Name
    weight: float = Field(default=1, gt=0, le=100)
    splits: Annotated[tuple[Split, ...], Field(min_length=1)] = ALL_SPLITS
    redact: bool = True


class PairsSource(Source):
    """A folder with `<name>.document.md` and `<name>.plan.md`, each with our YAML header or none.

    The other fields hold for what a header does not say.
    """

    kind: Literal["pairs"]
    path: Path
    domain: str = "unknown"
    style: str = "unknown"
    author: str = "human"
    licence: str | None = None


class FoldersSource(Source):
    """A folder of documents and one of plans; those of one relative path, suffix aside, belong
    together. What lies in one subfolder is one group. Without `licence`, the file LICENSE tells.
    """

    kind: Literal["folders"]
    documents: Path
    plans: Path
    domain: str = "unknown"
    style: str = "unknown"
    author: str = "human"
    licence: str | None = None


class GitSource(Source):
    """The tracked files of a git checkout that match a glob, and their plans in a folder.

    The plans' paths are those of the documents within the checkout. The repository is one group,
    and its commit goes into the manifest.
    """

    kind: Literal["git"]
    path: Path
    documents: str = "**/*.md"
    plans: Path
    domain: str = "unknown"
    style: str = "unknown"
    author: str = "human"
    licence: str | None = None


class LinesSource(Source):
    """A JSONL file of rows like `tickets.rows.Pair`."""

    kind: Literal["jsonl"]
    path: Path


class GeneratedSource(Source):
    """Pairs of our generator: `count` of the seed's sequence, beginning with `start`."""

    kind: Literal["generated"]
    seed: int = Field(default=0, ge=0)
    start: int = Field(default=0, ge=0)
    count: Count
    redact: bool = False


AnySource = Annotated[
    PairsSource | FoldersSource | GitSource | LinesSource | GeneratedSource,
    Field(discriminator="kind"),
]


class HeldOut(Model):
    """What a held-out split gets: whole domains, and a share of all other groups."""

    domains: tuple[str, ...] = ()
    share: Share = 0


class Splits(Model):
    """How pairs are split: by domain first, then by group, never by row.

    `together` names pairs that are about one topic under different groups.
    """

    seed: int = Field(default=0, ge=0)
    validation: HeldOut = HeldOut()
    test: HeldOut = HeldOut()
    together: tuple[Annotated[tuple[str, ...], Field(min_length=2)], ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = set(self.validation.domains) & set(self.test.domains)
        if both:
            raise ValueError(f"validation and test both hold {', '.join(sorted(both))}")
        if self.validation.share + self.test.share > 1:
            raise ValueError("validation.share and test.share are over 1 together")
        return self


class Near(Model):
    """Two texts are near-duplicates from this Jaccard likeness of their runs of `words` words on,
    as MinHash estimates it.
    """

    likeness: float = Field(default=0.8, ge=0.5, le=1)
    words: int = Field(default=5, ge=1, le=20)


class Leaks(Model):
    """Training text may share no run of `words` words with a held-out split or with a file in
    `evaluation`; a run that more than `common` examples have is a set phrase, and no leak.
    """

    words: int = Field(default=13, ge=5, le=100)
    common: int = Field(default=5, ge=1)
    evaluation: tuple[Path, ...] = ()


class Limits(Model):
    """Tokens of the longest example; what is longer is dropped, never cut."""

    prompt: Count = 6144
    completion: Count = 6144
    total: Count = 8192


class Cpu(Model):
    """The subset for training without a GPU: at most so many examples, each of at most so many
    tokens.
    """

    examples: int = Field(default=700, ge=0)
    tokens: Count = 2048


class BuildConfig(Model):
    """A build: where from, by which rules, where to. `model` is whose tokenizer counts."""

    output: Path
    model: str
    sources: Annotated[tuple[AnySource, ...], Field(min_length=1)]
    split: Splits = Splits()
    near: Near = Near()
    leaks: Leaks = Leaks()
    limits: Limits = Limits()
    cpu: Cpu = Cpu()

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {', '.join(twice)}")
        return self


def load_config(model: type[Config], path: Path, overrides: Iterable[str] = ()) -> Config:
    """The `model` in the YAML file at `path`, after overrides such as `sources.0.weight=3`.

    An override's value is read as YAML; numbers in its key count list items from 0.

    Raises:
        InputError: the file or an override cannot be used; it names every fault, one per line.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; configs/data.yaml is one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text in UTF-8 ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else f"{path}"
        raise InputError(f"{place}: this is no YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: this is no configuration but {type(content).__name__}")
    faults = [fault for each in overrides if (fault := _override(content, each))]
    try:
        config = model.model_validate(content)
    except ValidationError as error:
        faults += [f"{path}: {_fault(**fault)}" for fault in error.errors()]
    if faults:
        raise InputError("\n".join(faults))
    return config


def _override(content: dict[str, Any], text: str) -> str:
    """Put `key.sub=value` into `content`; what is wrong with it, empty if nothing."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        return f"{text}: this is no override; write key.sub=value"
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        return f"{text}: the value is no YAML; put it in quotes"
    *parents, last = key.split(".")
    place: Any = content
    for part in parents:
        if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
        else:
            return f"{text}: there is no {part} to set {last} in"
    if isinstance(place, dict):
        place[last] = parsed
    elif isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = parsed
    else:
        return f"{text}: there is no {last} at that place"
    return ""


def _fault(*, loc: tuple[str | int, ...], msg: str, type: str, input: Any, **_: object) -> str:  # noqa: A002 - pydantic's names
    place = ".".join(map(str, loc)) or "all"
    if type == "extra_forbidden":
        return f"{place}: there is no such key"
    given = f" (given: {input!r})" if isinstance(input, str | int | float) else ""
    return f"{place}: {msg.removeprefix('Value error, ')}{given}"
