"""Periods have their true length, follow one another without a gap, and shares never round in one's favour."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sla_engine as sla

ROME = ZoneInfo("Europe/Rome")
KINDS: list[Any] = [sla.Day, sla.Week, sla.Month, sla.Quarter, sla.Year]
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "Europe/Rome", "America/Sao_Paulo", "Australia/Lord_Howe", "GMT-6"])


@pytest.mark.parametrize(
    ("period", "hours", "label"),
    [
        (sla.Day(date(2026, 3, 29), zone="Europe/Rome"), 23, "2026-03-29"),
        (sla.Day(date(2026, 10, 25), zone="Europe/Rome"), 25, "2026-10-25"),
        (sla.Week(2026, 13, zone="Europe/Rome"), 7 * 24 - 1, "2026-W13"),
        (sla.Month(2026, 2, zone="UTC"), 28 * 24, "2026-02"),
        (sla.Month(2028, 2, zone="UTC"), 29 * 24, "2028-02"),
        (sla.Month(2026, 3, zone="Europe/Rome"), 31 * 24 - 1, "2026-03"),
        (sla.Month(2026, 3, zone="GMT+1"), 31 * 24, "2026-03"),
        (sla.Quarter(2026, 4, zone="Europe/Rome"), 92 * 24 + 1, "2026-Q4"),
        (sla.Year(2026, zone="Europe/Rome"), 365 * 24, "2026"),
        (sla.Year(2028, zone="UTC"), 366 * 24, "2028"),
        (sla.Year(2027, zone="UTC", first_month=4), 366 * 24, "2027/28"),
        (sla.Year(1999, zone="UTC", first_month=12), 366 * 24, "1999/00"),
        (sla.Quarter(2026, 4, zone="Europe/Rome", first_month=4), 90 * 24 - 1, "2026/27-Q4"),
        (sla.Quarter(2026, 1, zone="UTC", first_month=11), 92 * 24, "2026/27-Q1"),
    ],
    ids=repr,
)
def test_a_period_has_its_true_length(period: Any, hours: int, label: str) -> None:
    assert period.duration == timedelta(hours=hours)
    assert str(period) == period.label == label
    assert period.start in period
    assert period.end not in period


@given(at=MOMENTS, zone=ZONES, kind=st.sampled_from(KINDS))
def test_every_moment_is_in_one_period_and_they_follow_without_a_gap(at: datetime, zone: str, kind: Any) -> None:
    period = kind.containing(at, zone=zone)
    assert at in period
    assert at not in period.next()
    assert at not in period.previous()
    assert period.next().span.micros[0] == period.span.micros[1]
    assert period.previous().next() == period
    local = at.astimezone(ZoneInfo(zone)) if "/" in zone else None
    if local is not None:
        assert local.date() in period.dates


@given(start=MOMENTS, days=st.integers(0, 400), zone=ZONES, kind=st.sampled_from(KINDS[1:]))
def test_a_series_covers_its_span_and_nothing_more(start: datetime, days: int, zone: str, kind: Any) -> None:
    end = start + timedelta(days=days, hours=1)
    series = kind.series(start, end, zone=zone)
    assert start in series[0]
    assert series[-1].start < end <= series[-1].end
    assert all(later == earlier.next() for earlier, later in pairwise(series))


@given(at=MOMENTS, first_month=st.integers(1, 12), zone=ZONES)
def test_a_fiscal_year_is_twelve_months_and_four_quarters(at: datetime, first_month: int, zone: str) -> None:
    year = sla.Year.containing(at, zone=zone, first_month=first_month)
    assert at in year
    assert year.dates[0].replace(day=1) == year.dates[0]
    assert (year.dates[0].month, year.dates[0].year) == (first_month, year.year)
    months = sla.Month.series(year.start, year.end, zone=zone)
    quarters = sla.Quarter.series(year.start, year.end, zone=zone, first_month=first_month)
    assert len(months) == 12
    assert [(one.year, one.quarter) for one in quarters] == [(year.year, number) for number in (1, 2, 3, 4)]
    assert [one.start for one in quarters] == [one.start for one in months[::3]]
    assert sla.Year.series(year.start, year.end, zone=zone, first_month=first_month) == [year]
    for period in (year, *quarters):
        assert period.next().previous() == period.previous().next() == period
        assert period.containing(period.start, zone=zone, first_month=first_month) == period
        assert eval(repr(period), {"Year": sla.Year, "Quarter": sla.Quarter}) == period  # noqa: S307
    assert sum((one.duration for one in quarters), timedelta()) == year.duration


@pytest.mark.parametrize("first_month", [0, 13, -1, "4", 4.0, None, True])
def test_a_year_begins_in_one_of_twelve_months(first_month: Any) -> None:
    for make in (
        lambda: sla.Year(2026, zone="UTC", first_month=first_month),
        lambda: sla.Quarter(2026, 1, zone="UTC", first_month=first_month),
        lambda: sla.Year.containing(datetime(2026, 1, 1, tzinfo=UTC), zone="UTC", first_month=first_month),
    ):
        with pytest.raises(sla.InvalidPeriod, match="a year cannot begin in month") as caught:
            make()
        assert caught.value.where == "first_month"


@pytest.mark.parametrize("quarter", [0, 5, -1, "1", 1.5])
def test_a_year_has_four_quarters(quarter: Any) -> None:
    for first_month in (1, 4):
        with pytest.raises(sla.InvalidPeriod, match="there is no quarter 2026"):
            sla.Quarter(2026, quarter, zone="UTC", first_month=first_month)


def test_rolling_windows_are_of_one_length_and_end_where_they_say() -> None:
    end = datetime(2026, 3, 30, 12, tzinfo=ROME)
    window = sla.Rolling(end, timedelta(days=28))
    assert window.end == end
    assert window.start.astimezone(UTC) == end.astimezone(UTC) - timedelta(days=28)
    assert window.start.hour == 11  # the clock went forward in between
    later = list(window.series(3, every=timedelta(hours=24)))
    assert [one.until - end for one in later] == [timedelta(days=n) for n in range(3)]
    assert later[0] == window
    assert "28 days" in window.label


@given(part=st.integers(0, 10**9), whole=st.integers(1, 10**9), places=st.integers(0, 8))
def test_a_share_is_rounded_down_and_is_whole_only_if_it_is(part: int, whole: int, places: int) -> None:
    part = min(part, whole)
    share = sla.Share(part, whole)
    shown = Fraction(format(share, f".{places}%").removesuffix("%")) / 100
    assert shown <= share.fraction < shown + Fraction(1, 100 * 10**places)
    assert (shown == 1) == (part == whole)
    assert sla.Share.parse(f"{part}/{whole}") == share
    assert Fraction(format(share, f".{places}")) <= share.fraction


def test_shares_compare_and_read_as_the_fractions_that_they_are() -> None:
    share = sla.Share.parse("99.9%")
    assert share.fraction == Fraction(999, 1000)
    assert share == Fraction(999, 1000) == sla.Share(share.fraction)
    assert sla.Share(1, 2) < share <= sla.Share(999, 1000) < 1
    assert 1 > share >= Fraction(999, 1000) > sla.Share(0)
    assert share != "99.9%"
    assert hash(share) == hash(Fraction(999, 1000))
    assert float(share) == pytest.approx(0.999)
    assert (str(share), f"{share:.1%}", f"{share}") == ("99.90%", "99.9%", "0.9990")
    assert str(sla.Share(-1, 3)) == "-33.34%"
    with pytest.raises(ValueError, match="unknown format"):
        format(share, "d")
    with pytest.raises(TypeError):
        assert share < "1"
    with pytest.raises(sla.InvalidAmount, match="no share of nothing"):
        sla.Share(1, 0)
    with pytest.raises(sla.InvalidAmount, match="float"):
        sla.Share(0.5)  # type: ignore[arg-type]


def test_sets_of_spans() -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 3, 2, hour, tzinfo=UTC)

    morning, noon, day = sla.Span(at(8), at(12)), sla.Span(at(12), at(13)), sla.Span(at(8), at(18))
    assert morning.abuts(noon)
    assert not morning.overlaps(noon)
    assert morning.overlaps(day)
    assert at(8) in morning
    assert at(12) not in morning
    assert morning < noon
    assert str(noon) == "2026-03-02T12:00:00+00:00/2026-03-02T13:00:00+00:00"
    assert noon.in_zone(ROME).start.hour == 13
    assert list(noon) == [at(12), at(13)]
    joined = sla.SpanSet([noon, morning])
    assert list(joined) == [sla.Span(at(8), at(13))]
    assert joined[0].duration == joined.duration == timedelta(hours=5)
    assert at(9) in joined
    assert at(13) not in joined
    whole = sla.SpanSet([day])
    assert (whole - joined) | joined == whole
    assert whole & sla.SpanSet([noon]) == sla.SpanSet([noon])
    assert len(whole - whole) == 0
    assert whole.zone is UTC
    assert next(iter(sla.SpanSet([day], zone=ROME))).start.hour == 9
