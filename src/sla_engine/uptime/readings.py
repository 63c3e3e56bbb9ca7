"""
What stretches come to: how much was down at least, as expected and at most, by each way to count what is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from sla_engine.errors import InvalidAmount
from sla_engine.shares import Share, SpentShare
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.stretches import ALL, NOTHING, Stretch

Unknown = Literal["either", "up", "down", "excluded"]
Base = Literal["window", "less_maintenance"]
Bound = Literal["lower", "expected", "upper"]
UptimeVerdict = Literal["met", "breached", "undecided"]
UNKNOWNS: tuple[Unknown, ...] = ("either", "up", "down", "excluded")
BASES: tuple[Base, ...] = ("window", "less_maintenance")
BOUNDS: tuple[Bound, ...] = ("lower", "expected", "upper")


def checked(given: str, known: tuple[str, ...], where: str) -> None:
    """Raise `InvalidAmount` for a word that is none of those that are known."""
    if given not in known:
        raise InvalidAmount(
            f"{given!r} is no {where}", where=where, value=given, remedy=f"Write one of {', '.join(known)}"
        )


@dataclass(frozen=True, slots=True)
class DowntimeBounds:
    """How much was down: at least, as expected (half of what is uncertain), and at most."""

    lower: Downtime
    expected: Downtime
    upper: Downtime


@dataclass(frozen=True, slots=True)
class BurnRates:
    """How many times faster than evenly over the window a budget goes: at least, as expected, and at most."""

    lower: Fraction
    expected: Fraction
    upper: Fraction


@dataclass(frozen=True, slots=True)
class UptimeReading:
    """
    One way to count: what unknown time is taken for, and what the share is taken of.

    `budget` is what the target allows of `base_micros`, `left` what is left of it (by the expected downtime),
    `availability` the share that was up (as expected). Where a contract says how long one outage may last,
    `longest_allowed` is that, and `longest_outage` how long the longest one was.

    Breached: more was down for certain than the budget, or one outage lasted longer than allowed; met: neither can
    have been; else undecided.
    """

    unknown: Unknown
    base: Base
    base_micros: int
    known_micros: int
    target: Share
    downtime: DowntimeBounds
    longest_outage: DowntimeBounds | None = None
    longest_allowed: Downtime | None = None

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
    def burn_rates(self) -> BurnRates | None:
        """The downtime by what the target allows of the base; None where no time is left."""
        if not self.base_micros:
            return None
        return BurnRates(*(getattr(self.downtime, bound).micros / self.budget.micros for bound in BOUNDS))

    @property
    def verdict(self) -> UptimeVerdict:
        """Whether the target was met, as far as it can be known."""
        pairs = [(self.downtime, self.budget)]
        if self.longest_outage is not None and self.longest_allowed is not None:
            pairs.append((self.longest_outage, self.longest_allowed))
        if any(bounds.lower > allowed for bounds, allowed in pairs):
            return "breached"
        return "met" if self.base_micros and all(bounds.upper <= allowed for bounds, allowed in pairs) else "undecided"


class Sums(NamedTuple):
    """
    The time of stretches by what it counts as, in microseconds; `least` and `most` are of what is known.

    `over` is the time up to `at`, and `unseen` what of it is unknown; `dark` is what of that counts.
    """

    whole: int
    excused: int
    over: int
    unseen: int
    to_come: int
    dark: int
    dark_least: Fraction
    dark_most: Fraction
    least: Fraction
    most: Fraction


def summed(stretches: Iterable[Stretch]) -> Sums:
    """Return what stretches add up to."""
    whole = over = unseen = excused = to_come = dark = 0
    # Whole numbers as long as nothing is down by a part: fractions take their time.
    least: int | Fraction = 0
    most: int | Fraction = 0
    dark_least: int | Fraction = 0
    dark_most: int | Fraction = 0
    for start, end, state, low, high, maintenance, *_ in stretches:
        length = end - start
        whole += length
        if state == "not_yet":
            if maintenance == "excused":
                excused += length
            else:
                to_come += length
            continue
        over += length
        if state == "unknown":
            unseen += length
        if maintenance == "excused":
            excused += length
            continue
        if state == "up":
            continue
        lower = length if low is ALL else 0 if low is NOTHING else low * length
        upper = length if high is ALL else high * length
        if state == "unknown":
            dark += length
            dark_least, dark_most = dark_least + lower, dark_most + upper
        else:
            least, most = least + lower, most + upper
    return Sums(
        whole,
        excused,
        over,
        unseen,
        to_come,
        dark,
        Fraction(dark_least),
        Fraction(dark_most),
        Fraction(least),
        Fraction(most),
    )


def reading_of(
    sums: Sums, target: Share, unknown: Unknown, base: Base, clause: tuple[DowntimeBounds, Downtime] | None = None
) -> UptimeReading:
    """Count a time one way; raises `InvalidAmount` for a way that there is not."""
    checked(unknown, UNKNOWNS, "unknown")
    checked(base, BASES, "base")
    lower, upper, expected = sums.least, sums.most + sums.to_come, (sums.least + sums.most) / 2
    size = sums.whole - (sums.excused if base == "less_maintenance" else 0)
    if unknown == "excluded":
        size -= sums.dark
    elif unknown == "down":
        lower, upper, expected = lower + sums.dark, upper + sums.dark, expected + sums.dark
    else:
        lower, expected = lower + sums.dark_least, expected + sums.dark_least
        upper += sums.dark_most if unknown == "either" else sums.dark_least
    bounds = DowntimeBounds(Downtime(lower), Downtime(expected), Downtime(upper))
    known = sums.over - sums.unseen
    if base == "less_maintenance":
        known = sums.whole - sums.excused - sums.to_come - sums.dark
    longest, allowed = clause or (None, None)
    return UptimeReading(unknown, base, size, known, target, bounds, longest, allowed)


def sampling_variance(stretches: Sequence[Stretch]) -> Fraction:
    """
    Return the most that the expected downtime varies over all phases of the probes, in squared microseconds.

    An outage between regular probes an interval I apart, of a length that leaves the remainder r, is told with a
    variance of r * (I - r), which is I * I / 4 at most: half of it for each end. An uncertain time beside a certain one
    is one end; one by itself is both ends of a single failed probe.
    """
    total = Fraction(0)
    for number, one in enumerate(stretches):
        if one.state != "uncertain" or one.maintenance == "excused":
            continue
        beside = stretches[max(number - 1, 0) : number + 2]
        ends = 1 if any(other.state == "down" for other in beside) else 2
        total += ends * (Fraction(one.length, ends) * (one.most - one.least)) ** 2 / 8
    return total


def longest_outage(stretches: Sequence[Stretch], unknown: Unknown) -> DowntimeBounds:
    """
    Return how long the longest outage lasted, without excused maintenance: what was down for certain, and what can
    have been.
    """
    lowest = highest = low = high = 0
    for one in stretches:
        counts = one.maintenance != "excused"
        dark = one.state == "unknown"
        surely = one.least > 0 or (dark and unknown == "down")
        perhaps = one.most > 0 and not (dark and unknown in ("up", "excluded") and not one.least)
        low = low + one.length if counts and surely else 0
        high = high + one.length if counts and perhaps else 0
        lowest, highest = max(lowest, low), max(highest, high)
    return DowntimeBounds(Downtime(lowest), Downtime(Fraction(lowest + highest, 2)), Downtime(highest))
