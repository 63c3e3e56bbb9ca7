"""
Hypothesis profiles (`quick` for every run, `long` for `pytest --hypothesis-profile long`), and the order of the tests.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "quick", max_examples=60, deadline=None, derandomize=False, print_blob=True, suppress_health_check=_SLOW
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=1000)
# The option of Hypothesis' pytest plugin is read after this, and wins.
settings.load_profile("quick")


@pytest.fixture(scope="session")
def clock_rows() -> Any:
    """What laws and answers share that compare the clocks of frames with those of single tickets."""
    path = Path(__file__).parent / "laws" / "clock_rows.py"
    spec = importlib.util.spec_from_file_location("clock_rows", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes the longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not any(name in item.nodeid for name in ("test_oracle.py", "engines/test_spark.py")))
