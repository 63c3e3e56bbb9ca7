"""
Services together, as they were measured: what was down while others were, and not what their averages suggest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from sla_engine.errors import InvalidAmount
from sla_engine.shares import Share
from sla_engine.uptime.composite import Together, k_of_n
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.records import Record
from sla_engine.uptime.reports import UptimeReport, report_of
from sla_engine.uptime.stretches import MaintenanceClass, ServiceState, Stretch, joined


@dataclass(frozen=True, slots=True)
class JointRecord(Record):
    """What is told of several services of which some number must be up."""

    parts: tuple[Record, ...]
    needed: int

    def stretches(self, lo: int, hi: int, at: int) -> list[Stretch]:
        """
        Return the stretches of [lo, hi), each with what the services together come to.

        Together they are as far up as the one that is the last of those that are needed: in series down is what any
        is, in parallel what all are. Maintenance is excused where that of the services alone would take them down.
        """
        told = [part.stretches(lo, hi, at) for part in self.parts]
        edges = sorted({one.start for stretches in told for one in stretches})
        places = [0] * len(told)
        found: list[Stretch] = []
        for start, end in zip(edges, [*edges[1:], hi], strict=True):
            for number, stretches in enumerate(told):
                while stretches[places[number]].end <= start:
                    places[number] += 1
            parts = [stretches[place] for stretches, place in zip(told, places, strict=True)]
            found.append(_joint(parts, self.needed, start, end))
        return joined(found)

    def longest_unseen(self, lo: int, hi: int, at: int) -> int:
        """Return the length that no outage of any of the services reaches of which no probe knows, in microseconds."""
        return max(part.longest_unseen(lo, hi, at) for part in self.parts)


def _joint(parts: Sequence[Stretch], needed: int, start: int, end: int) -> Stretch:
    def together(weights: Iterable[Fraction]) -> Fraction:
        return sorted(weights)[needed - 1]  # those that are the furthest up come first

    least, most = together(one.least for one in parts), together(one.most for one in parts)
    # What would be down at most if all that is unknown were up.
    seen = together(one.least if one.state == "unknown" else one.most for one in parts)
    state: ServiceState = "not_yet"
    if parts[0].state != "not_yet":
        state = "up" if not most else "down" if least == most else "uncertain" if seen == most else "unknown"
    excused = together(Fraction(one.maintenance == "excused") for one in parts)
    planned = together(Fraction(one.maintenance != "none") for one in parts)
    maintenance: MaintenanceClass = "excused" if excused else "unexcused" if planned else "none"
    decisive = max(parts, key=lambda one: (one.least, one.most))
    work = next((one.work for one in parts if one.maintenance == maintenance and one.work), "")
    return Stretch(start, end, state, least, most, maintenance, decisive.told if most else "", work)


@dataclass(frozen=True, slots=True)
class JointReport:
    """
    What several services came to together: the report of what was measured, and what their averages alone would say.

    `needed` is how many of the `parts` must be up.
    """

    report: UptimeReport
    parts: Mapping[str, UptimeReport]
    needed: int

    @property
    def availability(self) -> Share | None:
        """The share of the window in which enough of them were up, as measured; None where nothing is known."""
        return self.report.availability

    @property
    def predicted(self) -> Together | None:
        """
        What the availabilities of the parts say of them together: the product under independence, and the bounds
        without it; None where nothing is known of one.
        """
        shares = [part.availability for part in self.parts.values()]
        known = [share for share in shares if share is not None]
        return k_of_n(self.needed, known) if len(known) == len(shares) else None


def evaluate_together(
    parts: Mapping[str, UptimeReport],
    *,
    target: str | Fraction | Share,
    needed: int | None = None,
    longest_outage: Downtime | timedelta | str | None = None,
) -> JointReport:
    """
    Return what services come to together, from the reports of each on the same period and instant.

    `needed` is how many of them must be up: all of them (a series) unless given, 1 where any will do (in parallel).
    `longest_outage` is how long all of it may be down at a time. Time is counted as the first part counts it.
    Raises `InvalidAmount` for a number that there is not, and for reports on different times.
    """
    reports = list(parts.values())
    wanted = len(reports) if needed is None else needed
    if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= len(reports):  # type: ignore[redundant-expr]
        raise InvalidAmount(
            f"{wanted} of {len(reports)} services cannot be needed",
            where="needed",
            value=wanted,
            remedy="Ask for one up to all of them",
        )
    first = reports[0]
    for name, report in parts.items():
        if report.period != first.period or report.at != first.at:
            raise InvalidAmount(
                f"{name!r} is of {report.period} as of {report.at.isoformat()}, "
                f"and others are of {first.period} as of {first.at.isoformat()}",
                where=name,
                remedy="Evaluate all of them on one period and at one instant",
            )
    record = JointRecord(tuple(report.record for report in reports), wanted)
    joint = report_of(
        record,
        target,
        first.period,
        first.at,
        unknown=first.unknown,
        base=first.base,
        longest_allowed=None if longest_outage is None else Downtime.of(longest_outage),
    )
    return JointReport(joint, dict(parts), wanted)
