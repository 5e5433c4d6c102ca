#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""titer and its rivals, measured in turns: `./dev bench all`, or `./dev bench CLASS`. Explained in README.md.

In every round every system of a class is started, filled, measured and ended, one at a time; so a slow minute of the machine is
everybody's, and nothing else runs beside the one that is measured. Medians of the rounds are shown. A system that is not
installed is skipped with a sentence; one that fails is left out of the round, and the exit code is 1.
"""
import argparse
import os
import sys
import tempfile
import traceback

import classes
from processes import TITER, Processes, Trouble
from report import Report, read_baseline
from results import Figures, Row


def say(text):
    print(text, file=sys.stderr, flush=True)


def one_system(kind, module, system, number, options, report):
    """Starts one system, measures all its loads, and ends it."""
    place = getattr(module, "folder", lambda: None)() or options.data
    folders = tempfile.TemporaryDirectory(prefix="titer-bench-", dir=place, ignore_cleanup_errors=True)
    with folders as folder, Processes() as processes:
        store = system.start(processes, folder)
        for addition, load, answer in module.measure(store, options):
            row = Row(kind, system.name + addition, system.role, load, number, Figures.of(answer))
            report.rows.append(row)
            say(f"  {kind:9} {row.system:24} {str(load):26} " + ", ".join(
                f"{name} {value:,.0f}" for name in vars(row.figures) if (value := getattr(row.figures, name)) is not None))
        if number == options.rounds - 1 and hasattr(store, "notes"):
            report.notes.setdefault(kind, []).extend(store.notes())


def one_round(number, kinds, options, report):
    for kind in kinds:
        module = classes.module(kind)
        for system in module.systems(options):
            if options.systems and system.name not in options.systems:
                continue
            if sentence := system.missing():
                if number == 0:
                    say(f"bench: {kind}: {sentence}")
                    report.skipped.append(f"{kind}: {sentence}")
                continue
            report.meanings.setdefault(kind, {})[system.name] = system.means
            try:
                one_system(kind, module, system, number, options, report)
            except Exception as trouble:  # whatever it is, it is one system's: the others are still measured
                if not isinstance(trouble, Trouble):
                    traceback.print_exc()
                say(f"bench: {kind}: {system.name} failed: {trouble}")
                report.failed.append(f"{kind}: {system.name} failed in round {number + 1}: {' '.join(str(trouble).split()) or repr(trouble)}")


def parsed(words):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n", maxsplit=1)[0])
    names = list(classes.MODULES)
    parser.add_argument("what", choices=["all", *names], help="all classes, or one")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="CLASS", help="of all: " + ", ".join(names))
    parser.add_argument("--rounds", type=int, default=classes.Options.rounds)
    parser.add_argument("--seconds", type=float, default=classes.Options.seconds, help="of each measurement")
    parser.add_argument("--sites", type=int, default=classes.Options.sites, help="of the class near")
    parser.add_argument("--systems", nargs="+", default=[], metavar="NAME", help="only these, by their names in the tables")
    parser.add_argument("--data", metavar="DIR", help="where the data lies: on the disk that is measured; default: the directory "
                        "of temporary files")
    parser.add_argument("--out", metavar="DIR", help="write results.json, README.md and charts there")
    parser.add_argument("--baseline", metavar="FILE", help="results.json of an earlier run on a machine of the same kind")
    options = parser.parse_args(words)
    if options.rounds < 1 or options.seconds <= 0 or options.sites < 1:
        parser.error("--rounds, --seconds and --sites must be above 0")
    return options


def main():
    words = parsed(sys.argv[1:])
    kinds = words.only if words.what == "all" else [words.what]
    options = classes.Options(words.rounds, words.seconds, words.sites, tuple(words.systems), words.data)
    known = {system.name for kind in kinds for system in classes.module(kind).systems(options)}
    if unknown := set(words.systems) - known:
        sys.exit(f"bench: there is no {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
    if not os.path.exists(TITER):
        sys.exit(f"bench: there is no {TITER}; build it with ./dev build, or name one in TITER_BIN")
    report = Report(options, read_baseline(words.baseline) if words.baseline else None)
    for number in range(options.rounds):
        say(f"round {number + 1} of {options.rounds}")
        one_round(number, kinds, options, report)
        if words.out:
            report.write(words.out)  # after every round: an interrupted run has what it has
    report.show()
    if words.out:
        say(f"bench: written: {os.path.join(words.out, 'README.md')}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
