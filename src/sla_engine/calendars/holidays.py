"""
Holidays: rules that the `holidays` package knows, and lists of one's own.

Each rule answers one question: which dates of a year are holidays, and what they are called. The data of others is
read once per year, with the language fixed, and a year that it does not have is an error instead of an empty year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, WithJsonSchema, field_serializer, field_validator, model_validator

from sla_engine.data import Data
from sla_engine.errors import InvalidHolidays, OutOfRange, SlaError, close_to
from sla_engine.zones import version_of

_ANNUAL = re.compile(r"(\d{2})-(\d{2})")
HALF_DAY = "half_day"
_BLOCK = 5

_NAMED_DATES = {
    "type": "object",
    "propertyNames": {"format": "date"},
    "additionalProperties": {"type": "string"},
    "examples": [{"2026-12-24": "Christmas Eve"}],
}
_NAMED_DAYS = {
    "type": "object",
    "propertyNames": {"pattern": r"^\d{2}-\d{2}$"},
    "additionalProperties": {"type": "string"},
    "examples": [{"12-31": "New Year's Eve"}],
}


class YearOfHolidays(NamedTuple):
    """The holidays of one year: the closed dates with their names, and the half days, which need hours of their own."""

    closed: Mapping[date, str]
    half_days: Mapping[date, str]


class HolidayDates(Data, frozen=True):
    """
    Holidays of one's own: dates with names, and days that return every year.

    `days` are dates (`2026-12-25`), `annual` are days of every year (`"12-31"`; `"02-29"` exists in leap years only).
    `years`, where given, are the first and the last year that the list speaks for: beyond them it raises `OutOfRange`.
    """

    error: ClassVar[type[SlaError]] = InvalidHolidays

    kind: Literal["dates"] = "dates"
    days: Annotated[tuple[tuple[date, str], ...], WithJsonSchema(_NAMED_DATES)] = ()
    annual: Annotated[tuple[tuple[str, str], ...], WithJsonSchema(_NAMED_DAYS)] = ()
    years: tuple[int, int] | None = None
    source: str = ""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            days: Mapping[date, str] | Mapping[str, str] | Iterable[date | str | tuple[date, str]] = (),
            annual: Mapping[str, str] | Iterable[str] = (),
            years: tuple[int, int] | None = None,
            source: str = "",
        ) -> None: ...

    @field_validator("days", mode="before")
    @classmethod
    def _read_days(cls, given: object) -> Any:
        return tuple(sorted(((_date(day), name) for day, name in _named(given)), key=lambda item: item[0]))

    @field_validator("annual", mode="before")
    @classmethod
    def _read_annual(cls, given: object) -> Any:
        return tuple(sorted(((_month_day(day), name) for day, name in _named(given)), key=lambda item: item[0]))

    @field_serializer("days", "annual")
    def _write(self, days: tuple[tuple[date | str, str], ...]) -> dict[str, str]:
        return {str(day): name for day, name in days}

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            yield name, dict(value) if name in ("days", "annual") else value

    def in_year(self, year: int) -> YearOfHolidays:
        """Return the holidays of a year; raises `OutOfRange` beyond `years`."""
        if self.years and not self.years[0] <= year <= self.years[1]:
            raise OutOfRange(
                f"the holidays are known for {self.years[0]} to {self.years[1]}, and {year} was needed",
                value=year,
                remedy="Freeze the calendar for more years, or give the dates of that year",
            )
        closed = {}
        for text, name in self.annual:
            month, day = (int(part) for part in text.split("-"))
            if (month, day) != (2, 29) or _is_leap(year):
                closed[date(year, month, day)] = name
        closed.update({day: name for day, name in self.days if day.year == year})
        return YearOfHolidays(closed, {})

    def data_version(self) -> str | None:
        """Return where the dates came from, if that was recorded."""
        return self.source or None


class Holidays(Data, frozen=True):
    """
    The holidays of a country, of one of its subdivisions, or of a financial market, as the `holidays` package knows
    them.

    `categories` are the package's own (`"public"`, `"bank"`, `"half_day"`, ...). A half day closes nothing by itself:
    it has no hours, so the calendar must give an override for it. `observed` moves holidays on weekends as the
    country does. Names are in `language` (English where the data has it, else the country's own), never in the
    language of the machine.

    Raises `InvalidHolidays` for what the package does not know, with suggestions.
    """

    error: ClassVar[type[SlaError]] = InvalidHolidays

    kind: Literal["rules"] = "rules"
    country: str | None = None
    market: str | None = None
    subdivision: str | None = None
    categories: tuple[str, ...] = Field(default=("public",), min_length=1)
    observed: bool = True
    language: str | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            country: str | None = None,
            market: str | None = None,
            subdivision: str | None = None,
            categories: str | Iterable[str] = ("public",),
            observed: bool = True,
            language: str | None = None,
        ) -> None: ...

    @field_validator("categories", mode="before")
    @classmethod
    def _read_categories(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _known(self) -> Holidays:
        if (self.country is None) == (self.market is None):
            raise InvalidHolidays(
                "give either a country or a market",
                value=(self.country, self.market),
                remedy='country="IT" or market="XNYS"',
            )
        entity = _entity(self.country, self.market)
        _choice("subdivision", self.subdivision, _subdivisions(entity))
        for category in self.categories:
            _choice("category", category, entity.supported_categories)
        if self.language is not None:
            _choice("language", self.language, entity.supported_languages)
        return self

    def in_year(self, year: int) -> YearOfHolidays:
        """Return the holidays of a year; raises `OutOfRange` where the data has no such year."""
        return _of_year(self, year)

    def data_version(self) -> str | None:
        """Return the version of the data that answers."""
        return f"holidays {version_of('holidays')}"


HolidayRule = Holidays | HolidayDates


def _entity(country: str | None, market: str | None) -> Any:
    import holidays  # noqa: PLC0415  (75 ms, paid only by calendars that ask for it)

    name = (country or market or "").strip()
    known = holidays.list_supported_countries() if country is not None else holidays.list_supported_financial()
    if name not in known:
        what = "country" if country is not None else "market"
        close = [name.upper()] if name.upper() in known else close_to(name.upper(), known, n=3)
        raise InvalidHolidays(
            f"{name!r} is no {what} that holidays {version_of('holidays')} knows",
            where=what,
            value=name,
            remedy=f"Did you mean {', '.join(close)}?" if close else "Use its ISO code, or give your own list of dates",
            suggestions=tuple(close),
        )
    return getattr(holidays, name)


def _subdivisions(entity: Any) -> Iterable[str]:
    return (*entity.subdivisions, *entity.subdivisions_aliases, *getattr(entity, "_deprecated_subdivisions", ()))


def _choice(what: str, given: str | None, known: Iterable[str]) -> None:
    known = tuple(known)
    if given is None or given in known:
        return
    close = close_to(given, known, n=3)
    few = ", ".join(known[:40]) + (", ..." if len(known) > 40 else "")  # noqa: PLR2004
    raise InvalidHolidays(
        f"{given!r} is no {what} that is known there",
        where=what,
        value=given,
        remedy=f"Did you mean {', '.join(close)}? Known: {few}" if close else f"Known: {few or 'none'}",
        suggestions=tuple(close),
    )


@lru_cache(maxsize=4096)
def _of_year(rule: Holidays, year: int) -> YearOfHolidays:
    entity = _entity(rule.country, rule.market)
    if not entity.start_year <= year <= entity.end_year:
        name = rule.country or rule.market
        raise OutOfRange(
            f"holidays {version_of('holidays')} knows {name} from {entity.start_year} to "
            f"{entity.end_year}, and {year} was needed",
            value=year,
            remedy="Ask about other years, or give your own list of dates",
        )
    return _of_block(rule, year // _BLOCK)[year]


@lru_cache(maxsize=1024)
def _of_block(rule: Holidays, block: int) -> dict[int, YearOfHolidays]:
    """Return several years at once: each needs its neighbours worked out too, and those cost as much as itself."""
    entity = _entity(rule.country, rule.market)
    first, last = max(block * _BLOCK, entity.start_year), min(block * _BLOCK + _BLOCK - 1, entity.end_year)
    # An observed holiday may lie in the year before or after the one that it belongs to.
    years = range(max(first - 1, entity.start_year), min(last + 1, entity.end_year) + 1)
    language = rule.language or ("en_US" if "en_US" in entity.supported_languages else entity.default_language)

    def resolve(categories: list[str]) -> dict[int, dict[date, str]]:
        by_year: dict[int, dict[date, str]] = {year: {} for year in range(first, last + 1)}
        if categories:
            found = entity(
                years=years,
                subdiv=rule.subdivision,
                categories=tuple(categories),
                observed=rule.observed,
                language=language,
                expand=False,
            )
            for day in sorted(found):
                if day.year in by_year:
                    by_year[day.year][day] = found[day]
        return by_year

    closed = resolve([category for category in rule.categories if category != HALF_DAY])
    half_days = resolve([category for category in rule.categories if category == HALF_DAY])
    return {
        year: YearOfHolidays(days, {day: name for day, name in half_days[year].items() if day not in days})
        for year, days in closed.items()
    }


def read_rules(given: object) -> tuple[object, ...]:
    """Read `holidays=`: one rule or several, dates or a mapping of dates to names; dates are gathered into one rule."""
    if given is None:
        return ()
    if isinstance(given, (Holidays, HolidayDates)) or (isinstance(given, Mapping) and _is_rule(given)):
        return (given,)
    _refuse_filled(given)
    if isinstance(given, Mapping):
        items: list[object] = [given]
    elif isinstance(given, (str, date)) or not isinstance(given, Iterable):
        items = [[given]]
    else:
        items = list(given)
    rules: list[object] = []
    days: dict[date, str] = {}
    annual: dict[str, str] = {}
    for item in items:
        _refuse_filled(item)
        if isinstance(item, (Holidays, HolidayDates)) or (isinstance(item, Mapping) and _is_rule(item)):
            rules.append(item)
            continue
        for day, name in _named(item if isinstance(item, (Mapping, list, tuple, set, frozenset)) else [item]):
            if isinstance(day, str) and _ANNUAL.fullmatch(day.strip()):
                annual[_month_day(day)] = name
            else:
                days[_date(day)] = name
    if days or annual:
        rules.append(HolidayDates(days=days, annual=annual))
    return tuple(rules)


def _refuse_filled(given: object) -> None:
    """Raise `InvalidHolidays` for an object of the package holidays: it only has the years that were looked at."""
    if isinstance(given, Mapping) and hasattr(given, "years") and hasattr(given, "observed"):
        country, market = getattr(given, "country", None), getattr(given, "market", None)
        own = f'market="{market}"' if market else f'country="{country or "IT"}"'
        raise InvalidHolidays(
            f"an object of the package holidays ({type(given).__name__}) has only the years that it was asked about",
            value=type(given).__name__,
            remedy=f"Pass sla_engine.Holidays({own})",
        )


def _is_rule(given: Mapping[Any, Any]) -> bool:
    return bool(given.keys() & {"kind", "country", "market", "days", "annual", "subdivision", "categories"})


def _named(given: object) -> list[tuple[object, str]]:
    if isinstance(given, Mapping):
        return [(day, str(name)) for day, name in given.items()]
    if isinstance(given, Iterable) and not isinstance(given, str):
        return [
            (item[0], str(item[1])) if isinstance(item, (tuple, list)) and len(item) == 2 else (item, "")  # noqa: PLR2004
            for item in given
        ]
    raise InvalidHolidays(f"{given!r} is no list of dates", value=given, remedy='Write ["2026-12-24", "12-31"]')


def _date(given: object) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str):
        try:
            return date.fromisoformat(given.strip())
        except ValueError:
            pass
    raise InvalidHolidays(
        f"{given!r} is no date", value=given, remedy='Write it as "2026-12-24", or "12-24" for every year'
    )


def _month_day(given: object) -> str:
    if isinstance(given, str) and (found := _ANNUAL.fullmatch(given.strip())):
        try:
            date(2000, int(found[1]), int(found[2]))
        except ValueError:
            pass
        else:
            return given.strip()
    raise InvalidHolidays(f"{given!r} is no day of the year", value=given, remedy='Write it as "12-24"')


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
