"""
What is known of a ticket at an instant: its clocks, what was odd in its log, and when that changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sla_engine.amounts import Amount, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.calendars.calendar import AmountInput
from sla_engine.errors import BeyondHorizon, UnknownName
from sla_engine.facts import NO_ATTRIBUTES, Attributes, Value
from sla_engine.instants import from_micros
from sla_engine.ledger import duration_text_of
from sla_engine.shares import Share
from sla_engine.tickets.cycles import Piece, Retargeted
from sla_engine.tickets.outcomes import Outcome, Phase, Verdict
from sla_engine.tickets.plans import Promise

if TYPE_CHECKING:
    from sla_engine.tickets.ledgers import ClockLedger

AnomalyKind = Literal[
    "before_opening",
    "another_ticket",
    "opened_again",
    "paused_already",
    "resumed_without_pause",
    "solved_already",
    "closed_already",
    "cancelled_already",
    "reopened_while_open",
    "handed_to_itself",
    "unknown_tier",
    "unknown_status",
    "never_due",
]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something in a log that contradicts the rest: its kind, what it is, and when. It had no effect, or says which."""

    at: datetime
    kind: AnomalyKind
    text: str

    def __str__(self) -> str:
        return f"{self.at.isoformat()}: {self.text}"


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning at a share of the target: when it is due (None where that is not determined), and whether it passed."""

    share: Share
    at: datetime | None
    passed: bool


@dataclass(frozen=True, slots=True)
class HandedOff:
    """A hand-off: when, from which tier to which, and the requirements that it left open."""

    at: datetime
    from_tier: str
    to_tier: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """
    One cycle of one clock of a ticket, as it is known at an instant.

    Two axes: `phase` says what the clock does (waiting, running, paused, stopped, handed_off, cancelled), `verdict`
    what became of the target (undecided, met, breached). Instants and durations are kept in microseconds and read as
    datetimes of the ticket's own type and zone.

    `due_at` supposes that no pause is to come, and is None while the clock is paused short of its target; for one that
    has ended it is when it would have been due, had it run on. `breached_at` is the due instant, once it has passed.
    """

    ticket_id: str
    tier: str
    name: str
    cycle: int
    phase: Phase
    promise: Promise
    like: datetime = field(compare=False, repr=False)
    at_micros: int
    started_micros: int | None = None
    ended_micros: int | None = None
    due_micros: int | None = None
    elapsed_micros: int = 0
    paused_micros: int = 0
    needed_micros: int | None = None
    breached_micros: int | None = None
    warning_shares: tuple[tuple[int, int], ...] = ()
    next_change_micros: int | None = None
    reason: str = ""
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    retargeted: tuple[Retargeted, ...] = field(default=(), repr=False)

    def _at(self, micros: int | None) -> datetime | None:
        return None if micros is None else from_micros(micros, self.like)

    @property
    def verdict(self) -> Verdict:
        """What became of the target: `undecided`, `met`, or `breached` (also while it runs or is paused)."""
        if self.breached_micros is not None:
            return "breached"
        return "met" if self.phase == "stopped" else "undecided"

    @property
    def target(self) -> Amount:
        """The amount of time that is promised."""
        return self.promise.amount

    @property
    def calendar(self) -> Calendar:
        """The calendar in which it counts: one of every hour for elapsed and civil time."""
        return self.promise.calendar

    @property
    def wall_micros(self) -> int:
        """The time on the wall from the start to the end, or to the instant asked about, in microseconds."""
        if self.started_micros is None:
            return 0
        return (self.at_micros if self.ended_micros is None else self.ended_micros) - self.started_micros

    @property
    def at(self) -> datetime:
        """The instant as of which this is known."""
        return from_micros(self.at_micros, self.like)

    @property
    def started_at(self) -> datetime | None:
        """When the cycle started; None where it is waiting."""
        return self._at(self.started_micros)

    @property
    def ended_at(self) -> datetime | None:
        """When the cycle ended: was stopped, handed off or cancelled."""
        return self._at(self.ended_micros)

    @property
    def stopped_at(self) -> datetime | None:
        """When the clock was stopped; None where it was not."""
        return self._at(self.ended_micros) if self.phase == "stopped" else None

    @property
    def due_at(self) -> datetime | None:
        """When the target is due, supposing that no pause is to come; None while that is not determined."""
        return self._at(self.due_micros)

    @property
    def breached_at(self) -> datetime | None:
        """When the target was breached: its due instant, once it has passed."""
        return self._at(self.breached_micros)

    @property
    def next_change_at(self) -> datetime | None:
        """The first instant at which this status changes if nothing happens: a warning, or a microsecond too late."""
        return self._at(self.next_change_micros)

    @property
    def elapsed(self) -> timedelta:
        """The time counted: open, and not paused. After a restart, since then."""
        return timedelta(0, 0, self.elapsed_micros)

    @property
    def remaining(self) -> timedelta | None:
        """What is left of the target; negative where more was counted, None where it is never due."""
        if self.needed_micros is None:
            return None
        return timedelta(0, 0, self.needed_micros - self.elapsed_micros)

    @property
    def paused(self) -> timedelta:
        """The open time that pauses took. After a restart, since then."""
        return timedelta(0, 0, self.paused_micros)

    @property
    def not_counted(self) -> timedelta:
        """The rest of the wall time: closed hours, and what a restart discarded."""
        return timedelta(0, 0, self.wall_micros - self.elapsed_micros - self.paused_micros)

    @property
    def wall(self) -> timedelta:
        """The time on the wall from the start to the end, or to the instant asked about."""
        return timedelta(0, 0, self.wall_micros)

    @property
    def warnings(self) -> tuple[Warned, ...]:
        """The warnings at shares of the target, in order."""
        until = self.at_micros if self.ended_micros is None else self.ended_micros
        found = [(Share(part, whole), self._warned_at(part, whole)) for part, whole in self.warning_shares]
        return tuple(Warned(share, self._at(at), at is not None and at <= until) for share, at in found)

    def _warned_at(self, part: int, whole: int) -> int | None:  # noqa: PLR0911  (as many cases as there are)
        """Return when a share of the target was reached, or will be; None where that is not determined."""
        if self.needed_micros is None or self.started_micros is None:
            return None
        amount = -(-self.needed_micros * part // whole)
        base = since = self.started_micros
        for one in self.retargeted:
            since = one.at if one.rule != "retroactive" else self.started_micros
            base = since if one.rule != "keep" else base
        if amount <= 0:
            return since
        if amount > self.elapsed_micros:
            if self.phase != "running":
                return None
            try:
                return self.calendar.timeline.add(self.at_micros, amount - self.elapsed_micros)
            except BeyondHorizon:
                return None
        counted = 0
        for piece in self.pieces:
            if piece.running and piece.start >= base:
                if counted + piece.open_time >= amount:
                    left = amount - counted
                    return max(piece.promise.timeline.add(piece.start, left) if left else piece.start, since)
                counted += piece.open_time
        return since

    @property
    def is_active(self) -> bool:
        """Whether the clock has started and not ended."""
        return self.phase in ("running", "paused")

    @property
    def latest_start_at(self) -> datetime | None:
        """The latest instant from which all of the target still fits before the due instant; None without one."""
        if self.due_micros is None or self.needed_micros is None:
            return None
        return self._at(self.calendar.timeline.subtract(self.due_micros, self.needed_micros))

    def latest_start(self, work: AmountInput) -> datetime | None:
        """
        Return the latest instant at which to begin some work and still be in time; None without a due instant.

        Work is an amount of open time in the clock's calendar (`"45m"`), or any other amount. Raises `InvalidAmount`,
        and `NeverDue` where there is not that much time.
        """
        if self.due_micros is None:
            return None
        amount = parse_amount(work)
        calendar = self.calendar
        return calendar.subtract(from_micros(self.due_micros, self.like), amount)

    def ledger(self) -> ClockLedger:
        """Return the rows that add up to `elapsed`: each stretch, open or closed, running or paused, and why."""
        from sla_engine.tickets.ledgers import ledger_of  # noqa: PLC0415  (only who asks pays for it)

        return ledger_of(self)

    def outcome(self, attributes: Mapping[str, Value] | None = None) -> Outcome | None:
        """Return what compliance counts of this cycle; None for a clock that has not started."""
        if self.started_micros is None:
            return None
        late = over = 0
        if self.breached_micros is not None:
            late = (self.at_micros if self.ended_micros is None else self.ended_micros) - self.breached_micros
            over = self.elapsed_micros - (self.needed_micros or 0)
        return Outcome(
            id=self.ticket_id,
            tier=self.tier,
            target=self.name,
            opened_at=from_micros(self.started_micros, self.like),
            due_at=self.due_at,
            stopped_at=self.stopped_at,
            verdict=self.verdict,
            late_by=timedelta(0, 0, max(late, 0)),
            late_open_time=timedelta(0, 0, max(over, 0)),
            cycle=self.cycle,
            phase=self.phase,
            elapsed=self.elapsed,
            reason=self.reason,
            attributes=attributes or Attributes(),
        )

    def record(self) -> dict[str, Any]:
        """Return the cycle as one flat record of plain values: texts, numbers, None; durations in seconds and text."""
        due, started, ended = self.due_at, self.started_at, self.ended_at
        remaining = self.remaining
        return {
            "ticket": self.ticket_id,
            "tier": self.tier,
            "clock": self.name,
            "cycle": self.cycle,
            "phase": self.phase,
            "verdict": self.verdict,
            "target": str(self.target),
            "started_at": _iso(started),
            "ended_at": _iso(ended),
            "due_at": _iso(due),
            "breached_at": _iso(self.breached_at),
            "next_change_at": _iso(self.next_change_at),
            "latest_start_at": _iso(self.latest_start_at),
            "elapsed": duration_text_of(self.elapsed),
            "elapsed_us": self.elapsed_micros,
            "remaining": None if remaining is None else duration_text_of(remaining),
            "remaining_us": None if self.needed_micros is None else self.needed_micros - self.elapsed_micros,
            "paused": duration_text_of(self.paused),
            "paused_us": self.paused_micros,
            "not_counted_us": self.wall_micros - self.elapsed_micros - self.paused_micros,
            "warnings_passed": sum(one.passed for one in self.warnings),
            "reason": self.reason,
        }

    def to_data(self) -> dict[str, Any]:
        """Return the cycle as plain data: the record, and each warning."""
        return {
            **self.record(),
            "warnings": [
                {"share": str(one.share.fraction), "at": _iso(one.at), "passed": one.passed} for one in self.warnings
            ],
        }

    def __str__(self) -> str:
        due = f", due {self.due_at.isoformat()}" if self.due_at else ""
        counted = duration_text_of(self.elapsed)
        return f"{self.tier}/{self.name} #{self.cycle}: {self.phase}, {self.verdict}{due}, {counted} counted"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """
    A ticket at an instant: all its clocks, in the order in which they started, those that wait last.

    `status["response"]` is the latest clock of a name. `tier` and `status` are the ticket's own at that instant,
    `missing` what the last hand-off left open. A ticket that is opened later than `at` has no clocks.
    """

    ticket_id: str
    tier: str
    status: str
    at_micros: int
    like: datetime = field(compare=False, repr=False)
    clocks: tuple[ClockStatus, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    hand_offs: tuple[HandedOff, ...] = ()
    next_change_micros: int | None = None
    policy: str = ""
    attributes: Mapping[str, Value] = field(default=NO_ATTRIBUTES)

    @property
    def at(self) -> datetime:
        """The instant as of which this is known."""
        return from_micros(self.at_micros, self.like)

    @property
    def next_change_at(self) -> datetime | None:
        """The first instant at which anything here changes if nothing happens; None where nothing will."""
        return None if self.next_change_micros is None else from_micros(self.next_change_micros, self.like)

    @property
    def missing(self) -> tuple[str, ...]:
        """The requirements that the last hand-off left open."""
        return self.hand_offs[-1].missing if self.hand_offs else ()

    @property
    def verdict(self) -> Verdict:
        """Breached if any clock is, undecided if any is and none breached, met otherwise."""
        found = {clock.verdict for clock in self.clocks if clock.phase != "waiting"}
        return "breached" if "breached" in found else "met" if found == {"met"} else "undecided"

    def __getitem__(self, name: str) -> ClockStatus:
        found = [clock for clock in self.clocks if clock.name == name]
        if not found:
            names = dict.fromkeys(clock.name for clock in self.clocks)
            raise UnknownName(
                f"the ticket {self.ticket_id!r} has no clock {name!r}",
                where="clock",
                value=name,
                remedy=f"It has {', '.join(map(repr, names)) or 'none'}",
            )
        return found[-1]

    def __contains__(self, name: object) -> bool:
        return any(clock.name == name for clock in self.clocks)

    def __iter__(self) -> Iterator[ClockStatus]:
        return iter(self.clocks)

    def __len__(self) -> int:
        return len(self.clocks)

    def outcomes(self) -> list[Outcome]:
        """Return what compliance counts: an outcome for each cycle that has started."""
        found = [clock.outcome(self.attributes) for clock in self.clocks]
        return [one for one in found if one is not None]

    def records(self) -> list[dict[str, Any]]:
        """Return a flat record of plain values for each clock."""
        return [clock.record() for clock in self.clocks]

    def to_data(self) -> dict[str, Any]:
        """Return the status as plain data."""
        return {
            "ticket": self.ticket_id,
            "tier": self.tier,
            "status": self.status,
            "policy": self.policy,
            "at": self.at.isoformat(),
            "verdict": self.verdict,
            "next_change_at": _iso(self.next_change_at),
            "clocks": [clock.to_data() for clock in self.clocks],
            "missing": list(self.missing),
            "hand_offs": [
                {"at": one.at.isoformat(), "from": one.from_tier, "to": one.to_tier, "missing": list(one.missing)}
                for one in self.hand_offs
            ],
            "anomalies": [{"at": one.at.isoformat(), "kind": one.kind, "text": one.text} for one in self.anomalies],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the status as JSON text."""
        return json.dumps(self.to_data(), indent=indent, ensure_ascii=False)

    def __str__(self) -> str:
        lines = [f"{self.ticket_id} at {self.at.isoformat()}: tier {self.tier}, status {self.status}, {self.verdict}"]
        lines += [f"  {clock}" for clock in self.clocks]
        lines += [f"  missing at the hand-off: {', '.join(self.missing)}"] if self.missing else []
        lines += [f"  odd: {anomaly}" for anomaly in self.anomalies]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class TicketProblem:
    """A ticket that could not be evaluated, and why."""

    ticket_id: str
    problem: str

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """
    Many tickets at an instant: the status of each, the ids of those opened later, and those that could not be
    evaluated.
    """

    policy: str
    at: datetime
    statuses: tuple[TicketStatus, ...]
    not_yet_opened: tuple[str, ...] = ()
    problems: tuple[TicketProblem, ...] = ()

    def __iter__(self) -> Iterator[TicketStatus]:
        return iter(self.statuses)

    def __len__(self) -> int:
        return len(self.statuses)

    def outcomes(self) -> list[Outcome]:
        """Return what compliance counts, of all tickets."""
        return [outcome for status in self.statuses for outcome in status.outcomes()]

    def records(self) -> list[dict[str, Any]]:
        """Return a flat record of plain values for each clock of each ticket."""
        return [record for status in self.statuses for record in status.records()]
