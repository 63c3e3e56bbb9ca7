"""
The arithmetic of cycles over columns: how much time each has counted, when it is due, and when it was breached.

It answers what `tickets.cycles` does for one cycle, for all cycles of a block at once. A cycle is a row of marks, each
an effect and its instant: it starts, runs or pauses, is promised something else, and ends. Between two promises lies a
term. The open time of each piece between two marks is the difference of open time at both; sums of these decide all
else. All times are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from sla_engine.amounts import BusinessTime, ElapsedTime
from sla_engine.frames.clocks.tracing import END, PHASE_NUMBERS, RETARGET, START, STILL
from sla_engine.frames.kernels.kernel import NULL, Kernel, kernel_of
from sla_engine.frames.numbers import np
from sla_engine.tickets.cycles import NEVER

if TYPE_CHECKING:
    from sla_engine.frames.clocks.machine import Machine
    from sla_engine.frames.kernels.kernel import Bools, Ints

_LAST = 2**63 - 1


class Marks(NamedTuple):
    """Effects in the order of their clocks, and of each clock in that of tickets and of time; all of whole cycles."""

    effect: Ints
    kind: Ints
    when: Ints
    ticket: Ints
    place: Ints
    """Where the effect stands among all of the block."""


@dataclass(frozen=True, slots=True)
class Cycles:
    """What became of cycles, a row each; instants and amounts are microseconds, and `NULL` is none."""

    ticket: Ints
    place: Ints
    clock: Ints
    plan: Ints
    tier: Ints
    key_tier: Ints
    phase: Ints
    reason: Ints
    promise: Ints
    started: Ints
    ended: Ints
    due: Ints
    breached: Ints
    next_change: Ints
    latest_start: Ints
    elapsed: Ints
    paused: Ints
    needed: Ints
    warnings_passed: Ints

    @classmethod
    def joined(cls, parts: list[Cycles]) -> Cycles:
        """Return cycles one after the other."""
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))


class Counter:
    """What is known of the promises and clocks of a machine, as arrays."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._kernels: list[Kernel] = []
        self._of_promise: list[int] = []

    # --- promises ----------------------------------------------------------------------------------------------

    def _kernel_numbers(self) -> Ints:
        """Return for each promise the number of the kernel in which it counts."""
        for promise in self.machine.promises[len(self._of_promise) :]:
            kernel = kernel_of(promise.calendar)
            if kernel not in self._kernels:
                self._kernels.append(kernel)
            self._of_promise.append(self._kernels.index(kernel))
        return np.array(self._of_promise, dtype=np.int64)

    def _ask(self, kernels: Ints, ask: Callable[..., Ints], *columns: Ints) -> Ints:
        """Return what the kernels of the rows answer."""
        found = np.empty(len(kernels), dtype=np.int64)
        for number, rows in _groups(kernels):
            found[rows] = ask(self._kernels[number], *(column[rows] for column in columns))
        return found

    def _needs(self, promises: Ints, since: Ints) -> tuple[Ints, Ints]:
        """Return what must be counted since some instants to be due, and the instants before which it is not."""
        needs, floors = np.empty(len(since), dtype=np.int64), since
        for number, rows in _groups(promises):
            promise = self.machine.promises[number]
            amount = promise.amount
            if isinstance(amount, (BusinessTime, ElapsedTime)):
                needs[rows] = amount.micros
                continue
            start = since[rows]
            due = kernel_of(promise.named).due(start, amount, never="null")
            never = due == NULL
            due = np.where(never, start, due)
            floors = floors.copy() if floors is since else floors
            floors[rows] = due
            needs[rows] = np.where(never, NEVER, kernel_of(promise.calendar).elapsed(start, due))
        return needs, floors

    # --- cycles ------------------------------------------------------------------------------------------------

    def cycles(self, marks: Marks) -> Cycles:
        """Return what became of the cycles of some marks."""
        return _Count(self, marks).cycles()


class _Count:
    """The cycles of some marks, counted."""

    def __init__(self, counter: Counter, marks: Marks) -> None:
        self.counter, self.marks = counter, marks
        machine = counter.machine
        self.fields = {name: column.values for name, column in machine.effects.items()}
        self.plans = list(machine.plans)
        self.starts = np.flatnonzero(marks.kind == START)
        self.ends = _lasts(self.starts, len(marks.kind))
        self.promises = self.fields["promise"][marks.effect[self.starts]]
        self.plan = self.fields["plan"][marks.effect[self.starts]]
        self.kernels = counter._kernel_numbers()
        self._find_terms()
        self._count()

    # --- terms -------------------------------------------------------------------------------------------------

    def _find_terms(self) -> None:
        """Find the stretches with one promise; a promise that is retroactive holds from the start of its cycle."""
        marks, kind = self.marks, self.marks.kind
        changes = np.flatnonzero(kind == RETARGET)
        self.term, self.last = self.starts, np.arange(len(self.starts))
        self.base, self.cycle = self.starts, self.last
        self.keeps: Bools | None = None
        self.until = self.ends
        if not len(changes):
            return
        cycle_of = np.repeat(np.arange(len(self.starts)), np.diff(np.append(self.starts, len(kind))))
        rules = np.array([("keep", "restart", "retroactive").index(plan.retarget) for plan in self.plans])
        rule = rules[self.plan[cycle_of[changes]]]
        back = changes[rule == _RETROACTIVE]
        # Of several, the last one stays.
        self.promises[cycle_of[back]] = self.fields["promise"][marks.effect[back]]
        changes = changes[rule != _RETROACTIVE]
        self.term = np.sort(np.concatenate((self.starts, changes)))
        self.cycle = cycle_of[self.term]
        self.last = np.searchsorted(self.term, self.ends, side="right") - 1
        following = np.append(self.term[1:], len(kind))
        self.until = following - np.append(kind[self.term[1:]] == START, True)
        is_change = kind[self.term] == RETARGET
        restarts = is_change & (rules[self.plan[self.cycle]] == _RESTART)
        self.keeps = is_change & ~restarts
        self.base = np.where(restarts, self.term, self.starts[self.cycle])
        self.promises = np.where(is_change, self.fields["promise"][marks.effect[self.term]], self.promises[self.cycle])

    # --- time --------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        """Count the open time of each piece, and what it sums up to in each term."""
        marks, when = self.marks, self.marks.when
        self.kernel = self.kernels[self.promises]
        self.one_piece = len(self.term) == len(self.starts) and len(when) == 2 * len(self.starts)
        if not self.one_piece:
            self.term_of = np.repeat(np.arange(len(self.term)), np.diff(np.append(self.term, len(when))))
        self.piece = self._pieces()
        running = self.fields["running"][marks.effect] != 0
        running[self.ends] = False
        self.running = running
        counted = np.where(running, self.piece, 0)
        self.before = np.cumsum(counted) - counted
        lost = self.piece - counted
        self.lost_before = np.cumsum(lost) - lost
        since = self.before[self.base]
        self.begun, self.done = self.before[self.term] - since, self.before[self.until] - since
        lost_since = self.lost_before[self.base]
        self.lost = self.lost_before[self.until] - lost_since
        self.need, self.floor = self.counter._needs(self.promises, when[self.base])
        self.never = self.need >= NEVER
        if self.keeps is not None:
            self._keep(self.lost_before[self.term] - lost_since)

    def _pieces(self) -> Ints:
        """Return the open time from each mark to the next of its cycle, by the promise of its term."""
        when, counter = self.marks.when, self.counter
        piece = np.zeros(len(when), dtype=np.int64)
        if not len(when):
            return piece
        groups = list(_groups(self.kernel))
        if len(groups) == 1:
            time = counter._kernels[groups[0][0]].open_time(when)
            np.subtract(time[1:], time[:-1], out=piece[:-1])
        else:
            of_mark = np.repeat(self.kernel, 2) if self.one_piece else self.kernel[self.term_of]
            for number, _ in groups:
                rows = np.flatnonzero(of_mark[:-1] == number)
                time = counter._kernels[number].open_time(np.concatenate((when[rows], when[rows + 1])))
                piece[rows] = time[len(rows) :] - time[: len(rows)]
        piece[self.ends] = 0
        return piece

    def _keep(self, lost: Ints) -> None:
        """Let the time counted under another promise count for the present one."""
        assert self.keeps is not None  # noqa: S101  (asked only then)
        rows = np.flatnonzero(self.keeps)
        at = self.marks.when[self.term[rows]]
        days = np.array([promise.is_days for promise in self.counter.machine.promises])[self.promises[rows]]
        anew = rows[days & ~self.never[rows]]
        if len(anew):
            since = self.marks.when[self.term[anew]]
            ahead = self.counter._ask(self.kernel[anew], Kernel.elapsed, since, self.floor[anew])
            self.need[anew] = self.begun[anew] + ahead + lost[anew]
        self.floor = self.floor.copy()
        self.floor[rows] = np.maximum(self.floor[rows], at)

    # --- due and breached --------------------------------------------------------------------------------------

    def _due(self) -> tuple[Ints, Bools]:
        """Return when each term is due (supposing no pause to come), and whether that was reached."""
        marks, when, need = self.marks, self.marks.when, self.need
        reached = self.done >= need
        at = self.term
        if not self.one_piece:
            need_of, base_of = need[self.term_of], self.before[self.base][self.term_of]
            so_far = self.before - base_of
            hits = np.flatnonzero(self.running & (so_far < need_of) & (so_far + self.piece >= need_of))
            at = at.copy()
            at[self.term_of[hits]] = hits
        kind = marks.kind[self.until]
        phase = self.fields["phase"][marks.effect[self.until]]
        goes_on = (kind == END) | ((kind == STILL) & (phase == PHASE_NUMBERS["running"]))
        ahead = ~reached & goes_on & ~self.never
        within = reached & (self.begun < need)
        ask = np.flatnonzero(within | ahead)
        inside = reached[ask]
        start = when[np.where(inside, at[ask], self.until[ask])]
        amount = need[ask] - np.where(inside, self.before[at[ask]] - self.before[self.base[ask]], self.done[ask])
        found = self.counter._ask(self.kernel[ask], _add, start, amount)
        for row in np.flatnonzero((found == NULL) & inside).tolist():
            # What was reached cannot be too far away; the calendar says why.
            kernel = self.counter._kernels[int(self.kernel[ask[row]])]
            kernel.calendar.timeline.add(int(start[row]), int(amount[row]))
        due = np.where(reached, when[self.term], NULL)
        due[ask] = found
        return np.where(due == NULL, NULL, np.maximum(due, self.floor)), reached

    def _broken(self, due: Ints, reached: Bools) -> Ints:
        """Return when each cycle was breached, as far as that is history."""
        when = self.marks.when
        broken = np.where(reached & (when[self.until] > due), due, NULL)
        by_time = np.array([plan.business_time for plan in self.plans], dtype=np.bool_)[self.plan[self.cycle]]
        rows = np.flatnonzero(by_time)
        if len(rows):
            broken[rows] = self._broken_by_time(by_time)[rows]
        if len(broken) == len(self.starts):
            return broken
        earliest = np.where(broken == NULL, _LAST, broken)
        firsts = np.append(0, self.last[:-1] + 1)
        found = np.minimum.reduceat(earliest, firsts) if len(earliest) else earliest
        return np.where(found == _LAST, NULL, found)

    def _broken_by_time(self, by_time: Bools) -> Ints:
        """Return for each term the last instant at which no more than its target was counted."""
        when = self.marks.when
        broken = np.full(len(self.term), NULL, dtype=np.int64)
        if self.keeps is not None:
            broken = np.where(self.keeps & (self.begun > self.need), when[self.term], broken)
        term_of = np.repeat(np.arange(len(self.term)), 2) if self.one_piece else self.term_of
        so_far = self.before - self.before[self.base][term_of]
        need = self.need[term_of]
        over = self.running & by_time[term_of] & (so_far <= need) & (so_far + self.piece > need)
        hits = np.flatnonzero(over & (broken[term_of] == NULL))
        terms = term_of[hits]
        broken[terms] = self._resumes(self.kernel[terms], when[hits], need[hits] - so_far[hits], never="raise")
        return broken

    def _resumes(self, kernels: Ints, starts: Ints, amounts: Ints, *, never: Any) -> Ints:
        def ask(kernel: Kernel, start: Ints, amount: Ints) -> Ints:
            due = kernel.add(start, amount, never=never)
            closed = np.flatnonzero(~kernel.is_open(due) & (due != NULL))
            due[closed] = kernel.next_opening(due[closed], never=never)
            return due

        return self.counter._ask(kernels, ask, starts, amounts)

    # --- what comes next ---------------------------------------------------------------------------------------

    def _next_change(self, due: Ints, broken: Ints) -> Ints:
        """Return when the status of cycles that have not ended changes, if nothing happens."""
        marks, last = self.marks, self.last
        change = np.full(len(self.starts), NULL, dtype=np.int64)
        still = np.flatnonzero(marks.kind[self.ends] == STILL)
        if not len(still):
            return change
        runs = (self.fields["phase"][marks.effect[self.ends]] == PHASE_NUMBERS["running"]) & ~self.never[last]
        term = last[still]
        at = marks.when[self.ends[still]]
        change[still] = self._warning(term, at, runs[still])
        breach = due[term]
        by_time = np.array([plan.business_time for plan in self.plans], dtype=np.bool_)[self.plan[still]]
        if by_time.any():
            ahead = np.flatnonzero(by_time & runs[still] & (broken[still] == NULL))
            breach = np.where(by_time, NULL, breach)
            rows = term[ahead]
            left = self.need[rows] - self.done[rows]
            breach[ahead] = self._resumes(self.kernel[rows], at[ahead], left, never="null")
        sooner = (broken[still] == NULL) & (breach != NULL) & ((change[still] == NULL) | (breach < change[still]))
        change[still[sooner]] = breach[sooner] + 1
        return change

    def _warning(self, term: Ints, at: Ints, runs: Bools) -> Ints:
        """Return when the next share of the target is reached."""
        found = np.full(len(term), NULL, dtype=np.int64)
        for number, rows in _groups(self.plan[self.cycle[term]]):
            chosen = np.arange(len(term))[rows]
            open_ = chosen[runs[chosen]]
            for part, whole in self.plans[number].warnings:
                if not len(open_):
                    break
                left = share_of(self.need[term[open_]], part, whole) - self.done[term[open_]]
                ahead = left > 0
                asked = open_[ahead]
                found[asked] = self.counter._ask(self.kernel[term[asked]], _add, at[asked], left[ahead])
                open_ = open_[~ahead]
        return found

    def _passed(self, term: Ints) -> Ints:
        """Return how many warnings have passed."""
        passed = np.zeros(len(term), dtype=np.int64)
        for number, rows in _groups(self.plan[self.cycle[term]]):
            need, done = self.need[term][rows], self.done[term][rows]
            for part, whole in self.plans[number].warnings:
                passed[rows] += (share_of(need, part, whole) <= done) & (need < NEVER)
        return passed

    # --- the answer --------------------------------------------------------------------------------------------

    def cycles(self) -> Cycles:
        """Return what became of each cycle."""
        marks, fields, last = self.marks, self.fields, self.last
        due, reached = self._due()
        broken = self._broken(due, reached)
        first, end = marks.effect[self.starts], marks.effect[self.ends]
        needed = np.where(self.need[last] >= NEVER, NULL, self.need[last])
        of_cycle = due[last]
        late = np.flatnonzero((of_cycle != NULL) & (needed != NULL))
        latest = np.full(len(self.starts), NULL, dtype=np.int64)
        latest[late] = self.counter._ask(self.kernel[last[late]], _subtract, of_cycle[late], needed[late])
        return Cycles(
            ticket=marks.ticket[self.starts],
            place=marks.place[self.starts],
            clock=fields["clock"][first],
            plan=self.plan,
            tier=fields["tier"][end],
            key_tier=fields["tier"][first],
            phase=fields["phase"][end],
            reason=fields["reason"][end],
            promise=self.promises[last],
            started=marks.when[self.starts],
            ended=np.where(marks.kind[self.ends] == END, marks.when[self.ends], NULL),
            due=of_cycle,
            breached=broken,
            next_change=self._next_change(due, broken),
            latest_start=latest,
            elapsed=self.done[last],
            paused=self.lost[last],
            needed=needed,
            warnings_passed=self._passed(last),
        )


_RESTART, _RETROACTIVE = 1, 2


def share_of(need: Ints, part: int, whole: int) -> Ints:
    """Return a share of some amounts, rounded up; exact, however large."""
    if len(need) and int(need.max()) > (_LAST - whole) // max(part, 1):
        return np.array([-(-one * part // whole) for one in need.tolist()], dtype=np.int64)
    return -(-need * part // whole)


def _add(kernel: Kernel, starts: Ints, amounts: Ints) -> Ints:
    return kernel.add(starts, amounts, never="null")


def _subtract(kernel: Kernel, ends: Ints, amounts: Ints) -> Ints:
    return kernel.subtract(ends, amounts, never="null")


def _lasts(firsts: Ints, length: int) -> Ints:
    """Return the last row of each group, by the first ones."""
    return np.append(firsts[1:], length) - 1 if len(firsts) else firsts


def _groups(codes: Ints) -> Iterator[tuple[int, Any]]:
    """Yield each code that there is, and its rows."""
    if not len(codes):
        return
    present = np.flatnonzero(np.bincount(codes))
    if len(present) == 1:
        yield int(present[0]), slice(None)
        return
    for code in present.tolist():
        yield code, np.flatnonzero(codes == code)
