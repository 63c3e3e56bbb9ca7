"""
What probes saw beside what incidents say: where both agree, and where only one of them tells of an outage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from sla_engine.instants import from_micros
from sla_engine.periods import Period
from sla_engine.spans import Span
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.probes import State
from sla_engine.uptime.records import ServiceRecord
from sla_engine.uptime.stretches import source_of

Agreement = Literal["both", "only_probes", "only_incidents", "unconfirmed", "possible", "unseen", "neither"]
_AGREEMENTS: dict[tuple[State, bool], Agreement] = {
    ("down", True): "both",
    ("down", False): "only_probes",
    ("up", True): "only_incidents",
    ("uncertain", True): "unconfirmed",
    ("unknown", True): "unconfirmed",
    ("uncertain", False): "possible",
    ("unknown", False): "unseen",
    ("up", False): "neither",
}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """
    A time in which probes and incidents stand to each other in one way, the probe and the incident.

    `both` say that it was down; `only_probes` or `only_incidents` do, and the other says that it was up. An incident is
    `unconfirmed` while probes cannot tell. Without an incident, an outage is `possible` between a good and a failed
    probe, and `unseen` where there are no probes; `neither` tells of one in all other time.
    """

    span: Span
    agreement: Agreement
    probe: str
    incident: str


@dataclass(frozen=True, slots=True)
class CheckedIncident:
    """
    An incident beside the probes: how much of it they saw down, how much up, and of how much they cannot tell.

    `confirmed` and `contradicted` say whether a probe failed, or was good, in it.
    """

    id: str
    down: Downtime
    up: Downtime
    untold: Downtime

    @property
    def confirmed(self) -> bool:
        """Whether probes saw some of it down for certain."""
        return bool(self.down)

    @property
    def contradicted(self) -> bool:
        """Whether probes saw some of it up."""
        return bool(self.up)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The time of a period up to an instant, every microsecond of it in one row; and each incident by itself."""

    period: Period
    rows: tuple[Reconciled, ...]
    incidents: tuple[CheckedIncident, ...]

    def table(self) -> dict[Agreement, Downtime]:
        """Return the time of each kind; it adds up to the period up to the instant."""
        found: dict[Agreement, Downtime] = {}
        for row in self.rows:
            found[row.agreement] = found.get(row.agreement, Downtime()) + row.span.duration
        return found

    def to_data(self) -> dict[str, Any]:
        """Return it as plain data: the time of each kind, the rows, and the incidents; times are exact text."""
        return {
            "period": self.period.label,
            "table": {agreement: str(length) for agreement, length in self.table().items()},
            "rows": [
                {
                    "start": row.span.start.isoformat(),
                    "end": row.span.end.isoformat(),
                    "agreement": row.agreement,
                    "probe": row.probe,
                    "incident": row.incident,
                }
                for row in self.rows
            ],
            "incidents": [
                {"id": one.id, "down": str(one.down), "up": str(one.up), "untold": str(one.untold)}
                for one in self.incidents
            ],
        }

    @property
    def disagreements(self) -> tuple[Reconciled, ...]:
        """The rows in which one says that it was down, and the other that it was up."""
        return tuple(row for row in self.rows if row.agreement in ("only_probes", "only_incidents"))


def reconciled(record: ServiceRecord, period: Period, at: int) -> Reconciliation:
    """Return the probes of a record beside its incidents, as both are known at an instant."""
    lo, hi = period.span.micros
    until = min(max(at, lo), hi)
    seen = record.seen(lo, until, at) or [(lo, until, "unknown", "")]
    said = record.said(lo, until, at)
    edges = sorted({lo, until, *(edge for one in (*seen, *said) for edge in one[:2])})

    def rows() -> Iterator[Reconciled]:
        places = [0, 0]
        for start, end in pairwise(edges):
            while seen[places[0]][1] <= start:
                places[0] += 1
            while places[1] < len(said) and said[places[1]][1] <= start:
                places[1] += 1
            _, _, state, probe = seen[places[0]]
            now = said[places[1]] if places[1] < len(said) and said[places[1]][0] <= start else None
            span = Span(from_micros(start, period.start), from_micros(end, period.start))
            yield Reconciled(span, _AGREEMENTS[state, now is not None], source_of(probe), now[3] if now else "")

    checked = []
    for one in sorted(record.incidents, key=lambda one: (one.start_micros, one.id)):
        start, end = max(one.start_micros, lo), one.until(until)
        if one.is_known(at) and start < end:
            parts: dict[State, int] = {}
            for begin, stop, state, _ in seen:
                parts[state] = parts.get(state, 0) + max(min(stop, end) - max(begin, start), 0)
            down, up = parts.get("down", 0), parts.get("up", 0)
            checked.append(CheckedIncident(one.id, Downtime(down), Downtime(up), Downtime(end - start - down - up)))
    return Reconciliation(period, tuple(_joined(rows())), tuple(checked))


def _joined(rows: Iterable[Reconciled]) -> list[Reconciled]:
    found: list[Reconciled] = []
    for row in rows:
        last = found[-1] if found else None
        if last and (last.agreement, last.probe, last.incident) == (row.agreement, row.probe, row.incident):
            found[-1] = Reconciled(Span(last.span.start, row.span.end), row.agreement, row.probe, row.incident)
        else:
            found.append(row)
    return found
