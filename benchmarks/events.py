"""
What the clocks of two million tickets cost from ten million sorted events, against one group-by of the same rows.

Polars takes the number of its threads when it is imported, so the two are measured in a process of their own, in which
it has one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

import sla_engine as sla
from benchmarks.measuring import Effort, Goal, Row, Side, Times, in_turns
from sla_engine import frames
from sla_engine.instants import to_micros

TICKETS = 2_000_000
OPENED = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)]
AT = OPENED[1]
KINDS: list[Any] = [
    "open",
    {"kind": "pause", "reason": "customer"},
    {"kind": "resume", "reason": "customer"},
    {"kind": "hand_off", "to": "second_level"},
    "respond",
    {"kind": "hand_off", "to": "legal"},
]
SOME = 300
"""So many tickets are evaluated one by one too, and must come to the same."""
_ENGINE, _PAUSED, _GROUPED = "events", "events, pauses counted", "group_by"


def against_a_group_by(effort: Effort) -> list[Row]:
    """
    Compare the whole status of all tickets under the shipped policy with a sum by ticket.

    Each ticket has five events: it is opened, paused, resumed, handed on to the second level or to the legal team, and
    answered. The shipped policy names no pauses; the second row is of the same policy with pauses that count.
    """
    rounds = max(effort.rounds // 25, 3)
    done = subprocess.run(  # noqa: S603  (itself)
        [sys.executable, "-m", "benchmarks.events", str(rounds)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )
    times = Times(json.loads(done.stdout))
    note = f"{5 * TICKETS:,} sorted events of {TICKETS:,} tickets, each on one thread; nanoseconds an event"
    return [
        times.row(
            "every field of all clocks, from events : Polars group_by(ticket).agg(sum)",
            _ENGINE,
            _GROUPED,
            goal=Goal("at most", 2, aim=1),
            note=note,
        ),
        times.row("the same with pauses that count : Polars group_by(ticket).agg(sum)", _PAUSED, _GROUPED),
    ]


def sorted_events(tickets: int) -> dict[str, Any]:
    """Return the columns of the events of some tickets."""
    random = np.random.default_rng(20260302)
    at = np.empty((tickets, 5), dtype=np.int64)
    at[:, 0] = random.integers(to_micros(OPENED[0]), to_micros(OPENED[1]), tickets)
    at[:, 1:] = random.integers(60_000_000, 30 * 3_600_000_000, (tickets, 4))
    np.cumsum(at, axis=1, out=at)
    what = np.tile(np.arange(5), (tickets, 1))
    what[:, 3] = np.where(random.random(tickets) < 1 / 3, 5, 3)
    return {"ticket": np.repeat(np.arange(tickets), 5), "at": at.ravel(), "what": what.ravel()}


def clocks_of(columns: dict[str, Any], policy: sla.Policy | None = None) -> frames.ClockTable:
    """Return the clocks of some events, under the shipped policy unless another is given."""
    table = frames.EventTable(**columns, kinds=KINDS, tier="first_level")
    return table.evaluate(policy or sla.maxony_policy(), at=AT)


def _measure(rounds: int) -> Times:
    import polars as pl  # noqa: PLC0415  (in a process that says first how many threads it has)

    assert pl.thread_pool_size() == 1
    columns = sorted_events(TICKETS)
    rows = pl.DataFrame({"ticket": pl.Series(columns["ticket"]), "at": pl.Series(columns["at"])})
    policy = sla.maxony_policy()
    data = policy.to_data()
    data["clocks"] = {"response": {**data["clocks"]["response"], "pause": [{"paused": True}]}}
    paused = sla.Policy.from_data(data)

    def all_clocks(policy: sla.Policy) -> object:
        table = clocks_of(columns, policy)
        return table, table.verdict, table.remaining, table.wall, table.not_counted

    for one in (policy, paused):
        _check(one, columns)
    return in_turns(
        [
            Side(_ENGINE, lambda: all_clocks(policy), 5 * TICKETS),
            Side(_PAUSED, lambda: all_clocks(paused), 5 * TICKETS),
            Side(_GROUPED, lambda: rows.group_by("ticket").agg(pl.col("at").sum()), 5 * TICKETS),
        ],
        Effort(rounds, 1, 1),
    )


def _check(policy: sla.Policy, columns: dict[str, Any]) -> None:
    """Compare the clocks of some tickets with those of the engine of single tickets."""
    some = {name: column[: 5 * SOME] for name, column in columns.items()}
    table = clocks_of(some, policy)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = []
    for ticket in range(SOME):
        own = slice(5 * ticket, 5 * ticket + 5)
        events = [
            sla.Event(at=epoch + timedelta(microseconds=at), **({"kind": kind} if isinstance(kind, str) else kind))
            for at, kind in zip(
                some["at"][own].tolist(), (KINDS[one] for one in some["what"][own].tolist()), strict=True
            )
        ]
        given = sla.Ticket(id=str(ticket), tier="first_level", opened_at=events[0].at, events=events)
        if given.opened_at <= AT:
            expected += [(ticket, clock) for clock in policy.evaluate(given, at=AT).clocks]
    assert len(table) == len(expected)
    names = ("started", "ended", "due", "breached", "next_change", "elapsed", "paused", "needed")
    for row, (ticket, clock) in enumerate(expected):
        assert table.ticket[row] == ticket
        assert frames.PHASES[table.phase[row]] == clock.phase
        assert frames.VERDICTS[table.verdict[row]] == clock.verdict
        for name in names:
            value = getattr(clock, f"{name}_micros")
            assert getattr(table, name)[row] == (frames.NULL if value is None else value)


if __name__ == "__main__":
    json.dump(_measure(int(sys.argv[1])).rounds, sys.stdout)
