# SPDX-License-Identifier: Apache-2.0

"""A run on disk: results.json, which a later run may take as its baseline, and README.md with tables and charts."""
import datetime
import json
import os
import platform
import subprocess
import sys

import charts
import classes
from processes import ROOT, TITER
from results import Row, markdown, medians, table


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {"processor": models[0] if models else platform.machine(), "processors": os.cpu_count(), "kernel": platform.release(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30, 1)}


def commit():
    told = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True,
                          check=False)
    if told.returncode == 0:
        return told.stdout.strip()
    with open(os.path.join(ROOT, ".commit"), encoding="utf-8") as file:
        return file.read().split()[0]


def version():
    return subprocess.run([TITER, "--version"], capture_output=True, text=True, check=False).stdout.strip()


class Report:
    """What a run has found so far."""

    def __init__(self, options, baseline=None):
        self.about = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "commit": commit(),
                      "titer": version(), "machine": machine(),
                      "options": {"rounds": options.rounds, "seconds": options.seconds, "sites": options.sites}}
        self.options, self.rows, self.notes, self.baseline = options, [], {}, baseline
        self.skipped, self.failed = [], []  # sentences
        self.meanings = {}  # class -> {system: what an answer means}

    def baseline_medians(self):
        return medians([Row.from_json(one) for one in self.baseline["rows"]]) if self.baseline else []

    def kinds(self):
        return list(dict.fromkeys(row.kind for row in self.rows))

    def remarks(self):
        """Sentences about the run as a whole."""
        out = [*self.skipped, *self.failed]
        if self.baseline:
            mine, other = self.about["machine"], self.baseline["machine"]
            differ = [key for key in ("processor", "processors") if mine[key] != other[key]]
            out.append(f"The baseline is commit {self.baseline['commit']} of {self.baseline['date']}" + (
                f"; its machine is another one ({', '.join(f'{key}: {other[key]}' for key in differ)}), so do not compare" if differ else ""))
        return out

    def section(self, kind):
        """One class in Markdown, without charts."""
        module = classes.module(kind)
        text = [f"## {module.TITLE}", "", module.ABOUT.format(sites=self.options.sites), "",
                table(medians(self.rows), kind, self.baseline_medians()), ""]
        meanings = self.meanings.get(kind, {})
        text += [markdown([["system", "what an answer means"], *([name, means] for name, means in meanings.items())]), ""]
        text += [f"- {note}." for note in self.notes.get(kind, ())]
        return "\n".join(text).rstrip() + "\n"

    def markdown(self, drawn):
        """`drawn`: class -> [(title, file)]."""
        about, machine_ = self.about, self.about["machine"]
        text = [f"# Benchmarks of {about['date']}", "",
                f"Commit {about['commit']} ({about['titer']}); {machine_['processors']} × {machine_['processor']}, "
                f"{machine_['memory_gib']} GiB, Linux {machine_['kernel']}. Medians of {self.options.rounds} rounds, {self.options.seconds:g} s "
                "for each measurement; every system runs in every round, one at a time. The load generators share the processors with "
                "the servers. `results.json` has every single measurement.", ""]
        text += [f"- {remark}." for remark in self.remarks()] + ([""] if self.remarks() else [])
        for kind in self.kinds():
            text += [self.section(kind), *(f"![{title}]({file})\n" for title, file in drawn.get(kind, ()))]
        return "\n".join(text).rstrip() + "\n"

    def write(self, folder):
        os.makedirs(folder, exist_ok=True)
        whole = {**self.about, "skipped": self.skipped, "failed": self.failed, "notes": self.notes,
                 "rows": [row.to_json() for row in self.rows]}
        with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as file:
            json.dump(whole, file, indent=1, ensure_ascii=False)
            file.write("\n")
        drawn = charts.draw(folder, medians(self.rows))
        with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as file:
            file.write(self.markdown(drawn))

    def show(self):
        for kind in self.kinds():
            print("\n" + self.section(kind))
        for remark in self.remarks():
            print(f"{remark}.")


def read_baseline(path):
    try:
        with open(path, encoding="utf-8") as file:
            baseline = json.load(file)
        [Row.from_json(one) for one in baseline["rows"]]
        baseline["machine"]["processors"], baseline["commit"], baseline["date"]  # noqa: B018  all that is used later
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"bench: {path} is no results.json of an earlier run: {error!r}")
    return baseline
