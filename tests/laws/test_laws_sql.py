"""What is written for databases: pieces that are the calendar's answers, names that are quoted, and what is refused."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import Amount, Calendar, SlaError
from sla_engine.amounts import BusinessDays, CalendarDays
from sla_engine.frames import sql
from sla_engine.frames.sql.dialects import DIALECTS
from sla_engine.frames.sql.pieces import Piece, pieces_of, table_of
from sla_engine.instants import to_micros, utc
from sla_engine.testing.strategies import calendars_and_instants

HOUR = 3_600_000_000
DAY = 24 * HOUR
OFFICE = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"}, name="office")


def due(pieces: list[Piece], at: int) -> int | None:
    return pieces[bisect_right(pieces, at, key=lambda piece: piece.since) - 1].due(at)


def answer(calendar: Calendar, at: int, amount: Amount) -> int | None:
    try:
        return calendar._due(at, amount)
    except SlaError:
        return None


amounts = st.one_of(
    st.builds(
        lambda count, due: sla.business_days(count, due=due),
        st.integers(0, 8) | st.integers(0, 400),
        st.sampled_from(["same_time", "close"]),
    ),
    st.integers(0, 400).map(sla.calendar_days),
    st.integers(0, 90 * HOUR).map(lambda micros: sla.elapsed_time(timedelta(microseconds=micros))),
    st.sampled_from([0, 1, HOUR, 8 * HOUR, 9 * HOUR, 24 * HOUR, 400 * HOUR]).map(
        lambda micros: sla.business_time(timedelta(microseconds=micros))
    ),
    st.integers(0, 2000 * HOUR).map(lambda micros: sla.business_time(timedelta(microseconds=micros))),
)


def agrees(calendar: Calendar, years: range, amount: Amount, instants: list[int] | None = None) -> list[Piece]:
    """Ask near some instants, or everywhere, on both sides of where pieces begin."""
    table = table_of(calendar, years)
    pieces = pieces_of(amount, calendar, table)
    assert pieces[0].since == table.lo
    assert all(before.since < after.since and before[1:] != after[1:] for before, after in pairwise(pieces))
    if instants is None:
        edges = [*table.opens, *table.closes, *range(table.lo, table.hi, 5 * HOUR), *(one.since for one in pieces)]
    else:
        places = [bisect_right(pieces, at, key=lambda piece: piece.since) for at in instants]
        edges = [*instants, *(one.since for place in places for one in pieces[max(place - 2, 0) : place + 2])]
    for at in (edge + off for edge in edges for off in (-1, 0, 1)):
        if not table.lo <= at < table.hi:
            continue
        found, expected = due(pieces, at), answer(calendar, at, amount)
        if found is not None:
            assert found == expected, utc(at)
        elif expected is not None:
            # A horizon is at least so long; what is due after the years of the table is not known there.
            is_far = expected - at > calendar.horizon * 365 * DAY
            if isinstance(amount, BusinessDays):
                # The hours of a date are known if the years have its start and its end.
                assert is_far or expected > table.hi - 3 * DAY or at < table.lo + 3 * DAY, utc(at)
            else:
                assert not isinstance(amount, CalendarDays)
                assert is_far or expected > table.hi, utc(at)
    return pieces


@given(calendars_and_instants(6, horizon=2), amounts, st.integers(0, 2))
@settings(max_examples=150)
def test_pieces_are_the_answers_of_the_calendar(
    case: tuple[Calendar, list[datetime]], amount: Amount, more: int
) -> None:
    calendar, moments = case
    years = range(min(at.year for at in moments), max(at.year for at in moments) + 1 + more)
    agrees(calendar, years, amount, [to_micros(at) for at in moments])


RARE = sla.BusinessCalendar(
    zone="UTC",
    hours={},
    horizon=1,
    openings=[
        (datetime(year, 3, 1, 9, tzinfo=UTC), datetime(year, 3, 1, 17, tzinfo=UTC)) for year in (2020, 2022, 2023, 2026)
    ],
)
CHANGING: dict[str, Calendar] = {
    "always": sla.always_open(zone="Europe/Rome"),
    "nights": sla.BusinessCalendar(zone="America/New_York", hours={"mon-sun": "22:00-06:00"}),
    "midnights": sla.BusinessCalendar(zone="America/Havana", hours={"mon-sun": ["00:00-00:40", "00:50-12:00"]}),
    "halves": sla.BusinessCalendar(zone="Australia/Lord_Howe", hours={"mon-sun": ["01:00-01:50", "02:05-03:00"]}),
}


@pytest.mark.parametrize(
    "amount", ["1 business days", "3 business days, due at close", "2 calendar days", "3h", "9h", "30h"]
)
@pytest.mark.parametrize("name", CHANGING)
def test_pieces_where_clocks_change(name: str, amount: str) -> None:
    agrees(CHANGING[name], range(2026, 2027), sla.parse_amount(amount))


@pytest.mark.parametrize("amount", ["0 business days", "1 business days", "2 business days", "3h", "8h", "9h", "20h"])
def test_pieces_up_to_a_horizon(amount: str) -> None:
    pieces = agrees(RARE, range(2019, 2028), sla.parse_amount(amount))
    assert any(piece.shift is not None for piece in pieces) == (amount not in ("2 business days", "9h", "20h"))


def test_a_date_that_began_before_the_horizon_is_not_counted_from() -> None:
    begin, end = (datetime(year, 3, 1, tzinfo=UTC) for year in (2020, 2023))
    long = sla.BusinessCalendar(zone="UTC", hours={}, horizon=1, openings=[(begin, end)])
    pieces = pieces_of(sla.business_days(0), long, table_of(long, range(2020, 2025)))
    assert [due(pieces, to_micros(at)) is None for at in (begin, datetime(2022, 6, 1, tzinfo=UTC))] == [True, True]
    short = long.model_copy(update={"horizon": 4})
    pieces = pieces_of(sla.business_days(0), short, table_of(short, range(2020, 2025)))
    assert due(pieces, to_micros(datetime(2022, 6, 1, tzinfo=UTC))) == to_micros(datetime(2022, 6, 1, tzinfo=UTC))


def test_months_reach_to_the_last_deadline() -> None:
    for within, last in (("4h", "2026-12"), ("40 calendar days", "2027-02"), ("2000h elapsed", "2027-03")):
        levels = levels_of(policy(tiers={"one": {"calendar": "office", "targets": {"response": within}}}))
        months = [row[1] for row in levels.months.rows]
        assert months[-1] is None
        assert str(months[-2]) >= last


@given(calendars_and_instants(2, horizon=2))
@settings(max_examples=50)
def test_the_table_of_a_calendar_has_its_windows(case: tuple[Calendar, list[datetime]]) -> None:
    calendar, (one, _) = case
    rows = list(sql.timeline(calendar, years=(one.year, one.year), dialect="duckdb").table.rows)
    zone = sla.Year(one.year, zone=calendar.zone)
    *windows, last = rows
    assert windows[0][0] == to_micros(zone.start)
    assert last == (to_micros(zone.end), None, None)
    if windows[0][0] == windows[0][1]:
        assert windows.pop(0)[2] == 0
    assert [row[:2] for row in windows] == [span.micros for span in calendar.open_spans(zone.start, zone.end)]
    assert [row[2] for row in windows] == [
        calendar.elapsed(zone.start, utc(row[0])) // timedelta(microseconds=1)  # type: ignore[arg-type]
        for row in windows
    ]


def test_what_was_asked_before_changes_no_table() -> None:
    fresh = sla.BusinessCalendar(zone="Europe/Rome", hours={"sat": "22:00-06:00"})
    asked = sla.BusinessCalendar(zone="Europe/Rome", hours={"sat": "22:00-06:00"})
    asked.elapsed(datetime(2010, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
    first, second = (sql.timeline(one, years=(2022, 2022), dialect="duckdb").setup for one in (fresh, asked))
    assert first == second


# --- text that no server here runs: what the manuals of the two say, written by hand --------------------------------


def test_snowflake_by_hand() -> None:
    hours = sql.timeline(OFFICE, years=(2026, 2026), dialect="snowflake", table="SUPPORT.HOURS")
    create, insert = hours.statements()[:2]
    assert re.sub(r"\s+", " ", create) == (
        'CREATE TABLE "SUPPORT"."HOURS" ( opens BIGINT NOT NULL, closes BIGINT, open_before BIGINT )'
    )
    # The year begins at 23:00 UTC of the eve in Rome, and the first window at 08:00 UTC of a Thursday.
    assert insert.startswith(
        'INSERT INTO "SUPPORT"."HOURS" (opens, closes, open_before) VALUES\n'
        "(1767222000000000, 1767222000000000, 0),\n(1767254400000000, 1767286800000000, 0),\n"
    )
    query = hours.deadline("4h", tickets="T", opened="OPENED", keep="ID")
    assert 't."ID" AS sla_keep_0, DATE_PART(EPOCH_MICROSECOND, t."OPENED") AS sla_start, 14400000000 AS' in query
    assert 'ASOF JOIN "SUPPORT"."HOURS" AS w MATCH_CONDITION (a.sla_start >= w.opens)\n' in query
    assert (
        'ASOF JOIN (SELECT * FROM "SUPPORT"."HOURS" WHERE closes > opens) AS w'
        " MATCH_CONDITION (a.sla_sought >= w.open_before)\n" in query
    )
    assert 'TO_TIMESTAMP_LTZ(sla_due, 6) AS "due_at"' in query
    levels = sql.policy(sla.maxony_policy(), years=(2026, 2026), dialect="snowflake")
    query = levels.deadlines(tickets="T", opened="OPENED", tier="TIER", keep="ID")
    assert (
        'ASOF JOIN "sla_deadlines" AS w MATCH_CONDITION (a.sla_start >= w.since)\n'
        "  ON w.tier = a.tier AND w.target = a.target\n" in query
    )


def test_bigquery_by_hand() -> None:
    hours = sql.timeline(OFFICE, years=(2026, 2026), dialect="bigquery", table="support.hours")
    assert re.sub(r"\s+", " ", hours.statements()[0]) == (
        "CREATE TABLE `support`.`hours` ( opens INT64 NOT NULL, closes INT64, open_before INT64 )"
    )
    query = re.sub(r"\s+", " ", hours.is_open(tickets="t.tickets", at="opened", keep="id"))
    assert query == (
        "WITH sla_asked AS ( SELECT t.`id` AS sla_keep_0, UNIX_MICROS(t.`opened`) AS sla_at FROM `t`.`tickets` AS t ),"
        " sla_told AS ( SELECT a.sla_keep_0, a.sla_at, a.sla_at < w.closes AS sla_open FROM ("
        " SELECT sla_keep_0, sla_at, sla_lookup_row,"
        " CASE WHEN sla_lookup_key IS NOT NULL THEN"
        " LAST_VALUE(sla_lookup_of IGNORE NULLS) OVER ("
        " ORDER BY sla_lookup_key, sla_lookup_row"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW ) END AS sla_lookup_found"
        " FROM ( SELECT a.sla_keep_0, a.sla_at, a.sla_at AS sla_lookup_key, NULL AS sla_lookup_of, 1 AS sla_lookup_row"
        " FROM sla_asked AS a"
        " UNION ALL SELECT NULL, NULL, w.opens, w.opens, 0 FROM `support`.`hours` AS w ) AS u ) AS a"
        " LEFT JOIN `support`.`hours` AS w ON w.opens = a.sla_lookup_found WHERE a.sla_lookup_row = 1 )"
        " SELECT sla_keep_0 AS `id`, sla_open AS `is_open` FROM sla_told"
    )
    assert "TIMESTAMP_MICROS(sla_due) AS `due_at`" in hours.deadline("4h", tickets="t", opened="o", keep="id")


# --- names and values ----------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=15)
STRINGS = {
    "duckdb": (r'"((?:[^"]|"")*)"', r"'((?:[^']|'')*)'"),
    "postgresql": (r'"((?:[^"]|"")*)"', r"E?'((?:[^']|'')*)'"),
    "snowflake": (r'"((?:[^"]|"")*)"', r"'((?:[^'\\]|''|\\.)*)'"),
    "bigquery": (r"`((?:[^`\\\n\r]|\\.)*)`", r"'((?:[^'\\\n\r]|\\.)*)'"),
}
ESCAPES = {"\\n": "\n", "\\r": "\r"}


@pytest.mark.parametrize("name", DIALECTS)
@given(names)
def test_quoted_names_and_values_are_read_back(name: str, text: str) -> None:
    dialect = DIALECTS[name]
    for quoted, pattern, quote in zip(
        (dialect.quoted(text), dialect.literal(text)), STRINGS[name], ('"', "'"), strict=True
    ):
        found = re.fullmatch(pattern, quoted, re.DOTALL)
        assert found, quoted
        inner = found[1]
        if quoted[0] == "E" or name == "bigquery" or (name == "snowflake" and quote == "'"):
            inner = re.sub(r"\\.", lambda one: ESCAPES.get(one[0], one[0][1]), inner, flags=re.DOTALL)
        if name != "bigquery":
            inner = inner.replace(quote * 2, quote)
        assert inner == text


def test_tables_by_their_parts() -> None:
    assert DIALECTS["duckdb"].table("a.b") == '"a"."b"'
    assert DIALECTS["bigquery"].table(["a.b", "c"]) == "`a.b`.`c`"
    levels = sql.policy(sla.maxony_policy(), years=(2026, 2026), dialect="duckdb", table=["x.y", "z"])
    assert (levels.table.name, levels.months.name) == ('"x.y"."z"', '"x.y"."z_months"')
    levels = sql.policy(sla.maxony_policy(), years=(2026, 2026), dialect="duckdb", table="x.y")
    assert (levels.table.name, levels.months.name) == ('"x"."y"', '"x"."y_months"')


def test_csv_is_the_rows() -> None:
    table = sql.timeline(OFFICE, years=(2026, 2027), dialect="postgresql").table
    head, *rows = csv.reader(io.StringIO(table.to_csv()))
    assert head == ["opens", "closes", "open_before"]
    assert [tuple(int(one) if one else None for one in row) for row in rows] == list(table.rows)
    file = io.StringIO()
    assert table.to_csv(file) == ""
    assert file.getvalue() == table.to_csv()
    # A thousand rows in a statement, and none is left out.
    inserts = list(sql.timeline(OFFICE, years=(2020, 2027), dialect="duckdb").table.inserts())
    assert [text.count("\n(") for text in inserts[:-1]] == [1000] * (len(inserts) - 1)
    assert sum(text.count("\n(") for text in inserts) == len(
        sql.timeline(OFFICE, years=(2020, 2027), dialect="bigquery").table
    )


def test_what_is_shown() -> None:
    hours = sql.timeline(OFFICE, years=(2026, 2026), dialect="duckdb", table="h")
    assert repr(hours) == f'<CalendarSql <SqlTable "h": {len(hours.table)} rows for duckdb>>'
    assert hours.setup.count(";\n") == len(hours.statements()) == 2
    levels = sql.policy(sla.maxony_policy(), years=(2026, 2026), dialect="duckdb")
    assert repr(levels).startswith("<PolicySql 'Maxony")
    assert levels.setup.endswith(";\n")
    assert levels.dialect.name == "duckdb"


# --- what is refused -----------------------------------------------------------------------------------------------


def policy(**more: Any) -> sla.Policy:
    calendars = {"office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}}}
    tiers = {"one": {"calendar": "office", "targets": {"response": "4h", "resolution": "5 business days"}}}
    return sla.Policy(name="P", **{"calendars": calendars, "tiers": tiers, **more})


def levels_of(given: sla.Policy, **more: Any) -> sql.PolicySql:
    return sql.policy(given, **{"years": (2026, 2026), "dialect": "duckdb", **more})


def hours_of(**more: Any) -> sql.CalendarSql:
    return sql.timeline(OFFICE, **{"years": (2026, 2026), "dialect": "duckdb", **more})


@pytest.mark.parametrize(
    ("years", "error"),
    [
        (2026, sla.InvalidPeriod),
        (range(2026, 2026), sla.InvalidPeriod),
        (range(2026, 2030, 2), sla.InvalidPeriod),
        ((2027, 2026), sla.InvalidPeriod),
        ((1, 3), sla.InvalidPeriod),
        ((9998, 9999), sla.InvalidPeriod),
    ],
)
def test_years_that_are_none(years: Any, error: type[SlaError]) -> None:
    with pytest.raises(error) as caught:
        hours_of(years=years)
    assert caught.value.where == "years"


def test_refused_names() -> None:
    with pytest.raises(sla.UnknownName, match="Did you mean 'postgresql'"):
        hours_of(dialect="postgres")
    with pytest.raises(sla.UnknownName, match="There is 'duckdb'"):
        hours_of(dialect="x")
    tables: list[Any] = ["", "a..b", [], "zero\0"]
    for table in tables:
        with pytest.raises(sql.InvalidSql):
            hours_of(table=table)
    with pytest.raises(sql.InvalidSql, match="63 bytes"):
        hours_of(table="ü" * 32, dialect="postgresql")
    assert hours_of(table="ü" * 31, dialect="postgresql").table.name == f'"{"ü" * 31}"'
    with pytest.raises(sql.InvalidSql, match="timestamp"):
        hours_of(instants="seconds")
    hours = hours_of()
    for keep, name in ((["id", "ID"], "due_at"), (["Due_At"], "due_at")):
        with pytest.raises(sql.InvalidSql, match="two columns"):
            hours.deadline("4h", tickets="t", opened="o", keep=keep, name=name)
    with pytest.raises(sql.InvalidSql, match="no column"):
        hours.check(tickets="t", instants=[], keep="id")
    with pytest.raises(sql.InvalidSql, match="cannot be written"):
        DIALECTS["bigquery"].literal("a\0")


@pytest.mark.parametrize("amount", ["5 business days", "5 calendar days", "4h elapsed"])
def test_a_calendars_table_knows_open_time_only(amount: str) -> None:
    with pytest.raises(sql.InvalidSql, match=r"sql\.policy") as caught:
        hours_of().deadline(amount, tickets="t", opened="o", keep="id")
    assert caught.value.value == amount


def test_what_a_policy_cannot_be_asked() -> None:
    asked: Any = {"tickets": "t", "opened": "o", "tier": "tier", "keep": "id"}
    with pytest.raises(sla.InvalidPolicy) as caught:
        levels_of(policy(customers={"acme": {"tiers": {"one": {"targets": {"response": "1h"}}}}}))
    assert caught.value.where == "customers"
    with pytest.raises(sla.InvalidPolicy) as caught:
        levels_of(policy(rules=[{"when": {"priority": "high"}, "targets": {"response": "1h"}}]))
    assert caught.value.where == "tiers.one"
    levels = levels_of(policy())
    with pytest.raises(sla.UnknownName, match="Name one: 'response', 'resolution'"):
        levels.deadlines(**asked)
    with pytest.raises(sla.UnknownName, match="no target 'repair'"):
        levels.deadlines(**asked, target="repair")
    with pytest.raises(sla.NaiveDatetime):
        levels.verdicts(**asked, stopped="s", target="response", at=datetime(2026, 1, 1))
    with pytest.raises(sql.InvalidSql, match="no instant"):
        levels.verdicts(**asked, stopped="s", target="response", at="yesterday")  # type: ignore[arg-type]
    del asked["keep"]
    with pytest.raises(sql.InvalidSql, match="attribute"):
        levels.compliance(**asked, stopped="s", target="response", at="now", attribute="closed")  # type: ignore[arg-type]
    excluding = levels_of(policy(exclusions=[{"when": {"spam": "yes"}, "reason": "spam"}]))
    assert excluding.deadlines(**asked, keep="id", target="response")
    with pytest.raises(sla.InvalidPolicy, match="exclusions"):
        excluding.compliance(**asked, stopped="s", target="response", at="now")


def test_rules_by_tier_alone_are_answered() -> None:
    ruled = policy(rules=[{"when": {"tier": "one"}, "targets": {"response": "1h"}}])
    plain = policy(
        tiers={"one": {"calendar": "office", "targets": {"response": "1h", "resolution": "5 business days"}}}
    )
    assert levels_of(ruled).setup == levels_of(plain).setup


def test_years_beyond_the_data_of_holidays() -> None:
    italy = sla.BusinessCalendar(zone="Europe/Rome", hours={"mon-fri": "09:00-18:00"}, holidays={"country": "IT"})
    with pytest.raises(sla.OutOfRange):
        sql.timeline(italy, years=(2026, 2300), dialect="duckdb")


def test_versions_begin_on_their_dates() -> None:
    changed = policy(
        tiers={"one": {"calendar": "office", "targets": {"response": "4h elapsed"}}},
        versions=[{"from_date": date(2026, 7, 1), "tiers": {"one": {"targets": {"response": "2h elapsed"}}}}],
    )
    begin, change, end = (to_micros(datetime(*day, tzinfo=UTC)) for day in ((2026, 1, 1), (2026, 7, 1), (2027, 1, 1)))
    far = 2**61
    assert list(levels_of(changed).table.rows) == [
        ("one", "response", begin - HOUR, 4 * HOUR, -far, far),
        ("one", "response", change, 2 * HOUR, -far, far),
        ("one", "response", end - HOUR, None, None, None),
    ]
