"""
Make the demo's ticket log, tickets.csv: `python docs/demo/make_tickets.py`. The same seed gives the same file.

A help desk in two continents over January to March 2026: most tickets come in on weekdays while somebody works, some
at night and on weekends. Answers are drawn as shares of the target in working hours, so that most are in time, some
are late, and some are still open at the end of March. A few rows sit on the edges: answered at the very instant that
they were due, a microsecond later, opened at closing.
"""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sla_engine as sla

TICKETS = 4_000
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
TIERS = {"first_level": 0.72, "second_level": 0.22, "legal": 0.06}
BY_HOUR = [1, 1, 1, 1, 1, 2, 5, 12, 18, 20, 18, 15, 14, 17, 20, 22, 20, 17, 14, 12, 10, 8, 5, 2]
MICROSECOND = timedelta(microseconds=1)


def opened(random_: random.Random) -> datetime:
    """Draw an opening: business-like hours, few on weekends."""
    while True:
        day = START + timedelta(days=random_.randrange((END - START).days))
        if day.weekday() < 5 or random_.random() < 0.12:
            hour = random_.choices(range(24), BY_HOUR)[0]
            return day + timedelta(hours=hour, seconds=random_.randrange(3600))


def answered(random_: random.Random, policy: sla.Policy, tier: str, at: datetime) -> datetime | None:
    """Draw an answer: a share of the target in working hours; None where it has not come by the end."""
    calendar = policy.calendar(policy.tier(tier).calendar)
    target = calendar.elapsed(at, policy.deadline(tier, at))
    share = random_.betavariate(2, 4) if random_.random() < 0.93 else random_.uniform(1.0, 2.5)
    stopped = calendar.add(at, timedelta(seconds=int(target.total_seconds() * share) + 1))
    return stopped if stopped < END and random_.random() > 0.004 else None


def edges(policy: sla.Policy) -> list[tuple[str, datetime, datetime | None]]:
    """Return the rows on the edges: (tier, opened, answered)."""
    friday = datetime(2026, 3, 6, 22, 30, tzinfo=UTC)
    closing = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    saturday = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    rows: list[tuple[str, datetime, datetime | None]] = []
    for tier in TIERS:
        for at in (friday, closing, saturday):
            due = policy.deadline(tier, at)
            rows += [(tier, at, due), (tier, at, due + MICROSECOND), (tier, at, at)]
    return rows


def main() -> None:
    random_ = random.Random(20260301)
    policy = sla.maxony_policy()
    rows = edges(policy)
    while len(rows) < TICKETS:
        tier = random_.choices(list(TIERS), list(TIERS.values()))[0]
        at = opened(random_)
        rows.append((tier, at, answered(random_, policy, tier, at)))
    rows.sort(key=lambda row: row[1])
    with Path(__file__).with_name("tickets.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "tier", "opened_at", "stopped_at"])
        for number, (tier, at, stopped) in enumerate(rows, 1):
            writer.writerow([f"T-{number:05}", tier, at.isoformat(), stopped.isoformat() if stopped else ""])


if __name__ == "__main__":
    main()
