"""Logs of services as they are (../shared/data/uptime), against what others published of them and naive recounts."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import sla_engine as sla

Rows = list[dict[str, str]]
ReadCsv = Callable[[str], Rows]
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def evaluated(start: datetime, end: datetime, **known: Any) -> sla.UptimeReport:
    return sla.evaluate_uptime("99%", sla.Rolling(end, end - start), at=end, **known)


# --- four hosted services, a row per day -----------------------------------------------------------------------------

SERVICES = {"api": "API-OpenAI", "labs": "DALL·E", "claude.ai": "Claude", "character.ai": "Character.AI"}


@pytest.fixture(scope="module")
def llm_days(read_csv: ReadCsv) -> dict[str, Rows]:
    days: dict[str, Rows] = defaultdict(list)
    for row in read_csv("uptime/llm_daily_outage_minutes.csv.gz"):
        days[row["Service"]].append(row)
    return days


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, dict[str, str]]:
    with (shared / "uptime" / "llm_published_table.csv").open(encoding="utf-8", newline="") as file:
        return {row["Service"]: row for row in csv.DictReader(file)}


def close(share: Fraction, printed: str) -> bool:
    """Whether a percentage with two decimals is a fraction, rounded to the nearest."""
    return abs(share * 100 - Fraction(printed.removesuffix("%"))) <= Fraction(1, 200)


@pytest.mark.parametrize("service", SERVICES)
def test_the_published_table_comes_out_to_two_decimals(
    service: str, llm_days: dict[str, Rows], published: dict[str, dict[str, str]]
) -> None:
    table = published[SERVICES[service]]
    budget = sla.Budget("99.9%", "24h")
    shares = []
    for row in llm_days[service]:
        whole = sla.Downtime.of(f"{row['major_outage_minutes']}m")
        partial = sla.Downtime.of(f"{row['partial_outage_minutes']}m").micros * Fraction(3, 10)
        shares.append(budget.availability(whole + sla.Downtime(partial)))
    ranked = sorted(share.fraction for share in shares)
    count = len(ranked)
    assert close(ranked[0], table["Min"])
    assert close(ranked[-1], table["Max"])
    assert close(sum(ranked, Fraction(0)) / count, table["Mean"])
    assert close((ranked[count // 2] + ranked[(count - 1) // 2]) / 2, table["Median"])
    for name in ("99.999%", "99.99%", "99.9%", "99%", "90%"):
        reached = sum(share >= sla.Share.parse(name) for share in shares)
        assert close(Fraction(reached, count), table[f">={name}"])
    assert close(Fraction(sum(share == 1 for share in shares), count), table["=100%"])
    assert close(Fraction(sum(share < sla.Share.parse("90%") for share in shares), count), table["<90%"])


@pytest.mark.parametrize("service", SERVICES)
def test_days_as_incidents_with_weights_are_the_scaled_minutes(service: str, llm_days: dict[str, Rows]) -> None:
    looked_at = 0
    for row in llm_days[service]:
        whole, partial = (int(row[f"{kind}_outage_minutes"]) for kind in ("major", "partial"))
        if not whole + partial:
            continue
        day = sla.Day(date.fromisoformat(row["Date"]), zone="UTC")
        between = day.start + whole * MINUTE
        report = sla.evaluate_uptime(
            "99%",
            day,
            at=day.end,
            incidents=[
                sla.Incident("major", day.start, between),
                sla.Incident("partial", between, between + partial * MINUTE, "30%"),
            ],
        )
        scaled = Fraction(row["scaled_total_outage_minutes"]).limit_denominator(10)
        assert report.downtime.expected.micros == scaled * 60 * 10**6
        assert report.verdict == ("met" if scaled <= Fraction(144, 10) else "breached")
        looked_at += 1
    assert looked_at > 20


# --- incidents of a status page --------------------------------------------------------------------------------------

# Ten that end before they start, by hand from the file: reported late, and set back by hand to when they were over.
DIRTY = {
    "0xpyl7hs9hm6",
    "k95d6yq4tmly",
    "lctp4bzd37h2",
    "sq20c7lrwjrp",
    "9vyj2jwsk8by",
    "t5mch8tlq6vl",
    "11n51rf8tf27",
    "jpd6l1jq0r54",
    "kn7gv3tlfc54",
    "594m87r8sw13",
}


def total(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """The time in which at least one of them goes on: count who begins and who ends."""
    changes: Counter[datetime] = Counter()
    for start, end in spans:
        changes[start] += 1
        changes[end] -= 1
    open_now, found, before = 0, timedelta(), datetime(2020, 1, 1, tzinfo=UTC)
    for at in sorted(changes):
        if open_now:
            found += at - before
        open_now += changes[at]
        before = at
    assert open_now == 0
    return found


def test_incidents_that_end_before_they_start_are_refused_by_name_and_the_rest_merge(read_csv: ReadCsv) -> None:
    start, end = datetime(2020, 12, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    refused, kept, impacts = set(), [], {}
    for row in read_csv("uptime/github_incidents.csv.gz"):
        began = instant(row["started_at"] or row["created_at"])
        over = instant(row["resolved_at"]) if row["resolved_at"] else None
        if over is not None and over < began:
            with pytest.raises(sla.InvalidLog, match=f"'{row['id']}' ends at .*, before it starts at") as caught:
                sla.Incident(row["id"], began, over)
            assert caught.value.where == row["id"]
            refused.add(row["id"])
        else:
            kept.append(sla.Incident(row["id"], began, over))
        impacts[row["id"]] = row["impact"]
    assert refused == DIRTY
    assert len(kept) == 907
    assert sum(one.end is None for one in kept) == 5
    found = {}
    for impact in ("", "critical", "major", "minor", "none", "maintenance"):
        some = [one for one in kept if impact in ("", impacts[one.id])]
        report = evaluated(start, end, incidents=some)
        naive = total((one.start, one.end or end) for one in some)
        assert report.downtime.lower == report.downtime.upper == naive
        found[impact] = naive
        added = sum(((one.end or end) - one.start for one in some), timedelta())
        assert naive <= added
    # They do overlap: counted one by one they would be more than the time there is.
    assert found[""] < found["minor"] + found["major"] + found["critical"]


# How much of the service each impact takes; the largest counts where they overlap.
WEIGHTS = {"none": "1/10", "minor": "30%", "maintenance": "2/5", "major": "50%", "critical": "100%"}


def test_overlapping_windows_with_weights_are_a_count_of_minutes(read_csv: ReadCsv) -> None:
    rows = read_csv("uptime/github_downtime_windows.csv.gz")
    incidents = [
        sla.Incident(row["incident_id"], instant(row["downtime_start"]), instant(row["downtime_end"]), weight)
        for row in rows
        for weight in [WEIGHTS[row["impact"]]]
    ]
    start, end = datetime(2022, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    minutes = bytearray((end - start) // MINUTE)
    for rank, impact in enumerate(WEIGHTS, start=1):
        for row in rows:
            if row["impact"] == impact:
                first, stop = ((instant(row[name]) - start) // MINUTE for name in ("downtime_start", "downtime_end"))
                minutes[first:stop] = bytes([rank]) * (stop - first)
    shares = [Fraction(0), *map(sla.Share.parse, WEIGHTS.values())]
    assert len(incidents) == 819
    for year in range(2022, 2027):
        period = sla.Year(year, zone="UTC")
        offset, length = (period.start - start) // MINUTE, period.duration // MINUTE
        counted = Counter(minutes[offset : offset + length])
        naive = sum(
            (count * Fraction(getattr(shares[rank], "fraction", 0)) for rank, count in counted.items()), Fraction(0)
        )
        report = sla.evaluate_uptime("99.9%", period, at=end, incidents=incidents)
        assert report.downtime.expected.micros == naive * 60 * 10**6
        assert naive > 0
    assert sum(1 for one in minutes if one) < sum(int(row["duration_minutes"]) for row in rows)


# --- a row per probe, irregular --------------------------------------------------------------------------------------

HOUR = timedelta(hours=1)


def recount(probes: list[tuple[datetime, str]], start: datetime, end: datetime) -> Counter[str]:
    """Seconds in each state as they are known at the end, for a spacing of an hour and gaps of more than three."""
    found: Counter[str] = Counter()
    probes = [one for one in probes if one[0] <= end]

    def add(state: str, lo: datetime, hi: datetime) -> None:
        found[state] += max(0, (min(hi, end) - max(lo, start)) // SECOND)

    if not probes:
        return Counter({"unknown": (end - start) // SECOND})
    first, last = probes[0], probes[-1]
    add("unknown", start, first[0] - HOUR / 2)
    add(first[1], first[0] - HOUR / 2, first[0])
    for (lo, before), (hi, after) in pairwise(probes):
        if hi - lo > 3 * HOUR:
            add(before, lo, lo + HOUR / 2)
            add("unknown", lo + HOUR / 2, hi - HOUR / 2)
            add(after, hi - HOUR / 2, hi)
        else:
            add(before if before == after else "uncertain", lo, hi)
    add("unknown", last[0], end)
    return +found


WINDOWS = {
    "all": (datetime(2026, 5, 10, tzinfo=UTC), datetime(2026, 8, 11, tzinfo=UTC)),
    "june": (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)),
    "an odd day": (datetime(2026, 7, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 7, 3, 6, 7, 8, tzinfo=UTC)),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_what_irregular_probes_know_is_what_a_recount_finds(name: str, read_csv: ReadCsv) -> None:
    start, end = WINDOWS[name]
    sites: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for row in read_csv("uptime/d33bs_curc.status_log.csv.gz"):
        sites[row["site"]].append((instant(row["time_utc"]), row["status"]))
    seen: Counter[str] = Counter()
    for probes in sites.values():
        log = sla.ProbeLog.of([(at, status == "up") for at, status in probes], every="1h", gap=3)
        assert len(log) == len({at for at, _ in probes})
        report = evaluated(start, end, probes=log)
        found = recount(sorted(set(probes)), start, end)
        assert {state: length for (state, _), length in report.table().items()} == {
            state: seconds * 10**6 for state, seconds in found.items()
        }
        whole = (end - start) // SECOND
        assert found.total() == whole
        low, high = found["down"], found["down"] + found["uncertain"]
        assert report.coverage == Fraction(whole - found["unknown"], whole)
        assert report.downtime.lower == low * SECOND
        assert report.downtime.upper == (high + found["unknown"]) * SECOND
        assert report.downtime.expected.micros == Fraction(low + high, 2) * 10**6
        assert report.reading(unknown="down").downtime.lower == (low + found["unknown"]) * SECOND
        assert report.reading(unknown="up").downtime.upper == high * SECOND
        rest = report.reading(unknown="excluded")
        assert rest.base_micros == (whole - found["unknown"]) * 10**6
        if rest.base_micros:
            assert rest.availability == 1 - Fraction(low + high, 2 * (whole - found["unknown"]))
        seen.update(found)
    assert len(sites) == 19
    assert min(seen[state] for state in ("up", "down", "uncertain", "unknown")) > 0


# --- changes of state, and what the monitor itself says of each day --------------------------------------------------

# The monitor's own record (an issue for each outage) had these issues open for days after its log says "up" again: of
# the days between, it says 1440 minutes. What is left are the first and the last day of those issues.
STALE = {
    "Solawi Hall BestellWizard": ("2026-03-03", "2026-03-11"),
    "Tapir Katringer Grünzeug (KGZ)": ("2026-03-03", "2026-03-13"),
    "BestellWizard Katringer Grünzeug": ("2026-03-03", "2026-03-13"),
    "Tapir Leistenmühle (LEM)": ("2026-03-03", "2026-03-13"),
    "BestellWizard Leistenmühle (LEM)": ("2026-03-03", "2026-03-13"),
}


def test_the_minutes_down_of_each_day_are_those_of_the_monitor(
    read_csv: ReadCsv, read_json: Callable[[str], Any]
) -> None:
    logs: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for row in read_csv("uptime/foodcoopx.status_log.csv.gz"):
        logs[row["site"]].append((instant(row["time_utc"]), row["status"]))
    same, apart = 0, set()
    for site in read_json("uptime/foodcoopx.summary.json"):
        rows = sorted(logs[site["name"]])
        # A row is a change of state (or says once a day that there was none): what it says lasts until the next one.
        incidents = [
            sla.Incident(at.isoformat(), at, following)
            for (at, status), (following, _) in pairwise(rows)
            if status == "down"
        ]
        for day, theirs in site["dailyMinutesDown"].items():
            period = sla.Day(date.fromisoformat(day), zone="UTC")
            ours = sla.evaluate_uptime("99%", period, at=period.end, incidents=incidents).downtime.lower
            if not ours:
                continue  # only the other record has it
            if abs(ours.micros - theirs * 60 * 10**6) <= 60 * 10**6:
                same += 1
            else:
                apart.add((site["name"], day))
        if site["name"] in STALE:
            first, last = map(date.fromisoformat, STALE[site["name"]])
            between = [first + timedelta(days=number) for number in range(1, (last - first).days)]
            assert {site["dailyMinutesDown"][day.isoformat()] for day in between} == {1440}
            assert any(status == "up" for at, status in rows if first <= at.date() < last)
    assert apart == {(name, day) for name, days in STALE.items() for day in days}
    assert same == 397
    assert Fraction(same, same + len(apart)) >= Fraction("0.975")
