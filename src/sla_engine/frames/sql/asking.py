"""
What the questions of a calendar and of a policy share: years, instants in columns, and a query made of steps.
"""

# ruff: noqa: S608  (names are quoted, and everything else is the library's own text)
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import MAXYEAR
from typing import Any, Literal

from sla_engine.errors import InvalidPeriod
from sla_engine.frames.sql.dialects import Dialect, InvalidSql, Lookup, Name, checked_names
from sla_engine.frames.sql.tables import SqlTable, script_of

Instants = Literal["timestamp", "micros"]
"""What columns of instants are: timestamps of the database, or integers in microseconds since 1970 UTC."""
Years = range | tuple[int, int]


def years_of(years: Any) -> range:
    """Return years as a range; a pair is the first and the last. Raises `InvalidPeriod`."""
    given = range(years[0], years[1] + 1) if isinstance(years, tuple) else years
    if not isinstance(given, range) or given.step != 1 or not given or given.start < 2 or given.stop > MAXYEAR:  # noqa: PLR2004
        raise InvalidPeriod(
            f"{years!r} are no years", where="years", value=years, remedy="Give a range: years=range(2020, 2041)"
        )
    return given


def checked_instants(instants: Instants) -> Instants:
    """Return what columns of instants are; raises `InvalidSql`."""
    if instants not in ("timestamp", "micros"):
        raise InvalidSql(
            f"instants={instants!r} is no kind of column",
            where="instants",
            value=instants,
            remedy='Say "timestamp" or "micros"',
        )
    return instants


@dataclass(slots=True)
class Query:
    """
    A query over a table of tickets, step by step: each step sees the columns of those before.

    `keep` are columns of the tickets that the answer has too, in front.
    """

    dialect: Dialect
    instants: Instants
    tickets: str
    keep: tuple[str, ...]
    columns: list[str] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)

    @property
    def kept(self) -> list[str]:
        """The columns that are kept, under names that clash with nothing."""
        return [f"sla_keep_{number}" for number in range(len(self.keep))]

    @property
    def last(self) -> str:
        """The name of the last step."""
        return self.steps[-1][0]

    def instant_column(self, name: str) -> str:
        """Return a column of instants of the tickets, in microseconds."""
        column = f"t.{self.dialect.quoted(name)}"
        return self.integer(column) if self.instants == "micros" else self.dialect.micros(column)

    def integer(self, expression: str) -> str:
        """Return a number as the integers that all is worked out in."""
        return f"CAST({expression} AS {self.dialect.integer})"

    def answer_instant(self, micros: str) -> str:
        """Return an instant of the answer as the tickets have theirs."""
        return micros if self.instants == "micros" else self.dialect.instant(micros)

    def asked(self, **columns: str) -> None:
        """Begin with expressions over the tickets `t`."""
        heads = [f"t.{self.dialect.quoted(name)} AS {alias}" for name, alias in zip(self.keep, self.kept, strict=True)]
        heads += [f"{expression} AS {name}" for name, expression in columns.items()]
        self._step("sla_asked", f"SELECT {', '.join(heads)}\n  FROM {self.tickets} AS t", [*self.kept, *columns])

    def looked_up(
        self,
        name: str,
        table: str,
        key: str,
        of: str,
        *,
        same: Sequence[str] = (),
        where: str = "",
        **takes: str,
    ) -> None:
        """Go on with what the last row of a table at or before a column has."""
        one = Lookup(self.last, tuple(self.columns), key, table, of, takes, tuple(same), where)
        self._step(name, self.dialect.lookup(one), [*self.columns, *takes])

    def worked_out(self, name: str, **columns: str) -> None:
        """Go on with expressions over the columns so far."""
        heads = [*self.columns, *(f"{expression} AS {column}" for column, expression in columns.items())]
        self._step(name, f"SELECT {', '.join(heads)}\n  FROM {self.last}", [*self.columns, *columns])

    def _step(self, name: str, text: str, columns: list[str]) -> None:
        self.steps.append((name, text))
        self.columns = columns

    def text(self, answers: dict[str, str], *, where: str = "", group_by: str = "", order_by: str = "") -> str:
        """Return the whole query: the columns that are kept, and the answers by name."""
        quoted = self.dialect.quoted
        keep = [] if group_by else zip(self.kept, self.keep, strict=True)
        heads = [f"{alias} AS {quoted(name)}" for alias, name in keep]
        heads += [f"{expression} AS {quoted(name)}" for name, expression in answers.items()]
        steps = ",\n".join(f"{name} AS (\n  {text}\n)" for name, text in self.steps)
        tail = "".join(
            f"\n{word} {part}"
            for word, part in (("WHERE", where), ("GROUP BY", group_by), ("ORDER BY", order_by))
            if part
        )
        return f"WITH {steps}\nSELECT {', '.join(heads)}\nFROM {self.last}{tail}"

    def problems(self, cases: Sequence[str], name: str) -> str:
        """Return the whole query for the rows for which one of some cases has words; the first one's are told."""
        self.worked_out("sla_problems", sla_problem=f"CASE {' '.join(cases)} END")
        return self.text({name: "sla_problem"}, where="sla_problem IS NOT NULL")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Questions:
    """What is asked about tickets, of tables that stand beside them in a database."""

    table: SqlTable
    instants: Instants

    @property
    def _tables(self) -> tuple[SqlTable, ...]:
        """All tables that the queries read."""
        return (self.table,)

    @property
    def dialect(self) -> Dialect:
        """What the text is written for."""
        return self.table.dialect

    def statements(self) -> list[str]:
        """Return the statements that make each table and fill it."""
        return [statement for table in self._tables for statement in table.statements()]

    @property
    def setup(self) -> str:
        """The script that makes each table and fills it."""
        return script_of(self.statements())

    def _query(self, tickets: Name, keep: str | Sequence[str], answers: Sequence[str]) -> Query:
        """Begin a query; raises `InvalidSql` for names of columns that come twice."""
        return Query(self.dialect, self.instants, self.dialect.table(tickets), checked_names(keep, answers))
