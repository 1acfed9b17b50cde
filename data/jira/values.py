"""Values of Jira's REST fields, which come in many shapes; what has another one is nothing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from data.jira.fields import link_kind
from data.jira.issue import IssueLink, Notes, Sprint
from data.jira.text import clean

_SPRINT_TEXT = re.compile(r"[\w.]*Sprint@\w+\[(?P<fields>.*)\]\s*", re.DOTALL)
_SPRINT_FIELD = re.compile(
    r"(?:^|,)\s*(?P<name>id|rapidViewId|state|name|goal|startDate|endDate|completeDate"
    r"|activatedDate|sequence|autoStartStop|synced|incompleteIssuesDestinationId)=",
)


def text_of(value: object) -> str:
    """A text without the white space around it; empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def name_of(value: object) -> str:
    """What an option, team, priority or component is called; a person is nobody here."""
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, Mapping):
        if is_person(value):
            return ""
        return next(
            (text_of(value[name]) for name in ("name", "value", "title") if name in value), ""
        )
    return text_of(value)


def key_of(value: object) -> str:
    """An issue's key from its object, or as a text by itself."""
    if isinstance(value, Mapping):
        data = value.get("data")  # the parent link of Advanced Roadmaps
        return text_of(value.get("key")) or (key_of(data) if isinstance(data, Mapping) else "")
    return text_of(value)


def several(value: object) -> list[Any]:
    """A list as it is, one value as a list of it, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def mapping(value: object) -> Mapping[str, Any]:
    """An object as it is, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def is_person(value: object) -> bool:
    """Whether a value is a user of Jira, or a list of them."""
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Mapping) and ("accountId" in first or "emailAddress" in first)


def read_sprint(value: object) -> Sprint | None:
    """A sprint from an object, from the text of Server's Java object, or from its bare name."""
    if isinstance(value, str):
        match = _SPRINT_TEXT.fullmatch(value)
        if match is None:
            return Sprint(name=value.strip()) if value.strip() else None
        # Names and goals may hold commas: a field ends where the next known one begins.
        parts = _SPRINT_FIELD.split(match["fields"])
        fields = dict(zip(parts[1::2], parts[2::2], strict=True))
        value = {name: "" if text == "<null>" else text for name, text in fields.items()}
    if not isinstance(value, Mapping):
        return None
    name = text_of(value.get("name"))
    start, goal = text_of(value.get("startDate")), text_of(value.get("goal"))
    return Sprint(name=name, start=start[:10], goal=goal) if name else None


def is_sprint(value: object) -> bool:
    """Whether a value is a list of sprints, in either of their forms."""
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, Mapping):
        return {"name", "state", "boardId"} <= set(first)
    return isinstance(first, str) and _SPRINT_TEXT.fullmatch(first) is not None


def read_links(value: object, notes: Notes) -> Iterator[IssueLink]:
    """The links that say an order or a relation; the others are counted."""
    for link in several(value):
        if not isinstance(link, Mapping):
            continue
        kind_of = mapping(link.get("type"))
        for end, outward in (("outwardIssue", True), ("inwardIssue", False)):
            target = key_of(link.get(end))
            if not target:
                continue
            phrase = text_of(kind_of.get("outward" if outward else "inward"))
            name = text_of(kind_of.get("name"))
            kind = link_kind(name, outward=outward, phrase=phrase)
            if kind is not None:
                yield IssueLink(kind=kind, target=target)
            else:
                notes.counts[f"links not used: {name}"] += 1


def web_links(value: Mapping[str, Any], notes: Notes) -> Iterator[str]:
    """Web links, which exporters put beside the fields (Jira itself gives them one by one)."""
    for link in several(value.get("remotelinks", value.get("remoteLinks"))):
        target = link.get("object") if isinstance(link, Mapping) else None
        if isinstance(target, Mapping) and target.get("url"):
            yield clean(str(target["url"]), notes)
