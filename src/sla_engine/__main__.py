"""The entry point of the command line, which says what is missing where its extra is not installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line, `sla-engine`."""
    missing = [name for name in ("cyclopts", "rich") if find_spec(name) is None]
    if missing:
        sys.exit(f"sla-engine: the command line needs {' and '.join(missing)}. Install sla_engine[cli]")
    from sla_engine.cli import run  # noqa: PLC0415  (needs the extra)

    run()


if __name__ == "__main__":
    main()
