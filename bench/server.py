"""What both benches stand on: a PostgreSQL of their own, fresh databases in it, verdicts.

Nothing is asserted about speed: a bench prints what it found and whether the bar is met.
"""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from tallystick.core.programs import Program, ProgramSettings
from tallystick.services.context import Context, system_clock
from tallystick.services.programs import create_program
from tallystick.store.db import Database
from tallystick.store.embedded import embedded_server
from tallystick.store.migrate import migrate

SETTINGS = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


@contextmanager
def bench_server(url: str | None) -> Iterator[str]:
    """The URL of a server: the one that is given, or one in a temporary folder, gone at the end."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as folder:
        Path(folder).chmod(0o711)  # for the account that PostgreSQL runs under if we are root
        with embedded_server(Path(folder)) as server:
            yield server.url


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[str]:
    """The URL of a new, empty database, which is dropped at the end."""
    name = f"tallystick_bench_{secrets.token_hex(4)}"
    await _execute(server_url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        await _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    async with connected(url) as database, database.reader() as connection:
        await connection.execute(statement)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    """The database at `url`, closed at the end."""
    database = await Database.connect(url)
    try:
        yield database
    finally:
        await database.close()


async def migrated_program(database: Database) -> tuple[Context, Program]:
    """A context on the database, brought up to date, and a program with subledgers in it."""
    await migrate(database, now=system_clock())
    context = Context(database=database, secret=b"")
    settings = ProgramSettings(
        name="Bench", timezone="Europe/Berlin", default_validity="12M_U", allow_subledger=True
    )
    return context, await create_program(context, settings)


async def settle(database: Database) -> None:
    """Let nobody pay for what another run left behind: dead rows, old statistics, dirty pages."""
    async with database.reader() as connection:
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")


async def surroundings(url: str) -> str:
    """What the figures depend on: the cores, who else uses them, the server, how it commits."""
    async with connected(url) as database, database.reader() as connection:
        found = [f"{name} {await connection.fetchval(f'SHOW {name}')}" for name in SETTINGS]
    load, *_ = os.getloadavg()
    return ", ".join([f"{os.cpu_count()} cores", f"load {load:.1f} before", *found])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was found, round by round, and the least or the most that it should be, if anything."""

    what: str
    found: Sequence[float]
    least: float | None = None
    most: float | None = None
    unit: str = "x"

    def __str__(self) -> str:
        value = median(self.found)
        rounds = f"rounds {min(self.found):.2f} to {max(self.found):.2f}"
        return f"{self.what}: {value:.2f}{self.unit} ({rounds}){self._verdict(value)}"

    def _verdict(self, value: float) -> str:
        if self.least is not None:
            met, bar = value >= self.least, f"at least {self.least:g}{self.unit}"
        elif self.most is not None:
            met, bar = value <= self.most, f"at most {self.most:g}{self.unit}"
        else:
            return ""
        return f", {'meets' if met else 'falls short of'} {bar}"


def table(lines: Sequence[Sequence[str]]) -> str:
    """The lines as text in columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if position else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
