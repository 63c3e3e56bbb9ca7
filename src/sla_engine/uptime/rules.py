"""
Rules by which a contract counts downtime: short times that are absorbed, whole clock minutes, and minutes in a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from pydantic import field_validator, model_validator

from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, SlaError
from sla_engine.instants import micros_of
from sla_engine.targets import DurationField
from sla_engine.uptime.stretches import NOTHING, Stretch, Told, joined


class CountingRules(Data, frozen=True):
    """
    What of the time that was down counts as downtime. Each rule is a length of time, and none unless given.

    They apply in this order. `absorb_up`: time that was up for less than this between two outages counts as down.
    `absorb_down`: an outage shorter than this does not count. `unit`: only whole units of the clock count, such as its
    minutes: those that were down `throughout`, or all that an outage `touched`. `least_outage`: what is left of an
    outage counts if it lasts at least this long.

    An outage is a time that was down without a break, wholly or in part; excused maintenance ends it. Units are those
    of the clock in UTC.

    >>> str(CountingRules(unit="1m", least_outage="5m").least_outage)
    '0:05:00'

    Raises `InvalidPolicy` for lengths that are none.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    absorb_up: DurationField | None = None
    absorb_down: DurationField | None = None
    unit: DurationField | None = None
    unit_counts: Literal["throughout", "touched"] = "throughout"
    least_outage: DurationField | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            absorb_up: str | timedelta | None = None,
            absorb_down: str | timedelta | None = None,
            unit: str | timedelta | None = None,
            unit_counts: Literal["throughout", "touched"] = "throughout",
            least_outage: str | timedelta | None = None,
        ) -> None: ...

    @field_validator("absorb_up", "absorb_down", "unit", "least_outage")
    @classmethod
    def _possible(cls, length: timedelta | None) -> timedelta | None:
        if length is not None and length <= timedelta():
            raise InvalidPolicy(f"no time is as short as {length}", value=str(length), remedy='Write "5m", or nothing')
        return length

    @model_validator(mode="after")
    def _together(self) -> CountingRules:
        if self.unit is None and self.unit_counts != "throughout":
            raise InvalidPolicy("unit_counts says something only with a unit", where="unit_counts", remedy="Write both")
        return self

    @property
    def reach(self) -> int:
        """How far from an instant something can matter for what counts at it, in microseconds."""
        lengths = (self.absorb_up, self.absorb_down, self.unit, self.unit, self.least_outage)
        return sum(micros_of(length) for length in lengths if length is not None)

    def apply(self, stretches: Sequence[Stretch]) -> list[Stretch]:
        """
        Return the stretches with the weights that count; what was down and does not count is up, and keeps its source.

        What is least down and what is most down are counted apart, so they remain bounds: a longer outage never counts
        less.
        """
        least = self._counted([_Part(one.start, one.end, one.least, _is_out(one), one.told) for one in stretches])
        most = self._counted([_Part(one.start, one.end, one.most, _is_out(one), one.told) for one in stretches])
        edges = sorted({part[0] for parts in (stretches, least, most) for part in parts} | {stretches[-1].end})
        found: list[Stretch] = []
        told, low, high = iter(stretches), iter(least), iter(most)
        one, lower, upper = next(told), next(low), next(high)
        for start, end in pairwise(edges):
            one = one if one.end > start else next(told)
            lower = lower if lower.end > start else next(low)
            upper = upper if upper.end > start else next(high)
            found.append(_counted_as(one, start, end, lower, upper))
        return joined(found)

    def _counted(self, parts: list[_Part]) -> list[_Part]:
        if self.absorb_up is not None:
            parts = _without_short_ups(parts, micros_of(self.absorb_up))
        if self.absorb_down is not None:
            parts = _without_short_downs(parts, micros_of(self.absorb_down))
        if self.unit is not None:
            parts = list(_in_units(parts, micros_of(self.unit), self.unit_counts))
        if self.least_outage is not None:
            parts = _without_short_downs(parts, micros_of(self.least_outage))
        return parts


class _Part(NamedTuple):
    """A time with the weight that was down, whether it is out of the count altogether, and who says so."""

    start: int
    end: int
    weight: Fraction
    is_out: bool
    told: Told


def _is_out(stretch: Stretch) -> bool:
    return stretch.maintenance == "excused"


def _counted_as(one: Stretch, start: int, end: int, low: _Part, high: _Part) -> Stretch:
    if _is_out(one) or one.state == "not_yet":
        return one._replace(start=start, end=end)
    least, most = low.weight, high.weight
    told = one.told or low.told or high.told if most else one.told
    state = one.state
    if least == most:
        state = "down" if most else "up"
    elif state in ("up", "down"):
        state = "uncertain"
    return one._replace(start=start, end=end, state=state, least=least, most=most, told=told)


def _runs(parts: list[_Part]) -> Iterator[tuple[int, int, bool]]:
    """Yield the runs of parts that are all down or all up, from one number to another, and whether they are down."""
    start = 0
    for number in range(1, len(parts) + 1):
        ends = number == len(parts) or _kind(parts[number]) != _kind(parts[start])
        if ends:
            if not parts[start].is_out:
                yield start, number, bool(parts[start].weight)
            start = number


def _kind(part: _Part) -> tuple[bool, bool]:
    return part.is_out, bool(part.weight)


def _without_short_ups(parts: list[_Part], length: int) -> list[_Part]:
    changed = list(parts)
    for first, stop, down in _runs(parts):
        if down or first == 0 or stop == len(parts) or parts[stop - 1].end - parts[first].start >= length:
            continue
        before, after = parts[first - 1], parts[stop]
        if before.is_out or after.is_out:
            continue
        for number in range(first, stop):
            weight = min(before.weight, after.weight)
            changed[number] = changed[number]._replace(weight=weight, told=before.told or after.told)
    return changed


def _without_short_downs(parts: list[_Part], length: int) -> list[_Part]:
    changed = list(parts)
    for first, stop, down in _runs(parts):
        if down and parts[stop - 1].end - parts[first].start < length:
            changed[first:stop] = [part._replace(weight=NOTHING) for part in parts[first:stop]]
    return changed


def _in_units(parts: list[_Part], unit: int, counts: Literal["throughout", "touched"]) -> Iterator[_Part]:
    """Yield the parts with one weight for each whole unit: the least in it, or the most."""
    edges = {edge for part in parts for edge in (part.start // unit * unit, -(-part.end // unit) * unit)}
    edges |= {edge for part in parts for edge in (-(-part.start // unit) * unit, part.end // unit * unit)}
    weigh = min if counts == "throughout" else max
    place = 0
    for start, end in pairwise(sorted(edges)):
        while parts[place].end <= start:
            place += 1
        number = place
        inside: list[_Part] = []
        while number < len(parts) and parts[number].start < end:
            inside.append(parts[number])
            number += 1
        whole = inside[0].start <= start and inside[-1].end >= end
        in_count = [NOTHING if part.is_out else part.weight for part in inside]
        weight = weigh(in_count if whole or counts == "touched" else [*in_count, NOTHING])
        told = next((part.told for part in inside if part.weight and part.told), "")
        for part in inside:
            clipped = part._replace(start=max(part.start, start), end=min(part.end, end))
            yield clipped if part.is_out else clipped._replace(weight=weight, told=part.told or told)
