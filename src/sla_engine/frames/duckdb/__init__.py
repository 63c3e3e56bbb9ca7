"""
The questions of a policy inside DuckDB: as SQL functions, and of event tables (`pip install sla_engine[duckdb]`).

`functions` writes the SQL, `blocks` answers for the rows that DuckDB hands over, one thread at a time as `turns` has
it, `steps` finds deadlines in them with one look-up each, and `relations` takes event tables to the clocks and figures
of `sla_engine.frames` and back. `connections` checks what is given as one, and `text` quotes.
"""

from __future__ import annotations

from sla_engine.frames.duckdb.functions import register
from sla_engine.frames.duckdb.relations import compliance, evaluate

__all__ = ["compliance", "evaluate", "register"]
