"""Requests and gates that cannot be: each error says what was wrong, where, and what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import sla_engine as sla
from sla_engine.uptime.requests import RequestGate, RequestLog, read_requests

GATE = RequestGate(error_rate="10%", least_requests=100)
NINE = datetime(2026, 4, 7, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def refused(error: type[sla.SlaError], where: str, *words: str) -> Any:
    """Expect an error of exactly this class, at this place, whose text has all the words as they stand."""
    pattern = "(?s)" + "".join(f"(?=.*{re.escape(word)})" for word in words)

    def right(raised: sla.SlaError) -> bool:
        return type(raised) is error and raised.where == where and bool(raised.remedy)

    return pytest.raises(error, match=pattern, check=right)


class TestGates:
    @pytest.mark.parametrize("rate", ["101%", "-1%", "10"])
    def test_a_rate_is_a_share_of_requests(self, rate: str) -> None:
        with refused(sla.InvalidPolicy, "error_rate", "is no share of requests", '"0%" to "100%"'):
            RequestGate(error_rate=rate)

    def test_a_rate_is_exact(self) -> None:
        rate: Any = 0.1
        with refused(sla.InvalidAmount, "error_rate", "0.1 is a float", "Write it as text"):
            RequestGate(error_rate=rate)

    @pytest.mark.parametrize("least", [0, -1, True, "100", 1.0, None])
    def test_a_rate_of_no_requests_says_nothing(self, least: Any) -> None:
        with refused(sla.InvalidPolicy, "least_requests", repr(least), "Write 1 or more"):
            RequestGate(least_requests=least)

    def test_a_gate_that_is_never_down(self) -> None:
        with refused(sla.InvalidPolicy, "error_rate", "nothing is ever down", "Write inclusive as well"):
            RequestGate(error_rate="100%")

    def test_a_gate_that_is_down_without_errors(self) -> None:
        with refused(sla.InvalidPolicy, "inclusive", "without errors would be down", "Leave it out"):
            RequestGate(inclusive=True)

    def test_an_unknown_key(self) -> None:
        with pytest.raises(sla.InvalidPolicy, match=r"unknown key 'rate'.*Known keys: error_rate"):
            RequestGate.from_data({"rate": "10%"})


class TestLogs:
    @pytest.mark.parametrize(
        ("requests", "errors", "problem"),
        [
            (10, 11, "11 of 10 requests failed"),
            (0, 1, "1 of 0 requests failed"),
            (-1, 0, "the requests are -1, which is less than none"),
            (1, -1, "the errors are -1, which is less than none"),
            (10.0, 1, "the requests are 10.0, which is no whole number"),
            (10, "1", "the errors are '1', which is no whole number"),
            (True, 0, "the requests are True, which is no whole number"),
            (10, None, "the errors are None, which is no whole number"),
        ],
    )
    def test_counts_that_cannot_be(self, requests: Any, errors: Any, problem: str) -> None:
        with refused(sla.InvalidLog, "row 1", problem, "how many of them failed") as raised:
            RequestLog.of([(NINE, 5, 0), (NINE + MINUTE, requests, errors)], every="1m", gate=GATE)
        assert raised.value.value == (requests, errors)

    def test_an_interval_told_twice_and_otherwise(self) -> None:
        rows = [(NINE, 5, 0), (NINE + MINUTE, 5, 0), (NINE, 5, 1)]
        with refused(sla.InvalidLog, "2026-04-07T09:00:00+00:00", "told twice, and otherwise", "Keep one"):
            RequestLog.of(rows, every="1m", gate=GATE)

    @pytest.mark.parametrize("first", [0, 1])
    def test_intervals_that_overlap(self, first: int) -> None:
        rows = [(NINE, 5, 0), (NINE + MINUTE, 5, 0)]
        words = ("begins before the one at 2026-04-07T09:00:00+00:00 is over, after 5m", "Give the length")
        with refused(sla.InvalidLog, "2026-04-07T09:01:00+00:00", *words):
            RequestLog.of([rows[first], rows[1 - first]], every="5m", gate=GATE)
        with refused(sla.InvalidLog, "2026-04-07T09:01:00+00:00", "begins before"):
            RequestLog.of(rows, every=MINUTE + timedelta(microseconds=1), gate=GATE)

    @pytest.mark.parametrize("every", ["0m", timedelta(), timedelta(minutes=-1)])
    def test_intervals_without_a_length(self, every: Any) -> None:
        with refused(sla.InvalidLog, "every", "an interval has a length", '"1m" or "5m"'):
            RequestLog.of([(NINE, 5, 0)], every=every, gate=GATE)

    def test_a_length_that_is_none(self) -> None:
        with pytest.raises(sla.InvalidAmount):
            RequestLog.of([(NINE, 5, 0)], every="often", gate=GATE)

    def test_instants_need_a_zone(self) -> None:
        with pytest.raises(sla.NaiveDatetime):
            RequestLog.of([(NINE.replace(tzinfo=None), 5, 0)], every="1m", gate=GATE)


class TestFiles:
    def test_rows_that_cannot_be_used_are_problems_with_their_lines(self) -> None:
        rows = [
            "at,requests,errors,service",
            "2026-04-07T09:00:00Z,100,10,api",
            "2026-04-07T09:00:00Z,100,10,api",
            "2026-04-07T09:00:00Z,100,11,api",
            "2026-04-07T09:00:30Z,100,0,api",
            "2026-04-07T09:01:00Z,100,101,api",
            "2026-04-07T09:01:00Z,-1,0,api",
            "2026-04-07T09:01:00Z,100,1.5,api",
            "2026-04-07T09:01:00Z,1_000,0,api",
            "2026-04-07T09:01:00Z,,0,api",
            "soon,100,0,api",
            "2026-04-07T09:01:00,100,0,api",
            "2026-04-07T09:01:00Z,100,0,sms",
            "2026-04-07T09:01:00Z,100,0",
            "2026-04-07T09:01:00Z,100,0,api",
        ]
        found = read_requests("\n".join(rows), every={"api": "1m"}, gate=GATE)
        assert found.rows == 14
        said = {one.line: one.problem for one in found.problems}
        assert list(said) == list(range(3, 15))
        for line, words in {
            3: "is told again",
            4: "is told again, and otherwise",
            5: "begins before the last one is over",
            6: "101 of 100 requests failed",
            7: "requests is '-1', which is no whole number",
            8: "errors is '1.5', which is no whole number",
            9: "requests is '1_000'",
            10: "requests is ''",
            11: "'soon' is no time",
            12: "has no zone",
            13: "'sms' is none that is asked about: 'api'",
            14: "has 3 fields, and the header has 4",
        }.items():
            assert words in said[line]
        expected = [(NINE, 100, 10), (NINE + MINUTE, 100, 0)]
        assert found.logs == {"api": RequestLog.of(expected, every="1m", gate=GATE)}

    def test_a_gate_for_each_service(self) -> None:
        text = "at,requests,errors,service\n2026-04-07T09:00:00Z,1,0,api\n2026-04-07T09:00:00Z,1,0,web\n"
        found = read_requests(text, every="1m", gate={"api": GATE})
        assert list(found.logs) == ["api"]
        assert [(one.line, "'web' is none" in one.problem) for one in found.problems] == [(3, True)]

    def test_a_file_that_cannot_be_read(self) -> None:
        with pytest.raises(sla.InvalidLog, match="the log is empty"):
            read_requests("", every="1m", gate=GATE)
        with pytest.raises(sla.InvalidLog, match="the log has no column 'errors'"):
            read_requests("at,requests\n", every="1m", gate=GATE)
        with pytest.raises(sla.InvalidLog, match="a header and no rows"):
            read_requests("at,requests,errors\n", every="1m", gate=GATE)
        with refused(sla.InvalidLog, "every", "an interval has a length"):
            read_requests("at,requests,errors\n2026-04-07T09:00:00Z,1,0\n", every="0m", gate=GATE)
