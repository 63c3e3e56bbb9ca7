"""What a deadline costs with pandas and with businesstimedelta, on the same hours and holidays."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import businesstimedelta
import pandas as pd
import pytz  # type: ignore[import-untyped]

from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from benchmarks.office import YEARS, moments, office
from sla_engine import BusinessCalendar


def holidays_of(calendar: BusinessCalendar) -> list[date]:
    return [day for year in YEARS for day in calendar.holidays_in(year)]


def against_pandas(effort: Effort) -> list[Row]:
    """Compare 4 h. pandas is asked on the naive local clock, which agrees where no clock changes in open time."""
    calendar, starts, amount = office(), moments(40), timedelta(hours=4)
    naive = [pd.Timestamp(start.replace(tzinfo=None)) for start in starts]
    offset = pd.offsets.CustomBusinessHour(n=4, start="09:00", end="18:00", holidays=holidays_of(calendar))
    for start, local in zip(starts, naive, strict=True):
        assert calendar.add(start, amount).replace(tzinfo=None) == local + offset

    sides = [
        Side("pandas", lambda: [local + offset for local in naive], len(starts)),
        Side("add", lambda: [calendar.add(start, amount) for start in starts], len(starts)),
    ]
    times = in_turns(sides, effort)
    goal = Goal("at least", 20, aim=25)
    return [times.row("pandas CustomBusinessHour, 4 h : add 4 h", "pandas", "add", goal=goal)]


def against_businesstimedelta(effort: Effort) -> list[Row]:
    """Compare 400 h, and 4 h. The peer gets what is fastest for it: a set of dates, and moments of its kind of zone."""
    calendar, starts = office(), moments(6)
    zone = pytz.timezone("Europe/Rome")
    rules = businesstimedelta.Rules(
        [
            businesstimedelta.WorkDayRule(time(9), time(18), [0, 1, 2, 3, 4], tz=zone),
            businesstimedelta.HolidayRule(set(holidays_of(calendar)), tz=zone),
        ]
    )
    localized: list[datetime] = [zone.localize(start.replace(tzinfo=None)) for start in starts]

    def compared(hours: int, goal: Goal | None) -> Row:
        amount, wanted = timedelta(hours=hours), businesstimedelta.BusinessTimeDelta(rules, hours=hours)
        for start, local in zip(starts, localized, strict=True):
            assert calendar.add(start, amount) == local + wanted
        sides = [
            Side("businesstimedelta", lambda: [local + wanted for local in localized], len(starts)),
            Side("add", lambda: [calendar.add(start, amount) for start in starts], len(starts)),
        ]
        times = in_turns(sides, effort)
        return times.row(f"businesstimedelta, {hours} h : add {hours} h", "businesstimedelta", "add", goal=goal)

    return [compared(400, Goal("at least", 60, aim=80)), compared(4, None)]
