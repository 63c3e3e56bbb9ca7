"""How the documentation is built: `make docs`."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

project = "sla_engine"
author = "The sla_engine authors"
project_copyright = author
release = importlib.metadata.version("sla_engine")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build", "demo"]
html_theme = "furo"
html_title = f"{project} {release}"

# Docstrings write code in single backticks, as the Markdown pages do.
default_role = "code"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"

# Types in signatures are links where this documentation has a page for them. Nothing is fetched to link to others.
nitpick_ignore_regex = [
    # The standard library, and Hypothesis.
    ("py:class", r"(datetime|collections\.abc|fractions|os|pathlib|typing)\.\w+"),
    ("py:class", r"hypothesis\.strategies\.SearchStrategy"),
    # The same, where autodoc cannot resolve a name and gives it as written.
    ("py:class", r"datetime|date|timedelta|tzinfo|SearchStrategy|Unknown|Base|Ints|Bools|NDArray|AmountInput"),
    # NumPy and Polars.
    ("py:class", r"np\.int\d+|polars\.expr\.expr\.Expr"),
    # Type variables: the type that goes in comes out.
    ("py:class", r"sla_engine\.(calendars\.calendar|policies\.policy)\.T|sla_engine\.frames\.(series|deadlines)\.S"),
    ("py:class", r"sla_engine\.frames\.clocks\.(logs|compliance)\.F"),
]

# Prompts and output are not copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def _docstring(*event: Any) -> None:
    """Let code in backticks touch the word after it, as in Markdown: the `count`th."""
    lines: list[str] = event[-1]
    lines[:] = [re.sub(r"(?<!`)(`[^`]+`)(?=\w)", r"\1\\ ", line) for line in lines]


def setup(app: Any) -> None:
    """Connect what is above."""
    app.connect("autodoc-process-docstring", _docstring)
