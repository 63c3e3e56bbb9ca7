"""
All services of a policy over a period: each by itself, with what it needs, and in the groups that are promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sla_engine.errors import InvalidPolicy, SlaError, UnknownName
from sla_engine.periods import Period
from sla_engine.targets import find
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.maintenance import Maintenance
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.reclassification import Reclassification
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.uptime.reports import UptimeReport
from sla_engine.uptime.requests import RequestLog
from sla_engine.uptime.services import Probes, Service, ServiceGroup
from sla_engine.uptime.together import JointReport, evaluate_together

if TYPE_CHECKING:
    from sla_engine.policies.policy import Policy

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PolicyUptime:
    """
    What is known of all services of a policy over a period.

    `services` are the reports of each by itself; `with_needs` those that need others, together with all of them;
    `groups` the groups of the policy.
    """

    services: Mapping[str, UptimeReport]
    with_needs: Mapping[str, JointReport]
    groups: Mapping[str, JointReport]

    def __getitem__(self, service: str) -> UptimeReport:
        return find_report(self.services, service)


def find_report(reports: Mapping[str, UptimeReport], name: str) -> UptimeReport:
    """Return the report of a service; raises `UnknownName`."""
    if name not in reports:
        raise UnknownName(
            f"there is no service {name!r}",
            where="service",
            value=name,
            remedy=f"There is {', '.join(map(repr, reports)) or 'none'}",
        )
    return reports[name]


def evaluate_services(
    policy: Policy,
    period: Period | Mapping[str, Period] | None,
    *,
    at: datetime,
    probes: Mapping[str, Probes],
    requests: Mapping[str, RequestLog],
    incidents: Mapping[str, Iterable[Incident]],
    maintenance: Mapping[str, Iterable[Maintenance | RecurringMaintenance]],
    reclassified: Mapping[str, Iterable[Reclassification]],
) -> PolicyUptime:
    """Return what is known of each service of a policy; see `Policy.evaluate_uptime`."""
    periods = period if isinstance(period, Mapping) else {}
    for name in (*periods, *probes, *requests, *filter(None, (*incidents, *maintenance, *reclassified))):
        policy.service(name)
    # What is said of all services is read for each of them.
    incidents, maintenance, reclassified = _kept(incidents), _kept(maintenance), _kept(reclassified)
    found: dict[str, UptimeReport] = {}
    for service in policy.services:
        own = period.get(service.name) if isinstance(period, Mapping) else period
        found[service.name] = service.evaluate(
            service.window_of(at) if own is None else own,
            at=at,
            probes=_probes_of(service, probes, told=service.name in requests or service.name in incidents),
            requests=requests.get(service.name),
            incidents=_of(service.name, incidents) if incidents else None,
            maintenance=_of(service.name, maintenance),
            reclassified=_of(service.name, reclassified),
        )
    with_needs = {
        service.name: _together(
            {name: found[name] for name in needed_by(service, policy.services)},
            f"services.{service.name}.needs",
            service,
        )
        for service in policy.services
        if service.needs
    }
    groups = {
        group.name: _together({name: found[name] for name in group.services}, f"groups.{group.name}", group)
        for group in policy.groups
    }
    return PolicyUptime(found, with_needs, groups)


def _probes_of(service: Service, probes: Mapping[str, Probes], *, told: bool) -> Probes:
    """
    Return the probes of a service; where others have some and nothing tells of this one, a log without any.

    Nobody has seen such a service, and that no probe failed must not make it one that was up.
    """
    given = probes.get(service.name)
    if (given is None and (told or not probes)) or given:
        return given or ()
    return ProbeLog.of((), every=service.probe_every)


def _kept(by_service: Mapping[str, Iterable[_T]]) -> dict[str, tuple[_T, ...]]:
    return {service: tuple(given) for service, given in by_service.items()}


def _of(service: str, by_service: Mapping[str, Iterable[_T]]) -> tuple[_T, ...]:
    """Return what is said of a service, and of all."""
    return (*by_service.get("", ()), *by_service.get(service, ()))


def _together(parts: Mapping[str, UptimeReport], where: str, of: Service | ServiceGroup) -> JointReport:
    needed = of.needed if isinstance(of, ServiceGroup) else None
    longest = None if isinstance(of, ServiceGroup) else of.longest_outage
    try:
        return evaluate_together(parts, target=of.uptime, needed=needed, longest_outage=longest)
    except SlaError as error:
        raise error.located(where) from None


def needed_by(service: Service, services: Sequence[Service]) -> list[str]:
    """Return a service and all that it needs, and those need, each once; raises `InvalidPolicy` for a circle."""
    found: list[str] = []

    def add(one: Service, path: tuple[str, ...]) -> None:
        if one.name in path:
            raise InvalidPolicy(
                f"the service needs itself: {' -> '.join((*path, one.name))}",
                where=f"services.{path[-1]}.needs",
                value=one.name,
                remedy="Break the circle",
            )
        if one.name in found:
            return
        found.append(one.name)
        for name in one.needs:
            add(find(services, name, "service"), (*path, one.name))

    add(service, ())
    return found


def check_services(services: Sequence[Service], groups: Sequence[ServiceGroup]) -> None:
    """Raise `InvalidPolicy` for a service or group that needs what is not there, or needs itself."""
    for service in services:
        _check_names(service.needs, services, f"services.{service.name}.needs")
    for service in services:
        needed_by(service, services)
    for group in groups:
        where = f"groups.{group.name}"
        _check_names(group.services, services, f"{where}.services")
        if len(set(group.services)) < len(group.services):
            raise InvalidPolicy(
                "a service is in the group twice",
                where=f"{where}.services",
                value=group.services,
                remedy="Write it once",
            )
        if group.needed is not None and group.needed > len(group.services):
            raise InvalidPolicy(
                f"{group.needed} of {len(group.services)} services cannot be needed",
                where=f"{where}.needed",
                value=group.needed,
                remedy="Ask for one up to all of them",
            )


def _check_names(names: Iterable[str], services: Sequence[Service], where: str) -> None:
    for name in names:
        try:
            find(services, name, "service")
        except UnknownName as error:
            raise InvalidPolicy(error.problem, where=where, value=name, remedy=error.remedy) from None
