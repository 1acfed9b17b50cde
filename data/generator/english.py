"""The little English that templates need: verb forms, articles, lists, capitals."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_IRREGULAR: Final = {
    "be": ("is", "been", "being"),
    "begin": ("begins", "begun", "beginning"),
    "bind": ("binds", "bound", "binding"),
    "break": ("breaks", "broken", "breaking"),
    "bring": ("brings", "brought", "bringing"),
    "build": ("builds", "built", "building"),
    "buy": ("buys", "bought", "buying"),
    "choose": ("chooses", "chosen", "choosing"),
    "come": ("comes", "come", "coming"),
    "cut": ("cuts", "cut", "cutting"),
    "do": ("does", "done", "doing"),
    "draw": ("draws", "drawn", "drawing"),
    "fall": ("falls", "fallen", "falling"),
    "find": ("finds", "found", "finding"),
    "freeze": ("freezes", "frozen", "freezing"),
    "get": ("gets", "got", "getting"),
    "give": ("gives", "given", "giving"),
    "go": ("goes", "gone", "going"),
    "have": ("has", "had", "having"),
    "hide": ("hides", "hidden", "hiding"),
    "hold": ("holds", "held", "holding"),
    "keep": ("keeps", "kept", "keeping"),
    "leave": ("leaves", "left", "leaving"),
    "lend": ("lends", "lent", "lending"),
    "let": ("lets", "let", "letting"),
    "lose": ("loses", "lost", "losing"),
    "make": ("makes", "made", "making"),
    "meet": ("meets", "met", "meeting"),
    "pay": ("pays", "paid", "paying"),
    "put": ("puts", "put", "putting"),
    "read": ("reads", "read", "reading"),
    "rebuild": ("rebuilds", "rebuilt", "rebuilding"),
    "run": ("runs", "run", "running"),
    "say": ("says", "said", "saying"),
    "see": ("sees", "seen", "seeing"),
    "sell": ("sells", "sold", "selling"),
    "send": ("sends", "sent", "sending"),
    "set": ("sets", "set", "setting"),
    "show": ("shows", "shown", "showing"),
    "shut": ("shuts", "shut", "shutting"),
    "speak": ("speaks", "spoken", "speaking"),
    "spend": ("spends", "spent", "spending"),
    "split": ("splits", "split", "splitting"),
    "stand": ("stands", "stood", "standing"),
    "take": ("takes", "taken", "taking"),
    "tell": ("tells", "told", "telling"),
    "throw": ("throws", "thrown", "throwing"),
    "understand": ("understands", "understood", "understanding"),
    "undo": ("undoes", "undone", "undoing"),
    "withdraw": ("withdraws", "withdrawn", "withdrawing"),
    "write": ("writes", "written", "writing"),
}
_DOUBLED: Final = frozenset(
    """admit ban cancel cap chat clip commit drag drop flag grab label log map pin plan plot plug
    program refer rub scan ship skip snap spot step stop strip submit swap tag tap throb transfer
    travel trim unplug unpin wrap zip""".split()
)
_AN: Final = ("hour", "honest", "heir", "SMS", "SQL", "SDK", "SLA", "API", "RPC", "FAQ", "LDAP", "HR", "ML", "RFE", "NFC", "x-ray")
_A: Final = ("use", "uni", "eu", "one", "u-", "URL", "UTC", "UI", "UX", "usage", "once")
LEVELS: Final = ("must", "should", "could")


def is_irregular(verb: str) -> bool:
    """Whether the participle of a verb has another stem than the verb."""
    return verb in _IRREGULAR


@lru_cache(4096)
def third(verb: str) -> str:
    """`carry` -> `carries`: the verb with a singular subject, in the present."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb][0]
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{verb}es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}s"


@lru_cache(4096)
def participle(verb: str) -> str:
    """`carry` -> `carried`, `write` -> `written`."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb][1]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{_doubled(verb)}ed"


@lru_cache(4096)
def gerund(verb: str) -> str:
    """`carry` -> `carrying`, `stop` -> `stopping`."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb][2]
    if verb.endswith("e") and not verb.endswith(("ee", "oe")):
        return f"{verb[:-1]}ing"
    return f"{_doubled(verb)}ing"


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
    "a an and as at before after between by during for from in into it its of off on or over per"
    " than that the their to under until with without within".split()
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
