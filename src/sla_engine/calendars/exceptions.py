"""
What people write about single dates and moments: overrides of a date's hours, closures and extra openings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from sla_engine.calendars.hours import WINDOWS_SCHEMA, Window, WindowInput, windows
from sla_engine.errors import InvalidCalendar, InvalidSpan, SlaError
from sla_engine.instants import utc
from sla_engine.spans import Span

OverridesInput: TypeAlias = (
    "Mapping[date, WindowInput | Sequence[WindowInput]] | Mapping[str, WindowInput | Sequence[WindowInput]]"
)
SpanInput = Span | tuple[datetime, datetime]


def _read_overrides(given: object) -> tuple[tuple[date, tuple[Window, ...]], ...]:
    items = given.items() if isinstance(given, Mapping) else given
    pairs: list[Any] = list(items) if isinstance(items, Iterable) else [given]
    if not all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):  # noqa: PLR2004
        raise InvalidCalendar(
            f"{given!r} is no mapping of dates to windows", value=given, remedy='Write {"2026-12-24": "08:00-12:00"}'
        )
    read: dict[date, tuple[Window, ...]] = {}
    for day, written in pairs:
        if isinstance(day, str):
            with contextlib.suppress(ValueError):
                day = date.fromisoformat(day.strip())  # noqa: PLW2901  (the same day, as a date)
        if not isinstance(day, date) or isinstance(day, datetime):
            raise InvalidCalendar(f"{day!r} is no date", value=day, remedy='Write it as "2026-12-24"')
        if day in read:
            raise InvalidCalendar(f"{day} is given twice", value=given, remedy="Give each date once")
        read[day] = windows(written, str(day))
    return tuple(sorted(read.items()))


def _read_spans(given: object) -> tuple[Span, ...]:
    if isinstance(given, (Span, str, Mapping)) or not isinstance(given, Iterable):
        raise InvalidCalendar(f"{given!r} is no list of spans", value=given, remedy="Write [(start, end), ...]")
    spans = []
    for number, one in enumerate(given):
        try:
            span = Span._from_input(one)
        except SlaError as error:
            raise error.located(f"[{number}]") from None
        if span.is_empty:
            raise InvalidSpan(f"the span {span} has no length", where=f"[{number}]", value=one, remedy="Take it out")
        spans.append(Span(*map(utc, span.micros)))
    return tuple(sorted(spans))


_SPANS_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {name: {"type": "string", "format": "date-time"} for name in ("start", "end")},
        "required": ["start", "end"],
        "additionalProperties": False,
    },
}
Spans = Annotated[tuple[Span, ...], BeforeValidator(_read_spans), WithJsonSchema(_SPANS_SCHEMA)]
Overrides = Annotated[
    tuple[tuple[date, Any], ...],
    BeforeValidator(_read_overrides),
    WithJsonSchema({"type": "object", "additionalProperties": WINDOWS_SCHEMA}),
]
