"""
Draw the picture of probes.md: `python docs/explanation/make_probes_picture.py` writes probes.svg beside this file.

One outage, seen by probes every five minutes and every minute. What the picture shows, the reports of the two say: the
probes, the stretches, the bounds, the budget and the verdict. The same code draws the same file.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from html import escape
from pathlib import Path

import sla_engine as sla
from sla_engine.instants import utc

FILE = Path(__file__).with_name("probes.svg")
DAY = sla.Day(date(2026, 4, 10), zone="UTC")
OUTAGE = (datetime(2026, 4, 10, 9, 12, 30, tzinfo=UTC), datetime(2026, 4, 10, 9, 25, 30, tzinfo=UTC))
TARGET = "99%"
CADENCES = {5: "every 5 minutes", 1: "every minute"}
"""Minutes between two probes, and how the picture says so."""

SHOWN = (datetime(2026, 4, 10, 9, tzinfo=UTC), datetime(2026, 4, 10, 9, 40, tzinfo=UTC))
"""The part of the day that is drawn."""
MINUTE = timedelta(minutes=1)
WIDTH, HEIGHT = 760, 500
LEFT = 140
"""Where both scales begin; the names of the rows stand before it."""
ACROSS = 580
"""How wide the part of the day is."""
DOWN_MINUTE = 16
"""How wide a minute of downtime is, in the lower half."""
SAID = 500
"""Where the figures stand, to the right of the bars."""

# It has a background of its own, so that it reads alike on light and dark pages. What is up is pale, what is down is
# dark, and what is uncertain is hatched, so that nobody has to tell colours apart; a failed probe is a cross.
STYLE = """
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px; fill: #222 }
.title { font-size: 16px; font-weight: bold }
.verdict { font-size: 15px; font-weight: bold }
.small { font-size: 12px; fill: #444 }
.middle { text-anchor: middle }
.end { text-anchor: end }
.panel { fill: #fcfcfa; stroke: #999 }
.grid { stroke: #ccc }
.up { fill: #d6e6f2; stroke: #5b7f9b }
.uncertain { fill: url(#hatched); stroke: #9a6700 }
.down { fill: #a63a00; stroke: #6e2600 }
.on-down { fill: #fff; font-weight: bold }
.on-uncertain { font-weight: bold; stroke: #fcfcfa; stroke-width: 4px; paint-order: stroke }
.good { fill: #00558c }
.failed { fill: none; stroke: #a63a00; stroke-width: 2.5 }
.expected { stroke: #000; stroke-width: 3 }
.budget { stroke: #222; stroke-width: 1.5; stroke-dasharray: 5 3 }
"""
HATCHED = (
    '<pattern id="hatched" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" fill="#fdf0cf"/><rect width="2.5" height="7" fill="#d99a00"/></pattern>'
)


def looks(every: int, outage: tuple[datetime, datetime] = OUTAGE) -> sla.ProbeLog:
    """Return the probes of the day, so many minutes apart."""
    instants = (DAY.start + minute * MINUTE for minute in range(0, 24 * 60 + 1, every))
    return sla.ProbeLog.of([(at, not outage[0] <= at < outage[1]) for at in instants], every=every * MINUTE)


def reports(target: str = TARGET, outage: tuple[datetime, datetime] = OUTAGE) -> dict[int, sla.UptimeReport]:
    """Return what probes of each cadence know of the outage, by the minutes between two of them."""
    return {every: sla.evaluate_uptime(target, DAY, at=DAY.end, probes=looks(every, outage)) for every in CADENCES}


def across(at: datetime) -> Fraction:
    """Return where an instant is drawn."""
    share = Fraction((at - SHOWN[0]) // timedelta(microseconds=1), (SHOWN[1] - SHOWN[0]) // timedelta(microseconds=1))
    return LEFT + ACROSS * min(max(share, Fraction(0)), Fraction(1))


def along(downtime: sla.Downtime) -> Fraction:
    """Return where an amount of downtime is drawn in the lower half."""
    return LEFT + DOWN_MINUTE * downtime.micros / 60_000_000


def picture(target: str = TARGET, outage: tuple[datetime, datetime] = OUTAGE) -> str:
    """Return the picture as SVG."""
    found = reports(target, outage)
    lasted = sla.Downtime.of(outage[1] - outage[0])
    usual = found[1].reading()
    named = f"One outage of {lasted}, and what probes know of it"
    about = f"The target is {usual.target.exact_text} of a day, so the budget is {usual.budget}."
    seen = [
        f"Probed {name}, it was down for {figures(found[every])}, and the day is {found[every].verdict}."
        for every, name in CADENCES.items()
    ]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(named)}</title>',
        f'<desc id="desc">{escape(" ".join([about, *seen]))}</desc>',
        f"<style>{STYLE}</style>",
        f"<defs>{HATCHED}</defs>",
        box("panel", Fraction(1), 1, Fraction(WIDTH - 2), HEIGHT - 2),
        text("title", 20, 32, named),
        text("small", 20, 52, about),
        *clock(72, 252),
        text("end", LEFT - 12, 103, "really"),
        *really(90, outage),
    ]
    for row, (every, name) in enumerate(CADENCES.items()):
        top = 130 + 66 * row
        parts += [text("end", LEFT - 12, top + 27, name), *timeline(found[every], looks(every, outage), top)]
    parts += [text("title", 20, 288, "How much of the day was down"), *scale(424)]
    for row, (every, name) in enumerate(CADENCES.items()):
        top = 328 + 48 * row
        parts += [text("end", LEFT - 12, top + 16, name), *bar(found[every], top)]
    budget = along(usual.budget)
    parts += [
        line("budget", budget, 314, budget, 424),
        text("middle", budget, 308, f"budget {usual.budget}"),
        *legend(476),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def figures(report: sla.UptimeReport) -> str:
    down = report.downtime
    return f"{down.lower} to {down.upper}, expected {down.expected}"


def clock(top: int, bottom: int) -> list[str]:
    """Draw the time of day, a line every five minutes."""
    parts = []
    at = SHOWN[0]
    while at <= SHOWN[1]:
        parts += [
            line("grid", across(at), top + 8, across(at), bottom),
            text("small middle", across(at), top, f"{at:%H:%M}"),
        ]
        at += 5 * MINUTE
    return parts


def really(top: int, outage: tuple[datetime, datetime]) -> list[str]:
    """Draw what nobody sees."""
    start, end = map(across, outage)
    lasted = sla.Downtime.of(outage[1] - outage[0])
    return [
        box("up", Fraction(LEFT), top, Fraction(ACROSS), 18),
        box("down", start, top, end - start, 18),
        text("on-down middle", (start + end) / 2, top + 13, str(lasted)),
    ]


def timeline(report: sla.UptimeReport, log: sla.ProbeLog, top: int) -> list[str]:
    """Draw probes, and what their report makes of the time between them."""
    parts = []
    for one in report.stretches:
        left, right = across(utc(one.start)), across(utc(one.end))
        if left == right:
            continue
        parts.append(box(one.state, left, top + 16, right - left, 22))
        if one.state != "up" and right - left > 2 * DOWN_MINUTE:
            length = sla.Downtime(one.length)
            parts.append(text(f"on-{one.state} middle", (left + right) / 2, top + 31, str(length)))
    for micros, up in zip(log.instants, log.ups, strict=True):
        at = utc(micros)
        if SHOWN[0] <= at <= SHOWN[1]:
            parts.append(probe(across(at), top + 4, up=up))
    return parts


def scale(bottom: int) -> list[str]:
    """Draw the scale of downtime."""
    parts = [line("grid", Fraction(LEFT), bottom, Fraction(LEFT + 21 * DOWN_MINUTE), bottom)]
    for minutes in range(0, 21, 5):
        amount = sla.Downtime.of(minutes * MINUTE)
        x = along(amount)
        parts += [line("grid", x, 322, x, bottom + 5), text("small middle", x, bottom + 20, str(amount))]
    return parts


def bar(report: sla.UptimeReport, top: int) -> list[str]:
    """Draw the bounds of a report, and say what they come to."""
    down = report.downtime
    lower, expected, upper = map(along, (down.lower, down.expected, down.upper))
    return [
        box("down", Fraction(LEFT), top, lower - LEFT, 22),
        box("uncertain", lower, top, upper - lower, 22),
        line("expected", expected, top - 4, expected, top + 26),
        text("verdict", SAID, top + 7, report.verdict),
        text("", SAID, top + 26, figures(report)),
    ]


def legend(y: int) -> list[str]:
    """Say what the signs mean."""
    parts = [probe(Fraction(28), y - 4, up=True), text("small", 40, y, "good probe")]
    parts += [probe(Fraction(138), y - 4, up=False), text("small", 150, y, "failed probe")]
    for x, state in ((250, "up"), (330, "uncertain"), (450, "down")):
        parts += [box(state, Fraction(x), y - 11, Fraction(22), 14), text("small", x + 30, y, state)]
    parts += [line("expected", Fraction(548), y - 13, Fraction(548), y + 5), text("small", 558, y, "expected")]
    parts += [line("budget", Fraction(644), y - 13, Fraction(644), y + 5), text("small", 654, y, "budget")]
    return parts


def probe(x: Fraction, y: int, *, up: bool) -> str:
    if up:
        return f'<circle class="good" cx="{number(x)}" cy="{y}" r="4"/>'
    return f'<path class="failed" d="M{number(x - 4)} {y - 4}l8 8m0 -8l-8 8"/>'


def box(kind: str, x: Fraction, y: int, width: Fraction, height: int) -> str:
    return f'<rect class="{kind}" x="{number(x)}" y="{y}" width="{number(width)}" height="{height}"/>'


def line(kind: str, x: Fraction, y: int, to_x: Fraction, to_y: int) -> str:
    return f'<line class="{kind}" x1="{number(x)}" y1="{y}" x2="{number(to_x)}" y2="{to_y}"/>'


def text(kind: str, x: Fraction | int, y: int, said: str) -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text{of_kind} x="{number(x)}" y="{y}">{escape(said)}</text>'


def number(value: Fraction | int) -> str:
    """Return a place in the picture, to a hundredth."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    FILE.write_text(picture(), encoding="utf-8")
