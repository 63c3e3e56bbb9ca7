"""
Make the demo's probe log, which is too long to ship: `python docs/demo/make_probes.py FILE`. The same seed gives the
same file.

The five services of Maxony over March 2026, probed every minute or every five: short outages, one long one, flapping,
an hour in which the monitor itself was down, and announced maintenance. incidents.csv and maintenance.csv, beside this
file, tell of the same month as people wrote it down.
"""

import csv
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sla_engine as sla

START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
Spans = list[tuple[datetime, datetime]]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


DOWN: dict[str, Spans] = {
    "web": [(at(9, 3), at(9, 8, 20)), (at(17, 14, 2), at(17, 14, 41))],
    "applications": [(at(4, 9, 12), at(4, 9, 50)), (at(21, 22), at(22, 1))],
    "api": [(at(4, 9, 10), at(4, 9, 55)), (at(12, 16, 30), at(13, 0, 15))],
    "smtp": [(at(27, 11, 5), at(27, 12, 30))],
    "sms": [(at(6, 2), at(6, 2, 8))],
}
"""What was down, and when; maintenance among it."""
FLAPPING = {"sms": (at(15, 18), at(15, 20))}
MONITOR_DOWN = (at(24, 13), at(24, 14))


def main() -> None:
    random_ = random.Random(20260303)
    with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["at", "service", "up"])
        for service in sla.maxony_policy().services:
            moment = START + timedelta(seconds=random_.randrange(60))
            while moment < END:
                down = any(start <= moment < end for start, end in DOWN[service.name])
                first, last = FLAPPING.get(service.name, (END, END))
                if first <= moment < last:
                    down = random_.random() < 0.4
                blip = random_.random() < 0.0002
                if not MONITOR_DOWN[0] <= moment < MONITOR_DOWN[1]:
                    writer.writerow([moment.isoformat(), service.name, "down" if down or blip else "up"])
                moment += service.probe_every


if __name__ == "__main__":
    main()
