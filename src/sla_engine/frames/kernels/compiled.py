"""
The compiled tables of one calendar as arrays: what covers the rows that are asked about, and grows where it must.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sla_engine.calendars.timeline import Table, Timeline
from sla_engine.errors import SlaError
from sla_engine.frames.kernels.days import Dates
from sla_engine.frames.kernels.days_between import Counting
from sla_engine.frames.kernels.rows import FAR_APART, LAST, NULL, Axis, take, within
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from sla_engine.frames.kernels.rows import Ints

_KEPT = 4


class Arrays:
    """A compiled table as arrays, with an empty window before the first."""

    def __init__(self, table: Table) -> None:
        self.lo, self.hi, self.total = table.lo, table.hi, table.total
        opens = np.array([table.lo, *table.opens], dtype=np.int64)
        before = np.array([0, *table.before], dtype=np.int64)
        self.closes = np.array([table.lo, *table.closes], dtype=np.int64)
        self.opens, self.before = Axis(opens, table.hi), Axis(before, table.total)
        # F(t) = min(t - opens + before, before of the next), so one subtraction and one comparison.
        self.less = before - opens
        self.until = np.append(before[1:], table.total)
        self._table = table
        self._assured: tuple[int, int] | None = None
        self._dates: Dates | None = None
        self._counting: Counting | None = None

    def dates(self, timeline: Timeline) -> Dates:
        """Return the business dates of the table."""
        if self._dates is None:
            self._dates = Dates(self._table, timeline.zone, timeline.horizon)
        return self._dates

    def counting(self, timeline: Timeline) -> Counting:
        """Return how the business dates of the table are counted."""
        if self._counting is None:
            self._counting = Counting(self.dates(timeline))
        return self._counting

    def open_before(self, at: Ints, *, out: Ints, place: Ints, work: Ints) -> None:
        """Put the open time before each instant into `out`."""
        self.opens.place(at, place, work)
        take(self.less, place, work)
        np.add(at, work, out=out)
        take(self.until, place, work)
        np.minimum(out, work, out=out)

    def assured(self, length: int) -> int:
        """Return the open time that any time of a length has at least, as far as the table reaches."""
        if self._assured is None or self._assured[0] != length:
            # The least of it begins where a window closes, or ends where one opens.
            begins = np.concatenate((self.closes, self.opens.edges - length))
            begins = begins[(begins >= self.lo) & (begins + length <= self.hi)]
            least = LAST
            if len(begins):
                one, other, place, work = (np.empty(len(begins), dtype=np.int64) for _ in range(4))
                self.open_before(begins, out=one, place=place, work=work)
                self.open_before(begins + length, out=other, place=place, work=work)
                least = int((other - one).min())
            self._assured = (length, least)
        return self._assured[1]


class Tables:
    """The arrays of a timeline; of times centuries apart there are some each."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._arrays: tuple[Arrays, ...] = ()

    def covering(self, lo: int, hi: int) -> Arrays:
        """Return arrays that know both instants and all between; raises what compiling does."""
        for arrays in self._arrays:
            if arrays.lo <= lo and hi < arrays.hi:
                return arrays
        return self._kept(self.timeline.covering(lo, hi))

    def _kept(self, table: Table) -> Arrays:
        arrays = Arrays(table)
        apart = [other for other in self._arrays if other.hi <= table.lo or table.hi <= other.lo]
        self._arrays = (arrays, *apart[: _KEPT - 1])
        return arrays

    def beyond(self, lo: int, hi: int, *, later: bool) -> Arrays | None:
        """Return arrays of a larger table that covers both instants; None where no answer can be further away."""
        arrays = self.covering(lo, hi)
        limit = self.timeline.limit(hi if later else lo, later=later)
        if (arrays.hi > limit) if later else (arrays.lo <= limit):
            return None
        table = self.timeline.covering(lo, hi)
        while (table.hi <= arrays.hi) if later else (table.lo >= arrays.lo):
            table = self.timeline.beyond(table, later=later)
        return self._kept(table)

    def wider(self, lo: int, hi: int, sides: dict[bool, bool]) -> bool:
        """
        Make the table larger on one of the sides (True is later) that are wanted, and return whether it is.

        Where it is not, those sides stay that the horizon of all rows does not reach beyond, and a side goes where the
        data ends.
        """
        for later in [side for side, wanted in sides.items() if wanted]:
            try:
                if self.beyond(lo, hi, later=later) is not None:
                    return True
            except SlaError:
                del sides[later]
        return False

    def foresee(self, *columns: Ints) -> None:
        """Make a table for all rows at once, so that it need not grow from block to block."""
        found = [pair for pair in map(within, columns) if pair is not None]
        if found and not self.timeline.never_opens:
            lo, hi = min(pair[0] for pair in found), max(pair[1] for pair in found)
            if hi - lo <= FAR_APART:
                with suppress(SlaError):
                    self.covering(lo, hi)

    def across(self, instants: Ints, lo: int, hi: int) -> Arrays:
        """Return arrays of one table for all instants, of which `lo` and `hi` are the ends; an error names its row."""
        try:
            # Those of centuries are not kept.
            return self.covering(lo, hi) if hi - lo <= FAR_APART else Arrays(self.timeline.covering(lo, hi))
        except SlaError as error:
            for row, at in enumerate(instants.tolist()):
                try:
                    if at != NULL:
                        self.timeline.covering(at, at)
                except SlaError as refused:
                    raise refused.located(f"row {row}") from None
            # Each row is known, and something between them is not: the later row of the two ends shows it.
            raise error.located(f"row {max(int(np.argmax(instants == edge)) for edge in (lo, hi))}") from None
