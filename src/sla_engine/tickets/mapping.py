"""
How another product's export becomes events: its columns, its names of events, its statuses and tiers, as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from sla_engine.data import Data
from sla_engine.errors import InvalidLog, SlaError
from sla_engine.facts import OWN_FACTS
from sla_engine.tables import Ambiguous
from sla_engine.tickets.events import KINDS, Event

Fields = tuple[tuple[str, Any], ...]
"""The fields of an event that an event of the log stands for, `kind` among them."""

EVENT_COLUMNS = ("to", "reason", "name", "value", "automatic", "done")
"""The columns with fields of events, as this library calls them."""
_PLACEHOLDERS: dict[str, Any] = {"to": "x", "reason": "x", "name": "x", "value": "x", "automatic": False, "done": ()}
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_WHAT = {"status": "to", "hand_off": "to", "pause": "reason", "resume": "reason", "cancel": "reason"}


def _fields(given: object) -> Fields:
    if isinstance(given, str):
        name, colon, what = given.partition(":")
        table: dict[str, Any] = {"kind": name, **({_WHAT.get(name, "what"): what} if colon else {})}
    elif isinstance(given, Mapping):
        table = {str(name): value for name, value in given.items()}
    else:
        raise InvalidLog(f"{given!r} is no event", value=given, remedy='Write "respond", or { kind = "pause" }')
    kind: Any = table.get("kind")
    known = getattr(KINDS.get(str(kind)), "__dataclass_fields__", None)
    if known is None:
        raise InvalidLog(
            f"{kind!r} is no kind of event", where="kind", value=kind, remedy=f"There is {', '.join(KINDS)}"
        )
    for field in table:
        if field not in known or field in ("at", "ticket", "micros"):
            raise InvalidLog(
                f"an event of the kind {kind!r} has no field {field!r}", where=field, remedy="Write what the kind has"
            )
    return tuple(table.items())


def _names(given: object) -> tuple[tuple[str, tuple[Fields, ...]], ...]:
    if isinstance(given, tuple):
        return given
    if not isinstance(given, Mapping):
        raise InvalidLog(f"{given!r} is no table", value=given, remedy='Write { "Reply sent" = "respond" }')
    made: list[tuple[str, tuple[Fields, ...]]] = []
    for name, what in given.items():
        try:
            listed = what if isinstance(what, (list, tuple)) else [] if what == "ignore" else [what]
            made.append((str(name), tuple(_fields(one) for one in listed)))
        except SlaError as error:
            raise error.located(str(name)) from None
    return tuple(made)


def _texts(given: object) -> tuple[tuple[str, str], ...]:
    if isinstance(given, tuple):
        return given
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in given.values()):
        raise InvalidLog(f"{given!r} is no table of texts", value=given, remedy='Write { Waiting = "pending" }')
    return tuple((str(name), str(value)) for name, value in given.items())


EventsField = Annotated[
    tuple[tuple[str, tuple[Fields, ...]], ...],
    PlainValidator(_names),
    PlainSerializer(lambda names: {name: [dict(one) for one in what] for name, what in names}),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]
TextsField = Annotated[
    tuple[tuple[str, str], ...],
    PlainValidator(_texts),
    PlainSerializer(dict),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]


class LogMapping(Data, frozen=True):
    """
    How the rows of an event log become tickets and their events.

    Each row has a `ticket` and an instant `at`. `event` is the column with names of events, which `events` translates
    (`"Reply sent" = "respond"`, `Wait = "pause:customer"`, a list for several, `"ignore"` or an empty list for none);
    without `events`, names are kinds. `status` is a column with the ticket's status, which `statuses` translates
    (`Waiting = "pending"`); a change is a status event. `tier` is a column with the ticket's tier, which `tiers`
    translates; a change is a hand-off. `attributes` name columns whose changes are attribute events. `to`, `reason`,
    `name`, `value`, `automatic` and `done` (names between commas) are columns with the fields of an event.

    A ticket is opened by its event `open`, or by its first row. `resumes` are names of events that end a pause if
    there is one, `reopens` those that reopen a ticket that was finished. Raises `InvalidLog`.
    """

    error: ClassVar[type[SlaError]] = InvalidLog

    ticket: str = "ticket"
    at: str = "at"
    event: str | None = "kind"
    status: str | None = None
    tier: str | None = "tier"
    to: str | None = None
    reason: str | None = None
    name: str | None = None
    value: str | None = None
    automatic: str | None = None
    done: str | None = None
    attributes: TextsField = ()
    events: EventsField | None = None
    statuses: TextsField = ()
    tiers: TextsField = ()
    resumes: tuple[str, ...] = ()
    reopens: tuple[str, ...] = ()
    time_format: str | None = None
    zone: str | None = None
    ambiguous: Ambiguous = "refuse"

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            ticket: str = "ticket",
            at: str = "at",
            event: str | None = "kind",
            status: str | None = None,
            tier: str | None = "tier",
            to: str | None = None,
            reason: str | None = None,
            name: str | None = None,
            value: str | None = None,
            automatic: str | None = None,
            done: str | None = None,
            attributes: Mapping[str, str] = ...,
            events: Mapping[str, Any] | None = None,
            statuses: Mapping[str, str] = ...,
            tiers: Mapping[str, str] = ...,
            resumes: Iterable[str] = (),
            reopens: Iterable[str] = (),
            time_format: str | None = None,
            zone: str | None = None,
            ambiguous: Ambiguous = "refuse",
        ) -> None: ...

    @model_validator(mode="after")
    def _tells(self) -> LogMapping:
        """Every event that a name stands for has what its kind needs, from the mapping or from a column."""
        columns = {key: placeholder for key, placeholder in _PLACEHOLDERS.items() if getattr(self, key) is not None}
        for name, what in self.events or ():
            for fields in what:
                given = dict(fields)
                known = KINDS[given["kind"]].__dataclass_fields__
                try:
                    Event(at=_SOME_TIME, **{key: one for key, one in columns.items() if key in known} | given)
                except SlaError as error:
                    raise error.located(f"events.{name}") from None
        return self

    @classmethod
    def native(cls, header: Iterable[str]) -> LogMapping:
        """Return the mapping of a log in this library's own columns; all others are attributes."""
        own: tuple[str, ...] = ("ticket", "at", "kind", "tier", *EVENT_COLUMNS)
        there = [name for name in header if name]
        for name in there:
            if name in OWN_FACTS and name not in ("tier", "status"):
                raise InvalidLog(
                    f"the column {name!r} has the name of what the events themselves tell",
                    where="line 1",
                    value=name,
                    remedy="Rename it, or say in a mapping what the columns mean",
                )
        own = (*own, "status")
        given: dict[str, Any] = {key: key for key in EVENT_COLUMNS if key in there}
        others = {name: name for name in there if name not in own}
        given |= {key: key for key in ("tier", "status") if key in there}
        return cls(**{"tier": None, "attributes": others, **given})
