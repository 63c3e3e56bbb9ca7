"""
Figures of compliance, added up part by part: each clock is counted, and only how long it ran is kept, in a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sla_engine.errors import InvalidAmount
from sla_engine.frames.clocks.compliance import CountedClocks, StartedClocks
from sla_engine.frames.kernels.rows import distinct
from sla_engine.frames.numbers import np
from sla_engine.periods import Period
from sla_engine.shares import Share
from sla_engine.tickets import Compliance, ComplianceFigure
from sla_engine.tickets.compliance import KINDS
from sla_engine.tickets.outcomes import Attribute

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

_SHARES = (Fraction(1, 2), Fraction(9, 10))
_DECIDED = 2
"""The first of the kinds are decided: met and breached."""
_CLOCKS = 1_000_000
_PAIR = np.dtype([("figure", np.int64), ("elapsed", np.int64)])


@dataclass(frozen=True, slots=True)
class Count:
    """So many outcomes, of which none is kept."""

    number: int = 0

    def __len__(self) -> int:
        return self.number

    def __add__(self, other: Count) -> Count:
        return Count(self.number + other.number)


@dataclass(frozen=True, slots=True)
class CountedFigure(ComplianceFigure):
    """
    One figure of compliance whose outcomes were counted and not kept: `len(figure.met)` is known, and no more of them.

    `median` and `p90` are the open time in microseconds within which half and 90 % of the stopped clocks were stopped.
    """

    median: int | None = None
    p90: int | None = None

    def percentile(self, share: str | Fraction | Share) -> Any:
        """Return the median or the 90th percentile, as a timedelta; others raise `InvalidAmount`."""
        part = Share.parse(share).fraction
        if part not in _SHARES:
            raise InvalidAmount(
                f"there is no percentile of {share!r} where clocks are only counted",
                value=share,
                remedy='Ask for "50%" or "90%", or write the clocks to a file and ask there',
            )
        micros = (self.median, self.p90)[_SHARES.index(part)]
        return None if micros is None else timedelta(0, 0, micros)


class Sums:
    """What was counted of the clocks of all parts so far, in one period or in all time."""

    def __init__(
        self,
        names: Sequence[str],
        period: Period | None,
        zone: str | tzinfo | None,
        tiers: Sequence[tuple[str, str]],
        file: Path,
    ) -> None:
        self.names = names
        self.period = period
        self.zone = zone
        self.tiers = list(tiers)
        self._numbers: dict[tuple[str, ...], int] = {}
        self._counts: list[Ints] = []
        self.outside = 0
        self.unattributed = 0
        self._file = file
        self._stopped = 0

    def add(self, clocks: StartedClocks) -> Ints:
        """Count the clocks of a part, and return what each counts as: a place in `KINDS`, or a higher number."""
        figures = CountedClocks(clocks, self.names, self.period, self.zone, self.tiers)
        counted = figures.kind < len(KINDS)
        self.outside += int(np.count_nonzero(figures.kind == len(KINDS)))
        self.unattributed += int(np.count_nonzero(figures.kind == len(KINDS) + 1))
        rows = np.flatnonzero(counted)
        labels = figures.labels.values()
        group, firsts = distinct([(codes[rows], len(texts)) for codes, texts in labels], len(rows))
        numbers = np.array(
            [
                self._number(tuple(texts[codes[row]] if codes[row] >= 0 else "" for codes, texts in labels))
                for row in rows[firsts].tolist()
            ],
            dtype=np.int64,
        )
        if not len(rows):
            return figures.kind
        kind = figures.kind[rows]
        table = np.bincount(group * len(KINDS) + kind, minlength=len(numbers) * len(KINDS)).reshape(-1, len(KINDS))
        for number, own in zip(numbers.tolist(), table, strict=True):
            self._counts[number] += own
        stopped = (kind < _DECIDED) & clocks.stopped[rows]
        pairs = np.empty(int(np.count_nonzero(stopped)), dtype=_PAIR)
        pairs["figure"], pairs["elapsed"] = numbers[group[stopped]], clocks.elapsed[rows[stopped]]
        with self._file.open("ab") as file:
            pairs.tofile(file)
        self._stopped += len(pairs)
        return figures.kind

    def _number(self, key: tuple[str, ...]) -> int:
        number = self._numbers.setdefault(key, len(self._numbers))
        if number == len(self._counts):
            self._counts.append(np.zeros(len(KINDS), dtype=np.int64))
        return number

    def compliance(self, attribute: Attribute) -> Compliance:
        """Return the figures; those of (tier, target) pairs that were not to be listed come last, by their names."""
        place = {key: number for number, key in enumerate(self.tiers)}
        keys = {*self._numbers, *(() if self.names else self.tiers)}
        last = len(place)
        order = sorted(keys, key=lambda key: (place.get((key[0], key[1]), last), key))
        times = self._times()
        named = ("tier", "target", *self.names)
        figures: list[ComplianceFigure] = []
        for key in order:
            number = self._numbers.get(key)
            counts = [0] * len(KINDS) if number is None else self._counts[number].tolist()
            half, most = (None, None) if number is None else times[number]
            kinds: Any = {kind: Count(one) for kind, one in zip(KINDS, counts, strict=True)}
            figures.append(CountedFigure(tuple(zip(named, key, strict=True)), **kinds, median=half, p90=most))
        outside: Any = Count(self.outside)
        unattributed: Any = Count(self.unattributed)
        return Compliance(self.period, attribute, tuple(figures), outside, unattributed)

    # --- how long they took ------------------------------------------------------------------------------------------

    def _times(self) -> list[tuple[int | None, int | None]]:
        """Return the median and the 90th percentile of each figure, by nearest rank."""
        sizes = np.zeros(len(self._counts), dtype=np.int64)
        most = 0
        for figure, elapsed in self._pairs():
            sizes += np.bincount(figure, minlength=len(sizes))
            most = max(most, int(elapsed.max()))
        found: list[list[int | None]] = []
        for share in _SHARES:
            rank = np.array([ceil(share * size) for size in sizes.tolist()], dtype=np.int64)
            # The least time that so many did not exceed: searched for all figures together, in the file.
            low, high = np.zeros(len(sizes), dtype=np.int64), np.full(len(sizes), most, dtype=np.int64)
            while bool((low < high).any()):
                middle = low + (high - low) // 2
                reached = np.zeros(len(sizes), dtype=np.int64)
                for figure, elapsed in self._pairs():
                    reached += np.bincount(figure[elapsed <= middle[figure]], minlength=len(sizes))
                enough = reached >= rank
                high = np.where(enough, middle, high)
                low = np.where(enough, low, middle + 1)
            found.append([value if size else None for value, size in zip(high.tolist(), sizes.tolist(), strict=True)])
        return list(zip(*found, strict=True)) if len(sizes) else []

    def _pairs(self) -> Iterator[tuple[Ints, Ints]]:
        """Yield the figures and times of the stopped clocks, some at a time."""
        for start in range(0, self._stopped, _CLOCKS):
            many = min(_CLOCKS, self._stopped - start)
            pairs = np.fromfile(self._file, dtype=_PAIR, count=many, offset=start * _PAIR.itemsize)
            yield np.ascontiguousarray(pairs["figure"]), np.ascontiguousarray(pairs["elapsed"])
