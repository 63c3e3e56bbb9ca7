"""
What happened to a service, put together: every microsecond of a time in one stretch, with its state and maintenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from sla_engine.instants import utc_text
from sla_engine.uptime.incidents import Weighed
from sla_engine.uptime.maintenance import Excused
from sla_engine.uptime.probes import ProbeLog, State
from sla_engine.uptime.reclassification import Ruled
from sla_engine.uptime.requests import Answered

ServiceState = Literal["up", "down", "uncertain", "unknown", "not_yet"]
MaintenanceClass = Literal["none", "excused", "unexcused"]


Told = str | tuple[str, int]
"""Who says something: a name, or the place and the instant of a probe."""


class Stretch(NamedTuple):
    """
    A stretch of a window: its state, the least and the most of it that was down, its maintenance, and who says so.

    `least` and `most` are the weights of what is known; where nothing is known, `least` is what an incident says, and
    `most` is all. `told` is who says so, and `source` the same as text.
    """

    start: int
    end: int
    state: ServiceState
    least: Fraction
    most: Fraction
    maintenance: MaintenanceClass
    told: Told
    work: str = ""
    """The maintenance, and why it is not excused."""

    @property
    def source(self) -> str:
        """Who says so: the incident, the requests, or the probe; empty where it was up."""
        return source_of(self.told)

    @property
    def length(self) -> int:
        """The length, in microseconds."""
        return self.end - self.start


def source_of(told: Told) -> str:
    """Return who says something as text; logs are long, so it is made only where it is read."""
    if isinstance(told, str):
        return told
    location, micros = told
    return f"probe {location} {utc_text(micros)}" if location else f"probe {utc_text(micros)}"


Seen = tuple[int, int, State, Told]
"""A stretch that probes saw: from, to, its state, and the probe that says so."""
NOTHING, ALL = Fraction(0), Fraction(1)
"""The weights of time that was up, and of time that was down."""
_Known = tuple[ServiceState, Fraction, Fraction, Told]
"""A state, the least and the most that was down, and who says so."""
_BOUNDS: dict[State, tuple[Fraction, Fraction]] = {
    "up": (NOTHING, NOTHING),
    "down": (ALL, ALL),
    "uncertain": (NOTHING, ALL),
    "unknown": (NOTHING, ALL),
}


def composed(
    lo: int,
    hi: int,
    known_until: int,
    *,
    seen: Sequence[Seen] = (),
    answered: Sequence[Answered] = (),
    said: Sequence[Weighed] = (),
    planned: Sequence[Excused] = (),
    ruled: Sequence[Ruled] = (),
    sources_need: int = 1,
) -> list[Stretch]:
    """
    Return the stretches of [lo, hi) of what each source tells: in order, without gaps, neighbours different.

    The sources are what probes saw, what came of requests, what incidents say, what maintenance was planned, and what
    was decided afterwards; each in order. Of the first three so many must say that it was down; if it is one, each
    tells what another does not know.
    """
    layers: tuple[Sequence[Any], ...] = (seen, answered, said, planned, ruled)
    if sources_need == 1 and not any(layers[1:]):
        return _alone(seen, lo, hi, known_until)
    edges = {lo, hi, known_until}
    for parts in layers:
        for part in parts:
            edges.update(part[:2])
    edges.update(tails := [_tail(parts, known_until) for parts in (seen, answered)])
    ordered = sorted(edge for edge in edges if lo <= edge <= hi)
    cursors = [_Cursor(parts) for parts in layers]

    def stretches() -> Iterator[Stretch]:
        for start, end in pairwise(ordered):
            probe, request, incident, work, ruling = (cursor.at(start) for cursor in cursors)
            known: _Known = ("not_yet", NOTHING, ALL, "")
            if start < known_until and sources_need > 1:
                known = _agreed([*_told(probe, request), _said(incident)], sources_need)
            elif start < known_until:
                observed = _observed(_told(probe, request), open_end=any(start >= tail for tail in tails))
                known = _state(observed, incident)
            yield _stretch(start, end, known, work, ruling)

    return joined(stretches())


def _alone(seen: Sequence[Seen], lo: int, hi: int, known_until: int) -> list[Stretch]:
    """Return the stretches of probes alone: most logs are, and they are long."""
    found: list[Stretch] = []
    first: Seen = seen[0] if seen else (lo, known_until, "up", "")
    since, until, last, told = first
    for start, end, state, source in seen:
        if state != last or source != told:
            least, most = _BOUNDS[last]
            found.append(Stretch(since, until, last, least, most, "none", told))
            since, last, told = start, state, source
        until = end
    if since < until:
        found.append(Stretch(since, until, last, *_BOUNDS[last], "none", told))
    if known_until < hi:
        found.append(Stretch(known_until, hi, "not_yet", NOTHING, ALL, "none", ""))
    return found


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches that follow one another with equal neighbours made one."""
    result: list[Stretch] = []
    for stretch in stretches:
        if result and result[-1][2:] == stretch[2:]:
            result[-1] = result[-1]._replace(end=stretch.end)
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


def _tail(parts: Sequence[tuple[Any, ...]], known_until: int) -> int:
    """Return from when on a source has nothing to say yet: what comes in later may say anything of that time."""
    tail = known_until
    for part in reversed(parts):
        start, _, state, *_ = part
        if state != "unknown":
            break
        tail = start
    return tail


def _stretch(start: int, end: int, known: _Known, work: Excused | None, ruling: Ruled | None) -> Stretch:
    maintenance: MaintenanceClass = "none"
    reason = ""
    if work is not None:
        _, _, maintenance, name, why = work
        reason = f"{name}: {why}" if why else name
    if ruling is not None:
        _, _, decision, name = ruling
        if decision in ("up", "down"):
            weight = ALL if decision == "down" else NOTHING
            known = known if known[0] == "not_yet" else (decision, weight, weight, name)
        else:
            maintenance, reason = ("excused", name) if decision == "excused" else ("unexcused", name)
    state, least, most, source = known
    return Stretch(start, end, state, least, most, maintenance, source, reason)


def _state(observed: _Known, incident: Weighed | None) -> _Known:
    """Return what is known of a stretch: its state, the least and the most that was down, and who says so."""
    state, least, most, source = observed
    if incident is None:
        return state, least, most, source
    _, _, weight, name = incident
    if state == "down" and least >= weight:
        return state, least, most, source
    least, most = max(least, weight), max(most, weight)
    return ("down" if least == most else state), least, most, name


def _told(probe: Seen | None, request: Answered | None) -> list[_Known]:
    """Return what each of the sources tells that look by themselves."""
    told: list[_Known] = []
    if probe is not None:
        told.append((probe[2], *_BOUNDS[probe[2]], probe[3]))
    if request is not None:
        _, _, state, weight, source = request
        told.append((state, weight, ALL if state == "unknown" else weight, source))
    return told


def _said(incident: Weighed | None) -> _Known:
    """Return what the incidents tell: what they do not say was down, was up."""
    return ("up", NOTHING, NOTHING, "") if incident is None else ("down", incident[2], incident[2], incident[3])


def _agreed(told: list[_Known], needed: int) -> _Known:
    """Return what so many of the sources agree on: as far down as the one that is the last of those."""

    def agreed(weights: Iterable[Fraction]) -> Fraction:
        return sorted(weights, reverse=True)[needed - 1]

    least, most = agreed(one[1] for one in told), agreed(one[2] for one in told)
    # What could be down at most if all that is unknown were up.
    seen = agreed(one[1] if one[0] == "unknown" else one[2] for one in told)
    if not most:
        return "up", NOTHING, NOTHING, ""
    heaviest = max(told, key=lambda one: (one[1], one[2]))
    return ("down" if least == most else "uncertain" if seen == most else "unknown"), least, most, heaviest[3]


def _observed(told: list[_Known], *, open_end: bool) -> _Known:
    """
    Return what was looked at: down is what any of the two says, and the one tells what the other does not know.

    At the open end of one of them, it may yet say that it was down, so the other does not tell that it was not.
    """
    known = [one for one in told if one[0] != "unknown"]
    if not told:
        return "up", NOTHING, NOTHING, ""
    if not known:
        return told[0]
    heaviest = max(known, key=lambda one: (one[1], one[2]))
    if open_end and len(known) < len(told) and heaviest[1] < 1:
        return "unknown", heaviest[1], ALL, heaviest[3] or next(one[3] for one in told if one[0] == "unknown")
    most = max(one[2] for one in known)
    return ("down" if most and heaviest[1] == most else "uncertain" if most else "up"), heaviest[1], most, heaviest[3]


def seen_by(probes: Sequence[ProbeLog], down_needs: int, lo: int, hi: int, at: int) -> list[Seen]:
    """Return what the probes of all locations saw together of [lo, hi)."""
    if not probes or lo >= hi:
        return []
    logs = [list(_named(log, lo, hi, at)) for log in probes]
    if len(logs) == 1:
        return logs[0]
    edges = [*sorted({start for log in logs for start, *_ in log}), hi]
    cursors = [_Cursor(log) for log in logs]
    together: list[Seen] = []
    for start, end in pairwise(edges):
        parts = [cursor.at(start) for cursor in cursors]
        together.append((start, end, *_joint([part for part in parts if part is not None], down_needs)))
    return together


def _named(log: ProbeLog, lo: int, hi: int, at: int) -> Iterator[Seen]:
    location = log.location
    for start, end, state, micros in log.states(lo, hi, at=at):
        yield start, end, state, "" if state == "up" else (location, micros)


def _joint(parts: list[Seen], needed: int) -> tuple[State, Told]:
    """Return what several locations see together: down if enough do, and up only if not enough can."""
    by_state: dict[State, list[Told]] = {}
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
