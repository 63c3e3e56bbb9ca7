"""
Names, texts and errors in SQL that a connection to DuckDB runs, which takes every character.

Scripts do not: `frames.sql` refuses what cannot stand in one.
"""

from __future__ import annotations

ENDLESS = "an infinite instant is none: write NULL where there is none"


def quoted(name: str) -> str:
    """Return a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text in quotes."""
    return "'" + text.replace("'", "''") + "'"


def error(text: str) -> str:
    """Return an expression that is an error of the query."""
    return f"error({literal(text)})"
