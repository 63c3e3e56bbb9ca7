"""
Downtime: an exact amount of time that is shown rounded up, because less would flatter.
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

from sla_engine.amounts import duration_text, elapsed_time
from sla_engine.errors import AmbiguousDays, InvalidAmount, OutOfRange
from sla_engine.instants import micros_of

_LONGEST = micros_of(timedelta.max)
_UNITS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


class Downtime:
    """
    An amount of downtime, exact: a fraction of microseconds, since a partial outage counts for a part of its length.

    Shown, it is rounded up (`str`, `duration`); a negative one, as what is left of a budget that is overspent, away
    from zero too. `f"{downtime:.1m}"` is minutes with one decimal; `s`, `m`, `h` and `d` are the units. Equal,
    ordered and hashed as the fraction that it is.

    >>> str(Downtime.of("7h18m17s")), f"{Downtime.of('7h18m17s'):.1m}"
    ('7h18m17s', '438.3m')

    Raises `InvalidAmount` for floats, and for what is no time.
    """

    __slots__ = ("micros",)

    micros: Fraction
    """The exact amount, in microseconds."""

    def __init__(self, micros: int | Fraction = 0) -> None:
        if not isinstance(micros, (int, Fraction)) or isinstance(micros, bool):  # type: ignore[redundant-expr]
            raise InvalidAmount(
                f"{micros!r} is no exact number of microseconds", value=micros, remedy="Use an integer or a Fraction"
            )
        object.__setattr__(self, "micros", micros if type(micros) is Fraction else Fraction(micros))

    @classmethod
    def of(cls, amount: Downtime | timedelta | str) -> Downtime:
        """Return a duration (`"43m"`, a `timedelta`) as downtime; every hour counts."""
        return amount if isinstance(amount, Downtime) else cls(length_micros(amount))

    @property
    def duration(self) -> timedelta:
        """The downtime as a timedelta, rounded up to the microsecond; raises `OutOfRange` for what it cannot hold."""
        try:
            return timedelta(0, 0, _outwards(self.micros))
        except OverflowError:
            raise OutOfRange(f"{self} is longer than a timedelta can be", value=self, remedy="Read micros") from None

    @property
    def floor_micros(self) -> int:
        """The whole microseconds in it: of a budget, what may be spent in whole microseconds."""
        return floor(self.micros)

    def __str__(self) -> str:
        return duration_text(_outwards(self.micros))

    def __repr__(self) -> str:
        return f"Downtime({self.micros!r})"

    def __format__(self, spec: str) -> str:
        found = re.fullmatch(r"(?:\.(\d+))?([smhd])", spec)
        if not found:
            if spec:
                raise ValueError(f"unknown format {spec!r} for a downtime; use .1m, .2h, s or d")
            return str(self)
        places = int(found[1] or 0)
        units = _outwards(self.micros / _UNITS[found[2]] * 10**places)
        sign, units = ("-", -units) if units < 0 else ("", units)
        whole, rest = divmod(units, 10**places)
        return f"{sign}{whole}" + (f".{rest:0{places}}" if places else "") + found[2]

    def _other(self, other: object) -> Fraction | None:
        if isinstance(other, Downtime):
            return other.micros
        return Fraction(elapsed_time(other).micros) if isinstance(other, timedelta) else None

    def __add__(self, other: object) -> Downtime:
        value = self._other(other)
        return NotImplemented if value is None else Downtime(self.micros + value)

    def __radd__(self, other: object) -> Downtime:
        return self if other == 0 else self + other  # `sum` starts from 0

    def __rsub__(self, other: object) -> Downtime:
        return -self + other

    def __sub__(self, other: object) -> Downtime:
        value = self._other(other)
        return NotImplemented if value is None else Downtime(self.micros - value)

    def __neg__(self) -> Downtime:
        return Downtime(-self.micros)

    def __bool__(self) -> bool:
        return bool(self.micros)

    def __eq__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.micros == value

    def __lt__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.micros < value

    def __le__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.micros <= value

    def __gt__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.micros > value

    def __ge__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.micros >= value

    def __hash__(self) -> int:
        # As equal timedeltas hash, where there are any.
        equal_to_one = self.micros.denominator == 1 and abs(self.micros) <= _LONGEST
        return hash(timedelta(0, 0, int(self.micros))) if equal_to_one else hash(self.micros)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Downtime cannot be changed ({name})")

    def __reduce__(self) -> tuple[Any, ...]:
        return Downtime, (self.micros,)


def length_micros(given: timedelta | str) -> int:
    """
    Return a length of time in which every hour counts, in microseconds.

    Raises `InvalidAmount`, and `AmbiguousDays` for days, whose length changes with the clock.
    """
    text = given.strip().removesuffix(" elapsed") if isinstance(given, str) else given
    try:
        return elapsed_time(text).micros
    except AmbiguousDays as error:
        raise AmbiguousDays(
            error.problem, value=given, remedy='Write it in hours: "24h" a day, "720h" for 30'
        ) from None


def _outwards(value: Fraction) -> int:
    """Round away from zero: downtime never looks smaller than it is, and neither does a debt."""
    return ceil(value) if value >= 0 else floor(value)
