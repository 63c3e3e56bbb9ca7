"""
How many business dates lie between two moments of a compiled table, as steps: what each moment counts as, from and to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sla_engine.frames.kernels.days import Dates
from sla_engine.frames.kernels.rows import Axis, Scratch, take
from sla_engine.frames.kernels.zone_clock import FAR, split
from sla_engine.frames.numbers import np
from sla_engine.instants import DAY

if TYPE_CHECKING:
    from sla_engine.frames.kernels.rows import Ints

_CODE = 40
"""Counts are below two to this power, and what stands in place of one is a multiple of it."""
FROM_LATER, FROM_EARLIER, TO_EARLIER, ASK = 1, 2, 4, 8
"""
Why there is no count: the start rolls to what lies after the table, or before it; the date of the end begins before it;
the row is to be asked about by itself.
"""


class Counting:
    """The numbers of business dates up to each moment of a table."""

    def __init__(self, dates: Dates) -> None:
        more = np.concatenate((dates.closes + 1, _midnights(dates), [dates.lo + 1]))
        later, earlier = (dates.sources(back=back, more=more) for back in (False, True))
        near = dates.horizon * 365 * DAY
        edges, is_open = later.edges, later.is_open
        # Of the last date of the table it is asked what follows.
        last = dates.clock.local_days(np.array([dates.hi - 1]))
        sides: list[Ints] = []
        for sources, code, sign in ((later, FROM_LATER, -1), (earlier, FROM_EARLIER, 1)):
            count = self._numbers(dates, sources.starts) + (sign < 0)
            # Looked for as far as the horizon of each moment, and so is the start of an open moment's date.
            rolled = sources.moments - edges if sign < 0 else sources.stops - sources.moments
            away = np.where(is_open, sources.stops - dates.starts_at(sources.starts), rolled)
            count[(away > near) | (self._days(dates, sources.starts) >= last)] = sign * (ASK << _CODE)
            count[sources.starts < 0] = sign * (FROM_EARLIER << _CODE)
            count[~is_open & (sources.codes != 0)] = sign * (code << _CODE)
            sides.append(count)
        self.from_later, self.from_earlier = sides
        # An end counts by its own date where it is open or closes, and by the civil date where it is neither.
        closes = ~is_open & (edges == earlier.moments)
        own = is_open | closes
        number = self._numbers(dates, earlier.starts)
        civil = dates.clock.local_days(edges)
        self.to_later = np.where(own, number + 1, np.searchsorted(dates.days, civil, side="right"))
        self.to_earlier = np.where(own, number, np.searchsorted(dates.days, civil, side="left"))
        unknown = own & (earlier.starts < 0)
        # What closes where the table begins is not in it.
        asked = (own & (later.stops - dates.starts_at(earlier.starts) > near)) | (~is_open & (edges == dates.lo))
        asked |= np.where(own, self._days(dates, earlier.starts), civil) >= last
        for column, sign in ((self.to_later, 1), (self.to_earlier, -1)):
            column[asked] = sign * (ASK << _CODE)
            column[unknown] = sign * (TO_EARLIER << _CODE)
        self.axis = Axis(edges, dates.hi)

    @staticmethod
    def _numbers(dates: Dates, starts: Ints) -> Ints:
        """Return the number of the date to which each start belongs; what is none has any."""
        return np.append(dates.of_start, 0)[starts].astype(np.int64)

    @staticmethod
    def _days(dates: Dates, starts: Ints) -> Ints:
        """Return the date to which each start belongs; for what is none, one before all."""
        return np.append(dates.days[dates.of_start], -FAR)[starts]

    def between(self, starts: Ints, ends: Ints, out: Ints, scratch: Scratch) -> None:
        """Put the counts into `out`, and codes among them."""
        place, work, other, from_side, mask = scratch.of(len(starts))
        self.axis.place(starts, place, work)
        take(self.from_later, place, from_side)
        take(self.from_earlier, place, other)
        np.less(ends, starts, out=mask)
        np.copyto(from_side, other, where=mask)
        self.axis.place(ends, place, work)
        take(self.to_later, place, out)
        take(self.to_earlier, place, other)
        np.copyto(out, other, where=mask)
        np.subtract(out, from_side, out=out)
        # Nothing lies between where the date of the end is on the other side of the start's.
        np.minimum(out, 0, out=other)
        np.maximum(out, 0, out=out)
        np.copyto(out, other, where=mask)


def codes_of(counts: Ints) -> Ints:
    """Return the codes among counts: 0 for a count."""
    return (np.abs(counts) + (1 << (_CODE - 1))) >> _CODE


def _midnights(dates: Dates) -> Ints:
    """Return the moments at which the local date changes."""
    changes = dates.clock.changes
    edges = np.unique(np.append(changes[(changes > dates.lo) & (changes < dates.hi)], dates.lo))
    shift = dates.clock.offset(edges)
    first, last = edges + shift, np.append(edges[1:], dates.hi) - 1 + shift
    zero = int(first.min()) // DAY
    thresholds = np.arange(zero, int(last.max()) // DAY + 1, dtype=np.int64) * DAY
    found, _, _ = split(edges, shift, first // DAY - zero, last // DAY - zero, thresholds)
    return found
