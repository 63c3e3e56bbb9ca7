"""
Columns of data frames as integers, and back: pandas, Polars and Arrow, each by the shortest way that loses nothing.

Instants are microseconds since 1970 UTC, durations microseconds, and `NULL` is no value. What comes back has the kind,
the zone, the name and the index of what was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sla_engine.errors import InvalidInstant, NaiveDatetime, NanosecondsLost, OutOfRange, SlaError
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.kernels.rows import groups
from sla_engine.frames.numbers import np
from sla_engine.zones import zone_name, zone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sla_engine.frames.kernels.kernel import Bools, Ints

_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
_MOST_CODES = 2**62


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column as integers, and how columns like it are made: of instants, of durations, of truths, of counts.
    """

    micros: Ints
    instants: Callable[[Ints], Any]
    durations: Callable[[Ints], Any]
    counts: Callable[[Ints], Any]
    truths: Callable[[Bools, Ints], Any]


class Kind(NamedTuple):
    """What a column holds: instants or durations, in which unit, and the zone of instants."""

    what: Literal["instants", "durations", "other"]
    unit: str = "us"
    zone: Any = None


def instants_of(native: Any, *, name: str, zone: str | None = None) -> Column:
    """
    Return a column of instants as integers.

    Raises `NaiveDatetime` for instants without a zone where none is given, `NanosecondsLost`, and `InvalidInstant` for
    a column of anything else.
    """
    backend, kind = _backend(native, name), kind_of(native)
    if kind.what != "instants":
        raise InvalidInstant(
            f"a column of {_dtype(native)}, where one of instants is expected",
            where=name,
            value=_dtype(native),
            remedy="Convert it to datetimes with a zone first",
        )
    if kind.zone is None:
        if zone is None:
            raise NaiveDatetime(
                "the instants have no zone",
                where=name,
                value=_dtype(native),
                remedy='Say in which zone they were written: zone="Europe/Rome"',
            )
        native = _localized(native, zone, name)
        kind = kind._replace(zone=zone)
    micros = _micros(_numbers(native, f"datetime64[{kind.unit}]"), kind.unit, name)
    if backend == "pandas":
        return _of_pandas(native, micros, kind.zone)
    return _of_polars(native.name, micros, kind.zone) if backend == "polars" else _of_arrow(micros, kind.zone)


def durations_of(native: Any, *, name: str) -> Ints:
    """Return a column of durations as integers; raises `NanosecondsLost`, and `InvalidInstant` for any other column."""
    _backend(native, name)
    kind = kind_of(native)
    if kind.what != "durations":
        raise InvalidInstant(
            f"a column of {_dtype(native)}, where one of durations is expected",
            where=name,
            value=_dtype(native),
            remedy="Convert it to durations first, or give one amount for all",
        )
    return _micros(_numbers(native, f"timedelta64[{kind.unit}]"), kind.unit, name)


def codes_of(native: Any, *, name: str, rows: int) -> tuple[Ints, list[Any]]:
    """
    Return a column as numbers of its distinct values, and those; -1 is no value.

    Raises `InvalidInstant` for a column of another length.
    """
    backend = _backend(native, name)
    if len(native) != rows:
        raise InvalidInstant(
            f"there are {rows} rows, and {len(native)} in {name}", where=name, value=len(native), remedy="Give one each"
        )
    if backend == "pandas":
        import pandas as pd  # noqa: PLC0415

        codes, values = pd.factorize(native)
        return codes.astype(np.int64), list(values)
    if backend == "polars":
        import polars as pl  # noqa: PLC0415

        values = native.drop_nulls().unique().to_list()
        return _numpy(native.replace_strict(values, range(len(values)), default=-1, return_dtype=pl.Int64)), values
    encoded = native.combine_chunks() if hasattr(native, "combine_chunks") else native
    encoded = encoded if hasattr(encoded, "indices") else encoded.dictionary_encode()
    codes = _numpy(encoded.indices.cast("int64").fill_null(-1))
    values = encoded.dictionary.to_pylist()
    if None in values:  # a dictionary may say by a number of its own that there is none
        codes = codes.copy()
        codes[np.isin(codes, [code for code, value in enumerate(values) if value is None])] = -1
    return codes, values


def groups_of(native: Any, *, name: str) -> Ints:
    """
    Return for each row the number of its value, the same for equal ones and less than there are rows; -1 is no value.
    """
    backend = _backend(native, name)
    if backend == "pandas":
        import pandas as pd  # noqa: PLC0415

        numbers: Ints = pd.factorize(native)[0].astype(np.int64, copy=False)
        return numbers
    if backend == "polars":
        import polars as pl  # noqa: PLC0415

        return _numpy((native.rank("dense").cast(pl.Int64) - 1).fill_null(-1))
    return codes_of(native, name=name, rows=len(native))[0]


def alike(parts: list[Ints], rows: Ints) -> Iterator[Ints]:
    """Yield of these rows, each there once, those alike in all parts, which are numbers from -1 on; each in order."""
    if not len(rows):
        return
    together, size = None, 1
    for part in parts:
        most = int(part.max())
        if int(part.min()) == most:
            continue
        codes = (part if len(rows) == len(part) else part[rows]) + 1
        if together is None:
            together, size = codes, most + 2
            continue
        if size * (most + 2) > _MOST_CODES:
            _, together = np.unique(together, return_inverse=True)  # no more of them than rows
            size = len(rows)
        together = together * (most + 2) + codes
        size *= most + 2
    if together is None:
        yield rows
    else:
        yield from (rows[places] for places in groups(together))


def _backend(native: Any, name: str) -> str:
    backend = type(native).__module__.partition(".")[0]
    if backend not in ("pandas", "polars", "pyarrow") or not hasattr(native, "to_numpy"):
        raise InvalidInstant(
            f"{type(native).__name__} is no column",
            where=name,
            value=type(native).__name__,
            remedy="Pass a pandas or Polars Series, or an Arrow array",
        )
    return backend


def _dtype(native: Any) -> str:
    return str(native.type if hasattr(native, "type") else native.dtype)


def kind_of(native: Any) -> Kind:
    """Return what a column holds."""
    if hasattr(native, "type"):
        return _arrow_kind(native.type)
    dtype = native.dtype
    if hasattr(dtype, "pyarrow_dtype"):
        return _arrow_kind(dtype.pyarrow_dtype)
    if hasattr(dtype, "time_unit"):  # Polars
        zone = getattr(dtype, "time_zone", None)
        return Kind("instants" if hasattr(dtype, "time_zone") else "durations", dtype.time_unit, zone)
    return _pandas_kind(dtype)


def _pandas_kind(dtype: Any) -> Kind:
    if hasattr(dtype, "tz"):
        return Kind("instants", dtype.unit, dtype.tz)
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        return Kind("instants" if dtype.kind == "M" else "durations", np.datetime_data(dtype)[0])
    return Kind("other")


def _arrow_kind(kind: Any) -> Kind:
    import pyarrow as pa  # noqa: PLC0415  (only where it is there)

    if pa.types.is_timestamp(kind):
        return Kind("instants", kind.unit, kind.tz)
    return Kind("durations", kind.unit) if pa.types.is_duration(kind) else Kind("other")


def _localized(native: Any, zone: str, name: str) -> Any:
    try:
        zone_name(zone)
    except SlaError as error:
        raise error.located("zone") from None
    try:
        if hasattr(native, "type"):
            import pyarrow.compute  # noqa: PLC0415

            return pyarrow.compute.call_function(
                "assume_timezone", [native], pyarrow.compute.AssumeTimezoneOptions(zone)
            )
        place = native.dt.tz_localize if hasattr(native.dt, "tz_localize") else native.dt.replace_time_zone
        return place(zone)
    except Exception as error:  # noqa: BLE001  (each has its own for times that are skipped or come twice)
        raise InvalidInstant(
            f"not all times exist once in {zone}: the clock skips or repeats {_unclear(native, zone) or error}",
            where=name,
            value=zone,
            remedy="Put them into the zone yourself, and say what to do with such times",
        ) from None


def _unclear(native: Any, zone: str) -> str:
    """Return the first time that the clock of a zone skips or repeats, and its row."""
    unit = kind_of(native).unit
    per = _PER_UNIT.get(unit)
    clock = zone_of(zone_name(zone))
    for row, number in enumerate(_numbers(native, f"datetime64[{unit}]").tolist()):
        if number == NULL:
            continue
        micros = number * per if per is not None else number // 1_000
        local = datetime(1970, 1, 1) + timedelta(microseconds=micros)  # noqa: DTZ001  (it has none yet)
        if local.replace(tzinfo=clock).utcoffset() != local.replace(tzinfo=clock, fold=1).utcoffset():
            return f"{local.isoformat(' ')} (row {row})"
    return ""


def _numbers(native: Any, numpy_type: str) -> Ints:
    if hasattr(native, "type"):
        import pyarrow as pa  # noqa: PLC0415

        numbers = native.cast(pa.int64())
        return _numpy(numbers.fill_null(NULL) if numbers.null_count else numbers)
    if hasattr(native, "to_physical"):  # Polars
        physical = native.to_physical()
        return _numpy(physical.fill_null(NULL) if physical.null_count() else physical)
    values: NDArray[Any] = native.to_numpy(dtype=numpy_type)
    return values.view(np.int64)


def _numpy(column: Any) -> Ints:
    found: Ints = column.to_numpy()
    return found


def _micros(numbers: Ints, unit: str, name: str) -> Ints:
    """Return numbers of a unit in microseconds; those that are no value stay so."""
    if unit == "us":
        return numbers
    empty = numbers == NULL
    if unit == "ns":
        micros, rest = np.divmod(numbers, 1_000)
        if rest[~empty].any():
            row = int(np.flatnonzero((rest != 0) & ~empty)[0])
            raise NanosecondsLost(
                f"row {row} has nanoseconds",
                where=name,
                value=int(numbers[row]),
                remedy="Round it to microseconds first",
            )
    else:
        factor = _PER_UNIT[unit]
        there = numbers[~empty]
        if len(there) and max(abs(int(there.min())), abs(int(there.max()))) > 2**63 // factor - 1:
            raise OutOfRange(f"microseconds cannot say what {unit} can here", where=name, remedy="Look at its values")
        micros = numbers * np.int64(factor)
    micros[empty] = NULL
    return micros


def _of_pandas(native: Any, micros: Ints, zone: Any) -> Column:
    import pandas as pd  # noqa: PLC0415

    def series(values: Any) -> Any:
        return pd.Series(values, index=native.index, name=native.name, copy=False)

    def instants(found: Ints) -> Any:
        return series(found.view("datetime64[us]")).dt.tz_localize("UTC").dt.tz_convert(zone)

    def counts(found: Ints) -> Any:
        return series(pd.array(found, dtype="Int64")).mask(found == NULL)

    def truths(found: Bools, told: Ints) -> Any:
        return series(pd.array(found, dtype="boolean")).mask(told == NULL)

    return Column(micros, instants, lambda found: series(found.view("timedelta64[us]")), counts, truths)


def _of_polars(name: str, micros: Ints, zone: Any) -> Column:
    import polars as pl  # noqa: PLC0415

    def series(found: Any, told: Ints) -> Any:
        made, empty = pl.Series(name, found), told == NULL
        return made.set(pl.Series(empty), None) if empty.any() else made

    return Column(
        micros,
        lambda found: series(found, found).cast(pl.Datetime("us", zone)),
        lambda found: series(found, found).cast(pl.Duration("us")),
        lambda found: series(found, found),
        series,
    )


def _of_arrow(micros: Ints, zone: Any) -> Column:
    import pyarrow as pa  # noqa: PLC0415

    def array(found: Any, told: Ints, kind: Any = None) -> Any:
        empty = told == NULL
        made = pa.array(found, mask=empty if empty.any() else None)
        return pa.chunked_array([made if kind is None else made.cast(kind)])

    return Column(
        micros,
        lambda found: array(found, found, pa.timestamp("us", zone)),
        lambda found: array(found, found, pa.duration("us")),
        lambda found: array(found, found),
        array,
    )
