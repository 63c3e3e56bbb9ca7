"""What databases answer by themselves is what the library answers."""

# ruff: noqa: S311, S608  (the same questions every time, in SQL of our own)
from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

import sla_engine as sla
from sla_engine import frames
from sla_engine.calendars import Calendar
from sla_engine.frames import sql
from sla_engine.instants import to_micros, utc

HOUR = 3_600_000_000
DAY = 24 * HOUR
NIGHTS = sla.BusinessCalendar(
    zone="Europe/Rome",
    hours={"mon-thu": ["08:00-12:00", "13:00-17:00"], "fri": "08:00-14:00", "sat": "22:00-06:00"},
    holidays=[date(2038, 12, 25), date(2039, 1, 1)],
)
YORK = sla.BusinessCalendar(zone="America/New_York", hours={"mon-fri": "00:30-03:30"}, name="york")
CALENDARS: dict[str, Calendar] = {
    "nights": NIGHTS,
    "york": YORK,
    "both": NIGHTS | YORK,
    "howe": sla.BusinessCalendar(zone="Australia/Lord_Howe", hours={"sun-mon": ["01:15-02:15", "02:45-23:00"]}),
    "always": sla.always_open(zone="Europe/Rome"),
    "never": sla.never_open(),
    "short": sla.BusinessCalendar(zone="UTC", hours={"mon": "09:00-10:00"}, horizon=1),
}
YEARS = range(2037, 2042)
LO, HI = (to_micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (YEARS.start, YEARS.stop))
ZONES = ["UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Rome"]


def instants(random: Random, calendar: Calendar, rows: int) -> list[int | None]:
    """Return instants in the years and around them, many of them at edges."""
    table = calendar.timeline.covering(LO, HI)
    edges = [*table.opens, *table.closes, LO, HI, to_micros(datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC))]
    edges += [LO + 90 * DAY, HI - 60 * DAY]
    found: list[int | None] = []
    for _ in range(rows):
        kind = random.random()
        if kind < 0.05:
            found.append(None)
        elif kind < 0.55:
            found.append(random.choice(edges) + random.choice([-1, 0, 1, random.randint(-HOUR, HOUR)]))
        else:
            found.append(random.randint(LO - 400 * DAY, HI + 400 * DAY))
    return found


def amounts(random: Random, rows: int) -> list[int | None]:
    def one() -> int | None:
        kind = random.random()
        if kind < 0.1:
            return random.choice([0, 0, None, 2**63 - 1, 1 - 2**63, 2**62, 10_000 * DAY])
        if kind < 0.5:
            return random.choice([-1, 1]) * random.choice([1, HOUR // 2, HOUR, 3 * HOUR, 4 * HOUR, 9 * HOUR, 40 * HOUR])
        return random.randint(-400 * HOUR, 2000 * HOUR)

    return [one() for _ in range(rows)]


def ends(hours: sql.CalendarSql) -> tuple[int, int]:
    """Return where the years of a table begin and end."""
    first, last = hours.table.rows[0][0], hours.table.rows[-1][0]
    assert isinstance(first, int)
    assert isinstance(last, int)
    return first, last


def text(at: int | None) -> str:
    return "" if at is None else utc(at).strftime("%Y-%m-%d %H:%M:%S.%f")


def given(at: int | None) -> str | None:
    return None if at is None else f"{utc(at):%Y-%m-%d %H:%M:%S.%f}+00"


def due(calendar: Calendar, at: int | None, amount: int | None, lo: int, hi: int) -> int | None:
    """Return what one row is answered, or that it is not, as the library has it one by one."""
    if at is None or amount is None or not lo <= at < hi:
        return None
    try:
        answer = calendar.timeline.add(at, amount)
    except (sla.NeverDue, sla.OutOfRange):
        return None
    return answer if lo <= answer <= hi else None


def in_columns(calendar: Calendar, starts: list[int | None], given: list[int | None], lo: int, hi: int) -> list[Any]:
    """Return the same for many rows at once, by the columns of the library."""
    known = [
        row
        for row, (at, amount) in enumerate(zip(starts, given, strict=True))
        if at is not None and amount is not None and lo <= at < hi and abs(amount) < 2**60
    ]
    kernel = frames.kernel_of(calendar)
    found = kernel.add(
        np.array([starts[row] for row in known], dtype=np.int64),
        np.array([given[row] for row in known], dtype=np.int64),
        never="null",
    )
    answers: list[int | None] = [None] * len(starts)
    for row, answer in zip(known, found.tolist(), strict=True):
        answers[row] = answer if answer != frames.NULL and lo <= answer <= hi else None
    return answers


@pytest.mark.parametrize("name", CALENDARS)
def test_open_time_of_many_rows(engine: Any, name: str) -> None:
    random = Random(f"{name} of open time")
    calendar, rows = CALENDARS[name], 100_000 if name == "both" else 10_000
    hours = sql.timeline(calendar, years=YEARS, dialect=engine.name, instants="micros")
    lo, hi = ends(hours)
    engine.fresh("sla_timeline")
    engine.run(*hours.statements())
    starts, until, added = instants(random, calendar, rows), instants(random, calendar, rows), amounts(random, rows)
    columns = {"id": "BIGINT", "start": "BIGINT", "until": "BIGINT", "added": "BIGINT"}
    engine.tickets(columns, zip(range(rows), starts, until, added, strict=True))

    found = dict(engine.rows(hours.deadline(sql.Column("added"), tickets="tickets", opened="start", keep="id")))
    assert len(found) == rows
    if name == "short":
        # One year of hours is the horizon: what lies further away is never due, and no answer.
        expected = [due(calendar, at, amount, lo, hi) for at, amount in zip(starts, added, strict=True)]
        assert [found[str(row)] for row in range(rows)] == ["" if one is None else str(one) for one in expected]
    else:
        expected = in_columns(calendar, starts, added, lo, hi)
        assert [found[str(row)] for row in range(rows)] == ["" if one is None else str(one) for one in expected]
    assert sum(one is not None for one in expected) > (rows // 5 if name != "never" else 0)
    assert sum(one is None and at is not None for one, at in zip(expected, starts, strict=True)) > rows // 20

    found = dict(engine.rows(hours.elapsed(tickets="tickets", start="start", end="until", keep=["id"])))
    kernel = frames.kernel_of(calendar)
    inside = [
        row
        for row, (one, other) in enumerate(zip(starts, until, strict=True))
        if one is not None and other is not None and lo <= one < hi and lo <= other < hi
    ]
    passed = kernel.elapsed(
        np.array([starts[row] for row in inside], dtype=np.int64),
        np.array([until[row] for row in inside], dtype=np.int64),
    )
    answers = {str(row): "" for row in range(rows)} | dict(
        zip(map(str, inside), map(str, passed.tolist()), strict=True)
    )
    assert found == answers

    found = dict(engine.rows(hours.is_open(tickets="tickets", at="start", keep="id")))
    for row, at in enumerate(starts):
        is_open = found[str(row)]
        if at is None or not lo <= at < hi:
            assert is_open == ""
    known = [row for row, at in enumerate(starts) if at is not None and lo <= at < hi]
    truths = kernel.is_open(np.array([starts[row] for row in known], dtype=np.int64)).tolist()
    assert [found[str(row)][0] for row in known] == ["t" if one else "f" for one in truths]

    # What has no answer is told, each row once, and nothing else.
    told = engine.rows(
        hours.check(tickets="tickets", instants="start", keep="id", amount=sql.Column("added"), name="why")
    )
    assert Counter(row for row, _ in told) == Counter(
        str(row)
        for row, (at, amount, answer) in enumerate(zip(starts, added, expected, strict=True))
        if answer is None and at is not None and not (amount is None and lo <= at < hi)
    )
    told = engine.rows(hours.check(tickets="tickets", instants=["start", "until"], keep="id"))
    assert {int(row) for row, _ in told} == {
        row for row in range(rows) if any(at is not None and not lo <= at < hi for at in (starts[row], until[row]))
    }


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "TIMESTAMP"])
def test_instants_are_those_of_the_columns_in_every_session(engine: Any, zone: str, kind: str) -> None:
    random = Random(f"{zone} {kind}")
    rows = 2000
    hours = sql.timeline(NIGHTS, years=YEARS, dialect=engine.name, table="of nights")
    lo, hi = ends(hours)
    engine.fresh("of nights")
    engine.run(*hours.statements())
    starts = instants(random, NIGHTS, rows)
    stops = [None if at is None else at + random.randint(-3 * DAY, 3 * DAY) for at in starts]
    loaded = [
        (row, *((given(at) or "")[: 32 if kind == "TIMESTAMPTZ" else 26] or None for at in pair))
        for row, pair in enumerate(zip(starts, stops, strict=True))
    ]
    engine.tickets({"id": "INTEGER", "opened at": kind, "Stopped": kind}, loaded)
    for amount in ("4h", "0h", "-7h", "1000h"):
        query = hours.deadline(amount, tickets="tickets", opened="opened at", keep=["id", "Stopped"])
        found = dict(engine.rows(f"SELECT id, {engine.utc_text('due_at')} FROM ({query}) AS q", zone=zone))
        micros = sla.parse_amount(amount).micros  # type: ignore[attr-defined]
        assert found == {str(row): text(due(NIGHTS, at, micros, lo, hi)) for row, at in enumerate(starts)}
    found = dict(engine.rows(hours.elapsed(tickets="tickets", start="opened at", end="Stopped", keep="id"), zone=zone))
    assert found == {
        str(row): str(NIGHTS.timeline.elapsed(one, other))
        if one is not None and other is not None and lo <= one < hi and lo <= other < hi
        else ""
        for row, (one, other) in enumerate(zip(starts, stops, strict=True))
    }


def test_times_without_end_have_no_answer(engine: Any) -> None:
    hours = sql.timeline(NIGHTS, years=YEARS, dialect=engine.name)
    engine.fresh("sla_timeline")
    engine.run(*hours.statements())
    far = ["infinity", "-infinity", "0001-01-01 00:00:00+00", "9999-12-31 00:00:00+00", "20000-01-01 00:00:00+00"]
    engine.tickets({"id": "INTEGER", "opened": "TIMESTAMPTZ"}, enumerate(far))
    found = engine.rows(hours.deadline("4h", tickets="tickets", opened="opened", keep="id"))
    assert sorted(found) == [(str(number), "") for number in range(5)]


# --- policies --------------------------------------------------------------------------------------------------------

RULES: dict[str, Any] = {
    "calendars": {
        "office": {"zone": "Europe/Rome", "hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"], "sat": "22:00-06:00"}},
        "york": {"zone": "America/New_York", "hours": {"mon-fri": "00:30-03:30"}},
        "both": {"union": ["office", "york"]},
    },
    "tiers": {
        "o'hare": {"calendar": "office", "targets": {"response": "4h", "resolution": "5 business days"}},
        "second": {"calendar": "both", "targets": {"response": "1 business days, due at close", "resolution": "50h"}},
        "back\\slash": {"calendar": "york", "targets": {"response": "30m", "resolution": "10 calendar days"}},
        "näxt": {"calendar": "york", "targets": {"response": "72h elapsed"}},
    },
}
POLICY = sla.Policy(
    name="Many kinds",
    zone="America/New_York",
    **RULES,
    versions=[
        {"from_date": "2039-03-13", "tiers": {"o'hare": {"targets": {"response": "1 business days"}}}},
        {
            "from_date": "2039-11-06",
            "calendars": {"york": {"zone": "America/New_York", "hours": {"mon-sun": "01:00-02:30"}}},
            "tiers": {"second": {"targets": {"response": "0h"}}},
        },
    ],
)
AT = datetime(2040, 5, 1, 12, tzinfo=UTC)


def tickets(random: Random, rows: int) -> list[tuple[int, int | None, int | None, str | None]]:
    changes = POLICY._starts
    edges = instants(random, NIGHTS, rows)
    found = []
    for row in range(rows):
        opened = edges[row] if random.random() < 0.8 else random.choice(changes) + random.choice([-1, 0, 1, -HOUR])
        tier = random.choice([*RULES["tiers"], *RULES["tiers"], "nobody's", None])
        stopped = None
        if opened is not None and random.random() < 0.7:
            stopped = opened + random.randint(0, 20 * DAY)
        found.append((row, opened, stopped, tier))
    return found


def outcomes(
    rows: list[tuple[int, int | None, int | None, str | None]], target: str, span: tuple[int, int]
) -> dict[int, sla.Outcome]:
    """Return what the library says of each ticket that was opened in a span of time, where it promises something."""
    found = {}
    for row, opened, stopped, tier in rows:
        if opened is None or not span[0] <= opened < span[1] or tier is None or tier not in RULES["tiers"]:
            continue
        if target not in RULES["tiers"][tier]["targets"]:
            continue
        found[row] = POLICY.outcome(
            tier,
            utc(opened),
            stopped_at=None if stopped is None else utc(stopped),
            at=AT,
            target=target,
            id=str(row),
        )
    return found


def span_of(tier: str) -> tuple[int, int]:
    zone = ZoneInfo("Europe/Rome" if RULES["tiers"][tier]["calendar"] != "york" else "America/New_York")
    first, last = (to_micros(datetime(year, 1, 1, tzinfo=zone)) for year in (YEARS.start, YEARS.stop))
    return first, last


def is_known(outcome: sla.Outcome) -> bool:
    """Whether the years of the table have the opening and the answer."""
    lo, hi = span_of(outcome.tier)
    opened, due_at = to_micros(outcome.opened_at), to_micros(outcome.due_at)  # type: ignore[arg-type]
    within = RULES["tiers"][outcome.tier]["targets"][outcome.target]
    return lo <= opened < hi and (due_at < hi or "calendar" in within or "elapsed" in within)


@pytest.fixture
def levels(engine: Any) -> sql.PolicySql:
    found = sql.policy(POLICY, years=YEARS, dialect=engine.name, instants="micros")
    engine.fresh("sla_deadlines", "sla_deadlines_months")
    engine.run(*found.table.create, *found.months.statements())
    engine.load("sla_deadlines", found.table.to_csv())
    engine.run(*found.table.indexes)
    return found


COLUMNS = {"id": "INTEGER", "opened": "BIGINT", "stopped": "BIGINT", "tier": "VARCHAR(40)"}
ASKED: Any = {"tickets": "tickets", "opened": "opened", "tier": "tier"}
WHOLE = (LO - 500 * DAY, HI + 500 * DAY)


@pytest.mark.parametrize("target", ["response", "resolution"])
def test_deadlines_and_verdicts_of_a_policy(engine: Any, levels: sql.PolicySql, target: str) -> None:
    rows = tickets(Random(target), 6000)
    engine.tickets(COLUMNS, rows)
    expected = outcomes(rows, target, WHOLE)
    found = {
        int(row): (due_at, verdict)
        for row, due_at, verdict in engine.rows(
            levels.verdicts(**ASKED, stopped="stopped", at=AT, target=target, keep="id")
        )
    }
    assert len(found) == len(rows)
    for row, answer in found.items():
        one = expected.get(row)
        if one is None or not is_known(one):
            assert answer == ("", ""), (one, answer)
        else:
            assert answer == (str(to_micros(one.due_at)), one.verdict), one  # type: ignore[arg-type]
    verdicts = Counter(verdict for _, verdict in found.values())
    assert min(verdicts[kind] for kind in ("met", "breached", "undecided", "")) > 100
    deadlines = engine.rows(levels.deadlines(**ASKED, target=target, keep="id"))
    assert {int(row): due_at for row, due_at in deadlines} == {row: answer[0] for row, answer in found.items()}

    told = engine.rows(levels.check(**ASKED, stopped="stopped", target=target, keep="id"))
    opened = {row for row, at, _, _ in rows if at is not None}
    assert {int(row) for row, _ in told} == {row for row in opened if not found[row][0]}
    assert len({why for _, why in told}) == (2 if target == "response" else 3)


@pytest.mark.parametrize("attribute", ["due", "opened", "stopped"])
def test_monthly_compliance_of_a_policy(engine: Any, levels: sql.PolicySql, attribute: Any) -> None:
    rows = tickets(Random(f"compliance by {attribute}"), 6000)
    engine.tickets(COLUMNS, rows)
    known = [one for one in outcomes(rows, "response", WHOLE).values() if is_known(one)]
    counted = sla.compliance(known, by="month", zone=POLICY.zone, attribute=attribute)
    expected = {
        (figure.label("month"), figure.tier, figure.target): (
            len(figure.met),
            len(figure.breached),
            len(figure.undecided),
            figure.decided,
            0,
        )
        for figure in counted.figures
    }
    assert len(expected) > 100
    table = engine.rows(levels.compliance(**ASKED, stopped="stopped", at=AT, target="response", attribute=attribute))
    found = {(month, tier, target): tuple(map(int, numbers)) for month, tier, target, *numbers in table}
    assert len(found) == len(table)
    assert sum(sum(numbers[:3]) + numbers[4] for numbers in found.values()) == len(rows)
    dated = {key: numbers for key, numbers in found.items() if key[0]}
    for key, numbers in dated.items():
        # A ticket that was opened in a month, and is due after all years, is in that month without a verdict.
        assert numbers[:4] == expected.get(key, (0, 0, 0, 0))[:4]
    assert set(expected) <= set(dated)
    undated = [numbers for key, numbers in found.items() if not key[0]]
    assert sum(sum(numbers[:3]) for numbers in undated) == len(counted.unattributed)
    months = [row[0] for row in table if row[0]]
    assert months == sorted(months)


def test_a_stop_before_the_opening_has_no_verdict(engine: Any, levels: sql.PolicySql) -> None:
    start = LO + 100 * DAY
    engine.tickets(COLUMNS, [(1, start, start - 1, "second"), (2, start, start, "second"), (3, None, start, "second")])
    asked = {**ASKED, "stopped": "stopped", "target": "response", "keep": "id"}
    assert sorted(row[::2] for row in engine.rows(levels.verdicts(**asked, at=AT))) == [
        ("1", ""),
        ("2", "met"),
        ("3", ""),
    ]
    told = engine.rows(levels.check(**asked))
    assert told == [("1", "it was stopped before it was opened")]


def test_exactly_at_the_due_instant(engine: Any, levels: sql.PolicySql) -> None:
    start = LO + 500 * DAY
    at = POLICY.deadline("second", utc(start), target="resolution")
    due_at = to_micros(at)
    stops = [None, due_at, due_at + 1, due_at - 1]
    engine.tickets(COLUMNS, [(number, start, stop, "second") for number, stop in enumerate(stops)])
    expected = {
        # As of the due instant a stop at that instant is seen, and a later one is not; nothing is late yet.
        0: ["undecided", "met", "undecided", "met"],
        1: ["breached", "met", "breached", "met"],
        -1: ["undecided", "undecided", "undecided", "met"],
    }
    for later, verdicts in expected.items():
        asked: Any = {**ASKED, "stopped": "stopped", "target": "resolution", "keep": "id"}
        query = levels.verdicts(**asked, at=at + timedelta(microseconds=later))
        assert [row[2] for row in sorted(engine.rows(query))] == verdicts


def test_now_is_that_of_the_database(engine: Any) -> None:
    policy = sla.Policy(
        name="Always",
        calendars={"always": {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}}},
        tiers={"one": {"calendar": "always", "targets": {"response": "1h"}}},
    )
    year = datetime.now(UTC).year
    levels = sql.policy(policy, years=(year - 2, year + 2), dialect=engine.name, table=["deadlines now"])
    engine.fresh("deadlines now", "deadlines now_months")
    engine.run(*levels.statements())
    opened = [datetime.now(UTC) + timedelta(hours=hours) for hours in (-10, 10)]
    engine.tickets(
        {"id": "INTEGER", "opened": "TIMESTAMPTZ", "stopped": "TIMESTAMPTZ", "tier": "VARCHAR(9)"},
        [(number, given(to_micros(at)), None, "one") for number, at in enumerate(opened)],
    )
    query = levels.verdicts(**ASKED, stopped="stopped", at="now", keep="id")
    for zone in ZONES:
        assert sorted(row[::2] for row in engine.rows(query, zone=zone)) == [("0", "breached"), ("1", "undecided")]


# --- names, and what is loaded in bulk -------------------------------------------------------------------------------


def test_names_are_quoted(engine: Any) -> None:
    nasty = 'a "table" with; DROP'
    hours = sql.timeline(NIGHTS, years=(2038, 2038), dialect=engine.name, table=[nasty])
    engine.run(f"DROP TABLE IF EXISTS {engine_quoted(nasty)}", *hours.statements())
    column = "se\"lect 'x' -- "
    engine.run("DROP TABLE IF EXISTS tickets", f'CREATE TABLE tickets ({engine_quoted(column)} BIGINT, "Id" BIGINT)')
    engine.run(f"INSERT INTO tickets VALUES ({LO + 400 * DAY}, 7)")
    asked = sql.timeline(NIGHTS, years=(2038, 2038), dialect=engine.name, table=[nasty], instants="micros")
    found = engine.rows(asked.deadline("1h", tickets="tickets", opened=column, keep=["Id"], name='du"e'))
    assert found == [("7", str(NIGHTS.timeline.add(LO + 400 * DAY, HOUR)))]
    told = asked.check(tickets="tickets", instants=column, keep="Id")
    assert engine.rows(told) == []


def engine_quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def test_a_bulk_load_is_the_same_table(engine: Any) -> None:
    for made in (
        sql.timeline(NIGHTS, years=YEARS, dialect=engine.name, table="loaded").table,
        sql.policy(POLICY, years=YEARS, dialect=engine.name, table="loaded").table,
    ):
        engine.fresh("loaded")
        engine.run(*made.create)
        engine.load("loaded", made.to_csv())
        engine.run(*made.indexes)
        loaded = engine.rows("SELECT * FROM loaded")
        engine.fresh("loaded")
        engine.run(*made.statements())
        assert Counter(engine.rows("SELECT * FROM loaded")) == Counter(loaded)
        assert len(loaded) == len(made) > 1000


# --- a city's requests -----------------------------------------------------------------------------------------------


def test_requests_of_a_city(engine: Any, boston: tuple[Any, list[dict[str, str]]]) -> None:
    rules, requests = boston
    kinds = {one["type"]: f"{one['days']} {one['kind']} days" for one in rules["types"]}
    policy = sla.Policy(
        name="Boston",
        zone="America/New_York",
        calendars={
            "city": {
                "zone": "America/New_York",
                "hours": {"mon-fri": "08:30-17:00"},
                "holidays": rules["calendar"]["holidays"],
            }
        },
        tiers={text: {"calendar": "city", "targets": {"done": text}} for text in set(kinds.values())},
    )
    zone = ZoneInfo("America/New_York")

    def read(said: str) -> datetime | None:
        return datetime.strptime(said, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=zone) if said else None

    rows = [
        (one["case_enquiry_id"], read(one["open_dt"]), read(one["closed_dt"]), kinds[one["type"]]) for one in requests
    ]
    years = range(2015, 2018)
    levels = sql.policy(policy, years=years, dialect=engine.name, table="boston")
    engine.fresh("boston", "boston_months")
    engine.run(*levels.statements())
    engine.tickets(
        {"id": "VARCHAR(20)", "opened": "TIMESTAMPTZ", "closed": "TIMESTAMPTZ", "tier": "VARCHAR(40)"},
        [
            (number, *(given(None if at is None else to_micros(at)) for at in times), tier)
            for number, *times, tier in rows
        ],
    )
    at = datetime(2015, 9, 1, tzinfo=UTC)
    outcomes = {
        number: policy.outcome(tier, opened, stopped_at=closed, at=at, id=number)
        for number, opened, closed, tier in rows
        if opened is not None
    }
    query = levels.verdicts(**ASKED, stopped="closed", at=at, keep="id")
    found = engine.rows(f"SELECT id, {engine.utc_text('due_at')}, verdict FROM ({query}) AS q", zone="Asia/Tokyo")
    assert len(found) == len(outcomes) == 8_953
    for number, due_at, verdict in found:
        one = outcomes[number]
        assert (due_at, verdict) == (text(to_micros(one.due_at)), one.verdict)  # type: ignore[arg-type]
    # And by the columns of the library.
    column = frames.deadline(
        pd.Series([opened for _, opened, _, _ in rows]).dt.tz_convert("UTC"),
        pd.Series([row[3] for row in rows]),
        policy,
    )
    in_columns = {row[0]: text(to_micros(one.to_pydatetime())) for row, one in zip(rows, column, strict=True)}
    assert {number: due_at for number, due_at, _ in found} == in_columns
    figures = sla.compliance(outcomes.values(), by="month", zone=policy.zone).figures
    table = engine.rows(levels.compliance(**ASKED, stopped="closed", at=at))
    assert {row[:3]: tuple(map(int, row[3:])) for row in table} == {
        (one.label("month"), one.tier, one.target): (
            len(one.met),
            len(one.breached),
            len(one.undecided),
            one.decided,
            0,
        )
        for one in figures
    }


# --- the text for servers that are not here, read as that of DuckDB --------------------------------------------------

AS_DUCKDB: dict[str, list[tuple[str, str]]] = {
    "snowflake": [
        (r"ASOF JOIN (.+?) AS w MATCH_CONDITION \((.+?)\)\n  ON (.+)", r"ASOF LEFT JOIN \1 AS w ON \3 AND \2"),
        (r"ASOF JOIN (.+?) AS w MATCH_CONDITION \((.+?)\)", r"ASOF LEFT JOIN \1 AS w ON \2"),
        (r"DATE_PART\(EPOCH_MICROSECOND, ", "epoch_us("),
        (r"TO_TIMESTAMP_LTZ\((.+?), 6\)", r"make_timestamptz(\1)"),
        (r"\\\\", r"\\"),
    ],
    "bigquery": [
        (r"`", '"'),
        (r"UNIX_MICROS\(", "epoch_us("),
        (r"TIMESTAMP_MICROS\(", "make_timestamptz("),
        (r"STRING", "VARCHAR"),
        (r"\\'", "''"),
        (r"\\\\", r"\\"),
    ],
}


@pytest.mark.parametrize("dialect", AS_DUCKDB)
def test_other_dialects_ask_the_same(dialect: str, duckdb_engine: Any) -> None:
    def read(text: str) -> str:
        for pattern, instead in AS_DUCKDB[dialect]:
            text = re.sub(pattern, instead, text)
        return text

    random = Random(dialect)
    plain = {row: (at, stop, tier) for row, at, stop, tier in tickets(random, 1500)}
    added = amounts(random, len(plain))
    kinds = {"id": "INTEGER", "opened": "TIMESTAMPTZ", "stopped": "TIMESTAMPTZ", "tier": "VARCHAR", "added": "BIGINT"}
    duckdb_engine.tickets(
        kinds,
        [
            (row, given(at), given(stop), tier, more)
            for (row, (at, stop, tier)), more in zip(plain.items(), added, strict=True)
        ],
    )
    asked: list[dict[str, str]] = []
    for name in (dialect, "duckdb"):
        hours = sql.timeline(NIGHTS, years=YEARS, dialect=name, table="read_hours")
        levels = sql.policy(POLICY, years=YEARS, dialect=name, table="read_levels")
        duckdb_engine.fresh("read_hours", "read_levels", "read_levels_months")
        duckdb_engine.run(*map(read, hours.table.create), *map(read, levels.table.create + levels.months.create))
        for table in (hours.table, levels.table, levels.months):
            duckdb_engine.load(read(table.name), table.to_csv())
        policy_asked = {**ASKED, "stopped": "stopped", "target": "response"}
        asked.append(
            {
                "deadline": hours.deadline(sql.Column("added"), tickets="tickets", opened="opened", keep="id"),
                "elapsed": hours.elapsed(tickets="tickets", start="opened", end="stopped", keep="id"),
                "is_open": hours.is_open(tickets="tickets", at="stopped", keep="id"),
                "check": hours.check(
                    tickets="tickets", instants=["opened", "stopped"], keep="id", amount=sql.Column("added")
                ),
                "verdicts": levels.verdicts(**policy_asked, at=AT, keep=["id", "tier"]),
                "problems": levels.check(**policy_asked, keep="id"),
                "compliance": levels.compliance(**policy_asked, at=AT),
            }
        )
    theirs, ours = asked
    for question, text in theirs.items():
        assert text != ours[question]
        found = Counter(duckdb_engine.rows(read(text)))
        assert found == Counter(duckdb_engine.rows(ours[question])), question
        assert found.total() > 50


# --- what the page shows ---------------------------------------------------------------------------------------------


def test_the_page_shows_what_postgresql_is_asked(postgresql_engine: Any) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/sql.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```sql\n(.*?)\n```", page, re.DOTALL)
    policy = sla.Policy(
        name="Small shop",
        zone="Europe/Rome",
        calendars={"office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}}},
        tiers={
            "first": {"calendar": "office", "targets": {"response": "4h"}},
            "second": {"calendar": "office", "targets": {"response": "2 business days"}},
        },
    )
    levels = sql.policy(policy, years=range(2025, 2028), dialect="postgresql", table="support.levels")
    assert shown == levels.deadlines(tickets="support.tickets", opened="opened", tier="tier", keep="id")
    postgresql_engine.run(
        "DROP SCHEMA IF EXISTS support CASCADE",
        "CREATE SCHEMA support",
        levels.setup.removesuffix(";\n"),
        "CREATE TABLE support.tickets (id TEXT, tier TEXT, opened TIMESTAMPTZ)",
        "INSERT INTO support.tickets VALUES ('T-1', 'first', '2026-03-06 16:30+01')",
        "INSERT INTO support.tickets VALUES ('T-2', 'second', '2026-03-06 16:30+01')",
        f"CREATE VIEW support.deadlines AS {shown}",
    )
    found = postgresql_engine.rows("SELECT * FROM support.deadlines ORDER BY id", zone="Europe/Rome")
    assert found == [("T-1", "2026-03-09 11:30:00+01"), ("T-2", "2026-03-10 16:30:00+01")]
    # One step into the index for each ticket, not a look through the table.
    postgresql_engine.run("INSERT INTO support.tickets SELECT 'T', 'first', now() FROM generate_series(1, 1000)")
    plan = postgresql_engine._psql("-f", "-", given=f"EXPLAIN {shown};\n")
    assert re.search(r'Index Scan Backward using "?levels_pkey', plan), plan
