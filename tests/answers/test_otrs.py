"""Working-time arithmetic of a ticket system, with zones whose clocks change at midnight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from sla_engine import BusinessCalendar

SECONDS = {"Days": 86_400, "Hours": 3_600, "Minutes": 60, "Seconds": 1}

CONVENTIONS = {
    "AddWorkingTime-3": (
        "the source refuses a negative amount and leaves the start as it is; here a negative amount goes backwards, "
        "as `subtract` does, and whoever wants the refusal asks for the sign first"
    ),
}


def calendar_of(vector: dict[str, Any]) -> BusinessCalendar:
    return BusinessCalendar(
        zone=vector["calendar_tz"],
        hours={
            day.lower(): [f"{start:02}:00-{end:02}:00" for start, end in windows]
            for day, windows in vector["hours"].items()
        },
        holidays=vector["holidays_mm_dd"],
    )


def instant_of(vector: dict[str, Any], key: str) -> datetime:
    return datetime.fromisoformat(vector[key]).replace(tzinfo=ZoneInfo(vector["strings_tz"]))


def amount_of(vector: dict[str, Any]) -> timedelta:
    """Return the amount as the source was called with it; a working day is 24 hours there."""
    if "raw_add" in vector:
        seconds = sum(Fraction(str(number)) * SECONDS[unit] for unit, number in vector["raw_add"].items())
    else:
        seconds = Fraction(str(vector["add_seconds"]))
    micros = Fraction(seconds) * 1_000_000
    assert micros.denominator == 1
    return timedelta(microseconds=int(micros))


def same_instant(one: datetime, other: datetime) -> bool:
    # In one zone datetimes compare by the clock.
    return one.astimezone(UTC) == other.astimezone(UTC)


def test_every_vector_comes_out(otrs_vector: dict[str, Any]) -> None:
    calendar, start = calendar_of(otrs_vector), instant_of(otrs_vector, "start")
    if otrs_vector["op"] == "between":
        end = instant_of(otrs_vector, "end")
        assert calendar.elapsed(start, end) == timedelta(seconds=otrs_vector["expected"])
        assert calendar.elapsed(end, start) == -timedelta(seconds=otrs_vector["expected"])
        return
    assert otrs_vector["op"] == "add"
    amount, expected = amount_of(otrs_vector), instant_of(otrs_vector, "expected")
    if otrs_vector["id"] in CONVENTIONS:
        assert otrs_vector["add_seconds"] is None
        assert amount < timedelta(0)
        # Ours: two hours back in a calendar that is open around the clock.
        assert same_instant(calendar.add(start, amount), start + amount)
        assert same_instant(calendar.add(start, amount), calendar.subtract(start, -amount))
        # The source's: what is refused changes nothing.
        assert same_instant(calendar.add(start, max(amount, timedelta(0))), expected)
        return
    assert amount == timedelta(seconds=otrs_vector["add_seconds"])
    due = calendar.add(start, amount)
    assert same_instant(due, expected)
    assert due.isoformat() == expected.isoformat()


def test_none_is_left_out(read_json: Callable[[str], Any]) -> None:
    vectors = read_json("vectors/otrs.json")["vectors"]
    assert len(vectors) == 30
    assert {one["op"] for one in vectors} == {"add", "between"}
    assert {one["id"] for one in vectors if one["op"] == "add" and one["add_seconds"] is None} == set(CONVENTIONS)
