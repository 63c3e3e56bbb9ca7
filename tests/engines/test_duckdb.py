"""DuckDB's functions say of every row what the policy says of it alone, and its relations what frames say."""

# ruff: noqa: S608  (the SQL is ours)
from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import frames
from sla_engine.frames import NULL
from sla_engine.instants import to_micros, utc

SECOND = 1_000_000
HOUR = 3600 * SECOND
WIDE = np.arange(100_000)
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]
DATA = Path(__file__).parents[2].parent / "shared" / "data"
POLICY = sla.Policy(
    name="Desk 'n' \"Co\"",
    zone="Europe/Rome",
    calendars={
        "office": {
            "zone": "Europe/Rome",
            "hours": {"mon-fri": ["09:00-13:00", "14:00-18:00"]},
            "closures": [["2026-03-05T10:00:00+01:00", "2026-03-05T12:30:00+01:00"]],
        },
        "night's": {"zone": "America/New_York", "hours": {"mon-sun": "22:00-06:00"}},
        "always": {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}},
    },
    tiers={
        "gold": {"calendar": "office", "targets": {"response": "4h"}},
        "sil'ver": {"calendar": "night's", "targets": {"response": "15h", "resolution": "5 business days"}},
        'bro"nze': {"calendar": "always", "targets": {"response": "36h", "resolution": "3 calendar days"}},
    },
)
TARGETS = [(tier.name, target.name) for tier in POLICY.tiers for target in tier.targets]
RULED = sla.Policy.from_data(
    {
        "name": "Ruled",
        "zone": "Europe/Rome",
        "calendars": {"office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}}},
        "tiers": {"gold": {"calendar": "office", "targets": {"response": "4h"}}},
        "rules": [{"when": {"priority": "high", "paid": "true"}, "targets": {"response": "1h"}}],
        "versions": [{"from_date": "2026-07-01", "tiers": {"gold": {"targets": {"response": "2h"}}}}],
    }
)


@pytest.fixture(scope="module")
def duckdb(engine_absent: Callable[[str], NoReturn]) -> Any:
    try:
        return import_module("duckdb")
    except ImportError:
        engine_absent("DuckDB")


@pytest.fixture
def con(duckdb: Any) -> Iterator[Any]:
    with duckdb.connect() as connection:
        yield connection


def register(con: Any, *given: Any, **options: Any) -> None:
    import_module("sla_engine.frames.duckdb").register(con, *given, **options)


def table(con: Any, **columns: Any) -> None:
    con.register("given", pa.table(columns))
    con.execute("CREATE OR REPLACE TABLE tickets AS SELECT * FROM given")
    con.unregister("given")


def instants(values: Any) -> Any:
    numbers = np.asarray(values, dtype=np.int64)
    return pa.array(numbers, mask=numbers == NULL).cast(pa.timestamp("us", "UTC"))


def asked(con: Any, expression: str) -> list[Any]:
    """What DuckDB answers, row by row; instants as integers."""
    found = con.sql(f"SELECT {expression} AS a FROM tickets").to_arrow_table()["a"]
    if pa.types.is_timestamp(found.type):
        found = found.cast(pa.int64())
    values: list[Any] = found.to_pylist()
    return values


def edges() -> list[int]:
    """Where answers change: the clock changes, openings and closings, noons of any year, and a microsecond beside."""
    moments = [
        datetime(year, month, day, hour, tzinfo=UTC)
        for year, month, day in (
            (2026, 3, 29), (2026, 10, 25), (2026, 3, 8), (2026, 11, 1), (2026, 3, 5), (2039, 3, 27), (2039, 7, 1),
            (2039, 10, 30), (1971, 1, 4), (2000, 2, 29), (2038, 1, 19), (2150, 6, 15),
        )
        for hour in (0, 1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 16, 17, 21, 22)
    ]  # fmt: skip
    return [to_micros(one) + beside for one in moments for beside in (-1, 0, 1)] + [NULL]


def many(rows: int) -> Any:
    """Return instants of a hundred years, those at the edges among them."""
    random = np.random.default_rng(20260302)
    found = random.integers(
        to_micros(datetime(1975, 1, 1, tzinfo=UTC)), to_micros(datetime(2075, 1, 1, tzinfo=UTC)), rows
    )
    found[: len(edges())] = edges()
    found[1000::97] = NULL
    # Openings and closings of Rome and of New York, to the microsecond: whole hours, and beside them.
    found[2000:30_000] -= np.where(found[2000:30_000] == NULL, 0, found[2000:30_000] % HOUR)
    found[20_000:30_000] += np.where(found[20_000:30_000] == NULL, 0, random.integers(-1, 2, 10_000))
    return found


# --- functions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zone", "threads"), [("UTC", 1), ("America/New_York", 2)])
def test_deadlines_of_many_rows_are_those_of_frames(con: Any, zone: str, threads: int) -> None:
    con.execute(f"SET TimeZone = '{zone}'")
    con.execute(f"SET threads = {threads}")
    micros = many(100_000)
    random = np.random.default_rng(3)
    which = random.integers(0, len(TARGETS), len(micros))
    tiers = pa.array([TARGETS[one][0] for one in which.tolist()])
    targets = pa.array([TARGETS[one][1] for one in which.tolist()])
    table(con, opened=instants(micros), us=pa.array(micros, mask=micros == NULL), tier=tiers, target=targets)
    register(con, POLICY)
    found = asked(con, "sla_deadline(tier, opened, target)")
    expected = np.full(len(micros), NULL, dtype=np.int64)
    for number, (tier, target) in enumerate(TARGETS):
        rows = which == number
        due = frames.deadline(instants(micros[rows]), tier, POLICY, target=target)
        expected[rows] = due.cast(pa.int64()).fill_null(NULL).to_numpy()
    assert found == [None if one == NULL else one for one in expected.tolist()]
    assert asked(con, "sla_deadline(tier, us, target)") == found
    for row in [*range(0, 600, 7), *range(1000, 100_000, 4999)]:
        if micros[row] != NULL:
            tier, target = TARGETS[which[row]]
            assert found[row] == to_micros(POLICY.deadline(tier, utc(int(micros[row])), target=target))


@pytest.mark.parametrize("zone", ZONES)
def test_open_time_and_sums_are_those_of_the_calendar(con: Any, zone: str) -> None:
    con.execute(f"SET TimeZone = '{zone}'")
    starts = np.array(edges())
    ends = np.roll(starts, 41)
    amounts = np.random.default_rng(5).integers(-30 * HOUR, 90 * HOUR, len(starts))
    amounts[::11] = NULL
    table(con, a=instants(starts), b=instants(ends), amount=pa.array(amounts, mask=amounts == NULL))
    register(con, POLICY)
    for name in ("office", "night's", "always"):
        calendar, quoted = POLICY.calendar(name), name.replace("'", "''")
        spent = asked(con, f"epoch_us(sla_elapsed('{quoted}', a, b))")
        sums = asked(con, f"sla_add('{quoted}', a, amount)")
        whole = asked(con, f"sla_add('{quoted}', a, INTERVAL '7 hours 30 minutes')")
        days = asked(con, f"sla_add('{quoted}', a, '2 business days')")
        hours = asked(con, f"sla_add('{quoted}', a, '450m')")
        rows = zip(starts.tolist(), ends.tolist(), amounts.tolist(), strict=True)
        for row, (start, end, amount) in enumerate(rows):
            if start == NULL:
                assert spent[row] is sums[row] is whole[row] is days[row] is hours[row] is None
                continue
            at = utc(start)
            assert spent[row] == (None if end == NULL else calendar.elapsed(at, utc(end)) // timedelta(microseconds=1))
            due = None if amount == NULL else to_micros(calendar.add(at, timedelta(microseconds=amount)))
            assert sums[row] == due
            assert whole[row] == hours[row] == to_micros(calendar.add(at, "7h30m"))
            assert days[row] == to_micros(calendar.add(at, "2 business days"))


moments = st.one_of(
    st.sampled_from(edges()[:-1]),
    st.integers(to_micros(datetime(1990, 1, 1, tzinfo=UTC)), to_micros(datetime(2060, 1, 1, tzinfo=UTC))),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            moments,
            st.none() | st.integers(0, 40 * HOUR) | st.sampled_from([0, 4 * HOUR]),
            st.none() | st.integers(-HOUR, 40 * HOUR),
            st.sampled_from(TARGETS),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_verdicts_are_those_of_the_policy(con: Any, rows: list[Any]) -> None:
    opened = [row[0] for row in rows]
    stopped = [NULL if row[1] is None else row[0] + row[1] for row in rows]
    at = [NULL if row[2] is None else row[0] + row[2] for row in rows]
    tiers, targets = ([row[3][place] for row in rows] for place in (0, 1))
    # Half of the stops lie exactly where the target is due.
    for number, (tier, target) in enumerate(zip(tiers, targets, strict=True)):
        if number % 2 and stopped[number] != NULL:
            stopped[number] = to_micros(POLICY.deadline(tier, utc(opened[number]), target=target)) + number % 3 - 1
    table(con, opened=instants(opened), stopped=instants(stopped), now=instants(at), tier=tiers, target=targets)
    register(con, POLICY)
    found = asked(con, "sla_verdict(tier, opened, stopped, now, target)")
    for number, answer in enumerate(found):
        stop, now = (None if one[number] == NULL else utc(one[number]) for one in (stopped, at))
        if stop is None and now is None:
            assert answer is None
        else:
            start = utc(opened[number])
            own = POLICY.verdict(tiers[number], start, stopped_at=stop, at=now, target=targets[number])
            assert answer == own


@pytest.mark.parametrize("written", ["{'priority': p, 'paid': paid}", "MAP{'priority': p, 'paid': paid::VARCHAR}",
                                     "json_object('priority', p, 'paid', paid)",
                                     "json_object('priority', p, 'paid', paid)::VARCHAR"])  # fmt: skip
def test_rules_and_versions_see_attributes(con: Any, written: str) -> None:
    random = np.random.default_rng(9)
    micros = random.integers(
        to_micros(datetime(2026, 5, 1, tzinfo=UTC)), to_micros(datetime(2026, 9, 1, tzinfo=UTC)), 5_000
    )
    micros[::31] = NULL
    start = to_micros(datetime(2026, 6, 30, 22, tzinfo=UTC))
    micros[1:4] = [start - 1, start, start + 1]
    priority = np.array(["high", "low", None])[random.integers(0, 3, len(micros))]
    paid = random.choice([True, False], len(micros))
    table(con, opened=instants(micros), p=pa.array(priority.tolist()), paid=pa.array(paid))
    register(con, RULED)
    found = asked(con, f"sla_deadline('gold', opened, 'response', {written})")
    plain = asked(con, "sla_deadline('gold', opened)")
    for row, at in enumerate(micros.tolist()):
        if at == NULL:
            assert found[row] is plain[row] is None
            continue
        facts = {"priority": priority[row], "paid": bool(paid[row])}
        assert found[row] == to_micros(RULED.deadline("gold", utc(at), attributes=facts))
        assert plain[row] == to_micros(RULED.deadline("gold", utc(at)))
    assert len({one - at for one, at in zip(found, micros.tolist(), strict=True) if one is not None}) > 3


def test_constants_and_columns_say_the_same(con: Any) -> None:
    register(con, POLICY)
    due = to_micros(POLICY.deadline("gold", datetime(2039, 7, 1, 12, tzinfo=UTC)))
    table(con, tier=["gold"] * 3000, opened=instants([to_micros(datetime(2039, 7, 1, 12, tzinfo=UTC))] * 3000))
    for written in ("'gold', TIMESTAMPTZ '2039-07-01 12:00Z'", "tier, TIMESTAMPTZ '2039-07-01 12:00Z'",
                    "'gold', opened", "tier, opened"):  # fmt: skip
        assert asked(con, f"sla_deadline({written})") == [due] * 3000, written
    assert asked(con, "sla_deadline('gold', opened + INTERVAL '0 hours')")[:1] == [due]
    assert con.execute("SELECT count(*) FROM tickets WHERE sla_deadline(tier, opened) < opened").fetchall() == [(0,)]


def test_null_gives_null(con: Any) -> None:
    register(con, POLICY)
    for asking in ("sla_deadline(NULL, now())", "sla_deadline('gold', NULL::TIMESTAMPTZ)", "sla_deadline('gold', NULL)",
                   "sla_deadline('gold', now(), NULL)", "sla_add(NULL, now(), 5)",
                   "sla_add('office', now(), NULL::BIGINT)",
                   "sla_add('office', NULL::TIMESTAMPTZ, '4h')", "sla_elapsed('office', now(), NULL::TIMESTAMPTZ)",
                   "sla_verdict('gold', NULL::TIMESTAMPTZ, now(), now())",
                   "sla_verdict('gold', now(), NULL::TIMESTAMPTZ, NULL::TIMESTAMPTZ)"):  # fmt: skip
        assert con.execute(f"SELECT {asking}").fetchall() == [(None,)], asking


@pytest.mark.parametrize(
    ("asking", "said"),
    [
        ("sla_deadline('gild', now())", "there is no tier 'gild'. There is 'gold', "),
        ("sla_deadline('gold', now(), 'respond')", "there is no target 'respond' in the tier 'gold'. There is "),
        ("sla_deadline('sil''ver', now())", "response"),
        ("sla_add('shop', now(), '4h')", "there is no calendar 'shop'. There is 'office', "),
        ("sla_add('office', now(), '4 days')", "AmbiguousDays"),
        ("sla_add('office', now(), INTERVAL '2 days')", "days and months of an INTERVAL"),
        ("sla_add('office', now(), INTERVAL '2 months')", "days and months of an INTERVAL"),
        ("sla_deadline('gold', TIMESTAMP '2026-03-02 10:00')", "the instants have no zone"),
        ("sla_deadline('gold', TIMESTAMPTZ_NS '2026-03-02 10:00:00.000000001Z')", "nanoseconds are lost"),
        ("sla_deadline('gold', TIMESTAMPTZ 'infinity')", "infinite"),
        ("sla_deadline('gold', TIMESTAMPTZ '-infinity', 'response')", "infinite"),
        ("sla_deadline('bro\"nze', TIMESTAMPTZ 'infinity', 'resolution')", "infinite"),
        ("sla_deadline('sil''ver', TIMESTAMPTZ 'infinity', 'resolution')", "infinite"),
        ("sla_deadline('gold', TIMESTAMPTZ '99999-01-01 00:00:00Z')", "OutOfRange"),
        ("sla_deadline('nobody', NULL::TIMESTAMPTZ)", ""),
        ("sla_verdict('gold', now(), TIMESTAMPTZ '-infinity', now())", "infinite"),
        ("sla_verdict('gold', 10, 9, 20)", "000009+00, before it was opened at 1970-01-01 00:00:00.00001+00"),
        ("sla_deadline('gold', 900000000000000000)", "OutOfRange"),
        ("sla_deadline('gold', now(), 'response', 5)", ""),
    ],
)  # fmt: skip
def test_what_has_no_answer_says_why(duckdb: Any, con: Any, asking: str, said: str) -> None:
    register(con, POLICY)
    if not said:
        assert con.execute(f"SELECT {asking}").fetchall()  # these promises need no attributes, so none are read
        return
    with pytest.raises(duckdb.Error) as raised:
        con.execute(f"SELECT {asking}").fetchall()
    assert said in str(raised.value)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize(
    "naive", ["TIMESTAMP '2026-03-02 17:00'", "DATE '2026-03-03'", "TIMESTAMP_S '2026-03-02 17:00'"]
)
@pytest.mark.parametrize(
    "asking",
    [
        "sla_verdict('gold', {0}, {1}, {0})",
        "sla_verdict('gold', {0}, {0}, {1}, 'response')",
        "sla_elapsed('office', {0}, {1})",
    ],
)
def test_an_instant_without_a_zone_beside_one_with_a_zone_is_refused(
    duckdb: Any, con: Any, zone: str, naive: str, asking: str
) -> None:
    register(con, POLICY)
    con.execute(f"SET TimeZone = '{zone}'")
    for one in (naive, f"(SELECT {naive})"):
        with pytest.raises(duckdb.Error, match="the instants have no zone"):
            con.execute("SELECT " + asking.format("TIMESTAMPTZ '2026-03-02 14:00+01'", one)).fetchall()


@pytest.mark.parametrize("other", ["TIMESTAMPTZ '2026-03-02 17:00Z'", "1.5", "'2026-03-02 17:00Z'"])
def test_instants_of_two_kinds_are_refused(duckdb: Any, con: Any, other: str) -> None:
    register(con, POLICY)
    with pytest.raises(duckdb.Error):
        con.execute(f"SELECT sla_elapsed('office', 10, {other})").fetchall()
    with pytest.raises(duckdb.Error):
        con.execute(f"SELECT sla_verdict('gold', 10, NULL, {other})").fetchall()
    if not other.startswith("TIMESTAMPTZ"):
        with pytest.raises(duckdb.Error):
            con.execute(f"SELECT sla_elapsed('office', TIMESTAMPTZ '2026-03-02 10:00Z', {other})").fetchall()


def test_what_stands_beside_an_instant_may_be_missing_or_a_parameter(con: Any) -> None:
    register(con, POLICY)
    opened, at = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert con.execute("SELECT sla_verdict('gold', ?, NULL, ?)", [opened, at]).fetchall() == [("undecided",)]
    assert con.execute("SELECT sla_elapsed('office', ?, ?)", [opened, at]).fetchall() == [(timedelta(hours=1),)]
    assert con.execute("SELECT sla_elapsed('office', ?, NULL)", [opened]).fetchall() == [(None,)]


def test_the_name_of_an_answer_may_be_used_again(con: Any) -> None:
    register(con, POLICY)
    con.execute(
        "CREATE TABLE tickets AS SELECT TIMESTAMPTZ '2026-03-02 09:00+01' + to_hours(i) AS opened FROM range(3) r(i)"
    )
    found = con.execute(
        "SELECT sla_deadline('gold', opened) AS due, due > TIMESTAMPTZ '2026-03-02 13:00+01' AS late, "
        "sla_verdict('gold', opened, NULL, now()) AS verdict, sla_elapsed('office', opened, due) AS promised "
        "FROM tickets WHERE due > opened AND promised > INTERVAL 0 HOURS ORDER BY opened"
    ).fetchall()
    assert [row[1:] for row in found] == [(late, "breached", timedelta(hours=4)) for late in (False, True, True)]


@pytest.mark.parametrize("facts", ["5", "[1, 2]", "'nonsense'", "{'priority': [1]}"])
def test_attributes_that_are_none_are_refused(duckdb: Any, con: Any, facts: str) -> None:
    register(con, RULED)
    with pytest.raises(duckdb.Error, match="InvalidLog: attributes"):
        con.execute(f"SELECT sla_deadline('gold', now(), 'response', {facts})").fetchall()


def test_an_unknown_tier_of_a_ruled_policy_says_which_there_are(duckdb: Any, con: Any) -> None:
    register(con, RULED)
    with pytest.raises(duckdb.Error, match=r"UnknownName.*gild"):
        con.execute("SELECT sla_deadline('gild', now())").fetchall()


def test_an_error_names_the_instant_and_not_a_row_of_a_batch(duckdb: Any, con: Any) -> None:
    never = sla.Policy(
        name="Never",
        zone="UTC",
        calendars={"shut": {"zone": "UTC", "hours": {}, "openings": [["2026-03-02T10:00Z", "2026-03-02T12:00Z"]]}},
        tiers={"gold": {"calendar": "shut", "targets": {"response": "1h"}}},
    )
    register(con, never)
    assert con.execute("SELECT epoch_us(sla_deadline('gold', TIMESTAMPTZ '2026-03-01 10:00Z'))").fetchall() == [
        (to_micros(datetime(2026, 3, 2, 11, tzinfo=UTC)),)
    ]
    with pytest.raises(duckdb.Error, match=r"NeverDue: the tier 'gold', from 2026-03-02T11:00:00\.000001"):
        con.execute("SELECT sla_deadline('gold', TIMESTAMPTZ '2026-03-02 11:00:00.000001Z')").fetchall()


def test_registering_again_replaces_what_was_there(con: Any) -> None:
    def functions() -> int:
        found = con.execute(
            "SELECT count(*) FROM duckdb_functions() WHERE starts_with(function_name, 'sla_')"
        ).fetchall()
        return int(found[0][0])

    register(con, POLICY)
    before = functions()
    register(con, POLICY)
    assert functions() == before
    register(con, RULED)
    opened = datetime(2026, 3, 2, 8, tzinfo=UTC)
    asking = "SELECT epoch_us(sla_deadline('gold', TIMESTAMPTZ '2026-03-02 08:00Z'))"
    assert con.execute(asking).fetchall() == [(to_micros(RULED.deadline("gold", opened)),)]
    register(con, POLICY)
    assert con.execute(asking).fetchall() == [(to_micros(POLICY.deadline("gold", opened)),)]


def test_two_policies_stand_side_by_side_under_two_prefixes(con: Any) -> None:
    register(con, POLICY)
    register(con, RULED, prefix='its "own" ')
    opened = datetime(2026, 3, 2, 12, tzinfo=UTC)
    found = con.execute(
        'SELECT epoch_us(sla_deadline(\'gold\', o)), epoch_us("its ""own"" deadline"(\'gold\', o)) '
        "FROM (SELECT TIMESTAMPTZ '2026-03-02 12:00Z' AS o)"
    ).fetchall()
    assert found == [tuple(to_micros(one.deadline("gold", opened)) for one in (POLICY, RULED))]


def test_a_cursor_registers_for_itself_and_a_file_keeps_nothing(duckdb: Any, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as con:
        register(con, POLICY)
        other = con.cursor()
        with pytest.raises(duckdb.Error, match="sla_deadline"):
            other.execute("SELECT sla_deadline('gold', now())")
        register(other, POLICY)
        assert (
            other.execute("SELECT sla_deadline('gold', 0)").fetchall()
            == con.execute("SELECT sla_deadline('gold', 0)").fetchall()
        )
    with duckdb.connect(str(tmp_path / "a.duckdb")) as con:
        left = con.execute(
            "SELECT count(*) FROM duckdb_functions() WHERE starts_with(function_name, 'sla_')"
        ).fetchall()
        assert left == [(0,)]


def test_a_closed_connection_and_what_is_none_are_refused(duckdb: Any) -> None:
    con = duckdb.connect()
    con.close()
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        register(con, POLICY)
    with pytest.raises(sla.InvalidLog, match="str is no connection to DuckDB"):
        register("a.duckdb", POLICY)
    with duckdb.connect() as con, pytest.raises(sla.InvalidPolicy, match="dict is no policy"):
        register(con, {})


def test_amounts_that_differ_from_query_to_query_are_told_apart(con: Any) -> None:
    register(con, POLICY)
    starts = edges()
    amounts = [(one * 7 % 90 - 20) * HOUR for one in range(len(starts))]
    table(con, a=instants(starts), amount=amounts)
    office = POLICY.calendar("office")
    for amount in (4 * HOUR, 9 * HOUR, 1, 0, -HOUR, 4 * HOUR):
        found = asked(con, f"sla_add('office', a, {amount}::BIGINT)")
        expected = [None if at == NULL else office.timeline.add(at, amount) for at in starts]
        assert found == expected
    # Those of which no row is empty, all alike or each its own.
    con.execute("DELETE FROM tickets WHERE a IS NULL")
    for amount in (4 * HOUR, 9 * HOUR, 0, -HOUR):
        found = asked(con, f"sla_add('office', a, {amount}::BIGINT)")
        assert found == [office.timeline.add(at, amount) for at in starts if at != NULL]
    pairs = [(at, amount) for at, amount in zip(starts, amounts, strict=True) if at != NULL]
    assert asked(con, "sla_add('office', a, amount)") == [office.timeline.add(*pair) for pair in pairs]
    texts = ["4h", "2 business days", "9h", "1 calendar days", "4h"]
    for text in texts:
        found = asked(con, f"sla_add('office', a, '{text}')")
        assert found == [to_micros(office.add(utc(at), text)) for at, _ in pairs]


@given(st.lists(st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=4), max_size=4), st.integers(0, 5))
def test_a_column_of_any_chunks_is_read_as_what_it_holds(
    duckdb: Any, chunks: list[list[int | None]], start: int
) -> None:
    blocks = import_module("sla_engine.frames.duckdb.blocks")
    del duckdb
    column = pa.chunked_array([pa.array(one, pa.int64()) for one in chunks], pa.int64()).slice(start)
    found, empty = blocks.integers(column)
    assert found.tolist() == [NULL if one is None else one for one in column.to_pylist()]
    assert empty == (column.null_count > 0)


def test_a_slice_of_a_column_is_read_as_such(duckdb: Any) -> None:
    blocks = import_module("sla_engine.frames.duckdb.blocks")
    del duckdb
    column = pa.chunked_array([pa.array([1, 2, None, 4, 5])])
    assert [one.tolist() for one in (blocks.integers(column.slice(3))[0], blocks.integers(column.slice(1, 2))[0])] == [
        [4, 5],
        [2, NULL],
    ]


@pytest.mark.parametrize("naps", [0, 1, 10])
def test_threads_answer_in_turn_and_none_is_left_out(duckdb: Any, monkeypatch: pytest.MonkeyPatch, naps: int) -> None:
    room = import_module("sla_engine.frames.duckdb.turns")
    turns = room.Turns()
    monkeypatch.setattr(room, "_NAPS", naps)  # with none, each waits for the very next turn
    del duckdb
    inside: list[int] = []
    most: list[int] = []

    def half(number: int) -> int:
        inside.append(number)
        np.add(WIDE, number)  # others may run meanwhile, if they are let in
        most.append(len(inside))
        inside.remove(number)
        if number % 2:
            raise ValueError(number)
        return number // 2

    asked = turns.taken(half)

    def halved(number: int) -> int:
        try:
            found: int = asked(number)
        except ValueError as error:
            return -int(error.args[0])
        return found

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(halved, range(2_000)))
    assert found == [-number if number % 2 else number // 2 for number in range(2_000)]
    assert max(most) == 1
    assert list(signature(asked).parameters) == ["number"]  # from which DuckDB knows how many there are


# --- relations -----------------------------------------------------------------------------------------------------

AT = datetime(2026, 4, 1, tzinfo=UTC)
EVENTS = """
    CREATE TABLE events AS SELECT ticket, "at"::TIMESTAMPTZ AS "at", kind, tier, priority FROM (VALUES
        ('T-1', '2026-03-02 09:00+01', 'open', 'gold', 'high'), ('T-2', '2026-03-27 17:00+01', 'open', 'gold', NULL),
        ('T-1', '2026-03-02 11:00+01', 'respond', 'gold', 'high'), ('T-3', '2039-07-01 12:00Z', 'open', 'gold', NULL),
        ('T-2', '2026-03-30 11:00+02', 'respond', 'gold', 'low')) AS t(ticket, "at", kind, tier, priority)
"""


def plain(found: Any) -> list[dict[str, Any]]:
    """Rows as Python has them, intervals and durations alike."""
    rows = found.to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime):
                row[name] = value.astimezone(UTC)
            elif hasattr(value, "nanoseconds"):
                assert not value.months
                row[name] = timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
    return [dict(row) for row in rows]


@pytest.mark.parametrize("zone", ZONES)
def test_a_table_a_query_and_a_relation_give_the_clocks_of_frames(con: Any, zone: str) -> None:
    room = import_module("sla_engine.frames.duckdb")
    con.execute(f"SET TimeZone = '{zone}'")
    con.execute(EVENTS)
    whole = con.execute('SELECT ticket, epoch_us("at"), kind, tier, priority FROM events').fetchall()
    columns = dict(zip(("ticket", "at", "kind", "tier", "priority"), map(list, zip(*whole, strict=True)), strict=True))
    log = pa.table({**columns, "at": instants(columns["at"])})
    own = frames.evaluate(log, POLICY, at=AT, attributes=["priority"])
    for events in ("events", "SELECT * FROM events", con.table("events"), con.sql("FROM events")):
        clocks = room.evaluate(con, events, POLICY, at=AT, attributes=["priority"])
        assert plain(clocks.to_arrow_table()) == plain(own)
        assert len(own) == 2
        figures = room.compliance(con, clocks, by=["month", "priority"], zone="Europe/Rome")
        expected = frames.compliance(own, by=["month", "priority"], zone="Europe/Rome")
        assert plain(figures.to_arrow_table()) == plain(expected)
    # Kept in a table, and read again, they are the same.
    clocks.create("clocks")
    assert plain(room.compliance(con, "clocks").to_arrow_table()) == plain(frames.compliance(own))
    assert con.execute("SELECT count(*) FROM clocks WHERE verdict = 'met'").fetchall() == [(2,)]


def test_what_is_nothing_to_read_is_refused(con: Any) -> None:
    room = import_module("sla_engine.frames.duckdb")
    with pytest.raises(sla.InvalidLog, match="int is nothing that DuckDB reads"):
        room.evaluate(con, 5, POLICY, at=AT)
    with pytest.raises(sla.InvalidLog, match="str is no connection"):
        room.evaluate("events", "events", POLICY, at=AT)
    with pytest.raises(sla.InvalidLog, match="column"):
        room.evaluate(con, "SELECT 1 AS ticket, now() AS time", POLICY, at=AT)
    with pytest.raises(sla.NaiveDatetime):
        room.evaluate(
            con, "SELECT 1 AS ticket, TIMESTAMP '2026-03-02' AS \"at\", 'open' AS kind, 'gold' AS tier", POLICY, at=AT
        )
    with pytest.raises(Exception, match="at: an infinite instant"):
        room.evaluate(
            con, "SELECT 1 AS ticket, TIMESTAMPTZ 'infinity' AS \"at\", 'open' AS kind, 'gold' AS tier", POLICY, at=AT
        )


@pytest.mark.parametrize("name", ["helpdesk", "volvo"])
def test_logs_of_others_through_duckdb_are_those_of_frames(con: Any, name: str) -> None:
    if not DATA.is_dir():
        pytest.skip("the data beside the project (../shared/data) are absent, so no log of others is read")
    module = import_module(f"tests.answers.test_{name}_log")
    con.execute("SET TimeZone = 'America/New_York'")
    raw = gzip.decompress((DATA / module.FILE).read_bytes())
    log = pyarrow.csv.read_csv(
        pa.BufferReader(raw), convert_options=pyarrow.csv.ConvertOptions(column_types={module.MAPPING.at: pa.string()})
    )
    names = log.column_names
    log = log.select([place for place, one in enumerate(names) if names.count(one) == 1])  # a log has two "Variant"
    place = log.column_names.index(module.MAPPING.at)
    form, zone = module.MAPPING.time_format, module.MAPPING.zone
    read = datetime.fromisoformat if form is None else lambda text: datetime.strptime(text, form).replace(tzinfo=UTC)
    assert zone in (None, "UTC")
    times = instants([to_micros(read(text)) for text in log.column(place).to_pylist()])
    log = log.set_column(place, module.MAPPING.at, times)
    con.register("log", log)
    con.execute("CREATE TABLE events AS FROM log")
    room = import_module("sla_engine.frames.duckdb")
    for at in module.INSTANTS:
        clocks = room.evaluate(con, "events", module.POLICY, at=at, mapping=module.MAPPING)
        own = frames.evaluate(log, module.POLICY, at=at, mapping=module.MAPPING)
        assert plain(clocks.to_arrow_table()) == plain(own)
        assert len(own) > 10
        figures = room.compliance(con, clocks, by="month", zone="Europe/Rome").to_arrow_table()
        assert plain(figures) == plain(frames.compliance(own, by="month", zone="Europe/Rome"))
