"""Probe logs, incidents and maintenance as files, and the commands that read them."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

import sla_engine as sla
from sla_engine.cli import app

START = datetime(2026, 3, 1, tzinfo=UTC)


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


class TestProbes:
    def test_each_service_and_location_has_a_log_of_its_own(self) -> None:
        text = "\n".join(
            [
                "at,service,location,up",
                f"{at(minutes=5)},api,rome,down",
                f"{at()},api,rome,UP",
                f"{at()},api,oslo,ok",
                f"{at()},web,,1",
            ]
        )
        found = sla.read_probes(text, every={"api": "1m", "web": "5m"})
        assert found.problems == ()
        assert found.rows == 4
        assert {(name, log.location): log.ups for name, logs in found.logs.items() for log in logs} == {
            ("api", "rome"): (True, False),
            ("api", "oslo"): (True,),
            ("web", ""): (True,),
        }
        assert found.logs["web"][0].spacing(0) == 300_000_000

    def test_rows_that_cannot_be_used_are_problems_with_their_lines(self) -> None:
        rows = [
            "at,up,service",
            f"{at()},up,api",
            f"{at()},up,api",
            f"{at()},down,api",
            f"{at(minutes=1)},perhaps,api",
            "soon,up,api",
            f"{at(minutes=2)},up,sms",
            f"{at(minutes=3)},up",
            "2026-03-01T00:04:00,up,api",
        ]
        found = sla.read_probes("\n".join(rows), every={"api": "1m"})
        assert [one.line for one in found.problems] == [3, 4, 5, 6, 7, 8, 9]
        said = [one.problem for one in found.problems]
        assert "is told again" in said[0]
        assert "again, and otherwise" in said[1]
        assert "neither up nor down" in said[2]
        assert "'soon' is no time" in said[3]
        assert "'sms' is none that is asked about" in said[4]
        assert "has 2 fields, and the header has 3" in said[5]
        assert "has no zone" in said[6]
        assert found.logs["api"][0].ups == (True,)

    def test_words_and_zones_are_the_readers(self) -> None:
        found = sla.read_probes(
            "at,up\n2026-03-01 00:00,gut\n2026-03-01 00:05,schlecht\n",
            every="5m",
            zone="Europe/Berlin",
            up=["gut"],
            down=["schlecht"],
        )
        assert found.logs[""][0].ups == (True, False)
        assert (
            sla.evaluate_uptime(
                "99%", sla.Month(2026, 3, zone="Europe/Berlin"), at=START + timedelta(days=1), probes=found.logs[""]
            )
            .stretches[0]
            .state
            == "uncertain"
        )

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "the log is empty"),
            ("at,up\n", "no rows"),
            ("at,state\n1,2\n", "no column 'up'"),
            ("at,up,up\n1,2,3\n", "stands 2 times"),
        ],
        ids=["empty", "header only", "missing", "twice"],
    )
    def test_what_is_no_log_is_an_error(self, text: str, said: str) -> None:
        with pytest.raises(sla.InvalidLog, match=said):
            sla.read_probes(text, every="1m")


class TestIncidentsAndMaintenance:
    def test_incidents(self) -> None:
        rows = [
            "id,start,end,service,weight",
            f"I-1,{at(hours=1)},{at(hours=2)},api,30%",
            f"I-2,{at(hours=3)},,,",
            f"I-3,{at(hours=5)},{at(hours=4)},api,",
            f"I-4,{at(hours=5)},{at(hours=6)},api,130%",
            f",{at(hours=5)},{at(hours=6)},api,",
        ]
        found = sla.read_incidents("\n".join(rows))
        assert found.incidents == {
            "api": (sla.Incident("I-1", START + timedelta(hours=1), START + timedelta(hours=2), "30%"),),
            "": (sla.Incident("I-2", START + timedelta(hours=3)),),
        }
        assert [(one.line, one.id) for one in found.problems] == [(4, "I-3"), (5, "I-4"), (6, "")]
        assert "before it starts" in found.problems[0].problem

    def test_maintenance(self) -> None:
        rows = [
            "id,start,end,announced_at,service,emergency",
            f"M-1,{at(hours=1)},{at(hours=2)},{at()},api,no",
            f"M-2,{at(hours=3)},{at(hours=4)},,,yes",
            f"M-3,{at(hours=3)},{at(hours=4)},,,perhaps",
        ]
        found = sla.read_maintenance("\n".join(rows))
        hour = timedelta(hours=1)
        assert found.maintenance == {
            "api": (sla.Maintenance("M-1", START + hour, START + 2 * hour, START),),
            "": (sla.Maintenance("M-2", START + 3 * hour, START + 4 * hour, None, True),),
        }
        assert [one.line for one in found.problems] == [4]


@pytest.fixture
def probes(tmp_path: Path) -> Path:
    """One failed probe of each service at noon of every day in March; nothing else fails."""
    file = tmp_path / "probes.csv"
    lines = ["at,service,up"]
    for service, minutes in {"web": 5, "applications": 5, "api": 5, "smtp": 5, "sms": 5}.items():
        for number in range(31 * 288 + 1):
            moment = START + number * timedelta(minutes=minutes)
            lines.append(
                f"{moment.isoformat()},{service},{'down' if moment.hour == 12 and not moment.minute else 'up'}"
            )
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


class TestDelimiters:
    """What stands between columns is said to every reader, and to the command for all of its files."""

    FILES: ClassVar[dict[str, str]] = {
        "probes": f"at,up,service\n{at()},up,api\n{at(minutes=5)},down,api\n",
        "incidents": f"id,start,end,service\nI-1,{at(hours=1)},{at(hours=2)},api\n",
        "maintenance": f"id,start,end,announced_at,service\nM-1,{at(hours=3)},{at(hours=4)},{at()},api\n",
        "reclassified": f"id,start,end,decision,decided_at\nD-1,{at(hours=1)},{at(hours=2)},up,{at(hours=5)}\n",
    }
    REQUESTS = f"at,requests,errors\n{at()},10,1\n{at(minutes=5)},10,9\n"

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_of_every_reader(self, delimiter: str) -> None:
        def other(text: str) -> str:
            return text.replace(",", delimiter)

        probes = self.FILES["probes"]
        assert sla.read_probes(other(probes), every="5m", delimiter=delimiter) == sla.read_probes(probes, every="5m")
        gate = sla.RequestGate(error_rate="10%")
        assert sla.read_requests(other(self.REQUESTS), every="5m", gate=gate, delimiter=delimiter) == sla.read_requests(
            self.REQUESTS, every="5m", gate=gate
        )
        for name, read in (
            ("incidents", sla.read_incidents),
            ("maintenance", sla.read_maintenance),
            ("reclassified", sla.read_reclassifications),
        ):
            found = read(other(self.FILES[name]), delimiter=delimiter)
            assert found == read(self.FILES[name])
            assert (found.rows, found.problems) == (1, ())

    def test_of_the_command(self, tmp_path: Path) -> None:
        told = []
        for folder, delimiter in (("commas", ","), ("semicolons", ";")):
            (tmp_path / folder).mkdir()
            for name, text in self.FILES.items():
                (tmp_path / folder / f"{name}.csv").write_text(text.replace(",", delimiter), encoding="utf-8")
            policy = TestUptimeCommand().policy(tmp_path)
            files = [f"--{name}={tmp_path / folder / name}.csv" for name in list(self.FILES)[1:]]
            asked = ["--month", "2026-03", "--at", at(days=40), "--policy", policy, "--delimiter", delimiter]
            told.append(run("uptime", tmp_path / folder / "probes.csv", *asked, *files))
        assert told[0] == told[1]
        assert (told[0][0], told[0][2]) == (0, "")


class TestUptimeCommand:
    POLICY = """
name = "Five minutes"
[services]
web = { uptime = "99%", probe_every = "5m" }
applications = { uptime = "99.9%", probe_every = "5m" }
api = { uptime = "99.9%", probe_every = "5m" }
smtp = { uptime = "99%", probe_every = "5m" }
sms = { uptime = "99.99%", probe_every = "5m" }
"""

    def policy(self, folder: Path) -> Path:
        file = folder / "policy.toml"
        file.write_text(self.POLICY, encoding="utf-8")
        return file

    def test_each_service_has_its_bounds_and_its_verdict(self, probes: Path, tmp_path: Path) -> None:
        code, out, err = run(
            "uptime", probes, "--month", "2026-03", "--policy", self.policy(tmp_path), "--format", "json"
        )
        assert (code, err) == (0, "")
        told = json.loads(out)
        # 31 single failed probes: nothing down for certain, five minutes each expected, ten at most.
        for name in told:
            assert told[name]["downtime"] == {"lower": "0s", "expected": "2h35m", "upper": "5h10m"}
        # The budgets of 44,640 minutes: 446.4 minutes at 99 %, 44.64 at 99.9 %, and 4.464 at 99.99 %.
        assert {name: one["verdict"] for name, one in told.items()} == {
            "web": "met",
            "applications": "undecided",
            "api": "undecided",
            "smtp": "met",
            "sms": "undecided",
        }

    def test_incidents_count_and_announced_maintenance_excuses(self, probes: Path, tmp_path: Path) -> None:
        incidents, work = tmp_path / "incidents.csv", tmp_path / "maintenance.csv"
        incidents.write_text(f"id,start,end,service\nI-1,{at(hours=1)},{at(hours=2)},api\n", encoding="utf-8")
        rows = [f"M-1,{at(hours=1)},{at(hours=2)},{at()},api", f"M-2,{at(hours=1)},{at(hours=2)},,web"]
        work.write_text("id,start,end,announced_at,service\n" + "\n".join(rows), encoding="utf-8")
        given = [
            "uptime",
            probes,
            "--month",
            "2026-03",
            "--policy",
            self.policy(tmp_path),
            "--format",
            "json",
            "--incidents",
            incidents,
        ]
        _, counted, _ = run(*given)
        assert json.loads(counted)["api"]["downtime"]["lower"] == "1h"
        assert json.loads(counted)["api"]["verdict"] == "breached"
        _, excused, _ = run(*given, "--maintenance", work)
        assert json.loads(excused)["api"]["downtime"]["lower"] == "0s"
        _, late, _ = run(*given, "--maintenance", work, "--notice", "2h")
        assert json.loads(late)["api"]["downtime"]["lower"] == "1h"
        _, capped, _ = run(*given, "--maintenance", work, "--cap-per-event", "45m")
        assert json.loads(capped)["api"]["downtime"]["lower"] == "15m"

    def test_the_text_has_a_line_for_each_service(self, probes: Path, tmp_path: Path) -> None:
        code, out, _ = run("uptime", probes, "--month", "2026-03", "--policy", self.policy(tmp_path))
        assert code == 0
        assert [line.split()[0] for line in out.splitlines()[2:]] == ["web", "applications", "api", "smtp", "sms"]

    def test_a_month_that_is_not_over_needs_an_instant(self, probes: Path, tmp_path: Path) -> None:
        code, _, err = run("uptime", probes, "--month", "2026-04", "--policy", self.policy(tmp_path))
        assert code == 2
        assert "--at: the probes end at 2026-04-01T00:00:00+00:00, before 2026-04 does" in err.replace("\n", " ")
        code, out, _ = run(
            "uptime",
            probes,
            "--month",
            "2026-04",
            "--policy",
            self.policy(tmp_path),
            "--at",
            "2026-03-31T23:00:00Z",
            "--format",
            "json",
        )
        assert code == 0
        assert {one["coverage"] for one in json.loads(out).values()} == {None}

    def test_rows_that_cannot_be_used_exit_with_1(self, probes: Path, tmp_path: Path) -> None:
        with probes.open("a", encoding="utf-8") as file:
            file.write("\nsoon,api,up\n")
        code, out, err = run("uptime", probes, "--month", "2026-03", "--policy", self.policy(tmp_path))
        assert code == 1
        assert "api" in out
        assert "rows that could not be used: 1" in err

    def test_a_missing_file_exits_with_2(self, tmp_path: Path) -> None:
        assert run("uptime", tmp_path / "none.csv", "--month", "2026-03")[0] == 2


class TestBudgetCommand:
    def test_the_budget_of_a_month_in_a_zone(self) -> None:
        # March has an hour less in Berlin: 44,580 minutes, of which one per cent is 445.8.
        code, out, _ = run("budget", "99%", "--month", "2026-03", "--zone", "Europe/Berlin", "--format", "json")
        told = json.loads(out)
        assert code == 0
        assert told["allowed"] == "7h25m48s"
        assert told["alerts"][0]["burn_rate"] == str(sla.Share(2, 100).fraction * 44_580 / 60)

    @pytest.mark.parametrize(
        ("window", "minutes"),
        [(("--quarter", "2026-Q1"), 90 * 1440), (("--year", "2028"), 366 * 1440), (("--window", "720h"), 43_200)],
    )
    def test_other_windows(self, window: tuple[str, str], minutes: int) -> None:
        _, out, _ = run("budget", "99.9%", *window, "--format", "json")
        assert json.loads(out)["window_us"] == minutes * 60_000_000

    def test_what_is_spent(self) -> None:
        _, out, _ = run("budget", "99%", "--window", "720h", "--downtime", "433m")
        assert "7h13m down: breached, 98.9976% up, 100.24% of the budget spent, -1m left" in out

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("100%", "--month", "2026-03"), "leaves no budget"),
            (("99%",), "0 are given"),
            (("99%", "--month", "2026-03", "--window", "1h"), "2 are given"),
            (("99%", "--quarter", "2026-5"), "is no quarter"),
            (("99%", "--year", "two"), "is no year"),
            (("99%", "--month", "March"), "is no month"),
            (("99,9%", "--month", "2026-03"), "is no share"),
        ],
        ids=str,
    )
    def test_what_is_no_budget_exits_with_2(self, arguments: tuple[str, ...], said: str) -> None:
        code, _, err = run("budget", *arguments)
        assert code == 2
        assert said in err.replace("\n", " ")
