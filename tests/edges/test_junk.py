"""Whatever is written in the place of rules, amounts or logs is taken, or refused by an error of the library's own."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sla_engine as sla

KEYS = [
    "zone",
    "hours",
    "mon",
    "mon-fri",
    "kind",
    "left",
    "right",
    "versions",
    "calendar",
    "from_date",
    "holidays",
    "days",
    "annual",
    "years",
    "country",
    "market",
    "categories",
    "overrides",
    "closures",
    "openings",
    "start",
    "end",
    "name",
    "calendars",
    "tiers",
    "services",
    "targets",
    "response",
    "uptime",
    "probe_every",
    "union",
    "intersection",
    "a",
    "b",
    "horizon",
    "overnight",
    "schema_version",
    "within",
]
TEXTS = ["09:00-17:00", "24:00", "UTC", "Europe/Rome", "IT", "2026-01-01", "12-31", "weekly", "union", "versions", "4h"]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from([*KEYS, *TEXTS])
)
JUNK = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), parts, max_size=4)
    ),
    max_leaves=12,
)
OFFICE: dict[str, Any] = {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}
READERS: dict[str, Callable[[Any], object]] = {
    "a calendar": sla.Calendar.from_data,
    "fields of a calendar": lambda junk: sla.Calendar.from_data({**OFFICE, **(junk if isinstance(junk, dict) else {})}),
    "a zone": sla.never_open,
    "hours": lambda junk: sla.BusinessCalendar(zone="UTC", hours=junk),
    "holidays": lambda junk: sla.BusinessCalendar(**OFFICE, holidays=junk),
    "overrides": lambda junk: sla.BusinessCalendar(**OFFICE, overrides=junk),
    "closures": lambda junk: sla.BusinessCalendar(**OFFICE, closures=junk),
    "a rule of holidays": sla.Holidays.from_data,
    "dates of holidays": lambda junk: sla.HolidayDates(days=junk),
    "a policy": sla.Policy.from_data,
    "calendars of a policy": lambda junk: sla.Policy(name="x", calendars={"a": OFFICE, "b": {"union": ["a", junk]}}),
    "versions of a calendar": lambda junk: sla.Policy(name="x", calendars={"a": OFFICE, "b": {"versions": junk}}),
    "tiers of a policy": lambda junk: sla.Policy(name="x", calendars={"a": OFFICE}, tiers=junk),
    "services of a policy": lambda junk: sla.Policy(name="x", services=junk),
    "an amount": sla.parse_amount,
    "a share": sla.Share.parse,
}


@pytest.mark.parametrize("what", READERS)
@given(junk=JUNK)
def test_junk_is_taken_or_refused_with_words(what: str, junk: Any) -> None:
    refused = ""
    try:
        READERS[what](junk)
    except sla.SlaError as error:
        refused = str(error)
    assert not refused or refused.strip(". :")


@given(junk=st.one_of(st.binary(max_size=80), st.text(max_size=80).map("id,tier,opened_at,stopped_at\n".__add__)))
def test_a_junk_log_is_read_or_refused_and_no_row_is_lost(junk: str | bytes) -> None:
    try:
        log = sla.read_log(junk)
    except sla.InvalidLog:
        return
    assert log.rows or log.problems
