"""Templates of the lexicon, expanded once: choices, figures, slots, deeds and facts.

`{a|b}` is a choice, `{2..5}` a figure from a range, `{many}` a slot that the item fills.
`route <*calls> to another provider` is a deed with its object. `Limit = given ; when > subject
[verb] rest` is a fact that holds under a condition, `Limit = subject [verb] rest` one that always
holds. A star says that the object or subject is a plural; `[not verb]`, `[can]` and `[cannot]` are
understood.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from data.generator.english import cap, is_plural, participle, third

_CHOICE: Final = re.compile(r"\{([^{}]*)\}")
_RANGE: Final = re.compile(r"(\d+)\.\.(\d+)(?:/(\d+))?")
_VERB: Final = re.compile(r"\[(\*?)(not |cannot|can)?\s?([a-z-]*)\]")
_OBJECT: Final = re.compile(r"<(\*?)([^<>]*)>")
MOST_VARIANTS: Final = 48


class Fact(NamedTuple):
    """Something that a tester can check: `given` and `when` are empty where it always holds.

    `present` is the predicate in the present, `base` behind a modal verb (empty: it has none).
    """

    label: str
    given: str
    when: str
    subject: str
    present: str
    base: str
    plural: bool

    def filled(self, slots: Mapping[str, str]) -> "Fact":
        """The fact with its slots filled."""
        return Fact._make((*[part % slots if "%" in part else part for part in self[:6]], self[6]))

    def outcome(self) -> str:
        """`the gateway switches to the second provider`."""
        return f"{self.subject} {self.present}"

    def demanded(self, modal: str) -> str:
        """`the gateway must switch to the second provider`; the outcome if no modal fits."""
        return f"{self.subject} {modal} {self.base}" if self.base else self.outcome()

    def criterion(self) -> str:
        """The acceptance criterion: Given/When/Then under a condition, else a flat statement."""
        if self.given:
            return f"Given {self.given}, when {self.when}, then {self.outcome()}"
        return cap(self.outcome())


class Deed(NamedTuple):
    """What an item does: an imperative, and its parts for the passive (without object: empty)."""

    verb: str
    rest: str
    object: str
    tail: str
    plural: bool

    def filled(self, slots: Mapping[str, str]) -> "Deed":
        """The deed with its slots filled."""
        parts = [part % slots if "%" in part else part for part in self[:4]]
        plural = is_plural(slots["tnp"][4:]) if self.object == "%(tnp)s" else self.plural
        return Deed._make((*parts, plural))

    def imperative(self) -> str:
        """`route calls to a second provider`."""
        return f"{self.verb} {self.rest}"

    def passive(self, be: str) -> str:
        """`calls are routed to a second provider`, with the form of *to be* given."""
        return f"{self.object} {be} {participle(self.verb)}{self.tail}"


def variants(template: str) -> tuple[str, ...]:
    """The texts of a template, at most `MOST_VARIANTS`, with `%(slot)s` for its slots."""
    if "%" in template:
        raise ValueError(f"{template!r} has a percent sign; write the word")
    parts: list[list[str]] = []
    last = 0
    for match in _CHOICE.finditer(template):
        parts.append([template[last : match.start()]])
        inner = match[1]
        span = _RANGE.fullmatch(inner)
        if span:
            step = int(span[3] or 1)
            parts.append([str(n) for n in range(int(span[1]), int(span[2]) + 1, step)])
        elif "|" in inner:
            parts.append(inner.split("|"))
        else:
            parts.append([f"%({inner})s"])
        last = match.end()
    parts.append([template[last:]])
    every = ["".join(chosen) for chosen in itertools.product(*parts)]
    if len(parts) > 1 and len(every) > MOST_VARIANTS:
        stride = len(every) / MOST_VARIANTS
        every = [every[int(i * stride)] for i in range(MOST_VARIANTS)]
    # Without a slot nothing is formatted later, so a doubled percent sign would stay doubled.
    return tuple(text if "%(" in text else text.replace("%%", "%") for text in every)


def facts(template: str) -> tuple[Fact, ...]:
    """The facts of a template, one for each of its variants.

    Raises `ValueError` when it has no label, no bracketed verb, or half a condition.
    """
    return tuple(_fact(text) for text in variants(template))


def _fact(text: str) -> Fact:
    label, equals, body = text.partition(" = ")
    condition, arrow, outcome = body.rpartition(" > ")
    given, semicolon, when = condition.partition(" ; ")
    verb = _VERB.search(outcome)
    if not equals or verb is None or (arrow and not semicolon):
        raise ValueError(f"{text!r} is no fact; write 'Label = given ; when > subject [verb] rest'")
    subject, rest = outcome[: verb.start()].strip(), outcome[verb.end() :].strip()
    if _VERB.search(rest):
        raise ValueError(f"{text!r} has two bracketed verbs; only the first is put into a form")
    plural, helper, word = bool(verb[1]), (verb[2] or "").strip(), verb[3]
    if helper in ("can", "cannot"):
        present, base = f"{helper} {word}".strip(), ""
    elif word == "be":
        present = ("are" if plural else "is") + (" not" if helper else "")
        base = "not be" if helper else "be"
    elif helper:
        present, base = f"{'do' if plural else 'does'} not {word}", f"not {word}"
    else:
        present, base = word if plural else third(word), word
    present, base = f"{present} {rest}".strip(), f"{base} {rest}".strip() if base else ""
    return Fact(label, given, when, subject, present, base, plural)


def deeds(template: str) -> tuple[Deed, ...]:
    """The deeds of an imperative like `route <*calls> to a second provider`."""
    return tuple(_deed(text) for text in variants(template))


def _deed(text: str) -> Deed:
    verb, _, rest = text.partition(" ")
    found = _OBJECT.search(rest)
    if found is None or rest[: found.start()].strip():
        return Deed(verb, _OBJECT.sub(r"\2", rest), "", "", False)
    plain = _OBJECT.sub(r"\2", rest)
    if found[2].split(" ", 1)[0] in ("how", "what", "where", "which", "who"):
        return Deed(verb, plain, "", "", False)
    return Deed(verb, plain, found[2], rest[found.end() :], bool(found[1]))
