"""
Deadlines of ten million rows as others work them out: by two as-of joins with a table of the windows.

A row finds the window in which it lies, or the last before it; the open time before its deadline is that before the
row and the amount; and this finds the window of the deadline. Polars joins sorted columns only, so it sorts twice.
DuckDB's answers are a table, in any order, each with the number of its row; those of Polars a column, in the order of
the rows, as ours are, and in a row without a goal a frame like that table. The tables of windows are made before, as
our kernel's is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.columns import FIRST, HOUR, LAST, ROWS, at_least, calendar, random_rows
from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from sla_engine.frames import kernel_of

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

DAY = 24 * HOUR
JOINS = """
    CREATE OR REPLACE TABLE found AS
    WITH reached AS (
        SELECT row, least(start + w.less, w.until) + amount AS target
        FROM (SELECT rowid AS row, start, amount FROM tickets) ASOF JOIN by_opening w ON start >= w.opens
    )
    SELECT row, target + w.more AS due FROM reached ASOF JOIN by_time w ON target > w.before
"""


def windows() -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Return the windows by their openings, and by the open time before them, each with what is to be added."""
    spans = np.array(calendar("09:00-18:00").timeline.spans(FIRST - 30 * DAY, LAST + 60 * DAY))
    opens, lengths = spans[:, 0].copy(), spans[:, 1] - spans[:, 0]
    before = np.cumsum(lengths) - lengths
    by_opening = {"opens": opens, "less": before - opens, "until": before + lengths}
    return by_opening, {"before": before, "more": opens - before}


def by_polars(starts: Ints, amounts: Ints) -> Any:
    """Return what finds the deadlines with Polars."""
    rows = pl.DataFrame({"start": starts, "amount": amounts}).lazy().with_row_index("row")
    opening, time = (pl.DataFrame(columns) for columns in windows())
    query = (
        rows.sort("start")
        .join_asof(opening.set_sorted("opens").lazy(), left_on="start", right_on="opens", coalesce=True)
        .select(
            "row", (pl.min_horizontal(pl.col("start") + pl.col("less"), "until") + pl.col("amount")).alias("target")
        )
        .sort("target")
        .join_asof(time.set_sorted("before").lazy(), left_on="target", right_on="before", allow_exact_matches=False)
        .select("row", (pl.col("target") + pl.col("more")).alias("due"))
    )
    return query.collect


def by_duckdb(starts: Ints, amounts: Ints) -> duckdb.DuckDBPyConnection:
    """Return a connection with the tables that `JOINS` needs."""
    connection = duckdb.connect()
    tables = {"tickets": {"start": starts, "amount": amounts}}
    tables["by_opening"], tables["by_time"] = windows()
    for name, columns in tables.items():
        connection.register("given", pa.table(columns))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")  # noqa: S608  (the names are ours)
        connection.unregister("given")
    return connection


def in_order(rows: Any, due: Any) -> Ints:
    """Return answers by the numbers of their rows."""
    found = np.empty(ROWS, dtype=np.int64)
    found[rows] = due
    return found


def as_of_joins(effort: Effort) -> list[Row]:
    """Compare both with one thread of ours. They use as many as they like; amounts are positive."""
    starts, amounts = random_rows()
    amounts = np.where(amounts > 0, amounts, HOUR)
    kernel, out = kernel_of(calendar("09:00-18:00")), np.empty_like(starts)
    joined, connection = by_polars(starts, amounts), by_duckdb(starts, amounts)
    kernel.add(starts, amounts, out=out)

    def as_column() -> pl.Series:
        frame = joined()  # to put them in order by NumPy is quicker than to sort by row
        return pl.Series(in_order(frame["row"].to_numpy(), frame["due"].to_numpy()))

    assert (as_column().to_numpy() == out).all()
    connection.execute(JOINS)
    columns = connection.execute("SELECT * FROM found").fetchnumpy()
    assert (in_order(columns["row"], columns["due"]) == out).all()
    del columns
    sides = [
        Side("add", lambda: kernel.add(starts, amounts, out=out), ROWS),
        Side("Polars", as_column, ROWS),
        Side("Polars, in any order", joined, ROWS),
        Side("DuckDB", lambda: connection.execute(JOINS), ROWS),
    ]
    times = in_turns(sides, at_least(3, effort))
    connection.close()
    goal, note = Goal("at least", 8), "its own threads, against one of ours"
    return [
        times.row("Polars, two join_asof : add, a column", "Polars", "add", goal=goal, note=note),
        times.row("Polars, two join_asof, in any order : add, a column", "Polars, in any order", "add"),
        times.row("DuckDB, two ASOF joins : add, a column", "DuckDB", "add", goal=goal, note=note),
    ]
