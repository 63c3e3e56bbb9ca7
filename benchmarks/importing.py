"""What `import sla_engine` costs, against the two packages that it stands on, in fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.measuring import Effort, Goal, Row, Spread

EMPTY = "pass"
BASES = "import pendulum; from pydantic import BaseModel"
OURS = "import sla_engine"
EVERYTHING = "from sla_engine import *"
CALENDAR = "from sla_engine import always_open; always_open()"
PROGRAMS = (EMPTY, BASES, OURS, EVERYTHING, CALENDAR)


def nanoseconds_of(program: str, folder: str) -> int:
    """Time one process; all bytecode is in the folder, whether or not a package was installed with its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    start = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", program], check=True, cwd=folder, env=environment)  # noqa: S603  (itself)
    return time.perf_counter_ns() - start


def against_bases(effort: Effort) -> list[Row]:
    """
    Compare the medians of processes in turns, each less that of an empty process.

    The rows without a goal show what is put off until it is asked for: the rest of the package, and the first calendar.
    """
    with tempfile.TemporaryDirectory() as folder:
        for program in PROGRAMS:
            nanoseconds_of(program, folder)  # writes the bytecode
        rounds = [[nanoseconds_of(program, folder) for program in PROGRAMS] for _ in range(effort.processes)]
    taken = dict(zip(PROGRAMS, zip(*rounds, strict=True), strict=True))
    net = {program: statistics.median(taken[program]) - statistics.median(taken[EMPTY]) for program in PROGRAMS}

    def row(what: str, program: str, goal: Goal | None = None) -> Row:
        each = zip(taken[program], taken[BASES], taken[EMPTY], strict=True)
        spread = Spread.of((ours - empty) / (bases - empty) for ours, bases, empty in each)
        ratio = Spread(net[program] / net[BASES], spread.low, spread.high)
        absolute = {name: net[name] for name in (program, BASES)}
        return Row(f"{what} : import pendulum and pydantic", program, BASES, ratio, absolute, goal)

    return [
        row("import sla_engine", OURS, Goal("at most", 1.3)),
        row("import everything in sla_engine", EVERYTHING),
        row("import sla_engine, make a calendar", CALENDAR),
    ]
