"""
Stretches of time: `Span` and `SpanSet`, half-open, with `&`, `|` and `-`.

Inside, a stretch is a pair of microseconds, and a set of them is a sorted list of pairs that neither overlap nor touch;
the functions on such lists are what calendars are compiled with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sla_engine.errors import InvalidSpan
from sla_engine.instants import from_micros, plain, retyped, to_micros, utc

Pair = tuple[int, int]


def union(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs as a canonical list: sorted, what overlaps or touches joined, what is empty dropped."""
    result: list[Pair] = []
    reached = 0
    for pair in sorted(pairs):
        start, end = pair
        if start >= end:
            continue
        if not result or start > reached:
            result.append(pair)
            reached = end
        elif end > reached:
            result[-1] = (result[-1][0], end)
            reached = end
    return result


def intersection(left: list[Pair], right: list[Pair]) -> list[Pair]:
    """Return what two canonical lists share."""
    result: list[Pair] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            result.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result


def difference(left: list[Pair], right: list[Pair]) -> list[Pair]:
    """Return what the first canonical list has and the second has not."""
    result: list[Pair] = []
    j = 0
    for start, end in left:
        at = start
        while j < len(right) and right[j][1] <= at:
            j += 1
        k = j
        while k < len(right) and right[k][0] < end:
            if right[k][0] > at:
                result.append((at, right[k][0]))
            at = max(at, right[k][1])
            k += 1
        if at < end:
            result.append((at, end))
    return result


def _aware(at: object) -> datetime:
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            raise InvalidSpan(
                f"{at!r} is no date and time", value=at, remedy='Write it as "2026-03-02T09:30:00+01:00"'
            ) from None
    to_micros(at)  # type: ignore[arg-type]  # raises where it is no instant
    return at  # type: ignore[return-value]


class Span:
    """
    The time from `start` up to and without `end`: `[start, end)`.

    Equal and hashed by the two instants, whatever their zones. A span may be empty; it may not be reversed.

    >>> from datetime import datetime, timezone
    >>> Span(datetime(2026, 3, 2, 9, tzinfo=timezone.utc), datetime(2026, 3, 2, 17, tzinfo=timezone.utc)).duration
    datetime.timedelta(seconds=28800)

    Raises `InvalidSpan` where the end is before the start, `NaiveDatetime` where one has no zone.
    """

    __slots__ = ("_micros", "end", "start")

    start: datetime
    end: datetime
    _micros: Pair

    def __init__(self, start: datetime, end: datetime) -> None:
        micros = (to_micros(start), to_micros(end))
        if micros[0] > micros[1]:
            raise InvalidSpan(
                f"the span ends at {end.isoformat()}, before it starts at {start.isoformat()}",
                value=(start, end),
                remedy="Swap the two",
            )
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)
        object.__setattr__(self, "_micros", micros)

    @property
    def duration(self) -> timedelta:
        """The time between the two instants."""
        return timedelta(0, 0, self._micros[1] - self._micros[0])

    @property
    def micros(self) -> Pair:
        """Both instants as microseconds since 1970 UTC."""
        return self._micros

    @property
    def is_empty(self) -> bool:
        """Whether the span holds no time."""
        return self._micros[0] == self._micros[1]

    def __contains__(self, at: datetime) -> bool:
        return self._micros[0] <= to_micros(at) < self._micros[1]

    def overlaps(self, other: Span) -> bool:
        """Whether the two share any time; an empty span shares none."""
        return max(self._micros[0], other._micros[0]) < min(self._micros[1], other._micros[1])

    def abuts(self, other: Span) -> bool:
        """Whether one ends where the other starts."""
        return self._micros[1] == other._micros[0] or other._micros[1] == self._micros[0]

    def in_zone(self, zone: tzinfo) -> Span:
        """Return the same span, written in another zone."""
        return Span(self.start.astimezone(zone), self.end.astimezone(zone))

    def __iter__(self) -> Iterator[datetime]:
        return iter((self.start, self.end))

    def __eq__(self, other: object) -> bool:
        return self._micros == other._micros if isinstance(other, Span) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._micros)

    def __lt__(self, other: Span) -> bool:
        return self._micros < other._micros

    def __repr__(self) -> str:
        return f"Span({self.start!r}, {self.end!r})"

    def __str__(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Span cannot be changed ({name})")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Span cannot be changed ({name})")

    def __reduce__(self) -> tuple[Any, ...]:
        # By way of plain datetimes, because pendulum's lose `fold`, and with it an hour, when they are pickled.
        return _span, (plain(self.start), plain(self.end), type(self.start), type(self.end))

    @classmethod
    def _from_input(cls, value: object) -> Span:
        if isinstance(value, Span):
            return value
        if isinstance(value, dict) and set(value) == {"start", "end"}:
            return cls(_aware(value["start"]), _aware(value["end"]))
        if isinstance(value, str) and value.count("/") == 1:
            start, _, end = value.partition("/")
            return cls(_aware(start), _aware(end))
        if isinstance(value, (tuple, list)) and len(value) == 2:  # noqa: PLR2004
            return cls(_aware(value[0]), _aware(value[1]))
        raise InvalidSpan(f"{value!r} is no span", value=value, remedy="Write a pair of times: (start, end)")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        time = core_schema.str_schema(pattern=r"^\d{4}-\d{2}-\d{2}T.*")
        field = core_schema.typed_dict_field(time, required=True)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(
                cls._from_input, core_schema.typed_dict_schema({"start": field, "end": field}, extra_behavior="forbid")
            ),
            python_schema=core_schema.no_info_plain_validator_function(cls._from_input),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda span: {"start": span.start.isoformat(), "end": span.end.isoformat()}
            ),
        )


def _span(start: datetime, end: datetime, *kinds: type[datetime]) -> Span:
    return Span(*(retyped(at, kind) for at, kind in zip((start, end), kinds, strict=True)))


class SpanSet:
    """
    A set of instants, as spans in canonical form: sorted, disjoint, not touching. Empty is a value.

    `|`, `&` and `-` give the union, what is shared, and the difference. Iterating gives `Span` objects in `zone`.
    """

    __slots__ = ("_like", "_pairs")

    _pairs: tuple[Pair, ...]
    _like: datetime

    def __init__(self, spans: Iterable[Span] = (), *, zone: tzinfo | None = None) -> None:
        spans = tuple(spans)
        like = spans[0].start if spans else utc(0)
        object.__setattr__(self, "_pairs", tuple(union(span.micros for span in spans)))
        object.__setattr__(self, "_like", like.astimezone(zone) if zone else like)

    @classmethod
    def _of(cls, pairs: Iterable[Pair], like: datetime) -> Self:
        """Make a set from pairs of microseconds, whose spans have the type and zone of a datetime."""
        made = cls()
        object.__setattr__(made, "_like", like)
        object.__setattr__(made, "_pairs", tuple(union(pairs)))
        return made

    @property
    def zone(self) -> tzinfo:
        """The zone in which the spans are written."""
        return self._like.tzinfo or UTC

    @property
    def duration(self) -> timedelta:
        """The time in all spans together."""
        return timedelta(0, 0, sum(end - start for start, end in self._pairs))

    @property
    def micros(self) -> tuple[Pair, ...]:
        """All spans as pairs of microseconds since 1970 UTC."""
        return self._pairs

    def __or__(self, other: SpanSet) -> Self:
        return self._of([*self._pairs, *other._pairs], self._like)

    def __and__(self, other: SpanSet) -> Self:
        return self._of(intersection(list(self._pairs), list(other._pairs)), self._like)

    def __sub__(self, other: SpanSet) -> Self:
        return self._of(difference(list(self._pairs), list(other._pairs)), self._like)

    def __contains__(self, at: datetime) -> bool:
        micros = to_micros(at)
        return any(start <= micros < end for start, end in self._pairs)

    def _span(self, pair: Pair) -> Span:
        return Span(from_micros(pair[0], self._like), from_micros(pair[1], self._like))

    def __iter__(self) -> Iterator[Span]:
        return map(self._span, self._pairs)

    def __getitem__(self, index: int) -> Span:
        return self._span(self._pairs[index])

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, SpanSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"SpanSet([{', '.join(map(repr, self))}])"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a SpanSet cannot be changed ({name})")

    def __reduce__(self) -> tuple[Any, ...]:
        return SpanSet, (tuple(self),)
