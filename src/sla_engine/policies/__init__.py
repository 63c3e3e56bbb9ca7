"""
Service levels as data: calendars, tiers and services; where they are loaded from, and what they say of a ticket log.
"""

from __future__ import annotations

from sla_engine.policies.checks import CIVIL_ZONES, Finding, PolicyCheck, check_policy, in_civil_time
from sla_engine.policies.loading import load_policy, maxony_policy
from sla_engine.policies.overlays import Customer, PolicyVersion
from sla_engine.policies.policy import Policy
from sla_engine.policies.report import Report, report
from sla_engine.policies.rules import Exclusion, Rule
from sla_engine.policies.services import PolicyUptime
from sla_engine.policies.what_if import Flip, WhatIf, what_if

__all__ = [
    "CIVIL_ZONES",
    "Customer",
    "Exclusion",
    "Finding",
    "Flip",
    "Policy",
    "PolicyCheck",
    "PolicyUptime",
    "PolicyVersion",
    "Report",
    "Rule",
    "WhatIf",
    "check_policy",
    "in_civil_time",
    "load_policy",
    "maxony_policy",
    "report",
    "what_if",
]
