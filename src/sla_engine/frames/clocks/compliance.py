"""
The share of targets that was met, counted from frames of clocks: by tier and target, month, customer or any column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

from sla_engine.errors import InvalidLog, InvalidPeriod
from sla_engine.facts import text_of
from sla_engine.frames import tables
from sla_engine.frames.clocks.blocks import opened_under
from sla_engine.frames.columns import codes_of, durations_of, instants_of
from sla_engine.frames.kernels.rows import NULL, distinct
from sla_engine.frames.numbers import np
from sla_engine.instants import to_micros, utc
from sla_engine.periods import Period
from sla_engine.policies import Policy
from sla_engine.shares import Share
from sla_engine.tickets.compliance import KINDS, PERIODS
from sla_engine.tickets.outcomes import Attribute

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

F = TypeVar("F")
COUNTED = (*KINDS, "outside", "unattributed")
"""As what a clock may count, by its number in figures."""
_OUTSIDE, _UNATTRIBUTED = len(KINDS), len(KINDS) + 1
_DECIDED = 2
"""The first of the kinds are decided: met and breached."""
MOMENTS: Mapping[str, str] = {"due": "due_at", "opened": "started_at", "stopped": "ended_at"}
"""The columns of the instants that clocks are attributed by."""
RANKS: Mapping[str, Fraction] = {"median": Fraction(1, 2), "p90": Fraction(9, 10)}
"""The figures of open time, and the share of the stopped clocks that took no longer."""


def compliance(
    clocks: F,
    *,
    by: str | Iterable[str] = (),
    period: Period | None = None,
    attribute: Attribute = "due",
    zone: str | tzinfo | None = None,
    tiers: Iterable[tuple[str, str]] = (),
    policy: Policy | None = None,
) -> F:
    """
    Count the clocks of a frame that `evaluate` has made, as `sla_engine.compliance` counts outcomes: a row a figure.

    `by` names groups: `"day"`, `"week"`, `"month"`, `"quarter"`, `"year"` (in `zone`, of the instant that the
    attribution goes by), or columns of the frame. With a `policy`, what its exclusions name is excluded; the frame
    needs a column for each attribute that they ask about. `tiers` are (tier, target) pairs to list even if they have
    no clock, and their order.

    `outside` and `unattributed` count what is in no figure: clocks whose instant lies in another period, and those that
    have none. All counts together are all clocks that have started. `share` is the exact fraction of the decided that
    was met, as text; `median` and `p90` are the open time within which half and 90 % of the stopped ones were stopped.

    Raises `InvalidLog` for columns that are not there, and `InvalidPeriod` where a period is to be grouped by and no
    zone is known.
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    for name in names:
        if name in _OWN:
            raise InvalidLog(
                f"the figures have a column {name!r} of their own",
                where="by",
                value=name,
                remedy="Rename the column to group by; by tier and target they are grouped in any case",
            )
    if attribute not in MOMENTS:
        raise InvalidLog(
            f"no clock is counted by {attribute!r}",
            where="attribute",
            value=attribute,
            remedy=f"There is {', '.join(map(repr, MOMENTS))}",
        )
    if period is not None and not (hasattr(period, "start") and hasattr(period, "end")):
        raise InvalidPeriod(
            f"{period!r} is no period", where="period", value=period, remedy='Pass Month(2026, 3, zone="Europe/Rome")'
        )
    zone = zone if zone is not None else getattr(period, "zone", None)
    if zone is None and any(name in PERIODS for name in names):
        raise InvalidPeriod(
            "a month begins somewhere", where="zone", value=by, remedy='Say in which zone: zone="Europe/Rome"'
        )
    if tables.is_lazy(clocks):

        def ask(frame: Any) -> Any:
            return compliance(frame, by=by, period=period, attribute=attribute, zone=zone, tiers=tiers, policy=policy)

        lazy: Any = clocks
        found: F = tables.lazily(lazy, ask, ask(lazy.clear().collect()).schema)
        return found
    answer: F = CountedClocks(StartedClocks(clocks, attribute, policy), names, period, zone, list(tiers)).frame()
    return answer


def _fraction(met: int, breached: int) -> str | None:
    """Return the exact share of the decided that was met, as text; None where nothing was decided."""
    return str(Share(met, met + breached).fraction) if met + breached else None


def _percentage(met: int, breached: int) -> str | None:
    """Return that share in percent, as `Share` shows it."""
    return f"{Share(met, met + breached):.2%}" if met + breached else None


SHARE_TEXTS: Mapping[str, Callable[[int, int], str | None]] = {"share": _fraction, "share_text": _percentage}
"""The figures that say what was met, of the numbers of what was met and breached."""
_OWN = frozenset(("tier", "target", *COUNTED, "undecided", *SHARE_TEXTS, *RANKS))
"""The columns of figures."""


class StartedClocks:
    """The clocks of a frame that have started, as arrays."""

    def __init__(self, frame: Any, attribute: Attribute, policy: Policy | None) -> None:
        self.frame = frame
        started = self._instants("started_at")
        self.rows = np.flatnonzero(started != NULL)
        self.started = started[self.rows]
        moments = self._instants(MOMENTS[attribute])[self.rows]
        phase, verdict = self._texts("phase"), self._texts("verdict")
        self.stopped = phase == "stopped"
        self.moments = np.where(self.stopped, moments, NULL) if attribute == "stopped" else moments
        self.elapsed = durations_of(self._pick("elapsed"), name="elapsed")[self.rows]
        kind = np.where(verdict != "undecided", verdict, np.where(phase == "cancelled", "excluded", phase))
        if policy is not None:
            kind[self._excluded(policy)] = "excluded"
        number = {name: place for place, name in enumerate(KINDS)}
        unknown = sorted({*kind.tolist()} - set(KINDS))
        if unknown:
            raise InvalidLog(
                f"{unknown[0]!r} is no phase of a clock", where="phase", remedy="Pass the frame that evaluate returns"
            )
        self.kind = np.array([number[one] for one in kind.tolist()], dtype=np.int64)

    def _pick(self, name: str) -> Any:
        return tables.pick(self.frame, name, what="clocks")

    def _instants(self, name: str) -> Ints:
        return instants_of(self._pick(name), name=name).micros

    def _texts(self, name: str) -> Any:
        """Return the texts of a column in the rows of clocks that have started."""
        codes, texts = self.codes(name)
        return np.array([*texts, ""], dtype=object)[codes]

    def codes(self, name: str) -> tuple[Ints, list[str]]:
        """Return the numbers of a column's texts in the rows of clocks that have started, and the texts."""
        column = self._pick(name)
        codes, values = codes_of(column, name=name, rows=len(column))
        return codes[self.rows], [text_of(value.item() if hasattr(value, "item") else value) or "" for value in values]

    def _excluded(self, policy: Policy) -> Bools:
        """Whether each clock is excluded, as the policy stood when it started."""
        asked = facts_of_exclusions(policy)
        if not asked:
            return np.zeros(len(self.rows), dtype=np.bool_)
        for name in sorted(asked - {"tier", *tables.names(self.frame)}):
            raise InvalidLog(
                f"the policy's exclusions ask about {name!r}, which is no column of the frame",
                where="policy",
                value=name,
                remedy=f'Let it stand beside the clocks: evaluate(..., attributes=["{name}"])',
            )
        columns = {name: self.codes(name) for name in sorted(asked)}
        version = opened_under([policy], None, self.started)
        parts = [(codes, len(texts)) for codes, texts in columns.values()]
        group, firsts = distinct([*parts, (version, len(policy.versions))], len(self.rows))
        excluded: list[bool] = []
        for row in firsts.tolist():
            facts = {name: texts[codes[row]] if codes[row] >= 0 else None for name, (codes, texts) in columns.items()}
            customer = facts.get(policy.customer_attribute) if policy.customers else None
            in_force = policy._in_force(int(version[row]), customer)
            excluded.append(any(one.when.holds(facts.get) for one in in_force.exclusions))
        return np.array(excluded, dtype=np.bool_)[group]


def facts_of_exclusions(policy: Policy) -> set[str]:
    """Return the facts that decide whether a policy excludes a clock, the tier too; none where it has no exclusions."""
    exclusions = [one for version in (policy, *policy.effective_versions()) for one in version.exclusions]
    if not exclusions:
        return set()
    customer = {policy.customer_attribute} if policy.customers else set()
    return {"tier", *(test.fact for one in exclusions for test in one.when), *customer}


def _coded(texts: Sequence[str | None]) -> tuple[Ints, list[str]]:
    """Return for each text its number among the different ones, and those; -1 is none."""
    number = {text: place for place, text in enumerate(dict.fromkeys(text for text in texts if text is not None))}
    return np.array([-1 if text is None else number[text] for text in texts], dtype=np.int64), list(number)


def _merged(codes: Ints, texts: list[str]) -> tuple[Ints, list[str]]:
    """Return a column in which values with the same text have the same number; none has that of an empty text."""
    number = {text: place for place, text in enumerate(dict.fromkeys([*texts, ""]))}
    return np.array([number[text] for text in (*texts, "")], dtype=np.int64)[codes], list(number)


class CountedClocks:
    """Clocks, counted."""

    def __init__(
        self,
        clocks: StartedClocks,
        names: Sequence[str],
        period: Period | None,
        zone: str | tzinfo | None,
        tiers: list[tuple[str, str]],
    ) -> None:
        self.clocks = clocks
        self.names = names
        self.tiers = tiers
        self.kind = clocks.kind.copy()
        if period is not None:
            inside = (clocks.moments >= to_micros(period.start)) & (clocks.moments < to_micros(period.end))
            self.kind[~inside] = _OUTSIDE
        self.kind[clocks.moments == NULL] = _UNATTRIBUTED
        self.labels: dict[str, tuple[Ints, list[str]]] = {"tier": clocks.codes("tier"), "target": clocks.codes("clock")}
        for name in names:
            self.labels[name] = self._periods(PERIODS[name], zone) if name in PERIODS else _merged(*clocks.codes(name))

    def _periods(self, kind: Any, zone: Any) -> tuple[Ints, list[str]]:
        """Return the numbers of the periods in which the clocks of figures are counted, and their labels."""
        moments = self.clocks.moments
        counted = self.kind < _OUTSIDE
        if not counted.any():
            return np.full(len(moments), -1), []
        last = utc(int(moments[counted].max()))
        periods = [kind.containing(utc(int(moments[counted].min())), zone=zone)]
        while periods[-1].end <= last:
            periods.append(periods[-1].next())
        starts = np.array([to_micros(one.start) for one in periods], dtype=np.int64)
        codes = np.searchsorted(starts, moments, side="right") - 1
        return np.where(counted, codes, -1), [str(one.label) for one in periods]

    @property
    def timed(self) -> Bools:
        """Whether the open time of each clock counts for the median and the like."""
        found: Bools = (self.kind < _DECIDED) & self.clocks.stopped
        return found

    def frame(self) -> Any:
        """Return a row for each figure."""
        parts = [(codes, len(texts)) for codes, texts in self.labels.values()]
        group, firsts = distinct(parts, len(self.kind))
        keys = [
            tuple(texts[codes[row]] if codes[row] >= 0 else "" for codes, texts in self.labels.values())
            for row in firsts.tolist()
        ]
        counted = np.flatnonzero(self.kind < _OUTSIDE)
        first = firsts + len(self.kind)  # those that only have clocks outside of the period come last
        first[group[counted[::-1]]] = counted[::-1]
        order = self._order(keys, first)
        counts = np.bincount(group * len(COUNTED) + self.kind, minlength=len(keys) * len(COUNTED))
        table = counts.reshape(-1, len(COUNTED)) if keys else counts.reshape(0, len(COUNTED))
        times = self._times(group, len(keys))
        empty = [0] * len(COUNTED)
        rows = [table[place].tolist() if place is not None else empty for _, place in order]
        return self._made([key for key, _ in order], rows, [times[p] if p is not None else {} for _, p in order])

    def _order(self, keys: list[tuple[str, ...]], firsts: Ints) -> list[tuple[tuple[str, ...], int | None]]:
        """Return the labels of the figures in order, each with its number; None for one that has no clock."""
        place = {key: number for number, key in enumerate(self.tiers)}
        numbers: dict[tuple[str, ...], int | None] = {key: number for number, key in enumerate(keys)}
        if self.names:
            last = len(place)
            return sorted(numbers.items(), key=lambda item: (place.get(item[0][:2], last), item[0]))  # type: ignore[arg-type]
        seen = [keys[number] for number in np.argsort(firsts, kind="stable").tolist()]
        return [(key, numbers.get(key)) for key in dict.fromkeys([*self.tiers, *seen])]

    def _times(self, group: Ints, groups: int) -> list[dict[str, int]]:
        """Return the open times within which shares of the stopped clocks were stopped, by nearest rank."""
        rows = np.flatnonzero(self.timed)
        rows = rows[np.lexsort((self.clocks.elapsed[rows], group[rows]))]
        begin = np.searchsorted(group[rows], np.arange(groups + 1))
        elapsed = self.clocks.elapsed[rows]
        found: list[dict[str, int]] = []
        for start, stop in zip(begin[:-1].tolist(), begin[1:].tolist(), strict=True):
            ranks = RANKS if stop > start else {}
            found.append(
                {name: int(elapsed[start + ceil(share * (stop - start)) - 1]) for name, share in ranks.items()}
            )
        return found

    def _made(self, keys: list[tuple[str, ...]], rows: list[list[int]], times: list[dict[str, int]]) -> Any:
        frame = self.clocks.frame
        columns: dict[str, Any] = {}
        for place, name in enumerate(self.labels):
            columns[name] = tables.strings(frame, *_coded([key[place] for key in keys]))
        for place, name in enumerate(COUNTED):
            columns[name] = tables.integers(frame, np.array([row[place] for row in rows], dtype=np.int64))
        columns["undecided"] = tables.integers(frame, np.array([row[2] + row[3] for row in rows], dtype=np.int64))
        for name, text in SHARE_TEXTS.items():
            columns[name] = tables.strings(frame, *_coded([text(row[0], row[1]) for row in rows]))
        for name in RANKS:
            columns[name] = tables.durations(frame, np.array([one.get(name, NULL) for one in times], dtype=np.int64))
        return tables.like(frame, columns)
