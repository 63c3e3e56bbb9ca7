"""Laws of what was known when: a report as of an instant is that of what was known then, and all changes are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine import (
    CountingRules,
    Incident,
    Maintenance,
    MaintenanceTerms,
    ProbeLog,
    Reclassification,
    Rolling,
    Stretch,
    UptimeReport,
    evaluate_uptime,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZERO = int((START - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**6
MINUTE = 60 * 10**6
LENGTH = 120
"""Minutes of the window; what is drawn begins before it and ends after it."""
WINDOW = Rolling(START + timedelta(minutes=LENGTH), timedelta(minutes=LENGTH))
Told = tuple[str, Fraction, Fraction, str, str, str]
"""What is told of a minute: state, least, most, maintenance, who says so, and which work it is."""


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Probe:
    """A probe: its minute, the minute at which it came in, and whether the service was up."""

    made: int
    came: int
    up: bool


@dataclass(frozen=True)
class World:
    """All that is ever told of a service."""

    probes: tuple[tuple[Probe, ...], ...] = ()
    spacing: int = 4
    incidents: tuple[Incident, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    decisions: tuple[Reclassification, ...] = ()
    rules: CountingRules | None = None
    terms: MaintenanceTerms = field(default_factory=MaintenanceTerms)

    def report(self, at: int) -> UptimeReport:
        logs = [
            ProbeLog.of(
                [(after(one.made), one.up) for one in log],
                every=f"{self.spacing}m",
                late=[(after(one.made), after(one.came)) for one in log if one.came > one.made],
            )
            for log in self.probes
        ]
        return evaluate_uptime(
            "99%",
            WINDOW,
            at=after(at),
            probes=logs,
            incidents=self.incidents,
            maintenance=self.maintenance,
            terms=self.terms,
            reclassified=self.decisions,
            rules=self.rules,
        )

    def known(self, at: int) -> World:
        """The world of someone who has only what was there at a minute, and does not know how it goes on."""
        now = after(at)
        return replace(
            self,
            probes=tuple(
                tuple(Probe(one.made, one.made, one.up) for one in log if one.made <= at and one.came <= at)
                for log in self.probes
            ),
            incidents=tuple(
                Incident(one.id, one.start, None if one.end is None or one.end > now else one.end, one.weight)
                for one in self.incidents
                if one.recorded_at is None or one.recorded_at <= now
            ),
            maintenance=tuple(one for one in self.maintenance if one.announced_at is None or one.announced_at <= now),
            decisions=tuple(one for one in self.decisions if one.decided_at <= now),
        )


minutes = st.integers(-20, LENGTH + 20)
asked = st.one_of(st.just(LENGTH), st.integers(-10, LENGTH + 80))


@st.composite
def probe_rows(draw: st.DrawFn) -> tuple[Probe, ...]:
    found, made = [], 2 * draw(st.integers(-10, 20))
    for step in draw(st.lists(st.sampled_from([2, 4, 4, 4, 8, 20]), max_size=30)):
        made += step
        wait = draw(st.sampled_from([0, 0, 0, 0, 3, 40, 90]))
        found.append(Probe(made, made + wait, draw(st.sampled_from([True, True, False]))))
    return tuple(found)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    logs = draw(st.lists(probe_rows(), max_size=2))
    told = st.one_of(st.none(), st.integers(-20, LENGTH + 80))
    incidents = [
        Incident(f"I-{number}", after(start), after(start + length) if length else None, weight, when)
        for number, (start, length, weight, when) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        minutes,
                        st.integers(0, 60),
                        st.sampled_from(["1", "1/3"]),
                        told.map(lambda when: None if when is None else after(when)),
                    ),
                    max_size=4,
                )
            )
        )
    ]
    works = [
        Maintenance(f"M-{number}", after(start), after(start + length), None if when is None else after(when))
        for number, (start, length, when) in enumerate(
            draw(st.lists(st.tuples(minutes, st.integers(0, 60), told), max_size=3))
        )
    ]
    decisions = [
        Reclassification(f"R-{number}", after(start), after(start + length), what, after(when), why)  # type: ignore[arg-type]
        for number, (start, length, what, when, why) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        minutes,
                        st.integers(0, 60),
                        st.sampled_from(["up", "down", "excused", "unexcused"]),
                        # Some are taken at once.
                        st.sampled_from([0, 30, 60, 90, 100, LENGTH, LENGTH + 40]),
                        st.sampled_from(["", "as agreed"]),
                    ),
                    max_size=4,
                )
            )
        )
    ]
    return World(
        tuple(logs),
        draw(st.sampled_from([2, 4])),
        tuple(incidents),
        tuple(works),
        tuple(draw(st.permutations(decisions))),
        draw(st.sampled_from([None, None, CountingRules(absorb_down="9m"), CountingRules(unit="5m")])),
    )


def as_told(one: Stretch) -> Told:
    return one.state, one.least, one.most, one.maintenance, one.source, one.work


def by_minute(report: UptimeReport) -> list[Told]:
    found: list[Told] = []
    for one in report.stretches:
        assert (one.start - ZERO) % MINUTE == (one.end - ZERO) % MINUTE == 0
        found += [as_told(one)] * (one.length // MINUTE)
    assert len(found) == LENGTH
    return found


# --- as of an instant ------------------------------------------------------------------------------------------------


@given(worlds(), asked, asked)
@settings(max_examples=150)
def test_a_report_as_of_an_instant_is_that_of_what_was_known_then(world: World, then: int, now: int) -> None:
    at_once, by_hand = world.report(then), world.known(then).report(then)
    assert at_once.stretches == by_hand.stretches
    assert at_once.readings() == by_hand.readings()
    assert at_once.longest_unseen == by_hand.longest_unseen
    assert at_once.outages() == by_hand.outages()
    afterwards = world.report(now).as_of(after(then))
    assert afterwards == at_once
    assert afterwards.stretches == by_hand.stretches


@given(worlds(), asked)
def test_as_of_keeps_how_it_is_counted(world: World, then: int) -> None:
    report = evaluate_uptime(
        "2/3",
        WINDOW,
        at=after(LENGTH),
        incidents=world.incidents,
        maintenance=world.maintenance,
        unknown="down",
        base="less_maintenance",
        longest_outage="7m",
    )
    found = report.as_of(after(then))
    assert (found.at, found.period, found.target) == (after(then), WINDOW, report.target)
    assert (found.unknown, found.base, found.longest_allowed) == ("down", "less_maintenance", report.longest_allowed)
    assert found.as_of(after(LENGTH)) == report


# --- decisions -------------------------------------------------------------------------------------------------------


def decided(decisions: Sequence[Reclassification], minute: int, now: int) -> Reclassification | None:
    """The last decision on a minute that was taken by now; of those taken at once that with the last name."""
    there = [one for one in decisions if one.start <= after(minute) < one.end and one.decided_at <= after(now)]
    last = max((one.decided_at for one in there), default=None)
    return max((one for one in there if one.decided_at == last), key=lambda one: one.id, default=None)


@given(worlds(), asked)
@settings(max_examples=150)
def test_a_decision_hides_what_was_said_of_each_of_its_minutes(world: World, now: int) -> None:
    world = replace(world, rules=None)
    bare = by_minute(replace(world, decisions=()).report(now))
    expected = []
    for minute, (state, least, most, work, source, name) in enumerate(bare):
        ruling = decided(world.decisions, minute, now)
        if ruling is None:
            expected.append((state, least, most, work, source, name))
            continue
        said = f"{ruling.id}: as agreed" if ruling.reason else ruling.id
        if ruling.decision in ("excused", "unexcused"):
            expected.append((state, least, most, ruling.decision, source, said))
        elif minute >= now:
            # What is to come is neither up nor down yet, whatever was decided.
            expected.append((state, least, most, work, source, name))
        else:
            weight = Fraction(ruling.decision == "down")
            expected.append((ruling.decision, weight, weight, work, said, name))
    assert by_minute(world.report(now)) == expected


# --- what changed ----------------------------------------------------------------------------------------------------


@given(worlds(), asked, asked)
@settings(max_examples=150)
def test_what_changed_is_where_the_two_reports_differ(world: World, then: int, now: int) -> None:
    report = world.report(now)
    before, later = by_minute(world.known(then).report(then)), by_minute(report)
    changes = report.changes_since(after(then))
    assert all(one.span.end <= other.span.start for one, other in pairwise(changes))
    told: dict[int, Any] = {}
    for change in changes:
        start, end = ((edge - ZERO) // MINUTE for edge in change.span.micros)
        assert 0 <= start < end <= LENGTH
        for minute in range(start, end):
            told[minute] = (as_told(change.before), as_told(change.after))
            assert change.is_revision == was_said(change.before[2:], change.after[2:])
        for stretch in (change.before, change.after):
            assert stretch.start <= change.span.micros[0] < change.span.micros[1] <= stretch.end
    differing = {
        minute: (was, found) for minute, (was, found) in enumerate(zip(before, later, strict=True)) if was != found
    }
    assert told == differing
    assert (not changes) == (report.as_of(after(then)).stretches == report.stretches)


def was_said(before: Any, later: Any) -> bool:
    """Whether something was said of a time that no longer holds."""
    state, least, _, work, *_ = before
    if state == "not_yet":
        return False
    if state == "unknown":
        # Nothing was said of it but which maintenance there was, and how much an incident had taken down.
        return bool(work != later[3] or least > later[1])
    return True


@given(worlds(), asked)
def test_nothing_changes_since_now(world: World, now: int) -> None:
    assert world.report(now).changes_since(after(now)) == ()


@given(worlds(), asked, st.integers(0, 60))
def test_nothing_is_revised_where_all_was_known_at_once(world: World, then: int, later: int) -> None:
    at_once = replace(
        world,
        probes=(),
        incidents=tuple(Incident(one.id, one.start, one.end, one.weight) for one in world.incidents),
        maintenance=(),
        decisions=(),
        rules=None,
    )
    changes = at_once.report(then + later).changes_since(after(then))
    assert not any(one.is_revision for one in changes)
    passed = Counter(one.before.state for one in changes)
    assert set(passed) <= {"not_yet"}
    minutes_passed = sum((one.span.duration for one in changes), timedelta()) / timedelta(minutes=1)
    assert minutes_passed == min(max(then + later, 0), LENGTH) - min(max(then, 0), LENGTH)
