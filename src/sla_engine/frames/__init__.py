"""
The same answers over columns: arrays of NumPy (`pip install sla_engine[numpy]`), and those of pandas, Polars and Arrow.

Once `sla_engine.frames.pandas` or `sla_engine.frames.polars` is imported, Series, frames and expressions of theirs
answer under the name `sla` too.
"""

from __future__ import annotations

from sla_engine.frames.clocks import PHASES, VERDICTS, ClockTable, EventTable, compliance, evaluate
from sla_engine.frames.deadlines import deadline
from sla_engine.frames.kernels import NULL, Kernel, Kernels, kernel_of
from sla_engine.frames.probes import probe_log
from sla_engine.frames.series import add, business_days_between, elapsed, is_open, next_opening, subtract
from sla_engine.frames.timelines import OpenWindows, timeline
from sla_engine.frames.uptimes import probe_logs, uptime_records
from sla_engine.frames.workers import SpreadKernel, Workers

__all__ = [
    "NULL",
    "PHASES",
    "VERDICTS",
    "ClockTable",
    "EventTable",
    "Kernel",
    "Kernels",
    "OpenWindows",
    "SpreadKernel",
    "Workers",
    "add",
    "business_days_between",
    "compliance",
    "deadline",
    "elapsed",
    "evaluate",
    "is_open",
    "kernel_of",
    "next_opening",
    "probe_log",
    "probe_logs",
    "subtract",
    "timeline",
    "uptime_records",
]
