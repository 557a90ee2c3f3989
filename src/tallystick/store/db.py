"""The database: connections, transactions, and what the driver's errors mean to us.

Only services open transactions. `Tx` may write, `Reader` may only read; both are one connection.
There is no session state: settings are SET LOCAL, so that connections need no reset between uses.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NewType, TypeVar, cast

import asyncpg

from tallystick.core.errors import Busy, CannotStart, OutcomeUnknown, Refusal
from tallystick.store.queries import load_queries

_SQL = load_queries("db")

Record = asyncpg.Record
if TYPE_CHECKING:
    Connection = asyncpg.Connection[Record]  # generic in its stubs only
else:
    Connection = asyncpg.Connection
Reader = NewType("Reader", Connection)
Tx = NewType("Tx", Reader)
T = TypeVar("T")

Sink = Callable[[bytes], Coroutine[None, None, None]]  # takes the bytes of a file as they come

OLDEST_SERVER = 15
COLLISION = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
LockTimeout = asyncpg.LockNotAvailableError
_ATTEMPTS = 5


async def _open_pool(url: str, size: int) -> "asyncpg.Pool[Record]":
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        reset=_no_reset,
        timeout=10,
        server_settings={"timezone": "UTC", "application_name": "tallystick"},
    )


async def _no_reset(_connection: object) -> None:
    """Leave the connection as it is: half of a short query's cost is the driver's own reset."""


class Database:
    """A pool of connections to one PostgreSQL."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, size: int = 10) -> "Database":
        """A database that is connected to when it is first asked."""
        return cls(await _open_pool(url, size))

    @classmethod
    async def connect(cls, url: str, *, size: int = 10) -> "Database":
        """A database that answers.

        Errors: CannotStart if it cannot be reached, or is older than PostgreSQL 15.
        """
        with _start_errors():
            pool = await _open_pool(url, size)
            async with pool.acquire() as connection:
                version = connection.get_server_version()
        if version.major < OLDEST_SERVER:
            await pool.close()
            raise CannotStart(
                f"the database server is PostgreSQL {version.major};"
                f" Tallystick needs {OLDEST_SERVER} or newer"
            )
        return cls(pool)

    async def close(self) -> None:
        """Close every connection; those in use are given ten seconds."""
        try:
            async with asyncio.timeout(10):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """A connection for single statements that read."""
        async with self._acquire(lost=Busy("the database")) as connection:
            yield Reader(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """A read-only transaction in which every statement sees the same moment."""
        async with (
            self._acquire(lost=Busy("the database")) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await mark_reading(Reader(connection))
            yield Reader(connection)

    @asynccontextmanager
    async def copying(self) -> AsyncIterator[Reader]:
        """A snapshot for COPY to a sink; should that break off, its query ends at once.

        The connection ends with it: a COPY that is cancelled in the middle leaves the driver
        waiting for an answer that may have come already. The transaction only reads and has a name
        that says so.
        """
        broken: BaseException | None = None
        async with self.reader() as reader:
            pid = reader.get_server_pid()
            transaction = reader.transaction(isolation="repeatable_read", readonly=True)
            try:
                await transaction.start()
                await mark_reading(reader)
                yield reader
                await transaction.commit()
            except BaseException as error:
                if reader.is_closed():
                    raise
                reader.terminate()
                broken = error
        if broken is not None:
            async with self.reader() as reader:
                await reader.fetchval(_SQL["cancel_query"], pid)
            raise broken

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction: committed at the end, rolled back if anything is raised.

        Errors: OutcomeUnknown if the connection breaks, perhaps while committing.
        """
        async with self._acquire(lost=OutcomeUnknown()) as connection, connection.transaction():
            yield Tx(Reader(connection))

    async def write(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """What `work` returns, once its transaction is committed; run again after a collision.

        Errors: Busy when it collided with others five times in a row.
        """
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except COLLISION:
                continue
        raise Busy("the database")

    async def rehearse(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """What `work` returns, though nothing of what it writes stays; no file waits for it.

        Errors: as of `write`.
        """

        async def work_and_undo(tx: Tx) -> None:
            await mark_reading(tx)
            raise _Rehearsed(await work(tx))

        try:
            await self.write(work_and_undo)
        except _Rehearsed as rehearsed:
            return cast("T", rehearsed.result)
        raise AssertionError("what was rehearsed is undone")

    @asynccontextmanager
    async def _acquire(self, *, lost: Refusal) -> AsyncIterator[Connection]:
        """A connection; `lost` is raised if it breaks while it is used."""
        try:
            acquired = await self._pool.acquire(timeout=30)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:  # whoever says no
            raise Busy("the database", retry_after_seconds=2) from error
        try:
            yield cast("Connection", acquired)
        except asyncpg.InternalClientError as error:  # broken while the driver was reading of it
            acquired.terminate()
            raise lost from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if _is_closed(acquired):
                raise lost from error
            raise
        finally:
            await self._pool.release(acquired)


class _Rehearsed(Exception):  # noqa: N818 - it takes a transaction back, nothing went wrong
    """What would have been written."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result


def _is_closed(acquired: Any) -> bool:
    try:
        return bool(acquired.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it back already, as it was broken
        return True


async def mark_reading(reader: Reader) -> None:
    """Name a transaction one that records nothing, so that no file waits for it."""
    await reader.execute(_SQL["mark_reading"])


@contextmanager
def refused_as(refusals: dict[str, Refusal]) -> Iterator[None]:
    """Turn the violation of a named constraint into the refusal that it stands for."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        name = cast("str", cast("Any", error).constraint_name)
        if name in refusals:
            raise refusals[name] from error
        raise


@contextmanager
def _start_errors() -> Iterator[None]:
    fix = "check TALLYSTICK_DATABASE_URL"
    try:
        yield
    except (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidPasswordError,
        asyncpg.InvalidCatalogNameError,
    ) as error:
        raise CannotStart(f"the database refused the connection: {error}; {fix}") from error
    except (OSError, TimeoutError) as error:
        reason = str(error) or "no answer within ten seconds"
        raise CannotStart(f"the database cannot be reached: {reason}; {fix}") from error
    except (ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotStart(f"the database cannot be used: {error}; {fix}") from error
