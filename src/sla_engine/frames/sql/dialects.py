"""
What databases write differently: quotes, types, instants as integers, and the last row at or before a value.

Everything else in a query is the same text in all of them.
"""

# ruff: noqa: S608  (names are quoted, and everything else is the library's own text)
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import override

from sla_engine.errors import SlaError, UnknownName, close_to

Name = str | Sequence[str]
"""A name of a table: text, of which dots part the catalogue and the schema, or its parts as they are."""

_LONGEST_OF_POSTGRESQL = 63


class InvalidSql(SlaError, ValueError):
    """A question that cannot be written in SQL, or a name that no database has."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """
    The last row of a table whose `of` is at or before the `key` of a row, among those with the same `same`.

    `rows` is where the rows come from and `carried` their columns; `takes` are expressions over `a` (the row) and `w`
    (what was found, all null where nothing was), by the name of the new column. `where` says which rows of the table
    are looked at; among these `of` comes once for each `same`.
    """

    rows: str
    carried: tuple[str, ...]
    key: str
    table: str
    of: str
    takes: Mapping[str, str]
    same: tuple[str, ...] = ()
    where: str = ""

    @property
    def head(self) -> str:
        """The columns of the answer."""
        columns = [f"a.{name}" for name in self.carried]
        return ", ".join(columns + [f"{expression} AS {name}" for name, expression in self.takes.items()])

    @property
    def equal(self) -> list[str]:
        """What must be the same on both sides."""
        return [f"w.{name} = a.{name}" for name in self.same]

    @property
    def looked_at(self) -> str:
        """The table, or those of its rows that are looked at."""
        return f"(SELECT * FROM {self.table} WHERE {self.where})" if self.where else self.table


@dataclass(frozen=True, slots=True)
class Dialect:
    """The base of the dialects; it writes what is written alike in most of them."""

    name: str
    integer: str = "BIGINT"
    text: str = "TEXT"

    def quoted(self, name: str) -> str:
        """Return the name of a column in quotes; raises `InvalidSql` for one that cannot be."""
        if not name or "\0" in name:
            raise InvalidSql(f"{name!r} is no name", where="name", value=name, remedy="Name a column or a table")
        return self._quoted(name)

    def _quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def table(self, name: Name) -> str:
        """Return the name of a table in quotes."""
        parts = name.split(".") if isinstance(name, str) else list(name)
        if not parts:
            raise InvalidSql("a table has no name", where="table", value=name, remedy="Name it")
        return ".".join(self.quoted(part) for part in parts)

    def literal(self, text: str) -> str:
        """Return text as SQL writes it."""
        if "\0" in text:
            raise InvalidSql(f"{text!r} cannot be written in SQL", value=text, remedy="Take the zero byte out")
        return self._literal(text)

    def _literal(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def value(self, value: int | str | None) -> str:
        """Return a value of a table."""
        if value is None:
            return "NULL"
        return self.literal(value) if isinstance(value, str) else str(value)

    def micros(self, instant: str) -> str:
        """Return microseconds since 1970 UTC of an instant, whatever the zone of the session."""
        raise NotImplementedError

    def instant(self, micros: str) -> str:
        """Return an instant of microseconds since 1970 UTC."""
        raise NotImplementedError

    def lookup(self, one: Lookup) -> str:
        """Return the SELECT that finds for each row the last of a table at or before it; no row is lost."""
        raise NotImplementedError

    def create(self, table: str, columns: Mapping[str, str], key: Sequence[str]) -> list[str]:
        """Return what makes a table; columns are `integer` or `text`, and those of the key are never null."""
        types = {"integer": self.integer, "text": self.text}
        lines = [f"  {name} {types[kind]}{' NOT NULL' if name in key else ''}" for name, kind in columns.items()]
        return [f"CREATE TABLE {table} (\n" + ",\n".join(lines) + "\n)"]

    def indexes(self, table: str, key: Sequence[str], inverse: tuple[str, str] | None) -> list[str]:  # noqa: ARG002
        """Return what makes look-ups fast once the table is full."""
        return []


class DuckDb(Dialect):
    """DuckDB: ASOF joins."""

    __slots__ = ()

    @override
    def micros(self, instant: str) -> str:
        return f"epoch_us({instant})"

    @override
    def instant(self, micros: str) -> str:
        return f"make_timestamptz({micros})"

    @override
    def lookup(self, one: Lookup) -> str:
        tests = " AND ".join([*one.equal, f"a.{one.key} >= w.{one.of}"])
        return f"SELECT {one.head}\n  FROM {one.rows} AS a\n  ASOF LEFT JOIN {one.looked_at} AS w ON {tests}"


class PostgreSql(Dialect):
    """PostgreSQL, from version 14: one step into an index for each row."""

    __slots__ = ()

    @override
    def _quoted(self, name: str) -> str:
        if len(name.encode()) > _LONGEST_OF_POSTGRESQL:
            raise InvalidSql(
                f"{name!r} is longer than the {_LONGEST_OF_POSTGRESQL} bytes that PostgreSQL keeps of a name",
                where="name",
                value=name,
                remedy="Shorten it",
            )
        return super()._quoted(name)

    @override
    def _literal(self, text: str) -> str:
        # Whether a backslash is one depends on a setting; in this form it does not.
        written = super()._literal(text.replace("\\", "\\\\"))
        return f"E{written}" if "\\" in text else written

    @override
    def micros(self, instant: str) -> str:
        return f"CASE WHEN isfinite({instant}) THEN (EXTRACT(EPOCH FROM {instant}) * 1000000)::bigint END"

    @override
    def instant(self, micros: str) -> str:
        # By hours and a rest: an interval times a large number would go by way of a float.
        return (
            f"(TIMESTAMPTZ 'epoch' + make_interval(hours => ({micros} / 3600000000)::integer)"
            f" + ({micros} % 3600000000) * INTERVAL '1 microsecond')"
        )

    @override
    def lookup(self, one: Lookup) -> str:
        tests = [*one.equal, *([one.where] if one.where else []), f"w.{one.of} <= a.{one.key}"]
        return (
            f"SELECT {one.head}\n  FROM {one.rows} AS a\n  LEFT JOIN LATERAL (\n"
            f"    SELECT * FROM {one.table} AS w WHERE {' AND '.join(tests)} ORDER BY w.{one.of} DESC LIMIT 1\n"
            "  ) AS w ON TRUE"
        )

    @override
    def indexes(self, table: str, key: Sequence[str], inverse: tuple[str, str] | None) -> list[str]:
        made = [f"ALTER TABLE {table} ADD PRIMARY KEY ({', '.join(key)})"]
        if inverse is not None:
            made.append(f"CREATE UNIQUE INDEX ON {table} ({inverse[0]}) WHERE {inverse[1]}")
        return [*made, f"ANALYZE {table}"]


class Snowflake(Dialect):
    """Snowflake: ASOF joins. Its text is not run by the tests of this library."""

    __slots__ = ()

    @override
    def _literal(self, text: str) -> str:
        return super()._literal(text.replace("\\", "\\\\"))

    @override
    def micros(self, instant: str) -> str:
        return f"DATE_PART(EPOCH_MICROSECOND, {instant})"

    @override
    def instant(self, micros: str) -> str:
        return f"TO_TIMESTAMP_LTZ({micros}, 6)"

    @override
    def lookup(self, one: Lookup) -> str:
        equal = f"\n  ON {' AND '.join(one.equal)}" if one.same else ""
        return (
            f"SELECT {one.head}\n  FROM {one.rows} AS a\n"
            f"  ASOF JOIN {one.looked_at} AS w MATCH_CONDITION (a.{one.key} >= w.{one.of}){equal}"
        )


_ESCAPED = {"\\": "\\\\", "'": "\\'", "`": "\\`", "\n": "\\n", "\r": "\\r"}


class BigQuery(Dialect):
    """BigQuery: a window over the rows and the table together. Its text is not run by the tests of this library."""

    __slots__ = ()

    @override
    def _quoted(self, name: str) -> str:
        return "`" + "".join(_ESCAPED.get(one, one) for one in name) + "`"

    @override
    def _literal(self, text: str) -> str:
        return "'" + "".join(_ESCAPED.get(one, one) for one in text) + "'"

    @override
    def micros(self, instant: str) -> str:
        return f"UNIX_MICROS({instant})"

    @override
    def instant(self, micros: str) -> str:
        return f"TIMESTAMP_MICROS({micros})"

    @override
    def lookup(self, one: Lookup) -> str:
        columns = ", ".join(one.carried)
        of_rows = ", ".join(f"a.{name}" for name in one.carried)
        of_table = ", ".join(f"w.{name}" if name in one.same else "NULL" for name in one.carried)
        part = f"PARTITION BY {', '.join(one.same)} " if one.same else ""
        where = f" WHERE {one.where}" if one.where else ""
        join = " AND ".join(filter(None, [f"w.{one.of} = a.sla_lookup_found", *one.equal, one.where]))
        return (
            f"SELECT {one.head}\n  FROM (\n"
            f"    SELECT {columns}, sla_lookup_row,\n"
            "    CASE WHEN sla_lookup_key IS NOT NULL THEN LAST_VALUE(sla_lookup_of IGNORE NULLS) OVER (\n"
            f"      {part}ORDER BY sla_lookup_key, sla_lookup_row ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW\n"
            "    ) END AS sla_lookup_found\n    FROM (\n"
            f"      SELECT {of_rows}, a.{one.key} AS sla_lookup_key, NULL AS sla_lookup_of, 1 AS sla_lookup_row\n"
            f"      FROM {one.rows} AS a\n"
            "      UNION ALL\n"
            f"      SELECT {of_table}, w.{one.of}, w.{one.of}, 0 FROM {one.table} AS w{where}\n"
            "    ) AS u\n  ) AS a\n"
            f"  LEFT JOIN {one.table} AS w ON {join}\n  WHERE a.sla_lookup_row = 1"
        )


DIALECTS: dict[str, Dialect] = {
    "duckdb": DuckDb("duckdb", text="VARCHAR"),
    "postgresql": PostgreSql("postgresql"),
    "snowflake": Snowflake("snowflake", text="VARCHAR"),
    "bigquery": BigQuery("bigquery", integer="INT64", text="STRING"),
}


def dialect_of(name: str) -> Dialect:
    """Return a dialect by name; raises `UnknownName`."""
    found = DIALECTS.get(name)
    if found is None:
        near = close_to(str(name), DIALECTS)
        raise UnknownName(
            f"there is no dialect {name!r}",
            where="dialect",
            value=name,
            remedy=f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(map(repr, DIALECTS))}",
        )
    return found


def checked_names(names: Sequence[str], answers: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns that are kept; raises `InvalidSql` where one comes twice, or is an answer's."""
    if isinstance(names, str):
        names = (names,)
    every = [*names, *answers]
    # Databases fold the case of names differently, and some forbid what differs by case only.
    folded = [str(name).lower() for name in every]
    for place, name in enumerate(folded):
        if name in folded[:place]:
            raise InvalidSql(
                f"two columns of the answer are called {every[place]!r}",
                where="keep",
                value=tuple(every),
                remedy="Keep each column once, and give the answer another name",
            )
    return tuple(names)
