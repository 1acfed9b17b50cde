"""A plan without findings, and how to spoil it, shared by the tests."""

from typing import Any, TypeVar

from pydantic import BaseModel

from tickets.schema import (
    Allocation,
    CriticalLink,
    Dependency,
    Epic,
    IntegrationPoint,
    Loc,
    Phase,
    PhaseItem,
    Plan,
    Ref,
    Story,
    Task,
    Total,
)

Part = TypeVar("Part", bound=BaseModel)


def needs(*refs: str) -> tuple[Dependency, ...]:
    """Dependencies on these tickets."""
    return tuple(Dependency(ref=Ref.of(ref)) for ref in refs)


def story(number: str, **fields: Any) -> Story:
    """A story without findings of its own; `fields` replace its fields."""
    ref = Ref.of(number)
    usual = {
        "ref": ref,
        "name": f"Name {number}",
        "title": f"Title {number}",
        "parent": ref.epic,
        "description": f"Description {number}",
        "acceptance_criteria": (f"Page {number} opens in 2 s", f"Page {number} shows 3 items"),
        "components": ("Web",),
        "points": 3,
        "priority": "High",
    }
    return Story.model_validate({**usual, **fields})


def task(number: str, **fields: Any) -> Task:
    """A task without findings of its own."""
    ref = Ref.of(number)
    usual = {
        "ref": ref,
        "name": f"Name {number}",
        "title": f"Title {number}",
        "parent": ref.parent,
        "description": f"Description {number}",
        "points": 2,
    }
    return Task.model_validate({**usual, **fields})


def epic(number: int, *stories: Story, **fields: Any) -> Epic:
    """An epic without findings of its own; its points are those of its stories."""
    usual = {
        "ref": Ref.of(number),
        "name": f"Epic name {number}",
        "title": f"Epic title {number}",
        "description": f"Epic description {number}",
        "components": ("Web",),
        "points": sum(story.points or 0 for story in stories),
        "priority": "High",
        "key": f"ACME-SHOP-{number:03d}",
        "owner": f"Team {number}",
        "stories": stories,
    }
    return Epic.model_validate({**usual, **fields})


def item(number: str) -> PhaseItem:
    """A line of a phase."""
    return PhaseItem(ref=Ref.of(number), text=f"Name {number}")


def sound_plan() -> Plan:
    """Two epics: stories 1.1 and 1.2 (with two tasks); story 2.1, which needs 1.1. No finding."""
    tasks = (task("1.2.1", points=2), task("1.2.2", points=3, dependencies=needs("1.2.1")))
    return Plan(
        title="Shop",
        epics=(
            epic(1, story("1.1"), story("1.2", points=5, tasks=tasks)),
            epic(2, story("2.1", dependencies=needs("1.1"))),
        ),
        critical_path=(CriticalLink(before=Ref.of(1, 1), after=Ref.of(2, 1), text="data first"),),
        integration_points=(
            IntegrationPoint(first=Ref.of(1, 2), second=Ref.of(2, 1), text="one format"),
        ),
        phases=(
            Phase(number=1, sprint="Sprint 7.1", name="Base", items=(item("1.1"), item("1.2"))),
            Phase(number=2, sprint="Sprint 7.2", name="Rest", items=(item("2.1"),)),
        ),
        allocation=tuple(
            Allocation(
                team=f"Team {number}",
                epics=(Ref.of(number),),
                staffing=("1 engineer",),
                duration="2 weeks",
                points=points,
            )
            for number, points in ((1, 8), (2, 3))
        ),
        total=Total(points=11, teams=2),
    )


def put(part: Part, loc: Loc, value: Any) -> Part:
    """A copy of `part` (a model) with `value` at `loc`."""
    return part.model_copy(update={str(loc[0]): _put(getattr(part, str(loc[0])), loc[1:], value)})


def _put(part: Any, loc: Loc, value: Any) -> Any:
    if not loc:
        return value
    if isinstance(part, tuple):
        place = int(loc[0])
        return (*part[:place], _put(part[place], loc[1:], value), *part[place + 1 :])
    return put(part, loc, value)
