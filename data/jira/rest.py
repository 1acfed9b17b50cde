"""Pages of Jira's REST search, saved as JSON: Cloud (version 3, ADF) and Server (version 2, wiki).

Pages are streamed, one issue in memory at a time. Custom fields have numbers for names; the `names`
map that `expand=names` adds to a page says what they are called, and may stand behind the issues.
"""

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
    people_field,
    plain_name,
    read_points,
)
from data.jira.issue import Issue, Notes
from data.jira.text import clean, read_description, urls_in
from data.jira.values import (
    is_person,
    is_sprint,
    key_of,
    mapping,
    name_of,
    read_links,
    read_sprint,
    several,
    text_of,
    web_links,
)
from data.jira.wiki import wiki_to_markdown
from tickets.files import InputError

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
    total, read, ends = 0, 0, not paths
    for path in paths:
        try:
            with path.open("rb") as file:
                root = _root(file, path)
                about = _about(file, root, path)
                names |= about.get("names", {})
                total = max(total, about.get("total", 0))
                ends = ends or about.get("is_last", True)
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
    if read < total or not ends:
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
    issue_type = mapping(fields.get("issuetype"))
    key, summary = text_of(value.get("key")), text_of(fields.get("summary"))
    kind = text_of(issue_type.get("name"))
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
    listed = read_checklist(clean(text_of(checklist), notes) if isinstance(checklist, str) else "")
    sprints = several(first("sprints")) or [description.sprint]
    level = issue_type.get("hierarchyLevel")
    is_subtask = issue_type.get("subtask") is True
    return Issue(
        place=place,
        key=key,
        id=text_of(value.get("id")),
        type=kind,
        level=level if isinstance(level, int) else -1 if is_subtask else None,
        summary=clean(summary, notes),
        parent=key_of(fields.get("parent")) or key_of(first("parent")),
        epic_link=key_of(first("epic_link")),
        epic_name=clean(text_of(first("epic_name")), notes),
        description=description.text,
        criteria=own or description.criteria or listed,
        points=read_points(first("points"), notes),
        priority=name_of(fields.get("priority")),
        status=name_of(fields.get("status")),
        resolution=name_of(fields.get("resolution")),
        team=name_of(first("team")) or description.owner,
        components=tuple(filter(None, map(name_of, several(fields.get("components"))))),
        labels=tuple(filter(None, map(text_of, several(fields.get("labels"))))),
        sprints=tuple(filter(None, map(read_sprint, sprints))),
        links=tuple(read_links(fields.get("issuelinks"), notes)),
        urls=tuple(dict.fromkeys([*urls_in(markdown), *web_links(value, notes)])),
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
            people += [("user field", value)] if is_person(value) else []
            if identifier not in names and is_sprint(value):
                found.setdefault("sprints", []).append((len(FIELDS["sprints"]), value))
    ordered = {
        field: [value for _, value in sorted(values, key=lambda pair: pair[0])]
        for field, values in found.items()
    }
    return ordered, people


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
    for item in several(value):
        person = item.get("author", item) if isinstance(item, Mapping) else None
        name = text_of(person.get("displayName")) if isinstance(person, Mapping) else ""
        notes.person(kind, (name,))


def _markdown(value: object, notes: Notes) -> str:
    if isinstance(value, Mapping):
        # Mentions become "[person]" in here; addresses may still stand in its texts.
        return clean(adf_to_markdown(value, notes), notes)
    return wiki_to_markdown(clean(text_of(value), notes))
