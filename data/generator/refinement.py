"""The home form of feature documents, with its fixed sections, questions and delivery plan."""

from collections.abc import Callable
from typing import Final

from data.generator import sections as s
from data.generator.english import cap, low
from data.generator.page import Said
from data.generator.writer import Writer


def feature_refinement(w: Writer) -> None:
    """The home form: a head table, fixed sections, questions, and the delivery plan table."""
    spec, dice = w.spec, w.dice
    w.lines.append(f"# {spec.product} Feature Refinement - {spec.title}")
    summary = low(w.plain_aims[0]).rstrip(".")
    key = f"[{spec.issue}] " if spec.issue else ""
    w.lines += [
        "",
        f"| {spec.product} Feature Refinement |  |  |  |",
        "| :---- | :---- | :---- | :---- |",
        f"| {key}Feature Summary: *{cap(summary)}* Feature Owner/PM: *{w.names[0]}* Delivery Owner:"
        f" *{w.names[1]}* RFE Council Reviewer: *{dice.pick((w.names[2], 'TBD'))}* |"
        f" **Refinement Status** | {dice.pick(('Generated', 'In review', 'Draft'))} |  |",
        f"|  | **Slack channel or thread for discussions** | #forum-{spec.domain.name} |  |",
        f"|  | **Date created** | {w.date()} |  |",
    ]
    bold = dice.chance(0.6)

    def heading(level: int, text: str) -> str:
        w.heading(level, f"**{text}**" if bold else text)
        return text

    asked = {"doc": "documentation", "ux": "UX", "upgrade": "upstream"}
    plain = [item for item in spec.items if item.kind not in asked]
    quality = s.split_facts(w, plain, 4) if dice.chance(0.75) else []
    told = {id(fact) for _, fact in quality}
    heading(1, "Feature Overview")
    w.paragraph(*dice.some(w.aims, 2))
    heading(2, "The Why")
    w.paragraph(*w.pains, *w.some_noise("history", dice.between(0, 2)))
    heading(2, "High level requirements")
    form = dice.pick(("imperative", "passive", "subject", "imperative"))
    entries: list[Said] = []
    for item in plain:
        text = w.headline(item, form)
        why = w.why(item)
        text += w.size(item)
        entries.append((f"{text}. {cap(why)}" if why else text, item))
    w.listed(entries, numbered=True)
    if quality:
        heading(2, "Non-functional requirements")
        w.listed([(f"**{fact.label}**: {low(fact.outcome())}", item) for item, fact in quality])
    heading(2, "Out of scope")
    w.listed([cap(text) for text in spec.out])
    heading(2, "Feature level Dependencies")
    lines: list[Said] = []
    if dice.chance(0.6):
        lines.append((f"{cap(spec.slots['system'])}, as it is today", None))
    for item in spec.items:
        lines += [(text, item) for text in w.needs(item)]
    w.listed(lines or ["None"])
    _questions(w, heading)
    heading(2, "Acceptance Criteria")
    given = dice.chance(0.3)
    facts: list[Said] = [
        (w.fact(item, fact, "given" if given and fact.given else ""), item)
        for item in plain
        for fact in item.facts
        if id(fact) not in told
    ]
    w.listed(facts)
    s.open_points(w)
    s.delivery_table(
        w, heading="**High Level Delivery Plan**" if bold else "High Level Delivery Plan"
    )


_QUESTIONS: Final = (
    (
        "upgrade",
        "Will this feature require bringing in new upstream projects or sub-projects into the"
        " product?",
    ),
    ("image", "Will this feature require onboarding of a new container Image or Component?"),
    ("doc", "Will this feature require user-facing documentation?"),
    ("ux", "Will this feature require UX design?"),
)


def _questions(w: Writer, heading: Callable[[int, str], str]) -> None:
    for kind, question in _QUESTIONS:
        items = [item for item in w.spec.items if item.kind == kind]
        if not items and w.dice.chance(0.35):
            continue
        heading(3, question)
        for place, item in enumerate(items):
            opening = "Yes - " if not place else ""
            facts = ". ".join(cap(w.fact(item, fact)) for fact in item.facts)
            deed = item.deed.imperative()
            w.line(f"{opening}{cap(deed) if place else deed}. {facts}.", item)
            w.lines.append("")
        if not items:
            w.lines += [w.dice.pick(("No", "No", "No - nothing new", "None")), ""]
