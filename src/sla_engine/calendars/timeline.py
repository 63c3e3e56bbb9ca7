"""
The one clever room: a calendar compiled to a sorted table, from which every answer is a look-up or two.

The table holds, for each open window of the years compiled so far, its opening, its closing, and the open time before
it. With `F(t)`, the open time before `t`, elapsed time is `F(b) - F(a)`, and a deadline is the inverse of `F`; both are
binary searches, whatever the span. All times are microseconds since 1970 UTC.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate

from sla_engine.calendars.coverage import Open
from sla_engine.errors import NeverCloses, NeverDue, NeverOpens, OutOfRange
from sla_engine.instants import DAY, FIRST_DAY, LAST_DAY, local_day, midnight, utc, years_later
from sla_engine.spans import Pair, union

_YEAR = 366 * DAY
_TRIM = 3
_FIRST_ASKED, _LAST_ASKED = (midnight(UTC, day) for day in (FIRST_DAY, LAST_DAY))


class Table:
    """The open time in [lo, hi), exact and complete there; never changed once made."""

    __slots__ = ("before", "closes", "days", "hi", "lo", "opens", "starts", "total")

    def __init__(self, lo: int, hi: int, known: Open) -> None:
        self.lo = lo
        self.hi = hi
        self.opens = [start for start, _ in known.spans]
        self.closes = [end for _, end in known.spans]
        self.before = list(accumulate((end - start for start, end in known.spans), initial=0))
        self.total = self.before.pop()
        self.starts = known.starts
        self.days: list[tuple[int, list[int]]] | None = None
        """The business dates and their starts, once somebody asked for days."""

    @property
    def spans(self) -> list[Pair]:
        """The open windows."""
        return list(zip(self.opens, self.closes, strict=True))

    def open_before(self, at: int) -> int:
        """Return F(at), counted from `lo`."""
        i = bisect_right(self.opens, at) - 1
        if i < 0:
            return 0
        close = self.closes[i]
        return self.before[i] + (at if at < close else close) - self.opens[i]  # noqa: FURB136  (min is slower)


def _utc_or_edge(at: int) -> datetime:
    """Return an instant as a datetime; one beyond the years 1 to 9999 is their edge."""
    return utc(min(max(at, _FIRST_ASKED), _LAST_ASKED))


def _joined(early: Table, late: Table) -> Table:
    """Return two tables that meet as one; a window across the seam is one window."""
    spans, rest = early.spans, late.spans
    if spans and rest and spans[-1][1] == rest[0][0]:
        spans[-1] = (spans[-1][0], rest.pop(0)[1])
    return Table(early.lo, late.hi, Open(spans + rest, early.starts + late.starts))


class Timeline:
    """
    The compiled form of one calendar: it answers in integers, and grows by whole years as questions need them.

    Growing makes a new table and puts it in place of the old one, so threads may share a timeline, and reading changes
    no answer. Questions that lie decades apart have tables of their own, so that the time between is not compiled.
    """

    def __init__(
        self, cover: Callable[[int, int], Open], zone: tzinfo, *, horizon: int, never_opens: bool, calendar: object
    ) -> None:
        self.zone = zone
        self.horizon = horizon
        self.never_opens = never_opens
        self.calendar = calendar
        self._near = horizon * 365 * DAY
        self._cover = cover
        self._lock = threading.Lock()
        self._tables: tuple[Table, ...] = ()
        self._table: Table | None = None

    # --- the table ---------------------------------------------------------------------------------------------

    def covering(self, lo: int, hi: int) -> Table:
        """Return a table that knows both instants and all between; raises `OutOfRange` beyond the data."""
        table = self._table
        while table is None or lo < table.lo or hi >= table.hi:
            with self._lock:
                table = self._nearest(lo, hi)
                if table is None:
                    first, stop = self._year(lo)
                    whole = self._year(max(lo, min(hi, _LAST_ASKED - 1)))[1]
                    ranges = [(first, whole), (first, stop), (first, stop - _TRIM), (first + _TRIM, stop)]
                    table = self._compiled(list(dict.fromkeys(ranges)), lo)
                    self._tables = (*self._tables, table)
                elif lo < table.lo:
                    table = self._replace(table, self._grown(table, lo, later=False))
                elif hi >= table.hi:
                    table = self._replace(table, self._grown(table, hi, later=True))
                self._table = table
        return table

    def _nearest(self, lo: int, hi: int) -> Table | None:
        """Return the table from which to grow; None where the question is decades from all of them."""

        def distance(table: Table) -> int:
            return max(table.lo - lo, 0) + max(hi - table.hi, 0)

        nearest = min(self._tables, key=distance, default=None)
        if nearest is None or max(nearest.lo - hi, lo - nearest.hi) > 50 * _YEAR:
            return None
        return nearest

    def _replace(self, old: Table, new: Table) -> Table:
        self._tables = (*(table for table in self._tables if table is not old), new)
        return new

    def beyond(self, table: Table, *, later: bool) -> Table:
        """Return a table with some years more than the one given, on one side, for a search that goes on."""
        with self._lock:
            for other in self._tables:
                if other.lo <= table.lo and table.hi <= other.hi:
                    if (other.hi > table.hi) if later else (other.lo < table.lo):
                        return other
                    table = other
            step = min(table.hi - table.lo, 8 * _YEAR)
            to = table.hi + step - _YEAR // 2 if later else table.lo - step + _YEAR // 2
            self._table = self._replace(table, self._grown(table, to, later=later))
            return self._table

    def _year(self, at: int) -> tuple[int, int]:
        day = local_day(self.zone, at) if _FIRST_ASKED <= at < _LAST_ASKED else 0
        if not FIRST_DAY <= day < LAST_DAY:
            raise OutOfRange(
                "the question leads out of the years 1 to 9999", remedy="Ask about an earlier time, or promise less"
            )
        year = date.fromordinal(day).year
        first = max(date(year, 1, 1).toordinal(), FIRST_DAY)
        stop = min(date(year, 12, 31).toordinal() + 1, LAST_DAY)
        return first, stop

    def _grown(self, table: Table, to: int, *, later: bool) -> Table:
        """Return the table grown to the whole year of an instant, or by one year where the data ends before it."""
        if later:
            first = local_day(self.zone, table.hi)
            stops = [self._year(at)[1] for at in (min(to, _LAST_ASKED - 1), table.hi)]
            more = self._compiled([(first, stop - trim) for trim in (0, _TRIM) for stop in stops], table.hi)
            return _joined(table, more)
        stop = local_day(self.zone, table.lo)
        firsts = [self._year(at)[0] for at in (max(to, _FIRST_ASKED), table.lo - 1)]
        more = self._compiled([(first + trim, stop) for trim in (0, _TRIM) for first in firsts], table.lo - 1)
        return _joined(more, table)

    def _compiled(self, ranges: list[tuple[int, int]], at: int) -> Table:
        """
        Compile the first range of dates that the data allows.

        Where calendars of several zones meet, the last hours of a year in one zone are in the next year of another, for
        which there may be no holiday data; then the year is compiled without its last, or first, three days.
        """
        refused: OutOfRange | None = None
        for first, stop in ranges:
            lo, hi = midnight(self.zone, first), midnight(self.zone, stop)
            if not lo <= at < hi:
                continue
            try:
                return Table(lo, hi, self._cover(lo, hi))
            except OutOfRange as error:
                refused = refused or error
        raise refused or OutOfRange("the question leads out of the years 1 to 9999")

    # --- open time ---------------------------------------------------------------------------------------------

    def add(self, start: int, amount: int) -> int:
        """Return min { t >= start : elapsed(start, t) >= amount }; a negative amount subtracts."""
        if amount <= 0:
            return self.subtract(start, -amount) if amount else start
        if self.never_opens:
            raise self._never_due(start, amount, 0)
        table = self._table
        if table is None or not table.lo <= start < table.hi:
            table = self.covering(start, start)
        while True:
            opens, before = table.opens, table.before
            i = bisect_right(opens, start) - 1
            target = amount
            if i >= 0:
                close = table.closes[i]
                if start + amount <= close and amount <= self._near:
                    return start + amount
                target += before[i] + (start if start < close else close) - opens[i]  # noqa: FURB136  (min is slower)
            if target <= table.total:
                i = bisect_left(before, target) - 1
                due = opens[i] + target - before[i]
                if due - start > self._near and due > self.limit(start):
                    break
                return due
            if table.hi > self.limit(start):
                break
            table = self.beyond(table, later=True)
        raise self._never_due(start, amount, table.open_before(self.limit(start)) - table.open_before(start))

    def subtract(self, end: int, amount: int) -> int:
        """Return max { t <= end : elapsed(t, end) >= amount }; a negative amount adds."""
        if amount <= 0:
            return self.add(end, -amount) if amount else end
        if self.never_opens:
            raise self._never_due(end, -amount, 0)
        table = self.covering(end, end)
        while True:
            target = table.open_before(end) - amount
            if target >= 0:
                i = bisect_right(table.before, target) - 1
                start = table.opens[i] + target - table.before[i]
                if end - start > self._near and start < self.limit(end, later=False):
                    break
                return start
            if table.lo <= self.limit(end, later=False):
                break
            table = self.beyond(table, later=False)
        limit = self.limit(end, later=False)
        raise self._never_due(end, -amount, table.open_before(end) - table.open_before(limit))

    def resumes_at(self, start: int, amount: int) -> int:
        """Return max { t : elapsed(start, t) <= amount }."""
        if amount < 0:
            return self.subtract(start, -amount)
        due = self.add(start, amount)
        return due if self.is_open(due) else self.next_opening(due)

    def elapsed(self, start: int, end: int) -> int:
        """Return F(end) - F(start)."""
        if self.never_opens:
            return 0
        table = self._table
        lo, hi = (start, end) if start <= end else (end, start)
        if table is None or lo < table.lo or hi >= table.hi:
            table = self.covering(lo, hi)
        return table.open_before(end) - table.open_before(start)

    def spans(self, start: int, end: int) -> list[Pair]:
        """Return the open windows in [start, end), clipped to it."""
        if start >= end or self.never_opens:
            return []
        table = self.covering(start, end)
        i = bisect_right(table.closes, start)
        j = bisect_left(table.opens, end)
        return union((max(table.opens[k], start), min(table.closes[k], end)) for k in range(i, j))

    # --- openings and closings ---------------------------------------------------------------------------------

    def is_open(self, at: int) -> bool:
        """Whether the instant lies in an open window; a closing does not."""
        if self.never_opens:
            return False
        table = self.covering(at, at)
        i = bisect_right(table.opens, at) - 1
        return i >= 0 and at < table.closes[i]

    def next_opening(self, at: int) -> int:
        """Return the first opening at or after an instant."""
        limit = self.limit(at)
        table = self._searched(at)
        while table is not None:
            i = bisect_left(table.opens, at)
            if i < len(table.opens) and table.opens[i] == table.lo and not self._opens_at_edge(table):
                i += 1
            if i < len(table.opens) and table.opens[i] <= limit:
                return table.opens[i]
            if table.hi > limit:
                break
            table = self.beyond(table, later=True)
        raise self._never(NeverOpens, "opens", at, limit)

    def next_closing(self, at: int) -> int:
        """Return the first closing strictly after an instant."""
        limit = self.limit(at)
        table = self._searched(at)
        while table is not None:
            i = bisect_right(table.closes, at)
            if i < len(table.closes) and table.closes[i] < table.hi and table.closes[i] <= limit:
                return table.closes[i]
            if table.hi > limit:
                break
            table = self.beyond(table, later=True)
        raise self._never(NeverCloses, "closes", at, limit)

    def previous_opening(self, at: int) -> int:
        """Return the last opening at or before an instant."""
        limit = self.limit(at, later=False)
        table = self._searched(at)
        while table is not None:
            i = bisect_right(table.opens, at) - 1
            if i >= 0 and table.opens[i] > table.lo and table.opens[i] >= limit:
                return table.opens[i]
            if table.lo <= limit:
                break
            table = self.beyond(table, later=False)
        raise self._never(NeverOpens, "opens", at, limit)

    def previous_closing(self, at: int) -> int:
        """Return the last closing at or before an instant."""
        limit = self.limit(at, later=False)
        table = self._searched(at)
        while table is not None:
            i = bisect_right(table.closes, at) - 1
            if i >= 0 and table.closes[i] >= limit:
                return table.closes[i]
            if table.lo <= limit:
                break
            table = self.beyond(table, later=False)
        raise self._never(NeverCloses, "closes", at, limit)

    def _searched(self, at: int) -> Table | None:
        return None if self.never_opens else self.covering(at, at)

    def _opens_at_edge(self, table: Table) -> bool:
        """Whether the first window of a table opens at its edge, and did not begin before what is compiled."""
        wider = self.covering(table.lo - 1, table.lo)
        i = bisect_left(wider.opens, table.lo)
        return i < len(wider.opens) and wider.opens[i] == table.lo

    # --- where the search ends ---------------------------------------------------------------------------------

    def limit(self, at: int, *, later: bool = True) -> int:
        """Return the instant at which a search from `at` gives up."""
        return years_later(at, self.horizon if later else -self.horizon)

    def horizon_of(self, at: int, *, later: bool) -> datetime:
        """Return the instant at which a search gives up, as errors show it."""
        return _utc_or_edge(self.limit(at, later=later))

    def _described(self) -> str:
        name = getattr(self.calendar, "name", None)
        return f"the calendar {name!r}" if name else "the calendar"

    def _never_due(self, start: int, amount: int, available: int) -> NeverDue:
        limit = self.limit(start, later=amount > 0)
        asked, there = timedelta(0, 0, abs(amount)), timedelta(0, 0, available)
        side = "after" if amount > 0 else "before"
        return NeverDue(
            f"{self._described()} has {there} of open time in the {self.horizon} years {side} "
            f"{utc(start).isoformat()}, and {asked} were asked",
            remedy="Give it hours, promise less, or give it a longer horizon",
            calendar=self.calendar,
            start=utc(start),
            horizon=_utc_or_edge(limit),
            asked=asked,
            available=there,
        )

    def _never(self, error: type[NeverOpens | NeverCloses], verb: str, at: int, limit: int) -> Exception:
        side = "after" if limit > at else "before"
        return error(
            f"{self._described()} never {verb} in the {self.horizon} years {side} {utc(at).isoformat()}",
            remedy="Look at its hours, or give it a longer horizon",
            calendar=self.calendar,
            start=utc(at),
            horizon=_utc_or_edge(limit),
        )
