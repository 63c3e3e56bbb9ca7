"""
What a policy comes to for the clocks of a ticket: per tier, what is listened to and what is promised.

Made once for a policy and asked for every event, so all that can be decided beforehand is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sla_engine.amounts import Amount, BusinessTime, CalendarDays, ElapsedTime
from sla_engine.calendars import Calendar, always_open
from sla_engine.facts import Match
from sla_engine.shares import Share
from sla_engine.tickets.clocks import Clock, Compare, Retarget, Trigger

START, STOP, CANCEL = 1, 2, 4


_every_hour = lru_cache(always_open)


def counted_in(calendar: Calendar, amount: Amount) -> Calendar:
    """Return the calendar in which an amount counts: one of every hour for elapsed and civil time."""
    return _every_hour(calendar.zone) if isinstance(amount, (ElapsedTime, CalendarDays)) else calendar


class Promise:
    """An amount of time, and the calendar in which it counts."""

    __slots__ = ("amount", "calendar", "named", "timeline")

    def __init__(self, amount: Amount, calendar: Calendar) -> None:
        self.amount = amount
        self.named = calendar
        self.calendar = counted_in(calendar, amount)
        self.timeline = self.calendar.timeline

    def fixed(self, start: int) -> tuple[int, int]:
        """
        Return what a clock from an instant must count to be due, and the instant before which it is not.

        A target in days fixes a first due instant, and the open time until then is what must be counted.
        """
        amount = self.amount
        if isinstance(amount, (BusinessTime, ElapsedTime)):
            return amount.micros, start
        due = self.due(start)
        return self.timeline.elapsed(start, due), due

    def due(self, start: int) -> int:
        """Return when the amount from an instant is due, without pauses."""
        return self.named._due(start, self.amount)

    @property
    def is_days(self) -> bool:
        """Whether the promise is a number of dates."""
        return not isinstance(self.amount, (BusinessTime, ElapsedTime))

    def __eq__(self, other: object) -> bool:
        """Whether another promise is the same amount in an equal calendar."""
        if not isinstance(other, Promise):
            return NotImplemented
        return self is other or (self.amount == other.amount and self.named == other.named)

    def __hash__(self) -> int:
        return hash((self.amount, self.named))

    def __reduce__(self) -> tuple[Any, ...]:
        return Promise, (self.amount, self.named)

    def __repr__(self) -> str:
        return f"Promise({self.amount!r}, {self.named!r})"


class Condition(NamedTuple):
    """What a trigger with conditions does when they hold."""

    flag: int
    before: Match | None
    when: Match | None


Reaction = tuple[int, tuple[Condition, ...], bool]
"""What an event does to a clock at once, what it does where conditions hold, and whether it may change its pause."""

_MOST_REACTIONS = 1000
"""Statuses and attributes may have any number of values, and what is remembered of them is bounded."""

_ANY_STATUS = ("status", "solve", "close", "cancel", "reopen")
_KINDS_OF = {
    "open": ("open",),
    "enter": ("hand_off", "attribute"),
    "leave": ("hand_off",),
    "automatic_respond": ("respond",),
    "status": _ANY_STATUS,
    **{kind: ("status", kind) for kind in ("solve", "close", "cancel", "reopen")},
    **{kind: (kind,) for kind in ("respond", "customer_reply", "note", "pause", "resume", "hand_off", "attribute")},
}
"""The kinds of events that may give a signal."""

_SIGNALS_OF = {
    "paused": ("pause", "resume"),
    "status": ("status",),
    "solved": ("status",),
    "awaiting": ("respond", "customer_reply"),
    "responded": ("respond",),
    "tier": ("hand_off",),
}
"""The signals of the events that change a fact; that of an attribute has its name."""


class ClockPlan:
    """A clock, compiled: what each signal does to it, and what it compares."""

    __slots__ = (
        "_reactions",
        "business_time",
        "conditions",
        "flags",
        "name",
        "needs_before",
        "order",
        "pause",
        "pauses_by",
        "repeats",
        "retarget",
        "ticket_scope",
        "warnings",
    )

    def __init__(
        self, clock: Clock, order: int, *, warnings: tuple[Share, ...], compare: Compare, retarget: Retarget
    ) -> None:
        self.name = clock.name
        self.order = order
        self.flags: dict[str, int] = {}
        self.conditions: dict[str, list[Condition]] = {}
        for flag, triggers in ((START, clock.start), (STOP, clock.stop), (CANCEL, clock.cancel)):
            for trigger in triggers:
                self._listen(flag, trigger)
        self.needs_before = frozenset(
            kind
            for signal, found in self.conditions.items()
            if any(one.before is not None for one in found)
            for kind in _KINDS_OF[signal.partition(":")[0]]
        )
        """The kinds of events before which it matters what was known."""
        self._reactions: dict[tuple[str, ...], Reaction] = {}
        self.pause = tuple((match, f"paused: {match}") for match in clock.pause)
        self.pauses_by = frozenset(
            signal for match in clock.pause for test in match for signal in _SIGNALS_OF.get(test.fact, ())
        ) | frozenset(f"attribute:{test.fact}" for match in clock.pause for test in match)
        """The signals after which the clock may have to pause, or to go on."""
        self.repeats = clock.repeats
        self.ticket_scope = clock.scope == "ticket"
        shares = warnings if clock.warnings is None else clock.warnings
        self.warnings = tuple((share.fraction.numerator, share.fraction.denominator) for share in shares)
        self.business_time = (clock.compare or compare) == "business_time"
        self.retarget: Retarget = clock.retarget or retarget

    def reaction(self, signals: tuple[str, ...]) -> Reaction:
        """Return what some signals do to the clock: at once, and on conditions."""
        found = self._reactions.get(signals)
        if found is None:
            flags = 0
            conditions: list[Condition] = []
            for signal in signals:
                flags |= self.flags.get(signal, 0)
                conditions += self.conditions.get(signal, ())
            found = (flags, tuple(conditions), not self.pauses_by.isdisjoint(signals))
            if len(self._reactions) < _MOST_REACTIONS:
                self._reactions[signals] = found
        return found

    def _listen(self, flag: int, trigger: Trigger) -> None:
        if trigger.before is None and trigger.when is None:
            self.flags[trigger.event] = self.flags.get(trigger.event, 0) | flag
        else:
            self.conditions.setdefault(trigger.event, []).append(Condition(flag, trigger.before, trigger.when))


class Ensemble:
    """Clocks that run together: which of them an event concerns, by its signals."""

    __slots__ = ("_concerned", "plans")

    def __init__(self, plans: tuple[ClockPlan, ...]) -> None:
        self.plans = plans
        self._concerned: dict[tuple[str, ...], tuple[tuple[int, Reaction], ...]] = {}

    def concerned(self, signals: tuple[str, ...]) -> tuple[tuple[int, Reaction], ...]:
        """Return the places of the clocks that some signals concern, each with its reaction."""
        found = self._concerned.get(signals)
        if found is None:
            reactions = [(place, plan.reaction(signals)) for place, plan in enumerate(self.plans)]
            found = tuple(one for one in reactions if any(one[1]))
            if len(self._concerned) < _MOST_REACTIONS:
                self._concerned[signals] = found
        return found


@dataclass(frozen=True, slots=True)
class RequirementPlan:
    """What must be known or done before a ticket leaves a tier."""

    name: str
    attributes: tuple[str, ...]
    when: Match


@dataclass(frozen=True, slots=True)
class TierPlan:
    """The clocks of a tier, and what it requires before a hand-off."""

    name: str
    clocks: tuple[ClockPlan, ...]
    requirements: tuple[RequirementPlan, ...]


class Plan:
    """All that the evaluation of a ticket asks of a policy."""

    __slots__ = ("_ensembles", "_fixed", "_promises", "label", "needs_before", "statuses", "tiers")

    def __init__(
        self,
        label: str,
        tiers: Iterable[TierPlan],
        statuses: frozenset[str],
        promises: Callable[[str, Callable[[str], str | None]], Mapping[str, Promise]],
        fixed: Mapping[str, Mapping[str, Promise]],
    ) -> None:
        self.label = label
        self.tiers = {tier.name: tier for tier in tiers}
        self.statuses = statuses
        self.needs_before = frozenset(
            kind for tier in self.tiers.values() for clock in tier.clocks for kind in clock.needs_before
        )
        self._promises = promises
        self._fixed = fixed
        self._ensembles: dict[tuple[str, ...], Ensemble] = {}

    def promises(self, tier: str, fact: Callable[[str], str | None]) -> Mapping[str, Promise]:
        """Return the promise of each clock of a tier, for a ticket with some facts."""
        fixed = self._fixed.get(tier)
        return self._promises(tier, fact) if fixed is None else fixed

    def ensemble(self, plans: tuple[ClockPlan, ...]) -> Ensemble:
        """Return some clocks as an ensemble, the same one each time."""
        names = tuple([plan.name for plan in plans])
        found = self._ensembles.get(names)
        if found is None or found.plans != plans:
            found = self._ensembles[names] = Ensemble(plans)
        return found

    def depends_on_attributes(self, tier: str) -> bool:
        """Whether attributes change what is promised in a tier."""
        return tier in self.tiers and tier not in self._fixed
