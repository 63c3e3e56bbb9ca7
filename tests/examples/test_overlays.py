"""Customers and versions: whatever differs is written, and nothing else changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import sla_engine as sla

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
SUMMER = datetime(2026, 7, 6, 6, 30, tzinfo=UTC)


def shop(**fields: Any) -> sla.Policy:
    given: dict[str, Any] = {
        "name": "Shop",
        "calendars": {
            "europe": {"zone": "GMT+1", "hours": {"mon-fri": "08:00-17:00"}},
            "america": {"zone": "GMT-6", "hours": {"mon-fri": "09:00-17:00"}},
            "both": {"union": ["europe", "america"]},
        },
        "tiers": {
            "first": {"calendar": "both", "targets": {"response": "4h", "resolution": "16h"}, "requires": ["faq"]},
            "second": {"calendar": "europe", "targets": {"response": "8h"}},
        },
        "services": {"api": {"uptime": "99%", "probe_every": "1m"}},
        "exclusions": [{"when": {"channel": "spam"}, "reason": "spam"}],
        "statuses": ["triage"],
    }
    return sla.Policy(**{**given, **fields})


def of_acme(**changes: Any) -> sla.Policy:
    return shop(customers={"acme": changes}).effective(MONDAY, customer="acme")


def test_everybody_else_has_the_policy_itself() -> None:
    both = shop(customers={"acme": {"tiers": {"first": {"targets": {"response": "1h"}}}}})
    assert both.effective(MONDAY) is both
    assert both.effective(MONDAY, customer="somebody") is both


def test_a_target_is_changed_added_and_taken_away_by_its_name() -> None:
    theirs = of_acme(tiers={"first": {"targets": {"response": "1h", "next_response": "2h", "resolution": "none"}}})
    assert [str(one.within) for one in theirs.tier("first").targets] == ["1h", "2h"]
    assert theirs.tier("first").calendar == "both"
    assert theirs.tier("first").requires == shop().tier("first").requires
    assert theirs.tier("second") == shop().tier("second")


def test_requirements_are_changed_by_their_names() -> None:
    theirs = of_acme(tiers={"first": {"requires": {"faq": "none", "logs": {"attributes": ["log_sent"]}}}})
    assert [one.name for one in theirs.tier("first").requires] == ["logs"]


def test_a_service_keeps_what_is_not_written() -> None:
    service = of_acme(services={"api": {"uptime": "99.9%"}}).service("api")
    assert service.uptime == sla.Share.parse("99.9%")
    assert service.probe_every == timedelta(minutes=1)


def test_calendars_made_of_a_changed_one_follow_it() -> None:
    # 06:30 UTC in July is 07:30 at GMT+1 and closed, and 08:30 in Zurich and open.
    theirs = of_acme(calendars={"europe": {"zone": "Europe/Zurich", "hours": {"mon-fri": "08:00-17:00"}}})
    assert not shop().calendar("both").is_open(SUMMER)
    assert theirs.calendar("europe").is_open(SUMMER)
    assert theirs.calendar("both").is_open(SUMMER)
    assert theirs.calendar("america") == shop().calendar("america")


def test_a_calendar_of_their_own_may_be_made_of_those_that_are_there() -> None:
    theirs = of_acme(
        calendars={"only_together": {"intersection": ["europe", "america"]}},
        tiers={"first": {"calendar": "only_together"}},
    )
    # 08:00-17:00 at GMT+1 and 09:00-17:00 at GMT-6 meet from 15:00 to 16:00 UTC; four hours take four days.
    due = theirs.deadline("first", MONDAY, target="response")
    assert due == datetime(2026, 3, 5, 16, tzinfo=UTC)


def test_versions_of_calendars_follow_too() -> None:
    old = sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"}, name="old")
    new = sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "10:00-12:00"}, name="new")
    both = {"versions": [{"calendar": "old"}, {"calendar": "new", "from_date": "2026-01-01"}]}
    policy = sla.Policy(
        name="Versions",
        calendars={"old": old, "new": new, "all": both},
        tiers={"first": {"calendar": "all", "targets": {"response": "4h"}}},
        customers={"acme": {"calendars": {"new": {"zone": "UTC", "hours": {"mon-fri": "20:00-22:00"}}}}},
    )
    theirs = policy.effective(MONDAY, customer="acme")
    assert policy.calendar("all").next_opening(MONDAY) == MONDAY.replace(hour=10)
    assert theirs.calendar("all").next_opening(MONDAY) == MONDAY.replace(hour=20)


def test_clocks_are_changed_key_by_key_or_replaced_by_a_preset() -> None:
    base = shop(clocks={"response": {"preset": "first_response", "stop": ["respond"], "warnings": ["50%"]}})
    changed = base.model_copy(update={"customers": {"acme": {"clocks": {"response": {"pause": []}}}}})
    clock = changed.effective(MONDAY, customer="acme").clocks[0]
    assert (clock.pause, [one.event for one in clock.stop], clock.warnings) == ((), ["respond"], (sla.Share(1, 2),))

    def of_theirs(changed: object) -> sla.Clock:
        both = base.model_copy(update={"customers": {"acme": {"clocks": {"response": changed}}}})
        return both.effective(MONDAY, customer="acme").clocks[0]

    assert [one.event for one in of_theirs("time_in_tier").stop] == ["leave", "solve", "close"]
    clock = of_theirs({"preset": "resolution", "repeats": False})
    assert ([one.event for one in clock.stop], clock.repeats) == (["solve", "close"], False)
    own = base.model_copy(update={"customers": {"acme": {"clocks": {"agent_work": {"scope": "ticket"}}}}})
    assert [(one.name, one.scope) for one in own.effective(MONDAY, customer="acme").clocks] == [
        ("response", "tier"),
        ("agent_work", "ticket"),
    ]


def test_rules_and_exclusions_go_before_those_that_are_there() -> None:
    base = shop(rules=[{"when": {"priority": "high"}, "targets": {"response": "2h"}}])
    changes = {
        "rules": [{"when": {"priority": "high"}, "targets": {"response": "30m"}}],
        "exclusions": [{"when": {"channel": "test"}, "reason": "a test"}],
        "statuses": ["triage", "parked"],
        "warnings": ["80%"],
        "compare": "business_time",
        "retarget": "restart",
    }
    theirs = base.model_copy(update={"customers": {"acme": changes}}).effective(MONDAY, customer="acme")
    assert theirs.deadline("first", MONDAY, target="response", attributes={"priority": "high"}) == MONDAY.replace(
        minute=30
    )
    assert [one.reason for one in theirs.exclusions] == ["a test", "spam"]
    assert theirs.statuses == ("triage", "parked")
    assert (theirs.warnings, theirs.compare, theirs.retarget) == ((sla.Share(4, 5),), "business_time", "restart")


def test_a_customer_based_on_another_changes_what_is_left() -> None:
    policy = shop(
        customers={
            "gold": {"tiers": {"first": {"targets": {"response": "1h"}}}},
            "acme": {"base": "gold", "tiers": {"first": {"targets": {"resolution": "8h"}}}},
        }
    )
    assert [str(one.within) for one in policy.effective(MONDAY, customer="acme").tier("first").targets] == ["1h", "8h"]


def test_a_version_changes_customers_too() -> None:
    policy = shop(
        versions=[{"from_date": "2026-03-03", "tiers": {"first": {"targets": {"resolution": "10h"}}}}],
        customers={"acme": {"tiers": {"first": {"targets": {"response": "1h"}}}}},
    )
    before = policy.effective(MONDAY, customer="acme")
    after = policy.effective(MONDAY + timedelta(days=1), customer="acme")
    assert [str(one.within) for one in before.tier("first").targets] == ["1h", "16h"]
    assert [str(one.within) for one in after.tier("first").targets] == ["1h", "10h"]


def test_changes_may_be_written_with_values() -> None:
    office = sla.BusinessCalendar(
        zone="UTC", hours={"mon-fri": "09:00-17:00"}, overrides={date(2026, 3, 3): []}, holidays=[date(2026, 3, 4)]
    )
    customer = sla.Customer(
        name="acme",
        calendars={"europe": office},
        tiers={"first": {"targets": {"response": timedelta(hours=2), "resolution": sla.business_days(2)}}},
        rules=[sla.Rule(when={"priority": "high"}, targets={"response": "30m"})],
        warnings=(sla.Share(1, 4),),
    )
    policy = shop(customers=[customer])
    theirs = policy.effective(MONDAY, customer="acme")
    assert theirs.calendar("europe") == office.model_copy(update={"name": "europe"})
    assert [str(one.within) for one in theirs.tier("first").targets] == ["2h", "2 business days"]
    assert theirs.warnings == (sla.Share(1, 4),)
    assert sla.Policy.from_json(policy.to_json()) == policy


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        (
            {"tiers": {"gold": {"targets": {"response": "1h"}}}},
            "customers.acme.tiers.gold",
            "the base has no tier 'gold'",
        ),
        ({"services": {"web": {"uptime": "99%"}}}, "customers.acme.services.web", "the base has no service 'web'"),
        ({"tiers": ["first"]}, "customers.acme.tiers", "is no table"),
        ({"rules": {"when": {}}}, "customers.acme.rules", "is no list"),
        (
            {"rules": [{"when": {"status": "new"}, "tier": "first"}]},
            "customers.acme.rules[0].when.status",
            "every event",
        ),
        ({"clocks": {"response": "first_reply"}}, "customers.acme.clocks.response.preset", "no preset 'first_reply'"),
        ({"calendars": {"europe": "asia"}}, "customers.acme.calendars.europe", "no calendar 'asia'"),
        ({"tiers": {"first": {"calendar": "asia"}}}, "customers.acme.tiers.first.calendar", "does not have"),
        ({"warnings": [object()]}, "customers.acme", "cannot be written"),
        ({"colour": "red"}, "customers.acme", "unknown key 'colour'"),
    ],
    ids=lambda one: None if isinstance(one, dict) else str(one),
)
def test_what_the_base_lacks_is_an_error_that_names_the_key(changes: dict[str, Any], where: str, said: str) -> None:
    with pytest.raises(sla.SlaError) as caught:
        shop(customers={"acme": changes})
    assert said in str(caught.value)
    assert str(caught.value).startswith(where)


def test_the_other_reading_of_an_offset_reaches_customers_and_versions() -> None:
    hours = {"mon-fri": "08:00-17:00"}
    policy = shop(
        versions=[{"from_date": "2026-06-01", "calendars": {"america": {"zone": "GMT-6", "hours": hours}}}],
        customers={"acme": {"calendars": {"europe": {"zone": "GMT+1", "hours": hours, "holidays": ["2026-12-24"]}}}},
    )
    civil = sla.in_civil_time(policy)
    assert civil.calendar("europe").zone == "Europe/Zurich"
    assert not policy.calendar("both").is_open(SUMMER)
    assert civil.calendar("both").is_open(SUMMER)
    assert civil.effective(SUMMER, customer="acme").calendar("europe").zone == "Europe/Zurich"
    assert civil.effective(SUMMER).calendar("america").zone == "America/Chicago"


def test_the_other_reading_reaches_versions_of_calendars() -> None:
    old = sla.BusinessCalendar(zone="GMT+1", hours={"mon-fri": "08:00-17:00"})
    policy = shop(calendars={"europe": old, "america": old, "both": old.changed(from_date=date(2026, 1, 1), to=old)})
    civil = sla.in_civil_time(policy, {"UTC+01:00": "Europe/Rome"}).calendar("both")
    assert isinstance(civil, sla.VersionedCalendar)
    assert [one.calendar.zone for one in civil.versions] == ["Europe/Rome", "Europe/Rome"]
