"""Headings: their normal form, and what they announce."""

import re
from typing import Final, NamedTuple

from tickets.text import one_line

_CLOSING_HASHES = re.compile(r"(?:(?:^|\s)#+)+$")
_BOLD = re.compile(r"\*\*([^*]+)\*\*(:?)")
_TICKET = re.compile(
    r"(?P<label>Epic|Story|Task|Bug|Sub-?task|Spike)\s*#?\s*(?P<number>\d{1,4}(?:\.\d{1,4}){0,2})"
    r"(?:\s*[:.–—-](?:\s+|$)|\s*:|\s+|$)(?P<name>.*)",
    re.IGNORECASE,
)
_PHASE = re.compile(
    r"Phase\s+(?P<number>\d{1,4})(?:\s*\((?P<sprint>[^()]*)\))?\s*(?:[:.–—-]\s*)?(?P<name>.*)",
    re.IGNORECASE,
)
_PLAN = re.compile(r"Jira\s+Tickets?\s+Structure(?:\s*[-–—:]\s*(?P<name>.*))?", re.IGNORECASE)
_KNOWN: Final = {
    "epic structure": "epics",
    "epics": "epics",
    "child stories": "children",
    "stories": "children",
    "user stories": "children",
    "tasks": "children",
    "sub-tasks": "children",
    "subtasks": "children",
    "cross-epic dependencies": "cross",
    "critical path dependencies": "critical",
    "critical path": "critical",
    "component integration points": "integration",
    "integration points": "integration",
    "implementation phases": "phases",
    "implementation timeline": "phases",
    "implementation plan": "phases",
    "resource allocation": "allocation",
    "resource requirements": "allocation",
    "acceptance criteria": "criteria",
}


class Title(NamedTuple):
    """What a heading announces: its kind, the numbers in it, its name, whether it is exact."""

    kind: str
    number: tuple[int, ...] = ()
    name: str = ""
    label: str = ""
    sprint: str = ""


def heading_text(text: object) -> object:
    """The normal form of a heading's words: not bold as a whole, no closing hashes."""
    line = one_line(text)
    if not isinstance(line, str):
        return line
    before = None
    while line != before:  # each step may lay bare the other's case
        before = line
        line = _CLOSING_HASHES.sub("", line).rstrip()
        if bold := _BOLD.fullmatch(line):
            line = bold[1].strip() + bold[2]
    return line


def read_heading(text: str) -> Title:
    """What a heading's words announce: `epic`, `story`, `phase`, … or `other`."""
    text = str(heading_text(text))
    known = _KNOWN.get(text.rstrip(": ").lower())
    if known:
        return Title(known, label=text)
    if match := _TICKET.fullmatch(text):
        number = tuple(int(part) for part in match["number"].split("."))
        label = match["label"].capitalize()
        kind = "epic" if label == "Epic" else "task" if len(number) == 3 else "story"
        return Title(kind, number, match["name"].strip(), label)
    if match := _PHASE.fullmatch(text):
        sprint = match["sprint"] or ""
        return Title("phase", (int(match["number"]),), match["name"].strip(), "Phase", sprint)
    if match := _PLAN.fullmatch(text):
        return Title("plan", name=(match["name"] or "").strip())
    return Title("other", name=text)
