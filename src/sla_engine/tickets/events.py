"""
What happens to a ticket: typed events, told apart by their kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field
from typing_extensions import override

from sla_engine.errors import InvalidLog, close_to
from sla_engine.facts import OWN_FACTS, Value, text_of
from sla_engine.instants import to_micros

Kind = Literal[
    "open",
    "respond",
    "customer_reply",
    "note",
    "status",
    "pause",
    "resume",
    "hand_off",
    "attribute",
    "solve",
    "reopen",
    "close",
    "cancel",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    Something that happened to a ticket at an instant; made by its kind, it is of the kind's own class.

    `at` is an aware datetime; `ticket` may name the ticket that the event belongs to. Events are equal by their
    instants, whatever the zones.

    >>> from datetime import UTC, datetime
    >>> from sla_engine.tickets import HandOff
    >>> Event(at=datetime(2026, 3, 2, tzinfo=UTC), kind="hand_off", to="legal") == HandOff(
    ...     at=datetime(2026, 3, 2, tzinfo=UTC), to="legal"
    ... )
    True

    Raises `InvalidLog` for a kind that there is not and for fields that the kind does not have, and the errors of
    instants (`NaiveDatetime`, ...).
    """

    at: datetime = field(compare=False)
    ticket: str = ""
    micros: int = field(init=False, repr=False)
    """The instant, in microseconds since 1970 UTC."""
    signals: ClassVar[tuple[str, ...]] = ()
    """What the triggers of clocks look for."""

    if TYPE_CHECKING:
        kind: Any

        def __init__(self, *, at: datetime, kind: Kind, ticket: str = "", **fields: Any) -> None: ...

    def __new__(cls, **given: Any) -> Self:
        """Make an event of its kind's own class."""
        chosen = cls if cls is not Event else _class_of(given)
        return object.__new__(chosen)  # type: ignore[return-value]

    def __post_init__(self) -> None:
        object.__setattr__(self, "micros", to_micros(self.at))
        if type(self.ticket) is not str:
            _check_text(self, "ticket", empty=True)

    @property
    def said(self) -> str:
        """What happened, in a few words."""
        return str(self.kind).replace("_", " ")

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Event:
        """Make an event from plain data, its instant as a datetime or as ISO 8601 text."""
        if not isinstance(data, Mapping):
            raise InvalidLog(f"{data!r} is no event", value=data, remedy="Write a table with at and kind")
        given = {str(name): value for name, value in data.items()}
        if "at" in given:
            given["at"] = read_instant(given["at"], "at")
        return Event(**given)

    @classmethod
    def at_instant(cls, at: datetime, micros: int, **given: Any) -> Self:
        """Make an event of this class from what was checked before: an instant, its microseconds, the fields."""
        event = object.__new__(cls)
        for name, default in _DEFAULTS[cls]:
            object.__setattr__(event, name, given.get(name, default))
        object.__setattr__(event, "at", at)
        object.__setattr__(event, "micros", micros)
        return event

    def to_data(self) -> dict[str, Any]:
        """Return the event as plain data; what is at its default is left out."""
        data: dict[str, Any] = {"at": self.at.isoformat(), "kind": self.kind}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.init and one.name not in data and value != one.default:
                data[one.name] = list(value) if isinstance(value, tuple) else value
        return data


def _class_of(given: Mapping[str, Any]) -> type[Event]:
    """Return the class of a kind that has the fields given."""
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        close = close_to(str(kind), KINDS, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise InvalidLog(
            f"{kind!r} is no kind of event", where="kind", value=kind, remedy=f"{hint}There is {', '.join(KINDS)}"
        )
    known = {one.name: one for one in fields(KINDS[kind]) if one.init}
    for name, value in given.items():
        if name not in known:
            raise InvalidLog(
                f"an event of the kind {kind!r} has no field {name!r}",
                where=name,
                value=value,
                remedy=f"It has {', '.join(known)}",
            )
    for name, one in known.items():
        if one.default is MISSING and name not in given:
            raise InvalidLog(f"an event of the kind {kind!r} needs {name!r}", where=name, remedy="Add it")
    return KINDS[kind]


def read_instant(given: object, where: str) -> datetime:
    """Return an instant that is a datetime or ISO 8601 text; raises `InvalidLog`."""
    if isinstance(given, datetime):
        return given
    try:
        return datetime.fromisoformat(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InvalidLog(
            f"{given!r} is no time", where=where, value=given, remedy='Write it as "2026-03-02T09:30:00+01:00"'
        ) from None


def _check_text(event: Event, name: str, *, empty: bool = False) -> None:
    value = getattr(event, name)
    if not isinstance(value, str) or not (value or empty):
        raise InvalidLog(f"{name} is {value!r}", where=name, value=value, remedy="Write a text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Event):
    """The opening, for logs in which it is an event; it says what the ticket's `opened_at` says."""

    kind: Literal["open"] = "open"
    signals: ClassVar[tuple[str, ...]] = ("open",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond(Event):
    """A public reply to the customer; an `automatic` one is a machine's, and responds to nothing."""

    automatic: bool = False
    kind: Literal["respond"] = "respond"

    def __post_init__(self) -> None:
        super(Respond, self).__post_init__()
        if type(self.automatic) is not bool:
            raise InvalidLog(
                f"automatic is {self.automatic!r}",
                where="automatic",
                value=self.automatic,
                remedy="Write true or false",
            )

    @property
    def signals(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the triggers of clocks look for."""
        return ("automatic_respond",) if self.automatic else ("respond",)

    @property
    @override
    def said(self) -> str:
        return "automatic reply" if self.automatic else "response"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerReply(Event):
    """The customer writes again."""

    kind: Literal["customer_reply"] = "customer_reply"
    signals: ClassVar[tuple[str, ...]] = ("customer_reply",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """An internal note, which the customer does not see."""

    kind: Literal["note"] = "note"
    signals: ClassVar[tuple[str, ...]] = ("note",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus(Event):
    """The ticket's status becomes `to`; `solved`, `closed` and `cancelled` are what `Solve`, `Close`, `Cancel` set."""

    to: str
    kind: Literal["status"] = "status"

    def __post_init__(self) -> None:
        super(SetStatus, self).__post_init__()
        _check_text(self, "to")

    @property
    def signals(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the triggers of clocks look for."""
        return "status", f"status:{self.to}"

    @property
    @override
    def said(self) -> str:
        return f"status {self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Event):
    """The ticket waits, for a reason; pauses of different reasons may overlap."""

    reason: str = ""
    kind: Literal["pause"] = "pause"

    def __post_init__(self) -> None:
        super(Pause, self).__post_init__()
        _check_text(self, "reason", empty=True)

    @property
    def signals(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the triggers of clocks look for."""
        return "pause", f"pause:{self.reason}"

    @property
    @override
    def said(self) -> str:
        return f"paused: {self.reason}" if self.reason else "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Event):
    """The pause of a reason ends; without a reason, all pauses end."""

    reason: str | None = None
    kind: Literal["resume"] = "resume"

    def __post_init__(self) -> None:
        super(Resume, self).__post_init__()
        if self.reason is not None:
            _check_text(self, "reason", empty=True)

    @property
    def signals(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the triggers of clocks look for."""
        return ("resume",) if self.reason is None else ("resume", f"resume:{self.reason}")

    @property
    @override
    def said(self) -> str:
        return f"resumed: {self.reason}" if self.reason else "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff(Event):
    """The ticket goes to another tier; `done` names the requirements of the hand-off that were fulfilled."""

    to: str
    done: tuple[str, ...] = ()
    kind: Literal["hand_off"] = "hand_off"

    def __post_init__(self) -> None:
        super(HandOff, self).__post_init__()
        _check_text(self, "to")
        given: Any = self.done
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
            raise InvalidLog(f"done is {self.done!r}", where="done", value=self.done, remedy='Write ["faq_searched"]')
        object.__setattr__(self, "done", tuple(self.done))

    @property
    def signals(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the triggers of clocks look for."""
        return "hand_off", f"hand_off:{self.to}"

    @property
    @override
    def said(self) -> str:
        return f"handed off to {self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAttribute(Event):
    """An attribute of the ticket becomes `value`; None is unset."""

    name: str
    value: Value
    kind: Literal["attribute"] = "attribute"

    def __post_init__(self) -> None:
        super(SetAttribute, self).__post_init__()
        _check_text(self, "name")
        if self.name in OWN_FACTS:
            raise InvalidLog(
                f"{self.name!r} is no attribute",
                where="name",
                value=self.name,
                remedy="Events of other kinds tell it",
            )
        text_of(self.value)

    @property
    def signals(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the triggers of clocks look for."""
        text = text_of(self.value)
        named = f"attribute:{self.name}"
        return ("attribute", named) if text is None else ("attribute", named, f"{named}={text}")

    @property
    @override
    def said(self) -> str:
        text = text_of(self.value)
        return f"{self.name} is unset" if text is None else f"{self.name} becomes {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solve(Event):
    """The ticket is solved."""

    kind: Literal["solve"] = "solve"
    signals: ClassVar[tuple[str, ...]] = ("solve", "status", "status:solved")

    @property
    @override
    def said(self) -> str:
        return "solved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Event):
    """A ticket that was solved, closed or cancelled is open again."""

    kind: Literal["reopen"] = "reopen"
    signals: ClassVar[tuple[str, ...]] = ("reopen", "status", "status:open")

    @property
    @override
    def said(self) -> str:
        return "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Event):
    """The ticket is closed."""

    kind: Literal["close"] = "close"
    signals: ClassVar[tuple[str, ...]] = ("close", "status", "status:closed")

    @property
    @override
    def said(self) -> str:
        return "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Event):
    """The ticket is withdrawn, for a reason: a duplicate, spam. Its clocks that still run count for nothing."""

    reason: str = ""
    kind: Literal["cancel"] = "cancel"
    signals: ClassVar[tuple[str, ...]] = ("cancel", "status", "status:cancelled")

    def __post_init__(self) -> None:
        super(Cancel, self).__post_init__()
        _check_text(self, "reason", empty=True)

    @property
    @override
    def said(self) -> str:
        return f"cancelled: {self.reason}" if self.reason else "cancelled"


_CLASSES: tuple[type[Event], ...] = (
    Open,
    Respond,
    CustomerReply,
    Note,
    SetStatus,
    Pause,
    Resume,
    HandOff,
    SetAttribute,
    Solve,
    Reopen,
    Close,
    Cancel,
)
KINDS: dict[str, type[Event]] = {str(one.__dataclass_fields__["kind"].default): one for one in _CLASSES}
"""The class of each kind of event."""

_DEFAULTS: dict[type[Event], list[tuple[str, Any]]] = {
    one: [(part.name, part.default) for part in fields(one) if part.name not in ("at", "micros")] for one in _CLASSES
}

AnyEvent = Annotated[
    Open
    | Respond
    | CustomerReply
    | Note
    | SetStatus
    | Pause
    | Resume
    | HandOff
    | SetAttribute
    | Solve
    | Reopen
    | Close
    | Cancel,
    Field(discriminator="kind"),
]
"""The union of all events, told apart by `kind`: a field type for pydantic models, and a type to match on."""
