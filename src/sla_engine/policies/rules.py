"""
Which promise applies to which ticket: ordered rules on its attributes, and tickets that are excluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, field_validator, model_validator

from sla_engine.amounts import Amount, parse_amount
from sla_engine.calendars.calendar import AmountInput
from sla_engine.data import Data
from sla_engine.errors import InvalidPolicy, SlaError
from sla_engine.facts import OWN_FACTS, Match, MatchField
from sla_engine.targets import checked_target

Promised = tuple[tuple[str, Amount | None], ...]


def _promised(given: object) -> Promised:
    if isinstance(given, tuple):
        return given
    if not isinstance(given, Mapping):
        raise InvalidPolicy(f"{given!r} are no targets", value=given, remedy='Write { response = "1h" }')
    made: list[tuple[str, Amount | None]] = []
    for name, amount in given.items():
        try:
            promised = None if amount is None or amount == "none" else checked_target(parse_amount(amount))
            made.append((str(name), promised))
        except SlaError as error:
            raise error.located(str(name)) from None
    return tuple(made)


_TARGETS_SCHEMA = {
    "type": "object",
    "additionalProperties": {"type": "string", "examples": ["1h", "5 business days", "none"]},
}
PromisedField = Annotated[
    Promised,
    PlainValidator(_promised),
    PlainSerializer(lambda targets: {name: "none" if amount is None else str(amount) for name, amount in targets}),
    WithJsonSchema(_TARGETS_SCHEMA),
]


def _about_attributes(when: Match) -> Match:
    for test in when:
        if test.fact in OWN_FACTS and test.fact != "tier":
            raise InvalidPolicy(
                f"a promise cannot depend on {test.fact!r}, which changes with every event",
                where=test.fact,
                remedy="Ask about the tier and about attributes of the ticket",
            )
    return when


class Rule(Data, frozen=True):
    """
    What applies to tickets with some attributes: another calendar, other targets, or the tier of those that have none.

    A policy's rules are ordered. For the calendar, and for each target, the first rule that matches and names it
    decides; what no rule names is the tier's own. A target of `"none"` promises nothing.

    `Rule(when={"tier": "first_level", "priority": "urgent"}, targets={"response": "1h"})`. Raises `InvalidPolicy`.
    """

    error: ClassVar[type[SlaError]] = InvalidPolicy

    when: MatchField = Field(default_factory=Match)
    tier: str | None = None
    calendar: str | None = None
    targets: PromisedField = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            when: Mapping[str, Any] | Match = ...,
            tier: str | None = None,
            calendar: str | None = None,
            targets: Mapping[str, AmountInput | None] = ...,
        ) -> None: ...

    @field_validator("when")
    @classmethod
    def _known_beforehand(cls, when: Match) -> Match:
        return _about_attributes(when)

    @model_validator(mode="after")
    def _says_something(self) -> Rule:
        if self.tier is None and self.calendar is None and not self.targets:
            raise InvalidPolicy("the rule says nothing", remedy="Give it a calendar, targets, or a tier")
        return self

    def says(self) -> frozenset[str]:
        """Return what the rule decides: `calendar`, `tier`, and `targets.NAME`."""
        said = {f"targets.{name}" for name, _ in self.targets}
        said |= {name for name in ("calendar", "tier") if getattr(self, name) is not None}
        return frozenset(said)


class Exclusion(Data, frozen=True):
    """Tickets that compliance counts apart, and why: `Exclusion(when={"channel": "spam"}, reason="spam")`."""

    error: ClassVar[type[SlaError]] = InvalidPolicy

    when: MatchField
    reason: str = Field(min_length=1)

    if TYPE_CHECKING:

        def __init__(self, *, when: Mapping[str, Any] | Match, reason: str) -> None: ...

    @field_validator("when")
    @classmethod
    def _known_beforehand(cls, when: Match) -> Match:
        return _about_attributes(when)
