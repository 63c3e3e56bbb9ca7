"""
What DuckDB's functions answer with: blocks of rows as Arrow arrays of integers in, and a table out.

Instants and amounts are microseconds. Each function is asked for a few thousand rows at a time, by any thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pyarrow as pa

from sla_engine.amounts import Amount, BusinessTime, parse_amount
from sla_engine.calendars import Calendar
from sla_engine.errors import InvalidLog, SlaError
from sla_engine.facts import text_of
from sla_engine.frames.clocks.blocks import opened_under
from sla_engine.frames.duckdb.text import ENDLESS
from sla_engine.frames.kernels import NULL, kernel_of
from sla_engine.frames.kernels.dues import Dues
from sla_engine.frames.kernels.rows import distinct, row_of
from sla_engine.frames.numbers import np
from sla_engine.instants import utc
from sla_engine.policies import Policy

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

Answer = Callable[..., Any]
Due = Callable[["Ints"], "Ints"]
K = TypeVar("K")
V = TypeVar("V")


class _Kind(NamedTuple):
    """What is answered with: a table, which DuckDB takes as it is; of an array it makes one, more slowly."""

    form: Any
    schema: Any


_MICROS, _INSTANTS = (_Kind(form, pa.schema([("answer", form)])) for form in (pa.int64(), pa.timestamp("us", "UTC")))
_ENDLESS = (2**63 - 1, 1 - 2**63)
"""What DuckDB keeps for the infinite instants."""
_MANY = 65_536
"""So many different promises are remembered at a time."""


def integers(column: Any) -> tuple[Ints, bool]:
    """Return int64 of Arrow as an array of NumPy, and whether a row of it has no value, which is `NULL` then."""
    empty = column.null_count > 0
    found: Ints = (column.fill_null(NULL) if empty else column).to_numpy()
    return found, empty


def _whole(column: Any) -> Any:
    """Return a column as one array; it is not copied where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def arrow(found: Ints, *, empty: bool, kind: _Kind = _MICROS) -> Any:
    """Return an array as a table of one column, of int64 or what has its form; with `empty`, rows may have no value."""
    if empty:
        column = pa.array(found, mask=found == NULL).view(kind.form)
    else:
        column = pa.Array.from_buffers(kind.form, len(found), [None, pa.py_buffer(found)])
    return pa.Table.from_arrays([column], schema=kind.schema)


def refused(texts: Any) -> Any:
    """Raise `InvalidLog` with the first of the texts; nothing is refused where there is none."""
    for text in texts:
        raise InvalidLog(text.as_py())
    return pa.array([], pa.int64())


def due_after(amount: Amount, calendar: Calendar) -> Due:
    """Return what answers when an amount after starts, all of which have a value, is over."""
    return Dues([(calendar, amount)]).due


def deadlines(tier: str, due: Due) -> Answer:
    """Return the function `opened -> due` of one promise."""

    def answer(opened: Any) -> Any:
        return _due(due, *integers(opened), f"the tier {tier!r}", _MICROS)

    return answer


def deadlines_at(tier: str, due: Due) -> Answer:
    """Return the same function of TIMESTAMPTZ, which is spared its way there and back: it is a number already."""

    def answer(opened: Any) -> Any:
        array = _whole(opened)
        if array.null_count:
            micros, empty = integers(array.view(_MICROS.form))
        else:  # a view of it would take longer
            micros, empty = np.frombuffer(array.buffers()[1], np.int64, len(array), 8 * array.offset), False
        try:
            return _due(due, micros, empty, f"the tier {tier!r}", _INSTANTS)
        except SlaError:
            if bool(np.isin(micros, _ENDLESS).any()):
                raise InvalidLog(ENDLESS) from None
            raise

    return answer


def _due(due: Due, micros: Ints, empty: bool, where: str, kind: _Kind) -> Any:
    """Return the deadlines of instants as a table of a kind."""
    if not empty:
        return arrow(_told(due, micros, where), empty=False, kind=kind)
    there = np.flatnonzero(micros != NULL)
    found = np.full(len(micros), NULL, dtype=np.int64)
    if len(there):
        found[there] = _told(due, micros[there], where)
    return arrow(found, empty=True, kind=kind)


def add_micros(name: str, calendar: Calendar) -> Answer:
    """Return the function `start, amount in microseconds -> due` of one calendar."""
    kernel = kernel_of(calendar)
    steps: dict[int, Due] = {}

    def answer(starts: Any, amounts: Any) -> Any:
        (micros, some), (given, others) = integers(starts), integers(amounts)
        where = f"the calendar {name!r}"
        if not (some or others):
            one = int(given[0])
            if one > 0 and bool((given == one).all()):
                due = _remembered(steps, one, lambda amount: due_after(BusinessTime(amount), calendar))
                return arrow(_told(due, micros, where), empty=False)
        found = _told(lambda at: kernel.add(at, np.where(micros == NULL, NULL, given)), micros, where)
        return arrow(found, empty=some or others)

    return answer


def add_text(name: str, calendar: Calendar) -> Answer:
    """Return the function `start, amount as text -> due` of one calendar."""
    known: dict[str, Due] = {}

    def answer(starts: Any, amounts: Any) -> Any:
        micros, _ = integers(starts)
        codes, values = _codes(amounts)
        found = np.full(len(micros), NULL, dtype=np.int64)
        for code, text in enumerate(values):
            rows = np.flatnonzero((codes == code) & (micros != NULL))
            if not len(rows):
                continue
            due = _remembered(known, text, lambda text: due_after(parse_amount(text), calendar))
            found[rows] = _told(due, micros[rows], f"the calendar {name!r}")
        return arrow(found, empty=True)

    return answer


def elapsed(name: str, calendar: Calendar) -> Answer:
    """Return the function `start, end -> open time in microseconds` of one calendar."""
    kernel = kernel_of(calendar)

    def answer(starts: Any, ends: Any) -> Any:
        (micros, some), (until, others) = integers(starts), integers(ends)
        found = _told(lambda at: kernel.elapsed(at, until), micros, f"the calendar {name!r}")
        return arrow(found, empty=some or others)

    return answer


def promises(policy: Policy) -> Answer:
    """
    Return the function `tier, opened, target, attributes as JSON -> due` of a policy whose promises depend on those.

    Rows with the same tier, target, attributes and version of the policy are answered together. A target that is empty
    is the tier's only one.
    """
    known: dict[tuple[str, str | None, str | None, int], Due] = {}
    dues: dict[tuple[int, Amount], tuple[Calendar, Due]] = {}

    def promised(key: tuple[str, str | None, str | None, int], opened: int) -> Due:
        tier, target, facts, _ = key
        calendar, promise = policy._promise(tier, target, utc(opened), _facts(facts))
        # With the calendar, so that its id stays its own.
        _, due = _remembered(
            dues, (id(calendar), promise.within), lambda _: (calendar, due_after(promise.within, calendar))
        )
        return due

    def answer(tiers: Any, opened: Any, targets: Any, attributes: Any) -> Any:
        micros, _ = integers(opened)
        columns = [_codes(tiers), _codes(targets), _codes(attributes)]
        version = opened_under([policy], None, micros)
        parts = [*((codes, len(values)) for codes, values in columns), (version, len(policy.versions))]
        rows = np.flatnonzero((micros != NULL) & (columns[0][0] >= 0))
        found = np.full(len(micros), NULL, dtype=np.int64)
        group, firsts = distinct([(codes[rows], size) for codes, size in parts], len(rows))
        for number, first in enumerate(rows[firsts].tolist()):
            tier, target, facts = (values[codes[first]] if codes[first] >= 0 else None for codes, values in columns)
            key = (str(tier), target, facts, int(version[first]))
            due = _remembered(known, key, partial(promised, opened=int(micros[first])))
            own = rows[group == number]
            found[own] = _told(due, micros[own], f"the tier {tier!r}")
        return arrow(found, empty=True)

    return answer


def _remembered(known: dict[K, V], key: K, made: Callable[[K], V]) -> V:
    """Return what is known under a key, made of it where nothing is; never None."""
    found = known.get(key)
    if found is None:
        if len(known) >= _MANY:
            known.clear()
        found = known[key] = made(key)
    return found


def _codes(column: Any) -> tuple[Ints, list[str]]:
    """Return a column of texts as numbers of its different ones, and those; -1 is no value."""
    encoded = _whole(column).dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist()


def _facts(text: str | None) -> Mapping[str, Any]:
    """Return attributes that stand in JSON; raises `InvalidLog`."""
    try:
        given = None if text is None else json.loads(text)
        if isinstance(given, str):  # JSON as a text, of which DuckDB has made JSON
            given = json.loads(given)
    except ValueError:
        given = text
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidLog(
            f"{text} are no attributes",
            where="attributes",
            value=text,
            remedy="Give a STRUCT, a MAP or JSON: {'priority': 'high'}",
        )
    for name, value in given.items():
        try:
            text_of(value)
        except SlaError as error:
            raise error.located(f"attributes.{name}") from None
    return given


def _told(ask: Due, micros: Ints, where: str) -> Ints:
    """Ask; an error tells the instant of its row, since only DuckDB knows which row of the table that is."""
    try:
        return ask(micros)
    except SlaError as error:
        row = row_of(error)
        if row >= 0:
            error.where = f"{where}, from {_moment(int(micros[row]))}{error.where.removeprefix(f'row {row}')}"
        raise


def _moment(at: int) -> str:
    """Return an instant as text; one that no datetime can say, as its number."""
    try:
        return utc(at).isoformat()
    except (SlaError, OverflowError, ValueError):
        return f"{at} microseconds since 1970"
