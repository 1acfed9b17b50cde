"""The requirements of a feature document: found by structure, tables, questions and modal verbs.

What a document says is data. It is read, never obeyed: nothing in it changes what is done here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Literal, NamedTuple

from tickets.kinds import DEMAND, Kind, kind_of, plain_heading
from tickets.outline import Block, Item, Row, plain_text, read_outline
from tickets.phrases import (
    ADDRESS,
    ASIDE,
    ASKS_FOR_WORK,
    CHECKBOX,
    HAS_INTENT,
    ID,
    LABEL,
    MODAL,
    NO_DEMAND,
    NOTHING,
    NUMBER,
    QUESTION,
    STARTS_WITH_INTENT,
    STEP,
    USER_STORY,
    YES,
    YES_OR_NO,
)
from tickets.schema import Model
from tickets.sections import Section, read_sections
from tickets.words import sentences, stems

RequirementKind = Literal["list", "table", "modal", "question"]

FEW = 8
"""With fewer requirements than this a document is also read for sentences of intent."""
ALIKE = 0.8
"""Two requirements are the same if they share this much (Jaccard) of their stems."""
LONGEST = 300
"""Characters that a requirement keeps; beyond, whole sentences are left out."""

TABLE_COLUMNS: tuple[tuple[str, bool], ...] = (
    # Which column of a table holds requirements (first match), and whether its header is enough
    # or the table must stand in a demanding section or have a column of identifiers.
    (r"^work to deliver|^(scope of )?work$|^work items?$|^deliverables?$", True),
    (r"^requirements?( description| text)?$|^acceptance criteri|^user stor(y|ies)$", True),
    (
        r"^(tasks?|features?|capabilit(y|ies)|goals?|i want( to)?|expectations?|functionality)$",
        False,
    ),
    (r"^(description|summary|details?|what|title|name|story|item|scope)\b", False),
)
_COLUMNS = tuple((re.compile(pattern), enough) for pattern, enough in TABLE_COLUMNS)


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


class _Found(NamedTuple):
    text: str
    line: int  # from 0
    kind: RequirementKind
    heading: str
    is_intent: bool = False


@lru_cache(maxsize=8)
def find_requirements(document: str) -> tuple[Requirement, ...]:
    """What a feature document (markdown) asks for, in its order, each thing once.

    List items, table cells and headings count where their section demands something (see
    `tickets.kinds.HEADING_KINDS`); "yes" to a question like "Will this feature require
    documentation?" does; sentences with a modal verb do outside excluded sections. A document in
    which little is found that way is read for its sentences of intent ("adds", "will support").
    """
    found = [_cleaned(item) for item in _read(document)]
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


def _cleaned(item: _Found) -> _Found:
    """The candidate in one line of plain text that is not too long."""
    text = STEP.sub("", CHECKBOX.sub("", plain_text(item.text)))
    if len(text) > LONGEST:
        kept = ""
        for sentence in sentences(text):
            if kept and len(kept) + len(sentence) >= LONGEST:
                break
            kept = f"{kept} {sentence}".strip()
        text = kept if len(kept) <= LONGEST else kept[: LONGEST - 1].rsplit(" ", 1)[0] + "…"
    text = text.strip().rstrip(";,:")
    return item._replace(text=text)


def _named(item: _Found) -> _Found:
    """`Icon` under `Header` says something only together with it."""
    if " " in item.text or item.kind != "list" or not item.heading or kind_of(item.heading):
        return item
    return item._replace(text=f"{item.heading}: {item.text}")


def _is_sayable(item: _Found) -> bool:
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


def _without_repeats(items: Sequence[_Found]) -> list[_Found]:
    """The candidates in the document's order, of those that say the same only the first.

    Two sets of stems that are alike by `ALIKE` share a stem among the first few of each (prefix
    filter), so only those are compared.
    """
    kept: list[tuple[frozenset[str], _Found]] = []
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


def _read(document: str) -> Iterator[_Found]:
    """The candidates of a document, block by block."""
    sections = read_sections(document)
    index = 0
    label: Kind | None = None  # what a bold line promises, until the next one or a heading
    intro: Kind | None = None  # what a line that ends in a colon promises of the list below it
    question = ""  # what waits for a yes or no
    blocks = [*read_outline(document)]
    for block, following in zip_longest(blocks, blocks[1:]):
        while index + 1 < len(sections) and sections[index + 1].start <= block.line:
            index += 1
        section = sections[index]
        kind = section.kind
        if kind.role != "excluded":
            kind = intro or label or kind
        if block.type == "heading":
            label, question = None, section.heading if section.kind.role == "question" else ""
            yield from _from_heading(block, section, sections)
        elif block.type == "paragraph":
            asked = QUESTION.fullmatch(block.content) if kind.role != "excluded" else None
            bold = LABEL.fullmatch(block.content)
            if question and YES_OR_NO.match(block.content):
                yield from _from_answer(question, block.content, block.line, section.heading)
                question = ""
            elif asked and not YES_OR_NO.match(asked["answer"]):
                question = plain_heading(block.content)
            elif asked:
                answer = asked["answer"]
                yield from _from_answer(asked["question"], answer, block.line, section.heading)
            elif bold:
                label = kind_of(bold[2])
            elif kind.role in ("demand", "proposal"):
                leads = following is not None and following.type == "list"
                yield from _from_prose(block.content, block.line, section.heading, leads=leads)
        elif block.type == "list":
            for item in block.items:
                yield from _from_item(item, kind, section.heading)
        elif kind.role != "excluded":
            yield from _from_table(block.rows, kind, section.heading)
        intro = _introduced(block, kind)


def _introduced(block: Block, kind: Kind) -> Kind | None:
    """What a paragraph like `Alpha release scope:` says of the list that follows it."""
    lead = block.content.rstrip().splitlines()[-1:] if block.type == "paragraph" else []
    if not lead or not _leads(lead[0]) or kind.role not in ("demand", "proposal"):
        return None
    sentence = sentences(lead[0])[-1]
    own = kind_of(sentence)
    if own and own.role in ("demand", "excluded"):
        return own
    return DEMAND if MODAL.search(sentence) and not NO_DEMAND.search(sentence) else None


def _leads(content: str) -> bool:
    """Whether a text ends in a colon, and so leads to what follows it."""
    return content.rstrip("*_ ").endswith(":")


def _from_heading(block: Block, section: Section, sections: Sequence[Section]) -> Iterator[_Found]:
    """A heading is a requirement where it is an item of a demanding section: `Goals` has `Allow
    developers to …` below it, `User stories` `As an admin, I want …`.
    """
    text = STEP.sub("", section.heading)
    above = [sections[i].kind for i in section.parents]
    if not above or above[-1].role != "demand" or kind_of(section.heading):
        return
    if len(text.split()) >= 3 and (STARTS_WITH_INTENT.match(text) or USER_STORY.match(text)):
        yield _Found(text, block.line, "list", sections[section.parents[-1]].heading)


def _from_answer(question: str, answer: str, line: int, heading: str) -> Iterator[_Found]:
    """`Will this feature require documentation?` answered by `Yes - tutorials`."""
    asked = ASKS_FOR_WORK.search(question)
    yes = YES.match(answer)
    if not asked or not yes:
        return
    subject = question[asked.end() :].strip(" ?*_")
    subject = subject[:1].upper() + subject[1:]
    rest = plain_text(yes["rest"])
    if len(rest.split()) < 3 or len(subject.split()) <= 4:
        rest = f"{subject}: {rest}" if rest and subject else rest or subject
    yield _Found(rest, line, "question", heading)


def _from_prose(content: str, line: int, heading: str, *, leads: bool = False) -> Iterator[_Found]:
    """The sentences that demand something by a modal verb, or (weaker) say what is intended.

    One that only `leads` to the list below it is left out, as the list says the rest.
    """
    for sentence in sentences(content):
        text = STEP.sub("", plain_text(sentence))
        if not 4 <= len(text.split()) <= 70 or NO_DEMAND.search(text) or (leads and _leads(text)):
            continue
        at = line + content[: content.find(sentence)].count("\n")
        if MODAL.search(text):
            yield _Found(sentence, at, "modal", heading)
        elif HAS_INTENT.search(text):
            yield _Found(sentence, at, "modal", heading, is_intent=True)


def _from_item(item: Item, kind: Kind, heading: str) -> Iterator[_Found]:
    """A list item: a requirement itself where its section demands something, else prose.

    An item that only leads to those below it (`so that the operator can:`) is read with them if
    they are few words, else they count instead of it.
    """
    below = "; ".join(child.content for child in item.children)
    own = kind_of(item.content) if len(item.content.split(maxsplit=4)) <= 4 else None
    leads = bool(item.children) and _leads(item.content)
    if kind.role == "excluded" or (own and own.role == "excluded"):
        return
    asked = QUESTION.fullmatch(item.content)
    if asked and YES_OR_NO.match(asked["answer"]):
        yield from _from_answer(asked["question"], asked["answer"], item.line, heading)
        return
    if kind.role == "demand" and not leads:
        yield _Found(item.content, item.line, "list", heading)
        for child in item.children:
            text = plain_text(child.content)
            if STARTS_WITH_INTENT.match(text) or USER_STORY.match(text):
                yield _Found(child.content, child.line, "list", heading)
    elif kind.role == "demand" and len(item.content) + len(below) <= LONGEST:
        yield _Found(f"{item.content} {below}", item.line, "list", heading)
    elif kind.role in ("demand", "proposal"):
        if kind.role == "proposal":
            yield from _from_prose(item.content, item.line, heading)
        for child in item.children:
            yield from _from_item(child, kind, heading)


def _from_table(rows: tuple[Row, ...], kind: Kind, heading: str) -> Iterator[_Found]:
    """The cells of the column that holds what is to be done; questions with their answers."""
    headers = [plain_text(cell).lower() for cell in rows[0].cells]
    has_ids = len(rows) > 1 and all(
        ID.fullmatch(plain_text(row.cells[0])) for row in rows[1:] if row.cells
    )
    demands = kind.role == "demand" or has_ids
    column = next(
        (
            headers.index(header)
            for pattern, enough in _COLUMNS
            for header in headers
            if pattern.search(header) and (enough or demands)
        ),
        None,
    )
    for row in rows[1:]:
        for asked, answer in zip(row.cells, row.cells[1:], strict=False):
            if asked.rstrip("*_ ").endswith("?"):
                yield from _from_answer(asked, answer, row.line, heading)
        if column is not None and column < len(row.cells):
            for part in _parts(row.cells[column]):
                if len(part.split()) > 1 or demands:
                    yield _Found(part, row.line, "table", heading)


def _parts(cell: str) -> Iterator[str]:
    """The pieces of work that a cell names: its lines, and what commas part in a short one.

    A piece of one word (`image`) says too little alone and stays with the one before it.
    """
    for line in re.split(r"<br\s*/?>", cell):
        pieces: list[str] = []
        for piece in line.split(", ") if len(line) <= LONGEST // 2 else [line]:
            if pieces and (len(piece.split()) < 2 or len(pieces[-1].split()) < 2):
                pieces[-1] += f", {piece}"
            else:
                pieces.append(piece)
        yield from pieces
