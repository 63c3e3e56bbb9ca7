"""
A policy, compiled for the evaluation of tickets: which clocks each tier has, and what each promises to whom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sla_engine.amounts import Amount
from sla_engine.errors import InvalidPolicy, UnknownName
from sla_engine.facts import Match
from sla_engine.policies.rules import Rule
from sla_engine.targets import Tier
from sla_engine.tickets.clocks import PRESETS, Clock
from sla_engine.tickets.plans import ClockPlan, Plan, Promise, RequirementPlan, TierPlan

if TYPE_CHECKING:
    from sla_engine.policies.policy import Policy

STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed", "cancelled")
"""The statuses that every policy knows."""

Fact = Callable[[str], str | None]


class Promises:
    """What a policy promises in each tier, by its rules."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._made: dict[tuple[str, Amount], Promise] = {}
        self.rules = {tier.name: _rules_of(policy.rules, tier.name) for tier in policy.tiers}
        self.names = {tier.name: _target_names(tier, self.rules[tier.name]) for tier in policy.tiers}

    def promise(self, calendar: str, amount: Amount) -> Promise:
        """Return the promise of an amount in a calendar, the same one each time."""
        key = (calendar, amount)
        if key not in self._made:
            self._made[key] = Promise(amount, self.policy.calendar(calendar))
        return self._made[key]

    def of(self, tier: str, fact: Fact) -> dict[str, Promise]:
        """Return the promises of a tier for a ticket with some facts."""
        own = self.policy.tier(tier)
        rules = [rule for rule in self.rules[tier] if rule.when.holds(fact)]
        calendar = next((rule.calendar for rule in rules if rule.calendar is not None), own.calendar)
        found: dict[str, Promise] = {}
        for name in self.names[tier]:
            amount = _amount(name, own, rules)
            if amount is not None:
                found[name] = self.promise(calendar, amount)
        return found

    def fixed(self) -> dict[str, dict[str, Promise]]:
        """Return the promises of the tiers in which no rule asks about the ticket."""
        return {
            tier: self.of(tier, {"tier": tier}.get)
            for tier, rules in self.rules.items()
            if all(test.fact == "tier" for rule in rules for test in rule.when)
        }


def _rules_of(rules: tuple[Rule, ...], tier: str) -> tuple[Rule, ...]:
    """Return the rules that can say something of a tier's tickets, as far as their tier tells."""
    here = Match.parse({"tier": tier})
    return tuple(rule for rule in rules if (rule.calendar or rule.targets) and not rule.when.excludes(here))


def _target_names(tier: Tier, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    names = [target.name for target in tier.targets]
    names += [name for rule in rules for name, _ in rule.targets]
    return tuple(dict.fromkeys(names))


def _amount(name: str, tier: Tier, rules: list[Rule]) -> Amount | None:
    for rule in rules:
        for named, amount in rule.targets:
            if named == name:
                return amount
    return next((target.within for target in tier.targets if target.name == name), None)


def clock_of(policy: Policy, name: str) -> Clock:
    """Return the clock that a target's name stands for: the policy's own, or a preset."""
    for clock in policy.clocks:
        if clock.name == name:
            return clock
    if name in PRESETS:
        return Clock.from_data({"name": name, "preset": name})
    raise InvalidPolicy(
        f"no clock is called {name!r}, so events cannot start or stop it",
        where="clocks",
        value=name,
        remedy=f'Write [clocks.{name}], for instance with preset = "resolution", or use {", ".join(PRESETS)}',
    )


def statuses_of(policy: Policy) -> frozenset[str]:
    """Return the statuses that a policy knows: the usual ones, its own, and those that its clocks name."""
    named = set(STATUSES) | set(policy.statuses)
    for clock in policy.clocks:
        matches = list(clock.pause)
        for trigger in (*clock.start, *clock.stop, *clock.cancel):
            matches += [match for match in (trigger.before, trigger.when) if match is not None]
            if trigger.event.startswith("status:"):
                named.add(trigger.event.partition(":")[2])
        for match in matches:
            for test in match:
                if test.fact == "status":
                    named.update(test.values or ())
    return frozenset(named)


def plan_of(policy: Policy, label: str) -> Plan:
    """Return a policy's plan; raises `InvalidPolicy` for a target that has no clock."""
    promises = Promises(policy)
    clocks: dict[str, ClockPlan] = {}
    for tier in policy.tiers:
        for name in promises.names[tier.name]:
            if name not in clocks:
                clocks[name] = ClockPlan(
                    clock_of(policy, name),
                    len(clocks),
                    warnings=policy.warnings,
                    compare=policy.compare,
                    retarget=policy.retarget,
                )
    tiers = [
        TierPlan(
            tier.name,
            tuple(clocks[name] for name in promises.names[tier.name]),
            tuple(RequirementPlan(one.name, one.attributes or (one.name,), one.when) for one in tier.requires),
        )
        for tier in policy.tiers
    ]
    return Plan(label, tiers, statuses_of(policy), promises.of, promises.fixed())


def tier_by_rules(policy: Policy, attributes: Mapping[str, str | None]) -> str:
    """Return the tier of a ticket that names none; raises `UnknownName` where no rule matches."""
    for rule in policy.rules:
        if rule.tier is not None and rule.when.holds(attributes.get):
            return rule.tier
    said = ", ".join(f"{name} {value}" for name, value in attributes.items()) or "no attributes"
    raise UnknownName(
        f"no rule of the policy gives a tier to a ticket with {said}",
        where="tier",
        value=dict(attributes),
        remedy="Name the ticket's tier, or end the rules with one that matches all",
    )
