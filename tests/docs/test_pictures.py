"""The pictures of the documentation are as their scripts draw them, and say what the engine says."""

from __future__ import annotations

import importlib.util
import re
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

import sla_engine as sla

EXPLANATION = Path(__file__).parents[2] / "docs" / "explanation"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def probes() -> ModuleType:
    """The script that draws probes.svg."""
    spec = importlib.util.spec_from_file_location("make_probes_picture", EXPLANATION / "make_probes_picture.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(svg: str, tag: str, kind: str) -> list[ET.Element]:
    root = ET.fromstring(svg)  # noqa: S314  (it is ours)
    return [one for one in root.iter(SVG + tag) if one.get("class", "") == kind]


def said(svg: str) -> list[str]:
    """All words of the picture."""
    root = ET.fromstring(svg)  # noqa: S314  (it is ours)
    return [one.text or "" for one in root.iter(SVG + "text")]


def test_the_picture_of_probes_is_as_the_script_draws_it(probes: ModuleType) -> None:
    assert (EXPLANATION / "probes.svg").read_text(encoding="utf-8") == probes.picture()


def test_the_page_shows_it_and_says_what_it_shows(probes: ModuleType) -> None:
    text = (EXPLANATION / "probes.md").read_text(encoding="utf-8")
    found = re.search(r"!\[([^\]]+)\]\(probes\.svg\)", text)
    assert found
    reports = probes.reports()
    assert [reports[every].verdict for every in (5, 1)] == ["undecided", "met"]
    assert re.findall(r"the verdict is (\w+)", found[1]) == ["undecided", "met"]


OUTAGES = {"as it is": timedelta(0), "longer": timedelta(minutes=5), "shorter": timedelta(minutes=-7)}


@pytest.mark.parametrize("target", ["99%", "98.9%", "99.5%"])
@pytest.mark.parametrize("change", OUTAGES)
def test_its_words_and_figures_are_those_of_the_reports(probes: ModuleType, target: str, change: str) -> None:
    outage = (probes.OUTAGE[0], probes.OUTAGE[1] + OUTAGES[change])
    svg = probes.picture(target, outage)
    reports: dict[int, sla.UptimeReport] = probes.reports(target, outage)
    assert list(reports) == [5, 1]
    words = said(svg)
    budget = sla.Budget(target, probes.DAY).allowed
    assert f"budget {budget}" in words
    assert [one.text for one in drawn(svg, "text", "verdict")] == [one.verdict for one in reports.values()]
    (described,) = ET.fromstring(svg).iter(SVG + "desc")  # noqa: S314
    for report in reports.values():
        down = report.downtime
        figures = f"{down.lower} to {down.upper}, expected {down.expected}"
        assert figures in words
        assert f"{figures}, and the day is {report.verdict}." in (described.text or "")


def test_the_drawing_is_to_scale(probes: ModuleType) -> None:
    svg = probes.picture()
    reports: dict[int, sla.UptimeReport] = probes.reports()
    logs: list[sla.ProbeLog] = [probes.looks(every) for every in reports]
    start, end = (at.timestamp() * 10**6 for at in probes.SHOWN)
    shown = [bool(up) for log in logs for at, up in zip(log.instants, log.ups, strict=True) if start <= at <= end]
    # Each is drawn, and one more of its kind in the legend.
    assert len(drawn(svg, "circle", "good")) == 1 + shown.count(True)
    assert len(drawn(svg, "path", "failed")) == 1 + shown.count(False)
    minute = probes.ACROSS / 40
    # Of each cadence: the time that is down and that is uncertain, and the two bars; then one sign in the legend.
    widths = {kind: [float(one.get("width", "")) for one in drawn(svg, "rect", kind)] for kind in ("down", "uncertain")}
    assert widths["down"] == pytest.approx([13 * minute, 10 * minute, 12 * minute, 160, 192, 22], abs=0.01)
    assert widths["uncertain"] == pytest.approx([5 * minute, 5 * minute, minute, minute, 160, 32, 22], abs=0.01)
    budget = float(drawn(svg, "line", "budget")[0].get("x1", ""))
    bars = drawn(svg, "rect", "uncertain")[4:6]
    ends = [float(one.get("x", "")) + float(one.get("width", "")) for one in bars]
    assert [end <= budget for end in ends] == [one.downtime.upper <= one.budget for one in reports.values()]


def test_nothing_reaches_beyond_the_panel(probes: ModuleType) -> None:
    root = ET.fromstring(probes.picture())  # noqa: S314
    assert root.get("viewBox") == f"0 0 {probes.WIDTH} {probes.HEIGHT}"
    for one in root.iter():
        for key, most in (("x", probes.WIDTH), ("x2", probes.WIDTH), ("y", probes.HEIGHT), ("y2", probes.HEIGHT)):
            size = float(one.get({"x": "width", "y": "height"}.get(key, ""), "0"))
            assert 0 <= float(one.get(key, "0")) + size <= most
