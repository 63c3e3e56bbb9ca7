"""The incidents of BPI Challenge 2013: statuses and levels of 7,554 incidents, counted again by other means."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest

import sla_engine as sla
from sla_engine import frames

FILE = "tickets/volvo_incidents.csv.gz"
CET = timezone(timedelta(hours=1))  # every time of the log is written so, in summer too
STATUSES = {
    "In Progress": "open",
    "Assigned": "open",
    "Awaiting Assignment": "queued",
    "Wait": "pending",
    "Wait - User": "pending",
    "Wait - Customer": "pending",
    "Wait - Implementation": "pending",
    "Wait - Vendor": "pending",
    "In Call": "solved",  # solved while the user was on the telephone
    "Resolved": "solved",
    "Closed": "closed",
    "Cancelled": "cancelled",
}
MAPPING = sla.LogMapping(
    ticket="SR Number",
    at="Change Date+Time",
    event=None,
    status="Sub Status",
    statuses=STATUSES,
    tier="ST Level",
    tiers={"L2/L3": "L3"},
    attributes={"impact": "SR Latest Impact", "product": "Product", "country": "Country"},
)
POLICY = sla.Policy(
    name="Incidents",
    zone="GMT+1",
    calendars={"office": {"zone": "GMT+1", "hours": {"mon-fri": "08:00-17:00"}}},
    statuses=["queued"],
    clocks={
        "assignment": {"preset": "first_response", "stop": ["status:open", "solve", "close"]},
        "resolution": {"scope": "ticket", "pause": [{"status": "pending"}]},
    },
    tiers={
        level: {
            "calendar": "office",
            "targets": {"assignment": assignment, "agent_work": work, "resolution": resolution},
        }
        for level, assignment, work, resolution in (
            ("L1", "1h", "4h", "8h"),
            ("L2", "4h", "8h", "16h"),
            ("L3", "8h", "16h", "40h"),
        )
    },
    rules=[{"when": {"impact": ["High", "Major"]}, "targets": {"resolution": "4h"}}],
)
AFTER = datetime(2012, 6, 1, 12, tzinfo=CET)
INSTANTS = [datetime(2012, 4, 18, 10, 7, 31, tzinfo=CET), datetime(2012, 5, 8, 15, 0, tzinfo=CET), AFTER]
OVER = ("solved", "closed", "cancelled")
Row = tuple[datetime, str, str]


@pytest.fixture(scope="module")
def raw(shared: Path) -> bytes:
    return gzip.decompress((shared / FILE).read_bytes())


@pytest.fixture(scope="module")
def log(raw: bytes) -> sla.EventLog:
    return sla.read_events(raw, mapping=MAPPING)


@pytest.fixture(scope="module")
def rows(raw: bytes) -> dict[str, list[Row]]:
    """The rows of each incident by their time, read without our help: instant, status and level."""
    header, *table = csv.reader(raw.decode("utf-8-sig").splitlines())
    places = [header.index(name) for name in ("SR Number", "Change Date+Time", "Sub Status", "ST Level")]
    found: dict[str, list[Row]] = {}
    for cells in table:
        name, at, status, level = (cells[place] for place in places)
        found.setdefault(name, []).append(
            (datetime.fromisoformat(at), STATUSES.get(status, status), level.removeprefix("L2/"))
        )
    return {name: sorted(of_incident, key=lambda row: row[0]) for name, of_incident in found.items()}


@pytest.fixture(scope="module")
def clocks(log: sla.EventLog, laws: Any) -> Any:
    return laws.ClockLaws(POLICY, log.tickets, laws.Office(CET, 8, 17, range(2010, 2014)))


def cycles_of(rows: list[Row], stretch: Any, until: datetime) -> list[Any]:
    """The cycles of an incident's resolution, by its statuses alone: no level ends it."""
    cycles = [stretch(rows[0][0])]
    now = "new"
    for at, status, _ in rows:
        if at > until:
            break
        if status == now:
            continue
        running = cycles[-1].end is None
        if status in OVER:
            if running:
                cycles[-1].finish(at, "cancelled" if status == "cancelled" else "stopped")
        elif now in OVER:
            cycles.append(stretch(at))
            if status == "pending":
                cycles[-1].pause(at)
        elif status == "pending":
            cycles[-1].pause(at)
        else:
            cycles[-1].resume(at)
        now = status
    return cycles


def test_every_row_is_used(raw: bytes, log: sla.EventLog, rows: dict[str, list[Row]]) -> None:
    assert raw.startswith(b"\xef\xbb\xbf")
    assert (log.rows, len(log.tickets), log.problems) == (65_533, 7_554, ())
    assert sum(map(len, rows.values())) == 65_533
    assert [ticket.id for ticket in log.tickets] == list(rows)
    for ticket in log.tickets:
        of_incident = rows[ticket.id]
        assert (ticket.opened_at, ticket.tier) == (of_incident[0][0], of_incident[0][2])
        statuses = [status for _, status, _ in of_incident]
        levels = [level for _, _, level in of_incident]
        changes = [new for old, new in pairwise(["new", *statuses]) if new != old]
        moves = [new for old, new in pairwise(levels) if new != old]
        assert [event.to for event in ticket.events if event.kind == "status"] == changes  # type: ignore[attr-defined]
        assert [event.to for event in ticket.events if event.kind == "hand_off"] == moves  # type: ignore[attr-defined]


def test_rows_in_another_order_are_the_same_incidents(raw: bytes, log: sla.EventLog, laws: Any) -> None:
    header, *table = raw.decode("utf-8").splitlines(keepends=True)
    shuffled = laws.in_another_order(table, lambda line: tuple(line.split(",", 2)[:2]), Random(7))  # noqa: S311
    found = sla.read_events([header, *shuffled], mapping=MAPPING)
    assert found.tickets != log.tickets
    assert {one.id: one for one in found.tickets} == {one.id: one for one in log.tickets}


def test_every_contradiction_is_told(log: sla.EventLog, rows: dict[str, list[Row]]) -> None:
    """A status that nobody has told the policy of is all that there can be; no row says what was so already."""
    total = 0
    for status in POLICY.evaluate_all(log.tickets, at=AFTER):
        statuses = [one for _, one, _ in rows[status.ticket_id]]
        unmatched = [new for old, new in pairwise(["new", *statuses]) if old != new == "Unmatched"]
        assert Counter(str(one.kind) for one in status.anomalies) == Counter({"unknown_status": len(unmatched)})
        total += len(unmatched)
    assert 0 < total <= 5  # the rows of that status


@pytest.mark.parametrize("at", INSTANTS, ids=str)
class TestAllIncidents:
    def test_times_add_up(self, clocks: Any, at: datetime) -> None:
        clocks.times_add_up(at)

    def test_ledgers_add_up(self, clocks: Any, at: datetime) -> None:
        clocks.ledgers_add_up(at, every=40)

    def test_resolutions_as_somebody_else_counts_them(
        self, clocks: Any, rows: dict[str, list[Row]], laws: Any, at: datetime
    ) -> None:
        cycles = {name: cycles_of(of_incident, laws.Stretch, at) for name, of_incident in rows.items()}
        clocks.as_somebody_else_counts(at, "resolution", cycles)


def test_while_it_goes_on(clocks: Any) -> None:
    clocks.the_next_change_is_the_next(INSTANTS[1], every=4)


def test_what_comes_later_is_not_seen(clocks: Any) -> None:
    clocks.what_comes_later_is_not_seen(INSTANTS[1])


def test_figures_reconcile(clocks: Any) -> None:
    clocks.figures_reconcile(INSTANTS[1], "country", sla.Month(2012, 4, zone="GMT+1"))


def test_events_in_another_order(clocks: Any) -> None:
    clocks.order_does_not_matter(AFTER, Random(11))  # noqa: S311


def test_one_incident_that_is_reopened_and_waits(log: sla.EventLog) -> None:
    """
    Incident 1-740506511, as its times are written.

    Fri 4 May 2012 11:15:21 in progress, level 1; 11:29:02 resolved; 16:01:55 in progress again; 16:05:28 queued for
    level 2; 16:11:59 in progress; 16:25:43 waits for the user; Mon 7 May 08:30:52 resolved; 8 May closed.
    """
    incident = next(one for one in log.tickets if one.id == "1-740506511")
    status = POLICY.evaluate(incident, at=AFTER)
    found = {
        (one.name, one.tier, one.cycle): (one.phase, one.verdict, one.elapsed, one.paused)
        for one in status
        if one.phase != "waiting"
    }
    none = timedelta()
    waited = timedelta(minutes=34, seconds=17) + timedelta(minutes=30, seconds=52)  # Fri until 17:00, Mon from 08:00
    assert found == {
        ("assignment", "L1", 1): ("stopped", "met", none, none),
        ("agent_work", "L1", 1): ("stopped", "met", timedelta(minutes=13, seconds=41), none),
        ("resolution", "L1", 1): ("stopped", "met", timedelta(minutes=13, seconds=41), none),
        ("agent_work", "L1", 2): ("handed_off", "undecided", timedelta(minutes=3, seconds=33), none),
        ("assignment", "L2", 1): ("stopped", "met", timedelta(minutes=6, seconds=31), none),
        ("agent_work", "L2", 1): ("stopped", "met", timedelta(minutes=20, seconds=15), waited),
        # From 16:01:55 to 16:25:43, over both levels.
        ("resolution", "L2", 2): ("stopped", "met", timedelta(minutes=23, seconds=48), waited),
    }
    # 15:36:12 of sixteen hours are left: Mon 8:29:08, Tue 7:07:04.
    assert status["resolution"].due_at == datetime(2012, 5, 8, 15, 7, 4, tzinfo=CET)
    # 7:39:45 of eight hours are left, all on Monday.
    assert status["agent_work"].due_at == datetime(2012, 5, 7, 16, 10, 37, tzinfo=CET)
    assert (status.status, status.tier, status.anomalies) == ("closed", "L2", ())
    # While it waited, nobody could know.
    waiting = POLICY.evaluate(incident, at=datetime(2012, 5, 5, 12, tzinfo=CET))
    assert (waiting["resolution"].phase, waiting["resolution"].due_at) == ("paused", None)
    assert waiting["resolution"].remaining == timedelta(hours=15, minutes=36, seconds=12)


@pytest.fixture(scope="module")
def kinds(raw: bytes) -> dict[str, Any]:
    """The log as frames of every kind, which are read without our help."""
    read = pl.read_csv(raw, infer_schema=False)
    polars = read.with_columns(pl.col(MAPPING.at).str.to_datetime("%+", time_unit="us", time_zone="UTC"))
    return {"polars": polars, "pandas": polars.to_pandas(), "arrow": polars.to_arrow()}


FIGURES: list[dict[str, Any]] = [
    {},
    {"by": ["month", "country"], "zone": "GMT+1", "attribute": "stopped"},
    {"by": ["impact"], "period": sla.Month(2012, 4, zone="GMT+1")},
    {"by": ["week"], "zone": "Asia/Tokyo", "attribute": "opened"},
]


@pytest.mark.parametrize("at", INSTANTS, ids=str)
def test_frames_tell_what_the_incidents_tell(clocks: Any, kinds: dict[str, Any], clock_rows: Any, at: datetime) -> None:
    attributes = ["impact", "product", "country"]
    statuses = clocks.evaluated(at)
    expected = clock_rows.of_statuses(statuses, attributes)
    outcomes = statuses.outcomes()
    wholes = [sla.compliance(outcomes, **asked) for asked in FIGURES]
    for frame in kinds.values():
        found = frames.evaluate(frame, POLICY, at=at, mapping=MAPPING, attributes=attributes)
        assert clock_rows.of_frame(found) == expected
        for asked, whole in zip(FIGURES, wholes, strict=True):
            names = asked.get("by", ())
            figures, outside, unattributed = clock_rows.of_figure_frame(frames.compliance(found, **asked), names)
            assert figures == clock_rows.of_figures(whole, names)
            assert (outside, unattributed) == (len(whole.outside), len(whole.unattributed))
