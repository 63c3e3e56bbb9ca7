"""
How two ways to answer one question are compared: in turns, in one process, and by the median of the rounds.

A round times every side once, one after the other, and gives one ratio; what disturbs the machine for longer than a
round disturbs all sides alike, and what is shorter spoils few of many rounds. The absolute times are for reference
only, and belong to the machine.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Effort:
    """How long a run may take: the number of rounds, and the shortest time of one side of a round, which is short."""

    rounds: int
    nanoseconds: int
    processes: int

    @classmethod
    def full(cls) -> Effort:
        """Take the time that a number worth quoting needs."""
        return cls(rounds=151, nanoseconds=1_000_000, processes=41)

    @classmethod
    def quick(cls) -> Effort:
        """Take just enough to see that everything works."""
        return cls(rounds=15, nanoseconds=500_000, processes=5)


@dataclass(frozen=True)
class Side:
    """One way to answer: `run` answers `questions` of them."""

    name: str
    run: Callable[[], object]
    questions: int = 1


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Summarise the values of all rounds."""
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Goal:
    """What a ratio must be; `aim` is what it should be."""

    side: Literal["at most", "at least"]
    bound: float
    aim: float | None = None

    def met_by(self, ratio: float) -> bool:
        """Whether a ratio reaches the bound."""
        return ratio <= self.bound if self.side == "at most" else ratio >= self.bound

    def __str__(self) -> str:
        return f"{self.side} {self.bound:g}" + (f" (aim {self.aim:g})" if self.aim else "")


@dataclass(frozen=True)
class Row:
    """One line of the answer: the time of `over` divided by the time of `under`, and both times."""

    what: str
    over: str
    under: str
    ratio: Spread
    nanoseconds: Mapping[str, float]
    goal: Goal | None = None
    note: str = ""

    @property
    def measured(self) -> Spread:
        """What the goal is about."""
        return self.ratio

    @property
    def reference(self) -> str:
        """Both times, as text."""
        return " / ".join(f"{self.nanoseconds[name]:,.0f} ns" for name in (self.over, self.under))

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return self.goal.met_by(self.ratio.median) if self.goal else None

    def to_data(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return {
            "what": self.what,
            "ratio": {"of": self.over, "to": self.under, **vars(self.ratio)},
            "goal": vars(self.goal) if self.goal else None,
            "met": self.met,
            "nanoseconds": dict(self.nanoseconds),
            "note": self.note,
        }


@dataclass(frozen=True)
class Size:
    """One line of the answer that is no ratio: so many mebibytes of memory, of processes of their own."""

    what: str
    mebibytes: Spread
    goal: Goal | None = None
    note: str = ""

    @property
    def measured(self) -> Spread:
        """What the goal is about."""
        return self.mebibytes

    @property
    def reference(self) -> str:
        """The unit."""
        return "MiB"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        return self.goal.met_by(self.mebibytes.median) if self.goal else None

    def to_data(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return {
            "what": self.what,
            "mebibytes": vars(self.mebibytes),
            "goal": vars(self.goal) if self.goal else None,
            "met": self.met,
            "note": self.note,
        }


@dataclass(frozen=True)
class Times:
    """The nanoseconds per question of every side, round by round."""

    rounds: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """Return the median time of one side."""
        return statistics.median(self.rounds[name])

    def fastest(self, names: Iterable[str]) -> str:
        """Return the name of the side with the smallest median."""
        return min(names, key=self.median)

    def row(self, what: str, over: str, under: str, *, goal: Goal | None = None, note: str = "") -> Row:
        """Return the row of one side's time by another's."""
        ratios = (a / b for a, b in zip(self.rounds[over], self.rounds[under], strict=True))
        absolute = {name: self.median(name) for name in (over, under)}
        return Row(what, over, under, Spread.of(ratios), absolute, goal, note)


def timed(run: Callable[[], object], passes: int) -> int:
    """Return the nanoseconds that so many passes take."""
    start = time.perf_counter_ns()
    for _ in range(passes):
        run()
    return time.perf_counter_ns() - start


@contextmanager
def without_collector() -> Iterator[None]:
    """Collect garbage first, and none inside."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def in_turns(sides: Sequence[Side], effort: Effort) -> Times:
    """Time the sides in turns; each is passed as often as it takes to be timed well."""
    gc.freeze()  # what was imported need not be looked through before every round
    passes = {}
    for side in sides:
        side.run()  # what is made once, on first use, is made now
        passes[side.name] = max(1, -(-effort.nanoseconds // max(1, min(timed(side.run, 1) for _ in range(3)))))
    rounds: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(effort.rounds):
        with without_collector():
            for side in sides:
                taken = timed(side.run, passes[side.name])
                rounds[side.name].append(taken / passes[side.name] / side.questions)
    gc.unfreeze()
    return Times(rounds)


def progress(text: str) -> None:
    """Say on the error channel what is being measured."""
    print(text, file=sys.stderr, flush=True)
