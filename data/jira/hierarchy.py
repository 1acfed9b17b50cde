"""Who belongs to whom: levels of issues, their parents, and the groups of epics that make plans."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from data.jira.fields import TYPES, Level, was_done
from data.jira.issue import Issue, Notes
from tickets.schema import TicketType

_DEEPEST = 50
"""Levels of parents; more are a circle."""
_NUMBERS = re.compile(r"(\d{1,18})")


class Node(NamedTuple):
    """An issue with its place in the hierarchy and the plan's type for it."""

    issue: Issue
    level: Level
    type: TicketType


class Tree(NamedTuple):
    """The issues by key, keys by id, each one's parent, each one's children in order."""

    nodes: dict[str, Node]
    ids: dict[str, str]
    parents: dict[str, str]
    children: dict[str, list[str]]

    def path(self, key: str) -> list[str]:
        """`key` and what is above it, from below; broken off where it turns in a circle."""
        path = [key]
        while path[-1] in self.parents and len(path) < _DEEPEST:
            parent = self.parents[path[-1]]
            if parent in path:
                break
            path.append(parent)
        return path


def natural(key: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key that puts `A-9` before `A-10`."""
    return tuple(
        (0, int(part)) if part.isdecimal() else (1, part) for part in _NUMBERS.split(key) if part
    )


def build_tree(issues: Iterable[Issue], types: Mapping[str, Level], notes: Notes) -> Tree:
    """The issues as a tree: the first of each key, without work that was never done and all that
    is below it. `types` gives levels by lower-case type names, before the table's.
    """
    every: dict[str, Issue] = {}
    for issue in issues:
        if issue.key in every:
            detail = f"{issue.place}: {issue.key} stands there already ({every[issue.key].place})"
            notes.leave_out(issue.place, issue.key, "duplicate", f"{detail}; the first is kept")
        else:
            every[issue.key] = issue
    ids = {issue.id: issue.key for issue in every.values() if issue.id}
    epic_names: dict[str, str] = {}
    for issue in every.values():
        if issue.epic_name or issue.type.lower() == "epic":
            epic_names.setdefault(issue.epic_name or issue.summary, issue.key)
    parents: dict[str, str] = {}
    for issue in every.values():
        for name in (issue.parent, issue.epic_link):
            # An id may look like another issue's key only where the file has no keys at all.
            parent = name if name in every else ids.get(name)
            if parent is None and name and name == issue.epic_link:
                parent = epic_names.get(name)
            if parent is not None and parent != issue.key:
                parents[issue.key] = parent
                break
        else:
            if issue.parent or issue.epic_link:
                notes.counts["parents outside the export"] += 1
    levels = _levels(every, parents, types, notes)
    nodes = {key: Node(every[key], *levels[key]) for key in every}
    tree = Tree(nodes, ids, parents, {})
    for key in sorted(every, key=natural):
        path = tree.path(key)
        gone = next((k for k in path if not was_done(every[k].resolution, every[k].status)), None)
        if gone is None:
            if key in parents:
                tree.children.setdefault(parents[key], []).append(key)
            continue
        why = every[gone].resolution or every[gone].status
        detail = f"{every[key].place}: {key} was not done ({gone}: {why})"
        notes.leave_out(every[key].place, key, "not done", detail)
        del nodes[key]
    return tree


def _levels(
    every: Mapping[str, Issue],
    parents: Mapping[str, str],
    types: Mapping[str, Level],
    notes: Notes,
) -> dict[str, tuple[Level, TicketType]]:
    """Level and type of each issue: by the caller's table, Jira's own level, or the table."""
    found: dict[str, tuple[Level, TicketType]] = {}
    unknown: list[Issue] = []
    for issue in every.values():
        known = TYPES.get(issue.type.lower())
        kind: TicketType = known[1] if known else "Story"
        own: Level | None = types.get(issue.type.lower())
        if own is None and issue.level is not None:
            own = ("subtask", "story", "epic", "group")[min(max(issue.level, -1), 2) + 1]
        if own is None and known is None:
            unknown.append(issue)
        else:
            found[issue.key] = (own or (known[0] if known else "story"), kind)
    above_epics = {parents[key] for key, (level, _) in found.items()
                   if level == "epic" and key in parents}  # fmt: skip
    for issue in unknown:
        # What holds epics is a group, all else is work.
        level: Level = "group" if issue.key in above_epics else "story"
        notes.counts[f"unknown type: {issue.type} (taken as {level})"] += 1
        found[issue.key] = (level, "Story")
    for key, (level, kind) in found.items():
        parent = parents.get(key)
        # "Feature" is above epics in some companies and below them in others.
        below = parent is not None and parent in found and found[parent][0] == "epic"
        if level == "group" and below and every[key].type.lower() not in types:
            found[key] = ("story", kind)
    return found


def group_epics(
    tree: Tree, sets: Sequence[tuple[str, ...]], notes: Notes
) -> list[tuple[str, list[str]]]:
    """The plans to be, each with the key of its top (of a set: all keys, joined) and its epics."""
    epics = [key for key in sorted(tree.nodes, key=natural) if tree.nodes[key].level == "epic"]
    taken: set[str] = set()
    groups: list[tuple[str, list[str]]] = []
    for keys in dict.fromkeys(sets):
        below = [epic for epic in epics if set(tree.path(epic)) & set(keys)]
        again = [epic for epic in below if epic in taken]
        above = {key for epic in below for key in tree.path(epic)}
        for key in keys:
            if key not in above:
                what = "is above no epic" if key in tree.nodes else "is not in the export"
                detail = (
                    f"{key} is named in the mapping, but {what}; correct it, or export its epics"
                )
                notes.leave_out("mapping", key, "unknown key", detail)
        if again:
            detail = f"{', '.join(again)}: named by two sets of the mapping; the first keeps it"
            notes.leave_out("mapping", again[0], "named twice", detail)
        fresh = [epic for epic in below if epic not in taken]
        taken.update(fresh)
        if fresh:
            groups.append(("+".join(keys), fresh))
    rest: dict[str, list[str]] = {}
    for epic in epics:
        if epic not in taken:
            rest.setdefault(tree.path(epic)[-1], []).append(epic)
    return [*groups, *sorted(rest.items(), key=lambda group: natural(group[0]))]
