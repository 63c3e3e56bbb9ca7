"""
The ledger of a clock: every stretch of its life, open or closed, running or paused, and why; adding up to its time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from sla_engine.amounts import duration_text
from sla_engine.calendars.explain import ledger_rows
from sla_engine.instants import from_micros, to_micros, utc
from sla_engine.ledger import Counting, moment_text, table_html, table_text
from sla_engine.spans import Span
from sla_engine.tickets.cycles import Piece
from sla_engine.zones import zone_of

if TYPE_CHECKING:
    from sla_engine.tickets.status import ClockStatus

ClockState = Literal["running", "paused", "discarded", "event"]


@dataclass(frozen=True, slots=True)
class ClockLedgerRow(Counting):
    """
    One stretch of a clock's life: whether the calendar was open and why, what the clock did and why, and what counted.

    `state` is `running`, `paused`, `discarded` (before a restart), or `event`: something that happened at an instant,
    with an empty span. `counted_micros` and `total_micros` are exact.
    """

    span: Span
    is_open: bool
    hours: str
    state: ClockState
    why: str
    counted_micros: int
    total_micros: int


@dataclass(frozen=True, slots=True)
class ClockLedger:
    """
    How the time of a clock came about: rows that follow one another without a gap and add up to `total`, its `elapsed`.

    `needed` is what the clock must count to be due, so `needed - total` is what remains; None where it is never due.
    `str` is a table for terminals; notebooks show HTML. Times are in the calendar's `zone`.
    """

    title: str
    zone: str
    rows: tuple[ClockLedgerRow, ...]
    needed: timedelta | None
    conclusion: tuple[str, ...]

    @property
    def total(self) -> timedelta:
        """What all rows count together."""
        return sum((row.counted for row in self.rows), timedelta())

    @property
    def remaining(self) -> timedelta | None:
        """What is left of the target; None where it is never due."""
        return None if self.needed is None else self.needed - self.total

    def __iter__(self) -> Iterator[ClockLedgerRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        for row in self.rows:
            if row.span.is_empty:
                yield moment_text(row.span.start), "", "", "", row.why, "", duration_text(row.total_micros)
                continue
            clock = row.state if row.why in ("", row.state) else row.why
            yield (
                moment_text(row.span.start),
                moment_text(row.span.end),
                "open" if row.is_open else "closed",
                row.hours,
                clock,
                duration_text(row.counted_micros) if row.counted_micros else "",
                duration_text(row.total_micros),
            )

    @property
    def text(self) -> str:
        """The ledger as a table of plain text."""
        return table_text(f"{self.title} (times in {self.zone})", _HEAD, self._cells(), self.conclusion)

    def __str__(self) -> str:
        return self.text

    @property
    def html(self) -> str:
        """The ledger as a small HTML table."""
        return table_html(f"{self.title} (times in {self.zone})", _HEAD, self._cells(), self.conclusion)

    def _repr_html_(self) -> str:
        return self.html

    def to_data(self) -> dict[str, Any]:
        """Return the ledger as plain data, durations in microseconds."""
        needed = self.needed
        return {
            "title": self.title,
            "zone": self.zone,
            "needed_us": None if needed is None else needed // _MICROSECOND,
            "total_us": self.total // _MICROSECOND,
            "conclusion": list(self.conclusion),
            "rows": [
                {
                    "start": row.span.start.isoformat(),
                    "end": row.span.end.isoformat(),
                    "open": row.is_open,
                    "hours": row.hours,
                    "state": row.state,
                    "why": row.why,
                    "counted_us": row.counted_micros,
                    "total_us": row.total_micros,
                }
                for row in self.rows
            ],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the ledger as JSON text."""
        return json.dumps(self.to_data(), indent=indent, ensure_ascii=False)


_HEAD = ("from", "to", "hours", "why", "clock", "counted", "total")
_MICROSECOND = timedelta(microseconds=1)


def ledger_of(clock: ClockStatus) -> ClockLedger:
    """Return the ledger of a clock; one that waits has no rows."""
    title = f"{clock.ticket_id}: {clock.name} in {clock.tier}"
    title += f", cycle {clock.cycle}" if clock.cycle > 1 else ""
    title += f", target {clock.target}"
    needed = None if clock.needed_micros is None else timedelta(0, 0, clock.needed_micros)
    return ClockLedger(title, clock.calendar.zone, tuple(_rows(clock)), needed, tuple(_conclusion(clock)))


def _rows(clock: ClockStatus) -> Iterator[ClockLedgerRow]:
    zone = zone_of(clock.calendar.zone)
    like = utc(0).astimezone(zone)
    base = max((one.at for one in clock.retargeted if one.rule == "restart"), default=None)
    if base is not None and any(one.rule == "retroactive" and one.at >= base for one in clock.retargeted):
        base = None
    total = 0
    marks = sorted(_marks(clock), key=lambda mark: mark[0])

    def mark_rows(until: int, *, included: bool) -> Iterator[ClockLedgerRow]:
        while marks and (marks[0][0] < until or (included and marks[0][0] == until)):
            at, text = marks.pop(0)
            moment = from_micros(at, like)
            yield ClockLedgerRow(Span(moment, moment), False, "", "event", text, 0, total)

    for piece in clock.pieces:
        discarded = base is not None and piece.end <= base
        for start, end, is_open, hours in _stretches(piece):
            cuts = [start, *dict.fromkeys(at for at, _ in marks if start < at < end), end]
            for lo, hi in pairwise(cuts):
                yield from mark_rows(lo, included=True)
                counts = is_open and piece.running and not discarded
                counted = hi - lo if counts else 0
                total += counted
                state: ClockState = "discarded" if discarded else "running" if piece.running else "paused"
                why = "discarded by the restart" if discarded else piece.cause or state
                span = Span(from_micros(lo, like), from_micros(hi, like))
                yield ClockLedgerRow(span, is_open, hours, state, why, counted, total)
    yield from mark_rows(0, included=True) if not clock.pieces else mark_rows(clock.pieces[-1].end, included=True)


def _stretches(piece: Piece) -> Iterator[tuple[int, int, bool, str]]:
    """Yield the open and closed stretches of a piece, in its own calendar."""
    for row in ledger_rows(piece.promise.calendar, piece.start, piece.end):
        if not row.span.is_empty:
            yield to_micros(row.span.start), to_micros(row.span.end), row.is_open, row.cause


def _marks(clock: ClockStatus) -> Iterator[tuple[int, str]]:
    """Yield what happened at single instants."""
    if clock.started_micros is None:
        return
    until = clock.at_micros if clock.ended_micros is None else clock.ended_micros
    yield clock.started_micros, "started"
    promises = [one.before for one in clock.retargeted]
    for number, one in enumerate(clock.retargeted):
        after = promises[number + 1].amount if number + 1 < len(promises) else clock.target
        changed = (
            f"target {one.before.amount} becomes {after}" if one.before.amount != after else "the calendar changes"
        )
        yield one.at, f"{changed} ({one.rule})"
    for warning in clock.warnings:
        if warning.passed and warning.at is not None:
            yield to_micros(warning.at), f"{warning.share.fraction * 100}% of the target"
    if clock.due_micros is not None and clock.due_micros <= until:
        yield clock.due_micros, "due"
    if clock.breached_micros is not None and clock.breached_micros != clock.due_micros:
        yield clock.breached_micros, "breached"
    if clock.ended_micros is not None:
        yield clock.ended_micros, clock.reason or clock.phase.replace("_", " ")


def _conclusion(clock: ClockStatus) -> Iterator[str]:
    if clock.started_micros is None:
        yield "waiting: not started"
        return
    needed = clock.needed_micros
    counted = duration_text(clock.elapsed_micros)
    if needed is None:
        yield f"counted {counted}; never due"
    else:
        left = needed - clock.elapsed_micros
        never = clock.due_micros is None and clock.phase != "paused"
        said = f"{duration_text(left)} left" if left >= 0 else f"{duration_text(-left)} over"
        yield f"counted {counted} of {duration_text(needed)}, {'never due' if never else said}"
    due = "" if clock.due_at is None else f"; due {clock.due_at.isoformat()}"
    paused = "; no due instant while paused" if clock.due_at is None and clock.phase == "paused" else ""
    yield f"{clock.phase.replace('_', ' ')}, {clock.verdict}{due or paused}"
