"""The configuration of a benchmark: which documents, which systems, which seeds."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tickets.endpoint import Endpoint
from tickets.schema import Model

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
LikenessName = Literal["lexical", "embeddings"]
"""How fidelity tells whether two texts mean the same: by their words, or by a small model."""


class Documents(Model):
    """A folder of documents, with references and authors' work plans or without.

    Attributes:
        path: see `eval.pairs.read_folder`.
        domains: only these, of documents with our header; empty for all.
        most: the first so many.
    """

    path: Path
    domains: tuple[str, ...] = ()
    most: int | None = Field(default=None, ge=1)


class System(Model):
    """What all systems have: a name, and where a plan is cut that does not end by itself."""

    name: Name
    max_tokens: int = Field(default=3072, ge=256)
    temperature: float | None = Field(default=None, ge=0, le=2)


_WHOLE: Final = ("none", "whole")
"""Adapters that surely write whole plans, of which one is made unless `samples` says otherwise."""


class EngineSystem(System):
    """Our own engine: see `./planloom plan --help` for what the fields mean.

    Plans are kept as the model writes them; repair is applied when they are scored.
    """

    kind: Literal["engine"]
    model: str = "smollm2-135m"
    adapter: str = "auto"
    decoding: Literal["free", "constrained"] = "constrained"
    samples: int | None = Field(default=None, ge=1, le=64)
    context: int | None = Field(default=None, ge=1)

    @property
    def is_drawn(self) -> bool:
        """Whether its plans depend on the seed; an adapter in a folder counts as one that draws."""
        is_single = self.samples == 1 or (self.samples is None and self.adapter in _WHOLE)
        return bool(self.temperature) if is_single else self.temperature != 0


class EndpointSystem(System):
    """A model behind an OpenAI-compatible endpoint.

    Attributes:
        endpoint: where, which model, key, price, retries, rate; see `tickets.endpoint`.
        prompt: `short` is the prompt that our models are tuned to, `full` one with the template,
            its rules and two worked examples; else a file with `{{document}}` in it.
        serve: the model (as in `./planloom plan --model`) for which vLLM's own server is started
            and stopped; `endpoint.base_url` says where it listens.
        document_words: a longer document is cut by sections to so many words; None for no limit.
    """

    kind: Literal["endpoint"]
    endpoint: Endpoint
    prompt: str = "full"
    serve: str | None = None
    document_words: int | None = Field(default=None, ge=50)

    @property
    def is_drawn(self) -> bool:
        """Whether its plans depend on the seed."""
        return bool(self.temperature)


AnySystem = Annotated[EngineSystem | EndpointSystem, Field(discriminator="kind")]


class Judge(Model):
    """A model that judges plans with the rubric's questions, beside the rules; see `eval.judge`.

    Attributes:
        endpoint: where, which model, key, price, retries, rate; see `tickets.endpoint`.
        max_tokens: of one answer, thoughts included.
        temperature: None leaves it to the endpoint; some models allow nothing else.
    """

    endpoint: Endpoint
    max_tokens: int = Field(default=2048, ge=256)
    temperature: float | None = Field(default=0.0, ge=0, le=2)


class EvalConfig(Model):
    """A benchmark: every system plans every document, once for each seed.

    A system whose plans do not depend on the seed gets the first one only. `likeness` can be
    changed later, and the plans are kept; so can `judge`, which may be left out.
    """

    output: Path
    documents: Annotated[tuple[Documents, ...], Field(min_length=1)]
    systems: Annotated[tuple[AnySystem, ...], Field(min_length=1)]
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    likeness: LikenessName = "lexical"
    judge: Judge | None = None

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [system.name for system in self.systems]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two systems are called {', '.join(twice)}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"a seed stands twice in {self.seeds}")
        return self

    def seeds_of(self, system: EngineSystem | EndpointSystem) -> tuple[int, ...]:
        """The seeds that make a difference to a system."""
        return self.seeds if system.is_drawn else self.seeds[:1]
