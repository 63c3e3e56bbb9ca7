"""Probe logs of frames are those of the same rows in a file, and reports as frames say what the reports say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import frames
from sla_engine.frames import tables

START = datetime(2026, 3, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERY = {"api": "1m", "web": "5m", "": "2m"}
Row = tuple[str, str, datetime, bool, datetime | None]
INSTANT = pa.timestamp("us", "UTC")


def arrow_of(rows: list[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    kinds = [pa.string(), pa.string(), INSTANT, pa.bool_(), INSTANT]
    names = ["service", "location", "at", "up", "recorded_at"]
    # What a file has no text for, a frame that was read of it has no value for.
    empty = [
        [one or None for one in column] if name in names[:2] else column
        for name, column in zip(names, columns, strict=True)
    ]
    arrays = [pa.array(column, kind) for column, kind in zip(empty, kinds, strict=True)]
    return pa.table(dict(zip(names, arrays, strict=True)))


def chunked(table: pa.Table) -> pa.Table:
    """The same table in chunks, each cut from something longer."""
    return pa.concat_tables([table.slice(0, 1), pa.concat_tables([table.slice(0, 1), table.slice(1)]).slice(1)])


def pandas_of(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.Index([7] * len(frame))
    return frame


def in_words(table: pa.Table) -> pl.DataFrame:
    frame = pl.DataFrame(table)
    words = pl.when("up").then(pl.lit("Ok")).otherwise(pl.lit("FAILED"))
    return frame.with_columns(pl.col("service", "location").cast(pl.Categorical), up=words)


def in_milliseconds(table: pa.Table) -> pa.Table:
    instants = [table[name].cast(pa.timestamp("ms", "America/New_York")) for name in ("at", "recorded_at")]
    other = table.set_column(2, "at", instants[0]).set_column(4, "recorded_at", instants[1])
    return other.set_column(0, "service", other["service"].dictionary_encode())


FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": pandas_of,
    "polars": pl.DataFrame,
    "lazy": lambda table: pl.DataFrame(table).lazy(),
    "words": in_words,
    "arrow": chunked,
    "milliseconds": in_milliseconds,
}


def written(rows: list[Row]) -> str:
    lines = [
        f"{service},{location},{at.isoformat()},{'up' if up else 'down'},{came.isoformat() if came else ''}"
        for service, location, at, up, came in rows
    ]
    return "\n".join(["service,location,at,up,recorded_at", *lines])


@st.composite
def probes(draw: st.DrawFn) -> list[Row]:
    """Rows in any order; some are told twice, none contradict each other."""
    keys = st.tuples(st.sampled_from(["api", "web", ""]), st.sampled_from(["Rome", ""]), st.integers(0, 40))
    told = draw(st.dictionaries(keys, st.tuples(st.booleans(), st.sampled_from([None, 0, 0, 3, 90])), max_size=25))
    rows = [
        (service, location, START + minute * MINUTE, up, None if late is None else START + (minute + late) * MINUTE)
        for (service, location, minute), (up, late) in told.items()
    ]
    again = draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    return draw(st.permutations([*rows, *again]))


@pytest.mark.parametrize("kind", FRAMES)
@given(probes(), st.sampled_from([2, 1, 3]))
@settings(max_examples=40)
def test_the_logs_are_those_of_the_file(kind: str, rows: list[Row], gap: int) -> None:
    found = frames.probe_logs(
        FRAMES[kind](arrow_of(rows)), every=EVERY, location="location", recorded_at="recorded_at", gap=gap
    )
    expected = sla.read_probes(written(rows), every=EVERY, gap=gap).logs if rows else {}
    assert found == dict(expected)
    assert list(found) == list(expected)
    for service, logs in found.items():
        for log in logs:
            mine = [row for row in rows if row[:2] == (service, log.location)]
            micros = [(round(at.timestamp()) * 1_000_000, up) for _, _, at, up, _ in mine]
            late = {(at, came) for _, _, at, _, came in mine if came is not None and came > at}
            assert log == sla.ProbeLog.of_micros(
                micros,
                every=EVERY[service],
                gap=gap,
                location=log.location,
                late=[(round(at.timestamp()) * 1_000_000, round(came.timestamp()) * 1_000_000) for at, came in late],
            )


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "arrow"])
def test_without_services_and_places_all_is_one_log(kind: str) -> None:
    rows: list[Row] = [("", "", START + minute * MINUTE, minute != 2, None) for minute in (3, 0, 2, 1)]
    table = arrow_of(rows).select(["at", "up"]).rename_columns(["when", "state"])
    found = frames.probe_logs(FRAMES[kind](table), every="1m", at="when", up="state", service=None)
    (log,) = found[""]
    assert list(found) == [""]
    assert log == sla.ProbeLog.of([(row[2], row[3]) for row in rows], every="1m")


def test_the_report_is_that_of_the_log() -> None:
    policy = sla.maxony_policy()
    day = sla.Day(START.date(), zone="UTC")
    looks = [(day.start + minute * MINUTE, minute not in (60, 61, 62)) for minute in range(1441)]
    frame = pl.DataFrame(looks, schema={"at": pl.Datetime("us", "UTC"), "up": pl.Boolean}, orient="row").sample(
        fraction=1, shuffle=True, seed=1
    )
    logs = frames.probe_logs(
        frame.with_columns(service=pl.lit("api")), every={one.name: one.probe_every for one in policy.services}
    )
    report = policy.evaluate_uptime(day, at=day.end, probes=logs)
    assert report["api"] == policy.service("api").evaluate(day, at=day.end, probes=looks)


def test_a_probe_that_is_told_twice_came_in_when_it_first_did() -> None:
    later = START + timedelta(hours=1)
    for arrivals in ([None, later], [later, None], [later, START], [START, later]):
        rows: list[Row] = [("api", "", START, True, came) for came in arrivals]
        (log,) = frames.probe_logs(arrow_of(rows), every="1m", recorded_at="recorded_at")["api"]
        assert log.late == ()
    both: list[Row] = [("api", "", START, True, later + MINUTE), ("api", "", START, True, later)]
    (log,) = frames.probe_logs(arrow_of(both), every="1m", recorded_at="recorded_at")["api"]
    assert [came - made for made, came in log.late] == [3_600_000_000]


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "arrow"])
def test_no_probes_are_no_logs(kind: str) -> None:
    assert frames.probe_logs(FRAMES[kind](arrow_of([])), every="1m") == {}


GOOD: list[Row] = [("api", "", START + minute * MINUTE, True, None) for minute in range(3)]


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
@pytest.mark.parametrize(
    ("row", "error", "said", "where"),
    [
        (("api", "", None, True, None), sla.InvalidLog, "no instant", "row 3.at"),
        (("api", "", START, None, None), sla.InvalidLog, "no state", "row 3.up"),
        (("api", "", START, False, None), sla.InvalidLog, "contradict", "row 3"),
        (("nix", "", START, True, None), sla.UnknownName, "'nix'", "row 3"),
        (("api", "", START, True, START - MINUTE), sla.InvalidLog, "before it was made", "row 3.recorded_at"),
    ],
    ids=["instant", "state", "contradiction", "service", "late"],
)
def test_rows_that_say_nothing_are_named(kind: str, row: Any, error: Any, said: str, where: str) -> None:
    frame = FRAMES[kind](arrow_of([*GOOD, row]))
    with pytest.raises(error, match=said) as caught:
        frames.probe_logs(frame, every={"api": "1m"}, recorded_at="recorded_at")
    assert caught.value.where == where
    assert caught.value.remedy


def test_words_that_are_neither_are_named() -> None:
    table = arrow_of(GOOD).drop_columns("up").append_column("up", pa.array(["up", "Sick", "200"]))
    with pytest.raises(sla.InvalidLog, match="'Sick', which is neither") as caught:
        frames.probe_logs(table, every="1m")
    assert caught.value.where == "row 1.up"
    (log,) = frames.probe_logs(table, every="1m", up_words=["200", "up"], down_words=["SICK"])["api"]
    assert log.ups == (True, False, True)
    numbers = table.set_column(table.schema.get_field_index("up"), "up", pa.array([1, 0, 1]))
    (log,) = frames.probe_logs(numbers, every="1m")["api"]
    assert log.ups == (True, False, True)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_truths_need_no_words(kind: str) -> None:
    rows = [*GOOD, ("api", "", START + 5 * MINUTE, False, None)]
    (log,) = frames.probe_logs(FRAMES[kind](arrow_of(rows)), every="1m", up_words=["200"], down_words=["500"])["api"]
    assert log.ups == (True, True, True, False)


def test_the_first_row_that_contradicts_an_earlier_one_is_named() -> None:
    rows = [*GOOD, *((service, "", at, not up, None) for service, _, at, up, _ in GOOD[::-1])]
    with pytest.raises(sla.InvalidLog, match="contradict") as caught:
        frames.probe_logs(arrow_of(rows), every="1m")
    assert caught.value.where == "row 3"


def test_no_name_and_an_empty_one_are_the_same() -> None:
    table = arrow_of(GOOD).drop_columns("service").append_column("service", pa.array([None, "", "api"]))
    found = frames.probe_logs(table, every="1m")
    assert {service: [len(log) for log in logs] for service, logs in found.items()} == {"": [2], "api": [1]}


def test_columns_that_are_not_there_are_named() -> None:
    for frame in (arrow_of(GOOD), pl.DataFrame(arrow_of(GOOD)).lazy()):
        with pytest.raises(sla.InvalidLog, match="no column 'state'") as caught:
            frames.probe_logs(frame, every="1m", up="state")
        assert caught.value.where == "up"


def test_instants_without_a_zone_need_one() -> None:
    naive = pl.DataFrame({"at": [datetime(2026, 3, 10, 9)], "up": [True]})
    with pytest.raises(sla.NaiveDatetime):
        frames.probe_logs(naive, every="1m", service=None)
    (log,) = frames.probe_logs(naive, every="1m", service=None, zone="Europe/Rome")[""]
    assert log.instants == (round(datetime(2026, 3, 10, 8, tzinfo=UTC).timestamp()) * 1_000_000,)


def listed(column: Any) -> list[Any]:
    if isinstance(column, pd.Series):
        return [None if missing else one for one, missing in zip(column, column.isna(), strict=True)]
    found: list[Any] = column.to_list() if isinstance(column, pl.Series) else column.to_pylist()
    return found


KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "lazy": pl.DataFrame, "arrow": pa.Table}


@pytest.mark.parametrize("kind", KINDS)
@given(probes(), st.integers(0, 45))
@settings(max_examples=15)
def test_records_say_what_the_reports_say(kind: str, rows: list[Row], minute: int) -> None:
    frame = FRAMES[kind](arrow_of(rows))
    logs = frames.probe_logs(frame, every=EVERY, location="location", recorded_at="recorded_at")
    period, at = sla.Day(START.date(), zone="Europe/Rome"), START + minute * MINUTE
    reports = {name: sla.evaluate_uptime("99.9%", period, at=at, probes=logs.get(name, ())) for name in ("web", "api")}
    found = frames.uptime_records(reports, like=frame, zone="Europe/Rome")
    assert isinstance(found, KINDS[kind])
    for number, (name, report) in enumerate(reports.items()):
        told = {column: listed(found[column])[number] for column in tables.names(found)}
        data, reading = report.to_data(), report.reading()
        assert told["service"] == name
        for column in ("period", "target", "verdict", "availability", "coverage", "outages"):
            assert told[column] == data[column]
        for column in ("period_start", "period_end", "at", "exhausted_at"):
            same = None if data[column] is None else datetime.fromisoformat(data[column])
            assert (told[column] and told[column].astimezone(UTC)) == (same and same.astimezone(UTC))
        assert told["period_start"].utcoffset() == timedelta(hours=1)
        for bound in ("lower", "expected", "upper"):
            assert told[f"downtime_{bound}"] == getattr(reading.downtime, bound).duration
        assert (told["budget"], told["left"]) == (reading.budget.duration, reading.left.duration)


def test_records_of_a_policy_are_those_of_its_services() -> None:
    policy = sla.maxony_policy()
    day = sla.Day(START.date(), zone="UTC")
    found = frames.uptime_records(policy.evaluate_uptime(day, at=day.end), like=pd.DataFrame())
    assert list(found["service"]) == [one.name for one in policy.services]
    assert frames.uptime_records({}, like=pl.DataFrame()).height == 0
