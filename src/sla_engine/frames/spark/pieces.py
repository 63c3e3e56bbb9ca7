"""
Sorted batches of an event log, put together and cut again so that each piece has whole tickets, and not too many rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sla_engine.errors import InvalidInstant, InvalidLog
from sla_engine.frames.numbers import np
from sla_engine.frames.spark.library import pa
from sla_engine.instants import utc_text

ROWS = 2**18
"""So many rows are a piece, and as many more as its last ticket has."""


def together(batches: Iterable[Any], rows: int = ROWS) -> Iterator[Any]:
    """Yield tables of so many rows or more, of batches in their order; the last may have less."""
    kept: list[Any] = []
    count = 0
    for batch in batches:
        kept.append(batch)
        count += batch.num_rows
        if count >= rows:
            yield pa.Table.from_batches(kept)
            kept, count = [], 0
    if count:
        yield pa.Table.from_batches(kept)


def whole_tickets(batches: Iterable[Any], ticket: str, rows: int = ROWS) -> Iterator[Any]:
    """
    Yield tables with whole tickets, of batches whose rows are sorted by ticket.

    Raises `InvalidLog` for a row without a ticket, and where a ticket comes back: then its rows were not together.
    """
    rest: Any = None
    last: Any = None
    for table in together(batches, rows):
        column = table[ticket]
        if column.null_count:
            raise InvalidLog("an event has no ticket", where=ticket, remedy="Say which ticket it belongs to")
        joined = table if rest is None else pa.concat_tables([rest, table])
        names = joined[ticket].combine_chunks()
        start = _begin_of_last(names)
        rest = joined.slice(start)
        if start:
            last = _in_order(last, names.slice(0, start), ticket)
            yield joined.slice(0, start).combine_chunks()
    if rest is not None:
        _in_order(last, rest[ticket].combine_chunks(), ticket)
        yield rest.combine_chunks()


def _begin_of_last(names: Any) -> int:
    """Return the first row of the ticket of the last row."""
    if len(names) < 2:  # noqa: PLR2004  (one row is one ticket)
        return 0
    others = np.flatnonzero(_differ(names))
    return int(others[-1]) + 1 if len(others) else 0


def _in_order(last: Any, names: Any, ticket: str) -> Any:
    """Return the last ticket of a piece; raises where its first comes before the last of the piece before."""
    first = names[0].as_py()
    if last is not None and not last < first:
        raise InvalidLog(
            f"the rows of ticket {first!r} are not together",
            where=ticket,
            value=first,
            remedy="Leave the rows in the order in which they were sorted",
        )
    return names[-1].as_py()


def check_order(table: Any, ticket: str, at: str, order: Iterable[str]) -> None:
    """
    Raise where a row has no instant, or two different events of a ticket are at one instant and nothing says which
    came first.

    Rows of Spark have no order but that of their columns. The table is sorted by ticket, instant and `order`.
    """
    if table[at].null_count:
        row = int(np.flatnonzero(table[at].is_null().to_numpy())[0])
        raise InvalidInstant(
            "an event has no instant",
            where=f"ticket {table[ticket][row].as_py()}",
            remedy="Say when it happened, or drop the row",
        )
    if table.num_rows < 2:  # noqa: PLR2004  (one row stands alone)
        return
    alike = ~_differ(table[ticket].combine_chunks())
    for name in (at, *order):
        alike &= ~_differ(table[name].combine_chunks())
    rows = np.flatnonzero(alike)
    if not len(rows):
        return
    others = [name for name in table.column_names if name not in (ticket, at, *order)]
    one, next_one = (table.select(others).take(rows + step) for step in (0, 1))
    for name in others:
        for place, (here, there) in enumerate(zip(one[name].to_pylist(), next_one[name].to_pylist(), strict=True)):
            if here != there:
                row = int(rows[place])
                when = table[at][row]
                raise InvalidLog(
                    f"two events at {utc_text(when.as_py()) if pa.types.is_int64(when.type) else when}, and nothing"
                    f" says which came first: their {name} is {here!r} and {there!r}",
                    where=f"ticket {table[ticket][row].as_py()}",
                    value=[here, there],
                    remedy="Rows of Spark have no order: name the column that numbers the events: order=",
                )


def _differ(column: Any) -> Any:
    """Return for each row but the first whether it differs from the one before; nothing equals nothing."""
    codes = column.dictionary_encode()
    numbers = codes.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return numbers[1:] != numbers[:-1]
