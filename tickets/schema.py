"""What a plan is: frozen pydantic models of the whole ticket structure.

Every text is put into one normal form when a model is built, so that two plans that read the same
are equal, and so that a plan written as markdown and read again is the same plan. Numbers, parents
and points are kept as they were written, even where they break a rule: `tickets.rules` finds what
is wrong and `tickets.repair` mends it. `None` means "not written"; the rules say so too.

A *loc* is the path of a value in the plan, as pydantic writes it:
`("epics", 0, "stories", 2, "points")`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_serializer,
    model_validator,
)

from tickets.headings import heading_text, read_heading
from tickets.text import many_lines, one_line

Priority = Literal["High", "Medium", "Low"]
TicketType = Literal["Story", "Task", "Bug"]
Loc = tuple[str | int, ...]

PRIORITIES: Final[tuple[Priority, ...]] = ("High", "Medium", "Low")
TICKET_TYPES: Final[tuple[TicketType, ...]] = ("Story", "Task", "Bug")
FIBONACCI: Final = (1, 2, 3, 5, 8, 13, 21)
"""The points a story or task may have; the origin's template ends its list at 21."""

LEVELS: Final = ("Epic", "Story", "Task")

_CHECKBOX = re.compile(r"^(?:\[[ xX]\](?:\s+|$))+")
_REF = re.compile(r"(?:(?:Epic|Story|Task|Bug)\s+)?(\d{1,4}(?:\.\d{1,4}){0,2})", re.IGNORECASE)
_ITEM_REF = re.compile(
    r"(?P<bold>\*\*)?(?:Epic|Story|Task|Bug)\s+(?P<number>\d{1,4}(?:\.\d{1,4}){0,2})"
    r"(?(bold)\*\*)(?:\s*[:–—-]\s*(?P<text>.*)|\s*(?P<note>\(.*\)))?",
    re.IGNORECASE,
)
_LATE_SPRINT = re.compile(r"(.*?)\s*\((Sprint[^()]*)\)", re.IGNORECASE)
_REF_GROUP = re.compile(
    r"\(\s*(?:Epics?|Story|Stories|Tasks?|Bugs?)\s+\d[^()]*\)\s*:*\s*$", re.IGNORECASE
)


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def _note(text: object) -> object:
    """A note stands in round brackets, so those inside must be balanced, or become square."""
    line = one_line(text)
    if isinstance(line, str) and not _balanced(line):
        return line.replace("(", "[").replace(")", "]")
    return line


def _criterion(text: object) -> object:
    line = one_line(text)
    return _CHECKBOX.sub("", line) if isinstance(line, str) else line


def _key(text: object) -> object:
    return re.sub(r"[\[\]]", "", "".join(str(one_line(text)).split())) if text else ""


def _sprint(text: object) -> object:
    line = one_line(text)
    return line.replace("(", "[").replace(")", "]") if isinstance(line, str) else line


def _team(text: object) -> object:
    """A team's name; a bracketed ticket list at its end would read as the epics it works on."""
    line = one_line(text)
    if not isinstance(line, str):
        return line
    before = None
    while line != before:
        before = line
        line = str(heading_text(line)).rstrip(": ")
    return line.replace("(", "[").replace(")", "]") if _REF_GROUP.search(line) else line


def _names(values: object) -> object:
    """A list of names: split at commas, without empty ones, `None` and repetitions."""
    if isinstance(values, str):
        values = [values]
    if not isinstance(values, Iterable):
        return values
    names: dict[str, None] = {}
    for value in values:
        for part in str(value).split(","):
            name = str(one_line(part))
            if name and name.lower() != "none":
                names[name] = None
    return tuple(names)


def _filled(values: object) -> object:
    if not isinstance(values, Iterable) or isinstance(values, str):
        return values
    return tuple(v for v in (_criterion(value) for value in values) if v)


Line = Annotated[str, BeforeValidator(one_line)]
Heading = Annotated[str, BeforeValidator(heading_text)]
Text = Annotated[str, BeforeValidator(many_lines)]
Note = Annotated[str, BeforeValidator(_note)]
Key = Annotated[str, BeforeValidator(_key)]
Sprint = Annotated[str, BeforeValidator(_sprint)]
Team = Annotated[str, BeforeValidator(_team)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Criteria = Annotated[tuple[str, ...], BeforeValidator(_filled)]
Points = Annotated[int, Field(ge=0, le=99_999)]


class Model(BaseModel):
    """The base of every model here: immutable, and no unknown field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Ref(Model):
    """The number of a ticket: `Epic 1`, `Story 1.2` or `Task 1.2.3`, by its length.

    In JSON it is that string. `Ref.of("Story 1.2")` and `Ref.of(1, 2)` build one.
    """

    number: tuple[Annotated[int, Field(ge=0, le=9999)], ...] = Field(min_length=1, max_length=3)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            match = _REF.fullmatch(value.strip())
            if match is None:
                raise ValueError(f"{value!r} names no ticket; write it like 'Story 1.2'")
            return {"number": tuple(int(part) for part in match[1].split("."))}
        return value

    @model_serializer
    def _to_text(self) -> str:
        return str(self)

    @classmethod
    def of(cls, *value: str | int) -> Self:
        """The reference written as `"Story 1.2"`, or with the numbers 1, 2.

        Raises pydantic's `ValidationError` (a `ValueError`) when it names no ticket.
        """
        if len(value) == 1 and isinstance(value[0], str):
            return cls.model_validate(value[0])
        return cls.model_validate({"number": value})

    @property
    def level(self) -> str:
        """`"Epic"`, `"Story"` or `"Task"`."""
        return LEVELS[len(self.number) - 1]

    @property
    def epic(self) -> "Ref":
        """The reference of the epic that this ticket is numbered under (itself for an epic)."""
        return Ref(number=self.number[:1])

    @property
    def parent(self) -> "Ref | None":
        """The reference of the ticket that this one is numbered under, None for an epic."""
        return Ref(number=self.number[:-1]) if len(self.number) > 1 else None

    def __str__(self) -> str:
        return f"{self.level} {'.'.join(map(str, self.number))}"

    def __lt__(self, other: "Ref") -> bool:
        return self.number < other.number


class Dependency(Model):
    """What a ticket waits for: a ticket, whether its `completion` was named, and a note."""

    ref: Ref
    completion: bool = False
    note: Note = ""


class Ticket(Model):
    """The fields that epics, stories, tasks and bugs share. `name` is the heading's, `title` the
    field's.
    """

    ref: Ref
    name: Heading = ""
    title: Line = ""
    description: Text = ""
    components: Names = ()
    points: Points | None = None
    priority: Priority | None = None
    dependencies: tuple[Dependency, ...] = ()


class Task(Ticket):
    """A task or bug under a story. The template gives it no criteria, components or priority;
    they are kept where an author wrote them.
    """

    type: TicketType | None = "Task"
    parent: Ref | None = None
    acceptance_criteria: Criteria = ()


class Story(Ticket):
    """A story, task or bug directly under an epic, with the tasks it is split into."""

    type: TicketType | None = "Story"
    parent: Ref | None = None
    acceptance_criteria: Criteria = ()
    tasks: tuple[Task, ...] = ()


class Epic(Ticket):
    """One team's share of the feature. `key` is as in `RHOAI-PIPE-001`, `owner` a team."""

    key: Key = ""
    owner: Line = ""
    stories: tuple[Story, ...] = ()


class CriticalLink(Model):
    """A line of the critical path: `before` must be done before `after`; `text` says why."""

    before: Ref
    after: Ref
    text: Line = ""


class IntegrationPoint(Model):
    """Two tickets that relate to each other without an order, and what they must agree on."""

    first: Ref
    second: Ref
    text: Line = ""


class PhaseItem(Model):
    """A line of a phase: a ticket and what is written beside it, or (ref None) only words."""

    ref: Ref | None = None
    text: Line = ""

    @model_validator(mode="before")
    @classmethod
    def _read_ref(cls, value: Any) -> Any:
        """Words that begin with a ticket's number are that ticket's line."""
        if isinstance(value, dict) and value.get("ref") is None:
            text = str(one_line(value.get("text", "")))
            match = _ITEM_REF.fullmatch(text)
            if match:
                return {"ref": match["number"], "text": match["text"] or match["note"] or ""}
        return value


def _written(items: tuple[PhaseItem, ...]) -> tuple[PhaseItem, ...]:
    return tuple(item for item in items if item.ref is not None or item.text)


class Phase(Model):
    """A step of the rollout: number, sprint label (may be empty), name, its tickets."""

    number: int = Field(ge=0, le=9999)
    sprint: Sprint = ""
    name: Heading = ""
    items: Annotated[tuple[PhaseItem, ...], AfterValidator(_written)] = ()

    @model_validator(mode="before")
    @classmethod
    def _normal(cls, value: Any) -> Any:
        """`Foundation (Sprint 3)` is a name and a sprint."""
        if isinstance(value, dict) and not value.get("sprint"):
            match = _LATE_SPRINT.fullmatch(str(heading_text(value.get("name", ""))))
            if match:
                return {**value, "name": match[1], "sprint": match[2]}
        return value


class Allocation(Model):
    """What a team spends: its epics, people (a line each), duration and story points."""

    team: Team = ""
    epics: tuple[Ref, ...] = ()
    staffing: Criteria = ()
    duration: Line = ""
    points: Points | None = None


class Total(Model):
    """The last line: all story points, and how many teams share them (None: not written)."""

    points: Points
    teams: Points | None = None


class Section(Model):
    """A section that the contract does not know (open questions, risks), kept as it was."""

    heading: Heading = Field(min_length=1)
    text: Text = ""

    @model_validator(mode="after")
    def _not_of_the_format(self) -> Self:
        if read_heading(self.heading).kind != "other":
            raise ValueError(f"{self.heading!r} is a heading of the format, not of a section")
        return self


class Plan(Model):
    """The whole ticket structure for one feature document."""

    title: Heading = ""
    epics: tuple[Epic, ...] = ()
    critical_path: tuple[CriticalLink, ...] = ()
    integration_points: tuple[IntegrationPoint, ...] = ()
    phases: tuple[Phase, ...] = ()
    allocation: tuple[Allocation, ...] = ()
    total: Total | None = None
    sections: tuple[Section, ...] = ()

    def tickets(self) -> Iterator[tuple[Loc, Epic | Story | Task]]:
        """Every ticket with its loc, in the order in which the plan lists them."""
        for e, epic in enumerate(self.epics):
            yield ("epics", e), epic
            for s, story in enumerate(epic.stories):
                yield ("epics", e, "stories", s), story
                for t, task in enumerate(story.tasks):
                    yield ("epics", e, "stories", s, "tasks", t), task
