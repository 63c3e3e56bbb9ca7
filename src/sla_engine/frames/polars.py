"""
Questions of Polars expressions, Series and frames under the name `sla`, once this module is imported.

>>> import polars as pl
>>> import sla_engine.frames.polars
>>> office = BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
>>> tickets = pl.LazyFrame({"opened": ["2026-03-06T15:30:00Z", None]}).select(pl.col("opened").str.to_datetime("%+"))
>>> due = tickets.select(pl.col("opened").sla.add("4h", office))
>>> print(due.collect_schema()["opened"])
Datetime(time_unit='us', time_zone='UTC')
>>> print(due.collect()["opened"][0])
2026-03-09 10:30:00+00:00

Expressions answer row by row, so they are right wherever Polars puts them: in `select`, `with_columns` and `filter`,
over groups, lazily, and in batches. A row without an answer is an error as everywhere; it is numbered as Polars asked,
which may be a batch or what a filter left. Where Polars makes an error of its own of it, its kind and its text stay,
and the other fields are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sla_engine.amounts import Amount, parse_amount
from sla_engine.errors import InvalidInstant, MissingExtra, SlaError
from sla_engine.frames import deadlines, series
from sla_engine.frames.choice import Calendars
from sla_engine.frames.columns import instants_of
from sla_engine.frames.questions import ColumnQuestions, FrameQuestions, LogQuestions
from sla_engine.policies import Policy

try:
    import polars as pl
except ImportError:
    raise MissingExtra(
        "expressions of Polars need Polars", where="polars", remedy="pip install sla_engine[polars]"
    ) from None

Question = Callable[[pl.Series, Mapping[str, Any]], pl.Series]


@pl.api.register_series_namespace("sla")
class SeriesQuestions(ColumnQuestions):
    """Questions about a Series of instants."""


@pl.api.register_dataframe_namespace("sla")
class DataFrameQuestions(FrameQuestions):
    """Questions about the columns of a frame by their names; answers are Series."""


@pl.api.register_lazyframe_namespace("sla")
class LazyFrameQuestions(LogQuestions):
    """Questions about a lazy log; answers are lazy frames. Columns are asked by expressions."""


@pl.api.register_expr_namespace("sla")
class ExprQuestions:
    """
    Questions about an expression of instants: `pl.col("opened").sla.add("4h", calendar)`.

    What stands beside the instants is an expression, or the name of a column. `zone` is that of instants that have
    none; where it is given, answers are in it.
    """

    def __init__(self, expr: pl.Expr) -> None:
        self._expr = expr

    def add(
        self, amount: Any, calendar: Calendars, *, which: pl.Expr | str | None = None, zone: str | None = None
    ) -> pl.Expr:
        """
        Return when an amount of a calendar's time after each instant is over.

        `amount` is one for all, or an expression of durations. With several calendars by name, `which` names that of
        each row.
        """
        return self._of_calendar(series.add, calendar, which, zone, amount=_amount(amount))

    def subtract(
        self, amount: Any, calendar: Calendars, *, which: pl.Expr | str | None = None, zone: str | None = None
    ) -> pl.Expr:
        """Return when an amount of a calendar's time before each instant begins; takes what `add` does."""
        return self._of_calendar(series.subtract, calendar, which, zone, amount=_amount(amount))

    def elapsed(
        self,
        ends: pl.Expr | str,
        calendar: Calendars,
        *,
        which: pl.Expr | str | None = None,
        zone: str | None = None,
    ) -> pl.Expr:
        """Return the open time from each instant to each end, as durations; negative where the end is before it."""
        return self._of_calendar(series.elapsed, calendar, which, zone, pl.Duration("us"), ends=_column(ends))

    def is_open(self, calendar: Calendars, *, which: pl.Expr | str | None = None, zone: str | None = None) -> pl.Expr:
        """Return for each instant whether the calendar is open."""
        return self._of_calendar(series.is_open, calendar, which, zone, pl.Boolean())

    def next_opening(
        self, calendar: Calendars, *, which: pl.Expr | str | None = None, zone: str | None = None
    ) -> pl.Expr:
        """Return the first opening at or after each instant."""
        return self._of_calendar(series.next_opening, calendar, which, zone)

    def business_days_between(
        self,
        ends: pl.Expr | str,
        calendar: Calendars,
        *,
        which: pl.Expr | str | None = None,
        zone: str | None = None,
    ) -> pl.Expr:
        """Return how many business dates follow each rolled instant's, up to and with each end's."""
        return self._of_calendar(series.business_days_between, calendar, which, zone, pl.Int64(), ends=_column(ends))

    def deadline(
        self,
        tier: pl.Expr | str,
        policy: Policy,
        *,
        target: str | None = None,
        attributes: Mapping[str, pl.Expr | str] | None = None,
        zone: str | None = None,
    ) -> pl.Expr:
        """
        Return when a tier's target is due for tickets opened at the instants.

        `tier` is an expression of names; a text is one tier for all. `attributes` are expressions, or names of columns,
        by the names of the attributes.
        """
        given = attributes or {}

        def question(opened: pl.Series, beside: Mapping[str, Any]) -> pl.Series:
            known = {name: beside[f"attribute {name}"] for name in given}
            tiers = beside.get("tier", tier)
            return deadlines.deadline(opened, tiers, policy, target=target, attributes=known)

        others = {f"attribute {name}": _column(one) for name, one in given.items()}
        others["tier"] = tier if isinstance(tier, pl.Expr) else None
        return self._asked(question, others, zone)

    def _of_calendar(
        self,
        ask: Callable[..., pl.Series],
        calendar: Calendars,
        which: pl.Expr | str | None,
        zone: str | None,
        dtype: pl.DataType | None = None,
        **given: pl.Expr | Amount | None,
    ) -> pl.Expr:
        """Return what a function of `series` answers; what is given beside the instants has its parameters' names."""
        one_for_all = {name: one for name, one in given.items() if isinstance(one, Amount)}
        columns = {name: one for name, one in given.items() if not isinstance(one, Amount)}

        def question(instants: pl.Series, beside: Mapping[str, Any]) -> pl.Series:
            return ask(instants, calendar=calendar, zone=zone, **one_for_all, **beside)

        return self._asked(question, {**columns, "which": _column(which)}, zone, dtype)

    def _asked(
        self,
        question: Question,
        others: Mapping[str, pl.Expr | None],
        zone: str | None,
        dtype: pl.DataType | None = None,
    ) -> pl.Expr:
        """Return the expression of a question's answers; without a dtype they are instants in the zone of the input."""
        placed = pl.self_dtype() if zone is None else pl.Datetime("us", zone)
        # What microseconds cannot say is refused before the unit changes; so the dtype of answers is known to the plan.
        starts: pl.Expr = self._expr.map_batches(
            lambda column: _told(lambda: _exact(column, zone)), return_dtype=placed, is_elementwise=True
        ).dt.cast_time_unit("us")
        beside = {f"__{name}": other for name, other in others.items() if other is not None}
        if not beside:
            return starts.map_batches(
                lambda column: _told(lambda: question(column, {})),
                return_dtype=pl.self_dtype() if dtype is None else dtype,
                is_elementwise=True,
            )

        def of_rows(rows: pl.Series) -> pl.Series:
            column, *rest = rows.struct.unnest().get_columns()
            if len(rest) != len(beside):
                raise InvalidInstant(
                    f"an expression of several columns stands where one is expected: {rows.struct.fields}",
                    remedy="Write one expression for each column",
                )
            return question(column, {one.name.removeprefix("__"): one for one in rest})

        rows = pl.struct(starts, *(other.alias(name) for name, other in beside.items()))
        return rows.map_batches(
            lambda column: _told(lambda: of_rows(column)),
            return_dtype=pl.self_dtype().struct[0] if dtype is None else dtype,
            is_elementwise=True,
        )


def _amount(given: Any) -> pl.Expr | Amount:
    """Return an expression of amounts, or one for all, which is read before any row is asked."""
    return given if isinstance(given, pl.Expr) else parse_amount(given)


def _column(given: pl.Expr | str | None) -> pl.Expr | None:
    """Return an expression, or that of the column of a name."""
    return pl.col(given) if isinstance(given, str) else given


def _exact(column: pl.Series, zone: str | None) -> pl.Series:
    """Return a column of instants as it is, or in a zone; raises where it is none, or microseconds cannot say it."""
    dtype = column.dtype
    if zone is None:
        if not (isinstance(dtype, pl.Datetime) and dtype.time_unit == "us" and dtype.time_zone):
            instants_of(column, name="instants")
        return column
    read = instants_of(column, name="instants", zone=zone)
    found: pl.Series = read.instants(read.micros)
    return found.dt.convert_time_zone(zone)


def _told(ask: Callable[[], pl.Series]) -> pl.Series:
    """Ask; an error tells that its row is one of those that Polars asked about."""
    try:
        return ask()
    except SlaError as error:
        if error.where.startswith("row "):
            error.where = f"{error.where} of those that Polars asked about"
        raise
