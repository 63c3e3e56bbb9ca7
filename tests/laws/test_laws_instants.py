"""Instants and microseconds: there and back is the identity, for every microsecond, zone, fold and kind of datetime."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas as pd
import pendulum
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sla_engine.instants import from_micros, instant, local_clock, local_day, midnight, to_micros

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
END_OF_FLOATS = 2**32 * 1_000_000
ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=-6)), *map(ZoneInfo, ("Europe/Rome", "America/St_Johns", "Australia/Lord_Howe"))]
)
MICROS = st.one_of(
    st.integers(-(6 * 10**16), 25 * 10**16),
    st.integers(0, END_OF_FLOATS),
    st.integers(END_OF_FLOATS - 10**7, END_OF_FLOATS + 10**7),
    st.integers(-(10**7), 10**7),
)


@given(micros=MICROS, zone=ZONES)
@example(micros=END_OF_FLOATS - 1, zone=UTC)
@example(micros=END_OF_FLOATS, zone=UTC)
@example(micros=-1, zone=UTC)
def test_every_microsecond_comes_back_exactly(micros: int, zone: ZoneInfo) -> None:
    at = from_micros(micros, EPOCH.astimezone(zone))
    assert to_micros(at) == micros
    assert at == EPOCH + micros * MICROSECOND
    assert at.tzinfo is zone
    # Integers alone give the same wall clock and fold.
    exact = (EPOCH + micros * MICROSECOND).astimezone(zone)
    assert (at.replace(tzinfo=None), at.fold) == (exact.replace(tzinfo=None), exact.fold)


@given(
    wall=st.datetimes(datetime(1971, 1, 1), datetime(2105, 1, 1)),
    fold=st.sampled_from([0, 1]),
    name=st.sampled_from(["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_the_kinds_of_datetime_agree_on_the_instant(wall: datetime, fold: int, name: str) -> None:
    plain = wall.replace(tzinfo=ZoneInfo(name), fold=fold)
    micros = to_micros(plain)
    kinds = [
        pendulum.DateTime.fromtimestamp(0, ZoneInfo(name)).replace(
            year=wall.year, month=wall.month, day=wall.day, hour=wall.hour, minute=wall.minute, second=wall.second,
            microsecond=wall.microsecond, fold=fold,
        ),
        pd.Timestamp(plain.astimezone(UTC)).tz_convert(ZoneInfo(name)),
    ]  # fmt: skip
    for kind in kinds:
        assert to_micros(kind) == micros
        back = from_micros(micros, kind)
        assert type(back) is type(kind)
        assert to_micros(back) == micros
        assert str(back.tzinfo) == name


@given(
    start=st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)),
    name=st.sampled_from(["Europe/Rome", "Australia/Lord_Howe", "America/St_Johns", "America/Sao_Paulo"]),
)
def test_a_skipped_time_is_the_end_of_its_gap_to_the_microsecond(start: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    wall = start.replace(tzinfo=zone)
    found = instant(
        zone, start.toordinal(), (start - start.replace(hour=0, minute=0, second=0, microsecond=0)) // MICROSECOND
    )
    shown = (EPOCH + found * MICROSECOND).astimezone(zone).replace(tzinfo=None)
    just_before = (EPOCH + (found - 1) * MICROSECOND).astimezone(zone).replace(tzinfo=None)
    assert just_before < start <= shown
    if shown == start:
        assert found == to_micros(wall.replace(fold=0))


@pytest.mark.parametrize("microsecond", [0, 1, 499_999, 500_000, 999_999])
def test_the_end_of_a_gap_is_found_for_every_microsecond_in_it(microsecond: int) -> None:
    zone, day = ZoneInfo("Europe/Rome"), datetime(2026, 3, 29).toordinal()
    for second in (0, 1, 1800, 3599):
        clock = (2 * 3600 + second) * 1_000_000 + microsecond
        for last in (False, True):
            end = EPOCH + instant(zone, day, clock, last=last) * MICROSECOND
            assert end == datetime(2026, 3, 29, 1, tzinfo=UTC)


@given(micros=st.integers(0, END_OF_FLOATS), zone=ZONES)
def test_a_day_begins_at_midnight_and_its_clock_counts_from_there(micros: int, zone: ZoneInfo) -> None:
    day = local_day(zone, micros)
    assert day == (EPOCH + micros * MICROSECOND).astimezone(zone).toordinal()
    assert midnight(zone, day) < midnight(zone, day + 1)
    at = (EPOCH + micros * MICROSECOND).astimezone(zone)
    shown = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    assert local_clock(zone, micros, day) == shown // MICROSECOND
