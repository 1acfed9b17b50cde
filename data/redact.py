"""Personal data out of texts: each piece replaced by a word that can still be read, and counted.

Rules by regular expression, no model: the known libraries need spaCy or scikit-learn, differ from
version to version, and take product names for people. What only looks like an address is left:
image tags (`app@v2`), digests, npm scopes, `git@` remotes, names inside a cluster, decorators.
IP addresses are left too: in a feature document they belong to machines.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

from pydantic import Field

from tickets.schema import Model
from tickets.words import STOP_WORDS

PLACEHOLDERS: Final[dict[str, str]] = {
    "email": "[email]",
    "mention": "[person]",
    "name": "[person]",
    "phone": "[phone]",
    "credentials": "[credentials]",
}
"""What stands in the text instead, by the kind that is counted."""

_USER_INFO = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,15}://)(?!git@|[<${\[])[^\s/@?#\"'<>]{1,200}@", re.I
)
_PROFILE = re.compile(
    r"https?://[^\s/]+/(?:jira/people/[\w:%-]+|secure/ViewProfile\.jspa\?name=[\w.%@+-]+"
    r"|wiki/people/[\w:%-]+)",
    re.I,
)
# Neither "[~30 minutes]" nor "[~5]" is a person.
_JIRA_MENTION = re.compile(
    r"\[(?:[^\]\[|\n]{1,80}\|)?~(?:accountid:[\w:-]{1,120}|[A-Za-z_][\w.@:+-]{0,80})\]"
)
_ACCOUNT_ID = re.compile(
    r"(?<!\w)accountid:[\w:-]{10,80}"
    r"|(?<!\w)\d{5,7}:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?!\w)",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![\w.%+@/-])(?:mailto:)?(?P<local>[a-z0-9][\w.%+'-]{0,63})@"
    r"(?P<domain>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?P<top>[a-z]{2,24}))(?![\w@-])",
    re.IGNORECASE,
)
_VERSION = re.compile(r"v\d|\d+\.\d", re.IGNORECASE)
_NOT_PUBLIC = frozenset(
    ("local", "internal", "svc", "cluster", "localhost", "localdomain", "lan", "corp", "home")
)
"""Last parts of names that exist inside a cluster or a network only (RFC 6762, ICANN's list)."""

_NAMED_ADDRESS = re.compile(
    r"(?<![\w-])[^\W\d_a-z][\w'’.-]{0,40}(?:[ \t]+[^\W\d_a-z][\w'’.-]{0,40}){1,3}"
    r"(?=[ \t]*(?:[<(\[]{1,2}email\]|\(\[person\]\)))"
)
_LINKED_PERSON = re.compile(
    r"\[[^\]\[\n]{1,80}\]\(@[\w-]{1,60}\)"
    r"|\[[^\]\[@\n]{0,60}@[\w-]{1,60}\)?\]\(https?://(?:www\.)?git(?:hub|lab)\.com/[\w-]{1,60}/?\)"
)
"""`[Jane Doe](@jdoe)`, `[@jdoe](https://github.com/jdoe)`: how authors sign proposals."""
_MENTION = re.compile(
    r"(?<![\w/.@`:=)\]}>-])@(?!v?\d)(?P<name>[A-Za-z][\w-]*(?:\.[\w-]+)*)"
    r"(?P<last>[ \t][^\W\d_a-z][^\W\d_A-Z][\w'’-]*)?(?![\w/(@]|\.\w)"
)
_NOBODY = frozenset(
    (
        "all", "here", "channel", "everyone", "team", "latest", "next", "main", "master", "media",
        "override", "deprecated", "param", "return", "returns", "see", "since", "todo", "import",
        "property", "dataclass", "classmethod", "staticmethod", "component", "injectable", "test",
        "autowired", "bean", "entity", "app", "pytest.mark", "pytest.fixture", "ray.remote",
    )
)  # fmt: skip
"""What follows an at sign and is nobody: groups, tags, decorators and annotations."""

_PHONE = re.compile(
    r"(?<![\w+./\]-])(?:tel:)?(?:"
    r"\+\d{1,3}(?:[ .-]?\(0?\d{1,4}\)|[ .-]?\d{1,5})(?:[ .-]?\d{2,5}){1,5}"
    r"|\(\d{3}\)[ ]?\d{3}[.-]\d{4}"
    r"|\d{3}[.-]\d{3}[.-]\d{4}"
    r")(?![\w-]|[.]\d)",
    re.I,
)
_PHONE_DIGITS = range(9, 16)
"""Digits of a number with its country's: at most 15 (ITU-T E.164), fewer than 9 are quantities."""

_WORD = re.compile(r"\w+")
_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`", re.DOTALL)


class Redaction(Model):
    """A text without personal data, and how many pieces of which kind were replaced."""

    text: str
    counts: dict[str, int] = Field(default_factory=dict)


def redact(text: str, people: Collection[str] = ()) -> Redaction:
    """`text` with e-mail addresses, mentions, phone numbers, user information in URLs, and the
    names of `people` replaced by `PLACEHOLDERS`. A second time it finds nothing.

    Mentions inside code are left: there an at sign marks decorators and versions.
    """
    counts: Counter[str] = Counter()

    def put(kind: str) -> str:
        counts[kind] += 1
        return PLACEHOLDERS[kind]

    def address(match: re.Match[str]) -> str:
        machine = match["domain"].lower().endswith("gserviceaccount.com")
        remote = match["local"].lower() == "git"
        version = _VERSION.match(match["domain"])
        if match["top"].lower() in _NOT_PUBLIC or machine or remote or version:
            return match[0]
        return put("email")

    def mention(match: re.Match[str]) -> str:
        if match["name"].lower() in _NOBODY:
            return match[0]
        last = match["last"] or ""
        # "@Jane Doe" is one person, "@jane The" is a person and the next sentence.
        named = match["name"][0].isupper() and last.strip().lower() not in STOP_WORDS
        return put("mention") + ("" if named else last)

    def phone(match: re.Match[str]) -> str:
        digits = sum(char.isdigit() for char in match[0])
        return put("phone") if digits in _PHONE_DIGITS else match[0]

    if "@" in text or "~" in text or ":" in text:
        text = _USER_INFO.sub(lambda match: f"{match[1]}{put('credentials')}@", text)
        text = _PROFILE.sub(lambda match: put("mention"), text)
        text = _JIRA_MENTION.sub(lambda match: put("mention"), text)
        text = _ACCOUNT_ID.sub(lambda match: put("mention"), text)
    if "@" in text:
        text = _EMAIL.sub(address, text)
        text = _LINKED_PERSON.sub(lambda match: put("mention"), text)
        text = _outside_code(text, lambda part: _MENTION.sub(mention, part))
    if "[email]" in text or "([person])" in text:
        text = _NAMED_ADDRESS.sub(lambda match: put("name"), text)
    text = _PHONE.sub(phone, text)
    if people:
        text, found = _without_names(text, _by_first_word(frozenset(people)))
        counts["name"] += found
    return Redaction(text=text, counts={kind: counts[kind] for kind in sorted(+counts)})


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = []
    position = 0
    for match in _CODE.finditer(text):
        parts += [change(text[position : match.start()]), match[0]]
        position = match.end()
    return "".join([*parts, change(text[position:])])


def _without_names(text: str, names: Mapping[str, Sequence[re.Pattern[str]]]) -> tuple[str, int]:
    """One look-up per word: a pattern of all names of a large team would try each everywhere."""
    parts = []
    position = 0
    for word in _WORD.finditer(text):
        for name in names.get(word[0], ()) if word.start() >= position else ():
            match = name.match(text, word.start())
            if match:
                parts += [text[position : match.start()], PLACEHOLDERS["name"]]
                position = match.end()
                break
    return "".join([*parts, text[position:]]), len(parts) // 2


@lru_cache(maxsize=8)
def _by_first_word(people: frozenset[str]) -> dict[str, list[re.Pattern[str]]]:
    """Patterns of the names by their first word, longer names first."""
    names: dict[str, list[re.Pattern[str]]] = {}
    for name in sorted(people, key=lambda name: (-len(name), name)):
        first = _WORD.search(name)
        if first:
            words = name[first.start() :].split()
            pattern = re.compile(r"\s+".join(map(re.escape, words)) + r"(?!\w)")
            names.setdefault(first[0], []).append(pattern)
    return names
