"""What a deadline costs in a column of ten million: against adding two such columns, and against pandas, a row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from sla_engine import BusinessCalendar, Holidays
from sla_engine.frames import NULL, kernel_of
from sla_engine.instants import to_micros

ROWS = 10_000_000
HOUR = 3_600_000_000
FIRST, LAST = (to_micros(pd.Timestamp(year=year, month=1, day=1, tz="UTC")) for year in (2005, 2025))


def calendar(*windows: str) -> BusinessCalendar:
    """Return a calendar of twenty years with holidays."""
    return BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": list(windows)}, holidays=Holidays(country="IT"))


def deadlines(effort: Effort) -> list[Row]:
    """Compare random rows with `np.add`; among the amounts are zero, negative ones, and none."""
    random = np.random.default_rng(20260302)
    starts = random.integers(FIRST, LAST, ROWS)
    amounts = random.integers(-8 * HOUR, 40 * HOUR, ROWS)
    amounts[::20] = 0
    amounts[::50] = NULL
    plain, lunch = kernel_of(calendar("09:00-18:00")), kernel_of(calendar("09:00-13:00", "14:00-18:00"))
    out, other = np.empty_like(starts), np.empty_like(starts)
    rows = random.integers(0, ROWS, 2_000).tolist()
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
    times = in_turns(sides, Effort(max(effort.rounds // 15, 5), effort.nanoseconds, effort.processes))
    note = f"{ROWS:,} random rows, one thread"
    return [
        times.row("add, a column : np.add", "add", "np.add", goal=Goal("at most", 16, aim=10), note=note),
        times.row("add, a column, with a lunch break : np.add", "with a break", "np.add", goal=Goal("at most", 22)),
        times.row(
            "pandas CustomBusinessHour, a row : add, a row of a column", "pandas", "add", goal=Goal("at least", 3000)
        ),
    ]
