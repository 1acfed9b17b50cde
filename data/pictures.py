"""Charts as PNG files for the dataset's card; the same charts give the same bytes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from data.statistics import Chart

FOLDER: Final = "images"
COLOURS: Final = ("#2a6f97", "#e07a5f", "#5b9a77", "#d9a441")
_MOST_LABELS: Final = 20
"""Labels that an upright axis has room for."""


def write_pictures(folder: Path, charts: Iterable[Chart]) -> None:
    """Write each chart to `images/<name>.png` in `folder`."""
    (folder / FOLDER).mkdir(exist_ok=True)
    for chart in charts:
        _write(folder / FOLDER / f"{chart.name}.png", chart)


def _write(path: Path, chart: Chart) -> None:
    # `pyplot` would look for a screen and keep every figure.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    count, groups = len(chart.labels), len(chart.series)
    height = 3.2 if chart.numeric else 0.9 + count * (0.16 + 0.09 * groups)
    figure = Figure(figsize=(7.5, max(2.2, height)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    width = 0.84 / groups
    for number, (name, values) in enumerate(chart.series):
        places = [place - 0.42 + width * (number + 0.5) for place in range(count)]
        draw = axes.bar if chart.numeric else axes.barh
        draw(places, values, width, label=name, color=COLOURS[number % len(COLOURS)])
    if chart.numeric:
        step = -(-count // _MOST_LABELS)
        axes.set_xticks(range(0, count, step), chart.labels[::step], fontsize=8)
        axes.set_xlabel(chart.axis)
        axes.set_ylabel(chart.unit)
    else:
        axes.set_yticks(range(count), chart.labels, fontsize=8)
        axes.set_ylim(count - 0.4, -0.6)
        axes.set_xlabel(chart.unit)
    axes.set_title(chart.title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    if groups > 1:
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Software": None})
