"""
The files of a log, batch by batch: Parquet and CSV, with instants as microseconds in UTC, and never a whole file.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq

from sla_engine.errors import InvalidLog, SlaError
from sla_engine.frames.columns import codes_of, instants_of
from sla_engine.frames.kernels import NULL
from sla_engine.frames.numbers import np
from sla_engine.instants import to_micros
from sla_engine.tables import Times, other_columns, reader_of

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

pc: Any = pyarrow.compute  # its functions are made when it is imported, and checkers know none of them
ROWS = 131_072
"""So many rows are read at a time."""
KEPT = 1_000
"""So many problems are kept; all are counted."""
INSTANT = pa.timestamp("us", "UTC")
FILE, ROW, PROBLEM = "\0file", "\0row", "\0problem"
"""Columns that say where a row stands, the number of its file and its number there, and what is wrong with it."""
_SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A row that could not be used: its file, its number in it (from 1, without a header), its ticket, and why."""

    file: str
    row: int
    id: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file} row {self.row}" + (f" ({self.id})" if self.id else "") + f": {self.problem}"


@dataclass
class Problems:
    """The rows that could not be used: how many, and the first of them."""

    count: int = 0
    kept: list[FileProblem] = field(default_factory=list)

    def add(self, file: str, row: int, name: str, problem: str) -> None:
        """Add a row."""
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(FileProblem(file, row, name, problem))


def files_of(path: Path) -> list[Path]:
    """Return the files of a log in the order of their names; raises `InvalidLog` where there are none."""
    if not path.is_dir():
        found = [path]
    else:
        found = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix.lower() in _SUFFIXES)
    if not found or found[0].suffix.lower() not in _SUFFIXES:
        raise InvalidLog(
            "there are no files of Parquet or CSV",
            where=str(path),
            value=str(path),
            remedy="Give a directory of .parquet or .csv files, or one of them",
        )
    if not all(one.exists() for one in found):
        raise InvalidLog("there is no such file", where=str(path), value=str(path), remedy="Look at its name")
    return found


def header_of(file: Path, delimiter: str) -> list[str]:
    """Return the names of a file's columns."""
    if file.suffix.lower() == ".parquet":
        try:
            return list(pq.read_schema(file).names)
        except pa.ArrowInvalid as error:
            raise InvalidLog(f"it is no Parquet: {error}", where=str(file), remedy="Write it again") from None
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return [name.strip() for name in next(reader_of(lines, delimiter), [])]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidLog(f"the header is no CSV: {error}", where=str(file), remedy="Save it as CSV, in UTF-8") from None


@dataclass
class Reader:
    """
    Reads the columns of some files: `names` as they are, `instants` as microseconds in UTC.

    Rows of CSV with more or fewer fields than the header, and those whose instants cannot be read, are `problems`;
    `rows` counts all. An instant that is not there is a problem too, but for those that are in `optional`; and so is a
    text of the column `named` for which `unknown` has a word. Texts of ids lose the blanks around them. With `placed`,
    each row says where it stands, and one whose instants cannot be used is there too and says why: it has an id.
    """

    files: Sequence[Path]
    names: Sequence[str]
    instants: Sequence[str]
    id: str
    times: Times
    zone: str | None = None
    optional: Sequence[str] = ()
    problems: Problems = field(default_factory=Problems)
    named: str | None = None
    unknown: Callable[[str], str | None] | None = None
    placed: bool = False
    delimiter: str = ","
    rows: int = 0
    done: int = 0
    """How many bytes of the files have been read, about."""
    schema: Any = None
    skipped: list[int] = field(default_factory=list)
    """The numbers of the rows of a file that have not as many fields as its header."""

    def __post_init__(self) -> None:
        for file in self.files:
            header = header_of(file, self.delimiter)
            for name in (*self.names, *self.instants):
                if header.count(name) != 1:
                    raise InvalidLog(
                        f"the column {name!r} stands {header.count(name)} times in it",
                        where=str(file),
                        value=header,
                        remedy=other_columns(header),
                    )

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.stat().st_size for file in self.files)

    def batches(self) -> Iterator[Any]:
        """Yield tables of rows that can be used, in the order of the files."""
        before = 0
        for file in self.files:
            size, first = file.stat().st_size, 1
            self.skipped = []
            for batch, share in self._raw(file):
                self.rows += batch.num_rows
                # Rows that were skipped have numbers too.
                rest = np.array(self.skipped, dtype=np.int64) - np.arange(1, len(self.skipped) + 1)
                good = np.arange(first, first + batch.num_rows, dtype=np.int64)
                made = self._made(file, batch, good + np.searchsorted(rest, good))
                first += batch.num_rows
                self.done = before + int(share * size)
                if made.num_rows:
                    yield made
            before += size
            self.done = before

    def _raw(self, file: Path) -> Iterator[tuple[Any, float]]:
        names = [*self.names, *self.instants]
        if file.suffix.lower() == ".parquet":
            source = pq.ParquetFile(file, buffer_size=2**20)  # no row group is read at once
            rows = max(source.metadata.num_rows, 1)
            done = 0
            with source:
                for batch in source.iter_batches(ROWS, columns=names, use_threads=False):
                    done += batch.num_rows
                    yield pa.table(batch).select(names), done / rows
            return
        header = header_of(file, self.delimiter)

        def wrong(row: Any) -> str:
            self.rows += 1
            problem = f"has {row.actual_columns} fields, and the header has {row.expected_columns}"
            self.skipped.append(row.number - 1)  # the header has a number
            self.problems.add(str(file), row.number - 1, "", problem)
            return "skip"

        size = max(file.stat().st_size, 1)
        with file.open("rb") as stream:
            try:
                reader = pyarrow.csv.open_csv(
                    stream,
                    pyarrow.csv.ReadOptions(use_threads=False, block_size=2**22, column_names=header, skip_rows=1),
                    pyarrow.csv.ParseOptions(
                        delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=wrong
                    ),
                    pyarrow.csv.ConvertOptions(
                        column_types=dict.fromkeys(header, pa.string()), include_columns=names, null_values=[]
                    ),
                )
                for batch in reader:
                    yield pa.table(batch), min(stream.tell() / size, 1.0)
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                raise InvalidLog(f"it is no CSV: {error}", where=str(file), remedy="Save it as CSV, in UTF-8") from None

    def _made(self, file: Path, batch: Any, numbers: Ints) -> Any:
        columns = {name: _plain(batch.column(name)) for name in self.names}
        if columns[self.id].type == pa.string():
            columns[self.id] = pc.utf8_trim_whitespace(columns[self.id])
        good = np.ones(batch.num_rows, dtype=np.bool_)
        rows = _Rows(str(file), numbers, columns[self.id], good, self.problems, {} if self.placed else None)
        rows.drop(_empty(rows.ids), f"{self.id} is empty")
        for name in self.instants:
            micros = self._micros(rows, _plain(batch.column(name)), name)
            columns[name] = pa.array(micros, mask=micros == NULL).cast(INSTANT)
        if self.named is not None:
            self._look(rows, columns[self.named])
        if self.placed:
            columns[FILE] = pa.array(np.full(batch.num_rows, self.files.index(file), dtype=np.int64))
            columns[ROW] = pa.array(numbers)
            columns[PROBLEM] = rows.told()
        table = pa.table(columns)
        if self.schema is None:
            self.schema = table.schema
        elif table.schema != self.schema:
            old, new = next(
                (one, other) for one, other in zip(self.schema, table.schema, strict=True) if one.type != other.type
            )
            raise InvalidLog(
                f"the column {new.name!r} is {new.type} here, and {old.type} in the files before",
                where=str(file),
                value=str(new.type),
                remedy="Write all files with the same columns",
            )
        return table if rows.good.all() else table.filter(pa.array(rows.good))

    def _look(self, rows: _Rows, names: Any) -> None:
        """Take rows whose name is not known for problems."""
        assert self.unknown is not None  # noqa: S101  (it goes with the column)
        codes, values = codes_of(names, name=str(self.named), rows=len(names))
        for code, value in enumerate(values):
            problem = self.unknown(str(value).strip())
            if problem is not None:
                rows.refuse(codes == code, problem)

    def _micros(self, rows: _Rows, given: Any, name: str) -> Any:
        """Return a column of instants as integers; rows that have none, or cannot be read, are problems."""
        if given.type != pa.string():
            try:
                micros = instants_of(given, name=name, zone=self.zone).micros
            except SlaError as error:
                raise error.located(rows.file) from None
            missing = micros == NULL
        else:
            given = pc.utf8_trim_whitespace(given)
            missing = _empty(given)
            micros = self._quickly(given, missing)
            if micros is None:
                micros = self._one_by_one(rows, given, name)
        if name not in self.optional:
            rows.refuse(missing, f"{name} is empty")
        return micros

    def _quickly(self, given: Any, missing: Any) -> Any:
        """Return what ISO 8601 with offsets says; None where something else is written."""
        if self.times.form is not None:
            return None
        try:
            blank = pc.if_else(pa.array(missing), None, given)
            return blank.cast(INSTANT).cast(pa.int64()).fill_null(NULL).to_numpy()
        except pa.ArrowInvalid:
            return None

    def _one_by_one(self, rows: _Rows, given: Any, name: str) -> Any:
        micros = np.full(len(given), NULL, dtype=np.int64)
        for row, text in enumerate(given.to_pylist()):
            if text:
                try:
                    micros[row] = to_micros(self.times.read(text, name))
                except SlaError as error:
                    rows.refuse_row(row, error.problem)
        return micros


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a batch: their numbers, which can be used, and why those that are kept all the same cannot."""

    file: str
    numbers: Ints
    ids: Any
    good: Any
    problems: Problems
    kept: dict[int, str] | None

    def refuse(self, wrong: Any, problem: str) -> None:
        """Take rows for problems that were none before."""
        for row in np.flatnonzero(wrong & self.good).tolist():
            self.refuse_row(row, problem)

    def refuse_row(self, row: int, problem: str) -> None:
        """Take a row for a problem, unless it is one already."""
        if self.good[row]:
            if self.kept is None:
                self._drop(row, problem)
            else:
                self.kept.setdefault(row, problem)

    def drop(self, wrong: Any, problem: str) -> None:
        """Take rows for problems that nobody needs to know of any more."""
        for row in np.flatnonzero(wrong).tolist():
            self._drop(row, problem)

    def _drop(self, row: int, problem: str) -> None:
        self.problems.add(self.file, int(self.numbers[row]), _id(self.ids, row), problem)
        self.good[row] = False

    def told(self) -> Any:
        """Return why each row that is kept cannot be used."""
        kept, rows = self.kept or {}, len(self.numbers)
        return pa.array([kept.get(row) for row in range(rows)], pa.string()) if kept else pa.nulls(rows, pa.string())


def _id(ids: Any, row: int) -> str:
    value = ids[row].as_py()
    return "" if value is None else str(value).strip()


def _plain(column: Any) -> Any:
    """Return a column as one array without dictionaries, and texts as one kind of text."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    if pa.types.is_integer(array.type) and array.type != pa.int64():
        array = array.cast(pa.int64())
    return array


def _empty(column: Any) -> Any:
    """Whether each row has no value, or an empty text."""
    if column.type == pa.string():
        return pc.equal(pc.utf8_trim_whitespace(column), "").fill_null(fill_value=True).to_numpy(zero_copy_only=False)
    return column.is_null().to_numpy(zero_copy_only=False)
