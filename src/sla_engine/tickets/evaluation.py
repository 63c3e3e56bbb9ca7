"""
From events to status: a ticket's log is read once, up to an instant, and what is known of each clock then is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from sla_engine.errors import UnknownName
from sla_engine.facts import Attributes
from sla_engine.instants import from_micros
from sla_engine.tickets.cycles import NEVER
from sla_engine.tickets.lives import Found, Life
from sla_engine.tickets.outcomes import Phase
from sla_engine.tickets.plans import Plan
from sla_engine.tickets.status import Anomaly, ClockStatus, TicketStatus
from sla_engine.tickets.ticket import Ticket

Switch = tuple[int, Plan]
"""An instant, and the plan that holds from it on."""


def known_tier(plan: Plan, ticket: Ticket) -> str:
    """Return the tier of a ticket; raises `UnknownName` for one that a plan does not have."""
    tier = ticket.tier or ""
    if tier not in plan.tiers:
        raise UnknownName(
            f"there is no tier {ticket.tier!r}",
            where=f"ticket {ticket.id}",
            value=ticket.tier,
            remedy=f"There is {', '.join(map(repr, plan.tiers)) or 'none'}",
        )
    return tier


def evaluate(plan: Plan, ticket: Ticket, at: int, switches: Sequence[Switch] = ()) -> TicketStatus:
    """
    Return the status of a ticket at an instant, under a plan and the versions that follow it.

    Events after the instant are not seen. Raises `UnknownName` for a tier that the plan does not have.
    """
    tier = known_tier(plan, ticket)
    if ticket.opened_micros > at:
        return TicketStatus(
            ticket.id,
            tier,
            "new",
            at,
            ticket.opened_at,
            next_change_micros=ticket.opened_micros,
            policy=plan.label,
            attributes=ticket.attributes,
        )
    life = Life(plan, ticket, tier)
    passed = 0
    for event in ticket.events:
        micros = event.micros
        if micros > at:
            break
        while passed < len(switches) and switches[passed][0] <= micros:
            life.switch(switches[passed][1], switches[passed][0])
            passed += 1
        life.happen(event)
    while passed < len(switches) and switches[passed][0] <= at:
        life.switch(switches[passed][1], switches[passed][0])
        passed += 1
    return status_of(life, at, switches[passed:])


def status_of(life: Life, at: int, later: Sequence[Switch]) -> TicketStatus:
    """Return what is known of a ticket at an instant, up to which everything has happened."""
    ticket = life.ticket
    clocks = [_clock(life, found, at) for found in life.found]
    for run in life.runs:
        if run.plan.name not in life.begun:
            key = ("" if run.plan.ticket_scope else run.tier, run.plan.name)
            clocks.append(
                ClockStatus(
                    ticket.id,
                    run.tier,
                    run.plan.name,
                    life.numbers.get(key, 0) + 1,
                    "waiting",
                    run.promise,
                    ticket.opened_at,
                    at,
                    needed_micros=getattr(run.promise.amount, "micros", None),
                    warning_shares=run.plan.warnings,
                )
            )
    changes = [clock.next_change_micros for clock in clocks if clock.next_change_micros is not None]
    changes += [micros for micros, plan in later if _changes(life, plan)][:1]
    return TicketStatus(
        ticket.id,
        life.facts.tier,
        life.facts.status,
        at,
        ticket.opened_at,
        tuple(clocks),
        tuple(life.anomalies),
        tuple(life.hand_offs),
        min(changes, default=None),
        life.plan.label,
        ticket.attributes if not life.changed else Attributes({**ticket.attributes, **life.changed}),
    )


def _changes(life: Life, plan: Plan) -> bool:
    """Whether another version of the policy would change what a clock promises."""
    if life.facts.tier not in plan.tiers:
        return False
    promises = plan.promises(life.facts.tier, life.facts.known.get)
    names = {run.plan.name for run in life.runs}
    return any(
        run.plan.name not in promises or run.promise != promises[run.plan.name]
        for run in life.runs
        if run.found is not None or run.plan.name not in life.begun
    ) or any(name not in names for name in promises)


def _clock(life: Life, found: Found, at: int) -> ClockStatus:
    cycle, plan, end = found.cycle, found.plan, found.end
    ended = end is not None
    until = at if end is None else end
    cycle.advance(until)
    due = cycle.due_at(ended=ended)
    broken = cycle.broken_by(until)
    need = cycle.need
    phase: Phase = found.phase if ended else "running" if cycle.running else "paused"
    change = None
    if not ended:
        change = cycle.warning_ahead(plan.warnings)
        if broken is None:
            breach = cycle.breach_ahead(due)
            if breach is not None and (change is None or breach < change):
                change = breach + 1
    if cycle.never:
        life.anomalies.append(
            Anomaly(from_micros(cycle.start, life.ticket.opened_at), "never_due", f"{plan.name}: {cycle.never}")
        )
    return ClockStatus(
        life.ticket.id,
        found.tier,
        plan.name,
        cycle.number,
        phase,
        cycle.promise,
        life.ticket.opened_at,
        at,
        cycle.start,
        end,
        due,
        cycle.counted,
        cycle.lost,
        None if need >= NEVER else need,
        broken,
        plan.warnings,
        change,
        found.reason,
        tuple(cycle.pieces),
        cycle.retargeted,
    )
