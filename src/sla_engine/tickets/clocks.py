"""
Clocks as data: what starts a clock, what pauses and stops it, and whether it starts again.

A clock says nothing of how much time is promised, nor of the hours that count: those are the target of its name and the
calendar of a tier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    field_serializer,
    field_validator,
    model_validator,
)

from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, SlaError, close_to
from sla_engine.facts import Match, MatchField
from sla_engine.shares import Share
from sla_engine.targets import ShareField

Compare = Literal["instant", "business_time"]
Retarget = Literal["keep", "restart", "retroactive"]
Scope = Literal["tier", "ticket"]

_PLAIN = (
    "open",
    "enter",
    "leave",
    "respond",
    "automatic_respond",
    "customer_reply",
    "note",
    "solve",
    "reopen",
    "close",
    "cancel",
)
_WITH_WHAT = ("status", "pause", "resume", "hand_off", "attribute")


class Trigger(Data, frozen=True):
    """
    What a clock listens to: an event by its name, and what must be true of the ticket before and after it.

    Names are `open`, `enter` (the clock's scope begins: the opening, or the hand-off to its tier), `leave` (the ticket
    leaves its tier), `respond`, `automatic_respond`, `customer_reply`, `note`, `solve`, `reopen`, `close`, `cancel`,
    `status`, `pause`, `resume`, `hand_off` and `attribute`. Some may say what: `status:pending`, `pause:vendor`,
    `resume:vendor`, `hand_off:legal`, `attribute:priority`, `attribute:priority=high`.

    A text alone is a trigger too. Raises `InvalidPolicy`.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    event: str
    before: MatchField | None = None
    when: MatchField | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            event: str,
            before: Mapping[str, Any] | Match | None = None,
            when: Mapping[str, Any] | Match | None = None,
        ) -> None: ...

    @field_validator("event")
    @classmethod
    def _known(cls, event: str) -> str:
        name, colon, what = event.partition(":")
        if name in _WITH_WHAT and (what or not colon):
            return event
        if name in _PLAIN and not colon:
            return event
        close = close_to(name, (*_PLAIN, *_WITH_WHAT), n=1)
        hint = f"Did you mean {close[0]!r}? " if close and close[0] != name else ""
        raise InvalidPolicy(
            f"{event!r} is no event that a clock can listen to",
            value=event,
            remedy=f"{hint}There is {', '.join((*_PLAIN, *_WITH_WHAT))}; some say what, as in status:pending",
        )

    def written(self) -> Any:
        """Return the trigger as it is written: a text, or a table where it has conditions."""
        return self.to_data() if self.before is not None or self.when is not None else self.event


def _triggers(given: object) -> tuple[Trigger, ...]:
    items: Any = given if isinstance(given, (list, tuple)) else [given]
    made: list[Trigger] = []
    for number, one in enumerate(items):
        if isinstance(one, Trigger):
            made.append(one)
            continue
        try:
            made.append(Trigger(event=one) if isinstance(one, str) else Trigger.from_data(one))
        except SlaError as error:
            raise error.located(f"[{number}]") from None
    return tuple(made)


def _conditions(given: object) -> tuple[Match, ...]:
    items = given if isinstance(given, (list, tuple)) and not isinstance(given, Match) else [given]
    made: list[Match] = []
    for number, one in enumerate(items):
        try:
            made.append(Match.parse(one))
        except SlaError as error:
            raise error.located(f"[{number}]") from None
    return tuple(made)


_TRIGGER_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"event": {"type": "string"}, "before": {"type": "object"}, "when": {"type": "object"}},
            "required": ["event"],
            "additionalProperties": False,
        },
    ]
}
Triggers = Annotated[
    tuple[Trigger, ...],
    PlainValidator(_triggers),
    PlainSerializer(lambda triggers: [one.written() for one in triggers]),
    WithJsonSchema({"anyOf": [{"type": "array", "items": _TRIGGER_SCHEMA}, *_TRIGGER_SCHEMA["anyOf"]]}),
]
Conditions = Annotated[
    tuple[Match, ...],
    PlainValidator(_conditions),
    PlainSerializer(lambda conditions: [one.to_data() for one in conditions]),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "object"}]}),
]

_WHEN_PAUSED = {"paused": True}
_PAUSED = (Match.parse(_WHEN_PAUSED),)
_CANCEL = _triggers("cancel")
_ANSWERED = ["respond", "solve", "close"]
_FINISHED = ["solve", "close"]
_ENTERED = {"event": "enter", "when": {"solved": False}}
"""A ticket that is handed on when it is finished starts nothing, until it is reopened."""

PRESETS: dict[str, dict[str, Any]] = {
    "first_response": {"start": [_ENTERED, "reopen"], "stop": _ANSWERED},
    "next_response": {
        "start": [
            {"event": "customer_reply", "before": {"responded": True}, "when": {"solved": False}},
            {"event": "reopen", "when": {"awaiting": "agent", "responded": True}},
        ],
        "stop": _ANSWERED,
        "repeats": True,
    },
    "periodic_update": {"start": ["respond"], "stop": _ANSWERED, "repeats": True},
    "pausable_update": {
        "start": ["respond"],
        "stop": _ANSWERED,
        "pause": [_WHEN_PAUSED, {"status": "pending"}],
        "repeats": True,
    },
    "requester_wait": {
        "start": [_ENTERED, "reopen"],
        "stop": _FINISHED,
        "pause": [_WHEN_PAUSED, {"status": "pending"}],
        "repeats": True,
    },
    "agent_work": {
        "start": [_ENTERED, "reopen"],
        "stop": _FINISHED,
        "pause": [_WHEN_PAUSED, {"status": ["pending", "on_hold"]}],
        "repeats": True,
    },
    "time_in_tier": {"start": [_ENTERED, "reopen"], "stop": ["leave", *_FINISHED]},
    "resolution": {"start": [_ENTERED, "reopen"], "stop": _FINISHED, "repeats": True},
}
"""The clocks that need no definition, by the names that the field gives them."""
PRESETS["response"] = PRESETS["first_response"]


class Clock(Data, frozen=True):
    """
    When a clock runs: it starts by one of its `start` triggers, is ended by `stop` or `cancel`, and stands still while
    one of its `pause` conditions holds.

    A clock that `repeats` starts another cycle after one has ended. One of scope `tier` belongs to a tier, and ends
    when the ticket is handed on; one of scope `ticket` goes on over all tiers, with the target of the tier that it is
    in. `warnings` are shares of the target, `compare` says what is compared with it, and `retarget` what becomes of
    the time counted when the target changes midway; where they are None, the policy's apply.

    `Clock.from_data({"name": "reply", "preset": "first_response", "stop": ["respond"]})` changes a preset.
    Raises `InvalidPolicy`.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    title: str = ""
    start: Triggers = Field(min_length=1)
    stop: Triggers = ()
    cancel: Triggers = _CANCEL
    pause: Conditions = _PAUSED
    repeats: bool = False
    scope: Scope = "tier"
    warnings: tuple[ShareField, ...] | None = None
    compare: Compare | None = None
    retarget: Retarget | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str = ...,
            preset: str = ...,
            title: str = "",
            start: str | Iterable[str | Mapping[str, Any] | Trigger] = ...,
            stop: str | Iterable[str | Mapping[str, Any] | Trigger] = (),
            cancel: str | Iterable[str | Mapping[str, Any] | Trigger] = ...,
            pause: Iterable[Mapping[str, Any] | Match] = ...,
            repeats: bool = False,
            scope: Scope = "tier",
            warnings: Iterable[str | Share] | None = None,
            compare: Compare | None = None,
            retarget: Retarget | None = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "preset" not in data:
            return data
        rest = {key: value for key, value in data.items() if key != "preset"}
        return {**preset(data["preset"]), **rest}

    @field_validator("warnings")
    @classmethod
    def _possible(cls, warnings: tuple[Share, ...] | None) -> tuple[Share, ...] | None:
        return None if warnings is None else checked_warnings(warnings)

    @field_serializer("warnings")
    def _write_warnings(self, warnings: tuple[Share, ...] | None) -> list[str] | None:
        return None if warnings is None else [str(share.fraction) for share in warnings]


def preset(name: object) -> dict[str, Any]:
    """Return the fields of a preset; raises `InvalidPolicy` with those that there are."""
    if isinstance(name, str) and name in PRESETS:
        return PRESETS[name]
    raise InvalidPolicy(
        f"there is no preset {name!r}", where="preset", value=name, remedy=f"There is {', '.join(PRESETS)}"
    )


def checked_warnings(warnings: Iterable[Share]) -> tuple[Share, ...]:
    """Return shares of a target in order; raises `InvalidPolicy` for none or less, and for more than the whole."""
    for share in warnings:
        if not 0 < share.fraction <= 1:
            raise InvalidPolicy(
                f"a warning at {share.fraction} of the target is none",
                value=str(share.fraction),
                remedy='Warn at shares such as "50%", up to "100%"',
            )
    return tuple(sorted(set(warnings)))
