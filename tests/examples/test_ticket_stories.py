"""
What the clocks of a ticket say, as stories with their times worked out by hand.

March 2026 begins on a Sunday, so its 2nd is a Monday. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

import sla_engine as sla

MAXONY = sla.maxony_policy()
HOUR, MINUTE, MICROSECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
OFFICE = {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}
ALWAYS = {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def event(when: datetime, kind: str, **fields: Any) -> sla.Event:
    return sla.Event(at=when, kind=kind, **fields)  # type: ignore[arg-type]


def ticket(
    opened: datetime, *events: sla.Event, tier: str | None = "desk", name: str = "T", **known: Any
) -> sla.Ticket:
    return sla.Ticket(id=name, tier=tier, opened_at=opened, events=events, attributes=known)


def policy(targets: dict[str, Any], **rest: Any) -> sla.Policy:
    """One tier, `desk`, in office hours."""
    calendars = {"office": OFFICE, "always": ALWAYS, **rest.pop("calendars", {})}
    tiers = {"desk": {"calendar": rest.pop("calendar", "office"), "targets": targets}, **rest.pop("tiers", {})}
    return sla.Policy(name="Story", calendars=calendars, tiers=tiers, **rest)


def log_of(*tickets: sla.Ticket) -> sla.EventLog:
    return sla.EventLog(tickets, (), len(tickets))


class TestMaxony:
    opened, due = at(2, 8), at(2, 12)  # the support is there from 07:00 to 23:00

    def test_an_answer_at_the_due_instant_is_in_time(self) -> None:
        asked = ticket(self.opened, event(self.due, "respond"), tier="first_level")
        clock = MAXONY.evaluate(asked, at=at(3, 0))["response"]
        assert (clock.phase, clock.verdict, clock.due_at) == ("stopped", "met", self.due)
        assert (clock.elapsed, clock.remaining, clock.breached_at) == (4 * HOUR, timedelta(), None)

    def test_a_microsecond_later_it_is_breached(self) -> None:
        asked = ticket(self.opened, event(self.due + MICROSECOND, "respond"), tier="first_level")
        clock = MAXONY.evaluate(asked, at=at(3, 0))["response"]
        assert (clock.verdict, clock.breached_at, clock.remaining) == ("breached", self.due, -MICROSECOND)
        unanswered = ticket(self.opened, tier="first_level")
        assert MAXONY.evaluate(unanswered, at=self.due).verdict == "undecided"
        assert MAXONY.evaluate(unanswered, at=self.due + MICROSECOND).verdict == "breached"

    def test_each_level_has_a_clock_of_its_own(self) -> None:
        asked = ticket(
            self.opened,
            event(at(2, 10), "hand_off", to="second_level"),
            event(at(2, 18), "respond"),
            tier="first_level",
        )
        first, second = MAXONY.evaluate(asked, at=at(3, 0))
        assert (first.tier, first.phase, first.verdict) == ("first_level", "handed_off", "undecided")
        assert (first.elapsed, first.ended_at, first.stopped_at) == (2 * HOUR, at(2, 10), None)
        # Eight hours from the hand-off, and not from the opening.
        assert (second.tier, second.started_at, second.due_at) == ("second_level", at(2, 10), at(2, 18))
        assert (second.phase, second.verdict) == ("stopped", "met")

    def test_an_answer_of_the_first_level_is_none_of_the_second(self) -> None:
        asked = ticket(
            self.opened,
            event(at(2, 9), "respond"),
            event(at(2, 10), "hand_off", to="second_level"),
            tier="first_level",
        )
        first, second = MAXONY.evaluate(asked, at=at(2, 18) + MICROSECOND)
        assert (first.phase, first.verdict, first.elapsed) == ("stopped", "met", HOUR)
        assert (second.phase, second.verdict, second.breached_at) == ("running", "breached", at(2, 18))

    def test_a_late_hand_off_is_a_breach_of_the_first_level(self) -> None:
        for late, verdict in ((timedelta(), "undecided"), (MICROSECOND, "breached")):
            moved = event(self.due + late, "hand_off", to="second_level")
            first = next(iter(MAXONY.evaluate(ticket(self.opened, moved, tier="first_level"), at=at(3, 0))))
            assert (first.phase, first.verdict) == ("handed_off", verdict)

    def test_the_legal_team_has_five_business_days(self) -> None:
        moved = event(at(2, 9, 30), "hand_off", to="legal")
        clock = MAXONY.evaluate(ticket(self.opened, moved, tier="first_level"), at=at(2, 10))["response"]
        assert (clock.tier, clock.due_at) == ("legal", at(9, 9, 30))
        # Five days of 16 hours are to be counted.
        assert clock.remaining == 80 * HOUR - 30 * MINUTE

    def test_an_automatic_mail_answers_nothing(self) -> None:
        mail = event(at(2, 8, 1), "respond", automatic=True)
        clock = MAXONY.evaluate(ticket(self.opened, mail, tier="first_level"), at=at(2, 9))["response"]
        assert (clock.phase, clock.elapsed) == ("running", HOUR)
        lenient = MAXONY.model_copy(
            update={"clocks": {"response": {"preset": "first_response", "stop": ["respond", "automatic_respond"]}}}
        )
        clock = lenient.evaluate(ticket(self.opened, mail, tier="first_level"), at=at(2, 9))["response"]
        assert (clock.phase, clock.elapsed) == ("stopped", MINUTE)

    def test_the_solution_is_an_answer_too(self) -> None:
        solved = ticket(self.opened, event(at(2, 11), "solve"), tier="first_level")
        assert MAXONY.evaluate(solved, at=at(3, 0)).verdict == "met"

    def test_nothing_pauses_it_unless_the_reading_says_so(self) -> None:
        waiting = ticket(self.opened, event(at(2, 9), "pause", reason="vendor"), tier="first_level")
        clock = MAXONY.evaluate(waiting, at=at(2, 11))["response"]
        assert (clock.phase, clock.elapsed) == ("running", 3 * HOUR)
        for pause, phase in (([{"paused": True}], "paused"), ([{"paused": ["customer"]}], "running")):
            other = MAXONY.model_copy(update={"clocks": {"response": {"preset": "first_response", "pause": pause}}})
            assert other.evaluate(waiting, at=at(2, 11))["response"].phase == phase

    @pytest.mark.parametrize(
        ("known", "done", "missing"),
        [
            ({}, [], ["customer_details", "reproduction_attempted", "faq_searched"]),
            ({"topic": "mail"}, [], ["customer_details", "reproduction_attempted", "faq_searched", "mail_checks"]),
            ({"topic": "web"}, ["faq_searched"], ["customer_details", "reproduction_attempted"]),
            (
                {"customer_number": 17, "browser": "x", "screenshot": "a.png", "faq_searched": True},
                [],
                ["reproduction_attempted"],
            ),
            (
                {"customer_number": 17, "browser": "x", "faq_searched": "no", "reproduction_attempted": False},
                [],
                ["customer_details", "reproduction_attempted", "faq_searched"],
            ),
            (
                {"topic": "mail", "dns_checked": True, "spf_checked": True, "dkim_checked": True},
                ["customer_details", "reproduction_attempted", "faq_searched"],
                ["mail_checks"],
            ),
            (
                {"topic": "mail"},
                ["customer_details", "reproduction_attempted", "faq_searched", "mail_checks"],
                [],
            ),
        ],
    )
    def test_what_is_missing_at_the_hand_off(self, known: dict[str, Any], done: list[str], missing: list[str]) -> None:
        asked = ticket(
            self.opened, event(at(2, 10), "hand_off", to="second_level", done=done), tier="first_level", **known
        )
        status = MAXONY.evaluate(asked, at=at(2, 11))
        assert status.missing == tuple(missing)
        (moved,) = status.hand_offs
        assert (moved.at, moved.from_tier, moved.to_tier, moved.missing) == (
            at(2, 10), "first_level", "second_level", tuple(missing),
        )  # fmt: skip
        assert status["response"].tier == "second_level"  # it blocks nothing

    def test_what_is_known_later_counts_at_the_hand_off(self) -> None:
        known = [event(at(2, 9), "attribute", name=name, value="x") for name in ("customer_number", "browser")]
        seen = event(at(2, 10), "attribute", name="screenshot", value="a.png")
        moved = event(at(2, 10), "hand_off", to="legal", done=["reproduction_attempted"])
        asked = ticket(self.opened, *known, seen, moved, tier="first_level")
        assert MAXONY.evaluate(asked, at=at(2, 11)).missing == ("faq_searched",)
        # Given after the hand-off at the same instant, the screenshot came too late.
        asked = ticket(self.opened, *known, moved, seen, tier="first_level")
        assert MAXONY.evaluate(asked, at=at(2, 11)).missing == ("customer_details", "faq_searched")


class TestPresets:
    """One ticket in hours that all count: answered twice, waiting and on hold, solved after 8 hours, and again."""

    events: tuple[sla.Event, ...] = tuple(
        event(at(2, hour), kind, **fields)
        for hour, kind, fields in (
            (1, "respond", {}),
            (2, "customer_reply", {}),
            (3, "status", {"to": "pending"}),
            (4, "status", {"to": "open"}),
            (5, "respond", {}),
            (6, "status", {"to": "on_hold"}),
            (7, "status", {"to": "open"}),
            (8, "solve", {}),
            (9, "customer_reply", {}),
            (10, "reopen", {}),
            (12, "close", {}),
        )
    )

    @pytest.mark.parametrize(
        ("name", "cycles"),
        [
            # From the opening to the first answer.
            ("first_response", [(0, 1, 1)]),
            ("response", [(0, 1, 1)]),
            # From each message of the customer to the next answer; the message at 9 waits until the reopening.
            ("next_response", [(2, 5, 3), (10, 12, 2)]),
            # From answer to answer, and to the end; nothing is answered after the reopening.
            ("periodic_update", [(1, 5, 4), (5, 8, 3)]),
            # The same without the hour in which it was pending.
            ("pausable_update", [(1, 5, 3), (5, 8, 3)]),
            # From the opening to the end, without the hour in which it was pending; and again.
            ("requester_wait", [(0, 8, 7), (10, 12, 2)]),
            # Without the hour on hold too.
            ("agent_work", [(0, 8, 6), (10, 12, 2)]),
            # All of it.
            ("time_in_tier", [(0, 8, 8)]),
            ("resolution", [(0, 8, 8), (10, 12, 2)]),
        ],
    )
    def test_what_each_counts(self, name: str, cycles: list[tuple[int, int, int]]) -> None:
        rules = policy({name: "100h"}, calendar="always")
        status = rules.evaluate(ticket(at(2, 0), *self.events), at=at(3, 0))
        assert [(one.cycle, one.started_at, one.ended_at, one.elapsed) for one in status] == [
            (number, at(2, start), at(2, end), counted * HOUR) for number, (start, end, counted) in enumerate(cycles, 1)
        ]
        assert {one.phase for one in status} == {"stopped"}
        assert status.verdict == "met"
        assert status.anomalies == ()

    def test_none_is_left_out(self) -> None:
        (mark,) = (one for one in TestPresets.test_what_each_counts.pytestmark if one.name == "parametrize")  # type: ignore[attr-defined]
        assert {name for name, _ in mark.args[1]} == set(sla.tickets.PRESETS)

    def test_a_hand_off_stops_the_time_in_a_tier_and_ends_the_others(self) -> None:
        both = {"time_in_tier": "4h", "resolution": "4h"}
        rules = policy(both, tiers={"lab": {"calendar": "office", "targets": both}})
        status = rules.evaluate(ticket(at(2, 9), event(at(2, 11), "hand_off", to="lab")), at=at(2, 12))
        found = {(one.tier, one.name): (one.phase, one.verdict, one.elapsed) for one in status}
        assert found == {
            ("desk", "time_in_tier"): ("stopped", "met", 2 * HOUR),
            ("desk", "resolution"): ("handed_off", "undecided", 2 * HOUR),
            ("lab", "time_in_tier"): ("running", "undecided", HOUR),
            ("lab", "resolution"): ("running", "undecided", HOUR),
        }

    def test_a_clock_that_waits_is_listed(self) -> None:
        status = policy({"next_response": "1h"}).evaluate(ticket(at(2, 9)), at=at(2, 10))
        clock = status["next_response"]
        assert (clock.phase, clock.cycle, clock.started_at, clock.due_at) == ("waiting", 1, None, None)
        assert status.next_change_at is None
        assert status.outcomes() == []


class TestCycles:
    def test_reopening_begins_another_and_leaves_the_first_as_it_was(self) -> None:
        asked = ticket(at(2, 9), event(at(2, 12), "solve"))
        rules = policy({"resolution": "2h"})
        before = rules.evaluate(asked, at=at(2, 12))["resolution"]
        assert (before.verdict, before.breached_at) == ("breached", at(2, 11))
        status = rules.evaluate(asked.with_events(event(at(3, 9), "reopen")), at=at(3, 10))
        first, second = status
        assert (first.verdict, first.breached_at, first.ended_at, first.elapsed) == (
            "breached", at(2, 11), at(2, 12), 3 * HOUR,
        )  # fmt: skip
        assert (second.cycle, second.started_at, second.due_at, second.verdict) == (2, at(3, 9), at(3, 11), "undecided")
        assert status.verdict == "breached"
        assert status["resolution"] == second

    def test_a_tier_that_a_ticket_comes_back_to_has_another_cycle(self) -> None:
        two = {"lab": {"calendar": "office", "targets": {"response": "2h"}}}
        moves = [event(at(2, 10), "hand_off", to="lab"), event(at(2, 11), "hand_off", to="desk")]
        status = policy({"response": "4h"}, tiers=two).evaluate(ticket(at(2, 9), *moves), at=at(2, 12))
        assert [(one.tier, one.cycle, one.phase, one.started_at) for one in status] == [
            ("desk", 1, "handed_off", at(2, 9)),
            ("lab", 1, "handed_off", at(2, 10)),
            ("desk", 2, "running", at(2, 11)),
        ]

    def test_a_finished_ticket_that_is_handed_on_starts_nothing_until_it_is_reopened(self) -> None:
        both = {"response": "4h", "resolution": "4h"}
        rules = policy(both, tiers={"lab": {"calendar": "office", "targets": both}})
        moved = ticket(at(2, 9), event(at(2, 10), "solve"), event(at(2, 11), "hand_off", to="lab"))
        status = rules.evaluate(moved, at=at(2, 12))
        assert [(one.tier, one.name, one.phase) for one in status] == [
            ("desk", "response", "stopped"),
            ("desk", "resolution", "stopped"),
            ("lab", "response", "waiting"),
            ("lab", "resolution", "waiting"),
        ]
        status = rules.evaluate(moved.with_events(event(at(2, 13), "reopen")), at=at(2, 14))
        found = {one.name: (one.cycle, one.phase, one.started_at) for one in status if one.tier == "lab"}
        assert found == {"response": (1, "running", at(2, 13)), "resolution": (1, "running", at(2, 13))}

    def test_a_clock_of_the_ticket_goes_on_over_the_tiers(self) -> None:
        over = {"preset": "resolution", "scope": "ticket"}
        rules = policy(
            {"resolution": "8h"},
            tiers={
                "lab": {"calendar": "office", "targets": {"resolution": "4h"}},
                "store": {"calendar": "office", "targets": {"response": "4h"}},
            },
            clocks={"resolution": over},
        )
        moved = event(at(2, 12), "hand_off", to="lab")
        (clock,) = rules.evaluate(ticket(at(2, 9), moved), at=at(2, 12, 30))
        # Three hours were counted at the desk; one is left of the four that the lab has.
        assert (clock.tier, clock.cycle, clock.started_at, clock.due_at) == ("lab", 1, at(2, 9), at(2, 13))
        assert (clock.elapsed, clock.remaining) == (3.5 * HOUR, 0.5 * HOUR)
        # Where the next tier has no such target, it ends.
        away = event(at(2, 13), "hand_off", to="store")
        clock = rules.evaluate(ticket(at(2, 9), moved, away), at=at(2, 14))["resolution"]
        assert (clock.phase, clock.verdict, clock.ended_at) == ("handed_off", "undecided", at(2, 13))

    def test_cancelling_ends_all_and_counts_for_nothing(self) -> None:
        rules = policy({"response": "1h", "resolution": "4h"})
        asked = ticket(at(2, 9), event(at(2, 9, 30), "respond"), event(at(2, 10), "cancel", reason="duplicate"))
        status = rules.evaluate(asked, at=at(2, 17))
        assert (status.status, status["response"].verdict) == ("cancelled", "met")
        clock = status["resolution"]
        assert (clock.phase, clock.verdict, clock.reason) == ("cancelled", "undecided", "cancelled: duplicate")
        figures = sla.compliance([status])
        assert [len(figures.tier("desk", name).met) for name in ("response", "resolution")] == [1, 0]
        (excluded,) = figures.tier("desk", "resolution").excluded
        assert excluded.reason == "cancelled: duplicate"


class TestAnotherTarget:
    """Opened on Monday at 09:00; at noon, with three hours counted, another target applies."""

    urgent = event(at(2, 12), "attribute", name="priority", value="urgent")
    asked = ticket(at(2, 9), urgent)

    def clock(self, before: str, after: str, rule: str, when: datetime) -> sla.ClockStatus:
        rules = policy(
            {"resolution": before},
            rules=[{"when": {"priority": "urgent"}, "targets": {"resolution": after}}],
            retarget=rule,
        )
        return rules.evaluate(self.asked, at=when)["resolution"]

    @pytest.mark.parametrize(
        ("rule", "due", "elapsed", "verdict", "breached"),
        [
            # Three hours of two are counted, so it is due at the change itself, and no sooner.
            ("keep", at(2, 12), 4, "breached", at(2, 12)),
            # Two hours from noon on.
            ("restart", at(2, 14), 1, "undecided", None),
            # Two hours from 09:00 on.
            ("retroactive", at(2, 11), 4, "breached", at(2, 11)),
        ],
    )
    def test_from_six_hours_to_two(
        self, rule: str, due: datetime, elapsed: int, verdict: str, breached: datetime | None
    ) -> None:
        clock = self.clock("6h", "2h", rule, at(2, 13))
        assert (clock.due_at, clock.elapsed, clock.remaining) == (due, elapsed * HOUR, (2 - elapsed) * HOUR)
        assert (clock.verdict, clock.breached_at) == (verdict, breached)
        assert clock.ledger().total == clock.elapsed
        assert str(clock.target) == "2h"

    def test_kept_it_is_in_time_at_the_change_and_late_a_microsecond_after(self) -> None:
        assert self.clock("6h", "2h", "keep", at(2, 12)).verdict == "undecided"
        assert self.clock("6h", "2h", "keep", at(2, 12) + MICROSECOND).verdict == "breached"
        assert self.clock("6h", "2h", "keep", at(2, 12)).next_change_at == at(2, 12) + MICROSECOND

    @pytest.mark.parametrize(
        ("rule", "due", "elapsed", "verdict", "breached"),
        [
            # Two hours were up at 11:00, and that stays in history; six are counted at 15:00.
            ("keep", at(2, 15), 4, "breached", at(2, 11)),
            # From noon, five hours on Monday, and one on Tuesday.
            ("restart", at(3, 10), 1, "breached", at(2, 11)),
            # As if there had been six from the start.
            ("retroactive", at(2, 15), 4, "undecided", None),
        ],
    )
    def test_from_two_hours_to_six(
        self, rule: str, due: datetime, elapsed: int, verdict: str, breached: datetime | None
    ) -> None:
        clock = self.clock("2h", "6h", rule, at(2, 13))
        assert (clock.due_at, clock.elapsed, clock.verdict, clock.breached_at) == (
            due, elapsed * HOUR, verdict, breached,
        )  # fmt: skip

    def test_what_a_restart_discards_is_in_the_ledger_and_counts_nothing(self) -> None:
        clock = self.clock("6h", "2h", "restart", at(2, 13))
        rows = [row for row in clock.ledger() if not row.span.is_empty]
        states = [(row.state, row.span.duration, row.counted) for row in rows]
        assert states[0] == ("discarded", 3 * HOUR, timedelta())
        assert sum((counted for _, _, counted in states), timedelta()) == HOUR
        assert clock.not_counted == 3 * HOUR

    @pytest.mark.parametrize(
        ("rule", "warned"),
        [
            # One hour, an hour and a half, and 1:48 of the two: none before the change, none forgotten.
            ("keep", [at(2, 12)] * 3),
            ("restart", [at(2, 13), at(2, 13, 30), at(2, 13, 48)]),
            ("retroactive", [at(2, 10), at(2, 10, 30), at(2, 10, 48)]),
        ],
    )
    def test_its_warnings(self, rule: str, warned: list[datetime]) -> None:
        clock = self.clock("6h", "2h", rule, at(2, 12))
        assert [(one.at, one.passed) for one in clock.warnings] == [(when, when <= at(2, 12)) for when in warned]

    def test_the_same_target_again_is_no_other(self) -> None:
        for rule in ("keep", "restart", "retroactive"):
            clock = self.clock("6h", "6h", rule, at(2, 13))
            assert (clock.due_at, clock.elapsed, clock.retargeted) == (at(2, 15), 4 * HOUR, ())

    def test_a_target_in_days_keeps_what_was_counted(self) -> None:
        # From one business day (due on Tuesday at 09:00) to two (on Wednesday), with an hour of pause before.
        rules = policy(
            {"resolution": "1 business day"},
            rules=[{"when": {"priority": "urgent"}, "targets": {"resolution": "2 business days"}}],
        )
        waited = [event(at(2, 10), "pause"), event(at(2, 11), "resume")]
        assert rules.evaluate(ticket(at(2, 9), *waited), at=at(2, 13))["resolution"].due_at == at(3, 10)
        clock = rules.evaluate(ticket(at(2, 9), *waited, self.urgent), at=at(2, 13))["resolution"]
        assert (clock.due_at, clock.elapsed, clock.paused) == (at(4, 10), 3 * HOUR, HOUR)

    @pytest.mark.parametrize(
        ("rule", "due", "elapsed"),
        [
            # The office counts an hour until 10:00, the long day seven more from then on.
            ("keep", at(2, 17), 2),
            ("restart", at(2, 18), 1),
            ("retroactive", at(2, 16), 3),
        ],
    )
    def test_another_calendar(self, rule: str, due: datetime, elapsed: int) -> None:
        rules = policy(
            {"resolution": "8h"},
            calendars={"long": {"zone": "UTC", "hours": {"mon-fri": "08:00-22:00"}}},
            rules=[{"when": {"plan": "gold"}, "calendar": "long"}],
            retarget=rule,
        )
        upgraded = event(at(2, 10), "attribute", name="plan", value="gold")
        clock = rules.evaluate(ticket(at(2, 8), upgraded), at=at(2, 11))["resolution"]
        assert (clock.due_at, clock.elapsed) == (due, elapsed * HOUR)

    def test_no_target_any_more_cancels_it(self) -> None:
        rules = policy(
            {"resolution": "6h"}, rules=[{"when": {"priority": "urgent"}, "targets": {"resolution": "none"}}]
        )
        clock = rules.evaluate(self.asked, at=at(2, 13))["resolution"]
        assert (clock.phase, clock.verdict, clock.elapsed) == ("cancelled", "undecided", 3 * HOUR)


class TestWhatIsCompared:
    """Two hours from Monday at 15:00 are up at closing, at 17:00."""

    @pytest.mark.parametrize(
        ("answered", "instant", "business"),
        [
            (at(2, 17), ("met", None), ("met", None)),
            (at(2, 20), ("breached", at(2, 17)), ("met", None)),  # nobody was there between
            (at(3, 9), ("breached", at(2, 17)), ("met", None)),
            (at(3, 9) + MICROSECOND, ("breached", at(2, 17)), ("breached", at(3, 9))),
        ],
    )
    def test_an_answer_in_closed_hours(
        self,
        answered: datetime,
        instant: tuple[str, datetime | None],
        business: tuple[str, datetime | None],
    ) -> None:
        asked = ticket(at(2, 15), event(answered, "respond"))
        for compare, expected in (("instant", instant), ("business_time", business)):
            for rules in (
                policy({"response": "2h"}, compare=compare),
                policy({"response": "2h"}, clocks={"response": {"compare": compare}}),
            ):
                clock = rules.evaluate(asked, at=at(4, 0))["response"]
                assert (clock.verdict, clock.breached_at) == expected
                assert clock.due_at == at(2, 17)

    def test_while_it_runs_the_scheduler_is_woken_for_it(self) -> None:
        for compare, change in (("instant", at(2, 17)), ("business_time", at(3, 9))):
            rules = policy({"response": "2h"}, compare=compare, warnings=[])
            clock = rules.evaluate(ticket(at(2, 15)), at=at(2, 16))["response"]
            assert clock.next_change_at == change + MICROSECOND


class TestPauses:
    def test_a_paused_clock_can_be_late_if_it_was_due_before(self) -> None:
        rules = policy({"response": "2h"})
        paused = ticket(at(2, 9), event(at(2, 11), "pause"))
        clock = rules.evaluate(paused, at=at(2, 12))["response"]
        assert (clock.phase, clock.verdict, clock.due_at) == ("paused", "breached", at(2, 11))
        assert rules.evaluate(paused, at=at(2, 11))["response"].verdict == "undecided"
        # A microsecond earlier there is still one left, so it is not due while it waits.
        paused = ticket(at(2, 9), event(at(2, 11) - MICROSECOND, "pause"))
        clock = rules.evaluate(paused, at=at(2, 12))["response"]
        assert (clock.verdict, clock.due_at, clock.remaining) == ("undecided", None, MICROSECOND)

    def test_what_waits_for_two_waits_until_both_are_done(self) -> None:
        waits = [
            event(at(2, 10), "pause", reason="customer"),
            event(at(2, 11), "pause", reason="vendor"),
            event(at(2, 12), "resume", reason="customer"),
            event(at(2, 13), "resume", reason="vendor"),
        ]
        clock = policy({"response": "2h"}).evaluate(ticket(at(2, 9), *waits), at=at(2, 13))["response"]
        assert (clock.paused, clock.elapsed, clock.due_at) == (3 * HOUR, HOUR, at(2, 14))

    def test_only_some_waits_pause(self) -> None:
        rules = policy({"response": "2h"}, clocks={"response": {"pause": [{"paused": "customer"}]}})
        for reason, due in (("customer", None), ("vendor", at(2, 11))):
            asked = ticket(at(2, 9), event(at(2, 10), "pause", reason=reason))
            assert rules.evaluate(asked, at=at(2, 10, 30))["response"].due_at == due

    @pytest.mark.parametrize(
        ("pause", "resume", "due"),
        [
            (at(3, 10), at(3, 12), at(9, 11, 30)),
            (at(7, 0), at(9, 0), at(9, 9, 30)),  # Saturday and Sunday
            (at(6, 17), at(9, 9), at(9, 9, 30)),
            (at(6, 16), at(9, 9), at(9, 10, 30)),  # an hour of Friday
            # A whole day of eight hours: seven and a half are left of Monday, so it is half an hour into Tuesday.
            (at(3, 9), at(3, 17), at(10, 9, 30)),
            (at(2, 9, 30), at(2, 9, 31), at(9, 9, 31)),
        ],
    )
    def test_five_days_move_on_by_the_open_time_of_a_pause(
        self, pause: datetime, resume: datetime, due: datetime
    ) -> None:
        rules = policy({"response": "5 business days"})
        opened = at(2, 9, 30)
        assert rules.evaluate(ticket(opened), at=opened)["response"].due_at == at(9, 9, 30)
        paused = ticket(opened, event(pause, "pause"))
        assert rules.evaluate(paused, at=pause)["response"].due_at is None
        found = rules.evaluate(paused.with_events(event(resume, "resume")), at=resume)["response"]
        assert found.due_at == due

    def test_elapsed_time_and_calendar_days_run_on_at_night(self) -> None:
        rules = policy({"response": "24h elapsed", "resolution": "2 calendar days"})
        waits = [event(at(2, 20), "pause"), event(at(2, 23), "resume")]
        status = rules.evaluate(ticket(at(2, 18), *waits), at=at(3, 0))
        assert status["response"].due_at == at(3, 21)
        assert status["resolution"].due_at == at(4, 21)
        assert status["response"].elapsed == 3 * HOUR


class TestWarnings:
    def test_they_are_rounded_up_to_the_microsecond(self) -> None:
        # 3,600,000,001 microseconds: half is 1,800,000,000.5, three quarters 2,700,000,000.75, 90% 3,240,000,000.9.
        rules = policy({"response": HOUR + MICROSECOND}, calendar="always")
        clock = rules.evaluate(ticket(at(2, 9)), at=at(2, 9))["response"]
        assert [(one.share.fraction, one.at, one.passed) for one in clock.warnings] == [
            (Fraction(1, 2), at(2, 9, 30) + MICROSECOND, False),
            (Fraction(3, 4), at(2, 9, 45) + MICROSECOND, False),
            (Fraction(9, 10), at(2, 9, 54) + MICROSECOND, False),
        ]
        assert clock.next_change_at == at(2, 9, 30) + MICROSECOND
        later = rules.evaluate(ticket(at(2, 9)), at=at(2, 9, 30) + MICROSECOND)["response"]
        assert [one.passed for one in later.warnings] == [True, False, False]
        assert later.next_change_at == at(2, 9, 45) + MICROSECOND

    def test_they_are_shares_of_open_time(self) -> None:
        clock = policy({"response": "4h"}).evaluate(ticket(at(2, 15)), at=at(3, 10))["response"]
        # Two hours at closing, three on Tuesday at 10:00, three hours and 36 minutes at 10:36.
        assert [(one.at, one.passed) for one in clock.warnings] == [
            (at(2, 17), True),
            (at(3, 10), True),
            (at(3, 10, 36), False),
        ]

    def test_a_pause_makes_them_unknown_and_then_later(self) -> None:
        rules = policy({"response": "4h"})
        paused = ticket(at(2, 9), event(at(2, 12), "pause"))
        clock = rules.evaluate(paused, at=at(2, 13))["response"]
        assert [(one.at, one.passed) for one in clock.warnings] == [(at(2, 11), True), (at(2, 12), True), (None, False)]
        clock = rules.evaluate(paused.with_events(event(at(2, 14), "resume")), at=at(2, 14))["response"]
        assert clock.warnings[2].at == at(2, 14, 36)

    def test_a_policy_or_a_clock_names_others(self) -> None:
        rules = policy(
            {"response": "4h", "resolution": "4h"},
            warnings=["25%"],
            clocks={"resolution": {"warnings": ["100%", "1/4"]}},
        )
        status = rules.evaluate(ticket(at(2, 9)), at=at(2, 9))
        assert [one.at for one in status["response"].warnings] == [at(2, 10)]
        assert [one.at for one in status["resolution"].warnings] == [at(2, 10), at(2, 13)]

    def test_the_scheduler_wakes_at_each_and_at_the_breach_and_no_more(self) -> None:
        rules = policy({"response": "4h"})
        asked = ticket(at(2, 15))
        woken: list[datetime] = []
        when: datetime | None = at(2, 15)
        while when is not None and len(woken) < 10:
            when = rules.evaluate(asked, at=when).next_change_at
            woken += [when] if when else []
        assert woken == [at(2, 17), at(3, 10), at(3, 10, 36), at(3, 11) + MICROSECOND]
        # A ticket that is opened later changes when it is opened.
        assert rules.evaluate(asked, at=at(1, 0)).next_change_at == at(2, 15)

    def test_what_is_answered_changes_no_more(self) -> None:
        status = policy({"response": "4h"}).evaluate(ticket(at(2, 9), event(at(2, 10), "respond")), at=at(2, 10))
        assert status.next_change_at is None
        assert [(one.at, one.passed) for one in status["response"].warnings] == [(None, False)] * 3


class TestLatestStart:
    def test_work_that_must_still_fit(self) -> None:
        clock = policy({"response": "4h"}).evaluate(ticket(at(2, 15)), at=at(2, 15))["response"]
        assert clock.due_at == at(3, 11)
        assert clock.latest_start_at == at(2, 15)
        assert clock.latest_start("3h") == at(2, 16)
        assert clock.latest_start("2h") == at(3, 9)  # and not at the closing before
        assert clock.latest_start(timedelta(minutes=45)) == at(3, 10, 15)
        assert clock.latest_start("0h") == at(3, 11)

    def test_while_it_waits_nobody_knows(self) -> None:
        paused = ticket(at(2, 9), event(at(2, 10), "pause"))
        clock = policy({"response": "4h"}).evaluate(paused, at=at(2, 10))["response"]
        assert (clock.latest_start_at, clock.latest_start("1h")) == (None, None)


class TestVersions:
    """Six hours to answer; from Tuesday the 3rd on, three. Opened on Monday at 15:00."""

    changed = [{"from_date": "2026-03-03", "tiers": {"desk": {"targets": {"response": "3h"}}}}]  # noqa: RUF012
    asked = ticket(at(2, 15))

    def test_a_ticket_keeps_the_version_in_which_it_was_opened(self) -> None:
        rules = policy({"response": "6h"}, versions=self.changed)
        assert rules.evaluate(self.asked, at=at(3, 9))["response"].due_at == at(3, 13)
        assert rules.evaluate(ticket(at(3, 9)), at=at(3, 9))["response"].due_at == at(3, 12)
        assert rules.deadline("desk", at(2, 15)) == at(3, 13)
        assert rules.deadline("desk", at(3, 9)) == at(3, 12)

    def test_or_each_version_holds_from_its_date_on(self) -> None:
        rules = policy({"response": "6h"}, versions=self.changed, straddling="change")
        before = rules.evaluate(self.asked, at=at(2, 16))
        assert before["response"].due_at == at(3, 13)
        assert before.next_change_at == at(3, 0)
        after = rules.evaluate(self.asked, at=at(3, 0))
        # Two hours were counted on Monday, so one is left.
        assert after["response"].due_at == at(3, 10)
        assert str(after["response"].target) == "3h"

    def test_a_date_begins_in_the_zone_of_the_policy(self) -> None:
        rules = policy({"response": "6h"}, versions=self.changed, straddling="change", zone="Europe/Rome")
        assert rules.evaluate(self.asked, at=at(2, 16)).next_change_at == at(2, 23)
        assert str(rules.effective(at(2, 23)).tier("desk").target().within) == "3h"
        assert str(rules.effective(at(2, 23) - MICROSECOND).tier("desk").target().within) == "6h"

    def test_the_next_change_is_that_of_the_first_version_that_changes_anything(self) -> None:
        other = {"lab": {"calendar": "office", "targets": {"response": "9h"}}}
        rules = policy(
            {"response": "6h"},
            tiers=other,
            straddling="change",
            versions=[
                {"from_date": "2026-04-01", "tiers": {"lab": {"targets": {"response": "8h"}}}},
                {"from_date": "2026-05-01", "tiers": {"desk": {"targets": {"response": "3h"}}}},
            ],
        )
        late = rules.evaluate(self.asked, at=at(20, 9))
        assert str(late["response"].target) == "6h"
        may = datetime(2026, 5, 1, tzinfo=UTC)
        assert str(rules.evaluate(self.asked, at=may)["response"].target) == "3h"
        assert late.next_change_at == may

    def test_versions_build_on_one_another(self) -> None:
        rules = policy(
            {"response": "6h", "resolution": "20h"},
            versions=[
                *self.changed,
                {"from_date": "2026-03-04", "tiers": {"desk": {"targets": {"resolution": "none"}}}},
            ],
        )
        names = {
            day: [f"{one.name} {one.within}" for one in rules.effective(at(day, 12)).tier("desk").targets]
            for day in (2, 3, 4)
        }
        assert names == {
            2: ["response 6h", "resolution 20h"],
            3: ["response 3h", "resolution 20h"],
            4: ["response 3h"],
        }


class TestCustomers:
    rules = policy(
        {"response": "6h", "resolution": "20h"},
        calendars={"long": {"zone": "UTC", "hours": {"mon-fri": "08:00-22:00"}}},
        rules=[{"when": {"priority": "urgent"}, "targets": {"response": "3h"}}],
        customers={
            "gold": {"tiers": {"desk": {"calendar": "long"}}},
            "acme": {
                "base": "gold",
                "tiers": {"desk": {"targets": {"resolution": "none"}}},
                "rules": [{"when": {"priority": "urgent"}, "targets": {"response": "1h"}}],
            },
            "acme-us": {"base": "acme", "tiers": {"desk": {"targets": {"response": "2h"}}}},
        },
        versions=[{"from_date": "2026-03-10", "tiers": {"desk": {"targets": {"response": "5h"}}}}],
    )

    @pytest.mark.parametrize(
        ("customer", "priority", "due"),
        [
            (None, None, {"response": at(2, 15), "resolution": at(4, 13)}),  # 6 of 8 hours; 8, 8 and 4
            ("nobody", None, {"response": at(2, 15), "resolution": at(4, 13)}),
            (None, "urgent", {"response": at(2, 12), "resolution": at(4, 13)}),
            # From 09:00 to 22:00 are 13 hours; the other seven are on Tuesday from 08:00.
            ("gold", None, {"response": at(2, 15), "resolution": at(3, 15)}),
            ("gold", "urgent", {"response": at(2, 12), "resolution": at(3, 15)}),
            ("acme", None, {"response": at(2, 15)}),
            ("acme", "urgent", {"response": at(2, 10)}),  # its own rule comes first
            ("acme-us", None, {"response": at(2, 11)}),
            ("acme-us", "urgent", {"response": at(2, 10)}),
        ],
    )
    def test_each_has_what_its_chain_of_bases_says(
        self, customer: str | None, priority: str | None, due: dict[str, datetime]
    ) -> None:
        known = {key: value for key, value in (("customer", customer), ("priority", priority)) if value}
        status = self.rules.evaluate(ticket(at(2, 9), **known), at=at(2, 9))
        assert {one.name: one.due_at for one in status} == due

    def test_a_version_reaches_the_customers_too(self) -> None:
        def within(customer: str, day: int) -> str:
            return str(self.rules.effective(at(day, 12), customer=customer).tier("desk").target("response").within)

        assert [within(name, 9) for name in ("gold", "acme", "acme-us")] == ["6h", "6h", "2h"]
        assert [within(name, 10) for name in ("gold", "acme", "acme-us")] == ["5h", "5h", "2h"]

    def test_the_attribute_that_names_them_is_of_choice(self) -> None:
        rules = policy(
            {"response": "6h"},
            customer_attribute="account",
            customers={"17": {"tiers": {"desk": {"targets": {"response": "1h"}}}}},
        )
        assert rules.evaluate(ticket(at(2, 9), account=17), at=at(2, 9))["response"].due_at == at(2, 10)
        assert rules.evaluate(ticket(at(2, 9), customer=17), at=at(2, 9))["response"].due_at == at(2, 15)

    def test_what_a_customer_excludes_counts_for_nothing(self) -> None:
        rules = policy(
            {"response": "6h"},
            exclusions=[{"when": {"channel": "spam"}, "reason": "spam"}],
            customers={"acme": {"exclusions": [{"when": {"channel": "test"}, "reason": "their tests"}]}},
        )
        tickets = [
            ticket(
                at(2, 9), event(at(2, 10), "respond"), name=f"{customer}-{channel}", customer=customer, channel=channel
            )
            for customer in ("acme", "beta")
            for channel in ("mail", "spam", "test")
        ]
        figure = sla.report(rules, log_of(*tickets), at=at(3, 0)).compliance.tier("desk")
        assert {one.id: one.reason for one in figure.excluded} == {
            "acme-spam": "spam",
            "acme-test": "their tests",
            "beta-spam": "spam",
        }
        assert {one.id for one in figure.met} == {"acme-mail", "beta-mail", "beta-test"}


class TestRules:
    def test_the_first_that_matches_and_says_so_decides(self) -> None:
        rules = policy(
            {"response": "6h", "resolution": "20h"},
            rules=[
                {"when": {"priority": "urgent", "plan": "gold"}, "targets": {"response": "1h"}},
                {"when": {"priority": ["urgent", "high"]}, "targets": {"response": "2h", "resolution": "none"}},
                {"when": {"plan": {"not": "gold"}}, "targets": {"response": "8h"}},
                {"when": {"region": {"set": False}}, "calendar": "always"},
                {"when": {"plan": "gold"}, "targets": {"response": "30m"}},
            ],
        )

        def promised(**known: Any) -> dict[str, str]:
            status = rules.evaluate(ticket(at(2, 9), region="eu", **known), at=at(2, 9))
            return {one.name: str(one.target) for one in status}

        assert promised(priority="urgent", plan="gold") == {"response": "1h"}
        assert promised(priority="high", plan="gold") == {"response": "2h"}
        assert promised(plan="gold") == {"response": "30m", "resolution": "20h"}
        assert promised(plan="silver") == {"response": "8h", "resolution": "20h"}
        assert promised() == {"response": "8h", "resolution": "20h"}
        anywhere = rules.evaluate(ticket(at(2, 15), plan="gold"), at=at(2, 15))["resolution"]
        assert anywhere.due_at == at(3, 11)  # all hours count where no region is set

    def test_they_give_a_tier_to_those_that_have_none(self) -> None:
        rules = policy(
            {"response": "6h"},
            tiers={"lab": {"calendar": "office", "targets": {"response": "1h"}}},
            rules=[{"when": {"vip": True}, "tier": "lab"}, {"when": {}, "tier": "desk"}],
        )
        assert rules.evaluate(ticket(at(2, 9), tier=None, vip=True), at=at(2, 9)).tier == "lab"
        assert rules.evaluate(ticket(at(2, 9), tier=None), at=at(2, 9)).tier == "desk"
        # A tier that is named stays.
        assert rules.evaluate(ticket(at(2, 9), vip=True), at=at(2, 9)).tier == "desk"


def outcome(name: str, hours: int, *, verdict: sla.tickets.Verdict = "met", month: int = 3) -> sla.Outcome:
    opened = datetime(2026, month, 2, 9, tzinfo=UTC)
    stopped = opened + hours * HOUR
    return sla.Outcome(name, "desk", "response", opened, opened + HOUR, stopped, verdict, elapsed=hours * HOUR)


class TestCompliance:
    def test_what_is_not_decided_is_counted_apart(self) -> None:
        rules = policy(
            {"response": "2h"},
            tiers={"lab": {"calendar": "office", "targets": {"response": "2h"}}},
            exclusions=[{"when": {"channel": "spam"}, "reason": "spam"}],
        )
        tickets = [
            ticket(at(2, 9), event(at(2, 10), "respond"), name="met"),
            ticket(at(2, 9), event(at(2, 12), "respond"), name="breached"),
            ticket(at(2, 15, 30), name="running"),
            ticket(at(2, 9), event(at(2, 10), "pause"), name="paused"),
            ticket(at(2, 9), event(at(2, 10), "hand_off", to="lab"), name="handed_off"),
            ticket(at(2, 9), event(at(2, 12), "hand_off", to="lab"), name="handed_off_late"),
            ticket(at(2, 9), event(at(2, 12), "respond"), name="spam", channel="spam"),
            ticket(at(2, 9), event(at(2, 10), "cancel"), name="cancelled"),
        ]
        found = sla.report(rules, log_of(*tickets), at=at(2, 16))
        figure = found.compliance.tier("desk")
        kinds = {
            kind: [one.id for one in getattr(figure, kind)]
            for kind in ("met", "breached", "running", "paused", "handed_off", "excluded")
        }
        assert kinds == {
            "met": ["met"],
            "breached": ["breached", "handed_off_late"],
            "running": ["running"],
            "paused": [],
            "handed_off": ["handed_off"],
            "excluded": ["spam", "cancelled"],
        }
        # What waits is due at no instant that is known.
        assert [one.id for one in found.compliance.unattributed] == ["paused"]
        by_opening = sla.report(rules, log_of(*tickets), at=at(2, 16), attribute="opened").compliance.tier("desk")
        assert [one.id for one in by_opening.paused] == ["paused"]
        assert (figure.share, figure.decided) == (sla.Share(1, 3), 3)

    @pytest.mark.parametrize(
        ("goal", "verdict", "spare", "needed"),
        [
            # 18 of 20. With 20 more met it is 38 of 40, which is 95%; of 18 met, 95% bear 18 decided, two fewer.
            ("95%", "missed", -2, 20),
            ("90%", "met", 0, 0),
            # One more breach is 18 of 21, 85.7%; two are 18 of 22, 81.8%.
            ("85%", "met", 1, 0),
            ("100%", "missed", -2, None),
            ("0%", "met", None, 0),
        ],
    )
    def test_a_goal(self, goal: str, verdict: str, spare: int | None, needed: int | None) -> None:
        some = [outcome(f"M{number}", 1) for number in range(18)]
        some += [outcome(f"B{number}", 2, verdict="breached") for number in range(2)]
        (figure,) = sla.compliance(some).figures
        found = figure.against(goal)
        assert (found.verdict, found.spare, found.needed) == (verdict, spare, needed)
        assert found.share == sla.Share(9, 10)

    def test_of_nothing_no_goal_is_met(self) -> None:
        (figure,) = sla.compliance([], tiers=[("desk", "response")]).figures
        assert (figure.share, figure.against("95%").verdict, figure.percentile("50%")) == (None, "undecided", None)

    def test_percentiles_are_by_nearest_rank(self) -> None:
        (figure,) = sla.compliance([outcome(f"T{hours}", hours) for hours in (7, 3, 10, 1, 9, 5, 2, 8, 4, 6)]).figures
        found = {share: figure.percentile(share) // HOUR for share in ("1%", "10%", "11%", "50%", "90%", "91%", "100%")}
        assert found == {"1%": 1, "10%": 1, "11%": 2, "50%": 5, "90%": 9, "91%": 10, "100%": 10}
        for wrong in ("0%", "101%"):
            with pytest.raises(sla.InvalidAmount, match="no percentile"):
                figure.percentile(wrong)

    def test_the_worst_are_late_by_the_most_open_time(self) -> None:
        late = [
            replace(outcome(name, 2, verdict="breached"), late_open_time=open_time * HOUR, late_by=wall * HOUR)
            for name, open_time, wall in (("a", 1, 90), ("b", 3, 3), ("c", 1, 2), ("d", 2, 2))
        ]
        (figure,) = sla.compliance(late).figures
        assert [one.id for one in figure.worst()] == ["b", "d", "a", "c"]
        assert [one.id for one in figure.worst(2)] == ["b", "d"]

    def test_the_change_from_the_month_before(self) -> None:
        some = [outcome("a", 1), outcome("b", 2, verdict="breached")]
        some += [outcome(name, 1, month=4) for name in ("c", "d", "e")]
        some += [outcome("f", 2, verdict="breached", month=4)]
        march, april = (
            sla.compliance(some, period=sla.Month(2026, month, zone="UTC"), tiers=[("desk", "response"), ("lab", "x")])
            for month in (3, 4)
        )
        desk, lab = april.change_from(march)
        # A half, and three quarters.
        assert (desk.before, desk.after, desk.points) == (sla.Share(1, 2), sla.Share(3, 4), Fraction(1, 4))
        assert march.change_from(april)[0].points == Fraction(-1, 4)
        assert (lab.before, lab.after, lab.points) == (None, None, None)

    def test_a_report_of_a_month_knows_its_neighbours(self) -> None:
        months = [datetime(2026, month, 2, 9, tzinfo=UTC) for month in (3, 4, 6)]
        tickets = [
            ticket(opened, event(opened + hours * HOUR, "respond"), name=f"{opened.month}-{hours}")
            for opened, hours in ((months[0], 1), (months[0], 3), (months[1], 1), (months[2], 1))
        ]
        found = sla.report(
            policy({"response": "2h"}),
            log_of(*tickets),
            period=sla.Month(2026, 4, zone="UTC"),
            at=datetime(2026, 7, 1, tzinfo=UTC),
        )
        assert found.before is not None
        assert found.after is not None
        shares = [one.tier("desk").share for one in (found.before, found.compliance, found.after)]
        assert shares == [sla.Share(1, 2), sla.Share(1, 1), None]
        (change,) = found.changes
        assert change.points == Fraction(1, 2)
        assert sorted(one.id for one in found.compliance.outside) == ["3-1", "3-3", "6-1"]


class TestWhatIf:
    def test_four_hours_against_two(self) -> None:
        data = MAXONY.to_data()
        data["name"] = "Two hours"
        data["tiers"]["first_level"]["targets"] = {"response": "2h"}
        strict = sla.Policy.from_data(data)
        log = sla.read_log(
            "id,tier,opened_at,stopped_at\n"
            "both,first_level,2026-03-02T08:00:00Z,2026-03-02T10:00:00Z\n"  # two hours: in time under both
            "flip,first_level,2026-03-02T08:00:00Z,2026-03-02T11:00:00Z\n"  # three hours
            "night,first_level,2026-03-31T20:00:00Z,2026-04-01T07:30:00Z\n"  # three and a half, over the night
            "none,first_level,2026-03-02T08:00:00Z,2026-03-02T13:00:00Z\n"  # five hours: late under both
            "open,first_level,2026-04-29T08:00:00Z,\n"  # three hours until 11:00, and still open
            "other,legal,2026-03-02T08:00:00Z,2026-03-02T09:00:00Z\n"
        )
        found = sla.what_if(log, MAXONY, strict, at=datetime(2026, 4, 29, 11, tzinfo=UTC))
        flips = {one.before.id: (one.before.verdict, one.after.verdict, one.due_moved_by) for one in found.flips}
        assert flips == {
            "night": ("met", "breached", -10 * HOUR),  # due at 08:00 on Wednesday, or at 22:00 on Tuesday
            "flip": ("met", "breached", -2 * HOUR),
            "open": ("undecided", "breached", -2 * HOUR),
        }
        assert next(one.before.id for one in found.flips) == "night"  # the largest move comes first
        assert (found.compared, found.moved) == (6, 5)
        assert (found.only_before, found.only_after) == ((), ())
        late = next(one for one in found.flips if one.before.id == "night").after
        assert (late.late_by, late.late_open_time) == (9.5 * HOUR, 1.5 * HOUR)  # 22:00 to 23:00, and 07:00 to 07:30
        changes = {(one.labels[0][1], one.labels[2][1]): (one.before, one.after) for one in found.changes}
        # `night` is due in April, or in March.
        assert changes == {
            ("first_level", "2026-03"): (sla.Share(2, 3), sla.Share(1, 4)),
            ("first_level", "2026-04"): (sla.Share(1, 1), sla.Share(0, 1)),
            ("legal", "2026-03"): (sla.Share(1, 1), sla.Share(1, 1)),
        }

    def test_cycles_that_only_one_policy_has(self) -> None:
        one, two = policy({"response": "2h"}), policy({"response": "2h", "resolution": "4h"})
        log = log_of(ticket(at(2, 9), event(at(2, 10), "solve")))
        found = sla.what_if(log, one, two, at=at(3, 0))
        assert ([one.target for one in found.only_before], [one.target for one in found.only_after]) == (
            [], ["resolution"],
        )  # fmt: skip
        assert found.compared == 1
        back = sla.what_if(log, two, one, at=at(3, 0))
        assert [one.target for one in back.only_before] == ["resolution"]


def kinds(found: Iterable[sla.Finding]) -> list[tuple[str, str]]:
    return [(one.kind, one.where) for one in found]


class TestCheck:
    now = at(2, 9)

    def test_a_sound_policy(self) -> None:
        assert kinds(sla.check_policy(policy({"response": "2h"}, calendars={}, calendar="office"), at=self.now)) == [
            ("unused_calendar", "calendars.always")
        ]

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (
                {
                    "calendars": {"never": {"difference": ["office", "office"]}},
                    "tiers": {"lab": {"calendar": "never", "targets": {"response": "1h", "resolution": "1h elapsed"}}},
                },
                [("never_opens", "calendars.never"), ("never_due", "tiers.lab.targets.response")],
            ),
            (
                {"tiers": {"lab": {"calendar": "office", "targets": {"response": "0h"}}}},
                [("never_met", "tiers.lab.targets.response")],
            ),
            (
                {"tiers": {"lab": {"calendar": "office", "targets": {"respnse": "1h"}}}},
                [("no_clock", "tiers.lab.targets.respnse")],
            ),
            (
                {
                    "rules": [
                        {"when": {"plan": ["gold", "silver"]}, "targets": {"response": "1h"}},
                        {"when": {"plan": "gold", "vip": True}, "targets": {"response": "30m"}},
                    ]
                },
                [("shadowed", "rules[1]")],
            ),
            (
                {
                    "rules": [
                        {"when": {"plan": "gold"}, "targets": {"response": "1h"}},
                        {"when": {"vip": True}, "targets": {"response": "30m"}},
                        {"when": {"plan": "silver"}, "targets": {"response": "3h"}},
                        {"when": {"plan": "silver"}, "calendar": "office"},
                    ]
                },
                # Gold and silver exclude each other; a silver ticket that is a vip's matches two.
                [("overlapping", "rules[1]"), ("overlapping", "rules[2]")],
            ),
            (
                {
                    "rules": [
                        {"when": {"plan": "gold", "vip": True}, "targets": {"response": "1h"}},
                        {"when": {"plan": "gold"}, "targets": {"response": "2h"}},
                        {"when": {}, "targets": {"response": "3h"}},
                    ]
                },
                [],  # from the narrow to the broad, which is what order is for
            ),
            (
                {
                    "calendars": {"never": {"difference": ["office", "office"]}},
                    "customers": {"acme": {"tiers": {"desk": {"calendar": "never"}}}},
                },
                [
                    ("never_opens", "calendars.never"),
                    ("no_coverage", "customers.acme.tiers.desk"),
                    ("never_due", "customers.acme.tiers.desk.targets.response"),
                ],
            ),
            (
                {"calendars": {"always": {"zone": "GMT+1", "hours": {"mon": "09:00-17:00"}}}},
                [("fixed_offset", "calendars.always.zone")],
            ),
            # An offset that no zone keeps in winter is meant as it is written.
            ({"calendars": {"always": {"zone": "+05:30", "hours": {"mon": "09:00-17:00"}}}}, []),
        ],
    )
    def test_what_is_odd(self, given: dict[str, Any], expected: list[tuple[str, str]]) -> None:
        given = {
            "calendar": "office",
            **given,
            "rules": [*given.get("rules", []), {"when": {"x": 1}, "calendar": "always"}],
        }
        found = sla.check_policy(policy({"response": "2h"}, **given), at=self.now)
        # The rule for `always`, which is there so that it is used, overlaps whatever else names a calendar.
        assert [one for one in kinds(found) if one != ("overlapping", f"rules[{len(given['rules']) - 1}]")] == expected
        assert all(one.remedy and one.text for one in found)

    def test_a_calendar_that_only_a_customer_or_a_version_uses_is_used(self) -> None:
        long = {"zone": "UTC", "hours": {"mon-fri": "08:00-22:00"}}
        change = {"tiers": {"desk": {"calendar": "always"}}}
        for overlay in (
            {"customers": {"acme": change}},
            {"versions": [{"from_date": "2027-01-01", **change}]},
        ):
            assert kinds(sla.check_policy(policy({"response": "2h"}, **overlay), at=self.now)) == []
            more = policy({"response": "2h"}, calendars={"long": long}, **overlay)
            assert kinds(sla.check_policy(more, at=self.now)) == [("unused_calendar", "calendars.long")]

    def test_a_customer_with_rules_about_tiers_is_looked_at_as_the_others(self) -> None:
        rules = policy(
            {"response": "2h"},
            calendars={"office": OFFICE},
            customers={"acme": {"rules": [{"when": {"tier": "desk"}, "calendar": "always"}]}},
        )
        assert [one for one in kinds(sla.check_policy(rules, at=self.now)) if one[0] != "unused_calendar"] == []

    def test_tickets_that_nobody_takes(self) -> None:
        rules = policy({"response": "2h"}, rules=[{"when": {"vip": True}, "tier": "desk", "calendar": "always"}])
        log = log_of(
            ticket(at(2, 9), name="moon", tier="moon"),
            ticket(at(2, 9), name="vip", tier=None, vip=True),
            ticket(at(2, 9), name="lost", tier=None, customer="acme"),
            ticket(at(2, 9), name="known"),
        )
        found = sla.check_policy(rules, at=self.now, log=log)
        assert kinds(found) == [("unknown_tier", "tiers"), ("no_tier", "rules"), ("no_coverage", "customers.acme")]
        tier, no_tier, customer = found
        assert "1 tickets of the log are of the tier 'moon'" in tier.text
        assert "'lost'" in no_tier.text
        assert "1 tickets of the customer 'acme'" in customer.text
        # They are those that cannot be evaluated.
        assert {one.ticket_id for one in rules.evaluate_all(log.tickets, at=at(2, 10)).problems} == {"moon", "lost"}

    def test_rules_of_a_customer_take_its_tickets(self) -> None:
        rules = policy(
            {"response": "2h"}, customers={"acme": {"rules": [{"when": {}, "tier": "desk", "calendar": "always"}]}}
        )
        log = log_of(ticket(at(2, 9), name="A", tier=None, customer="acme"))
        assert rules.evaluate_all(log.tickets, at=at(2, 10)).problems == ()
        found = [one for one in kinds(sla.check_policy(rules, at=self.now, log=log)) if one[0] != "unused_calendar"]
        assert found == []

    def test_fixed_offsets_are_read_both_ways(self) -> None:
        july = [datetime(2026, 7, 1, hour, minute, tzinfo=UTC) for hour, minute in ((6, 30), (10, 45))]
        log = log_of(ticket(july[0], event(july[1], "respond"), tier="first_level"))
        found = sla.check_policy(MAXONY, at=datetime(2026, 8, 1, tzinfo=UTC), log=log)
        assert kinds(found) == [
            ("fixed_offset", "calendars.europe.zone"),
            ("fixed_offset", "calendars.america.zone"),
        ]
        assert found.readings is not None
        (flip,) = found.readings.flips
        # By GMT+1 the day begins at 07:00 UTC, and four hours are up at 11:00; in Zurich an hour earlier, so at 10:30.
        assert (flip.before.due_at, flip.before.verdict) == (july[0].replace(hour=11, minute=0), "met")
        assert (flip.after.due_at, flip.after.verdict) == (july[0].replace(hour=10, minute=30), "breached")
        civil = sla.in_civil_time(MAXONY)
        assert {one.name: one.zone for one in civil.calendars if one.name != "support"} == {
            "europe": "Europe/Zurich",
            "america": "America/Chicago",
        }
        assert civil.deadline("first_level", july[0]) == july[0].replace(hour=10, minute=30)
        meant = sla.check_policy(MAXONY, at=at(2, 9), log=log, civil_zones={"UTC-06:00": "America/Mexico_City"})
        assert [one.where for one in meant] == ["calendars.america.zone"]
        assert "America/Mexico_City" in meant.findings[0].remedy


class TestPausesByReason:
    """09:00 to 12:00 the vendor is waited for, and from 11:00 to 14:00 the customer; the target is four hours."""

    @pytest.mark.parametrize(
        ("pause", "due"),
        [
            # Open time begins at 09:00 and ends at 17:00; the two pauses cover 09:00-14:00, the customer's 11:00-14:00.
            ([{"paused": True}], datetime(2026, 3, 3, 10, tzinfo=UTC)),
            ([{"paused": "vendor"}], datetime(2026, 3, 2, 16, tzinfo=UTC)),
            ([{"paused": ["vendor", "customer"]}], datetime(2026, 3, 3, 10, tzinfo=UTC)),
            ([{"paused": {"not": "vendor"}}], datetime(2026, 3, 2, 16, tzinfo=UTC)),
            ([{"paused": {"not": ["vendor", "customer"]}}], datetime(2026, 3, 2, 13, tzinfo=UTC)),
            ([], datetime(2026, 3, 2, 13, tzinfo=UTC)),
        ],
        ids=["any", "vendor", "either", "not the vendor", "neither", "never"],
    )
    def test_a_clock_pauses_for_the_reasons_that_it_names(self, pause: list[dict[str, object]], due: datetime) -> None:
        policy = sla.Policy(
            name="Reasons",
            calendars={"office": {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}},
            tiers={"desk": {"calendar": "office", "targets": {"response": "4h"}}},
            clocks={"response": {"preset": "first_response", "pause": pause}},
        )
        opened = datetime(2026, 3, 2, 9, tzinfo=UTC)
        told = [
            sla.Event(at=opened, kind="pause", reason="vendor"),
            sla.Event(at=opened.replace(hour=11), kind="pause", reason="customer"),
            sla.Event(at=opened.replace(hour=12), kind="resume", reason="vendor"),
            sla.Event(at=opened.replace(hour=14), kind="resume", reason="customer"),
        ]
        ticket = sla.Ticket(id="T-1", tier="desk", opened_at=opened, events=told)
        assert policy.evaluate(ticket, at=datetime(2026, 3, 4, tzinfo=UTC))["response"].due_at == due


@pytest.mark.parametrize(
    ("within", "due", "counted", "over"),
    [
        # Opened on the Friday at 12:00 and answered on the Monday at 16:00, the 6th and the 9th: 76 hours, 12 of them
        # in the office.
        ("36h elapsed", at(8, 0), 76 * HOUR, 40 * HOUR),
        ("2 calendar days", at(8, 12), 76 * HOUR, 28 * HOUR),
        ("4h", at(6, 16), 12 * HOUR, 8 * HOUR),
    ],
)
def test_two_instants_count_what_the_clock_of_a_ticket_counts(
    within: str, due: datetime, counted: timedelta, over: timedelta
) -> None:
    rules = policy({"response": within})
    opened, answered, later = at(6, 12), at(9, 16), at(20, 12)
    alone = rules.outcome("desk", opened, stopped_at=answered, at=later, id="T")
    followed = rules.evaluate(ticket(opened, event(answered, "respond")), at=later).outcomes()[0]
    for one in (alone, followed):
        assert (one.due_at, one.elapsed, one.late_by, one.late_open_time) == (due, counted, answered - due, over)
