"""An independent oracle for business calendars: it walks time in fixed steps and counts.

It reads a calendar's JSON document and shares no code and no method with the engine: no table
of sums, no search, no algebra of spans. Every instant of a range is visited, converted to the
wall time of the calendar's zone, and marked open or closed; every question walks those marks.
Slow, and meant to be believed by reading.

Two things are known of each step after materialising, and all answers come from them:

- whether the step `[t, t + step)` is open;
- whether `t` is a *start*: the written start of a window or of an extra opening which is open
  in the end, or the start of an open span. Starts give business dates. From a start to the
  next start, or to the end of the open span, is a *piece*; it belongs to the start's date.

Everything has to lie on whole steps: the range, questions, durations, written times, the
zone's offsets and the instants at which they change. What does not raises `ValueError`. What
cannot be answered inside the range raises `LookupError`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

__all__ = ["Document", "Oracle"]

Document = Mapping[str, Any]
"""A calendar as `json.loads` gives it, with its holidays as plain dates."""

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


# What is written: zones, clock times, windows


def _zone(text: str) -> tzinfo:
    """The zone of an IANA name, of `UTC`, or of `UTC+05:30` (east is plus)."""
    fixed = re.fullmatch(r"UTC([+-])(\d\d):(\d\d)", text)
    if fixed is None:
        return UTC if text == "UTC" else ZoneInfo(text)
    sign, hours, minutes = fixed.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(offset if sign == "+" else -offset)


def _zone_name(document: Document) -> str:
    """The zone for questions about days: the one given, or else the first operand's."""
    if document.get("zone"):
        return str(document["zone"])
    if "left" in document:
        return _zone_name(document["left"])
    if document.get("versions"):
        return _zone_name(document["versions"][0]["calendar"])
    raise ValueError("the calendar has no zone: give it a 'zone', such as 'Europe/Rome'")


def _midnight(day: date) -> datetime:
    """The wall time 00:00 of a date, as a naive datetime."""
    return datetime(day.year, day.month, day.day)


def _clock(text: str) -> timedelta:
    """A written time of day as the time since midnight: `08:30`, `08:30:15` or `24:00`."""
    if not re.fullmatch(r"\d\d:\d\d(:\d\d)?", text):
        raise ValueError(f"{text!r} is no time of day: write HH:MM or HH:MM:SS")
    hours, minutes, seconds = [*map(int, text.split(":")), 0][:3]
    clock = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 59 or clock > _DAY:
        raise ValueError(f"{text!r} is no time of day: the last one is 24:00")
    return clock


@dataclass(frozen=True, slots=True)
class _Hours:
    """Hours as written, `22:00-06:00`, as times since the midnight of the date of the start."""

    opens: timedelta
    closes: timedelta

    @classmethod
    def read(cls, text: str) -> "_Hours":
        first, _, last = text.partition("-")
        opens, closes = _clock(first), _clock(last)
        if opens == _DAY:
            raise ValueError(f"{text!r} starts at 24:00: write 00:00 on the next date")
        return cls(opens, closes if closes > opens else closes + _DAY)

    def on(self, day: date) -> "_Window":
        return _Window(_midnight(day) + self.opens, _midnight(day) + self.closes)


@dataclass(frozen=True, slots=True)
class _Window:
    """A window on a date, in wall time (naive)."""

    opens: datetime
    closes: datetime

    def parts(self) -> list["_Window"]:
        """The window cut at midnight."""
        midnight = _midnight(self.opens.date() + _DAY)
        if self.closes <= midnight:
            return [self]
        return [_Window(self.opens, midnight), _Window(midnight, self.closes)]


def _weekdays(key: str) -> list[int]:
    """The weekdays of `fri`, `mon-thu` or `sat-mon`, with Monday as 0."""
    first, _, last = key.partition("-")
    day, stop = _WEEK.index(first), _WEEK.index(last or first)
    days = [day]
    while day != stop:
        day = (day + 1) % 7
        days.append(day)
    return days


# What is walked: instants, and what the clocks on the wall show


class _Walk:
    """The wall time at every walked instant in one zone."""

    def __init__(self, zone: tzinfo, instants: list[datetime], step: timedelta) -> None:
        self.walls = [t.astimezone(zone).replace(tzinfo=None) for t in instants]
        self._first: dict[datetime, int] = {}
        self._last: dict[datetime, int] = {}
        for k, wall in enumerate(self.walls):
            self._first.setdefault(wall, k)
            self._last[wall] = k
            if k == 0 or wall - self.walls[k - 1] != step:
                self._check(zone, instants[k], step, changed=k > 0)

    @staticmethod
    def _check(zone: tzinfo, instant: datetime, step: timedelta, *, changed: bool) -> None:
        """Refuse an offset, or a change of the offset, that is not on a whole step."""
        offset = instant.astimezone(zone).utcoffset() or timedelta(0)
        if offset % step:
            raise ValueError(f"{zone} is {offset} from UTC, no multiple of the step {step}")
        just_before = (instant - timedelta.resolution).astimezone(zone).utcoffset()
        if changed and just_before == offset:
            raise ValueError(f"{zone} changes its offset within the step before {instant}")

    def first(self, wall: datetime) -> int:
        """The step at which a wall time is shown for the first time.

        A wall time in a gap gives the gap's end, one before the walk -1, one after it the
        number of steps. This is where windows open, and where a date has its first instant.
        """
        if wall in self._first:
            return self._first[wall]
        if wall < self.walls[0]:
            return -1
        return next((k for k, shown in enumerate(self.walls) if shown > wall), len(self.walls))

    def last(self, wall: datetime) -> int:
        """The step at which a window closes: as `first`, but the last time it is shown.

        The end of a date, written 24:00 or 00:00, is the first instant of the next date.
        """
        if wall == _midnight(wall.date()):
            return self.first(wall)
        return self._last.get(wall, self.first(wall))


class _Grid:
    """The walked instants, and the walks in the zones asked for."""

    def __init__(self, origin: datetime, count: int, step: timedelta) -> None:
        self.origin, self.count, self.step = origin, count, step
        self.instants = [origin + k * step for k in range(count)]
        self._walks: dict[str, _Walk] = {}

    def walk(self, zone: str) -> _Walk:
        if zone not in self._walks:
            self._walks[zone] = _Walk(_zone(zone), self.instants, self.step)
        return self._walks[zone]

    def index(self, instant: datetime) -> int:
        """The step that starts at an instant; it may be outside the walk."""
        if instant.tzinfo is None:
            raise ValueError(f"{instant} has no zone: attach one, with .replace(tzinfo=...)")
        return self.steps(instant.astimezone(UTC) - self.origin)

    def steps(self, duration: timedelta) -> int:
        """The number of steps of a duration."""
        steps, rest = divmod(duration, self.step)
        if rest:
            raise ValueError(f"{duration} is not a whole number of steps of {self.step}")
        return steps

    def between(self, span: Document) -> range:
        """The walked steps of an exact span, a closure or an opening."""
        first, last = (self.index(datetime.fromisoformat(span[end])) for end in ("start", "end"))
        return range(max(first, 0), min(last, self.count))


# What is open: one picture for each node of the document


@dataclass(frozen=True, slots=True)
class _Picture:
    """For each step whether it is open, and the steps at which a window or a span starts."""

    open: list[bool]
    starts: set[int]

    @classmethod
    def of(cls, is_open: list[bool], written_starts: Iterable[int]) -> "_Picture":
        """Keep the written starts that are open, and add the start of every open span."""
        starts = {k for k in written_starts if is_open[k]}
        for k, now in enumerate(is_open):
            if now and (k == 0 or not is_open[k - 1]):
                starts.add(k)
        return cls(is_open, starts)


Owns = Callable[[date], bool]


def _picture(document: Document, grid: _Grid) -> _Picture:
    kind = document.get("kind", "weekly")
    if kind == "weekly":
        return _weekly(document, grid, lambda _: True)
    if kind == "versions":
        return _versions(document, grid)
    left, right = _picture(document["left"], grid), _picture(document["right"], grid)
    both = list(zip(left.open, right.open, strict=True))
    if kind == "union":
        is_open = [a or b for a, b in both]
    elif kind == "intersection":
        is_open = [a and b for a, b in both]
    elif kind == "difference":
        is_open = [a and not b for a, b in both]
    else:
        raise ValueError(f"{kind!r} is no kind of calendar that the oracle knows")
    return _Picture.of(is_open, left.starts | right.starts)


def _weekly(document: Document, grid: _Grid, owns: Owns) -> _Picture:
    """A plain calendar: the windows and openings that start on the dates that are owned.

    Lowest first: weekly hours, holidays, overrides, closures, openings.
    """
    zone = _zone_name(document)
    walk = grid.walk(zone)
    is_open = [False] * grid.count
    starts: set[int] = set()

    for window, parts in _windows(document, grid, walk, owns):
        ranges = [range(walk.first(part.opens), walk.last(part.closes)) for part in parts]
        for steps in ranges:
            for k in steps:
                if 0 <= k < grid.count:
                    is_open[k] = True
        # A window whose own date is closed, or of which nothing exists, has no start.
        start = walk.first(window.opens)
        if parts and parts[0].opens == window.opens and any(start in steps for steps in ranges):
            starts.add(start)

    for closure in document.get("closures") or ():
        for k in grid.between(closure):
            is_open[k] = False

    for opening in document.get("openings") or ():
        start_instant = datetime.fromisoformat(opening["start"])
        if owns(start_instant.astimezone(_zone(zone)).date()):
            for k in grid.between(opening):
                is_open[k] = True
                if k == grid.index(start_instant):
                    starts.add(k)

    return _Picture.of(is_open, (k for k in starts if 0 <= k < grid.count))


def _windows(document: Document, grid: _Grid, walk: _Walk, owns: Owns) -> Iterator[tuple[_Window, list[_Window]]]:
    """Each window of the owned dates with the parts of it that holidays and overrides leave.

    By default a window is one part, and belongs to the date on which it starts. By civil date
    it is cut at midnight, and each part belongs to the date that it is on.
    """

    def read(texts: Iterable[str]) -> list[_Hours]:
        hours = [_Hours.read(text) for text in texts]
        for each in hours:
            grid.steps(each.opens)
            grid.steps(each.closes)
        return hours

    written: Mapping[str, list[str]] = document.get("hours") or {}
    weekly: list[list[_Hours]] = [[] for _ in _WEEK]
    for key, texts in written.items():
        for weekday in _weekdays(key):
            weekly[weekday] += read(texts)
    replaced: Mapping[str, list[str]] = document.get("overrides") or {}
    overrides = {date.fromisoformat(day): read(texts) for day, texts in replaced.items()}
    days: set[str] = set()
    annual: set[str] = set()
    for holidays in document.get("holidays") or ():
        if holidays.get("kind", "dates") != "dates":
            raise ValueError(f"the oracle knows holidays as plain dates, not {holidays['kind']!r}")
        days.update(holidays.get("days") or ())
        annual.update(holidays.get("annual") or ())

    def is_changed(day: date) -> bool:
        text = day.isoformat()
        return day in overrides or text in days or text[5:] in annual

    by_civil_date = document.get("overnight", "start_date") == "civil_date"
    day = walk.walls[0].date() - 2 * _DAY
    while day <= walk.walls[-1].date():
        if owns(day):
            usual = [hours.on(day) for hours in weekly[day.weekday()]]
            special = [hours.on(day) for hours in overrides.get(day, ())]
            if by_civil_date:
                for window in usual:
                    yield window, [p for p in window.parts() if not is_changed(p.opens.date())]
                for window in special:
                    first, *tail = window.parts()
                    yield window, [first, *(p for p in tail if not is_changed(p.opens.date()))]
            else:
                for window in special if is_changed(day) else usual:
                    yield window, [window]
        day += _DAY


def _versions(document: Document, grid: _Grid) -> _Picture:
    """Effective dating: what each version owns by its own dates, united."""
    versions = document["versions"]
    is_open = [False] * grid.count
    starts: set[int] = set()
    for number, version in enumerate(versions):
        since = version.get("from_date")
        until = versions[number + 1]["from_date"] if number + 1 < len(versions) else None
        picture = _version(version["calendar"], grid, _dates_between(since, until))
        is_open = [a or b for a, b in zip(is_open, picture.open, strict=True)]
        starts |= picture.starts
    return _Picture.of(is_open, starts)


def _dates_between(since: str | None, until: str | None) -> Owns:
    """Whether a date is in `[since, until)`, where None is no limit."""

    def owns(day: date) -> bool:
        return (since is None or day >= date.fromisoformat(since)) and (
            until is None or day < date.fromisoformat(until)
        )

    return owns


def _version(calendar: Document, grid: _Grid, owns: Owns) -> _Picture:
    """The windows of one calendar that start on the owned dates, in its own zone.

    Of a calendar that is not a plain one, its pieces.
    """
    if calendar.get("kind", "weekly") == "weekly":
        return _weekly(calendar, grid, owns)
    whole = _picture(calendar, grid)
    walls = grid.walk(_zone_name(calendar)).walls
    kept = [False] * grid.count
    is_owned = False
    for k in range(grid.count):
        if k in whole.starts:
            is_owned = owns(walls[k].date())
        kept[k] = whole.open[k] and is_owned
    return _Picture.of(kept, whole.starts)


def _longest_opening(document: Document) -> timedelta:
    """The length of the longest extra opening anywhere in the document."""
    longest = timedelta(0)
    for opening in document.get("openings") or ():
        start, end = (datetime.fromisoformat(opening[end]) for end in ("start", "end"))
        longest = max(longest, end.astimezone(UTC) - start.astimezone(UTC))
    operands = [document[side] for side in ("left", "right") if side in document]
    operands += [version["calendar"] for version in document.get("versions") or ()]
    return max([longest, *map(_longest_opening, operands)])


# What is asked


class Oracle:
    """Answers about one calendar, for moments in `[start, end]`.

    The walk covers a margin around the range, so that windows, pieces and dates that reach
    over its edges are whole. Moments go in as aware datetimes and come out in UTC.

    >>> rome = {"kind": "weekly", "zone": "Europe/Rome", "hours": {"mon-fri": ["09:00-17:00"]}}
    >>> start, end = (datetime(2026, 3, day, tzinfo=UTC) for day in (25, 31))
    >>> oracle = Oracle(rome, start=start, end=end)
    >>> friday_at_five = oracle.add(datetime(2026, 3, 27, 8, tzinfo=UTC), timedelta(hours=8))
    >>> print(friday_at_five, oracle.next_opening(friday_at_five), sep=", ")
    2026-03-27 16:00:00+00:00, 2026-03-30 07:00:00+00:00
    """

    def __init__(
        self,
        document: Document,
        *,
        start: datetime,
        end: datetime,
        step: timedelta = timedelta(minutes=1),
    ) -> None:
        if step <= timedelta(0) or _DAY % step:
            raise ValueError(f"a step of {step} does not divide a day")
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("start and end need a zone: attach one, with .replace(tzinfo=...)")
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if start >= end or (start - _EPOCH) % step or (end - _EPOCH) % step:
            raise ValueError(f"{start} to {end} is not a range of whole steps of {step}")
        longest = _longest_opening(document)
        margin = step * (-(-(5 * _DAY + longest) // step))
        self._grid = _Grid(start - margin, (end - start + 2 * margin) // step, step)
        self._from, self._to = self._grid.index(start), self._grid.index(end)
        picture = _picture(document, self._grid)
        self._open, self._starts = picture.open, picture.starts
        self._walk = self._grid.walk(_zone_name(document))
        self._pieces: dict[date, list[tuple[int, int]]] = {}
        for first in sorted(self._starts):
            last = first + 1
            while last < self._grid.count and self._open[last] and last not in self._starts:
                last += 1
            self._pieces.setdefault(self._date(first), []).append((first, last))

    # Open time

    def is_open(self, t: datetime) -> bool:
        """Whether a moment is open; a closing is not."""
        return self._open[self._index(t)]

    def elapsed(self, a: datetime, b: datetime) -> timedelta:
        """The open time from `a` to `b`; negative where `b` is before `a`."""
        first, last = self._index(a), self._index(b)
        if first > last:
            return -self.elapsed(b, a)
        count = 0
        for k in range(first, last):
            if self._open[k]:
                count += 1
        return count * self._grid.step

    def add(self, a: datetime, duration: timedelta) -> datetime:
        """The first moment with this much open time since `a`; at a closing, that closing."""
        k, left = self._index(a), self._grid.steps(duration)
        if left < 0:
            return self.subtract(a, -duration)
        while left > 0:
            left -= self._open[k]
            k += 1
            self._stay(k)
        return self._instant(k)

    def subtract(self, b: datetime, duration: timedelta) -> datetime:
        """The last moment with this much open time until `b`; at an opening, that opening."""
        k, left = self._index(b), self._grid.steps(duration)
        if left < 0:
            return self.add(b, -duration)
        while left > 0:
            k -= 1
            self._stay(k)
            left -= self._open[k]
        return self._instant(k)

    def resumes_at(self, a: datetime, duration: timedelta) -> datetime:
        """The last moment with no more than this open time since `a`: the next opening."""
        k, left = self._index(a), self._grid.steps(duration)
        if left < 0:
            return self.subtract(a, -duration)
        while not (left == 0 and self._open[k]):
            left -= self._open[k]
            k += 1
            self._stay(k)
        return self._instant(k)

    # Openings and closings

    def next_opening(self, t: datetime) -> datetime:
        """The first opening at or after a moment."""
        k = self._index(t)
        while not self._is_opening(k):
            k += 1
            self._stay(k)
        return self._instant(k)

    def next_closing(self, t: datetime) -> datetime:
        """The first closing strictly after a moment."""
        k = self._index(t) + 1
        self._stay(k)
        while not self._is_closing(k):
            k += 1
            self._stay(k)
        return self._instant(k)

    def previous_opening(self, t: datetime) -> datetime:
        """The last opening at or before a moment."""
        k = self._index(t)
        while not self._is_opening(k):
            k -= 1
            self._stay(k)
        return self._instant(k)

    def previous_closing(self, t: datetime) -> datetime:
        """The last closing at or before a moment."""
        k = self._index(t)
        while not self._is_closing(k):
            k -= 1
            self._stay(k)
        return self._instant(k)

    def open_spans(self, a: datetime, b: datetime) -> list[tuple[datetime, datetime]]:
        """The open spans in `[a, b)`, cut at its ends; those that abut are one."""
        first, last = self._index(a), self._index(b)
        spans: list[tuple[datetime, datetime]] = []
        k = first
        while k < last:
            opened = k
            while k < last and self._open[k]:
                k += 1
            if k > opened:
                spans.append((self._instant(opened), self._instant(k)))
            k += 1
        return spans

    def starts(self, a: datetime, b: datetime) -> list[datetime]:
        """The starts in `[a, b)`, each of which makes its local date a business date."""
        return [self._instant(k) for k in range(self._index(a), self._index(b)) if k in self._starts]

    # Dates

    def business_date(self, t: datetime) -> date:
        """The business date of an open moment or of a closing.

        Of an open moment it is the date of the last start at or before it, of a closing that
        of the last start before it. Raises `ValueError` for other moments.
        """
        day = self._business_date(self._index(t))
        if day is None:
            raise ValueError(f"{t} is neither open nor a closing: it has no business date")
        return day

    def business_dates(self, first_date: date, last_date: date) -> list[date]:
        """The business dates from the first date to the last, both included.

        Raises `LookupError` unless the range holds both dates entirely.
        """
        self._stay(self._walk.first(_midnight(first_date)))
        self._stay(self._walk.first(_midnight(last_date + _DAY)))
        return [day for day in sorted(self._pieces) if first_date <= day <= last_date]

    def add_business_days(self, a: datetime, n: int, due: Literal["same_time", "close"] = "same_time") -> datetime:
        """The n-th business date after that of `a`, at the same clock time or at its close.

        A closed `a` first rolls to the next opening, or for a negative count back to the last
        closing. The clock time counts from the midnight of the business date, so that 02:00 of
        a night shift is 26:00. It stays within the date's hours: at the first opening if it is
        earlier, at the last closing if later, at a break's start in a break.
        """
        rolled = self._roll(a, forward=n >= 0)
        rolled_date = self._business_date(rolled)
        assert rolled_date is not None
        dates = sorted(self._pieces)
        position = dates.index(rolled_date) + n
        if not 0 <= position < len(dates):
            raise LookupError(f"the range does not hold {n} business days from {a}")
        target = dates[position]
        pieces = self._pieces[target]
        if due == "close":
            result = pieces[-1][1]
        else:
            clock = self._walk.walls[rolled] - _midnight(rolled_date)
            wanted = self._walk.first(_midnight(target) + clock)
            result = pieces[0][0]
            for first, last in pieces:
                if first <= wanted:
                    result = min(wanted, last)
        self._stay(result)
        return self._instant(result)

    def business_days_between(self, a: datetime, b: datetime) -> int:
        """The number of business dates after that of `a`, up to that of `b`; signed.

        A closed `a` rolls towards `b`. A `b` that is neither open nor a closing has its civil
        date in the calendar's zone.
        """
        forward = self._index(a) <= self._index(b)
        from_date = self._business_date(self._roll(a, forward=forward))
        assert from_date is not None
        to_date = self._business_date(self._index(b)) or self._date(self._index(b))
        if forward:
            return sum(from_date < day <= to_date for day in self._pieces)
        return -sum(to_date <= day < from_date for day in self._pieces)

    def calendar_days(self, a: datetime, n: int) -> datetime:
        """The same local clock time `n` civil dates later; `a` itself for none.

        A clock time in a gap is the gap's end, a repeated one the first.
        """
        k = self._index(a)
        if n != 0:
            k = self._walk.first(self._walk.walls[k] + n * _DAY)
            self._stay(k)
        return self._instant(k)

    # Steps

    def _index(self, t: datetime) -> int:
        k = self._grid.index(t)
        self._stay(k)
        return k

    def _stay(self, k: int) -> None:
        if not self._from <= k <= self._to:
            start, end = self._instant(self._from), self._instant(self._to)
            raise LookupError(f"the answer or the question is outside the range {start} to {end}")

    def _instant(self, k: int) -> datetime:
        return self._grid.instants[k]

    def _date(self, k: int) -> date:
        """The civil date of a step in the calendar's zone."""
        return self._walk.walls[k].date()

    def _is_opening(self, k: int) -> bool:
        return self._open[k] and not self._open[k - 1]

    def _is_closing(self, k: int) -> bool:
        return self._open[k - 1] and not self._open[k]

    def _roll(self, a: datetime, *, forward: bool) -> int:
        """An open moment itself; else the next opening, or the last closing."""
        if self.is_open(a):
            return self._index(a)
        return self._index(self.next_opening(a) if forward else self.previous_closing(a))

    def _business_date(self, k: int) -> date | None:
        """The date of an open step or of a closing; None for other moments."""
        if self._is_closing(k):
            k -= 1
        elif not self._open[k]:
            return None
        while k not in self._starts:
            k -= 1
        return self._date(k)
