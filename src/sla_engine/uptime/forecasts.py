"""
When a budget runs out at the present rate, and when it is back.

In a calendar window downtime only adds up. In a rolling one it also leaves: at every instant t the budget is that of
the window that ends at t, so what was down a window's length ago rolls off.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from sla_engine.shares import Share
from sla_engine.uptime.readings import Base, Bound, Unknown
from sla_engine.uptime.stretches import Stretch


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    What becomes of a budget if things go on as they are.

    `counting` is the bound by which downtime is counted, and `error_rate` the share of time that is down at present:
    that of the look-back; None where nothing is known of it. `exhausted_at` is the last instant at which no more was
    down than the budget: in the past where `is_exhausted`, else in the time to come, if things go on at the error
    rate; None if they do not exhaust it, in a rolling window within its length, or where it has been exhausted for
    longer than that. `back_at` is when an exhausted budget is back, if nothing more is down: when enough has left a
    rolling window, or when the next calendar window begins; None where it is not exhausted.
    """

    counting: Bound
    error_rate: Share | None
    is_exhausted: bool
    exhausted_at: datetime | None
    back_at: datetime | None


class Way(NamedTuple):
    """How a budget is counted: the share that may be down, by which bound, and by which reading."""

    may_fail: Fraction
    counting: Bound
    unknown: Unknown
    base: Base

    def leaves_out(self, stretch: Stretch) -> bool:
        """Whether the window is counted without a stretch."""
        if stretch.maintenance == "excused":
            return self.base == "less_maintenance"
        return stretch.state == "unknown" and self.unknown == "excluded"

    def rate(self, stretch: Stretch, future: Fraction) -> Fraction:
        """Return how fast a stretch spends the budget of the whole window."""
        if stretch.maintenance == "excused" or self.leaves_out(stretch):
            return Fraction(0)
        if stretch.state == "not_yet":
            return future
        least, most = stretch.least, stretch.most
        if stretch.state == "unknown":
            if self.unknown == "down":
                return Fraction(1)
            return most if self.counting == "upper" and self.unknown == "either" else least
        return {"lower": least, "expected": (least + most) / 2, "upper": most}[self.counting]


Piece = tuple[int, int, Fraction]
"""A time in which a budget is spent evenly: from, to, and how fast."""


def pieces_of(stretches: Iterable[Stretch], way: Way, future: Fraction, *, rolls: bool = False) -> list[Piece]:
    """
    Return how fast each stretch spends the budget; in the time to come as fast as is said.

    In a window that rolls, time that it is counted without takes its part of the budget along while it is within. A
    calendar window is counted without it from the start, and so is its budget.
    """
    return [
        (one.start, one.end, way.may_fail if rolls and way.leaves_out(one) else way.rate(one, future))
        for one in stretches
    ]


def exhausted(pieces: Iterable[Piece], budget: Fraction) -> int | None:
    """Return the last instant at which no more was spent than the budget, in a window that only adds up."""
    left = budget
    for start, end, rate in pieces:
        spent = rate * (end - start)
        if spent > left:
            return start + floor(left / rate)
        left -= spent
    return None


class RollingSpend:
    """What is spent within the window that ends at each instant."""

    def __init__(self, pieces: Sequence[Piece], length: int) -> None:
        self.length = length
        self._edges = [start for start, _, _ in pieces] + [pieces[-1][1]]
        self._rates = [rate for _, _, rate in pieces]
        self._totals = [Fraction(0)]
        for start, end, rate in pieces:
            self._totals.append(self._totals[-1] + rate * (end - start))

    def _until(self, at: int) -> Fraction:
        place = min(max(bisect_right(self._edges, at) - 1, 0), len(self._rates) - 1)
        return self._totals[place] + self._rates[place] * (at - self._edges[place])

    def at(self, at: int) -> Fraction:
        """Return what is spent within the window that ends at an instant."""
        return self._until(at) - self._until(at - self.length)

    def _lines(self, lo: int, hi: int) -> list[tuple[int, Fraction]]:
        """Return the instants from one to another at which the spending begins to change otherwise, and what it is."""
        turns = {lo, hi, *self._edges, *(edge + self.length for edge in self._edges)}
        return [(at, self.at(at)) for at in sorted(turns) if lo <= at <= hi]

    def runs_out(self, lo: int, hi: int, budget: Fraction) -> int | None:
        """Return the last instant before more than the budget is spent for the first time; None if it never is."""
        return next(self._crossings(lo, hi, budget), None)

    def ran_out(self, lo: int, hi: int, budget: Fraction) -> int | None:
        """Return the last instant before more than the budget was spent for the last time; None if it always was."""
        found = None
        for found in self._crossings(lo, hi, budget):  # noqa: B007  (the last one is wanted)
            pass
        return found

    def _crossings(self, lo: int, hi: int, budget: Fraction) -> Iterator[int]:
        for (start, before), (end, after) in pairwise(self._lines(lo, hi)):
            if before <= budget < after:
                yield start + floor((budget - before) / (after - before) * (end - start))

    def is_back(self, lo: int, hi: int, budget: Fraction) -> int | None:
        """Return the first instant at which no more than the budget is spent."""
        lines = self._lines(lo, hi)
        if lines[0][1] <= budget:
            return lo
        for (start, before), (end, after) in pairwise(lines):
            if after <= budget < before:
                return start + ceil((before - budget) / (before - after) * (end - start))
        return None
