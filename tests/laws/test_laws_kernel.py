"""Columns are answered as their rows are, one by one: the same instants, the same nulls, the same errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from itertools import accumulate
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Calendar, SlaError
from sla_engine.calendars import business_dates
from sla_engine.errors import BeyondHorizon
from sla_engine.frames import columns
from sla_engine.frames.kernels.kernel import NULL, Kernel, Never, kernel_of
from sla_engine.frames.kernels.per_row import Kernels
from sla_engine.frames.kernels.rows import FAR_APART, ROWS, Axis, groups
from sla_engine.instants import DAY, to_micros, utc
from sla_engine.testing.strategies import calendars_and_instants

HOUR = 3_600_000_000
Case = tuple[Calendar, list[datetime]]


def cases(count: int) -> st.SearchStrategy[Case]:
    return calendars_and_instants(count, horizon=2)


amounts = st.one_of(
    st.sampled_from([0, 1, -1, HOUR, -HOUR, 8 * HOUR, NULL]),
    st.integers(-100 * HOUR, 100 * HOUR),
    st.integers(-3 * 366 * DAY, 3 * 366 * DAY),
)


def column(values: list[int]) -> Any:
    return np.array(values, dtype=np.int64)


def listed(ask: Callable[..., Any], *columns: Any) -> list[int]:
    found: list[int] = ask(*columns).tolist()
    return found


def answered(ask: Callable[[], Any]) -> tuple[Any, str]:
    """An answer, or the kind of error that there is instead."""
    try:
        return ask(), ""
    except SlaError as error:
        return None, type(error).__name__


def one_by_one(ask: Callable[..., Any], *columns: list[int], empty: Any = NULL) -> tuple[Any, str]:
    """The answers of the rows, or the error of the first that has none."""
    return answered(lambda: [empty if NULL in row else ask(*row) for row in zip(*columns, strict=True)])


@given(cases(8), st.lists(amounts, min_size=8, max_size=8), st.integers(0, 9))
@settings(max_examples=200)
def test_adding_and_subtracting(case: Case, given_: list[int], null: int) -> None:
    calendar, moments = case
    starts = [to_micros(at) for at in moments]
    if null < len(starts):
        starts[null] = NULL
    kernel = Kernel(calendar)
    every = given_[0] if given_[0] != NULL else HOUR
    asks: tuple[tuple[Callable[..., Any], Callable[..., int]], ...] = (
        (kernel.add, calendar.timeline.add),
        (kernel.subtract, calendar.timeline.subtract),
    )
    for ask, scalar in asks:
        assert answered(partial(listed, ask, column(starts), column(given_))) == one_by_one(scalar, starts, given_)
        found = answered(partial(listed, ask, column(starts), every))
        assert found == one_by_one(scalar, starts, [every] * len(starts))


def or_null(ask: Callable[..., int]) -> Callable[..., int]:
    """The answer of a row, and no value where it lies beyond the horizon."""

    def asked(*row: int) -> int:
        try:
            return ask(*row)
        except BeyondHorizon:
            return NULL

    return asked


@given(cases(8), st.lists(amounts, min_size=8, max_size=8), st.integers(0, 9))
@settings(max_examples=150)
def test_rows_that_are_never_due_may_have_no_value(case: Case, given_: list[int], null: int) -> None:
    calendar, moments = case
    starts = [to_micros(at) for at in moments]
    if null < len(starts):
        starts[null] = NULL
    kernel, timeline = Kernel(calendar), calendar.timeline
    every = given_[0] if given_[0] != NULL else HOUR
    for ask, scalar in ((kernel.add, or_null(timeline.add)), (kernel.subtract, or_null(timeline.subtract))):
        found = ask(column(starts), column(given_), never="null").tolist()
        assert found == one_by_one(scalar, starts, given_)[0]
        found = ask(column(starts), every, never="null").tolist()
        assert found == one_by_one(scalar, starts, [every] * len(starts))[0]
    found = kernel.next_opening(column(starts), never="null").tolist()
    assert found == one_by_one(or_null(timeline.next_opening), starts)[0]


@given(cases(8), st.integers(0, 9))
@settings(max_examples=100)
def test_the_difference_of_open_times_is_the_open_time_between(case: Case, null: int) -> None:
    calendar, moments = case
    instants = [to_micros(at) for at in moments]
    if null < len(instants):
        instants[null] = NULL
    found = Kernel(calendar).open_time(column(instants)).tolist()
    for at, here in zip(instants, found, strict=True):
        assert (here == NULL) == (at == NULL)
        for other, there in zip(instants, found, strict=True):
            if NULL not in (at, other):
                assert there - here == calendar.timeline.elapsed(at, other)


def test_open_time_of_rows_far_apart_of_none_and_of_what_never_opens() -> None:
    calendar = office()
    years = (1650, 1700, 2026, 2400, 2026)
    instants = [NULL, *(to_micros(datetime(year, 3, 2, 12, tzinfo=UTC)) for year in years), NULL]
    room = np.empty(len(instants), dtype=np.int64)
    found = Kernel(calendar).open_time(column(instants), out=room)
    assert found is room
    assert found[0] == found[-1] == NULL
    for one in range(1, 6):
        for other in range(1, 6):
            assert found[other] - found[one] == calendar.timeline.elapsed(instants[one], instants[other])
    assert Kernel(sla.never_open()).open_time(column(instants)).tolist() == [NULL, 0, 0, 0, 0, 0, NULL]
    assert Kernel(calendar).open_time(column([NULL, NULL])).tolist() == [NULL, NULL]
    assert Kernel(calendar).open_time(column([])).tolist() == []
    # More rows than one block, of which one has no value at all.
    many = [*range(instants[3], instants[3] + 70_000 * HOUR, HOUR), *[NULL] * 70_000, instants[3]]
    found = Kernel(calendar).open_time(column(many))
    assert found[0] == found[-1]
    assert found[69_999] - found[0] == calendar.timeline.elapsed(many[0], many[69_999])
    assert set(found[70_000:-1].tolist()) == {NULL}
    with pytest.raises(sla.InvalidInstant, match="int64"):
        Kernel(calendar).open_time(np.array([1.0]))


def test_open_time_that_is_not_known_names_its_row() -> None:
    italian = office(holidays=sla.Holidays(country="IT")).freeze((2024, 2026))
    instants = [to_micros(datetime(year, 3, 2, tzinfo=UTC)) for year in (2025, 2031, 2026, 2032)]
    with pytest.raises(sla.OutOfRange) as caught:
        Kernel(italian).open_time(column([NULL, *instants]))
    assert caught.value.where == "row 2"


@pytest.mark.parametrize("never", ["raise", "null"])
def test_what_lies_out_of_the_data_or_the_years_raises_at_its_row(never: Never) -> None:
    kernel = Kernel(office(holidays=sla.Holidays(country="IT")).freeze((2024, 2026)))
    known, late = (to_micros(datetime(year, 3, 2, 12, tzinfo=UTC)) for year in (2025, 2031))
    end = to_micros(datetime(2026, 12, 31, 20, tzinfo=UTC))
    for ask in (
        lambda: kernel.add(column([known, NULL, late]), HOUR, never=never),
        lambda: kernel.add(column([known, known, end]), HOUR, never=never),
        lambda: kernel.subtract(column([known, known, late]), column([HOUR, NULL, HOUR]), never=never),
        lambda: kernel.elapsed(column([known, known, known]), column([known, known, late])),
        lambda: kernel.next_opening(column([known, known, end, late]), never=never),
        lambda: kernel.is_open(column([known, NULL, late])),
        lambda: Kernel(sla.never_open()).add(column([known, NULL, 2**62]), column([0, HOUR, HOUR]), never="null"),
        lambda: Kernel(sla.never_open()).next_opening(column([NULL, known, 2**62]), never="null"),
    ):
        with pytest.raises(sla.OutOfRange) as caught:
            ask()
        assert caught.value.where == "row 2"


def test_what_never_opens_is_due_where_nothing_is_added() -> None:
    starts, given_ = column([5, 5, NULL, 5, NULL]), column([0, HOUR, HOUR, NULL, 0])
    kernel = Kernel(sla.never_open())
    assert kernel.add(starts, given_, never="null").tolist() == [5, NULL, NULL, NULL, NULL]
    assert kernel.subtract(starts, 0).tolist() == [5, 5, NULL, 5, NULL]
    assert kernel.subtract(starts, NULL).tolist() == [NULL] * 5
    with pytest.raises(sla.NeverDue) as caught:
        kernel.add(starts, given_)
    assert caught.value.where == "row 1"
    with pytest.raises(sla.InvalidInstant, match="never='no'") as refused:
        kernel.add(starts, given_, never="no")  # type: ignore[arg-type]
    assert refused.value.remedy


@pytest.mark.parametrize("amount", [2**62, -(2**62), 2**63 - 1])
def test_amounts_beyond_all_years_are_never_due(amount: int) -> None:
    kernel = Kernel(office(horizon=1))
    assert kernel.add(column([0, NULL]), amount, never="null").tolist() == [NULL, NULL]
    with pytest.raises(sla.NeverDue) as caught:
        kernel.add(column([NULL, 0]), amount)
    assert caught.value.where == "row 1"


@pytest.mark.parametrize("name", ["office", "Saturdays"])
def test_moments_after_the_last_window_before_1970(name: str) -> None:
    calendar = office() if name == "office" else sla.BusinessCalendar(zone="Europe/Rome", hours={"sat": "22:00-06:00"})
    moments = (datetime(1961, 12, day, hour, tzinfo=UTC) for day in (28, 29, 30, 31) for hour in (3, 12, 20, 22))
    instants = [to_micros(at) for at in moments]
    ends, at, timeline = instants[::-1], column(instants), calendar.timeline
    assert Kernel(calendar).add(at, -HOUR).tolist() == [timeline.add(one, -HOUR) for one in instants]
    assert Kernel(calendar).is_open(at).tolist() == [timeline.is_open(one) for one in instants]
    assert Kernel(calendar).next_opening(at).tolist() == [timeline.next_opening(one) for one in instants]
    elapsed = [timeline.elapsed(*pair) for pair in zip(instants, ends, strict=True)]
    assert Kernel(calendar).elapsed(at, column(ends)).tolist() == elapsed


@given(cases(8), st.integers(0, 9))
@settings(max_examples=150)
def test_elapsed_open_and_the_next_opening(case: Case, null: int) -> None:
    calendar, moments = case
    instants = [to_micros(at) for at in moments]
    if null < len(instants):
        instants[null] = NULL
    ends = instants[::-1]
    kernel, timeline = Kernel(calendar), calendar.timeline
    assert kernel.elapsed(column(instants), column(ends)).tolist() == one_by_one(timeline.elapsed, instants, ends)[0]
    assert kernel.is_open(column(instants)).tolist() == one_by_one(timeline.is_open, instants, empty=False)[0]
    found = answered(lambda: kernel.next_opening(column(instants)).tolist())
    assert found == one_by_one(timeline.next_opening, instants)
    days = kernel.business_days_between(column(instants), column(ends)).tolist()
    assert days == one_by_one(lambda *pair: business_dates.between(timeline, *pair), instants, ends)[0]


def office(**more: Any) -> Calendar:
    return sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": ["09:00-13:00", "14:00-18:00"]}, **more)


SHORT = sla.BusinessCalendar(zone="UTC", hours={"mon": ["09:00-09:01", "09:02-09:03", "09:04-09:05", "10:00-10:01"]})
NIGHT = sla.BusinessCalendar(zone="America/New_York", hours={"mon-sun": "22:00-06:00"})
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
CROWDED = sla.BusinessCalendar(
    zone="UTC",
    hours={},
    openings=[
        *((NEW_YEAR.replace(microsecond=at), NEW_YEAR.replace(microsecond=at + 1)) for at in range(0, 4000, 2)),
        (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)),
    ],
)
"""Windows of a microsecond, too many for one bucket."""


@pytest.mark.parametrize("calendar", [office(), SHORT, NIGHT, CROWDED, office() | NIGHT, sla.always_open()], ids=str)
def test_many_rows_of_many_years(calendar: Calendar) -> None:
    random = Random(7)  # noqa: S311
    first, last = (to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (2015, 2025))
    edges = [edge + near for pair in calendar.timeline.spans(first, last) for edge in pair for near in (-1, 0, 1)]
    starts = [
        random.choice([random.randrange(first, last), random.choice(edges or [first]), NULL]) for _ in range(20_000)
    ]
    ends = random.sample(starts, len(starts))
    kernel, timeline = Kernel(calendar), calendar.timeline
    assert kernel.elapsed(column(starts), column(ends)).tolist() == one_by_one(timeline.elapsed, starts, ends)[0]
    assert kernel.is_open(column(starts)).tolist() == one_by_one(timeline.is_open, starts, empty=False)[0]
    few = [random.choice([0, 1, -1, random.randrange(-40 * HOUR, 40 * HOUR), NULL]) for _ in starts]
    if calendar is CROWDED:
        few = [min(amount, 3) if amount != NULL else NULL for amount in few]
        within = to_micros(datetime(2024, 1, 1, tzinfo=UTC))
        starts = [within + number % 3000 - 2 if at != NULL else NULL for number, at in enumerate(starts)]
        few = [max(-2, min(amount, 2)) if amount != NULL else NULL for amount in few]
    assert answered(lambda: kernel.add(column(starts), column(few)).tolist()) == one_by_one(timeline.add, starts, few)


def test_the_room_for_the_answers_is_used_and_the_columns_are_not_changed() -> None:
    kernel = kernel_of(office())
    starts = column([to_micros(datetime(2026, 3, 6, 16, tzinfo=UTC)), NULL])
    given_, room = column([4 * HOUR, HOUR]), np.empty(2, dtype=np.int64)
    kept = starts.copy(), given_.copy()
    assert kernel.add(starts, given_, out=room) is room
    assert (starts.tolist(), given_.tolist()) == (kept[0].tolist(), kept[1].tolist())
    assert room[1] == NULL
    # 17:00 in Rome on a Friday: one hour, and three on Monday from 9:00.
    assert datetime.fromtimestamp(int(room[0]) / 10**6, tz=UTC) == datetime(2026, 3, 9, 11, tzinfo=UTC)
    assert kernel_of(kernel.calendar) is kernel


def test_no_rows_and_nothing_but_nulls() -> None:
    kernel = kernel_of(office())
    none = column([])
    for found in (
        kernel.add(none, 4),
        kernel.subtract(none, none),
        kernel.elapsed(none, none),
        kernel.next_opening(none),
    ):
        assert len(found) == 0
        assert found.dtype.name == "int64"
    nulls = column([NULL] * 3)
    assert kernel.add(nulls, 4).tolist() == nulls.tolist()
    assert kernel.elapsed(nulls, nulls).tolist() == nulls.tolist()
    assert kernel.is_open(nulls).tolist() == [False] * 3
    assert kernel.next_opening(nulls).tolist() == nulls.tolist()


def test_rows_outside_of_what_is_compiled_make_the_table_grow() -> None:
    calendar = office()
    kernel = kernel_of(calendar)
    for year in (2026, 1971, 2039, 2400, 1800):
        starts = column([to_micros(datetime(year, 3, day, 12, tzinfo=UTC)) for day in range(1, 29)])
        for amount in (3000 * HOUR, -3000 * HOUR):
            assert kernel.add(starts, amount).tolist() == [calendar.timeline.add(at, amount) for at in starts.tolist()]
    mixed = column([to_micros(datetime(year, 3, 2, 12, tzinfo=UTC)) for year in (1650, 2026, 2400)])
    assert kernel.add(mixed, HOUR).tolist() == [calendar.timeline.add(at, HOUR) for at in mixed.tolist()]
    ends = mixed[::-1].copy()
    between = [calendar.timeline.elapsed(*pair) for pair in zip(mixed.tolist(), ends.tolist(), strict=True)]
    assert kernel.elapsed(mixed, ends).tolist() == between


def test_an_answer_beyond_the_horizon_is_refused_though_the_table_has_it() -> None:
    far = (datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC))
    near = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=[near, far], horizon=2)
    kernel = kernel_of(calendar)
    starts = [to_micros(at) for at in (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2029, 6, 1, tzinfo=UTC))]
    # What is compiled for the second row has an opening for the first, four years later.
    assert kernel.add(column(starts), column([HOUR, HOUR])).tolist()[0] == starts[0] + HOUR
    with pytest.raises(sla.NeverDue) as caught:
        kernel.add(column(starts), column([20 * HOUR, HOUR]))
    assert caught.value.where == "row 0"
    back = [to_micros(datetime(2030, 1, 1, 12, tzinfo=UTC)), starts[0]]
    with pytest.raises(sla.NeverDue) as caught:
        kernel.subtract(column(back), column([20 * HOUR, HOUR]))
    assert caught.value.where == "row 0"


def test_an_error_names_its_row() -> None:
    day = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=[day])
    starts = column([to_micros(datetime(2026, 1, 1, hour, tzinfo=UTC)) for hour in (0, 1, 2)])
    with pytest.raises(sla.NeverDue) as caught:
        kernel_of(calendar).add(starts, column([HOUR, 30 * HOUR, HOUR]))
    assert caught.value.where == "row 1"
    italian = office(holidays=sla.Holidays(country="IT")).freeze((2024, 2026))
    late = column([to_micros(datetime(2026, 1, 5, 12, tzinfo=UTC)), to_micros(datetime(2031, 1, 5, tzinfo=UTC))])
    with pytest.raises(sla.OutOfRange):
        kernel_of(italian).add(late, HOUR)


@pytest.mark.parametrize(
    "given_",
    [
        np.array([1.0, 2.0]),
        np.array(["2026-03-02", "2026-03-03"], dtype="datetime64[us]"),
        np.array([[1, 2]], dtype=np.int64),
        np.array([1, 2], dtype=np.int32),
        [date(2026, 3, 2)],
    ],
    ids=str,
)
def test_columns_of_another_kind_are_refused(given_: Any) -> None:
    with pytest.raises(sla.InvalidInstant, match="int64") as caught:
        kernel_of(office()).add(given_, 4)
    assert caught.value.remedy


def test_lengths_and_rooms_that_do_not_fit_are_refused() -> None:
    kernel, one = kernel_of(office()), column([0, 1])
    with pytest.raises(sla.InvalidInstant, match="2 starts and 3 amounts"):
        kernel.add(one, column([1, 2, 3]))
    with pytest.raises(sla.InvalidInstant, match="room"):
        kernel.add(one, 1, out=np.empty(3, dtype=np.int64))
    for column_ in (one, np.array([1, 2])):
        with pytest.raises(sla.InvalidInstant, match="room of its own"):
            kernel.add(one if column_ is one else np.array([0, 0]), column_, out=column_)
    with pytest.raises(sla.InvalidInstant, match="2 starts and 1"):
        kernel.elapsed(one, column([1]))


# --- edges: of tables, of horizons, of blocks, of years -----------------------------------------------------------

JANUARIES = [to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in range(2019, 2031)]


@st.composite
def sparse(draw: st.DrawFn) -> tuple[Calendar, list[int], list[int]]:
    """
    A calendar that opens a few times, where years begin and just where the horizon of a start ends, a microsecond
    beside; starts at such moments, and amounts that end with a window.
    """
    horizon = draw(st.sampled_from([1, 2]))
    near = horizon * 365 * DAY
    beside = st.sampled_from([-1, 0, 1, HOUR, -HOUR, DAY])
    first = draw(st.sampled_from(JANUARIES[3:-3])) + draw(beside)
    far = st.sampled_from([-2 * near, -near - DAY, -near, 0, near, near + DAY, 2 * near])
    moment = st.one_of(
        st.builds(lambda away, more: first + away + more, far, beside),
        st.builds(lambda at, more: at + more, st.sampled_from(JANUARIES), beside),
    )
    opens = draw(st.lists(moment, min_size=1, max_size=4, unique=True))
    length = st.sampled_from([1, 2, HOUR, DAY, 40 * DAY])
    pairs = [(at, at + draw(length)) for at in sorted(opens)]
    calendar = sla.BusinessCalendar(
        zone="UTC", hours={}, openings=[(utc(at), utc(until)) for at, until in pairs], horizon=horizon
    )
    spans = calendar.timeline.spans(JANUARIES[0] - 2 * near, JANUARIES[-1] + 2 * near)
    starts = [
        first,
        *draw(st.lists(moment | st.sampled_from([edge for pair in spans for edge in pair]), min_size=3, max_size=3)),
    ]
    lengths = [until - at for at, until in spans]
    sums = [sum(lengths[first_:last_]) for last_ in range(1, len(spans) + 1) for first_ in range(last_)]
    sized = st.builds(
        lambda size, more, sign: sign * (size + more), st.sampled_from(sums), beside, st.sampled_from([1, -1])
    )
    return calendar, starts, draw(st.lists(sized, min_size=4, max_size=4))


@given(sparse(), st.booleans())
@settings(max_examples=150)
def test_windows_at_the_edges_of_tables_and_horizons(case: tuple[Calendar, list[int], list[int]], grown: bool) -> None:
    calendar, starts, given_ = case
    kernel, timeline = Kernel(calendar), calendar.timeline
    if grown:  # what one row knows is known of all
        timeline.covering(JANUARIES[0], JANUARIES[-1])
    at = column(starts)
    for ask, scalar in ((kernel.add, timeline.add), (kernel.subtract, timeline.subtract)):
        for amount in (*given_[:2], column(given_)):
            each = [amount] * len(starts) if isinstance(amount, int) else given_
            told = ask(at, amount, never="null").tolist()
            assert told == one_by_one(or_null(scalar), starts, each)[0]
            found = answered(partial(listed, ask, at, amount))
            assert found == one_by_one(scalar, starts, each)
    assert kernel.next_opening(at, never="null").tolist() == one_by_one(or_null(timeline.next_opening), starts)[0]
    assert answered(lambda: kernel.next_opening(at).tolist()) == one_by_one(timeline.next_opening, starts)
    assert kernel.is_open(at).tolist() == [timeline.is_open(one) for one in starts]
    assert kernel.elapsed(at, at[::-1].copy()).tolist() == one_by_one(timeline.elapsed, starts, starts[::-1])[0]


@pytest.mark.parametrize("away", [-HOUR, -1, 0, 1])
def test_what_opens_where_the_table_begins(away: int) -> None:
    new_year = JANUARIES[4]
    for more in ([], [(new_year + 3 * DAY, new_year + 4 * DAY)], [(JANUARIES[8], JANUARIES[8] + 1)]):
        pairs = [(utc(at), utc(until)) for at, until in [(new_year + away, new_year + 2 * HOUR), *more]]
        calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=pairs, horizon=1)
        for at in (new_year, new_year + 1):
            kernel = Kernel(calendar.model_copy())  # which has compiled no year yet
            for starts in ([at], [at, at + 40 * DAY], [at + 1, at]):
                expected = one_by_one(or_null(calendar.timeline.next_opening), starts)[0]
                assert kernel.next_opening(column(starts), never="null").tolist() == expected
                found = answered(partial(listed, kernel.next_opening, column(starts)))
                assert found == one_by_one(calendar.timeline.next_opening, starts)


@pytest.mark.parametrize("away", [-1, 0, 1])
@pytest.mark.parametrize("year", [4, 5, 6])
def test_what_opens_where_the_horizon_and_the_table_end(away: int, year: int) -> None:
    start, limit = JANUARIES[year], JANUARIES[year + 1]
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=[(utc(limit + away), utc(limit + HOUR))], horizon=1)
    timeline = calendar.timeline
    for beside in (-1, 0, 1):
        starts = [start - 40 * DAY, start + beside]
        found = Kernel(calendar.model_copy()).next_opening(column(starts), never="null").tolist()
        assert found == one_by_one(or_null(timeline.next_opening), starts)[0]
        for amount in (1, 2, HOUR, HOUR + 1):
            found = Kernel(calendar.model_copy()).add(column(starts), amount, never="null").tolist()
            assert found == one_by_one(or_null(timeline.add), starts, [amount] * 2)[0]


def test_less_open_time_where_the_table_ends_than_anywhere_in_it() -> None:
    # From the end of 2023 the table reaches to the end of 2024; all but the last year of it is open throughout.
    pairs = [((2015, 1, 1), (2024, 1, 5)), ((2024, 12, 30), (2025, 2, 1))]
    openings = [tuple(datetime(*one, tzinfo=UTC) for one in pair) for pair in pairs]
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=openings, horizon=1)  # type: ignore[arg-type]
    starts = [to_micros(datetime(2023, 12, 30, 12, tzinfo=UTC))]
    for amount in (5 * DAY, 6 * DAY - HOUR, 6 * DAY, 6 * DAY + 1, 6 * DAY + HOUR, 7 * DAY):
        found = Kernel(calendar.model_copy()).add(column(starts), amount, never="null").tolist()
        assert found == one_by_one(or_null(calendar.timeline.add), starts, [amount])[0]


def test_the_microsecond_before_the_table() -> None:
    pairs = [(JANUARIES[3], JANUARIES[3] + HOUR), (JANUARIES[4] + DAY, JANUARIES[4] + DAY + HOUR)]
    calendar = sla.BusinessCalendar(zone="UTC", hours={}, openings=[(utc(at), utc(until)) for at, until in pairs])
    starts = [pairs[1][1], pairs[1][1] - 1]
    for amount in (HOUR - 1, HOUR, HOUR + 1, 2 * HOUR - 1, 2 * HOUR, 2 * HOUR + 1):
        found = Kernel(calendar.model_copy()).subtract(column(starts), amount, never="null").tolist()
        assert found == one_by_one(or_null(calendar.timeline.subtract), starts, [amount] * 2)[0]


def test_ends_some_centuries_from_their_starts() -> None:
    calendar = sla.BusinessCalendar(
        zone="UTC",
        hours={},
        openings=[
            (datetime(year, 5, 1, tzinfo=UTC), datetime(year, 5, 3, tzinfo=UTC)) for year in range(1400, 2600, 50)
        ],
    )
    century = FAR_APART // 3
    instants = [number * century + beside for number in range(-4, 5) for beside in (-1, 0, 1, century // 2)]
    pairs = [(one, other) for one in instants for other in instants]
    starts, ends = map(list, zip(*pairs, strict=True))
    found = Kernel(calendar).elapsed(column(starts), column(ends)).tolist()
    assert found == one_by_one(calendar.timeline.elapsed, starts, ends)[0]


def test_a_row_of_a_later_block_is_named_by_its_place_in_the_column() -> None:
    day = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    kernel = Kernel(sla.BusinessCalendar(zone="UTC", hours={}, openings=[day]))
    start = to_micros(day[0])
    starts, given_ = np.full(ROWS + 9, start), np.full(ROWS + 9, HOUR)
    starts[:3] = starts[ROWS : ROWS + 3] = NULL
    given_[[1, ROWS + 1, ROWS + 6, ROWS + 8]] = 30 * HOUR
    with pytest.raises(sla.NeverDue) as caught:
        kernel.add(starts, given_)
    assert caught.value.where == f"row {ROWS + 6}"
    with pytest.raises(sla.NeverDue) as caught:
        Kernels([kernel.calendar]).add(np.zeros(len(starts), dtype=np.int8), starts, given_)
    assert caught.value.where == f"row {ROWS + 6}"
    found = kernel.add(starts, given_, never="null")
    there = (starts != NULL) & (given_ == HOUR)
    assert set(found[there].tolist()) == {start + HOUR}
    assert set(found[~there].tolist()) == {NULL}


def test_the_first_row_is_named_whatever_its_century() -> None:
    kernel = Kernel(sla.BusinessCalendar(zone="UTC", hours={}, openings=[(utc(0), utc(HOUR))], horizon=1))
    starts = [to_micros(datetime(year, 3, 2, tzinfo=UTC)) for year in (1970, 2400, 1650, 2020)]
    starts[0] = 0
    with pytest.raises(sla.NeverDue) as caught:
        kernel.add(column(starts), HOUR)
    assert caught.value.where == "row 1"
    with pytest.raises(sla.NeverDue) as caught:
        kernel.add(column([NULL, *starts]), HOUR)
    assert caught.value.where == "row 2"


def test_what_never_opens_at_the_ends_of_the_years() -> None:
    calendar = sla.never_open()
    first = to_micros(datetime(1, 1, 1, tzinfo=UTC))
    last = to_micros(datetime(9999, 12, 31, tzinfo=UTC)) + DAY
    for at in (first - 1, first, first + 1, last - 1, last, last + 1):
        expected = answered(lambda: [or_null(calendar.timeline.add)(at, HOUR)])  # noqa: B023
        assert answered(lambda: Kernel(calendar).add(column([at]), HOUR, never="null").tolist()) == expected  # noqa: B023
        opening = answered(lambda: [or_null(calendar.timeline.next_opening)(at)])  # noqa: B023
        assert answered(lambda: Kernel(calendar).next_opening(column([at]), never="null").tolist()) == opening  # noqa: B023


# --- what blocks are made of ---------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 40) | st.sampled_from([0, 1, 2**20, 2**41]), min_size=1, max_size=40),
    st.integers(-(2**44), 2**44),
    st.sampled_from([0, 1, 2, 5, 1000, 2**30]),
    st.data(),
)
@settings(max_examples=200)
def test_a_value_finds_the_last_edge_at_or_before_it(
    gaps: list[int], base: int, more: int, data: st.DataObject
) -> None:
    edges = np.array([*accumulate(gaps, initial=base)], dtype=np.int64)
    last = int(edges[-1]) + more
    near = [min(max(int(edge) + beside, base), last) for edge in edges for beside in (-1, 0, 1)]
    values = column([*near, base, last, *data.draw(st.lists(st.integers(base, last), max_size=8))])
    found = Axis(edges, last).place(values, np.empty_like(values), np.empty_like(values))
    assert found.tolist() == (np.searchsorted(edges, values, side="right") - 1).tolist()


WIDE = st.one_of(
    st.integers(-1, 7),
    st.integers(-1, 8),
    st.sampled_from([-1, 0, 254, 255, 256, 65_534, 65_535, 65_536, 2**31, 2**40]),
)


@given(st.lists(WIDE, max_size=60), st.integers(1, 30))
@settings(max_examples=200)
def test_rows_of_each_code_are_yielded_once_and_in_order(codes: list[int], times: int) -> None:
    codes *= times
    kinds = [np.int64] + ([np.int16] if all(code < 2**15 for code in codes) else [])
    for kind in kinds:
        found = [rows.tolist() for rows in groups(np.array(codes, dtype=kind))]
        expected = {code: [row for row, one in enumerate(codes) if one == code] for code in codes}
        assert sorted(found) == sorted(expected.values())


@given(
    st.integers(1, 40).flatmap(
        lambda rows: st.lists(
            st.lists(st.integers(-1, 2) | st.integers(-1, rows - 1), min_size=rows, max_size=rows),
            min_size=1,
            max_size=5,
        )
    ),
    st.data(),
)
@settings(max_examples=100)
def test_rows_are_alike_where_they_are_alike_in_all_parts(parts: list[list[int]], data: st.DataObject) -> None:
    every = range(len(parts[0]))
    rows = [row for row in every if data.draw(st.booleans())] if data.draw(st.booleans()) else list(every)
    expected: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        expected.setdefault(tuple(part[row] for part in parts), []).append(row)
    for most in (2**62, 50):  # with many parts, their numbers are more than an int64 can tell apart
        with mock.patch.object(columns, "_MOST_CODES", most):
            found = [one.tolist() for one in columns.alike([column(part) for part in parts], column(rows))]
        assert sorted(found) == sorted(expected.values())


def test_parts_of_many_numbers_do_not_run_over() -> None:
    random = np.random.default_rng(3)
    few = random.integers(-1, 3, (8, 600))
    # So many numbers in each part that all of them together are 2 to the power of 80; the last part decides too.
    parts = [np.where(one < 0, -1, one * 341 % 1024) for one in few]
    expected: dict[tuple[int, ...], list[int]] = {}
    for row in range(600):
        expected.setdefault(tuple(int(part[row]) for part in parts), []).append(row)
    found = [one.tolist() for one in columns.alike(parts, np.arange(600))]
    assert sorted(found) == sorted(expected.values())


def test_more_calendars_than_two_bytes_can_number() -> None:
    calendars = [office()] * 65_537 + [SHORT]
    codes = [-1, 0, 32_767, 32_768, 65_535, 65_536, 65_537]
    for many in (32_768, 32_769, 65_536, 65_538):
        asked = [code for code in codes if code < many]
        at = to_micros(datetime(2026, 3, 2, 12, tzinfo=UTC))
        found = Kernels(calendars[:many]).add(column(asked), column([at] * len(asked)), 30)
        assert found.tolist() == [NULL if code < 0 else calendars[code].timeline.add(at, 30) for code in asked]
