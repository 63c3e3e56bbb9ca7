"""The command line: what it prints, and how it exits."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "id,tier,opened_at,stopped_at\n"
LOG = (
    HEAD
    + "T-1,first_level,2026-03-02T09:00:00Z,2026-03-02T13:00:00Z\n"
    + "T-2,first_level,2026-03-02T09:00:00Z,2026-03-02T14:30:00Z\n"
    + "T-3,legal,2026-03-30T09:00:00Z,\n"
)


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-m", "sla_engine", *map(str, arguments)], input=stdin, capture_output=True, check=False
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "tickets.csv"
    file.write_text(LOG, encoding="utf-8")
    return file


def test_the_report_as_text(log: Path) -> None:
    done = run("report", log, "--month", "2026-03", "--at", "2026-04-01T00:00:00Z")
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Maxony: tickets due in 2026-03 (UTC)" in text
    figures = next(line.split() for line in text.splitlines() if line.startswith("first_level"))
    assert figures == ["first_level", "response", "within", "4h", "1", "1", "0", "50.00%", "1/2"]
    assert "none decided" in text
    late = next(line for line in text.splitlines() if line.startswith("T-2"))
    assert late.split()[-2:] == ["1h30m", "1h30m"]
    assert "3 rows: 2 counted, 1 of other periods" in text


def test_the_report_as_json_and_csv(log: Path, tmp_path: Path) -> None:
    asked: list[str | Path] = ["report", log, "--month", "2026-03", "--at", "2026-04-01", "--zone", "UTC"]
    told = json.loads(run(*asked, "--format", "json").stdout)
    assert told["tiers"][0] == {
        "tier": "first_level", "target": "response", "met": 1, "breached": 1, "undecided": 0,
        "share": "1/2", "share_text": "50.00%",
    }  # fmt: skip
    assert [one["id"] for one in told["breached"]] == ["T-2"]
    assert told["rows"] == {
        "all": 3, "in_period": 2, "outside_period": 1, "without_that_instant": 0, "not_yet_opened": 0, "unusable": 0,
    }  # fmt: skip
    assert run(*asked, "--format", "csv", "--output", tmp_path / "out.csv").stdout == b""
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert [(row["id"], row["verdict"], row["late_by"]) for row in rows] == [
        ("T-1", "met", "0s"),
        ("T-2", "breached", "1h30m"),
    ]


def test_rows_that_cannot_be_used_are_told_and_exit_with_1(log: Path) -> None:
    log.write_text(LOG + "T-4,first_level,soon,\n", encoding="utf-8")
    done = run("report", log, "--at", "2026-04-01T00:00:00Z", "--format", "json")
    assert done.returncode == 1
    assert b"line 5 (T-4): opened_at 'soon' is no time" in done.stderr
    assert json.loads(done.stdout)["problems"][0]["line"] == 5
    assert json.loads(done.stdout)["tiers"][0]["met"] == 1


def test_standard_input_and_other_names(tmp_path: Path) -> None:
    policy = tmp_path / "own.toml"
    policy.write_text(
        'name = "Own"\n[calendars.c]\nzone = "Europe/Rome"\nhours = { mon-fri = "09:00-18:00" }\n'
        '[tiers.gold]\ncalendar = "c"\ntargets = { first = "1h", last = "8h" }\n',
        encoding="utf-8",
    )
    done = run(
        "report", "-", "--policy", policy, "--zone", "Europe/Rome", "--target", "last", "--id-column", "no",
        "--tier-column", "level", "--opened-column", "from", "--stopped-column", "to",
        "--time-format", "%d.%m.%Y %H:%M",
        stdin="\ufeffno,level,from,to\n1,gold,02.03.2026 17:00,03.03.2026 16:00\n".encode(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"100.00%" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--month", "2026-03"], ["1 tickets are open", "T-3", "--at"]),
        (["--at", "2026-04-01T00:00:00"], ["has no zone", "--zone"]),
        (["--at", "today"], ["'today' is no time"]),
        (["--at", "2026-04-01T00:00:00Z", "--month", "03/2026"], ["no month", "2026-03"]),
        (["--at", "2026-04-01T00:00:00Z", "--policy", "none.toml"], ["none.toml"]),
        (["--at", "2026-04-01T00:00:00Z", "--zone", "Rome"], ["Europe/Rome"]),
        (["--at", "2026-04-01T00:00:00Z", "--id-column", "key"], ["no column 'key'", "'id'"]),
        (["--at", "2026-04-01T00:00:00Z", "--colour"], ["colour"]),
        (["--at", "2026-04-01T00:00:00Z", "--format", "pdf"], ["pdf"]),
    ],
)
def test_what_stops_it_exits_with_2_and_says_why(log: Path, arguments: list[str], words: list[str]) -> None:
    done = run("report", log, *arguments)
    told = (done.stdout + done.stderr).decode()
    assert done.returncode == 2
    assert "Traceback" not in told
    for word in words:
        assert word in told


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = run("report", tmp_path / "none.csv")
    assert done.returncode == 2
    assert b"none.csv" in done.stderr


def test_without_its_extra_it_says_what_to_install() -> None:
    blocked = "import sys; sys.modules['cyclopts'] = None; from sla_engine.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert b"sla_engine[cli]" in done.stderr
