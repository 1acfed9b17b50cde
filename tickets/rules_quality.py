"""Quality: the red flags of the rubric, which a person should look at. All are warnings."""

import re
from collections.abc import Iterator
from typing import Final

from tickets.rules_base import Context, Finding
from tickets.rules_fields import team_key
from tickets.schema import Epic, Story
from tickets.text import folded

MOST_EPIC_POINTS: Final = 50
LARGE_STORY: Final = 13
LARGEST_STORY: Final = 21
FEWEST_CRITERIA: Final = 2
FEWEST_WORDS: Final = 3

# The patterns search text in small letters: matching without regard to case is three times slower.
_VAGUE: Final = re.compile(
    r"\b(?:(?<!\bor )(?<!\bor a )better|easier|easily|easy to use|improv(?:e|es|ed|ing)|enhanced"
    r"|nicer?|smooth(?:ly)?"
    r"|works? (?:well|fine|properly|correctly|as (?:expected|intended|designed))|properly"
    r"|user[- ]friendly|intuitive(?:ly)?|seamless(?:ly)?|robust(?:ly|ness)?|fast(?:er)?"
    r"|quick(?:ly|er)?|efficient(?:ly)?|high[- ]quality|as (?:needed|appropriate|necessary)"
    r"|if (?:needed|appropriate|necessary)|adequate(?:ly)?|reasonabl[ey]|sufficient(?:ly)?"
    r"|appropriate(?:ly)?|and so on|best practices|state[- ]of[- ]the[- ]art|etc)\b"
)
_LEFT_OPEN: Final = re.compile(
    r"\btb[da]\b|\bfixme\b|\btodo:|\[(?:\.\.\.|…)\]|\blorem ipsum\b"
    r"|\bto be (?:defined|determined|decided|confirmed)\b"
)
_OPEN_MARKS: Final = (
    "tbd",
    "tba",
    "fixme",
    "todo:",
    "[...]",
    "[…]",
    "lorem",
    "to be de",
    "to be co",
)
_NOT_FILLED: Final = re.compile(
    r"(?:\[[^\[\]]*\]|<[^<>]*>|\.\.\.|…|\?+|-+|n/?a|none|todo|placeholder|xxx+)\.?"
)
_LISTED: Final = re.compile(r"\s*[,;]\s*")
_JOINED: Final = re.compile(r"\s*[/&+]\s*|\s+(?:and|with)\s+", re.IGNORECASE)
_OF_TEAM: Final = re.compile(r"\b(?:team|squad|group|sig|guild|crew|tribe)$", re.IGNORECASE)
_TEAMS: Final = re.compile(r"\b(?:teams|squads|groups|sigs|guilds)$", re.IGNORECASE)


def epic_size(context: Context) -> Iterator[Finding]:
    """An epic of more than 50 points."""
    for e, epic in enumerate(context.plan.epics):
        if epic.points is not None and epic.points > MOST_EPIC_POINTS:
            yield Finding(
                ("epics", e, "points"),
                f"{epic.ref} has {epic.points} points, more than {MOST_EPIC_POINTS}",
                "split it into epics that can be finished one after the other",
            )


def epic_stories(context: Context) -> Iterator[Finding]:
    """An epic without stories."""
    for e, epic in enumerate(context.plan.epics):
        if not epic.stories:
            yield Finding(("epics", e), f"{epic.ref} has no story", "say what is to be built")


def one_epic_per_team(context: Context) -> Iterator[Finding]:
    """A team that owns several epics."""
    owned: dict[str, str] = {}
    for e, epic in enumerate(context.plan.epics):
        key = team_key(epic.owner)
        if key and key in owned:
            message = f"{epic.ref} is owned by {epic.owner}, as {owned[key]} is"
            yield Finding(("epics", e, "owner"), message, "give each team one epic")
        elif key:
            owned[key] = str(epic.ref)


def one_team_per_epic(context: Context) -> Iterator[Finding]:
    """An epic that several teams own."""
    plan = context.plan
    known = {team_key(epic.owner) for epic in plan.epics}
    known.update(team_key(allocation.team) for allocation in plan.allocation)
    for e, epic in enumerate(plan.epics):
        teams = teams_in(epic.owner, known)
        if len(teams) > 1:
            yield Finding(
                ("epics", e, "owner"),
                f"{epic.ref} is owned by {len(teams)} teams, {' and '.join(teams)}",
                "give each team an epic of its own",
            )


def teams_in(owner: str, known: set[str]) -> list[str]:
    """The teams that an owner names: `A Team and B Team`, `A, B`, but not `UI/UX Team`.

    Names in a list are teams. Names joined by a word or a stroke are teams if each is called one,
    if all together are (`A and B Teams`), or if each is one elsewhere in the plan (`known`).
    """
    teams = []
    for name in _LISTED.split(owner):
        parts = [part for part in _JOINED.split(name) if part]
        named = all(_OF_TEAM.search(part) or team_key(part) in known for part in parts)
        if len(parts) > 1 and (named or _TEAMS.search(name)):
            teams.extend(parts)
        elif name:
            teams.append(name)
    return list(dict.fromkeys(teams))


def criteria(context: Context) -> Iterator[Finding]:
    """A story with fewer than two acceptance criteria."""
    for loc, ticket in context.order.tickets:
        if isinstance(ticket, Story) and len(ticket.acceptance_criteria) < FEWEST_CRITERIA:
            count = "one criterion" if ticket.acceptance_criteria else "no criteria"
            yield Finding(
                (*loc, "acceptance_criteria"),
                f"{ticket.ref} has {count}",
                "say what a tester can check, in two criteria or more",
            )


def criterion_exact(context: Context) -> Iterator[Finding]:
    """An acceptance criterion that two testers would judge differently."""
    for loc, name, text in context.criteria:
        match = _VAGUE.search(text.lower())
        if match and not any(char.isdigit() for char in text):
            message = f'{name} has a vague criterion, "{_short(text)}": {match[0]}'
            yield Finding(loc, message, "name a figure, or what can be seen")


def criterion_long(context: Context) -> Iterator[Finding]:
    """An acceptance criterion of one or two words."""
    for loc, name, text in context.criteria:
        if text.count(" ") < FEWEST_WORDS - 1:
            message = f'{name} has a criterion too short to test, "{_short(text)}"'
            yield Finding(loc, message, "say what is done and what can then be seen")


def criterion_once(context: Context) -> Iterator[Finding]:
    """An acceptance criterion that stands in the plan twice."""
    seen: dict[str, str] = {}
    for loc, name, text in context.criteria:
        line = folded(text)
        first = seen.get(line)
        if first is None:
            seen[line] = name
        else:
            other = "twice" if first == name else f"as {first} has"
            message = f'{name} has the criterion "{_short(text)}" {other}'
            yield Finding(loc, message, "write what sets it apart, or leave it out")


def title_once(context: Context) -> Iterator[Finding]:
    """A title that two tickets have."""
    yield from _twice(context, "title")


def description_once(context: Context) -> Iterator[Finding]:
    """A description that two tickets have."""
    yield from _twice(context, "description")


def _twice(context: Context, field: str) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for loc, ticket in context.order.tickets:
        text: str = getattr(ticket, field)
        if not text:
            continue
        line = folded(text)
        if line in seen:
            message = f'{ticket.ref} has the {field} of {seen[line]}, "{_short(text)}"'
            yield Finding((*loc, field), message, "say what sets it apart")
        else:
            seen[line] = str(ticket.ref)


def says_more(context: Context) -> Iterator[Finding]:
    """A description that only repeats the title."""
    for loc, ticket in context.order.tickets:
        text = ticket.description
        if text and folded(text) in (folded(ticket.title), folded(ticket.name)):
            message = f"{ticket.ref} repeats its title as description"
            yield Finding((*loc, "description"), message, "say what is to be done and why")


def large_story_split(context: Context) -> Iterator[Finding]:
    """A story of 13 or more points without tasks."""
    for loc, ticket in context.order.tickets:
        if isinstance(ticket, Story) and (ticket.points or 0) >= LARGE_STORY and not ticket.tasks:
            message = f"{ticket.ref} has {ticket.points} points and no tasks"
            yield Finding((*loc, "points"), message, "split it into tasks, or into smaller stories")


def story_size(context: Context) -> Iterator[Finding]:
    """A story or task of more than 21 points."""
    for loc, ticket in context.order.tickets:
        if not isinstance(ticket, Epic) and (ticket.points or 0) > LARGEST_STORY:
            message = f"{ticket.ref} has {ticket.points} points, more than two sprints hold"
            yield Finding((*loc, "points"), message, "split it into smaller stories")


def placeholder(context: Context) -> Iterator[Finding]:
    """A text that was left to be filled in."""
    texts = [
        ((*loc, field), str(ticket.ref), field, text)
        for loc, ticket in context.order.tickets
        for field in ("name", "title", "description")
        if (text := getattr(ticket, field))
    ]
    texts += [(loc, name, "criterion", text) for loc, name, text in context.criteria]
    everything = "\n".join(text for *_, text in texts).lower()
    any_open = any(mark in everything for mark in _OPEN_MARKS)
    for loc, name, what, text in texts:
        lower = text.lower()
        if _NOT_FILLED.fullmatch(lower) or (any_open and _LEFT_OPEN.search(lower)):
            message = f'{name} has a {what} that is left open, "{_short(text)}"'
            yield Finding(loc, message, "fill it in, or leave it out")


def any_dependency(context: Context) -> Iterator[Finding]:
    """A plan of several epics in which no ticket waits for another."""
    plan = context.plan
    if len(plan.epics) > 1 and not plan.critical_path and not context.order.needs:
        message = f"The plan has {len(plan.epics)} epics and no dependency"
        yield Finding((), message, "say which ticket needs which")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57].rstrip()}..."
