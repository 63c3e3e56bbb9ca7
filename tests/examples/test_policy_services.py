"""A shop that promises uptime: services that need one another, groups of them, customers with more, all in one file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sla_engine as sla

SHOP = """
schema_version = 1
name = "Shop"

[services.db]
title = "Database"
uptime = "99.9%"
probe_every = "1m"
down_needs = 2
unknown = "down"

[services.api]
uptime = "99.5%"
probe_every = "1m"
needs = ["db"]
longest_outage = "45m"
base = "less_maintenance"

[services.api.terms]
notice = "24h"
cap_per_event = "2h"

[services.api.rules]
absorb_down = "5m"

[services.api.credit_scheme]
name = "Shop"
below = "50%"
tiers = [{ at_least = "99.5%", credit = "0%" }, { at_least = "99%", credit = "10%" }]

[services.web]
uptime = "99%"
probe_every = "5m"
needs = ["api"]
maintenance = "counted"

[services.mail]
uptime = "99%"
probe_every = "1m"
window = "quarter"
zone = "Europe/Rome"

[groups.front]
title = "What customers see"
services = ["db", "api", "web"]
needed = 2
uptime = "99.9%"

[groups.all]
services = ["db", "api", "web", "mail"]
uptime = "98%"

[customers.gold]
title = "Gold"

[customers.gold.services.api]
uptime = "99.99%"
base = "window"
rules = { absorb_down = "1m" }

[customers.gold.groups.front]
needed = 3

[customers.platinum]
base = "gold"
services.web = { needs = [] }
"""
MARCH = sla.Month(2026, 3, zone="UTC")
"""44 640 minutes: 0.1 % of it are 44.64 minutes, 0.5 % are 223.2, and 1 % is 446.4."""


def on(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> sla.Policy:
    file: Path = tmp_path_factory.mktemp("shop") / "shop.toml"
    file.write_text(SHOP, encoding="utf-8")
    return sla.load_policy(file)


def minutes(amount: sla.Downtime) -> float:
    return float(amount.micros / (60 * 10**6))


# --- what a service is ----------------------------------------------------------------------------------------------


def test_the_keys_of_a_service_are_read_as_they_are_written(shop: sla.Policy) -> None:
    assert shop.service("api") == sla.Service(
        name="api",
        uptime="99.5%",
        probe_every="1m",
        needs=["db"],
        longest_outage="45m",
        base="less_maintenance",
        terms=sla.MaintenanceTerms(notice="24h", cap_per_event="2h"),
        rules=sla.CountingRules(absorb_down="5m"),
        credit_scheme=sla.CreditScheme(
            name="Shop",
            below="50%",
            tiers=[{"at_least": "99.5%", "credit": "0%"}, {"at_least": "99%", "credit": "10%"}],
        ),
    )
    assert shop.service("db").title == "Database"
    assert (shop.service("db").down_needs, shop.service("db").unknown) == (2, "down")
    assert shop.groups == (
        sla.ServiceGroup(
            name="front", title="What customers see", services=["db", "api", "web"], needed=2, uptime="99.9%"
        ),
        sla.ServiceGroup(name="all", services=["db", "api", "web", "mail"], uptime="98%"),
    )


def test_a_file_and_what_is_written_of_it_fit_the_schema(shop: sla.Policy) -> None:
    schema = sla.Policy.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.loads(SHOP), schema)
    jsonschema.validate(shop.to_data(), schema)
    jsonschema.validate(shop.effective(MARCH.start, customer="platinum").to_data(), schema)
    for part in (sla.Service, sla.ServiceGroup):
        jsonschema.Draft202012Validator.check_schema(part.model_json_schema())


def test_it_comes_back_from_json(shop: sla.Policy) -> None:
    there = sla.Policy.from_json(shop.to_json())
    assert there == shop
    assert there.service("api") == shop.service("api")
    assert there.effective(MARCH.start, customer="gold") == shop.effective(MARCH.start, customer="gold")
    # Nothing is written that was not said.
    written = json.loads(shop.to_json())
    assert written["services"]["api"] == {
        "uptime": "199/200",
        "probe_every": "1m",
        "needs": ["db"],
        "longest_outage": "45m",
        "base": "less_maintenance",
        "terms": {"notice": "24h", "cap_per_event": "2h"},
        "rules": {"absorb_down": "5m"},
        "credit_scheme": {
            "name": "Shop",
            "below": "1/2",
            "tiers": [{"at_least": "199/200", "credit": "0"}, {"at_least": "99/100", "credit": "1/10"}],
        },
    }
    assert written["services"]["web"] == {
        "uptime": "99/100",
        "probe_every": "5m",
        "needs": ["api"],
        "maintenance": "counted",
    }
    assert written["groups"]["all"] == {"services": ["db", "api", "web", "mail"], "uptime": "49/50"}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("api", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
        ("mail", "2026-01-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"),
    ],
)
def test_the_window_of_a_service_is_that_of_its_zone(shop: sla.Policy, name: str, first: str, last: str) -> None:
    # Half past midnight in Rome is still March in Greenwich, and already April there.
    window = shop.service(name).window_of(on(31, "21:59"))
    assert (window.start.isoformat(), window.end.isoformat()) == (first, last)
    assert shop.service("mail").window_of(on(31, "22:00")) == sla.Quarter(2026, 2, zone="Europe/Rome")


def test_each_kind_of_window() -> None:
    at = on(18, "12:00")
    expected: dict[str, sla.Period] = {
        "day": sla.Day(date(2026, 3, 18), zone="UTC"),
        "week": sla.Week(2026, 12, zone="UTC"),
        "month": MARCH,
        "quarter": sla.Quarter(2026, 1, zone="UTC"),
        "year": sla.Year(2026, zone="UTC"),
    }
    for window, period in expected.items():
        service = sla.Service.from_data({"name": "api", "uptime": "99%", "probe_every": "1m", "window": window})
        assert service.window_of(at) == period


# --- one service -----------------------------------------------------------------------------------------------------


def test_a_service_is_counted_as_it_is_promised(shop: sla.Policy) -> None:
    # Planned for three hours and announced two days before: two of them are excused, and the third is not.
    work = sla.Maintenance("M-1", on(15, "02:00"), on(15, "05:00"), on(13, "02:00"))
    down = sla.Incident("I-1", on(15, "01:50"), on(15, "05:00"))
    blip = sla.Incident("I-2", on(20, "08:00"), on(20, "08:04"))  # shorter than five minutes
    given: dict[str, Any] = {"at": MARCH.end, "incidents": [down, blip], "maintenance": [work]}
    report = shop.service("api").evaluate(MARCH, **given)
    assert report.downtime.lower == report.downtime.upper == timedelta(minutes=10 + 60)
    assert minutes(report.budget) == 222.6  # half a percent of 44 640 less 120
    assert report.longest_allowed == timedelta(minutes=45)
    # The budget would do, but one outage lasted for an hour.
    assert report.left > sla.Downtime()
    assert report.verdict == "breached"
    # The web site's maintenance counts, whatever was announced, and so does every minute.
    web = shop.service("web").evaluate(MARCH, **given)
    assert web.downtime.lower == timedelta(minutes=190 + 4)
    assert {kind for _, kind in web.table()} == {"none", "unexcused"}
    assert (minutes(web.budget), web.verdict) == (446.4, "met")


def test_what_is_paid_back(shop: sla.Policy) -> None:
    scheme = shop.service("api").credit_scheme
    assert scheme is not None
    # 223 minutes of 44 640 are less than half a percent, 224 more, and 447 more than one.
    for down, credit in ((223, "0%"), (224, "10%"), (446, "10%"), (447, "50%")):
        outage = sla.Incident("I-1", on(3, "00:00"), on(3, "00:00") + timedelta(minutes=down))
        report = shop.service("api").evaluate(MARCH, at=MARCH.end, incidents=[outage])
        assert scheme.assess(report).most == sla.Share.parse(credit)


def hour_of_probes(*failed: int, dark: range = range(0), place: str = "") -> sla.ProbeLog:
    """A probe every minute from 10:00 to 11:00, but for those in the dark."""
    rows = [(on(9, "10:00") + timedelta(minutes=at), at not in failed) for at in range(61) if at not in dark]
    return sla.ProbeLog.of(rows, every="1m", location=place)


def test_so_many_places_must_agree_and_all_of_them_where_there_are_fewer(shop: sla.Policy) -> None:
    hour = sla.Rolling(on(9, "11:00"), timedelta(hours=1))
    milan, oslo = hour_of_probes(*range(10, 21), place="milan"), hour_of_probes(*range(15, 31), place="oslo")
    db = shop.service("db")
    both = db.evaluate(hour, at=hour.end, probes=[milan, oslo])
    # Both failed from 10:15 to 10:20; a minute before and a minute after, one of the two is uncertain.
    assert (minutes(both.downtime.lower), minutes(both.downtime.upper)) == (5, 7)
    for alone in (milan, [milan]):
        assert db.evaluate(hour, at=hour.end, probes=alone).downtime.lower == timedelta(minutes=10)


def test_what_is_not_known_is_taken_for_what_is_said(shop: sla.Policy) -> None:
    hour = sla.Rolling(on(9, "11:00"), timedelta(hours=1))
    log = hour_of_probes(dark=range(21, 40))  # none between 10:20 and 10:40; half a minute at both ends is known
    down, either = (shop.service(name).evaluate(hour, at=hour.end, probes=log) for name in ("db", "web"))
    assert down.downtime.lower == timedelta(minutes=19)
    assert (minutes(either.downtime.lower), minutes(either.downtime.upper)) == (0, 19)
    assert down.verdict == "breached"
    assert either.verdict == "undecided"


def test_decisions_and_requests_reach_the_report(shop: sla.Policy) -> None:
    hour = sla.Rolling(on(9, "11:00"), timedelta(hours=1))
    counts = [(on(9, "10:00") + timedelta(minutes=at), 100, 100 if at < 6 else 0) for at in range(60)]
    log = sla.RequestLog.of(counts, every="1m", gate=sla.RequestGate(error_rate="50%"))
    false_alarm = sla.Reclassification("R-1", on(9, "10:00"), on(9, "10:03"), "up", on(9, "10:59"))
    report = shop.service("web").evaluate(hour, at=hour.end, requests=log, reclassified=[false_alarm])
    assert report.downtime.lower == timedelta(minutes=3)
    assert report.as_of(on(9, "10:58")).downtime.lower == timedelta(minutes=6)


# --- all services, with what they need -------------------------------------------------------------------------------

INCIDENTS = {
    "db": [sla.Incident("D-1", on(10, "10:00"), on(10, "11:00"))],
    "api": [sla.Incident("A-1", on(12, "08:00"), on(12, "08:10"))],
    "web": [sla.Incident("W-1", on(10, "10:30"), on(10, "10:34"))],
}


def test_a_service_is_down_with_what_it_needs(shop: sla.Policy) -> None:
    found = shop.evaluate_uptime(MARCH, at=MARCH.end, incidents=INCIDENTS)
    assert list(found.services) == ["db", "api", "web", "mail"]
    assert {name: (minutes(one.downtime.lower), one.verdict) for name, one in found.services.items()} == {
        "db": (60, "breached"),
        "api": (10, "met"),
        "web": (4, "met"),
        "mail": (0, "met"),
    }
    assert found["db"] is found.services["db"]
    # The API needs the database, and the web site needs both, though it names only the one.
    assert {name: (list(one.parts), minutes(one.report.downtime.lower)) for name, one in found.with_needs.items()} == {
        "api": (["api", "db"], 70),
        "web": (["web", "api", "db"], 70),
    }
    assert found.with_needs["api"].report.target == sla.Share(995, 1000)
    assert found.with_needs["api"].needed == 2
    with pytest.raises(sla.UnknownName, match="there is no service 'moon'") as caught:
        found["moon"]
    assert caught.value.where == "service"
    assert "'db', 'api', 'web', 'mail'" in caught.value.remedy


def test_a_group_is_down_where_too_few_are_up(shop: sla.Policy) -> None:
    groups = shop.evaluate_uptime(MARCH, at=MARCH.end, incidents=INCIDENTS).groups
    # Two of three are needed: only while both the database and the web site were down was it fewer.
    assert (minutes(groups["front"].report.downtime.lower), groups["front"].report.verdict) == (4, "met")
    assert (minutes(groups["all"].report.downtime.lower), groups["all"].report.verdict) == (70, "met")
    assert groups["front"].needed == 2
    assert groups["all"].needed == 4


def test_what_is_said_of_all_services_is_said_of_each(shop: sla.Policy) -> None:
    def everywhere() -> Iterator[sla.Incident]:
        yield sla.Incident("E-1", on(20, "10:00"), on(20, "10:30"))

    def work() -> Iterator[sla.Maintenance]:
        yield sla.Maintenance("M-1", on(20, "10:10"), on(20, "10:20"), on(1, "00:00"))

    def decision() -> Iterator[sla.Reclassification]:
        yield sla.Reclassification("R-1", on(20, "10:20"), on(20, "10:25"), "up", on(21, "00:00"))

    found = shop.evaluate_uptime(
        MARCH,
        at=MARCH.end,
        incidents={"": everywhere(), "db": INCIDENTS["db"]},
        maintenance={"": work()},
        reclassified={"": decision()},
    )
    # Half an hour, less ten minutes that are excused, less five that are struck out; the web site's are not excused.
    assert {name: minutes(one.downtime.lower) for name, one in found.services.items()} == {
        "db": 15 + 60,
        "api": 15,
        "web": 25,
        "mail": 15,
    }


def test_without_a_period_each_has_its_own_window() -> None:
    policy = sla.Policy(
        name="Two",
        services={
            "api": {"uptime": "99%", "probe_every": "1m", "window": "day"},
            "mail": {"uptime": "99%", "probe_every": "1m"},
        },
    )
    found = policy.evaluate_uptime(at=on(18, "12:00"))
    assert found["api"].period == sla.Day(date(2026, 3, 18), zone="UTC")
    assert found["mail"].period == MARCH
    year = sla.Year(2026, zone="UTC")
    found = policy.evaluate_uptime({"api": year}, at=on(18, "12:00"))
    assert (found["api"].period, found["mail"].period) == (year, MARCH)


def test_services_that_are_needed_together_are_asked_about_over_one_period(shop: sla.Policy) -> None:
    # The mail's window is a quarter, and the group of all holds it.
    with pytest.raises(sla.InvalidAmount, match="'mail' is of 2026-Q1") as caught:
        shop.evaluate_uptime(at=on(18, "12:00"))
    assert caught.value.where == "groups.all.mail"
    assert "on one period" in caught.value.remedy
    with pytest.raises(sla.InvalidAmount) as caught:
        shop.evaluate_uptime({"db": sla.Year(2026, zone="UTC")}, at=on(18, "12:00"))
    assert caught.value.where == "services.api.needs.db"


@pytest.mark.parametrize("what", ["period", "probes", "requests", "incidents", "maintenance", "reclassified"])
def test_a_service_that_the_policy_does_not_have(shop: sla.Policy, what: str) -> None:
    given: dict[str, Any] = {what: {"wbe": ()}}
    with pytest.raises(sla.UnknownName, match="'wbe'") as caught:
        shop.evaluate_uptime(at=MARCH.end, **given)
    assert "web" in caught.value.remedy


# --- customers -------------------------------------------------------------------------------------------------------


def test_customers_with_other_promises(shop: sla.Policy) -> None:
    gold = shop.effective(MARCH.start, customer="gold")
    assert gold.service("api").uptime == sla.Share(9999, 10000)
    assert (gold.service("api").base, gold.service("api").terms) == ("window", shop.service("api").terms)
    assert gold.groups[0].needed == 3
    found = gold.evaluate_uptime(MARCH, at=MARCH.end, incidents=INCIDENTS)
    assert (minutes(found["api"].budget), found["api"].verdict) == (4.464, "breached")
    assert (minutes(found.groups["front"].report.downtime.lower), found.groups["front"].report.verdict) == (
        70,
        "breached",
    )
    # Platinum is gold, but for what the web site needs.
    platinum = shop.effective(MARCH.start, customer="platinum")
    assert list(platinum.evaluate_uptime(MARCH, at=MARCH.end).with_needs) == ["api"]
    assert platinum.service("api") == gold.service("api")
    assert shop.effective(MARCH.start, customer="somebody") == shop


@pytest.mark.parametrize(
    ("change", "where", "problem"),
    [
        ({"services": {"moon": {"uptime": "99%"}}}, "customers.acme.services.moon", "has no service 'moon'"),
        ({"groups": {"back": {"needed": 1}}}, "customers.acme.groups.back", "has no group 'back'"),
        ({"groups": {"front": {"needed": 4}}}, "customers.acme.groups.front.needed", "4 of 3 services"),
        ({"services": {"db": {"needs": ["web"]}}}, "customers.acme.services.api.needs", "needs itself: db -> web"),
        ({"services": {"db": {"uptime": "100%"}}}, "customers.acme.services.db.uptime", "no budget at all"),
    ],
)
def test_what_customers_cannot_have(change: dict[str, Any], where: str, problem: str) -> None:
    data = {**tomllib.loads(SHOP), "customers": {"acme": change}}
    with pytest.raises(sla.SlaError, match=problem) as caught:
        sla.Policy.from_data(data)
    assert caught.value.where == where


# --- what is wrong ---------------------------------------------------------------------------------------------------

PLAIN = {"uptime": "99%", "probe_every": "1m"}


def policy_of(**services: dict[str, Any]) -> sla.Policy:
    return sla.Policy(name="Wrong", services={name: {**PLAIN, **keys} for name, keys in services.items()})


@pytest.mark.parametrize(
    ("services", "where", "circle"),
    [
        ({"a": {"needs": ["a"]}}, "services.a.needs", "a -> a"),
        ({"a": {"needs": ["b"]}, "b": {"needs": ["a"]}}, "services.b.needs", "a -> b -> a"),
        (
            {"a": {"needs": ["b"]}, "b": {"needs": ["c"]}, "c": {"needs": ["d", "b"]}, "d": {}},
            "services.c.needs",
            "a -> b -> c -> b",
        ),
    ],
)
def test_needs_that_go_in_a_circle(services: dict[str, Any], where: str, circle: str) -> None:
    with pytest.raises(sla.InvalidPolicy) as caught:
        policy_of(**services)
    error = caught.value
    assert (error.where, error.problem) == (where, f"the service needs itself: {circle}")
    assert error.remedy == "Break the circle"


def test_needs_that_meet_again_are_no_circle() -> None:
    # Two services on each of forty floors, each of which needs both below: 2^40 ways lead down.
    services: dict[str, Any] = {
        f"{side}{floor}": {"needs": [f"a{floor - 1}", f"b{floor - 1}"] if floor else []}
        for floor in range(40)
        for side in "ab"
    }
    found = policy_of(**services).evaluate_uptime(MARCH, at=MARCH.end)
    assert len(found.with_needs["a39"].parts) == 79
    assert len(found.with_needs["b1"].parts) == 3


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("needs", ["dbb"], "there is no service 'dbb'"),
        ("longest_outage", "0m", "no outage is as short"),
        ("probe_every", "0m", "probes need time between them"),
        ("down_needs", 0, "greater than or equal to 1"),
        ("unknown", "maybe", "'either', 'up', 'down' or 'excluded'"),
        ("base", "all", "'window' or 'less_maintenance'"),
        ("maintenance", "ignored", "'excused' or 'counted'"),
        ("terms", {"notice": "-1h"}, "notice is -1h"),
        ("terms", {"grace": "1h"}, "grace"),
        ("rules", {"unit_counts": "touched"}, "only with a unit"),
        ("credit_scheme", {"name": "x", "below": "10%", "tiers": []}, "at least 1"),
        ("uptime", "100%", "leaves no budget at all"),
        ("window", "decade", "'day', 'week'"),
        ("zone", "Mars/Base", "Mars/Base"),
    ],
)
def test_a_key_that_is_wrong_is_named(key: str, value: Any, problem: str) -> None:
    with pytest.raises(sla.SlaError, match=problem) as caught:
        policy_of(db={}, api={key: value})
    assert caught.value.where.startswith(f"services.api.{key}")
    assert str(caught.value).startswith(f"services.api.{key}")


def test_a_key_that_there_is_not_is_named() -> None:
    with pytest.raises(sla.InvalidPolicy, match="unknown key 'colour'") as caught:
        policy_of(api={"colour": "red"})
    assert caught.value.where == "services.api"


@pytest.mark.parametrize(
    ("group", "where", "problem", "remedy"),
    [
        ({"needed": 3}, "needed", "3 of 2 services cannot be needed", "one up to all"),
        ({"needed": 0}, "needed", "0 services cannot be needed", "1 or more"),
        ({"services": ["a", "x"]}, "services", "there is no service 'x'", "'a', 'b'"),
        ({"services": ["a", "a"]}, "services", "in the group twice", "Write it once"),
        ({"services": []}, "services", "at least 1", ""),
        ({"uptime": "0%"}, "uptime", "is no promise", "less than all"),
    ],
)
def test_groups_that_cannot_be(group: dict[str, Any], where: str, problem: str, remedy: str) -> None:
    made = {"services": ["a", "b"], "uptime": "99%", **group}
    with pytest.raises(sla.SlaError, match=problem) as caught:
        sla.Policy(name="Wrong", services={"a": PLAIN, "b": PLAIN}, groups={"both": made})
    assert caught.value.where == f"groups.both.{where}"
    assert remedy in caught.value.remedy


# --- the services of Maxony ------------------------------------------------------------------------------------------


def test_a_month_of_the_five_services_of_maxony() -> None:
    policy = sla.maxony_policy()
    april = sla.Month(2026, 4, zone=policy.service("api").zone)
    # 30 days are 43 200 minutes, of which 432 may be down. Each was down for one minute more than the one before.
    incidents = {
        service.name: [sla.Incident("I-1", april.start, april.start + timedelta(minutes=430 + number))]
        for number, service in enumerate(policy.services)
    }
    found = policy.evaluate_uptime(april, at=april.end, incidents=incidents)
    assert [(name, one.verdict, str(one.left)) for name, one in found.services.items()] == [
        ("web", "met", "2m"),
        ("applications", "met", "1m"),
        ("api", "met", "0s"),
        ("smtp", "breached", "-1m"),
        ("sms", "breached", "-2m"),
    ]
    assert {str(one.budget) for one in found.services.values()} == {"7h12m"}
    assert found.with_needs == {}
    assert found.groups == {}


def test_a_month_of_the_probes_of_maxony() -> None:
    policy = sla.maxony_policy()
    april = sla.Month(2026, 4, zone="UTC")
    failed = range(1000, 1044)  # 44 in a row
    probes = {}
    for service in policy.services:
        count = april.duration // service.probe_every
        rows = [(april.start + service.probe_every * number, number not in failed) for number in range(count + 1)]
        probes[service.name] = sla.ProbeLog.of(rows, every=service.probe_every)
    found = policy.evaluate_uptime(april, at=april.end, probes=probes)
    # k failures at a spacing I: (k - 1) I at least, k I as expected, (k + 1) I at most.
    for name, spacing in (("web", 5), ("applications", 1), ("api", 1), ("smtp", 1), ("sms", 1)):
        downtime = found[name].downtime
        assert [minutes(one) for one in (downtime.lower, downtime.expected, downtime.upper)] == [
            43 * spacing,
            44 * spacing,
            45 * spacing,
        ]
        assert found[name].verdict == "met"
        assert found[name].longest_unseen == timedelta(minutes=spacing)


def test_a_promise_on_one_outage_holds_for_a_service_with_what_it_needs() -> None:
    rules = sla.Policy(
        name="Shop",
        services={
            "app": {"uptime": "99%", "probe_every": "1m", "needs": ["api"], "longest_outage": "30m"},
            "api": {"uptime": "99%", "probe_every": "1m"},
        },
    )
    month = sla.Month(2026, 3, zone="UTC")
    start = month.start
    hour = timedelta(hours=1)
    found = rules.evaluate_uptime(month, at=month.end, incidents={"api": [sla.Incident("I-1", start, start + hour)]})
    assert found["app"].verdict == "met"
    # An hour of 744 is no breach of 99 %, and it is one of half an hour at a time.
    assert found.with_needs["app"].report.downtime.lower == hour
    assert found.with_needs["app"].report.verdict == "breached"


def test_probes_may_be_plain_pairs() -> None:
    api = sla.maxony_policy().service("api")
    month = sla.Month(2026, 3, zone="UTC")
    pairs = [(month.start + timedelta(minutes=minute), minute not in (10, 11)) for minute in range(31 * 1440 + 1)]
    report = api.evaluate(month, at=month.end, probes=pairs)
    assert report == api.evaluate(month, at=month.end, probes=sla.ProbeLog.of(pairs, every="1m"))
    assert report.downtime.lower == timedelta(minutes=1)
    assert api.evaluate(month, at=month.end, probes=[]) == api.evaluate(month, at=month.end)
    mixed: Any = [sla.ProbeLog.of(pairs, every="1m"), pairs[0]]
    with pytest.raises(sla.InvalidLog, match="some of the probes are logs"):
        api.evaluate(month, at=month.end, probes=mixed)


def test_a_service_that_nobody_looked_at_is_not_up_beside_others_that_were_probed() -> None:
    policy, day = sla.maxony_policy(), sla.Day(date(2026, 3, 10), zone="UTC")
    pairs = [(day.start + timedelta(minutes=5 * number), True) for number in range(24 * 12 + 1)]
    incident = sla.Incident("I-1", day.start, day.start + timedelta(minutes=1))
    for given in ({"web": pairs}, {"web": pairs, "api": []}):
        found = policy.evaluate_uptime(day, at=day.end, probes=given, incidents={"smtp": [incident]})
        assert found["web"].verdict == "met"
        for name in ("api", "sms", "applications"):
            assert (found[name].verdict, found[name].coverage) == ("undecided", sla.Share(0))
            assert found[name].downtime.upper == timedelta(days=1)
        # Of this one somebody told what was down, and so what was not.
        assert found["smtp"].verdict == "met"
        assert found["smtp"].downtime.upper == timedelta(minutes=1)
    assert {one.verdict for one in policy.evaluate_uptime(day, at=day.end).services.values()} == {"met"}
