"""
What is asked of before anything is done: DuckDB and pyarrow are there, and a connection is one.
"""

from __future__ import annotations

from typing import Any

from sla_engine.errors import InvalidLog, MissingExtra


def check_connection(con: Any) -> None:
    """Raise `MissingExtra` without DuckDB 2 and pyarrow, and `InvalidLog` for what is no connection to DuckDB."""
    try:
        import duckdb  # noqa: PLC0415
        import pyarrow as pa  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "questions in DuckDB need DuckDB and pyarrow",
            where=error.name or "duckdb",
            remedy="pip install sla_engine[duckdb]",
        ) from None
    del pa
    if int(duckdb.__version__.partition(".")[0]) < 2:  # noqa: PLR2004  (macros with types came with it)
        raise MissingExtra(
            f"DuckDB {duckdb.__version__} is too old", where="duckdb", remedy="pip install 'duckdb>=2'"
        ) from None
    # By what it can do: the module `duckdb` itself stands for its default connection.
    if not all(callable(getattr(con, name, None)) for name in ("create_function", "from_arrow")):
        raise InvalidLog(
            f"{type(con).__name__} is no connection to DuckDB",
            where="con",
            value=type(con).__name__,
            remedy="Pass what duckdb.connect() returns",
        )
