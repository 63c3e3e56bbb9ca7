"""
What a column and a data frame are asked under their own name: the functions of the room as methods.

`sla_engine.frames.pandas` and `sla_engine.frames.polars` put them on the Series and the frames of those libraries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from sla_engine.frames import clocks, deadlines, series, tables
from sla_engine.frames.choice import Calendars
from sla_engine.periods import Period
from sla_engine.policies import Policy
from sla_engine.tickets import LogMapping
from sla_engine.tickets.outcomes import Attribute


class ColumnQuestions:
    """
    Questions about a column of instants: `column.sla.add("4h", calendar)`.

    Each answers as the function of its name in `sla_engine.frames`, of which the column is the first argument.
    """

    def __init__(self, column: Any) -> None:
        self._column = column

    def _beside(self, other: Any, name: str) -> Any:
        """Return a column that is asked about together with this one; raises where its rows are not the same."""
        _ = name
        return other

    def add(self, amount: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> Any:
        """Return when an amount of a calendar's time after each instant is over."""
        amount, which = self._beside(amount, "amount"), self._beside(which, "which")
        return series.add(self._column, amount, calendar, which=which, zone=zone)

    def subtract(self, amount: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> Any:
        """Return when an amount of a calendar's time before each instant begins."""
        amount, which = self._beside(amount, "amount"), self._beside(which, "which")
        return series.subtract(self._column, amount, calendar, which=which, zone=zone)

    def elapsed(self, ends: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> Any:
        """Return the open time from each instant to each end, as durations; negative where the end is before it."""
        ends, which = self._beside(ends, "ends"), self._beside(which, "which")
        return series.elapsed(self._column, ends, calendar, which=which, zone=zone)

    def is_open(self, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> Any:
        """Return for each instant whether the calendar is open."""
        return series.is_open(self._column, calendar, which=self._beside(which, "which"), zone=zone)

    def next_opening(self, calendar: Calendars, *, which: Any = None, zone: str | None = None) -> Any:
        """Return the first opening at or after each instant."""
        return series.next_opening(self._column, calendar, which=self._beside(which, "which"), zone=zone)

    def business_days_between(
        self, ends: Any, calendar: Calendars, *, which: Any = None, zone: str | None = None
    ) -> Any:
        """Return how many business dates follow each rolled instant's, up to and with each end's."""
        ends, which = self._beside(ends, "ends"), self._beside(which, "which")
        return series.business_days_between(self._column, ends, calendar, which=which, zone=zone)

    def deadline(
        self,
        tier: Any,
        policy: Policy,
        *,
        target: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        zone: str | None = None,
    ) -> Any:
        """Return when a tier's target is due for tickets opened at the instants; a text is one tier for all."""
        tier = self._beside(tier, "tier")
        beside = {name: self._beside(given, name) for name, given in (attributes or {}).items()}
        return deadlines.deadline(self._column, tier, policy, target=target, attributes=beside, zone=zone)


class LogQuestions:
    """Questions about a frame that is a log of events, or of clocks: `frame.sla.evaluate(policy, at=now)`."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def evaluate(
        self,
        policy: Policy | Mapping[str, Policy],
        *,
        at: datetime,
        which: str | None = None,
        mapping: LogMapping | None = None,
        attributes: Iterable[str] = (),
        zone: str | None = None,
    ) -> Any:
        """Return what is known at an instant of the clocks of all tickets of an event log, as a frame."""
        return clocks.evaluate(
            self._frame, policy, at=at, which=which, mapping=mapping, attributes=attributes, zone=zone
        )

    def compliance(
        self,
        *,
        by: str | Iterable[str] = (),
        period: Period | None = None,
        attribute: Attribute = "due",
        zone: str | tzinfo | None = None,
        tiers: Iterable[tuple[str, str]] = (),
        policy: Policy | None = None,
    ) -> Any:
        """Count the clocks of a frame that `evaluate` has made: a row a figure."""
        return clocks.compliance(
            self._frame, by=by, period=period, attribute=attribute, zone=zone, tiers=tiers, policy=policy
        )


class FrameQuestions(LogQuestions):
    """
    Questions about the columns of a frame, by their names: `frame.sla.add("opened", "4h", calendar)`.

    Each answers with a column, as the function of its name in `sla_engine.frames` does. An amount is no name: it is one
    for all, or a column of durations. Raises `InvalidLog` for a column that is not there.
    """

    def _column(self, name: str | None, what: str) -> Any:
        return None if name is None else tables.pick(self._frame, name, what=what)

    def add(
        self, starts: str, amount: Any, calendar: Calendars, *, which: str | None = None, zone: str | None = None
    ) -> Any:
        """Return when an amount of a calendar's time after each start is over."""
        column, names = self._column(starts, "starts"), self._column(which, "which")
        return column.sla.add(amount, calendar, which=names, zone=zone)

    def subtract(
        self, ends: str, amount: Any, calendar: Calendars, *, which: str | None = None, zone: str | None = None
    ) -> Any:
        """Return when an amount of a calendar's time before each end begins."""
        column, names = self._column(ends, "ends"), self._column(which, "which")
        return column.sla.subtract(amount, calendar, which=names, zone=zone)

    def elapsed(
        self, starts: str, ends: str, calendar: Calendars, *, which: str | None = None, zone: str | None = None
    ) -> Any:
        """Return the open time from each start to each end, as durations; negative where the end is before it."""
        names = self._column(which, "which")
        until = self._column(ends, "ends")
        return self._column(starts, "starts").sla.elapsed(until, calendar, which=names, zone=zone)

    def is_open(self, instants: str, calendar: Calendars, *, which: str | None = None, zone: str | None = None) -> Any:
        """Return for each instant whether the calendar is open."""
        names = self._column(which, "which")
        return self._column(instants, "instants").sla.is_open(calendar, which=names, zone=zone)

    def next_opening(
        self, instants: str, calendar: Calendars, *, which: str | None = None, zone: str | None = None
    ) -> Any:
        """Return the first opening at or after each instant."""
        names = self._column(which, "which")
        return self._column(instants, "instants").sla.next_opening(calendar, which=names, zone=zone)

    def business_days_between(
        self, starts: str, ends: str, calendar: Calendars, *, which: str | None = None, zone: str | None = None
    ) -> Any:
        """Return how many business dates follow each rolled start's, up to and with each end's."""
        names = self._column(which, "which")
        until = self._column(ends, "ends")
        return self._column(starts, "starts").sla.business_days_between(until, calendar, which=names, zone=zone)

    def deadline(
        self,
        opened: str,
        tier: str,
        policy: Policy,
        *,
        target: str | None = None,
        attributes: Iterable[str] | Mapping[str, str] = (),
        zone: str | None = None,
    ) -> Any:
        """
        Return when a tier's target is due for tickets opened at the instants of a column.

        `tier` is the column of tiers; `attributes` are the columns of attributes, or the columns by the names of their
        attributes.
        """
        named = attributes if isinstance(attributes, Mapping) else {name: name for name in attributes}
        beside = {name: self._column(column, name) for name, column in named.items()}
        tiers = self._column(tier, "tier")
        return self._column(opened, "opened").sla.deadline(tiers, policy, target=target, attributes=beside, zone=zone)
