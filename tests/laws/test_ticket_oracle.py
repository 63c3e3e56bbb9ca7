"""The status of random lives of tickets, against an oracle that walks them minute by minute and shares no code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sla_engine import ClockStatus, Event, Policy, Share, Ticket
from sla_engine.testing.ticket_oracle import BEYOND, ticket_status
from sla_engine.testing.ticket_strategies import TIERS, events, instants_of_life, policy_tables, tickets

Key = tuple[str, str, int]


def told(clock: ClockStatus) -> dict[str, Any]:
    """What the engine says, in the oracle's words."""
    needed = clock.needed_micros
    return {
        "phase": clock.phase,
        "verdict": clock.verdict,
        "started_at": clock.started_at,
        "ended_at": clock.ended_at,
        "due_at": clock.due_at,
        "elapsed_us": clock.elapsed_micros,
        "paused_us": clock.paused_micros,
        "remaining_us": None if needed is None else needed - clock.elapsed_micros,
        "breached_at": clock.breached_at,
        "next_change_at": clock.next_change_at,
        "warnings": {one.share.fraction: one.at for one in clock.warnings},
    }


def counted(row: dict[str, Any]) -> dict[str, Any]:
    """What the oracle says; of a cycle that has ended, a warning that did not come by then is none."""
    ended = row["ended_at"]
    warnings = {}
    for share, at in row["warnings"]:
        too_late = ended is not None and at is not None and (at == BEYOND or at > ended)
        warnings[Share.parse(share).fraction] = None if too_late else at
    rest = {name: value for name, value in row.items() if name not in ("tier", "name", "cycle")}
    return {**rest, "warnings": warnings}


def check(table: dict[str, Any], ticket: Ticket, at: datetime) -> None:
    status = Policy.from_data(table).evaluate(ticket, at=at)
    oracle = ticket_status(table, ticket.to_data(), at)
    assert [one.kind for one in status.anomalies if one.kind != "never_due"] == oracle["anomalies"]
    assert (status.tier, status.status) == (oracle["tier"], oracle["status"])
    ours = {(clock.tier, clock.name, clock.cycle): told(clock) for clock in status}
    theirs = {(row["tier"], row["name"], row["cycle"]): counted(row) for row in oracle["clocks"]}
    assert ours.keys() == theirs.keys()
    for key, expected in theirs.items():
        warnings = expected.pop("warnings")
        answered = ours[key].pop("warnings")
        assert {share: at for share, at in answered.items() if warnings[share] != BEYOND} == {
            share: at for share, at in warnings.items() if at != BEYOND
        }, key
        known = {name: value for name, value in expected.items() if value != BEYOND}
        assert {name: ours[key][name] for name in known} == known, key
    if oracle["next_change_at"] != BEYOND:
        assert status.next_change_at == oracle["next_change_at"]


@given(policy_tables(), tickets(), st.integers(0, 6 * 24 * 60))
def test_every_answer_is_the_oracles(table: dict[str, Any], ticket: Ticket, minutes: int) -> None:
    check(table, ticket, ticket.opened_at + timedelta(minutes=minutes))


class TicketLife(RuleBasedStateMachine):
    """A ticket lives on, event by event, and is looked at after each: also as it was some time before, and later."""

    table: dict[str, Any]
    opened_at: datetime
    now: datetime

    @initialize(table=policy_tables(), opened_at=instants_of_life(days=5), tier=st.sampled_from(TIERS))
    def open_ticket(self, table: dict[str, Any], opened_at: datetime, tier: str) -> None:
        self.table = table
        self.now = self.opened_at = opened_at
        self.ticket = Ticket(id="T", tier=tier, opened_at=opened_at)

    @rule(minutes=st.sampled_from([1, 5, 30, 60, 240, 720, 1440, 2880]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        self.ticket = self.ticket.with_events(data.draw(events(self.now)))

    @rule(data=st.data(), minutes=st.integers(0, 600))
    def something_is_reported_late(self, data: st.DataObject, minutes: int) -> None:
        self.ticket = self.ticket.with_events(data.draw(events(self.now - timedelta(minutes=minutes))))

    @rule(reason=st.sampled_from(["vendor", "customer"]), minutes=st.sampled_from([1, 60, 1440, 4320]))
    def it_waits(self, reason: str, minutes: int) -> None:
        pause = Event(at=self.now, kind="pause", reason=reason)
        self.now += timedelta(minutes=minutes)
        self.ticket = self.ticket.with_events(pause, Event(at=self.now, kind="resume", reason=reason))

    @precondition(lambda self: self.now > self.opened_at)
    @rule(share=st.floats(0, 1))
    def somebody_asks_how_it_was(self, share: float) -> None:
        minutes = int((self.now - self.opened_at) / timedelta(minutes=1) * share)
        check(self.table, self.ticket, self.opened_at + timedelta(minutes=minutes))

    @invariant()
    def the_oracle_says_the_same(self) -> None:
        if hasattr(self, "now"):
            check(self.table, self.ticket, self.now.astimezone(UTC))


TestTicketLife = TicketLife.TestCase
TestTicketLife.settings = settings(max_examples=20, stateful_step_count=18)
