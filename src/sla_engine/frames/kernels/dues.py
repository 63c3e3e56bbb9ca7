"""
When amounts after starts are over, for a few thousand rows at a time, again and again: a table of steps for all.

Between two steps the answer is `start + shift`, but no less than `least` and no more than `most`: it moves with the
start, or while the calendar is closed it waits for the opening. For open time a step is where the calendar closes, and
where the amount begins to reach beyond the end of another window; for days it is what the kernel has. Time is divided
into buckets: on the grid of all steps, such as whole hours, a bucket says by itself how it answers; where that grid is
too fine, the buckets are wider, and each leads to the step that it begins on. Engines ask for few rows at a time, of
which the many small questions of a kernel would cost more than the answers; here they are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import TYPE_CHECKING, NamedTuple

from sla_engine.amounts import Amount, BusinessTime
from sla_engine.calendars import Calendar
from sla_engine.errors import SlaError
from sla_engine.frames.kernels.kernel import NULL, Kernel, kernel_of
from sla_engine.frames.kernels.rows import groups, moved, row_of
from sla_engine.frames.kernels.zone_clock import FAR, YEAR_1, YEAR_10000
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

_YEAR = 366 * DAY
_LONGEST = 150 * _YEAR
"""Starts that lie further apart are left to the kernels."""
_ON_GRID = 2**18
"""So many buckets may lie on the grid of the steps; more would not stay in the caches of a processor."""
_WIDTHS = [1 << power for power in range(36, 27, -1)]
"""How wide the buckets may be that lead to a step: from 19 hours down to 4 minutes."""
_BUCKETS = 2**21
_MOST = 64
"""More amounts than these are left to the kernels: a table is made anew for each that is new."""
_TRIES = 8
"""So often is a table asked for that cannot be made; each time costs as much as one that can."""
_END = np.iinfo(np.int64).max


class _Pieces(NamedTuple):
    """The steps of one amount: where each begins, and how it answers."""

    since: Ints
    shift: Ints
    least: Ints
    most: Ints


class _Table(NamedTuple):
    """How all amounts answer from a first instant up to a last one, each amount behind those before it."""

    first: int
    last: int
    width: np.uint64
    """Of a bucket of time."""
    buckets: int
    """So many each amount has."""
    steps: tuple[Ints, Ints] | None
    """
    For each bucket the step that it begins on, and for each step where the next one begins; None where buckets are on
    the grid of the steps, and each says how it answers.
    """
    shift: Ints
    least: Ints
    most: Ints | None
    """None where there is no end to any answer."""


class Dues:
    """
    When amounts are over, as `kernel.due` says, rows by the number of their amount; no row is without a start.

    An error names the first row that has no answer. Without `again` no table is made: it pays where many blocks follow.
    """

    def __init__(self, asked: Iterable[tuple[Calendar, Amount]] = (), *, again: bool = True) -> None:
        self._asked: list[tuple[Kernel, Amount]] = []
        self._table: _Table | None = None
        self._tries = _TRIES if again else 0
        for calendar, amount in asked:
            self.number(calendar, amount)

    def number(self, calendar: Calendar, amount: Amount) -> int:
        """Return the number of an amount of a calendar's time, which is a new one if it was not there."""
        kernel = kernel_of(calendar)
        for number, (known, there) in enumerate(self._asked):
            if known is kernel and there == amount:
                return number
        self._asked.append((kernel, amount))
        self._table = None
        if len(self._asked) > _MOST:
            self._tries = 0
        return len(self._asked) - 1

    def due(self, starts: Ints, which: Ints | None = None) -> Ints:
        """Return when amounts are over; `which` has the number of each row's amount, where there are several."""
        table = self._table
        if table is not None:
            try:
                return _looked_up(starts, which, table)
            except IndexError:
                pass  # a start is beyond the table
        table = self._reaching(int(starts.min()), int(starts.max())) if len(starts) else None
        return self._apart(starts, which) if table is None else _looked_up(starts, which, table)

    def _apart(self, starts: Ints, which: Ints | None) -> Ints:
        """Return when amounts are over, rows with the same one together, each asked of its kernel."""
        if not len(starts):
            return np.empty(0, dtype=np.int64)
        if which is None or int(which.min()) == int(which.max()):
            kernel, amount = self._asked[0 if which is None else int(which[0])]
            return kernel.due(starts, amount)
        found = np.empty(len(starts), dtype=np.int64)
        refused: SlaError | None = None
        for rows in groups(which):
            kernel, amount = self._asked[int(which[rows[0]])]
            try:
                found[rows] = kernel.due(starts[rows], amount)
            except SlaError as error:
                here = moved(error, rows.tolist().__getitem__)
                if refused is None or row_of(here) < row_of(refused):
                    refused = here
        if refused is not None:
            raise refused
        return found

    def _reaching(self, least: int, most: int) -> _Table | None:
        """Return a table of these starts and of all before; None where there is none that pays, or that is known."""
        if not self._tries:
            return None
        old = self._table
        first, last = least - _YEAR, most + _YEAR
        if old is not None:
            first, last = min(first, old.first), max(last, old.last)
        if last - first > _LONGEST or first < YEAR_1 or last > YEAR_10000:
            return None
        try:
            table = _made(self._asked, first, last)
        except SlaError:
            table = None  # the kernel says which row it is that has no answer
        if table is None:
            self._tries -= 1  # what was known stays
        else:
            self._table = table
        return table


def _looked_up(starts: Ints, which: Ints | None, table: _Table) -> Ints:
    """Return the answers of a table; raises `IndexError` where a start is beyond it."""
    # A start before the first is beyond the last one too, as it has no sign; every pass over a block that is saved
    # counts.
    unsigned = (starts - table.first).view(np.uint64)
    unsigned //= table.width
    bucket = unsigned.view(np.int64)
    if which is not None:
        if len(bucket) and int(bucket.max()) >= table.buckets:
            raise IndexError
        bucket += which * table.buckets
    if table.steps is None:
        step = bucket
    else:
        begun, after = table.steps
        step = begun.take(bucket)
        step += starts >= after.take(step)
    found = table.shift.take(step)
    found += starts
    np.maximum(found, table.least.take(step), out=found)
    return found if table.most is None else np.minimum(found, table.most.take(step), out=found)


def _made(asked: Sequence[tuple[Kernel, Amount]], first: int, last: int) -> _Table | None:
    pieces: list[_Pieces] = []
    for kernel, amount in asked:
        found = _pieces(kernel, amount, first, last)
        if found is None:
            return None
        pieces.append(found)
    return _on_grid(first, last, pieces) or _bucketed(first, last, pieces)


def _pieces(kernel: Kernel, amount: Amount, first: int, last: int) -> _Pieces | None:
    if isinstance(amount, BusinessTime):
        return _open_time(kernel, amount.micros, first, last) if amount.micros > 0 else None
    steps = kernel._steps(amount, first, last)
    if steps is None:
        return None
    edges = steps.axis.edges
    rows = slice(np.searchsorted(edges, first, side="right") - 1, np.searchsorted(edges, last))
    return _Pieces(edges[rows], steps.shift[rows], steps.least[rows], steps.most[rows])


def _open_time(kernel: Kernel, amount: int, first: int, last: int) -> _Pieces | None:
    ends = kernel.add(np.array([last], dtype=np.int64), amount, never="null")
    until_last = first if int(ends[0]) == NULL else int(ends[0]) + 1
    spans = np.array(kernel.calendar.timeline.spans(first, until_last), dtype=np.int64).reshape(-1, 2)
    opens, closes = spans[:, 0], spans[:, 1]
    if not len(opens):
        return None
    until = np.cumsum(closes - opens)
    before = until - (closes - opens)
    # The last start from which the amount ends at the close of a window; from the next one on it reaches further. From
    # a close the amount ends where it would by what is before, so that this step too may begin one later: all of them
    # are on one grid then.
    sought = until - amount
    sought = sought[sought >= 0]
    window = np.searchsorted(before, sought, side="right") - 1
    since = np.unique(np.concatenate(([first], closes + 1, opens[window] + (sought - before[window]) + 1)))
    since = since[since < last]
    is_open = kernel.is_open(since)
    moment = np.where(is_open, since, kernel.next_opening(since, never="null"))
    due = kernel.add(moment, amount, never="null")  # nothing where nothing opens
    if bool((due == NULL).any()):
        return None
    shift = due - moment
    differs = np.append(True, (shift[1:] != shift[:-1]) | (due[1:] != due[:-1]))
    return _Pieces(since[differs], shift[differs], due[differs], np.full(int(differs.sum()), FAR))


def _on_grid(first: int, last: int, pieces: Sequence[_Pieces]) -> _Table | None:
    """Return a table in which steps begin where buckets do, and nowhere else; None where that takes too many."""
    since = np.concatenate([one.since[1:] for one in pieces])  # the first of each is where the table begins
    origin = int(since[0]) if len(since) else first
    width = int(np.gcd.reduce(since - origin, initial=DAY))
    first = origin - (origin - first) // width * width
    buckets = (last - first) // width
    if buckets * len(pieces) > _ON_GRID:
        return None
    begin = _begin(first, width, buckets)
    rows = [np.searchsorted(one.since, begin, side="right") - 1 for one in pieces]
    shift, least, most = (
        np.concatenate([part[row] for part, row in zip(parts, rows, strict=True)])
        for parts in list(zip(*pieces, strict=True))[1:]
    )
    return _Table(first, last, np.uint64(width), buckets, None, shift, least, _with_end(most))


def _bucketed(first: int, last: int, pieces: Sequence[_Pieces]) -> _Table | None:
    """Return a table with the widest buckets in none of which two steps begin; None where that takes too many."""
    for width in _WIDTHS:
        buckets = (last - first) // width
        if buckets * len(pieces) > _BUCKETS:
            return None
        begin = _begin(first, width, buckets)
        steps = [np.searchsorted(one.since, begin, side="right") - 1 for one in pieces]
        if all(starmap(_at_most_one, zip(steps, pieces, strict=True))):
            break
    else:
        return None
    before = np.cumsum([0, *(len(one.since) for one in pieces)]).tolist()
    step = np.concatenate([step + start for step, start in zip(steps, before, strict=False)])
    after = np.concatenate([np.append(one.since[1:], _END) for one in pieces])
    shift, least, most = (np.concatenate(parts) for parts in list(zip(*pieces, strict=True))[1:])
    return _Table(first, last, np.uint64(width), buckets, (step, after), shift, least, _with_end(most))


def _begin(first: int, width: int, buckets: int) -> Ints:
    """Return where buckets begin."""
    return first + np.arange(buckets, dtype=np.int64) * width


def _with_end(most: Ints) -> Ints | None:
    """Return where answers end; None where none does."""
    return most if int(most.min()) < FAR else None


def _at_most_one(steps: Ints, pieces: _Pieces) -> bool:
    """Whether no more than one step begins within any bucket, of which these are the first steps."""
    return int((np.append(steps[1:], len(pieces.since) - 1) - steps).max()) <= 1
