"""One Jira issue as the importers hand it on, and the book they keep of what they left out."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from tickets.schema import Model

LinkKind = Literal["blocks", "waits", "relates"]


class IssueLink(Model):
    """A link of an issue: it `blocks` the target, `waits` for it, or `relates` to it."""

    kind: LinkKind
    target: str


class Sprint(Model):
    """A sprint by its name, with its goal and ISO start date where Jira tells them."""

    name: str
    start: str = ""
    goal: str = ""


class Issue(Model):
    """What a plan can use of an issue; nobody's name, address or comment is in it.

    `place` is file and line (or number in the file); `description` and `criteria` are markdown.
    `parent` and `epic_link` hold what the file has: a key, an id, or an epic's name. `level` is
    Jira's own hierarchy level (-1 sub-task, 0 story, 1 epic, 2 and more above), None if not told.
    """

    place: str
    key: str
    summary: str
    type: str
    id: str = ""
    level: int | None = None
    parent: str = ""
    epic_link: str = ""
    epic_name: str = ""
    description: str = ""
    criteria: tuple[str, ...] = ()
    points: int | None = None
    priority: str = ""
    status: str = ""
    resolution: str = ""
    team: str = ""
    components: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    sprints: tuple[Sprint, ...] = ()
    links: tuple[IssueLink, ...] = ()
    urls: tuple[str, ...] = ()


class LeftOut(Model):
    """Something that did not get into a plan: where it stood, a short reason, and in words."""

    place: str
    key: str
    reason: str
    detail: str


@dataclass
class Notes:
    """What an import counted, left out, and must not write.

    `counts` goes by name (`issues read`, `person: assignee`, `left out: orphan`). `people` holds
    the names found in people's fields, to be removed from texts; it is never written anywhere.
    """

    counts: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    people: set[str] = field(default_factory=set)

    def leave_out(self, place: str, key: str, reason: str, detail: str) -> None:
        """Record that `key` (may be empty) is not taken, and count it under its reason."""
        self.counts[f"left out: {reason}"] += 1
        self.left_out.append(LeftOut(place=place, key=key, reason=reason, detail=detail))

    def person(self, kind: str, names: tuple[str, ...] = ()) -> None:
        """Count a person's field that is not kept; full names are remembered to be removed."""
        self.counts[f"person: {kind}"] += 1
        # A single word may be any word of a description; mentions of it are removed as such.
        self.people.update(name for name in names if len(name.split()) > 1)
