"""Figures counted from frames of clocks are those counted from the outcomes of the tickets, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import LogMapping, Policy, frames

MONDAY = datetime(2026, 3, 23, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
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
def log(seed: int, number: int) -> tuple[pa.Table, list[sla.Ticket]]:
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
    seed: int,
    number: int,
    kind: str,
    policy: Policy,
    at: datetime,
    asked: dict[str, Any],
    *,
    excluding: bool,
) -> int:
    """The figures of a frame are those of the outcomes; what is in no figure is counted too. Return how many clocks."""
    table, given = log(seed, number)
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
    same(clock_rows, seed, 60 if seed else 3, kind, policy, at, asked, excluding=excluding)


@pytest.mark.parametrize("kind", FRAMES)
def test_many_clocks_are_counted(clock_rows: Any, kind: str) -> None:
    at = MONDAY + 30 * DAY
    for by in ((), "customer", ["month", "channel"], ["day"]):
        asked = {"by": by, "zone": ROME}
        assert same(clock_rows, 9, 400, kind, POLICY, at, asked, excluding=True) > 800


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
