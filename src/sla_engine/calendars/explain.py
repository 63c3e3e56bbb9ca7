"""
The ledgers of a calendar's answers: every stretch of time between question and answer, why it counted or not, and how
much.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING

from sla_engine.amounts import Amount, BusinessDays, BusinessTime, parse_amount
from sla_engine.calendars import business_dates
from sla_engine.calendars.causes import Cause, Stretch, flattened
from sla_engine.errors import InvalidAmount
from sla_engine.instants import SECOND, clock_changes, from_micros, to_micros, utc
from sla_engine.ledger import Ledger, LedgerRow
from sla_engine.spans import Span
from sla_engine.zones import fixed_name, zone_of

if TYPE_CHECKING:
    from sla_engine.calendars.calendar import AmountInput, Calendar

_EVERY_HOUR = Cause("every_hour", "every hour counts")


def explained(
    calendar: Calendar,
    start: datetime,
    amount: AmountInput | None,
    *,
    until: datetime | None,
    subtract: AmountInput | None,
) -> Ledger:
    """Return the ledger of an addition, a measurement or a subtraction."""
    given = [
        name for name, value in (("amount", amount), ("until", until), ("subtract", subtract)) if value is not None
    ]
    if len(given) != 1:
        raise InvalidAmount(
            f"explain takes one of amount, until and subtract, and was given {' and '.join(given) or 'none'}",
            remedy='Write explain(start, "4h"), explain(start, until=end) or explain(end, subtract="4h")',
        )
    if until is not None:
        rows = ledger_rows(calendar, to_micros(start), to_micros(until), counts_all=False)
        question = f"elapsed from {start.isoformat()} to {until.isoformat()}"
        return Ledger(question, calendar.elapsed(start, until), calendar.zone, rows)
    if amount is not None:
        promised = parse_amount(amount)
        answer = calendar.add(start, promised)
        rows = ledger_rows(calendar, to_micros(start), to_micros(answer), counts_all=_counts_all(promised))
        dates = _counted_dates(calendar, start, promised)
        return Ledger(f"add {promised} to {start.isoformat()}", answer, calendar.zone, rows, dates)
    assert subtract is not None  # noqa: S101  (one of the three is given)
    promised = parse_amount(subtract)
    answer = calendar.subtract(start, promised)
    rows = ledger_rows(calendar, to_micros(answer), to_micros(start), counts_all=_counts_all(promised))
    dates = _counted_dates(calendar, start, -promised) if isinstance(promised, BusinessDays) else ()
    return Ledger(f"subtract {promised} from {start.isoformat()}", answer, calendar.zone, rows, dates)


def _counts_all(amount: Amount) -> bool:
    return not isinstance(amount, (BusinessTime, BusinessDays))


def _counted_dates(calendar: Calendar, start: datetime, amount: Amount) -> tuple[date, ...]:
    """Return the business dates that a number of days counts, in the order of counting."""
    if not isinstance(amount, BusinessDays) or not amount.count:
        return ()
    timeline = calendar.timeline
    back = amount.count < 0
    _, day = business_dates.rolled(timeline, to_micros(start), back=back)
    last = business_dates.nth(timeline, to_micros(start), day, amount.count)
    if back:
        days = business_dates.dates(timeline, last, day)[::-1]
    else:
        days = business_dates.dates(timeline, day + 1, last + 1)
    return tuple(date.fromordinal(one) for one in days)


def ledger_rows(calendar: Calendar, start: int, end: int, *, counts_all: bool = False) -> tuple[LedgerRow, ...]:
    """Return the rows from one instant to another; what a reversed span counts is negative."""
    zone = zone_of(calendar.zone)
    lo, hi, sign = (start, end, 1) if start <= end else (end, start, -1)
    if lo == hi:
        return ()
    stretches = [Stretch(lo, hi, True, _EVERY_HOUR)] if counts_all else list(_stretches(calendar, lo, hi))
    rows: list[LedgerRow] = []
    total = 0
    for stretch in _with_clock_changes(stretches, zone, lo, hi):
        counted = sign * (stretch.end - stretch.start) if stretch.is_open else 0
        total += counted
        span = Span(_at(stretch.start, zone), _at(stretch.end, zone))
        rows.append(LedgerRow(span, stretch.is_open, stretch.cause.kind, stretch.cause.text, counted, total))
    return tuple(rows)


def _at(micros: int, zone: tzinfo) -> datetime:
    return from_micros(micros, utc(0).astimezone(zone))


def _stretches(calendar: Calendar, lo: int, hi: int) -> Iterator[Stretch]:
    """Yield the open and closed stretches of the timeline, cut where the cause changes, equal neighbours joined."""
    causes = flattened(calendar._causes(lo, hi), lo, hi)
    edges = [lo]
    for span in calendar.timeline.spans(lo, hi):
        edges += span
    edges.append(hi)
    pending: Stretch | None = None
    at = 0
    for number, (start, end) in enumerate(pairwise(edges)):
        is_open = number % 2 == 1
        while at < len(causes) and causes[at].start < end:
            cause = causes[at]
            piece = Stretch(max(cause.start, start), min(cause.end, end), is_open, cause.cause)
            if piece.start < piece.end:
                if pending and pending.is_open == piece.is_open and pending.cause == piece.cause:
                    pending = pending._replace(end=piece.end)
                else:
                    if pending:
                        yield pending
                    pending = piece
            if cause.end > end:
                break
            at += 1
    if pending:
        yield pending


def _with_clock_changes(stretches: list[Stretch], zone: tzinfo, lo: int, hi: int) -> Iterator[Stretch]:
    """Yield the stretches, cut where the clock changes, with an empty row that says so."""
    changes = clock_changes(zone, lo, hi)
    for stretch in stretches:
        rest = stretch
        while changes and changes[0][0] < rest.end:
            at, before, after = changes.pop(0)
            if at > rest.start:
                yield rest._replace(end=at)
            text = f"daylight-saving change: {fixed_name(before // SECOND)} becomes {fixed_name(after // SECOND)}"
            yield Stretch(at, at, rest.is_open, Cause("clock_change", text))
            rest = rest._replace(start=at)
        yield rest
