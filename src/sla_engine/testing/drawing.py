"""
Hypothesis, or a clear word that it is missing.
"""

from __future__ import annotations

from sla_engine.errors import MissingExtra

try:
    from hypothesis import strategies as st
    from hypothesis.errors import InvalidArgument
    from hypothesis.strategies import DrawFn, SearchStrategy
except ImportError:  # pragma: no cover  (a process of its own tests it)
    raise MissingExtra(
        "strategies need Hypothesis", where="hypothesis", remedy="pip install sla_engine[testing]"
    ) from None

__all__ = ["DrawFn", "InvalidArgument", "SearchStrategy", "st"]
