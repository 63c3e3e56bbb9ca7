"""
The open windows of a calendar as a table that any data library can read: opening, closing, and the open time before.

With it an engine answers by itself what a calendar answers: with `F(t)` the open time before `t`, found by the last
opening at or before it, elapsed time is `F(b) - F(a)`, and a deadline is where `F` reaches `F(a)` and the amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sla_engine.calendars import Calendar
from sla_engine.errors import MissingExtra
from sla_engine.frames.numbers import np
from sla_engine.spans import Span

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints


@dataclass(frozen=True, slots=True, eq=False)
class OpenWindows:
    """
    Open windows in order: arrays of int64, in microseconds since 1970 UTC, and the open time before each.

    It has the stream of the Arrow PyCapsule interface, so `pl.DataFrame(windows)`, `pa.table(windows)`,
    `pd.DataFrame.from_arrow(windows)` and DuckDB read it: `opens` and `closes` as instants in UTC, `before` as
    integers. That needs pyarrow.
    """

    opens: Ints
    closes: Ints
    before: Ints

    def __post_init__(self) -> None:
        for column in (self.opens, self.closes, self.before):
            column.flags.writeable = False

    def __len__(self) -> int:
        return len(self.opens)

    def to_arrow(self) -> Any:
        """Return a table of Arrow; raises `MissingExtra` without pyarrow."""
        try:
            import pyarrow as pa  # noqa: PLC0415
        except ImportError:
            raise MissingExtra(
                "tables of Arrow need pyarrow", where="pyarrow", remedy="pip install sla_engine[arrow]"
            ) from None
        instant = pa.timestamp("us", "UTC")
        return pa.table(
            {
                "opens": pa.array(self.opens).cast(instant),
                "closes": pa.array(self.closes).cast(instant),
                "before": pa.array(self.before),
            }
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.to_arrow().schema.__arrow_c_schema__()


def timeline(calendar: Calendar, start: datetime, end: datetime) -> OpenWindows:
    """
    Return the open windows of a calendar from `start` to `end`, clipped to them, as `calendar.open_spans` has them.

    `before` is the open time before each opening, in microseconds and counted from the first. Raises `NaiveDatetime`,
    `InvalidSpan` where the end is before the start, and `OutOfRange`.

    >>> from datetime import UTC, datetime
    >>> office = BusinessCalendar(zone="UTC", hours={"mon-fri": ["09:00-12:00", "13:00-18:00"]})
    >>> windows = timeline(office, datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC))
    >>> (windows.before // 3_600_000_000).tolist()
    [0, 3, 8]
    >>> print(windows.opens.astype("datetime64[us]")[-1])
    2026-03-09T09:00:00.000000
    """
    spans = np.array(calendar.timeline.spans(*Span(start, end).micros), dtype=np.int64).reshape(-1, 2)
    opens, closes = np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1])
    lengths = closes - opens
    return OpenWindows(opens, closes, np.cumsum(lengths) - lengths)
