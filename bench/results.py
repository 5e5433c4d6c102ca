# SPDX-License-Identifier: Apache-2.0

"""What a benchmark has measured, and what is made of it: medians, ratios and tables. Pure: no clock, no file, no process.

A row is one measurement: a class of benchmarks, a system, a load, a round, and its figures. The medians of the rounds are shown.
Ours are compared with the best rival of the same class and load, for each figure with the rival that is best in it, and with
a baseline: the rows of an earlier run. Two roles are shown and not compared: a weaker system promises less than its class asks for,
and a bound is no database.
"""
import dataclasses
import statistics

OURS, RIVAL, WEAKER, BOUND = ROLES = ("ours", "rival", "weaker", "bound")


@dataclasses.dataclass(frozen=True)
class Load:
    """An operation, over so many connections, with so many requests in flight on each."""
    operation: str
    connections: int
    in_flight: int = 1

    def __str__(self):
        return f"{self.operation}, {self.connections:,} × {self.in_flight}"


@dataclasses.dataclass(frozen=True)
class Figures:
    """None: not measured. gap_ms: the longest time without an answer to any client, client_gap_ms: to one of them."""
    per_second: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None
    gap_ms: float | None = None
    client_gap_ms: float | None = None

    @classmethod
    def of(cls, answer):
        """The figures of a load generator's answer, which may say more."""
        return cls(**{name: answer[name] for name in FIGURES if answer.get(name) is not None})


FIGURES = tuple(field.name for field in dataclasses.fields(Figures))
HEADS = {"per_second": "per second", "p50_us": "p50", "p99_us": "p99", "gap_ms": "longest gap", "client_gap_ms": "of one client"}


@dataclasses.dataclass(frozen=True)
class Row:
    kind: str  # the class
    system: str
    role: str
    load: Load
    round: int
    figures: Figures

    def to_json(self):
        figures = {name: value for name, value in dataclasses.asdict(self.figures).items() if value is not None}
        return {"class": self.kind, "system": self.system, "role": self.role, **dataclasses.asdict(self.load),
                "round": self.round, **figures}

    @classmethod
    def from_json(cls, one):
        if one["role"] not in ROLES:
            raise ValueError(f"no role: {one['role']}")
        return cls(one["class"], one["system"], one["role"], Load(one["operation"], one["connections"], one["in_flight"]),
                   one["round"], Figures.of(one))


@dataclasses.dataclass(frozen=True)
class Median:
    kind: str
    system: str
    role: str
    load: Load
    rounds: int
    figures: Figures

    @property
    def key(self):
        return self.kind, self.load, self.system


def quantile(ordered, share):
    """Of values in ascending order; the nearest one below."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def medians(rows):
    """One for each class, load and system: by class and load as they came, ours first and bounds last within each load."""
    groups = {}
    for row in rows:
        groups.setdefault((row.kind, row.load, row.system), []).append(row)
    found = []
    for (kind, load, system), group in groups.items():
        middle = {}
        for name in FIGURES:
            values = [value for row in group if (value := getattr(row.figures, name)) is not None]
            if values:
                middle[name] = statistics.median(values)
        found.append(Median(kind, system, group[0].role, load, len(group), Figures(**middle)))
    kinds = list(dict.fromkeys(row.kind for row in rows))
    loads = sorted(dict.fromkeys(row.load for row in rows), key=lambda load: (load.in_flight, load.connections))
    operations = list(dict.fromkeys(row.load.operation for row in rows))
    return sorted(found, key=lambda m: (kinds.index(m.kind), operations.index(m.load.operation), loads.index(m.load),
                                        ROLES.index(m.role)))


def best_rival(found, kind, load, figure):
    """The rival's median that is best in this figure; None without a rival that was measured."""
    rivals = [m for m in found if (m.kind, m.load, m.role) == (kind, load, RIVAL) and getattr(m.figures, figure)]
    if not rivals:
        return None
    choose = max if figure == "per_second" else min
    return choose(rivals, key=lambda m: getattr(m.figures, figure))


def ratio(one, other, figure):
    """How many times the other's figure this one's is; None when either has none."""
    mine, base = getattr(one.figures, figure), getattr(other.figures, figure) if other else None
    return mine / base if mine is not None and base else None


def beside_rivals(found, median):
    """{figure: (ratio, the rival's name)} of one of ours."""
    out = {}
    for figure in FIGURES:
        rival = best_rival(found, median.kind, median.load, figure)
        times = ratio(median, rival, figure) if rival else None
        if times is not None:
            out[figure] = times, rival.system
    return out


def leading(figures):
    """The figure by which a class is judged."""
    return "gap_ms" if figures.gap_ms is not None else "per_second"


# --- texts


def duration(us):
    if us < 1000:
        return f"{us:.0f} µs"
    return f"{us / 1000:.3g} ms" if us < 999_500 else f"{us / 1e6:.3g} s"


def shown(figure, value):
    if value is None:
        return ""
    return f"{value:,.0f}" if figure == "per_second" else duration(value * 1000 if figure.endswith("_ms") else value)


def rival_cell(found, median):
    """`1.24 × Redis; p50 0.81 × Redis`: the leading figure, and the median latency."""
    if median.role != OURS:
        return ""
    ratios = beside_rivals(found, median)
    parts = []
    for figure, prefix in ((leading(median.figures), ""), ("p50_us", "p50 ")):
        if figure in ratios:
            times, name = ratios[figure]
            parts.append(f"{prefix}{times:.2f} × {name}")
    return "; ".join(parts)


def baseline_cell(before, median):
    old = before.get(median.key)
    times = ratio(median, old, leading(median.figures)) if old else None
    return "" if times is None else f"{times:.2f} ×"


def table(found, kind, baseline=()):
    """The medians of one class in Markdown, padded, so that it reads well as text too. `baseline`: medians of an earlier run."""
    of_kind = [m for m in found if m.kind == kind]
    before = {m.key: m for m in baseline}
    columns = [name for name in FIGURES if any(getattr(m.figures, name) is not None for m in of_kind)]
    lines = [["load", "system", *(HEADS[name] for name in columns), "beside the best rival"] +
             (["beside the baseline"] if before else [])]
    for median in of_kind:
        lines.append([str(median.load), median.system, *(shown(name, getattr(median.figures, name)) for name in columns),
                      rival_cell(found, median)] + ([baseline_cell(before, median)] if before else []))
    return markdown(lines, right=range(2, 2 + len(columns)))


def markdown(lines, right=()):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    pad = lambda i, text: text.rjust(widths[i]) if i in right else text.ljust(widths[i])  # noqa: E731
    rule = ["-" * (width - 1) + ":" if i in right else "-" * width for i, width in enumerate(widths)]
    return "\n".join("| " + " | ".join(pad(i, cell) for i, cell in enumerate(line)) + " |" for line in [lines[0], rule, *lines[1:]])
