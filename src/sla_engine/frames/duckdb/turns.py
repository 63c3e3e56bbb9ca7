"""
Whose turn it is to answer, of the threads of DuckDB.

DuckDB asks from all its threads, of which Python lets one run. Threads that all wait for the interpreter take it from
each other in the middle of each block of rows, and that costs more than the answers. So a thread answers as long as it
is asked again at once, and the others sleep meanwhile: what they do for DuckDB alone they do before and after.
"""

from __future__ import annotations

import sys
from functools import wraps
from threading import Lock, get_ident
from time import perf_counter_ns, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sla_engine.frames.duckdb.blocks import Answer

_AT_ONCE = 50_000
"""Nanoseconds between two blocks of one thread; what DuckDB does between them takes about 16,000."""
_NAP = 0.002
"""Seconds. Shorter ones take the interpreter from the thread that answers; longer ones are late where it has ended."""
_NAPS = 100
"""After so many a thread takes the very next turn, so that a small query waits 0.2 seconds for a large one at most."""


class Turns:
    """Which thread answers, one at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner = 0
        self._left = -_AT_ONCE

    def taken(self, answer: Answer) -> Answer:
        """Return a function that answers when it is its thread's turn."""

        @wraps(answer)  # DuckDB counts the parameters
        def asked(*columns: Any) -> Any:
            me = get_ident()
            for _ in range(_NAPS):
                is_free = self._owner == me or perf_counter_ns() - self._left > _AT_ONCE
                if is_free and self._lock.acquire(blocking=False):
                    break
                sleep(_NAP)
            else:
                self._lock.acquire()
            self._owner = me
            try:
                return answer(*columns)
            finally:
                self._left = perf_counter_ns()
                self._lock.release()

        return asked


_TURNS = Turns()


def in_turn(answer: Answer) -> Answer:
    """Return a function that one thread at a time answers with, where Python lets one run at a time."""
    one_at_a_time = getattr(sys, "_is_gil_enabled", lambda: True)()
    return _TURNS.taken(answer) if one_at_a_time else answer
