"""The judge's opinions of a run's plans, beside what the rules say, and how far both agree."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from eval.config import Judge
from eval.judge import Opinion, Question, question, read_answers, read_opinion
from eval.pairs import Case
from eval.predictions import Prediction
from eval.rows import ScoredRow, Variant, variant_text
from eval.statistics import Interval, interval
from tickets.endpoint import Usage
from tickets.rubric import WEIGHTS
from tickets.schema import Model

Place = tuple[str, str, int, Variant]
"""System, case, seed and variant: whose plan it is."""


class Agreement(Model):
    """Judge and rules on one section, or on `all` together.

    Attributes:
        name: the section.
        rules, judge: the mean scores, 0 to 1, each document's plans averaged first.
        difference: the judge's less the rules', likewise, with its interval.
        rank: Kendall's tau-b over plans, -1 to 1; None where either says one thing of all.
    """

    name: str
    rules: float
    judge: float
    difference: Interval
    rank: float | None


class Judged(Model):
    """A judge's work in numbers.

    Attributes:
        model: the judge, as its endpoint calls it.
        plans: how many different ones have an opinion.
        unread: answers that cannot be read; their plans are unscored.
        unanswered: plans that there is no answer for yet.
        usage: what the answers took; `cost` in `currency`, None without a price.
        agreement: of all, then by section; empty without an opinion.
    """

    model: str
    plans: int
    unread: int
    unanswered: int
    usage: Usage
    cost: float | None
    currency: str
    agreement: tuple[Agreement, ...]


class Judgements(NamedTuple):
    """The opinions by whose plan it is, and their summary."""

    opinions: Mapping[Place, Opinion]
    summary: Judged


def questions(
    judge: Judge,
    rows: Iterable[ScoredRow],
    predictions: Iterable[Prediction],
    cases: Iterable[Case],
) -> dict[Place, Question]:
    """What the judge is to be asked: about each plan that has an epic with a story."""
    documents = {case.id: case.document for case in cases}
    texts = {(each.system, each.case, each.seed): each for each in predictions}
    found = {}
    for row in rows:
        if row.parsed:
            plan = texts[row.system, row.case, row.seed]
            text = variant_text(plan.text, row.variant, whole=plan.outcome == "whole")
            found[place_of(row)] = question(judge, documents[row.case], text)
    return found


def judgements(
    judge: Judge, rows: Sequence[ScoredRow], asked: Mapping[Place, Question], cache: Path
) -> Judgements:
    """What there is of answers to the questions `asked`; nobody is asked here."""
    known = read_answers(cache)
    replies = {each.key: known[each.key] for each in asked.values() if each.key in known}
    read = {key: read_opinion(reply.text) for key, reply in replies.items()}
    opinions = {
        place: opinion
        for place, each in asked.items()
        if (opinion := read.get(each.key)) is not None
    }
    usage = Usage()
    for reply in replies.values():
        usage = usage.plus(reply)
    price = judge.endpoint.price
    # Where repair has nothing to mend, raw and repaired plan are one question, which counts once.
    once = {asked[place_of(row)].key: row for row in rows if place_of(row) in opinions}
    pairs = [(row, opinions[place_of(row)]) for row in once.values()]
    summary = Judged(
        model=judge.endpoint.model,
        plans=len(pairs),
        unread=sum(opinion is None for opinion in read.values()),
        unanswered=len({each.key for each in asked.values()} - set(replies)),
        usage=usage,
        cost=None if price is None else usage.cost(price),
        currency="" if price is None else price.currency,
        agreement=tuple(_agreements(pairs)) if pairs else (),
    )
    return Judgements(opinions, summary)


def with_judge(rows: Iterable[ScoredRow], opinions: Mapping[Place, Opinion]) -> Iterator[ScoredRow]:
    """The rows with the judge's scores as measures; what is no plan has 0 there too, unasked."""
    for row in rows:
        opinion = opinions.get(place_of(row))
        none = None if row.parsed else 0.0
        values = {"judge": none if opinion is None else opinion.score}
        for name in WEIGHTS:
            values[f"judge.{_slug(name)}"] = (
                none if opinion is None else opinion.sections[name].score
            )
        yield row.model_copy(update={"values": row.values | values})


def place_of(row: ScoredRow) -> Place:
    """Whose plan a row scores."""
    return row.system, row.case, row.seed, row.variant


def _agreements(pairs: Sequence[tuple[ScoredRow, Opinion]]) -> Iterator[Agreement]:
    cases = [row.case for row, _ in pairs]
    rules = [row.values["rubric"] or 0.0 for row, _ in pairs]
    yield _agreement("all", cases, rules, [opinion.score for _, opinion in pairs])
    for name in WEIGHTS:
        rules = [row.values[f"rubric.{_slug(name)}"] or 0.0 for row, _ in pairs]
        judge = [opinion.sections[name].score for _, opinion in pairs]
        yield _agreement(name, cases, rules, judge)


def _agreement(
    name: str, cases: Sequence[str], rules: Sequence[float], judge: Sequence[float]
) -> Agreement:
    by_case: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for case, first, second in zip(cases, rules, judge, strict=True):
        by_case[case].append((first, second))
    means = np.array([np.mean(each, axis=0) for each in by_case.values()])
    varied = len(set(rules)) > 1 and len(set(judge)) > 1
    rank = float(stats.kendalltau(rules, judge).statistic) if varied else None
    return Agreement(
        name=name,
        rules=float(means[:, 0].mean()),
        judge=float(means[:, 1].mean()),
        difference=interval((means[:, 1] - means[:, 0]).tolist()),
        rank=None if rank is None else round(rank, 12),
    )


def _slug(section: str) -> str:
    """A section as `eval.rows` writes it in the names of measures."""
    return section.lower().replace(" ", "-")
