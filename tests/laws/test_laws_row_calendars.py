"""A calendar per row: each row is answered as its own calendar answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Calendar, SlaError
from sla_engine.calendars import business_dates
from sla_engine.errors import BeyondHorizon
from sla_engine.frames.kernels import per_row
from sla_engine.frames.kernels.kernel import NULL, Never
from sla_engine.frames.kernels.per_row import Kernels
from sla_engine.instants import to_micros
from sla_engine.testing.strategies import calendars_and_instants

HOUR = 3_600_000_000


def column(values: list[int]) -> Any:
    return np.array(values, dtype=np.int64)


def office(zone: str = "Europe/Rome", **more: Any) -> Calendar:
    return sla.BusinessCalendar(zone=zone, hours={"mon-fri": ["09:00-13:00", "14:00-18:00"]}, **more)


def opened(*years: int) -> Calendar:
    pairs = [(datetime(year, 1, 1, tzinfo=UTC), datetime(year, 1, 2, tzinfo=UTC)) for year in years]
    return sla.BusinessCalendar(zone="UTC", hours={}, openings=pairs, horizon=2)


CALENDARS = (
    office(),
    sla.BusinessCalendar(zone="America/St_Johns", hours={"mon-sun": "22:00-06:00"}),
    office() | office("America/New_York"),
    office("Asia/Tokyo").changed(from_date=date(2025, 6, 1), to=sla.always_open("Asia/Tokyo")),
    opened(2024, 2025),
    sla.never_open(),
)
FIRST, LAST = (to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (2023, 2026))
amounts = st.sampled_from(
    [
        sla.business_days(2),
        sla.business_days(-1, due="close"),
        sla.calendar_days(3),
        sla.elapsed_time("30h"),
        sla.business_time("9h"),
    ]
)
row = st.tuples(
    st.integers(-1, len(CALENDARS) - 1),
    st.integers(FIRST, LAST) | st.just(NULL),
    st.integers(FIRST, LAST) | st.just(NULL),
    st.integers(-40 * HOUR, 40 * HOUR) | st.just(NULL),
)
Row = tuple[int, int, int, int]


def answered(ask: Callable[[], Any]) -> tuple[Any, str, str]:
    try:
        return ask(), "", ""
    except SlaError as error:
        return None, type(error).__name__, error.where


def each(
    calendars: tuple[Calendar, ...], which: list[int], ask: Callable[..., Any], *columns: list[int], **of: Any
) -> tuple[Any, str, str]:
    """The answers of the rows by their calendars, or the error of the first that has none."""

    def rows() -> list[Any]:
        found: list[Any] = []
        for number, (code, *values) in enumerate(zip(which, *columns, strict=True)):
            try:
                found.append(of.get("empty", NULL) if code < 0 or NULL in values else ask(calendars[code], *values))
            except SlaError as error:
                if not (of.get("never") == "null" and isinstance(error, BeyondHorizon)):
                    raise error.located(f"row {number}") from None
                found.append(NULL)
        return found

    return answered(rows)


def all_agree(calendars: tuple[Calendar, ...], rows: list[Row], amount: sla.Amount, never: Never) -> None:
    which, starts, ends, given_ = ([one[part] for one in rows] for part in range(4))
    kernels, codes = Kernels(calendars), np.array(which, dtype=np.int64)
    at, until, added = column(starts), column(ends), column(given_)
    every = next((one for one in given_ if one != NULL), HOUR)
    for found, expected in (
        (
            lambda: kernels.add(codes, at, added, never=never),
            each(calendars, which, lambda one, *row: one.timeline.add(*row), starts, given_, never=never),
        ),
        (
            lambda: kernels.subtract(codes, at, every, never=never),
            each(calendars, which, lambda one, start: one.timeline.subtract(start, every), starts, never=never),
        ),
        (
            lambda: kernels.elapsed(codes, at, until),
            each(calendars, which, lambda one, *row: one.timeline.elapsed(*row), starts, ends),
        ),
        (
            lambda: kernels.is_open(codes, at),
            each(calendars, which, lambda one, start: one.timeline.is_open(start), starts, empty=False),
        ),
        (
            lambda: kernels.next_opening(codes, at, never=never),
            each(calendars, which, lambda one, start: one.timeline.next_opening(start), starts, never=never),
        ),
        (
            lambda: kernels.business_days_between(codes, at, until),
            each(calendars, which, lambda one, *row: business_dates.between(one.timeline, *row), starts, ends),
        ),
        (
            lambda: kernels.due(codes, at, amount, never=never),
            each(calendars, which, lambda one, start: one._due(start, amount), starts, never=never),
        ),
    ):
        assert answered(lambda: found().tolist()) == expected  # noqa: B023


@pytest.mark.parametrize("never", ["raise", "null"])
@given(st.lists(row, max_size=24), amounts)
@settings(max_examples=60)
def test_every_question(never: Never, rows: list[Row], amount: sla.Amount) -> None:
    all_agree(CALENDARS, rows, amount, never)


@given(
    st.lists(calendars_and_instants(6, horizon=2), min_size=1, max_size=3),
    st.lists(st.integers(-1, 2), min_size=6, max_size=6),
    amounts,
)
@settings(max_examples=40)
def test_calendars_of_every_kind(
    cases: list[tuple[Calendar, list[datetime]]], which: list[int], amount: sla.Amount
) -> None:
    calendars = tuple(calendar for calendar, _ in cases)
    moments = [to_micros(at) for at in cases[0][1]]
    codes = [min(code, len(calendars) - 1) for code in which]
    rows = [(code, at, end, 7 * HOUR) for code, at, end in zip(codes, moments, moments[::-1], strict=True)]
    all_agree(calendars, rows, amount, "null")


def test_groups_of_rows_are_put_back_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(per_row, "_TOGETHER", 100)
    random = np.random.default_rng(5)
    rows: list[Row] = [
        (int(code), int(at), int(end), int(given_))
        for code, at, end, given_ in zip(
            random.integers(-1, 4, 730),
            random.integers(FIRST, LAST, 730),
            random.integers(FIRST, LAST, 730),
            random.integers(-9 * HOUR, 30 * HOUR, 730),
            strict=True,
        )
    ]
    all_agree(CALENDARS, rows, sla.business_days(2), "raise")
    # Blocks of one calendar only, and one of none.
    alike = [(2, *one[1:]) for one in rows[:200]] + [(-1, *one[1:]) for one in rows[200:300]]
    all_agree(CALENDARS, alike, sla.business_days(-2), "raise")


def test_the_first_row_without_an_answer_is_named_whatever_its_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = Kernels([opened(2024), opened(2025), office()])
    far = to_micros(datetime(2024, 1, 1, 12, tzinfo=UTC))
    which, starts = np.array([2, 2, 1, 0, 2, 0, 1]), column([far] * 7)
    given_ = column([HOUR, HOUR, 30 * HOUR, 30 * HOUR, HOUR, HOUR, HOUR])
    for size in (2**20, 3, 2):
        monkeypatch.setattr(per_row, "_TOGETHER", size)
        with pytest.raises(sla.NeverDue) as caught:
            kernels.add(which, starts, given_)
        assert caught.value.where == "row 2"
        assert caught.value.calendar == kernels.calendars[1]
        with pytest.raises(sla.NeverDue) as caught:
            kernels.add(which[::-1].copy(), starts, given_[::-1].copy())
        assert caught.value.where == "row 3"


@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "int64", "uint8"])
def test_numbers_of_any_width(kind: str) -> None:
    starts = column([FIRST, FIRST + HOUR, NULL])
    found = Kernels(CALENDARS[:2]).add(np.array([1, 0, 1], dtype=kind), starts, HOUR)
    expected = [CALENDARS[code].timeline.add(int(at), HOUR) for code, at in zip((1, 0), starts[:2], strict=True)]
    assert found.tolist() == [*expected, NULL]


def test_numbers_that_name_no_calendar_are_refused() -> None:
    kernels, starts = Kernels(CALENDARS[:2]), column([FIRST] * 3)
    for wrong in (2, -2, 2**40, 65_536):
        with pytest.raises(sla.UnknownName, match="no calendar") as caught:
            kernels.add(column([0, wrong, -1]), starts, HOUR)
        assert caught.value.where == "row 1"
        assert caught.value.remedy
    for other, said in (
        (np.array([0.0, 1.0, 0.0]), "float64"),
        (np.array([[0, 1, 0]]), "2 dimensions"),
        (np.array([0, 1]), "3 rows and 2"),
    ):
        with pytest.raises(sla.InvalidInstant, match=said) as refused:
            kernels.is_open(other, starts)
        assert refused.value.where == "which"
    with pytest.raises(sla.InvalidInstant, match="3 starts and 2 amounts"):
        kernels.add(column([0, 1, 0]), starts, column([1, 2]))
    with pytest.raises(sla.InvalidInstant, match="never="):
        kernels.due(column([-1, -1, -1]), starts, sla.business_days(1), never="")  # type: ignore[arg-type]
    with pytest.raises(sla.InvalidInstant, match="int64"):
        kernels.next_opening(column([0, 1, 0]), np.array([1.0, 2.0, 3.0]))


def test_no_rows_and_no_calendars() -> None:
    none = column([])
    for kernels in (Kernels([]), Kernels(CALENDARS)):
        assert kernels.due([], none, sla.business_days(1)).tolist() == []
        assert kernels.is_open(none, none).dtype.name == "bool"
        assert kernels.elapsed(column([-1]), column([FIRST]), column([FIRST])).tolist() == [NULL]
