"""Escalations of a ticket system: deadlines, and the minutes that it counted around a pause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

import sla_engine as sla

MINUTE = timedelta(minutes=1)


def policy_of(rules: dict[str, Any], minutes: int) -> sla.Policy:
    calendar = sla.BusinessCalendar(
        zone=rules["tz"],
        hours={day: [f"{start}-{end}" for start, end in windows] for day, windows in rules["hours"].items()},
        holidays=rules["holidays"],
    )
    return sla.Policy(
        name="Zammad",
        calendars={"hours": calendar},
        tiers={"all": {"calendar": "hours", "targets": {"resolution": f"{minutes}m"}}},
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ticket_of(case: dict[str, Any], *events: sla.Event) -> sla.Ticket:
    pauses = [
        sla.Event(at=at(moment), kind=kind)  # type: ignore[arg-type]
        for pause in case["pauses"]
        for moment, kind in zip(pause, ("pause", "resume"), strict=True)
    ]
    return sla.Ticket(id=case["id"], tier="all", opened_at=at(case["opened"]), events=[*pauses, *events])


def test_every_deadline_comes_out(zammad_case: dict[str, Any]) -> None:
    ends = [at(end) for _, end in zammad_case["pauses"]]
    asked_at = max(ends, default=at(zammad_case["opened"]))
    for minutes, deadline in zammad_case["targets_min_to_deadline"].items():
        policy = policy_of(zammad_case["rules"], int(minutes))
        (clock,) = policy.evaluate(ticket_of(zammad_case), at=asked_at)
        assert clock.due_at == at(deadline), minutes
        assert clock.needed_micros == int(minutes) * 60_000_000
        # Without a pause, the calendar alone says the same; with one, it is that much earlier.
        earlier = at(deadline) - policy.deadline("all", at(zammad_case["opened"]))
        assert earlier == sum((at(end) - at(start) for start, end in zammad_case["pauses"]), timedelta())


def test_what_was_counted_when_it_was_done(zammad_case: dict[str, Any]) -> None:
    for minutes, deadline in zammad_case["targets_min_to_deadline"].items():
        policy = policy_of(zammad_case["rules"], int(minutes))
        for late, verdict in ((timedelta(), "met"), (timedelta(microseconds=1), "breached")):
            solved = ticket_of(zammad_case, sla.Event(at=at(deadline) + late, kind="solve"))
            (clock,) = policy.evaluate(solved, at=at(deadline) + MINUTE)
            assert (clock.elapsed, clock.verdict) == (int(minutes) * MINUTE + late, verdict)
    for done in zammad_case.get("done", []):
        policy = policy_of(zammad_case["rules"], done["target"])
        solved = ticket_of(zammad_case, sla.Event(at=at(done["at"]), kind="solve"))
        (clock,) = policy.evaluate(solved, at=at(done["at"]))
        assert clock.remaining is not None
        assert (clock.elapsed // MINUTE, clock.remaining // MINUTE) == (done["elapsed_min"], done["left_min"])
        assert (clock.phase, clock.verdict) == ("stopped", "met")
        assert clock.due_at == at(zammad_case["targets_min_to_deadline"][str(done["target"])])


def test_half_a_minute_is_rounded_down_in_what_was_counted() -> None:
    """The source counts in whole minutes; ours are exact, so whoever wants its figures rounds down."""
    rules = {"tz": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": []}
    opened = "2013-06-03T09:00:00Z"
    case = {"id": "z", "opened": opened, "pauses": [["2013-06-03T09:10:20Z", "2013-06-03T09:20:50Z"]]}
    policy = policy_of(rules, 60)
    (clock,) = policy.evaluate(
        ticket_of(case, sla.Event(at=at("2013-06-03T09:30:00Z"), kind="solve")), at=at("2013-06-03T10:00:00Z")
    )
    # Half an hour, less 10 minutes and 30 seconds.
    assert clock.elapsed == timedelta(minutes=19, seconds=30)
    assert clock.elapsed // MINUTE == 19


@pytest.mark.parametrize("calendar", ["wd_8_18", "wd_8_20_hol", "wd_4_20_hol"])
def test_the_calendars_without_a_case_are_read_as_written(calendar: str, read_json: Callable[[str], Any]) -> None:
    rules = read_json("vectors/zammad.json")["calendars"][calendar]
    hours = policy_of(rules, 60).calendar("hours")
    # Two weeks from Monday 2016-10-24; the holiday, where there is one, is Tuesday 2016-11-01.
    span = hours.elapsed(at("2016-10-24T00:00:00+02:00"), at("2016-11-07T00:00:00+01:00"))
    opening, closing = rules["hours"]["tue"][0]
    a_day = timedelta(hours=int(closing[:2]) - int(opening[:2]))
    assert span == (10 - len(rules["holidays"])) * a_day


def test_none_is_left_out(read_json: Callable[[str], Any]) -> None:
    vectors = read_json("vectors/zammad.json")
    cases = vectors["cases"]
    assert [case["id"] for case in cases] == ["z01", "z04", "z07", "z10"]
    assert sum(len(case["targets_min_to_deadline"]) for case in cases) == 4 + 3 + 3 + 2
    assert sum(len(case.get("done", [])) for case in cases) == 2
    assert sum(len(case["pauses"]) for case in cases) == 1
    used = {case["calendar"] for case in cases}
    assert set(vectors["calendars"]) - used == {"wd_8_18", "wd_8_20_hol", "wd_4_20_hol"}
    known = {"id", "calendar", "opened", "targets_min_to_deadline", "pauses", "done", "note"}
    assert set().union(*cases) == known
    assert set().union(*(done for case in cases for done in case.get("done", []))) == {
        "target", "at", "elapsed_min", "left_min",
    }  # fmt: skip
