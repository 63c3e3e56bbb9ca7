"""
What the rows of an event log mean: the events that their cells tell, one by one and by what has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from typing import Any

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.tables import RowProblem, places_of
from sla_engine.tickets.events import KINDS, Event, HandOff, Open, Pause, Reopen, Resume, SetAttribute, SetStatus
from sla_engine.tickets.mapping import EVENT_COLUMNS, Fields, LogMapping
from sla_engine.tickets.ticket import Ticket

_FINISHED = ("solve", "close", "cancel")
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_BY_INSTANT = attrgetter("micros")
_OVER = ("solved", "closed", "cancelled")

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
class Row:
    """A row of a log: where it stands, when it was, and the name of its event with all that this stands for."""

    line: int
    at: datetime
    micros: int
    cells: list[str]
    event: str
    what: tuple[Told, ...]


class Meaning:
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
        facts = [column for _, column in mapping.attributes]
        found = places_of(header, [*wanted.values(), *facts])
        self.place = dict(zip(wanted, found, strict=False))
        self.attributes = list(zip((name for name, _ in mapping.attributes), found[len(wanted) :], strict=True))
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

    def ticket(self, name: str, rows: list[Row], problems: list[RowProblem]) -> Ticket:
        """Return the ticket of some rows, which are put in order."""
        rows.sort(key=_BY_INSTANT)
        first = next((row for row in rows for cls, _ in row.what if cls is Open), rows[0])
        now = self.begin(first.cells)
        tier, attributes = now.tier, dict(now.attributes)
        events: list[Event] = []
        for row in rows:
            try:
                self.happen(row, now, events, opening=row is first)
            except SlaError as error:
                problems.append(RowProblem(row.line, name, str(error)))
        return Ticket(id=name, tier=tier, opened_at=first.at, attributes=attributes, events=events)

    def begin(self, cells: list[str]) -> Now:
        """Return what the row that opens a ticket says of it."""
        attributes = {key: cells[at].strip() for key, at in self.attributes if cells[at].strip()}
        tier = self.tier(cells)
        return Now(tier, attributes, self.watched(cells), tier)

    def tier(self, cells: list[str]) -> str | None:
        """Return the tier that a row names; None for none."""
        place = self.place.get("tier")
        text = cells[place].strip() if place is not None else ""
        return self.tiers.get(text, text) or None

    def happen(self, row: Row, now: Now, events: list[Event], *, opening: bool) -> None:
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

    def _changes(self, row: Row, now: Now) -> Iterator[Event]:
        for key, place in self.attributes:
            value = row.cells[place].strip()
            if value and value != now.attributes.get(key):
                now.attributes[key] = value
                yield SetAttribute(at=row.at, name=key, value=value)
        tier = self.tier(row.cells)
        if tier is None or tier == now.column:
            return
        now.column = tier
        if tier != now.tier and not any(cls is HandOff for cls, _ in row.what):
            now.tier = tier
            yield HandOff(at=row.at, to=tier)


@dataclass(slots=True)
class Now:
    """What the rows of a ticket have said so far."""

    tier: str | None
    attributes: dict[str, str]
    watched: Any
    """The cells whose changes are events, as the last row had them."""
    column: str | None
    """The last tier that stood in the column of tiers; a hand-off may have led to another."""
    status: str = "new"
    pauses: set[str] = field(default_factory=set)
    finished: bool = False

    def twin(self) -> Now:
        """Return the same once more."""
        return replace(self, attributes=dict(self.attributes), pauses=set(self.pauses))

    def situation(self) -> Hashable:
        """Return all that decides what rows will mean."""
        attributes = tuple(sorted(self.attributes.items()))
        return self.tier, self.column, self.status, self.finished, frozenset(self.pauses), attributes

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
