"""
What was decided afterwards of a time: that it was up or down after all, that it is excused, or that it is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

from sla_engine.errors import InvalidLog
from sla_engine.instants import to_micros

Decision = Literal["up", "down", "excused", "unexcused"]
Ruled = tuple[int, int, Decision, str]
"""A stretch of time: from, to, what was decided of it, and by which reclassification."""
_DECISIONS = ("up", "down", "excused", "unexcused")


@dataclass(frozen=True, slots=True)
class Reclassification:
    """
    A decision on a time that is over: it was `up` (a false alarm), it was `down`, it is `excused`, or it is not.

    It is known from `decided_at` on, so that what was said before stays as it was said. Where two overlap, the later
    decision holds. Raises `InvalidLog` for one that ends before it starts, and for another decision.
    """

    id: str
    start: datetime = field(compare=False)
    end: datetime = field(compare=False)
    decision: Decision
    decided_at: datetime = field(compare=False)
    reason: str = ""
    micros: tuple[int, int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        start, end, decided = to_micros(self.start), to_micros(self.end), to_micros(self.decided_at)
        if end < start:
            raise InvalidLog(
                f"{self.id!r} ends at {self.end.isoformat()}, before it starts at {self.start.isoformat()}",
                where=self.id,
                value=self.end,
                remedy="Mend the log",
            )
        if self.decision not in _DECISIONS:
            raise InvalidLog(
                f"{self.id!r} decides {self.decision!r}",
                where=self.id,
                value=self.decision,
                remedy=f"Write one of {', '.join(_DECISIONS)}",
            )
        object.__setattr__(self, "micros", (start, end, decided))

    @property
    def source(self) -> str:
        """Its name, and its reason."""
        return f"{self.id}: {self.reason}" if self.reason else self.id


def ruled(decisions: Iterable[Reclassification], lo: int, hi: int, at: int) -> list[Ruled]:
    """
    Return the decisions on [lo, hi) that were known at an instant, as stretches in order; the latest hides others.

    Of two that were taken at once, the one that comes last by its id holds.
    """
    known = sorted(
        (one for one in decisions if one.micros[2] <= at and max(one.micros[0], lo) < min(one.micros[1], hi)),
        key=lambda one: (one.micros[2], one.id),
    )
    edges = sorted({edge for one in known for edge in (max(one.micros[0], lo), min(one.micros[1], hi))})
    stretches: list[Ruled] = []
    for start, end in pairwise(edges):
        covering = [one for one in known if one.micros[0] <= start and one.micros[1] >= end]
        if covering:
            stretches.append((start, end, covering[-1].decision, covering[-1].source))
    return stretches
