"""
Alerts on the burn rate over a long and a short look-back, derived from the share of the budget that they guard.

After "Alerting on SLOs", chapter 5 of Google's Site Reliability Workbook: an alert fires while both look-backs burn
at its threshold or faster. There the thresholds are given for 30 days; here they follow from the share and the
window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Literal

from sla_engine.errors import InvalidAmount
from sla_engine.instants import micros_of
from sla_engine.shares import Share, SpentShare
from sla_engine.uptime.budget import Budget, highest_burn_rate
from sla_engine.uptime.downtime import Downtime, length_micros

if TYPE_CHECKING:
    from sla_engine.uptime.reports import UptimeReport

Severity = Literal["page", "ticket"]
AlertState = Literal["firing", "quiet", "undecided"]
SHORT = 12
"""The short look-back is a twelfth of the long one, unless said otherwise."""


@dataclass(frozen=True, slots=True, init=False)
class BurnAlert:
    """
    An alert that fires when a share of the budget goes within a look-back, and is still going.

    `BurnAlert("2%", "1h")` guards two per cent of the budget in an hour, with a short look-back of five minutes.
    `severity` is `page` or `ticket`. Raises `InvalidAmount`.
    """

    share: Share
    look_back: timedelta
    short: timedelta
    severity: Severity

    def __init__(
        self,
        share: str | Fraction | Share,
        look_back: timedelta | str,
        short: timedelta | str | None = None,
        severity: Severity = "page",
    ) -> None:
        length = length_micros(look_back)
        brief = length // SHORT if short is None else length_micros(short)
        part = Share.parse(share)
        if length <= 0:
            raise InvalidAmount("a look-back needs time in it", where="look_back", value=look_back, remedy='Write "1h"')
        if severity not in ("page", "ticket"):
            raise InvalidAmount(
                f"{severity!r} is no severity", where="severity", value=severity, remedy='Write "page" or "ticket"'
            )
        if not 0 < part.fraction <= 1:
            raise InvalidAmount(f"{share!r} is no share of a budget", value=share, remedy='Write "2%"')
        if not 0 < brief <= length:
            raise InvalidAmount(
                f"a short look-back of {timedelta(0, 0, brief)} does not fit one of {timedelta(0, 0, length)}",
                value=short,
                remedy="Give a longer look-back, or a shorter short one",
            )
        object.__setattr__(self, "share", part)
        object.__setattr__(self, "look_back", timedelta(0, 0, length))
        object.__setattr__(self, "short", timedelta(0, 0, brief))
        object.__setattr__(self, "severity", severity)

    def threshold(self, budget: Budget) -> Fraction:
        """Return the burn rate at which it fires: `share * window / look_back`."""
        return self.share.fraction * budget.window_micros / micros_of(self.look_back)

    def error_rate(self, budget: Budget) -> Fraction:
        """Return the share of a look-back that must be down for it to fire."""
        return self.threshold(budget) * (1 - budget.target.fraction)

    def can_fire(self, budget: Budget) -> bool:
        """Whether a total outage makes it fire."""
        return self.threshold(budget) <= highest_burn_rate(budget.target)

    def fires_after(self, budget: Budget, error_rate: str | Fraction | Share = Fraction(1)) -> Downtime | None:
        """
        Return how long after an outage begins it fires, from a clean past; None where it never does.

        `error_rate` is the share of time that is down, all of it unless said otherwise.
        """
        rate = _error_rate(error_rate)
        needed = self.error_rate(budget)
        return None if rate < needed else Downtime(needed / rate * micros_of(self.look_back))

    def resets_after(self, budget: Budget, error_rate: str | Fraction | Share = Fraction(1)) -> Downtime | None:
        """
        Return how long after a long outage ends it still fires: until the short look-back burns slower; None if it
        never fired.
        """
        rate = _error_rate(error_rate)
        needed = self.error_rate(budget)
        return None if rate < needed else Downtime((1 - needed / rate) * micros_of(self.short))

    def state(self, report: UptimeReport) -> AlertState:
        """
        Return whether it fires at the instant of a report: if both look-backs burn fast enough for certain.

        It is `quiet` if one of them certainly does not, and else `undecided`. The budget is that of the report's window
        and target.
        """
        threshold = self.threshold(Budget(report.target, report.period))
        rates = [report.burn_rate(look_back) for look_back in (self.look_back, self.short)]
        known = [rate for rate in rates if rate is not None]
        if len(known) == len(rates) and all(rate.lower >= threshold for rate in known):
            return "firing"
        return "quiet" if any(rate.upper < threshold for rate in known) else "undecided"

    def probes_needed(self, budget: Budget, every: timedelta | str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return how many failed probes it takes, of how many: in the long look-back, and in the short one."""
        spacing = length_micros(every)
        if spacing <= 0:
            raise InvalidAmount("probes need time between them", value=every, remedy='Write "1m" or "5m"')

        def needed(look_back: timedelta) -> tuple[int, int]:
            made = max(1, micros_of(look_back) // spacing)
            return ceil(self.error_rate(budget) * made), made

        return needed(self.look_back), needed(self.short)


def _error_rate(given: str | Fraction | Share) -> Fraction:
    rate = Share.parse(given).fraction
    if not 0 <= rate <= 1:
        raise InvalidAmount(f"{given!r} of the time cannot be down", value=given, remedy='Write "0%" up to "100%"')
    return rate


def usual_alerts() -> tuple[BurnAlert, ...]:
    """Return the alerts of the workbook: two that page, and two that open a ticket."""
    return (
        BurnAlert("2%", "1h"),
        BurnAlert("5%", "6h"),
        BurnAlert("10%", "24h", severity="ticket"),
        BurnAlert("10%", "72h", severity="ticket"),
    )


@dataclass(frozen=True, slots=True)
class BudgetFinding:
    """Something that a budget, its probes or its alerts cannot do: the kind, and what it is."""

    kind: Literal[
        "finer_than_a_probe", "never_fires", "fires_on_one_probe", "short_is_one_probe", "longer_than_the_window"
    ]
    text: str

    def __str__(self) -> str:
        return self.text


def preflight(
    budget: Budget, every: timedelta | str, alerts: Iterable[BurnAlert] | None = None
) -> tuple[BudgetFinding, ...]:
    """
    Return what cannot work before it is tried: a budget smaller than what one probe stands for, an alert that a total
    outage does not fire, or that one failed probe does.
    """
    found: list[BudgetFinding] = []
    spacing = Downtime.of(every)
    budget.probes(every)  # refuses a spacing that is none
    if budget.allowed < spacing:
        text = f"the budget is {budget.allowed}, and one failed probe stands for {spacing}: it is a breach by itself"
        found.append(BudgetFinding("finer_than_a_probe", text))
    for alert in usual_alerts() if alerts is None else alerts:
        name = f"the alert on {alert.share.exact_text} in {Downtime.of(alert.look_back)}"
        if not alert.can_fire(budget):
            needed, most = SpentShare(alert.threshold(budget)), Share(highest_burn_rate(budget.target))
            text = f"{name} needs a burn rate of {needed:.2}, and a total outage has {most:.2}"
            found.append(BudgetFinding("never_fires", text))
            continue
        if micros_of(alert.look_back) > budget.window_micros:
            text = f"{name} looks back further than the window is long: it counts what another budget has spent"
            found.append(BudgetFinding("longer_than_the_window", text))
        (long, of_long), (_, of_short) = alert.probes_needed(budget, every)
        if long == 1:
            text = f"{name} fires on one failed probe of {of_long}"
            found.append(BudgetFinding("fires_on_one_probe", text))
        elif of_short == 1:
            short = Downtime.of(alert.short)
            text = f"{name} sees one probe in its short look-back of {short}, which therefore adds nothing"
            found.append(BudgetFinding("short_is_one_probe", text))
    return tuple(found)
