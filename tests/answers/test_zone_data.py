"""What the engine relies on about the zones of the world, checked against the zone data itself."""

import zoneinfo
from itertools import pairwise
from typing import Any
from zoneinfo import _zoneinfo  # type: ignore[attr-defined]  # the pure-Python twin, which shows its transitions

import pytest

THREE_DAYS = 3 * 86_400
ZONES = sorted(zoneinfo.available_timezones())


def changes(name: str) -> list[tuple[int, int, int]]:
    """Return a zone's recorded changes of offset: when, from, to, in seconds."""
    zone: Any = _zoneinfo.ZoneInfo.no_cache(name)
    offsets = [info.utcoff.total_seconds() for info in [zone._tti_before, *zone._ttinfos]]
    return [
        (at, int(before), int(after))
        for at, (before, after) in zip(zone._trans_utc, pairwise(offsets), strict=True)
        if before != after
    ]


def test_the_zones_have_changes_to_look_at() -> None:
    assert len(ZONES) > 400
    assert len(changes("Europe/Rome")) > 150


@pytest.mark.parametrize("letter", "ABCDEFGHIJKLMNOPQRSTUVWZ")
def test_no_zone_ever_changed_its_clock_there_and_back_within_three_days(letter: str) -> None:
    for name in ZONES:
        if not name.startswith(letter):
            continue
        found = changes(name)
        for number, (at, before, _) in enumerate(found):
            for later, _, after in found[number + 1 :]:
                if later - at >= THREE_DAYS:
                    break
                assert after != before, (name, at, later)
