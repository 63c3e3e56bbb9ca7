"""
A zone's clock as arrays: the offset at an instant, and the instant of a wall-clock time.

Wall-clock times are microseconds since 1970-01-01 00:00 on the wall. Where the offset changes from `a` to `b` at the
instant `t`, the wall reaches `t + a` there; from that time on a wall-clock time `w` is shown first at `w - b`, or at
`t` where the clock skipped it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timezone, tzinfo
from typing import TYPE_CHECKING

from sla_engine.amounts import CalendarDays
from sla_engine.frames.kernels.rows import Axis
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY, FIRST_DAY, LAST_DAY, clock_changes, offset_at, to_micros

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

FAR = 2**61
"""Before (with a minus) and after all instants."""
EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
YEAR_1 = to_micros(datetime(1, 1, 1, tzinfo=UTC))
YEAR_10000 = to_micros(datetime(9999, 12, 31, tzinfo=UTC)) + DAY
FIRST_ASKED, LAST_ASKED = YEAR_1 + 2 * DAY, YEAR_10000 - 2 * DAY
"""No zone's offset reaches from here out of the years 1 to 9999."""


class Clock:
    """The changes of a zone's offset in [lo, hi), and what holds between them."""

    __slots__ = ("changes", "hi", "lo", "offsets", "walls")

    def __init__(self, zone: tzinfo, lo: int, hi: int) -> None:
        self.lo, self.hi = lo, hi
        first, last = (min(max(at, FIRST_ASKED), LAST_ASKED) for at in (lo, hi))
        before = offset_at(zone, first)
        changes, offsets, walls = [-FAR], [before], [-FAR]
        # One look a day finds every change, because no zone ever changed its offset there and back within a day.
        looks = [first] if type(zone) is timezone else [*range(first, last, DAY), last]
        for at in looks:
            after = offset_at(zone, at)
            if after != before:
                for change, old, new in clock_changes(zone, at - DAY, at + 1):
                    if change > changes[-1] and change > first:
                        changes.append(change)
                        offsets.append(new)
                        walls.append(change + old)
                before = after
        self.changes: Ints = np.array(changes, dtype=np.int64)
        self.offsets: Ints = np.array(offsets, dtype=np.int64)
        self.walls: Ints = np.array(walls, dtype=np.int64)

    def offset(self, instants: Ints) -> Ints:
        """Return the offset at each instant."""
        return self.offsets[np.searchsorted(self.changes, instants, side="right") - 1]

    def place(self, walls: Ints) -> Ints:
        """Return the number of the change at or before each wall-clock time."""
        return np.searchsorted(self.walls, walls, side="right") - 1

    def local_days(self, instants: Ints) -> Ints:
        """Return the local date of each instant, in days since 1970."""
        return (instants + self.offset(instants)) // DAY


def split(edges: Ints, shift: Ints, first: Ints, last: Ints, thresholds: Ints) -> tuple[Ints, Ints, Ints]:
    """
    Cut stretches of time at the moments at which `moment + shift` reaches a threshold.

    `first` and `last` are the numbers of the last thresholds reached at the start and at the end of each stretch.
    Return the new starts, the number of the stretch that each was a part of, and the threshold reached in each.
    """
    parts = np.maximum(last - first, 0) + 1
    of = np.repeat(np.arange(len(edges)), parts)
    number = np.arange(len(of)) - np.repeat(np.cumsum(parts) - parts, parts)
    reached = first[of] + number
    return np.where(number == 0, edges[of], thresholds[reached] - shift[of]), of, reached


class Steps:
    """
    A function of the instants in [base of the axis, stop): between two edges `at + shift`, but no less than `least` and
    no more than `most`.
    """

    __slots__ = ("axis", "is_fixed", "least", "most", "shift", "stop")

    def __init__(self, edges: Ints, stop: int, shift: Ints, least: Ints, most: Ints) -> None:
        self.axis, self.stop = Axis(edges, stop), stop
        self.shift, self.least, self.most = np.where(least == most, 0, shift), least, most
        self.is_fixed = bool((least == most).all())
        """Whether it is `most` everywhere."""


def civil_steps(clock: Clock, lo: int, hi: int, amount: CalendarDays, refused: int) -> Steps:
    """
    Return when a number of civil dates after each instant in [lo, hi) is over; `refused` where it may be out of years.

    The clock knows those instants, and those that are so many dates away.
    """
    count = max(min(amount.count, LAST_DAY), -LAST_DAY)
    # From the first to the last date of which the answer is a date that can be asked about.
    begin, end = (FIRST_DAY - count - EPOCH_DAY) * DAY, (LAST_DAY + 1 - count - EPOCH_DAY) * DAY
    edges = np.unique(np.append(clock.changes[(clock.changes > lo) & (clock.changes < hi)], lo))
    offset = clock.offset(edges)
    shift = offset + count * DAY
    last = clock.place(np.append(edges[1:], hi) - 1 + shift)
    edges, of, reached = split(edges, shift, clock.place(edges + shift), last, clock.walls)
    offset, shift = offset[of], shift[of] - clock.offsets[reached]
    least, most = clock.changes[reached], np.full(len(edges), FAR)
    out = (edges + offset < begin) | (np.append(edges[1:], hi) - 1 + offset >= end)
    least[out] = most[out] = refused
    return Steps(edges, hi, shift, least, most)
