"""The report as markdown: the tables of `eval.summary`."""

from collections.abc import Iterable, Sequence
from typing import Final

from eval.judged import Judged
from eval.rows import HEADLINE
from eval.statistics import Difference, Interval
from eval.summary import Entry, Summary

DIFFERENCE: Final = ["first", "second", "difference", "documents", "p", "corrected", "verdict"]
"""The head of a table of differences; `difference_cells` gives its rows."""
COSTS: Final = [
    "system",
    "p50 s",
    "p95 s",
    "tokens in",
    "tokens out",
    "documents/h",
    "cost/document",
]
"""The head of a table of times and costs; `cost_cells` gives its rows."""


def to_markdown(summary: Summary) -> str:
    """Scores, costs, failures, differences and slices as tables."""
    measures = [m for m in HEADLINE if any(m in entry.scores for entry in summary.entries)]
    parts = [
        "# Evaluation",
        f"{summary.documents} documents ({summary.with_reference} with a reference, "
        f"{summary.with_work_plan} with their authors' work plan), seeds "
        f"{', '.join(map(str, summary.seeds))}. Means over documents with 95 % bootstrap "
        "intervals. `+ repair` is the same plans after repair by rules." + likeness_line(summary),
        "## Scores",
        table(
            ("system", "plans", "unscored", *measures),
            (
                (e.name, e.plans, e.unscored, *(shown(e.scores.get(m)) for m in measures))
                for e in summary.entries
            ),
        ),
        "## Time and cost",
        table(
            COSTS,
            (cost_cells(entry) for entry in summary.entries if entry.variant == "raw"),
        ),
        "## What went wrong",
        table(
            ("system", "cause", "plans"),
            (
                (entry.name, cause, count)
                for entry in summary.entries
                if entry.variant == "raw"
                for cause, count in entry.causes.items()
            ),
        ),
        *([] if summary.judge is None else _judge(summary.judge)),
        "## Differences",
        "The second less the first, on the documents that both have. p by a permutation test, "
        "corrected for the number of comparisons of the measure (Holm).",
    ]
    for measure in measures:
        parts += [
            f"### {measure}",
            table(DIFFERENCE, map(difference_cells, summary.differences[measure])),
        ]
    parts.append("## Slices")
    for measure in measures:
        names = [entry.name for entry in summary.entries]
        rows = [
            (
                s.kind,
                s.value,
                s.documents,
                *(number(s.means.get(n, {}).get(measure)) for n in names),
            )
            for s in summary.slices
        ]
        parts += [f"### {measure}", table(("by", "", "documents", *names), rows)]
    return "\n\n".join(parts) + "\n"


def likeness_line(summary: Summary) -> str:
    """How fidelity compared texts, where that is not by their words."""
    if summary.likeness == "lexical":
        return ""
    return " Fidelity compares texts by sentence embeddings."


JUDGE: Final = ["section", "rules", "judge", "judge less rules", "rank correlation"]
"""The head of the table of a judge's agreement with the rules; `judge_cells` gives its rows."""


def judge_cells(judged: Judged) -> list[tuple[str, ...]]:
    """The agreement, a row for each section."""
    return [
        (
            each.name,
            number(each.rules),
            number(each.judge),
            shown(each.difference),
            number(each.rank),
        )
        for each in judged.agreement
    ]


def judge_line(judged: Judged) -> str:
    """What the judge did, in a line."""
    usage = judged.usage
    cost = "" if judged.cost is None else f", {judged.cost:.4f} {judged.currency}"
    return (
        f"{judged.model} with the rubric's questions, beside the rules: {judged.plans} different "
        f"plans judged, {judged.unread} unscored because the answer cannot be read, "
        f"{judged.unanswered} without an answer; {usage.prompt_tokens} tokens in, "
        f"{usage.completion_tokens} out{cost}. Rank correlation is Kendall's tau-b over plans."
    )


def _judge(judged: Judged) -> list[str]:
    return ["## A model as judge", judge_line(judged), table(JUDGE, judge_cells(judged))]


def verdict(each: Difference) -> str:
    """What a difference means, in words."""
    if each.is_significant:
        return "differs"
    if each.p is None:
        return "one document shows nothing"
    if each.needed is None:
        return "no difference seen"
    if each.needed <= each.documents:
        return f"not shown, though {each.needed} documents mostly show one of this size"
    return f"not shown; about {each.needed} documents would be needed"


def shown(value: Interval | None) -> str:
    """`0.71 [0.65, 0.77]`."""
    if value is None:
        return "–"
    if value.low is None or value.high is None:
        return f"{value.mean:.2f}"
    return f"{value.mean:.2f} [{value.low:.2f}, {value.high:.2f}]"


def number(value: float | None, form: str = ".2f") -> str:
    """A number, or a dash."""
    return "–" if value is None else format(value, form)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; pipes in cells are escaped."""
    lines = [head, [":--"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def cost_cells(entry: Entry) -> tuple[str, ...]:
    """What a system's plans took, as a row of a table."""
    cost = "–" if entry.cost is None else f"{entry.cost:.4f} {entry.currency}"
    counts = (entry.prompt_tokens, entry.completion_tokens, entry.per_hour)
    return (
        entry.system,
        number(entry.p50, ".1f"),
        number(entry.p95, ".1f"),
        *(number(count, ".0f") for count in counts),
        cost,
    )


def difference_cells(each: Difference) -> tuple[str, ...]:
    """A difference as a row of a table."""
    span = Interval(mean=each.mean, low=each.low, high=each.high, documents=each.documents)
    return (
        each.first,
        each.second,
        shown(span),
        str(each.documents),
        number(each.p, ".4f"),
        number(each.corrected, ".4f"),
        verdict(each),
    )
