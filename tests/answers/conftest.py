"""Where the answers of others are read: beside the project, never from within it."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ABSENT = "the data beside the project (../shared/data) are absent, so nothing is compared with the answers of others"

# What one test is run for: the name of its argument, the file, and where in the file the list is.
LISTS: dict[str, tuple[str, Callable[[Any], list[Any]]]] = {
    "otrs_vector": ("vectors/otrs.json", lambda data: list(data["vectors"])),
    "zammad_case": (
        "vectors/zammad.json",
        lambda data: [{**case, "rules": data["calendars"][case["calendar"]]} for case in data["cases"]],
    ),
    "peer_case": (
        "vectors/peers.json",
        lambda data: [{**case, "suite": suite} for suite in data["suites"] for case in suite["cases"]],
    ),
    "peer_regression": ("vectors/peers.json", lambda data: list(data["issue_regressions"])),
    "peer_config": ("vectors/peers.json", lambda data: list(data["config_validation"])),
}


def _named(number: int, one: dict[str, Any]) -> str:
    return str(one.get("id") or f"{number:02}-{one['url'].removeprefix('https://').partition('/')[2]}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, (file, found) in LISTS.items():
        if name in metafunc.fixturenames:
            # Without the data there is one case, which the fixture skips with the reason that all share.
            path = DATA / file
            items = found(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []
            ids = [_named(number, one) for number, one in enumerate(items)]
            metafunc.parametrize(name, items or [None], ids=ids or ["absent"], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # Skips of one place and one reason are shown as one line; from a fixture each is of the test that asked.
    if report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2].endswith(ABSENT):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    if not DATA.is_dir():
        pytest.skip(ABSENT)
    return DATA


@pytest.fixture(scope="session")
def read_json(shared: Path) -> Callable[[str], Any]:
    return lambda name: json.loads((shared / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def read_csv(shared: Path) -> Callable[[str], list[dict[str, str]]]:
    def read(name: str) -> list[dict[str, str]]:
        with gzip.open(shared / name, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def _given(request: pytest.FixtureRequest) -> Any:
    request.getfixturevalue("shared")
    return request.param


@pytest.fixture
def otrs_vector(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def zammad_case(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def peer_case(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def peer_regression(request: pytest.FixtureRequest) -> Any:
    return _given(request)


@pytest.fixture
def peer_config(request: pytest.FixtureRequest) -> Any:
    return _given(request)
