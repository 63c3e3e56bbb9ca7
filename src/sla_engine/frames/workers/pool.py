"""
Columns so large that it pays to spread them over several processes, which share the memory of the arrays.

The rows are handed out in blocks, in order, to whoever is free; each worker has a kernel of its own. Where Python runs
threads at the same time (without the GIL), threads do the same, on any memory.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, Self

from sla_engine.amounts import Amount, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.calendars.calendar import AmountInput
from sla_engine.calendars.timeline import Timeline
from sla_engine.errors import InvalidAmount, SlaError, WorkersGone
from sla_engine.frames.kernels.kernel import Kernel, Never, kernel_of
from sla_engine.frames.numbers import np
from sla_engine.frames.workers.crew import Crew, Refusal, Start, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sla_engine.frames.kernels.kernel import Bools, Ints

_BLOCK = 131_072
"""Rows that a worker takes at a time: whole blocks of the kernel, so that errors are the kernel's too."""
_PAYS = 2
"""Fewer blocks than this are answered in this process."""
_CALENDARS = 32
"""So many calendars are kept by the workers, those asked last."""


class Workers:
    """
    Processes that answer for large columns together; `with Workers(2) as workers: ...` closes them.

    `count` is how many; by default, one for each processor that this process may use. `start` is how they start
    ("forkserver", "spawn", "fork"), or "thread" for threads of this process, which is the default where Python has no
    GIL. Otherwise it is "forkserver" where there is one: a fork of a process with threads may stop for ever. As with
    all of `multiprocessing`, a script makes its workers under `if __name__ == "__main__":`.

    Arrays made by `empty` and `array` are shared with the processes; others are copied into shared memory first, which
    is kept until the workers are closed. Several threads may ask; they take turns.
    """

    def __init__(self, count: int | None = None, *, start: Start | Literal["thread"] | None = None) -> None:
        count = _processors() if count is None else count
        if count < 1:
            raise InvalidAmount(f"{count} workers can do nothing", where="count", value=count, remedy="Give 1 or more")
        methods = ["thread", *multiprocessing.get_all_start_methods()]
        start = start or _default_start()
        if start not in methods:
            raise InvalidAmount(
                f"workers do not start by {start!r} here", where="start", value=start, remedy=f"One of {methods}"
            )
        self.count = count
        self._crew: Crew | _Threads = _Threads(count) if start == "thread" else Crew(count, start)
        self._known: OrderedDict[Timeline, Any] = OrderedDict()
        self._copies: dict[int | str, Ints] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._block = _BLOCK

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; the arrays that they shared stay as they are. Closing again does nothing."""
        with self._lock:
            self._closed = True
            self._copies.clear()
            self._known.clear()
            self._crew.close()

    def kernel_of(self, calendar: Calendar) -> SpreadKernel:
        """Return what has the questions of a calendar's kernel, and has the workers answer them."""
        return SpreadKernel(self, calendar)

    def empty(self, rows: int, dtype: Any = np.int64) -> NDArray[Any]:
        """Return an array, not filled, in memory that the workers share."""
        with self._lock:
            self._open()
            return self._crew.empty(rows, dtype)

    def array(self, values: Any) -> Ints:
        """Return a copy of a column in memory that the workers share."""
        column = np.asarray(values)
        copied = self.empty(len(column), column.dtype)
        copied[:] = column
        return copied

    def _open(self) -> None:
        if self._closed:
            raise WorkersGone("the workers are closed", where="workers", remedy="Make new ones: Workers()")

    def _ask(self, calendar: Calendar, task: Task, dtype: Any) -> Any:
        """Have the workers do a task, and return its `out`, which is made where it is None."""
        with self._lock:
            self._open()
            rows, room = len(task.columns[0]), task.out
            if room is None:
                room = self._crew.empty(rows, dtype)
            elif not self._crew.is_shared(room):
                room = self._kept("out", rows)
            shared = tuple(self._shared(column, place) for place, column in enumerate(task.columns))
            refusal = self._crew.ask(self._token(calendar), task._replace(columns=shared, out=room))
            if refusal is not None:
                raise _of_the_whole(*refusal) from None
            if task.out is None:
                return room
            if room is not task.out:
                np.copyto(task.out, room)
            return task.out

    def _token(self, calendar: Calendar) -> Any:
        """Return that by which the workers know a calendar."""
        timeline = calendar.timeline
        if timeline not in self._known:
            while len(self._known) >= _CALENDARS:
                self._known.popitem(last=False)
            self._known[timeline] = self._crew.learn(calendar, self._known.values())
        self._known.move_to_end(timeline)
        return self._known[timeline]

    def _shared(self, column: Any, place: int) -> Any:
        if isinstance(column, int) or self._crew.is_shared(column):
            return column
        copy = self._kept(place, len(column))
        np.copyto(copy, column)
        return copy

    def _kept(self, what: int | str, rows: int) -> Ints:
        """Return shared memory for a column that lies in memory of its own, the same for the next such column."""
        if what not in self._copies or len(self._copies[what]) < rows:
            self._copies[what] = self._crew.empty(rows, np.int64)
        return self._copies[what][:rows]


class SpreadKernel:
    """
    The questions of a `Kernel`, answered by workers: the same answers, and the same errors, for the same rows.

    Columns for which that does not pay are answered in this process. Answers for which no room is given are in memory
    that the workers share.
    """

    def __init__(self, workers: Workers, calendar: Calendar) -> None:
        self.calendar = calendar
        self._workers = workers

    def add(self, starts: Ints, amounts: Ints | int, *, out: Ints | None = None, never: Never = "raise") -> Ints:
        """Return when each amount of open time after each start is over; a negative amount subtracts."""
        return self._answered(_add, (starts, amounts), out=out, never=never)  # type: ignore[no-any-return]

    def subtract(self, ends: Ints, amounts: Ints | int, *, out: Ints | None = None, never: Never = "raise") -> Ints:
        """Return when each amount of open time before each end begins; a negative amount adds."""
        return self._answered(_subtract, (ends, amounts), out=out, never=never)  # type: ignore[no-any-return]

    def elapsed(self, starts: Ints, ends: Ints, *, out: Ints | None = None) -> Ints:
        """Return the open time from each start to each end, signed."""
        return self._answered(_elapsed, (starts, ends), out=out)  # type: ignore[no-any-return]

    def is_open(self, instants: Ints) -> Bools:
        """Return for each instant whether the calendar is open; of no value it is False."""
        return self._answered(_is_open, (instants,), dtype=np.bool_)  # type: ignore[no-any-return]

    def next_opening(self, instants: Ints, *, never: Never = "raise") -> Ints:
        """Return the first opening at or after each instant."""
        return self._answered(_next_opening, (instants,), never=never)  # type: ignore[no-any-return]

    def business_days_between(self, starts: Ints, ends: Ints) -> Ints:
        """Return how many business dates follow each rolled start's, up to and with each end's."""
        return self._answered(_business_days_between, (starts, ends))  # type: ignore[no-any-return]

    def due(self, starts: Ints, amount: AmountInput, *, never: Never = "raise") -> Ints:
        """Return when an amount, as `calendar.add` takes it, after each start is over: business days are one too."""
        return self._answered(_due, (starts,), amount=parse_amount(amount), never=never)  # type: ignore[no-any-return]

    def _answered(
        self,
        question: Callable[..., Any],
        columns: tuple[Any, ...],
        *,
        out: Any = None,
        dtype: Any = np.int64,
        **options: Any,
    ) -> Any:
        block = self._workers._block
        if _is_spread(columns, out, block):
            return self._workers._ask(self.calendar, Task(question, columns, options, out, block), dtype)
        self._workers._open()
        # What is wrong with the columns is the kernel's to say as well.
        return question(kernel_of(self.calendar), *columns, out=out, **options)


# The questions, as functions that a process finds by their names; `out` may be None where there is no room yet.


def _add(kernel: Kernel, starts: Ints, amounts: Ints | int, *, out: Ints | None, never: Never) -> Ints:
    return kernel.add(starts, amounts, out=out, never=never)


def _subtract(kernel: Kernel, ends: Ints, amounts: Ints | int, *, out: Ints | None, never: Never) -> Ints:
    return kernel.subtract(ends, amounts, out=out, never=never)


def _elapsed(kernel: Kernel, starts: Ints, ends: Ints, *, out: Ints | None) -> Ints:
    return kernel.elapsed(starts, ends, out=out)


def _is_open(kernel: Kernel, instants: Ints, *, out: Bools | None) -> Bools:
    return _put(kernel.is_open(instants), out)  # type: ignore[no-any-return]


def _next_opening(kernel: Kernel, instants: Ints, *, out: Ints | None, never: Never) -> Ints:
    return _put(kernel.next_opening(instants, never=never), out)  # type: ignore[no-any-return]


def _business_days_between(kernel: Kernel, starts: Ints, ends: Ints, *, out: Ints | None) -> Ints:
    return _put(kernel.business_days_between(starts, ends), out)  # type: ignore[no-any-return]


def _due(kernel: Kernel, starts: Ints, *, out: Ints | None, amount: Amount, never: Never) -> Ints:
    return _put(kernel.due(starts, amount, never=never), out)  # type: ignore[no-any-return]


def _put(found: Any, out: Any) -> Any:
    if out is None:
        return found
    out[:] = found
    return out


def _is_spread(columns: tuple[Any, ...], out: Any, block: int) -> bool:
    """Whether columns are large enough, and such that nothing is wrong with them but their values."""
    rows = len(columns[0]) if isinstance(columns[0], np.ndarray) else 0
    arrays = [column for column in columns[1:] if not isinstance(column, int)]
    if rows < _PAYS * block or not all(_fits(column, rows) for column in (columns[0], *arrays)):
        return False
    return out is None or (
        _fits(out, rows)
        and out.flags.writeable
        and not any(np.may_share_memory(out, column) for column in (columns[0], *arrays))
    )


def _fits(column: Any, rows: int) -> bool:
    return isinstance(column, np.ndarray) and column.dtype == np.int64 and column.shape == (rows,)


_ROW = re.compile(r"row (\d+)")


def _of_the_whole(first: int, error: Exception) -> Exception:
    """Return an error that counts its rows from a first one as one that counts them from the first of all."""
    if not isinstance(error, SlaError):
        return error
    moved = error.located("")
    moved.where = _ROW.sub(lambda found: f"row {first + int(found[1])}", error.where, count=1)
    return moved


class _Threads:
    """Threads that are asked all at once; each has kernels of its own, and all memory is shared."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sla_engine")

    def close(self) -> None:
        self._pool.shutdown()

    def empty(self, rows: int, dtype: Any) -> NDArray[Any]:
        return np.empty(rows, dtype)

    def is_shared(self, array: NDArray[Any]) -> bool:
        del array
        return True

    def learn(self, calendar: Calendar, kept: object) -> list[Kernel]:
        del kept
        return [Kernel(calendar) for _ in range(self._workers)]

    def ask(self, kernels: list[Kernel], task: Task) -> Refusal | None:
        rows, lock = iter(range(0, len(task.out), task.block)), threading.Lock()
        refused: list[Refusal] = []

        def taken() -> Iterator[int]:
            while True:
                with lock:
                    first = None if refused else next(rows, None)
                if first is None:
                    return
                yield first

        def work(kernel: Kernel) -> None:
            refusal = task.answered(kernel, taken())
            if refusal is not None:
                with lock:
                    refused.append(refusal)

        list(self._pool.map(work, kernels))
        return min(refused, key=lambda refusal: refusal[0], default=None)


def _default_start() -> Start | Literal["thread"]:
    has_gil: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    if not has_gil:
        return "thread"
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # pragma: no cover
