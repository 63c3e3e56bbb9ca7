"""
The life of a ticket of which only the effects on its clocks are noted: which cycles start, pause, move and end.

It is the engine of single tickets, with cycles that count nothing; none of its rules is written here again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, Protocol, get_args

from sla_engine.facts import OWN_FACTS, Match
from sla_engine.policies import Policy
from sla_engine.tickets import Ticket
from sla_engine.tickets.lives import Found, Life, Run
from sla_engine.tickets.outcomes import Phase
from sla_engine.tickets.plans import ClockPlan, Plan, Promise

START, SWITCH, RETARGET, END, STILL, WAIT = range(6)
"""
What is done to a cycle: it starts, runs or pauses, is promised something else, ends, or is there at the end of all
events; and a clock that has not started waits.
"""
PHASE_NUMBERS: dict[Phase, int] = {phase: number for number, phase in enumerate(get_args(Phase))}


_OTHER = "\0"
"""Stands for all values that no policy names."""


class Effect(NamedTuple):
    """What one event does to one cycle; all but the kind are numbers in the lists of the machine."""

    kind: int
    clock: int
    plan: int
    promise: int
    tier: int
    running: bool
    phase: int
    reason: int


class Numbers(Protocol):
    """What gives the things of effects their numbers, and says which attributes matter."""

    facts: Facts

    def clock(self, name: str) -> int:
        """Return the number of a clock's name."""
        ...

    def plan(self, plan: ClockPlan) -> int:
        """Return the number of a compiled clock."""
        ...

    def promise(self, promise: Promise) -> int:
        """Return the number of a promise; equal ones have the same."""
        ...

    def tier(self, name: str) -> int:
        """Return the number of a tier's name."""
        ...

    def reason(self, text: str) -> int:
        """Return the number of a reason; that of none is 0."""
        ...


class _Cycle:
    """A cycle that notes what is done to it."""

    __slots__ = ("cause", "life", "run")

    def __init__(self, life: Tracer, run: Run, cause: str = "") -> None:
        self.life = life
        self.run = run
        self.cause = cause

    def advance(self, to: int) -> None:
        """Let time pass, which changes nothing of what happens."""

    def switch(self, at: int, *, running: bool, cause: str) -> None:  # noqa: ARG002  (when is not asked here)
        """Run or pause."""
        if running is bool(self.cause):
            self.life.note(SWITCH, self.run, running=running)
        self.cause = cause

    def retarget(self, at: int, promise: Promise, rule: str) -> None:  # noqa: ARG002  (when is not asked here)
        """Promise something else."""
        self.life.note(RETARGET, self.run, promise=promise, running=not self.cause)


class Tracer(Life):
    """The life of a ticket of which only the effects on its cycles are noted."""

    __slots__ = ("customer", "effects", "numbers_of", "policy", "told")

    def __init__(self, numbers: Numbers, policy: int, plan: Plan, ticket: Ticket, customer: str | None) -> None:
        self.numbers_of = numbers
        self.policy = policy
        self.customer = customer
        self.effects: list[Effect] = []
        self.told: Any = None
        super().__init__(plan, ticket, ticket.tier or "")

    def twin(self) -> Tracer:
        """Return the same situation once more."""
        twin = object.__new__(Tracer)
        for name in ("customer", "numbers_of", "policy", "plan", "asks_before", "ticket", "opened", "ensemble"):
            setattr(twin, name, getattr(self, name))
        twin.told = None if self.told is None else self.told.twin()
        twin.facts = twin.before = self.facts.copy()
        twin.event = None
        twin.changed, twin.numbers, twin.begun = {}, {}, dict(self.begun)
        twin.anomalies, twin.hand_offs, twin.found, twin.effects = [], [], [], []
        twin.runs = [self._twin(twin, run) for run in self.runs]
        return twin

    def _twin(self, life: Tracer, run: Run) -> Run:
        twin = Run(run.plan, run.tier, run.promise)
        if run.found is not None:
            twin.found = Found(run.plan, run.found.tier, _Cycle(life, twin, run.found.cycle.cause))  # type: ignore[arg-type]
        return twin

    def _cycle(self, number: int, micros: int, run: Run) -> Any:  # noqa: ARG002  (they are counted by columns)
        self.note(START, run, running=True)
        return _Cycle(self, run)

    def _end(self, run: Run, micros: int, phase: Phase, reason: str = "") -> None:
        if run.found is not None:
            self.note(END, run, phase=phase, reason=reason)
        super()._end(run, micros, phase, reason)

    def note(
        self,
        kind: int,
        run: Run,
        *,
        promise: Promise | None = None,
        running: bool = False,
        phase: Phase = "running",
        reason: str = "",
    ) -> None:
        """Note what is done to a cycle."""
        machine, found = self.numbers_of, run.found
        self.effects.append(
            Effect(
                kind,
                machine.clock(run.plan.name),
                machine.plan(run.plan),
                machine.promise(promise or run.promise),
                machine.tier(run.tier if found is None else found.tier),
                running,
                PHASE_NUMBERS[phase],
                machine.reason(reason),
            )
        )

    def close(self) -> None:
        """Note which cycles are there at the end, and which clocks wait."""
        for run in self.runs:
            if run.found is not None:
                self.note(STILL, run, phase="paused" if run.found.cycle.cause else "running")
            elif run.plan.name not in self.begun:
                self.note(WAIT, run, phase="waiting")

    def situation(self) -> Hashable:
        """Return all that decides what events will do."""
        facts, machine = self.facts, self.numbers_of
        return (
            self.policy,
            self.customer,
            id(self.plan),
            self.opened,
            facts.tier,
            facts.status,
            facts.known["awaiting"],
            facts.known["responded"],
            frozenset(facts.pauses),
            tuple(machine.facts.seen(name, facts.known.get(name)) for name in machine.facts.names),
            tuple(sorted(self.begun.items())),
            tuple(
                (
                    machine.plan(run.plan),
                    run.tier,
                    machine.promise(run.promise),
                    None if run.found is None else (bool(run.found.cycle.cause), run.found.tier),
                )
                for run in self.runs
            ),
            None if self.told is None else self.told.situation(),
        )


class Facts:
    """The attributes that policies ask about, and the values that they name."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.values: dict[str, set[str]] = {}
        self.heard: set[str] = set()
        """The attributes to whose changes a clock listens."""
        self.hears_any = False
        """Whether a clock listens to the change of any attribute."""
        self.customers: dict[str, set[str]] = {}
        for one in policies:
            for policy in (one, *one.effective_versions()):
                self._read(policy)
        for name in OWN_FACTS:
            self.values.pop(name, None)
        self.names = tuple(sorted(self.values))

    def _read(self, policy: Policy) -> None:
        if policy.customers:
            self.customers.setdefault(policy.customer_attribute, set()).update(one.name for one in policy.customers)
        for rule in policy.rules:
            self._ask(rule.when)
        plans = [clock for tier in policy._plan.tiers.values() for clock in tier.clocks]
        for plan in plans:
            for match, _ in plan.pause:
                self._ask(match)
            for signal, conditions in plan.conditions.items():
                self._listen(signal)
                for one in conditions:
                    self._ask(one.before or Match())
                    self._ask(one.when or Match())
            for signal in plan.flags:
                self._listen(signal)

    def _ask(self, match: Match) -> None:
        for test in match:
            self.values.setdefault(test.fact, set()).update(test.values or ())

    def _listen(self, signal: str) -> None:
        kind, colon, what = signal.partition(":")
        if kind == "attribute":
            name, _, value = what.partition("=")
            self.hears_any |= not colon
            if colon:
                self.heard.add(name)
                self.values.setdefault(name, set()).update([value] if value else [])

    def hears(self, name: str) -> bool:
        """Whether a clock listens to the changes of an attribute."""
        return self.hears_any or name in self.heard

    def matters(self, name: str) -> bool:
        """Whether it matters what becomes of an attribute."""
        return self.hears_any or name in self.values or name in self.customers

    def seen(self, name: str, value: str | None) -> str | None:
        """Return a value as the policies see it: one that none of them names is like any other."""
        known = value is None or value in self.values.get(name, ()) or value in self.customers.get(name, ())
        return value if known else _OTHER
