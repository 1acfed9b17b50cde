"""A plan as the canonical markdown of the contract: one way to write each plan."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import Final

from tickets import template as t
from tickets.blocks import (
    allocation_field,
    escape_line,
    escape_text,
    is_bold_label,
    is_section_structure,
)
from tickets.schema import (
    Allocation,
    CriticalLink,
    Dependency,
    Epic,
    IntegrationPoint,
    Phase,
    PhaseItem,
    Plan,
    Section,
    Story,
    Task,
    Ticket,
    Total,
)


def render_plan(plan: Plan) -> str:
    """The markdown of `plan`, ending in one newline.

    Values that are not there (None, empty) are not written. `parse_plan` reads the same plan back.
    """
    blocks = [_heading(1, f"{t.TITLE} -", plan.title), f"## {t.EPIC_STRUCTURE}"]
    for epic in plan.epics:
        blocks += _epic(epic)
    blocks += _cross_epic(plan)
    blocks += [f"## {t.PHASES}", *map(_phase, plan.phases)]
    blocks += [f"## {t.ALLOCATION}", *map(_allocation, plan.allocation)]
    if plan.total is not None:
        blocks.append(_total(plan.total))
    blocks += map(_section, plan.sections)
    return "\n\n".join(blocks) + "\n"


def render_dependency(dependency: Dependency) -> str:
    """A dependency as a ticket's line names it: `Epic 1 completion (Platform Integration)`."""
    completion = f" {t.COMPLETION}" if dependency.completion else ""
    note = f" ({dependency.note})" if dependency.note else ""
    return f"{dependency.ref}{completion}{note}"


def render_item(item: PhaseItem) -> str:
    """A line of a phase: `Story 1.1: Kubeflow SDK Integration`, or only words."""
    if item.ref is None:
        return item.text
    return f"{item.ref}: {item.text}" if item.text else str(item.ref)


def _heading(level: int, label: str, name: str) -> str:
    return f"{'#' * level} {label} {name}".rstrip()


def _field(label: str, value: str) -> str:
    return f"**{label}**: {value}"


def _description(ticket: Ticket) -> str:
    text = ticket.description
    if "\n" in text:
        return f"**{t.DESCRIPTION}**:\n{escape_text(text)}"
    return _field(t.DESCRIPTION, text)


def _criteria(ticket: Story | Task) -> str:
    items = (f"\n- {escape_line(text, is_bold_label)}" for text in ticket.acceptance_criteria)
    return f"\n**{t.CRITERIA}:**{''.join(items)}\n"


FIELDS: Final[dict[str, Callable[..., str]]] = {
    t.EPIC_TITLE: lambda epic: _field(t.EPIC_TITLE, epic.title),
    t.EPIC_KEY: lambda epic: _field(t.EPIC_KEY, f"{t.KEY_OPEN}{epic.key}{t.KEY_CLOSE}"),
    t.COMPONENT: lambda epic: _field(t.COMPONENT, ", ".join(epic.components)),
    t.EPIC_OWNER: lambda epic: _field(t.EPIC_OWNER, epic.owner),
    t.TICKET_TITLE: lambda ticket: _field(t.TICKET_TITLE, ticket.title),
    t.TYPE: lambda ticket: _field(t.TYPE, ticket.type),
    t.PARENT: lambda ticket: _field(t.PARENT, str(ticket.parent)),
    t.DESCRIPTION: _description,
    t.CRITERIA: _criteria,
    t.COMPONENTS: lambda ticket: _field(t.COMPONENTS, ", ".join(ticket.components)),
    t.POINTS: lambda ticket: _field(t.POINTS, str(ticket.points)),
    t.PRIORITY: lambda ticket: _field(t.PRIORITY, ticket.priority),
    t.DEPENDENCIES: lambda ticket: _field(
        t.DEPENDENCIES, ", ".join(map(render_dependency, ticket.dependencies)) or t.NONE
    ),
}
"""How each field of a ticket is written, by its label."""

ATTRIBUTES: Final = {
    t.EPIC_TITLE: "title",
    t.EPIC_KEY: "key",
    t.COMPONENT: "components",
    t.EPIC_OWNER: "owner",
    t.TICKET_TITLE: "title",
    t.TYPE: "type",
    t.PARENT: "parent",
    t.DESCRIPTION: "description",
    t.CRITERIA: "acceptance_criteria",
    t.COMPONENTS: "components",
    t.POINTS: "points",
    t.PRIORITY: "priority",
    t.DEPENDENCIES: "dependencies",
}
"""Where each field's value stands in the schema, by its label."""


def _fields(ticket: Ticket, labels: tuple[str, ...]) -> str:
    """The fields that have a value; a story and a task without dependencies say `None`."""
    written = []
    for label in labels:
        value = getattr(ticket, ATTRIBUTES[label])
        always = label == t.DEPENDENCIES and not isinstance(ticket, Epic)
        if always or value not in (None, "", ()):
            written.append(FIELDS[label](ticket))
    return "\n".join(written)


def _ticket(level: int, ticket: Ticket, labels: tuple[str, ...]) -> str:
    heading = _heading(level, f"{ticket.ref}:", ticket.name)
    return f"{heading}\n{_fields(ticket, labels)}".rstrip()


def _epic(epic: Epic) -> list[str]:
    blocks = [_ticket(3, epic, t.EPIC_FIELDS), f"#### {t.CHILD_STORIES}"]
    for story in epic.stories:
        blocks.append(_ticket(5, story, t.STORY_FIELDS))
        blocks += (_ticket(5, task, t.TASK_FIELDS) for task in story.tasks)
    return blocks


def _cross_epic(plan: Plan) -> list[str]:
    blocks = [f"## {t.CROSS_EPIC}"]
    if plan.critical_path:
        blocks.append(_lines(f"### {t.CRITICAL_PATH}", map(_link, count(1), plan.critical_path)))
    if plan.integration_points:
        blocks.append(_lines(f"### {t.INTEGRATION}", map(_point, plan.integration_points)))
    return blocks if len(blocks) > 1 else [*blocks, t.NONE]


def _link(number: int, link: CriticalLink) -> str:
    line = f"{number}. **{link.before} {t.BEFORE} {link.after}**"
    return f"{line}: {link.text}" if link.text else line


def _point(point: IntegrationPoint) -> str:
    line = f"- **{point.first} {t.RELATES} {point.second}**"
    return f"{line}: {point.text}" if point.text else line


def _phase(phase: Phase) -> str:
    sprint = f" ({phase.sprint})" if phase.sprint else ""
    heading = _heading(3, f"Phase {phase.number}{sprint}:", phase.name)
    return _lines(heading, (f"- {render_item(item)}" for item in phase.items))


def _allocation(allocation: Allocation) -> str:
    epics = f" ({', '.join(map(str, allocation.epics))})" if allocation.epics else ""
    lines = [f"- {escape_line(text, allocation_field)}" for text in allocation.staffing]
    if allocation.duration:
        lines.append(f"- {t.DURATION}: {allocation.duration}")
    if allocation.points is not None:
        lines.append(f"- {t.POINTS}: {allocation.points}")
    return _lines(f"### {allocation.team}{epics}:", lines)


def _total(total: Total) -> str:
    line = f"**{t.TOTAL}**: {total.points} story points"
    if total.teams is None:
        return line
    return f"{line} across {total.teams} {'team' if total.teams == 1 else 'teams'}"


def _section(section: Section) -> str:
    heading = f"## {section.heading}"
    if not section.text:
        return heading
    return f"{heading}\n\n{escape_text(section.text, is_section_structure)}"


def _lines(heading: str, lines: Iterable[str]) -> str:
    return "\n".join([heading, *lines])
