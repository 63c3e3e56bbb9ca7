"""Laws of logs of arrays: they are the logs of pairs, and what no probe saw is what one finds who looks at all."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sla_engine import InvalidLog, ProbeLog, Rolling, SlaError, evaluate_uptime
from sla_engine.frames import probe_log
from sla_engine.uptime.probes import BLOCK

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZERO = int((START - EPOCH).total_seconds()) * 10**6
MINUTE = 60 * 10**6
Rows = list[tuple[int, bool]]


def after(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@st.composite
def meanings(draw: st.DrawFn) -> dict[str, Any]:
    """What is said of a log beside its probes."""
    every: Any = f"{draw(st.sampled_from([1, 2, 7]))}m"
    if draw(st.booleans()):
        changes = draw(st.lists(st.integers(-60, 260), min_size=1, max_size=3))
        every = [(after(-500), every), *((after(one), f"{draw(st.sampled_from([1, 3, 20]))}m") for one in changes)]
    late = draw(st.lists(st.tuples(st.integers(-40, 240), st.integers(0, 90)), max_size=4))
    return {
        "every": every,
        "gap": draw(st.sampled_from([1, Fraction(3, 2), Fraction(2), Fraction(5)])),
        "location": draw(st.sampled_from(["", "rome"])),
        "late": [(ZERO + made * MINUTE, ZERO + (made + wait) * MINUTE) for made, wait in late],
    }


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Rows in any order, some of them twice, which may contradict one another."""
    at = draw(st.integers(-40, 60))
    found: Rows = []
    for step in draw(st.lists(st.sampled_from([1, 1, 2, 3, 7, 30]), max_size=40)):
        at += step
        found.append((ZERO + at * MINUTE, draw(st.sampled_from([True, True, True, False]))))
    if not found:
        return found
    twice = draw(st.lists(st.sampled_from(found), max_size=3))
    if not draw(st.integers(0, 4)):
        twice += [(at, not up) for at, up in draw(st.lists(st.sampled_from(found), max_size=2))]
    return draw(st.permutations(found + twice)) if draw(st.booleans()) else found + twice


def columns(given_: Rows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    return np.array([at for at, _ in given_], dtype=np.int64), np.array([up for _, up in given_], dtype=bool)


def told(make: Callable[[], ProbeLog]) -> ProbeLog | tuple[object, ...]:
    """The log, or the error with all that it says."""
    try:
        return make()
    except SlaError as error:
        return type(error), str(error), error.where, error.value, error.remedy


def same(one: ProbeLog, other: ProbeLog) -> None:
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == repr(other)
    assert one.instants == other.instants
    assert one.ups == other.ups
    assert (one.turns, one.far, one.widest, one.late) == (other.turns, other.far, other.widest, other.late)
    assert all(type(up) is bool for up in one.ups)
    assert {type(part) for part in (*one.instants, *one.turns, *one.far, *one.widest)} <= {int}


# --- the same logs ---------------------------------------------------------------------------------------------------


@given(rows(), meanings(), st.integers(-20, 260))
@settings(max_examples=150)
def test_a_log_of_arrays_is_the_log_of_its_pairs(given_: Rows, meant: dict[str, Any], now: int) -> None:
    pairs = told(lambda: ProbeLog.of_micros(given_, **meant))
    arrays = told(lambda: probe_log(*columns(given_), **meant))
    states: dict[int, set[bool]] = {}
    for at, up in given_:
        states.setdefault(at, set()).add(up)
    assert isinstance(pairs, tuple) == any(len(said) > 1 for said in states.values())
    if isinstance(pairs, tuple) or isinstance(arrays, tuple):
        assert arrays == pairs
        return
    same(arrays, pairs)
    assert arrays.instants == tuple(sorted(states))
    assert arrays.ups == tuple(states[at] == {True} for at in sorted(states))
    reports = [
        evaluate_uptime("99%", Rolling(after(200), timedelta(hours=3)), at=after(now), probes=log)
        for log in (arrays, pairs)
    ]
    assert reports[0].stretches == reports[1].stretches
    assert reports[0].readings() == reports[1].readings()
    assert reports[0].longest_unseen == reports[1].longest_unseen


SIZES = [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 2, 2 * BLOCK + 1, 10_001, 16 * BLOCK, 16 * BLOCK + 1, 70_003]


def long_log(seed: int, count: int, *, quiet: bool) -> Rows:
    """Many rows, a minute apart, with gaps, jitter and failures near the edges of blocks; `quiet` ones have few."""
    random = Random(seed)  # noqa: S311  (much is drawn of it, and quickly)
    near = [place for block in range(0, count + BLOCK, BLOCK) for place in range(block - 2, block + 3)]
    odd = set(random.sample(near, len(near) // (6 if quiet else 2)) + random.choices(range(count), k=2 if quiet else 9))
    found: Rows = []
    at = ZERO
    for number in range(count):
        kind = random.randrange(4) if number in odd else None
        at += (
            MINUTE if kind is None else random.choice([MINUTE - 1, MINUTE + 7, 2 * MINUTE, 2 * MINUTE + 1, 9 * MINUTE])
        )
        found.append((at, kind is None or kind > 1))
    return found


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_long_logs_are_the_same_at_the_edges_of_their_blocks(count: int, seed: int) -> None:
    given_ = long_log(count + seed, count, quiet=bool(seed))
    every: Any = "1m" if seed else [(START, "1m"), (START + timedelta(minutes=BLOCK), "3m"), (after(9000), "30s")]
    pairs, arrays = ProbeLog.of_micros(given_, every=every), probe_log(*columns(given_), every=every)
    same(arrays, pairs)
    shuffled = given_ + given_[:: max(count // 50, 1)]
    Random(seed).shuffle(shuffled)  # noqa: S311
    same(probe_log(*columns(shuffled), every=every), pairs)
    # The figures of the blocks are those of someone who looks at each pair.
    limits = [floor_of(every, one[0], other[0]) for one, other in itertools.pairwise(given_)]
    apart = [other[0] - one[0] for one, other in itertools.pairwise(given_)]
    good = [
        length if one[1] and other[1] and length <= limit else 0
        for one, other, length, limit in zip(given_, given_[1:], apart, limits, strict=False)
    ]
    assert arrays.far == {place for place, length in enumerate(apart) if length > limits[place]}
    assert arrays.widest == tuple(max(good[place : place + BLOCK]) for place in range(0, len(good), BLOCK))


def floor_of(every: Any, start: int, end: int) -> int:
    """How far apart two neighbours may lie: twice the coarsest spacing that is meant from the one to the other."""
    lengths = {"30s": MINUTE // 2, "1m": MINUTE, "3m": 3 * MINUTE}
    if isinstance(every, str):
        return 2 * lengths[every]
    since = [int((at - EPOCH) / timedelta(microseconds=1)) for at, _ in every]
    until = [*since[1:], 10**18]
    meant = [
        lengths[text] for (_, text), one, other in zip(every, since, until, strict=True) if one <= end and other > start
    ]
    return 2 * max(meant or [lengths[every[0][1]]])


@given(rows(), st.randoms(use_true_random=False))
def test_the_kind_of_array_does_not_matter(given_: Rows, random: Random) -> None:
    given_ = list({at: (at, up) for at, up in given_}.values())
    expected = ProbeLog.of_micros(given_, every="2m")
    when, up = columns(given_)
    wide = np.zeros((len(when), 3), dtype=np.int64)
    wide[:, 1] = when
    apart = np.zeros(2 * len(up), dtype=bool)
    apart[::2] = up
    same(probe_log(wide[:, 1], apart[::2], every="2m"), expected)
    same(probe_log(when[::-1], up[::-1], every="2m"), expected)
    same(probe_log(when.astype(">i8"), up, every="2m"), expected)
    same(probe_log(when.tolist(), up.tolist(), every="2m"), expected)
    for column in (when, up):
        column.flags.writeable = False
    same(probe_log(when, up, every="2m"), expected)
    mixed = random.sample(given_, len(given_))
    same(probe_log([at for at, _ in mixed], [up for _, up in mixed], every="2m"), expected)


@pytest.mark.parametrize("width", [np.int8, np.int16, np.int32, np.int64])
def test_integers_of_any_width_will_do(width: type[np.signedinteger[Any]]) -> None:
    # An hour of probes, a second apart, does not fit in a byte: here they are microseconds apart.
    when = np.arange(-100, 100, 20, dtype=width)
    log = probe_log(when, when != 20, every=timedelta(microseconds=20))
    same(log, ProbeLog.of_micros([(at, at != 20) for at in range(-100, 100, 20)], every=timedelta(microseconds=20)))
    assert log.turns == (5, 6)


def test_what_is_given_out_of_order_is_left_as_it_was() -> None:
    when, up = np.array([MINUTE, 0], dtype=np.int64), np.array([False, True])
    probe_log(when, up, every="1m")
    assert (when.tolist(), up.tolist()) == ([MINUTE, 0], [False, True])


# --- what is refused -------------------------------------------------------------------------------------------------

TWO = np.array([0, MINUTE])
GOOD = np.array([True, True])
WRONG: dict[str, tuple[Any, Any, str, str, str]] = {
    "datetimes": (TWO.astype("datetime64[us]"), GOOD, "instants", r"datetime64\[us\], where integers", "microseconds"),
    "seconds as floats": (TWO / 1e6, GOOD, "instants", "float64, where integers", "microseconds"),
    "unsigned": (TWO.astype(np.uint64), GOOD, "instants", "uint64, where integers", "microseconds"),
    "booleans as instants": (GOOD, GOOD, "instants", "bool, where integers", "microseconds"),
    "objects": (np.array([0, MINUTE], dtype=object), GOOD, "instants", "object, where integers", "microseconds"),
    "texts": (["a", "b"], GOOD, "instants", "<U1, where integers", "microseconds"),
    "too large": ([0, 2**70], GOOD, "instants", "object, where integers", "microseconds"),
    "ones and zeros": (TWO, np.array([1, 0]), "ups", "int64, where booleans", "booleans"),
    "states as objects": (TWO, np.array([True, None]), "ups", "object, where booleans", "booleans"),
    "states as texts": (TWO, ["up", "up"], "ups", "<U2, where booleans", "booleans"),
    "fewer states": (TWO, GOOD[:1], "ups", "there are 2 instants and 1 states", "one each"),
    "no states": (TWO, [], "ups", "there are 2 instants and 0 states", "one each"),
    "no instants": ([], GOOD, "ups", "there are 0 instants and 2 states", "one each"),
    "a table of instants": (TWO.reshape(1, 2), GOOD, "instants", "instants has 2 dimensions", "one column"),
    "a table of states": (TWO, GOOD.reshape(2, 1), "ups", "ups has 2 dimensions", "one column"),
    "one instant": (7, GOOD, "instants", "instants has 0 dimensions", "one column"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_column_of_its_kind_is_refused(name: str) -> None:
    instants, ups, where, problem, remedy = WRONG[name]
    with pytest.raises(InvalidLog, match=problem) as caught:
        probe_log(instants, ups, every="1m")
    assert caught.value.where == where
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("meant", "where"),
    [
        ({"every": "0m"}, "every"),
        ({"every": []}, "every"),
        ({"every": "1m", "gap": Fraction(1, 2)}, "gap"),
        ({"every": "1m", "late": [(5, 4)]}, "late"),
    ],
)
def test_what_is_said_beside_the_probes_is_refused_alike(meant: dict[str, Any], where: str) -> None:
    found = told(lambda: probe_log(TWO, GOOD, **meant))
    assert found == told(lambda: ProbeLog.of_micros([(0, True), (MINUTE, True)], **meant))
    assert isinstance(found, tuple)
    assert (found[0], found[2]) == (InvalidLog, where)


def test_a_contradiction_far_behind_is_found() -> None:
    given_ = [*long_log(3, 2 * BLOCK + 5, quiet=True)]
    at, up = given_[BLOCK]
    with pytest.raises(InvalidLog, match="contradict each other") as caught:
        probe_log(*columns([*given_, (at, not up)]), every="1m")
    assert caught.value.where == (EPOCH + timedelta(microseconds=at)).isoformat()
    assert "Keep one of them" in caught.value.remedy


# --- what no probe saw -----------------------------------------------------------------------------------------------


def unseen(given_: Rows, limit: Callable[[int, int], int], lo: int, hi: int) -> int:
    """The longest time in the window between two good neighbours that are near each other: all pairs are looked at."""
    found = 0
    for (start, up), (end, up_too) in itertools.pairwise(given_):
        if up and up_too and end - start <= limit(start, end):
            found = max(found, min(end, hi) - max(start, lo))
    return found


@given(rows(), meanings(), st.tuples(st.integers(-60, 260), st.integers(-60, 260)), st.data())
@settings(max_examples=150)
def test_the_longest_unseen_is_that_of_all_pairs(
    given_: Rows, meant: dict[str, Any], edges: tuple[int, int], data: st.DataObject
) -> None:
    given_ = sorted({at: (at, up) for at, up in given_}.values())
    waits = data.draw(st.lists(st.tuples(st.sampled_from(given_), st.integers(0, 200)), max_size=4)) if given_ else []
    came = {**{made: made for made, _ in given_}, **{made: made + wait * MINUTE for (made, _), wait in waits}}
    meant["late"] = [(made, when) for made, when in came.items() if when > made]
    log = ProbeLog.of_micros(given_, **meant)
    lo, hi = (ZERO + edge * MINUTE + shift for edge, shift in zip(sorted(edges), (0, 1), strict=True))

    def limit(start: int, end: int) -> int:
        spacings = [
            length
            for number, (since, length) in enumerate(log.cadence)
            if (since <= end or not number) and (number + 1 == len(log.cadence) or log.cadence[number + 1][0] > start)
        ]
        return int(log.gap * max(spacings))

    assert log.longest_unseen(lo, hi) == max(unseen(given_, limit, lo, hi), 0)
    at = data.draw(st.sampled_from([ZERO + 100 * MINUTE, hi, *came.values()]))
    known = [(made, up) for made, up in given_ if came[made] <= at]
    assert log.longest_unseen(lo, hi, at=at) == max(unseen(known, limit, lo, hi), 0)


@pytest.mark.parametrize("seed", range(3))
def test_so_it_is_over_many_blocks(seed: int) -> None:
    given_ = long_log(seed, 4 * BLOCK + 17 * seed, quiet=seed > 0)
    log = probe_log(*columns(given_), every="1m")
    random = Random(seed)  # noqa: S311
    edges = [given_[place][0] + shift for place in range(0, len(given_), BLOCK) for shift in (-MINUTE, 0, 1)]
    for _ in range(40):
        lo, hi = sorted(random.sample([*edges, *(random.randrange(ZERO, given_[-1][0]) for _ in range(9))], 2))
        if lo < hi:
            assert log.longest_unseen(lo, hi) == max(unseen(given_, lambda *_: 2 * MINUTE, lo, hi), 0)


# --- windows that follow one another ---------------------------------------------------------------------------------


@given(rows(), meanings(), st.lists(st.integers(-60, 260), min_size=2, max_size=6, unique=True), st.integers(-60, 300))
def test_the_states_of_adjacent_windows_are_those_of_the_whole(
    given_: Rows, meant: dict[str, Any], cuts: list[int], now: int
) -> None:
    log = ProbeLog.of_micros(list({at: (at, up) for at, up in given_}.values()), **meant)
    edges = [ZERO + cut * MINUTE for cut in sorted(cuts)]
    for at in (None, ZERO + now * MINUTE):
        whole = [(lo, hi, state) for lo, hi, state, _ in log.states(edges[0], edges[-1], at=at)]
        parts = [
            (lo, hi, state)
            for start, end in itertools.pairwise(edges)
            for lo, hi, state, _ in log.states(start, end, at=at)
        ]
        assert parts[0][0] == edges[0]
        assert parts[-1][1] == edges[-1]
        assert all(one[1] == other[0] for one, other in itertools.pairwise(parts))
        assert turning(parts) == turning(whole)


def turning(stretches: Sequence[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """The edges at which the state changes, whatever pieces they are told in."""
    return [
        (lo, state)
        for number, (lo, _, state) in enumerate(stretches)
        if not number or stretches[number - 1][2] != state
    ]


# --- values ----------------------------------------------------------------------------------------------------------


@given(rows(), meanings())
def test_logs_are_values(given_: Rows, meant: dict[str, Any]) -> None:
    given_ = list({at: (at, up) for at, up in given_}.values())
    log = probe_log(*columns(given_), **meant)
    for twin in (pickle.loads(pickle.dumps(log)), copy.copy(log), copy.deepcopy(log)):  # noqa: S301
        same(twin, log)
        assert list(twin.states(ZERO, ZERO + 200 * MINUTE)) == list(log.states(ZERO, ZERO + 200 * MINUTE))
    others = [
        ProbeLog.of_micros([*given_, (ZERO + 10_000 * MINUTE, True)], **meant),
        ProbeLog.of_micros([(at + 1, up) for at, up in given_] or [(0, True)], **meant),
        ProbeLog.of_micros([(at, not up) for at, up in given_] or [(0, True)], **meant),
        *(
            ProbeLog.of_micros(given_, **{**meant, **change})
            for change in ({"every": "11m"}, {"gap": 9}, {"location": "oslo"}, {"late": [(0, 9)]})
        ),
    ]
    assert all(log != other for other in others)
    assert log != object()
    assert len({log, copy.deepcopy(log), *others}) == 1 + len(set(others))


@pytest.mark.parametrize(
    "instants",
    [[0, 2**62, -(2**62) - 5], [0, 2**62 + 1, -(2**62) - 1, 5], [-(2**63), 0], [2**61, 2**61 + 1], [10**18 * 2]],
    ids=str,
)
def test_instants_that_no_calendar_has_are_refused_both_ways(instants: list[int]) -> None:
    ups = [True] * len(instants)
    with pytest.raises(InvalidLog, match="years 1 to 9999") as one:
        ProbeLog.of_micros(zip(instants, ups, strict=True), every="1m")
    with pytest.raises(InvalidLog, match="years 1 to 9999") as other:
        probe_log(np.array(instants), np.array(ups), every="1m")
    assert str(one.value) == str(other.value)
