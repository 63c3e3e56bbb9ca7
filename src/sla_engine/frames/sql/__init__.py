"""
Plain SQL for databases in which no Python runs: tables that are written once, and queries over tickets.

`timeline` writes a calendar, `policy` the deadlines of a policy. The text for DuckDB and PostgreSQL is run by the
tests; that for Snowflake and BigQuery is not.
"""

from __future__ import annotations

from sla_engine.frames.sql.dialects import InvalidSql
from sla_engine.frames.sql.hours import CalendarSql, Column, timeline
from sla_engine.frames.sql.levels import PolicySql, policy
from sla_engine.frames.sql.tables import SqlTable

__all__ = ["CalendarSql", "Column", "InvalidSql", "PolicySql", "SqlTable", "policy", "timeline"]
