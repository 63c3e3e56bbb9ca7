"""
What if: the same tickets under two policies. Which verdicts flip, by how much, and what it does to each month.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sla_engine.instants import micros_of, to_micros
from sla_engine.ledger import duration_text_of
from sla_engine.policies.policy import Policy
from sla_engine.policies.report import Report, report
from sla_engine.tickets import Attribute, ComplianceChange, EventLog, Outcome, Ticket, TicketLog
from sla_engine.tickets.event_log import log_of

Key = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class Flip:
    """
    One target of one ticket that the two policies judge differently.

    `due_moved_by` is how much later the second policy's due instant is (negative: earlier; None where one has none).
    """

    before: Outcome
    after: Outcome

    @property
    def due_moved_by(self) -> timedelta | None:
        """How much later the target is due under the second policy."""
        if self.before.due_at is None or self.after.due_at is None:
            return None
        return timedelta(0, 0, to_micros(self.after.due_at) - to_micros(self.before.due_at))

    def to_data(self) -> dict[str, Any]:
        """Return the flip as one flat record."""
        moved = self.due_moved_by
        return {
            "id": self.before.id,
            "tier": self.before.tier,
            "target": self.before.target,
            "cycle": self.before.cycle,
            "verdict_before": self.before.verdict,
            "verdict_after": self.after.verdict,
            "due_before": self.before.due_at.isoformat() if self.before.due_at else None,
            "due_after": self.after.due_at.isoformat() if self.after.due_at else None,
            "due_moved_by": None if moved is None else duration_text_of(moved),
            "late_before": duration_text_of(self.before.late_open_time),
            "late_after": duration_text_of(self.after.late_open_time),
        }


@dataclass(frozen=True, slots=True)
class WhatIf:
    """
    A log under two policies: the report of each, by month, and what differs between them.

    `flips` are the targets with another verdict, the largest move of the due instant first. `moved` is the number of
    targets with another due instant, `compared` the number of those that both policies have; `only_before` and
    `only_after` are cycles that one of them does not have.
    """

    before: Report
    after: Report
    flips: tuple[Flip, ...]
    compared: int
    moved: int
    only_before: tuple[Outcome, ...]
    only_after: tuple[Outcome, ...]

    @property
    def changes(self) -> tuple[ComplianceChange, ...]:
        """Each figure under both policies, tier by tier and month by month."""
        return self.after.compliance.change_from(self.before.compliance)

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "before": self.before.policy,
            "after": self.after.policy,
            "compared": self.compared,
            "moved": self.moved,
            "flips": [flip.to_data() for flip in self.flips],
            "only_before": [one.to_data() for one in self.only_before],
            "only_after": [one.to_data() for one in self.only_after],
            "changes": [
                {
                    **dict(change.labels),
                    "share_before": str(change.before.fraction) if change.before else None,
                    "share_after": str(change.after.fraction) if change.after else None,
                    "points": None if change.points is None else str(change.points),
                }
                for change in self.changes
            ],
        }

    def to_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps(self.to_data(), indent=2, ensure_ascii=False)


def what_if(
    log: TicketLog | EventLog | Iterable[Ticket],
    before: Policy,
    after: Policy,
    *,
    at: datetime | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
    by: str | Iterable[str] = "month",
) -> WhatIf:
    """
    Evaluate the same log under two policies, and return what differs.

    `at`, `attribute` and `target` are those of `report`; `by` groups the figures, by the month in each policy's zone
    unless said otherwise. Raises as `report` does.
    """
    log = log_of(log)
    one = report(before, log, at=at, attribute=attribute, target=target, by=by)
    other = report(after, log, at=at, attribute=attribute, target=target, by=by)
    ours, theirs = _by_key(one), _by_key(other)
    both = [(ours[key], theirs[key]) for key in ours if key in theirs]
    flips = [Flip(old, new) for old, new in both if old.verdict != new.verdict]
    flips.sort(key=lambda flip: (-abs(micros_of(flip.due_moved_by or timedelta())), flip.before.id, flip.before.cycle))
    return WhatIf(
        one,
        other,
        tuple(flips),
        len(both),
        sum(1 for old, new in both if _due(old) != _due(new)),
        tuple(ours[key] for key in ours if key not in theirs),
        tuple(theirs[key] for key in theirs if key not in ours),
    )


def _due(outcome: Outcome) -> int | None:
    return None if outcome.due_at is None else to_micros(outcome.due_at)


def _by_key(found: Report) -> dict[Key, Outcome]:
    figures = found.compliance
    outcomes = [*(one for figure in figures.figures for one in figure), *figures.outside, *figures.unattributed]
    return {(one.id, one.tier, one.target, one.cycle): one for one in outcomes}
