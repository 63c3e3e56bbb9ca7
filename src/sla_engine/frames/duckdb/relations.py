"""
Event tables in DuckDB as relations of clocks and of figures, through Arrow and `sla_engine.frames`.

Instants go over as microseconds, so the time zone of the connection, and what its name means elsewhere, play no part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from sla_engine.errors import InvalidLog
from sla_engine.frames import clocks as of_frames
from sla_engine.frames.duckdb.connections import check_connection
from sla_engine.frames.duckdb.text import ENDLESS, error, quoted
from sla_engine.periods import Period
from sla_engine.policies import Policy
from sla_engine.tickets import LogMapping
from sla_engine.tickets.outcomes import Attribute

_INSTANT, _INTERVAL = "TIMESTAMP WITH TIME ZONE", "INTERVAL"


def evaluate(
    con: Any,
    events: Any,
    policy: Policy | Mapping[str, Policy],
    *,
    at: datetime,
    which: str | None = None,
    mapping: LogMapping | None = None,
    attributes: Iterable[str] = (),
    zone: str | None = None,
) -> Any:
    """
    Return what is known of the clocks of all tickets at an instant, as a relation of a connection to DuckDB.

    `events` is a relation, the name of a table or a view, or a query. Everything else is as in
    `sla_engine.frames.evaluate`, and so are the columns and errors. Raises `InvalidLog` for what is nothing to read,
    and `MissingExtra` without DuckDB 2 and pyarrow.
    """
    found = of_frames.evaluate(
        _read(con, events, "events"), policy, at=at, which=which, mapping=mapping, attributes=attributes, zone=zone
    )
    return con.from_arrow(found)


def compliance(
    con: Any,
    clocks: Any,
    *,
    by: str | Iterable[str] = (),
    period: Period | None = None,
    attribute: Attribute = "due",
    zone: str | tzinfo | None = None,
    tiers: Iterable[tuple[str, str]] = (),
    policy: Policy | None = None,
) -> Any:
    """
    Count the clocks of a relation that `evaluate` has made, or of a table of them: a relation with a row a figure.

    `clocks` is a relation, the name of a table or a view, or a query. Everything else is as in
    `sla_engine.frames.compliance`, and so are the columns and errors.
    """
    found = of_frames.compliance(
        _read(con, clocks, "clocks"), by=by, period=period, attribute=attribute, zone=zone, tiers=tiers, policy=policy
    )
    return con.from_arrow(found)


def _read(con: Any, given: Any, what: str) -> Any:
    """Return what stands in DuckDB as a table of Arrow, with instants in UTC and intervals as durations."""
    check_connection(con)
    import pyarrow as pa  # noqa: PLC0415

    relation = _relation(con, given, what)
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    if len(kinds) < len(relation.columns):
        raise InvalidLog("it has a column twice", where=what, remedy="Give each column a name of its own")
    table = relation.project(", ".join(_column(name, kind) for name, kind in kinds.items())).to_arrow_table()
    for place, (name, kind) in enumerate(kinds.items()):
        if kind in (_INSTANT, _INTERVAL):
            to = pa.timestamp("us", "UTC") if kind == _INSTANT else pa.duration("us")
            table = table.set_column(place, name, table.column(place).cast(to))
    return table


def _relation(con: Any, given: Any, what: str) -> Any:
    """Return a relation, that of a query, or that of a table by its name; raises `InvalidLog` for anything else."""
    if isinstance(given, str):
        is_query = len(given.split()) > 1 or "(" in given
        return con.sql(given) if is_query else con.table(given)
    if not all(hasattr(given, name) for name in ("columns", "types", "project")):
        raise InvalidLog(
            f"{type(given).__name__} is nothing that DuckDB reads",
            where=what,
            value=type(given).__name__,
            remedy="Pass a relation, the name of a table, or a query",
        )
    return given


def _column(name: str, kind: str) -> str:
    """Return the expression for a column that goes over, instants and intervals as microseconds."""
    column = quoted(name)
    if kind == _INSTANT:
        # A microsecond count of what is infinite is NULL, which would be no instant at all.
        endless = f"WHEN {column} IS NOT NULL THEN {error(f'{name}: {ENDLESS}')}"
        return f"CASE WHEN isfinite({column}) THEN epoch_us({column}) {endless} END AS {column}"
    return f"epoch_us({column}) AS {column}" if kind == _INTERVAL else column
