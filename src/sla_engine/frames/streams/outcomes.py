"""
Single outcomes of clocks: the worst breaches that were seen so far, and every one of a period as rows of CSV.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TextIO

import pyarrow as pa

from sla_engine.frames.clocks.blocks import opened_under
from sla_engine.frames.clocks.compliance import StartedClocks
from sla_engine.frames.kernels.rows import NULL, distinct
from sla_engine.frames.numbers import np
from sla_engine.instants import from_micros, micros_of, utc
from sla_engine.policies import Policy
from sla_engine.policies.report import COLUMNS
from sla_engine.tickets import Outcome
from sla_engine.tickets.compliance import KINDS

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

_EXCLUDED = KINDS.index("excluded")
_BREACHED = KINDS.index("breached")
_ROWS = 16_384
"""So many outcomes are made at a time."""
LATE = "late_open_time"
"""The column of how late a clock is in open time, where frames have no `remaining` that tells it."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """
    The outcomes behind the clocks of a part, which are made where they are asked for.

    `kind` says of each clock that has started what it counts as, and where none of `KINDS` it is in no figure.
    `like` has the zone of the datetimes, `names` are the attributes that the policy's exclusions ask about.
    """

    clocks: StartedClocks
    kind: Ints
    policy: Policy
    names: Sequence[str]
    at: int | None
    like: datetime

    # --- how late ------------------------------------------------------------------------------------------------

    def breached(self) -> tuple[Ints, Ints, Ints]:
        """Return the clocks that count as breached, and by how much open time and how much time they are late."""
        rows = np.flatnonzero(self.kind == _BREACHED)
        return rows, *self._late(rows)

    def _late(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return the open time and the time by which clocks are late, as `ClockStatus.outcome` says it."""
        breached, ended = self._numbers("breached_at", rows), self._numbers("ended_at", rows)
        late = breached != NULL
        until = ended if self.at is None else np.where(ended == NULL, self.at, ended)
        if LATE in self.clocks.frame.column_names:
            over = self._numbers(LATE, rows)
        else:
            remaining = self._numbers("remaining", rows)
            over = np.where(remaining == NULL, self.clocks.elapsed[rows], -remaining)
        return np.maximum(np.where(late, over, 0), 0), np.maximum(np.where(late, until - breached, 0), 0)

    def _numbers(self, name: str, rows: Ints) -> Ints:
        column = self._column(name, rows).cast(pa.int64())
        numbers: Ints = column.fill_null(NULL).to_numpy()
        return numbers

    def _column(self, name: str, rows: Ints) -> Any:
        return self.clocks.frame.column(name).take(pa.array(self.clocks.rows[rows]))

    def ids(self, rows: Ints) -> list[str]:
        """Return the ids of the tickets of some clocks."""
        return [str(one).strip() for one in self._column("ticket", rows).to_pylist()]

    def cycles(self, rows: Ints) -> list[int]:
        """Return the numbers of the cycles of some clocks."""
        found: list[int] = self._column("cycle", rows).to_pylist()
        return found

    # --- outcomes ------------------------------------------------------------------------------------------------

    def counted(self) -> Iterator[Outcome]:
        """Yield the outcomes in the figures; those of a ticket follow each other."""
        rows = np.flatnonzero(self.kind < len(KINDS))
        for start in range(0, len(rows), _ROWS):
            yield from self.made(rows[start : start + _ROWS])

    def made(self, rows: Ints) -> list[Outcome]:
        """Return the outcomes of some clocks."""
        over, late = self._late(rows)
        tier, target, phase, verdict = (
            self._column(name, rows).to_pylist() for name in ("tier", "clock", "phase", "verdict")
        )
        started, due, ended = (
            [None if one == NULL else from_micros(one, self.like) for one in self._numbers(name, rows).tolist()]
            for name in ("started_at", "due_at", "ended_at")
        )
        stopped = [at if one == "stopped" else None for at, one in zip(ended, phase, strict=True)]
        elapsed, late_by, late_open_time = (
            [timedelta(0, 0, one) for one in micros.tolist()] for micros in (self.clocks.elapsed[rows], late, over)
        )
        cells = (
            *(self.ids(rows), tier, target, started, due, stopped, verdict, late_by, late_open_time),
            *(self.cycles(rows), phase, elapsed, self._reasons(rows)),
        )
        return [Outcome(*own) for own in zip(*cells, strict=True)]

    def _reasons(self, rows: Ints) -> list[str]:
        """Return why clocks count for nothing: what excludes them, or else what cancelled them."""
        found: list[str] = [one or "" for one in self._column("reason", rows).to_pylist()]
        excluded = np.flatnonzero(self.kind[rows] == _EXCLUDED)
        if not len(excluded):
            return found
        own = rows[excluded]
        columns = {name: self.clocks.codes(name) for name in ("tier", *self.names)}
        version = opened_under([self.policy], None, self.clocks.started[own])
        parts = [(codes[own], len(texts)) for codes, texts in columns.values()]
        group, firsts = distinct([*parts, (version, len(self.policy.versions))], len(own))
        given: list[str | None] = []
        for row in own[firsts].tolist():
            facts = {name: texts[codes[row]] if codes[row] >= 0 else None for name, (codes, texts) in columns.items()}
            tier, started = facts.pop("tier") or "", utc(int(self.clocks.started[row]))
            given.append(
                self.policy.excluded(Outcome("", tier, "", started, None, None, "undecided", attributes=facts))
            )
        for place, number in zip(excluded.tolist(), group.tolist(), strict=True):
            found[place] = given[number] or found[place]
        return found


class Worst:
    """The outcomes that are late by the most open time, in the order of `ComplianceFigure.worst`: so many so far."""

    def __init__(self, most: int, tiers: Sequence[tuple[str, str]]) -> None:
        self.most = max(most, 0)
        self._place = {key: number for number, key in enumerate(tiers)}
        self._kept: list[tuple[tuple[Any, ...], Outcome]] = []

    def add(self, part: Outcomes) -> None:
        """Look at the clocks of a part, and keep those that are among the worst."""
        rows, over, late = part.breached()
        if not len(rows) or not self.most:
            return
        found = part.made(self._chosen(part, rows, over, late))
        self._kept += [(self._key(one), one) for one in found]
        self._kept.sort(key=itemgetter(0))
        del self._kept[self.most :]

    def _chosen(self, part: Outcomes, rows: Ints, over: Ints, late: Ints) -> Ints:
        """Return of some clocks those that no `most` others go before."""
        order = np.lexsort((-late, -over))
        if len(order) <= self.most:
            return rows
        last = order[self.most - 1]
        tied: Bools = (over == over[last]) & (late == late[last])
        before: Bools = (over > over[last]) | ((over == over[last]) & (late > late[last]))
        # Those that are late by the same are in the order of their ids and cycles.
        same = rows[tied]
        keys = list(zip(part.ids(same), part.cycles(same), strict=True))
        bound = sorted(keys)[self.most - int(np.count_nonzero(before)) - 1]
        taken = [row for row, key in zip(same.tolist(), keys, strict=True) if key <= bound]
        return np.concatenate((rows[before], np.array(taken, dtype=np.int64)))

    def _key(self, one: Outcome) -> tuple[Any, ...]:
        place = self._place.get((one.tier, one.target), len(self._place))
        late = (-micros_of(one.late_open_time), -micros_of(one.late_by))
        return (*late, one.id, one.cycle, place, one.tier, one.target)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return them, the worst first."""
        return tuple(one for _, one in self._kept)


class Rows:
    """Writes outcomes as `Report.to_csv` does, as they come."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        self._writer.writeheader()

    def add(self, part: Outcomes) -> None:
        """Write the outcomes of the period in a part."""
        self._writer.writerows(one.to_data() for one in part.counted())
