"""
Uptime: what a target allows, what probes and incidents say was down, how fast a budget goes, what several services
come to, and what a contract pays back.
"""

from __future__ import annotations

from sla_engine.uptime.alerts import AlertState, BudgetFinding, BurnAlert, preflight, usual_alerts
from sla_engine.uptime.budget import Budget, allowed_downtime, burn_rate, highest_burn_rate, target_for
from sla_engine.uptime.composite import Together, k_of_n, parallel, series
from sla_engine.uptime.credits import AvailabilityBounds, CreditReading, CreditScheme, CreditTier
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.evaluation import evaluate_uptime
from sla_engine.uptime.forecasts import Forecast
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.ledgers import UptimeLedger, UptimeLedgerRow
from sla_engine.uptime.logs import (
    IncidentRecords,
    MaintenanceRecords,
    ProbeRecords,
    ReclassificationRecords,
    read_incidents,
    read_maintenance,
    read_probes,
    read_reclassifications,
)
from sla_engine.uptime.maintenance import Maintenance, MaintenanceTerms
from sla_engine.uptime.outages import Outage
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.readings import BurnRates, DowntimeBounds, UptimeReading
from sla_engine.uptime.reclassification import Reclassification
from sla_engine.uptime.reconciliation import CheckedIncident, Reconciled, Reconciliation
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.uptime.reports import UptimeChange, UptimeReport
from sla_engine.uptime.requests import RequestGate, RequestLog, RequestRecords, read_requests
from sla_engine.uptime.rules import CountingRules
from sla_engine.uptime.services import Service, ServiceGroup
from sla_engine.uptime.stretches import Stretch
from sla_engine.uptime.together import JointReport, evaluate_together

__all__ = [
    "AlertState",
    "AvailabilityBounds",
    "Budget",
    "BudgetFinding",
    "BurnAlert",
    "BurnRates",
    "CheckedIncident",
    "CountingRules",
    "CreditReading",
    "CreditScheme",
    "CreditTier",
    "Downtime",
    "DowntimeBounds",
    "Forecast",
    "Incident",
    "IncidentRecords",
    "JointReport",
    "Maintenance",
    "MaintenanceRecords",
    "MaintenanceTerms",
    "Outage",
    "ProbeLog",
    "ProbeRecords",
    "Reclassification",
    "ReclassificationRecords",
    "Reconciled",
    "Reconciliation",
    "RecurringMaintenance",
    "RequestGate",
    "RequestLog",
    "RequestRecords",
    "Service",
    "ServiceGroup",
    "Stretch",
    "Together",
    "UptimeChange",
    "UptimeLedger",
    "UptimeLedgerRow",
    "UptimeReading",
    "UptimeReport",
    "allowed_downtime",
    "burn_rate",
    "evaluate_together",
    "evaluate_uptime",
    "highest_burn_rate",
    "k_of_n",
    "parallel",
    "preflight",
    "read_incidents",
    "read_maintenance",
    "read_probes",
    "read_reclassifications",
    "read_requests",
    "series",
    "target_for",
    "usual_alerts",
]
