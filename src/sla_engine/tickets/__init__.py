"""Tickets: their events, the clocks that the events move, what is known at an instant, and the share of targets met."""

from __future__ import annotations

from sla_engine.facts import Attributes, Match, Value
from sla_engine.tables import RowProblem
from sla_engine.tickets.clocks import PRESETS, Clock, Trigger
from sla_engine.tickets.compliance import (
    Compliance,
    ComplianceChange,
    ComplianceFigure,
    GoalStatus,
    compliance,
)
from sla_engine.tickets.event_log import EventLog, is_event_log, read_events
from sla_engine.tickets.events import (
    AnyEvent,
    Cancel,
    Close,
    CustomerReply,
    Event,
    HandOff,
    Note,
    Open,
    Pause,
    Reopen,
    Respond,
    Resume,
    SetAttribute,
    SetStatus,
    Solve,
)
from sla_engine.tickets.ledgers import ClockLedger, ClockLedgerRow
from sla_engine.tickets.log import LogColumns, TicketLog, TicketRow, read_log
from sla_engine.tickets.mapping import LogMapping
from sla_engine.tickets.outcomes import Attribute, Outcome, Phase, Verdict, verdict
from sla_engine.tickets.status import (
    Anomaly,
    ClockStatus,
    Evaluation,
    HandedOff,
    TicketProblem,
    TicketStatus,
    Warned,
)
from sla_engine.tickets.ticket import Ticket

__all__ = [
    "PRESETS",
    "Anomaly",
    "AnyEvent",
    "Attribute",
    "Attributes",
    "Cancel",
    "Clock",
    "ClockLedger",
    "ClockLedgerRow",
    "ClockStatus",
    "Close",
    "Compliance",
    "ComplianceChange",
    "ComplianceFigure",
    "CustomerReply",
    "Evaluation",
    "Event",
    "EventLog",
    "GoalStatus",
    "HandOff",
    "HandedOff",
    "LogColumns",
    "LogMapping",
    "Match",
    "Note",
    "Open",
    "Outcome",
    "Pause",
    "Phase",
    "Reopen",
    "Respond",
    "Resume",
    "RowProblem",
    "SetAttribute",
    "SetStatus",
    "Solve",
    "Ticket",
    "TicketLog",
    "TicketProblem",
    "TicketRow",
    "TicketStatus",
    "Trigger",
    "Value",
    "Verdict",
    "Warned",
    "compliance",
    "is_event_log",
    "read_events",
    "read_log",
    "verdict",
]
