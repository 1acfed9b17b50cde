"""What in a feature document may be a requirement: read block by block, before it is cleaned.

`tickets.requirements` decides which of the candidates are.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from tickets.kinds import (
    DEFECTS,
    DEMAND,
    NEUTRAL,
    OVERVIEW,
    STATED,
    TITLE,
    WRITINGS,
    Kind,
    kind_of,
    plain_heading,
)
from tickets.outline import Block, Item, Row, plain_text, read_outline
from tickets.phrases import (
    ASKS_FOR_WORK,
    DECLARES,
    DEFECT,
    HAS_INTENT,
    KEY,
    LABEL,
    LABELLED,
    LEADS_BACK,
    MAIL_HEADER,
    MODAL,
    NO_DEMAND,
    NO_PROMISE,
    NUMBERED,
    QUESTION,
    STARTS_WITH_INTENT,
    STEP,
    USER_STORY,
    WANTS,
    WRITING,
    YES,
    YES_OR_NO,
)
from tickets.sections import Section, read_sections
from tickets.tables import read_cells
from tickets.words import sentences

RequirementKind = Literal["list", "table", "modal", "question"]

LONGEST = 300
"""Characters that a requirement keeps; beyond, whole sentences are left out."""
DEMANDING = 3
"""If one in so many items of a list demands something, the others that say what the thing does
are requirements too."""


class Candidate(NamedTuple):
    """What may be a requirement: markdown, its place, and by what it was found. With `is_intent`
    it counts only in a document in which little else is found.
    """

    text: str
    line: int  # from 0
    kind: RequirementKind
    heading: str
    is_intent: bool = False


def read_candidates(document: str) -> Iterator[Candidate]:
    """The candidates of a document, block by block."""
    sections = read_sections(document)
    index = 0
    label: Kind | None = None  # what a bold line promises, until the next one or a heading
    intro: Kind | None = None  # what the line above a list promises of it
    question = ""  # what waits for a yes or no
    blocks = [*read_outline(document)]
    for block, following in zip_longest(blocks, blocks[1:]):
        while index + 1 < len(sections) and sections[index + 1].start <= block.line:
            index += 1
        section = sections[index]
        kind = section.kind
        if kind.role != "excluded":
            kind = intro or label or kind
        leads = following is not None and following.type == "list"
        intro = None
        if block.type == "heading":
            label, question = None, section.heading if section.kind.role == "question" else ""
            yield from _from_heading(block, section, sections)
            intro = STATED if USER_STORY.search(section.heading) else None
        elif block.type == "list":
            yield from _from_items(block.items, kind, section.heading)
        elif block.type == "table":
            if kind.role != "excluded":
                yield from _from_table(block.rows, kind, section.heading)
        elif question and YES_OR_NO.match(block.content):
            yield from _from_answer(question, block.content, block.line, section.heading)
            question = ""
        elif LABEL.fullmatch(block.content):
            label = kind_of(block.content)
        elif kind.role != "excluded":
            labelled = LABELLED.match(block.content)
            if labelled and not QUESTION.fullmatch(labelled["label"]):
                label = kind_of(labelled["label"])
                kind = label or _labelled(section.kind)
            asked = QUESTION.fullmatch(block.content)
            if asked and YES_OR_NO.match(asked["answer"]):
                answer = asked["answer"]
                yield from _from_answer(asked["question"], answer, block.line, section.heading)
            elif asked:
                question = plain_heading(block.content)
            elif kind.role in ("demand", "proposal"):
                yield from _from_paragraph(block, kind, section.heading, leads=leads)
                intro = _introduced(block.content, kind) if leads else None


def _labelled(kind: Kind) -> Kind:
    """What a paragraph with a bold beginning is in a section: in a proposal a part of it, whose
    plain sentences say what is to be built.
    """
    is_proposal = kind.role == "proposal" and kind not in (NEUTRAL, OVERVIEW, TITLE)
    return kind._replace(plain=True) if is_proposal else kind


def _from_paragraph(block: Block, kind: Kind, heading: str, *, leads: bool) -> Iterator[Candidate]:
    """A paragraph's sentences, or its lines where each begins with an identifier.

    The header of a mail and a heading of the paragraph's own are left out.
    """
    content = MAIL_HEADER.sub("", block.content)
    labelled = LABELLED.match(content)
    if labelled:
        content = content[labelled.start("rest") :]
    line = block.line + block.content[: len(block.content) - len(content)].count("\n")
    if kind.role == "demand" and NUMBERED.match(content):
        for match in NUMBERED.finditer(content):
            text = NUMBERED.split(content[match.start() :], maxsplit=2)[1]
            yield Candidate(text, line + content[: match.start()].count("\n"), "list", heading)
    else:
        yield from _from_prose(content, line, kind, heading, leads=leads)


def _introduced(content: str, kind: Kind) -> Kind | None:
    """What a paragraph like `Alpha release scope:`, or a user story, says of the list below it."""
    lead = content.rstrip().splitlines()[-1]
    sentence = sentences(lead)[-1]
    if USER_STORY.search(content):
        return DEMAND
    if not _leads(lead) and (len(content.split()) > 6 or sentence[-1] in ".!?"):
        return None
    own = kind_of(sentence)
    if own and own.role != "proposal":
        return own
    return DEMAND if MODAL.search(sentence) and not NO_DEMAND.search(sentence) else None


def _leads(content: str) -> bool:
    """Whether a text ends in a colon, and so leads to what follows it."""
    return content.rstrip("*_ ").endswith(":")


def _from_heading(
    block: Block, section: Section, sections: Sequence[Section]
) -> Iterator[Candidate]:
    """A heading is a requirement where it is an item of a demanding section: `Goals` has `Allow
    developers to …` below it, `User stories` `As an admin, I want …`.
    """
    text = STEP.sub("", section.heading)
    above = [sections[i].kind for i in section.parents]
    if not above or above[-1].role != "demand" or kind_of(section.heading):
        return
    if len(text.split()) >= 3 and (STARTS_WITH_INTENT.match(text) or USER_STORY.match(text)):
        yield Candidate(text, block.line, "list", sections[section.parents[-1]].heading)


def _from_answer(question: str, answer: str, line: int, heading: str) -> Iterator[Candidate]:
    """`Will this feature require documentation?` answered by `Yes - tutorials`."""
    asked = ASKS_FOR_WORK.search(question)
    yes = YES.match(answer)
    if answer and not yes:
        # `No, but the age limit must be proposed upstream first.`
        yield from _from_prose(answer, line, NEUTRAL, heading)
    if not asked or not yes:
        return
    subject = question[asked.end() :].strip(" ?*_")
    subject = subject[:1].upper() + subject[1:]
    rest = plain_text(yes["rest"])
    if len(rest.split()) < 3 or len(subject.split()) <= 4:
        rest = f"{subject}: {rest}" if rest and subject else rest or subject
    yield Candidate(rest, line, "question", heading)


def _from_prose(
    content: str, line: int, kind: Kind, heading: str, *, leads: bool = False
) -> Iterator[Candidate]:
    """The sentences that demand something by a modal verb, or (weaker) say what is intended.

    Under a plain demand it is enough that a sentence says what the thing does. One that only
    `leads` to the list below it is left out, as the list says the rest.
    """
    for first, sentence in _joined(sentences(content)):
        text = STEP.sub("", plain_text(sentence))
        if not 4 <= len(text.split()) <= 70 or (leads and _leads(text)) or text.startswith("("):
            continue
        story = bool(USER_STORY.match(text))
        wanted = kind.role == "demand" and WANTS.search(text)
        stated = DEFECT.search(text) or (kind.plain and _says(text, kind))
        certain = bool(story or MODAL.search(text) or wanted or stated)
        if (certain or HAS_INTENT.search(text)) and (story or not NO_DEMAND.search(text)):
            at = line + content[: content.find(first)].count("\n")
            is_intent = not certain or kind == OVERVIEW
            yield Candidate(sentence, at, "modal", heading, is_intent=is_intent)


def _says(text: str, kind: Kind) -> bool:
    """Whether a plain sentence of a section asks for something by the section's subject."""
    if kind in (DEFECTS, WRITINGS):
        return bool((KEY if kind == DEFECTS else WRITING).search(text))
    return _declares(text)


def _joined(parts: Sequence[str]) -> list[tuple[str, str]]:
    """Sentences, each `It must ...` together with the one that says what it speaks of; and the
    first of them, by which the place is found.
    """
    joined: list[tuple[str, str]] = []
    for part in parts:
        back = LEADS_BACK.match(part) and MODAL.search(part)
        if back and joined and len(joined[-1][1]) + len(part) < LONGEST:
            first, text = joined[-1]
            joined[-1] = (first, f"{text} {part}")
        else:
            joined.append((part, part))
    return joined


def _from_items(items: Sequence[Item], kind: Kind, heading: str) -> Iterator[Candidate]:
    """The items of a list; outside demanding sections as prose, unless the list demands."""
    asking = [_asks(plain_text(item.content)) for item in items]
    demands = kind.role == "proposal" and sum(asking) * DEMANDING >= len(items)
    for item, asks in zip(items, asking, strict=True):
        if demands and len(item.content) <= LONGEST and (asks or _declares(item.content)):
            yield from _from_item(item, DEMAND, heading)
        else:
            yield from _from_item(item, kind, heading)


def _asks(text: str) -> bool:
    return bool(MODAL.search(text) and not NO_DEMAND.search(text))


def _declares(text: str) -> bool:
    return bool(
        DECLARES.search(text) and not NO_PROMISE.search(text) and not NO_DEMAND.search(text)
    )


def _from_item(item: Item, kind: Kind, heading: str) -> Iterator[Candidate]:
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
        yield Candidate(item.content, item.line, "list", heading)
        story = USER_STORY.match(item.content)
        for child in item.children:
            text = plain_text(child.content)
            if story or STARTS_WITH_INTENT.match(text) or USER_STORY.match(text):
                yield Candidate(child.content, child.line, "list", heading)
    elif kind.role == "demand" and len(item.content) + len(below) <= LONGEST:
        yield Candidate(f"{item.content} {below}", item.line, "list", heading)
    elif kind.role in ("demand", "proposal"):
        if kind.role == "proposal":
            said = [*_from_prose(item.content, item.line, kind, heading)]
            yield from said
            if not said and _declares(plain_text(item.content)):
                yield Candidate(item.content, item.line, "list", heading, is_intent=True)
        yield from _from_items(item.children, kind, heading)


def _from_table(rows: tuple[Row, ...], kind: Kind, heading: str) -> Iterator[Candidate]:
    """What the table's columns of requirements or work say; questions with their answers."""
    for row in rows[1:]:
        for asked, answer in zip(row.cells, row.cells[1:], strict=False):
            if asked.rstrip("*_ ").endswith("?"):
                yield from _from_answer(asked, answer, row.line, heading)
    for cell, line in read_cells(rows, demanding=kind.role == "demand"):
        yield Candidate(cell, line, "table", heading)
