"""The sections that documents are put together from, each in several forms."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from data.generator.english import bare, cap, joined, low
from data.generator.page import Said
from data.generator.spec import Item, Team
from data.generator.templates import Fact
from data.generator.writer import Writer
from tickets.kinds import kind_of
from tickets.phrases import STARTS_WITH_INTENT

_OVERVIEW: Final = ("Overview", "Summary", "Feature Overview", "In short", "What this is about")
_WHY: Final = ("Background", "Why", "Motivation", "Problem", "Context", "Why now", "The problem")
_OUT: Final = ("Out of scope", "Non-goals", "Not in scope", "Out of Scope", "Not part of this")
_OPEN: Final = ("Open questions", "Open Questions", "Questions", "Open points", "Still open")
_RISKS: Final = ("Risks", "Risks and mitigations", "Known risks")
_LINKS: Final = ("References", "Links", "Related links", "Further reading")
_ALTERNATIVES: Final = ("Alternatives", "Alternatives considered", "Rejected alternatives")
_TEAMS: Final = ("Teams", "Teams and timing", "Who does what", "Delivery", "People and timing")
_OPENINGS: Final = ("passive", "subject", "imperative", "concerning")
_QUALITIES: Final = ("Non-functional requirements", "Quality requirements", "Qualities")


def t_shirt(points: int) -> str:
    """The size of a team's whole work, as a delivery plan table gives it."""
    return "S" if points <= 8 else "M" if points <= 20 else "L" if points <= 34 else "XL"


def overview(w: Writer, level: int = 2, *, heading: str = "") -> None:
    """What the feature is for."""
    w.heading(level, heading or w.dice.pick(_OVERVIEW))
    w.paragraph(*w.dice.some(w.aims, w.dice.between(1, 2)))


def background(w: Writer, level: int = 2, *, heading: str = "", most: int = 3) -> None:
    """Why it is wanted, with history that belongs in no ticket."""
    w.heading(level, heading or w.dice.pick(_WHY))
    pains = w.dice.some(w.pains, w.dice.between(1, 2))
    w.paragraph(*pains, *w.some_noise("history", w.dice.between(0, most)))


def out_of_scope(w: Writer, level: int = 2, *, heading: str = "") -> None:
    """What is not built."""
    w.heading(level, heading or w.dice.pick(_OUT))
    if w.dice.chance(0.25):
        w.paragraph(f"These are left out: {joined(w.spec.out)}")
    else:
        w.listed([cap(text) for text in w.spec.out])


def open_points(w: Writer, level: int = 2) -> None:
    """Open questions and risks, under headings of their own where there are any."""
    asks: list[Said] = [(item.ask, item) for item in w.spec.items if item.ask]
    risks: list[Said] = [(f"{item.risk}.", item) for item in w.spec.items if item.risk]
    if asks:
        w.heading(level, w.dice.pick(_OPEN))
        w.listed(asks, numbered=w.dice.chance(0.2))
    if risks:
        w.heading(level, w.dice.pick(_RISKS))
        w.listed(risks)


def alternatives(w: Writer, level: int = 2) -> None:
    """What was looked at and rejected."""
    w.heading(level, w.dice.pick(_ALTERNATIVES))
    texts = w.some_noise("alternatives", w.dice.between(1, 3))
    if w.dice.chance(0.5):
        w.listed(texts)
    else:
        w.paragraph(*texts)


def links(w: Writer, level: int = 2) -> None:
    """Addresses that lead nowhere."""
    w.heading(level, w.dice.pick(_LINKS))
    w.listed(w.some_noise("links", w.dice.between(1, 3)))


def qualities(
    w: Writer, facts: Sequence[tuple[Item, Fact]], level: int = 2, *, heading: str = ""
) -> None:
    """Facts with figures, under a heading of their own."""
    if not facts:
        return
    w.heading(level, heading or w.dice.pick(_QUALITIES))
    w.listed([(f"**{fact.label}**: {low(fact.outcome())}", item) for item, fact in facts])


def split_facts(w: Writer, items: Sequence[Item], most: int = 4) -> list[tuple[Item, Fact]]:
    """The facts with figures that always hold: what people list as qualities."""
    found = [
        (item, fact)
        for item in items
        for fact in item.facts
        if not fact.given and any(char.isdigit() for char in fact.present)
    ]
    return w.dice.some(found, most)


def teams(w: Writer, level: int = 2, *, heading: str = "") -> None:
    """Who builds it, from when, with how many people."""
    sentences = team_sentences(w)
    w.heading(level, heading or w.dice.pick(_TEAMS))
    if len(w.spec.teams) > 1 and w.dice.chance(0.4):
        _team_table(w)
    else:
        w.paragraph(*sentences)


def _team_table(w: Writer) -> None:
    spec = w.spec
    header = ["Team", "Component"]
    header += ["Start"] * spec.sprints_shown + ["People", "Time"] * bool(spec.teams[0].people)
    waiting = any(team.items[0].needs_team is not None for team in spec.teams)
    header += ["Waits for"] * waiting
    rows: list[tuple[Sequence[str], Item | None]] = []
    for team in spec.teams:
        cells = [team.name, team.component]
        cells += [spec.sprint(team.delay)] * spec.sprints_shown
        cells += [team.people, f"{team.weeks} weeks"] * bool(team.people)
        waits = team.items[0].needs_team
        if waiting:
            cells.append("-" if waits is None else f"all work of the {spec.teams[waits].name}")
        rows.append((cells, None))
    w.table(header, rows)


def dependencies(w: Writer, level: int = 2) -> None:
    """What comes before what, where the document does not say so beside each item."""
    if w.needs_inline:
        return
    said: list[Said] = [(text, item) for item in w.spec.items for text in w.needs(item)]
    if said:
        w.heading(
            level, w.dice.pick(("Dependencies", "Internal dependencies", "Order and dependencies"))
        )
        w.listed(said)


def team_sentences(w: Writer) -> list[str]:
    """A sentence on each team: its component, its start and its people where they are stated."""
    spec = w.spec
    found = []
    for team in spec.teams:
        text = w.dice.pick(
            (
                f"The {team.name}: {team.component}",
                f"The part of the {team.name} is {team.component}",
                f"For the {team.name}: {team.component}",
            )
            if len(spec.teams) > 1
            else (
                f"All of it is for the {team.name} ({team.component})",
                f"This is for one team, the {team.name}, in {team.component}",
                f"Owner: {team.name}, component {team.component}",
            )
        )
        if spec.sprints_shown:
            text += f", from {spec.sprint(team.delay)}"
        if team.people:
            text += f", with {team.people} for {team.weeks} weeks"
        waits = team.items[0].needs_team
        if waits is not None:
            text += f", after all work of the {spec.teams[waits].name}"
        found.append(text)
    return found


def delivery_table(w: Writer, level: int = 2, *, heading: str = "High Level Delivery Plan") -> None:
    """The home form's table: a row for each team."""
    spec = w.spec
    w.heading(level, heading)
    w.lines.append(
        "| Team | Sprint Start Availability | Work to Deliver | Dependencies | T-Shirt Size"
        " | Comments |"
    )
    w.lines.append("| ----- | ----- | ----- | ----- | ----- | ----- |")
    for team in spec.teams:
        others = dict.fromkeys(
            spec.teams[need.team].name
            for i in team.items
            for need in i.needs
            if need.team != i.team
        )
        if team.items[0].needs_team is not None:
            others[f"{spec.teams[team.items[0].needs_team].name}, all of it"] = None
        work = "<br>".join(cap(bare(item.name)) for item in team.items)
        comments = []
        if team.people:
            comments.append(f"{team.people} for {team.weeks} weeks")
        comments.append(w.dice.pick(("", "", f"Component: {team.component}")))
        cells = (
            f"**{team.name}**",
            spec.sprint(team.delay) if spec.sprints_shown else w.dice.pick(("open", "any")),
            work,
            ", ".join(others) or "None",
            t_shirt(team.points),
            ". ".join(text for text in comments if text),
        )
        w.line(f"| {' | '.join(cells)} |")
    w.lines.append("")


# Requirements, in four forms


def requirement_list(w: Writer, items: Sequence[Item], *, headline: str = "") -> None:
    """An entry for each item, with its facts below it or behind it."""
    nested, numbered = w.dice.chance(0.6), w.dice.chance(0.5)
    for number, item in enumerate(items, start=1):
        mark = f"{number}." if numbered else w.bullet
        said = w.told(item, headline=headline)
        head, rest = said[0], said[1:]
        if nested:
            w.line(f"{mark} {head[0]}", item)
            indent = "   " if numbered else "  "
            for text, _ in rest:
                w.line(f"{indent}{w.bullet} {text}", item)
        else:
            texts = ". ".join(cap(text) for text, _ in said)
            w.line(f"{mark} {texts}.", item)
    w.lines.append("")


def requirement_sections(w: Writer, items: Sequence[Item], level: int = 3) -> None:
    """A heading and a paragraph for each item."""
    for item in items:
        w.heading(level, neutral(cap(bare(item.name)), f"About {item.the_name}"))
        said = w.told(
            item, headline="concerning" if item.is_named_apart else w.dice.pick(_OPENINGS)
        )
        half = len(said) if w.dice.chance(0.5) else 1 + len(said) // 2
        w.paragraph(*said[:half])
        if said[half:]:
            w.listed([(cap(text), about) for text, about in said[half:]])


def requirement_prose(w: Writer, items: Sequence[Item]) -> None:
    """A paragraph for each item."""
    for item in items:
        w.paragraph(*w.told(item, headline=w.dice.pick(("passive", "subject"))))


def requirement_table(w: Writer, items: Sequence[Item], *, team: bool = False) -> None:
    """A row for each item, its facts in one cell."""
    spec = w.spec
    header = [w.dice.pick(("ID", "No.", "#")), w.dice.pick(("Requirement", "Feature", "Work item"))]
    header.append(w.dice.pick(("Details", "Conditions", "Acceptance", "Remarks")))
    if spec.levels_shown:
        header.append(w.dice.pick(("Priority", "Level", "MoSCoW")))
    if spec.sizes_shown:
        header.append("Size")
    header.append(w.dice.pick(("Depends on", "Needs", "After")))
    if team:
        header.append("Team")
    prefix = w.dice.pick(("R", "REQ-", "F", ""))
    levels = w.dice.pick(
        (("must", "should", "could"), ("P1", "P2", "P3"), ("Must", "Should", "Could"))
    )
    rows = []
    for number, item in enumerate(items, start=1):
        held = item.level
        item.level = ""  # the column says it, so the sentences need not
        details = ". ".join(w.fact(item, fact) for fact in item.facts)
        why = w.why(item)
        cells = [f"{prefix}{number}", w.headline(item, "imperative")]
        cells.append(f"{details}. {cap(why)}." if why else f"{details}.")
        item.level = held
        if spec.levels_shown:
            rank = {"must": 0, "should": 1, "could": 2, "": -1}[held]
            cells.append(levels[rank] if rank >= 0 else "-")
        if spec.sizes_shown:
            cells.append(item.size or "-")
        cells.append(w.needs_cell(item))
        if team:
            cells.append(w.team_of(item).name)
        rows.append((cells, item))
    w.table(header, rows)


def requirements(w: Writer, items: Sequence[Item], level: int = 3) -> None:
    """The items in one of the forms."""
    form = w.dice.pick(("list", "list", "sections", "prose", "table"))
    if form == "list":
        requirement_list(w, items)
    elif form == "sections":
        requirement_sections(w, items, level)
    elif form == "prose":
        requirement_prose(w, items)
    else:
        requirement_table(w, items)


def by_team(w: Writer, items: Sequence[Item], level: int = 3) -> None:
    """The items under the names of the teams that build them, if there are several."""
    if len(w.spec.teams) == 1:
        requirements(w, items, level)
        return
    form = w.dice.pick((requirement_list, requirement_prose, requirement_sections))
    for team in w.spec.teams:
        own = [item for item in items if item.team == w.spec.teams.index(team)]
        if own:
            w.heading(level, team_title(w, team))
            if form is requirement_sections:
                requirement_sections(w, own, level + 1)
            else:
                form(w, own)


def team_title(w: Writer, team: Team) -> str:
    """A heading that names a team and its component."""
    team_first = f"The {team.name} ({team.component})"
    return w.dice.pick(
        (
            neutral(f"{team.component} ({team.name})", team_first),
            neutral(f"{team.name}: {team.component}", team_first),
            neutral(f"{team.name} ({team.component})", team_first),
        )
    )


@lru_cache(16_384)
def neutral(heading: str, other: str) -> str:
    """The heading, or the other one where its words announce a section of another kind."""
    is_neutral = kind_of(heading) is None and not STARTS_WITH_INTENT.match(heading)
    return heading if is_neutral else other
