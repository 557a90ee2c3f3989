"""How long days take to be closed, and how long the dashboard of a year takes to be answered.

The floor of closing is one sum over the lots that it reads, that of the dashboard is a bare read of
as many rows over the driver, both in the same run and on the same server. The dashboard is asked
over the whole HTTP stack in this process: sign-in, routing, statements, JSON.
"""

import argparse
import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

import uvloop
from starlette.types import ASGIApp, Message

from server import (
    Bar,
    bench_server,
    connected,
    fresh_database,
    migrated_program,
    settle,
    surroundings,
    table,
)
from tallystick.api.app import create_app
from tallystick.core.programs import Program
from tallystick.services.callers import CallerKind
from tallystick.services.closing import close_days
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.store.db import Database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 366  # of history, of which 365 are over and asked for
ASKED = 365
PIECE = 1_000_000  # rows a statement
YEAR_MS = 50

# Rows are loaded without indexes, which are made afterwards; nobody wants to wait for more.
CONSTRAINTS = """
SELECT
  c.contype = 'f' AS is_foreign,
  'ALTER TABLE ' || c.conrelid::regclass || ' DROP CONSTRAINT ' || c.conname AS dropped,
  'ALTER TABLE ' || c.conrelid::regclass || ' ADD CONSTRAINT ' || c.conname || ' '
    || pg_get_constraintdef(c.oid) AS made
FROM pg_constraint AS c
WHERE c.contype IN ('p', 'f')
  AND c.conrelid IN ('transaction_'::regclass, 'lot'::regclass, 'allocation'::regclass)
ORDER BY c.contype
"""
INDEXES = """
SELECT 'DROP INDEX ' || i.indexrelid::regclass AS dropped, pg_get_indexdef(i.indexrelid) AS made
FROM pg_index AS i
WHERE NOT i.indisprimary
  AND i.indrelid IN ('transaction_'::regclass, 'lot'::regclass, 'allocation'::regclass)
"""
HOLDERS = """
INSERT INTO holder (holder_id, created_at, last_at, last_no, sandbox, integration_id)
SELECT md5(n::text)::uuid, $2::timestamptz, $2, 1000, false, 'member ' || n
FROM generate_series(0, $1::int - 1) AS n
"""
# An addition after the other, spread over the days and in turn over the members. One in four starts
# a month later, most expire after three to twelve months, and of one in ten a half is deducted.
ADDITIONS = """
WITH addition AS (
  SELECT
    md5((k % $3)::text)::uuid AS holder_id,
    (k / $3 + 1)::int AS txn_no,
    k,
    $4::timestamptz + ($5::timestamptz - $4) * (k::double precision / $6::bigint) AS at,
    100 + k % 9900 AS amount
  FROM generate_series($1::bigint, $2::bigint - 1) AS k
  WHERE $3::bigint > 0
), entered AS (
  INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at,
    shown_expires_at, amount, txn_no, program_id, subledger_id, kind, source, creates_negative,
    name)
  SELECT holder_id, gen_random_uuid(), at, at, '9999-12-31 00:00+00', amount, txn_no, $7::int, 0, 1,
    1 + k % 3, false, ''
  FROM addition
)
INSERT INTO lot (holder_id, recorded_at, effective_at, start_at, expires_at, amount, remaining,
  lot_no, program_id, subledger_id)
SELECT
  holder_id,
  at,
  at,
  CASE WHEN k % 4 = 1 THEN at + interval '30 days' ELSE at END,
  CASE WHEN k % 5 = 2 THEN '9999-12-31 00:00+00' ELSE at + (90 + k % 270) * interval '1 day' END,
  amount,
  CASE WHEN k % 10 = 0 THEN amount - amount / 2 ELSE amount END,
  txn_no,
  $7,
  0
FROM addition
"""
DEDUCTIONS = """
WITH taken AS (
  SELECT l.*, l.lot_no + 500 AS txn_no, l.recorded_at + interval '1 day' AS at
  FROM lot AS l
  WHERE l.remaining < l.amount AND l.recorded_at < $1::timestamptz - interval '1 day'
), entered AS (
  INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at,
    shown_expires_at, amount, txn_no, program_id, subledger_id, kind, source, creates_negative,
    name)
  SELECT holder_id, gen_random_uuid(), at, at, '9999-12-31 00:00+00', amount / 2, txn_no,
    program_id, 0, 2, 1, false, ''
  FROM taken
)
INSERT INTO allocation (holder_id, recorded_at, effective_at, start_at, expires_at, amount, lot_no,
  txn_no, seq, program_id, subledger_id, debt)
SELECT holder_id, at, at, start_at, expires_at, amount / 2, lot_no, txn_no, 1, program_id, 0, false
FROM taken
"""
SUM_OF_LOTS = "SELECT sum(amount) FROM lot WHERE program_id = $1"
ROWS_OF_DAYS = """
SELECT *
FROM day_figures
WHERE program_id = $1 AND subledger_id = -1
ORDER BY starts_at DESC
LIMIT $2
"""
FORGET = "DELETE FROM day_figures WHERE program_id = $1 AND ends_at > $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Seconds, once for what is done once and many times for what is asked again and again."""

    what: str
    took: list[float]
    floor: list[float]

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return median(self.took) / median(self.floor)

    def cells(self) -> list[str]:
        """The figures, for a table."""
        return [
            self.what,
            f"{median(self.took) * 1_000:,.1f}",
            f"{median(self.floor) * 1_000:,.1f}",
            f"{self.ratio:,.1f}",
        ]


async def timed(times: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    """How many seconds it took, each time."""
    took = []
    for _ in range(times):
        began = perf_counter()
        await work()
        took.append(perf_counter() - began)
    return took


async def build(database: Database, program: Program, members: int, lots: int) -> None:
    """A year of entries for so many members."""
    first_at = NOW - timedelta(days=DAYS)
    async with database.transaction() as tx:
        constraints, indexes = await tx.fetch(CONSTRAINTS), await tx.fetch(INDEXES)
        for each in (*constraints, *indexes):
            await tx.execute(each["dropped"])
        await tx.execute(HOLDERS, members, first_at)
    total = members * lots
    for first in range(0, total, PIECE):
        last = min(first + PIECE, total)
        async with database.transaction() as tx:
            await tx.execute(ADDITIONS, first, last, members, first_at, NOW, total, program.id)
        print(f"{last:,} of {total:,} lots", flush=True)
    async with database.transaction() as tx:
        await tx.execute(DEDUCTIONS, NOW)
        await tx.execute("SET LOCAL maintenance_work_mem = '1GB'")
        for each in (*constraints, *indexes):
            if not each.get("is_foreign"):
                await tx.execute(each["made"])
    await settle(database)


async def closing(context: Context, program: Program) -> list[Found]:
    """The filling of a year, and then the closing of its last day."""

    async def floor() -> None:
        async with context.database.reader() as reader:
            await reader.fetchval(SUM_OF_LOTS, program.id)

    async def close() -> None:
        assert await close_days(context) > 0

    await floor()
    bare = await timed(3, floor)
    year = await timed(1, close)
    days = []
    for _ in range(3):
        async with context.database.transaction() as tx:
            await tx.execute(FORGET, program.id, NOW - timedelta(days=1, hours=12))
        days += await timed(1, close)
    return [
        Found(what=f"filling {DAYS - 1} days", took=year, floor=bare),
        Found(what="closing one day", took=days, floor=bare),
    ]


async def asking(context: Context, program: Program, times: int) -> list[Found]:
    """The dashboard and its file over HTTP in this process."""

    async def floor() -> None:
        async with context.database.reader() as reader:
            rows = await reader.fetch(ROWS_OF_DAYS, program.id, ASKED)
            assert len(rows) == ASKED

    key = await create_key(
        context, kind=CallerKind.MANAGEMENT, name="bench", life=timedelta(days=1)
    )
    place = f"/v1/loyalty_programs/{program.id}/dashboard"
    first_on, last_on = (NOW - timedelta(days=ASKED + 1)).date(), NOW.date()
    asked = f"rangeStart={first_on}&rangeEnd={last_on}"
    found = []
    async with running(create_app(lambda: opened(context))) as app:
        for what, path, query in (
            (f"dashboard of {ASKED} days", place, asked),
            ("the same as a file", f"{place}/export", "last=year"),
        ):

            async def ask(path: str = path, query: str = query) -> None:
                body = await get(app, path, query, authorization=f"ManagementKey-v1 {key.key}")
                assert body.count(b"\n") > ASKED or body.count(b'"date"') == ASKED, body[:200]

            await timed(5, ask)
            await timed(5, floor)
            bare = await timed(times, floor)
            found.append(Found(what=what, took=await timed(times, ask), floor=bare))
    return found


@asynccontextmanager
async def opened(context: Context) -> AsyncIterator[Context]:
    """The context, for an application that leaves it open."""
    yield context


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[ASGIApp]:
    """The application, started as a server does, and ended."""
    received: asyncio.Queue[Message] = asyncio.Queue()
    sent: asyncio.Queue[Message] = asyncio.Queue()
    task = asyncio.ensure_future(app({"type": "lifespan"}, received.get, sent.put))
    await received.put({"type": "lifespan.startup"})
    assert await sent.get() == {"type": "lifespan.startup.complete"}
    try:
        yield app
    finally:
        await received.put({"type": "lifespan.shutdown"})
        await sent.get()
        await task


async def get(app: ASGIApp, path: str, query: str, **headers: str) -> bytes:
    """The body of a good answer."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (b"host", b"bench"),
            *((name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()),
        ],
        "server": ("bench", 80),
        "client": ("127.0.0.1", 1),
    }
    asked = False
    body = bytearray()
    ended = asyncio.Event()

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await ended.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        body.extend(message.get("body", b""))

    await app(scope, receive, send)
    ended.set()
    return bytes(body)


async def main(options: argparse.Namespace) -> None:
    """Print the figures."""
    with bench_server(options.url) as server_url:
        print(await surroundings(server_url))
        async with fresh_database(server_url) as url, connected(url) as database:
            migrated, program = await migrated_program(database)
            context = Context(
                database=migrated.database, secret=secrets.token_bytes(32), clock=lambda: NOW
            )
            began = perf_counter()
            await build(database, program, options.members, options.lots)
            print(f"built in {perf_counter() - began:,.0f} s", flush=True)
            found = await closing(context, program)
            print(f"closed: {', '.join(' '.join(each.cells()) for each in found)}", flush=True)
            found += await asking(context, program, options.times)
    size = f"{options.members:,} members with {options.lots} lots each"
    print(f"{size}; floors: a sum over all lots, and a read of {ASKED} rows\n")
    print(table([["", "ms", "floor ms", "times"], *(each.cells() for each in found)]), "\n")
    for each in found[2:]:
        took = [seconds * 1_000 for seconds in each.took]
        print(Bar(what=each.what, found=[median(took)], most=YEAR_MS, unit=" ms"))


def run(
    main: Callable[[argparse.Namespace], Coroutine[None, None, None]],
    *,
    about: str | None,
    asked: str,
    times: int,
) -> None:
    """Measure books of the size that the command line says."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--url", help="a PostgreSQL to use instead of one of its own")
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--lots", type=int, default=10, help="of each member (10)")
    parser.add_argument("--times", type=int, default=times, help=asked)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(parser.parse_args()))


if __name__ == "__main__":
    run(main, about=__doc__, asked="how often the dashboard is asked", times=200)
