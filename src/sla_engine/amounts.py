"""
Promised time: open time, business days, elapsed time, calendar days.

Text says what a day is: `"4h"`, `"1h30m"` and `"PT4H"` are open time, `"5 business days"` and `"5 calendar days"`
count dates, `"120h elapsed"` counts every hour. A bare number of days is refused.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Literal

from sla_engine.errors import AmbiguousDays, InvalidAmount
from sla_engine.instants import DAY, SECOND, micros_of

Due = Literal["same_time", "close"]

_UNITS: dict[str, int] = {}
for _size, _names in (
    (3600 * SECOND, "h hr hrs hour hours"),
    (60 * SECOND, "m min mins minute minutes"),
    (SECOND, "s sec secs second seconds"),
    (1000, "ms millisecond milliseconds"),
    (1, "us µs microsecond microseconds"),
):
    _UNITS.update(dict.fromkeys(_names.split(), _size))

_PART = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-zµ]+)\s*", re.IGNORECASE)
_DAYS = re.compile(
    r"([+-]?\d+)\s*(business|working|calendar|civil)[ -]days?(?:,?\s*due (?:at|by) (close|the same time))?"
)
_ISO = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?"
)
_LONGEST = 10_000 * 366 * DAY


class Amount:
    """
    What can be promised: one of `BusinessTime`, `ElapsedTime`, `BusinessDays`, `CalendarDays`.

    `str` of an amount is text that `parse_amount` reads back to an equal one; `-amount` counts the other way.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class _Time(Amount):
    micros: int
    function: ClassVar[str]

    @property
    def duration(self) -> timedelta:
        """The time as a timedelta."""
        return timedelta(0, 0, self.micros)

    def __repr__(self) -> str:
        return f"{self.function}({duration_text(self.micros)!r})"


@dataclass(frozen=True, slots=True, repr=False)
class BusinessTime(_Time):
    """Open time of a calendar, in microseconds. Made by `business_time`."""

    function: ClassVar[str] = "business_time"

    def __neg__(self) -> BusinessTime:
        return BusinessTime(-self.micros)

    def __str__(self) -> str:
        return duration_text(self.micros)


@dataclass(frozen=True, slots=True, repr=False)
class ElapsedTime(_Time):
    """Time in which every hour counts, in microseconds. Made by `elapsed_time`."""

    function: ClassVar[str] = "elapsed_time"

    def __neg__(self) -> ElapsedTime:
        return ElapsedTime(-self.micros)

    def __str__(self) -> str:
        return f"{duration_text(self.micros)} elapsed"


@dataclass(frozen=True, slots=True, repr=False)
class BusinessDays(Amount):
    """A number of business dates after the start's, due at the same clock time or at close. Made by `business_days`."""

    count: int
    due: Due = "same_time"

    def __neg__(self) -> BusinessDays:
        return BusinessDays(-self.count, self.due)

    def __str__(self) -> str:
        return f"{self.count} business days" + (", due at close" if self.due == "close" else "")

    def __repr__(self) -> str:
        return f"business_days({self.count}{', due=' + repr(self.due) if self.due != 'same_time' else ''})"


@dataclass(frozen=True, slots=True, repr=False)
class CalendarDays(Amount):
    """A number of civil dates, same local clock time. Made by `calendar_days`."""

    count: int

    def __neg__(self) -> CalendarDays:
        return CalendarDays(-self.count)

    def __str__(self) -> str:
        return f"{self.count} calendar days"

    def __repr__(self) -> str:
        return f"calendar_days({self.count})"


def business_time(amount: str | timedelta) -> BusinessTime:
    """
    Promise an amount of open time: `business_time("45h")`.

    >>> business_time("1h30m").duration
    datetime.timedelta(seconds=5400)
    """
    return BusinessTime(_duration(amount))


def elapsed_time(amount: str | timedelta) -> ElapsedTime:
    """Promise an amount of time in which every hour counts: `elapsed_time("120h")`."""
    return ElapsedTime(_duration(amount))


def business_days(count: int, *, due: Due = "same_time") -> BusinessDays:
    """
    Promise a number of business dates after the start's, at the same clock time or at that date's close.

    >>> str(business_days(5, due="close"))
    '5 business days, due at close'
    """
    if due not in ("same_time", "close"):
        raise InvalidAmount(
            f"due={due!r} is no moment of a day", where="due", value=due, remedy='Use "same_time" or "close"'
        )
    return BusinessDays(_count(count), due)


def calendar_days(count: int) -> CalendarDays:
    """Promise the same local clock time, `count` civil dates on."""
    return CalendarDays(_count(count))


def _count(count: object) -> int:
    if not isinstance(count, int) or isinstance(count, bool):
        raise InvalidAmount(f"{count!r} is no number of days", value=count, remedy="Pass a whole number")
    return count


def parse_amount(amount: Amount | timedelta | str) -> Amount:
    """
    Return any way of writing an amount as an `Amount`.

    >>> parse_amount("PT4H") == parse_amount("4h") == business_time(timedelta(hours=4))
    True

    A `timedelta` is open time. Raises `AmbiguousDays` for days without a kind, `InvalidAmount` for all else.
    """
    if isinstance(amount, Amount):
        return amount
    if isinstance(amount, timedelta):
        return BusinessTime(_duration(amount))
    if not isinstance(amount, str):
        raise InvalidAmount(
            f"{amount!r} ({type(amount).__name__}) is no amount of time",
            value=amount,
            remedy='Write "4h", "5 business days" or a timedelta',
        )
    return _parsed(amount)


@lru_cache(maxsize=1024)
def _parsed(amount: str) -> Amount:
    text = " ".join(amount.split())
    days = _DAYS.fullmatch(text.lower())
    if days:
        if days[2] in ("calendar", "civil"):
            if days[3]:
                raise InvalidAmount(f"{amount!r}: calendar days are due at the same clock time", value=amount)
            return CalendarDays(int(days[1]))
        return BusinessDays(int(days[1]), "close" if days[3] == "close" else "same_time")
    if text.lower().endswith(" elapsed"):
        return ElapsedTime(_duration(text[: -len(" elapsed")]))
    return BusinessTime(_duration(text))


def _duration(amount: object) -> int:
    if isinstance(amount, timedelta):
        _check_foreign(amount)
        return micros_of(amount)
    if not isinstance(amount, str):
        raise InvalidAmount(
            f"{amount!r} ({type(amount).__name__}) is no duration",
            value=amount,
            remedy='Write it with its unit ("4h", "90m") or as a timedelta',
        )
    text = amount.strip()
    sign = -1 if text[:1] in ("-", "\u2212") else 1
    body = text[1:].strip() if text[:1] in ("+", "-", "\u2212") else text
    total = _iso(body.upper(), amount) if body[:1] in ("P", "p") else _units(body, amount)
    if total.denominator != 1:
        raise InvalidAmount(
            f"{amount!r} is not a whole number of microseconds", value=amount, remedy="Write it with a smaller unit"
        )
    if total > _LONGEST:
        raise InvalidAmount(f"{amount!r} is longer than all the years that there are", value=amount)
    return sign * int(total)


def _units(body: str, amount: str) -> Fraction:
    total, at = Fraction(0), 0
    while part := _PART.match(body, at):
        unit = part[2] if part[2] in _UNITS else part[2].lower()
        if unit in ("d", "day", "days", "w", "week", "weeks"):
            raise _ambiguous(part[1], amount)
        if unit not in _UNITS:
            break
        total += Fraction(part[1].replace(",", ".")) * _UNITS[unit]
        at = part.end()
    if at != len(body) or not body:
        raise InvalidAmount(
            f"{amount!r} is no amount of time",
            value=amount,
            remedy='Write "4h", "90m", "1h30m", "PT4H", "5 business days", "5 calendar days" or "120h elapsed"',
        )
    return total


def _iso(body: str, amount: str) -> Fraction:
    found = _ISO.fullmatch(body)
    if not found or not any(found.groups()) or body.endswith("T"):
        raise InvalidAmount(f"{amount!r} is no ISO 8601 duration", value=amount, remedy='Write it as "PT1H30M"')
    years, months, weeks, days, *clock = found.groups()
    if years or months:
        raise _no_fixed_length(amount)
    if weeks or days:
        raise _ambiguous(days or weeks, amount)
    parts = (Fraction((part or "0").replace(",", ".")) for part in clock)
    return sum((part * size for part, size in zip(parts, (3600, 60, 1), strict=True)), Fraction(0)) * SECOND


def _ambiguous(count: str, amount: str) -> AmbiguousDays:
    return AmbiguousDays(
        f"{amount!r} does not say what a day is",
        value=amount,
        remedy=(
            f'Write "{count} business days" (the same clock time on the {count}th business date), '
            f'"{count} business days, due at close", "{count} calendar days", '
            'an amount of open time such as "45h", or of elapsed time such as "120h elapsed"'
        ),
    )


def _no_fixed_length(amount: object) -> InvalidAmount:
    return InvalidAmount(
        f"{amount!r} counts months or years, which have no fixed length",
        value=amount,
        remedy="Write it in hours, business days or calendar days",
    )


def _check_foreign(amount: Any) -> None:
    """Refuse what other libraries' timedeltas hold beyond a number of microseconds."""
    if type(amount) is timedelta:
        return
    pendulum = sys.modules.get("pendulum")
    if pendulum is not None and isinstance(amount, pendulum.Duration) and not isinstance(amount, pendulum.Interval):
        if amount.years or amount.months:
            raise _no_fixed_length(amount)
    elif getattr(amount, "nanoseconds", 0):
        raise InvalidAmount(
            f"{amount!r} has nanoseconds beyond the microsecond", value=amount, remedy='Round it: delta.floor("us")'
        )


def duration_text(micros: int) -> str:
    """Return an amount of time as text that reads back exactly: `1h30m`, `0s`, `-4h`, `1.5s`."""
    sign, micros = ("-", -micros) if micros < 0 else ("", micros)
    seconds, rest = divmod(micros, SECOND)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if minutes else ""
    if seconds or rest or not text:
        text += f"{seconds}" + (f".{rest:06}".rstrip("0") if rest else "") + "s"
    return sign + text
