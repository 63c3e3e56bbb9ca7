"""The log of a help desk: nothing is lost, and what the clocks say is counted again by other means."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import sla_engine as sla
from sla_engine import frames

FILE = "tickets/helpdesk_it.csv.gz"
TIERS = {"Value 1": "gold", "Value 2": "silver", "Value 3": "bronze", "Value 4": "other"}
MAPPING = sla.LogMapping(
    ticket="Case ID",
    at="Complete Timestamp",
    event="Activity",
    tier="service_level",
    time_format="%Y/%m/%d %H:%M:%S.%f",
    zone="UTC",
    tiers=TIERS,
    attributes={"customer": "customer", "product": "product"},
    resumes=["Take in charge ticket", "Resolve ticket", "Closed", "Assign seriousness"],
    reopens=["Take in charge ticket", "Wait", "Require upgrade", "Create SW anomaly"],
    events={
        "Assign seriousness": "note",
        "Take in charge ticket": "respond",
        "Resolve ticket": "solve",
        "Closed": "close",
        "Wait": "pause:wait",
        "Require upgrade": "pause:upgrade",
        "Insert ticket": "open",
        "Create SW anomaly": "pause:anomaly",
        "Resolve SW anomaly": "resume:anomaly",
        "Schedule intervention": "note",
        "VERIFIED": "note",
        "RESOLVED": "solve",
        "INVALID": "cancel:invalid",
        "DUPLICATE": "cancel:duplicate",
    },
)
POLICY = sla.Policy(
    name="Helpdesk",
    zone="Europe/Rome",
    calendars={"office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}}},
    tiers={
        tier: {"calendar": "office", "targets": {"response": response, "resolution": resolution, "agent_work": "20h"}}
        for tier, response, resolution in (
            ("gold", "1h", "8h"),
            ("silver", "4h", "40h"),
            ("bronze", "8h", "80h"),
            ("other", "8h", "80h"),
        )
    },
)
AFTER = datetime(2014, 2, 1, 12, tzinfo=UTC)
INSTANTS = [datetime(2011, 6, 15, 10, 7, 31, tzinfo=UTC), datetime(2012, 10, 28, 0, 30, tzinfo=UTC), AFTER]
Row = tuple[datetime, str, str]


@pytest.fixture(scope="module")
def raw(shared: Path) -> bytes:
    return gzip.decompress((shared / FILE).read_bytes())


@pytest.fixture(scope="module")
def log(raw: bytes) -> sla.EventLog:
    return sla.read_events(raw, mapping=MAPPING)


@pytest.fixture(scope="module")
def rows(raw: bytes) -> dict[str, list[Row]]:
    """The rows of each ticket by their time, read without our help: instant, activity and tier."""
    header, *table = csv.reader(raw.decode("utf-8").splitlines())
    places = [header.index(name) for name in ("Case ID", "Complete Timestamp", "Activity", "service_level")]
    found: dict[str, list[Row]] = {}
    for cells in table:
        name, at, activity, tier = (cells[place] for place in places)
        moment = datetime.strptime(at, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
        found.setdefault(name, []).append((moment, activity, TIERS[tier]))
    return {name: sorted(of_ticket, key=lambda row: row[0]) for name, of_ticket in found.items()}


@pytest.fixture(scope="module")
def clocks(log: sla.EventLog, laws: Any) -> Any:
    return laws.ClockLaws(POLICY, log.tickets, laws.Office(ZoneInfo("Europe/Rome"), 9, 18, range(2009, 2016)))


class Desk:
    """A ticket as somebody else reads its rows: what contradicts the rest, and the cycles of its resolution."""

    def __init__(self, rows: list[Row], stretch: Any, until: datetime) -> None:
        self.odd: Counter[str] = Counter()
        self.stretch = stretch
        self.waits: set[str] = set()
        self.status = "new"
        opened = next((row for row in rows if row[1] == "Insert ticket"), rows[0])
        self.tier = opened[2]
        self.cycles = [stretch(opened[0])]
        for row in rows:
            if opened[0] <= row[0] <= until:
                self.read(*row)
            elif row[0] < opened[0]:
                self.odd["before_opening"] += 1

    @property
    def running(self) -> Any:
        """The cycle that has not ended."""
        return self.cycles[-1] if self.cycles[-1].end is None else None

    def begin(self, at: datetime) -> None:
        self.cycles.append(self.stretch(at))
        if self.waits:
            self.cycles[-1].pause(at)

    def end(self, at: datetime, phase: str) -> None:
        if self.running:
            self.running.finish(at, phase)

    def read(self, at: datetime, activity: str, tier: str) -> None:
        if tier != self.tier:
            self.tier = tier
            self.end(at, "handed_off")
            if self.status not in ("solved", "closed", "cancelled"):
                self.begin(at)
        if self.status in ("solved", "closed", "cancelled") and activity in MAPPING.reopens:
            self.status = "open"
            if not self.running:
                self.begin(at)
        if self.waits and activity in MAPPING.resumes:
            self.waits.clear()
            if self.running:
                self.running.resume(at)
        self.act(at, activity)

    def act(self, at: datetime, activity: str) -> None:
        waiting = {"Wait": "wait", "Require upgrade": "upgrade", "Create SW anomaly": "anomaly"}.get(activity)
        ending = {
            "Resolve ticket": ("solved", ("solved", "closed", "cancelled")),
            "RESOLVED": ("solved", ("solved", "closed", "cancelled")),
            "Closed": ("closed", ("closed", "cancelled")),
            "INVALID": ("cancelled", ("cancelled",)),
            "DUPLICATE": ("cancelled", ("cancelled",)),
        }.get(activity)
        if waiting in self.waits:
            self.odd["paused_already"] += 1
        elif waiting:
            self.waits.add(waiting)
            if self.running:
                self.running.pause(at)
        elif activity == "Resolve SW anomaly" and "anomaly" not in self.waits:
            self.odd["resumed_without_pause"] += 1
        elif activity == "Resolve SW anomaly":
            self.waits.remove("anomaly")
            if self.running and not self.waits:
                self.running.resume(at)
        elif ending and self.status in ending[1]:
            self.odd[f"{ending[0]}_already"] += 1
        elif ending:
            self.status = ending[0]
            self.end(at, "cancelled" if ending[0] == "cancelled" else "stopped")


def test_every_row_is_used(log: sla.EventLog, rows: dict[str, list[Row]]) -> None:
    assert (log.rows, len(log.tickets), log.problems) == (21_348, 4_580, ())
    assert [ticket.id for ticket in log.tickets] == list(rows)
    assert sum(map(len, rows.values())) == 21_348
    for ticket in log.tickets:
        of_ticket = rows[ticket.id]
        kinds = Counter(event.kind for event in ticket.events)
        activities = Counter(activity for _, activity, _ in of_ticket)
        assert kinds["respond"] == activities["Take in charge ticket"]
        assert kinds["solve"] == activities["Resolve ticket"] + activities["RESOLVED"]
        assert kinds["close"] == activities["Closed"]
        assert kinds["pause"] == activities["Wait"] + activities["Require upgrade"] + activities["Create SW anomaly"]
        assert kinds["cancel"] == activities["INVALID"] + activities["DUPLICATE"]
        assert kinds["note"] == sum(
            activities[name] for name in ("Assign seriousness", "Schedule intervention", "VERIFIED")
        )


def test_rows_in_another_order_are_the_same_tickets(raw: bytes, log: sla.EventLog, laws: Any) -> None:
    header, *table = raw.decode("utf-8").splitlines(keepends=True)
    shuffled = laws.in_another_order(table, lambda line: tuple(line.split(",")[0:4:3]), Random(7))  # noqa: S311
    found = sla.read_events([header, *shuffled], mapping=MAPPING)
    assert found.tickets != log.tickets
    assert {one.id: one for one in found.tickets} == {one.id: one for one in log.tickets}


def test_every_contradiction_is_told(log: sla.EventLog, rows: dict[str, list[Row]], laws: Any) -> None:
    total: Counter[str] = Counter()
    for status in POLICY.evaluate_all(log.tickets, at=AFTER):
        expected = Desk(rows[status.ticket_id], laws.Stretch, AFTER).odd
        found = Counter(str(one.kind) for one in status.anomalies)
        assert found == expected, status.ticket_id
        total += found
    assert set(total) == {"solved_already", "paused_already", "closed_already", "resumed_without_pause"}


@pytest.mark.parametrize("at", INSTANTS, ids=str)
class TestAllTickets:
    def test_times_add_up(self, clocks: Any, at: datetime) -> None:
        clocks.times_add_up(at)

    def test_ledgers_add_up(self, clocks: Any, at: datetime) -> None:
        clocks.ledgers_add_up(at, every=20)

    def test_resolutions_as_somebody_else_counts_them(
        self, clocks: Any, rows: dict[str, list[Row]], laws: Any, at: datetime
    ) -> None:
        cycles = {name: Desk(of_ticket, laws.Stretch, at).cycles for name, of_ticket in rows.items()}
        clocks.as_somebody_else_counts(at, "resolution", cycles)


def test_figures_reconcile(clocks: Any) -> None:
    clocks.figures_reconcile(INSTANTS[1], "customer", sla.Month(2011, 4, zone="Europe/Rome"))


def test_events_in_another_order(clocks: Any) -> None:
    clocks.order_does_not_matter(AFTER, Random(11))  # noqa: S311


@pytest.mark.parametrize("at", INSTANTS[:2], ids=str)
class TestWhileItGoesOn:
    def test_the_next_change_is_the_next(self, clocks: Any, at: datetime) -> None:
        clocks.the_next_change_is_the_next(at, every=1)

    def test_what_comes_later_is_not_seen(self, clocks: Any, at: datetime) -> None:
        clocks.what_comes_later_is_not_seen(at)


def of(log: sla.EventLog, name: str) -> dict[tuple[str, str], sla.ClockStatus]:
    ticket = next(one for one in log.tickets if one.id == name)
    return {(one.tier, one.name): one for one in POLICY.evaluate(ticket, at=AFTER)}


def test_one_ticket_that_changes_its_tier(log: sla.EventLog) -> None:
    """
    Case 1, in Rome's time (two hours ahead of UTC until 28 October 2012).

    Tue 9 Oct 16:50:17 opened, gold; 16:51:01 taken in charge; Fri 12 Oct 17:02:56 taken in charge as silver;
    Thu 25 Oct 13:54:26 resolved; closed on 9 Nov.
    """
    clocks = of(log, "Case 1")
    assert len(clocks) == 6
    response = clocks["gold", "response"]
    assert (response.elapsed, response.verdict) == (timedelta(seconds=44), "met")
    assert response.due_at == datetime(2012, 10, 9, 15, 50, 17, tzinfo=UTC)
    gold = clocks["gold", "resolution"]
    # Tue 1:09:43, Wed 9, Thu 9, Fri 8:02:56. Of eight hours, 6:50:17 are left for Wednesday: due at 15:50:17.
    assert gold.elapsed == timedelta(hours=27, minutes=12, seconds=39)
    assert gold.due_at == datetime(2012, 10, 10, 13, 50, 17, tzinfo=UTC)
    assert (gold.phase, gold.verdict) == ("handed_off", "breached")
    # The row that changes the tier is its first answer.
    assert (clocks["silver", "response"].elapsed, clocks["silver", "response"].verdict) == (timedelta(), "met")
    silver = clocks["silver", "resolution"]
    # Fri 0:57:04, five days, three days, Thu 4:54:26. Forty hours: Fri 0:57:04, Mon to Thu 36, Fri 3:02:56.
    assert silver.elapsed == timedelta(hours=77, minutes=51, seconds=30)
    assert silver.due_at == datetime(2012, 10, 19, 10, 2, 56, tzinfo=UTC)
    assert (silver.phase, silver.verdict) == ("stopped", "breached")
    # Twenty hours: Fri 0:57:04, Mon and Tue 18, Wed 1:02:56.
    assert clocks["silver", "agent_work"].due_at == datetime(2012, 10, 17, 8, 2, 56, tzinfo=UTC)


def test_one_ticket_that_waits(log: sla.EventLog) -> None:
    """
    Case 82, in Rome's time (an hour ahead of UTC).

    Thu 31 Oct 2013 15:55:24 opened, bronze; 16:04:25 taken in charge; Tue 5 Nov 15:35:43 waits;
    Tue 19 Nov 17:09:52 resolved.
    """
    clocks = of(log, "Case 82")
    response = clocks["bronze", "response"]
    # Eight hours: Thu 2:04:36, Fri 5:55:24.
    assert (response.elapsed, response.due_at) == (
        timedelta(minutes=9, seconds=1),
        datetime(2013, 11, 1, 13, 55, 24, tzinfo=UTC),
    )
    resolution = clocks["bronze", "resolution"]
    # Thu 2:04:36, Fri 9, Mon 9, Tue 6:35:43.
    assert resolution.elapsed == timedelta(hours=26, minutes=40, seconds=19)
    # Tue 2:24:17, nine days of nine hours, Tue 8:09:52.
    assert resolution.paused == timedelta(hours=91, minutes=34, seconds=9)
    # 53:19:41 of eighty hours are left: Tue 0:50:08, five days, and on Wed 27 Nov 7:29:33.
    assert resolution.due_at == datetime(2013, 11, 27, 15, 29, 33, tzinfo=UTC)
    assert (resolution.phase, resolution.verdict) == ("stopped", "met")


@pytest.fixture(scope="module")
def kinds(raw: bytes) -> dict[str, Any]:
    """The log as frames of every kind, which are read without our help."""
    read = pl.read_csv(raw, infer_schema=False)
    at = pl.col(MAPPING.at).str.to_datetime("%Y/%m/%d %H:%M:%S%.f", time_unit="us", time_zone="UTC")
    polars = read.with_columns(at)
    return {"polars": polars, "pandas": polars.to_pandas(), "arrow": polars.to_arrow()}


FIGURES: list[dict[str, Any]] = [
    {},
    {"by": ["month", "product"], "zone": "Europe/Rome"},
    {"by": ["customer"], "period": sla.Month(2011, 4, zone="Europe/Rome"), "attribute": "stopped"},
    {"by": ["day"], "zone": "Asia/Tokyo", "attribute": "opened"},
]


@pytest.mark.parametrize("at", INSTANTS, ids=str)
def test_frames_tell_what_the_tickets_tell(clocks: Any, kinds: dict[str, Any], clock_rows: Any, at: datetime) -> None:
    attributes = ["customer", "product"]
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
