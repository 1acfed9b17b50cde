"""The little English that templates need: verb forms, articles, lists, capitals."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_IRREGULAR: Final[dict[str, str]] = dict(
    re.findall(
        r"(\w+):(\w+)",
        """be:been begin:begun bind:bound break:broken bring:brought build:built buy:bought
        choose:chosen come:come cut:cut do:done draw:drawn fall:fallen find:found
        freeze:frozen get:got give:given go:gone have:had hide:hidden hold:held
        keep:kept leave:left lend:lent let:let lose:lost make:made meet:met pay:paid
        put:put read:read rebuild:rebuilt run:run say:said see:seen sell:sold send:sent
        set:set show:shown shut:shut speak:spoken spend:spent split:split stand:stood
        take:taken tell:told throw:thrown understand:understood undo:undone
        withdraw:withdrawn write:written""",
    )
)
"""Participles that no rule gives, by their verb."""
_DOUBLED: Final = frozenset(
    re.findall(
        r"\w+",
        """admit ban cancel cap chat clip commit drag drop flag grab label log map pin plan plot
        plug program refer rub scan ship skip snap spot step stop strip submit swap tag
        tap transfer travel trim unplug unpin wrap zip""",
    )
)
"""Verbs that double their last letter, as in `stopped`."""
_AN: Final = tuple(re.findall(r"\S+", "hour honest heir SMS SQL SDK SLA RPC FAQ LDAP HR ML RFE"))
_A: Final = ("use", "uni", "eu", "one", "u-", "URL", "UTC", "UI", "UX", "usage", "once")


def is_irregular(verb: str) -> bool:
    """Whether the participle of a verb has another stem than the verb."""
    return verb in _IRREGULAR


@lru_cache(4096)
def third(verb: str) -> str:
    """`carry` -> `carries`: the verb with a singular subject, in the present."""
    if verb in ("be", "have"):
        return "is" if verb == "be" else "has"
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


@lru_cache(4096)
def participle(verb: str) -> str:
    """`carry` -> `carried`, `write` -> `written`."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{_doubled(verb)}ed"


def _doubled(verb: str) -> str:
    return verb + verb[-1] if verb in _DOUBLED else verb


@lru_cache(4096)
def with_article(noun: str) -> str:
    """`deployment` -> `a deployment`, `invoice` -> `an invoice`."""
    sounds_open = noun[0] in "aeiouAEIOU" and not noun.startswith(_A)
    return f"an {noun}" if sounds_open or noun.startswith(_AN) else f"a {noun}"


def joined(items: Sequence[str], word: str = "and") -> str:
    """`a, b and c`."""
    return f"{', '.join(items[:-1])} {word} {items[-1]}" if len(items) > 1 else "".join(items)


def cap(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def low(text: str) -> str:
    """The text with a small letter at its beginning, unless its first word is an abbreviation."""
    first = text.split(" ", 1)[0]
    return text if not first[1:].islower() and len(first) > 1 else text[:1].lower() + text[1:]


_SMALL: Final = frozenset(
    re.findall(
        r"\w+",
        """a an and as at before after between by during for from in into it its of off on or over
        per than that the their to under until with without within""",
    )
)


@lru_cache(16_384)
def title_case(text: str) -> str:
    """`retries of failed calls` -> `Retries of Failed Calls`."""
    words = text.split()
    return " ".join(
        word if i and word in _SMALL else word[:1].upper() + word[1:]
        for i, word in enumerate(words)
    )


@lru_cache(16_384)
def bare(noun: str) -> str:
    """A noun phrase without its article."""
    for article in ("a ", "an ", "the "):
        if noun.startswith(article):
            return noun[len(article) :]
    return noun


def definite(noun: str) -> str:
    """`a retry limit` -> `the retry limit`."""
    return f"the {bare(noun)}"


_HEAD_ENDS: Final = (" of ", " for ", " in ", " on ", " to ", " with ", " from ", " per ", " by ")


@lru_cache(16_384)
def is_plural(noun: str) -> bool:
    """Whether a noun phrase like `retry limits per route` takes a plural verb."""
    if noun.startswith(("a ", "an ", "one ")):
        return False
    head = bare(noun)
    for end in _HEAD_ENDS:
        head = head.split(end, 1)[0]
    return head.endswith("s") and not head.endswith(("ss", "us", "is", "news"))


def agree(noun: str, verb: str) -> str:
    """`the retry limits need`, `the export needs`: the phrase, given with its own article."""
    return f"{definite(noun)} {verb if is_plural(noun) else third(verb)}"
