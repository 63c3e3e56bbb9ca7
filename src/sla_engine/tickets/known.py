"""
What is known of a ticket between two events: its facts, and the pauses that are open.
"""

from __future__ import annotations

from collections.abc import Mapping

from sla_engine.facts import Match, Test, text_of
from sla_engine.tickets.plans import ClockPlan

OVER = ("solved", "closed", "cancelled")
"""The statuses of a finished ticket."""
_TRUE, _FALSE = ("true",), ("false",)


class Known:
    """What is known of the ticket between two events."""

    __slots__ = ("known", "pauses", "reasons", "status", "tier")

    def __init__(self, tier: str, attributes: Mapping[str, object]) -> None:
        self.tier = tier
        self.status = "new"
        self.pauses: dict[str, int] = {}
        self.reasons = ""
        self.known: dict[str, str | None] = {
            "tier": tier,
            "status": "new",
            "awaiting": "agent",
            "responded": "false",
            "solved": "false",
        }
        """Every fact but the pauses: what the events tell, and the attributes (none has the name of another)."""
        for name, value in attributes.items():
            self.known[name] = text_of(value)

    def copy(self) -> Known:
        """Return what is known now, to compare with later."""
        twin = object.__new__(Known)
        twin.tier, twin.status, twin.reasons = self.tier, self.status, self.reasons
        twin.pauses, twin.known = dict(self.pauses), dict(self.known)
        return twin

    def has_status(self, status: str) -> None:
        """Note a status."""
        self.status = self.known["status"] = status
        self.known["solved"] = "true" if status in OVER else "false"

    def is_in(self, tier: str) -> None:
        """Note the tier that the ticket is in."""
        self.tier = self.known["tier"] = tier

    def holds(self, match: Match) -> bool:
        """Whether a condition holds."""
        for test in match:
            fact, values, negated = test
            if fact == "paused":
                if not self._is_paused(test):
                    return False
            else:
                found = self.known.get(fact)
                if (found is not None if values is None else found in values) is negated:
                    return False
        return True

    def _is_paused(self, test: Test) -> bool:
        """`true` is any pause, `false` none, a reason a pause of that reason, and `not` a pause of another."""
        pauses, values = self.pauses, test.values
        if values is None or values == _TRUE:
            return bool(pauses) is not test.negated
        if values == _FALSE:
            return bool(pauses) is test.negated
        return any((reason in values) is not test.negated for reason in pauses)

    def pause_of(self, plan: ClockPlan) -> str:
        """Return why a clock is paused; empty where it runs."""
        for match, said in plan.pause:
            if len(match) == 1:
                # The two that nearly all clocks have, without a detour.
                fact, values, negated = match[0]
                if fact == "paused" and values == _TRUE and not negated:
                    if self.pauses:
                        return self.reasons
                    continue
                if fact == "status" and values is not None and not negated:
                    if self.status in values:
                        return said
                    continue
            if self.holds(match):
                return self.reasons if self.pauses and any(test.fact == "paused" for test in match) else said
        return ""

    def paused_by(self, *, reason: str | None, micros: int | None) -> None:
        """Note a pause for a reason, or the end of one; the end of all where there is none."""
        if micros is not None:
            self.pauses[reason or ""] = micros
        elif reason is None:
            self.pauses.clear()
        else:
            del self.pauses[reason]
        said = ", ".join(sorted(one for one in self.pauses if one))
        self.reasons = f"paused: {said}" if said else "paused"
