"""
Service credits as data: what a contract pays back for an availability, and for an outage that was too long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator, model_validator

from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, SlaError
from sla_engine.shares import Share
from sla_engine.targets import DurationField, ShareField, listed


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
    `outage_credit` what a longer one gives; the greater of the two credits is paid.

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

    def credit(self, availability: str | Share, *, longest_outage: timedelta | None = None) -> Share:
        """Return the share of the fee that is paid back for an availability, and for the longest outage."""
        reached = Share.parse(availability)
        paid = next((tier.credit for tier in self.tiers if reached >= tier.at_least), self.below)
        if self.longest_outage is None or longest_outage is None or longest_outage <= self.longest_outage:
            return paid
        return max(paid, self.outage_credit or Share(0))
