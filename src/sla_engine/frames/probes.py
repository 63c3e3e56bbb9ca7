"""
Probe logs of arrays: the same logs as those of pairs, read as fast as memory goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from sla_engine.errors import InvalidLog
from sla_engine.frames.numbers import np
from sla_engine.uptime.probes import (
    BEYOND,
    BLOCK,
    Every,
    Meant,
    ProbeLog,
    contradiction,
    good_runs,
    limit_of,
    out_of_time,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STRIDE = 128 * BLOCK
"""So many differences are made at a time: they stay in the processor's cache."""


def probe_log(
    instants: NDArray[Any] | Sequence[int],
    ups: NDArray[Any] | Sequence[bool],
    *,
    every: Every,
    gap: int | Fraction = 2,
    location: str = "",
    late: Iterable[tuple[int, int]] = (),
) -> ProbeLog:
    """
    Return the log of arrays: instants as integers, microseconds since 1970 UTC, and whether each was up.

    Equal to `ProbeLog.of_micros` of the same probes. An array of int64 in order is not copied: leave it as it is.
    Raises `InvalidLog` for arrays of another
    kind or of different lengths, and where `ProbeLog` does.

    >>> import numpy as np
    >>> log = probe_log(np.arange(0, 3_600_000_000, 60_000_000), np.ones(60, dtype=bool), every="1m")
    >>> len(log), log == ProbeLog.of_micros([(minute * 60_000_000, True) for minute in range(60)], every="1m")
    (60, True)
    """
    meant = Meant.of(every, gap, location, late)
    when, up = _column(instants, "instants"), _column(ups, "ups")
    if when.dtype.kind != "i" and len(when):
        raise InvalidLog(
            f"the instants are {when.dtype}, where integers are expected",
            where="instants",
            value=str(when.dtype),
            remedy='Give microseconds since 1970 UTC: of a column in UTC, .astype("datetime64[us]").astype("int64")',
        )
    if up.dtype != np.bool_ and len(up):
        raise InvalidLog(
            f"the states are {up.dtype}, where booleans are expected",
            where="ups",
            value=str(up.dtype),
            remedy="Say with booleans whether the service was up",
        )
    if len(when) != len(up):
        raise InvalidLog(
            f"there are {len(when)} instants and {len(up)} states", where="ups", value=len(up), remedy="Give one each"
        )
    return _compiled(np.ascontiguousarray(when, dtype=np.int64), np.ascontiguousarray(up, dtype=np.bool_), meant)


def _column(given: object, name: str) -> NDArray[Any]:
    column = np.asarray(given)
    if column.ndim != 1:
        raise InvalidLog(
            f"{name} has {column.ndim} dimensions, where one is expected",
            where=name,
            value=column.shape,
            remedy="Give one column",
        )
    return column


def _compiled(when: NDArray[np.int64], up: NDArray[np.bool_], meant: Meant) -> ProbeLog:
    places, rises = _widest_pairs(when)
    if not rises:
        when, up = _sorted(when, up)
        places, _ = _widest_pairs(when)
    apart = when[places + 1] - when[places]
    # What lies too far out wraps around in a subtraction, and then seems to be far apart, or out of order.
    if len(when) and not (-BEYOND < when[0] <= when[-1] < BEYOND and apart.max(initial=0) < 2 * BEYOND):
        raise out_of_time()
    far = frozenset(_far(when, meant, apart))
    flips: list[int] = np.flatnonzero(up[1:] != up[:-1]).tolist()
    turns = tuple(sorted(far.union(flips)))
    said = up.tobytes()
    widest: list[int] = apart.tolist()
    # Where the widest pair of a block is not one of good neighbours, another one of the block may be.
    for block in np.flatnonzero(~(up[places] & up[places + 1])).tolist() + [number // BLOCK for number in far]:
        start = block * BLOCK
        runs = good_runs(said, turns, start, min(start + BLOCK, len(when) - 1))
        widest[block] = max((int(np.diff(when[one : other + 1]).max()) for one, other in runs), default=0)
    held = when.data.cast("B").cast("q").toreadonly()
    return ProbeLog(held, said, *meant, turns, far, tuple(widest))


def _widest_pairs(when: NDArray[np.int64]) -> tuple[NDArray[np.intp], bool]:
    """Return the pair of neighbours that lies furthest apart in each block, and whether all are in order."""
    scratch = np.empty(_STRIDE, dtype=np.int64)
    places: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    rises = True
    pairs = max(len(when) - 1, 0)
    for start in range(0, pairs, _STRIDE):
        stop = min(start + _STRIDE, pairs)
        apart = np.subtract(when[start + 1 : stop + 1], when[start:stop], out=scratch[: stop - start])
        rises = rises and bool(apart.min() > 0)
        whole = (stop - start) // BLOCK * BLOCK
        blocks = apart[:whole].reshape(-1, BLOCK).argmax(axis=1)
        places.append(start + np.arange(0, whole, BLOCK) + blocks)
        if whole < stop - start:
            places.append(np.array([start + whole + apart[whole:].argmax()]))
    return np.concatenate(places), rises


def _far(when: NDArray[np.int64], meant: Meant, widest: NDArray[np.int64]) -> Iterator[int]:
    """Yield the probes that have a gap after them."""
    cadence, gap, *_ = meant
    finest = floor(gap * min(spacing for _, spacing in cadence))
    for block in np.flatnonzero(widest > finest).tolist():
        start = block * BLOCK
        apart = np.diff(when[start : start + BLOCK + 1])
        for number in (start + np.flatnonzero(apart > finest)).tolist():
            one, other = when[number : number + 2].tolist()
            if len(cadence) == 1 or other - one > limit_of(cadence, gap, one, other):
                yield number


def _sorted(when: NDArray[np.int64], up: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    order = np.argsort(when, kind="stable")
    when, up = when[order], up[order]
    again = when[1:] == when[:-1]
    other = np.flatnonzero(again & (up[1:] != up[:-1]))
    if len(other):
        raise contradiction(int(when[other[0]]))
    kept = np.concatenate(([True], ~again))
    return when[kept], up[kept]
