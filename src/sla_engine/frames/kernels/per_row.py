"""
A calendar per row: the same questions, where another column says which of several calendars each row asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sla_engine.amounts import Amount
from sla_engine.calendars import Calendar
from sla_engine.errors import InvalidInstant, SlaError, UnknownName
from sla_engine.frames.kernels.kernel import NULL, Kernel, Never, kernel_of
from sla_engine.frames.kernels.rows import are_null, blocks, checked, groups, moved, one_or_each, row_of, same_length
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sla_engine.frames.kernels.rows import Bools, Ints

_TOGETHER = 2**20
"""So many rows are put in groups at a time: enough for each group to be long, and few enough to stay near."""
_SMALL_CODES = 2**15


class Kernels:
    """
    The questions of several calendars over columns, each row by its own.

    `which` is a column of whole numbers: that of each row's calendar in the sequence given here, and -1 for none, which
    gives `NULL` (and is not open). All else is as `Kernel` has it, row by row: an error names the first row that has no
    answer. Raises `UnknownName` for numbers of no calendar, and `InvalidInstant` for a column of another kind.
    """

    def __init__(self, calendars: Sequence[Calendar]) -> None:
        self.calendars = tuple(calendars)
        self._kernels = tuple(kernel_of(calendar) for calendar in self.calendars)

    def add(self, which: Any, starts: Ints, amounts: Ints | int, *, never: Never = "raise") -> Ints:
        """Return when each amount of open time after each start is over; a negative amount subtracts."""
        starts, _ = checked(starts), are_null(never)
        given = one_or_each(amounts, starts)
        return self._each(which, starts, given, lambda kernel, at, amount: kernel.add(at, amount, never=never))

    def subtract(self, which: Any, ends: Ints, amounts: Ints | int, *, never: Never = "raise") -> Ints:
        """Return when each amount of open time before each end begins; a negative amount adds."""
        ends, _ = checked(ends), are_null(never)
        given = one_or_each(amounts, ends)
        return self._each(which, ends, given, lambda kernel, at, amount: kernel.subtract(at, amount, never=never))

    def elapsed(self, which: Any, starts: Ints, ends: Ints) -> Ints:
        """Return the open time from each start to each end; negative where the end is before the start."""
        starts = checked(starts)
        given = same_length(checked(ends), starts, "ends")
        return self._each(which, starts, given, Kernel.elapsed)

    def is_open(self, which: Any, instants: Ints) -> Bools:
        """Return for each instant whether its calendar is open; of no value it is False."""
        found = self._each(which, checked(instants), 0, lambda kernel, at, _: kernel.is_open(at).astype(np.int64))
        return np.equal(found, 1)

    def next_opening(self, which: Any, instants: Ints, *, never: Never = "raise") -> Ints:
        """Return the first opening at or after each instant."""
        are_null(never)
        return self._each(which, checked(instants), 0, lambda kernel, at, _: kernel.next_opening(at, never=never))

    def business_days_between(self, which: Any, starts: Ints, ends: Ints) -> Ints:
        """Return how many business dates follow each rolled start's, up to and with each end's."""
        starts = checked(starts)
        given = same_length(checked(ends), starts, "ends")
        return self._each(which, starts, given, Kernel.business_days_between)

    def due(self, which: Any, starts: Ints, amount: Amount, *, never: Never = "raise") -> Ints:
        """Return when an amount of any kind after each start is over; a negative one leads back."""
        are_null(never)
        return self._each(which, checked(starts), 0, lambda kernel, at, _: kernel.due(at, amount, never=never))

    def _each(self, which: Any, ones: Ints, others: Ints | int, ask: Callable[[Kernel, Ints, Any], Ints]) -> Ints:
        codes = self._codes(which, len(ones))
        result = np.full(len(ones), NULL, dtype=np.int64)
        for start, stop in blocks(len(ones), _TOGETHER):
            refused: SlaError | None = None
            for rows in groups(codes[start:stop]):
                code = int(codes[start + int(rows[0])])
                if code < 0:
                    continue
                of = slice(start, stop) if len(rows) == stop - start else rows + start
                try:
                    result[of] = ask(self._kernels[code], ones[of], others if isinstance(others, int) else others[of])
                except SlaError as error:
                    # Another calendar may have refused an earlier row.
                    here = moved(error, (rows + start).tolist().__getitem__)
                    if refused is None or row_of(here) < row_of(refused):
                        refused = here
            if refused is not None:
                raise refused from None
        return result

    def _codes(self, which: Any, rows: int) -> NDArray[Any]:
        codes: NDArray[Any] = np.asarray(which)
        if codes.ndim != 1 or (codes.dtype.kind not in "iu" and len(codes)):
            raise InvalidInstant(
                f"a column of {codes.dtype} with {codes.ndim} dimensions, where the numbers of calendars are expected",
                where="which",
                value=str(codes.dtype),
                remedy="Give whole numbers, and -1 where a row has no calendar",
            )
        if len(codes) != rows:
            raise InvalidInstant(
                f"there are {rows} rows and {len(codes)} numbers of calendars",
                where="which",
                value=len(codes),
                remedy="Give one each",
            )
        if len(codes) and not (int(codes.min()) >= -1 and int(codes.max()) < len(self.calendars)):
            row = int(np.argmax((codes < -1) | (codes >= len(self.calendars))))
            raise UnknownName(
                f"there is no calendar {int(codes[row])} of {len(self.calendars)}",
                where=f"row {row}",
                value=int(codes[row]),
                remedy="Count from 0, and give -1 where a row has no calendar",
            )
        # Numbers of 16 bits are sorted by counting.
        return codes.astype(np.int16 if len(self.calendars) <= _SMALL_CODES else np.int64)
