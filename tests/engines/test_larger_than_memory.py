"""Logs in many files, in parts that fit: the figures are those of the whole log, and nothing is left behind."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_engine as sla
from sla_engine import frames
from sla_engine.frames.streams import FilesReport, figures, files, report_files, reports

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 4, 20, 15, tzinfo=UTC)
MARCH = sla.Month(2026, 3, zone="Europe/Rome")
LITTLE = 120_000
"""So little memory that the logs of these tests are put into many parts."""
POLICY = sla.Policy.from_data(
    {
        "name": "Desk",
        "zone": "Europe/Rome",
        "calendars": {"office": {"zone": "Europe/Rome", "hours": {"mon-fri": ["09:00-13:00", "14:00-18:00"]}}},
        "tiers": {
            "gold": {
                "calendar": "office",
                "targets": {"response": "4h", "resolution": "2 business days"},
                "goal": "90%",
            },
            "silver": {"calendar": "office", "targets": {"response": "8h", "resolution": "30h"}},
        },
        "rules": [{"when": {"priority": "high"}, "targets": {"response": "1h"}}],
        "exclusions": [{"when": {"customer": "ours"}, "reason": "ours"}],
    }
)
SIMPLE = sla.Policy.from_data(
    {
        "name": "Desk",
        "zone": "Europe/Rome",
        "calendars": {"office": {"zone": "Europe/Rome", "hours": {"mon-fri": "09:00-18:00"}}},
        "tiers": {
            "gold": {"calendar": "office", "targets": {"response": "4h"}},
            "silver": {"calendar": "office", "targets": {"response": "8h"}},
        },
        "rules": [{"when": {"priority": "high"}, "targets": {"response": "1h"}}],
        "versions": [{"from_date": "2026-03-16", "tiers": {"silver": {"targets": {"response": "20h elapsed"}}}}],
        "exclusions": [{"when": {"customer": "ours"}, "reason": "ours"}],
    }
)
KINDS = [
    ["respond"],
    ["respond", "solve"],
    ["pause", "resume", "solve"],
    ["respond", "pause"],
    ["cancel"],
    [],
    ["solve"],
]


def events(tickets: int) -> list[dict[str, Any]]:
    """Return the events of some tickets over three months, those of each in order; many at the same instant."""
    chance = random.Random(20260302)  # noqa: S311  (the same events every time)
    rows: list[dict[str, Any]] = []
    for number in range(tickets):
        at = datetime(2026, 2, 10, tzinfo=UTC) + timedelta(seconds=chance.randrange(75 * 86_400))
        own = {
            "ticket": f"T-{number:05}",
            "tier": chance.choice(["gold", "silver"]),
            "priority": chance.choice(["high", "low", ""]),
            "customer": chance.choice(["ours", "acme", "foo", ""]),
        }
        for kind in ["open", *chance.choice(KINDS)]:
            rows.append({**own, "at": at, "kind": kind})
            at += timedelta(seconds=chance.choice([0, 1, 3_600, 40_000, chance.randrange(300_000)]))
        if number % 3 == 0:  # a hand-off, or a ticket that goes on in another tier
            rows.append({**own, "at": at, "kind": "note", "tier": chance.choice(["gold", "silver"])})
    return rows


def spread(rows: list[Any], files: int) -> list[list[Any]]:
    """Return rows in so many lists, the rows of a ticket in several and in any order."""
    chance = random.Random(7)  # noqa: S311
    shuffled = rows.copy()
    chance.shuffle(shuffled)
    bounds = sorted(chance.sample(range(1, len(rows)), files - 1))
    return [shuffled[start:stop] for start, stop in zip([0, *bounds], [*bounds, len(rows)], strict=True)]


def table(rows: list[dict[str, Any]]) -> Any:
    found = pa.Table.from_pylist(rows)
    for name in found.column_names:
        if pa.types.is_timestamp(found.column(name).type):
            found = found.set_column(
                found.column_names.index(name), name, found.column(name).cast(pa.timestamp("us", "UTC"))
            )
    return found


def as_parquet(folder: Path, parts: list[list[dict[str, Any]]]) -> None:
    for number, part in enumerate(parts):
        inner = folder / f"month={number % 3}"
        inner.mkdir(parents=True, exist_ok=True)
        pq.write_table(table(part), inner / f"{number}.parquet", row_group_size=1000)


def text(rows: list[dict[str, Any]]) -> str:
    lines = [",".join(rows[0])]
    lines += [
        ",".join((one.isoformat() if isinstance(one, datetime) else str(one or "")) for one in row.values())
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def as_csv(folder: Path, parts: list[list[dict[str, Any]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(parts):
        (folder / f"{number:02}.csv").write_text("\ufeff" * (number % 2) + text(part), encoding="utf-8")


def in_order(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.*"))


def same(found: FilesReport, expected: sla.Report) -> None:
    """The figures, and where every row is, are those of the report on the whole log."""
    one, other = found.to_data(), expected.to_data()
    for name in (
        "policy",
        "period",
        "period_start",
        "period_end",
        "attribute",
        "at",
        "figures",
        "before",
        "after",
        "rows",
    ):
        assert one[name] == other[name], name
    assert found.counted == expected.counted > 50
    assert (found.breached, one["breached"]["count"]) == (len(expected.compliance.breached),) * 2
    worst = [one.to_data() for one in expected.compliance.whole.worst(20)]
    assert [one.to_data() for one in found.worst] == one["breached"]["worst"] == worst
    assert worst


def csv_rows(text: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(text))
    return header, rows


def same_rows(written: str, expected: sla.Report) -> None:
    """The rows of outcomes are those of the report on the whole log, and those of a ticket stand together."""
    (header, mine), (named, theirs) = csv_rows(written), csv_rows(expected.to_csv())
    assert header == named
    assert sorted(mine) == sorted(theirs)
    assert len(mine) == expected.counted
    ids = [row[0] for row in mine]
    assert sum(one != other for one, other in pairwise(ids)) + 1 == len(set(ids))


@pytest.fixture(scope="module")
def log() -> list[dict[str, Any]]:
    return events(2_500)


@pytest.fixture(scope="module")
def folder(log: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("events")
    as_parquet(made, spread(log, 7))
    return made


@pytest.fixture(scope="module")
def whole(folder: Path) -> Any:
    return pa.concat_tables([pq.ParquetFile(one).read() for one in in_order(folder)])


@pytest.fixture(scope="module")
def in_all(scalar: sla.EventLog) -> str:
    return sla.report(POLICY, scalar, at=AT).to_csv()


@pytest.fixture(scope="module")
def scalar(whole: Any) -> sla.EventLog:
    return sla.read_events(text(whole.to_pylist()))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"period": MARCH},
        {"period": MARCH, "attribute": "stopped", "by": "customer"},
        {"by": ("week", "priority"), "attribute": "opened"},
        {"period": MARCH, "target": "resolution"},
    ],
    ids=str,
)
def test_events_in_parts_have_the_figures_of_the_whole(
    folder: Path, whole: Any, scalar: sla.EventLog, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "_CLOCKS", 1_000)
    seen: list[tuple[str, int, int]] = []
    rows = io.StringIO()
    found = report_files(
        folder, POLICY, at=AT, memory=LITTLE, progress=lambda *one: seen.append(one), outcomes=rows, **asked
    )
    expected = sla.report(POLICY, scalar, at=AT, **asked)
    same(found, expected)
    same_rows(rows.getvalue(), expected)
    assert max(of for what, _, of in seen if what == "evaluating") > 20  # it was put into parts
    assert all(0 <= done <= of for _, done, of in seen)
    assert found.rows == whole.num_rows > 5_000
    assert dict(found.anomalies) == anomalies(sla.report(POLICY, scalar, at=AT))
    clocks = frames.evaluate(whole, POLICY, at=AT, attributes=["customer", "priority"])
    if "target" not in asked:
        own = frames.compliance(
            clocks,
            zone="Europe/Rome",
            policy=POLICY,
            tiers=[(tier.name, target.name) for tier in POLICY.tiers for target in tier.targets],
            **asked,
        ).to_pylist()
        for mine, theirs in zip(
            found.compliance.figures, [one for one in own if any(one[k] for k in KEPT)], strict=True
        ):
            assert [len(getattr(mine, kind)) for kind in KEPT] == [theirs[kind] for kind in KEPT]
            assert (mine.percentile("50%"), mine.percentile("90%")) == (theirs["median"], theirs["p90"])


KEPT = ("met", "breached", "running", "paused", "handed_off", "excluded")


def anomalies(found: sla.Report) -> dict[str, int]:
    kinds = [one.kind for status in found.statuses for one in status.anomalies]
    return {kind: kinds.count(kind) for kind in kinds}


@pytest.mark.parametrize("most", [-1, 0, 1, 2, 3, 7, 50, 500, 10_000])
def test_the_worst_are_the_worst_of_all_where_many_are_late_by_the_same(most: int, tmp_path: Path) -> None:
    chance = random.Random(5)  # noqa: S311
    rows: list[dict[str, Any]] = []
    for number in range(300):
        opened = datetime(2026, 3, chance.choice([2, 3, 6]), 9, tzinfo=UTC)  # some before a weekend
        own = {"ticket": f"T-{number}", "tier": chance.choice(["gold", "silver"]), "priority": "", "customer": ""}
        rows.append({**own, "at": opened, "kind": "open"})
        if number % 4:
            stop = opened + timedelta(hours=chance.choice([1, 30, 66]), days=chance.choice([0, 14]))
            rows += [{**own, "at": stop, "kind": kind} for kind in ("respond", "solve")]
    as_parquet(tmp_path, spread(rows, 3))
    data = json.loads(POLICY.to_json())
    data["tiers"]["gold"]["targets"] = {"response": "4h", "resolution": "4h"}  # late by the same, in one ticket
    policy = sla.Policy.from_data(data)
    expected = sla.report(policy, sla.read_events(text(rows)), at=AT)
    found = report_files(tmp_path, policy, at=AT, memory=20_000, most=most)
    worst = expected.compliance.whole.worst(most)
    assert [one.to_data() for one in found.worst] == [one.to_data() for one in worst]
    assert len(worst) == max(min(most, found.breached), 0)
    assert found.breached == len(expected.compliance.breached) > 100


def test_one_part_and_many_parts_say_the_same(folder: Path) -> None:
    one, many = (report_files(folder, POLICY, at=AT, period=MARCH, memory=size) for size in (2**30, 1))
    assert one.to_data() == many.to_data()


def test_tickets_with_numbers_are_put_together_too(log: list[dict[str, Any]], tmp_path: Path) -> None:
    rows = [{**row, "ticket": int(row["ticket"][2:]) - 3_000} for row in log[:4_000]]
    as_parquet(tmp_path, spread(rows, 4))
    merged = [row for one in in_order(tmp_path) if one.is_file() for row in pq.ParquetFile(one).read().to_pylist()]
    same(
        report_files(tmp_path, POLICY, at=AT, memory=LITTLE),
        sla.report(POLICY, sla.read_events(text(merged)), at=AT),
    )


def test_rows_of_csv_that_cannot_be_used_are_counted_and_named(log: list[dict[str, Any]], tmp_path: Path) -> None:
    parts = spread(log[:5_000], 5)
    parts[1][10] = {**parts[1][10], "kind": "escalate"}
    parts[2][20] = {**parts[2][20], "at": "yesterday"}
    parts[2][30] = {**parts[2][30], "at": ""}
    parts[3][5] = {**parts[3][5], "ticket": " "}
    parts[4][7] = {**parts[4][7], "at": "2026-03-02T10:00:00"}
    as_csv(tmp_path, parts)
    with (tmp_path / "04.csv").open("a", encoding="utf-8") as file:
        file.write("T-1,too,few\n")
    merged = text([row for part in parts for row in part]) + "T-1,too,few\n"
    found = report_files(tmp_path, POLICY, at=AT, period=MARCH, memory=LITTLE)
    same(found, sla.report(POLICY, sla.read_events(merged), at=AT, period=MARCH))
    assert found.unusable == len(found.problems) == 6
    told = [str(one) for one in found.problems]
    assert told[0].startswith(f"{tmp_path / '01.csv'} row 11 (T-")
    assert "'escalate' is no kind of event" in told[0]
    assert any("'yesterday' is no time" in one and "02.csv row 21 " in one for one in told)
    assert any("at is empty" in one and "02.csv row 31 " in one for one in told)
    assert any("ticket is empty" in one and "03.csv row 6:" in one for one in told)
    assert any("has no zone" in one for one in told)
    assert any("has 3 fields" in one for one in told)


def test_what_stands_between_columns_can_be_said(log: list[dict[str, Any]], tmp_path: Path) -> None:
    parts = spread(log[:2_000], 3)
    as_csv(tmp_path / "commas", parts)
    as_csv(tmp_path / "tabs", parts)
    for file in (tmp_path / "tabs").iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace(",", "\t"), encoding="utf-8")
    found = report_files(tmp_path / "tabs", POLICY, at=AT, period=MARCH, memory=LITTLE, delimiter="\t")
    assert found.unusable == 0
    assert found.to_data() == report_files(tmp_path / "commas", POLICY, at=AT, period=MARCH, memory=LITTLE).to_data()
    with pytest.raises(sla.InvalidLog, match=r"00\.csv: .*Tabs seem to separate its columns"):
        report_files(tmp_path / "tabs", POLICY, at=AT)
    with pytest.raises(sla.InvalidLog, match="delimiter: 'x' does not separate columns"):
        report_files(tmp_path / "tabs", POLICY, at=AT, delimiter="x")


def test_local_times_are_read_in_their_zone(log: list[dict[str, Any]], tmp_path: Path) -> None:
    rows = [{**row, "at": row["at"].strftime("%d.%m.%Y %H:%M")} for row in log[:3_000]]
    as_csv(tmp_path, [rows])
    options: dict[str, Any] = {"zone": "Europe/Berlin", "time_format": "%d.%m.%Y %H:%M", "ambiguous": "first"}
    mapping = sla.LogMapping.native(rows[0]).model_copy(update=options)
    expected = sla.report(POLICY, sla.read_events(text(rows), mapping=mapping), at=AT)
    for asked in ({"path": tmp_path, **options}, {"path": tmp_path / "00.csv", "mapping": mapping}):
        written = io.StringIO()
        same(report_files(policy=POLICY, at=AT, outcomes=written, **asked), expected)
        same_rows(written.getvalue(), expected)
    assert {row[4][-6:] for row in csv_rows(written.getvalue())[1]} == {"+01:00", "+02:00"}


# --- one row a ticket ----------------------------------------------------------------------------------------------


def tickets(count: int) -> list[dict[str, Any]]:
    chance = random.Random(11)  # noqa: S311
    rows: list[dict[str, Any]] = []
    for number in range(count):
        opened = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(85 * 86_400))
        stopped = opened + timedelta(seconds=chance.randrange(200_000)) if chance.random() < 0.9 else None
        rows.append(
            {
                "id": f"T-{number}",
                "tier": chance.choice(["gold", "silver"]),
                "opened_at": opened,
                "stopped_at": stopped,
                "priority": chance.choice(["high", "low", ""]),
                "customer": chance.choice(["ours", "acme", "foo", ""]),
            }
        )
    for number, row in enumerate(rows[100::9]):  # stopped when it was due, and a microsecond beside
        facts = {"priority": row["priority"] or None, "customer": row["customer"] or None}
        due = SIMPLE.deadline(row["tier"], row["opened_at"], attributes=facts)
        row["stopped_at"] = due + timedelta(microseconds=number % 3 - 1)
    rows[17]["tier"] = "lead"
    rows[18]["tier"] = ""
    rows[19]["stopped_at"] = rows[19]["opened_at"] - timedelta(seconds=1)
    rows[20]["id"] = rows[count // 2]["id"]
    rows[21]["opened_at"] = None
    return rows


@pytest.mark.parametrize(
    "asked", [{}, {"period": MARCH}, {"period": MARCH, "by": "customer"}, {"attribute": "stopped"}], ids=str
)
@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_logs_of_tickets_have_the_figures_of_the_whole(
    write: Callable[[Path, list[Any]], None], asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS", 50)
    rows = tickets(3_000)
    parts = spread(rows, 5)
    write(tmp_path, parts)
    rows_of = io.StringIO()
    found = report_files(tmp_path, SIMPLE, at=AT, memory=LITTLE, outcomes=rows_of, **asked)
    columns = sla.LogColumns(attributes=("priority", "customer"))
    order = [row for one in in_order(tmp_path) if one.is_file() for row in parts[int(one.stem)]]
    expected = sla.report(SIMPLE, sla.read_log(text(order), columns=columns), at=AT, **asked)
    same(found, expected)
    same_rows(rows_of.getvalue(), expected)
    assert found.unusable == len(expected.problems) == 5
    assert sum("stands in another row already" in one.problem for one in found.problems) == 1
    in_files = [parts[int(one.stem)] for one in in_order(tmp_path) if one.is_file()]
    assert places(found, tmp_path, in_files) == [(one.line, one.id) for one in expected.problems]
    lead = next(one for one in found.problems if "'lead'" in one.problem)
    own = parts[int(Path(lead.file).stem)]
    assert (lead.id, own[lead.row - 1]["tier"]) == ("T-17", "lead")


def places(found: FilesReport, folder: Path, parts: list[list[Any]]) -> list[tuple[int, str]]:
    """Return the lines of the rows of problems in one file of CSV of all parts, and their ids."""
    names = [str(one) for one in in_order(folder) if one.is_file()]
    before = dict(zip(names, accumulate(map(len, parts), initial=1), strict=False))
    return [(before[one.file] + one.row, one.id) for one in found.problems]


def test_an_id_is_taken_by_a_row_that_cannot_be_used(tmp_path: Path) -> None:
    header = "id,tier,opened_at,stopped_at"
    good = "gold,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z"
    late = "gold,2026-03-02T10:00:00Z,2026-03-10T10:00:00Z"
    parts = [
        [f"A-{number},{good}" for number in range(60)]
        + ["B,gold,yesterday,", "C,gold,,", "D,gold,2026-03-02T10:00:00Z,tomorrow", "E,,2026-03-02T10:00:00Z,", "F,few"]
        + [f",{good}", f" ,{good}", "H,,soon,never", f"I,{good}"],
        [f"{name},{late}" for name in ("B", "C", " D ", "E", "F", "", "G", "H ", " I", "J")]
        + [f"B,{good}", "J,gold,soon,", "K,few", "K,lead,2026-03-02T10:00:00Z,2026-03-03T10:00:00Z", f"K,{good}"],
    ]
    for number, part in enumerate(parts):
        (tmp_path / f"{number}.csv").write_text("\n".join([header, *part]) + "\n", encoding="utf-8")
    expected = sla.report(SIMPLE, sla.read_log("\n".join([header, *parts[0], *parts[1]])))
    for memory in (1, 2**30):
        rows = io.StringIO()
        found = report_files(tmp_path, SIMPLE, memory=memory, outcomes=rows)
        same(found, expected)
        same_rows(rows.getvalue(), expected)
        assert sorted(one.id for one in found.worst) == ["F", "G", "J"]
        # A row of CSV with too few fields has no columns, and so no id.
        shown = [(one.line, "" if "fields" in one.problem else one.id) for one in expected.problems]
        assert places(found, tmp_path, parts) == shown
        for mine, theirs in zip(found.problems, expected.problems, strict=True):
            repeated = "stands in another row already" in mine.problem
            assert repeated == (" stands on line " in theirs.problem)
            assert repeated or mine.problem == theirs.problem


def test_open_tickets_need_an_instant(tmp_path: Path) -> None:
    as_csv(tmp_path, [tickets(1_000)])
    with pytest.raises(sla.InvalidInstant, match="tickets are open"):
        report_files(tmp_path, SIMPLE)


# --- any log, in any files -------------------------------------------------------------------------------------------

DEMO_AT = datetime(2026, 3, 31, 15, tzinfo=UTC)
FEBRUARY = sla.Month(2026, 2, zone="UTC")


READERS: dict[str, Any] = {"tickets": sla.read_log, "events": sla.read_events}
"""What reads the logs, one with a row a ticket and one of events."""


@settings(max_examples=10, deadline=None)
@given(
    name=st.sampled_from(["tickets", "events"]),
    seed=st.integers(0, 2**32),
    tickets=st.integers(20, 600),
    files=st.integers(1, 6),
    memory=st.sampled_from([20_000, 200_000, 2**30]),
    most=st.integers(0, 60),
    asked=st.sampled_from(
        [{}, {"period": FEBRUARY}, {"attribute": "opened", "by": "week"}, {"target": "response", "by": "priority"}]
    ),
)
def test_a_log_split_at_random_is_reported_as_in_one_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, asked: dict[str, Any], **drawn: int
) -> None:
    header, *lines = (ROOT / "docs" / "demo" / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    chance = random.Random(drawn["seed"])  # noqa: S311
    names = sorted({line.partition(",")[0] for line in lines})
    few = set(chance.sample(names, drawn["tickets"]))
    parts = spread([line for line in lines if line.partition(",")[0] in few], drawn["files"])
    folder = tmp_path_factory.mktemp("split")
    for number, part in enumerate(parts):
        (folder / f"{number}.csv").write_text("\n".join([header, *part]) + "\n", encoding="utf-8")
    rows = io.StringIO()
    policy = sla.maxony_policy()
    found = report_files(folder, policy, at=DEMO_AT, memory=drawn["memory"], most=drawn["most"], outcomes=rows, **asked)
    log = READERS[name]("\n".join([header, *(line for part in parts for line in part)]))
    expected = sla.report(policy, log, at=DEMO_AT, **asked)
    one, other = found.to_data(), expected.to_data()
    assert {key: one[key] for key in ("figures", "before", "after", "rows")} == {
        key: other[key] for key in ("figures", "before", "after", "rows")
    }
    worst = expected.compliance.whole.worst(drawn["most"])
    assert [outcome.to_data() for outcome in found.worst] == [outcome.to_data() for outcome in worst]
    same_rows(rows.getvalue(), expected)
    assert dict(found.anomalies) == anomalies(expected)


# --- what is written, and what is left -------------------------------------------------------------------------------


def test_clocks_are_written_as_they_come(folder: Path, whole: Any, tmp_path: Path) -> None:
    report_files(folder, POLICY, at=AT, memory=LITTLE, clocks=tmp_path / "clocks.parquet", by="customer")
    found = pq.read_table(tmp_path / "clocks.parquet").to_pylist()
    own = frames.evaluate(whole, POLICY, at=AT, attributes=["customer"]).to_pylist()

    def sorted_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: (row["ticket"], row["clock"], row["tier"], row["cycle"]))

    assert sorted_rows(found) == sorted_rows(own)


@pytest.mark.parametrize("stage", ["reading", "evaluating"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_behind_when_it_is_stopped(
    folder: Path, tmp_path: Path, stage: str, stop: type[BaseException]
) -> None:
    seen: list[list[Path]] = []

    def interrupt(what: str, done: int, of: int) -> None:
        if what == stage and done > of // 2:
            seen.append(list((tmp_path / "temporary").rglob("*")))
            raise stop

    (tmp_path / "temporary").mkdir()
    with pytest.raises(stop):
        report_files(
            folder,
            POLICY,
            at=AT,
            memory=LITTLE,
            folder=tmp_path / "temporary",
            clocks=tmp_path / "clocks.parquet",
            outcomes=tmp_path / "outcomes.csv",
            progress=interrupt,
        )
    assert seen[0]  # there was something
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "clocks.parquet").exists()
    assert not (tmp_path / "outcomes.csv").exists()
    report_files(folder, POLICY, at=AT, memory=LITTLE, folder=tmp_path / "temporary")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_half_a_file_of_outcomes_is_removed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(rows: Any, written: Any) -> None:
        written.write(rows.read(100))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reports, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        report_files(folder, POLICY, at=AT, outcomes=tmp_path / "outcomes.csv", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_log_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(sla.InvalidLog, match="no files of Parquet or CSV"):
        report_files(tmp_path, POLICY, at=AT)
    with pytest.raises(sla.InvalidLog, match="there is no such file"):
        report_files(tmp_path / "a.parquet", POLICY, at=AT)
    with pytest.raises(sla.InvalidInstant, match="depends on the present"):
        report_files(folder, POLICY)
    (tmp_path / "a.parquet").write_bytes(b"PAR")
    with pytest.raises(sla.InvalidLog, match="no Parquet"):
        report_files(tmp_path, POLICY, at=AT)
    rows = events(20)
    as_parquet(tmp_path / "b", [rows])
    pq.write_table(table([{**row, "ticket": 5} for row in rows]), tmp_path / "b" / "n.parquet")
    with pytest.raises(sla.InvalidLog, match=r"n\.parquet: the column 'ticket' is int64 here, and string"):
        report_files(tmp_path / "b", POLICY, at=AT)
    pq.write_table(table([{**row, "at": row["at"].replace(tzinfo=None)} for row in rows]), tmp_path / "c.parquet")
    renamed = table(rows).rename_columns({"customer": "client"})
    pq.write_table(renamed, tmp_path / "b" / "n.parquet")
    with pytest.raises(sla.InvalidLog, match=r"n\.parquet: the column 'customer' stands 0 times"):
        report_files(tmp_path / "b", POLICY, at=AT)


def test_a_ticket_that_cannot_be_evaluated_is_named(tmp_path: Path) -> None:
    rows = [{**row, "tier": "lead" if row["ticket"] == "T-00011" else row["tier"]} for row in events(50)]
    as_parquet(tmp_path, [rows])
    with pytest.raises(sla.UnknownName, match=r"T-00011.*lead"):
        report_files(tmp_path, POLICY, at=AT, memory=1)


# --- the command line ------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(  # noqa: S603  (itself)
        [sys.executable, "-m", "sla_engine", "report", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_report_on_a_directory_says_what_report_on_a_file_says(folder: Path, whole: Any, tmp_path: Path) -> None:
    policy = tmp_path / "desk.json"
    policy.write_text(POLICY.to_json(), encoding="utf-8")
    (tmp_path / "all.csv").write_text(text(whole.to_pylist()), encoding="utf-8")
    options = ["--policy", str(policy), "--month", "2026-03", "--at", AT.isoformat()]
    for more in ([], ["--by", "customer"], ["--most", "3"], ["--most", "0"]):
        code, said, told = run(str(folder), *options, *more)
        own = run(str(tmp_path / "all.csv"), *options, *more)
        assert (code, told) == (0, "")
        lines = [line for line in own[1].splitlines() if "handed off with something missing" not in line]
        assert said.splitlines() == lines
    code, said, told = run(str(folder), *options, "--format", "json")
    theirs = json.loads(run(str(tmp_path / "all.csv"), *options, "--format", "json")[1])
    mine = json.loads(said)
    for name in ("figures", "before", "after", "rows", "period", "tickets"):
        assert mine[name] == theirs[name]
    assert mine["breached"]["count"] == len(theirs["breached"]) > 20
    assert len(mine["breached"]["worst"]) == 20
    assert all(one in theirs["breached"] for one in mine["breached"]["worst"])
    in_one = run(str(tmp_path / "all.csv"), *options, "--format", "csv")[1]
    code, said, told = run(str(folder), *options, "--format", "csv")
    assert (code, told) == (0, "")
    assert sorted(said.splitlines()) == sorted(in_one.splitlines())
    assert run(str(folder), *options, "--format", "csv", "--output", str(tmp_path / "out.csv")) == (0, "", "")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == said
    pq.write_table(whole, tmp_path / "all.parquet")
    assert run(str(tmp_path / "all.parquet"), *options)[1] == run(str(folder), *options)[1]


def test_the_command_line_says_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    assert run(str(tmp_path), "--at", AT.isoformat())[0] == 2
    code, _, told = run(str(folder))
    assert (code, "depends on the present" in told) == (2, True)
    code, said, told = run(str(folder), "--at", AT.isoformat(), "--by", "phase")
    assert (code, said, "'phase' has the name of what is told of each clock" in told) == (2, "", True)
    as_csv(tmp_path, [tickets(3_000)])
    policy = tmp_path / "desk.json"
    policy.write_text(SIMPLE.to_json(), encoding="utf-8")
    code, said, told = run(str(tmp_path), "--at", AT.isoformat(), "--policy", str(policy))
    assert code == 1
    assert "3000 rows" in said
    assert "rows that could not be used: 5" in told


@pytest.mark.skipif(os.name != "posix", reason="a signal as a terminal sends it")
def test_an_interrupt_ends_it_quietly_and_leaves_nothing_behind(folder: Path, in_all: str, tmp_path: Path) -> None:
    policy, temporary = tmp_path / "desk.json", tmp_path / "temporary"
    policy.write_text(POLICY.to_json(), encoding="utf-8")
    temporary.mkdir()
    options = ["--policy", str(policy), "--at", AT.isoformat(), "--format", "csv"]
    with subprocess.Popen(  # noqa: S603  (itself)
        [sys.executable, "-m", "sla_engine", "report", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as started:
        try:
            assert started.stdout is not None
            # What it writes is more than a pipe holds, so it waits until somebody reads the rest.
            first = os.read(started.stdout.fileno(), 1)
            assert list(temporary.rglob("outcomes.csv"))
            started.send_signal(signal.SIGINT)
            rest, told = started.communicate(timeout=120)
        finally:
            started.kill()
    assert (started.returncode, told) == (130, b"")
    assert 0 < len(first + rest) < len(in_all)  # it was stopped on its way
    assert list(temporary.iterdir()) == []


def test_without_pyarrow_it_says_what_to_install(folder: Path) -> None:
    script = (
        "import sys; sys.modules['pyarrow'] = None; sys.argv[1:] = ['report', *sys.argv[1:]]; "
        "from sla_engine.cli import run; run()"
    )
    done = subprocess.run(  # noqa: S603  (itself)
        [sys.executable, "-c", script, str(folder), "--at", AT.isoformat()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install sla_engine[arrow]" in done.stderr
