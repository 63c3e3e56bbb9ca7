"""
Probe logs, incident logs and maintenance calendars as CSV. What cannot be read is reported with its line; the rest is
there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.instants import to_micros
from sla_engine.tables import Ambiguous, Columns, RowProblem, Source, Times
from sla_engine.uptime.incidents import Incident
from sla_engine.uptime.maintenance import Maintenance
from sla_engine.uptime.probes import Every, ProbeLog
from sla_engine.uptime.reclassification import Reclassification
from sla_engine.uptime.recurring import RecurringMaintenance
from sla_engine.zones import zone_name, zone_of

UP_WORDS = ("up", "ok", "true", "yes", "1", "success")
"""What a probe log says of a good probe, in any case of letters, unless it is told otherwise."""
DOWN_WORDS = ("down", "fail", "failed", "false", "no", "0", "failure", "error")
"""What it says of a failed one."""
_YES = {"true": True, "yes": True, "1": True, "": False, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class ProbeRecords:
    """The probe logs of a file by service, one a location; the rows that could not be used, and the number of all."""

    logs: Mapping[str, tuple[ProbeLog, ...]]
    problems: tuple[RowProblem, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class IncidentRecords:
    """The incidents of a file by service, the rows that could not be used, and the number of all."""

    incidents: Mapping[str, tuple[Incident, ...]]
    problems: tuple[RowProblem, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class MaintenanceRecords:
    """The maintenance of a file by service (`""` is all), the rows that could not be used, and the number of all."""

    maintenance: Mapping[str, tuple[Maintenance | RecurringMaintenance, ...]]
    problems: tuple[RowProblem, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class ReclassificationRecords:
    """The decisions of a file by service (`""` is all), the rows that could not be used, and the number of all."""

    reclassified: Mapping[str, tuple[Reclassification, ...]]
    problems: tuple[RowProblem, ...]
    rows: int


def read_probes(
    source: Source,
    *,
    every: Every | Mapping[str, Every],
    gap: int | Fraction = 2,
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
    up: Iterable[str] = UP_WORDS,
    down: Iterable[str] = DOWN_WORDS,
) -> ProbeRecords:
    """
    Read probe logs from CSV with the columns `at` and `up`, and perhaps `service`, `location` and `recorded_at` (when
    the row came in, if later; empty: at once).

    `every` is the spacing that is meant, one for all or by service. `up` and `down` are the words of the column `up`,
    in any case of letters, and `delimiter` is what stands between columns, in all files. Rows may stand in any order;
    one that repeats an earlier one is a problem, and so is one that contradicts it. Raises `InvalidLog` where nothing
    can be read.
    """
    times = times_written(zone, time_format, ambiguous)
    words = {**{word.lower(): False for word in down}, **{word.lower(): True for word in up}}
    table = Columns(
        source,
        {"at": "at", "up": "up"},
        {key: key for key in ("service", "location", "recorded_at")},
        delimiter=delimiter,
    )
    found: dict[str, dict[str, dict[int, bool]]] = {}
    late: dict[tuple[str, str], list[tuple[int, int]]] = {}

    def read(row: Mapping[str, str]) -> None:
        said = row["up"].lower()
        if said not in words:
            raise InvalidLog(f"up is {row['up']!r}, which is neither up nor down: it knows {', '.join(words)}")
        service = row.get("service", "")
        if isinstance(every, Mapping) and service not in every:
            raise InvalidLog(f"the service {service!r} is none that is asked about: {', '.join(map(repr, every))}")
        log = found.setdefault(service, {}).setdefault(row.get("location", ""), {})
        at = to_micros(times.read(row["at"], "at"))
        if at in log:
            again = "again" if log[at] is words[said] else "again, and otherwise"
            raise InvalidLog(f"the probe at {row['at']} is told {again}")
        if row.get("recorded_at") and (came := to_micros(times.read(row["recorded_at"], "recorded_at"))) != at:
            if came < at:
                raise InvalidLog(f"the probe at {row['at']} came in at {row['recorded_at']}, before it was made")
            late.setdefault((service, row.get("location", "")), []).append((at, came))
        log[at] = words[said]

    _each(table, read)
    logs = {
        service: tuple(
            ProbeLog.of_micros(
                sorted(rows.items()),
                every=every[service] if isinstance(every, Mapping) else every,
                gap=gap,
                location=location,
                late=late.get((service, location), ()),
            )
            for location, rows in locations.items()
        )
        for service, locations in found.items()
    }
    return ProbeRecords(logs, tuple(table.problems), table.rows)


def read_incidents(
    source: Source,
    *,
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
) -> IncidentRecords:
    """
    Read incidents from CSV with the columns `id`, `start` and `end` (empty: it lasts), and perhaps `service`, `weight`
    and `recorded_at` (when it was written down; empty: at once).

    Raises `InvalidLog` where nothing can be read.
    """
    times = times_written(zone, time_format, ambiguous)
    table = Columns(
        source,
        {"id": "id", "start": "start", "end": "end"},
        {key: key for key in ("service", "weight", "recorded_at")},
        delimiter=delimiter,
    )
    found: dict[str, list[Incident]] = {}

    def read(row: Mapping[str, str]) -> None:
        start, end = times.read(row["start"], "start"), _or_none(times, row["end"], "end")
        recorded = _or_none(times, row.get("recorded_at", ""), "recorded_at")
        one = Incident(_named(row), start, end, row.get("weight") or "100%", recorded)
        found.setdefault(row.get("service", ""), []).append(one)

    _each(table, read)
    return IncidentRecords({name: tuple(ones) for name, ones in found.items()}, tuple(table.problems), table.rows)


def read_maintenance(
    source: Source,
    *,
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
) -> MaintenanceRecords:
    """
    Read maintenance from CSV with the columns `id`, `start`, `end` and `announced_at` (empty: it was not), and
    perhaps `service` (empty: all) and `emergency`.

    A row with an `rrule` (RFC 5545) recurs: its first time is from `start` to `end`, and it may have `announced_before`
    instead of `announced_at`. The column `zone` is the zone of a row; `zone` is that of the others. Raises `InvalidLog`
    where nothing can be read.
    """
    usual = times_written(zone, time_format, ambiguous)
    needed = {key: key for key in ("id", "start", "end", "announced_at")}
    table = Columns(
        source,
        needed,
        {key: key for key in ("service", "emergency", "rrule", "zone", "announced_before")},
        delimiter=delimiter,
    )
    found: dict[str, list[Maintenance | RecurringMaintenance]] = {}

    def read(row: Mapping[str, str]) -> None:
        emergency = row.get("emergency", "").lower()
        if emergency not in _YES:
            raise InvalidLog(f"emergency is {emergency!r}: write yes or no")
        place = row.get("zone") or zone
        times = times_written(place, time_format, ambiguous) if row.get("zone") else usual
        name = _named(row)
        start, end = times.read(row["start"], "start"), times.read(row["end"], "end")
        announced = _or_none(times, row["announced_at"], "announced_at")
        rule, before = row.get("rrule"), row.get("announced_before") or None
        one: Maintenance | RecurringMaintenance
        if rule:
            if place is None:
                raise InvalidLog("it recurs, and no zone says by which clock")
            one = RecurringMaintenance(
                name,
                start,
                end,
                rule,
                zone=zone_name(place),
                announced_at=announced,
                announced_before=before,
                emergency=_YES[emergency],
            )
        elif before:
            raise InvalidLog("announced_before is for what recurs: write announced_at, or give an rrule")
        else:
            one = Maintenance(name, start, end, announced, _YES[emergency])
        found.setdefault(row.get("service", ""), []).append(one)

    _each(table, read)
    return MaintenanceRecords({name: tuple(ones) for name, ones in found.items()}, tuple(table.problems), table.rows)


def read_reclassifications(
    source: Source,
    *,
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
) -> ReclassificationRecords:
    """
    Read decisions on a time afterwards from CSV with the columns `id`, `start`, `end`, `decision` (up, down, excused or
    unexcused) and `decided_at`, and perhaps `service` (empty: all) and `reason`.

    Raises `InvalidLog` where nothing can be read.
    """
    times = times_written(zone, time_format, ambiguous)
    needed = {key: key for key in ("id", "start", "end", "decision", "decided_at")}
    table = Columns(source, needed, {"service": "service", "reason": "reason"}, delimiter=delimiter)
    found: dict[str, list[Reclassification]] = {}

    def read(row: Mapping[str, str]) -> None:
        start, end, decided = (times.read(row[column], column) for column in ("start", "end", "decided_at"))
        decision: Any = row["decision"].lower()
        one = Reclassification(_named(row), start, end, decision, decided, row.get("reason", ""))
        found.setdefault(row.get("service", ""), []).append(one)

    _each(table, read)
    return ReclassificationRecords(
        {name: tuple(ones) for name, ones in found.items()}, tuple(table.problems), table.rows
    )


def times_written(zone: str | tzinfo | None, form: str | None, ambiguous: Ambiguous) -> Times:
    """Return how the times of a log are written, for a zone by its name."""
    return Times.written(None if zone is None else zone_of(zone_name(zone)), form, ambiguous)


def _or_none(times: Times, text: str, column: str) -> datetime | None:
    return times.read(text, column) if text else None


def _named(row: Mapping[str, str]) -> str:
    if not row["id"]:
        raise InvalidLog("id is empty")
    return row["id"]


def _each(table: Columns, read: Callable[[Mapping[str, str]], None]) -> None:
    """Read every row, and note those that cannot be."""
    for line, row in table:
        try:
            read(row)
        except SlaError as error:
            table.problems.append(RowProblem(line, row.get("id", ""), error.problem))
    if not table.rows and not table.problems:
        raise InvalidLog("the log has a header and no rows", remedy="Pass a log with rows")
    table.problems.sort(key=lambda one: one.line)
