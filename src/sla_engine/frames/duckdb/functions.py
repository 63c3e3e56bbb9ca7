"""
The questions of a policy as SQL functions of a connection to DuckDB.

DuckDB's functions in Python take and give BIGINT microseconds as Arrow; macros around them read TIMESTAMPTZ as such,
and choose by the names of tiers and calendars, so that no text is handed over. The macros are temporary: nothing is
written to a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from sla_engine.errors import SlaError
from sla_engine.frames.deadlines import check_policy
from sla_engine.frames.duckdb.connections import check_connection
from sla_engine.frames.duckdb.text import ENDLESS, error, literal, quoted
from sla_engine.frames.duckdb.turns import in_turn
from sla_engine.policies import Policy

if TYPE_CHECKING:
    from sla_engine.frames.duckdb.blocks import Answer

_NUMBERS = count()
_NAIVE = "the instants have no zone: write when AT TIME ZONE 'Europe/Rome', with the zone in which they were written"
_MIXED = "all instants are of one kind: TIMESTAMPTZ, or BIGINT microseconds since 1970 UTC"
_FINE = "nanoseconds are lost in microseconds: cast to TIMESTAMPTZ, which rounds, if that is meant"
_DAYS = "days and months of an INTERVAL have no fixed length here: write hours, or a text such as '5 business days'"


def register(con: Any, policy: Policy, *, prefix: str = "sla_") -> None:
    """
    Give a connection to DuckDB the questions of a policy as SQL functions, under a prefix.

    - `sla_add(calendar, start, amount)`: when an amount of a calendar's time is over; an INTERVAL of hours,
      microseconds as BIGINT, or a text such as `'5 business days'`;
    - `sla_elapsed(calendar, start, end)`: the open time between two instants, as an INTERVAL;
    - `sla_deadline(tier, opened[, target[, attributes]])`: when a target is due;
    - `sla_verdict(tier, opened, stopped, at[, target[, attributes]])`: `'met'`, `'breached'` or `'undecided'`.

    Instants are TIMESTAMPTZ, or BIGINT microseconds since 1970 UTC; deadlines are of the same kind. `attributes` is a
    STRUCT, a MAP or JSON, for policies with rules, customers or versions. Every answer is that of the policy, whatever
    the time zone of the connection; NULL gives NULL, but for a stop that did not happen and attributes that are not
    known. What has no answer is an error of the query that says why.

    The functions belong to this connection: another, and a cursor of this one, needs its own. Registering again
    replaces what stands under the prefix. Raises `MissingExtra` without DuckDB 2 and pyarrow, `InvalidLog` for what is
    no connection, `InvalidPolicy`, and what DuckDB says of a connection that is closed.
    """
    check_connection(con)
    check_policy(policy)
    written = _Functions(policy, prefix, f"{prefix}_{next(_NUMBERS)}")
    before = _registered(con, prefix)
    for name, (answer, parameters, kind) in written.answers.items():
        con.create_function(name, answer, parameters, kind, type="arrow", null_handling="special")
    for statement in written.macros():
        con.execute(statement)
    for name in before:
        con.remove_function(name)


def _registered(con: Any, prefix: str) -> list[str]:
    """Return the names of what this connection was given under a prefix before."""
    there = con.execute(
        "SELECT count(*) FROM duckdb_functions() WHERE function_name = ? AND database_name = 'temp'",
        [f"{prefix}functions"],
    ).fetchall()[0][0]
    if not there:
        return []
    found: list[str] = con.execute(f"SELECT {quoted(prefix + 'functions')}()").fetchall()[0][0]
    return found


class _Functions:
    """The functions of a policy: what answers, and the macros that ask it."""

    def __init__(self, policy: Policy, prefix: str, marked: str) -> None:
        from sla_engine.frames.duckdb import blocks  # noqa: PLC0415  (it needs pyarrow)

        self.policy = policy
        self.prefix = prefix
        self.answers: dict[str, tuple[Answer, list[str], str]] = {}
        self.calendars: dict[str, int] = {}
        self.marked = marked
        """What the names of what answers begin with: no other registration has it."""
        for number, calendar in enumerate(policy.calendars):
            name = calendar.name or ""
            self.calendars[name] = number
            made = policy.calendar(name)
            self._add(f"add_{number}", blocks.add_micros(name, made), ["BIGINT", "BIGINT"])
            self._add(f"text_{number}", blocks.add_text(name, made), ["BIGINT", "VARCHAR"])
            self._add(f"elapsed_{number}", blocks.elapsed(name, made), ["BIGINT", "BIGINT"])
        self._add("refuse", blocks.refused, ["VARCHAR"])
        self.by_tier = not (policy.rules or policy.versions or policy.customers)
        """Whether a tier and a target say what is promised, and nothing else is asked about."""
        if not self.by_tier:
            self._add("due", blocks.promises(policy), ["VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"])
            return
        for number, tier in enumerate(policy.tiers):
            calendar_of_tier = policy.calendar(tier.calendar)
            for place, target in enumerate(tier.targets):
                due = blocks.due_after(target.within, calendar_of_tier)
                self._add(f"due_{number}_{place}", blocks.deadlines(tier.name, due), ["BIGINT"])
                self._add(f"at_{number}_{place}", blocks.deadlines_at(tier.name, due), ["TIMESTAMPTZ"], "TIMESTAMPTZ")

    def _add(self, name: str, answer: Answer, parameters: list[str], kind: str = "BIGINT") -> None:
        self.answers[f"{self.marked}_{name}"] = in_turn(answer), parameters, kind

    def _ask(self, name: str, *arguments: str) -> str:
        return f"{quoted(f'{self.marked}_{name}')}({', '.join(arguments)})"

    def _refuse(self, text: str) -> str:
        """
        Return an error of the query, of the type of microseconds, from a text in SQL.

        It is no `error()`, which has a side effect for DuckDB, so that no alias of an answer could be used again.
        """
        return self._ask("refuse", text)

    def macros(self) -> Iterator[str]:
        """Yield the statements that make the macros."""
        yield self._macro("add", self._sums())
        yield self._macro("elapsed", self._elapsed())
        yield self._macro("deadline", self._deadlines())
        yield self._macro("verdict", self._verdicts())
        names = ", ".join(map(literal, self.answers))
        yield self._macro("functions", [f"() AS [{names}]"])

    def _macro(self, name: str, overloads: list[str]) -> str:
        return f"CREATE OR REPLACE TEMP MACRO {quoted(self.prefix + name)}{', '.join(overloads)}"

    def _unknown(self, what: str, expression: str, names: list[str], where: str = "") -> str:
        """Return the error about a name that there is not."""
        known = f"'{where}. There is {', '.join(map(repr, names)) or 'none'}"
        return self._refuse(
            f"concat({literal(f'{what}: there is no {what} ' + chr(39))}, {expression}, {literal(known)})"
        )

    def _overloads(
        self, parameters: str, instants: list[str], body: Any, *, told: tuple[str, str] = ("", ""), kind: str = "BIGINT"
    ) -> list[str]:
        """
        Return a macro for each way to say instants; what cannot be said exactly is refused.

        The first instant chooses. DuckDB would read a second one without a zone by the zone of the session, so the
        others have no type, and the macro looks at what they are. `kind` is the type of what `body` writes, and `told`
        what makes the answer of it, where instants are TIMESTAMPTZ and where they are numbers.
        """
        found: list[str] = []
        for (given, types), back in zip(_GIVEN, told, strict=True):
            values = [instants[0], *(f"CAST({one} AS {given})" for one in instants[1:])]
            checks = [
                f"WHEN typeof({one}) {test} THEN CAST({self._refuse(literal(text))} AS {kind})"
                for one in instants[1:]
                for test, text in ((f"IN ({_WITHOUT_ZONE})", _NAIVE), (f"NOT IN ({types}, '\"NULL\"')", _MIXED))
            ]
            if given == "TIMESTAMPTZ":
                endless = " OR ".join(f"NOT isfinite({one})" for one in values)
                checks.append(f"WHEN {endless} THEN CAST({self._refuse(literal(ENDLESS))} AS {kind})")
                values = [f"epoch_us({one})" for one in values]
            asked = f"CASE {' '.join(checks)} ELSE {body(*values)} END" if checks else body(*values)
            found.append(f"({parameters.format(given)}) AS {back}({asked})")
        return [
            *found,
            f"({parameters.format('TIMESTAMP')}) AS {error(_NAIVE)}",
            f"({parameters.format('TIMESTAMPTZ_NS')}) AS {error(_FINE)}",
        ]

    # --- calendars ---------------------------------------------------------------------------------------------------

    def _of_calendar(self, what: str, *arguments: str) -> str:
        """Return the question of the calendar that is named."""
        cases = [
            f"WHEN calendar = {literal(name)} THEN {self._ask(f'{what}_{number}', *arguments)}"
            for name, number in self.calendars.items()
        ]
        return " ".join([*cases, f"ELSE {self._unknown('calendar', 'calendar', list(self.calendars))}"])

    def _sums(self) -> list[str]:
        refused = self._refuse(literal(_DAYS))
        amounts = {
            "BIGINT": ("add", "amount", ""),
            "INTERVAL": (
                "add",
                "epoch_us(amount)",
                f"WHEN year(amount) <> 0 OR month(amount) <> 0 OR day(amount) <> 0 THEN {refused} ",
            ),
            "VARCHAR": ("text", "amount", ""),
        }
        found: list[str] = []
        for kind, (what, amount, refused) in amounts.items():

            def body(start: str, what: str = what, amount: str = amount, refused: str = refused) -> str:
                empty = "WHEN calendar IS NULL OR start IS NULL OR amount IS NULL THEN NULL"
                return f"CASE {empty} {refused}{self._of_calendar(what, start, amount)} END"

            found += self._overloads("calendar VARCHAR, start {0}, amount " + kind, ["start"], body, told=_INSTANTS)
        return found

    def _elapsed(self) -> list[str]:
        def body(start: str, until: str) -> str:
            empty = 'WHEN calendar IS NULL OR start IS NULL OR "end" IS NULL THEN NULL'
            return f"CASE {empty} {self._of_calendar('elapsed', start, until)} END"

        durations = "to_microseconds", "to_microseconds"
        return self._overloads('calendar VARCHAR, start {0}, "end"', ["start", '"end"'], body, told=durations)

    # --- tiers -------------------------------------------------------------------------------------------------------

    def _due(self, opened: str, target: str | None, facts: str) -> str:
        """Return the deadline as microseconds."""
        if self.by_tier:
            return self._by_tier("due", opened, target)
        asked = self._ask("due", "tier", opened, target or "NULL", facts)
        return f"CASE WHEN {_is_empty(target)} THEN NULL ELSE {asked} END"

    def _by_tier(self, what: str, opened: str, target: str | None, back: str = "") -> str:
        """Return the deadline; `back` makes one of microseconds, which is the type of what is refused."""
        cases: list[str] = []
        for number, tier in enumerate(self.policy.tiers):
            names = [one.name for one in tier.targets]
            asked = {place: self._ask(f"{what}_{number}_{place}", opened) for place in range(len(names))}
            if target is not None:
                inner = [f"WHEN {target} = {literal(name)} THEN {asked[place]}" for place, name in enumerate(names)]
                refused = f"{back}({self._unknown('target', target, names, f' in the tier {tier.name!r}')})"
                answer = f"CASE {' '.join(inner)} ELSE {refused} END" if inner else refused
            else:
                try:
                    answer = asked[names.index(tier.target(None).name)]
                except SlaError as refusal:
                    answer = f"{back}({self._refuse(literal(str(refusal)))})"
            cases.append(f"WHEN tier = {literal(tier.name)} THEN {answer}")
        unknown = f"{back}({self._unknown('tier', 'tier', [one.name for one in self.policy.tiers])})"
        return f"CASE WHEN {_is_empty(target)} THEN NULL {' '.join([*cases, f'ELSE {unknown}'])} END"

    def _deadlines(self) -> list[str]:
        found: list[str] = []
        for extra, target, facts in _ASKED:

            def body(opened: str, target: str | None = target, facts: str = facts) -> str:
                return self._due(opened, target, facts)

            overloads = self._overloads("tier VARCHAR, opened {0}" + extra, ["opened"], body, told=_INSTANTS)
            if self.by_tier:
                asked = self._by_tier("at", "opened", target, _INSTANTS[0])
                overloads[0] = f"(tier VARCHAR, opened TIMESTAMPTZ{extra}) AS {asked}"
            found += overloads
        return found

    def _verdicts(self) -> list[str]:
        found: list[str] = []
        for extra, target, facts in _ASKED:

            def body(opened: str, stopped: str, at: str, target: str | None = target, facts: str = facts) -> str:
                seen = f"(CASE WHEN {stopped} <= coalesce({at}, {stopped}) THEN {stopped} END)"
                empty = [f"{name} IS NULL" for name in ("tier", "opened", *([target] if target else []))]
                nothing = f"coalesce({seen}, {at}) IS NULL"
                return (
                    f"CASE WHEN {' OR '.join([*empty, nothing])} THEN NULL "
                    f"WHEN {stopped} < {opened} THEN CAST({self._refuse(_stopped_early(opened, stopped))} AS VARCHAR) "
                    f"WHEN coalesce({seen}, {at}) > {self._due(opened, target, facts)} THEN 'breached' "
                    f"WHEN {seen} IS NOT NULL THEN 'met' ELSE 'undecided' END"
                )

            found += self._overloads(
                'tier VARCHAR, opened {0}, stopped, "at"' + extra, ["opened", "stopped", '"at"'], body, kind="VARCHAR"
            )
        return found


_GIVEN = (
    ("TIMESTAMPTZ", "'TIMESTAMP WITH TIME ZONE'"),
    ("BIGINT", "'BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'UINTEGER', 'USMALLINT', 'UTINYINT'"),
)
"""How instants may be given, and what DuckDB calls the types of those beside the first."""
_WITHOUT_ZONE = "'TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP_NS', 'DATE'"
_INSTANTS = "make_timestamptz", ""

_ASKED: tuple[tuple[str, str | None, str], ...] = (
    ("", None, "NULL"),
    (", target VARCHAR", "target", "NULL"),
    (", target VARCHAR, attributes", "target", "CAST(to_json(attributes) AS VARCHAR)"),
)
"""What may stand behind the instants: the parameters, the target, and the attributes as text."""


def _is_empty(target: str | None) -> str:
    """Return whether a value is missing without which nothing is due."""
    return " OR ".join(f"{name} IS NULL" for name in ("tier", "opened", *([target] if target else [])))


def _stopped_early(opened: str, stopped: str) -> str:
    """Return, in SQL, what is said of a stop before the opening."""
    parts = ("'the ticket was stopped at '", _moment(stopped), "', before it was opened at '", _moment(opened))
    return f"concat({', '.join(parts)}, '. Mend the log')"


def _moment(micros: str) -> str:
    return f"CAST(make_timestamptz({micros}) AS VARCHAR)"
