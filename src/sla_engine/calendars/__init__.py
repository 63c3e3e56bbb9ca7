"""What people write about opening hours, and the questions that it answers."""

from __future__ import annotations

from sla_engine.calendars.calendar import Calendar
from sla_engine.calendars.combined import AnyCalendar, CombinedCalendar, Version, VersionedCalendar
from sla_engine.calendars.holidays import HolidayDates, Holidays
from sla_engine.calendars.weekly import BusinessCalendar, always_open, never_open

__all__ = [
    "AnyCalendar",
    "BusinessCalendar",
    "Calendar",
    "CombinedCalendar",
    "HolidayDates",
    "Holidays",
    "Version",
    "VersionedCalendar",
    "always_open",
    "never_open",
]
