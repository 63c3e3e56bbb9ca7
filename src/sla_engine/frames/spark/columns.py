"""
Questions about columns of a DataFrame: each returns the DataFrame with one more column.

Where a function takes a column, it takes its name or an expression. Spark asks about batches of rows, so an error names
the row of the batch, and the instant that stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from pyspark.sql import Column, DataFrame

from sla_engine.amounts import Amount, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.errors import InvalidCalendar, SlaError
from sla_engine.frames import series
from sla_engine.frames.choice import Calendars, chosen
from sla_engine.frames.columns import instants_of
from sla_engine.frames.deadlines import Deadlines, check_policy
from sla_engine.frames.kernels.rows import NULL, row_of
from sla_engine.frames.numbers import np
from sla_engine.frames.spark.inputs import (
    check_frame,
    durations,
    free,
    instants,
    named,
    numbered,
    picked,
    placed,
)
from sla_engine.frames.spark.library import F, T, arrow_udf, pa
from sla_engine.frames.spark.shipped import KEPT, Shipped, shipped
from sla_engine.instants import utc_text
from sla_engine.policies import Policy

_INSTANT, _DURATION, _COUNT, _TRUTH = T.TimestampType(), T.DayTimeIntervalType(), T.LongType(), T.BooleanType()
Given = str | Column
_OTHER = "other {}"
Question = Callable[[Any, Mapping[str, Any]], Any]


def add(
    frame: DataFrame,
    starts: Given,
    amount: str | timedelta | Amount | Column,
    calendar: Calendars,
    *,
    into: str,
    which: Given | None = None,
    zone: str | None = None,
) -> DataFrame:
    """
    Return the DataFrame with the instants at which an amount of a calendar's time after each start is over.

    `amount` is one for all, as `calendar.add` takes it, or a Column of INTERVAL DAY TO SECOND. `calendar` is one for
    all, or several by name, and `which` the column of their names. `zone` is that of instants that have none
    (TIMESTAMP_NTZ); answers are TIMESTAMP in any case. Raises `NaiveDatetime`, `InvalidInstant` and `InvalidLog` for
    columns that it cannot ask about, and Spark a `PythonException` with the words of `frames.add` for rows without an
    answer.
    """
    given = {"starts": starts, "amount": amount}
    return _of_calendar(series.add, frame, given, calendar, into=into, which=which, zone=zone, kind=_INSTANT)


def subtract(
    frame: DataFrame,
    ends: Given,
    amount: str | timedelta | Amount | Column,
    calendar: Calendars,
    *,
    into: str,
    which: Given | None = None,
    zone: str | None = None,
) -> DataFrame:
    """Return it with the instants at which an amount of time before each end begins; takes what `add` does."""
    given = {"ends": ends, "amount": amount}
    return _of_calendar(series.subtract, frame, given, calendar, into=into, which=which, zone=zone, kind=_INSTANT)


def elapsed(
    frame: DataFrame,
    starts: Given,
    ends: Given,
    calendar: Calendars,
    *,
    into: str,
    which: Given | None = None,
    zone: str | None = None,
) -> DataFrame:
    """
    Return the DataFrame with the open time from each start to each end, as INTERVAL DAY TO SECOND.

    It is negative where the end is before the start. `microseconds` makes integers of it.
    """
    given = {"starts": starts, "ends": ends}
    return _of_calendar(series.elapsed, frame, given, calendar, into=into, which=which, zone=zone, kind=_DURATION)


def is_open(
    frame: DataFrame,
    instants: Given,
    calendar: Calendars,
    *,
    into: str,
    which: Given | None = None,
    zone: str | None = None,
) -> DataFrame:
    """Return the DataFrame with whether the calendar is open at each instant."""
    given = {"instants": instants}
    return _of_calendar(series.is_open, frame, given, calendar, into=into, which=which, zone=zone, kind=_TRUTH)


def next_opening(
    frame: DataFrame,
    instants: Given,
    calendar: Calendars,
    *,
    into: str,
    which: Given | None = None,
    zone: str | None = None,
) -> DataFrame:
    """Return the DataFrame with the first opening at or after each instant."""
    given = {"instants": instants}
    return _of_calendar(series.next_opening, frame, given, calendar, into=into, which=which, zone=zone, kind=_INSTANT)


def business_days_between(
    frame: DataFrame,
    starts: Given,
    ends: Given,
    calendar: Calendars,
    *,
    into: str,
    which: Given | None = None,
    zone: str | None = None,
) -> DataFrame:
    """Return it with the number of business dates that follow each rolled start's, up to and with each end's."""
    given = {"starts": starts, "ends": ends}
    ask = series.business_days_between
    return _of_calendar(ask, frame, given, calendar, into=into, which=which, zone=zone, kind=_COUNT)


def deadline(
    frame: DataFrame,
    opened: Given,
    tier: Given,
    policy: Policy,
    *,
    into: str,
    target: str | None = None,
    attributes: Iterable[str] | Mapping[str, Given] = (),
    zone: str | None = None,
) -> DataFrame:
    """
    Return the DataFrame with the instants at which a tier's target is due for tickets opened at the instants.

    `tier` is the column of tiers; `attributes` are the columns of attributes, or the columns by the names of their
    attributes, for policies with rules, customers or versions. Raises what `add` does, and Spark what
    `frames.deadline` says of rows.
    """
    check_policy(policy)
    rules = shipped(policy)
    given = attributes if isinstance(attributes, Mapping) else {name: name for name in attributes}
    known = tuple(given)

    def question(opened: Any, beside: Mapping[str, Any]) -> Any:
        told = {name: beside[f"attribute {name}"] for name in known}
        return _deadlines(rules, target).of_column(opened, beside["tier"], told, zone)

    others = {"tier": tier, **{f"attribute {name}": column for name, column in given.items()}}
    names = {"tier": [one.name for one in policy.tiers]}
    return _asked(
        "deadline", frame, {"opened": opened}, others, question, names=names, into=into, zone=zone, kind=_INSTANT
    )


@lru_cache(maxsize=KEPT)
def _deadlines(rules: Shipped, target: str | None) -> Deadlines:
    """Return what answers all batches of a worker process."""
    return Deadlines(rules.open(), target, again=True)


def microseconds(durations: Given) -> Column:
    """
    Return a column of INTERVAL DAY TO SECOND as microseconds, BIGINT: exactly, and without Python.

    Do not add an interval to a TIMESTAMP to find out: Spark adds its days by the calendar of the session's zone.
    """
    column = F.col(durations) if isinstance(durations, str) else durations
    total = F.lit(0).cast("bigint")
    for part, size in (("DAY", 86_400_000_000), ("HOUR", 3_600_000_000), ("MINUTE", 60_000_000)):
        total = total + F.extract(F.lit(part), column).cast("bigint") * F.lit(size)
    return total + (F.extract(F.lit("SECOND"), column) * F.lit(1_000_000)).cast("bigint")


# --- asking --------------------------------------------------------------------------------------------------------


def _of_calendar(
    ask: Callable[..., Any],
    frame: DataFrame,
    given: Mapping[str, Any],
    calendar: Calendars,
    *,
    into: str,
    which: Given | None,
    zone: str | None,
    kind: T.DataType,
) -> DataFrame:
    """Return the DataFrame with what a function of `series` answers, whose first arguments are given in their order."""
    rules = _calendars(calendar, which)
    arguments, moments = tuple(given)[1:], dict(given)
    fixed: dict[str, Amount] = {}
    others: dict[str, Given] = {} if which is None else {"which": which}
    if "amount" in moments:
        amount = moments.pop("amount")
        if isinstance(amount, Column):
            check_frame(frame)
            others["amount"] = durations(frame, amount, "amount")
        else:
            fixed["amount"] = parse_amount(amount)

    def question(first: Any, beside: Mapping[str, Any]) -> Any:
        known = {**fixed, **beside}
        return ask(first, *(known[name] for name in arguments), rules.open(), which=beside.get("which"), zone=zone)

    names = {} if isinstance(calendar, Calendar) else {"which": list(calendar)}
    return _asked(ask.__name__, frame, moments, others, question, names=names, into=into, zone=zone, kind=kind)


def _calendars(calendar: Calendars, which: Given | None) -> Shipped:
    """Return calendars as workers take them; raises `InvalidCalendar` where they do not go with the column."""
    if isinstance(calendar, Mapping) and not all(isinstance(name, str) for name in calendar):
        raise InvalidCalendar(
            "the names of calendars on Spark are texts",
            where="calendar",
            value=list(calendar),
            remedy='Give the calendars by name: {"Rome": rome, "York": york}',
        )
    chosen(calendar, which if which is None else "", np.full(0, NULL))  # says what is wrong before any row is asked
    return shipped(calendar if isinstance(calendar, Calendar) else dict(calendar))


def _asked(
    name: str,
    frame: DataFrame,
    moments: Mapping[str, Given],
    others: Mapping[str, Given],
    question: Question,
    *,
    names: Mapping[str, Sequence[str]],
    into: str,
    zone: str | None,
    kind: T.DataType,
) -> DataFrame:
    """
    Return the DataFrame with the answers to a question, which gets the first column of instants and the rest.

    `names` are those that a column of names may have, as far as they are known.
    """
    check_frame(frame)
    given = {what: instants(frame, column, what, zone) for what, column in moments.items()}
    known: dict[str, Sequence[str]] = {}
    for what, column in others.items():
        pair = numbered(frame, column, what, names[what]) if what in names else None
        if pair is None:
            given[what] = picked(frame, column, what)[0]
        else:
            given[what], given[_OTHER.format(what)] = pair
            known[what] = names[what]
    keys, placing = tuple(given), tuple(moments)
    told = _COUNT if kind is _INSTANT else kind

    def ask(*columns: pa.Array) -> pa.Array:
        beside = dict(zip(keys, columns, strict=True))
        beside |= {what: placed(beside[what]) for what in placing}
        beside |= {what: named(beside[what], beside.pop(_OTHER.format(what)), own) for what, own in known.items()}
        first = beside.pop(placing[0])
        try:
            found = question(first, beside)
        except SlaError as error:
            error.where = _where(error, first, zone)
            raise
        answer = found.combine_chunks()
        return answer.cast(pa.int64()) if pa.types.is_timestamp(answer.type) else answer

    ask.__name__ = f"sla_{name}"  # so plans call it
    answers = arrow_udf(ask, told)(*given.values())
    column = F.timestamp_micros(answers) if kind is _INSTANT else answers
    return frame.select("*", column.alias(free(frame, into)))


def _where(error: SlaError, column: Any, zone: str | None) -> str:
    """Return where an error was found, by the row of the batch and the instant in it."""
    row = row_of(error)
    if row < 0:
        return error.where
    micros = int(instants_of(column, name="instants", zone=zone).micros[row])
    at = "without an instant" if micros == NULL else utc_text(micros)
    return f"row {row} of a batch of {len(column)} ({at}){error.where.removeprefix(f'row {row}')}"
