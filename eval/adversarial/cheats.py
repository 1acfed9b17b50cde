"""What somebody might hand in to be scored well without planning anything, and what is no cheat.

Each function makes a plan from a document and its reference: a cheat may even know the reference.
`WEAK` makes the honest weak plan beside it, that of a planner in a hurry, which every cheat must
score below; `EQUAL` makes plans that are as good as the reference.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from tickets.outline import plain_text, read_outline
from tickets.repair import repair_plan
from tickets.schema import FIBONACCI, Dependency, Epic, Plan, Ref, Story, Task
from tickets.words import sentences, stems

HERE: Final = Path(__file__).resolve().parent
FLOOD: Final = 1000
"""Criteria of each story of a plan that drowns in them."""


class Given(NamedTuple):
    """What a plan is made from; `other` is the reference of another document, `example` the plan
    that a prompt shows.
    """

    id: str
    document: str
    reference: Plan
    other: Plan
    example: Plan


Maker = Callable[[Given], Plan | None]
"""None where it cannot be done to this reference."""


def weak(given: Given) -> Plan:
    """Every second story, named but not described, one criterion each, no task, rough points."""
    epics = []
    for epic in given.reference.epics:
        stories = [
            story.model_copy(
                update={
                    "title": " ".join(story.title.split()[:5]),
                    "description": "",
                    "acceptance_criteria": story.acceptance_criteria[:1],
                    "points": _rough(story.points, place),
                    "priority": "Medium",
                    "tasks": (),
                }
            )
            for place, story in enumerate(epic.stories[::2])
        ]
        epics.append(epic.model_copy(update={"stories": tuple(stories), "description": ""}))
    return rebuilt(given.reference, epics)


def empty(_: Given) -> Plan:
    """Nothing."""
    return Plan()


def example(given: Given) -> Plan:
    """The plan that the prompt shows, whatever the document."""
    return given.example


def other(given: Given) -> Plan:
    """The reference of another document."""
    return given.other


def merged(given: Given) -> Plan:
    """All tickets in one story of one epic."""
    tickets = [ticket for _, ticket in given.reference.tickets()]
    stories = [ticket for ticket in tickets if isinstance(ticket, Story)]
    story = Story(
        ref=Ref.of(1, 1),
        name=", ".join(ticket.name for ticket in stories),
        title=", ".join(ticket.title for ticket in stories),
        parent=Ref.of(1),
        description=" ".join(ticket.description for ticket in tickets),
        acceptance_criteria=tuple(c for ticket in stories for c in ticket.acceptance_criteria),
        components=tuple(c for ticket in stories for c in ticket.components),
        points=21,
        priority="High",
    )
    epics = given.reference.epics
    return rebuilt(given.reference, [epics[0].model_copy(update={"stories": (story,)})])


def split(given: Given) -> Plan:
    """Each story in ten, which share its criteria."""
    epics = []
    for epic in given.reference.epics:
        stories = [
            story.model_copy(
                update={
                    "name": f"{story.name} {part}",
                    "points": 1,
                    "acceptance_criteria": story.acceptance_criteria[part - 1 :: 10],
                    "tasks": (),
                }
            )
            for story in epic.stories
            for part in range(1, 11)
        ]
        epics.append(epic.model_copy(update={"stories": tuple(stories)}))
    return rebuilt(given.reference, epics)


def shuffled_parents(given: Given) -> Plan | None:
    """Each story under some other epic."""
    epics = given.reference.epics
    if len(epics) < 2:
        return None
    below: list[list[Story]] = [[] for _ in epics]
    for e, epic in enumerate(epics):
        for s, story in enumerate(epic.stories):
            below[(e + 1 + s % (len(epics) - 1)) % len(epics)].append(story)
    moved = [
        epic.model_copy(update={"stories": tuple(stories)})
        for epic, stories in zip(epics, below, strict=True)
    ]
    return rebuilt(given.reference, moved)


def wrong_teams(given: Given) -> Plan | None:
    """Each epic with all the stories of the one before it."""
    epics = given.reference.epics
    if len(epics) < 2:
        return None
    moved = [
        epic.model_copy(update={"stories": epics[place - 1].stories})
        for place, epic in enumerate(epics)
    ]
    return rebuilt(given.reference, moved)


def reversed_dependencies(given: Given) -> Plan | None:
    """What waited is waited for."""
    waiting: dict[Ref, list[Dependency]] = {}
    for _, ticket in given.reference.tickets():
        for dependency in ticket.dependencies:
            turned = Dependency(ref=ticket.ref)
            waiting.setdefault(dependency.ref, []).append(turned)
    if not waiting:
        return None
    return each_ticket(
        given.reference,
        lambda ticket: {"dependencies": tuple(waiting.get(ticket.ref, ()))},
    ).model_copy(update={"critical_path": ()})


def copied_sentences(given: Given) -> Plan:
    """An epic for each heading of the document, a story for each sentence below it."""
    epics: list[tuple[str, list[str]]] = [("Feature", [])]
    for block in read_outline(given.document):
        if block.type == "heading":
            epics.append((plain_text(block.content), []))
        else:
            for text in block.texts():
                epics[-1][1].extend(sentences(plain_text(text)))
    return _plain([(name, stories) for name, stories in epics if stories], given)


def keyword_stuffing(given: Given) -> Plan:
    """As many epics and stories as the reference, each of them all the document's words."""
    counts = Counter(re.findall(r"[^\W\d]{3,}", given.document))
    words = [word for word, _ in counts.most_common(60) if stems(word)]
    title = " ".join(words[:12])
    shape = [(title, [title] * len(epic.stories)) for epic in given.reference.epics]
    plan = _plain(shape, given)
    return each_ticket(
        plan,
        lambda ticket: (
            {"description": " ".join(words)}
            | ({"acceptance_criteria": (" ".join(words),) * 3} if isinstance(ticket, Story) else {})
        ),
    )


def flood_of_criteria(given: Given) -> Plan:
    """The reference's stories with a thousand criteria each, the right ones among them."""
    lines = sentences(plain_text(given.document)) or ["It works"]
    flood = tuple(f"{lines[n % len(lines)]} ({n})" for n in range(FLOOD))
    return each_ticket(
        given.reference,
        lambda ticket: (
            {"acceptance_criteria": (*ticket.acceptance_criteria, *flood)}
            if isinstance(ticket, Story)
            else {}
        ),
    )


def renumbered(given: Given) -> Plan:
    """The reference with its epics, stories, tasks and criteria in the opposite order."""
    epics = [
        epic.model_copy(
            update={
                "stories": tuple(
                    story.model_copy(
                        update={
                            "tasks": story.tasks[::-1],
                            "acceptance_criteria": story.acceptance_criteria[::-1],
                        }
                    )
                    for story in epic.stories[::-1]
                )
            }
        )
        for epic in given.reference.epics[::-1]
    ]
    return rebuilt(given.reference, epics)


def paraphrased(given: Given) -> Plan | None:
    """The reference in other words, by hand."""
    words = read_paraphrases().get(given.id)
    if words is None:
        return None

    def said(ticket: Epic | Story | Task) -> dict[str, Any]:
        text = dict(words.get(str(ticket.ref), {}))
        if "criteria" in text:
            text["acceptance_criteria"] = tuple(text.pop("criteria"))
        return text

    return each_ticket(given.reference, said)


CHEATS: Final[tuple[Maker, ...]] = (
    empty,
    example,
    other,
    merged,
    split,
    shuffled_parents,
    wrong_teams,
    reversed_dependencies,
    copied_sentences,
    keyword_stuffing,
    flood_of_criteria,
)
EQUAL: Final[tuple[Maker, ...]] = (renumbered, paraphrased)
EQUAL_FROM: Final = 0.95
"""What an equal plan must score."""


def read_paraphrases() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """By id of a pair and ticket: name, title, description and criteria in other words."""
    content: Mapping[str, Mapping[str, Mapping[str, Any]]] = yaml.safe_load(
        (HERE / "paraphrases.yaml").read_text("utf-8")
    )
    return content


def _rough(points: int | None, place: int) -> int:
    """Points that are one step too high for every second story."""
    at = FIBONACCI.index(points) if points in FIBONACCI else 2
    return FIBONACCI[min(at + place % 2, len(FIBONACCI) - 1)]


def each_ticket(plan: Plan, change: Callable[[Epic | Story | Task], Mapping[str, Any]]) -> Plan:
    """The plan with each ticket's changes."""
    epics = []
    for epic in plan.epics:
        stories = [
            story.model_copy(
                update={
                    "tasks": tuple(
                        task.model_copy(update=dict(change(task))) for task in story.tasks
                    ),
                    **change(story),
                }
            )
            for story in epic.stories
        ]
        epics.append(epic.model_copy(update={"stories": tuple(stories), **change(epic)}))
    return plan.model_copy(update={"epics": tuple(epics)})


def rebuilt(reference: Plan, epics: Iterable[Epic]) -> Plan:
    """A plan of these epics, numbered by their place, with the references of `reference` where
    the tickets are still there; sums, phases and allocation are put right.
    """
    epics = tuple(epics)
    number: dict[Ref, Ref] = {}
    for e, epic in enumerate(epics, start=1):
        number[epic.ref] = Ref.of(e)
        for s, story in enumerate(epic.stories, start=1):
            number.setdefault(story.ref, Ref.of(e, s))
            for t, task in enumerate(story.tasks, start=1):
                number.setdefault(task.ref, Ref.of(e, s, t))

    def needs(ticket: Epic | Story | Task) -> tuple[Dependency, ...]:
        return tuple(
            dependency.model_copy(update={"ref": number[dependency.ref]})
            for dependency in ticket.dependencies
            if dependency.ref in number
        )

    built = []
    for e, epic in enumerate(epics, start=1):
        stories = []
        for s, story in enumerate(epic.stories, start=1):
            tasks = [
                task.model_copy(
                    update={
                        "ref": Ref.of(e, s, t),
                        "parent": Ref.of(e, s),
                        "dependencies": needs(task),
                    }
                )
                for t, task in enumerate(story.tasks, start=1)
            ]
            stories.append(
                story.model_copy(
                    update={
                        "ref": Ref.of(e, s),
                        "parent": Ref.of(e),
                        "dependencies": needs(story),
                        "tasks": tuple(tasks),
                    }
                )
            )
        built.append(
            epic.model_copy(
                update={"ref": Ref.of(e), "dependencies": needs(epic), "stories": tuple(stories)}
            )
        )
    phases = [
        phase.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"ref": number[item.ref]})
                    for item in phase.items
                    if item.ref in number
                )
            }
        )
        for phase in reference.phases
    ]
    plan = Plan(title=reference.title, epics=tuple(built), phases=tuple(phases))
    return repair_plan(plan).plan


def _plain(shape: Iterable[tuple[str, list[str]]], given: Given) -> Plan:
    """A plan of epics and stories of which only the words are given."""
    owners = [epic.owner for epic in given.reference.epics]
    epics = [
        Epic(
            ref=Ref.of(e),
            name=name,
            title=name,
            owner=owners[e % len(owners)],
            priority="High",
            stories=tuple(
                Story(
                    ref=Ref.of(e, s),
                    name=text[:60],
                    title=text,
                    parent=Ref.of(e),
                    description=text,
                    acceptance_criteria=(text, f"Verify: {text}"),
                    points=3,
                    priority="High",
                )
                for s, text in enumerate(stories, start=1)
            ),
        )
        for e, (name, stories) in enumerate(shape, start=1)
    ]
    return repair_plan(Plan(title=given.reference.title, epics=tuple(epics))).plan
