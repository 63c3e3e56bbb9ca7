"""Laws of reconciliation: each minute is of the kind that one finds who asks the probes and the incidents about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sla_engine import Downtime, Incident, ProbeLog, Rolling, UptimeReport, evaluate_uptime

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LENGTH = 120
"""Minutes of the window; what is drawn begins before it and ends after it."""
WINDOW = Rolling(START + timedelta(minutes=LENGTH), timedelta(minutes=LENGTH))
MINUTE = timedelta(minutes=1)


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Story:
    """Probes of places by their minutes, so many of which must agree, and incidents: from, to, weight, and recorded."""

    places: tuple[dict[int, bool], ...]
    spacing: int
    needs: int
    incidents: tuple[tuple[int, int | None, str, int | None], ...]
    at: int

    def report(self) -> UptimeReport:
        return evaluate_uptime(
            "99%",
            WINDOW,
            at=after(self.at),
            probes=[
                ProbeLog.of([(after(minute), up) for minute, up in rows.items()], every=f"{self.spacing}m")
                for rows in self.places
            ],
            down_needs=self.needs,
            incidents=[
                Incident(
                    f"I-{number}",
                    after(start),
                    None if end is None else after(end),
                    weight,
                    None if recorded is None else after(recorded),
                )
                for number, (start, end, weight, recorded) in enumerate(self.incidents)
            ],
        )

    @property
    def until(self) -> int:
        """How many minutes of the window are over."""
        return min(max(self.at, 0), LENGTH)

    def probed(self, minute: int) -> str:
        """What the probes of all places know of the minute from this one to the next."""
        if not self.places:
            return "unknown"
        seen = Counter(self._probed(rows, minute) for rows in self.places)
        if seen["down"] >= self.needs:
            return "down"
        if seen["down"] + seen["uncertain"] >= self.needs:
            return "uncertain"
        return "unknown" if seen.total() - seen["up"] >= self.needs else "up"

    def _probed(self, rows: dict[int, bool], minute: int) -> str:
        said = {at: "up" if up else "down" for at, up in rows.items() if at <= self.at}
        before = max((at for at in said if at <= minute), default=None)
        following = min((at for at in said if at > minute), default=None)
        if following is None:
            return "unknown"
        if before is not None and following - before <= 2 * self.spacing:
            return said[before] if said[before] == said[following] else "uncertain"
        if before is not None and minute < before + self.spacing // 2:
            return said[before]
        return said[following] if minute >= following - self.spacing // 2 else "unknown"

    def told(self, minute: int) -> list[int]:
        """The incidents that say that something was down in a minute."""
        return [
            number
            for number, (start, end, _, recorded) in enumerate(self.incidents)
            if start <= minute and (end is None or minute < end) and (recorded is None or recorded <= self.at)
        ]


def kind_of(probed: str, *, told: bool) -> str:
    if told:
        return {"down": "both", "up": "only_incidents"}.get(probed, "unconfirmed")
    return {"down": "only_probes", "up": "neither", "uncertain": "possible", "unknown": "unseen"}[probed]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    spacing = draw(st.sampled_from([2, 4]))
    places = []
    for _ in range(draw(st.integers(0, 3))):
        minute, rows = 2 * draw(st.integers(-10, 20)), {}
        for step, up in draw(st.lists(st.tuples(st.sampled_from([1, 1, 1, 2, 5]), st.booleans()), max_size=40)):
            minute += step * spacing
            rows[minute] = up
        places.append(rows)
    incidents = draw(
        st.lists(
            st.tuples(
                st.integers(-20, LENGTH + 5),
                st.one_of(st.none(), st.integers(0, 50)),
                st.sampled_from(["1", "1/3"]),
                st.one_of(st.none(), st.integers(0, LENGTH)),
            ),
            max_size=5,
        )
    )
    return Story(
        tuple(places),
        spacing,
        draw(st.integers(1, max(len(places), 1))),
        tuple((start, None if most is None else start + most, weight, told) for start, most, weight, told in incidents),
        draw(st.sampled_from([LENGTH, LENGTH, LENGTH + 30, 70, 0, -5])),
    )


@given(stories())
@settings(max_examples=150)
def test_each_minute_is_of_the_kind_that_probes_and_incidents_say(story: Story) -> None:
    found = story.report().reconciliation()
    assert found.period == WINDOW
    assert sum((one.span.duration for one in found.rows), timedelta()) == story.until * MINUTE
    if story.until:
        assert (found.rows[0].span.start, found.rows[-1].span.end) == (START, after(story.until))
    assert all(one.span.end == other.span.start for one, other in pairwise(found.rows))
    kinds = []
    for minute in range(story.until):
        (row,) = [one for one in found.rows if after(minute) in one.span]
        kinds.append(row.agreement)
        probed, told = story.probed(minute), story.told(minute)
        assert row.agreement == kind_of(probed, told=bool(told))
        # It names the heaviest of its incidents, and a probe wherever something but up was seen.
        weights = {f"I-{number}": Fraction(story.incidents[number][2]) for number in told}
        assert row.incident in weights if told else row.incident == ""
        assert not told or weights[row.incident] == max(weights.values())
        assert bool(row.probe) == (bool(story.places) and probed != "up")
    assert found.table() == {kind: Downtime.of(count * MINUTE) for kind, count in Counter(kinds).items()}
    assert sum(found.table().values(), Downtime()) == story.until * MINUTE
    assert found.disagreements == tuple(one for one in found.rows if one.agreement.startswith("only"))


@given(stories())
@settings(max_examples=100)
def test_each_incident_is_counted_by_itself(story: Story) -> None:
    found = {one.id: one for one in story.report().reconciliation().incidents}
    expected = {}
    for number in range(len(story.incidents)):
        counts = Counter(story.probed(minute) for minute in range(story.until) if number in story.told(minute))
        if counts:
            expected[f"I-{number}"] = counts
    assert found.keys() == expected.keys()
    for name, counts in expected.items():
        one = found[name]
        assert one.down == counts["down"] * MINUTE
        assert one.up == counts["up"] * MINUTE
        assert one.untold == (counts["uncertain"] + counts["unknown"]) * MINUTE
        assert one.confirmed == (counts["down"] > 0)
        assert one.contradicted == (counts["up"] > 0)
    order = [(story.incidents[int(name[2:])][0], name) for name in found]
    assert order == sorted(order)


@given(stories())
def test_neighbouring_rows_differ(story: Story) -> None:
    rows = story.report().reconciliation().rows
    for one, other in pairwise(rows):
        assert (one.agreement, one.probe, one.incident) != (other.agreement, other.probe, other.incident)
    assert all(one.span.duration > timedelta() for one in rows)
