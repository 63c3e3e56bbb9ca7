"""
Sorted events as integers, for who has arrays: ticket, instant, and what happened, a row each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sla_engine.errors import InvalidInstant, InvalidLog, InvalidPolicy, SlaError
from sla_engine.facts import Attributes, text_of
from sla_engine.frames.clocks.blocks import Lives, evaluated, opened_under
from sla_engine.frames.clocks.clock_table import ClockTable
from sla_engine.frames.clocks.machine import EARLY, LATER, SAME, Birth, Machine
from sla_engine.frames.clocks.tracing import Facts
from sla_engine.frames.kernels.rows import NULL, distinct
from sla_engine.frames.numbers import np
from sla_engine.instants import to_micros
from sla_engine.policies import Policy
from sla_engine.tickets import Event, Ticket
from sla_engine.tickets.events import Open

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kinds:
    """Events that need nothing but themselves to be understood."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = [(event,) for event in events]

    def __len__(self) -> int:
        return len(self._events)

    def events(self, symbol: int, told: None, *, opening: bool) -> Sequence[Event]:  # noqa: ARG002  (for logs of rows)
        """Return the event of a number."""
        return self._events[symbol]


class EventTable:
    """
    Events of tickets as arrays: `ticket`, `at` and `what` have a row for each event, in the order of tickets, and of
    each ticket in the order of time.

    `ticket` are any integers that never fall, `at` int64 microseconds since 1970 UTC. `what` are places in `kinds`, a
    list of events without their instants: `{"kind": "hand_off", "to": "legal"}`, or a kind by its name. The rest is of
    the tickets, in their order: `tier` a name for all, or an array of places in `tiers`; `opened` the instants at which
    they were opened (without it, that of the first event `open`, or of the first event); `attributes` maps names to
    pairs of an array of places (-1 is unset) and a list of values.

    Raises `InvalidLog` for rows that are not in order, and for numbers that stand for nothing.
    """

    def __init__(
        self,
        *,
        ticket: Ints,
        at: Ints,
        what: Ints,
        kinds: Sequence[str | Mapping[str, Any]],
        tier: str | Ints | None = None,
        tiers: Sequence[str] = (),
        opened: Ints | None = None,
        attributes: Mapping[str, tuple[Ints, Sequence[Any]]] | None = None,
    ) -> None:
        self.at, self.what = _instants(at, "at"), _integers(what, "what")
        given = _integers(ticket, "ticket")
        for name, column in (("at", self.at), ("what", self.what)):
            _of_length(column, len(given), name)
        self.kinds = [_kind(one, place) for place, one in enumerate(kinds)]
        _places(self.what, len(self.kinds), "what")
        new = _begins(given, self.at)
        self.first = np.append(new, len(given))
        self.tickets = given[new]
        """The tickets, in the order of their events."""
        self.tier = self._tiers(tier, tiers)
        self.tiers: tuple[str | None, ...] = (tier,) if tier is None or isinstance(tier, str) else tuple(tiers)
        self.opened = self._openings() if opened is None else _instants(opened, "opened")
        _of_length(self.opened, len(self), "opened")
        Attributes(dict.fromkeys(attributes or {}))  # refuses names that the events themselves tell
        self.attributes = {name: self._codes(name, *pair) for name, pair in (attributes or {}).items()}

    def __len__(self) -> int:
        return len(self.first) - 1

    def _tiers(self, tier: str | Ints | None, tiers: Sequence[str]) -> Ints:
        if tier is None or isinstance(tier, str):
            return np.zeros(len(self), dtype=np.int64)
        return self._codes("tier", tier, tiers)[0]

    def _codes(self, name: str, codes: Any, values: Sequence[Any]) -> tuple[Ints, list[Any]]:
        column = _integers(codes, name)
        _of_length(column, len(self), name)
        _places(column, len(values), name, least=-1)
        return column, list(values)

    def _openings(self) -> Ints:
        """Return when each ticket was opened: its first event `open`, or else its first event."""
        opened: Ints = self.at[self.first[:-1]]
        opens = np.array([isinstance(one, Open) for one in self.kinds], dtype=np.bool_)
        if not opens.any():
            return opened
        firsts = opens[self.what[self.first[:-1]]]
        if firsts.all():
            return opened
        rows = np.flatnonzero(opens[self.what])
        of_ticket = np.searchsorted(self.first, rows, side="right") - 1
        tickets, places = np.unique(of_ticket, return_index=True)
        opened[tickets] = self.at[rows[places]]
        return opened

    def evaluate(self, policy: Policy | Sequence[Policy], *, at: datetime, which: Ints | None = None) -> ClockTable:
        """
        Return what is known of the clocks of all tickets at an instant, as `policy.evaluate` says it of each.

        Where tickets have different policies, `policy` is a list of them, and `which` the place of each ticket's own.
        Events after `at` are not seen, and tickets opened later have no rows. Raises what `policy.evaluate` does, for
        the first ticket for which it does.
        """
        policies = [policy] if isinstance(policy, Policy) else list(policy)
        if not policies or (which is None and not isinstance(policy, Policy)):
            raise InvalidPolicy(
                "several policies need a number for each ticket that says which is its own",
                where="which",
                value=which,
                remedy="Write evaluate([policy, ...], which=array, at=...)",
            )
        own = np.zeros(len(self), dtype=np.int64) if which is None else _integers(which, "which")
        _of_length(own, len(self), "which")
        _places(own, len(policies), "which")
        machine = Machine(policies, Kinds(self.kinds), Facts(policies))
        now = to_micros(at)
        birth = self._births(machine, own, now)
        lives = Lives(self.first, self.opened, birth, self.at, self._columns(machine), own)
        return evaluated(machine, lives, now, name=lambda number: self.tickets[number])

    def _births(self, machine: Machine, which: Ints, at: int) -> Ints:
        """Return how each ticket is opened; -1 for those opened later."""
        asked = {name: pair for name, pair in self.attributes.items() if machine.facts.matters(name)}
        version = opened_under(machine.policies, which, self.opened)
        parts = [(self.tier, len(self.tiers))]
        for name, (codes, values) in asked.items():
            # Values that no policy names are one.
            first: dict[str | None, int] = {}
            to = [first.setdefault(machine.facts.seen(name, text_of(one)), place) for place, one in enumerate(values)]
            parts.append((np.array([*to, -1], dtype=np.int64)[codes], len(values)))
        parts += [(which, len(machine.policies)), (version, max(len(one.versions) for one in machine.policies))]
        later = (self.opened > at).astype(np.int64)
        group, rows = distinct([*parts, (later, 2)], len(self))
        births: list[int] = []
        for row in rows.tolist():
            if later[row]:
                births.append(-1)
                continue
            attributes = {name: values[codes[row]] for name, (codes, values) in asked.items() if codes[row] >= 0}
            ticket = Ticket(
                id=str(self.tickets[row]),
                tier=self.tiers[self.tier[row]] if self.tier[row] >= 0 else None,
                opened_at=_EPOCH,
                attributes=attributes,
            )
            births.append(machine.birth(Birth(int(which[row]), int(version[row]), ticket)))
        return np.array(births, dtype=np.int64)[group]

    def _columns(self, machine: Machine) -> Any:
        is_open = np.array([isinstance(one, Open) for one in self.kinds], dtype=np.bool_)
        later = machine.column(np.arange(len(self.kinds)), LATER)
        any_open = bool(is_open.any())

        def columns(rows: slice, early: Bools, same: Bools) -> Ints:
            what = self.what[rows]
            found: Ints = later[what]
            if early.any():
                found[early] += EARLY - LATER
            if any_open:
                found[same & is_open[what]] += SAME - LATER
            return found

        return columns


def _kind(given: object, place: int) -> Event:
    try:
        if not isinstance(given, (str, Mapping)):
            raise InvalidLog(
                f"{given!r} is no kind of event",
                value=given,
                remedy='Write "respond", or {"kind": "hand_off", "to": "legal"}',
            )
        fields: dict[str, Any] = (
            {"kind": given} if isinstance(given, str) else {str(name): value for name, value in given.items()}
        )
        if "ticket" in fields or "at" in fields:
            raise InvalidLog("the tickets and instants of events are columns", remedy="Leave them out")
        return Event(at=_EPOCH, **fields)
    except SlaError as error:
        raise error.located(f"kinds[{place}]") from None


def _integers(given: Any, name: str) -> Ints:
    column = np.asarray(given)
    if column.ndim != 1 or (column.dtype.kind not in "iu" and len(column)):
        raise InvalidInstant(
            f"a column of {column.dtype} with {column.ndim} dimensions, where one of integers is expected",
            where=name,
            value=str(column.dtype),
            remedy="Give an array of int64",
        )
    if column.dtype == np.uint64 and len(column) and int(column.max()) >= 2**63:
        row = int(np.argmax(column))
        raise InvalidLog(
            f"row {row} has the number {column[row]}, which is no int64",
            where=name,
            value=int(column[row]),
            remedy="Number the values from 0, for instance with numpy.unique(..., return_inverse=True)",
        )
    return column.astype(np.int64, copy=False)


def _instants(given: Any, name: str) -> Ints:
    column = _integers(given, name)
    if len(column) and int(column.min()) == NULL:
        row = int(np.argmin(column))
        raise InvalidInstant(f"row {row} has no instant", where=name, remedy="Say when it happened, or drop the row")
    return column


def _of_length(column: Ints, length: int, name: str) -> None:
    if len(column) != length:
        raise InvalidLog(
            f"there are {length} rows, and {len(column)} in {name}",
            where=name,
            value=len(column),
            remedy="Give one each",
        )


def _places(column: Ints, bound: int, name: str, *, least: int = 0) -> None:
    if len(column) and not least <= int(column.min()) <= int(column.max()) < bound:
        row = int(np.flatnonzero((column < least) | (column >= bound))[0])
        raise InvalidLog(
            f"row {row} has the number {column[row]}, which stands for nothing",
            where=name,
            value=int(column[row]),
            remedy=f"Use numbers from {least} to {bound - 1}",
        )


def _begins(ticket: Ints, at: Ints) -> Ints:
    """Return the first row of each ticket; raises `InvalidLog` for rows that are not in order."""
    found = [np.zeros(min(len(ticket), 1), dtype=np.int64)]
    for start in range(0, len(ticket) - 1, _ROWS):
        stop = min(start + _ROWS, len(ticket) - 1)
        one, other = ticket[start:stop], ticket[start + 1 : stop + 1]
        new = one != other
        wrong = (one > other) | (~new & (at[start:stop] > at[start + 1 : stop + 1]))
        if wrong.any():
            row = start + int(np.argmax(wrong)) + 1
            raise InvalidLog(
                f"row {row} comes before the row above it, by its ticket or its instant",
                where="ticket" if ticket[row] < ticket[row - 1] else "at",
                value=int(ticket[row]),
                remedy="Sort the rows by ticket and instant",
            )
        found.append(np.flatnonzero(new) + (start + 1))
    return np.concatenate(found)


_ROWS = 65_536
