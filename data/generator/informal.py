"""The styles that people write without a template: notes, mails, bullets, drafts."""

from collections.abc import Sequence
from typing import Final

from data.generator import sections as s
from data.generator.english import cap, joined, low
from data.generator.spec import Item
from data.generator.writer import Writer

_NOT_NOW: Final = ("NOT:", "Not now:", "Out:", "Not part of it:", "Left out:", "Leave for later:")


def meeting_notes(w: Writer) -> None:
    """Minutes: who was there, what was agreed, what stayed open, and talk in between."""
    spec, dice = w.spec, w.dice
    first = [name.split()[0] for name in w.names]
    title = dice.pick(("Notes: {0}", "{0} - meeting notes", "Minutes, {0}")).format(spec.title)
    w.lines.append(f"# {title}")
    w.lines += ["", f"{w.date()}, {spec.product}" + (f", {spec.issue}" if spec.issue else ""), ""]
    w.lines += [f"Present: {joined(first[: dice.between(3, 6)])}", ""]
    if dice.chance(0.6):
        w.heading(2, dice.pick(("Round", "Before we began", "Old minutes")))
        w.paragraph(*w.some_noise("chatter", dice.between(1, 3)))
    w.heading(2, dice.pick(("Why we met", "Background", "Where we stand")))
    w.paragraph(*dice.some(w.aims, 1), *dice.some(w.pains, 1), *w.some_noise("history", 1))
    w.heading(2, dice.pick(("Agreed", "Decisions", "What we agreed", "Results")))
    several = len(spec.teams) > 1
    for number, team in enumerate(spec.teams):
        if several:
            w.heading(3, s.team_title(w, team))
        own = [item for item in spec.items if item.team == number]
        if dice.chance(0.4):
            for item in own:
                said = w.told(item, headline=dice.pick(("subject", "passive")))
                opening = f"{dice.pick(first)}: " if dice.chance(0.3) else ""
                texts = ". ".join(cap(text) for text, _ in said)
                w.line(f"{opening}{texts}.", item)
                w.lines.append("")
        else:
            s.requirement_list(w, own)
    if several or spec.sprints_shown or spec.teams[0].people:
        s.teams(w, heading=dice.pick(("Who and when", "Teams", "Timing")))
    else:
        w.paragraph(f"All of this goes to the {spec.teams[0].name} ({spec.teams[0].component})")
    s.dependencies(w)
    s.out_of_scope(w, heading=dice.pick(("Not now", "Out of scope", "Out of scope for now")))
    s.open_points(w)
    if dice.chance(0.5):
        w.heading(2, "Any other business")
        w.paragraph(*w.some_noise("chatter", dice.between(1, 2)))


def email_thread(w: Writer) -> None:
    """A thread: the newest mail has what was agreed, older ones have talk and questions."""
    spec, dice = w.spec, w.dice
    topic = (
        f"{spec.product}: {spec.title}" if dice.chance(0.5) else f"{spec.title} ({spec.product})"
    )
    topic += f" {spec.issue}" if spec.issue else ""
    w.lines += _mail_head(w, f"{dice.pick(('Re: ', 'RE: RE: ', 'Re: Re: ', 'AW: ', ''))}{topic}")
    w.lines += [f"{w.some_noise('greetings', 1)[0]},", ""]
    w.paragraph(*w.some_noise("mail_chat", dice.between(0, 2)), *dice.some(w.aims, 1))
    w.paragraph(
        dice.pick(
            (
                "This is what I take with me from our talk",
                "I put together what we agreed",
                "Here is the list, so that nothing gets lost",
                "Below is what goes in",
            )
        )
        + ":"
    )
    several = len(spec.teams) > 1
    for number, team in enumerate(spec.teams):
        own = [item for item in spec.items if item.team == number]
        if several:
            w.lines += [f"**{s.team_title(w, team)}**", ""]
        if dice.chance(0.6):
            s.requirement_list(w, own, headline=dice.pick(("subject", "passive", "")))
        else:
            s.requirement_prose(w, own)
    w.paragraph(*s.team_sentences(w))
    _order(w)
    w.paragraph(f"{dice.pick(_NOT_NOW)} {joined(spec.out)}")
    asks = [(item.ask, item) for item in spec.items if item.ask]
    if asks:
        w.paragraph(
            dice.pick(("What I could not answer:", "Still open:", "One thing is open:")), *asks
        )
    risks = [(f"Risk: {item.risk}", item) for item in spec.items if item.risk]
    if risks:
        w.paragraph(*risks)
    w.lines += [w.some_noise("closings", 1)[0], w.names[0].split()[0], ""]
    for sender in w.names[1 : dice.between(2, 4)]:
        if dice.chance(0.5):
            w.lines += ["", *_mail_head(w, "", sender)]
            w.paragraph(*w.some_noise("replies", 1), *w.some_noise("mail_chat", 1))
            w.paragraph(*dice.some(w.pains, 1), *w.some_noise("history", dice.between(0, 2)))
        else:
            texts = [*w.some_noise("quotes", 1), *w.some_noise("history", 1)]
            w.lines += [f"> {w.date()}, {sender} wrote:", *(f"> {text}" for text in texts), ""]


def _mail_head(w: Writer, subject: str, sender: str = "") -> list[str]:
    bold = w.dice.chance(0.5)
    pairs = [("From", sender or w.names[0]), ("Date", w.date())]
    if not sender:
        pairs.insert(1, ("To", "; ".join(w.names[1:3])))
        pairs.append(("Subject", subject))
    return [f"**{a}:** {b}" if bold else f"{a}: {b}" for a, b in pairs] + [""]


def bullets(w: Writer) -> None:
    """A page of bullets in note form."""
    spec, dice = w.spec, w.dice
    title = s.neutral(spec.title, f"{spec.product}: {spec.title}")
    w.lines += [f"# {title}", ""] if dice.chance(0.5) else [title, "=" * len(title), ""]
    head = [spec.product, spec.issue, f"notes {w.names[0].split()[0]}", w.date()]
    w.lines += [", ".join(text for text in dice.some([h for h in head if h], 3)), ""]
    if spec.product not in w.lines[-2]:
        w.lines += [f"Product: {spec.product}", ""]
    w.paragraph(*dice.some(w.aims, 1), *dice.some(w.pains, dice.between(0, 1)))
    several = len(spec.teams) > 1
    if not several:
        w.lines += [f"team: {spec.teams[0].name} ({spec.teams[0].component})"]
    for number, team in enumerate(spec.teams):
        if several:
            w.lines += ["", f"**{s.team_title(w, team)}**"]
        w.lines.append("")
        for item in spec.items:
            if item.team == number:
                _bullet(w, item)
    w.lines.append("")
    if several or spec.sprints_shown or spec.teams[0].people:
        w.paragraph(*s.team_sentences(w))
    _order(w)
    w.lines += [f"{dice.pick(_NOT_NOW)} {', '.join(spec.out)}", ""]
    _open_lines(w, spec.items)
    if dice.chance(0.5):
        w.paragraph(*w.some_noise("chatter", 1))


def _order(w: Writer) -> None:
    """What comes before what, in a paragraph, unless each item says so itself."""
    if not w.needs_inline:
        w.paragraph(*((text, item) for item in w.spec.items for text in w.needs(item)))


def _bullet(w: Writer, item: Item) -> None:
    """An item in one or two bullets, its facts in short."""
    headline = w.dice.pick(("imperative", "imperative", "named"))
    facts = [
        w.fact(item, fact, w.dice.pick(("short", "label")) if fact.given else "")
        for fact in item.facts
    ]
    head = w.headline(item, headline) + w.after(item) + w.size(item)
    why = f" - {item.why}" if item.why and item.why_shown else ""
    if len(facts) > 3 or w.dice.chance(0.5):
        w.line(f"{w.bullet} {head}{why}", item)
        for text in facts:
            w.line(f"  {w.bullet} {low(text)}", item)
    else:
        w.line(f"{w.bullet} {head}{why}: {'; '.join(low(text) for text in facts)}", item)


def _open_lines(w: Writer, items: Sequence[Item]) -> None:
    asks = [(item.ask, item) for item in items if item.ask]
    if asks:
        w.lines += [w.dice.pick(("open:", "Questions:", "don't know yet:")), ""]
        w.listed(asks)
    risks = [(f"Risk: {low(item.risk)}", item) for item in items if item.risk]
    if risks:
        w.listed(risks)


def draft(w: Writer) -> None:
    """A half-finished draft: notes to oneself, empty places, open questions."""
    spec, dice = w.spec, w.dice
    title = s.neutral(spec.title, f"{spec.product}: {spec.title}")
    w.lines.append(f"# {dice.pick(('DRAFT: ', '(draft) ', 'WIP - ', ''))}{title}")
    w.lines.append("")
    w.paragraph(
        dice.pick(
            (
                f"Draft by {w.names[0]}, {w.date()}, not reviewed",
                f"{w.names[0]}: first write-up, please comment",
                f"Work in progress ({w.names[0]})",
            )
        ),
        f"Product: {spec.product}" + (f", {spec.issue}" if spec.issue else ""),
    )
    s.overview(w)
    s.background(w)
    w.heading(2, dice.pick(("Requirements so far", "Scope", "What we know")))
    s.by_team(w, spec.items)
    s.teams(w)
    s.dependencies(w)
    w.lines += [dice.pick(("(pictures come later)", "(more on this after the holidays)", "")), ""]
    s.out_of_scope(w)
    s.open_points(w)
    if dice.chance(0.5):
        w.heading(2, dice.pick(("Appendix", "Glossary", "References")))
        w.paragraph(dice.pick(("Empty so far", "To follow", "Nobody has written this yet")))
