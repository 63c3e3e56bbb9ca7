"""Laws of reading logs: times are read as strptime reads them, and events come back from the rows that they were."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from sla_engine import InvalidLog, Ticket, read_events
from sla_engine.tables import Times
from sla_engine.testing.ticket_strategies import tickets

FORMS = [
    "%Y/%m/%d %H:%M:%S.%f",
    "%d.%m.%Y %H:%M",
    "%m-%d-%Y %H.%M.%S",
    "%Y%m%d %H%M%S",
    "%H:%M %d/%m/%Y",
    "%d %b %Y %H:%M",
    "%Y-%m-%dT%H:%M:%S%z",
]


@given(st.sampled_from(FORMS), st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)), st.integers(0, 6))
@example("%Y/%m/%d %H:%M:%S.%f", datetime(2012, 10, 9, 14, 50, 17, 5_000), 3)
def test_times_are_read_as_strptime_reads_them(form: str, at: datetime, digits: int) -> None:
    text = at.replace(tzinfo=UTC).strftime(form)
    if "%Y" in form and at.year < 1000:
        assume(len(str(at.year)) == 4)  # strftime writes fewer digits than strptime reads
    text = text[: len(text) - digits] if form.endswith("%f") and digits < 6 else text
    read = Times.written(UTC, form, "refuse").read(text, "at")
    expected = datetime.strptime(text, form)
    assert read == (expected if expected.tzinfo else expected.replace(tzinfo=UTC))


@given(st.sampled_from(FORMS), st.text("0123456789/:. -xTZ\u0662", max_size=26))
@example("%Y/%m/%d %H:%M:%S.%f", "2012x10x09 14:50:17.000")
@example("%Y/%m/%d %H:%M:%S.%f", "2012/13/09 14:50:17.000")
@example("%d.%m.%Y %H:%M", "1.2.2026 9:30")
def test_what_strptime_refuses_is_refused(form: str, text: str) -> None:
    expected: Any
    try:
        expected = datetime.strptime(text, form)
    except ValueError:
        expected = None
    try:
        read = Times.written(UTC, form, "refuse").read(text, "at")
    except InvalidLog:
        assert expected is None
    else:
        assert expected is not None
        assert read == (expected if expected.tzinfo else expected.replace(tzinfo=UTC))


COLUMNS = ["ticket", "at", "kind", "tier", "to", "reason", "name", "value", "automatic", "priority"]


@given(tickets())
def test_events_come_back_from_rows(ticket: Ticket) -> None:
    kept = [one for one in ticket.events if one.kind != "open" and one.ticket in ("", ticket.id)]
    # An empty cell is no reason at all, and ends all pauses.
    kept = [one for one in kept if one.at >= ticket.opened_at and one.to_data().get("reason") != ""]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    opening = {"ticket": "T", "at": ticket.opened_at.isoformat(), "kind": "open", "tier": ticket.tier}
    writer.writerow({**opening, **ticket.attributes})
    for event in kept:
        written = {name: value for name, value in event.to_data().items() if value is not None}
        writer.writerow({**written, "ticket": "T"})
    log = read_events(text.getvalue())
    assert log.problems == ()
    assert log.rows == len(kept) + 1
    (read,) = log.tickets
    expected = [one.to_data() for one in kept]
    for one in expected:
        one.pop("ticket", None)
    assert [one.to_data() for one in read.events] == expected
    assert (read.tier, read.opened_at, dict(read.attributes)) == (
        ticket.tier,
        ticket.opened_at,
        dict(ticket.attributes),
    )
