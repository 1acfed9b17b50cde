"""The report as one HTML file that needs nothing else: no network, no other file.

Each document has a page of its own, which is rendered here, escaped by jinja2, and kept
compressed inside the file until it is opened: a thousand documents by five systems are some
megabytes that the browser has to read, and one page that it has to lay out.
"""

import base64
import gzip
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.align import align
from eval.config import LikenessName
from eval.embeddings import comparer
from eval.judge import Opinion
from eval.judged import Place
from eval.markdown import (
    COSTS,
    DIFFERENCE,
    JUDGE,
    cost_cells,
    difference_cells,
    judge_cells,
    judge_line,
    likeness_line,
    number,
    shown,
)
from eval.pairs import Case
from eval.predictions import Prediction
from eval.rows import HEADLINE, VARIANTS, ScoredRow, Variant, variant_text
from eval.summary import Entry, Summary, entry_name
from tickets.order import Order
from tickets.parse import parse_plan
from tickets.rules import check_plan
from tickets.schema import Plan

_WIDTH: Final = 132
_HEIGHT: Final = 34
_GAP: Final = 60
MOST_LINES: Final = 1500
"""Lines of a plan that its page shows."""
MOST_DRAWN: Final = 120
"""Stories of a plan whose dependencies are drawn; more could not be told apart."""


class Line(NamedTuple):
    """A line of a plan with what the rules find there."""

    number: int
    text: str
    findings: list[str]


class Shown(NamedTuple):
    """A system's plan on a document's page."""

    name: str
    outcome: str
    cause: str
    scores: list[str]
    lines: list[Line]
    more: int
    general: list[str]
    graph: "Graph | None"
    judged: Sequence[str] = ()


class Graph(NamedTuple):
    """The stories as boxes (x, y, name, title), arrows as two points, and the drawing's size."""

    boxes: Sequence[tuple[float, float, str, str]]
    arrows: Sequence[tuple[float, float, float, float]]
    width: float
    height: float


class Dot(NamedTuple):
    """A line of a plot, in percent of its width."""

    name: str
    mean: float
    low: float
    high: float
    text: str


def to_html(
    summary: Summary,
    cases: Sequence[Case],
    predictions: Sequence[Prediction],
    rows: Sequence[ScoredRow],
    opinions: Mapping[Place, Opinion] | None = None,
) -> str:
    """The report; arguments are what `eval.summary.summarise` gets and gives, and the judge's
    opinions, if there is one.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    measures = [m for m in HEADLINE if any(m in entry.scores for entry in summary.entries)]
    by_case: dict[str, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        by_case[prediction.case].append(prediction)
    scores: dict[tuple[str, str, int, str], ScoredRow] = {
        (row.case, row.system, row.seed, row.variant): row for row in rows
    }
    page = environment.get_template("document.html.j2")
    documents = []
    said = opinions or {}
    for case in cases:
        plans = [
            _shown(prediction, case, variant, scores, measures)._replace(
                judged=_opinion(said.get((prediction.system, case.id, prediction.seed, variant)))
            )
            for prediction in by_case[case.id]
            for variant in VARIANTS
            if _is_worth_showing(prediction, case, variant, scores)
        ]
        html = page.render(
            case=case,
            measures=measures,
            plans=plans,
            pairs=_pairs(case, by_case[case.id], summary.likeness),
            reference=_reference(case),
        )
        documents.append((case, _packed(html), _row(case, summary, scores)))
    return environment.get_template("report.html.j2").render(
        summary=summary,
        measures=measures,
        entries=summary.entries,
        plots=[(measure, _plot(summary.entries, measure)) for measure in measures],
        documents=documents,
        head=DIFFERENCE,
        cells=difference_cells,
        costs_head=COSTS,
        costs=[cost_cells(entry) for entry in summary.entries if entry.variant == "raw"],
        judge_head=JUDGE,
        judge_cells=judge_cells,
        judge_line=judge_line,
        likeness_line=likeness_line,
        shown=shown,
        number=number,
    )


def _packed(html: str) -> str:
    """HTML as base64 of gzip, which the browser unpacks itself (`DecompressionStream`)."""
    return base64.b64encode(gzip.compress(html.encode("utf-8"), 6, mtime=0)).decode("ascii")


def _row(
    case: Case, summary: Summary, scores: dict[tuple[str, str, int, str], ScoredRow]
) -> list[str]:
    """A document's line in the table: what is told, and that by entry, of the first seed."""
    measure = "fidelity" if case.reference is not None else "rubric"
    cells = [measure]
    for entry in summary.entries:
        seeds = (scores.get((case.id, entry.system, seed, entry.variant)) for seed in summary.seeds)
        row = next((row for row in seeds if row is not None), None)
        cells.append(number(None if row is None else row.values[measure]))
    return cells


def _plot(entries: Sequence[Entry], measure: str) -> list[Dot]:
    dots = []
    for entry in entries:
        score = entry.scores.get(measure)
        if score is not None:
            low, high = (score.mean if end is None else end for end in (score.low, score.high))
            dots.append(Dot(entry.name, 100 * score.mean, 100 * low, 100 * high, shown(score)))
    return dots


def _is_worth_showing(
    prediction: Prediction,
    case: Case,
    variant: Variant,
    scores: dict[tuple[str, str, int, str], ScoredRow],
) -> bool:
    """Repaired plans only where repair has changed a score."""
    if variant == "raw":
        return True
    place = (case.id, prediction.system, prediction.seed)
    raw, repaired = (scores.get((*place, each)) for each in VARIANTS)
    return raw is not None and repaired is not None and raw.values != repaired.values


def _shown(
    prediction: Prediction,
    case: Case,
    variant: Variant,
    scores: dict[tuple[str, str, int, str], ScoredRow],
    measures: Sequence[str],
) -> Shown:
    text = variant_text(prediction.text, variant, whole=prediction.outcome == "whole")
    row = scores.get((case.id, prediction.system, prediction.seed, variant))
    name = entry_name(prediction.system, variant)
    lines, general, plan = _with_findings(text, case.document)
    return Shown(
        name=f"{name}, seed {prediction.seed}" if prediction.seed else name,
        outcome=prediction.outcome,
        cause=prediction.detail or prediction.cause,
        scores=[number(None if row is None else row.values.get(m)) for m in measures],
        lines=lines[:MOST_LINES],
        more=max(0, len(lines) - MOST_LINES),
        general=general,
        graph=_graph(plan),
    )


def _with_findings(text: str, document: str) -> tuple[list[Line], list[str], Plan]:
    parsed = parse_plan(text)
    found: dict[int, list[str]] = defaultdict(list)
    for finding in (*parsed.diagnostics, *check_plan(parsed.plan, lines=parsed.lines,
                                                     document=document)):  # fmt: skip
        found[finding.line or 0].append(f"{finding.code} {finding.message}")
    lines = [
        Line(number, line, found[number]) for number, line in enumerate(text.splitlines(), start=1)
    ]
    return lines, found[0], parsed.plan


def _opinion(opinion: Opinion | None) -> list[str]:
    """What a judge says, a line for each section."""
    if opinion is None:
        return []
    return [f"{name} {mark.score:.1f} {mark.why}" for name, mark in opinion.sections.items()]


def _reference(case: Case) -> Shown | None:
    if case.reference is None:
        return None
    lines, general, plan = _with_findings(case.reference, case.document)
    return Shown("reference", "whole", "", [], lines, 0, general, _graph(plan))


def _pairs(
    case: Case, predictions: Sequence[Prediction], likeness: LikenessName
) -> list[tuple[str, list[str]]]:
    """For each ticket of the reference its partner in each plan, with the credit; the first row
    (empty name) has the systems' names.
    """
    if case.reference is None:
        return []
    reference = parse_plan(case.reference).plan
    names = []
    columns: list[dict[int, str]] = []
    for prediction in predictions:
        if prediction.outcome == "failed":
            continue
        found = align(parse_plan(prediction.text).plan, reference, comparer(likeness))
        names.append(f"{prediction.system} {prediction.seed or ''}".strip())
        columns.append(
            {
                j: f"{found.plan.name(i)} {found.plan.tickets[i][1].name} "
                f"({found.credit(i):.2f}{'' if found.in_place(i) else ', elsewhere'})"
                for i, j in found.partner.items()
            }
        )
    order = Order(reference)
    rows = [
        (f"{order.name(j)} {ticket.name}", [column.get(j, "–") for column in columns])
        for j, (_, ticket) in enumerate(order.tickets)
    ]
    return [("", names), *rows]


def _graph(plan: Plan) -> Graph | None:
    """The stories in columns by what they wait for; None without any, or with too many."""
    order = Order(plan)
    waves = order.waves()
    if not waves or sum(map(len, waves)) > MOST_DRAWN:
        return None
    place: dict[int, tuple[float, float]] = {}
    boxes = []
    for column, wave in enumerate(waves):
        for line, index in enumerate(wave):
            x, y = column * (_WIDTH + _GAP), line * (_HEIGHT + 12)
            place[index] = (x, y)
            ticket = order.tickets[index][1]
            boxes.append((x, y, order.name(index), ticket.name or ticket.title))
    arrows = []
    for need in order.needs:
        for before in order.stories_of(need.needed):
            for after in order.stories_of(need.waiter):
                if before in place and after in place and before != after:
                    (x1, y1), (x2, y2) = place[before], place[after]
                    middle = _HEIGHT / 2
                    arrows.append((x1 + _WIDTH, y1 + middle, x2, y2 + middle))
    height = max(map(len, waves)) * (_HEIGHT + 12)
    return Graph(boxes, arrows, len(waves) * (_WIDTH + _GAP), height)
