"""A run in numbers: per system and variant, in slices, and compared with one another."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from eval.config import EndpointSystem, EngineSystem, EvalConfig, LikenessName
from eval.judged import Judged
from eval.pairs import Case
from eval.predictions import Prediction, Time
from eval.rows import HEADLINE, VARIANTS, ScoredRow, Variant
from eval.statistics import Difference, Interval, difference, holm, interval
from tickets.endpoint import Usage
from tickets.parse import parse_plan
from tickets.schema import Model

LENGTHS: Final = (
    (400, "up to 400 words"),
    (1000, "401 to 1000 words"),
    (math.inf, "over 1000 words"),
)
SHAPES: Final = ((1, "one epic"), (3, "two or three epics"), (math.inf, "four epics or more"))
_STEPS: Final = [name for _, name in (*LENGTHS, *SHAPES)]


class Entry(Model):
    """A system in one variant.

    Attributes:
        system, variant: which.
        plans: how many were scored; `unscored` are failures of harness or endpoint, and what a run
            that was stopped has not come to.
        causes: what went wrong with a plan, counted, `no plan` for text without epic and story,
            `not asked for yet` for what a run has not come to.
        scores: by measure, over documents; a measure that no document has is not there.
        p50, p95: seconds per plan.
        prompt_tokens, completion_tokens: per plan; None where nobody counted.
        per_hour: documents; None where no time was taken.
        cost: per document, in `currency`; None without a price.
    """

    system: str
    variant: Variant
    plans: int
    unscored: int
    causes: dict[str, int]
    scores: dict[str, Interval]
    p50: float | None
    p95: float | None
    prompt_tokens: float | None
    completion_tokens: float | None
    per_hour: float | None
    cost: float | None
    currency: str = ""

    @property
    def name(self) -> str:
        """`tuned` as written, `tuned + repair` repaired."""
        return entry_name(self.system, self.variant)


class Slice(Model):
    """The documents of one kind: the mean of each headline measure by entry."""

    kind: str
    value: str
    documents: int
    means: dict[str, dict[str, float]]


class Summary(Model):
    """All numbers of a run."""

    documents: int
    with_reference: int
    with_work_plan: int
    seeds: tuple[int, ...]
    entries: tuple[Entry, ...]
    differences: dict[str, tuple[Difference, ...]]
    slices: tuple[Slice, ...]
    likeness: LikenessName = "lexical"
    judge: Judged | None = None


Means = Mapping[tuple[str, Variant], Mapping[str, Mapping[str, float]]]
"""By entry and measure: the mean over seeds of each case that has one."""


def entry_name(system: str, variant: Variant) -> str:
    """What tables call a system in a variant."""
    return system if variant == "raw" else f"{system} + repair"


def summarise(
    config: EvalConfig,
    cases: Sequence[Case],
    predictions: Sequence[Prediction],
    rows: Sequence[ScoredRow],
    times: Sequence[Time],
    judge: Judged | None = None,
) -> Summary:
    """The numbers of a run; arguments are what `eval.predictions.Run`, `eval.rows` and
    `eval.judged` give.
    """
    means = case_means(rows)
    entries = [
        _entry(config, system.name, variant, len(cases), predictions, rows, times, means)
        for system in config.systems
        for variant in VARIANTS
    ]
    return Summary(
        documents=len(cases),
        with_reference=sum(case.reference is not None for case in cases),
        with_work_plan=sum(case.work_plan is not None for case in cases),
        seeds=config.seeds,
        entries=tuple(entries),
        differences={m: tuple(_differences(config, means, m)) for m in HEADLINE},
        slices=tuple(_slices(cases, means)),
        likeness=config.likeness,
        judge=judge,
    )


def case_means(rows: Iterable[ScoredRow]) -> Means:
    """The mean over seeds, by entry, measure and case."""
    values: dict[tuple[str, Variant], dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for row in rows:
        for measure, value in row.values.items():
            if value is not None:
                values[row.system, row.variant][measure][row.case].append(value)
    return {
        entry: {
            measure: {case: float(np.mean(each)) for case, each in by_case.items()}
            for measure, by_case in measures.items()
        }
        for entry, measures in values.items()
    }


def compare_means(
    first: str, second: str, ours: Mapping[str, float], theirs: Mapping[str, float]
) -> Difference | None:
    """Two entries on the cases that both have a score for; None where there is none."""
    shared = [case for case in ours if case in theirs]
    if not shared:
        return None
    return difference(first, second, [ours[c] for c in shared], [theirs[c] for c in shared])


def _entry(
    config: EvalConfig,
    system: str,
    variant: Variant,
    cases: int,
    predictions: Sequence[Prediction],
    rows: Sequence[ScoredRow],
    times: Sequence[Time],
    means: Means,
) -> Entry:
    wanted = cases * len(config.seeds_of(_system(config, system)))
    ours = [p for p in predictions if p.system == system]
    scored = [r for r in rows if r.system == system and r.variant == variant]
    answered = [p for p in ours if p.outcome != "failed"]
    causes = Counter(p.cause for p in ours if p.cause)
    causes["no plan"] = sum(not row.parsed for row in scored)
    causes["not asked for yet"] = wanted - len(ours)
    seconds = [p.seconds for p in answered]
    batches = [time for time in times if time.system == system and time.seconds]
    taken = sum(time.seconds for time in batches)
    cost, currency = _cost(config, system, answered)
    return Entry(
        system=system,
        variant=variant,
        plans=len(scored),
        unscored=wanted - len(answered),
        causes={cause: count for cause, count in causes.most_common() if count},
        scores={
            measure: interval(list(by_case.values()))
            for measure, by_case in means.get((system, variant), {}).items()
        },
        p50=float(np.percentile(seconds, 50)) if seconds else None,
        p95=float(np.percentile(seconds, 95)) if seconds else None,
        prompt_tokens=_mean_of(p.prompt_tokens for p in answered),
        completion_tokens=_mean_of(p.completion_tokens for p in answered),
        per_hour=3600 * sum(time.plans for time in batches) / taken if taken else None,
        cost=cost,
        currency=currency,
    )


def _system(config: EvalConfig, name: str) -> EngineSystem | EndpointSystem:
    return next(system for system in config.systems if system.name == name)


def _mean_of(values: Iterable[int | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return float(np.mean(counted)) if counted else None


def _cost(
    config: EvalConfig, name: str, answered: Sequence[Prediction]
) -> tuple[float | None, str]:
    system = _system(config, name)
    if not isinstance(system, EndpointSystem) or system.endpoint.price is None or not answered:
        return None, ""
    price = system.endpoint.price
    usage = Usage(
        replies=len(answered),
        prompt_tokens=sum(p.prompt_tokens or 0 for p in answered),
        completion_tokens=sum(p.completion_tokens or 0 for p in answered),
    )
    return usage.cost(price) / len(answered), price.currency


def _differences(config: EvalConfig, means: Means, measure: str) -> list[Difference]:
    """Every two systems in each variant, and each system's raw plans with its repaired ones."""
    names = [system.name for system in config.systems]
    pairs: list[tuple[tuple[str, Variant], tuple[str, Variant]]] = [
        ((name, "raw"), (name, "repaired")) for name in names
    ]
    pairs += [((a, v), (b, v)) for v in VARIANTS for a, b in combinations(names, 2)]
    found = []
    for pair in pairs:
        values = [means.get(entry, {}).get(measure, {}) for entry in pair]
        labels = [entry_name(*entry) for entry in pair]
        one = compare_means(labels[0], labels[1], values[0], values[1])
        if one is not None:
            found.append(one)
    return holm(found)


def _slices(cases: Sequence[Case], means: Means) -> Iterable[Slice]:
    kinds: dict[str, Callable[[Case], str | None]] = {
        "domain": lambda case: case.domain,
        "style": lambda case: case.style,
        "length": _length,
        "shape": _shape,
    }
    for kind, value_of in kinds.items():
        groups: dict[str, set[str]] = defaultdict(set)
        for case in cases:
            value = value_of(case)
            if value is not None:
                groups[value].add(case.id)
        for value in sorted(groups, key=lambda v: (_STEPS.index(v) if v in _STEPS else 0, v)):
            members = groups[value]
            table: dict[str, dict[str, float]] = {}
            for (system, variant), measures in means.items():
                name = entry_name(system, variant)
                for measure in HEADLINE:
                    found = [v for c, v in measures.get(measure, {}).items() if c in members]
                    if found:
                        table.setdefault(name, {})[measure] = float(np.mean(found))
            yield Slice(kind=kind, value=value, documents=len(members), means=table)


def _length(case: Case) -> str:
    words = len(case.document.split())
    return next(name for most, name in LENGTHS if words <= most)


def _shape(case: Case) -> str | None:
    """By the epics of the reference."""
    if case.reference is None:
        return None
    epics = len(parse_plan(case.reference).plan.epics)
    return next(name for most, name in SHAPES if epics <= most)
