"""
What all readers of logs share: times as logs write them, rows with their lines, and rows that could not be used.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timezone, tzinfo
from itertools import chain
from operator import itemgetter
from os import PathLike
from typing import Any, Literal

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


_WIDTHS = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2, "%f": 6}


def _by_places(form: str) -> Callable[[str], datetime | None] | None:
    """
    Return a quick reader of a format that has each number at its place; None for any other.

    What it reads is put in the order of ISO 8601. It answers None for what it does not recognise, so that `strptime`
    has the last word.
    """
    places: dict[str, slice] = {}
    literals: dict[int, str] = {}
    at = 0
    for part in re.findall(r"%.|[^%]", form):
        if part.startswith("%"):
            if part not in _WIDTHS or part in places or "%f" in places:
                return None
            places[part] = slice(at, None if part == "%f" else at + _WIDTHS[part])
            at += _WIDTHS[part]
        else:
            literals[at] = part
            at += 1
    whole = {"%Y", "%m", "%d", "%H", "%M"} <= set(places) and ("%S" in places or "%f" not in places)
    if not whole or len(literals) <= 1:
        return None
    least = at - 5 if "%f" in places else at
    year, month, day, hour, minute = (places[one] for one in ("%Y", "%m", "%d", "%H", "%M"))
    second, fraction = places.get("%S"), places.get("%f")
    between, expected = itemgetter(*literals), tuple(literals.values())

    def read(text: str) -> datetime | None:
        if not least <= len(text) <= at or between(text) != expected:
            return None
        iso = f"{text[year]}-{text[month]}-{text[day]}T{text[hour]}:{text[minute]}"
        if second is not None:
            iso += f":{text[second]}"
            if fraction is not None:
                iso += f".{text[fraction]:0<6}"
        try:
            return datetime.fromisoformat(iso)
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
        return cls(zone, form, ambiguous, _by_places(form) if form else None)

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


Source = str | bytes | Iterable[str] | Iterable[bytes]
"""A log: its text, its bytes, which are UTF-8, or its lines, such as an open file."""


def lines_of(source: Source) -> Iterator[str]:
    """Yield the lines of a log; a byte-order mark is skipped. Raises `InvalidLog`."""
    if isinstance(source, PathLike) or not isinstance(source, Iterable):
        raise _no_log(source, "log")
    for number, line in enumerate(_lines(source)):
        if not isinstance(line, str):
            raise _no_log(line, "line of a log")
        yield line.removeprefix("\ufeff") if number == 0 else line


def _no_log(given: object, what: str) -> InvalidLog:
    return InvalidLog(
        f"{type(given).__name__} is no {what}",
        where="log",
        value=given,
        remedy="Pass its text, its bytes, such as Path(...).read_bytes(), or its lines, such as an open file",
    )


def _lines(source: Source) -> Iterable[Any]:
    if isinstance(source, str):
        return io.StringIO(source, newline="")
    if isinstance(source, bytes):
        return io.StringIO(_decoded(source), newline="")
    lines: Iterator[Any] = iter(source)
    first = next(lines, "")
    if isinstance(first, bytes):  # a file that was opened for bytes
        whole = [first, *lines]
        for line in whole:
            if not isinstance(line, bytes):
                raise _no_log(line, "line of bytes, as the first one is")
        return _lines(b"".join(whole))
    return chain([first], lines)


def _decoded(source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidLog(
            f"the log is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}",
            where="log",
            remedy="Save it as UTF-8",
        ) from None


def reader_of(lines: Iterable[str], delimiter: object) -> Iterator[list[str]]:
    """Return a reader of CSV; raises `InvalidLog` for a delimiter that is none."""
    if (
        not isinstance(delimiter, str)
        or len(delimiter) != 1
        or delimiter.isalnum()
        or not delimiter.isascii()
        or delimiter in '"\r\n'
    ):
        raise InvalidLog(
            f"{delimiter!r} does not separate columns",
            where="delimiter",
            value=delimiter,
            remedy="Give one character: ',', ';', '\\t' or '|'",
        )
    return csv.reader(lines, strict=True, delimiter=delimiter)


def header_of(reader: Iterator[list[str]]) -> list[str]:
    """Return the names of the columns; raises `InvalidLog` where there are none."""
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise InvalidLog(f"the header is no CSV: {error}", where="line 1", remedy="Save the log as CSV") from None
    if not any(header):
        raise InvalidLog("the log is empty", where="log", remedy="Pass a CSV file with a header and rows")
    return header


def places_of(header: list[str], columns: Iterable[str]) -> list[int]:
    """Return where columns stand; raises `InvalidLog` for those that are not there, and for one that stands twice."""
    wanted = list(columns)
    missing = [name for name in dict.fromkeys(wanted) if name not in header]
    if missing:
        raise InvalidLog(
            f"the log has no column {', '.join(map(repr, missing))}",
            where="line 1",
            value=header,
            remedy=other_columns(header),
        )
    for name in wanted:
        if header.count(name) > 1:
            raise InvalidLog(
                f"the column {name!r} stands {header.count(name)} times in the log",
                where="line 1",
                value=header,
                remedy="Rename or drop one of them",
            )
    return [header.index(name) for name in wanted]


def other_columns(header: list[str]) -> str:
    """Return what to do where a log has other columns than those that are read."""
    if len(header) == 1:
        if header[0].lower().endswith((".csv", ".json", ".jsonl", ".txt")):
            return f"{header[0]!r} is read as the log itself: pass the file's text or bytes, or the open file"
        for delimiter, name in _DELIMITERS.items():
            if delimiter in header[0]:
                return (
                    f"{name} seem to separate its columns: delimiter={delimiter!r}, or --delimiter on the command line"
                )
    return f"It has {', '.join(map(repr, header)) or 'none'}: say which of them to read"


_DELIMITERS = {",": "Commas", ";": "Semicolons", "\t": "Tabs", "|": "Bars"}


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


class Columns:
    """A table as CSV whose columns have names: some that it must have, and some that it may."""

    def __init__(
        self,
        source: Source,
        needed: Mapping[str, str],
        optional: Mapping[str, str] | None = None,
        *,
        delimiter: str = ",",
    ) -> None:
        self.problems: list[RowProblem] = []
        self.rows = 0
        self._reader = reader_of(lines_of(source), delimiter)
        self.header = header_of(self._reader)
        named = {**needed, **{key: column for key, column in (optional or {}).items() if column in self.header}}
        self._places = dict(zip(named, places_of(self.header, named.values()), strict=True))

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield each row's line and its cells by the keys of the columns; a row that is no row is a problem."""
        for line, cells in numbered(self._reader, self.problems):
            if not cells:
                continue
            self.rows += 1
            if len(cells) != len(self.header):
                problem = f"has {len(cells)} fields, and the header has {len(self.header)}"
                self.problems.append(RowProblem(line, "", problem))
                continue
            yield line, {key: cells[place].strip() for key, place in self._places.items()}
