"""
The share of targets that was met: by tier and target, month, customer or any attribute, by a stated attribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal

from sla_engine.errors import InvalidAmount, InvalidPeriod, UnknownName
from sla_engine.facts import text_of
from sla_engine.instants import micros_of, to_micros
from sla_engine.ledger import duration_text_of
from sla_engine.periods import Day, Month, Period, Quarter, Week, Year
from sla_engine.shares import Share
from sla_engine.tickets.outcomes import Attribute, Outcome
from sla_engine.tickets.status import TicketStatus

PERIODS: dict[str, Any] = {"day": Day, "week": Week, "month": Month, "quarter": Quarter, "year": Year}
PERIOD_NAMES = frozenset(PERIODS)
"""The groups that are made by time."""
KINDS: tuple[str, ...] = ("met", "breached", "running", "paused", "handed_off", "excluded")

Exclude = Callable[[Outcome], str | None]
"""Says why an outcome is excluded; None where it is not."""


@dataclass(frozen=True, slots=True)
class GoalStatus:
    """
    A share against the share that it should reach.

    `spare` is how many more breaches the goal would bear (negative: so many are too many), `needed` how many more met
    targets would reach it (None where no number would).
    """

    goal: Share
    share: Share | None
    verdict: Literal["met", "missed", "undecided"]
    spare: int | None
    needed: int | None


@dataclass(frozen=True, slots=True)
class ComplianceFigure:
    """
    One figure of compliance: what it is of, and the outcomes behind each number.

    `labels` name the group: tier and target, and what else was asked for. Met and breached are decided; `running` and
    `paused` are not yet; `handed_off` went to another tier in time; `excluded` count for nothing, each with its reason.
    """

    labels: tuple[tuple[str, str], ...]
    met: tuple[Outcome, ...] = ()
    breached: tuple[Outcome, ...] = ()
    running: tuple[Outcome, ...] = ()
    paused: tuple[Outcome, ...] = ()
    handed_off: tuple[Outcome, ...] = ()
    excluded: tuple[Outcome, ...] = ()

    def label(self, name: str) -> str:
        """Return what the figure is of, by the name of the grouping: `figure.label("customer")`; empty where unset."""
        return dict(self.labels).get(name, "")

    @property
    def tier(self) -> str:
        """The tier."""
        return self.label("tier")

    @property
    def target(self) -> str:
        """The target."""
        return self.label("target")

    @property
    def undecided(self) -> tuple[Outcome, ...]:
        """The outcomes that are not decided yet: running and paused."""
        return self.running + self.paused

    @property
    def decided(self) -> int:
        """How many outcomes are decided."""
        return len(self.met) + len(self.breached)

    @property
    def share(self) -> Share | None:
        """The share of the decided that was met; None where nothing is decided."""
        return Share(len(self.met), self.decided) if self.decided else None

    def percentile(self, share: str | Fraction | Share) -> Any:
        """
        Return the open time within which a share of the stopped clocks was stopped, as a timedelta; None for none.

        By nearest rank: the smallest time that at least the share of them did not exceed. `percentile("50%")` is the
        (lower) median. Raises `InvalidAmount` for shares that are not above 0 and up to 1.
        """
        part = Share.parse(share).fraction
        if not 0 < part <= 1:
            raise InvalidAmount(f"there is no percentile of {share!r}", value=share, remedy='Ask for "90%"')
        times = sorted(
            one.elapsed for one in (*self.met, *self.breached) if one.phase == "stopped" and one.elapsed is not None
        )
        return times[ceil(part * len(times)) - 1] if times else None

    def worst(self, most: int = 10) -> list[Outcome]:
        """Return the outcomes that are late by the most open time (then by the most time), worst first."""
        late = sorted(
            self.breached, key=lambda one: (-micros_of(one.late_open_time), -micros_of(one.late_by), one.id, one.cycle)
        )
        return late[: max(most, 0)]

    def against(self, goal: str | Fraction | Share) -> GoalStatus:
        """Return how the share stands against the share that it should reach (`"95%"`)."""
        wanted = Share.parse(goal)
        met, decided, part = len(self.met), self.decided, wanted.fraction
        if not 0 <= part <= 1:
            raise InvalidAmount(f"a goal of {goal!r} is none", value=goal, remedy='Write "95%"')
        spare = floor(met / part) - decided if part else None
        missing = part * decided - met
        needed = 0 if missing <= 0 else None if part == 1 else ceil(missing / (1 - part))
        share = self.share
        verdict: Literal["met", "missed", "undecided"] = (
            "undecided" if share is None else "met" if share >= wanted else "missed"
        )
        return GoalStatus(wanted, share, verdict, spare, needed)

    def __iter__(self) -> Iterator[Outcome]:
        for kind in KINDS:
            yield from getattr(self, kind)

    def __len__(self) -> int:
        return sum(len(getattr(self, kind)) for kind in KINDS)

    def to_data(self) -> dict[str, Any]:
        """Return the figure as one flat record; the share as an exact fraction and rounded down."""
        share, half, most = self.share, self.percentile("50%"), self.percentile("90%")
        return {
            **dict(self.labels),
            **{kind: len(getattr(self, kind)) for kind in KINDS},
            "undecided": len(self.undecided),
            "share": str(share.fraction) if share else None,
            "share_text": f"{share:.2%}" if share else None,
            "median": None if half is None else duration_text_of(half),
            "p90": None if most is None else duration_text_of(most),
        }


@dataclass(frozen=True, slots=True)
class ComplianceChange:
    """A figure beside that of another period: both shares, and the difference in exact points (None without both)."""

    labels: tuple[tuple[str, str], ...]
    before: Share | None
    after: Share | None

    @property
    def points(self) -> Fraction | None:
        """By how much of the whole the share grew; negative where it fell."""
        return None if self.before is None or self.after is None else self.after.fraction - self.before.fraction


@dataclass(frozen=True, slots=True)
class Compliance:
    """
    What was met, figure by figure, and which outcomes are in no figure.

    `attribute` names the instant that decides the period. `outside` are the outcomes whose instant lies in another
    period, `unattributed` those that have no such instant (not stopped, where the attribution is by the stop; paused,
    where it is by the due instant).
    """

    period: Period | None
    attribute: Attribute
    figures: tuple[ComplianceFigure, ...]
    outside: tuple[Outcome, ...]
    unattributed: tuple[Outcome, ...]

    @property
    def whole(self) -> ComplianceFigure:
        """All figures together."""
        return _merged((), self.figures)

    @property
    def breached(self) -> tuple[Outcome, ...]:
        """The breached outcomes of all figures, in the order in which they were due."""
        return tuple(sorted((one for figure in self.figures for one in figure.breached), key=_by_due))

    def tier(self, name: str, target: str | None = None) -> ComplianceFigure:
        """Return what there is of a tier (and target, where it has several), all other groups together."""
        found = [one for one in self.grouped("tier", "target") if one.tier == name and target in (None, one.target)]
        if len(found) == 1:
            return found[0]
        names = dict.fromkeys(f"{one.tier}/{one.target}" for one in self.figures)
        raise UnknownName(
            f"{len(found)} figures are called {name!r}", value=name, remedy=f"There are {', '.join(names) or 'none'}"
        )

    def grouped(self, *by: str) -> tuple[ComplianceFigure, ...]:
        """Return the figures put together by some of their labels only: `grouped("customer")`."""
        found: dict[tuple[tuple[str, str], ...], list[ComplianceFigure]] = {}
        for figure in self.figures:
            labels = tuple((name, figure.label(name)) for name in by)
            found.setdefault(labels, []).append(figure)
        return tuple(_merged(labels, figures) for labels, figures in found.items())

    def change_from(self, before: Compliance) -> tuple[ComplianceChange, ...]:
        """Return each figure beside that of an earlier period with the same labels."""
        old = {figure.labels: figure.share for figure in before.figures}
        new = {figure.labels: figure.share for figure in self.figures}
        return tuple(ComplianceChange(labels, old.get(labels), new.get(labels)) for labels in {**new, **old})

    def records(self) -> list[dict[str, Any]]:
        """Return each figure as a flat record of plain values."""
        return [figure.to_data() for figure in self.figures]


def _by_due(one: Outcome) -> tuple[int, str, int]:
    return (to_micros(one.due_at) if one.due_at else 0, one.id, one.cycle)


def _merged(labels: tuple[tuple[str, str], ...], figures: Iterable[ComplianceFigure]) -> ComplianceFigure:
    parts = list(figures)
    return ComplianceFigure(labels, *(tuple(one for part in parts for one in getattr(part, kind)) for kind in KINDS))


def compliance(
    outcomes: Iterable[Outcome | TicketStatus],
    *,
    by: str | Iterable[str] = (),
    period: Period | None = None,
    attribute: Attribute = "due",
    zone: str | tzinfo | None = None,
    tiers: Iterable[tuple[str, str]] = (),
    exclude: Exclude | None = None,
) -> Compliance:
    """
    Count outcomes by tier and target, and by whatever else is asked for.

    `by` names groups: `"day"`, `"week"`, `"month"`, `"quarter"`, `"year"` (in `zone`, of the instant that the
    attribution goes by), or any attribute of the tickets, such as `"customer"`. An outcome is in the `period` if its
    opening, due instant or stop (the `attribute`) is. Without a period all are counted that have that instant.
    `tiers` are (tier, target) pairs to list even if they have no outcome, and their order. `exclude` may say why an
    outcome counts for nothing.

    Raises `InvalidPeriod` where a period is to be grouped by and no zone is known.
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    calendar_zone = zone if zone is not None else getattr(period, "zone", None)
    if calendar_zone is None and any(name in PERIODS for name in names):
        raise InvalidPeriod(
            "a month begins somewhere", where="zone", value=by, remedy='Say in which zone: zone="Europe/Rome"'
        )
    # Without further groups, every tier that is promised something has a figure.
    counted: dict[tuple[tuple[str, str], ...], dict[str, list[Outcome]]] = {}
    order = {key: place for place, key in enumerate(tiers)}
    if not names:
        counted = {(("tier", tier), ("target", target)): _empty() for tier, target in order}
    outside: list[Outcome] = []
    unattributed: list[Outcome] = []
    for outcome in _flat(outcomes):
        moment = outcome.moment(attribute)
        if moment is None:
            unattributed.append(outcome)
        elif period is not None and moment not in period:
            outside.append(outcome)
        else:
            reason = exclude(outcome) if exclude else None
            kind = "excluded" if reason else _kind(outcome)
            if reason:
                outcome = replace(outcome, reason=reason)  # noqa: PLW2901  (the same outcome, and why it does not count)
            labels = (
                ("tier", outcome.tier),
                ("target", outcome.target),
                *((name, _label(name, outcome, moment, calendar_zone)) for name in names),
            )
            counted.setdefault(labels, _empty())[kind].append(outcome)
    keys = list(counted)
    if names:
        last = len(order)
        keys.sort(key=lambda labels: (order.get((labels[0][1], labels[1][1]), last), [text for _, text in labels]))
    figures = tuple(ComplianceFigure(labels, *(tuple(counted[labels][kind]) for kind in KINDS)) for labels in keys)
    return Compliance(period, attribute, figures, tuple(outside), tuple(unattributed))


def _flat(outcomes: Iterable[Outcome | TicketStatus]) -> Iterator[Outcome]:
    for one in outcomes:
        if isinstance(one, TicketStatus):
            yield from one.outcomes()
        else:
            yield one


def _kind(outcome: Outcome) -> str:
    if outcome.verdict != "undecided":
        return outcome.verdict
    return "excluded" if outcome.phase == "cancelled" else outcome.phase or "running"


def _label(name: str, outcome: Outcome, moment: datetime, zone: str | tzinfo | None) -> str:
    if name in PERIODS:
        assert zone is not None  # noqa: S101  (checked before)
        return str(PERIODS[name].containing(moment, zone=zone).label)
    return text_of(outcome.attributes.get(name)) or ""


def _empty() -> dict[str, list[Outcome]]:
    return {kind: [] for kind in KINDS}
