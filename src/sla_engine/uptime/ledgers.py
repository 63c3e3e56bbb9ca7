"""
The ledger of a report: every stretch of its window, what it adds to the downtime at least and at most, and who says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sla_engine.amounts import duration_text
from sla_engine.errors import InvalidZone
from sla_engine.instants import from_micros, micros_of, to_micros, utc
from sla_engine.ledger import moment_text, table_html, table_text
from sla_engine.shares import Share
from sla_engine.spans import Span
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.readings import Unknown, UptimeReading, UptimeVerdict
from sla_engine.uptime.stretches import MaintenanceClass, ServiceState, Stretch
from sla_engine.zones import zone_name, zone_of

if TYPE_CHECKING:
    from sla_engine.periods import Period
    from sla_engine.uptime.reports import UptimeReport


@dataclass(frozen=True, slots=True)
class UptimeLedgerRow:
    """
    One stretch of a window: its state and maintenance, what it adds to the downtime, and the totals up to its end.

    `least` and `most` are how much of the service was down, as fractions of it. `lower` and `upper` are what the row
    adds at least and at most: its length by those, all of it at most where it is to come, what the reading takes it for
    where it is unknown, and nothing where it does not count: in excused maintenance, and where the reading leaves
    unknown time out. `work` is the maintenance, and why it is not excused.
    """

    span: Span
    state: ServiceState
    maintenance: MaintenanceClass
    counts: bool
    least: Fraction
    most: Fraction
    lower: Downtime
    upper: Downtime
    total_lower: Downtime
    total_upper: Downtime
    source: str
    work: str

    @property
    def length(self) -> timedelta:
        """The true length of the stretch."""
        return self.span.duration

    @property
    def between(self) -> Downtime:
        """What may have been down, and nobody can say: what the row adds at most, less what it adds at least."""
        return self.upper - self.lower


@dataclass(frozen=True, slots=True)
class UptimeLedger:
    """
    How the downtime of a report came about: rows that follow one another without a gap, as long as the window together,
    and that add up to the bounds of the downtime.

    `reading` is the way of counting that they follow, with its budget. `str` is a table for terminals; notebooks show
    HTML. Times are in the `zone` of the period, or in UTC where that has no name. Downtime is exact, and shown rounded
    up.
    """

    question: str
    zone: str
    rows: tuple[UptimeLedgerRow, ...]
    reading: UptimeReading

    @property
    def budget(self) -> Downtime:
        """The downtime that meets the target."""
        return self.reading.budget

    @property
    def verdict(self) -> UptimeVerdict:
        """Whether the target was met, as far as it can be known."""
        return self.reading.verdict

    @property
    def length(self) -> timedelta:
        """How long all rows are together."""
        return sum((row.length for row in self.rows), timedelta())

    @property
    def total_lower(self) -> Downtime:
        """What all rows add at least."""
        return sum((row.lower for row in self.rows), Downtime())

    @property
    def total_upper(self) -> Downtime:
        """What all rows add at most."""
        return sum((row.upper for row in self.rows), Downtime())

    @property
    def answer(self) -> str:
        """The verdict, and the bounds that decide it."""
        return f"{self.verdict}: {'; '.join(self._reasons()) or 'no time is left that counts'}"

    def _reasons(self) -> Iterator[str]:
        """Yield what decides the verdict: the budget, and how long one outage may last where that is promised."""
        reading, lower, upper = self.reading, self.total_lower, self.total_upper
        if self.verdict == "breached" and lower > reading.budget:
            yield f"{lower} at least is more than the budget"
        elif self.verdict == "met":
            yield f"{upper} at most is no more than the budget"
        elif self.verdict == "undecided" and upper > reading.budget:
            yield f"{lower} at least is within the budget, {upper} at most is not"
        longest, allowed = reading.longest_outage, reading.longest_allowed
        if longest is None or allowed is None:
            return
        if self.verdict == "breached" and longest.lower > allowed:
            yield f"one outage of {longest.lower} at least is longer than {allowed}"
        elif self.verdict == "met":
            yield f"no outage is longer than {allowed}"
        elif self.verdict == "undecided" and longest.upper > allowed:
            yield f"one outage may be longer than {allowed}, up to {longest.upper}"

    def __iter__(self) -> Iterator[UptimeLedgerRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _cells(self) -> Iterator[tuple[str, ...]]:
        # Where the clock changes in the window, a local time may be there twice, and the offset tells which it is.
        moments = {at.utcoffset() for row in self.rows for at in row.span}
        for row in self.rows:
            start, end = (moment_text(at) + (_offset(at) if len(moments) > 1 else "") for at in row.span)
            yield (
                start,
                end,
                _text(row.length),
                _state_text(row),
                "" if row.maintenance == "none" else f"{row.maintenance} {row.work}".rstrip(),
                str(row.lower) if row.lower else "",
                str(row.upper) if row.upper else "",
                str(row.total_lower),
                str(row.total_upper),
                row.source,
            )

    def _footer(self) -> Iterator[str]:
        reading = self.reading
        may_fail = Share(1 - reading.target.fraction).exact_text
        yield f"budget: {self.budget}, {may_fail} of {duration_text(reading.base_micros)}"
        yield f"down: {self.total_lower} at least, {self.total_upper} at most"
        between: dict[str, Downtime] = {}
        for row in self.rows:
            if row.between:
                between[row.state] = between.get(row.state, Downtime()) + row.between
        if between:
            parts = ", ".join(f"{amount} {_words(state)}" for state, amount in between.items())
            yield f"between the two: {parts}"
        longest, allowed = reading.longest_outage, reading.longest_allowed
        if longest is not None and allowed is not None:
            yield f"longest outage: {longest.lower} at least, {longest.upper} at most, of {allowed} allowed"
        yield f"answer: {self.answer}"

    @property
    def _caption(self) -> str:
        return f"{self.question} (times in {self.zone})"

    @property
    def text(self) -> str:
        """The ledger as a table of plain text."""
        return table_text(self._caption, _HEAD, self._cells(), self._footer())

    def __str__(self) -> str:
        return self.text

    @property
    def html(self) -> str:
        """The ledger as a small HTML table."""
        return table_html(self._caption, _HEAD, self._cells(), self._footer())

    def _repr_html_(self) -> str:
        return self.html

    def to_data(self) -> dict[str, Any]:
        """
        Return the ledger as plain data.

        Lengths are whole microseconds. Downtime may be a fraction of them, and is the exact text of it (`"600000000"`,
        `"1000/3"`), so that the rows add up.
        """
        reading = self.reading
        return {
            "question": self.question,
            "zone": self.zone,
            "target": reading.target.exact_text,
            "unknown": reading.unknown,
            "base": reading.base,
            "base_us": reading.base_micros,
            "budget_us": str(self.budget.micros),
            "verdict": self.verdict,
            "answer": self.answer,
            "length_us": micros_of(self.length),
            "total_lower_us": str(self.total_lower.micros),
            "total_upper_us": str(self.total_upper.micros),
            "rows": [
                {
                    "start": row.span.start.isoformat(),
                    "end": row.span.end.isoformat(),
                    "length_us": micros_of(row.length),
                    "state": row.state,
                    "maintenance": row.maintenance,
                    "counts": row.counts,
                    "least": str(row.least),
                    "most": str(row.most),
                    "lower_us": str(row.lower.micros),
                    "upper_us": str(row.upper.micros),
                    "total_lower_us": str(row.total_lower.micros),
                    "total_upper_us": str(row.total_upper.micros),
                    "source": row.source,
                    "work": row.work,
                }
                for row in self.rows
            ],
        }


_HEAD = (
    "from",
    "to",
    "length",
    "state",
    "maintenance",
    "down at least",
    "down at most",
    "total at least",
    "total at most",
    "source",
)
_READINGS = {
    "either": "",
    "up": ", unknown time taken for up",
    "down": ", unknown time taken for down",
    "excluded": ", without unknown time",
}
_NOTHING, _ALL = Fraction(0), Fraction(1)


def uptime_ledger(report: UptimeReport) -> UptimeLedger:
    """Return the ledger of a report, in its usual reading: a row for each of its stretches."""
    zone = _zone_of(report.period)
    like = utc(0).astimezone(zone_of(zone))
    as_of = from_micros(to_micros(report.at), like).isoformat()
    usual = report.reading()
    question = f"{report.period.label}, target {report.target.exact_text}, as of {as_of}{_READINGS[usual.unknown]}"
    return UptimeLedger(question, zone, tuple(_rows(report.stretches, like, usual.unknown)), usual)


def _rows(stretches: tuple[Stretch, ...], like: datetime, unknown: Unknown) -> Iterator[UptimeLedgerRow]:
    total_lower = total_upper = Downtime()
    for one in stretches:
        counts = one.maintenance != "excused" and not (one.state == "unknown" and unknown == "excluded")
        least, most = _counted(one, unknown) if counts else (_NOTHING, _NOTHING)
        lower, upper = Downtime(least * one.length), Downtime(most * one.length)
        total_lower += lower
        total_upper += upper
        yield UptimeLedgerRow(
            Span(from_micros(one.start, like), from_micros(one.end, like)),
            one.state,
            one.maintenance,
            counts,
            one.least,
            one.most,
            lower,
            upper,
            total_lower,
            total_upper,
            one.source,
            one.work,
        )


def _counted(one: Stretch, unknown: Unknown) -> tuple[Fraction, Fraction]:
    """Return how much of a stretch counts as down, at least and at most."""
    if one.state == "not_yet":
        return _NOTHING, _ALL
    if one.state == "unknown" and unknown == "down":
        return _ALL, _ALL
    if one.state == "unknown" and unknown == "up":
        return one.least, one.least
    return one.least, one.most


def _zone_of(period: Period) -> str:
    zone = period.start.tzinfo
    try:
        return "UTC" if zone is None else zone_name(zone)
    except InvalidZone:
        return "UTC"  # a zone of somebody else's making, that no name leads back to


def _offset(at: datetime) -> str:
    """Return the offset of a moment as it is written after a time: `+02:00`."""
    return at.isoformat(timespec="seconds")[19:]


def _words(state: str) -> str:
    return state.replace("_", " ")


def _state_text(row: UptimeLedgerRow) -> str:
    """Return a state with the part of the service that it is about, where that is not all of it."""
    text = _words(row.state)
    if not 0 < row.least < 1:
        return text
    share = Share(row.least).exact_text
    return f"{text} {share}" if row.state == "down" else f"{text}, {share} at least"


def _text(length: timedelta) -> str:
    return duration_text(micros_of(length))
