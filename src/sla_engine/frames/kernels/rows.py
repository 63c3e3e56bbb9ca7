"""
Columns of integers: what no value is, blocks that stay in the cache, room for answers, and look-ups of constant cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Rows = NDArray[np.intp]

NULL: int = -(2**63)
"""No value: the smallest int64, which is what NumPy's NaT is."""
Never: TypeAlias = Literal["raise", "null"]
"""What becomes of a row whose answer lies beyond the horizon of its calendar: its error, or no value."""
LAST: int = 2**62
"""After all instants, and so that its distance from any, before 1970 too, is an int64."""
ROWS = 65_536
"""So many rows are worked on at a time, with all that is worked out of them in the cache."""
FAR_APART = 300 * 366 * 86_400 * 1_000_000
"""Rows further apart than this are asked about apart: the time between is not compiled."""
_BUCKETS = 2**18
_CORRECTIONS = 4
_NO_ROWS = np.empty(0, dtype=np.intp)
_DENSE = 2**20
"""With so many combinations or fewer, there is room for one number each."""
_ROW = re.compile(r"row (\d+)")


class Axis:
    """Sorted edges, and for each value up to a last one the number of the last edge at or before it."""

    __slots__ = ("base", "before_next", "corrections", "edges", "first", "shift")

    def __init__(self, edges: Ints, last: int) -> None:
        self.edges = edges
        self.before_next = np.append(edges[1:], LAST) - 1
        self.base = int(edges[0])
        length = last - self.base
        apart = np.diff(edges)
        smallest = int(apart[apart > 0].min()) if len(edges) > 1 and edges[-1] > edges[0] else max(length, 1)
        self.shift = max(smallest.bit_length() - 1, (length // _BUCKETS).bit_length())
        starts = self.base + (np.arange((length >> self.shift) + 2) << self.shift)
        self.first = np.searchsorted(edges, starts, side="right") - 1
        self.corrections = int(np.diff(self.first).max())

    def place(self, values: Ints, out: Ints, scratch: Ints) -> Ints:
        """Put into `out` the numbers of the last edges at or before values, none of which lies outside."""
        if self.corrections > _CORRECTIONS:
            out[:] = np.searchsorted(self.edges, values, side="right")
            return np.subtract(out, 1, out=out)
        np.subtract(values, self.base, out=scratch)
        np.right_shift(scratch, self.shift, out=scratch)
        take(self.first, scratch, out)
        for _ in range(self.corrections):
            # One further where the next edge is at or before the value: the sign of the difference, as 0 or -1.
            take(self.before_next, out, scratch)
            np.subtract(scratch, values, out=scratch)
            np.right_shift(scratch, 63, out=scratch)
            np.subtract(out, scratch, out=out)
        return out


def take(table: Ints, places: Ints, out: Ints) -> None:
    """Put into `out` what stands in a table at places, all of which are in it."""
    # So no mode changes any place; this one is the quickest by half.
    np.take(table, places, out=out, mode="wrap")


class Scratch:
    """Room for what is worked out of a block, made once a call."""

    __slots__ = ("columns", "mask")

    def __init__(self, rows: int) -> None:
        self.columns = [np.empty(rows, dtype=np.int64) for _ in range(6)]
        self.mask = np.empty(rows, dtype=np.bool_)

    def of(self, rows: int) -> tuple[Ints, Ints, Ints, Ints, Bools]:
        """Return room for so many rows."""
        one, two, three, four = (column[:rows] for column in self.columns[:4])
        return one, two, three, four, self.mask[:rows]

    def without_nulls(self, column: Ints, other: Ints | int) -> tuple[Ints, Ints | int, Rows]:
        """Return two columns with a value of their own where one has none, and the rows where that is."""
        found: list[Any] = [column, other]
        empty = _NO_ROWS
        for one in found:
            if not isinstance(one, int) and int(one.min()) == NULL:
                rows = np.flatnonzero(np.equal(one, NULL, out=self.mask[: len(one)]))
                empty = np.union1d(empty, rows) if len(empty) else rows
        if not len(empty):
            return column, other, _NO_ROWS
        for number, room in enumerate(self.columns[4:]):
            if isinstance(found[number], int):
                continue
            filled = room[: len(column)]
            np.copyto(filled, found[number])
            there = _first_other(empty)
            filled[empty] = filled[there] if there < len(filled) else 0
            found[number] = filled
        return found[0], found[1], empty


def _first_other(rows: Rows) -> int:
    """Return the first row that is not among sorted ones."""
    return int(np.argmin(np.append(rows == np.arange(len(rows)), False)))


def within(instants: Ints) -> tuple[int, int] | None:
    """Return the first and the last of some instants; None where there is none."""
    if not len(instants):
        return None
    lo = int(instants.min())
    if lo == NULL:
        there = instants[instants != NULL]
        if not len(there):
            return None
        lo = int(there.min())
    return lo, int(instants.max())


def blocks(rows: int, size: int = ROWS) -> Iterator[tuple[int, int]]:
    """Yield where blocks of rows start and stop."""
    return pairwise([*range(0, rows, size), rows])


_FEW = 8
"""With so many codes or fewer, looking for each is faster than putting them in order."""
_SHORT = np.iinfo(np.uint16).max


def groups(codes: NDArray[Any]) -> Iterator[Rows]:
    """Yield the rows of each code, in order."""
    if not len(codes):
        return
    least, most = int(codes.min()), int(codes.max())
    if least >= 0 and most < _FEW:
        short = codes.astype(np.uint8)
        found = (np.flatnonzero(short == code) for code in range(least, most + 1))
        yield from (rows for rows in found if len(rows))
        return
    if least >= 0 and most <= _SHORT:
        codes = codes.astype(np.uint16)  # which are put in order in two passes
    order = np.argsort(codes, kind="stable")
    edges = np.flatnonzero(np.diff(codes[order])) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(order)]):
        yield order[start:stop]


def distinct(parts: Sequence[tuple[Ints, int]], rows: int) -> tuple[Ints, Ints]:
    """
    Return for each row the number of its combination of codes (each from -1 up to a bound), and a row of each.
    """
    group = np.zeros(rows, dtype=np.int64)
    size = 1
    for codes, bound in parts:
        if size * (bound + 1) > _DENSE:
            _, group = np.unique(group, return_inverse=True)
            size = int(group.max(initial=0)) + 1
        group = group * (bound + 1) + codes + 1
        size *= bound + 1
    if size > _DENSE:
        _, firsts, group = np.unique(group, return_index=True, return_inverse=True)
        return group, firsts
    first = np.full(size, -1, dtype=np.int64)
    first[group[::-1]] = np.arange(rows - 1, -1, -1)
    there = np.flatnonzero(first >= 0)
    number = np.empty(size, dtype=np.int64)
    number[there] = np.arange(len(there))
    return number[group], first[there]


def moved(error: SlaError, place: Callable[[int], int]) -> SlaError:
    """Return an error about a row of a part as one about the row of the whole."""
    found = _ROW.match(error.where)
    if found is None:
        return error
    copy = error.located("")
    copy.where = f"row {place(int(found[1]))}{error.where[found.end() :]}"
    copy.problems = tuple(moved(problem, place) for problem in error.problems)
    return copy


def row_of(error: SlaError) -> int:
    """Return the row that an error is about; one about no row comes before all."""
    found = _ROW.match(error.where)
    return int(found[1]) if found else -1


# --- what is given ---------------------------------------------------------------------------------------------------


def checked(given: Any) -> Ints:
    """Return a column of int64; raises `InvalidInstant` for any other."""
    column = np.asarray(given)
    if column.ndim != 1 or (column.dtype != np.int64 and len(column)):
        raise InvalidInstant(
            f"a column of {column.dtype} with {column.ndim} dimensions, where one of int64 is expected",
            value=str(column.dtype),
            remedy="Give microseconds since 1970 UTC as int64",
        )
    return column if len(column) else column.astype(np.int64)


def one_or_each(given: Any, starts: Ints) -> Ints | int:
    """Return one amount for all rows, or a checked column of one for each."""
    if isinstance(given, int):
        return given
    return same_length(checked(given), starts, "amounts")


def same_length(column: Ints, starts: Ints, what: str) -> Ints:
    """Return a column that is as long as the starts; raises `InvalidInstant` for any other."""
    if len(column) != len(starts):
        raise InvalidInstant(
            f"there are {len(starts)} starts and {len(column)} {what}",
            where=what,
            value=len(column),
            remedy="Give one each",
        )
    return column


def room_for(out: Ints | None, *columns: Ints | int) -> Ints:
    """Return room for answers, new or given; raises `InvalidInstant` where they would not fit, or would hide rows."""
    like = columns[0]
    assert not isinstance(like, int)  # noqa: S101  (the first is a column)
    if out is None:
        return np.empty(len(like), dtype=np.int64)
    if any(not isinstance(column, int) and np.may_share_memory(out, column) for column in columns):
        raise InvalidInstant(
            "the room for the answers is that of a column that is asked about",
            where="out",
            remedy="Give it room of its own: np.empty_like",
        )
    if out.dtype != np.int64 or out.shape != like.shape:
        raise InvalidInstant(
            f"the room for the answers is {out.dtype} {out.shape}, where int64 {like.shape} is needed",
            where="out",
            value=str(out.dtype),
            remedy="Make it with np.empty_like",
        )
    return out


def are_null(never: object) -> bool:
    """Whether rows that are never due have no value; they raise otherwise."""
    if never not in ("raise", "null"):
        raise InvalidInstant(
            f"never={never!r} is no answer for rows that are never due",
            where="never",
            value=never,
            remedy='Use "raise" or "null"',
        )
    return never == "null"
