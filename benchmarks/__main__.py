"""Run all comparisons: `python -m benchmarks [--quick] [--json]`. Exits with 1 where a goal is missed."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys

from benchmarks import (
    adding,
    clocks,
    column_peers,
    columns,
    compiling,
    engines,
    events,
    importing,
    logs,
    memory,
    peers,
    reference,
    spark,
    uptimes,
)
from benchmarks.measuring import Effort, Row, Size, progress

COMPARISONS = (
    adding.against_conversion,
    adding.long_against_short,
    peers.against_pandas,
    peers.against_businesstimedelta,
    compiling.against_exchange_calendars,
    importing.against_bases,
    clocks.against_a_deadline,
    clocks.by_events_and_by_time,
    logs.through_the_command_line,
    uptimes.from_arrays,
    uptimes.from_pairs,
    columns.deadlines,
    columns.by_workers,
    columns.front_ends,
    column_peers.as_of_joins,
    events.against_a_group_by,
    memory.beyond_inputs_and_outputs,
    engines.in_duckdb,
    spark.on_spark,
    reference.questions,
    reference.throughput,
)
PACKAGES = (
    "sla_engine",
    "holidays",
    "pendulum",
    "pydantic",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "duckdb",
    "pyspark",
    "businesstimedelta",
    "exchange_calendars",
)


def table(rows: list[Row | Size]) -> str:
    """Return the rows as text in columns."""
    lines = [("ratio of the times of, or size of", "goal", "median", "quartiles", "", "each, for reference", "")]
    lines += [
        (
            row.what,
            str(row.goal or "-"),
            f"{row.measured.median:,.2f}",
            f"{row.measured.low:,.2f} to {row.measured.high:,.2f}",
            {True: "ok", False: "MISSED", None: ""}[row.met],
            row.reference,
            row.note,
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against peers, in one run.")
    parser.add_argument("--quick", action="store_true", help="few short rounds: shows that it works, not how fast")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    given = parser.parse_args()

    effort = Effort.quick() if given.quick else Effort.full()
    rows: list[Row | Size] = []
    for compare in COMPARISONS:
        progress(f"measuring {compare.__module__.rpartition('.')[2]}.{compare.__name__} ...")
        rows += compare(effort)
    missed = [row for row in rows if row.met is False]
    if given.json:
        data = {
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "rows": [row.to_data() for row in rows],
        }
        print(json.dumps(data, indent=2))
    else:
        print(table(rows))
        print(f"\ngoals missed: {len(missed)}" if missed else "\nall goals met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
