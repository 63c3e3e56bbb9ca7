"""Stories of budgets that run out and come back, each worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

import pytest

import sla_engine as sla

APRIL = sla.Month(2026, 4, zone="UTC")
"""It has 43200 minutes: a budget of 432 at 99 %."""
MINUTE = timedelta(minutes=1)


def april(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 4, day, hour, minute, tzinfo=UTC)


def may(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


def down(start: datetime, minutes: float, weight: str = "100%") -> sla.Incident:
    return sla.Incident(f"I {start.isoformat()}", start, start + timedelta(minutes=minutes), weight)


def in_april(at: datetime, *incidents: sla.Incident, **known: Any) -> sla.UptimeReport:
    return sla.evaluate_uptime("99%", APRIL, at=at, incidents=incidents, **known)


def in_30_days(at: datetime, *incidents: sla.Incident, **known: Any) -> sla.UptimeReport:
    """Of thirty days that end now: a budget of 432 minutes too."""
    return sla.evaluate_uptime("99%", sla.Rolling(at, timedelta(hours=720)), at=at, incidents=incidents, **known)


def times(found: sla.Forecast) -> tuple[bool, datetime | None, datetime | None]:
    return found.is_exhausted, found.exhausted_at, found.back_at


# --- windows that roll -----------------------------------------------------------------------------------------------


def test_a_long_outage_ten_days_ago() -> None:
    report = in_30_days(april(30, 12), down(april(20, 12), 500))
    # The budget went 432 minutes after noon. It is back when the first 68 of the 500 are thirty days ago.
    expected = (True, april(20, 19, 12), may(20, 13, 8))
    assert times(report.forecast()) == times(report.forecast("1h")) == expected
    assert report.left == -sla.Downtime.of("68m")
    # A microsecond sooner it was not, as a report of that instant says.
    for at, left in ((may(20, 13, 8), "0s"), (may(20, 13, 8) - timedelta(microseconds=1), "-0.000001s")):
        assert str(in_30_days(at, down(april(20, 12), 500)).left) == left


def test_two_outages_that_are_too_much_together() -> None:
    report = in_30_days(april(30), down(april(5), 300), down(april(25), 200))
    # 300 and 132 minutes of the second; and back when 68 of the first have gone.
    assert times(report.forecast()) == (True, april(25, 2, 12), may(5, 1, 8))


def test_half_of_the_service_for_a_day() -> None:
    report = in_30_days(april(30), down(april(20), 1440, "50%"))
    # 720 minutes by weight. 432 of them are 864 by the clock, and the 288 that must go are 576.
    assert times(report.forecast()) == (True, april(20, 14, 24), may(20, 9, 36))


def test_what_rolls_off_comes_too_late() -> None:
    # 400 minutes that leave from tomorrow on, and 2 % of today: 28.8 minutes. The last 3.2 go in 160 minutes.
    report = in_30_days(april(30), down(april(1), 400), down(april(29, 9), 28.8))
    found = report.forecast("24h")
    assert found.error_rate == sla.Share.parse("2%")
    assert times(found) == (False, april(30, 2, 40), None)


def test_what_rolls_off_comes_in_time() -> None:
    # 0.1 % of today: 1.44 minutes, and 30.56 are left. They would go in three weeks, but all is back in two days.
    report = in_30_days(april(30), down(april(1), 400), down(april(29, 9), 1.44))
    found = report.forecast("24h")
    assert found.error_rate == sla.Share.parse("0.1%")
    assert times(found) == (False, None, None)


def test_what_rolls_off_gives_some_days() -> None:
    # 3 % of today: 43.2 minutes. With 380 that leave from noon on 8.8 are left, which last 293 minutes 20 seconds.
    report = in_30_days(april(30), down(april(1) - timedelta(hours=12), 380), down(april(29, 9), 43.2))
    assert times(report.forecast("24h")) == (False, april(30, 4, 53) + timedelta(seconds=20), None)
    # With 200 minutes instead, 188.8 are left; 3 % until noon take 21.6 of them, and until 15:20, 6. What leaves
    # meanwhile is 200, so that at 15:20 there are 361.2: after 12040 minutes more they are gone.
    report = in_30_days(april(30), down(april(1) - timedelta(hours=12), 200), down(april(29, 9), 43.2))
    assert times(report.forecast("24h")) == (False, april(30, 15, 20) + 12040 * MINUTE, None)


def test_an_outage_that_lasts_longer_than_the_window() -> None:
    at = april(10)
    outage = sla.Incident("I-1", april(6))
    report = sla.evaluate_uptime("99%", sla.Rolling(at, timedelta(hours=24)), at=at, incidents=[outage])
    # The budget of 14.4 minutes was gone before the window began; it is back 14.4 minutes before all of it has left.
    assert times(report.forecast()) == (True, None, april(10, 23, 45) + timedelta(seconds=36))


def test_a_window_that_is_no_more_than_spent_is_not_exhausted() -> None:
    report = in_30_days(april(30), down(april(20), 432))
    assert times(report.forecast("24h")) == (False, None, None)
    # At any pace at all it goes at once.
    report = in_30_days(april(30), down(april(20), 431), down(april(29), 1))
    assert times(report.forecast("48h")) == (False, april(30), None)


def test_work_to_come_spends_nothing_and_takes_its_part_of_the_time_along() -> None:
    # 4 % of the last day are 57.6 minutes, and 374.4 are left: 9360 minutes, or six and a half days.
    outage = down(april(29), 57.6)
    works = [sla.Maintenance("M-1", may(2), may(3), announced_at=april(20))]
    assert times(in_30_days(april(30), outage).forecast("24h")) == (False, may(6, 12), None)
    report = in_30_days(april(30), outage, maintenance=works)
    assert times(report.forecast("24h")) == (False, may(7, 12), None)
    # Of thirty days less that one 417.6 minutes may go: the 360 that are left last six days and six hours, and one.
    report = in_30_days(april(30), outage, maintenance=works, base="less_maintenance")
    assert times(report.forecast("24h")) == (False, may(7, 6), None)


# --- calendar windows ------------------------------------------------------------------------------------------------


def test_a_month_that_burns_twice_as_fast_as_it_may_lasts_half_of_it() -> None:
    # In seven of thirty days 201.6 minutes: twice 1 %.
    report = in_april(april(8), down(april(3, 10), 201.6))
    rates = report.burn_rate()
    assert rates is not None
    assert rates.lower == rates.expected == rates.upper == 2
    assert times(report.forecast()) == (False, april(16), None)
    # But nothing was down yesterday.
    assert times(report.forecast("24h")) == (False, None, None)
    # As in the last six days it is 7/3 %: the 230.4 minutes that are left last 9874 and two sevenths.
    assert report.forecast("144h").error_rate == sla.Share(7, 300)
    gone = april(8) + timedelta(minutes=9874, seconds=17, microseconds=142_857)
    assert times(report.forecast("144h")) == (False, gone, None)


def test_work_to_come_puts_it_off() -> None:
    outage = down(april(3, 10), 201.6)
    works = [sla.Maintenance("M-1", april(10), april(10, 12), announced_at=april(1))]
    report = in_april(april(8), outage, maintenance=works)
    assert times(report.forecast()) == (False, april(16, 12), None)
    # Of 708 hours 424.8 minutes may go: the 223.2 that are left last seven days and eighteen hours, and twelve more.
    report = in_april(april(8), outage, maintenance=works, base="less_maintenance")
    assert times(report.forecast()) == (False, april(16, 6), None)
    # Work that nobody knows of yet changes nothing, and neither does work that is not excused.
    for announced in (april(9), None):
        other = [sla.Maintenance("M-1", april(10), april(10, 12), announced_at=announced)]
        assert times(in_april(april(8), outage, maintenance=other).forecast()) == (False, april(16), None)


def test_the_budget_is_that_of_the_month_without_the_work_at_its_end() -> None:
    works = [sla.Maintenance("M-1", april(29), may(1), announced_at=april(1))]
    report = in_april(april(6), down(april(5), 410), maintenance=works, base="less_maintenance")
    # 672 hours are left to promise anything of: 403.2 minutes, which is 6:43:12.
    gone = april(5, 6, 43) + timedelta(seconds=12)
    assert (report.verdict, report.exhausted_at) == ("breached", gone)
    assert times(report.forecast()) == (True, gone, may(1))
    assert times(in_april(april(6), down(april(5), 410), maintenance=works).forecast("1h")) == (False, None, None)


def test_a_month_that_has_spent_all_and_no_more_is_not_exhausted() -> None:
    report = in_april(april(10), down(april(5), 432))
    assert times(report.forecast("24h")) == (False, None, None)
    # At any pace at all it goes at once, but it has not gone yet.
    report = in_april(april(10), down(april(5), 431), down(april(9), 1))
    assert times(report.forecast("48h")) == (False, april(10), None)
    # It is with the next minute that is down: noon is the last instant that was not too late.
    report = in_april(april(10), down(april(5), 432), down(april(8, 12), 1))
    assert times(report.forecast("24h")) == (True, april(8, 12), may(1))
    assert report.exhausted_at == april(8, 12)


def test_a_part_of_a_microsecond_is_too_much() -> None:
    # Two hours down, and a seventh of five hours: 120 and 42 6/7 minutes, of 24 hours at 90 % 144 may go. That is
    # 18 6/7 too many: so much of the two hours has left 18 minutes and 51.428571... seconds later.
    at = april(10)
    outages = [down(april(9, 2), 120), down(april(9, 12), 300, "1/7")]
    report = sla.evaluate_uptime("90%", sla.Rolling(at, timedelta(hours=24)), at=at, incidents=outages)
    back = april(10, 2, 18) + timedelta(seconds=51, microseconds=428_572)
    # The 24 minutes that were left at noon lasted 168.
    assert times(report.forecast()) == (True, april(9, 14, 48), back)


def test_the_budget_is_back_with_the_next_month() -> None:
    report = in_april(april(10), down(april(5), 500))
    assert times(report.forecast()) == (True, april(5, 7, 12), may(1))
    # A report on May does not know of it, and one on April does so for ever.
    assert times(sla.evaluate_uptime("99%", APRIL.next(), at=may(3), incidents=[down(april(5), 500)]).forecast()) == (
        False,
        None,
        None,
    )
    assert times(report.as_of(may(20)).forecast()) == (True, april(5, 7, 12), may(1))


@pytest.mark.parametrize(
    ("counting", "expected"),
    [
        # 87 of 87 allowed and one: 430 minutes for certain from the first failed probe to the last.
        ("lower", (False, None, None)),
        # Half of the five minutes before them, and 429.5 of them.
        ("expected", (True, april(12) + timedelta(minutes=429.5), may(1))),
        # All of the five minutes, and 427 of them.
        ("upper", (True, april(12) + 427 * MINUTE, may(1))),
    ],
)
def test_probes_every_five_minutes(
    counting: Literal["lower", "expected", "upper"], expected: tuple[bool, datetime | None, datetime | None]
) -> None:
    first, last = april(12), april(12) + 86 * 5 * MINUTE
    made = [april(1) + 5 * MINUTE * number for number in range(8641)]
    log = sla.ProbeLog.of([(at, not first <= at <= last) for at in made], every="5m")
    report = in_april(may(1), probes=log)
    assert times(report.forecast(counting=counting)) == expected
    assert report.forecast(counting=counting).counting == counting


def test_what_nobody_saw() -> None:
    # Probes until the evening of the fifth, and then none.
    log = sla.ProbeLog.of([(april(1) + 5 * MINUTE * number, True) for number in range(5 * 288)], every="5m")
    report = in_april(april(15), probes=log)
    assert report.forecast("24h").error_rate is None
    assert times(report.forecast("24h")) == (False, None, None)
    # At worst all of it was down, from 23:55 on: the 432 minutes went by 07:07.
    assert times(report.forecast("24h", counting="upper")) == (True, april(6, 7, 7), may(1))
    # Where what is unknown counts as down, it is known.
    down_then = in_april(april(15), probes=log, unknown="down").forecast("24h")
    assert (down_then.error_rate, *times(down_then)) == (sla.Share(1), True, april(6, 7, 7), may(1))
    # Counted without it, there is no time to look back on.
    without = in_april(april(15), probes=log, unknown="excluded")
    assert without.burn_rate("24h") is None
    assert without.forecast("24h").error_rate is None
    assert without.forecast().error_rate == 0


# --- burn rates ------------------------------------------------------------------------------------------------------


def test_a_look_back_reaches_into_the_month_before() -> None:
    outage = down(april(1) - 30 * MINUTE, 40)
    report = in_april(april(1, 0, 30), outage)
    found = {look_back: report.burn_rate(look_back) for look_back in (None, "30m", "1h", "10h")}
    # Ten of thirty minutes of April; 40 of the last 60, and 40 of 600.
    expected = {None: Fraction(100, 3), "30m": Fraction(100, 3), "1h": Fraction(200, 3), "10h": Fraction(20, 3)}
    assert {name: rates and rates.lower for name, rates in found.items()} == expected
    assert in_april(april(1), outage).burn_rate() is None
    rates = in_april(april(1), outage).burn_rate("1h")
    assert rates is not None
    assert rates.upper == 50


def test_five_minute_probes_and_an_hour() -> None:
    # Two of twelve failed: five minutes for certain, ten as expected, fifteen at most.
    made = [april(10) + 5 * MINUTE * number for number in range(289)]
    log = sla.ProbeLog.of([(at, at not in (april(10, 12, 30), april(10, 12, 35))) for at in made], every="5m")
    rates = in_april(april(10, 13), probes=log).burn_rate("1h")
    assert rates is not None
    assert rates == sla.BurnRates(Fraction(25, 3), Fraction(50, 3), Fraction(25))


@pytest.mark.parametrize("look_back", ["0s", "-1h", "1 day", timedelta(0)])
def test_a_look_back_needs_time_in_it(look_back: str | timedelta) -> None:
    report = in_april(april(10))
    with pytest.raises(sla.InvalidAmount):
        report.burn_rate(look_back)
    with pytest.raises(sla.InvalidAmount):
        report.forecast(look_back)


def test_to_have_seen_the_work_is_to_have_seen_nothing_of_what_counts() -> None:
    # Probes from eight to ten, of which the second hour is excused, and none from ten to eleven.
    made = [april(10, 8) + 5 * MINUTE * number for number in range(25)]
    log = sla.ProbeLog.of([(at, True) for at in made], every="5m")
    works = [sla.Maintenance("M-1", april(10, 9), april(10, 10), announced_at=april(1))]

    def last_two_hours(base: Literal["window", "less_maintenance"]) -> sla.UptimeReport:
        at = april(10, 11)
        return sla.evaluate_uptime(
            "99%", sla.Rolling(at, timedelta(hours=2)), at=at, probes=log, maintenance=works, base=base
        )

    report = last_two_hours("less_maintenance")
    assert report.availability is None
    assert report.forecast("2h").error_rate is None
    assert report.coverage == Fraction(1, 2)
    assert last_two_hours("window").availability == 1
