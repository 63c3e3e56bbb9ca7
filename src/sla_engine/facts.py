"""
What is known of a ticket, as facts that rules ask about: its status, its tier, its attributes.

A fact is text, or unset. Values that come as numbers or booleans are read as their text (`1`, `true`), because the same
attribute is a number in one log and text in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Annotated, Any, NamedTuple

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from sla_engine.errors import InvalidLog, InvalidPolicy

Value = str | int | float | bool | None
"""What an attribute of a ticket may be; None is unset."""

OWN_FACTS = ("status", "tier", "awaiting", "responded", "solved", "paused")
"""The facts that the events of a ticket tell; every other name is an attribute."""


def text_of(value: object) -> str | None:
    """Return a value as the text of a fact; None for what is unset."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return str(value)
    raise InvalidLog(
        f"{value!r} ({type(value).__name__}) is no value of an attribute",
        value=value,
        remedy="Use text, a number, true, false or nothing",
    )


class Attributes(Mapping[str, Value]):
    """The attributes of a ticket: a mapping that cannot be changed, and is hashed by what it holds."""

    __slots__ = ("_values",)

    _values: dict[str, Value]

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        if values is not None and not isinstance(values, Mapping):
            raise InvalidLog(
                f"{values!r} are no attributes", where="attributes", value=values, remedy='Write {"priority": "high"}'
            )
        given = dict(values or {})
        for name, value in given.items():
            if not isinstance(name, str) or not name or name in OWN_FACTS:  # type: ignore[redundant-expr]
                raise InvalidLog(
                    f"{name!r} is no name of an attribute",
                    where="attributes",
                    value=name,
                    remedy=f"Use any text but {', '.join(OWN_FACTS)}, which the events of a ticket tell",
                )
            if type(value) is not str:
                text_of(value)
        object.__setattr__(self, "_values", given)

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"attributes cannot be changed ({name})")

    def __reduce__(self) -> tuple[Any, ...]:
        return Attributes, (self._values,)

    def __repr__(self) -> str:
        return repr(self._values)


NO_ATTRIBUTES = Attributes()
"""Of a ticket of which nothing more is known."""


class Test(NamedTuple):
    """What is asked of one fact: whether it is one of some values, or (without values) whether it is set."""

    fact: str
    values: tuple[str, ...] | None
    negated: bool = False

    def holds(self, fact: str | None) -> bool:
        """Whether the fact is as asked."""
        found = fact is not None if self.values is None else fact in self.values
        return found is not self.negated

    def covers(self, other: Test) -> bool:
        """Whether every fact that satisfies another test satisfies this one."""
        if self.values is None:
            if self.negated:
                return other.values is None and other.negated
            return not other.negated
        if other.values is None:
            return self.negated and other.negated
        mine, theirs = set(self.values), set(other.values)
        if self.negated:
            return mine <= theirs if other.negated else not mine & theirs
        return not other.negated and theirs <= mine

    def excludes(self, other: Test) -> bool:
        """Whether no fact can satisfy both tests."""
        return Test(self.fact, self.values, not self.negated).covers(other)

    def written(self) -> Any:
        """Return the test as it is written."""
        if self.values is None:
            return {"set": not self.negated}
        values: Any = self.values[0] if len(self.values) == 1 else list(self.values)
        return {"not": values} if self.negated else values


class Match(tuple[Test, ...]):
    """
    A condition: tests of facts, of which all must hold. Written as a table of names.

    `{ priority = ["urgent", "high"], region = { not = "eu" }, assignee = { set = false } }`
    """

    __slots__ = ()

    @classmethod
    def parse(cls, given: object) -> Match:
        """Read a table; raises `InvalidPolicy` that names the fact."""
        if isinstance(given, Match):
            return given
        if not isinstance(given, Mapping):
            raise InvalidPolicy(f"{given!r} is no condition", value=given, remedy='Write { priority = "urgent" }')
        return cls(_test(str(fact), value) for fact, value in given.items())

    def to_data(self) -> dict[str, Any]:
        """Return the table that it is written as."""
        return {test.fact: test.written() for test in self}

    def holds(self, fact: Callable[[str], str | None]) -> bool:
        """Whether all tests hold of the facts that a function tells."""
        return all(test.holds(fact(test.fact)) for test in self)

    def covers(self, other: Match) -> bool:
        """Whether all that satisfies another condition satisfies this one."""
        return all(any(test.fact == one.fact and test.covers(one) for one in other) for test in self)

    def excludes(self, other: Match) -> bool:
        """Whether nothing can satisfy both."""
        return any(test.fact == one.fact and test.excludes(one) for test in self for one in other)

    def __repr__(self) -> str:
        return f"Match.parse({self.to_data()!r})"

    def __str__(self) -> str:
        return ", ".join(f"{test.fact} {_said(test)}" for test in self) or "anything"

    def __reduce__(self) -> tuple[Any, ...]:
        return Match, (tuple(self),)


def _said(test: Test) -> str:
    if test.values is None:
        return "is not set" if test.negated else "is set"
    return ("is not " if test.negated else "is ") + " or ".join(test.values)


def _test(fact: str, given: object) -> Test:
    negated = False
    if isinstance(given, Mapping):
        keys = set(given)
        if keys == {"set"} and isinstance(given["set"], bool):
            return Test(fact, None, not given["set"])
        if keys != {"not"}:
            raise InvalidPolicy(
                f"{dict(given)!r} is no test of a fact",
                where=fact,
                value=given,
                remedy='Write a value, a list of values, { not = "value" } or { set = true }',
            )
        negated, given = True, given["not"]
    values = list(given) if isinstance(given, (list, tuple)) else [given]
    texts: list[str] = []
    for value in values:
        if value is None or not isinstance(value, (str, int, float)):
            raise InvalidPolicy(
                f"{value!r} is no value that a fact can have",
                where=fact,
                value=value,
                remedy="Use text, a number, true or false; { set = false } for what is unset",
            )
        texts.append(text_of(value) or "")
    if not texts:
        raise InvalidPolicy("no value is asked for", where=fact, remedy="Name one, or leave the fact out")
    return Test(fact, tuple(dict.fromkeys(texts)), negated)


_TEST_SCHEMA = {
    "anyOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
        {"type": "object", "properties": {"not": {}}, "required": ["not"], "additionalProperties": False},
        {
            "type": "object",
            "properties": {"set": {"type": "boolean"}},
            "required": ["set"],
            "additionalProperties": False,
        },
    ]
}
MatchField = Annotated[
    Match,
    PlainValidator(Match.parse),
    PlainSerializer(Match.to_data),
    WithJsonSchema({"type": "object", "additionalProperties": _TEST_SCHEMA}),
]
