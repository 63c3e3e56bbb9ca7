"""
Outages: the runs of time that was not up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from sla_engine.instants import from_micros
from sla_engine.spans import Span
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.readings import DowntimeBounds
from sla_engine.uptime.stretches import Stretch


@dataclass(frozen=True, slots=True)
class Outage:
    """
    A run of time that was not up, with some of it down for certain: from the last good look before it to the next
    good one after it, how much of it was down at least and at most, and who says so.
    """

    stretches: tuple[Stretch, ...]
    like: datetime = field(repr=False, compare=False)

    @property
    def span(self) -> Span:
        """When it was."""
        return Span(from_micros(self.stretches[0].start, self.like), from_micros(self.stretches[-1].end, self.like))

    @property
    def downtime(self) -> DowntimeBounds:
        """How much of it was down."""
        least = sum((one.least * one.length for one in self.stretches), Fraction(0))
        most = sum((one.most * one.length for one in self.stretches), Fraction(0))
        return DowntimeBounds(Downtime(least), Downtime((least + most) / 2), Downtime(most))

    @property
    def sources(self) -> tuple[str, ...]:
        """Who says so."""
        return tuple(dict.fromkeys(one.source for one in self.stretches if one.told))


def outages_of(stretches: Iterable[Stretch], like: datetime) -> Iterator[Outage]:
    """Yield the outages in order, without those in excused maintenance; their times are like another."""
    run: list[Stretch] = []
    is_down = False
    for stretch in stretches:
        state = stretch.state
        if (state in ("down", "uncertain")) and stretch.maintenance != "excused":
            run.append(stretch)
            is_down = is_down or state == "down"
        elif run:
            if is_down:
                yield Outage(tuple(run), like)
            run, is_down = [], False
    if is_down:
        yield Outage(tuple(run), like)
