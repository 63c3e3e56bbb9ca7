"""
Compliance of clocks in a DataFrame: counted where they are, summed up, and the figures put together at the end.

A worker says of each clock whose figure it belongs to and as what, by the same code as `frames.compliance`. Spark sums
these counts, and finds the median among them by counting too: nothing is sampled or rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from pyspark.sql import Column, DataFrame, Window

from sla_engine.frames.clocks.compliance import (
    COUNTED,
    MOMENTS,
    RANKS,
    SHARE_TEXTS,
    CountedClocks,
    StartedClocks,
    facts_of_exclusions,
)
from sla_engine.frames.clocks.compliance import compliance as counted
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.numbers import np
from sla_engine.frames.spark.inputs import check_frame, quoted, without_rows
from sla_engine.frames.spark.library import F, T, arrow_udf, pa
from sla_engine.frames.spark.pieces import together
from sla_engine.frames.spark.shipped import Shipped, shipped
from sla_engine.periods import Period
from sla_engine.policies import Policy
from sla_engine.tickets.compliance import PERIODS
from sla_engine.tickets.outcomes import Attribute
from sla_engine.zones import zone_name

_NUMBERS = ("kind", "taken", "clocks")


def compliance(
    clocks: DataFrame,
    *,
    by: str | Iterable[str] = (),
    period: Period | None = None,
    attribute: Attribute = "due",
    zone: str | tzinfo | None = None,
    tiers: Iterable[tuple[str, str]] = (),
    policy: Policy | None = None,
) -> DataFrame:
    """
    Count the clocks of a DataFrame that `evaluate` has made: a row a figure, as `frames.compliance` has them.

    The columns and the figures are the same, `median` and `p90` too, which are exact. The rows are sorted by `tiers`,
    and then by their labels. Raises what `frames.compliance` does.
    """
    check_frame(clocks)
    names = (by,) if isinstance(by, str) else tuple(by)
    listed = [(str(tier), str(target)) for tier, target in tiers]
    zone = zone if zone is not None else getattr(period, "zone", None)
    # What is wrong with the columns shows with no rows too.
    counted(without_rows(clocks), by=names, period=period, attribute=attribute, zone=zone, tiers=listed, policy=policy)
    rules = None if policy is None else shipped(policy)
    task = _Task(names, period, attribute, None if zone is None else zone_name(zone), rules)
    needed = {"started_at", MOMENTS[attribute], "phase", "verdict", "elapsed", "tier", "clock"}
    needed |= {name for name in names if name not in PERIODS}
    needed |= set() if policy is None else facts_of_exclusions(policy)
    columns = [
        F.unix_micros(quoted(field.name)).alias(field.name)
        if isinstance(field.dataType, T.TimestampType)
        else quoted(field.name)
        for field in clocks.schema.fields
        if field.name in needed
    ]
    keys = ("tier", "target", *names)
    schema = T.StructType(
        [
            *(T.StructField(key, T.StringType()) for key in keys),
            *(T.StructField(number, T.LongType()) for number in _NUMBERS),
        ]
    )
    rows = clocks.select(*columns).mapInArrow(task, schema)
    if listed and not names:
        # A figure that was asked for has a row without clocks.
        rows = rows.union(clocks.sparkSession.createDataFrame([(*one, 0, None, 0) for one in listed], schema))
    return _put_together(rows, keys, listed)


@dataclass(frozen=True)
class _Task:
    """What a worker does with clocks: as what each counts, and in whose figure; equal ones are counted together."""

    names: tuple[str, ...]
    period: Period | None
    attribute: Attribute
    zone: str | None
    policy: Shipped | None

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        for piece in together(batches):
            table = piece
            for place, name in enumerate(piece.column_names):
                if name in MOMENTS.values():
                    table = table.set_column(place, name, piece[name].cast(pa.timestamp("us", "UTC")))
            policy = None if self.policy is None else self.policy.open()
            clocks = StartedClocks(table, self.attribute, policy)
            figures = CountedClocks(clocks, self.names, self.period, self.zone, [])
            columns: dict[str, Any] = {
                name: pa.array([*texts, ""], pa.string()).take(pa.array(np.where(codes < 0, len(texts), codes)))
                for name, (codes, texts) in figures.labels.items()
            }
            columns["kind"] = pa.array(figures.kind)
            columns["taken"] = pa.array(clocks.elapsed, mask=~figures.timed | (clocks.elapsed == NULL))
            table = pa.table(columns)
            found = table.group_by(table.column_names).aggregate([([], "count_all")])
            yield from found.rename_columns([*table.column_names, "clocks"]).to_batches()


def _put_together(rows: DataFrame, keys: Sequence[str], listed: Sequence[tuple[str, str]]) -> DataFrame:
    """Return the figures of counts."""
    labels = [quoted(key) for key in keys]
    groups = rows.groupBy(*labels, "kind", "taken").agg(F.sum("clocks").alias("clocks"))
    stopped = F.when(F.col("taken").isNotNull(), F.col("clocks")).otherwise(0)
    figure = Window.partitionBy(*labels)
    up_to = figure.orderBy(F.col("taken").asc_nulls_first()).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    groups = groups.withColumns({"__within": F.sum(stopped).over(up_to), "__all": F.sum(stopped).over(figure)})
    # The open time at rank ceil(share * all), in whole numbers: the first that so many do not exceed.
    reached = {
        name: F.min(F.when(F.col("__within") * share.denominator >= F.col("__all") * share.numerator, F.col("taken")))
        for name, share in RANKS.items()
    }
    figures = groups.groupBy(*labels).agg(
        *(
            F.sum(F.when(F.col("kind") == number, F.col("clocks")).otherwise(0)).alias(name)
            for number, name in enumerate(COUNTED)
        ),
        *(column.alias(name) for name, column in reached.items()),
    )
    place = [F.lit(len(listed))] if listed else []
    for number, (tier, target) in reversed([*enumerate(listed)]):
        place = [F.when((F.col("tier") == tier) & (F.col("target") == target), number).otherwise(place[0])]
    return figures.orderBy(*place, *labels).select(
        *labels,
        *COUNTED,
        (F.col("running") + F.col("paused")).alias("undecided"),
        *(_asked(name, _texts(told), T.StringType(), "met", "breached") for name, told in SHARE_TEXTS.items()),
        *(_asked(name, _durations, T.DayTimeIntervalType(), name) for name in RANKS),
    )


def _asked(name: str, answer: Any, dtype: T.DataType, *columns: str) -> Column:
    """Return a column of what Python answers about others."""
    found: Column = arrow_udf(answer, dtype)(*columns).alias(name)
    return found


def _texts(told: Callable[[int, int], str | None]) -> Any:
    def answer(met: pa.Array, breached: pa.Array) -> pa.Array:
        return pa.array(map(told, met.to_pylist(), breached.to_pylist()), pa.string())

    return answer


def _durations(micros: pa.Array) -> pa.Array:
    return micros.cast(pa.duration("us"))
