"""Ticket logs as they come: what cannot be read is reported with its line, and nothing is lost."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sla_engine as sla
from sla_engine.tickets import Respond

HEAD = "id,tier,opened_at,stopped_at\n"
GOOD = "T-1,first_level,2026-03-02T09:00:00Z,2026-03-02T10:00:00+01:00\n"


def test_a_good_log_is_read_to_the_instant() -> None:
    log = sla.read_log(HEAD + GOOD + "T-2,legal,2026-03-02T09:00:00.000001Z,\n")
    assert log.problems == ()
    first, second = log.rows
    assert (first.line, first.id, first.tier) == (2, "T-1", "first_level")
    assert first.stopped_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert second.stopped_at is None
    assert second.opened_at.microsecond == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        (b"\r\n", "empty"),
        ("\ufeff", "empty"),
        (HEAD, "no rows"),
        ("id,tier\nT-1,legal\n", "no column 'opened_at', 'stopped_at'.*It has 'id', 'tier'"),
        ("id,id,tier,opened_at,stopped_at\n", "'id' stands 2 times"),
        (b"id,tier,opened_at,stopped_at\n\xff\n", "not UTF-8.*0xff"),
        (HEAD.replace(",", ";") + GOOD.replace(",", ";"), "no column 'id', 'tier'.*Semicolons seem to separate.*';'"),
        (HEAD.replace(",", "\t") + GOOD.replace(",", "\t"), "no column 'id', 'tier'.*Tabs seem to separate"),
        ("logs/march.csv", "no column 'id', 'tier'.*'logs/march.csv' is read as the log itself"),
        ("march", "no column 'id', 'tier'.*It has 'march'"),
        ([], "empty"),
        ([b""], "empty"),
        ([b"id,tier,opened_at,stopped_at\n", b"\xff\n"], "not UTF-8: byte 29 is 0xff"),
        (Path("logs/march.csv"), "log: .*Path is no log.*read_bytes"),
        (None, "log: NoneType is no log"),
        ([1, 2], "log: int is no line of a log.*an open file"),
        ([HEAD, GOOD.encode()], "log: bytes is no line of a log"),
        ([HEAD.encode(), GOOD], "log: str is no line of bytes, as the first one is"),
        (bytearray(HEAD.encode()), "log: int is no line of a log"),
        (7, "log: int is no log"),
    ],
)
def test_what_is_no_log_at_all(source: Any, words: str) -> None:
    with pytest.raises(sla.InvalidLog, match=f"(?s){words}") as caught:
        sla.read_log(source)
    assert caught.value.remedy


def test_an_open_file_is_a_log_whether_of_text_or_bytes(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(("\ufeff" + HEAD + GOOD).replace("\n", "\r\n").encode())
    with file.open(encoding="utf-8", newline="") as text, file.open("rb") as binary:
        logs = [sla.read_log(text), sla.read_log(binary)]
    assert [row.id for row in logs[0].rows] == ["T-1"]
    assert logs == [sla.read_log(HEAD + GOOD)] * 2


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_what_stands_between_columns_can_be_said(delimiter: str) -> None:
    text = (HEAD + GOOD + 'T-2,"legal",2026-03-02T09:00:00Z,\n').replace(",", delimiter)
    log = sla.read_log(
        text + f'"T{delimiter}3"{delimiter}"a, b"{delimiter}2026-03-02T09:00:00Z{delimiter}\n', delimiter=delimiter
    )
    assert [(row.id, row.tier) for row in log.rows] == [
        ("T-1", "first_level"),
        ("T-2", "legal"),
        (f"T{delimiter}3", "a, b"),
    ]
    assert log.rows[:1] == sla.read_log(HEAD + GOOD).rows
    events = "ticket,at,kind,tier\nA,2026-03-02T09:00:00Z,open,legal\nA,2026-03-02T10:00:00Z,respond,\n"
    told = sla.read_events(events.replace(",", delimiter), delimiter=delimiter)
    assert told == sla.read_events(events)
    mapping = sla.LogMapping(attributes={"customer": "Client"})
    more = "ticket,at,kind,tier,Client\nA,2026-03-02T09:00:00Z,open,legal,x\n"
    assert sla.read_events(more.replace(",", delimiter), mapping=mapping, delimiter=delimiter) == sla.read_events(
        more, mapping=mapping
    )


@pytest.mark.parametrize("delimiter", ["", ";;", "x", "1", "é", '"', "\n", "\r", None, 5, b";", [";"]])
def test_what_cannot_stand_between_columns(delimiter: Any) -> None:
    for read in (sla.read_log, sla.read_events, sla.read_incidents, sla.read_maintenance, sla.read_reclassifications):
        with pytest.raises(sla.InvalidLog, match=r"delimiter: .* does not separate columns\. Give one character"):
            read(HEAD + GOOD, delimiter=delimiter)
    with pytest.raises(sla.InvalidLog, match="delimiter: "):
        sla.read_probes("at,up\n", every="1m", delimiter=delimiter)


def test_a_log_with_commas_is_told_so_too() -> None:
    with pytest.raises(sla.InvalidLog, match="Commas seem to separate its columns: delimiter=','"):
        sla.read_log(HEAD + GOOD, delimiter=";")


def test_an_event_log_says_all_columns_that_it_does_not_have() -> None:
    with pytest.raises(sla.InvalidLog, match=r"no column 'ticket', 'at'.*It has 'kind', 'who'"):
        sla.read_events("kind,who\nopen,x\n")
    with pytest.raises(sla.InvalidLog, match="the column 'at' stands 2 times"):
        sla.read_events("ticket,at,at,kind\n")
    mapping = sla.LogMapping(ticket="Case", at="When", event="What", tier=None, attributes={"customer": "Client"})
    with pytest.raises(sla.InvalidLog, match="no column 'When', 'Client'"):
        sla.read_events("Case,What\n", mapping=mapping)
    with pytest.raises(sla.InvalidLog, match="Path is no log"):
        sla.read_events(Path("march.csv"))  # type: ignore[arg-type]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    for source in (("\ufeff" + HEAD + GOOD), ("\ufeff" + HEAD + GOOD).encode(), iter(["\ufeff" + HEAD, GOOD])):
        assert [row.id for row in sla.read_log(source).rows] == ["T-1"]


def test_rows_that_cannot_be_read_are_reported_with_their_line_and_the_rest_is_there() -> None:
    log = sla.read_log(
        HEAD
        + GOOD
        + "T-1,first_level,2026-03-02T09:00:00Z,\n"  # 3: the same id again
        + "T-3,first_level,yesterday,\n"
        + "T-4,first_level,2026-03-02 09:00,\n"  # 5: naive
        + ",first_level,2026-03-02T09:00:00Z,\n"
        + "T-6,,2026-03-02T09:00:00Z,\n"
        + "T-7,first_level,,\n"
        + "T-8,first_level\n"
        + "\n"  # 10: an empty line is nothing
        + '"T-9\nwith a break",first_level,2026-03-02T09:00:00Z,later\n'  # 11 and 12
        + "T-10,first_level,2026-03-02T09:00:00Z,2026-03-02T10:00:00Z,more\n"
        + "T-11,first_level,2026-02-30T09:00:00Z,\n"
        + "T-12,legal,2026-03-02T09:00:00Z,\n"
    )
    assert [row.id for row in log.rows] == ["T-1", "T-12"]
    told = {problem.line: problem.problem for problem in log.problems}
    assert list(told) == [3, 4, 5, 6, 7, 8, 9, 11, 13, 14]
    assert "stands on line 2 already" in told[3]
    assert "'yesterday' is no time" in told[4]
    assert "has no zone" in told[5]
    assert "id is empty" in told[6]
    assert "tier is empty" in told[7]
    assert "opened_at is empty" in told[8]
    assert "has 2 fields, and the header has 4" in told[9]
    assert "stopped_at 'later'" in told[11]
    assert "has 5 fields" in told[13]
    assert "2026-02-30" in told[14]
    assert str(log.problems[1]) == (
        "line 4 (T-3): opened_at 'yesterday' is no time in ISO 8601 (2026-03-02T09:30:00+01:00)"
    )


def test_a_quote_that_is_never_closed_is_a_problem_of_its_row() -> None:
    log = sla.read_log(HEAD + GOOD + '"T-2,legal,2026-03-02T09:00:00Z,\nT-3,legal,2026-03-02T09:00:00Z,\n')
    assert [row.id for row in log.rows] == ["T-1"]
    assert [problem.line for problem in log.problems] == [3]
    assert "no CSV" in log.problems[0].problem


def test_names_of_columns_zone_and_form_of_times_can_be_said() -> None:
    log = sla.read_log(
        "no,level,from,to,note\n7,legal,03/02/2026 09:00:00 AM,03/02/2026 05:30:00 PM,x\n",
        columns=sla.LogColumns(id="no", tier="level", opened_at="from", stopped_at="to"),
        zone="America/New_York",
        time_format="%m/%d/%Y %I:%M:%S %p",
    )
    assert log.problems == ()
    assert log.rows[0].opened_at == datetime(2026, 3, 2, 14, tzinfo=UTC)
    assert log.rows[0].stopped_at == datetime(2026, 3, 2, 22, 30, tzinfo=UTC)


def test_local_times_that_happen_twice_or_never_are_not_guessed() -> None:
    text = HEAD + "T-1,legal,2026-10-25T02:30:00,\nT-2,legal,2026-03-29T02:30:00,\nT-3,legal,2026-10-25T04:30:00,\n"
    refused = sla.read_log(text, zone="Europe/Rome")
    assert [row.id for row in refused.rows] == ["T-3"]
    assert [("twice" in problem.problem, "does not exist" in problem.problem) for problem in refused.problems] == [
        (True, False),
        (False, True),
    ]
    first, last = (sla.read_log(text, zone="Europe/Rome", ambiguous=which).rows[0] for which in ("first", "last"))
    assert first.opened_at.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert last.opened_at.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


POLICY = sla.maxony_policy()
ROWS = (
    HEAD
    + GOOD  # met
    + "T-2,first_level,2026-03-02T09:00:00Z,2026-03-02T13:00:00Z\n"  # met at the very instant
    + "T-3,first_level,2026-03-02T09:00:00Z,2026-03-02T13:00:00.000001Z\n"  # breached by a microsecond
    + "T-4,second_level,2026-03-27T15:30:00Z,\n"  # still open, and past due
    + "T-5,legal,2026-03-30T10:00:00Z,\n"  # due in April
    + "T-6,third_level,2026-03-02T09:00:00Z,\n"  # no such tier
    + "T-7,legal,2026-03-02T09:00:00Z,2026-03-01T09:00:00Z\n"  # answered before it was asked
    + "T-8,legal,2026-04-02T09:00:00Z,\n"  # opened later
)
MARCH = sla.Month(2026, 3, zone="UTC")


def test_every_row_is_accounted_for() -> None:
    log = sla.read_log(ROWS)
    found = sla.report(POLICY, log, period=MARCH, at=datetime(2026, 3, 31, 12, tzinfo=UTC))
    first = found.compliance.tier("first_level")
    assert [one.id for one in first.met] == ["T-1", "T-2"]
    assert [one.id for one in first.breached] == ["T-3"]
    assert first.share == sla.Share(2, 3)
    assert f"{first.share:.2%}" == "66.66%"
    assert [one.id for one in found.compliance.tier("second_level").breached] == ["T-4"]
    assert found.compliance.tier("legal").share is None
    assert [one.id for one in found.compliance.outside] == ["T-5"]
    assert found.not_yet_opened == ("T-8",)
    assert [problem.id for problem in found.problems] == ["T-6", "T-7"]
    assert "third_level" in found.problems[0].problem
    assert "before it was opened" in found.problems[1].problem
    assert found.accounted_rows == len(log.rows) + len(log.problems) == 8


def test_open_tickets_need_the_instant_that_is_asked_about() -> None:
    with pytest.raises(sla.InvalidInstant, match=r"4 tickets are open.*'T-4', on line 5.*--at"):
        sla.report(POLICY, sla.read_log(ROWS), period=MARCH)


def test_the_attribution_decides_the_month() -> None:
    log = sla.read_log(ROWS)
    at = datetime(2026, 4, 30, tzinfo=UTC)
    by = {
        attribute: sla.report(POLICY, log, period=MARCH, at=at, attribute=attribute).compliance
        for attribute in ("opened", "due", "stopped")
    }
    legal = {attribute: [one.id for one in found.tier("legal")] for attribute, found in by.items()}
    assert legal == {"opened": ["T-5"], "due": [], "stopped": []}
    assert [one.id for one in by["stopped"].unattributed] == ["T-4", "T-5", "T-8"]
    for found in by.values():
        assert sum(map(len, found.figures)) + len(found.outside) + len(found.unattributed) == 6


def test_what_comes_after_the_instant_asked_about_is_not_seen() -> None:
    log = sla.read_log(HEAD + "T-1,first_level,2026-03-02T09:00:00Z,2026-03-02T14:00:00Z\n")
    asked = {
        hour: sla.report(POLICY, log, at=datetime(2026, 3, 2, hour, tzinfo=UTC)).compliance.tier("first_level")
        for hour in (12, 13, 14)
    }
    assert [len(asked[12].undecided), len(asked[13].undecided), len(asked[14].breached)] == [1, 1, 1]
    assert asked[13].undecided[0].stopped_at is None


class TestTicketsAreALog:
    AT = datetime(2026, 3, 31, tzinfo=UTC)
    POLICY = sla.maxony_policy()

    def tickets(self) -> list[sla.Ticket]:
        opened = datetime(2026, 3, 2, 9, tzinfo=UTC)
        return [
            sla.Ticket(id="A", tier="legal", opened_at=opened, events=[Respond(at=opened.replace(hour=10))]),
            sla.Ticket(id="B", tier="first_level", opened_at=opened, events=[Respond(at=opened.replace(hour=15))]),
            sla.Ticket(id="C", tier="nowhere", opened_at=opened),
        ]

    def test_reports_are_those_of_the_same_tickets_as_json(self) -> None:
        tickets = self.tickets()
        log = sla.read_events("\n".join(one.to_json() for one in tickets))
        for given in (tickets, tuple(tickets), iter(tickets)):
            found = sla.report(self.POLICY, given, at=self.AT)
            assert found == sla.report(self.POLICY, log, at=self.AT)
            assert (found.rows, [one.id for one in found.problems]) == (3, ["C"])
        assert [figure.label("tier") for figure in found.compliance.figures if figure.met] == ["legal"]

    def test_so_are_comparisons_and_checks_and_tickets_may_come_once(self) -> None:
        other = sla.in_civil_time(self.POLICY)
        found = sla.what_if(iter(self.tickets()), self.POLICY, other, at=self.AT)
        assert (found.compared, len(found.before.problems), len(found.after.problems)) == (2, 1, 1)
        check = sla.check_policy(self.POLICY, at=self.AT, log=iter(self.tickets()))
        assert [one.kind for one in check] == ["fixed_offset", "fixed_offset", "unknown_tier"]
        assert check.readings is not None
        assert check.readings.compared == 2

    @pytest.mark.parametrize("given", [0, 7, "T-1", ["T-1"], [{"id": "T-1"}], HEAD.encode()])
    def test_what_is_no_log_is_said_so(self, given: Any) -> None:
        for ask in (
            lambda: sla.report(self.POLICY, given, at=self.AT),
            lambda: sla.what_if(given, self.POLICY, self.POLICY, at=self.AT),
            lambda: sla.check_policy(self.POLICY, at=self.AT, log=given),
        ):
            with pytest.raises(sla.InvalidLog, match=r"log.*: \w+ is no (log|ticket). Pass what read_log"):
                ask()


def test_one_of_several_targets_is_compared() -> None:
    def policy(solution: str) -> sla.Policy:
        return sla.Policy(
            name="Two",
            zone="UTC",
            calendars={"office": {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}},
            tiers={"first_level": {"calendar": "office", "targets": {"response": "4h", "solution": solution}}},
        )

    log = sla.read_log(HEAD + "T-1,first_level,2026-03-02T09:00:00Z,2026-03-03T12:00:00Z\n")
    found = sla.what_if(log, policy("16h"), policy("8h"), target="solution")
    assert [(flip.before.verdict, flip.after.verdict) for flip in found.flips] == [("met", "breached")]
    assert not sla.what_if(log, policy("16h"), policy("8h"), target="response").flips
    assert len(sla.what_if(log, policy("16h"), policy("8h")).before.problems) == 1
