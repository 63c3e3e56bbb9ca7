"""
The business dates of a compiled table as arrays, and the due instant of an amount in business days as steps.

For one number of days, the due instant is a function of the start that is made of few pieces: from a closed stretch of
time it is one instant, and from an open one it keeps the clock time, as long as neither an offset changes nor the
hours of the other date begin or end. So the pieces are worked out once, and a row finds its piece and adds.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, NamedTuple

from sla_engine.calendars.timeline import Table
from sla_engine.frames.kernels.rows import NULL
from sla_engine.frames.kernels.zone_clock import FAR, Clock, Steps, split
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY

if TYPE_CHECKING:
    from sla_engine.frames.kernels.rows import Bools, Ints

NEVER = NULL
"""There is no answer before the horizon."""
ASK, LATER, EARLIER, UNFINISHED = (NULL + code for code in range(1, 5))
"""
Codes in place of an answer. The row is to be asked about by itself; the answer lies after the table, or before it; the
date is the last of the table, and may go on after it.
"""
_LONG_YEAR = 366 * DAY
_OUT_OF_ALL = 2**40
_PLANS = 8


class _Sources(NamedTuple):
    """Stretches of time in which days are counted from one date, and from one moment where it is closed."""

    edges: Ints
    stops: Ints
    is_open: Bools
    moments: Ints
    starts: Ints
    """The number of the window's start to whose date the moment belongs; -1 where it is not known."""
    codes: Ints


class Dates:
    """The business dates of a table, and what is counted from each moment of it."""

    def __init__(self, table: Table, zone: tzinfo, horizon: int) -> None:
        self.lo, self.hi, self.horizon = table.lo, table.hi, horizon
        self.clock = Clock(zone, table.lo - 2 * DAY, table.hi + 2 * DAY)
        self.starts: Ints = np.array(table.starts, dtype=np.int64)
        # A window before all, so that each moment has a last one.
        self.opens: Ints = np.array([-FAR, *table.opens], dtype=np.int64)
        self.closes: Ints = np.array([-FAR, *table.closes], dtype=np.int64)
        self.days, self.of_start = np.unique(self.clock.local_days(self.starts), return_inverse=True)
        # The starts of a date are not next to each other where the clock goes back over midnight.
        order = np.argsort(self.of_start, kind="stable")
        first = np.searchsorted(self.of_start[order], np.arange(len(self.days)))
        last = np.append(first[1:], len(order))[: len(first)] - 1
        ends = np.minimum(self.closes[self._windows(self.starts)], np.append(self.starts[1:], FAR)[: len(self.starts)])
        self.opening: Ints = self.starts[order[first]]
        self.closing: Ints = ends[order[last]]
        self.is_together: Bools = order[last] - order[first] == last - first
        self._plans: dict[tuple[int, bool], Steps] = {}

    def _windows(self, instants: Ints) -> Ints:
        """Return the number of the last window that opens at or before each instant."""
        return np.searchsorted(self.opens, instants, side="right") - 1

    def starts_at(self, numbers: Ints) -> Ints:
        """Return the starts of numbers; for -1, which is none, a moment after all."""
        return np.append(self.starts, FAR)[numbers]

    def _last_starts(self, moments: Ints, *, closing: bool = False) -> Ints:
        return np.searchsorted(self.starts, moments, side="left" if closing else "right") - 1

    def sources(self, *, back: bool, more: Ints) -> _Sources:
        """Return the stretches between openings, closings, starts, changes of the clock and more edges."""
        changes = self.clock.changes
        edges = np.unique(np.concatenate((self.starts, self.opens, self.closes, changes, more, [self.lo])))
        edges = edges[(edges >= self.lo) & (edges < self.hi)]
        stops = np.append(edges[1:], self.hi)
        windows = self._windows(edges)
        is_open = edges < self.closes[windows]
        # A closed moment rolls to the closing before it, or to the opening after it.
        moments = self.closes[windows] if back else np.append(self.opens[1:], FAR)[windows]
        moments = np.where(is_open, edges, moments)
        starts = np.where(is_open | (not back), self._last_starts(moments), self._last_starts(moments, closing=True))
        codes = np.where(starts < 0, EARLIER, 0)
        codes[moments == FAR] = LATER
        return _Sources(edges, stops, is_open, moments, starts, codes)

    def plan(self, count: int, *, at_close: bool) -> Steps:
        """Return when so many business days after each moment of the table are over, as steps with codes among them."""
        found = self._plans.get((count, at_close))
        if found is None:
            if len(self._plans) >= _PLANS:
                del self._plans[next(iter(self._plans))]
            found = self._plans[count, at_close] = self._planned(count, at_close=at_close)
        return found

    def _planned(self, count: int, *, at_close: bool) -> Steps:
        sources = self.sources(back=count < 0, more=self.clock.changes[:0])
        codes = sources.codes.copy()
        known = codes == 0
        source = np.zeros(len(codes), dtype=np.int64)
        source[known] = self.of_start[sources.starts[known]]
        target = source + max(min(count, _OUT_OF_ALL), -_OUT_OF_ALL)
        codes[known & (target >= len(self.days))] = LATER
        codes[known & (target < 0)] = EARLIER
        known = codes == 0
        target[~known] = source[~known] = 0
        if not known.any():
            return self._steps(sources.edges, codes, codes, codes, codes)
        opening, closing = self.opening[target], self.closing[target]
        codes[known & (closing == self.hi)] = UNFINISHED
        self._end_at_the_horizon(sources, codes, opening, closing, later=count >= 0)
        if at_close:
            return self._steps(sources.edges, codes, codes, closing, closing)
        codes[(codes == 0) & ~self.is_together[target]] = ASK
        return self._same_time(sources, codes, source, target)

    def _end_at_the_horizon(self, sources: _Sources, codes: Ints, opening: Ints, closing: Ints, *, later: bool) -> None:
        """Mark the stretches from which the date lies beyond the horizon, or may."""
        near, far = self.horizon * 365 * DAY, self.horizon * _LONG_YEAR
        if later:
            there = np.maximum(sources.moments, opening)
            nearest, furthest = there - sources.stops, there - sources.edges
        else:
            there = np.minimum(sources.moments, closing)
            nearest, furthest = sources.edges - there, sources.stops - there
        # The start of an open moment's date is looked for no further back either.
        begun = sources.stops - self.starts_at(sources.starts)
        good = codes == 0
        codes[good & ((furthest > near) | (begun > near))] = ASK
        codes[good & (nearest > far) & (begun <= near)] = NEVER

    def _same_time(self, sources: _Sources, codes: Ints, source: Ints, target: Ints) -> Steps:
        """Return the steps of what is due at the clock time of the start."""
        edges, moments = sources.edges, sources.moments
        good = codes == 0
        moves = good & sources.is_open
        last = np.where(moves, sources.stops - 1, moments)
        # What is to be added to a moment for the clock time on the other date, on the wall.
        shift = self.clock.offset(moments) + (self.days[target] - self.days[source]) * DAY
        first, last = self.clock.place(moments + shift), self.clock.place(last + shift)
        edges, of, change = split(edges, shift, first, np.where(moves, last, first), self.clock.walls)
        codes, moves, target, shift = codes[of], moves[of], target[of], shift[of] - self.clock.offsets[change]
        least = np.maximum(self.opening[target], self.clock.changes[change])
        most = self.closing[target]
        # In a break it is due where the break starts, so it is cut where windows open again.
        begin = np.where(moves, edges, sources.moments[of])
        end = np.where(moves, np.append(edges[1:], self.hi) - 1, begin)
        first, last = (self._windows(np.minimum(np.maximum(at + shift, least), most)) for at in (begin, end))
        edges, of, window = split(edges, shift, first, np.where(moves, last, first), self.opens)
        codes, moves, shift, least = codes[of], moves[of], shift[of], least[of]
        most = np.minimum(most[of], self.closes[window])
        # From a closed stretch it is one instant.
        fixed = np.minimum(np.maximum(begin[of] + shift, least), most)
        return self._steps(edges, codes, shift, np.where(moves, least, fixed), np.where(moves, most, fixed))

    def _steps(self, edges: Ints, codes: Ints, shift: Ints, least: Ints, most: Ints) -> Steps:
        coded = codes != 0
        return Steps(edges, self.hi, shift, np.where(coded, codes, least), np.where(coded, codes, most))
