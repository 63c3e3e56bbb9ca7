"""
A cluster of two worker processes answers as `sla_engine.frames` does on the same rows, whatever its zone, and whoever
of the two is lost on the way.
"""

from __future__ import annotations

import dataclasses
import doctest
import gzip
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import frames
from sla_engine.instants import to_micros, utc

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
HOUR = 3_600_000_000
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu")
ROME = sla.BusinessCalendar(
    zone="Europe/Rome",
    hours={"mon-fri": ["09:00-13:00", "14:00-18:00"], "sat": "22:00-06:00"},
    holidays=sla.Holidays(country="IT"),
)
YORK = sla.BusinessCalendar(zone="America/New_York", hours={"mon-fri": "00:30-03:30", "sun": "00:30-03:30"})
POLICY = sla.Policy(
    name="Desk",
    zone="Europe/Rome",
    calendars={"rome": ROME.to_data(), "york": YORK.to_data()},
    tiers={
        "first": {"calendar": "rome", "targets": {"response": "4h", "resolution": "3 business days"}},
        "second": {"calendar": "york", "targets": {"response": "90m", "resolution": "2 calendar days"}},
    },
    rules=[{"when": {"priority": "high"}, "targets": {"response": "30m"}}],
    exclusions=[{"when": {"customer": "acme"}, "reason": "pilot"}],
    versions=[{"from_date": "2030-01-01", "tiers": {"first": {"targets": {"response": "2h"}}}}],
)
AT = datetime(2026, 3, 31, 15, tzinfo=UTC)


# ruff: noqa: ARG001, N803, PLR0917, S603  (fixtures are there by name; F is what Spark calls its functions)
# --- the cluster ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, engine_absent: Callable[[str], Any]) -> Path:
    """Spark's folder, in which it makes others: its parts are those of the package."""
    if importlib.util.find_spec("pyspark") is None:
        engine_absent("Spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        engine_absent("Java")
    found = importlib.util.find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    folder = tmp_path_factory.mktemp("spark")
    for part in ("bin", "jars", "python", "sbin"):
        (folder / part).symlink_to(Path(found.origin).parent / part)
    return folder


@pytest.fixture(scope="module")
def port() -> int:
    """A port of this machine that is free."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
        return number


@pytest.fixture(scope="module")
def session(home: Path, port: int) -> Iterator[Any]:
    """A cluster of two workers, each with one core and a process of its own, which Spark Connect may ask too."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            "PYTHONWARNINGS": "ignore::FutureWarning",
        }.items():
            patch.setenv(name, value)
        from pyspark.sql import SparkSession  # noqa: PLC0415  (where it is not installed, its tests say so)

        builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("sla_engine")
        for name, value in {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.executor.memory": "512m",
            "spark.local.dir": str(home / "local"),
            "spark.sql.warehouse.dir": str(home / "warehouse"),
            # Little is done here, and often for the first time: what would be compiled well takes longer so.
            "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={home} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.executor.extraJavaOptions": f"-Djava.io.tmpdir={home} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.sql.codegen.wholeStage": "false",
            "spark.task.maxFailures": "2",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.sql.shuffle.partitions": "2",
            "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": str(port),
        }.items():
            builder = builder.config(name, value)
        made = builder.getOrCreate()
        gateway: Any = made.sparkContext._gateway
        yield made
        made.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(60)


@pytest.fixture(scope="module")
def spark(session: Any) -> ModuleType:
    """What is tested; it needs PySpark when it is imported."""
    from sla_engine.frames import spark as found  # noqa: PLC0415

    return found


@pytest.fixture(scope="module")
def F(session: Any) -> Any:  # noqa: N802  (as Spark's own documentation calls it)
    from pyspark.sql import functions  # noqa: PLC0415

    return functions


# --- columns -------------------------------------------------------------------------------------------------------


def edges() -> list[int]:
    """Instants around which something changes: clocks, the epoch, 32 bits, the version of the policy, windows."""
    found: list[int] = []
    for text in (
        *("1900-01-01T00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00Z", "2038-01-19T03:14:08Z"),
        *("2039-03-27T01:00Z", "2039-07-01T12:00Z", "2039-10-30T01:00Z", "2039-11-06T06:00Z"),
        *("2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T05:30Z", "2029-12-31T23:00Z"),
        *("2026-03-06T08:00Z", "2026-03-06T12:00Z", "2026-03-06T17:00Z", "2026-03-07T21:00Z", "2026-12-25T11:00Z"),
    ):
        at = to_micros(datetime.fromisoformat(text))
        found += [at + step * 1_800_000_000 + one for step in range(-3, 4) for one in (-1, 0, 1)]
    return found


@pytest.fixture(scope="module")
def tickets() -> Any:
    """A hundred thousand rows of integers and texts, some of them without a value."""
    random = np.random.default_rng(20261122)
    size, known = 100_000, np.array(edges())
    opened = random.integers(to_micros(utc(0)), to_micros(datetime(2045, 1, 1, tzinfo=UTC)), size)
    opened[: 30 * len(known)] = np.tile(known, 30)
    empty = random.random((5, size)) < 0.03
    names = {
        "desk": np.array(["Rome", "York"])[random.integers(0, 2, size)],
        "tier": np.array(["first", "second"])[random.integers(0, 2, size)],
        "priority": np.array(["high", "low", "none"])[random.integers(0, 3, size)],
    }
    return pa.table(
        {
            "row": np.arange(size),
            "opened": pa.array(opened, mask=empty[0]),
            "closed": pa.array(opened + random.integers(-300 * HOUR, 3_000 * HOUR, size), mask=empty[1]),
            "budget": pa.array(random.integers(-40 * HOUR, 90 * HOUR, size), mask=empty[2]),
            "desk": pa.array(names["desk"], mask=empty[3]),
            "tier": names["tier"],
            "priority": pa.array(names["priority"], mask=empty[4]),
        }
    )


def expected(tickets: Any) -> dict[str, list[Any]]:
    """What `frames` says of the rows."""
    opened, closed = (tickets[name].cast(pa.timestamp("us", "UTC")) for name in ("opened", "closed"))
    desks = {"Rome": ROME, "York": YORK}
    found = {
        "due": frames.add(opened, "4h", ROME),
        "days": frames.add(opened, sla.business_days(3, due="close"), YORK),
        "own": frames.add(opened, tickets["budget"].cast(pa.duration("us")), desks, which=tickets["desk"]),
        "before": frames.subtract(closed, "26h", ROME),
        "taken": frames.elapsed(opened, closed, desks, which=tickets["desk"]),
        "open": frames.is_open(opened, ROME),
        "opening": frames.next_opening(closed, YORK),
        "dates": frames.business_days_between(opened, closed, ROME),
        "promised": frames.deadline(
            opened, tickets["tier"], POLICY, target="response", attributes={"priority": tickets["priority"]}
        ),
    }
    return {name: plain(column) for name, column in found.items()}


def plain(column: Any) -> list[Any]:
    """A column of Arrow as integers and truths."""
    timed = pa.types.is_timestamp(column.type) or pa.types.is_duration(column.type)
    found: list[Any] = (column.cast(pa.int64()) if timed else column).to_pylist()
    return found


def asked(spark: Any, F: Any, frame: Any) -> Any:
    """The same questions, asked of Spark; what comes out are integers and truths, in the order of the rows."""
    desks = {"Rome": ROME, "York": YORK}
    found = spark.add(frame, "opened", "4h", ROME, into="due")
    found = spark.add(found, F.col("opened"), sla.business_days(3, due="close"), YORK, into="days")
    found = spark.add(found, "opened", F.col("budget"), desks, which="desk", into="own")
    found = spark.subtract(found, "closed", timedelta(hours=26), ROME, into="before")
    found = spark.elapsed(found, "opened", "closed", desks, which=F.col("desk"), into="taken")
    found = spark.is_open(found, "opened", ROME, into="open")
    found = spark.next_opening(found, "closed", YORK, into="opening")
    found = spark.business_days_between(found, "opened", "closed", ROME, into="dates")
    found = spark.deadline(
        found,
        opened="opened",
        tier="tier",
        policy=POLICY,
        into="promised",
        target="response",
        attributes=["priority"],
    )
    moments = ("due", "days", "own", "before", "opening", "promised")
    return found.orderBy("row").select(
        *(F.unix_micros(name).alias(name) for name in moments),
        spark.microseconds("taken").alias("taken"),
        *("open", "dates"),
    )


@pytest.fixture
def in_zone(session: Any) -> Iterator[Callable[[str], None]]:
    yield lambda zone: session.conf.set("spark.sql.session.timeZone", zone)
    session.conf.set("spark.sql.session.timeZone", "UTC")


def of_tickets(session: Any, F: Any, tickets: Any) -> Any:
    """The rows as Spark has them; their instants do not come from a clock of Spark's."""
    frame = session.createDataFrame(tickets.set_column(3, "budget", tickets["budget"].cast(pa.duration("us"))))
    return frame.withColumns({name: F.timestamp_micros(name) for name in ("opened", "closed")}).repartition(5)


@pytest.mark.parametrize("zone", ZONES)
def test_columns_are_those_of_frames(
    zone: str,
    session: Any,
    spark: Any,
    F: Any,
    tickets: Any,
    in_zone: Callable[[str], None],
) -> None:
    in_zone(zone)
    found = asked(spark, F, of_tickets(session, F, tickets)).toArrow()
    for name, values in expected(tickets).items():
        assert plain(found[name]) == values, name
        assert 0 < sum(value is None for value in values) < 20_000


@pytest.mark.parametrize("zone", ZONES[:2])
def test_instants_without_a_zone(
    zone: str,
    session: Any,
    spark: Any,
    F: Any,
    in_zone: Callable[[str], None],
) -> None:
    in_zone(zone)
    written = [datetime(2026, 3, 6, 16, 30), datetime(2039, 7, 1, 12), datetime(2026, 3, 29, 1, 59), None]
    frame = session.createDataFrame([(number, at) for number, at in enumerate(written)], "row int, at timestamp_ntz")
    for one, name in ((ROME, "Europe/Rome"), (YORK, "Asia/Kolkata")):
        due = spark.add(frame, "at", "4h", one, into="due", zone=name).orderBy("row").select(F.unix_micros("due"))
        column = frames.add(pa.array(written, pa.timestamp("us")), "4h", one, zone=name)
        assert [row[0] for row in due.collect()] == plain(column)
    with pytest.raises(sla.NaiveDatetime, match=r"^starts: the instants have no zone\. Say in which zone"):
        spark.add(frame, "at", "4h", ROME, into="due")
    twice = session.createDataFrame([(datetime(2026, 10, 25, 2, 30),)], "at timestamp_ntz")
    assert "not all times exist once in Europe/Rome" in refused(
        lambda: spark.add(twice, "at", "4h", ROME, into="due", zone="Europe/Rome").collect()
    )


def refused(ask: Callable[[], Any]) -> str:
    """The words with which a worker refused."""
    from pyspark.errors import PythonException  # noqa: PLC0415

    with pytest.raises(PythonException) as caught:
        ask()
    return str(caught.value)


def test_errors_name_the_row_and_its_instant(session: Any, spark: Any, F: Any) -> None:
    rows = [(datetime(2026, 3, 6, 15, 30, tzinfo=UTC), "first"), (datetime(2026, 3, 7, tzinfo=UTC), "nobody")]
    frame = session.createDataFrame(rows, "opened timestamp, tier string").coalesce(1)
    words = refused(lambda: spark.deadline(frame, "opened", "tier", POLICY, into="due", target="response").collect())
    assert "UnknownName: row 1 of a batch of 2 (2026-03-07T00:00:00+00:00)" in words
    assert "there is no tier 'nobody'" in words
    never = sla.BusinessCalendar(zone="UTC", hours={})
    assert "NeverDue: row 0 of a batch of 2 (2026-03-06T15:30:00+00:00)" in refused(
        lambda: spark.add(frame, "opened", "1h", never, into="due").collect()
    )


def test_names_are_those_of_the_column_however_they_come_to_the_workers(session: Any, spark: Any, F: Any) -> None:
    tiers = {f"tier {number}": {"calendar": "rome", "targets": {"response": f"{number}h"}} for number in range(1, 21)}
    many = sla.Policy(name="Many", calendars={"rome": ROME.to_data()}, tiers=tiers)
    few = sla.Policy(
        name="Few", calendars={"rome": ROME.to_data()}, tiers={"tier 3": tiers["tier 3"], "o'er`": tiers["tier 1"]}
    )
    at = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)
    rows = [(1, at, "tier 3"), (2, None, "tier 3"), (3, None, None), (4, None, "nobody"), (5, None, "o'er`")]
    frame = session.createDataFrame(rows, "row int, opened timestamp, tier string").coalesce(1)
    collated = frame.withColumn("tier", F.collate("tier", "UTF8_LCASE"))
    for policy in (many, few):
        for told, tier in ((frame, "tier"), (frame, F.col("tier")), (frame, F.lit("tier 3")), (collated, "tier")):
            found = spark.deadline(told, "opened", tier, policy, into="due").orderBy("row")
            dues = [row.micros for row in found.select(F.unix_micros("due").alias("micros")).collect()]
            assert dues == [to_micros(policy.deadline("tier 3", at)), None, None, None, None]
        for told in (frame, collated):
            # As the policy writes it, and in no other way, whatever the collation of the column.
            wrong = told.withColumn("opened", F.lit(at)).withColumn("tier", F.replace("tier", F.lit("t"), F.lit("T")))
            without = told.withColumn("opened", F.lit(at)).where("tier IS NULL")
            for asked, words in (
                (wrong, "there is no tier 'Tier 3'"),
                (without, "row 0 of a batch of 1 (2026-03-06T15:30:00+00:00): it has no tier"),
            ):
                assert words in refused(spark.deadline(asked, "opened", "tier", policy, into="due").collect)


def test_a_policy_that_is_none(session: Any, spark: Any, F: Any) -> None:
    frame = session.range(1).select(F.timestamp_micros("id").alias("at"), F.lit("first").alias("tier"))
    with pytest.raises(sla.InvalidPolicy, match="dict is no policy"):
        spark.deadline(frame, "at", "tier", {"first": "4h"}, into="due")


def test_columns_that_cannot_be_asked_about(session: Any, spark: Any, F: Any) -> None:
    frame = session.range(1).select("id", F.timestamp_micros("id").alias("at"), F.current_date().alias("day"))
    one = {"Rome": ROME}
    cases: tuple[tuple[Any, str, Callable[[], Any]], ...] = (
        (
            sla.InvalidLog,
            "there is no column 'nope'; the columns are 'id'",
            lambda: spark.is_open(frame, "nope", ROME, into="x"),
        ),
        (sla.InvalidLog, "there is a column 'at' already", lambda: spark.is_open(frame, "at", ROME, into="AT")),
        (
            sla.InvalidLog,
            "DataFrame is no DataFrame of Spark",
            lambda: spark.is_open(pd.DataFrame(), "at", ROME, into="x"),
        ),
        (sla.InvalidInstant, "a column of date", lambda: spark.is_open(frame, "day", ROME, into="x")),
        (sla.InvalidInstant, "a column of bigint", lambda: spark.add(frame, "at", F.col("id"), ROME, into="x")),
        (sla.InvalidAmount, "5 d", lambda: spark.add(frame, "at", "5 d", ROME, into="x")),
        (sla.InvalidCalendar, "no column that chooses", lambda: spark.add(frame, "at", "1h", one, into="x")),
        (
            sla.InvalidCalendar,
            "there is one calendar",
            lambda: spark.add(frame, "at", "1h", ROME, which="id", into="x"),
        ),
        (sla.InvalidCalendar, "are texts", lambda: spark.add(frame, "at", "1h", {1: ROME}, which="id", into="x")),
    )
    for error, words, ask in cases:
        with pytest.raises(error, match=re.escape(words)):
            ask()


def test_columns_of_any_name(session: Any, spark: Any, F: Any) -> None:
    frame = session.range(3).select(F.timestamp_micros(F.col("id") * 86_400_000_000).alias("opened `at`.x"))
    found = spark.add(frame, "opened `at`.x", "1h", YORK, into="due.at").toArrow()
    assert found.column_names == ["opened `at`.x", "due.at"]
    at = pa.array([number * 24 * HOUR for number in range(3)]).cast(pa.timestamp("us", "UTC"))
    assert plain(found["due.at"]) == plain(frames.add(at, "1h", YORK))


def test_microseconds_of_intervals(session: Any, spark: Any) -> None:
    sizes = (1, 999_999, 1_000_000, 59_999_999, HOUR, 24 * HOUR - 1, 24 * HOUR, 400 * 24 * HOUR + 1, 2**62, 2**63 - 1)
    random = np.random.default_rng(7).integers(-(2**62), 2**62, 1_000).tolist()
    micros = [None, 0, *sizes, *(-size for size in sizes), *random]
    frame = session.createDataFrame(pa.table({"taken": pa.array(micros).cast(pa.duration("us"))}))
    found = frame.select(spark.microseconds("taken").alias("it"), spark.microseconds(frame.taken).alias("too"))
    assert plain(found.toArrow()["it"]) == plain(found.toArrow()["too"]) == micros


# --- requests to a city --------------------------------------------------------------------------------------------


def test_deadlines_of_a_city(session: Any, spark: Any, F: Any, boston: Any) -> None:
    rules, requests = boston
    city = sla.BusinessCalendar(
        zone="America/New_York", hours={"mon-fri": "08:30-17:00"}, holidays=rules["calendar"]["holidays"]
    )
    rows = [
        (row["case_enquiry_id"], row["type"], *(time_of(row[name]) for name in ("open_dt", "target_dt")))
        for row in requests
    ]
    frame = session.createDataFrame(
        pd.DataFrame(rows, columns=["number", "type", "opened", "target"]),
        "number string, type string, opened timestamp_ntz, target timestamp_ntz",
    )
    # The types of request as tiers of a policy: 18 promises in business days and in calendar days.
    amounts = {one["type"]: f"{one['days']} {one['kind']} days" for one in rules["types"]}
    tiers = {name: {"calendar": "city", "targets": {"resolution": amount}} for name, amount in amounts.items()}
    policy = sla.Policy(name="City", calendars={"city": city.to_data()}, tiers=tiers)
    due = spark.deadline(frame, "opened", "type", policy, into="due", zone=city.zone)
    opening = spark.add(due, "target", "0h", city, into="aim", zone=city.zone)
    found = opening.select("number", F.unix_micros("due").alias("due"), F.unix_micros("aim").alias("aim")).toArrow()
    kept = dict(zip(found["number"].to_pylist(), found["due"].to_pylist(), strict=True))
    for number, kind, opened, _ in rows:
        assert opened is not None
        placed = opened.replace(tzinfo=sla.zones.zone_of(city.zone))
        assert kept[number] == to_micros(city.add(placed, amounts[kind]))
    # The city's own, within a minute; see the comparison in tests/answers.
    off = [abs(one - aim) for one, aim in zip(plain(found["due"]), plain(found["aim"]), strict=True) if aim is not None]
    assert (len(off), sum(one > 60_000_000 for one in off)) == (8_949, 22)


def time_of(text: str) -> datetime | None:
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p") if text else None


# --- event logs ----------------------------------------------------------------------------------------------------


def answers(name: str) -> Any:
    """A module of tests/answers, for what it says of a log."""
    path = ROOT / "tests" / "answers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["test_helpdesk_log", "test_volvo_log"])
def log(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """What is said of a log, and its rows as a table of Arrow."""
    if not DATA.is_dir():
        pytest.skip("the data beside the project (../shared/data) are absent, so no logs are read")
    told = answers(request.param)
    with gzip.open(DATA / told.FILE, "rt", encoding="utf-8-sig", newline="") as file:
        read = pd.read_csv(file, dtype=str, keep_default_na=False)
    at = told.MAPPING.at
    read[at] = pd.to_datetime(read[at], format=told.MAPPING.time_format or "ISO8601", utc=True).astype(
        "datetime64[us, UTC]"
    )
    return told, pa.Table.from_pandas(read, preserve_index=False)


@pytest.fixture(scope="module")
def demo() -> Any:
    read = pd.read_csv(ROOT / "docs/demo/events.csv", dtype=str, keep_default_na=False)
    read["at"] = pd.to_datetime(read["at"], utc=True).astype("datetime64[us, UTC]")
    return pa.Table.from_pandas(read, preserve_index=False)


def of_log(session: Any, F: Any, table: Any, at: str) -> Any:
    """A log as Spark has it: out of order, and its rows numbered."""
    place = table.column_names.index(at)
    numbered = table.set_column(place, at, table[at].cast(pa.int64())).append_column("row", pa.array(range(len(table))))
    frame = session.createDataFrame(numbered)
    return frame.withColumn(at, F.timestamp_micros(F.col(f"`{at}`"))).repartition(4, F.col("row") % 11)


def sorted_rows(rows: list[dict[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))


CLOCK = ("ticket", "tier", "clock", "cycle", "started_at")


def test_clocks_of_logs(session: Any, spark: Any, F: Any, log: Any, clock_rows: Any, in_zone: Any) -> None:
    told, table = log
    events = of_log(session, F, table, told.MAPPING.at)
    kept = [name for name, _ in told.MAPPING.attributes]
    for at, zone, partitions in zip(told.INSTANTS[1:], ZONES, (None, 3), strict=False):
        in_zone(zone)
        clocks = frames.evaluate(table, told.POLICY, at=at, mapping=told.MAPPING, attributes=kept)
        found = spark.evaluate(
            events,
            told.POLICY,
            at=at,
            mapping=told.MAPPING,
            attributes=kept,
            order="row",
            partitions=partitions,
        )
        assert found.columns == clocks.column_names
        arrow = found.toArrow()
        rows = clock_rows.of_frame(arrow)
        assert len(rows) > 4_000
        assert sorted_rows(rows, CLOCK) == sorted_rows(clock_rows.of_frame(clocks), CLOCK)


def test_figures_of_logs(session: Any, spark: Any, F: Any, log: Any, clock_rows: Any) -> None:
    told, table = log
    name = told.MAPPING.attributes[0][0]
    clocks = frames.evaluate(table, told.POLICY, at=told.INSTANTS[1], mapping=told.MAPPING, attributes=[name])
    plain_clocks = clocks.cast(
        pa.schema([pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in clocks.schema])
    )
    on_spark = session.createDataFrame(plain_clocks).repartition(3).cache()
    zone = told.POLICY.zone
    month = sla.Month(told.INSTANTS[1].year, told.INSTANTS[1].month, zone=zone)
    excluding = sla.Policy.from_data(
        {**told.POLICY.to_data(), "exclusions": [{"when": {name: [plain_clocks[name][0].as_py()]}, "reason": "one"}]}
    )
    first, *_ = sorted(told.POLICY.to_data()["tiers"])
    questions: tuple[dict[str, Any], ...] = (
        {},
        {"by": "day", "zone": zone},
        {"by": ["quarter", name], "zone": zone, "attribute": "opened", "tiers": [(first, "resolution")]},
        {"period": month, "attribute": "stopped", "policy": excluding, "tiers": [("x", "y"), (first, "resolution")]},
        {"by": "week", "period": month, "policy": excluding},
    )
    for asked in questions:
        figures, found = frames.compliance(clocks, **asked), spark.compliance(on_spark, **asked).toArrow()
        assert found.column_names == figures.column_names
        labels = figures.column_names[: figures.column_names.index("met")]
        rows, theirs = clock_rows.of_frame(found), clock_rows.of_frame(figures)
        assert len(rows) == len(theirs) > 1
        if "by" in asked:
            assert rows == theirs
            continue
        # Without groups frames go by the order in which they see the clocks, which Spark does not have.
        assert sorted_rows(rows, labels) == sorted_rows(theirs, labels)
        listed = [(row["tier"], row["target"]) for row in rows]
        assert listed[: len(asked.get("tiers", []))] == asked.get("tiers", [])
        assert listed[len(asked.get("tiers", [])) :] == sorted(listed[len(asked.get("tiers", [])) :])
    on_spark.unpersist()


def test_policies_by_name(session: Any, spark: Any, F: Any, demo: Any, clock_rows: Any) -> None:
    contracts = {"plain": sla.maxony_policy(), "fast": sla.load_policy(ROOT / "docs/demo/faster.toml")}
    signed = pa.array(["fast" if name.as_py() == "acme" else "plain" for name in demo["customer"]])
    first = pd.Series(demo["ticket"].to_pylist()).map(
        dict(zip(reversed(demo["ticket"].to_pylist()), reversed(signed.to_pylist()), strict=True))
    )
    table = demo.append_column("contract", pa.array(first))
    asked: dict[str, Any] = {"at": AT, "which": "contract", "attributes": ["customer", "priority"]}
    numbered = of_log(session, F, table, "at")
    rows = clock_rows.of_frame(spark.evaluate(numbered, contracts, **asked, order=F.col("row")).toArrow())
    assert sorted_rows(rows, CLOCK) == sorted_rows(
        clock_rows.of_frame(frames.evaluate(table, contracts, **asked)), CLOCK
    )
    assert {row["target"] for row in rows} >= {"3h", "4h"}


@pytest.mark.parametrize("kinds", [("respond", "hand_off"), ("hand_off", "respond")])
def test_the_order_of_events_at_one_instant(
    kinds: tuple[str, str], session: Any, spark: Any, F: Any, clock_rows: Any
) -> None:
    at = datetime(2026, 3, 6, 15, tzinfo=UTC)
    one = [{"at": at, "kind": "open", "tier": "first_level", "to": None}]
    one += [
        {"at": at + timedelta(hours=1), "kind": kind, "tier": None, "to": "legal" if kind == "hand_off" else None}
        for kind in kinds
    ]
    rows = [{"ticket": f"T-{ticket}", **row} for ticket in range(20) for row in one]
    table = pa.Table.from_pylist(rows)
    table = table.set_column(1, "at", table["at"].cast(pa.timestamp("us", "UTC")))
    expected = frames.evaluate(table, sla.maxony_policy(), at=AT)
    assert ("stopped" if kinds[0] == "respond" else "handed_off") in expected["phase"].to_pylist()
    schema = "ticket string, at timestamp, kind string, tier string, to string, row int"
    # From the last to the first: no way through Spark happens to put them right.
    given = [(*row.values(), number) for number, row in enumerate(rows)][::-1]
    events = session.createDataFrame(given, schema).coalesce(1)
    for order in ("row", [F.lit(1), "row"], [-F.col("row") * -1]):
        found = spark.evaluate(events, sla.maxony_policy(), at=AT, order=order).toArrow()
        assert sorted_rows(clock_rows.of_frame(found), CLOCK) == sorted_rows(clock_rows.of_frame(expected), CLOCK)


def test_logs_that_cannot_be_read(session: Any, spark: Any, F: Any) -> None:
    at = datetime(2026, 3, 6, 15, tzinfo=UTC)

    def events(*rows: Any) -> Any:
        return session.createDataFrame(list(rows), "ticket string, at timestamp, kind string, tier string, row int")

    def ask(frame: Any, **more: Any) -> str:
        return refused(lambda: spark.evaluate(frame, sla.maxony_policy(), at=AT, **more).collect())

    opened = ("T-1", at, "open", "first_level", 1)
    same = events(opened, ("T-1", at, "respond", None, 2))
    words = ask(same)
    assert "InvalidLog: ticket T-1: two events at 2026-03-06T15:00:00+00:00, and nothing says which came first" in words
    assert "order=" in words
    assert spark.evaluate(same, sla.maxony_policy(), at=AT, order="row").count() == 1
    assert "two events at" in ask(same, order=F.lit(1))
    # Two that are the same need no order.
    assert spark.evaluate(events(opened, opened), sla.maxony_policy(), at=AT).count() == 1
    words = ask(events(opened, ("T-1", at + timedelta(hours=1), "answered", None, 2)))
    assert "InvalidLog: ticket T-1, event at 2026-03-06 16:00:00+00:00" in words
    assert "'answered' is no kind of event" in words
    assert "ticket: an event has no ticket" in ask(events(opened, (None, at, "respond", None, 2)))
    assert "ticket T-1: an event has no instant" in ask(events(opened, ("T-1", None, "respond", None, 2)))
    assert "there is no tier 'x'" in ask(events(("T-1", at, "open", "x", 1)))
    policy, frame = sla.maxony_policy(), events(opened)
    cases: tuple[tuple[Any, str, Callable[[], Any]], ...] = (
        (sla.InvalidLog, "there is no column 'kind'", lambda: spark.evaluate(frame.drop("kind"), policy, at=AT)),
        (sla.InvalidLog, "no attribute 'x'", lambda: spark.evaluate(frame, policy, at=AT, attributes="x")),
        (sla.InvalidLog, "there is no column 'x'", lambda: spark.evaluate(frame, policy, at=AT, order="x")),
        (sla.InvalidPolicy, "several policies", lambda: spark.evaluate(frame, {"a": policy}, at=AT)),
        (sla.NaiveDatetime, "has no zone", lambda: spark.evaluate(frame, policy, at=datetime(2026, 1, 1))),
        (
            sla.NaiveDatetime,
            "at: the instants have no zone",
            lambda: spark.evaluate(frame.withColumn("at", F.col("at").cast("timestamp_ntz")), policy, at=AT),
        ),
        (
            sla.InvalidInstant,
            "at: a column of string",
            lambda: spark.evaluate(frame.withColumn("at", F.col("at").cast("string")), policy, at=AT),
        ),
        (
            sla.InvalidLog,
            "ticket: tickets of double are not sorted alike",
            lambda: spark.evaluate(frame.withColumn("ticket", F.lit(1.5)), policy, at=AT),
        ),
        (sla.InvalidLog, "no column 'x'", lambda: spark.compliance(spark.evaluate(frame, policy, at=AT), by="x")),
        (
            sla.InvalidPeriod,
            "begins somewhere",
            lambda: spark.compliance(spark.evaluate(frame, policy, at=AT), by="day"),
        ),
    )
    for error, words, wrong in cases:
        with pytest.raises(error, match=re.escape(words)):
            wrong()


def test_logs_without_a_zone_and_with_numbers(session: Any, spark: Any, F: Any, in_zone: Any, clock_rows: Any) -> None:
    in_zone("America/New_York")
    rows = [(7, datetime(2026, 3, 6, 16), "open", "first_level"), (-2, datetime(2026, 3, 6, 16), "open", "legal")]
    events = session.createDataFrame(rows, "ticket int, at timestamp_ntz, kind string, tier string")
    table = pa.table(
        {
            "ticket": pa.array([7, -2], pa.int32()),
            "at": pa.array([row[1] for row in rows], pa.timestamp("us")),
            "kind": ["open", "open"],
            "tier": ["first_level", "legal"],
        }
    )
    asked: dict[str, Any] = {"at": AT, "zone": "Europe/Rome"}
    found = spark.evaluate(events, sla.maxony_policy(), **asked)
    assert found.schema["ticket"].dataType.simpleString() == "int"
    expected = frames.evaluate(table, sla.maxony_policy(), **asked)
    assert sorted_rows(clock_rows.of_frame(found.toArrow()), CLOCK) == sorted_rows(clock_rows.of_frame(expected), CLOCK)


def test_no_tickets(session: Any, spark: Any) -> None:
    nothing = session.createDataFrame([], "ticket string, at timestamp, kind string, tier string")
    clocks = spark.evaluate(nothing, sla.maxony_policy(), at=AT)
    assert clocks.count() == 0
    assert spark.compliance(clocks, by="month", zone="UTC").count() == 0
    figures = spark.compliance(clocks, tiers=[("legal", "response")]).collect()
    assert [(row.tier, row.met, row.share, row.median) for row in figures] == [("legal", 0, None, None)]


# --- what may happen to a cluster ----------------------------------------------------------------------------------


def test_an_executor_is_lost(session: Any, spark: Any, F: Any, demo: Any, clock_rows: Any, tmp_path: Path) -> None:
    """One executor is killed while it sends clocks: with it go the rows that were brought together for others."""
    marker = tmp_path / "killed"

    def kill_once(batches: Any) -> Any:
        import os  # noqa: PLC0415  (this runs elsewhere)
        import signal  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        for batch in batches:
            yield batch
            try:
                file = os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                continue
            # Among the processes above this one only.
            pid = os.getpid()
            while b"CoarseGrainedExecutorBackend" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            os.write(file, str(pid).encode())
            os.close(file)
            os.kill(pid, signal.SIGKILL)

    policy = sla.maxony_policy()
    clocks = spark.evaluate(of_log(session, F, demo, "at"), policy, at=AT, order="row", partitions=6)
    found = clocks.mapInArrow(kill_once, clocks.schema).toArrow()
    pid = int(marker.read_text())
    assert pid > 1
    command = Path(f"/proc/{pid}/cmdline")
    assert not command.exists() or b"CoarseGrained" not in command.read_bytes()
    assert sorted_rows(clock_rows.of_frame(found), CLOCK) == sorted_rows(
        clock_rows.of_frame(frames.evaluate(demo, policy, at=AT)), CLOCK
    )


@pytest.mark.usefixtures("session")
def test_spark_connect(port: int, tmp_path: Path) -> None:
    """A client without a JVM, in a process of its own, gets the same answers over Spark Connect."""
    client = tmp_path / "client.py"
    client.write_text(CLIENT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore::FutureWarning", str(client), f"sc://127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in ("SPARK_HOME", "JAVA_HOME")},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    opened = pa.array([to_micros(AT), None]).cast(pa.timestamp("us", "UTC"))
    assert found["due"] == plain(frames.add(opened, "4h", OFFICE))
    assert found["taken"] == [0, None]
    assert found["promised"] == plain(frames.deadline(opened, "legal", sla.maxony_policy()))
    log = pd.read_csv(ROOT / "docs/demo/events.csv", parse_dates=["at"])
    clocks = frames.evaluate(log, sla.maxony_policy(), at=AT)
    figures = frames.compliance(clocks, by="month", zone="UTC")
    assert found["clocks"] == len(clocks)
    assert found["figures"] == figures[["tier", "month", "met", "breached", "share"]].to_numpy().tolist()
    assert "UnknownName: row 0 of a batch of 1 (2026-03-31T15:00:00+00:00)" in found["error"]


OFFICE = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
CLIENT = """
import csv, json, sys
from datetime import UTC, datetime
from pyspark.sql import SparkSession, functions as F
import sla_engine as sla
from sla_engine.frames import spark

session = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
assert type(session).__module__ == "pyspark.sql.connect.session"
at = datetime(2026, 3, 31, 15, tzinfo=UTC)
office = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
policy = sla.maxony_policy()
tickets = session.createDataFrame([(1, at, "legal"), (2, None, "legal")], "row int, opened timestamp, tier string")
found = spark.add(tickets, "opened", "4h", office, into="due")
found = spark.elapsed(found, "opened", "opened", office, into="taken")
found = spark.deadline(found, "opened", "tier", policy, into="promised").orderBy("row")
rows = found.select(F.unix_micros("due"), spark.microseconds("taken"), F.unix_micros("promised")).collect()
with open("docs/demo/events.csv", encoding="utf-8", newline="") as file:
    header, *lines = csv.reader(file)
events = session.createDataFrame(
    [(number, *(cell or None for cell in line)) for number, line in enumerate(lines)],
    "row int, " + ", ".join(f"`{name}` string" for name in header),
).withColumn("at", F.col("at").cast("timestamp"))
clocks = spark.evaluate(events, policy, at=at, order="row")
figures = spark.compliance(clocks, by="month", zone="UTC")
try:
    spark.deadline(tickets.limit(1), "opened", F.lit("nobody"), policy, into="due").collect()
    error = ""
except Exception as caught:
    error = str(caught)
due, taken, promised = ([row[place] for row in rows] for place in range(3))
json.dump(
    {
        "due": due,
        "taken": taken,
        "promised": promised,
        "clocks": clocks.count(),
        "figures": [list(row) for row in figures.select("tier", "month", "met", "breached", "share").collect()],
        "error": error,
    },
    sys.stdout,
)
session.stop()
"""


# --- the parts that need no cluster --------------------------------------------------------------------------------


@pytest.mark.usefixtures("spark")
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 7)), max_size=12),
    st.integers(1, 9),
    st.integers(1, 12),
)
def test_pieces_have_whole_tickets(runs: list[tuple[int, int]], size: int, rows: int) -> None:
    from sla_engine.frames.spark.pieces import whole_tickets  # noqa: PLC0415

    names = sorted(f"T-{ticket}" for ticket, count in runs for _ in range(count))
    table = pa.table({"ticket": pa.array(names, pa.string()), "row": range(len(names))})
    pieces = list(whole_tickets(iter(table.to_batches(max_chunksize=size)), "ticket", rows))
    if names:
        assert pa.concat_tables(pieces).equals(table)
    seen: set[str] = set()
    longest = max((names.count(name) for name in names), default=0)
    for piece in pieces:
        own = set(piece["ticket"].to_pylist())
        assert own
        assert not own & seen
        assert len(piece) < rows + size + longest
        seen |= own


@pytest.mark.usefixtures("spark")
def test_tickets_that_come_back_are_refused() -> None:
    from sla_engine.frames.spark.pieces import whole_tickets  # noqa: PLC0415

    batches = [pa.record_batch({"ticket": [name]}) for name in ("a", "b", "a", "c")]
    with pytest.raises(sla.InvalidLog, match="the rows of ticket 'a' are not together"):
        list(whole_tickets(iter(batches), "ticket", 1))


@pytest.mark.usefixtures("spark")
def test_workers_with_other_data_refuse() -> None:
    from sla_engine.frames.spark.shipped import shipped  # noqa: PLC0415

    for rules in (ROME, POLICY, {"Rome": ROME, "York": YORK}):
        packed = shipped(rules)
        assert packed.open() == rules
        assert packed.open() is packed.open()
        told = json.loads(packed.data)
        assert {"sla_engine", "Europe/Rome", "IT"} <= set(told)
        for name in told:
            other = dataclasses.replace(packed, data=json.dumps({**told, name: "of another day"}))
            with pytest.raises(sla.MissingExtra, match=f"^workers: {name} is of another day on the driver"):
                other.open()


@pytest.mark.usefixtures("spark")
def test_calendars_that_json_does_not_say_are_refused() -> None:
    class Own(sla.BusinessCalendar, frozen=True):
        pass

    from sla_engine.frames.spark.shipped import shipped  # noqa: PLC0415

    with pytest.raises(sla.InvalidCalendar, match="Own is not what its JSON says"):
        shipped(Own.from_data({"zone": "UTC", "hours": {}}))


@pytest.mark.usefixtures("spark")
def test_the_page_shows_what_happens(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of docs/how-to/spark.md, run on the cluster; the page makes no session of its own."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs/how-to/spark.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 5
    names = {"session": session}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for number, block in enumerate(blocks):
        test = parser.get_doctest(block, names, f"block {number}", "docs/how-to/spark.md", 0)
        runner.run(test, out=said.append, clear_globs=False)
        names = test.globs
    assert not said, "".join(said)
