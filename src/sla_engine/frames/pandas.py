"""
Questions of Series and frames of pandas under the name `sla`, once this module is imported.

>>> import pandas as pd
>>> import sla_engine.frames.pandas
>>> office = BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
>>> tickets = pd.DataFrame({"opened": pd.to_datetime(["2026-03-06 15:30", None], utc=True)}, index=["T-1", "T-2"])
>>> print(tickets.sla.add("opened", "4h", office))
T-1   2026-03-09 10:30:00+00:00
T-2                         NaT
Name: opened, dtype: datetime64[us, UTC]
>>> print(tickets["opened"].sla.is_open(office).tolist())
[True, <NA>]
"""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from sla_engine.errors import InvalidInstant, MissingExtra
from sla_engine.frames.questions import ColumnQuestions, FrameQuestions

try:
    import pandas as pd
except ImportError:
    raise MissingExtra(
        "columns of pandas need pandas", where="pandas", remedy="pip install sla_engine[pandas]"
    ) from None


@pd.api.extensions.register_series_accessor("sla")
class SeriesQuestions(ColumnQuestions):
    """Questions about a Series of instants; a Series beside it has the same index."""

    @override
    def _beside(self, other: Any, name: str) -> Any:
        if isinstance(other, pd.Series) and not other.index.equals(self._column.index):
            raise InvalidInstant(
                f"the rows of {name} are labelled otherwise than the instants",
                where=name,
                remedy="Give both the same index; sla_engine.frames takes them row by row, whatever the labels",
            )
        return other


@pd.api.extensions.register_dataframe_accessor("sla")
class DataFrameQuestions(FrameQuestions):
    """Questions about the columns of a frame by their names; answers are Series with its index."""
