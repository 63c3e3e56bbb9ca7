"""
The clocks of two products, said as policies: each row of the two tables in `docs/reference/clocks.md`.

The office is open from 09:00 to 17:00 UTC, Monday to Friday; 2 March 2026 is a Monday. What is expected was counted by
hand.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sla_engine as sla

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "clocks.md").read_text(encoding="utf-8")

OFFICE = """
name = "Somebody else's clocks"
statuses = ["In progress", "In review", "Waiting for customer", "Blocked", "Approved", "Declined", "Resolved", "Closed"]

[calendars.office]
zone = "UTC"
hours = { mon-fri = "09:00-17:00" }
"""


@dataclass(frozen=True)
class Story:
    """A row: the policy, what happens to a ticket (opened on Monday at 09:00), and what is then known of its clock."""

    row: str
    policy: str
    events: tuple[tuple[Any, ...], ...]
    asked: str
    expected: tuple[tuple[str, str, str | None, str], ...]
    """Of each cycle: the phase, the verdict, when it is due, and the time counted."""
    opened: str = "2 09:00"
    tier: str = "desk"
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return OFFICE + self.policy


def desk(amount: str, clock: str, more: str = "") -> str:
    """A policy with one tier and one clock."""
    tier = f'[tiers.desk]\ncalendar = "office"\ntargets = {{ x = "{amount}" }}'
    return f"{more}\n{tier}\n\n[clocks.x]\n{clock}"


def instant(text: str) -> datetime:
    """A moment of March 2026."""
    day, _, clock = text.partition(" ")
    hour, _, minute = clock.partition(":")
    return datetime(2026, 3, int(day), int(hour), int(minute), tzinfo=UTC)


ZENDESK = [
    Story(
        "First reply time",
        desk("4h", 'preset = "first_response"'),
        # The automatic mail and the customer's second message change nothing: 2 h on Monday, 1 h on Tuesday.
        (
            ("2 15:01", "respond", {"automatic": True}),
            ("2 16:00", "customer_reply"),
            ("3 10:00", "respond"),
        ),
        "3 12:00",
        (("stopped", "met", "3 11:00", "3h"),),
        opened="2 15:00",
    ),
    Story(
        "Next reply time",
        desk("2h", 'preset = "next_response"'),
        # From the oldest unanswered message, at 10:00; the message at 11:00 does not start it again.
        (
            ("2 09:30", "respond"),
            ("2 10:00", "customer_reply"),
            ("2 11:00", "customer_reply"),
            ("2 12:30", "respond"),
            ("3 09:00", "customer_reply"),
        ),
        "3 10:00",
        (("stopped", "breached", "2 12:00", "2h30m"), ("running", "undecided", "3 11:00", "1h")),
    ),
    Story(
        "Periodic update",
        desk("4h", 'preset = "periodic_update"'),
        # Pending pauses nothing. 13:00 and 4 h are 17:00, the closing.
        (("2 10:00", "respond"), ("2 10:30", "status", {"to": "pending"}), ("2 13:00", "respond")),
        "2 16:00",
        (("stopped", "met", "2 14:00", "3h"), ("running", "undecided", "2 17:00", "3h")),
    ),
    Story(
        "Pausable update",
        desk("4h", 'preset = "pausable_update"'),
        # 1 h before it is pending, 1 h after; 2 h are left at Tuesday 11:00.
        (
            ("2 10:00", "respond"),
            ("2 11:00", "status", {"to": "pending"}),
            ("3 10:00", "status", {"to": "open"}),
        ),
        "3 11:00",
        (("running", "undecided", "3 13:00", "2h"),),
    ),
    Story(
        "Requester wait time",
        desk("8h", 'preset = "requester_wait"'),
        # 09:00-11:00 and, on hold, 14:00-16:00; from there 4 h are left: 1 h on Monday, 3 h on Tuesday.
        (
            ("2 11:00", "status", {"to": "pending"}),
            ("2 14:00", "status", {"to": "on_hold"}),
            ("2 16:00", "solve"),
            ("3 09:00", "reopen"),
        ),
        "3 10:00",
        (("stopped", "met", "3 12:00", "4h"), ("running", "undecided", "3 17:00", "1h")),
    ),
    Story(
        "Agent work time",
        desk("8h", 'preset = "agent_work"'),
        # 09:00-11:00 and 15:00-16:00; 5 h are left: 1 h on Monday, 4 h on Tuesday.
        (
            ("2 11:00", "status", {"to": "pending"}),
            ("2 14:00", "status", {"to": "on_hold"}),
            ("2 15:00", "status", {"to": "open"}),
            ("2 16:00", "solve"),
        ),
        "3 10:00",
        (("stopped", "met", "3 13:00", "3h"),),
    ),
    Story(
        "Total resolution time",
        desk("16h", 'preset = "resolution"'),
        # All statuses count: 8 h on Monday, 3 h on Tuesday.
        (("2 10:00", "status", {"to": "pending"}), ("3 12:00", "solve")),
        "3 13:00",
        (("stopped", "met", "3 17:00", "11h"),),
    ),
    Story(
        "Group ownership time",
        """
[tiers.frontline]
calendar = "office"
targets = { x = "4h" }

[tiers.developers]
calendar = "office"
targets = { x = "8h" }

[clocks.x]
start = ["enter", "reopen"]
stop = ["leave", "solve", "close"]
repeats = true
""",
        # 3 h in the first group; in the second 5 h on Monday and 4 h on Tuesday; the reopening starts anew.
        (
            ("2 12:00", "hand_off", {"to": "developers"}),
            ("3 13:00", "solve"),
            ("3 14:00", "reopen"),
        ),
        "3 15:00",
        (
            ("stopped", "met", "2 13:00", "3h"),
            ("stopped", "breached", "3 12:00", "9h"),
            ("running", "undecided", "4 14:00", "1h"),
        ),
        tier="frontline",
    ),
]

ASSIGNED = (
    '{ event = "attribute:assignee", before = { assignee = { set = false } }, when = { assignee = { set = true } } }'
)
UNASSIGNED = '{ event = "attribute:assignee", when = { assignee = { set = false } } }'
ANA = {"name": "assignee", "value": "ana"}
BEN = {"name": "assignee", "value": "ben"}
NOBODY = {"name": "assignee", "value": None}
DUE = {"name": "due_date", "value": "2026-03-20"}
LATER = {"name": "due_date", "value": "2026-03-27"}
NO_DATE = {"name": "due_date", "value": None}
FIXED = {"name": "resolution", "value": "fixed"}
UNRESOLVED = {"name": "resolution", "value": None}

JIRA = [
    Story(
        "Issue created",
        desk("4h", 'start = ["open"]\nstop = ["status:Resolved"]'),
        (("2 12:00", "status", {"to": "Resolved"}),),
        "2 13:00",
        (("stopped", "met", "2 13:00", "3h"),),
    ),
    Story(
        "Assignee: From Unassigned",
        desk("1h", f'start = ["open"]\nstop = [{ASSIGNED}]'),
        (("2 10:30", "attribute", ANA), ("2 11:00", "attribute", BEN)),
        "2 12:00",
        (("stopped", "breached", "2 10:00", "1h30m"),),
    ),
    Story(
        "Assignee: To Unassigned",
        desk("2h", f"start = [{UNASSIGNED}]\nstop = [{ASSIGNED}]\nrepeats = true"),
        # It waits until Ana lets go, at 11:00.
        (("2 10:00", "attribute", ANA), ("2 11:00", "attribute", NOBODY), ("2 12:00", "attribute", BEN)),
        "2 15:00",
        (("stopped", "met", "2 13:00", "1h"),),
    ),
    Story(
        "Assignee: Changed",
        desk("3h", 'start = ["attribute:assignee"]\nstop = ["attribute:assignee", "status:Resolved"]\nrepeats = true'),
        # Each hand has 3 h: Ana from 10:00, Ben from 12:00.
        (("2 10:00", "attribute", ANA), ("2 12:00", "attribute", BEN), ("2 16:00", "status", {"to": "Resolved"})),
        "2 17:00",
        (("stopped", "met", "2 13:00", "2h"), ("stopped", "breached", "2 15:00", "4h")),
    ),
    Story(
        "Comment: By customer",
        desk("2h", 'start = ["customer_reply"]\nstop = ["respond"]\nrepeats = true'),
        (("2 10:00", "customer_reply"), ("2 11:00", "respond"), ("2 16:00", "customer_reply")),
        "2 16:30",
        (("stopped", "met", "2 12:00", "1h"), ("running", "undecided", "3 10:00", "30m")),
    ),
    Story(
        "Comment: For customers",
        desk("4h", 'start = ["open"]\nstop = ["respond"]'),
        # The internal note does not stop it.
        (("2 10:00", "note"), ("2 11:00", "respond")),
        "2 12:00",
        (("stopped", "met", "2 13:00", "2h"),),
    ),
    Story(
        "Due date: Set",
        desk(
            "2h",
            'start = ["open"]\nstop = [{ event = "attribute:due_date", before = { due_date = { set = false } }, '
            "when = { due_date = { set = true } } }]",
        ),
        (("2 10:00", "attribute", DUE),),
        "2 12:00",
        (("stopped", "met", "2 11:00", "1h"),),
    ),
    Story(
        "Due date: Changed",
        desk("2h", 'start = ["attribute:due_date"]\nstop = ["respond"]'),
        # Started by the first date; the second finds it running.
        (("2 10:00", "attribute", DUE), ("2 11:00", "attribute", LATER), ("2 13:00", "respond")),
        "2 14:00",
        (("stopped", "breached", "2 12:00", "3h"),),
    ),
    Story(
        "Due date: Cleared",
        desk(
            "2h",
            'start = [{ event = "attribute:due_date", when = { due_date = { set = false } } }]\nstop = ["respond"]',
        ),
        (("2 10:00", "attribute", DUE), ("2 11:00", "attribute", NO_DATE)),
        "2 12:00",
        (("running", "undecided", "2 13:00", "1h"),),
    ),
    Story(
        "Resolution: Set",
        desk(
            "8h",
            'start = ["open"]\nstop = [{ event = "attribute:resolution", when = { resolution = { set = true } } }]',
        ),
        (("2 15:00", "attribute", FIXED),),
        "2 16:00",
        (("stopped", "met", "2 17:00", "6h"),),
    ),
    Story(
        "Resolution: Cleared",
        desk(
            "4h",
            'start = ["open", { event = "attribute:resolution", when = { resolution = { set = false } } }]\n'
            'stop = [{ event = "attribute:resolution", when = { resolution = { set = true } } }]\nrepeats = true',
        ),
        (("2 11:00", "attribute", FIXED), ("2 14:00", "attribute", UNRESOLVED)),
        "2 15:00",
        (("stopped", "met", "2 13:00", "2h"), ("running", "undecided", "3 10:00", "1h")),
    ),
    Story(
        "Entered status",
        desk("2h", 'start = ["status:In review"]\nstop = ["status:Approved", "status:Declined"]\nrepeats = true'),
        (("2 10:00", "status", {"to": "In review"}), ("2 11:00", "status", {"to": "Approved"})),
        "2 12:00",
        (("stopped", "met", "2 12:00", "1h"),),
    ),
    Story(
        "Pause on assignee: Set",
        desk("4h", 'start = ["open"]\nstop = ["respond"]\npause = [{ assignee = { set = true } }]'),
        (("2 10:00", "attribute", ANA), ("2 12:00", "attribute", NOBODY)),
        "2 13:00",
        (("running", "undecided", "2 15:00", "2h"),),
    ),
    Story(
        "Pause on assignee: Not set",
        desk("4h", 'start = ["open"]\nstop = ["respond"]\npause = [{ assignee = { set = false } }]'),
        # Paused from its start; 1 h with Ana.
        (("2 10:00", "attribute", ANA), ("2 11:00", "attribute", NOBODY)),
        "2 13:00",
        (("paused", "undecided", None, "1h"),),
    ),
    Story(
        "Pause on due date: Set",
        desk("4h", 'start = ["open"]\nstop = ["respond"]\npause = [{ due_date = { set = true } }]'),
        (("2 10:00", "attribute", DUE),),
        "2 13:00",
        (("paused", "undecided", None, "1h"),),
    ),
    Story(
        "Pause on due date: Not set",
        desk("4h", 'start = ["open"]\nstop = ["respond"]\npause = [{ due_date = { set = false } }]'),
        (("2 12:00", "attribute", DUE),),
        "2 13:00",
        (("running", "undecided", "2 16:00", "1h"),),
    ),
    Story(
        "Pause on resolution: Set",
        desk("8h", 'start = ["open"]\nstop = ["status:Closed"]\npause = [{ resolution = { set = true } }]'),
        # 2 h, and after a clearing 1 h: the time goes on, in the same cycle.
        (("2 11:00", "attribute", FIXED), ("2 14:00", "attribute", UNRESOLVED)),
        "2 15:00",
        (("running", "undecided", "3 12:00", "3h"),),
    ),
    Story(
        "Pause on resolution: Not set",
        desk("4h", 'start = ["open"]\nstop = ["status:Closed"]\npause = [{ resolution = { set = false } }]'),
        (("2 11:00", "attribute", FIXED),),
        "2 12:00",
        (("running", "undecided", "2 15:00", "1h"),),
    ),
    Story(
        "Pause on status",
        desk(
            "4h",
            'start = ["open"]\nstop = ["status:Resolved"]\npause = [{ status = ["Waiting for customer", "Blocked"] }]',
        ),
        # 1 h, then 1 h between the two pauses, then 30 min.
        (
            ("2 10:00", "status", {"to": "Waiting for customer"}),
            ("2 12:00", "status", {"to": "In progress"}),
            ("2 13:00", "status", {"to": "Blocked"}),
            ("2 14:00", "status", {"to": "In progress"}),
        ),
        "2 14:30",
        (("running", "undecided", "2 16:00", "2h30m"),),
    ),
    Story(
        "Several cycles",
        desk("4h", 'start = ["open", "customer_reply"]\nstop = ["respond"]\nrepeats = true'),
        (("2 10:00", "respond"), ("2 11:00", "customer_reply"), ("2 12:00", "respond"), ("2 16:00", "customer_reply")),
        "3 10:00",
        (
            ("stopped", "met", "2 13:00", "1h"),
            ("stopped", "met", "2 15:00", "1h"),
            ("running", "undecided", "3 12:00", "2h"),
        ),
    ),
    Story(
        "Goals by JQL",
        desk(
            "8h",
            'start = ["open"]\nstop = ["respond"]',
            '[[rules]]\nwhen = { priority = ["highest", "high"] }\ntargets = { x = "1h" }\n',
        ),
        # From 11:00 the goal is 1 h, and 2 h are counted: due at the change, which keeps the time.
        (("2 11:00", "attribute", {"name": "priority", "value": "high"}), ("2 12:00", "respond")),
        "2 13:00",
        (("stopped", "breached", "2 11:00", "3h"),),
        attributes=(("priority", "low"),),
    ),
    Story(
        "Calendar of a goal",
        desk(
            "4h",
            'start = ["open"]\nstop = ["respond"]',
            '[[rules]]\nwhen = { priority = "highest" }\ncalendar = "always"\n\n'
            '[calendars.always]\nzone = "UTC"\nhours = { mon-sun = "00:00-24:00" }\n',
        ),
        # Opened at 15:00: by the office's hours it would be due on Tuesday at 11:00.
        (),
        "2 18:00",
        (("running", "undecided", "2 19:00", "3h"),),
        opened="2 15:00",
        attributes=(("priority", "highest"),),
    ),
]


def evaluated(story: Story) -> sla.TicketStatus:
    policy = sla.Policy.from_data(tomllib.loads(story.text))
    events = [
        sla.Event(at=instant(when), kind=kind, **(fields[0] if fields else {})) for when, kind, *fields in story.events
    ]
    ticket = sla.Ticket(
        id="T-1",
        tier=story.tier,
        opened_at=instant(story.opened),
        attributes=dict(story.attributes),
        events=events,
    )
    return policy.evaluate(ticket, at=instant(story.asked))


@pytest.mark.parametrize("story", ZENDESK + JIRA, ids=lambda story: story.row)
def test_the_clock_does_what_the_row_says(story: Story) -> None:
    status = evaluated(story)
    found = [
        (clock.phase, clock.verdict, clock.due_at, clock.elapsed)
        for clock in status
        if clock.name == "x" and clock.phase != "waiting"
    ]
    expected = [
        (phase, verdict, None if due is None else instant(due), sla.elapsed_time(elapsed).duration)
        for phase, verdict, due, elapsed in story.expected
    ]
    assert found == expected
    assert status.anomalies == ()
    for clock in status:
        assert clock.ledger().total == clock.elapsed
        assert clock.elapsed + clock.paused + clock.not_counted == clock.wall >= timedelta()


def rows(heading: str) -> dict[str, str]:
    """The rows of the table under a heading of the page: the name of each, and how it is written."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if line[:1] == "|"
    ]
    return {row[0].strip("| "): row[1] for row in cells[2:]}


@pytest.mark.parametrize(
    ("heading", "stories"),
    [("Zendesk's metrics", ZENDESK), ("Jira Service Management's conditions", JIRA)],
    ids=["zendesk", "jira"],
)
def test_the_page_has_these_rows_and_says_them_so(heading: str, stories: list[Story]) -> None:
    table = rows(heading)
    assert set(table) == {story.row for story in stories}
    for story in stories:
        data = tomllib.loads(story.text)
        written = tomllib.loads("\n".join(re.findall(r"`([^`]+)`", table[story.row])))
        assert written
        for key, value in written.items():
            tested = {**data["clocks"]["x"], **data.get("rules", [{}])[0]}[key]
            assert value == tested or (isinstance(value, list) and all(one in tested for one in value)), story.row


def test_the_whole_policies_of_the_page_have_the_same_clocks() -> None:
    """The page shows all of Zendesk's clocks in one policy, which the tests of the page load."""
    section = PAGE.partition("\n## Zendesk's metrics\n")[2].partition("\n## ")[0]
    block = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert block
    shown = sla.Policy.from_data(tomllib.loads(block[1]))
    clocks = {clock.title: clock.model_copy(update={"name": "x", "title": ""}) for clock in shown.clocks}
    tested = {story.row: sla.Policy.from_data(tomllib.loads(story.text)).clocks[0] for story in ZENDESK}
    assert clocks == tested
