"""
Verdicts, and the share of them that was met: by tier, in a period, by a stated attribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sla_engine.calendars import Calendar
from sla_engine.errors import InvalidInstant, InvalidSpan, UnknownName
from sla_engine.instants import to_micros
from sla_engine.ledger import duration_text_of
from sla_engine.periods import Period
from sla_engine.shares import Share

Verdict = Literal["met", "breached", "undecided"]
Attribute = Literal["opened", "due", "stopped"]


def verdict(due_at: datetime, *, stopped_at: datetime | None = None, at: datetime | None = None) -> Verdict:
    """
    Return what became of a deadline, as it can be known at an instant.

    Met: stopped at or before the due instant. Breached: stopped strictly after it, or not stopped and `at` strictly
    after it. A stop after `at` is not seen. Without `at`, everything is seen; a clock that is still running then
    needs it.

    Raises `InvalidInstant` where neither a stop nor `at` is given.
    """
    due = to_micros(due_at)
    now = None if at is None else to_micros(at)
    stop = None if stopped_at is None else to_micros(stopped_at)
    if stop is None and now is None:
        raise InvalidInstant(
            "nothing stopped the clock, so the verdict depends on the present",
            where="at",
            remedy="Pass at=, the instant at which you ask",
        )
    if stop is not None and (now is None or stop <= now):
        return "met" if stop <= due else "breached"
    assert now is not None  # noqa: S101  (without a stop there is an `at`)
    return "breached" if now > due else "undecided"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    One target of one ticket: when it was due, when it was stopped (as seen at the instant asked about), what became
    of it, and how late it is.

    `late_by` is elapsed time after the due instant, `late_open_time` the open time in it; both are zero where nothing
    is late.
    """

    id: str
    tier: str
    target: str
    opened_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    verdict: Verdict
    late_by: timedelta = timedelta()
    late_open_time: timedelta = timedelta()

    def __post_init__(self) -> None:
        if self.stopped_at is not None and to_micros(self.stopped_at) < to_micros(self.opened_at):
            raise InvalidSpan(
                f"the ticket {self.id!r} was stopped at {self.stopped_at.isoformat()}, before it was opened at "
                f"{self.opened_at.isoformat()}",
                where=self.id,
                remedy="Mend the log",
            )

    def late_until(self, until: datetime, calendar: Calendar) -> Outcome:
        """Return the same outcome, late from its due instant until another."""
        late = timedelta(0, 0, to_micros(until) - to_micros(self.due_at))
        return replace(self, late_by=late, late_open_time=calendar.elapsed(self.due_at, until))

    def moment(self, attribute: Attribute) -> datetime | None:
        """Return the instant that an attribution goes by; None where there is none."""
        return {"opened": self.opened_at, "due": self.due_at, "stopped": self.stopped_at}[attribute]

    def to_data(self) -> dict[str, Any]:
        """Return the outcome as plain data, durations as text."""
        return {
            "id": self.id,
            "tier": self.tier,
            "target": self.target,
            "opened_at": self.opened_at.isoformat(),
            "due_at": self.due_at.isoformat(),
            "stopped_at": self.stopped_at.isoformat() if self.stopped_at else None,
            "verdict": self.verdict,
            "late_by": duration_text_of(self.late_by),
            "late_open_time": duration_text_of(self.late_open_time),
        }


@dataclass(frozen=True, slots=True)
class TierCompliance:
    """One tier's target in one period: the outcomes behind each figure, and the exact share that was met."""

    tier: str
    target: str
    met: tuple[Outcome, ...]
    breached: tuple[Outcome, ...]
    undecided: tuple[Outcome, ...]

    @property
    def share(self) -> Share | None:
        """The share of the decided that was met; None where nothing is decided."""
        decided = len(self.met) + len(self.breached)
        return Share(len(self.met), decided) if decided else None

    def __iter__(self) -> Iterator[Outcome]:
        yield from self.met
        yield from self.breached
        yield from self.undecided

    def __len__(self) -> int:
        return len(self.met) + len(self.breached) + len(self.undecided)

    def to_data(self) -> dict[str, Any]:
        """Return the figures as plain data; the share as an exact fraction and rounded down."""
        share = self.share
        return {
            "tier": self.tier,
            "target": self.target,
            "met": len(self.met),
            "breached": len(self.breached),
            "undecided": len(self.undecided),
            "share": str(share.fraction) if share else None,
            "share_text": f"{share:.2%}" if share else None,
        }


@dataclass(frozen=True, slots=True)
class Compliance:
    """
    What was met in a period, tier by tier, and which outcomes are in no figure.

    `attribute` names the instant that decides the period. `outside` are the outcomes whose instant lies in another
    period, `unattributed` those that have no such instant (not stopped, where the attribution is by the stop).
    """

    period: Period | None
    attribute: Attribute
    tiers: tuple[TierCompliance, ...]
    outside: tuple[Outcome, ...]
    unattributed: tuple[Outcome, ...]

    @property
    def breached(self) -> tuple[Outcome, ...]:
        """The breached outcomes of all tiers, in the order in which they were due."""
        return tuple(
            sorted(
                (one for tier in self.tiers for one in tier.breached), key=lambda one: (to_micros(one.due_at), one.id)
            )
        )

    def tier(self, name: str, target: str | None = None) -> TierCompliance:
        """Return the figures of a tier (and target, where it has several)."""
        found = [one for one in self.tiers if one.tier == name and target in (None, one.target)]
        if len(found) == 1:
            return found[0]
        raise UnknownName(
            f"{len(found)} figures are called {name!r}",
            value=name,
            remedy=f"There are {', '.join(f'{one.tier}/{one.target}' for one in self.tiers) or 'none'}",
        )


def compliance(
    outcomes: Iterable[Outcome],
    *,
    period: Period | None = None,
    attribute: Attribute = "due",
    tiers: Iterable[tuple[str, str]] = (),
) -> Compliance:
    """
    Count outcomes by tier and target, those of a period only.

    An outcome is in the period if its opening, due instant or stop (the `attribute`) is. Without a period all are
    counted that have that instant. `tiers` are (tier, target) pairs to list even if they have no outcome, and their
    order.
    """
    counted: dict[tuple[str, str], dict[Verdict, list[Outcome]]] = {key: _empty() for key in tiers}
    outside: list[Outcome] = []
    unattributed: list[Outcome] = []
    for outcome in outcomes:
        moment = outcome.moment(attribute)
        if moment is None:
            unattributed.append(outcome)
        elif period is not None and moment not in period:
            outside.append(outcome)
        else:
            counted.setdefault((outcome.tier, outcome.target), _empty())[outcome.verdict].append(outcome)
    figures = tuple(
        TierCompliance(tier, target, *(tuple(found[kind]) for kind in ("met", "breached", "undecided")))
        for (tier, target), found in counted.items()
    )
    return Compliance(period, attribute, figures, tuple(outside), tuple(unattributed))


def _empty() -> dict[Verdict, list[Outcome]]:
    return {"met": [], "breached": [], "undecided": []}
