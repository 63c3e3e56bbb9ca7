"""The uptime command: its windows, what was decided afterwards, services together, the ledger, and who agrees."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sla_engine as sla
from sla_engine.cli import app

START = datetime(2026, 3, 1, tzinfo=UTC)
"""A Sunday."""
HOURS = 3 * 24


def run(*arguments: object) -> tuple[int, str, str]:
    """Run a command in this process: exit code, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            app([str(one) for one in arguments], exit_on_error=False)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    return code, out.getvalue(), err.getvalue()


def at(**since: int) -> str:
    return (START + timedelta(**since)).isoformat()


def told(*arguments: object) -> dict[str, Any]:
    code, out, err = run(*arguments, "--format", "json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


POLICY = """
name = "Shop"
[services.app]
uptime = "99%"
probe_every = "10m"
needs = ["api"]
[services.api]
uptime = "99%"
probe_every = "10m"
[services.api.credit_scheme]
name = "plain"
below = "10%"
tiers = [{ at_least = "99%", credit = "0%" }]
[groups.both]
services = ["app", "api"]
needed = 1
uptime = "99.9%"
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def probes(tmp_path: Path) -> Path:
    """Three days of probes; the API is down from 6:00 to 7:00 of the second, the app from 6:30 to 7:30."""
    path = tmp_path / "probes.csv"
    rows = ["at,service,up"]
    for service, first in (("api", 30 * 60), ("app", 30 * 60 + 30)):
        for minute in range(0, HOURS * 60 + 1, 10):
            word = "down" if first <= minute <= first + 60 else "up"
            rows.append(f"{at(minutes=minute)},{service},{word}")
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def lower(report: dict[str, Any]) -> str:
    found: str = report["downtime"]["lower"]
    return found


class TestWindows:
    @pytest.mark.parametrize(
        ("window", "label", "down"),
        [
            (("--day", "2026-03-02"), "2026-03-02", "1h"),
            (("--day", "2026-03-03"), "2026-03-03", "0s"),
            (("--week", "2026-W09"), "2026-W09", "0s"),
            (("--week", "2026-W10", "--at", at(hours=HOURS)), "2026-W10", "1h"),
            (("--quarter", "2026-Q1", "--at", at(hours=HOURS)), "2026-Q1", "1h"),
            (("--year", "2026", "--first-month", "3", "--at", at(hours=HOURS)), "2026/27", "1h"),
            # 41 hours and a half before the end it is 6:30 of the second day: half of the hour is left.
            (("--window", "41h30m", "--at", at(hours=HOURS)), "1 day, 17:30:00 to 2026-03-04T00:00:00+00:00", "30m"),
        ],
    )
    def test_any_window(self, window: tuple[str, ...], label: str, down: str, probes: Path, policy: Path) -> None:
        report = told("uptime", probes, "--policy", policy, *window)["api"]
        assert (report["period"], lower(report)) == (label, down)

    def test_a_length_of_time_needs_the_instant_at_which_it_ends(self, probes: Path, policy: Path) -> None:
        code, _, err = run("uptime", probes, "--policy", policy, "--window", "24h")
        assert code == 2
        assert "--at: a length of time ends at some instant" in err

    @pytest.mark.parametrize(
        ("window", "said"),
        [
            ((), "0 are given"),
            (("--day", "2026-03-02", "--month", "2026-03"), "2 are given"),
            (("--day", "2026-02-30"), "there is no day 2026-02-30"),
            (("--day", "today"), "is no day"),
            (("--week", "10"), "is no week"),
            (("--week", "2026-W60"), "there is no week"),
            (("--month", "2026-13"), "there is no month"),
            (("--quarter", "2026-Q5"), "is no quarter"),
            (("--window", "soon", "--at", at()), "soon"),
            (("--year", "2026", "--first-month", "13"), "13"),
        ],
    )
    def test_what_is_no_window_exits_with_2(
        self, window: tuple[str, ...], said: str, probes: Path, policy: Path
    ) -> None:
        code, _, err = run("uptime", probes, "--policy", policy, *window)
        assert code == 2
        assert said in err.replace("\n", " ")


class TestTogether:
    def test_a_service_with_what_it_needs_and_a_group(self, probes: Path, policy: Path) -> None:
        found = told("uptime", probes, "--policy", policy, "--day", "2026-03-02")
        assert (lower(found["api"]), lower(found["app"])) == ("1h", "1h")
        # Down from 6:00 to 7:30 is any of the two, from 6:30 to 7:00 are both.
        needs, group = found["app"]["with_needs"], found["group:both"]
        assert (lower(needs), needs["parts"], needs["needed"]) == ("1h30m", ["app", "api"], 2)
        assert (lower(group), group["parts"], group["needed"]) == ("30m", ["app", "api"], 1)
        assert group["predicted"]["highest"] == "100.0000%"

    def test_they_have_lines_in_the_table(self, probes: Path, policy: Path) -> None:
        code, out, _ = run("uptime", probes, "--policy", policy, "--day", "2026-03-02")
        assert code == 0
        names = [line.strip().split("  ")[0] for line in out.splitlines()[2:6]]
        assert names == ["app", "with api", "api", "both (1 of 2)"]
        assert "api: 10% of the fee is paid back" in out

    def test_services_in_two_zones_have_no_window_together(self, probes: Path, tmp_path: Path) -> None:
        path = tmp_path / "zones.toml"
        path.write_text(POLICY.replace('needs = ["api"]', 'needs = ["api"]\nzone = "Europe/Rome"'), encoding="utf-8")
        code, _, err = run("uptime", probes, "--policy", path, "--day", "2026-03-02")
        assert code == 2
        assert "services.app.needs" in err
        assert "one period" in err.replace("\n", " ")
        assert run("uptime", probes, "--policy", path, "--day", "2026-03-02", "--period-zone", "UTC")[0] == 0


class TestAfterwards:
    def test_a_decision_hides_what_was_said(self, probes: Path, policy: Path, tmp_path: Path) -> None:
        decided = tmp_path / "decided.csv"
        row = f"R-1,{at(hours=30)},{at(hours=31)},up,{at(days=9)},api,the monitor's fault"
        decided.write_text(f"id,start,end,decision,decided_at,service,reason\n{row}\n", encoding="utf-8")
        given = ["uptime", probes, "--policy", policy, "--day", "2026-03-02", "--reclassified", decided]
        assert lower(told(*given, "--at", at(days=8))["api"]) == "1h"
        found = told(*given, "--at", at(days=9))
        # Known since: from 6:00 to 7:00 it was up; the ten minutes around that are still uncertain.
        assert (lower(found["api"]), lower(found["app"])) == ("0s", "1h")

    def test_rows_that_decide_nothing_are_problems(self) -> None:
        rows = [
            "id,start,end,decision,decided_at",
            f"R-1,{at()},{at(hours=1)},up,{at(days=1)}",
            f"R-2,{at()},{at(hours=1)},perhaps,{at(days=1)}",
            f"R-3,{at(hours=1)},{at()},up,{at(days=1)}",
            f",{at()},{at(hours=1)},up,{at(days=1)}",
            f"R-5,{at()},{at(hours=1)},up,",
        ]
        found = sla.read_reclassifications("\n".join(rows))
        assert [one.id for one in found.reclassified[""]] == ["R-1"]
        assert [one.line for one in found.problems] == [3, 4, 5, 6]
        said = [one.problem for one in found.problems]
        assert "decides 'perhaps'" in said[0]
        assert "before it starts" in said[1]
        assert "id is empty" in said[2]
        assert "decided_at '' is no time" in said[3]

    def test_a_row_may_say_when_it_came_in(self) -> None:
        rows = [
            "at,up,recorded_at",
            f"{at()},up,",
            f"{at(minutes=1)},down,{at(hours=2)}",
            f"{at(minutes=2)},up,{at(minutes=2)}",
            f"{at(minutes=3)},up,{at()}",
        ]
        found = sla.read_probes("\n".join(rows), every="1m")
        (log,) = found.logs[""]
        zero = sla.Day.containing(START, zone="UTC").span.micros[0]
        assert log.late == ((zero + 60_000_000, zero + 7_200_000_000),)
        assert [(one.line, "before it was made" in one.problem) for one in found.problems] == [(5, True)]
        incidents = sla.read_incidents(f"id,start,end,recorded_at\nI-1,{at()},,{at(hours=2)}\nI-2,{at()},,\n")
        assert [one.recorded_at for one in incidents.incidents[""]] == [START + timedelta(hours=2), None]


class TestExplained:
    def test_the_ledger_of_a_service(self, probes: Path, policy: Path) -> None:
        code, out, _ = run("uptime", probes, "--policy", policy, "--day", "2026-03-02", "--ledger", "api")
        assert code == 0
        lines = out.splitlines()
        assert lines[0] == "2026-03-02, target 99%, as of 2026-03-03T00:00:00+00:00 (times in UTC)"
        # From the last good probe before the first failed one to the first good one after the last.
        states = [line.split() for line in lines[3:8]]
        assert [(row[2], row[5], row[6]) for row in states] == [
            ("00:00", "05:50", "5h50m"),
            ("05:50", "06:00", "10m"),
            ("06:00", "07:00", "1h"),
            ("07:00", "07:10", "10m"),
            ("07:10", "00:00", "16h50m"),
        ]
        assert [row[7] for row in states] == ["up", "uncertain", "down", "uncertain", "up"]
        assert "breached: 1h at least is more than the budget" in lines[-1]

    def test_the_ledger_of_a_service_that_there_is_not(self, probes: Path, policy: Path) -> None:
        code, _, err = run("uptime", probes, "--policy", policy, "--day", "2026-03-02", "--ledger", "web")
        assert code == 2
        assert "'web'" in err

    def test_probes_beside_incidents(self, probes: Path, policy: Path, tmp_path: Path) -> None:
        incidents = tmp_path / "incidents.csv"
        incidents.write_text(f"id,start,end,service\nI-1,{at(hours=30)},{at(hours=32)},api\n", encoding="utf-8")
        code, out, _ = run(
            "uptime", probes, "--policy", policy, "--day", "2026-03-02", "--incidents", incidents, "--reconcile"
        )
        assert code == 0
        lines = [" ".join(line.split()) for line in out.splitlines()]
        assert "api both 1h in all" in lines
        assert "api only incidents 2026-03-02 07:10:00+00:00 2026-03-02 08:00:00+00:00 I-1" in lines
        assert (
            "app only probes 2026-03-02 06:30:00+00:00 2026-03-02 07:30:00+00:00 probe 2026-03-02T06:30:00+00:00"
        ) in lines
