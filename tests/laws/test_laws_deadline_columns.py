"""Deadlines of columns of tickets are those of the tickets, one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import frames
from sla_engine.frames.deadlines import Deadlines

START = datetime(2026, 3, 2, tzinfo=UTC)
PLAIN = sla.maxony_policy()
RULED = sla.Policy(
    name="Ruled",
    calendars={
        "office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}},
        "always": {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}},
    },
    tiers={
        "first": {"calendar": "office", "targets": {"response": "4h"}},
        "second": {"calendar": "office", "targets": {"response": "2 business days", "resolution": "40h"}},
    },
    rules=[{"when": {"priority": "urgent", "tier": "first"}, "calendar": "always", "targets": {"response": "1h"}}],
    customers={"acme": {"tiers": {"first": {"targets": {"response": "30m"}}}}},
    versions=[{"from_date": "2026-03-10", "tiers": {"first": {"targets": {"response": "2h"}}}}],
)
BACKENDS: dict[str, Callable[[list[Any]], Any]] = {
    "pandas": lambda values: pd.Series(values, dtype=object),
    "categories": lambda values: pd.Series(values, dtype="category"),
    "polars": lambda values: pl.Series(values, dtype=pl.String),
    "arrow": lambda values: pa.chunked_array([pa.array(values[:2], pa.string()), pa.array(values[2:], pa.string())]),
    "dictionary": lambda values: pa.array(values, pa.string()).dictionary_encode(),
}


def instants(backend: str, values: list[datetime | None]) -> Any:
    if backend in ("pandas", "categories"):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True)).dt.as_unit("us")
    if backend == "polars":
        return pl.Series(values, dtype=pl.Datetime("us", "UTC"))
    return pa.array(values, pa.timestamp("us", "UTC"))


def listed(column: Any) -> list[datetime | None]:
    if hasattr(column, "isna"):
        return [None if missing else one.to_pydatetime() for one, missing in zip(column, column.isna(), strict=True)]
    found: list[datetime | None] = column.to_list() if isinstance(column, pl.Series) else column.to_pylist()
    return found


moments = st.one_of(st.none(), st.integers(0, 21 * 1440).map(lambda minute: START + timedelta(minutes=minute)))


@pytest.mark.parametrize("backend", BACKENDS)
@given(st.lists(st.tuples(moments, st.sampled_from(["first_level", "second_level", "legal"])), max_size=12))
@settings(max_examples=25)
def test_a_tier_per_row(backend: str, rows: list[tuple[datetime | None, str]]) -> None:
    opened, tiers = [at for at, _ in rows], [tier for _, tier in rows]
    found = frames.deadline(instants(backend, opened), BACKENDS[backend](tiers), PLAIN)
    assert listed(found) == [None if at is None else PLAIN.deadline(tier, at) for at, tier in rows]


@pytest.mark.parametrize("backend", BACKENDS)
@given(
    st.lists(
        st.tuples(
            moments,
            st.sampled_from(["first", "second"]),
            st.sampled_from(["urgent", "low", None]),
            st.sampled_from(["acme", "other", None]),
        ),
        max_size=12,
    )
)
@settings(max_examples=25)
def test_rules_customers_and_versions(backend: str, rows: list[tuple[datetime | None, str, Any, Any]]) -> None:
    make = BACKENDS[backend]
    found = frames.deadline(
        instants(backend, [row[0] for row in rows]),
        make([row[1] for row in rows]),
        RULED,
        target="response",
        attributes={"priority": make([row[2] for row in rows]), "customer": make([row[3] for row in rows])},
    )
    assert listed(found) == [
        None
        if at is None
        else RULED.deadline(tier, at, target="response", attributes={"priority": priority, "customer": customer})
        for at, tier, priority, customer in rows
    ]


def test_each_combination_of_facts_under_each_version() -> None:
    days = [START, START + timedelta(days=9), START + timedelta(days=20)]
    rows = list(product(days, ["first", "second"], ["urgent", "low", None], ["acme", "other", None]))
    opened, tier, priority, customer = (list(column) for column in zip(*rows, strict=True))
    make = BACKENDS["arrow"]
    told = {"priority": make(priority), "customer": make(customer)}
    found = frames.deadline(instants("arrow", opened), make(tier), RULED, target="response", attributes=told)
    assert listed(found) == [
        RULED.deadline(tier, at, target="response", attributes={"priority": priority, "customer": customer})
        for at, tier, priority, customer in rows
    ]
    found = frames.deadline(instants("arrow", opened), make(tier), RULED, target="response")
    assert listed(found) == [RULED.deadline(tier, at, target="response") for at, tier, _, _ in rows]


def test_blocks_that_are_asked_about_one_after_the_other() -> None:
    again = Deadlines(RULED, "response", again=True)
    for days in ((0, 9), (20, 0), (9,), (400, 3)):
        opened = [START + timedelta(days=day, hours=hour) for day in days for hour in range(0, 48, 3)]
        tiers = ["first", "second", "second"] * (len(opened) // 3) + ["first"] * (len(opened) % 3)
        columns: list[list[datetime | None]] = [[*opened, None], [*opened]]
        for column in columns:
            told = [*tiers, None][: len(column)]
            found = again.of_column(instants("arrow", column), BACKENDS["arrow"](told), {}, None)
            assert listed(found) == [
                None if at is None else RULED.deadline(str(tier), at, target="response")
                for at, tier in zip(column, told, strict=True)
            ]
    with pytest.raises(sla.UnknownName) as caught:
        again.of_column(instants("arrow", [None, *opened]), BACKENDS["arrow"](["x", *tiers[1:], "y"]), {}, None)
    assert caught.value.where == f"row {len(opened)}.tier"


def test_one_tier_for_all_and_the_index_stays() -> None:
    opened = instants("pandas", [START + timedelta(hours=9), None]).set_axis([4, 4])
    found = frames.deadline(opened, "legal", PLAIN)
    assert list(found.index) == [4, 4]
    assert listed(found) == [PLAIN.deadline("legal", START + timedelta(hours=9)), None]


def test_rows_without_an_answer_are_named() -> None:
    opened = instants("polars", [None, START, START])
    with pytest.raises(sla.UnknownName) as caught:
        frames.deadline(opened, pl.Series(["nix", "legal", "nix"]), PLAIN)
    assert caught.value.where.startswith("row 2")
    with pytest.raises(sla.UnknownName, match="no tier") as caught:
        frames.deadline(opened, pl.Series(["legal", "legal", None]), PLAIN)
    assert caught.value.where == "row 2"
    with pytest.raises(sla.InvalidInstant, match="3 rows, and 1 in tier"):
        frames.deadline(opened, pl.Series(["legal"]), PLAIN)
    day = (START, START + timedelta(days=1))
    short = sla.Policy(
        name="Short",
        calendars=[sla.BusinessCalendar(name="once", zone="UTC", hours={}, openings=[day])],
        tiers={"a": {"calendar": "once", "targets": {"x": "1h"}}, "b": {"calendar": "once", "targets": {"x": "30h"}}},
    )
    with pytest.raises(sla.NeverDue) as never:
        frames.deadline(opened, pl.Series(["a", "a", "b"]), short)
    assert never.value.where == "row 2"
    for tiers, row, error in ((["a", "b", "nix"], 1, sla.NeverDue), (["a", "nix", "b"], 1, sla.UnknownName)):
        with pytest.raises(error) as refused:
            frames.deadline(instants("polars", [START] * 3), pl.Series(tiers), short)
        assert refused.value.where.startswith(f"row {row}")


def test_the_first_of_several_rows_without_an_answer_is_named() -> None:
    opened = instants("polars", [START] * 4)
    for tiers, row in (
        (["legal", "nix", "also", None], 1),
        (["legal", "legal", "zzz", "aaa"], 2),
        (["legal", None, "aaa", "aaa"], 1),
    ):
        with pytest.raises(sla.UnknownName) as caught:
            frames.deadline(opened, pl.Series(tiers), PLAIN)
        assert caught.value.where.startswith(f"row {row}")


def test_beyond_the_data_of_holidays() -> None:
    policy = sla.Policy(
        name="Italy",
        calendars={"it": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}, "holidays": {"country": "IT"}}},
        tiers={"a": {"calendar": "it", "targets": {"x": "1h"}}, "b": {"calendar": "it", "targets": {"x": "2h"}}},
    )
    far = START.replace(year=2200)
    opened = instants("arrow", [START, far, START])
    with pytest.raises(sla.OutOfRange):
        frames.deadline(opened, pa.array(["a", "b", "a"]), policy)


def test_tiers_in_an_arrow_dictionary_with_unsigned_numbers() -> None:
    tiers = pl.Series(["legal", None, "first_level"], dtype=pl.Enum(["first_level", "legal"])).to_arrow()
    assert str(tiers.type).startswith("dictionary<values=") and "uint" in str(tiers.type)  # noqa: PT018  (one fact)
    opened = instants("arrow", [START, None, START])
    found = frames.deadline(opened, tiers, PLAIN)
    assert listed(found) == [PLAIN.deadline("legal", START), None, PLAIN.deadline("first_level", START)]
