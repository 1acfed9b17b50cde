"""The fixed words of the contract: headings and labels that other tools read.

The origin's template, word for word; parser, renderer, grammar and prompt take them from here.
"""

from typing import Final

TITLE: Final = "Jira Tickets Structure"
EPIC_STRUCTURE: Final = "Epic Structure"
CHILD_STORIES: Final = "Child Stories:"
CROSS_EPIC: Final = "Cross-Epic Dependencies"
CRITICAL_PATH: Final = "Critical Path Dependencies:"
INTEGRATION: Final = "Component Integration Points:"
PHASES: Final = "Implementation Phases"
ALLOCATION: Final = "Resource Allocation"
ALTERNATIVES: Final = ("Implementation Timeline", "Resource Requirements")
"""Other names that the origin's second example gives to the last two sections."""

EPIC_TITLE: Final = "Epic Title"
EPIC_KEY: Final = "Epic Key"
DESCRIPTION: Final = "Description"
COMPONENT: Final = "Component"
EPIC_OWNER: Final = "Epic Owner"
POINTS: Final = "Story Points"
PRIORITY: Final = "Priority"
DEPENDENCIES: Final = "Dependencies"
TICKET_TITLE: Final = "Title"
TYPE: Final = "Type"
PARENT: Final = "Parent"
CRITERIA: Final = "Acceptance Criteria"
COMPONENTS: Final = "Components"
DURATION: Final = "Duration"
TOTAL: Final = "Total Effort"

EPIC_FIELDS: Final = (
    EPIC_TITLE,
    EPIC_KEY,
    DESCRIPTION,
    COMPONENT,
    EPIC_OWNER,
    POINTS,
    PRIORITY,
    DEPENDENCIES,
)
STORY_FIELDS: Final = (
    TICKET_TITLE,
    TYPE,
    PARENT,
    DESCRIPTION,
    CRITERIA,
    COMPONENTS,
    POINTS,
    PRIORITY,
    DEPENDENCIES,
)
TASK_FIELDS: Final = STORY_FIELDS
"""A task has the fields of a story; the template's own tasks leave out the criteria, the
components and the priority."""

KEY_OPEN: Final = "[Generated as "
KEY_CLOSE: Final = "]"
COMPLETION: Final = "completion"
NONE: Final = "None"
BEFORE: Final = "→"
RELATES: Final = "↔"
