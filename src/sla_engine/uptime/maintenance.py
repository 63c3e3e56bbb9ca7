"""
Maintenance: time that a contract excuses, under its conditions: announced, in time, and within its caps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from sla_engine.amounts import duration_text
from sla_engine.data import Data
from sla_engine.errors import InvalidAmount, InvalidLog, InvalidPolicy, SlaError
from sla_engine.instants import micros_of, to_micros
from sla_engine.targets import DurationField

Excuse = Literal["excused", "unexcused"]
Excused = tuple[int, int, Excuse, str, str]
"""A stretch of maintenance: from, to, whether it is excused, its id, and why it is not."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """
    Planned work: when it was announced, and the span that was planned. What lasts longer than planned is no
    maintenance.

    Without `announced_at` it was not announced. An `emergency` needs no notice where the conditions say so. Raises
    `InvalidLog` for one that ends before it starts.
    """

    id: str
    start: datetime = field(compare=False)
    end: datetime = field(compare=False)
    announced_at: datetime | None = field(default=None, compare=False)
    emergency: bool = False
    micros: tuple[int, int, int | None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        start, end = to_micros(self.start), to_micros(self.end)
        announced = None if self.announced_at is None else to_micros(self.announced_at)
        if end < start:
            raise InvalidLog(
                f"{self.id!r} ends at {self.end.isoformat()}, before it starts at {self.start.isoformat()}",
                where=self.id,
                value=self.end,
                remedy="Mend the calendar",
            )
        object.__setattr__(self, "micros", (start, end, announced))

    def is_known(self, at: int) -> bool:
        """Whether it was announced at an instant, in microseconds since 1970 UTC, or never is."""
        announced = self.micros[2]
        return announced is None or announced <= at


class MaintenanceTerms(Data, frozen=True):
    """
    When maintenance is excused: with how much notice, for how long at a time, and for how long in the window.

    `notice` is the least time between the announcement and the start; over a cap, the last part counts as downtime.
    Times are `timedelta` or text; None is no condition. `emergencies` says whether an emergency is excused without
    notice, and `excused=False` that nothing is.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    notice: DurationField | None = None
    cap_per_event: DurationField | None = None
    cap_per_window: DurationField | None = None
    emergencies: bool = False
    excused: bool = True

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            notice: str | timedelta | None = None,
            cap_per_event: str | timedelta | None = None,
            cap_per_window: str | timedelta | None = None,
            emergencies: bool = False,
            excused: bool = True,
        ) -> None: ...

    @field_validator("notice", "cap_per_event", "cap_per_window")
    @classmethod
    def _possible(cls, length: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if length is not None and length < timedelta():
            said = duration_text(micros_of(length))
            raise InvalidAmount(f"{info.field_name} is {said}", value=said, remedy='Write "24h", or nothing')
        return length

    def _micros(self, name: str) -> int | None:
        given = getattr(self, name)
        return None if given is None else micros_of(given)

    def apply(self, planned: Iterable[Maintenance], lo: int, hi: int) -> list[Excused]:
        """
        Return the maintenance in [lo, hi) as stretches that follow one another, each excused or not, and why not.

        Where two overlap, the excused one counts. The cap of the window is used up in the order of time.
        """
        notice, per_event = self._micros("notice") or 0, self._micros("cap_per_event")
        pieces: list[Excused] = []
        for one in planned:
            start, end, announced = one.micros
            why = ""
            if not self.excused:
                why = "maintenance counts"
            elif announced is None and not (one.emergency and self.emergencies):
                why = "not announced"
            elif announced is not None and start - announced < notice and not (one.emergency and self.emergencies):
                why = "announced too late" if announced < start else "announced after it had begun"
            if why:
                pieces.append((start, end, "unexcused", one.id, why))
                continue
            allowed = end if per_event is None else min(end, start + per_event)
            pieces.append((start, allowed, "excused", one.id, ""))
            pieces.append((allowed, end, "unexcused", one.id, "longer than one may last"))
        return self._capped(_partition(pieces, lo, hi))

    def _capped(self, stretches: list[Excused]) -> list[Excused]:
        """Let only so much of a window be excused."""
        left = self._micros("cap_per_window")
        if left is None:
            return stretches
        capped: list[Excused] = []
        for start, end, excuse, name, why in stretches:
            if excuse == "unexcused":
                capped.append((start, end, excuse, name, why))
                continue
            until = min(end, start + left)
            left -= until - start
            if start < until:
                capped.append((start, until, "excused", name, ""))
            if until < end:
                capped.append((until, end, "unexcused", name, "more than the window allows"))
        return capped


def _partition(pieces: list[Excused], lo: int, hi: int) -> list[Excused]:
    """Return overlapping pieces as stretches that follow one another in [lo, hi); an excused one hides another."""
    clipped = [(max(one[0], lo), min(one[1], hi), *one[2:]) for one in pieces if max(one[0], lo) < min(one[1], hi)]
    edges = sorted({edge for one in clipped for edge in one[:2]})
    stretches: list[Excused] = []
    for start, end in pairwise(edges):
        covering = [one for one in clipped if one[0] <= start and one[1] >= end]
        if covering:
            best = min(covering, key=lambda one: (one[2] != "excused", one[0], one[3]))
            last = stretches[-1] if stretches else None
            if last is not None and last[1] == start and last[2:] == best[2:]:
                stretches[-1] = (last[0], end, *best[2:])
            else:
                stretches.append((start, end, *best[2:]))
    return stretches
