"""Frames of every kind are read and made alike: what goes in comes out, and what is no frame is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import frames
from sla_engine.frames import NULL, tables
from sla_engine.frames.columns import codes_of, durations_of, instants_of
from sla_engine.testing.strategies import calendars_and_instants

FRAMES: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "lazy": pl.LazyFrame,
}
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.Table, "lazy": pl.DataFrame}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

micros = st.one_of(st.just(NULL), st.integers(-(2**55), 2**57))


def listed(column: Any) -> list[Any]:
    """The values of a column, None where there is none."""
    if isinstance(column, pd.Series):
        return [None if missing else one for one, missing in zip(column, column.isna(), strict=True)]
    found: list[Any] = column.to_list() if isinstance(column, pl.Series) else column.to_pylist()
    return found


def ints(values: list[int]) -> Any:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize("kind", FRAMES)
def test_names_are_in_order(kind: str) -> None:
    assert tables.names(FRAMES[kind]({"b": [1], "a": [2], "": [3]})) == ["b", "a", ""]
    assert tables.names(FRAMES[kind]({})) == []


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_a_column_is_picked_as_it_is(kind: str) -> None:
    frame = FRAMES[kind]({"b": [1, 2], "a": [3, 4]})
    assert listed(tables.pick(frame, "a", what="opened")) == [3, 4]
    column = {"pandas": pd.Series, "polars": pl.Series, "arrow": pa.ChunkedArray}[kind]
    assert isinstance(tables.pick(frame, "a", what="opened"), column)
    with pytest.raises(sla.InvalidLog, match="no column 'c'; the columns are 'b', 'a'") as caught:
        tables.pick(frame, "c", what="opened")
    assert caught.value.where == "opened"
    assert caught.value.remedy


def test_a_pandas_column_keeps_its_labels_and_zone() -> None:
    frame = pd.DataFrame({"a": pd.to_datetime(["2026-03-02"]).tz_localize("America/New_York")}, index=["T-1"])
    picked = tables.pick(frame, "a", what="opened")
    assert list(picked.index) == ["T-1"]
    assert str(picked.dtype) == "datetime64[us, America/New_York]"


def test_a_lazy_frame_has_no_columns_to_pick() -> None:
    with pytest.raises(sla.InvalidLog, match="lazy") as caught:
        tables.pick(pl.LazyFrame({"a": [1]}), "a", what="opened")
    assert ".collect()" in caught.value.remedy


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([[1, 2]], columns=["a", "a"]), pa.table([[1], [2]], names=["a", "a"])],
    ids=["pandas", "arrow"],
)
def test_a_column_that_is_there_twice_is_refused(frame: Any) -> None:
    for ask in (lambda: tables.names(frame), lambda: tables.pick(frame, "a", what="opened")):
        with pytest.raises(sla.InvalidLog, match=r"column twice.*'a'"):
            ask()


@pytest.mark.parametrize("given", [[1], None, "a", pd.Series([1]), pl.Series([1]), pa.array([1]), np.ones(2), {"a": 1}])
def test_what_is_no_frame_is_refused(given: Any) -> None:
    for ask in (
        lambda: tables.names(given),
        lambda: tables.pick(given, "a", what="opened"),
        lambda: tables.like(given, {}),
    ):
        with pytest.raises(sla.InvalidLog, match="is no data frame") as caught:
            ask()
        assert "pandas or Polars" in caught.value.remedy


def test_frames_of_other_libraries_are_refused() -> None:
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.connect().sql("select 1 as a")
    with pytest.raises(sla.InvalidLog, match="duckdb") as caught:
        tables.names(relation)
    assert "first" in caught.value.remedy


@pytest.mark.parametrize("kind", FRAMES)
@given(st.lists(micros, max_size=8))
@settings(max_examples=30)
def test_instants_and_durations_come_back(kind: str, values: list[int]) -> None:
    frame, given_ = FRAMES[kind]({"x": [1]}), ints(values)
    for zone in ("UTC", "America/New_York", ZoneInfo("Europe/Rome"), timezone(timedelta(hours=-3))):
        made = tables.instants(frame, given_.copy(), zone)
        assert instants_of(made, name="x").micros.tolist() == values
        assert listed(made) == [None if one == NULL else EPOCH + timedelta(microseconds=one) for one in values]
    made = tables.durations(frame, given_.copy())
    assert durations_of(made, name="x").tolist() == values
    assert listed(made) == [None if one == NULL else timedelta(microseconds=one) for one in values]


@pytest.mark.parametrize("kind", FRAMES)
@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.booleans()), max_size=8))
@settings(max_examples=30)
def test_integers_and_truths_come_back(kind: str, rows: list[tuple[int, bool, bool]]) -> None:
    frame = FRAMES[kind]({"x": [1]})
    numbers, bools, mask = ints([row[0] for row in rows]), *(np.array([row[n] for row in rows], bool) for n in (1, 2))
    assert listed(tables.integers(frame, numbers)) == [row[0] for row in rows]
    assert listed(tables.integers(frame, numbers, mask)) == [None if row[2] else row[0] for row in rows]
    assert listed(tables.truths(frame, bools)) == [row[1] for row in rows]
    assert listed(tables.truths(frame, bools, mask)) == [None if row[2] else row[1] for row in rows]


@pytest.mark.parametrize("kind", FRAMES)
@given(st.lists(st.text(max_size=3), unique=True, min_size=1, max_size=300), st.data())
@settings(max_examples=20)
def test_texts_are_categories_and_come_back(kind: str, values: list[str], data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(-1, len(values) - 1), max_size=8))
    made = tables.texts(FRAMES[kind]({"x": [1]}), ints(codes), values)
    assert listed(made) == [None if code < 0 else values[code] for code in codes]
    numbers, known = codes_of(made, name="x", rows=len(codes))
    assert [None if code < 0 else known[code] for code in numbers.tolist()] == listed(made)
    if kind == "pandas":
        assert isinstance(made.dtype, pd.CategoricalDtype)
    elif kind == "arrow":
        assert pa.types.is_dictionary(made.type)
    else:
        assert isinstance(made.dtype, pl.Enum)


@pytest.mark.parametrize("kind", FRAMES)
def test_no_texts_at_all(kind: str) -> None:
    frame = FRAMES[kind]({"x": [1]})
    assert listed(tables.texts(frame, ints([]), [])) == []
    assert listed(tables.texts(frame, ints([-1, -1]), [])) == [None, None]


@pytest.mark.parametrize("kind", FRAMES)
@given(st.lists(st.integers(0, 3), max_size=6))
@settings(max_examples=20)
def test_taken_are_the_values_of_the_rows(kind: str, rows: list[int]) -> None:
    frame = FRAMES[kind]({"x": [1]})
    columns = [
        tables.texts(frame, ints([0, -1, 1, 0]), ["a", "b"]),
        tables.instants(frame, ints([NULL, 0, 5, 9]), "Europe/Rome"),
        tables.integers(frame, ints([4, 3, 2, 1]), np.array([False, True, False, False])),
    ]
    for column in columns:
        taken = tables.taken(column, ints(rows))
        every = listed(column)
        assert listed(taken) == [every[row] for row in rows]
        assert type(taken) is type(column)
        assert getattr(taken, "dtype", None) == getattr(column, "dtype", None)
        assert getattr(taken, "type", None) == getattr(column, "type", None)


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("rows", [[], [2], [2, 0, 0]])
def test_a_frame_of_the_same_kind(kind: str, rows: list[int]) -> None:
    frame = FRAMES[kind]({"x": [1, 2, 3]})
    column = tables.instants(frame, ints([7, NULL, 9]), "Europe/Rome")
    taken = tables.taken(column, ints(rows))
    made = tables.like(frame, {"n": tables.integers(frame, ints(rows)), "t": taken})
    assert isinstance(made, KINDS[kind])
    assert tables.names(made) == ["n", "t"]
    assert listed(tables.pick(made, "n", what="n")) == rows
    every = listed(column)
    # Labels that rows were taken with do not move them.
    assert listed(tables.pick(made, "t", what="t")) == [every[row] for row in rows]
    assert tables.names(tables.like(frame, {})) == []
    if kind == "pandas":
        assert list(made.index) == list(range(len(rows)))


def test_a_pandas_frame_with_the_index_of_another() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]}, index=[7, 7, 0])
    made = tables.like(frame, {"n": tables.integers(frame, ints([4, 5, 6]))}, index_of=frame["x"])
    assert list(made.index) == [7, 7, 0]
    assert list(made["n"]) == [4, 5, 6]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        pd.to_datetime(["2026-03-02", "2026-03-03", "2026-03-04"], utc=True),
        pd.array([1, 2, None], dtype="Int64"),
    ],
    ids=["numbers", "instants", "nullable"],
)
def test_what_is_written_into_a_frame_is_not_written_into_another(values: Any) -> None:
    frame = pd.DataFrame({"x": values})
    before = frame.copy(deep=True)
    made: Any = tables.like(frame, {"x": tables.pick(frame, "x", what="x")})
    made.iloc[0, 0] = made.iloc[1, 0]
    assert frame.equals(before)
    assert not made.equals(before)


def test_zones_of_one_offset_in_the_words_of_each() -> None:
    at, kinds = ints([0]), {kind: make({"x": [1]}) for kind, make in FRAMES.items()}
    assert tables.instants(kinds["arrow"], at, "UTC+05:30").type == pa.timestamp("us", "+05:30")
    assert tables.instants(kinds["polars"], at, "UTC-03:00").dtype == pl.Datetime("us", "Etc/GMT+3")
    assert tables.instants(kinds["polars"], at, "UTC+03:00")[0].hour == 3
    assert tables.instants(kinds["pandas"], at, "UTC+05:30")[0].isoformat() == "1970-01-01T05:30:00+05:30"
    with pytest.raises(sla.InvalidZone, match="no zone UTC\\+05:30"):
        tables.instants(kinds["polars"], at, "UTC+05:30")


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_lazy_answer_is_asked_for_once_and_sees_all_rows(engine: Any) -> None:
    seen: list[int] = []

    def ask(frame: Any) -> Any:
        seen.append(len(frame))
        return tables.like(frame, {"n": tables.integers(frame, ints([len(frame)]))})

    frame = pl.LazyFrame({"x": range(50_000)})
    answer = tables.lazily(frame, ask, {"n": pl.Int64})
    assert tables.is_lazy(answer)
    assert tables.names(answer) == ["n"]
    assert not seen
    assert answer.filter(pl.col("n") > 0).collect(engine=engine)["n"].to_list() == [50_000]
    assert seen == [50_000]
    assert not tables.is_lazy(answer.collect())


def test_a_lazy_answer_of_another_schema_is_refused() -> None:
    answer = tables.lazily(pl.LazyFrame({"x": [1]}), lambda frame: frame, {"n": pl.Int64})
    with pytest.raises(pl.exceptions.PolarsError, match="schema"):
        answer.collect()


def test_an_error_of_a_lazy_answer_is_the_same() -> None:
    def ask(frame: Any) -> Any:
        return tables.pick(frame, "y", what="opened")

    with pytest.raises(sla.InvalidLog, match="no column 'y'") as caught:
        tables.lazily(pl.LazyFrame({"x": [1]}), ask, {"n": pl.Int64}).collect()
    assert caught.value.where == "opened"


READERS: dict[str, Callable[[Any], Any]] = {
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "pandas": getattr(pd.DataFrame, "from_arrow"),  # noqa: B009  (its stubs do not have it)
}


@pytest.mark.parametrize("reader", READERS)
@given(calendars_and_instants(2, horizon=2))
@settings(max_examples=25)
def test_a_timeline_is_the_open_time(reader: str, case: tuple[sla.Calendar, list[datetime]]) -> None:
    calendar, moments = case
    start, end = sorted(at.astimezone(UTC) for at in moments)
    windows = frames.timeline(calendar, start, end)
    spans = list(calendar.open_spans(start, end))
    table = READERS[reader](windows)
    assert tables.names(table) == ["opens", "closes", "before"]
    opens, closes, before = (listed(tables.pick(table, name, what=name)) for name in ("opens", "closes", "before"))
    assert [one.astimezone(UTC) for one in opens] == [one.start.astimezone(UTC) for one in spans]
    assert [one.astimezone(UTC) for one in closes] == [one.end.astimezone(UTC) for one in spans]
    assert before == [calendar.elapsed(start, one.start) // timedelta(microseconds=1) for one in spans]
    for name, column in (("opens", opens), ("closes", closes)):
        numbers = getattr(windows, name)
        assert numbers.dtype == np.int64
        assert [EPOCH + timedelta(microseconds=one) for one in numbers.tolist()] == [
            one.astimezone(UTC) for one in column
        ]
    assert windows.before.tolist() == before
    assert len(windows) == len(spans)


def test_a_timeline_says_its_types_and_stays_as_it_is() -> None:
    office = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
    start = datetime(2026, 3, 6, 16, tzinfo=UTC)
    for end, rows in ((start + timedelta(days=4), 3), (start, 0)):
        windows = frames.timeline(office, start, end)
        instant = pa.timestamp("us", "UTC")
        assert pa.schema(windows) == pa.schema({"opens": instant, "closes": instant, "before": pa.int64()})
        assert pl.DataFrame(windows).schema == {
            "opens": pl.Datetime("us", "UTC"),
            "closes": pl.Datetime("us", "UTC"),
            "before": pl.Int64(),
        }
        assert len(windows) == rows
    with pytest.raises(ValueError, match="read-only"):
        frames.timeline(office, start, start + timedelta(days=4)).opens[0] = 0
    with pytest.raises(sla.InvalidSpan):
        frames.timeline(office, start, start - timedelta(days=4))
    with pytest.raises(sla.NaiveDatetime):
        frames.timeline(office, start.replace(tzinfo=None), start)
    never = sla.BusinessCalendar(zone="UTC", hours={})
    assert len(frames.timeline(never, start, start + timedelta(days=400))) == 0


def test_duckdb_reads_a_timeline_and_answers_with_it() -> None:
    duckdb = pytest.importorskip("duckdb")
    office = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
    start = datetime(2026, 3, 1, tzinfo=UTC)
    windows = frames.timeline(office, start, start + timedelta(days=60))
    at = [start + timedelta(minutes=1237 * number) for number in range(1, 40)]
    asked = pa.table({"instant": pa.array(at, pa.timestamp("us", "UTC"))})
    connection = duckdb.connect()
    connection.register("windows", windows)
    connection.register("asked", asked)
    found = connection.sql(
        """
        select coalesce(before + least(epoch_us(instant), epoch_us(closes)) - epoch_us(opens), 0) as open
        from asked asof left join windows on instant >= opens order by instant
        """
    ).fetchall()
    assert [timedelta(microseconds=one) for (one,) in found] == [office.elapsed(start, one) for one in at]
