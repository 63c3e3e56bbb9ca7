"""
Ticket logs as CSV: one row a ticket. What cannot be read is reported with its line, and the rest is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sla_engine.errors import InvalidLog
from sla_engine.facts import NO_ATTRIBUTES, Attributes, Value
from sla_engine.tables import (
    Ambiguous,
    RowProblem,
    Source,
    Times,
    header_of,
    lines_of,
    numbered,
    places_of,
    reader_of,
)
from sla_engine.zones import zone_name, zone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LogColumns:
    """
    The names of the columns: the ticket's id, its tier, when it was opened, and when its clock was stopped (empty: it
    runs). `attributes` are columns that are kept as attributes of the ticket, where the log has them.
    """

    id: str = "id"
    tier: str = "tier"
    opened_at: str = "opened_at"
    stopped_at: str = "stopped_at"
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket of a log: `line` is where it starts in the file, `stopped_at` None where the clock still runs."""

    line: int
    id: str
    tier: str
    opened_at: datetime
    stopped_at: datetime | None
    attributes: Mapping[str, Value] = field(default=NO_ATTRIBUTES)


@dataclass(frozen=True, slots=True)
class TicketLog:
    """The rows of a log that could be read, and the problems of those that could not; together they are all rows."""

    rows: tuple[TicketRow, ...]
    problems: tuple[RowProblem, ...]


def read_log(
    source: Source,
    *,
    columns: LogColumns | None = None,
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
) -> TicketLog:
    """
    Read a ticket log from CSV: its text, bytes of UTF-8 (a byte-order mark is skipped), or lines such as an open file.

    Times are ISO 8601, or as `time_format` says (`strptime`). Naive times are local to `zone`, and refused without
    one; a local time that happens twice is refused unless `ambiguous` says which to take. `delimiter` is what stands
    between columns. A second row with the same id is a problem, and so is one without id or tier.

    Raises `InvalidLog` where nothing can be read: no rows at all, missing or repeated columns, bytes that are no UTF-8,
    a path. Problems of single rows are in the result.
    """
    columns = columns or LogColumns()
    times = Times.written(None if zone is None else zone_of(zone_name(zone)), time_format, ambiguous)
    reader = reader_of(lines_of(source), delimiter)
    header = header_of(reader)
    wanted = places_of(header, (columns.id, columns.tier, columns.opened_at, columns.stopped_at))
    kept = [(name, header.index(name)) for name in columns.attributes if header.count(name) == 1]
    rows: list[TicketRow] = []
    problems: list[RowProblem] = []
    seen: dict[str, int] = {}
    for line, cells in numbered(reader, problems):
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
        attributes = Attributes({name: cells[at].strip() or None for name, at in kept}) if kept else NO_ATTRIBUTES
        rows.append(TicketRow(line, ticket, tier, opened_at, stopped_at, attributes))
    if not rows and not problems:
        raise InvalidLog("the log has a header and no rows", remedy="Pass a log with tickets")
    return TicketLog(tuple(rows), tuple(problems))
