"""
Hypothesis strategies for policies and the lives of tickets, which look for the edges: everything at once, pauses that
overlap, hand-offs back and forth, targets that come and go, events that contradict each other.

All instants lie on whole minutes, so that an oracle may walk them. They need the extra `sla_engine[testing]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sla_engine.policies import Policy
from sla_engine.testing.drawing import st
from sla_engine.tickets import Event, Ticket

__all__ = ["events", "instants_of_life", "policies", "policy_tables", "tickets"]

CALENDARS: Mapping[str, Any] = {
    "office": {"kind": "weekly", "zone": "Europe/Rome", "hours": {"mon-fri": ["09:00-13:00", "14:00-18:00"]}},
    "nights": {"kind": "weekly", "zone": "America/New_York", "hours": {"mon-sat": ["22:00-06:00"]}},
    "always": {"kind": "weekly", "zone": "UTC", "hours": {"mon-sun": ["00:00-24:00"]}},
    "holidays": {
        "kind": "weekly",
        "zone": "Europe/Rome",
        "hours": {"mon-fri": ["08:00-17:00"]},
        "overrides": {"2026-03-30": [], "2026-03-27": ["08:00-12:00"]},
    },
}
"""Few calendars, so that they are compiled once: a break, night shifts, every hour, dates with hours of their own."""

TRIGGERS = (
    "enter",
    "respond",
    "customer_reply",
    "reopen",
    "solve",
    "close",
    "leave",
    "pause",
    "resume",
    "hand_off",
    "attribute:priority",
    "status:pending",
    "cancel",
    "note",
)
AMOUNTS = (
    "4h",
    "90m",
    "1h30m",
    "0h",
    "20h elapsed",
    "2 business days",
    "1 business days, due at close",
    "3 calendar days",
    "0 business days",
    "40h",
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"paused": True},
    {"status": "pending"},
    {"awaiting": "customer"},
    {"status": ["pending", "on_hold"]},
    {"priority": {"set": True}},
    {"paused": ["vendor"]},
    {"priority": {"not": "low"}},
    {"solved": True},
)
WARNINGS = ("50%", "80%", "33.33%", "99.9%", "100%")
PRIORITIES = ("low", "high", None)
TIERS = ("first", "second")
FIRST = datetime(2026, 3, 20, tzinfo=UTC)
"""Europe's clocks change on 29 March 2026; America's changed on the 8th."""


def _clock() -> st.SearchStrategy[dict[str, Any]]:
    conditional = st.fixed_dictionaries(
        {"event": st.sampled_from(TRIGGERS)},
        optional={"before": st.sampled_from(CONDITIONS), "when": st.sampled_from(CONDITIONS)},
    )
    trigger: st.SearchStrategy[Any] = st.one_of(st.sampled_from(TRIGGERS), st.sampled_from(TRIGGERS), conditional)
    return st.fixed_dictionaries(
        {
            "start": st.lists(trigger, max_size=2).map(lambda more: ["enter", *more])
            | st.lists(trigger, min_size=1, max_size=3),
            "stop": st.lists(trigger, max_size=3),
            "cancel": st.just(["cancel"]),
            "pause": st.lists(st.sampled_from(CONDITIONS), max_size=2, unique_by=str),
            "repeats": st.booleans(),
            "scope": st.sampled_from(["tier", "ticket"]),
            "warnings": st.lists(st.sampled_from(WARNINGS), max_size=3, unique=True),
            "compare": st.sampled_from(["instant", "business_time"]),
            "retarget": st.sampled_from(["keep", "restart", "retroactive"]),
        }
    )


@st.composite
def policy_tables(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the table of a policy with two tiers, up to three clocks written out in full, and a few rules."""
    names = draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True))
    amounts, calendars = st.sampled_from(AMOUNTS), st.sampled_from(sorted(CALENDARS))
    tiers = {
        tier: {
            "calendar": draw(calendars),
            "targets": {
                name: draw(amounts) for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
            },
        }
        for tier in TIERS
    }
    conditions = st.sampled_from(
        [{"priority": "high"}, {"priority": "low"}, {"priority": {"set": False}}, {"tier": "second"}, {}]
    )
    rule = st.fixed_dictionaries(
        {"when": conditions, "targets": st.dictionaries(st.sampled_from(names), amounts | st.just("none"), min_size=1)},
        optional={"calendar": calendars},
    )
    return {
        "name": "drawn",
        "calendars": dict(CALENDARS),
        "tiers": tiers,
        "clocks": {name: draw(_clock()) for name in names},
        "rules": draw(st.lists(rule, max_size=3)),
        "statuses": [],
    }


def policies() -> st.SearchStrategy[Policy]:
    """Draw a policy."""
    return policy_tables().map(Policy.from_data)


def events(at: datetime) -> st.SearchStrategy[Event]:
    """Draw an event of any kind at an instant; now and then one of another ticket, or of a tier or status unknown."""

    def event(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Event]:
        return st.fixed_dictionaries(dict(fields)).map(lambda given: Event(at=at, kind=kind, **given))  # type: ignore[arg-type]

    reasons = st.sampled_from(["vendor", "customer", ""])
    simple = ("respond", "customer_reply", "note", "solve", "reopen", "close")
    return st.one_of(
        *(event(kind) for kind in simple),
        event("respond", automatic=st.booleans()),
        event("status", to=st.sampled_from(["pending", "open", "on_hold", "solved", "closed", "cancelled", "odd"])),
        event("pause", reason=reasons),
        event("resume", reason=reasons | st.none()),
        event("pause", reason=reasons),
        event("resume", reason=st.none()),
        event("hand_off", to=st.sampled_from([*TIERS, *TIERS, "unknown"])),
        event("attribute", name=st.just("priority"), value=st.sampled_from(PRIORITIES)),
        event("cancel"),
        event("open"),
        event("note", ticket=st.sampled_from(["T", "another"])),
    )


def instants_of_life(first: datetime = FIRST, *, days: int = 12) -> st.SearchStrategy[datetime]:
    """Draw an instant on a whole minute, near enough to others of the same life."""
    return st.integers(0, days * 24 * 60).map(lambda minutes: first + timedelta(minutes=minutes))


@st.composite
def tickets(draw: st.DrawFn, *, most: int = 14) -> Ticket:
    """Draw a ticket and its events, in any order; several often share an instant, and some lie before the opening."""
    opened_at = draw(instants_of_life(days=5))
    steps = st.sampled_from([0, 0, 1, 30, 60, 180, 600, 1440])
    at = opened_at - draw(st.sampled_from([timedelta(), timedelta(), timedelta(), timedelta(hours=1)]))
    found: list[Event] = []
    for _ in range(draw(st.integers(0, most))):
        at += timedelta(minutes=draw(steps))
        found.append(draw(events(at)))
    attributes = draw(st.sampled_from([{}, {"priority": "high"}, {"priority": "low"}]))
    return Ticket(id="T", tier=draw(st.sampled_from(TIERS)), opened_at=opened_at, attributes=attributes, events=found)
