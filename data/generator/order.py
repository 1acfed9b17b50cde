"""What a feature's items wait for, how much they count, and who builds them."""

from collections.abc import Sequence
from typing import Final

from data.generator.dice import Dice
from data.generator.lexica import read_common
from data.generator.spec import FOLLOWERS, Item, Team

_SIZES: Final = (("S", 35), ("M", 42), ("L", 20), ("XL", 3))
_LEVELS: Final = (("must", 45), ("should", 40), ("could", 15))
_MOST_EPIC_POINTS: Final = 50


def add_needs(items: Sequence[Item], teams: Sequence[Team], dice: Dice) -> None:
    """The dependencies; each points to an earlier item, so that there is no cycle."""
    by_key: dict[str, Item] = {}
    for item in items:
        by_key.setdefault(item.key, item)
    for item in items:
        for key in item.after:
            if key in by_key:
                _wait(item, by_key[key])
        if item.target is not None and item.kind in ("ux", "upgrade"):
            _wait(item.target, item)
        elif item.target is not None:
            _wait(item, item.target)
        if item.kind == "spike":
            later = [o for o in teams[item.team].items if o.kind == "feature"]
            if later:
                _wait(later[0], item)
    if len(teams) > 1 and not any(need.team != i.team for i in items for need in i.needs):
        _wait(_main(teams[-1], dice), _main(teams[0], dice))
    if len(teams) == 1 and dice.chance(0.2):
        features = [item for item in items if item.kind == "feature"]
        if len(features) > 1 and not features[-1].needs:
            _wait(features[-1], features[0])
    if len(teams) > 1 and len(teams[-1].items) < 4 and dice.chance(0.12):
        for item in teams[-1].items:
            item.needs = [need for need in item.needs if need.team not in (0, item.team)]
            item.needs_team = 0
        for item in teams[0].items:
            item.waited_for = item.kind not in FOLLOWERS
    for item in items:
        for need in item.needs:
            need.waited_for |= item.kind not in FOLLOWERS


def _main(team: Team, dice: Dice) -> Item:
    """One of the team's items: a feature of the theme, else any feature, else a chore."""
    features = [item for item in team.items if item.kind == "feature"]
    common = {work.key for work in read_common().work}
    own = [item for item in features if item.key not in common]
    return dice.pick(own or features or team.items)


def _wait(item: Item, other: Item) -> None:
    if other.place < item.place and other not in item.needs:
        item.needs.append(other)
        item.needs.sort(key=lambda need: need.place)


def estimate(
    items: Sequence[Item], teams: Sequence[Team], levels: bool, sizes: bool, dice: Dice
) -> None:
    """Draws levels and sizes where the document shows them, and keeps epics below their limit."""
    for item in items:
        if levels and item.kind not in ("doc", "spike"):
            item.level = "must" if item.kind == "bug" else dice.weighted(_LEVELS)
        if sizes and item.kind == "feature":
            item.size = dice.weighted(_SIZES)
        elif sizes and dice.chance(0.7):
            item.size = "S"
    for team in teams:
        while team.points > _MOST_EPIC_POINTS:
            largest = max(team.items, key=lambda item: item.points)
            if largest.size:
                largest.size = "S"
            else:
                largest.facts.pop()


def staff(teams: Sequence[Team], sprints: bool, dice: Dice) -> None:
    """Draws when teams can start and, for some features, their people."""
    stated = dice.chance(0.25)
    kind = dice.pick(("engineer", "engineer", "developer"))
    for number, team in enumerate(teams):
        if number and sprints and dice.chance(0.45):
            team.delay = dice.pick((1, 1, 1, 2))
        if stated:
            people = dice.between(1, 4)
            team.people = f"{people} {kind}{'s' if people > 1 else ''}"
            team.weeks = 2 * dice.between(1, 5)
