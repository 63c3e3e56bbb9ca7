"""
How a question is answered for all rows of a column: in blocks, and row by row where a block does not decide.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sla_engine.errors import BeyondHorizon, SlaError
from sla_engine.frames.kernels.rows import FAR_APART, NULL, ROWS, Scratch, blocks, groups
from sla_engine.frames.kernels.zone_clock import YEAR_1, YEAR_10000
from sla_engine.frames.numbers import np

if TYPE_CHECKING:
    from sla_engine.frames.kernels.rows import Ints, Rows

C = TypeVar("C")
DECIDED = np.empty(0, dtype=np.intp)
"""No row is left to be asked about by itself."""
_CENTURY = FAR_APART // 3


class Block(NamedTuple):
    """Some rows: instants, what belongs to each, room for the answers and for the work, and where the instants lie."""

    at: Ints
    other: Any
    out: Any
    scratch: Scratch
    lo: int
    hi: int

    def all_rows(self) -> Rows:
        """Return all rows, to leave them all."""
        return np.arange(len(self.at))


class Question(NamedTuple):
    """
    How a block of rows is answered, and how one row by itself.

    `block` returns the rows that it leaves to be asked about by themselves, in order; an error of it leaves all.
    """

    block: Callable[[Block], Rows]
    one: Callable[[int, int], Any]
    pairs: bool = False
    """Whether what belongs to an instant is another."""
    nothing: int = NULL
    """What there is for a row without a value."""
    null: bool = False
    """Whether a row that has no answer before the horizon has no value."""

    def answer(self, ones: Ints, others: Ints | int, result: C) -> C:
        """Put the answers of all rows into a column; an error names the first row that has none."""
        into: Any = result
        scratch = Scratch(min(ROWS, len(ones)))
        for start, stop in blocks(len(ones)):
            other = others if isinstance(others, int) else others[start:stop]
            one, other, empty = scratch.without_nulls(ones[start:stop], other)
            out = into[start:stop]
            if len(empty) == len(one):
                out[:] = self.nothing
                continue
            rows = self._decided(one, other, out, scratch)
            if len(empty):
                rows = np.setdiff1d(rows, empty, assume_unique=True)
                out[empty] = self.nothing
            for row in rows.tolist():
                try:
                    out[row] = self.one(int(one[row]), other if isinstance(other, int) else int(other[row]))
                except SlaError as error:
                    if not (self.null and isinstance(error, BeyondHorizon)):
                        raise error.located(f"row {start + row}") from None
                    out[row] = NULL
        return result

    def _decided(self, one: Ints, other: Ints | int, out: Any, scratch: Scratch) -> Rows:
        lo, hi = int(one.min()), int(one.max())
        if self.pairs and not isinstance(other, int):
            lo, hi = min(lo, int(other.min())), max(hi, int(other.max()))
        if hi - lo > FAR_APART:
            return self._by_centuries(one, other, out, scratch)
        try:
            return self.block(Block(one, other, out, scratch, lo, hi))
        except SlaError:
            # Each by itself: the error is that of its row.
            return np.arange(len(one))

    def _by_centuries(self, one: Ints, other: Ints | int, out: Any, scratch: Scratch) -> Rows:
        """Answer the rows of each century together, and leave those whose two instants are far apart."""
        centuries = one // _CENTURY
        if self.pairs:
            centuries[np.abs(other // _CENTURY - centuries) > 1] = NULL
        left: list[Rows] = []
        for rows in groups(centuries):
            if centuries[rows[0]] == NULL:
                left.append(rows)
                continue
            room = np.empty(len(rows), dtype=out.dtype)
            part = other if isinstance(other, int) else other[rows]
            left.append(rows[self._decided(one[rows], part, room, scratch)])
            out[rows] = room
        return np.sort(np.concatenate(left))


def never_due(one: Callable[[int, int], int], *, null: bool) -> Question:
    """Return the question that a calendar that never opens has no answer to, for any instant of the years 1 to 9999."""

    def block(rows: Block) -> Rows:
        if not null:
            return rows.all_rows()
        rows.out[:] = NULL
        return np.flatnonzero((rows.at < YEAR_1) | (rows.at >= YEAR_10000))

    return Question(block, one, null=null)
