"""
What probes can know: between two of them nothing was looked at, and the time between a good and a failed one is
uncertain.

The rule: the state does not flip between two equal neighbours. In a run of failed probes the time from the first to
the last is down; from the last good one before it, and to the next good one after it, is uncertain. Where two
neighbours lie too far apart nothing is known, except for half a spacing after the one and before the other. After the
last probe nothing is known: what is said of a time is never taken back when more probes come.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import compress, islice
from math import floor
from operator import itemgetter, sub
from typing import Any, Literal, NamedTuple

from typing_extensions import override

from sla_engine.amounts import duration_text, elapsed_time
from sla_engine.errors import InvalidLog
from sla_engine.instants import to_micros, utc

State = Literal["up", "down", "uncertain", "unknown"]
Known = tuple[int, int, State, int]
"""A stretch of time: from, to, its state, and the instant of the probe that tells it."""
Every = timedelta | str | Sequence[tuple[datetime, timedelta | str]]
"""The spacing that is meant: one, or pairs of an instant and the spacing from it on."""
Cadence = tuple[tuple[int, int], ...]
"""Pairs of an instant and the spacing from it on, in microseconds and in order."""

BLOCK = 512
"""So many pairs of neighbours share one figure for the widest of them."""
BEYOND = 2**60
"""Instants lie between this and its negative, in microseconds; the years 1 to 9999 do."""
_ALWAYS = -(10**18)
_FAILED = re.compile(rb"\x00+")


class Meant(NamedTuple):
    """What is said of a log beside its probes, checked."""

    cadence: Cadence
    gap: Fraction
    location: str
    late: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, every: Every, gap: int | Fraction, location: str, late: Iterable[tuple[int, int]]) -> Meant:
        """Check what is said; raises `InvalidLog`."""
        return cls(_cadence(every), _gap(gap), location, _late(late))


@dataclass(frozen=True, slots=True, repr=False)
class ProbeLog:
    """
    The probes of one service from one place: instants, and whether each found it up.

    `every` is the spacing that is meant, or pairs of an instant and the spacing from it on, for a cadence that
    changed. Two neighbours more than `gap` spacings apart leave the time between them unknown. `late` are pairs of a
    probe's instant and the instant at which it came in, for those that came later than they were made.

    Made of pairs of an aware datetime and a boolean, in any order. A probe at the same instant as another is refused
    unless it says the same. Raises `InvalidLog`, and the errors of instants.
    """

    _instants: memoryview[int] = field(hash=False)
    _ups: bytes
    cadence: Cadence
    gap: Fraction
    location: str
    late: tuple[tuple[int, int], ...]
    # What whole logs are compared for once, because a year has half a million probes and few of them matter: the
    # probes after which something changes, those of them that have a gap after them, and by blocks the longest time
    # between two good neighbours.
    turns: tuple[int, ...]
    far: frozenset[int]
    widest: tuple[int, ...]

    @classmethod
    def of(
        cls,
        probes: Iterable[tuple[datetime, bool]],
        *,
        every: Every,
        gap: int | Fraction = 2,
        location: str = "",
        late: Iterable[tuple[datetime, datetime]] = (),
    ) -> ProbeLog:
        """Make a log of pairs of an instant and whether the service was up."""
        rows = probes if isinstance(probes, list) else list(probes)
        instants = [to_micros(at) for at, _ in rows]
        ups = list(map(itemgetter(1), rows))
        came_in = [(to_micros(at), to_micros(came)) for at, came in late]
        return _checked(instants, ups, Meant.of(every, gap, location, came_in))

    @classmethod
    def of_micros(
        cls,
        probes: Iterable[tuple[int, bool]],
        *,
        every: Every,
        gap: int | Fraction = 2,
        location: str = "",
        late: Iterable[tuple[int, int]] = (),
    ) -> ProbeLog:
        """Make a log of pairs of microseconds since 1970 UTC and whether the service was up."""
        rows = probes if isinstance(probes, list) else list(probes)
        meant = Meant.of(every, gap, location, late)
        return _checked(list(map(itemgetter(0), rows)), list(map(itemgetter(1), rows)), meant)

    @property
    def instants(self) -> tuple[int, ...]:
        """The instants of the probes, in microseconds since 1970 UTC and in order."""
        return tuple(self._instants)

    @property
    def ups(self) -> tuple[bool, ...]:
        """Whether each found the service up."""
        return tuple(map(bool, self._ups))

    @property
    def last(self) -> int | None:
        """The instant of the last probe, in microseconds since 1970 UTC; None without probes."""
        return self._instants[-1] if self._instants else None

    def __len__(self) -> int:
        return len(self._instants)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        rest = tuple(getattr(self, one.name) for one in fields(self)[1:])
        return _restored, (self._instants.tobytes(), *rest)

    @override
    def __repr__(self) -> str:
        where = f" from {self.location!r}" if self.location else ""
        spacings = ", ".join(duration_text(spacing) for _, spacing in self.cadence)
        if not self._instants:
            return f"<ProbeLog{where}: no probes, every {spacings}>"
        first, last = (utc(self._instants[place]).isoformat() for place in (0, -1))
        return f"<ProbeLog{where}: {len(self)} probes every {spacings}, {first} to {last}>"

    def spacing(self, at: int) -> int:
        """Return the spacing that is meant at an instant, in microseconds."""
        return spacing_at(self.cadence, at)

    def as_of(self, at: int) -> ProbeLog:
        """Return the log without the probes that had not come in at an instant, in microseconds since 1970 UTC."""
        missing = {made for made, came in self.late if came > at}
        if not missing:
            return self
        rows = [(made, up) for made, up in zip(self._instants, self.ups, strict=True) if made not in missing]
        there = tuple(one for one in self.late if one[0] not in missing)
        meant = Meant(self.cadence, self.gap, self.location, there)
        return _compiled([made for made, _ in rows], [up for _, up in rows], meant)

    def states(self, lo: int, hi: int, *, at: int | None = None) -> Iterator[Known]:
        """
        Yield what is known of [lo, hi), in stretches that follow one another.

        Probes outside are used, those after `at`, or not there yet at that instant, are not: nobody knew of them.
        """
        log = self if at is None else self.as_of(at)
        for start, end, state, source in log._stretches(lo, hi, at):
            if start >= lo and end <= hi:
                if start < end:
                    yield start, end, state, source
            elif max(start, lo) < min(end, hi):
                yield max(start, lo), min(end, hi), state, source

    def _known(self, at: int | None) -> int:
        """Return how many probes are known at an instant."""
        return len(self._instants) if at is None else bisect_right(self._instants, at)

    def _stretches(self, lo: int, hi: int, at: int | None) -> Iterator[Known]:
        instants, ups = self._instants, self._ups
        known = self._known(at)
        if not known:
            yield lo, hi, "unknown", lo
            return
        first = min(max(bisect_right(instants, lo) - 1, 0), known - 1)
        last = min(bisect_left(instants, hi), known - 1)
        if lo < instants[first]:
            half = self.spacing(instants[first]) // 2
            yield lo, instants[first] - half, "unknown", instants[first]
            yield max(lo, instants[first] - half), instants[first], _state(ups[first]), instants[first]
        yield from self._between(first, last)
        if hi > instants[last]:
            yield instants[last], hi, "unknown", instants[last]

    def _between(self, first: int, last: int) -> Iterator[Known]:
        """Yield what is known between two probes of the log, equal neighbours together."""
        instants, ups, turns = self._instants, self._ups, self.turns
        place = bisect_left(turns, first)
        # The source of a run is its first probe, wherever the window begins.
        told = turns[place - 1] + 1 if place else 0
        run = instants[first]
        for number in islice(turns, place, bisect_left(turns, last)):
            start, end = instants[number], instants[number + 1]
            before, after = ups[number], ups[number + 1]
            if run < start:
                yield run, start, _state(before), instants[told]
            if number not in self.far:
                yield start, end, "uncertain", end if before else start
            else:
                middle = (end - start) // 2
                half, other = (min(self.spacing(one) // 2, middle) for one in (start, end))
                yield start, start + half, _state(before), start
                yield start + half, end - other, "unknown", start
                yield end - other, end, _state(after), end
            run, told = end, number + 1
        if run < instants[last]:
            yield run, instants[last], _state(ups[last]), instants[told]

    def longest_unseen(self, lo: int, hi: int, *, at: int | None = None) -> int:
        """
        Return the length that no unseen outage reaches in [lo, hi), in microseconds: the longest time between two good
        probes that follow one another without a gap.
        """
        if at is not None and (log := self.as_of(at)) is not self:
            return log.longest_unseen(lo, hi, at=at)
        instants = self._instants
        first = max(bisect_right(instants, lo) - 1, 0)
        last = min(bisect_left(instants, hi), self._known(at) - 1)
        longest = 0
        for number in {first, last - 1}:
            if first <= number < last and next(self._good(number, number + 1), None):
                longest = max(longest, min(instants[number + 1], hi) - max(instants[number], lo))
        start, stop = first + 1, last - 1
        begin, end = -(-start // BLOCK), stop // BLOCK
        if begin >= end:
            return max(longest, self._widest_of(start, stop))
        whole = max(self.widest[begin:end])
        return max(longest, whole, self._widest_of(start, begin * BLOCK), self._widest_of(end * BLOCK, stop))

    def _good(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the runs of pairs of good neighbours among those from one number to another."""
        yield from good_runs(self._ups, self.turns, start, stop)

    def _widest_of(self, start: int, stop: int) -> int:
        longest = 0
        for one, other in self._good(start, stop):
            run = self._instants[one : other + 1]
            widest = max(map(sub, islice(run, 1, None), run))
            longest = max(longest, widest)
        return longest


def good_runs(ups: bytes, turns: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """
    Yield the runs of pairs of good neighbours, near each other, among the pairs from one number to another.

    A pair has the number of its first probe.
    """
    place = bisect_left(turns, start)
    while start < stop:
        end = min(turns[place], stop) if place < len(turns) else stop
        if ups[start] and start < end:
            yield start, end
        start, place = end + 1, place + 1


def _state(up: int) -> State:
    return "up" if up else "down"


def spacing_at(cadence: Cadence, at: int) -> int:
    """Return the spacing that a cadence means at an instant, in microseconds."""
    if len(cadence) == 1:
        return cadence[0][1]
    return cadence[max(bisect_right(cadence, at, key=itemgetter(0)) - 1, 0)][1]


def limit_of(cadence: Cadence, gap: Fraction, start: int, end: int) -> int:
    """Return how far apart two neighbours may lie, in microseconds: by the coarsest spacing meant between them."""
    first = max(bisect_right(cadence, start, key=itemgetter(0)) - 1, 0)
    last = max(bisect_right(cadence, end, key=itemgetter(0)), first + 1)
    return floor(gap * max(spacing for _, spacing in cadence[first:last]))


def _restored(instants: bytes, *rest: Any) -> ProbeLog:
    return ProbeLog(memoryview(instants).cast("q"), *rest)


def _checked(instants: list[int], ups: list[bool], meant: Meant) -> ProbeLog:
    for number, up in enumerate(ups if set(map(type, ups)) - {bool} else ()):
        if up is not True and up is not False:
            raise InvalidLog(
                f"the state of a probe is {up!r}, where True (up) or False (down) is expected",
                where=f"probe {number}",
                value=up,
                remedy="Say with a boolean whether the service was up",
            )
    return _compiled(instants, ups, meant)


def _compiled(instants: list[int], ups: list[bool], meant: Meant) -> ProbeLog:
    apart = list(map(sub, islice(instants, 1, None), instants))
    if apart and min(apart) <= 0:
        instants, ups = _sorted(instants, ups)
        apart = list(map(sub, islice(instants, 1, None), instants))
    if instants and not -BEYOND < instants[0] <= instants[-1] < BEYOND:
        raise out_of_time()
    said = bytes(ups)
    flips = [edge - 1 for run in _FAILED.finditer(said) for edge in run.span() if 0 < edge < len(said)]
    far = frozenset(_far(instants, apart, meant))
    turns = tuple(sorted(far.union(flips)))
    widest = tuple(
        max(
            (max(apart[one:other]) for one, other in good_runs(said, turns, start, min(start + BLOCK, len(apart)))),
            default=0,
        )
        for start in range(0, len(apart), BLOCK)
    )
    return ProbeLog(memoryview(array("q", instants)).toreadonly(), said, *meant, turns, far, widest)


def _far(instants: list[int], apart: list[int], meant: Meant) -> Iterator[int]:
    """Yield the probes that have a gap after them."""
    cadence, gap, *_ = meant
    finest = floor(gap * min(spacing for _, spacing in cadence))
    if not apart or max(apart) <= finest:
        return
    for number in compress(range(len(apart)), map(finest.__lt__, apart)):
        if len(cadence) == 1 or apart[number] > limit_of(cadence, gap, instants[number], instants[number + 1]):
            yield number


def _sorted(instants: list[int], ups: list[bool]) -> tuple[list[int], list[bool]]:
    rows = sorted(zip(instants, ups, strict=True), key=itemgetter(0))
    kept: list[tuple[int, bool]] = []
    for at, up in rows:
        if kept and kept[-1][0] == at:
            if kept[-1][1] is not up:
                raise contradiction(at)
            continue
        kept.append((at, up))
    return [at for at, _ in kept], [up for _, up in kept]


def out_of_time() -> InvalidLog:
    """Return the error for probes at instants that no calendar has."""
    return InvalidLog(
        "a probe lies outside of the years 1 to 9999",
        where="probes",
        remedy="Give microseconds since 1970 UTC: look at the unit of the instants",
    )


def contradiction(at: int) -> InvalidLog:
    """Return the error for two probes at one instant that do not say the same."""
    when = utc(at).isoformat()
    return InvalidLog(
        f"two probes at {when} contradict each other",
        where=when,
        remedy="Keep one of them, or give each location a log of its own",
    )


def _gap(gap: int | Fraction) -> Fraction:
    """Return how many spacings two neighbours may lie apart; raises `InvalidLog` for less than one."""
    if not isinstance(gap, (int, Fraction)) or gap < 1:  # type: ignore[redundant-expr]
        raise InvalidLog(
            f"a gap of {gap} spacings would make the time between regular probes unknown",
            where="gap",
            value=gap,
            remedy="Give 1 or more",
        )
    return Fraction(gap)


def _late(late: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the probes that came in late, in order; raises `InvalidLog` for one that came before it was made."""
    found = tuple(sorted(late))
    for made, came in found:
        if came < made:
            raise InvalidLog(
                f"the probe of {utc(made).isoformat()} came in at {utc(came).isoformat()}, before it was made",
                where="late",
                value=came,
                remedy="Mend the log",
            )
    return found


def _cadence(every: Every) -> Cadence:
    """Return the cadence that is meant, in microseconds; raises `InvalidLog`."""
    if isinstance(every, (timedelta, str)):
        pairs = [(_ALWAYS, elapsed_time(every).micros)]
    else:
        pairs = sorted((to_micros(since), elapsed_time(spacing).micros) for since, spacing in every)
    for _, spacing in pairs:
        if spacing <= 0:
            raise InvalidLog("probes need time between them", where="every", value=every, remedy='Write "1m" or "5m"')
    if not pairs:
        raise InvalidLog("no spacing is given", where="every", remedy='Write "1m" or "5m"')
    return tuple(pairs)
