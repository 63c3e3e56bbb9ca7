"""
A calendar's open windows as a table of a database, and its questions as queries.

The table has the opening and the closing of each window, and the open time before it. Its first row is where the years
begin and its last where they end, so that the queries know what the table knows: what lies outside has no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sla_engine.amounts import Amount, BusinessTime, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.frames.sql.asking import Instants, Query, Questions, Years, checked_instants, years_of
from sla_engine.frames.sql.dialects import InvalidSql, Name, dialect_of
from sla_engine.frames.sql.pieces import table_of
from sla_engine.frames.sql.tables import Row, SqlTable
from sla_engine.instants import DAY

_COLUMNS = {"opens": "integer", "closes": "integer", "open_before": "integer"}
_WINDOWS = "closes > opens"
"""What tells windows from the first row, which has no length, and from the last, which has no closing."""
_MOST = 2**61


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the tickets that has an amount for each row: whole microseconds of open time."""

    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CalendarSql(Questions):
    """A calendar for a database: its table, and its questions. Made by `sql.timeline`."""

    near: int | None
    """How far an answer may lie from the start, where the table reaches further than the calendar's horizon."""

    def __repr__(self) -> str:
        return f"<CalendarSql {self.table!r}>"

    def deadline(
        self,
        amount: Amount | timedelta | str | Column,
        *,
        tickets: Name,
        opened: str,
        keep: str | Sequence[str],
        name: str = "due_at",
    ) -> str:
        """
        Return the query for when an amount of open time after the opening of each ticket is over.

        `amount` is one for all, as `calendar.add` takes it, or `Column` of the tickets; a negative one subtracts, zero
        is the opening itself. `keep` are columns of the tickets, and `name` is that of the answer. Raises `InvalidSql`
        for amounts that are no open time.
        """
        query = self._query(tickets, keep, [name])
        self._due(query, amount, opened)
        return query.text({name: query.answer_instant("sla_due")})

    def elapsed(
        self, *, tickets: Name, start: str, end: str, keep: str | Sequence[str], name: str = "open_time"
    ) -> str:
        """Return the query for the open time between two columns, in microseconds; negative where the end is first."""
        query = self._query(tickets, keep, [name])
        query.asked(sla_start=query.instant_column(start), sla_end=query.instant_column(end))
        self._open_time(query, "sla_started", "sla_start", "sla_before_start")
        self._open_time(query, "sla_ended", "sla_end", "sla_before_end")
        return query.text({name: "sla_before_end - sla_before_start"})

    def is_open(self, *, tickets: Name, at: str, keep: str | Sequence[str], name: str = "is_open") -> str:
        """Return the query for whether the calendar is open at the instants of a column."""
        query = self._query(tickets, keep, [name])
        query.asked(sla_at=query.instant_column(at))
        query.looked_up("sla_told", self.table.name, "sla_at", "opens", sla_open="a.sla_at < w.closes")
        return query.text({name: "sla_open"})

    def check(
        self,
        *,
        tickets: Name,
        instants: str | Sequence[str],
        keep: str | Sequence[str],
        amount: Amount | timedelta | str | Column | None = None,
        name: str = "problem",
    ) -> str:
        """
        Return the query for the rows that have an instant, and no answer: why, in words.

        `instants` are the columns that are asked about; with an amount, the first of them is when tickets were opened.
        """
        columns = (instants,) if isinstance(instants, str) else tuple(instants)
        if not columns:
            raise InvalidSql("no column is named", where="instants", value=columns, remedy="Name those that are asked")
        query = self._query(tickets, keep, [name])
        literal = self.dialect.literal
        if amount is None:
            names = [f"sla_at_{number}" for number in range(len(columns))]
            query.asked(**dict(zip(names, map(query.instant_column, columns), strict=True)))
        else:
            names = ["sla_start", *(f"sla_at_{number}" for number in range(1, len(columns)))]
            others = dict(zip(names[1:], map(query.instant_column, columns[1:]), strict=True))
            self._due(query, amount, columns[0], **others)
        cases = []
        for number, (key, column) in enumerate(zip(names, columns, strict=True)):
            self._open_time(query, f"sla_checked_{number}", key, f"sla_known_{number}")
            said = literal(f"{column} lies outside of the years of the table")
            cases.append(f"WHEN {key} IS NOT NULL AND sla_known_{number} IS NULL THEN {said}")
        if amount is not None:
            said = literal("it is due outside of the years of the table, or after the horizon")
            cases.append(f"WHEN sla_start IS NOT NULL AND sla_amount IS NOT NULL AND sla_due IS NULL THEN {said}")
        return query.problems(cases, name)

    def _open_time(self, query: Query, step: str, key: str, into: str) -> None:
        """Add the open time before a column of instants."""
        until = f"CASE WHEN a.{key} < w.closes THEN a.{key} ELSE w.closes END"
        query.looked_up(step, self.table.name, key, "opens", **{into: f"w.open_before + {until} - w.opens"})

    def _due(self, query: Query, amount: Amount | timedelta | str | Column, opened: str, **others: str) -> None:
        if isinstance(amount, Column):
            given = query.integer(f"t.{self.dialect.quoted(amount.name)}")
        else:
            given = str(_open_amount(amount).micros)
        query.asked(sla_start=query.instant_column(opened), sla_amount=given, **others)
        self._open_time(query, "sla_started", "sla_start", "sla_before_start")
        target = "sla_before_start + sla_amount"
        # The least instant with so much open time before it for what is added, the greatest for what is subtracted.
        sought = f"{target} - CASE WHEN sla_amount > 0 THEN 1 ELSE 0 END"
        query.worked_out("sla_aimed", sla_sought=f"CASE WHEN sla_amount BETWEEN {-_MOST} AND {_MOST} THEN {sought} END")
        query.looked_up(
            "sla_placed",
            self.table.name,
            "sla_sought",
            "open_before",
            where=_WINDOWS,
            sla_found=f"w.opens + a.{target.replace(' + ', ' + a.')} - w.open_before",
            sla_close="w.closes",
        )
        tests = ["sla_found <= sla_close"]
        if self.near is not None:
            tests.append(f"sla_found - sla_start BETWEEN {-self.near} AND {self.near}")
        query.worked_out(
            "sla_answered",
            sla_due="CASE WHEN sla_before_start IS NULL THEN NULL WHEN sla_amount = 0 THEN sla_start "
            f"WHEN {' AND '.join(tests)} THEN sla_found END",
        )


def _open_amount(amount: Amount | timedelta | str) -> BusinessTime:
    read = parse_amount(amount)
    if not isinstance(read, BusinessTime):
        raise InvalidSql(
            f"'{read}' is no open time, and the table of a calendar knows nothing else",
            where="amount",
            value=amount,
            remedy="Make it the target of a tier, and ask sql.policy, which writes a table of what is due",
        )
    return read


def timeline(
    calendar: Calendar,
    *,
    years: Years,
    dialect: str,
    table: Name = "sla_timeline",
    instants: Instants = "timestamp",
) -> CalendarSql:
    """
    Return a calendar's open windows of some years as a table, with its questions as queries over tickets.

    `years` are a range, or the first and the last; they begin and end in the calendar's zone. `dialect` is
    `"duckdb"`, `"postgresql"`, `"snowflake"` or `"bigquery"`. `table` is the name of the table, and `instants` says
    what the tickets' columns are: `"timestamp"`, or `"micros"` for integers since 1970 UTC. Raises `UnknownName`,
    `InvalidPeriod`, `InvalidSql`, and `OutOfRange` for years without holiday data.

    >>> office = BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"})
    >>> hours = timeline(office, years=range(2026, 2028), dialect="duckdb", table="sla_office")
    >>> len(hours.table)
    524
    """
    spoken = dialect_of(dialect)
    known = table_of(calendar, years_of(years))
    near = calendar.horizon * 365 * DAY
    rows: list[Row] = list(zip(known.opens, known.closes, known.before, strict=True))
    if not known.opens or known.opens[0] > known.lo:
        rows.insert(0, (known.lo, known.lo, 0))
    rows.append((known.hi, None, None))
    made = SqlTable(spoken, spoken.table(table), _COLUMNS, ("opens",), rows, ("open_before", _WINDOWS))
    return CalendarSql(made, checked_instants(instants), near if known.hi - known.lo > near else None)
