"""What the core does not import until somebody asks for it."""

import subprocess
import sys


def imported_by(code: str) -> set[str]:
    """Return the top-level modules of a fresh process that ran some code."""
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603
    return set(done.stdout.split())


def test_the_core_pulls_no_numpy_pandas_holidays_or_hypothesis() -> None:
    heavy = {"numpy", "pandas", "holidays", "hypothesis", "cyclopts", "rich", "ruamel"}
    assert not heavy & imported_by("import sla_engine")
    assert not heavy & imported_by("import sla_engine; sla_engine.maxony_policy()")


def test_holidays_come_when_a_calendar_asks_for_them() -> None:
    assert "holidays" in imported_by("import sla_engine; sla_engine.Holidays(country='IT')")


def test_arrays_say_what_they_need_where_there_is_no_numpy() -> None:
    script = """
import sys
sys.modules["numpy"] = None  # as if it were not installed
import sla_engine as sla
try:
    import sla_engine.frames
except sla.MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603
    assert "pip install sla_engine[numpy]" in done.stdout


def test_the_core_works_with_none_of_the_optional_packages() -> None:
    script = """
import sys
for name in ("numpy", "pandas", "polars", "pyarrow", "narwhals", "duckdb", "hypothesis", "rich", "cyclopts", "ruamel"):
    sys.modules[name] = None  # as if it were not installed
from datetime import UTC, datetime, timedelta
import sla_engine as sla
policy = sla.maxony_policy()
opened = datetime(2026, 3, 6, 22, 30, tzinfo=UTC)
print(policy.deadline("first_level", opened).isoformat())
ticket = sla.Ticket(id="T-1", tier="first_level", opened_at=opened)
print(policy.evaluate(ticket, at=opened + timedelta(days=9))["response"].verdict)
day = sla.Day(opened.date(), zone="UTC")
looks = [(day.start + timedelta(minutes=minute), minute not in (60, 61, 62)) for minute in range(1441)]
report = policy.service("api").evaluate(day, at=day.end, probes=looks)
print(report.downtime.lower, report.verdict, report.ledger().answer)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603
    # Half an hour is left of the Friday; three and a half are on the Monday, from 7:00 in UTC.
    assert done.stdout.splitlines() == [
        "2026-03-09T10:30:00+00:00",
        "breached",
        "2m met met: 4m at most is no more than the budget",
    ]
