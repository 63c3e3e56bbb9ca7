"""Laws of the uptime ledger: its rows are the window, and add up to what the report says was down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import get_args
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sla_engine import (
    Downtime,
    Incident,
    Maintenance,
    MaintenanceTerms,
    ProbeLog,
    Rolling,
    UptimeReport,
    evaluate_uptime,
)
from sla_engine.uptime.ledgers import UptimeLedger, uptime_ledger
from sla_engine.uptime.readings import Base, Unknown

START = datetime(2026, 3, 28, 23, tzinfo=UTC)
"""An hour or two before the clock changes in Rome."""
LENGTH = 240
"""Minutes of the window; what is drawn begins before it and ends after it."""
instants = st.integers(-40, LENGTH + 40)


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@st.composite
def logs(draw: st.DrawFn) -> ProbeLog:
    spacing = draw(st.sampled_from([1, 5, 10]))
    times = draw(st.lists(instants, max_size=30, unique=True))
    if draw(st.booleans()):
        first = draw(st.integers(-30, 60))
        times = [first + spacing * number for number in range(draw(st.integers(0, 40)))]
    rows = [(after(at), draw(st.booleans())) for at in times]
    location = draw(st.sampled_from(["", "rome"]))
    return ProbeLog.of(rows, every=f"{spacing}m", gap=draw(st.sampled_from([1, 2, 5])), location=location)


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    start, length = draw(instants), draw(st.one_of(st.none(), st.integers(1, 90)))
    weight = draw(st.sampled_from(["100%", "30%", "1/3", "1/7"]))
    return Incident(f"I-{start}", after(start), None if length is None else after(start + length), weight)


@st.composite
def works(draw: st.DrawFn) -> Maintenance:
    start, told = draw(instants), draw(st.one_of(st.none(), st.integers(-5, 70)))
    announced = None if told is None else after(start - told)
    return Maintenance(f"M-{start}", after(start), after(start + draw(st.integers(1, 90))), announced)


@st.composite
def reports(draw: st.DrawFn) -> UptimeReport:
    probes = draw(st.lists(logs(), max_size=3))
    until = after(LENGTH).astimezone(draw(st.sampled_from([UTC, ZoneInfo("Europe/Rome")])))
    return evaluate_uptime(
        draw(st.sampled_from(["50%", "90%", "99%"])),
        Rolling(until, timedelta(minutes=LENGTH)),
        at=after(draw(st.one_of(st.just(LENGTH), instants))),
        probes=probes,
        down_needs=draw(st.integers(1, max(1, len(probes)))),
        incidents=draw(st.lists(incidents(), max_size=4)),
        maintenance=draw(st.lists(works(), max_size=4)),
        terms=MaintenanceTerms(notice=draw(st.sampled_from([None, "20m"]))),
        longest_outage=draw(st.sampled_from([None, "5m", "20m"])),
        unknown=draw(st.sampled_from(get_args(Unknown))),
        base=draw(st.sampled_from(get_args(Base))),
    )


@given(reports())
def test_the_rows_are_the_window(report: UptimeReport) -> None:
    ledger = uptime_ledger(report)
    at, until = report.period.span.micros
    for row in ledger:
        assert row.span.micros[0] == at, "rows follow one another without a gap"
        assert not row.span.is_empty
        at = row.span.micros[1]
    assert at == until
    assert ledger.length == report.period.duration
    assert len(ledger) == len(report.stretches)
    assert [(*row.span.micros, row.state, row.maintenance) for row in ledger] == [
        (one.start, one.end, one.state, one.maintenance) for one in report.stretches
    ]


@given(reports())
def test_the_totals_are_the_bounds_of_the_report(report: UptimeReport) -> None:
    ledger = uptime_ledger(report)
    lower = upper = Downtime()
    for row in ledger:
        lower, upper = lower + row.lower, upper + row.upper
        assert (row.total_lower, row.total_upper) == (lower, upper)
        assert Downtime() <= row.lower <= row.upper <= row.length
        assert row.between == row.upper - row.lower
    bounds = report.downtime
    assert (ledger.total_lower, ledger.total_upper) == (lower, upper) == (bounds.lower, bounds.upper)
    assert (ledger.budget, ledger.verdict) == (report.budget, report.verdict)
    assert ledger.answer.startswith(f"{report.verdict}: ")
    assert ledger.reading == report.reading()


@given(reports())
def test_what_a_row_adds_is_its_length_by_what_was_down(report: UptimeReport) -> None:
    for row in uptime_ledger(report):
        length = row.span.micros[1] - row.span.micros[0]
        left_out = row.state == "unknown" and report.unknown == "excluded"
        assert row.counts == (row.maintenance != "excused" and not left_out)
        if not row.counts:
            assert (row.lower, row.upper) == (Downtime(), Downtime())
        elif row.state == "not_yet":
            assert (row.lower, row.upper) == (Downtime(), Downtime(length))
        elif row.state != "unknown" or report.unknown == "either":
            assert (row.lower, row.upper) == (Downtime(row.least * length), Downtime(row.most * length))
        else:
            taken_for = {"up": row.least, "down": Fraction(1)}[report.unknown]
            assert row.lower == row.upper == Downtime(taken_for * length)


@given(reports())
def test_the_answer_names_only_bounds_that_decide(report: UptimeReport) -> None:
    ledger = uptime_ledger(report)
    verdict, _, reasons = ledger.answer.partition(": ")
    over = (report.downtime.lower > report.budget, report.downtime.upper > report.budget)
    if verdict == "met":
        assert not over[1]
        assert "no more than the budget" in reasons
    assert ("is more than the budget" in reasons) == over[0]
    assert ("within the budget" in reasons) == (verdict == "undecided" and over[1])
    longest, allowed = ledger.reading.longest_outage, ledger.reading.longest_allowed
    assert ("outage" in reasons) == (
        longest is not None
        and allowed is not None
        and {"met": True, "breached": longest.lower > allowed, "undecided": longest.upper > allowed}[verdict]
    )
    assert bool(reasons)


@given(reports())
def test_who_says_that_it_was_down_has_a_name(report: UptimeReport) -> None:
    for row in uptime_ledger(report):
        assert row.source or row.state in ("up", "unknown", "not_yet")
        assert bool(row.work) == (row.maintenance != "none")


def summed(rows: list[dict[str, str]], key: str) -> Fraction:
    return sum((Fraction(row[key]) for row in rows), Fraction(0))


@given(reports())
def test_the_data_add_up_in_json_too(report: UptimeReport) -> None:
    ledger = uptime_ledger(report)
    data = json.loads(json.dumps(ledger.to_data()))
    rows = data["rows"]
    assert sum(row["length_us"] for row in rows) == data["length_us"] == LENGTH * 60 * 10**6
    for name, total in (("lower", report.downtime.lower), ("upper", report.downtime.upper)):
        so_far = [summed(rows[: number + 1], f"{name}_us") for number in range(len(rows))]
        assert so_far == [Fraction(row[f"total_{name}_us"]) for row in rows]
        assert so_far[-1] == Fraction(data[f"total_{name}_us"]) == total.micros
    for row in rows:
        start, end = (datetime.fromisoformat(row[side]) for side in ("start", "end"))
        assert (end - start) // timedelta(microseconds=1) == row["length_us"]
    assert Fraction(data["budget_us"]) == report.budget.micros


@given(reports())
def test_the_text_has_a_line_for_each_row(report: UptimeReport) -> None:
    ledger: UptimeLedger = uptime_ledger(report)
    caption, _, rule, *lines = str(ledger).splitlines()
    assert caption == f"{ledger.question} (times in {ledger.zone})"
    assert len(rule.split()) == 10
    foot = lines[len(ledger) :]
    assert foot[0].startswith("budget: ")
    assert foot[-1] == f"answer: {ledger.answer}"
    promised = report.longest_allowed is not None
    assert len(foot) == 3 + (ledger.total_lower < ledger.total_upper) + promised
    assert ledger.html.count("<tr>") == len(ledger) + 1
