"""
Answers from the test suites of ten peers, from threads about their bugs, and what they make of odd configurations.

Each case is first asked plainly. Where a peer answers otherwise by a convention that its suite names, the case stands
in a table with the reason, and a stated transformation of ours gives the peer's answer; none is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sla_engine import (
    BusinessCalendar,
    Calendar,
    InvalidCalendar,
    InvalidHours,
    InvalidZone,
    NeverCloses,
    NeverDue,
    NeverOpens,
    Span,
    business_time,
    never_open,
)

DAY = timedelta(days=1)

# Cases that a peer answers otherwise than we do when asked plainly: the convention that its suite names, and why.
CONVENTIONS = {
    "pandas-002": (
        "add_edge",
        (
            "pandas goes on to the next opening where a budget is used up exactly at a close; here that is due at the "
            "close, and `resumes_at` names the next opening"
        ),
    ),
}

# Calendars that cannot be written down as they stand: what we refuse, and how they are written instead.
REWRITTEN = {
    "odoo_jean_wed24": "Odoo unites overlapping hours; here they are an error, and the union of two calendars is meant",
    "odoo_patel_leave_utc": "the text Etc/GMT-6 means UTC+6, so the text is refused and the zone's object is taken",
}


# --- reading --------------------------------------------------------------------------------------------------------


def _windows(written: list[list[str]]) -> list[str]:
    return [f"{start}-{end}" for start, end in written]


def _instant(text: str, zone: ZoneInfo) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _closures(spec: dict[str, Any], pauses: list[list[str]]) -> list[Span]:
    """Return breaks, absolute breaks and pauses as exact spans: all three are time taken out."""
    on_dates = [[f"{day}T{end}" for end in pair] for day, pairs in spec.get("breaks", {}).items() for pair in pairs]
    written = [*on_dates, *spec.get("absolute_breaks", []), *pauses]
    return [Span(*(_instant(end, ZoneInfo(spec["tz"])) for end in pair)) for pair in written]


def written_calendar(spec: dict[str, Any], zone: str | ZoneInfo, pauses: list[list[str]]) -> BusinessCalendar:
    return BusinessCalendar(
        zone=zone,
        hours={day: _windows(pairs) for day, pairs in spec["weekly"].items()},
        holidays=[*spec.get("holidays", []), *spec.get("annual_holidays", [])],
        overrides={day: _windows(pairs) for day, pairs in spec.get("overrides", {}).items()},
        closures=_closures(spec, pauses),
    )


def calendar_of(spec: dict[str, Any], name: str, pauses: list[list[str]]) -> Calendar:
    if name not in REWRITTEN:
        return written_calendar(spec, spec["tz"], pauses)
    if name == "odoo_patel_leave_utc":
        return written_calendar(spec, ZoneInfo(spec["tz"]), pauses)
    assert name == "odoo_jean_wed24"
    layers = [
        {**spec, "weekly": {day: pairs[layer : layer + 1] for day, pairs in spec["weekly"].items()}} for layer in (0, 1)
    ]
    first, second = (written_calendar(layer, spec["tz"], pauses) for layer in layers)
    return first | second


class Asked:
    """One case with its calendar, and its texts read as instants."""

    def __init__(self, case: dict[str, Any], calendars: dict[str, Any]) -> None:
        self.case = case
        self.name = case["calendar"]
        self.spec = calendars[self.name]
        self.zone = ZoneInfo(self.spec["tz"])
        self.calendar = calendar_of(self.spec, self.name, case.get("pauses", []))

    def at(self, key: str) -> datetime:
        return _instant(self.case[key], self.zone)

    @property
    def amount(self) -> timedelta:
        return business_time(f"{self.case['seconds']}s").duration

    @property
    def expected(self) -> Any:
        """Return the peer's answer in the form in which ours come."""
        given = self.case["expected"]
        match self.case["op"]:
            case "between":
                return timedelta(seconds=given)
            case "windows":
                return [tuple(_instant(end, self.zone).astimezone(UTC) for end in pair) for pair in given]
            case "add_days_date":
                return date.fromisoformat(given)
            case "is_open":
                return given
            case _:
                return _instant(given, self.zone).astimezone(UTC)


# --- answering ------------------------------------------------------------------------------------------------------


def next_windows(calendar: Calendar, start: datetime, number: int) -> list[tuple[datetime, datetime]]:
    """Return the first open windows after an instant, clipped to it."""
    for days in (20 * step for step in count(1)):
        # The last window may be cut off by the end of the stretch, so one more is looked for.
        found = list(islice(calendar.open_spans(start, start + days * DAY), number + 1))
        if len(found) > number:
            return [(span.start.astimezone(UTC), span.end.astimezone(UTC)) for span in found[:number]]
    raise AssertionError


def days_on(calendar: Calendar, day: date, number: int, zone: ZoneInfo) -> date | None:
    """
    Return the date some business dates on, counted from a date instead of a moment.

    A date that is none rolls in the direction of the count: from its first instant on, or from its last one back.
    """
    edge = datetime.combine(day if number > 0 else day + DAY, time(0), tzinfo=zone)
    return calendar.business_date(calendar.add_business_days(edge, number))


# Each operation by our words alone.
ANSWERS: dict[str, Callable[[Asked], Any]] = {
    "add": lambda asked: asked.calendar.add(asked.at("start"), asked.amount).astimezone(UTC),
    "sub": lambda asked: asked.calendar.subtract(asked.at("start"), asked.amount).astimezone(UTC),
    "between": lambda asked: asked.calendar.elapsed(asked.at("start"), asked.at("end")),
    "is_open": lambda asked: asked.calendar.is_open(asked.at("at")),
    "next_open": lambda asked: asked.calendar.next_opening(asked.at("start")).astimezone(UTC),
    "add_days": lambda asked: asked.calendar.add_business_days(asked.at("start"), asked.case["days"]).astimezone(UTC),
    "add_days_date": lambda asked: days_on(
        asked.calendar, date.fromisoformat(asked.case["start"]), asked.case["days"], asked.zone
    ),
    "windows": lambda asked: next_windows(asked.calendar, asked.at("start"), len(asked.case["expected"])),
}


def plain(asked: Asked) -> Any:
    return ANSWERS[asked.case["op"]](asked)


def theirs(asked: Asked) -> Any:
    """Answer a case of `CONVENTIONS` as its peer does, by a stated transformation of ours."""
    assert asked.case["edge"] == "next_open_when_landing_on_close"
    return asked.calendar.resumes_at(asked.at("start"), asked.amount).astimezone(UTC)


@pytest.fixture(scope="session")
def peers(read_json: Callable[[str], Any]) -> Any:
    return read_json("vectors/peers.json")


def test_every_case_comes_out(peer_case: dict[str, Any], peers: Any) -> None:
    asked = Asked(peer_case, peers["calendars"])
    if peer_case["id"] not in CONVENTIONS:
        assert plain(asked) == asked.expected
        return
    convention, _ = CONVENTIONS[peer_case["id"]]
    assert convention in peer_case["suite"]["conventions"]
    assert plain(asked) != asked.expected
    assert theirs(asked) == asked.expected


def test_every_regression_comes_out(peer_regression: dict[str, Any], peers: Any) -> None:
    asked = Asked(peer_regression, peers["calendars"])
    assert plain(asked) == asked.expected


def test_all_cases_were_asked(peers: Any) -> None:
    cases = [case for suite in peers["suites"] for case in suite["cases"]]
    every = [Asked(case, peers["calendars"]) for case in [*cases, *peers["issue_regressions"]]]
    answered = sum((theirs(one) if one.case.get("id") in CONVENTIONS else plain(one)) == one.expected for one in every)
    assert (len(cases), len(peers["issue_regressions"]), len(peers["config_validation"])) == (57, 7, 10)
    assert answered == 57 + 7
    assert len(CONFIGURATIONS) == 10
    assert set(CONVENTIONS) <= {case["id"] for case in cases}
    assert set(REWRITTEN) <= {case["calendar"] for case in cases}
    assert len({case["id"] for case in cases}) == 57


# --- conventions ----------------------------------------------------------------------------------------------------


def test_a_holiday_with_hours_of_its_own_has_them(peers: Any) -> None:
    suite = next(suite for suite in peers["suites"] if suite["suite"].startswith("zendesk/biz"))
    assert suite["conventions"]["holiday_vs_override"] == "holiday wins"
    spec = peers["calendars"]["biz_active"]
    both = set(spec["holidays"]) & set(spec["overrides"])
    assert both == {"2006-01-11"}
    at = datetime(2006, 1, 11, 10, tzinfo=UTC)
    assert written_calendar(spec, spec["tz"], []).is_open(at)
    # biz closes the date: its hours are left out before they are written.
    kept = {day: hours for day, hours in spec["overrides"].items() if day not in both}
    assert not written_calendar({**spec, "overrides": kept}, spec["tz"], []).is_open(at)


def test_overlapping_hours_are_refused(peers: Any) -> None:
    spec = peers["calendars"]["odoo_jean_wed24"]
    cases = [case for suite in peers["suites"] for case in suite["cases"] if case["calendar"] == "odoo_jean_wed24"]
    assert [case["id"] for case in cases if "overlapping_intervals_merge" in case["tags"]] == ["odoo-013"]
    with pytest.raises(InvalidHours, match="overlap"):
        written_calendar(spec, spec["tz"], [])


def test_the_sign_of_etc_zones_is_explained(peers: Any) -> None:
    spec = peers["calendars"]["odoo_patel_leave_utc"]
    assert spec["tz"] == "Etc/GMT-6"
    with pytest.raises(InvalidZone, match=r"means UTC\+6"):
        written_calendar(spec, spec["tz"], [])
    assert written_calendar(spec, ZoneInfo(spec["tz"]), []).zone == "UTC+06:00"


def test_pandas_resumes_where_we_are_due(peers: Any) -> None:
    suite = next(suite for suite in peers["suites"] if suite["suite"].startswith("pandas"))
    onward = [Asked(case, peers["calendars"]) for case in suite["cases"] if case["seconds"] > 0]
    back = [Asked(case, peers["calendars"]) for case in suite["cases"] if case["seconds"] < 0]
    # One option gives all of pandas' answers forward, and `subtract` all of those backward.
    assert [theirs(one) for one in onward] == [one.expected for one in onward]
    assert [one.calendar.subtract(one.at("start"), -one.amount) for one in back] == [one.expected for one in back]
    assert (len(onward), len(back)) == (3, 6)


def test_the_second_zone_of_an_intersection_counts(peers: Any) -> None:
    # biz takes the second calendar's hours for hours of the first one's zone.
    case = next(case for suite in peers["suites"] for case in suite["cases"] if case["id"] == "biz-025")
    assert "biz_ignores_second_timezone" in case["tags"]
    spec = peers["calendars"]["biz_intersection"]
    left = written_calendar(peers["calendars"]["biz_std"], "Etc/UTC", [])
    right = written_calendar(spec, "America/Los_Angeles", [])
    asked = Asked(case, peers["calendars"])
    start, number = asked.at("start"), len(asked.expected)
    ignoring = left & written_calendar(spec, left.zone, [])
    assert next_windows(ignoring, start, number) == asked.expected
    assert next_windows(left & right.model_copy(update={"zone": left.zone}), start, number) == asked.expected
    assert next_windows(left & right, start, number) != asked.expected


OFFICE = BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"})
ROUND = {"mon-sun": "00:00-24:00"}
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEVER = timedelta(0)
NEW_YORK = ZoneInfo("America/New_York")


def _wall_clock(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Measure in wall-clock hours, as peers do that know no zones: the same hours on a clock that never changes."""
    naive = calendar.model_copy(update={"zone": "UTC"})
    return naive.elapsed(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))


def _reversed_interval() -> dict[str, bool]:
    back = OFFICE.elapsed(MONDAY + HOUR, MONDAY)
    return {"negative": back == -HOUR, "zero": max(NEVER, back) == NEVER, "absolute value": abs(back) == HOUR}


def _negative_amount() -> dict[str, bool]:
    back = OFFICE.add(MONDAY + 3 * HOUR, -HOUR)
    unchanged = OFFICE.add(MONDAY + 3 * HOUR, max(-HOUR, NEVER))
    return {
        "goes backwards": back == MONDAY + 2 * HOUR,
        "ignored (returns input)": unchanged == MONDAY + 3 * HOUR,
    }


def _zero_amount() -> dict[str, bool]:
    opening = datetime(2026, 3, 9, 9, tzinfo=UTC)
    return {
        "input unchanged": OFFICE.add(SATURDAY, NEVER) == SATURDAY,
        "next opening": OFFICE.resumes_at(SATURDAY, NEVER) == OFFICE.next_opening(SATURDAY) == opening,
    }


def _landing() -> dict[str, bool]:
    return {
        "close": OFFICE.add(MONDAY, 8 * HOUR) == MONDAY + 8 * HOUR,
        "next opening": OFFICE.resumes_at(MONDAY, 8 * HOUR) == MONDAY + DAY,
    }


def _closing() -> dict[str, bool]:
    close = MONDAY + 8 * HOUR
    return {
        "no": not OFFICE.is_open(close),
        "yes": OFFICE.is_open(close) or OFFICE.previous_closing(close) == close,
    }


def _clock_change() -> dict[str, bool]:
    always = BusinessCalendar(zone="America/New_York", hours=ROUND)
    start, end = (datetime(2026, 3, day, tzinfo=NEW_YORK) for day in (8, 9))
    return {
        "23 h / 25 h (absolute)": always.elapsed(start, end) == 23 * HOUR,
        "24 h (wall clock)": _wall_clock(always, start, end) == 24 * HOUR,
    }


def _gap() -> dict[str, bool]:
    # 02:30 does not exist. biz moves it on by the gap, to 03:30; here what exists of a window starts at the gap's end.
    night = BusinessCalendar(zone="America/New_York", hours={"sun": "02:30-06:00"})
    opening = night.next_opening(datetime(2026, 3, 8, tzinfo=NEW_YORK))
    past_the_gap = timedelta(minutes=30)
    return {
        "the gap's end": opening.isoformat() == "2026-03-08T03:00:00-04:00",
        "shift forward by the gap": (opening + past_the_gap).isoformat() == "2026-03-08T03:30:00-04:00",
    }


def _repeated() -> dict[str, bool]:
    night = BusinessCalendar(zone="America/New_York", hours={"sun": "01:30-06:00"})
    opening = night.next_opening(datetime(2026, 11, 1, tzinfo=NEW_YORK))
    return {"first occurrence": opening.isoformat() == "2026-11-01T01:30:00-04:00"}


# For each row of the file's table: what ours is by itself, and a check of each of the peers' variants that exact
# time can give. `raises` and `NaN` are refusals: whoever wants them looks at the sign first.
TABLE: dict[str, tuple[str, Callable[[], dict[str, bool]]]] = {
    "reversed interval (end before start)": ("negative", _reversed_interval),
    "negative amount in add": ("goes backwards", _negative_amount),
    "zero amount outside hours": ("input unchanged", _zero_amount),
    "addition lands exactly on close": ("close", _landing),
    "is the closing instant open?": ("no", _closing),
    "24-hour day on a DST change": ("23 h / 25 h (absolute)", _clock_change),
    "local time in a DST gap": ("the gap's end", _gap),
    "ambiguous local time": ("first occurrence", _repeated),
}
REFUSALS = {"raises", "NaN"}


@pytest.mark.parametrize("row", sorted(TABLE))
def test_the_table_of_conventions(row: str, peers: Any) -> None:
    variants = set(peers["conventions_that_differ_between_projects"][row])
    ours, check = TABLE[row]
    found = check()
    assert ours in found
    assert found.keys() >= variants - REFUSALS
    assert found.keys() - variants <= {ours}
    assert all(found.values()), found


def test_the_table_is_whole(peers: Any) -> None:
    assert set(TABLE) == set(peers["conventions_that_differ_between_projects"])


# --- configurations -------------------------------------------------------------------------------------------------


def _configured(config: dict[str, Any]) -> BusinessCalendar:
    spec = {"tz": "UTC", **config}
    return written_calendar(spec, spec["tz"], [])


def _empty_week(config: dict[str, Any], expected: str) -> None:
    # biz rejects it when it is configured. Here it is a value, and what needs open time is refused at once.
    assert expected == "reject ('hours not provided')"
    calendar = _configured(config)
    with pytest.raises(NeverDue) as refusal:
        calendar.add(MONDAY, HOUR)
    assert refusal.value.available == NEVER
    with pytest.raises(NeverOpens):
        calendar.next_opening(MONDAY)


def _overnight(config: dict[str, Any], expected: str) -> None:
    assert "accept it as overnight" in expected
    calendar = _configured(config)
    tuesday = datetime(2026, 3, 3, tzinfo=UTC)
    assert calendar.is_open(tuesday + 8 * HOUR)
    assert calendar.elapsed(MONDAY, MONDAY + 7 * DAY) == 16 * HOUR
    # Whoever rejects such hours, as biz does, can see them.
    assert any(window.crosses_midnight for windows in calendar.hours.days for window in windows)


def _midnight(config: dict[str, Any], expected: str) -> None:
    assert "read 00:00 as end of day" in expected
    calendar = _configured(config)
    assert calendar == _configured({**config, "weekly": {"mon": [["09:00", "24:00"]]}})
    start = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo(config["tz"]))
    assert calendar.add(start, 20 * HOUR).isoformat() == "2026-03-09T14:00:00-07:00"


def _minute_short(config: dict[str, Any], expected: str) -> None:
    assert expected == "must never hang"
    calendar = _configured(config)
    week = MONDAY + 7 * DAY
    assert calendar.elapsed(MONDAY, week) == 7 * (DAY - timedelta(minutes=1))
    assert calendar.next_closing(MONDAY) == datetime(2026, 3, 3, tzinfo=UTC)
    assert calendar.add(MONDAY, 7 * (DAY - timedelta(minutes=1))) == week


def _overlap(config: dict[str, Any], expected: str) -> None:
    assert "rejects" in expected
    with pytest.raises(InvalidHours, match="overlap"):
        _configured(config)
    # What Odoo makes of it: the union.
    first, second = ({"weekly": {"mon": [pair]}} for pair in config["weekly"]["mon"])
    united = _configured(first) | _configured(second)
    opens, closes = config["weekly"]["mon"][0][0], config["weekly"]["mon"][1][1]
    whole = _configured({"weekly": {"mon": [[opens, closes]]}})
    end = MONDAY + 30 * DAY
    assert united.open_spans(MONDAY - DAY, end) == whole.open_spans(MONDAY - DAY, end)


def _touching(config: dict[str, Any], expected: str) -> None:
    assert "should not touch or overlap" in expected
    _overlap(config, expected)
    # Windows that touch are no mistake here: they join.
    touching = _configured({"weekly": {"mon": [["09:00", "12:00"], ["12:00", "20:00"]]}})
    assert touching.open_spans(MONDAY, MONDAY + DAY).micros == (Span(MONDAY, MONDAY + 11 * HOUR).micros,)


def _outside_the_day(config: dict[str, Any], expected: str) -> None:
    assert expected.startswith("reject")
    with pytest.raises(InvalidHours, match="25:00"):
        _configured(config)


def _unknown_zone(config: dict[str, Any], expected: str) -> None:
    assert expected.startswith("reject")
    with pytest.raises(InvalidZone, match="Mars/Base"):
        _configured(config)


def _no_calendar(config: dict[str, Any], expected: str) -> None:
    assert "must not hang" in expected
    assert config["calendar"] is None
    for data in (config["calendar"], config, {}):
        with pytest.raises(InvalidCalendar):
            BusinessCalendar.from_json(json.dumps(data))


def _no_coverage(config: dict[str, Any], expected: str) -> None:
    assert "crashed" in expected
    calendar = _configured(config)
    assert calendar.open_spans(MONDAY, MONDAY + 1000 * DAY).duration == NEVER
    assert calendar.elapsed(MONDAY, MONDAY + 1000 * DAY) == NEVER
    assert not calendar.is_open(MONDAY)
    assert calendar.add(MONDAY, NEVER) == MONDAY
    assert calendar.business_days_between(MONDAY, MONDAY + 1000 * DAY) == 0
    with pytest.raises(NeverCloses):
        calendar.next_closing(MONDAY)
    assert calendar.open_spans(MONDAY, MONDAY + DAY) == never_open().open_spans(MONDAY, MONDAY + DAY)


# In the order of the file.
CONFIGURATIONS = (
    _empty_week,
    _overnight,
    _midnight,
    _minute_short,
    _overlap,
    _outside_the_day,
    _unknown_zone,
    _touching,
    _no_calendar,
    _no_coverage,
)


def test_every_configuration_is_answered(peer_config: dict[str, Any], peers: Any) -> None:
    check = CONFIGURATIONS[peers["config_validation"].index(peer_config)]
    check(peer_config["config"], peer_config["expected"])
