"""What twenty years of an exchange cost before the first answer, against the peer that knows exchanges best."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from sla_engine import BusinessCalendar, Holidays
from sla_engine.calendars import holidays

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = datetime(2005, 1, 1, tzinfo=NEW_YORK), datetime(2024, 12, 31, 23, tzinfo=NEW_YORK)


def forget() -> None:
    """Empty every cache in which the library keeps holidays from one calendar to the next."""
    for found in vars(holidays).values():
        if hasattr(found, "cache_clear"):
            found.cache_clear()


def ours() -> BusinessCalendar:
    """Make the calendar and compile all its years, with no holiday remembered from an earlier time."""
    forget()
    calendar = BusinessCalendar(
        zone="America/New_York", hours={"mon-fri": "09:30-16:00"}, holidays=Holidays(market="XNYS")
    )
    calendar.elapsed(FIRST, LAST)
    return calendar


def theirs() -> XNYSExchangeCalendar:
    """Make the peer's calendar of the same years."""
    return XNYSExchangeCalendar(start="2005-01-01", end="2024-12-31")


def against_exchange_calendars(effort: Effort) -> list[Row]:
    """Compare making and compiling: the same dates are open, from the same instants on."""
    calendar, peer = ours(), theirs()
    dates = calendar.business_dates(date(2005, 1, 1), date(2025, 1, 1))
    assert dates == [session.date() for session in peer.sessions]
    assert [span.start for span in calendar.open_spans(FIRST, LAST)] == [at.to_pydatetime() for at in peer.opens]

    times = in_turns([Side("exchange_calendars", theirs), Side("compile", ours)], effort)
    return [
        times.row(
            "exchange_calendars : make and compile, XNYS, 20 years",
            "exchange_calendars",
            "compile",
            goal=Goal("at least", 10),
            note="same dates and openings; the peer also knows early closes",
        )
    ]
