"""
The clocks of many tickets at an instant, as arrays: a row for each ticket, clock and cycle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sla_engine.frames.clocks.tracing import PHASE_NUMBERS
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.numbers import np
from sla_engine.tickets.plans import Promise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sla_engine.frames.kernels.kernel import Ints

PHASES = tuple(PHASE_NUMBERS)
"""What a clock does, by the numbers in a `ClockTable`."""
VERDICTS = ("undecided", "met", "breached")
"""What became of a target, by the numbers in a `ClockTable`."""
_STOPPED = PHASE_NUMBERS["stopped"]


@dataclass(frozen=True, slots=True, eq=False)
class ClockTable:
    """
    What is known of the clocks of many tickets at an instant: one row for each ticket, clock and cycle.

    The rows of a ticket stand together, in the order in which its cycles started; clocks that wait come last. Columns
    are those of `ClockStatus`: instants are int64 microseconds since 1970 UTC, amounts int64 microseconds, and `NULL`
    is none. `ticket` is the number of the ticket in the order of the events; `tier`, `clock`, `phase`, `promise` and
    `reason` are places in `tiers`, `clocks`, `PHASES`, `promises` and `reasons`.
    """

    at: int
    tiers: tuple[str, ...]
    clocks: tuple[str, ...]
    promises: tuple[Promise, ...]
    reasons: tuple[str, ...]
    ticket: Ints
    tier: NDArray[np.int16]
    clock: NDArray[np.int16]
    cycle: NDArray[np.int32]
    phase: NDArray[np.int8]
    promise: NDArray[np.int32]
    started: Ints
    ended: Ints
    due: Ints
    breached: Ints
    next_change: Ints
    latest_start: Ints
    elapsed: Ints
    paused: Ints
    needed: Ints
    warnings_passed: NDArray[np.int16]
    reason: NDArray[np.int32]
    odd_rows: Ints
    """The rows of events that contradict the rest of their tickets."""
    odd_kinds: Sequence[tuple[str, ...]]
    """For each of these rows, the kinds of its anomalies."""

    def __len__(self) -> int:
        return len(self.ticket)

    @property
    def verdict(self) -> NDArray[np.int8]:
        """What became of each target: a place in `VERDICTS`."""
        found: NDArray[np.int8] = (self.phase == _STOPPED).astype(np.int8)
        found[self.breached != NULL] = 2
        return found

    @property
    def wall(self) -> Ints:
        """The time on the wall from each start to its end, or to the instant asked about."""
        found: Ints = np.where(self.ended == NULL, self.at, self.ended)
        found -= self.started
        waits = self.started == NULL
        if waits.any():
            found[waits] = 0
        return found

    @property
    def remaining(self) -> Ints:
        """What is left of each target; negative where more was counted, `NULL` where it is never due."""
        found: Ints = self.needed - self.elapsed
        never = self.needed == NULL
        if never.any():
            found[never] = NULL
        return found

    @property
    def not_counted(self) -> Ints:
        """The rest of the wall time: closed hours, and what a restart discarded."""
        found = self.wall
        found -= self.elapsed
        found -= self.paused
        return found


COLUMNS: dict[str, Any] = {
    "ticket": np.int64,
    "tier": np.int16,
    "clock": np.int16,
    "cycle": np.int32,
    "phase": np.int8,
    "promise": np.int32,
    "started": np.int64,
    "ended": np.int64,
    "due": np.int64,
    "breached": np.int64,
    "next_change": np.int64,
    "latest_start": np.int64,
    "elapsed": np.int64,
    "paused": np.int64,
    "needed": np.int64,
    "warnings_passed": np.int16,
    "reason": np.int32,
}
"""The columns with a value for each row, and how each is kept."""
assert {*COLUMNS} < {one.name for one in fields(ClockTable)}  # noqa: S101


class Rows:
    """Columns that grow by blocks of rows; what is not filled yet takes no memory."""

    def __init__(self, expected: int) -> None:
        self.length = 0
        self._room = {name: np.empty(max(expected, 1), dtype=kind) for name, kind in COLUMNS.items()}

    def expect(self, rows: int) -> None:
        """Make room for about so many more rows; what stays empty costs no memory."""
        self._grow(self.length + rows + rows // 16)

    def _grow(self, length: int) -> None:
        for name, column in self._room.items():
            if length > len(column):
                larger = np.empty(length, dtype=column.dtype)
                larger[: self.length] = column[: self.length]
                self._room[name] = larger

    def room(self, rows: int) -> dict[str, Any]:
        """Return room for some more rows, to be filled."""
        start, stop = self.length, self.length + rows
        if stop > len(self._room["ticket"]):
            self._grow(max(stop, 2 * start))
        self.length = stop
        return {name: column[start:stop] for name, column in self._room.items()}

    def columns(self) -> dict[str, Any]:
        """Return what was filled."""
        return {name: column[: self.length] for name, column in self._room.items()}
