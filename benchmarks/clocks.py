"""What the status of a ticket costs: against one deadline, with more events, and with more time between them."""

from __future__ import annotations

from datetime import datetime, timedelta

from benchmarks.measuring import Effort, Goal, Row, Side, in_turns
from benchmarks.office import ZONE, moments, office
from sla_engine import Event, Policy, Ticket
from sla_engine.tickets.events import Kind

SHORT = timedelta(hours=4)
HOUR = timedelta(hours=1)
OPENED = datetime(2026, 3, 2, 9, 30, tzinfo=ZONE)
AT = datetime(2026, 3, 16, 12, 0, tzinfo=ZONE)


def policy() -> Policy:
    """Return three clocks, of which one pauses by the status as well."""
    targets = {"first_response": "4h", "agent_work": "16h", "resolution": "40h"}
    return Policy(
        name="Bench", calendars={"office": office()}, tiers={"support": {"calendar": "office", "targets": targets}}
    )


LIFE: tuple[tuple[float, Kind, dict[str, str]], ...] = (
    (0.2, "note", {}),
    (1.5, "respond", {}),
    (2.0, "pause", {"reason": "customer"}),
    (7.0, "customer_reply", {}),
    (7.0, "resume", {}),
    (23.5, "respond", {}),
    (24.0, "status", {"to": "pending"}),
    (48.0, "status", {"to": "open"}),
    (71.0, "respond", {}),
    (72.0, "solve", {}),
)
"""Ten events: hours after the opening, the kind, its fields."""


def ticket(stretch: float = 1.0) -> Ticket:
    """Return a ticket of ten events; `stretch` puts more time between them."""
    events = [Event(at=OPENED + hours * stretch * HOUR, kind=kind, **fields) for hours, kind, fields in LIFE]
    return Ticket(id="T-1", tier="support", opened_at=OPENED, events=events)


def long_ticket(events: int) -> Ticket:
    """Return a ticket that is paused and resumed again and again."""
    pairs = [
        Event(at=OPENED + number * timedelta(minutes=7), kind="pause" if number % 2 else "resume")
        for number in range(1, events + 1)
    ]
    return Ticket(id="T-2", tier="support", opened_at=OPENED, events=pairs)


def against_a_deadline(effort: Effort) -> list[Row]:
    """Compare a ticket of ten events and three clocks with one `add`."""
    calendar, starts, rules, one = office(), moments(), policy(), ticket()
    status = rules.evaluate(one, at=AT)
    assert len(status.clocks) == 3
    assert not status.anomalies
    sides = [
        Side("evaluate", lambda: [rules.evaluate(one, at=AT) for _ in range(10)], 10),
        Side("add 4 h", lambda: [calendar.add(start, SHORT) for start in starts], len(starts)),
    ]
    times = in_turns(sides, effort)
    goal = Goal("at most", 40, aim=25)
    return [times.row("ten events, three clocks : add 4 h", "evaluate", "add 4 h", goal=goal)]


def by_events_and_by_time(effort: Effort) -> list[Row]:
    """Compare 1,000 events with 100 (per event), and the same events over years with the same over days."""
    rules, few, many = policy(), long_ticket(100), long_ticket(1_000)
    short, long = ticket(), ticket(stretch=300)
    late = OPENED + timedelta(days=1_200)
    for one in (few, many, short, long):
        assert len(rules.evaluate(one, at=late).clocks) == 3
    sides = [
        Side("100 events", lambda: rules.evaluate(few, at=late), 100),
        Side("1,000 events", lambda: rules.evaluate(many, at=late), 1_000),
        Side("days", lambda: [rules.evaluate(short, at=late) for _ in range(10)], 10),
        Side("years", lambda: [rules.evaluate(long, at=late) for _ in range(10)], 10),
    ]
    times = in_turns(sides, effort)
    return [
        times.row("an event of 1,000 : an event of 100", "1,000 events", "100 events", goal=Goal("at most", 1.2)),
        times.row("a life of years : a life of days", "years", "days", goal=Goal("at most", 1.2)),
    ]
