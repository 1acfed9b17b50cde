"""Allocation and total: they follow from the epics, their owners and their points."""

from typing import Any

from tickets.capacity import people, staffing
from tickets.order import Number
from tickets.repair_base import Draft
from tickets.rules_allocation import teams_of
from tickets.rules_estimates import points_sum
from tickets.rules_fields import team_key, team_name
from tickets.schema import Allocation, Total


def mend_allocation(draft: Draft) -> None:
    """Drop allocations of no team, correct the others, add missing ones, then the total."""
    plan = draft.plan
    teams = teams_of(plan)
    stated = {team_key(allocation.team) for allocation in plan.allocation}
    unstated = {
        tuple(sorted(plan.epics[e].ref.number for e in epics)): key
        for key, epics in teams.items()
        if key not in stated
    }
    kept: list[Allocation] = []
    done: set[str] = set()
    for a, allocation in enumerate(plan.allocation):
        key = team_key(allocation.team)
        if key not in teams:
            key = _owner_of(allocation, unstated)
            name = allocation.team or "A team without name"
            if not key:
                draft.note("A702", ("allocation", a), f"{name}: dropped, it owns no epic")
                continue
            owner = team_name(plan.epics[teams[key][0]].owner)
            message = f"{name}: became {owner}, who owns its epics"
            draft.note("A702", ("allocation", a), message)
            allocation = allocation.model_copy(update={"team": owner})
        elif key in done:
            draft.note("A703", ("allocation", a), f"{allocation.team}: second allocation dropped")
            continue
        done.add(key)
        kept.append(_corrected(draft, a, allocation, teams[key]))
    for key, epics in teams.items():
        if key not in done:
            epic = plan.epics[epics[0]]
            team = Allocation(team=epic.owner)
            kept.append(_corrected(draft, -1, team, epics))
            draft.note("A701", ("epics", epics[0], "owner"), f"{team.team}: allocation added")
    if len(kept) != len(plan.allocation) or any(
        new is not old for new, old in zip(kept, plan.allocation, strict=True)
    ):
        draft.change(allocation=tuple(kept))
    _mend_total(draft, len(teams))


def _owner_of(allocation: Allocation, unstated: dict[tuple[Number, ...], str]) -> str:
    """The team without allocation that owns just the epics of this one; each serves once."""
    return unstated.pop(tuple(sorted(ref.number for ref in allocation.epics)), "")


def _corrected(draft: Draft, place: int, allocation: Allocation, epics: list[int]) -> Allocation:
    """The allocation as its team's epics have it; changes are noted unless `place` is -1."""
    owned = [draft.plan.epics[e] for e in epics]
    refs = tuple(epic.ref for epic in owned)
    points = points_sum(epic.points for epic in owned)
    engineers, weeks = staffing(points or 0)
    fields: dict[str, Any] = {}
    notes = []
    if sorted(allocation.epics) != sorted(refs):
        fields["epics"] = refs
        notes.append(("A704", "epics", f"epics became {', '.join(map(str, refs))}"))
    if allocation.points != points:
        fields["points"] = points
        code = "A705" if allocation.points is None else "A706"
        old = "no points" if allocation.points is None else f"points {allocation.points}"
        notes.append((code, "points", f"{old} became {points}"))
    if not allocation.staffing:
        fields["staffing"] = (people(engineers),)
        notes.append(("A707", "staffing", f"{people(engineers)} written"))
    if not allocation.duration:
        fields["duration"] = f"{weeks} weeks"
        notes.append(("A708", "duration", f"duration of {weeks} weeks written"))
    if place >= 0:
        for code, field, message in notes:
            draft.note(code, ("allocation", place, field), f"{allocation.team}: {message}")
    return allocation.model_copy(update=fields) if fields else allocation


def _mend_total(draft: Draft, teams: int) -> None:
    plan = draft.plan
    points = points_sum(epic.points for epic in plan.epics)
    if points is None:
        return
    if plan.total is None:
        draft.note(
            "A709", ("total",), f"The total effort: written, with points {points} and teams {teams}"
        )
        draft.change(total=Total(points=points, teams=teams))
    elif plan.total.teams != teams:
        old = "no number of teams" if plan.total.teams is None else f"teams {plan.total.teams}"
        draft.note("A710", ("total", "teams"), f"The total effort: {old} became {teams}")
        draft.change(total=plan.total.model_copy(update={"teams": teams}))
