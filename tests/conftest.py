"""Hypothesis profiles: `quick` for every run, `long` for `pytest --hypothesis-profile long`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile(
    "quick", max_examples=60, deadline=None, derandomize=False, print_blob=True, suppress_health_check=_SLOW
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=1000)
# The option of Hypothesis' pytest plugin is read after this, and wins.
settings.load_profile("quick")
