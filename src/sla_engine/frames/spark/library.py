"""
PySpark and pyarrow, or a clear word that they are missing.
"""

from __future__ import annotations

from typing import Any

from sla_engine.errors import MissingExtra

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyspark.sql import functions as F  # noqa: N812  (as Spark's own documentation calls it)
    from pyspark.sql import types as T  # noqa: N812
    from pyspark.sql.pandas import functions as _functions

    arrow_udf: Any = _functions.arrow_udf  # of any kind, as its overloads ask for the types of pyarrow
except (ImportError, AttributeError) as error:
    raise MissingExtra(
        f"DataFrames of Spark need PySpark 4.1 or later, and pyarrow: {error}",
        where="pyspark",
        remedy="pip install sla_engine[spark]",
    ) from None

__all__ = ["F", "T", "arrow_udf", "pa", "pc"]
