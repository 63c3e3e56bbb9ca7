"""The engine answers as the oracle does, which walks time minute by minute and shares no code with it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sla_engine import BeyondHorizon, Calendar
from sla_engine.instants import clock_changes, to_micros, utc
from sla_engine.testing.oracle import Oracle
from sla_engine.testing.strategies import calendars, composite_calendars, edge_dates, zones
from sla_engine.zones import zone_of

MINUTE = timedelta(minutes=1)
QUESTIONS = 60
NUDGES = (0, 0, 0, -1, 1, 30, -30, 60, -60, 90)


@dataclass(frozen=True)
class Case:
    """A calendar, the range to ask about, and the seed of the questions."""

    calendar: Calendar
    start: datetime
    end: datetime
    seed: int


@st.composite
def cases(draw: st.DrawFn, make: Callable[..., st.SearchStrategy[Calendar]]) -> Case:
    zone = draw(zones())
    centre = draw(edge_dates(zone, min_date=date(2005, 1, 20), max_date=date(2030, 12, 10)))
    first, days = centre - timedelta(days=draw(st.integers(4, 8))), draw(st.integers(10, 16))
    calendar = draw(
        make(
            zone=st.one_of(st.just(zone), zones()),
            min_date=first,
            max_date=first + timedelta(days=days),
        )
    )
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Case(calendar, start, start + timedelta(days=days), draw(st.integers(0, 2**32)))


@dataclass
class Tally:
    asked: int = 0
    compared: int = 0
    examples: int = 0


def untraced(ask: Callable[..., Any], *args: Any) -> Any:
    """
    What the oracle answers, while nobody watches.

    Coverage counts none of its lines, but is told of each on some versions of Python, which takes three times as long.
    """
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        return ask(*args)
    finally:
        sys.settrace(trace)


def points(case: Case, oracle: Oracle) -> list[datetime]:
    """The moments in the range at which something changes."""
    edges = [edge for span in oracle.open_spans(case.start, case.end) for edge in span]
    edges += oracle.starts(case.start, case.end)
    for name in dict.fromkeys([case.calendar.zone, *_zones_in(case.calendar.to_data())]):
        for at, before, after in clock_changes(zone_of(name), to_micros(case.start), to_micros(case.end)):
            change = abs(after - before)
            edges += [utc(one) for one in (at, at, at - change, at + change)]
    edges += [case.start + day * timedelta(days=1) for day in range((case.end - case.start).days + 1)]
    return edges


def _zones_in(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        if isinstance(data.get("zone"), str):
            yield data["zone"]
        data = list(data.values())
    if isinstance(data, list):
        for one in data:
            yield from _zones_in(one)


def questions(case: Case, oracle: Oracle) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Questions of every kind, on whole minutes near the edges."""
    rng = random.Random(case.seed)  # noqa: S311  (drawn by Hypothesis, so that it can be repeated)
    edges = points(case, oracle)

    def moment() -> datetime:
        at = rng.choice(edges) + rng.choice(NUDGES) * MINUTE
        if rng.random() < 0.1:
            at = case.start + rng.randrange((case.end - case.start) // MINUTE) * MINUTE
        return min(max(at, case.start), case.end)

    def duration() -> timedelta:
        a, b = sorted((moment(), moment()))
        return rng.choice(
            (
                rng.choice((0, 1, 60, 480, 600, 1440)) * MINUTE,
                untraced(oracle.elapsed, a, b),
                rng.randrange(-4000, 4000) * MINUTE,
            )
        )

    for _ in range(QUESTIONS):
        a, b = moment(), moment()
        yield "is_open", (a,)
        yield "elapsed", (a, b)
        yield "add", (a, duration())
        yield "subtract", (b, duration())
        yield "resumes_at", (a, duration())
        yield rng.choice(("next_opening", "next_closing", "previous_opening", "previous_closing")), (b,)
        yield "business_date", (b,)
        yield "add_business_days", (a, rng.randint(-4, 4), rng.choice(("same_time", "close")))
        yield "business_days_between", (a, b)
        yield "calendar_days", (a, rng.randint(-4, 4))
    yield "open_spans", (case.start, case.end)
    yield "open_spans", tuple(sorted((moment(), moment())))
    yield "starts", (case.start, case.end)
    first = case.start.date() + timedelta(days=1)
    yield "business_dates", (first, first + timedelta(days=(case.end - case.start).days - 3))


def asked_of_engine(calendar: Calendar, name: str, args: tuple[Any, ...]) -> Any:
    match name:
        case "add_business_days":
            return calendar.add_business_days(args[0], args[1], due=args[2])
        case "calendar_days":
            return calendar.add(args[0], f"{args[1]} calendar days")
        case "business_dates":
            return calendar.business_dates(args[0], args[1] + timedelta(days=1))
        case "open_spans":
            return [tuple(span) for span in calendar.open_spans(*args)]
        case "starts":
            lo, hi = map(to_micros, args)
            return [utc(start) for start in calendar.timeline.covering(lo, hi).starts if lo <= start < hi]
        case _:
            return getattr(calendar, name)(*args)


SEARCHES = {"add", "subtract", "resumes_at", "next_opening", "next_closing", "previous_opening", "previous_closing"}


def said(case: Case, name: str, args: tuple[Any, ...]) -> str:
    """What was asked, in words: only where an answer is wrong, because to write a calendar takes as long as to ask."""
    return f"{name}{tuple(map(str, args))} of {case.calendar!r}"


def check(case: Case, tally: Tally) -> None:
    document = case.calendar.to_data()
    oracle = untraced(lambda: Oracle(document, start=case.start, end=case.end))
    tally.examples += 1
    for name, args in questions(case, oracle):
        tally.asked += 1
        try:
            expected = untraced(getattr(oracle, name), *args)
        except LookupError:
            if name in SEARCHES:
                # The oracle found nothing in its range, so neither may the engine.
                try:
                    answer = asked_of_engine(case.calendar, name, args)
                except BeyondHorizon:
                    continue
                assert not case.start <= answer <= case.end, (
                    f"{said(case, name, args)}: {answer} is in the range, and the oracle has none"
                )
            continue
        except ValueError:
            assert name == "business_date"
            expected = None
        answer = asked_of_engine(case.calendar, name, args)
        assert answer == expected, f"{said(case, name, args)}: engine {answer}, oracle {expected}"
        tally.compared += 1


@pytest.mark.parametrize("make", [calendars, composite_calendars], ids=["plain_calendars", "composites_and_versions"])
def test_the_engine_answers_as_the_oracle_does(
    make: Callable[..., st.SearchStrategy[Calendar]], record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()

    # Without shrinking: every attempt would materialise an oracle, and the failure already names one question.
    @given(cases(make))
    @settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
    def compare(case: Case) -> None:
        check(case, tally)

    compare()
    record_property("compared", tally.compared)
    record_property("asked", tally.asked)
    # Calendars that are never open, and answers beyond the range, leave some without an answer.
    assert tally.compared > 0.6 * tally.asked
    assert tally.compared > 300 * tally.examples
