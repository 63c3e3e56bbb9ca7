"""
Service credits as data: what a contract pays back for an availability, and for an outage that was too long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator, model_validator

from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, SlaError
from sla_engine.instants import micros_of, utc
from sla_engine.shares import Share
from sla_engine.spans import Span
from sla_engine.targets import DurationField, ShareField, listed
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.readings import Base, DowntimeBounds, Unknown, longest_outage

if TYPE_CHECKING:
    from sla_engine.uptime.reports import UptimeReport

_HOUR = micros_of(timedelta(hours=1))


class CreditTier(Data, frozen=True):
    """A step of a scheme: from an availability on (inclusive), the share of the fee that is paid back."""

    error: ClassVar[type[SlaError]] = InvalidPolicy

    at_least: ShareField
    credit: ShareField

    if TYPE_CHECKING:

        def __init__(self, *, at_least: str | Share, credit: str | Share) -> None: ...


class CreditScheme(Data, frozen=True):
    """
    What is paid back: the credit of the first tier whose availability is reached, best first, and `below` under all
    of them.

    A contract may also pay for one long outage: `longest_outage` is how long one may last (inclusive),
    `outage_credit` what a longer one gives; the greater of the two credits is paid. And it may charge nothing for a
    clock hour in which more than `hour_down` was down.

    >>> compute = CreditScheme(
    ...     name="compute",
    ...     tiers=[{"at_least": "99.99%", "credit": "0%"}, {"at_least": "99%", "credit": "10%"}],
    ...     below="100%",
    ... )
    >>> str(compute.credit(Share.parse("99.5%")))
    '10.00%'

    Raises `InvalidPolicy` for tiers that are out of order.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    source: str = ""
    tiers: tuple[CreditTier, ...] = Field(min_length=1)
    below: ShareField
    longest_outage: DurationField | None = None
    outage_credit: ShareField | None = None
    hour_down: DurationField | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str,
            source: str = "",
            tiers: Iterable[CreditTier | dict[str, str]],
            below: str | Share,
            longest_outage: str | timedelta | None = None,
            outage_credit: str | Share | None = None,
            hour_down: str | timedelta | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _whole(self) -> CreditScheme:
        shares = [self.below, *(share for tier in self.tiers for share in (tier.at_least, tier.credit))]
        shares += [] if self.outage_credit is None else [self.outage_credit]
        for share in shares:
            if not 0 <= share.fraction <= 1:
                raise InvalidPolicy(
                    f"{share.exact_text} is no share of a fee or of time",
                    value=str(share.fraction),
                    remedy='Write a share from "0%" to "100%"',
                )
        if self.below < self.tiers[-1].credit:
            raise InvalidPolicy(
                f"below all tiers it pays {self.below.exact_text}, which is less than the last of them",
                where="below",
                value=str(self.below.fraction),
                remedy="Pay no less for a lower availability",
            )
        if (self.longest_outage is None) is not (self.outage_credit is None):
            raise InvalidPolicy(
                "longest_outage and outage_credit say something only together",
                where="longest_outage" if self.outage_credit is None else "outage_credit",
                remedy="Write both, or neither",
            )
        return self

    @field_validator("tiers", mode="before")
    @classmethod
    def _read_tiers(cls, given: object) -> object:
        return listed(given, CreditTier)

    @field_validator("longest_outage")
    @classmethod
    def _possible(cls, longest: timedelta | None) -> timedelta | None:
        if longest is not None and longest < timedelta():
            raise InvalidPolicy(f"no outage is as short as {longest}", value=longest, remedy='Write "15m"')
        return longest

    @field_validator("hour_down")
    @classmethod
    def _within_an_hour(cls, most: timedelta | None) -> timedelta | None:
        if most is not None and not timedelta() <= most < timedelta(hours=1):
            raise InvalidPolicy(f"no more than {most} of an hour can be down", value=most, remedy='Write "6m"')
        return most

    @field_validator("tiers")
    @classmethod
    def _falling(cls, tiers: tuple[CreditTier, ...]) -> tuple[CreditTier, ...]:
        if any(worse.at_least >= better.at_least or worse.credit < better.credit for better, worse in pairwise(tiers)):
            raise InvalidPolicy(
                "the tiers are not in order: each is for a lower availability than the one before, and pays no less",
                value=tiers,
                remedy="Write the best availability first",
            )
        return tiers

    def credit(self, availability: str | Share, *, longest_outage: timedelta | Downtime | None = None) -> Share:
        """Return the share of the fee that is paid back for an availability, and for the longest outage."""
        reached = Share.parse(availability)
        paid = next((tier.credit for tier in self.tiers if reached >= tier.at_least), self.below)
        if self.longest_outage is None or longest_outage is None or longest_outage <= self.longest_outage:
            return paid
        return max(paid, self.outage_credit or Share(0))

    def assess(
        self, report: UptimeReport, *, unknown: Unknown | None = None, base: Base | None = None
    ) -> CreditReading:
        """
        Return what is paid back for a report: at least, as expected, and at most.

        `unknown` and `base` are how the report is read, and those of the report unless given. The least goes with the
        least downtime and the shortest that the longest outage can have been, the most with the most of both. A partial
        outage is as long as a whole one, excused maintenance ends it, and only what lies in the window counts.

        Where no time is left to take a share of, nothing was promised, and nothing is paid.
        """
        reading = report.reading(unknown=unknown, base=base)
        longest = longest_outage(report.stretches, reading.unknown)
        if not reading.base_micros:
            return CreditReading(Share(0), Share(0), Share(0), None, longest)
        down = (reading.downtime.lower, reading.downtime.expected, reading.downtime.upper)
        reached = [Share(1 - one.micros / reading.base_micros) for one in down]
        lasted = (longest.lower, longest.expected, longest.upper)
        pairs = zip(reached, lasted, strict=True)
        least, expected, most = (self.credit(up, longest_outage=outage) for up, outage in pairs)
        return CreditReading(least, expected, most, AvailabilityBounds(*reached), longest)

    def free_hours(self, report: UptimeReport) -> tuple[Span, ...]:
        """
        Return the clock hours of UTC in which more than `hour_down` was down for certain, as far as they lie in the
        window; none without `hour_down`.

        Excused maintenance is not down. Time of which nothing is known, and what is uncertain, may hold more of them.
        """
        if self.hour_down is None:
            return ()
        lo, hi = report.period.span.micros
        down: dict[int, Fraction] = {}
        for stretch in report.stretches:
            if stretch.maintenance == "excused" or not stretch.least:
                continue
            for hour in range(stretch.start // _HOUR * _HOUR, stretch.end, _HOUR):
                length = min(stretch.end, hour + _HOUR) - max(stretch.start, hour)
                down[hour] = down.get(hour, Fraction(0)) + stretch.least * length
        most = micros_of(self.hour_down)
        free = (hour for hour, micros in sorted(down.items()) if micros > most)
        return tuple(Span(utc(max(hour, lo)), utc(min(hour + _HOUR, hi))) for hour in free)


@dataclass(frozen=True, slots=True)
class AvailabilityBounds:
    """The share of time that was up: at most, as expected, and at least."""

    highest: Share
    expected: Share
    lowest: Share


@dataclass(frozen=True, slots=True)
class CreditReading:
    """
    The share of the fee that is paid back: at least, as expected, and at most; and what says so.

    `least` belongs to the highest availability and the shortest `longest_outage`, `most` to the lowest and the longest.
    `availability` is None where there was no time to be up in.
    """

    least: Share
    expected: Share
    most: Share
    availability: AvailabilityBounds | None
    longest_outage: DowntimeBounds
