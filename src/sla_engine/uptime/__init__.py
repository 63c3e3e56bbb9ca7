"""
Uptime: what a target allows, what probes and incidents say was down, how fast a budget goes, what several services
come to, and what a contract pays back.
"""

from __future__ import annotations

from sla_engine.uptime.alerts import BudgetFinding, BurnAlert, preflight, usual_alerts
from sla_engine.uptime.budget import Budget, allowed_downtime, burn_rate, highest_burn_rate, target_for
from sla_engine.uptime.composite import Together, k_of_n, parallel, series
from sla_engine.uptime.credits import CreditScheme, CreditTier
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.evaluation import DowntimeBounds, Outage, UptimeReading, UptimeReport, evaluate_uptime
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.logs import (
    IncidentRecords,
    MaintenanceRecords,
    ProbeRecords,
    read_incidents,
    read_maintenance,
    read_probes,
)
from sla_engine.uptime.maintenance import Maintenance, MaintenanceTerms
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.stretches import Stretch

__all__ = [
    "Budget",
    "BudgetFinding",
    "BurnAlert",
    "CreditScheme",
    "CreditTier",
    "Downtime",
    "DowntimeBounds",
    "Incident",
    "IncidentRecords",
    "Maintenance",
    "MaintenanceRecords",
    "MaintenanceTerms",
    "Outage",
    "ProbeLog",
    "ProbeRecords",
    "Stretch",
    "Together",
    "UptimeReading",
    "UptimeReport",
    "allowed_downtime",
    "burn_rate",
    "evaluate_uptime",
    "highest_burn_rate",
    "k_of_n",
    "parallel",
    "preflight",
    "read_incidents",
    "read_maintenance",
    "read_probes",
    "series",
    "target_for",
    "usual_alerts",
]
