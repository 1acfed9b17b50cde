"""Pages of Jira's REST search, saved as JSON: Cloud (version 3, ADF) and Server (version 2, wiki).

Pages are streamed, one issue in memory at a time. Custom fields have numbers for names; the `names`
map that `expand=names` adds to a page says what they are called, and may stand behind the issues.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import ijson  # type: ignore[import-untyped]

from data.jira.adf import adf_to_markdown
from data.jira.criteria import read_checklist, read_criteria
from data.jira.fields import (
    CLOUD_FIELDS,
    FIELDS,
    field_of,
    link_kind,
    people_field,
    plain_name,
    read_points,
)
from data.jira.issue import Issue, IssueLink, Notes, Sprint
from data.jira.text import clean, read_description, urls_in
from data.jira.wiki import wiki_to_markdown
from tickets.files import InputError

_SPRINT_TEXT = re.compile(r"[\w.]*Sprint@\w+\[(?P<fields>.*)\]\s*", re.DOTALL)
_SPRINT_FIELD = re.compile(
    r"(?:^|,)\s*(?P<name>id|rapidViewId|state|name|goal|startDate|endDate|completeDate"
    r"|activatedDate|sequence|autoStartStop|synced|incompleteIssuesDestinationId)=",
)
_SYSTEM_FIELDS: Final = (
    *("issuetype", "summary", "description", "priority", "status", "resolution", "components"),
    *("labels", "parent"),
)
_REMEDY = "save the answer of /rest/api/3/search/jql or /rest/api/2/search with expand=names"


def read_jira_json(paths: Sequence[Path], notes: Notes | None = None) -> Iterator[Issue]:
    """The issues of all pages, in the order of `paths`.

    A page that ends in the middle gives the issues before the break; that, an issue that cannot be
    used, and missing pages are recorded in `notes`.

    Raises:
        InputError: a page cannot be opened, or holds no issues in any form that Jira gives.
    """
    notes = Notes() if notes is None else notes
    names: dict[str, str] = {}
    total, read, is_last = 0, 0, True
    for path in paths:
        try:
            with path.open("rb") as file:
                root = _root(file, path)
                about = _about(file, root, path)
                names |= about.get("names", {})
                total = max(total, about.get("total", 0))
                is_last = about.get("is_last", is_last)
                for number, value in _values(file, root, path, notes):
                    read += 1
                    issue = _issue(value, names, f"{path}#{number}", notes)
                    if issue is not None:
                        notes.counts["issues read"] += 1
                        yield issue
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"{path}: cannot be read ({reason}); name a saved page") from error
    source = ", ".join(map(str, paths[-1:]))
    if read < total or not is_last:
        wanted = f" of {total}" if total else ""
        detail = f"{source}: {read}{wanted} issues are in these pages; fetch and add the rest"
        notes.leave_out(source, "", "missing pages", detail)
    if not names and read:
        detail = (
            f"{source}: has no names of its custom fields; points, sprints and epic links are "
            f"found only where they have Cloud's usual numbers; {_REMEDY}"
        )
        notes.leave_out(source, "", "no field names", detail)


def _root(file: BinaryIO, path: Path) -> str:
    """Where the issues stand: below `issues` of a page, or in an array by itself."""
    start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    if start[:1] not in (b"{", b"["):
        what = "is empty" if not start else "is no JSON"
        raise InputError(f"{path}: {what}; {_REMEDY}")
    return "issues.item" if start[:1] == b"{" else "item"


def _rewind(file: BinaryIO) -> None:
    mark = file.seek(0) == 0 and file.read(3) == b"\xef\xbb\xbf"
    file.seek(3 if mark else 0)


def _about(file: BinaryIO, root: str, path: Path) -> dict[str, Any]:
    """What a page says of itself beside its issues, wherever in the file it says so."""
    if root == "item":
        return {}
    about: dict[str, Any] = {}
    names: dict[str, str] = {}
    keys: set[str] = set()
    _rewind(file)
    try:
        for prefix, event, value in ijson.parse(file, use_float=True):
            if not prefix and event == "map_key":
                keys.add(value)
            elif prefix == "total" and event == "number":
                about["total"] = int(value)
            elif prefix == "isLast" and event == "boolean":
                about["is_last"] = value
            elif prefix == "nextPageToken" and event == "string":
                about.setdefault("is_last", False)
            elif event == "string" and prefix.startswith("names."):
                names[prefix.removeprefix("names.")] = value
    except (ijson.JSONError, UnicodeDecodeError):
        # Reading the issues comes to the same place, and says what it means.
        pass
    if "issues" not in keys:
        shown = ", ".join(sorted(keys)[:8]) or "none"
        raise InputError(f"{path}: has no 'issues' (its keys: {shown}); {_REMEDY}")
    return {**about, "names": names}


def _values(
    file: BinaryIO, root: str, path: Path, notes: Notes
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    _rewind(file)
    number = 0
    try:
        for number, value in enumerate(ijson.items(file, root, use_float=True), 1):
            if isinstance(value, Mapping) and isinstance(value.get("fields"), Mapping):
                yield number, value
            else:
                place = f"{path}#{number}"
                detail = f"{place}: has no fields, left out; {_REMEDY}"
                notes.leave_out(place, "", "bad row", detail)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:120]
        notes.leave_out(
            f"{path}#{number + 1}",
            "",
            "cut file",
            f"{path}#{number + 1}: the JSON breaks off or is damaged after {number} issues "
            f"({reason}); these are kept, fetch the page again",
        )


def _issue(
    value: Mapping[str, Any], names: Mapping[str, str], place: str, notes: Notes
) -> Issue | None:
    fields = value["fields"]
    found, people = _sorted_fields(fields, names)
    for kind, person in people:
        _note_people(kind, person, notes)
    issue_type = _mapping(fields.get("issuetype"))
    key, summary = _text(value.get("key")), _text(fields.get("summary"))
    kind = _text(issue_type.get("name"))
    if not (key and summary and kind):
        detail = f"{place}: has no key, summary or type, left out; ask for these fields"
        notes.leave_out(place, key, "bad row", detail)
        return None

    def first(field: str) -> Any:
        return next((value for value in found.get(field, ()) if value not in (None, "", [])), None)

    markdown = _markdown(fields.get("description"), notes)
    description = read_description(markdown)
    own = read_criteria(_markdown(first("criteria"), notes))
    checklist = first("checklist")
    listed = read_checklist(clean(_text(checklist), notes) if isinstance(checklist, str) else "")
    sprints = _several(first("sprints")) or [description.sprint]
    level = issue_type.get("hierarchyLevel")
    is_subtask = issue_type.get("subtask") is True
    return Issue(
        place=place,
        key=key,
        id=_text(value.get("id")),
        type=kind,
        level=level if isinstance(level, int) else -1 if is_subtask else None,
        summary=clean(summary, notes),
        parent=_key_of(fields.get("parent")) or _key_of(first("parent")),
        epic_link=_key_of(first("epic_link")),
        epic_name=clean(_text(first("epic_name")), notes),
        description=description.text,
        criteria=own or description.criteria or listed,
        points=read_points(first("points"), notes),
        priority=_name(fields.get("priority")),
        status=_name(fields.get("status")),
        resolution=_name(fields.get("resolution")),
        team=_name(first("team")) or description.owner,
        components=tuple(filter(None, map(_name, _several(fields.get("components"))))),
        labels=tuple(filter(None, map(_text, _several(fields.get("labels"))))),
        sprints=tuple(filter(None, map(_sprint, sprints))),
        links=tuple(_links(fields.get("issuelinks"), notes)),
        urls=tuple(dict.fromkeys([*urls_in(markdown), *_remote(value)])),
    )


def _sorted_fields(
    fields: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[dict[str, list[Any]], list[tuple[str, Any]]]:
    """Custom values by the field of the plan that they give, in the order of the table of names;
    and those about people, with their kind.
    """
    found: dict[str, list[tuple[int, Any]]] = {}
    people: list[tuple[str, Any]] = []
    for identifier, value in fields.items():
        if value in (None, "", []):
            continue
        name = names.get(identifier, CLOUD_FIELDS.get(identifier, identifier))
        field, person = field_of(name), people_field(name)
        if person is not None:
            people.append((person, value))
        elif field is not None and identifier not in _SYSTEM_FIELDS:
            found.setdefault(field, []).append((FIELDS[field].index(plain_name(name)), value))
        elif field is None and identifier.startswith("customfield_"):
            people += [("user field", value)] if _is_person(value) else []
            if identifier not in names and _is_sprint(value):
                found.setdefault("sprints", []).append((len(FIELDS["sprints"]), value))
    ordered = {
        field: [value for _, value in sorted(values, key=lambda pair: pair[0])]
        for field, values in found.items()
    }
    return ordered, people


def _is_person(value: object) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, Mapping) and ("accountId" in first or "emailAddress" in first)


def _is_sprint(value: object) -> bool:
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, Mapping):
        return {"name", "state", "boardId"} <= set(first)
    return isinstance(first, str) and _SPRINT_TEXT.fullmatch(first) is not None


def _note_people(kind: str, value: object, notes: Notes) -> None:
    """Count people's fields; comments and work logs by their number, an empty one not at all."""
    if isinstance(value, Mapping) and "displayName" not in value:
        inner = next((value[name] for name in ("comments", "worklogs") if name in value), None)
        if inner is None:
            count = value.get("watchCount", value.get("votes", 0))
            if isinstance(count, int) and count > 0:
                notes.counts[f"person: {kind}"] += count
            return
        value = inner
    for item in _several(value):
        person = item.get("author", item) if isinstance(item, Mapping) else None
        name = _text(person.get("displayName")) if isinstance(person, Mapping) else ""
        notes.person(kind, (name,))


def _markdown(value: object, notes: Notes) -> str:
    if isinstance(value, Mapping):
        # Mentions become "[person]" in here; addresses may still stand in its texts.
        return clean(adf_to_markdown(value, notes), notes)
    return wiki_to_markdown(clean(_text(value), notes))


def _links(value: object, notes: Notes) -> Iterator[IssueLink]:
    for link in _several(value):
        if not isinstance(link, Mapping):
            continue
        kind_of = _mapping(link.get("type"))
        for end, outward in (("outwardIssue", True), ("inwardIssue", False)):
            target = _key_of(link.get(end))
            if not target:
                continue
            phrase = _text(kind_of.get("outward" if outward else "inward"))
            name = _text(kind_of.get("name"))
            kind = link_kind(name, outward=outward, phrase=phrase)
            if kind is not None:
                yield IssueLink(kind=kind, target=target)
            else:
                notes.counts[f"links not used: {name}"] += 1


def _sprint(value: object) -> Sprint | None:
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
    name = _text(value.get("name"))
    start, goal = _text(value.get("startDate")), _text(value.get("goal"))
    return Sprint(name=name, start=start[:10], goal=goal) if name else None


def _remote(value: Mapping[str, Any]) -> Iterator[str]:
    """Web links, which exporters put beside the fields (Jira itself gives them one by one)."""
    for link in _several(value.get("remotelinks", value.get("remoteLinks"))):
        target = link.get("object") if isinstance(link, Mapping) else None
        if isinstance(target, Mapping) and target.get("url"):
            yield str(target["url"])


def _several(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _key_of(value: object) -> str:
    """An issue's key from its object, or as a text by itself."""
    if isinstance(value, Mapping):
        data = value.get("data")  # the parent link of Advanced Roadmaps
        return _text(value.get("key")) or (_key_of(data) if isinstance(data, Mapping) else "")
    return _text(value)


def _name(value: object) -> str:
    """What an option, team, priority or component is called; a person is nobody here."""
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, Mapping):
        if _is_person(value):
            return ""
        return next(
            (_text(value[name]) for name in ("name", "value", "title") if name in value), ""
        )
    return _text(value)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
