"""What Jira's fields, types, links and values are called, and what they mean for a plan.

One table per question; whatever stands in none is reported by the importers, never guessed.
"""

import math
import re
from typing import Final, Literal

from data.jira.issue import LinkKind, Notes
from tickets.schema import Priority, TicketType

Level = Literal["group", "epic", "story", "subtask"]

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    # Lower case; the first name that has a value counts. `Custom field (X)` is looked up as X.
    "key": ("issue key", "key", "work item key"),
    "id": ("issue id", "work item id"),
    "type": ("issue type", "issuetype", "work type", "work item type"),
    "summary": ("summary",),
    "description": ("description",),
    "parent": ("parent key", "parent id", "parent", "parent link"),
    "epic_link": ("epic link",),
    "epic_name": ("epic name",),
    "points": (
        "story points",
        "story point estimate",
        "story points estimate",
        "story point",
        "estimated story points",
        "story points (sp)",
        "points",
    ),
    "priority": ("priority",),
    "status": ("status",),
    "resolution": ("resolution",),
    "team": (
        "team name",
        "team",
        "scrum team",
        "agile team",
        "delivery team",
        "owning team",
        "squad",
    ),
    "components": ("component/s", "components", "component"),
    "labels": ("labels", "label"),
    "sprints": ("sprint", "sprints"),
    "criteria": (
        "acceptance criteria",
        "acceptance criterion",
        "acceptance criteria (ac)",
        "acceptance tests",
        "ac",
    ),
    "checklist": ("smart checklist", "checklist text", "checklists", "checklist"),
}

CLOUD_FIELDS: Final[dict[str, str]] = {
    # What Jira Cloud's own fields are numbered on sites that did not change them; used for pages
    # without a `names` map only.
    "customfield_10011": "epic name",
    "customfield_10014": "epic link",
    "customfield_10016": "story point estimate",
    "customfield_10020": "sprint",
    "customfield_10001": "team",
}

PEOPLE: Final = (
    "assignee", "reporter", "creator", "watchers", "watches", "voters", "votes", "comment",
    "worklog", "log work", "attachment", "approvers", "developer", "reviewer", "qa contact",
    "contributors", "request participants",
)  # fmt: skip
"""Fields about people, or written and signed by them; counted, never kept."""

TYPES: Final[dict[str, tuple[Level, TicketType]]] = {
    # A type's level, and the plan's type of a ticket that stands on story or task level.
    "theme": ("group", "Story"),
    "initiative": ("group", "Story"),
    "outcome": ("group", "Story"),
    "objective": ("group", "Story"),
    "capability": ("group", "Story"),
    "feature": ("group", "Story"),
    "feature request": ("group", "Story"),
    "requirement": ("group", "Story"),
    "epic": ("epic", "Story"),
    "story": ("story", "Story"),
    "user story": ("story", "Story"),
    "new feature": ("story", "Story"),
    "improvement": ("story", "Story"),
    "enhancement": ("story", "Story"),
    "change request": ("story", "Story"),
    "task": ("story", "Task"),
    "technical task": ("story", "Task"),
    "chore": ("story", "Task"),
    "spike": ("story", "Task"),
    "documentation": ("story", "Task"),
    "test": ("story", "Task"),
    "bug": ("story", "Bug"),
    "defect": ("story", "Bug"),
    "incident": ("story", "Bug"),
    "vulnerability": ("story", "Bug"),
    "sub-task": ("subtask", "Task"),
    "subtask": ("subtask", "Task"),
    "sub-bug": ("subtask", "Bug"),
    "bug sub-task": ("subtask", "Bug"),
}

PRIORITIES: Final[dict[str, Priority]] = {
    "blocker": "High",
    "critical": "High",
    "highest": "High",
    "high": "High",
    "urgent": "High",
    "p0": "High",
    "p1": "High",
    # Jira Server gives each new issue "Major": it says that nobody chose.
    "major": "Medium",
    "medium": "Medium",
    "normal": "Medium",
    "moderate": "Medium",
    "p2": "Medium",
    "minor": "Low",
    "trivial": "Low",
    "low": "Low",
    "lowest": "Low",
    "p3": "Low",
    "p4": "Low",
}

NOT_DONE: Final = frozenset(
    (
        "won't do", "won't fix", "wont do", "wont fix", "will not do", "not doing", "cancelled",
        "canceled", "rejected", "declined", "duplicate", "obsolete", "invalid", "not a bug",
        "cannot reproduce", "abandoned", "withdrawn", "superseded",
    )
)  # fmt: skip
"""Resolutions (and statuses of workflows without any) of work that was never done."""

LINK_TYPES: Final[dict[str, LinkKind]] = {
    # What an outward link of this type says; inward it is the other way round.
    "blocks": "blocks",
    "blocker": "blocks",
    "precedes": "blocks",
    "dependency": "waits",
    "dependent": "waits",
    "depend": "waits",
    "depends": "waits",
    "relates": "relates",
    "related": "relates",
    "relate": "relates",
}

LINK_PHRASES: Final[dict[str, LinkKind]] = {
    # REST tells each direction in words, which sites change less often than the types' names.
    "blocks": "blocks",
    "is blocked by": "waits",
    "is required by": "blocks",
    "is depended on by": "blocks",
    "is a dependency for": "blocks",
    "has to be done before": "blocks",
    "precedes": "blocks",
    "depends on": "waits",
    "depends upon": "waits",
    "requires": "waits",
    "has to be done after": "waits",
    "follows": "waits",
    "relates to": "relates",
    "is related to": "relates",
}

_INVERSE: Final[dict[LinkKind, LinkKind]] = {
    "blocks": "waits",
    "waits": "blocks",
    "relates": "relates",
}
_CUSTOM = re.compile(r"custom field \((.*)\)", re.DOTALL)
_POINTS = re.compile(r"\s*(-?\d{1,9}(?:[.,]\d{1,9})?)\s*")
_LARGEST_POINTS = 99_999


def field_of(name: str) -> str | None:
    """Which key of `FIELDS` a column or field called `name` belongs to; None for all others."""
    return _FIELD_OF.get(plain_name(name))


def plain_name(name: str) -> str:
    """A field's name in lower case, without the `Custom field (…)` that CSV puts around it."""
    name = " ".join(name.split()).lower()
    match = _CUSTOM.fullmatch(name)
    return match[1].strip() if match else name


_FIELD_OF = {name: field for field, names in FIELDS.items() for name in names}


def people_field(name: str) -> str | None:
    """The entry of `PEOPLE` that a column or field called `name` belongs to, None if to none."""
    plain = plain_name(name)
    return plain if plain in PEOPLE else None


def link_kind(name: str, *, outward: bool, phrase: str = "") -> LinkKind | None:
    """What a link of the type `name` says of the issue that has it; None if it is no order and no
    relation (clones, duplicates).
    """
    if phrase.strip().lower() in LINK_PHRASES:
        return LINK_PHRASES[phrase.strip().lower()]
    kind = LINK_TYPES.get(name.strip().lower())
    return kind if kind is None or outward else _INVERSE[kind]


def read_points(value: object, notes: Notes) -> int | None:
    """Story points from `5`, `5.0`, `"5.0"` or `"5,0"`; fractions are rounded up and counted,
    what is no number is None and counted.
    """
    if value is None or value == "":
        return None
    match = _POINTS.fullmatch(str(value))
    number = float(match[1].replace(",", ".")) if match else -1.0
    if not 0 <= number <= _LARGEST_POINTS:
        notes.counts["points that are no number"] += 1
        return None
    points = math.ceil(number)
    if points != number:
        notes.counts["points rounded up"] += 1
    return points


def read_priority(value: str, notes: Notes) -> Priority | None:
    """The plan's priority for Jira's by `PRIORITIES`; an unknown one is None and counted."""
    priority = PRIORITIES.get(value.strip().lower())
    if priority is None and value.strip().lower() not in ("", "undefined", "none", "not set"):
        notes.counts[f"unknown priority: {value.strip()}"] += 1
    return priority


def was_done(resolution: str, status: str) -> bool:
    """Whether neither resolution nor status says that the work was never done."""
    return not {_bare(resolution), _bare(status)} & NOT_DONE


def _bare(value: str) -> str:
    return value.strip().lower().replace("’", "'")
