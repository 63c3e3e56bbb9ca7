"""
Mistakes that ticket systems have made, as stories: what the naive way says, and what is right.

Each story has the naive way written out, as far as the thread or the source of the system shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sla_engine as sla

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def policy_of(within: str, *, zone: str = "UTC", hours: str = "09:00-17:00", **rest: Any) -> sla.Policy:
    return sla.Policy(
        name="Story",
        calendars={"office": {"zone": zone, "hours": {"mon-fri": hours}}},
        tiers={"desk": {"calendar": "office", "targets": {"resolution": within}}},
        **rest,
    )


def ticket_of(
    opened: datetime, *events: tuple[datetime, str], attributes: Mapping[str, sla.tickets.Value] | None = None
) -> sla.Ticket:
    made = [sla.Event(at=at, kind=kind) for at, kind in events]  # type: ignore[arg-type]
    return sla.Ticket(id="T", tier="desk", opened_at=opened, events=made, attributes=attributes or {})


def status_of(policy: sla.Policy, ticket: sla.Ticket, at: datetime) -> sla.ClockStatus:
    return policy.evaluate(ticket, at=at)["resolution"]


def utc(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of March 2026: the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def open_time(start: datetime, end: datetime, opening: int = 9, closing: int = 17) -> timedelta:
    """The open time of Mondays to Fridays in UTC, day by day: not ours."""
    total, day = timedelta(), start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        if day.weekday() < 5:
            total += max(min(end, day + closing * HOUR) - max(start, day + opening * HOUR), timedelta())
        day += 24 * HOUR
    return total


class TestHoldOverNight:
    """ERPNext: https://github.com/frappe/erpnext/pull/49414 (and 47029, 47172, 47884, 51111, 52489)."""

    # Opened on Monday at 15:00, on hold from closing until the opening of Tuesday, 4 hours of 09:00-17:00.
    opened, hold, back = utc(2, 15), utc(2, 17), utc(3, 9)
    policy = policy_of("4h")

    def naive(self, due: datetime, pauses: Iterable[tuple[datetime, datetime]]) -> datetime:
        """The deadline without pauses, and the time on the wall that the ticket was on hold."""
        return due + sum((end - start for start, end in pauses), timedelta())

    def test_a_hold_from_closing_to_opening_moves_nothing(self) -> None:
        """
        The review comment: a hold from 17:00 to 09:00 must not move a deadline of 9 to 17.

        https://github.com/frappe/erpnext/pull/49414
        """
        # Two hours on Monday, two on Tuesday.
        right = utc(3, 11)
        assert self.policy.calendar("office").add(self.opened, "4h") == right
        assert self.naive(right, [(self.hold, self.back)]) == utc(4, 3), "at three in the night"
        ticket = ticket_of(self.opened, (self.hold, "pause"), (self.back, "resume"))
        clock = status_of(self.policy, ticket, self.back)
        assert clock.due_at == right
        assert clock.paused == timedelta()
        assert clock.elapsed == 2 * HOUR

    def test_only_the_open_part_of_a_hold_moves_it(self) -> None:
        """
        A hold from 16:00 to 10:00 takes an hour of each day, and not 18 hours.

        https://github.com/frappe/erpnext/pull/47884
        """
        hold, back = utc(2, 16), utc(3, 10)
        assert self.naive(utc(3, 11), [(hold, back)]) == utc(4, 5)
        clock = status_of(self.policy, ticket_of(self.opened, (hold, "pause"), (back, "resume")), back)
        # An hour is counted on Monday, three are on Tuesday from 10:00.
        assert (clock.elapsed, clock.paused, clock.due_at) == (HOUR, 2 * HOUR, utc(3, 13))

    def test_a_hold_is_not_counted_twice(self) -> None:
        """
        The hold was added when the ticket was back, and once more when it was saved again.

        https://github.com/frappe/erpnext/pull/47172
        """
        hold, back = utc(3, 9), utc(3, 10)
        due, total = utc(3, 11), timedelta()
        for _ in ("resumed", "saved again"):  # the naive way keeps a sum, and adds to it at every save
            total += back - hold
        assert due + total == utc(3, 13)
        ticket = ticket_of(self.opened, (hold, "pause"), (back, "resume"))
        for asked in (back, back, utc(3, 11), utc(3, 12)):
            assert status_of(self.policy, ticket, asked).due_at == utc(3, 12)

    def test_two_holds_at_once_are_one(self) -> None:
        """
        Waiting for two at once: each hold is added, though the time is the same.

        https://github.com/frappe/erpnext/pull/52489
        """
        pauses = [(utc(3, 9), utc(3, 11)), (utc(3, 10), utc(3, 12))]
        assert self.naive(utc(3, 11), pauses) == utc(3, 15)
        events = [
            sla.Event(at=moment, kind=kind, reason=reason)  # type: ignore[arg-type]
            for reason, (start, end) in zip(("customer", "vendor"), pauses, strict=True)
            for moment, kind in ((start, "pause"), (end, "resume"))
        ]
        clock = status_of(self.policy, ticket_of(self.opened).with_events(*events), utc(3, 12))
        # From 09:00 to 12:00 it waits; two hours were counted on Monday, two are left.
        assert (clock.paused, clock.due_at) == (3 * HOUR, utc(3, 14))


class TestPendingTime:
    """GLPI: the time that a ticket was pending."""

    def test_it_is_not_lost_when_the_target_changes(self) -> None:
        """
        The waiting time was kept beside the deadline, and reset with it when the SLA of the ticket changed.

        https://github.com/glpi-project/glpi/issues/6902
        """
        policy = policy_of("8h", rules=[{"when": {"priority": "urgent"}, "targets": {"resolution": "4h"}}])
        opened, hold, back, change = utc(2, 9), utc(2, 10), utc(2, 12), utc(2, 13)
        ticket = ticket_of(opened, (hold, "pause"), (back, "resume")).with_events(
            sla.Event(at=change, kind="attribute", name="priority", value="urgent")
        )
        naive = opened + 4 * HOUR  # the new deadline, without the two hours that it waited
        assert naive == utc(2, 13)
        for rule in ("keep", "retroactive"):
            clock = status_of(policy.model_copy(update={"retarget": rule}), ticket, change)
            # One hour before the wait and one after it are counted; two of four are left.
            assert clock.paused == 2 * HOUR
            assert clock.elapsed == 2 * HOUR
            assert clock.due_at == utc(2, 15)
            assert clock.verdict == "undecided"

    def test_a_weekend_pending_costs_nothing(self) -> None:
        """
        Pending from Friday evening to Monday morning: the days between were counted in full.

        https://github.com/glpi-project/glpi/issues/10594 (and https://github.com/glpi-project/glpi/pull/14937)
        """
        opened, hold, back = utc(6, 15), utc(6, 16), utc(9, 9)
        without = utc(9, 11)  # two hours on Friday, two on Monday
        a_day = 8 * HOUR
        naive = open_time(hold, utc(6, 17)) + 2 * a_day  # an hour on Friday, and Saturday and Sunday as days
        assert naive == 17 * HOUR
        clock = status_of(policy_of("4h"), ticket_of(opened, (hold, "pause"), (back, "resume")), back)
        assert clock.paused == HOUR == open_time(hold, back)
        assert clock.due_at == without + HOUR

    def test_while_it_is_pending_it_is_not_violated(self) -> None:
        """
        Shown as violated while it was pending, as its deadline of before the wait had passed.

        https://github.com/glpi-project/glpi/issues/24481
        """
        opened, hold, now = utc(2, 9), utc(2, 10), utc(2, 15)
        old_deadline = opened + 4 * HOUR
        assert now > old_deadline, "the naive verdict: violated"
        clock = status_of(policy_of("4h"), ticket_of(opened, (hold, "pause")), now)
        assert (clock.phase, clock.verdict, clock.due_at, clock.remaining) == ("paused", "undecided", None, 3 * HOUR)


class TestPausesAsLocalTimes:
    """
    Zammad: pauses are kept by date as "HH:MM" to "HH:MM" of the calendar's zone.

    https://github.com/zammad/zammad/blob/develop/lib/escalation/ticket_biz_break.rb
    """

    @staticmethod
    def naive(pauses: Iterable[tuple[datetime, datetime]], zone: ZoneInfo) -> timedelta:
        """What was paused, by a table of dates and local times; a later pause of one minute replaces an earlier."""
        breaks: dict[str, dict[str, str]] = {}
        for start, end in pauses:
            first, last = start.astimezone(zone), end.astimezone(zone)
            breaks.setdefault(f"{first:%Y-%m-%d}", {})[f"{first:%H:%M}"] = f"{last:%H:%M}"
        total = timedelta()
        for day, table in breaks.items():
            for begin, finish in table.items():
                total += datetime.fromisoformat(f"{day}T{finish}") - datetime.fromisoformat(f"{day}T{begin}")
        return total

    @staticmethod
    def ours(pauses: Iterable[tuple[datetime, datetime]], opened: datetime, at: datetime, zone: str) -> sla.ClockStatus:
        policy = sla.Policy(
            name="Always",
            calendars={"always": sla.always_open(zone)},
            tiers={"desk": {"calendar": "always", "targets": {"resolution": "4h"}}},
        )
        events = [(moment, kind) for pause in pauses for moment, kind in zip(pause, ("pause", "resume"), strict=True)]
        return status_of(policy, ticket_of(opened, *events), at)

    def test_seconds_are_not_cut(self) -> None:
        pauses = [(utc(2, 10, 0, 50), utc(2, 10, 2, 10))]
        assert self.naive(pauses, BERLIN) == 2 * MINUTE
        clock = self.ours(pauses, utc(2, 9), utc(2, 11), "Europe/Berlin")
        assert clock.paused == timedelta(seconds=80)
        assert clock.elapsed == 2 * HOUR - timedelta(seconds=80)

    def test_two_pauses_in_one_minute_are_two(self) -> None:
        pauses = [(utc(2, 10, 0, 5), utc(2, 10, 0, 25)), (utc(2, 10, 0, 40), utc(2, 10, 30, 40))]
        # The later one replaces the other: in the other order only 20 seconds are left, which are cut to nothing.
        assert self.naive(pauses, BERLIN) == 30 * MINUTE
        assert self.naive(pauses[::-1], BERLIN) == timedelta()
        clock = self.ours(pauses, utc(2, 9), utc(2, 11), "Europe/Berlin")
        assert clock.paused == timedelta(minutes=30, seconds=20)

    def test_the_hour_that_happens_twice(self) -> None:
        """On 2026-10-25 Berlin's clocks go back from 03:00 to 02:00, at 01:00 UTC."""
        opened = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
        start, end = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 45, tzinfo=UTC)
        assert (f"{start.astimezone(BERLIN):%H:%M}", f"{end.astimezone(BERLIN):%H:%M}") == ("02:30", "02:45")
        assert self.naive([(start, end)], BERLIN) == 15 * MINUTE
        clock = self.ours([(start, end)], opened, end, "Europe/Berlin")
        assert clock.paused == 75 * MINUTE
        # An hour and a half before the pause; two and a half after it.
        assert clock.due_at == datetime(2026, 10, 25, 4, 15, tzinfo=UTC)


class TestTodaysOffset:
    """dbt_zendesk: https://github.com/fivetran/dbt_zendesk/issues/25, https://github.com/fivetran/dbt_zendesk/pull/154."""

    @staticmethod
    def naive(opened: datetime, within: timedelta, offset_of: datetime) -> datetime:
        """Nine to five in New York on working days, by the offset that the zone has on another day."""
        offset = offset_of.astimezone(NEW_YORK).utcoffset()
        assert offset is not None
        due, left = opened + offset, within
        while True:
            opening, closing = due.replace(hour=9, minute=0), due.replace(hour=17, minute=0)
            due = max(due, opening)
            if due.weekday() < 5 and due < closing:
                if closing - due >= left:
                    return due + left - offset
                left -= closing - due
            due = (due + timedelta(days=1)).replace(hour=0, minute=0)

    def test_history_has_the_offset_of_its_day(self) -> None:
        """A ticket of January with 60 minutes, looked at in July."""
        opened = datetime(2026, 1, 15, 13, 30, tzinfo=UTC)  # a Thursday, 08:30 in New York
        july = datetime(2026, 7, 15, 12, tzinfo=UTC)
        right = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)  # 10:00 in New York
        assert self.naive(opened, HOUR, july) == datetime(2026, 1, 15, 14, 30, tzinfo=UTC), "at 09:30, an hour early"
        assert self.naive(opened, HOUR, opened) == right
        answered = datetime(2026, 1, 15, 14, 50, tzinfo=UTC)
        policy = policy_of("60m", zone="America/New_York")
        clock = status_of(policy, ticket_of(opened, (answered, "solve")), july)
        assert clock.due_at == right
        # By July's offset it would have been 20 minutes late.
        assert answered > self.naive(opened, HOUR, july)
        assert (clock.verdict, clock.elapsed) == ("met", 50 * MINUTE)

    def test_a_clock_over_the_change_has_both(self) -> None:
        """From Friday 2026-03-06, in winter, to Monday the 9th, in summer: 16:30 plus an hour is 09:30."""
        opened = datetime(2026, 3, 6, 21, 30, tzinfo=UTC)
        right = datetime(2026, 3, 9, 9, 30, tzinfo=NEW_YORK)
        assert right.astimezone(UTC) == datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
        assert self.naive(opened, HOUR, opened) == datetime(2026, 3, 9, 14, 30, tzinfo=UTC)
        assert status_of(policy_of("60m", zone="America/New_York"), ticket_of(opened), opened).due_at == right


class TestTheClockThatRanOn:
    """Chatwoot: the next response time ran on after the conversation was resolved."""

    def test_resolving_ends_the_wait_for_a_next_response(self) -> None:
        """
        The customer says thanks, the agent resolves without a word, and an hour later the target was missed.

        https://github.com/chatwoot/chatwoot/issues/10178
        """
        policy = sla.Policy(
            name="Chat",
            calendars={"always": sla.always_open("UTC")},
            tiers={"desk": {"calendar": "always", "targets": {"next_response": "1h"}}},
        )
        answered, thanks, resolved, now = utc(2, 9, 30), utc(2, 10), utc(2, 10, 15), utc(2, 12)
        ticket = ticket_of(utc(2, 9), (answered, "respond"), (thanks, "customer_reply"), (resolved, "solve"))

        def naive(events: Iterable[sla.Event]) -> bool:
            """Whether the customer's last message has been without an answer for more than an hour."""
            last = {event.kind: event.at for event in events}
            return last["customer_reply"] > last["respond"] and now - last["customer_reply"] > HOUR

        assert naive(ticket.events)
        status = policy.evaluate(ticket, at=now)
        clock = status["next_response"]
        assert (clock.phase, clock.verdict, clock.stopped_at) == ("stopped", "met", resolved)
        assert clock.elapsed == 15 * MINUTE
        assert status.next_change_at is None
        # What the customer writes to a solved ticket starts nothing, until it is reopened.
        late = ticket.with_events(sla.Event(at=utc(2, 11), kind="customer_reply"))
        assert len(policy.evaluate(late, at=now)) == 1
        again = late.with_events(sla.Event(at=utc(2, 11, 30), kind="reopen"))
        assert policy.evaluate(again, at=now)["next_response"].started_at == utc(2, 11, 30)
        assert policy.evaluate(again, at=now)["next_response"].cycle == 2
