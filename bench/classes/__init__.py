# SPDX-License-Identifier: Apache-2.0

"""The classes of benchmarks, in the order in which they run.

A class is a module with
  NAME, TITLE, ABOUT   what is measured and how, for readers of the table
  CHARTS               the charts that charts.py draws of it
  systems(options)     [System]; each of them is started once in every round, alone on the machine
  measure(store, options)
                       yields (addition to the system's name, Load, what the load generator answered)
"""
import dataclasses
import importlib

MODULES = {"memory": "writes", "durable": "durable_writes", "http": "over_http", "near": "near", "listeners": "listeners",
           "failover": "failover"}


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says."""
    rounds: int = 3
    seconds: float = 3  # of each measurement
    sites: int = 1_000_000  # of the class near
    systems: tuple = ()  # only these; none: all
    data: str | None = None  # where the stores' data lies


def module(name):
    return importlib.import_module(f"classes.{MODULES[name]}")
