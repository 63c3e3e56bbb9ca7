"""
A policy: who is promised what, counted in which hours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_serializer, field_validator, model_validator
from typing_extensions import override

from sla_engine.calendars import AnyCalendar, Calendar
from sla_engine.calendars.calendar import ZoneName
from sla_engine.calendars.combined import with_calendars
from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, InvalidSpan, SlaError, UnknownName
from sla_engine.facts import Attributes, Value, text_of
from sla_engine.instants import midnight, to_micros
from sla_engine.periods import Period
from sla_engine.policies.compiled import Promises, plan_of, tier_by_rules
from sla_engine.policies.overlays import Customer, PolicyVersion
from sla_engine.policies.references import resolved_calendars
from sla_engine.policies.rules import Exclusion, Rule
from sla_engine.policies.schema import policy_schema
from sla_engine.policies.services import PolicyUptime, check_services, evaluate_services
from sla_engine.shares import Share
from sla_engine.targets import ShareField, Target, Tier, find, keyed, listed
from sla_engine.tickets.clocks import PRESETS, Clock, Compare, Retarget, checked_warnings
from sla_engine.tickets.evaluation import evaluate
from sla_engine.tickets.outcomes import Outcome, Verdict, verdict
from sla_engine.tickets.plans import Plan, counted_in
from sla_engine.tickets.status import Evaluation, TicketProblem, TicketStatus
from sla_engine.tickets.ticket import Ticket
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.maintenance import Maintenance
from sla_engine.uptime.reclassification import Reclassification
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.uptime.requests import RequestLog
from sla_engine.uptime.services import Probes, Service, ServiceGroup
from sla_engine.zones import zone_of

T = TypeVar("T", bound=datetime)
Straddling = Literal["opened", "change"]
_WARNINGS = (Share(1, 2), Share(3, 4), Share(9, 10))


def _on_preset(name: str, given: object) -> object:
    """Return the table of a clock; one that is called as a preset, and does not say how it starts, is based on it."""
    if isinstance(given, str):
        return {"preset": given}
    if isinstance(given, Mapping) and name in PRESETS and "preset" not in given and "start" not in given:
        return {"preset": name, **given}
    return given


class Policy(Data, frozen=True):
    """
    Service levels: calendars, the tiers whose targets count in them, and the services that are kept running.

    Each of the three is a mapping of names to rules. A calendar may be made of others by their names
    (`{"union": ["europe", "america"]}`). `zone` is where the months of its compliance begin and end.

    `groups` are services that are promised together. `clocks` say what starts, pauses and stops the clock of each
    target (presets need no definition). `rules` give tickets with some attributes another calendar or other targets,
    `exclusions` take tickets out of compliance. `customers` and `versions` are overlays: only what differs for a
    customer, or from a date on. `straddling` says which version applies to tickets that are open at a change: the one
    in force when they were opened, or each from its date on (`change`). `warnings` are shares of the targets, `compare`
    and `retarget` what clocks do unless they say otherwise.

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
    groups: tuple[ServiceGroup, ...] = ()
    clocks: tuple[Clock, ...] = ()
    rules: tuple[Rule, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    statuses: tuple[str, ...] = ()
    warnings: tuple[ShareField, ...] = Field(default_factory=lambda: _WARNINGS)
    compare: Compare = "instant"
    retarget: Retarget = "keep"
    customer_attribute: str = "customer"
    customers: tuple[Customer, ...] = ()
    versions: tuple[PolicyVersion, ...] = ()
    straddling: Straddling = "opened"

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
            groups: Mapping[str, object] | Iterable[ServiceGroup] = (),
            clocks: Mapping[str, object] | Iterable[Clock] = (),
            rules: Iterable[Mapping[str, object] | Rule] = (),
            exclusions: Iterable[Mapping[str, object] | Exclusion] = (),
            statuses: Iterable[str] = (),
            warnings: Iterable[str | Share] = ...,
            compare: Compare = "instant",
            retarget: Retarget = "keep",
            customer_attribute: str = "customer",
            customers: Mapping[str, object] | Iterable[Customer] = (),
            versions: Iterable[Mapping[str, object] | PolicyVersion] = (),
            straddling: Straddling = "opened",
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

    @field_validator("groups", mode="before")
    @classmethod
    def _read_groups(cls, given: object) -> object:
        return keyed(given, ServiceGroup)

    @field_validator("clocks", mode="before")
    @classmethod
    def _read_clocks(cls, given: object) -> object:
        if isinstance(given, Mapping):
            given = {
                name: {"preset": one} if isinstance(one, str) else _on_preset(name, one) for name, one in given.items()
            }
        return keyed(given, Clock)

    @field_validator("rules", "exclusions", "versions", mode="before")
    @classmethod
    def _read_lists(cls, given: object, info: ValidationInfo) -> object:
        kinds: dict[str | None, type[Data]] = {"rules": Rule, "exclusions": Exclusion, "versions": PolicyVersion}
        return listed(given, kinds[info.field_name])

    @field_validator("customers", mode="before")
    @classmethod
    def _read_customers(cls, given: object) -> object:
        return keyed(given, Customer)

    @field_validator("warnings")
    @classmethod
    def _possible(cls, warnings: tuple[Share, ...]) -> tuple[Share, ...]:
        return checked_warnings(warnings)

    @field_validator("versions")
    @classmethod
    def _in_order(cls, versions: tuple[PolicyVersion, ...]) -> tuple[PolicyVersion, ...]:
        dates = [version.from_date for version in versions]
        if any(later <= earlier for earlier, later in pairwise(dates)):
            raise InvalidPolicy(
                f"the versions are not in order: they start on {', '.join(map(str, dates))}",
                value=dates,
                remedy="Give each a later date than the one before",
            )
        return versions

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        for what, things in (
            ("calendars", self.calendars),
            ("tiers", self.tiers),
            ("services", self.services),
            ("groups", self.groups),
            ("clocks", self.clocks),
            ("customers", self.customers),
        ):
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
        check_services(self.services, self.groups)
        for number, rule in enumerate(self.rules):
            self._check_rule(rule, f"rules[{number}]")
        for number in range(len(self.versions)):
            try:
                self._version(number)
            except SlaError as error:
                raise error.located(f"versions[{number}]") from None
        for customer in self.customers:
            for number in range(-1, len(self.versions)):
                self._of_customer(customer.name, number)
        return self

    def _check_rule(self, rule: Rule, where: str) -> None:
        named = [("tier", rule.tier, self.tiers, "tier"), ("calendar", rule.calendar, self.calendars, "calendar")]
        named += [
            ("when.tier", name, self.tiers, "tier")
            for test in rule.when
            if test.fact == "tier"
            for name in test.values or ()
        ]
        for key, name, things, what in named:
            if name is not None:
                try:
                    find(things, name, what)
                except UnknownName as error:
                    raise InvalidPolicy(
                        error.problem, where=f"{where}.{key}", value=name, remedy=error.remedy
                    ) from None

    # --- its versions, and its customers' ------------------------------------------------------------------------

    @cached_property
    def _made(self) -> dict[tuple[str | None, int], Policy]:
        """The policies that overlays make of this one, by customer and version."""
        return {}

    def _version(self, number: int) -> Policy:
        """Return the policy with the changes of its versions up to one; -1 is before all of them."""
        if number < 0:
            return self
        key = (None, number)
        if key not in self._made:
            before = self._version(number - 1)
            self._made[key] = self.versions[number].applied_to(before)
        return self._made[key]

    def _of_customer(self, name: str, number: int, path: tuple[str, ...] = ()) -> Policy:
        """Return a customer's policy in a version."""
        key = (name, number)
        if key not in self._made:
            customer = next((one for one in self.customers if one.name == name), None)
            where = f"customers.{path[-1] if path else name}"
            if customer is None:
                raise InvalidPolicy(
                    f"its base is the customer {name!r}, which the policy does not have",
                    where=f"{where}.base",
                    value=name,
                    remedy=f"There is {', '.join(repr(one.name) for one in self.customers)}",
                )
            if name in path:
                raise InvalidPolicy(
                    f"the customer is based on itself: {' -> '.join((*path, name))}",
                    where=f"{where}.base",
                    value=name,
                    remedy="Break the circle",
                )
            base = (
                self._version(number)
                if customer.base is None
                else self._of_customer(customer.base, number, (*path, name))
            )
            try:
                self._made[key] = customer.applied_to(base)
            except SlaError as error:
                raise error.located(f"customers.{name}") from None
        return self._made[key]

    def _version_number(self, micros: int) -> int:
        return bisect_right(self._starts, micros) - 1

    @cached_property
    def _starts(self) -> list[int]:
        """The instants from which the versions are in force."""
        zone = zone_of(self.zone)
        return [midnight(zone, version.from_date.toordinal()) for version in self.versions]

    def effective(self, at: datetime, *, customer: str | None = None) -> Policy:
        """
        Return the policy that is in force at an instant, with the changes of its versions, for a customer with theirs.

        A customer without service levels of its own has the policy's.
        """
        return self._effective(to_micros(at), customer)

    def effective_versions(self) -> list[Policy]:
        """Return the policy as each of its versions makes it, and as each customer has it."""
        numbers = range(len(self.versions))
        versions = [self._version(number) for number in numbers]
        return versions + [self._of_customer(one.name, number) for one in self.customers for number in (-1, *numbers)]

    def _effective(self, micros: int, customer: str | None) -> Policy:
        return self._in_force(self._version_number(micros) if self.versions else -1, customer)

    def _in_force(self, version: int, customer: str | None) -> Policy:
        """Return the policy of a version, for a customer with theirs."""
        if customer is not None and any(one.name == customer for one in self.customers):
            return self._of_customer(customer, version)
        return self._version(version)

    @field_serializer("rules", "exclusions", "customers", "versions")
    def _write_overlays(self, things: tuple[Data, ...], info: Any) -> Any:
        if info.field_name == "customers":
            return self._write_named(things)
        return [one.to_data() for one in things]

    @field_serializer("warnings")
    def _write_warnings(self, warnings: tuple[Share, ...]) -> list[str]:
        return [str(share.fraction) for share in warnings]

    @field_serializer("calendars")
    def _write_calendars(self, calendars: tuple[Calendar, ...]) -> dict[str, Any]:
        return {
            str(calendar.name): {key: value for key, value in calendar.to_data().items() if key != "name"}
            for calendar in calendars
        }

    @field_serializer("tiers", "services", "groups", "clocks")
    def _write_named(self, things: tuple[Any, ...]) -> dict[str, Any]:
        return {one.name: {key: value for key, value in one.to_data().items() if key != "name"} for one in things}

    @classmethod
    @override
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema of a policy file."""
        return policy_schema(with_calendars(super().model_json_schema(*args, **options)))

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

    # --- what it says of its services --------------------------------------------------------------------------

    def evaluate_uptime(
        self,
        period: Period | Mapping[str, Period] | None = None,
        *,
        at: datetime,
        probes: Mapping[str, Probes] | None = None,
        requests: Mapping[str, RequestLog] | None = None,
        incidents: Mapping[str, Iterable[Incident]] | None = None,
        maintenance: Mapping[str, Iterable[Maintenance | RecurringMaintenance]] | None = None,
        reclassified: Mapping[str, Iterable[Reclassification]] | None = None,
    ) -> PolicyUptime:
        """
        Return what is known at an instant of each service over a period: by itself, with what it needs, and in groups.

        Without a period, or without one for a service, it is the service's window in which the instant lies. What is
        given is by the name of the service; incidents, maintenance and decisions under `""` are of all of them. Where
        there are probes, a service without any is unknown, unless requests or incidents of its own tell of it. Raises
        `UnknownName` for a service that the policy does not have, and `InvalidAmount` where services that are needed
        together are not asked about over the same period.
        """
        return evaluate_services(
            self,
            period,
            at=at,
            probes=probes or {},
            requests=requests or {},
            incidents=incidents or {},
            maintenance=maintenance or {},
            reclassified=reclassified or {},
        )

    # --- what it says of a ticket ------------------------------------------------------------------------------

    def deadline(
        self, tier: str, opened_at: T, *, target: str | None = None, attributes: Mapping[str, Value] | None = None
    ) -> T:
        """
        Return when a tier's target is due for a ticket opened at an instant, in that instant's type and zone.

        `attributes` are the ticket's, for policies with rules, customers or versions. Raises `UnknownName` for a tier
        or target that there is not, `NaiveDatetime`, `NeverDue`, `OutOfRange`.
        """
        calendar, promised = self._promise(tier, target, opened_at, attributes)
        return calendar.add(opened_at, promised.within)

    def verdict(
        self,
        tier: str,
        opened_at: datetime,
        *,
        stopped_at: datetime | None = None,
        at: datetime | None = None,
        target: str | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> Verdict:
        """
        Return `"met"`, `"breached"` or `"undecided"`, as it can be known at an instant.

        Met: stopped at or before the deadline. Breached: strictly after it. A stop after `at` is not seen. `at` may
        be left out where `stopped_at` is given. Raises as `deadline` does, `InvalidInstant` where neither is given,
        and `InvalidSpan` for a stop before the opening.
        """
        return self.outcome(tier, opened_at, stopped_at=stopped_at, at=at, target=target, attributes=attributes).verdict

    def is_breached(
        self,
        tier: str,
        opened_at: datetime,
        *,
        stopped_at: datetime | None = None,
        at: datetime | None = None,
        target: str | None = None,
        attributes: Mapping[str, Value] | None = None,
    ) -> bool:
        """Whether the verdict is `"breached"`; takes and raises what `verdict` does."""
        found = self.verdict(tier, opened_at, stopped_at=stopped_at, at=at, target=target, attributes=attributes)
        return found == "breached"

    def outcome(
        self,
        tier: str,
        opened_at: datetime,
        *,
        stopped_at: datetime | None = None,
        at: datetime | None = None,
        target: str | None = None,
        id: str = "",  # noqa: A002  (the ticket's)
        attributes: Mapping[str, Value] | None = None,
    ) -> Outcome:
        """Return the verdict together with the due instant and the lateness; takes and raises what `verdict` does."""
        calendar, promised = self._promise(tier, target, opened_at, attributes)
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
        until = seen if seen is not None else at
        assert until is not None  # noqa: S101  (one of the two is given, or there is no verdict)
        counted = counted_in(calendar, promised.within)
        outcome = Outcome(
            id,
            tier,
            promised.name,
            opened_at,
            due_at,
            seen,
            found,
            elapsed=max(counted.elapsed(opened_at, until), timedelta()),
            attributes=attributes or Attributes(),
        )
        return outcome.late_until(until, counted) if found == "breached" else outcome

    def _promise(
        self, tier: str, target: str | None, opened_at: datetime, attributes: Mapping[str, Value] | None
    ) -> tuple[Calendar, Target]:
        if not (self.rules or self.versions or self.customers):
            found = self.tier(tier)
            return self.calendar(found.calendar), found.target(target)
        facts = {name: text_of(value) for name, value in (attributes or {}).items()}
        policy = self._effective(to_micros(opened_at), facts.get(self.customer_attribute))
        own = policy.tier(tier)
        promises = policy._promises.of(tier, {**facts, "tier": tier}.get)
        if target is None and len(promises) == 1:
            target = next(iter(promises))
        name = own.target(target).name if target is None else target
        if name not in promises:
            raise UnknownName(
                f"there is no target {name!r}",
                where="target",
                value=name,
                remedy=f"There is {', '.join(map(repr, promises)) or 'none'}",
            )
        return promises[name].named, Target(name=name, within=promises[name].amount)

    # --- what it says of a ticket's events -----------------------------------------------------------------------

    @cached_property
    def _promises(self) -> Promises:
        return Promises(self)

    @cached_property
    def _plan(self) -> Plan:
        """The policy as it stands, without versions and customers, compiled."""
        return plan_of(self, self.name)

    def evaluate(self, ticket: Ticket, *, at: datetime) -> TicketStatus:
        """
        Return what is known of a ticket at an instant: its clocks, deadlines, verdicts, warnings, and what is odd.

        Events after `at` are not seen. Raises `UnknownName` for a tier that there is not, `InvalidPolicy` for a
        target that no clock is called by, and `OutOfRange` for years without holiday data.
        """
        return self._evaluate(ticket, to_micros(at))

    def _evaluate(self, ticket: Ticket, at: int) -> TicketStatus:
        if not (self.versions or self.customers) and ticket.tier is not None:
            return evaluate(self._plan, ticket, at)
        attributes = ticket.attributes
        customer = text_of(attributes.get(self.customer_attribute)) if self.customers else None
        opened = ticket.opened_micros
        policy = self._effective(opened, customer)
        if ticket.tier is None:
            ticket = replace(
                ticket, tier=tier_by_rules(policy, {name: text_of(one) for name, one in attributes.items()})
            )
        switches: list[tuple[int, Plan]] = []
        if self.straddling == "change":
            switches = [(start, self._effective(start, customer)._plan) for start in self._starts if start > opened]
        return evaluate(policy._plan, ticket, at, switches)

    def evaluate_all(self, tickets: Iterable[Ticket], *, at: datetime) -> Evaluation:
        """
        Return what is known of many tickets at an instant; a ticket that cannot be evaluated is a problem, and no
        error.
        """
        micros = to_micros(at)
        statuses: list[TicketStatus] = []
        later: list[str] = []
        problems: list[TicketProblem] = []
        for ticket in tickets:
            if ticket.opened_micros > micros:
                later.append(ticket.id)
                continue
            try:
                statuses.append(self._evaluate(ticket, micros))
            except SlaError as error:
                problems.append(
                    TicketProblem(ticket.id, f"{error.problem}. {error.remedy}" if error.remedy else error.problem)
                )
        return Evaluation(self.name, at, tuple(statuses), tuple(later), tuple(problems))

    def excluded(self, outcome: Outcome) -> str | None:
        """
        Return why an outcome counts for nothing, as the policy stood when its clock started; None where it counts.
        """
        if not (self.exclusions or self.customers or self.versions):
            return None
        facts = {name: text_of(value) for name, value in outcome.attributes.items()}
        policy = self._effective(to_micros(outcome.opened_at), facts.get(self.customer_attribute))
        facts["tier"] = outcome.tier
        return next((one.reason for one in policy.exclusions if one.when.holds(facts.get)), None)
