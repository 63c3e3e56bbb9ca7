"""
The command line: `sla-engine report tickets.csv --month 2026-03`.

Exit codes: 0 all rows were read and evaluated, 1 some rows could not be (they are listed, the rest is evaluated), 2
nothing could be done.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TextIO

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.table import Table

from sla_engine.errors import InvalidInstant, SlaError
from sla_engine.instants import to_micros
from sla_engine.ledger import duration_text_of
from sla_engine.periods import Month
from sla_engine.policies import Policy, Report, load_policy, maxony_policy
from sla_engine.policies import report as evaluated
from sla_engine.tickets import Attribute, LogColumns, read_log
from sla_engine.tickets.log import Ambiguous
from sla_engine.zones import zone_name, zone_of

app = App(
    name="sla-engine", help="Deadlines, breaches and monthly compliance in business hours.", help_format="plaintext"
)

_MOST_PROBLEMS = 20
_WIDE = 200


def run() -> None:
    """Run the command line on the process's arguments; a wrong argument exits with 2, as all else that stops it."""
    try:
        app(exit_on_error=False)
    except CycloptsError:
        sys.exit(2)


@app.command
def report(
    log: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    policy: str = "maxony",
    month: str | None = None,
    at: str | None = None,
    zone: str | None = None,
    period_zone: str | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
    id_column: str = "id",
    tier_column: str = "tier",
    opened_column: str = "opened_at",
    stopped_column: str = "stopped_at",
    time_format: str | None = None,
    ambiguous: Ambiguous = "refuse",
    format: Annotated[Literal["text", "json", "csv"], Parameter(name="--format")] = "text",  # noqa: A002  (its usual name)
    output: Path | None = None,
    most: int = 20,
) -> None:
    """
    Count what was met and breached in a ticket log, and list the breached tickets.

    Parameters
    ----------
    log
        A CSV file with a header and one row a ticket; "-" reads standard input.
    policy
        "maxony", or a file of service levels (.toml, .json, .yaml).
    month
        The month to count, as 2026-03; without it, the whole log.
    at
        The instant as of which everything is seen (ISO 8601 with an offset, or local to --zone). Required where
        tickets are open.
    zone
        The zone of times in the log that have none. Without it, such rows are refused.
    period_zone
        The zone in which the month begins and ends; the policy's, unless given.
    attribute
        Which instant decides the month of a ticket: opened, due or stopped.
    target
        The target to report on, where tiers have several.
    id_column
        The column with the ticket's id.
    tier_column
        The column with the ticket's tier.
    opened_column
        The column with the time at which the ticket was opened.
    stopped_column
        The column with the time at which the clock was stopped (the reply); empty where it still runs.
    time_format
        How times are written, as strptime takes it, where they are not ISO 8601.
    ambiguous
        What to do with a local time that happens twice: refuse the row, take the first, or the last.
    format
        text, json (all figures), or csv (a row for each ticket of the month).
    output
        A file to write to instead of standard output.
    most
        How many breached tickets the text lists.
    """
    try:
        rules = maxony_policy() if policy == "maxony" else load_policy(policy)
        period = Month.parse(month, zone=period_zone or rules.zone) if month else None
        source = sys.stdin.buffer.read() if str(log) == "-" else log.read_bytes()
        tickets = read_log(
            source,
            columns=LogColumns(id=id_column, tier=tier_column, opened_at=opened_column, stopped_at=stopped_column),
            zone=zone,
            time_format=time_format,
            ambiguous=ambiguous,
        )
        found = evaluated(rules, tickets, period=period, at=_instant(at, zone), attribute=attribute, target=target)
        if output is None:
            _write(found, rules, format, most, _console(sys.stdout))
        else:
            with output.open("w", encoding="utf-8") as file:
                _write(found, rules, format, most, _console(file))
    except (SlaError, OSError) as error:
        _stop(error)
    if found.problems:
        _tell_problems(found)
        sys.exit(1)


def _console(file: TextIO) -> Console:
    """Return a console as wide as its terminal; what goes to a file or a pipe is never cut."""
    return Console(file=file) if file.isatty() else Console(file=file, width=_WIDE)


def _instant(text: str | None, zone: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInstant(
            f"{text!r} is no time", where="--at", value=text, remedy='Write it as "2026-04-01T00:00:00Z"'
        ) from None
    if at.tzinfo is None and zone is not None:
        at = at.replace(tzinfo=zone_of(zone_name(zone)))
    try:
        to_micros(at)
    except SlaError:
        raise InvalidInstant(
            f"{text!r} has no zone", where="--at", value=text, remedy='Write "2026-04-01T00:00:00Z", or give --zone'
        ) from None
    return at


def _moment(at: datetime) -> str:
    return at.isoformat(" ", "auto" if at.microsecond else "seconds")


def _stop(error: Exception) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(f"sla-engine: {error}", style="red", markup=False, highlight=False)
    sys.exit(2)


def _tell_problems(found: Report) -> None:
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"rows that could not be used: {len(found.problems)}", style="red", markup=False, highlight=False)
    for problem in found.problems[:_MOST_PROBLEMS]:
        console.print(f"  {problem}", markup=False, highlight=False)
    if len(found.problems) > _MOST_PROBLEMS:
        rest = len(found.problems) - _MOST_PROBLEMS
        console.print(f"  and {rest} more; --format json lists all", markup=False, highlight=False)


def _write(found: Report, rules: Policy, form: str, most: int, console: Console) -> None:
    if form == "json":
        console.file.write(found.to_json() + "\n")
    elif form == "csv":
        console.file.write(found.to_csv())
    else:
        _write_text(found, rules, most, console)


def _write_text(found: Report, rules: Policy, most: int, console: Console) -> None:
    figures = found.compliance
    counted = sum(len(tier) for tier in figures.tiers)
    period = f"{figures.period.label} ({figures.period.zone})" if isinstance(figures.period, Month) else "the whole log"
    console.print(f"{rules.name}: tickets {figures.attribute} in {period}", style="bold", markup=False, highlight=False)
    if found.at:
        console.print(f"as of {found.at.isoformat()}", markup=False, highlight=False)
    table = Table("tier", "target", box=None, pad_edge=False)
    for name in ("met", "breached", "undecided", "share met", "exactly"):
        table.add_column(name, justify="right")
    for tier in figures.tiers:
        within = rules.tier(tier.tier).target(tier.target).within
        share = tier.share
        numbers = [str(len(part)) for part in (tier.met, tier.breached, tier.undecided)]
        shown = (
            [f"{share:.2%}", f"{len(tier.met)}/{len(tier.met) + len(tier.breached)}"] if share else ["none decided", ""]
        )
        table.add_row(tier.tier, f"{tier.target} within {within}", *numbers, *shown)
    console.print(table)
    console.print(
        f"{found.accounted_rows} rows: {counted} counted, {len(figures.outside)} of other periods, "
        f"{len(figures.unattributed)} not {figures.attribute}, {len(found.not_yet_opened)} opened later, "
        f"{len(found.problems)} not usable",
        markup=False,
        highlight=False,
    )
    late = figures.breached
    if not late:
        return
    shown_late = late[: max(most, 0)]
    console.print()
    few = f", the first {len(shown_late)}" if len(shown_late) < len(late) else ""
    console.print(f"{len(late)} breached{few}:", style="bold", markup=False, highlight=False)
    listed = Table("ticket", "tier", "due", "stopped", box=None, pad_edge=False)
    listed.add_column("late by", justify="right")
    listed.add_column("open time late", justify="right")
    for one in shown_late:
        stopped = _moment(one.stopped_at) if one.stopped_at else "still open"
        listed.add_row(
            one.id,
            one.tier,
            _moment(one.due_at),
            stopped,
            duration_text_of(one.late_by),
            duration_text_of(one.late_open_time),
        )
    console.print(listed)
