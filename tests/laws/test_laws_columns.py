"""Columns of every kind of data frame are answered as their rows are, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Calendar, SlaError, frames
from sla_engine.testing.strategies import calendars_and_instants

ROME = "Europe/Rome"
HOUR = timedelta(hours=1)
Rows = list[datetime | None]


def pandas_of(rows: Rows, unit: Any = "us", zone: str = ROME) -> Any:
    instants = pd.Series([None if at is None else at.astimezone(UTC) for at in rows], dtype=object)
    column = pd.to_datetime(instants, utc=True).dt.as_unit(unit).dt.tz_convert(zone)
    column.index = pd.Index([7, 7, *range(len(rows))][: len(rows)])
    return column.rename("opened")


def polars_of(rows: Rows, unit: str = "us", zone: str = ROME) -> Any:
    instants = [None if at is None else at.astimezone(UTC) for at in rows]
    return pl.Series("opened", instants, dtype=pl.Datetime("us", "UTC")).cast(pl.Datetime(unit, zone))  # type: ignore[arg-type]


def arrow_of(rows: Rows, unit: str = "us", zone: str = ROME) -> Any:
    # In two chunks, of which the second is cut from a longer array.
    kind = pa.timestamp("us", "UTC")
    instants = [None if at is None else at.astimezone(UTC) for at in rows]
    cut = pa.array([None, *instants[1:]], kind)[1:]
    return pa.chunked_array([pa.array(instants[:1], kind), cut]).cast(pa.timestamp(unit, zone))


BACKENDS: dict[str, Callable[..., Any]] = {"pandas": pandas_of, "polars": polars_of, "arrow": arrow_of}


def values(column: Any) -> list[Any]:
    """
    The values of a column as Python has them, None where there is none; instants in UTC.

    Python calls two datetimes of different zones unequal, whatever the instants, where one is in an hour that its zone
    has twice.
    """
    if isinstance(column, pd.Series):
        there: list[Any] = [None if missing else one for one, missing in zip(column, column.isna(), strict=True)]
        found = [one.to_pydatetime() if isinstance(one, pd.Timestamp) else one for one in there]
    else:
        found = column.to_list() if isinstance(column, pl.Series) else column.to_pylist()
    return [one.astimezone(UTC) if isinstance(one, datetime) else one for one in found]


def durations(column: Any) -> list[Any]:
    return [one.to_pytimedelta() if isinstance(one, pd.Timedelta) else one for one in values(column)]


def answered(ask: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return ask(), ""
    except SlaError as error:
        return None, type(error).__name__


@pytest.mark.parametrize("backend", BACKENDS)
@given(
    calendars_and_instants(6, horizon=2),
    st.sampled_from(["4h", "-90m", "0h", "2 business days", "36h elapsed"]),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
@settings(max_examples=40)
def test_every_question(backend: str, case: tuple[Calendar, list[datetime]], amount: str, there: list[bool]) -> None:
    calendar, moments = case
    rows: Rows = [at.astimezone(UTC) if is_there else None for at, is_there in zip(moments, there, strict=True)]
    column, ends = BACKENDS[backend](rows), BACKENDS[backend](rows[::-1])

    def each(ask: Callable[..., Any], *columns: Rows) -> Any:
        return answered(lambda: [None if None in row else ask(*row) for row in zip(*columns, strict=True)])

    added = answered(lambda: values(frames.add(column, amount, calendar)))
    assert added == each(lambda at: calendar.add(at, amount), rows)
    if "business" not in amount and "elapsed" not in amount:
        taken = answered(lambda: values(frames.subtract(column, amount, calendar)))
        assert taken == each(lambda at: calendar.subtract(at, amount), rows)
    assert durations(frames.elapsed(column, ends, calendar)) == each(calendar.elapsed, rows, rows[::-1])[0]
    assert values(frames.is_open(column, calendar)) == each(calendar.is_open, rows)[0]
    opening = answered(lambda: values(frames.next_opening(column, calendar)))
    assert opening == each(calendar.next_opening, rows)
    days = values(frames.business_days_between(column, ends, calendar))
    assert days == each(calendar.business_days_between, rows, rows[::-1])[0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_hour_that_comes_twice(backend: str) -> None:
    always = sla.BusinessCalendar(zone=ROME, hours={"mon-sun": "00:00-24:00"})
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    column = BACKENDS[backend]([first, first + HOUR])
    assert values(frames.add(column, "1h", always)) == [first + HOUR, first + 2 * HOUR]
    assert (
        values(frames.next_opening(column, sla.BusinessCalendar(zone=ROME, hours={"sun": "02:00-24:00"})))
        == [datetime(2026, 10, 31, 0, tzinfo=UTC) + timedelta(days=1, hours=1)] * 2
    )


OFFICE = sla.BusinessCalendar(zone=ROME, hours={"mon-fri": "09:00-18:00"})
FRIDAY = datetime(2026, 3, 6, 16, tzinfo=ZoneInfo(ROME))
LATE = datetime(2039, 7, 1, 17, tzinfo=ZoneInfo(ROME))
"""A Friday too, after the last second of 32 bits."""


UNITS = {"pandas": ["s", "ms", "us", "ns"], "polars": ["ms", "us", "ns"], "arrow": ["s", "ms", "us", "ns"]}


@pytest.mark.parametrize(("backend", "unit"), [(backend, unit) for backend, units in UNITS.items() for unit in units])
def test_units_and_years_after_2038(backend: str, unit: str) -> None:
    column = BACKENDS[backend]([FRIDAY, None, LATE], unit)
    # Two hours on the Friday and two on the Monday; one and three.
    expected = [datetime(2026, 3, 9, 11, tzinfo=ZoneInfo(ROME)), None, datetime(2039, 7, 4, 12, tzinfo=ZoneInfo(ROME))]
    found = frames.add(column, "4h", OFFICE)
    assert values(found) == expected
    assert type(found) is type(column)


def test_index_name_and_zone_stay() -> None:
    column = pandas_of([FRIDAY, None, LATE], zone="America/New_York")
    for found in (
        frames.add(column, "4h", OFFICE),
        frames.elapsed(column, column, OFFICE),
        frames.is_open(column, OFFICE),
    ):
        assert list(found.index) == list(column.index) == [7, 7, 0]
        assert found.name == "opened"
    assert str(frames.add(column, "4h", OFFICE).dtype) == "datetime64[us, America/New_York]"
    polars = polars_of([FRIDAY], zone="America/New_York")
    assert frames.next_opening(polars, OFFICE).dtype == pl.Datetime("us", "America/New_York")
    assert frames.next_opening(polars, OFFICE).name == "opened"
    arrow = arrow_of([FRIDAY], zone="America/New_York")
    assert frames.add(arrow, "4h", OFFICE).type == pa.timestamp("us", "America/New_York")


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_amount_per_row(backend: str) -> None:
    column = BACKENDS[backend]([FRIDAY, FRIDAY, None, FRIDAY])
    given_ = [HOUR, -HOUR, HOUR, None]
    amounts = {
        "pandas": pd.Series(given_, dtype="timedelta64[us]"),
        "polars": pl.Series(given_, dtype=pl.Duration("ms")),
        "arrow": pa.chunked_array([pa.array(given_, pa.duration("s"))]),
    }[backend]
    assert values(frames.add(column, amounts, OFFICE)) == [FRIDAY + HOUR, FRIDAY - HOUR, None, None]
    assert values(frames.subtract(column, amounts, OFFICE)) == [FRIDAY - HOUR, FRIDAY + HOUR, None, None]


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_rows(backend: str) -> None:
    column = BACKENDS[backend]([])
    for found in (
        frames.add(column, "4h", OFFICE),
        frames.elapsed(column, column, OFFICE),
        frames.is_open(column, OFFICE),
    ):
        assert values(found) == []
        assert type(found) is type(column)


NAIVE: dict[str, Callable[[str], Any]] = {
    "pandas": lambda text: pd.Series(pd.to_datetime([text])),
    "polars": lambda text: pl.Series([datetime.fromisoformat(text)]),
    "arrow": lambda text: pa.chunked_array([pa.array([datetime.fromisoformat(text)])]),
}


@pytest.mark.parametrize("backend", NAIVE)
def test_instants_without_a_zone_need_one(backend: str) -> None:
    column = NAIVE[backend]("2026-03-06 16:00:00")
    with pytest.raises(sla.NaiveDatetime) as caught:
        frames.add(column, "4h", OFFICE)
    assert caught.value.where == "starts"
    assert caught.value.remedy
    assert values(frames.add(column, "4h", OFFICE, zone=ROME)) == [datetime(2026, 3, 9, 11, tzinfo=ZoneInfo(ROME))]


@pytest.mark.parametrize("backend", NAIVE)
@pytest.mark.parametrize("text", ["2026-03-29 02:30:00", "2026-10-25 02:30:00"])
def test_local_times_that_are_skipped_or_come_twice_are_refused(backend: str, text: str) -> None:
    with pytest.raises(sla.InvalidInstant, match=ROME):
        frames.add(NAIVE[backend](text), "4h", OFFICE, zone=ROME)


@pytest.mark.parametrize(
    ("column", "error", "said"),
    [
        (pd.Series([1, 2]), sla.InvalidInstant, "one of instants is expected"),
        (pl.Series(["2026-03-02"]), sla.InvalidInstant, "one of instants is expected"),
        ([FRIDAY], sla.InvalidInstant, "list is no column"),
        (pd.Series([pd.Timestamp(1, tz="UTC")]).dt.as_unit("ns"), sla.NanosecondsLost, "row 0 has nanoseconds"),
        (pd.Series([FRIDAY, FRIDAY.astimezone(ZoneInfo("Asia/Tokyo"))], dtype=object), sla.InvalidInstant, "expected"),
    ],
    ids=["numbers", "texts", "list", "nanoseconds", "mixed zones"],
)
def test_other_columns_are_refused(column: Any, error: type[SlaError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        frames.add(column, "4h", OFFICE)
    assert caught.value.remedy


def test_amounts_that_do_not_fit_are_refused() -> None:
    column = pandas_of([FRIDAY, FRIDAY])
    with pytest.raises(sla.InvalidInstant, match="2 instants and 1 amounts"):
        frames.add(column, pd.Series([HOUR]), OFFICE)
    with pytest.raises(sla.InvalidInstant, match="one of durations"):
        frames.add(column, pd.Series([4, 4]), OFFICE)
    with pytest.raises(sla.InvalidInstant, match="2 starts and 1 ends"):
        frames.elapsed(column, pandas_of([FRIDAY]), OFFICE)


NAMES: dict[str, Callable[[list[Any]], Any]] = {
    "pandas": lambda names: pd.Series(names, dtype=object),
    "categories": lambda names: pd.Series(names, dtype=pd.CategoricalDtype(["unused", "one", "two"])),
    "polars": lambda names: pl.Series(names, dtype=pl.String),
    "enum": lambda names: pl.Series(names, dtype=pl.Enum(["unused", "two", "one"])),
    "arrow": lambda names: pa.chunked_array([pa.array(names[:3], pa.string()), pa.array(names[3:], pa.string())]),
    # Two chunks whose dictionaries number their values otherwise, the first cut from a longer one.
    "dictionary": lambda names: pa.chunked_array(
        [
            pa.array(["one", *names[:2]], pa.string()).dictionary_encode()[1:],
            pa.array(["two", *names[2:]], pa.string()).dictionary_encode()[1:],
        ]
    ),
}
KIND = {"categories": "pandas", "enum": "polars", "dictionary": "arrow"}


@pytest.mark.parametrize("names", NAMES)
@given(
    calendars_and_instants(6, horizon=2),
    calendars_and_instants(1, horizon=2),
    st.sampled_from(["4h", "-90m", "2 business days", "36h elapsed"]),
    st.lists(st.tuples(st.booleans(), st.sampled_from(["one", "two", None])), min_size=6, max_size=6),
)
@settings(max_examples=15)
def test_a_calendar_per_row(
    names: str,
    case: tuple[Calendar, list[datetime]],
    other: tuple[Calendar, list[datetime]],
    amount: str,
    drawn: list[tuple[bool, str | None]],
) -> None:
    calendars = {"one": case[0], "two": other[0], "unused": OFFICE}
    rows: Rows = [at.astimezone(UTC) if row[0] else None for at, row in zip(case[1], drawn, strict=True)]
    told = [row[1] for row in drawn]
    backend = KIND.get(names, names)
    column, ends, which = BACKENDS[backend](rows), BACKENDS[backend](rows[::-1]), NAMES[names](told)

    def each(ask: Callable[..., Any], *columns: list[Any]) -> Any:
        return answered(
            lambda: [
                None if None in row else ask(calendars[row[0]], *row[1:]) for row in zip(told, *columns, strict=True)
            ]
        )

    def asked(ask: Callable[..., Any], *columns: Any) -> Any:
        return answered(lambda: durations(ask(*columns, calendars, which=which)))

    added = answered(lambda: values(frames.add(column, amount, calendars, which=which)))
    assert added == each(lambda one, at: one.add(at, amount), rows)
    if "business" not in amount and "elapsed" not in amount:
        taken = answered(lambda: values(frames.subtract(column, amount, calendars, which=which)))
        assert taken == each(lambda one, at: one.subtract(at, amount), rows)
    assert asked(frames.elapsed, column, ends) == each(lambda one, *pair: one.elapsed(*pair), rows, rows[::-1])
    assert asked(frames.is_open, column) == each(lambda one, at: one.is_open(at), rows)
    assert asked(frames.next_opening, column) == each(lambda one, at: one.next_opening(at), rows)
    days = each(lambda one, *pair: one.business_days_between(*pair), rows, rows[::-1])
    assert asked(frames.business_days_between, column, ends) == days


NEVER = sla.BusinessCalendar(name="never", zone=ROME, hours={})


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_row_without_an_answer_is_named(backend: str) -> None:
    column = BACKENDS[backend]([FRIDAY, None, FRIDAY, FRIDAY, FRIDAY])
    both = {"b": NEVER, "a": NEVER, "office": OFFICE}
    for amount in ("4h", "2 business days"):
        for told, row in ((["office", "a", "b", "a", "b"], 2), (["office", "a", "office", "a", "b"], 3)):
            with pytest.raises(sla.NeverDue) as caught:
                frames.add(column, amount, both, which=NAMES[backend](told))
            assert caught.value.where == f"row {row}"
    with pytest.raises(sla.UnknownName, match="no calendar 'offce'") as unknown:
        frames.add(column, "4h", both, which=NAMES[backend](["office", "nix", None, "offce", "a"]))
    # A row without an instant is not asked about.
    assert unknown.value.where == "row 3"
    assert unknown.value.value == "offce"
    assert "'office'" in unknown.value.remedy


def test_a_choice_of_calendars_must_be_one() -> None:
    column = pandas_of([FRIDAY, FRIDAY])
    which = pd.Series(["a", "a"])
    for calendar, chosen, said in (
        (OFFICE, which, "one calendar, and a column"),
        ({"a": OFFICE}, None, "no column that chooses"),
        ("a", which, "str is no calendar"),
    ):
        with pytest.raises(sla.InvalidCalendar, match=said) as caught:
            frames.add(column, "4h", calendar, which=chosen)  # type: ignore[arg-type]
        assert caught.value.remedy
    with pytest.raises(sla.InvalidInstant, match="2 rows, and 1 in which"):
        frames.add(column, "4h", {"a": OFFICE}, which=which[:1])
    assert values(frames.is_open(column, {"a": OFFICE}, which="a")) == [True, True]


@pytest.mark.parametrize("backend", BACKENDS)
def test_instants_centuries_apart_and_beyond_the_data(backend: str) -> None:
    early, late = datetime(1874, 5, 1, 12, tzinfo=UTC), datetime(2200, 5, 1, 12, tzinfo=UTC)
    column = BACKENDS[backend]([early, FRIDAY, None, late])
    assert values(frames.add(column, "40h", OFFICE)) == [
        None if at is None else OFFICE.add(at, "40h").astimezone(UTC) for at in (early, FRIDAY, None, late)
    ]
    italy = sla.BusinessCalendar(zone=ROME, hours={"mon-fri": "09:00-18:00"}, holidays=sla.Holidays(country="IT"))
    with pytest.raises(sla.OutOfRange) as caught:
        frames.add(column, "4h", {"it": italy, "any": OFFICE}, which=NAMES[backend](["it", "any", "it", "it"]))
    assert caught.value.where in ("row 3", "")


def test_a_dictionary_may_say_itself_that_there_is_no_value() -> None:
    told = pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), pa.array(["a", None]))
    found = frames.is_open(arrow_of([FRIDAY] * 3), {"a": OFFICE}, which=told)
    assert values(found) == [True, None, None]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_amount_and_a_calendar_per_row(backend: str) -> None:
    always = sla.BusinessCalendar(zone="UTC", hours={"mon-sun": "00:00-24:00"})
    column = BACKENDS[backend]([FRIDAY] * 5)
    hours = [4 * HOUR, 4 * HOUR, None, HOUR, -4 * HOUR]
    amounts = {
        "pandas": pd.Series(hours, dtype="timedelta64[us]"),
        "polars": pl.Series(hours, dtype=pl.Duration("us")),
        "arrow": pa.array(hours, pa.duration("ms")),
    }[backend]
    both = {"office": OFFICE, "always": always}
    which = NAMES[backend](["office", "always", "office", None, "office"])
    monday = datetime(2026, 3, 9, 11, tzinfo=ZoneInfo(ROME))
    added = values(frames.add(column, amounts, both, which=which))
    assert added == [monday, FRIDAY + 4 * HOUR, None, None, FRIDAY - 4 * HOUR]
    taken = values(frames.subtract(column, amounts, both, which=which))
    assert taken == [FRIDAY - 4 * HOUR, FRIDAY - 4 * HOUR, None, None, monday]
