"""An independent oracle for the clocks of a ticket: it lives the ticket through, minute by minute.

It reads a policy and a ticket as plain tables and shares no code and no method with the engine.
Of the calendars it asks the calendar oracle which minutes are open, and when so many days are
due. Each cycle of a clock keeps a log of its minutes (open or not by the calendar of that time,
paused or not), and every answer is counted from that log. Past the moment asked about the log
goes on as if nothing more happened.

Events, the moment asked about and the windows of the calendars lie on whole minutes. Within a
minute that counts, time grows evenly, so shares of a target may fall between. What cannot be
known within some forty days after the moment asked about is given as `BEYOND`.

Instants are microseconds since the opening of the ticket until they are handed out.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import Any

from sla_engine.testing.oracle import Oracle, _zone_name

__all__ = ["BEYOND", "ticket_status"]

Table = Mapping[str, Any]
"""Facts, an event, a clock, a rule, a policy: as `json.loads` gives them."""

BEYOND = "beyond"
"""Stands for what could not be found within the days that are walked."""

_MINUTE = 60_000_000
_DAYS_WALKED = (14, 40)
"""Past the moment asked about; the second only where the first do not suffice."""
_FINISHED = ("solved", "closed", "cancelled")
_USUAL_STATUSES = {"new", "open", "pending", "on_hold", *_FINISHED}


# Targets


@lru_cache(maxsize=64)
def _calendar(document: str, start: datetime, end: datetime) -> tuple[Oracle, list[bool]]:
    """A calendar's oracle, and for each minute from the start whether it is open."""
    oracle = Oracle(json.loads(document), start=start, end=end)
    is_open = [False] * ((end - start) // timedelta(minutes=1))
    for opened, closed in oracle.open_spans(start, end):
        for m in range((opened - start) // timedelta(minutes=1), (closed - start) // timedelta(minutes=1)):
            is_open[m] = True
    return oracle, is_open


@dataclass(frozen=True)
class _Amount:
    unit: str
    """`open`, `elapsed` (both in microseconds), `business` or `calendar` (both in days)."""
    size: int
    at_close: bool = False

    @classmethod
    def read(cls, text: str) -> "_Amount":
        days = re.fullmatch(r"(\d+) (business|calendar) days?(, due at close)?", text)
        if days:
            return cls(days[2], int(days[1]), at_close=bool(days[3]))
        time = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?( elapsed)?", text)
        if time is None or not any(time.groups()[:3]):
            raise ValueError(f"{text!r} is no amount that the oracle knows")
        hours, minutes, seconds = (int(part or 0) for part in time.groups()[:3])
        size = (hours * 60 + minutes) * _MINUTE + seconds * 1_000_000
        return cls("elapsed" if time[4] else "open", size)


@dataclass(frozen=True)
class _Promise:
    """An amount and the calendar that it is counted on."""

    amount: _Amount
    calendar: str
    """The calendar's document; of an always-open one that of the calendar which gives the zone."""
    start: datetime
    end: datetime

    @property
    def always_open(self) -> bool:
        return self.amount.unit in ("elapsed", "calendar")

    def says_the_same_as(self, other: "_Promise") -> bool:
        """Whether amounts and calendars are equal; always-open calendars are if their zones are."""
        if self.amount != other.amount:
            return False
        if self.always_open:
            return _zone_name(json.loads(self.calendar)) == _zone_name(json.loads(other.calendar))
        return self.calendar == other.calendar

    def minutes(self) -> list[bool]:
        """For each minute whether it is open."""
        _, is_open = _calendar(self.calendar, self.start, self.end)
        return [True] * len(is_open) if self.always_open else is_open

    def first_due(self, m: int) -> int | None:
        """The minute at which a target in days is due that starts at minute m; None if beyond."""
        oracle, _ = _calendar(self.calendar, self.start, self.end)
        started = self.start + timedelta(minutes=m)
        try:
            if self.amount.unit == "calendar":
                due = oracle.calendar_days(started, self.amount.size)
            else:
                how = "close" if self.amount.at_close else "same_time"
                due = oracle.add_business_days(started, self.amount.size, how)  # type: ignore[arg-type]
        except LookupError:
            return None
        return (due - self.start) // timedelta(minutes=1)


# One cycle of a clock


class _Count:
    """The time counted since a first minute, of which each following minute counts or does not."""

    def __init__(self, first: int, counts: list[bool]) -> None:
        self.first, self.counts = first, counts
        self.sums = [0, *accumulate(_MINUTE if each else 0 for each in counts)]

    def at(self, t: int) -> int:
        """The time counted before an instant."""
        k, rest = divmod(t - self.first * _MINUTE, _MINUTE)
        return self.sums[k] + (rest if rest and self.counts[k] else 0)

    def first_with(self, least: int, since: int) -> int | None:
        """`min { t >= since : counted(t) >= least }`, for a whole minute `since`."""
        for k in range(since - self.first, len(self.counts)):
            if self.sums[k + 1] >= least:
                return (self.first + k) * _MINUTE + max(0, least - self.sums[k])
        return None

    def last_with(self, most: int, since: int) -> int | None:
        """`max { t >= since : counted(t) <= most }`, and `since` if there is none."""
        for k in range(since - self.first, len(self.counts)):
            if self.sums[k + 1] > most:
                return (self.first + k) * _MINUTE + max(0, most - self.sums[k])
        return None


@dataclass
class _Cycle:
    tier: str
    name: str
    number: int
    clock: Table
    started: int
    promise: _Promise
    phase: str = "running"
    ended: int | None = None
    base: int = 0
    """The minute from which it counts: the start, or the last restart."""
    since: int = 0
    """The minute from which the promise applies: the base, or the last retarget that kept the time."""
    need: int | None = None
    """The time that has to be counted; None if it is not known, since it is due beyond what is walked."""
    floor: int = 0
    """The minute before which it is never due."""
    kept_breach: int | None = None
    log: list[tuple[bool, bool]] = field(default_factory=list)
    """For each minute since the base, whether it was open, and whether the cycle was paused."""

    def __post_init__(self) -> None:
        self._count_from(self.started)

    @property
    def active(self) -> bool:
        return self.ended is None

    @property
    def by_business_time(self) -> bool:
        return bool(self.clock["compare"] == "business_time")

    def live_until(self, minute: int) -> None:
        is_open = self.promise.minutes()
        for m in range(self.base + len(self.log), minute):
            self.log.append((is_open[m], self.phase == "paused"))

    def end(self, minute: int, phase: str) -> None:
        self.ended, self.phase = minute, phase

    def elapsed(self) -> int:
        return sum(_MINUTE for is_open, is_paused in self.log if is_open and not is_paused)

    def paused(self) -> int:
        return sum(_MINUTE for is_open, is_paused in self.log if is_open and is_paused)

    def count(self) -> _Count:
        """The time counted, supposing that nothing more happens; an ended cycle runs on."""
        lived = [is_open and not is_paused for is_open, is_paused in self.log]
        to_come = self.promise.minutes()[self.base + len(self.log) :]
        if self.phase == "paused":
            to_come = [False] * len(to_come)
        return _Count(self.base, lived + to_come)

    # What the promise asks

    def _count_from(self, minute: int) -> None:
        """Begin to count at a minute."""
        self.base = self.since = minute
        self.log = []
        self._ask()

    def _ask(self) -> None:
        """Find the need and the floor, as if the promise had applied from the base."""
        if self.promise.amount.unit in ("open", "elapsed"):
            self.need, self.floor = self.promise.amount.size, self.base
            return
        due = self.promise.first_due(self.base)
        if due is None:
            self.need = None
        else:
            self.need, self.floor = self._open_time(self.base, due), due

    def _open_time(self, a: int, b: int) -> int:
        """The open time between two minutes by the calendar of the promise; signed."""
        if a > b:
            return -self._open_time(b, a)
        return sum(_MINUTE for is_open in self.promise.minutes()[a:b] if is_open)

    def retarget(self, promise: _Promise, minute: int) -> None:
        """Change the promise at a minute, up to which the cycle has lived."""
        how = self.clock["retarget"]
        if how != "retroactive" and self.kept_breach is None:
            count = self.count()
            if self.is_breached(count, minute * _MINUTE):
                self.kept_breach = self.breaks_at(count)
        self.promise = promise
        if how == "restart":
            self._count_from(minute)
        elif how == "retroactive":
            pauses = [is_paused for _, is_paused in self.log]
            is_open = promise.minutes()
            self.log = [(is_open[self.base + k], is_paused) for k, is_paused in enumerate(pauses)]
            self._ask()
        else:
            self._ask()
            self.since = minute
            if promise.amount.unit in ("business", "calendar") and self.need is not None:
                self.need = self.elapsed() + self._open_time(minute, self.floor) + self.paused()

    # What is reached, and when

    def due_at(self, count: _Count) -> int | None:
        """The first instant, not before the floor, with the needed time; None if not found."""
        if self.need is None:
            return None
        return count.first_with(self.need, max(self.floor, self.since))

    def breaks_at(self, count: _Count) -> int | None:
        """The last instant that is still in time; None if not found."""
        if self.need is None:
            return None
        return count.last_with(self.need, self.since) if self.by_business_time else self.due_at(count)

    def is_breached(self, count: _Count, t: int) -> bool:
        """Whether an end at `t` comes too late.

        By business time, it does when more than the need is counted. By instants, when at an
        earlier microsecond, not before the floor, the needed time was counted already. Where
        the need is not known, the due instant is beyond all that is walked.
        """
        if self.need is None:
            return False
        if self.by_business_time:
            return count.at(t) > self.need
        just_before = t - 1
        return just_before >= max(self.floor, self.since) * _MINUTE and count.at(just_before) >= self.need

    def warning_needs(self) -> list[int]:
        """For each warning the time that has to be counted, rounded up to a microsecond."""
        assert self.need is not None
        shares = [_share(text) for text in self.clock["warnings"]]
        return [-((-share * self.need) // 1) for share in shares]

    def not_found(self, least: int | None) -> str | None:
        """What stands for an instant not found: nothing while paused short of it, else `BEYOND`."""
        if self.phase == "paused" and least is not None and self.elapsed() < least:
            return None
        return BEYOND

    def next_change(self, count: _Count, at: int) -> int | str | None:
        """The first microsecond after `at` at which a warning has passed, or the verdict is another.

        It is found by its definition, without the instants of warnings and the due instant.
        A warning that has passed and a breach stay, so that halving finds the first change.
        """
        if not self.active:
            return None
        if self.need is None:
            return BEYOND
        warning_needs = self.warning_needs()

        def state(t: int) -> list[bool]:
            breached = self.kept_breach is not None or self.is_breached(count, t)
            return [breached, *(count.at(t) >= least for least in warning_needs)]

        now = state(at)
        same, other = at, (count.first + len(count.counts)) * _MINUTE
        if state(other) == now:
            may_break = not now[0] and not self.by_business_time and self.elapsed() >= self.need
            stands_still = self.phase == "paused" and not may_break
            return None if all(now) or stands_still else BEYOND
        while other - same > 1:
            middle = (same + other) // 2
            if state(middle) == now:
                same = middle
            else:
                other = middle
        return other


# Facts, conditions and triggers


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _matches(condition: Table, facts: Table) -> bool:
    return all(_holds(test, name, facts.get(name)) for name, test in condition.items())


def _holds(test: Any, name: str, fact: Any) -> bool:
    if isinstance(test, Mapping):
        if "not" in test:
            return not _holds(test["not"], name, fact)
        is_set = bool(fact) if name == "paused" else fact is not None
        return is_set is bool(test["set"])
    if name == "paused":  # the fact is the set of the reasons of open pauses
        return any(bool(fact) == value if isinstance(value, bool) else value in fact for value in _listed(test))
    return fact in [_text(value) for value in _listed(test)]


def _triggered(triggers: Iterable[Any], signals: set[str], before: Table, after: Table) -> bool:
    for trigger in triggers:
        full: Table = {"event": trigger} if isinstance(trigger, str) else trigger
        if (
            full["event"] in signals
            and _matches(full.get("before") or {}, before)
            and _matches(full.get("when") or {}, after)
        ):
            return True
    return False


def _known_statuses(policy: Table) -> set[str]:
    """The usual statuses, those listed, and those that triggers or conditions of clocks name."""
    known = {*_USUAL_STATUSES, *(policy.get("statuses") or ())}
    for clock in policy["clocks"].values():
        conditions = list(clock["pause"])
        for trigger in [*clock["start"], *clock["stop"], *clock["cancel"]]:
            full = {"event": trigger} if isinstance(trigger, str) else trigger
            if full["event"].startswith("status:"):
                known.add(full["event"].removeprefix("status:"))
            conditions += [full.get("before") or {}, full.get("when") or {}]
        for condition in conditions:
            test = condition.get("status")
            while isinstance(test, Mapping):
                test = test.get("not")
            known.update(value for value in _listed(test) if isinstance(value, str))
    return known


# The life of a ticket


class _Life:
    """What happened to a ticket until a moment."""

    def __init__(self, policy: Table, ticket: Table, at: datetime, days_walked: int) -> None:
        self.policy, self.ticket = policy, ticket
        self.origin = datetime.fromisoformat(ticket["opened_at"]).astimezone(UTC)
        if at < self.origin:
            raise ValueError(f"the ticket is opened at {self.origin}, after {at}")
        self.at = self._minute(at)
        days = self.at // 1440 + days_walked
        self.range_end = self.origin + timedelta(days=days - days % 5 + 5)  # in fives, for the cache of calendars
        self.known_statuses = _known_statuses(policy)

        self.status, self.awaiting, self.responded = "new", "agent", False
        self.pauses: set[str] = set()
        self.attributes = {name: _text(value) for name, value in (ticket.get("attributes") or {}).items()}
        self.tier: str = ticket.get("tier") or self._tier_by_rule()
        if self.tier not in policy["tiers"]:
            raise ValueError(f"the policy has no tier {self.tier!r}")

        self.anomalies: list[str] = []
        self.cycles: list[_Cycle] = []
        self.active: dict[str, _Cycle] = {}
        self.begun: set[str] = set()
        """The clocks that have had a cycle: in this stay in the tier, or, over all tiers, ever."""
        self.promises = self._promises()

        facts = self._facts()
        for name in self.promises:
            self._step(name, {"open", "enter"}, facts, facts, 0)
        saw_opening = False
        instants = [datetime.fromisoformat(event["at"]) for event in ticket["events"]]
        for instant, event in sorted(zip(instants, ticket["events"], strict=True), key=lambda pair: pair[0]):
            if instant > at:
                break
            if event.get("ticket") not in (None, ticket["id"]):
                self.anomalies.append("another_ticket")
            elif instant < self.origin:
                self.anomalies.append("before_opening")
            elif event["kind"] == "open" and instant == self.origin and not saw_opening:
                saw_opening = True
            else:
                self._happen(event, self._minute(instant))
        for cycle in self.active.values():
            cycle.live_until(self.at)

    def _minute(self, instant: datetime) -> int:
        minute, rest = divmod(instant - self.origin, timedelta(minutes=1))
        if rest:
            raise ValueError(f"{instant} is no whole minute after the opening")
        return minute

    def _facts(self) -> Table:
        return {
            **self.attributes,
            "status": self.status,
            "tier": self.tier,
            "awaiting": self.awaiting,
            "responded": _text(self.responded),
            "solved": _text(self.status in _FINISHED),
            "paused": frozenset(self.pauses),
        }

    # Promises

    def _tier_by_rule(self) -> str:
        for rule in self.policy.get("rules") or ():
            if rule.get("tier") and _matches(rule.get("when") or {}, self.attributes):
                return str(rule["tier"])
        raise ValueError("the ticket has no tier, and no rule gives it one")

    def target_names(self, tier: str) -> list[str]:
        """The names of a tier's targets as written, and after them those that only rules name."""
        names = list(self.policy["tiers"][tier]["targets"])
        for rule in self.policy.get("rules") or ():
            names += [name for name in rule.get("targets") or {} if name not in names]
        return names

    def _promises(self) -> dict[str, _Promise]:
        """The promises that hold now, by the names of their targets."""
        if self.tier not in self.policy["tiers"]:
            return {}
        tier = self.policy["tiers"][self.tier]
        facts = {**self.attributes, "tier": self.tier}
        rules = [rule for rule in self.policy.get("rules") or () if _matches(rule.get("when") or {}, facts)]
        calendar = next((rule["calendar"] for rule in rules if rule.get("calendar")), tier["calendar"])
        document = json.dumps(self.policy["calendars"][calendar], sort_keys=True)
        promises = {}
        for name in self.target_names(self.tier):
            named = [rule["targets"][name] for rule in rules if name in (rule.get("targets") or {})]
            text = [*named, tier["targets"].get(name, "none")][0]
            if text != "none":
                promises[name] = _Promise(_Amount.read(text), document, self.origin, self.range_end)
        return promises

    # Events

    def _happen(self, event: Table, minute: int) -> None:
        for cycle in self.active.values():
            cycle.live_until(minute)
        before, old_tier = self._facts(), self.tier
        signals = self._change(event)
        if signals is None:
            return
        after = self._facts()
        handed_off = self.tier != old_tier
        if handed_off:
            for name, cycle in list(self.active.items()):
                if cycle.clock["scope"] == "tier":
                    stops = _triggered(cycle.clock["stop"], {"leave"}, before, after)
                    self._end(name, minute, "stopped" if stops else "handed_off")
            self.begun = {name for name in self.begun if self.policy["clocks"][name]["scope"] == "ticket"}

        in_scope = {
            name for name in self.promises if not handed_off or self.policy["clocks"][name]["scope"] == "ticket"
        }
        self.promises = self._promises()
        for name, cycle in list(self.active.items()):
            if name not in self.promises:
                # What is promised anew later starts anew.
                self._end(name, minute, "handed_off" if handed_off else "cancelled")
                self.begun.discard(name)
                continue
            cycle.tier = self.tier
            if not self.promises[name].says_the_same_as(cycle.promise):
                cycle.retarget(self.promises[name], minute)
        for name in self.promises:
            self._step(name, signals if name in in_scope else signals | {"enter"}, before, after, minute)

    def _change(self, event: Table) -> set[str] | None:
        """Change the facts and give the signals; None if the event has no effect."""
        kind: str = event["kind"]
        signals = {kind}
        match kind:
            case "open":
                return self._nothing("opened_again")
            case "respond" if event.get("automatic"):
                signals = {"automatic_respond"}
            case "respond":
                self.awaiting, self.responded = "customer", True
            case "customer_reply":
                self.awaiting = "agent"
            case "note":
                pass
            case "attribute":
                name, value = event["name"], _text(event["value"])
                self.attributes[name] = value
                signals |= {f"{kind}:{name}"} if value is None else {f"{kind}:{name}", f"{kind}:{name}={value}"}
            case "pause" | "resume":
                return self._change_pauses(kind, event.get("reason"))
            case "hand_off":
                return self._change_tier(event["to"])
            case "status":
                return self._enter_status(event["to"])
            case _:
                return self._finish_or_reopen(kind)
        return signals

    def _change_pauses(self, kind: str, reason: str | None) -> set[str] | None:
        if kind == "pause":
            reason = reason or ""
            if reason in self.pauses:
                return self._nothing("paused_already")
            self.pauses = self.pauses | {reason}
        else:
            ends = self.pauses if reason is None else self.pauses & {reason}
            if not ends:
                return self._nothing("resumed_without_pause")
            self.pauses = self.pauses - ends
        return {kind} if reason is None else {kind, f"{kind}:{reason}"}

    def _change_tier(self, to: str) -> set[str] | None:
        if to == self.tier:
            return self._nothing("handed_to_itself")
        if to not in self.policy["tiers"]:
            self.anomalies.append("unknown_tier")
        self.tier = to
        return {"hand_off", f"hand_off:{to}"}

    def _enter_status(self, to: str) -> set[str]:
        old, self.status = self.status, to
        if to not in self.known_statuses:
            self.anomalies.append("unknown_status")
        signals = {"status", f"status:{to}"}
        if to == "solved" and old not in _FINISHED:
            signals.add("solve")
        if to in ("closed", "cancelled") and to != old:
            signals.add("close" if to == "closed" else "cancel")
        if old in _FINISHED and to not in _FINISHED:
            signals.add("reopen")
        return signals

    def _finish_or_reopen(self, kind: str) -> set[str] | None:
        to, anomaly, contradicts = {
            "solve": ("solved", "solved_already", self.status in _FINISHED),
            "close": ("closed", "closed_already", self.status in ("closed", "cancelled")),
            "cancel": ("cancelled", "cancelled_already", self.status == "cancelled"),
            "reopen": ("open", "reopened_while_open", self.status not in _FINISHED),
        }[kind]
        if contradicts:
            return self._nothing(anomaly)
        self.status = to
        return {kind, "status", f"status:{to}"}

    def _nothing(self, anomaly: str) -> set[str] | None:
        """An anomaly without effect."""
        self.anomalies.append(anomaly)
        return None

    def _end(self, name: str, minute: int, phase: str) -> None:
        self.active.pop(name).end(minute, phase)

    def _step(self, name: str, signals: set[str], before: Table, after: Table, minute: int) -> None:
        """What an event does to one clock: cancel or stop, then start, then pause or resume."""
        clock = self.policy["clocks"][name]
        if name in self.active:
            if _triggered(clock["cancel"], signals, before, after):
                self._end(name, minute, "cancelled")
            elif _triggered(clock["stop"], signals, before, after):
                self._end(name, minute, "stopped")
        may_start = name not in self.active and (name not in self.begun or clock["repeats"])
        if may_start and _triggered(clock["start"], signals, before, after):
            cycle = _Cycle(self.tier, name, self.next_number(name), clock, minute, self.promises[name])
            self.cycles.append(cycle)
            self.active[name] = cycle
            self.begun.add(name)
        if name in self.active:
            is_paused = any(_matches(condition, after) for condition in clock["pause"])
            self.active[name].phase = "paused" if is_paused else "running"

    def next_number(self, name: str) -> int:
        """One more than the cycles so far: of this tier, or of all for a clock over all tiers."""
        over_all = self.policy["clocks"][name]["scope"] == "ticket"
        return 1 + len([c for c in self.cycles if c.name == name and (over_all or c.tier == self.tier)])


# The answer


def _share(text: str) -> Fraction:
    return Fraction(text.removesuffix("%")) / 100 if text.endswith("%") else Fraction(text)


def _written_out(policy: Table) -> Table:
    """The policy with what its clocks leave to it, or to what is usual."""
    usual = {
        "stop": [],
        "cancel": ["cancel"],
        "pause": [{"paused": True}],
        "repeats": False,
        "scope": "tier",
        "warnings": policy.get("warnings", ["50%", "75%", "90%"]),
        "compare": policy.get("compare", "instant"),
        "retarget": policy.get("retarget", "keep"),
    }
    return {**policy, "clocks": {name: {**usual, **clock} for name, clock in policy["clocks"].items()}}


def ticket_status(policy: Table, ticket: Table, at: datetime) -> dict[str, Any]:
    """
    What is to be said of a ticket at a moment, under a policy; both as `to_data` of the engine gives them.

    The policy must have a clock for every target, and no customers or versions. Its windows, the events and `at` must
    lie on whole minutes. What cannot be known within forty days after the moment is `BEYOND`.
    """
    policy = _written_out(policy)
    answer: dict[str, Any] = {}
    for days_walked in _DAYS_WALKED:
        answer = _answer(_Life(policy, ticket, at.astimezone(UTC), days_walked))
        dues = [[row["due_at"], row["next_change_at"], *(t for _, t in row["warnings"])] for row in answer["clocks"]]
        if not any(BEYOND in each for each in dues):
            break
    return answer


def _answer(life: _Life) -> dict[str, Any]:
    rows = [(cycle.started, cycle.tier, _row(cycle, life)) for cycle in life.cycles]
    never = 1 << 62
    for name, promise in life.promises.items():
        if name not in life.begun:
            rows.append((never, life.tier, _waiting(name, promise, life)))
    rows.sort(key=lambda row: (row[0], life.target_names(row[1]).index(row[2]["name"])))
    clocks = [row for _, _, row in rows]
    changes = [clock["next_change_at"] for clock in clocks if clock["next_change_at"] is not None]
    return {
        "tier": life.tier,
        "status": life.status,
        "clocks": clocks,
        "anomalies": life.anomalies,
        "next_change_at": BEYOND if BEYOND in changes else min(changes, default=None),
    }


def _row(cycle: _Cycle, life: _Life) -> dict[str, Any]:
    def instant(t: int | str | None) -> datetime | str | None:
        return life.origin + timedelta(microseconds=t) if isinstance(t, int) else t

    until = (life.at if cycle.ended is None else cycle.ended) * _MINUTE
    count = cycle.count()
    due = cycle.due_at(count)
    breached = cycle.is_breached(count, until)
    if not cycle.by_business_time:
        assert breached == (due is not None and until > due), "two ways to one verdict"
    breached_at = cycle.kept_breach
    if breached_at is None and breached:
        breached_at = cycle.breaks_at(count)
    verdict = "breached" if breached_at is not None else "met" if cycle.phase == "stopped" else "undecided"

    warnings: list[list[Any]] = [[share, BEYOND] for share in cycle.clock["warnings"]]
    if cycle.need is not None:
        for warning, least in zip(warnings, cycle.warning_needs(), strict=True):
            t = count.first_with(least, cycle.since)
            warning[1] = cycle.not_found(least) if t is None else instant(t)
    return {
        "tier": cycle.tier,
        "name": cycle.name,
        "cycle": cycle.number,
        "phase": cycle.phase,
        "verdict": verdict,
        "started_at": instant(cycle.started * _MINUTE),
        "ended_at": None if cycle.ended is None else instant(until),
        "due_at": cycle.not_found(cycle.need) if due is None else instant(due),
        "elapsed_us": cycle.elapsed(),
        "paused_us": cycle.paused(),
        "remaining_us": BEYOND if cycle.need is None else cycle.need - cycle.elapsed(),
        "breached_at": instant(breached_at),
        "warnings": warnings,
        "next_change_at": instant(cycle.next_change(count, until)),
    }


def _waiting(name: str, promise: _Promise, life: _Life) -> dict[str, Any]:
    """A clock that has not started; a target in days has no length before it starts."""
    return {
        "tier": life.tier,
        "name": name,
        "cycle": life.next_number(name),
        "phase": "waiting",
        "verdict": "undecided",
        "started_at": None,
        "ended_at": None,
        "due_at": None,
        "elapsed_us": 0,
        "paused_us": 0,
        "remaining_us": promise.amount.size if promise.amount.unit in ("open", "elapsed") else None,
        "breached_at": None,
        "warnings": [[share, None] for share in life.policy["clocks"][name]["warnings"]],
        "next_change_at": None,
    }
