"""Laws of burn rates and forecasts: what one counts who walks step by step through the time before and after."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from random import Random
from typing import Literal, NamedTuple, get_args

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sla_engine import (
    Day,
    Incident,
    Maintenance,
    MaintenanceTerms,
    Month,
    Period,
    ProbeLog,
    Rolling,
    Share,
    UptimeReport,
    evaluate_uptime,
)

Unknown = Literal["either", "up", "down", "excluded"]
Base = Literal["window", "less_maintenance"]
Bound = Literal["lower", "expected", "upper"]
BOUNDS: tuple[Bound, ...] = get_args(Bound)
MINUTE = 60 * 10**6
HOUR = 60 * MINUTE
KINDS: tuple[tuple[Period, int], ...] = (
    # A period, and a step in which everything happens: a few hundred of them are a window.
    (Day.containing(datetime(2026, 3, 29, 12, tzinfo=UTC), zone="Europe/Rome"), 10 * MINUTE),  # 23 hours
    (Month(2026, 2, zone="UTC"), 4 * HOUR),
    (Day.containing(datetime(2026, 3, 2, tzinfo=UTC), zone="UTC"), 10 * MINUTE),
    (Rolling(datetime(2026, 3, 2, 12, 20, tzinfo=UTC), timedelta(minutes=200)), MINUTE),
    (Rolling(datetime(2026, 3, 31, 22, tzinfo=UTC), timedelta(hours=720)), 4 * HOUR),
)


def size_of(period: Period, step: int) -> int:
    """The steps of a period, in true time: two times on one clock would be subtracted as they are written."""
    return (period.end.astimezone(UTC) - period.start.astimezone(UTC)) // timedelta(microseconds=step)


@dataclass(frozen=True)
class World:
    """What is known of a service, in steps after the start of the window."""

    period: Period
    step: int
    at: int
    target: str
    unknown: Unknown
    base: Base
    probes: tuple[tuple[int, bool], ...]
    spacing: int
    incidents: tuple[tuple[int, int | None, Fraction], ...]
    works: tuple[tuple[int, int, int | None], ...]
    cap: int | None

    @property
    def length(self) -> int:
        return size_of(self.period, self.step)

    @property
    def may_fail(self) -> Fraction:
        return 1 - Share.parse(self.target).fraction

    @property
    def rolls(self) -> bool:
        return isinstance(self.period, Rolling)

    def instant(self, steps: int) -> datetime:
        return self.period.start.astimezone(UTC) + timedelta(microseconds=self.step * steps)

    def lasting(self, steps: int) -> timedelta:
        return timedelta(microseconds=self.step * steps)

    def report(self) -> UptimeReport:
        spacing = self.lasting(self.spacing)
        log = ProbeLog.of([(self.instant(at), up) for at, up in self.probes], every=spacing)
        return evaluate_uptime(
            self.target,
            self.period,
            at=self.instant(self.at),
            probes=log if self.probes else (),
            incidents=[
                Incident(f"I-{n}", self.instant(start), None if end is None else self.instant(end), weight)
                for n, (start, end, weight) in enumerate(self.incidents)
            ],
            maintenance=[
                Maintenance(
                    f"M-{n}", self.instant(start), self.instant(end), None if told is None else self.instant(told)
                )
                for n, (start, end, told) in enumerate(self.works)
            ],
            terms=MaintenanceTerms(cap_per_window=None if self.cap is None else self.lasting(self.cap)),
            unknown=self.unknown,
            base=self.base,
        )


@st.composite
def worlds(draw: st.DrawFn, kinds: tuple[tuple[Period, int], ...] = KINDS) -> World:
    period, step = draw(st.sampled_from(kinds))
    size = size_of(period, step)
    instants = st.integers(-2 * size, 2 * size)
    brief = st.one_of(st.integers(0, size // 10), st.integers(0, size // 3))
    weights = st.sampled_from([Fraction(1), Fraction(1), Fraction(1, 2), Fraction(1, 7)])  # no seventh is whole
    incidents = tuple(
        (start, None if length is None else start + length, weight)
        for start, length, weight in draw(
            st.lists(st.tuples(instants, st.one_of(brief, brief, brief, st.none()), weights), max_size=5)
        )
    )
    works = tuple(
        (start, start + length, None if before is None else start - before)
        for start, length, before in draw(
            st.lists(st.tuples(instants, brief, st.sampled_from([None, 0, 3, 2 * size])), max_size=4)
        )
    )
    probes: tuple[tuple[int, bool], ...] = ()
    spacing = draw(st.sampled_from([2, 4, 10]))
    if draw(st.booleans()):
        random = Random(draw(st.integers(0, 10**6)))  # noqa: S311  (much is drawn of it, and quickly)
        first, state = 2 * random.randrange(-size, size // 4), True
        rows = []
        for number in range(random.randrange(1, 150)):
            state = state if random.random() < 0.8 else random.random() < 0.8
            if random.random() < 0.8:
                rows.append((first + spacing * number, state))
        probes = tuple(rows)
    return World(
        period,
        step,
        draw(st.one_of(st.just(size), st.integers(0, size), st.integers(-size // 2, 3 * size // 2))),
        draw(st.sampled_from(["99%", "90%", "70%", "50%"])),
        draw(st.sampled_from(get_args(Unknown))),
        draw(st.sampled_from(get_args(Base))),
        probes,
        spacing,
        incidents,
        works,
        draw(st.one_of(st.none(), st.none(), st.integers(0, size // 5))),
    )


# --- one who looks at each step ----------------------------------------------------------------------------------


class Step(NamedTuple):
    """What is known of the time from one step to the next."""

    state: str
    least: Fraction
    most: Fraction
    excused: bool


def probed(world: World, seen: list[int], ups: list[bool], step: int) -> str:
    """What the probes made so far know of a step."""
    place = bisect_right(seen, step)
    before = seen[place - 1] if place else None
    following = seen[place] if place < len(seen) else None
    half = world.spacing // 2
    if following is None:
        return "unknown"
    if before is not None and following - before <= 2 * world.spacing:
        return ("up" if ups[place] else "down") if ups[place - 1] == ups[place] else "uncertain"
    if before is not None and step < before + half:
        return "up" if ups[place - 1] else "down"
    if step >= following - half:
        return "up" if ups[place] else "down"
    return "unknown"


def excused_steps(world: World, steps: range) -> set[int]:
    """The steps that are excused; each window has its own cap."""
    starts = window_starts(world, steps)
    found: set[int] = set()
    left = world.cap
    for step in steps:
        if step in starts:
            left = world.cap
        told = [one for one in world.works if one[0] <= step < one[1] and one[2] is not None and one[2] <= world.at]
        if told and left != 0:
            found.add(step)
            left = None if left is None else left - 1
    return found


def window_starts(world: World, steps: range) -> set[int]:
    if world.rolls:
        return {step for step in steps if step % world.length == 0}
    starts = set()
    for one in (world.period, *before_and_after(world.period)):
        starts.add((one.start - world.period.start.astimezone(UTC)) // timedelta(microseconds=world.step))
    return starts


def before_and_after(period: Period) -> list[Period]:
    found, earlier, later = [], period, period
    for _ in range(5):
        earlier, later = earlier.previous(), later.next()
        found += [earlier, later]
    return found


def walked(world: World) -> dict[int, Step]:
    """Every step of the windows around, with what is known of it."""
    steps = range(-5 * world.length, 3 * world.length)
    seen = [at for at, _ in world.probes if at <= world.at]
    ups = [up for at, up in world.probes if at <= world.at]
    excused = excused_steps(world, steps)
    found = {}
    for step in steps:
        if step >= world.at:
            found[step] = Step("not_yet", Fraction(0), Fraction(1), step in excused)
            continue
        state = probed(world, seen, ups, step) if world.probes else "up"
        weight = max(
            (one[2] for one in world.incidents if one[0] <= step and (one[1] is None or step < one[1])),
            default=Fraction(0),
        )
        if state == "down":
            least = most = Fraction(1)
        elif state == "up":
            least = most = weight
        else:
            least, most = weight, Fraction(1)
        found[step] = Step("known" if state != "unknown" or weight == 1 else "unknown", least, most, step in excused)
    return found


def counts(world: World, one: Step) -> bool:
    """Whether a step is a part of what the share is taken of."""
    if one.excused:
        return world.base == "window"
    return one.state != "unknown" or world.unknown != "excluded"


def down(world: World, one: Step, counting: Bound, rate: Fraction = Fraction(0)) -> Fraction:
    """How much of a step is down, where time to come is down at a rate."""
    if one.excused:
        return Fraction(0)
    if one.state == "not_yet":
        return rate
    least, most = one.least, one.most
    if one.state == "unknown":
        if world.unknown == "excluded":
            return Fraction(0)
        if world.unknown == "down":
            return Fraction(1)
        most = most if world.unknown == "either" and counting == "upper" else least
    return {"lower": least, "expected": (least + most) / 2, "upper": most}[counting]


def looked_back(world: World, steps: dict[int, Step], look_back: int | None) -> list[Step]:
    start = world.at - look_back if look_back is not None else world.at - world.length if world.rolls else 0
    end = world.at if look_back is not None or world.rolls else min(world.at, world.length)
    return [steps[step] for step in range(start, end)]


def error_rate(world: World, recent: list[Step], counting: Bound) -> Fraction | None:
    """The share of a look-back that was down; None where nothing is known of what counts of it."""
    counted = [one for one in recent if counts(world, one)]
    if not any(one.state == "known" or world.unknown == "down" for one in counted):
        return None
    return sum((down(world, one, counting) for one in counted), Fraction(0)) / len(counted)


class Walk:
    """More than the budget, or less of it, at any instant; by the sums of the steps before it."""

    def __init__(self, world: World, steps: dict[int, Step], counting: Bound, rate: Fraction) -> None:
        self.world = world
        self.first = min(steps)
        self.spent = [down(world, one, counting, rate) for one in steps.values()]
        self.counted = [Fraction(counts(world, one)) for one in steps.values()]
        self.spent_before = list(accumulate(self.spent, initial=Fraction(0)))
        self.counted_before = list(accumulate(self.counted, initial=Fraction(0)))

    def _until(self, micros: int) -> tuple[Fraction, Fraction]:
        whole, rest = divmod(micros, self.world.step)
        place, part = whole - self.first, Fraction(rest, self.world.step)
        return (
            self.spent_before[place] + part * self.spent[place],
            self.counted_before[place] + part * self.counted[place],
        )

    def too_much(self, micros: int) -> bool:
        """Whether more is spent than the budget, at an instant in microseconds after the start of the window."""
        length = self.world.length * self.world.step
        begin, budget_until = (micros - length, micros) if self.world.rolls else (0, length)
        spent = self._until(micros)[0] - self._until(begin)[0]
        return spent > self.world.may_fail * (self._until(budget_until)[1] - self._until(begin)[1])


def micros_after(world: World, at: datetime) -> int:
    return (at - world.period.start.astimezone(UTC)) // timedelta(microseconds=1)


# --- burn rates ----------------------------------------------------------------------------------------------------


def look_backs(world: World) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(1, 2 * world.length), st.integers(1, world.length // 10))


@given(worlds(), st.data())
@settings(max_examples=60)
def test_a_burn_rate_is_what_one_counts_who_looks_at_each_step(world: World, data: st.DataObject) -> None:
    look_back = data.draw(look_backs(world))
    recent = looked_back(world, walked(world), look_back)
    found = world.report().burn_rate(None if look_back is None else world.lasting(look_back))
    counted = [one for one in recent if counts(world, one)]
    if not counted:
        assert found is None
        return
    assert found is not None
    for bound in BOUNDS:
        share = sum((down(world, one, bound) for one in counted), Fraction(0)) / len(counted)
        assert getattr(found, bound) == share / world.may_fail, bound
    assert found.lower <= found.expected <= found.upper <= 1 / world.may_fail


@given(worlds(), st.integers(0, 10**6))
def test_over_the_whole_window_it_is_the_share_that_was_down(world: World, later: int) -> None:
    report = world.report().as_of(world.period.end + timedelta(seconds=later if not world.rolls else 0))
    for unknown in get_args(Unknown):
        for base in get_args(Base):
            reading = report.reading(unknown=unknown, base=base)
            rates = reading.burn_rates
            assert (rates is None) == (reading.base_micros == 0)
            if rates is None:
                continue
            for bound in BOUNDS:
                rate = getattr(rates, bound)
                assert (
                    rate * (1 - report.target.fraction) == getattr(reading.downtime, bound).micros / reading.base_micros
                )
    usual = report.reading()
    assert report.burn_rate() == usual.burn_rates
    length = world.period.end - world.period.start.astimezone(UTC)
    at_the_end = report.as_of(world.period.end)
    assert at_the_end.burn_rate(length) == at_the_end.burn_rate()


# --- forecasts -----------------------------------------------------------------------------------------------------


@given(worlds(KINDS[:3]), st.sampled_from(BOUNDS), st.data())
@settings(max_examples=60)
def test_when_the_budget_of_a_calendar_window_runs_out(world: World, counting: Bound, data: st.DataObject) -> None:
    look_back = data.draw(look_backs(world))
    steps = walked(world)
    rate = error_rate(world, looked_back(world, steps, look_back), counting)
    walk = Walk(world, steps, counting, rate or Fraction(0))
    found = world.report().forecast(None if look_back is None else world.lasting(look_back), counting=counting)
    assert found.counting == counting
    assert found.error_rate == (None if rate is None else Share(rate))
    now = min(max(world.at, 0), world.length) * world.step
    assert found.is_exhausted == walk.too_much(now)
    assert found.back_at == (world.period.end if found.is_exhausted else None)
    event("exhausted" if found.is_exhausted else "never" if found.exhausted_at is None else "will be")
    if found.exhausted_at is None:
        assert not walk.too_much(world.length * world.step)
        return
    out = micros_after(world, found.exhausted_at)
    assert 0 <= out < world.length * world.step
    assert (out < now) == found.is_exhausted
    assert not walk.too_much(out)
    assert walk.too_much(out + 1)


@given(worlds(KINDS[3:]), st.sampled_from(BOUNDS), st.data())
@settings(max_examples=60)
def test_when_the_budget_of_a_rolling_window_runs_out_and_when_it_is_back(
    world: World, counting: Bound, data: st.DataObject
) -> None:
    look_back = data.draw(look_backs(world))
    steps = walked(world)
    rate = error_rate(world, looked_back(world, steps, look_back), counting)
    found = world.report().forecast(None if look_back is None else world.lasting(look_back), counting=counting)
    assert found.error_rate == (None if rate is None else Share(rate))
    nothing_more = Walk(world, steps, counting, Fraction(0))
    now = world.at * world.step
    assert found.is_exhausted == nothing_more.too_much(now)
    out = None if found.exhausted_at is None else micros_after(world, found.exhausted_at)
    event(f"{'exhausted' if found.is_exhausted else 'not exhausted'}, {'never' if out is None else 'at an instant'}")
    if not found.is_exhausted:
        assert found.back_at is None
        walk = Walk(world, steps, counting, rate or Fraction(0))
        ahead = [step * world.step for step in range(world.at, world.at + world.length + 1)]
        if out is None:
            assert not any(map(walk.too_much, ahead))
            return
        assert now <= out
        assert not any(walk.too_much(one) for one in ahead[: bisect_right(ahead, out)])
        assert not walk.too_much(out)
        assert walk.too_much(out + 1)
        return
    behind = [step * world.step for step in range(world.at - world.length, world.at + 1)]
    if out is None:
        assert all(map(nothing_more.too_much, behind))
    else:
        assert not nothing_more.too_much(out)
        assert nothing_more.too_much(out + 1)
        assert all(nothing_more.too_much(one) for one in behind[bisect_left(behind, out + 1) :])
    assert found.back_at is not None
    back = micros_after(world, found.back_at)
    assert now < back <= now + world.length * world.step
    assert not nothing_more.too_much(back)
    assert nothing_more.too_much(back - 1)
    ahead = [step * world.step for step in range(world.at, world.at + world.length + 1)]
    assert all(nothing_more.too_much(one) for one in ahead[: bisect_left(ahead, back)])


@given(worlds())
def test_a_forecast_says_what_the_reading_says(world: World) -> None:
    # Of a window that is over nothing is to come, and of a rolling one that ends now neither.
    report = world.report().as_of(world.period.end)
    for counting in BOUNDS:
        spent = getattr(report.downtime, counting)
        assert report.forecast(counting=counting).is_exhausted == (spent > report.budget)
    if not world.rolls:
        assert report.forecast(counting="lower").exhausted_at == report.exhausted_at
        assert (report.exhausted_at is None) == (report.downtime.lower <= report.budget)


@given(worlds(), st.sampled_from(BOUNDS))
def test_a_worse_rate_never_exhausts_it_later(world: World, counting: Bound) -> None:
    report = world.report()
    look_backs = [world.lasting(steps) for steps in (3, 10, world.length // 2)]
    found = [report.forecast(look_back, counting=counting) for look_back in look_backs]
    rated = sorted(
        ((one.error_rate.fraction, one) for one in found if one.error_rate is not None), key=lambda pair: pair[0]
    )
    assert len({one.is_exhausted for one in found}) == 1
    if found[0].is_exhausted:
        assert len({(one.exhausted_at, one.back_at) for one in found}) == 1
        return
    far = datetime(9999, 1, 1, tzinfo=UTC)
    ends = [one.exhausted_at or far for _, one in rated]
    assert ends == sorted(ends, reverse=True)


@pytest.mark.parametrize(("period", "step"), KINDS)
def test_where_nothing_is_known_there_is_no_rate(period: Period, step: int) -> None:
    size = size_of(period, step)
    world = World(
        period, step, size // 2, "99%", "either", "window", ((-size, True), (3 * size, True)), 2, (), (), None
    )
    report = world.report()
    for counting in BOUNDS:
        found = report.forecast(world.lasting(5), counting=counting)
        assert found.error_rate is None
        if counting != "upper":
            assert (found.is_exhausted, found.exhausted_at, found.back_at) == (False, None, None)
    assert report.forecast(world.lasting(5), counting="upper").is_exhausted
