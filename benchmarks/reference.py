"""What other questions cost, as ratios to the plainest one, without goals."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pendulum

from benchmarks.measuring import Effort, Row, Side, in_turns
from benchmarks.office import ZONE, moments, office
from sla_engine import BusinessCalendar

PLAIN = "add 4 h"
SHORT = timedelta(hours=4)


def questions(effort: Effort) -> list[Row]:
    """Compare each question with `add(datetime, timedelta)` from the same starts."""
    calendar, starts = office(), moments()
    america = BusinessCalendar(zone="America/Chicago", hours={"mon-fri": "09:00-17:00"})
    both = calendar | america
    spans = [(start, calendar.add(start, timedelta(hours=40))) for start in starts]
    of_pendulum = [pendulum.instance(start) for start in starts]
    of_pandas = [pd.Timestamp(start) for start in starts]
    for start, moment, stamp in zip(starts, of_pendulum, of_pandas, strict=True):
        due = calendar.add(start, SHORT)
        assert calendar.add(start, "4h") == due
        assert calendar.add(moment, SHORT) == due
        assert calendar.add(stamp, SHORT) == due
        assert both.elapsed(start, both.add(start, SHORT)) == SHORT
    for start, end in spans:
        assert calendar.elapsed(start, end) == timedelta(hours=40)

    ways = {
        PLAIN: lambda: [calendar.add(start, SHORT) for start in starts],
        'add "4h" as text': lambda: [calendar.add(start, "4h") for start in starts],
        "add 4 h to a pendulum.DateTime": lambda: [calendar.add(start, SHORT) for start in of_pendulum],
        "add 4 h to a pandas.Timestamp": lambda: [calendar.add(start, SHORT) for start in of_pandas],
        "add 4 h, union of two zones": lambda: [both.add(start, SHORT) for start in starts],
        "subtract 4 h": lambda: [calendar.subtract(start, SHORT) for start in starts],
        "elapsed, 40 h": lambda: [calendar.elapsed(start, end) for start, end in spans],
        "is_open": lambda: [calendar.is_open(start) for start in starts],
        "add 5 business days": lambda: [calendar.add_business_days(start, 5) for start in starts],
    }
    times = in_turns([Side(name, run, len(starts)) for name, run in ways.items()], effort)
    return [times.row(f"{name} : {PLAIN}", name, PLAIN) for name in ways if name != PLAIN]


def throughput(effort: Effort) -> list[Row]:
    """Answer for a thousand different tickets over ten years, with different amounts, and count."""
    calendar, starts = office(), moments()
    first = datetime(2024, 1, 1, tzinfo=ZONE)
    amounts = [timedelta(minutes=minutes) for minutes in (30, 60, 240, 480, 1440, 2400)]
    tickets = [(first + timedelta(minutes=5237 * number), amounts[number % 6]) for number in range(1_000)]
    for start, amount in tickets:
        assert calendar.elapsed(start, calendar.add(start, amount)) == amount

    name = "add, 1,000 tickets of ten years"
    sides = [
        Side(name, lambda: [calendar.add(start, amount) for start, amount in tickets], len(tickets)),
        Side(PLAIN, lambda: [calendar.add(start, SHORT) for start in starts], len(starts)),
    ]
    times = in_turns(sides, effort)
    note = f"{round(1e9 / times.median(name), -3):,.0f} adds a second"
    return [times.row(f"{name} : {PLAIN}", name, PLAIN, note=note)]
