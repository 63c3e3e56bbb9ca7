"""
The questions that every calendar answers, whatever it is made of.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field
from typing_extensions import override

from sla_engine.amounts import (
    Amount,
    BusinessDays,
    BusinessTime,
    CalendarDays,
    Due,
    ElapsedTime,
    business_days,
    parse_amount,
)
from sla_engine.calendars import business_dates
from sla_engine.calendars.coverage import Open
from sla_engine.calendars.timeline import Timeline
from sla_engine.data import Data
from sla_engine.errors import InvalidAmount, InvalidCalendar, InvalidInstant, InvalidSpan, OutOfRange, SlaError
from sla_engine.instants import FIRST_DAY, LAST_DAY, from_micros, instant, local_clock, local_day, micros_of, to_micros
from sla_engine.spans import Span, SpanSet
from sla_engine.zones import zone_name, zone_of

if TYPE_CHECKING:
    from sla_engine.calendars.causes import Stretch
    from sla_engine.calendars.combined import CombinedCalendar, VersionedCalendar
    from sla_engine.ledger import Ledger

T = TypeVar("T", bound=datetime)
AmountInput = Amount | timedelta | str
ZoneName = Annotated[str, BeforeValidator(zone_name)]


class Calendar(Data, frozen=True):
    """
    What is open when: the base of all calendars, which adds, subtracts, measures and explains open time.

    Datetimes of any kind go in (aware `datetime`, `pendulum.DateTime`, `pandas.Timestamp`); the same type and zone
    come out. All answers are exact to the microsecond. Let `F(t)` be the open time before `t`: `elapsed(a, b)` is
    `F(b) - F(a)`, and `add` is its inverse.

    `horizon` is the number of years after which a search gives up with `NeverDue`, `NeverOpens` or `NeverCloses`.
    """

    error: ClassVar[type[SlaError]] = InvalidCalendar

    zone: ZoneName
    name: str | None = None
    horizon: int = Field(default=100, ge=1, le=9998)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Make a calendar from plain data; `Calendar.from_data` makes any kind, as its `kind` or its keys say."""
        if cls is not Calendar:
            return super().from_data(data)
        from sla_engine.calendars.combined import any_calendar  # noqa: PLC0415  (all kinds are Calendars themselves)

        return any_calendar(data)  # type: ignore[return-value]

    @classmethod
    @override
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema of what `to_data` writes; that of `Calendar` is for a calendar of any kind."""
        from sla_engine.calendars.combined import with_calendars  # noqa: PLC0415  (as above)

        if cls is Calendar:
            return with_calendars({"$ref": "#/$defs/Calendar"})
        return with_calendars(super().model_json_schema(*args, **options))

    # --- adding and measuring open time ------------------------------------------------------------------------

    def add(self, start: T, amount: AmountInput) -> T:
        """
        Return the deadline: the first instant at which the amount has passed since `start`.

        Open time: `min { t >= start : elapsed(start, t) >= amount }`, so a budget used up exactly at closing is due at
        closing, and nothing added is `start` itself. Days count as their amount says. A negative amount subtracts.

        >>> from datetime import datetime
        >>> from zoneinfo import ZoneInfo
        >>> office = BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
        >>> office.add(datetime(2026, 3, 6, 16, 30, tzinfo=ZoneInfo("Europe/Rome")), "4h").isoformat()
        '2026-03-09T11:30:00+01:00'

        Raises `NaiveDatetime`, `InvalidAmount`, `NeverDue` (not enough open time before the horizon), `OutOfRange`
        (holiday years without data, or past year 9999).
        """
        if type(amount) is timedelta:
            return from_micros(self.timeline.add(to_micros(start), micros_of(amount)), start)
        return from_micros(self._due(to_micros(start), parse_amount(amount)), start)

    def subtract(self, end: T, amount: AmountInput) -> T:
        """
        Return the latest start from which the amount is still used up by `end`.

        Open time: `max { t <= end : elapsed(t, end) >= amount }`. `add(a, -d)` is `subtract(a, d)`. Raises as `add`
        does.
        """
        if type(amount) is timedelta:
            return from_micros(self.timeline.subtract(to_micros(end), micros_of(amount)), end)
        return from_micros(self._due(to_micros(end), _negated(parse_amount(amount))), end)

    def resumes_at(self, start: T, amount: AmountInput) -> T:
        """
        Return the last instant at which no more than the amount of open time has passed since `start`.

        `max { t : elapsed(start, t) <= amount }`: where `add` answers with a closing, this answers with the next
        opening. Takes amounts of open time only. Raises as `add` does, and `NeverOpens` where no opening follows.
        """
        return from_micros(self.timeline.resumes_at(to_micros(start), _open_time(amount)), start)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """
        Return the open time from `start` to `end`; negative where the end is before the start.

        Additive: `elapsed(a, b) + elapsed(b, c) == elapsed(a, c)`. Raises `NaiveDatetime`, `OutOfRange`.
        """
        return timedelta(0, 0, self.timeline.elapsed(to_micros(start), to_micros(end)))

    def _due(self, at: int, amount: Amount) -> int:
        if isinstance(amount, BusinessTime):
            return self.timeline.add(at, amount.micros)
        if isinstance(amount, ElapsedTime):
            return at + amount.micros
        if isinstance(amount, BusinessDays):
            return business_dates.add(self.timeline, at, amount.count, at_close=amount.due == "close")
        assert isinstance(amount, CalendarDays)  # noqa: S101  (Amount is a closed set)
        if not amount.count:
            return at
        zone = self.timeline.zone
        day = local_day(zone, at)
        if not FIRST_DAY <= day + amount.count <= LAST_DAY:
            raise OutOfRange(f"{amount} lead out of the years 1 to 9999", value=amount, remedy="Promise less")
        return instant(zone, day + amount.count, local_clock(zone, at, day))

    # --- opening and closing -----------------------------------------------------------------------------------

    def is_open(self, at: datetime) -> bool:
        """Whether the calendar is open at an instant; an opening is, a closing is not."""
        return self.timeline.is_open(to_micros(at))

    def next_opening(self, at: T) -> T:
        """Return the first opening at or after an instant; raises `NeverOpens`."""
        return from_micros(self.timeline.next_opening(to_micros(at)), at)

    def next_closing(self, at: T) -> T:
        """
        Return the first closing strictly after an instant (it ends the window of an open one); raises `NeverCloses`.
        """
        return from_micros(self.timeline.next_closing(to_micros(at)), at)

    def previous_opening(self, at: T) -> T:
        """Return the last opening at or before an instant; raises `NeverOpens`."""
        return from_micros(self.timeline.previous_opening(to_micros(at)), at)

    def previous_closing(self, at: T) -> T:
        """Return the last closing at or before an instant; raises `NeverCloses`."""
        return from_micros(self.timeline.previous_closing(to_micros(at)), at)

    def open_spans(self, start: datetime, end: datetime) -> SpanSet:
        """
        Return the open time in `[start, end)`, as spans in the zone of `start`.

        Raises `InvalidSpan` where the end is before the start.
        """
        pair = Span(start, end).micros
        return SpanSet._of(self.timeline.spans(*pair), start)

    # --- business dates ----------------------------------------------------------------------------------------

    def add_business_days(self, start: T, count: int, *, due: Due = "same_time") -> T:
        """
        Return the moment some business dates after the start's: at the same clock time, or at that date's close.

        A closed start first rolls to the next opening (for negative counts, to the last closing). The answer stays
        within that date's hours: at the first opening if the clock time is earlier, at the last closing if later, at
        the break's start if in a break. Raises `NeverDue`, `OutOfRange`.
        """
        return from_micros(self._due(to_micros(start), business_days(count, due=due)), start)

    def business_days_between(self, start: datetime, end: datetime) -> int:
        """
        Return how many business dates follow the rolled start's, up to and with the end's.

        Where the end is before the start, minus the number from the end's date up to and without that of the start
        rolled back, so that `business_days_between(a, add_business_days(a, n)) == n`, save where that answer is a
        closing at which another date opens, to which it then belongs.
        """
        return business_dates.between(self.timeline, to_micros(start), to_micros(end))

    def business_date(self, at: datetime) -> date | None:
        """Return the business date of an open moment or of a closing; None for any other moment."""
        micros = to_micros(at)
        if self.timeline.is_open(micros):
            return date.fromordinal(business_dates.business_day(self.timeline, micros))
        if self.timeline.is_open(micros - 1):
            return date.fromordinal(business_dates.business_day(self.timeline, micros, closing=True))
        return None

    def business_dates(self, start: date, end: date) -> list[date]:
        """Return the business dates from `start` up to and without `end`."""
        first, stop = _day(start), _day(end)
        if stop < first:
            raise InvalidSpan(f"the dates end at {end}, before they start at {start}", remedy="Swap the two")
        return [date.fromordinal(day) for day in business_dates.dates(self.timeline, first, stop)]

    def is_business_date(self, day: date) -> bool:
        """Whether a window starts on a local date."""
        return bool(business_dates.dates(self.timeline, _day(day), _day(day) + 1))

    # --- explaining --------------------------------------------------------------------------------------------

    def explain(
        self,
        start: datetime,
        amount: AmountInput | None = None,
        *,
        until: datetime | None = None,
        subtract: AmountInput | None = None,
    ) -> Ledger:
        """
        Return the rows that add up to an answer: of `add(start, amount)`, `elapsed(start, until)` or `subtract(start,
        ...)`.

        Give one of the three. Raises as the question itself does.
        """
        from sla_engine.calendars.explain import explained  # noqa: PLC0415  (it asks the calendar in turn)

        return explained(self, start, amount, until=until, subtract=subtract)

    # --- algebra -----------------------------------------------------------------------------------------------

    def __or__(self, other: Calendar) -> CombinedCalendar:
        """Open where either is open; days are read in the left one's zone."""
        return self._combined("union", other)

    def __and__(self, other: Calendar) -> CombinedCalendar:
        """Open where both are open; days are read in the left one's zone."""
        return self._combined("intersection", other)

    def __sub__(self, other: Calendar) -> CombinedCalendar:
        """Open where the left is open and the right is not; days are read in the left one's zone."""
        return self._combined("difference", other)

    def _combined(self, kind: Literal["union", "intersection", "difference"], other: object) -> CombinedCalendar:
        from sla_engine.calendars.combined import CombinedCalendar  # noqa: PLC0415  (it is a Calendar itself)

        if not isinstance(other, Calendar):
            return NotImplemented  # type: ignore[no-any-return]
        return CombinedCalendar(kind=kind, left=self, right=other, zone=self.zone)

    def changed(self, *, from_date: date, to: Calendar) -> VersionedCalendar:
        """
        Return a calendar that is this one before a date, and another from that date on.

        Each owns the windows that start on its dates, in its own zone. History keeps its answers.
        """
        from sla_engine.calendars.combined import Version, VersionedCalendar  # noqa: PLC0415  (it is a Calendar itself)

        return VersionedCalendar(versions=(Version(calendar=self), Version(from_date=from_date, calendar=to)))

    @abstractmethod
    def freeze(self, years: range | tuple[int, int]) -> Calendar:
        """
        Return the same calendar with its holidays as plain dates, for the years given (a range, or first and last).

        Asking the frozen calendar about other years raises `OutOfRange`. Its answers no longer depend on any version
        of holiday data.
        """

    @property
    @abstractmethod
    def data_versions(self) -> dict[str, str]:
        """Which time-zone and holiday data answers, by zone name and holiday rule."""

    # --- what it compiles to -----------------------------------------------------------------------------------

    @cached_property
    def timeline(self) -> Timeline:
        """The compiled table that answers all questions; it grows by whole years and may be shared between threads."""
        return Timeline(
            self._cover, zone_of(self.zone), horizon=self.horizon, never_opens=self._never_opens(), calendar=self
        )

    @abstractmethod
    def _never_opens(self) -> bool:
        """Whether the rules alone show that it never opens."""

    @abstractmethod
    def _cover(self, lo: int, hi: int) -> Open:
        """Return the open time in [lo, hi) and its starts, exactly."""

    @abstractmethod
    def _owned(self, lo: int, hi: int, first: int, stop: int) -> Open:
        """Return the part of the open time in [lo, hi) whose windows start on the local dates [first, stop)."""

    @abstractmethod
    def _reach(self) -> int:
        """Return the longest that one window may last, in microseconds."""

    @abstractmethod
    def _causes(self, lo: int, hi: int) -> list[Stretch]:
        """Return why it is open or closed in [lo, hi), as stretches of time; later ones hide earlier ones."""


def _negated(amount: Amount) -> Amount:
    assert isinstance(amount, (BusinessTime, ElapsedTime, BusinessDays, CalendarDays))  # noqa: S101  (a closed set)
    return -amount


def _open_time(amount: AmountInput) -> int:
    read = parse_amount(amount)
    if isinstance(read, BusinessTime):
        return read.micros
    raise InvalidAmount(f"{amount!r} is no amount of open time", value=amount, remedy='Pass one such as "4h"')


def checked_date(day: object) -> date:
    """Return a date; raises `InvalidInstant` for what is none."""
    if not isinstance(day, date) or isinstance(day, datetime):
        raise InvalidInstant(f"{day!r} is no date", value=day, remedy="Pass a datetime.date")
    return day


def _day(day: object) -> int:
    return checked_date(day).toordinal()
