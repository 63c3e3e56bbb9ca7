"""What a whole event log costs: from the file to the report, through the command line, in a process of its own."""

from __future__ import annotations

import csv
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import Effort, Goal, Row, Spread, progress

HERE = Path(__file__).parent
HELPDESK = HERE.parents[1] / "shared" / "data" / "tickets" / "helpdesk_it.csv.gz"
DEMO = HERE.parent / "docs" / "demo" / "events.csv"
EVERY_EVENT = 50_000
"""Nanoseconds: 20,000 events a second."""


def _command(folder: Path) -> tuple[list[str], Path, str]:
    """Return the command that reports on the log, the log, and what it is called."""
    if not HELPDESK.is_file():
        progress("the help desk's log is not there; the demo's stands in for it")
        return [str(DEMO), "--at", "2026-03-31T15:00:00Z"], DEMO, "the demo's event log"
    log = folder / "helpdesk.csv"
    log.write_bytes(gzip.decompress(HELPDESK.read_bytes()))
    options = ["--mapping", str(HERE / "helpdesk_mapping.toml"), "--policy", str(HERE / "helpdesk_policy.toml")]
    return [str(log), *options, "--at", "2014-02-01T00:00:00Z"], log, "a help desk's event log, three clocks a ticket"


def _rows(log: Path) -> int:
    with log.open(encoding="utf-8", newline="") as file:
        return len(list(csv.reader(file))) - 1


def through_the_command_line(effort: Effort) -> list[Row]:
    """Compare a report on a log with 20,000 events a second, and with reading the file by the csv module."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments, log, what = _command(folder)
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": name}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-m", "sla_engine", "report", *arguments, "--output", str(folder / "report.txt")]
        events = _rows(log)
        ours: list[int] = []
        theirs: list[int] = []
        for number in range(effort.processes // 4 + 2):
            start = time.perf_counter_ns()
            subprocess.run(command, check=True, env=environment)  # noqa: S603  (itself)
            ours.append((time.perf_counter_ns() - start) // events)
            start = time.perf_counter_ns()
            assert _rows(log) == events
            theirs.append((time.perf_counter_ns() - start) // events)
            if not number:
                ours.clear()  # the first wrote the bytecode
                theirs.clear()
    median = statistics.median(ours)
    absolute = {"report": median, "csv": statistics.median(theirs), "20,000 a second": float(EVERY_EVENT)}
    note = f"{events:,} events, {1e9 / median:,.0f} a second"
    return [
        Row(
            f"{what}, an event : 20,000 a second",
            "report",
            "20,000 a second",
            Spread.of([one / EVERY_EVENT for one in ours]),
            absolute,
            Goal("at most", 1),
            note,
        ),
        Row(
            f"{what} : reading it with csv",
            "report",
            "csv",
            Spread.of([one / other for one, other in zip(ours, theirs, strict=True)]),
            absolute,
        ),
    ]
