"""The command line: what it prints, and how it exits."""

import csv
import io
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from cyclopts import CycloptsError

import sla_engine as sla
from sla_engine.cli import app

HEAD = "id,tier,opened_at,stopped_at\n"
LOG = (
    HEAD
    + "T-1,first_level,2026-03-02T09:00:00Z,2026-03-02T13:00:00Z\n"
    + "T-2,first_level,2026-03-02T09:00:00Z,2026-03-02T14:30:00Z\n"
    + "T-3,legal,2026-03-30T09:00:00Z,\n"
)


@dataclass
class Done:
    """What the program wrote, and how it ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run(*arguments: str | Path, stdin: bytes = b"") -> Done:
    """Call the program in this process, which is quicker than a process of its own."""
    streams = {
        "stdin": io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
        "stdout": io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
        "stderr": io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        try:
            app([str(one) for one in arguments], exit_on_error=False)
            code = 0
        except CycloptsError:  # what a process of its own makes 2 of, as below
            code = 2
        except SystemExit as end:
            code = int(end.code or 0)
    written = []
    for name in ("stdout", "stderr"):
        streams[name].flush()
        written.append(streams[name].buffer.getvalue())
    return Done(code, *written)


def process(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-m", "sla_engine", *map(str, arguments)], input=stdin, capture_output=True, check=False
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "tickets.csv"
    file.write_text(LOG, encoding="utf-8")
    return file


def test_the_report_as_text(log: Path) -> None:
    done = process("report", log, "--month", "2026-03", "--at", "2026-04-01T00:00:00Z")
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "Maxony: tickets due in 2026-03 (UTC)" in text
    figures = next(line.split() for line in text.splitlines() if line.startswith("first_level"))
    # Met, breached, the share, and the times of four hours and of five and a half: the lower median, and the longest.
    assert figures == ["first_level", "response", "within", "4h", "1", "1", "50.00%", "1/2", "4h", "5h30m"]
    assert "none decided" in text
    late = next(line for line in text.splitlines() if line.startswith("T-2"))
    assert late.split()[-2:] == ["1h30m", "1h30m"]
    assert "3 rows: 2 counted, 1 of other periods" in text


def test_the_report_as_json_and_csv(log: Path, tmp_path: Path) -> None:
    asked: list[str | Path] = ["report", log, "--month", "2026-03", "--at", "2026-04-01", "--zone", "UTC"]
    told = json.loads(run(*asked, "--format", "json").stdout)
    assert told["figures"][0] == {
        "tier": "first_level", "target": "response", "met": 1, "breached": 1, "running": 0, "paused": 0,
        "handed_off": 0, "excluded": 0, "undecided": 0, "share": "1/2", "share_text": "50.00%",
        "median": "4h", "p90": "5h30m",
    }  # fmt: skip
    assert [one["met"] for one in told["before"]] == [0, 0, 0]
    assert [one["running"] for one in told["after"]] == [0, 0, 1]  # T-3 is due in April
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
    assert json.loads(done.stdout)["figures"][0]["met"] == 1


def test_standard_input_and_other_names(tmp_path: Path) -> None:
    policy = tmp_path / "own.toml"
    policy.write_text(
        'name = "Own"\n[calendars.c]\nzone = "Europe/Rome"\nhours = { mon-fri = "09:00-18:00" }\n'
        '[tiers.gold]\ncalendar = "c"\ntargets = { first = "1h", last = "8h" }\n',
        encoding="utf-8",
    )
    done = process(
        "report", "-", "--policy", policy, "--zone", "Europe/Rome", "--target", "last", "--id-column", "no",
        "--tier-column", "level", "--opened-column", "from", "--stopped-column", "to",
        "--time-format", "%d.%m.%Y %H:%M",
        stdin="\ufeffno,level,from,to\n1,gold,02.03.2026 17:00,03.03.2026 16:00\n".encode(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"100.00%" in done.stdout


@pytest.mark.parametrize(("delimiter", "said"), [(";", ";"), ("\t", "tab"), ("\t", r"\t"), ("\t", "\t")])
def test_what_stands_between_columns(log: Path, delimiter: str, said: str) -> None:
    at = ("--at", "2026-04-01T00:00:00Z")
    other = LOG.replace(",", delimiter).encode()
    assert run("report", "-", *at, "--delimiter", said, stdin=other).stdout == run("report", log, *at).stdout
    done = run("report", "-", *at, stdin=other)
    assert done.returncode == 2
    assert f"delimiter={delimiter!r}, or --delimiter on the command line".encode() in done.stderr.replace(b"\n", b" ")
    done = run("report", log, *at, "--delimiter", "comma")
    assert (done.returncode, b"'comma' does not separate columns" in done.stderr) == (2, True)


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
    done = process("report", tmp_path / "none.csv")
    assert done.returncode == 2
    assert b"none.csv" in done.stderr


# Events: E-1 is answered after three hours, E-2 handed off half an hour late and never answered, E-3 opened in April.
EVENTS = """ticket,at,kind,tier,to,reason,customer
E-1,2026-03-02T09:00:00Z,open,first_level,,,acme
E-1,2026-03-02T10:00:00Z,pause,,,vendor,
E-1,2026-03-02T10:30:00Z,pause,,,vendor,
E-1,2026-03-02T12:00:00Z,respond,,,,
E-2,2026-03-02T09:00:00Z,open,first_level,,,beta
E-2,2026-03-02T13:30:00Z,hand_off,,second_level,,
E-3,2026-04-02T09:00:00Z,open,first_level,,,beta
"""
AT = ["--at", "2026-04-01T00:00:00Z"]


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "events.csv"
    file.write_text(EVENTS, encoding="utf-8")
    return file


class TestEvents:
    def test_the_report_finds_out_what_kind_of_log_it_is(self, events: Path) -> None:
        done = run("report", events, *AT)
        text = done.stdout.decode()
        assert (done.returncode, done.stderr) == (0, b"")
        first, second = (
            next(line.split() for line in text.splitlines() if line.startswith(tier))
            for tier in ("first_level", "second_level")
        )
        assert first == ["first_level", "response", "within", "4h", "1", "1", "50.00%", "1/2", "3h", "3h"]
        assert second == ["second_level", "response", "within", "8h", "0", "1", "0.00%", "0/1"]
        assert "7 rows, 2 tickets, 3 clocks: 3 counted" in text
        assert "1 tickets opened later, 0 rows or tickets not usable" in text
        assert "1 events that contradict the rest: 1 paused already" in text
        assert "1 tickets were handed off with something missing" in text

    def test_as_json_with_what_is_odd_and_missing(self, events: Path) -> None:
        told = json.loads(run("report", events, *AT, "--format", "json").stdout)
        assert told["tickets"] == 2
        assert [(one["ticket"], one["kind"]) for one in told["anomalies"]] == [("E-1", "paused_already")]
        # Mail checks are asked of mail only.
        assert told["missing_at_hand_off"] == [
            {"ticket": "E-2", "missing": ["customer_details", "reproduction_attempted", "faq_searched"]}
        ]
        assert told["rows"]["not_yet_opened"] == 1

    def test_grouped_by_month_and_by_an_attribute(self, events: Path) -> None:
        told = json.loads(run("report", events, *AT, "--by", "customer", "--by", "month", "--format", "json").stdout)
        found = {(one["tier"], one["customer"], one["month"]): (one["met"], one["breached"]) for one in told["figures"]}
        assert found == {
            ("first_level", "acme", "2026-03"): (1, 0),
            ("first_level", "beta", "2026-03"): (0, 1),
            ("second_level", "beta", "2026-03"): (0, 1),
        }
        text = run("report", events, *AT, "--by", "customer").stdout.decode()
        assert next(line.split()[4] for line in text.splitlines() if line.startswith("first_level")) == "acme"

    def test_the_present_is_needed(self, events: Path) -> None:
        done = run("report", events)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"--at" in done.stderr

    def test_rows_and_tickets_that_cannot_be_used_exit_with_1(self, events: Path) -> None:
        events.write_text(
            EVENTS + "E-4,2026-03-02T09:00:00Z,open,third_level,,,\nE-1,soon,note,,,,\n", encoding="utf-8"
        )
        done = run("report", events, *AT, "--format", "json")
        told = done.stderr.decode()
        assert done.returncode == 1
        assert "rows or tickets that could not be used: 2" in told
        assert "line 10 (E-1): at 'soon' is no time" in told
        assert "E-4" in told
        assert "there is no tier 'third_level'" in told
        assert json.loads(done.stdout)["rows"]["unusable"] == 2

    def test_json_tickets_are_a_log_too(self) -> None:
        ticket = {"id": "J-1", "tier": "legal", "opened_at": "2026-03-02T09:30:00Z", "events": []}
        done = run("report", "-", *AT, "--format", "csv", stdin=json.dumps([ticket]).encode())
        (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
        # The fifth business date after Monday is the next Monday, at the same time.
        assert (row["id"], row["verdict"], row["due_at"]) == ("J-1", "breached", "2026-03-09T09:30:00+00:00")


MAPPING = """
ticket = "No"
at = "When"
event = "What"
tier = "Level"
zone = "Europe/Rome"
time_format = "%d.%m.%Y %H:%M"
[tiers]
"1" = "first_level"
[events]
Opened = "open"
Answered = "respond"
Chat = "ignore"
"""


class TestMapping:
    log = "No,When,What,Level\n7,02.03.2026 10:00,Opened,1\n7,02.03.2026 11:00,Chat,1\n7,02.03.2026 14:00,Answered,1\n"

    def test_another_products_log(self, tmp_path: Path) -> None:
        mapping = tmp_path / "mapping.toml"
        mapping.write_text(MAPPING, encoding="utf-8")
        done = run("report", "-", *AT, "--mapping", mapping, "--format", "csv", stdin=self.log.encode())
        assert (done.returncode, done.stderr) == (0, b"")
        (row,) = csv.DictReader(io.StringIO(done.stdout.decode()))
        # Ten in Rome is nine in UTC; four hours later is exactly in time.
        assert (row["id"], row["due_at"], row["elapsed"], row["verdict"]) == (
            "7", "2026-03-02T14:00:00+01:00", "4h", "met",
        )  # fmt: skip

    def test_the_same_as_json(self, tmp_path: Path) -> None:
        mapping = tmp_path / "mapping.json"
        mapping.write_text(json.dumps(tomllib.loads(MAPPING)), encoding="utf-8")
        done = run("report", "-", *AT, "--mapping", mapping, "--format", "json", stdin=self.log.encode())
        assert json.loads(done.stdout)["figures"][0]["met"] == 1

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("ticket =", ["mapping.toml", "malformed mapping"]),
            (MAPPING + "[colours]\n", ["mapping.toml", "colours"]),
            (MAPPING.replace('"respond"', '"answer"'), ["mapping.toml", "Answered", "'answer' is no kind of event"]),
            (MAPPING.replace('"When"', '"Date"'), ["no column 'Date'", "'When'"]),
            (MAPPING.replace("Europe/Rome", "Rome"), ["Europe/Rome"]),
        ],
    )
    def test_what_is_wrong_with_it_is_told(self, tmp_path: Path, text: str, words: list[str]) -> None:
        mapping = tmp_path / "mapping.toml"
        mapping.write_text(text, encoding="utf-8")
        done = run("report", "-", *AT, "--mapping", mapping, stdin=self.log.encode())
        told = done.stderr.decode()
        assert (done.returncode, done.stdout) == (2, b"")
        assert "Traceback" not in told
        for word in words:
            assert word in told

    def test_events_that_the_mapping_does_not_know_are_told(self, tmp_path: Path) -> None:
        mapping = tmp_path / "mapping.toml"
        mapping.write_text(MAPPING, encoding="utf-8")
        log = self.log + "7,02.03.2026 15:00,Escalated,1\n"
        done = run("report", "-", *AT, "--mapping", mapping, stdin=log.encode())
        assert done.returncode == 1
        assert b"line 5 (7): What 'Escalated' is no event that the mapping knows" in done.stderr


class TestExplain:
    at = ("--at", "2026-03-02T14:00:00Z")

    def test_the_ledger_of_a_ticket(self, events: Path) -> None:
        done = run("explain", "E-1", events, *self.at)
        text = done.stdout.decode()
        assert (done.returncode, done.stderr) == (0, b"")
        assert "E-1: response in first_level, target 4h" in text
        assert "counted 3h of 4h, 1h left" in text
        assert "stopped, met; due 2026-03-02T13:00:00+00:00" in text
        assert "paused: vendor already" in text

    def test_as_json_and_html(self, events: Path, tmp_path: Path) -> None:
        told = json.loads(run("explain", "E-2", events, *self.at, "--format", "json").stdout)
        assert [(one["tier"], one["phase"], one["verdict"]) for one in told["clocks"]] == [
            ("first_level", "handed_off", "breached"),
            ("second_level", "running", "undecided"),
        ]
        done = run("explain", "E-2", events, *self.at, "--format", "html", "--output", tmp_path / "out.html")
        assert (done.returncode, done.stdout) == (0, b"")
        html = (tmp_path / "out.html").read_text(encoding="utf-8")
        assert html.count("<table") == html.count("</table>") == 2

    def test_of_a_log_with_one_row_a_ticket(self, log: Path) -> None:
        done = run("explain", "T-2", log, *AT)
        assert done.returncode == 0
        # From 09:00 to 14:30, with a target of 4 hours.
        assert b"counted 5h30m of 4h, 1h30m over" in done.stdout

    def test_rows_of_the_ticket_that_cannot_be_used_are_told(self, events: Path) -> None:
        """Its time is explained without them, so whoever reads it must know."""
        events.write_text(EVENTS + "E-1,soon,resume,,,,\n", encoding="utf-8")
        done = run("explain", "E-1", events, *self.at)
        assert done.returncode == 1
        assert b"counted 3h of 4h" in done.stdout
        assert b"line 9 (E-1): at 'soon' is no time" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["E-9", *at], ["no ticket 'E-9'", "ids"]),
            (["E-1"], ["--at"]),
            (["E-1", *at, "--clock", "resolution"], ["no clock 'resolution'", "It has response"]),
            (["E-1", *at, "--format", "csv"], ["csv"]),
            (["E-1", "--at", "noon"], ["'noon' is no time"]),
        ],
    )
    def test_what_stops_it(self, events: Path, arguments: list[str], words: list[str]) -> None:
        done = run("explain", arguments[0], events, *arguments[1:])
        told = (done.stdout + done.stderr).decode()
        assert done.returncode == 2
        assert "Traceback" not in told
        for word in words:
            assert word in told


class TestCompare:
    @pytest.fixture
    def strict(self, tmp_path: Path) -> Path:
        """Maxony with a first level that answers within three hours."""
        data = sla.maxony_policy().to_data()
        data["name"] = "Strict"
        data["tiers"]["first_level"]["targets"] = {"response": "3h"}
        file = tmp_path / "strict.json"
        file.write_text(json.dumps(data), encoding="utf-8")
        return file

    def test_who_flips(self, log: Path, strict: Path) -> None:
        done = run("compare", log, "--against", strict, *AT)
        text = done.stdout.decode()
        assert (done.returncode, done.stderr) == (0, b"")
        # T-1 took four hours, T-2 is breached either way; both are due an hour earlier.
        assert "3 targets compared, 2 due at another instant, 1 with another verdict, 0 that only one" in text
        month = next(line.split() for line in text.splitlines() if line.startswith("first_level"))
        assert month == ["first_level", "response", "2026-03", "50.00%", "0.00%", "-50.00"]
        (flip,) = (line for line in text.splitlines() if line.startswith("T-1"))
        assert "met -> breached" in flip
        assert flip.split()[-1] == "-1h"
        assert not any(line.startswith("T-2") for line in text.splitlines())

    def test_one_of_several_targets(self, log: Path, tmp_path: Path) -> None:
        for name, solution in (("one", "16h"), ("other", "3h")):
            tiers = f'[tiers.{{}}]\ncalendar = "c"\ntargets = {{{{ response = "9h", solution = "{solution}" }}}}\n'
            text = f'name = "{name}"\n[calendars.c]\nzone = "UTC"\nhours = {{ mon-fri = "08:00-18:00" }}\n'
            written = text + tiers.format("first_level") + tiers.format("legal")
            (tmp_path / f"{name}.toml").write_text(written, encoding="utf-8")
        asked: list[str | Path] = ["--policy", tmp_path / "one.toml", "--against", tmp_path / "other.toml", *AT]
        # T-3, of 30 March, is open on 1 April: later than 16 hours and than 3.
        for target, flips in (("solution", ["T-1", "T-2"]), ("response", [])):
            done = run("compare", log, *asked, "--target", target, "--format", "json")
            assert (done.returncode, done.stderr) == (0, b"")
            assert sorted(flip["id"] for flip in json.loads(done.stdout)["flips"]) == flips
        assert run("compare", log, *asked).returncode == 1
        checked: list[str | Path] = [log, "--policy", tmp_path / "one.toml", *AT, "--target", "solution"]
        assert run("check", *checked).returncode == 0

    def test_as_json(self, log: Path, strict: Path) -> None:
        told = json.loads(
            run("compare", log, "--policy", strict, "--against", "maxony", *AT, "--format", "json").stdout
        )
        assert (told["before"], told["after"], told["compared"], told["moved"]) == ("Strict", "Maxony", 3, 2)
        (flip,) = told["flips"]
        assert (flip["id"], flip["verdict_before"], flip["verdict_after"]) == ("T-1", "breached", "met")
        assert (flip["due_moved_by"], flip["late_before"], flip["late_after"]) == ("1h", "1h", "0s")
        assert told["changes"][0]["points"] == "1/2"

    def test_rows_that_cannot_be_used_exit_with_1(self, log: Path, strict: Path) -> None:
        log.write_text(LOG + "T-4,first_level,soon,\n", encoding="utf-8")
        done = run("compare", log, "--against", strict, *AT)
        assert done.returncode == 1
        assert b"line 5 (T-4): opened_at 'soon' is no time" in done.stderr

    def test_tickets_that_only_the_other_policy_cannot_judge_are_told(self, log: Path, tmp_path: Path) -> None:
        data = sla.maxony_policy().to_data()
        del data["tiers"]["legal"]
        other = tmp_path / "other.json"
        other.write_text(json.dumps(data), encoding="utf-8")
        done = run("compare", log, "--against", other, *AT)
        assert done.returncode == 1
        assert b"T-3" in done.stderr
        assert b"there is no tier 'legal'" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ([], ["against"]),
            (["--against", "none.toml", *AT], ["none.toml"]),
            (["--against", "maxony"], ["--at", "T-3"]),
        ],
    )
    def test_what_stops_it(self, log: Path, arguments: list[str], words: list[str]) -> None:
        done = run("compare", log, *arguments)
        told = (done.stdout + done.stderr).decode()
        assert done.returncode == 2
        assert "Traceback" not in told
        for word in words:
            assert word in told


class TestCheck:
    def test_the_policy_alone(self) -> None:
        done = run("check", *AT)
        text = done.stdout.decode()
        assert (done.returncode, done.stderr) == (0, b"")
        assert "Maxony: 2 findings" in text
        assert text.count("fixed offset: ") == 2
        assert "calendars.europe.zone" in text
        assert "Europe/Zurich" in text

    def test_with_a_log_both_readings_are_compared(self, tmp_path: Path) -> None:
        log = tmp_path / "july.csv"
        # On 1 July, a Wednesday, Zurich opens at 06:00 UTC, and GMT+1 at 07:00: so 06:30 to 10:45 is 4h15m, or 3h45m.
        log.write_text(HEAD + "T-1,first_level,2026-07-01T06:30:00Z,2026-07-01T10:45:00Z\n", encoding="utf-8")
        told = json.loads(run("check", log, "--at", "2026-08-01T00:00:00Z", "--format", "json").stdout)
        assert {one["kind"] for one in told["findings"]} == {"fixed_offset"}
        (flip,) = told["readings"]["flips"]
        assert (flip["id"], flip["verdict_before"], flip["verdict_after"]) == ("T-1", "met", "breached")
        assert flip["due_moved_by"] == "-30m"

    def test_tiers_of_the_log_that_there_are_not(self, log: Path) -> None:
        log.write_text(LOG + "T-4,third_level,2026-03-02T09:00:00Z,\n", encoding="utf-8")
        done = run("check", log, *AT)
        assert b"1 tickets of the log are of the tier 'third_level'" in done.stdout
        assert b"'T-4'" in done.stdout

    def test_rows_that_cannot_be_used_are_told(self, log: Path) -> None:
        log.write_text(LOG + "T-4,first_level,soon,\n", encoding="utf-8")
        done = run("check", log, *AT)
        assert done.returncode == 1
        assert b"line 5 (T-4): opened_at 'soon' is no time" in done.stderr

    def test_event_rows_that_cannot_be_used_are_told(self, events: Path) -> None:
        events.write_text(EVENTS + "E-1,soon,note,,,,\n", encoding="utf-8")
        done = run("check", events, *AT)
        assert done.returncode == 1
        assert b"line 9 (E-1): at 'soon' is no time" in done.stderr

    def test_the_present_is_needed(self) -> None:
        done = run("check")
        assert done.returncode == 2
        assert b"--at" in done.stderr


def test_a_process_of_its_own_exits_as_the_rest(log: Path) -> None:
    wrong = process("report", log, "--colour")
    assert wrong.returncode == 2
    assert b"Traceback" not in wrong.stderr
    assert process("report", log).returncode == 2
    log.write_text(LOG + "T-4,first_level,soon,\n", encoding="utf-8")
    assert process("report", log, *AT).returncode == 1


def test_without_its_extra_it_says_what_to_install() -> None:
    blocked = "import sys; sys.modules['cyclopts'] = None; from sla_engine.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert b"sla_engine[cli]" in done.stderr
