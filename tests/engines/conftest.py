"""The servers that the SQL runs on: DuckDB in this process, and PostgreSQL as a server of its own for the session."""

# ruff: noqa: S603, S608  (the programs are those that are looked for, and the SQL is ours)
from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from typing_extensions import override

DATA = Path(__file__).parents[2].parent / "shared" / "data"
REQUIRED = os.environ.get("SLA_REQUIRE_ENGINES") == "1"
ABSENT = "is not installed, so nothing is run on it (with SLA_REQUIRE_ENGINES=1 that is a failure)"

Row = Sequence[int | str | None]


def absent(engine: str) -> NoReturn:
    """Skip what needs an engine that is not there; fail where all engines are required."""
    if REQUIRED:
        pytest.fail(f"{engine} {ABSENT}")
    pytest.skip(f"{engine} {ABSENT}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # Skips of one place and one reason are shown as one line; from a fixture each is of the test that asked.
    if report.skipped and isinstance(report.longrepr, tuple) and report.longrepr[2].endswith(ABSENT):
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


@pytest.fixture(scope="session")
def engine_absent() -> Callable[[str], NoReturn]:
    """What a fixture of another engine calls where it is not installed."""
    return absent


class Engine(ABC):
    """A database that runs scripts, is filled with rows, and answers queries with text, integers and None."""

    name: str

    @abstractmethod
    def run(self, *statements: str) -> None: ...

    @abstractmethod
    def load(self, table: str, file: str) -> None:
        """Fill a table from CSV with a header."""

    @abstractmethod
    def rows(self, query: str, *, zone: str = "UTC") -> list[tuple[str, ...]]:
        """Answer in text; null is an empty text."""

    @abstractmethod
    def utc_text(self, column: str) -> str:
        """An expression for an instant as text, by other functions than those that the library uses."""

    def tickets(self, columns: dict[str, str], rows: Iterable[Row]) -> None:
        """Make the table of tickets anew."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        kinds = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self.run("DROP TABLE IF EXISTS tickets", f"CREATE TABLE tickets ({kinds})")
        self.load("tickets", file.getvalue())

    def fresh(self, *tables: str) -> None:
        self.run(*(f'DROP TABLE IF EXISTS "{table}"' for table in tables))


class DuckDbEngine(Engine):
    name = "duckdb"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @override
    def run(self, *statements: str) -> None:
        for one in statements:
            self.connection.execute(one).fetchall()

    @override
    def load(self, table: str, file: str) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as kept:
            kept.write(file)
            kept.flush()
            self.run(f"COPY {table} FROM '{kept.name}' (FORMAT csv, HEADER)")

    @override
    def rows(self, query: str, *, zone: str = "UTC") -> list[tuple[str, ...]]:
        self.run(f"SET TimeZone = '{zone}'")
        found = self.connection.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query})").fetchall()
        return [tuple("" if value is None else value for value in row) for row in found]

    @override
    def utc_text(self, column: str) -> str:
        return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')"


class PostgreSqlEngine(Engine):
    name = "postgresql"

    def __init__(self, psql: str, sockets: str) -> None:
        self.command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", sockets, "-U", "postgres", "-d", "postgres"]

    def _psql(self, *arguments: str, given: str | None = None, zone: str = "UTC") -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGTZ": zone, "PGCLIENTENCODING": "UTF8"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @override
    def run(self, *statements: str) -> None:
        self._psql("-f", "-", given="".join(f"{one};\n" for one in statements))

    @override
    def load(self, table: str, file: str) -> None:
        self._psql("-c", f"COPY {table} FROM STDIN WITH (FORMAT csv, HEADER)", given=file)

    @override
    def rows(self, query: str, *, zone: str = "UTC") -> list[tuple[str, ...]]:
        found = self._psql("-f", "-", given=f"COPY (\n{query}\n) TO STDOUT WITH (FORMAT csv);\n", zone=zone)
        return [tuple(row) for row in csv.reader(io.StringIO(found))]

    @override
    def utc_text(self, column: str) -> str:
        return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"


@pytest.fixture(scope="session")
def duckdb_engine() -> Iterator[DuckDbEngine]:
    try:
        import duckdb  # noqa: PLC0415  (where it is not installed, its tests say so)
    except ImportError:
        absent("DuckDB")
    connection = duckdb.connect()
    yield DuckDbEngine(connection)
    connection.close()


def _programs() -> Path | None:
    """Where the newest PostgreSQL has its programs."""
    there = shutil.which("initdb")
    if there:
        return Path(there).parent
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: float(path.parent.name), default=None)


def _somebody_else() -> dict[str, Any]:
    """Who runs the server: this user, or an unprivileged one where this is root, whom PostgreSQL refuses."""
    if os.geteuid():
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    one = names.get("postgres") or names["nobody"]
    return {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgresql_engine() -> Iterator[PostgreSqlEngine]:
    programs = _programs()
    psql = shutil.which("psql") or (str(programs / "psql") if programs else None)
    if programs is None or psql is None:
        absent("PostgreSQL")
    owner = _somebody_else()
    # Not below the temporary folder of pytest, into which only this user may look.
    with tempfile.TemporaryDirectory(prefix="sla-pg-", ignore_cleanup_errors=True) as folder:
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        data, log = f"{folder}/data", f"{folder}/log"

        def run(program: str, *arguments: str) -> None:
            done = subprocess.run(
                [str(programs / program), *arguments],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                check=False,
                **owner,
            )
            told = Path(log).read_text(encoding="utf-8") if Path(log).exists() else ""
            assert done.returncode == 0, f"{program} failed: {told}"

        run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        # By a socket in the folder only: no port is taken, and nobody else can ask.
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c full_page_writes=off"
        run("pg_ctl", "-D", data, "-w", "-t", "120", "-l", log, "-o", options, "start")
        try:
            yield PostgreSqlEngine(psql, folder)
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@pytest.fixture(params=["duckdb", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture(scope="session")
def boston() -> tuple[Any, list[dict[str, str]]]:
    """Rules and requests of a city."""
    if not DATA.is_dir():
        pytest.skip("the data beside the project (../shared/data) are absent, so no city's requests are read")
    rules = json.loads((DATA / "tickets/boston311_2015_rules.json").read_text(encoding="utf-8"))
    with gzip.open(DATA / "tickets/boston311_2015_h1.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return rules, list(csv.DictReader(file))
