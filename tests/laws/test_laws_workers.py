"""Workers answer as the kernel does by itself: the same rows, nulls and errors; and nobody waits for one that ended."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Calendar, SlaError, business_days
from sla_engine.errors import WorkersGone
from sla_engine.frames.kernels.kernel import NULL, Kernel, kernel_of
from sla_engine.frames.series import due
from sla_engine.frames.workers import SpreadKernel, Workers, crew
from sla_engine.frames.workers.crew import Start, Task
from sla_engine.frames.workers.pool import _CALENDARS, _default_start
from sla_engine.instants import DAY, to_micros
from sla_engine.testing.strategies import calendars_and_instants

HOUR = 3_600_000_000
FIRST, LAST = (to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (2015, 2025))
STARTS: list[Any] = [start for start in (*get_args(Start), "thread") if start in (*get_all_start_methods(), "thread")]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the tests have threads, and fork


def office(**more: Any) -> Calendar:
    return sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": ["09:00-13:00", "14:00-18:00"]}, **more)


def column(values: list[int]) -> Any:
    return np.array(values, dtype=np.int64)


@pytest.fixture(scope="module")
def started() -> Iterator[Callable[[Any], Workers]]:
    """Workers by how they start, started once; they spread columns of a few rows."""
    found: dict[str, Workers] = {}

    def of(start: Any) -> Workers:
        if start not in found:
            found[start] = Workers(2, start=start)
            found[start]._block = 2
        return found[start]

    yield of
    for workers in found.values():
        workers.close()


def told(ask: Callable[[], Any]) -> Any:
    """The answers, or the error with its row."""
    try:
        found = ask()
    except SlaError as error:
        return type(error), error.where, str(error)
    return found.dtype, found.tolist()


amounts = st.one_of(
    st.sampled_from([0, 1, -1, HOUR, -HOUR, 8 * HOUR, NULL]),
    st.integers(-100 * HOUR, 100 * HOUR),
    st.integers(-3 * 366 * DAY, 3 * 366 * DAY),
)


def alike(spread: SpreadKernel, starts: Any, given_: Any, one: int) -> None:
    kernel, calendar = Kernel(spread.calendar), spread.calendar
    ends = starts[::-1]
    asks: list[tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = [
        (kernel.add, spread.add, (starts, given_)),
        (kernel.subtract, spread.subtract, (starts, given_)),
        (kernel.add, spread.add, (starts, one)),
        (partial(kernel.add, never="null"), partial(spread.add, never="null"), (starts, given_)),
        (partial(kernel.subtract, never="null"), partial(spread.subtract, never="null"), (starts, given_)),
        (kernel.elapsed, spread.elapsed, (starts, ends)),
        (kernel.is_open, spread.is_open, (starts,)),
        (kernel.next_opening, spread.next_opening, (starts,)),
        (partial(kernel.next_opening, never="null"), partial(spread.next_opening, never="null"), (starts,)),
        (kernel.business_days_between, spread.business_days_between, (starts, ends)),
        (lambda at: due(at, business_days(3), calendar), partial(spread.due, amount="3 business days"), (starts,)),
        (partial(kernel.add, amounts=HOUR), partial(spread.due, amount="1h"), (starts,)),
    ]
    for plain, by_workers, columns in asks:
        assert told(partial(by_workers, *columns)) == told(partial(plain, *columns))


@pytest.mark.parametrize("start", STARTS)
def test_workers_answer_as_the_kernel_does(
    start: Any, started: Callable[[Any], Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = started(start)
    asked: list[object] = []
    ask: Callable[..., Any] = workers._crew.ask

    def counted(known: Any, task: Task) -> Any:
        asked.append(task)
        return ask(known, task)

    monkeypatch.setattr(workers._crew, "ask", counted)

    @given(
        calendars_and_instants(9, horizon=2),
        st.lists(amounts, min_size=9, max_size=9),
        st.sets(st.integers(0, 8)),
        st.booleans(),
    )
    @settings(max_examples=12)
    def law(case: tuple[Calendar, list[datetime]], given_: list[int], nulls: set[int], shared: bool) -> None:
        calendar, moments = case
        starts = column([NULL if row in nulls else to_micros(at) for row, at in enumerate(moments)])
        kept = starts.copy()
        given_column = column(given_)
        if shared:
            starts, given_column = workers.array(starts), workers.array(given_column)
        one = given_[0] if given_[0] != NULL else HOUR
        alike(workers.kernel_of(calendar), starts, given_column, one)
        assert starts.tolist() == kept.tolist()
        assert given_column.tolist() == given_

    law()
    assert asked  # by the workers, and not in this process


@pytest.mark.parametrize("start", STARTS)
def test_many_rows_in_any_memory(start: Any) -> None:
    random = np.random.default_rng(7)
    rows = 300_001
    starts, given_ = random.integers(FIRST, LAST, rows), random.integers(-8 * HOUR, 40 * HOUR, rows)
    starts[::31], given_[::17], given_[::5] = NULL, NULL, 0
    calendar = office(holidays=sla.Holidays(country="IT"))
    wanted = kernel_of(calendar).add(starts, given_)
    with Workers(2, start=start) as workers:
        spread = workers.kernel_of(calendar)
        assert (spread.add(starts, given_) == wanted).all()
        room = np.zeros_like(starts)
        assert spread.add(starts, given_, out=room) is room
        assert (room == wanted).all()
        here, amounts_, there = workers.array(starts), workers.array(given_), workers.empty(rows)
        assert spread.add(here, amounts_, out=there) is there
        assert (there == wanted).all()
        # Views: backwards, every second, a part.
        assert (spread.add(here[::-1], amounts_[::-1], out=there[::-1]) == wanted[::-1]).all()
        wide = workers.empty(2 * rows)
        wide[:] = 0
        spread.add(here, amounts_, out=wide[1::2])
        assert (wide[1::2] == wanted).all()
        assert not wide[::2].any()
        assert (spread.add(here[7:], amounts_[7:]) == wanted[7:]).all()
        elapsed = workers.kernel_of(calendar).elapsed(here, there)
        assert (elapsed == kernel_of(calendar).elapsed(starts, wanted)).all()
        assert (spread.is_open(here) == kernel_of(calendar).is_open(starts)).all()
    assert (there == wanted).all()  # what was shared stays


@pytest.mark.parametrize("start", STARTS)
def test_the_error_is_that_of_the_first_row(start: Any, started: Callable[[Any], Workers]) -> None:
    day = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=[day])
    starts = column([to_micros(day[0])] * 1000)
    given_ = column([HOUR] * 1000)
    given_[[333, 334, 700, 999]] = [30 * HOUR, 31 * HOUR, 32 * HOUR, 33 * HOUR]
    spread = started(start).kernel_of(calendar)
    with pytest.raises(sla.NeverDue) as caught:
        spread.add(starts, given_)
    assert caught.value.where == "row 333"
    assert caught.value.calendar == calendar
    with pytest.raises(sla.NeverDue) as wanted:
        Kernel(calendar).add(starts, given_)
    assert str(caught.value) == str(wanted.value)
    # And they answer the next question.
    assert spread.add(starts[:333], given_[:333]).tolist() == [to_micros(day[0]) + HOUR] * 333


@pytest.mark.parametrize("start", ["forkserver", "thread"])
def test_what_is_wrong_with_columns_is_told_as_by_the_kernel(start: Any, started: Callable[[Any], Workers]) -> None:
    kernel, spread = kernel_of(office()), started(start).kernel_of(office())
    many = column([to_micros(datetime(2026, 3, 2, tzinfo=UTC))] * 10)
    fixed = np.zeros(10, dtype=np.int64)
    fixed.flags.writeable = False
    wrong: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("add", (many.astype(float), 4), {}),
        ("add", (many.reshape(2, 5), 4), {}),
        ("add", (many, many[:9]), {}),
        ("add", (many, many.astype(np.int32)), {}),
        ("elapsed", (many, many[1:]), {}),
        ("add", (many, 4), {"out": many}),
        ("add", (many, 4), {"out": np.empty(9, dtype=np.int64)}),
        ("subtract", (many, 4), {"out": np.empty(10)}),
        ("add", (many, 4), {"never": "perhaps"}),
        ("is_open", (many.astype(str),), {}),
    ]
    for question, columns, options in wrong:
        error = told(partial(getattr(spread, question), *columns, **options))
        assert error == told(partial(getattr(kernel, question), *columns, **options))
        assert issubclass(error[0], sla.InvalidInstant)
    with pytest.raises(ValueError, match="read-only"):
        spread.add(many, 4, out=fixed)


def test_no_rows(started: Callable[[Any], Workers]) -> None:
    workers = started("forkserver")
    for none in (column([]), workers.array(column([])), workers.empty(0)):
        alike(workers.kernel_of(office()), none, none, 4)
    assert workers.empty(0).tolist() == []
    assert workers.empty(3, bool).dtype == np.bool_


def test_how_workers_are_made() -> None:
    with pytest.raises(sla.InvalidAmount, match="0 workers"):
        Workers(0)
    with pytest.raises(sla.InvalidAmount, match="'magic'") as caught:
        Workers(1, start="magic")  # type: ignore[arg-type]
    assert "spawn" in caught.value.remedy
    with Workers(start="thread") as workers:
        assert 1 <= workers.count <= (os.cpu_count() or 1)


def test_threads_are_the_default_where_python_has_no_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True, raising=False)
    assert _default_start() in ("forkserver", "spawn")
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert _default_start() == "thread"


@pytest.mark.parametrize("start", STARTS)
def test_closed_workers_answer_nothing(start: Any) -> None:
    workers = Workers(1, start=start)
    kept = workers.array([1, 2, 3])
    spread = workers.kernel_of(office())
    workers.close()
    workers.close()
    for ask in (lambda: spread.add(kept, 4), lambda: spread.due(kept, "1h"), lambda: workers.empty(1)):
        with pytest.raises(WorkersGone, match="closed") as caught:
            ask()
        assert caught.value.remedy
    with pytest.raises(WorkersGone, match="closed"):
        spread.add(np.zeros(300_000, dtype=np.int64), 4)
    assert kept.tolist() == [1, 2, 3]


def processes(workers: Workers) -> list[Any]:
    assert isinstance(workers._crew, crew.Crew)
    return list(workers._crew._workers.values())


@pytest.mark.parametrize("start", [start for start in STARTS if start != "thread"])
def test_a_worker_that_is_killed_is_not_waited_for(start: Any) -> None:
    with Workers(2, start=start) as workers:
        workers._block = 2
        spread = workers.kernel_of(office())
        at = workers.array([to_micros(datetime(2026, 3, 2, tzinfo=UTC))] * 10)
        spread.add(at, 4)
        killed, other = (process.pid for process in processes(workers))
        os.kill(killed, signal.SIGKILL)
        with pytest.raises(WorkersGone, match="SIGKILL") as caught:
            spread.add(at, 4)
        assert caught.value.remedy
        assert other not in [child.pid for child in multiprocessing.active_children()]
        with pytest.raises(WorkersGone, match="closed"):
            spread.add(at, 4)
        with pytest.raises(WorkersGone, match="closed"):
            workers.empty(3)


def _dying(counter: Any, rows: int, block: int) -> Iterator[int]:
    del rows, block
    counter.get_lock().acquire()
    os.kill(os.getpid(), signal.SIGKILL)
    yield 0


@pytest.mark.skipif("fork" not in STARTS, reason="what dies is put into the workers by a fork")
def test_a_worker_that_is_killed_while_the_others_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_taken", _dying)
    with Workers(2, start="fork") as workers:
        workers._block = 2
        with pytest.raises(WorkersGone, match="SIGKILL"):
            workers.kernel_of(office()).add(column([0] * 10), 4)


def test_a_question_broken_off_ends_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> list[Any]:
        raise KeyboardInterrupt

    with Workers(2) as workers:
        workers._block = 2
        spread = workers.kernel_of(office())
        monkeypatch.setattr(crew, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            spread.add(column([0] * 10), 4)
        monkeypatch.undo()
        # Their answers to the question before are nobody's.
        with pytest.raises(WorkersGone, match="closed"):
            spread.add(column([0] * 10), 4)


def test_what_cannot_be_sent_is_refused_and_leaves_the_workers_as_they_are(started: Callable[[Any], Workers]) -> None:
    workers = started("forkserver")
    at = column([0] * 10)
    task = Task(lambda *_, **__: None, (at,), {}, None, 2)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        workers._ask(office(), task, np.int64)
    alike(workers.kernel_of(office()), at, at, 4)


def _refused(workers: Workers) -> None:
    with pytest.raises(WorkersGone, match="another process"):
        workers.empty(3)
    workers.close()
    os._exit(17)


@pytest.mark.skipif("fork" not in STARTS, reason="only a fork has the workers of another process")
def test_workers_belong_to_the_process_that_made_them(started: Callable[[Any], Workers]) -> None:
    workers = started("forkserver")
    child: Any = multiprocessing.get_context("fork").Process(target=_refused, args=(workers,))
    child.start()
    child.join()
    assert child.exitcode == 17
    alike(workers.kernel_of(office()), column([0] * 10), column([1] * 10), 4)


def test_more_calendars_than_are_kept(started: Callable[[Any], Workers]) -> None:
    workers = started("forkserver")
    hours = [f"0{number % 10}:00-1{number // 10}:30" for number in range(_CALENDARS + 3)]
    calendars = [sla.BusinessCalendar(zone="UTC", hours={"mon-fri": text}) for text in hours]
    at = column([to_micros(datetime(2026, 3, 2, tzinfo=UTC)) + row * HOUR for row in range(10)])
    for calendar in (*calendars, *calendars[:2], calendars[-1]):
        wanted = [calendar.timeline.add(start, HOUR) for start in at.tolist()]
        assert workers.kernel_of(calendar).add(at, HOUR).tolist() == wanted
    assert len(workers._known) <= _CALENDARS


@pytest.mark.skipif(sys.platform != "linux", reason="it reads what is mapped in /proc")
def test_memory_is_given_back_once_its_arrays_are_gone() -> None:
    def mapped(process: Any) -> int:
        return Path(f"/proc/{process.pid}/maps").read_text().count("memfd:sla_engine")

    with Workers(2) as workers:
        workers._block = 2
        kept = [workers.array([to_micros(datetime(2026, 3, 2, tzinfo=UTC))] * 10) for _ in range(20)]
        spread = workers.kernel_of(office())
        out = workers.empty(10)
        spread.add(kept[0], 4, out=out)
        assert [mapped(process) for process in processes(workers)] == [21, 21]
        view = kept[3][2:]
        del kept[1:]
        spread.add(kept[0], 4, out=out)
        assert [mapped(process) for process in processes(workers)] == [3, 3]
        assert view.tolist() == kept[0][2:].tolist()


def test_threads_that_ask_take_turns(started: Callable[[Any], Workers]) -> None:
    workers = started("forkserver")
    wrong: list[int] = []

    def ask(number: int) -> None:
        calendar = office(name=str(number))
        at = column([to_micros(datetime(2026, 3, 2, number, tzinfo=UTC)) + row * HOUR for row in range(20)])
        for amount in range(1, 20):
            found = workers.kernel_of(calendar).add(at, amount * HOUR).tolist()
            if found != [calendar.timeline.add(start, amount * HOUR) for start in at.tolist()]:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


SCRIPT = """
import numpy as np
import sla_engine as sla
from sla_engine.frames.workers import Workers
def main():
    office = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
    workers = Workers(2, start=START)
    at = workers.array(np.zeros(300_000, dtype=np.int64))
    print(workers.kernel_of(office).add(at, 3_600_000_000)[-1])
"""
OPENING = 8 * HOUR + HOUR  # of 1970-01-01, a Thursday: 09:00 in Rome is 08:00 UTC


@pytest.mark.parametrize("start", [start for start in STARTS if start != "thread"])
def test_a_script_that_does_not_close_its_workers_leaves_nothing(start: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("START", repr(start)) + 'if __name__ == "__main__":\n    main()\n')
    run = subprocess.run([sys.executable, "-W", "error", script], capture_output=True, text=True, check=False)  # noqa: S603
    assert (run.returncode, run.stdout, run.stderr) == (0, f"{OPENING}\n", "")


def test_a_script_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("START", "'spawn'") + "main()\n")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 1
    assert "WorkersGone" in run.stderr
    assert '`if __name__ == "__main__":`' in run.stderr
