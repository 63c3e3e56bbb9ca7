"""How the documentation is built: `make docs`."""

from __future__ import annotations

import importlib.metadata

project = "sla_engine"
author = "The sla_engine authors"
project_copyright = author
release = importlib.metadata.version("sla_engine")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build", "demo"]
html_theme = "furo"
html_title = f"{project} {release}"

# Docstrings write code in single backticks, as the Markdown pages do.
default_role = "code"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# Prompts and output are not copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
