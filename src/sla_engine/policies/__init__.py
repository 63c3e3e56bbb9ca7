"""
Service levels as data: calendars, tiers and services; where they are loaded from, and what they say of a ticket log.
"""

from __future__ import annotations

from sla_engine.policies.loading import load_policy, maxony_policy
from sla_engine.policies.policy import Policy
from sla_engine.policies.report import Report, report

__all__ = ["Policy", "Report", "load_policy", "maxony_policy", "report"]
