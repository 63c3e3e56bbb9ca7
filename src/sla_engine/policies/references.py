"""
Calendars of a policy that are made of each other, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sla_engine.calendars import Calendar, CombinedCalendar, Version, VersionedCalendar
from sla_engine.calendars.combined import any_calendar
from sla_engine.errors import InvalidPolicy, SlaError

_OPERATIONS = ("union", "intersection", "difference")


def resolved_calendars(given: Mapping[str, Any]) -> tuple[Calendar, ...]:
    """
    Return a mapping of names to calendars as whole calendars that know their names.

    Wherever a calendar is written, the name of another one may stand; `{"union": [...]}`, `{"intersection": [...]}` and
    `{"difference": [...]}` take two or more. Raises `InvalidPolicy` for names that are unknown or go in a circle.
    """
    resolver = _Resolver(given)
    return tuple(resolver.named(name, ()) for name in given)


def rebuilt(calendar: Calendar, part: Callable[[Calendar], Calendar]) -> Calendar:
    """Return a calendar made of others with each of its parts replaced; any other as it is."""
    if isinstance(calendar, CombinedCalendar):
        update: dict[str, Any] = {"left": part(calendar.left), "right": part(calendar.right)}
    elif isinstance(calendar, VersionedCalendar):
        versions = calendar.versions
        update = {"versions": tuple(Version(calendar=part(one.calendar), from_date=one.from_date) for one in versions)}
    else:
        return calendar
    return calendar.model_copy(update=update)


def references_schema() -> list[dict[str, Any]]:
    """Return the JSON Schemas of calendars made of others by name."""
    part = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Calendar"}]}
    return [
        {
            "type": "object",
            "properties": {kind: {"type": "array", "minItems": 2, "items": part}, "zone": {"type": "string"}},
            "required": [kind],
        }
        for kind in _OPERATIONS
    ]


class _Resolver:
    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.made: dict[str, Calendar] = {}

    def named(self, name: str, path: tuple[str, ...]) -> Calendar:
        if name in self.made:
            return self.made[name]
        if name in path:
            raise InvalidPolicy(
                f"the calendar is made of itself: {' -> '.join((*path, name))}", where=name, remedy="Break the circle"
            )
        try:
            calendar = self.made[name] = self.one(self.given[name], (*path, name), name)
        except SlaError as error:
            raise error if len(path) else error.located(name) from None
        return calendar

    def one(self, written: Any, path: tuple[str, ...], name: str | None) -> Calendar:
        """Return a calendar from the way it is written; `name` is its key, None inside another."""
        if isinstance(written, Calendar):
            return written if name is None or written.name == name else written.model_copy(update={"name": name})
        if isinstance(written, str):
            if written not in self.given:
                raise InvalidPolicy(
                    f"there is no calendar {written!r}",
                    value=written,
                    remedy=f"There is {', '.join(map(repr, self.given))}",
                )
            found = self.named(written, path)
            return found if name is None else found.model_copy(update={"name": name})
        if not isinstance(written, Mapping):
            raise InvalidPolicy(
                f"{written!r} is no calendar", value=written, remedy="Write a table with zone and hours"
            )
        fields = {**written, **({"name": name} if name is not None and "name" not in written else {})}
        for kind in _OPERATIONS:
            if kind in fields:
                return self.combined(kind, fields, path)
        for side in ("left", "right"):
            if side in fields:
                fields[side] = self.one(fields[side], path, None)
        if isinstance(fields.get("versions"), (list, tuple)):
            fields["versions"] = [
                {**one, "calendar": self.one(one["calendar"], path, None)}
                if isinstance(one, Mapping) and "calendar" in one
                else one
                for one in fields["versions"]
            ]
        return any_calendar(fields)

    def combined(self, kind: str, fields: dict[str, Any], path: tuple[str, ...]) -> Calendar:
        parts = fields.pop(kind)
        if not isinstance(parts, (list, tuple)) or len(parts) < 2:  # noqa: PLR2004
            raise InvalidPolicy(
                f"{kind} takes two calendars or more, not {parts!r}",
                where=kind,
                value=parts,
                remedy=f'Write {kind} = ["europe", "america"]',
            )
        left, *others = (self.one(part, path, None) for part in parts)
        for right in others[:-1]:
            left = CombinedCalendar(kind=kind, left=left, right=right)  # type: ignore[arg-type]
        return any_calendar({**fields, "kind": kind, "left": left, "right": others[-1]})
