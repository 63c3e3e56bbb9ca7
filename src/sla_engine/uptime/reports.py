"""
The report of a service over a window: how much was down at least, as expected, and at most; and what that means for
the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, isqrt
from typing import Any

from sla_engine.errors import InvalidAmount
from sla_engine.instants import from_micros, to_micros
from sla_engine.periods import Period, Rolling
from sla_engine.shares import Share
from sla_engine.spans import Span
from sla_engine.uptime.budget import target_share
from sla_engine.uptime.downtime import Downtime, length_micros
from sla_engine.uptime.forecasts import Forecast, RollingSpend, Way, exhausted, pieces_of
from sla_engine.uptime.ledgers import UptimeLedger, uptime_ledger
from sla_engine.uptime.outages import Outage, outages_of
from sla_engine.uptime.readings import (
    BASES,
    BOUNDS,
    UNKNOWNS,
    Base,
    Bound,
    BurnRates,
    DowntimeBounds,
    Sums,
    Unknown,
    UptimeReading,
    UptimeVerdict,
    checked,
    longest_outage,
    reading_of,
    sampling_variance,
    summed,
)
from sla_engine.uptime.reconciliation import Reconciliation, reconciled
from sla_engine.uptime.records import Record, ServiceRecord, clipped
from sla_engine.uptime.stretches import MaintenanceClass, ServiceState, Stretch, joined


@dataclass(frozen=True, slots=True)
class UptimeChange:
    """A time that two reports on one window tell otherwise: the stretch as it was told before, and as it is now."""

    span: Span
    before: Stretch
    after: Stretch

    @property
    def is_revision(self) -> bool:
        """Whether something was said of it before that no longer holds; not so for time that was to come."""
        before, after = self.before, self.after
        if before.state == "unknown":
            return before.maintenance != after.maintenance or before.least > after.least
        return before.state != "not_yet"


@dataclass(frozen=True, slots=True)
class UptimeReport:
    """
    What is known of a service over a window at an instant: every microsecond of it in one stretch.

    `reading()` counts it; `availability`, `downtime`, `budget`, `left` and `verdict` are those of the usual reading:
    that of `unknown` and `base`. Unless said otherwise it is of the whole window, with excused maintenance not counted,
    and with unknown time and time to come up at best and down at worst. `longest_allowed` is how long one outage may
    last, where that is promised. `record` is what the report was made of.
    """

    period: Period
    at: datetime
    target: Share
    stretches: tuple[Stretch, ...]
    record: Record = field(repr=False)
    unknown: Unknown = "either"
    base: Base = "window"
    longest_allowed: Downtime | None = None
    _sums: Sums = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sums", summed(self.stretches))

    def table(self) -> dict[tuple[ServiceState, MaintenanceClass], int]:
        """Return the time in each state and maintenance class, in microseconds; it adds up to the window."""
        found: dict[tuple[ServiceState, MaintenanceClass], int] = {}
        for one in self.stretches:
            key = (one.state, one.maintenance)
            found[key] = found.get(key, 0) + one.length
        return found

    def reading(self, *, unknown: Unknown | None = None, base: Base | None = None) -> UptimeReading:
        """
        Count the window one way.

        `unknown` is what time without knowledge is taken for: `either` (up in the lower, down in the upper bound),
        `up`, `down`, or `excluded` from what the share is taken of. `base` is that: the whole window, or less excused
        maintenance. Both are those of the report unless given.
        """
        unknown = self.unknown if unknown is None else unknown
        allowed = self.longest_allowed
        clause = None if allowed is None else (longest_outage(self.stretches, unknown), allowed)
        return reading_of(self._sums, self.target, unknown, self.base if base is None else base, clause)

    def readings(self) -> tuple[UptimeReading, ...]:
        """Return all ways to count, side by side."""
        return tuple(self.reading(unknown=unknown, base=base) for base in BASES for unknown in UNKNOWNS)

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
        over = self._sums.over
        return Share(over - self._sums.unseen, over) if over else None

    @property
    def longest_unseen(self) -> Downtime:
        """The length that no outage reaches of which no probe knows, between two good probes without a gap."""
        return Downtime(self.record.longest_unseen(*self.period.span.micros, to_micros(self.at)))

    @property
    def sampling_error(self) -> Downtime:
        """
        The standard error of the expected downtime, at most: how far regular probes miss by when they happen to look.

        For n outages seen by probes an interval I apart it is I / 2 * sqrt(n), rounded up to the microsecond. It is no
        bound, as `downtime` has; it says how near the expected value usually is. Outages that no probe saw are not in
        it. Source: the variance of systematic sampling, r * (I - r) for an outage that leaves the remainder r.
        """
        variance = sampling_variance(self.stretches)
        return Downtime(isqrt(ceil(variance) - 1) + 1 if variance else 0)

    def outages(self) -> tuple[Outage, ...]:
        """Return the outages in order, without those in excused maintenance."""
        return tuple(outages_of(self.stretches, self.period.start))

    @property
    def mttr(self) -> DowntimeBounds | None:
        """
        The mean time to restore: the downtime of the outages by their number; None without outages.

        An outage that goes on counts with what there is of it, and one of a part of the service with that part.
        """
        outages = self.outages()
        if not outages:
            return None
        sums = [sum((getattr(one.downtime, name).micros for one in outages), Fraction(0)) for name in BOUNDS]
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
        usual = self.reading()
        if usual.downtime.lower <= usual.budget:
            return None
        found = exhausted(pieces_of(self.stretches, self._way("lower"), Fraction(0)), usual.budget.micros)
        return None if found is None else from_micros(found, self.period.start)

    @property
    def _length(self) -> int:
        lo, hi = self.period.span.micros
        return hi - lo

    def _way(self, counting: Bound) -> Way:
        return Way(1 - self.target.fraction, counting, self.unknown, self.base)

    def _between(self, lo: int, hi: int) -> list[Stretch]:
        """Return the stretches of any time, each with the maintenance terms of its own window."""
        first, last = self.period, self.period
        while first.span.micros[0] > lo:
            first = first.previous()
        while last.span.micros[1] < hi:
            last = last.next()
        found: list[Stretch] = []
        window = first
        while window.span.micros[0] <= last.span.micros[0]:
            start, end = window.span.micros
            if max(start, lo) < min(end, hi):
                own = window == self.period
                told = self.stretches if own else self.record.stretches(start, end, to_micros(self.at))
                found += clipped(told, lo, hi)
            window = window.next()
        return joined(found)

    def _recent(self, look_back: timedelta | str | None) -> UptimeReading:
        """Return the reading of the time up to `at`: a length of it, or all of the window that is over."""
        at = to_micros(self.at)
        lo, hi = self.period.span.micros
        if look_back is not None:
            length = length_micros(look_back)
            if length <= 0:
                raise InvalidAmount("a look-back needs time in it", value=look_back, remedy='Write "1h"')
            lo, hi = at - length, at
        elif isinstance(self.period, Rolling):
            lo, hi = at - self._length, at
        else:
            hi = min(max(at, lo), hi)
        told = self._between(lo, hi) if lo < hi else []
        return reading_of(summed(told), self.target, self.unknown, self.base)

    def burn_rate(self, look_back: timedelta | str | None = None) -> BurnRates | None:
        """
        Return how fast the budget went in a look-back that ends at `at`: 1 spends exactly all of it over the window.

        Without a look-back it is that of the window so far. The look-back may begin before the window. None where there
        is no time in it that counts. Raises `InvalidAmount`.
        """
        return self._recent(look_back).burn_rates

    def forecast(self, look_back: timedelta | str | None = None, *, counting: Bound = "expected") -> Forecast:
        """
        Return when the budget runs out if things go on as in a look-back that ends at `at`, and when it is back.

        Without a look-back, things go on as in the window so far. `counting` is the bound by which downtime is counted.
        Of a rolling window, it is that which ends at each instant: what was down leaves it in time. Maintenance that is
        excused and announced spends nothing in the time to come. Raises `InvalidAmount`.
        """
        checked(counting, BOUNDS, "counting")
        at = to_micros(self.at)
        recent = self._recent(look_back)
        known = recent.base_micros and (recent.known_micros or self.unknown == "down")
        rate = getattr(recent.downtime, counting).micros / recent.base_micros if known else None
        way = self._way(counting)
        if isinstance(self.period, Rolling):
            gone, out, back = self._rolling(at, rate or Fraction(0), way)
        else:
            lo, hi = self.period.span.micros
            out = exhausted(pieces_of(self.stretches, way, rate or Fraction(0)), self.budget.micros)
            gone = out is not None and out < min(max(at, lo), hi)
            back = hi if gone else None
        like = self.period.start
        return Forecast(
            counting,
            None if rate is None else Share(rate),
            gone,
            None if out is None else from_micros(out, like),
            None if back is None else from_micros(back, like),
        )

    def _rolling(self, at: int, rate: Fraction, way: Way) -> tuple[bool, int | None, int | None]:
        """Return whether more is spent than the budget in the window up to `at`, since or from when, and until when."""
        length = self._length
        told = self._between(at - 2 * length, at + length)
        budget = way.may_fail * length
        nothing_more = RollingSpend(pieces_of(told, way, Fraction(0), rolls=True), length)
        if nothing_more.at(at) <= budget:
            going_on = RollingSpend(pieces_of(told, way, rate, rolls=True), length)
            return False, going_on.runs_out(at, at + length, budget), None
        since = nothing_more.ran_out(at - length, at, budget)
        return True, since, nothing_more.is_back(at, at + length, budget)

    def changes_since(self, earlier: datetime) -> tuple[UptimeChange, ...]:
        """
        Return what this report tells otherwise than one on the same window as of an earlier instant would have.

        That is what has happened since, and what became known since of the time before: late probes, incidents that
        were recorded later, maintenance, and decisions.
        """
        lo, hi = self.period.span.micros
        before, after = self.record.stretches(lo, hi, to_micros(earlier)), self.stretches
        edges = sorted({edge for one in (*before, *after) for edge in one[:2]})
        places = [0, 0]
        found: list[UptimeChange] = []
        for start, end in pairwise(edges):
            places = [_place(told, place, start) for told, place in zip((before, after), places, strict=True)]
            was, now = before[places[0]], after[places[1]]
            if was[2:] != now[2:]:
                span = Span(from_micros(start, self.period.start), from_micros(end, self.period.start))
                found.append(UptimeChange(span, was, now))
        return tuple(found)

    def as_of(self, at: datetime) -> UptimeReport:
        """Return the report on the same window as of another instant."""
        return report_of(
            self.record,
            self.target,
            self.period,
            at,
            unknown=self.unknown,
            base=self.base,
            longest_allowed=self.longest_allowed,
        )

    def reconciliation(self) -> Reconciliation:
        """
        Return what the probes saw beside what the incidents say, for all time of the window up to `at`.

        Raises `InvalidAmount` for a report on several services together.
        """
        if not isinstance(self.record, ServiceRecord):
            raise InvalidAmount(
                "several services together have no one log of probes or incidents",
                where="record",
                remedy="Ask the report of each of them",
            )
        return reconciled(self.record, self.period, to_micros(self.at))

    def ledger(self) -> UptimeLedger:
        """Return every stretch of the window with what it adds to the downtime, as a table that adds up."""
        return uptime_ledger(self)

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
            "downtime": {name: str(getattr(usual.downtime, name)) for name in BOUNDS},
            "budget": str(usual.budget),
            "left": str(usual.left),
            "coverage": None if self.coverage is None else f"{self.coverage:.2%}",
            "outages": len(self.outages()),
            "mttr": None if self.mttr is None else {name: str(getattr(self.mttr, name)) for name in BOUNDS},
            "mtbf": None if self.mtbf is None else str(self.mtbf),
            "longest_unseen": str(self.longest_unseen),
            "sampling_error": str(self.sampling_error),
            "exhausted_at": None if self.exhausted_at is None else self.exhausted_at.isoformat(),
            "table": [
                {"state": state, "maintenance": maintenance, "us": micros}
                for (state, maintenance), micros in self.table().items()
            ],
        }


def _place(told: Sequence[Stretch], place: int, start: int) -> int:
    while told[place].end <= start:
        place += 1
    return place


def report_of(
    record: Record,
    target: str | Fraction | Share,
    period: Period,
    at: datetime,
    *,
    unknown: Unknown = "either",
    base: Base = "window",
    longest_allowed: Downtime | None = None,
) -> UptimeReport:
    """Return what a record tells of a period at an instant."""
    checked(unknown, UNKNOWNS, "unknown")
    checked(base, BASES, "base")
    told = record.stretches(*period.span.micros, to_micros(at))
    return UptimeReport(period, at, target_share(target), tuple(told), record, unknown, base, longest_allowed)
