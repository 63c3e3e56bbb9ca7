"""Rules of maintenance as they should not be: each is refused with its place and a remedy, and nothing loops."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import sla_engine as sla
from sla_engine.uptime.recurrence import MOST
from sla_engine.uptime.recurring import RecurringMaintenance

ROME = ZoneInfo("Europe/Rome")
SUNDAY = datetime(2026, 3, 1, 2, 30, tzinfo=ROME)
HOUR = timedelta(hours=1)
DAY = 86_400 * 10**6


def work(rrule: Any, **more: Any) -> RecurringMaintenance:
    given = {"start": SUNDAY, "end": SUNDAY + HOUR, "rrule": rrule, "zone": "Europe/Rome", **more}
    return RecurringMaintenance("M-1", **given)


# --- the text of a rule ----------------------------------------------------------------------------------------------

RULES: dict[Any, tuple[str, str]] = {
    # What is given: what is wrong with it, and what to do.
    "": ("0 rules are given", "Give one"),
    5: ("5 is no rule", '"FREQ=WEEKLY;BYDAY=SU"'),
    None: ("None is no rule", '"FREQ=WEEKLY;BYDAY=SU"'),
    "every Sunday": ("the rule has 'EVERY SUNDAY'", "It knows FREQ"),
    "RRULE:": ("the rule has ''", "It knows FREQ"),
    "BYDAY=SU": ("does not say how often: it has no FREQ", "DAILY, WEEKLY, MONTHLY, YEARLY"),
    "FREQ=SOMETIMES": ("FREQ=SOMETIMES, which cannot be", "DAILY, WEEKLY, MONTHLY, YEARLY"),
    "FREQ=SECONDLY": ("FREQ=SECONDLY, and maintenance recurs by days", "FREQ=DAILY;BYHOUR"),
    "FREQ=MINUTELY;INTERVAL=5": ("FREQ=MINUTELY, and maintenance recurs by days", "FREQ=DAILY;BYHOUR"),
    "FREQ=HOURLY;COUNT=2": ("FREQ=HOURLY, and maintenance recurs by days", "FREQ=DAILY;BYHOUR"),
    "FREQ=WEEKLY;FREQ=DAILY": ("FREQ twice", "Give it once"),
    "FREQ=WEEKLY;BYDAYS=SU": ("'BYDAYS=SU'", "Did you mean BYDAY?"),
    "FREQ=WEEKLY;BYEASTER=0": ("'BYEASTER=0'", ""),
    "FREQ=WEEKLY;BYDAY": ("BYDAY=, which cannot be", "-1SU"),
    "FREQ=WEEKLY;BYDAY=SUN": ("BYDAY=SUN, which cannot be", "-1SU"),
    "FREQ=YEARLY;BYDAY=0SU": ("BYDAY=0SU, which cannot be", "-1SU"),
    "FREQ=YEARLY;BYDAY=54SU": ("BYDAY=54SU, which cannot be", "-1SU"),
    "FREQ=WEEKLY;WKST=SUN": ("WKST=SUN, which cannot be", "MO, TU"),
    "FREQ=DAILY;INTERVAL=0": ("INTERVAL=0, which cannot be", "from 1 to 9999"),
    "FREQ=DAILY;INTERVAL=-1": ("INTERVAL=-1, which cannot be", "from 1 to 9999"),
    "FREQ=DAILY;INTERVAL=1,2": ("INTERVAL=1,2, which cannot be", "Give one number"),
    "FREQ=DAILY;COUNT=0": ("COUNT=0, which cannot be", "from 1 to 10000"),
    "FREQ=DAILY;COUNT=10001": ("COUNT=10001, which cannot be", "from 1 to 10000"),
    "FREQ=DAILY;COUNT=" + "9" * 5000: ("which cannot be", "from 1 to 10000"),
    "FREQ=DAILY;COUNT=many": ("COUNT=MANY, which cannot be", "from 1 to 10000"),
    "FREQ=DAILY;BYHOUR=24": ("BYHOUR=24, which cannot be", "from 0 to 23"),
    "FREQ=DAILY;BYHOUR=-1": ("BYHOUR=-1, which cannot be", "from 0 to 23"),
    "FREQ=DAILY;BYMINUTE=60": ("BYMINUTE=60, which cannot be", "from 0 to 59"),
    "FREQ=DAILY;BYSECOND=60": ("BYSECOND=60, which cannot be", "from 0 to 59"),
    "FREQ=DAILY;BYMONTH=13": ("BYMONTH=13, which cannot be", "from 1 to 12"),
    "FREQ=MONTHLY;BYMONTHDAY=0": ("BYMONTHDAY=0, which cannot be", "from 1 to 31, or from -1 to -31"),
    "FREQ=MONTHLY;BYMONTHDAY=1,32": ("BYMONTHDAY=1,32, which cannot be", "from 1 to 31"),
    "FREQ=YEARLY;BYYEARDAY=367": ("BYYEARDAY=367, which cannot be", "from 1 to 366"),
    "FREQ=YEARLY;BYWEEKNO=54": ("BYWEEKNO=54, which cannot be", "from 1 to 53"),
    "FREQ=MONTHLY;BYDAY=SU;BYSETPOS=0": ("BYSETPOS=0, which cannot be", "from 1 to 366"),
    "FREQ=DAILY;COUNT=3;UNTIL=20260401T000000Z": ("UNTIL and COUNT", "Leave one of them out"),
    "FREQ=MONTHLY;BYWEEKNO=9": ("BYWEEKNO, which needs FREQ=YEARLY and not MONTHLY", "Leave one"),
    "FREQ=MONTHLY;BYYEARDAY=60": ("BYYEARDAY, which needs FREQ=YEARLY and not MONTHLY", "Leave one"),
    "FREQ=WEEKLY;BYMONTHDAY=1": ("BYMONTHDAY, and a week has no such days", "Leave one"),
    "FREQ=WEEKLY;BYDAY=1SU": ("numbers in BYDAY, which need FREQ=MONTHLY or YEARLY and not WEEKLY", "Leave one"),
    "FREQ=DAILY;BYDAY=-1SU": ("numbers in BYDAY, which need FREQ=MONTHLY or YEARLY and not DAILY", "Leave one"),
    "FREQ=YEARLY;BYWEEKNO=9;BYDAY=1SU": ("numbers in BYDAY, and BYWEEKNO", "Leave one"),
    "FREQ=MONTHLY;BYDAY=6SU": ("6 in BYDAY", "Leave one"),
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-9SU": ("9 in BYDAY", "Leave one"),
    "FREQ=DAILY;BYSETPOS=1": ("BYSETPOS, and nothing to choose from", "Leave one"),
    "FREQ=DAILY;UNTIL=20260401": ("UNTIL has '20260401', which is no time", "20260329T023000"),
    "FREQ=DAILY;UNTIL=20260230T000000Z": ("UNTIL has '20260230T000000Z', which is no time", "20260329T023000"),
    "FREQ=DAILY;UNTIL=soon": ("UNTIL has 'SOON', which is no time", "20260329T023000"),
    "FREQ=DAILY\nFREQ=WEEKLY": ("2 rules are given", "another RecurringMaintenance"),
    "EXDATE:20260301T023000": ("0 rules are given", "Give one"),
    "DTSTART:20260301T023000\nFREQ=DAILY": ("a line 'DTSTART'", "start and zone have DTSTART"),
    "FREQ=DAILY\nEXRULE:FREQ=WEEKLY": ("a line 'EXRULE'", "RRULE, EXDATE and RDATE"),
    "RRULE;X=1:FREQ=DAILY": ("a line 'RRULE;X=1'", "RRULE, EXDATE and RDATE"),
    "FREQ=DAILY\nEXDATE:": ("EXDATE has '', which is no time", "20260329T023000"),
    "FREQ=DAILY\nEXDATE;VALUE=DATE:20260302": ("EXDATE has VALUE=DATE, and not a time", "20260329T023000"),
    "FREQ=DAILY\nRDATE;VALUE=PERIOD:20260302T000000Z/PT1H": ("RDATE has VALUE=PERIOD", "20260329T023000"),
    "FREQ=DAILY\nRDATE:20260228T023000": ("RDATE has 2026-02-28T02:30, before the start", "the first of all"),
    "FREQ=DAILY;UNTIL=20260301T012959Z": ("no occurrence: UNTIL and EXDATE leave none", "Mend"),
    "FREQ=DAILY;COUNT=2\nEXDATE:20260301T023000,20260302T013000Z": ("no occurrence: UNTIL and EXDATE", "Mend"),
}


@pytest.mark.parametrize("rrule", RULES, ids=lambda rrule: repr(rrule)[:50])
def test_what_is_no_rule_is_refused(rrule: Any) -> None:
    with pytest.raises(sla.InvalidLog) as caught:
        work(rrule)
    problem, remedy = RULES[rrule]
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert caught.value.remedy
    assert caught.value.where == "M-1.rrule"
    assert caught.value.value is not None or rrule is None


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", "2026-03-02T02:30 as the first"),
        ("FREQ=MONTHLY;BYDAY=-1SU", "2026-03-29T02:30 as the first"),
        ("FREQ=DAILY;BYHOUR=3", "2026-03-01T03:30 as the first"),
        ("FREQ=DAILY;BYSECOND=30", "2026-03-01T02:30:30 as the first"),
        ("FREQ=YEARLY;BYWEEKNO=10", "2026-03-08T02:30 as the first"),
        # Of the week of 23 February the first of these days was the Wednesday, before the start.
        ("FREQ=WEEKLY;BYDAY=WE,SU;BYSETPOS=1", "2026-03-04T02:30 as the first"),
        # 2026-02-29 does not exist.
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2028-02-29T02:30 as the first"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no time from there on"),
        ("FREQ=MONTHLY;BYMONTH=2,4;BYMONTHDAY=31", "no time from there on"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "no time from there on"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no time from there on"),
    ],
)
def test_a_rule_that_does_not_name_its_start_is_refused_soon(rrule: str, words: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(sla.InvalidLog) as caught:
        work(rrule)
    assert time.perf_counter() - begun < 5  # one that names nothing is looked for through a cycle of the calendar
    assert caught.value.problem == f"it starts at 2026-03-01T02:30, and the rule names {words}"
    assert (caught.value.where, caught.value.value) == ("M-1.start", SUNDAY)
    assert caught.value.remedy


@pytest.mark.parametrize("year", [1970, 2399, 2400, 9598, 9998, 9999])
def test_a_start_of_any_year_is_looked_for_where_it_is(year: int) -> None:
    start = datetime(year, 12, 20, 2, 30, tzinfo=UTC)
    weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[start.weekday()]
    rule = f"FREQ=WEEKLY;BYDAY={weekday}"
    one = RecurringMaintenance("M", start, start + HOUR, rule, zone="UTC")
    assert one.between(one.micros[0], one.micros[1])[0].start == start
    with pytest.raises(sla.InvalidLog, match=rf"names {year}-12-21T02:30 as the first"):
        RecurringMaintenance("M", start, start + HOUR, f"FREQ=MONTHLY;BYMONTHDAY={start.day + 1}", zone="UTC")


# --- the other fields ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [SUNDAY, SUNDAY - HOUR, SUNDAY.astimezone(UTC)])
def test_an_end_that_is_not_after_the_start_is_refused(end: datetime) -> None:
    with pytest.raises(sla.InvalidLog, match="which is not after its start at 2026-03-01T02:30:00") as caught:
        work("FREQ=WEEKLY", end=end)
    assert (caught.value.where, caught.value.value) == ("M-1.end", end)
    assert caught.value.remedy


@pytest.mark.parametrize("before", ["-1h", timedelta(microseconds=-1)])
def test_an_announcement_after_the_start_of_each_is_refused(before: Any) -> None:
    with pytest.raises(sla.InvalidLog, match="announced_before is -") as caught:
        work("FREQ=WEEKLY", announced_before=before)
    assert (caught.value.where, caught.value.value) == ("M-1.announced_before", before)
    assert '"48h"' in caught.value.remedy


def test_two_announcements_are_refused() -> None:
    with pytest.raises(sla.InvalidLog, match="announced_at and announced_before are both given") as caught:
        work("FREQ=WEEKLY", announced_before="48h", announced_at=SUNDAY - 100 * HOUR)
    assert (caught.value.where, caught.value.value) == ("M-1.announced_before", "48h")
    assert "one announcement of all" in caught.value.remedy


def test_days_and_what_is_no_time_are_no_announcement() -> None:
    with pytest.raises(sla.AmbiguousDays, match=r"M-1\.announced_before: '2 days'"):
        work("FREQ=WEEKLY", announced_before="2 days")
    with pytest.raises(sla.InvalidAmount, match=r"M-1\.announced_before: "):
        work("FREQ=WEEKLY", announced_before="early")


@pytest.mark.parametrize("name", ["start", "end", "announced_at"])
def test_times_without_a_zone_are_refused(name: str) -> None:
    with pytest.raises(sla.NaiveDatetime) as caught:
        work("FREQ=WEEKLY", **{name: datetime(2026, 3, 1, 3)})
    assert caught.value.where == "M-1"


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(sla.InvalidZone, match="Did you mean Europe/Rome") as caught:
        work("FREQ=WEEKLY", zone="Europe/Roma")
    assert caught.value.where == "M-1.zone"
    with pytest.raises(sla.InvalidZone, match="Did you mean Europe/Rome") as caught:
        work("FREQ=WEEKLY\nEXDATE;TZID=Europe/Roma:20260308T023000")
    assert caught.value.where == "M-1.rrule"
    with pytest.raises(TypeError, match="zone"):
        RecurringMaintenance("M-1", SUNDAY, SUNDAY + HOUR, "FREQ=WEEKLY")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ROME), "where the clock shows 02:30 again"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "where the clock shows 02:30 again"),
        (datetime(2026, 3, 1, 2, 30, 0, 1, tzinfo=ROME), "where it has parts of a second"),
    ],
)
def test_a_start_that_no_rule_can_name_is_refused(start: datetime, words: str) -> None:
    with pytest.raises(sla.InvalidLog, match=words) as caught:
        work("FREQ=DAILY", start=start, end=start + 5 * HOUR)
    assert (caught.value.where, caught.value.value) == ("M-1.start", start)
    assert caught.value.remedy


# --- how many --------------------------------------------------------------------------------------------------------


def test_more_than_ten_thousand_at_once_are_refused() -> None:
    one = work("FREQ=DAILY", zone="UTC")
    start = one.micros[0]
    assert len(one.between(start, start + MOST * DAY)) == MOST
    with pytest.raises(
        sla.InvalidLog, match=r"more than 10,000 occurrences from 2026-03-01T01:30:00\+00:00 on"
    ) as caught:
        one.between(start, start + MOST * DAY + 1)
    assert (caught.value.where, caught.value.value) == ("M-1", "FREQ=DAILY")
    assert "a shorter time" in caught.value.remedy
    with pytest.raises(sla.InvalidLog, match="more than 10,000"):
        one.between(-(10**20), 10**20)


def test_one_for_every_second_is_stopped_and_not_walked_through() -> None:
    sixty = ",".join(map(str, range(60)))
    one = work(f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={sixty};BYSECOND={sixty}")
    century = one.micros[0] + 36_525 * DAY
    begun = time.perf_counter()
    assert len(one.between(century, century + 10**6)) == 3600  # each lasts an hour
    with pytest.raises(sla.InvalidLog, match="more than 10,000"):
        one.between(century, century + 365 * DAY)
    assert time.perf_counter() - begun < 10


def test_the_end_of_the_calendar_is_the_end_of_the_rule() -> None:
    one = work("FREQ=YEARLY", start=datetime(9990, 3, 1, tzinfo=UTC), end=datetime(9990, 3, 2, tzinfo=UTC), zone="UTC")
    assert [each.start.year for each in one.between(0, 10**20)] == list(range(9990, 10_000))
    for rule in ("FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY;INTERVAL=9999"):
        assert work(rule).between(253_402_300_799 * 10**6, 10**20) == []


# --- files -----------------------------------------------------------------------------------------------------------


def test_rows_that_are_no_rule_are_problems_with_their_lines() -> None:
    head = "id,start,end,announced_at,rrule,zone,announced_before"
    times = "2026-03-01T02:30Z,2026-03-01T04:30Z"
    rows = [
        f"M-2,{times},,FREQ=WEEKLY,,",
        f"M-3,{times},,FREQ=WEEKLY;BYDAY=XX,UTC,",
        f"M-4,{times},,FREQ=WEEKLY;BYDAY=MO,UTC,",
        f"M-5,{times},,FREQ=WEEKLY,Europe/Roma,",
        f"M-6,{times},2026-02-01T00:00Z,FREQ=WEEKLY,UTC,48h",
        f"M-7,{times},,FREQ=WEEKLY,UTC,2 days",
        f"M-8,{times},,,UTC,48h",
        "M-9,2026-03-01T02:30Z,2026-03-01T02:30Z,,FREQ=WEEKLY,UTC,",
        "M-10,2026-03-29T02:30,2026-03-29T04:30,,FREQ=WEEKLY,Europe/Rome,",
        f"M-11,{times},,FREQ=WEEKLY,UTC,48h",
    ]
    told = sla.read_maintenance("\n".join([head, *rows]))
    expected = {
        "M-2": "no zone says by which clock",
        "M-3": "BYDAY=XX, which cannot be",
        "M-4": "2026-03-02T02:30 as the first",
        "M-5": "'Europe/Roma' is no zone",
        "M-6": "are both given",
        "M-7": "'2 days'",
        "M-8": "announced_before is for what recurs",
        "M-9": "not after its start",
        "M-10": "the clock skips it",
    }
    assert [(one.line, one.id) for one in told.problems] == list(enumerate(expected, start=2))
    for one in told.problems:
        assert expected[one.id] in one.problem
    assert [one.id for one in told.maintenance[""]] == ["M-11"]
    assert told.rows == 10
