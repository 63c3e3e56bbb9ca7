"""`sla-engine uptime`: what probes, incidents and maintenance come to for each service of a policy."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from sla_engine.cli.reading import read_instant, read_policy
from sla_engine.cli.showing import console_for, stop, tell_problems
from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.instants import utc
from sla_engine.periods import Month, Period
from sla_engine.policies import Policy
from sla_engine.tables import RowProblem

if TYPE_CHECKING:
    from sla_engine.uptime import (
        IncidentRecords,
        MaintenanceRecords,
        MaintenanceTerms,
        ProbeLog,
        ProbeRecords,
        UptimeReport,
    )


_T = TypeVar("_T")


@dataclass(frozen=True)
class _Given:
    """What the command was given, read."""

    month: str
    period_zone: str | None
    at: datetime | None
    terms: MaintenanceTerms
    probes: ProbeRecords
    incidents: IncidentRecords | None
    maintenance: MaintenanceRecords | None


def uptime(
    probes: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    month: str,
    at: str | None = None,
    policy: str = "maxony",
    period_zone: str | None = None,
    incidents: Path | None = None,
    maintenance: Path | None = None,
    notice: str | None = None,
    cap_per_event: str | None = None,
    cap_per_month: str | None = None,
    zone: str | None = None,
    format: Annotated[Literal["text", "json"], Parameter(name="--format")] = "text",  # noqa: A002  (its usual name)
) -> None:
    """
    Show for each service how much of a month was up, at least and at most, and what that means for its target.

    Parameters
    ----------
    probes
        A CSV file with the columns at, up and service, and perhaps location; "-" reads standard input.
    month
        The month, as 2026-03.
    at
        The instant as of which everything is seen; required where the probes end before the month does.
    policy
        "maxony", or a file of service levels.
    period_zone
        The zone in which the month begins and ends; each service's own, unless given.
    incidents
        A CSV file with the columns id, start, end and service, and perhaps weight.
    maintenance
        A CSV file with the columns id, start, end and announced_at, and perhaps service and emergency.
    notice
        How long before its start maintenance must be announced to be excused, such as 24h.
    cap_per_event
        How long one maintenance is excused at most.
    cap_per_month
        How long all maintenance of a month is excused at most.
    zone
        The zone of times in the files that have none. Without it, such rows are refused.
    format
        text or json.
    """
    from sla_engine.uptime import MaintenanceTerms, read_incidents, read_maintenance, read_probes  # noqa: PLC0415

    try:
        rules = read_policy(policy)
        source = sys.stdin.buffer.read() if str(probes) == "-" else probes.read_bytes()
        seen = read_probes(source, every={one.name: one.probe_every for one in rules.services}, zone=zone)
        said = None if incidents is None else read_incidents(incidents.read_bytes(), zone=zone)
        planned = None if maintenance is None else read_maintenance(maintenance.read_bytes(), zone=zone)
        terms = MaintenanceTerms(notice=notice, cap_per_event=cap_per_event, cap_per_window=cap_per_month)
        given = _Given(month, period_zone, read_instant(at, zone), terms, seen, said, planned)
        found = _reports(rules, given)
        console = console_for(sys.stdout)
        if format == "json":
            data = {name: report.to_data() for name, report in found.items()}
            console.file.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        else:
            _show(rules, found, console)
    except (SlaError, OSError) as error:
        stop(error)
    problems: list[RowProblem] = [*seen.problems]
    problems += [] if said is None else said.problems
    problems += [] if planned is None else planned.problems
    if problems:
        tell_problems(problems)
        sys.exit(1)


def _reports(rules: Policy, given: _Given) -> dict[str, UptimeReport]:
    from sla_engine.uptime import evaluate_uptime  # noqa: PLC0415

    found: dict[str, UptimeReport] = {}
    for service in rules.services:
        period = Month.parse(given.month, zone=given.period_zone or service.zone)
        logs = given.probes.logs.get(service.name, ())
        at = given.at if given.at is not None else _end(period, logs)
        incidents = _of(service.name, given.incidents.incidents) if given.incidents else ()
        work = _of(service.name, given.maintenance.maintenance) if given.maintenance else ()
        found[service.name] = evaluate_uptime(
            service.uptime,
            period,
            at=at,
            probes=logs,
            incidents=incidents,
            maintenance=work if service.maintenance == "excused" else (),
            terms=given.terms,
        )
    return found


def _of(service: str, by_service: Mapping[str, tuple[_T, ...]]) -> tuple[_T, ...]:
    """Return what is said of a service, and of all."""
    return (*by_service.get("", ()), *(by_service.get(service, ()) if service else ()))


def _end(period: Period, logs: Sequence[ProbeLog]) -> datetime:
    """Return the end of a month that is over: its probes go on to its end."""
    for log in logs:
        last = log.last
        if last is not None and last + 2 * log.spacing(last) < period.span.micros[1]:
            raise InvalidInstant(
                f"the probes end at {utc(last).isoformat()}, before {period.label} does",
                where="--at",
                remedy='Say as of when: --at "2026-04-01T00:00:00Z"',
            )
    return period.end


def _show(rules: Policy, found: dict[str, UptimeReport], console: Console) -> None:
    first = next(iter(found.values()), None)
    if first is None:
        console.print(f"{rules.name}: no services", markup=False, highlight=False)
        return
    head = f"{rules.name}: services in {first.period.label}, as of {first.at.isoformat()}"
    console.print(head, style="bold", markup=False, highlight=False)
    table = Table("service", "target", box=None, pad_edge=False)
    for name in (
        "verdict",
        "up",
        "down, at least",
        "expected",
        "at most",
        "budget",
        "left",
        "known",
        "outages",
        "longest",
    ):
        table.add_column(name, justify="right")
    for name, report in found.items():
        usual, outages = report.reading(), report.outages()
        longest = max((one.downtime.expected for one in outages), default=None)
        coverage = report.coverage
        table.add_row(
            name,
            report.target.exact_text,
            usual.verdict,
            "" if usual.availability is None else f"{usual.availability:.3%}",
            str(usual.downtime.lower),
            str(usual.downtime.expected),
            str(usual.downtime.upper),
            str(usual.budget),
            str(usual.left),
            "" if coverage is None else f"{coverage:.2%}",
            str(len(outages)),
            "" if longest is None else str(longest),
        )
    console.print(table)
