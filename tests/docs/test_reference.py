"""The reference says something about every public name, every option, every key and every error."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

import sla_engine as sla
from sla_engine import cli, errors
from sla_engine.cli.budgets import budget
from sla_engine.cli.reading import LogOptions
from sla_engine.cli.uptimes import uptime
from sla_engine.cli.windows import WindowOptions
from sla_engine.data import Data
from sla_engine.policies.checks import FindingKind
from sla_engine.testing import strategies, ticket_strategies
from sla_engine.tickets.clocks import PRESETS
from sla_engine.tickets.events import KINDS
from sla_engine.tickets.status import AnomalyKind

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def documented(text: str) -> set[str]:
    """The names that have a directive of their own."""
    directive = r"^ *\.\. (?:auto(?:class|function|exception)|data):: (?:sla_engine\.)?(\w+)"
    return set(re.findall(directive, text, re.MULTILINE))


def test_every_public_name_is_documented_once() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md")))
    assert set(sla.__all__) - documented(pages) == set()
    twice = [name for name in sla.__all__ if len(re.findall(rf":: sla_engine\.{name}\b(?!\.)", pages)) > 1]
    assert twice == []


def test_every_strategy_is_documented() -> None:
    text = page("testing")
    names = documented(text) | set(re.findall(r"^\.\. data:: (\w+)", text, re.MULTILINE))
    assert {*strategies.__all__, *ticket_strategies.__all__} - names == set()


def test_every_question_of_a_calendar_is_documented() -> None:
    text = page("calendars")
    listed = set(re.findall(r"\w+", " ".join(re.findall(r":members: (.*)", text))))
    listed |= set(re.findall(r"automethod:: sla_engine\.\w+\.(\w+)", text))
    asked = {name for name in vars(sla.Calendar) if not name.startswith(("_", "model_"))}
    fields = set(sla.Calendar.model_fields)
    assert asked - fields - listed == {"error", "timeline"}


@pytest.mark.parametrize(
    "rule",
    [
        sla.Policy,
        sla.Tier,
        sla.Target,
        sla.Requirement,
        sla.Service,
        sla.ServiceGroup,
        sla.MaintenanceTerms,
        sla.CountingRules,
        sla.CreditScheme,
        sla.CreditTier,
        sla.Clock,
        sla.Rule,
        sla.Exclusion,
        sla.Customer,
        sla.PolicyVersion,
        sla.BusinessCalendar,
        sla.Holidays,
        sla.HolidayDates,
        sla.Version,
    ],
)
def test_every_key_of_a_policy_is_documented(rule: type[Data]) -> None:
    text = page("policies")
    keys = set(re.findall(r"`(\w+)`", text)) | set(re.findall(r"(\w+) = ", text))
    # An amount stands for a whole target, and changes stand beside the other keys, so these fields are no keys.
    assert set(rule.model_fields) - keys - {"within", "changes"} == set()


def keys_of_tables(text: str) -> set[str]:
    """What stands in the first columns of the tables of a page."""
    first = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


def test_every_key_of_a_clock_is_in_a_table() -> None:
    text = page("clocks")
    assert {*sla.Clock.model_fields, "preset"} - keys_of_tables(text) == set()
    assert set(PRESETS) - keys_of_tables(text) == set()


def test_every_event_has_its_kind_class_and_fields_in_a_table() -> None:
    text = page("clocks")
    own = {field.name for field in dataclasses.fields(sla.Event)}
    for kind, event in KINDS.items():
        (line,) = (line for line in text.splitlines() if line.startswith(f"| `{kind}` | `{event.__name__}` |"))
        for field in dataclasses.fields(event):
            assert field.name in own | {"kind"} or f"`{field.name}`" in line
        assert f":: sla_engine.tickets.{event.__name__}(" in text


@pytest.mark.parametrize(("name", "kinds"), [("clocks", AnomalyKind), ("policies", FindingKind)])
def test_every_oddity_is_in_a_table(name: str, kinds: object) -> None:
    assert set(get_args(kinds)) - keys_of_tables(page(name)) == set()


def test_every_key_of_a_mapping_is_in_a_table() -> None:
    assert set(sla.LogMapping.model_fields) - keys_of_tables(page("tickets")) == set()


def test_every_field_of_an_outcome_is_in_a_table() -> None:
    assert {field.name for field in dataclasses.fields(sla.Outcome)} - keys_of_tables(page("tickets")) == set()


@pytest.mark.parametrize("command", [cli.report, cli.explain, cli.compare, cli.check, budget, uptime])
def test_every_option_of_the_command_line_is_documented(command: Callable[..., None]) -> None:
    text = page("cli")
    heading = f"## `{command.__name__}`"
    assert text.count(f"\n{heading}\n") == 1
    section = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    for name, parameter in inspect.signature(command).parameters.items():
        if name == "options":
            assert "[log](#how-the-log-is-written)" in section
            continue
        if name == "window":
            for field in dataclasses.fields(WindowOptions):
                assert f"| `--{field.name.replace('_', '-')}` |" in section, field.name
            continue
        option = f"--{name.replace('_', '-')}" if parameter.kind is parameter.KEYWORD_ONLY else name.upper()
        assert f"| `{option}` |" in section, option


def test_every_option_of_a_log_is_documented() -> None:
    section = page("cli").partition("\n## How the log is written\n")[2].partition("\n## ")[0]
    for field in dataclasses.fields(LogOptions):
        assert f"| `--{field.name.replace('_', '-')}` |" in section


def test_the_tree_of_errors_is_that_of_the_module() -> None:
    assert errors.__doc__
    trees = [re.search(r"```\w*\n(SlaError.*?)```", text, re.DOTALL) for text in (errors.__doc__, page("errors"))]
    assert trees[0]
    assert trees[1]
    assert trees[0][1] == trees[1][1]
    names = set(re.findall(r"\b([A-Z]\w+)(?= |\n)", trees[0][1]))
    public = {name for name in sla.__all__ if isinstance(getattr(sla, name), type)}
    assert {name for name in public if issubclass(getattr(sla, name), sla.SlaError)} == names - {"NaT"}
