"""
Rows that add up to an answer, as text and as small HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sla_engine.amounts import duration_text
from sla_engine.spans import Span

CauseKind = Literal[
    "weekly_hours",
    "outside_hours",
    "holiday",
    "override",
    "closure",
    "opening",
    "taken_out",
    "clock_change",
    "every_hour",
]


class Counting:
    """What every row of a ledger has: the time that it counts, and the total up to its end, exact in microseconds."""

    __slots__ = ()

    counted_micros: int
    total_micros: int

    @property
    def counted(self) -> timedelta:
        """The time that the row adds."""
        return timedelta(0, 0, self.counted_micros)

    @property
    def total(self) -> timedelta:
        """The time counted up to the end of the row."""
        return timedelta(0, 0, self.total_micros)


@dataclass(frozen=True, slots=True)
class LedgerRow(Counting):
    """
    One stretch of time: whether and why it was open, what it counted, and the total up to its end.

    `counted_micros` and `total_micros` are exact; `counted` and `total` are the same as timedeltas. A change of the
    clock is a row of its own, with an empty span.
    """

    span: Span
    is_open: bool
    kind: CauseKind
    cause: str
    counted_micros: int
    total_micros: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    How an answer came about: `question`, `answer`, and `rows` that follow one another without a gap and add up to
    `total`.

    For business days, `dates` are the business dates counted, in the order of counting. Times are in the calendar's
    `zone`. `str` is a table for terminals; notebooks show HTML.
    """

    question: str
    answer: datetime | timedelta
    zone: str
    rows: tuple[LedgerRow, ...]
    dates: tuple[date, ...] = ()

    @property
    def total(self) -> timedelta:
        """What all rows count together."""
        return sum((row.counted for row in self.rows), timedelta())

    def __iter__(self) -> Iterator[LedgerRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_data(self) -> dict[str, Any]:
        """Return the ledger as plain data, durations in microseconds."""
        answer = self.answer.isoformat() if isinstance(self.answer, datetime) else duration_text_of(self.answer)
        return {
            "question": self.question,
            "answer": answer,
            "zone": self.zone,
            "dates": [str(day) for day in self.dates],
            "rows": [
                {
                    "start": row.span.start.isoformat(),
                    "end": row.span.end.isoformat(),
                    "open": row.is_open,
                    "kind": row.kind,
                    "cause": row.cause,
                    "counted_us": row.counted_micros,
                    "total_us": row.total_micros,
                }
                for row in self.rows
            ],
        }

    def _cells(self) -> Iterator[tuple[str, str, str, str, str, str]]:
        for row in self.rows:
            state = "" if row.span.is_empty else "open" if row.is_open else "closed"
            counted = duration_text(row.counted_micros) if row.counted_micros else ""
            # Where the clock changes at the end of a row, the end is shown by the clock before the change.
            end = row.span.start.replace(tzinfo=None) + row.span.duration
            yield (
                moment_text(row.span.start),
                moment_text(end),
                state,
                row.cause,
                counted,
                duration_text(row.total_micros),
            )

    def _footer(self) -> list[str]:
        lines = [
            f"business date {n}: {WEEKDAYS[day.weekday()]} {day.isoformat()}" for n, day in enumerate(self.dates, 1)
        ]
        if isinstance(self.answer, timedelta):
            return [*lines, f"answer: {duration_text_of(self.answer)}"]
        return [*lines, f"answer: {self.answer.isoformat()}"]

    @property
    def text(self) -> str:
        """The ledger as a table of plain text."""
        return table_text(f"{self.question} (times in {self.zone})", _HEAD, self._cells(), self._footer())

    def __str__(self) -> str:
        return self.text

    @property
    def html(self) -> str:
        """The ledger as a small HTML table."""
        return table_html(f"{self.question} (times in {self.zone})", _HEAD, self._cells(), self._footer())

    def _repr_html_(self) -> str:
        return self.html


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HEAD = ("from", "to", "state", "why", "counted", "total")


def table_text(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], foot: Iterable[str]) -> str:
    """Return a ledger's rows as columns of plain text."""
    table = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([caption, lines[0], rule, *lines[1:], *foot])


def table_html(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], foot: Iterable[str]) -> str:
    """Return a ledger's rows as a small HTML table."""
    import html  # noqa: PLC0415  (only notebooks ask)

    titles = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    below = "<br>".join(html.escape(line) for line in foot)
    table = f"<caption>{html.escape(caption)}</caption><thead><tr>{titles}</tr></thead><tbody>{body}</tbody>"
    return f"<table>{table}</table><p>{below}</p>"


def moment_text(at: datetime) -> str:
    """Return an instant as ledgers show it: the weekday (in English, whatever the locale), the date, the local time."""
    precision = "auto" if at.microsecond or at.second else "minutes"
    return f"{WEEKDAYS[at.weekday()]} {at.replace(tzinfo=None).isoformat(' ', precision)}"


def duration_text_of(duration: timedelta) -> str:
    """Return a timedelta as text such as `4h` or `-1h30m`."""
    return duration_text((duration.days * 86_400 + duration.seconds) * 1_000_000 + duration.microseconds)
