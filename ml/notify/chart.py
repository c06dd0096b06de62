"""A chart as a PNG picture for e-mail, in the colours of the screens on white."""

import io
from functools import lru_cache

from ml.notify.messages import Chart

BLUE, INK, RULE = "#0072B2", "#14212E", "#DCE3EB"
INCHES, DPI = (5.6, 2.6), 150
WORDY = 5  # labels longer than this stand beside lying bars
KEPT = 64


@lru_cache(maxsize=KEPT)
def png(chart: Chart) -> bytes:
    """The picture: standing bars with their ranges, or lying ones where the labels are names."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lying = any(len(label) > WORDY + 4 for label in chart.labels)
    height = max(INCHES[1], 0.34 * len(chart.labels) + 0.4) if lying else INCHES[1]
    figure = Figure(figsize=(INCHES[0], height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = range(len(chart.values))
    spread = _spread(chart)
    if lying:
        axes.barh(places, chart.values, color=BLUE, height=0.62)
        axes.set_yticks(places, [label[:28] for label in chart.labels], parse_math=False)
        axes.invert_yaxis()
        axes.set_xticks([])
    else:
        axes.bar(places, chart.values, color=BLUE, width=0.62, yerr=spread, ecolor=INK, capsize=4)
        axes.set_xticks(places, chart.labels, parse_math=False)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.tight_layout()
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _spread(chart: Chart) -> list[list[float]] | None:
    """How far the range reaches below and above each bar; None where the chart has none."""
    if not chart.low or not chart.high:
        return None
    below = [max(value - low, 0.0) for value, low in zip(chart.values, chart.low, strict=True)]
    above = [max(high - value, 0.0) for value, high in zip(chart.values, chart.high, strict=True)]
    return [below, above]
