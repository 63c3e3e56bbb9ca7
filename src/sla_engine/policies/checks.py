"""
What is odd about a policy: promises that cannot be kept or never fall due, rules that never apply, hours that nobody
has, and offsets that may have meant civil time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sla_engine.calendars import BusinessCalendar, Calendar, CombinedCalendar, VersionedCalendar
from sla_engine.errors import BeyondHorizon, InvalidPolicy, OutOfRange
from sla_engine.facts import text_of
from sla_engine.instants import to_micros
from sla_engine.policies.compiled import Promises, clock_of
from sla_engine.policies.overlays import Overlay
from sla_engine.policies.policy import Policy
from sla_engine.policies.references import rebuilt
from sla_engine.policies.what_if import WhatIf, what_if
from sla_engine.targets import Tier
from sla_engine.tickets import EventLog, Ticket, TicketLog
from sla_engine.tickets.event_log import log_of
from sla_engine.zones import zone_name

FindingKind = Literal[
    "never_opens",
    "never_due",
    "never_met",
    "no_clock",
    "shadowed",
    "overlapping",
    "no_coverage",
    "unknown_tier",
    "no_tier",
    "fixed_offset",
    "unused_calendar",
]

CIVIL_ZONES: Mapping[str, str] = {
    "UTC-08:00": "America/Los_Angeles",
    "UTC-07:00": "America/Denver",
    "UTC-06:00": "America/Chicago",
    "UTC-05:00": "America/New_York",
    "UTC+01:00": "Europe/Zurich",
    "UTC+02:00": "Europe/Athens",
    "UTC+10:00": "Australia/Sydney",
}
"""The civil zones that people mostly mean by an offset, by the offset of their winter."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd about a policy: its kind, the key where it is, what it is, and what to do about it."""

    kind: FindingKind
    where: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """
    The findings about a policy; and, where a log was given and the policy counts in fixed offsets, the same log with
    the civil zones that may have been meant (`readings`).
    """

    policy: str
    findings: tuple[Finding, ...]
    readings: WhatIf | None = None

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "policy": self.policy,
            "findings": [
                {"kind": one.kind, "where": one.where, "text": one.text, "remedy": one.remedy} for one in self.findings
            ],
            "readings": None if self.readings is None else self.readings.to_data(),
        }

    def to_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps(self.to_data(), indent=2, ensure_ascii=False)


def check_policy(
    policy: Policy,
    *,
    at: datetime,
    log: TicketLog | EventLog | Iterable[Ticket] | None = None,
    target: str | None = None,
    civil_zones: Mapping[str, str] = CIVIL_ZONES,
) -> PolicyCheck:
    """
    Return what is odd about a policy, as it is in force at an instant; with a log, also what that says of its tickets.

    Looked for are calendars that never open or that nothing uses, targets that are never due or can never be met,
    targets without a clock, rules that an earlier one shadows or overlaps, customers whose tiers have no open hours,
    tickets of the log that no tier or rule takes, and fixed offsets that may have meant civil time: `civil_zones`
    says which, and `target` which target counts then, for logs with a row a ticket whose tiers have several.
    """
    now = policy.effective(at)
    findings = [
        *_calendars(policy, now, at),
        *_targets(now, at),
        *_rules(now),
        *_customers(policy, at),
        *_offsets(now, civil_zones),
    ]
    given = None if log is None else log_of(log)
    if given is not None:
        findings += _tickets(policy, given)
    readings = None
    if given is not None and any(one.kind == "fixed_offset" for one in findings):
        readings = what_if(given, policy, in_civil_time(policy, civil_zones), at=at, target=target)
    return PolicyCheck(policy.name, tuple(findings), readings)


def _opens(calendar: Calendar, at: datetime) -> bool:
    try:
        calendar.next_opening(at)
    except BeyondHorizon:
        return calendar.is_open(at)
    except OutOfRange:
        return True
    return True


def _calendars(whole: Policy, policy: Policy, at: datetime) -> Iterator[Finding]:
    everybodys = [whole, policy, *whole.effective_versions()]
    used = {tier.calendar for one in everybodys for tier in one.tiers}
    used |= {rule.calendar for one in everybodys for rule in one.rules if rule.calendar is not None}
    parts = {id(part) for calendar in policy.calendars for part in _parts(calendar)}
    names = {part.name for calendar in policy.calendars for part in _parts(calendar)}
    for calendar in policy.calendars:
        where = f"calendars.{calendar.name}"
        if not _opens(calendar, at):
            yield Finding("never_opens", where, f"it is never open after {at.isoformat()}", "Give it hours")
        if calendar.name not in used and calendar.name not in names and id(calendar) not in parts:
            yield Finding("unused_calendar", where, "no tier, rule or other calendar counts in it", "Use it or drop it")


def _parts(calendar: Calendar) -> Iterator[Calendar]:
    """Yield the calendars that a calendar is made of."""
    if isinstance(calendar, CombinedCalendar):
        parts = [calendar.left, calendar.right]
    elif isinstance(calendar, VersionedCalendar):
        parts = [version.calendar for version in calendar.versions]
    else:
        return
    for part in parts:
        yield part
        yield from _parts(part)


def _targets(policy: Policy, at: datetime, prefix: str = "", unchanged: tuple[Tier, ...] = ()) -> Iterator[Finding]:
    start = to_micros(at)
    promises = Promises(policy)
    for tier in policy.tiers:
        if tier in unchanged:
            continue
        where = f"{prefix}tiers.{tier.name}.targets"
        for name in promises.names[tier.name]:
            try:
                clock_of(policy, name)
            except InvalidPolicy as error:
                yield Finding("no_clock", f"{where}.{name}", error.problem, error.remedy)
        for target in tier.targets:
            promise = promises.promise(tier.calendar, target.within)
            try:
                needed, floor = promise.fixed(start)
                due = floor if promise.is_days else promise.timeline.add(start, needed)
            except BeyondHorizon as error:
                yield Finding("never_due", f"{where}.{target.name}", error.problem, error.remedy)
                continue
            except OutOfRange:
                continue
            if due == start and needed == 0:
                text = f"'{target.within}' is due at the start itself, so nothing but an instant answer meets it"
                yield Finding("never_met", f"{where}.{target.name}", text, "Promise more")


def _rules(policy: Policy) -> Iterator[Finding]:
    for number, rule in enumerate(policy.rules):
        where = f"rules[{number}]"
        for say in sorted(rule.says()):
            earlier = [(place, one) for place, one in enumerate(policy.rules[:number]) if say in one.says()]
            shadow = next((place for place, one in earlier if one.when.covers(rule.when)), None)
            if shadow is not None:
                text = f"rules[{shadow}] comes first and takes every ticket of it, so its {say} never applies"
                yield Finding("shadowed", where, text, "Put the narrower rule first, or drop it")
                continue
            for place, one in earlier:
                if not one.when.excludes(rule.when) and not rule.when.covers(one.when):
                    text = f"some tickets match rules[{place}] as well ({one.when}), which decides their {say}"
                    yield Finding("overlapping", where, text, "See that the order is meant, or narrow one of them")


def _customers(policy: Policy, at: datetime) -> Iterator[Finding]:
    for customer in policy.customers:
        theirs = policy.effective(at, customer=customer.name)
        prefix = f"customers.{customer.name}."
        for tier in theirs.tiers:
            if not _opens(theirs.calendar(tier.calendar), at):
                text = f"its tickets in {tier.name} count in {tier.calendar!r}, which is never open"
                yield Finding("no_coverage", f"{prefix}tiers.{tier.name}", text, "Give it a calendar with hours")
        yield from _targets(theirs, at, prefix, policy.effective(at).tiers)


def _tickets(policy: Policy, log: TicketLog | EventLog) -> Iterator[Finding]:
    """Yield what the tickets of a log find missing: tiers that there are not, and tickets that no rule takes."""
    tiers = {tier.name for tier in policy.tiers}
    unknown: dict[str, list[str]] = {}
    without: list[str] = []
    uncovered: dict[str, list[str]] = {}
    for one in log.tickets if isinstance(log, EventLog) else log.rows:
        at = one.opened_at
        if one.tier is None:
            facts = {name: text_of(value) for name, value in one.attributes.items()}
            customer = facts.get(policy.customer_attribute)
            given = policy.effective(at, customer=customer)
            if not any(rule.tier is not None and rule.when.holds(facts.get) for rule in given.rules):
                without.append(one.id)
                if customer is not None:
                    uncovered.setdefault(customer, []).append(one.id)
        elif one.tier not in tiers:
            unknown.setdefault(one.tier, []).append(one.id)
    for name, ids in unknown.items():
        text = f"{len(ids)} tickets of the log are of the tier {name!r}, which the policy does not have"
        yield Finding("unknown_tier", "tiers", f"{text} (the first is {ids[0]!r})", "Add the tier, or map its name")
    if without:
        text = f"{len(without)} tickets of the log have no tier, and no rule gives them one"
        yield Finding(
            "no_tier", "rules", f"{text} (the first is {without[0]!r})", "End the rules with one for the rest"
        )
    for name, ids in uncovered.items():
        text = f"{len(ids)} tickets of the customer {name!r} fall under no tier"
        yield Finding("no_coverage", f"customers.{name}", f"{text} (the first is {ids[0]!r})", "Add a rule for them")


def _offsets(policy: Policy, civil_zones: Mapping[str, str]) -> Iterator[Finding]:
    for calendar in policy.calendars:
        if isinstance(calendar, BusinessCalendar) and calendar.zone in civil_zones:
            civil = civil_zones[calendar.zone]
            text = f"{calendar.zone} is the same offset all year; civil time, as in {civil}, is an hour on in summer"
            yield Finding("fixed_offset", f"calendars.{calendar.name}.zone", text, f"Write {civil!r} if that is meant")


def in_civil_time(policy: Policy, civil_zones: Mapping[str, str] = CIVIL_ZONES) -> Policy:
    """
    Return a policy with the civil zones that fixed offsets may have meant: the other reading of "GMT+1".

    Calendars made of others follow them, and so do those of customers and versions. Offsets that `civil_zones` does not
    name stay as they are.
    """

    def civil(calendar: Calendar) -> Calendar:
        zone = civil_zones.get(calendar.zone)
        moved = calendar if zone is None else calendar.model_copy(update={"zone": zone})
        return rebuilt(moved, civil)

    return policy.model_copy(
        update={
            "name": f"{policy.name}, in civil time",
            "calendars": tuple(civil(calendar) for calendar in policy.calendars),
            "customers": tuple(_overlay_in_civil_time(one, civil_zones) for one in policy.customers),
            "versions": tuple(_overlay_in_civil_time(one, civil_zones) for one in policy.versions),
        }
    )


def _overlay_in_civil_time(overlay: Overlay, zones: Mapping[str, str]) -> Overlay:
    changes = json.loads(overlay.changes)
    if "calendars" not in changes:
        return overlay
    changes["calendars"] = _written_in_civil_time(changes["calendars"], zones)
    return overlay.model_copy(update={"changes": json.dumps(changes, ensure_ascii=False)})


def _written_in_civil_time(written: Any, zones: Mapping[str, str]) -> Any:
    """Return calendars as they are written, with other zones."""
    if isinstance(written, dict):
        return {
            key: zones.get(zone_name(value), value)
            if key == "zone" and isinstance(value, str)
            else _written_in_civil_time(value, zones)
            for key, value in written.items()
        }
    return [_written_in_civil_time(one, zones) for one in written] if isinstance(written, list) else written
