"""
Gates of well-known contracts, over requests counted by the interval.

The numbers are those of the contracts of Google, Microsoft, AWS and ZITADEL; check the live page of a product before
relying on them. What each comes to was worked out by hand, and stands beside how.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine.uptime.requests import Answered, RequestGate, RequestLog, read_requests

SECOND = 10**6
MINUTE = 60 * SECOND
DAY = sla.Day(date(2026, 4, 7), zone="UTC")
APRIL = sla.Month(2026, 4, zone="UTC")
"""30 days: 43 200 minutes."""

GCP_FUNCTIONS = RequestGate(error_rate="10%", least_requests=100)
"""Google Cloud Functions: an error rate of more than 10 % over at least 100 executions."""
VERTEX_SEARCH = RequestGate(error_rate="10%", least_requests=2000)
"""Vertex AI Search: at least 2000 valid requests."""
AZURE = RequestGate(error_rate="100%", inclusive=True)
"""Azure: a minute in which all attempts fail."""
S3 = RequestGate(weigh=True)
"""AWS S3: the mean of the error rates of 5-minute intervals."""
ZITADEL = RequestGate(error_rate="50%")
"""A minute in which no request was made is successful."""


def april(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 4, day, hour, minute, second, tzinfo=UTC)


def micros(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def intervals(
    period: sla.Period, gate: RequestGate, told: dict[datetime, tuple[int, int]], *, every: int = 1, usual: int = 5000
) -> RequestLog:
    """A period of intervals of so many minutes without errors, but for those that are told."""
    lo, hi = period.span.micros
    others = {micros(at): counts for at, counts in told.items()}
    rows = [(at, *others.get(at, (usual, 0))) for at in range(lo, hi, every * MINUTE)]
    return RequestLog.of_micros(rows, every=timedelta(minutes=every), gate=gate)


def minutes_from(start: datetime, count: int, counts: tuple[int, int]) -> dict[datetime, tuple[int, int]]:
    return {start + timedelta(minutes=number): counts for number in range(count)}


def whole(log: RequestLog, period: sla.Period) -> list[Answered]:
    lo, hi = period.span.micros
    return log.states(lo, hi, at=hi)


def down(stretches: Iterable[Answered]) -> Fraction:
    """The downtime, in minutes."""
    return sum((weight * (end - start) for start, end, _, weight, _ in stretches), Fraction(0)) / MINUTE


def longest(stretches: Iterable[Answered]) -> sla.Downtime:
    return sla.Downtime(max((end - start for start, end, state, *_ in stretches if state == "down"), default=0))


@pytest.mark.parametrize(
    ("gate", "requests", "errors", "is_down"),
    [
        (GCP_FUNCTIONS, 1000, 100, False),  # exactly 10 %
        (GCP_FUNCTIONS, 1000, 101, True),
        (GCP_FUNCTIONS, 100, 10, False),
        (GCP_FUNCTIONS, 100, 11, True),
        (GCP_FUNCTIONS, 99, 99, False),  # too few to say anything
        (GCP_FUNCTIONS, 0, 0, False),
        (VERTEX_SEARCH, 1999, 1999, False),
        (VERTEX_SEARCH, 2000, 200, False),
        (VERTEX_SEARCH, 2000, 201, True),
        (AZURE, 1, 1, True),
        (AZURE, 5, 4, False),
        (AZURE, 5, 5, True),
        (AZURE, 0, 0, False),
        (ZITADEL, 2, 1, False),
        (ZITADEL, 3, 2, True),
        (ZITADEL, 0, 0, False),
        (RequestGate(), 10**9, 1, True),  # without a rate, one error is enough
        (RequestGate(error_rate="10%", inclusive=True), 1000, 100, True),
        (RequestGate(error_rate="10%", inclusive=True), 1000, 99, False),
    ],
)
def test_a_gate_at_its_boundaries(gate: RequestGate, requests: int, errors: int, is_down: bool) -> None:
    assert gate.weight(requests, errors) == int(is_down)
    log = RequestLog.of([(april(7, 9), requests, errors)], every="1m", gate=gate)
    lo = micros(april(7, 9))
    (found,) = log.states(lo, lo + MINUTE, at=lo + MINUTE)
    source = "requests 2026-04-07T09:00:00+00:00" if is_down else ""
    assert found == (lo, lo + MINUTE, "down" if is_down else "up", Fraction(int(is_down)), source)


def test_a_rate_that_no_float_has_is_compared_exactly() -> None:
    third = RequestGate(error_rate="1/3")
    assert third.weight(3 * 10**20, 10**20) == 0
    assert third.weight(3 * 10**20, 10**20 + 1) == 1


def test_a_month_of_executions_and_what_it_pays_back() -> None:
    told = {
        **minutes_from(april(3, 10), 3, (200, 21)),  # 10.5 %: three minutes down
        **minutes_from(april(3, 10, 3), 2, (200, 20)),  # exactly 10 %: up
        **minutes_from(april(9, 4), 60, (99, 99)),  # at night, all of fewer than 100: up
        **minutes_from(april(20, 22), 213, (100, 100)),  # 213 minutes down
    }
    found = whole(intervals(APRIL, GCP_FUNCTIONS, told), APRIL)
    assert [(end - start) // MINUTE for start, end, state, *_ in found if state == "down"] == [3, 213]
    functions = sla.CreditScheme(
        name="Google Cloud Functions",
        source="https://cloud.google.com/functions/sla",
        tiers=[
            {"at_least": "99.5%", "credit": "0%"},
            {"at_least": "99%", "credit": "10%"},
            {"at_least": "95%", "credit": "25%"},
        ],
        below="50%",
    )
    # 216 of 43 200 minutes are 99.5 %, which is still free; one more is not.
    assert down(found) == 216
    assert functions.credit(sla.Budget("99.5%", APRIL).availability("216m")) == 0
    told[april(20, 22) + timedelta(minutes=213)] = (100, 11)
    found = whole(intervals(APRIL, GCP_FUNCTIONS, told), APRIL)
    assert down(found) == 217
    assert str(functions.credit(sla.Budget("99.5%", APRIL).availability("217m"))) == "10.00%"


def test_the_same_counts_under_another_gate() -> None:
    # 30 minutes with 1500 requests that all fail, 10 with 2500 of which 300 do (12 %).
    told = {**minutes_from(april(7, 9), 30, (1500, 1500)), **minutes_from(april(7, 15), 10, (2500, 300))}
    log = intervals(DAY, GCP_FUNCTIONS, told)
    expected = {GCP_FUNCTIONS: Fraction(40), VERTEX_SEARCH: Fraction(10), AZURE: Fraction(30)}
    # By weight: 30 whole minutes, and 12 % of 10.
    expected[S3] = Fraction(30) + Fraction(12, 10)
    assert {gate: down(whole(replace(log, gate=gate), DAY)) for gate in expected} == expected


def test_the_mean_of_five_minute_error_rates_is_the_weighed_downtime() -> None:
    told = {
        april(7, 9): (400, 100),  # a quarter
        april(7, 9, 5): (10, 5),  # a half, and of far fewer requests
        april(7, 9, 10): (800, 400),  # a half
        april(7, 12): (0, 0),  # nobody asked: no errors
    }
    log = intervals(DAY, S3, told, every=5)
    found = whole(log, DAY)
    # A day has 288 intervals; their rates add up to one and a quarter, which is 6 minutes 15 seconds.
    assert down(found) == Fraction(25, 4)
    rates = [
        Fraction(errors, requests) if requests else 0 for requests, errors in zip(log.requests, log.errors, strict=True)
    ]
    assert down(found) / 1440 == Fraction(sum(rates), 288) == Fraction(5, 4) / 288
    # The two halves are one stretch.
    assert [((end - start) // MINUTE, weight) for start, end, state, weight, _ in found if state == "down"] == [
        (5, Fraction(1, 4)),
        (10, Fraction(1, 2)),
    ]
    s3 = sla.CreditScheme(
        name="S3", tiers=[{"at_least": "99.9%", "credit": "0%"}, {"at_least": "99%", "credit": "10%"}], below="25%"
    )
    # 1 - 1.25/288 is 99.566 %.
    assert str(s3.credit(sla.Share(1 - down(found) / 1440))) == "10.00%"


def test_a_weighed_gate_leaves_out_what_is_below_its_rate() -> None:
    gate = RequestGate(error_rate="1%", least_requests=10, weigh=True)
    assert gate.weight(1000, 10) == 0
    assert gate.weight(1000, 11) == Fraction(11, 1000)
    assert gate.weight(9, 9) == 0


def test_a_minute_without_requests_is_up_and_one_that_is_missing_is_unknown() -> None:
    start = micros(april(7, 9))
    rows = [(april(7, 9), 10, 10), (april(7, 9, 1), 0, 0), (april(7, 9, 3), 10, 0)]
    log = RequestLog.of(rows, every="1m", gate=ZITADEL)
    found = log.states(start - MINUTE, start + 5 * MINUTE, at=start + 60 * MINUTE)
    assert [((one - start) // MINUTE, (end - start) // MINUTE, state) for one, end, state, *_ in found] == [
        (-1, 0, "unknown"),
        (0, 1, "down"),
        (1, 2, "up"),
        (2, 3, "unknown"),
        (3, 4, "up"),
        (4, 5, "unknown"),
    ]
    assert [source for *_, source in found] == ["", "requests 2026-04-07T09:00:00+00:00", "", "", "", ""]


def test_an_interval_is_known_when_it_is_over() -> None:
    start = micros(april(7, 9))
    log = RequestLog.of([(april(7, 9, minute), 10, 10) for minute in range(5)], every="1m", gate=AZURE)

    def known_at(instant: int) -> list[tuple[int, int, str]]:
        return [
            (one - start, end - start, state)
            for one, end, state, *_ in log.states(start, start + 300 * SECOND, at=instant)
        ]

    assert known_at(start) == [(0, 300 * SECOND, "unknown")]
    assert known_at(start + MINUTE - 1) == [(0, 300 * SECOND, "unknown")]
    assert known_at(start + MINUTE) == [(0, MINUTE, "down"), (MINUTE, 300 * SECOND, "unknown")]
    assert known_at(start + 3 * MINUTE + 30 * SECOND) == [
        (0, 3 * MINUTE, "down"),
        (3 * MINUTE, 300 * SECOND, "unknown"),
    ]
    assert known_at(start + 5 * MINUTE) == [(0, 300 * SECOND, "down")]


def test_a_window_takes_its_part_of_an_interval_and_names_it() -> None:
    log = RequestLog.of([(april(7, 9, minute), 10, 10) for minute in (0, 5, 10)], every="5m", gate=AZURE)
    lo, hi = micros(april(7, 9, 7)), micros(april(7, 9, 12))
    source = "requests 2026-04-07T09:05:00+00:00"
    assert log.states(lo, hi, at=micros(april(7, 10))) == [(lo, hi, "down", Fraction(1), source)]
    # At 9:14 the last of the three is not over.
    middle = micros(april(7, 9, 10))
    assert log.states(lo, hi, at=micros(april(7, 9, 14))) == [
        (lo, middle, "down", Fraction(1), source),
        (middle, hi, "unknown", Fraction(0), ""),
    ]


def test_nothing_told_is_nothing_known() -> None:
    log = RequestLog.of([], every="1m", gate=AZURE)
    assert len(log) == 0
    assert log.states(0, MINUTE, at=MINUTE) == [(0, MINUTE, "unknown", Fraction(0), "")]
    assert log.states(MINUTE, MINUTE, at=MINUTE) == []


def test_an_interval_told_twice_alike_is_one() -> None:
    rows = [(april(7, 9), 10, 3), (april(7, 9, 1), 8, 8), (april(7, 9), 10, 3)]
    assert RequestLog.of(rows, every="1m", gate=AZURE) == RequestLog.of(rows[:2], every="1m", gate=AZURE)


class TestTwentyTwoMinutesOrOneOutageOfFifteen:
    """A contract that was found: 22 minutes in a month, or one outage of more than 15."""

    # 22 of 43 200 minutes; of what is left, exactly 21589/21600.
    SCHEME = sla.CreditScheme(
        name="Twenty-two or fifteen",
        tiers=[{"at_least": "21589/21600", "credit": "0%"}],
        below="10%",
        longest_outage="15m",
        outage_credit="10%",
    )

    # The lengths of two outages, and what is paid.
    CASES = (
        (14, 8, "0%"),  # 22 minutes
        (15, 7, "0%"),
        (16, 1, "10%"),  # one is too long
        (12, 11, "10%"),  # 23 minutes
    )

    def log(self, first: int, second: int) -> RequestLog:
        told = {**minutes_from(april(3, 10), first, (40, 40)), **minutes_from(april(20, 22), second, (1, 1))}
        # In the minute after the second, one of many requests was answered.
        told[april(20, 22, second)] = (5000, 4999)
        return intervals(APRIL, AZURE, told)

    @pytest.mark.parametrize(("first", "second", "paid"), CASES)
    def test_either_is_enough(self, first: int, second: int, paid: str) -> None:
        found = whole(self.log(first, second), APRIL)
        assert down(found) == first + second
        assert longest(found) == timedelta(minutes=max(first, second))
        reached = sla.Budget("99.9%", APRIL).availability(sla.Downtime(down(found) * MINUTE))
        assert self.SCHEME.credit(reached, longest_outage=longest(found)) == sla.Share.parse(paid)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_has_a_log_for_each_service() -> None:
    rows = (
        "at,service,requests,errors",
        "2026-04-07T09:05:00Z,store,10,5",
        "2026-04-07T09:00:00Z,store,10,0",
        "2026-04-07T09:00:00Z,api,200,21",
    )
    text = "\n".join(rows)
    found = read_requests(text, every={"store": "5m", "api": "1m"}, gate={"store": S3, "api": GCP_FUNCTIONS})
    assert found.problems == ()
    assert found.rows == 3
    assert found.logs == {
        "store": RequestLog.of([(april(7, 9), 10, 0), (april(7, 9, 5), 10, 5)], every="5m", gate=S3),
        "api": RequestLog.of([(april(7, 9), 200, 21)], every="1m", gate=GCP_FUNCTIONS),
    }


def test_a_file_without_services_and_with_local_times() -> None:
    text = "at,requests,errors\n07.04.2026 11:00,10,10\n"
    found = read_requests(text, every="1m", gate=AZURE, zone="Europe/Rome", time_format="%d.%m.%Y %H:%M")
    assert found.logs == {"": RequestLog.of([(april(7, 9), 10, 10)], every="1m", gate=AZURE)}


# --- laws ------------------------------------------------------------------------------------------------------------

Row = tuple[int, int, int]
rates = st.fractions(0, 1, max_denominator=12)


@st.composite
def gates(draw: st.DrawFn) -> RequestGate:
    rate = draw(rates)
    inclusive = rate == 1 or (rate > 0 and draw(st.booleans()))
    return RequestGate(
        error_rate=rate, inclusive=inclusive, least_requests=draw(st.integers(1, 8)), weigh=draw(st.booleans())
    )


@st.composite
def rows_of(draw: st.DrawFn) -> list[Row]:
    """Intervals of a minute, most of them one after the other."""
    rows: list[Row] = []
    start = 0
    for apart in draw(st.lists(st.sampled_from([0, 0, 0, 1, 20 * SECOND, MINUTE]), max_size=25)):
        start += apart
        requests = draw(st.integers(0, 12))
        rows.append((start, requests, draw(st.integers(0, requests) | st.sampled_from([0, requests]))))
        start += MINUTE
    return rows


instants = st.integers(-3, 40).map(lambda minute: minute * MINUTE) | st.integers(-3 * MINUTE, 40 * MINUTE)


def by_hand(rows: Iterable[Row], gate: RequestGate, lo: int, hi: int, at: int) -> tuple[Fraction, int]:
    """The downtime, and the time that is known, interval by interval."""
    lost, known = Fraction(0), 0
    for start, requests, errors in rows:
        inside = max(min(start + MINUTE, hi) - max(start, lo), 0)
        if start + MINUTE > at:
            continue
        known += inside
        if requests < gate.least_requests:
            continue
        rate = Fraction(errors, requests)
        if rate > gate.error_rate.fraction or (gate.inclusive and rate == gate.error_rate.fraction):
            lost += inside * (rate if gate.weigh else 1)
    return lost, known


@given(rows_of(), gates(), instants, instants, instants)
def test_the_states_are_the_window_and_what_one_counts_who_looks_at_each_interval(
    rows: list[Row], gate: RequestGate, one: int, other: int, at: int
) -> None:
    lo, hi = sorted((one, other))
    assume(lo < hi)
    found = RequestLog.of_micros(rows, every="1m", gate=gate).states(lo, hi, at=at)
    assert found[0][0] == lo
    assert found[-1][1] == hi
    assert all(start < end for start, end, *_ in found)
    for before, after in pairwise(found):
        assert before[1] == after[0]
        assert before[2:4] != after[2:4]
    for _, _, state, weight, source in found:
        assert (0 < weight <= 1) is (state == "down") is source.startswith("requests ")
    lost, known = by_hand(rows, gate, lo, hi, at)
    assert down(found) * MINUTE == lost
    assert sum(end - start for start, end, state, *_ in found if state != "unknown") == known


@given(rows_of(), gates(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_and_rows_told_again_change_nothing(
    rows: list[Row], gate: RequestGate, random: Any
) -> None:
    mixed = rows + rows[: len(rows) // 2]
    random.shuffle(mixed)
    assert RequestLog.of_micros(mixed, every="1m", gate=gate) == RequestLog.of_micros(rows, every="1m", gate=gate)


@given(rows_of(), gates(), instants, instants, instants)
def test_a_window_is_as_much_down_as_its_parts(
    rows: list[Row], gate: RequestGate, one: int, other: int, at: int
) -> None:
    lo, middle, hi = sorted((one, other, 20 * MINUTE))
    log = RequestLog.of_micros(rows, every="1m", gate=gate)
    parts = down(log.states(lo, middle, at=at)) + down(log.states(middle, hi, at=at))
    assert down(log.states(lo, hi, at=at)) == parts


@given(rows_of(), gates(), rates, st.integers(0, 5))
def test_a_gate_that_asks_for_more_never_finds_more(
    rows: list[Row], gate: RequestGate, higher: Fraction, more: int
) -> None:
    higher = max(higher, gate.error_rate.fraction)
    assume(higher < 1 or gate.inclusive)
    log = RequestLog.of_micros(rows, every="1m", gate=gate)

    def with_gate(**changes: object) -> Fraction:
        changed = replace(log, gate=gate.model_copy(update=changes))
        return down(changed.states(0, 60 * MINUTE, at=60 * MINUTE))

    usual = with_gate()
    assert with_gate(error_rate=higher) <= usual
    assert with_gate(least_requests=gate.least_requests + more) <= usual
    assert with_gate(weigh=True) <= with_gate(weigh=False)


@given(rows_of(), gates(), instants, instants)
def test_what_is_known_stays_known(rows: list[Row], gate: RequestGate, one: int, other: int) -> None:
    early, late = sorted((one, other))
    log = RequestLog.of_micros(rows, every="1m", gate=gate)
    lo, hi = 0, 30 * MINUTE
    then, now = log.states(lo, hi, at=early), log.states(lo, hi, at=late)
    for start, end, state, weight, _ in then:
        if state != "unknown":
            assert all(stretch[2:4] == (state, weight) for stretch in now if stretch[0] < end and stretch[1] > start)


@given(gates())
def test_a_gate_goes_to_json_and_back(gate: RequestGate) -> None:
    assert RequestGate.from_json(gate.to_json()) == gate


# --- through the report ----------------------------------------------------------------------------------------------

evaluate: Any = sla.evaluate_uptime


class TestReports:
    def test_a_month_of_executions(self) -> None:
        told = {**minutes_from(april(3, 10), 3, (200, 21)), **minutes_from(april(20, 22), 2, (100, 100))}
        report = evaluate("99.99%", APRIL, at=APRIL.end, requests=intervals(APRIL, GCP_FUNCTIONS, told))
        # The counts are whole: nothing is uncertain.
        five = sla.Downtime.of("5m")
        assert report.downtime == sla.DowntimeBounds(five, five, five)
        assert report.availability == sla.Share(43195, 43200)
        assert report.coverage == 1
        assert report.verdict == "breached"
        assert [one.sources for one in report.outages()] == [
            ("requests 2026-04-03T10:00:00+00:00",),
            ("requests 2026-04-20T22:00:00+00:00",),
        ]

    def test_the_mean_of_error_rates(self) -> None:
        log = intervals(DAY, S3, {april(7, 9): (400, 100), april(7, 9, 5): (10, 10)}, every=5)
        report = evaluate("99.9%", DAY, at=DAY.end, requests=log)
        # A quarter of five minutes, and five.
        assert report.downtime.lower == report.downtime.upper == timedelta(minutes=6, seconds=15)
        assert report.availability == 1 - Fraction(5, 4) / 288

    def test_ten_minutes_in_a_row(self) -> None:
        # Nine minutes do not count, ten do; and ten with one of too few requests among them are not in a row.
        told = {
            **minutes_from(april(3, 10), 9, (2000, 201)),
            **minutes_from(april(4, 10), 10, (2000, 201)),
            **minutes_from(april(5, 10), 10, (2000, 2000)),
            april(5, 10, 5): (1999, 1999),
        }
        log = intervals(APRIL, VERTEX_SEARCH, told)
        assert evaluate("99.9%", APRIL, at=APRIL.end, requests=log).downtime.upper == timedelta(minutes=28)
        rules = sla.CountingRules(unit="1m", least_outage="10m")
        report = evaluate("99.9%", APRIL, at=APRIL.end, requests=log, rules=rules)
        assert report.downtime.lower == report.downtime.upper == timedelta(minutes=10)

    def test_missing_minutes_are_unknown(self) -> None:
        rows = [(april(7) + timedelta(minutes=minute), 5, 0) for minute in range(1440) if not 60 <= minute < 70]
        report = evaluate("99%", DAY, at=DAY.end, requests=RequestLog.of(rows, every="1m", gate=AZURE))
        assert (report.downtime.lower, report.downtime.upper) == (timedelta(0), timedelta(minutes=10))
        assert report.coverage == sla.Share(1430, 1440)

    @pytest.mark.parametrize(("first", "second", "paid"), TestTwentyTwoMinutesOrOneOutageOfFifteen.CASES)
    def test_twenty_two_minutes_or_one_outage_of_fifteen(self, first: int, second: int, paid: str) -> None:
        contract = TestTwentyTwoMinutesOrOneOutageOfFifteen()
        report = evaluate("99.9%", APRIL, at=APRIL.end, requests=contract.log(first, second))
        reading = contract.SCHEME.assess(report)
        assert reading.least == reading.expected == reading.most == sla.Share.parse(paid)


def test_what_is_said_is_not_taken_back_when_the_next_probe_fails() -> None:
    start = datetime(2026, 3, 10, tzinfo=UTC)
    minute = timedelta(minutes=1)
    gate = sla.RequestGate(error_rate="10%")
    log = sla.RequestLog.of([(start + number * minute, 100, 0) for number in range(30)], every="1m", gate=gate)
    probes = sla.ProbeLog.of([(start + 5 * number * minute, number != 2) for number in range(5)], every="5m")
    day = sla.Day(start.date(), zone="UTC")
    reports = [
        sla.evaluate_uptime("99%", day, at=start + number * minute, probes=probes, requests=log)
        for number in range(1, 30)
    ]
    for earlier, later in pairwise(reports):
        assert later.downtime.lower >= earlier.downtime.lower
        assert later.downtime.upper <= earlier.downtime.upper
    # From the good probe at 5 to the failed one at 10, and on to the good one at 15, nobody knows.
    assert reports[15].downtime.upper - reports[15].downtime.lower == day.duration - 15 * minute + 10 * minute
