"""
A policy applied to a log: what was met, what was breached and by how much, and what could not be used.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.instants import to_micros
from sla_engine.periods import Period
from sla_engine.policies.policy import Policy
from sla_engine.tickets import (
    Attribute,
    Compliance,
    ComplianceChange,
    EventLog,
    Outcome,
    RowProblem,
    Ticket,
    TicketLog,
    TicketStatus,
    compliance,
)
from sla_engine.tickets.compliance import PERIOD_NAMES
from sla_engine.tickets.event_log import log_of

COLUMNS: tuple[str, ...] = (
    "id",
    "tier",
    "target",
    "cycle",
    "opened_at",
    "due_at",
    "stopped_at",
    "phase",
    "verdict",
    "elapsed",
    "late_by",
    "late_open_time",
    "reason",
)
"""What is told of each outcome in CSV."""


@dataclass(frozen=True, slots=True)
class Report:
    """
    The compliance of a log under a policy, and everything accounted for.

    `compliance` has the figures, `before` and `after` those of the neighbouring periods. `statuses` are those of an
    event log's tickets. `not_yet_opened` are the ids of tickets opened after the instant asked about, `problems` the
    rows and tickets that could not be used. `rows` is the number of rows read. Of a log with one ticket a row,
    `accounted_rows` is the sum of all of them, and equals `rows`.
    """

    policy: str
    at: datetime | None
    compliance: Compliance
    not_yet_opened: tuple[str, ...]
    problems: tuple[RowProblem, ...]
    rows: int = 0
    kind: Literal["tickets", "events"] = "tickets"
    statuses: tuple[TicketStatus, ...] = ()
    before: Compliance | None = None
    after: Compliance | None = None

    @property
    def counted(self) -> int:
        """The number of outcomes in the figures."""
        return sum(len(figure) for figure in self.compliance.figures)

    @property
    def accounted_rows(self) -> int:
        """The number of outcomes behind all figures and outside them, tickets opened later, and problems."""
        figures = self.compliance
        outcomes = self.counted + len(figures.outside) + len(figures.unattributed)
        return outcomes + len(self.not_yet_opened) + len(self.problems)

    @property
    def anomalies(self) -> int:
        """The number of contradictions found in the events of the tickets."""
        return sum(len(status.anomalies) for status in self.statuses)

    @property
    def changes(self) -> tuple[ComplianceChange, ...]:
        """Each figure beside that of the period before; empty without a period."""
        return self.compliance.change_from(self.before) if self.before is not None else ()

    def to_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        figures = self.compliance
        span = figures.period.span if figures.period else None
        data: dict[str, Any] = {
            "policy": self.policy,
            "period": figures.period.label if figures.period else None,
            "period_start": span.start.isoformat() if span else None,
            "period_end": span.end.isoformat() if span else None,
            "attribute": figures.attribute,
            "at": self.at.isoformat() if self.at else None,
            "figures": figures.records(),
            "before": self.before.records() if self.before else None,
            "after": self.after.records() if self.after else None,
            "breached": [outcome.to_data() for outcome in figures.breached],
            "rows": {
                "all": self.rows,
                "in_period": self.counted,
                "outside_period": len(figures.outside),
                "without_that_instant": len(figures.unattributed),
                "not_yet_opened": len(self.not_yet_opened),
                "unusable": len(self.problems),
            },
            "problems": [{"line": one.line, "id": one.id, "problem": one.problem} for one in self.problems],
        }
        if self.kind == "events":
            data["tickets"] = len(self.statuses)
            data["anomalies"] = [
                {"ticket": status.ticket_id, "at": one.at.isoformat(), "kind": one.kind, "text": one.text}
                for status in self.statuses
                for one in status.anomalies
            ]
            data["missing_at_hand_off"] = [
                {"ticket": status.ticket_id, "missing": list(status.missing)}
                for status in self.statuses
                if status.missing
            ]
        return data

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_data(), indent=2, ensure_ascii=False)

    def to_csv(self) -> str:
        """Return every outcome of the period as CSV, a row each, in the order in which they were due."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        outcomes = [one for figure in self.compliance.figures for one in figure]
        outcomes.sort(key=lambda one: (to_micros(one.due_at) if one.due_at else 0, one.id, one.tier, one.cycle))
        writer.writerows(outcome.to_data() for outcome in outcomes)
        return text.getvalue()


def report(
    policy: Policy,
    log: TicketLog | EventLog | Iterable[Ticket],
    *,
    period: Period | None = None,
    at: datetime | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
    by: str | Iterable[str] = (),
) -> Report:
    """
    Evaluate every ticket of a log under a policy, or every one of these tickets, and count those of a period.

    `at` is the instant as of which everything is seen; it is needed for events, and where tickets are still open.
    `by` groups the figures further, as in `compliance`. A row or ticket whose tier the policy does not have, or whose
    stop lies before its opening, is reported as a problem, and the rest is evaluated.

    Raises `InvalidInstant` where `at` is needed and missing, and `InvalidLog` for what is no log.
    """
    log = log_of(log)
    names = (by,) if isinstance(by, str) else tuple(by)
    found = _of_events(policy, log, at) if isinstance(log, EventLog) else _of_rows(policy, log, at, target)
    outcomes, later, problems, statuses = found
    if target is not None:
        outcomes = [one for one in outcomes if one.target == target]
    listed = [(tier.name, one.name) for tier in policy.tiers for one in tier.targets if target in (None, one.name)]

    # Figures of single weeks or months have no counterpart in the period before.
    beside = None if PERIOD_NAMES & set(names) else period

    def counted(of: Period | None) -> Compliance:
        return compliance(
            outcomes,
            by=names,
            period=of,
            attribute=attribute,
            zone=getattr(of, "zone", None) or policy.zone,
            tiers=listed,
            exclude=policy.excluded,
        )

    return Report(
        policy.name,
        at,
        counted(period),
        tuple(later),
        tuple(sorted(problems, key=lambda one: one.line)),
        log.rows if isinstance(log, EventLog) else len(log.rows) + len(log.problems),
        "events" if isinstance(log, EventLog) else "tickets",
        statuses,
        counted(beside.previous()) if beside is not None else None,
        counted(beside.next()) if beside is not None else None,
    )


_Found = tuple[list[Outcome], list[str], list[RowProblem], tuple[TicketStatus, ...]]


def _of_events(policy: Policy, log: EventLog, at: datetime | None) -> _Found:
    if at is None:
        raise InvalidInstant(
            "what is known of tickets depends on the present",
            where="at",
            remedy="Say as of which instant: at=datetime(..., tzinfo=...), or --at on the command line",
        )
    found = policy.evaluate_all(log.tickets, at=at)
    problems = [*log.problems, *(RowProblem(0, one.ticket_id, one.problem) for one in found.problems)]
    return found.outcomes(), list(found.not_yet_opened), problems, found.statuses


def _of_rows(policy: Policy, log: TicketLog, at: datetime | None, target: str | None) -> _Found:
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
                policy.outcome(
                    row.tier,
                    row.opened_at,
                    stopped_at=row.stopped_at,
                    at=at,
                    target=target,
                    id=row.id,
                    attributes=row.attributes,
                )
            )
        except SlaError as error:
            problems.append(
                RowProblem(row.line, row.id, f"{error.problem}. {error.remedy}" if error.remedy else error.problem)
            )
    return outcomes, later, problems, ()
