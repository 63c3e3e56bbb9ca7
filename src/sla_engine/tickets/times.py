"""
What all readers of logs share: times as logs write them, rows with their lines, and rows that could not be used.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timezone, tzinfo
from typing import Literal

from sla_engine.errors import InvalidLog

Ambiguous = Literal["refuse", "first", "last"]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that could not be used: its line, its id if it has one, and what is wrong with it."""

    line: int
    id: str
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}" + (f" ({self.id})" if self.id else "") + f": {self.problem}"


_NUMBERS = {"%Y": r"(\d{4})", "%f": r"(\d{1,6})", **dict.fromkeys(("%m", "%d", "%H", "%M", "%S"), r"(\d\d)")}
_PLACES = ("%Y", "%m", "%d", "%H", "%M", "%S", "%f")


def _by_numbers(form: str) -> Callable[[str], datetime | None] | None:
    """
    Return a quick reader of a format that has plain numbers only; None for any other.

    It answers None for what it does not recognise, so that `strptime` has the last word.
    """
    parts = re.split(r"(%.)", form)
    directives = [part for part in parts if part.startswith("%")]
    if not set(directives) <= set(_NUMBERS) or len(set(directives)) < len(directives) or "%Y" not in directives:
        return None
    if "%m" not in directives or "%d" not in directives:
        return None
    pattern = re.compile("".join(_NUMBERS.get(part) or re.escape(part) for part in parts), re.ASCII)
    order = [directives.index(place) if place in directives else None for place in _PLACES]

    def read(text: str) -> datetime | None:
        found = pattern.fullmatch(text)
        if found is None:
            return None
        numbers = found.groups()
        year, month, day, hour, minute, second = [0 if at is None else int(numbers[at]) for at in order[:6]]
        fraction = "" if order[6] is None else numbers[order[6]]
        try:
            return datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")))  # noqa: DTZ001  (the zone comes next)
        except ValueError:
            return None

    return read


@dataclass(frozen=True, slots=True)
class Times:
    """How the times of a log are written: the zone of naive ones, their format, and which of two equal local times."""

    zone: tzinfo | None
    form: str | None
    ambiguous: Ambiguous
    quickly: Callable[[str], datetime | None] | None

    @classmethod
    def written(cls, zone: tzinfo | None, form: str | None, ambiguous: Ambiguous) -> Times:
        """Return how times are written, with the quickest way to read them."""
        return cls(zone, form, ambiguous, _by_numbers(form) if form else None)

    def read(self, text: str, column: str) -> datetime:
        """Return the time that a text says; raises `InvalidLog`."""
        at = self.quickly(text) if self.quickly else None
        try:
            if at is None:
                at = datetime.strptime(text, self.form) if self.form else datetime.fromisoformat(text)  # noqa: DTZ007  (the zone comes next)
        except ValueError:
            form = f"the format {self.form!r}" if self.form else "ISO 8601 (2026-03-02T09:30:00+01:00)"
            raise InvalidLog(f"{column} {text!r} is no time in {form}") from None
        if at.tzinfo is not None:
            return at
        if self.zone is None:
            raise InvalidLog(f"{column} {text!r} has no zone; say which zone naive times are in")
        if type(self.zone) is timezone:
            return at.replace(tzinfo=self.zone)
        first, last = at.replace(tzinfo=self.zone, fold=0), at.replace(tzinfo=self.zone, fold=1)
        if first.utcoffset() == last.utcoffset():
            return first
        if first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != at:
            raise InvalidLog(f"{column} {text!r} does not exist in {self.zone}: the clock skips it")
        if self.ambiguous == "refuse":
            raise InvalidLog(
                f"{column} {text!r} happens twice in {self.zone}; say whether to take the first or the last"
            )
        return first if self.ambiguous == "first" else last


def lines_of(source: str | bytes | Iterable[str]) -> Iterator[str]:
    """Yield the lines of a log, given as text, as bytes of UTF-8 or as lines; a byte-order mark is skipped."""
    if isinstance(source, bytes):
        try:
            source = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidLog(
                f"the log is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}",
                where="log",
                remedy="Save it as UTF-8",
            ) from None
    lines = iter(io.StringIO(source, newline="") if isinstance(source, str) else source)
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def numbered(reader: Iterator[list[str]], problems: list[RowProblem]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the line on which they start; report what is no CSV, and go on after it."""
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(RowProblem(line, "", f"is no CSV: {error}"))
