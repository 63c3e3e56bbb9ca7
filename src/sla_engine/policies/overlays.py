"""
What differs from a policy: for one customer, or from a date on. Only the differences are written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator
from typing_extensions import override

from sla_engine.amounts import Amount, business_time
from sla_engine.calendars import Calendar
from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, SlaError
from sla_engine.facts import Match
from sla_engine.policies.references import rebuilt, resolved_calendars
from sla_engine.policies.rules import Exclusion, Rule
from sla_engine.shares import Share
from sla_engine.targets import Tier
from sla_engine.tickets.clocks import PRESETS, Clock
from sla_engine.uptime.services import Service, ServiceGroup

if TYPE_CHECKING:
    from sla_engine.policies.policy import Policy

CHANGEABLE = (
    "calendars",
    "tiers",
    "services",
    "groups",
    "clocks",
    "rules",
    "exclusions",
    "statuses",
    "warnings",
    "compare",
    "retarget",
)
"""What of a policy an overlay may change."""
_NAMED: dict[str, type[Data]] = {"tiers": Tier, "services": Service, "groups": ServiceGroup}


class Overlay(Data, frozen=True):
    """
    The differences from a policy, as JSON text in `changes`; written as the tables of a policy, with only what differs.

    Tiers, services, groups and clocks are changed key by key, targets one by one (`"none"` takes one away), calendars
    as a whole (others that are made of them follow); rules and exclusions go before those that are there. A tier,
    service or group that the base does not have is an error.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    changes: str = "{}"

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        changes = {key: _plain(value) for key, value in data.items() if key in CHANGEABLE}
        if not changes:
            return data
        rest = {key: value for key, value in data.items() if key not in CHANGEABLE}
        return {**rest, "changes": json.dumps(changes, ensure_ascii=False)}

    @classmethod
    @override
    def _keys(cls) -> list[str]:
        return [*(name for name in super()._keys() if name != "changes"), *CHANGEABLE]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Make one from plain data, in which the changes stand beside the other keys."""
        return super().from_data(data)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data, the changes beside the other keys."""
        data = super().to_data()
        return {**{key: value for key, value in data.items() if key != "changes"}, **json.loads(self.changes)}

    def applied_to(self, policy: Policy) -> Policy:
        """Return a policy with the changes; raises `InvalidPolicy` that names the key."""
        return _overlaid(policy, json.loads(self.changes))


class Customer(Overlay, frozen=True):
    """
    The service levels of one customer, as changes of the policy, or of another customer's (`base`).

    It applies to tickets whose attribute `customer` is its name (or whatever attribute the policy names).
    """

    name: str = Field(min_length=1)
    title: str = ""
    base: str | None = None

    if TYPE_CHECKING:

        def __init__(
            self, *, name: str = ..., title: str = "", base: str | None = None, changes: str = "{}", **changed: Any
        ) -> None: ...


class PolicyVersion(Overlay, frozen=True):
    """Changes of the policy that are in force from a date on, in the policy's zone."""

    from_date: date

    if TYPE_CHECKING:

        def __init__(self, *, from_date: date | str, changes: str = "{}", **changed: Any) -> None: ...


def _plain(value: Any) -> Any:  # noqa: PLR0911  (one for each kind of value)
    """Return what was given as texts, numbers, lists and tables."""
    if isinstance(value, (Data, Match)):
        return value.to_data()
    if isinstance(value, Amount):
        return str(value)
    if isinstance(value, timedelta):
        return str(business_time(value))
    if isinstance(value, Share):
        return str(value.fraction)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise InvalidPolicy(
        f"{value!r} cannot be written in an overlay", value=value, remedy="Use texts, numbers, lists and tables"
    )


def _overlaid(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    update: dict[str, Any] = {"customers": (), "versions": ()}
    for key, change in changes.items():
        try:
            update[key] = _changed(policy, key, change)
        except SlaError as error:
            raise error.located(key) from None
    return policy.model_copy(update=update)


def _changed(policy: Policy, key: str, change: Any) -> Any:  # noqa: PLR0911  (one for each key)
    if key == "calendars":
        return _calendars(policy.calendars, _table(change))
    if key in _NAMED:
        return _things(getattr(policy, key), _table(change), _NAMED[key])
    if key == "clocks":
        return _clocks(policy.clocks, _table(change))
    if key == "rules":
        return (*_each(change, Rule), *policy.rules)
    if key == "exclusions":
        return (*_each(change, Exclusion), *policy.exclusions)
    if key == "statuses":
        return (*policy.statuses, *(one for one in change if one not in policy.statuses))
    return change


def _calendars(base: tuple[Calendar, ...], changes: dict[str, Any]) -> tuple[Calendar, ...]:
    """Return the calendars with changes; those made of a changed one, by its name, follow it."""
    named: dict[str, Calendar | Any] = {str(one.name): one for one in base}
    changed = {str(one.name): one for one in resolved_calendars({**named, **changes}) if one.name in changes}

    def following(part: Calendar) -> Calendar:
        if part.name in changed and part == named.get(part.name):
            return changed[part.name]
        return rebuilt(part, following)

    kept = {name: rebuilt(one, following) for name, one in named.items() if name not in changed}
    return tuple({**kept, **changed}.values())


def _table(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidPolicy(f"{given!r} is no table", value=given, remedy="Write a table of names")
    return given


def _each(given: Any, kind: type[Rule | Exclusion]) -> list[Any]:
    if not isinstance(given, list):
        raise InvalidPolicy(f"{given!r} is no list", value=given, remedy="Write a list of tables")
    made: list[Any] = []
    for number, one in enumerate(given):
        try:
            made.append(kind.from_data(one))
        except SlaError as error:
            raise error.located(f"[{number}]") from None
    return made


def _things(base: tuple[Any, ...], changes: dict[str, Any], kind: type[Data]) -> tuple[Any, ...]:
    there = {one.name: one for one in base}
    for name, change in changes.items():
        if name not in there:
            raise InvalidPolicy(
                f"the base has no {_called(kind)} {name!r}, so there is nothing to change",
                where=name,
                value=name,
                remedy=f"It has {', '.join(map(repr, there)) or 'none'}; add a new one to the base itself",
            )
        try:
            there[name] = kind.from_data(_merged(there[name].to_data(), _table(change)))
        except SlaError as error:
            raise error.located(name) from None
    return tuple(there.values())


def _called(kind: type[Data]) -> str:
    return "group" if kind is ServiceGroup else kind.__name__.lower()


def _merged(old: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return a tier's or service's table with changes; its own tables are changed key by key."""
    new = {**old, **change}
    for key in ("targets", "requires", "terms", "rules"):
        if isinstance(change.get(key), dict):
            both = {**old.get(key, {}), **change[key]}
            new[key] = {name: value for name, value in both.items() if value != "none"}
    return new


def _clocks(base: tuple[Clock, ...], changes: dict[str, Any]) -> tuple[Clock, ...]:
    there = {one.name: one for one in base}
    for name, change in changes.items():
        try:
            if isinstance(change, str):
                there[name] = Clock.from_data({"name": name, "preset": change})
                continue
            old = there[name].to_data() if name in there else PRESETS.get(name, {})
            old = {} if "preset" in _table(change) else old
            there[name] = Clock.from_data({**old, "name": name, **change})
        except SlaError as error:
            raise error.located(name) from None
    return tuple(there.values())
