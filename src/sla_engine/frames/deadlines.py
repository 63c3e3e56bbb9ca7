"""
Deadlines of many tickets: each row by the promise that the policy makes for it, rows with the same promise together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from sla_engine.errors import SlaError, UnknownName
from sla_engine.facts import text_of
from sla_engine.frames.columns import codes_of, instants_of
from sla_engine.frames.kernel import NULL
from sla_engine.frames.numbers import np
from sla_engine.frames.series import due
from sla_engine.instants import utc
from sla_engine.policies import Policy

if TYPE_CHECKING:
    from sla_engine.frames.kernel import Ints

S = TypeVar("S")


def deadline(
    opened: S,
    tier: Any,
    policy: Policy,
    *,
    target: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    zone: str | None = None,
) -> S:
    """
    Return when a tier's target is due for tickets opened at the instants of a column.

    `tier` is a column of names, or one name for all; `attributes` are columns too, by the name of the attribute, for
    policies with rules, customers or versions. `zone` is that of instants that have none. A row that was not opened has
    no deadline. Raises what `policy.deadline` and `add` do; `where` names the row.
    """
    column = instants_of(opened, name="opened", zone=zone)
    micros = column.micros
    if isinstance(tier, str):
        names: list[Any] = [tier]
        codes = np.zeros(len(micros), dtype=np.int64)
    else:
        codes, names = codes_of(tier, name="tier", rows=len(micros))
    known = {name: codes_of(given, name=name, rows=len(micros)) for name, given in (attributes or {}).items()}
    parts = [codes, *(part for part, _ in known.values())]
    if policy.versions:
        parts.append(np.searchsorted(np.array(policy._starts, dtype=np.int64), micros, side="right") - 1)
    found = np.full(len(micros), NULL, dtype=np.int64)
    for rows in _groups(parts, np.flatnonzero(micros != NULL)):
        first = int(rows[0])
        if codes[first] < 0:
            raise UnknownName("it has no tier", where=f"row {first}", remedy="Say which tier it is in")
        facts = {
            name: None if part[first] < 0 else text_of(values[part[first]]) for name, (part, values) in known.items()
        }
        try:
            calendar, promised = policy._promise(str(names[codes[first]]), target, utc(int(micros[first])), facts)
        except SlaError as error:
            raise error.located(f"row {first}") from None
        try:
            found[rows] = due(micros[rows], promised.within, calendar)
        except SlaError as error:
            error.where = f"row {rows[int(error.where.removeprefix('row '))]}"
            raise
    answer: S = column.instants(found)
    return answer


def _groups(parts: list[Ints], rows: Ints) -> Iterator[Ints]:
    """Yield the rows that are alike in all parts."""
    if not len(rows):
        return
    together = np.zeros(len(rows), dtype=np.int64)
    for part in parts:
        # Codes of what is alike so far, made dense again, so that they never grow beyond the number of rows.
        _, together = np.unique(together * (int(part.max()) + 2) + part[rows] + 1, return_inverse=True)
    order = np.argsort(together, kind="stable")
    edges = np.flatnonzero(np.diff(together[order])) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(order)]):
        yield rows[order[start:stop]]
