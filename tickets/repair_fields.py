"""Fields: what can be taken from elsewhere in the plan, or has a usual value, is filled in."""

import re
from collections.abc import Sequence
from typing import Any, Final

from tickets.headings import heading_text
from tickets.repair_base import Draft, Updates
from tickets.rules_fields import KEY, key_is_right, nearest_name, team_name
from tickets.schema import Epic, Loc, Ref, Story, Task, Ticket
from tickets.text import one_line

_UNTITLED: Final = "Untitled"
_LONGEST_TITLE: Final = 80
_NO_TEAM: Final = "Delivery Team"
_NO_COMPONENT: Final = "Delivery"
_NO_PREFIX: Final = "PLAN"
_NO_CODE: Final = "FEAT"
_LONGEST_CODE: Final = 4


def fill_fields(draft: Draft) -> None:
    """Titles, names, types, priorities, owners, components and the plan's title."""
    updates: Updates = {}
    for loc, ticket in draft.order.tickets:
        fields: dict[str, Any] = {}
        _name(draft, loc, ticket, fields)
        if isinstance(ticket, Epic):
            _own(draft, loc, ticket, fields)
        elif ticket.type is None or (isinstance(ticket, Task) and ticket.type == "Story"):
            fields["type"] = "Task" if isinstance(ticket, Task) else "Story"
            code = "F506" if ticket.type is None else "F507"
            draft.note(code, (*loc, "type"), f"{ticket.ref}: type became {fields['type']}")
        if ticket.priority is None and not isinstance(ticket, Task):
            fields["priority"] = "Medium"
            draft.note("F509", (*loc, "priority"), f"{ticket.ref}: priority became Medium")
        _components(draft, loc, ticket, fields, updates)
        if fields:
            updates[loc] = fields
    draft.change_tickets(updates)
    if not draft.plan.title and draft.plan.epics:
        title = draft.plan.epics[0].name
        draft.note("F502", ("title",), f"The plan: title taken from its first epic, {title}")
        draft.change(title=title)


def _name(draft: Draft, loc: Loc, ticket: Ticket, fields: dict[str, Any]) -> None:
    if ticket.title and ticket.name:
        return
    title = ticket.title or ticket.name or _first_words(ticket.description) or _UNTITLED
    if not ticket.title:
        fields["title"] = title
        draft.note("F503", (*loc, "title"), f"{ticket.ref}: title became {title}")
    if not ticket.name:
        fields["name"] = str(heading_text(title)) or _UNTITLED
        draft.note("F504", (*loc, "name"), f"{ticket.ref}: name became {fields['name']}")


def _first_words(description: str) -> str:
    line = str(one_line(description.split("\n", 1)[0]))
    if len(line) <= _LONGEST_TITLE:
        return line
    return line[:_LONGEST_TITLE].rsplit(" ", 1)[0].rstrip()


def _own(draft: Draft, loc: Loc, epic: Epic, fields: dict[str, Any]) -> None:
    teams = draft.vocabulary.teams if draft.vocabulary is not None else ()
    if not team_name(epic.owner):
        owner = _team_of(epic)
        fields["owner"] = nearest_name(owner, teams)[0] if teams else owner
        draft.note("F513", (*loc, "owner"), f"{epic.ref}: owner became {fields['owner']}")
    elif teams and epic.owner not in teams:
        nearest, certain = nearest_name(epic.owner, teams)
        if certain:
            fields["owner"] = nearest
            message = f"{epic.ref}: owner {epic.owner} became {nearest}"
            draft.note("F516", (*loc, "owner"), message)


def _team_of(epic: Epic) -> str:
    """The team after which the epic's first component is named."""
    if not epic.components:
        return _NO_TEAM
    name = epic.components[0]
    owner = name if name.casefold().endswith("team") else f"{name} Team"
    return owner if team_name(owner) else _NO_TEAM


def _components(
    draft: Draft, loc: Loc, ticket: Ticket, fields: dict[str, Any], updates: Updates
) -> None:
    allowed = draft.vocabulary.components if draft.vocabulary is not None else ()
    if ticket.components:
        if allowed:
            _correct_components(draft, loc, ticket, fields, allowed)
        return
    names: tuple[str, ...]
    if isinstance(ticket, Epic):
        names = _components_of(fields.get("owner", ticket.owner))
        if allowed:
            names = (nearest_name(names[0], allowed)[0],)
    elif isinstance(ticket, Story):
        epic = draft.plan.epics[int(loc[1])]
        names = updates.get(loc[:2], {}).get("components", epic.components)
    else:
        return
    fields["components"] = names
    message = f"{ticket.ref}: component became {', '.join(names)}"
    draft.note("F514", (*loc, "components"), message)


def _correct_components(
    draft: Draft, loc: Loc, ticket: Ticket, fields: dict[str, Any], allowed: Sequence[str]
) -> None:
    names = [_allowed(name, allowed) for name in ticket.components]
    for place, (old, new) in enumerate(zip(ticket.components, names, strict=True)):
        if old != new:
            message = f"{ticket.ref}: component {old} became {new}"
            draft.note("F515", (*loc, "components", place), message)
    if tuple(names) != ticket.components:
        fields["components"] = tuple(dict.fromkeys(names))


def _allowed(name: str, allowed: Sequence[str]) -> str:
    if name in allowed:
        return name
    nearest, certain = nearest_name(name, allowed)
    return nearest if certain else name


def _components_of(owner: str) -> tuple[str, ...]:
    """The part of the product after which a team is named."""
    name = re.sub(r"\s*\bteam$", "", owner, flags=re.IGNORECASE)
    # Only the schema's own reading of a list of names is sure to be one.
    return Ticket(ref=Ref.of(1), components=(name,)).components or (_NO_COMPONENT,)


def mend_keys(draft: Draft) -> None:
    """Give every epic a key of its own, in the form and with the prefix of the others."""
    prefix = (draft.vocabulary.key_prefix or "") if draft.vocabulary is not None else ""
    epics = draft.plan.epics
    used: set[str] = set()
    faulty: dict[int, str] = {}
    for e, epic in enumerate(epics):
        code = _fault(epic.key, prefix, used)
        if code:
            faulty[e] = code
        else:
            used.add(epic.key)
    if not faulty:
        return
    stem = _stem(draft, prefix, used)
    updates: Updates = {}
    for e, code in faulty.items():
        old = epics[e].key
        key = _rewritten(old, prefix)
        number = e + 1
        while not key or key in used:
            key = f"{stem}-{number:03d}"
            number += 1
        used.add(key)
        updates["epics", e] = {"key": key}
        became = f"key {old} became {key}" if old else f"key became {key}"
        draft.note(code, ("epics", e, "key"), f"{epics[e].ref}: {became}")
    draft.change_tickets(updates)


def _fault(key: str, prefix: str, used: set[str]) -> str:
    """The code of the rule about keys that `key` breaks; empty if it breaks none."""
    if not key:
        return "F510"
    if not key_is_right(key, prefix):
        return "F511"
    if key in used:
        return "F512"
    return "F517" if prefix and not key.startswith(f"{prefix}-") else ""


def _rewritten(key: str, prefix: str) -> str:
    """A key in capital letters, digits and hyphens, under the prefix; empty if that is no key."""
    key = re.sub(r"[^A-Z0-9]+", "-", key.upper()).strip("-")
    if prefix and KEY.fullmatch(key) and not key.startswith(f"{prefix}-"):
        key = f"{prefix}-{key.split('-', 1)[1]}"
    return key if key_is_right(key, prefix) else ""


def _stem(draft: Draft, prefix: str, used: set[str]) -> str:
    """What new keys begin with: as another epic's key does, or after the plan's title."""
    for epic in draft.plan.epics:
        if epic.key in used:
            return epic.key.rsplit("-", 1)[0]
    words = re.findall(r"[A-Z0-9]+", draft.plan.title.upper())
    initials = "".join(word[0] for word in words) if len(words) > 1 else "".join(words)
    return f"{prefix or _NO_PREFIX}-{initials[:_LONGEST_CODE] or _NO_CODE}"
