"""
Outages: the runs of time that was not up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sla_engine.instants import from_micros
from sla_engine.spans import Span
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.readings import DowntimeBounds
from sla_engine.uptime.stretches import ALL, NOTHING, Stretch


@dataclass(frozen=True, slots=True)
class Outage:
    """
    A run of time that was not up, with some of it down for certain: from the last good look before it to the next
    good one after it, how much of it was down at least and at most, and who says so.
    """

    span: Span
    downtime: DowntimeBounds
    sources: tuple[str, ...]


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
                yield _outage(run, like)
            run, is_down = [], False
    if is_down:
        yield _outage(run, like)


def _outage(run: list[Stretch], like: datetime) -> Outage:
    # Whole numbers as long as nothing is down by a part: fractions take their time.
    least: int | Fraction = 0
    most: int | Fraction = 0
    for start, end, _, low, high, *_ in run:
        length = end - start
        least += length if low is ALL else 0 if low is NOTHING else low * length
        most += length if high is ALL else high * length
    bounds = DowntimeBounds(Downtime(least), Downtime(Fraction(least + most) / 2), Downtime(most))
    span = Span(from_micros(run[0].start, like), from_micros(run[-1].end, like))
    return Outage(span, bounds, tuple(dict.fromkeys(one.source for one in run if one.source)))
