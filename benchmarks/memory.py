"""
How much memory ten million deadlines, or events, take beyond the columns that go in and come out, at the peak.

Each is measured in a process of its own, by what the system counts as resident: that is exact to a few pages, and
counts the memory of all libraries alike, whichever allocator they use. The count before the columns are made is taken
off, and their own size; so what an allocator keeps of their making counts too, as do the tables of the calendar. The
peak is counted from the call on (`/proc/self/clear_refs`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa

from benchmarks.columns import ROWS, ZONE, calendar, random_rows
from benchmarks.events import clocks_of, sorted_events
from benchmarks.measuring import Effort, Goal, Size, Spread, progress
from sla_engine import Calendar, frames
from sla_engine.frames import kernel_of

COLUMN = 8 * ROWS
MEBIBYTE = 2**20
CLEAR = Path("/proc/self/clear_refs")
Case = tuple[int, Callable[[Calendar], Any]]
"""How many columns of the rows' number go in and come out, and the question."""


def of_kernel(rows: int) -> Case:
    starts, amounts = (column[:rows] for column in random_rows())
    return 3, lambda office: kernel_of(office).add(starts, amounts)


def of_pandas(rows: int) -> Case:
    instants = pd.Series(random_rows()[0][:rows].view("datetime64[us]")).dt.tz_localize("UTC").dt.tz_convert(ZONE)
    return 2, lambda office: frames.add(instants, "4h", office)


def of_polars(rows: int) -> Case:
    instants = pl.Series(random_rows()[0][:rows]).cast(pl.Datetime("us", ZONE))
    return 2, lambda office: frames.add(instants, "4h", office)


def of_arrow(rows: int) -> Case:
    instants = pa.array(random_rows()[0][:rows]).cast(pa.timestamp("us", ZONE))
    return 2, lambda office: frames.add(instants, "4h", office)


def of_events(rows: int) -> Case:
    columns = sorted_events(rows // 5)
    return 3, lambda _: clocks_of(columns)


CASES: dict[str, Callable[[int], Case]] = {
    "the kernel": of_kernel,
    "pandas": of_pandas,
    "Polars": of_polars,
    "Arrow": of_arrow,
    "events": of_events,
}
GOALS = {"pandas": 2 * COLUMN / MEBIBYTE, "events": 6 * COLUMN / MEBIBYTE}
"""In mebibytes: for pandas two columns, for events twice their three columns; 64 for all else."""


def resident(what: str) -> int:
    """Return the bytes of this process that are resident (VmRSS), or were at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


def beyond(name: str) -> int:
    """Return the bytes that a question takes beyond its columns; asked once in a process."""
    make = CASES[name]
    make(1_000)[1](calendar("10:00-11:00"))  # what is imported is imported now
    before = resident("VmRSS")
    columns, ask = make(ROWS)
    CLEAR.write_text("5")
    found = ask(calendar("09:00-18:00"))
    peak = resident("VmHWM")
    return peak - before - columns * COLUMN - size_of(found)


def size_of(found: Any) -> int:
    """Return the bytes of an answer that is no column of the rows' number: the clocks of tickets."""
    if not isinstance(found, frames.ClockTable):
        assert len(found) == ROWS
        return 0
    arrays = (getattr(found, name) for name in found.__dataclass_fields__)
    return sum(one.nbytes for one in arrays if hasattr(one, "nbytes"))


def beyond_inputs_and_outputs(effort: Effort) -> list[Size]:
    """Measure the kernel, the front ends, and the clocks of sorted events."""
    if not os.access(CLEAR, os.W_OK):
        progress("  (this system does not tell the peak)")
        return []
    rows = []
    for name in CASES:
        found = [in_a_process(name) / MEBIBYTE for _ in range(max(effort.processes // 8, 2))]
        goal = Goal("at most", GOALS.get(name, 64))
        rows.append(Size(f"memory beyond inputs and outputs, {ROWS:,} rows, {name}", Spread.of(found), goal))
    return rows


def in_a_process(name: str) -> int:
    """Return the bytes that a question takes beyond its columns, in a fresh process."""
    root = Path(__file__).parent.parent
    run = subprocess.run(  # noqa: S603  (itself)
        [sys.executable, "-m", "benchmarks.memory", name], check=True, cwd=root, capture_output=True, text=True
    )
    return int(run.stdout)


if __name__ == "__main__":
    print(beyond(sys.argv[1]))
