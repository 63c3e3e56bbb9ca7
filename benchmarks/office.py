"""The calendar that most rows ask, and the moments that they ask about."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sla_engine import BusinessCalendar, Holidays

ZONE = ZoneInfo("Europe/Rome")
YEARS = range(2024, 2036)
YEAR = timedelta(days=364, hours=22, minutes=51)


def office() -> BusinessCalendar:
    """Return office hours in Italy with the country's holidays, compiled by nobody yet."""
    return BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"}, holidays=Holidays(country="IT"))


def moments(count: int = 100) -> list[datetime]:
    """
    Return moments all over one year: open and closed, summer and winter, with seconds and microseconds.

    None is whole hours before a closing, where libraries differ on whether a deadline is that or the next opening.
    """
    first = datetime(2026, 1, 2, 7, 13, 20, 123_457, tzinfo=ZONE)
    return [first + number * (YEAR / count) for number in range(count)]
