"""Answers depend on the question and on nothing else: not on type, zone, order, threads, copies or frozen data."""

from __future__ import annotations

import copy
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pendulum
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from sla_engine import Amount, BeyondHorizon, BusinessCalendar, Calendar, Ledger, SlaError
from sla_engine.instants import to_micros, utc
from sla_engine.testing.strategies import DatetimeKind, amounts, calendars, calendars_and_instants

HORIZON = 2
# Each example of these compiles dozens of calendars.
few = settings(max_examples=max(10, settings().max_examples // 6))
Case = tuple[Calendar, list[datetime]]
TYPES: dict[DatetimeKind, type[datetime]] = {
    "datetime": datetime,
    "pendulum": pendulum.DateTime,
    "pandas": pd.Timestamp,
}


def cases(count: int, **options: Any) -> st.SearchStrategy[Case]:
    return calendars_and_instants(count, horizon=HORIZON, **options)


Question = tuple[str, tuple[Any, ...], dict[str, Any]]


def said(question: Question, calendar: Calendar) -> object:
    """The answer, or the error as text."""
    name, args, options = question
    try:
        answer = getattr(calendar, name)(*args, **options)
    except SlaError as error:
        return type(error), error.problem
    if isinstance(answer, datetime):
        return type(answer), answer.isoformat()
    return [(row.span, row.kind, row.counted) for row in answer] if isinstance(answer, Ledger) else answer


def questions(moments: list[datetime], amount: Amount) -> list[Question]:
    """Questions of every kind, which need different years of the calendar."""
    found: list[Question] = []
    for a, b in pairwise(moments):
        around = [utc(to_micros(a)).date() + days * timedelta(days=1) for days in (-9, 9)]
        found += [
            ("elapsed", (a, b), {}),
            ("add", (a, amount), {}),
            ("subtract", (a, amount), {}),
            ("add", (a, timedelta(days=150)), {}),
            ("subtract", (a, timedelta(days=150)), {}),
            ("resumes_at", (a, timedelta(days=1)), {}),
            ("is_open", (b,), {}),
            ("next_opening", (b,), {}),
            ("next_closing", (b,), {}),
            ("previous_opening", (b,), {}),
            ("previous_closing", (b,), {}),
            ("business_date", (a,), {}),
            ("add_business_days", (a, 3), {}),
            ("add_business_days", (a, -3), {"due": "close"}),
            ("business_days_between", (a, b), {}),
            ("business_dates", tuple(around), {}),
            ("open_spans", (a, a + timedelta(days=20)), {}),
            ("explain", (a,), {"until": a + timedelta(days=9)}),
        ]
    return found


@few
@given(cases(2), amounts())
def test_the_order_of_questions_never_changes_answers(case: Case, amount: Amount) -> None:
    calendar, moments = case
    asked = questions([moments[0], moments[1] + timedelta(days=400)], amount)
    fresh = [said(one, pickle.loads(pickle.dumps(calendar))) for one in asked]  # noqa: S301  (our own)
    order = list(range(len(asked)))
    random.Random(str(amount)).shuffle(order)  # noqa: S311  (the same order every time)
    shared: dict[int, object] = {number: said(asked[number], calendar) for number in order}
    assert [shared[number] for number in range(len(asked))] == fresh


@few
@given(cases(2), amounts())
def test_threads_may_share_a_calendar(case: Case, amount: Amount) -> None:
    calendar, moments = case
    asked = questions([moments[0], moments[1] + timedelta(days=900)], amount)
    other = pickle.loads(pickle.dumps(calendar))  # noqa: S301  (our own)
    alone = [said(one, other) for one in asked]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: said(one, calendar), asked))
    assert together == alone


@given(cases(2), amounts())
def test_a_calendar_read_back_from_json_is_equal_and_answers_equally(case: Case, amount: Amount) -> None:
    calendar, moments = case
    asked = questions(moments, amount)
    expected = [said(one, calendar) for one in asked]
    for same in (
        type(calendar).from_json(calendar.to_json()),
        type(calendar).from_data(calendar.to_data()),
        pickle.loads(pickle.dumps(calendar)),  # noqa: S301  (our own)
        copy.copy(calendar),
        copy.deepcopy(calendar),
        calendar.model_copy(),
    ):
        assert same == calendar
        assert hash(same) == hash(calendar)
        assert repr(same) == repr(calendar)
        assert same.to_json() == calendar.to_json()
        assert [said(one, same) for one in asked] == expected


@given(cases(1))
def test_the_repr_is_the_constructor(case: Case) -> None:
    import datetime as dt  # noqa: PLC0415  (the name that reprs use)

    import sla_engine  # noqa: PLC0415

    names = {name: getattr(sla_engine, name) for name in sla_engine.__all__}
    calendar = case[0]
    assert eval(repr(calendar), {"datetime": dt, **names}) == calendar  # noqa: S307


@given(cases(2), amounts(max_time=timedelta(days=2)))
def test_a_frozen_calendar_answers_equally_within_its_years(case: Case, amount: Amount) -> None:
    calendar, moments = case
    year = utc(to_micros(moments[0])).year
    frozen = calendar.freeze((year - 4, year + 4))
    assert frozen == calendar.freeze(range(year - 4, year + 5))
    asked = questions(moments, amount)
    assert [said(one, frozen) for one in asked] == [said(one, calendar) for one in asked]
    assert frozen.freeze((year - 4, year + 4)).to_json() == type(frozen).from_json(frozen.to_json()).to_json()


@pytest.mark.parametrize("kind", list(TYPES))
@given(data=st.data(), amount=amounts())
def test_type_and_zone_come_back(kind: DatetimeKind, data: st.DataObject, amount: Amount) -> None:
    calendar, [at] = data.draw(cases(1, kinds=[kind]))
    try:
        answers = [calendar.add(at, amount), calendar.subtract(at, amount), calendar.add_business_days(at, 2)]
        answers += [calendar.next_opening(at), calendar.next_closing(at), calendar.previous_opening(at)]
        answers.append(calendar.resumes_at(at, timedelta(hours=3)))
    except BeyondHorizon:
        reject()
    plain = utc(to_micros(at))
    expected = [calendar.add(plain, amount), calendar.subtract(plain, amount), calendar.add_business_days(plain, 2)]
    expected += [calendar.next_opening(plain), calendar.next_closing(plain), calendar.previous_opening(plain)]
    expected.append(calendar.resumes_at(plain, timedelta(hours=3)))
    assert list(map(to_micros, answers)) == list(map(to_micros, expected))
    for answer in answers:
        assert type(answer) is type(at) is TYPES[kind]
        assert str(answer.tzinfo) == str(at.tzinfo)


@given(cases(2, kinds=list(TYPES)), amounts())
def test_every_way_of_writing_an_instant_gets_the_same_answer(case: Case, amount: Amount) -> None:
    calendar, [a, b] = case
    plain_a, plain_b = utc(to_micros(a)), utc(to_micros(b))
    assert calendar.elapsed(a, b) == calendar.elapsed(plain_a, plain_b)
    assert calendar.is_open(a) == calendar.is_open(plain_a)
    assert calendar.business_date(a) == calendar.business_date(plain_a)
    try:
        expected = calendar.add(plain_a, amount)
    except BeyondHorizon:
        reject()
    assert to_micros(calendar.add(a, amount)) == to_micros(expected)


@given(calendars(), calendars())
def test_equal_calendars_are_those_with_equal_documents(one: BusinessCalendar, other: BusinessCalendar) -> None:
    assert (one == other) == (one.to_data() == other.to_data())
