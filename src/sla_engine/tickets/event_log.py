"""
Event logs: many rows a ticket, as CSV in this library's own columns or in another product's, or tickets as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.instants import to_micros
from sla_engine.tables import RowProblem, Source, Times, header_of, lines_of, numbered, reader_of
from sla_engine.tickets.log import TicketLog
from sla_engine.tickets.log_rows import Meaning, Row
from sla_engine.tickets.mapping import LogMapping
from sla_engine.tickets.ticket import Ticket
from sla_engine.zones import zone_name, zone_of


@dataclass(frozen=True, slots=True)
class EventLog:
    """The tickets of a log in the order of their first rows, the rows that could not be used, and the number of all."""

    tickets: tuple[Ticket, ...]
    problems: tuple[RowProblem, ...]
    rows: int


def read_events(source: Source, *, mapping: LogMapping | None = None, delimiter: str = ",") -> EventLog:
    """
    Read an event log: CSV with many rows a ticket, or JSON tickets (a list of them, or one a line).

    Without a `mapping`, the columns are `ticket`, `at`, `kind` and, where needed, `tier`, `to`, `reason`, `name`,
    `value`; all others are attributes. `delimiter` is what stands between columns. Rows may stand in any order. A row
    that cannot be used is a problem with its line, and the rest is there.

    Raises `InvalidLog` where nothing can be read.
    """
    lines = lines_of(source)
    start = next((line for line in lines if line.strip()), "")
    rest = _after(start, lines)
    if mapping is None and start.lstrip()[:1] in ("[", "{"):
        return _tickets("".join(rest))
    reader = reader_of(rest, delimiter)
    header = header_of(reader)
    mapping = mapping or LogMapping.native(header)
    return _mapped(reader, header, mapping)


def log_of(log: TicketLog | EventLog | Iterable[Ticket]) -> TicketLog | EventLog:
    """Return a log as it is, or tickets as a log without problems; raises `InvalidLog`."""
    if isinstance(log, TicketLog | EventLog):
        return log
    if not isinstance(log, Iterable):
        raise InvalidLog(f"{type(log).__name__} is no log", where="log", value=log, remedy=_A_LOG)
    tickets = tuple(log)
    for number, one in enumerate(tickets):
        if not isinstance(one, Ticket):
            raise InvalidLog(f"{type(one).__name__} is no ticket", where=f"log[{number}]", value=one, remedy=_A_LOG)
    return EventLog(tickets, (), len(tickets))


_A_LOG = "Pass what read_log or read_events returns, or tickets"


def is_event_log(source: bytes, *, delimiter: str = ",") -> bool:
    """Whether a log has one event a row (or is JSON), and not one ticket a row."""
    header = event_header(source, delimiter=delimiter)
    return header is None or {"ticket", "at", "kind"} <= set(header)


def event_header(source: bytes, *, delimiter: str = ",") -> list[str] | None:
    """Return the names of the columns of a log; None for JSON, which has none."""
    start = source[:65536].decode("utf-8-sig", "replace").lstrip()
    if start[:1] in ("[", "{"):
        return None
    return [name.strip() for name in next(reader_of(start.splitlines()[:1], delimiter), [])]


def _after(start: str, lines: Iterator[str]) -> Iterator[str]:
    yield start
    yield from lines


def _mapped(reader: Iterator[list[str]], header: list[str], mapping: LogMapping) -> EventLog:
    zone = None if mapping.zone is None else zone_of(zone_name(mapping.zone))
    times = Times.written(zone, mapping.time_format, mapping.ambiguous)
    meaning = Meaning(mapping, header)
    ticket_place, at_place = meaning.place["ticket"], meaning.place["at"]
    problems: list[RowProblem] = []
    found: dict[str, list[Row]] = {}
    rows, width = 0, len(header)
    read, what = times.read, meaning.what
    for line, cells in numbered(reader, problems):
        if not cells:
            continue
        rows += 1
        name = cells[ticket_place].strip() if ticket_place < len(cells) else ""
        try:
            if len(cells) != width:
                raise InvalidLog(f"has {len(cells)} fields, and the header has {width}")
            if not name:
                raise InvalidLog(f"{mapping.ticket} is empty")
            at = read(cells[at_place].strip(), mapping.at)
            found.setdefault(name, []).append(Row(line, at, to_micros(at), cells, *what(cells)))
        except SlaError as error:
            problems.append(RowProblem(line, name, error.problem))
    broken = sum(1 for problem in problems if problem.problem.startswith("is no CSV"))
    if not rows and not problems:
        raise InvalidLog("the log has a header and no rows", remedy="Pass a log with events")
    tickets = [meaning.ticket(name, of_ticket, problems) for name, of_ticket in found.items()]
    problems.sort(key=lambda one: one.line)
    return EventLog(tuple(tickets), tuple(problems), rows + broken)


def _tickets(text: str) -> EventLog:
    """Read tickets as JSON: one list, or one ticket a line."""
    try:
        whole = json.loads(text)
        listed = [(number, one) for number, one in enumerate(whole if isinstance(whole, list) else [whole], 1)]
    except json.JSONDecodeError:
        listed = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    listed.append((number, json.loads(line)))
                except json.JSONDecodeError as error:
                    listed.append((number, InvalidLog(f"malformed JSON: {error}")))
    tickets: list[Ticket] = []
    problems: list[RowProblem] = []
    seen: dict[str, int] = {}
    for number, one in listed:
        name = str(one.get("id", "")) if isinstance(one, dict) else ""
        try:
            if isinstance(one, InvalidLog):
                raise one
            ticket = Ticket.from_data(one)
            if ticket.id in seen:
                raise InvalidLog(f"the ticket {ticket.id!r} is number {seen[ticket.id]} already")
            seen[ticket.id] = number
            tickets.append(ticket)
        except SlaError as error:
            problems.append(RowProblem(number, name, str(error)))
    if not tickets and not problems:
        raise InvalidLog("the log has no tickets", remedy="Pass a list of tickets, or one a line")
    return EventLog(tuple(tickets), tuple(problems), len(listed))
