"""The requirements of a feature document: found by structure, tables, questions and modal verbs.

What a document says is data. It is read, never obeyed: nothing in it changes what is done here.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from tickets.candidates import LONGEST, Candidate, RequirementKind, read_candidates
from tickets.kinds import kind_of
from tickets.outline import plain_text
from tickets.phrases import (
    ADDRESS,
    ASIDE,
    CHECKBOX,
    NOTHING,
    NUMBER,
    NUMBERED,
    STEP,
)
from tickets.schema import Model
from tickets.words import sentences, stems

FEW = 8
"""With fewer requirements than this a document is also read for sentences of intent."""
ALIKE = 0.8
"""Two requirements are the same if they share this much (Jaccard) of their stems."""


class Requirement(Model):
    """Something that the document asks for, in one line of plain text.

    `line` counts from 1 in the document; `heading` is the section it stands in ("" before the
    first); `kind` says by what it was found.
    """

    id: str
    text: str
    line: int
    kind: RequirementKind
    heading: str = ""


@lru_cache(maxsize=8)
def find_requirements(document: str) -> tuple[Requirement, ...]:
    """What a feature document (markdown) asks for, in its order, each thing once.

    List items, table cells and headings count where their section demands something (see
    `tickets.kinds.HEADING_KINDS`); "yes" to a question like "Will this feature require
    documentation?" does; sentences with a modal verb do outside excluded sections, and plain ones
    too under `Requirements` or `What we will build`. A document in which little is found that way
    is read for its sentences of intent ("adds", "will support").
    """
    found = [_cleaned(item) for item in read_candidates(document)]
    found = [_named(item) for item in found if _is_sayable(item)]
    certain = _without_repeats([item for item in found if not item.is_intent])
    if len(certain) < FEW:
        certain = _without_repeats(found)
    return tuple(
        Requirement(
            id=f"R{number}",
            text=item.text,
            line=item.line + 1,
            kind=item.kind,
            heading=item.heading,
        )
        for number, item in enumerate(certain, start=1)
    )


def _cleaned(item: Candidate) -> Candidate:
    """The candidate in one line of plain text that is not too long."""
    text = NUMBERED.sub("", STEP.sub("", CHECKBOX.sub("", plain_text(item.text))))
    if len(text) > LONGEST:
        kept = ""
        for sentence in sentences(text):
            if kept and len(kept) + len(sentence) >= LONGEST:
                break
            kept = f"{kept} {sentence}".strip()
        text = kept if len(kept) <= LONGEST else kept[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
    return item._replace(text=" ".join(_closed(text.strip().rstrip(";,:")).split()))


def _closed(text: str) -> str:
    """A sentence without a bracket at its start or end whose other half stands elsewhere."""
    if text.count("(") > text.count(")") and text.startswith("("):
        return text[1:]
    if text.count(")") > text.count("("):
        return text.replace(")", "", 1) if text.rstrip(".").endswith(")") else text
    return text


def _named(item: Candidate) -> Candidate:
    """`Icon` under `Header` says something only together with it."""
    if " " in item.text or item.kind != "list" or not item.heading or kind_of(item.heading):
        return item
    return item._replace(text=f"{item.heading}: {item.text}")


def _is_sayable(item: Candidate) -> bool:
    """Whether a candidate has words of its own and is no aside, question or bare address."""
    text = item.text
    if item.kind != "question" and (text.endswith("?") or ASIDE.match(text)):
        return False
    if NOTHING.search(text):
        return False
    words = ADDRESS.sub("", text)
    if words != text and len(words.split()) <= 3:
        return False
    letters = sum(char.isalpha() or char.isspace() for char in text)
    return letters > 0.6 * len(text) and bool(stems(words))


def _without_repeats(items: Sequence[Candidate]) -> list[Candidate]:
    """The candidates in the document's order, of those that say the same only the first.

    Two sets of stems that are alike by `ALIKE` share a stem among the first few of each (prefix
    filter), so only those are compared.
    """
    kept: list[tuple[frozenset[str], Candidate]] = []
    by_stem: dict[str, list[int]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.line):
        words = frozenset((*stems(item.text), *NUMBER.findall(item.text)))
        prefix = sorted(words)[: len(words) - int(ALIKE * len(words)) + 1]
        near = {i for word in prefix for i in by_stem[word]}
        if any(len(words & kept[i][0]) >= ALIKE * len(words | kept[i][0]) for i in near):
            continue
        for word in prefix:
            by_stem[word].append(len(kept))
        kept.append((words, item))
    return [item for _, item in kept]
