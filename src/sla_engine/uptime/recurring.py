"""
Maintenance that recurs: a first one, and a rule of RFC 5545 by which the wall clock of a zone repeats it.

A rule names wall times and knows nothing of zones; the zone puts them into time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.instants import DAY, FIRST_DAY, LAST_DAY, from_micros, to_micros
from sla_engine.uptime.downtime import length_micros
from sla_engine.uptime.maintenance import Maintenance
from sla_engine.uptime.recurrence import EPOCH_DAY, MOST, Recurrence, shown, wrong
from sla_engine.zones import zone_name, zone_of


@dataclass(frozen=True, slots=True)
class RecurringMaintenance:
    """
    Planned work that recurs: the first from `start` to `end`, and the others by a rule, each as long as the first.

    `rrule` is the text of RFC 5545, perhaps with lines `EXDATE` and `RDATE`. What recurs is the wall time that `start`
    has in `zone`: a time that the clock skips comes as much later as the gap is long, and one that it shows twice is
    the first. `announced_at` is one announcement for all, `announced_before` how long before its start each is
    announced (a `timedelta` or text); without both, none is.

    >>> from datetime import datetime
    >>> from zoneinfo import ZoneInfo
    >>> first = datetime(2026, 3, 22, 2, 30, tzinfo=ZoneInfo("Europe/Rome"))
    >>> rule = RecurringMaintenance("M", first, first.replace(hour=4), "FREQ=WEEKLY;COUNT=3", zone="Europe/Rome")
    >>> [f"{one.id} {one.start:%H:%M %z}" for one in rule.between(*Month(2026, 3, zone="Europe/Rome").span.micros)]
    ['M 2026-03-22 02:30 +0100', 'M 2026-03-29 03:30 +0200']

    Raises `InvalidLog` for what is no rule, for one that does not name `start`, names nothing, or recurs by less than
    days, and for an end that is not after the start; `InvalidZone` for an unknown zone.
    Source: RFC 5545, 3.3.5 (times that are skipped or come twice), 3.3.10 (rules), 3.8.5 (exceptions and additions).
    """

    id: str
    start: datetime = field(compare=False)
    end: datetime = field(compare=False)
    rrule: str = field(compare=False)
    zone: str = field(kw_only=True)
    announced_at: datetime | None = field(default=None, kw_only=True, compare=False)
    announced_before: timedelta | str | None = field(default=None, kw_only=True)
    emergency: bool = field(default=False, kw_only=True)
    micros: tuple[int, int, int | None] = field(init=False, repr=False)
    """The first start and end, and the announcement of all: microseconds since 1970 UTC."""
    _rule: Recurrence = field(init=False, repr=False)

    def __post_init__(self) -> None:
        with _located(self.id):
            self._check_times()
            with _located("announced_before"):
                self._check_announcement()
            self._check_rule()

    def _check_times(self) -> None:
        start, end = to_micros(self.start), to_micros(self.end)
        announced = None if self.announced_at is None else to_micros(self.announced_at)
        if end <= start:
            raise InvalidLog(
                f"it ends at {self.end.isoformat()}, which is not after its start at {self.start.isoformat()}",
                where="end",
                value=self.end,
                remedy="Give the planned end of the first one",
            )
        with _located("zone"):
            object.__setattr__(self, "zone", zone_name(self.zone))
        object.__setattr__(self, "micros", (start, end, announced))

    def _check_announcement(self) -> None:
        given = self.announced_before
        if given is None:
            return
        before = length_micros(given)
        if before < 0:
            raise InvalidLog(
                f"announced_before is {given}",
                value=given,
                remedy='Write how long before its start each is announced: "48h"',
            )
        if self.announced_at is not None:
            raise InvalidLog(
                "announced_at and announced_before are both given",
                value=given,
                remedy="Give the first for one announcement of all, or the second for one of each",
            )
        object.__setattr__(self, "announced_before", timedelta(0, 0, before))

    def _check_rule(self) -> None:
        zone, start = zone_of(self.zone), self._local(self.micros[0])
        wall = start.replace(tzinfo=None)
        if start.fold or start.microsecond:
            why = f"the clock shows {wall:%H:%M} again" if start.fold else "it has parts of a second"
            raise InvalidLog(
                f"it starts at {start.isoformat()}, where {why}: no rule can name that",
                where="start",
                value=self.start,
                remedy="Start it on another date, or write that one as a Maintenance" if start.fold else "Round it",
            )
        with _located("rrule"):
            rule = Recurrence.parse(self.rrule, wall, zone)
        first = rule.first(wall)
        if first != wall:
            raise InvalidLog(
                f"it starts at {shown(wall)}, and the rule names "
                + (f"{shown(first)} as the first" if first else "no time from there on"),
                where="start",
                value=self.start,
                remedy="Start it when the rule does, or mend the rule",
            )
        early = [at for at in rule.added if at < self.micros[0]]
        with _located("rrule"):
            if early:
                raise wrong(
                    self.rrule,
                    f"RDATE has {shown(self._local(early[0]))}, before the start at {shown(wall)}",
                    "Let it start with the first of all",
                )
            if all(at in rule.excepted for at in chain(rule.added, rule.starts(wall, zone))):
                raise wrong(
                    self.rrule, "it has no occurrence: UNTIL and EXDATE leave none", "Mend them, or leave them out"
                )
        object.__setattr__(self, "_rule", rule)

    def between(self, lo: int, hi: int) -> list[Maintenance]:
        """
        Return all that overlap [lo, hi), in order; the bounds are microseconds since 1970 UTC.

        Each has the local date of its start in its id, and the time too if several start on that date; so an id does
        not depend on what was asked. Raises `InvalidLog` for more than 10,000, and `OutOfRange` beyond year 9999.
        """
        if lo >= hi:
            return []
        start, end, _ = self.micros
        length, rule, zone = end - start, self._rule, zone_of(self.zone)
        # Whole dates, and two more for any offset from UTC, so that all that share a date are seen.
        first, last = (
            min(max(micros // DAY + EPOCH_DAY, FIRST_DAY), LAST_DAY) + more
            for micros, more in ((lo - length, -2), (hi, 2))
        )
        found: set[int] = set()
        asked = 0
        for at in chain(rule.added, rule.starts(self._local(start).replace(tzinfo=None), zone, first, last)):
            if at in found or at in rule.excepted:
                continue
            found.add(at)
            asked += lo - length < at < hi
            if asked > MOST:
                raise InvalidLog(
                    f"more than {MOST:,} occurrences from {self._local(max(lo, start)).isoformat()} on",
                    where=self.id,
                    value=self.rrule,
                    remedy="Ask for a shorter time, or let it recur less often",
                )
        local = {at: self._local(at) for at in sorted(found)}
        on_date = Counter(when.date() for when in local.values())
        return [
            self._occurrence(at, when.date().isoformat() if on_date[when.date()] == 1 else shown(when))
            for at, when in local.items()
            if lo - length < at < hi
        ]

    def _occurrence(self, at: int, name: str) -> Maintenance:
        start, end, announced = self.micros
        if isinstance(self.announced_before, timedelta):
            announced = at - length_micros(self.announced_before)
        return Maintenance(
            f"{self.id} {name}",
            self._local(at),
            self._local(at + end - start),
            None if announced is None else self._local(announced),
            self.emergency,
        )

    def _local(self, micros: int) -> datetime:
        return from_micros(micros, datetime(1970, 1, 1, tzinfo=zone_of(self.zone)))


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Say of an error where it was found."""
    try:
        yield
    except SlaError as error:
        raise error.located(where) from None
