"""
Ticket logs as CSV: one row a ticket. What cannot be read is reported with its line, and the rest is still there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal

from sla_engine.errors import InvalidLog
from sla_engine.zones import zone_name, zone_of

Ambiguous = Literal["refuse", "first", "last"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogColumns:
    """
    The names of the columns: the ticket's id, its tier, when it was opened, and when its clock was stopped (empty: it
    runs).
    """

    id: str = "id"
    tier: str = "tier"
    opened_at: str = "opened_at"
    stopped_at: str = "stopped_at"


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket of a log: `line` is where it starts in the file, `stopped_at` None where the clock still runs."""

    line: int
    id: str
    tier: str
    opened_at: datetime
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that could not be used: its line, its id if it has one, and what is wrong with it."""

    line: int
    id: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}" + (f" ({self.id})" if self.id else "") + f": {self.problem}"


@dataclass(frozen=True, slots=True)
class TicketLog:
    """The rows of a log that could be read, and the problems of those that could not; together they are all rows."""

    rows: tuple[TicketRow, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class _Times:
    zone: tzinfo | None
    form: str | None
    ambiguous: Ambiguous

    def read(self, text: str, column: str) -> datetime:
        try:
            at = datetime.strptime(text, self.form) if self.form else datetime.fromisoformat(text)  # noqa: DTZ007  (the zone comes next)
        except ValueError:
            form = f"the format {self.form!r}" if self.form else "ISO 8601 (2026-03-02T09:30:00+01:00)"
            raise InvalidLog(f"{column} {text!r} is no time in {form}") from None
        if at.tzinfo is not None:
            return at
        if self.zone is None:
            raise InvalidLog(f"{column} {text!r} has no zone; say which zone naive times are in")
        first, last = at.replace(tzinfo=self.zone, fold=0), at.replace(tzinfo=self.zone, fold=1)
        if first.utcoffset() == last.utcoffset():
            return first
        if first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != at:
            raise InvalidLog(f"{column} {text!r} does not exist in {self.zone}: the clock skips it")
        if self.ambiguous == "refuse":
            raise InvalidLog(
                f"{column} {text!r} happens twice in {self.zone}; say whether to take the first or the last"
            )
        return first if self.ambiguous == "first" else last


def read_log(
    source: str | bytes | Iterable[str],
    *,
    columns: LogColumns | None = None,
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
) -> TicketLog:
    """
    Read a ticket log from CSV: text, bytes of UTF-8 (a byte-order mark is skipped), or lines such as an open file.

    Times are ISO 8601, or as `time_format` says (`strptime`). Naive times are local to `zone`, and refused without
    one; a local time that happens twice is refused unless `ambiguous` says which to take. A second row with the same
    id is a problem, and so is one without id or tier.

    Raises `InvalidLog` where nothing can be read: no rows at all, missing or repeated columns, bytes that are no
    UTF-8. Problems of single rows are in the result.
    """
    columns = columns or LogColumns()
    times = _Times(None if zone is None else zone_of(zone_name(zone)), time_format, ambiguous)
    reader = csv.reader(_lines(source), strict=True)
    header = _header(reader, columns)
    wanted = [header.index(name) for name in (columns.id, columns.tier, columns.opened_at, columns.stopped_at)]
    rows: list[TicketRow] = []
    problems: list[RowProblem] = []
    seen: dict[str, int] = {}
    for line, cells in _numbered(reader, problems):
        if not cells:
            continue
        if len(cells) != len(header):
            name = cells[wanted[0]].strip() if wanted[0] < len(cells) else ""
            problems.append(RowProblem(line, name, f"has {len(cells)} fields, and the header has {len(header)}"))
            continue
        ticket, tier, opened, stopped = (cells[index].strip() for index in wanted)
        try:
            if not ticket:
                raise InvalidLog(f"{columns.id} is empty")
            if ticket in seen:
                raise InvalidLog(f"{columns.id} {ticket!r} stands on line {seen[ticket]} already")
            seen[ticket] = line
            if not tier:
                raise InvalidLog(f"{columns.tier} is empty")
            if not opened:
                raise InvalidLog(f"{columns.opened_at} is empty")
            opened_at = times.read(opened, columns.opened_at)
            stopped_at = times.read(stopped, columns.stopped_at) if stopped else None
        except InvalidLog as error:
            problems.append(RowProblem(line, ticket, error.problem))
            continue
        rows.append(TicketRow(line, ticket, tier, opened_at, stopped_at))
    if not rows and not problems:
        raise InvalidLog("the log has a header and no rows", remedy="Pass a log with tickets")
    return TicketLog(tuple(rows), tuple(problems))


def _lines(source: str | bytes | Iterable[str]) -> Iterator[str]:
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidLog(
                f"the log is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}",
                where="log",
                remedy="Save it as UTF-8",
            ) from None
    lines = iter(io.StringIO(source, newline="") if isinstance(source, str) else source)
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _header(reader: Iterator[list[str]], columns: LogColumns) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidLog(f"the header is no CSV: {error}", where="line 1", remedy="Save the log as CSV") from None
    if not any(header):
        raise InvalidLog("the log is empty", where="log", remedy="Pass a CSV file with a header and rows")
    wanted = [columns.id, columns.tier, columns.opened_at, columns.stopped_at]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise InvalidLog(
            f"the log has no column {', '.join(map(repr, missing))}",
            where="line 1",
            value=header,
            remedy=f"It has {', '.join(map(repr, header))}: say which of them to read",
        )
    repeated = [name for name in dict.fromkeys(wanted) if header.count(name) > 1]
    if repeated:
        raise InvalidLog(
            f"the column {repeated[0]!r} stands {header.count(repeated[0])} times in the log",
            where="line 1",
            value=header,
            remedy="Rename or drop one of them",
        )
    return header


def _numbered(reader: Iterator[list[str]], problems: list[RowProblem]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the line on which they start; report what is no CSV, and go on after it."""
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(RowProblem(line, "", f"is no CSV: {error}"))
