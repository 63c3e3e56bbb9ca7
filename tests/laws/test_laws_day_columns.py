"""Columns of amounts in days are answered as their rows are, one by one, on the quick path and beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Amount, Calendar, SlaError
from sla_engine.calendars import business_dates
from sla_engine.errors import BeyondHorizon
from sla_engine.frames import series
from sla_engine.frames.kernels.kernel import NULL, Kernel, Never, kernel_of
from sla_engine.instants import to_micros
from sla_engine.testing.strategies import calendars_and_instants

HOUR = 3_600_000_000
ROME = "Europe/Rome"


def column(values: list[int]) -> Any:
    return np.array(values, dtype=np.int64)


def at(*parts: int) -> int:
    return to_micros(datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]


def answered(ask: Callable[[], list[Any]]) -> tuple[Any, str, str]:
    """The answers, or the kind of error that there is instead, and where."""
    try:
        return ask(), "", ""
    except SlaError as error:
        return None, type(error).__name__, error.where


def one_by_one(ask: Callable[..., int], *columns: list[int], never: Never = "raise") -> tuple[Any, str, str]:
    """The answers of the rows, or the error of the first that has none."""

    def rows() -> Iterator[int]:
        for number, row in enumerate(zip(*columns, strict=True)):
            try:
                yield NULL if NULL in row else ask(*row)
            except SlaError as error:
                if not (never == "null" and isinstance(error, BeyondHorizon)):
                    raise error.located(f"row {number}") from None
                yield NULL

    return answered(lambda: list(rows()))


def agrees(
    calendar: Calendar, starts: list[int], amount: Amount, *, never: Never = "raise", kernel: Kernel | None = None
) -> None:
    """Compare with a kernel that knows nothing yet, or with one that has answered before."""
    kernel = kernel or Kernel(calendar)
    found = answered(lambda: kernel.due(column(starts), amount, never=never).tolist())
    assert found == one_by_one(lambda start: calendar._due(start, amount), starts, never=never)


def between_agrees(calendar: Calendar, starts: list[int], ends: list[int], *, kernel: Kernel | None = None) -> None:
    kernel = kernel or Kernel(calendar)
    found = answered(lambda: kernel.business_days_between(column(starts), column(ends)).tolist())
    assert found == one_by_one(lambda *pair: business_dates.between(calendar.timeline, *pair), starts, ends)


amounts = st.one_of(
    st.builds(
        lambda count, due: sla.business_days(count, due=due),
        st.integers(-8, 8) | st.integers(-900, 900),
        st.sampled_from(["same_time", "close"]),
    ),
    st.integers(-400, 400).map(sla.calendar_days),
    st.integers(-90 * HOUR, 90 * HOUR).map(lambda micros: sla.elapsed_time(timedelta(microseconds=micros))),
    st.integers(-90 * HOUR, 90 * HOUR).map(lambda micros: sla.business_time(timedelta(microseconds=micros))),
)


@pytest.mark.parametrize("never", ["raise", "null"])
@given(calendars_and_instants(8, horizon=2), amounts, st.integers(0, 9))
@settings(max_examples=100)
def test_amounts_of_every_kind(never: Never, case: tuple[Calendar, list[datetime]], amount: Amount, null: int) -> None:
    calendar, moments = case
    starts = [to_micros(moment) for moment in moments]
    if null < len(starts):
        starts[null] = NULL
    agrees(calendar, starts, amount, never=never)


@given(calendars_and_instants(8, horizon=2), st.integers(0, 9), st.integers(0, 7))
@settings(max_examples=100)
def test_business_days_between(case: tuple[Calendar, list[datetime]], null: int, turn: int) -> None:
    calendar, moments = case
    starts = [to_micros(moment) for moment in moments]
    ends = starts[turn:] + starts[:turn]
    if null < len(starts):
        starts[null] = NULL
    between_agrees(calendar, starts, ends)


# --- calendars with all that can go wrong ------------------------------------------------------------------------


def office(zone: str = ROME, **more: Any) -> Calendar:
    return sla.BusinessCalendar(zone=zone, hours={"mon-fri": ["09:00-13:00", "14:00-18:00"]}, **more)


def night(zone: str, **more: Any) -> Calendar:
    return sla.BusinessCalendar(zone=zone, hours={"mon-sun": ["22:00-06:00", "12:00-13:00"]}, **more)


def clock_change(zone: str) -> Calendar:
    """Open around the hours in which the clock changes, and at midnight."""
    return sla.BusinessCalendar(zone=zone, hours={"mon-fri": "23:00-03:30", "sun": ["00:00-02:15", "02:40-23:30"]})


SPECIAL = office(
    holidays=["2011-12-26", "2012-01-06"],
    overrides={"2011-12-24": "08:00-12:00", "2011-12-30": [], "2012-01-01": "00:30-02:30"},
    closures=[(datetime(2012, 3, 1, 10, tzinfo=UTC), datetime(2012, 3, 2, 9, tzinfo=UTC))],
    openings=[(datetime(2012, 3, 24, 22, tzinfo=UTC), datetime(2012, 4, 20, 5, tzinfo=UTC))],
)
ALWAYS = sla.always_open(ROME)
CALENDARS = {
    "break": office(),
    "special": SPECIAL,
    "nights in Apia": night("Pacific/Apia"),
    "breaks in Apia": office("Pacific/Apia"),
    "always in Apia": sla.always_open("Pacific/Apia"),
    "St John's": clock_change("America/St_Johns"),
    "always in St John's": sla.always_open("America/St_Johns"),
    "nights in St John's": night("America/St_Johns"),
    "Sao Paulo": clock_change("America/Sao_Paulo"),
    "Lord Howe": clock_change("Australia/Lord_Howe"),
    "Tehran": night("Asia/Tehran") | office("Asia/Tehran"),
    "nights": clock_change(ROME),
    "civil dates": clock_change(ROME).model_copy(update={"overnight": "civil_date"}),
    "always": ALWAYS,
    "union": office() | office("America/New_York"),
    "difference": (ALWAYS - office("Asia/Tokyo")).in_zone("America/New_York"),
    "both": night(ROME) & sla.always_open("America/St_Johns"),
    "versions": office().changed(from_date=date(2011, 6, 1), to=night("Pacific/Apia")),
    "Maxony's": sla.maxony_policy().calendar("support"),
    "never": sla.never_open(ROME),
}
AMOUNTS = [
    *(sla.business_days(count, due=due) for count in (0, 1, -1, 5, -4, 300) for due in ("same_time", "close")),
    *(sla.calendar_days(count) for count in (0, 1, -1, 45)),
    sla.elapsed_time("-36h"),
]


def moments(calendar: Calendar, first: int, last: int, count: int = 500) -> list[int]:
    """Random moments, more of them at the edges of windows and where the clock changes; and none."""
    random = Random(7)  # noqa: S311
    edges = [edge for pair in calendar.timeline.spans(first, last) for edge in pair] or [first]
    changes = [at(2011, 11, 6, 4), at(2011, 12, 30, 10), at(2012, 3, 11, 5), at(2012, 3, 25, 1), at(2012, 2, 26, 2)]
    near = [0, 1, -1, HOUR, -HOUR, 1_800_000_000]
    return [
        random.choice(
            [
                random.randrange(first, last),
                random.choice(edges) + random.choice(near),
                random.choice(changes) + random.randrange(-30 * HOUR, 30 * HOUR),
                random.choice(changes) + random.choice(near),
                NULL,
            ]
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("name", CALENDARS)
def test_moments_of_a_year_in_which_clocks_change(name: str) -> None:
    calendar = CALENDARS[name]
    starts = moments(calendar, at(2011, 6, 1), at(2012, 7, 1))
    for amount in AMOUNTS:
        agrees(calendar, starts, amount, never="null")
    between_agrees(calendar, starts, starts[200:] + starts[:200])


@pytest.mark.parametrize("name", sorted(CALENDARS.keys() - {"never"}))
def test_rows_are_not_asked_about_one_by_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = CALENDARS[name]
    starts = [start for start in moments(calendar, at(2011, 12, 1), at(2012, 7, 1)) if start > at(2011, 12, 1)]
    asked: list[int] = []
    due, between = Calendar._due, business_dates.between

    def counted(ask: Callable[..., int]) -> Callable[..., int]:
        def asks(*given_: Any) -> int:
            asked.append(given_[1])
            return ask(*given_)

        return asks

    monkeypatch.setattr(Calendar, "_due", counted(due))
    monkeypatch.setattr(business_dates, "between", counted(between))
    for amount in AMOUNTS:
        Kernel(calendar).due(column(starts), amount)
    Kernel(calendar).business_days_between(column(starts), column(starts[::-1]))
    assert asked == []


def test_dates_that_are_mixed_where_the_clock_goes_back_over_midnight() -> None:
    # At 00:01 on 7 November 2010 it became 23:01 on the 6th: the 7th has hours before the last ones of the 6th.
    hours = [((5, 2), (5, 20)), ((6, 12), (6, 14)), ((7, 2, 30), (7, 2, 50)), ((7, 3), (7, 3, 20)), ((7, 12), (7, 14))]
    pairs = [tuple(datetime(2010, 11, *one, tzinfo=UTC) for one in pair) for pair in hours]  # type: ignore[misc, arg-type]
    calendar = sla.BusinessCalendar(zone="America/St_Johns", hours={}, openings=pairs)  # type: ignore[arg-type]
    starts = [at(2010, 11, 4) + step * HOUR // 6 for step in range(6 * 24 * 4)]
    for count in (0, 1, 2, -1, -2):
        for due in ("same_time", "close"):
            agrees(calendar, starts, sla.business_days(count, due=due), never="null")
    between_agrees(calendar, starts, starts[100:] + starts[:100])


# --- where tables and years end ----------------------------------------------------------------------------------


YEAR_END = [at(2024, 12, 29) + step * 7 * HOUR // 2 for step in range(40)]
DECADES = [*YEAR_END, at(1971, 3, 1), at(2050, 7, 7)]
YEAR_ENDS = [[at(2024, 12, 31, 23)], [at(2025, 1, 1)], YEAR_END, DECADES]
COUNTS = [0, -1, 3, 700, -700]
at_the_ends_of_years = pytest.mark.parametrize(
    "make",
    [office, lambda: night(ROME), lambda: sla.always_open(ROME), lambda: office() | night("America/New_York")],
    ids=["breaks", "nights", "always", "union"],
)
"""Each test makes its calendar, as the tables of one that was asked about other years reach further than its own."""


@at_the_ends_of_years
def test_moments_at_the_ends_of_years(make: Callable[[], Calendar]) -> None:
    calendar = make()
    for starts in YEAR_ENDS:
        # The tables of eighty years are made for the first amount, and below for two others.
        kernel = Kernel(calendar) if starts is DECADES else None
        for count in COUNTS:
            for due in ("same_time", "close"):
                agrees(calendar, starts, sla.business_days(count, due=due), kernel=kernel)
            agrees(calendar, starts, sla.calendar_days(count), kernel=kernel)
    agrees(calendar, DECADES, sla.business_days(700))
    agrees(calendar, DECADES, sla.business_days(-700, due="close"))


@at_the_ends_of_years
def test_business_days_between_the_ends_of_years(make: Callable[[], Calendar]) -> None:
    calendar = make()
    for starts in YEAR_ENDS:
        between_agrees(calendar, starts, starts[::-1])


@at_the_ends_of_years
@pytest.mark.parametrize("count", COUNTS)
def test_tables_that_grow_from_question_to_question(make: Callable[[], Calendar], count: int) -> None:
    calendar = make()
    kernel = Kernel(calendar)
    for years in ((2020, 2021), (2024, 2026), (2022, 2023), (2010, 2030)):
        starts = [at(year, 12, day, 17, 30) for year in years for day in range(20, 32)]
        for amount in (sla.business_days(count), sla.calendar_days(count)):
            agrees(calendar, starts, amount, kernel=kernel)


def test_a_clock_that_is_read_over_many_years_and_far_away() -> None:
    for zone in (ROME, "UTC", "America/St_Johns"):
        calendar = office(zone)
        kernel = Kernel(calendar)
        for first, last in ((2000, 2010), (1995, 2003), (1780, 2100)):  # written in years of local mean time too
            starts = [at(year, month, 28, 1, 15) for year in range(first, last) for month in (3, 10)]
            for count in (1, -180, 10**5):
                amount = sla.calendar_days(count)
                assert kernel.due(column(starts), amount).tolist() == [calendar._due(start, amount) for start in starts]


FAR = [at(1650, 3, 2, 12), at(2026, 3, 2, 12), at(2026, 3, 7), at(2400, 3, 3, 8), NULL, at(2026, 10, 24, 12)]


@pytest.mark.parametrize("calendar", [office(), ALWAYS, night("America/St_Johns"), sla.never_open()], ids=str)
def test_rows_centuries_apart(calendar: Calendar, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(calendar)  # the tables of three centuries are made once, and for one amount again
    for amount in AMOUNTS:
        agrees(calendar, FAR, amount, never="null", kernel=kernel)
    agrees(calendar, FAR, sla.business_days(300), never="null")
    between_agrees(calendar, FAR, FAR[::-1])
    between_agrees(calendar, FAR, [FAR[0], *FAR[:-1]], kernel=kernel)
    # Those of one century are answered together.
    starts = [*FAR[:2], *(FAR[1] + step * HOUR for step in range(200))]
    expected = [NULL if calendar.timeline.never_opens else calendar._due(one, sla.business_days(2)) for one in starts]
    monkeypatch.setattr(Calendar, "_due", lambda *_: pytest.fail("a row was asked about by itself"))
    assert Kernel(calendar).due(column(starts), sla.business_days(2), never="null").tolist() == expected


FIRST, LAST = (to_micros(one.replace(tzinfo=UTC)) for one in (datetime(1, 1, 4), datetime(9999, 12, 28, 12)))
EARLY, NOW, LATE = (at(year, 1, 1) for year in (100, 2026, 9900))
FEW, HOURS = [0, 5, -5], [0, 200, -200, 80_000_000]


@pytest.mark.parametrize(
    ("zone", "starts", "counts"),
    [
        # A clock that never changes costs nothing to read, so everything is asked from everywhere.
        *(
            (zone, starts, [*FEW, 10**7, -(10**30)])
            for zone in ("UTC+01:00", "UTC-06:00")
            for starts in ([FIRST, LAST], [NOW, FIRST], [LAST, NOW], [EARLY, LATE])
        ),
        # That of a place is read day by day up to where datetimes end, so it is asked from a century before.
        *((ROME, starts, FEW) for starts in ([FIRST, LAST], [NOW, FIRST], [LAST, NOW], [EARLY, LATE])),
        *((ROME, starts, [10**7, 36_600]) for starts in ([LATE, LAST], [LAST, LATE], [LATE])),
        *((ROME, starts, [-(10**30), -36_200]) for starts in ([EARLY, FIRST], [FIRST, EARLY], [EARLY])),
    ],
)
def test_answers_that_no_datetime_can_hold(zone: str, starts: list[int], counts: list[int]) -> None:
    calendar = office(zone)
    kernel = Kernel(calendar)

    def scalar(start: int, amount: Amount) -> int:
        return to_micros(calendar.add(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start), amount))

    for amount in (*map(sla.calendar_days, counts), *(sla.elapsed_time(f"{hours}h") for hours in HOURS)):
        found = answered(lambda: kernel.due(column(starts), amount).tolist())  # noqa: B023
        assert found == one_by_one(lambda start: scalar(start, amount), starts)  # noqa: B023


def test_holidays_that_are_not_known() -> None:
    calendar = office(holidays=sla.Holidays(country="IT")).freeze((2024, 2025))
    known = [at(2025, month, 10, 12) for month in range(1, 13)]
    late = [*known, at(2025, 12, 31, 20), at(2025, 12, 30)]
    for starts in (known, late, [*known, at(2026, 2, 1)], [at(2023, 2, 1), *known]):
        for count in (0, 5, -5, 300):
            agrees(calendar, starts, sla.business_days(count))
            agrees(calendar, starts, sla.business_days(count), never="null")
        between_agrees(calendar, starts, [known[3]] * len(starts))
        between_agrees(calendar, [known[3]] * len(starts), starts)
    with pytest.raises(sla.OutOfRange) as caught:
        Kernel(calendar).due(column(late), sla.business_days(5), never="null")
    assert caught.value.where == "row 12"


def opened(*pairs: tuple[datetime, datetime], **more: Any) -> Calendar:
    return sla.BusinessCalendar(zone="UTC", hours={}, openings=pairs, **more)


DAYS = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in range(4000)]


@pytest.mark.parametrize(
    "calendar",
    [
        opened((DAYS[0], DAYS[1]), (DAYS[3], DAYS[4]), (DAYS[9], DAYS[12])),
        opened((DAYS[0], DAYS[1]), (DAYS[1800], DAYS[1801]), horizon=2),
        opened((DAYS[0], DAYS[1]), (DAYS[366 + 364], DAYS[366 + 366]), (DAYS[3000], DAYS[3001]), horizon=2),
        opened((DAYS[0], DAYS[3000]), horizon=20),
        opened((DAYS[5], DAYS[700]), (DAYS[900], DAYS[901]), horizon=1),
    ],
    ids=str,
)
def test_calendars_that_open_a_few_times(calendar: Calendar) -> None:
    starts = [to_micros(day) + shift for day in DAYS[:40] for shift in (0, -1, 13 * HOUR)]
    starts += [to_micros(day) for day in DAYS[::97]]
    # What is known of windows that last for years depends on what is compiled; so all of it is.
    calendar.timeline.covering(at(2014, 1, 1), at(2036, 1, 1))
    for count in (0, 1, 2, 3, -1, -2, 12):
        for due in ("same_time", "close"):
            amount = sla.business_days(count, due=due)
            agrees(calendar, starts, amount, never="null")
            agrees(calendar, starts[::-1], amount)
    between_agrees(calendar, starts, starts[::-1])
    between_agrees(calendar, starts, starts[50:] + starts[:50])


def test_what_is_never_due_is_not_asked_about_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    once, never = opened((DAYS[0], DAYS[1]), horizon=3), sla.never_open()
    starts = [to_micros(day) for day in DAYS[:2000]]
    monkeypatch.setattr(Calendar, "_due", lambda *_: pytest.fail("a row was asked about by itself"))
    for calendar in (once, never):
        assert set(Kernel(calendar).due(column(starts), sla.business_days(1), never="null").tolist()) == {NULL}


def test_nothing_and_nulls() -> None:
    kernel = kernel_of(office())
    for amount in AMOUNTS:
        for starts in ([], [NULL] * 3):
            found = kernel.due(column(starts), amount)
            assert (found.tolist(), found.dtype.name) == (starts, "int64")
    assert kernel.business_days_between(column([]), column([])).tolist() == []
    assert kernel.business_days_between(column([NULL, 0]), column([0, NULL])).tolist() == [NULL, NULL]
    with pytest.raises(sla.InvalidInstant, match="2 starts and 1 ends"):
        kernel.business_days_between(column([0, 0]), column([0]))
    with pytest.raises(sla.InvalidInstant, match="never='maybe'"):
        kernel.due(column([0]), sla.business_days(1), never="maybe")  # type: ignore[arg-type]


def test_a_column_of_a_frame_takes_the_same_way() -> None:
    starts = column(moments(office(), at(2026, 1, 1), at(2026, 12, 1), 50))
    for amount in AMOUNTS:
        assert series.due(starts, amount, office()).tolist() == kernel_of(office()).due(starts, amount).tolist()
