"""Run the examples in README.md and in docstrings; keep those of a page, and the tests of an engine, on one process."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """
    Give all examples of a page to one process, because they share their names, and all tests of an engine, because it
    is started once; other tests go anywhere.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  (a plugin that may be absent)

    class PagesTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            page = nodeid.partition("::")[0]
            return page if page.endswith(".md") or page.startswith(("src/", "tests/engines/")) else nodeid

    return PagesTogether(config, log)
