"""
Deadlines of many tickets: each row by the promise that the policy makes for it, rows with the same promise together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sla_engine.errors import InvalidLog, InvalidPolicy, SlaError, UnknownName
from sla_engine.facts import text_of
from sla_engine.frames.columns import codes_of, instants_of
from sla_engine.frames.kernels.dues import Dues
from sla_engine.frames.kernels.rows import NULL, distinct, moved
from sla_engine.frames.numbers import np
from sla_engine.instants import utc
from sla_engine.policies import Policy

if TYPE_CHECKING:
    from sla_engine.frames.kernels.rows import Ints, Rows

S = TypeVar("S")
_MANY = 65_536
"""So many different combinations of facts are remembered at a time."""


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
    check_policy(policy)
    if attributes is not None and not isinstance(attributes, Mapping):
        raise InvalidLog(
            f"{type(attributes).__name__} does not say which column is which attribute",
            where="attributes",
            value=type(attributes).__name__,
            remedy='Give columns by name: {"priority": frame["priority"]}',
        )
    return Deadlines(policy, target, again=False).of_column(opened, tier, attributes or {}, zone)


def check_policy(policy: object) -> None:
    """Raise `InvalidPolicy` for what is no policy."""
    if not isinstance(policy, Policy):
        raise InvalidPolicy(
            f"{type(policy).__name__} is no policy",
            where="policy",
            value=type(policy).__name__,
            remedy="Pass what load_policy or maxony_policy returns",
        )


class _Names(NamedTuple):
    """A column of names, as numbers of its distinct ones; -1 is none."""

    codes: Ints
    values: list[Any]

    def of(self, row: int) -> Any:
        """Return the name of a row; None where there is none."""
        return None if self.codes[row] < 0 else self.values[self.codes[row]]

    def only(self, rows: Rows) -> _Names:
        """Return those of some rows."""
        return _Names(self.codes[rows], self.values)


class Deadlines:
    """
    The deadlines of one target of a policy, for blocks of rows: which promises there are is remembered.

    With `again` so many blocks are asked about that a table of their answers pays.
    """

    def __init__(self, policy: Policy, target: str | None, *, again: bool) -> None:
        self._policy = policy
        self._target = target
        self._dues = Dues(again=again)
        self._numbers: dict[tuple[str, tuple[str | None, ...], tuple[str, ...], int], int] = {}

    def of_column(self, opened: S, tier: Any, attributes: Mapping[str, Any], zone: str | None) -> S:
        """Return the deadlines of a column; takes and raises what `deadline` does."""
        column = instants_of(opened, name="opened", zone=zone)
        rows = len(column.micros)
        if isinstance(tier, str):
            tiers = _Names(np.zeros(rows, dtype=np.int64), [tier])
        else:
            tiers = _Names(*codes_of(tier, name="tier", rows=rows))
        facts = {name: _Names(*codes_of(given, name=name, rows=rows)) for name, given in attributes.items()}
        if rows and int(column.micros.min()) == NULL:
            there = np.flatnonzero(column.micros != NULL)
            tiers, facts = tiers.only(there), {name: given.only(there) for name, given in facts.items()}
            found = np.full(rows, NULL, dtype=np.int64)
            try:
                found[there] = self._due(column.micros[there], tiers, facts)
            except SlaError as error:
                raise moved(error, there.tolist().__getitem__) from None
        else:
            found = self._due(column.micros, tiers, facts)
        answer: S = column.instants(found)
        return answer

    def _due(self, opened: Ints, tiers: _Names, facts: Mapping[str, _Names]) -> Ints:
        """Return when rows are due, all of which were opened."""
        starts = self._policy._starts if self._policy.versions else ()
        if not (facts or starts):
            which = self._of_tiers(tiers)
            if which is not None:
                return self._dues.due(opened, which)
        version = np.searchsorted(np.array(starts, dtype=np.int64), opened, side="right") - 1
        parts = [(one.codes, len(one.values)) for one in (tiers, *facts.values())]
        group, firsts = distinct([*parts, (version, len(starts))], len(opened))
        numbers = np.empty(len(firsts), dtype=np.int64)
        # By their order, so that all rows before one that is refused have a promise.
        for number in np.argsort(firsts).tolist():
            first = int(firsts[number])
            try:
                known = {name: one.of(first) for name, one in facts.items()}
                numbers[number] = self._number(tiers.of(first), known, int(opened[first]), int(version[first]))
            except SlaError as error:
                if first:
                    self._dues.due(opened[:first], numbers[group[:first]])  # of which one may have no answer
                raise error.located(f"row {first}") from None
        return self._dues.due(opened, numbers[group])

    def _of_tiers(self, tiers: _Names) -> Ints | None:
        """Return the number of each row's promise, where the tier says it alone; None where one may be refused."""
        if len(tiers.codes) and int(tiers.codes.min()) < 0:
            return None
        try:
            numbers = [self._number(tier, {}, 0, -1) for tier in tiers.values]
        except SlaError:
            return None
        found: Ints = np.array(numbers, dtype=np.int64).take(tiers.codes)
        return found

    def _number(self, tier: Any, facts: Mapping[str, Any], opened: int, version: int) -> int:
        """Return the number of the promise that is made for a ticket."""
        if tier is None:
            raise UnknownName("it has no tier", remedy="Say which tier it is in")
        texts = {name: None if given is None else text_of(given) for name, given in facts.items()}
        key = (str(tier), tuple(texts.values()), tuple(texts), version)
        number = self._numbers.get(key)
        if number is None:
            calendar, promised = self._policy._promise(str(tier), self._target, utc(opened), texts)
            if len(self._numbers) >= _MANY:
                self._numbers.clear()
            number = self._numbers[key] = self._dues.number(calendar, promised.within)
        return number
