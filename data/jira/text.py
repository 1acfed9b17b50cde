"""What both importers do with texts: personal data out, links found, descriptions taken apart."""

import re
from typing import NamedTuple

from data.jira.criteria import take_criteria
from data.jira.issue import Notes
from data.redact import redact

_URL = re.compile(r"https?://[^\s<>\[\]{}|\"'`]+", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:Epic \d+|Story \d+\.\d+|Task \d+\.\d+\.\d+)"
    r"(?P<phase>, Phase \d+(?: \((?P<sprint>[^()]*)\))?)?"
    r"(?:, (?P<owner>[^\W\da-z_][^.!?\n]{0,80}))?"
)
_DEPENDENCIES = re.compile(
    r"(?:\A|\n)### Dependencies\n+(?:- (?:Epic|Story|Task) \d[\d.]*[^\n]*(?:\n+|\Z))+\Z"
)


class Description(NamedTuple):
    """A description's own words, its acceptance criteria, and what `tickets.export` added to it."""

    text: str
    criteria: tuple[str, ...]
    owner: str = ""
    sprint: str = ""


def clean(text: str, notes: Notes) -> str:
    """`text` without personal data that can be told by its form; the pieces are counted."""
    redaction = redact(text)
    for kind, count in redaction.counts.items():
        notes.counts[f"person: {kind} in texts"] += count
    return redaction.text


def urls_in(text: str) -> tuple[str, ...]:
    """The web addresses in `text`, each once, without the punctuation of the sentence."""
    return tuple(dict.fromkeys(url.rstrip(".,;:!?)") for url in _URL.findall(text)))


def read_description(markdown: str) -> Description:
    """A description taken apart. Tickets that were imported from one of our own exports end in
    their dependencies and a line with their place in the plan: these are no words of an author.
    """
    before, _, last = markdown.rpartition("\n\n")
    place = _PLACE.fullmatch(last.strip())
    if place is None:
        return Description(*take_criteria(markdown))
    text, criteria = take_criteria(_DEPENDENCIES.sub("", f"{before}\n"))
    return Description(text.strip(), criteria, place["owner"] or "", place["sprint"] or "")
