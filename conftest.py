"""Run the examples in README.md and in the docstrings of the package."""

from __future__ import annotations

import importlib
from typing import Any

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser


def _public_names(namespace: dict[str, Any]) -> None:
    """Give a docstring the public names of the package; those of its own module come on top."""
    package = importlib.import_module("sla_engine")  # not sooner: coverage counts from here
    namespace.update({name: getattr(package, name) for name in package.__all__})


pytest_collect_file = (
    Sybil([PythonCodeBlockParser()], filenames=["README.md"], excludes=["*/README.md"])
    + Sybil([DocTestParser()], path="src", pattern="*.py", setup=_public_names)
).pytest()
