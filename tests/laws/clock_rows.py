"""
The clocks of many tickets, field by field: as single tickets tell them, as arrays do, and as frames do.

Tests get this module by the fixture `clock_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import sla_engine as sla
from sla_engine import frames
from sla_engine.facts import text_of
from sla_engine.instants import to_micros
from sla_engine.ledger import duration_text_of
from sla_engine.tickets.compliance import KINDS

FAR = 2**57
"""So late that nobody sees it."""
MICROSECOND = timedelta(microseconds=1)
Row = dict[str, Any]


def micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def latest_start(clock: sla.ClockStatus) -> int | None:
    """The instant; None also where there is not so much open time before the due one, which is an error of a clock."""
    try:
        return micros(clock.latest_start_at)
    except sla.BeyondHorizon:
        return None


def warnings_passed(clock: sla.ClockStatus) -> int:
    """How many warnings have passed."""
    return sum(one.passed for one in clock.warnings)


def of_clock(ticket: Any, clock: sla.ClockStatus) -> Row:
    """All that is told of a cycle, from the status of one ticket; amounts and instants in microseconds."""
    return {
        "ticket": ticket,
        "tier": clock.tier,
        "clock": clock.name,
        "cycle": clock.cycle,
        "phase": clock.phase,
        "verdict": clock.verdict,
        "target": clock.promise,
        "started_at": clock.started_micros,
        "ended_at": clock.ended_micros,
        "due_at": clock.due_micros,
        "breached_at": clock.breached_micros,
        "next_change_at": clock.next_change_micros,
        "latest_start_at": latest_start(clock),
        "elapsed": clock.elapsed_micros,
        "remaining": None if clock.remaining is None else clock.remaining // MICROSECOND,
        "paused": clock.paused_micros,
        "not_counted": clock.not_counted // MICROSECOND,
        "warnings_passed": warnings_passed(clock),
        "reason": clock.reason,
    }


def of_statuses(statuses: Iterable[sla.TicketStatus], attributes: Sequence[str] = ()) -> list[Row]:
    """What frames of clocks hold: a target as text, and attributes of the ticket beside each cycle."""
    return [
        {
            **of_clock(status.ticket_id, clock),
            "target": str(clock.target),
            **{name: text_of(status.attributes.get(name)) or None for name in attributes},
        }
        for status in statuses
        for clock in status
    ]


def of_table(table: frames.ClockTable, tickets: Sequence[Any]) -> list[Row]:
    """The rows of a table of clocks."""

    def told(value: Any) -> int | None:
        return None if value == frames.NULL else int(value)

    assert {len(getattr(table, name)) for name in ("ticket", "verdict", "remaining", "not_counted", "wall")} == {
        len(table)
    }
    verdict, remaining, not_counted, wall = table.verdict, table.remaining, table.not_counted, table.wall
    found: list[Row] = []
    for row in range(len(table)):
        ended, started = told(table.ended[row]), told(table.started[row])
        until = table.at if ended is None else ended
        assert wall[row] == (0 if started is None else until - started)
        found.append(
            {
                "ticket": tickets[table.ticket[row]],
                "tier": table.tiers[table.tier[row]],
                "clock": table.clocks[table.clock[row]],
                "cycle": int(table.cycle[row]),
                "phase": frames.PHASES[table.phase[row]],
                "verdict": frames.VERDICTS[verdict[row]],
                "target": table.promises[table.promise[row]],
                "started_at": started,
                "ended_at": ended,
                "due_at": told(table.due[row]),
                "breached_at": told(table.breached[row]),
                "next_change_at": told(table.next_change[row]),
                "latest_start_at": told(table.latest_start[row]),
                "elapsed": int(table.elapsed[row]),
                "remaining": told(remaining[row]),
                "paused": int(table.paused[row]),
                "not_counted": int(not_counted[row]),
                "warnings_passed": int(table.warnings_passed[row]),
                "reason": table.reasons[table.reason[row]],
            }
        )
    return found


def plain(value: Any) -> Any:
    """A value of a frame as text, number or None; instants and durations in microseconds."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return None
    if isinstance(value, timedelta):
        return value // MICROSECOND
    if isinstance(value, datetime):
        return to_micros(value)
    return value.item() if isinstance(value, np.generic) else value


def columns_of(frame: Any) -> dict[str, list[Any]]:
    """The columns of any frame as lists."""
    if isinstance(frame, pl.LazyFrame):
        collected = frame.collect()
        assert frame.collect_schema() == collected.schema
        frame = collected
    if isinstance(frame, pa.Table):
        return {name: frame[name].to_pylist() for name in frame.column_names}
    if isinstance(frame, pl.DataFrame):
        return frame.to_dict(as_series=False)
    assert list(frame.index) == list(range(len(frame)))
    return {name: _each(_of_pandas, frame[name].tolist()) for name in frame.columns}


def _each(told: Callable[[Any], Any], values: list[Any]) -> list[Any]:
    """Tell each value; text, whole numbers and None are what they are already, and are most of what there is."""
    return values if {*map(type, values)} <= _AS_THEY_ARE else [told(one) for one in values]


_AS_THEY_ARE = {str, int, bool, type(None)}


def _of_pandas(value: Any) -> Any:
    if value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.to_pytimedelta() if isinstance(value, pd.Timedelta) else value


def of_frame(frame: Any) -> list[Row]:
    """The rows of a frame."""
    columns = columns_of(frame)
    rows = zip(*(_each(plain, values) for values in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def schema(frame: Any) -> Any:
    """The names and dtypes of a frame."""
    if isinstance(frame, pl.LazyFrame):
        return list(frame.collect_schema().items())
    if isinstance(frame, pl.DataFrame):
        return list(frame.schema.items())
    if isinstance(frame, pa.Table):
        return [(one.name, one.type) for one in frame.schema]
    return [(name, frame[name].dtype) for name in frame.columns]


def of_figures(found: sla.Compliance, names: Sequence[str] = ()) -> list[Row]:
    """What frames of compliance hold, from the figures of single outcomes."""
    rows: list[Row] = []
    for figure in found.figures:
        data = figure.to_data()
        labels = {name: figure.label(name) for name in ("tier", "target", *names)}
        rows.append({**labels, **{key: data[key] for key in FIGURES}})
    return rows


FIGURES = (*KINDS, "undecided", "share", "share_text", "median", "p90")


def of_figure_frame(
    frame: Any, names: Sequence[str] = (), listed: Iterable[tuple[str, str]] = ()
) -> tuple[list[Row], int, int]:
    """The figures in a frame that count a clock or are listed, and how many clocks are outside or unattributed."""
    wanted = set() if names else {*listed}
    columns = columns_of(frame)
    assert list(columns)[: 2 + len(names)] == ["tier", "target", *names]
    found: list[Row] = []
    outside = unattributed = 0
    for values in zip(*columns.values(), strict=True):
        row: Row = {name: None if plain(value) is None else value for name, value in zip(columns, values, strict=True)}
        outside, unattributed = outside + row["outside"], unattributed + row["unattributed"]
        if sum(row[kind] for kind in KINDS) or (row["tier"], row["target"]) in wanted:
            for name in ("median", "p90"):
                row[name] = None if row[name] is None else duration_text_of(row[name])
            found.append({name: row[name] for name in ("tier", "target", *names, *FIGURES)})
    return found, outside, unattributed


def own(ticket: sla.Ticket, name: str) -> sla.Ticket:
    """A ticket by another name, with the events that name no ticket."""
    return sla.Ticket(
        id=name,
        tier=ticket.tier,
        opened_at=ticket.opened_at,
        attributes=ticket.attributes,
        events=[one for one in ticket.events if not one.ticket],
    )


def table_of(tickets: Sequence[sla.Ticket]) -> frames.EventTable:
    """Tickets as a table of events; one without events has one that nobody sees."""
    kinds: list[dict[str, Any]] = [{"kind": "note"}]
    tiers: list[str] = []
    names = sorted({name for ticket in tickets for name in ticket.attributes})
    rows: list[tuple[int, int, int]] = []
    for number, ticket in enumerate(tickets):
        for event in ticket.events:
            told = {name: value for name, value in event.to_data().items() if name not in ("at", "ticket")}
            if told not in kinds:
                kinds.append(told)
            rows.append((number, event.micros, kinds.index(told)))
        if not ticket.events:
            rows.append((number, FAR, 0))
        if ticket.tier is not None and ticket.tier not in tiers:
            tiers.append(ticket.tier)
    columns = np.array(rows, dtype=np.int64).reshape(len(rows), 3).T
    attributes: dict[str, tuple[Any, list[Any]]] = {}
    for name in names:
        given = [ticket.attributes.get(name) for ticket in tickets]
        values = [*dict.fromkeys(one for one in given if one is not None)]
        codes = [-1 if one is None else values.index(one) for one in given]
        attributes[name] = np.array(codes), values
    return frames.EventTable(
        ticket=columns[0] * 3 - 7,
        at=columns[1],
        what=columns[2],
        kinds=kinds,
        tier=np.array([-1 if one.tier is None else tiers.index(one.tier) for one in tickets], dtype=np.int64),
        tiers=tiers,
        opened=np.array([one.opened_micros for one in tickets], dtype=np.int64),
        attributes=attributes,
    )


def odd_of(status: sla.TicketStatus) -> list[tuple[str, int, str]]:
    """What was odd of events: that a clock is never due is none."""
    return [(status.ticket_id, to_micros(one.at), one.kind) for one in status.anomalies if one.kind != "never_due"]


def odd_of_table(table: frames.ClockTable, events: frames.EventTable, names: list[str]) -> list[tuple[str, int, str]]:
    """What was odd, by the rows of the events."""
    tickets = np.searchsorted(events.first, table.odd_rows, side="right") - 1
    return [
        (names[ticket], int(events.at.item(row)), str(kind))
        for ticket, row, kinds in zip(tickets.tolist(), table.odd_rows.tolist(), table.odd_kinds, strict=True)
        for kind in kinds
    ]
