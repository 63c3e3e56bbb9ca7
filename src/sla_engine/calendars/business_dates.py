"""
Questions that count business dates: the fifth business day, how many between, which dates they are.

A business date is a local date on which a window starts. An open moment belongs to the date of the last start at or
before it, and its clock time counts from that date's midnight, so that 02:00 of a night shift is 26:00 of the day
before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from sla_engine.calendars.timeline import Table, Timeline
from sla_engine.errors import BeyondHorizon, NeverDue, NeverOpens
from sla_engine.instants import instant, local_clock, local_day, midnight, utc
from sla_engine.spans import Pair


def _days(timeline: Timeline, table: Table) -> list[tuple[int, list[int]]]:
    """Return the table's business dates in order, each with its starts."""
    if table.days is None:
        by_day: dict[int, list[int]] = {}
        for start in table.starts:
            by_day.setdefault(local_day(timeline.zone, start), []).append(start)
        table.days = sorted(by_day.items())
    return table.days


def business_day(timeline: Timeline, at: int, *, closing: bool = False) -> int:
    """Return the business date (an ordinal) of an open moment, or of a closing."""
    table = timeline.covering(at, at)
    limit = timeline.limit(at, later=False)
    while True:
        i = (bisect_left if closing else bisect_right)(table.starts, at) - 1
        if i >= 0:
            return local_day(timeline.zone, table.starts[i])
        if table.lo <= limit:
            raise NeverOpens("no window starts before this moment", start=utc(at), calendar=timeline.calendar)
        table = timeline.beyond(table, later=False)


def rolled(timeline: Timeline, at: int, *, back: bool) -> tuple[int, int]:
    """
    Return the moment from which days are counted, and its business date: closed moments roll to opening or closing.
    """
    if timeline.is_open(at):
        return at, business_day(timeline, at)
    if back:
        closing = timeline.previous_closing(at)
        return closing, business_day(timeline, closing, closing=True)
    opening = timeline.next_opening(at)
    return opening, business_day(timeline, opening)


def add(timeline: Timeline, start: int, count: int, *, at_close: bool) -> int:
    """Return the moment on the `count`th business date after (before, if negative) the rolled start's date."""
    try:
        moment, day = rolled(timeline, start, back=count < 0)
        clock = local_clock(timeline.zone, moment, day)
        day, hours = _shifted(timeline, start, day, count)
    except BeyondHorizon as error:
        raise error if isinstance(error, NeverDue) else _never_due(timeline, start, count, 0) from None
    opening, closing = hours[0][0], hours[-1][1]
    if at_close:
        return closing
    due = instant(timeline.zone, day, clock)
    if due <= opening:
        return opening
    if due >= closing:
        return closing
    # In a break the promise is due where the break starts.
    return next(min(due, end) for begin, end in reversed(hours) if begin <= due)


def nth(timeline: Timeline, start: int, day: int, count: int) -> int:
    """Return the business date (an ordinal) `count` places from another; `start` is where the horizon begins."""
    return _shifted(timeline, start, day, count)[0]


def between(timeline: Timeline, start: int, end: int) -> int:
    """Return the signed number of business dates from the rolled start's, not counted, to the end's."""
    if timeline.never_opens:
        return 0
    back = end < start
    try:
        from_day = rolled(timeline, start, back=back)[1]
    except BeyondHorizon:
        return 0
    to_day = _date_of(timeline, end)
    lo, hi = min(from_day, to_day), max(from_day, to_day)
    if (to_day > from_day) if back else (to_day < from_day):
        return 0
    table = timeline.covering(midnight(timeline.zone, lo), midnight(timeline.zone, hi + 1) - 1)
    days = [day for day, _ in _days(timeline, table)]
    if back:
        return -(bisect_left(days, hi) - bisect_left(days, lo))
    return bisect_right(days, hi) - bisect_right(days, lo)


def _date_of(timeline: Timeline, at: int) -> int:
    """Return the business date of an open moment or a closing, and the civil date of any other."""
    if timeline.is_open(at):
        return business_day(timeline, at)
    if timeline.is_open(at - 1):
        return business_day(timeline, at, closing=True)
    return local_day(timeline.zone, at)


def dates(timeline: Timeline, first: int, stop: int) -> list[int]:
    """Return the business dates (ordinals) from `first` up to and without `stop`."""
    if first >= stop or timeline.never_opens:
        return []
    table = timeline.covering(midnight(timeline.zone, first), midnight(timeline.zone, stop) - 1)
    days = [day for day, _ in _days(timeline, table)]
    return days[bisect_left(days, first) : bisect_left(days, stop)]


def _shifted(timeline: Timeline, start: int, day: int, count: int) -> tuple[int, list[Pair]]:
    """Return the business date `count` places from another, and its hours."""
    later = count >= 0
    limit = timeline.limit(start, later=later)
    at = midnight(timeline.zone, day)
    table = timeline.covering(at, at)
    while True:
        days = _days(timeline, table)
        here = bisect_left(days, day, key=lambda item: item[0])
        there = here + count
        if 0 <= there < len(days):
            hours = _hours(table, days[there][1])
            if hours is not None:
                if (hours[0][0] > limit) if later else (hours[-1][1] < limit):
                    break
                return days[there][0], hours
            table = timeline.beyond(table, later=True)
            continue
        if (table.hi > limit) if later else (table.lo <= limit):
            break
        table = timeline.beyond(table, later=later)
    others = days[here + 1 :] if later else days[:here]
    within = sum((starts[0] <= limit) if later else (starts[-1] >= limit) for _, starts in others)
    raise _never_due(timeline, start, count, within)


def _hours(table: Table, starts: list[int]) -> list[Pair] | None:
    """Return the open pieces of one business date, or None where the last one may go on beyond the table."""
    pieces: list[Pair] = []
    for start in starts:
        after = bisect_right(table.starts, start)
        following = table.starts[after] if after < len(table.starts) else None
        close = table.closes[bisect_right(table.opens, start) - 1]
        if following is not None and following <= close:
            close = following
        elif close == table.hi:
            return None
        if pieces and pieces[-1][1] == start:
            pieces[-1] = (pieces[-1][0], close)
        else:
            pieces.append((start, close))
    return pieces


def _never_due(timeline: Timeline, start: int, count: int, available: int) -> NeverDue:
    later = count >= 0
    wanted = f"{abs(count)} were asked" if count else "one was asked"
    side = "after" if later else "before"
    return NeverDue(
        f"the calendar has {available} business dates in the {timeline.horizon} years {side} {utc(start).isoformat()}, "
        f"and {wanted}",
        remedy="Give it hours, promise less, or give it a longer horizon",
        calendar=timeline.calendar,
        start=utc(start),
        horizon=timeline.horizon_of(start, later=later),
        asked=abs(count),
        available=available,
    )
