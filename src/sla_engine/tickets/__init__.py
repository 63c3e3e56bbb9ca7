"""Tickets and what became of their targets; the share of them that was met."""

from __future__ import annotations

from sla_engine.tickets.compliance import Attribute, Compliance, Outcome, TierCompliance, Verdict, compliance, verdict
from sla_engine.tickets.log import LogColumns, RowProblem, TicketLog, TicketRow, read_log

__all__ = [
    "Attribute",
    "Compliance",
    "LogColumns",
    "Outcome",
    "RowProblem",
    "TicketLog",
    "TicketRow",
    "TierCompliance",
    "Verdict",
    "compliance",
    "read_log",
    "verdict",
]
