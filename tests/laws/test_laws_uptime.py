"""Laws of uptime: every minute stands in one place, and what is counted is what one counts who looks at each minute."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine import (
    Day,
    Downtime,
    DowntimeBounds,
    Incident,
    InvalidAmount,
    Maintenance,
    MaintenanceTerms,
    Month,
    ProbeLog,
    Rolling,
    UptimeReport,
    evaluate_uptime,
)
from sla_engine.uptime.incidents import merged
from sla_engine.uptime.stretches import ServiceState

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZERO = int((START - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 10**6
MINUTE = 60 * 10**6
LENGTH = 200
"""Minutes of the window; what is drawn begins before it and ends after it."""
LO, HI = ZERO, ZERO + LENGTH * MINUTE


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def instant_of(micros: int) -> datetime:
    return max(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=max(micros, 0)), START - timedelta(days=9))


def seconds_after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def window(seconds: int, *, start: int = 0) -> Rolling:
    return Rolling(seconds_after(start + seconds), timedelta(seconds=seconds))


@dataclass(frozen=True)
class World:
    """What is known of a service, in minutes after the start of the window."""

    probes: tuple[ProbeLog, ...] = ()
    needs: int = 1
    incidents: tuple[Incident, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    terms: MaintenanceTerms = field(default_factory=MaintenanceTerms)
    at: int = LENGTH

    def report(self, **changes: Any) -> UptimeReport:
        one = replace(self, **changes)
        return evaluate_uptime(
            "99%",
            window(LENGTH * 60),
            at=after(one.at),
            probes=one.probes,
            down_needs=one.needs,
            incidents=one.incidents,
            maintenance=one.maintenance,
            terms=one.terms,
        )


weights = st.sampled_from(["100%", "50%", "30%", "1/3", "1"])
instants = st.integers(-40, LENGTH + 40)
asked = st.one_of(st.just(LENGTH), st.integers(-20, LENGTH + 60))


@st.composite
def logs(draw: st.DrawFn) -> ProbeLog:
    spacing = draw(st.sampled_from([2, 4, 10, 30]))
    if draw(st.booleans()):
        first, count = 2 * draw(st.integers(-30, 30)), draw(st.integers(0, 30))
        times = [first + spacing * number for number in range(count)]
    else:
        # Even minutes, so that the middle between two of them is a minute too.
        times = [2 * one for one in draw(st.lists(st.integers(-20, LENGTH // 2 + 20), max_size=25, unique=True))]
    gap = draw(st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2), Fraction(5)]))
    every: Any = f"{spacing}m"
    if draw(st.booleans()):
        # A cadence that changes, at a probe or between two, and perhaps before or after all of them.
        every = [
            (after(-500), every),
            *((after(draw(instants)), f"{draw(st.sampled_from([2, 6, 20]))}m") for _ in range(draw(st.integers(1, 2)))),
        ]
    ups = draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    rows = [(after(at), up) for at, up in zip(times, ups, strict=True)]
    return ProbeLog.of(rows, every=every, gap=gap, location=draw(st.sampled_from(["", "rome"])))


@st.composite
def some_incidents(draw: st.DrawFn) -> tuple[Incident, ...]:
    drawn = draw(st.lists(st.tuples(instants, st.one_of(st.none(), st.integers(0, 90)), weights), max_size=6))
    return tuple(
        Incident(f"I-{number}", after(start), None if length is None else after(start + length), weight)
        for number, (start, length, weight) in enumerate(drawn)
    )


lengths = st.sampled_from([None, "1m", "7m", "20m", "60m"])
all_terms = st.builds(MaintenanceTerms, notice=lengths, cap_per_event=lengths, cap_per_window=lengths)
free_terms = st.builds(MaintenanceTerms, notice=lengths, cap_per_event=lengths, emergencies=st.booleans())


@st.composite
def works(draw: st.DrawFn) -> tuple[Maintenance, ...]:
    told = st.one_of(st.none(), st.integers(-5, 70))
    drawn = draw(st.lists(st.tuples(instants, st.integers(0, 90), told, st.booleans()), max_size=4))
    return tuple(
        Maintenance(
            f"M-{number}", after(start), after(start + length), None if before is None else after(start - before), hurry
        )
        for number, (start, length, before, hurry) in enumerate(drawn)
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    probes = tuple(draw(st.lists(logs(), max_size=3)))
    needs = draw(st.integers(1, max(1, len(probes))))
    terms = draw(all_terms).model_copy(update={"emergencies": draw(st.booleans())})
    return World(probes, needs, draw(some_incidents()), draw(works()), terms, draw(asked))


# --- one who looks at each minute -------------------------------------------------------------------------------


def minute_of(micros: int) -> int:
    whole, rest = divmod(micros - ZERO, MINUTE)
    assert rest == 0
    return whole


def probed(log: ProbeLog, minute: int, now: int) -> str:
    """What a log knows of the minute from this one to the next, by the words of the rule."""
    every = {minute_of(at): "up" if up else "down" for at, up in zip(log.instants, log.ups, strict=True)}
    rows = {at: said for at, said in every.items() if at <= now}
    before = max((at for at in rows if at <= minute), default=None)
    following = min((at for at in rows if at > minute), default=None)
    spacing = {at: meant(log, at) for at in (before, following) if at is not None}
    if before is not None and following is not None:
        if following - before <= log.gap * max(meant(log, one) for one in range(before, following + 1)):
            return rows[before] if rows[before] == rows[following] else "uncertain"
        # Where both ends reach further than the middle, each has what is nearer to it.
        most = (following - before) // 2
        spacing = {at: min(length, 2 * most) for at, length in spacing.items()}
    if following is None:
        return "unknown"
    if before is not None and minute < before + spacing[before] // 2:
        return rows[before]
    if minute >= following - spacing[following] // 2:
        return rows[following]
    return "unknown"


def meant(log: ProbeLog, minute: int) -> int:
    """The spacing that was meant at a minute, in minutes."""
    return [spacing for since, spacing in log.cadence if since <= ZERO + minute * MINUTE][-1] // MINUTE


def together(world: World, minute: int) -> str:
    """What the locations know together: is it down whatever they missed, could it be, and why is it not known?"""
    seen = Counter(probed(log, minute, world.at) for log in world.probes)
    if seen["down"] >= world.needs:
        return "down"
    if seen["down"] + seen["uncertain"] >= world.needs:
        return "uncertain"
    return "unknown" if seen.total() - seen["up"] >= world.needs else "up"


def said(incidents: tuple[Incident, ...], minute: int) -> Fraction:
    """The largest weight of the incidents in a minute."""
    return max(
        (
            one.weight.fraction
            for one in incidents
            if one.start <= after(minute) and (one.end is None or one.end > after(minute))
        ),
        default=Fraction(0),
    )


def excuses(world: World) -> dict[int, str]:
    """The maintenance of each minute of the window that has some."""
    found: dict[int, str] = {}
    notice, most, left = (
        None if given is None else int(given / timedelta(minutes=1))
        for given in (world.terms.notice, world.terms.cap_per_event, world.terms.cap_per_window)
    )
    for minute in range(LENGTH):
        for one in world.maintenance:
            if not one.start <= after(minute) < one.end:
                continue
            hurry = one.emergency and world.terms.emergencies
            told = one.announced_at
            if told is not None and told > after(world.at):
                continue  # nobody knew of it
            in_time = told is not None and told + timedelta(minutes=notice or 0) <= one.start
            short = most is None or after(minute) < one.start + timedelta(minutes=most)
            if (hurry or in_time) and short:
                found[minute] = "excused"
            else:
                found.setdefault(minute, "unexcused")
        if left is not None and found.get(minute) == "excused":
            found[minute] = "excused" if left else "unexcused"
            left -= bool(left)
    return found


@given(worlds())
@settings(max_examples=100)
def test_it_is_what_one_counts_who_looks_at_each_minute(world: World) -> None:
    work = excuses(world)
    table: Counter[tuple[str, str]] = Counter()
    least = most = dark_least = Fraction(0)
    dark = to_come = 0
    for minute in range(LENGTH):
        state, weight = together(world, minute), said(world.incidents, minute)
        if minute >= world.at:
            state = "not_yet"
        elif weight == 1 or (weight and state == "up"):
            weight, state = (Fraction(1) if state == "down" else weight), "down"
        elif state == "down":
            weight = Fraction(1)
        table[state, work.get(minute, "none")] += MINUTE
        if work.get(minute) == "excused":
            continue
        if state == "not_yet":
            to_come += 1
        elif state == "unknown":
            dark, dark_least = dark + 1, dark_least + weight
        else:
            least += weight
            most += 1 if state == "uncertain" else weight
    report = world.report()
    assert report.table() == dict(table)
    middle = (least + most) / 2
    expected = {
        "either": (least + dark_least, middle + dark_least, most + dark + to_come),
        "up": (least + dark_least, middle + dark_least, most + dark_least + to_come),
        "down": (least + dark, middle + dark, most + dark + to_come),
        "excluded": (least, middle, most + to_come),
    }
    excused = sum(kind == "excused" for kind in work.values())
    for reading in report.readings():
        found = reading.downtime
        minutes = tuple(one.micros / MINUTE for one in (found.lower, found.expected, found.upper))
        assert minutes == expected[reading.unknown], reading
        base = LENGTH - (excused if reading.base == "less_maintenance" else 0)
        assert reading.base_micros == MINUTE * (base - (dark if reading.unknown == "excluded" else 0))


# --- every microsecond in one place ----------------------------------------------------------------------------------


@given(worlds(), st.integers(0, 10**6))
def test_the_stretches_are_the_window_without_gaps(world: World, more: int) -> None:
    at = after(world.at) + timedelta(microseconds=more)
    period = window(LENGTH * 60)
    report = evaluate_uptime(
        "99%",
        period,
        at=at,
        probes=world.probes,
        down_needs=world.needs,
        incidents=world.incidents,
        maintenance=world.maintenance,
        terms=world.terms,
    )
    found = report.stretches
    assert (found[0].start, found[-1].end) == (ZERO, ZERO + LENGTH * MINUTE)
    assert all(one.start < one.end for one in found)
    for one, other in pairwise(found):
        assert one.end == other.start
        assert one[2:] != other[2:]
    assert sum(report.table().values()) == sum(one.length for one in found) == LENGTH * MINUTE
    now = ZERO + world.at * MINUTE + more
    for one in found:
        assert (one.state == "not_yet") == (one.start >= now)
        assert one.state == "not_yet" or one.end <= now
        assert 0 <= one.least <= one.most <= 1
        if one.state == "down":
            assert one.least == one.most > 0
        if one.state in ("down", "uncertain"):
            assert one.source


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(world: World, random: Random) -> None:
    incidents = tuple(random.sample(world.incidents, len(world.incidents)))
    planned = tuple(random.sample(world.maintenance, len(world.maintenance)))
    probes = tuple(random.sample(world.probes, len(world.probes)))
    other = world.report(incidents=incidents, maintenance=planned, probes=probes)
    assert other.table() == world.report().table()
    assert other.readings() == world.report().readings()
    # What is named does not hang on the order either, where people say what was down.
    assert world.report(incidents=incidents).stretches == world.report().stretches


@given(worlds(), st.integers(0, 150))
def test_as_time_goes_by_only_what_is_to_come_changes(world: World, later: int) -> None:
    earlier, report = world.report(), world.report(at=world.at + later)
    now = ZERO + world.at * MINUTE
    # After the last probe of a place more may become known of the time before now; before it all is settled.
    seen = [max((at for at in log.instants if at <= now), default=LO) for log in world.probes if log.instants]
    until = min([now, *seen])
    before, then = (
        [(*one[:1], min(one.end, until), *one[2:6]) for one in found.stretches if one.start < until]
        for found in (earlier, report)
    )
    assert before == then
    assert not any(one.state == "not_yet" and one.start < now for one in report.stretches)


@given(worlds(), st.integers(0, 150))
def test_a_verdict_once_given_is_never_taken_back(world: World, later: int) -> None:
    # Maintenance may be announced later, and then it excuses what was counted before.
    world = replace(world, maintenance=())
    earlier, report = world.report(), world.report(at=world.at + later)
    assert report.downtime.lower >= earlier.downtime.lower
    assert report.downtime.upper <= earlier.downtime.upper
    assert earlier.verdict in ("undecided", report.verdict)


@given(worlds())
def test_probes_that_are_to_come_are_not_seen(world: World) -> None:
    now = ZERO + world.at * MINUTE
    cut = tuple(
        ProbeLog.of_micros(
            [(at, up) for at, up in zip(log.instants, log.ups, strict=True) if at <= now],
            every=[(instant_of(since), timedelta(microseconds=spacing)) for since, spacing in log.cadence],
            gap=log.gap,
            location=log.location,
        )
        for log in world.probes
    )
    assert world.report(probes=cut).table() == world.report().table()
    assert world.report(probes=cut).readings() == world.report().readings()


@given(worlds())
def test_failures_and_restorations_share_the_time_that_went_by(world: World) -> None:
    report = world.report()
    outages = report.outages()
    if not outages:
        assert report.mttr is None
        assert report.mtbf is None
        return
    assert report.mttr is not None
    assert report.mtbf is not None
    low, expected, high = ordered(report.mttr)
    assert low <= expected <= high
    assert low > Downtime(0)
    past = min(max(ZERO + world.at * MINUTE - LO, 0), LENGTH * MINUTE)
    assert len(outages) * (report.mtbf.micros + expected.micros) == past


# --- readings ------------------------------------------------------------------------------------------------------


def ordered(bounds: DowntimeBounds) -> tuple[Downtime, Downtime, Downtime]:
    return bounds.lower, bounds.expected, bounds.upper


@given(worlds())
def test_the_bounds_are_in_order_in_every_reading(world: World) -> None:
    report = world.report()
    for reading in report.readings():
        low, expected, high = ordered(reading.downtime)
        assert Downtime() <= low <= expected <= high
        assert high.micros <= LENGTH * MINUTE
    for outage in report.outages():
        low, expected, high = ordered(outage.downtime)
        assert Downtime() < low <= expected <= high
        assert high <= outage.span.duration


@given(worlds(), st.sampled_from(["window", "less_maintenance"]))
def test_unknown_as_down_is_never_better_than_as_up(world: World, base: Literal["window", "less_maintenance"]) -> None:
    report = world.report()
    ways: tuple[Literal["up"], Literal["down"], Literal["either"]] = ("up", "down", "either")
    up, down, either = (report.reading(unknown=way, base=base) for way in ways)
    for best, worst in zip(ordered(up.downtime), ordered(down.downtime), strict=True):
        assert best <= worst
    assert either.downtime.lower == up.downtime.lower
    assert either.downtime.upper == down.downtime.upper
    assert up.base_micros == down.base_micros
    if up.availability is not None and down.availability is not None:
        assert down.availability <= up.availability


# --- incidents -------------------------------------------------------------------------------------------------------


@given(some_incidents())
def test_overlapping_incidents_are_counted_once_with_the_largest_weight(incidents: tuple[Incident, ...]) -> None:
    found = World(incidents=incidents).report().downtime
    by_minutes = sum(said(incidents, minute) for minute in range(LENGTH)) * MINUTE
    assert ordered(found) == (Downtime(by_minutes),) * 3
    pieces = merged(incidents, LO, HI)
    assert sum((end - start) * weight for start, end, weight, _ in pieces) == by_minutes
    assert all(one[1] <= other[0] for one, other in pairwise(pieces))


@given(some_incidents(), st.randoms(use_true_random=False))
def test_merging_again_or_in_another_order_changes_nothing(incidents: tuple[Incident, ...], random: Random) -> None:
    pieces = merged(incidents, LO, HI)
    again = [
        Incident(name, after(minute_of(start)), after(minute_of(end)), weight) for start, end, weight, name in pieces
    ]
    assert merged(again, LO, HI) == pieces
    assert merged(random.sample(again, len(again)), LO, HI) == pieces
    doubled = random.sample([*incidents, *incidents], 2 * len(incidents))
    weighed = Counter[Fraction]()
    for start, end, weight, _ in merged(doubled, LO, HI):
        weighed[weight] += end - start
    for start, end, weight, _ in pieces:
        weighed[weight] -= end - start
    assert not any(weighed.values())


# --- probes ----------------------------------------------------------------------------------------------------------


def regular(spacing: int, phase: int, seconds: int, down: list[tuple[int, int]]) -> ProbeLog:
    """Probes every so many seconds from well before a window of so many seconds until well after it."""
    times = range(phase - 3 * spacing, seconds + 4 * spacing, spacing)
    rows = [(seconds_after(at), not any(start <= at < end for start, end in down)) for at in times]
    return ProbeLog.of(rows, every=f"{spacing}s")


@given(st.integers(2, 8), st.booleans(), st.lists(st.integers(0, 25), min_size=1, max_size=12), st.data())
def test_where_the_state_flips_once_between_probes_at_most_the_bounds_hold(
    spacing: int, down_first: bool, more: list[int], data: st.DataObject
) -> None:
    # Each state lasts for a spacing at least, so that no two flips are between two neighbours.
    start, down = -3 * spacing, []
    for number, extra in enumerate(more):
        end = start + spacing + extra
        if (number % 2 == 0) == down_first:
            down.append((start, end))
        start = end
    seconds = data.draw(st.integers(1, max(1, start + spacing)))
    true = sum(max(0, min(end, seconds) - max(begin, 0)) for begin, end in down)
    for phase in range(spacing):
        log = regular(spacing, phase, seconds, down)
        report = evaluate_uptime("99%", window(seconds), at=seconds_after(seconds + 9 * spacing), probes=log)
        assert report.downtime.lower <= timedelta(seconds=true) <= report.downtime.upper
        assert report.coverage == 1


@given(st.integers(1, 600), st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
def test_so_many_failures_at_a_regular_spacing(spacing: int, failures: int, before: int, behind: int) -> None:
    ups = [True] * before + [False] * failures + [True] * behind
    log = ProbeLog.of([(seconds_after(spacing * number), up) for number, up in enumerate(ups)], every=f"{spacing}s")
    seconds = spacing * (len(ups) - 1)
    report = evaluate_uptime("99%", window(seconds), at=seconds_after(seconds), probes=log)
    expected = tuple(Downtime.of(f"{spacing * count}s") for count in (failures - 1, failures, failures + 1))
    assert ordered(report.downtime) == expected
    if failures > 1:
        (outage,) = report.outages()
        assert ordered(outage.downtime) == expected
        first = seconds_after(spacing * (before - 1))
        assert (outage.span.start, outage.span.duration) == (first, timedelta(seconds=spacing * (failures + 1)))
    unseen = max((before - 1) * spacing and spacing, (behind - 1) * spacing and spacing)
    assert report.longest_unseen == timedelta(seconds=unseen)


@given(st.integers(1, 30), st.integers(0, 70))
def test_over_all_phases_the_expected_downtime_is_right_on_average(spacing: int, outage: int) -> None:
    # Systematic sampling: the mean is the length, and the variance r(I - r) with r = D mod I.
    seconds = outage + 4 * spacing
    recorded = []
    for phase in range(spacing):
        log = regular(spacing, phase, seconds, [(2 * spacing, 2 * spacing + outage)])
        report = evaluate_uptime("99%", window(seconds), at=seconds_after(seconds + 9 * spacing), probes=log)
        recorded.append(report.downtime.expected.micros / 10**6)
    rest = outage % spacing
    assert sum(recorded) == outage * spacing
    assert sum((one - outage) ** 2 for one in recorded) == spacing * rest * (spacing - rest)
    detected = sum(one > 0 for one in recorded)
    assert detected == min(spacing, outage)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.sampled_from([1, Fraction(5, 2), 4]), st.data())
def test_only_in_gaps_is_nothing_known_and_half_a_spacing_of_each_end_is(
    steps: list[int], gap: int | Fraction, data: st.DataObject
) -> None:
    times = [0]
    for step in steps:
        times.append(times[-1] + step)
    ups = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    spacing = data.draw(st.sampled_from([2, 6, 20]))
    log = ProbeLog.of(
        [(after(at), up) for at, up in zip(times, ups, strict=True)], every=timedelta(minutes=spacing), gap=gap
    )
    report = evaluate_uptime("99%", window(times[-1] * 60), at=after(times[-1]), probes=log)
    dark = [one for one in report.stretches if one.state == "unknown"]
    gaps = [(one, other) for one, other in pairwise(times) if other - one > gap * spacing]
    half = spacing // 2
    assert [(minute_of(one.start), minute_of(one.end)) for one in dark] == [
        (start + half, end - half) for start, end in gaps if end - start > spacing
    ]
    lost = sum(end - start - spacing for start, end in gaps)
    assert report.coverage == Fraction(times[-1] - lost, times[-1])


# --- days and months -------------------------------------------------------------------------------------------------


@given(
    st.sampled_from([(2026, 3, "Europe/Rome"), (2028, 2, "UTC"), (2026, 4, "Australia/Lord_Howe")]),
    st.integers(0, 10**9),
    st.integers(0, 800),
    free_terms,
)
@settings(max_examples=25)
def test_the_days_of_a_month_add_up_to_it(
    which: tuple[int, int, str], seed: int, hours: int, terms: MaintenanceTerms
) -> None:
    year, number, zone = which
    random = Random(seed)  # noqa: S311  (much is drawn of it, and quickly)
    month = Month(year, number, zone=zone)
    begin = month.start - timedelta(days=1)
    places = tuple(
        ProbeLog.of(
            [(begin + timedelta(minutes=at), random.random() < 0.7) for at in random.sample(range(34 * 1440), count)],
            every="3h",
            gap=4,
        )
        for count in random.choices([0, 20, 150], k=random.randrange(3))
    )
    starts = [begin + timedelta(minutes=random.randrange(34 * 1440)) for _ in range(8)]
    lasting = [timedelta(minutes=random.randrange(4000)) for _ in range(8)]
    incidents = [
        Incident(f"I-{place}", start, start + length, random.choice(["1", "1/3", "50%"]))
        for place, (start, length) in enumerate(zip(starts[:5], lasting, strict=False))
    ]
    planned = [
        Maintenance(f"M-{place}", start, start + length, start - timedelta(minutes=random.randrange(60)))
        for place, (start, length) in enumerate(zip(starts[5:], lasting[5:], strict=True))
    ]
    given_: dict[str, Any] = {
        "at": begin + timedelta(hours=hours),
        "probes": places,
        "incidents": incidents,
        "maintenance": planned,
        "terms": terms,
    }
    whole = evaluate_uptime("99%", month, **given_)
    table: Counter[tuple[ServiceState, str]] = Counter()
    low = expected = high = Downtime()
    day = Day.containing(month.start, zone=zone)
    while day.start in month:
        report = evaluate_uptime("99%", day, **given_)
        table.update(report.table())
        low, expected, high = (
            one + other for one, other in zip((low, expected, high), ordered(report.downtime), strict=True)
        )
        day = day.next()
    assert dict(table) == whole.table()
    assert (low, expected, high) == ordered(whole.downtime)
    assert sum(table.values()) == month.duration / timedelta(microseconds=1)


# --- maintenance -----------------------------------------------------------------------------------------------------


@given(worlds())
def test_maintenance_never_adds_downtime(world: World) -> None:
    report, bare = world.report(), world.report(maintenance=())
    for reading, other in zip(report.readings(), bare.readings(), strict=True):
        for mine, theirs in zip(ordered(reading.downtime), ordered(other.downtime), strict=True):
            assert mine <= theirs
    states = Counter[str]()
    for (state, _), length in report.table().items():
        states[state] += length
    assert dict(states) == {state: length for (state, _), length in bare.table().items()}


@given(worlds(), free_terms, st.integers(0, 3))
def test_one_more_maintenance_never_adds_downtime_where_the_window_has_no_cap(
    world: World, terms: MaintenanceTerms, fewer: int
) -> None:
    more, less = (
        world.report(terms=terms, maintenance=given_) for given_ in (world.maintenance, world.maintenance[:fewer])
    )
    for mine, theirs in zip(ordered(more.downtime), ordered(less.downtime), strict=True):
        assert mine <= theirs


def excused(report: UptimeReport) -> int:
    return sum(length for (_, maintenance), length in report.table().items() if maintenance == "excused")


@given(worlds(), st.sampled_from(["notice", "cap_per_event", "cap_per_window"]), st.integers(0, 90), st.integers(0, 90))
def test_no_condition_makes_more_excused(world: World, name: str, one: int, other: int) -> None:
    easy, hard = sorted((one, other), reverse=name != "notice")
    free, easier, harder = (
        excused(world.report(terms=world.terms.model_copy(update={name: minutes})))
        for minutes in (None, timedelta(minutes=easy), timedelta(minutes=hard))
    )
    assert harder <= easier <= free
    if name == "cap_per_window":
        assert harder == min(free, hard * MINUTE)


@given(worlds())
def test_what_needs_no_notice_is_excused_at_least_as_much(world: World) -> None:
    with_them, without = (
        world.report(terms=world.terms.model_copy(update={"emergencies": given_})) for given_ in (True, False)
    )
    assert excused(with_them) >= excused(without)


@pytest.mark.parametrize("needs", [1, 2, 3])
@given(st.lists(logs(), min_size=3, max_size=3))
@settings(max_examples=30)
def test_more_locations_that_must_agree_never_add_downtime(needs: int, places: list[ProbeLog]) -> None:
    one = World(probes=tuple(places), needs=needs).report()
    if needs < 3:
        stricter = World(probes=tuple(places), needs=needs + 1).report()
        assert stricter.downtime.lower <= one.downtime.lower
        assert stricter.downtime.upper <= one.downtime.upper
    else:
        alone = [World(probes=(log,)).report().downtime for log in places]
        assert one.downtime.lower <= min(found.lower for found in alone)


# --- several sources that must agree ---------------------------------------------------------------------------------


@given(worlds())
@settings(max_examples=100)
def test_two_sources_that_must_agree_are_counted_minute_by_minute(world: World) -> None:
    world = replace(world, maintenance=())
    if not world.probes:
        return
    table: Counter[str] = Counter()
    least = most = dark = Fraction(0)
    to_come = 0
    for minute in range(LENGTH):
        seen, weight = together(world, minute), said(world.incidents, minute)
        # What both say: as far down as the one that says less.
        low = weight if seen == "down" else Fraction(0)
        high = Fraction(0) if seen == "up" else weight
        if minute >= world.at:
            to_come += 1
            table["not_yet"] += MINUTE
            continue
        state = "up" if not high else "down" if low == high else seen
        table[state] += MINUTE
        if state == "unknown":
            dark += high
        else:
            least, most = least + low, most + high
    report = evaluate_uptime(
        "99%",
        window(LENGTH * 60),
        at=after(world.at),
        probes=world.probes,
        down_needs=world.needs,
        incidents=world.incidents,
        sources_need=2,
    )
    found: Counter[str] = Counter()
    for (state_, _), length in report.table().items():
        found[state_] += length
    assert found == +table
    assert report.downtime.lower.micros == least * MINUTE
    assert report.downtime.upper.micros == (most + dark + to_come) * MINUTE


@given(worlds())
def test_more_sources_that_must_agree_never_add_downtime(world: World) -> None:
    given_: dict[str, Any] = {
        "at": after(world.at),
        "probes": world.probes,
        "down_needs": world.needs,
        "incidents": world.incidents,
        "maintenance": world.maintenance,
        "terms": world.terms,
    }
    one = evaluate_uptime("99%", window(LENGTH * 60), **given_)
    if world.probes:
        both = evaluate_uptime("99%", window(LENGTH * 60), sources_need=2, **given_)
        assert both.downtime.lower <= one.downtime.lower
        assert both.downtime.upper <= one.downtime.upper
    else:
        with pytest.raises(InvalidAmount, match="2 of 1 sources cannot agree"):
            evaluate_uptime("99%", window(LENGTH * 60), sources_need=2, **given_)
