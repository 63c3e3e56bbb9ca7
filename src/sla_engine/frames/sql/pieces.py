"""
The due instant of an amount as a function of the start: pieces on which it moves with the start, or stands still.

On a piece it is `start + shift`, but no less than `least` and no more than `most`. That holds of every kind of amount,
so one table and one look-up answer them all. Nothing here needs NumPy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, tzinfo
from itertools import pairwise
from typing import NamedTuple

from sla_engine.amounts import Amount, BusinessDays, BusinessTime, CalendarDays, ElapsedTime
from sla_engine.calendars import Calendar, business_dates
from sla_engine.calendars.timeline import Table
from sla_engine.instants import DAY, FIRST_DAY, LAST_DAY, clock_changes, instant, local_clock, local_day, offset_at
from sla_engine.instants import midnight as midnight_of
from sla_engine.spans import Pair

FAR = 2**61
EPOCH_DAY = date(1970, 1, 1).toordinal()
_OUT_OF_ALL = 2**40


class Piece(NamedTuple):
    """From an instant on; without a shift there is no answer that the years of the table know."""

    since: int
    shift: int | None
    least: int = -FAR
    most: int = FAR

    def due(self, at: int) -> int | None:
        """Return when a start on the piece is due."""
        return None if self.shift is None else min(max(at + self.shift, self.least), self.most)


def bounds(calendar: Calendar, years: range) -> tuple[int, int]:
    """Return the first instant of some years in the zone of a calendar, and the first after them."""
    zone = calendar.timeline.zone
    first, stop = (date(year, 1, 1).toordinal() for year in (years.start, years.stop))
    return midnight_of(zone, first), midnight_of(zone, stop)


def table_of(calendar: Calendar, years: range) -> Table:
    """Return what a calendar compiles to for some years, whatever it was asked before; raises `OutOfRange`."""
    lo, hi = bounds(calendar, years)
    return Table(lo, hi, calendar._cover(lo, hi))


def pieces_of(amount: Amount, calendar: Calendar, table: Table) -> list[Piece]:
    """Return the due instants of an amount, zero or more, of starts in the time of a table."""
    zone, near = calendar.timeline.zone, calendar.horizon * 365 * DAY
    if isinstance(amount, ElapsedTime):
        found: Iterable[Piece] = [Piece(table.lo, amount.micros)]
    elif isinstance(amount, CalendarDays):
        found = _calendar_days(amount.count, zone, table)
    elif isinstance(amount, BusinessDays):
        found = _within(_business_days(amount, zone, table, near), table.hi, near)
    else:
        assert isinstance(amount, BusinessTime)  # noqa: S101  (Amount is a closed set)
        found = _within(_open_time(amount.micros, table), table.hi, near) if amount.micros else [Piece(table.lo, 0)]
    return _joined(found)


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces in their simplest form, those that go on alike as one."""
    joined: list[Piece] = []
    for piece in pieces:
        plain = Piece(piece.since, None) if piece.shift is None else piece
        if plain.shift is not None and plain.least >= plain.most:
            plain = Piece(piece.since, 0, plain.most, plain.most)
        if joined and joined[-1].since == plain.since:
            joined.pop()
        if not joined or joined[-1][1:] != plain[1:]:
            joined.append(plain)
    return joined


def _within(pieces: Iterable[Piece], stop: int, near: int) -> Iterator[Piece]:
    """Yield pieces with no answer where it is further away than a horizon ever ends."""
    for piece, after in pairwise([*pieces, Piece(stop, None)]):
        if piece.shift is None:
            yield piece
            continue
        good = (piece.least if piece.shift <= near else piece.most) - near
        if good > piece.since:
            yield Piece(piece.since, None)
        if good < after.since:
            yield piece._replace(since=max(piece.since, good))


# --- open time -----------------------------------------------------------------------------------------------------


def _open_time(amount: int, table: Table) -> Iterator[Piece]:
    opens, closes, before = table.opens, table.closes, table.before
    end = table.lo
    for opening, close, there in zip(opens, closes, before, strict=True):
        if end < opening:
            yield _standing(end, there + amount, table)
        at = opening
        number = bisect_left(before, there + amount) - 1
        while at < close:
            if there + (at - opening) + amount > table.total:
                yield Piece(at, None)
                break
            yield Piece(at, opens[number] + there - opening + amount - before[number])
            number += 1
            upto = before[number] if number < len(before) else table.total
            at = opening + upto - there - amount + 1
        end = close
    if end < table.hi:
        yield Piece(end, None)


def _standing(since: int, target: int, table: Table) -> Piece:
    """Return the piece of a closed stretch: the instant at which the open time reaches an amount."""
    if target > table.total:
        return Piece(since, None)
    number = bisect_left(table.before, target) - 1
    due = table.opens[number] + target - table.before[number]
    return Piece(since, 0, due, due)


# --- days ----------------------------------------------------------------------------------------------------------


class _Clock:
    """The changes of a zone's clock: from when, by the wall clock, each offset places a time of that clock."""

    def __init__(self, zone: tzinfo, lo: int, hi: int) -> None:
        first, last = (min(max(at, (FIRST_DAY - EPOCH_DAY) * DAY), (LAST_DAY - EPOCH_DAY) * DAY) for at in (lo, hi))
        changes = clock_changes(zone, first, last)
        self.changes = [-FAR, *(at for at, _, _ in changes)]
        self.offsets = [offset_at(zone, first), *(after for _, _, after in changes)]
        self.walls = [-FAR, *(at + old for at, old, _ in changes)]

    def offset(self, at: int) -> int:
        return self.offsets[bisect_right(self.changes, at) - 1]

    def same_wall(self, since: int, stop: int, shift: int) -> Iterator[Piece]:
        """Yield the instants at which the wall clock first shows `start + shift`, for starts of a stretch of time."""
        number = bisect_right(self.walls, since + shift) - 1
        while True:
            yield Piece(since, shift - self.offsets[number], self.changes[number])
            number += 1
            if number == len(self.walls) or self.walls[number] - shift >= stop:
                return
            since = max(since, self.walls[number] - shift)


def _calendar_days(count: int, zone: tzinfo, table: Table) -> Iterator[Piece]:
    if not count:
        yield Piece(table.lo, 0)
        return
    count = min(count, LAST_DAY)
    last = (LAST_DAY + 1 - EPOCH_DAY) * DAY - count * DAY - DAY
    # A day before the last one that can be asked about, whatever the offset there.
    stop = min(table.hi, last)
    clock = _Clock(zone, table.lo - 2 * DAY, table.hi + (count + 2) * DAY)
    inner = [at for at in clock.changes if table.lo < at < stop]
    for since, until in pairwise([table.lo, *inner, stop]):
        if since < until:
            yield from clock.same_wall(since, until, clock.offset(since) + count * DAY)
    if stop < table.hi:
        yield Piece(max(stop, table.lo), None)


def _business_days(amount: BusinessDays, zone: tzinfo, table: Table, near: int) -> Iterator[Piece]:
    clock = _Clock(zone, table.lo - 2 * DAY, table.hi + 2 * DAY)
    by_day: dict[int, list[int]] = {}
    for start in table.starts:
        by_day.setdefault(local_day(zone, start), []).append(start)
    days = sorted(by_day)
    place = {day: number for number, day in enumerate(days)}
    hours = [business_dates._hours(table, by_day[day]) for day in days]
    changes = (at for at in clock.changes if table.lo < at < table.hi)
    inner = {table.lo, *table.opens, *table.closes, *table.starts, *changes} - {table.hi}
    for since, stop in pairwise([*sorted(inner), table.hi]):
        window = bisect_right(table.opens, since) - 1
        is_open = window >= 0 and since < table.closes[window]
        if not is_open and window + 1 == len(table.opens):
            yield Piece(since, None)
            continue
        moment = since if is_open else table.opens[window + 1]
        begun = bisect_right(table.starts, moment) - 1
        there = None if begun < 0 else place[local_day(zone, table.starts[begun])] + min(amount.count, _OUT_OF_ALL)
        goal = None if there is None or there >= len(days) else hours[there]
        if there is None or goal is None or stop - table.starts[begun] > near:
            yield Piece(since, None)
        elif amount.due == "close":
            yield Piece(since, 0, goal[-1][1], goal[-1][1])
        else:
            day = local_day(zone, table.starts[begun])
            if is_open:
                shift = clock.offset(since) + (days[there] - day) * DAY
                for piece, after in pairwise([*clock.same_wall(since, stop, shift), Piece(stop, None)]):
                    yield from _within_hours(piece, after.since, goal)
            else:
                due = instant(zone, days[there], local_clock(zone, moment, day))
                *_, last = _within_hours(Piece(since, 0, due, due), since + 1, goal)
                yield last


def _within_hours(piece: Piece, stop: int, hours: list[Pair]) -> Iterator[Piece]:
    """Yield a piece cut to the hours of a date; in a break it is due where the break starts."""
    assert piece.shift is not None  # noqa: S101  (it comes from the clock)
    for number, (opening, close) in enumerate(hours):
        begin = piece.since if number == 0 or piece.least >= opening else max(piece.since, opening - piece.shift)
        if begin >= stop:
            return
        least, most = (min(max(end, opening), close) for end in (piece.least, piece.most))
        yield Piece(begin, piece.shift, least, most)
