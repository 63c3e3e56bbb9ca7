"""
Whole data frames of pandas, Polars and Arrow: what columns they have, and frames of the same kind made of arrays.

What a frame is, and which columns it has, Narwhals says (`pip install sla_engine[frames]`). What is in a column is read
and made by each library's own means: instants and durations are microseconds as int64, and `NULL` is no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from sla_engine.errors import InvalidLog, InvalidZone, MissingExtra
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.numbers import np
from sla_engine.zones import zone_name, zone_of

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

_KNOWN = ("pandas", "polars", "pyarrow")


def names(frame: Any) -> list[str]:
    """
    Return the names of a frame's columns, in order.

    Raises `InvalidLog` for what is no data frame of pandas, Polars or Arrow, and for one that has a column twice.
    """
    read = _read(frame)
    found: list[str] = read.collect_schema().names() if is_lazy(frame) else read.columns
    return found


def pick(frame: Any, name: str, *, what: str) -> Any:
    """
    Return a column of a frame: a Series of pandas or Polars, or a chunked array of Arrow.

    Raises `InvalidLog` for a column that is not there, or there twice; `what` is what it is for.
    """
    if is_lazy(frame):
        raise InvalidLog(
            "the frame is lazy, and has no columns yet", where=what, value=name, remedy="Collect it first: .collect()"
        )
    known = names(frame)
    if name not in known:
        raise InvalidLog(
            f"there is no column {name!r}; the columns are {', '.join(map(repr, known)) or 'none'}",
            where=what,
            value=name,
            remedy="Name the column in which it is",
        )
    return _read(frame).get_column(name).to_native()


def like(frame: Any, columns: Mapping[str, Any], *, index_of: Any = None) -> Any:
    """
    Return a frame of the same kind with the columns of a mapping; of a lazy frame, an eager one.

    The columns are those of this kind of frame, and of one length. A pandas frame has rows numbered from 0, or the
    index of `index_of`, a Series or a frame with as many rows; labels are not matched.
    """
    kind = _kind(frame)
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415

        index = None if index_of is None else index_of.index
        # With the labels of the frame, as columns are put by theirs; with their dtypes, which pandas would guess for
        # objects; and copied, so that nobody writes through.
        own = {
            name: pd.Series(getattr(column, "array", column), index=index, dtype=getattr(column, "dtype", None))
            for name, column in columns.items()
        }
        return pd.DataFrame(own, index=index, copy=True)
    if kind == "polars":
        import polars as pl  # noqa: PLC0415

        return pl.DataFrame(dict(columns))
    import pyarrow as pa  # noqa: PLC0415

    return pa.table(dict(columns))


def texts(frame: Any, codes: Ints, values: Sequence[str]) -> Any:
    """Return a column of categories, of numbers of distinct values; -1 is no value."""
    kind = _kind(frame)
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415

        dtype = pd.CategoricalDtype(pd.Index(list(values), dtype="str"))
        return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))
    if kind == "polars":
        import polars as pl  # noqa: PLC0415

        return pl.Series(values, dtype=pl.Enum(values)).gather(_of_polars(codes, codes < 0))
    import pyarrow as pa  # noqa: PLC0415

    numbers = pa.array(codes.astype(np.int32), mask=_mask(codes < 0))
    return pa.chunked_array([pa.DictionaryArray.from_arrays(numbers, pa.array(values, pa.string()))])


def strings(frame: Any, codes: Ints, values: Sequence[str]) -> Any:
    """Return a column of texts, of numbers of some values; -1 is no value."""
    made = texts(frame, codes, values)
    kind = _kind(frame)
    if kind == "pandas":
        return made.astype("str")
    if kind == "polars":
        import polars as pl  # noqa: PLC0415

        return made.cast(pl.String)
    return made.cast("string")


def instants(frame: Any, micros: Ints, zone: str | tzinfo) -> Any:
    """Return a column of instants in a zone, in microseconds; raises `InvalidZone` for one that it cannot say."""
    kind = _kind(frame)
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415

        found: Any = pd.Series(micros.view("datetime64[us]"), copy=False)
        return found.dt.tz_localize("UTC").dt.tz_convert(_zone(kind, zone))
    if kind == "polars":
        import polars as pl  # noqa: PLC0415

        return _of_polars(micros, micros == NULL).cast(pl.Datetime("us", str(_zone(kind, zone))))
    import pyarrow as pa  # noqa: PLC0415

    return _of_arrow(micros, micros == NULL, pa.timestamp("us", _zone(kind, zone)))


def durations(frame: Any, micros: Ints) -> Any:
    """Return a column of durations, in microseconds."""
    kind = _kind(frame)
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415

        return pd.Series(micros.view("timedelta64[us]"), copy=False)
    if kind == "polars":
        import polars as pl  # noqa: PLC0415

        return _of_polars(micros, micros == NULL).cast(pl.Duration("us"))
    import pyarrow as pa  # noqa: PLC0415

    return _of_arrow(micros, micros == NULL, pa.duration("us"))


def integers(frame: Any, numbers: Ints, mask: Bools | None = None) -> Any:
    """Return a column of integers; there is no value where the mask is true."""
    kind = _kind(frame)
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415

        return pd.Series(pd.arrays.IntegerArray(numbers, _whole(mask, len(numbers))), copy=False)
    return _of_polars(numbers, mask) if kind == "polars" else _of_arrow(numbers, mask)


def truths(frame: Any, bools: Bools, mask: Bools | None = None) -> Any:
    """Return a column of truths; there is no value where the mask is true."""
    kind = _kind(frame)
    if kind == "pandas":
        import pandas as pd  # noqa: PLC0415

        return pd.Series(pd.arrays.BooleanArray(bools, _whole(mask, len(bools))), copy=False)
    return _of_polars(bools, mask) if kind == "polars" else _of_arrow(bools, mask)


def taken(column: Any, rows: Ints) -> Any:
    """Return a column's values at the numbers of rows, from 0; its dtype, and the labels of a pandas index, stay."""
    if hasattr(column, "gather"):  # Polars
        return column.gather(rows)
    return column.take(rows)


def is_lazy(frame: Any) -> bool:
    """Whether a frame is a lazy one of Polars."""
    return bool(_narwhals().dependencies.is_polars_lazyframe(frame))


def lazily(frame: Any, ask: Callable[[Any], Any], schema: Mapping[str, Any]) -> Any:
    """
    Return the answer over a lazy frame of Polars as a lazy one: `ask` sees the whole frame, once, when it is collected.

    `schema` are the columns and the dtypes of what `ask` returns; Polars refuses an answer of another.
    """
    return frame.map_batches(ask, schema=dict(schema))


def _narwhals() -> Any:
    try:
        import narwhals.stable.v2 as nw  # noqa: PLC0415
    except ImportError:
        raise MissingExtra(
            "whole data frames need Narwhals", where="narwhals", remedy="pip install sla_engine[frames]"
        ) from None
    return nw


def _read(frame: Any) -> Any:
    """Return a frame as Narwhals sees it."""
    nw = _narwhals()
    try:
        read = nw.from_native(frame)
        kind = str(read.implementation.value)
        if kind in _KNOWN:
            read.collect_schema()
            return read
    except nw.exceptions.DuplicateError as error:
        raise InvalidLog(
            f"the frame has a column twice: {' '.join(str(error).split())}",
            where="frame",
            remedy="Give each column a name of its own",
        ) from None
    except TypeError:
        raise InvalidLog(
            f"{type(frame).__name__} is no data frame",
            where="frame",
            value=type(frame).__name__,
            remedy="Pass a frame of pandas or Polars, or a table of Arrow",
        ) from None
    raise InvalidLog(
        f"frames of {kind} have no columns that can be read here",
        where="frame",
        value=kind,
        remedy="Turn it into a frame of pandas or Polars, or a table of Arrow, first",
    )


def _kind(frame: Any) -> str:
    deps = _narwhals().dependencies
    if deps.is_pandas_dataframe(frame):
        return "pandas"
    if deps.is_polars_dataframe(frame) or deps.is_polars_lazyframe(frame):
        return "polars"
    if deps.is_pyarrow_table(frame):
        return "pyarrow"
    kind: str = _read(frame).implementation.value
    return kind


def _zone(kind: str, zone: str | tzinfo) -> str | tzinfo:
    """Return a zone as a library takes it; each has words of its own for a zone with one offset."""
    name = zone if isinstance(zone, str) else zone_name(zone)
    offset = name.removeprefix("UTC")
    if offset == name or not offset:
        return name
    if kind != "polars":
        return offset if kind == "pyarrow" else zone_of(name)
    hours, _, minutes = offset[1:].partition(":")
    if int(minutes):
        raise InvalidZone(
            f"Polars has no zone {name}", value=name, remedy="Ask for the instants in UTC, or in an IANA zone"
        )
    return f"Etc/GMT{'-' if offset[0] == '+' else '+'}{int(hours)}"


def _whole(mask: Bools | None, rows: int) -> Bools:
    return np.zeros(rows, dtype=np.bool_) if mask is None else mask


def _mask(mask: Bools | None) -> Bools | None:
    return mask if mask is not None and mask.any() else None


def _of_polars(values: Any, mask: Bools | None) -> Any:
    import polars as pl  # noqa: PLC0415

    made, empty = pl.Series(values), _mask(mask)
    return made if empty is None else made.set(pl.Series(empty), None)


def _of_arrow(values: Any, mask: Bools | None, kind: Any = None) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    made = pa.array(values, mask=_mask(mask))
    return pa.chunked_array([made if kind is None else made.cast(kind)])
