"""The rules of a plan, in one table, and the check that applies them.

How a plan is written is the parser's business, with codes of its own (T1xx); these rules are about
what it says. The functions stand in `rules_*.py`, one file for each group.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tickets import rules_allocation as teams
from tickets import rules_dependencies as needs
from tickets import rules_estimates as points
from tickets import rules_fields as fields
from tickets import rules_grounding as grounds
from tickets import rules_links as links
from tickets import rules_numbering as numbers
from tickets import rules_phases as phases
from tickets import rules_quality as quality
from tickets.diagnostics import Diagnostic, Severity, line_of
from tickets.rules_base import Context, Rule
from tickets.schema import Loc, Plan

if TYPE_CHECKING:
    from tickets.vocabulary import Vocabulary

_E: Final[Severity] = "error"
_W: Final[Severity] = "warning"

# fmt: off
RULES: Final[tuple[Rule, ...]] = (
    # code, severity, group, what it asks for, whether repair can mend it, what finds it
    Rule("N201", _E, "numbering", "tickets are numbered by their place", True, numbers.in_order),
    Rule("N202", _E, "numbering", "a number is given once", True, numbers.once),
    Rule("N203", _E, "numbering", "a parent is what holds the ticket", True, numbers.parent),
    Rule("N204", _E, "numbering", "the parent is written", True, numbers.parent_written),

    Rule("D301", _E, "dependencies", "dependencies exist", True, needs.known),
    Rule("D302", _E, "dependencies", "no ticket waits for itself", True, needs.on_itself),
    Rule("D303", _E, "dependencies", "no ticket waits for what holds it", True, needs.on_holder),
    Rule("D304", _E, "dependencies", "no ticket waits for its own part", True, needs.on_part),
    Rule("D305", _W, "dependencies", "a dependency is named once", True, needs.once),
    Rule("D306", _E, "dependencies", "no tickets wait for each other", True, needs.no_cycle),
    Rule("D307", _E, "dependencies", "the critical path names tickets", True, links.path_known),
    Rule("D308", _E, "dependencies", "it orders different tickets", True, links.path_apart),
    Rule("D309", _W, "dependencies", "its direction fits the plan", False, links.path_direction),
    Rule("D310", _W, "dependencies", "its lines are dependencies", False, links.path_backed),
    Rule("D311", _W, "dependencies", "a line stands on it once", True, links.path_once),
    Rule("D312", _E, "dependencies", "its lines close no cycle", True, links.path_acyclic),
    Rule("D313", _E, "dependencies", "integration points name tickets", True, links.point_known),
    Rule("D314", _E, "dependencies", "they relate different tickets", True, links.point_apart),
    Rule("D315", _W, "dependencies", "a pair stands there once", True, links.point_once),
    Rule("D316", _W, "dependencies", "the critical path is written", True, links.path_written),
    Rule("D317", _W, "dependencies", "integration points are written", True, links.points_written),

    Rule("E401", _E, "estimates", "tickets have Fibonacci points", True, points.fibonacci),
    Rule("E402", _E, "estimates", "tasks sum up to their story", True, points.tasks_sum),
    Rule("E403", _E, "estimates", "stories sum up to their epic", True, points.stories_sum),
    Rule("E404", _E, "estimates", "epics sum up to the total", True, points.epics_sum),

    Rule("F501", _E, "fields", "the plan has an epic", False, fields.any_epic),
    Rule("F502", _E, "fields", "the plan has a title", True, fields.plan_title),
    Rule("F503", _E, "fields", "a ticket has a title", True, fields.title),
    Rule("F504", _E, "fields", "a ticket has a name in its heading", True, fields.name),
    Rule("F505", _W, "fields", "a ticket has a description", False, fields.description),
    Rule("F506", _E, "fields", "a story or task has a type", True, fields.type_written),
    Rule("F507", _E, "fields", "no story stands under a story", True, fields.type_of_task),
    Rule("F508", _E, "fields", "a ticket has story points", True, fields.estimate),
    Rule("F509", _E, "fields", "an epic or story has a priority", True, fields.priority),
    Rule("F510", _E, "fields", "an epic has a key", True, fields.key_written),
    Rule("F511", _E, "fields", "a key has the form PREFIX-CODE-001", True, fields.key_form),
    Rule("F512", _E, "fields", "a key is given once", True, fields.key_once),
    Rule("F513", _E, "fields", "an epic has an owner", True, fields.owner),
    Rule("F514", _E, "fields", "an epic or story has a component", True, fields.component),
    Rule("F515", _E, "fields", "components are in the vocabulary", True, fields.component_known),
    Rule("F516", _E, "fields", "teams are in the vocabulary", True, fields.team_known),
    Rule("F517", _E, "fields", "keys have the vocabulary's prefix", True, fields.key_prefixed),

    Rule("P601", _E, "phases", "the plan has phases", True, phases.any_phase),
    Rule("P602", _E, "phases", "phases are numbered by their place", True, phases.numbered),
    Rule("P603", _W, "phases", "a phase has something in it", True, phases.filled),
    Rule("P604", _E, "phases", "phases name tickets of the plan", True, phases.known),
    Rule("P605", _E, "phases", "a ticket is in one phase", True, phases.once),
    Rule("P606", _E, "phases", "a story is in a phase", True, phases.placed),
    Rule("P607", _E, "phases", "no story is before what it needs", True, phases.after_needs),
    Rule("P608", _W, "phases", "a phase has a sprint", False, phases.sprint),
    Rule("P609", _W, "phases", "phases are in the order of their sprints", False, phases.sprints),

    Rule("A701", _E, "allocation", "a team that owns epics has people", True, teams.allocated),
    Rule("A702", _E, "allocation", "a team with people owns epics", True, teams.owns),
    Rule("A703", _E, "allocation", "a team stands there once", True, teams.once),
    Rule("A704", _E, "allocation", "its epics are those it owns", True, teams.epics),
    Rule("A705", _E, "allocation", "its points are written", True, teams.points_written),
    Rule("A706", _E, "allocation", "its points are those of its epics", True, teams.points_right),
    Rule("A707", _W, "allocation", "its people are written", True, teams.people),
    Rule("A708", _W, "allocation", "its duration is written", True, teams.duration),
    Rule("A709", _E, "allocation", "the total effort is written", True, teams.total_written),
    Rule("A710", _E, "allocation", "the total counts the teams", True, teams.total_teams),

    Rule("Q801", _W, "quality", "an epic has at most 50 points", False, quality.epic_size),
    Rule("Q802", _W, "quality", "an epic has stories", False, quality.epic_stories),
    Rule("Q803", _W, "quality", "a team has one epic", False, quality.one_epic_per_team),
    Rule("Q804", _W, "quality", "an epic has one team", False, quality.one_team_per_epic),
    Rule("Q805", _W, "quality", "a story has two criteria or more", False, quality.criteria),
    Rule("Q806", _W, "quality", "a criterion is exact", False, quality.criterion_exact),
    Rule("Q807", _W, "quality", "a criterion has three words", False, quality.criterion_long),
    Rule("Q808", _W, "quality", "a criterion stands there once", False, quality.criterion_once),
    Rule("Q809", _W, "quality", "a title is given once", False, quality.title_once),
    Rule("Q810", _W, "quality", "a description is given once", False, quality.description_once),
    Rule("Q811", _W, "quality", "a description says more than the title", False, quality.says_more),
    Rule("Q812", _W, "quality", "a story of 13 points has tasks", False, quality.large_story_split),
    Rule("Q813", _W, "quality", "a story has at most 21 points", False, quality.story_size),
    Rule("Q814", _W, "quality", "no text is left to be filled in", False, quality.placeholder),
    Rule("Q815", _W, "quality", "epics depend on each other", False, quality.any_dependency),

    Rule("G901", _W, "grounding", "the document supports a ticket", False, grounds.ticket),
    Rule("G902", _W, "grounding", "a requirement is taken up", False, grounds.requirement),
)
# fmt: on


def check_plan(
    plan: Plan,
    *,
    lines: Mapping[Loc, int] | None = None,
    document: str | None = None,
    vocabulary: "Vocabulary | None" = None,
) -> tuple[Diagnostic, ...]:
    """The findings of all rules, in the order of the plan.

    Args:
        plan: the plan to check.
        lines: where its parts stand in the markdown, from `ParseResult.lines`.
        document: the feature document; grounding and coverage are checked only with it.
        vocabulary: the names that an organisation allows.
    """
    trace = None
    if document is not None:
        from tickets.trace import trace_plan

        trace = trace_plan(plan, document)
    return apply_rules(Context(plan, trace=trace, vocabulary=vocabulary), lines or {})


def apply_rules(context: Context, lines: Mapping[Loc, int]) -> tuple[Diagnostic, ...]:
    """The findings of all rules on a plan whose context is at hand, in the order of the plan."""
    found = [
        Diagnostic(
            code=rule.code,
            severity=rule.severity,
            message=finding.message,
            line=line_of(lines, finding.loc),
            fix=finding.fix or None,
            repairable=rule.fixable and finding.mendable and context.numberable,
            loc=finding.loc,
        )
        for rule in RULES
        for finding in rule.function(context)
    ]
    found.sort(key=lambda item: (item.line or 0, _place(item.loc), item.code))
    return tuple(found)


_FIELDS: Final = {
    name: place
    for place, name in enumerate(
        (
            *("title", "ref", "name", "key", "type", "parent", "description"),
            *("acceptance_criteria", "components", "owner", "points", "priority", "dependencies"),
            *("epics", "stories", "tasks", "critical_path", "integration_points", "phases"),
            *("number", "sprint", "items", "allocation", "total", "teams", "sections"),
        )
    )
}


def _place(loc: Loc) -> tuple[int, ...]:
    """A key that sorts locs as the parts of a plan are written."""
    return tuple(_FIELDS[part] if isinstance(part, str) else part for part in loc)
