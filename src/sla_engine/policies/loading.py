"""
Where policies come from: TOML, JSON and YAML files, and the one that the library ships.
"""

from __future__ import annotations

import importlib.resources
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sla_engine.data import parsed
from sla_engine.errors import InvalidPolicy, MissingExtra, SlaError
from sla_engine.policies.policy import Policy


def maxony_policy() -> Policy:
    """
    Return the service levels of Maxony, a hosted-software company, as the library ships them.

    Two offices and the union of their hours, three tiers of support, five services at 99 %. The readings behind it
    are in the file itself and in the docs.
    """
    text = importlib.resources.files("sla_engine.policies").joinpath("maxony.toml").read_text(encoding="utf-8")
    return _policy(_toml(text), "maxony.toml")


def load_policy(path: str | os.PathLike[str]) -> Policy:
    """
    Load a policy from a `.toml`, `.json`, `.yaml` or `.yml` file.

    YAML is 1.2, so that the country `NO` is a text and `22:00` no number; it needs the extra `sla_engine[yaml]`.

    Raises `InvalidPolicy` that names the file, the key, the value and the remedy; `MissingExtra`; and `OSError` for a
    file that cannot be read.
    """
    file = Path(path)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise InvalidPolicy(
            f"{file.suffix or 'no suffix'!r} is no format of policies",
            where=str(file),
            value=str(file),
            remedy=f"Use {', '.join(_READERS)}",
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPolicy(f"the file is not UTF-8: {error}", where=str(file), remedy="Save it as UTF-8") from None
    return _policy(lambda: reader(text), str(file))


def _policy(data: Any, file: str) -> Policy:
    try:
        return Policy.from_data(_table(data() if callable(data) else data))
    except MissingExtra:
        raise
    except SlaError as error:
        raise _in_file(error, file) from error


def _table(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidPolicy("a policy is a table of keys", value=data, remedy="Start with: name, calendars, tiers")
    return data


def _in_file(error: SlaError, file: str) -> InvalidPolicy:
    problems = tuple(_in_file(problem, file) for problem in error.problems)
    return InvalidPolicy(
        f"{file}: {error.problem}" if problems else error.problem,
        where=f"{file}: {error.where}" if error.where else file,
        value=error.value,
        remedy=error.remedy,
        problems=problems,
        file=file,
        key=error.where,
    )


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy(f"malformed TOML: {error}", remedy="Mend the text at that place") from None


def _json(text: str) -> Any:
    return parsed(text, InvalidPolicy)


def _yaml(text: str) -> Any:
    try:
        from ruamel.yaml import YAML  # noqa: PLC0415  (an extra)
        from ruamel.yaml.error import YAMLError  # noqa: PLC0415
    except ImportError:
        raise MissingExtra(
            "reading YAML needs ruamel.yaml", remedy="Install sla_engine[yaml], or write the policy in TOML or JSON"
        ) from None
    loader = YAML(typ="safe", pure=True)
    loader.version = (1, 2)
    try:
        return loader.load(text)
    except YAMLError as error:
        raise InvalidPolicy(f"malformed YAML: {' '.join(str(error).split())}", remedy="Mend the text there") from None


_READERS: dict[str, Callable[[str], Any]] = {".toml": _toml, ".json": _json, ".yaml": _yaml, ".yml": _yaml}
