"""
A report on a log that does not fit into memory: read once, put into parts, and evaluated part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any, Literal, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from sla_engine.errors import InvalidInstant, InvalidLog, SlaError
from sla_engine.frames.clocks.clock_frames import COLUMNS, frame_of
from sla_engine.frames.clocks.compliance import StartedClocks
from sla_engine.frames.clocks.logs import Log, NamedPolicies
from sla_engine.frames.numbers import np
from sla_engine.frames.streams.figures import Sums
from sla_engine.frames.streams.files import FileProblem, Problems, Reader, files_of, header_of, pc
from sla_engine.frames.streams.outcomes import LATE, Outcomes, Rows, Worst
from sla_engine.frames.streams.parts import MOST, read, spread
from sla_engine.frames.streams.ticket_rows import TicketRows
from sla_engine.instants import to_micros
from sla_engine.periods import Period
from sla_engine.policies import Policy
from sla_engine.tables import Ambiguous, Times
from sla_engine.tickets import Attribute, Compliance, LogColumns, LogMapping, Outcome
from sla_engine.tickets.compliance import PERIOD_NAMES, PERIODS
from sla_engine.tickets.events import KINDS
from sla_engine.tickets.mapping import EVENT_COLUMNS
from sla_engine.zones import zone_name, zone_of

Progress = Callable[[str, int, int], object]
"""Is told what is being done, how much of it was, and how much there is."""
_ROW = 512
"""The bytes that an event takes while its part is evaluated."""


@dataclass(frozen=True, slots=True)
class FilesReport:
    """
    The compliance of a log in files under a policy, and everything accounted for.

    It is a `Report` of which the outcomes were counted and not kept: `compliance`, `before` and `after` have the
    figures, `rows` the number of rows read, `tickets` that of tickets seen, `not_yet_opened` that of those opened after
    the instant asked about, and `unusable` that of rows that could not be used, of which `problems` are up to 1,000.
    `anomalies` are the numbers of events that contradict the rest of their tickets, by kind. `worst` are the breached
    outcomes that are late by the most open time, worst first, as many as were asked for and without attributes.
    """

    policy: str
    at: datetime | None
    compliance: Compliance
    before: Compliance | None
    after: Compliance | None
    kind: Literal["tickets", "events"]
    rows: int
    tickets: int
    not_yet_opened: int
    unusable: int
    problems: tuple[FileProblem, ...]
    anomalies: tuple[tuple[str, int], ...]
    worst: tuple[Outcome, ...] = ()

    @property
    def counted(self) -> int:
        """The number of clocks in the figures."""
        return sum(len(figure) for figure in self.compliance.figures)

    @property
    def breached(self) -> int:
        """The number of breached clocks in the figures."""
        return sum(len(figure.breached) for figure in self.compliance.figures)

    def to_data(self) -> dict[str, Any]:
        """
        Return the report as plain data, as `Report.to_data` does; of the breached outcomes there are the number and
        the worst.
        """
        figures = self.compliance
        span = figures.period.span if figures.period else None
        return {
            "policy": self.policy,
            "period": figures.period.label if figures.period else None,
            "period_start": span.start.isoformat() if span else None,
            "period_end": span.end.isoformat() if span else None,
            "attribute": figures.attribute,
            "at": self.at.isoformat() if self.at else None,
            "figures": figures.records(),
            "before": self.before.records() if self.before else None,
            "after": self.after.records() if self.after else None,
            "breached": {"count": self.breached, "worst": [one.to_data() for one in self.worst]},
            "rows": {
                "all": self.rows,
                "in_period": self.counted,
                "outside_period": len(figures.outside),
                "without_that_instant": len(figures.unattributed),
                "not_yet_opened": self.not_yet_opened,
                "unusable": self.unusable,
            },
            "tickets": self.tickets,
            "anomalies": dict(self.anomalies),
            "problems": [
                {"file": one.file, "row": one.row, "id": one.id, "problem": one.problem} for one in self.problems
            ],
        }


def report_files(
    path: str | Path,
    policy: Policy,
    *,
    at: datetime | None = None,
    period: Period | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
    by: str | Iterable[str] = (),
    mapping: LogMapping | None = None,
    columns: LogColumns | None = None,
    zone: str | None = None,
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    delimiter: str = ",",
    memory: int = 2**30,
    folder: str | Path | None = None,
    clocks: str | Path | None = None,
    outcomes: str | Path | TextIO | None = None,
    most: int = 20,
    progress: Progress | None = None,
) -> FilesReport:
    """
    Evaluate every ticket of a log under a policy, and count those of a period; the log need not fit into memory.

    `path` is a file of Parquet or CSV, or a directory of them, whose files are read in the order of their names. By its
    header it is an event log, with the columns of `read_events` (or those of a `mapping`), or has one row a ticket,
    with `columns`. `delimiter` is what stands between the columns of CSV. Events of a ticket may stand in several
    files, in any order. `memory` is about how many bytes the work on one part may take; the parts are written to a
    temporary directory in `folder`, which is removed at the end, and when something stops the work. `clocks` is a
    Parquet file to which the clock of every ticket is written.
    `outcomes` is a file of CSV, or a stream of text, to which a row is written for every outcome of the period, as
    `Report.to_csv` has them, once all are evaluated: those of a ticket together, and tickets in no order. `most` is how
    many of the worst breaches are kept. Instants of outcomes are in the zone of the log, or else in UTC. `progress` is
    told how far the work is. The rest is as in `report`, and the figures are the same: counts, shares, the median and
    the 90th percentile are exact.

    Raises `InvalidInstant` where `at` is needed and missing, `InvalidLog` for what is no log and for an attribute with
    the name of what is told of each clock, and what `evaluate` does, with the ticket.
    """
    names = (by,) if isinstance(by, str) else tuple(by)
    files = files_of(Path(path))
    header = header_of(files[0], delimiter)
    events = mapping is not None or {"ticket", "at", "kind"} <= set(header)
    if events and at is None:
        raise InvalidInstant(
            "what is known of tickets depends on the present",
            where="at",
            remedy="Say as of which instant: at=datetime(..., tzinfo=...), or --at on the command line",
        )
    if memory < 1:
        raise InvalidLog(f"nothing can be done in {memory} bytes", where="memory", value=memory, remedy="Give more")
    work = _Work(policy, at, target, names, tell=progress or (lambda *_: None))
    work.delimiter = delimiter
    work.times = Times.written(None if zone is None else zone_of(zone_name(zone)), time_format, ambiguous)
    source = work.events(files, header, mapping, zone) if events else work.rows(files, header, columns, zone)
    if source.zone is not None:
        work.like = work.like.replace(tzinfo=zone_of(zone_name(source.zone)))
    listed = [(tier.name, one.name) for tier in policy.tiers for one in tier.targets if target in (None, one.name)]
    # Figures of single weeks or months have no counterpart in the period before.
    beside = None if PERIOD_NAMES & set(names) else period
    periods = [period] + ([beside.previous(), beside.next()] if beside is not None else [])
    with TemporaryDirectory(prefix="sla-engine-", dir=folder, ignore_cleanup_errors=True) as made:
        sums = [
            Sums(names, one, getattr(one, "zone", None) or policy.zone, listed, Path(made) / f"times-{number}")
            for number, one in enumerate(periods)
        ]
        worst = Worst(most, listed)
        with _written(clocks) as write, _told(outcomes, Path(made) / "outcomes.csv") as write_rows:
            for frame in work.frames(source, Path(made), memory):
                kept = frame if target is None else frame.filter(pc.equal(frame.column("clock").cast("string"), target))
                write(kept)
                counted = StartedClocks(kept, attribute, policy)
                kinds = [one.add(counted) for one in sums]
                part = Outcomes(counted, kinds[0], policy, work.excluding, work.at, work.like)
                worst.add(part)
                write_rows(part)
        found = [one.compliance(attribute) for one in sums]
    problems, place = source.problems, {str(file): number for number, file in enumerate(files)}
    return FilesReport(
        policy.name,
        at,
        found[0],
        found[1] if beside is not None else None,
        found[2] if beside is not None else None,
        "events" if events else "tickets",
        source.rows,
        work.tickets,
        work.later,
        problems.count,
        tuple(sorted(problems.kept, key=lambda one: (place[one.file], one.row))),
        tuple(sorted(work.anomalies.items())),
        worst.outcomes(),
    )


class _Work:
    """What is done with each part of a log."""

    def __init__(
        self, policy: Policy, at: datetime | None, target: str | None, names: tuple[str, ...], tell: Progress
    ) -> None:
        self.policy = policy
        self.at = None if at is None else to_micros(at)
        self.target = target
        self.tell = tell
        self.times = Times.written(None, None, "refuse")
        self.tickets = self.later = 0
        self.anomalies: dict[str, int] = {}
        policies = [policy, *policy.effective_versions()]
        excluded = [test.fact for one in policies for rule in one.exclusions for test in rule.when]
        customer = [policy.customer_attribute] if policy.customers else []
        self.excluding = tuple(dict.fromkeys(name for name in (*excluded, *customer) if name != "tier"))
        """The attributes that decide what is excluded."""
        beside = (*self.excluding, *(name for name in names if name not in ("tier", *PERIODS)))
        self.beside = tuple(dict.fromkeys(beside))
        """The attributes that the figures ask about."""
        for name in self.beside:
            if name in (*COLUMNS, LATE):
                raise InvalidLog(
                    f"the attribute {name!r} has the name of what is told of each clock",
                    where="by" if name in names else "policy",
                    value=name,
                    remedy="Rename it, or call it something else in a mapping",
                )
        ruled = [test.fact for one in policies for rule in one.rules for test in rule.when if test.fact != "tier"]
        self.asked = tuple(dict.fromkeys([*beside, *ruled]))
        self.mapping: LogMapping | None = None
        self.ticket_rows: TicketRows | None = None
        self.zone: str | None = None
        self.delimiter = ","
        self.like = datetime(1970, 1, 1, tzinfo=UTC)
        """Has the zone in which outcomes are told."""

    def events(self, files: list[Path], header: list[str], mapping: LogMapping | None, zone: str | None) -> Reader:
        """Return what reads an event log."""
        mapping = LogMapping.native(header) if mapping is None else mapping
        self.zone = zone or mapping.zone
        if mapping.zone is not None or mapping.time_format is not None or mapping.ambiguous != "refuse":
            own = self.times
            given = own.zone or (zone_of(zone_name(mapping.zone)) if mapping.zone else None)
            ambiguous = own.ambiguous if own.ambiguous != "refuse" else mapping.ambiguous
            self.times = Times.written(given, own.form or mapping.time_format, ambiguous)
        self.mapping = mapping
        keys = ("ticket", "event", "status", "tier", *EVENT_COLUMNS)
        names = [getattr(mapping, key) for key in keys if getattr(mapping, key) is not None]
        names += [column for _, column in mapping.attributes]
        kept = [name for name in dict.fromkeys(names) if name != mapping.at]
        return Reader(
            files,
            kept,
            [mapping.at],
            mapping.ticket,
            self.times,
            self.zone,
            named=mapping.event,
            unknown=lambda name: _unknown(name, mapping),
            delimiter=self.delimiter,
        )

    def rows(self, files: list[Path], header: list[str], columns: LogColumns | None, zone: str | None) -> Reader:
        """Return what reads a log with one row a ticket."""
        columns = columns or LogColumns()
        own = (columns.id, columns.tier, columns.opened_at, columns.stopped_at)
        wanted = dict.fromkeys([*columns.attributes, *self.asked])
        attributes = [name for name in wanted if header.count(name) == 1 and name not in own]
        problems = Problems()
        self.ticket_rows = TicketRows(files, self.policy, columns, tuple(attributes), self.target, self.at, problems)
        return Reader(
            files,
            [columns.id, columns.tier, *attributes],
            [columns.opened_at, columns.stopped_at],
            columns.id,
            self.times,
            zone,
            [columns.stopped_at],
            problems,
            placed=True,
            delimiter=self.delimiter,
        )

    def frames(self, source: Reader, folder: Path, memory: int) -> Iterator[Any]:
        """Yield the clocks of each part, as tables of Arrow."""
        size = source.size
        parts = min(max(_expected(source) * _ROW // memory + 1, 1), MOST)

        def batches() -> Iterator[Any]:
            for batch in source.batches():
                self.tell("reading", source.done, size)
                yield batch

        written = spread(batches(), source.id, parts, folder)
        self.tell("reading", size, size)
        for number, file in enumerate(written):
            self.tell("evaluating", number, len(written))
            yield self._evaluated(read(file))
            pa.default_memory_pool().release_unused()
        self.tell("evaluating", len(written), len(written))

    def _evaluated(self, table: Any) -> Any:
        if self.ticket_rows is not None:
            frame, later = self.ticket_rows.clocks(table)
            self.later += later
            self.tickets += frame.num_rows
        else:
            frame = self._of_events(table)
        for name in self.beside:
            if name not in frame.column_names:
                frame = frame.append_column(name, pa.nulls(frame.num_rows, pa.string()))
        return frame

    def _of_events(self, table: Any) -> Any:
        assert self.mapping is not None  # noqa: S101  (the log is one or the other)
        assert self.at is not None  # noqa: S101  (it was asked for)
        there = {name for name, _ in self.mapping.attributes}
        kept = tuple(name for name in self.beside if name in there)
        try:
            log = Log(table, NamedPolicies.given(self.policy, None), self.mapping, kept, None)
            found = log.evaluate(self.at)
        except SlaError as error:
            raise _of_ticket(error, table, self.mapping) from None
        opened_later = int(np.count_nonzero(log.opened > self.at))
        self.later += opened_later
        self.tickets += len(log.opened) - opened_later
        for kinds in found.odd_kinds:
            for kind in kinds:
                self.anomalies[kind] = self.anomalies.get(kind, 0) + 1
        return frame_of(log, found, self.at)


def _unknown(name: str, mapping: LogMapping) -> str | None:
    """Return why a name is that of no event; None where it is."""
    if not name:
        return None
    if mapping.events is not None:
        known = any(name == one for one, _ in mapping.events)
        return None if known else f"{mapping.event} {name!r} is no event that the mapping knows"
    return None if name in KINDS else f"{name!r} is no kind of event: there is {', '.join(KINDS)}"


def _of_ticket(error: SlaError, table: Any, mapping: LogMapping) -> SlaError:
    """Return an error with the ticket and the instant of its row; rows of parts are not those of any file."""
    head, _, number = error.where.partition(" ")
    number = number.partition(".")[0]
    if head == "row" and number.isdecimal():
        ticket, at = (table.column(name)[int(number)].as_py() for name in (mapping.ticket, mapping.at))
        error.where = f"ticket {ticket}, at {at.isoformat()}"
    return error


def _expected(source: Reader) -> int:
    """Return about how many rows there are: those of CSV are taken for short ones."""
    rows = 0
    for file in source.files:
        if file.suffix.lower() == ".parquet":
            rows += pq.read_metadata(file).num_rows
        else:
            rows += file.stat().st_size // 32
    return rows


@contextmanager
def _told(target: str | Path | TextIO | None, room: Path) -> Iterator[Callable[[Outcomes], None]]:
    """Give what writes outcomes; until all are written they stand in a temporary file, so that no half of them is."""
    if target is None:
        yield lambda _: None
        return
    with room.open("w+", encoding="utf-8", newline="") as rows:
        yield Rows(rows).add
        rows.seek(0)
        if not isinstance(target, (str, Path)):
            copyfileobj(rows, target)
            return
        file = Path(target)
        try:
            with file.open("w", encoding="utf-8", newline="") as written:
                copyfileobj(rows, written)
        except BaseException:
            if file.is_file() and not file.is_symlink():
                file.unlink()
            raise


@contextmanager
def _written(path: str | Path | None) -> Iterator[Callable[[Any], None]]:
    """Give what writes clocks to a Parquet file; one that was not finished is removed."""
    if path is None:
        yield lambda _: None
        return
    file = Path(path)
    writers: list[Any] = []

    def write(frame: Any) -> None:
        if not writers:
            writers.append(pq.ParquetWriter(file, frame.schema))
        writers[0].write_table(frame.cast(writers[0].schema))

    try:
        yield write
    except BaseException:
        for writer in writers:
            writer.close()
            file.unlink(missing_ok=True)
        raise
    for writer in writers:
        writer.close()
