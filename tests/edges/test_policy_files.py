"""Policy files in TOML, JSON and YAML 1.2; what is wrong in them is told with file, key, value and remedy."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import sla_engine as sla

POLICY: dict[str, Any] = {
    "schema_version": 1,
    "name": "Contract",
    "calendars": {
        "oslo": {
            "zone": "Europe/Oslo",
            "hours": {"mon-fri": "08:00-16:00", "sat": "22:00-06:00"},
            "holidays": [{"country": "NO"}],
            "overrides": {"2026-12-24": "08:00-12:00"},
        },
        "lima": {"zone": "America/Lima", "hours": {"mon-fri": "09:00-18:00"}},
        "both": {"union": ["oslo", "lima"], "zone": "UTC"},
        "all_three": {"union": ["oslo", "lima", {"zone": "Asia/Tokyo", "hours": {"mon-fri": "09:00-17:00"}}]},
        "overlap": {"intersection": ["oslo", "lima"]},
        "day_only": {"difference": ["both", "oslo"]},
        "alias": "oslo",
        "moved": {"versions": [{"calendar": "oslo"}, {"from_date": "2027-01-01", "calendar": "lima"}]},
    },
    "tiers": {"first": {"calendar": "both", "targets": {"response": "4h", "answer": "2 business days, due at close"}}},
    "services": {"api": {"uptime": "99.9%", "probe_every": "1m"}},
}

TOML = """
schema_version = 1
name = "Contract"
[calendars.oslo]
zone = "Europe/Oslo"
hours = { mon-fri = "08:00-16:00", sat = "22:00-06:00" }
holidays = [{ country = "NO" }]
overrides = { 2026-12-24 = "08:00-12:00" }
[calendars.lima]
zone = "America/Lima"
hours = { mon-fri = "09:00-18:00" }
[calendars.both]
union = ["oslo", "lima"]
zone = "UTC"
[calendars.all_three]
union = ["oslo", "lima", { zone = "Asia/Tokyo", hours = { mon-fri = "09:00-17:00" } }]
[calendars.overlap]
intersection = ["oslo", "lima"]
[calendars.day_only]
difference = ["both", "oslo"]
[calendars]
alias = "oslo"
[calendars.moved]
versions = [{ calendar = "oslo" }, { from_date = 2027-01-01, calendar = "lima" }]
[tiers.first]
calendar = "both"
targets = { response = "4h", answer = "2 business days, due at close" }
[services.api]
uptime = "99.9%"
probe_every = "1m"
"""

YAML = """
schema_version: 1
name: Contract
calendars:
  oslo:
    zone: Europe/Oslo
    hours: {mon-fri: 08:00-16:00, sat: 22:00-06:00}
    holidays: [{country: NO}]
    overrides: {2026-12-24: 08:00-12:00}
  lima:
    zone: America/Lima
    hours:
      mon-fri: 09:00-18:00
  both: {union: [oslo, lima], zone: UTC}
  all_three:
    union:
      - oslo
      - lima
      - zone: Asia/Tokyo
        hours: {mon-fri: 09:00-17:00}
  overlap: {intersection: [oslo, lima]}
  day_only: {difference: [both, oslo]}
  alias: oslo
  moved:
    versions:
      - calendar: oslo
      - {from_date: 2027-01-01, calendar: lima}
tiers:
  first:
    calendar: both
    targets: {response: 4h, answer: "2 business days, due at close"}
services:
  api: {uptime: 99.9%, probe_every: 1m}
"""


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    # In TOML a table cannot be opened again, so the alias goes before its siblings.
    toml = TOML.replace('[calendars]\nalias = "oslo"\n', "").replace(
        "[calendars.oslo]", '[calendars]\nalias = "oslo"\n[calendars.oslo]'
    )
    loaded = {
        "toml": sla.load_policy(write(tmp_path, "a.toml", toml)),
        "json": sla.load_policy(write(tmp_path, "a.json", json.dumps(POLICY))),
        "yaml": sla.load_policy(write(tmp_path, "a.yaml", YAML)),
        "yml, with a byte-order mark": sla.load_policy(write(tmp_path, "a.yml", "\ufeff" + YAML)),
        "data": sla.Policy.from_data(POLICY),
    }
    for policy in loaded.values():
        by_name = {calendar.name: calendar for calendar in policy.calendars}
        assert by_name == {calendar.name: calendar for calendar in loaded["data"].calendars}
        assert (policy.tiers, policy.services) == (loaded["data"].tiers, loaded["data"].services)
        assert sla.Policy.from_json(policy.to_json()) == policy


def test_norway_is_a_country_and_half_past_nine_no_number(tmp_path: Path) -> None:
    policy = sla.load_policy(write(tmp_path, "a.yaml", YAML))
    oslo = policy.calendar("oslo")
    assert isinstance(oslo, sla.BusinessCalendar)
    assert oslo.holidays == (sla.Holidays(country="NO"),)
    assert oslo.hours.written()["sat"] == ["22:00-06:00"]


def test_an_unquoted_time_stays_a_text(tmp_path: Path) -> None:
    with pytest.raises(sla.InvalidPolicy, match=r"'22:00' is no window"):
        sla.load_policy(write(tmp_path, "a.yaml", "name: x\ncalendars: {a: {zone: UTC, hours: {mon: 22:00}}}"))


def test_what_a_policy_is_made_of_keeps_its_names() -> None:
    policy = sla.Policy.from_data(POLICY)
    assert [calendar.name for calendar in policy.calendars] == list(POLICY["calendars"])
    moved = policy.calendar("moved")
    assert isinstance(moved, sla.VersionedCalendar)
    assert moved.versions[1].calendar == policy.calendar("lima")
    assert policy.calendar("both").zone == "UTC"
    assert policy.calendar("alias").model_copy(update={"name": "oslo"}) == policy.calendar("oslo")


WRONG = {
    "not TOML": ("a.toml", "name = \nzone = 1", ["malformed TOML", "line 1", "Mend"]),
    "a key that a customer has not": (
        "a.json",
        '{"name": "x", "customers": {"acme": {"tier": {}}}}',
        ["customers.acme: unknown key 'tier'", "Did you mean 'tiers'", "calendars"],
    ),
    "a key that stands twice": (
        "a.json",
        '{"name": "x", "tiers": {"a": {}, "a": {}}}',
        ["'a' stands twice", "Leave one"],
    ),
    "not JSON": ("a.json", '{"name": }', ["malformed JSON", "line 1, column 10", "Mend"]),
    "not YAML": ("a.yaml", "name: [", ["malformed YAML", "line", "Mend"]),
    "a key twice in YAML": ("a.yaml", "name: x\nname: y", ["malformed YAML", "name"]),
    "a key twice in TOML": ("a.toml", 'name = "x"\nname = "y"', ["malformed TOML", "name|overwrite"]),
    "no table": ("a.json", "[1]", ["table"]),
    "empty": ("a.toml", "", ["name", "missing"]),
    "unknown suffix": ("a.ini", "", ["'.ini'", ".toml, .json, .yaml"]),
    "unknown key": ("a.toml", 'name = "x"\ncalender = {}', ["unknown key 'calender'", "Did you mean 'calendars'"]),
    "newer version": ("a.toml", 'schema_version = 2\nname = "x"', ["schema_version", "2"]),
    "unknown zone": (
        "a.toml",
        'name = "x"\n[calendars.a]\nzone = "Europe/Roma"\nhours = {}',
        [r"calendars\.a\.zone", "'Europe/Roma'", "Did you mean Europe/Rome"],
    ),
    "wrong hours": (
        "a.toml",
        'name = "x"\n[calendars.a]\nzone = "UTC"\nhours = { mon = "09:00-25:00" }',
        [r"calendars\.a\.hours\.mon", "25:00", "24:00"],
    ),
    "a window inside a part": (
        "a.toml",
        'name = "x"\n[calendars.a]\nunion = ["b", { zone = "UTC", hours = { mon = "9-17" } }]\n'
        '[calendars.b]\nzone = "UTC"\nhours = {}',
        [r"calendars\.a", r"hours\.mon", "'9'"],
    ),
    "unknown calendar": (
        "a.toml",
        'name = "x"\n[calendars.a]\nunion = ["b", "a"]',
        [r"calendars\.a", "no calendar 'b'", "'a'"],
    ),
    "a circle": (
        "a.toml",
        'name = "x"\n[calendars]\na = "b"\nb = "c"\nc = "a"',
        ["made of itself", "a -> b -> c -> a", "circle"],
    ),
    "one part": ("a.toml", 'name = "x"\n[calendars.a]\nunion = ["a"]', [r"calendars\.a", "union", "two calendars"]),
    "no calendar of the tier": (
        "a.toml",
        'name = "x"\n[tiers.a]\ncalendar = "q"\ntargets = { response = "4h" }',
        [r"tiers\.a\.calendar", "'q'"],
    ),
    "bare days": (
        "a.toml",
        'name = "x"\n[tiers.a]\ncalendar = "q"\ntargets = { response = "5 days" }',
        [r"tiers\.a\.targets\.response", "'5 days'", "business days"],
    ),
    "no targets": (
        "a.toml",
        'name = "x"\n[tiers.a]\ncalendar = "q"\ntargets = {}',
        [r"tiers\.a\.targets", "at least 1"],
    ),
    "a promise of the past": (
        "a.toml",
        'name = "x"\n[tiers.a]\ncalendar = "q"\ntargets = { response = "-4h" }',
        [r"tiers\.a\.targets\.response", "past"],
    ),
    "a float": (
        "a.toml",
        'name = "x"\n[services.a]\nuptime = 99.9\nprobe_every = "1m"',
        [r"services\.a\.uptime", "99.9", "float"],
    ),
    "more than all": (
        "a.toml",
        'name = "x"\n[services.a]\nuptime = "101%"\nprobe_every = "1m"',
        [r"services\.a\.uptime", "impossible"],
    ),
    "no time between probes": (
        "a.toml",
        'name = "x"\n[services.a]\nuptime = "99%"\nprobe_every = "0s"',
        [r"services\.a\.probe_every"],
    ),
    "another name": (
        "a.toml",
        'name = "x"\n[tiers.a]\nname = "b"\ncalendar = "q"\ntargets = { response = "4h" }',
        [r"tiers\.a\.name", "'b'"],
    ),
}


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_what_is_wrong_is_told_with_file_key_value_and_remedy(tmp_path: Path, case: str) -> None:
    name, text, words = WRONG[case]
    file = write(tmp_path, name, text)
    pattern = "(?s)" + "".join(f"(?=.*(?:{word}))" for word in [name, *words])
    with pytest.raises(sla.InvalidPolicy, match=pattern) as caught:
        sla.load_policy(file)
    assert caught.value.where.startswith(str(file)) or str(file) in caught.value.problem


def test_every_problem_of_a_file_is_told(tmp_path: Path) -> None:
    text = (
        'name = "x"\n[tiers.a]\ncalendar = "q"\ntargets = { r = "5 days" }\n'
        '[services.b]\nuptime = 1.5\nprobe_every = "1m"'
    )
    with pytest.raises(sla.InvalidPolicy) as caught:
        sla.load_policy(write(tmp_path, "a.toml", text))
    keys = [getattr(problem, "key", None) for problem in caught.value.problems]
    assert keys == ["tiers.a.targets.r.within", "services.b.uptime"]


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b'name = "\xff"')
    with pytest.raises(sla.InvalidPolicy, match="UTF-8"):
        sla.load_policy(file)
    with pytest.raises(FileNotFoundError):
        sla.load_policy(tmp_path / "none.toml")


def test_yaml_without_its_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(sla.MissingExtra, match=r"sla_engine\[yaml\]"):
        sla.load_policy(write(tmp_path, "a.yaml", YAML))


def test_unknown_names_are_told_with_those_that_there_are() -> None:
    policy = sla.maxony_policy()
    for ask in (policy.tier, policy.service, policy.calendar):
        with pytest.raises(sla.UnknownName, match=r"there is no .* 'third_level'\. There is"):
            ask("third_level")
    two = sla.Policy.from_data(POLICY).tier("first")
    with pytest.raises(sla.UnknownName, match="'response', 'answer'"):
        two.target()
    with pytest.raises(LookupError, match="'resolution'"):
        two.target("resolution")
