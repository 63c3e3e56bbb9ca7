"""
Make the demo's event log, events.csv: `python docs/demo/make_events.py`. The same seed gives the same file.

The help desk of the ticket log, told event by event over February and March 2026: automatic replies, answers,
customers who write again, waiting for a vendor, hand-offs with and without what they need, solutions, tickets that
come back. Some of it is as logs are: a resume without a pause, a solution told twice, an event before the opening.
"""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sla_engine as sla

TICKETS = 700
START = datetime(2026, 2, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
CUSTOMERS = {"northwind": 5, "acme": 4, "contoso": 3, "fabrikam": 2, "tailspin": 1}
PRIORITIES = {"normal": 6, "high": 3, "urgent": 1}
TOPICS = {"web": 5, "mail": 3, "sms": 1, "billing": 2}
CHANNELS = {"e-mail": 6, "chat": 3, "telephone": 2}
BY_HOUR = [1, 1, 1, 1, 1, 2, 5, 12, 18, 20, 18, 15, 14, 17, 20, 22, 20, 17, 14, 12, 10, 8, 5, 2]
FIELDS = ["tier", "to", "reason", "name", "value", "automatic", "customer", "priority", "topic", "channel"]
CHECKS = ["dns_checked", "spf_checked", "dkim_checked", "deliverability_checked"]


class Life:
    """The events of one ticket, one after the other."""

    def __init__(self, random_: random.Random, policy: sla.Policy, number: int) -> None:
        self.random = random_
        self.policy = policy
        self.calendar = policy.calendar("support")
        self.name = f"E-{number:04}"
        self.rows: list[dict[str, str]] = []
        self.at = self.opened()
        self.topic = self.one_of(TOPICS)
        self.tell(
            "open",
            tier="first_level",
            customer=self.one_of(CUSTOMERS),
            priority=self.one_of(PRIORITIES),
            topic=self.topic,
            channel=self.one_of(CHANNELS),
        )

    def one_of(self, weights: dict[str, int]) -> str:
        return self.random.choices(list(weights), list(weights.values()))[0]

    def opened(self) -> datetime:
        """Draw an opening: business-like hours, few on weekends."""
        while True:
            day = START + timedelta(days=self.random.randrange((END - START).days))
            if day.weekday() < 5 or self.random.random() < 0.12:
                hour = self.random.choices(range(24), BY_HOUR)[0]
                return day + timedelta(hours=hour, seconds=self.random.randrange(3600))

    def tell(self, kind: str, at: datetime | None = None, **fields: str) -> None:
        self.rows.append({"ticket": self.name, "at": (at or self.at).isoformat(), "kind": kind, **fields})

    def works(self, hours: float) -> None:
        """Let working hours pass, drawn around a number."""
        share = self.random.betavariate(2, 4) * 3
        seconds = max(1, int(hours * 3600 * share))
        self.at = self.calendar.add(self.at, timedelta(seconds=seconds))

    def waits(self, hours: float) -> None:
        """Let time pass, whoever works."""
        self.at += timedelta(seconds=int(hours * 3600 * (0.2 + self.random.random() * 1.6)))

    def level(self, hours: float) -> None:
        """Work on the ticket in one tier until it is answered; now and then somebody has to be waited for."""
        if self.random.random() < 0.15:
            reason = self.random.choice(["customer", "vendor"])
            self.works(hours * 0.2)
            self.tell("pause", reason=reason)
            self.waits(9)
            if reason == "customer":
                self.tell("customer_reply")
            self.tell("resume", reason=reason)
        self.works(hours)
        self.tell("respond")
        while self.random.random() < 0.3:
            self.waits(5)
            self.tell("customer_reply")
            self.works(hours / 2)
            self.tell("respond")

    def hand_off(self, to: str) -> None:
        """Hand the ticket on, mostly with what that needs."""
        for name in ("customer_number", "browser", "screenshot", "reproduction_attempted", "faq_searched"):
            if self.random.random() < 0.9:
                self.tell("attribute", name=name, value="yes")
        if self.topic == "mail":
            for name in CHECKS:
                if self.random.random() < 0.85:
                    self.tell("attribute", name=name, value="yes")
        self.works(0.4)
        self.tell("hand_off", to=to)

    def live(self) -> None:
        """Live from the opening to the end, or to the end of the log."""
        self.tell("respond", at=self.at + timedelta(seconds=5), automatic="true")
        self.level(1.5)
        if self.random.random() < 0.28:
            to = "second_level" if self.random.random() < 0.85 else "legal"
            self.hand_off(to)
            self.level(3.2 if to == "second_level" else 15)
        self.works(3)
        self.tell("solve")
        if self.random.random() < 0.06:
            self.tell("solve")
        if self.random.random() < 0.1:
            self.waits(30)
            self.tell("customer_reply")
            self.tell("reopen")
            self.works(2)
            self.tell("respond")
            self.tell("solve")
        if self.random.random() < 0.02:
            self.tell("resume", reason="vendor")
        if self.random.random() < 0.01:
            self.tell("note", at=datetime.fromisoformat(self.rows[0]["at"]) - timedelta(minutes=3))
        if self.random.random() < 0.03:
            self.tell("cancel", reason=self.random.choice(["duplicate", "spam"]))


def main() -> None:
    random_ = random.Random(20260302)
    policy = sla.maxony_policy()
    rows: list[dict[str, str]] = []
    for number in range(1, TICKETS + 1):
        life = Life(random_, policy, number)
        life.live()
        rows += life.rows
    rows = [row for row in rows if datetime.fromisoformat(row["at"]) < END]
    rows.sort(key=lambda row: (row["at"], row["ticket"]))
    with Path(__file__).with_name("events.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["ticket", "at", "kind", *FIELDS], lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
