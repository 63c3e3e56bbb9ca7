"""
Worker processes: what each of them does, how they are asked, and what happens when one of them ends.

They hand out the rows among themselves by a counter that they share, so that the slowest of them holds up nobody. A
worker that ends before it has answered ends them all: nobody waits for it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from weakref import finalize

from sla_engine.calendars import Calendar
from sla_engine.errors import WorkersGone
from sla_engine.frames.kernels.kernel import Kernel
from sla_engine.frames.workers.shared import Room, Rooms, received, send

if TYPE_CHECKING:
    import mmap

    from numpy.typing import NDArray

Start: TypeAlias = Literal["fork", "forkserver", "spawn"]
Refusal: TypeAlias = tuple[int, Exception]
"""The first row of a block without an answer, and why; the error counts its rows from there."""

_PATIENCE = 5.0
"""Seconds in which a worker that is not asked anything more ends by itself."""


class Task(NamedTuple):
    """What is asked: a question of the kernel, its columns, its options, and where the answers go."""

    question: Callable[..., object]
    columns: tuple[Any, ...]
    options: Mapping[str, Any]
    out: Any
    block: int

    def answered(self, kernel: Kernel, taken: Iterator[int]) -> Refusal | None:
        """Answer for the blocks that begin at the rows taken, up to the first without an answer."""
        for first in taken:
            part = slice(first, first + self.block)
            columns = (column if isinstance(column, int) else column[part] for column in self.columns)
            try:
                self.question(kernel, *columns, out=self.out[part], **self.options)
            except Exception as error:  # noqa: BLE001  (it is raised where the question was asked)
                return first, error
        return None

    def mapped(self, change: Callable[[Any], Any]) -> Task:
        """Return the same task with its arrays changed."""
        columns = tuple(column if isinstance(column, int) else change(column) for column in self.columns)
        return self._replace(columns=columns, out=change(self.out))


class _Learn(NamedTuple):
    """A calendar and its number, and the numbers of those that are still asked about."""

    number: int
    calendar: Calendar
    kept: frozenset[int]


class _Ask(NamedTuple):
    """A task for the calendar of a number, whose arrays are places in rooms; and the rooms that are still there."""

    calendar: int
    task: Task
    rows: int
    kept: frozenset[int]


class Crew:
    """Worker processes that are asked all at once, by one thread at a time."""

    def __init__(self, workers: int, start: Start) -> None:
        context: Any = multiprocessing.get_context(start)
        self._counter = context.Value("q", 0)
        self._rooms = Rooms()
        self._calendars = 0
        self._workers: dict[Connection, Any] = {}
        self._owner = os.getpid()
        self._end = finalize(self, _end, self._workers, self._owner)
        for number in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work, args=(theirs, self._counter), name=f"sla_engine-{number}", daemon=True
            )
            process.start()
            self._workers[ours] = process
            theirs.close()

    def close(self) -> None:
        """End the workers."""
        self._end()

    def empty(self, rows: int, dtype: Any) -> NDArray[Any]:
        """Return an array in memory that the workers know."""
        return self._rooms.empty(rows, dtype, self._tell)

    def _tell(self, room: Room, handle: int | None) -> None:
        with self._talking():
            for connection in self._workers:
                send(connection, room, handle)

    def is_shared(self, array: NDArray[Any]) -> bool:
        """Whether an array lies in memory that the workers know."""
        return self._rooms.place(array) is not None

    def learn(self, calendar: Calendar, kept: Iterable[int]) -> int:
        """Make a calendar known to the workers, and forget all but those kept; return its number."""
        self._calendars += 1
        self._send(_Learn(self._calendars, calendar, frozenset(kept)))
        return self._calendars

    def ask(self, calendar: int, task: Task) -> Refusal | None:
        """Have a task done; return the first refusal, by rows. Its arrays lie in shared memory."""
        self._counter.value = 0
        self._send(_Ask(calendar, task.mapped(self._rooms.place), len(task.out), self._rooms.numbers()))
        with self._talking():
            refused = [answer for answer in self._answers() if answer is not None]
        return min(refused, key=lambda refusal: refusal[0], default=None)

    def _send(self, message: object) -> None:
        pickled = ForkingPickler.dumps(message)  # before anything is sent: it may be refused
        with self._talking():
            for connection in self._workers:
                connection.send_bytes(pickled)

    def _answers(self) -> Iterator[Refusal | None]:
        busy: dict[Any, Connection] = {}
        for ours, process in self._workers.items():
            busy |= {ours: ours, process.sentinel: ours}
        while busy:
            ours = busy[wait(list(busy))[0]]
            if not ours.poll():
                raise EOFError
            answer: Refusal | None = ours.recv()
            del busy[ours], busy[self._workers[ours].sentinel]
            yield answer

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Talk to the workers; where that is broken off, end them, because nobody knows what they would say next."""
        if not self._end.alive or os.getpid() != self._owner:
            raise WorkersGone(
                "the workers are closed" if os.getpid() == self._owner else "the workers are those of another process",
                where="workers",
                remedy="Make new ones: Workers()",
            )
        try:
            yield
        except (EOFError, OSError):
            how = _how_ended(self._workers.values())
            _kill(self._workers.values())
            self._end()
            raise WorkersGone(
                f"a worker process ended before it answered ({how})",
                where="workers",
                value=how,
                remedy="Look at what it wrote on the error channel, and make new workers; a script that makes them "
                'does so under `if __name__ == "__main__":`, and SIGKILL often means that memory ran out',
            ) from None
        except BaseException:
            _kill(self._workers.values())
            self._end()
            raise


def _how_ended(processes: Iterable[Any]) -> str:
    processes = list(processes)
    wait([process.sentinel for process in processes], _PATIENCE)
    codes = [process.exitcode for process in processes if process.exitcode is not None]
    return ", ".join(signal.Signals(-code).name if code < 0 else f"exit code {code}" for code in codes) or "no reason"


def _kill(processes: Iterable[Any]) -> None:
    for process in processes:
        process.kill()


def _end(workers: dict[Connection, Any], owner: int) -> None:
    """End the workers: by a word, and where that does not help, by force."""
    if os.getpid() != owner:
        return  # a copy of the process that owns them
    for connection in workers:
        with suppress(OSError):
            connection.send(None)
        connection.close()
    for process in workers.values():
        process.join(_PATIENCE)
        process.kill()
        process.join()
        process.close()
    workers.clear()


# --- in the worker ---------------------------------------------------------------------------------------------------


def _work(connection: Connection, counter: Any) -> None:
    """Do what is asked until there is nobody who asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asks decides what becomes of it
    rooms: dict[int, mmap.mmap] = {}
    kernels: dict[int, Kernel] = {}
    with suppress(EOFError, OSError):
        while (message := connection.recv()) is not None:
            if isinstance(message, Room):
                rooms[message.number] = received(message, connection)
            elif isinstance(message, _Learn):
                kernels = {number: kernel for number, kernel in kernels.items() if number in message.kept}
                kernels[message.number] = Kernel(message.calendar)
            else:
                rooms = {number: memory for number, memory in rooms.items() if number in message.kept}
                connection.send(_answer(message, kernels[message.calendar], rooms, counter))


def _answer(ask: _Ask, kernel: Kernel, rooms: Mapping[int, mmap.mmap], counter: Any) -> Refusal | None:
    task = ask.task.mapped(lambda place: place.array(rooms[place.room]))
    refusal = task.answered(kernel, _taken(counter, ask.rows, task.block))
    if refusal is not None:
        with counter.get_lock():
            counter.value = ask.rows  # the blocks before are taken already, and no other matters
    return refusal


def _taken(counter: Any, rows: int, block: int) -> Iterator[int]:
    while True:
        with counter.get_lock():
            first = counter.value
            counter.value = first + block
        if first >= rows:
            return
        yield first
