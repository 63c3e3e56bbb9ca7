"""
Event logs: many rows a ticket, as CSV in this library's own columns or in another product's, or tickets as JSON.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from typing import Any

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.instants import to_micros
from sla_engine.tables import RowProblem, Times, lines_of, numbered
from sla_engine.tickets.events import KINDS, Event, HandOff, Open, Pause, Reopen, Resume, SetAttribute, SetStatus
from sla_engine.tickets.mapping import EVENT_COLUMNS, Fields, LogMapping
from sla_engine.tickets.ticket import Ticket
from sla_engine.zones import zone_name, zone_of

_FINISHED = ("solve", "close", "cancel")
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_BY_INSTANT = attrgetter("micros")
_OVER = ("solved", "closed", "cancelled")


@dataclass(frozen=True, slots=True)
class EventLog:
    """The tickets of a log in the order of their first rows, the rows that could not be used, and the number of all."""

    tickets: tuple[Ticket, ...]
    problems: tuple[RowProblem, ...]
    rows: int


Told = tuple[type[Event], dict[str, Any]]
"""The class of an event and its fields, which were checked."""


def _told(fields: Mapping[str, Any]) -> Told:
    """Return what a table of fields tells; raises `InvalidLog` where it tells nothing that can be."""
    event = Event(at=_SOME_TIME, **fields)
    return type(event), {name: value for name, value in fields.items() if name != "kind"}


def _fields_of(fields: Fields) -> Mapping[str, Any]:
    return KINDS[dict(fields)["kind"]].__dataclass_fields__


def _yes_or_no(text: str) -> bool:
    if text.lower() not in _YES_OR_NO:
        raise InvalidLog(f"automatic is {text!r}: write {', '.join(_YES_OR_NO)}")
    return _YES_OR_NO[text.lower()]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_READ: dict[str, Callable[[str], Any]] = {"automatic": _yes_or_no, "done": _listed}


def _nothing(cells: list[str]) -> None:
    del cells


@dataclass(slots=True)
class _Row:
    line: int
    at: datetime
    micros: int
    cells: list[str]
    event: str
    what: tuple[Told, ...]


class _Reader:
    """The columns of a log, and what its rows mean."""

    def __init__(self, mapping: LogMapping, header: list[str]) -> None:
        self.mapping = mapping
        self.statuses = dict(mapping.statuses)
        self.tiers = dict(mapping.tiers)
        self.names = None if mapping.events is None else dict(mapping.events)
        self.resumes = frozenset(mapping.resumes)
        self.reopens = frozenset(mapping.reopens)
        keys = ("ticket", "at", "event", "status", "tier", *EVENT_COLUMNS)
        wanted = {key: getattr(mapping, key) for key in keys if getattr(mapping, key) is not None}
        self.place = {key: _place(header, column) for key, column in wanted.items()}
        self.attributes = [(name, _place(header, column)) for name, column in mapping.attributes]
        places = [place for _, place in self.attributes]
        places += [self.place["tier"]] if "tier" in self.place else []
        self.watched: Callable[[list[str]], Any] = itemgetter(*places) if places else _nothing
        """The cells of a row whose changes are events."""
        self.extras = [key for key in EVENT_COLUMNS if key in self.place]
        self.told: dict[str, tuple[Told, ...]] = {}
        """What the names stand for whose events need nothing of their rows."""
        for name, what in mapping.events or ():
            if not any(key in _fields_of(fields) for key in self.extras for fields in what):
                self.told[name] = tuple(_told(dict(fields)) for fields in what)

    def what(self, cells: list[str]) -> tuple[str, tuple[Told, ...]]:
        """Return the name of a row's event, and what it stands for."""
        column = self.place.get("event")
        name = cells[column].strip() if column is not None else ""
        if not name:
            return "", ()
        if name in self.told:
            return name, self.told[name]
        if self.names is not None:
            if name not in self.names:
                raise InvalidLog(f"{self.mapping.event} {name!r} is no event that the mapping knows")
            return name, tuple(_told({**self._of_row(fields, cells), **dict(fields)}) for fields in self.names[name])
        if name not in KINDS:
            raise InvalidLog(f"{name!r} is no kind of event: there is {', '.join(KINDS)}")
        own: Fields = (("kind", name),)
        return name, (_told({**self._of_row(own, cells), "kind": name}),)

    def _of_row(self, fields: Fields, cells: list[str]) -> dict[str, Any]:
        """Return what the columns of a row say of an event."""
        known = _fields_of(fields)
        found: dict[str, Any] = {}
        for key in self.extras:
            text = cells[self.place[key]].strip()
            if key in known and text:
                found[key] = _READ.get(key, str)(text)
        if dict(fields)["kind"] == "attribute":
            found.setdefault("value", None)
        return found

    def ticket(self, name: str, rows: list[_Row], problems: list[RowProblem]) -> Ticket:
        """Return the ticket of some rows, which are put in order."""
        rows.sort(key=_BY_INSTANT)
        first = next((row for row in rows for cls, _ in row.what if cls is Open), rows[0])
        tier = self._tier(first.cells)
        attributes = {key: first.cells[at].strip() for key, at in self.attributes if first.cells[at].strip()}
        events: list[Event] = []
        now = _Now(tier, dict(attributes), self.watched(first.cells))
        for row in rows:
            try:
                self._happen(row, now, events, opening=row is first)
            except SlaError as error:
                problems.append(RowProblem(row.line, name, str(error)))
        return Ticket(id=name, tier=tier, opened_at=first.at, attributes=attributes, events=events)

    def _tier(self, cells: list[str]) -> str | None:
        place = self.place.get("tier")
        text = cells[place].strip() if place is not None else ""
        return self.tiers.get(text, text) or None

    def _happen(self, row: _Row, now: _Now, events: list[Event], *, opening: bool) -> None:
        """Add what a row says has happened: what changed in its columns, and then its event."""
        at, micros, cells = row.at, row.micros, row.cells
        watched = self.watched(cells)
        if watched != now.watched:
            now.watched = watched
            events += self._changes(row, now)
        if now.finished and row.event in self.reopens:
            now.finished = False
            events.append(Reopen.at_instant(at, micros))
        if now.pauses and row.event in self.resumes:
            now.pauses.clear()
            events.append(Resume.at_instant(at, micros))
        for cls, fields in row.what:
            if cls is not Open or not opening:
                event = cls.at_instant(at, micros, **fields)
                now.see(event)
                events.append(event)
        place = self.place.get("status")
        if place is not None:
            text = cells[place].strip()
            status = self.statuses.get(text, text)
            if status and status != now.status:
                event = SetStatus.at_instant(at, micros, to=status)
                now.see(event)
                events.append(event)

    def _changes(self, row: _Row, now: _Now) -> Iterator[Event]:
        for key, place in self.attributes:
            value = row.cells[place].strip()
            if value and value != now.attributes.get(key):
                now.attributes[key] = value
                yield SetAttribute(at=row.at, name=key, value=value)
        tier = self._tier(row.cells)
        if tier is not None and tier != now.tier and not any(cls is HandOff for cls, _ in row.what):
            now.tier = tier
            yield HandOff(at=row.at, to=tier)


@dataclass(slots=True)
class _Now:
    """What the rows of a ticket have said so far."""

    tier: str | None
    attributes: dict[str, str]
    watched: Any
    status: str = "new"
    pauses: set[str] = field(default_factory=set)
    finished: bool = False

    def see(self, event: Event) -> None:
        """Note what an event of the log has said."""
        kind = event.kind
        if isinstance(event, Pause):
            self.pauses.add(event.reason)
        elif isinstance(event, Resume):
            self.pauses -= self.pauses if event.reason is None else {event.reason}
        elif isinstance(event, SetStatus):
            self.status = event.to
            self.finished = event.to in _OVER
        elif kind in _FINISHED or kind == "reopen":
            self.finished = kind != "reopen"
        elif isinstance(event, HandOff):
            self.tier = event.to


def read_events(source: str | bytes | Iterable[str], *, mapping: LogMapping | None = None) -> EventLog:
    """
    Read an event log: CSV with many rows a ticket, or JSON tickets (a list of them, or one a line).

    Without a `mapping`, the columns are `ticket`, `at`, `kind` and, where needed, `tier`, `to`, `reason`, `name`,
    `value`; all others are attributes. Rows may stand in any order. A row that cannot be used is a problem with its
    line, and the rest is there.

    Raises `InvalidLog` where nothing can be read.
    """
    lines = lines_of(source)
    start = next((line for line in lines if line.strip()), "")
    rest = _after(start, lines)
    if mapping is None and start.lstrip()[:1] in ("[", "{"):
        return _tickets("".join(rest))
    reader = csv.reader(rest, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidLog(f"the header is no CSV: {error}", where="line 1", remedy="Save the log as CSV") from None
    if not any(header):
        raise InvalidLog("the log is empty", where="log", remedy="Pass a CSV file with a header and rows")
    mapping = mapping or LogMapping.native(header)
    return _mapped(reader, header, mapping)


def is_event_log(source: bytes) -> bool:
    """Whether a log has one event a row (or is JSON), and not one ticket a row."""
    header = event_header(source)
    return header is None or {"ticket", "at", "kind"} <= set(header)


def event_header(source: bytes) -> list[str] | None:
    """Return the names of the columns of a log; None for JSON, which has none."""
    start = source[:65536].decode("utf-8-sig", "replace").lstrip()
    if start[:1] in ("[", "{"):
        return None
    return [name.strip() for name in next(csv.reader(start.splitlines()[:1]), [])]


def _after(start: str, lines: Iterator[str]) -> Iterator[str]:
    yield start
    yield from lines


def _mapped(reader: Iterator[list[str]], header: list[str], mapping: LogMapping) -> EventLog:
    zone = None if mapping.zone is None else zone_of(zone_name(mapping.zone))
    times = Times.written(zone, mapping.time_format, mapping.ambiguous)
    meaning = _Reader(mapping, header)
    ticket_place, at_place = meaning.place["ticket"], meaning.place["at"]
    problems: list[RowProblem] = []
    found: dict[str, list[_Row]] = {}
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
            found.setdefault(name, []).append(_Row(line, at, to_micros(at), cells, *what(cells)))
        except SlaError as error:
            problems.append(RowProblem(line, name, error.problem))
    broken = sum(1 for problem in problems if problem.problem.startswith("is no CSV"))
    if not rows and not problems:
        raise InvalidLog("the log has a header and no rows", remedy="Pass a log with events")
    tickets = [meaning.ticket(name, of_ticket, problems) for name, of_ticket in found.items()]
    problems.sort(key=lambda one: one.line)
    return EventLog(tuple(tickets), tuple(problems), rows + broken)


def _place(header: list[str], column: str) -> int:
    if header.count(column) == 1:
        return header.index(column)
    if column in header:
        raise InvalidLog(
            f"the column {column!r} stands {header.count(column)} times in the log",
            where="line 1",
            value=header,
            remedy="Rename or drop one of them",
        )
    raise InvalidLog(
        f"the log has no column {column!r}",
        where="line 1",
        value=header,
        remedy=f"It has {', '.join(map(repr, header))}: say in the mapping which of them to read",
    )


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
