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
OURS = "import sla_engine"
BASES = "import pendulum; from pydantic import BaseModel"
PROGRAMS = (EMPTY, OURS, BASES)


def nanoseconds_of(program: str, folder: str) -> int:
    """Time one process; all bytecode is in the folder, whether or not a package was installed with its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    start = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", program], check=True, cwd=folder, env=environment)  # noqa: S603  (itself)
    return time.perf_counter_ns() - start


def against_bases(effort: Effort) -> list[Row]:
    """Compare the medians of processes in turns, each less that of an empty process."""
    with tempfile.TemporaryDirectory() as folder:
        for program in PROGRAMS:
            nanoseconds_of(program, folder)  # writes the bytecode
        rounds = [tuple(nanoseconds_of(program, folder) for program in PROGRAMS) for _ in range(effort.processes)]
    empty, ours, bases = (statistics.median(taken) for taken in zip(*rounds, strict=True))
    spread = Spread.of((one - nothing) / (other - nothing) for nothing, one, other in rounds)
    return [
        Row(
            "import sla_engine : import pendulum and pydantic",
            OURS,
            BASES,
            Spread((ours - empty) / (bases - empty), spread.low, spread.high),
            {OURS: ours - empty, BASES: bases - empty},
            Goal("at most", 1.3),
            note="fresh processes, each less an empty one",
        )
    ]
