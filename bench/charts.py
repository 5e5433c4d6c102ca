# SPDX-License-Identifier: Apache-2.0

"""Charts of a run as SVG files, by matplotlib. Without it there are none, and a sentence says so."""
import os
import sys

import classes
from results import FIGURES, OURS

INK = "#222222"


def plotting():
    """matplotlib.pyplot, set so that equal figures give equal files; None without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        print("bench: no charts: python3-matplotlib not found. Install it: apt-get install python3-matplotlib", file=sys.stderr)
        return None
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "titer", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False,
                                "axes.spines.right": False, "axes.edgecolor": INK, "figure.figsize": (7, 4.5), "legend.frameon": False})
    from matplotlib import pyplot
    return pyplot


def series(found, kind, operation, in_flight=None):
    """{system: its medians}, by the number of connections."""
    out = {}
    for median in found:
        if median.kind == kind and median.load.operation == operation and in_flight in (None, median.load.in_flight):
            out.setdefault((median.system, median.role), []).append(median)
    return {key: sorted(some, key=lambda m: (m.load.in_flight, m.load.connections)) for key, some in out.items()}


def line_of(role):
    return {"linewidth": 2.4 if role == OURS else 1.2, "linestyle": "-" if role == OURS else "--", "marker": "o", "markersize": 4}


def latency(axes, found, kind, operation):
    for (system, role), some in series(found, kind, operation).items():
        points = [m for m in some if m.figures.per_second and m.figures.p50_us]
        line = axes.plot([m.figures.per_second for m in points], [m.figures.p50_us / 1000 for m in points], label=system, **line_of(role))
        high = [m for m in points if m.figures.p99_us]
        axes.plot([m.figures.per_second for m in high], [m.figures.p99_us / 1000 for m in high], ":", linewidth=.8,
                  color=line[0].get_color())
    axes.set(xscale="log", yscale="log", xlabel=f"{operation}s per second", ylabel="latency in ms: p50, and p99 (dotted)")


def connections(axes, found, kind, operation):
    for (system, role), some in series(found, kind, operation, in_flight=1).items():
        axes.plot([m.load.connections for m in some], [m.figures.per_second for m in some], label=system, **line_of(role))
    ticks = sorted({m.load.connections for m in found if m.kind == kind and m.load.in_flight == 1})
    axes.set(xscale="log", yscale="log", xlabel="connections, one request in flight on each", ylabel=f"{operation}s per second")
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()


def gaps(axes, found, kind, operation):
    some = [m for m in found if m.kind == kind and m.load.operation == operation and m.figures.gap_ms is not None]
    for i, (figure, label) in enumerate((("gap_ms", "no client was answered"), ("client_gap_ms", "one client was not answered"))):
        assert figure in FIGURES
        bars = axes.barh([n + .2 - .4 * i for n in range(len(some))], [getattr(m.figures, figure) for m in some], .38, label=label)
        axes.bar_label(bars, fmt="%.0f ms", padding=3)
    axes.set_yticks(range(len(some)), [m.system for m in some])
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="longest time in ms", xlim=(1, 5 * max((m.figures.client_gap_ms or 1 for m in some), default=1)))


CHARTS = {"latency": (latency, "Latency against throughput"), "connections": (connections, "Throughput against connections"),
          "gaps": (gaps, "The longest time without an answer")}


def draw(folder, found):
    """Draws every chart of every class that was measured. {class: [(title, file)]}"""
    pyplot = plotting()
    drawn = {}
    if pyplot is None:
        return drawn
    for kind in dict.fromkeys(m.kind for m in found):
        for name in classes.module(kind).CHARTS:
            for operation in dict.fromkeys(m.load.operation for m in found if m.kind == kind):
                chart, title = CHARTS[name]
                figure, axes = pyplot.subplots(layout="constrained")
                chart(axes, found, kind, operation)
                axes.set_title(f"{title}: {kind}, {operation}", loc="left")
                axes.grid(True, alpha=.25)
                axes.legend()
                file = f"{kind}-{operation.replace(' ', '-')}-{name}.svg"
                figure.savefig(os.path.join(folder, file), metadata={"Date": None})
                pyplot.close(figure)
                drawn.setdefault(kind, []).append((f"{title}: {operation}", file))
    return drawn
