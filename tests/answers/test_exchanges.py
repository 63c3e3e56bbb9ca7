"""
Decades of exchange sessions, given as UTC instants by somebody else, against calendars made of local rules.

The reference here is the list of instants and prefix sums over it: integers, and no time zone.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sla_engine import BusinessCalendar

EPOCH_DAY = date(1970, 1, 1).toordinal()
SECOND = 1_000_000
MANY = 100_000
FEW = 2_000
FILES = ("xnys", "xlon", "xtks", "24-7")

Pair = tuple[int, int]
Local = tuple[str, ...]


def micros(text: str) -> int:
    """Read `2016-01-01T14:30:00Z` by its digits."""
    assert len(text) == 20, text
    assert text.endswith("Z"), text
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    days = date.fromisoformat(text[:10]).toordinal() - EPOCH_DAY
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * SECOND


@dataclass(frozen=True)
class Sessions:
    """One file, and what follows from its rows alone."""

    name: str
    zone: str
    usual: Local
    days: list[date]
    local: dict[date, Local]
    rows: list[list[Pair]]
    pieces: list[Pair]
    before: list[int]
    total: int

    @property
    def lo(self) -> int:
        return self.pieces[0][0]

    @property
    def hi(self) -> int:
        return self.pieces[-1][1]

    def open_before(self, at: int) -> int:
        i = bisect_right(self.pieces, (at, self.hi)) - 1
        return self.before[i] + min(at, self.pieces[i][1]) - self.pieces[i][0] if i >= 0 else 0

    def first_with(self, amount: int) -> int:
        """Return the first instant before which that much time was open."""
        i = bisect_left(self.before, amount) - 1
        return self.pieces[i][0] + amount - self.before[i]

    def last_with(self, amount: int) -> int:
        """Return the last instant before which no more than that was open."""
        i = bisect_right(self.before, amount) - 1
        return self.pieces[i][0] + amount - self.before[i]


@pytest.fixture(scope="module", params=FILES)
def sessions(
    request: pytest.FixtureRequest,
    read_csv: Callable[[str], list[dict[str, str]]],
    read_json: Callable[[str], Any],
) -> Sessions:
    known = read_json("calendars/local_hours.json")[request.param]
    zone = ZoneInfo(known["tz"])
    days, rows, local = [], [], {}
    for row in read_csv(f"calendars/{request.param}.csv.gz"):
        day = date.fromisoformat(row[""][:10])
        marks = [row["open"], row["break_start"], row["break_end"], row["close"]]
        times = [micros(mark) for mark in marks if mark]
        days.append(day)
        rows.append(list(zip(times[::2], times[1::2], strict=True)))
        local[day] = tuple(_clock(mark, zone, day) for mark in marks if mark)
    pieces = [pair for pairs in rows for pair in pairs]
    before, total = [], 0
    for start, end in pieces:
        before.append(total)
        total += end - start
    first = known["local_hours"][0]
    return Sessions(request.param, known["tz"], _written(first), days, local, rows, pieces, before, total)


def _clock(mark: str, zone: ZoneInfo, day: date) -> str:
    at = datetime.fromisoformat(mark).astimezone(zone)
    if at.date() == day:
        return at.strftime("%H:%M")
    assert (at.date(), at.strftime("%H:%M")) == (day + timedelta(days=1), "00:00")
    return "24:00"


def _written(known: dict[str, Any]) -> Local:
    close = "24:00" if known["close"] == "+1d 00:00" else known["close"]
    return (known["open"], *(known["break"] or ()), close)


def _windows(local: Local) -> list[str]:
    return [f"{start}-{end}" for start, end in zip(local[::2], local[1::2], strict=True)]


def _days_of_week(sessions: Sessions) -> str:
    return "mon-sun" if any(day.weekday() > 4 for day in sessions.days) else "mon-fri"


def _holidays(sessions: Sessions) -> list[date]:
    first, last = sessions.days[0].toordinal(), sessions.days[-1].toordinal()
    weekdays = range(7 if _days_of_week(sessions) == "mon-sun" else 5)
    held = set(sessions.days)
    candidates = map(date.fromordinal, range(first, last + 1))
    return [day for day in candidates if day.weekday() in weekdays and day not in held]


@pytest.fixture(scope="module")
def calendar(sessions: Sessions) -> BusinessCalendar:
    return BusinessCalendar(
        zone=sessions.zone,
        hours={_days_of_week(sessions): _windows(sessions.usual)},
        holidays=_holidays(sessions),
        overrides={day: _windows(local) for day, local in sessions.local.items() if local != sessions.usual},
        name=sessions.name,
    )


def joined(pairs: list[Pair]) -> tuple[Pair, ...]:
    result: list[Pair] = []
    for start, end in pairs:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return tuple(result)


def utc(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


def instants(sessions: Sessions, seed: int, count: int) -> list[int]:
    """Return instants of the file's range: a quarter on or beside an edge, the rest anywhere."""
    chance = random.Random(seed)  # noqa: S311  (the same questions every time)
    edges = [edge for pair in sessions.pieces for edge in pair]
    found = []
    for number in range(count):
        if number % 4 == 0:
            at = chance.choice(edges) + chance.choice((-1, 0, 0, 1))
            found.append(min(max(at, sessions.lo), sessions.hi))
        else:
            found.append(chance.randrange(sessions.lo, sessions.hi + 1))
    return found


def amounts(sessions: Sessions, seed: int, room: list[int]) -> list[int]:
    """Return an amount for each room: any, short ones, and some that end exactly at an edge."""
    chance = random.Random(seed)  # noqa: S311  (the same questions every time)
    found = []
    for number, most in enumerate(room):
        kind = number % 4
        if kind == 0:
            amount = chance.randint(1, 30 * 3600) * SECOND
        elif kind == 1:
            amount = chance.choice(sessions.before) - chance.choice(sessions.before)
        else:
            amount = chance.randint(1, max(most, 1))
        found.append(amount if 0 < amount <= most else most)
    return found


def test_the_local_hours_are_those_that_are_published(sessions: Sessions, read_json: Callable[[str], Any]) -> None:
    known = read_json("calendars/local_hours.json")[sessions.name]
    counted = Counter(sessions.local.values())
    assert counted == {_written(one): one["n"] for one in known["local_hours"]}
    assert len(sessions.days) == known["sessions"]
    assert len(_holidays(sessions)) == known["weekdays_without_session"]


def test_every_session_comes_out_to_the_instant(sessions: Sessions, calendar: BusinessCalendar) -> None:
    found = calendar.open_spans(utc(sessions.lo), utc(sessions.hi))
    assert found.micros == joined(sessions.pieces)
    assert found.duration == timedelta(microseconds=sessions.total)


def test_breaks_are_gaps(sessions: Sessions, calendar: BusinessCalendar) -> None:
    pauses = {(one[1], other[0]) for row in sessions.rows for one, other in pairwise(row)}
    found = calendar.open_spans(utc(sessions.lo), utc(sessions.hi)).micros
    gaps = {(one[1], other[0]) for one, other in pairwise(found)}
    assert pauses <= gaps
    assert len(pauses) == (len(sessions.rows) if sessions.name == "xtks" else 0)


def test_the_business_dates_are_the_sessions(sessions: Sessions, calendar: BusinessCalendar) -> None:
    assert calendar.business_dates(sessions.days[0], sessions.days[-1] + timedelta(days=1)) == sessions.days


@pytest.mark.parametrize("sessions", ["xtks"], indirect=True)
def test_a_change_of_hours_is_a_version_as_well(sessions: Sessions, read_json: Callable[[str], Any]) -> None:
    known = read_json("calendars/local_hours.json")["xtks"]["local_hours"]
    earlier, later = (
        BusinessCalendar(zone=sessions.zone, hours={"mon-fri": _windows(_written(one))}, holidays=_holidays(sessions))
        for one in known
    )
    changed = earlier.changed(from_date=date.fromisoformat(known[1]["first"]), to=later)
    assert changed.open_spans(utc(sessions.lo), utc(sessions.hi)).micros == joined(sessions.pieces)
    assert changed.business_dates(sessions.days[0], sessions.days[-1] + timedelta(days=1)) == sessions.days


def test_elapsed_is_the_difference_of_prefix_sums(sessions: Sessions, calendar: BusinessCalendar) -> None:
    elapsed, open_before = calendar.timeline.elapsed, sessions.open_before
    starts, ends = instants(sessions, 1, MANY), instants(sessions, 2, MANY)
    wrong = [
        (start, end)
        for start, end in zip(starts, ends, strict=True)
        if elapsed(start, end) != open_before(end) - open_before(start)
    ]
    assert wrong == []


def test_add_is_the_inverse_of_prefix_sums(sessions: Sessions, calendar: BusinessCalendar) -> None:
    add = calendar.timeline.add
    starts = [start for start in instants(sessions, 3, MANY + 1000) if start < sessions.hi][:MANY]
    used = [sessions.open_before(start) for start in starts]
    asked = amounts(sessions, 4, [sessions.total - one for one in used])
    wrong = [
        (start, amount)
        for start, amount, one in zip(starts, asked, used, strict=True)
        if add(start, amount) != sessions.first_with(one + amount)
    ]
    assert wrong == []
    assert len(starts) == MANY
    # The hardest questions are among them: budgets used up exactly at a close.
    closes = {end for _, end in sessions.pieces}
    landed = sum(add(start, amount) in closes for start, amount in zip(starts, asked, strict=True))
    assert landed > MANY // 50


def test_subtract_is_the_inverse_the_other_way(sessions: Sessions, calendar: BusinessCalendar) -> None:
    subtract = calendar.timeline.subtract
    ends = [end for end in instants(sessions, 5, MANY + 1000) if end > sessions.lo][:MANY]
    used = [sessions.open_before(end) for end in ends]
    asked = amounts(sessions, 6, used)
    wrong = [
        (end, amount)
        for end, amount, one in zip(ends, asked, used, strict=True)
        if subtract(end, amount) != sessions.last_with(one - amount)
    ]
    assert wrong == []
    assert len(ends) == MANY


def test_the_same_through_datetimes(sessions: Sessions, calendar: BusinessCalendar) -> None:
    zones = (UTC, ZoneInfo(sessions.zone), ZoneInfo("Asia/Kathmandu"))
    starts, ends = instants(sessions, 7, FEW), instants(sessions, 8, FEW)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        zone = zones[number % 3]
        first, last = utc(start).astimezone(zone), utc(end).astimezone(zones[number % 2])
        before_start, before_end = sessions.open_before(start), sessions.open_before(end)
        amount = timedelta(microseconds=before_end - before_start)
        assert calendar.elapsed(first, last) == amount
        if amount > timedelta(0):
            due = calendar.add(first, amount)
            expected = sessions.first_with(before_end)
        elif amount < timedelta(0):
            due = calendar.subtract(first, -amount)
            expected = sessions.last_with(before_end)
        else:
            due, expected = calendar.add(first, amount), start
        assert due.astimezone(UTC) == utc(expected)
        assert due.tzinfo is zone


def test_days_are_counted_as_sessions_are(sessions: Sessions, calendar: BusinessCalendar) -> None:
    chance = random.Random(9)  # noqa: S311  (the same questions every time)
    for _ in range(FEW):
        here, there = chance.randrange(len(sessions.rows)), chance.randrange(len(sessions.rows))
        start = utc(chance.randrange(*sessions.rows[here][0]))
        close = utc(sessions.rows[there][-1][1])
        assert calendar.add_business_days(start, there - here, due="close") == close
        assert calendar.business_days_between(start, utc(sessions.rows[there][0][0])) == there - here
