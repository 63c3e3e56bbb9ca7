"""
What probes can know: between two of them nothing was looked at, and the time between a good and a failed one is
uncertain.

The rule: the state does not flip between two equal neighbours. In a run of failed probes the time from the first to
the last is down; from the last good one before it, and to the next good one after it, is uncertain. Where two
neighbours lie too far apart nothing is known, except for half a spacing after the one and before the other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import compress, pairwise
from math import floor
from operator import and_, ge, ne, sub
from typing import Literal

from sla_engine.amounts import elapsed_time
from sla_engine.errors import InvalidLog
from sla_engine.instants import to_micros, utc

State = Literal["up", "down", "uncertain", "unknown"]
Known = tuple[int, int, State, int]
"""A stretch of time: from, to, its state, and the instant of the probe that tells it."""


@dataclass(frozen=True, slots=True)
class ProbeLog:
    """
    The probes of one service from one place: instants, and whether each found it up.

    `every` is the spacing that is meant, or pairs of an instant and the spacing from it on, for a cadence that
    changed. Two neighbours more than `gap` spacings apart leave the time between them unknown.

    Made of pairs of an aware datetime and a boolean, in any order. A probe at the same instant as another is refused
    unless it says the same. Raises `InvalidLog`, and the errors of instants.
    """

    instants: tuple[int, ...]
    ups: tuple[bool, ...]
    cadence: tuple[tuple[int, int], ...]
    gap: Fraction = Fraction(2)
    location: str = ""

    @classmethod
    def of(
        cls,
        probes: Iterable[tuple[datetime, bool]],
        *,
        every: timedelta | str | Sequence[tuple[datetime, timedelta | str]],
        gap: int | Fraction = 2,
        location: str = "",
    ) -> ProbeLog:
        """Make a log of pairs of an instant and whether the service was up."""
        return cls.of_micros(((to_micros(at), up) for at, up in probes), every=every, gap=gap, location=location)

    @classmethod
    def of_micros(
        cls,
        probes: Iterable[tuple[int, bool]],
        *,
        every: timedelta | str | Sequence[tuple[datetime, timedelta | str]],
        gap: int | Fraction = 2,
        location: str = "",
    ) -> ProbeLog:
        """Make a log of pairs of microseconds since 1970 UTC and whether the service was up."""
        rows = list(probes)
        for number, (_, up) in enumerate(rows):
            if up is not True and up is not False:
                raise InvalidLog(
                    f"the state of a probe is {up!r}, where True (up) or False (down) is expected",
                    where=f"probe {number}",
                    value=up,
                    remedy="Say with a boolean whether the service was up",
                )
        instants = [at for at, _ in rows]
        if any(map(ge, instants, instants[1:])):
            rows = _sorted(rows)
        if not isinstance(gap, (int, Fraction)) or gap < 1:  # type: ignore[redundant-expr]
            raise InvalidLog(
                f"a gap of {gap} spacings would make the time between regular probes unknown",
                where="gap",
                value=gap,
                remedy="Give 1 or more",
            )
        return cls(tuple(at for at, _ in rows), tuple(up for _, up in rows), _cadence(every), Fraction(gap), location)

    def __len__(self) -> int:
        return len(self.instants)

    def spacing(self, at: int) -> int:
        """Return the spacing that is meant at an instant, in microseconds."""
        starts = [since for since, _ in self.cadence]
        return self.cadence[max(bisect_right(starts, at) - 1, 0)][1]

    def states(self, lo: int, hi: int, *, at: int | None = None) -> Iterator[Known]:
        """
        Yield what is known of [lo, hi), in stretches that follow one another.

        Probes outside are used, those after `at` are not: nobody knew of them then.
        """
        for start, end, state, source in self._stretches(lo, hi, at):
            start, end = max(start, lo), min(end, hi)  # noqa: PLW2901  (the part of it that was asked about)
            if start < end:
                yield start, end, state, source

    def _stretches(self, lo: int, hi: int, at: int | None) -> Iterator[Known]:
        instants, ups = self.instants, self.ups
        known = len(instants) if at is None else bisect_right(instants, at)
        if not known:
            yield lo, hi, "unknown", lo
            return
        first = min(max(bisect_right(instants, lo) - 1, 0), known - 1)
        last = min(bisect_left(instants, hi), known - 1)
        half = self.spacing(instants[first]) // 2
        if lo < instants[first]:
            yield lo, instants[first] - half, "unknown", instants[first]
            yield max(lo, instants[first] - half), instants[first], _state(up=ups[first]), instants[first]
        yield from self._between(first, last)
        half = self.spacing(instants[last]) // 2
        if hi > instants[last]:
            yield instants[last], min(instants[last] + half, hi), _state(up=ups[last]), instants[last]
            yield instants[last] + half, hi, "unknown", instants[last]

    def _between(self, first: int, last: int) -> Iterator[Known]:
        """Yield what is known between two probes of the log, equal neighbours together."""
        instants, ups = self.instants, self.ups
        run = instants[first]
        for number, near in self._turns(first, last):
            start, end = instants[number], instants[number + 1]
            before, after = ups[number], ups[number + 1]
            if run < start:
                yield run, start, _state(up=before), run
            if near:
                yield start, end, "uncertain", end if before else start
            else:
                middle = (end - start) // 2
                half, other = (min(self.spacing(one) // 2, middle) for one in (start, end))
                yield start, start + half, _state(up=before), start
                yield start + half, end - other, "unknown", start
                yield end - other, end, _state(up=after), end
            run = end
        if run < instants[last]:
            yield run, instants[last], _state(up=ups[last]), run

    def _turns(self, first: int, last: int) -> Iterator[tuple[int, bool]]:
        """
        Yield the probes after which something changes: the next one says otherwise, or is not near.

        Whole logs are compared at once, because a year has half a million probes and few of them matter.
        """
        ups = self.ups
        far = set(self._far(first, last))
        flips = compress(range(first, last), map(ne, ups[first:last], ups[first + 1 : last + 1]))
        yield from ((number, number not in far) for number in sorted({*flips, *far}))

    def _far(self, first: int, last: int) -> Iterator[int]:
        """Yield the probes that have a gap after them."""
        instants = self.instants
        starts = [since for since, _ in self.cadence[1:]]
        bounds = [first, *(min(max(bisect_left(instants, since), first), last) for since in starts), last]
        for (lo, hi), (_, spacing) in zip(pairwise(bounds), self.cadence, strict=True):
            limit = floor(self.gap * spacing)
            apart = map(sub, instants[lo + 1 : hi + 1], instants[lo:hi])
            yield from compress(range(lo, hi), map(limit.__lt__, apart))

    def longest_unseen(self, lo: int, hi: int) -> int:
        """
        Return the length that no unseen outage reaches in [lo, hi), in microseconds: the longest time between two good
        probes that follow one another without a gap.
        """
        instants, ups = self.instants, self.ups
        first = max(bisect_right(instants, lo) - 1, 0)
        last = min(bisect_left(instants, hi), len(instants) - 1)
        if last <= first:
            return 0
        far = set(self._far(first, last))

        def clipped(number: int) -> int:
            return min(instants[number + 1], hi) - max(instants[number], lo)

        def good(number: int) -> bool:
            return ups[number] and ups[number + 1] and number not in far

        longest = max((clipped(number) for number in {first, last - 1} if good(number)), default=0)
        if far:
            return max(longest, max((clipped(number) for number in range(first, last) if good(number)), default=0))
        both = map(and_, ups[first + 1 : last - 1], ups[first + 2 : last])
        apart = map(sub, instants[first + 2 : last], instants[first + 1 : last - 1])
        return max(longest, max(compress(apart, both), default=0))


def _state(*, up: bool) -> State:
    return "up" if up else "down"


def _sorted(rows: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    rows.sort(key=lambda row: row[0])
    kept: list[tuple[int, bool]] = []
    for at, up in rows:
        if kept and kept[-1][0] == at:
            if kept[-1][1] is not up:
                raise InvalidLog(
                    f"two probes at {utc(at).isoformat()} contradict each other",
                    where=utc(at).isoformat(),
                    value=up,
                    remedy="Keep one of them, or give each location a log of its own",
                )
            continue
        kept.append((at, up))
    return kept


def _cadence(every: timedelta | str | Sequence[tuple[datetime, timedelta | str]]) -> tuple[tuple[int, int], ...]:
    if isinstance(every, (timedelta, str)):
        pairs = [(-(10**18), elapsed_time(every).micros)]
    else:
        pairs = sorted((to_micros(since), elapsed_time(spacing).micros) for since, spacing in every)
    for _, spacing in pairs:
        if spacing <= 0:
            raise InvalidLog("probes need time between them", where="every", value=every, remedy='Write "1m" or "5m"')
    if not pairs:
        raise InvalidLog("no spacing is given", where="every", remedy='Write "1m" or "5m"')
    return tuple(pairs)
