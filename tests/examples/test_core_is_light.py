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
