"""
The clocks of many tickets from sorted events: what happens is looked up, and how long it takes is counted by columns.

Tickets are worked on in blocks that stay in the cache. In a block, the first events of all tickets are looked up
together, then the second ones, and so on; what they do to cycles is then put in order and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sla_engine.errors import SlaError
from sla_engine.frames.clocks.clock_table import ClockTable, Rows
from sla_engine.frames.clocks.cycles import Counter, Cycles, Marks
from sla_engine.frames.clocks.machine import Machine
from sla_engine.frames.clocks.tracing import PHASE_NUMBERS, START, WAIT
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.numbers import np
from sla_engine.policies import Policy

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

_TICKETS = 16_384
"""So many tickets are worked on at a time."""
_FEW = 16
"""Fewer tickets than this are followed one by one."""
_WAITING = PHASE_NUMBERS["waiting"]


@dataclass(frozen=True, slots=True)
class Lives:
    """
    Events of tickets in order, as arrays: row by row what happened and when, and for each ticket how it was opened.

    `first` is the row of each ticket's first event, and at the end the number of all rows; `birth` the machine's
    transition by which the ticket is opened. `columns` gives the machine's columns of some rows.
    """

    first: Ints
    opened: Ints
    birth: Ints
    at: Ints
    columns: Callable[[slice, Bools, Bools], Ints]
    """Of some rows, by whether each lies before the opening of its ticket, and at the same instant."""
    policy: Ints | None = None
    """The policy of each ticket, where there are several."""

    def __len__(self) -> int:
        return len(self.opened)


class _Block(NamedTuple):
    """Some tickets, and their events up to the instant asked about."""

    ticket: Ints
    opened: Ints
    birth: Ints
    first: Ints
    at: Ints
    column: Ints
    row: Ints | int
    """The rows of the events, or the first one where they follow each other; -1 for what is no event."""


class Odd:
    """The rows of events that contradict the rest, and the kinds of these anomalies."""

    def __init__(self) -> None:
        self._parts: list[Ints] = []
        self.kinds: list[tuple[str, ...]] = []

    def add(self, machine: Machine, block: _Block, steps: Ints, of_ticket: Ints) -> None:
        """Add those of a block."""
        found = np.flatnonzero(machine.is_odd.values[steps])
        event = found - 2 * of_ticket[found] - 1
        self._parts.append(event + block.row if isinstance(block.row, int) else block.row[event])
        self.kinds += [machine.odd[step] for step in steps[found].tolist()]

    def rows(self) -> Ints:
        """Return the rows."""
        return np.concatenate(self._parts) if self._parts else np.empty(0, dtype=np.int64)


def opened_under(policies: Sequence[Policy], which: Ints | None, opened: Ints) -> Ints:
    """Return the version of its policy in which each ticket was opened; -1 is before all of them."""
    found = np.full(len(opened), -1, dtype=np.int64)
    for number, policy in enumerate(policies):
        if policy.versions:
            rows: Any = slice(None) if which is None else np.flatnonzero(which == number)
            found[rows] = np.searchsorted(np.array(policy._starts, dtype=np.int64), opened[rows], side="right") - 1
    return found


def evaluated(machine: Machine, lives: Lives, at: int, *, name: Callable[[int], Any]) -> ClockTable:
    """
    Return what is known of the clocks of tickets at an instant; those opened later have none.

    `name` gives a ticket's name by its number, for errors.
    """
    rows, odd = Rows(0), Odd()
    counter = Counter(machine)
    for start, stop in pairwise([*range(0, len(lives), _TICKETS), len(lives)]):
        if start == _TICKETS:
            rows.expect(rows.length * (len(lives) - start) // start)
        block = _switched(machine, _block(lives, start, stop, at), lives, at)
        _evaluate(counter, block, at, rows, odd, name=name)
    return ClockTable(
        at=at,
        tiers=tuple(machine.tiers),
        clocks=tuple(machine.clocks),
        promises=tuple(machine.promises),
        reasons=tuple(machine.reasons),
        odd_rows=odd.rows(),
        odd_kinds=tuple(odd.kinds),
        **rows.columns(),
    )


# --- blocks ------------------------------------------------------------------------------------------------------


def _block(lives: Lives, start: int, stop: int, at: int) -> _Block:
    """Return some tickets that are open at an instant, with the events that it sees."""
    first = lives.first[start : stop + 1]
    begin, end = int(first[0]), int(first[-1])
    ticket, opened, birth = np.arange(start, stop), lives.opened[start:stop], lives.birth[start:stop]
    when = lives.at[begin:end]
    first = first - begin
    since = np.repeat(opened, np.diff(first))
    column = lives.columns(slice(begin, end), when < since, when == since)
    if int(opened.max()) <= at and (not len(when) or int(when.max()) <= at):
        return _Block(ticket, opened, birth, first, when, column, begin)
    seen = (when <= at) & (since <= at)
    rows = np.flatnonzero(seen)
    there = np.append(0, np.cumsum(seen))[first]
    keep = opened <= at
    first = np.append(there[:-1][keep], there[-1])
    return _Block(ticket[keep], opened[keep], birth[keep], first, when[rows], column[rows], rows + begin)


def _switched(machine: Machine, block: _Block, lives: Lives, at: int) -> _Block:
    """Return a block in which the versions of policies that come into force are events too."""
    if not machine.switches or not len(block.ticket):
        return block
    counts = np.diff(block.first)
    rows = block.row if not isinstance(block.row, int) else np.arange(block.row, block.row + len(block.at))
    parts = [(np.repeat(np.arange(len(counts)), counts), block.at, np.full(len(block.at), len(machine.switches)))]
    columns, of_row = [block.column], [rows]
    policy = None if lives.policy is None else lives.policy[block.ticket]
    for number, version in machine.switches:
        start = machine.policies[number]._starts[version]
        if start > at:
            continue
        before = block.opened < start if policy is None else (block.opened < start) & (policy == number)
        tickets = np.flatnonzero(before)
        parts.append((tickets, np.full(len(tickets), start), np.full(len(tickets), version)))
        columns.append(np.full(len(tickets), machine.switch(number, version)))
        of_row.append(np.full(len(tickets), -1))
    ticket, when, rank = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((rank, when, ticket))
    first = np.searchsorted(ticket[order], np.arange(len(counts) + 1))
    return block._replace(
        first=first, at=when[order], column=np.concatenate(columns)[order], row=np.concatenate(of_row)[order]
    )


# --- what happens ------------------------------------------------------------------------------------------------


def _evaluate(counter: Counter, block: _Block, at: int, rows: Rows, odd: Odd, *, name: Callable[[int], Any]) -> None:
    """Add what is known of the clocks of a block's tickets, and what was odd."""
    machine = counter.machine
    tickets = len(block.ticket)
    if not tickets:
        return
    counts = np.diff(block.first)
    # Of each ticket, first the opening, then its events, and what is still there at the end.
    opening = block.first[:-1] + 2 * np.arange(tickets)
    steps = _steps(machine, block, counts, opening)
    of_ticket = np.repeat(np.arange(tickets), counts + 2)
    if machine.is_odd.values.any():
        odd.add(machine, block, steps, of_ticket)
    effect, step = _effects(machine, steps)
    kind = machine.effects["kind"].values[effect]
    ticket = of_ticket[step]
    event = step - 2 * ticket - 1
    inside = (step > opening[ticket]) & (event < block.first[1:][ticket])
    when = np.where(step == opening[ticket], block.opened[ticket], at)
    when[inside] = block.at[event[inside]]
    marks = Marks(effect, kind, when, ticket, np.arange(len(effect)))
    waits = np.flatnonzero(kind == WAIT)
    waiting = Marks(*(column[waits] for column in marks))
    if len(waits):
        marks = Marks(*(np.delete(column, waits) for column in marks))
    if len(machine.clocks) > 1:
        order = np.argsort(machine.effects["clock"].values[marks.effect].astype(np.int16), kind="stable")
        marks = Marks(*(column[order] for column in marks))
    _fill(machine, _counted(counter, marks, block, name), waiting, block, rows)


def _steps(machine: Machine, block: _Block, counts: Ints, opening: Ints) -> Ints:
    """Return the transitions of the tickets, one after the other."""
    steps = np.empty(len(block.at) + 2 * len(counts), dtype=np.int64)
    steps[opening] = block.birth
    order = np.argsort(-counts.astype(np.int32), kind="stable")
    if int(counts[order[0]]) == int(counts[order[-1]]):
        order = np.arange(len(counts))
    sorted_counts = counts[order]
    first, place = block.first[:-1][order], opening[order] + 1
    states = machine.after.values[block.birth[order]]
    most = int(sorted_counts[0])
    active = np.searchsorted(-sorted_counts, -np.arange(most), side="left")
    for rank in range(most):
        there = int(active[rank])
        if there < _FEW:
            for number in range(there):
                events = slice(int(first[number]) + rank, int(first[number] + sorted_counts[number]))
                to = int(place[number]) + rank
                states[number], steps[to : to + events.stop - events.start] = machine.follow(
                    int(states[number]), block.column[events]
                )
            break
        found = machine.steps(states[:there], block.column[first[:there] + rank])
        steps[place[:there] + rank] = found
        states[:there] = machine.after.values[found]
    steps[place + sorted_counts] = machine.closing(states)
    return steps


def _effects(machine: Machine, steps: Ints) -> tuple[Ints, Ints]:
    """Return the effects of transitions in their order, and the step that each belongs to."""
    count = machine.count.values[steps]
    step = np.flatnonzero(count)
    count = count[step]
    effect = machine.first.values[steps[step]]
    if len(count) and int(count.max()) > 1:
        before = np.cumsum(count) - count
        effect = np.repeat(effect - before, count)
        effect += np.arange(len(effect))
        step = np.repeat(step, count)
    return effect, step


# --- how long it takes -------------------------------------------------------------------------------------------


def _counted(counter: Counter, marks: Marks, block: _Block, name: Callable[[int], Any]) -> Cycles:
    """Return what became of the cycles; an error names the ticket."""
    try:
        return counter.cycles(marks)
    except SlaError as error:
        starts = np.flatnonzero(marks.kind == START)
        if len(starts) < 2:  # noqa: PLR2004  (one cycle cannot be halved)
            # The rows of columns that the kernel speaks of are nobody's.
            error.where = f"ticket {name(int(block.ticket[marks.ticket[0]]))}"
            raise
        middle = int(starts[len(starts) // 2])
        halves = [Marks(*(column[part] for column in marks)) for part in (slice(middle), slice(middle, None))]
        return Cycles.joined([_counted(counter, half, block, name) for half in halves])


def _fill(machine: Machine, cycles: Cycles, waiting: Marks, block: _Block, rows: Rows) -> None:
    """Add the cycles of a block and the clocks that wait, in the order of tickets and starts."""
    number, waiting_number = _numbered(machine, cycles, waiting)
    order: Any = slice(None)
    if len(waiting.place) or len(machine.clocks) > 1:
        order = np.argsort(np.concatenate((cycles.place, waiting.place)), kind="stable")
    room = rows.room(len(cycles.ticket) + len(waiting.place))
    fields = {name: column.values for name, column in machine.effects.items()}
    needed = np.array(
        [NULL if (micros := getattr(one.amount, "micros", None)) is None else micros for one in machine.promises],
        dtype=np.int64,
    )
    promise = fields["promise"][waiting.effect]
    other: dict[str, Any] = {
        "ticket": waiting.ticket,
        "tier": fields["tier"][waiting.effect],
        "clock": fields["clock"][waiting.effect],
        "cycle": waiting_number,
        "phase": _WAITING,
        "promise": promise,
        "needed": needed[promise],
        "elapsed": 0,
        "paused": 0,
        "warnings_passed": 0,
        "reason": 0,
    }
    for name, column in room.items():
        own = number if name == "cycle" else getattr(cycles, name)
        if name == "ticket":
            own = block.ticket[own]
        if len(waiting.place):
            given = other.get(name, NULL)
            given = block.ticket[given] if name == "ticket" else given
            own = np.concatenate((own, np.broadcast_to(given, len(waiting.place))))
        column[:] = own[order]


def _numbered(machine: Machine, cycles: Cycles, waiting: Marks) -> tuple[Ints, Ints]:
    """Return the number of each cycle among those of its clock, and what the number of a waiting one would be."""
    fields = {name: column.values for name, column in machine.effects.items()}
    over_all = np.array([plan.ticket_scope for plan in machine.plans], dtype=np.bool_)
    tiers = len(machine.tiers) + 1

    def keys(clock: Ints, plan: Ints, tier: Ints) -> Ints:
        return clock * tiers + np.where(over_all[plan], 0, tier + 1)

    own = keys(cycles.clock, cycles.plan, cycles.key_tier)
    others = (fields[name][waiting.effect] for name in ("clock", "plan", "tier"))
    wanted = keys(*others)
    number, waiting_number = np.ones(len(own), dtype=np.int64), np.ones(len(wanted), dtype=np.int64)
    for key in np.flatnonzero(np.bincount(own)).tolist():
        rows = np.flatnonzero(own == key)
        ticket = cycles.ticket[rows]
        again = ticket[1:] == ticket[:-1]
        if again.any():
            place = np.arange(len(rows))
            begin = np.append(0, np.where(again, 0, place[1:]))
            number[rows] = place - np.maximum.accumulate(begin) + 1
        waits = np.flatnonzero(wanted == key)
        if len(waits):
            asked = waiting.ticket[waits]
            waiting_number[waits] = np.searchsorted(ticket, asked, "right") - np.searchsorted(ticket, asked) + 1
    return number, waiting_number
