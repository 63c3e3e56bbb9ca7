"""What columns, frames and expressions are asked under the name `sla` is what the calendar answers for each row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
import sla_engine.frames.pandas
import sla_engine.frames.polars
from sla_engine import Calendar, SlaError
from sla_engine.testing.strategies import calendars_and_instants

ROME = "Europe/Rome"
HOUR = timedelta(hours=1)
OFFICE = sla.BusinessCalendar(zone=ROME, hours={"mon-fri": "09:00-18:00"})
ALWAYS = sla.BusinessCalendar(zone="UTC", hours={"mon-sun": "00:00-24:00"})
FRIDAY = datetime(2026, 3, 6, 16, tzinfo=ZoneInfo(ROME))
SATURDAY = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo(ROME))
Rows = list[datetime | None]
ENGINES: list[Any] = ["in-memory", "streaming"]


def col(*names: str) -> Any:
    """Type checkers know nothing of namespaces."""
    return pl.col(*names)


def lit(value: Any) -> Any:
    return pl.lit(value)


def column(name: str, rows: Rows, unit: Any = "us", zone: str = ROME) -> pl.Series:
    instants = [None if at is None else at.astimezone(UTC) for at in rows]
    return pl.Series(name, instants, pl.Datetime("us", "UTC")).cast(pl.Datetime(unit, zone))


def lengths(name: str, rows: list[timedelta | None], unit: Any = "us") -> pl.Series:
    return pl.Series(name, rows, pl.Duration(unit))


def listed(found: Any) -> list[Any]:
    """The values of a column as Python has them, None where there is none; instants in UTC."""
    if isinstance(found, pd.Series):
        values: list[Any] = [None if missing else one for one, missing in zip(found, found.isna(), strict=True)]
        values = [one.to_pydatetime() if isinstance(one, pd.Timestamp) else one for one in values]
        values = [one.to_pytimedelta() if isinstance(one, pd.Timedelta) else one for one in values]
    else:
        values = found.to_list()
    return [one.astimezone(UTC) if isinstance(one, datetime) else one for one in values]


def each(ask: Callable[..., Any], *columns: list[Any]) -> Any:
    """The answer for each row, or the error of one of them."""
    try:
        found = [None if None in row else ask(*row) for row in zip(*columns, strict=True)]
    except SlaError as error:
        return type(error)
    return [one.astimezone(UTC) if isinstance(one, datetime) else one for one in found]


def answered(ask: Callable[[], Any]) -> Any:
    try:
        return listed(ask())
    except SlaError as error:
        return type(error)


QUESTIONS: dict[str, tuple[Callable[[Any, Calendar], Any], Callable[[Calendar, Any, Any, Any], Any], Any]] = {
    "add": (lambda at, one: at.add("4h", one), lambda one, at, *_: one.add(at, "4h"), None),
    "add days": (
        lambda at, one: at.add("2 business days", one),
        lambda one, at, *_: one.add(at, "2 business days"),
        None,
    ),
    "add elapsed": (lambda at, one: at.add("36h elapsed", one), lambda one, at, *_: one.add(at, "36h elapsed"), None),
    "subtract": (lambda at, one: at.subtract("90m", one), lambda one, at, *_: one.subtract(at, "90m"), None),
    "is_open": (lambda at, one: at.is_open(one), lambda one, at, *_: one.is_open(at), pl.Boolean()),
    "next_opening": (lambda at, one: at.next_opening(one), lambda one, at, *_: one.next_opening(at), None),
}
PAIRED: dict[str, tuple[Callable[[Any, Any, Calendar], Any], Callable[[Calendar, Any, Any], Any], str, Any]] = {
    "add": (lambda at, by, one: at.add(by, one), lambda one, at, by: one.add(at, by), "by", None),
    "subtract": (lambda at, by, one: at.subtract(by, one), lambda one, at, by: one.subtract(at, by), "by", None),
    "elapsed": (
        lambda at, end, one: at.elapsed(end, one),
        lambda one, at, end: one.elapsed(at, end),
        "end",
        pl.Duration("us"),
    ),
    "business_days_between": (
        lambda at, end, one: at.business_days_between(end, one),
        lambda one, at, end: one.business_days_between(at, end),
        "end",
        pl.Int64(),
    ),
}


def ways(frame: pl.DataFrame, asked: pl.Expr, zone: str, dtype: Any) -> list[Callable[[], Any]]:
    """All places in which an expression may stand; each gives the answers in the order of the rows."""
    lazy = frame.lazy()
    wanted = dtype or pl.Datetime("us", zone)

    def streamed(engine: Any) -> pl.Series:
        plan = lazy.select(asked.alias("x"))
        found = plan.collect(engine=engine)
        assert plan.collect_schema() == found.schema == {"x": wanted}
        return found["x"]

    def grouped() -> pl.Series:
        found = lazy.group_by("half", maintain_order=True).agg(asked.alias("x"), "row").collect()
        assert found.schema["x"] == pl.List(wanted)
        return found.drop("half").explode("x", "row").sort("row")["x"]

    def filtered() -> pl.Series:
        # A filter by the answer keeps the rows for which it holds, here all that have one.
        kept = lazy.filter(asked.is_not_null()).collect()
        answers = lazy.with_columns(asked.alias("x")).collect()
        assert kept["row"].to_list() == answers.filter(col("x").is_not_null())["row"].to_list()
        return answers["x"]

    return [
        lambda: streamed("in-memory"),
        lambda: streamed("streaming"),
        lambda: frame.select(asked.alias("x"))["x"],
        lambda: frame.select(asked.over("half").alias("x"))["x"],
        grouped,
        filtered,
    ]


@pytest.mark.parametrize("name", QUESTIONS)
@given(calendars_and_instants(5, horizon=2), st.lists(st.booleans(), min_size=5, max_size=5))
@settings(max_examples=15)
def test_an_expression_of_instants(name: str, case: tuple[Calendar, list[datetime]], there: list[bool]) -> None:
    calendar, moments = case
    rows: Rows = [at.astimezone(UTC) if is_there else None for at, is_there in zip(moments, there, strict=True)]
    ask, one, dtype = QUESTIONS[name]
    expected = each(lambda at: one(calendar, at, None, None), rows)
    frame: Any = pl.DataFrame([column("opened", rows), pl.Series("row", range(5)), pl.Series("half", [0, 1, 0, 1, 1])])
    for way in ways(frame, ask(col("opened").sla, calendar), ROME, dtype):
        assert answered(way) == expected
    assert answered(lambda: ask(frame["opened"].sla, calendar)) == expected
    pandas = frame["opened"].to_pandas().set_axis([3, 3, 1, 0, -1])
    assert answered(lambda: ask(pandas.sla, calendar)) == expected


@pytest.mark.parametrize("name", PAIRED)
@given(
    calendars_and_instants(5, horizon=2),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(-3000, 3000)), min_size=5, max_size=5),
)
@settings(max_examples=15)
def test_an_expression_beside_another(
    name: str, case: tuple[Calendar, list[datetime]], drawn: list[tuple[bool, bool, int]]
) -> None:
    calendar, moments = case
    rows: Rows = [at.astimezone(UTC) if row[0] else None for at, row in zip(moments, drawn, strict=True)]
    ends: Rows = [at.astimezone(UTC) if row[1] else None for at, row in zip(moments[::-1], drawn, strict=True)]
    amounts = [timedelta(minutes=row[2]) if row[1] else None for row in drawn]
    ask, one, beside, dtype = PAIRED[name]
    others: dict[str, list[Any]] = {"by": list(amounts), "end": list(ends)}
    expected = each(lambda at, other: one(calendar, at, other), list(rows), others[beside])
    frame: Any = pl.DataFrame(
        [
            column("opened", rows),
            column("end", ends, "ms" if all(at is None or at.microsecond % 1000 == 0 for at in ends) else "us", "UTC"),
            lengths("by", amounts, "ms"),
            pl.Series("row", range(5)),
            pl.Series("half", [0, 1, 0, 1, 1]),
        ]
    )
    for way in ways(frame, ask(col("opened").sla, col(beside), calendar), ROME, dtype):
        assert answered(way) == expected
    assert answered(lambda: ask(frame["opened"].sla, frame[beside], calendar)) == expected
    pandas = frame.to_pandas().set_axis([3, 3, 1, 0, -1])
    assert answered(lambda: ask(pandas["opened"].sla, pandas[beside], calendar)) == expected


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_units_and_zones_are_known_to_the_plan(engine: Any, unit: str, zone: str) -> None:
    late = datetime(2039, 7, 1, 17, tzinfo=ZoneInfo(ROME))
    lazy = pl.LazyFrame([column("opened", [FRIDAY, None, late], unit, zone), column("end", [late] * 3, "ns", "UTC")])
    opened = col("opened").sla
    plan = lazy.select(
        opened.add("4h", OFFICE).alias("due"),
        opened.next_opening(OFFICE).alias("opens"),
        opened.elapsed("end", OFFICE).alias("open"),
        opened.is_open(OFFICE).alias("is_open"),
        opened.business_days_between("end", OFFICE).alias("days"),
        opened.deadline("legal", sla.maxony_policy()).alias("deadline"),
    )
    instant = pl.Datetime("us", zone)
    found = plan.collect(engine=engine)
    assert plan.collect_schema() == found.schema
    assert found.schema == {
        "due": instant,
        "opens": instant,
        "open": pl.Duration("us"),
        "is_open": pl.Boolean(),
        "days": pl.Int64(),
        "deadline": instant,
    }
    expected = [datetime(2026, 3, 9, 11, tzinfo=ZoneInfo(ROME)), None, datetime(2039, 7, 4, 12, tzinfo=ZoneInfo(ROME))]
    assert listed(found["due"]) == [None if at is None else at.astimezone(UTC) for at in expected]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_rows_have_the_same_schema(engine: Any) -> None:
    empty = pl.LazyFrame([column("opened", []), lengths("by", [])])
    plan = empty.select(col("opened").sla.add("4h", OFFICE), col("opened").sla.add(col("by"), OFFICE).alias("other"))
    found = plan.collect(engine=engine)
    assert found.schema == plan.collect_schema() == dict.fromkeys(["opened", "other"], pl.Datetime("us", ROME))
    assert len(found) == 0


def test_the_name_is_that_of_the_instants() -> None:
    frame: Any = pl.DataFrame([column("opened", [FRIDAY]), column("end", [SATURDAY]), lengths("by", [HOUR])])
    opened = col("opened").sla
    asked = [opened.add(col("by"), OFFICE), opened.elapsed("end", OFFICE), opened.is_open(OFFICE)]
    assert [frame.select(one).columns for one in asked] == [["opened"]] * 3
    assert frame.select(col("opened", "end").sla.add("4h", OFFICE)).columns == ["opened", "end"]


def test_one_instant_for_all() -> None:
    frame: Any = pl.DataFrame([column("end", [FRIDAY, SATURDAY])])
    asked = lit(FRIDAY - HOUR).sla
    assert listed(frame.select("end", x=asked.add("1h", OFFICE))["x"]) == [FRIDAY.astimezone(UTC)] * 2
    assert listed(frame.select(asked.elapsed("end", OFFICE)).to_series()) == [HOUR, 3 * HOUR]
    assert listed(frame.select(col("end").sla.elapsed(pl.lit(FRIDAY), OFFICE)).to_series()) == [
        timedelta(),
        -2 * HOUR,
    ]


def test_over_groups_an_expression_may_be_a_single_one() -> None:
    frame: Any = pl.DataFrame([column("opened", [FRIDAY, SATURDAY, FRIDAY + HOUR]), pl.Series("g", [1, 1, 2])])
    found = frame.group_by("g", maintain_order=True).agg(
        first=col("opened").min().sla.add("1h", OFFICE),
        since=col("opened").sla.elapsed(col("opened").max(), OFFICE),
        total=col("opened").sla.elapsed(col("opened").max(), OFFICE).sum(),
    )
    assert listed(found["first"]) == [(FRIDAY + HOUR).astimezone(UTC), (FRIDAY + 2 * HOUR).astimezone(UTC)]
    assert found["since"].to_list() == [[2 * HOUR, timedelta()], [timedelta()]]
    assert found["total"].to_list() == [2 * HOUR, timedelta()]


def test_many_rows_in_batches_are_those_of_one() -> None:
    instants = column("opened", [FRIDAY + timedelta(minutes=minute) for minute in range(0, 300_000, 3)])
    names = pl.Series("who", ["office", "always", None, "office", "always"] * 20_000)
    lazy = pl.LazyFrame([instants, names])
    both = {"office": OFFICE, "always": ALWAYS}
    plan = lazy.select(col("opened").sla.add("4h", both, which="who"))
    streamed, whole = plan.collect(engine="streaming"), plan.collect()
    assert streamed.equals(whole)
    assert whole["opened"].null_count() == 20_000
    assert listed(whole["opened"][-2:]) == [
        calendar.add(at, "4h").astimezone(UTC)
        for calendar, at in zip((OFFICE, ALWAYS), instants.to_list()[-2:], strict=True)
    ]


PLAIN = sla.maxony_policy()
TIERS = ["legal", "first_level", None, "second_level"]
RULED = sla.Policy(
    name="Ruled",
    calendars={"office": {"zone": ROME, "hours": {"mon-fri": "09:00-18:00"}}},
    tiers={"first": {"calendar": "office", "targets": {"response": "4h", "resolution": "2 business days"}}},
    rules=[{"when": {"priority": "urgent"}, "targets": {"response": "1h"}}],
)


@pytest.mark.parametrize("categories", [False, True])
def test_deadlines(categories: bool) -> None:
    rows: Rows = [FRIDAY, SATURDAY, None, FRIDAY - HOUR]
    expected = each(lambda at, tier: PLAIN.deadline(tier, at), list(rows), list(TIERS))
    frame: Any = pl.DataFrame(
        [column("opened", rows), pl.Series("tier", TIERS, pl.Categorical if categories else pl.String)]
    )
    asked = col("opened").sla.deadline(col("tier"), PLAIN)
    for engine in ENGINES:
        assert listed(frame.lazy().select(asked).collect(engine=engine).to_series()) == expected
    assert listed(frame["opened"].sla.deadline(frame["tier"], PLAIN)) == expected
    assert listed(frame.sla.deadline("opened", "tier", PLAIN)) == expected
    pandas = frame.to_pandas().set_axis([5, 5, 0, 1])
    found = pandas.sla.deadline(opened="opened", tier="tier", policy=PLAIN)
    assert listed(found) == expected
    assert list(found.index) == [5, 5, 0, 1]
    one = each(lambda at: PLAIN.deadline("legal", at), list(rows))
    assert listed(frame.select(col("opened").sla.deadline("legal", PLAIN)).to_series()) == one


def test_deadlines_by_attributes() -> None:
    rows: Rows = [FRIDAY, SATURDAY, FRIDAY]
    urgent = ["urgent", "low", None]
    frame: Any = pl.DataFrame(
        [column("opened", rows), pl.Series("tier", ["first"] * 3), pl.Series("priority", urgent, dtype=pl.String)]
    )
    for target in ("response", "resolution"):
        expected = each(
            lambda at, given_, target=target: RULED.deadline(
                "first", at, target=target, attributes={"priority": None if given_ == "" else given_}
            ),
            list(rows),
            [one or "" for one in urgent],
        )
        asked = col("opened").sla.deadline("first", RULED, target=target, attributes={"priority": "priority"})
        assert listed(frame.lazy().select(asked).collect().to_series()) == expected
        for whole in (frame, frame.to_pandas()):
            by_name = whole.sla.deadline("opened", "tier", RULED, target=target, attributes=["priority"])
            assert listed(by_name) == expected
            renamed = whole.rename({"priority": "p"}) if whole is frame else whole.rename(columns={"priority": "p"})
            mapped = renamed.sla.deadline("opened", "tier", RULED, target=target, attributes={"priority": "p"})
            assert listed(mapped) == expected


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_questions_of_a_frame_are_those_of_its_columns(kind: str) -> None:
    polars = pl.DataFrame(
        [
            column("opened", [FRIDAY, None, SATURDAY]),
            column("end", [SATURDAY, FRIDAY, FRIDAY]),
            lengths("by", [HOUR] * 3),
            pl.Series("who", ["office", "always", "always"]),
        ]
    )
    frame: Any = polars if kind == "polars" else polars.to_pandas().set_axis(["a", "b", "a"])
    both = {"office": OFFICE, "always": ALWAYS}
    opened, end, who = frame["opened"], frame["end"], frame["who"]
    pairs = [
        (frame.sla.add("opened", "4h", OFFICE), opened.sla.add("4h", OFFICE)),
        (frame.sla.add("opened", frame["by"], both, which="who"), opened.sla.add(frame["by"], both, which=who)),
        (frame.sla.subtract("end", "4h", both, which="who"), end.sla.subtract("4h", both, which=who)),
        (frame.sla.elapsed("opened", "end", both, which="who"), opened.sla.elapsed(end, both, which=who)),
        (frame.sla.is_open("end", both, which="who"), end.sla.is_open(both, which=who)),
        (frame.sla.next_opening("end", OFFICE), end.sla.next_opening(OFFICE)),
        (
            frame.sla.business_days_between("opened", "end", OFFICE),
            opened.sla.business_days_between(end, OFFICE),
        ),
    ]
    for found, same in pairs:
        assert listed(found) == listed(same)
        assert type(found) is type(same)
        if kind == "pandas":
            assert list(found.index) == ["a", "b", "a"]
    assert listed(pairs[0][0]) == each(lambda at: OFFICE.add(at, "4h"), [FRIDAY, None, SATURDAY])
    assert listed(pairs[3][0]) == [2 * HOUR, None, -20 * HOUR]
    with pytest.raises(sla.InvalidLog, match="no column 'nix'") as caught:
        frame.sla.add("nix", "4h", OFFICE)
    assert caught.value.where == "starts"


def test_rows_with_other_labels_are_refused() -> None:
    opened: Any = column("opened", [FRIDAY, SATURDAY]).to_pandas()
    other = opened.iloc[::-1]
    asks: list[Callable[[], Any]] = [
        lambda: opened.sla.elapsed(other, OFFICE),
        lambda: opened.sla.business_days_between(other, OFFICE),
        lambda: opened.sla.add(pd.Series([HOUR] * 2, index=[1, 0]), OFFICE),
        lambda: opened.sla.deadline(pd.Series(["legal"] * 2, index=[1, 0]), PLAIN),
        lambda: opened.sla.deadline("legal", PLAIN, attributes={"a": pd.Series(["x"] * 2, index=[1, 0])}),
        lambda: opened.sla.subtract(pd.Series([HOUR] * 2, index=[1, 0]), OFFICE),
        lambda: opened.sla.next_opening({"a": OFFICE}, which=pd.Series(["a"] * 2, index=[1, 0])),
        lambda: opened.sla.is_open({"a": OFFICE}, which=pd.Series(["a"] * 2, index=[1, 0])),
    ]
    for ask in asks:
        with pytest.raises(sla.InvalidInstant, match="labelled otherwise") as caught:
            ask()
        assert "same index" in caught.value.remedy


@pytest.mark.parametrize("engine", ENGINES)
def test_instants_without_a_zone_need_one(engine: Any) -> None:
    naive = pl.LazyFrame({"opened": [datetime(2026, 3, 6, 16), None], "end": [datetime(2026, 3, 9, 10)] * 2})
    for asked in (
        col("opened").sla.add("4h", OFFICE),
        lit(FRIDAY).sla.elapsed(col("opened"), OFFICE),
    ):
        with pytest.raises(sla.NaiveDatetime, match="no zone"):
            naive.select(asked).collect(engine=engine)
    plan = naive.select(
        col("opened").sla.add("4h", OFFICE, zone=ROME),
        open=col("opened").sla.elapsed("end", OFFICE, zone=ROME),
    )
    assert plan.collect_schema() == {"opened": pl.Datetime("us", ROME), "open": pl.Duration("us")}
    found = plan.collect(engine=engine)
    assert listed(found["opened"]) == each(lambda at: OFFICE.add(at, "4h"), [FRIDAY, None])
    assert found["open"].to_list() == [3 * HOUR, None]
    # Instants that have a zone keep their instant, and answers are in the one that is given.
    tokyo = pl.LazyFrame([column("opened", [FRIDAY], zone="Asia/Tokyo")])
    moved = tokyo.select(col("opened").sla.add("4h", OFFICE, zone=ROME)).collect(engine=engine)
    assert moved.schema == {"opened": pl.Datetime("us", ROME)}
    assert listed(moved["opened"]) == each(lambda at: OFFICE.add(at, "4h"), [FRIDAY])
    with pytest.raises(sla.InvalidInstant, match=ROME):
        pl.LazyFrame({"at": [datetime(2026, 3, 29, 2, 30)]}).select(col("at").sla.is_open(OFFICE, zone=ROME)).collect(
            engine=engine
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_no_answer_is_an_error_of_its_kind(engine: Any) -> None:
    rows: Rows = [FRIDAY, None, FRIDAY]
    lazy = pl.LazyFrame([column("opened", rows), column("end", rows), pl.Series("who", ["a", "x", "office"])])
    never = sla.BusinessCalendar(name="never", zone=ROME, hours={})
    for asked, error, said in (
        (
            col("opened").sla.add("4h", never),
            sla.NeverDue,
            "row 0 of those that Polars asked about: the calendar 'never'",
        ),
        (col("opened").sla.add("4h", {"office": OFFICE}, which="who"), sla.UnknownName, "no calendar 'a'"),
        (col("opened").sla.deadline(col("who"), PLAIN), sla.UnknownName, "row 0"),
        (col("opened").sla.add(col("who"), OFFICE), sla.InvalidInstant, "one of durations is expected"),
        (col("opened").sla.elapsed("who", OFFICE), sla.InvalidInstant, "one of instants is expected"),
        (col("opened", "end").sla.elapsed("opened", OFFICE), sla.InvalidInstant, "several columns"),
        (col("opened").sla.elapsed(col("opened", "end"), OFFICE), pl.exceptions.DuplicateError, "__ends"),
    ):
        with pytest.raises(error, match=said):
            lazy.select(asked).collect(engine=engine)
    fine = pl.LazyFrame({"at": [1]}).select(pl.from_epoch("at", time_unit="us").cast(pl.Datetime("ns", "UTC")))
    with pytest.raises(sla.NanosecondsLost):
        fine.select((col("at") + pl.duration(nanoseconds=1)).sla.is_open(OFFICE)).collect(engine=engine)


def test_amounts_and_kinds_are_checked_before_anything_is_collected() -> None:
    with pytest.raises(sla.InvalidAmount):
        col("opened").sla.add("4 parsecs", OFFICE)
    with pytest.raises(sla.InvalidAmount):
        col("opened").sla.subtract("4 parsecs", OFFICE)
    with pytest.raises(pl.exceptions.PolarsError):
        pl.LazyFrame({"opened": [1]}).select(col("opened").sla.add("4h", OFFICE)).collect_schema()
