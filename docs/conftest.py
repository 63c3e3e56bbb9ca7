"""
Run what the pages show: Python examples, commands with their output, and whole policies.

A `python` block with `>>>` is a doctest. A `console` block is run from the root of the project, and must print what it
says. A `toml`, `json` or `yaml` block is a policy that must load.
"""

from __future__ import annotations

import doctest
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

import sla_engine as sla

ROOT = Path(__file__).parents[1]

collect_ignore = ["_build"]


def console(example: Example) -> str | None:
    """Run the commands of a block, and compare all that they print with what the block says."""
    expected = str(example.parsed).rstrip().splitlines()
    printed: list[str] = []
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "80"}
    for line in expected:
        if line.startswith("$ "):
            done = subprocess.run(  # noqa: S602  (the commands are ours)
                line[2:],
                shell=True,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            printed += [line, *done.stdout.rstrip().splitlines()]
    printed = [line.rstrip() for line in printed]
    return None if printed == expected else "\n".join(["it printed:", *printed])


def policy(read: Callable[[str], Any]) -> Callable[[Example], None]:
    """Return what loads a block as a policy."""

    def load(example: Example) -> None:
        sla.Policy.from_data(read(str(example.parsed)))

    return load


def _yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


pytest_collect_file = Sybil(
    [
        PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS),
        CodeBlockParser("console", console),
        CodeBlockParser("toml", policy(tomllib.loads)),
        CodeBlockParser("json", policy(json.loads)),
        CodeBlockParser("yaml", policy(_yaml)),
    ],
    pattern="*.md",
).pytest()
