"""The reference says something about every public name, every option, every key and every error."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import sla_engine as sla
from sla_engine import cli, errors
from sla_engine.data import Data
from sla_engine.testing import strategies

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def documented(text: str) -> set[str]:
    """The names that have a directive of their own."""
    return set(re.findall(r"^ *\.\. auto(?:class|function|exception):: (?:sla_engine\.)?(\w+)", text, re.MULTILINE))


def test_every_public_name_is_documented_once() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md")))
    assert set(sla.__all__) - documented(pages) == set()
    twice = [name for name in sla.__all__ if len(re.findall(rf":: sla_engine\.{name}\b(?!\.)", pages)) > 1]
    assert twice == []


def test_every_strategy_is_documented() -> None:
    text = page("testing")
    names = documented(text) | set(re.findall(r"^\.\. data:: (\w+)", text, re.MULTILINE))
    assert set(strategies.__all__) - names == set()


def test_every_question_of_a_calendar_is_documented() -> None:
    text = page("calendars")
    listed = set(re.findall(r"\w+", " ".join(re.findall(r":members: (.*)", text))))
    listed |= set(re.findall(r"automethod:: sla_engine\.\w+\.(\w+)", text))
    asked = {name for name in vars(sla.Calendar) if not name.startswith(("_", "model_"))}
    fields = set(sla.Calendar.model_fields)
    assert asked - fields - listed == {"error", "timeline"}


@pytest.mark.parametrize(
    "rule",
    [sla.Policy, sla.Tier, sla.Target, sla.Service, sla.BusinessCalendar, sla.Holidays, sla.HolidayDates, sla.Version],
)
def test_every_key_of_a_policy_is_documented(rule: type[Data]) -> None:
    text = page("policies")
    keys = set(re.findall(r"`(\w+)`", text)) | set(re.findall(r"(\w+) = ", text))
    # An amount stands for a whole target, so its field is no key.
    assert set(rule.model_fields) - keys - {"within"} == set()


def test_every_option_of_the_command_line_is_documented() -> None:
    text = page("cli")
    for name, parameter in inspect.signature(cli.report).parameters.items():
        option = f"--{name.replace('_', '-')}" if parameter.kind is parameter.KEYWORD_ONLY else name.upper()
        assert f"| `{option}` |" in text


def test_the_tree_of_errors_is_that_of_the_module() -> None:
    assert errors.__doc__
    trees = [re.search(r"```\w*\n(SlaError.*?)```", text, re.DOTALL) for text in (errors.__doc__, page("errors"))]
    assert trees[0]
    assert trees[1]
    assert trees[0][1] == trees[1][1]
    names = set(re.findall(r"\b([A-Z]\w+)(?= |\n)", trees[0][1]))
    public = {name for name in sla.__all__ if isinstance(getattr(sla, name), type)}
    assert {name for name in public if issubclass(getattr(sla, name), sla.SlaError)} == names - {"NaT"}
