"""
Uptime and data frames: probe logs of a frame with one row a probe, and what reports say as a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sla_engine.errors import InvalidLog, UnknownName
from sla_engine.frames import tables
from sla_engine.frames.columns import alike, codes_of, instants_of
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.numbers import np
from sla_engine.frames.probes import probe_log
from sla_engine.instants import to_micros
from sla_engine.policies import PolicyUptime
from sla_engine.uptime import UptimeReport
from sla_engine.uptime.logs import DOWN_WORDS, UP_WORDS
from sla_engine.uptime.probes import Every, ProbeLog, contradiction

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

_MICROSECOND = timedelta(microseconds=1)


def probe_logs(
    frame: Any,
    *,
    every: Every | Mapping[str, Every],
    at: str = "at",
    up: str = "up",
    service: str | None = "service",
    location: str | None = None,
    recorded_at: str | None = None,
    gap: int | Fraction = 2,
    zone: str | None = None,
    up_words: Iterable[str] = UP_WORDS,
    down_words: Iterable[str] = DOWN_WORDS,
) -> dict[str, tuple[ProbeLog, ...]]:
    """
    Return the probe logs of a frame with one row a probe by service, one a location, as a policy's services take them.

    `at`, `up`, `service`, `location` and `recorded_at` are names of columns: when a probe was made, what it found, of
    what, from where, and when it came in, if later. Without a service all are of the service `""`, as is a row that
    names none; a location is the same. `up` is of booleans, or of words, in any case of letters. `every` is the spacing
    that is meant, one for all or by service, and `zone` that of instants that have none. Rows may be in any order, and
    a probe may be told twice.

    Raises `InvalidLog` for a row without an instant or a state, a word that is neither, a probe that came in before it
    was made, and for two that contradict each other; `UnknownName` for a service that `every` does not have; both name
    the row. A lazy frame of Polars is collected.
    """
    if tables.is_lazy(frame):
        needed = [name for name in (at, up, service, location, recorded_at) if name is not None]
        known = tables.names(frame)
        frame = frame.select([name for name in dict.fromkeys(needed) if name in known]).collect()
    micros = instants_of(tables.pick(frame, at, what="at"), name=at, zone=zone).micros
    states = _states(tables.pick(frame, up, what="up"), up, len(micros), up_words, down_words)
    empty = np.flatnonzero(micros == NULL)
    if len(empty):
        raise InvalidLog(
            "the probe has no instant", where=f"row {empty[0]}.{at}", remedy="Leave such rows out, or mend them"
        )
    services, service_names = _named(frame, service, "service", len(micros))
    locations, location_names = _named(frame, location, "location", len(micros))
    came = None if recorded_at is None else _came(frame, recorded_at, micros, zone)
    parts = sorted(alike([services, locations], np.arange(len(micros))), key=lambda rows: int(rows[0]))
    found: dict[str, tuple[ProbeLog, ...]] = {}
    for rows in parts:
        name, place = service_names[services[rows[0]]], location_names[locations[rows[0]]]
        if isinstance(every, Mapping) and name not in every:
            raise UnknownName(
                f"the service {name!r} is none that is asked about",
                where=f"row {rows[0]}",
                value=name,
                remedy=f"The services are {', '.join(map(repr, every)) or 'none'}",
            )
        _agreed(micros, states, rows)
        log = probe_log(
            micros[rows],
            states[rows],
            every=every[name] if isinstance(every, Mapping) else every,
            gap=gap,
            location=place,
            late=_late(micros[rows], came[rows]) if came is not None else (),
        )
        found[name] = (*found.get(name, ()), log)
    return found


def uptime_records(reports: PolicyUptime | Mapping[str, UptimeReport], *, like: Any, zone: str = "UTC") -> Any:
    """
    Return a row for each service's report, as a frame of the same kind as `like`; its instants are in `zone`.

    Downtime is rounded up to the microsecond, as `Downtime.duration` is, and shares are texts, as in
    `UptimeReport.to_data`. What is not known has no value.
    """
    by_name = reports.services if isinstance(reports, PolicyUptime) else reports
    ones, usual = list(by_name.values()), [one.reading() for one in by_name.values()]

    def texts(values: Iterable[str | None]) -> Any:
        each = list(values)
        known = list(dict.fromkeys(one for one in each if one is not None))
        numbers = {one: number for number, one in enumerate(known)}
        return tables.strings(like, np.array([-1 if one is None else numbers[one] for one in each], np.int64), known)

    def instants(values: Iterable[datetime | None]) -> Any:
        micros = np.array([NULL if one is None else to_micros(one) for one in values], dtype=np.int64)
        return tables.instants(like, micros, zone)

    def lengths(values: Iterable[Any]) -> Any:
        micros = [one.duration // _MICROSECOND for one in values]
        return tables.durations(like, np.array(micros, dtype=np.int64))

    return tables.like(
        like,
        {
            "service": texts(by_name),
            "period": texts(one.period.label for one in ones),
            "period_start": instants(one.period.span.start for one in ones),
            "period_end": instants(one.period.span.end for one in ones),
            "at": instants(one.at for one in ones),
            "target": texts(one.target.exact_text for one in ones),
            "verdict": texts(one.verdict for one in usual),
            "availability": texts(None if one.availability is None else f"{one.availability:.4%}" for one in usual),
            "downtime_lower": lengths(one.downtime.lower for one in usual),
            "downtime_expected": lengths(one.downtime.expected for one in usual),
            "downtime_upper": lengths(one.downtime.upper for one in usual),
            "budget": lengths(one.budget for one in usual),
            "left": lengths(one.left for one in usual),
            "coverage": texts(None if one.coverage is None else f"{one.coverage:.2%}" for one in ones),
            "outages": tables.integers(like, np.array([len(one.outages()) for one in ones], dtype=np.int64)),
            "exhausted_at": instants(one.exhausted_at for one in ones),
        },
    )


def _states(column: Any, name: str, rows: int, up: Iterable[str], down: Iterable[str]) -> Bools:
    """Return whether each probe found its service up; raises `InvalidLog` for the first row that does not say."""
    words = {**{word.lower(): False for word in down}, **{word.lower(): True for word in up}}
    codes, values = codes_of(column, name=name, rows=rows)
    told = [bool(value) if isinstance(value, (bool, np.bool_)) else words.get(str(value).lower()) for value in values]
    unknown = np.flatnonzero(np.isin(codes, [-1, *(code for code, one in enumerate(told) if one is None)]))
    if len(unknown):
        row = int(unknown[0])
        said = "has no state" if codes[row] < 0 else f"is {values[codes[row]]!r}, which is neither up nor down"
        raise InvalidLog(
            f"the probe {said}",
            where=f"row {row}.{name}",
            value=None if codes[row] < 0 else values[codes[row]],
            remedy=f"Use booleans, or the words {', '.join(words)}",
        )
    found: Bools = np.array([bool(one) for one in [*told, False]])[codes]
    return found


def _named(frame: Any, column: str | None, what: str, rows: int) -> tuple[Ints, list[str]]:
    """Return the numbers of names; no name is the last."""
    if column is None:
        return np.zeros(rows, dtype=np.int64), [""]
    codes, values = codes_of(tables.pick(frame, column, what=what), name=column, rows=rows)
    names = [*map(str, values), ""]
    place: dict[str, int] = {}  # values that are written alike are one
    return np.array([place.setdefault(name, number) for number, name in enumerate(names)], dtype=np.int64)[codes], names


def _came(frame: Any, column: str, micros: Ints, zone: str | None) -> Ints:
    """Return when each probe came in, if it is said; raises `InvalidLog` for one that came before it was made."""
    came = instants_of(tables.pick(frame, column, what="recorded_at"), name=column, zone=zone).micros
    early = np.flatnonzero((came < micros) & (came != NULL))
    if len(early):
        raise InvalidLog(
            "the probe came in before it was made",
            where=f"row {early[0]}.{column}",
            value=int(came[early[0]]),
            remedy="Mend the log",
        )
    return came


def _late(made: Ints, came: Ints) -> list[tuple[int, int]]:
    """Return the probes of one log that came in late; one that is told twice came in when it first did."""
    # Where nothing is said it came in at once, and NULL is before all instants.
    order = np.lexsort((came, made))
    made, came = made[order], came[order]
    first = np.concatenate(([True], made[1:] != made[:-1])) & (came > made)
    return list(zip(made[first].tolist(), came[first].tolist(), strict=True))


def _agreed(micros: Ints, states: Bools, rows: Ints) -> None:
    """Raise `InvalidLog` for the first row that tells another state than an earlier one of the same instant."""
    when = micros[rows]
    if (when[1:] > when[:-1]).all():
        return
    order = rows[np.argsort(when, kind="stable")]
    wrong = (micros[order[1:]] == micros[order[:-1]]) & (states[order[1:]] != states[order[:-1]])
    if wrong.any():
        row = int(order[1:][wrong].min())
        error = contradiction(int(micros[row]))
        error.where = f"row {row}"
        raise error
