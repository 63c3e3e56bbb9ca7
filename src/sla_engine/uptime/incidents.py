"""
Incidents: what people say was down, from when to when, and how much of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.instants import to_micros
from sla_engine.shares import Share


@dataclass(frozen=True, slots=True)
class Incident:
    """
    A time in which a service was down, or a part of it: `weight` is how much (`"30%"` of it; 1 is all).

    An incident without an end lasts until the instant asked about. `recorded_at` is when it was written down, if that
    was not at once: before that, nobody knew. Raises `InvalidLog` for one that ends before it starts, and for a weight
    that is not above 0 and up to 1.
    """

    id: str
    start: datetime = field(compare=False)
    end: datetime | None = field(default=None, compare=False)
    weight: Share = Share(1)  # noqa: RUF009  (a Share cannot be changed)
    recorded_at: datetime | None = field(default=None, compare=False)
    start_micros: int = field(init=False, repr=False)
    end_micros: int | None = field(init=False, repr=False)
    recorded_micros: int | None = field(init=False, repr=False)

    if TYPE_CHECKING:

        def __init__(
            self,
            id: str,  # noqa: A002  (its usual name)
            start: datetime,
            end: datetime | None = None,
            weight: str | Fraction | Share = ...,
            recorded_at: datetime | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        start = to_micros(self.start)
        end = None if self.end is None else to_micros(self.end)
        recorded = None if self.recorded_at is None else to_micros(self.recorded_at)
        try:
            weight = Share.parse(self.weight)
        except SlaError as error:
            raise error.located(self.id) from None
        if self.end is not None and end is not None and end < start:
            raise InvalidLog(
                f"{self.id!r} ends at {self.end.isoformat()}, before it starts at {self.start.isoformat()}",
                where=self.id,
                value=self.end,
                remedy="Mend the log",
            )
        if not 0 < weight.fraction <= 1:
            raise InvalidLog(
                f"the incident {self.id!r} has a weight of {weight.fraction}",
                where=self.id,
                value=str(weight.fraction),
                remedy="Give a share above 0 and up to 100%",
            )
        object.__setattr__(self, "start_micros", start)
        object.__setattr__(self, "end_micros", end)
        object.__setattr__(self, "recorded_micros", recorded)
        object.__setattr__(self, "weight", weight)

    def until(self, at: int) -> int:
        """Return its end, or the instant asked about where it is open or ends later."""
        return at if self.end_micros is None else min(self.end_micros, at)

    def is_known(self, at: int) -> bool:
        """Whether it was written down at an instant, in microseconds since 1970 UTC."""
        return self.recorded_micros is None or self.recorded_micros <= at


Weighed = tuple[int, int, Fraction, str]
"""A stretch of time: from, to, the weight that is down, and the incident that says so."""


def merged(incidents: Iterable[Incident], lo: int, hi: int) -> list[Weighed]:
    """
    Return the incidents in [lo, hi) as stretches in order; where they overlap, the largest weight counts.

    Of equal weights the one that began first is named, and of those the first by name, however they were given.
    """
    found = sorted((one for one in incidents if max(one.start_micros, lo) < one.until(hi)), key=_age)
    edges = sorted({edge for one in found for edge in (max(one.start_micros, lo), one.until(hi))})
    stretches: list[Weighed] = []
    active: list[Incident] = []
    waiting = 0
    for start, end in pairwise(edges):
        while waiting < len(found) and found[waiting].start_micros <= start:
            active.append(found[waiting])
            waiting += 1
        active = [one for one in active if one.until(hi) > start]
        if not active:
            continue
        # They are in order of age, and max() keeps the first of equals.
        heaviest = max(active, key=lambda one: one.weight.fraction)
        last = stretches[-1] if stretches else None
        if last is not None and last[1] == start and last[2:] == (heaviest.weight.fraction, heaviest.id):
            stretches[-1] = (last[0], end, *last[2:])
        else:
            stretches.append((start, end, heaviest.weight.fraction, heaviest.id))
    return stretches


def _age(incident: Incident) -> tuple[int, str]:
    return incident.start_micros, incident.id
