"""
A policy applied to a ticket log: what was met, what was breached and by how much, and what could not be used.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.instants import to_micros
from sla_engine.periods import Period
from sla_engine.policies.policy import Policy
from sla_engine.tickets import Attribute, Compliance, Outcome, RowProblem, TicketLog, compliance


@dataclass(frozen=True, slots=True)
class Report:
    """
    The compliance of a ticket log under a policy, and every row accounted for.

    `compliance` has the figures. `not_yet_opened` are the ids of tickets opened after the instant asked about,
    `problems` the rows that could not be used. `accounted_rows` is the sum of all of them, and equals the rows of the
    log.
    """

    policy: str
    at: datetime | None
    compliance: Compliance
    not_yet_opened: tuple[str, ...]
    problems: tuple[RowProblem, ...]

    @property
    def accounted_rows(self) -> int:
        """The number of rows behind all figures."""
        figures = self.compliance
        counted = sum(len(tier) for tier in figures.tiers) + len(figures.outside) + len(figures.unattributed)
        return counted + len(self.not_yet_opened) + len(self.problems)

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        figures = self.compliance
        span = figures.period.span if figures.period else None
        return {
            "policy": self.policy,
            "period": figures.period.label if figures.period else None,
            "period_start": span.start.isoformat() if span else None,
            "period_end": span.end.isoformat() if span else None,
            "attribute": figures.attribute,
            "at": self.at.isoformat() if self.at else None,
            "tiers": [tier.to_data() for tier in figures.tiers],
            "breached": [outcome.to_data() for outcome in figures.breached],
            "rows": {
                "all": self.accounted_rows,
                "in_period": sum(len(tier) for tier in figures.tiers),
                "outside_period": len(figures.outside),
                "without_that_instant": len(figures.unattributed),
                "not_yet_opened": len(self.not_yet_opened),
                "unusable": len(self.problems),
            },
            "problems": [{"line": one.line, "id": one.id, "problem": one.problem} for one in self.problems],
        }

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_data(), indent=2, ensure_ascii=False)

    def to_csv(self) -> str:
        """Return every outcome of the period as CSV, a row each, in the order in which they were due."""
        text = io.StringIO()
        names = ["id", "tier", "target", "opened_at", "due_at", "stopped_at", "verdict", "late_by", "late_open_time"]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        outcomes = [one for tier in self.compliance.tiers for one in tier]
        for outcome in sorted(outcomes, key=lambda one: (to_micros(one.due_at), one.id)):
            writer.writerow(outcome.to_data())
        return text.getvalue()


def report(
    policy: Policy,
    log: TicketLog,
    *,
    period: Period | None = None,
    at: datetime | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
) -> Report:
    """
    Evaluate every ticket of a log under a policy, and count those of a period.

    `at` is the instant as of which everything is seen; it is needed where tickets are still open. A row whose tier
    the policy does not have, or whose stop lies before its opening, is reported as a problem, and the rest is
    evaluated.

    Raises `InvalidInstant` where `at` is needed and missing.
    """
    running = [row for row in log.rows if row.stopped_at is None]
    if running and at is None:
        raise InvalidInstant(
            f"{len(running)} tickets are open (the first is {running[0].id!r}, on line {running[0].line}), so the "
            "verdicts depend on the present",
            where="at",
            remedy="Say as of which instant: at=datetime(..., tzinfo=...), or --at on the command line",
        )
    outcomes: list[Outcome] = []
    later: list[str] = []
    problems = list(log.problems)
    for row in log.rows:
        try:
            policy.tier(row.tier)
            if at is not None and to_micros(row.opened_at) > to_micros(at):
                later.append(row.id)
                continue
            outcomes.append(
                policy.outcome(row.tier, row.opened_at, stopped_at=row.stopped_at, at=at, target=target, id=row.id)
            )
        except SlaError as error:
            problems.append(
                RowProblem(row.line, row.id, f"{error.problem}. {error.remedy}" if error.remedy else error.problem)
            )
    listed = [(tier.name, one.name) for tier in policy.tiers for one in tier.targets if target in (None, one.name)]
    figures = compliance(outcomes, period=period, attribute=attribute, tiers=listed)
    return Report(policy.name, at, figures, tuple(later), tuple(sorted(problems, key=lambda one: one.line)))
