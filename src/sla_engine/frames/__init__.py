"""
The same answers over columns, for those who have NumPy: `pip install sla_engine[numpy]`.
"""

from __future__ import annotations

from sla_engine.frames.probes import probe_log

__all__ = ["probe_log"]
