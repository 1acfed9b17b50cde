"""Issues to plans: hierarchy, numbers, dependencies, integration points, phases.

A plan is what its top issue holds: all epics below an initiative or feature, or one epic that
stands alone, or the epics that a mapping names together. What Jira does not tell (allocation,
epic keys, missing points) is left open; `tickets.repair` fills what follows from the rest.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from data.jira.fields import Level, read_priority
from data.jira.hierarchy import Tree, build_tree, group_epics, natural
from data.jira.issue import Issue, LinkKind, Notes, Sprint
from data.redact import redact
from tickets.schema import (
    Dependency,
    Epic,
    IntegrationPoint,
    Model,
    Phase,
    PhaseItem,
    Plan,
    Ref,
    Story,
    Task,
)

_HIGHEST_NUMBER = 9_999
TOO_MANY = "too many"
_HEADING = re.compile(r"^#{1,6}[ \t]+(?:\*\*)?(.+?)(?:\*\*)?:?[ \t]*#*$", re.MULTILINE)


class HistoryPlan(Model):
    """A plan out of Jira's history.

    `key` is that of its top issue (several joined by `+`), `epics` the keys of its epics, `keys`
    of all its tickets, `urls` the web addresses in them.
    """

    key: str
    plan: Plan
    epics: tuple[str, ...]
    keys: tuple[str, ...]
    urls: tuple[str, ...] = ()


def plans_from_issues(
    issues: Iterable[Issue],
    *,
    sets: Iterable[Collection[str]] = (),
    types: Mapping[str, Level] | None = None,
    notes: Notes | None = None,
) -> Iterator[HistoryPlan]:
    """The plans that the issues make, in the order of their keys; those of `sets` first.

    A set names issues (epics, or what is above them) that make one plan together; their epics
    are in no other plan. `types` gives levels to issue types that `fields.TYPES` does not know, or
    other ones. What is in no plan is recorded in `notes`: orphans, duplicates, work never done.
    """
    notes = Notes() if notes is None else notes
    tree = build_tree(issues, {name.lower(): level for name, level in (types or {}).items()}, notes)
    groups = group_epics(tree, [tuple(keys) for keys in sets], notes)
    used: set[str] = set()
    for key, epics in groups:
        history = _Builder(tree, notes).build(key, epics)
        used.update(history.keys)
        yield history
    used.update(out.key for out in notes.left_out if out.reason == TOO_MANY)
    for key in sorted(tree.nodes, key=natural):
        if key not in used and tree.nodes[key].level not in ("group", "epic"):
            issue = tree.nodes[key].issue
            detail = f"{issue.place}: {key} ({issue.type}) belongs to no epic in this export"
            notes.leave_out(issue.place, key, "orphan", f"{detail}; give it one, or export that")
    above = {parent for _, epics in groups for epic in epics for parent in tree.path(epic)}
    for key, node in tree.nodes.items():
        if node.level == "group" and key not in above:
            detail = f"{node.issue.place}: {key} ({node.issue.type}) has no epic in this export"
            notes.leave_out(node.issue.place, key, "no epic", f"{detail}; export its epics too")


class _Builder:
    """One plan's way from keys to tickets."""

    def __init__(self, tree: Tree, notes: Notes) -> None:
        self.tree = tree
        self.notes = notes
        self.people = frozenset(notes.people)
        self.refs: dict[str, Ref] = {}
        self.links: list[tuple[str, LinkKind, str]] = []
        self.waits: dict[str, list[str]] = {}

    def build(self, key: str, epics: Sequence[str]) -> HistoryPlan:
        """The plan of `epics`."""
        below = {epic: self._below(epic) for epic in self._numbered(epics)}
        for e, epic in enumerate(below, 1):
            self.refs[epic] = Ref(number=(e,))
            for s, (story, tasks) in enumerate(below[epic].items(), 1):
                self.refs[story] = Ref(number=(e, s))
                for t, task in enumerate(tasks, 1):
                    self.refs[task] = Ref(number=(e, s, t))
        self.links = list(self._find_links())
        self.waits = self._find_waits()
        tops = [top for top in key.split("+") if top in self.tree.nodes]
        title = "; ".join(self._text(self.tree.nodes[top].issue.summary) for top in tops or epics)
        plan = Plan(
            title=title,
            epics=tuple(self._epic(epic, stories) for epic, stories in below.items()),
            integration_points=self._points(),
            phases=self._phases(),
        )
        issues = [self.tree.nodes[k].issue for k in [*tops, *self.refs]]
        return HistoryPlan(
            key=key,
            plan=plan,
            epics=tuple(below),
            keys=tuple(self.refs),
            urls=tuple(dict.fromkeys(url for issue in issues for url in issue.urls)),
        )

    def _below(self, epic: str) -> dict[str, list[str]]:
        """The stories of an epic with their tasks; what is deeper is a task beside them."""
        stories = self._numbered(self._children(epic))
        return {story: self._numbered(self._within(story)) for story in stories}

    def _within(self, key: str) -> list[str]:
        """All that is below an issue, in order."""
        found: dict[str, None] = {}
        waiting = self._children(key)[::-1]
        while waiting:
            child = waiting.pop()
            if child not in found:
                found[child] = None
                waiting += self._children(child)[::-1]
        return list(found)

    def _numbered(self, keys: Sequence[str]) -> list[str]:
        """The keys that get numbers below one ticket; what is beyond them is left out."""
        for beyond in keys[_HIGHEST_NUMBER:]:
            detail = f"{beyond} is beyond the {_HIGHEST_NUMBER} tickets that one can hold"
            for key in dict.fromkeys([beyond, *self._within(beyond)]):
                place = self.tree.nodes[key].issue.place
                said = f"{place}: {detail}; divide that one in Jira"
                self.notes.leave_out(place, key, TOO_MANY, said)
        return list(keys[:_HIGHEST_NUMBER])

    def _children(self, key: str) -> list[str]:
        keys = self.tree.children.get(key, [])
        return [k for k in keys if self.tree.nodes[k].level not in ("epic", "group")]

    def _text(self, text: str) -> str:
        redaction = redact(text, self.people)
        for kind, count in redaction.counts.items():
            self.notes.counts[f"person: {kind} in texts"] += count
        return redaction.text

    def _fields(self, key: str) -> dict[str, object]:
        issue = self.tree.nodes[key].issue
        title = self._text(issue.summary)
        return {
            "ref": self.refs[key],
            "name": self._text(issue.epic_name) or title,
            "title": title,
            # Headings are the plan's own.
            "description": self._text(_HEADING.sub(r"**\1**", issue.description)),
            "components": issue.components,
            "points": issue.points,
            "priority": read_priority(issue.priority, self.notes),
            "dependencies": self._dependencies(key),
        }

    def _epic(self, key: str, stories: Mapping[str, Sequence[str]]) -> Epic:
        issue = self.tree.nodes[key].issue
        fields = self._fields(key)
        if issue.criteria:
            # The template has no criteria on epics; their words belong to the description.
            lines = "\n".join(f"- {self._text(text)}" for text in issue.criteria)
            fields["description"] = f"{fields['description']}\n\nIt is done when:\n{lines}"
        owner = issue.team or self._team_of(stories)
        built = tuple(self._story(story, tasks) for story, tasks in stories.items())
        return Epic.model_validate({**fields, "owner": self._text(owner), "stories": built})

    def _team_of(self, stories: Iterable[str]) -> str:
        """The team that most stories name, else nobody; of equals the one named first."""
        teams = [team for key in stories if (team := self.tree.nodes[key].issue.team)]
        return max(teams, key=teams.count, default="")

    def _story(self, key: str, tasks: Sequence[str]) -> Story:
        built = tuple(Task.model_validate(self._work(task)) for task in tasks)
        return Story.model_validate({**self._work(key), "tasks": built})

    def _work(self, key: str) -> dict[str, object]:
        node = self.tree.nodes[key]
        kind = node.type
        if len(self.refs[key].number) == 3 and kind != "Bug":
            # Jira has one type below a story; our own exports tell its bugs by a label.
            kind = "Bug" if "bug" in node.issue.labels else "Task"
        return {
            **self._fields(key),
            "type": kind,
            "parent": self.refs[key].parent,
            "acceptance_criteria": tuple(map(self._text, node.issue.criteria)),
        }

    def _dependencies(self, key: str) -> tuple[Dependency, ...]:
        """What `key` waits for, told by its own links and by those of the issues that block it."""
        found = {self.refs[before] for before in self.waits.get(key, ())}
        return tuple(Dependency(ref=ref) for ref in sorted(found))

    def _find_waits(self) -> dict[str, list[str]]:
        """For each ticket what must be done before it; what it is part of, and its parts, not."""
        waits: dict[str, list[str]] = {}
        for key, kind, target in self.links:
            if kind == "relates":
                continue
            before, after = (key, target) if kind == "blocks" else (target, key)
            one, other = self.refs[before].number, self.refs[after].number
            if one[: len(other)] == other or other[: len(one)] == one:
                self.notes.counts["links between a ticket and its own part"] += 1
            else:
                waits.setdefault(after, []).append(before)
        return waits

    def _find_links(self) -> Iterator[tuple[str, LinkKind, str]]:
        for key in self.refs:
            for link in self.tree.nodes[key].issue.links:
                target = link.target
                if target not in self.tree.nodes:
                    target = self.tree.ids.get(target, "")
                if target in self.refs:
                    yield key, link.kind, target
                else:
                    self.notes.counts["links to tickets outside the plan"] += 1

    def _points(self) -> tuple[IntegrationPoint, ...]:
        """Relations between tickets of different epics; within one epic they say nothing."""
        pairs: dict[tuple[Ref, Ref], None] = {}
        for key, kind, target in self.links:
            if kind == "relates":
                first, second = sorted((self.refs[key], self.refs[target]))
                if first.epic == second.epic:
                    self.notes.counts["relations within an epic"] += 1
                else:
                    pairs[first, second] = None
        return tuple(IntegrationPoint(first=first, second=second) for first, second in pairs)

    def _phases(self) -> tuple[Phase, ...]:
        """A phase for each sprint, by its start or else its name, with the stories finished in it
        (of several sprints the last); stories without a sprint are in none.
        """
        sprints: dict[str, Sprint] = {}
        items: dict[str, list[PhaseItem]] = {}
        for key, ref in self.refs.items():
            issue = self.tree.nodes[key].issue
            if len(ref.number) != 2 or not issue.sprints:
                continue
            last = max(issue.sprints, key=_sprint_order)
            sprints.setdefault(last.name, last)
            item = PhaseItem(ref=ref, text=self._text(issue.summary))
            items.setdefault(last.name, []).append(item)
        ordered = sorted(sprints.values(), key=_sprint_order)
        return tuple(
            Phase(
                number=number,
                sprint=self._text(sprint.name),
                name=self._text(sprint.goal),
                items=tuple(items[sprint.name]),
            )
            for number, sprint in enumerate(ordered[:_HIGHEST_NUMBER], 1)
        )


def _sprint_order(sprint: Sprint) -> tuple[str, tuple[tuple[int, int | str], ...]]:
    return sprint.start, natural(sprint.name)
