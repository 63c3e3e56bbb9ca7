"""
What became of a target of a ticket: the verdict, and by how much it is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sla_engine.calendars import Calendar
from sla_engine.errors import InvalidInstant, InvalidSpan
from sla_engine.facts import NO_ATTRIBUTES, Attributes, Value
from sla_engine.instants import to_micros
from sla_engine.ledger import duration_text_of

Verdict = Literal["met", "breached", "undecided"]
Phase = Literal["waiting", "running", "paused", "stopped", "handed_off", "cancelled"]
Attribute = Literal["opened", "due", "stopped"]


def verdict(due_at: datetime, *, stopped_at: datetime | None = None, at: datetime | None = None) -> Verdict:
    """
    Return what became of a deadline, as it can be known at an instant.

    Met: stopped at or before the due instant. Breached: stopped strictly after it, or not stopped and `at` strictly
    after it. A stop after `at` is not seen. Without `at`, everything is seen; a clock that is still running then
    needs it.

    Raises `InvalidInstant` where neither a stop nor `at` is given.
    """
    due = to_micros(due_at)
    now = None if at is None else to_micros(at)
    stop = None if stopped_at is None else to_micros(stopped_at)
    if stop is None and now is None:
        raise InvalidInstant(
            "nothing stopped the clock, so the verdict depends on the present",
            where="at",
            remedy="Pass at=, the instant at which you ask",
        )
    if stop is not None and (now is None or stop <= now):
        return "met" if stop <= due else "breached"
    assert now is not None  # noqa: S101  (without a stop there is an `at`)
    return "breached" if now > due else "undecided"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One target of one ticket: when it was due, when it was stopped (as seen at the instant asked about), what became
    of it, and how late it is.

    `opened_at` is when its clock started. `due_at` is None while a paused clock has none. `late_by` is elapsed time
    after the due instant, `late_open_time` the open time in it; both are zero where nothing is late. `elapsed` is the
    open time that was counted, `reason` why a cancelled clock counts for nothing.
    """

    id: str
    tier: str
    target: str
    opened_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    verdict: Verdict
    late_by: timedelta = timedelta()
    late_open_time: timedelta = timedelta()
    cycle: int = 1
    phase: Phase | None = None
    elapsed: timedelta | None = None
    reason: str = ""
    attributes: Mapping[str, Value] = field(default=NO_ATTRIBUTES)

    def __post_init__(self) -> None:
        if type(self.attributes) is not Attributes:
            object.__setattr__(self, "attributes", Attributes(self.attributes))
        if self.phase is not None:
            return  # made from the status of a clock, which starts before it stops
        object.__setattr__(self, "phase", "running" if self.stopped_at is None else "stopped")
        if self.stopped_at is not None and to_micros(self.stopped_at) < to_micros(self.opened_at):
            raise InvalidSpan(
                f"the ticket {self.id!r} was stopped at {self.stopped_at.isoformat()}, before it was opened at "
                f"{self.opened_at.isoformat()}",
                where=self.id,
                remedy="Mend the log",
            )

    def late_until(self, until: datetime, calendar: Calendar) -> Outcome:
        """Return the same outcome, late from its due instant until another."""
        if self.due_at is None:
            return self
        late = timedelta(0, 0, to_micros(until) - to_micros(self.due_at))
        return replace(self, late_by=late, late_open_time=calendar.elapsed(self.due_at, until))

    def moment(self, attribute: Attribute) -> datetime | None:
        """Return the instant that an attribution goes by; None where there is none."""
        if attribute == "due":
            return self.due_at
        return self.opened_at if attribute == "opened" else self.stopped_at

    def to_data(self) -> dict[str, Any]:
        """Return the outcome as one flat record of plain values, durations as text."""
        return {
            "id": self.id,
            "tier": self.tier,
            "target": self.target,
            "cycle": self.cycle,
            "opened_at": self.opened_at.isoformat(),
            "due_at": self.due_at.isoformat() if self.due_at else None,
            "stopped_at": self.stopped_at.isoformat() if self.stopped_at else None,
            "phase": self.phase,
            "verdict": self.verdict,
            "elapsed": None if self.elapsed is None else duration_text_of(self.elapsed),
            "late_by": duration_text_of(self.late_by),
            "late_open_time": duration_text_of(self.late_open_time),
            "reason": self.reason,
        }
