"""A dataset's statistics as text for a terminal, and as one HTML page that needs no network."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from data.pictures import COLOURS
from data.reasons import REASONS
from data.statistics import Chart, charts

_WIDTH: Final = 720
_PITCH: Final = 10
"""From one lying bar to the next; the figures behind them need it."""
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2733; --faint: #66727f; --line: #d7dde3;
  --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6ebf0; --faint: #9aa7b3; --line: #3a444e; --paper: #14191f; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.drawing { overflow-x: auto; }
svg { width: 100%; min-width: 640px; height: auto; }
svg text { fill: var(--ink); font-size: 11px; }
svg .faint { fill: var(--faint); } svg .line { stroke: var(--line); }
.key i { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; }
"""


def text_report(manifest: Mapping[str, Any]) -> str:
    """The statistics for a terminal."""
    return "\n".join(_lines(manifest))


def html_report(manifest: Mapping[str, Any], title: str) -> str:
    """The statistics as an HTML page with drawings in it, for light and dark screens."""
    parts = [
        f"<h1>{escape(title)}</h1>",
        "<h2>Splits</h2>",
        _table(("split", "examples", "tokens", "mean"), _split_rows(manifest)),
        "<h2>Sources</h2>",
        _table(("source", "read", "kept", "weight"), _source_rows(manifest)),
        "<h2>Left out</h2>",
        _table(("reason", "pairs", "what it means"), _rejected_rows(manifest)),
    ]
    for chart in charts(manifest["statistics"], manifest["rejected"]):
        parts += [f"<h2>{escape(chart.title)}</h2>", _key(chart), _drawing(chart)]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield from _columns(("split", "examples", "tokens", "mean"), _split_rows(manifest))
    yield ""
    yield from _columns(("source", "read", "kept", "weight"), _source_rows(manifest))
    if manifest["rejected"]:
        yield ""
        yield from _columns(("left out", "pairs", "because"), _rejected_rows(manifest))
    for chart in charts(manifest["statistics"], {}):
        yield ""
        yield f"{chart.title} ({chart.unit})"
        heads = (chart.axis.partition(",")[0], *(name for name, _ in chart.series))
        rows = (
            (label, *(f"{values[i]:.1f}" if values[i] else "" for _, values in chart.series))
            for i, label in enumerate(chart.labels)
        )
        yield from _columns(heads, [row for row in rows if any(row[1:])])


def _split_rows(manifest: Mapping[str, Any]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = []
    for split, kinds in manifest["statistics"].items():
        counts = kinds["rows"]
        tokens = counts["prompt tokens"] + counts["completion tokens"]
        rows.append((split, counts["examples"], tokens, round(tokens / counts["examples"])))
    return rows


def _source_rows(manifest: Mapping[str, Any]) -> list[Sequence[object]]:
    return [
        (each["name"], each["read"], each["kept"], _whole(each["weight"]))
        for each in manifest["sources"]
    ]


def _whole(weight: float) -> int | float:
    return int(weight) if weight == int(weight) else weight


def _rejected_rows(manifest: Mapping[str, Any]) -> list[Sequence[object]]:
    ordered = sorted(manifest["rejected"].items(), key=lambda item: (-item[1], item[0]))
    return [(reason, count, REASONS.get(reason, "")) for reason, count in ordered]


def _columns(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Rows as lines with aligned columns, numbers to the right."""
    lines = [[_shown(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    left = [not any(_is_number(line[i]) for line in lines[1:]) for i in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in lines
    ]


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).isdecimal()


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def cells(row: Sequence[object]) -> str:
        return "".join(
            f'<td class="number">{_shown(cell)}</td>'
            if isinstance(cell, int | float)
            else f"<td>{escape(str(cell))}</td>"
            for cell in row
        )

    listed = list(rows)
    # A head stands above its numbers.
    right = [any(isinstance(row[i], int | float) for row in listed) for i in range(len(head))]
    heads = "".join(
        f'<th class="number">{escape(name)}</th>' if to_right else f"<th>{escape(name)}</th>"
        for name, to_right in zip(head, right, strict=True)
    )
    lines = [f"<tr>{cells(row)}</tr>" for row in listed]
    return f"<table>\n<tr>{heads}</tr>\n" + "\n".join(lines) + "\n</table>"


def _key(chart: Chart) -> str:
    names = "".join(
        f'<i style="background:{COLOURS[i % len(COLOURS)]}"></i>{escape(name)}'
        for i, (name, _) in enumerate(chart.series)
    )
    return f'<p class="key">{escape(chart.unit)}{names}</p>'


def _drawing(chart: Chart) -> str:
    parts = list(_upright(chart) if chart.numeric else _lying(chart))
    height = 190 if chart.numeric else len(chart.labels) * _row(chart) + 6
    return (
        f'<div class="drawing"><svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(chart.title)}">' + "".join(parts) + "</svg></div>"
    )


def _row(chart: Chart) -> int:
    """The height of a label's row of lying bars."""
    return 8 + _PITCH * len(chart.series)


def _upright(chart: Chart) -> Iterator[str]:
    most = max((max(values, default=0) for _, values in chart.series), default=0) or 1
    step = (_WIDTH - 40) / len(chart.labels)
    width = step * 0.84 / len(chart.series)
    skip = -(-len(chart.labels) // 20)
    yield f'<line class="line" x1="40" x2="{_WIDTH}" y1="150" y2="150"/>'
    yield f'<text class="faint" x="0" y="14">{most:g}</text>'
    for i, label in enumerate(chart.labels):
        for number, (name, values) in enumerate(chart.series):
            tall = 140 * values[i] / most
            x = 40 + i * step + number * width
            yield _bar(x, 150 - tall, width, tall, number, f"{name}, {label}: {values[i]:g}")
        if i % skip == 0:
            x = 40 + (i + 0.42) * step
            yield f'<text x="{x:.1f}" y="166" text-anchor="middle">{escape(label)}</text>'
    yield f'<text class="faint" x="{_WIDTH}" y="184" text-anchor="end">{escape(chart.axis)}</text>'


def _lying(chart: Chart) -> Iterator[str]:
    most = max((max(values, default=0) for _, values in chart.series), default=0) or 1
    row = _row(chart)
    for i, label in enumerate(chart.labels):
        y = i * row + 4
        yield f'<text x="150" y="{y + row / 2:.1f}" text-anchor="end">{escape(label)}</text>'
        for number, (name, values) in enumerate(chart.series):
            long = (_WIDTH - 220) * values[i] / most
            said = f"{name}, {label}: {values[i]:g}"
            yield _bar(160, y + number * _PITCH, long, _PITCH - 2, number, said)
            if values[i]:
                place = f'x="{165 + long:.1f}" y="{y + number * _PITCH + 7}"'
                yield f'<text class="faint" {place} style="font-size:8px">{values[i]:g}</text>'


def _bar(x: float, y: float, width: float, height: float, number: int, said: str) -> str:
    colour = COLOURS[number % len(COLOURS)]
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{colour}"><title>{escape(said)}</title></rect>'
    )
