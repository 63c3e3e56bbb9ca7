"""
A calendar's questions over columns of integers.

`kernel` answers for one calendar, `per_row` for a calendar a row. Behind them, `compiled` turns the calendar's table
into arrays, `rows` looks things up in blocks, `answers` goes row by row where a block does not decide, and `days*` and
`zone_clock` know business dates and clock times.
"""

from __future__ import annotations

from sla_engine.frames.kernels.kernel import NULL, Kernel, kernel_of
from sla_engine.frames.kernels.per_row import Kernels

__all__ = ["NULL", "Kernel", "Kernels", "kernel_of"]
