"""`sla-engine report` on a directory of files, or a file of Parquet: in parts, so that it may be larger than memory."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from sla_engine.cli.reading import LogOptions, read_mapping
from sla_engine.cli.showing import show_anomalies, show_breached, show_figures, tell_problems
from sla_engine.errors import MissingExtra
from sla_engine.periods import Period
from sla_engine.policies import Policy
from sla_engine.tickets import Attribute, LogColumns

if TYPE_CHECKING:
    from sla_engine.frames.streams import FilesReport


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a log."""

    period: Period | None
    at: datetime | None
    attribute: Attribute
    target: str | None
    by: tuple[str, ...]
    most: int = 20


@dataclass(frozen=True, slots=True)
class FilesAnswer:
    """A report on files, and how it is shown."""

    found: FilesReport
    rules: Policy
    format: str

    def write(self, console: Console) -> None:
        """Show the figures, where every row is, and the worst breaches."""
        if self.format == "json":
            console.file.write(json.dumps(self.found.to_data(), indent=2, ensure_ascii=False) + "\n")
        else:
            self._show(console)

    def _show(self, console: Console) -> None:
        found, figures = self.found, self.found.compliance
        show_figures(found, self.rules, console)
        outside = f"{len(figures.outside)} of other periods, {len(figures.unattributed)} not {figures.attribute}"
        if found.kind == "events":
            clocks = found.counted + len(figures.outside) + len(figures.unattributed)
            said = (
                f"{found.rows} rows, {found.tickets} tickets, {clocks} clocks: {found.counted} counted, {outside}; "
                f"{found.not_yet_opened} tickets opened later, {found.unusable} rows or tickets not usable"
            )
        else:
            said = (
                f"{found.rows} rows: {found.counted} counted, {outside}, {found.not_yet_opened} opened later, "
                f"{found.unusable} not usable"
            )
        console.print(said, markup=False, highlight=False)
        show_anomalies(dict(found.anomalies), console)
        show_breached(found.breached, found.worst, console)

    def exit(self) -> None:
        """Exit with 1 where rows could not be used, and list the first of them."""
        if self.found.unusable:
            tell_problems(self.found.problems, count=self.found.unusable)
            sys.exit(1)


def is_files(log: Path) -> bool:
    """Whether a log is read in parts: a directory, or a file of Parquet."""
    return log.suffix.lower() == ".parquet" or log.is_dir()


def report_on_files(
    log: Path, options: LogOptions, rules: Policy, question: Question, form: str, *, rows: Path | TextIO
) -> FilesAnswer:
    """
    Return the report on files; where the form is CSV, its rows are written to a file or a stream.

    Raises `MissingExtra` without what reads them, and what `report_files` does.
    """
    try:
        from sla_engine.frames.streams import report_files  # noqa: PLC0415  (it needs an extra)
    except ImportError as error:
        raise MissingExtra(
            "directories and files of Parquet need pyarrow",
            where=error.name or "pyarrow",
            remedy="pip install sla_engine[arrow]",
        ) from None
    with _progress() as tell:
        found = report_files(
            log,
            rules,
            at=question.at,
            period=question.period,
            attribute=question.attribute,
            target=question.target,
            by=question.by,
            mapping=None if options.mapping is None else read_mapping(options.mapping),
            columns=LogColumns(
                id=options.id_column,
                tier=options.tier_column,
                opened_at=options.opened_column,
                stopped_at=options.stopped_column,
            ),
            zone=options.zone,
            time_format=options.time_format,
            ambiguous=options.ambiguous,
            delimiter=options.delimiter,
            outcomes=rows if form == "csv" else None,
            most=question.most,
            progress=tell,
        )
    return FilesAnswer(found, rules, form)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], object]]:
    """Give what shows on the error channel how far the work is, where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        tasks = {name: shown.add_task(name, total=None) for name in ("reading", "evaluating")}

        def tell(what: str, done: int, of: int) -> None:
            shown.update(tasks[what], completed=done, total=max(of, 1))

        yield tell
