"""Budgets, alerts, services together and credits that cannot be: each error says what was wrong, and what to do."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

import sla_engine as sla

Asking = Callable[[], object]
BUDGET = sla.Budget("99%", "720h")
ALERT = sla.BurnAlert("2%", "1h")


def refused(error: type[sla.SlaError], *words: str) -> Any:
    """Expect an error of exactly this class whose text has all the words as they stand."""
    pattern = "(?s)" + "".join(f"(?=.*{re.escape(word)})" for word in words)
    return pytest.raises(error, match=pattern, check=lambda raised: type(raised) is error and bool(raised.remedy))


class TestTargets:
    @pytest.mark.parametrize(
        ("target", "words"),
        [
            ("100%", ("'100%'", "no budget at all", "Promise less than all")),
            (1, ("1 leaves", "no budget at all", "Promise less than all")),
            ("0%", ("'0%'", "no promise", '"99.9%"')),
            ("150%", ("'150%'", "impossible", '"99.9%"')),
            ("99.9", ("'99.9'", "impossible", '"99.9%"')),  # the sign is missing
            ("-1%", ("'-1%'", "impossible", '"99.9%"')),
            ("99,9%", ("'99,9%'", "no share", 'Write it as "99.9%"')),
            ("high", ("'high'", "no share", 'Write it as "99.9%"')),
            (0.999, ("0.999", "float", 'text: "99.9%"')),
            (True, ("True", "bool", 'text: "99.9%"')),
            (None, ("None", "NoneType", 'text: "99.9%"')),
        ],
    )
    def test_what_is_no_promise(self, target: Any, words: tuple[str, ...]) -> None:
        asks: list[Asking] = [
            lambda: sla.Budget(target, "720h"),
            lambda: sla.allowed_downtime(target, "720h"),
            lambda: sla.burn_rate("1m", "1h", target),
            lambda: sla.highest_burn_rate(target),
        ]
        for ask in asks:
            with refused(sla.InvalidAmount, *words):
                ask()

    def test_a_share_and_a_fraction_are_checked_too(self) -> None:
        with refused(sla.InvalidAmount, "no budget at all"):
            sla.Budget(sla.Share(1), "720h")
        with refused(sla.InvalidAmount, "impossible"):
            sla.Budget(Fraction(11, 10), "720h")
        assert sla.Budget(Fraction(999, 1000), "720h") == sla.Budget("99.9%", "720h")


class TestWindows:
    @pytest.mark.parametrize("window", ["0h", "-1h", timedelta(0), timedelta(hours=-1)])
    def test_without_time_in_it(self, window: Any) -> None:
        asks: list[Asking] = [lambda: sla.Budget("99%", window), lambda: sla.target_for("0m", window)]
        for ask in asks:
            with refused(sla.InvalidAmount, f"a window of {window} has no time in it", "Give it a length"):
                ask()

    def test_a_date_that_a_zone_left_out_has_no_time_in_it(self) -> None:
        left_out = sla.Day(date(2011, 12, 30), zone="Pacific/Apia")
        with refused(sla.InvalidAmount, "2011-12-30", "no time in it", "Give it a length"):
            sla.Budget("99%", left_out)

    @pytest.mark.parametrize("window", ["month", "a while", "", "720"])
    def test_text_that_is_no_length(self, window: str) -> None:
        with refused(sla.InvalidAmount, f"{window!r} is no amount of time", '"90m"'):
            sla.Budget("99%", window)

    @pytest.mark.parametrize("window", [720, 720.0, None, True])
    def test_a_number_has_no_unit(self, window: Any) -> None:
        with refused(sla.InvalidAmount, repr(window), "no duration", "with its unit"):
            sla.Budget("99%", window)

    def test_days_do_not_say_how_long_they_are(self) -> None:
        with refused(sla.AmbiguousDays, "'30 days'", "does not say what a day is", "Write"):
            sla.Budget("99%", "30 days")

    @pytest.mark.parametrize("downtime", ["721h", "-1m", "720h0.000001s"])
    def test_a_downtime_that_does_not_fit(self, downtime: str) -> None:
        asks: list[Asking] = [lambda: sla.target_for(downtime, "720h"), lambda: BUDGET.availability(downtime)]
        for ask in asks:
            with refused(sla.InvalidAmount, downtime, "does not fit a window of 720h", "up to the whole window"):
                ask()
        assert sla.target_for("720h", "720h") == sla.Share(0)
        assert sla.target_for("0s", "720h") == sla.Share(1)


class TestDowntimes:
    @pytest.mark.parametrize("micros", [1.0, float("nan"), True, "5 days", "43m", None, timedelta(1)])
    def test_made_of_what_is_no_exact_number(self, micros: Any) -> None:
        with refused(sla.InvalidAmount, repr(micros), "no exact number of microseconds", "integer or a Fraction"):
            sla.Downtime(micros)

    @pytest.mark.parametrize("amount", [43, 43.2, True, None])
    def test_read_from_what_has_no_unit(self, amount: Any) -> None:
        asks: list[Asking] = [
            lambda: sla.Downtime.of(amount),
            lambda: BUDGET.left(amount),
            lambda: BUDGET.spent(amount),
            lambda: BUDGET.verdict(amount),
            lambda: BUDGET.availability(amount),
        ]
        for ask in asks:
            with refused(sla.InvalidAmount, repr(amount), "no duration", "with its unit"):
                ask()

    def test_days_do_not_say_how_long_they_are(self) -> None:
        with refused(sla.AmbiguousDays, "'5 days'", "does not say what a day is", "720h"):
            sla.Downtime.of("5 days")

    @pytest.mark.parametrize("spec", ["x", ".1", ".1M", "1m", ".m", "%", ".2f"])
    def test_an_unknown_format_is_named_with_those_that_there_are(self, spec: str) -> None:
        with pytest.raises(ValueError, match=rf"unknown format '{re.escape(spec)}'.*\.1m, \.2h, s or d"):
            format(sla.Downtime(1), spec)

    def test_they_are_compared_with_time_alone(self) -> None:
        for other in (5, 5.0, "5us", sla.Share(1)):
            assert sla.Downtime(5) != other
            with pytest.raises(TypeError):
                _ = sla.Downtime(5) < other
            with pytest.raises(TypeError):
                _ = sla.Downtime(5) + other

    def test_more_than_a_timedelta_holds_is_an_error_of_ours(self) -> None:
        long = sla.Downtime(10**24)
        with pytest.raises(sla.SlaError):
            _ = long.duration
        assert f"{long:.0h}" == f"{-(-(10**24) // 3_600_000_000)}h"


class TestRates:
    @pytest.mark.parametrize("look_back", ["0h", "-5m", timedelta(0)])
    def test_a_look_back_without_time(self, look_back: Any) -> None:
        asks: list[Asking] = [
            lambda: BUDGET.burn_rate("1m", look_back),
            lambda: sla.burn_rate("1m", look_back, "99%"),
        ]
        for ask in asks:
            with refused(sla.InvalidAmount, f"{look_back} is no length of time", '"1h"'):
                ask()

    @pytest.mark.parametrize("every", ["0s", "-1m"])
    def test_probes_without_time_between_them(self, every: str) -> None:
        asks: list[Asking] = [
            lambda: BUDGET.probes(every),
            lambda: BUDGET.allowed_probes(every),
            lambda: sla.preflight(BUDGET, every),
            lambda: sla.preflight(BUDGET, every, []),
        ]
        for ask in asks:
            with refused(sla.InvalidAmount, f"{every} is no length of time", '"1m"'):
                ask()
        with refused(sla.InvalidAmount, "time between them", '"1m"'):
            ALERT.probes_needed(BUDGET, every)

    @pytest.mark.parametrize("rate", [14.4, True, "14.4", None], ids=repr)
    def test_a_burn_rate_that_is_not_exact(self, rate: Any) -> None:
        with refused(sla.InvalidAmount, repr(rate), "no exact burn rate", 'Fraction("14.4")'):
            BUDGET.lasts(rate)

    @pytest.mark.parametrize(("downtime", "elapsed"), [("2h", "1h"), ("1h", "721h"), ("-1h", "2h"), ("1h", "0h")])
    def test_downtime_that_does_not_fit_the_time_so_far(self, downtime: str, elapsed: str) -> None:
        with pytest.raises(sla.InvalidAmount) as caught:
            BUDGET.runs_out(downtime, elapsed)
        assert caught.value.remedy


class TestAlerts:
    @pytest.mark.parametrize("share", ["0%", "200%", "-2%", "2"])
    def test_a_share_that_no_budget_has(self, share: str) -> None:
        with refused(sla.InvalidAmount, f"{share!r} is no share of a budget", 'Write "2%"'):
            sla.BurnAlert(share, "1h")

    def test_a_float_share(self) -> None:
        with refused(sla.InvalidAmount, "0.02", "float", "Write it as text"):
            sla.BurnAlert(0.02, "1h")  # type: ignore[arg-type]

    def test_all_of_a_budget_can_be_guarded(self) -> None:
        assert sla.BurnAlert("100%", "720h").threshold(BUDGET) == 1

    @pytest.mark.parametrize("look_back", ["0h", "-1h", timedelta(0)])
    def test_a_look_back_without_time(self, look_back: Any) -> None:
        with refused(sla.InvalidAmount, "look_back", "a look-back needs time in it", 'Write "1h"'):
            sla.BurnAlert("2%", look_back)

    @pytest.mark.parametrize(("look_back", "short"), [("1h", "2h"), ("1h", "0m"), ("1h", "-1m"), ("11us", None)])
    def test_a_short_look_back_that_does_not_fit(self, look_back: str, short: str | None) -> None:
        with refused(sla.InvalidAmount, "a short look-back of", "does not fit", "Give a longer look-back"):
            sla.BurnAlert("2%", look_back, short)

    def test_a_short_look_back_can_be_as_long_as_the_long_one(self) -> None:
        assert sla.BurnAlert("2%", "1h", "1h").short == timedelta(hours=1)
        assert sla.BurnAlert("2%", "12us").short == timedelta(microseconds=1)

    def test_days_do_not_say_how_long_they_are(self) -> None:
        with refused(sla.AmbiguousDays, "'3 days'", "does not say what a day is", "Write"):
            sla.BurnAlert("10%", "3 days")

    def test_an_unknown_severity(self) -> None:
        with refused(sla.InvalidAmount, "severity", "'shout'", 'Write "page" or "ticket"'):
            sla.BurnAlert("2%", "1h", severity="shout")  # type: ignore[arg-type]

    @pytest.mark.parametrize("rate", [0.5, "half"])
    def test_an_error_rate_that_is_no_share(self, rate: Any) -> None:
        for ask in (ALERT.fires_after, ALERT.resets_after):
            with refused(sla.InvalidAmount, repr(rate), "share", '"99.9%"'):
                ask(BUDGET, rate)

    def test_nothing_down_fires_nothing(self) -> None:
        assert ALERT.fires_after(BUDGET, "0%") is None
        assert ALERT.resets_after(BUDGET, "0%") is None


class TestTogether:
    @pytest.mark.parametrize("needed", [0, -1, 3, True, 1.0, "1", None])
    def test_a_number_that_there_is_not(self, needed: Any) -> None:
        with refused(sla.InvalidAmount, f"{needed!r} of 2 services", "Ask for one up to all of them"):
            sla.k_of_n(needed, ["99%", "99%"])

    def test_no_services(self) -> None:
        asks: list[Asking] = [lambda: sla.series([]), lambda: sla.parallel([]), lambda: sla.k_of_n(1, [])]
        for ask in asks:
            with refused(sla.InvalidAmount, "no service is given", "Name at least one"):
                ask()

    @pytest.mark.parametrize(("part", "shown"), [("120%", "6/5"), ("-1%", "-1/100"), ("99", "99")])
    def test_an_availability_that_cannot_be(self, part: str, shown: str) -> None:
        asks: list[Callable[[list[str]], object]] = [sla.series, sla.parallel, lambda parts: sla.k_of_n(1, parts)]
        for ask in asks:
            with refused(sla.InvalidAmount, f"an availability of {shown} is impossible", 'Write "99.9%"'):
                ask(["99%", part])

    def test_a_float(self) -> None:
        with refused(sla.InvalidAmount, "0.99", "float", "Write it as text"):
            sla.series([0.99])  # type: ignore[list-item]

    def test_always_and_never_up_can_be_parts(self) -> None:
        assert sla.series(["100%", "0%"]) == sla.Together(sla.Share(0), sla.Share(0), sla.Share(0))
        assert sla.parallel(["100%", "0%"]) == sla.Together(sla.Share(1), sla.Share(1), sla.Share(1))


def scheme(**given: Any) -> sla.CreditScheme:
    """A scheme of two steps, with some of it written otherwise."""
    plain: dict[str, Any] = {
        "name": "x",
        "tiers": [{"at_least": "99.9%", "credit": "0%"}, {"at_least": "99%", "credit": "10%"}],
        "below": "25%",
    }
    return sla.CreditScheme.from_data({**plain, **given})


def tier(at_least: str, credit: str) -> dict[str, str]:
    return {"at_least": at_least, "credit": credit}


class TestCredits:
    @pytest.mark.parametrize(
        "tiers",
        [
            [tier("99%", "0%"), tier("99.9%", "10%")],  # the worse first
            [tier("99%", "0%"), tier("99%", "10%")],  # one twice
            [tier("99.9%", "10%"), tier("99%", "5%")],  # the worse pays less
            [tier("99.9%", "0%"), tier("95%", "20%"), tier("99%", "10%")],
        ],
    )
    def test_tiers_out_of_order(self, tiers: list[dict[str, str]]) -> None:
        with refused(sla.InvalidPolicy, "tiers: ", "not in order", "Write the best availability first"):
            scheme(tiers=tiers)

    def test_below_all_tiers_it_pays_no_less(self) -> None:
        with refused(sla.InvalidPolicy, "below", "5%", "less than the last", "Pay no less"):
            scheme(below="5%")
        assert scheme(below="10%").credit(sla.Share(0)) == sla.Share(1, 10)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"below": "150%"}, "150%"),
            ({"tiers": [tier("101%", "0%")]}, "101%"),
            ({"tiers": [tier("-1%", "0%")]}, "-1%"),
            ({"tiers": [tier("99%", "-5%")]}, "-5%"),
            ({"longest_outage": "5m", "outage_credit": "200%"}, "200%"),
        ],
    )
    def test_a_share_beyond_all(self, given: dict[str, Any], said: str) -> None:
        with refused(sla.InvalidPolicy, said, "no share of a fee or of time", '"0%" to "100%"'):
            scheme(**given)

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"tier": []}, ("unknown key 'tier'", "Did you mean 'tiers'?", "outage_credit")),
            ({"longest": "5m"}, ("unknown key 'longest'", "Known keys: name, source, tiers")),
        ],
    )
    def test_unknown_keys(self, given: dict[str, Any], words: tuple[str, ...]) -> None:
        with refused(sla.InvalidPolicy, *words):
            scheme(**given)

    def test_an_unknown_key_of_a_tier_is_the_only_problem(self) -> None:
        with refused(sla.InvalidPolicy, "tiers[0]: unknown key 'atleast'", "Did you mean 'at_least'?"):
            scheme(tiers=[{**tier("99%", "0%"), "atleast": "98%"}])

    def test_a_key_that_is_missing(self) -> None:
        with refused(sla.InvalidPolicy, "credit: is missing", "Add it"):
            sla.CreditTier.from_data({"at_least": "99%"})

    def test_no_tiers_and_no_name(self) -> None:
        for key, empty in (("tiers", []), ("name", "")):
            with pytest.raises(sla.InvalidPolicy, match=rf"{key}: .* at least 1"):
                scheme(**{key: empty})

    def test_a_float_is_no_share(self) -> None:
        with refused(sla.InvalidAmount, "below: 0.25 is a float", "Write it as text"):
            scheme(below=0.25)
        with refused(sla.InvalidAmount, "0.99 is a float", "Write it as text"):
            scheme().credit(0.99)  # type: ignore[arg-type]

    @pytest.mark.parametrize("given", [{"longest_outage": "5m"}, {"outage_credit": "50%"}])
    def test_half_of_the_clause_on_long_outages(self, given: dict[str, str]) -> None:
        with refused(sla.InvalidPolicy, "longest_outage and outage_credit", "only together", "Write both, or neither"):
            scheme(**given)

    def test_a_longest_outage_that_is_no_length(self) -> None:
        with refused(sla.AmbiguousDays, "longest_outage", "'1 day'", "Write"):
            scheme(longest_outage="1 day", outage_credit="50%")
        with refused(sla.InvalidAmount, "longest_outage", "15", "no duration", '"5m"'):
            scheme(longest_outage=15, outage_credit="50%")

    def test_a_longest_outage_of_less_than_nothing(self) -> None:
        with pytest.raises(sla.SlaError, match="longest_outage"):
            scheme(longest_outage="-5m", outage_credit="50%")


READERS: dict[str, Callable[[str], object]] = {
    "downtime": sla.Downtime.of,
    "window": lambda text: sla.Budget("99%", text),
    "look_back": lambda text: sla.BurnAlert("2%", text),
}


@pytest.mark.parametrize("reader", READERS)
def test_the_remedy_names_something_that_is_taken(reader: str) -> None:
    with pytest.raises(sla.AmbiguousDays) as caught:
        READERS[reader]("3 days")
    offered = re.findall(r'"([^"]+)"', caught.value.remedy)
    assert offered
    for text in offered:
        READERS[reader](text)
