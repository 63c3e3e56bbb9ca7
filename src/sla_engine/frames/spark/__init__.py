"""
The same answers on Spark: deadlines and open time as columns of a DataFrame, clocks of event logs, and compliance.

Only the DataFrame API is used, so it works with Spark Connect too. Rows go to Python in Arrow batches, and instants as
microseconds, so no answer depends on the time zone of the session. The Python of the workers needs `sla_engine`, NumPy
and pyarrow in the versions of the driver; time-zone and holiday data that differ are an error.

`columns` asks about columns, `logs` follows event logs, and `figures` counts. `shipped` brings rules to the workers,
`inputs` checks the columns of a DataFrame, and `pieces` cuts sorted batches where a ticket ends.
"""

from __future__ import annotations

from sla_engine.frames.spark.columns import (
    add,
    business_days_between,
    deadline,
    elapsed,
    is_open,
    microseconds,
    next_opening,
    subtract,
)
from sla_engine.frames.spark.figures import compliance
from sla_engine.frames.spark.logs import evaluate

__all__ = [
    "add",
    "business_days_between",
    "compliance",
    "deadline",
    "elapsed",
    "evaluate",
    "is_open",
    "microseconds",
    "next_opening",
    "subtract",
]
