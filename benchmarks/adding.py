"""What a deadline costs: against the conversion that it cannot do without, and for a long span against a short one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from benchmarks.office import ZONE, moments, office

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SHORT, LONG = timedelta(hours=4), timedelta(hours=10_000)


def by_division(starts: list[datetime]) -> list[datetime]:
    """Convert with whole numbers: exact, and what most people write."""
    return [(EPOCH + timedelta(microseconds=(at - EPOCH) // MICROSECOND)).astimezone(ZONE) for at in starts]


def by_parts(starts: list[datetime]) -> list[datetime]:
    """Convert with whole numbers, the timedelta taken apart: exact, and faster than its division."""
    return [
        (EPOCH + timedelta(0, 0, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)).astimezone(
            ZONE
        )
        for since in [at - EPOCH for at in starts]
    ]


def by_floats(starts: list[datetime]) -> list[datetime]:
    """Convert by way of floats: exact for the moments asked here, and not some centuries on."""
    return [datetime.fromtimestamp(round(at.timestamp() * 1_000_000) / 1_000_000, ZONE) for at in starts]


WAYS = {"by division": by_division, "by parts": by_parts, "by floats": by_floats}


def against_conversion(effort: Effort) -> list[Row]:
    """Compare `add` with microseconds and back, written in three ways; the goal is against the fastest of them."""
    calendar, starts = office(), moments()
    for convert in WAYS.values():
        for start, back in zip(starts, convert(starts), strict=True):
            assert back == start
            assert back.utcoffset() == start.utcoffset()
    for start in starts:
        assert calendar.elapsed(start, calendar.add(start, SHORT)) == SHORT

    sides = [
        Side("add 4 h", lambda: [calendar.add(start, SHORT) for start in starts], len(starts)),
        *(Side(name, lambda convert=convert: convert(starts), len(starts)) for name, convert in WAYS.items()),  # type: ignore[misc]
    ]
    times = in_turns(sides, effort)
    fastest = times.fastest(WAYS)
    return [
        times.row(
            f"add 4 h : microseconds and back, {name}",
            "add 4 h",
            name,
            goal=Goal("at most", 3) if name == fastest else None,
            note="the fastest way" if name == fastest else "",
        )
        for name in sorted(WAYS, key=times.median)
    ]


def long_against_short(effort: Effort) -> list[Row]:
    """Compare a span of years with one of hours, from the same starts, each on a calendar that knows only its own."""
    hours, years, starts = office(), office(), moments()
    for start in starts:
        assert hours.elapsed(start, hours.add(start, SHORT)) == SHORT
        assert years.elapsed(start, years.add(start, LONG)) == LONG

    sides = [
        Side("10,000 h", lambda: [years.add(start, LONG) for start in starts], len(starts)),
        Side("4 h", lambda: [hours.add(start, SHORT) for start in starts], len(starts)),
    ]
    times = in_turns(sides, effort)
    return [times.row("add 10,000 h : add 4 h", "10,000 h", "4 h", goal=Goal("at most", 1.2))]
