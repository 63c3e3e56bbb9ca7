"""
Requests: what a service answered, counted by the interval, and when a contract calls an interval down.

Contracts of clouds do not probe; they count requests. "A minute in which more than 10 % of at least 100 requests
failed" is down by its gate, and only that: what happens within an interval nobody asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from itertools import compress, count, islice, pairwise
from operator import attrgetter, itemgetter, ne
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from sla_engine.amounts import duration_text, elapsed_time
from sla_engine.data import Data
from sla_engine.errors import InvalidLog, InvalidPolicy, SlaError
from sla_engine.instants import to_micros, utc
from sla_engine.shares import Share
from sla_engine.tables import Ambiguous, Columns, RowProblem, Source
from sla_engine.targets import ShareField
from sla_engine.uptime.logs import times_written

RequestState = Literal["up", "down", "unknown"]
Answered = tuple[int, int, RequestState, Fraction, str]
"""A stretch of time: from, to, its state, how much of it was down, and the interval that says so."""
_NOTHING, _ALL = Fraction(0), Fraction(1)


def _read_count(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise InvalidPolicy(
            f"{given!r} is no number of requests from which on a rate says something",
            value=given,
            remedy="Write 1 or more",
        )
    return given


class RequestGate(Data, frozen=True):
    """
    When an interval is down, by the requests in it: where more than `error_rate` of them failed.

    With `inclusive`, exactly `error_rate` is down too: all attempts fail at `"100%"`. With fewer requests than
    `least_requests` an interval is up; so it is without any. With `weigh`, an interval that is not up counts by its
    error rate, as a partial outage: over whole intervals the downtime is then the mean of their error rates.

    Without an `error_rate` it is `"0%"`: one failed request is enough, or counts by its weight.

    >>> RequestGate(error_rate="10%", least_requests=100).weight(1000, 101)
    Fraction(1, 1)

    Raises `InvalidPolicy` for a gate that is always or never down.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    error_rate: ShareField = Field(default_factory=lambda: Share(0))
    inclusive: bool = False
    least_requests: Annotated[
        int, PlainValidator(_read_count), WithJsonSchema({"type": "integer", "minimum": 1, "default": 1})
    ] = 1
    weigh: bool = False

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            error_rate: str | Fraction | Share = ...,
            inclusive: bool = False,
            least_requests: int = 1,
            weigh: bool = False,
        ) -> None: ...

    @field_validator("error_rate")
    @classmethod
    def _possible(cls, rate: Share) -> Share:
        if not 0 <= rate.fraction <= 1:
            raise InvalidPolicy(
                f"{rate.exact_text} is no share of requests",
                value=str(rate.fraction),
                remedy='Write a share from "0%" to "100%"',
            )
        return rate

    @model_validator(mode="after")
    def _decides(self) -> RequestGate:
        if self.inclusive and not self.error_rate.fraction:
            raise InvalidPolicy(
                "an interval without errors would be down, with 0% of them",
                where="inclusive",
                value=self.inclusive,
                remedy="Leave it out: any error is then down",
            )
        if not self.inclusive and self.error_rate.fraction == 1:
            raise InvalidPolicy(
                "nothing is ever down: no more than 100% of all requests can fail",
                where="error_rate",
                value=str(self.error_rate.fraction),
                remedy="Write inclusive as well, so that 100% is down",
            )
        return self

    def weight(self, requests: int, errors: int) -> Fraction:
        """Return how much of an interval is down with so many requests and failed ones: 0 is up, 1 is all."""
        return next(iter(self.weights([(requests, errors)]).values()), _NOTHING)

    def weights(self, counts: Iterable[tuple[int, int]]) -> dict[int, Fraction]:
        """Return the weights of the intervals that are not up, by their places."""
        # Compared as integers, since a year has half a million minutes, and a Fraction of each takes seconds.
        limit, whole = self.error_rate.fraction.as_integer_ratio()
        least, also = self.least_requests, self.inclusive
        return {
            place: Fraction(errors, requests) if self.weigh else _ALL
            for place, (requests, errors) in enumerate(counts)
            if errors
            and requests >= least
            and (errors * whole > requests * limit or (also and errors * whole == requests * limit))
        }


@dataclass(frozen=True, slots=True)
class RequestLog:
    """
    The requests to one service, counted by intervals of one length: their starts, the requests, and the failed ones.

    `every` is the length of an interval, in microseconds. The gate says which of them are down; the same counts under
    another one are `dataclasses.replace(log, gate=other)`. An interval that is missing is unknown, which is not the
    same as one with no requests: that is up.

    Made of rows in any order. An interval told twice is refused unless both say the same. Raises `InvalidLog`, and
    the errors of instants.
    """

    starts: tuple[int, ...]
    requests: tuple[int, ...]
    errors: tuple[int, ...]
    every: int
    gate: RequestGate
    _runs: tuple[tuple[int, int, Fraction], ...] = field(init=False, repr=False, compare=False)
    """Neighbours of the same weight, without gaps: from, to, and the weight."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_runs", tuple(self._joined()))

    @classmethod
    def of(cls, rows: Iterable[tuple[datetime, int, int]], *, every: timedelta | str, gate: RequestGate) -> RequestLog:
        """Make a log of rows: the start of an interval, its requests, and how many of them failed."""
        return cls.of_micros(
            ((to_micros(at), requests, errors) for at, requests, errors in rows), every=every, gate=gate
        )

    @classmethod
    def of_micros(
        cls, rows: Iterable[tuple[int, int, int]], *, every: timedelta | str, gate: RequestGate
    ) -> RequestLog:
        """Make a log of rows whose starts are microseconds since 1970 UTC."""
        length = _length(every)
        given = list(rows)
        for number, (_, requests, errors) in enumerate(given):
            if problem := _wrong(requests, errors):
                raise InvalidLog(
                    problem,
                    where=f"row {number}",
                    value=(requests, errors),
                    remedy="Give the requests of the interval, and how many of them failed",
                )
        given.sort(key=itemgetter(0))
        kept: list[tuple[int, int, int]] = []
        for row in given:
            apart = row[0] - kept[-1][0] if kept else length
            if apart >= length:
                kept.append(row)
            elif row != kept[-1]:
                raise _clash(kept[-1], row, length)
        starts, requested, failed = zip(*kept, strict=True) if kept else ((), (), ())
        return cls(starts, requested, failed, length, gate)

    def __len__(self) -> int:
        return len(self.starts)

    def _joined(self) -> Iterator[tuple[int, int, Fraction]]:
        if not self.starts:
            return
        starts, every = self.starts, self.every
        weights = self.gate.weights(zip(self.requests, self.errors, strict=True))
        gaps = compress(count(1), map(ne, islice(starts, 1, None), map(every.__add__, starts)))
        turns = {0, len(starts), *gaps, *weights, *(place + 1 for place in weights)}
        open_run: tuple[int, int, Fraction] | None = None
        for place, following in pairwise(sorted(turns)):
            run = (starts[place], starts[following - 1] + every, weights.get(place, _NOTHING))
            if open_run is not None and open_run[1:] == (run[0], run[2]):
                open_run = (open_run[0], *run[1:])
                continue
            if open_run is not None:
                yield open_run
            open_run = run
        if open_run is not None:
            yield open_run

    def states(self, lo: int, hi: int, *, at: int) -> list[Answered]:
        """
        Return what is known of [lo, hi) at an instant, in stretches that follow one another without gaps.

        Each has its start, its end, its state, how much of it was down (0 where it is up or unknown), and the first
        interval that says so (`""` where nothing was down). An interval is known when it is over; one that is not,
        one that is missing, and the time to come are unknown. Neighbours of the same state and weight are one.
        """
        found: list[Answered] = []
        reached = lo
        first = max(bisect_right(self._runs, lo, key=itemgetter(0)) - 1, 0)
        for start, end, weight in islice(self._runs, first, None):
            if start >= hi or start >= at:
                break
            over = start + (at - start) // self.every * self.every
            known_from, known_to = max(start, lo), min(end, over, hi)
            if known_from >= known_to:
                continue
            if reached < known_from:
                found.append((reached, known_from, "unknown", _NOTHING, ""))
            if weight:
                interval = known_from - (known_from - start) % self.every
                found.append((known_from, known_to, "down", weight, f"requests {utc(interval).isoformat()}"))
            else:
                found.append((known_from, known_to, "up", _NOTHING, ""))
            reached = known_to
        if reached < hi:
            found.append((reached, hi, "unknown", _NOTHING, ""))
        return found


@dataclass(frozen=True, slots=True)
class RequestRecords:
    """The request logs of a file by service, the rows that could not be used, and the number of all."""

    logs: Mapping[str, RequestLog]
    problems: tuple[RowProblem, ...]
    rows: int


def read_requests(
    source: Source,
    *,
    every: timedelta | str | Mapping[str, timedelta | str],
    gate: RequestGate | Mapping[str, RequestGate],
    zone: str | tzinfo | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
) -> RequestRecords:
    """
    Read request counts from CSV with the columns `at` (the start of the interval), `requests` and `errors`, and
    perhaps `service`.

    `every` is the length of an interval, and `gate` says when one is down: one for all, or by service. Rows may stand
    in any order. A row that repeats or contradicts an earlier one is a problem, and so is one whose interval begins
    before the one before it is over. Raises `InvalidLog` where nothing can be read.
    """
    times = times_written(zone, time_format, ambiguous)
    table = Columns(
        source, {"at": "at", "requests": "requests", "errors": "errors"}, {"service": "service"}, delimiter=delimiter
    )
    found: dict[str, dict[int, _Row]] = {}
    for line, row in table:
        service = row.get("service", "")
        try:
            _asked_about(every, service)
            _asked_about(gate, service)
            read = _Row(line, row["at"], _count(row, "requests"), _count(row, "errors"))
            if problem := _wrong(read.requests, read.errors):
                raise InvalidLog(problem)
            log = found.setdefault(service, {})
            before = log.setdefault(to_micros(times.read(read.at, "at")), read)
            if before is not read:
                again = "again" if before[2:] == read[2:] else "again, and otherwise"
                raise InvalidLog(f"the interval at {read.at} is told {again}")
        except SlaError as error:
            table.problems.append(RowProblem(line, "", error.problem))
    if not table.rows and not table.problems:
        raise InvalidLog("the log has a header and no rows", remedy="Pass a log with rows")
    logs: dict[str, RequestLog] = {}
    for service, rows in found.items():
        length = every[service] if isinstance(every, Mapping) else every
        says = gate[service] if isinstance(gate, Mapping) else gate
        apart = list(_apart(rows, _length(length), table.problems))
        logs[service] = RequestLog.of_micros(apart, every=length, gate=says)
    table.problems.sort(key=attrgetter("line"))
    return RequestRecords(logs, tuple(table.problems), table.rows)


class _Row(NamedTuple):
    """An interval as a file tells it: the line, the start as it is written, and the counts."""

    line: int
    at: str
    requests: int
    errors: int


def _apart(rows: Mapping[int, _Row], every: int, problems: list[RowProblem]) -> Iterator[tuple[int, int, int]]:
    """Yield the intervals in order, without those that begin before the one before is over: they are problems."""
    over: int | None = None
    for start, row in sorted(rows.items()):
        if over is not None and start < over:
            problems.append(RowProblem(row.line, "", f"the interval at {row.at} begins before the last one is over"))
            continue
        over = start + every
        yield start, row.requests, row.errors


def _asked_about(given: object, service: str) -> None:
    """Raise `InvalidLog` where something is given by service, and not for this one."""
    if isinstance(given, Mapping) and service not in given:
        raise InvalidLog(f"the service {service!r} is none that is asked about: {', '.join(map(repr, given))}")


def _count(row: Mapping[str, str], column: str) -> int:
    text = row[column]
    if not (text.isascii() and text.isdigit()):
        raise InvalidLog(f"{column} is {text!r}, which is no whole number from 0 on")
    return int(text)


def _wrong(requests: object, errors: object) -> str:
    """Return what is wrong with the counts of an interval, if anything is."""
    for name, value in (("requests", requests), ("errors", errors)):
        if not isinstance(value, int) or isinstance(value, bool):
            return f"the {name} are {value!r}, which is no whole number"
        if value < 0:
            return f"the {name} are {value}, which is less than none"
    return f"{errors} of {requests} requests failed" if errors > requests else ""  # type: ignore[operator]


def _clash(one: tuple[int, int, int], other: tuple[int, int, int], every: int) -> InvalidLog:
    """Return the error for two rows that cannot both be there."""
    first, second = utc(one[0]).isoformat(), utc(other[0]).isoformat()
    if one[0] == other[0]:
        return InvalidLog(
            f"the interval at {first} is told twice, and otherwise",
            where=second,
            value=other[1:],
            remedy="Keep one of the two, or give each service a log of its own",
        )
    return InvalidLog(
        f"the interval at {second} begins before the one at {first} is over, after {duration_text(every)}",
        where=second,
        value=second,
        remedy="Give the length that the intervals have, or mend the log",
    )


def _length(every: timedelta | str) -> int:
    length = elapsed_time(every).micros
    if length <= 0:
        raise InvalidLog("an interval has a length", where="every", value=every, remedy='Write "1m" or "5m"')
    return length
