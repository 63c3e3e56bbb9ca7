"""
NumPy, or a clear word that it is missing.
"""

from __future__ import annotations

from sla_engine.errors import MissingExtra

try:
    import numpy as np
except ImportError:  # pragma: no cover  (a process of its own tests it)
    raise MissingExtra("arrays need NumPy", where="numpy", remedy="pip install sla_engine[numpy]") from None

__all__ = ["np"]
