"""
The command line: `sla-engine report`, `explain`, `compare`, `check`, `budget` and `uptime`.

Exit codes: 0 all rows were read and evaluated, 1 some rows could not be (they are listed, the rest is evaluated), 2
nothing could be done.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from sla_engine.cli.budgets import budget
from sla_engine.cli.files import Question, is_files, report_on_files
from sla_engine.cli.reading import (
    LogOptions,
    asked_attributes,
    needed_instant,
    read_instant,
    read_policy,
    read_tickets,
)
from sla_engine.cli.showing import console_for, show_check, show_report, show_what_if, stop, tell_problems
from sla_engine.cli.uptimes import uptime
from sla_engine.errors import SlaError, UnknownName
from sla_engine.periods import Month
from sla_engine.policies import check_policy, what_if
from sla_engine.policies import report as evaluated
from sla_engine.tickets import Attribute, ClockStatus, Event, EventLog, Ticket, TicketLog

app = App(
    name="sla-engine", help="Deadlines, breaches and monthly compliance in business hours.", help_format="plaintext"
)

app.command(budget)
app.command(uptime)
LogPath = Annotated[Path, Parameter(allow_leading_hyphen=True)]
_PLAIN_LOG = LogOptions()


def run() -> None:
    """Run the command line on the process's arguments; a wrong argument exits with 2, as all else that stops it."""
    gc.disable()  # a log makes many small things and no circles of them; looking for some takes a quarter of the time
    try:
        app(exit_on_error=False)
    except CycloptsError:
        sys.exit(2)


def _written(output: Path | None, write: Callable[[Console], None]) -> None:
    if output is None:
        write(console_for(sys.stdout))
    else:
        with output.open("w", encoding="utf-8") as file:
            write(console_for(file))


@app.command
def report(
    log: LogPath,
    /,
    *,
    policy: str = "maxony",
    month: str | None = None,
    at: str | None = None,
    period_zone: str | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
    by: tuple[str, ...] = (),
    format: Annotated[Literal["text", "json", "csv"], Parameter(name="--format")] = "text",  # noqa: A002  (its usual name)
    output: Path | None = None,
    most: int = 20,
    options: LogOptions = _PLAIN_LOG,
) -> None:
    """
    Count what was met and breached in a log, and list the worst breaches.

    Parameters
    ----------
    log
        A CSV file with one row a ticket, or an event log: CSV with one row an event, or tickets as JSON; "-" reads
        standard input. A directory of .parquet or .csv files, or a .parquet file, may be larger than memory.
    policy
        "maxony", or a file of service levels (.toml, .json, .yaml).
    month
        The month to count, as 2026-03; without it, the whole log.
    at
        The instant as of which everything is seen (ISO 8601 with an offset, or local to --zone). Required for event
        logs, and where tickets are open.
    period_zone
        The zone in which the month begins and ends; the policy's, unless given.
    attribute
        Which instant decides the month of a ticket: opened, due or stopped.
    target
        The target to report on, where tiers have several.
    by
        What else to group by: day, week, month, quarter, year, or an attribute of the tickets. May be given again.
    format
        text, json (all figures), or csv (a row for each target of the month).
    output
        A file to write to instead of standard output.
    most
        How many breached tickets the text lists; of a log larger than memory, the JSON too.
    """
    try:
        rules = read_policy(policy)
        period = Month.parse(month, zone=period_zone or rules.zone) if month else None
        instant = read_instant(at, options.zone)
        if is_files(log):
            question = Question(period, instant, attribute, target, by, most)
            in_files = report_on_files(log, options, rules, question, format, rows=output or sys.stdout)
            if format != "csv":
                _written(output, in_files.write)
            in_files.exit()
            return
        tickets = read_tickets(log, options, asked_attributes(rules, by))
        found = evaluated(rules, tickets, period=period, at=instant, attribute=attribute, target=target, by=by)

        def write(console: Console) -> None:
            if format == "json":
                console.file.write(found.to_json() + "\n")
            elif format == "csv":
                console.file.write(found.to_csv())
            else:
                show_report(found, rules, most, console)

        _written(output, write)
    except (SlaError, OSError) as error:
        stop(error)
    if found.problems:
        tell_problems(found.problems, "rows or tickets" if found.kind == "events" else "rows")
        sys.exit(1)


@app.command
def explain(
    ticket: str,
    log: LogPath,
    /,
    *,
    policy: str = "maxony",
    at: str | None = None,
    clock: str | None = None,
    format: Annotated[Literal["text", "json", "html"], Parameter(name="--format")] = "text",  # noqa: A002
    output: Path | None = None,
    options: LogOptions = _PLAIN_LOG,
) -> None:
    """
    Print the ledger of a ticket's clocks: every stretch of time, why it counted or not, and how it adds up.

    Parameters
    ----------
    ticket
        The ticket's id.
    log
        The log that it is in, as for report.
    policy
        "maxony", or a file of service levels.
    at
        The instant as of which everything is seen.
    clock
        The clock to explain; without it, all that have started.
    format
        text, json or html.
    output
        A file to write to instead of standard output.
    """
    try:
        rules = read_policy(policy)
        instant = needed_instant(at, options.zone)
        tickets = read_tickets(log, options, asked_attributes(rules))
        found = rules.evaluate(_ticket(tickets, ticket), at=instant)
        clocks = [one for one in found if one.started_micros is not None and clock in (None, one.name)]
        if clock is not None and not clocks:
            raise UnknownName(
                f"the ticket {ticket!r} has no clock {clock!r} that has started",
                value=clock,
                remedy=f"It has {', '.join(dict.fromkeys(one.name for one in found)) or 'none'}",
            )

        def write(console: Console) -> None:
            if format == "json":
                console.file.write(found.to_json(indent=2) + "\n")
            elif format == "html":
                console.file.write("\n".join(one.ledger().html for one in clocks) + "\n")
            else:
                console.file.write(_explained(str(found), clocks))

        _written(output, write)
    except (SlaError, OSError) as error:
        stop(error)
    problems = [one for one in tickets.problems if one.id == ticket]
    if problems:
        tell_problems(problems, f"rows of {ticket}")
        sys.exit(1)


def _explained(status: str, clocks: list[ClockStatus]) -> str:
    return "\n\n".join([status, *(one.ledger().text for one in clocks)]) + "\n"


def _ticket(log: TicketLog | EventLog, name: str) -> Ticket:
    """Return a ticket of a log; in one with one row a ticket, the stop is a response and a solution at once."""
    if isinstance(log, EventLog):
        for ticket in log.tickets:
            if ticket.id == name:
                return ticket
    else:
        for row in log.rows:
            if row.id == name:
                stop = row.stopped_at
                events = [] if stop is None else [Event(at=stop, kind="respond"), Event(at=stop, kind="solve")]
                return Ticket(
                    id=row.id, tier=row.tier, opened_at=row.opened_at, attributes=row.attributes, events=events
                )
    problem = next((one for one in log.problems if one.id == name), None)
    raise UnknownName(
        f"the log has no ticket {name!r}" + (f" that can be used: {problem}" if problem else ""),
        where="ticket",
        value=name,
        remedy="Look at its ids",
    )


@app.command
def compare(
    log: LogPath,
    /,
    *,
    against: str,
    policy: str = "maxony",
    at: str | None = None,
    attribute: Attribute = "due",
    target: str | None = None,
    by: tuple[str, ...] = ("month",),
    format: Annotated[Literal["text", "json"], Parameter(name="--format")] = "text",  # noqa: A002
    output: Path | None = None,
    most: int = 20,
    options: LogOptions = _PLAIN_LOG,
) -> None:
    """
    Show what another policy would change: which tickets flip, by how much, and each month under both.

    Parameters
    ----------
    log
        A log, as for report.
    against
        The other policy: a file, or "maxony".
    policy
        The policy to compare with: "maxony", or a file.
    at
        The instant as of which everything is seen.
    attribute
        Which instant decides the month of a ticket: opened, due or stopped.
    target
        The target to compare, where tiers have several.
    by
        What to group by: month, or anything that report takes.
    format
        text or json.
    output
        A file to write to instead of standard output.
    most
        How many flips the text lists.
    """
    try:
        one, other = read_policy(policy), read_policy(against)
        instant = read_instant(at, options.zone)
        names = [*asked_attributes(one, by), *asked_attributes(other, by)]
        tickets = read_tickets(log, options, dict.fromkeys(names))
        found = what_if(tickets, one, other, at=instant, attribute=attribute, target=target, by=by)
        _written(
            output,
            lambda console: (
                show_what_if(found, most, console) if format == "text" else _write_text(console, found.to_json())
            ),
        )
    except (SlaError, OSError) as error:
        stop(error)
    problems = dict.fromkeys((*found.before.problems, *found.after.problems))
    if problems:
        tell_problems(problems)
        sys.exit(1)


@app.command
def check(
    log: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    /,
    *,
    policy: str = "maxony",
    at: str | None = None,
    target: str | None = None,
    format: Annotated[Literal["text", "json"], Parameter(name="--format")] = "text",  # noqa: A002
    options: LogOptions = _PLAIN_LOG,
) -> None:
    """
    Show what is odd about a policy, and with a log, what that means for its tickets.

    Parameters
    ----------
    log
        A log, as for report; without it, the policy alone is looked at.
    policy
        "maxony", or a file of service levels.
    at
        The instant as of which everything is seen.
    target
        The target that counts for the tickets of a log, where tiers have several.
    format
        text or json.
    """
    try:
        rules = read_policy(policy)
        instant = needed_instant(at, options.zone)
        tickets = None if log is None else read_tickets(log, options, asked_attributes(rules))
        found = check_policy(rules, at=instant, log=tickets, target=target)
        _written(
            None,
            lambda console: show_check(found, console) if format == "text" else _write_text(console, found.to_json()),
        )
    except (SlaError, OSError) as error:
        stop(error)
    if tickets is not None and tickets.problems:
        tell_problems(tickets.problems)
        sys.exit(1)


def _write_text(console: Console, text: str) -> None:
    console.file.write(text + "\n")
