"""
Rules on their way to the workers: as JSON text, which a worker process reads and compiles once.

With them goes what answered on the driver: a worker that would answer from other holidays or other time zones refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sla_engine.calendars import Calendar
from sla_engine.data import Data
from sla_engine.errors import InvalidCalendar, MissingExtra
from sla_engine.policies import Policy
from sla_engine.tickets import LogMapping
from sla_engine.zones import version_of, zone_data_version

_READ: dict[str, Callable[[str], Data]] = {
    "calendar": Calendar.from_json,
    "policy": Policy.from_json,
    "mapping": LogMapping.from_json,
}
KEPT = 64
"""So many rules a worker process keeps compiled."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """Rules as text, or several by name, and the data that they go by, as pairs of a name and a version."""

    kind: str
    texts: tuple[tuple[str | None, str], ...]
    data: str

    def open(self) -> Any:
        """Return the rules, or a mapping of several; raises `MissingExtra` where other data would answer."""
        return _opened(self)


def shipped(rules: Data | Mapping[Any, Data]) -> Shipped:
    """
    Return a calendar, a policy or a mapping of a log as what workers can read; or several of a kind by name.

    Raises `InvalidCalendar` for a calendar that JSON cannot say.
    """
    several = {None: rules} if isinstance(rules, Data) else dict(rules)
    texts = tuple((name, one.to_json()) for name, one in several.items())
    kind = _kind(next(iter(several.values()), None))
    for (_, text), one in zip(texts, several.values(), strict=True):
        if _READ[kind](text) != one:
            raise InvalidCalendar(
                f"{type(one).__name__} is not what its JSON says",
                where=kind,
                value=type(one).__name__,
                remedy="Ship a calendar of this library: it goes to the workers as JSON",
            )
    return Shipped(kind, texts, json.dumps(_data_of(several.values()), sort_keys=True))


def _kind(one: object) -> str:
    return "policy" if isinstance(one, Policy) else "mapping" if isinstance(one, LogMapping) else "calendar"


def _data_of(rules: Iterable[Data]) -> dict[str, str]:
    """Return which versions answer: of this library, of the time zones, and of the holidays."""
    found = {"sla_engine": version_of("sla_engine")}
    for one in rules:
        if isinstance(one, Calendar):
            found |= one.data_versions
        elif isinstance(one, Policy):
            for policy in (one, *one.effective_versions()):
                found[policy.zone] = zone_data_version(policy.zone)
                for calendar in policy.calendars:
                    found |= calendar.data_versions
    return found


@lru_cache(maxsize=KEPT)
def _opened(shipped: Shipped) -> Any:
    rules = {name: _READ[shipped.kind](text) for name, text in shipped.texts}
    told, here = json.loads(shipped.data), _data_of(rules.values())
    for name, version in told.items():
        if here.get(name) != version:
            raise MissingExtra(
                f"{name} is {version} on the driver, and {here.get(name)} on a worker: they might not answer alike",
                where="workers",
                value=here.get(name),
                remedy="Install the same versions of sla_engine, holidays and tzdata on both; with PYTHONTZPATH set to"
                " nothing, time zones are those of tzdata",
            )
    return rules.get(None, rules)
