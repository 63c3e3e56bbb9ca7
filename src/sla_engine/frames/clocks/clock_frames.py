"""
Clocks as a data frame: a row for each ticket, clock and cycle, of the kind that the log was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sla_engine.frames import tables
from sla_engine.frames.clocks.clock_table import PHASES, VERDICTS, ClockTable
from sla_engine.frames.numbers import np
from sla_engine.policies import Policy

if TYPE_CHECKING:
    from sla_engine.frames.clocks.logs import Log

_INSTANTS = ("started", "ended", "due", "breached", "next_change", "latest_start")
_DURATIONS = ("elapsed", "remaining", "paused", "not_counted")

COLUMNS = (
    *("ticket", "tier", "clock", "cycle", "phase", "verdict", "target"),
    *(f"{name}_at" for name in _INSTANTS),
    *_DURATIONS,
    *("warnings_passed", "reason"),
)
"""What is told of each clock; attributes stand beside it."""


def frame_of(log: Log, table: ClockTable, at: int) -> Any:
    """Return the rows as a frame; its dtypes depend on the policy, and not on what is in the log."""
    frame = log.frame
    firsts = log.first[:-1] if log.order is None else log.order[log.first[:-1]]
    tiers, clocks, targets = _categories(log.policies.policies)

    def texts(codes: Any, values: Sequence[str], categories: Sequence[str]) -> Any:
        to = np.array([*(categories.index(text) for text in values), -1], dtype=np.int64)
        return tables.texts(frame, to[np.asarray(codes, dtype=np.int64)], categories)

    amounts = [str(promise.amount) for promise in table.promises]
    columns: dict[str, Any] = {
        "ticket": tables.taken(log.ticket_column, firsts[table.ticket]),
        "tier": texts(table.tier, table.tiers, tiers),
        "clock": texts(table.clock, table.clocks, clocks),
        "cycle": tables.integers(frame, table.cycle.astype(np.int64)),
        "phase": texts(table.phase, PHASES, PHASES),
        "verdict": texts(table.verdict, VERDICTS, VERDICTS),
        "target": texts(table.promise, amounts, targets),
    }
    for name in _INSTANTS:
        columns[f"{name}_at"] = tables.instants(frame, getattr(table, name), log.zone)
    for name in _DURATIONS:
        columns[name] = tables.durations(frame, getattr(table, name))
    columns["warnings_passed"] = tables.integers(frame, table.warnings_passed.astype(np.int64))
    columns["reason"] = tables.strings(frame, table.reason.astype(np.int64), table.reasons)
    for name in log.kept:
        values = log.attribute(name, at)
        columns[name] = tables.strings(frame, values.codes[table.ticket], values.texts)
    return tables.like(frame, columns)


def _categories(policies: Iterable[Policy]) -> tuple[list[str], list[str], list[str]]:
    """Return the names of all tiers and clocks that policies may speak of, and their targets."""
    tiers: dict[str, None] = {}
    clocks: dict[str, None] = {}
    targets: dict[str, None] = {}
    for one in (one for policy in policies for one in (policy, *policy.effective_versions())):
        for tier in one.tiers:
            tiers[tier.name] = None
            clocks |= dict.fromkeys(clock.name for clock in one._plan.tiers[tier.name].clocks)
            targets |= dict.fromkeys(str(target.within) for target in tier.targets)
        for rule in one.rules:
            targets |= dict.fromkeys(str(amount) for _, amount in rule.targets if amount is not None)
    return list(tiers), list(clocks), list(targets)
