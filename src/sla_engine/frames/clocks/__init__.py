"""
The clocks of many tickets at once, from arrays of events or from event logs in data frames.

`tracing` follows what events do to clocks, `machine` remembers it, `cycles` counts how long it takes, and `blocks` puts
these together. `event_table` takes arrays and `logs` takes frames; `compliance` counts what was met.
"""

from __future__ import annotations

from sla_engine.frames.clocks.clock_table import PHASES, VERDICTS, ClockTable
from sla_engine.frames.clocks.compliance import compliance
from sla_engine.frames.clocks.event_table import EventTable
from sla_engine.frames.clocks.logs import evaluate

__all__ = ["PHASES", "VERDICTS", "ClockTable", "EventTable", "compliance", "evaluate"]
