"""
When one amount of open time after any start is over, as a table of the steps that the answer goes by.

Between two steps the answer is `max(start, least) + shift`: it moves with the start, or while the calendar is closed it
waits for the opening. A step is where the calendar closes, and where the amount begins to reach beyond the end of
another window. DuckDB asks for 2,048 rows at a time, of which the many small questions of a kernel would cost more
than the answers; here they are few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sla_engine.errors import SlaError
from sla_engine.frames.kernels import NULL, Kernel
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

_YEAR = 366 * DAY
_LONGEST = 150 * _YEAR
"""Starts that lie further apart are left to the kernel."""
_WIDTHS = range(36, 27, -1)
"""How wide the buckets may be that lead to a step, as powers of two: from 19 hours down to 4 minutes."""
_BUCKETS = 2**21


class _Table(NamedTuple):
    """The steps from a first instant up to a last one, and for each bucket of time the step that it begins on."""

    first: int
    last: int
    width: np.uint64
    """As a power of two."""
    bucket: Ints
    after: Ints
    """For each step, where the next one begins."""
    least: Ints
    shift: Ints


class Steps:
    """Answers as `kernel.add` does, for one positive amount; rows in blocks, none of them without a value."""

    def __init__(self, kernel: Kernel, amount: int) -> None:
        self.kernel = kernel
        self.amount = amount
        self._table: _Table | None = None
        self._refused = False

    def due(self, starts: Ints) -> Ints:
        """Return when the amount after each start is over."""
        if self._table is not None:
            try:
                return _looked_up(starts, self._table)
            except IndexError:
                pass  # a start is beyond the table
        table = self._reaching(int(starts.min()), int(starts.max()))
        return self.kernel.add(starts, self.amount) if table is None else _looked_up(starts, table)

    def _reaching(self, least: int, most: int) -> _Table | None:
        """Return a table of these starts and of all before; None where there is none that pays, or that is known."""
        if self._refused:
            return None
        old = self._table
        first, last = least - _YEAR, most + _YEAR
        if old is not None:
            first, last = min(first, old.first), max(last, old.last)
        if last - first > _LONGEST:
            return None
        try:
            table = _made(self.kernel, self.amount, first, last)
        except SlaError:
            table = None  # the kernel says which row it is that has no answer
        if table is None:
            # What was known stays; a calendar without a table at all is not asked again for one.
            self._refused = old is None
            return None
        self._table = table
        return table


def _looked_up(starts: Ints, table: _Table) -> Ints:
    """Return the answers of a table; raises `IndexError` for what is beyond it, which no comparison need find."""
    # A start before the first is beyond the last one too, as it has no sign; every pass over a block that is saved
    # counts.
    bucket = ((starts - table.first).view(np.uint64) >> table.width).view(np.int64)
    step = table.bucket.take(bucket)
    step += starts >= table.after.take(step)
    found: Ints = np.maximum(starts, table.least.take(step))
    found += table.shift.take(step)
    return found


def _made(kernel: Kernel, amount: int, first: int, last: int) -> _Table | None:
    ends = kernel.add(np.array([last], dtype=np.int64), amount, never="null")
    until_last = first if int(ends[0]) == NULL else int(ends[0]) + 1
    spans = np.array(kernel.calendar.timeline.spans(first, until_last), dtype=np.int64).reshape(-1, 2)
    opens, closes = spans[:, 0], spans[:, 1]
    if not len(opens):
        return None
    until = np.cumsum(closes - opens)
    before = until - (closes - opens)
    # The last start from which the amount ends at the close of a window; from the next one on it reaches further.
    sought = until - amount
    sought = sought[sought >= 0]
    window = np.searchsorted(before, sought, side="right") - 1
    since = np.unique(np.concatenate(([first], closes, opens[window] + (sought - before[window]) + 1)))
    since = since[since < last]
    is_open = kernel.is_open(since)
    least = np.where(is_open, since, kernel.next_opening(since, never="null"))
    due = kernel.add(least, amount, never="null")  # nothing where nothing opens
    if bool((due == NULL).any()):
        return None
    return _bucketed(first, last, since, least, due - least)


def _bucketed(first: int, last: int, since: Ints, least: Ints, shift: Ints) -> _Table | None:
    """Return a table with the widest buckets in none of which two steps begin; None where that takes too many."""
    after = np.append(since[1:], np.iinfo(np.int64).max)
    for width in _WIDTHS:
        buckets = (last - first) >> width
        if buckets > _BUCKETS:
            return None
        begin = first + (np.arange(buckets, dtype=np.int64) << width)
        bucket = np.searchsorted(since, begin, side="right") - 1
        ahead = np.append(bucket[1:], len(since) - 1)
        if int((ahead - bucket).max()) <= 1:
            return _Table(first, last, np.uint64(width), bucket, after, least, shift)
    return None
