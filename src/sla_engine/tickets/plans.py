"""
What a policy comes to for the clocks of a ticket: per tier, what is listened to and what is promised.

Made once for a policy and asked for every event, so all that can be decided beforehand is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sla_engine.amounts import Amount, BusinessTime, CalendarDays, ElapsedTime
from sla_engine.calendars import Calendar, always_open
from sla_engine.facts import Match
from sla_engine.shares import Share
from sla_engine.tickets.clocks import Clock, Compare, Retarget, Trigger

START, STOP, CANCEL = 1, 2, 4


class Promise:
    """An amount of time, and the calendar in which it counts: a calendar of every hour for elapsed and civil time."""

    __slots__ = ("amount", "calendar", "named", "timeline")

    def __init__(self, amount: Amount, calendar: Calendar) -> None:
        self.amount = amount
        self.named = calendar
        every_hour = isinstance(amount, (ElapsedTime, CalendarDays))
        self.calendar = always_open(calendar.zone) if every_hour else calendar
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

    def same(self, other: Promise) -> bool:
        """Whether another promise is the same amount in an equal calendar."""
        return self is other or (self.amount == other.amount and self.named == other.named)


class Condition(NamedTuple):
    """What a trigger with conditions does when they hold."""

    flag: int
    before: Match | None
    when: Match | None


class ClockPlan:
    """A clock, compiled: what each signal does to it, and what it compares."""

    __slots__ = (
        "business_time",
        "conditions",
        "flags",
        "name",
        "needs_before",
        "order",
        "pause",
        "pauses_simply",
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
        self.needs_before = any(one.before for found in self.conditions.values() for one in found)
        self.pause = clock.pause
        self.pauses_simply = [one.to_data() for one in clock.pause] == [{"paused": "true"}]
        self.repeats = clock.repeats
        self.ticket_scope = clock.scope == "ticket"
        shares = warnings if clock.warnings is None else clock.warnings
        self.warnings = tuple((share.fraction.numerator, share.fraction.denominator) for share in shares)
        self.business_time = (clock.compare or compare) == "business_time"
        self.retarget: Retarget = clock.retarget or retarget

    def _listen(self, flag: int, trigger: Trigger) -> None:
        if trigger.before is None and trigger.when is None:
            self.flags[trigger.event] = self.flags.get(trigger.event, 0) | flag
        else:
            self.conditions.setdefault(trigger.event, []).append(Condition(flag, trigger.before, trigger.when))


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

    __slots__ = ("_fixed", "_promises", "label", "needs_before", "statuses", "tiers")

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
        self.needs_before = any(clock.needs_before for tier in self.tiers.values() for clock in tier.clocks)
        self._promises = promises
        self._fixed = fixed

    def promises(self, tier: str, fact: Callable[[str], str | None]) -> Mapping[str, Promise]:
        """Return the promise of each clock of a tier, for a ticket with some facts."""
        fixed = self._fixed.get(tier)
        return self._promises(tier, fact) if fixed is None else fixed

    def depends_on_attributes(self, tier: str) -> bool:
        """Whether attributes change what is promised in a tier."""
        return tier in self.tiers and tier not in self._fixed
