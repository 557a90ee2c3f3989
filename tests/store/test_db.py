"""Transactions, their repetition after a collision, and what broken connections mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime

import asyncpg
import pytest

from conftest import Server
from tallystick.core.errors import AlreadyExists, Busy, OutcomeUnknown, Refusal
from tallystick.core.programs import ProgramSettings
from tallystick.store.accounts import find_user, insert_user
from tallystick.store.db import Connection, Database, Reader, Tx, refused_as
from tallystick.store.programs import insert_program

NOW = datetime(2026, 6, 15, tzinfo=UTC)
COUNT = "SELECT count(*) FROM schema_migration WHERE name LIKE 'test %'"
NOTE = "INSERT INTO schema_migration VALUES ('test ' || $1, '2026-06-15 00:00+00')"
END = "SELECT pg_terminate_backend($1, 5000)"
OWN_PID = "SELECT pg_backend_pid()"

Opened = AbstractAsyncContextManager[Reader]


@pytest.fixture
async def database(owner_url: str) -> AsyncIterator[Database]:
    """The database under test."""
    database = await Database.connect(owner_url, size=3)
    yield database
    await database.close()


@pytest.fixture
async def outsider(owner_url: str) -> AsyncIterator[Connection]:
    """A connection of somebody else, who can end the others."""
    outsider = await asyncpg.connect(owner_url)
    yield outsider
    await outsider.close()


def raising(code: str) -> str:
    """A statement that fails with this SQLSTATE."""
    return f"DO $$ BEGIN RAISE 'as asked' USING ERRCODE = '{code}'; END $$"


# Transactions


async def test_a_transaction_commits_at_its_end(database: Database, outsider: Connection) -> None:
    async with database.transaction() as tx:
        await tx.execute(NOTE, "one")
        assert await outsider.fetchval(COUNT) == 0
    assert await outsider.fetchval(COUNT) == 1


async def test_whatever_is_raised_rolls_a_transaction_back(
    database: Database, outsider: Connection
) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await tx.execute(NOTE, "one")
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await outsider.fetchval(COUNT) == 0


async def test_a_cancelled_transaction_is_rolled_back(
    database: Database, outsider: Connection
) -> None:
    begun = asyncio.Event()

    async def begin() -> None:
        async with database.transaction() as tx:
            await tx.execute(NOTE, "one")
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(begin())
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await outsider.fetchval(COUNT) == 0
    async with database.reader() as reader:
        assert await reader.fetchval(COUNT) == 0


async def test_a_snapshot_sees_one_moment_and_writes_nothing(
    database: Database, outsider: Connection
) -> None:
    async with database.snapshot() as reader:
        assert await reader.fetchval(COUNT) == 0
        await outsider.execute(NOTE, "one")
        assert await reader.fetchval(COUNT) == 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reader.execute(NOTE, "two")


async def test_instants_are_utc_whatever_the_server_prefers(
    owner_url: str, outsider: Connection
) -> None:
    name = await outsider.fetchval("SELECT current_database()")
    await outsider.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'")
    database = await Database.connect(owner_url, size=1)
    async with database.reader() as reader:
        assert await reader.fetchval("SHOW timezone") == "UTC"
    await database.close()


# Collisions


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_work_is_repeated_after_a_collision(
    database: Database, outsider: Connection, code: str
) -> None:
    attempts = 0

    async def work(tx: Tx) -> str:
        nonlocal attempts
        attempts += 1
        await tx.execute(NOTE, "one")
        if attempts < 3:
            await tx.execute(raising(code))
        return "done"

    assert await database.write(work) == "done"
    assert attempts == 3
    assert await outsider.fetchval(COUNT) == 1


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_work_that_always_collides_is_given_up(
    database: Database, outsider: Connection, code: str
) -> None:
    attempts = 0

    async def work(tx: Tx) -> None:
        nonlocal attempts
        attempts += 1
        await tx.execute(NOTE, "one")
        await tx.execute(raising(code))

    with pytest.raises(Busy, match="the database is busy; nothing was written"):
        await database.write(work)
    assert attempts == 5
    assert await outsider.fetchval(COUNT) == 0


async def test_nothing_else_is_repeated(database: Database) -> None:
    attempts = 0

    async def work(tx: Tx) -> None:
        nonlocal attempts
        attempts += 1
        await tx.execute(raising("22012"))

    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.write(work)
    assert attempts == 1


async def test_a_real_deadlock_ends_well_for_both(database: Database) -> None:
    async with database.transaction() as tx:
        for name in ("a", "b"):
            await tx.execute(NOTE, name)
    both_hold_one = asyncio.Barrier(2)
    attempts: list[str] = []

    async def update(first: str, second: str) -> None:
        async def work(tx: Tx) -> None:
            attempts.append(first)
            sql = "UPDATE schema_migration SET applied_at = applied_at WHERE name = 'test ' || $1"
            await tx.execute(sql, first)
            if attempts.count(first) == 1:
                await both_hold_one.wait()
            await tx.execute(sql, second)

        await database.write(work)

    await asyncio.gather(update("a", "b"), update("b", "a"))
    assert len(attempts) == 3


async def test_a_real_serialization_failure_is_repeated(
    database: Database, outsider: Connection
) -> None:
    await outsider.execute(NOTE, "one")
    change = "UPDATE schema_migration SET applied_at = applied_at WHERE name = 'test one'"
    attempts = 0

    async def work(tx: Tx) -> None:
        nonlocal attempts
        attempts += 1
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await tx.fetchval(COUNT)
        if attempts == 1:
            await outsider.execute(change)
        await tx.execute(change)

    await database.write(work)
    assert attempts == 2


# Connections


async def read_from_a_broken_connection(opened: Opened, outsider: Connection) -> None:
    async with opened as reader:
        await outsider.execute(END, await reader.fetchval(OWN_PID))
        await reader.fetchval(COUNT)


async def test_a_read_whose_connection_breaks_may_be_tried_again(
    database: Database, outsider: Connection
) -> None:
    for opened in (database.reader(), database.snapshot()):
        with pytest.raises(Busy, match="the database is busy"):
            await read_from_a_broken_connection(opened, outsider)
    async with database.reader() as reader:
        assert await reader.fetchval(COUNT) == 0


async def test_a_transaction_whose_connection_breaks_has_an_unknown_outcome(
    database: Database, outsider: Connection
) -> None:
    with pytest.raises(OutcomeUnknown):
        await read_from_a_broken_connection(database.transaction(), outsider)


async def test_a_connection_that_breaks_at_the_commit_has_an_unknown_outcome(
    database: Database, outsider: Connection
) -> None:
    async def work() -> None:
        async with database.transaction() as tx:
            await tx.execute(NOTE, "one")
            await outsider.execute(END, await tx.fetchval(OWN_PID))

    with pytest.raises(OutcomeUnknown):
        await work()
    assert await outsider.fetchval(COUNT) == 0


async def test_a_connection_that_breaks_under_a_statement_is_told_as_broken(
    database: Database, outsider: Connection
) -> None:
    async def sleep() -> None:
        async with database.transaction() as tx:
            pid.set_result(await tx.fetchval(OWN_PID))
            await tx.execute("SELECT pg_sleep(60)")

    pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    sleeping = asyncio.create_task(sleep())
    await outsider.execute(END, await pid)
    with pytest.raises(OutcomeUnknown):
        await sleeping


async def test_lost_work_is_not_repeated(database: Database, outsider: Connection) -> None:
    attempts = 0

    async def work(tx: Tx) -> None:
        nonlocal attempts
        attempts += 1
        await outsider.execute(END, await tx.fetchval(OWN_PID))

    with pytest.raises(OutcomeUnknown):
        await database.write(work)
    assert attempts == 1


async def test_idle_connections_that_broke_are_replaced_unseen(
    database: Database, outsider: Connection
) -> None:
    async with database.reader() as first, database.reader() as second:
        pids = [await reader.fetchval(OWN_PID) for reader in (first, second)]
    for pid in pids:
        await outsider.execute(END, pid)
    for _ in range(3):
        async with database.reader() as reader:
            assert await reader.fetchval(OWN_PID) not in pids


async def test_a_mistake_in_a_statement_is_not_told_as_a_broken_connection(
    database: Database,
) -> None:
    for opened in (database.reader, database.snapshot, database.transaction):
        with pytest.raises(asyncpg.UndefinedTableError):
            async with opened() as reader:
                await reader.execute("SELECT * FROM nothing")


async def test_a_server_that_lets_nobody_in_may_be_tried_again(
    database: Database, server: Server, outsider: Connection
) -> None:
    name = await outsider.fetchval("SELECT current_database()")
    async with database.reader() as reader:
        pid = await reader.fetchval(OWN_PID)
    await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await outsider.execute(END, pid)
    for opened in (database.reader, database.snapshot, database.transaction):
        with pytest.raises(Busy) as refused:
            async with opened():
                raise AssertionError
        assert refused.value.retry_after_seconds == 2


# Names of constraints


async def test_the_name_of_a_constraint_is_the_refusal_that_it_stands_for(
    database: Database,
) -> None:
    settings = ProgramSettings(name="shop", timezone="UTC")
    async with database.transaction() as tx:
        await insert_program(tx, settings, now=NOW)
    with pytest.raises(AlreadyExists, match="a program with the name 'shop'; choose another"):
        async with database.transaction() as tx:
            await insert_program(tx, settings, now=NOW)


async def test_an_address_is_taken_in_whatever_case(database: Database) -> None:
    async def insert(email: str) -> None:
        async with database.transaction() as tx:
            await insert_user(tx, email=email, name="", password_hash="", is_admin=False, now=NOW)

    await insert("Ada@example.com")
    with pytest.raises(AlreadyExists, match=r"a user with the email 'ADA@example\.com'"):
        await insert("ADA@example.com")
    async with database.reader() as reader:
        assert await find_user(reader, "ada@EXAMPLE.com") is not None


async def test_other_constraints_stay_what_they_are(database: Database) -> None:
    refusals: dict[str, Refusal] = {"program_name_key": AlreadyExists("program", "name", "")}
    async with database.transaction() as tx:
        with pytest.raises(asyncpg.NotNullViolationError), refused_as(refusals):
            await tx.execute("INSERT INTO schema_migration VALUES (NULL, NULL)")
