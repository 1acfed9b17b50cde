"""How many of each a plan may have, and how many tokens that can come to at most."""

from collections.abc import Iterable
from typing import Annotated, Final, Self

from pydantic import Field

from tickets import template as t
from tickets.schema import Model, Plan, Story, Task

Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]

_GROWTH: Final = (
    ("stories", "epics"),
    ("phases", "criteria", "dependencies", "critical_links", "integration_points"),
    ("components", "staffing", "tasks"),
)
"""The order in which `Bounds.within` raises the bounds: in each group by turns while it can.
A phase always has room for all stories, up to the default."""

_CHARACTER: Final = 4
"""The most tokens that finish a character that the line's end came upon: UTF-8 has 4 bytes."""

_NAME: Final = 48
"""The longest name of a vocabulary that `Bounds.tokens` reckons with, in bytes."""


class Bounds(Model):
    """The most of each that a plan may have. The default holds large plans of six teams.

    `free` is for plans that people have written: then the grammar is all that `tickets.render`
    writes, with numbers out of order, any words in brackets, and fields and lists that are not
    there. A model is held to more: numbers in order, each field filled, and nothing in brackets
    that could go on for ever.
    """

    epics: AtLeastOne = 6
    stories: AtLeastOne = 9
    """Under each epic."""
    tasks: Count = 4
    """Under each story."""
    criteria: AtLeastOne = 6
    """For each story; the least is two, or one where no more are allowed."""
    description_lines: AtLeastOne = 1
    components: AtLeastOne = 3
    """On each ticket."""
    dependencies: Count = 8
    """Of each ticket."""
    critical_links: Count = 20
    integration_points: Count = 6
    phases: AtLeastOne = 6
    items: AtLeastOne = 16
    """In each phase."""
    staffing: AtLeastOne = 3
    """Lines on people for each team; there are as many teams as epics."""
    free: bool = False

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The smallest bounds that hold `plan` (its further sections aside), with `free` set."""
        tickets = [ticket for _, ticket in plan.tickets()]
        below = [ticket for ticket in tickets if isinstance(ticket, (Story, Task))]
        stories = [ticket for ticket in below if isinstance(ticket, Story)]
        return cls(
            epics=_most(1, [len(plan.epics), len(plan.allocation)]),
            stories=_most(1, (len(epic.stories) for epic in plan.epics)),
            tasks=_most(0, (len(story.tasks) for story in stories)),
            criteria=_most(1, (len(ticket.acceptance_criteria) for ticket in below)),
            description_lines=_most(1, (x.description.count("\n") + 1 for x in tickets)),
            components=_most(1, (len(ticket.components) for ticket in tickets)),
            dependencies=_most(0, (len(ticket.dependencies) for ticket in tickets)),
            critical_links=len(plan.critical_path),
            integration_points=len(plan.integration_points),
            phases=_most(1, [len(plan.phases)]),
            items=_most(1, (len(phase.items) for phase in plan.phases)),
            staffing=_most(1, (len(team.staffing) for team in plan.allocation)),
            free=True,
        )

    @classmethod
    def within(cls, tokens: int, line_tokens: int = 64) -> Self | None:
        """Bounds whose longest plan fits into `tokens`, with no more of anything than the default.

        Of each bound one more would not fit. None where one epic with one story might be too long
        already. `line_tokens` is the line budget that the plan is written under.
        """
        bounds = cls(
            epics=1, stories=1, tasks=0, criteria=2, components=1, dependencies=1,
            critical_links=0, integration_points=0, phases=1, items=1, staffing=1,
        )  # fmt: skip
        if bounds.tokens(line_tokens) > tokens:
            return None
        for group in _GROWTH:
            raised = True
            while raised:
                raised = False
                for name in group:
                    wider = bounds._raised(name)
                    if wider is not None and wider.tokens(line_tokens) <= tokens:
                        bounds, raised = wider, True
        return bounds

    def _raised(self, name: str) -> Self | None:
        """These bounds with one more of `name`, None if that is more than the default."""
        most = type(self)()
        wider = self.model_copy(update={name: getattr(self, name) + 1})
        if getattr(wider, name) > getattr(most, name):
            return None
        return wider.model_copy(update={"items": min(wider.epics * wider.stories, most.items)})

    def tokens(self, line_tokens: int = 64) -> int:
        """The most tokens of a plan within these bounds, its end included; `free` has no such most.

        It holds for every tokenizer whose tokens stand for at least one byte each: what the
        grammar fixes counts a token a byte, and a line with words ends at the line budget, unless
        it stands there in the middle of a character, a reference or a vocabulary's name.

        Raises:
            ValueError: the bounds are free.
        """
        if self.free:
            raise ValueError("free bounds let a text in brackets go on for ever")

        def words(label: str, beyond: int = _CHARACTER) -> int:
            return max(line_tokens, _size(label) + 1) + beyond

        epic = f"Epic {self.epics}"
        story = f"Story {self.epics}.{self.stories}"
        ref = f"Task {self.epics}.{self.stories}.{self.tasks}" if self.tasks else story
        dependency = f", {ref} {t.COMPLETION}"
        listed = _size(f"**{t.DEPENDENCIES}**: {t.NONE}", dependency * self.dependencies)
        dependencies = min(listed, words(f"**{t.DEPENDENCIES}**: {ref}", _size(dependency)))
        components = words(f"**{t.COMPONENTS}**: ", _CHARACTER + _NAME)
        description = words(f"**{t.DESCRIPTION}**: ")
        if self.description_lines > 1:
            description += self.description_lines * words("")
        estimate = _size(f"**{t.POINTS}**: 9999\n")
        priority = _size(f"**{t.PRIORITY}**: Medium\n")

        below = 2 * words("##### ") + description + estimate + dependencies
        below += _size(f"\n**{t.TYPE}**: Story\n**{t.PARENT}**: {story}\n")
        per_story = below + components + priority + _size(f"\n**{t.CRITERIA}:**\n\n")
        per_story += self.criteria * words("- ") + self.tasks * below
        per_epic = 2 * words("### ") + description + components + estimate + priority
        per_epic += words(f"**{t.EPIC_OWNER}**: ", _NAME) + dependencies + self.stories * per_story
        key = f"**{t.EPIC_KEY}**: {t.KEY_OPEN}{'K' * _NAME}-001{t.KEY_CLOSE}\n"
        per_epic += _size(f"\n{key}\n#### {t.CHILD_STORIES}\n")

        link = f"99. **{ref} {t.BEFORE} {ref}**: "
        cross = self.critical_links * words(link) + self.integration_points * words(link)
        cross += _size(f"\n## {t.CROSS_EPIC}\n\n### {t.CRITICAL_PATH}\n\n### {t.INTEGRATION}\n")
        phase = words("### Phase 99 (Iteration 9999.99): ") + self.items * words("- ") + 1
        team = words("### ", _NAME + _size(f", {epic}" * self.epics)) + 1
        team += self.staffing * words("- ") + _size(f"- {t.DURATION}: 99 weeks\n") + estimate
        ends = words(f"# {t.TITLE} - ") + _size(f"\n## {t.EPIC_STRUCTURE}\n\n## {t.PHASES}\n")
        ends += _size(f"\n## {t.ALLOCATION}\n\n**{t.TOTAL}**: 99999 story points across 99 teams\n")
        return self.epics * (per_epic + team) + cross + self.phases * phase + ends + 1


def _most(least: int, counts: Iterable[int]) -> int:
    return max([least, *counts])


def _size(*texts: str) -> int:
    return sum(len(text.encode("utf-8")) for text in texts)
