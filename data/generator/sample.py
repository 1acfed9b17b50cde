"""Features by chance: which work, for whom, by which teams, in which order."""

from collections.abc import Mapping, Sequence
from typing import Final

from data.generator.dice import Dice
from data.generator.english import bare, title_case, with_article
from data.generator.lexica import (
    Domain,
    Entity,
    Part,
    Theme,
    Work,
    domain_names,
    plural,
    read_common,
    read_domain,
    read_noise,
)
from data.generator.order import add_needs, estimate, staff
from data.generator.spec import CHORES, FOLLOWERS, Item, Spec, Team

STYLES: Final = (
    ("feature-refinement", 20),
    ("rfe", 9),
    ("prd", 8),
    ("adr", 7),
    ("enhancement", 8),
    ("meeting-notes", 8),
    ("email-thread", 8),
    ("bullets", 8),
    ("user-stories", 7),
    ("table-heavy", 6),
    ("long-design", 5),
    ("draft", 6),
)
"""The styles of document, with how often each is written (per 100)."""

SHAPES: Final = (
    # ((teams, fewest items, most items), weight per 100)
    ((1, 2, 3), 20),
    ((1, 3, 4), 16),
    ((1, 5, 7), 12),
    ((2, 3, 4), 12),
    ((2, 5, 7), 16),
    ((3, 5, 8), 11),
    ((3, 8, 11), 5),
    ((4, 8, 14), 5),
    ((5, 11, 20), 2),
    ((6, 15, 25), 1),
)
_FACTS: Final = ((2, 46), (3, 38), (4, 12), (5, 4))
_EXTRA_PART: Final = Part("qa", "Quality Team", "Quality", "the test suite")


def make_spec(dice: Dice) -> Spec:
    """A feature, by chance alone."""
    platform = dice.chance(0.5)
    names = [name for name in domain_names() if read_domain(name).platform == platform]
    domain = read_domain(dice.pick(names))
    style = dice.weighted(STYLES)
    team_count, fewest, most = dice.weighted(SHAPES)
    count = dice.between(fewest, most)
    product = dice.pick(domain.products)
    theme = None if team_count == 1 and dice.chance(0.3) else dice.pick(domain.themes)
    slots = _slots(domain, product, theme, dice)
    parts = _parts(domain, theme, team_count, dice)
    chores = min(int(count * dice.random() * 0.6), count - len(parts), 8) if count > 2 else 0
    items = _features(domain, theme, parts, count - chores, slots, dice)
    _give_parts(items, parts, dice)
    teams = _teams(items, parts, dice)
    if len(parts) > len(domain.parts):
        teams.append(Team("Quality Team", _EXTRA_PART.component, _EXTRA_PART.subject, []))
    items = _with_chores(items, teams, chores, slots, dice)
    add_needs(items, teams, dice)
    levels, sizes = dice.chance(0.6), dice.chance(0.35)
    prefix, issue = _keys(product, dice)
    estimate(items, teams, levels, sizes, dice)
    for item in items:
        if item.kind == "bug" and issue and dice.chance(0.6):
            item.issue = f"{prefix}-{dice.between(100, 2999)}"
    sprints = dice.chance(0.6)
    staff(teams, sprints, dice)
    title, code = (theme.title, theme.code) if theme else _title(items, slots)
    pool = read_noise()
    pains = theme.pains if theme else dice.sample(pool["pains"], 2)
    aims = theme.aims if theme else dice.sample(pool["aims"], 2)
    return Spec(
        domain=domain,
        style=style,
        product=product,
        prefix=prefix,
        issue=issue,
        title=title,
        code=code,
        teams=teams,
        items=items,
        pains=[dice.pick(group) for group in pains],
        aims=[dice.pick(group) for group in aims],
        out=_out(domain, theme, items, dice),
        first_sprint=(dice.pick((0, 24, 25, 26)), dice.between(2, 9)),
        slots=slots,
        sprints_shown=sprints,
        levels_shown=levels,
        sizes_shown=sizes,
    )


def _slots(domain: Domain, product: str, theme: Theme | None, dice: Dice) -> dict[str, str]:
    actor = dice.pick(domain.actors)
    slots = {
        "product": product,
        "actor": actor,
        "actors": plural(actor),
        "aactor": with_article(actor),
        "scope": domain.scope,
        "ascope": with_article(domain.scope),
        "system": dice.pick(domain.systems),
    }
    entities = [e for e in domain.entities if theme is None or e.slots["one"] == theme.entity]
    return _for_entity(dice.pick(entities), slots, dice)


def _for_entity(entity: Entity, slots: Mapping[str, str], dice: Dice) -> dict[str, str]:
    first, second = dice.sample(entity.attributes, 2)
    return {**slots, **entity.slots, "by1": first, "by2": second}


def _parts(domain: Domain, theme: Theme | None, count: int, dice: Dice) -> list[Part]:
    """The parts that work on the feature, those first that others build on."""
    keys = [work.part for work in theme.items] if theme is not None else []
    if count == 1 and keys:
        key = dice.pick(keys)
        return [part for part in domain.parts if part.key == key]
    chosen = dice.sample([part for part in domain.parts if part.key in keys], count)
    others = [part for part in domain.parts if part not in chosen]
    chosen += dice.sample(others, count - len(chosen))
    ordered = [part for part in domain.parts if part in chosen]
    return ordered + [_EXTRA_PART] * (count > len(ordered))


def _features(
    domain: Domain,
    theme: Theme | None,
    parts: Sequence[Part],
    count: int,
    slots: dict[str, str],
    dice: Dice,
) -> list[Item]:
    """The items that are the feature itself: of its theme, of others, and on any entity."""
    taken: list[Item] = []
    held: set[str] = set()
    criteria: set[str] = set()
    keys = {part.key for part in parts}
    alone = len(parts) == 1

    def take(work: Work, filled: Mapping[str, str]) -> None:
        item = make_item(work, filled, dice)
        if item.key not in held and len(taken) < count and _keep_new(item, criteria):
            held.add(item.key)
            taken.append(item)

    if theme is not None:
        for work in _of_theme(theme, parts, count, dice):
            take(work, slots)
        if len(taken) < count - 2:
            others = [w for other in domain.themes if other is not theme for w in other.items]
            others = [w for w in others if w.kind == "feature" and (alone or w.part in keys)]
            for work in dice.sample(others, (count - len(taken)) // 2):
                take(work, slots)
    pool = [work for work in read_common().work if alone or work.part in keys]
    entities = [slots]
    if count > 5:
        entities += [_for_entity(other, slots, dice) for other in dice.sample(domain.entities, 3)]
    while len(taken) < count:
        left = [work for work in pool if work.key not in held]
        if not left:
            pool = left = [work for work in read_common().work if work.key not in held]
        # Half of the time work that builds on what is there, so that there is an order.
        fitting = [work for work in left if held & set(work.after)] if dice.chance(0.5) else []
        take(dice.pick(fitting or left), dice.pick(entities))
    return taken


def _of_theme(theme: Theme, parts: Sequence[Part], count: int, dice: Dice) -> list[Work]:
    """Work of the theme in its own order: some for each part, where it has any."""
    if len(parts) == 1:
        return dice.some(theme.items, count)
    pool = {part.key: [w for w in theme.items if w.part == part.key] for part in parts}
    first = [dice.pick(works) for works in pool.values() if works]
    others = [work for works in pool.values() for work in works if work not in first]
    chosen = [*first, *dice.sample(others, count - len(first))]
    return [work for work in theme.items if work in chosen]


def _keep_new(item: Item, criteria: set[str]) -> bool:
    """Leaves out facts that another item has; whether enough of them are left."""
    item.facts = [fact for fact in item.facts if fact.criterion() not in criteria]
    criteria.update(fact.criterion() for fact in item.facts)
    return len(item.facts) > 1


def make_item(work: Work, slots: Mapping[str, str], dice: Dice, target: Item | None = None) -> Item:
    """The item that a piece of work of the lexicon becomes, with some of its facts."""

    def text(choices: Sequence[str]) -> str:
        if not choices:
            return ""
        picked = dice.pick(choices)
        return picked % slots if "%(" in picked else picked

    wanted = min(dice.weighted(_FACTS), 3 if work.kind in CHORES else 5)
    return Item(
        kind=work.kind,
        key=work.key,
        name=text(work.names),
        deed=dice.pick(work.deeds).filled(slots),
        why=text(work.whys),
        part=work.part,
        by=text(work.by),
        facts=[dice.pick(fact).filled(slots) for fact in dice.some(work.facts, wanted)],
        after=work.after,
        ask=text(work.asks) if dice.chance(0.5) else "",
        risk=text(work.risks) if dice.chance(0.5) else "",
        symptom=text(work.symptoms),
        why_shown=dice.chance(0.65),
        target=target,
    )


def _give_parts(items: list[Item], parts: Sequence[Part], dice: Dice) -> None:
    """Gives each item to a part that takes part, and each part of the product an item."""
    keys = [part.key for part in parts if part is not _EXTRA_PART]
    for item in items:
        if item.part not in keys:
            item.part = dice.pick(keys)
    for key in keys:
        if not any(item.part == key for item in items):
            held = [item.part for item in items]
            richest = max(keys, key=held.count)
            next(item for item in reversed(items) if item.part == richest).part = key


def _teams(items: Sequence[Item], parts: Sequence[Part], dice: Dice) -> list[Team]:
    ending = "Team" if dice.chance(0.92) else dice.pick(("Squad", "Group"))
    return [
        Team(
            f"{part.team.removesuffix(' Team')} {ending}",
            part.component,
            part.subject,
            [item for item in items if item.part == part.key],
        )
        for part in parts
        if part is not _EXTRA_PART
    ]


_RANKS: Final = {"spike": 0, "upgrade": 1, "ux": 1, "bug": 2, "test": 8, "doc": 9}


def _rank(item: Item) -> int:
    return _RANKS.get(item.kind, 6 if item.kind in FOLLOWERS else 4)


def _with_chores(
    items: Sequence[Item], teams: list[Team], count: int, slots: dict[str, str], dice: Dice
) -> list[Item]:
    """All items in the order of the plan: team by team, chores around what they are about."""
    works = dice.sample(read_common().chores, count)
    home = {item: team for team in teams for item in team.items}
    features = [item for item in items if item.kind == "feature"] or list(items)
    if not teams[-1].items:
        tests = [work for work in read_common().chores if work.kind == "test"]
        works += dice.sample([work for work in tests if work not in works], 2)
    criteria: set[str] = set()
    for work in works:
        target = dice.pick(features)
        chore = make_item(work, {**slots, "tnp": target.the_name}, dice, target)
        if _keep_new(chore, criteria):
            apart = chore.kind == "test" and teams[-1].component == _EXTRA_PART.component
            (teams[-1] if apart else home[target]).items.append(chore)
    ordered: list[Item] = []
    for number, team in enumerate(teams):
        team.items.sort(key=_rank)
        for place, item in enumerate(team.items):
            item.team, item.number, item.place = number, place, len(ordered)
            ordered.append(item)
    return ordered


def _keys(product: str, dice: Dice) -> tuple[str, str]:
    """The prefix of the keys, and the feature's own key where the document names one.

    Without such a key the prefix is the product's first word, or its first four letters where it
    is long, so that it can be told from the document.
    """
    first = product.split()[0].upper()
    prefix = first if len(first) < 7 else first[:4]
    return prefix, f"{prefix}-{dice.between(12, 2999)}" if dice.chance(0.5) else ""


def _title(items: Sequence[Item], slots: Mapping[str, str]) -> tuple[str, str]:
    features = [item for item in items if item.kind == "feature"] or list(items)
    title = " and ".join(item.heading for item in features[:2])
    code = "".join(char for char in slots["many"].split()[-1].upper() if char.isalpha())
    return title_case(title), code


def _out(domain: Domain, theme: Theme | None, items: Sequence[Item], dice: Dice) -> list[str]:
    """What is out of scope: also work that would fit, but is not part of this feature."""
    out = dice.sample((theme or dice.pick(domain.themes)).out, dice.between(1, 3))
    keys = {item.key for item in items}
    if theme is not None and dice.chance(0.6):
        left = [work for work in theme.items if work.kind == "feature" and work.key not in keys]
        out += [bare(work.names[0]) for work in dice.sample(left, dice.between(1, 2))]
    return out
