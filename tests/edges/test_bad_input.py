"""Bad input: each kind has its own error, which says what, where, and what to do."""

import datetime as dt
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pandas as pd
import pendulum
import pytest

import sla_engine as sla

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFICE = sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"}, name="office")


def refused(error: type[sla.SlaError], *words: str) -> Any:
    """Expect an error whose text has all the words, and a remedy."""
    return pytest.raises(error, match="(?s)" + "".join(f"(?=.*{word})" for word in words))


class TestHolidays:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (holidays.country_holidays("IT"), 'Holidays\\(country="IT"\\)'),
            (holidays.country_holidays("DE", years=2026), 'Holidays\\(country="DE"\\)'),
            (holidays.financial_holidays("NYSE"), 'Holidays\\(market="XNYS"\\)'),
            ([holidays.country_holidays("IT"), "12-24"], 'Holidays\\(country="IT"\\)'),
        ],
        ids=["nothing filled", "a year", "a market", "in a list"],
    )
    def test_an_object_that_is_filled_as_it_is_asked_is_refused(self, given: Any, said: str) -> None:
        with refused(sla.InvalidHolidays, "only the years that it was asked about", said):
            sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"}, holidays=given)

    @pytest.mark.parametrize("day", [datetime(2026, 12, 25, 10, tzinfo=UTC), "2026-12-25", 2026])
    def test_a_holiday_is_asked_for_by_its_date(self, day: Any) -> None:
        calendar = sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"}, holidays=["12-25"])
        with refused(sla.InvalidInstant, "is no date", "datetime.date"):
            calendar.holiday_name(day)


class TestInstants:
    def test_a_naive_datetime_is_told_how_to_get_a_zone(self) -> None:
        naive = datetime(2026, 3, 2, 12)
        for ask in (
            lambda: OFFICE.add(naive, "4h"),
            lambda: OFFICE.elapsed(NOON, naive),
            lambda: OFFICE.is_open(naive),
            lambda: sla.Span(naive, NOON),
            lambda: sla.maxony_policy().deadline("first_level", naive),
            lambda: sla.Month.containing(naive, zone="UTC"),
            lambda: OFFICE.add(pendulum.naive(2026, 3, 2), "4h"),
            lambda: OFFICE.add(pd.Timestamp("2026-03-02"), "4h"),
        ):
            with refused(sla.NaiveDatetime, "no zone", r"replace\(tzinfo"):
                ask()

    def test_nat_has_an_error_of_its_own(self) -> None:
        with refused(sla.NotATime, "NaT", "missing"):
            OFFICE.add(pd.NaT, "4h")  # type: ignore[type-var]

    def test_nanoseconds_are_refused_with_the_remedy(self) -> None:
        with refused(sla.NanosecondsLost, "1 ns", r'floor\("us"\)'):
            OFFICE.add(pd.Timestamp("2026-03-02T12:00:00.000000001Z"), "4h")
        assert OFFICE.add(pd.Timestamp("2026-03-02T12:00:00.000001Z"), "1us") == pd.Timestamp(
            "2026-03-02T12:00:00.000002Z"
        )

    @pytest.mark.parametrize("thing", ["2026-03-02", 0, None, date(2026, 3, 2)])
    def test_what_is_no_datetime_is_named(self, thing: Any) -> None:
        with refused(sla.InvalidInstant, "not a datetime"):
            OFFICE.is_open(thing)

    def test_results_past_year_9999(self) -> None:
        late = datetime(9999, 12, 1, tzinfo=UTC)
        with refused(sla.OutOfRange, "9999"):
            sla.always_open().add(late, "800h")
        with refused(sla.OutOfRange, "9999"):
            sla.always_open().add(late, sla.elapsed_time("8000h"))
        with refused(sla.OutOfRange, "9999"):
            sla.always_open().add(late, sla.calendar_days(40))
        with refused(sla.OutOfRange, "9999"):
            sla.always_open().is_open(datetime(9999, 12, 31, tzinfo=UTC))
        with refused(sla.OutOfRange, "9999"):
            sla.always_open().add_business_days(late, 40)

    def test_results_before_year_1(self) -> None:
        early = datetime(1, 1, 9, tzinfo=UTC)
        assert sla.always_open().subtract(early, "24h") == early - timedelta(days=1)
        with refused(sla.OutOfRange, "1 to 9999"):
            sla.always_open().subtract(early, "800h")
        with refused(sla.OutOfRange, "1 to 9999"):
            sla.always_open().add(early, sla.elapsed_time("-8000h"))


class TestZones:
    @pytest.mark.parametrize(
        ("text", "suggestion"),
        [
            ("Europe/Roma", "Europe/Rome"),
            ("europe/rome", "Europe/Rome"),
            ("America/NewYork", "America/New_York"),
            ("Rome", "Europe/Rome"),
        ],
    )
    def test_an_unknown_zone_gets_suggestions(self, text: str, suggestion: str) -> None:
        with refused(sla.InvalidZone, "no zone", f"Did you mean.*{suggestion}") as caught:
            sla.BusinessCalendar(zone=text, hours={})
        assert suggestion in caught.value.suggestions
        assert caught.value.where == "zone"

    @pytest.mark.parametrize(
        "text",
        [
            "Mars/Base",
            "",
            "America",
            "../etc/passwd",
            "right/UTC",
            "posix/UTC",
            "localtime",
            "Factory",
            "GMT+25",
            "+5:99",
        ],
    )
    def test_what_is_no_zone_is_refused(self, text: str) -> None:
        with refused(sla.InvalidZone):
            sla.BusinessCalendar(zone=text, hours={})

    @pytest.mark.parametrize(
        ("text", "meaning"), [("Etc/GMT+1", "UTC-1"), ("Etc/GMT-6", r"UTC\+6"), ("etc/gmt+12", "UTC-12")]
    )
    def test_the_reversed_sign_of_etc_is_explained(self, text: str, meaning: str) -> None:
        with refused(sla.InvalidZone, f"means {meaning}", "reversed", "Write"):
            sla.BusinessCalendar(zone=text, hours={})

    def test_as_an_object_it_is_taken_and_stored_as_what_it_means(self) -> None:
        assert sla.BusinessCalendar(zone=ZoneInfo("Etc/GMT+1"), hours={}).zone == "UTC-01:00"

    @pytest.mark.parametrize(
        ("written", "name"),
        [
            ("GMT+1", "UTC+01:00"),
            ("UTC-6", "UTC-06:00"),
            ("+05:30", "UTC+05:30"),
            ("-0330", "UTC-03:30"),
            ("utc", "UTC"),
            ("GMT+0", "UTC"),
            ("Etc/GMT", "Etc/GMT"),
            ("Etc/GMT+0", "Etc/GMT+0"),
            (UTC, "UTC"),
            (dt.timezone(timedelta(hours=-6)), "UTC-06:00"),
            (pendulum.timezone("Europe/Rome"), "Europe/Rome"),
            (pendulum.FixedTimezone(5400), "UTC+01:30"),
            (pd.Timestamp("2026-03-02", tz="Asia/Tokyo").tzinfo, "Asia/Tokyo"),
        ],
    )
    def test_zones_as_people_write_them(self, written: Any, name: str) -> None:
        assert sla.BusinessCalendar(zone=written, hours={}).zone == name


class TestHours:
    @pytest.mark.parametrize(
        ("hours", "words"),
        [
            ({"mon": "09:00-09:00"}, ["no length", "00:00-24:00"]),
            ({"mon": "00:00-00:00"}, ["no length"]),
            ({"mon": ["09:00-12:00", "11:00-17:00"]}, ["overlap", "mon"]),
            ({"mon": "22:00-06:00", "tue": "05:00-09:00"}, ["overlap", "mon", "tue"]),
            ({"sun": "22:00-06:00", "mon": "05:00-09:00"}, ["overlap", "sun", "mon"]),
            ({"mon": "09:00-25:00"}, ["25:00", "24:00"]),
            ({"mon": "09:60-12:00"}, ["09:60"]),
            ({"mon": "24:00-06:00"}, ["24:00", "next day"]),
            ({"mon": "9-17"}, ["no time of day", "HH:MM"]),
            ({"mon": "09:00"}, ["no window"]),
            ({"mon": 9}, ["no list of windows"]),
            ({"mon-fri": "09:00-17:00", "fri": "09:00-12:00"}, ["fri", "twice"]),
            ({"mon": "09:00-17:00", "monday": "09:00-12:00"}, ["mon", "twice"]),
            ({"mon,mon": "09:00-17:00"}, ["mon", "twice"]),
            ({"noday": "09:00-17:00"}, ["noday", "mon"]),
            ("09:00-17:00", ["mapping"]),
            ({"mon": (dt.time(9, tzinfo=UTC), dt.time(17))}, ["zone"]),
        ],
    )
    def test_hours_that_cannot_be(self, hours: Any, words: list[str]) -> None:
        with refused(sla.InvalidHours, *words) as caught:
            sla.BusinessCalendar(zone="UTC", hours=hours)
        assert caught.value.where.startswith("hours")
        assert isinstance(caught.value, ValueError)

    def test_abutting_windows_join_and_are_fine(self) -> None:
        joined = sla.BusinessCalendar(zone="UTC", hours={"mon": ["09:00-12:00", "12:00-17:00"]})
        assert len(joined.open_spans(NOON - timedelta(hours=12), NOON + timedelta(hours=12))) == 1

    def test_several_problems_are_told_at_once(self) -> None:
        with refused(sla.InvalidCalendar, "2 problems", "Mars/Base", "25:00") as caught:
            sla.BusinessCalendar(zone="Mars/Base", hours={"mon": "09:00-25:00"})
        assert [type(problem) for problem in caught.value.problems] == [sla.InvalidZone, sla.InvalidHours]

    def test_unknown_and_missing_keys(self) -> None:
        with refused(sla.InvalidCalendar, "unknown key 'holiday'", "Did you mean 'holidays'"):
            sla.BusinessCalendar.from_data({"zone": "UTC", "hours": {}, "holiday": []})
        with refused(sla.InvalidCalendar, "hours", "missing"):
            sla.BusinessCalendar.from_data({"zone": "UTC"})
        with refused(sla.InvalidCalendar, "no kind of calendar", "weekly"):
            sla.Calendar.from_data({"kind": "lunar"})


class TestHolidaysAndExceptions:
    @pytest.mark.parametrize(
        ("rule", "words"),
        [
            ({"country": "XX"}, ["'XX'", "country"]),
            ({"country": "it"}, ["Did you mean IT"]),
            ({"market": "NYSEX"}, ["market", "Did you mean"]),
            ({"country": "IT", "subdivision": "ZZ"}, ["'ZZ'", "subdivision", "AG"]),
            ({"country": "US", "categories": "school"}, ["'school'", "category", "public"]),
            ({"country": "DE", "language": "xx"}, ["language", "en_US"]),
            ({}, ["country or a market"]),
            ({"country": "IT", "market": "XNYS"}, ["country or a market"]),
            ({"country": "IT", "categories": ()}, ["categories"]),
        ],
    )
    def test_holidays_that_nobody_knows(self, rule: Any, words: list[str]) -> None:
        with refused(sla.InvalidHolidays, *words):
            sla.Holidays(**rule)

    def test_years_outside_the_data_are_an_error_and_not_an_empty_year(self) -> None:
        german = sla.BusinessCalendar(
            zone="Europe/Berlin", hours={"mon-fri": "09:00-17:00"}, holidays=sla.Holidays(country="DE")
        )
        with refused(sla.OutOfRange, "DE", "1991", "2100", "1990"):
            german.is_open(datetime(1990, 12, 31, 12, tzinfo=UTC))
        with refused(sla.OutOfRange, "2101"):
            german.add(datetime(2100, 12, 30, 12, tzinfo=UTC), "40h")
        assert not german.is_open(datetime(1991, 1, 1, 12, tzinfo=UTC))
        assert german.is_open(datetime(2100, 12, 31, 12, tzinfo=UTC))
        with refused(sla.OutOfRange, "1990"):
            german.holiday_name(date(1990, 1, 1))
        first_day = datetime(1990, 12, 31, 23, tzinfo=UTC)  # 1991-01-01 in Berlin, where the data begins
        assert german.explain(first_day, "1h").answer == datetime(1991, 1, 2, 9, tzinfo=UTC)

    def test_a_composite_answers_up_to_the_last_year_of_its_data(self) -> None:
        east = sla.BusinessCalendar(
            zone="Europe/Berlin", hours={"mon-fri": "09:00-17:00"}, holidays=sla.Holidays(country="DE")
        )
        west = sla.BusinessCalendar(zone="America/New_York", hours={"mon-fri": "09:00-17:00"})
        assert (west | east).is_open(datetime(2100, 6, 1, 12, tzinfo=UTC))
        assert (east | west).is_open(datetime(1991, 6, 3, 12, tzinfo=UTC))

    def test_a_half_day_needs_hours_of_its_own(self) -> None:
        half = sla.Holidays(market="XNYS", categories=("public", "half_day"))
        calendar = sla.BusinessCalendar(zone="America/New_York", hours={"mon-fri": "09:00-17:00"}, holidays=half)
        with refused(sla.InvalidHolidays, "half days", "2026-12-24", "2026-11-27", "override"):
            calendar.is_open(NOON)
        missing = {"2026-12-24": "09:00-13:00", "2026-11-27": "09:00-13:00"}
        assert calendar.model_copy(update={"overrides": missing}).is_open(NOON + timedelta(hours=4))

    @pytest.mark.parametrize("days", ["2026-13-01", "Christmas", "13-01", "02-30", 20261224])
    def test_dates_that_are_none(self, days: Any) -> None:
        with refused(sla.InvalidHolidays):
            sla.BusinessCalendar(zone="UTC", hours={}, holidays=[days])

    def test_a_frozen_calendar_refuses_other_years(self) -> None:
        frozen = sla.BusinessCalendar(
            zone="Europe/Rome", hours={"mon-fri": "09:00-17:00"}, holidays=sla.Holidays(country="IT")
        ).freeze((2025, 2026))
        assert not frozen.is_open(datetime(2026, 12, 25, 12, tzinfo=UTC))
        with refused(sla.OutOfRange, "2025", "2026", "2027"):
            frozen.is_open(datetime(2027, 1, 4, 12, tzinfo=UTC))

    def test_reversed_and_empty_closures(self) -> None:
        with refused(sla.InvalidSpan, "before it starts", r"closures\[0\]"):
            sla.BusinessCalendar(zone="UTC", hours={}, closures=[(NOON, NOON - timedelta(hours=1))])
        with refused(sla.InvalidSpan, "no length", r"openings\[1\]"):
            sla.BusinessCalendar(zone="UTC", hours={}, openings=[(NOON, NOON + timedelta(hours=1)), (NOON, NOON)])

    def test_overrides_that_cannot_be(self) -> None:
        with refused(sla.InvalidHours, "overlap", "2026-12-24"):
            sla.BusinessCalendar(zone="UTC", hours={}, overrides={"2026-12-24": ["08:00-12:00", "11:00-13:00"]})
        with refused(sla.InvalidCalendar, "no date"):
            sla.BusinessCalendar(zone="UTC", hours={}, overrides={"12/24/2026": []})

    def test_versions_out_of_order(self) -> None:
        with refused(sla.InvalidCalendar, "not in order"):
            sla.VersionedCalendar(
                versions=[
                    sla.Version(from_date=date(2027, 1, 1), calendar=OFFICE),
                    sla.Version(from_date=date(2026, 1, 1), calendar=OFFICE),
                ]
            )


class TestAmounts:
    @pytest.mark.parametrize("days", ["5 days", "5d", "1 day", "2 weeks", "P5D", "P1W", "5 d 4 h", "P1DT4H"])
    def test_bare_days_are_refused_with_the_choices(self, days: str) -> None:
        with refused(sla.AmbiguousDays, "what a day is", "business days", "due at close", "calendar days", "elapsed"):
            OFFICE.add(NOON, days)

    @pytest.mark.parametrize("amount", ["P1M", "P1Y", pendulum.duration(months=1), pendulum.duration(years=1, hours=2)])
    def test_months_and_years_have_no_length(self, amount: Any) -> None:
        with refused(sla.InvalidAmount, "months or years"):
            OFFICE.add(NOON, amount)

    @pytest.mark.parametrize(
        "amount",
        [math.nan, math.inf, -math.inf, "nan h", "inf h", "nanh", Decimal("NaN"), 4, 4.5, True, None, "", "12", "h",
         "4 hrs 5", "PT", "P", "four hours", "4h-", "--4h", "0.0000001s", "5.5 business days", "business days"],
    )  # fmt: skip
    def test_what_is_no_amount(self, amount: Any) -> None:
        with refused(sla.InvalidAmount):
            OFFICE.add(NOON, amount)

    def test_nanoseconds_of_a_timedelta(self) -> None:
        with refused(sla.InvalidAmount, "nanoseconds"):
            OFFICE.add(NOON, pd.Timedelta(1, "ns"))

    @pytest.mark.parametrize("count", [5.0, "5", True, None, math.nan])
    def test_days_are_whole_numbers(self, count: Any) -> None:
        with refused(sla.InvalidAmount, "no number of days"):
            sla.business_days(count)
        with refused(sla.InvalidAmount, "no number of days"):
            sla.calendar_days(count)

    def test_due_is_one_of_two(self) -> None:
        with refused(sla.InvalidAmount, "due", "close"):
            sla.business_days(5, due="noon")  # type: ignore[arg-type]

    def test_days_resume_nowhere(self) -> None:
        with refused(sla.InvalidAmount, "open time"):
            OFFICE.resumes_at(NOON, sla.business_days(5))

    def test_explain_takes_one_question(self) -> None:
        with refused(sla.InvalidAmount, "one of"):
            OFFICE.explain(NOON)
        with refused(sla.InvalidAmount, "amount and until"):
            OFFICE.explain(NOON, "4h", until=NOON)

    @pytest.mark.parametrize("share", [99.9, "99,9 %", "most", "1/0", True, None])
    def test_shares_are_exact(self, share: Any) -> None:
        with refused(sla.InvalidAmount):
            sla.Share.parse(share)


class TestSearchesThatEnd:
    @pytest.mark.parametrize("amount", ["1us", "-1us", "5 business days", "-5 business days", "0 business days"])
    def test_a_calendar_never_open_is_never_due(self, amount: str) -> None:
        with refused(sla.NeverDue, "0", "horizon") as caught:
            sla.never_open(name="nobody").add(NOON, amount)
        assert isinstance(caught.value.calendar, sla.BusinessCalendar)
        assert caught.value.start == NOON

    def test_it_never_opens_nor_closes_and_measures_zero(self) -> None:
        never = sla.never_open()
        for ask in (never.next_opening, never.previous_opening):
            with refused(sla.NeverOpens, "never opens"):
                ask(NOON)
        for ask in (never.next_closing, never.previous_closing):
            with refused(sla.NeverCloses, "never closes"):
                ask(NOON)
        assert never.elapsed(NOON, NOON + timedelta(days=3650)) == timedelta()
        assert never.add(NOON, timedelta()) == NOON
        assert never.business_days_between(NOON, NOON + timedelta(days=30)) == 0

    def test_one_opening_is_found_and_used_up(self) -> None:
        once = sla.BusinessCalendar(zone="UTC", hours={}, openings=[(NOON, NOON + timedelta(hours=3))])
        assert once.add(NOON - timedelta(days=900), "3h") == NOON + timedelta(hours=3)
        with refused(sla.NeverDue, "3:00:00", "4:00:00") as caught:
            once.add(NOON - timedelta(days=900), "4h")
        assert (caught.value.available, caught.value.asked) == (timedelta(hours=3), timedelta(hours=4))

    def test_the_horizon_can_be_chosen(self) -> None:
        far = NOON + timedelta(days=800)
        once: dict[str, Any] = {"zone": "UTC", "hours": {}, "openings": [(far, far + timedelta(hours=3))]}
        assert sla.BusinessCalendar(**once, horizon=3).next_opening(NOON) == far
        with refused(sla.NeverOpens, "2 years"):
            sla.BusinessCalendar(**once, horizon=2).next_opening(NOON)
        with refused(sla.NeverDue, "2 years"):
            sla.BusinessCalendar(**once, horizon=2).add(NOON, "1h")
        with refused(sla.InvalidCalendar, "horizon"):
            sla.BusinessCalendar(**once, horizon=0)

    def test_always_open_never_closes(self) -> None:
        with refused(sla.NeverCloses):
            sla.always_open().next_closing(NOON)
        with refused(sla.NeverOpens):
            sla.always_open().previous_opening(NOON)

    def test_disjoint_hours_share_no_time(self) -> None:
        day = sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "09:00-17:00"}, horizon=5)
        night = sla.BusinessCalendar(zone="UTC", hours={"mon-fri": "17:00-09:00"}, horizon=5)
        with refused(sla.NeverDue):
            (day & night).add(NOON, "1h")


def test_reversed_spans_and_periods_that_do_not_exist() -> None:
    with refused(sla.InvalidSpan, "before it starts", "Swap"):
        OFFICE.open_spans(NOON, NOON - timedelta(hours=1))
    with refused(sla.InvalidSpan, "Swap"):
        OFFICE.business_dates(date(2026, 3, 2), date(2026, 3, 1))
    with refused(sla.InvalidPeriod):
        sla.Month(2026, 13, zone="UTC")
    with refused(sla.InvalidPeriod):
        sla.Week(2025, 53, zone="UTC")
    with refused(sla.InvalidPeriod):
        sla.Rolling(NOON, timedelta())
    with refused(sla.InvalidPeriod):
        sla.Month.parse("March", zone="UTC")


def test_every_error_has_one_root_and_says_what_to_do() -> None:
    with pytest.raises(sla.SlaError) as caught:
        OFFICE.add(NOON, "5 days")
    assert caught.value.remedy
    assert caught.value.value == "5 days"
