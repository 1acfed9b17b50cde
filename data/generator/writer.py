"""A document in the making: its lines, what each says about which item, and how it is said."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from data.generator.dice import Dice
from data.generator.english import (
    agree,
    bare,
    cap,
    definite,
    gerund,
    is_plural,
    joined,
    low,
)
from data.generator.lexicon import read_noise
from data.generator.spec import FOLLOWERS, Item, Spec, Team
from data.generator.templates import Fact

Said = tuple[str, Item | None]
"""A sentence, and the item that it is about."""


class Mark(NamedTuple):
    """A sentence of the document that an item rests on, and the heading that it stands under."""

    item: Item
    section: str
    text: str


_MODALS: Final = {
    "must": ("must", "must", "has to"),
    "should": ("should", "should"),
    "could": ("could",),
    "": ("will", "will", ""),
}
"""The modal verbs that show an item's level; where no level is shown, none that demands."""


class Writer:
    """Collects the lines of one document, and words its sentences by chance.

    `voice` keeps one document in one manner: whether it says "we", numbers its headings, and so on.
    """

    def __init__(self, spec: Spec, dice: Dice) -> None:
        self.spec = spec
        self.dice = dice
        self.lines: list[str] = []
        self.marks: list[Mark] = []
        self.section = ""
        self.noise = read_noise()
        names = dice.sample(self.noise["people"], 6)
        self.names = names
        self.year = dice.between(2022, 2025)
        self.slots = {
            **spec.slots,
            "person": names[0].split()[0],
            "other": names[1].split()[0],
            "third": names[2].split()[0],
            "person_first": names[3].split()[0],
            "company": dice.pick(self.noise["companies"]),
            "town": dice.pick(self.noise["towns"]),
            "month": dice.pick(self.noise["months"]),
            "year": str(dice.between(2017, self.year - 1)),
        }
        self.pains = [self._filled(text) for text in spec.pains]
        self.aims = [self._filled(text) for text in spec.aims]
        self.bullet = dice.pick(("-", "-", "*"))
        self.numbered_headings = dice.chance(0.15)
        self.heading_number = 0
        self.impersonal = dice.chance(0.5)

    # Lines

    def heading(self, level: int, text: str) -> None:
        """A heading, numbered where this document numbers those of the second level."""
        if level == 2 and self.numbered_headings:
            self.heading_number += 1
            self.lines += ["", f"## {self.heading_number}. {text}", ""]
        else:
            self.lines += ["", f"{'#' * level} {text}", ""]
        self.section = text

    def line(self, text: str, item: Item | None = None) -> None:
        """A line as it is."""
        self.lines.append(text)
        if item is not None:
            self.marks.append(Mark(item, self.section, text))

    def paragraph(self, *sentences: Said | str) -> None:
        """Sentences in one paragraph, with an empty line behind it."""
        said = [(s, None) if isinstance(s, str) else s for s in sentences if s]
        texts = []
        for text, item in said:
            text = cap(text)
            text = text if text[-1] in ".?!:" else f"{text}."
            texts.append(text)
            if item is not None:
                self.marks.append(Mark(item, self.section, text))
        if texts:
            self.lines += [" ".join(texts), ""]

    def listed(self, entries: Sequence[Said | str], *, numbered: bool = False) -> None:
        """A list of entries, with an empty line behind it."""
        for number, entry in enumerate(entries, start=1):
            text, item = (entry, None) if isinstance(entry, str) else entry
            self.line(f"{number}. {text}" if numbered else f"{self.bullet} {text}", item)
        self.lines.append("")

    def table(self, header: Sequence[str], rows: Sequence[tuple[Sequence[str], Item | None]]) -> None:
        """A table; each row with the item it is about."""
        self.lines.append(f"| {' | '.join(header)} |")
        self.lines.append(f"|{'|'.join(' --- ' for _ in header)}|")
        for cells, item in rows:
            self.line(f"| {' | '.join(cells)} |", item)
        self.lines.append("")

    def text(self) -> str:
        """The document so far."""
        kept: list[str] = []
        for line in self.lines:
            if line or (kept and kept[-1]):
                kept.append(line)
        return "\n".join(kept).strip() + "\n"

    # Noise

    def some_noise(self, kind: str, count: int) -> list[str]:
        """Sentences of a kind that no ticket comes from."""
        return [self._filled(text) for text in self.dice.sample(self.noise[kind], count)]

    def _filled(self, text: str) -> str:
        return cap(text % self.slots if "%(" in text else text)

    def date(self) -> str:
        """A day, in one of the ways in which people write one."""
        day, month = self.dice.between(1, 28), self.dice.between(1, 12)
        name = self.noise["months"][month - 1]
        return self.dice.pick(
            (
                f"{self.year}-{month:02}-{day:02}",
                f"{day} {name} {self.year}",
                f"{name} {day}, {self.year}",
                f"{day}.{month}.{self.year}",
            )
        )

    # Items

    def subject(self, item: Item) -> str:
        """Who acts where no user does: the component of the item's team."""
        return self.spec.teams[item.team].subject

    def headline(self, item: Item, form: str = "") -> str:
        """What the item is, as a sentence (without full stop) that shows its level."""
        form = form or self.dice.pick(_HEADLINES)
        if item.kind == "bug":
            return self._bug(item)
        if item.kind == "spike":
            return self._spike(item)
        return HEADLINES[form](self, item)

    def _bug(self, item: Item) -> str:
        issue = f" ({item.issue})" if item.issue else ""
        today = self.dice.pick(("Bug: ", "Known bug: ", "Defect: ", "Today's bug: "))
        deed = item.deed.imperative()
        return f"{today}{low(item.symptom)}{issue}; {self._modal(item)} {deed}"

    def _modal(self, item: Item) -> str:
        subject = self.subject(item)
        return f"{subject} must" if item.level == "must" else f"{subject} is to"

    def _spike(self, item: Item) -> str:
        deed = item.deed.imperative()
        return self.dice.pick(
            (f"First {deed}", f"Spike: {deed}", f"Before anything else, {deed}", cap(deed))
        )

    def modal(self, item: Item) -> str:
        """A modal verb that shows the item's level; empty for the plain present."""
        return self.dice.pick(_MODALS[item.level])

    def why(self, item: Item) -> str:
        """The purpose as a sentence, empty where it is not shown."""
        if not item.why or not item.why_shown:
            return ""
        wording = self.dice.pick(_WHYS)
        return wording % item.why

    def fact(self, item: Item, fact: Fact, form: str = "") -> str:
        """A fact as a sentence without full stop."""
        modal = "" if item.level == "could" else self.modal(item)
        if modal == "has to":
            modal = "must" if fact.base.startswith("not ") else "have to" if fact.plural else modal
        outcome = fact.demanded(modal) if modal else fact.outcome()
        form = form or self.dice.pick(_FACTS)
        if not fact.given:
            if form == "label":
                return f"{fact.label}: {low(outcome)}"
            return cap(outcome)
        return _CONDITIONS[form](fact, outcome)

    def needs(self, item: Item) -> list[str]:
        """Sentences on what comes before the item; what is plain from its kind may be left out."""
        found = []
        for need in item.needs:
            implied = need is item.target and item.kind in FOLLOWERS
            if implied and self.dice.chance(0.6):
                continue
            found.append(self.dice.pick(_NEEDS)(item, need))
        if item.needs_team is not None:
            team = self.spec.teams[item.needs_team]
            found.append(f"It starts when the {team.name} is done with everything")
        return found

    def needs_cell(self, item: Item) -> str:
        """The names of what comes before the item, for a table."""
        names = [cap(bare(need.name)) for need in item.needs]
        if item.needs_team is not None:
            names.insert(0, f"all work of the {self.spec.teams[item.needs_team].name}")
        return ", ".join(names) or self.dice.pick(("-", "None", "none"))

    def size(self, item: Item) -> str:
        """The item's size in words, empty where it is not shown."""
        if not item.size:
            return ""
        return self.dice.pick(_SIZES) % item.size

    def told(self, item: Item, *, headline: str = "", most: int = 9) -> list[Said]:
        """All that the document says about an item, sentence by sentence."""
        sentences = [self.headline(item, headline), self.why(item)]
        sentences += [self.fact(item, fact) for fact in item.facts[:most]]
        sentences += self.needs(item)
        sentences.append(self.size(item))
        return [(text, item) for text in sentences if text]

    def team_of(self, item: Item) -> Team:
        """The team that builds the item."""
        return self.spec.teams[item.team]


def _passive(be: str, plural_be: str = "") -> Callable[[Writer, Item], str]:
    def worded(writer: Writer, item: Item) -> str:
        deed = item.deed
        if not deed.object:
            return _by_subject(writer, item)
        modal = writer.modal(item)
        if modal == "has to" and deed.plural:
            modal = "have to"
        form = f"{modal} be" if modal else "are" if deed.plural else "is"
        return cap(deed.passive(form))

    return worded


def _by_subject(writer: Writer, item: Item) -> str:
    deed = item.deed.imperative()
    if item.by:
        ability = {
            "must": ("must be able to", "have to be able to"),
            "should": ("should be able to",),
            "could": ("could",),
            "": ("can", "will be able to"),
        }[item.level]
        return f"{cap(item.by)} {writer.dice.pick(ability)} {deed}"
    if item.kind != "feature":
        verb = {"must": "must", "should": "should", "could": "could", "": "will"}[item.level]
        return f"{cap(_we(writer, item))} {verb} {deed}"
    modal = writer.modal(item) or "will"
    return f"{cap(writer.subject(item))} {modal} {deed}"


def _we(writer: Writer, item: Item) -> str:
    return "we" if not writer.impersonal else f"the {writer.team_of(item).name}"


def _imperative(writer: Writer, item: Item) -> str:
    deed = cap(item.deed.imperative())
    if item.by:
        deed = f"{cap(item.by)} {item.deed.imperative()}" if writer.dice.chance(0.3) else deed
    return _with_level(writer, item, deed)


def _with_level(writer: Writer, item: Item, text: str) -> str:
    if not item.level:
        return text
    tag = {
        "must": ("must", "must have", "P1"),
        "should": ("should", "should have", "P2"),
        "could": ("could", "nice to have", "P3"),
    }[item.level]
    return f"{text} ({writer.dice.pick(tag)})"


def _gerund(writer: Writer, item: Item) -> str:
    return _with_level(writer, item, f"{cap(gerund(item.deed.verb))} {item.deed.rest}")


def _labelled(writer: Writer, item: Item) -> str:
    passive = item.deed.object and not item.level
    rest = (
        item.deed.passive("are" if item.deed.plural else "is")
        if passive and not item.by
        else low(_by_subject(writer, item))
    )
    return f"**{cap(bare(item.name))}**: {rest}"


def _named(writer: Writer, item: Item) -> str:
    return _with_level(writer, item, f"{cap(item.name)}: {item.deed.imperative()}")


HEADLINES: Final[dict[str, Callable[[Writer, Item], str]]] = {
    "passive": _passive("be"),
    "subject": _by_subject,
    "imperative": _imperative,
    "gerund": _gerund,
    "labelled": _labelled,
    "named": _named,
}
"""The ways to say what an item is."""
_HEADLINES: Final = ("passive", "subject", "subject", "imperative", "labelled")

_WHYS: Final = (
    "That way %s",
    "The point is that %s",
    "With this, %s",
    "The reason: %s",
    "We do it so that %s",
    "As a result, %s",
)
_FACTS: Final = ("for", "for", "with", "take", "label", "case")
_CONDITIONS: Final[dict[str, Callable[[Fact, str], str]]] = {
    "for": lambda fact, outcome: f"For {fact.given}: when {fact.when}, {outcome}",
    "with": lambda fact, outcome: f"With {fact.given}, {outcome} when {fact.when}",
    "take": lambda fact, outcome: f"Take {fact.given}: if {fact.when}, {outcome}",
    "case": lambda fact, outcome: f"In the case of {fact.given}, {outcome} once {fact.when}",
    "label": lambda fact, outcome: f"{fact.label}: for {fact.given}, when {fact.when}, {outcome}",
    "given": lambda fact, _: f"Given {fact.given}, when {fact.when}, then {fact.outcome()}",
    "short": lambda fact, _: f"{fact.given}, {fact.when} → {fact.outcome()}",
}
"""The ways to say what holds under a condition."""

_NEEDS: Final[tuple[Callable[[Item, Item], str], ...]] = (
    lambda item, need: f"{agree(item.name, 'need')} {need.the_name}",
    lambda item, need: f"This builds on {need.the_name}",
    lambda item, need: f"It can begin only after {need.the_name}",
    lambda item, need: f"{cap(need.the_name)} {'come' if is_plural(need.name) else 'comes'} first",
    lambda item, need: f"{agree(item.name, 'depend')} on {need.the_name}",
)
_SIZES: Final = ("Size: %s", "T-shirt size %s", "We think this is a %s", "Estimate: %s")


def labels(item: Item) -> str:
    """`the failure limit and the way back`: what an item's facts are about."""
    return joined([definite(fact.label.lower()) for fact in item.facts])
