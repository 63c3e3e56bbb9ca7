"""
Event logs in DataFrames: the rows of a ticket are brought together, and a ticket's clocks come out.

Spark shuffles the rows by ticket and sorts them within each partition. A worker gets them in Arrow batches, cuts these
where a ticket ends, and evaluates pieces of many tickets at once: a group per ticket would cost a call each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.frames import clocks
from sla_engine.frames.clocks.clock_frames import COLUMNS
from sla_engine.frames.clocks.tracing import Facts
from sla_engine.frames.spark.inputs import check_frame, instants, picked, placed, quoted, without_rows
from sla_engine.frames.spark.library import F, T, pa
from sla_engine.frames.spark.pieces import check_order, whole_tickets
from sla_engine.frames.spark.shipped import Shipped, shipped
from sla_engine.instants import to_micros, utc
from sla_engine.policies import Policy
from sla_engine.tickets import LogMapping
from sla_engine.tickets.mapping import EVENT_COLUMNS

_ROW = re.compile(r"row (\d+)")
_TICKETS = ("string", "tinyint", "smallint", "int", "bigint")
"""The types of columns whose values are sorted alike here and there."""
_KEY = "__order_{}"
_INSTANTS = tuple(name for name in COLUMNS if name.endswith("_at"))
_DURATIONS = ("elapsed", "remaining", "paused", "not_counted")


def evaluate(
    events: DataFrame,
    policy: Policy | Mapping[str, Policy],
    *,
    at: datetime,
    which: str | None = None,
    mapping: LogMapping | None = None,
    attributes: str | Iterable[str] = (),
    zone: str | None = None,
    order: str | Column | Iterable[str | Column] = (),
    partitions: int | None = None,
) -> DataFrame:
    """
    Return what is known of the clocks of all tickets at an instant: a row for each ticket, clock and cycle.

    The log and the columns that come out are those of `frames.evaluate`; instants are TIMESTAMP, amounts of time
    INTERVAL DAY TO SECOND, and names are texts. `zone` is that of instants that have none (TIMESTAMP_NTZ).

    `order` are columns that say which of two events of a ticket at one instant came first, because rows of Spark have
    no order of their own; where two that differ are not told apart, that is an error. `partitions` is the number of
    partitions after the rows were brought together by ticket; without it Spark decides.

    Raises what `frames.evaluate` says of columns and policies; Spark raises a `PythonException` with what it says of
    rows, with the ticket.
    """
    check_frame(events)
    kept = (attributes,) if isinstance(attributes, str) else tuple(attributes)
    orders = [order] if isinstance(order, (str, Column)) else list(order)
    mapping = LogMapping.native(events.columns) if mapping is None else mapping
    zone = zone or mapping.zone
    # What is wrong with the columns and the policies shows with no rows too.
    clocks.evaluate(
        without_rows(events), policy, at=at, which=which, mapping=mapping, attributes=kept, zone=zone or "UTC"
    )
    moments = instants(events, mapping.at, mapping.at, zone)
    ticket_type = _ticket_type(events, mapping.ticket)
    facts = Facts([policy] if isinstance(policy, Policy) else list(policy.values()))
    asked = {name: column for name, column in mapping.attributes if name in kept or facts.matters(name)}
    mapping = mapping.model_copy(update={"attributes": asked})
    names = _columns(mapping, which)
    keys = {_KEY.format(number): picked(events, one, "order")[0] for number, one in enumerate(orders)}
    rows = events.select(
        *((moments if name == mapping.at else quoted(name)).alias(name) for name in names),
        *(column.alias(name) for name, column in keys.items()),
    )
    ticket = quoted(mapping.ticket)
    rows = rows.repartition(ticket) if partitions is None else rows.repartition(partitions, ticket)
    rows = rows.sortWithinPartitions(ticket, quoted(mapping.at), *map(quoted, keys))
    task = _Task(shipped(policy), shipped(mapping), to_micros(at), which, kept, zone, tuple(keys))
    found = rows.mapInArrow(task, _schema(ticket_type, kept))
    return found.select(
        *(F.timestamp_micros(quoted(name)).alias(name) if name in _INSTANTS else quoted(name) for name in found.columns)
    )


def _ticket_type(events: DataFrame, name: str) -> T.DataType:
    dtype = picked(events, name, "ticket")[1]
    if dtype.simpleString() not in _TICKETS:
        raise InvalidLog(
            f"tickets of {dtype.simpleString()} are not sorted alike everywhere",
            where=name,
            value=dtype.simpleString(),
            remedy="Convert them to STRING or BIGINT first",
        )
    return dtype


def _columns(mapping: LogMapping, which: str | None) -> list[str]:
    """Return the columns of the log that are read."""
    single = [getattr(mapping, key) for key in ("ticket", "at", "event", "status", "tier", *EVENT_COLUMNS)]
    others = [*(column for _, column in mapping.attributes), which]
    return list(dict.fromkeys(name for name in (*single, *others) if name is not None))


def _schema(ticket: T.DataType, kept: Iterable[str]) -> T.StructType:
    """Return the columns that workers send: those of `frames.evaluate`, instants as microseconds."""
    types: dict[str, T.DataType] = {"ticket": ticket, "cycle": T.LongType(), "warnings_passed": T.LongType()}
    types |= dict.fromkeys(_INSTANTS, T.LongType())
    types |= dict.fromkeys(_DURATIONS, T.DayTimeIntervalType())
    return T.StructType([T.StructField(name, types.get(name, T.StringType())) for name in (*COLUMNS, *kept)])


@dataclass(frozen=True)
class _Task:
    """What a worker does with a partition that is sorted by ticket."""

    policy: Shipped
    mapping: Shipped
    at: int
    which: str | None
    kept: tuple[str, ...]
    zone: str | None
    keys: tuple[str, ...]

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        mapping: LogMapping = self.mapping.open()
        for piece in whole_tickets(batches, mapping.ticket):
            check_order(piece, mapping.ticket, mapping.at, self.keys)
            place = piece.column_names.index(mapping.at)
            log = piece.drop_columns(list(self.keys)).set_column(place, mapping.at, placed(piece[mapping.at]))
            yield from self._evaluated(log, mapping)

    def _evaluated(self, log: Any, mapping: LogMapping) -> Iterator[Any]:
        try:
            found = clocks.evaluate(
                log,
                self.policy.open(),
                at=utc(self.at),
                which=self.which,
                mapping=mapping,
                attributes=self.kept,
                zone=self.zone,
            )
        except SlaError as error:
            row = _ROW.match(error.where)
            if row is not None:
                ticket, moment = (log[name][int(row[1])].as_py() for name in (mapping.ticket, mapping.at))
                error.where = f"ticket {ticket}, event at {moment}{error.where[row.end() :]}"
            raise
        yield from found.cast(pa.schema([_plain(field) for field in found.schema])).to_batches()


def _plain(field: Any) -> Any:
    """Return a field as Spark reads it: categories as texts, and instants as microseconds."""
    if pa.types.is_dictionary(field.type):
        return pa.field(field.name, field.type.value_type)
    return pa.field(field.name, pa.int64()) if pa.types.is_timestamp(field.type) else field
