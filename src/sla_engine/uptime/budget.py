"""
The mathematics of an error budget: how much downtime a target allows in a window, what is spent, and what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from sla_engine.amounts import duration_text
from sla_engine.errors import InvalidAmount
from sla_engine.instants import micros_of
from sla_engine.periods import Period
from sla_engine.shares import Share, SpentShare
from sla_engine.uptime.downtime import Downtime, length_micros

Window = Period | timedelta | str
"""A period, or a length of time: a `timedelta` or text such as `"720h"`."""


def window_micros(window: Window) -> int:
    """Return the true length of a window in microseconds; raises `InvalidAmount` for one without time in it."""
    micros = micros_of(window.duration) if isinstance(window, Period) else length_micros(window)
    if micros <= 0:
        raise InvalidAmount(f"a window of {window} has no time in it", value=window, remedy="Give it a length")
    return micros


def window_text(window: Window) -> str:
    """Return how a window is called: a period by its label, a length of time as `720h`."""
    return window.label if isinstance(window, Period) else duration_text(length_micros(window))


def target_share(target: str | Fraction | Share) -> Share:
    """Return a target as a share; raises `InvalidAmount` for what is no promise: 100 %, 0 %, and anything outside."""
    share = Share.parse(target)
    if not 0 < share.fraction < 1:
        said = "leaves no budget at all" if share == 1 else "is no promise" if share == 0 else "is impossible"
        raise InvalidAmount(
            f"a target of {target!r} {said}",
            where="target",
            value=target,
            remedy='Promise less than all, as in "99.9%"',
        )
    return share


@dataclass(frozen=True, slots=True)
class Budget:
    """
    The downtime that a target allows in a window: `(1 - target) * window`, exactly.

    The window is a period (with its true length, changes of the clock and leap days included) or a length of time.
    Downtimes are `Downtime`, a `timedelta`, or text such as `"43m"`. Source of the formula: the definition of an
    error budget in Google's Site Reliability Workbook, chapter 5.

    >>> str(Budget("99.9%", "720h").allowed)
    '43m12s'

    Raises `InvalidAmount` for targets of 0 %, 100 % or beyond, and for windows without time.
    """

    target: Share
    window: Window

    if TYPE_CHECKING:

        def __init__(self, target: str | Fraction | Share, window: Window) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", target_share(self.target))
        micros = window_micros(self.window)
        if not isinstance(self.window, Period):
            object.__setattr__(self, "window", timedelta(0, 0, micros))

    @property
    def window_micros(self) -> int:
        """The length of the window, in microseconds."""
        return window_micros(self.window)

    @property
    def allowed(self) -> Downtime:
        """The downtime that still meets the target."""
        return Downtime((1 - self.target.fraction) * self.window_micros)

    def left(self, downtime: Downtime | timedelta | str) -> Downtime:
        """Return what is left of the budget; negative where more is spent than there is."""
        return self.allowed - _possible(downtime)

    def spent(self, downtime: Downtime | timedelta | str) -> SpentShare:
        """Return the share of the budget that a downtime spends; above 1 where it is more than all of it."""
        return SpentShare(_possible(downtime).micros / self.allowed.micros)

    def availability(self, downtime: Downtime | timedelta | str) -> Share:
        """Return the share of the window that was up; raises `InvalidAmount` for more downtime than there is window."""
        return target_for(downtime, self.window)

    def verdict(self, downtime: Downtime | timedelta | str) -> Literal["met", "breached"]:
        """Return whether a downtime meets the target: up to the whole budget, all of it included."""
        return "met" if _possible(downtime).micros <= self.allowed.micros else "breached"

    def probes(self, every: timedelta | str) -> int:
        """Return how many regular probes are made in the window; the last part of a spacing makes none."""
        return self.window_micros // _spacing(every)

    def allowed_probes(self, every: timedelta | str) -> int:
        """Return how many of the window's probes may fail, each standing for one spacing; one more is a breach."""
        return self.allowed.floor_micros // _spacing(every)

    def burn_rate(self, downtime: Downtime | timedelta | str, look_back: timedelta | str) -> Fraction:
        """
        Return how many times faster than evenly over the window a look-back spent the budget; 1 spends exactly all of
        it.
        """
        return burn_rate(downtime, look_back, self.target)

    def lasts(self, burn_rate: int | Fraction) -> Downtime | None:
        """Return how long a whole budget lasts at a burn rate: the window by the rate; None at none."""
        if not isinstance(burn_rate, (int, Fraction)) or isinstance(burn_rate, bool):  # type: ignore[redundant-expr]
            raise InvalidAmount(
                f"{burn_rate!r} is no exact burn rate", value=burn_rate, remedy='Use an integer or Fraction("14.4")'
            )
        return None if burn_rate <= 0 else Downtime(self.window_micros / Fraction(burn_rate))

    def runs_out(self, downtime: Downtime | timedelta | str, elapsed: timedelta | str) -> Downtime | None:
        """
        Return how long after the window began the budget is gone, if things go on as they did: so much downtime in so
        much time.

        None if they do not use it up before the window ends. An overspent budget was gone in the past: at the same
        rate. Raises `InvalidAmount` for more downtime than time, or more time than the window has.
        """
        spent, past = _possible(downtime).micros, _spacing(elapsed)
        if not spent <= past <= self.window_micros:
            raise InvalidAmount(
                f"{downtime} of downtime in {elapsed} do not fit a window of {window_text(self.window)}",
                value=downtime,
                remedy="Give the time since the window began, and the downtime in it",
            )
        gone = Downtime(past * self.allowed.micros / spent) if spent else None
        return None if gone is None or gone.micros >= self.window_micros else gone


def allowed_downtime(target: str | Fraction | Share, window: Window) -> Downtime:
    """
    Return the downtime that a target allows in a window.

    >>> f"{allowed_downtime('99%', '720h'):.0m}"
    '432m'
    """
    return Budget(target, window).allowed


def target_for(downtime: Downtime | timedelta | str, window: Window) -> Share:
    """
    Return the highest target that a downtime in a window still meets.

    >>> str(target_for("432m", "720h"))
    '99.00%'
    """
    micros, length = Downtime.of(downtime).micros, window_micros(window)
    if not 0 <= micros <= length:
        raise InvalidAmount(
            f"a downtime of {downtime} does not fit a window of {window_text(window)}",
            value=downtime,
            remedy="Give a downtime from none up to the whole window",
        )
    return Share(1 - micros / length)


def burn_rate(
    downtime: Downtime | timedelta | str, look_back: timedelta | str, target: str | Fraction | Share
) -> Fraction:
    """
    Return the burn rate of a look-back: the share of it that was down, by the share that the target allows.

    >>> burn_rate("6m", "1h", "99%")
    Fraction(10, 1)
    """
    error = _possible(downtime).micros / _spacing(look_back)
    return error / (1 - target_share(target).fraction)


def highest_burn_rate(target: str | Fraction | Share) -> Fraction:
    """Return the burn rate of a total outage: no alert above it can fire."""
    return 1 / (1 - target_share(target).fraction)


def _possible(downtime: Downtime | timedelta | str) -> Downtime:
    found = Downtime.of(downtime)
    if found.micros < 0:
        raise InvalidAmount(f"a downtime of {found} is impossible", value=downtime, remedy="Give none or more")
    return found


def _spacing(every: timedelta | str) -> int:
    micros = length_micros(every)
    if micros <= 0:
        raise InvalidAmount(f"{every} is no length of time", value=every, remedy='Write "1m" or "1h"')
    return micros
