"""
What a deadline costs in a column of ten million: against adding two such columns, and against pandas, a row; by two
workers against one; and for columns of data frames, against the integers in them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from sla_engine import BusinessCalendar, Holidays, frames
from sla_engine.frames import NULL, kernel_of
from sla_engine.frames.workers import Workers
from sla_engine.instants import to_micros

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

ROWS = 10_000_000
HOUR = 3_600_000_000
FIRST, LAST = (to_micros(pd.Timestamp(year=year, month=1, day=1, tz="UTC")) for year in (2005, 2025))
ZONE = "Europe/Rome"


def calendar(*windows: str) -> BusinessCalendar:
    """Return a calendar of twenty years with holidays."""
    return BusinessCalendar(zone=ZONE, hours={"mon-fri": list(windows)}, holidays=Holidays(country="IT"))


def random_rows() -> tuple[Ints, Ints]:
    """Return starts and amounts, the same each time; among the amounts are zero, negative ones, and none."""
    random = np.random.default_rng(20260302)
    starts = random.integers(FIRST, LAST, ROWS)
    amounts = random.integers(-8 * HOUR, 40 * HOUR, ROWS)
    amounts[::20] = 0
    amounts[::50] = NULL
    return starts, amounts


def some_rows(count: int) -> list[int]:
    """Return the numbers of some rows, the same each time."""
    rows: list[int] = np.random.default_rng(7).integers(0, ROWS, count).tolist()
    return rows


def at_least(rounds: int, effort: Effort) -> Effort:
    """Return an effort of fewer rounds, for sides that take long."""
    return Effort(max(effort.rounds // 15, rounds), effort.nanoseconds, effort.processes)


def deadlines(effort: Effort) -> list[Row]:
    """Compare random rows with `np.add`."""
    starts, amounts = random_rows()
    plain, lunch = kernel_of(calendar("09:00-18:00")), kernel_of(calendar("09:00-13:00", "14:00-18:00"))
    out, other = np.empty_like(starts), np.empty_like(starts)
    rows = some_rows(2_000)
    for kernel in (plain, lunch):
        kernel.add(starts, amounts, out=out)
        for row in rows:
            start, amount = int(starts[row]), int(amounts[row])
            assert out[row] == (NULL if amount == NULL else kernel.calendar.timeline.add(start, amount))
    hours = pd.offsets.CustomBusinessHour(4, start="09:00", end="18:00", holidays=[])
    few = [pd.Timestamp(int(starts[row]), unit="us") for row in rows[:200]]
    sides = [
        Side("add", lambda: plain.add(starts, amounts, out=out), ROWS),
        Side("with a break", lambda: lunch.add(starts, amounts, out=out), ROWS),
        Side("np.add", lambda: np.add(starts, amounts, out=other), ROWS),
        Side("pandas", lambda: [start + hours for start in few], len(few)),
    ]
    times = in_turns(sides, at_least(5, effort))
    note = f"{ROWS:,} random rows, one thread"
    return [
        times.row("add, a column : np.add", "add", "np.add", goal=Goal("at most", 16, aim=10), note=note),
        times.row("add, a column, with a lunch break : np.add", "with a break", "np.add", goal=Goal("at most", 22)),
        times.row(
            "pandas CustomBusinessHour, a row : add, a row of a column", "pandas", "add", goal=Goal("at least", 3000)
        ),
    ]


def by_workers(effort: Effort) -> list[Row]:
    """
    Compare one thread with two worker processes, over the same memory, which they share.

    The row without a goal shows what the machine has to give at this time: two processes that know nothing of each
    other, with a half of the rows each.
    """
    office, half = calendar("09:00-18:00"), ROWS // 2
    kernel = kernel_of(office)
    with Workers(2) as workers, Workers(1) as left, Workers(1) as right, ThreadPoolExecutor(2) as threads:
        starts, amounts = (workers.array(column) for column in random_rows())
        out, other = workers.empty(ROWS), workers.empty(ROWS)
        spread = workers.kernel_of(office)
        assert (kernel.add(starts, amounts, out=other) == spread.add(starts, amounts, out=out)).all()
        parts = [
            (one.kernel_of(office), one.array(starts[part]), one.array(amounts[part]), one.empty(half))
            for one, part in ((left, slice(half)), (right, slice(half, None)))
        ]
        sides = [
            Side("one", lambda: kernel.add(starts, amounts, out=other), ROWS),
            Side("two workers", lambda: spread.add(starts, amounts, out=out), ROWS),
            Side("apart", lambda: list(threads.map(lambda part: part[0].add(*part[1:3], out=part[3]), parts)), ROWS),
        ]
        times = in_turns(sides, at_least(15, effort))
        assert (np.concatenate([part[3] for part in parts]) == out).all()
    goal, note = Goal("at least", 1.7), "needs two processors that have nothing else to do"
    return [
        times.row("add, a column, one thread : two workers", "one", "two workers", goal=goal, note=note),
        times.row("add, a column, one thread : two processes, a half each", "one", "apart"),
    ]


def front_ends(effort: Effort) -> list[Row]:
    """Compare columns of data frames with the kernel on the integers in them, one amount for all."""
    office = calendar("09:00-18:00")
    kernel, (starts, _) = kernel_of(office), random_rows()
    of_pandas = pd.Series(starts.view("datetime64[us]")).dt.tz_localize("UTC").dt.tz_convert(ZONE)
    of_polars = pl.Series(starts).cast(pl.Datetime("us", ZONE))
    of_arrow = pa.array(starts).cast(pa.timestamp("us", ZONE))
    due = kernel.add(starts, 4 * HOUR)
    found = [
        frames.add(of_pandas, "4h", office).to_numpy("datetime64[us]").view(np.int64),
        frames.add(of_polars, "4h", office).to_physical().to_numpy(),
        frames.add(of_arrow, "4h", office).cast(pa.int64()).to_numpy(),
    ]
    assert all((one == due).all() for one in found)
    found.clear()
    sides = [
        Side("kernel", lambda: kernel.add(starts, 4 * HOUR), ROWS),
        Side("pandas", lambda: frames.add(of_pandas, "4h", office), ROWS),
        Side("Polars", lambda: frames.add(of_polars, "4h", office), ROWS),
        Side("Arrow", lambda: frames.add(of_arrow, "4h", office), ROWS),
    ]
    times = in_turns(sides, at_least(7, effort))
    return [
        times.row(f"add, a column of {name} : its integers", name, "kernel", goal=Goal("at most", 1.5))
        for name in ("pandas", "Polars", "Arrow")
    ]
