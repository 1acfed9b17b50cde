"""The configuration of a build."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tickets.rows import Split
from tickets.schema import Model

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
    tokens: Count = 3072


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
