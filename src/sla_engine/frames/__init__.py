"""
The same answers over columns: arrays of NumPy (`pip install sla_engine[numpy]`), and those of pandas, Polars and Arrow.
"""

from __future__ import annotations

from sla_engine.frames.deadlines import deadline
from sla_engine.frames.kernel import NULL, Kernel, kernel_of
from sla_engine.frames.probes import probe_log
from sla_engine.frames.series import add, business_days_between, elapsed, is_open, next_opening, subtract

__all__ = [
    "NULL",
    "Kernel",
    "add",
    "business_days_between",
    "deadline",
    "elapsed",
    "is_open",
    "kernel_of",
    "next_opening",
    "probe_log",
    "subtract",
]
