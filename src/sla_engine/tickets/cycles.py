"""
The arithmetic of one cycle of a clock: how much time it has counted, and when that reaches the target.

A cycle is a row of pieces, each running or paused. Its time is the open time of the running ones; every instant is
counted by the calendar of its time. All times are microseconds.
"""

from __future__ import annotations

from typing import NamedTuple

from sla_engine.calendars.timeline import Table
from sla_engine.errors import BeyondHorizon, NeverOpens
from sla_engine.tickets.clocks import Retarget
from sla_engine.tickets.plans import Promise


class Piece(NamedTuple):
    """A stretch of a cycle that is over: whether it ran, why, and how much open time is in it."""

    start: int
    end: int
    running: bool
    cause: str
    promise: Promise
    open_time: int


class Retargeted(NamedTuple):
    """A change of the promise: the instant, what was promised before, and what became of the time counted."""

    at: int
    before: Promise
    rule: Retarget


class Cycle:
    """One cycle of a clock, from its start on; `advance` tells it that time has passed."""

    __slots__ = (
        "at",
        "base",
        "before",
        "broken",
        "business_time",
        "cause",
        "counted",
        "due",
        "floor",
        "lost",
        "need",
        "never",
        "number",
        "pieces",
        "promise",
        "retargeted",
        "running",
        "start",
        "table",
    )

    def __init__(self, number: int, start: int, promise: Promise, *, business_time: bool) -> None:
        self.number = number
        self.start = self.base = self.at = start
        self.promise = promise
        self.business_time = business_time
        self.running = True
        self.cause = ""
        self.counted = 0
        """The time counted since `base`."""
        self.lost = 0
        """The open time in pauses since `base`."""
        self.pieces: list[Piece] = []
        self.due: int | None = None
        """The due instant, once it is reached: it never moves again."""
        self.broken: int | None = None
        """When the target was first breached, as far as that is history."""
        self.retargeted: tuple[Retargeted, ...] = ()
        self.never = ""
        self.before = 0
        """The open time before `at`, as `table` counts it."""
        self.table: Table | None = None
        self.need = self.floor = 0
        self._promised(start)

    def _promised(self, since: int) -> None:
        try:
            self.need, self.floor = self.promise.fixed(since)
            self.never = ""
        except BeyondHorizon as error:
            self.need, self.floor, self.never = NEVER, since, error.problem

    def advance(self, to: int) -> None:
        """Let time pass until an instant, as the cycle runs or is paused."""
        at = self.at
        if to == at:
            return
        table = self.table
        if table is None or to >= table.hi:
            table = self._looked_up(to)
        before = self.before if table is None else table.open_before(to)
        open_time = before - self.before
        self.before = before
        counted = self.counted
        if self.running:
            total = counted + open_time
            if total >= self.need and self.due is None and self.floor <= to:
                self.due = max(self.floor, self._reached())
            if self.business_time and total > self.need and self.broken is None:
                self.broken = self.promise.timeline.resumes_at(at, self.need - counted) if counted <= self.need else at
            self.counted = total
        else:
            if counted >= self.need and self.due is None and self.floor <= to:
                self.due = max(self.floor, at)
            self.lost += open_time
        pieces = self.pieces
        last = pieces[-1] if pieces else None
        if (
            last is not None
            and last.running is self.running
            and last.cause == self.cause
            and last.promise is self.promise
            and last.end > self.base
        ):
            # Nothing has changed since, as where a pause is split.
            pieces[-1] = Piece(last.start, to, last.running, last.cause, last.promise, last.open_time + open_time)
        else:
            pieces.append(Piece(at, to, self.running, self.cause, self.promise, open_time))
        self.at = to

    def _looked_up(self, to: int) -> Table | None:
        """Look up the present instant in a table that knows another one too; None where it never opens."""
        timeline = self.promise.timeline
        if timeline.never_opens:
            self.table = None
        else:
            self.table = timeline.covering(self.at, to)
            self.before = self.table.open_before(self.at)
        return self.table

    def _reached(self) -> int:
        left = self.need - self.counted
        return self.promise.timeline.add(self.at, left) if left > 0 else self.at

    def switch(self, at: int, *, running: bool, cause: str) -> None:
        """Run or pause from an instant on."""
        self.advance(at)
        self.running = running
        self.cause = cause

    def broken_by(self, at: int) -> int | None:
        """Return when the target was breached, as it is known at an instant up to which time has passed."""
        if self.broken is not None or self.business_time:
            return self.broken
        return self.due if self.due is not None and at > self.due else None

    def retarget(self, at: int, promise: Promise, rule: Retarget) -> None:
        """Promise something else from an instant on, by the rule that says what becomes of the time counted."""
        self.advance(at)
        self.retargeted = (*self.retargeted, Retargeted(at, self.promise, rule))
        self.promise = promise
        self.table = None
        if rule == "retroactive":
            self._again()
            return
        self.broken = self.broken_by(at)
        self.due = None
        if rule == "restart":
            self.base = at
            self.counted = self.lost = 0
            self._promised(at)
            return
        self._promised(self.base)
        if promise.is_days and not self.never:
            self.need = self.counted + promise.timeline.elapsed(at, self.floor) + self.lost
        self.floor = max(self.floor, at)
        if self.business_time and self.broken is None and self.counted > self.need:
            self.broken = at

    def _again(self) -> None:
        """Count everything anew, as if the promise had been the present one from the start."""
        past = self.pieces
        self.table = None
        running, cause = self.running, self.cause
        self.base = self.at = self.start
        self.counted = self.lost = 0
        self.due = self.broken = None
        self.pieces = []
        self._promised(self.start)
        for piece in past:
            self.running, self.cause = piece.running, piece.cause
            self.advance(piece.end)
        self.running, self.cause = running, cause

    def due_at(self, *, ended: bool) -> int | None:
        """
        Return the due instant, supposing that no pause is to come; None while it is paused and not determined.

        An ended cycle is due when it would have been, had it run on.
        """
        if self.due is not None:
            return self.due
        if self.counted >= self.need:
            return max(self.floor, self.at)
        if self.never or not (self.running or ended):
            return None
        try:
            return max(self.floor, self._reached())
        except BeyondHorizon as error:
            self.never = error.problem
            return None

    def breach_ahead(self, due: int | None) -> int | None:
        """Return when a cycle that is not breached will be, if nothing happens; None if it will not be."""
        if not self.business_time:
            return due
        if not self.running or self.need >= NEVER:
            return None
        try:
            return self.promise.timeline.resumes_at(self.at, self.need - self.counted)
        except (BeyondHorizon, NeverOpens):
            return None

    def warning_ahead(self, shares: tuple[tuple[int, int], ...]) -> int | None:
        """Return when the next share of the target will be reached, if nothing happens; None where none is ahead."""
        if not self.running or self.need >= NEVER:
            return None
        for part, whole in shares:
            amount = -(-self.need * part // whole)
            if amount > self.counted:
                try:
                    return self.promise.timeline.add(self.at, amount - self.counted)
                except BeyondHorizon:
                    return None
        return None


NEVER = 10**18
"""More open time than there is: what a clock must count that is never due."""
