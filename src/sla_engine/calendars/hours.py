"""
Opening hours as people write them: windows of wall-clock time, on days of the week.

A window is local and belongs to the day on which it starts. It ends after it starts: `22:00-06:00` ends on the next
day, at 30 hours, and `24:00` is the end of the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sla_engine.errors import InvalidHours
from sla_engine.instants import DAY_SECONDS

WindowInput: TypeAlias = "str | Window | tuple[time, time]"
HoursInput: TypeAlias = "Mapping[str, WindowInput | Sequence[WindowInput]] | WeeklyHours"

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = {name: number for names in (DAYS, _FULL) for number, name in enumerate(names)}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


class Window(NamedTuple):
    """A window of one day, in seconds after that day's midnight; an end above 86,400 is on the next day."""

    start: int
    end: int

    @property
    def crosses_midnight(self) -> bool:
        """Whether part of the window lies on the next date."""
        return self.end > DAY_SECONDS

    def __str__(self) -> str:
        end = self.end - DAY_SECONDS if self.crosses_midnight else self.end
        return f"{_clock(self.start)}-{_clock(end)}"


def _clock(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{second:02}" if second else "")


def _seconds(text: str, window: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups())
        total = (hour * 60 + minute) * 60 + second
        if minute < 60 and second < 60 and total <= DAY_SECONDS:  # noqa: PLR2004
            return total
    raise InvalidHours(
        f"{text.strip()!r} in {window!r} is no time of day",
        value=window,
        remedy="Times run from 00:00 to 24:00, as HH:MM or HH:MM:SS",
    )


def window(written: object) -> Window:
    """
    Read one window: `"08:00-17:00"`, `"22:00-06:00"`, or a pair of `datetime.time`.

    Raises `InvalidHours` for a time that is none, and for a window of no length.
    """
    if isinstance(written, Window):
        return written
    if isinstance(written, str):
        start_text, dash, end_text = written.replace("\u2013", "-").partition("-")
        if not dash:
            raise InvalidHours(f"{written!r} is no window", value=written, remedy='Write it as "08:00-17:00"')
        start, end = _seconds(start_text, written), _seconds(end_text, written)
    elif isinstance(written, (tuple, list)) and len(written) == 2 and all(isinstance(at, time) for at in written):  # noqa: PLR2004
        if any(at.tzinfo or at.microsecond for at in written):
            raise InvalidHours(
                f"{written!r}: a time of day here has neither a zone nor microseconds",
                value=written,
                remedy="The calendar's zone applies; write whole seconds",
            )
        start, end = ((at.hour * 60 + at.minute) * 60 + at.second for at in written)
    else:
        raise InvalidHours(f"{written!r} is no window", value=written, remedy='Write it as "08:00-17:00"')
    if start == DAY_SECONDS:
        raise InvalidHours(
            f"{written!r} starts at 24:00, which is the next day", value=written, remedy='Write "00:00-..." on that day'
        )
    if start == end:
        raise InvalidHours(
            f"the window {written!r} has no length",
            value=written,
            remedy='Write "00:00-24:00" for a whole day, and [] for a closed one',
        )
    return Window(start, end if end > start else end + DAY_SECONDS)


def windows(written: object, where: str) -> tuple[Window, ...]:
    """Read the windows of one day, sorted; raises `InvalidHours` where two overlap."""
    if isinstance(written, str) or (isinstance(written, tuple) and (isinstance(written, Window) or _is_pair(written))):
        written = [written]
    if not isinstance(written, Iterable) or isinstance(written, Mapping):
        raise InvalidHours(
            f"{written!r} is no list of windows", where=where, value=written, remedy='Write ["08:00-12:00", ...] or []'
        )
    try:
        read = sorted(window(one) for one in written)
    except InvalidHours as error:
        raise error.located(where) from None
    for one, other in pairwise(read):
        if other.start < one.end:
            raise InvalidHours(
                f"the windows {one} and {other} overlap",
                where=where,
                value=written,
                remedy="Join them into one window, or move one",
            )
    return tuple(read)


def _is_pair(written: tuple[Any, ...]) -> bool:
    return bool(written) and isinstance(written[0], time)


def _days(written: object) -> list[int]:
    """Return the weekdays (Monday is 0) of `"mon-thu"`, `"sat"`, `"mon, wed"`."""
    result: list[int] = []
    parts = written.lower().replace("\u2013", "-").split(",") if isinstance(written, str) else [""]
    for part in parts:
        first, dash, last = (name.strip() for name in part.partition("-"))
        if first not in _NUMBER or (dash and last not in _NUMBER):
            raise InvalidHours(
                f"{written!r} names no days", value=written, remedy=f'Days are {", ".join(DAYS)}, or ranges ("mon-fri")'
            )
        start, stop = _NUMBER[first], _NUMBER[last] if dash else _NUMBER[first]
        result += [(start + step) % 7 for step in range((stop - start) % 7 + 1)]
    return result


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """
    The windows of each weekday, Monday first; made from a mapping of days to windows.

    >>> WeeklyHours.read({"mon-fri": "08:00-17:00"}).written()
    {'mon-fri': ['08:00-17:00']}

    Raises `InvalidHours` for a day given twice, and for windows that overlap, across midnight and the week's end too.
    """

    days: tuple[tuple[Window, ...], ...] = ((),) * 7

    @classmethod
    def read(cls, written: object) -> WeeklyHours:
        """Read a mapping of days or day ranges to windows."""
        if isinstance(written, WeeklyHours):
            return written
        if not isinstance(written, Mapping):
            raise InvalidHours(
                f"{written!r} is no mapping of days to windows",
                value=written,
                remedy='Write {"mon-fri": "08:00-17:00"}; {} is never open',
            )
        days: list[tuple[Window, ...]] = [()] * 7
        given: dict[int, object] = {}
        for key, value in written.items():
            read = windows(value, str(key))
            for day in _days(key):
                if day in given:
                    raise InvalidHours(
                        f"{DAYS[day]} is given twice, by {given[day]!r} and by {key!r}",
                        value=written,
                        remedy="Give each day once",
                    )
                given[day] = key
                days[day] = read
        for day in range(7):
            for one in days[day]:
                for other in days[(day + 1) % 7]:
                    if other.start + DAY_SECONDS < one.end:
                        raise InvalidHours(
                            f"{one} on {DAYS[day]} overlaps {other} on {DAYS[(day + 1) % 7]}",
                            value=written,
                            remedy="A window that ends before it starts runs into the next day; shorten one",
                        )
        return cls(tuple(days))

    def written(self) -> dict[str, list[str]]:
        """Return the hours as people write them, equal neighbours as ranges."""
        result: dict[str, list[str]] = {}
        day = 0
        while day < 7:  # noqa: PLR2004
            last = day
            while last < 6 and self.days[last + 1] == self.days[day]:  # noqa: PLR2004
                last += 1
            if self.days[day]:
                key = DAYS[day] if last == day else f"{DAYS[day]}-{DAYS[last]}"
                result[key] = [str(one) for one in self.days[day]]
            day = last + 1
        return result

    def __bool__(self) -> bool:
        return any(self.days)

    def __repr__(self) -> str:
        return repr(self.written())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.read, serialization=core_schema.plain_serializer_function_ser_schema(cls.written)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "Days or day ranges, and their windows of wall-clock time.",
            "propertyNames": {"pattern": f"^({'|'.join(DAYS)})(-({'|'.join(DAYS)}))?(,.*)?$"},
            "additionalProperties": WINDOWS_SCHEMA,
            "examples": [{"mon-thu": ["08:00-12:00", "13:00-17:00"], "sat": "22:00-06:00"}],
        }


_WINDOW_SCHEMA = {"type": "string", "pattern": r"^\d{1,2}:\d{2}(:\d{2})?-\d{1,2}:\d{2}(:\d{2})?$"}
WINDOWS_SCHEMA: dict[str, Any] = {"anyOf": [_WINDOW_SCHEMA, {"type": "array", "items": _WINDOW_SCHEMA}]}
"""The JSON Schema of one day's windows."""
