"""
Credits of well-known contracts as data, at their boundaries.

The numbers are those of the contracts of AWS, Google and Microsoft; check the live page of a product before relying on
them. The boundaries are worked out by hand for a month of 30 days, which has 43 200 minutes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla_engine import (
    Budget,
    CreditScheme,
    Day,
    Downtime,
    Incident,
    InvalidPolicy,
    Maintenance,
    MaintenanceTerms,
    Month,
    ProbeLog,
    Rolling,
    Share,
    Span,
    UptimeReport,
    evaluate_uptime,
)
from sla_engine.uptime.credits import AvailabilityBounds, CreditReading
from sla_engine.uptime.readings import Base, Unknown

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


# --- from a report ---------------------------------------------------------------------------------------------------

FIVE = timedelta(minutes=5)
DAY = Day(date(2026, 4, 7), zone="UTC")


def april(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=UTC)


def probed(*failed: tuple[datetime, int], until: datetime = MONTH.end, at: datetime = MONTH.end) -> UptimeReport:
    """April, probed every five minutes; so many probes from each instant on fail."""
    down = {start + FIVE * number for start, count in failed for number in range(count)}
    times = [MONTH.start + FIVE * number for number in range(8641)]
    log = ProbeLog.of([(one, one not in down) for one in times if one <= until], every="5m")
    return evaluate_uptime("99%", MONTH, at=at, probes=log)


def credits_of(reading: CreditReading) -> tuple[str, str, str]:
    return reading.least.exact_text, reading.expected.exact_text, reading.most.exact_text


def of_month(*minutes: int | Fraction) -> AvailabilityBounds:
    return AvailabilityBounds(*(Share(43200 - Fraction(one), 43200) for one in minutes))


@pytest.mark.parametrize(
    ("failed", "down", "paid"),
    [
        (0, (0, 0, 0), ("0%", "0%", "0%")),
        (1, (0, 5, 10), ("0%", "10%", "10%")),  # 4m19.2s are free
        (2, (5, 10, 15), ("10%", "10%", "10%")),
        (86, (425, 430, 435), ("10%", "10%", "30%")),  # 432 minutes are 99 %
        (87, (430, 435, 440), ("10%", "30%", "30%")),
        (432, (2155, 2160, 2165), ("30%", "30%", "100%")),  # 2160 minutes are 95 %
    ],
)
def test_a_month_of_probes_pays_back_between_two_bounds(
    failed: int, down: tuple[int, int, int], paid: tuple[str, str, str]
) -> None:
    reading = AWS_COMPUTE.assess(probed((april(3, 10), failed)))
    assert reading.availability == of_month(*down)
    assert credits_of(reading) == paid


class TestOneLongOutageInAReport:
    SCHEME = TestOneLongOutage.SCHEME

    @pytest.mark.parametrize(
        ("failed", "paid"),
        [
            (1, ("0%", "0%", "0%")),  # from 0 to 10 minutes
            (2, ("0%", "0%", "0%")),  # from 5 to 15
            (3, ("0%", "0%", "10%")),  # from 10 to 20: not more than 22, but perhaps more than 15
            (4, ("0%", "10%", "10%")),  # from 15 to 25
            (5, ("10%", "10%", "10%")),  # from 20 to 30
        ],
    )
    def test_a_run_of_failed_probes(self, failed: int, paid: tuple[str, str, str]) -> None:
        assert credits_of(self.SCHEME.assess(probed((april(3, 10), failed)))) == paid

    def test_several_short_ones_do_not_make_a_long_one(self) -> None:
        incidents = [Incident(f"I-{day}", april(day, 9), april(day, 9, 7)) for day in (3, 4, 5)]
        report = evaluate_uptime("99%", MONTH, at=MONTH.end, incidents=incidents)
        assert credits_of(self.SCHEME.assess(report)) == ("0%",) * 3  # 21 minutes
        long = Incident("I-6", april(6, 9), april(6, 9, 16))
        report = evaluate_uptime("99%", MONTH, at=MONTH.end, incidents=[long])
        assert credits_of(self.SCHEME.assess(report)) == ("10%",) * 3

    def test_a_partial_outage_is_as_long_as_a_whole_one(self) -> None:
        for minutes, paid in ((15, "0%"), (16, "10%")):
            half = Incident("I-1", april(6, 9), april(6, 9, minutes), "50%")
            report = evaluate_uptime("99%", MONTH, at=MONTH.end, incidents=[half])
            reading = self.SCHEME.assess(report)
            assert credits_of(reading) == (paid,) * 3
            assert reading.availability == of_month(*[Fraction(minutes, 2)] * 3)
            assert reading.longest_outage.lower == reading.longest_outage.upper == timedelta(minutes=minutes)

    def test_two_outages_with_a_good_look_between_them_are_at_least_two(self) -> None:
        # Each of 10 to 20 minutes, with one good probe between: at least 20 minutes in all, and none over 15.
        reading = self.SCHEME.assess(probed((april(3, 10), 3), (april(3, 10, 20), 3)))
        assert reading.availability == of_month(20, 30, 40)
        assert reading.longest_outage.lower == timedelta(minutes=10)
        assert reading.longest_outage.upper == timedelta(minutes=40)
        assert credits_of(reading) == ("0%", "10%", "10%")

    def test_excused_maintenance_ends_an_outage(self) -> None:
        outage = Incident("I-1", april(6, 9), april(6, 9, 26))
        work = Maintenance("M-1", april(6, 9, 10), april(6, 9, 20), april(1))
        scheme = self.SCHEME.model_copy(update={"longest_outage": "10m", "below": "20%"})
        for terms, paid in ((MaintenanceTerms(), "0%"), (MaintenanceTerms(notice="200h"), "20%")):
            report = evaluate_uptime("99%", MONTH, at=MONTH.end, incidents=[outage], maintenance=[work], terms=terms)
            # Excused: 10 minutes and 6. Told too late: 26.
            assert credits_of(scheme.assess(report)) == (paid,) * 3


class TestTimeThatNobodyKnows:
    def test_the_bounds_take_it_for_both(self) -> None:
        # The probes end after 15 days of 30.
        report = probed(until=april(16))
        assert credits_of(AWS_COMPUTE.assess(report)) == ("0%", "0%", "100%")
        assert AWS_COMPUTE.assess(report).availability == of_month(0, 0, 21600)
        assert credits_of(AWS_COMPUTE.assess(report, unknown="up")) == ("0%",) * 3
        assert credits_of(AWS_COMPUTE.assess(report, unknown="down")) == ("100%",) * 3
        assert credits_of(AWS_COMPUTE.assess(report, unknown="excluded")) == ("0%",) * 3

    def test_a_report_is_read_as_it_reads_itself_unless_said_otherwise(self) -> None:
        report = replace(probed(until=april(16)), unknown="down")
        assert AWS_COMPUTE.assess(report) == AWS_COMPUTE.assess(report, unknown="down")
        assert credits_of(AWS_COMPUTE.assess(report)) == ("100%",) * 3
        assert credits_of(AWS_COMPUTE.assess(report, unknown="either")) == ("0%", "0%", "100%")

    def test_left_out_it_makes_an_outage_weigh_more(self) -> None:
        # Expected are 220 minutes, of 43 200 and of the 21 600 that are known.
        report = probed((april(3, 10), 44), until=april(16))
        assert str(report.reading(unknown="excluded").availability) == "98.98%"
        assert AWS_COMPUTE.assess(report, unknown="up").expected == Share.parse("10%")
        assert AWS_COMPUTE.assess(report, unknown="excluded").expected == Share.parse("30%")

    def test_it_may_have_been_a_long_outage(self) -> None:
        # The probes of half an hour are missing: 30 minutes less two and a half at each end.
        gap = [MONTH.start + FIVE * number for number in range(8641) if not 100 < number < 106]
        report = evaluate_uptime("99%", MONTH, at=MONTH.end, probes=ProbeLog.of([(at, True) for at in gap], every="5m"))
        lenient = TestOneLongOutage.SCHEME.model_copy(update={"tiers": tiers(("99%", "0%"))})
        assert lenient.assess(report).availability == of_month(0, 0, 25)
        assert credits_of(lenient.assess(report)) == ("0%", "0%", "10%")
        assert credits_of(lenient.assess(report, unknown="up")) == ("0%",) * 3
        assert credits_of(lenient.assess(report, unknown="down")) == ("10%",) * 3

    def test_the_time_to_come_may_be_down(self) -> None:
        report = probed((april(1, 10), 2), until=april(2), at=april(2))
        assert credits_of(AWS_COMPUTE.assess(report)) == ("10%", "10%", "100%")

    def test_where_no_time_is_left_nothing_is_paid(self) -> None:
        work = Maintenance("M-1", DAY.start, DAY.end, april(1))
        report = evaluate_uptime("99%", DAY, at=DAY.end, maintenance=[work])
        found = AWS_COMPUTE.assess(report, base="less_maintenance")
        assert credits_of(found) == ("0%",) * 3
        assert found.availability is None
        always = CreditScheme(name="always", tiers=tiers(("100%", "1%")), below="2%")
        assert credits_of(always.assess(report, base="less_maintenance")) == ("0%",) * 3
        assert credits_of(always.assess(report)) == ("1%",) * 3

    def test_less_maintenance_an_outage_weighs_more(self) -> None:
        # 14.4 minutes are 1 % of a day; of one less an hour of maintenance, 1.04 %.
        work = Maintenance("M-1", april(7, 1), april(7, 2), april(1))
        outage = Incident("I-1", april(7, 9), april(7, 9, 14) + timedelta(seconds=24))
        report = evaluate_uptime("99%", DAY, at=DAY.end, incidents=[outage], maintenance=[work])
        assert credits_of(AWS_COMPUTE.assess(report)) == ("10%",) * 3
        assert credits_of(AWS_COMPUTE.assess(report, base="less_maintenance")) == ("30%",) * 3


class TestFreeHours:
    """AWS EC2: nothing is charged for a clock hour in which an instance was down for more than 6 minutes."""

    SCHEME = AWS_INSTANCE.model_copy(update={"hour_down": "6m"})

    def hours(self, *incidents: Incident, period: Day = DAY) -> list[tuple[datetime, datetime]]:
        report = evaluate_uptime("99%", period, at=period.end, incidents=incidents)
        return [(span.start, span.end) for span in self.SCHEME.free_hours(report)]

    def test_an_outage_over_the_full_hour_may_make_two_free(self) -> None:
        assert self.hours(Incident("I-1", april(7, 9, 50), april(7, 10, 7))) == [
            (april(7, 9), april(7, 10)),
            (april(7, 10), april(7, 11)),
        ]
        assert self.hours(Incident("I-1", april(7, 9, 54), april(7, 10, 6))) == []

    def test_six_minutes_are_not_more_than_six(self) -> None:
        six = Incident("I-1", april(7, 12), april(7, 12, 6))
        assert self.hours(six) == []
        assert self.hours(six, Incident("I-2", april(7, 12, 30), april(7, 12, 30) + MICROSECOND)) == [
            (april(7, 12), april(7, 13))
        ]

    def test_a_partial_outage_counts_for_its_part(self) -> None:
        assert self.hours(Incident("I-1", april(7, 12), april(7, 12, 20), "30%")) == []
        assert self.hours(Incident("I-1", april(7, 12), april(7, 12, 21), "30%")) == [(april(7, 12), april(7, 13))]

    def test_only_the_part_of_an_hour_in_the_window_counts(self) -> None:
        # In Kolkata the day begins at 18:30 UTC.
        local = Day(date(2026, 4, 7), zone="Asia/Kolkata")
        outage = Incident("I-1", april(6, 18, 10), april(6, 18, 40))
        assert self.hours(outage, period=local) == [(april(6, 18, 30), april(6, 19))]
        assert self.hours(Incident("I-1", april(6, 18, 10), april(6, 18, 36)), period=local) == []

    def test_only_what_is_certain_counts(self) -> None:
        # Two failed probes are 5 minutes for certain, three are 10.
        assert self.SCHEME.free_hours(probed((april(3, 10, 10), 2))) == ()
        assert self.SCHEME.free_hours(probed((april(3, 10, 10), 3))) == (Span(april(3, 10), april(3, 11)),)

    def test_excused_maintenance_is_not_down(self) -> None:
        outage = Incident("I-1", april(7, 9), april(7, 9, 30))
        work = Maintenance("M-1", april(7, 9), april(7, 9, 25), april(1))
        report = evaluate_uptime("99%", DAY, at=DAY.end, incidents=[outage], maintenance=[work])
        assert self.SCHEME.free_hours(report) == ()

    def test_without_the_clause_none_is_free(self) -> None:
        assert AWS_INSTANCE.free_hours(probed((april(3, 10), 100))) == ()

    def test_the_clause_goes_to_json_and_back(self) -> None:
        assert self.SCHEME.to_data()["hour_down"] == "6m"
        assert CreditScheme.from_json(self.SCHEME.to_json()) == self.SCHEME

    @pytest.mark.parametrize("most", ["60m", "2h", timedelta(minutes=-1)])
    def test_an_hour_has_less(self, most: str | timedelta) -> None:
        with pytest.raises(InvalidPolicy, match=r'hour_down: no more than .* Write "6m"'):
            CreditScheme(name="odd", tiers=tiers(("99%", "0%")), below="10%", hour_down=most)


@given(
    st.lists(st.sampled_from([True, True, True, False, None]), min_size=1, max_size=40),
    st.integers(0, 45),
    st.sampled_from(["either", "up", "down", "excluded"]),
    st.sampled_from(["window", "less_maintenance"]),
    st.tuples(st.integers(0, 30), st.integers(0, 60)),
)
def test_the_bounds_are_in_order_and_hold_every_outage(
    looks: list[bool | None], at: int, unknown: Unknown, base: Base, lengths: tuple[int, int]
) -> None:
    longest, work = lengths
    end = april(7, 3, 20)  # 40 spacings
    start = end - 40 * FIVE
    seen = [(start + FIVE * number, up) for number, up in enumerate(looks) if up is not None]
    report = evaluate_uptime(
        "99%",
        Rolling(end, 40 * FIVE),
        at=start + FIVE * at,
        probes=ProbeLog.of(seen, every="5m"),
        incidents=[Incident("I-1", start + 3 * FIVE, start + 5 * FIVE, "40%")],
        maintenance=[Maintenance("M-1", start + 4 * FIVE, start + 4 * FIVE + timedelta(minutes=work), april(1))],
    )
    scheme = CreditScheme(
        name="steps",
        tiers=tiers(*((f"{100 - step}%", f"{step}%") for step in range(0, 60, 3))),
        below="60%",
        longest_outage=timedelta(minutes=longest),
        outage_credit="30%",
    )
    reading = scheme.assess(report, unknown=unknown, base=base)
    assert reading.least <= reading.expected <= reading.most
    counted = report.reading(unknown=unknown, base=base)
    if not counted.base_micros:
        assert reading.availability is None
        return
    assert reading.availability is not None
    found = (reading.availability.highest, reading.availability.expected, reading.availability.lowest)
    down = (counted.downtime.lower, counted.downtime.expected, counted.downtime.upper)
    assert [one.fraction for one in found] == [1 - one.micros / counted.base_micros for one in down]
    paid = (reading.least, reading.expected, reading.most)
    assert all(one >= scheme.credit(up) for one, up in zip(paid, found, strict=True))
    for outage in report.outages():
        assert reading.most >= scheme.credit("100%", longest_outage=outage.downtime.upper)
