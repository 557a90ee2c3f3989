"""How many requests a second the API answers, and how long each takes.

The floor of a read is the same statement over the driver alone, on as many connections as the API
has callers. Client, server and PostgreSQL share the machine.
"""

import argparse
import asyncio
import io
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

import uvloop

from server import (
    bench_server,
    connected,
    fresh_database,
    migrated_program,
    settle,
    surroundings,
    table,
)
from tallystick.core.ids import IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.validity import NEVER
from tallystick.services.callers import CallerKind
from tallystick.services.context import Context, system_clock
from tallystick.services.imports import import_points
from tallystick.services.keys import create_key
from tallystick.store.balances import holder_balances
from tallystick.store.db import Database

MEMBERS = 2_000
LOTS = 50  # of each member
SECRET = secrets.token_hex(32)

Ask = Callable[[], Awaitable[None]]
Line = Callable[[bytes, bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run found: how long each request took."""

    what: str
    seconds: float
    took: list[float]

    def cells(self) -> list[str]:
        """The figures, for a table."""
        p99 = quantiles(self.took, n=100)[98]
        return [
            self.what,
            f"{len(self.took) / self.seconds:,.0f}",
            f"{median(self.took) * 1000:.2f}",
            f"{p99 * 1000:.2f}",
        ]


async def ask_for(what: str, asks: list[Ask], seconds: float) -> Found:
    """Let every caller ask again and again for so many seconds."""
    took: list[float] = []
    start = perf_counter()

    async def caller(ask: Ask) -> None:
        while (before := perf_counter()) < start + seconds:
            await ask()
            took.append(perf_counter() - before)

    await asyncio.gather(*map(caller, asks))
    return Found(what=what, seconds=perf_counter() - start, took=took)


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Line]:
    """A kept-alive connection; it takes a request's head and body, and gives the answer's body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def ask(head: bytes, body: bytes) -> bytes:
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        writer.write(head + b"\r\nHost: bench\r\n" + length + b"\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 2"), answer
        _, _, rest = answer.lower().partition(b"content-length:")
        return await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))

    try:
        yield ask
    finally:
        writer.close()


async def members(context: Context, program: Program) -> None:
    """Import points for every member."""
    lines = [f"member-{n % MEMBERS},{1 + n % 97}.25,,,Purchase {n}" for n in range(MEMBERS * LOTS)]
    header = "customerprofileid,amount,startdate,expirydate,reason"
    file = io.BytesIO("\n".join([header, *lines]).encode())
    await import_points(context, program, file, file_name="bench.csv")


class Served(NamedTuple):
    """Where a server listens, and its process."""

    port: int
    pid: int


@contextmanager
def serving(url: str) -> Iterator[Served]:
    """A server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as folder:
        settings = {
            "TALLYSTICK_DATABASE_URL": url,
            "TALLYSTICK_DATA_DIR": folder,
            "TALLYSTICK_PORT": str(port),
            "TALLYSTICK_DEMO": "0",
            "TALLYSTICK_SECRET_KEY": SECRET,
        }
        command = [str(Path(sys.executable).with_name("tallystick")), "serve"]
        process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.DEVNULL)
        try:
            yield Served(port, process.pid)
        finally:
            process.terminate()
            process.wait()


async def until_ready(port: int) -> None:
    """Wait for the server to answer."""
    for _ in range(300):
        try:
            async with connection(port) as ask:
                await ask(b"GET /readyz HTTP/1.1", b"")
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


def any_member() -> str:
    """The name of one of the members."""
    return f"member-{random.randrange(MEMBERS)}"  # noqa: S311 - no secret


async def floor(database: Database, program: Program, callers: int, seconds: float) -> Found:
    """Ask for balances over the driver alone."""

    async def ask() -> None:
        holder = profile_holder(IntegrationId(any_member()), program.environment)
        async with database.reader() as reader:
            await holder_balances(reader, holder, program.id, at=system_clock(), known_at=NEVER)

    return await ask_for("floor: the balance's statement", [ask] * callers, seconds)


async def measured(url: str, callers: int, seconds: float) -> list[Found]:
    """The floor, then each operation over HTTP."""
    async with connected(url) as database:
        migrated, program = await migrated_program(database)
        context = Context(database=database, secret=SECRET.encode())
        await members(migrated, program)
        await settle(database)
        life, found = timedelta(days=1), []
        shop = await create_key(context, kind=CallerKind.INTEGRATION, name="bench", life=life)
        office = await create_key(context, kind=CallerKind.MANAGEMENT, name="bench", life=life)
        found.append(await floor(database, program, min(callers, 10), seconds))
        with serving(url) as (port, _pid):
            await until_ready(port)
            place = f"/v1/loyalty_programs/{program.id}/profile"
            reads = f" HTTP/1.1\r\nAuthorization: ApiKey-v1 {shop.key}"
            writes = f" HTTP/1.1\r\nAuthorization: ManagementKey-v1 {office.key}"
            for what, method, path, headers, body in (
                ("balances", "GET", "balances", reads, b""),
                ("transactions, a page of 50", "GET", "transactions", reads, b""),
                ("add_points", "PUT", "add_points", writes, b'{"points": 1.25}'),
            ):
                head = (f"{method} {place}/", f"/{path}{headers}")
                found.append(await over_http(what, port, head, body, callers, seconds))
    return found


async def over_http(  # noqa: PLR0913, PLR0917 - one argument a column
    what: str, port: int, head: tuple[str, str], body: bytes, callers: int, seconds: float
) -> Found:
    """Ask for the operation on any member, each caller on a connection of its own."""
    opened = [connection(port) for _ in range(callers)]
    lines = [await each.__aenter__() for each in opened]

    def asks(line: Line) -> Ask:
        async def ask() -> None:
            await line(f"{head[0]}{any_member()}{head[1]}".encode(), body)

        return ask

    try:
        return await ask_for(what, [asks(line) for line in lines], seconds)
    finally:
        for each in opened:
            await each.__aexit__(None, None, None)


async def main(options: argparse.Namespace) -> None:
    """Print the figures."""
    with bench_server(options.url) as server_url:
        print(await surroundings(server_url))
        async with fresh_database(server_url) as url:
            found = await measured(url, options.callers, options.seconds)
    print(f"{options.callers} callers, {MEMBERS:,} members with {LOTS} lots each\n")
    print(table([["", "a second", "median ms", "99 % ms"], *(each.cells() for each in found)]))
    bare, ours = (len(each.took) / each.seconds for each in found[:2])
    print(f"\nbalances over HTTP against their statement: {ours / bare:.2f}x")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a PostgreSQL to use instead of one of its own")
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(parser.parse_args()))
