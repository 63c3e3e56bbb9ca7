"""
Rules of RFC 5545: the wall times that a text such as `FREQ=WEEKLY;BYDAY=SU` names, checked before they are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import chain

from sla_engine.errors import InvalidLog, close_to
from sla_engine.instants import DAY, FIRST_DAY, LAST_DAY, to_micros
from sla_engine.zones import zone_name, zone_of

MOST = 10_000
"""So many occurrences may be asked for at once, and so many may a rule count."""

EPOCH_DAY = date(1970, 1, 1).toordinal()
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # the Gregorian calendar repeats after them, weekdays included
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_STEPS = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_RANGES = {
    "INTERVAL": (1, 9999),
    "COUNT": (1, MOST),
    "BYSETPOS": (-366, 366),
    "BYMONTH": (1, 12),
    "BYWEEKNO": (-53, 53),
    "BYYEARDAY": (-366, 366),
    "BYMONTHDAY": (-31, 31),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
}
_CHOICES = {"FREQ": _STEPS, "WKST": _WEEKDAYS}
_TOO_OFTEN = ("HOURLY", "MINUTELY", "SECONDLY")
_MOST_WEEKS, _MOST_WEEKS_OF_MONTH = 53, 5  # so often can a weekday be in a year, and in a month
_KEYS = ("FREQ", "UNTIL", "WKST", "BYDAY", *_RANGES)
_DATES = {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}
_FORM = "Write it as 20260329T023000, with a Z at the end if it is UTC"


def shown(at: datetime) -> str:
    """Return a local time to the minute, or to the second if it has any; with its offset where it comes again."""
    wall = at.replace(tzinfo=None).isoformat().removesuffix(":00")
    return f"{wall}{at:%z}" if at.fold else wall


# --- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What a text says: the parts that name dates and times, written out in one way; what bounds and amends them."""

    text: str
    step: str
    interval: int
    week_start: int
    count: int | None
    until: int | None
    added: tuple[int, ...]
    excepted: frozenset[int]

    @classmethod
    def parse(cls, text: str, start: datetime, zone: tzinfo) -> Recurrence:
        """Return what a text says of a start, which is a wall time of the zone; raises `InvalidLog`."""
        if not isinstance(text, str):
            raise wrong(text, f"{text!r} is no rule", 'Write it as text: "FREQ=WEEKLY;BYDAY=SU"')
        rules: list[str] = []
        times: dict[str, set[int]] = {"RDATE": set(), "EXDATE": set()}
        for line in re.sub(r"\r?\n[ \t]", "", text.strip()).splitlines():  # a line may go on after a blank
            head, _, value = line.strip().rpartition(":")
            name, *settings = head.split(";")
            name, value = name.upper(), value.upper()
            if name in times:
                times[name].update(_instants(name, settings, value, zone))
            elif name in ("", "RRULE") and not settings:
                rules.append(value)
            else:
                raise wrong(
                    line,
                    f"the rule has a line {head!r}",
                    "It may have RRULE, EXDATE and RDATE; start and zone have DTSTART",
                )
        if len(rules) != 1:
            raise wrong(text, f"{len(rules)} rules are given", "Give one, and another RecurringMaintenance for another")
        parts = _parts(rules[0])
        until = _instants("UNTIL", [], parts["UNTIL"][0], zone)[0] if "UNTIL" in parts else None
        count = int(parts["COUNT"][0]) if "COUNT" in parts else None
        _check_together(rules[0], parts)
        whole = _written_out(parts, start)
        return cls(
            ";".join(
                f"{key}={','.join(whole[key])}" for key in _KEYS if key in whole and key not in ("UNTIL", "COUNT")
            ),
            whole["FREQ"][0],
            int(whole["INTERVAL"][0]),
            _WEEKDAYS.index(whole["WKST"][0]),
            count,
            until,
            tuple(sorted(times["RDATE"])),
            frozenset(times["EXDATE"]),
        )

    def first(self, start: datetime) -> datetime | None:
        """Return the first wall time that the rule names from a start on; None if it names none."""
        # Nobody can say beforehand whether a rule names anything (the 30th of February), and years are walked through
        # until the last of the calendar; so this looks into the cycle of years before that one, where all is the same.
        cycles = (9998 - start.year) // _CYCLE_YEARS
        moved = timedelta(cycles * _CYCLE_DAYS)
        found = next(self._walls(start + moved, (start + moved).toordinal()), None)
        return None if found is None else found - moved

    def starts(self, start: datetime, zone: tzinfo, first: int = FIRST_DAY, last: int = LAST_DAY) -> Iterator[int]:
        """Yield the instants that the rule names on the dates [first, last], without additions and exceptions."""
        # What is counted is counted from the start.
        begin = start.toordinal() if self.count else max(start.toordinal(), first)
        if self.until is not None:
            last = min(last, self.until // DAY + EPOCH_DAY + 2)
        for number, wall in enumerate(self._walls(start, begin)):
            if number == self.count or wall.toordinal() > last:
                return
            # The first of two, and in a gap the time by the offset before it: what RFC 5545 says is what fold=0 does.
            at = to_micros(wall.replace(tzinfo=zone))
            if wall.toordinal() >= first and (self.until is None or at <= self.until):
                yield at

    def _walls(self, start: datetime, day: int) -> Iterator[datetime]:
        """Yield the wall times from the step that holds the date `day` on, none before the start."""
        from dateutil.rrule import rrulestr  # noqa: PLC0415  (only what recurs needs it)

        found = iter(rrulestr(self.text, dtstart=datetime.fromordinal(self._step_of(start, date.fromordinal(day)))))
        while True:
            try:
                wall = next(found)
            except (StopIteration, ValueError, OverflowError):  # the latter two where the calendar ends
                return
            if wall >= start:
                yield wall

    def _step_of(self, start: datetime, day: date) -> int:
        """Return the first date of the step that holds `day`; steps are counted from the one that holds the start."""
        every = self.interval
        if self.step == "DAILY":
            begin = start.toordinal()
            return begin + (day.toordinal() - begin) // every * every
        if self.step == "WEEKLY":
            begin = start.toordinal() - (start.weekday() - self.week_start) % 7
            return max(begin + (day.toordinal() - begin) // (7 * every) * 7 * every, 1)
        if self.step == "MONTHLY":
            begin = start.year * 12 + start.month - 1
            year, month = divmod(begin + (day.year * 12 + day.month - 1 - begin) // every * every, 12)
            return date(year, month + 1, 1).toordinal()
        return date(start.year + (day.year - start.year) // every * every, 1, 1).toordinal()


def wrong(given: object, problem: str, remedy: str) -> InvalidLog:
    """Return the error for a part of a rule."""
    return InvalidLog(problem, value=given, remedy=remedy)


def _instants(name: str, settings: list[str], value: str, zone: tzinfo) -> list[int]:
    """Return the times of `UNTIL`, `EXDATE` or `RDATE` as instants; those without a zone are wall times of `zone`."""
    for setting in settings:
        key, _, given = setting.partition("=")
        if key.upper() == "TZID":
            zone = zone_of(zone_name(given))
        elif setting.upper() != "VALUE=DATE-TIME":
            raise wrong(setting, f"{name} has {setting}, and not a time", _FORM)
    instants: list[int] = []
    for text in value.split(","):
        try:
            if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z?", text):
                raise ValueError
            wall = datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC if text[15:] else zone)
        except ValueError:
            raise wrong(text, f"{name} has {text!r}, which is no time", _FORM) from None
        instants.append(to_micros(wall))
    return instants


def _parts(text: str) -> dict[str, list[str]]:
    """Return the parts of a rule by their keys, each checked by itself."""
    parts: dict[str, list[str]] = {}
    for part in text.strip().removesuffix(";").split(";"):
        key, _, value = (one.strip() for one in part.partition("="))
        if key not in _KEYS:
            close = close_to(key, _KEYS, n=1)
            raise wrong(
                part, f"the rule has {part!r}", f"Did you mean {close[0]}?" if close else f"It knows {', '.join(_KEYS)}"
            )
        if key in parts:
            raise wrong(part, f"the rule has {key} twice", "Give it once, with commas between what it names")
        parts[key] = _values(key, value)
    if "FREQ" not in parts:
        raise wrong(text, f"{text!r} does not say how often: it has no FREQ", f"Give one of {', '.join(_STEPS)}")
    return parts


def _values(key: str, text: str) -> list[str]:
    """Return the values of a part, in order and each once; raises `InvalidLog` for those that it cannot have."""
    given = f"the rule has {key}={text}"
    if key == "UNTIL":
        return [text]
    if key in _CHOICES:
        if text in _TOO_OFTEN:
            raise wrong(text, f"{given}, and maintenance recurs by days at least", "Write FREQ=DAILY;BYHOUR=0,6,12,18")
        if text not in _CHOICES[key]:
            raise wrong(text, f"{given}, which cannot be", f"Give one of {', '.join(_CHOICES[key])}")
        return [text]
    if key == "BYDAY":
        days = [re.fullmatch(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", one) for one in text.split(",")]
        if not all(day and (day[1] is None or 1 <= abs(int(day[1])) <= _MOST_WEEKS) for day in days):
            raise wrong(text, f"{given}, which cannot be", "Write days as SU, the first as 1SU, the last as -1SU")
        read = {(int(day[1] or 0), _WEEKDAYS.index(day[2])) for day in days if day}
        return [f"{number or ''}{_WEEKDAYS[day]}" for number, day in sorted(read)]
    return _numbers(key, text, given)


def _numbers(key: str, text: str, given: str) -> list[str]:
    low, high = _RANGES[key]
    numbers = {int(one) if re.fullmatch(r"[+-]?[0-9]{1,6}", one) else high + 1 for one in text.split(",")}
    if not all(low <= one <= high for one in numbers) or (low < 0 and 0 in numbers):
        span = f"from {low} to {high}" if low >= 0 else f"from 1 to {high}, or from -1 to {low} if counted from the end"
        raise wrong(text, f"{given}, which cannot be", f"Give numbers {span}")
    if key in ("INTERVAL", "COUNT") and len(numbers) > 1:
        raise wrong(text, f"{given}, which cannot be", "Give one number")
    return [str(one) for one in sorted(numbers)]


def _check_together(text: str, parts: dict[str, list[str]]) -> None:
    """Refuse parts that cannot stand together. Source: RFC 5545, 3.3.10, the table and what stands before it."""
    step = parts["FREQ"][0]
    numbers = [abs(int(day[:-2])) for day in parts.get("BYDAY", ()) if day not in _WEEKDAYS]
    numbered, most = bool(numbers), max(numbers, default=0)
    by = [key for key in parts if key.startswith("BY")]
    for bad, why in (
        ("UNTIL" in parts and "COUNT" in parts, "UNTIL and COUNT, which both end it"),
        ("BYWEEKNO" in parts and step != "YEARLY", f"BYWEEKNO, which needs FREQ=YEARLY and not {step}"),
        ("BYYEARDAY" in parts and step != "YEARLY", f"BYYEARDAY, which needs FREQ=YEARLY and not {step}"),
        ("BYMONTHDAY" in parts and step == "WEEKLY", "BYMONTHDAY, and a week has no such days"),
        (
            numbered and step in ("DAILY", "WEEKLY"),
            f"numbers in BYDAY, which need FREQ=MONTHLY or YEARLY and not {step}",
        ),
        (numbered and "BYWEEKNO" in parts, "numbers in BYDAY, and BYWEEKNO, in whose weeks each day is once"),
        (
            most > _most_weeks(parts),
            f"{most} in BYDAY, and a month has no weekday more often than {_MOST_WEEKS_OF_MONTH} times",
        ),
        (by == ["BYSETPOS"], "BYSETPOS, and nothing to choose from"),
    ):
        if bad:
            raise wrong(text, f"the rule has {why}", "Leave one of them out")


def _most_weeks(parts: dict[str, list[str]]) -> int:
    """Return how often a weekday can be in what the numbers of `BYDAY` count in."""
    return _MOST_WEEKS_OF_MONTH if parts["FREQ"] == ["MONTHLY"] or "BYMONTH" in parts else _MOST_WEEKS


def _written_out(parts: dict[str, list[str]], start: datetime) -> dict[str, list[str]]:
    """
    Return the parts with all that a rule leaves to its start, so that it says the same from any date on.

    Source: RFC 5545, 3.3.10: what is not in the rule comes from the start.
    """
    whole = {"INTERVAL": ["1"], "WKST": ["MO"], **parts}
    step = parts["FREQ"][0]
    for key, value in (("BYHOUR", start.hour), ("BYMINUTE", start.minute), ("BYSECOND", start.second)):
        whole.setdefault(key, [str(value)])
    given = _DATES & set(parts)
    if given == {"BYWEEKNO"} or (not given and step == "WEEKLY"):
        whole["BYDAY"] = [_WEEKDAYS[start.weekday()]]
    elif not given and step in ("MONTHLY", "YEARLY"):
        whole["BYMONTHDAY"] = [str(start.day)]
        if step == "YEARLY":
            whole.setdefault("BYMONTH", [str(start.month)])
    days = whole.get("BYDAY", [])
    if 0 < sum(day in _WEEKDAYS for day in days) < len(days):
        # dateutil takes those that are both: every Monday, and the first Tuesday, must be numbered alike.
        each = [
            [day] if day not in _WEEKDAYS else [f"{number}{day}" for number in range(1, _most_weeks(parts) + 1)]
            for day in days
        ]
        whole["BYDAY"] = list(dict.fromkeys(chain.from_iterable(each)))
    return whole
