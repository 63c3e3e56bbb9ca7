"""A day of an API: what its probes saw beside what people wrote down, and where the two do not agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import sla_engine as sla

DAY = sla.Day(date(2026, 3, 10), zone="UTC")


def on(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, 10, hour, minute, tzinfo=UTC)


def probed() -> sla.ProbeLog:
    """A probe every 5 minutes: failed from 08:00 to 08:20 and at 11:00, and none between 15:00 and 16:00."""
    times = [on("00:00") + timedelta(minutes=5 * number) for number in range(-1, 24 * 12 + 1)]
    failed = {on(f"08:{minute:02}") for minute in (0, 5, 10, 15, 20)} | {on("11:00")}
    return sla.ProbeLog.of(
        [(at, at not in failed) for at in times if not on("15:00") < at < on("16:00")], every="5m", location="milan"
    )


INCIDENTS = [
    sla.Incident("I-1", on("08:05"), on("08:40")),  # found late, and closed when somebody remembered
    sla.Incident("I-2", on("13:00"), on("13:30"), "30%"),  # some users could not log in; the probe could
    sla.Incident("I-3", on("15:20"), on("15:50")),  # nobody probed
]


def test_where_probes_and_incidents_agree_and_where_they_do_not() -> None:
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, probes=probed(), incidents=INCIDENTS)
    found = report.reconciliation()
    assert [(f"{row.span.start:%H:%M}", row.agreement, row.incident) for row in found.rows] == [
        ("00:00", "neither", ""),
        ("07:55", "possible", ""),
        ("08:00", "only_probes", ""),
        ("08:05", "both", "I-1"),
        ("08:20", "unconfirmed", "I-1"),
        ("08:25", "only_incidents", "I-1"),
        ("08:40", "neither", ""),
        ("10:55", "possible", ""),
        ("11:05", "neither", ""),
        ("13:00", "only_incidents", "I-2"),
        ("13:30", "neither", ""),
        # Half a spacing after the last probe, and before the next one, is known.
        ("15:02", "unseen", ""),
        ("15:20", "unconfirmed", "I-3"),
        ("15:50", "unseen", ""),
        ("15:57", "neither", ""),
    ]
    assert {kind: str(time) for kind, time in found.table().items()} == {
        "neither": "21h40m",
        "possible": "15m",
        "only_probes": "5m",
        "both": "15m",
        "unconfirmed": "35m",
        "only_incidents": "45m",
        "unseen": "25m",
    }
    assert sum(found.table().values(), sla.Downtime()) == timedelta(days=1)
    assert [(f"{row.span.start:%H:%M}", row.agreement) for row in found.disagreements] == [
        ("08:00", "only_probes"),
        ("08:25", "only_incidents"),
        ("13:00", "only_incidents"),
    ]
    seen = next(row for row in found.rows if row.agreement == "both")
    assert seen.probe == "probe milan 2026-03-10T08:00:00+00:00"


def test_each_incident_is_confirmed_contradicted_or_neither() -> None:
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, probes=probed(), incidents=INCIDENTS)
    found, partial, dark = report.reconciliation().incidents
    assert (found.id, str(found.down), str(found.up), str(found.untold)) == ("I-1", "15m", "15m", "5m")
    assert found.confirmed
    assert found.contradicted
    assert (partial.id, str(partial.up)) == ("I-2", "30m")
    assert (partial.confirmed, partial.contradicted) == (False, True)
    assert (dark.id, str(dark.untold)) == ("I-3", "30m")
    assert (dark.confirmed, dark.contradicted) == (False, False)


def test_in_the_middle_of_an_incident_only_what_is_over_is_compared() -> None:
    report = sla.evaluate_uptime("99%", DAY, at=on("08:17"), probes=probed(), incidents=INCIDENTS)
    found = report.reconciliation()
    assert found.rows[-1].span.end == on("08:17")
    # The last probe was at 08:15; after it nothing is known.
    assert [(f"{row.span.start:%H:%M}", row.agreement) for row in found.rows[-2:]] == [
        ("08:05", "both"),
        ("08:15", "unconfirmed"),
    ]
    (one,) = found.incidents
    assert (str(one.down), str(one.untold)) == ("10m", "2m")
    assert report.as_of(DAY.start).reconciliation().rows == ()


def test_without_probes_nothing_is_confirmed() -> None:
    report = sla.evaluate_uptime("99%", DAY, at=DAY.end, incidents=INCIDENTS)
    assert {kind: str(time) for kind, time in report.reconciliation().table().items()} == {
        "unseen": "22h25m",
        "unconfirmed": "1h35m",
    }


def test_in_the_zone_of_the_window() -> None:
    day = sla.Day(date(2026, 3, 10), zone="Europe/Rome")
    report = sla.evaluate_uptime("99%", day, at=day.end, probes=probed(), incidents=INCIDENTS)
    rows = report.reconciliation().rows
    assert rows[0].span.start.isoformat() == "2026-03-10T00:00:00+01:00"
    assert next(row for row in rows if row.agreement == "both").span.start.isoformat() == "2026-03-10T09:05:00+01:00"
