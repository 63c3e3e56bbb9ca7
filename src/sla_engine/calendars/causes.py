"""
Why a calendar is open or closed.

Every calendar paints the time asked about, later strokes over earlier ones: outside hours, holidays, weekly hours,
overrides, closures, extra openings. What counts is the timeline; the paint gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from sla_engine.instants import local_day, midnight
from sla_engine.ledger import CauseKind
from sla_engine.zones import zone_of

if TYPE_CHECKING:
    from sla_engine.calendars.calendar import Calendar


class Cause(NamedTuple):
    """Why a stretch of time is open or closed."""

    kind: CauseKind
    text: str


class Stretch(NamedTuple):
    """A stretch of time that is open or closed for one cause."""

    start: int
    end: int
    is_open: bool
    cause: Cause


def flattened(painted: list[Stretch], lo: int, hi: int) -> list[Stretch]:
    """Return what is seen of the strokes, later ones over earlier ones: a partition of [lo, hi), in order."""
    strokes = sorted(
        (max(stroke.start, lo), -layer, min(stroke.end, hi), stroke)
        for layer, stroke in enumerate(painted)
        if max(stroke.start, lo) < min(stroke.end, hi)
    )
    edges = sorted({edge for start, _, end, _ in strokes for edge in (start, end)})
    seen: list[Stretch] = []
    on_top: list[tuple[int, int, Stretch]] = []
    at = 0
    for start, end in pairwise(edges):
        while at < len(strokes) and strokes[at][0] <= start:
            _, layer, until, stroke = strokes[at]
            heappush(on_top, (layer, until, stroke))
            at += 1
        while on_top and on_top[0][1] <= start:
            heappop(on_top)
        if not on_top:
            continue
        top = on_top[0][2]
        if seen and seen[-1].end == start and seen[-1][2:] == top[2:]:
            seen[-1] = seen[-1]._replace(end=end)
        else:
            seen.append(top._replace(start=start, end=end))
    return seen


def combined_causes(kind: str, left: Calendar, right: Calendar, lo: int, hi: int) -> list[Stretch]:
    """Return the causes of two calendars combined, where the reasons of both meet."""
    ours, theirs = flattened(left._causes(lo, hi), lo, hi), flattened(right._causes(lo, hi), lo, hi)
    result: list[Stretch] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        one, other = ours[i], theirs[j]
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start < end:
            is_open, cause = _joint(kind, (left, one), (right, other))
            result.append(Stretch(start, end, is_open, cause))
        if one.end <= other.end:
            i += 1
        if other.end <= one.end:
            j += 1
    return result


def _joint(kind: str, one: tuple[Calendar, Stretch], other: tuple[Calendar, Stretch]) -> tuple[bool, Cause]:
    sides = [one, other]
    if kind == "difference":
        if one[1].is_open and other[1].is_open:
            return False, Cause("taken_out", f"taken out by {_said([other])}")
        return one[1].is_open, Cause(one[1].cause.kind, _said([one]))
    is_open = (any if kind == "union" else all)(stretch.is_open for _, stretch in sides)
    telling = [side for side in sides if side[1].is_open == is_open]
    return is_open, Cause(telling[0][1].cause.kind, _said(telling))


def _said(sides: list[tuple[Calendar, Stretch]]) -> str:
    texts = [
        f"{calendar.name}: {stretch.cause.text}" if calendar.name else stretch.cause.text for calendar, stretch in sides
    ]
    return "; ".join(dict.fromkeys(texts))


def version_causes(owners: Iterable[tuple[Calendar, int, int]], lo: int, hi: int) -> list[Stretch]:
    """Return the causes of calendars that follow one another."""
    closed: list[Stretch] = []
    opened: list[Stretch] = []
    for calendar, first, stop in owners:
        zone = zone_of(calendar.zone)
        inside = range(local_day(zone, lo) - 1, local_day(zone, hi) + 2)
        begin = midnight(zone, first) if first in inside else lo if first < inside.start else hi
        end = midnight(zone, stop) if stop in inside else hi if stop >= inside.stop else lo
        causes = flattened(calendar._causes(lo, hi), lo, hi)
        closed += [
            stretch._replace(start=max(stretch.start, begin), end=min(stretch.end, end))
            for stretch in causes
            if not stretch.is_open
        ]
        for span in calendar._owned(lo, hi, first, stop).spans:
            opened += [
                stretch._replace(start=max(stretch.start, span[0]), end=min(stretch.end, span[1]))
                for stretch in causes
                if stretch.is_open
            ]
    outside = Stretch(lo, hi, False, Cause("outside_hours", "outside weekly hours"))
    return [outside, *closed, *opened]
