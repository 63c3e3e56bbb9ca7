"""Where the answers of others are read: beside the project, never from within it."""

from __future__ import annotations

import csv
import gzip
import json
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import chain, pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

import sla_engine as sla

T = TypeVar("T")

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ABSENT = "the data beside the project (../shared/data) are absent, so nothing is compared with the answers of others"

# What one test is run for: the name of its argument, the file, and where in the file the list is.
LISTS: dict[str, tuple[str, Callable[[Any], list[Any]]]] = {
    "otrs_vector": ("vectors/otrs.json", lambda data: list(data["vectors"])),
    "zammad_case": (
        "vectors/zammad.json",
        lambda data: [{**case, "rules": data["calendars"][case["calendar"]]} for case in data["cases"]],
    ),
    "peer_case": (
        "vectors/peers.json",
        lambda data: [{**case, "suite": suite} for suite in data["suites"] for case in suite["cases"]],
    ),
    "peer_regression": ("vectors/peers.json", lambda data: list(data["issue_regressions"])),
    "peer_config": ("vectors/peers.json", lambda data: list(data["config_validation"])),
}


def _named(number: int, one: dict[str, Any]) -> str:
    return str(one.get("id") or f"{number:02}-{one['url'].removeprefix('https://').partition('/')[2]}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, (file, found) in LISTS.items():
        if name in metafunc.fixturenames:
            # Without the data there is one case, which the fixture skips with the reason that all share.
            path = DATA / file
            items = found(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []
            ids = [_named(number, one) for number, one in enumerate(items)]
            metafunc.parametrize(name, items or [None], ids=ids or ["absent"], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # Skips of one place and one reason are shown as one line; from a fixture each is of the test that asked.
    if report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2].endswith(ABSENT):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    if not DATA.is_dir():
        pytest.skip(ABSENT)
    return DATA


@pytest.fixture(scope="session")
def read_json(shared: Path) -> Callable[[str], Any]:
    return lambda name: json.loads((shared / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def read_csv(shared: Path) -> Callable[[str], list[dict[str, str]]]:
    def read(name: str) -> list[dict[str, str]]:
        with gzip.open(shared / name, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


class Office:
    """The hours of an office from Monday to Friday, written out day by day in local time: none of it is ours."""

    def __init__(self, zone: tzinfo, opening: int, closing: int, years: range) -> None:
        days = [date(years.start, 1, 1) + timedelta(days=number) for number in range(366 * len(years))]
        hours = [
            tuple(
                datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC) for hour in (opening, closing)
            )
            for day in days
            if day.weekday() < 5
        ]
        self.starts = [start for start, _ in hours]
        self.ends = [end for _, end in hours]

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        total, number = timedelta(), bisect_right(self.ends, start)
        while self.starts[number] < end:
            total += min(end, self.ends[number]) - max(start, self.starts[number])
            number += 1
        return total


@dataclass
class Stretch:
    """One cycle of a clock as somebody else found it in the rows: when it ran, and when it was paused."""

    start: datetime
    end: datetime | None = None
    phase: str = ""
    pauses: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    def pause(self, at: datetime) -> None:
        if not self.pauses or self.pauses[-1][1] is not None:
            self.pauses.append((at, None))

    def resume(self, at: datetime) -> None:
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses[-1] = (self.pauses[-1][0], at)

    def finish(self, at: datetime, phase: str) -> None:
        self.end, self.phase = at, phase
        self.resume(at)


class ClockLaws:
    """What holds of all tickets of a log at any instant."""

    def __init__(self, policy: sla.Policy, tickets: Iterable[sla.Ticket], office: Office) -> None:
        self.policy = policy
        self.tickets = list(tickets)
        self.office = office
        self.seen: dict[datetime, sla.Evaluation] = {}

    def evaluated(self, at: datetime) -> sla.Evaluation:
        if at in self.seen:
            return self.seen[at]
        found = self.policy.evaluate_all(self.tickets, at=at)
        assert found.problems == ()
        assert len(found) + len(found.not_yet_opened) == len(self.tickets)
        self.seen[at] = found
        return found

    def times_add_up(self, at: datetime) -> None:
        for status in self.evaluated(at):
            for clock in status:
                if clock.started_at is None:
                    assert (clock.phase, clock.wall, clock.elapsed) == ("waiting", timedelta(), timedelta())
                    continue
                until = clock.ended_at or at
                assert clock.wall == until - clock.started_at
                there = self.office.open_time(clock.started_at, until)
                # What was counted, and what pauses took of it, is the open time; the rest was closed.
                assert clock.elapsed + clock.paused == there, clock
                assert clock.not_counted == clock.wall - there
                assert min(clock.elapsed, clock.paused, clock.not_counted) >= timedelta()
                assert clock.remaining == timedelta(microseconds=clock.target.micros) - clock.elapsed  # type: ignore[attr-defined]

    def ledgers_add_up(self, at: datetime, *, every: int) -> None:
        ledgers = 0
        for status in list(self.evaluated(at))[::every]:
            for clock in status:
                ledger = clock.ledger()
                rows = [row for row in ledger if not row.span.is_empty]
                assert ledger.total == sum((row.counted for row in rows), timedelta()) == clock.elapsed
                assert ledger.remaining == clock.remaining
                # In UTC, as local times that happen twice equal nothing.
                ends = [[moment.astimezone(UTC) for moment in (row.span.start, row.span.end)] for row in rows]
                assert all(before[1] == after[0] for before, after in pairwise(ends))
                if rows:
                    assert (ends[0][0], ends[-1][1]) == (clock.started_at, clock.ended_at or at)
                    assert rows[-1].total == clock.elapsed
                for row, (start, end) in zip(rows, ends, strict=True):
                    whole = row.span.duration if row.is_open and row.state == "running" else timedelta()
                    assert row.counted == whole
                    assert self.office.open_time(start, end) == (row.span.duration if row.is_open else timedelta())
                    ledgers += 1
        assert ledgers

    def order_does_not_matter(self, at: datetime, random: Random) -> None:
        moved = 0
        for ticket, status in zip(self.tickets, self.evaluated(at), strict=True):
            shuffled = in_another_order(ticket.events, lambda event: event.at, random)
            moved += shuffled != list(ticket.events)
            other = sla.Ticket(
                id=ticket.id,
                tier=ticket.tier,
                opened_at=ticket.opened_at,
                attributes=ticket.attributes,
                events=shuffled,
            )
            assert self.policy.evaluate(other, at=at) == status
        assert moved > len(self.tickets) / 3

    def what_comes_later_is_not_seen(self, at: datetime) -> None:
        cut = 0
        for ticket, status in self._with_tickets(at):
            known = until(ticket, at)
            cut += len(known.events) < len(ticket.events)
            assert self.policy.evaluate(known, at=at) == status
        assert cut

    def the_next_change_is_the_next(self, at: datetime, *, every: int) -> None:
        changes = 0
        for ticket, status in list(self._with_tickets(at))[::every]:
            change = status.next_change_at
            if change is None:
                # Nothing is left to come: what runs is late already, and all its warnings have passed.
                for clock in status:
                    assert clock.phase != "running" or clock.verdict == "breached"
                continue
            assert change > at
            known = until(ticket, at)
            before = self.policy.evaluate(known, at=change - timedelta(microseconds=1))
            after = self.policy.evaluate(known, at=change)
            assert _shown(before) == _shown(status)
            assert _shown(after) != _shown(status)
            assert after.next_change_at is None or after.next_change_at > change
            changes += 1
        assert changes

    def as_somebody_else_counts(self, at: datetime, name: str, cycles: Mapping[str, list[Stretch]]) -> None:
        counted = 0
        for status in self.evaluated(at):
            clocks = [clock for clock in status if clock.name == name and clock.started_at is not None]
            expected = cycles[status.ticket_id]
            assert [clock.started_at for clock in clocks] == [one.start for one in expected]
            for clock, one in zip(clocks, expected, strict=True):
                paused_now = bool(one.pauses) and one.pauses[-1][1] is None
                assert clock.phase == (one.phase or ("paused" if paused_now else "running"))
                assert clock.ended_at == one.end
                until = one.end or at
                paused = sum((self.office.open_time(lo, hi or until) for lo, hi in one.pauses), timedelta())
                assert clock.paused == paused
                assert clock.elapsed == self.office.open_time(one.start, until) - paused
                counted += 1
        assert counted > 500

    def figures_reconcile(self, at: datetime, by: str, month: sla.Month) -> None:
        outcomes = self.evaluated(at).outcomes()
        every = sorted(map(_key, outcomes))
        assert len(set(every)) == len(every)
        for attribute in ("opened", "due", "stopped"):
            asked: dict[str, Any] = {"attribute": attribute, "zone": self.policy.zone}
            for period in (None, month):
                whole = sla.compliance(outcomes, period=period, **asked)
                parts = sla.compliance(outcomes, by=[by, "month"], period=period, **asked)
                assert len(parts.figures) > len(whole.figures) > 0
                for found in (whole, parts):
                    behind = [one for figure in found.figures for one in figure]
                    assert sorted(map(_key, [*behind, *found.outside, *found.unattributed])) == every
                for kind in ("met", "breached", "running", "paused", "handed_off", "excluded"):
                    # What the parts have, put together by hand, is what the whole has.
                    together: dict[tuple[str, str], list[Any]] = {}
                    for figure in parts.figures:
                        together.setdefault((figure.tier, figure.target), []).extend(map(_key, getattr(figure, kind)))
                    assert {key: sorted(ids) for key, ids in together.items()} == {
                        (figure.tier, figure.target): sorted(map(_key, getattr(figure, kind)))
                        for figure in whole.figures
                    }
                    assert sorted(map(_key, getattr(parts.whole, kind))) == sorted(chain(*together.values()))
                if period is not None:
                    assert {figure.label("month") for figure in parts.figures} == {month.label}
                    assert whole.outside

    def _with_tickets(self, at: datetime) -> Iterator[tuple[sla.Ticket, sla.TicketStatus]]:
        found = self.evaluated(at)
        tickets = {ticket.id: ticket for ticket in self.tickets}
        assert len(tickets) == len(self.tickets)
        for status in found:
            yield tickets[status.ticket_id], status


def _key(outcome: sla.Outcome) -> tuple[str, str, str, int]:
    return outcome.id, outcome.tier, outcome.target, outcome.cycle


def _shown(status: sla.TicketStatus) -> list[tuple[Any, ...]]:
    """What changes as time goes by: what each clock does, what became of it, and the warnings that have passed."""
    return [(one.phase, one.verdict, [warning.passed for warning in one.warnings]) for one in status]


def until(ticket: sla.Ticket, at: datetime) -> sla.Ticket:
    """The ticket as it was known at an instant."""
    events = [event for event in ticket.events if event.at <= at]
    return sla.Ticket(
        id=ticket.id, tier=ticket.tier, opened_at=ticket.opened_at, attributes=ticket.attributes, events=events
    )


def in_another_order(things: Iterable[T], key: Callable[[T], Any], random: Random) -> list[T]:
    """Return things in another order, in which those of one key are still in theirs."""
    given = list(things)
    shuffled = random.sample(given, len(given))
    waiting: dict[Any, list[T]] = {}
    for one in given:
        waiting.setdefault(key(one), []).append(one)
    return [waiting[key(one)].pop(0) for one in shuffled]


@pytest.fixture(scope="session")
def laws() -> Any:
    """The classes with which the logs are tested, as files of tests do not import one another."""
    return SimpleNamespace(ClockLaws=ClockLaws, Office=Office, Stretch=Stretch, in_another_order=in_another_order)


def _given(request: pytest.FixtureRequest) -> Any:
    request.getfixturevalue("shared")
    return request.param


@pytest.fixture
def otrs_vector(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def zammad_case(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def peer_case(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def peer_regression(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def peer_config(request: pytest.FixtureRequest) -> Any:
    return _given(request)
