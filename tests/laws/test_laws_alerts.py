"""Laws of alerts on measured burn rates: what one says who counts minutes, and when they fire and reset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Literal, get_args

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sla_engine import (
    Budget,
    BurnAlert,
    Day,
    Incident,
    Month,
    Period,
    ProbeLog,
    Rolling,
    Share,
    UptimeReport,
    evaluate_uptime,
    preflight,
    usual_alerts,
)

Unknown = Literal["either", "up", "down", "excluded"]
START = datetime(2026, 3, 2, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PERIODS: tuple[tuple[Period, int], ...] = (
    (Rolling(START + timedelta(hours=4), timedelta(hours=4)), 240),
    (Day.containing(START, zone="UTC"), 1440),
    (Month(2026, 3, zone="Europe/Rome"), 743 * 60),
)


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class World:
    """A service as probes and incidents tell it, in minutes; and who asks when."""

    period: Period
    length: int
    target: str
    probes: tuple[tuple[int, bool], ...]
    incidents: tuple[tuple[int, int, Fraction], ...]
    unknown: Unknown
    at: int

    def report(self) -> UptimeReport:
        return evaluate_uptime(
            self.target,
            self.period,
            at=after(self.at),
            probes=ProbeLog.of([(after(at), up) for at, up in self.probes], every="4m") if self.probes else (),
            incidents=[
                Incident(f"I-{number}", after(start), after(end), weight)
                for number, (start, end, weight) in enumerate(self.incidents)
            ],
            unknown=self.unknown,
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    period, length = draw(st.sampled_from(PERIODS))
    probes: tuple[tuple[int, bool], ...] = ()
    if draw(st.integers(0, 3)):
        first = 2 * draw(st.integers(-60, 0))
        ups = draw(st.lists(st.sampled_from([True, True, True, False, None]), min_size=1, max_size=80))
        probes = tuple((first + 4 * number, up) for number, up in enumerate(ups) if up is not None)
    incidents = draw(
        st.lists(
            st.tuples(st.integers(-120, 200), st.integers(1, 60), st.sampled_from([Fraction(1), Fraction(1, 3)])),
            max_size=3,
        )
    )
    return World(
        period,
        length,
        draw(st.sampled_from(["99%", "90%", "50%"])),
        probes,
        tuple((start, start + lasting, weight) for start, lasting, weight in incidents),
        draw(st.sampled_from(get_args(Unknown))),
        draw(st.integers(-20, 200)),
    )


# --- one who counts minutes --------------------------------------------------------------------------------------


def minute_of(world: World, minute: int) -> tuple[Fraction, Fraction] | None:
    """The least and the most of a minute that was down, as it counts; None where it does not."""
    weight = max((one[2] for one in world.incidents if one[0] <= minute < one[1]), default=Fraction(0))
    state = probed(world, minute) if world.probes else "up"
    if state == "up":
        return weight, weight
    if state == "down" or weight == 1:
        return Fraction(1), Fraction(1)
    if state == "uncertain" or world.unknown == "either":
        return weight, Fraction(1)
    return {"up": (weight, weight), "down": (Fraction(1), Fraction(1)), "excluded": None}[world.unknown]


def probed(world: World, minute: int) -> str:
    """What probes every four minutes know: eight are no gap yet, two are half of a spacing."""
    made = [one for one in world.probes if one[0] <= world.at]
    before = max((one for one in made if one[0] <= minute), default=None)
    following = min((one for one in made if one[0] > minute), default=None)
    if following is None:
        return "unknown"
    if before is not None and following[0] - before[0] <= 8:
        return {(True, True): "up", (False, False): "down"}.get((before[1], following[1]), "uncertain")
    if before is not None and minute < before[0] + 2:
        return "up" if before[1] else "down"
    if minute >= following[0] - 2:
        return "up" if following[1] else "down"
    return "unknown"


def rates_of(world: World, look_back: int) -> tuple[Fraction, Fraction] | None:
    """The least and the most burn rate of so many minutes."""
    told = [minute_of(world, minute) for minute in range(world.at - look_back, world.at)]
    counted = [one for one in told if one is not None]
    if not counted:
        return None
    may_fail = 1 - Share.parse(world.target).fraction
    least, most = (sum(weights, Fraction(0)) / len(counted) / may_fail for weights in zip(*counted, strict=True))
    return least, most


@given(worlds(), st.data())
@settings(max_examples=150)
def test_the_state_is_what_one_says_who_counts_minutes(world: World, data: st.DataObject) -> None:
    look_back = data.draw(st.integers(2, 120))
    short = data.draw(st.integers(1, look_back))
    # A share that some burn rate between none and that of a total outage reaches.
    highest = min(Fraction(1), look_back / (world.length * (1 - Share.parse(world.target).fraction)))
    share = highest * data.draw(st.sampled_from([Fraction(1, 20), Fraction(1, 3), Fraction(1, 2), Fraction(1)]))
    threshold = share * world.length / look_back
    rates = [rates_of(world, length) for length in (look_back, short)]
    if all(one is not None and one[0] >= threshold for one in rates):
        expected = "firing"
    elif any(one is not None and one[1] < threshold for one in rates):
        expected = "quiet"
    else:
        expected = "undecided"
    event(expected)
    alert = BurnAlert(share, timedelta(minutes=look_back), timedelta(minutes=short))
    report = world.report()
    assert alert.state(report) == expected
    if expected == "firing":
        for length in (alert.look_back, alert.short):
            measured = report.burn_rate(length)
            assert measured is not None
            assert measured.lower >= alert.threshold(Budget(report.target, report.period))


@given(worlds(), st.integers(1, 100), st.integers(1, 100))
def test_an_alert_on_more_never_fires_where_one_on_less_is_quiet(world: World, one: int, other: int) -> None:
    order = ("quiet", "undecided", "firing")
    less, more = (BurnAlert(Fraction(share, 400), "1h", "10m") for share in sorted((one, other)))
    report = world.report()
    assert order.index(more.state(report)) <= order.index(less.state(report))


# --- when they fire and reset ----------------------------------------------------------------------------------------


@st.composite
def outages(draw: st.DrawFn) -> tuple[BurnAlert, str, Period, Fraction]:
    hours = draw(st.sampled_from([1, 6, 24, 72, 7]))
    look_back = timedelta(hours=hours)
    short = draw(st.one_of(st.none(), st.integers(1, 3600 * hours).map(lambda seconds: timedelta(seconds=seconds))))
    share = Fraction(draw(st.integers(1, 200)), 1000)
    period = draw(
        st.sampled_from(
            [
                Month(2026, 3, zone="Europe/Rome"),
                Month(2028, 2, zone="UTC"),
                Rolling(datetime(2026, 3, 20, 3, tzinfo=UTC), timedelta(hours=720)),
                Rolling(datetime(2026, 3, 20, 3, tzinfo=UTC), timedelta(hours=168)),
            ]
        )
    )
    target = draw(st.sampled_from(["99%", "99.9%", "90%", "199/200"]))
    weight = draw(st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 7)]))
    return BurnAlert(share, look_back, short), target, period, weight


def told_of(alert: BurnAlert, target: str, period: Period, incident: Incident, at: datetime) -> str:
    return alert.state(evaluate_uptime(target, period, at=at, incidents=[incident]))


@given(outages(), st.integers(0, 10**6))
@settings(max_examples=100)
def test_it_fires_when_it_says_that_it_will(drawn: tuple[BurnAlert, str, Period, Fraction], odd: int) -> None:
    alert, target, period, weight = drawn
    began = datetime(2026, 3, 12, 9, tzinfo=UTC) + timedelta(microseconds=odd)
    incident = Incident("I-1", began, None, weight)
    fires = alert.fires_after(Budget(target, period), weight)
    if fires is None:
        assert alert.resets_after(Budget(target, period), weight) is None
        for hours in (1, 24, 72, 200):
            assert told_of(alert, target, period, incident, began + timedelta(hours=hours)) == "quiet"
        return
    first = began + timedelta(microseconds=ceil(fires.micros))
    assert began < first <= began + alert.look_back
    assert told_of(alert, target, period, incident, first) == "firing"
    assert told_of(alert, target, period, incident, first - MICROSECOND) == "quiet"
    assert told_of(alert, target, period, incident, first + 3 * alert.look_back) == "firing"


@given(outages(), st.integers(0, 10**6))
@settings(max_examples=100)
def test_it_resets_when_it_says_that_it_will(drawn: tuple[BurnAlert, str, Period, Fraction], odd: int) -> None:
    alert, target, period, weight = drawn
    ended = datetime(2026, 3, 12, 9, tzinfo=UTC) + timedelta(microseconds=odd)
    incident = Incident("I-1", ended - alert.look_back, ended, weight)
    resets = alert.resets_after(Budget(target, period), weight)
    if resets is None:
        assert told_of(alert, target, period, incident, ended) == "quiet"
        return
    last = ended + timedelta(microseconds=floor(resets.micros))
    assert ended <= last < ended + alert.short
    assert told_of(alert, target, period, incident, last) == "firing"
    assert told_of(alert, target, period, incident, last + MICROSECOND) == "quiet"


# --- told by hand ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        # 2 % of 432 minutes in an hour: 8:38.4 of the hour, and 43.2 seconds of its last five minutes.
        (8, ["quiet"] * 4),
        (9, ["firing", "quiet", "quiet", "quiet"]),
        # 5 % are 21:36, in six hours.
        (21, ["firing", "quiet", "quiet", "quiet"]),
        (22, ["firing", "firing", "quiet", "quiet"]),
        # 10 % are 43:12, in a day and in three.
        (43, ["firing", "firing", "quiet", "quiet"]),
        (44, ["firing"] * 4),
    ],
)
def test_the_usual_alerts_on_an_outage_that_goes_on(minutes: int, expected: list[str]) -> None:
    at = START + timedelta(minutes=minutes)
    report = evaluate_uptime("99%", Rolling(at, timedelta(hours=720)), at=at, incidents=[Incident("I-1", START)])
    assert [alert.state(report) for alert in usual_alerts()] == expected


def test_what_nobody_saw_decides_nothing() -> None:
    # Probes up to an hour ago; as many as one may want before.
    log = ProbeLog.of([(START - timedelta(minutes=5 * number), True) for number in range(12, 1000)], every="5m")
    report = evaluate_uptime("99%", Rolling(START, timedelta(hours=720)), at=START, probes=log, unknown="excluded")
    # Within the hour there is no time that counts, and within the last half hour neither.
    assert [alert.state(report) for alert in usual_alerts()] == ["undecided", "quiet", "quiet", "quiet"]
    report = evaluate_uptime("99%", Rolling(START, timedelta(hours=720)), at=START, probes=log)
    assert [alert.state(report) for alert in usual_alerts()] == ["undecided"] * 4
    report = evaluate_uptime("99%", Rolling(START, timedelta(hours=720)), at=START, probes=log, unknown="down")
    assert [alert.state(report) for alert in usual_alerts()] == ["firing"] * 4


@pytest.mark.parametrize(
    ("window", "look_back", "share", "kinds"),
    [
        ("24h", "24h", "50%", []),
        ("24h", "24h0.000001s", "50%", ["longer_than_the_window"]),
        ("24h", "72h", "10%", ["longer_than_the_window"]),
        (
            Day.containing(datetime(2026, 3, 29, 12, tzinfo=UTC), zone="Europe/Rome"),
            "24h",
            "50%",
            ["longer_than_the_window"],
        ),
        (Day.containing(datetime(2026, 10, 25, 12, tzinfo=UTC), zone="Europe/Rome"), "25h", "50%", []),
        # What never fires is not found twice; that takes a share above what the look-back can spend.
        ("2h", "1h", "60%", []),
        ("200h", "1h", "60%", ["never_fires"]),
        ("168h", "720h", "100%", ["longer_than_the_window"]),
    ],
)
def test_a_look_back_longer_than_the_window_is_found(
    window: str | Period, look_back: str, share: str, kinds: list[str]
) -> None:
    found = preflight(Budget("99%", window), "1s", [BurnAlert(share, look_back)])
    assert [one.kind for one in found] == kinds
    assert all("longer" in one.text or "further than the window" in one.text or "needs" in one.text for one in found)
