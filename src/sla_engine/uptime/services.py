"""
Services as a policy promises them: how much uptime, in which windows, and how it is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_serializer, field_validator

from sla_engine.calendars.calendar import ZoneName
from sla_engine.data import Data
from sla_engine.errors import InvalidAmount, InvalidLog, InvalidPolicy, SlaError
from sla_engine.periods import Day, Month, Period, Quarter, Week, Year
from sla_engine.shares import Share
from sla_engine.targets import DurationField, ShareField
from sla_engine.uptime.budget import target_share
from sla_engine.uptime.credits import CreditScheme
from sla_engine.uptime.evaluation import evaluate_uptime
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.maintenance import Maintenance, MaintenanceTerms
from sla_engine.uptime.probes import ProbeLog
from sla_engine.uptime.readings import Base, Unknown
from sla_engine.uptime.reclassification import Reclassification
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.uptime.reports import UptimeReport
from sla_engine.uptime.requests import RequestLog
from sla_engine.uptime.rules import CountingRules

Probes = ProbeLog | Sequence[ProbeLog] | Iterable[tuple[datetime, bool]]
"""What probes saw: a log, one for each location, or pairs of an instant and whether the service was up."""
WindowName = Literal["day", "week", "month", "quarter", "year"]
_WINDOWS: dict[WindowName, type[Day | Week | Month | Quarter | Year]] = {
    "day": Day,
    "week": Week,
    "month": Month,
    "quarter": Quarter,
    "year": Year,
}
_NO_TERMS = MaintenanceTerms()


def _promised(share: Share) -> Share:
    """Return what can be promised; the error is located by the key in which it was written."""
    try:
        return target_share(share)
    except InvalidAmount as error:
        raise InvalidAmount(error.problem, value=error.value, remedy=error.remedy) from None


class Service(Data, frozen=True):
    """
    Something that is kept running: the share of time promised, in which window, and how often it is probed.

    Every hour of the window counts. `maintenance` says whether announced maintenance is excused, under which
    `terms`, or counts as downtime. `rules` are those by which downtime is counted, `longest_outage` how long one outage
    may last, `down_needs` how many locations' probes must agree, and
    `sources_need` how many of probes, requests and incidents, `unknown` and `base` the usual reading, `needs` the
    services without which this one does not work, and `credit_scheme` what is paid back.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    title: str = ""
    uptime: ShareField
    probe_every: DurationField
    window: WindowName = "month"
    zone: ZoneName = "UTC"
    maintenance: Literal["excused", "counted"] = "excused"
    terms: MaintenanceTerms = _NO_TERMS
    rules: CountingRules | None = None
    longest_outage: DurationField | None = None
    down_needs: Annotated[int, Field(ge=1, strict=True)] = 1
    sources_need: Annotated[int, Field(ge=1, strict=True)] = 1
    unknown: Unknown = "either"
    base: Base = "window"
    needs: tuple[str, ...] = ()
    credit_scheme: CreditScheme | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str = ...,
            title: str = "",
            uptime: str | Share,
            probe_every: str | timedelta,
            window: WindowName = "month",
            zone: str = "UTC",
            maintenance: Literal["excused", "counted"] = "excused",
            terms: MaintenanceTerms | dict[str, object] = ...,
            rules: CountingRules | dict[str, object] | None = None,
            longest_outage: str | timedelta | None = None,
            down_needs: int = 1,
            sources_need: int = 1,
            unknown: Unknown = "either",
            base: Base = "window",
            needs: Iterable[str] = (),
            credit_scheme: CreditScheme | dict[str, object] | None = None,
        ) -> None: ...

    @field_validator("uptime")
    @classmethod
    def _promised(cls, share: Share) -> Share:
        return _promised(share)

    @field_validator("probe_every", "longest_outage")
    @classmethod
    def _longer_than_nothing(cls, length: timedelta | None, info: ValidationInfo) -> timedelta | None:
        if length is not None and length <= timedelta():
            problem = "probes need time between them" if info.field_name == "probe_every" else "no outage is as short"
            raise InvalidAmount(problem, value=str(length), remedy='Write "1m" or "5m"')
        return length

    @field_serializer("terms", "rules", "credit_scheme")
    def _write_parts(self, part: Data | None) -> dict[str, Any] | None:
        return None if part is None else part.to_data()

    def window_of(self, at: datetime) -> Period:
        """Return the window of the service in which an instant lies."""
        return _WINDOWS[self.window].containing(at, zone=self.zone)

    def _logs(self, probes: Probes) -> tuple[ProbeLog, ...]:
        if isinstance(probes, ProbeLog):
            return (probes,)
        given: list[Any] = list(probes)
        logs = tuple(one for one in given if isinstance(one, ProbeLog))
        if len(logs) == len(given):
            return logs
        if logs:
            raise InvalidLog(
                "some of the probes are logs, and some are not",
                where="probes",
                remedy="Give one log for each location, or pairs of an instant and a boolean",
            )
        return (ProbeLog.of(given, every=self.probe_every),)

    def evaluate(
        self,
        period: Period,
        *,
        at: datetime,
        probes: Probes = (),
        requests: RequestLog | None = None,
        incidents: Iterable[Incident] | None = None,
        maintenance: Iterable[Maintenance | RecurringMaintenance] = (),
        reclassified: Iterable[Reclassification] = (),
    ) -> UptimeReport:
        """
        Return what is known of the service over a period at an instant, counted as it is promised.

        See `evaluate_uptime`. `probes` may be pairs of an aware datetime and a boolean as well, made as often as the
        service is probed. Where fewer locations probe than must agree, or fewer sources are given, all of them must.
        """
        logs = self._logs(probes)
        sources = sum((bool(logs), requests is not None, incidents is not None))
        counted = MaintenanceTerms(excused=False)
        return evaluate_uptime(
            self.uptime,
            period,
            at=at,
            probes=logs,
            down_needs=min(self.down_needs, max(len(logs), 1)),
            sources_need=min(self.sources_need, max(sources, 1)),
            requests=requests,
            incidents=incidents,
            maintenance=maintenance,
            terms=self.terms if self.maintenance == "excused" else counted,
            reclassified=reclassified,
            rules=self.rules,
            longest_outage=self.longest_outage,
            unknown=self.unknown,
            base=self.base,
        )


class ServiceGroup(Data, frozen=True):
    """
    Services that are promised together: which, how many of them must be up (all, unless given), and the uptime.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    name: str = Field(min_length=1)
    title: str = ""
    services: tuple[str, ...] = Field(min_length=1)
    needed: Annotated[int, Field(strict=True)] | None = None
    uptime: ShareField

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            name: str = ...,
            title: str = "",
            services: Iterable[str],
            needed: int | None = None,
            uptime: str | Fraction | Share,
        ) -> None: ...

    @field_validator("uptime")
    @classmethod
    def _promised(cls, share: Share) -> Share:
        return _promised(share)

    @field_validator("needed")
    @classmethod
    def _positive(cls, needed: int | None) -> int | None:
        if needed is not None and needed < 1:
            raise InvalidPolicy(f"{needed} services cannot be needed", value=needed, remedy="Write 1 or more")
        return needed
