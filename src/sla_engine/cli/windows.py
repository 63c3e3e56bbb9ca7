"""The windows that commands are asked about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from cyclopts import Parameter

from sla_engine.errors import InvalidInstant, InvalidPeriod
from sla_engine.periods import Day, Month, Period, Quarter, Rolling, Week, Year

_KINDS = ("day", "week", "month", "quarter", "year", "window")
_REMEDY = (
    "Give one of --day 2026-03-29, --week 2026-W13, --month 2026-03, --quarter 2026-Q1, --year 2026 and --window 720h"
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class WindowOptions:
    """The window; one of them is given."""

    day: str | None = None
    "The window: a day, as 2026-03-29."
    week: str | None = None
    "The window: a week from Monday to Sunday, as 2026-W13."
    month: str | None = None
    "The window: a month, as 2026-03."
    quarter: str | None = None
    "The window: a quarter, as 2026-Q1."
    year: str | None = None
    "The window: a year, as 2026."
    window: str | None = None
    "The window: a length of time, such as 720h."
    first_month: int = 1
    "The month in which quarters and years begin; 4 is April."

    def given(self) -> tuple[str, str]:
        """Return the kind of window that is given, and what is said of it; raises `InvalidPeriod` unless it is one."""
        named = [(kind, text) for kind in _KINDS if (text := getattr(self, kind)) is not None]
        if len(named) != 1:
            raise InvalidPeriod(f"there is one window, and {len(named)} are given", where="window", remedy=_REMEDY)
        return named[0]

    def of_length(self, zone: str) -> Period | str:
        """Return the window as a period in a zone, or as the length of time that it is."""
        kind, text = self.given()
        return text if kind == "window" else self._period(kind, text.strip(), zone)

    def period(self, zone: str, at: datetime | None) -> Period:
        """Return the window as a period in a zone; a length of time ends at the instant asked about."""
        kind, text = self.given()
        if kind != "window":
            return self._period(kind, text.strip(), zone)
        if at is None:
            raise InvalidInstant(
                "a length of time ends at some instant", where="--at", remedy='Say which: --at "2026-04-01T00:00:00Z"'
            )
        return Rolling(at, text)

    def _period(self, kind: str, text: str, zone: str) -> Period:
        if kind == "month":
            return Month.parse(text, zone=zone)
        forms = {
            "day": (r"(\d{4})-(\d{2})-(\d{2})", "2026-03-29"),
            "week": (r"(\d{4})-?W(\d{1,2})", "2026-W13"),
            "quarter": (r"(\d{4})-?Q([1-4])", "2026-Q1"),
            "year": (r"(\d{4})", "2026"),
        }
        form, example = forms[kind]
        found = re.fullmatch(form, text)
        if not found:
            raise InvalidPeriod(f"{text!r} is no {kind}", value=text, remedy=f'Write it as "{example}"')
        numbers = [int(group) for group in found.groups()]
        if kind == "day":
            try:
                return Day(date(*numbers), zone=zone)
            except ValueError:
                raise InvalidPeriod(f"there is no day {text}", value=text, remedy="Look at its numbers") from None
        if kind == "week":
            return Week(*numbers, zone=zone)
        return (Quarter if kind == "quarter" else Year)(*numbers, zone=zone, first_month=self.first_month)


NO_WINDOW = WindowOptions()
