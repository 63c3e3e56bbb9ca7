"""
All that is known of a service, whenever it is asked: its probes, requests, incidents, maintenance and decisions.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sla_engine.uptime.incidents import Incident, Weighed, merged
from sla_engine.uptime.maintenance import Excused, Maintenance, MaintenanceTerms
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.reclassification import Reclassification, ruled
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.uptime.requests import RequestLog
from sla_engine.uptime.rules import CountingRules
from sla_engine.uptime.stretches import Seen, Stretch, composed, seen_by


class Record:
    """What tells the state of something at every instant."""

    __slots__ = ()

    @abstractmethod
    def stretches(self, lo: int, hi: int, at: int) -> list[Stretch]:
        """
        Return the stretches of [lo, hi), one window of the maintenance terms, as they are known at an instant.

        They follow one another without gaps, and neighbours differ.
        """

    @abstractmethod
    def longest_unseen(self, lo: int, hi: int, at: int) -> int:
        """Return the length that no outage in [lo, hi) reaches of which no probe knows, in microseconds."""


@dataclass(frozen=True, slots=True)
class ServiceRecord(Record):
    """What is told of one service."""

    probes: tuple[ProbeLog, ...] = ()
    down_needs: int = 1
    requests: RequestLog | None = None
    incidents: tuple[Incident, ...] = ()
    maintenance: tuple[Maintenance | RecurringMaintenance, ...] = ()
    terms: MaintenanceTerms = field(default_factory=MaintenanceTerms)
    reclassified: tuple[Reclassification, ...] = ()
    rules: CountingRules | None = None
    sources_need: int = 1

    def stretches(self, lo: int, hi: int, at: int) -> list[Stretch]:
        """Return the stretches of [lo, hi), one window of the maintenance terms, as they are known at an instant."""
        if self.rules is None:
            return self._known(lo, hi, at, self.planned(lo, hi, at))
        reach = self.rules.reach
        edges = ((lo - reach, lo), (lo, hi), (hi, hi + reach))
        planned = [one for start, end in edges for one in self.planned(start, end, at)]
        return clipped(self.rules.apply(self._known(lo - reach, hi + reach, at, planned)), lo, hi)

    def _known(self, lo: int, hi: int, at: int, planned: list[Excused]) -> list[Stretch]:
        known_until = min(max(at, lo), hi)
        return composed(
            lo,
            hi,
            known_until,
            seen=self.seen(lo, known_until, at),
            answered=() if self.requests is None or known_until <= lo else self.requests.states(lo, known_until, at=at),
            said=self.said(lo, known_until, at),
            planned=planned,
            ruled=ruled(self.reclassified, lo, hi, at) if self.reclassified else (),
            sources_need=self.sources_need,
        )

    def seen(self, lo: int, hi: int, at: int) -> list[Seen]:
        """Return what the probes saw of [lo, hi)."""
        return seen_by(self.probes, self.down_needs, lo, hi, at)

    def said(self, lo: int, hi: int, at: int) -> list[Weighed]:
        """Return what the incidents say of [lo, hi) that were recorded at an instant."""
        if not self.incidents:
            return []
        return merged((one for one in self.incidents if one.is_known(at)), lo, hi)

    def planned(self, lo: int, hi: int, at: int) -> list[Excused]:
        """Return the maintenance in [lo, hi) that was announced at an instant, or never was."""
        if not self.maintenance:
            return []
        return self.terms.apply((one for one in self._each(lo, hi) if one.is_known(at)), lo, hi)

    def _each(self, lo: int, hi: int) -> Iterator[Maintenance]:
        for one in self.maintenance:
            if isinstance(one, RecurringMaintenance):
                yield from one.between(lo, hi)
            else:
                yield one

    def longest_unseen(self, lo: int, hi: int, at: int) -> int:
        """Return the length that no outage in [lo, hi) reaches of which no probe knows, in microseconds."""
        return max((log.longest_unseen(lo, min(max(at, lo), hi), at=at) for log in self.probes), default=0)


def clipped(stretches: Sequence[Stretch], lo: int, hi: int) -> list[Stretch]:
    """Return the parts of stretches that are in [lo, hi)."""
    return [
        one._replace(start=max(one.start, lo), end=min(one.end, hi))
        for one in stretches
        if max(one.start, lo) < min(one.end, hi)
    ]
