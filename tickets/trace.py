"""Which requirement of a document is taken up by which ticket, and which ticket has no support.

The likeness is lexical: shared word stems, weighed by how few other requirements and tickets use
them. It finds what is called by its name, knows inflection, and knows no synonyms.
"""

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from tickets.kinds import OUT_OF_SCOPE
from tickets.outline import read_outline
from tickets.requirements import Requirement, find_requirements
from tickets.schema import Epic, Model, Plan, Ref, Story, Task
from tickets.sections import read_sections
from tickets.words import sentences, stems

TAKEN_UP = 0.4
"""From this likeness on a ticket takes a requirement up. Calibrated on the format's two example
plans, read by a person against their own and each other's document."""
NEAR_BEST = 0.6
"""Further tickets are named if they are at least this share of the best one's likeness."""
MOST_TICKETS = 4
SUPPORTED = 0.6
"""A ticket is supported if one block of the document has this share of its title's words."""
SUPPORTED_TASK = 0.3
"""The same for a task of a supported story: splitting work up needs words of its own."""

_TELLING = 3
"""A first sentence with fewer telling words than this says too little by itself."""
_SUPPORTING = 4
"""The weight from which a section can support a ticket."""
_WEAK_WEIGHT = 0.35
_WEAK = frozenset(
    stems(
        """able across add application base build capability clear comprehensive create define
        design develop enable ensure existing extensive feature function functionality handle
        implement implementation include integrate integration logic make manage management new
        perform performance process provide require service solution story support system task
        ticket user ux various work"""
    )
)
"""Words that stand in any ticket about anything."""
_EXPECTED = frozenset(stems("write test unit integration end e2e documentation guide"))
"""Work that a plan owes whether or not its document speaks of it."""
_LABEL = re.compile(r"^(?:[A-Z]{1,4}-?\d+|[^:.]{3,40}?): (?=\S+ \S+ \S)")
"""What leads a requirement in: an identifier, or a topic like `Performance parameters`."""


class TraceRow(Model):
    """A requirement, the tickets that take it up (the best first), and the best's likeness
    (0 to 1, also where it is too little to count).
    """

    requirement: Requirement
    tickets: tuple[Ref, ...] = ()
    score: float = 0.0


class Trace(Model):
    """How a plan and its document hang together.

    `coverage` is the share of the document's requirements that some ticket takes up, `grounding`
    the share of tickets that the document supports; both are 1.0 where there is nothing to count.
    """

    rows: tuple[TraceRow, ...] = ()
    coverage: float = 1.0
    grounding: float = 1.0
    ungrounded: tuple[Ref, ...] = ()

    def table(self) -> str:
        """The traceability matrix as a markdown table: requirement, line, tickets."""
        lines = ["| Requirement | Line | Tickets |", "| :-- | --: | :-- |"]
        for row in self.rows:
            text = re.sub(r"([\\|<*`])", r"\\\1", row.requirement.text)
            tickets = ", ".join(map(str, row.tickets)) or "—"
            lines.append(f"| {row.requirement.id} {text} | {row.requirement.line} | {tickets} |")
        return "\n".join(lines) + "\n"


class _Document(NamedTuple):
    """What is kept of a document between plans: its requirements, their stems, and in which of
    its blocks a stem stands.
    """

    requirements: tuple[Requirement, ...]
    words: tuple[frozenset[str], ...]
    first_words: tuple[frozenset[str], ...]  # of the first sentence alone
    blocks: dict[str, list[int]]


class _Passage(NamedTuple):
    """A field of a ticket: whose it is, what it says, how much that counts."""

    ticket: int
    words: frozenset[str]
    weight: float


class _Where(NamedTuple):
    """Where a word stands: in which passages, and in which tickets, with the weight that it counts
    with there, of a ticket's fields the largest.
    """

    fields: dict[str, list[tuple[int, float]]]
    tickets: dict[str, dict[int, float]]


@lru_cache(maxsize=32)
def _read(document: str) -> _Document:
    requirements = find_requirements(document)
    texts = [_LABEL.sub("", item.text) for item in requirements]
    words = tuple(frozenset(stems(text)) for text in texts)
    first_words = tuple(frozenset(stems(sentences(text)[0])) for text in texts)
    sections = read_sections(document)
    starts = [section.start for section in sections]
    blocks: dict[str, list[int]] = defaultdict(list)
    for number, block in enumerate(read_outline(document)):
        kind = sections[bisect_right(starts, block.line) - 1].kind
        # What is out of scope or a mere reference supports nothing; a risk or open question may.
        if kind != OUT_OF_SCOPE and kind.weight >= _SUPPORTING:
            for word in {word for text in block.texts() for word in stems(text)}:
                blocks[word].append(number)
    return _Document(requirements, words, first_words, blocks)


@lru_cache(maxsize=4)
def trace_plan(plan: Plan, document: str) -> Trace:
    """The traceability of `plan` (its stories and tasks, epics only where they have none).

    A requirement is taken up by a ticket that shares at least `TAKEN_UP` of the weight of its
    words, or of those of its first sentence, half of it in one field of the ticket. Weights are
    inverse document frequencies over the requirements and tickets, ln(1 + N / n). A ticket is
    grounded if it takes up a requirement or if the document has its title's words in one place.

    The last ones are kept, since rules and rubric ask for the same.
    """
    source = _read(document)
    tickets = _work(plan)
    rows = _rows(source, tickets)
    used = {ref for row in rows for ref in row.tickets}
    ungrounded = _ungrounded(tickets, source.blocks, used)
    taken = sum(bool(row.tickets) for row in rows)
    return Trace(
        rows=rows,
        coverage=taken / len(rows) if rows else 1.0,
        grounding=1 - len(ungrounded) / len(tickets) if tickets else 1.0,
        ungrounded=ungrounded,
    )


def trace_texts(texts: Sequence[str], plan: Plan) -> tuple[TraceRow, ...]:
    """For each of `texts` (work items, say) the tickets of `plan` that take it up.

    What takes up a text is what takes up a requirement; see `trace_plan`. Ids are W1, W2 and so
    on, lines the places in `texts` from 1.
    """
    requirements = tuple(
        Requirement(id=f"W{number}", text=text, line=number, kind="list")
        for number, text in enumerate(texts, start=1)
    )
    words = tuple(frozenset(stems(text)) for text in texts)
    first_words = tuple(frozenset(stems((sentences(text) or [text])[0])) for text in texts)
    return _rows(_Document(requirements, words, first_words, {}), _work(plan))


def _work(plan: Plan) -> list[Epic | Story | Task]:
    """The stories and tasks of a plan, or its epics where it has neither."""
    return [ticket for _, ticket in plan.tickets() if not isinstance(ticket, Epic)] or [*plan.epics]


def _passages(index: int, ticket: Epic | Story | Task) -> Iterable[_Passage]:
    criteria = () if isinstance(ticket, Epic) else ticket.acceptance_criteria
    for text, weight in (
        (f"{ticket.name} {ticket.title}", 1.0),
        *((criterion, 0.9) for criterion in criteria),
        (ticket.description, 0.8),
        (" ".join(ticket.components), 0.3),
    ):
        words = frozenset(stems(text))
        if words:
            yield _Passage(index, words, weight)


def _rows(source: _Document, tickets: list[Epic | Story | Task]) -> tuple[TraceRow, ...]:
    refs = [ticket.ref for ticket in tickets]
    passages = [p for i, ticket in enumerate(tickets) for p in _passages(i, ticket)]
    weights = _weights(source.words, passages, len(refs))
    where = _Where(defaultdict(list), defaultdict(dict))
    wanted = frozenset().union(*source.words, *source.first_words)
    for i, passage in enumerate(passages):
        for word in passage.words & wanted:
            where.fields[word].append((i, passage.weight))
            most = where.tickets[word]
            most[passage.ticket] = max(passage.weight, most.get(passage.ticket, 0.0))
    rows = []
    for requirement, words, first in zip(
        source.requirements, source.words, source.first_words, strict=True
    ):
        scores = _likeness(words, weights, where, passages)
        if len(first - _WEAK) >= _TELLING and first != words:
            # The sentences behind the first often explain it, in words that no ticket needs.
            for ticket, score in _likeness(first, weights, where, passages).items():
                scores[ticket] = max(score, scores.get(ticket, 0.0))
        ranked = sorted(scores, key=lambda ticket: (-scores[ticket], ticket))
        best = scores[ranked[0]] if ranked else 0.0
        chosen = [i for i in ranked if scores[i] >= max(TAKEN_UP, NEAR_BEST * best)]
        rows.append(
            TraceRow(
                requirement=requirement,
                tickets=tuple(refs[i] for i in chosen[:MOST_TICKETS]),
                score=round(best, 3),
            )
        )
    return tuple(rows)


def _weights(
    requirements: Iterable[frozenset[str]], passages: Iterable[_Passage], tickets: int
) -> dict[str, float]:
    """Each word's weight: its inverse frequency over requirements and tickets."""
    by_ticket: dict[int, set[str]] = defaultdict(set)
    for passage in passages:
        by_ticket[passage.ticket] |= passage.words
    counts = Counter(word for words in requirements for word in words)
    total = tickets + sum(1 for _ in requirements)
    counts.update(word for words in by_ticket.values() for word in words)
    return {
        word: math.log(1 + total / count) * (_WEAK_WEIGHT if word in _WEAK else 1.0)
        for word, count in counts.items()
    }


def _likeness(
    words: frozenset[str],
    weights: dict[str, float],
    where: _Where,
    passages: list[_Passage],
) -> dict[int, float]:
    """How much of a requirement each ticket holds (0 to 1): in all its fields, and in the best
    one of them, one half each. Tickets that share too few telling words are left out.
    """
    held: dict[int, float] = defaultdict(float)
    shared: dict[int, int] = defaultdict(int)  # telling words
    fields: dict[int, float] = defaultdict(float)
    for word in words:
        rarity = weights[word]
        for i, weight in where.fields.get(word, ()):
            fields[i] += weight * rarity
        is_telling = word not in _WEAK
        for ticket, weight in where.tickets.get(word, {}).items():
            held[ticket] += rarity * weight
            shared[ticket] += is_telling
    best: dict[int, float] = defaultdict(float)
    for i, value in fields.items():
        ticket = passages[i].ticket
        if value > best[ticket]:
            best[ticket] = value
    total = sum(weights[word] for word in words)
    wanted = min(4, len(words - _WEAK))
    return {
        ticket: (value + best[ticket]) / (2 * total)
        for ticket, value in held.items()
        if 2 * shared[ticket] >= wanted
    }


def _ungrounded(
    tickets: list[Epic | Story | Task], blocks: dict[str, list[int]], used: set[Ref]
) -> tuple[Ref, ...]:
    """The tickets that neither take up a requirement nor speak of what the document speaks of.

    A ticket's words are those of its name and title, and they must stand together: a long
    document has most words of its field somewhere.
    """
    grounded: set[Ref] = set()
    for ticket in tickets:
        words = frozenset(stems(f"{ticket.name} {ticket.title}")) - _EXPECTED
        weights = {word: _WEAK_WEIGHT if word in _WEAK else 1.0 for word in words}
        held: dict[int, float] = defaultdict(float)
        for word, weight in weights.items():
            for block in blocks.get(word, ()):
                held[block] += weight
        share = max(held.values(), default=0.0) / sum(weights.values()) if weights else 1.0
        enough = SUPPORTED_TASK if ticket.ref.parent in grounded else SUPPORTED
        if ticket.ref in used or share >= enough:
            grounded.add(ticket.ref)
    return tuple(ticket.ref for ticket in tickets if ticket.ref not in grounded)
