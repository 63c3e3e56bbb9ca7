"""Events, tickets and policies as they should not be: what is refused, what is reported, and what goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

import sla_engine as sla
from sla_engine.tickets import CustomerReply, HandOff, Pause, SetAttribute, SetStatus

OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
OFFICE = {"zone": "UTC", "hours": {"mon-fri": "09:00-17:00"}}
DESK = {"calendar": "office", "targets": {"response": "4h"}}
BASE: dict[str, Any] = {
    "name": "Edges",
    "calendars": {"office": OFFICE},
    "tiers": {"desk": DESK, "lab": {"calendar": "office", "targets": {"response": "2h"}}},
}
POLICY = sla.Policy.from_data(BASE)


def event(hours: float, kind: str, **fields: Any) -> sla.Event:
    return sla.Event(at=OPENED + hours * HOUR, kind=kind, **fields)  # type: ignore[arg-type]


def ticket(*events: sla.Event, tier: str | None = "desk", **attributes: sla.tickets.Value) -> sla.Ticket:
    return sla.Ticket(id="T-1", tier=tier, opened_at=OPENED, events=events, attributes=attributes)


def status(*events: sla.Event, hours: float = 6, policy: sla.Policy = POLICY) -> sla.TicketStatus:
    return policy.evaluate(ticket(*events), at=OPENED + hours * HOUR)


def odd(found: sla.TicketStatus) -> list[tuple[float, str]]:
    """The anomalies: hours after the opening, and kinds."""
    return [((one.at - OPENED) / HOUR, one.kind) for one in found.anomalies]


def told(error: sla.SlaError, where: str, *words: str) -> None:
    """Check that an error says what, where and what to do."""
    assert error.where == where
    assert error.remedy
    text = str(error)
    assert error.where in text
    assert error.remedy in text
    for word in words:
        assert word in text, (word, text)


class TestContradictions:
    """Events that contradict the rest have no effect, and are reported with their instant."""

    def test_before_the_opening(self) -> None:
        found = status(event(-1, "respond"), event(1, "note"))
        assert odd(found) == [(-1, "before_opening")]
        assert "response before the opening" in found.anomalies[0].text
        assert found["response"].phase == "running"
        assert found["response"].verdict == "breached"  # nothing was answered in four hours of six

    def test_of_another_ticket(self) -> None:
        found = status(event(1, "respond", ticket="T-2"), event(2, "respond", ticket="T-1"))
        assert odd(found) == [(1, "another_ticket")]
        assert "'T-2'" in found.anomalies[0].text
        assert found["response"].elapsed == 2 * HOUR

    def test_a_second_opening(self) -> None:
        found = status(event(0, "open"), event(0, "open"), event(1, "open"))
        assert odd(found) == [(0, "opened_again"), (1, "opened_again")]
        assert found["response"].started_at == OPENED
        assert odd(status(event(0, "open"))) == []
        assert odd(status(event(2, "open"))) == [(2, "opened_again")]

    def test_pauses_and_resumes(self) -> None:
        found = status(
            event(1, "resume"),
            event(1.5, "pause", reason="vendor"),
            event(2, "pause", reason="vendor"),
            event(2.5, "resume", reason="customer"),
            event(3, "resume", reason="vendor"),
            event(3.5, "resume"),
        )
        assert odd(found) == [
            (1, "resumed_without_pause"),
            (2, "paused_already"),
            (2.5, "resumed_without_pause"),
            (3.5, "resumed_without_pause"),
        ]
        assert found["response"].paused == 1.5 * HOUR  # from 1.5 to 3
        assert [("vendor" in one.text, "customer" in one.text) for one in found.anomalies[1:3]] == [
            (True, False), (False, True),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("kinds", "expected", "final"),
        [
            (["solve", "solve"], ["solved_already"], "solved"),
            (["close", "solve"], ["solved_already"], "closed"),
            (["cancel", "solve"], ["solved_already"], "cancelled"),
            (["solve", "close"], [], "closed"),
            (["close", "close"], ["closed_already"], "closed"),
            (["cancel", "close"], ["closed_already"], "cancelled"),
            (["solve", "cancel"], [], "cancelled"),
            (["cancel", "cancel"], ["cancelled_already"], "cancelled"),
            (["reopen"], ["reopened_while_open"], "new"),
            (["solve", "reopen", "reopen"], ["reopened_while_open"], "open"),
        ],
    )
    def test_endings_and_reopenings(self, kinds: list[str], expected: list[str], final: str) -> None:
        found = status(*(event(number, kind) for number, kind in enumerate(kinds, 1)))
        assert [one.kind for one in found.anomalies] == expected
        assert found.status == final
        if expected:
            assert odd(found)[0][0] == len(kinds)  # the last one is the odd one

    def test_a_hand_off_to_the_own_tier(self) -> None:
        found = status(event(1, "hand_off", to="desk"))
        assert odd(found) == [(1, "handed_to_itself")]
        assert found.hand_offs == ()
        assert found["response"].phase == "running"

    def test_a_hand_off_to_no_tier(self) -> None:
        found = status(event(1, "hand_off", to="moon"), event(2, "respond"), event(3, "attribute", name="a", value=1))
        assert odd(found) == [(1, "unknown_tier")]
        assert "'moon'" in found.anomalies[0].text
        assert (found.tier, len(found)) == ("moon", 1)
        assert (found["response"].phase, found["response"].elapsed) == ("handed_off", HOUR)

    def test_back_from_no_tier(self) -> None:
        found = status(event(1, "hand_off", to="moon"), event(2, "hand_off", to="desk"), event(3, "respond"))
        assert odd(found) == [(1, "unknown_tier")]
        assert [(one.cycle, one.phase, one.elapsed) for one in found] == [
            (1, "handed_off", HOUR),
            (2, "stopped", HOUR),
        ]

    def test_a_status_that_the_policy_does_not_know(self) -> None:
        found = status(event(1, "status", to="pendign"), event(2, "status", to="pending"))
        assert odd(found) == [(1, "unknown_status")]
        assert "'pendign'" in found.anomalies[0].text
        assert status(event(1, "status", to="pendign")).status == "pendign"
        named = POLICY.model_copy(update={"statuses": ("pendign",)})
        assert odd(status(event(1, "status", to="pendign"), policy=named)) == []
        paused = {**BASE, "clocks": {"response": {"pause": [{"status": "pendign"}]}}}
        found = status(event(1, "status", to="pendign"), policy=sla.Policy.from_data(paused))
        assert (odd(found), found["response"].phase) == ([], "paused")

    def test_an_anomaly_says_itself(self) -> None:
        (one,) = status(event(1, "resume")).anomalies
        assert str(one) == "2026-03-02T10:00:00+00:00: resumed, and was not paused"


class TestTiers:
    def test_an_unknown_tier_of_one_ticket_is_an_error(self) -> None:
        with pytest.raises(sla.UnknownName) as caught:
            POLICY.evaluate(ticket(tier="moon"), at=OPENED)
        told(caught.value, "ticket T-1", "'moon'", "'desk', 'lab'")

    def test_of_many_tickets_it_is_a_problem_and_the_rest_is_evaluated(self) -> None:
        others = [sla.Ticket(id=f"T-{number}", tier="desk", opened_at=OPENED) for number in (2, 3)]
        found = POLICY.evaluate_all([others[0], ticket(tier="moon"), others[1]], at=OPENED + HOUR)
        assert [one.ticket_id for one in found] == ["T-2", "T-3"]
        (problem,) = found.problems
        assert problem.ticket_id == "T-1"
        assert "'moon'" in problem.problem
        assert "There is 'desk', 'lab'" in str(problem)

    def test_no_rule_gives_a_tier(self) -> None:
        ruled = sla.Policy.from_data({**BASE, "rules": [{"when": {"kind": "law"}, "tier": "lab"}]})
        assert ruled.evaluate(ticket(tier=None, kind="law"), at=OPENED).tier == "lab"
        for policy, attributes in ((ruled, {"kind": "mail"}), (POLICY, {})):
            with pytest.raises(sla.UnknownName) as caught:
                policy.evaluate(ticket(tier=None, **attributes), at=OPENED)
            told(caught.value, "tier", "kind mail" if attributes else "no attributes", "that matches all")
        found = ruled.evaluate_all([ticket(tier=None), ticket(tier="desk")], at=OPENED)
        assert (len(found), len(found.problems)) == (1, 1)

    def test_a_target_without_a_clock(self) -> None:
        policy = sla.Policy.from_data({**BASE, "tiers": {"desk": {**DESK, "targets": {"respnse": "4h"}}}})
        with pytest.raises(sla.InvalidPolicy) as caught:
            policy.evaluate(ticket(), at=OPENED)
        told(caught.value, "clocks", "'respnse'", "[clocks.respnse]", "first_response")


class TestEventsThatAreNone:
    @pytest.mark.parametrize(
        ("fields", "where", "words"),
        [
            ({"kind": "respnd"}, "kind", ["'respnd'", "Did you mean 'respond'?", "customer_reply"]),
            ({"kind": "xyzzy"}, "kind", ["'xyzzy'", "There is open, respond"]),
            ({"kind": None}, "kind", ["None"]),
            ({}, "kind", ["None"]),
            ({"kind": "respond", "colour": 1}, "colour", ["no field 'colour'", "It has at, ticket, automatic"]),
            ({"kind": "pause", "to": "x"}, "to", ["no field 'to'", "reason"]),
            ({"kind": "hand_off"}, "to", ["needs 'to'", "Add it"]),
            ({"kind": "status"}, "to", ["needs 'to'"]),
            ({"kind": "attribute", "name": "a"}, "value", ["needs 'value'"]),
            ({"kind": "status", "to": ""}, "to", ["''"]),
            ({"kind": "hand_off", "to": 2}, "to", ["2", "Write a text"]),
            ({"kind": "hand_off", "to": "lab", "done": "faq"}, "done", ["'faq'", '["faq_searched"]']),
            ({"kind": "pause", "reason": None}, "reason", ["None"]),
            ({"kind": "note", "ticket": 7}, "ticket", ["7"]),
            ({"kind": "respond", "automatic": "no"}, "automatic", ["'no'"]),
            ({"kind": "attribute", "name": "", "value": 1}, "name", ["''"]),
        ],
    )
    def test_what_is_wrong_with_them_is_told(self, fields: dict[str, Any], where: str, words: list[str]) -> None:
        with pytest.raises(sla.InvalidLog) as caught:
            sla.Event(at=OPENED, **fields)
        told(caught.value, where, *words)

    @pytest.mark.parametrize("name", ["status", "tier", "awaiting", "responded", "solved", "paused"])
    def test_an_attribute_is_not_called_as_a_fact(self, name: str) -> None:
        with pytest.raises(sla.InvalidLog) as caught:
            SetAttribute(at=OPENED, name=name, value="x")
        told(caught.value, "name", repr(name), "other kinds")
        with pytest.raises(sla.InvalidLog) as caught:
            ticket(**{name: "x"}) if name != "tier" else sla.Attributes({name: "x"})
        told(caught.value, "attributes", repr(name), "awaiting")

    @pytest.mark.parametrize("value", [[1], {"a": 1}, object(), OPENED])
    def test_an_attribute_is_a_plain_value(self, value: Any) -> None:
        for make in (
            lambda: SetAttribute(at=OPENED, name="a", value=value),
            lambda: ticket(a=value),
        ):
            with pytest.raises(sla.InvalidLog, match=r"is no value of an attribute.*Use text, a number"):
                make()

    def test_naive_times(self) -> None:
        naive = OPENED.replace(tzinfo=None)
        for make in (
            lambda: CustomerReply(at=naive),
            lambda: sla.Ticket(id="T", tier="desk", opened_at=naive),
            lambda: POLICY.evaluate(ticket(), at=naive),
            lambda: POLICY.evaluate_all([ticket()], at=naive),
        ):
            with pytest.raises(sla.NaiveDatetime) as caught:
                make()
            assert "tzinfo" in caught.value.remedy

    def test_events_are_of_their_kinds_class_and_no_other(self) -> None:
        assert type(event(1, "hand_off", to="lab")) is HandOff
        assert type(event(1, "status", to="open")) is SetStatus
        with pytest.raises(TypeError):
            Pause(at=OPENED, to="x")  # type: ignore[call-arg]


class TestTicketsThatAreNone:
    @pytest.mark.parametrize(
        ("fields", "where", "words"),
        [
            ({"id": ""}, "id", ["''", "Name it"]),
            ({"id": 7}, "id", ["7"]),
            ({"tier": ""}, "tier", ["''", "None"]),
            ({"tier": 2}, "tier", ["2"]),
            ({"events": ["respond"]}, "events", ["'respond' is no event", "Event(at=..."]),
        ],
    )
    def test_built(self, fields: dict[str, Any], where: str, words: list[str]) -> None:
        with pytest.raises(sla.InvalidLog) as caught:
            sla.Ticket(**{"id": "T-1", "tier": "desk", "opened_at": OPENED, **fields})
        told(caught.value, where, *words)

    @pytest.mark.parametrize(
        ("data", "where", "words"),
        [
            ([], "", ["is no ticket", "id, tier and opened_at"]),
            ({"id": "T-1"}, "ticket T-1", ["opened_at is missing"]),
            ({"opened_at": "2026-03-02T09:00:00Z"}, "ticket", ["id is missing"]),
            ({"id": "T-1", "opened_at": "Monday"}, "ticket T-1.opened_at", ["'Monday' is no time", "+01:00"]),
            ({"id": "T-1", "opened_at": 7}, "ticket T-1.opened_at", ["7 is no time"]),
            ({"id": "T-1", "opened": "x"}, "ticket T-1", ["'opened'", "opened_at"]),
            (
                {"id": "T-1", "opened_at": "2026-03-02T09:00:00Z", "events": [{"at": "2026-03-02", "kind": "respnd"}]},
                "ticket T-1.events[0].kind",
                ["'respnd'", "Did you mean 'respond'"],
            ),
            (
                {"id": "T-1", "opened_at": "2026-03-02T09:00:00Z", "events": [{"kind": "note"}]},
                "ticket T-1.events[0].at",
                ["needs 'at'"],
            ),
            (
                {"id": "T-1", "opened_at": "2026-03-02T09:00:00Z", "events": ["note"]},
                "ticket T-1.events[0]",
                ["'note' is no event", "at and kind"],
            ),
        ],
    )
    def test_read(self, data: Any, where: str, words: list[str]) -> None:
        with pytest.raises(sla.InvalidLog) as caught:
            sla.Ticket.from_data(data)
        told(caught.value, where, *words)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("events", None), ("events", 7), ("events", {"at": "x"}), ("attributes", ["vip"]), ("attributes", "vip")],
    )
    def test_fields_of_another_form(self, field: str, value: Any) -> None:
        with pytest.raises(sla.InvalidLog) as caught:
            sla.Ticket.from_data({"id": "T-1", "opened_at": "2026-03-02T09:00:00Z", field: value})
        assert caught.value.where.startswith("ticket T-1")
        assert field in str(caught.value)
        assert caught.value.remedy


class TestPoliciesThatAreNone:
    @pytest.mark.parametrize(
        ("changes", "where", "words"),
        [
            (
                {"customers": {"acme": {"tiers": {"dsk": {"targets": {"response": "1h"}}}}}},
                "customers.acme.tiers.dsk",
                ["the base has no tier 'dsk'", "'desk', 'lab'"],
            ),
            (
                {"customers": {"acme": {"services": {"web": {"uptime": "99%"}}}}},
                "customers.acme.services.web",
                ["no service 'web'", "It has none"],
            ),
            ({"customers": {"acme": {"base": "gold"}}}, "customers.acme.base", ["'gold'", "There is 'acme'"]),
            (
                {"customers": {"a": {"base": "b"}, "b": {"base": "c"}, "c": {"base": "a"}}},
                "customers.c.base",
                ["based on itself", "a -> b -> c -> a", "Break the circle"],
            ),
            ({"customers": {"a": {"base": "a"}}}, "customers.a.base", ["a -> a"]),
            ({"customers": {"acme": {"colour": 1}}}, "customers.acme", ["colour"]),
            (
                {"versions": [{"from_date": "2026-04-01", "tiers": {"dsk": {"calendar": "office"}}}]},
                "versions[0].tiers.dsk",
                ["no tier 'dsk'"],
            ),
            (
                {"versions": [{"from_date": "2026-04-01"}, {"from_date": "2026-04-01"}]},
                "versions",
                ["not in order", "later date"],
            ),
            (
                {"clocks": {"response": {"stop": ["respnd"]}}},
                "clocks.response.stop[0].event",
                ["'respnd'", "'respond'"],
            ),
            (
                {"clocks": {"response": {"stop": ["solve:x"]}}},
                "clocks.response.stop[0].event",
                ["'solve:x'", "status:pending"],
            ),
            ({"clocks": {"response": {"stop": ["status:"]}}}, "clocks.response.stop[0].event", ["'status:'"]),
            (
                {"clocks": {"response": {"start": [{"event": "enter", "if": {}}]}}},
                "clocks.response.start[0]",
                ["if"],
            ),
            ({"clocks": {"response": {"preset": "fastest"}}}, "clocks.response.preset", ["'fastest'", "agent_work"]),
            ({"clocks": {"response": "fastest"}}, "clocks.response.preset", ["'fastest'", "agent_work"]),
            ({"clocks": {"other": {"stop": ["respond"]}}}, "clocks.other.start", ["start"]),
            ({"clocks": {"response": {"pause": [{"paused": []}]}}}, "clocks.response.pause[0].paused", ["no value"]),
            ({"clocks": {"response": {"pause": ["paused"]}}}, "clocks.response.pause[0]", ["'paused' is no condition"]),
            ({"rules": [{"when": {"a": {"nor": 1}}, "tier": "lab"}]}, "rules[0].when.a", ["is no test", "{ not ="]),
            ({"rules": [{"when": {"a": None}, "tier": "lab"}]}, "rules[0].when.a", ["set = false"]),
            ({"rules": [{"when": {"a": {"set": 1}}, "tier": "lab"}]}, "rules[0].when.a", ["is no test"]),
            ({"rules": [{"when": "vip", "tier": "lab"}]}, "rules[0].when", ["is no condition", "priority"]),
            ({"rules": [{"when": {"status": "open"}, "tier": "lab"}]}, "rules[0].when.status", ["every event"]),
            ({"rules": [{"when": {"a": 1}}]}, "rules[0]", ["says nothing", "targets"]),
            ({"rules": [{"when": {}, "tier": "lap"}]}, "rules[0].tier", ["'lap'", "'lab'"]),
            ({"rules": [{"when": {}, "calendar": "home"}]}, "rules[0].calendar", ["'home'", "'office'"]),
            ({"rules": [{"when": {"tier": "lap"}, "calendar": "office"}]}, "rules[0].when.tier", ["'lap'", "'lab'"]),
            ({"rules": [{"when": {}, "targets": {"response": "soon"}}]}, "rules[0].targets.response", ["'soon'"]),
            ({"rules": [{"when": {}, "targets": {"response": "-1h"}}]}, "rules[0].targets.response", ["the past"]),
            ({"exclusions": [{"when": {"a": 1}}]}, "exclusions[0].reason", ["is missing"]),
            ({"warnings": ["0%"]}, "warnings", ["a warning at 0", "50%"]),
            ({"warnings": ["150%"]}, "warnings", ["a warning at 3/2", "100%"]),
            ({"clocks": {"response": {"warnings": ["0%"]}}}, "clocks.response.warnings", ["a warning at 0"]),
            (
                {"tiers": {"desk": {**DESK, "goal": "150%"}}},
                "tiers.desk.goal",
                ["a goal of 3/2", "95%"],
            ),
        ],
    )
    def test_what_is_wrong_is_told_where_it_is(self, changes: dict[str, Any], where: str, words: list[str]) -> None:
        with pytest.raises((sla.InvalidPolicy, sla.InvalidAmount)) as caught:
            sla.Policy.from_data({**BASE, **changes})
        told(caught.value, where, *words)

    @pytest.mark.parametrize(
        ("changes", "where", "words"),
        [
            ({"straddling": "both"}, "straddling", ["'opened' or 'change'", "'both'"]),
            ({"compare": "wall"}, "compare", ["'instant' or 'business_time'", "'wall'"]),
            ({"retarget": "forget"}, "retarget", ["'keep', 'restart' or 'retroactive'", "'forget'"]),
            ({"clocks": {"response": {"scope": "all"}}}, "clocks.response.scope", ["'tier' or 'ticket'", "'all'"]),
            ({"exclusions": [{"when": {}, "reason": ""}]}, "exclusions[0].reason", ["at least 1 character", "''"]),
            ({"versions": [{"from_date": "April"}]}, "versions[0].from_date", ["valid date", "'April'"]),
        ],
    )
    def test_of_a_choice_the_text_says_what_there_is(
        self, changes: dict[str, Any], where: str, words: list[str]
    ) -> None:
        with pytest.raises(sla.InvalidPolicy) as caught:
            sla.Policy.from_data({**BASE, **changes})
        assert caught.value.where == where
        for word in (*words, where):
            assert word in str(caught.value)


class TestMappings:
    head = "No,When,What,What,Level\n"

    @pytest.mark.parametrize(
        ("mapping", "where", "words"),
        [
            ({"events": {"x": "replied"}}, "events.x.kind", ["'replied' is no kind of event", "There is open"]),
            ({"events": {"x": {"kind": "pause", "to": "y"}}}, "events.x.to", ["'pause' has no field 'to'"]),
            ({"events": {"x": ["note", 7]}}, "events.x", ["7 is no event"]),
            ({"events": {"x": "respond:mail"}}, "events.x.what", ["no field"]),
            ({"events": ["x"]}, "events", ["is no table"]),
            ({"statuses": {"x": 7}}, "statuses", ["no table of texts"]),
            ({"colour": "x"}, "", ["unknown key 'colour'", "Known keys: ticket, at"]),
        ],
    )
    def test_that_are_none(self, mapping: dict[str, Any], where: str, words: list[str]) -> None:
        with pytest.raises(sla.InvalidLog) as caught:
            sla.LogMapping.from_data(mapping)
        told(caught.value, where, *words)

    def test_columns_fill_the_fields_of_events_that_are_translated(self) -> None:
        mapping = sla.LogMapping(
            ticket="No",
            at="When",
            event="What",
            tier=None,
            to="Target",
            reason="Why",
            events={"New": "open", "Moved": "hand_off", "Waits": "pause", "Told": "respond"},
        )
        log = sla.read_events(
            "No,When,What,Target,Why\n"
            "1,2026-03-02T09:00:00Z,New,,\n"
            "1,2026-03-02T10:00:00Z,Moved,lab,\n"
            "1,2026-03-02T11:00:00Z,Waits,,vendor\n"
            "1,2026-03-02T12:00:00Z,Told,lab,vendor\n",
            mapping=mapping,
        )
        assert log.problems == ()
        assert log.tickets[0].events == (
            event(1, "hand_off", to="lab"),
            event(2, "pause", reason="vendor"),
            event(3, "respond"),
        )

    def test_what_resumes_ends_every_pause_that_there_is(self) -> None:
        mapping = sla.LogMapping(
            events={"New": "open", "Wait": "pause:user", "Bug": "pause:bug", "Fixed": "resume:bug", "Take": "respond"},
            tier=None,
            resumes=["Take"],
        )
        names = ["New", "Wait", "Bug", "Fixed", "Take", "Take"]
        rows = [f"1,2026-03-02T{hour:02}:00:00Z,{name}\n" for hour, name in enumerate(names, 9)]
        log = sla.read_events("ticket,at,kind\n" + "".join(rows), mapping=mapping)
        # The user's pause is open when it is taken first; then there is none.
        assert [(one.kind, (one.at - OPENED) / HOUR) for one in log.tickets[0].events] == [
            ("pause", 1), ("pause", 2), ("resume", 3), ("resume", 4), ("respond", 4), ("respond", 5),
        ]  # fmt: skip
        assert log.tickets[0].events[3] == event(4, "resume")

    @pytest.mark.parametrize(("kind", "field"), [("hand_off", "to"), ("status", "to"), ("attribute", "name")])
    def test_an_event_without_what_its_kind_needs(self, kind: str, field: str) -> None:
        """Nothing in the log says it either: no column is named for the field."""
        with pytest.raises(sla.InvalidLog) as caught:
            sla.read_events(
                "ticket,at,kind\n1,2026-03-02T09:00:00Z,x\n", mapping=sla.LogMapping(events={"x": kind}, tier=None)
            )
        assert caught.value.where.startswith("events.x")
        assert field in str(caught.value)
        assert caught.value.remedy

    @pytest.mark.parametrize(
        ("mapping", "words"),
        [
            ({"ticket": "Key"}, ["no column 'Key'", "'No', 'When'"]),
            ({"attributes": {"customer": "Who"}}, ["no column 'Who'"]),
            ({"event": "What"}, ["'What' stands 2 times", "Rename or drop"]),
            ({"status": "State"}, ["no column 'State'"]),
        ],
    )
    def test_columns_that_are_missing_or_stand_twice(self, mapping: dict[str, Any], words: list[str]) -> None:
        given = {"ticket": "No", "at": "When", "event": None, "tier": "Level", **mapping}
        with pytest.raises(sla.InvalidLog) as caught:
            sla.read_events(self.head + "1,2026-03-02T09:00:00Z,a,b,desk\n", mapping=sla.LogMapping.from_data(given))
        told(caught.value, "line 1", *words)

    def test_a_column_that_stands_twice_and_is_not_read_does_no_harm(self) -> None:
        mapping = sla.LogMapping(ticket="No", at="When", event=None, tier="Level")
        log = sla.read_events(self.head + "1,2026-03-02T09:00:00Z,a,b,desk\n", mapping=mapping)
        assert log.problems == ()
        assert log.tickets == (sla.Ticket(id="1", tier="desk", opened_at=OPENED),)


class TestEventRows:
    head = "ticket,at,kind,tier,to,reason,name,value\n"
    good = "T-1,2026-03-02T09:00:00Z,open,desk,,,,\n"

    def test_what_cannot_be_used_is_told_with_its_line_and_the_rest_is_there(self) -> None:
        rows = [
            "T-1,2026-03-02T11:00:00Z,respond,,,,,",
            "T-1,2026-03-02T10:00:00Z,answer,,,,,",  # 4: no kind
            "T-1,noon,respond,,,,,",
            "T-1,2026-03-02T10:00:00,respond,,,,,",  # 6: naive
            ",2026-03-02T10:00:00Z,respond,,,,,",
            "T-1,2026-03-02T10:00:00Z,respond",  # 8: too short
            "T-1,2026-03-02T10:00:00Z,hand_off,,,,,",  # 9: to whom?
            "T-1,2026-03-02T10:00:00Z,status,,,,,",
            "T-1,2026-03-02T10:00:00Z,attribute,,,,,x",  # 11: which?
            "T-1,2026-03-02T10:00:00Z,attribute,,,,paused,x",
            "",
            "T-2,2026-03-02T09:00:00Z,open,lab,,,,",
        ]
        log = sla.read_events(self.head + self.good + "\n".join(rows) + "\n")
        assert log.rows == 12
        told_on = {problem.line: problem.problem for problem in log.problems}
        assert list(told_on) == [4, 5, 6, 7, 8, 9, 10, 11, 12]
        assert "'answer' is no kind of event" in told_on[4]
        assert "'noon' is no time" in told_on[5]
        assert "has no zone" in told_on[6]
        assert "ticket is empty" in told_on[7]
        assert "has 3 fields, and the header has 8" in told_on[8]
        assert "'to'" in told_on[9]
        assert "'to'" in told_on[10]
        assert "'name'" in told_on[11]
        assert "'paused' is no attribute" in told_on[12]
        assert {one.id for one in log.problems} == {"T-1", ""}
        assert [(one.id, one.tier, [event.kind for event in one.events]) for one in log.tickets] == [
            ("T-1", "desk", ["respond"]),
            ("T-2", "lab", []),
        ]

    def test_automatic_answers_and_what_was_done_have_columns(self) -> None:
        log = sla.read_events(
            "ticket,at,kind,tier,to,automatic,done\n"
            "T-1,2026-03-02T09:00:00Z,open,desk,,,\n"
            "T-1,2026-03-02T10:00:00Z,respond,,,yes,\n"
            "T-1,2026-03-02T11:00:00Z,respond,,,false,\n"
            "T-1,2026-03-02T12:00:00Z,respond,,,perhaps,\n"
            '"T-1",2026-03-02T13:00:00Z,hand_off,,lab,,"faq_searched, mail_checks"\n'
        )
        assert [(one.line, "'perhaps'" in one.problem) for one in log.problems] == [(5, True)]
        assert log.tickets[0].events == (
            event(1, "respond", automatic=True),
            event(2, "respond"),
            event(4, "hand_off", to="lab", done=["faq_searched", "mail_checks"]),
        )

    def test_a_hand_off_whose_row_has_the_new_tier_is_one(self) -> None:
        log = sla.read_events(self.head + self.good + "T-1,2026-03-02T10:00:00Z,hand_off,lab,lab,,,\n")
        assert log.tickets[0].events == (event(1, "hand_off", to="lab"),)

    def test_a_quote_that_is_never_closed(self) -> None:
        log = sla.read_events(self.head + self.good + '"T-2,2026-03-02T09:00:00Z,open,desk,,,,\n')
        assert [one.id for one in log.tickets] == ["T-1"]
        assert [(one.line, one.problem.startswith("is no CSV")) for one in log.problems] == [(3, True)]
        assert log.rows == 2

    def test_rows_in_any_order_are_the_same_ticket(self) -> None:
        later = "T-1,2026-03-02T10:00:00Z,pause,,,vendor,,\nT-1,2026-03-02T11:00:00Z,resume,,,,,\n"
        one = sla.read_events(self.head + self.good + later)
        other = sla.read_events(self.head + "".join(reversed((self.good + later).splitlines(keepends=True))))
        assert one.tickets == other.tickets
        assert [type(event).__name__ for event in one.tickets[0].events] == ["Pause", "Resume"]

    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("", "empty"),
            (head, "no rows"),
            ("ticket,at\n1,2\n", "no column 'kind'"),
            ("[]", "no tickets"),
            (b"\xff", "UTF-8"),
        ],
    )
    def test_what_is_no_log_at_all(self, source: str | bytes, words: str) -> None:
        with pytest.raises(sla.InvalidLog, match=words) as caught:
            sla.read_events(source)
        assert caught.value.remedy


class TestJsonTickets:
    good: ClassVar[dict[str, Any]] = {"id": "T-1", "tier": "desk", "opened_at": "2026-03-02T09:00:00Z", "events": []}

    def test_malformed_ones_among_good_ones(self) -> None:
        lines = [
            json.dumps(self.good),
            '{"id": "T-2", "opened_at": ',  # 2: cut off
            json.dumps({**self.good, "id": "T-3", "colour": "red"}),
            json.dumps(self.good),  # 4: the same again
            "7",
            json.dumps({**self.good, "id": "T-6", "events": [{"at": "2026-03-02T10:00:00Z", "kind": "respnd"}]}),
            json.dumps({**self.good, "id": "T-7", "events": None}),
            json.dumps({**self.good, "id": "T-8", "attributes": [1]}),
            json.dumps({**self.good, "id": "T-9"}),
        ]
        log = sla.read_events("\n".join(lines))
        assert log.rows == 9
        assert [one.id for one in log.tickets] == ["T-1", "T-9"]
        found = {problem.line: (problem.id, problem.problem) for problem in log.problems}
        assert list(found) == [2, 3, 4, 5, 6, 7, 8]
        assert "malformed JSON" in found[2][1]
        assert found[3][0] == "T-3"
        assert "unknown key 'colour'" in found[3][1]
        assert "is number 1 already" in found[4][1]
        assert "7 is no ticket" in found[5][1]
        assert "events[0]" in found[6][1]
        assert "Did you mean 'respond'" in found[6][1]

    def test_a_list_is_numbered_by_its_tickets(self) -> None:
        log = sla.read_events(json.dumps([self.good, {**self.good, "id": "T-2", "opened_at": "never"}]))
        assert [(one.line, one.id) for one in log.problems] == [(2, "T-2")]
        assert len(log.tickets) == 1


class TestTimeWithoutEnd:
    def test_a_calendar_that_never_opens_is_never_due_and_does_not_hang(self) -> None:
        policy = sla.Policy.from_data(
            {
                **BASE,
                "calendars": {"office": OFFICE, "never": {"difference": ["office", "office"]}},
                "tiers": {
                    "desk": {
                        "calendar": "never",
                        "targets": {"response": "4h", "resolution": "2 business days", "agent_work": "2h elapsed"},
                    }
                },
            }
        )
        found = policy.evaluate(ticket(), at=OPENED + 24 * HOUR)
        for name in ("response", "resolution"):
            clock = found[name]
            assert (clock.phase, clock.verdict, clock.due_at) == ("running", "undecided", None)
            assert (clock.elapsed, clock.not_counted, clock.next_change_at) == (timedelta(), 24 * HOUR, None)
            assert clock.ledger().total == timedelta()
            assert "while paused" not in str(clock.ledger())
        # Elapsed time needs no open hours.
        assert found["agent_work"].due_at == OPENED + 2 * HOUR
        assert odd(found) == [(0, "never_due"), (0, "never_due")]
        assert found.anomalies[0].text.startswith("response: ")
        assert found.anomalies[1].text.startswith("resolution: ")

    def test_years_without_holiday_data_are_a_problem_of_that_ticket_only(self) -> None:
        known = {"kind": "dates", "days": {"2026-12-25": "Christmas"}, "years": [2026, 2027]}
        policy = sla.Policy.from_data({**BASE, "calendars": {"office": {**OFFICE, "holidays": known}}})
        late = sla.Ticket(id="T-2", tier="desk", opened_at=datetime(2028, 3, 1, 9, tzinfo=UTC))
        answered = ticket(event(1, "respond"))
        found = policy.evaluate_all([answered, late], at=datetime(2028, 3, 2, tzinfo=UTC))
        assert [one["response"].elapsed for one in found] == [HOUR]
        (problem,) = found.problems
        assert problem.ticket_id == "T-2"
        assert "2026 to 2027" in problem.problem
        with pytest.raises(sla.OutOfRange) as caught:
            policy.evaluate(late, at=late.opened_at)
        assert caught.value.remedy

    def test_a_warning_that_is_reached_before_the_calendar_ends_is_ahead(self) -> None:
        policy = sla.Policy.from_data(
            {
                **BASE,
                "calendars": {"office": {"zone": "UTC", "hours": {}, "overrides": {"2026-03-23": ["08:00-11:00"]}}},
                "tiers": {"desk": {"calendar": "office", "targets": {"response": "4h"}}},
                "warnings": ["50%"],
            }
        )
        early = sla.Ticket(id="T-1", tier="desk", opened_at=datetime(2026, 3, 23, 6, tzinfo=UTC))
        clock = policy.evaluate(early, at=early.opened_at)["response"]
        assert (clock.due_at, clock.next_change_at) == (None, datetime(2026, 3, 23, 10, tzinfo=UTC))


ALWAYS = {"zone": "UTC", "hours": {"mon-sun": "00:00-24:00"}}
CHANGE = datetime(2026, 3, 24, tzinfo=UTC)


def versioned(clocks: dict[str, Any], version: dict[str, Any]) -> sla.Policy:
    return sla.Policy.from_data(
        {
            "name": "versioned",
            "calendars": {"always": ALWAYS},
            "clocks": clocks,
            "tiers": {"desk": {"calendar": "always", "targets": {"a": "4h"}}},
            "versions": [{"from_date": "2026-03-24", **version}],
            "straddling": "change",
        }
    )


class TestWhatWasKnownBeforeAVersion:
    URGENT = sla.Event(at=CHANGE - 12 * HOUR, kind="attribute", name="priority", value="high")

    def test_a_clock_that_a_version_brings_sees_what_was_known_before_it(self) -> None:
        policy = versioned(
            {"a": {"start": ["enter"]}, "b": {"start": [{"event": "enter", "before": {"priority": "high"}}]}},
            {"tiers": {"desk": {"targets": {"b": "1h"}}}},
        )
        urgent = sla.Ticket(id="T-1", tier="desk", opened_at=CHANGE - 15 * HOUR, events=[self.URGENT])
        assert policy.evaluate(urgent, at=CHANGE + HOUR)["b"].started_at == CHANGE
        plain = sla.Ticket(id="T-2", tier="desk", opened_at=CHANGE - 15 * HOUR)
        assert policy.evaluate(plain, at=CHANGE + HOUR)["b"].phase == "waiting"

    def test_a_clock_of_the_version_before_still_asks_what_was_known(self) -> None:
        policy = versioned(
            {"a": {"start": ["enter"], "stop": [{"event": "note", "before": {"priority": "high"}}]}},
            {"clocks": {"a": {"start": ["enter"], "stop": ["solve"]}}},
        )
        events = [
            sla.Event(at=CHANGE - 14 * HOUR, kind="note"),
            sla.Event(at=CHANGE + 12 * HOUR, kind="attribute", name="priority", value="high"),
            sla.Event(at=CHANGE + 13 * HOUR, kind="note"),
        ]
        noted = sla.Ticket(id="T-1", tier="desk", opened_at=CHANGE - 15 * HOUR, events=events)
        assert policy.evaluate(noted, at=CHANGE + 24 * HOUR)["a"].stopped_at == CHANGE + 13 * HOUR


def test_a_target_that_is_below_nothing_when_it_is_promised_has_passed_its_warnings() -> None:
    policy = sla.Policy.from_data(
        {
            "name": "kept",
            "calendars": {
                "once": {"zone": "UTC", "hours": {}, "overrides": {"2026-03-23": ["08:00-12:00"]}, "horizon": 1},
                "office": {"zone": "UTC", "hours": {"mon-fri": "08:00-17:00"}},
            },
            "clocks": {"a": {"start": ["enter"], "retarget": "keep", "warnings": ["50%"]}},
            "tiers": {"desk": {"calendar": "once", "targets": {"a": "0 business days"}}},
            "rules": [{"when": {"priority": "high"}, "calendar": "office"}],
        }
    )
    urgent = sla.Event(at=datetime(2026, 3, 23, tzinfo=UTC), kind="attribute", name="priority", value="high")
    ticket = sla.Ticket(id="T-1", tier="desk", opened_at=datetime(2026, 3, 20, 11, 20, tzinfo=UTC), events=[urgent])
    clock = policy.evaluate(ticket, at=datetime(2026, 3, 25, tzinfo=UTC))["a"]
    assert clock.remaining is not None
    assert clock.remaining < timedelta()
    assert [(one.at, one.passed) for one in clock.warnings] == [(urgent.at, True)]
