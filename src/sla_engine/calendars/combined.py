"""
Calendars made of calendars: the union, the intersection and the difference of two, and versions that change on a date.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema
from typing_extensions import override

from sla_engine.calendars.calendar import Calendar
from sla_engine.calendars.causes import Stretch, combined_causes, version_causes
from sla_engine.calendars.coverage import Open, clipped
from sla_engine.calendars.weekly import BusinessCalendar
from sla_engine.data import Data
from sla_engine.errors import InvalidCalendar
from sla_engine.instants import FIRST_DAY, LAST_DAY, local_day, midnight
from sla_engine.spans import Pair, difference, intersection, union
from sla_engine.zones import zone_of

_OPERATIONS = {"intersection": intersection, "difference": difference}
_FAR = 10**7


def _with_kind(data: dict[str, Any]) -> dict[str, Any]:
    """Return a calendar's data with its kind, which may be left out where the keys tell it."""
    if "kind" in data:
        return data
    return {**data, "kind": "versions" if "versions" in data else "weekly"}


_ANY = {"x-calendar": "any"}


class _AnySchema:
    """What pydantic needs to know of a field that holds any calendar."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            any_calendar, serialization=core_schema.plain_serializer_function_ser_schema(lambda one: one.to_data())
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(_ANY)


AnyCalendar = Annotated[Calendar, _AnySchema]
"""A field that holds any calendar, told apart by its `kind`."""


def any_calendar(data: object) -> Calendar:
    """Return a calendar of any kind from plain data, or the calendar that it already is."""
    if isinstance(data, Calendar):
        return data
    if not isinstance(data, Mapping):
        raise InvalidCalendar(f"{data!r} is no calendar", value=data, remedy="Write a table with zone and hours")
    fields = _with_kind(dict(data))
    kind = fields["kind"]
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidCalendar(
            f"{kind!r} is no kind of calendar", where="kind", value=kind, remedy=f"There is {', '.join(_KINDS)}"
        )
    return _KINDS[kind].from_data(fields)


def _owned_pieces(calendar: Calendar, lo: int, hi: int, first: int, stop: int) -> Open:
    """Return the open time in [lo, hi), cut at its starts, of which each piece belongs to the date of its start."""
    zone = zone_of(calendar.zone)
    known = calendar._cover(max(lo - calendar._reach(), _instant_of(zone, first)), hi)
    opens = [start for start, _ in known.spans]
    pieces: list[Pair] = []
    starts: list[int] = []
    for number, start in enumerate(known.starts):
        if first <= local_day(zone, start) < stop:
            following = known.starts[number + 1] if number + 1 < len(known.starts) else hi
            close = known.spans[bisect_right(opens, start) - 1][1]
            pieces.append((start, min(following, close)))
            starts.append(start)
    return clipped(union(pieces), starts, lo, hi)


def _instant_of(zone: tzinfo, day: int) -> int:
    return midnight(zone, day) if FIRST_DAY <= day <= LAST_DAY else -(10**18) if day < FIRST_DAY else 10**18


class CombinedCalendar(Calendar, frozen=True):
    """
    The union, intersection or difference of two calendars, with all that they hold; made by `|`, `&` and `-`.

    `zone` is where questions about days are asked: the left one's unless given (`(a | b).in_zone("UTC")`).

    >>> europe = BusinessCalendar(zone="GMT+1", hours={"mon-fri": "08:00-17:00"})
    >>> america = BusinessCalendar(zone="GMT-6", hours={"mon-fri": "09:00-17:00"})
    >>> (europe | america).zone
    'UTC+01:00'
    """

    kind: Literal["union", "intersection", "difference"]
    left: AnyCalendar
    right: AnyCalendar

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            kind: Literal["union", "intersection", "difference"],
            left: Calendar,
            right: Calendar,
            zone: str | tzinfo = ...,
            name: str | None = None,
            horizon: int = ...,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: Any) -> Any:
        return _inherited(data, [data.get("left"), data.get("right")]) if isinstance(data, dict) else data

    def in_zone(self, zone: str | tzinfo) -> CombinedCalendar:
        """Return the same calendar with its days read in another zone."""
        return self.model_copy(update={"zone": zone})

    @override
    def freeze(self, years: range | tuple[int, int]) -> CombinedCalendar:
        return self.model_copy(update={"left": self.left.freeze(years), "right": self.right.freeze(years)})

    @property
    @override
    def data_versions(self) -> dict[str, str]:
        return {**self.left.data_versions, **self.right.data_versions}

    def _never_opens(self) -> bool:
        left, right = self.left._never_opens(), self.right._never_opens()
        return {"union": left and right, "intersection": left or right, "difference": left}[self.kind]

    def _reach(self) -> int:
        return max(self.left._reach(), self.right._reach())

    def _cover(self, lo: int, hi: int) -> Open:
        # One microsecond earlier, to see whether a window that is open at `lo` opens there.
        left, right = self.left._cover(lo - 1, hi), self.right._cover(lo - 1, hi)
        if self.kind == "union":
            spans = union([*left.spans, *right.spans])
        else:
            spans = _OPERATIONS[self.kind](left.spans, right.spans)
        return clipped(spans, [*left.starts, *right.starts], lo, hi)

    def _owned(self, lo: int, hi: int, first: int, stop: int) -> Open:
        return _owned_pieces(self, lo, hi, first, stop)

    def _causes(self, lo: int, hi: int) -> list[Stretch]:
        return combined_causes(self.kind, self.left, self.right, lo, hi)


class Version(Data, frozen=True):
    """A calendar and the date from which it applies; None is from the beginning."""

    error = InvalidCalendar

    calendar: AnyCalendar
    from_date: date | None = None

    if TYPE_CHECKING:

        def __init__(self, *, calendar: Calendar, from_date: date | None = None) -> None: ...


class VersionedCalendar(Calendar, frozen=True):
    """
    Calendars that follow one another: each owns the windows that start on its dates, in its own zone; made by
    `changed`.

    `zone` is where questions about days are asked: the first version's unless given.
    """

    kind: Literal["versions"] = "versions"
    versions: tuple[Version, ...] = Field(min_length=1)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            versions: Iterable[Version],
            zone: str | tzinfo = ...,
            name: str | None = None,
            horizon: int = ...,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: Any) -> Any:
        versions = data.get("versions") if isinstance(data, dict) else None
        if not isinstance(versions, (list, tuple)):
            return data
        parts = [one.get("calendar") if isinstance(one, dict) else getattr(one, "calendar", None) for one in versions]
        return _inherited(data, parts)

    @field_validator("versions")
    @classmethod
    def _in_order(cls, versions: tuple[Version, ...]) -> tuple[Version, ...]:
        starts = [version.from_date or date.min for version in versions]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise InvalidCalendar(
                f"the versions are not in order: they start on {', '.join(str(one.from_date) for one in versions)}",
                value=versions,
                remedy="Give each a later date than the one before; only the first may be without",
            )
        return versions

    @field_serializer("versions")
    def _write(self, versions: tuple[Version, ...]) -> list[dict[str, Any]]:
        return [
            {"from_date": str(version.from_date) if version.from_date else None, "calendar": version.calendar.to_data()}
            for version in versions
        ]

    @override
    def changed(self, *, from_date: date, to: Calendar) -> VersionedCalendar:
        if any(version.calendar.zone != self.zone for version in self.versions):
            return super().changed(from_date=from_date, to=to)  # the date is one of this calendar's own zone
        earlier = tuple(version for version in self.versions if (version.from_date or date.min) < from_date)
        return self.model_copy(update={"versions": (*earlier, Version(from_date=from_date, calendar=to))})

    @override
    def freeze(self, years: range | tuple[int, int]) -> VersionedCalendar:
        frozen = [Version(from_date=one.from_date, calendar=one.calendar.freeze(years)) for one in self.versions]
        return self.model_copy(update={"versions": tuple(frozen)})

    @property
    @override
    def data_versions(self) -> dict[str, str]:
        return {name: data for version in self.versions for name, data in version.calendar.data_versions.items()}

    def owners(self) -> Iterator[tuple[Calendar, int, int]]:
        """
        Yield each version's calendar with the ordinals of its first date and of the first date that is not its own.
        """
        starts = [version.from_date.toordinal() if version.from_date else -_FAR for version in self.versions]
        for version, first, stop in zip(self.versions, starts, [*starts[1:], _FAR], strict=True):
            yield version.calendar, first, stop

    def _never_opens(self) -> bool:
        return all(version.calendar._never_opens() for version in self.versions)

    def _reach(self) -> int:
        return max(version.calendar._reach() for version in self.versions)

    def _cover(self, lo: int, hi: int) -> Open:
        spans: list[Pair] = []
        starts: list[int] = []
        for calendar, first, stop in self.owners():
            zone = zone_of(calendar.zone)
            if _instant_of(zone, first) < hi and _instant_of(zone, stop) + calendar._reach() > lo:
                owned = calendar._owned(lo - 1, hi, first, stop)
                spans += owned.spans
                starts += owned.starts
        return clipped(union(spans), starts, lo, hi)

    def _owned(self, lo: int, hi: int, first: int, stop: int) -> Open:
        return _owned_pieces(self, lo, hi, first, stop)

    def _causes(self, lo: int, hi: int) -> list[Stretch]:
        return version_causes(self.owners(), lo, hi)


def _inherited(data: dict[str, Any], parts: list[Any]) -> dict[str, Any]:
    """Return the fields of a calendar made of others, with the zone of the first and the longest horizon."""
    found = [part for part in parts if isinstance(part, (Calendar, dict))]
    fields: list[dict[str, Any]] = [
        part if isinstance(part, dict) else {"zone": part.zone, "horizon": part.horizon} for part in found
    ]
    data = dict(data)
    if "zone" not in data and fields and "zone" in fields[0]:
        data["zone"] = fields[0]["zone"]
    if "horizon" not in data and fields:
        horizons = [part.get("horizon", 100) for part in fields]
        data["horizon"] = max((years for years in horizons if isinstance(years, int)), default=100)
    return data


_KINDS: dict[str, type[Calendar]] = {
    "weekly": BusinessCalendar,
    "union": CombinedCalendar,
    "intersection": CombinedCalendar,
    "difference": CombinedCalendar,
    "versions": VersionedCalendar,
}


def with_calendars(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema in which every field for a calendar of any kind refers to one definition of them all."""
    definitions = dict(schema.get("$defs", {}))
    kinds = dict.fromkeys(_KINDS.values())
    for kind in kinds:
        own = super(Calendar, kind).model_json_schema()
        definitions.update(own.pop("$defs", {}))
        definitions[kind.__name__] = own
    definitions["Calendar"] = {"anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in kinds]}
    referred: dict[str, Any] = _referred({**schema, "$defs": definitions})
    return referred


def _referred(schema: Any) -> Any:
    if schema == _ANY:
        return {"$ref": "#/$defs/Calendar"}
    if isinstance(schema, dict):
        return {key: _referred(value) for key, value in schema.items()}
    return [_referred(value) for value in schema] if isinstance(schema, list) else schema
