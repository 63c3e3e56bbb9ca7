"""
Business-hours SLA calculation: calendars, deadlines, breaches, monthly compliance.

Pure functions over frozen values: no clock, no system zone, no global state. Exact to the microsecond, explained row
by row.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sla_engine.amounts import (
    Amount,
    BusinessDays,
    BusinessTime,
    CalendarDays,
    ElapsedTime,
    business_days,
    business_time,
    calendar_days,
    elapsed_time,
    parse_amount,
)
from sla_engine.calendars import (
    BusinessCalendar,
    Calendar,
    CombinedCalendar,
    HolidayDates,
    Holidays,
    Version,
    VersionedCalendar,
    always_open,
    never_open,
)
from sla_engine.errors import (
    AmbiguousDays,
    BeyondHorizon,
    InvalidAmount,
    InvalidCalendar,
    InvalidHolidays,
    InvalidHours,
    InvalidInstant,
    InvalidLog,
    InvalidPeriod,
    InvalidPolicy,
    InvalidSpan,
    InvalidZone,
    MissingExtra,
    NaiveDatetime,
    NanosecondsLost,
    NeverCloses,
    NeverDue,
    NeverOpens,
    NotATime,
    OutOfRange,
    SlaError,
    UnknownName,
)
from sla_engine.ledger import Ledger, LedgerRow
from sla_engine.shares import Share
from sla_engine.spans import Span, SpanSet

if TYPE_CHECKING:
    from sla_engine.periods import Day, Month, Period, Quarter, Rolling, Week, Year
    from sla_engine.policies import Policy, Report, load_policy, maxony_policy, report
    from sla_engine.targets import Service, Target, Tier
    from sla_engine.tickets import (
        Compliance,
        LogColumns,
        Outcome,
        RowProblem,
        TicketLog,
        TicketRow,
        TierCompliance,
        compliance,
        read_log,
        verdict,
    )

__all__ = [
    "AmbiguousDays",
    "Amount",
    "BeyondHorizon",
    "BusinessCalendar",
    "BusinessDays",
    "BusinessTime",
    "Calendar",
    "CalendarDays",
    "CombinedCalendar",
    "Compliance",
    "Day",
    "ElapsedTime",
    "HolidayDates",
    "Holidays",
    "InvalidAmount",
    "InvalidCalendar",
    "InvalidHolidays",
    "InvalidHours",
    "InvalidInstant",
    "InvalidLog",
    "InvalidPeriod",
    "InvalidPolicy",
    "InvalidSpan",
    "InvalidZone",
    "Ledger",
    "LedgerRow",
    "LogColumns",
    "MissingExtra",
    "Month",
    "NaiveDatetime",
    "NanosecondsLost",
    "NeverCloses",
    "NeverDue",
    "NeverOpens",
    "NotATime",
    "OutOfRange",
    "Outcome",
    "Period",
    "Policy",
    "Quarter",
    "Report",
    "Rolling",
    "RowProblem",
    "Service",
    "Share",
    "SlaError",
    "Span",
    "SpanSet",
    "Target",
    "TicketLog",
    "TicketRow",
    "Tier",
    "TierCompliance",
    "UnknownName",
    "Version",
    "VersionedCalendar",
    "Week",
    "Year",
    "always_open",
    "business_days",
    "business_time",
    "calendar_days",
    "compliance",
    "elapsed_time",
    "load_policy",
    "maxony_policy",
    "never_open",
    "parse_amount",
    "read_log",
    "report",
    "verdict",
]

_LATER = {
    "Compliance": "tickets",
    "Day": "periods",
    "LogColumns": "tickets",
    "Month": "periods",
    "Outcome": "tickets",
    "Period": "periods",
    "Policy": "policies",
    "Quarter": "periods",
    "Report": "policies",
    "Rolling": "periods",
    "RowProblem": "tickets",
    "Service": "targets",
    "Target": "targets",
    "TicketLog": "tickets",
    "TicketRow": "tickets",
    "Tier": "targets",
    "TierCompliance": "tickets",
    "Week": "periods",
    "Year": "periods",
    "compliance": "tickets",
    "load_policy": "policies",
    "maxony_policy": "policies",
    "read_log": "tickets",
    "report": "policies",
    "verdict": "tickets",
}
"""The rooms above the calendars, imported when they are first asked for: by name, or by what is in them."""


def __getattr__(name: str) -> Any:
    room = _LATER.get(name, name if name in _LATER.values() else None)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = importlib.import_module(f"sla_engine.{room}")
    value = globals()[name] = found if room == name else getattr(found, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
