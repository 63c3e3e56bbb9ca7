"""JSON Schema: what a calendar or policy writes fits the schema that it publishes, and what is wrong does not."""

from typing import Any

import jsonschema
import pytest

import sla_engine as sla

SHOP: dict[str, Any] = {
    "kind": "weekly",
    "zone": "Europe/Rome",
    "hours": {"mon-thu": ["08:00-12:00", "13:00-17:00"], "sat": "22:00-06:00"},
    "holidays": [
        {"kind": "rules", "country": "IT", "subdivision": "MI"},
        {"kind": "dates", "days": {"2026-08-14": "outing"}, "annual": {"12-31": ""}},
    ],
    "overrides": {"2026-12-24": ["08:00-12:00"], "2026-12-31": []},
    "closures": [{"start": "2026-03-02T09:00:00+00:00", "end": "2026-03-02T10:00:00+00:00"}],
}


def test_a_calendar_fits_its_schema() -> None:
    schema = sla.BusinessCalendar.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(SHOP, schema)
    jsonschema.validate(sla.BusinessCalendar.from_data(SHOP).to_data(), schema)


def test_policies_and_combined_calendars_fit_their_schemas() -> None:
    policy = sla.maxony_policy()
    jsonschema.validate(policy.to_data(), sla.Policy.model_json_schema())
    support = policy.calendar("support")
    jsonschema.validate(support.to_data(), type(support).model_json_schema())
    changed = support.changed(from_date=__import__("datetime").date(2027, 1, 1), to=policy.calendar("europe"))
    jsonschema.validate(changed.to_data(), type(changed).model_json_schema())


OFFICE = {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}
WITH_OVERLAYS: dict[str, Any] = {
    "name": "Everything",
    "calendars": {"office": OFFICE, "always": {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}}},
    "services": {
        "db": {"uptime": "99.9%", "probe_every": "1m"},
        "api": {
            "uptime": "99.5%",
            "probe_every": "1m",
            "window": "quarter",
            "needs": ["db"],
            "terms": {"notice": "24h"},
            "rules": {"unit": "1m", "unit_counts": "touched"},
            "longest_outage": "30m",
            "down_needs": 2,
            "unknown": "down",
            "base": "less_maintenance",
            "credit_scheme": {
                "name": "x",
                "below": "10%",
                "tiers": [{"at_least": "99%", "credit": "0%"}],
            },
        },
    },
    "groups": {"front": {"services": ["db", "api"], "needed": 1, "uptime": "99.9%"}},
    "tiers": {
        "desk": {
            "calendar": "office",
            "targets": {"response": "4h", "reply": "8h"},
            "requires": {"checked": {"attributes": ["a"], "when": {"topic": "mail"}}},
            "goal": "95%",
        },
    },
    "clocks": {
        "response": "first_response",
        "reply": {
            "start": [{"event": "customer_reply", "before": {"responded": True}, "when": {"solved": False}}],
            "stop": ["respond"],
            "pause": [{"status": {"not": ["open", "new"]}}, {"vip": {"set": False}}],
        },
    },
    "rules": [{"when": {"priority": ["urgent"]}, "targets": {"response": "none"}}, {"when": {}, "tier": "desk"}],
    "exclusions": [{"when": {"channel": "spam"}, "reason": "spam"}],
    "warnings": ["25%"],
    "customers": {
        "gold": {
            "title": "Gold",
            "tiers": {"desk": {"targets": {"reply": "none"}}},
            "services": {"api": {"uptime": "99.9%"}},
            "groups": {"front": {"needed": 2}},
        },
        "acme": {"base": "gold", "clocks": {"response": {"warnings": ["10%"]}}},
    },
    "versions": [{"from_date": "2026-04-01", "tiers": {"desk": {"calendar": "always"}}}],
    "straddling": "change",
}


def test_a_policy_with_clocks_rules_and_overlays_fits_its_schema() -> None:
    schema = sla.Policy.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(WITH_OVERLAYS, schema)
    jsonschema.validate(sla.Policy.from_data(WITH_OVERLAYS).to_data(), schema)


@pytest.mark.parametrize(
    "wrong",
    [
        {"straddling": "both"},
        {"colour": "red"},
        {"clocks": {"reply": {"preset": "fastest"}}},
        {"clocks": {"reply": {"start": [{"on": "enter"}]}}},
        {"rules": [{"when": {"a": {"nor": 1}}, "tier": "desk"}]},
        {"rules": [{"if": {}, "tier": "desk"}]},
        {"exclusions": [{"when": {"a": 1}}]},
        {"customers": {"acme": {"tier": {}}}},
        {"customers": {"acme": {"tiers": {"desk": {"colour": 1}}}}},
        {"versions": [{"tiers": {"desk": {"calendar": "always"}}}]},
        {"services": {"db": {"uptime": "99%"}}},
        {"services": {"db": {"uptime": "99%", "probe_every": "1m", "down_needs": 0}}},
        {"services": {"db": {"uptime": "99%", "probe_every": "1m", "rules": {"unit_counts": "half"}}}},
        {"services": {"db": {"uptime": "99%", "probe_every": "1m", "terms": {"grace": "1h"}}}},
        {"groups": {"front": {"uptime": "99%"}}},
        {"groups": {"front": {"services": [], "uptime": "99%"}}},
        {"groups": {"front": {"services": ["db"], "uptime": "99%", "colour": "red"}}},
        {"customers": {"acme": {"groups": {"front": {"colour": "red"}}}}},
    ],
)
def test_a_policy_that_is_wrong_fits_neither(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**WITH_OVERLAYS, **wrong}, sla.Policy.model_json_schema())
    with pytest.raises(sla.SlaError):
        sla.Policy.from_data({**WITH_OVERLAYS, **wrong})


@pytest.mark.parametrize(
    "what",
    [
        sla.LogMapping,
        sla.Clock,
        sla.Rule,
        sla.Customer,
        sla.PolicyVersion,
        sla.Service,
        sla.ServiceGroup,
        sla.CountingRules,
        sla.MaintenanceTerms,
        sla.RequestGate,
    ],
)
def test_the_parts_have_schemas_too(what: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(what.model_json_schema())


@pytest.mark.parametrize(
    "wrong",
    [
        {**SHOP, "hours": {"someday": "08:00-12:00"}},
        {**SHOP, "hours": {"mon": "8-12"}},
        {**SHOP, "overnight": "perhaps"},
        {**SHOP, "colour": "red"},
        {key: value for key, value in SHOP.items() if key != "zone"},
        {**SHOP, "closures": [{"start": "2026-03-02T09:00:00Z"}]},
    ],
)
def test_what_is_wrong_fits_neither_schema_nor_calendar(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, sla.BusinessCalendar.model_json_schema())
    with pytest.raises(sla.SlaError):
        sla.BusinessCalendar.from_data(wrong)
