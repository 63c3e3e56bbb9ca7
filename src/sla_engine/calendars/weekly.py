"""
The calendar that people write: weekly hours in a zone, with holidays, overrides, closures and extra openings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_serializer, field_validator
from typing_extensions import override

from sla_engine.calendars.calendar import Calendar, checked_date
from sla_engine.calendars.causes import Cause, Stretch
from sla_engine.calendars.coverage import Open, clipped
from sla_engine.calendars.exceptions import Overrides, OverridesInput, SpanInput, Spans
from sla_engine.calendars.holidays import HolidayDates, HolidayRule, Holidays, read_rules
from sla_engine.calendars.hours import HoursInput, WeeklyHours, Window
from sla_engine.errors import InvalidHolidays
from sla_engine.instants import DAY, DAY_SECONDS, SECOND, instant, local_day, midnight, steady
from sla_engine.spans import Pair, difference, union
from sla_engine.zones import zone_data_version, zone_of

_WHOLE_DAY = (Window(0, DAY_SECONDS),)
_WEEKLY = Cause("weekly_hours", "weekly hours")
_ALL_DAYS = range(-(10**7), 10**7)


def _read_holidays(given: object) -> tuple[object, ...]:
    return read_rules(given)


class BusinessCalendar(Calendar, frozen=True):
    """
    Opening hours by the week in one zone, and what changes them on some dates.

    `zone` is an IANA name, `"UTC"`, or an offset as people write it (`"GMT+1"` is one hour east). `hours` maps days
    to windows of wall-clock time. Lowest first: `hours`; `holidays` close dates; `overrides` replace a date's hours,
    holiday or not; `closures` (exact spans) are taken out; `openings` (exact spans) are put in. A window that crosses
    midnight belongs to the date on which it starts, or with `overnight="civil_date"` its parts belong to the dates
    that they are on.

    >>> europe = BusinessCalendar(zone="GMT+1", hours={"mon-fri": "08:00-17:00"})
    >>> europe
    BusinessCalendar(zone='UTC+01:00', hours={'mon-fri': ['08:00-17:00']})
    >>> BusinessCalendar.from_json(europe.to_json()) == europe
    True

    Raises `InvalidZone`, `InvalidHours`, `InvalidHolidays`, `InvalidSpan` or `InvalidCalendar`, naming the field.
    """

    kind: Literal["weekly"] = "weekly"
    hours: WeeklyHours
    holidays: Annotated[
        tuple[Annotated[HolidayRule, Field(discriminator="kind")], ...], BeforeValidator(_read_holidays)
    ] = ()
    overrides: Overrides = ()
    closures: Spans = ()
    openings: Spans = ()
    overnight: Literal["start_date", "civil_date"] = "start_date"

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            zone: str | tzinfo,
            hours: HoursInput,
            holidays: HolidayRule | Iterable[HolidayRule | date | str] | Mapping[date | str, str] = (),
            overrides: OverridesInput = {},  # noqa: B006  (only a type)
            closures: Iterable[SpanInput] = (),
            openings: Iterable[SpanInput] = (),
            overnight: Literal["start_date", "civil_date"] = "start_date",
            name: str | None = None,
            horizon: int = 100,
        ) -> None: ...

    @field_validator("holidays", mode="before")
    @classmethod
    def _tagged(cls, given: object) -> object:
        rules = read_rules(given)
        return tuple(
            {"kind": "dates" if rule.keys() & {"days", "annual"} else "rules", **rule}
            if isinstance(rule, Mapping)
            else rule
            for rule in rules
        )

    @field_serializer("holidays")
    def _write_holidays(self, rules: tuple[HolidayRule, ...]) -> list[dict[str, Any]]:
        return [rule.to_data() for rule in rules]

    @field_serializer("overrides")
    def _write_overrides(self, overrides: tuple[tuple[date, tuple[Window, ...]], ...]) -> dict[str, list[str]]:
        return {str(day): [str(one) for one in written] for day, written in overrides}

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            if name == "overrides":
                yield name, self._write_overrides(value)
            elif name in ("closures", "openings"):
                yield name, [tuple(span) for span in value]
            else:
                yield name, list(value) if name == "holidays" else value

    # --- holidays ----------------------------------------------------------------------------------------------

    def holiday_name(self, day: date) -> str | None:
        """
        Return the name of the holiday on a date (may be empty text), or None.

        Raises `OutOfRange`, and `InvalidInstant` for what is no date; a datetime has another one in each zone.
        """
        return self._closed_dates(checked_date(day).year).get(day)

    def holidays_in(self, year: int) -> dict[date, str]:
        """
        Return the dates that are holidays in a year, with names; overrides are not considered. Raises `OutOfRange`.
        """
        return dict(sorted(self._closed_dates(year).items()))

    def _closed_dates(self, year: int) -> Mapping[date, str]:
        known = self._holiday_years.get(year)
        if known is None:
            closed: dict[date, str] = {}
            half_days: dict[date, str] = {}
            for rule in self.holidays:
                found = rule.in_year(year)
                for day, name in found.closed.items():
                    names = [closed[day], name] if closed.get(day) else [name]
                    closed[day] = "; ".join(dict.fromkeys(filter(None, names)))
                half_days.update(found.half_days)
            missing = [
                f"{day} ({name})"
                for day, name in half_days.items()
                if day not in closed and day not in self._overridden and self.hours.days[day.weekday()]
            ]
            if missing:
                raise InvalidHolidays(
                    f"half days have no hours of their own: {', '.join(missing)}",
                    where="holidays",
                    remedy='Give each an override ("08:00-12:00"), or leave the category half_day out',
                )
            known = self._holiday_years[year] = closed
        return known

    @cached_property
    def _holiday_years(self) -> dict[int, Mapping[date, str]]:
        return {}

    @cached_property
    def _overridden(self) -> dict[date, tuple[Window, ...]]:
        return dict(self.overrides)

    @cached_property
    def _special(self) -> dict[int, tuple[Window, ...]]:
        return {day.toordinal(): written for day, written in self.overrides}

    @override
    def freeze(self, years: range | tuple[int, int]) -> BusinessCalendar:
        first, last = (years[0], years[-1])
        if not self.holidays:
            return self
        days = {day: name for year in range(first, last + 1) for day, name in self._closed_dates(year).items()}
        sources = [rule.data_version() or "own list" for rule in self.holidays]
        frozen = HolidayDates(days=days, years=(first, last), source="; ".join(dict.fromkeys(sources)))
        return self.model_copy(update={"holidays": (frozen,)})

    @property
    @override
    def data_versions(self) -> dict[str, str]:
        found = {self.zone: zone_data_version(self.zone)}
        for rule in self.holidays:
            version = rule.data_version()
            if version:
                label = (rule.country or rule.market or "") if isinstance(rule, Holidays) else "dates"
                found[label] = version
        return found

    # --- what it compiles to -----------------------------------------------------------------------------------

    def _never_opens(self) -> bool:
        return not (self.hours or self.openings or any(written for _, written in self.overrides))

    def _reach(self) -> int:
        longest = max((end - start for start, end in self._opening_pairs), default=0)
        return max(2 * DAY, longest)

    @cached_property
    def _opening_pairs(self) -> list[Pair]:
        return [span.micros for span in self.openings]

    @cached_property
    def _closure_pairs(self) -> list[Pair]:
        return union(span.micros for span in self.closures)

    def _cover(self, lo: int, hi: int) -> Open:
        return self._open(lo, hi, _ALL_DAYS, self._opening_pairs)

    def _owned(self, lo: int, hi: int, first: int, stop: int) -> Open:
        zone = zone_of(self.zone)
        openings = [pair for pair in self._opening_pairs if first <= local_day(zone, pair[0]) < stop]
        return self._open(lo, hi, range(first, stop), openings)

    def _open(self, lo: int, hi: int, days: range, openings: list[Pair]) -> Open:
        written, starts = self._resolved(lo, hi, days)
        spans = difference(union(written), self._closure_pairs) if self._closure_pairs else union(written)
        if openings:
            spans = union([*spans, *openings])
            starts += [start for start, _ in openings]
        return clipped(spans, starts, lo, hi)

    def _resolved(self, lo: int, hi: int, days: range) -> tuple[list[Pair], list[int]]:
        """Return the windows as written on the days that reach into [lo, hi), as instants, and their starts."""
        zone = zone_of(self.zone)
        first, last = local_day(zone, lo), local_day(zone, hi - 1)
        begin, stop = max(first, days.start), min(last + 1, days.stop)
        pairs: list[Pair] = []
        starts: list[int] = []
        self._look_up(
            zone, range(max(first - 1, days.start), min(begin, days.stop)), pairs, starts, only_overnight=True
        )
        for day, following, is_steady in steady(zone, begin, stop):
            if is_steady and self.overnight == "start_date":
                found = self._shifted(midnight(zone, day), range(day, following))
                pairs += found
                starts += [start for start, _ in found]
            else:
                self._look_up(zone, range(day, following), pairs, starts)
        return pairs, starts

    def _look_up(
        self, zone: tzinfo, days: range, pairs: list[Pair], starts: list[int], *, only_overnight: bool = False
    ) -> None:
        """Add the windows of some dates, each time as the zone says."""
        for day in days:
            for start, end, begins in self._windows_on(day, only_overnight=only_overnight):
                opens = instant(zone, day, start * SECOND)
                closes = instant(zone, day, end * SECOND, last=end % DAY_SECONDS != 0)
                if opens < closes:
                    pairs.append((opens, closes))
                    if begins:
                        starts.append(opens)

    def _shifted(self, zero: int, days: range) -> list[Pair]:
        """Return the windows of dates of 24 hours each, of which the first starts at `zero`: no zone need be asked."""
        special, week = self._special, self.hours.days
        closed: set[int] = set()
        known_until = days.start if self.holidays else days.stop
        pairs: list[Pair] = []
        for day in days:
            written = special.get(day)
            if written is None:
                written = week[(day - 1) % 7]
                if written and day >= known_until:
                    year = date.fromordinal(day).year
                    closed = {holiday.toordinal() for holiday in self._closed_dates(year)}
                    known_until = date(year, 12, 31).toordinal() + 1
                if day in closed:
                    continue
            from_zero = zero + (day - days.start) * DAY
            for start, end in written:
                pairs.append((from_zero + start * SECOND, from_zero + end * SECOND))
        return pairs

    def _windows_on(self, day: int, *, only_overnight: bool) -> Iterator[tuple[int, int, bool]]:
        """Yield the windows that start on a date after holidays and overrides, and whether each begins as written."""
        if self.overnight == "civil_date":
            yield from self._civil_parts(day, only_overnight=only_overnight)
            return
        written = self._special.get(day)
        if written is None:
            written = self.hours.days[(day - 1) % 7]
            if only_overnight and not any(one.crosses_midnight for one in written):
                return
            if written and self.holidays and self._is_holiday(day):
                return
        for start, end in written:
            if not only_overnight or end > DAY_SECONDS:
                yield start, end, True

    def _civil_parts(self, day: int, *, only_overnight: bool) -> Iterator[tuple[int, int, bool]]:
        """Yield the parts of a date's windows that remain where each part belongs to the date that it is on."""
        special = self._special.get(day)
        for start, end in self.hours.days[(day - 1) % 7] if special is None else special:
            if only_overnight and end <= DAY_SECONDS:
                continue
            head = special is not None or not self._is_holiday(day)
            tail = end > DAY_SECONDS and self._untouched(day + 1)
            if head:
                yield start, end if tail else min(end, DAY_SECONDS), True
            elif tail:
                yield DAY_SECONDS, end, False
        if special is not None and self._untouched(day + 1):
            for _, end in self.hours.days[(day - 1) % 7]:
                if end > DAY_SECONDS:
                    yield DAY_SECONDS, end, False

    def _untouched(self, day: int) -> bool:
        return day not in self._special and not self._is_holiday(day)

    def _is_holiday(self, day: int) -> bool:
        if not self.holidays:
            return False
        on = date.fromordinal(day)
        return on in self._closed_dates(on.year)

    # --- why it is open or closed ------------------------------------------------------------------------------

    def _causes(self, lo: int, hi: int) -> list[Stretch]:
        zone = zone_of(self.zone)
        painted = [Stretch(lo, hi, False, Cause("outside_hours", "outside weekly hours"))]
        hours: list[Stretch] = []
        first, last = local_day(zone, lo), local_day(zone, hi - 1)
        # Where the clock goes back over midnight, the next date has begun before its eve ends.
        last += midnight(zone, last + 1) < hi
        for day in range(first - 1, last + 1):
            usual = self.hours.days[(day - 1) % 7]
            if day < first and not any(one.crosses_midnight for one in (*usual, *self._special.get(day, ()))):
                continue  # nothing of the day before reaches in, so nothing of it need be known
            on = date.fromordinal(day)
            cause = _WEEKLY
            lost: Cause | None = None
            if day in self._special:
                cause = lost = Cause("override", f"override of {on}")
            elif usual and self._is_holiday(day):
                lost = Cause("holiday", f"holiday: {self._closed_dates(on.year)[on] or on}")
            if lost:
                painted.append(Stretch(midnight(zone, day), midnight(zone, day + 1), False, lost))
                if self.overnight == "start_date":
                    painted += [
                        Stretch(instant(zone, day, DAY), instant(zone, day, one.end * SECOND, last=True), False, lost)
                        for one in usual
                        if one.crosses_midnight
                    ]
            hours += [
                Stretch(
                    instant(zone, day, start * SECOND),
                    instant(zone, day, end * SECOND, last=end % DAY_SECONDS != 0),
                    True,
                    cause if begins else _WEEKLY,
                )
                for start, end, begins in self._windows_on(day, only_overnight=False)
            ]
        painted += hours
        painted += [Stretch(*pair, False, Cause("closure", "closure")) for pair in self._closure_pairs]
        painted += [Stretch(*pair, True, Cause("opening", "extra opening")) for pair in self._opening_pairs]
        return painted


def always_open(zone: str | tzinfo = "UTC", *, name: str | None = None) -> BusinessCalendar:
    """
    Return the calendar that is open all the time, with a business date every day in `zone`.

    >>> from datetime import datetime, timezone
    >>> always_open().is_open(datetime(2026, 1, 1, tzinfo=timezone.utc))
    True
    """
    return BusinessCalendar(zone=zone, hours={"mon-sun": "00:00-24:00"}, name=name)


def never_open(zone: str | tzinfo = "UTC", *, name: str | None = None) -> BusinessCalendar:
    """Return the calendar that is never open; what needs open time raises `NeverDue` or `NeverOpens` at once."""
    return BusinessCalendar(zone=zone, hours={}, name=name)
