"""
The life of a ticket: its events in their order, and what they do to every clock that listens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sla_engine.facts import Value, text_of
from sla_engine.tickets.cycles import Cycle
from sla_engine.tickets.events import Event
from sla_engine.tickets.known import OVER, Known
from sla_engine.tickets.outcomes import Phase
from sla_engine.tickets.plans import CANCEL, START, STOP, ClockPlan, Ensemble, Plan, Promise, Reaction, RequirementPlan
from sla_engine.tickets.status import Anomaly, AnomalyKind, HandedOff
from sla_engine.tickets.ticket import Ticket

_DONE = {
    "solve": ("solved", OVER),
    "close": ("closed", ("closed", "cancelled")),
    "cancel": ("cancelled", ("cancelled",)),
}
"""What finishes a ticket: the status that it leaves, and those in which it is too late."""
_DONE_BY_STATUS = {status: kind for kind, (status, _) in _DONE.items()}
_LEAVING = ("leave",)
_NOT_DONE = (None, "", "false", "no")

_NOBODY = Ensemble(())


class Found:
    """A cycle that was started, and what became of it."""

    __slots__ = ("cycle", "end", "phase", "plan", "reason", "tier")

    def __init__(self, plan: ClockPlan, tier: str, cycle: Cycle) -> None:
        self.plan = plan
        self.tier = tier
        self.cycle = cycle
        self.end: int | None = None
        self.phase: Phase = "stopped"
        self.reason = ""


class Run:
    """A clock that listens: what it promises now, and its cycle while it has one."""

    __slots__ = ("found", "plan", "promise", "tier")

    def __init__(self, plan: ClockPlan, tier: str, promise: Promise) -> None:
        self.plan = plan
        self.tier = tier
        self.promise = promise
        self.found: Found | None = None


class Life:
    """The life of one ticket, event by event."""

    __slots__ = (
        "anomalies",
        "asks_before",
        "before",
        "begun",
        "changed",
        "ensemble",
        "event",
        "facts",
        "found",
        "hand_offs",
        "numbers",
        "opened",
        "plan",
        "runs",
        "ticket",
    )

    def __init__(self, plan: Plan, ticket: Ticket, tier: str) -> None:
        self.plan = plan
        self.asks_before = plan.needs_before
        """The kinds of events before which it matters what was known, to any clock that may run."""
        self.ticket = ticket
        self.event: Event | None = None
        self.opened = False
        self.ensemble = _NOBODY
        self.facts = self.before = Known(tier, ticket.attributes)
        self.changed: dict[str, Value] = {}
        self.begun: dict[str, bool] = {}
        """The clocks that have started since they came into scope, and whether that is all tiers."""
        self.runs: list[Run] = []
        self.found: list[Found] = []
        self.numbers: dict[tuple[str, str], int] = {}
        self.anomalies: list[Anomaly] = []
        self.hand_offs: list[HandedOff] = []
        self._enter(ticket.opened_micros, ("open", "enter"))

    # --- what an event does to the ticket ------------------------------------------------------------------------

    def happen(self, event: Event) -> None:
        """Let an event happen: to what is known of the ticket, and then to every clock."""
        if event.ticket and event.ticket != self.ticket.id:
            self._odd(event, "another_ticket", f"{event.said} belongs to {event.ticket!r}, and is not counted")
            return
        if event.micros < self.ticket.opened_micros:
            self._odd(event, "before_opening", f"{event.said} before the opening is not counted")
            return
        self.event = event
        kind = event.kind
        if kind in self.asks_before:
            self.before = self.facts.copy()
        happened = _HAPPENS.get(kind)
        signals = event.signals if happened is None else happened(self, event)
        if signals:
            self._tell(signals, event.micros)

    def _respond(self, event: Event) -> tuple[str, ...]:
        if not event.automatic:  # type: ignore[attr-defined]
            self.facts.known["awaiting"] = "customer"
            self.facts.known["responded"] = "true"
        return event.signals

    def _customer_reply(self, event: Event) -> tuple[str, ...]:
        self.facts.known["awaiting"] = "agent"
        return event.signals

    def _open(self, event: Event) -> tuple[str, ...]:
        if event.micros != self.ticket.opened_micros or self.opened:
            self._odd(event, "opened_again", "the ticket was opened already")
        self.opened = True
        return ()

    def _pause(self, event: Event) -> tuple[str, ...]:
        reason: str = event.reason  # type: ignore[attr-defined]
        if reason in self.facts.pauses:
            self._odd(event, "paused_already", f"it was {event.said} already")
            return ()
        self.facts.paused_by(reason=reason, micros=event.micros)
        return event.signals

    def _resume(self, event: Event) -> tuple[str, ...]:
        reason: str | None = event.reason  # type: ignore[attr-defined]
        pauses = self.facts.pauses
        if not pauses or (reason is not None and reason not in pauses):
            self._odd(event, "resumed_without_pause", f"{event.said}, and was not paused")
            return ()
        self.facts.paused_by(reason=reason, micros=None)
        return event.signals

    def _set_status(self, event: Event) -> tuple[str, ...]:
        to: str = event.to  # type: ignore[attr-defined]
        old = self.facts.status
        if to not in self.plan.statuses:
            self._odd(
                event, "unknown_status", f"the policy does not know the status {to!r}: nothing pauses or stops by it"
            )
        self.facts.has_status(to)
        done = _DONE_BY_STATUS.get(to)
        if done is not None:
            nothing_new = old in OVER if to == "solved" else old == to
            return event.signals if nothing_new else (*event.signals, done)
        return (*event.signals, "reopen") if old in OVER else event.signals

    def _finish(self, event: Event) -> tuple[str, ...]:
        status, over = _DONE[event.kind]
        if self.facts.status in over:
            self._odd(event, f"{status}_already", f"it was {self.facts.status} already")  # type: ignore[arg-type]
            return ()
        self.facts.has_status(status)
        return event.signals

    def _reopen(self, event: Event) -> tuple[str, ...]:
        if self.facts.status not in OVER:
            self._odd(event, "reopened_while_open", f"reopened, and was {self.facts.status}")
            return ()
        self.facts.has_status("open")
        return event.signals

    def _attribute(self, event: Event) -> tuple[str, ...]:
        name, value = event.name, event.value  # type: ignore[attr-defined]
        self.facts.known[name] = text_of(value)
        self.changed[name] = value
        if not self.plan.depends_on_attributes(self.facts.tier):
            return event.signals
        self._promise_anew(event.micros)
        self._tell(event.signals, event.micros)
        self._enter(event.micros, ("enter", *event.signals))
        return ()

    def _hand_off(self, event: Event) -> tuple[str, ...]:
        to: str = event.to  # type: ignore[attr-defined]
        old = self.facts.tier
        if to == old:
            self._odd(event, "handed_to_itself", f"handed off to {to}, where it was already")
            return ()
        self._leave(event, old, to)
        if to in self.plan.tiers:
            self._promise_anew(event.micros)
            self._tell(event.signals, event.micros)
            self._enter(event.micros, ("enter", *event.signals))
        else:
            self._odd(event, "unknown_tier", f"the policy has no tier {to!r}: no clock runs there")
            self._promise_anew(event.micros)
        return ()

    def _leave(self, event: Event, old: str, to: str) -> None:
        """End the clocks of the tier that the ticket leaves, and note what is missing."""
        left = self.plan.tiers.get(old)
        missing = [one.name for one in left.requirements if not self._fulfilled(one, event)] if left else []
        self.hand_offs.append(HandedOff(event.at, old, to, tuple(missing)))
        self.facts.is_in(to)
        staying: list[Run] = []
        for run in self.runs:
            if run.plan.ticket_scope:
                staying.append(run)
            elif run.found is not None:
                stops = self._flags(run.plan.reaction(_LEAVING)) & STOP
                self._end(run, event.micros, "stopped" if stops else "handed_off")
        self._stay(staying)
        self.begun = {name: over_all for name, over_all in self.begun.items() if over_all}

    def _fulfilled(self, required: RequirementPlan, event: Event) -> bool:
        if required.name in event.done or not self.facts.holds(required.when):  # type: ignore[attr-defined]
            return True
        return all(self.facts.known.get(name) not in _NOT_DONE for name in required.attributes)

    # --- what it does to the clocks ------------------------------------------------------------------------------

    def switch(self, plan: Plan, micros: int) -> None:
        """Let another version of the policy hold from an instant on."""
        self.plan = plan
        self.asks_before |= plan.needs_before
        self.before = self.facts.copy()
        if self.facts.tier in plan.tiers:
            self._promise_anew(micros)
            self._enter(micros, ("enter",))

    def _promise_anew(self, micros: int) -> None:
        """Move the clocks to what is promised now: of the tier, the attributes and the version of the policy."""
        tier = self.facts.tier
        promises = self.plan.promises(tier, self.facts.known.get) if tier in self.plan.tiers else {}
        for run in self.runs:
            promise = promises.get(run.plan.name)
            if promise is None:
                if run.found is not None:
                    moved = run.tier != self.facts.tier
                    self._end(
                        run, micros, "handed_off" if moved else "cancelled", "" if moved else "no target any more"
                    )
                    del self.begun[run.plan.name]
                continue
            if run.found is not None:
                run.found.tier = self.facts.tier
                if promise != run.promise:
                    run.found.cycle.retarget(micros, promise, run.plan.retarget)
            run.tier = self.facts.tier
            run.promise = promise
        self._stay([run for run in self.runs if run.plan.name in promises])

    def _stay(self, runs: list[Run]) -> None:
        """Let these clocks listen, and no others."""
        self.runs = runs
        self.ensemble = self.plan.ensemble(tuple([run.plan for run in runs]))

    def _enter(self, micros: int, signals: tuple[str, ...]) -> None:
        """Let the clocks of the present tier begin that are not there yet."""
        tier = self.facts.tier
        promises = self.plan.promises(tier, self.facts.known.get)
        there = {run.plan.name for run in self.runs}
        entered = [
            Run(plan, tier, promises[plan.name])
            for plan in self.plan.tiers[tier].clocks
            if plan.name in promises and plan.name not in there
        ]
        if entered:
            self._stay([*self.runs, *entered])
            for run in entered:
                self._react(run, run.plan.reaction(signals), micros)

    def _tell(self, signals: tuple[str, ...], micros: int) -> None:
        """Tell the clocks what happened."""
        runs = self.runs
        for place, reaction in self.ensemble.concerned(signals):
            self._react(runs[place], reaction, micros)

    def _flags(self, reaction: Reaction) -> int:
        """Return what an event does to a clock."""
        flags, conditions, _ = reaction
        for flag, before, when in conditions:
            if (before is None or self.before.holds(before)) and (when is None or self.facts.holds(when)):
                flags |= flag
        return flags

    def _react(self, run: Run, reaction: Reaction, micros: int) -> None:
        """Let a clock react: an end goes before a start, and a pause comes last."""
        flags, look = self._flags(reaction) if reaction[1] else reaction[0], reaction[2]
        if flags:
            plan = run.plan
            if run.found is not None and flags & (CANCEL | STOP):
                if flags & CANCEL:
                    self._end(run, micros, "cancelled", self.event.said if self.event is not None else "")
                else:
                    self._end(run, micros, "stopped")
            if flags & START and run.found is None and (plan.repeats or plan.name not in self.begun):
                self._start(run, micros)
                look = True
        found = run.found
        if look and found is not None:
            cycle = found.cycle
            cause = self.facts.pause_of(run.plan)
            if cycle.cause != cause:
                cycle.switch(micros, running=not cause, cause=cause)

    def _start(self, run: Run, micros: int) -> None:
        plan = run.plan
        key = ("" if plan.ticket_scope else run.tier, plan.name)
        number = self.numbers[key] = self.numbers.get(key, 0) + 1
        run.found = Found(plan, run.tier, self._cycle(number, micros, run))
        self.begun[plan.name] = plan.ticket_scope
        self.found.append(run.found)

    def _cycle(self, number: int, micros: int, run: Run) -> Cycle:
        """Return a new cycle of a clock; who follows only what happens, and not for how long, makes another."""
        return Cycle(number, micros, run.promise, business_time=run.plan.business_time)

    def _end(self, run: Run, micros: int, phase: Phase, reason: str = "") -> None:
        found = run.found
        if found is not None:
            found.cycle.advance(micros)
            found.end, found.phase, found.reason = micros, phase, reason
            run.found = None

    def _odd(self, event: Event, kind: AnomalyKind, text: str) -> None:
        self.anomalies.append(Anomaly(event.at, kind, text))


_HAPPENS: dict[str, Callable[[Life, Any], tuple[str, ...]]] = {
    "open": Life._open,
    "respond": Life._respond,
    "customer_reply": Life._customer_reply,
    "status": Life._set_status,
    "pause": Life._pause,
    "resume": Life._resume,
    "hand_off": Life._hand_off,
    "attribute": Life._attribute,
    "solve": Life._finish,
    "close": Life._finish,
    "cancel": Life._finish,
    "reopen": Life._reopen,
}
