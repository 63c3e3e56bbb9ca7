"""
Names of zones: what people write for one, the one name that is kept, and the `tzinfo` behind it.
"""

from __future__ import annotations

import contextlib
import pathlib
import re
import zoneinfo
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

from sla_engine.errors import InvalidZone, close_to

_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+\-\u2212])\s*(\d{1,2})(?::?(\d{2})(?::(\d{2}))?)?", re.IGNORECASE)
_POSIX = re.compile(r"Etc/(?:GMT|UTC)([+-])(\d{1,2})", re.IGNORECASE)
_NOT_A_ZONE = re.compile(r"(right|posix)/.*|posixrules|localtime|Factory|leapseconds", re.IGNORECASE)


def zone_name(zone: str | tzinfo) -> str:
    """
    Return the one name that the library uses for a zone: an IANA name, `UTC`, or `UTC+05:30`.

    >>> zone_name("GMT+1")
    'UTC+01:00'

    Raises `InvalidZone` with suggestions. The text `Etc/GMT+1` is refused, because it means UTC-1.
    """
    if isinstance(zone, str):
        return _named(zone.strip())
    if not isinstance(zone, tzinfo):
        raise InvalidZone(
            f"{zone!r} is no zone", value=zone, remedy='Pass an IANA name ("Europe/Rome"), "UTC", an offset or a tzinfo'
        )
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if isinstance(key, str):
        posix = _POSIX.fullmatch(key)
        if posix:
            sign = -1 if posix[1] == "+" else 1
            return fixed_name(sign * int(posix[2]) * 3600)
        return _named(key)
    offset = zone.utcoffset(None)
    if offset is None:
        raise InvalidZone(
            f"{zone!r} has no name that can be written down", value=zone, remedy="Pass an IANA name or a ZoneInfo"
        )
    return fixed_name(offset // timedelta(seconds=1))


def _named(text: str) -> str:
    posix = _POSIX.fullmatch(text)
    if posix and int(posix[2]):
        sign, other = posix[1], "-" if posix[1] == "+" else "+"
        raise InvalidZone(
            f"{text!r} means UTC{other}{posix[2]} (the sign of Etc names is reversed)",
            value=text,
            remedy=f'Write "UTC{other}{posix[2]}" if you mean that, or "UTC{sign}{posix[2]}" for the other one',
        )
    fixed = _OFFSET.fullmatch(text)
    if fixed:
        hours, minutes, seconds = (int(part or 0) for part in fixed.groups()[1:])
        if hours > 23 or minutes > 59 or seconds > 59:  # noqa: PLR2004
            raise InvalidZone(f"{text!r} is no offset", value=text, remedy="Offsets run from -23:59 to +23:59")
        total = (hours * 60 + minutes) * 60 + seconds
        return fixed_name(total if fixed[1] == "+" else -total)
    if text.upper() in {"UTC", "Z"}:
        return "UTC"
    if not _NOT_A_ZONE.fullmatch(text):
        with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return zoneinfo.ZoneInfo(text).key
    known = {key.casefold(): key for key in zoneinfo.available_timezones() if not _NOT_A_ZONE.fullmatch(key)}
    cities = {key.rpartition("/")[2]: folded for folded, key in known.items()}
    wanted = text.casefold()
    close = [known[wanted]] if wanted in known else []
    close += [known[name] for name in close_to(wanted, known, n=3, cutoff=0.75)]
    close += [
        known[cities[city]]
        for city in close_to(text.rpartition("/")[2].title().replace(" ", "_"), cities, n=2, cutoff=0.8)
    ]
    names = ", ".join(dict.fromkeys(close))
    raise InvalidZone(
        f"{text!r} is no zone that I know",
        value=text,
        remedy=f"Did you mean {names}?" if names else 'Use an IANA name ("Europe/Rome"), "UTC" or an offset ("GMT+1")',
        suggestions=tuple(dict.fromkeys(close)),
    )


def fixed_name(seconds: int) -> str:
    """Return the name of a fixed offset, given in seconds east of UTC: `UTC+05:30`."""
    if not seconds:
        return "UTC"
    minutes, second = divmod(abs(seconds), 60)
    tail = f":{second:02}" if second else ""
    return f"UTC{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}{tail}"


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """Return the `tzinfo` of a name that `zone_name` gave."""
    if name == "UTC":
        return UTC
    fixed = _OFFSET.fullmatch(name)
    if fixed:
        hours, minutes, seconds = (int(part or 0) for part in fixed.groups()[1:])
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return timezone(offset if fixed[1] == "+" else -offset, name)
    return zoneinfo.ZoneInfo(name)


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    import importlib.metadata  # noqa: PLC0415  (15 ms, and few ask)

    return importlib.metadata.version(package)


def zone_data_version(name: str) -> str:
    """Return which time-zone data answers for a zone: the system's, or that of the `tzdata` package."""
    if name == "UTC" or _OFFSET.fullmatch(name):
        return "none needed"
    for folder in map(pathlib.Path, zoneinfo.TZPATH):
        if (folder / name).is_file():
            for file, pattern in (("tzdata.zi", r"# version (\S+)"), ("+VERSION", r"(\S+)"), ("version", r"(\S+)")):
                with contextlib.suppress(OSError):
                    found = re.match(pattern, (folder / file).read_text(encoding="utf-8")[:80])
                    if found:
                        return f"system {found[1]}"
            return "system, version not stated"
    return f"tzdata {version_of('tzdata')}"
