"""
The work on large columns, spread over processes that share the memory of the arrays.

`pool` is what users see, `crew` the processes and what they are told, `shared` the memory.
"""

from __future__ import annotations

from sla_engine.frames.workers.pool import SpreadKernel, Workers

__all__ = ["SpreadKernel", "Workers"]
