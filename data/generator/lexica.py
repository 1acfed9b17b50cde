"""The vocabulary of the generator: one YAML file per domain, and the work that all share."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from data.generator.english import with_article
from data.generator.templates import Deed, Fact, deeds, facts, variants

FOLDER: Final = Path(__file__).parent / "lexicon"
COMMON: Final = "common"
NOISE: Final = "noise"

Texts = tuple[str, ...]
Groups = tuple[Texts, ...]
"""Texts by template: of each group one is used in a document."""


class Entity(NamedTuple):
    """What users manage in a product, and the slots that templates fill with it."""

    slots: dict[str, str]
    attributes: Texts


class Part(NamedTuple):
    """A component with the team that owns it; `subject` is how sentences call it."""

    key: str
    team: str
    component: str
    subject: str


class Work(NamedTuple):
    """A piece of work as templates; every field holds the variants of its text."""

    kind: str
    key: str
    names: Texts
    deeds: tuple[Deed, ...]
    whys: Texts
    part: str
    by: Texts
    after: Texts
    asks: Texts
    risks: Texts
    symptoms: Texts
    facts: tuple[tuple[Fact, ...], ...]


class Theme(NamedTuple):
    """A feature: its title, the word in its key, the entity it is about, its story and its work."""

    title: str
    code: str
    entity: str
    pains: Groups
    aims: Groups
    out: Texts
    items: tuple[Work, ...]


class Domain(NamedTuple):
    """A field of business with its products, people, systems, components and features."""

    name: str
    platform: bool
    products: Texts
    scope: str
    actors: Texts
    systems: Texts
    parts: tuple[Part, ...]
    entities: tuple[Entity, ...]
    themes: tuple[Theme, ...]


class Common(NamedTuple):
    """Work on any entity of any product, and the chores that surround other work."""

    work: tuple[Work, ...]
    chores: tuple[Work, ...]


@cache
def domain_names() -> Texts:
    """The domains in a fixed order, those of machine learning platforms first."""
    names = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    found = [name for name in names if name not in (COMMON, NOISE)]
    return tuple(sorted(found, key=lambda name: (not _read(name)["platform"], name)))


@cache
def read_domain(name: str) -> Domain:
    """The vocabulary of one domain.

    Raises `ValueError` or `KeyError` when its file does not have the form of the others.
    """
    raw = _read(name)
    return Domain(
        name=raw["domain"],
        platform=raw["platform"],
        products=tuple(raw["products"]),
        scope=raw["scope"],
        actors=tuple(raw["actors"]),
        systems=tuple(raw["systems"]),
        parts=tuple(Part(key, *values) for key, values in raw["parts"].items()),
        entities=tuple(_entity(values) for values in raw["entities"]),
        themes=tuple(_theme(theme) for theme in raw["themes"]),
    )


@cache
def read_common() -> Common:
    """The work that is not bound to a domain."""
    raw = _read(COMMON)
    return Common(
        work=tuple(_work(work) for work in raw["work"]),
        chores=tuple(_work(work) for work in raw["chores"]),
    )


@cache
def read_noise() -> dict[str, Groups]:
    """Sentences that belong in no ticket, names, places and phrases, by what they are for."""
    raw = _read(NOISE)
    return {name: _groups(entries) for name, entries in raw.items()}


@cache
def verbs() -> frozenset[str]:
    """The verbs with which the lexica say what is done."""
    themes = [theme for name in domain_names() for theme in read_domain(name).themes]
    works = [*read_common().work, *read_common().chores, *(w for t in themes for w in t.items)]
    return frozenset(deed.verb for work in works for deed in work.deeds)


@cache
def _read(name: str) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return raw


def plural(noun: str) -> str:
    """`developer` -> `developers`; enough for the people in the lexica."""
    words = {"person": "people", "staff": "staff", "clerk of court": "clerks of court"}
    if noun in words:
        return words[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    if noun.endswith("man"):
        return f"{noun[:-3]}men"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def _entity(values: list[str]) -> Entity:
    one, many, attributes, page = values
    slots = {"one": one, "many": many, "aone": with_article(one), "page": page}
    return Entity(slots, tuple(word.strip() for word in attributes.split(",")))


def _theme(raw: Mapping[str, Any]) -> Theme:
    return Theme(
        title=raw["title"],
        code=raw["code"],
        entity=raw["entity"],
        pains=_groups(raw["pains"]),
        aims=_groups(raw["aims"]),
        out=tuple(raw["out"]),
        items=tuple(_work(item) for item in raw["items"]),
    )


def _groups(templates: list[str]) -> Groups:
    return tuple(variants(template) for template in templates)


def _work(raw: Mapping[str, Any]) -> Work:
    def texts(field: str) -> Texts:
        return variants(raw[field]) if field in raw else ()

    return Work(
        kind=raw.get("kind", "feature"),
        key=raw.get("key", raw["name"]),
        names=variants(raw["name"]),
        deeds=deeds(raw["do"]),
        whys=texts("why"),
        part=raw.get("in", ""),
        by=texts("by"),
        after=tuple(raw.get("after", ())),
        asks=texts("ask"),
        risks=texts("risk"),
        symptoms=texts("symptom"),
        facts=tuple(facts(template) for template in raw["facts"]),
    )
