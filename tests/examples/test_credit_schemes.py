"""
Credits of well-known contracts as data, at their boundaries.

The numbers are those of the contracts of AWS, Google and Microsoft; check the live page of a product before relying on
them. The boundaries are worked out by hand for a month of 30 days, which has 43 200 minutes.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from sla_engine import Budget, CreditScheme, Downtime, Month, Share

MONTH = Month(2026, 4, zone="UTC")
MICROSECOND = timedelta(microseconds=1)


def tiers(*steps: tuple[str, str]) -> list[dict[str, str]]:
    return [{"at_least": at_least, "credit": credit} for at_least, credit in steps]


AWS_COMPUTE = CreditScheme(
    name="AWS Compute, region",
    source="https://aws.amazon.com/compute/sla/",
    tiers=tiers(("99.99%", "0%"), ("99.0%", "10%"), ("95.0%", "30%")),
    below="100%",
)
AWS_INSTANCE = CreditScheme(
    name="AWS EC2, instance",
    source="https://aws.amazon.com/compute/sla/",
    tiers=tiers(("99.5%", "0%"), ("99.0%", "10%"), ("95.0%", "30%")),
    below="100%",
)
AWS_S3 = CreditScheme(
    name="AWS S3 Standard",
    source="https://aws.amazon.com/s3/sla/",
    tiers=tiers(("99.9%", "0%"), ("99.0%", "10%"), ("95.0%", "25%")),
    below="100%",
)
AZURE_VM = CreditScheme(
    name="Azure virtual machines",
    tiers=tiers(("99.99%", "0%"), ("99%", "10%"), ("95%", "25%")),
    below="100%",
)
GCP = CreditScheme(
    name="GCP Compute",
    source="https://cloud.google.com/compute/sla",
    tiers=tiers(("99.99%", "0%"), ("99.0%", "10%"), ("95.0%", "25%")),
    below="50%",
)

# For each: the downtime up to which a step is paid, and the credit up to it; then the credit of all that is longer.
STEPS: list[tuple[CreditScheme, list[tuple[str, str]], str]] = [
    (AWS_COMPUTE, [("4m19.2s", "0.00%"), ("432m", "10.00%"), ("2160m", "30.00%")], "100.00%"),
    (AWS_INSTANCE, [("216m", "0.00%"), ("432m", "10.00%"), ("2160m", "30.00%")], "100.00%"),
    (AWS_S3, [("43m12s", "0.00%"), ("432m", "10.00%"), ("2160m", "25.00%")], "100.00%"),
    (AZURE_VM, [("4m19.2s", "0.00%"), ("432m", "10.00%"), ("2160m", "25.00%")], "100.00%"),
    (GCP, [("4m19.2s", "0.00%"), ("432m", "10.00%"), ("2160m", "25.00%")], "50.00%"),
]


def reached(downtime: Downtime | timedelta | str) -> Share:
    return Budget("99%", MONTH).availability(downtime)


@pytest.mark.parametrize(("scheme", "steps", "last"), STEPS, ids=lambda one: getattr(one, "name", ""))
def test_a_step_is_paid_up_to_its_boundary_and_a_microsecond_later_the_next(
    scheme: CreditScheme, steps: list[tuple[str, str]], last: str
) -> None:
    assert str(scheme.credit(reached("0s"))) == steps[0][1]
    following = [credit for _, credit in steps[1:]] + [last]
    for (boundary, credit), after in zip(steps, following, strict=True):
        assert str(scheme.credit(reached(boundary))) == credit
        assert str(scheme.credit(reached(Downtime.of(boundary) + MICROSECOND))) == after
    assert str(scheme.credit(reached("720h"))) == last


@pytest.mark.parametrize(
    ("scheme", "availability", "credit"),
    [
        (AWS_COMPUTE, "99.99%", "0%"),
        (AWS_COMPUTE, "99.989%", "10%"),
        (AWS_COMPUTE, "99.0%", "10%"),
        (AWS_COMPUTE, "98.999%", "30%"),
        (AWS_COMPUTE, "94.9999%", "100%"),
        (AWS_INSTANCE, "99.5%", "0%"),
        (AWS_INSTANCE, "99.49%", "10%"),
        (AWS_INSTANCE, "94.99%", "100%"),
        (AWS_S3, "98%", "25%"),  # of a bill of 100 dollars, 25
        (AWS_S3, "94%", "100%"),
        (AZURE_VM, "98.9%", "25%"),
        (AZURE_VM, "94.9%", "100%"),
        (GCP, "98.9%", "25%"),
        (GCP, "94.9%", "50%"),
    ],
)
def test_an_availability_as_the_contract_writes_it(scheme: CreditScheme, availability: str, credit: str) -> None:
    assert scheme.credit(availability) == scheme.credit(Share.parse(availability)) == Share.parse(credit)


def test_the_credit_is_for_what_was_and_not_for_what_is_printed() -> None:
    # 4 minutes 20 seconds: rounded to two places, it would be 99.99 %, and nothing would be paid.
    availability = reached("4m20s")
    assert f"{100 * (1 - 260 / 2_592_000):.2f}" == "99.99"
    assert str(availability) == "99.98%"
    assert str(AWS_COMPUTE.credit(availability)) == "10.00%"


def test_a_month_of_31_days_allows_more() -> None:
    longer = Budget("99%", Month(2026, 3, zone="UTC"))
    # 1 % of 44 640 minutes.
    assert str(AWS_COMPUTE.credit(longer.availability("446m24s"))) == "10.00%"
    assert str(AWS_COMPUTE.credit(reached("446m24s"))) == "30.00%"


class TestOneLongOutage:
    """A contract that was found: 22 minutes in a month, or one outage of more than 15."""

    # 22 of 43 200 minutes; of what is left, exactly 21589/21600.
    SCHEME = CreditScheme(
        name="Twenty-two or fifteen",
        tiers=tiers(("21589/21600", "0%")),
        below="10%",
        longest_outage="15m",
        outage_credit="10%",
    )
    STEEP = SCHEME.model_copy(update={"outage_credit": "5%"})

    @pytest.mark.parametrize(
        ("total", "longest", "paid"),
        [
            ("22m", "15m", "0%"),
            ("22m", "15m0.000001s", "10%"),
            ("22m0.000001s", "1m", "10%"),
            ("16m", "16m", "10%"),
            ("30m", "20m", "10%"),
        ],
    )
    def test_either_is_enough(self, total: str, longest: str, paid: str) -> None:
        credit = self.SCHEME.credit(reached(total), longest_outage=Downtime.of(longest).duration)
        assert credit == Share.parse(paid)

    def test_the_greater_of_the_two_is_paid(self) -> None:
        long = timedelta(minutes=16)
        assert self.STEEP.credit(reached("16m"), longest_outage=long) == Share.parse("5%")
        assert self.STEEP.credit(reached("23m"), longest_outage=long) == Share.parse("10%")

    def test_without_outages_only_the_total_counts(self) -> None:
        assert self.SCHEME.credit(reached("16m")) == Share(0)
