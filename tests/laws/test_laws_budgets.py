"""Budgets, alerts, services together and credits: exact for any target and window, and never flattering when shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, product
from math import ceil, floor, prod
from random import Random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sla_engine import (
    Budget,
    BurnAlert,
    CreditScheme,
    Day,
    Downtime,
    Month,
    Quarter,
    Rolling,
    Share,
    Year,
    allowed_downtime,
    burn_rate,
    elapsed_time,
    highest_burn_rate,
    k_of_n,
    parallel,
    preflight,
    series,
    target_for,
    usual_alerts,
)
from sla_engine.testing.strategies import zones

UNITS = {"s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
LONGEST = 400 * UNITS["d"]
MILLION = 10**6

# A target of 90 % to 99.9999 %, in millionths.
millionths = st.integers(900_000, 999_999)
lengths = st.one_of(st.integers(1, LONGEST), st.integers(1, 400 * 24).map(lambda hours: hours * UNITS["h"]))
fractions = st.fractions(0, 1, max_denominator=1000)


def written(target: int) -> str:
    """A target as people write it: 999_000 millionths are `99.9000%`."""
    return f"{target // 10_000}.{target % 10_000:04}%"


def micros(length: int) -> timedelta:
    return timedelta(microseconds=length)


@st.composite
def budgets(draw: st.DrawFn) -> tuple[Budget, Fraction, int]:
    """A budget, with the share that may be down and the length of the window, both read by hand."""
    target, length = draw(millionths), draw(lengths)
    window: timedelta | str = micros(length) if draw(st.booleans()) else f"{length}us"
    return Budget(written(target), window), Fraction(MILLION - target, MILLION), length


def amounts(longest: int = LONGEST) -> st.SearchStrategy[Fraction]:
    """Downtimes in microseconds, whole and in parts."""
    return st.one_of(
        st.integers(0, longest).map(Fraction),
        st.fractions(0, longest, max_denominator=10_000),
    )


class TestBudgets:
    @given(millionths, lengths)
    @example(999_000, 43200 * UNITS["m"])  # where floats make 43.19999999999524 minutes of it
    @example(999_999, 1)
    def test_the_budget_is_met_and_a_microsecond_more_is_not(self, target: int, length: int) -> None:
        budget = Budget(written(target), f"{length}us")
        whole = (MILLION - target) * length // MILLION
        assert budget.allowed.floor_micros == whole
        assert budget.verdict(micros(whole)) == "met"
        assert budget.verdict(micros(whole + 1)) == "breached"
        exact = Fraction((MILLION - target) * length, MILLION)
        assert budget.verdict(Downtime(exact)) == "met"
        assert budget.verdict(Downtime(exact + Fraction(1, 10**9))) == "breached"

    @given(budgets(), amounts())
    def test_what_is_left_and_what_is_spent_are_the_budget(
        self, drawn: tuple[Budget, Fraction, int], amount: Fraction
    ) -> None:
        budget, may, length = drawn
        down = Downtime(amount)
        assert budget.allowed.micros == may * length
        assert budget.left(down) + down == budget.allowed
        assert budget.spent(down).fraction * may * length == amount
        met = budget.verdict(down) == "met"
        assert met == (budget.left(down) >= Downtime(0)) == (budget.spent(down) <= 1) == (amount <= may * length)

    @given(budgets(), st.data())
    def test_availability_says_the_same_as_the_budget(
        self, drawn: tuple[Budget, Fraction, int], data: st.DataObject
    ) -> None:
        budget, may, length = drawn
        amount = data.draw(amounts(length))
        up = budget.availability(Downtime(amount)).fraction
        assert up * length + amount == length
        # As Datadog has it: (A - p) / (1 - p) is left.
        assert (up - (1 - may)) / may == 1 - budget.spent(Downtime(amount)).fraction
        assert (budget.verdict(Downtime(amount)) == "met") == (up >= 1 - may)

    @given(millionths, lengths)
    def test_the_target_for_the_allowed_downtime_is_the_target(self, target: int, length: int) -> None:
        text, window = written(target), f"{length}us"
        allowed = allowed_downtime(text, window)
        assert target_for(allowed, window) == Share.parse(text) == Fraction(target, MILLION)
        # It is the highest that the downtime meets.
        slower = Fraction(target, MILLION) + Fraction(1, 10**9)
        if slower < 1:
            assert Budget(slower, window).verdict(allowed) == "breached"

    @given(millionths, st.integers(1, 40), st.integers(1, 3600))
    def test_so_many_probes_may_fail(self, target: int, hours: int, seconds: int) -> None:
        budget = Budget(written(target), f"{hours}h")
        every = timedelta(seconds=seconds)
        # Counted one by one.
        assert budget.probes(every) == sum(1 for _ in range(seconds, hours * 3600 + 1, seconds))
        may = budget.allowed_probes(f"{seconds}s")
        assert budget.verdict(may * every) == "met"
        assert budget.verdict((may + 1) * every) == "breached"

    @given(millionths, zones(), st.integers(1975, 2035))
    @example(990_000, "Pacific/Apia", 2011)  # which had no 30 December
    def test_the_months_of_a_year_have_its_budget(self, target: int, zone: str, year: int) -> None:
        text = written(target)
        whole = Budget(text, Year(year, zone=zone)).allowed
        months = [Budget(text, Month(year, number, zone=zone)).allowed for number in range(1, 13)]
        quarters = [Budget(text, Quarter(year, number, zone=zone)).allowed for number in range(1, 5)]
        assert sum(months, Downtime()) == sum(quarters, Downtime()) == whole
        days = 366 if year % 4 == 0 else 365  # no century is drawn
        # A year begins and ends at some offset, so it is no more than a day off.
        assert abs(whole.micros / Fraction(MILLION - target, MILLION) - days * UNITS["d"]) <= UNITS["d"]

    @pytest.mark.parametrize(
        ("day", "hours"), [(datetime(2026, 3, 29), 23), (datetime(2026, 3, 30), 24), (datetime(2026, 10, 25), 25)]
    )
    def test_a_day_is_as_long_as_it_is(self, day: datetime, hours: int) -> None:
        budget = Budget("90%", Day(day.date(), zone="Europe/Berlin"))
        assert budget.allowed == timedelta(hours=hours) / 10

    @given(millionths, lengths, st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)))
    def test_a_rolling_window_is_its_length(self, target: int, length: int, end: datetime) -> None:
        window = Rolling(end.replace(tzinfo=UTC), micros(length))
        assert Budget(written(target), window).allowed.micros * MILLION == (MILLION - target) * length


class TestShown:
    @given(lengths, st.data(), st.integers(0, 12))
    @example(43200 * UNITS["m"], None, 2)
    def test_availability_is_all_only_if_nothing_was_down(
        self, length: int, data: st.DataObject | None, places: int
    ) -> None:
        budget = Budget("99%", f"{length}us")
        amount = Fraction(1) if data is None else data.draw(amounts(length).filter(bool))
        shown = f"{budget.availability(Downtime(amount)):.{places}%}"
        exact = 100 * (1 - amount / length)
        assert shown.endswith("%")
        assert Fraction(shown[:-1]) <= exact < Fraction(shown[:-1]) + Fraction(1, 10**places)
        assert Fraction(shown[:-1]) < 100
        assert Fraction(f"{budget.availability(Downtime(0)):.{places}%}"[:-1]) == 100

    @given(budgets(), st.data())
    def test_what_is_shown_tells_the_verdict(self, drawn: tuple[Budget, Fraction, int], data: st.DataObject) -> None:
        budget, may, length = drawn
        close = st.integers(-3, 3).map(lambda off: max(Fraction(0), min(Fraction(length), may * length + off)))
        down = Downtime(data.draw(st.one_of(close, amounts(length))))
        # With the four places that the target has, the one that is shown is compared with it rightly.
        shown = Fraction(f"{budget.availability(down):.4%}"[:-1]) / 100
        assert (shown >= 1 - may) == (budget.verdict(down) == "met")

    @given(budgets(), amounts(), st.integers(0, 9))
    def test_what_is_spent_is_never_less_than_it_is(
        self, drawn: tuple[Budget, Fraction, int], amount: Fraction, places: int
    ) -> None:
        budget, may, length = drawn
        shown = Fraction(f"{budget.spent(Downtime(amount)):.{places}%}"[:-1])
        exact = 100 * amount / (may * length)
        assert exact <= shown < exact + Fraction(1, 10**places)

    @given(amounts(), st.sampled_from(sorted(UNITS)), st.integers(0, 9))
    @example(Fraction(1), "d", 0)
    @example(Fraction(0), "d", 3)
    def test_downtime_is_never_less_than_it_is(self, amount: Fraction, unit: str, places: int) -> None:
        spec = f".{places}{unit}"
        shown = format(Downtime(amount), spec)
        assert shown.endswith(unit)
        assert len(shown[:-1].partition(".")[2]) == places
        size = Fraction(UNITS[unit])
        assert amount <= Fraction(shown[:-1]) * size < amount + size / 10**places
        # A debt is as large as what it is a debt of.
        assert format(-Downtime(amount), spec) == (f"-{shown}" if amount else shown)
        if not places:
            assert format(Downtime(amount), unit) == shown

    @given(amounts())
    def test_as_text_and_as_a_duration_it_is_at_most_a_microsecond_more(self, amount: Fraction) -> None:
        downtime = Downtime(amount)
        for whole in (downtime.duration, elapsed_time(str(downtime)).duration):
            shown = whole // timedelta(microseconds=1)
            assert amount <= shown < amount + 1
            assert whole == -(-downtime).duration
        assert f"{downtime}" == str(downtime)
        assert str(-downtime) == (f"-{downtime}" if amount else "0s")
        assert downtime.floor_micros <= amount < downtime.floor_micros + 1

    @given(millionths, st.fractions(Fraction(1, 1000), 1, max_denominator=1000))
    @example(900_500, Fraction(14, 1000))
    def test_what_an_alert_needs_is_shown_as_more_than_there_is(self, target: int, share: Fraction) -> None:
        budget, alert = Budget(written(target), "720h"), BurnAlert(share, "1h")
        found = [one for one in preflight(budget, "1s", [alert]) if one.kind == "never_fires"]
        assert bool(found) == (share * 720 > Fraction(MILLION, MILLION - target))
        for finding in found:
            needs, _, has = finding.text.partition("needs a burn rate of ")[2].partition(", and a total outage has ")
            assert Fraction(needs) > Fraction(has), finding.text


class TestDowntimes:
    @given(amounts(), amounts())
    def test_they_add_up(self, one: Fraction, other: Fraction) -> None:
        assert (Downtime(one) + Downtime(other)).micros == one + other
        assert (Downtime(one) - Downtime(other)).micros == one - other
        assert Downtime(one) + Downtime(other) - Downtime(other) == Downtime(one)
        assert (Downtime(one) < Downtime(other)) == (one < other)
        assert (Downtime(one) <= Downtime(other)) == (one <= other)
        assert (Downtime(one) > Downtime(other)) == (one > other)
        assert (Downtime(one) >= Downtime(other)) == (one >= other)
        assert (Downtime(one) == Downtime(other)) == (one == other)
        assert bool(Downtime(one)) == (one != 0)

    @given(st.integers(-LONGEST, LONGEST), amounts())
    def test_a_timedelta_is_one_of_them(self, whole: int, other: Fraction) -> None:
        one = micros(whole)
        assert Downtime(whole) == one == Downtime.of(one)
        assert hash(Downtime(whole)) == hash(one)
        assert (one + Downtime(other)).micros == (Downtime(other) + one).micros == whole + other
        assert (Downtime(other) - one).micros == other - whole
        assert (Downtime(other) < one) == (one > Downtime(other)) == (other < whole)

    @given(st.one_of(st.integers(), st.fractions()))
    @example(10**24)
    def test_equal_ones_hash_equal_however_large(self, amount: int | Fraction) -> None:
        assert hash(Downtime(amount)) == hash(Downtime(Fraction(amount)))


class TestBurning:
    @given(millionths, amounts(), st.integers(1, LONGEST))
    def test_a_burn_rate_is_the_downtime_by_what_is_allowed(self, target: int, amount: Fraction, length: int) -> None:
        may = Fraction(MILLION - target, MILLION)
        rate = burn_rate(Downtime(amount), micros(length), written(target))
        assert rate * may * length == amount
        assert Budget(written(target), "720h").burn_rate(Downtime(amount), f"{length}us") == rate

    @given(millionths, st.integers(1, LONGEST))
    def test_no_burn_rate_is_above_that_of_a_total_outage(self, target: int, length: int) -> None:
        text, window = written(target), micros(length)
        assert burn_rate(window, window, text) == highest_burn_rate(text) == Fraction(MILLION, MILLION - target)

    @given(budgets(), st.fractions(Fraction(1, 1000), 1000, max_denominator=1000))
    def test_a_budget_lasts_until_it_is_burnt(self, drawn: tuple[Budget, Fraction, int], rate: Fraction) -> None:
        budget, may, length = drawn
        lasts = budget.lasts(rate)
        assert lasts is not None
        assert rate * may * lasts.micros == budget.allowed.micros == may * length
        assert budget.lasts(1) == Downtime(length)
        # A total outage takes as long as it is allowed to.
        assert budget.lasts(highest_burn_rate(budget.target)) == budget.allowed

    @given(budgets(), st.fractions(0, 1, max_denominator=10**6))
    def test_a_budget_is_gone_when_the_same_rate_has_used_it_up(
        self, drawn: tuple[Budget, Fraction, int], rate: Fraction
    ) -> None:
        budget, _, length = drawn
        past = timedelta(microseconds=max(1, length // 3))
        spent = Downtime(rate * (past // timedelta(microseconds=1)))
        gone = budget.runs_out(spent, past)
        share = spent.micros / (past // timedelta(microseconds=1))
        if gone is None:
            assert share * length <= budget.allowed.micros
        else:
            assert share * gone.micros == budget.allowed.micros
            assert gone.micros < length
        assert budget.runs_out(Downtime(0), past) is None

    @given(budgets(), st.fractions(-10, 0))
    def test_a_budget_that_is_not_burnt_lasts(self, drawn: tuple[Budget, Fraction, int], rate: Fraction) -> None:
        assert drawn[0].lasts(rate) is None


# --- alerts ---------------------------------------------------------------------------------------------------------


@st.composite
def small_alerts(draw: st.DrawFn) -> tuple[Budget, BurnAlert, Fraction, int, int]:
    """An alert of some seconds on a budget of some minutes: with the error rate that it needs, and its look-backs."""
    target, window, long = draw(st.integers(50, 99)), draw(st.integers(10, 600)), draw(st.integers(2, 40))
    short = draw(st.integers(1, long))
    share = draw(st.fractions(Fraction(1, 100), 1, max_denominator=100))
    budget = Budget(f"{target}%", f"{window}s")
    alert = BurnAlert(share, f"{long}s", f"{short}s", severity=draw(st.sampled_from(["page", "ticket"])))
    return budget, alert, share * window / long * Fraction(100 - target, 100), long, short


def firing(down: list[Fraction], now: int, needed: Fraction, look_backs: tuple[int, ...]) -> bool:
    """Whether both look-backs burn fast enough after so many seconds; before the first one nothing was down."""
    return all(sum(down[max(0, now - length) : now]) >= needed * length for length in look_backs)


class TestAlerts:
    @given(
        millionths,
        lengths,
        st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
        st.integers(12, LONGEST),
    )
    def test_at_its_threshold_it_spends_its_share(
        self, target: int, length: int, share: Fraction, look_back: int
    ) -> None:
        budget, alert = Budget(written(target), f"{length}us"), BurnAlert(share, micros(look_back))
        down = Downtime(alert.error_rate(budget) * look_back)
        assert budget.spent(down) == share
        assert budget.burn_rate(down, alert.look_back) == alert.threshold(budget) == share * length / look_back
        assert alert.can_fire(budget) == (down.micros <= look_back)
        assert alert.short == micros(look_back // 12)

    @given(small_alerts(), st.sampled_from([Fraction(tenths, 10) for tenths in range(1, 11)]))
    def test_it_fires_when_one_who_looks_every_second_sees_it(
        self, drawn: tuple[Budget, BurnAlert, Fraction, int, int], rate: Fraction
    ) -> None:
        budget, alert, needed, long, short = drawn
        assert alert.error_rate(budget) == needed
        down = [rate] * (3 * long)
        seen = [now for now in range(len(down) + 1) if firing(down, now, needed, (long, short))]
        after = alert.fires_after(budget, rate)
        if after is None:
            assert not seen
        else:
            assert seen[0] == ceil(after.micros / MILLION)
            assert seen == list(range(seen[0], len(down) + 1))
            # So much of the budget is gone by then: its share.
            assert budget.spent(Downtime(after.micros * rate)) == alert.share

    @given(small_alerts(), st.sampled_from([Fraction(tenths, 10) for tenths in range(1, 11)]))
    def test_it_stops_when_one_who_looks_every_second_sees_it(
        self, drawn: tuple[Budget, BurnAlert, Fraction, int, int], rate: Fraction
    ) -> None:
        budget, alert, needed, long, short = drawn
        down = [rate] * (2 * long) + [Fraction(0)] * (2 * long)
        seen = [now for now in range(2 * long, len(down) + 1) if firing(down, now, needed, (long, short))]
        after = alert.resets_after(budget, rate)
        if after is None:
            assert not seen
        else:
            assert seen == list(range(2 * long, 2 * long + floor(after.micros / MILLION) + 1))

    @given(small_alerts())
    def test_an_outage_is_total_unless_said_otherwise(
        self, drawn: tuple[Budget, BurnAlert, Fraction, int, int]
    ) -> None:
        budget, alert, needed, long, short = drawn
        if needed > 1:
            assert not alert.can_fire(budget)
            assert alert.fires_after(budget) is alert.resets_after(budget) is None
        else:
            assert alert.can_fire(budget)
            assert alert.fires_after(budget) == alert.fires_after(budget, "100%") == Downtime(needed * long * MILLION)
            assert alert.resets_after(budget) == Downtime((1 - needed) * short * MILLION)

    @given(small_alerts(), st.integers(1, 50))
    def test_the_fewest_failed_probes_that_do(
        self, drawn: tuple[Budget, BurnAlert, Fraction, int, int], spacing: int
    ) -> None:
        budget, alert, needed, *look_backs = drawn
        found = alert.probes_needed(budget, f"{spacing}s")
        for (fewest, made), length in zip(found, look_backs, strict=True):
            # A look-back shorter than the spacing still sees the last probe.
            assert made == max(1, sum(1 for _ in range(spacing, length + 1, spacing)))
            enough = [failed for failed in range(made + 1) if Fraction(failed, made) >= needed]
            if enough:
                assert fewest == enough[0]
            else:
                assert fewest > made
                assert not alert.can_fire(budget)

    @given(small_alerts(), st.integers(1, 50))
    def test_what_cannot_work_is_found_and_nothing_else(
        self, drawn: tuple[Budget, BurnAlert, Fraction, int, int], spacing: int
    ) -> None:
        budget, alert, needed, long, short = drawn
        expected = []
        if budget.verdict(f"{spacing}s") == "breached":
            expected.append("finer_than_a_probe")
        made, brief = (max(1, length // spacing) for length in (long, short))
        if needed <= 1 and alert.look_back > timedelta(microseconds=budget.window_micros):
            expected.append("longer_than_the_window")
        if needed > 1:
            expected.append("never_fires")
        elif Fraction(1, made) >= needed:
            expected.append("fires_on_one_probe")
        elif brief == 1:
            expected.append("short_is_one_probe")
        found = preflight(budget, f"{spacing}s", [alert])
        assert [finding.kind for finding in found] == expected
        assert all(str(finding) == finding.text != "" for finding in found)

    @pytest.mark.parametrize(
        ("window", "thresholds"),
        [
            ("720h", ("14.4", "6", "3", "1")),
            ("672h", ("13.44", "5.6", "2.8", "14/15")),
            ("168h", ("3.36", "1.4", "0.7", "7/30")),
        ],
    )
    def test_the_thresholds_of_the_workbook_follow_from_the_window(
        self, window: str, thresholds: tuple[str, ...]
    ) -> None:
        budget = Budget("99.9%", window)
        assert tuple(alert.threshold(budget) for alert in usual_alerts()) == tuple(map(Fraction, thresholds))
        assert [alert.severity for alert in usual_alerts()] == ["page", "page", "ticket", "ticket"]
        assert [alert.short for alert in usual_alerts()] == [timedelta(minutes=m) for m in (5, 30, 120, 360)]


# --- services together ----------------------------------------------------------------------------------------------


States = tuple[tuple[int, ...], ...]


@cache
def states(count: int) -> States:
    return tuple(product((0, 1), repeat=count))


def solved(rows: list[list[Fraction]]) -> list[Fraction] | None:
    """Solve linear equations, the last column being what they come to; None where there is not one solution."""
    size = len(rows)
    for at in range(size):
        found = next((row for row in range(at, size) if rows[row][at]), None)
        if found is None:
            return None
        rows[at], rows[found] = rows[found], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(size):
            if row != at and rows[row][at]:
                factor = rows[row][at]
                rows[row] = [value - factor * own for value, own in zip(rows[row], rows[at], strict=True)]
    return [row[-1] for row in rows]


def extremes(needed: int, up: list[Fraction]) -> tuple[Fraction, Fraction]:
    """
    The least and the most that so many can be up at a time, over all joint distributions with these marginals.

    It is a linear program, and its optimum is at a corner; so all corners are looked at.
    """
    count = len(up)
    least, most = Fraction(1), Fraction(0)
    for basis in combinations(states(count), count + 1):
        rows = [[Fraction(state[part]) for state in basis] + [up[part]] for part in range(count)]
        rows.append([Fraction(1)] * (count + 2))
        chances = solved(rows)
        if chances is not None and min(chances) >= 0:
            value = sum(
                (chance for chance, state in zip(chances, basis, strict=True) if sum(state) >= needed), Fraction(0)
            )
            least, most = min(least, value), max(most, value)
    assert least <= most
    return least, most


def joint(weights: list[int], count: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    return ((state, Fraction(weight, sum(weights))) for state, weight in zip(states(count), weights, strict=True))


@st.composite
def services(draw: st.DrawFn, most: int) -> tuple[int, list[Fraction]]:
    shares = draw(st.lists(fractions, min_size=1, max_size=most))
    return draw(st.integers(1, len(shares))), shares


class TestTogether:
    @given(services(6))
    def test_independent_is_the_sum_over_all_joint_states(self, drawn: tuple[int, list[Fraction]]) -> None:
        needed, up = drawn
        chance = sum(
            (
                prod((share if one else 1 - share for share, one in zip(up, state, strict=True)), start=Fraction(1))
                for state in states(len(up))
                if sum(state) >= needed
            ),
            Fraction(0),
        )
        together = k_of_n(needed, up)
        assert together.independent == chance
        assert 0 <= together.lowest <= chance <= together.highest <= 1

    @given(services(3))
    @example((2, [Fraction(1, 2), Fraction(1, 2), Fraction(1)]))
    @example((2, [Fraction(99, 100)] * 3))
    def test_the_bounds_are_the_extremes_of_all_joint_distributions(self, drawn: tuple[int, list[Fraction]]) -> None:
        needed, up = drawn
        together = k_of_n(needed, up)
        assert (together.lowest.fraction, together.highest.fraction) == extremes(needed, up)

    @pytest.mark.parametrize("needed", [1, 2, 3, 4])
    @pytest.mark.parametrize("up", [("0.9", "0.8", "0.3", "0.2"), ("0.99", "0.95", "0.95", "0.5")])
    def test_the_bounds_of_four_are_the_extremes_too(self, needed: int, up: tuple[str, ...]) -> None:
        together = k_of_n(needed, up)
        expected = extremes(needed, [Fraction(share) for share in up])
        assert (together.lowest.fraction, together.highest.fraction) == expected

    @given(st.integers(1, 5).flatmap(lambda count: st.lists(st.integers(0, 20), min_size=2**count, max_size=2**count)))
    def test_no_joint_distribution_is_outside_the_bounds(self, weights: list[int]) -> None:
        assume(any(weights))
        count = len(weights).bit_length() - 1
        up = [
            sum((chance for state, chance in joint(weights, count) if state[part]), Fraction(0))
            for part in range(count)
        ]
        for needed in range(1, count + 1):
            chance = sum((chance for state, chance in joint(weights, count) if sum(state) >= needed), Fraction(0))
            together = k_of_n(needed, up)
            assert together.lowest <= chance <= together.highest

    @given(services(5), st.randoms(use_true_random=False))
    def test_all_and_any_are_so_many_of_them_in_any_order(
        self, drawn: tuple[int, list[Fraction]], random: Random
    ) -> None:
        needed, up = drawn
        shuffled = random.sample(up, len(up))
        assert k_of_n(needed, shuffled) == k_of_n(needed, up)
        assert series(up) == k_of_n(len(up), up)
        assert parallel(up) == k_of_n(1, up)
        assert series(up).independent == prod(up)
        assert parallel(up).independent == 1 - prod(1 - share for share in up)
        # After Frechet.
        assert series(up).lowest == max(Fraction(0), sum(up) - len(up) + 1)
        assert series(up).highest == min(up)
        assert parallel(up).lowest == max(up)
        assert parallel(up).highest == min(Fraction(1), sum(up))

    @given(st.lists(fractions, min_size=2, max_size=6))
    def test_needing_more_of_them_is_never_easier(self, up: list[Fraction]) -> None:
        for easier, harder in pairwise(k_of_n(needed, up) for needed in range(1, len(up) + 1)):
            assert harder.independent <= easier.independent
            assert harder.lowest <= easier.lowest
            assert harder.highest <= easier.highest


# --- credits --------------------------------------------------------------------------------------------------------


@st.composite
def schemes(draw: st.DrawFn) -> tuple[CreditScheme, list[tuple[Fraction, Fraction]], Fraction]:
    """A scheme, with its steps from the best down, and what is paid below all of them."""
    count = draw(st.integers(1, 5))
    floors = draw(st.lists(fractions, min_size=count, max_size=count, unique=True))
    pays = sorted(draw(st.lists(fractions, min_size=count + 1, max_size=count + 1)))
    steps = list(zip(sorted(floors, reverse=True), pays[:-1], strict=True))
    tiers = [{"at_least": str(at_least), "credit": str(credit)} for at_least, credit in steps]
    longest, outage = draw(st.integers(0, 100)), draw(fractions)
    options = draw(st.sampled_from([{}, {"longest_outage": f"{longest}m", "outage_credit": str(outage)}]))
    return CreditScheme(name="x", tiers=tiers, below=str(pays[-1]), **options), steps, pays[-1]


class TestCredits:
    @given(schemes(), fractions)
    def test_each_step_is_paid_from_its_floor_up_to_the_one_before(
        self, drawn: tuple[CreditScheme, list[tuple[Fraction, Fraction]], Fraction], availability: Fraction
    ) -> None:
        scheme, steps, below = drawn
        reached = {at_least: credit for at_least, credit in steps if at_least <= availability}
        assert scheme.credit(Share(availability)) == (reached[max(reached)] if reached else below)
        least = Fraction(1, 10**9)
        for (at_least, credit), (_, lower) in pairwise([*steps, (Fraction(0), below)]):
            assert scheme.credit(Share(at_least)) == credit
            assert scheme.credit(Share(at_least - least)) == lower

    @given(schemes(), fractions, fractions, st.integers(0, 200), st.integers(0, 200))
    def test_a_worse_service_never_pays_less(
        self,
        drawn: tuple[CreditScheme, list[tuple[Fraction, Fraction]], Fraction],
        one: Fraction,
        other: Fraction,
        short: int,
        long: int,
    ) -> None:
        scheme, *_ = drawn
        worse, better = sorted((one, other))
        brief, lengthy = (timedelta(minutes=minutes) for minutes in sorted((short, long)))
        paid = scheme.credit(Share(better), longest_outage=brief)
        assert scheme.credit(Share(worse), longest_outage=brief) >= paid
        assert scheme.credit(Share(better), longest_outage=lengthy) >= paid
        assert paid >= scheme.credit(Share(better))

    @given(schemes(), fractions, st.integers(0, 200 * 60))
    def test_an_outage_that_is_too_long_pays_the_greater_of_the_two(
        self,
        drawn: tuple[CreditScheme, list[tuple[Fraction, Fraction]], Fraction],
        availability: Fraction,
        seconds: int,
    ) -> None:
        scheme, *_ = drawn
        tier = scheme.credit(Share(availability))
        paid = scheme.credit(Share(availability), longest_outage=timedelta(seconds=seconds))
        if scheme.longest_outage is not None and timedelta(seconds=seconds) > scheme.longest_outage:
            assert scheme.outage_credit is not None
            assert paid == max(tier.fraction, scheme.outage_credit.fraction)
        else:
            assert paid == tier
