"""
Published numbers about budgets, alerts, services together and credits (../shared/data/vectors/uptime.json).

What is compared is the exact fraction beside each printed number, which others have rounded, cut down, or got wrong.
Cases that need probes, incidents or monitors are named one by one; the last tests show that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb
from pathlib import Path
from typing import Any

import pytest

from sla_engine import (
    Budget,
    BurnAlert,
    CreditScheme,
    Downtime,
    Month,
    Period,
    Share,
    Year,
    allowed_downtime,
    k_of_n,
    parallel,
    series,
)

Case = dict[str, Any]
FILE = "vectors/uptime.json"
MICROS = {"seconds": 10**6, "minutes": 60 * 10**6, "hours": 3600 * 10**6, "days": 86400 * 10**6}
LETTERS = {"seconds": "s", "minutes": "m", "hours": "h", "days": "d"}

# What the mathematics of a budget cannot answer, and what can: each is asked in test_uptime_probe_vectors.py.
LATER = {
    "U088": "the union of what three monitors say",
    "U157": "the chance that a probe sees an outage",
    "U158": "the chance that a probe sees an outage",
    "U159": "the mean delay until a probe sees an outage",
    "U160": "the bounds of an outage between probes",
    "D022": "the bounds of an outage between probes",
    "D024": "what probes record of an outage shorter than their spacing",
    "D031": "the union of incidents",
    "D035": "the whole minutes of an outage",
}

# The reference is wrong: what we answer, in the unit of the case. Written out by hand from the note of each case.
WRONG = {
    "U056": Fraction("2629.746"),  # the page takes a year of 362.2425 days
    "U058": Fraction("31556.952"),
    "U059": Fraction("27337787.5176"),
    "U063": Fraction(2592),  # 30 days, of which the page makes 30.4375
    "U126": Fraction(10_000),  # 1 % of a million is not a thousand
    "U161": Fraction(2880),  # probes every 10 seconds in 8 hours
}

# The reference means something else than we do: what it computes, and what we answer.
OTHERWISE = {
    # AWS drops the terms of higher order: 1 - C(3, 2) * 0.01**2. All of them are here.
    "U136": (1 - comb(3, 2) * Fraction(1, 100) ** 2, Fraction("0.999702")),
}

# What we show with as many digits as were printed, where that is not what was printed: downtime is rounded up.
SHOWN = {
    "U044": ("1.30", "1.30m"),
    "U046": ("6.05", "6.05s"),
    "U019": ("1.83", "1.83d"),
    "U028": ("10.1", "10.1m"),
    "U051": ("26297", "26298s"),
    "U052": ("78892", "78893s"),
    "U065": ("25", "26s"),
    "U066": ("26", "27s"),
    "U067": ("316", "317s"),
}


def percent(text: object) -> str:
    return f"{text}%"


def in_unit(downtime: Downtime | None, unit: str) -> Fraction:
    assert downtime is not None
    return downtime.micros / MICROS[unit]


def budget_of(given: Case, target: str = "99") -> Budget:
    seconds = {
        key: int(given[key]) * MICROS[unit] // 10**6
        for key, unit in {
            "window_days": "days",
            "window_min": "minutes",
            "window_s": "seconds",
            "period_seconds": "seconds",
            "slo_window_days": "days",
            "hours": "hours",
            "events": "seconds",  # one event a second
        }.items()
        if key in given
    }
    (length,) = seconds.values()
    return Budget(percent(given.get("target_pct", target)), f"{length}s")


# --- one answer for each category -----------------------------------------------------------------------------------


def allowed(case: Case) -> Fraction:
    budget = budget_of(case["input"])
    assert allowed_downtime(budget.target, budget.window) == budget.allowed
    return in_unit(budget.allowed, case["unit"])


def left(case: Case) -> Fraction:
    return in_unit(budget_of(case["input"]).left(f"{case['input']['downtime_min']}m"), case["unit"])


def spent(case: Case) -> Fraction:
    given = case["input"]
    budget = budget_of(given)
    if "downtime_min" in given:
        return budget.spent(f"{given['downtime_min']}m").fraction * 100
    # At so many times the error rate that the target allows, for the look-back of the alert.
    hours = given["alert_window_h"]
    downtime = Downtime(Fraction(given["burn_rate"]) * Fraction(1, 100) * hours * MICROS["hours"])
    assert budget.burn_rate(downtime, f"{hours}h") == Fraction(given["burn_rate"])
    return budget.spent(downtime).fraction * 100


def uptime(case: Case) -> Fraction:
    given = case["input"]
    if "total" in given:
        return Share(given["ok"], given["total"]).fraction * 100
    if "downtime_s" in given:
        down = Downtime.of(f"{given['downtime_s']}s")
    elif "downtime_min" in given:
        down = Downtime.of(f"{given['downtime_min']}m")
    else:
        one, other, both = (
            Downtime.of(f"{given[key]}m") for key in ("downtime_min_group_a", "downtime_min_group_b", "overlap_min")
        )
        down = one + other - both
    return budget_of(given).availability(down).fraction * 100


def dilation(case: Case) -> Fraction:
    given = case["input"]
    budget = budget_of({"window_days": given["window_days"] - given["excluded_days"]})
    return (1 - budget.availability(f"{given['downtime_min']}m").fraction) * 100


def slices(case: Case) -> Fraction:
    given = case["input"]
    budget, every = budget_of(given), f"{given['slice_min']}m"
    if "target_pct" not in given:
        return Fraction(budget.probes(every))
    exact: Fraction = budget.allowed.micros / (given["slice_min"] * MICROS["minutes"])
    assert budget.allowed_probes(every) == {"U083": 20, "U167": 1008}[case["id"]]
    return exact


def lasts(case: Case) -> Fraction:
    return in_unit(budget_of(case["input"]).lasts(case["input"]["burn_rate"]), case["unit"])


def threshold(case: Case) -> Fraction:
    given = case["input"]
    return BurnAlert(percent(given["budget_pct"]), f"{given['alert_window_h']}h").threshold(budget_of(given))


def fires(case: Case) -> Fraction:
    given = case["input"]
    budget = Budget(percent(given["target_pct"]), "720h")
    alert = BurnAlert("2%", f"{given['alert_window_min']}m")
    assert alert.threshold(budget) == Fraction(given["burn"])
    return in_unit(alert.fires_after(budget, percent(given["error_rate_pct"])), case["unit"])


def failures(case: Case) -> Fraction:
    return Fraction(budget_of(case["input"]).allowed_probes("1s"))


def probes(case: Case) -> Fraction:
    return Fraction(budget_of(case["input"]).probes(f"{case['input']['interval_s']}s"))


def needed_of(case: Case) -> Fraction:
    given = case["input"]
    return k_of_n(given["k"], [percent(given["part_pct"])] * given["n"]).independent.fraction * 100


def credit(case: Case) -> Fraction:
    given = case["input"]
    if "tiers" in given:
        *tiers, (under, below) = given["tiers"]
        assert under.removeprefix("<") == tiers[-1][0].removeprefix(">=")
        written = [{"at_least": percent(floor.removeprefix(">=")), "credit": percent(pays)} for floor, pays in tiers]
        reached = Share.parse(percent(given["monthly_uptime_pct"]))
    else:
        # Only the first step is told.
        written, below = [{"at_least": "99.95%", "credit": "0%"}], 10
        reached = budget_of({"window_days": given["month_days"]}).availability(f"{given['downtime_min']}m")
        assert abs(reached.fraction * 100 - Fraction(given["uptime_pct_exact"])) < Fraction(1, 10**12)
    scheme = CreditScheme(name=given["scheme"], tiers=written, below=percent(below))
    return scheme.credit(reached).fraction * 100


EXACT: dict[str, Callable[[Case], Fraction]] = {
    "allowed_downtime": allowed,
    "budget_left": left,
    "budget_spent_pct": spent,
    "sli_pct": lambda case: Share(case["input"]["good"], case["input"]["total"]).fraction * 100,
    "sli": lambda case: Share(case["input"]["good"], case["input"]["observed"]).fraction,
    "slices": slices,
    "uptime_pct": uptime,
    "maintenance_dilation_pct": dilation,
    "time_to_exhaustion": lasts,
    "burn_threshold": threshold,
    "alert_fire_time": fires,
    "allowed_failures": failures,
    "series_pct": lambda case: series(map(percent, case["input"]["parts_pct"])).independent.fraction * 100,
    "series_ratio": lambda case: series(case["input"]["parts"]).independent.fraction,
    "parallel_pct": lambda case: parallel(map(percent, case["input"]["parts_pct"])).independent.fraction * 100,
    "k_of_n_pct": needed_of,
    "credit_pct": credit,
    "probe_count": probes,
}

# The derived cases say in words what is expected; each has a test below.
IN_WORDS = {
    "calendar_budget": ["D001", "D002", "D003", "D005", "D009", "D010", "D011"],
    "probe_budget": ["D012", "D013", "D017"],
    "exact_boundary": ["D018"],
    "display": ["D021"],
    "alert_quantum": ["D028"],
    "composite_bounds": ["D037"],
    "k_of_n": ["D038"],
}

PERIODS: dict[str, Period] = {
    "D001": Month(2026, 2, zone="UTC"),
    "D002": Month(2028, 2, zone="UTC"),
    "D003": Month(2026, 4, zone="UTC"),
    "D005": Month(2026, 3, zone="Europe/Berlin"),
    "D009": Month(2026, 4, zone="Australia/Lord_Howe"),
    "D010": Year(2026, zone="Europe/Berlin"),
    "D011": Year(2028, zone="UTC"),
}


@pytest.fixture(scope="module")
def cases(read_json: Callable[[str], Any]) -> dict[str, Case]:
    data = read_json(FILE)
    every = [*data["cases"], *data["derived_cases"]]
    found = {case["id"]: case for case in every}
    assert len(found) == len(every)
    return found


@pytest.mark.parametrize("category", EXACT)
def test_the_answer_is_the_exact_fraction(cases: dict[str, Case], category: str) -> None:
    asked = {
        name: case
        for name, case in cases.items()
        if case["category"] == category and name not in LATER and name not in OTHERWISE
    }
    # The k of n in print is an approximation, so it is asked below.
    assert asked or category == "k_of_n_pct"
    expected = {name: Fraction(case["exact_fraction"]) for name, case in asked.items()}
    assert {name: EXACT[category](case) for name, case in asked.items()} == expected


@pytest.mark.parametrize("name", WRONG)
def test_where_the_reference_is_wrong_we_answer_otherwise(cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    answer = EXACT[case["category"]](case)
    assert answer == WRONG[name]
    assert answer != Fraction(case["printed"])


@pytest.mark.parametrize("name", OTHERWISE)
def test_where_the_reference_approximates_we_are_exact(cases: dict[str, Case], name: str) -> None:
    case = cases[name]
    theirs, ours = OTHERWISE[name]
    assert Fraction(case["exact_fraction"]) == theirs * 100
    assert EXACT[case["category"]](case) == ours * 100 != theirs * 100


def test_redundant_services_are_not_in_series(cases: dict[str, Case]) -> None:
    case = cases["U135"]
    parts = [percent(part) for part in case["input"]["parts_pct"]]
    # The page multiplies, as if both were needed, and prints that.
    assert series(parts).independent.fraction * 100 == Fraction("99.0025")
    assert parallel(parts).independent.fraction * 100 == Fraction("99.9975")


def test_no_float_is_in_between(cases: dict[str, Case]) -> None:
    case = cases["U054"]
    assert str(86400 * (1 - 99.9 / 100)) != "86.4"
    assert f"{budget_of(case['input']).allowed:.14s}" == "86.40000000000000s"
    assert case["printed"] == "86.39999999999418"


class TestShown:
    @pytest.mark.parametrize("name", SHOWN)
    def test_downtime_with_the_digits_that_were_printed_is_never_less(self, cases: dict[str, Case], name: str) -> None:
        case = cases[name]
        printed, shown = SHOWN[name]
        assert case["printed"] == printed
        places, unit = len(printed.partition(".")[2]), case["unit"]
        assert f"{budget_of(case['input']).allowed:.{places}{LETTERS[unit]}}" == shown
        assert Fraction(shown[:-1]) >= Fraction(case["exact_fraction"])

    def test_all_that_are_allowed_and_not_exact_in_print_are_among_them(self, cases: dict[str, Case]) -> None:
        inexact = {
            name
            for name, case in cases.items()
            if case["category"] == "allowed_downtime" and case["reference_status"] in ("rounded", "truncated")
        }
        assert inexact == set(SHOWN)

    @pytest.mark.parametrize(
        ("name", "spec", "shown"),
        [
            ("U080", ".4%", "94.0677%"),
            ("U085", ".3%", "98.611%"),
            ("U090", ".0%", "66%"),
            ("U091", ".2%", "99.30%"),  # printed 99.31
            ("U092", ".2%", "99.97%"),  # printed 99.98
            ("U093", ".2%", "99.95%"),
            ("U095", ".2%", "99.99%"),
            ("U095", ".4", "0.9999"),  # toFixed(4) made it 1.0000
            ("U096", ".3%", "99.999%"),
            ("U097", ".8", "0.99206349"),
            ("U098", ".8", "0.94047619"),
            ("U127", ".2%", "99.94%"),
            ("U129", ".2%", "99.94%"),  # printed 99.95
            ("U130", ".6", "0.997951"),  # printed 0.997952
            ("U134", ".2%", "98.99%"),
        ],
    )
    def test_uptime_is_never_more(self, cases: dict[str, Case], name: str, spec: str, shown: str) -> None:
        case = cases[name]
        percents = case["unit"] == "percent"
        answer = EXACT[case["category"]](case)
        share = Share(answer / 100 if percents else answer)
        assert format(share, spec) == shown

    def test_exactly_the_budget_is_met(self, cases: dict[str, Case]) -> None:
        given = cases["D018"]["input"]
        budget, down = budget_of(given), f"{given['downtime_min']}m"
        assert budget.verdict(down) == "met"
        assert budget.left(down) == Downtime(0)
        assert f"{budget.availability(down):.3%}" == "99.000%"
        assert (str(budget.left(down)), f"{budget.spent(down):.2%}") == ("0s", "100.00%")

    @pytest.mark.parametrize("minutes", [433, 434])
    def test_a_minute_more_is_a_breach_that_does_not_print_as_met(self, cases: dict[str, Case], minutes: int) -> None:
        given = cases["D021"]["input"]
        assert (given["downtime_min"], given["window_min"], given["target_pct"]) == (433, 43200, "99")
        budget, down = budget_of(given), f"{minutes}m"
        assert f"{100 * (1 - minutes / 43200):.2f}" == "99.00"  # as others print it
        assert budget.verdict(down) == "breached"
        assert f"{budget.availability(down):.2%}" == str(budget.availability(down)) == "98.99%"
        assert f"{budget.availability(down):.0%}" == "98%"
        assert f"{budget.left(down):.0m}" == f"-{minutes - 432}m"


class TestInWords:
    @pytest.mark.parametrize("name", PERIODS)
    def test_a_period_in_a_zone_has_its_true_length(self, cases: dict[str, Case], name: str) -> None:
        case = cases[name]
        given, period = case["input"], PERIODS[name]
        budget = Budget(percent(given["target_pct"]), period)
        assert budget.window_micros == given["minutes"] * MICROS["minutes"]
        assert in_unit(budget.allowed, case["unit"]) == Fraction(case["expected"])

    @pytest.mark.parametrize("name", IN_WORDS["probe_budget"])
    def test_so_many_probes_may_fail_and_no_more(self, cases: dict[str, Case], name: str) -> None:
        given, expected = cases[name]["input"], int(cases[name]["expected"])
        budget = budget_of({"window_days": given["days"], "target_pct": given["target_pct"]})
        every = given["interval_min"]
        assert budget.allowed_probes(f"{every}m") == expected
        assert budget.verdict(f"{expected * every}m") == "met"
        assert budget.verdict(f"{(expected + 1) * every}m") == "breached"

    def test_an_alert_takes_so_many_probes(self, cases: dict[str, Case]) -> None:
        given = cases["D028"]["input"]
        budget = Budget(percent(given["target_pct"]), "720h")
        alert = BurnAlert("2%", f"{given['long_h']}h", f"{given['short_min']}m")
        assert alert.threshold(budget) == Fraction(given["burn"])
        (long, of_long), (short, of_short) = alert.probes_needed(budget, f"{given['interval_min']}m")
        words = f"long needs {long} of {of_long}, short {short} of {of_short}"
        assert words == cases["D028"]["expected"]

    def test_services_in_parallel_have_bounds(self, cases: dict[str, Case]) -> None:
        together = parallel(map(percent, cases["D037"]["input"]["parallel_pct"]))
        words = (
            f"independent {together.independent:.2%}; Frechet bounds {together.lowest:.2%} .. {together.highest:.2%}"
        )
        assert words.replace("%", "") == cases["D037"]["expected"]
        assert (together.lowest, together.independent, together.highest) == (
            Share(99, 100),
            Share(9999, 10000),
            Share(1),
        )

    def test_two_of_three(self, cases: dict[str, Case]) -> None:
        assert needed_of(cases["D038"]) == Fraction(cases["D038"]["expected"])


class TestNoneIsForgotten:
    def test_every_case_is_answered_or_named_as_later(self, cases: dict[str, Case]) -> None:
        answered = {name for name, case in cases.items() if case["category"] in EXACT and name not in LATER}
        in_words = {name for names in IN_WORDS.values() for name in names}
        assert answered.isdisjoint(in_words)
        assert answered.isdisjoint(LATER)
        assert in_words.isdisjoint(LATER)
        assert answered | in_words | set(LATER) == set(cases)

    def test_every_case_for_later_is_asked_where_probes_and_incidents_are(self) -> None:
        asked = Path(__file__).with_name("test_uptime_probe_vectors.py").read_text(encoding="utf-8")
        assert [name for name in LATER if f'"{name}"' not in asked] == []

    def test_the_tables_name_cases_that_there_are(self, cases: dict[str, Case]) -> None:
        assert {*LATER, *WRONG, *OTHERWISE, *SHOWN, *PERIODS} <= set(cases)
        for category, names in IN_WORDS.items():
            assert {name for name, case in cases.items() if case["category"] == category} == set(names)
        assert set(PERIODS) == set(IN_WORDS["calendar_budget"])

    def test_every_wrong_reference_is_in_the_table(self, cases: dict[str, Case]) -> None:
        wrong = {name for name, case in cases.items() if "WRONG" in case.get("reference_status", "")}
        assert wrong - set(LATER) == set(WRONG)
        assert wrong & set(LATER) == {"U160"}
