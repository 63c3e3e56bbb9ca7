"""The clocks of an event log in a frame are those of the same rows in a file, field by field, whatever the frame."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import LogMapping, Policy, SlaError, frames

MONDAY = datetime(2026, 3, 23, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INSTANT = pa.timestamp("us", "UTC")
Row = dict[str, Any]

POLICY = Policy.from_data(
    {
        "name": "Desk",
        "zone": "Europe/Rome",
        "calendars": {
            "office": {"zone": "Europe/Rome", "hours": {"mon-fri": ["09:00-13:00", "14:00-18:00"]}},
            "nights": {"zone": "America/New_York", "hours": {"mon-sat": ["22:00-06:00"]}},
        },
        "statuses": ["queued"],
        "clocks": {
            "reply": {"preset": "next_response", "warnings": ["1/3", "99.9%"]},
            "whole": {
                "preset": "resolution",
                "scope": "ticket",
                "pause": [{"paused": ["vendor"]}, {"status": "pending"}],
            },
            "tries": {
                "start": ["attribute:priority", "note"],
                "stop": ["attribute:priority=low", "respond"],
                "repeats": True,
            },
        },
        "tiers": {
            "first": {
                "calendar": "office",
                "targets": {"response": "1h", "agent_work": "8h", "whole": "2 business days"},
            },
            "second": {
                "calendar": "nights",
                "targets": {"agent_work": "5h", "reply": "30m", "whole": "20h", "tries": "0h"},
            },
        },
        "rules": [
            {"when": {"priority": "high"}, "targets": {"whole": "4h", "reply": "10m"}},
            {"when": {"customer": ["acme", "1"], "tier": "first"}, "calendar": "nights"},
            {"when": {"priority": "low"}, "tier": "first"},
        ],
        "customers": {"acme": {"tiers": {"second": {"targets": {"agent_work": "3h"}}}}},
        "versions": [
            {"from_date": "2026-03-25", "tiers": {"first": {"targets": {"response": "2h", "tries": "1h"}}}},
            {"from_date": "2026-03-29", "retarget": "restart", "tiers": {"second": {"targets": {"whole": "9h"}}}},
        ],
        "straddling": "change",
    }
)
OTHER = Policy.from_data({**POLICY.to_data(), "name": "Other", "straddling": "opened", "compare": "business_time"})

# --- frames of any kind ------------------------------------------------------------------------------------------

COLUMNS = [
    "ticket",
    "at",
    "kind",
    "tier",
    "to",
    "reason",
    "name",
    "value",
    "automatic",
    "status",
    "priority",
    "customer",
]


def arrow_of(rows: Sequence[Row], columns: Sequence[str], at: str = "at") -> pa.Table:
    def column(name: str) -> Any:
        return pa.array([row.get(name) for row in rows], INSTANT if name == at else pa.string())

    return pa.table({name: column(name) for name in columns})


def chunked(table: pa.Table) -> pa.Table:
    """The same table in chunks, each cut from something longer."""
    return pa.concat_tables([table.slice(0, 1), pa.concat_tables([table.slice(0, 1), table.slice(1)]).slice(1)])


def texts_of(table: pa.Table) -> list[str]:
    return [one.name for one in table.schema if pa.types.is_string(one.type)]


def pandas_of(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.Index([7] * len(frame))
    return frame


def pandas_categories(table: pa.Table) -> pd.DataFrame:
    frame = pandas_of(table)
    for name in texts_of(table):
        frame[name] = pd.Categorical(frame[name], categories=[*sorted(set(frame[name].dropna())), "unused"])
    return frame


def pandas_objects(table: pa.Table) -> pd.DataFrame:
    frame = pandas_of(table)
    at = frame.columns[1]
    return frame.astype(dict.fromkeys(texts_of(table), object)).assign(**{at: frame[at].dt.as_unit("ns")})


def pandas_arrow(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas(types_mapper=pd.ArrowDtype)  # type: ignore[no-any-return]


def polars_categories(table: pa.Table) -> pl.DataFrame:
    frame = pl.DataFrame(table)
    return frame.with_columns(pl.col(pl.String).cast(pl.Categorical)).with_columns(
        pl.col(frame.columns[1]).dt.convert_time_zone("America/New_York").dt.cast_time_unit("ms")
    )


def arrow_dictionaries(table: pa.Table) -> pa.Table:
    at = table.column_names[1]
    table = table.set_column(1, at, table[at].cast(pa.timestamp("s", "Europe/Rome")))
    for name in texts_of(table):
        table = table.set_column(table.column_names.index(name), name, table[name].dictionary_encode())
    return chunked(table)


FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": pandas_of,
    "pandas categories": pandas_categories,
    "pandas objects": pandas_objects,
    "pandas of arrow": pandas_arrow,
    "polars": pl.DataFrame,
    "polars categories": polars_categories,
    "lazy": lambda table: pl.DataFrame(table).lazy(),
    "arrow": chunked,
    "arrow dictionaries": arrow_dictionaries,
}
kinds_of_frames = st.sampled_from(sorted(FRAMES))


def written(rows: Sequence[Row], columns: Sequence[str], at: str = "at") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**{name: value for name, value in row.items() if value is not None}, at: row[at].isoformat()})
    return text.getvalue()


def same(  # noqa: PLR0917  (a log, and how it is asked about)
    drawn: Sequence[Row],
    columns: Sequence[str],
    mapping: LogMapping | None,
    kind: str,
    at: datetime,
    rows: Any,
    policies: Mapping[str, Policy] | None = None,
) -> int:
    """What a frame tells is what its rows tell in a file; what cannot be read or evaluated is an error."""
    place = mapping.at if mapping else "at"
    frame = FRAMES[kind](arrow_of(drawn, columns, place))
    log = sla.read_events(written(drawn, columns, place), mapping=mapping)
    names = ["priority", "customer"]
    asked: dict[str, Any] = {"at": at, "mapping": mapping, "attributes": names}
    if policies is None:
        evaluations = [POLICY.evaluate_all([ticket], at=at) for ticket in log.tickets]
        policy: Any = POLICY
    else:
        asked["which"], policy = "contract", policies
        own = {ticket.id: policies[str(ticket.attributes["contract"])] for ticket in log.tickets}
        evaluations = [own[ticket.id].evaluate_all([ticket], at=at) for ticket in log.tickets]
    if log.problems or any(one.problems for one in evaluations):
        with pytest.raises((SlaError, pl.exceptions.ComputeError)):
            rows.columns_of(frames.evaluate(frame, policy, **asked))
        return 0
    found = rows.of_frame(frames.evaluate(frame, policy, **asked))
    expected = rows.of_statuses([status for one in evaluations for status in one], names)
    assert found == expected
    return len(expected)


# --- the library's own columns -------------------------------------------------------------------------------------

instants = st.one_of(
    st.integers(0, 8 * 24).map(lambda hours: MONDAY + hours * HOUR),
    st.sampled_from(
        [MONDAY, MONDAY + HOUR, datetime(2026, 3, 24, 23, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)]
    ),
)
TOLD: list[Row] = [
    *({"kind": kind} for kind in ("respond", "customer_reply", "note", "solve", "reopen", "close", "cancel", "open")),
    {"kind": None},
    {"kind": " note "},
    {"kind": "respond", "automatic": "yes"},
    {"kind": "respond", "automatic": "0"},
    *({"kind": "pause", "reason": reason} for reason in ("vendor", "customer", None, "a part, says Ann")),
    *({"kind": "resume", "reason": reason} for reason in ("vendor", None)),
    *({"kind": "hand_off", "to": to} for to in ("first", "second", "nowhere")),
    *({"kind": "attribute", "name": "priority", "value": value} for value in ("high", "low", None)),
    {"kind": "attribute", "name": "colour", "value": "red"},
    {"kind": "cancel", "reason": "spam"},
    *({"kind": "status", "to": to} for to in ("pending", "solved", "odd", "open")),
]
own_rows = st.builds(
    lambda ticket, at, told, tier, more: {"ticket": ticket, "at": at, **told, "tier": tier, **more},
    st.sampled_from(["T1", "T2", "3", "Ümit"]),
    instants,
    st.sampled_from(TOLD),
    st.sampled_from([None, None, "first", "second"]),
    st.fixed_dictionaries(
        {},
        optional={
            "priority": st.sampled_from(["high", "low", None, "odd"]),
            "customer": st.sampled_from(["acme", "other", " acme ", None]),
            "status": st.sampled_from(["pending", "open", "queued", None]),
        },
    ),
)
first_rows = st.builds(
    lambda ticket, tier, priority: {
        "ticket": ticket,
        "at": MONDAY - HOUR,
        "kind": "open",
        "tier": tier,
        "priority": priority,
    },
    st.sampled_from(["T1", "T2", "3", "Ümit"]),
    st.sampled_from(["first", "second"]),
    st.sampled_from(["high", None]),
)


@given(st.lists(own_rows, min_size=1, max_size=24), st.lists(first_rows, max_size=4), kinds_of_frames, instants)
@settings(max_examples=120)
def test_logs_in_our_own_columns(clock_rows: Any, later: list[Row], first: list[Row], kind: str, at: datetime) -> None:
    known = {row["ticket"] for row in first}
    drawn = [row for row in later if row["ticket"] in known or row["tier"]] + first
    if drawn:
        same(drawn, COLUMNS, None, kind, at + 2 * DAY, clock_rows)


@given(st.lists(own_rows, min_size=1, max_size=6), kinds_of_frames, instants)
@settings(max_examples=40)
def test_logs_in_which_tickets_have_no_tier_or_begin_with_anything(
    clock_rows: Any, drawn: list[Row], kind: str, at: datetime
) -> None:
    same(drawn, COLUMNS, None, kind, at + 2 * DAY, clock_rows)


@given(
    st.lists(own_rows, min_size=1, max_size=16),
    st.lists(first_rows, min_size=1, max_size=4),
    kinds_of_frames,
    instants,
    st.randoms(use_true_random=False),
)
@settings(max_examples=40)
def test_each_ticket_by_the_policy_that_its_opening_names(  # noqa: PLR0917  (the parts of a log)
    clock_rows: Any, later: list[Row], first: list[Row], kind: str, at: datetime, random: Any
) -> None:
    own = {ticket: random.choice(["desk", "other"]) for ticket in ("T1", "T2", "3", "Ümit")}
    known = {row["ticket"] for row in first}
    drawn = [{**row, "contract": own[row["ticket"]]} for row in [*later, *first] if row["ticket"] in known]
    policies = {"other": OTHER, "desk": POLICY}
    same(drawn, [*COLUMNS, "contract"], None, kind, at + 2 * DAY, clock_rows, policies)


# --- other products' logs --------------------------------------------------------------------------------------------

FOREIGN = ["id", "when", "what", "state", "level", "prio", "who", "why", "unread"]
MAPPING = LogMapping(
    ticket="id",
    at="when",
    event="what",
    status="state",
    tier="level",
    reason="why",
    statuses={"Waiting": "pending", "Done": "solved", "Going": "open"},
    tiers={"L1": "first", "L2": "second"},
    attributes={"priority": "prio", "customer": "who"},
    events={
        "Opened": "open",
        "Reply": "respond",
        "Question": "customer_reply",
        "Wait": "pause:vendor",
        "Hold": "pause",
        "On": "resume",
        "Solve": "solve",
        "Both": ["respond", "solve"],
        "Up": {"kind": "hand_off", "to": "second"},
        "Down": {"kind": "hand_off", "to": "first"},
        "Hurry": {"kind": "attribute", "name": "priority", "value": "high"},
        "Twice": [
            {"kind": "attribute", "name": "priority", "value": "high"},
            {"kind": "attribute", "name": "priority", "value": "low"},
        ],
        "Calm": {"kind": "attribute", "name": "priority", "value": None},
        "Dup": "cancel:duplicate",
        "Spam": "cancel",
        "Skip": "ignore",
    },
    resumes=["Reply", "Skip", "Hurry"],
    reopens=["Reply", "Wait", "Question"],
)
BY_STATUS = MAPPING.model_copy(update={"event": None, "events": None, "reason": None, "resumes": (), "reopens": ()})
BY_EVENT = MAPPING.model_copy(update={"status": None, "attributes": (("priority", "prio"), ("customer", "who"))})
foreign_rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["A", "B", "C"]),
        "when": instants,
        "what": st.sampled_from([None, *(name for name, _ in MAPPING.events or ())]),
        "state": st.sampled_from([None, "Waiting", "Done", "Going", "queued", "closed", "odd"]),
        "level": st.sampled_from(["L1", "L2", "L1", "L2", "first", None]),
        "prio": st.sampled_from([None, "high", "low", "odd"]),
        "who": st.sampled_from([None, "acme", "other"]),
        "why": st.sampled_from([None, "vendor", "a reason"]),
        "unread": st.sampled_from(["x", "y", None]),
    }
)
opened_rows = st.sampled_from(["A", "B", "C"]).map(
    lambda name: {"id": name, "when": MONDAY - HOUR, "what": "Opened", "level": "L1", "prio": "low"}
)


@pytest.mark.parametrize("mapping", [MAPPING, BY_STATUS, BY_EVENT], ids=["all", "statuses", "events"])
@given(
    st.lists(foreign_rows, min_size=1, max_size=20),
    st.lists(opened_rows, max_size=3, unique_by=lambda row: row["id"]),
    kinds_of_frames,
    instants,
)
@example(  # a row sets an attribute twice
    [{"id": "A", "when": MONDAY, "what": "Twice", "level": "L2"}], [], "polars", MONDAY
)
@example(  # handed off by an event, and back by the column, which says what it said before
    [
        {"id": "A", "when": MONDAY, "what": "Opened", "level": "L1"},
        {"id": "A", "when": MONDAY + HOUR, "what": "Up", "level": "L1"},
        {"id": "A", "when": MONDAY + 2 * HOUR, "what": "Skip", "level": "L1"},
        {"id": "A", "when": MONDAY + 3 * HOUR, "what": "Skip", "level": "L2"},
        {"id": "A", "when": MONDAY + 4 * HOUR, "what": "Skip", "level": "L1"},
    ],
    [],
    "arrow",
    MONDAY,
)
@settings(max_examples=60)
def test_logs_of_other_products(  # noqa: PLR0917  (the parts of a log)
    clock_rows: Any, mapping: LogMapping, later: list[Row], first: list[Row], kind: str, at: datetime
) -> None:
    known = {row["id"] for row in first}
    drawn = [row for row in later if row["id"] in known or row["level"]] + first
    if drawn:
        same(drawn, FOREIGN, mapping, kind, at + 2 * DAY, clock_rows)


# --- one log, all kinds of frames ------------------------------------------------------------------------------------


def log_rows() -> list[Row]:
    rows: list[Row] = []
    for number in range(30):
        opened = MONDAY + number * 5 * HOUR
        name = f"T{number}"
        rows.append(
            {"ticket": name, "at": opened, "kind": "open", "tier": ("first", "second")[number % 2], "customer": "acme"}
        )
        rows += [
            {"ticket": name, "at": opened + step * HOUR, **TOLD[(number * 3 + step) % len(TOLD)]}
            for step in range(-1, number % 7 + 2)
        ]
    return sorted(rows, key=lambda row: (row["at"].hour, row["ticket"]))


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame(clock_rows: Any, kind: str) -> None:
    for hours in (20, 100, 1000):
        assert same(log_rows(), COLUMNS, None, kind, MONDAY + hours * HOUR, clock_rows) > 10


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome"])
def test_the_schema_does_not_depend_on_the_rows(clock_rows: Any, kind: str, zone: str) -> None:
    table = arrow_of(log_rows(), COLUMNS)
    table = table.set_column(1, "at", table["at"].cast(pa.timestamp("us", zone)))
    asked: dict[str, Any] = {"at": MONDAY + 40 * HOUR, "attributes": ["priority", "customer"]}
    frame = FRAMES[kind](table)
    cut = (lambda start, rows: frame.iloc[start : start + rows]) if isinstance(frame, pd.DataFrame) else frame.slice
    opening = log_rows().index(next(row for row in log_rows() if row["kind"] == "open" and row.get("tier")))
    full = frames.evaluate(frame, POLICY, **asked)
    one = frames.evaluate(cut(opening, 1), POLICY, **{**asked, "at": MONDAY + 999 * HOUR})
    none = frames.evaluate(cut(0, 0), POLICY, **asked)
    early = frames.evaluate(frame, POLICY, **{**asked, "at": MONDAY - 40 * DAY})
    found = [clock_rows.schema(each) for each in (full, one, none, early)]
    assert found[0] == found[1] == found[2] == found[3]
    assert clock_rows.of_frame(none) == clock_rows.of_frame(early) == []
    assert list(clock_rows.columns_of(none)) == [*clock_rows.columns_of(full)]


def test_the_answer_is_of_the_kind_of_the_log() -> None:
    table = arrow_of(log_rows(), COLUMNS)
    kinds = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "lazy": pl.LazyFrame, "arrow": pa.Table}
    for name, kind in kinds.items():
        assert type(frames.evaluate(FRAMES[name](table), POLICY, at=MONDAY)) is kind


def test_instants_come_in_the_zone_of_the_log() -> None:
    frame = pl.DataFrame(arrow_of(log_rows(), COLUMNS)).with_columns(pl.col("at").dt.convert_time_zone("Asia/Tokyo"))
    found = frames.evaluate(frame, POLICY, at=MONDAY + 40 * HOUR)
    assert found.schema["due_at"] == pl.Datetime("us", "Asia/Tokyo")
    naive = frame.with_columns(pl.col("at").dt.replace_time_zone(None))
    assert frames.evaluate(naive, POLICY, at=MONDAY + 40 * HOUR, zone="Asia/Tokyo").equals(found)
    mapping = LogMapping.native(naive.columns).model_copy(update={"zone": "Asia/Tokyo"})
    assert frames.evaluate(naive, POLICY, at=MONDAY + 40 * HOUR, mapping=mapping).equals(found)


def test_tickets_may_be_numbers(clock_rows: Any) -> None:
    table = arrow_of(log_rows(), COLUMNS)
    numbers = pa.array([int(name[1:]) * 1000 - 3 for name in table["ticket"].to_pylist()])
    for make in (pandas_of, pl.DataFrame, chunked):
        found = frames.evaluate(make(table.set_column(0, "ticket", numbers)), POLICY, at=MONDAY + 40 * HOUR)
        expected = frames.evaluate(make(table), POLICY, at=MONDAY + 40 * HOUR)
        told = clock_rows.of_frame(found)
        assert {type(row["ticket"]) for row in told} == {int}
        assert [{**row, "ticket": f"T{(row['ticket'] + 3) // 1000}"} for row in told] == clock_rows.of_frame(expected)


def test_attributes_may_be_numbers_and_truths() -> None:
    policy = Policy.from_data(
        {
            "name": "Numbers",
            "calendars": {"always": {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}}},
            "tiers": {"a": {"calendar": "always", "targets": {"response": "1h"}}},
            "rules": [
                {"when": {"level": 2}, "targets": {"response": "2h"}},
                {"when": {"urgent": True}, "targets": {"response": "3h"}},
            ],
        }
    )
    frame = pl.DataFrame(
        {
            "ticket": [1, 2, 3, 4],
            "at": [MONDAY] * 4,
            "kind": ["open"] * 4,
            "tier": ["a"] * 4,
            "level": [1, 2, None, 2],
            "urgent": [True, True, None, False],
        }
    )
    for one in (frame, frame.to_arrow(), frame.to_pandas(use_pyarrow_extension_array=True)):
        found: Any = frames.evaluate(one, policy, at=MONDAY, attributes=["level", "urgent"])
        read = pl.DataFrame(found)
        assert read["target"].cast(pl.String).to_list() == ["3h", "2h", "1h", "2h"]
        assert read["level"].to_list() == ["1", "2", None, "2"]
        assert read["urgent"].to_list() == ["true", "true", None, "false"]


def test_what_was_given_is_not_changed() -> None:
    frame = pandas_of(arrow_of(log_rows(), COLUMNS))
    before = frame.copy(deep=True)
    frames.evaluate(frame, POLICY, at=MONDAY + 40 * HOUR, attributes=["customer"])
    pd.testing.assert_frame_equal(frame, before)


def test_the_column_that_names_the_policy_is_an_attribute_too() -> None:
    drawn = [
        {"ticket": "T1", "at": MONDAY, "kind": "open", "tier": "second", "customer": "acme"},
        {"ticket": "T2", "at": MONDAY, "kind": "open", "tier": "second", "customer": "other"},
    ]
    found = frames.evaluate(
        pl.DataFrame(arrow_of(drawn, COLUMNS)),
        {"acme": POLICY, "other": OTHER},
        which="customer",
        at=MONDAY + HOUR,
        attributes=["customer"],
    )
    targets = found.filter(pl.col("clock") == "agent_work")["target"].cast(pl.String)
    assert targets.to_list() == ["3h", "5h"]  # the customer has its own
    assert found["customer"].unique(maintain_order=True).to_list() == ["acme", "other"]


def test_a_lazy_frame_is_read_when_it_is_collected() -> None:
    frame = pl.DataFrame(arrow_of(log_rows(), COLUMNS))
    seen: list[int] = []

    def look(one: pl.DataFrame) -> pl.DataFrame:
        seen.append(len(one))
        return one

    lazy = frames.evaluate(frame.lazy().map_batches(look), POLICY, at=MONDAY + 40 * HOUR)
    assert not any(seen)
    eager = frames.evaluate(frame, POLICY, at=MONDAY + 40 * HOUR)
    assert (
        lazy.filter(pl.col("clock") == "whole")
        .select("ticket", "due_at")
        .collect()
        .equals(eager.filter(pl.col("clock") == "whole").select("ticket", "due_at"))
    )
    assert lazy.collect().equals(eager)
