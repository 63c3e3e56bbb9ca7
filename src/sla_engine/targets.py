"""
What is promised, as data: the response targets of a tier, the uptime of a service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, field_serializer, field_validator

from sla_engine.amounts import Amount, duration_text, elapsed_time, parse_amount
from sla_engine.calendars.calendar import AmountInput
from sla_engine.data import Data
from sla_engine.errors import AmbiguousDays, InvalidAmount, InvalidPolicy, SlaError, UnknownName, several
from sla_engine.facts import Match, MatchField
from sla_engine.shares import Share

_D = TypeVar("_D", bound=Data)

_AMOUNT_SCHEMA = {"type": "string", "examples": ["4h", "5 business days", "5 calendar days", "120h elapsed"]}
_TARGETS_SCHEMA = {"type": "object", "minProperties": 1, "additionalProperties": _AMOUNT_SCHEMA}
_REQUIRES_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "attributes": {"type": "array", "items": {"type": "string"}},
                    "when": {"type": "object"},
                },
                "additionalProperties": False,
            },
        },
    ]
}
AmountField = Annotated[
    Amount,
    PlainValidator(parse_amount),
    PlainSerializer(str),
    WithJsonSchema(_AMOUNT_SCHEMA),
]
ShareField = Annotated[
    Share,
    PlainValidator(Share.parse),
    PlainSerializer(lambda share: str(share.fraction)),
    WithJsonSchema({"type": "string", "examples": ["99%", "99.9%", "999/1000"]}),
]


def _read_duration(given: object) -> timedelta:
    if not isinstance(given, (str, timedelta)):
        raise InvalidAmount(f"{given!r} is no duration", value=given, remedy='Write "1m" or "5m"')
    try:
        return elapsed_time(given).duration
    except AmbiguousDays as error:
        raise AmbiguousDays(
            error.problem, value=given, remedy='Write it in hours: "24h" a day, "720h" for 30'
        ) from None


DurationField = Annotated[
    timedelta,
    PlainValidator(_read_duration),
    PlainSerializer(lambda duration: duration_text(elapsed_time(duration).micros)),
    WithJsonSchema({"type": "string", "examples": ["1m", "5m"]}),
]


def keyed(given: object, kind: type[_D]) -> object:
    """
    Return a table of named things as a tuple of things that know their name; what is no table is returned as it is.
    """
    if not isinstance(given, Mapping):
        return given
    made: list[_D] = []
    problems: list[SlaError] = []
    for name, value in given.items():
        try:
            made.append(_named(str(name), value, kind))
        except SlaError as error:
            problems.append(error.located(str(name)))
    if problems:
        raise several(InvalidPolicy, problems)
    return tuple(made)


def listed(given: object, kind: type[_D]) -> object:
    """Return a list of tables as a tuple of things; what is no list is returned as it is."""
    if not isinstance(given, (list, tuple)):
        return given
    made: list[_D] = []
    problems: list[SlaError] = []
    for number, value in enumerate(given):
        try:
            made.append(value if isinstance(value, kind) else kind.from_data(value))
        except SlaError as error:
            problems.append(error.located(f"[{number}]"))
    if problems:
        raise several(InvalidPolicy, problems)
    return tuple(made)


def _named(name: str, value: object, kind: type[_D]) -> _D:
    if isinstance(value, kind):
        return value if getattr(value, "name", None) == name else value.model_copy(update={"name": name})
    if not isinstance(value, Mapping):
        raise InvalidPolicy(f"{value!r} is no {kind.__name__.lower()}", value=value, remedy="Write a table")
    if value.get("name", name) != name:
        raise InvalidPolicy(f"it calls itself {value['name']!r}", where="name", remedy="Leave the name out")
    return kind.from_data({**value, "name": name})


def find(things: Iterable[Any], name: str, what: str) -> Any:
    """Return the thing of a name; raises `UnknownName` with those that there are."""
    names = []
    for thing in things:
        if thing.name == name:
            return thing
        names.append(thing.name)
    raise UnknownName(
        f"there is no {what} {name!r}",
        where=what,
        value=name,
        remedy=f"There is {', '.join(map(repr, names)) or 'none'}",
    )


class Target(Data, frozen=True):
    """
    One promise: that something happens within an amount of time.

    `within` is text (`"4h"`, `"5 business days"`), a `timedelta`, or an amount.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    within: AmountField

    if TYPE_CHECKING:

        def __init__(self, *, name: str, within: AmountInput) -> None: ...

    @field_validator("within")
    @classmethod
    def _positive(cls, amount: Amount) -> Amount:
        return checked_target(amount)


def checked_target(amount: Amount) -> Amount:
    """Return an amount that can be promised; raises `InvalidAmount` for less than nothing."""
    size = getattr(amount, "micros", None)
    if (amount.count if size is None else size) < 0:  # type: ignore[attr-defined]
        raise InvalidAmount(f"'{amount}' promises the past", value=str(amount), remedy="Promise zero or more")
    return amount


class Requirement(Data, frozen=True):
    """
    What must be known or done before a ticket leaves its tier.

    It is fulfilled where the hand-off names it as done, or where all its `attributes` are set on the ticket (one of
    its own name unless they are given; `no` and `false` are not set). With `when`, it is asked only of tickets with
    those attributes.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    title: str = ""
    attributes: tuple[str, ...] = ()
    when: MatchField = Field(default_factory=Match)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str = ...,
            title: str = "",
            attributes: Iterable[str] = (),
            when: Mapping[str, Any] | Match = ...,
        ) -> None: ...


class Tier(Data, frozen=True):
    """
    A level of support: its targets, and the calendar that their time counts in.

    `targets` maps names to amounts: `{"response": "4h"}`. `calendar` is the name of one of the policy's calendars.
    `requires` maps names to what a hand-off from this tier needs, and `goal` is the share of targets that are to be
    met (`"95%"`).
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    title: str = ""
    calendar: str
    targets: Annotated[tuple[Target, ...], WithJsonSchema(_TARGETS_SCHEMA)] = Field(min_length=1)
    requires: Annotated[tuple[Requirement, ...], WithJsonSchema(_REQUIRES_SCHEMA)] = ()
    goal: ShareField | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str = ...,
            title: str = "",
            calendar: str,
            targets: Mapping[str, AmountInput] | Iterable[Target],
            requires: Mapping[str, object] | Iterable[Requirement] = (),
            goal: str | Share | None = None,
        ) -> None: ...

    @field_validator("goal")
    @classmethod
    def _reachable(cls, goal: Share | None) -> Share | None:
        if goal is not None and not 0 <= goal.fraction <= 1:
            raise InvalidAmount(f"a goal of {goal.fraction} is none", value=str(goal.fraction), remedy='Write "95%"')
        return goal

    @field_validator("requires", mode="before")
    @classmethod
    def _read_requires(cls, given: object) -> object:
        if isinstance(given, (list, tuple)) and all(isinstance(one, str) for one in given):
            given = {name: {} for name in given}
        return keyed(given, Requirement)

    @field_serializer("requires")
    def _write_requires(self, requires: tuple[Requirement, ...]) -> dict[str, Any]:
        return {one.name: {key: value for key, value in one.to_data().items() if key != "name"} for one in requires}

    @field_validator("targets", mode="before")
    @classmethod
    def _read_targets(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        tables = {
            name: value if isinstance(value, (Mapping, Target)) else {"within": value} for name, value in given.items()
        }
        return keyed(tables, Target)

    @field_serializer("targets")
    def _write_targets(self, targets: tuple[Target, ...]) -> dict[str, str]:
        return {target.name: str(target.within) for target in targets}

    def target(self, name: str | None = None) -> Target:
        """Return a target by name; without a name, the only one. Raises `UnknownName`."""
        if name is not None:
            found: Target = find(self.targets, name, "target")
            return found
        if len(self.targets) == 1:
            return self.targets[0]
        raise UnknownName(
            f"the tier {self.name!r} has {len(self.targets)} targets",
            where="target",
            remedy=f"Name one: {', '.join(repr(target.name) for target in self.targets)}",
        )
