"""Files on their way: slow readers, readers who go away, and databases that do.

The application is called as a server calls it, so that a test says when the reader reads.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import asyncpg
import pytest
from starlette.types import Message

from api.harness import Api, Member, check_error, refusal, running_api
from services.harness import import_rows
from tallystick.services.context import Limits
from tallystick.store.db import Connection

RUNNING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'COPY (%' AND state = 'active'
"""
HELD_UP = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
WAITING_FOR_ITS_READER = RUNNING + " AND wait_event = 'ClientWrite'"
ROWS = 25_000  # some megabytes, more than all buffers between the database and a reader hold


@dataclass(slots=True)
class Reader:
    """Somebody who asks for a file: reads only while `reads` is set, and goes when `leave` is."""

    api: Api
    path: str
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    asked: bool = False
    status: int = 0
    content_type: str = ""
    body: bytearray = field(default_factory=bytearray)
    whole: bool = False

    async def ask(self) -> None:
        """Ask, and return when the server is done with it."""
        headers = [(b"authorization", self.api.manager.headers["Authorization"].encode())]
        path, _, query = self.path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        await self.api.app(scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.content_type = dict(message["headers"]).get(b"content-type", b"").decode()
            return
        self.body += message["body"]
        self.begun.set()
        self.whole = not message.get("more_body", False)
        if not self.whole:
            await self.reads.wait()


@pytest.fixture
async def outsider(owner_url: str) -> AsyncIterator[Connection]:
    """Somebody else's connection, who looks at what the database does."""
    outsider = await asyncpg.connect(owner_url)
    yield outsider
    await outsider.close()


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """An application that writes one file at a time."""
    async with running_api(database_url, limits=Limits(exports_max=1)) as api:
        yield api


async def new_reader(api: Api, *, file_format: str = "csv") -> Reader:
    """Somebody who will ask for the log of a member with very many transactions."""
    program = await api.program()
    rows = [
        f"busy,1,a reason that makes the line of this row somewhat longer {n}" for n in range(ROWS)
    ]
    await import_rows(api.context, program, *rows, header="customerprofileid,amount,reason")
    ann = Member(api=api, program=program, name="busy")
    wanted = f"rangeStart=2026-01-01&rangeEnd=2027-01-01&format={file_format}"
    return Reader(api, f"{ann.path}/export_log?{wanted}")


async def until(outsider: Connection, sql: str) -> int:
    """The process of the first connection that the query finds; it is asked until there is one."""
    while (pid := await outsider.fetchval(sql)) is None:
        pass
    return int(pid)


async def until_gone(outsider: Connection, sql: str) -> None:
    """Wait until the query finds nothing: what was asked to end takes its moment."""
    async with asyncio.timeout(10):
        while await outsider.fetch(sql):
            pass


async def test_a_file_arrives_whole(api: Api) -> None:
    reader = await new_reader(api)
    reader.reads.set()
    await reader.ask()
    assert (reader.status, reader.whole) == (HTTPStatus.OK, True)
    assert reader.body.count(b"\n") == 1 + ROWS
    assert not api.context.export_turns.locked()


async def test_the_database_waits_for_a_slow_reader_and_others_are_served(
    api: Api, outsider: Connection
) -> None:
    reader = await new_reader(api)
    asking = asyncio.create_task(reader.ask())
    await until(outsider, WAITING_FOR_ITS_READER)
    ann = await api.member(await api.program())
    assert (await ann.add(1)).status_code == 204
    assert await ann.balance() == {"active": 101}
    reader.reads.set()
    await asking
    assert reader.whole
    assert reader.body.count(b"\n") == 1 + ROWS


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "parquet", "xlsx"])
async def test_a_reader_who_goes_away_ends_the_query(
    api: Api, outsider: Connection, file_format: str
) -> None:
    reader = await new_reader(api, file_format=file_format)
    asking = asyncio.create_task(reader.ask())
    await until(outsider, RUNNING)
    reader.left.set()
    async with asyncio.timeout(1):
        await asking
        await until_gone(outsider, RUNNING)
    assert reader.status == HTTPStatus.BAD_REQUEST or not reader.whole  # if none was sent
    assert not api.context.export_turns.locked()
    assert not files_in(api.context.export_folder)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_file_that_takes_too_long_breaks_off(
    database_url: str, outsider: Connection
) -> None:
    limits = Limits(exports_max=1, export_seconds_max=0)
    async with running_api(database_url, limits=limits) as api:
        reader = await new_reader(api)
        answer = await api.manager.get(reader.path)
        assert refusal(answer, 503)["title"] == "busy"
        await until_gone(outsider, RUNNING)
        assert not api.context.export_turns.locked()


async def test_a_reader_who_goes_away_before_the_first_byte_ends_the_query(
    api: Api, outsider: Connection
) -> None:
    reader = await new_reader(api)
    async with outsider.transaction():
        await outsider.execute("LOCK TABLE transaction_")
        asking = asyncio.create_task(reader.ask())
        await until(outsider, HELD_UP)
        reader.left.set()
        await asking
        await until_gone(outsider, HELD_UP)
    assert not api.context.export_turns.locked()


async def test_a_server_that_stops_ends_the_query(api: Api, outsider: Connection) -> None:
    reader = await new_reader(api)
    asking = asyncio.create_task(reader.ask())
    await until(outsider, WAITING_FOR_ITS_READER)
    asking.cancel()
    await asyncio.wait({asking})
    await until_gone(outsider, RUNNING)
    assert not api.context.export_turns.locked()


async def test_too_many_files_at_once_are_refused(api: Api, outsider: Connection) -> None:
    reader = await new_reader(api)
    asking = asyncio.create_task(reader.ask())
    await until(outsider, WAITING_FOR_ITS_READER)
    answer = await api.manager.get(reader.path)
    assert refusal(answer, 503)["title"] == "busy"
    assert answer.headers["retry-after"] == "10"
    reader.left.set()
    await asking
    assert (await api.manager.get(reader.path)).status_code == 200


async def test_a_reader_who_reads_nothing_for_too_long_is_given_up(
    database_url: str, outsider: Connection
) -> None:
    limits = Limits(exports_max=1, export_stall_seconds=0)
    async with running_api(database_url, limits=limits) as api:
        reader = await new_reader(api)
        asking = asyncio.create_task(reader.ask())
        await reader.begun.wait()
        async with api.context.export_turns:  # the connection is free, the reader still there
            await until_gone(outsider, RUNNING)
            assert not asking.done()
        reader.reads.set()
        [outcome] = await asyncio.gather(asking, return_exceptions=True)
        assert type(outcome).__name__ == "StalledError"
        assert not reader.whole


async def test_a_file_that_cannot_be_finished_breaks_off(api: Api, outsider: Connection) -> None:
    reader = await new_reader(api)
    asking = asyncio.create_task(reader.ask())
    pid = await until(outsider, WAITING_FOR_ITS_READER)
    await outsider.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    reader.reads.set()
    [outcome] = await asyncio.gather(asking, return_exceptions=True)
    assert isinstance(outcome, Exception)
    assert not reader.whole
    assert not api.context.export_turns.locked()


async def test_what_breaks_before_the_first_byte_has_a_status_of_its_own(
    api: Api, outsider: Connection
) -> None:
    reader = await new_reader(api)
    async with outsider.transaction():
        await outsider.execute("LOCK TABLE transaction_")
        asking = asyncio.create_task(reader.ask())
        pid = await until(outsider, HELD_UP)
        await outsider.execute("SELECT pg_terminate_backend($1, 5000)", pid)
        await asking
    assert reader.status == HTTPStatus.SERVICE_UNAVAILABLE
    check_error(bytes(reader.body), reader.content_type, reader.status)
