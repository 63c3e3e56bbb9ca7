"""
What deadlines cost inside DuckDB, against the kernel on the same column; and a log that is larger than the memory
that it may take, which `python -m benchmarks.engines FOLDER EVENTS` writes.
"""

# ruff: noqa: S608  (the SQL is ours)
from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.columns import FIRST, ROWS, at_least, random_rows
from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from sla_engine import Policy
from sla_engine.frames import kernel_of
from sla_engine.frames.duckdb import register

KINDS = ("open", "respond", "pause", "resume", "solve")
TIERS = ("first_level", "second_level", "legal")
MINUTE = 60_000_000
CHUNK = 200_000
"""So many tickets are made at a time."""


def office() -> Policy:
    """Return a policy of one calendar and two tiers."""
    return Policy(
        name="Office",
        zone="Europe/Rome",
        calendars={
            "office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}, "holidays": {"country": "IT"}}
        },
        tiers={
            "gold": {"calendar": "office", "targets": {"response": "4h"}},
            "silver": {"calendar": "office", "targets": {"response": "8h"}},
        },
    )


def in_duckdb(effort: Effort) -> list[Row]:
    """Compare `sla_deadline` over a column of DuckDB with the kernel over the same one."""
    starts, _ = random_rows()
    policy = office()
    kernel = kernel_of(policy.calendar("office"))
    amount = 4 * 60 * MINUTE
    con = duckdb.connect()
    con.register("given", pa.table({"opened_us": starts}))
    con.execute(
        "CREATE TABLE tickets AS SELECT opened_us, make_timestamptz(opened_us) AS opened, "
        "CASE WHEN opened_us % 2 = 0 THEN 'gold' ELSE 'silver' END AS tier FROM given"
    )
    con.unregister("given")
    register(con, policy)

    def asked(question: str) -> object:
        return con.execute(f"SELECT max({question}) FROM tickets").fetchall()[0][0]

    found = con.execute("SELECT sla_deadline('gold', opened_us) AS due FROM tickets").fetchnumpy()["due"]
    assert (np.asarray(found) == kernel.add(starts, amount)).all()
    sides = [
        Side("kernel", lambda: kernel.add(starts, amount), ROWS),
        Side("BIGINT", lambda: asked("sla_deadline('gold', opened_us)"), ROWS),
        Side("TIMESTAMPTZ", lambda: asked("epoch_us(sla_deadline('gold', opened))"), ROWS),
        Side("a column of tiers", lambda: asked("epoch_us(sla_deadline(tier, opened))"), ROWS),
    ]
    times = in_turns(sides, at_least(9, effort))
    con.close()
    goal, note = Goal("at most", 2.5), f"{ROWS:,} rows"
    return [
        times.row("sla_deadline in DuckDB, BIGINT : the kernel", "BIGINT", "kernel", goal=goal, note=note),
        times.row("sla_deadline in DuckDB, TIMESTAMPTZ : the kernel", "TIMESTAMPTZ", "kernel", goal=goal),
        times.row("sla_deadline in DuckDB, a column of tiers : the kernel", "a column of tiers", "kernel"),
    ]


def write_events(folder: Path, events: int, *, files: int = 25, seed: int = 20260302) -> None:
    """
    Write a log of so many events to Parquet files of a folder, the same each time: five a ticket, over two years.

    The events of a ticket stand in the files of their time, so most tickets are in several, and no file is in order.
    """
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    span = 2 * 365 * 24 * 60 * MINUTE
    schema = pa.schema(
        [
            ("ticket", pa.int64()),
            ("at", pa.timestamp("us", "UTC")),
            ("kind", pa.dictionary(pa.int8(), pa.string())),
            ("tier", pa.dictionary(pa.int8(), pa.string())),
        ]
    )
    per = len(KINDS)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(pq.ParquetWriter(folder / f"{number:03}.parquet", schema)) for number in range(files)
        ]
        for start in range(0, events // per, CHUNK):
            tickets = np.arange(start, min(start + CHUNK, events // per))
            opened = FIRST + random.integers(0, span, len(tickets))
            steps = random.integers(0, 3 * 24 * 60 * MINUTE, (len(tickets), per))
            steps[:, 0] = 0
            at = (opened[:, None] + np.cumsum(steps, axis=1)).ravel()
            ticket = np.repeat(tickets, per)
            kind = np.tile(np.arange(per, dtype=np.int8), len(tickets))
            tier = np.repeat(random.integers(0, len(TIERS), len(tickets)).astype(np.int8), per)
            file = np.minimum((at - FIRST) * files // span, files - 1)
            shuffled = random.permutation(len(at))
            order = shuffled[np.argsort(file[shuffled], kind="stable")]
            bounds = np.searchsorted(file[order], np.arange(files + 1))
            for number, writer in enumerate(writers):
                rows = order[bounds[number] : bounds[number + 1]]
                columns = [
                    pa.array(ticket[rows]),
                    pa.array(at[rows]).cast(pa.timestamp("us", "UTC")),
                    pa.DictionaryArray.from_arrays(pa.array(kind[rows]), pa.array(KINDS)),
                    pa.DictionaryArray.from_arrays(pa.array(tier[rows]), pa.array(TIERS)),
                ]
                writer.write_table(pa.table(columns, schema=schema))


if __name__ == "__main__":
    write_events(Path(sys.argv[1]), int(sys.argv[2]))
