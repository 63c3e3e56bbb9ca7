"""
A table for a database, with everything in it: as statements, or as CSV for a bulk load.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from sla_engine.frames.sql.dialects import Dialect

Row = Sequence[int | str | None]
_ROWS_OF_A_STATEMENT = 1000


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SqlTable:
    """
    A table, to be written into a database.

    `name` is its name in quotes, `columns` are kinds by name, `key` is what makes a row the only one, `rows` are in the
    order of the key. `inverse` is a second column to look up by, and which rows it is looked up among.
    """

    dialect: Dialect
    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    rows: Sequence[Row]
    inverse: tuple[str, str] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<SqlTable {self.name}: {len(self)} rows for {self.dialect.name}>"

    @property
    def create(self) -> list[str]:
        """The statements that make the empty table."""
        return self.dialect.create(self.name, self.columns, self.key)

    @property
    def indexes(self) -> list[str]:
        """The statements that make look-ups fast, for when the rows are there."""
        return self.dialect.indexes(self.name, self.key, self.inverse)

    def inserts(self) -> Iterator[str]:
        """Yield the statements that fill it, a thousand rows each."""
        names, value = ", ".join(self.columns), self.dialect.value
        for first in range(0, len(self.rows), _ROWS_OF_A_STATEMENT):
            rows = self.rows[first : first + _ROWS_OF_A_STATEMENT]
            values = ",\n".join(f"({', '.join(map(value, row))})" for row in rows)
            yield f"INSERT INTO {self.name} ({names}) VALUES\n{values}"

    def statements(self) -> list[str]:
        """Return all statements, in order."""
        return [*self.create, *self.inserts(), *self.indexes]

    def to_csv(self, file: TextIO | None = None) -> str:
        """
        Return the rows as CSV with a header, lines ended by a newline, null as nothing; or write them to a text file.
        """
        out = io.StringIO() if file is None else file
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return out.getvalue() if isinstance(out, io.StringIO) and file is None else ""


def script_of(statements: Sequence[str]) -> str:
    """Return statements as one script."""
    return "".join(f"{one};\n" for one in statements)
