"""The service levels of Maxony as stories: who is promised what, by when, and what other readings would change."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pendulum
import pytest

import sla_engine as sla

MAXONY = sla.maxony_policy()
MICROSECOND = timedelta(microseconds=1)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March 2026, which begins on a Sunday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


class TestThePromise:
    def test_either_office_keeps_the_clock_running(self) -> None:
        support = MAXONY.calendar("support")
        week = support.open_spans(utc(2, 0), utc(7, 0))
        assert [(span.start.hour, span.end.hour) for span in week] == [(7, 23)] * 5
        assert week.duration == timedelta(hours=80)

    def test_offsets_hold_in_summer_too(self) -> None:
        july = datetime(2026, 7, 1, tzinfo=UTC)
        (span,) = MAXONY.calendar("support").open_spans(july, july + timedelta(days=1))
        assert (span.start.hour, span.end.hour) == (7, 23)

    @pytest.mark.parametrize(
        ("tier", "opened", "due"),
        [
            ("first_level", utc(2, 8), utc(2, 12)),
            ("first_level", utc(2, 5), utc(2, 11)),  # before hours: from 07:00
            ("first_level", utc(2, 19), utc(2, 23)),  # used up exactly at closing
            ("first_level", utc(2, 19, 1), utc(3, 7, 1)),
            ("first_level", utc(6, 22, 30), utc(9, 10, 30)),  # over the weekend
            ("first_level", utc(7, 12), utc(9, 11)),  # opened on Saturday
            ("second_level", utc(6, 22, 30), utc(9, 14, 30)),
            ("second_level", utc(2, 7), utc(2, 15)),
            ("legal", utc(2, 9, 30), utc(9, 9, 30)),
            ("legal", utc(6, 22, 30), utc(13, 22, 30)),
            ("legal", utc(7, 12), utc(16, 7)),  # rolls to Monday 07:00
        ],
    )
    def test_deadlines(self, tier: str, opened: datetime, due: datetime) -> None:
        assert MAXONY.deadline(tier, opened) == due

    def test_type_and_zone_come_back(self) -> None:
        opened = pendulum.datetime(2026, 3, 6, 16, 30, tz="America/Chicago")
        due = MAXONY.deadline("first_level", opened)
        assert isinstance(due, pendulum.DateTime)
        assert due.timezone_name == "America/Chicago"
        assert due == utc(9, 10, 30)

    def test_services_load_and_are_promised_exactly(self) -> None:
        assert {service.name: service.probe_every for service in MAXONY.services} == {
            "web": timedelta(minutes=5),
            "applications": timedelta(minutes=1),
            "api": timedelta(minutes=1),
            "smtp": timedelta(minutes=1),
            "sms": timedelta(minutes=1),
        }
        for service in MAXONY.services:
            assert service.uptime.fraction == Fraction(99, 100)
            assert (service.window, service.zone, service.maintenance) == ("month", "UTC", "excused")


class TestTheVerdict:
    opened = utc(2, 8)
    due = utc(2, 12)

    def test_at_the_due_instant_it_is_met_and_a_microsecond_later_breached(self) -> None:
        assert MAXONY.verdict("first_level", self.opened, stopped_at=self.due) == "met"
        assert MAXONY.verdict("first_level", self.opened, stopped_at=self.due + MICROSECOND) == "breached"

    def test_while_it_runs_it_is_undecided_until_it_is_past_due(self) -> None:
        assert MAXONY.verdict("first_level", self.opened, at=self.due) == "undecided"
        assert not MAXONY.is_breached("first_level", self.opened, at=self.due)
        assert MAXONY.is_breached("first_level", self.opened, at=self.due + MICROSECOND)

    def test_an_answer_of_tomorrow_is_not_seen_today(self) -> None:
        answer = utc(3, 9)
        assert MAXONY.verdict("first_level", self.opened, stopped_at=answer, at=utc(2, 11)) == "undecided"
        assert MAXONY.verdict("first_level", self.opened, stopped_at=answer, at=utc(2, 13)) == "breached"

    def test_lateness_is_told_in_elapsed_and_in_open_time(self) -> None:
        late = MAXONY.outcome("first_level", utc(6, 19), stopped_at=utc(9, 8))
        assert (late.late_by, late.late_open_time) == (timedelta(hours=57), timedelta(hours=1))

    def test_the_present_must_be_given(self) -> None:
        with pytest.raises(sla.InvalidInstant, match="at="):
            MAXONY.verdict("first_level", self.opened)

    def test_an_answer_before_the_question_is_refused(self) -> None:
        with pytest.raises(sla.InvalidSpan, match="before it was opened"):
            MAXONY.verdict("first_level", self.opened, stopped_at=self.opened - MICROSECOND)


class TestOtherReadings:
    opened = utc(6, 15, 30)  # Friday; Europe has half an hour left, America has just opened

    def test_the_intersection_and_one_region_are_other_calendars(self) -> None:
        europe, america = MAXONY.calendar("europe"), MAXONY.calendar("america")
        deadlines = {
            "either": MAXONY.calendar("support").add(self.opened, "4h"),
            "both": (europe & america).add(self.opened, "4h"),
            "Europe": europe.add(self.opened, "4h"),
            "America": america.add(self.opened, "4h"),
        }
        assert deadlines == {
            "either": utc(6, 19, 30),
            "both": utc(12, 15, 30),  # they share an hour a day, 15:00 to 16:00 UTC
            "Europe": utc(9, 10, 30),
            "America": utc(6, 19, 30),
        }

    def test_civil_time_follows_the_clock_of_the_place(self) -> None:
        zurich = sla.BusinessCalendar(zone="Europe/Zurich", hours={"mon-fri": "08:00-17:00"})
        monday = datetime(2026, 7, 6, 6, 30, tzinfo=UTC)
        assert zurich.is_open(monday)
        assert not MAXONY.calendar("europe").is_open(monday)

    def test_five_days_read_otherwise(self) -> None:
        support = MAXONY.calendar("support")
        opened = utc(2, 9, 30)
        assert support.add(opened, "5 business days") == utc(9, 9, 30)
        assert support.add(opened, "5 business days, due at close") == utc(9, 23)
        assert support.add(opened, "45h") == utc(4, 22, 30)
        assert support.add(opened, "80h") == utc(9, 9, 30)
        assert support.add(opened, "5 calendar days") == utc(7, 9, 30)
        assert support.add(opened, "120h elapsed") == utc(7, 9, 30)

    def test_holidays_of_a_country_are_one_line_away(self) -> None:
        europe = MAXONY.calendar("europe").model_copy(update={"holidays": sla.Holidays(country="IT")})
        easter_monday = datetime(2026, 4, 6, 9, tzinfo=ZoneInfo("Europe/Rome"))
        assert not europe.is_open(easter_monday)
        assert MAXONY.calendar("europe").is_open(easter_monday)
