"""A document in the making: its lines, its noise, and what each sentence says about which item."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from data.generator.dice import Dice
from data.generator.english import cap, low
from data.generator.lexica import read_noise, verbs
from data.generator.spec import Item, Spec
from tickets.phrases import STARTS_WITH_INTENT

Said = tuple[str, Item | None]
"""A sentence, and the item that it is about."""


class Mark(NamedTuple):
    """A sentence of the document that an item rests on, and the heading that it stands under."""

    item: Item
    section: str
    text: str


_TYPOS: Final = ((" the ", " teh "), ("which", "wich"), ("because", "becuase"))
_AIM_LEADS: Final = ("The idea:", "In one sentence:", "What this is for:", "The aim:", "In short:")


class Page:
    """Collects the lines of one document, with talk that belongs in no ticket.

    What one document keeps to is drawn once: its bullets, numbering, people, and where it says
    what comes before what.
    """

    def __init__(self, spec: Spec, dice: Dice) -> None:
        self.spec = spec
        self.dice = dice
        self.lines: list[str] = []
        self.marks: list[Mark] = []
        self.section = ""
        self.noise = read_noise()
        self.used: set[int] = set()
        self.names = names = self._draw("people", 6)
        self.year = dice.between(2022, 2025)
        self.slots = {
            **spec.slots,
            "person": names[0].split()[0],
            "other": names[1].split()[0],
            "third": names[2].split()[0],
            "person_first": names[3].split()[0],
            "company": dice.pick(self.noise["companies"])[0],
            "town": dice.pick(self.noise["towns"])[0],
            "month": dice.pick(self.noise["months"])[0],
            "year": str(dice.between(2017, self.year - 1)),
        }
        self.pains = [self._filled(text) for text in spec.pains]
        self.plain_aims = [self._filled(text) for text in spec.aims]
        self.aims = [self._aim(text) for text in self.plain_aims]
        self.has_typos = dice.chance(0.04)
        self.bullet = dice.pick(("-", "-", "*"))
        self.needs_inline = dice.chance(0.6) and all(len(item.needs) < 2 for item in spec.items)
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

    def table(
        self, header: Sequence[str], rows: Sequence[tuple[Sequence[str], Item | None]]
    ) -> None:
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
        texts = [self._filled(text) for text in self._draw(kind, count)]
        if texts and self.has_typos:
            for right, wrong in _TYPOS:
                texts[0] = texts[0].replace(right, wrong, 1)
        return texts

    def _draw(self, kind: str, count: int) -> list[str]:
        """Texts of different templates, none of which the document has used."""
        left = [group for group in self.noise[kind] if id(group) not in self.used]
        groups = self.dice.sample(left, count)
        self.used.update(id(group) for group in groups)
        return [self.dice.pick(group) for group in groups]

    def _aim(self, text: str) -> str:
        """An aim that does not read like an item of work."""
        lead = self.dice.pick(_AIM_LEADS)
        asks = low(text).split(" ", 1)[0] in verbs() or STARTS_WITH_INTENT.match(text)
        return f"{lead} {low(text)}" if asks else text

    def _filled(self, text: str) -> str:
        return cap(text % self.slots if "%(" in text else text)

    def date(self) -> str:
        """A day, in one of the ways in which people write one."""
        day, month = self.dice.between(1, 28), self.dice.between(1, 12)
        name = self.noise["months"][month - 1][0]
        return self.dice.pick(
            (
                f"{self.year}-{month:02}-{day:02}",
                f"{day} {name} {self.year}",
                f"{name} {day}, {self.year}",
                f"{day}.{month}.{self.year}",
            )
        )
