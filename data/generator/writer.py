"""What a document says about its items: headlines, purposes, facts, what comes before what."""

import re
from collections.abc import Callable
from typing import Final

from data.generator.english import agree, bare, cap, is_irregular, joined, low
from data.generator.page import Page, Said
from data.generator.spec import FOLLOWERS, Item, Team
from data.generator.templates import Fact

_MODALS: Final = {
    "must": ("must", "must", "has to"),
    "should": ("should", "should"),
    "could": ("could",),
    "": ("will", "will", ""),
}
"""The modal verbs that show an item's level; where no level is shown, none that demands."""


class Writer(Page):
    """A page on which sentences about items are worded by chance."""

    def subject(self, item: Item) -> str:
        """Who acts where no user does: the component of the item's team."""
        return self.spec.teams[item.team].subject

    def headline(self, item: Item, form: str = "") -> str:
        """What the item is, as a sentence (without full stop) that shows its level."""
        form = form or self.dice.pick(_HEADLINES)
        if item.points >= 8 or item.is_named_apart:
            form = {"imperative": "named", "concerning": form}.get(form, "labelled")
        item.by_shown = form not in ("imperative", "named")
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
            (f"First {deed}", f"Spike: {deed}", f"Spike first: {deed}", cap(deed))
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
        # Large items become tasks named after the labels, so those have to be seen.
        if form == "" and fact.given:
            form = self.dice.pick(_FACTS)
            if form in ("with", "case") and _INNER.search(fact.present):
                form = "for"  # a second clause behind this outcome would be hard to read
        form = "label" if item.points >= 8 and form != "given" else form
        if not fact.given:
            if form == "label" or (not form and self.dice.chance(0.15)):
                return f"{fact.label}: {low(outcome)}"
            return cap(outcome)
        return _CONDITIONS[form](fact, outcome)

    def needs(self, item: Item) -> list[str]:
        """Sentences on what comes before the item; what is plain from its kind may be left out."""
        return [self.dice.pick(_NEEDS)(item, need) for need in self._said_needs(item)]

    def after(self, item: Item) -> str:
        """What comes before the item, to be put behind a sentence; empty without needs, and where
        a section of its own says them.
        """
        needs = self._said_needs(item) if self.needs_inline else []
        if not needs:
            return ""
        return self.dice.pick(_AFTER) % joined([need.the_name for need in needs])

    def _said_needs(self, item: Item) -> list[Item]:
        return [
            need
            for need in item.needs
            if need is not item.target or item.kind not in FOLLOWERS or self.dice.chance(0.4)
        ]

    def needs_cell(self, item: Item) -> str:
        """The names of what comes before the item, for a table."""
        names = [cap(bare(need.name)) for need in item.needs]
        if item.needs_team is not None:
            names.insert(0, f"all work of the {self.spec.teams[item.needs_team].name}")
        return ", ".join(names) or self.dice.pick(("-", "None", "none"))

    def size(self, item: Item) -> str:
        """The item's size in brackets, empty where it is not shown."""
        return self.dice.pick(_SIZES) % item.size if item.size else ""

    def told(self, item: Item, *, headline: str = "") -> list[Said]:
        """All that the document says about an item, sentence by sentence."""
        first = f"{self.headline(item, headline)}{self.after(item)}{self.size(item)}"
        sentences = [first, self.why(item)]
        sentences += [self.fact(item, fact) for fact in item.facts]
        return [(text, item) for text in sentences if text]

    def team_of(self, item: Item) -> Team:
        """The team that builds the item."""
        return self.spec.teams[item.team]


def _passive(be: str, plural_be: str = "") -> Callable[[Writer, Item], str]:
    def worded(writer: Writer, item: Item) -> str:
        deed = item.deed
        if item.by or not deed.object or is_irregular(deed.verb):
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
    modal = writer.modal(item) or "will"
    if item.kind == "feature":
        return f"{cap(writer.subject(item))} {modal} {deed}"
    if writer.impersonal and item.deed.object:
        return cap(item.deed.passive(f"{'have to' if modal == 'has to' else modal} be"))
    return f"We {'have to' if modal == 'has to' else modal} {deed}"


def _imperative(writer: Writer, item: Item) -> str:
    return _with_level(writer, item, cap(item.deed.imperative()))


def _with_level(writer: Writer, item: Item, text: str) -> str:
    if not item.level:
        return text
    tag = {
        "must": ("must", "must have", "P1"),
        "should": ("should", "should have", "P2"),
        "could": ("could", "nice to have", "P3"),
    }[item.level]
    return f"{text} ({writer.dice.pick(tag)})"


def _labelled(writer: Writer, item: Item) -> str:
    passive = item.deed.object and not item.level and not is_irregular(item.deed.verb)
    rest = (
        item.deed.passive("are" if item.deed.plural else "is")
        if passive and not item.by
        else low(_by_subject(writer, item))
    )
    return f"**{cap(bare(item.name))}**: {rest}"


def _concerning(writer: Writer, item: Item) -> str:
    return f"For {item.the_name}, {low(_by_subject(writer, item))}"


def _named(writer: Writer, item: Item) -> str:
    return _with_level(writer, item, f"{cap(item.name)}: {item.deed.imperative()}")


HEADLINES: Final[dict[str, Callable[[Writer, Item], str]]] = {
    "passive": _passive("be"),
    "subject": _by_subject,
    "imperative": _imperative,
    "labelled": _labelled,
    "named": _named,
    "concerning": _concerning,
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
_INNER: Final = re.compile(r"\b(?:after|and|before|once|until|when|while)\b")
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
    lambda item, need: cap(f"{agree(item.name, 'need')} {need.the_name}"),
    lambda item, need: cap(f"{agree(item.name, 'build')} on {need.the_name}"),
    lambda item, need: cap(f"{agree(item.name, 'come')} after {need.the_name}"),
    lambda item, need: cap(f"{agree(need.name, 'come')} before {item.the_name}"),
    lambda item, need: cap(f"{agree(item.name, 'depend')} on {need.the_name}"),
)
_AFTER: Final = (" (needs %s)", " (after %s)", " (builds on %s)")
_SIZES: Final = (" (%s)", " [%s]")
