"""The values of a ticket's fields, read from what people and models really write.

Each function takes the text after the label and returns the value and the leniencies that it took,
as sentences for a warning. A value that cannot be read is None, and a leniency says so.
"""

import re
from typing import Final, NamedTuple

from tickets import template as t
from tickets.schema import Dependency, Priority, Ref, TicketType, Total

_NOTHING = re.compile(r"(?:(?:none|n/?a)(?:\s*\(.*\))?|nil|no|nothing|-+|–|—)?\.?", re.IGNORECASE)
_POINTS = re.compile(
    r"(?:about|approx\.?|ca\.?)?[^\w-]{0,3}(\d{1,5})\s*(?:story\s*)?(?:points?|pts?|sp)?\.?",
    re.IGNORECASE,
)
_TICKET = r"(?:epic|stor(?:y|ies)|(?:sub-?)?task|bug)s?"
_REFERENCE = re.compile(
    rf"(?:{_TICKET}\s*#?\s*)?(?P<number>\d{{1,4}}(?:\.\d{{1,4}}){{0,2}})(?![\w.]*\w)(?P<rest>.*)",
    re.IGNORECASE,
)
_COMPLETION = re.compile(r"\s*complet(?:ion|ed?)\b", re.IGNORECASE)
_AND = re.compile(rf"\s+(?:and|&|\+)\s+(?={_TICKET}\s*#?\d)|\s*;\s*", re.IGNORECASE)
_CANONICAL_REFERENCE = re.compile(
    r"Epic \d{1,4}|Story \d{1,4}\.\d{1,4}|Task \d{1,4}\.\d{1,4}\.\d{1,4}"
)
_TOTAL = re.compile(
    r"\D{0,3}(?P<points>\d{1,5})(?:\s*(?:story\s*)?(?:points?|pts?))?"
    r"(?:\s*(?:across|over|for|,|\()?\s*(?P<teams>\d{1,5})\s*teams?\)?)?\.?",
    re.IGNORECASE,
)
_TEAM_EPICS = re.compile(r"(?P<team>.*?)\s*\((?P<refs>[^()]*)\)\s*")
_CANONICAL_TOTAL = re.compile(r"\d{1,5} story points(?: across (?:1 team|\d{1,5} teams))?")
_CANONICAL_KEY = re.compile(re.escape(t.KEY_OPEN) + r"([^\[\]\s]+)" + re.escape(t.KEY_CLOSE))
_KEY_WORDS = re.compile(r"^generated\s+as\b", re.IGNORECASE)
_PRIORITIES: Final[dict[str, Priority]] = {
    "high": "High",
    "highest": "High",
    "critical": "High",
    "blocker": "High",
    "major": "High",
    "urgent": "High",
    "p0": "High",
    "p1": "High",
    "medium": "Medium",
    "normal": "Medium",
    "moderate": "Medium",
    "p2": "Medium",
    "low": "Low",
    "lowest": "Low",
    "minor": "Low",
    "trivial": "Low",
    "p3": "Low",
    "p4": "Low",
}
_TYPES: Final[dict[str, TicketType]] = {
    "story": "Story",
    "user story": "Story",
    "feature": "Story",
    "improvement": "Story",
    "enhancement": "Story",
    "task": "Task",
    "sub-task": "Task",
    "subtask": "Task",
    "technical task": "Task",
    "chore": "Task",
    "spike": "Task",
    "bug": "Bug",
    "defect": "Bug",
}


class Reference(NamedTuple):
    """A ticket's number as it stands at the start of a text, and the text after it."""

    ref: Ref
    rest: str
    canonical: bool


def plain(text: str) -> str:
    """`text` without the bold, code or square brackets around it."""
    text = text.strip()
    while len(text) > 1 and (text[0], text[-1]) in {("*", "*"), ("`", "`"), ("_", "_"), ("[", "]")}:
        text = text[1:-1].strip()
    return text


def is_nothing(text: str) -> bool:
    """Whether `text` says that there is no value (`None`, `N/A`, `-`, nothing at all)."""
    return _NOTHING.fullmatch(plain(text)) is not None


def read_reference(text: str) -> Reference | None:
    """The ticket that `text` begins with, None if it does not begin with one."""
    match = _REFERENCE.match(text.strip())
    if match is None:
        return None
    ref = Ref(number=tuple(int(part) for part in match["number"].split(".")))
    written = text.strip()[: match.start("rest")]
    return Reference(ref, match["rest"], _CANONICAL_REFERENCE.fullmatch(written) is not None)


def read_points(text: str) -> tuple[int | None, list[str]]:
    """Story points: `8`, or forgiven `8 points`, `**8**`, `~8`."""
    match = _POINTS.fullmatch(plain(text))
    if match is None:
        return None, [f"{text!r} is no number of story points; write it like '8'"]
    points = int(match[1])
    return points, [] if text == match[1] else [f"story points {text!r} read as {points}"]


def read_priority(text: str) -> tuple[Priority | None, list[str]]:
    """`High`, `Medium` or `Low`, or forgiven what other trackers call them."""
    word = plain(text)
    priority = _PRIORITIES.get(word.lower()) or _PRIORITIES.get(word.lower().split(" ")[0])
    if priority is None:
        return None, [f"{text!r} is no priority; write High, Medium or Low"]
    return priority, [] if text == priority else [f"priority {text!r} read as {priority}"]


def read_type(text: str) -> tuple[TicketType | None, list[str]]:
    """`Story`, `Task` or `Bug`, or forgiven what other trackers call them."""
    kind = _TYPES.get(plain(text).lower())
    if kind is None:
        return None, [f"{text!r} is no type; write Story, Task or Bug"]
    return kind, [] if text == kind else [f"type {text!r} read as {kind}"]


def read_parent(text: str) -> tuple[Ref | None, list[str]]:
    """`Epic 1` or `Story 1.2`, forgiving a name behind it."""
    found = read_reference(plain(text))
    if found is None:
        return None, [f"parent {text!r} names no ticket; write it like 'Epic 1'"]
    exact = found.canonical and not found.rest and text == plain(text)
    return found.ref, [] if exact else [f"parent {text!r} read as {found.ref}"]


def read_key(text: str) -> tuple[str, list[str]]:
    """The key of `[Generated as RHOAI-PIPE-001]`, or forgiven the bare key."""
    match = _CANONICAL_KEY.fullmatch(text)
    if match:
        return match[1], []
    key = _KEY_WORDS.sub("", plain(text)).strip()
    if is_nothing(key):
        return "", []
    return key, [f"epic key {text!r} read as {key}; write [Generated as {key}]"]


def read_dependencies(text: str) -> tuple[list[Dependency], list[str], list[str]]:
    """The tickets of `Story 1.1, Epic 1 completion (note)`, with what was no ticket.

    Returns the dependencies, the leniencies, and the parts that name no ticket, as written.
    """
    if is_nothing(text):
        exact = text == t.NONE
        return [], [] if exact else [f"dependencies {text!r} read as None"], []
    dependencies: list[Dependency] = []
    leniencies: list[str] = []
    outside: list[str] = []
    for part in _split(text):
        found = read_reference(part)
        if found is None:
            outside.append(part)
            continue
        completion = _COMPLETION.match(found.rest)
        rest = found.rest[completion.end() :].strip() if completion else found.rest.strip()
        inner = rest[1:-1].strip() if rest.startswith("(") and rest.endswith(")") else None
        note = inner if inner is not None else rest.lstrip(":–—- ").strip()
        dependency = Dependency(ref=found.ref, completion=completion is not None, note=note)
        dependencies.append(dependency)
        if not found.canonical or (inner is None and rest):
            leniencies.append(f"dependency {part!r} read as {found.ref}")
    return dependencies, leniencies, outside


def read_team(text: str) -> tuple[str, list[Ref]]:
    """The team and the epics of an allocation's heading: `Platform Team (Epic 1, Epic 3):`."""
    match = _TEAM_EPICS.fullmatch(text.rstrip(": "))
    if match is None:
        return text, []
    found = [read_reference(part) for part in match["refs"].split(",")]
    refs = [reference.ref for reference in found if reference and not reference.rest.strip()]
    return (match["team"], refs) if len(refs) == len(found) else (text, [])


def read_total(text: str) -> tuple[Total | None, list[str]]:
    """`76 story points across 3 teams`, forgiving how the numbers are joined."""
    match = _TOTAL.fullmatch(text)
    if match is None:
        fix = "write it like '76 story points across 3 teams'"
        return None, [f"the total effort {text!r} is no number of points; {fix}"]
    total = Total(
        points=int(match["points"]), teams=int(match["teams"]) if match["teams"] else None
    )
    exact = _CANONICAL_TOTAL.fullmatch(text) is not None
    return total, [] if exact else [f"the total effort {text!r} read as {total.points} points"]


def _split(text: str) -> list[str]:
    """The parts between commas (and `and`, `;`) that are in no round brackets."""
    parts = [""]
    depth = 0
    position = 0
    while position < len(text):
        char = text[position]
        depth = max(0, depth + (char == "(") - (char == ")"))
        joint = _AND.match(text, position) if depth == 0 else None
        if joint:
            parts.append("")
            position = joint.end()
            continue
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
        position += 1
    return [part.strip() for part in parts if part.strip()]
