"""The latent feature: what document and plan both say, each in its own way."""

from dataclasses import dataclass, field
from typing import Final

from data.generator.english import bare, definite, title_case
from data.generator.lexica import Domain
from data.generator.templates import Deed, Fact
from tickets.words import stems

SIZES: Final = {"S": 2, "M": 5, "L": 8, "XL": 13}
"""Story points of an item whose T-shirt size the document states."""

_POINTS: Final = {
    "doc": (1, 2, 2, 3, 3),
    "bug": (2, 2, 3, 5, 8),
    "spike": (1, 2, 2, 3, 3),
    "telemetry": (1, 2, 3, 5, 5),
    "rollout": (1, 2, 3, 5, 5),
    "ux": (2, 3, 3, 5, 5),
    "test": (2, 3, 3, 5, 5),
    "quality": (2, 3, 5, 5, 8),
}
_FEATURE_POINTS: Final = (2, 3, 5, 8, 13)
CHORES: Final = frozenset({"doc", "test", "telemetry", "rollout", "ux", "spike", "upgrade"})
"""Kinds of work without value of their own to a user: tickets of type Task."""
FOLLOWERS: Final = frozenset({"doc", "test", "telemetry", "rollout"})
"""Kinds that come after what they are about; waiting for something does not make it urgent."""


@dataclass(slots=True, eq=False)
class Item:
    """A piece of work: a bug, a chore or a feature of one team.

    `level` is must, should or could, and empty where the document does not say; `size` is a key
    of `SIZES` or empty; `after` names the work of the lexicon that it builds on; `needs` holds
    the items that come first, `needs_team` a team all of whose work comes first; `target` is what
    a chore is about; `wanted_by` are the people whom a user story names. `why_shown` and
    `by_shown` say whether the document states purpose and person. `team` and `number` count from
    0, `place` through all items.
    """

    kind: str
    key: str
    name: str
    deed: Deed
    why: str
    part: str
    by: str
    facts: list[Fact]
    after: tuple[str, ...] = ()
    level: str = ""
    size: str = ""
    ask: str = ""
    risk: str = ""
    symptom: str = ""
    wanted_by: str = ""
    issue: str = ""
    why_shown: bool = True
    by_shown: bool = True
    team: int = 0
    number: int = 0
    place: int = 0
    target: "Item | None" = None
    needs: list["Item"] = field(default_factory=list)
    needs_team: int | None = None
    waited_for: bool = False

    @property
    def the_name(self) -> str:
        """`the retry limit`."""
        return definite(self.name)

    @property
    def heading(self) -> str:
        """`Retry Limit`."""
        return title_case(bare(self.name))

    @property
    def is_named_apart(self) -> bool:
        """Whether its name has few words of what it does, so that the document gives both."""
        name = set(stems(self.name))
        return 2 * len(name & set(stems(self.deed.rest))) < len(name)

    @property
    def points(self) -> int:
        """Story points: by the stated size, else by kind and number of facts."""
        if self.size:
            return SIZES[self.size]
        return _POINTS.get(self.kind, _FEATURE_POINTS)[min(len(self.facts), 5) - 1]


@dataclass(slots=True, eq=False)
class Team:
    """A team with its component and its items in order of delivery.

    `delay` counts the sprints after the first in which it can start; `people` and `weeks` are
    empty and 0 where the document does not state them.
    """

    name: str
    component: str
    subject: str
    items: list[Item]
    delay: int = 0
    people: str = ""
    weeks: int = 0

    @property
    def points(self) -> int:
        """The story points of all its items."""
        return sum(item.points for item in self.items)


@dataclass(slots=True, eq=False)
class Spec:
    """A feature: who builds what, why, in which order, and what is left out.

    `items` stand in the order of the plan; `first_sprint` is (year or 0, number), and nothing
    where `sprints_shown` is false.
    """

    domain: Domain
    style: str
    product: str
    prefix: str
    issue: str
    title: str
    code: str
    teams: list[Team]
    items: list[Item]
    pains: list[str]
    aims: list[str]
    out: list[str]
    first_sprint: tuple[int, int]
    slots: dict[str, str]
    sprints_shown: bool
    levels_shown: bool
    sizes_shown: bool
    contract: tuple[Item, Item, str] | None = None

    def sprint(self, delay: int) -> str:
        """`Sprint 24.2`: the sprint that begins `delay` sprints after the first."""
        year, number = self.first_sprint if self.sprints_shown else (0, 1)
        return f"Sprint {year}.{number + delay}" if year else f"Sprint {number + delay}"
