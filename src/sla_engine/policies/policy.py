"""
A policy: who is promised what, counted in which hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pydantic import Field, field_serializer, field_validator, model_validator
from typing_extensions import override

from sla_engine.calendars import AnyCalendar, Calendar
from sla_engine.calendars.calendar import ZoneName
from sla_engine.calendars.combined import with_calendars
from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, InvalidSpan, SlaError
from sla_engine.instants import to_micros
from sla_engine.policies.references import references_schema, resolved_calendars
from sla_engine.targets import Service, Target, Tier, find, keyed
from sla_engine.tickets.compliance import Outcome, Verdict, verdict

T = TypeVar("T", bound=datetime)


class Policy(Data, frozen=True):
    """
    Service levels: calendars, the tiers whose targets count in them, and the services that are kept running.

    Each of the three is a mapping of names to rules. A calendar may be made of others by their names
    (`{"union": ["europe", "america"]}`). `zone` is where the months of its compliance begin and end.

    >>> policy = Policy(
    ...     name="Small shop",
    ...     calendars={"office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}}},
    ...     tiers={"first_level": {"calendar": "office", "targets": {"response": "4h"}}},
    ... )
    >>> str(policy.tier("first_level").target().within)
    '4h'

    Raises `InvalidPolicy`, or the error of the part that is wrong, naming the key.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1)
    zone: ZoneName = "UTC"
    calendars: tuple[AnyCalendar, ...] = ()
    tiers: tuple[Tier, ...] = ()
    services: tuple[Service, ...] = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            schema_version: Literal[1] = 1,
            name: str,
            zone: str | tzinfo = "UTC",
            calendars: Mapping[str, object] | Iterable[Calendar] = (),
            tiers: Mapping[str, object] | Iterable[Tier] = (),
            services: Mapping[str, object] | Iterable[Service] = (),
        ) -> None: ...

    @field_validator("calendars", mode="before")
    @classmethod
    def _read_calendars(cls, given: object) -> object:
        return resolved_calendars(given) if isinstance(given, Mapping) else given

    @field_validator("tiers", mode="before")
    @classmethod
    def _read_tiers(cls, given: object) -> object:
        return keyed(given, Tier)

    @field_validator("services", mode="before")
    @classmethod
    def _read_services(cls, given: object) -> object:
        return keyed(given, Service)

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        for what, things in (("calendars", self.calendars), ("tiers", self.tiers), ("services", self.services)):
            names = [thing.name for thing in things]
            if None in names or len(set(names)) < len(names):
                raise InvalidPolicy(f"each needs a name of its own, and there are {names}", where=what, value=names)
        for tier in self.tiers:
            try:
                self.calendar(tier.calendar)
            except LookupError as error:
                raise InvalidPolicy(
                    f"the tier counts in the calendar {tier.calendar!r}, which the policy does not have",
                    where=f"tiers.{tier.name}.calendar",
                    value=tier.calendar,
                    remedy=error.remedy,  # type: ignore[attr-defined]
                ) from None
        return self

    @field_serializer("calendars")
    def _write_calendars(self, calendars: tuple[Calendar, ...]) -> dict[str, Any]:
        return {
            str(calendar.name): {key: value for key, value in calendar.to_data().items() if key != "name"}
            for calendar in calendars
        }

    @field_serializer("tiers", "services")
    def _write_named(self, things: tuple[Tier | Service, ...]) -> dict[str, Any]:
        return {one.name: {key: value for key, value in one.to_data().items() if key != "name"} for one in things}

    @classmethod
    @override
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema of a policy file."""
        schema = with_calendars(super().model_json_schema(*args, **options))
        kinds: list[Any] = [{"$ref": "#/$defs/Calendar"}, {"type": "string"}, *references_schema()]
        values: dict[str, Any] = {"calendars": {"anyOf": kinds}}
        for field, name in (("tiers", "Tier"), ("services", "Service")):
            definition = schema["$defs"][name]
            definition["required"] = [key for key in definition["required"] if key != "name"]
            values[field] = {"$ref": f"#/$defs/{name}"}
        for field, value in values.items():
            schema["properties"][field] = {"type": "object", "additionalProperties": value}
        return schema

    # --- what it has -------------------------------------------------------------------------------------------

    def calendar(self, name: str) -> Calendar:
        """Return a calendar by name; raises `UnknownName`."""
        found: Calendar = find(self.calendars, name, "calendar")
        return found

    def tier(self, name: str) -> Tier:
        """Return a tier by name; raises `UnknownName`."""
        found: Tier = find(self.tiers, name, "tier")
        return found

    def service(self, name: str) -> Service:
        """Return a service by name; raises `UnknownName`."""
        found: Service = find(self.services, name, "service")
        return found

    # --- what it says of a ticket ------------------------------------------------------------------------------

    def deadline(self, tier: str, opened_at: T, *, target: str | None = None) -> T:
        """
        Return when a tier's target is due for a ticket opened at an instant, in that instant's type and zone.

        Raises `UnknownName` for a tier or target that there is not, `NaiveDatetime`, `NeverDue`, `OutOfRange`.
        """
        promised = self._promise(tier, target)
        return promised[0].add(opened_at, promised[1].within)

    def verdict(
        self,
        tier: str,
        opened_at: datetime,
        *,
        stopped_at: datetime | None = None,
        at: datetime | None = None,
        target: str | None = None,
    ) -> Verdict:
        """
        Return `"met"`, `"breached"` or `"undecided"`, as it can be known at an instant.

        Met: stopped at or before the deadline. Breached: strictly after it. A stop after `at` is not seen. `at` may
        be left out where `stopped_at` is given. Raises as `deadline` does, `InvalidInstant` where neither is given,
        and `InvalidSpan` for a stop before the opening.
        """
        return self.outcome(tier, opened_at, stopped_at=stopped_at, at=at, target=target).verdict

    def is_breached(
        self,
        tier: str,
        opened_at: datetime,
        *,
        stopped_at: datetime | None = None,
        at: datetime | None = None,
        target: str | None = None,
    ) -> bool:
        """Whether the verdict is `"breached"`; takes and raises what `verdict` does."""
        return self.verdict(tier, opened_at, stopped_at=stopped_at, at=at, target=target) == "breached"

    def outcome(
        self,
        tier: str,
        opened_at: datetime,
        *,
        stopped_at: datetime | None = None,
        at: datetime | None = None,
        target: str | None = None,
        id: str = "",  # noqa: A002  (the ticket's)
    ) -> Outcome:
        """Return the verdict together with the due instant and the lateness; takes and raises what `verdict` does."""
        calendar, promised = self._promise(tier, target)
        if stopped_at is not None and to_micros(stopped_at) < to_micros(opened_at):
            raise InvalidSpan(
                f"stopped at {stopped_at.isoformat()}, before it was opened at {opened_at.isoformat()}",
                where=id,
                value=stopped_at,
                remedy="Mend the log",
            )
        due_at = calendar.add(opened_at, promised.within)
        found = verdict(due_at, stopped_at=stopped_at, at=at)
        seen = stopped_at if stopped_at is not None and (at is None or to_micros(stopped_at) <= to_micros(at)) else None
        outcome = Outcome(id, tier, promised.name, opened_at, due_at, seen, found)
        if found != "breached":
            return outcome
        return outcome.late_until(seen or at, calendar)  # type: ignore[arg-type]

    def _promise(self, tier: str, target: str | None) -> tuple[Calendar, Target]:
        found = self.tier(tier)
        return self.calendar(found.calendar), found.target(target)
