"""How the commands show what they found, as text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn, TextIO

from rich.console import Console
from rich.table import Table

from sla_engine.instants import micros_of
from sla_engine.ledger import duration_text_of
from sla_engine.periods import Month
from sla_engine.policies import Policy, PolicyCheck, Report, WhatIf
from sla_engine.shares import Share
from sla_engine.tickets import Compliance, ComplianceFigure, Outcome, RowProblem

if TYPE_CHECKING:
    from sla_engine.frames.streams import FileProblem, FilesReport

_MOST_PROBLEMS = 20
_WIDE = 200


def console_for(file: TextIO) -> Console:
    """Return a console as wide as its terminal; what goes to a file or a pipe is never cut."""
    return Console(file=file) if file.isatty() else Console(file=file, width=_WIDE)


def stop(error: Exception) -> NoReturn:
    """Say what stopped the command, and exit with 2."""
    Console(stderr=True, soft_wrap=True).print(f"sla-engine: {error}", style="red", markup=False, highlight=False)
    sys.exit(2)


def tell_problems(
    problems: Iterable[RowProblem | FileProblem], what: str = "rows", *, count: int | None = None
) -> None:
    """List what could not be used on the error channel; `count` is how many there are, where these are the first."""
    listed = list(problems)
    count = len(listed) if count is None else count
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"{what} that could not be used: {count}", style="red", markup=False, highlight=False)
    for problem in listed[:_MOST_PROBLEMS]:
        console.print(f"  {problem}", markup=False, highlight=False)
    if count > _MOST_PROBLEMS:
        rest = count - _MOST_PROBLEMS
        lists = "all" if count == len(listed) else f"the first {len(listed)}"
        console.print(f"  and {rest} more; --format json lists {lists}", markup=False, highlight=False)


def moment(at: datetime | None, none: str = "") -> str:
    """Return an instant as text."""
    return none if at is None else at.isoformat(" ", "auto" if at.microsecond else "seconds")


def _plain(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, markup=False, highlight=False)


def show_figures(found: Report | FilesReport, rules: Policy, console: Console) -> None:
    """Show the figures of a report, and what they are of."""
    figures = found.compliance
    period = f"{figures.period.label} ({figures.period.zone})" if isinstance(figures.period, Month) else "the whole log"
    _plain(console, f"{rules.name}: tickets {figures.attribute} in {period}", "bold")
    if found.at:
        _plain(console, f"as of {found.at.isoformat()}")
    console.print(_figures(figures, rules, found.before))


def show_report(found: Report, rules: Policy, most: int, console: Console) -> None:
    """Show the figures of a report, where every row is, and the worst breaches."""
    show_figures(found, rules, console)
    figures = found.compliance
    outside = f"{len(figures.outside)} of other periods, {len(figures.unattributed)} not {figures.attribute}"
    later, unusable = len(found.not_yet_opened), len(found.problems)
    if found.kind == "events":
        cycles = found.counted + len(figures.outside) + len(figures.unattributed)
        _plain(
            console,
            f"{found.rows} rows, {len(found.statuses)} tickets, {cycles} clocks: {found.counted} counted, {outside}; "
            f"{later} tickets opened later, {unusable} rows or tickets not usable",
        )
        _show_oddities(found, console)
    else:
        _plain(
            console,
            f"{found.accounted_rows} rows: {found.counted} counted, {outside}, {later} opened later, "
            f"{unusable} not usable",
        )
    late = figures.breached
    show_breached(len(late), figures.whole.worst(most) if late else (), console)


def _figures(figures: Compliance, rules: Policy, before: Compliance | None) -> Table:
    table = Table("tier", "target", box=None, pad_edge=False)
    names = [name for name, _ in figures.figures[0].labels[2:]] if figures.figures else []
    for name in names:
        table.add_column(name)
    shown = [
        kind
        for kind in ("met", "breached", "running", "paused", "handed_off", "excluded")
        if kind in ("met", "breached") or any(getattr(figure, kind) for figure in figures.figures)
    ]
    for name in [*(kind.replace("_", " ") for kind in shown), "share met", "exactly", "median", "90th percentile"]:
        table.add_column(name, justify="right")
    earlier = {} if before is None else {one.labels: one.share for one in before.figures}
    compared = any(earlier.values())
    goals = {tier.name: tier.goal for tier in rules.tiers if tier.goal is not None}
    for name in [*(["before"] if compared else []), *(["goal"] if goals else [])]:
        table.add_column(name, justify="right")
    for figure in figures.figures:
        share = figure.share
        cells = [figure.tier, _promised(figure, rules), *(figure.label(name) for name in names)]
        cells += [str(len(getattr(figure, kind))) for kind in shown]
        cells += [f"{share:.2%}", f"{len(figure.met)}/{figure.decided}"] if share else ["none decided", ""]
        cells += [_duration(figure.percentile("50%")), _duration(figure.percentile("90%"))]
        if compared:
            old = earlier.get(figure.labels)
            cells.append("" if old is None else f"{old:.2%}")
        if goals:
            cells.append(_goal(figure, goals.get(figure.tier)))
        table.add_row(*cells)
    return table


def _promised(figure: ComplianceFigure, rules: Policy) -> str:
    own = [tier for tier in rules.tiers if tier.name == figure.tier]
    within = [target.within for tier in own for target in tier.targets if target.name == figure.target]
    ruled = any(name == figure.target for rule in rules.rules for name, _ in rule.targets) or rules.customers
    return figure.target + (f" within {within[0]}" if within else "") + (" (or by rule)" if ruled else "")


def _goal(figure: ComplianceFigure, goal: Share | None) -> str:
    if goal is None:
        return ""
    against = figure.against(goal)
    return f"{goal:.0%} {against.verdict}" if 100 * goal.fraction % 1 == 0 else f"{goal:.2%} {against.verdict}"


def _duration(duration: timedelta | None) -> str:
    """Return a duration to the second, rounded up."""
    if duration is None:
        return ""
    seconds = -(-micros_of(duration) // 1_000_000)
    return duration_text_of(timedelta(0, seconds))


def _show_oddities(found: Report, console: Console) -> None:
    kinds: dict[str, int] = {}
    for status in found.statuses:
        for anomaly in status.anomalies:
            kinds[anomaly.kind] = kinds.get(anomaly.kind, 0) + 1
    show_anomalies(kinds, console)
    incomplete = sum(1 for status in found.statuses if status.missing)
    if incomplete:
        _plain(console, f"{incomplete} tickets were handed off with something missing")


def show_anomalies(kinds: Mapping[str, int], console: Console) -> None:
    """Show how many events contradict the rest, by kind."""
    if kinds:
        said = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sorted(kinds.items()))
        _plain(console, f"{sum(kinds.values())} events that contradict the rest: {said}")


def show_breached(count: int, worst: Sequence[Outcome], console: Console) -> None:
    """Show how many were breached, and the worst of them; nothing where none were."""
    if not worst:
        if count:
            _plain(console, f"{count} breached")
        return
    few = f", the worst {len(worst)}" if len(worst) < count else ""
    console.print()
    _plain(console, f"{count} breached{few}:", "bold")
    listed = Table("ticket", "tier", "target", "due", "stopped", box=None, pad_edge=False)
    listed.add_column("late by", justify="right")
    listed.add_column("open time late", justify="right")
    for one in worst:
        name = one.target if one.cycle == 1 else f"{one.target} #{one.cycle}"
        ended = moment(one.stopped_at, "still open" if one.phase in ("running", "paused") else str(one.phase))
        listed.add_row(
            one.id,
            one.tier,
            name,
            moment(one.due_at),
            ended,
            duration_text_of(one.late_by),
            duration_text_of(one.late_open_time),
        )
    console.print(listed)


def _share(share: Share | None) -> str:
    return "none decided" if share is None else f"{share:.2%}"


def show_what_if(found: WhatIf, most: int, console: Console) -> None:
    """Show what differs between two policies."""
    _plain(console, f"{found.before.policy} : {found.after.policy}", "bold")
    only = len(found.only_before) + len(found.only_after)
    _plain(
        console,
        f"{found.compared} targets compared, {found.moved} due at another instant, {len(found.flips)} with another "
        f"verdict, {only} that only one policy has",
    )
    table = Table(box=None, pad_edge=False)
    changes = found.changes
    for name, _ in changes[0].labels if changes else ():
        table.add_column(name)
    for name in ("before", "after", "points"):
        table.add_column(name, justify="right")
    for change in changes:
        points = "" if change.points is None else _points(change.points * 100)
        table.add_row(*(text for _, text in change.labels), _share(change.before), _share(change.after), points)
    console.print(table)
    if not found.flips or most <= 0:
        return
    shown = found.flips[: max(most, 0)]
    few = f", the first {len(shown)}" if len(shown) < len(found.flips) else ""
    console.print()
    _plain(console, f"{len(found.flips)} flips{few}:" if len(found.flips) > 1 else "1 flip:", "bold")
    listed = Table("ticket", "tier", "target", "verdict", "due before", "due after", box=None, pad_edge=False)
    listed.add_column("moved by", justify="right")
    for flip in shown:
        moved = flip.due_moved_by
        listed.add_row(
            flip.before.id,
            flip.before.tier,
            flip.before.target,
            f"{flip.before.verdict} -> {flip.after.verdict}",
            moment(flip.before.due_at),
            moment(flip.after.due_at),
            "" if moved is None else duration_text_of(moved),
        )
    console.print(listed)


def _points(points: object) -> str:
    """Return percentage points to two places, towards zero, with their sign."""
    from fractions import Fraction  # noqa: PLC0415

    value = Fraction(str(points))
    hundredths = int(abs(value) * 100)
    sign = "-" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{hundredths // 100}.{hundredths % 100:02}"


def show_check(found: PolicyCheck, console: Console) -> None:
    """Show what is odd about a policy."""
    if not found.findings:
        _plain(console, f"{found.policy}: nothing odd")
    else:
        _plain(console, f"{found.policy}: {len(found)} findings", "bold")
        for finding in found:
            _plain(console, f"  {finding.kind.replace('_', ' ')}: {finding}")
    if found.readings is not None:
        console.print()
        show_what_if(found.readings, 0, console)
