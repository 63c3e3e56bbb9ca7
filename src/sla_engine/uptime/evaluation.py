"""
A service over a window, from all that tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from sla_engine.errors import InvalidAmount
from sla_engine.periods import Period
from sla_engine.shares import Share
from sla_engine.uptime.downtime import Downtime
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.maintenance import Maintenance, MaintenanceTerms
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.readings import Base, Unknown
from sla_engine.uptime.reclassification import Reclassification
from sla_engine.uptime.records import ServiceRecord
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.uptime.reports import UptimeReport, report_of
from sla_engine.uptime.requests import RequestLog
from sla_engine.uptime.rules import CountingRules


def evaluate_uptime(
    target: str | Fraction | Share,
    period: Period,
    *,
    at: datetime,
    probes: ProbeLog | Sequence[ProbeLog] = (),
    down_needs: int = 1,
    sources_need: int = 1,
    requests: RequestLog | None = None,
    incidents: Iterable[Incident] | None = None,
    maintenance: Iterable[Maintenance | RecurringMaintenance] = (),
    terms: MaintenanceTerms | None = None,
    reclassified: Iterable[Reclassification] = (),
    rules: CountingRules | None = None,
    longest_outage: Downtime | timedelta | str | None = None,
    unknown: Unknown = "either",
    base: Base = "window",
) -> UptimeReport:
    """
    Return what is known of a service over a period at an instant, from its probes, its incidents, or both.

    Down is what any source says, or `sources_need` of them: of the probes, the requests and the incidents. Of several
    locations' probes, `down_needs` must agree. Maintenance is excused under
    its `terms`; `reclassified` are decisions on a time afterwards, and hide what was said of it. `rules` are those by
    which a contract counts downtime, and `longest_outage` is how long one outage may last. `unknown` and `base` are the
    usual reading of the report. Raises `InvalidAmount` for a number of locations that there is not, for a way to count
    that there is not, and for a length of an outage below none.
    """
    logs = (probes,) if isinstance(probes, ProbeLog) else tuple(probes)
    if not 1 <= down_needs <= max(len(logs), 1):
        raise InvalidAmount(
            f"{down_needs} of {len(logs)} locations cannot agree",
            where="down_needs",
            value=down_needs,
            remedy="Give a number from 1 to that of the probe logs",
        )
    sources = sum((bool(logs), requests is not None, incidents is not None))
    if not 1 <= sources_need <= max(sources, 1):
        raise InvalidAmount(
            f"{sources_need} of {sources} sources cannot agree",
            where="sources_need",
            value=sources_need,
            remedy="Give a number from 1 to that of probes, requests and incidents",
        )
    record = ServiceRecord(
        logs,
        down_needs,
        requests,
        tuple(incidents or ()),
        tuple(maintenance),
        terms or MaintenanceTerms(),
        tuple(reclassified),
        rules,
        sources_need,
    )
    allowed = None if longest_outage is None else Downtime.of(longest_outage)
    if allowed is not None and allowed.micros < 0:
        raise InvalidAmount(
            f"no outage is as short as {allowed}", where="longest_outage", value=longest_outage, remedy='Write "15m"'
        )
    return report_of(record, target, period, at, unknown=unknown, base=base, longest_allowed=allowed)
