"""A real PostgreSQL for every test that asks for one.

One server per test process: the embedded one, or the one TALLYSTICK_TEST_DATABASE_URL names. A
database is migrated once and cloned for each test.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from attacks import counting
from tallystick.services import passwords
from tallystick.services.context import Context
from tallystick.store.db import Database
from tallystick.store.embedded import embedded_server
from tallystick.store.migrate import migrate

settings.register_profile("default", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

ROLE = "tallystick_tests"  # one for all databases of the server
PASSWORD = "of-the-tests"
SECRET = b"a secret of the tests, thirty-two bytes long"


@dataclass(frozen=True, slots=True)
class Server:
    """A server on which databases can be made by cloning the template.

    application_url: that of the role that serves requests, as which almost all tests run.
    """

    url: str
    application_url: str
    template: str

    def url_of(self, database: str, *, owner: bool = False) -> str:
        """The URL of another database on this server."""
        parts = urlsplit(self.url if owner else self.application_url)
        return urlunsplit(parts._replace(path=f"/{database}"))

    async def execute(self, *statements: str) -> None:
        """Run statements outside a transaction."""
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


_NUMBERS = count()


def _name(kind: str) -> str:
    return f"tallystick_{kind}_{os.getpid()}_{next(_NUMBERS)}"


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Passwords are hashed in no time: hundreds of people and guesses would take minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        passwords._nobodys_hash.cache_clear()
        yield
    passwords._nobodys_hash.cache_clear()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with _server_url() as url:
        parts = urlsplit(url)
        _, _, place = parts.netloc.rpartition("@")
        application_url = urlunsplit(parts._replace(netloc=f"{ROLE}:{PASSWORD}@{place}"))
        server = Server(url, application_url, _name("template"))
        asyncio.run(server.execute(f'CREATE DATABASE "{server.template}"'))
        asyncio.run(_migrate(server))
        yield server
        asyncio.run(server.execute(f'DROP DATABASE "{server.template}"'))


@contextmanager
def _server_url() -> Iterator[str]:
    given = os.environ.get("TALLYSTICK_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another user
        with embedded_server(Path(folder)) as embedded:
            yield embedded.url


async def _migrate(server: Server) -> None:
    database = await Database.connect(server.url_of(server.template, owner=True), size=1)
    url = server.url_of(server.template)
    await migrate(database, now=datetime.now(UTC), application_url=url)
    await database.close()


@contextmanager
def _clone(server: Server) -> Iterator[str]:
    name = _name("test")
    create = f'CREATE DATABASE "{name}" TEMPLATE "{server.template}"'
    drop = f'DROP DATABASE "{name}" WITH (FORCE)'
    asyncio.run(server.execute(create))
    yield server.url_of(name)
    asyncio.run(server.execute(drop))


@pytest.fixture
def database_url(server: Server) -> Iterator[str]:
    """A fresh, migrated database of the test's own."""
    with _clone(server) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(server: Server) -> Iterator[str]:
    """A migrated database that the tests of a module share."""
    with _clone(server) as url:
        yield url


@pytest.fixture
def owner_url(server: Server, database_url: str) -> str:
    """The database of the test's own, as its owner, who may do anything with it."""
    return as_owner(server, database_url)


@pytest.fixture(scope="module")
def module_owner_url(server: Server, module_database_url: str) -> str:
    """The database of the module, as its owner."""
    return as_owner(server, module_database_url)


def as_owner(server: Server, url: str) -> str:
    """The same database, as its owner."""
    return server.url_of(urlsplit(url).path[1:], owner=True)


@pytest.fixture
async def context(database_url: str, tmp_path: Path) -> AsyncIterator[Context]:
    """What use cases are given, on a database of the test's own."""
    database = await Database.connect(database_url, size=5)
    yield Context(database=database, secret=SECRET, import_folder=tmp_path, export_folder=tmp_path)
    await database.close()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what attacks have counted to the process that tells it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["attacks"] = counting.packed()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a process has counted; one that broke down has nothing to tell."""
    counting.unpack(getattr(node, "workeroutput", {}).get("attacks", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many inputs were tried by tests that attack, and how many were refused."""
    lines = list(counting.summary())
    if lines:
        terminalreporter.section("attacks")
        for line in lines:
            terminalreporter.write_line(line)
