"""The work on jobs: a process takes them from a queue in the database, whoever waits or not.

A job is held by a lease that is renewed while the work goes on. How the work ended is written only
by whoever holds the lease: a process that dies leaves a job that another one begins anew, and one
that was taken for dead cannot end it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import structlog

from tallystick.core.errors import Refusal
from tallystick.services.context import Context
from tallystick.store.db import Reader, Tx

_LOG = structlog.get_logger()
_LEASE = timedelta(seconds=10)
RENEW_SECONDS = 1.0
_LOOK_SECONDS = 2.0  # how often the queue is looked at for what other processes put in
_LOOK_AT = 100
_CLEAN_SECONDS = 3_600.0


class LostJobError(Exception):
    """Another process has taken the job over, or it was deleted."""


class Progress(Protocol):
    """How far the work on a job has come."""

    @property
    def bytes_done(self) -> int:
        """The bytes that were read or written."""

    @property
    def rows_done(self) -> int:
        """The rows that were."""


class JobStore(Protocol):
    """What a queue asks of the module of the store that has its jobs; ids are whole numbers."""

    async def list_waiting(self, reader: Reader, *, now: datetime, at_most: int) -> list[Any]:
        """The jobs that nobody works on, the oldest first."""

    async def claim_job(
        self, tx: Tx, job_id: Any, /, *, owner: str, now: datetime, until: datetime
    ) -> Any:
        """Take a job on; None if somebody else was faster."""

    async def renew_lease(  # noqa: PLR0913 - by name
        self,
        tx: Tx,
        job_id: Any,
        /,
        *,
        owner: str,
        until: datetime,
        bytes_done: int,
        rows_done: int,
    ) -> bool:
        """Keep a job; False if it is no longer ours."""

    async def give_back(self, tx: Tx, job_id: Any, /, *, owner: str) -> None:
        """Let another process take the job on at once."""


J = TypeVar("J")
P = TypeVar("P", bound=Progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Generic[J, P]):
    """Jobs of one sort: where they are, and how one is done.

    begin: the work on a job by an owner, and a progress that it moves; the work ends the job.
    may: whether a job can be done by this process.
    """

    what: str
    store: JobStore
    at_most: int
    wake: asyncio.Event
    begin: Callable[[J, str], tuple[Coroutine[Any, Any, None], P]]
    id_of: Callable[[J], Any]
    may: Callable[[Any], bool] = lambda _job_id: True


def _ignored(_progress: object) -> None:
    pass


async def serve(context: Context, queue: Queue[J, P]) -> None:
    """Work on the jobs of a queue, so many at a time, until cancelled; then they are given back."""
    turns = asyncio.Semaphore(queue.at_most)
    async with asyncio.TaskGroup() as group:
        while True:
            await turns.acquire()
            queue.wake.clear()
            owner = secrets.token_hex(8)
            job = await _next_job(context, queue, owner)
            if job is None:
                turns.release()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await queue.wake.wait()
                continue
            task = group.create_task(hold(context, queue, job, owner), name=queue.what)
            task.add_done_callback(lambda _task: turns.release())


async def _next_job(context: Context, queue: Queue[J, P], owner: str) -> J | None:
    """The next job that can be done here, taken on. None also while the database is away."""
    try:
        async with context.database.reader() as reader:
            waiting = await queue.store.list_waiting(reader, now=context.clock(), at_most=_LOOK_AT)
        for job_id in waiting:
            if queue.may(job_id) and (job := await claim(context, queue, job_id, owner)):
                return job
    except Refusal as refusal:
        _LOG.warning(f"the queue of {queue.what} cannot be read", reason=str(refusal))
    except Exception as error:  # noqa: BLE001 - the work goes on once the fault is gone
        _LOG.error(f"the queue of {queue.what} cannot be read", exc_info=error)
    return None


async def claim(context: Context, queue: Queue[J, P], job_id: Any, owner: str) -> J | None:
    """The job, taken on; None if somebody else was faster."""
    now = context.clock()
    job: J | None = await context.database.write(
        lambda tx: queue.store.claim_job(tx, job_id, owner=owner, now=now, until=now + _LEASE)
    )
    return job


async def hold(
    context: Context,
    queue: Queue[J, P],
    job: J,
    owner: str,
    *,
    watch: Callable[[P], None] = _ignored,
) -> None:
    """Do the work while the lease is renewed; given back if it is broken off."""
    doing, progress = queue.begin(job, owner)
    job_id, work = queue.id_of(job), asyncio.create_task(doing)
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=RENEW_SECONDS)
            watch(progress)
            if not work.done() and not await _renew(context, queue, job_id, owner, progress):
                break
    finally:
        work.cancel()
        await asyncio.wait({work})
        with suppress(Refusal):
            await context.database.write(lambda tx: queue.store.give_back(tx, job_id, owner=owner))


async def _renew(
    context: Context, queue: Queue[J, P], job_id: Any, owner: str, progress: Progress
) -> bool:
    """Whether the work may go on; while the database is away it may."""
    until = context.clock() + _LEASE
    try:
        return await context.database.write(
            lambda tx: queue.store.renew_lease(
                tx,
                job_id,
                owner=owner,
                until=until,
                bytes_done=progress.bytes_done,
                rows_done=progress.rows_done,
            )
        )
    except Refusal:
        return True


async def clean(context: Context, what: str, work: Callable[[Context], Awaitable[None]]) -> None:
    """Do the work of cleaning up, again and again."""
    while True:
        try:
            await work(context)
        except Refusal as refusal:
            _LOG.warning(f"{what} cannot be removed", reason=str(refusal))
        except Exception as error:  # noqa: BLE001 - it is tried again
            _LOG.error(f"{what} cannot be removed", exc_info=error)
        await asyncio.sleep(_CLEAN_SECONDS)
