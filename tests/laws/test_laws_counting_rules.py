"""Laws of the rules by which downtime counts: what one counts who goes through lists of ten-second steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any, Literal, NamedTuple, cast, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine import (
    CountingRules,
    Downtime,
    DowntimeBounds,
    Incident,
    Maintenance,
    MaintenanceTerms,
    ProbeLog,
    Rolling,
    UptimeReport,
    evaluate_uptime,
)
from sla_engine.uptime.stretches import MaintenanceClass, ServiceState, Stretch

Unknown = Literal["either", "up", "down", "excluded"]
STEP = 10 * 10**6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZERO = (START - EPOCH) // timedelta(microseconds=1)
LENGTH = 120
"""Steps of the window: twenty minutes."""
BEYOND = 90
"""Steps before and after it, more than any rule looks at."""
NONE, ALL = Fraction(0), Fraction(1)


def after(steps: int) -> datetime:
    return START + timedelta(seconds=10 * steps)


# --- one who goes through lists ------------------------------------------------------------------------------------


class Rules(NamedTuple):
    """Rules in steps; 0 is none."""

    absorb_up: int = 0
    absorb_down: int = 0
    unit: int = 0
    touched: bool = False
    least_outage: int = 0

    def given(self) -> CountingRules:
        def length(steps: int) -> timedelta | None:
            return timedelta(seconds=10 * steps) if steps else None

        return CountingRules(
            absorb_up=length(self.absorb_up),
            absorb_down=length(self.absorb_down),
            unit=length(self.unit),
            unit_counts="touched" if self.touched and self.unit else "throughout",
            least_outage=length(self.least_outage),
        )


def counted(weights: list[Fraction], out: list[bool], first: int, rules: Rules) -> list[Fraction]:
    """How much of each step counts; the first of them is that many steps after a full minute, ten, hour and so on."""
    weights = [NONE if gone else weight for weight, gone in zip(weights, out, strict=True)]
    if rules.absorb_up:
        weights = with_short_breaks_filled(weights, out, rules.absorb_up)
    weights = without_short_outages(weights, out, rules.absorb_down)
    if rules.unit:
        weights = by_units(weights, out, first, rules)
    return without_short_outages(weights, out, rules.least_outage)


def with_short_breaks_filled(weights: list[Fraction], out: list[bool], length: int) -> list[Fraction]:
    found = list(weights)
    last_down: int | None = None
    for place, weight in enumerate(weights):
        if out[place]:
            last_down = None
        elif weight:
            if last_down is not None and 0 < place - last_down - 1 < length:
                for between in range(last_down + 1, place):
                    found[between] = min(weights[last_down], weight)
            last_down = place
    return found


def without_short_outages(weights: list[Fraction], out: list[bool], length: int) -> list[Fraction]:
    found = list(weights)
    run: list[int] = []
    for place in range(len(weights) + 1):
        if place < len(weights) and weights[place] and not out[place]:
            run.append(place)
            continue
        if len(run) < length:
            for one in run:
                found[one] = NONE
        run = []
    return found


def by_units(weights: list[Fraction], out: list[bool], first: int, rules: Rules) -> list[Fraction]:
    found = []
    for place in range(len(weights)):
        begin = place - (first + place) % rules.unit
        inside = [one for one in range(begin, begin + rules.unit) if 0 <= one < len(weights)]
        its = [NONE if out[one] else weights[one] for one in inside]
        if rules.touched:
            found.append(max(its))
        else:
            found.append(min(its) if len(inside) == rules.unit else NONE)
    return [NONE if gone else weight for weight, gone in zip(found, out, strict=True)]


def plain(steps: int) -> st.SearchStrategy[int]:
    return st.one_of(st.just(0), st.integers(1, steps))


single_rules = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 15)).map(lambda both: Rules(absorb_up=both[0], absorb_down=both[1])),
    st.tuples(st.sampled_from([3, 6]), st.booleans()).map(lambda both: Rules(unit=both[0], touched=both[1])),
    st.integers(1, 20).map(lambda length: Rules(least_outage=length)),
)
rules_of = st.builds(Rules, plain(9), plain(9), st.sampled_from([0, 0, 3, 6, 6]), st.booleans(), plain(20))


# --- on lists of stretches -------------------------------------------------------------------------------------------


class Step(NamedTuple):
    state: ServiceState
    least: Fraction
    most: Fraction
    excused: bool = False


kinds = st.sampled_from(
    [
        *[Step("up", NONE, NONE)] * 3,
        *[Step("down", ALL, ALL)] * 3,
        Step("down", Fraction(1, 3), Fraction(1, 3)),
        Step("uncertain", NONE, ALL),
        Step("uncertain", Fraction(1, 3), ALL),
        Step("unknown", NONE, ALL),
        Step("up", NONE, NONE, excused=True),
        Step("down", ALL, ALL, excused=True),
    ]
)


@st.composite
def walks(draw: st.DrawFn) -> tuple[int, list[Step]]:
    steps: list[Step] = []
    for kind, length in draw(st.lists(st.tuples(kinds, st.integers(1, 12)), min_size=1, max_size=14)):
        steps += [kind] * length
    steps += [Step("not_yet", NONE, ALL)] * draw(st.sampled_from([0, 0, 0, 2, 15]))
    return draw(st.integers(0, 11)), steps


def stretches_of(first: int, steps: list[Step]) -> list[Stretch]:
    found, at = [], ZERO + first * STEP
    for kind, run in groupby(steps):
        end = at + len(list(run)) * STEP
        source = "I-1" if kind.most and kind.state != "not_yet" else ""
        excused: MaintenanceClass = "excused" if kind.excused else "none"
        found.append(Stretch(at, end, kind.state, kind.least, kind.most, excused, source))
        at = end
    return found


def steps_of(stretches: list[Stretch] | tuple[Stretch, ...]) -> list[Step]:
    found = []
    for one in stretches:
        number, rest = divmod(one.length, STEP)
        assert (rest, (one.start - ZERO) % STEP) == (0, 0)
        found += [Step(one.state, one.least, one.most, one.maintenance == "excused")] * number
    return found


def expected_of(first: int, steps: list[Step], rules: Rules) -> list[Step]:
    out = [one.excused for one in steps]
    least = counted([one.least for one in steps], out, first, rules)
    most = counted([one.most for one in steps], out, first, rules)
    found = []
    for one, low, high in zip(steps, least, most, strict=True):
        if one.excused or one.state == "not_yet":
            found.append(one)
        elif low == high:
            found.append(Step("down" if high else "up", low, high))
        else:
            found.append(Step("unknown" if one.state == "unknown" else "uncertain", low, high))
    return found


@given(walks(), rules_of)
@settings(max_examples=300)
def test_what_counts_is_what_one_counts_who_goes_through_the_steps(walk: tuple[int, list[Step]], rules: Rules) -> None:
    first, steps = walk
    found = rules.given().apply(stretches_of(first, steps))
    assert steps_of(found) == expected_of(first, steps, rules)
    assert all(one.end == other.start and one[2:] != other[2:] for one, other in pairwise(found))
    for one in found:
        assert 0 <= one.least <= one.most <= 1
        # What nobody says is only that something is still to come.
        if one.state in ("down", "uncertain") and steps[-1].state != "not_yet":
            assert one.source == "I-1"


@given(walks(), rules_of)
def test_to_count_again_changes_nothing(walk: tuple[int, list[Step]], drawn: Rules) -> None:
    # Whole units can leave outages or breaks that the rules before them would not have.
    for rules in (drawn._replace(unit=0), drawn._replace(absorb_up=0, absorb_down=0)):
        once = rules.given().apply(stretches_of(*walk))
        assert rules.given().apply(once) == once


@given(walks(), st.integers(1, 20), st.integers(1, 20))
def test_a_stricter_rule_never_counts_more_and_a_filled_break_never_less(
    walk: tuple[int, list[Step]], one: int, other: int
) -> None:
    brief, long = sorted((one, other))

    def total(rules: Rules, bound: Callable[[Step], Fraction]) -> Fraction:
        steps = steps_of(rules.given().apply(stretches_of(*walk)))
        return sum((bound(step) for step in steps if not step.excused and step.state != "not_yet"), NONE)

    for bound in (lambda step: step.least, lambda step: step.most):
        for first, then in (
            (Rules(absorb_down=brief), Rules(absorb_down=long)),
            (Rules(least_outage=brief), Rules(least_outage=long)),
        ):
            assert total(then, bound) <= total(first, bound) <= total(Rules(), bound)
        assert total(Rules(), bound) <= total(Rules(absorb_up=brief), bound) <= total(Rules(absorb_up=long), bound)
        whole, touched = Rules(unit=brief), Rules(unit=brief, touched=True)
        assert total(whole, bound) <= total(Rules(), bound) <= total(touched, bound)


# --- on reports ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """Incidents, maintenance and probes of one service, in steps after the start of a window."""

    incidents: tuple[tuple[int, int, Fraction], ...]
    works: tuple[tuple[int, int], ...]
    probes: tuple[tuple[int, bool], ...]
    at: int

    def report(
        self,
        rules: CountingRules | None,
        start: int = 0,
        end: int = LENGTH,
        **more: Any,
    ) -> UptimeReport:
        rows = [(after(at), up) for at, up in self.probes]
        return evaluate_uptime(
            "99%",
            Rolling(after(end), timedelta(seconds=10 * (end - start))),
            at=after(self.at),
            probes=ProbeLog.of(rows, every="1m") if rows else (),
            incidents=[
                Incident(f"I-{number}", after(begin), after(until), weight)
                for number, (begin, until, weight) in enumerate(self.incidents)
            ],
            maintenance=[
                Maintenance(f"M-{number}", after(begin), after(until), announced_at=after(-(10**4)))
                for number, (begin, until) in enumerate(self.works)
            ],
            terms=MaintenanceTerms(),
            rules=rules,
            **more,
        )

    def steps(self) -> list[Step]:
        """What is known of each step from before the window until after it, by the words of the rules of probes."""
        return [self.step(step) for step in range(-BEYOND, LENGTH + BEYOND)]

    def step(self, step: int) -> Step:
        excused = any(begin <= step < until for begin, until in self.works)
        if step >= self.at:
            return Step("not_yet", NONE, ALL, excused)
        weight = max((one[2] for one in self.incidents if one[0] <= step < one[1]), default=NONE)
        state = self.probed(step) if self.probes else "up"
        if state == "up":
            return Step("down" if weight else "up", weight, weight, excused)
        if state == "down" or weight == 1:
            return Step("down", ALL, ALL, excused)
        return Step(cast("ServiceState", state), weight, ALL, excused)

    def probed(self, step: int) -> str:
        """What probes that are made each minute know: 6 steps are one spacing, 12 are no gap yet, 3 are half of one."""
        made = [one for one in self.probes if one[0] <= self.at]
        before = max((one for one in made if one[0] <= step), default=None)
        following = min((one for one in made if one[0] > step), default=None)
        if following is None:
            return "unknown"
        if before is not None and following[0] - before[0] <= 12:
            return {(True, True): "up", (False, False): "down"}.get((before[1], following[1]), "uncertain")
        if before is not None and step < before[0] + 3:
            return "up" if before[1] else "down"
        if step >= following[0] - 3:
            return "up" if following[1] else "down"
        return "unknown"


@st.composite
def worlds(draw: st.DrawFn) -> World:
    instants = st.integers(-40, LENGTH + 40)
    weights = st.sampled_from([ALL, ALL, ALL, Fraction(1, 3)])
    drawn = draw(st.lists(st.tuples(instants, st.integers(1, 30), weights), max_size=8))
    works = draw(st.lists(st.tuples(instants, st.integers(1, 20)), max_size=2))
    probes: tuple[tuple[int, bool], ...] = ()
    if draw(st.booleans()):
        first = draw(st.integers(-60, -30))
        ups = draw(st.lists(st.sampled_from([True, True, True, False, None]), min_size=20, max_size=40))
        probes = tuple((first + 6 * number, up) for number, up in enumerate(ups) if up is not None)
    at = draw(st.one_of(st.just(LENGTH + BEYOND), st.integers(0, LENGTH + BEYOND)))
    return World(
        tuple((start, start + length, weight) for start, length, weight in drawn),
        tuple((start, start + length) for start, length in works),
        probes,
        at,
    )


def bounds_of(report: UptimeReport) -> tuple[Downtime, Downtime, Downtime]:
    return ordered(report.downtime)


def ordered(bounds: DowntimeBounds) -> tuple[Downtime, Downtime, Downtime]:
    return bounds.lower, bounds.expected, bounds.upper


@given(worlds(), rules_of)
@settings(max_examples=150)
def test_a_window_is_cut_out_of_what_counts(world: World, rules: Rules) -> None:
    # The step at which the oracle begins is a full quarter of an hour, and so a full unit of any length drawn.
    assert BEYOND * 10 % 900 == 0
    found = expected_of(0, world.steps(), rules)[BEYOND : BEYOND + LENGTH]
    report = world.report(rules.given())
    assert steps_of(report.stretches) == found
    counts = [one for one in found if not one.excused]
    assert report.downtime.lower == Downtime(STEP * sum((one.least for one in counts), NONE))
    assert report.downtime.upper == Downtime(STEP * sum((one.most for one in counts), NONE))


@given(worlds(), st.one_of(rules_of, single_rules), st.integers(1, LENGTH - 1))
@settings(max_examples=150)
def test_the_parts_of_a_window_add_up_to_it(world: World, rules: Rules, cut: int) -> None:
    whole = bounds_of(world.report(rules.given()))
    parts = [bounds_of(world.report(rules.given(), *ends)) for ends in ((0, cut), (cut, LENGTH))]
    assert tuple(one + other for one, other in zip(*parts, strict=True)) == whole


@given(worlds(), rules_of)
def test_the_bounds_are_in_order(world: World, rules: Rules) -> None:
    for reading in world.report(rules.given()).readings():
        low, expected, high = ordered(reading.downtime)
        assert Downtime() <= low <= expected <= high
        assert high.micros <= LENGTH * STEP


@given(worlds())
def test_no_rule_changes_nothing(world: World) -> None:
    assert world.report(CountingRules()).stretches == world.report(None).stretches
    assert CountingRules().reach == 0


@given(worlds(), rules_of, st.integers(-40, LENGTH + 40), st.integers(1, 40))
def test_one_more_outage_never_counts_less(world: World, rules: Rules, start: int, length: int) -> None:
    more = World((*world.incidents, (start, start + length, ALL)), world.works, world.probes, world.at)
    for one, other in zip(bounds_of(world.report(rules.given())), bounds_of(more.report(rules.given())), strict=True):
        assert one <= other


# --- the longest outage ----------------------------------------------------------------------------------------------


def longest(flags: list[bool]) -> int:
    return max((len(list(run)) for flag, run in groupby(flags) if flag), default=0)


@given(worlds(), st.one_of(st.none(), rules_of), st.integers(1, 40), st.sampled_from(get_args(Unknown)))
@settings(max_examples=150)
def test_the_longest_outage_and_what_it_decides(
    world: World, rules: Rules | None, allowed: int, unknown: Unknown
) -> None:
    allowance = timedelta(seconds=10 * allowed)
    report = world.report(rules and rules.given(), longest_outage=allowance, unknown=unknown)
    steps = expected_of(0, world.steps(), rules or Rules())[BEYOND : BEYOND + LENGTH]

    def surely(one: Step) -> bool:
        return not one.excused and (one.least > 0 or (one.state == "unknown" and unknown == "down"))

    def perhaps(one: Step) -> bool:
        ruled_out = one.state == "unknown" and unknown in ("up", "excluded") and not one.least
        return not one.excused and one.most > 0 and not ruled_out

    low, high = (longest([test(one) for one in steps]) for test in (surely, perhaps))
    reading = report.reading()
    assert reading.longest_outage is not None
    assert low <= high
    assert ordered(reading.longest_outage) == tuple(
        Downtime(STEP * Fraction(n)) for n in (low, Fraction(low + high, 2), high)
    )
    assert reading.longest_allowed == allowance
    bare = world.report(rules and rules.given(), unknown=unknown).reading()
    assert bare.longest_outage is None
    assert bare.downtime == reading.downtime
    if bare.verdict == "breached" or low > allowed:
        assert report.verdict == "breached"
    elif bare.verdict == "met" and high <= allowed:
        assert report.verdict == "met"
    else:
        assert report.verdict == "undecided"
