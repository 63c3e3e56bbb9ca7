"""Value types: equal by their parts, hashable, unchangeable, equal when copied and pickled; repr is the constructor."""

import copy
import datetime as dt
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import sla_engine as sla

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
]
NAMES = {
    **{name: getattr(sla, name) for name in sla.__all__},
    "datetime": dt,
    "zoneinfo": __import__("zoneinfo"),
    "Fraction": __import__("fractions").Fraction,
}


IDS = [f"{number}-{type(value).__name__}" for number, value in enumerate(VALUES)]
CALENDARS = [value for value in VALUES if isinstance(value, sla.Calendar)]
WRITTEN = [value for value in VALUES if hasattr(value, "to_json") and hasattr(type(value), "from_json")]


@pytest.mark.parametrize("value", VALUES, ids=IDS)
class TestEveryValue:
    def test_repr_is_the_constructor(self, value: Any) -> None:
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
