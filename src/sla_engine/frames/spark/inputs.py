"""
The columns of a DataFrame that a question is about: found by name, checked by type, and on their way to Arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame

from sla_engine.errors import InvalidInstant, InvalidLog, NaiveDatetime
from sla_engine.frames.spark.library import F, T, pa, pc


def check_frame(frame: object) -> None:
    """Raise `InvalidLog` for what is no DataFrame of Spark."""
    if not isinstance(frame, DataFrame):
        raise InvalidLog(
            f"{type(frame).__name__} is no DataFrame of Spark",
            where="frame",
            value=type(frame).__name__,
            remedy="Pass a DataFrame of Spark; frames of pandas, Polars and Arrow are asked by sla_engine.frames",
        )


def quoted(name: str) -> Column:
    """Return the column of a name, whatever is in it."""
    return F.col("`" + name.replace("`", "``") + "`")


def picked(frame: DataFrame, given: str | Column, what: str) -> tuple[Column, T.DataType]:
    """Return a column and its type, by name or as an expression; raises `InvalidLog` for one that is not there."""
    if isinstance(given, Column):
        return given, frame.select(given).schema.fields[0].dataType
    for field in frame.schema.fields:
        if field.name == given:
            return quoted(given), field.dataType
    raise InvalidLog(
        f"there is no column {given!r}; the columns are {', '.join(map(repr, frame.columns)) or 'none'}",
        where=what,
        value=given,
        remedy="Name the column in which it is",
    )


def instants(frame: DataFrame, given: str | Column, what: str, zone: str | None) -> Column:
    """
    Return a column of instants as workers get it: microseconds, or without a zone as it is.

    Raises `NaiveDatetime` for a TIMESTAMP_NTZ where no zone is given, and `InvalidInstant` for any other type.
    """
    column, dtype = picked(frame, given, what)
    if isinstance(dtype, T.TimestampType):
        return F.unix_micros(column)
    if not isinstance(dtype, T.TimestampNTZType):
        raise InvalidInstant(
            f"a column of {dtype.simpleString()}, where one of instants is expected",
            where=what,
            value=dtype.simpleString(),
            remedy="Convert it to TIMESTAMP first",
        )
    if zone is None:
        raise NaiveDatetime(
            "the instants have no zone",
            where=what,
            value=dtype.simpleString(),
            remedy='Say in which zone they were written: zone="Europe/Rome"',
        )
    return column


_MOST_NUMBERED = 16
"""With more names, one comparison each would cost more than the texts."""


def numbered(frame: DataFrame, given: str | Column, what: str, names: Sequence[str]) -> tuple[Column, Column] | None:
    """
    Return a column of names as numbers of those that are known here, and as the texts of all others.

    Numbers cost less on their way to Python than texts, and nothing to tell apart there. None where the column is to
    go as it is: an expression, which may have another value each time that it is asked, or texts that are compared in
    another way than here.
    """
    column, dtype = picked(frame, given, what)
    if isinstance(given, Column) or dtype != T.StringType() or len(names) > _MOST_NUMBERED:
        return None
    number = reduce(
        lambda others, name: F.when(column == F.lit(name[1]), F.lit(name[0]).cast("tinyint")).otherwise(others),
        reversed(list(enumerate(names))),
        F.lit(None).cast("tinyint"),
    )
    return number, F.when(number.isNull(), column)


def named(numbers: Any, others: Any, names: Sequence[str]) -> Any:
    """Return the names of `numbered`, from Arrow as a worker gets them."""
    known = pa.DictionaryArray.from_arrays(numbers, pa.array(names, pa.string()))
    return (
        known if others.null_count == len(others) else pc.call_function("coalesce", [known.cast(others.type), others])
    )


def durations(frame: DataFrame, given: Column, what: str) -> Column:
    """Return a column of durations; raises `InvalidInstant` for any other type."""
    column, dtype = picked(frame, given, what)
    if not isinstance(dtype, T.DayTimeIntervalType):
        raise InvalidInstant(
            f"a column of {dtype.simpleString()}, where one of durations is expected",
            where=what,
            value=dtype.simpleString(),
            remedy="Convert it to INTERVAL DAY TO SECOND first, or give one amount for all",
        )
    return column


def free(frame: DataFrame, into: str) -> str:
    """Return the name of a new column; raises `InvalidLog` where there is one of that name."""
    for name in frame.columns:
        if name.casefold() == into.casefold():
            raise InvalidLog(
                f"there is a column {name!r} already",
                where="into",
                value=into,
                remedy="Give the answers a name of their own, or drop that column first",
            )
    return into


def placed(column: Any) -> Any:
    """Return a column of instants as the questions take it, from Arrow as a worker gets it."""
    return column.cast(pa.timestamp("us", "UTC")) if pa.types.is_int64(column.type) else column


def as_arrow(dtype: T.DataType) -> Any:
    """Return the Arrow type of a column without rows, as far as questions care."""
    if isinstance(dtype, T.TimestampType):
        return pa.timestamp("us", "UTC")
    if isinstance(dtype, T.TimestampNTZType):
        return pa.timestamp("us")
    if isinstance(dtype, T.DayTimeIntervalType):
        return pa.duration("us")
    return pa.int64() if isinstance(dtype, T.IntegralType) else pa.string()


def without_rows(frame: DataFrame) -> Any:
    """Return a table of Arrow with the columns of a DataFrame and no rows, to see what a question says of them."""
    fields = frame.schema.fields
    return pa.Table.from_arrays(
        [pa.array([], as_arrow(field.dataType)) for field in fields], names=[field.name for field in fields]
    )
