"""
Deadlines of many tickets: each row by the promise that the policy makes for it, rows with the same promise together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from sla_engine.errors import InvalidLog, InvalidPolicy, SlaError, UnknownName
from sla_engine.facts import text_of
from sla_engine.frames.columns import alike, codes_of, instants_of
from sla_engine.frames.kernels.kernel import NULL
from sla_engine.frames.kernels.rows import moved, row_of
from sla_engine.frames.numbers import np
from sla_engine.frames.series import due
from sla_engine.instants import utc
from sla_engine.policies import Policy

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
    given: object = policy
    if not isinstance(given, Policy):
        raise InvalidPolicy(
            f"{type(given).__name__} is no policy",
            where="policy",
            value=type(given).__name__,
            remedy="Pass what load_policy or maxony_policy returns",
        )
    if attributes is not None and not isinstance(attributes, Mapping):
        raise InvalidLog(
            f"{type(attributes).__name__} does not say which column is which attribute",
            where="attributes",
            value=type(attributes).__name__,
            remedy='Give columns by name: {"priority": frame["priority"]}',
        )
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
    refused: list[SlaError] = []
    for rows in alike(parts, np.flatnonzero(micros != NULL)):
        first = int(rows[0])
        if codes[first] < 0:
            refused.append(UnknownName("it has no tier", where=f"row {first}", remedy="Say which tier it is in"))
            continue
        facts = {
            name: None if part[first] < 0 else text_of(values[part[first]]) for name, (part, values) in known.items()
        }
        try:
            calendar, promised = policy._promise(str(names[codes[first]]), target, utc(int(micros[first])), facts)
        except SlaError as error:
            refused.append(error.located(f"row {first}"))
            continue
        try:
            found[rows] = due(micros[rows], promised.within, calendar)
        except SlaError as error:
            refused.append(moved(error, rows.tolist().__getitem__))
    if refused:
        raise min(refused, key=row_of)
    answer: S = column.instants(found)
    return answer
