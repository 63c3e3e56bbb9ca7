"""
A ticket: what was asked for, and all that happened to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sla_engine.data import parsed
from sla_engine.errors import InvalidLog, SlaError
from sla_engine.facts import NO_ATTRIBUTES, Attributes, Value
from sla_engine.instants import to_micros
from sla_engine.tickets.events import Event, read_instant

_BY_INSTANT = attrgetter("micros")
_FIELDS = ("id", "tier", "opened_at", "attributes", "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """
    A ticket of a tier, opened at an instant, with its attributes at the opening and its events in any order.

    `tier` may be None where the policy's rules find it by the attributes. Events are put in order; those of equal
    instants stay as they were given.

    >>> from datetime import UTC, datetime
    >>> opened_at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    >>> ticket = Ticket(id="T-17", tier="first_level", opened_at=opened_at, attributes={"priority": "urgent"})
    >>> Ticket.from_json(ticket.to_json()) == ticket
    True

    Raises `InvalidLog` that says what of the ticket is wrong, and `NaiveDatetime`.
    """

    id: str
    tier: str | None = None
    opened_at: datetime = field(compare=False)
    attributes: Mapping[str, Value] = field(default=NO_ATTRIBUTES)
    events: tuple[Event, ...] = ()
    opened_micros: int = field(init=False, repr=False)
    """The opening, in microseconds since 1970 UTC."""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            id: str,  # noqa: A002  (its usual name)
            tier: str | None = None,
            opened_at: datetime,
            attributes: Mapping[str, Value] = ...,
            events: Iterable[Event] = (),
        ) -> None: ...

    def __post_init__(self) -> None:
        name: Any = self.id
        tier: Any = self.tier
        if not isinstance(name, str) or not name:
            raise InvalidLog(f"a ticket's id is a text, not {name!r}", where="id", value=name, remedy="Name it")
        if tier is not None and (not isinstance(tier, str) or not tier):
            raise InvalidLog(f"{tier!r} is no name of a tier", where="tier", value=tier, remedy="Name one, or None")
        micros = to_micros(self.opened_at)
        events = list(self.events)
        for event in events:
            if not isinstance(event, Event):
                raise InvalidLog(
                    f"{event!r} is no event", where="events", value=event, remedy='Write Event(at=..., kind="respond")'
                )
        events.sort(key=_BY_INSTANT)
        object.__setattr__(self, "opened_micros", micros)
        object.__setattr__(self, "events", tuple(events))
        if type(self.attributes) is not Attributes:
            object.__setattr__(self, "attributes", Attributes(self.attributes))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Ticket:
        """Make a ticket from plain data, as `json.load` gives it."""
        if not isinstance(data, Mapping):
            raise InvalidLog(f"{data!r} is no ticket", value=data, remedy="Write a table with id, tier and opened_at")
        name = data.get("id")
        where = f"ticket {name}" if name else "ticket"
        for key in data:
            if key not in _FIELDS:
                raise InvalidLog(
                    f"unknown key {key!r}", where=where, value=data[key], remedy=f"A ticket has {', '.join(_FIELDS)}"
                )
        for key in ("id", "opened_at"):
            if key not in data:
                raise InvalidLog(f"{key} is missing", where=where, remedy="Add it")
        events: list[Event] = []
        written = data.get("events", ())
        try:
            if not isinstance(written, (list, tuple)):
                raise InvalidLog(f"{written!r} are no events", where="events", value=written, remedy="Write a list")
            for number, one in enumerate(written):
                try:
                    events.append(Event.from_data(one))
                except SlaError as error:
                    raise error.located(f"events[{number}]") from None
            return cls(
                id=data["id"],
                tier=data.get("tier"),
                opened_at=read_instant(data["opened_at"], "opened_at"),
                attributes=data.get("attributes", {}),
                events=events,
            )
        except SlaError as error:
            raise error.located(where) from None

    def to_data(self) -> dict[str, Any]:
        """Return the ticket as plain data; instants are ISO 8601 texts with their offsets."""
        return {
            "id": self.id,
            "tier": self.tier,
            "opened_at": self.opened_at.isoformat(),
            "attributes": dict(self.attributes),
            "events": [event.to_data() for event in self.events],
        }

    @classmethod
    def from_json(cls, text: str | bytes) -> Ticket:
        """Make a ticket from its JSON text."""
        return cls.from_data(parsed(text, InvalidLog))

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the ticket as JSON text; `from_json` gives an equal ticket back."""
        return json.dumps(self.to_data(), indent=indent, ensure_ascii=False)

    def with_events(self, *events: Event) -> Ticket:
        """Return the same ticket with more events."""
        return Ticket(
            id=self.id,
            tier=self.tier,
            opened_at=self.opened_at,
            attributes=self.attributes,
            events=(*self.events, *events),
        )
