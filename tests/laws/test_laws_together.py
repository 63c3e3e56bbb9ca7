"""Laws of services together: what is measured is what one counts who looks at each minute of all of them."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Downtime, Incident, InvalidAmount, Maintenance, MaintenanceTerms, ProbeLog, UptimeReport

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZERO = int((START - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**6
MINUTE = 60 * 10**6
LENGTH = 120
"""Minutes of the window; what is drawn begins before it and ends after it."""
WINDOW = sla.Rolling(START + timedelta(minutes=LENGTH), timedelta(minutes=LENGTH))


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Part:
    """What is told of one service, in minutes: its probes, incidents with weights, and maintenance."""

    probes: dict[int, bool] | None
    spacing: int
    incidents: tuple[tuple[int, int, Fraction], ...]
    works: tuple[tuple[int, int, bool], ...]

    def report(self, at: int = LENGTH, target: str = "99%", **reading: Any) -> UptimeReport:
        probes = (
            ()
            if self.probes is None
            else ProbeLog.of([(after(minute), up) for minute, up in self.probes.items()], every=f"{self.spacing}m")
        )
        return sla.evaluate_uptime(
            target,
            WINDOW,
            at=after(at),
            probes=probes,
            incidents=[Incident(f"I-{start}", after(start), after(end), share) for start, end, share in self.incidents],
            maintenance=[
                Maintenance(f"M-{start}", after(start), after(end), after(start - 9) if told else None)
                for start, end, told in self.works
            ],
            terms=MaintenanceTerms(notice="5m"),
            **reading,
        )

    def seen(self, minute: int, now: int) -> tuple[str, Fraction, Fraction]:
        """The state of the minute from this one to the next, and the least and most of it that was down."""
        state = self.probed(minute, now)
        said = max((share for start, end, share in self.incidents if start <= minute < end), default=Fraction(0))
        if minute >= now:
            return "not_yet", Fraction(0), Fraction(1)
        if state == "down" or said == 1:
            return "down", Fraction(1), Fraction(1)
        if state == "up":
            return ("down" if said else "up"), said, said
        return state, said, Fraction(1)

    def probed(self, minute: int, now: int) -> str:
        if self.probes is None:
            return "up"
        rows = {at: "up" if up else "down" for at, up in self.probes.items() if at <= now}
        before = max((at for at in rows if at <= minute), default=None)
        following = min((at for at in rows if at > minute), default=None)
        if following is None:
            return "unknown"
        half = self.spacing // 2
        if before is not None and following - before <= 2 * self.spacing:
            return rows[before] if rows[before] == rows[following] else "uncertain"
        if before is not None and minute < before + half:
            return rows[before]
        return rows[following] if minute >= following - half else "unknown"

    def work(self, minute: int, now: int) -> str:
        """The maintenance of a minute: excused if it was announced, and unknown until then."""
        there = [(start, told) for start, end, told in self.works if start <= minute < end]
        found = {"excused" if told else "unexcused" for start, told in there if not told or start - 9 <= now}
        return min(found, default="none")  # excused comes first, and hides the other


@st.composite
def parts(draw: st.DrawFn, *, plain: bool = False) -> Part:
    """A service; a plain one is known at every minute, and has no maintenance."""
    spacing = draw(st.sampled_from([2, 4]))
    probes = None
    if not plain and draw(st.integers(0, 3)):
        minute, probes = draw(st.sampled_from([-10, 0, 40])), {}
        for step, up in draw(st.lists(st.tuples(st.sampled_from([1, 1, 1, 2, 6]), st.booleans()), max_size=40)):
            minute += step * spacing
            probes[minute] = up
    starts, lengths = st.integers(-20, LENGTH), st.integers(0, 50)
    weights = st.sampled_from([Fraction(1), Fraction(1), Fraction(1, 2), Fraction(1, 3)])
    incidents = draw(st.lists(st.tuples(starts, lengths, weights), max_size=4))
    works = [] if plain else draw(st.lists(st.tuples(starts, lengths, st.booleans()), max_size=3))
    return Part(
        probes,
        spacing,
        tuple((start, start + length, weight) for start, length, weight in incidents),
        tuple((start, start + length, told) for start, length, told in works),
    )


def together(found: dict[str, UptimeReport], needed: int | None = None) -> sla.JointReport:
    return sla.evaluate_together(found, target="99%", needed=needed)


def named(given_: list[Part], at: int = LENGTH) -> dict[str, UptimeReport]:
    return {f"s{number}": part.report(at) for number, part in enumerate(given_)}


def least_of(weights: list[Fraction], needed: int) -> Fraction:
    """How much is down where so many services are needed: the least weight that no more than so many stay within."""
    return min(weight for weight in weights if sum(other <= weight for other in weights) >= needed)


def counted(given_: list[Part], needed: int, minute: int, now: int) -> tuple[str, Fraction, Fraction, str]:
    """The joint state of a minute, the least and most that was down, and the maintenance, by the words of the rule."""
    seen = [part.seen(minute, now) for part in given_]
    least, most = least_of([one[1] for one in seen], needed), least_of([one[2] for one in seen], needed)
    # What would it be at most, if what nobody looked at were up but for what is said of it?
    at_best = least_of([low if state == "unknown" else high for state, low, high in seen], needed)
    if minute >= now:
        state = "not_yet"
    elif most == 0:
        state = "up"
    elif least == most:
        state = "down"
    else:
        state = "uncertain" if at_best == most else "unknown"
    works = [part.work(minute, now) for part in given_]
    # The work takes them down if fewer than needed are left.
    if len(works) - works.count("excused") < needed:
        work = "excused"
    else:
        work = "unexcused" if works.count("none") < needed else "none"
    return state, least, most, work


@given(st.lists(parts(), min_size=1, max_size=4), st.data())
@settings(max_examples=100)
def test_it_is_what_one_counts_who_looks_at_each_minute(given_: list[Part], data: st.DataObject) -> None:
    needed = data.draw(st.integers(1, len(given_)))
    now = data.draw(st.sampled_from([LENGTH, LENGTH, LENGTH + 20, 70, 0, -5]))
    joint = together(named(given_, now), None if needed == len(given_) and data.draw(st.booleans()) else needed)
    assert joint.needed == needed
    minutes = [counted(given_, needed, minute, now) for minute in range(LENGTH)]
    found = [
        (one.state, one.least, one.most, one.maintenance)
        for one in joint.report.stretches
        for _ in range(one.length // MINUTE)
    ]
    assert found == minutes
    table = Counter((state, work) for state, _, _, work in minutes)
    assert joint.report.table() == {key: count * MINUTE for key, count in table.items()}
    inside = [one for one in minutes if one[3] != "excused"]
    reading = joint.report.reading(unknown="excluded")
    looked = [one for one in inside if one[0] != "unknown"]
    assert reading.base_micros == (LENGTH - len(inside) + len(looked)) * MINUTE
    assert reading.downtime.upper == Downtime(sum((one[2] for one in looked), Fraction(0)) * MINUTE)
    assert joint.report.downtime.lower == Downtime(sum(one[1] for one in inside if one[0] != "not_yet") * MINUTE)
    assert joint.report.downtime.upper == Downtime(sum((one[2] for one in inside), Fraction(0)) * MINUTE)


@given(st.lists(parts(), min_size=1, max_size=4), st.data())
def test_stretches_are_the_window_and_name_who_says_so(given_: list[Part], data: st.DataObject) -> None:
    report = together(named(given_), data.draw(st.integers(1, len(given_)))).report
    found = report.stretches
    assert (found[0].start, found[-1].end) == (ZERO, ZERO + LENGTH * MINUTE)
    for one, other in itertools.pairwise(found):
        assert one.end == other.start
        assert one[2:] != other[2:]
    assert all(one.source for one in found if one.state in ("down", "uncertain"))
    assert all(bool(one.work) == (one.maintenance != "none") for one in found)


# --- laws ------------------------------------------------------------------------------------------------------------


@given(st.lists(parts(plain=True), min_size=1, max_size=4))
def test_what_is_measured_lies_within_the_bounds_that_need_no_independence(given_: list[Part]) -> None:
    found = named(given_)
    shares = [one.availability for one in found.values()]
    up = [share.fraction for share in shares if share is not None]
    assert len(up) == len(given_)
    for needed in range(1, len(given_) + 1):
        joint = together(found, needed)
        assert joint.availability is not None
        measured = joint.availability.fraction
        assert joint.predicted == sla.k_of_n(needed, [share for share in shares if share is not None])
        predicted = joint.predicted
        assert predicted is not None
        assert predicted.lowest.fraction <= measured <= predicted.highest.fraction
        if needed == len(given_):
            assert max(Fraction(0), sum(up) - len(up) + 1) <= measured <= min(up)
        if needed == 1:
            assert max(up) <= measured <= min(Fraction(1), sum(up))


@given(st.lists(parts(), min_size=1, max_size=4))
def test_in_series_no_less_is_down_than_of_each_and_in_parallel_no_more(given_: list[Part]) -> None:
    # Where work is excused, none of it is counted; it is another time for all of them than for each.
    given_ = [Part(one.probes, one.spacing, one.incidents, ()) for one in given_]
    found = named(given_)
    joints = [together(found, needed).report.downtime for needed in range(1, len(given_) + 1)]
    for bound in ("lower", "expected", "upper"):
        each = [getattr(one.downtime, bound) for one in found.values()]
        amounts = [getattr(one, bound) for one in joints]
        if bound != "expected":
            assert amounts == sorted(amounts)
            assert amounts[0] <= min(each)
            assert amounts[-1] >= max(each)
            # Each minute of each service is in just one place of the order.
            assert sum(amounts, Downtime()) == sum(each, Downtime())


@given(st.lists(parts(), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_services_does_not_matter(given_: list[Part], random: Random) -> None:
    found = named(given_)
    names = random.sample(list(found), len(found))
    for needed in range(1, len(given_) + 1):
        one, other = together(found, needed), together({name: found[name] for name in names}, needed)
        assert one.report.table() == other.report.table()
        assert one.report.readings() == other.report.readings()
        assert one.predicted == other.predicted
        assert one.report.longest_unseen == other.report.longest_unseen


@given(parts(), st.integers(1, 3), st.sampled_from([LENGTH, 70]))
def test_a_service_with_itself_is_itself(part: Part, copies: int, now: int) -> None:
    alone = part.report(now)
    for needed in range(1, copies + 1):
        joint = together(named([part] * copies, now), needed)
        assert joint.report.stretches == alone.stretches
        assert joint.report.readings() == alone.readings()
        assert joint.report.outages() == alone.outages()


@given(st.lists(parts(), min_size=1, max_size=3))
def test_what_is_promised_for_all_is_its_own(given_: list[Part]) -> None:
    found = named(given_)
    joint = sla.evaluate_together(found, target="2/3")
    assert joint.report.target == sla.Share(2, 3)
    assert dict(joint.parts) == found
    known = [one.availability for one in found.values() if one.availability is not None]
    assert (joint.predicted is None) == (len(known) < len(found))
    assert joint.availability == joint.report.availability
    with pytest.raises(InvalidAmount, match="no one log") as caught:
        joint.report.reconciliation()
    assert (caught.value.where, caught.value.remedy) == ("record", "Ask the report of each of them")


@given(st.lists(parts(), min_size=2, max_size=3), st.sampled_from([0, 40, 70, LENGTH]))
def test_a_joint_report_as_of_another_instant_is_that_of_its_parts_then(given_: list[Part], now: int) -> None:
    later, then = together(named(given_)), together(named(given_, now))
    assert later.report.as_of(after(now)) == then.report
    assert later.report.as_of(after(now)).stretches == then.report.stretches


# --- what is refused -------------------------------------------------------------------------------------------------

QUIET = Part(None, 2, (), ())


@pytest.mark.parametrize("needed", [0, 3, -1, True, False, 1.5, Fraction(3, 2), "1"])
def test_so_many_services_cannot_be_needed(needed: Any) -> None:
    with pytest.raises(InvalidAmount, match=f"^needed: {needed} of 2 services cannot be needed") as caught:
        together(named([QUIET, QUIET]), needed)
    assert caught.value.where == "needed"
    assert caught.value.value == needed
    assert caught.value.remedy == "Ask for one up to all of them"


def test_no_services_are_nothing_together() -> None:
    with pytest.raises(InvalidAmount, match="0 of 0 services") as caught:
        together({})
    assert caught.value.where == "needed"


def test_reports_on_different_times_are_refused() -> None:
    day = sla.Day(date(2026, 3, 2), zone="UTC")
    other = sla.evaluate_uptime("99%", day, at=after(LENGTH))
    for name, report in {"other": other, "earlier": QUIET.report(LENGTH - 1)}.items():
        with pytest.raises(InvalidAmount, match=f"{name!r} is of ") as caught:
            together({"first": QUIET.report(), name: report})
        assert caught.value.where == name
        assert "on one period and at one instant" in caught.value.remedy
    with pytest.raises(InvalidAmount, match="is impossible"):
        sla.evaluate_together({"one": QUIET.report()}, target="101%")
