"""The ledger of a day: each of its figures was worked out by hand, and stands beside how."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Any

import sla_engine as sla
from sla_engine.uptime.ledgers import UptimeLedgerRow, uptime_ledger

DAY = sla.Day(date(2026, 4, 7), zone="UTC")
"""1440 minutes, of which 99 % leave 14.4."""


def at(hour: int, minute: int = 0) -> datetime:
    return DAY.start + timedelta(hours=hour, minutes=minute)


def probes(*failed: int, missing: tuple[int, ...] = (), until: int = 120) -> sla.ProbeLog:
    """Probes every five minutes from midnight; so many minutes after it they failed, or were not made."""
    made = [minute for minute in range(0, until + 1, 5) if minute not in missing]
    return sla.ProbeLog.of([(at(0, minute), minute not in failed) for minute in made], every="5m")


def test_a_day_until_two_o_clock() -> None:
    # Failed probes at 0:35 and 0:40: five minutes down, five on each side uncertain. None from 1:05 to 1:15: of the
    # twenty minutes between the probes at 1:00 and 1:20, two and a half are known at each end, and fifteen are not.
    # A third of the service was down for twenty minutes: 6m40s. The last ten minutes before two were excused, and so
    # is an hour that is to come, and another is not: 22 hours are to come, and 21 of them count.
    report = sla.evaluate_uptime(
        "99%",
        DAY,
        at=at(2),
        probes=probes(35, 40, missing=(65, 70, 75)),
        incidents=[
            sla.Incident("I-7", at(1, 30), at(1, 50), "1/3"),
            sla.Incident("I-8", at(1, 50), at(2)),
        ],
        maintenance=[
            sla.Maintenance("M-1", at(1, 50), at(2), announced_at=at(0)),
            sla.Maintenance("M-2", at(12), at(13), announced_at=at(0)),
            sla.Maintenance("M-3", at(20), at(21)),
        ],
    )
    assert str(uptime_ledger(report)) == "\n".join(
        line.rstrip() for line in A_DAY_UNTIL_TWO_O_CLOCK.strip("\n").split("\n")
    )
    # 0 + 5m + 6m40s; 5m + 5m + 5m + 15m + 6m40s + 21h.
    assert report.downtime.lower == timedelta(minutes=11, seconds=40)
    assert report.downtime.upper == timedelta(hours=21, minutes=36, seconds=40)


A_DAY_UNTIL_TWO_O_CLOCK = """
2026-04-07, target 99%, as of 2026-04-07T02:00:00+00:00 (times in UTC)
from                     to                       length  state      maintenance                   down at least  down at most  total at least  total at most  source
-----------------------  -----------------------  ------  ---------  ----------------------------  -------------  ------------  --------------  -------------  -------------------------------
Tue 2026-04-07 00:00     Tue 2026-04-07 00:30     30m     up                                                                    0s              0s
Tue 2026-04-07 00:30     Tue 2026-04-07 00:35     5m      uncertain                                               5m            0s              5m             probe 2026-04-07T00:35:00+00:00
Tue 2026-04-07 00:35     Tue 2026-04-07 00:40     5m      down                                     5m             5m            5m              10m            probe 2026-04-07T00:35:00+00:00
Tue 2026-04-07 00:40     Tue 2026-04-07 00:45     5m      uncertain                                               5m            5m              15m            probe 2026-04-07T00:40:00+00:00
Tue 2026-04-07 00:45     Tue 2026-04-07 01:02:30  17m30s  up                                                                    5m              15m
Tue 2026-04-07 01:02:30  Tue 2026-04-07 01:17:30  15m     unknown                                                 15m           5m              30m            probe 2026-04-07T01:00:00+00:00
Tue 2026-04-07 01:17:30  Tue 2026-04-07 01:30     12m30s  up                                                                    5m              30m
Tue 2026-04-07 01:30     Tue 2026-04-07 01:50     20m     down 1/3                                 6m40s          6m40s         11m40s          36m40s         I-7
Tue 2026-04-07 01:50     Tue 2026-04-07 02:00     10m     down       excused M-1                                                11m40s          36m40s         I-8
Tue 2026-04-07 02:00     Tue 2026-04-07 12:00     10h     not yet                                                 10h           11m40s          10h36m40s
Tue 2026-04-07 12:00     Tue 2026-04-07 13:00     1h      not yet    excused M-2                                                11m40s          10h36m40s
Tue 2026-04-07 13:00     Tue 2026-04-07 20:00     7h      not yet                                                 7h            11m40s          17h36m40s
Tue 2026-04-07 20:00     Tue 2026-04-07 21:00     1h      not yet    unexcused M-3: not announced                 1h            11m40s          18h36m40s
Tue 2026-04-07 21:00     Wed 2026-04-08 00:00     3h      not yet                                                 3h            11m40s          21h36m40s
budget: 14m24s, 1% of 24h
down: 11m40s at least, 21h36m40s at most
between the two: 10m uncertain, 15m unknown, 21h not yet
answer: undecided: 11m40s at least is within the budget, 21h36m40s at most is not
"""  # noqa: E501  (a table of ten columns)


def test_the_answer_says_which_bound_decides() -> None:
    # A quarter of an hour is more than 14.4 minutes, and ten minutes are not.
    def answer(minutes: int) -> str:
        incident = sla.Incident("I-1", at(9), at(9, minutes))
        return str(uptime_ledger(sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=[incident]))).splitlines()[-1]

    assert answer(15) == "answer: breached: 15m at least is more than the budget"
    assert answer(10) == "answer: met: 10m at most is no more than the budget"


def answered(**terms: Any) -> list[str]:
    """The ledger of a day with an outage of five to fifteen minutes and an hour without probes, line by line."""
    log = probes(35, 40, missing=tuple(range(605, 660, 5)), until=1440)
    return str(uptime_ledger(sla.evaluate_uptime("98%", DAY, at=DAY.end, probes=log, **terms))).splitlines()


def test_the_longest_outage_decides_too() -> None:
    # 98 % of a day leave 28.8 minutes, and the outage is no longer than fifteen.
    assert answered(unknown="up", longest_outage="15m")[-2:] == [
        "longest outage: 5m at least, 15m at most, of 15m allowed",
        "answer: met: 15m at most is no more than the budget; no outage is longer than 15m",
    ]
    assert answered(unknown="up", longest_outage="10m")[-1] == (
        "answer: undecided: one outage may be longer than 10m, up to 15m"
    )
    assert answered(unknown="up", longest_outage="4m")[-1] == (
        "answer: breached: one outage of 5m at least is longer than 4m"
    )


def test_the_ledger_follows_the_reading_of_its_report() -> None:
    # Of the hour between the probes at ten and eleven, two and a half minutes at each end are known: 55 are not.
    assert answered()[-2:] == [
        "between the two: 10m uncertain, 55m unknown",
        "answer: undecided: 5m at least is within the budget, 1h10m at most is not",
    ]
    down = answered(unknown="down")
    assert down[0].startswith("2026-04-07, target 98%, as of 2026-04-08T00:00:00+00:00, unknown time taken for down (")
    assert down[-3:] == [
        "down: 1h at least, 1h10m at most",
        "between the two: 10m uncertain",
        "answer: breached: 1h at least is more than the budget",
    ]
    # 2 % of 23 hours and five minutes: 27.7 of 1385 minutes.
    without = answered(unknown="excluded")
    assert ", without unknown time (" in without[0]
    assert without[-4:-2] == ["budget: 27m42s, 2% of 23h5m", "down: 5m at least, 15m at most"]


def test_where_all_is_taken_out_nothing_decides() -> None:
    work = sla.Maintenance("M-1", DAY.start, DAY.end, announced_at=DAY.start)
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, maintenance=[work], base="less_maintenance")
    assert str(uptime_ledger(report)).splitlines()[-3:] == [
        "budget: 0s, 1% of 0s",
        "down: 0s at least, 0s at most",
        "answer: undecided: no time is left that counts",
    ]


def test_a_part_that_an_incident_says_is_shown_where_the_probes_do_not_know() -> None:
    # From 0:30 to 0:40 the probe that failed leaves all open, and the incident a third of it less.
    incident = sla.Incident("I-1", at(0, 30), at(0, 40), "30%")
    report = sla.evaluate_uptime("99%", DAY, at=at(2), probes=probes(35), incidents=[incident])
    row = next(row for row in uptime_ledger(report) if row.state == "uncertain")
    assert row == UptimeLedgerRow(
        sla.Span(at(0, 30), at(0, 40)),
        "uncertain",
        "none",
        counts=True,
        least=Fraction(3, 10),
        most=Fraction(1),
        lower=sla.Downtime.of("3m"),
        upper=sla.Downtime.of("10m"),
        total_lower=sla.Downtime.of("3m"),
        total_upper=sla.Downtime.of("10m"),
        source="I-1",
        work="",
    )
    assert row.between == sla.Downtime.of("7m")
    assert "uncertain, 30% at least" in str(uptime_ledger(report))


def test_where_the_clock_changes_times_have_their_offsets() -> None:
    # On 25 October 2026 the clock in Rome shows 2:00 to 3:00 twice, and the day has 25 hours.
    day = sla.Day(date(2026, 10, 25), zone="Europe/Rome")
    start = day.start + timedelta(hours=2, minutes=30)
    end = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    report = sla.evaluate_uptime("99%", day, at=day.end, incidents=[sla.Incident("I-1", start, end)])
    text = str(uptime_ledger(report))
    assert "Sun 2026-10-25 02:30+02:00  Sun 2026-10-25 02:15+01:00  45m     down " in text
    assert "budget: 15m, 1% of 25h" in text
    assert "times in Europe/Rome" in text


def test_a_zone_without_a_name_is_shown_in_utc() -> None:
    class Nameless(tzinfo):
        def utcoffset(self, when: datetime | None) -> timedelta | None:
            return None if when is None else timedelta(hours=2)

        def dst(self, _: datetime | None) -> timedelta | None:
            return timedelta(0)

        def tzname(self, _: datetime | None) -> None:
            return None

    until = datetime(2026, 4, 7, 4, tzinfo=Nameless())
    report = sla.evaluate_uptime("99%", sla.Rolling(until, timedelta(hours=1)), at=until)
    ledger = uptime_ledger(report)
    assert (ledger.zone, len(ledger)) == ("UTC", 1)
    assert next(iter(ledger)).span == sla.Span(at(1), at(2))


def test_names_are_escaped_in_html() -> None:
    incident = sla.Incident('<script>alert("I")</script>', at(1), at(1, 10))
    work = sla.Maintenance("<b>M</b>", at(2), at(3))
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=[incident], maintenance=[work])
    ledger = uptime_ledger(report)
    assert ledger._repr_html_() == ledger.html
    assert "&lt;script&gt;alert(&quot;I&quot;)&lt;/script&gt;" in ledger.html
    assert "unexcused &lt;b&gt;M&lt;/b&gt;: not announced" in ledger.html
    assert "<script>" not in ledger.html
    assert "<b>" not in ledger.html
    assert "<script>" in ledger.text


def test_the_data_of_a_third_are_exact() -> None:
    # A third of 100 microseconds: 33 1/3, which the text shows rounded up.
    end = at(1) + timedelta(microseconds=100)
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=[sla.Incident("I-1", at(1), end, "1/3")])
    ledger = uptime_ledger(report)
    _, row, _ = ledger.to_data()["rows"]
    assert (row["least"], row["lower_us"], row["upper_us"], row["length_us"]) == ("1/3", "100/3", "100/3", 100)
    assert "0.000034s" in str(ledger)
    assert ledger.length == timedelta(days=1)
