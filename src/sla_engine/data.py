"""
The base of everything that people write down: rules that are frozen, hashable, and go to JSON and back.

pydantic checks them; what it finds is raised as an error of this library's own tree, with the path to the key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from sla_engine.errors import SlaError, close_to, several


class Data(BaseModel, frozen=True):
    """
    A frozen value that people write: equal by its fields, hashable, checked when made, JSON in and out.

    Raises an error of this library (never pydantic's own) that names the key, what was given, and what to do.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True, validate_default=False)

    error: ClassVar[type[SlaError]]
    """The error for what pydantic itself finds wrong."""

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as found:
            raise problem_of(found, type(self).error, type(self)) from None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Make one from plain data, as `json.load` or `tomllib.load` give it."""
        if not isinstance(data, Mapping):
            raise cls.error(f"{data!r} is no table of keys and values", value=data)
        return cls(**{str(key): value for key, value in data.items()})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Make one from its JSON text."""
        return cls.from_data(parsed(text, cls.error))

    def to_data(self) -> dict[str, Any]:
        """Return the value as plain data: only texts, numbers, booleans, lists and dicts; defaults are left out."""
        written = {name for name, field in type(self).model_fields.items() if self._is_written(name, field)}
        return self.model_dump(mode="json", include=written)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the value as JSON text; `from_json` gives an equal value back."""
        return json.dumps(self.to_data(), indent=indent, ensure_ascii=False)

    @classmethod
    def _keys(cls) -> list[str]:
        """Return the keys of its plain data that people write."""
        return [name for name in cls.model_fields if name not in _MARKS]

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in type(self).model_fields)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __getstate__(self) -> dict[Any, Any]:
        # What was computed from the fields stays behind; it is computed again when asked for.
        state = super().__getstate__()
        fields = type(self).model_fields
        return {**state, "__dict__": {name: value for name, value in state["__dict__"].items() if name in fields}}

    def __copy__(self) -> Self:
        return self  # nothing in it can change

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return the same value with some fields replaced, checked again."""
        del deep
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | dict(update or {}))

    def __str__(self) -> str:
        return repr(self)

    def __repr_args__(self) -> Any:
        for name, field in type(self).model_fields.items():
            if self._is_written(name, field) and (field.is_required() or name not in _MARKS):
                yield name, getattr(self, name)

    def _is_written(self, name: str, field: FieldInfo) -> bool:
        """
        Whether a field says anything that its default does not; what marks the form of the data is always written.
        """
        return (
            name in _MARKS or field.is_required() or getattr(self, name) != field.get_default(call_default_factory=True)
        )


_MARKS = frozenset({"kind", "schema_version"})


def parsed(text: str | bytes, error: type[SlaError]) -> Any:
    """Return what JSON text says, or raise `error`: with line and column, or for a key that one object has twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for place, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:place]))
            raise error(f"the key {twice!r} stands twice in one object", value=twice, remedy="Leave one of them")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except (json.JSONDecodeError, UnicodeDecodeError) as found:
        where = f"line {found.lineno}, column {found.colno}" if isinstance(found, json.JSONDecodeError) else "text"
        raise error(f"malformed JSON: {found}", where=where, remedy="Mend the text at that place") from None


def problem_of(found: ValidationError, error: type[SlaError], model: type[BaseModel] | None) -> SlaError:
    """Return pydantic's findings as one error of this library, or as one that lists several."""
    problems = [_single(detail, error, model) for detail in found.errors(include_url=False)]
    # A value that fits no branch of a choice is reported once a branch; the first says it as well as the others.
    distinct = list({str(problem): problem for problem in problems}.values())
    return several(error, distinct)


def _single(detail: Any, error: type[SlaError], model: type[BaseModel] | None) -> SlaError:
    where = path_of(detail["loc"])
    own = detail.get("ctx", {}).get("error")
    if isinstance(own, SlaError):
        return own.located(where)
    given = detail["input"]
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        known = model._keys() if model is not None and issubclass(model, Data) else []
        close = close_to(key, known, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        return error(
            f"unknown key {key!r}",
            where=path_of(detail["loc"][:-1]),
            value=given,
            remedy=f"{hint}Known keys: {', '.join(known)}" if known else "Take it out",
        )
    if detail["type"] == "missing":
        return error("is missing", where=where, remedy="Add it")
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return error(f"{message}, got {given!r}", where=where, value=given)


_TAGS = {"weekly", "union", "intersection", "difference", "versions", "dates", "rules"}


def path_of(location: tuple[int | str, ...]) -> str:
    """Return a path as people write it: `calendars.europe.hours[2]`."""
    path = ""
    before: int | str | None = None
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in _TAGS or not (isinstance(before, int) or before == "holidays"):
            path += f".{part}" if path else part
        before = part
    return path
