"""Value types: equal by their parts, hashable, unchangeable, equal when copied and pickled; repr is the constructor."""

import copy
import datetime as dt
import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

import sla_engine as sla
from sla_engine import tickets
from sla_engine.tickets.events import KINDS

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
END = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Europe/Rome"))

EUROPE = sla.BusinessCalendar(zone="GMT+1", hours={"mon-fri": "08:00-17:00"}, name="europe")
AMERICA = sla.BusinessCalendar(zone="GMT-6", hours={"mon-fri": "09:00-17:00"})
SHOP = sla.BusinessCalendar(
    zone="Europe/Rome",
    hours={"mon-thu": ["08:00-12:00", "13:00-17:00"], "fri": "08:00-14:00", "sat": "22:00-06:00"},
    holidays=[sla.Holidays(country="IT", subdivision="MI"), date(2026, 8, 14), "12-31"],
    overrides={"2026-12-24": "08:00-12:00", "2026-12-30": []},
    closures=[(START, END)],
    openings=[(START + timedelta(days=5), END + timedelta(days=5))],
    overnight="civil_date",
    horizon=20,
)
POLICY = sla.Policy(
    name="Shop",
    zone="Europe/Rome",
    calendars={"office": SHOP, "both": {"union": ["office", AMERICA]}},
    tiers={"first": {"calendar": "both", "targets": {"response": "4h", "answer": "5 business days, due at close"}}},
    services={"api": {"uptime": "99.95%", "probe_every": "1m"}},
)
RICH = sla.Policy(
    name="Everything",
    zone="Europe/Rome",
    calendars={"office": SHOP, "always": sla.always_open("UTC")},
    tiers={
        "desk": {
            "calendar": "office",
            "targets": {"response": "4h", "reply": "8h", "resolution": "5 business days"},
            "requires": {"checked": {"title": "Looked at", "attributes": ["a", "b"], "when": {"topic": "mail"}}},
            "goal": "95%",
        },
        "lab": {"calendar": "always", "targets": {"resolution": "120h elapsed"}},
    },
    services={"api": {"uptime": "99.95%", "probe_every": "1m"}},
    clocks={
        "response": {"warnings": ["50%", "2/3"], "compare": "business_time", "retarget": "restart"},
        "reply": {
            "title": "Each reply",
            "start": [{"event": "customer_reply", "before": {"responded": True}, "when": {"solved": False}}],
            "stop": ["respond", "status:pending"],
            "cancel": [],
            "pause": [{"paused": ["customer", "vendor"]}, {"status": {"not": ["open", "new"]}, "vip": {"set": False}}],
            "repeats": True,
            "scope": "ticket",
        },
    },
    rules=[
        {"when": {"tier": "desk", "priority": ["urgent", "high"]}, "targets": {"response": "1h", "reply": "none"}},
        {"when": {"region": {"not": "eu"}}, "calendar": "always"},
        {"when": {}, "tier": "desk"},
    ],
    exclusions=[{"when": {"channel": "spam"}, "reason": "spam"}],
    statuses=["parked"],
    warnings=["25%", "100%"],
    compare="business_time",
    retarget="retroactive",
    customer_attribute="account",
    customers={
        "gold": {"title": "Gold", "tiers": {"desk": {"targets": {"response": "1h", "reply": "none"}}}},
        "acme": {
            "base": "gold",
            "rules": [{"when": {"vip": True}, "targets": {"resolution": "1 business day"}}],
            "clocks": {"response": {"warnings": ["10%"]}},
            "calendars": {"always": {"zone": "Asia/Tokyo", "hours": {"mon-fri": "09:00-17:00"}}},
        },
    },
    versions=[
        {"from_date": "2026-04-01", "tiers": {"desk": {"targets": {"response": "3h"}}}, "warnings": ["50%"]},
        {"from_date": date(2026, 7, 1), "exclusions": [{"when": {"tier": "lab"}, "reason": "trial"}]},
    ],
    straddling="change",
)
EVENTS = (
    tickets.Open(at=START),
    tickets.Respond(at=START, automatic=True),
    tickets.CustomerReply(at=START),
    tickets.Note(at=START, ticket="T-1"),
    tickets.SetStatus(at=START, to="pending"),
    tickets.Pause(at=START, reason="vendor"),
    tickets.Resume(at=START, reason="vendor"),
    tickets.HandOff(at=START, to="lab", done=("checked",)),
    tickets.SetAttribute(at=START, name="priority", value="urgent"),
    tickets.Solve(at=START),
    tickets.Reopen(at=START),
    tickets.Close(at=START),
    tickets.Cancel(at=START, reason="duplicate"),
)
TICKET = sla.Ticket(
    id="T-1", tier="desk", opened_at=START, attributes={"priority": 1, "vip": True, "x": None}, events=EVENTS[:3]
)
PLAIN = sla.Policy(
    name="Plain",
    calendars={"office": EUROPE},
    tiers={
        "desk": {"calendar": "office", "targets": {"response": "4h"}},
        "lab": {"calendar": "office", "targets": {"response": "1h"}},
    },
)
EVALUATED = sla.Ticket(
    id="T-2",
    tier="desk",
    opened_at=START,
    events=[
        tickets.Resume(at=START + timedelta(hours=1)),
        tickets.HandOff(at=START + timedelta(hours=2), to="lab"),
        tickets.Respond(at=START + timedelta(hours=4)),
    ],
)
STATUS = PLAIN.evaluate(EVALUATED, at=END + timedelta(hours=9))
MET = sla.Outcome("T-1", "desk", "response", START, END, START + timedelta(hours=1), "met")
BREACHED = replace(MET, stopped_at=START + timedelta(hours=4), verdict="breached")
FIGURES = sla.compliance([MET, replace(BREACHED, id="T-2")], tiers=[("desk", "response")])

BUDGET = sla.Budget("99.999%", "720h")
SCHEME = sla.CreditScheme(
    name="Hosting",
    source="https://example.org/sla",
    tiers=[{"at_least": "99.9%", "credit": "0%"}, {"at_least": "2/3", "credit": "10%"}],
    below="100%",
    longest_outage="15m",
    outage_credit="12.5%",
)

HOUR = timedelta(hours=1)
MINUTES = [(START + timedelta(minutes=number), number != 5) for number in range(60)]
PROBES = sla.ProbeLog.of(
    MINUTES, every=[(START, "1m"), (END, "2m")], gap=Fraction(5, 2), location="rome", late=[(START, START + HOUR)]
)
GATE = sla.RequestGate(error_rate="10%", inclusive=True, least_requests=100, weigh=True)
REQUESTS = sla.RequestLog.of([(START, 100, 1), (START + HOUR, 10, 0)], every="1h", gate=GATE)
RULES = sla.CountingRules(absorb_up="1m", absorb_down="2m", unit="1m", unit_counts="touched", least_outage="5m")
TERMS = sla.MaintenanceTerms(notice="24h", cap_per_event="2h", cap_per_window="4h", emergencies=True)
INCIDENT = sla.Incident("I-1", START, START + HOUR, "1/3", START + 2 * HOUR)
RULING = sla.Reclassification("R-1", START, START + HOUR, "excused", START + 9 * HOUR, "as agreed")
WEEKLY = sla.RecurringMaintenance(
    "M-2", START, START + HOUR, "FREQ=WEEKLY;COUNT=5", zone="Europe/Rome", announced_before="48h"
)
SERVICE = sla.Service(
    name="api",
    title="API",
    uptime="99.9%",
    probe_every="1m",
    window="quarter",
    zone="Europe/Rome",
    maintenance="counted",
    terms=TERMS,
    rules=RULES,
    longest_outage="30m",
    down_needs=2,
    unknown="down",
    base="less_maintenance",
    needs=["db"],
    credit_scheme=SCHEME,
)
DAY = sla.Day(date(2026, 3, 2), zone="UTC")
REPORT = sla.evaluate_uptime("99.9%", DAY, at=START + 5 * HOUR, incidents=[INCIDENT], reclassified=[RULING])
CHANGES = REPORT.changes_since(START)

VALUES: list[Any] = [
    EUROPE,
    SHOP,
    EUROPE | AMERICA,
    (EUROPE & AMERICA) - SHOP,
    EUROPE.changed(from_date=date(2027, 1, 1), to=AMERICA),
    sla.always_open("Asia/Tokyo", name="always"),
    sla.never_open(),
    sla.Holidays(country="US", categories=("public", "government")),
    sla.Holidays(market="XNYS"),
    sla.HolidayDates(days={date(2026, 8, 14): "outing"}, annual={"12-31": ""}, years=(2020, 2030)),
    sla.Version(from_date=date(2027, 1, 1), calendar=EUROPE),
    sla.business_time("4h"),
    sla.elapsed_time("120h"),
    sla.business_days(5, due="close"),
    sla.calendar_days(-5),
    sla.Span(START, END),
    sla.SpanSet([sla.Span(START, END)]),
    sla.SpanSet(),
    sla.Share(999, 1000),
    sla.Day(date(2026, 3, 29), zone="Europe/Rome"),
    sla.Week(2026, 53, zone="UTC"),
    sla.Month(2026, 3, zone="UTC"),
    sla.Quarter(2026, 1, zone="GMT+1"),
    sla.Year(2028, zone="UTC"),
    sla.Rolling(START, timedelta(days=30)),
    sla.Target(name="response", within="4h"),
    POLICY,
    POLICY.tier("first"),
    POLICY.service("api"),
    sla.maxony_policy(),
    sla.Outcome("T-1", "first", "response", START, END, None, "undecided"),
    sla.TicketRow(2, "T-1", "first", START, None),
    sla.RowProblem(2, "T-1", "is empty"),
    EUROPE.explain(START, "9h"),
    *EVENTS,
    TICKET,
    sla.Ticket(id="T-9", opened_at=START),
    TICKET.attributes,
    sla.Attributes(),
    RICH,
    *RICH.clocks,
    *RICH.clocks[1].start,
    *RICH.rules,
    *RICH.exclusions,
    *RICH.customers,
    *RICH.versions,
    *RICH.tier("desk").requires,
    RICH.tier("desk"),
    sla.Match.parse({"priority": ["urgent", "high"], "region": {"not": "eu"}, "vip": {"set": True}}),
    sla.LogMapping(
        ticket="No",
        event="What",
        tiers={"1": "desk"},
        statuses={"Wait": "pending"},
        attributes={"customer": "Who"},
        events={
            "Reply": "respond",
            "Both": ["note", "pause:vendor"],
            "Chat": "ignore",
            "Auto": {"kind": "respond", "automatic": True},
        },
        resumes=["Reply"],
        zone="Europe/Rome",
    ),
    sla.LogColumns(id="no", attributes=("customer",)),
    sla.read_events(TICKET.to_json()),
    STATUS,
    *STATUS.clocks,
    *STATUS.anomalies,
    *STATUS.hand_offs,
    *STATUS["response"].warnings[:1],
    STATUS.clocks[0].ledger(),
    STATUS.clocks[0].ledger().rows[1],
    PLAIN.evaluate_all([EVALUATED, sla.Ticket(id="T-3", tier="moon", opened_at=START)], at=END),
    sla.TicketProblem("T-3", "there is no tier 'moon'"),
    MET,
    FIGURES,
    FIGURES.figures[0],
    FIGURES.figures[0].against("95%"),
    *FIGURES.change_from(sla.compliance([MET])),
    sla.Flip(MET, BREACHED),
    sla.Finding("never_opens", "calendars.x", "it is never open", "Give it hours"),
    sla.check_policy(PLAIN, at=START),
    sla.report(PLAIN, sla.read_events(EVALUATED.to_json()), at=END),
    sla.what_if(sla.read_events(EVALUATED.to_json()), PLAIN, PLAIN.model_copy(update={"name": "Other"}), at=END),
    sla.SpentShare(3, 7),
    sla.Downtime(Fraction(1, 3)),
    sla.Downtime(-5),
    BUDGET,
    sla.Budget("99.9%", timedelta(days=30)),
    sla.Budget("99%", sla.Month(2026, 2, zone="Europe/Rome")),
    sla.BurnAlert("2%", "1h", severity="ticket"),
    *sla.usual_alerts(),
    *sla.preflight(BUDGET, "2m"),
    sla.series(["99.95%", "99.99%"]),
    SCHEME,
    *SCHEME.tiers,
    GATE,
    sla.RequestGate(),
    RULES,
    sla.CountingRules(),
    TERMS,
    sla.MaintenanceTerms(),
    SERVICE,
    sla.ServiceGroup(name="front", title="Front", services=["api", "db"], needed=1, uptime="2/3"),
    INCIDENT,
    sla.Incident("I-2", START),
    sla.Maintenance("M-1", START, START + HOUR, START - HOUR, emergency=True),
    RULING,
    WEEKLY,
    sla.RecurringMaintenance(
        "M-3", START, START + HOUR, "FREQ=DAILY", zone="UTC", announced_at=START - HOUR, emergency=True
    ),
    PROBES,
    sla.ProbeLog.of([], every="1m"),
    REQUESTS,
    sla.RequestLog.of([], every="1m", gate=sla.RequestGate()),
    SCHEME.assess(REPORT),
    REPORT.forecast(),
    REPORT.burn_rate(),
    REPORT.reading(),
    REPORT.downtime,
    REPORT,
    *CHANGES,
    REPORT.ledger(),
    *REPORT.ledger().rows,
    REPORT.reconciliation(),
    *REPORT.reconciliation().rows,
    *REPORT.reconciliation().incidents,
]
# Of these repr is no constructor: what is kept for their ledgers and for the type of their instants is not shown, so
# that one can read the rest. Whatever holds one of them is one of them.
SHOWN_ONLY = (
    sla.ClockStatus,
    sla.TicketStatus,
    sla.Evaluation,
    sla.Report,
    sla.WhatIf,
    sla.PolicyCheck,
    sla.UptimeReport,
    sla.ProbeLog,
)
NAMES = {
    **{name: getattr(sla, name) for name in sla.__all__},
    "datetime": dt,
    "zoneinfo": __import__("zoneinfo"),
    "Fraction": Fraction,
    **{name: getattr(tickets, name) for name in tickets.__all__},
}


IDS = [f"{number}-{type(value).__name__}" for number, value in enumerate(VALUES)]
CALENDARS = [value for value in VALUES if isinstance(value, sla.Calendar)]
WRITTEN = [value for value in VALUES if hasattr(value, "to_json") and hasattr(type(value), "from_json")]


@pytest.mark.parametrize("value", VALUES, ids=IDS)
class TestEveryValue:
    def test_repr_is_the_constructor(self, value: Any) -> None:
        if isinstance(value, SHOWN_ONLY):
            # Of a log of half a million probes, only what it is.
            assert repr(value).startswith(f"{'<' * isinstance(value, sla.ProbeLog)}{type(value).__name__}")
            return
        assert eval(repr(value), NAMES) == value  # noqa: S307  (our own text)

    def test_pickled_and_copied_it_is_equal_and_hashes_equal(self, value: Any) -> None:
        for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):  # noqa: S301
            assert twin == value
            assert hash(twin) == hash(value)
            assert type(twin) is type(value)

    def test_it_cannot_be_changed(self, value: Any) -> None:
        fields = getattr(type(value), "model_fields", None) or getattr(value, "__slots__", ()) or ("duration",)
        for name in [*fields, "anything"]:
            with pytest.raises((AttributeError, TypeError, ValueError)):
                setattr(value, name, None)

    def test_it_differs_from_other_things(self, value: Any) -> None:
        assert value != object()
        assert value != "text"
        others = [other for other in VALUES if other is not value]
        assert value not in others

    def test_a_set_holds_it_once(self, value: Any) -> None:
        assert len({value, copy.deepcopy(value)}) == 1


@pytest.mark.parametrize("value", WRITTEN, ids=range(len(WRITTEN)))
def test_json_and_back_is_equal(value: Any) -> None:
    assert type(value).from_json(value.to_json()) == value
    assert type(value).from_json(value.to_json(indent=2)) == value
    assert type(value).from_data(value.to_data()) == value


@pytest.mark.parametrize("value", CALENDARS, ids=range(len(CALENDARS)))
def test_any_calendar_is_read_back_by_the_base(value: sla.Calendar) -> None:
    assert sla.Calendar.from_json(value.to_json()) == value


def test_a_scheme_written_by_hand_is_the_scheme() -> None:
    assert SCHEME.to_data() == {
        "name": "Hosting",
        "source": "https://example.org/sla",
        "tiers": [{"at_least": "999/1000", "credit": "0"}, {"at_least": "2/3", "credit": "1/10"}],
        "below": "1",
        "longest_outage": "15m",
        "outage_credit": "1/8",
    }
    plain = sla.CreditScheme(name="Plain", tiers=[SCHEME.tiers[0]], below="5%")
    assert plain.to_data() == {
        "name": "Plain",
        "tiers": [{"at_least": "999/1000", "credit": "0"}],
        "below": "1/20",
    }
    assert sla.CreditScheme.from_json(plain.to_json()) == plain != SCHEME


def test_a_ticket_comes_back_from_json_whatever_the_zones() -> None:
    there = sla.Ticket.from_json(TICKET.to_json())
    assert there == TICKET
    assert there.attributes == {"priority": 1, "vip": True, "x": None}
    assert [type(event) for event in there.events] == [type(event) for event in TICKET.events]
    elsewhere = sla.Ticket(
        id=TICKET.id,
        tier=TICKET.tier,
        opened_at=START.astimezone(ZoneInfo("Asia/Tokyo")),
        attributes=TICKET.attributes,
        events=[tickets.Event.from_data(event.to_data()) for event in TICKET.events],
    )
    assert elsewhere == TICKET
    assert hash(elsewhere) == hash(TICKET)
    assert elsewhere.opened_at.isoformat() == "2026-03-02T18:30:00+09:00"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_comes_back_from_plain_data(event: tickets.Event) -> None:
    assert tickets.Event.from_data(event.to_data()) == event
    assert type(tickets.Event.from_data(event.to_data())) is type(event)
    assert event.to_data()["at"] == "2026-03-02T09:30:00+00:00"


@pytest.mark.parametrize("event", EVENTS, ids=[event.kind for event in EVENTS])
def test_pydantic_tells_events_apart_by_their_kind(event: sla.Event) -> None:
    union: TypeAdapter[Any] = TypeAdapter(tickets.AnyEvent)
    read = union.validate_python(event.to_data())
    assert type(read) is type(event)
    assert read == event


def test_every_kind_of_event_is_here() -> None:
    assert [event.kind for event in EVENTS] == list(KINDS)


def test_tickets_differ_by_when_they_were_opened() -> None:
    later = sla.Ticket(id="T-9", opened_at=START + timedelta(microseconds=1))
    assert later != sla.Ticket(id="T-9", opened_at=START)
    assert tickets.Note(at=START) != tickets.Note(at=START + timedelta(microseconds=1))


def test_a_policy_with_overlays_answers_the_same_when_it_comes_back() -> None:
    there = sla.Policy.from_json(RICH.to_json())
    for customer in (None, "gold", "acme"):
        for when in (START, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)):
            assert there.effective(when, customer=customer) == RICH.effective(when, customer=customer)
    assert len({RICH.effective(START, customer=customer) for customer in (None, "gold", "acme")}) == 3


def test_asking_changes_neither_equality_nor_hash_nor_pickle() -> None:
    asked = EUROPE.model_copy()
    before = pickle.dumps(EUROPE.model_copy(update={"name": "x"}))
    fresh = EUROPE.model_copy(update={"name": "x"})
    fresh.add(START, "400h")
    assert pickle.dumps(fresh) == before
    assert asked == EUROPE


def test_a_copy_with_other_fields_is_checked_and_answers_for_itself() -> None:
    office = sla.BusinessCalendar(zone="UTC", hours={"mon": "09:00-17:00"})
    assert office.is_open(START)
    assert not office.model_copy(update={"hours": {"tue": "09:00-17:00"}}).is_open(START)
    with pytest.raises(sla.InvalidZone):
        office.model_copy(update={"zone": "Mars/Base"})


def test_equal_rules_written_differently_are_equal() -> None:
    written = sla.BusinessCalendar(
        zone=timezone(timedelta(hours=1)),
        hours={
            "Monday": (dt.time(8), dt.time(17)),
            "tue, wed": "8:00-17:00",
            "thu-fri": ["08:00\u201317:00"],  # an en dash, as documents have it
        },
        name="europe",
    )
    assert written == EUROPE


def test_spans_are_equal_by_their_instants() -> None:
    assert sla.Span(START, END) == sla.Span(START.astimezone(ZoneInfo("Asia/Tokyo")), END.astimezone(UTC))


def test_errors_survive_pickling() -> None:
    with pytest.raises(sla.NeverDue) as caught:
        sla.never_open().add(START, "4h")
    twin = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(twin) == str(caught.value)
    assert twin.asked == timedelta(hours=4)
    assert twin.available == timedelta()
