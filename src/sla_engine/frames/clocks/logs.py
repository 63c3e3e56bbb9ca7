"""
Event logs in data frames: the clocks of all their tickets, a row each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sla_engine.errors import InvalidInstant, InvalidLog, InvalidPolicy, SlaError, UnknownName
from sla_engine.facts import text_of
from sla_engine.frames import tables
from sla_engine.frames.clocks.blocks import Lives, evaluated, opened_under
from sla_engine.frames.clocks.clock_frames import COLUMNS, frame_of
from sla_engine.frames.clocks.clock_table import ClockTable
from sla_engine.frames.clocks.machine import EARLY, LATER, OPENING, SAME, Birth, Machine
from sla_engine.frames.clocks.tracing import Facts
from sla_engine.frames.columns import codes_of, groups_of, instants_of, kind_of
from sla_engine.frames.kernels.rows import NULL, distinct
from sla_engine.frames.numbers import np
from sla_engine.instants import to_micros
from sla_engine.policies import Policy
from sla_engine.tickets import Event, LogMapping, Ticket
from sla_engine.tickets.events import Open, SetAttribute
from sla_engine.tickets.log_rows import Meaning, Now, Row
from sla_engine.tickets.mapping import EVENT_COLUMNS

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Bools, Ints

F = TypeVar("F")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(
    events: F,
    policy: Policy | Mapping[str, Policy],
    *,
    at: datetime,
    which: str | None = None,
    mapping: LogMapping | None = None,
    attributes: Iterable[str] = (),
    zone: str | None = None,
) -> F:
    """
    Return what is known of the clocks of all tickets at an instant: a frame with a row for each ticket, clock and
    cycle.

    `events` is a frame with one row an event, in any order: `ticket`, `at` and `kind`, and where needed `tier`, `to`,
    `reason`, `name`, `value` and `status`; all others are attributes. Another log needs a `mapping`. It is read as
    `read_events` reads it, and evaluated as `policy.evaluate` does it. `attributes` names some that are to stand beside
    each row, with their values at that instant. `zone` is that of instants that have none. Where tickets have
    different policies, `policy` maps names to them, and `which` is the column that names a ticket's own where it is
    opened.

    A lazy frame of Polars gives a lazy one. Tickets opened later than `at` have no rows. Raises `InvalidLog` and
    `UnknownName` with the row or the ticket, and what `policy.evaluate` does.
    """
    kept = (attributes,) if isinstance(attributes, str) else tuple(attributes)
    if tables.is_lazy(events):
        lazy: Any = events

        def ask(frame: Any) -> Any:
            return evaluate(frame, policy, at=at, which=which, mapping=mapping, attributes=kept, zone=zone)

        # The schema is that of the answer over no rows.
        answer: F = tables.lazily(lazy, ask, ask(lazy.clear().collect()).schema)
        return answer
    policies = NamedPolicies.given(policy, which)
    header = tables.names(events)
    mapping = LogMapping.native(header) if mapping is None else mapping
    log = Log(events, policies, mapping, kept, zone or mapping.zone)
    now = to_micros(at)
    found: F = frame_of(log, log.evaluate(now), now)
    return found


class NamedPolicies(NamedTuple):
    """The policies of tickets: their names, and the column that names them; None where there is but one."""

    names: list[str]
    policies: list[Policy]
    column: str | None

    @classmethod
    def given(cls, policy: Policy | Mapping[str, Policy], which: str | None) -> NamedPolicies:
        """Return them as they were given; raises `InvalidPolicy`."""
        some: object = policy
        is_one = isinstance(some, Policy)
        if is_one is not (which is None) or not (is_one or (isinstance(some, Mapping) and some)):
            raise InvalidPolicy(
                "several policies need the column that names them, and one needs none",
                where="which",
                value=which,
                remedy='Write evaluate(events, {"acme": policy, ...}, which="contract", at=...)',
            )
        if isinstance(policy, Policy):
            return cls([""], [policy], None)
        return cls(list(policy), list(policy.values()), which)


# --- reading -----------------------------------------------------------------------------------------------------


class _Symbols:
    """The different rows of a log: what they mean depends on the rows of the ticket before them."""

    def __init__(self, meaning: Meaning, cells: list[list[str]], rows: list[int]) -> None:
        self.meaning = meaning
        self.rows = rows
        self._made: list[Row] = []
        for own, row in zip(cells, rows, strict=True):
            try:
                self._made.append(Row(0, _EPOCH, 0, own, *meaning.what(own)))
            except SlaError as error:
                raise error.located(f"row {row}") from None

    def __len__(self) -> int:
        return len(self._made)

    def events(self, symbol: int, told: Now, *, opening: bool) -> Sequence[Event]:
        """Return the events of a row, after what the others have told."""
        found: list[Event] = []
        try:
            self.meaning.happen(self._made[symbol], told, found, opening=opening)
        except SlaError as error:
            raise error.located(f"row {self.rows[symbol]}") from None
        return found

    def begin(self, symbol: int) -> Now:
        """Return what a row tells that opens its ticket."""
        return self.meaning.begin(self._made[symbol].cells)

    def kinds(self, symbol: int) -> tuple[type[Event], ...]:
        """Return the classes of the events that a row names."""
        return tuple(cls for cls, _ in self._made[symbol].what)

    def sets(self, symbol: int, name: str) -> tuple[str | None, bool]:
        """Return the value to which a row's own event sets an attribute, and whether it does."""
        for cls, fields in reversed(self._made[symbol].what):
            if cls is SetAttribute and fields["name"] == name:
                return text_of(fields["value"]), True
        return None, False


class _Texts(NamedTuple):
    """A column of a log as numbers of its texts; -1 is none."""

    codes: Ints
    texts: list[str]


class Log:
    """An event log in a frame, put in order."""

    def __init__(
        self, frame: Any, policies: NamedPolicies, mapping: LogMapping, kept: tuple[str, ...], zone: str | None
    ) -> None:
        self.frame = frame
        self.policies = policies
        self.facts = Facts(policies.policies)
        self.columns = dict(mapping.attributes)
        """The columns of attributes, by the names of these."""
        self.kept = kept
        for name in kept:
            if name not in self.columns:
                raise InvalidLog(
                    f"the log has no attribute {name!r}",
                    where="attributes",
                    value=name,
                    remedy=f"It has {', '.join(map(repr, self.columns)) or 'none'}",
                )
            if name in COLUMNS:
                raise InvalidLog(
                    f"the attribute {name!r} has the name of what is told of each clock",
                    where="attributes",
                    value=name,
                    remedy="Rename it, or call it something else in a mapping",
                )
        asked = {name: column for name, column in mapping.attributes if self.facts.matters(name)}
        mapping = mapping.model_copy(update={"attributes": tuple(asked.items())})
        self.ticket_column = tables.pick(frame, mapping.ticket, what="ticket")
        instants = tables.pick(frame, mapping.at, what="at")
        column = instants_of(instants, name=mapping.at, zone=zone)
        self.zone = kind_of(instants).zone or zone or "UTC"
        rows = len(column.micros)
        codes, order = _in_order(self._tickets(mapping, rows), column.micros, mapping.at)
        self.order = order
        self.at = column.micros if order is None else column.micros[order]
        new = np.append(codes[1:] != codes[:-1], True) if rows else np.zeros(0, dtype=np.bool_)
        self.first = np.append(0, np.flatnonzero(new) + 1)
        self.symbols, self.symbol = self._rows(mapping, list(asked.values()), rows)
        self.opening = self._openings()
        self.opened = self.at[self.opening]

    def row(self, place: int) -> int:
        """Return where a row stands in the frame."""
        return place if self.order is None else int(self.order[place])

    def _tickets(self, mapping: LogMapping, rows: int) -> Ints:
        """Return the number of each row's ticket, in the order of their first rows."""
        codes = groups_of(self.ticket_column, name=mapping.ticket)
        if not rows or bool((codes[1:] >= codes[:-1]).all() and codes[0] == 0):
            return codes
        if int(codes.min()) < 0:
            row = int(np.flatnonzero(codes < 0)[0])
            raise InvalidLog(f"row {row} has no ticket", where=mapping.ticket, remedy="Say which ticket it belongs to")
        first = np.full(int(codes.max()) + 1, rows, dtype=np.int64)
        first[codes[::-1]] = np.arange(rows - 1, -1, -1)
        place = np.empty(len(first), dtype=np.int64)
        place[np.argsort(first, kind="stable")] = np.arange(len(first))
        return place[codes]

    def _column(self, name: str, what: str, rows: int) -> _Texts:
        codes, values = codes_of(tables.pick(self.frame, name, what=what), name=name, rows=rows)
        try:
            texts = [(text_of(_plain(value)) or "").strip() for value in values]
        except SlaError as error:
            raise error.located(name) from None
        return _Texts(codes if self.order is None else codes[self.order], texts)

    def _rows(self, mapping: LogMapping, attributes: list[str], rows: int) -> tuple[_Symbols, Ints]:
        """Return the different rows of the log, and for each row which of them it is."""
        keys = ("event", "status", "tier", *EVENT_COLUMNS)
        wanted = dict.fromkeys([getattr(mapping, key) for key in keys if getattr(mapping, key) is not None])
        parts = {name: self._column(name, "event", rows) for name in (wanted | dict.fromkeys(attributes))}
        self.told = {name: parts[column] for name, column in mapping.attributes}
        set_by_events = _set_by_events(mapping, parts)
        for name, column in mapping.attributes:
            if column not in wanted and attributes.count(column) == 1 and name not in set_by_events:
                parts[column] = self._merged(name, parts[column])
        number, firsts = distinct([(part.codes, len(part.texts)) for part in parts.values()], rows)
        header = list(dict.fromkeys([mapping.ticket, mapping.at, *parts]))
        cells = [
            [
                parts[name].texts[parts[name].codes[row]] if name in parts and parts[name].codes[row] >= 0 else ""
                for name in header
            ]
            for row in firsts.tolist()
        ]
        return _Symbols(Meaning(mapping, header), cells, [self.row(row) for row in firsts.tolist()]), number

    def _merged(self, name: str, column: _Texts) -> _Texts:
        """Return an attribute in which values that nobody tells apart are one of them."""
        if self.facts.hears(name):
            return column
        first: dict[str | None, int] = {}
        to = [first.setdefault(self.facts.seen(name, text or None), code) for code, text in enumerate(column.texts)]
        return _Texts(np.array([*to, -1], dtype=np.int64)[column.codes], column.texts)

    def _openings(self) -> Ints:
        """Return the row that opens each ticket: its first with the event `open`, or else its first."""
        opening = self.first[:-1].copy()
        opens = np.array([Open in self.symbols.kinds(one) for one in range(len(self.symbols))], dtype=np.bool_)
        rows = np.flatnonzero(opens[self.symbol]) if len(opens) else np.zeros(0, dtype=np.int64)
        if len(rows):
            tickets, places = np.unique(np.searchsorted(self.first, rows, side="right") - 1, return_index=True)
            opening[tickets] = rows[places]
        return opening

    # --- evaluating --------------------------------------------------------------------------------------------

    def evaluate(self, at: int) -> ClockTable:
        """Return what is known of the clocks; an error names the ticket."""
        policies = self.policies.policies
        machine = Machine(policies, self.symbols, self.facts)
        seen = self.opened <= at
        which = self._which(seen)
        version = opened_under(policies, which, self.opened)
        symbols = np.where(seen, self.symbol[self.opening], -1) if len(self.opening) else self.opening
        versions = max(len(one.versions) for one in policies)
        group, tickets = distinct(
            [(symbols, len(self.symbols)), (version, versions), (which, len(policies))], len(self.opening)
        )
        births = [
            self._birth(machine, ticket, int(which[ticket]), int(version[ticket])) if seen[ticket] else -1
            for ticket in tickets.tolist()
        ]
        birth = np.array(births, dtype=np.int64)[group] if births else group
        lives = Lives(self.first, self.opened, birth, self.at, self._columns(machine), which)
        return evaluated(machine, lives, at, name=self.name)

    def _which(self, seen: Bools) -> Ints:
        """Return the number of the policy of each ticket that is seen."""
        names, _, column = self.policies
        if column is None:
            return np.zeros(len(self.opening), dtype=np.int64)
        codes, texts = self._column(column, "which", len(self.at))
        known = {name: number for number, name in enumerate(names)}
        to = np.array([*(known.get(text, -1) for text in texts), -1], dtype=np.int64)
        found: Ints = to[codes[self.opening]]
        missing = np.flatnonzero((found < 0) & seen)
        if len(missing):
            code = int(codes[self.opening[missing[0]]])
            raise UnknownName(
                "it names no policy" if code < 0 else f"there is no policy {texts[code]!r}",
                where=f"ticket {self.name(int(missing[0]))}",
                value=texts[code] if code >= 0 else None,
                remedy=f"There is {', '.join(map(repr, names))}",
            )
        return found

    def name(self, ticket: int) -> Any:
        """Return the name of a ticket."""
        codes, values = codes_of(
            tables.taken(self.ticket_column, np.array([self.row(int(self.first[ticket]))])), name="ticket", rows=1
        )
        return values[codes[0]]

    def _birth(self, machine: Machine, ticket: int, which: int, version: int) -> int:
        told = self.symbols.begin(int(self.symbol[self.opening[ticket]]))
        opened = Ticket(id=str(ticket), tier=told.tier, opened_at=_EPOCH, attributes=dict(told.attributes))
        try:
            return machine.birth(Birth(which, version, opened, told))
        except SlaError:
            # The error speaks of the ticket itself, and not of those that are like it.
            row = self.opening[ticket]
            attributes = {name: part.texts[part.codes[row]] for name, part in self.told.items() if part.codes[row] >= 0}
            return machine.birth(
                Birth(which, version, replace(opened, id=str(self.name(ticket)), attributes=attributes), told)
            )

    def _columns(self, machine: Machine) -> Any:
        opens = np.array([Open in self.symbols.kinds(one) for one in range(len(self.symbols))], dtype=np.bool_)

        def columns(rows: slice, early: Bools, same: Bools) -> Ints:
            symbol = self.symbol[rows]
            when = np.full(len(symbol), LATER, dtype=np.int64)
            when[early] = EARLY
            when[same & opens[symbol]] = SAME
            begin, end = np.searchsorted(self.first, [rows.start, rows.stop])
            when[self.opening[begin:end] - rows.start] = OPENING
            found: Ints = machine.column(symbol, when)
            return found

        return columns

    # --- attributes --------------------------------------------------------------------------------------------

    def attribute(self, name: str, at: int) -> _Texts:
        """
        Return an attribute of each ticket at an instant: as its opening says, and then as the last change does.

        A change is a cell that is not empty and differs from the one before it, or an event that sets the attribute.
        """
        codes, texts = self._column(self.columns[name], "attributes", len(self.at))
        known = {text: place for place, text in enumerate(dict.fromkeys(["", *texts]))}
        own = np.array([known[text] for text in texts] or [0], dtype=np.int64)[codes] * (codes >= 0)
        ticket = np.repeat(np.arange(len(self.opening)), np.diff(self.first))
        value = own[self.opening]
        said = np.flatnonzero(own)
        follows = np.append(False, ticket[said[1:]] == ticket[said[:-1]]) if len(said) else np.zeros(0, dtype=np.bool_)
        before = np.where(follows, np.append(0, own[said[:-1]])[: len(said)], value[ticket[said]])
        changed = said[own[said] != before]
        sets = [self.symbols.sets(one, name) for one in range(len(self.symbols))]
        to = np.array(
            [known.setdefault(text or "", len(known)) if is_set else -1 for text, is_set in sets], dtype=np.int64
        )
        rows = np.flatnonzero(to[self.symbol] >= 0) if len(to) else changed[:0]
        # On one row, the change of the column comes before the event.
        place = np.concatenate((2 * changed, 2 * rows + 1))
        given = np.concatenate((own[changed], to[self.symbol[rows]]))
        order = np.argsort(place, kind="stable")
        row, given = place[order] // 2, given[order]
        counts = (self.at[row] <= at) & (self.at[row] >= self.opened[ticket[row]])
        value[ticket[row[counts]]] = given[counts]
        return _Texts(value - 1, list(known)[1:])


def _set_by_events(mapping: LogMapping, columns: Mapping[str, _Texts]) -> set[str]:
    """Return the attributes that events of a log may set, whatever stands in their own columns."""
    told = [dict(fields) for _, what in mapping.events or () for fields in what]
    named = {str(fields["name"]) for fields in told if fields["kind"] == "attribute" and "name" in fields}
    return named | (set() if mapping.name is None else set(columns[mapping.name].texts))


def _plain(value: Any) -> Any:
    """Return a value of a column as Python has it."""
    return value.item() if hasattr(value, "item") else value


def _in_order(codes: Ints, at: Ints, name: str) -> tuple[Ints, Ints | None]:
    """Return the tickets of the rows in order, and the order; None where they are in order already."""
    if len(at) and int(at.min()) == NULL:
        row = int(np.flatnonzero(at == NULL)[0])
        raise InvalidInstant(f"row {row} has no instant", where=name, remedy="Say when it happened, or drop the row")
    later = codes[1:] > codes[:-1]
    if bool((later | ((codes[1:] == codes[:-1]) & (at[1:] >= at[:-1]))).all()):
        return codes, None
    order = np.lexsort((at, codes))
    return codes[order], order
