"""
A policy's deadlines as a table of a database, with verdicts and monthly compliance as queries.

For each tier and target the table has pieces of time on which the due instant moves with the opening, or stands still.
So targets of every kind, and versions of a policy, are answered by one look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from typing_extensions import override

from sla_engine.amounts import Amount, CalendarDays, ElapsedTime
from sla_engine.calendars import Calendar
from sla_engine.calendars.timeline import Table
from sla_engine.errors import InvalidPolicy, UnknownName
from sla_engine.frames.sql.asking import Instants, Query, Questions, Years, checked_instants, years_of
from sla_engine.frames.sql.dialects import InvalidSql, Name, dialect_of
from sla_engine.frames.sql.pieces import EPOCH_DAY, FAR, Piece, pieces_of, table_of
from sla_engine.frames.sql.tables import Row, SqlTable
from sla_engine.instants import DAY, LAST_DAY, to_micros, utc
from sla_engine.periods import Month
from sla_engine.policies import Policy
from sla_engine.tickets.outcomes import Attribute
from sla_engine.tickets.plans import Promise

_COLUMNS = {
    "tier": "text",
    "target": "text",
    "since": "integer",
    "shift": "integer",
    "earliest": "integer",
    "latest": "integer",
}
_MONTHS = {"since": "integer", "month": "text"}

Now = Literal["now"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PolicySql(Questions):
    """A policy for a database: its tables, and its questions. Made by `sql.policy`."""

    policy: Policy
    months: SqlTable
    targets: tuple[tuple[str, tuple[str, ...]], ...]
    """The names of each tier's targets."""

    def __repr__(self) -> str:
        return f"<PolicySql {self.policy.name!r}: {self.table!r}>"

    @property
    @override
    def _tables(self) -> tuple[SqlTable, ...]:
        return (self.table, self.months)

    def deadlines(
        self,
        *,
        tickets: Name,
        opened: str,
        tier: str,
        keep: str | Sequence[str],
        target: str | None = None,
        name: str = "due_at",
    ) -> str:
        """
        Return the query for when a target of each ticket's tier is due.

        `opened` and `tier` are columns of the tickets, `keep` those that the answer has too. `target` is the name of
        the target, for policies whose tiers have several. Raises `UnknownName` for a target that there is not, or
        where none is named and a tier has several.
        """
        query = self._query(tickets, keep, [name])
        self._due(query, opened, tier, target)
        return query.text({name: query.answer_instant("sla_due")})

    def verdicts(
        self,
        *,
        tickets: Name,
        opened: str,
        stopped: str,
        tier: str,
        at: datetime | Now,
        keep: str | Sequence[str],
        target: str | None = None,
        names: tuple[str, str] = ("due_at", "verdict"),
    ) -> str:
        """
        Return the query for when each ticket is due and what became of it: `met`, `breached` or `undecided`.

        `stopped` is a column too; a stop after `at` is not seen. `at` is an instant, or `"now"` for that of the
        query. `names` are those of the answers. A ticket that was stopped before it was opened has no verdict.
        """
        query = self._query(tickets, keep, names)
        self._judged(query, opened=opened, stopped=stopped, tier=tier, at=at, target=target)
        return query.text({names[0]: query.answer_instant("sla_due"), names[1]: "sla_verdict"})

    def compliance(
        self,
        *,
        tickets: Name,
        opened: str,
        stopped: str,
        tier: str,
        at: datetime | Now,
        target: str | None = None,
        attribute: Attribute = "due",
    ) -> str:
        """
        Return the query for what was met by month, tier and target, as `sla_engine.compliance` counts it.

        The columns are `month` (`2026-03`, in the zone of the policy), `tier`, `target`, `met`, `breached`,
        `undecided`, `decided` and `unanswered`; the share is `met` of `decided`. `attribute` says which instant is in
        the month: the due one, `"opened"` or `"stopped"`. Tickets without that instant, and such as no month of the
        table has, are in a row without a month; those without a verdict are `unanswered`. Raises `InvalidPolicy` where
        the policy has exclusions.
        """
        for one in (self.policy, *self.policy.effective_versions()):
            if one.exclusions:
                raise InvalidPolicy(
                    "exclusions ask about a ticket's attributes, of which this query knows nothing",
                    where="exclusions",
                    remedy="Use sla_engine.compliance(exclude=policy.excluded), or leave those tickets out",
                )
        moments = {"due": "sla_due", "opened": "sla_start", "stopped": "sla_seen"}
        if attribute not in moments:
            raise InvalidSql(
                f"attribute={attribute!r} is no instant of a ticket",
                where="attribute",
                value=attribute,
                remedy='Say "due", "opened" or "stopped"',
            )
        query = self._query(tickets, (), ())
        self._judged(query, opened=opened, stopped=stopped, tier=tier, at=at, target=target)
        query.looked_up("sla_dated", self.months.name, moments[attribute], "since", sla_month="w.month")
        integer = self.dialect.integer

        def count(test: str) -> str:
            return f"CAST(SUM(CASE WHEN {test} THEN 1 ELSE 0 END) AS {integer})"

        answers = {"month": "sla_month", "tier": "sla_tier", "target": "sla_target"}
        answers |= {kind: count(f"sla_verdict = '{kind}'") for kind in ("met", "breached", "undecided")}
        answers["decided"] = count("sla_verdict IN ('met', 'breached')")
        answers["unanswered"] = count("sla_verdict IS NULL")
        by = "sla_month, sla_tier, sla_target"
        return query.text(answers, group_by=by, order_by=by)

    def check(
        self,
        *,
        tickets: Name,
        opened: str,
        tier: str,
        keep: str | Sequence[str],
        stopped: str | None = None,
        target: str | None = None,
        name: str = "problem",
    ) -> str:
        """Return the query for the tickets that were opened, and have no deadline or no verdict: why, in words."""
        query = self._query(tickets, keep, [name])
        self._due(query, opened, tier, target, sla_stop=query.instant_column(stopped) if stopped else "NULL")
        literal = self.dialect.literal
        cases = [
            f"WHEN sla_start IS NULL THEN NULL WHEN sla_target IS NULL THEN {literal('the policy has no such tier')}"
        ]
        if target is not None:
            having = [literal(one) for one, names in self.targets if target in names]
            said = literal(f"its tier has no target {target!r}")
            cases.append(f"WHEN sla_tier NOT IN ({', '.join(having)}) THEN {said}")
        said = literal("it was opened, or is due, outside of the years of the table, or it is never due")
        cases.append(f"WHEN sla_due IS NULL THEN {said}")
        if stopped is not None:
            cases.append(f"WHEN sla_stop < sla_start THEN {literal('it was stopped before it was opened')}")
        return query.problems(cases, name)

    # --- the steps -----------------------------------------------------------------------------------------------

    def _due(self, query: Query, opened: str, tier: str, target: str | None, **others: str) -> None:
        column = f"t.{self.dialect.quoted(tier)}"
        query.asked(
            sla_start=query.instant_column(opened), sla_tier=column, sla_target=self._target(target, column), **others
        )
        query.worked_out("sla_named", tier="sla_tier", target="sla_target")
        moved = "a.sla_start + w.shift"
        query.looked_up(
            "sla_answered",
            self.table.name,
            "sla_start",
            "since",
            same=("tier", "target"),
            sla_due=f"CASE WHEN {moved} < w.earliest THEN w.earliest WHEN {moved} > w.latest THEN w.latest "
            f"ELSE {moved} END",
        )

    def _target(self, target: str | None, column: str) -> str:
        """Return the name of the target that is asked for, by the tier; null for tiers that the policy has not."""
        literal = self.dialect.literal
        if target is not None and all(target not in names for _, names in self.targets):
            known = dict.fromkeys(name for _, names in self.targets for name in names)
            raise UnknownName(
                f"there is no target {target!r}",
                where="target",
                value=target,
                remedy=f"There is {', '.join(map(repr, known))}",
            )
        cases = []
        for tier, names in self.targets:
            if target is None and len(names) > 1:
                raise UnknownName(
                    f"the tier {tier!r} has {len(names)} targets",
                    where="target",
                    remedy=f"Name one: {', '.join(map(repr, names))}",
                )
            cases.append(f"WHEN {literal(tier)} THEN {literal(next(iter(names)) if target is None else target)}")
        return f"CASE {column} {' '.join(cases)} END"

    def _judged(
        self, query: Query, *, opened: str, stopped: str, tier: str, at: datetime | Now, target: str | None
    ) -> None:
        if at != "now" and not isinstance(at, datetime):
            raise InvalidSql(f"{at!r} is no instant", where="at", value=at, remedy='Pass an aware datetime, or "now"')
        now = self.dialect.micros("CURRENT_TIMESTAMP") if at == "now" else str(to_micros(at))
        self._due(query, opened, tier, target, sla_stop=query.instant_column(stopped), sla_now=now)
        query.worked_out("sla_looked", sla_seen="CASE WHEN sla_stop <= sla_now THEN sla_stop END")
        query.worked_out(
            "sla_judged",
            sla_verdict="CASE WHEN sla_due IS NULL OR sla_stop < sla_start THEN NULL "
            "WHEN sla_seen > sla_due THEN 'breached' WHEN sla_seen IS NOT NULL THEN 'met' "
            "WHEN sla_now > sla_due THEN 'breached' ELSE 'undecided' END",
        )


def policy(
    policy: Policy,
    *,
    years: Years,
    dialect: str,
    table: Name = "sla_deadlines",
    instants: Instants = "timestamp",
) -> PolicySql:
    """
    Return a policy's deadlines of some years as tables, with verdicts and compliance as queries over tickets.

    `table` is the name of the first table; the second, of the months in the policy's zone, has `_months` after it. All
    else is as in `timeline`. A version holds for the tickets opened while it is in force. Raises `InvalidPolicy`
    for customers, and for rules that ask about a ticket's attributes; `UnknownName`, `InvalidPeriod`, `InvalidSql`,
    and `OutOfRange` for years without holiday data.
    """
    spoken, span = dialect_of(dialect), years_of(years)
    if policy.customers:
        raise InvalidPolicy(
            "customers have service levels of their own, and the table is by tier only",
            where="customers",
            remedy="Use sla_engine.frames.deadline, or write a policy, and a table, for each customer",
        )
    name_of_table = spoken.table(table)
    months: Name = f"{table}_months" if isinstance(table, str) else [*table[:-1], f"{table[-1]}_months"]
    reach = _Reach()
    rows: list[Row] = []
    targets: dict[str, dict[str, None]] = {}
    pieces: dict[tuple[str, str], dict[int, Piece]] = {}
    made = _Pieces(span, reach)
    for number, start, end in _eras(policy):
        version = policy._version(number)
        for tier, promises in _fixed(version).items():
            for name, promise in promises.items():
                targets.setdefault(tier, {})[name] = None
                known = pieces.setdefault((tier, name), {})
                for piece in made.of(promise.amount, promise.named, start, end):
                    # Where a version ends another begins, if it promises the same.
                    if piece.shift is not None or known.get(piece.since) is None:
                        known[piece.since] = piece
    for (tier, name), known in sorted(pieces.items()):
        rows += [_row(tier, name, known[since]) for since in sorted(known)]
    return PolicySql(
        table=SqlTable(spoken, name_of_table, _COLUMNS, ("tier", "target", "since"), rows),
        instants=checked_instants(instants),
        policy=policy,
        months=SqlTable(spoken, spoken.table(months), _MONTHS, ("since",), reach.months(policy)),
        targets=tuple((tier, tuple(names)) for tier, names in targets.items()),
    )


class _Reach:
    """The time in which tickets are opened and due."""

    def __init__(self) -> None:
        self.lo, self.hi = FAR, -FAR

    def months(self, policy: Policy) -> list[Row]:
        """Return the months of that time, and where they end."""
        rows: list[Row] = []
        if self.lo <= self.hi:
            month = Month.containing(utc(self.lo), zone=policy.zone)
            while month.span.micros[0] <= self.hi:
                rows.append((month.span.micros[0], month.label))
                month = month.next()
            rows.append((month.span.micros[0], None))
        return rows


class _Pieces:
    """The pieces of amounts and calendars, each made once."""

    def __init__(self, years: range, reach: _Reach) -> None:
        self.years, self.reach = years, reach
        self._tables: dict[int, tuple[Calendar, Table]] = {}
        self._pieces: dict[tuple[int, Amount], list[Piece]] = {}

    def of(self, amount: Amount, calendar: Calendar, start: int, end: int) -> list[Piece]:
        """Return the pieces of an era, and where it ends."""
        key = id(calendar)
        if key not in self._tables:
            self._tables[key] = (calendar, table_of(calendar, self.years))
        table = self._tables[key][1]
        if (key, amount) not in self._pieces:
            self._pieces[key, amount] = pieces_of(amount, calendar, table)
        lo, hi = max(table.lo, start), min(table.hi, end)
        if lo >= hi:
            return []
        more = amount.micros if isinstance(amount, ElapsedTime) else 0
        more = (amount.count + 2) * DAY if isinstance(amount, CalendarDays) else more
        last = (LAST_DAY - EPOCH_DAY - 31) * DAY
        self.reach.lo, self.reach.hi = min(self.reach.lo, lo), max(self.reach.hi, min(hi + more, last))
        every = self._pieces[key, amount]
        first = next((piece for piece in reversed(every) if piece.since <= lo), None)
        inner = [piece for piece in every if lo < piece.since < hi]
        return [*([first._replace(since=lo)] if first else []), *inner, Piece(hi, None)]


def _eras(policy: Policy) -> list[tuple[int, int, int]]:
    """Return the versions by number, and from when until when each is in force."""
    starts = [-FAR, *policy._starts]
    return [
        (number - 1, start, end) for number, (start, end) in enumerate(zip(starts, [*starts[1:], FAR], strict=True))
    ]


def _fixed(policy: Policy) -> dict[str, dict[str, Promise]]:
    """Return what each tier promises, by the name of the target; raises `InvalidPolicy` where rules decide."""
    found = policy._promises.fixed()
    for tier in policy.tiers:
        if tier.name not in found:
            raise InvalidPolicy(
                f"rules ask about the attributes of tickets of the tier {tier.name!r}, and the table is by tier only",
                where=f"tiers.{tier.name}",
                value=tier.name,
                remedy="Use sla_engine.frames.deadline, or make the tickets that a rule is for a tier of their own",
            )
    return found


def _row(tier: str, target: str, piece: Piece) -> Row:
    if piece.shift is None:
        return (tier, target, piece.since, None, None, None)
    return (tier, target, *piece)
