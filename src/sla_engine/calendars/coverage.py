"""
The open time in a stretch of time: what calendars compile to, piece by piece, and what the timeline is made of.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from sla_engine.spans import Pair

_START, _END = itemgetter(0), itemgetter(1)


class Open(NamedTuple):
    """
    The open time in a stretch of time.

    `spans` are canonical; `starts` are the instants at which a business date starts or goes on: the windows' starts
    as written that are open, and the start of every span.
    """

    spans: list[Pair]
    starts: list[int]


def clipped(spans: list[Pair], starts: list[int], lo: int, hi: int) -> Open:
    """Return the part of a canonical list in [lo, hi), with those starts that are open and the start of every span."""
    marks = [start for start, _ in spans]
    if starts != marks:
        marks = sorted({*marks, *_open_among(starts, spans)})
    kept = spans[bisect_right(spans, lo, key=_END) : bisect_left(spans, hi, key=_START)]
    if kept:
        kept[0] = (max(kept[0][0], lo), kept[0][1])
        kept[-1] = (kept[-1][0], min(kept[-1][1], hi))
    return Open(kept, marks[bisect_left(marks, lo) : bisect_left(marks, hi)])


def _open_among(starts: Iterable[int], spans: list[Pair]) -> Iterator[int]:
    at = 0
    for start in sorted(starts):
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        if at < len(spans) and spans[at][0] <= start:
            yield start
