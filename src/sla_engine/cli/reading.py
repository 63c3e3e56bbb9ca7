"""What the commands read: the policy, the log, the instant asked about."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cyclopts import Parameter

from sla_engine.errors import InvalidInstant, InvalidLog, SlaError
from sla_engine.instants import to_micros
from sla_engine.policies import Policy, load_policy, maxony_policy
from sla_engine.tables import Ambiguous
from sla_engine.tickets import EventLog, LogColumns, LogMapping, TicketLog, read_events, read_log
from sla_engine.tickets.event_log import event_header, is_event_log
from sla_engine.zones import zone_name, zone_of


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LogOptions:
    """How the log is written."""

    mapping: Path | None = None
    "A file (.toml, .json) that says what another product's event log means."
    zone: str | None = None
    "The zone of times in the log that have none. Without it, such rows are refused."
    id_column: str = "id"
    "The column with the ticket's id, in a log with one row a ticket."
    tier_column: str = "tier"
    "The column with the ticket's tier."
    opened_column: str = "opened_at"
    "The column with the time at which the ticket was opened."
    stopped_column: str = "stopped_at"
    "The column with the time at which the clock was stopped (the reply); empty where it still runs."
    time_format: str | None = None
    "How times are written, as strptime takes it, where they are not ISO 8601."
    delimiter: str = ","
    "What stands between the columns of CSV: one character, or tab."
    ambiguous: Ambiguous = "refuse"
    "What to do with a local time that happens twice: refuse the row, take the first, or the last."

    def __post_init__(self) -> None:
        object.__setattr__(self, "delimiter", delimiter_of(self.delimiter))


def delimiter_of(text: str) -> str:
    """Return what stands between columns; a tab is hard to type."""
    return "\t" if text in ("tab", r"\t") else text


def read_policy(name: str) -> Policy:
    """Return the shipped policy, or the one in a file."""
    return maxony_policy() if name == "maxony" else load_policy(name)


def read_tickets(path: Path, options: LogOptions, attributes: Iterable[str] = ()) -> TicketLog | EventLog:
    """Return a log, of whatever kind its header says; "-" is standard input."""
    source = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    if options.mapping is not None:
        return read_events(source, mapping=_with(read_mapping(options.mapping), options), delimiter=options.delimiter)
    if is_event_log(source, delimiter=options.delimiter):
        header = event_header(source, delimiter=options.delimiter)
        mapping = None if header is None else _with(LogMapping.native(header), options)
        return read_events(source, mapping=mapping, delimiter=options.delimiter)
    columns = LogColumns(
        id=options.id_column,
        tier=options.tier_column,
        opened_at=options.opened_column,
        stopped_at=options.stopped_column,
        attributes=tuple(attributes),
    )
    return read_log(
        source,
        columns=columns,
        zone=options.zone,
        time_format=options.time_format,
        ambiguous=options.ambiguous,
        delimiter=options.delimiter,
    )


def _with(mapping: LogMapping, options: LogOptions) -> LogMapping:
    """Return a mapping with what the command line says of the times."""
    given: dict[str, Any] = {"zone": options.zone, "time_format": options.time_format}
    update = {name: value for name, value in given.items() if value is not None}
    if options.ambiguous != "refuse":
        update["ambiguous"] = options.ambiguous
    return mapping.model_copy(update=update) if update else mapping


def read_mapping(path: Path) -> LogMapping:
    """Return the mapping in a file; raises `InvalidLog` that names it."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
        return LogMapping.from_data(data)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidLog(f"malformed mapping: {error}", where=str(path), remedy="Mend the text at that place") from None
    except SlaError as error:
        raise error.located(str(path)) from None


def asked_attributes(policy: Policy, by: Iterable[str] = ()) -> list[str]:
    """Return the attributes that a policy's rules and a question look at."""
    policies = [policy, *(policy.effective_versions())]
    names = [policy.customer_attribute, *by]
    names += [test.fact for one in policies for rule in one.rules for test in rule.when]
    names += [test.fact for one in policies for rule in one.exclusions for test in rule.when]
    return list(dict.fromkeys(name for name in names if name != "tier"))


def read_instant(text: str | None, zone: str | None) -> datetime | None:
    """Return the instant asked about."""
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


def needed_instant(text: str | None, zone: str | None) -> datetime:
    """Return the instant asked about; raises `InvalidInstant` where there is none."""
    at = read_instant(text, zone)
    if at is None:
        raise InvalidInstant(
            "what is known depends on the present", where="--at", remedy='Say as of when: --at "2026-04-01T00:00:00Z"'
        )
    return at
