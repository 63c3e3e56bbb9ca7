"""Laws of ticket clocks, for drawn policies and drawn lives of tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sla_engine import ClockStatus, Event, Policy, Ticket, TicketStatus, compliance, maxony_policy
from sla_engine.instants import to_micros
from sla_engine.testing.ticket_strategies import AMOUNTS, CALENDARS, events, policies, tickets
from sla_engine.tickets import PRESETS, HandOff

US = timedelta.resolution
CLOCKS = sorted(PRESETS)
"""Clocks of presets do not listen to pauses themselves, so that a pause is only a pause to them."""

asked = st.integers(0, 8 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def preset_policies(draw: st.DrawFn) -> Policy:
    """Policies of presets, with one calendar and one target a clock."""
    names = draw(st.lists(st.sampled_from(CLOCKS), min_size=1, max_size=4, unique=True))
    options = {
        name: {"preset": name, "scope": draw(st.sampled_from(["tier", "ticket"])), "retarget": draw(retargets)}
        for name in names
    }
    tiers = {
        tier: {
            "calendar": draw(st.sampled_from(sorted(CALENDARS))),
            "targets": {name: draw(st.sampled_from(AMOUNTS)) for name in names},
        }
        for tier in ("first", "second")
    }
    return Policy.from_data({"name": "presets", "calendars": dict(CALENDARS), "tiers": tiers, "clocks": options})


retargets = st.sampled_from(["keep", "restart", "retroactive"])


def key(clock: ClockStatus) -> tuple[str, str, int]:
    return clock.tier, clock.name, clock.cycle


def seen(status: TicketStatus) -> list[Any]:
    """All that a status says apart from what passes with every moment."""
    return [
        (
            key(one),
            one.phase,
            one.verdict,
            one.promise,
            one.due_at,
            one.breached_at,
            [warned.passed for warned in one.warnings],
        )
        for one in status
    ]


def without_anomalies(status: TicketStatus) -> TicketStatus:
    return replace(status, anomalies=())


# --- time adds up ------------------------------------------------------------------------------------------------


@given(policies(), tickets(), asked)
def test_running_paused_and_uncounted_time_is_the_time_on_the_wall(
    policy: Policy, ticket: Ticket, after: timedelta
) -> None:
    at = ticket.opened_at + after
    for clock in policy.evaluate(ticket, at=at):
        assert clock.elapsed + clock.paused + clock.not_counted == clock.wall
        assert min(clock.elapsed, clock.paused, clock.not_counted) >= timedelta()
        if clock.started_at is not None:
            assert clock.wall == (clock.ended_at or at) - clock.started_at


@given(policies(), tickets(), asked)
def test_ledgers_add_up_to_elapsed_and_remaining(policy: Policy, ticket: Ticket, after: timedelta) -> None:
    for clock in policy.evaluate(ticket, at=ticket.opened_at + after):
        ledger = clock.ledger()
        assert ledger.total == clock.elapsed
        assert ledger.remaining == clock.remaining
        rows = [row for row in ledger if not row.span.is_empty]
        for row, following in pairwise(ledger):
            assert to_micros(row.span.end) == to_micros(following.span.start)
            assert following.total == row.total + following.counted
        if rows:
            assert to_micros(rows[0].span.start) == clock.started_micros
            assert to_micros(rows[-1].span.end) == (
                clock.at_micros if clock.ended_micros is None else clock.ended_micros
            )
        for row in rows:
            counts = row.is_open and row.state == "running"
            assert row.counted == (row.span.duration if counts else timedelta())
        if not any(row.state == "discarded" for row in rows):
            paused = sum((row.span.duration for row in rows if row.is_open and row.state == "paused"), timedelta())
            assert paused == clock.paused


# --- pauses ------------------------------------------------------------------------------------------------------


def paused(ticket: Ticket, since: timedelta, length: timedelta) -> tuple[Event, Event]:
    start = ticket.opened_at + since
    return (
        Event(at=start, kind="pause", reason="of its own"),
        Event(at=start + length, kind="resume", reason="of its own"),
    )


lengths = st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(hours=17), timedelta(days=3)])


@st.composite
def tickets_without_resume_all(draw: st.DrawFn) -> Ticket:
    """Lives in which nothing ends all pauses at once, so that a pause of another reason lasts as long as it says."""
    ticket = draw(tickets())
    kept = [one for one in ticket.events if one.kind != "resume" or one.reason is not None]  # type: ignore[attr-defined]
    return replace(ticket, events=tuple(kept))


@given(preset_policies(), tickets_without_resume_all(), asked, asked, lengths)
def test_a_pause_never_makes_a_deadline_earlier(
    policy: Policy, ticket: Ticket, after: timedelta, since: timedelta, length: timedelta
) -> None:
    at = ticket.opened_at + after
    before = {key(one): one for one in policy.evaluate(ticket, at=at)}
    later = policy.evaluate(ticket.with_events(*paused(ticket, since, length)), at=at)
    assert {key(one) for one in later} == set(before)
    for clock in later:
        old = before[key(clock)]
        assert clock.elapsed <= old.elapsed
        if clock.due_at is not None and old.due_at is not None:
            assert clock.due_at >= old.due_at
        if old.verdict != "breached":
            assert clock.verdict == old.verdict


@given(preset_policies(), tickets_without_resume_all(), asked, asked, lengths)
def test_splitting_a_pause_changes_nothing(
    policy: Policy, ticket: Ticket, after: timedelta, since: timedelta, length: timedelta
) -> None:
    at = ticket.opened_at + after
    pause, resume = paused(ticket, since, length)
    middle = ticket.opened_at + since + length / 2
    halves = [Event(at=middle, kind="resume", reason="of its own"), Event(at=middle, kind="pause", reason="of its own")]
    whole = policy.evaluate(ticket.with_events(pause, resume), at=at)
    split = policy.evaluate(ticket.with_events(pause, *halves, resume), at=at)
    assert split == whole


@given(preset_policies(), tickets_without_resume_all(), asked, asked, lengths)
def test_a_pause_told_twice_changes_nothing_but_the_anomalies(
    policy: Policy, ticket: Ticket, after: timedelta, since: timedelta, length: timedelta
) -> None:
    at = ticket.opened_at + after
    pause, resume = paused(ticket, since, length)
    once = policy.evaluate(ticket.with_events(pause, resume), at=at)
    twice = policy.evaluate(ticket.with_events(pause, pause, resume, resume), at=at)
    assert without_anomalies(twice) == without_anomalies(once)
    more = [one.kind for one in twice.anomalies if one not in once.anomalies]
    assert more == ["paused_already", "resumed_without_pause"][: (pause.at <= at) + (resume.at <= at)]


# --- what was, what is, what comes -------------------------------------------------------------------------------


@given(policies(), tickets(), asked, st.data())
def test_events_after_the_instant_are_not_seen(
    policy: Policy, ticket: Ticket, after: timedelta, data: st.DataObject
) -> None:
    at = ticket.opened_at + after
    known = replace(ticket, events=tuple(one for one in ticket.events if one.at <= at))
    late = data.draw(st.lists(events(at + US), max_size=3))
    assert policy.evaluate(known.with_events(*late), at=at) == policy.evaluate(known, at=at)
    assert policy.evaluate(ticket, at=at) == policy.evaluate(known, at=at)


@given(policies(), tickets(), st.randoms(use_true_random=False), asked)
def test_the_order_of_different_instants_does_not_matter(
    policy: Policy, ticket: Ticket, random: Any, after: timedelta
) -> None:
    groups: dict[int, list[Event]] = {}
    for event in ticket.events:
        groups.setdefault(event.micros, []).append(event)
    shuffled = list(groups.values())
    random.shuffle(shuffled)
    other = replace(ticket, events=tuple(event for group in shuffled for event in group))
    at = ticket.opened_at + after
    assert policy.evaluate(other, at=at) == policy.evaluate(ticket, at=at)


OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
HANDED_ON_AT_ONCE = Ticket(
    id="T", tier="second_level", opened_at=OPENED, events=(HandOff(at=OPENED, to="first_level"),)
)


@example(maxony_policy(), HANDED_ON_AT_ONCE, timedelta(), timedelta(hours=5))
@given(policies(), tickets(), asked, asked)
def test_what_is_decided_stays_unless_it_is_promised_anew_from_the_start(
    policy: Policy, ticket: Ticket, after: timedelta, later: timedelta
) -> None:
    at = ticket.opened_at + after
    retroactive = {clock.name for clock in policy.clocks if clock.retarget == "retroactive"}
    then = {key(one): one for one in policy.evaluate(ticket, at=at) if one.ended_at or one.name not in retroactive}
    of_tickets = {clock.name for clock in policy.clocks if clock.scope == "ticket"}

    def same(clock: ClockStatus) -> tuple[str, str, int, datetime | None]:
        """Those of a tier stay in it, though another may start in the next one at the same instant."""
        return "" if clock.name in of_tickets else clock.tier, clock.name, clock.cycle, clock.started_at

    now = {same(one): one for one in policy.evaluate(ticket, at=at + later)}
    for clock in then.values():
        if clock.verdict == "undecided" and not clock.ended_at:
            continue
        new = now[same(clock)]
        assert new.breached_at == clock.breached_at
        if clock.ended_at:
            assert (new.phase, new.verdict, new.ended_at, new.due_at, new.elapsed) == (
                clock.phase,
                clock.verdict,
                clock.ended_at,
                clock.due_at,
                clock.elapsed,
            )
        else:
            assert new.verdict == clock.verdict


@given(policies(), tickets(), asked)
def test_the_next_change_is_the_very_moment_at_which_the_status_changes(
    policy: Policy, ticket: Ticket, after: timedelta
) -> None:
    at = ticket.opened_at + after
    known = replace(ticket, events=tuple(one for one in ticket.events if one.at <= at))
    status = policy.evaluate(known, at=at)
    change = status.next_change_at
    if change is None:
        assert seen(policy.evaluate(known, at=at + timedelta(days=300))) == seen(status)
        return
    assert change > at
    assert seen(policy.evaluate(known, at=change - US)) == seen(status)
    changed = policy.evaluate(known, at=change)
    assert seen(changed) != seen(status)
    assert changed.next_change_at is None or changed.next_change_at > change


@given(policies(), tickets())
def test_following_the_next_changes_ends(policy: Policy, ticket: Ticket) -> None:
    status = policy.evaluate(ticket, at=max(ticket.opened_at, *(one.at for one in ticket.events), ticket.opened_at))
    wakes = 0
    while (change := status.next_change_at) is not None:
        status = policy.evaluate(ticket, at=change)
        wakes += 1
    assert wakes <= sum(len(clock.warnings) + 1 for clock in status)


# --- targets -----------------------------------------------------------------------------------------------------


@given(
    st.sampled_from(sorted(CALENDARS)),
    st.lists(st.sampled_from(CLOCKS), min_size=1, max_size=3, unique=True),
    st.tuples(st.integers(0, 3000), st.integers(0, 3000)),
    tickets(),
    asked,
)
def test_a_more_generous_target_never_breaches_more(
    calendar: str, names: list[str], minutes: tuple[int, int], ticket: Ticket, after: timedelta
) -> None:
    def promising(amount: int) -> Policy:
        targets = {name: timedelta(minutes=amount) for name in names}
        tiers = {tier: {"calendar": calendar, "targets": targets} for tier in ("first", "second")}
        return Policy(name="one target", calendars=CALENDARS, tiers=tiers)

    at = ticket.opened_at + after
    strict = {key(one): one.verdict for one in promising(minutes[0]).evaluate(ticket, at=at)}
    generous = {key(one): one.verdict for one in promising(sum(minutes)).evaluate(ticket, at=at)}
    assert strict.keys() == generous.keys()
    assert all(strict[one] == "breached" for one, verdict in generous.items() if verdict == "breached")


@given(preset_policies(), tickets(), asked, st.sampled_from(AMOUNTS))
def test_a_customer_has_the_policy_with_the_differences(
    policy: Policy, ticket: Ticket, after: timedelta, amount: str
) -> None:
    target = policy.tier("first").targets[0].name
    changes = {"tiers": {"first": {"targets": {target: amount}}}}
    both = policy.model_copy(update={"customers": {"acme": changes}})
    theirs = replace(ticket, attributes={**ticket.attributes, "customer": "acme"})
    first = policy.tier("first")
    targets = {one.name: amount if one.name == target else one.within for one in first.targets}
    written_out = policy.model_copy(
        update={"tiers": (first.model_copy(update={"targets": targets}), policy.tier("second"))}
    )
    at = ticket.opened_at + after
    assert both.evaluate(theirs, at=at).clocks == written_out.evaluate(theirs, at=at).clocks
    assert both.evaluate(ticket, at=at).clocks == policy.evaluate(ticket, at=at).clocks


@given(preset_policies(), tickets(), asked, st.sampled_from(AMOUNTS), st.sampled_from([*sorted(CALENDARS), None]))
def test_a_version_that_applies_to_open_tickets_is_a_change_like_any_other(
    policy: Policy, ticket: Ticket, after: timedelta, amount: str, calendar: str | None
) -> None:
    target = policy.tier("first").targets[0].name
    since = date(2026, 3, 24)
    changed: dict[str, Any] = {"targets": {target: amount}}
    rule: dict[str, Any] = {"when": {"tier": "first", "version": 2}, "targets": {target: amount}}
    if calendar is not None:
        changed["calendar"] = rule["calendar"] = calendar
    versioned = policy.model_copy(
        update={"versions": [{"from_date": since, "tiers": {"first": changed}}], "straddling": "change"}
    )
    ruled = policy.model_copy(update={"rules": [rule]})
    midnight = datetime(2026, 3, 24, tzinfo=UTC)
    attribute = Event(at=midnight, kind="attribute", name="version", value=2)
    if ticket.opened_at >= midnight:
        told = replace(ticket, attributes={**ticket.attributes, "version": 2})
    else:
        told = replace(ticket, events=(attribute, *ticket.events))
    at = ticket.opened_at + after
    status = versioned.evaluate(ticket, at=at)
    assert status.clocks == ruled.evaluate(told, at=at).clocks
    known = replace(ticket, events=tuple(one for one in ticket.events if one.at <= at))
    change = status.next_change_at
    if change is None:
        assert seen(versioned.evaluate(known, at=at + timedelta(days=300))) == seen(status)
    else:
        assert seen(versioned.evaluate(known, at=change - US)) == seen(status)
        assert seen(versioned.evaluate(known, at=change)) != seen(status)


@given(preset_policies(), tickets(), asked)
def test_the_type_and_zone_of_the_opening_come_back(policy: Policy, ticket: Ticket, after: timedelta) -> None:
    rome = ZoneInfo("Europe/Rome")
    for opened_at in (ticket.opened_at.astimezone(rome), pendulum.instance(ticket.opened_at).in_timezone("Asia/Tokyo")):
        other = replace(ticket, opened_at=opened_at)
        at = ticket.opened_at + after
        status = policy.evaluate(other, at=at)
        assert status.clocks == policy.evaluate(ticket, at=at).clocks
        for clock in status:
            for moment in (clock.started_at, clock.due_at, clock.breached_at, clock.next_change_at):
                assert moment is None or (type(moment), moment.tzinfo) == (type(opened_at), opened_at.tzinfo)


@given(st.lists(tickets(), max_size=5), preset_policies(), asked)
def test_every_outcome_is_in_one_figure_or_listed_apart(found: list[Ticket], policy: Policy, after: timedelta) -> None:
    named = [replace(ticket, id=f"T-{number}") for number, ticket in enumerate(found)]
    evaluation = policy.evaluate_all(named, at=datetime(2026, 3, 22, tzinfo=UTC) + after)
    assert len(evaluation.statuses) + len(evaluation.not_yet_opened) + len(evaluation.problems) == len(named)
    outcomes = evaluation.outcomes()
    assert len(outcomes) == sum(clock.phase != "waiting" for status in evaluation for clock in status)
    for attribute in ("opened", "due", "stopped"):
        figures = compliance(evaluation, by=["month", "priority"], zone="UTC", attribute=attribute)
        assert sum(map(len, figures.figures)) + len(figures.unattributed) == len(outcomes)
        assert sum(len(one) for one in figures.grouped("priority")) == len(figures.whole)
        for figure in figures.figures:
            decided = [one for one in figure if one.verdict != "undecided"]
            assert len(decided) == figure.decided
            assert (figure.share is None) == (not decided)


@given(tickets())
def test_json_and_back_is_equal(ticket: Ticket) -> None:
    assert Ticket.from_json(ticket.to_json()) == ticket
    assume(ticket.events)
    assert Event.from_data(ticket.events[0].to_data()) == ticket.events[0]
