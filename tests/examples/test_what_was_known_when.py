"""Stories of what was known when: what is said later changes the report of later, and what was said then stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sla_engine as sla

MARCH = sla.Month(2026, 3, zone="UTC")
"""31 days, 44 640 minutes; at 99.9 % the budget is 44.64 minutes."""
BUDGET = sla.Downtime.of(timedelta(seconds=44.64 * 60))
MONTH_ENDED = datetime(2026, 4, 1, tzinfo=UTC)


def on(day: int, clock: str, month: int = 3) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_false_alarm_that_is_struck_out_turns_breached_into_met() -> None:
    outage = sla.Incident("I-1", on(10, "10:00"), on(10, "11:00"))
    decision = sla.Reclassification(
        "R-1", on(10, "10:00"), on(10, "11:00"), "up", on(8, "09:30", month=4), "the monitor had lost its network"
    )
    report = sla.evaluate_uptime(
        "99.9%", MARCH, at=on(9, "00:00", month=4), incidents=[outage], reclassified=[decision]
    )
    assert report.budget == BUDGET
    assert report.verdict == "met"
    assert report.downtime.upper == timedelta()
    assert f"{report.availability:.2%}" == "100.00%"
    # As it was said when the month ended: an hour down, of 44 minutes and 38 seconds that may be.
    said = report.as_of(MONTH_ENDED)
    assert said.verdict == "breached"
    assert said.downtime.lower == said.downtime.upper == timedelta(hours=1)
    assert f"{said.availability:.2%}" == "99.86%"  # 1 - 60/44640 = 0.998655..., and never rounded up
    # Until the very microsecond of the decision it stays so.
    moment = timedelta(microseconds=1)
    assert report.as_of(decision.decided_at - moment).verdict == "breached"
    assert report.as_of(decision.decided_at).verdict == "met"
    (change,) = report.changes_since(MONTH_ENDED)
    assert (change.span.start, change.span.end) == (on(10, "10:00"), on(10, "11:00"))
    assert (change.before.state, change.before.source) == ("down", "I-1")
    assert (change.after.state, change.after.source) == ("up", "R-1: the monitor had lost its network")
    assert change.is_revision


def test_a_probe_that_comes_in_late() -> None:
    rows = [(on(2, "10:00"), True), (on(2, "10:05"), False), (on(2, "10:10"), True)]
    probes = sla.ProbeLog.of(rows, every="5m", late=[(on(2, "10:05"), on(2, "11:00"))])
    window = sla.Rolling(on(2, "10:10"), timedelta(minutes=10))
    report = sla.evaluate_uptime("99%", window, at=on(2, "12:00"), probes=probes)
    # It failed, and between the good ones beside it nobody looked: up to ten minutes, by half of them.
    assert report.downtime == sla.DowntimeBounds(sla.Downtime(), sla.Downtime.of("5m"), sla.Downtime.of("10m"))
    assert report.verdict == "undecided"
    # Without it, the good ones are two spacings apart, and that is no gap.
    before = report.as_of(on(2, "10:59"))
    assert before.table() == {("up", "none"): 600 * 10**6}
    assert before.verdict == "met"
    assert before.longest_unseen == timedelta(minutes=10)
    assert report.longest_unseen == timedelta()
    assert report.as_of(on(2, "11:00")).stretches == report.stretches
    (change,) = report.changes_since(on(2, "10:59"))
    assert change.span == window.span
    assert (change.before.state, change.after.state) == ("up", "uncertain")
    assert change.after.source == "probe 2026-03-02T10:05:00+00:00"
    assert change.is_revision
    assert report.changes_since(on(2, "11:00")) == ()


def test_an_incident_that_is_written_down_two_days_later() -> None:
    outage = sla.Incident("I-7", on(5, "08:00"), on(5, "09:30"), recorded_at=on(7, "12:00"))
    report = sla.evaluate_uptime("99.9%", MARCH, at=on(8, "00:00"), incidents=[outage])
    assert report.verdict == "breached"  # 90 minutes are more than 44.64, whatever comes
    assert report.as_of(on(7, "12:00")).verdict == "breached"
    assert report.as_of(on(7, "12:00") - timedelta(microseconds=1)).verdict == "undecided"
    said = report.as_of(on(6, "00:00"))
    assert said.verdict == "undecided"
    assert said.downtime.lower == timedelta()
    assert said.outages() == ()
    revised, passed = report.changes_since(on(6, "00:00"))
    assert (revised.span.start, revised.span.end) == (on(5, "08:00"), on(5, "09:30"))
    assert (revised.before.state, revised.after.state, revised.is_revision) == ("up", "down", True)
    assert (passed.span.start, passed.span.end) == (on(6, "00:00"), on(8, "00:00"))
    assert (passed.before.state, passed.after.state, passed.is_revision) == ("not_yet", "up", False)


def test_an_outage_that_was_still_open_is_no_revision_when_it_ends() -> None:
    outage = sla.Incident("I-2", on(5, "08:00"), on(5, "09:30"))
    report = sla.evaluate_uptime("99.9%", MARCH, at=on(5, "10:00"), incidents=[outage])
    assert report.as_of(on(5, "08:30")).downtime.lower == timedelta(minutes=30)
    went_on, was_over = report.changes_since(on(5, "08:30"))
    assert (went_on.span.end, went_on.after.state, went_on.is_revision) == (on(5, "09:30"), "down", False)
    assert (was_over.span.end, was_over.after.state, was_over.is_revision) == (on(5, "10:00"), "up", False)


def test_maintenance_that_is_announced_for_a_time_to_come_revises_nothing() -> None:
    work = sla.Maintenance("M-1", on(20, "01:00"), on(20, "03:00"), on(18, "09:00"))
    report = sla.evaluate_uptime("99.9%", MARCH, at=on(18, "09:00"), maintenance=[work])
    assert report.table()["not_yet", "excused"] == 2 * 3600 * 10**6
    assert report.as_of(on(18, "08:59")).table().get(("not_yet", "excused")) is None
    passed, planned = report.changes_since(on(18, "08:59"))
    assert (passed.span.start, passed.span.end) == (on(18, "08:59"), on(18, "09:00"))
    assert (planned.span.start, planned.span.end) == (on(20, "01:00"), on(20, "03:00"))
    assert (planned.before.maintenance, planned.after.maintenance) == ("none", "excused")
    assert (planned.after.state, planned.after.work) == ("not_yet", "M-1")
    assert not passed.is_revision
    assert not planned.is_revision


def test_maintenance_that_is_told_of_afterwards_is_a_revision_and_excuses_nothing_with_notice() -> None:
    work = sla.Maintenance("M-1", on(20, "01:00"), on(20, "03:00"), on(21, "09:00"))
    report = sla.evaluate_uptime(
        "99.9%",
        MARCH,
        at=on(22, "00:00"),
        incidents=[sla.Incident("I-1", on(20, "01:30"), on(20, "02:30"))],
        maintenance=[work],
        terms=sla.MaintenanceTerms(notice="24h"),
    )
    assert report.downtime.lower == timedelta(hours=1)
    changes = report.changes_since(on(21, "08:00"))
    assert [(one.span.start, one.before.state, one.after.maintenance, one.is_revision) for one in changes] == [
        (on(20, "01:00"), "up", "unexcused", True),
        (on(20, "01:30"), "down", "unexcused", True),
        (on(20, "02:30"), "up", "unexcused", True),
        (on(21, "08:00"), "not_yet", "none", False),
    ]
    assert changes[1].after.work == "M-1: announced after it had begun"


def test_of_two_decisions_the_later_one_holds() -> None:
    outage = sla.Incident("I-1", on(12, "14:00"), on(12, "16:00"))
    excused = sla.Reclassification(
        "R-1", on(12, "13:00"), on(12, "17:00"), "excused", on(2, "10:00", month=4), "the customer asked for it"
    )
    taken_back = sla.Reclassification(
        "R-2", on(12, "15:00"), on(12, "17:00"), "unexcused", on(5, "10:00", month=4), "but only for an hour"
    )
    report = sla.evaluate_uptime(
        "99.9%", MARCH, at=on(6, "00:00", month=4), incidents=[outage], reclassified=[taken_back, excused]
    )
    assert [
        (report.as_of(at).verdict, report.as_of(at).downtime.lower)
        for at in (MONTH_ENDED, on(2, "10:00", month=4), on(5, "10:00", month=4))
    ] == [
        ("breached", sla.Downtime.of("2h")),
        ("met", sla.Downtime()),
        ("breached", sla.Downtime.of("1h")),
    ]
    hour = 3600 * 10**6
    assert report.table() == {
        ("up", "none"): (31 * 24 - 4) * hour,
        ("up", "excused"): hour,
        ("down", "excused"): hour,
        ("down", "unexcused"): hour,
        ("up", "unexcused"): hour,
    }
    since = report.changes_since(on(3, "00:00", month=4))
    assert [(one.span.start, one.after.work) for one in since] == [
        (on(12, "15:00"), "R-2: but only for an hour"),
        (on(12, "16:00"), "R-2: but only for an hour"),
    ]


def test_a_time_that_nobody_saw_is_decided_to_have_been_down() -> None:
    # The probes fell silent from 10:00 to 12:00: half a spacing at both ends is known, and the rest is not.
    times = [on(9, "09:00") + timedelta(minutes=number) for number in (*range(61), *range(180, 241))]
    probes = sla.ProbeLog.of([(at, True) for at in times], every="1m")
    window = sla.Rolling(on(9, "13:00"), timedelta(hours=4))
    decision = sla.Reclassification("R-1", on(9, "10:30"), on(9, "11:00"), "down", on(9, "15:00"), "seen by users")
    report = sla.evaluate_uptime("99%", window, at=on(9, "16:00"), probes=probes, reclassified=[decision])
    assert report.as_of(on(9, "14:00")).verdict == "undecided"
    assert report.verdict == "breached"  # half an hour of four; 2 minutes and 24 seconds may be
    (change,) = report.changes_since(on(9, "14:00"))
    assert (change.before.state, change.after.state, change.after.source) == ("unknown", "down", "R-1: seen by users")
    assert not change.is_revision  # nothing was said of it before
