"""Allocation: the teams are the epics' owners, with the points of their epics."""

from collections.abc import Iterator

from tickets.rules_base import Context, Finding, counted
from tickets.rules_estimates import points_sum
from tickets.rules_fields import team_key, team_name
from tickets.schema import Loc, Plan


def teams_of(plan: Plan) -> dict[str, list[int]]:
    """For each team that owns epics (its key) the places of those epics, in the plan's order."""
    teams: dict[str, list[int]] = {}
    for e, epic in enumerate(plan.epics):
        key = team_key(epic.owner)
        if key:
            teams.setdefault(key, []).append(e)
    return teams


def _allocated(context: Context) -> Iterator[tuple[int, str, list[int]]]:
    """The place of each allocation of a team that owns epics, the team, and its epics' places.

    Of several for one team the first counts.
    """
    teams = teams_of(context.plan)
    for a, allocation in enumerate(context.plan.allocation):
        epics = teams.pop(team_key(allocation.team), None)
        if epics is not None:
            yield a, allocation.team, epics


def allocated(context: Context) -> Iterator[Finding]:
    """An owner of an epic that has no allocation."""
    plan = context.plan
    allocated = {team_key(allocation.team) for allocation in plan.allocation}
    for key, epics in teams_of(plan).items():
        if key not in allocated:
            epic = plan.epics[epics[0]]
            loc: Loc = ("epics", epics[0], "owner")
            message = f"{epic.ref} is owned by {epic.owner}, which has no resource allocation"
            yield Finding(loc, message, f"add one for {team_name(epic.owner)}")


def owns(context: Context) -> Iterator[Finding]:
    """An allocation for a team that owns no epic."""
    plan = context.plan
    teams = teams_of(plan)
    for a, allocation in enumerate(plan.allocation):
        if team_key(allocation.team) not in teams:
            name = allocation.team or "A team without name"
            owners = ", ".join(dict.fromkeys(epic.owner for epic in plan.epics if epic.owner))
            fix = f"the owners are {owners}" if owners else "name the owners of the epics"
            yield Finding(("allocation", a), f"{name} has an allocation, but owns no epic", fix)


def once(context: Context) -> Iterator[Finding]:
    """A team with two allocations."""
    seen: set[str] = set()
    for a, allocation in enumerate(context.plan.allocation):
        key = team_key(allocation.team)
        if key in seen and key:
            message = f"{allocation.team} has two allocations"
            yield Finding(("allocation", a), message, "keep one")
        seen.add(key)


def points_right(context: Context) -> Iterator[Finding]:
    """An allocation with other points than its team's epics have."""
    for a, team, epics in _allocated(context):
        points = context.plan.allocation[a].points
        total = points_sum(context.plan.epics[e].points for e in epics)
        if points is not None and total is not None and points != total:
            yield Finding(
                ("allocation", a, "points"),
                f"{team} is allocated {counted(points, 'point')}, but its epics have {total}",
                f"write {total}",
            )


def points_written(context: Context) -> Iterator[Finding]:
    """An allocation without points."""
    for a, team, _ in _allocated(context):
        if context.plan.allocation[a].points is None:
            message = f"{team} is allocated no story points"
            yield Finding(("allocation", a, "points"), message, "sum up its epics")


def epics(context: Context) -> Iterator[Finding]:
    """An allocation that lists other epics than its team owns."""
    plan = context.plan
    for a, team, epics in _allocated(context):
        owned = [plan.epics[e].ref for e in epics]
        if sorted(set(owned)) != sorted(plan.allocation[a].epics):
            listed = ", ".join(map(str, plan.allocation[a].epics)) or "no epic"
            names = ", ".join(map(str, owned))
            message = f"{team} is allocated {listed}, but owns {names}"
            yield Finding(("allocation", a, "epics"), message, f"write {names}")


def people(context: Context) -> Iterator[Finding]:
    """An allocation without people."""
    for a, team, _ in _allocated(context):
        if not context.plan.allocation[a].staffing:
            message = f"{team} is allocated no people"
            yield Finding(("allocation", a), message, "say how many engineers")


def duration(context: Context) -> Iterator[Finding]:
    """An allocation without duration."""
    for a, team, _ in _allocated(context):
        if not context.plan.allocation[a].duration:
            message = f"{team} has no duration"
            yield Finding(("allocation", a), message, "say how many weeks")


def total_written(context: Context) -> Iterator[Finding]:
    """A plan without total effort."""
    plan = context.plan
    if plan.epics and plan.total is None:
        total = points_sum(epic.points for epic in plan.epics)
        points = "the points" if total is None else counted(total, "story point")
        fix = f"end it with {points} across {counted(len(teams_of(plan)), 'team')}"
        yield Finding(("total",), "The plan has no total effort", fix)


def total_teams(context: Context) -> Iterator[Finding]:
    """A total effort with another number of teams than own epics."""
    total, count = context.plan.total, len(teams_of(context.plan))
    if context.plan.epics and total is not None and total.teams != count:
        stated = "no number of teams" if total.teams is None else counted(total.teams, "team")
        message = f"The total effort names {stated}, but the epics have {counted(count, 'owner')}"
        yield Finding(("total", "teams"), message, f"write {count}")
