"""
Logs with one row a ticket: the clock of each row, as the frame that event logs give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.facts import text_of
from sla_engine.frames.columns import alike, codes_of
from sla_engine.frames.kernels import NULL, kernel_of
from sla_engine.frames.numbers import np
from sla_engine.frames.streams.files import FILE, INSTANT, PROBLEM, ROW, Problems
from sla_engine.frames.streams.outcomes import LATE
from sla_engine.instants import utc
from sla_engine.policies import Policy
from sla_engine.tickets import LogColumns
from sla_engine.tickets.plans import counted_in

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

_VERDICTS = ("undecided", "met", "breached")
_PHASES = ("running", "stopped")
_Facts = Mapping[str, "tuple[Ints, list[Any]]"]


@dataclass(frozen=True, slots=True)
class TicketRows:
    """The rows of tickets in some files: what they are held against, and as of when."""

    files: Sequence[Path]
    policy: Policy
    columns: LogColumns
    attributes: tuple[str, ...]
    target: str | None
    at: int | None
    problems: Problems

    def clocks(self, table: Any) -> tuple[Any, int]:
        """
        Return the clocks of a table of tickets, and how many were opened later; rows without one are problems.

        The table says where each row stands. Raises `InvalidInstant` where a ticket is open and no instant is asked
        about.
        """
        names = self.columns
        opened, stopped = (_micros(table.column(name)) for name in (names.opened_at, names.stopped_at))
        good = np.ones(len(opened), dtype=np.bool_)
        # Whatever else is wrong with a row, its id is taken.
        self._refuse(table, good, _repeated(table.column(names.id)), f"{names.id} stands in another row already")
        tier, tiers = codes_of(table.column(names.tier), name=names.tier, rows=len(opened))
        tiers = [str(one).strip() for one in tiers]
        nameless = np.array([*(not one for one in tiers), True], dtype=np.bool_)[tier]
        self._refuse(table, good, nameless, f"{names.tier} is empty")
        problem, problems = codes_of(table.column(PROBLEM), name=PROBLEM, rows=len(opened))
        for number, said in enumerate(problems):
            self._refuse(table, good, problem == number, said)
        if self.at is None and bool((good & (stopped == NULL)).any()):
            row = int(np.flatnonzero(good & (stopped == NULL))[0])
            raise InvalidInstant(
                f"tickets are open (the first found is {table.column(names.id)[row].as_py()!r}), so the verdicts "
                "depend on the present",
                where="at",
                remedy="Say as of which instant: at=datetime(..., tzinfo=...), or --at on the command line",
            )
        for number, name in enumerate(tiers):
            if name:
                try:
                    self.policy.tier(name)
                except SlaError as error:
                    self._refuse(table, good, tier == number, _said(error))
        later = good & (opened > self.at) if self.at is not None else np.zeros(len(opened), dtype=np.bool_)
        not_yet = int(np.count_nonzero(later))
        good &= ~later
        wrong = (stopped != NULL) & (stopped < opened)
        self._refuse(table, good, wrong, "it was stopped before it was opened. Mend the log")
        known = {
            name: codes_of(table.column(name), name=name, rows=len(opened))
            for name in self.attributes
            if name in table.column_names
        }
        return self._answered(table, good, (opened, stopped), (tier, tiers), known), not_yet

    def _refuse(self, table: Any, good: Any, wrong: Any, problem: str) -> None:
        """Take rows for problems; they are no longer good."""
        for row in np.flatnonzero(wrong & good).tolist():
            file, number, name = (table.column(one)[row].as_py() for one in (FILE, ROW, self.columns.id))
            self.problems.add(str(self.files[file]), number, str(name), problem)
        good &= ~wrong

    def _answered(
        self, table: Any, good: Any, times: tuple[Ints, Ints], tier: tuple[Ints, list[str]], known: _Facts
    ) -> Any:
        opened, stopped = times
        size = len(opened)
        due, elapsed = np.full(size, NULL, dtype=np.int64), np.zeros(size, dtype=np.int64)
        over = np.zeros(size, dtype=np.int64)
        clock = np.full(size, -1, dtype=np.int64)
        targets: dict[str, int] = {}
        seen = stopped if self.at is None else np.where(stopped <= self.at, stopped, NULL)
        until = seen if self.at is None else np.where(seen == NULL, self.at, seen)
        parts = [tier[0], *(codes for codes, _ in known.values())]
        if self.policy.versions:
            parts.append(np.searchsorted(np.array(self.policy._starts, dtype=np.int64), opened, side="right") - 1)
        for rows in alike(parts, np.flatnonzero(good)):
            first = int(rows[0])
            facts = {
                name: _fact(values[codes[first]]) if codes[first] >= 0 else None
                for name, (codes, values) in known.items()
            }
            try:
                calendar, promise = self.policy._promise(
                    tier[1][tier[0][first]], self.target, utc(int(opened[first])), facts
                )
                found = kernel_of(calendar).due(opened[rows], promise.within, never="null")
            except SlaError as error:
                self._refuse(table, good, _mask(rows, size), _said(error))
                continue
            due[rows] = found
            counted = kernel_of(counted_in(calendar, promise.within))
            elapsed[rows] = np.maximum(counted.elapsed(opened[rows], until[rows]), 0)
            late = rows[(found != NULL) & (until[rows] > found)]
            over[late] = counted.elapsed(due[late], until[late])
            clock[rows] = targets.setdefault(promise.name, len(targets))
        self._refuse(table, good, good & (due == NULL), "it is never due: its calendar never has so much open time")
        rows = np.flatnonzero(good)
        breached = until > due
        verdict = np.where(breached, 2, np.where(seen != NULL, 1, 0))[rows]
        made: dict[str, Any] = {
            "ticket": table.column(self.columns.id).take(pa.array(rows)),
            "tier": _texts(tier[0][rows], tier[1]),
            "clock": _texts(clock[rows], list(targets)),
            "cycle": pa.array(np.ones(len(rows), dtype=np.int64)),
            "phase": _texts((seen != NULL)[rows].astype(np.int64), _PHASES),
            "verdict": _texts(verdict, _VERDICTS),
            "started_at": _instants(opened[rows]),
            "ended_at": _instants(seen[rows]),
            "due_at": _instants(due[rows]),
            "breached_at": _instants(np.where(breached, due, NULL)[rows]),
            "elapsed": pa.array(elapsed[rows]).cast(pa.duration("us")),
            LATE: pa.array(over[rows]).cast(pa.duration("us")),
            "reason": pa.repeat("", len(rows)),
        }
        for name, (codes, values) in known.items():
            if name not in made:
                made[name] = _texts(codes[rows], [_fact(value) for value in values])
        return pa.table(made)


def _fact(value: Any) -> str | None:
    """Return a value of an attribute as text; an empty cell has none."""
    text = text_of(value)
    return (text.strip() or None) if text is not None else None


def _said(error: SlaError) -> str:
    return f"{error.problem}. {error.remedy}" if error.remedy else error.problem


def _mask(rows: Ints, size: int) -> Any:
    mask = np.zeros(size, dtype=np.bool_)
    mask[rows] = True
    return mask


def _repeated(ids: Any) -> Any:
    """Whether each row has the id of one before it."""
    codes, _ = codes_of(ids, name="id", rows=len(ids))
    _, firsts = np.unique(codes, return_index=True)
    repeated = np.ones(len(codes), dtype=np.bool_)
    repeated[firsts] = False
    return repeated


def _micros(column: Any) -> Ints:
    numbers: Ints = column.cast(pa.int64()).fill_null(NULL).to_numpy()
    return numbers


def _instants(micros: Ints) -> Any:
    return pa.array(micros, mask=micros == NULL).cast(INSTANT)


def _texts(codes: Ints, values: Sequence[str | None]) -> Any:
    """Return a column of numbers of texts; -1 is none, and so is a text that is none."""
    known = {text: place for place, text in enumerate(dict.fromkeys(one for one in values if one is not None))}
    to = np.array([*(-1 if one is None else known[one] for one in values), -1], dtype=np.int32)
    own = to[codes]
    return pa.DictionaryArray.from_arrays(pa.array(own, mask=own < 0), pa.array(list(known), pa.string()))
