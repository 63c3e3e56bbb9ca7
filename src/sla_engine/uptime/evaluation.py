"""
A service over a window: how much was down at least, as expected, and at most; and what that means for the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal

from sla_engine.errors import InvalidAmount
from sla_engine.instants import from_micros, to_micros
from sla_engine.periods import Period
from sla_engine.shares import Share, SpentShare
from sla_engine.spans import Span
from sla_engine.uptime.budget import target_share
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.maintenance import Maintenance, MaintenanceTerms
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.stretches import MaintenanceClass, ServiceState, Stretch, lengths, stretches_of

Unknown = Literal["either", "up", "down", "excluded"]
Base = Literal["window", "less_maintenance"]
UptimeVerdict = Literal["met", "breached", "undecided"]


_BOUNDS = ("lower", "expected", "upper")


@dataclass(frozen=True, slots=True)
class DowntimeBounds:
    """How much was down: at least, as expected (half of what is uncertain), and at most."""

    lower: Downtime
    expected: Downtime
    upper: Downtime


@dataclass(frozen=True, slots=True)
class UptimeReading:
    """
    One way to count: what unknown time is taken for, and what the share is taken of.

    `budget` is what the target allows of `base_micros`, `left` what is left of it (by the expected downtime),
    `availability` the share that was up (as expected). Breached: more was down for certain than the budget; met: no
    more than the budget can have been down; else undecided.
    """

    unknown: Unknown
    base: Base
    base_micros: int
    known_micros: int
    target: Share
    downtime: DowntimeBounds

    @property
    def budget(self) -> Downtime:
        """The downtime that meets the target."""
        return Downtime((1 - self.target.fraction) * self.base_micros)

    @property
    def left(self) -> Downtime:
        """What is left of the budget, by the expected downtime; negative where it is overspent."""
        return self.budget - self.downtime.expected

    @property
    def spent(self) -> SpentShare | None:
        """The share of the budget that the expected downtime spends; None where there is no budget."""
        return SpentShare(self.downtime.expected.micros, self.budget.micros) if self.base_micros else None

    @property
    def availability(self) -> Share | None:
        """The share of the base that was up, as expected; None where nothing is known, or no time is left."""
        if not self.base_micros or not (self.known_micros or self.unknown == "down"):
            return None
        return Share(1 - self.downtime.expected.micros / self.base_micros)

    @property
    def verdict(self) -> UptimeVerdict:
        """Whether the target was met, as far as it can be known."""
        if self.downtime.lower > self.budget:
            return "breached"
        return "met" if self.base_micros and self.downtime.upper <= self.budget else "undecided"


@dataclass(frozen=True, slots=True)
class Outage:
    """
    A run of time that was not up, with some of it down for certain: from the last good look before it to the next
    good one after it, how much of it was down at least and at most, and who says so.
    """

    span: Span
    downtime: DowntimeBounds
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UptimeReport:
    """
    What is known of a service over a window at an instant: every microsecond of it in one stretch.

    `reading()` counts it; `availability`, `downtime`, `budget`, `left` and `verdict` are those of the usual reading:
    of the whole window, with excused maintenance not counted, and with unknown time and time to come up at best and
    down at worst.
    """

    period: Period
    at: datetime
    target: Share
    stretches: tuple[Stretch, ...]
    probes: tuple[ProbeLog, ...] = ()

    def table(self) -> dict[tuple[ServiceState, MaintenanceClass], int]:
        """Return the time in each state and maintenance class, in microseconds; it adds up to the window."""
        return dict(lengths(self.stretches))

    def reading(self, *, unknown: Unknown = "either", base: Base = "window") -> UptimeReading:
        """
        Count the window one way.

        `unknown` is what time without knowledge is taken for: `either` (up in the lower, down in the upper bound),
        `up`, `down`, or `excluded` from what the share is taken of. `base` is that: the whole window, or less excused
        maintenance.
        """
        least = most = Fraction(0)
        dark = to_come = excused = 0
        low_dark = Fraction(0)
        whole = known = 0
        for stretch in self.stretches:
            length = stretch.length
            whole += length
            known += length if stretch.state in ("up", "down", "uncertain") else 0
            if stretch.maintenance == "excused":
                excused += length
                continue
            if stretch.state == "not_yet":
                to_come += length
            elif stretch.state == "unknown":
                dark += length
                low_dark += stretch.least * length
            else:
                least += stretch.least * length
                most += stretch.most * length
        lower, upper, expected = least, most + to_come, (least + most) / 2
        size = whole - (excused if base == "less_maintenance" else 0)
        if unknown == "excluded":
            size -= dark
        elif unknown == "down":
            lower, upper, expected = lower + dark, upper + dark, expected + dark
        else:
            lower, expected = lower + low_dark, expected + low_dark
            upper += dark if unknown == "either" else low_dark
        bounds = DowntimeBounds(Downtime(lower), Downtime(expected), Downtime(upper))
        return UptimeReading(unknown, base, size, known, self.target, bounds)

    def readings(self) -> tuple[UptimeReading, ...]:
        """Return all ways to count, side by side."""
        ways: tuple[Unknown, ...] = ("either", "up", "down", "excluded")
        bases: tuple[Base, ...] = ("window", "less_maintenance")
        return tuple(self.reading(unknown=unknown, base=base) for base in bases for unknown in ways)

    @property
    def availability(self) -> Share | None:
        """The share of the window that was up, as expected."""
        return self.reading().availability

    @property
    def downtime(self) -> DowntimeBounds:
        """How much of the window was down."""
        return self.reading().downtime

    @property
    def budget(self) -> Downtime:
        """The downtime that meets the target."""
        return self.reading().budget

    @property
    def left(self) -> Downtime:
        """What is left of the budget, as expected."""
        return self.reading().left

    @property
    def verdict(self) -> UptimeVerdict:
        """Whether the target was met, as far as it can be known."""
        return self.reading().verdict

    @property
    def coverage(self) -> Share | None:
        """The share of the time so far that is known; None before the window begins."""
        past = [one for one in self.stretches if one.state != "not_yet"]
        length = sum(one.length for one in past)
        dark = sum(one.length for one in past if one.state == "unknown")
        return Share(length - dark, length) if length else None

    @property
    def longest_unseen(self) -> Downtime:
        """The length that no outage reaches of which no probe knows, between two good probes without a gap."""
        lo, hi = self.period.span.micros
        until = min(max(to_micros(self.at), lo), hi)
        return Downtime(max((log.longest_unseen(lo, until) for log in self.probes), default=0))

    def outages(self) -> tuple[Outage, ...]:
        """Return the outages in order, without those in excused maintenance."""
        return tuple(self._outages())

    def _outages(self) -> Iterator[Outage]:
        run: list[Stretch] = []
        for stretch in (*self.stretches, None):
            goes_on = (
                stretch is not None and stretch.maintenance != "excused" and stretch.state in ("down", "uncertain")
            )
            if goes_on and stretch is not None:
                run.append(stretch)
                continue
            if any(one.state == "down" for one in run):
                yield self._outage(run)
            run = []

    def _outage(self, run: list[Stretch]) -> Outage:
        least = sum((one.least * one.length for one in run), Fraction(0))
        most = sum((one.most * one.length for one in run), Fraction(0))
        like = self.period.start
        bounds = DowntimeBounds(Downtime(least), Downtime((least + most) / 2), Downtime(most))
        span = Span(from_micros(run[0].start, like), from_micros(run[-1].end, like))
        return Outage(span, bounds, tuple(dict.fromkeys(one.source for one in run if one.source)))

    @property
    def mttr(self) -> DowntimeBounds | None:
        """
        The mean time to restore: the downtime of the outages by their number; None without outages.

        An outage that goes on counts with what there is of it, and one of a part of the service with that part.
        """
        outages = self.outages()
        if not outages:
            return None
        sums = [sum((getattr(one.downtime, name).micros for one in outages), Fraction(0)) for name in _BOUNDS]
        return DowntimeBounds(*(Downtime(micros / len(outages)) for micros in sums))

    @property
    def mtbf(self) -> Downtime | None:
        """
        The mean time between failures: the time of the window up to `at` that was in no outage, as expected, by the
        number of outages; None without outages.

        `mtbf / (mtbf + mttr.expected)` is the share of that time in which there was no outage.
        Source: ITIL's MTBF / (MTBF + MTRS), with the window up to `at` as the time in service.
        """
        outages = self.outages()
        if not outages:
            return None
        past = sum(one.length for one in self.stretches if one.state != "not_yet")
        down = sum((one.downtime.expected.micros for one in outages), Fraction(0))
        return Downtime((past - down) / len(outages))

    @property
    def exhausted_at(self) -> datetime | None:
        """The last instant at which no more was down for certain than the budget; None if it never is overspent."""
        left = self.budget.micros
        for stretch in self.stretches:
            if stretch.maintenance == "excused" or stretch.state == "not_yet" or not stretch.least:
                continue
            spent = stretch.least * stretch.length
            if spent > left:
                return from_micros(stretch.start + int(left / stretch.least), self.period.start)
            left -= spent
        return None

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        usual = self.reading()
        span = self.period.span
        return {
            "period": self.period.label,
            "period_start": span.start.isoformat(),
            "period_end": span.end.isoformat(),
            "at": self.at.isoformat(),
            "target": self.target.exact_text,
            "verdict": usual.verdict,
            "availability": None if usual.availability is None else f"{usual.availability:.4%}",
            "downtime": {name: str(getattr(usual.downtime, name)) for name in _BOUNDS},
            "budget": str(usual.budget),
            "left": str(usual.left),
            "coverage": None if self.coverage is None else f"{self.coverage:.2%}",
            "outages": len(self.outages()),
            "mttr": None if self.mttr is None else {name: str(getattr(self.mttr, name)) for name in _BOUNDS},
            "mtbf": None if self.mtbf is None else str(self.mtbf),
            "longest_unseen": str(self.longest_unseen),
            "table": [
                {"state": state, "maintenance": maintenance, "us": micros}
                for (state, maintenance), micros in self.table().items()
            ],
        }


def evaluate_uptime(
    target: str | Fraction | Share,
    period: Period,
    *,
    at: datetime,
    probes: ProbeLog | Sequence[ProbeLog] = (),
    down_needs: int = 1,
    incidents: Iterable[Incident] = (),
    maintenance: Iterable[Maintenance] = (),
    terms: MaintenanceTerms | None = None,
) -> UptimeReport:
    """
    Return what is known of a service over a period at an instant, from its probes, its incidents, or both.

    Down is what any of the two says; of several locations' probes, `down_needs` must agree. Maintenance is excused
    under its `terms`. Raises `InvalidAmount` for a number of locations that there is not.
    """
    logs = (probes,) if isinstance(probes, ProbeLog) else tuple(probes)
    if not 1 <= down_needs <= max(len(logs), 1):
        raise InvalidAmount(
            f"{down_needs} of {len(logs)} locations cannot agree",
            where="down_needs",
            value=down_needs,
            remedy="Give a number from 1 to that of the probe logs",
        )
    lo, hi = period.span.micros
    found = stretches_of(
        lo,
        hi,
        to_micros(at),
        probes=logs,
        down_needs=down_needs,
        incidents=incidents,
        maintenance=maintenance,
        terms=terms,
    )
    return UptimeReport(period, at, target_share(target), tuple(found), logs)
