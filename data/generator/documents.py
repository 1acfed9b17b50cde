"""The styles of feature documents, each a function that writes a whole one."""

from collections.abc import Callable, Sequence
from typing import Final

from data.generator import sections as s
from data.generator.dice import Dice
from data.generator.english import bare, cap, is_irregular, with_article
from data.generator.informal import bullets, draft, email_thread, meeting_notes
from data.generator.page import Mark
from data.generator.refinement import feature_refinement
from data.generator.spec import Item, Spec
from data.generator.writer import Writer


def write_document(spec: Spec, dice: Dice) -> tuple[str, list[Mark]]:
    """The document of a feature in its style, and which sentence is about which item."""
    writer = Writer(spec, dice)
    STYLES[spec.style](writer)
    return writer.text(), writer.marks


def _title(w: Writer, *kinds: str) -> None:
    spec = w.spec
    title = w.dice.pick(kinds).format(title=spec.title, product=spec.product)
    w.lines.append(f"# {s.neutral(title, f'{spec.product}: {spec.title}')}")
    w.lines.append("")


def _meta(w: Writer, *labels: str) -> None:
    """The head of a document: author, date, status, key, as lines, a table or one line."""
    spec, dice = w.spec, w.dice
    values = {
        "Author": w.names[0],
        "Status": dice.pick(("Draft", "In review", "Accepted", "Proposed")),
        "Date": w.date(),
        "Product": spec.product,
        "Reviewers": f"{w.names[1]}, {w.names[2]}",
        "Version": f"0.{dice.between(1, 9)}",
    }
    chosen = dice.some(list(values), dice.between(2, 4))
    pairs = [(label, values[label]) for label in chosen]
    if spec.product not in (value for _, value in pairs):
        pairs.append(("Product", spec.product))
    if spec.issue:
        pairs.append((dice.pick(("Jira", "Ticket", "Tracking")), spec.issue))
    form = dice.pick(("lines", "table", "one"))
    if form == "table":
        w.lines += ["|  |  |", "| --- | --- |", *(f"| **{a}** | {b} |" for a, b in pairs), ""]
    elif form == "lines":
        w.lines += [*(f"**{a}**: {b}  " for a, b in pairs), ""]
    else:
        w.lines += [" · ".join(f"{a}: {b}" for a, b in pairs), ""]


def _maybe(w: Writer, share: float, section: Callable[[Writer], None]) -> None:
    if w.dice.chance(share):
        section(w)


def rfe(w: Writer) -> None:
    """A request for enhancement."""
    _title(w, "RFE: {title}", "{title}", "{product}: {title}")
    _meta(w)
    first, second = (s.overview, s.background) if w.dice.chance(0.6) else (s.background, s.overview)
    first(w)
    second(w)
    w.heading(2, w.dice.pick(("Requirements", "What we ask for", "Requested behaviour", "Scope")))
    s.by_team(w, w.spec.items)
    s.teams(w)
    s.dependencies(w)
    s.out_of_scope(w)
    s.open_points(w)
    _maybe(w, 0.3, s.links)


def prd(w: Writer) -> None:
    """A product requirements document: goals, users, requirements, measures."""
    spec, dice = w.spec, w.dice
    _title(w, "PRD: {title}", "{title}: product brief", "Product brief - {title}", "{title}")
    _meta(w)
    s.background(w, heading=dice.pick(("Problem", "Problem statement", "Background")))
    s.overview(w, heading=dice.pick(("Vision", "Overview", "In a nutshell")))
    _maybe(w, 0.5, _users)
    facts = s.split_facts(w, spec.items, 3) if dice.chance(0.5) else []
    _without(
        spec.items, facts, lambda: _requirements_of(w, "Functional requirements", "Requirements")
    )
    s.qualities(w, facts)
    s.teams(w)
    s.dependencies(w)
    s.out_of_scope(w)
    s.open_points(w)
    _maybe(w, 0.3, s.alternatives)


def _users(w: Writer) -> None:
    w.heading(2, w.dice.pick(("Users", "Audience", "Who uses it")))
    w.paragraph(f"Mainly {w.spec.slots['actors']} of {w.spec.product}", *w.some_noise("history", 1))


def _requirements_of(w: Writer, *headings: str) -> None:
    w.heading(2, w.dice.pick(headings))
    s.by_team(w, w.spec.items)


def _without(
    items: Sequence[Item], facts: Sequence[tuple[Item, object]], write: Callable[[], None]
) -> None:
    """Writes the items without facts that stand elsewhere in the document."""
    held = {item: item.facts for item in items}
    elsewhere = {id(fact) for _, fact in facts}
    for item in items:
        item.facts = [fact for fact in item.facts if id(fact) not in elsewhere]
    write()
    for item, own in held.items():
        item.facts = own


def adr(w: Writer) -> None:
    """An architecture decision record: context, decision, what follows from it."""
    spec, dice = w.spec, w.dice
    number = dice.between(3, 98)
    _title(
        w,
        f"ADR {number}: {{title}}",
        f"{number:04}. {{title}} in {{product}}",
        "Decision record: {title}",
    )
    _meta(w)
    s.background(w, heading=dice.pick(("Context", "Context and problem")), most=4)
    w.paragraph(*dice.some(w.aims, 1))
    early = dice.chance(0.5)
    if early:
        s.alternatives(w)
    w.heading(2, dice.pick(("Decision", "Decision", "What we will do", "Work that follows")))
    s.by_team(w, spec.items)
    s.teams(w)
    if not early:
        s.alternatives(w)
    s.dependencies(w)
    s.out_of_scope(w)
    s.open_points(w)


def enhancement(w: Writer) -> None:
    """An enhancement proposal with goals, non-goals and a proposal."""
    spec, dice = w.spec, w.dice
    _title(w, "{title}", "Enhancement: {title}", "Enhancement proposal: {title} for {product}")
    _meta(w)
    s.overview(w, heading="Summary")
    s.background(w, heading="Motivation")
    if dice.chance(0.6):
        w.heading(3, "Goals")
        w.listed(
            [(cap(item.deed.imperative()), item) for item in spec.items if item.kind == "feature"]
        )
    s.out_of_scope(w, 3, heading="Non-goals")
    w.heading(2, dice.pick(("Proposal", "Proposed changes", "Design details")))
    s.by_team(w, spec.items)
    s.teams(w)
    s.dependencies(w)
    s.open_points(w)
    _maybe(w, 0.6, s.alternatives)
    _maybe(w, 0.3, s.links)


def user_stories(w: Writer) -> None:
    """A page of user stories with their acceptance criteria."""
    spec, dice = w.spec, w.dice
    _title(w, "{title}", "User stories: {title}", "{product} - {title}", "Backlog: {title}")
    _meta(w)
    w.paragraph(*dice.some(w.aims, 1), *dice.some(w.pains, 1))
    several = len(spec.teams) > 1
    if not several:
        w.paragraph(*s.team_sentences(w))
    for number, team in enumerate(spec.teams):
        if several:
            w.heading(2, s.team_title(w, team))
        for item in spec.items:
            if item.team == number:
                _user_story(w, item, 3 if several else 2)
    if several:
        s.teams(w)
    s.dependencies(w)
    s.out_of_scope(w)
    s.open_points(w)


def _user_story(w: Writer, item: Item, level: int) -> None:
    dice = w.dice
    level_tag = f" ({item.level})" if item.level else ""
    w.heading(level, f"{s.neutral(cap(bare(item.name)), f'About {item.the_name}')}{level_tag}")
    why = f", so that {item.why}" if item.why and item.why_shown else ""
    end = w.size(item)
    held, item.level = item.level, ""
    if item.kind == "bug" or item.kind == "spike":
        w.paragraph((w.headline(item) + end, item), (w.why(item), item) if item.why_shown else "")
    elif item.by:
        person = item.by if item.by != w.spec.slots["actors"] else w.spec.slots["actor"]
        start = (
            f"As {with_article(person)}, I want to"
            if person != item.by
            else f"As {person}, we want to"
        )
        w.paragraph((f"{start} {item.deed.imperative()}{why}{end}", item))
    elif item.kind == "feature":
        item.wanted_by = w.spec.slots["actors"]
        deed = item.deed
        wish = f"{w.subject(item)} to {deed.imperative()}"
        if deed.object and not is_irregular(deed.verb):
            wish = deed.passive("to be")
        w.paragraph((f"As {w.spec.slots['aactor']}, I want {wish}{why}{end}", item))
    else:
        w.paragraph(
            (f"As the {w.team_of(item).name}, we want to {item.deed.imperative()}{why}{end}", item)
        )
    w.lines += [dice.pick(("Acceptance criteria:", "**Acceptance criteria**", "Done when:")), ""]
    form = "given" if dice.chance(0.6) else ""
    w.listed([(w.fact(item, fact, form if fact.given else ""), item) for fact in item.facts])
    item.level = held
    needs = w.needs_cell(item) if w.needs_inline and item.needs else ""
    if needs:
        w.line(f"{dice.pick(('Depends on', 'After'))}: {needs}", item)
        w.lines.append("")


def table_heavy(w: Writer) -> None:
    """Nearly everything in tables."""
    spec, dice = w.spec, w.dice
    _title(w, "{title}", "{product}: {title}", "Sheet: {title}")
    _meta(w)
    w.paragraph(*dice.some(w.aims, 1), *dice.some(w.pains, 1))
    w.heading(2, dice.pick(("Requirements", "Work items", "Scope")))
    s.requirement_table(w, spec.items, team=len(spec.teams) > 1)
    if dice.chance(0.5):
        s.delivery_table(w, heading=dice.pick(("Delivery plan", "Teams")))
        if dice.chance(0.4):
            w.paragraph(*w.some_noise("history", 2))
    else:
        s.teams(w)
    s.out_of_scope(w)
    asks: list[tuple[Sequence[str], Item | None]] = [
        ((item.ask, dice.pick(w.names).split()[0], "open"), item) for item in spec.items if item.ask
    ]
    if asks:
        w.heading(2, "Open questions")
        w.table(("Question", "With", "State"), asks)
    risks: list[tuple[Sequence[str], Item | None]] = [
        ((item.risk, dice.pick(("low", "medium", "high"))), item)
        for item in spec.items
        if item.risk
    ]
    if risks:
        w.heading(2, "Risks")
        w.table(("Risk", "Likelihood"), risks)


def long_design(w: Writer) -> None:
    """A long design with much history, chapter by chapter."""
    spec, dice = w.spec, w.dice
    _title(w, "{title} in {product}", "Design: {title}", "{title} - design document")
    _meta(w)
    s.overview(w)
    s.background(w, most=5)
    w.heading(2, dice.pick(("History", "Version history", "How we got here: history")))
    w.paragraph(*w.some_noise("history", dice.between(3, 6)))
    _maybe(w, 0.5, _users)
    w.heading(2, dice.pick(("Design", "Solution", "Proposed solution")))
    if dice.chance(0.5):
        s.requirement_prose(w, spec.items) if len(spec.teams) == 1 else s.by_team(w, spec.items)
    else:
        s.by_team(w, spec.items)
    s.alternatives(w)
    s.teams(w)
    s.dependencies(w)
    s.out_of_scope(w)
    s.open_points(w)
    s.links(w)


STYLES: Final[dict[str, Callable[[Writer], None]]] = {
    "feature-refinement": feature_refinement,
    "rfe": rfe,
    "prd": prd,
    "adr": adr,
    "enhancement": enhancement,
    "meeting-notes": meeting_notes,
    "email-thread": email_thread,
    "bullets": bullets,
    "user-stories": user_stories,
    "table-heavy": table_heavy,
    "long-design": long_design,
    "draft": draft,
}
"""What writes each style."""
