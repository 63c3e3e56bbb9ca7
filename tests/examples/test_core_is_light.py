"""What the core does not import until somebody asks for it."""

import subprocess
import sys

import pytest

DATA = {"numpy", "pandas", "polars", "pyarrow", "narwhals", "duckdb"}
"""What columns and frames come from."""


def imported_by(code: str) -> set[str]:
    """Return the top-level modules of a fresh process that ran some code."""
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603
    return set(done.stdout.split())


def test_the_core_pulls_no_numpy_pandas_holidays_or_hypothesis() -> None:
    heavy = {*DATA, "holidays", "hypothesis", "cyclopts", "rich", "ruamel"}
    assert not heavy & imported_by("import sla_engine")
    assert not heavy & imported_by("import sla_engine; sla_engine.maxony_policy()")


def test_holidays_come_when_a_calendar_asks_for_them() -> None:
    assert "holidays" in imported_by("import sla_engine; sla_engine.Holidays(country='IT')")


def test_columns_pull_nothing_but_numpy_until_they_are_asked() -> None:
    assert DATA & imported_by("import sla_engine.frames") == {"numpy"}
    asked = """
import numpy as np
import sla_engine as sla
from datetime import UTC, datetime
from sla_engine import frames
office = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"})
frames.kernel_of(office).add(np.zeros(3, dtype=np.int64), 3_600_000_000)
assert len(frames.timeline(office, datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)))
"""
    assert DATA & imported_by(asked) == {"numpy"}


# What is asked of a column or a frame of each library; pandas brings pyarrow along by itself where it is installed.
OF_EACH = {
    "pandas": "import pandas as pd; made = pd.DataFrame({'at': pd.to_datetime(['2026-03-06'], utc=True)})",
    "polars": "import polars as pl; made = pl.select(at=pl.datetime(2026, 3, 6, time_zone='UTC'))",
    "pyarrow": "import pyarrow as pa; made = pa.table({'at': pa.array([0], pa.timestamp('us', 'UTC'))})",
}


@pytest.mark.parametrize("library", OF_EACH)
def test_each_library_is_imported_for_its_own_columns_only(library: str) -> None:
    asked = f"""
{OF_EACH[library]}
import sys
there = set(sys.modules)
import sla_engine as sla
from sla_engine import frames
from sla_engine.frames import tables
office = sla.BusinessCalendar(zone="Europe/Rome", hours={{"mon-fri": "09:00-18:00"}})
frames.add(made["at"], "4h", office)
assert "narwhals" not in sys.modules
due = frames.add(tables.pick(made, "at", what="at"), "4h", office)
tables.like(made, {{"due": due}})
new = {{name.partition(".")[0] for name in set(sys.modules) - there}}
assert not new & {{"pandas", "polars", "pyarrow", "duckdb"}} - {{"{library}"}}, new
"""
    assert "narwhals" in imported_by(asked)


@pytest.mark.parametrize(
    ("missing", "code", "extra"),
    [
        ("narwhals", "from sla_engine.frames import tables; tables.names(pd.DataFrame())", "frames"),
        ("pandas", "import sla_engine.frames.pandas", "pandas"),
        ("polars", "import sla_engine.frames.polars", "polars"),
        (
            "pyarrow",
            "from sla_engine.frames import timeline; timeline(sla.maxony_policy().calendars[0], at, at).to_arrow()",
            "arrow",
        ),
    ],
)
def test_frames_say_what_they_need(missing: str, code: str, extra: str) -> None:
    script = f"""
import sys
sys.modules["{missing}"] = None  # as if it were not installed
from datetime import UTC, datetime
{"import pandas as pd" if missing == "narwhals" else ""}
import sla_engine as sla
at = datetime(2026, 3, 6, tzinfo=UTC)
try:
    {code}
except sla.MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603
    assert f"pip install sla_engine[{extra}]" in done.stdout


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


@pytest.mark.parametrize("module", ["strategies", "ticket_strategies"])
def test_strategies_say_what_they_need(module: str) -> None:
    script = f"""
import sys
sys.modules["hypothesis"] = None  # as if it were not installed
import sla_engine as sla
try:
    import sla_engine.testing.{module}
except sla.MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)  # noqa: S603
    assert "pip install sla_engine[testing]" in done.stdout


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
