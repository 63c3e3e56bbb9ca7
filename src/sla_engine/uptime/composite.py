"""
The availability of services together: in series, in parallel, k of n; under independence, and without assuming any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sla_engine.errors import InvalidAmount
from sla_engine.shares import Share


@dataclass(frozen=True, slots=True)
class Together:
    """
    What the availabilities of several services say of them together.

    `independent` is exact if their outages have nothing to do with one another; `lowest` and `highest` bound it
    whatever they have to do with one another (after Frechet).
    """

    independent: Share
    lowest: Share
    highest: Share


def series(parts: Iterable[str | Fraction | Share]) -> Together:
    """
    Return the availability of services of which each is needed.

    >>> str(series(["99.95%", "99.99%"]).independent)
    '99.94%'
    """
    shares = _shares(parts)
    return k_of_n(len(shares), shares)


def parallel(parts: Iterable[str | Fraction | Share]) -> Together:
    """
    Return the availability of services of which any will do.

    >>> together = parallel(["99%", "99%"])
    >>> str(together.independent), str(together.lowest), str(together.highest)
    ('99.99%', '99.00%', '100.00%')
    """
    return k_of_n(1, _shares(parts))


def k_of_n(needed: int, parts: Iterable[str | Fraction | Share]) -> Together:
    """
    Return the availability of services of which some number is needed.

    Raises `InvalidAmount` for shares beyond 0 and 1, and for a number that there is not.
    """
    shares = [share.fraction for share in _shares(parts)]
    if not isinstance(needed, int) or isinstance(needed, bool) or not 1 <= needed <= len(shares):  # type: ignore[redundant-expr]
        raise InvalidAmount(
            f"{needed!r} of {len(shares)} services cannot be needed",
            value=needed,
            remedy="Ask for one up to all of them",
        )
    return Together(Share(_at_least(needed, shares)), Share(_lowest(needed, shares)), Share(_highest(needed, shares)))


def _shares(parts: Iterable[Any]) -> list[Share]:
    if isinstance(parts, str):
        raise InvalidAmount(f"{parts!r} is one availability", value=parts, remedy='Give a list: ["99.9%", "99.95%"]')
    shares = [Share.parse(part) for part in parts]
    for share in shares:
        if not 0 <= share.fraction <= 1:
            raise InvalidAmount(
                f"an availability of {share.fraction} is impossible", value=str(share.fraction), remedy='Write "99.9%"'
            )
    if not shares:
        raise InvalidAmount("no service is given", remedy="Name at least one")
    return shares


def _at_least(needed: int, shares: list[Fraction]) -> Fraction:
    """Return the chance that so many are up, if they are independent: the distribution, built up one by one."""
    chances = [Fraction(1)]
    for share in shares:
        chances = [
            (chances[up] if up < len(chances) else 0) * (1 - share) + (chances[up - 1] * share if up else 0)
            for up in range(len(chances) + 1)
        ]
    return sum(chances[needed:], Fraction(0))


def _highest(needed: int, shares: list[Fraction]) -> Fraction:
    """
    Return the most that can be up so many at a time, whatever the dependence.

    If r of them are always up, the others must make up the rest: the sum of their shares, at `needed - r` at a time.
    The sharp bound is the least of these over r, with the r most available ones set aside (Rueger 1978).
    """
    rising = sorted(shares)
    bounds = [sum(rising[: len(rising) - aside], Fraction(0)) / (needed - aside) for aside in range(needed)]
    return min(Fraction(1), *bounds)


def _lowest(needed: int, shares: list[Fraction]) -> Fraction:
    """Return the least that must be up so many at a time: all but what can be down too many at a time."""
    too_many = len(shares) - needed + 1
    return 1 - _highest(too_many, [1 - share for share in shares])
