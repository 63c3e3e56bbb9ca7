"""Figures counted from frames of clocks are those counted from the outcomes of the tickets, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import LogMapping, Policy, frames
from sla_engine.frames.clocks.compliance import StartedClocks
from sla_engine.frames.streams import figures

Log = tuple[pa.Table, list[sla.Ticket]]
MONDAY = datetime(2026, 3, 23, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MICRO = timedelta(microseconds=1)
POLICY = Policy.from_data(
    {
        "name": "Desk",
        "zone": "Europe/Rome",
        "calendars": {
            "office": {"zone": "Europe/Rome", "hours": {"mon-fri": ["09:00-18:00"]}},
            "always": {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}},
        },
        "clocks": {"whole": {"preset": "agent_work", "scope": "ticket"}},
        "tiers": {
            "first": {"calendar": "office", "targets": {"response": "1h", "whole": "2 business days"}},
            "second": {"calendar": "always", "targets": {"agent_work": "5h", "whole": "20h"}},
        },
        "exclusions": [
            {"when": {"channel": "spam"}, "reason": "spam"},
            {"when": {"tier": "second", "channel": {"set": False}}, "reason": "?"},
        ],
        "customers": {"acme": {"exclusions": [{"when": {"channel": "chat"}, "reason": "chats are free"}]}},
        "versions": [{"from_date": "2026-03-28", "exclusions": [{"when": {"customer": "other"}, "reason": "gone"}]}],
    }
)
CUSTOMERS = POLICY.model_copy(update={"versions": (), "exclusions": ()})
"""No exclusion asks who the customer is; only whose it is depends on that."""
LATER = POLICY.model_copy(update={"customers": (), "exclusions": ()})
PLAIN = POLICY.model_copy(update={"exclusions": (), "customers": (), "versions": ()})
ATTRIBUTES = ("customer", "channel")
ROME = "Europe/Rome"
FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "polars": pl.DataFrame,
    "lazy": lambda table: pl.DataFrame(table).lazy(),
    "arrow": lambda table: table,
}


@cache
def log(seed: int, number: int) -> Log:
    """A log as a table, and the tickets in it."""
    random = Random(seed)  # noqa: S311
    rows: list[dict[str, Any]] = []
    for name in range(number):
        at = MONDAY + timedelta(minutes=random.randrange(20 * 1440))
        own = {
            "customer": random.choice(["acme", "other", None]),
            "channel": random.choice(["spam", "chat", "mail", None]),
        }
        rows.append({"ticket": f"T{name}", "at": at, "kind": "open", "tier": random.choice(["first", "second"]), **own})
        for _ in range(random.randrange(6)):
            at += timedelta(minutes=random.choice([5, 60, 90, 600, 2000]))
            kind = random.choice(
                ["respond", "pause", "resume", "solve", "solve", "reopen", "hand_off", "cancel", "note"]
            )
            rows.append({"ticket": f"T{name}", "at": at, "kind": kind, "to": random.choice(["first", "second"])})
            if kind == "note":
                rows[-1]["channel"] = random.choice(["spam", "mail"])
    return of_rows(rows)


def of_rows(rows: list[dict[str, Any]]) -> Log:
    """Rows as a table, and the tickets in them."""
    columns = ["ticket", "at", "kind", "tier", "to", "customer", "channel"]
    table = pa.table(
        {
            name: pa.array([row.get(name) for row in rows], pa.timestamp("us", "UTC") if name == "at" else pa.string())
            for name in columns
        }
    )
    lines = [",".join(str(row.get(name) or "") for name in columns) for row in rows]
    read = sla.read_events("\n".join([",".join(columns), *lines]), mapping=LogMapping.native(columns))
    assert read.problems == ()
    return table, list(read.tickets)


def same(  # noqa: PLR0917  (what is counted, and how)
    rows: Any,
    logged: Log,
    kind: str,
    policy: Policy,
    at: datetime,
    asked: dict[str, Any],
    *,
    excluding: bool,
) -> int:
    """The figures of a frame are those of the outcomes; what is in no figure is counted too. Return how many clocks."""
    table, given = logged
    outcomes = policy.evaluate_all(given, at=at).outcomes()
    expected = sla.compliance(outcomes, exclude=policy.excluded if excluding else None, **asked)
    clocks = frames.evaluate(FRAMES[kind](table), policy, at=at, attributes=ATTRIBUTES)
    found = frames.compliance(clocks, policy=policy if excluding else None, **asked)
    assert type(found) is type(clocks)
    names = [asked["by"]] if isinstance(asked.get("by"), str) else list(asked.get("by", ()))
    figures, outside, unattributed = rows.of_figure_frame(found, names, asked.get("tiers", ()))
    assert figures == rows.of_figures(expected, names)
    assert (outside, unattributed) == (len(expected.outside), len(expected.unattributed))
    counts = ("met", "breached", "running", "paused", "handed_off", "excluded")
    total: int = sum(figure[name] for figure in figures for name in counts) + outside + unattributed
    assert total == len(outcomes)
    return total


groups = st.one_of(
    st.just(()),
    st.sampled_from(["day", "week", "month", "quarter", "year", "customer", "channel"]),
    st.lists(st.sampled_from(["day", "week", "month", "customer", "channel"]), max_size=3, unique=True),
)
periods = st.sampled_from(
    [
        None,
        sla.Month(2026, 3, zone=ROME),
        sla.Month(2026, 4, zone="Asia/Tokyo"),
        sla.Week(2026, 13, zone="UTC"),
        sla.Year(2020, zone=ROME),
    ]
)


@given(
    seed=st.integers(0, 5),
    kind=st.sampled_from(sorted(FRAMES)),
    policy=st.sampled_from([POLICY, PLAIN]),
    at=st.integers(-2, 60).map(lambda half: MONDAY + half * DAY / 2),
    by=groups,
    period=periods,
    attribute=st.sampled_from(["due", "opened", "stopped"]),
    zone=st.sampled_from([ROME, "America/New_York", None]),
    tiers=st.lists(
        st.sampled_from([("second", "whole"), ("first", "response"), ("third", "response"), ("first", "whole")]),
        max_size=3,
        unique=True,
    ),
    excluding=st.booleans(),
)
@settings(max_examples=150)
def test_figures_of_any_kind(clock_rows: Any, seed: int, kind: str, policy: Policy, at: datetime, **asked: Any) -> None:
    excluding = asked.pop("excluding")
    if asked["zone"] is None and asked["period"] is None:
        asked["zone"] = "UTC"
    same(clock_rows, log(seed, 60 if seed else 3), kind, policy, at, asked, excluding=excluding)


EDGES = [
    datetime(2026, 3, 27, 23, tzinfo=UTC),  # the version of the 28th, in Rome
    datetime(2026, 3, 28, 23, tzinfo=UTC),  # the day on which the clock changes there, and the one after it
    datetime(2026, 3, 29, 22, tzinfo=UTC),
    datetime(2026, 3, 31, 22, tzinfo=UTC),  # April in Rome, in Tokyo, in New York and in UTC
    datetime(2026, 3, 31, 15, tzinfo=UTC),
    datetime(2026, 4, 1, 4, tzinfo=UTC),
    datetime(2026, 4, 1, tzinfo=UTC),
    datetime(2026, 4, 30, 15, tzinfo=UTC),
    datetime(2026, 3, 23, tzinfo=UTC),  # a week in UTC
    datetime(2026, 3, 30, tzinfo=UTC),
]
at_an_edge = st.builds(datetime.__add__, st.sampled_from(EDGES), st.sampled_from([-MICRO, 0 * MICRO, MICRO]))


@st.composite
def edged(draw: st.DrawFn) -> Log:
    """Tickets that are opened, due and stopped where periods and versions begin, and a microsecond beside."""
    rows: list[dict[str, Any]] = []
    for name in range(draw(st.integers(1, 8))):
        # Of clocks that always run, one is due after 5 hours and one after 20.
        opened = draw(at_an_edge) - draw(st.sampled_from([0, 5, 20])) * HOUR
        own = {
            "customer": draw(st.sampled_from(["acme", "other", None])),
            "channel": draw(st.sampled_from(["chat", "mail", "spam", None])),
        }
        tier = draw(st.sampled_from(["second", "second", "first"]))
        rows.append({"ticket": f"T{name}", "at": opened, "kind": "open", "tier": tier, **own})
        stopped = draw(st.none() | at_an_edge | st.sampled_from([0, 5, 20]).map(lambda hours: opened + hours * HOUR))  # noqa: B023
        if stopped is not None and stopped >= opened:
            rows.append(
                {"ticket": f"T{name}", "at": stopped, "kind": draw(st.sampled_from(["solve", "cancel", "pause"]))}
            )
    return of_rows(rows)


@given(
    logged=edged(),
    policy=st.sampled_from([POLICY, CUSTOMERS, LATER]),
    at=at_an_edge | st.just(MONDAY + 60 * DAY),
    kind=st.sampled_from(["arrow", "polars"]),
    by=st.sampled_from([(), "day", "week", "month", ["month", "customer"], "year"]),
    period=periods,
    attribute=st.sampled_from(["due", "opened", "stopped"]),
    zone=st.sampled_from([ROME, "America/New_York", "UTC"]),
    excluding=st.booleans(),
)
@settings(max_examples=100)
def test_clocks_at_the_edges_of_periods_and_versions(
    clock_rows: Any, logged: Log, policy: Policy, at: datetime, kind: str, **asked: Any
) -> None:
    excluding = asked.pop("excluding")
    same(clock_rows, logged, kind, policy, at, asked, excluding=excluding)


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_what_happens_as_a_period_or_a_version_begins_is_in_it(clock_rows: Any, edge: datetime) -> None:
    own = {"customer": "other", "channel": "mail", "tier": "second"}
    rows: list[dict[str, Any]] = []
    # The last of all is exactly there: opened, stopped, due.
    for name, (opened, stopped) in enumerate(
        (edge - back - beside, edge - beside)
        for beside in (MICRO, 0 * MICRO)
        for back in (0 * HOUR, 5 * HOUR, 20 * HOUR, 3 * DAY)
    ):
        rows.append({"ticket": f"T{name}", "at": opened, "kind": "open", **own})
        rows.append({"ticket": f"T{name}", "at": stopped, "kind": "solve"})
    logged = of_rows(rows)
    months = [sla.Month(2026, month, zone=zone) for month in (3, 4) for zone in (ROME, "Asia/Tokyo", "UTC")]
    for period in (None, *months, sla.Week(2026, 13, zone="UTC"), sla.Day(date(2026, 3, 29), zone=ROME)):
        for attribute in ("due", "opened", "stopped"):
            asked = {"by": "day", "zone": ROME, "period": period, "attribute": attribute}
            total = same(clock_rows, logged, "arrow", POLICY, edge + DAY, asked, excluding=True)
            assert total == 16


@given(
    seed=st.integers(1, 5),
    cuts=st.lists(st.integers(0, 200), max_size=6),
    chunk=st.sampled_from([1, 3, 1000]),
    at=st.integers(0, 60).map(lambda half: MONDAY + half * DAY / 2),
    by=groups,
    period=periods,
    attribute=st.sampled_from(["due", "opened", "stopped"]),
    tiers=st.lists(
        st.sampled_from([("second", "whole"), ("first", "response"), ("third", "response")]), max_size=3, unique=True
    ),
    excluding=st.booleans(),
)
@settings(max_examples=60)
def test_figures_added_up_part_by_part_are_those_of_all(  # noqa: PLR0917  (what is counted, and how)
    clock_rows: Any,
    seed: int,
    cuts: list[int],
    chunk: int,
    at: datetime,
    by: Any,
    period: Any,
    attribute: Any,
    tiers: list[tuple[str, str]],
    *,
    excluding: bool,
) -> None:
    table, given_ = log(seed, 60)
    outcomes = POLICY.evaluate_all(given_, at=at).outcomes()
    asked = {"by": by, "period": period, "attribute": attribute, "zone": "UTC", "tiers": tiers}
    expected = sla.compliance(outcomes, exclude=POLICY.excluded if excluding else None, **asked)
    clocks: Any = frames.evaluate(table, POLICY, at=at, attributes=ATTRIBUTES)
    names = (by,) if isinstance(by, str) else tuple(by)
    edges = [0, *sorted(min(one, len(clocks)) for one in cuts), len(clocks)]
    with TemporaryDirectory() as folder, mock.patch.object(figures, "_CLOCKS", chunk):
        sums = figures.Sums(names, period, "UTC", tiers, Path(folder) / "times")
        for start, stop in pairwise(edges):
            sums.add(StartedClocks(clocks.slice(start, stop - start), attribute, POLICY if excluding else None))
        found = sums.compliance(attribute)
    assert (len(found.outside), len(found.unattributed)) == (len(expected.outside), len(expected.unattributed))

    def told(given: sla.Compliance) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = clock_rows.of_figures(given, names)
        return rows

    # Those of tiers that were not to be listed come by their names, and not as they were first seen.
    place = {pair: number for number, pair in enumerate(tiers)}
    labels = ("tier", "target", *names)
    ordered = sorted(
        told(expected),
        key=lambda row: (place.get((row["tier"], row["target"]), len(place)), tuple(row[name] for name in labels)),
    )
    assert told(found) == ordered


@pytest.mark.parametrize("kind", FRAMES)
def test_many_clocks_are_counted(clock_rows: Any, kind: str) -> None:
    at = MONDAY + 30 * DAY
    for by in ((), "customer", ["month", "channel"], ["day"]):
        asked = {"by": by, "zone": ROME}
        assert same(clock_rows, log(9, 400), kind, POLICY, at, asked, excluding=True) > 800


def test_exclusions_take_out_what_the_version_in_force_says() -> None:
    table, given = log(9, 400)
    outcomes = POLICY.evaluate_all(given, at=MONDAY + 30 * DAY).outcomes()
    reasons = {POLICY.excluded(one) for one in outcomes}
    assert reasons == {None, "spam", "?", "chats are free", "gone"}
    found = frames.compliance(
        frames.evaluate(pl.DataFrame(table), POLICY, at=MONDAY + 30 * DAY, attributes=ATTRIBUTES),
        policy=POLICY,
        attribute="opened",
    )
    cancelled = sum(
        one.phase == "cancelled" and one.verdict == "undecided" for one in outcomes if not POLICY.excluded(one)
    )
    assert found["excluded"].sum() == cancelled + sum(POLICY.excluded(one) is not None for one in outcomes)


def test_figures_that_count_none_come_after_those_that_do() -> None:
    days = {"second": 1, "first": 8, "third": 2}
    tiers = {name: {"calendar": "always", "targets": {"agent_work": "5h"}} for name in days}
    policy = Policy.from_data({**PLAIN.to_data(), "tiers": tiers})
    rows = [{"ticket": name, "at": MONDAY + day * DAY, "kind": "open", "tier": name} for name, day in days.items()]
    clocks = frames.evaluate(pl.DataFrame(of_rows(rows)[0]), policy, at=MONDAY + 9 * DAY)
    found = frames.compliance(clocks, period=sla.Week(2026, 14, zone=ROME), attribute="opened")
    assert found.select("tier", "breached", "outside").rows() == [("first", 1, 0), ("second", 0, 1), ("third", 0, 1)]
    # What is in another period belongs to no day of this one, nor to one of its own.
    found = frames.compliance(clocks, by="day", period=sla.Week(2026, 14, zone=ROME), attribute="opened")
    assert found.select("tier", "day", "outside").rows() == [
        ("first", "2026-03-31", 0),
        ("second", "", 1),
        ("third", "", 1),
    ]


@pytest.mark.parametrize("policy", [CUSTOMERS, LATER], ids=["customers", "versions"])
def test_exclusions_of_customers_alone_and_of_versions_alone(clock_rows: Any, policy: Policy) -> None:
    for by in ((), "customer"):
        asked = {"by": by, "attribute": "opened"}
        assert same(clock_rows, log(9, 400), "arrow", policy, MONDAY + 30 * DAY, asked, excluding=True) > 800


@pytest.mark.parametrize("kind", FRAMES)
def test_the_schema_does_not_depend_on_the_clocks(clock_rows: Any, kind: str) -> None:
    table, _ = log(1, 60)
    clocks = frames.evaluate(FRAMES[kind](table), POLICY, at=MONDAY + 30 * DAY, attributes=ATTRIBUTES)
    none = frames.evaluate(FRAMES[kind](table.slice(0, 0)), POLICY, at=MONDAY, attributes=ATTRIBUTES)
    questions: list[dict[str, Any]] = [
        {},
        {"by": ["month", "customer"], "zone": "UTC"},
        {"policy": POLICY},
        {"tiers": [("a", "b")]},
    ]
    for asked in questions:
        full: Any = frames.compliance(clocks, **asked)
        empty: Any = frames.compliance(none, **asked)
        assert clock_rows.schema(full) == clock_rows.schema(empty)
        rows = clock_rows.of_frame(empty)
        assert [(row["tier"], row["target"]) for row in rows] == list(asked.get("tiers", []))


def test_tiers_are_listed_in_their_order_without_a_clock() -> None:
    table, _ = log(1, 60)
    clocks = frames.evaluate(pl.DataFrame(table), POLICY, at=MONDAY + 30 * DAY)
    tiers = [("second", "whole"), ("nobody", "response"), ("first", "response")]
    found = frames.compliance(clocks, tiers=tiers)
    assert found.select("tier", "target").rows()[:3] == tiers
    nobody = found.row(1, named=True)
    assert [nobody[name] for name in ("met", "excluded", "outside", "undecided")] == [0, 0, 0, 0]
    assert [nobody[name] for name in ("share", "share_text", "median", "p90")] == [None] * 4


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_no_value_and_an_empty_text_are_one_group(kind: str) -> None:
    table, _ = log(1, 60)
    clocks: Any = frames.evaluate(FRAMES[kind](table), POLICY, at=MONDAY + 30 * DAY)
    teams = (["", None, "x"] * len(clocks))[: len(clocks)]
    if kind == "pandas":
        given = clocks.assign(team=teams)
    else:
        given = (
            clocks.with_columns(team=pl.Series(teams)) if kind == "polars" else clocks.append_column("team", [teams])
        )
    found: Any = pl.DataFrame(frames.compliance(given, by="team", attribute="opened"))
    assert not found.select("tier", "target", "team").is_duplicated().any()
    assert set(found["team"].to_list()) == {"", "x"}
    counts = [name for name in found.columns if found.schema[name] == pl.Int64 and name != "undecided"]
    started = pl.DataFrame(clocks)["started_at"].drop_nulls()
    assert found.select(counts).sum_horizontal().sum() == len(started)


def test_numbers_are_groups_by_their_text() -> None:
    table, _ = log(1, 60)
    clocks = frames.evaluate(pl.DataFrame(table), POLICY, at=MONDAY + 30 * DAY)
    found = frames.compliance(clocks.with_columns(team=pl.int_range(pl.len()) % 2), by="team")
    assert set(found["team"].to_list()) == {"0", "1"}
