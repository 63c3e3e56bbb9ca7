"""
What happened to a service in a window, put together: every microsecond in one stretch, with its state and maintenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from heapq import merge
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from sla_engine.instants import utc
from sla_engine.uptime.incidents import Incident, Weighed, merged
from sla_engine.uptime.maintenance import Excused, Maintenance, MaintenanceTerms
from sla_engine.uptime.probes import ProbeLog, State

ServiceState = Literal["up", "down", "uncertain", "unknown", "not_yet"]
MaintenanceClass = Literal["none", "excused", "unexcused"]


class Stretch(NamedTuple):
    """
    A stretch of a window: its state, the least and the most of it that was down, its maintenance, and who says so.

    `least` and `most` are the weights of what is known; where nothing is known, `least` is what an incident says, and
    `most` is all.
    """

    start: int
    end: int
    state: ServiceState
    least: Fraction
    most: Fraction
    maintenance: MaintenanceClass
    source: str
    work: str = ""
    """The maintenance, and why it is not excused."""

    @property
    def length(self) -> int:
        """The length, in microseconds."""
        return self.end - self.start


Seen = tuple[int, int, State, str]
"""A stretch that probes saw: from, to, its state, and the probe that says so."""
_NOTHING, _ALL = Fraction(0), Fraction(1)


def stretches_of(
    lo: int,
    hi: int,
    at: int,
    *,
    probes: Sequence[ProbeLog] = (),
    down_needs: int = 1,
    incidents: Iterable[Incident] = (),
    maintenance: Iterable[Maintenance] = (),
    terms: MaintenanceTerms | None = None,
) -> list[Stretch]:
    """
    Return the stretches of [lo, hi) as they are known at an instant: in order, without gaps, neighbours different.

    `down_needs` is how many locations must see the service down for it to be down.
    """
    known_until = min(max(at, lo), hi)
    seen = _seen(probes, down_needs, lo, known_until, at)
    said = merged(incidents, lo, known_until)
    planned = (terms or MaintenanceTerms()).apply(maintenance, lo, hi)
    edges = {lo, hi, known_until}
    for parts in (seen, said, planned):
        for part in parts:
            edges.update(part[:2])
    ordered = sorted(edge for edge in edges if lo <= edge <= hi)
    result: list[Stretch] = []
    cursors = [_Cursor(seen), _Cursor(said), _Cursor(planned)]
    for start, end in pairwise(ordered):
        probe, incident, work = (cursor.at(start) for cursor in cursors)
        stretch = _stretch(start, end, probe, incident, work, not_yet=start >= known_until)
        last = result[-1] if result else None
        if last is not None and last[2:] == stretch[2:]:
            result[-1] = last._replace(end=end)
        else:
            result.append(stretch)
    return result


class _Cursor:
    """Finds the part that covers an instant, for instants that only rise."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = parts
        self.place = 0

    def at(self, instant: int) -> Any:
        while self.place < len(self.parts) and self.parts[self.place][1] <= instant:
            self.place += 1
        if self.place < len(self.parts) and self.parts[self.place][0] <= instant:
            return self.parts[self.place]
        return None


def _stretch(
    start: int, end: int, probe: Seen | None, incident: Weighed | None, work: Excused | None, *, not_yet: bool
) -> Stretch:
    state, least, most, source = _state(probe, incident, not_yet=not_yet)
    if work is None:
        return Stretch(start, end, state, least, most, "none", source)
    _, _, maintenance, name, why = work
    return Stretch(start, end, state, least, most, maintenance, source, f"{name}: {why}" if why else name)


def _state(
    probe: Seen | None, incident: Weighed | None, *, not_yet: bool
) -> tuple[ServiceState, Fraction, Fraction, str]:
    """Return what is known of a stretch: its state, the least and the most that was down, and who says so."""
    if not_yet:
        return "not_yet", _NOTHING, _ALL, ""
    weight = _NOTHING if incident is None else incident[2]
    name = "" if incident is None else incident[3]
    if probe is not None and probe[2] == "down":
        return "down", _ALL, _ALL, probe[3]
    if weight == 1 or (weight and (probe is None or probe[2] == "up")):
        return "down", weight, weight, name
    if probe is not None and probe[2] != "up":
        return probe[2], weight, _ALL, name or probe[3]
    return "up", _NOTHING, _NOTHING, ""


def _seen(probes: Sequence[ProbeLog], down_needs: int, lo: int, hi: int, at: int) -> list[Seen]:
    """Return what the probes of all locations saw together."""
    if not probes or lo >= hi:
        return []
    logs = [[(*known[:3], _probe_name(log, known[3])) for known in log.states(lo, hi, at=at)] for log in probes]
    if len(logs) == 1:
        return logs[0]
    edges = list(dict.fromkeys(merge(*([start for start, *_ in log] for log in logs))))
    edges.append(hi)
    cursors = [_Cursor(log) for log in logs]
    together: list[Seen] = []
    for start, end in pairwise(edges):
        parts = [cursor.at(start) for cursor in cursors]
        together.append((start, end, *_joint([part for part in parts if part is not None], down_needs)))
    return together


def _probe_name(log: ProbeLog, micros: int) -> str:
    at = utc(micros).isoformat()
    return f"probe {log.location} {at}" if log.location else f"probe {at}"


def _joint(parts: list[Seen], needed: int) -> tuple[State, str]:
    """Return what several locations see together: down if enough do, and up only if not enough can."""
    by_state: dict[State, list[str]] = {}
    for _, _, state, source in parts:
        by_state.setdefault(state, []).append(source)
    down, uncertain = by_state.get("down", []), by_state.get("uncertain", [])
    unknown = by_state.get("unknown", [])
    if len(down) >= needed:
        return "down", down[0]
    if len(down) + len(uncertain) >= needed:
        return "uncertain", (down + uncertain)[0]
    if len(down) + len(uncertain) + len(unknown) >= needed and (unknown or not parts):
        return "unknown", unknown[0]
    return "up", ""


def lengths(stretches: Iterable[Stretch]) -> Iterator[tuple[tuple[ServiceState, MaintenanceClass], int]]:
    """Yield each pair of state and maintenance class with the time that is in it."""
    found: dict[tuple[ServiceState, MaintenanceClass], int] = {}
    for stretch in stretches:
        key = (stretch.state, stretch.maintenance)
        found[key] = found.get(key, 0) + stretch.length
    yield from found.items()
