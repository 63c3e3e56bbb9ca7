"""What the uptime of services costs: from arrays against adding them up, from pairs against counting what failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

import sla_engine as sla
from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from sla_engine.frames import probe_log
from sla_engine.instants import to_micros

YEAR = sla.Year(2025, zone="UTC")
MINUTES = 365 * 24 * 60
SERVICES = 5
MINUTE = 60_000_000


def ups(service: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return a year of probes: an outage of hours each month, one of minutes each week, and two blips a week."""
    up = np.ones(MINUTES, dtype=np.bool_)
    for every, length in ((43_800, 190), (10_080, 12), (5_000, 1)):
        for start in range(997 * (service + 1), MINUTES, every):
            up[start : start + length] = False
    return up


def reported(log: sla.ProbeLog) -> sla.UptimeReport:
    """Return the report of a log, with all that it counts."""
    report = sla.evaluate_uptime("99%", YEAR, at=YEAR.end, probes=log)
    assert report.readings()
    assert report.outages()
    assert report.longest_unseen
    assert report.coverage is not None
    assert report.exhausted_at is None
    return report


def from_arrays(effort: Effort) -> list[Row]:
    """Compare the reports of a year of five services, from arrays, with adding up the instants of all of them."""
    first = to_micros(YEAR.start)
    instants = first + MINUTE * np.arange(MINUTES)
    arrays = [(instants + 7 * service * 1_000_000, ups(service)) for service in range(SERVICES)]
    everything = np.concatenate([instants for instants, _ in arrays])
    rows = list(zip(arrays[0][0].tolist(), arrays[0][1].tolist(), strict=True))
    assert reported(probe_log(*arrays[0], every="1m")) == reported(sla.ProbeLog.of_micros(rows, every="1m"))
    sides = [
        Side("reports", lambda: [reported(probe_log(*one, every="1m")) for one in arrays]),
        Side("np.add.reduce", lambda: np.add.reduce(everything)),
    ]
    times = in_turns(sides, effort)
    goal = Goal("at most", 20, aim=10)
    note = f"{len(everything):,} probes"
    return [
        times.row("a year of five services, arrays : np.add.reduce", *(one.name for one in sides), goal=goal, note=note)
    ]


def from_pairs(effort: Effort) -> list[Row]:
    """Compare the report of a year of one service, from pairs, with the least that any code must do with them."""
    first = to_micros(YEAR.start)
    up = ups(0).tolist()
    rows = [(first + MINUTE * minute, up[minute]) for minute in range(MINUTES)]
    start = datetime(2025, 1, 1, tzinfo=UTC)
    dated = [(start + timedelta(minutes=minute), up[minute]) for minute in range(MINUTES)]
    report = reported(sla.ProbeLog.of_micros(rows, every="1m"))
    assert report == reported(sla.ProbeLog.of(dated, every="1m"))
    few = Effort(max(effort.rounds // 5, 5), effort.nanoseconds, effort.processes)
    sides = [
        Side("report of pairs", lambda: reported(sla.ProbeLog.of_micros(rows, every="1m")), MINUTES),
        Side("counting the failed", lambda: sum(1 for _, up in rows if not up), MINUTES),
        Side("report of datetimes", lambda: reported(sla.ProbeLog.of(dated, every="1m")), MINUTES),
        Side("converting them", lambda: [to_micros(at) for at, _ in dated], MINUTES),
    ]
    times = in_turns(sides, few)
    return [
        times.row(
            "a year of one service, pairs : counting the failed",
            "report of pairs",
            "counting the failed",
            goal=Goal("at most", 15),
        ),
        times.row(
            "a year of one service, datetimes : converting them",
            "report of datetimes",
            "converting them",
            goal=Goal("at most", 1.5),
        ),
    ]
