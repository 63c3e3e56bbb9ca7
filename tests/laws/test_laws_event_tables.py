"""The clocks of many tickets as arrays are those of the tickets, one by one and field by field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Policy, SlaError, Ticket, frames
from sla_engine.frames.clocks import blocks, machine
from sla_engine.instants import to_micros
from sla_engine.testing.ticket_strategies import FIRST, instants_of_life, policies, policy_tables, tickets

DAY = timedelta(days=1)
MORE_CALENDARS: dict[str, Any] = {
    # Open on two days and never again, without hours at all, and closed for most of its horizon.
    "once": {
        "kind": "weekly",
        "zone": "UTC",
        "hours": {},
        "overrides": {"2026-03-23": ["08:00-12:00"], "2026-03-26": ["08:00-10:00"]},
        "horizon": 1,
    },
    "never": {"kind": "weekly", "zone": "UTC", "hours": {}},
    "closing": {
        "kind": "weekly",
        "zone": "Europe/Rome",
        "hours": {"mon-sun": ["07:00-19:00"]},
        "closures": [["2026-03-25T00:00:00+00:00", "2028-01-01T00:00:00+00:00"]],
        "horizon": 1,
    },
}
AWKWARD = ("1h", "3 business days, due at close", "7h elapsed", "1 calendar days", "0h", "26h")
ATTRIBUTES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.sampled_from(["low", "high"]),
        "customer": st.sampled_from(["acme", "other", "sub"]),
        "unused": st.sampled_from([1, True, "x"]),
    },
)


@st.composite
def overlaid(draw: st.DrawFn) -> Policy:
    """A policy with calendars that run dry, customers, versions, statuses, and rules that give a tier."""
    table = draw(policy_tables())
    names = sorted(table["clocks"])
    table["calendars"] |= MORE_CALENDARS
    calendars, amounts = st.sampled_from(sorted(table["calendars"])), st.sampled_from(AWKWARD)
    tier = draw(st.sampled_from(["first", "second"]))
    table["tiers"]["third"] = {"calendar": "office", "targets": {names[0]: "2h"}}
    table["tiers"][tier]["calendar"] = draw(st.sampled_from(sorted(MORE_CALENDARS)))
    targets = st.dictionaries(st.sampled_from(names), amounts, min_size=1)
    change: st.SearchStrategy[dict[str, Any]] = st.one_of(
        st.builds(
            lambda tier, given: {"tiers": {tier: {"targets": given}}}, st.sampled_from(["first", "second"]), targets
        ),
        st.builds(
            lambda tier, given: {"tiers": {tier: {"calendar": given}}}, st.sampled_from(["first", "second"]), calendars
        ),
        st.builds(lambda given: {"rules": [{"when": {"priority": "high"}, "targets": given}]}, targets),
        st.builds(lambda given: {"rules": [{"when": {"customer": "acme"}, "targets": given}]}, targets),
        st.just({"warnings": ["12.5%", "2/3", "95%"]}),
    )
    dates = draw(st.lists(st.sampled_from(range(20, 30)), max_size=3, unique=True).map(sorted))
    customers = draw(st.dictionaries(st.just("acme"), change, max_size=1))
    both: bool = draw(st.booleans())
    if customers and both:
        customers["sub"] = {"base": "acme", **draw(change)}
    return Policy.from_data(
        {
            **table,
            "zone": draw(st.sampled_from(["UTC", "Europe/Rome"])),
            "versions": [{"from_date": f"2026-03-{day}", **draw(change)} for day in dates],
            "customers": customers,
            "straddling": draw(st.sampled_from(["opened", "change", "change"])),
            "rules": [*table["rules"], {"when": {"priority": {"not": "low"}}, "tier": "second"}, {"tier": "first"}],
            "compare": draw(st.sampled_from(["instant", "business_time"])),
        }
    )


def named(given: Sequence[Ticket], rows: Any) -> list[Ticket]:
    return [rows.own(ticket, f"T{number}") for number, ticket in enumerate(given)]


@st.composite
def others(draw: st.DrawFn) -> Ticket:
    """A ticket that may name no tier, with attributes that change, at instants that are those of versions too."""
    ticket = draw(tickets(most=8))
    events = list(ticket.events)
    for _ in range(draw(st.integers(0, 3))):
        at = FIRST + DAY * draw(st.integers(0, 9)) - timedelta(hours=draw(st.sampled_from([0, 0, 1, 2])))
        told: dict[str, Any] = draw(
            st.sampled_from(
                [
                    {"kind": "attribute", "name": "priority", "value": "high"},
                    {"kind": "attribute", "name": "priority", "value": None},
                    {"kind": "attribute", "name": "customer", "value": "acme"},
                    {"kind": "attribute", "name": "unused", "value": 3},
                    {"kind": "pause", "reason": "waits for a part, said Ann"},
                    {"kind": "cancel", "reason": "spam"},
                    {"kind": "hand_off", "to": "third"},
                    {"kind": "respond"},
                    {"kind": "resume"},
                ]
            )
        )
        events.append(sla.Event(at=at, **told))
    return Ticket(
        id="T",
        tier=draw(st.sampled_from(["first", "second", None])),
        opened_at=draw(st.sampled_from([ticket.opened_at, FIRST + 3 * DAY])),
        attributes=draw(ATTRIBUTES),
        events=events,
    )


def same(policies: Sequence[Policy], which: Sequence[int], given: Sequence[Ticket], at: datetime, rows: Any) -> int:
    """
    What arrays tell is what tickets tell, so many rows; an error is one that a ticket has too, and names it.
    """
    statuses: dict[str, sla.TicketStatus] = {}
    problems: dict[str, SlaError] = {}
    for ticket, number in zip(given, which, strict=True):
        if ticket.opened_at > at:
            continue
        try:
            statuses[ticket.id] = policies[number].evaluate(ticket, at=at)
            expected = [rows.of_clock(ticket.id, clock) for clock in statuses[ticket.id]]
        except SlaError as error:
            problems[ticket.id] = error
    events = rows.table_of(given)
    if problems:
        with pytest.raises(SlaError) as caught:
            events.evaluate(policies, which=np.array(which), at=at)
        numbers = {f"ticket {events.tickets[number]}": ticket.id for number, ticket in enumerate(given)}
        assert type(caught.value) is type(problems[numbers[caught.value.where.partition(".")[0]]])
        return 0
    table = events.evaluate(policies, which=np.array(which), at=at)
    expected = [rows.of_clock(name, clock) for name, status in statuses.items() for clock in status]
    names = [ticket.id for ticket in given]
    assert rows.of_table(table, names) == expected
    assert rows.odd_of_table(table, events, names) == [
        one for status in statuses.values() for one in rows.odd_of(status)
    ]
    return len(expected)


@given(policies(), st.lists(tickets(), min_size=1, max_size=5), instants_of_life(days=14))
@settings(max_examples=50)
def test_any_policy_and_any_tickets(clock_rows: Any, policy: Policy, drawn: list[Ticket], at: datetime) -> None:
    same([policy], [0] * len(drawn), named(drawn, clock_rows), at, clock_rows)


@given(
    st.lists(overlaid(), min_size=1, max_size=2),
    st.lists(st.tuples(others(), st.integers(0, 1)), min_size=1, max_size=5),
    instants_of_life(days=14) | st.sampled_from([FIRST + DAY * 400, FIRST + DAY * 5]),
)
@settings(max_examples=60)
def test_overlays_calendars_that_run_dry_and_several_policies(
    clock_rows: Any, drawn: list[Policy], given: list[tuple[Ticket, int]], at: datetime
) -> None:
    which = [number % len(drawn) for _, number in given]
    same(drawn, which, named([ticket for ticket, _ in given], clock_rows), at, clock_rows)


# --- many tickets, in blocks ---------------------------------------------------------------------------------------

CLOCKS: dict[str, Any] = {
    "a": {"preset": "agent_work", "warnings": ["1/7", "2/3", "99.9%"]},
    "b": {
        "start": ["enter", "customer_reply", "note"],
        "stop": ["respond", "leave"],
        "repeats": True,
        "compare": "business_time",
        "retarget": "restart",
        "pause": [{"status": "pending"}, {"paused": ["vendor"]}],
    },
    "c": {"preset": "resolution", "scope": "ticket", "retarget": "retroactive", "pause": [{"paused": True}]},
    "d": {"start": ["customer_reply"], "stop": ["respond"], "scope": "ticket", "repeats": True, "retarget": "keep"},
    "e": {
        "start": ["enter", "reopen"],
        "stop": ["solve"],
        "scope": "ticket",
        "repeats": True,
        "compare": "business_time",
        "pause": [{"awaiting": "customer"}],
    },
    "f": {"preset": "next_response"},
}
MANY = Policy.from_data(
    {
        "name": "Many",
        "calendars": {
            "office": {"zone": "Europe/Rome", "hours": {"mon-fri": ["09:00-13:00", "14:00-18:00"]}},
            "nights": {"zone": "America/New_York", "hours": {"mon-sat": ["22:00-06:00"]}},
        },
        "clocks": CLOCKS,
        "tiers": {
            "first": {
                "calendar": "office",
                "targets": {"a": "8h", "b": "1h", "c": "20h", "d": "90m", "e": "6h", "f": "2h"},
            },
            "second": {
                "calendar": "nights",
                "targets": {"a": "2 business days", "c": "3 calendar days", "d": "0h", "e": "1 business days"},
            },
        },
        "rules": [
            {"when": {"priority": "high"}, "targets": {"c": "4h", "b": "20m", "e": "2h"}},
            {"when": {"priority": "none", "tier": "first"}, "targets": {"c": "none"}, "calendar": "nights"},
        ],
        "versions": [
            {"from_date": "2026-03-24", "tiers": {"first": {"targets": {"a": "5h", "e": "1h"}}}},
            {"from_date": "2026-03-27", "tiers": {"second": {"calendar": "office"}}},
        ],
        "straddling": "change",
    }
)
OPENED = Policy.from_data({**MANY.to_data(), "name": "Opened", "straddling": "opened"})
HAPPENS: list[dict[str, Any]] = [
    *({"kind": kind} for kind in ("respond", "customer_reply", "note", "solve", "reopen", "close", "open", "cancel")),
    {"kind": "respond", "automatic": True},
    *({"kind": "pause", "reason": reason} for reason in ("vendor", "customer", "")),
    *({"kind": "resume", "reason": reason} for reason in ("vendor", "customer", None)),
    *({"kind": "hand_off", "to": to} for to in ("first", "second", "second", "first", "nowhere")),
    *({"kind": "status", "to": to} for to in ("pending", "open", "solved", "odd", "closed")),
    *({"kind": "attribute", "name": "priority", "value": value} for value in ("high", "none", "low", None)),
    {"kind": "cancel", "reason": "spam"},
]


def some_tickets(number: int, random: Random, *, most: int) -> list[Ticket]:
    """Tickets of any length, of which a few are very long; some instants are midnights."""
    found: list[Ticket] = []
    for name in range(number):
        at = opened = FIRST + timedelta(minutes=random.randrange(10 * 1440))
        at -= timedelta(minutes=random.choice([0, 0, 0, 90]))
        events: list[sla.Event] = []
        for _ in range(most if name % 17 == 5 else random.choice([0, 0, 1, 2, 3, 5, 8])):
            at += timedelta(minutes=random.choice([0, 0, 1, 7, 60, 500]))
            at = at.replace(hour=23, minute=0) if random.random() < 0.02 and at.hour < 23 else at
            events.append(sla.Event(at=at, **random.choice(HAPPENS)))
        tier, priority = random.choice(["first", "second"]), random.choice(["high", "low", None])
        found.append(
            Ticket(id=f"T{name}", tier=tier, opened_at=opened, attributes={"priority": priority}, events=events)
        )
    return found


@pytest.mark.parametrize(
    ("tickets_at_once", "few", "dense"),
    [(7, 16, None), (64, 2, None), (50, 0, 0), (10**6, 16, None), (33, 3, 2000)],
    ids=str,
)
def test_blocks_and_the_ways_of_looking_up(
    monkeypatch: pytest.MonkeyPatch, clock_rows: Any, tickets_at_once: int, few: int, dense: int | None
) -> None:
    monkeypatch.setattr(blocks, "_TICKETS", tickets_at_once)
    monkeypatch.setattr(blocks, "_FEW", few)
    if dense is not None:
        monkeypatch.setattr(machine, "_DENSE", dense)
    random = Random(tickets_at_once)  # noqa: S311
    given = some_tickets(150, random, most=60)
    which = [random.randrange(2) for _ in given]
    assert same([MANY, OPENED], which, given, FIRST + 4 * DAY, clock_rows) > 200
    assert same([MANY, OPENED], which, given, FIRST + 30 * DAY, clock_rows) > 800


def test_tickets_that_are_all_of_one_length(clock_rows: Any) -> None:
    random = Random(3)  # noqa: S311
    given = [one for one in some_tickets(300, random, most=9) if len(one.events) == 3]
    assert len(given) > 20
    assert same([MANY], [0] * len(given), given, FIRST + 9 * DAY, clock_rows) > 100


# --- edges, one by one ---------------------------------------------------------------------------------------------


def life(*told: tuple[int, dict[str, Any]], opened: int = 0, tier: str = "first", **attributes: Any) -> Ticket:
    """A ticket with events so many hours after Monday, 23 March 2026, 09:00 in Rome."""
    monday = datetime.fromisoformat("2026-03-23T09:00:00+01:00")
    events = [sla.Event(at=monday + timedelta(hours=hours), **what) for hours, what in told]
    return Ticket(id="T0", tier=tier, opened_at=monday + timedelta(hours=opened), attributes=attributes, events=events)


@pytest.mark.parametrize("policy", [MANY, OPENED], ids=["change", "opened"])
@pytest.mark.parametrize(
    "ticket",
    [
        life(),
        life((0, {"kind": "open"}), (0, {"kind": "open"}), (1, {"kind": "open"})),
        life((-1, {"kind": "open"}), (-1, {"kind": "respond"}), (0, {"kind": "note"})),
        life((14, {"kind": "customer_reply"}), (15, {"kind": "respond"})),  # midnight, when the version comes
        life((14, {"kind": "hand_off", "to": "second"}), (39, {"kind": "hand_off", "to": "first"})),
        life((1, {"kind": "pause", "reason": "vendor"}), (2, {"kind": "pause"}), (30, {"kind": "resume"})),
        life((1, {"kind": "pause"}), (20, {"kind": "hand_off", "to": "second"}), (40, {"kind": "resume"})),
        life(*((hour, {"kind": "hand_off", "to": ("second", "first")[hour % 2]}) for hour in range(30))),
        life(*((hour, {"kind": ("solve", "reopen")[hour % 2]}) for hour in range(30))),
        life((2, {"kind": "hand_off", "to": "nowhere"}), (9, {"kind": "hand_off", "to": "first"})),
        life((2, {"kind": "cancel", "reason": "spam"}), (9, {"kind": "reopen"}), tier="second"),
        life(
            *(
                (hour, {"kind": "attribute", "name": "priority", "value": ("high", "none", "low")[hour % 3]})
                for hour in range(40)
            )
        ),
        life((3, {"kind": "status", "to": "odd"}), (3, {"kind": "status", "to": "pending"}), priority="high"),
    ],
)
def test_edges_of_a_ticket_at_any_hour(clock_rows: Any, policy: Policy, ticket: Ticket) -> None:
    for hour in (-2, -1, 0, 1, 14, 15, 23, 24, 49, 100, 1000):
        same([policy], [0], [ticket], ticket.opened_at + timedelta(hours=hour), clock_rows)


def test_the_smallest_steps_around_what_is_due(clock_rows: Any) -> None:
    ticket = life((3, {"kind": "pause", "reason": "vendor"}), (5, {"kind": "resume"}))
    for clock in MANY.evaluate(ticket, at=ticket.opened_at + DAY):
        for instant in (clock.due_at, clock.next_change_at, clock.breached_at):
            if instant is not None:
                for step in (-1, 0, 1):
                    same([MANY], [0], [ticket], instant + timedelta(microseconds=step), clock_rows)


@pytest.mark.parametrize("calendar", sorted(MORE_CALENDARS))
@pytest.mark.parametrize("amount", ["3h", "7h", "40h", "2 business days", "5 business days", "4 calendar days"])
@pytest.mark.parametrize("compare", ["instant", "business_time"])
def test_calendars_that_run_dry(clock_rows: Any, calendar: str, amount: str, compare: str) -> None:
    policy = Policy.from_data(
        {
            "name": "Dry",
            "calendars": {**MORE_CALENDARS, "office": {"zone": "UTC", "hours": {"mon-fri": "08:00-17:00"}}},
            "tiers": {"first": {"calendar": calendar, "targets": {"agent_work": amount}}},
            "rules": [{"when": {"priority": "high"}, "calendar": "office"}],
            "warnings": ["10%", "50%", "90%"],
            "compare": compare,
        }
    )
    given = [
        life(),
        life((2, {"kind": "pause"}), (3, {"kind": "resume"})),
        life((60, {"kind": "solve"})),
        life((5, {"kind": "attribute", "name": "priority", "value": "high"})),
        life((20, {"kind": "attribute", "name": "priority", "value": "low"}), priority="high"),
    ]
    for hours in (0, 1, 3, 30, 90, 2000):
        same([policy], [0] * 5, named(given, clock_rows), given[0].opened_at + timedelta(hours=hours), clock_rows)


# --- the table itself ----------------------------------------------------------------------------------------------


def test_without_openings_the_first_event_or_the_event_open_is_it() -> None:
    base = to_micros(FIRST + 3 * DAY + timedelta(hours=8))
    hour = 3_600_000_000
    events = frames.EventTable(
        ticket=np.array([1, 1, 5, 5, 5, 9, 9]),
        at=np.array([0, 1, 0, 2, 3, 4, 5]) * hour + base,
        what=np.array([1, 0, 1, 0, 0, 1, 1]),
        kinds=["open", {"kind": "respond"}],
        tier="first",
    )
    assert events.opened.tolist() == [base + hour, base + 2 * hour, base + 4 * hour]
    assert events.tickets.tolist() == [1, 5, 9]
    table = events.evaluate(OPENED, at=FIRST + 4 * DAY)
    assert table.odd_rows.tolist() == [0, 2, 4]
    assert list(table.odd_kinds) == [("before_opening",), ("before_opening",), ("opened_again",)]
    assert {*table.started.tolist()} <= {*events.opened.tolist(), frames.NULL}


def test_what_was_given_is_not_changed(clock_rows: Any) -> None:
    given = some_tickets(40, Random(5), most=20)  # noqa: S311
    events = clock_rows.table_of(given)
    before = [column.copy() for column in (events.at, events.what, events.first, events.opened, events.tier)]
    first = events.evaluate(MANY, at=FIRST + 8 * DAY)
    again = events.evaluate(MANY, at=FIRST + 8 * DAY)
    names = [one.id for one in given]
    assert clock_rows.of_table(first, names) == clock_rows.of_table(again, names)
    for kept, column in zip(before, (events.at, events.what, events.first, events.opened, events.tier), strict=True):
        assert (kept == column).all()


def test_no_tickets_at_all() -> None:
    events = frames.EventTable(ticket=[], at=[], what=[], kinds=["note"], tier="first")  # type: ignore[arg-type]
    table = events.evaluate(MANY, at=FIRST)
    assert (len(events), len(table), table.odd_rows.tolist(), table.verdict.tolist()) == (0, 0, [], [])


def test_columns_have_the_same_dtypes_with_and_without_rows(clock_rows: Any) -> None:
    full = clock_rows.table_of(some_tickets(40, Random(6), most=20)).evaluate(MANY, at=FIRST + 9 * DAY)  # noqa: S311
    none = frames.EventTable(ticket=[], at=[], what=[], kinds=[], tier="first").evaluate(MANY, at=FIRST)  # type: ignore[arg-type]
    assert len(full) > 100
    for name in (
        "ticket",
        "tier",
        "clock",
        "cycle",
        "phase",
        "promise",
        "started",
        "due",
        "reason",
        "odd_rows",
        "wall",
    ):
        assert getattr(full, name).dtype == getattr(none, name).dtype, name
