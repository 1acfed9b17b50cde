"""The plan that an expert derives from a feature, by fixed rules that a model can learn.

Parts of the plan are built without validation, which takes most of the time otherwise: every text
here comes from the lexicon, in the normal form already, and a test reads the plans again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from data.generator.dice import Dice
from data.generator.english import agree, cap, is_plural, joined, low, title_case
from data.generator.spec import CHORES, FOLLOWERS, Item, Spec, Team
from data.generator.templates import Fact
from tickets.capacity import people, staffing
from tickets.schema import (
    Allocation,
    CriticalLink,
    Dependency,
    Epic,
    IntegrationPoint,
    Phase,
    PhaseItem,
    Plan,
    Priority,
    Ref,
    Story,
    Task,
    TicketType,
    Total,
)

MOST_PHASES: Final = 4
MOST_CONTACTS: Final = 4
_LONGEST_NAME: Final = 60
_SPLITS: Final = {
    (8, 2): (5, 3),
    (8, 3): (3, 3, 2),
    (13, 2): (8, 5),
    (13, 3): (5, 5, 3),
    (13, 4): (5, 3, 3, 2),
}
_COMPONENT_OF_KIND: Final = {
    "doc": "Documentation",
    "test": "Test",
    "ux": "UX",
    "telemetry": "Monitoring",
}


def write_plan(spec: Spec, dice: Dice) -> Plan:
    """The expert's plan: an epic per team, a story per item, in the order of delivery."""
    epics = [_epic(spec, team, number, dice) for number, team in enumerate(spec.teams, start=1)]
    crossing = [
        (need, item) for item in spec.items for need in item.needs if need.team != item.team
    ]
    return Plan.model_construct(
        title=spec.title,
        epics=tuple(epics),
        critical_path=tuple(_links(spec, crossing)),
        integration_points=tuple(_contacts(spec, crossing, dice)),
        phases=tuple(_phases(spec)),
        allocation=tuple(_allocation(team, n) for n, team in enumerate(spec.teams, start=1)),
        total=Total.model_construct(
            points=sum(team.points for team in spec.teams), teams=len(spec.teams)
        ),
        sections=(),
    )


@lru_cache(4096)
def _ref(*number: int) -> Ref:
    return Ref.model_construct(number=number)


def ref_of(item: Item) -> Ref:
    """The number of the story that an item becomes."""
    return _ref(item.team + 1, item.number + 1)


def title_of(item: Item) -> str:
    """A ticket's title: what is done, as an imperative."""
    if item.kind == "spike":
        return f"Spike: {cap(item.deed.imperative())}"
    if item.by and item.by_shown:
        return f"Let {item.by} {item.deed.imperative()}"
    return cap(item.deed.imperative())


def _epic(spec: Spec, team: Team, number: int, dice: Dice) -> Epic:
    stories = tuple(_story(team, item, dice) for item in team.items)
    main = [item for item in team.items if item.kind not in CHORES] or team.items
    if len(spec.teams) == 1:
        title = f"{spec.title} in {spec.product}"
    else:
        title = f"{spec.title}: {team.component}"
    deeds = [item.deed.imperative() for item in main[:3]]
    first = team.items[0]
    return Epic.model_construct(
        ref=_ref(number),
        name=_epic_name(spec, team),
        title=title,
        key=f"{spec.prefix}-{spec.code}-{number:03}",
        description=f"{cap(joined(deeds))}.",
        components=(team.component,),
        owner=team.name,
        points=team.points,
        priority=_highest(team.items),
        dependencies=() if first.needs_team is None else (_on(_ref(first.needs_team + 1)),),
        stories=stories,
    )


def _epic_name(spec: Spec, team: Team) -> str:
    if len(spec.teams) == 1:
        return spec.title
    main = [item for item in team.items if item.kind not in CHORES] or team.items
    return _first_names(main)


def _first_names(items: Sequence[Item]) -> str:
    """The names of the first two items, or of the first where both would be long."""
    both = " and ".join(item.heading for item in items[:2])
    return both if len(both) <= _LONGEST_NAME else items[0].heading


def _highest(items: Iterable[Item]) -> Priority:
    found = {priority_of(item) for item in items}
    return "High" if "High" in found else "Medium" if "Medium" in found else "Low"


def priority_of(item: Item) -> Priority:
    """High for a must and for what others wait for, Low for a could and for documentation."""
    if item.level == "must" or item.kind == "bug" or item.waited_for:
        return "High"
    return "Low" if item.level == "could" or item.kind == "doc" else "Medium"


def _type(item: Item) -> TicketType:
    return "Bug" if item.kind == "bug" else "Task" if item.kind in CHORES else "Story"


def _story(team: Team, item: Item, dice: Dice) -> Story:
    extra = _COMPONENT_OF_KIND.get(item.kind)
    return Story.model_construct(
        ref=ref_of(item),
        name=item.heading,
        title=title_of(item),
        type=_type(item),
        parent=_ref(item.team + 1),
        description=_description(item, dice),
        acceptance_criteria=tuple(fact.criterion() for fact in item.facts),
        components=(team.component, extra) if extra else (team.component,),
        points=item.points,
        priority=priority_of(item),
        dependencies=_dependencies(item),
        tasks=_tasks(item),
    )


def _dependencies(item: Item) -> tuple[Dependency, ...]:
    needs = tuple(_on(ref_of(need)) for need in item.needs)
    if item.needs_team is not None:
        return (_on(_ref(item.needs_team + 1), completion=True), *needs)
    return needs


@lru_cache(4096)
def _on(ref: Ref, *, completion: bool = False) -> Dependency:
    return Dependency.model_construct(ref=ref, completion=completion, note="")


_PURPOSES: Final[tuple[Callable[[Item], str], ...]] = (
    lambda item: f"Provide {item.name} so that {item.why}.",
    lambda item: f"With {item.the_name}, {item.why}.",
    lambda item: f"Make sure that {item.why}.",
)


def _description(item: Item, dice: Dice) -> str:
    """What and why: the purpose where the document states it, else what belongs to it."""
    if item.kind == "bug":
        issue = f"Repair {item.issue}" if item.issue else "Repair the defect"
        text = f"{issue}: {low(item.symptom)}."
        if item.why_shown:
            text += f" Afterwards {item.why}."
    elif item.kind == "spike":
        text = f"Answer this first, because {item.why}."
    elif item.why and item.why_shown:
        text = dice.pick(_PURPOSES)(item)
    else:
        labels = joined([fact.label.lower() for fact in item.facts[:3]])
        text = f"Provide {item.name}, covering {labels}."
    if item.wanted_by and item.wanted_by not in text:
        text = f"For {item.wanted_by}: {low(text)}"
    if item.ask:
        text += f" Open question: {item.ask}"
    if item.risk:
        text += f" Risk: {item.risk}."
    return text


def _tasks(item: Item) -> tuple[Task, ...]:
    """The tasks of a story of 8 or 13 points: its facts in groups, the first with the base."""
    if item.points < 8:
        return ()
    many = len(item.facts)
    count = 2 if many < 4 else 4 if many > 4 and item.points == 13 else 3
    size, more = divmod(many, count)
    tasks: list[Task] = []
    start = 0
    for number, points in enumerate(_SPLITS[item.points, count], start=1):
        end = start + size + (number > count - more)
        group, start = item.facts[start:end], end
        labels = [fact.label.lower() for fact in group]
        name, title = title_case(joined(labels)), f"Add {joined(labels)} to {item.the_name}"
        if number == 1:
            name = f"Base of the {item.heading}"
            title = f"Build the base of {item.the_name} with {joined(labels)}"
        tasks.append(
            Task.model_construct(
                ref=_ref(item.team + 1, item.number + 1, number),
                name=name,
                title=title,
                type="Task",
                parent=ref_of(item),
                description=" ".join(f"{cap(said(fact))}." for fact in group),
                components=(),
                points=points,
                priority=None,
                dependencies=(_on(tasks[0].ref),) if tasks else (),
                acceptance_criteria=(),
            )
        )
    return tuple(tasks)


def said(fact: Fact) -> str:
    """A fact in the present: `when a call fails, the router repeats it`."""
    return f"for {fact.given}, when {fact.when}, {fact.outcome()}" if fact.given else fact.outcome()


def _links(spec: Spec, crossing: Sequence[tuple[Item, Item]]) -> Iterator[CriticalLink]:
    """The dependencies between epics: each team's whole wait first, then item by item."""
    for number, team in enumerate(spec.teams, start=1):
        waits = team.items[0].needs_team
        if waits is not None:
            text = f"{team.component} builds on the work of the {spec.teams[waits].name}"
            yield CriticalLink.model_construct(
                before=_ref(waits + 1), after=_ref(number), text=text
            )
    for need, item in crossing:
        text = f"{cap(agree(item.name, 'need'))} {need.the_name}"
        yield CriticalLink.model_construct(before=ref_of(need), after=ref_of(item), text=text)


_AGREEMENTS: Final = (
    "%s and %s must agree on the interface of %s",
    "%s and %s must agree on what %s hands over",
    "%s and %s must agree on how %s is called",
)


def _contacts(
    spec: Spec, crossing: Sequence[tuple[Item, Item]], dice: Dice
) -> Iterator[IntegrationPoint]:
    for need, item in crossing[:MOST_CONTACTS]:
        components = spec.teams[need.team].component, spec.teams[item.team].component
        if spec.contract is not None and spec.contract[:2] == (need, item):
            text = f"{components[0]} and {components[1]} must agree on {spec.contract[2]}"
        else:
            wording = _AGREEMENTS[0] if is_plural(need.name) else dice.pick(_AGREEMENTS)
            text = wording % (*components, need.the_name)
        yield IntegrationPoint.model_construct(first=ref_of(need), second=ref_of(item), text=text)


def phase_numbers(spec: Spec) -> list[int]:
    """For each item the sprints after the first in which it begins: the later of its team's start
    and one sprint after what it needs; what would come later joins the last phase.
    """
    begins: list[int] = []
    for item in spec.items:
        ends = [begins[need.place] for need in item.needs]
        if item.needs_team is not None:
            ends += [begins[other.place] for other in spec.teams[item.needs_team].items]
        wave = max(ends) + 1 if ends else 0
        begins.append(min(max(wave, spec.teams[item.team].delay), MOST_PHASES - 1))
    return begins


def _phases(spec: Spec) -> Iterator[Phase]:
    begins = phase_numbers(spec)
    for number, delay in enumerate(sorted(set(begins)), start=1):
        here = [item for item in spec.items if begins[item.place] == delay]
        lines: list[PhaseItem] = []
        for e, team in enumerate(spec.teams, start=1):
            own = [item for item in team.items if begins[item.place] == delay]
            if len(own) == len(team.items) and len(spec.teams) > 1:
                name = _epic_name(spec, team)
                lines.append(PhaseItem.model_construct(ref=_ref(e), text=name))
            else:
                lines += [
                    PhaseItem.model_construct(ref=ref_of(item), text=item.heading) for item in own
                ]
        yield Phase.model_construct(
            number=number, sprint=spec.sprint(delay), name=_phase_name(here), items=tuple(lines)
        )


def _phase_name(items: Sequence[Item]) -> str:
    """What a phase brings: its first two features, or the kind of its chores."""
    features = [item for item in items if item.kind not in FOLLOWERS]
    if features:
        return _first_names(features)
    kinds = {item.kind for item in items}
    names = [name for kind, name in _PHASES_OF_CHORES if kind in kinds]
    return joined(names)


_PHASES_OF_CHORES: Final = (
    ("test", "Tests"),
    ("telemetry", "Monitoring"),
    ("rollout", "Rollout"),
    ("doc", "Documentation"),
)


def _allocation(team: Team, number: int) -> Allocation:
    engineers, weeks = staffing(team.points)
    return Allocation.model_construct(
        team=team.name,
        epics=(_ref(number),),
        staffing=(team.people or people(engineers),),
        duration=f"{team.weeks or weeks} weeks",
        points=team.points,
    )
