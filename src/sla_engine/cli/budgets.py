"""`sla-engine budget`: what a target allows, and what its alerts come to."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from sla_engine.cli.showing import console_for, stop
from sla_engine.cli.windows import NO_WINDOW, WindowOptions
from sla_engine.errors import SlaError
from sla_engine.ledger import duration_text_of
from sla_engine.periods import Period
from sla_engine.shares import SpentShare

if TYPE_CHECKING:
    from sla_engine.uptime import Budget, BurnAlert, Downtime


def budget(
    target: str,
    /,
    *,
    window: WindowOptions = NO_WINDOW,
    zone: str = "UTC",
    downtime: str | None = None,
    probe_every: str = "1m",
    format: Annotated[Literal["text", "json"], Parameter(name="--format")] = "text",  # noqa: A002  (its usual name)
) -> None:
    """
    Show the downtime that a target allows in a window, the alerts that guard it, and what cannot work.

    Parameters
    ----------
    target
        The share of time promised, such as 99.9%.
    zone
        The zone in which a day, week, month, quarter or year begins and ends.
    downtime
        Downtime so far, such as 43m: what it spends, and what is left.
    probe_every
        How often the service is probed.
    format
        text or json.
    """
    from sla_engine.uptime import Budget, Downtime, usual_alerts  # noqa: PLC0415  (the other commands do without)

    try:
        given = Budget(target, window.of_length(zone))
        spent = None if downtime is None else Downtime.of(downtime)
        data = _data(given, spent, probe_every, usual_alerts())
        console = console_for(sys.stdout)
        if format == "json":
            console.file.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        else:
            _show(data, console)
    except SlaError as error:
        stop(error)


def _data(given: Budget, spent: Downtime | None, every: str, alerts: tuple[BurnAlert, ...]) -> dict[str, Any]:
    from sla_engine.uptime import Downtime, preflight  # noqa: PLC0415
    from sla_engine.uptime.budget import window_text  # noqa: PLC0415

    length = Downtime(given.window_micros)
    window = given.window
    name = f"{window.label} ({getattr(window, 'zone', '')})" if isinstance(window, Period) else window_text(window)
    data: dict[str, Any] = {
        "target": str(given.target.fraction),
        "target_text": given.target.exact_text,
        "window": name,
        "window_us": given.window_micros,
        "length": f"{length:.0m}" if length.micros % 60_000_000 == 0 else str(length),
        "allowed": str(given.allowed),
        "allowed_us": str(given.allowed.micros),
        "probe_every": every,
        "probes": given.probes(every),
        "allowed_probes": given.allowed_probes(every),
        "alerts": [_alert(given, alert, every) for alert in alerts],
        "findings": [{"kind": one.kind, "text": one.text} for one in preflight(given, every, alerts)],
    }
    if spent is not None:
        left = given.left(spent)
        data |= {
            "downtime": str(spent),
            "availability": f"{given.availability(spent):.4%}",
            "verdict": given.verdict(spent),
            "spent": f"{given.spent(spent):.2%}",
            "left": str(left),
            "left_us": str(left.micros),
        }
    return data


def _alert(given: Budget, alert: BurnAlert, every: str) -> dict[str, Any]:
    fires, resets = alert.fires_after(given), alert.resets_after(given)
    (long, of_long), (short, of_short) = alert.probes_needed(given, every)
    return {
        "severity": alert.severity,
        "share": alert.share.exact_text,
        "look_back": duration_text_of(alert.look_back),
        "short": duration_text_of(alert.short),
        "burn_rate": str(alert.threshold(given)),
        "burn_rate_text": f"{SpentShare(alert.threshold(given)):.2}",
        "fires_after": None if fires is None else str(fires),
        "resets_after": None if resets is None else str(resets),
        "probes": f"{long} of {of_long}, {short} of {of_short}" if alert.can_fire(given) else "",
    }


def _show(data: dict[str, Any], console: Console) -> None:
    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False)

    say(f"{data['target_text']} of {data['window']}, {data['length']}: {data['allowed']} may be down", "bold")
    say(f"probed every {data['probe_every']}: {data['probes']} probes, of which {data['allowed_probes']} may fail")
    if "downtime" in data:
        say(
            f"{data['downtime']} down: {data['verdict']}, {data['availability']} up, "
            f"{data['spent']} of the budget spent, {data['left']} left"
        )
    console.print()
    table = Table("alert", "budget", "within", "still in", box=None, pad_edge=False)
    for name in ("burn rate", "fires after", "resets after", "failed probes"):
        table.add_column(name, justify="right")
    for one in data["alerts"]:
        table.add_row(
            one["severity"],
            one["share"],
            one["look_back"],
            one["short"],
            one["burn_rate_text"],
            one["fires_after"] or "never",
            one["resets_after"] or "never",
            one["probes"],
        )
    console.print(table)
    for finding in data["findings"]:
        say(f"note: {finding['text']}")
