"""`sla-engine uptime`: what probes, incidents and maintenance come to for each service of a policy."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from sla_engine.cli.reading import delimiter_of, read_instant, read_policy
from sla_engine.cli.showing import console_for, stop, tell_problems
from sla_engine.cli.windows import NO_WINDOW, WindowOptions
from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.instants import utc
from sla_engine.periods import Period
from sla_engine.policies import Policy, PolicyUptime
from sla_engine.tables import RowProblem

if TYPE_CHECKING:
    from sla_engine.uptime import (
        IncidentRecords,
        JointReport,
        MaintenanceRecords,
        MaintenanceTerms,
        ProbeLog,
        ProbeRecords,
        ReclassificationRecords,
        Service,
        UptimeReport,
    )


@dataclass(frozen=True)
class _Given:
    """What the command was given, read."""

    window: WindowOptions
    period_zone: str | None
    at: datetime | None
    terms: MaintenanceTerms
    probes: ProbeRecords
    incidents: IncidentRecords | None
    maintenance: MaintenanceRecords | None
    reclassified: ReclassificationRecords | None

    @property
    def problems(self) -> list[RowProblem]:
        """The rows of all files that could not be used."""
        files = (self.probes, self.incidents, self.maintenance, self.reclassified)
        return [problem for file in files if file is not None for problem in file.problems]


def uptime(
    probes: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    window: WindowOptions = NO_WINDOW,
    at: str | None = None,
    policy: str = "maxony",
    period_zone: str | None = None,
    incidents: Path | None = None,
    maintenance: Path | None = None,
    reclassified: Path | None = None,
    notice: str | None = None,
    cap_per_event: str | None = None,
    cap_per_window: Annotated[str | None, Parameter(name=("--cap-per-window", "--cap-per-month"))] = None,
    ledger: str | None = None,
    reconcile: bool = False,
    zone: str | None = None,
    delimiter: str = ",",
    format: Annotated[Literal["text", "json"], Parameter(name="--format")] = "text",  # noqa: A002  (its usual name)
) -> None:
    """
    Show for each service how much of a window was up, at least and at most, and what that means for its target.

    Parameters
    ----------
    probes
        A CSV file with the columns at, up and service, and perhaps location and recorded_at; "-" reads standard input.
    at
        The instant as of which everything is seen; required where the probes end before the window does, and with
        --window, which ends at it.
    policy
        "maxony", or a file of service levels.
    period_zone
        The zone in which the window begins and ends; each service's own, unless given.
    incidents
        A CSV file with the columns id, start, end and service, and perhaps weight and recorded_at.
    maintenance
        A CSV file with the columns id, start, end and announced_at, and perhaps service, emergency, rrule, zone and
        announced_before.
    reclassified
        A CSV file with the columns id, start, end, decision and decided_at, and perhaps service and reason.
    notice
        How long before its start maintenance must be announced to be excused, such as 24h.
    cap_per_event
        How long one maintenance is excused at most.
    cap_per_window
        How long all maintenance of a window is excused at most.
    ledger
        A service: show every stretch of its window, what it adds to the downtime, and who says so.
    reconcile
        Show what the probes saw beside what the incidents say.
    zone
        The zone of times in the files that have none. Without it, such rows are refused.
    delimiter
        What stands between the columns of the files: one character, or tab.
    format
        text or json.
    """
    from sla_engine.uptime import MaintenanceTerms  # noqa: PLC0415  (the other commands do without)

    try:
        rules = read_policy(policy)
        terms = MaintenanceTerms(notice=notice, cap_per_event=cap_per_event, cap_per_window=cap_per_window)
        files = _read(
            rules,
            probes,
            incidents=incidents,
            maintenance=maintenance,
            reclassified=reclassified,
            zone=zone,
            delimiter=delimiter_of(delimiter),
        )
        given = _Given(window, period_zone, read_instant(at, zone), terms, *files)
        found = _evaluated(rules, given)
        console = console_for(sys.stdout)
        if ledger is not None and ledger not in found.services:
            rules.service(ledger)
        if format == "json":
            data = _data(found, reconcile=reconcile) if ledger is None else found[ledger].ledger().to_data()
            console.file.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        elif ledger is not None:
            console.file.write(f"{found[ledger].ledger()}\n")
        else:
            _show(rules, found, console)
            if reconcile:
                _show_reconciled(found, console)
    except (SlaError, OSError) as error:
        stop(error)
    if given.problems:
        tell_problems(given.problems)
        sys.exit(1)


def _read(
    rules: Policy,
    probes: Path,
    *,
    incidents: Path | None,
    maintenance: Path | None,
    reclassified: Path | None,
    zone: str | None,
    delimiter: str,
) -> tuple[ProbeRecords, IncidentRecords | None, MaintenanceRecords | None, ReclassificationRecords | None]:
    from sla_engine.uptime import (  # noqa: PLC0415
        read_incidents,
        read_maintenance,
        read_probes,
        read_reclassifications,
    )

    source = sys.stdin.buffer.read() if str(probes) == "-" else probes.read_bytes()
    return (
        read_probes(
            source, every={one.name: one.probe_every for one in rules.services}, zone=zone, delimiter=delimiter
        ),
        None if incidents is None else read_incidents(incidents.read_bytes(), zone=zone, delimiter=delimiter),
        None if maintenance is None else read_maintenance(maintenance.read_bytes(), zone=zone, delimiter=delimiter),
        None
        if reclassified is None
        else read_reclassifications(reclassified.read_bytes(), zone=zone, delimiter=delimiter),
    )


def _evaluated(rules: Policy, given: _Given) -> PolicyUptime:
    """Return the reports, as of the instant asked about, or of the end of windows that are over."""
    periods: dict[str, Period] = {}
    ends: list[datetime] = []
    for service in rules.services:
        period = given.window.period(given.period_zone or service.zone, given.at)
        periods[service.name] = period
        ends.append(_end(period, given.probes.logs.get(service.name, ())) if given.at is None else given.at)
    services = [_with_terms(service, given.terms) for service in rules.services]
    return rules.model_copy(update={"services": services}).evaluate_uptime(
        periods,
        at=given.at if given.at is not None else max(ends, default=utc(0)),
        probes=given.probes.logs,
        incidents=_known(rules, given.incidents.incidents if given.incidents else {}),
        maintenance=_known(rules, given.maintenance.maintenance if given.maintenance else {}),
        reclassified=_known(rules, given.reclassified.reclassified if given.reclassified else {}),
    )


def _known(rules: Policy, by_service: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of the services of the policy; files may tell of others too."""
    names = {"", *(service.name for service in rules.services)}
    return {name: told for name, told in by_service.items() if name in names}


def _with_terms(service: Service, terms: MaintenanceTerms) -> Service:
    """Return a service with the terms of maintenance that the command was given; the others stay its own."""
    given = {name: value for name in type(terms).model_fields if (value := getattr(terms, name)) not in (None, False)}
    given.pop("excused", None)
    return service.model_copy(update={"terms": service.terms.model_copy(update=given)}) if given else service


def _end(period: Period, logs: Sequence[ProbeLog]) -> datetime:
    """Return the end of a window that is over: its probes go on to its end."""
    for log in logs:
        last = log.last
        if last is not None and last + 2 * log.spacing(last) < period.span.micros[1]:
            raise InvalidInstant(
                f"the probes end at {utc(last).isoformat()}, before {period.label} does",
                where="--at",
                remedy='Say as of when: --at "2026-04-01T00:00:00Z"',
            )
    return period.end


def _data(found: PolicyUptime, *, reconcile: bool) -> dict[str, Any]:
    """Return the reports as plain data: the services by their names, and what is promised together."""
    data: dict[str, Any] = {name: report.to_data() for name, report in found.services.items()}
    for name, report in found.services.items():
        if reconcile:
            data[name]["reconciliation"] = report.reconciliation().to_data()
    for name, joint in found.with_needs.items():
        data[name]["with_needs"] = _joint_data(joint)
    return {**data, **{f"group:{name}": _joint_data(joint) for name, joint in found.groups.items()}}


def _joint_data(joint: JointReport) -> dict[str, Any]:
    predicted = joint.predicted
    alone = None
    if predicted is not None:
        names = ("independent", "lowest", "highest")
        alone = {name: f"{getattr(predicted, name):.4%}" for name in names}
    return {**joint.report.to_data(), "parts": list(joint.parts), "needed": joint.needed, "predicted": alone}


_COLUMNS = ("verdict", "up", "down, at least", "expected", "at most", "budget", "left", "known", "outages", "longest")


def _show(rules: Policy, found: PolicyUptime, console: Console) -> None:
    first = next(iter(found.services.values()), None)
    if first is None:
        console.print(f"{rules.name}: no services", markup=False, highlight=False)
        return
    head = f"{rules.name}: services in {first.period.label}, as of {first.at.isoformat()}"
    console.print(head, style="bold", markup=False, highlight=False)
    table = Table("service", "target", box=None, pad_edge=False)
    for name in (*_COLUMNS, "runs out"):
        table.add_column(name, justify="right")
    for name, report in found.services.items():
        table.add_row(name, *_cells(report))
        if name in found.with_needs:
            joint = found.with_needs[name]
            table.add_row(f"  with {', '.join(one for one in joint.parts if one != name)}", *_cells(joint.report))
    for name, joint in found.groups.items():
        table.add_row(f"{name} ({joint.needed} of {len(joint.parts)})", *_cells(joint.report))
    console.print(table)
    for service in rules.services:
        if service.credit_scheme is not None:
            paid = service.credit_scheme.assess(found[service.name])
            text = f"{service.name}: {paid.expected.exact_text} of the fee is paid back"
            if paid.least != paid.most:
                text += f", between {paid.least.exact_text} and {paid.most.exact_text}"
            console.print(text, markup=False, highlight=False)


def _cells(report: UptimeReport) -> tuple[str, ...]:
    usual, outages = report.reading(), report.outages()
    longest = max((one.downtime.expected for one in outages), default=None)
    gone = report.forecast().exhausted_at
    return (
        report.target.exact_text,
        usual.verdict,
        "" if usual.availability is None else f"{usual.availability:.3%}",
        str(usual.downtime.lower),
        str(usual.downtime.expected),
        str(usual.downtime.upper),
        str(usual.budget),
        str(usual.left),
        "" if report.coverage is None else f"{report.coverage:.2%}",
        str(len(outages)),
        "" if longest is None else str(longest),
        "" if gone is None else gone.isoformat(" ", "minutes"),
    )


def _show_reconciled(found: PolicyUptime, console: Console) -> None:
    """Show how long probes and incidents agree, and where only one of them tells of an outage."""
    console.print()
    table = Table("service", "down by", box=None, pad_edge=False)
    for name in ("from", "to", "who"):
        table.add_column(name)
    for name, report in found.services.items():
        told = report.reconciliation()
        both = told.table().get("both")
        if both is not None:
            table.add_row(name, "both", f"{both} in all")
        for row in told.disagreements:
            start, end = (at.isoformat(" ", "seconds") for at in row.span)
            who = row.probe if row.agreement == "only_probes" else row.incident
            table.add_row(name, row.agreement.replace("_", " "), start, end, who)
    console.print(table)
