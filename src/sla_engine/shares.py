"""
Shares of a whole, which never round in one's favour.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

from sla_engine.errors import InvalidAmount

_MOST_PLACES = 12
"""More decimals than any target has."""


class Share:
    """
    An exact share of a whole, such as tickets met or an uptime: a fraction that formats without flattering.

    Formatting rounds down (`f"{share:.2%}"`), so that 100 % is printed only for the whole. `Share.parse("99.9%")` is
    exactly 999/1000. Equal, ordered and hashed as the fraction that it is.

    >>> f"{Share(2999, 3000):.2%}"
    '99.96%'
    """

    __slots__ = ("fraction",)

    fraction: Fraction

    def __init__(self, part: int | Fraction, whole: int | Fraction = 1) -> None:
        if isinstance(part, float) or isinstance(whole, float):
            raise InvalidAmount("a share is exact, and a float is not", remedy='Use integers or Share.parse("99.9%")')
        if not whole:
            raise InvalidAmount("there is no share of nothing", value=whole, remedy="Use None where there is no whole")
        object.__setattr__(self, "fraction", Fraction(part) / Fraction(whole))

    @classmethod
    def parse(cls, text: str | int | Fraction | Share) -> Share:
        """Read `"99.9%"`, `"0.999"` or `"999/1000"` as the exact fraction."""
        if isinstance(text, Share):
            return text if type(text) is cls else cls(text.fraction)
        if isinstance(text, str):
            body = text.strip()
            try:
                value = Fraction(body[:-1].strip()) / 100 if body.endswith("%") else Fraction(body)
            except (ValueError, ZeroDivisionError):
                raise InvalidAmount(f"{text!r} is no share", value=text, remedy='Write it as "99.9%"') from None
            return cls(value)
        if isinstance(text, (int, Fraction)) and not isinstance(text, bool):  # type: ignore[redundant-expr]
            return cls(text)
        raise InvalidAmount(
            f"{text!r} is a {type(text).__name__}, and no exact share", value=text, remedy='Write it as text: "99.9%"'
        )

    def __format__(self, spec: str) -> str:
        found = re.fullmatch(r"(?:\.(\d+))?(%?)", spec)
        if not found:
            raise ValueError(f"unknown format {spec!r} for a share; use .2% or .4")
        scale = 100 if found[2] else 1
        places = int(found[1] or 0) if spec not in ("", "%") else (2 if found[2] else 4)
        units = self._rounded(self.fraction * scale * 10**places)
        sign, units = ("-", -units) if units < 0 else ("", units)
        whole, rest = divmod(units, 10**places)
        return f"{sign}{whole}" + (f".{rest:0{places}}" if places else "") + found[2]

    @staticmethod
    def _rounded(value: Fraction) -> int:
        return math.floor(value)

    def __str__(self) -> str:
        return f"{self:.2%}"

    @property
    def exact_text(self) -> str:
        """The share as a percentage without any rounding, or as a fraction where no decimals say it."""
        hundredfold = self.fraction * 100
        for places in range(_MOST_PLACES):
            if (hundredfold * 10**places).denominator == 1:
                units = int(hundredfold * 10**places)
                sign, units = ("-", -units) if units < 0 else ("", units)
                whole, rest = divmod(units, 10**places)
                return f"{sign}{whole}" + (f".{rest:0{places}}" if places else "") + "%"
        return str(self.fraction)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.fraction.numerator}, {self.fraction.denominator})"

    def _other(self, other: object) -> Fraction | None:
        if isinstance(other, Share):
            return other.fraction
        return Fraction(other) if isinstance(other, (int, Fraction)) else None

    def __eq__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.fraction == value

    def __lt__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.fraction < value

    def __le__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.fraction <= value

    def __gt__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.fraction > value

    def __ge__(self, other: object) -> bool:
        value = self._other(other)
        return NotImplemented if value is None else self.fraction >= value

    def __hash__(self) -> int:
        return hash(self.fraction)

    def __float__(self) -> float:
        return float(self.fraction)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Share cannot be changed ({name})")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.fraction,)


class SpentShare(Share):
    """
    A share of a budget that is spent: as any share, but shown rounded up, so that it never looks smaller than it is.

    >>> f"{SpentShare(1, 3):.1%}"
    '33.4%'
    """

    __slots__ = ()

    @staticmethod
    def _rounded(value: Fraction) -> int:
        return math.ceil(value)
