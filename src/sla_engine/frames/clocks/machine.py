"""
What events do to the clocks of tickets: worked out once for each situation, and looked up ever after.

Which clocks start, pause, move and end depends on what happened, and not on when. So the situation of a ticket is a
state, what happens is a symbol, and the two lead to another state by way of some effects. What was found once is kept
in arrays, in which all tickets of a block look up one event each at a time.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sla_engine.errors import SlaError
from sla_engine.facts import text_of
from sla_engine.frames.clocks.tracing import Effect, Facts, Tracer
from sla_engine.frames.numbers import np
from sla_engine.policies import Policy
from sla_engine.policies.compiled import tier_by_rules
from sla_engine.tickets import Event, Ticket
from sla_engine.tickets.evaluation import known_tier
from sla_engine.tickets.plans import ClockPlan, Promise

if TYPE_CHECKING:
    from sla_engine.frames.kernels.kernel import Ints

LATER, SAME, EARLY, OPENING = range(4)
"""Whether a row is after the opening, at the same instant, before it, or what opened the ticket."""
_WHEN = 4
_DENSE = 2**23
"""So many pairs of a state and a symbol may have a place in a table; more are looked up one by one."""


class Told(Protocol):
    """What the rows of a log have said so far, where that decides what a row means."""

    def situation(self) -> Hashable:
        """Return all of it that decides."""
        ...

    def twin(self) -> Any:
        """Return the same once more."""
        ...


class Symbols(Protocol):
    """What may happen: the events that each number stands for."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def events(self, symbol: int, told: Any, *, opening: bool) -> Sequence[Event]:
        """Return the events of a symbol; what the rows have said is changed by it."""
        ...


class Birth(NamedTuple):
    """How tickets are opened: under which policy and version, in which tier, with which attributes."""

    policy: int
    version: int
    ticket: Ticket
    told: Told | None = None


class _Column:
    """An array of numbers that grows."""

    __slots__ = ("_room", "length")

    def __init__(self) -> None:
        self._room = np.empty(64, dtype=np.int64)
        self.length = 0

    def append(self, *values: int) -> None:
        """Add values at the end."""
        needed = self.length + len(values)
        if needed > len(self._room):
            self._room = np.concatenate((self._room, np.empty(max(needed, len(self._room)), dtype=np.int64)))
        self._room[self.length : needed] = values
        self.length = needed

    @property
    def values(self) -> Ints:
        """All that was added."""
        return self._room[: self.length]


class Machine:
    """
    The situations of tickets under some policies, and what happens in them; it grows as it is asked.

    A transition is what one event, in one situation, leads to: `after` is the next state, and `first` and `count` say
    which effects it has. The numbers in effects are places in `clocks`, `plans`, `promises`, `tiers` and
    `reasons`.
    """

    def __init__(self, policies: Sequence[Policy], symbols: Symbols, facts: Facts) -> None:
        self.policies = tuple(policies)
        self.symbols = symbols
        self.facts = facts
        self.clocks: dict[str, int] = {}
        self.plans: dict[ClockPlan, int] = {}
        self.tiers: dict[str, int] = {}
        self.reasons: dict[str, int] = {"": 0}
        self.promises: list[Promise] = []
        self._promise_numbers: dict[Promise, int] = {}
        self._promise_ids: dict[int, tuple[int, Promise]] = {}
        self.first, self.count, self.after, self.is_odd = _Column(), _Column(), _Column(), _Column()
        self.effects = {name: _Column() for name in Effect._fields}
        self.odd: list[tuple[str, ...]] = []
        """For each transition, the kinds of anomalies in it; `is_odd` says whether there are any."""
        self._states: dict[Hashable, int] = {}
        self._lives: list[Tracer] = []
        self._closings: dict[int, int] = {}
        self._pairs: dict[int, int] = {}
        self.switches = {
            one: place
            for place, one in enumerate(
                (policy, version)
                for policy, given in enumerate(self.policies)
                for version in range(len(given.versions) if given.straddling == "change" else 0)
            )
        }
        """The columns of the versions of policies that change the promises of tickets already opened."""
        self._columns = max(len(symbols) * _WHEN + len(self.switches), 1)
        self._table: Ints | None = None

    # --- numbers -----------------------------------------------------------------------------------------------

    def clock(self, name: str) -> int:
        """Return the number of a clock's name."""
        return self.clocks.setdefault(name, len(self.clocks))

    def plan(self, plan: ClockPlan) -> int:
        """Return the number of a compiled clock."""
        return self.plans.setdefault(plan, len(self.plans))

    def tier(self, name: str) -> int:
        """Return the number of a tier's name."""
        return self.tiers.setdefault(name, len(self.tiers))

    def reason(self, text: str) -> int:
        """Return the number of a reason; that of none is 0."""
        return self.reasons.setdefault(text, len(self.reasons))

    def promise(self, promise: Promise) -> int:
        """Return the number of a promise; equal ones have the same."""
        known = self._promise_ids.get(id(promise))
        if known is None:
            number = self._promise_numbers.setdefault(promise, len(self.promises))
            if number == len(self.promises):
                self.promises.append(promise)
            # The promise is kept, so that its id stays its own.
            known = self._promise_ids[id(promise)] = (number, promise)
        return known[0]

    # --- transitions -------------------------------------------------------------------------------------------

    def column(self, symbol: Any, when: Any) -> Any:
        """Return the columns of symbols, by when they happen."""
        return symbol * _WHEN + when

    def switch(self, policy: int, version: int) -> int:
        """Return the column of a version of a policy that comes into force."""
        return len(self.symbols) * _WHEN + self.switches[policy, version]

    def birth(self, birth: Birth) -> int:
        """Return the transition by which a ticket is opened; raises `UnknownName` for a tier that there is not."""
        policy, ticket = self.policies[birth.policy], birth.ticket
        facts = {name: text_of(value) for name, value in ticket.attributes.items()}
        customer = facts.get(policy.customer_attribute)
        if not any(one.name == customer for one in policy.customers):
            customer = None
        in_force = policy._in_force(birth.version, customer)
        if ticket.tier is None:
            try:
                tier = tier_by_rules(in_force, facts)
            except SlaError as error:
                raise error.located(f"ticket {ticket.id}") from None
            ticket = Ticket(id=ticket.id, tier=tier, opened_at=ticket.opened_at, attributes=ticket.attributes)
        known_tier(in_force._plan, ticket)
        life = Tracer(self, birth.policy, in_force._plan, ticket, customer)
        life.told = birth.told
        return self._note(life)

    def steps(self, states: Ints, columns: Ints) -> Ints:
        """Return the transitions from states, by what happens in each."""
        pairs = states * self._columns
        pairs += columns
        table = self._table
        if table is None or len(table) < len(self._lives) * self._columns:
            table = self._grown()
        if table is None:
            distinct, places = np.unique(pairs, return_inverse=True)
            found = np.array([self._step(pair) for pair in distinct.tolist()], dtype=np.int64)
            return found[places]
        steps: Ints = table.take(pairs, mode="wrap")
        if len(steps) and int(steps.min()) < 0:
            for pair in np.unique(pairs[steps < 0]).tolist():
                self._step(pair)
            return self.steps(states, columns)
        return steps

    def follow(self, state: int, columns: Ints) -> tuple[int, list[int]]:
        """Return the state to which what happens to one ticket leads, and the transitions on the way."""
        found: list[int] = []
        for column in columns.tolist():
            found.append(self._step(state * self._columns + column))
            state = int(self.after.values[found[-1]])
        return state, found

    def closing(self, states: Ints) -> Ints:
        """Return the transitions by which the tickets in some states end: what is there then is still there."""
        distinct, places = np.unique(states, return_inverse=True)
        found: list[int] = []
        for state in distinct.tolist():
            if state not in self._closings:
                life = self._lives[state].twin()
                life.close()
                self._closings[state] = self._note(life, ends=True)
            found.append(self._closings[state])
        return np.array(found, dtype=np.int64)[places]

    def _grown(self) -> Ints | None:
        """Return a table with room for all states; None where there are too many."""
        room = 2 * max(len(self._lives), 32) * self._columns
        if room > _DENSE:
            self._table = None
            return None
        table = np.full(room, -1, dtype=np.int64)
        for pair, step in self._pairs.items():
            table[pair] = step
        self._table = table
        return table

    def _step(self, pair: int) -> int:
        found = self._pairs.get(pair)
        if found is None:
            state, column = divmod(pair, self._columns)
            life = self._lives[state].twin()
            symbol, when = divmod(column, _WHEN)
            if symbol < len(self.symbols):
                self._happen(life, symbol, when)
            else:
                version = next(
                    version for (_, version), place in self.switches.items() if self._switch_column(place) == column
                )
                in_force = self.policies[life.policy]._in_force(version, life.customer)
                life.switch(in_force._plan, 1)
            found = self._pairs[pair] = self._note(life)
            if self._table is not None and pair < len(self._table):
                self._table[pair] = found
        return found

    def _switch_column(self, place: int) -> int:
        return len(self.symbols) * _WHEN + place

    def _happen(self, life: Tracer, symbol: int, when: int) -> None:
        micros = {LATER: 1, SAME: 0, OPENING: 0, EARLY: -1}[when]
        for event in self.symbols.events(symbol, life.told, opening=when == OPENING):
            life.happen(_at(event, micros))

    def _note(self, life: Tracer, *, ends: bool = False) -> int:
        """Keep what happened to a ticket, and return its number."""
        number = self.first.length
        self.first.append(self.effects["kind"].length)
        self.count.append(len(life.effects))
        for effect in life.effects:
            for name, value in zip(Effect._fields, effect, strict=True):
                self.effects[name].append(int(value))
        self.odd.append(tuple(one.kind for one in life.anomalies))
        self.is_odd.append(bool(life.anomalies))
        self.after.append(-1 if ends else self._state(life))
        return number

    def _state(self, life: Tracer) -> int:
        situation = life.situation()
        number = self._states.get(situation)
        if number is None:
            number = self._states[situation] = len(self._lives)
            self._lives.append(life.twin())
        return number


def _at(event: Event, micros: int) -> Event:
    twin = copy(event)
    object.__setattr__(twin, "micros", micros)
    return twin
