"""The outline: a plan's tickets without their descriptions and criteria, a line each.

    # Storm Claims by Photo
    1 Compare each claim with the weather | Policy Data | Policy Data Team | High | after 2
    1.1 Compare place and time with the weather archive | 5 | High | after 2.1
    1.2 bug: Claims without a place are lost | Medium
    1.2.1 Find out which claims have none | 1
    1.2.2 Ask for the place | 2 | after 1.2.1

An epic has title, component, owner and priority; a story or bug has points and priority, or the
priority alone and below it tasks with points, which are its own then. The model writes this, and a
person may change it.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any, Final, cast

from tickets.bounds import Bounds
from tickets.diagnostics import Diagnostic, ParseResult
from tickets.grammar import BLANK, either, upto
from tickets.schema import (
    FIBONACCI,
    PRIORITIES,
    Dependency,
    Epic,
    Loc,
    Plan,
    Ref,
    Story,
    Task,
    TicketType,
)
from tickets.text import one_line
from tickets.vocabulary import Vocabulary

AFTER: Final = "after"
NOTHING: Final = "-"
"""What stands for a component or owner that is not known; only a person leaves one out."""

LARGE: Final = Bounds(epics=12)
"""What an outline may have: an epic takes fewer tokens here than in a whole plan."""

_NUMBERED: Final = re.compile(r"\s*(?:[-*+]\s+)?(\d{1,4}(?:\.\d{1,4}){0,2})[.:]?\s+(\S.*)")
_HEADING: Final = re.compile(r"\s*#+\s+(.*)")
_TYPED: Final = re.compile(r"(?:(story|task|bug):\s*)+(.*)", re.IGNORECASE)
_AFTER: Final = re.compile(rf"{AFTER}\b:?\s*(.*)", re.IGNORECASE)
_REF: Final = re.compile(
    r"(?:(?:epic|story|task|bug)\s+)?(\d{1,4}(?:\.\d{1,4}){0,2})", re.IGNORECASE
)
FENCE: Final = re.compile(r"\s*(?:```|~~~)")


# Plan to outline.


def outline_of(plan: Plan) -> Plan:
    """What an outline keeps of a plan: `read_outline(write_outline(plan)).plan` is the same."""
    return Plan(title=_words(plan.title), epics=tuple(map(_epic, plan.epics)))


def write_outline(plan: Plan) -> str:
    """The outline of a plan; it ends in a newline."""
    lines = [f"# {plan.title}"]
    for _, ticket in outline_of(plan).tickets():
        fields = [ticket.title]
        if isinstance(ticket, Epic):
            fields += [", ".join(ticket.components) or NOTHING, ticket.owner or NOTHING]
        elif ticket.type != _usual(ticket):
            fields[0] = f"{str(ticket.type).lower()}: {ticket.title}"
        fields += [] if ticket.points is None else [str(ticket.points)]
        fields += [ticket.priority] if ticket.priority else []
        refs = ", ".join(number_of(each.ref) for each in ticket.dependencies)
        fields += [f"{AFTER} {refs}"] if refs else []
        lines.append(f"{number_of(ticket.ref)} {' | '.join(fields)}")
    return "\n".join(lines) + "\n"


def number_of(ref: Ref) -> str:
    """`1.2` for `Story 1.2`."""
    return ".".join(map(str, ref.number))


def _epic(epic: Epic) -> Epic:
    return Epic(
        **_common(epic),
        components=tuple(map(_words, epic.components)),
        owner=_words(epic.owner),
        priority=epic.priority,
        stories=tuple(map(_story, epic.stories)),
    )


def _story(story: Story) -> Story:
    return Story(
        **_common(story),
        type=story.type or "Story",
        points=None if story.tasks else story.points,
        priority=story.priority,
        tasks=tuple(
            Task(**_common(task), type=task.type or "Task", points=task.points)
            for task in story.tasks
        ),
    )


def _common(ticket: Epic | Story | Task) -> dict[str, Any]:
    title = _words(ticket.title or ticket.name) or NOTHING
    refs = dict.fromkeys(each.ref for each in ticket.dependencies)
    return {"ref": ticket.ref, "name": title, "title": title, "dependencies": _waits(refs)}


def _waits(refs: Sequence[Ref] | dict[Ref, None]) -> tuple[Dependency, ...]:
    """Dependencies as an outline can say them; that on an epic means its completion."""
    return tuple(Dependency(ref=ref, completion=ref.level == "Epic") for ref in refs)


def _usual(ticket: Story | Task) -> TicketType:
    return "Task" if isinstance(ticket, Task) else "Story"


def _words(text: str) -> str:
    """A text as it may stand between bars, and that is not read as something else there."""
    text = re.sub(r"\s*\|\s*", " / ", str(one_line(text))).strip(" /")
    return _TYPED.sub(r"\1 - \2", text) if _TYPED.match(text) else text


# Outline to plan.


def read_outline(text: str) -> ParseResult:
    """The plan of titles that an outline describes, what could not be read, and where things stand.

    It never raises. A line that is none of an outline's is left out and told (O101), a value that
    is none (O102) or a ticket without the one that holds it (O103) likewise.
    """
    return _Reader().read(text)


class _Reader:
    def __init__(self) -> None:
        self.title = ""
        self.epics: list[dict[str, Any]] = []
        self.lines: dict[Loc, int] = {}
        self.diagnostics: list[Diagnostic] = []
        self.number = 0

    def read(self, text: str) -> ParseResult:
        for self.number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
            if match := _NUMBERED.fullmatch(line):
                self._ticket(tuple(map(int, match[1].split("."))), match[2])
            elif match := _HEADING.fullmatch(line):
                self.title = self.title or match[1]
                self.lines.setdefault(("title",), self.number)
            elif line.strip() and not FENCE.match(line):
                self._tell("O101", f"{line.strip()[:60]!r} is no line of an outline", _FORM)
        plan = Plan.model_validate({"title": self.title, "epics": self.epics})
        return ParseResult(plan=plan, diagnostics=tuple(self.diagnostics), lines=self.lines)

    def _tell(self, code: str, message: str, fix: str) -> None:
        self.diagnostics.append(
            Diagnostic(code=code, severity="error", message=message, line=self.number, fix=fix)
        )

    def _ticket(self, number: tuple[int, ...], rest: str) -> None:
        place = self._place(len(number))
        if place is None:
            holder = "an epic" if len(number) == 2 else "a story"
            self._tell(
                "O103",
                f"{'.'.join(map(str, number))} stands below no {holder.split()[1]}",
                f"write {holder} above it",
            )
            return
        siblings, loc = place
        ticket = self._fields(number, [field.strip() for field in rest.split("|")])
        self.lines[*loc, len(siblings)] = self.number
        siblings.append(ticket)

    def _place(self, level: int) -> tuple[list[dict[str, Any]], Loc] | None:
        """Where a ticket of a level goes: among which others, and the loc of these."""
        siblings, loc = self.epics, cast(Loc, ("epics",))
        for name in ("stories", "tasks")[: level - 1]:
            if not siblings:
                return None
            siblings, loc = siblings[-1][name], (*loc, len(siblings) - 1, name)
        return siblings, loc

    def _fields(self, number: tuple[int, ...], fields: list[str]) -> dict[str, Any]:
        typed = None if len(number) == 1 else _TYPED.fullmatch(fields[0])
        title = typed[2] if typed else fields[0]
        ticket: dict[str, Any] = {"ref": {"number": number}, "name": title, "title": title}
        names = ["components", "owner"] if len(number) == 1 else []
        if len(number) == 1:
            ticket["stories"] = []
        else:
            usual = "Task" if len(number) == 3 else "Story"
            ticket["type"] = typed[1].capitalize() if typed else usual
            ticket |= {"tasks": []} if len(number) == 2 else {}
        for field in fields[1:]:
            after = _AFTER.fullmatch(field)
            if names and not after:
                name = names.pop(0)
                value = "" if field == NOTHING else field
                ticket[name] = [value] if name == "components" else value
            elif after:
                ticket["dependencies"] = self._waits(after[1])
            elif field.capitalize() in PRIORITIES and len(number) < 3:
                ticket["priority"] = field.capitalize()
            elif field.isascii() and field.isdigit() and len(field) < 6 and len(number) > 1:
                ticket["points"] = int(field)
            elif field != NOTHING:
                self._tell(
                    "O102", f"{field[:60]!r} is no value of this ticket", _FORMS[len(number)]
                )
        return ticket

    def _waits(self, text: str) -> list[dict[str, Any]]:
        refs: dict[Ref, None] = {}
        for part in re.split(r"[,;]", text):
            match = _REF.fullmatch(part.strip())
            if match:
                refs[Ref.of(match[1])] = None
            elif part.strip() not in ("", NOTHING):
                self._tell(
                    "O102", f"{part.strip()[:60]!r} is no ticket's number", "write it like 1.2"
                )
        return [dependency.model_dump() for dependency in _waits(refs)]


_FORMS: Final = {
    1: f"an epic is: 1 title | component | owner | priority | {AFTER} 2",
    2: f"a story is: 1.2 title | points | priority | {AFTER} 1.1",
    3: f"a task is: 1.2.1 title | points | {AFTER} 1.1",
}
_FORM: Final = _FORMS[2]


# What a model is held to.


def outline_grammar(bounds: Bounds | None = None, vocabulary: Vocabulary | None = None) -> str:
    """The EBNF of outlines within `bounds` (default: `LARGE`), with a vocabulary's names only.

    Numbers are right by construction; what stands behind `after` may be no ticket.
    """
    bounds = bounds or LARGE
    chain = [
        f"epics-{e} ::= epic-{e}" + (f" epics-{e + 1}?" if e < bounds.epics else "")
        for e in range(1, bounds.epics + 1)
    ]
    rules = [_epic_rules(e, bounds) for e in range(1, bounds.epics + 1)]
    root = 'root ::= "#" words "\\n" epics-1'
    return "\n".join([root, *chain, *rules, _field_rules(bounds, vocabulary or Vocabulary())])


def revision_grammar(
    plan: Plan,
    places: Collection[int],
    bounds: Bounds | None = None,
    vocabulary: Vocabulary | None = None,
) -> str:
    """The EBNF of a plan's outline in which the epics in some places are free, all else as it is.

    Args:
        plan: numbered by its places.
        places: of the epics that are written anew, from 0.
        bounds: of these.
        vocabulary: the names that they may use.
    """
    bounds = bounds or Bounds()
    stories = max((len(epic.stories) for epic in plan.epics), default=0)
    most = {"epics": len(plan.epics), "stories": stories}
    wider = {name: max(getattr(bounds, name), least) for name, least in most.items()}
    bounds = bounds.model_copy(update=wider)
    title, *lines = write_outline(plan).splitlines()
    parts = [_literal([title])]
    for place in range(len(plan.epics)):
        own = [line for line in lines if re.split(r"[. ]", line)[0] == str(place + 1)]
        parts.append(f"epic-{place + 1}" if place in places else _literal(own))
    rules = [_epic_rules(place + 1, bounds) for place in sorted(places)]
    root = f"root ::= {' '.join(parts)}"
    return "\n".join([root, *rules, _field_rules(bounds, vocabulary or Vocabulary())])


def _literal(lines: Sequence[str]) -> str:
    """The EBNF of these lines and no others."""
    return " ".join(f'{either([line])} "\\n"' for line in lines)


def _field_rules(bounds: Bounds, names: Vocabulary) -> str:
    components = _names(names.components, bounds.components)
    task = f' "." {upto(bounds.tasks)}' if bounds.tasks else ""
    most = bounds.dependencies
    after = f' (" | {AFTER} " ref (", " ref){{0,{most - 1}}})?' if most else ""
    return rf"""
epic-fields ::= words " |" {components} " |" {_names(names.teams, 1)} " | " priority end
story-fields ::= typed points " | " priority end
split-fields ::= typed " | " priority end
task-fields ::= typed points end
typed ::= (" " ("task:" | "bug:"))? words
points ::= " | " ({either(map(str, FIBONACCI))})
priority ::= {either(PRIORITIES)}
end ::={after} "\n"
ref ::= {upto(bounds.epics)} ("." {upto(bounds.stories)} ({task or '""'})?)?
words ::= (" " [^|{BLANK}]+)+
""".lstrip("\n")


def _names(names: Sequence[str], most: int) -> str:
    """Names behind a bar: of the vocabulary at most so many, or any words."""
    if not names:
        return "words"
    one = f"({either(names)})"
    return f'" " {one} (", " {one}){{0,{most - 1}}}' if most > 1 else f'" " {one}'


def _epic_rules(e: int, bounds: Bounds) -> str:
    """The rules of one epic with its stories and their tasks."""
    rules = [f'epic-{e} ::= "{e}" epic-fields story-{e}-1']
    for s in range(1, bounds.stories + 1):
        following = f" story-{e}-{s + 1}?" if s < bounds.stories else ""
        split = f" | split-fields task-{e}-{s}-1" if bounds.tasks else ""
        rules.append(f'story-{e}-{s} ::= "{e}.{s}" (story-fields{split}){following}')
        for k in range(1, bounds.tasks + 1):
            following = f" task-{e}-{s}-{k + 1}?" if k < bounds.tasks else ""
            rules.append(f'task-{e}-{s}-{k} ::= "{e}.{s}.{k}" task-fields{following}')
    return "\n".join(rules)
