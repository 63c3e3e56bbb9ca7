"""
What deadlines cost on Spark: against rows that only go to Python and back, and by two worker processes against one.

Each side is a whole job over rows that Spark has in memory; its answers go nowhere. The rows without a goal are the
rates from which a cluster is sized.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import Effort, Goal, Row, Side, Spread, Times, in_turns, progress
from sla_engine import BusinessCalendar, Holidays, Policy, maxony_policy
from sla_engine.instants import to_micros

ROWS = 4_000_000
TICKETS = 400_000
"""With five events each."""
FIRST, LAST = (to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (2005, 2025))
AT = datetime(2026, 1, 1, tzinfo=UTC)
LEVEL = "first_level"


@contextmanager
def cluster(workers: int) -> Iterator[Any]:
    """Start a local cluster whose workers have one core and a process each; all that it writes is thrown away."""
    import pyspark  # noqa: PLC0415  (only where it is measured)
    from pyspark.sql import SparkSession  # noqa: PLC0415

    folder = Path(tempfile.mkdtemp(prefix="sla-spark-"))
    for part in ("bin", "jars", "python", "sbin"):
        (folder / part).symlink_to(Path(pyspark.__file__).parent / part)
    told = {"SPARK_HOME": str(folder), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    os.environ.update(told)
    builder = SparkSession.builder.master(f"local-cluster[{workers},1,3072]").appName("sla_engine")
    for name, value in {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "2560m",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "4",
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    gateway: Any = session.sparkContext._gateway
    try:
        yield session
    finally:
        session.stop()
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(60)
        type(session.sparkContext)._gateway = type(session.sparkContext)._jvm = None
        shutil.rmtree(folder, ignore_errors=True)


def done(frame: Any) -> None:
    """Let Spark work everything out, and keep nothing of it."""
    frame.write.format("noop").mode("overwrite").save()


def tickets(session: Any) -> Any:
    """Return random openings and tiers, in memory."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    at = (F.rand(7) * (LAST - FIRST)).cast("bigint") + F.lit(FIRST)
    frame = session.range(0, ROWS, 1, 4).select(
        F.timestamp_micros(at).alias("opened"),
        F.element_at(F.array(*map(F.lit, (LEVEL, "second_level", "legal"))), (F.col("id") % 3 + 1).cast("int")).alias(
            "tier"
        ),
    )
    frame = frame.persist()
    assert frame.count() == ROWS
    return frame


def events(session: Any) -> Any:
    """Return the events of tickets in memory, out of order: opened, paused, resumed, handed on, answered."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415

    kinds = F.array(*map(F.lit, ("open", "pause", "resume", "hand_off", "respond")))
    number = F.pmod(F.col("id") * 2_654_435_761, F.lit(5 * TICKETS))  # each once, far from its neighbours
    place = number % 5
    ticket = F.floor(number / 5)
    opened = F.pmod(ticket * 7_919_000_003, F.lit(LAST - FIRST)) + F.lit(FIRST)
    frame = session.range(0, 5 * TICKETS, 1, 4).select(
        F.format_string("T-%d", ticket).alias("ticket"),
        F.timestamp_micros(
            (opened + place * 21_600_000_000 + F.pmod(number * 31, F.lit(3_600_000_000))).cast("bigint")
        ).alias("at"),
        F.element_at(kinds, (place + 1).cast("int")).alias("kind"),
        F.when(place == 0, LEVEL).alias("tier"),
        F.when(place == 3, "second_level").alias("to"),
    )
    frame = frame.persist()
    assert frame.count() == 5 * TICKETS
    return frame


def sides(session: Any) -> list[Side]:
    """Return what is measured of a cluster."""
    from sla_engine.frames import spark  # noqa: PLC0415

    office = BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"}, holidays=Holidays(country="IT"))
    policy: Policy = maxony_policy()
    rows, log = tickets(session), events(session)
    opened = rows.select("opened")

    def identity(batches: Any) -> Any:
        yield from batches

    def told(frame: Any) -> Callable[[], None]:
        return lambda: done(frame)

    clocks = spark.evaluate(log, policy, at=AT)
    return [
        Side("opened, there and back", told(opened.mapInArrow(identity, opened.schema)), ROWS),
        Side("add", told(spark.add(opened, "opened", "4h", office, into="due")), ROWS),
        Side("both, there and back", told(rows.mapInArrow(identity, rows.schema)), ROWS),
        Side("deadline", told(spark.deadline(rows, "opened", "tier", policy, into="due")), ROWS),
        Side("events", told(clocks), 5 * TICKETS),
        Side("events and compliance", told(spark.compliance(clocks, by="month", zone="UTC")), 5 * TICKETS),
    ]


def on_spark(effort: Effort) -> list[Row]:
    """Compare deadlines with rows that only go there and back, and two workers with one; nothing without Java."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        progress("Spark is not measured: it needs Java 17")
        return []
    warnings.simplefilter("ignore", FutureWarning)  # PySpark's word about pandas, which is not used here
    rounds = Effort(max(effort.rounds // 15, 3), 1, effort.processes)
    times: dict[int, Times] = {}
    for workers in (2, 1):
        with cluster(workers) as session:
            times[workers] = in_turns(sides(session), rounds)
        for name in times[workers].rounds:
            progress(f"{workers} workers: {name}: {times[workers].median(name):,.0f} ns a row")
    note = f"{ROWS:,} rows, a local cluster of two workers with one core each"
    goal = Goal("at most", 1.15)
    found = [
        times[2].row("spark.add : identity mapInArrow", "add", "opened, there and back", goal=goal, note=note),
        times[2].row("spark.deadline : identity mapInArrow", "deadline", "both, there and back", goal=goal, note=note),
    ]
    for name in ("add", "deadline", "events", "events and compliance"):
        one, two = times[1].median(name), times[2].median(name)
        spread = Spread.of([a / b for a, b in zip(times[1].rounds[name], times[2].rounds[name], strict=True)])
        found.append(Row(f"{name}: one worker : two workers", "one", "two", spread, {"one": one, "two": two}))
    return found


if __name__ == "__main__":
    began = time.perf_counter()
    for row in on_spark(Effort(int(sys.argv[1]) * 15 if len(sys.argv) > 1 else 151, 1, 1)):
        ratio = row.ratio
        print(f"{row.what:50} {ratio.median:6.2f} ({ratio.low:.2f} to {ratio.high:.2f})   {row.reference}")
    print(f"{time.perf_counter() - began:.0f} s")
