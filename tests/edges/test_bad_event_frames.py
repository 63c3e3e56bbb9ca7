"""Event logs in frames and arrays that cannot be: each gets an error that says what, where, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sla_engine as sla
from sla_engine import LogMapping, Policy, frames

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Policy.from_data(
    {
        "name": "Desk",
        "calendars": {"office": {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}},
        "tiers": {
            "first": {"calendar": "office", "targets": {"response": "4h"}},
            "second": {"calendar": "office", "targets": {"resolution": "8h"}},
        },
        "exclusions": [{"when": {"channel": "spam"}, "reason": "spam"}],
    }
)
START = 1_772_442_000_000_000  # Monday, 2 March 2026, 09:00 UTC
SMALLEST = -(2**63)


def table(**given: Any) -> frames.EventTable:
    columns: dict[str, Any] = {
        "ticket": np.array([10, 10, 20]),
        "at": np.array([START, START + 60_000_000, START]),
        "what": np.array([0, 1, 0]),
        "kinds": ["open", {"kind": "respond"}],
        "tier": "first",
    }
    return frames.EventTable(**{**columns, **given})


def test_a_good_table() -> None:
    assert len(table().evaluate(POLICY, at=AT)) == 2


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"ticket": np.array([2, 1, 1])}, sla.InvalidLog, "^ticket: row 1 comes before.*Sort the rows"),
        ({"at": np.array([START + 1, START, START])}, sla.InvalidLog, "^at: row 1 comes before"),
        ({"at": np.array([START, START])}, sla.InvalidLog, "^at: there are 3 rows, and 2 in at"),
        ({"what": np.array([0])}, sla.InvalidLog, "^what: there are 3 rows, and 1 in what"),
        ({"what": np.array([0, 2, 0])}, sla.InvalidLog, "^what: row 1 has the number 2.*from 0 to 1"),
        ({"what": np.array([0, 0, -1])}, sla.InvalidLog, "^what: row 2 has the number -1"),
        ({"at": np.array([1.0, 2.0, 3.0])}, sla.InvalidInstant, "^at: a column of float64"),
        ({"ticket": np.array(["a", "a", "b"])}, sla.InvalidInstant, "^ticket: a column of <U1"),
        ({"at": np.array([[1, 2, 3]])}, sla.InvalidInstant, "2 dimensions"),
        ({"at": np.array([START, START, SMALLEST])}, sla.InvalidInstant, "^at: row 2 has no instant"),
        ({"opened": np.array([SMALLEST, START])}, sla.InvalidInstant, "^opened: row 0 has no instant"),
        ({"opened": np.array([START])}, sla.InvalidLog, "^opened: there are 2 rows, and 1"),
        ({"ticket": np.array([1, 1, 2**63 + 5], dtype=np.uint64)}, sla.InvalidLog, "^ticket: row 2.*no int64"),
        ({"kinds": ["opn", "respond"]}, sla.InvalidLog, r"^kinds\[0\].*Did you mean 'open'"),
        ({"kinds": ["open", {"kind": "hand_off"}]}, sla.InvalidLog, r"^kinds\[1\]\.to.*needs 'to'"),
        ({"kinds": ["open", {"kind": "note", "to": "x"}]}, sla.InvalidLog, r"^kinds\[1\]\.to.*no field"),
        ({"kinds": ["open", {"kind": "note", "at": AT}]}, sla.InvalidLog, r"^kinds\[1\].*are columns"),
        ({"kinds": ["open", {"kind": "note", "ticket": "x"}]}, sla.InvalidLog, r"^kinds\[1\].*are columns"),
        ({"kinds": ["open", {"kind": "note", 3: 4}]}, sla.InvalidLog, r"^kinds\[1\]"),
        ({"kinds": ["open", 5]}, sla.InvalidLog, r"^kinds\[1\]: 5 is no kind of event"),
        ({"tier": np.array([0, 1]), "tiers": ["first"]}, sla.InvalidLog, "^tier: row 1 has the number 1"),
        ({"tier": np.array([0]), "tiers": ["first"]}, sla.InvalidLog, "^tier: there are 2 rows, and 1"),
        ({"attributes": {"p": (np.array([0, 1]), ["x"])}}, sla.InvalidLog, "^p: row 1 has the number 1"),
        ({"attributes": {"p": (np.array([0]), ["x"])}}, sla.InvalidLog, "^p: there are 2 rows, and 1"),
        ({"attributes": {"p": (np.array([-2, 0]), ["x"])}}, sla.InvalidLog, "^p: row 0.*from -1 to 0"),
        ({"attributes": {"status": (np.array([0, 0]), ["x"])}}, sla.InvalidLog, "'status' is no name"),
    ],
)
def test_tables_that_cannot_be(given: dict[str, Any], error: type[sla.SlaError], words: str) -> None:
    with pytest.raises(error, match=f"(?s){words}"):
        table(**given)


def test_rows_out_of_order_far_down_are_found() -> None:
    many = np.arange(200_000)
    for row in (1, 65_535, 65_536, 65_537, 131_072, 199_999):
        wrong = many.copy()
        wrong[row] = wrong[row - 1] - 1
        with pytest.raises(sla.InvalidLog, match=f"row {row} comes before"):
            table(ticket=wrong, at=many + START, what=many * 0)


@pytest.mark.parametrize(
    ("given", "asked", "error", "words"),
    [
        ({"tier": "nix"}, {}, sla.UnknownName, "^ticket 10: there is no tier 'nix'.*'first'"),
        ({"tier": None}, {}, sla.UnknownName, "^ticket 10.*no rule"),
        ({"tier": np.array([0, -1]), "tiers": ["first"]}, {}, sla.UnknownName, "^ticket 20.*no rule"),
        ({}, {"policy": [POLICY, POLICY]}, sla.InvalidPolicy, "^which: several policies"),
        ({}, {"policy": []}, sla.InvalidPolicy, "^which: several policies"),
        ({}, {"policy": [], "which": np.array([0, 0])}, sla.InvalidPolicy, "^which: several policies"),
        ({}, {"policy": [POLICY] * 2, "which": np.array([0, 2])}, sla.InvalidLog, "^which: row 1.*from 0 to 1"),
        ({}, {"policy": [POLICY] * 2, "which": np.array([0])}, sla.InvalidLog, "^which: there are 2 rows"),
        ({}, {"at": AT.replace(tzinfo=None)}, sla.NaiveDatetime, "no zone"),
    ],
)
def test_questions_that_cannot_be(
    given: dict[str, Any], asked: dict[str, Any], error: type[sla.SlaError], words: str
) -> None:
    with pytest.raises(error, match=f"(?s){words}"):
        table(**given).evaluate(asked.get("policy", POLICY), at=asked.get("at", AT), which=asked.get("which"))


ITALY = Policy.from_data(
    {
        "name": "Italy",
        "calendars": {"it": {"zone": "UTC", "hours": {"mon-fri": "09:00-18:00"}, "holidays": {"country": "IT"}}},
        "tiers": {"first": {"calendar": "it", "targets": {"response": "4h", "resolution": "9h"}}},
    }
)


def test_the_ticket_is_named_that_the_data_do_not_reach() -> None:
    """Three of five tickets can be evaluated: what was stopped in 2026 needs no later year."""
    far = START + 200 * 365 * 86_400_000_000
    told = [(3, START, 0), (3, START + 1, 1), (4, START, 0), (4, START + 1, 1), (70, far, 0), (90, far, 0)]
    ticket, at, what = np.array(told).T
    events = table(ticket=ticket, at=at, what=what, kinds=["open", "solve"])
    with pytest.raises(sla.OutOfRange, match="holidays") as caught:
        events.evaluate(ITALY, at=datetime(2300, 1, 1, tzinfo=UTC))
    assert caught.value.where == "ticket 70"
    assert len(events.evaluate(ITALY, at=AT)) == 4
    frame = pl.DataFrame(
        {
            "ticket": [f"T{name}" for name in ticket.tolist()],
            "at": pl.Series(at).cast(pl.Datetime("us", "UTC")),
            "kind": [("open", "solve")[kind] for kind in what.tolist()],
            "tier": ["first"] * len(told),
        }
    )
    with pytest.raises(sla.OutOfRange, match="holidays") as caught:
        frames.evaluate(frame[::-1], ITALY, at=datetime(2300, 1, 1, tzinfo=UTC))
    assert caught.value.where in ("ticket T70", "ticket T90")


def log(**given: Any) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "ticket": ["T1", "T1", "T2"],
        "at": [AT - 48 * HOUR, AT - 24 * HOUR, AT - 24 * HOUR],
        "kind": ["open", "respond", "open"],
        "tier": ["first", "first", "second"],
        "channel": ["mail", "mail", None],
    }
    return pl.DataFrame({**columns, **given})


NAIVE = [at.replace(tzinfo=None) for at in log()["at"].to_list()]


@pytest.mark.parametrize("make", [lambda one: one, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, pl.DataFrame.lazy])
@pytest.mark.parametrize(
    ("given", "asked", "error", "words"),
    [
        ({"tier": ["first", "first", "nix"]}, {}, sla.UnknownName, "ticket T2: there is no tier 'nix'"),
        ({"tier": ["first", "first", None]}, {}, sla.UnknownName, "ticket T2.*no rule"),
        ({"kind": ["open", "rspond", "open"]}, {}, sla.InvalidLog, "row 1: 'rspond' is no kind"),
        ({"kind": ["open", "status", "open"], "to": ["", "", ""]}, {}, sla.InvalidLog, "row 1.*needs 'to'"),
        ({"kind": ["open", "respond", "respond"], "automatic": ["", "", "maybe"]}, {}, sla.InvalidLog, "row 2.*maybe"),
        ({"ticket": ["T1", None, "T2"]}, {}, sla.InvalidLog, "ticket: row 1 has no ticket"),
        ({"ticket": [None, "T1", "T2"]}, {}, sla.InvalidLog, "ticket: row 0 has no ticket"),
        ({"at": [AT, AT, None]}, {}, sla.InvalidInstant, "at: row 2 has no instant"),
        ({"at": ["a", "b", "c"]}, {}, sla.InvalidInstant, "at: a column of .*instants is expected"),
        ({"paused": ["a", "b", "c"]}, {}, sla.InvalidLog, "'paused' has the name"),
        ({}, {"attributes": ["priority"]}, sla.InvalidLog, "attributes: .*no attribute 'priority'.*'channel'"),
        ({"phase": ["a", "b", "c"]}, {"attributes": ["phase"]}, sla.InvalidLog, "attributes: .*'phase' has the name"),
        ({}, {"policy": {"a": POLICY}}, sla.InvalidPolicy, "which: several policies"),
        ({}, {"which": "channel"}, sla.InvalidPolicy, "which: several policies"),
        ({}, {"policy": [POLICY], "which": "channel"}, sla.InvalidPolicy, "which: several policies"),
        ({}, {"policy": {}, "which": "channel"}, sla.InvalidPolicy, "which: several policies"),
        ({}, {"policy": {"a": POLICY}, "which": "nix"}, sla.InvalidLog, "which: there is no column 'nix'"),
        (
            {},
            {"policy": {"chat": POLICY}, "which": "channel"},
            sla.UnknownName,
            "ticket T1: .*no policy 'mail'.*'chat'",
        ),
        ({}, {"policy": {"mail": POLICY}, "which": "channel"}, sla.UnknownName, "ticket T2: it names no policy"),
        ({}, {"mapping": LogMapping(status="state")}, sla.InvalidLog, "no column 'state'"),
        ({}, {"mapping": LogMapping(ticket="id")}, sla.InvalidLog, "ticket: there is no column 'id'"),
        ({}, {"mapping": LogMapping(at="when")}, sla.InvalidLog, "at: there is no column 'when'"),
        ({}, {"mapping": LogMapping(event="what")}, sla.InvalidLog, "no column 'what'"),
        ({}, {"mapping": LogMapping(events={"open": "open"})}, sla.InvalidLog, "row 1: kind 'respond' is no event"),
        ({}, {"at": AT.replace(tzinfo=None)}, sla.NaiveDatetime, "no zone"),
    ],
)
def test_logs_that_cannot_be(
    make: Any, given: dict[str, Any], asked: dict[str, Any], error: type[sla.SlaError], words: str
) -> None:
    frame = make(log(**given))
    rest = {name: value for name, value in asked.items() if name != "policy"}
    with pytest.raises((error, pl.exceptions.ComputeError), match=f"(?s){words}"):
        frames.evaluate(frame, asked.get("policy", POLICY), **{"at": AT, **rest}).collect()


def test_instants_without_a_zone() -> None:
    frame = log(at=NAIVE)
    for one in (frame, frame.to_pandas(), frame.to_arrow()):
        with pytest.raises(sla.NaiveDatetime, match=r'^at: .*zone="Europe/Rome"'):
            frames.evaluate(one, POLICY, at=AT)
        assert len(frames.evaluate(one, POLICY, at=AT, zone="Europe/Rome"))
    twice = log(at=[datetime(2026, 10, 25, 2, 30)] * 3)
    skipped = log(at=[NAIVE[0], NAIVE[1], datetime(2026, 3, 29, 2, 30)])
    for frame, place in ((twice, r"2026-10-25 02:30:00 \(row 0\)"), (skipped, r"2026-03-29 02:30:00 \(row 2\)")):
        for one in (frame, frame.to_pandas(), frame.to_arrow()):
            with pytest.raises(sla.InvalidInstant, match=f"^at: not all times exist once in Europe/Rome: .* {place}"):
                frames.evaluate(one, POLICY, at=AT, zone="Europe/Rome")


@pytest.mark.parametrize("make", [pl.DataFrame, pl.DataFrame.to_pandas, pl.DataFrame.to_arrow])
def test_a_zone_that_there_is_not(make: Any) -> None:
    with pytest.raises(sla.InvalidZone, match=r"^zone: .*'Rome'.*Europe/Rome"):
        frames.evaluate(make(log(at=NAIVE)), POLICY, at=AT, zone="Rome")


def test_what_is_no_policy_no_period_and_no_columns_by_name() -> None:
    frame = log()
    things: Any = "maxony", "2026-03", ["priority"]
    with pytest.raises(sla.InvalidPolicy, match=r"^policy: str is no policy"):
        frames.deadline(frame["at"], frame["tier"], things[0])
    with pytest.raises(sla.InvalidPeriod, match=r"^period: '2026-03' is no period"):
        frames.compliance(frames.evaluate(frame, POLICY, at=AT), period=things[1])
    with pytest.raises(sla.InvalidLog, match=r"^attributes: list does not say which column"):
        frames.deadline(frame["at"], frame["tier"], POLICY, attributes=things[2])


def test_nanoseconds_are_not_lost_in_silence() -> None:
    frame = log().with_columns(pl.col("at").cast(pl.Datetime("ns", "UTC")) + pl.duration(nanoseconds=1))
    with pytest.raises(sla.NanosecondsLost, match="row 0"):
        frames.evaluate(frame, POLICY, at=AT)


def test_what_is_no_frame_or_has_a_column_twice() -> None:
    things: list[Any] = [{"ticket": []}, [1], None, log()["at"]]
    for thing in things:
        with pytest.raises(sla.InvalidLog, match="no data frame"):
            frames.evaluate(thing, POLICY, at=AT)
    twice = pd.DataFrame([["a", 1, 2]], columns=["ticket", "ticket", "at"])
    with pytest.raises(sla.InvalidLog, match="twice"):
        frames.evaluate(twice, POLICY, at=AT)


def test_attributes_that_are_no_values() -> None:
    frame = log().with_columns(parts=pl.Series([[1], [2], [3]]))
    assert len(frames.evaluate(frame, POLICY, at=AT)) == 2  # nobody asks about it
    with pytest.raises(sla.InvalidLog, match=r"^parts: .*no value of an attribute"):
        frames.evaluate(frame, POLICY, at=AT, attributes=["parts"])


def test_one_attribute_may_be_a_text() -> None:
    assert "channel" in frames.evaluate(log(), POLICY, at=AT, attributes="channel").columns


CLOCKS = frames.evaluate(log(), POLICY, at=AT, attributes=["channel"])


@pytest.mark.parametrize("make", [lambda one: one, pl.DataFrame.to_pandas, pl.DataFrame.lazy])
@pytest.mark.parametrize(
    ("frame", "asked", "error", "words"),
    [
        (log(), {}, sla.InvalidLog, "clocks: there is no column 'started_at'"),
        (CLOCKS.drop("elapsed"), {}, sla.InvalidLog, "no column 'elapsed'"),
        (CLOCKS.with_columns(phase=pl.lit("x")), {}, sla.InvalidLog, "phase: 'x' is no phase"),
        (CLOCKS.with_columns(phase=pl.lit(None, pl.String), verdict=pl.lit("undecided")), {}, sla.InvalidLog, "phase"),
        (CLOCKS.with_columns(due_at=pl.lit("x")), {}, sla.InvalidInstant, "due_at: a column of"),
        (CLOCKS.with_columns(elapsed=pl.lit(3)), {}, sla.InvalidInstant, "elapsed: a column of"),
        (CLOCKS, {"by": "product"}, sla.InvalidLog, "no column 'product'"),
        (CLOCKS, {"by": "month"}, sla.InvalidPeriod, "a month begins somewhere"),
        (CLOCKS, {"by": "month", "zone": "Mars"}, sla.InvalidZone, "Mars"),
        (CLOCKS, {"by": "tier"}, sla.InvalidLog, "by: the figures have a column 'tier'"),
        (CLOCKS, {"by": ["channel", "target"]}, sla.InvalidLog, "by: the figures have a column 'target'"),
        (CLOCKS, {"by": "median"}, sla.InvalidLog, "by: the figures have a column 'median'"),
        (CLOCKS, {"attribute": "created"}, sla.InvalidLog, "attribute: no clock is counted by 'created'.*'due'"),
        (
            CLOCKS.drop("channel"),
            {"policy": POLICY},
            sla.InvalidLog,
            r'policy: .*\'channel\'.*attributes=\["channel"\]',
        ),
    ],
)
def test_compliance_of_what_cannot_be_counted(
    make: Any, frame: pl.DataFrame, asked: dict[str, Any], error: type[sla.SlaError], words: str
) -> None:
    with pytest.raises((error, pl.exceptions.ComputeError), match=f"(?s){words}"):
        frames.compliance(make(frame), **asked).collect()


def test_compliance_of_what_is_no_frame() -> None:
    for thing in (3, None, [CLOCKS]):
        with pytest.raises(sla.InvalidLog, match="no data frame"):
            frames.compliance(thing)


def test_the_answers_of_arrow_can_be_counted() -> None:
    found = frames.compliance(frames.evaluate(log().to_arrow(), POLICY, at=AT, attributes=["channel"]), policy=POLICY)
    assert isinstance(found, pa.Table)
