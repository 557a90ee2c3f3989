"""The work on imports: a process takes jobs from the queue and does them, whoever waits or not.

A job is held by a lease that is renewed while the work goes on. How the work ended is written in
the transaction of its entries, and only by whoever holds the lease: a process that dies leaves
nothing behind and another one begins anew; one that was taken for dead cannot commit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

import msgspec
import structlog

from tallystick.core.errors import (
    AlreadyUndone,
    Busy,
    InvalidFile,
    OutcomeUnknown,
    Refusal,
    RowProblem,
)
from tallystick.core.formats.limits import FileLimits
from tallystick.core.ids import ImportId
from tallystick.core.import_jobs import AT_WORK, Finding, ImportJob
from tallystick.core.programs import Program
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.import_check import check_file
from tallystick.services.import_jobs import file_of, get_job, problem_files, remove_files
from tallystick.services.imports import ImportFile, Problems, import_within
from tallystick.services.joining import enter_join_dates
from tallystick.services.programs import get_profile_program
from tallystick.services.undo import undo_import
from tallystick.store import import_jobs as store
from tallystick.store.db import COLLISION, Tx

_LOG = structlog.get_logger()
_LEASE = timedelta(seconds=10)
_RENEW_SECONDS = 1.0
_LOOK_SECONDS = 2.0  # how often the queue is looked at for what other processes put in
_CLEAN_SECONDS = 3_600.0
_FAULT = "Tallystick made a mistake; its log says more"


class LostJobError(Exception):
    """Another process has taken the job over."""


@dataclass(slots=True)
class Tally:
    """How far the work on a job has come."""

    source: ImportFile | None = None

    @property
    def bytes_done(self) -> int:
        """The bytes of the file that were read."""
        return self.source.size if self.source else 0

    @property
    def rows_done(self) -> int:
        """The good rows that were read."""
        return self.source.rows_read if self.source else 0


Watch = Callable[[Tally], None]


async def work_on(
    context: Context, program: Program, import_id: ImportId, *, watch: Watch = lambda _tally: None
) -> ImportJob:
    """The job, once the work it is queued for is done here, or by another process meanwhile.

    watch: called every now and then with how far it has come.
    """
    owner = secrets.token_hex(8)
    job = await _claim(context, import_id, owner)
    if job is not None:
        await _hold(context, job, owner, watch=watch)
    while (  # noqa: ASYNC110 - another process may be at work
        found := await get_job(context, program.id, import_id)
    ).state in AT_WORK:
        await asyncio.sleep(_RENEW_SECONDS)
    return found


@asynccontextmanager
async def running_imports(context: Context) -> AsyncIterator[None]:
    """Jobs are worked on, so many at a time; at the end they are given back."""
    tasks = [
        asyncio.create_task(_serve(context), name="imports"),
        asyncio.create_task(_clean(context), name="old imports"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _serve(context: Context) -> None:
    turns = asyncio.Semaphore(context.limits.imports_max)
    async with asyncio.TaskGroup() as group:
        while True:
            await turns.acquire()
            context.import_wake.clear()
            owner = secrets.token_hex(8)
            job = await _next_job(context, owner)
            if job is None:
                turns.release()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await context.import_wake.wait()
                continue
            task = group.create_task(_hold(context, job, owner), name=f"import {job.import_id}")
            task.add_done_callback(lambda _task: turns.release())


async def _next_job(context: Context, owner: str) -> ImportJob | None:
    """The next job whose file is here, taken on. None also while the database is away."""
    try:
        async with context.database.reader() as reader:
            waiting = await store.list_waiting(reader, now=context.clock(), at_most=100)
        for import_id in waiting:
            if file_of(context, import_id).exists() and (
                job := await _claim(context, import_id, owner)
            ):
                return job
    except Refusal as refusal:
        _LOG.warning("the queue of imports cannot be read", reason=str(refusal))
    except Exception as error:  # noqa: BLE001 - imports go on once the fault is gone
        _LOG.error("the queue of imports cannot be read", exc_info=error)
    return None


async def _claim(context: Context, import_id: ImportId, owner: str) -> ImportJob | None:
    now = context.clock()
    return await context.database.write(
        lambda tx: store.claim_job(tx, import_id, owner=owner, now=now, until=now + _LEASE)
    )


async def _hold(
    context: Context, job: ImportJob, owner: str, *, watch: Watch = lambda _tally: None
) -> None:
    """Do the work while the lease is renewed; given back if it is broken off."""
    tally = Tally()
    work = asyncio.create_task(_Work(context, job, owner, tally).do())
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=_RENEW_SECONDS)
            watch(tally)
            if not work.done() and not await _renew(context, job, owner, tally):
                break
    finally:
        work.cancel()
        await asyncio.wait({work})
        with suppress(Refusal):
            await context.database.write(lambda tx: store.give_back(tx, job.import_id, owner=owner))


async def _renew(context: Context, job: ImportJob, owner: str, tally: Tally) -> bool:
    """Whether the work may go on; while the database is away it may."""
    until = context.clock() + _LEASE
    try:
        return await context.database.write(
            lambda tx: store.renew_lease(
                tx,
                job.import_id,
                owner=owner,
                until=until,
                bytes_done=tally.bytes_done,
                rows_done=tally.rows_done,
            )
        )
    except Refusal:
        return True


class _Work:
    """One job, from its claim to its end."""

    def __init__(self, context: Context, job: ImportJob, owner: str, tally: Tally) -> None:
        self._context = context
        self._job = job
        self._owner = owner
        self._tally = tally

    async def do(self) -> None:
        """Do it; whatever is raised becomes the end of the job or leaves it to the next one."""
        doing = {"checking": self._check, "importing": self._import, "undoing": self._undo}
        try:
            program = await get_profile_program(self._context, self._job.program_id)
            await doing[self._job.state](program)
        except (LostJobError, Busy, OutcomeUnknown, *COLLISION) as error:
            _LOG.warning("work on an import is left to be done again", reason=str(error))
            await asyncio.sleep(_RENEW_SECONDS)
        except Refusal as refusal:
            await self._fail(str(refusal))
        except Exception as error:  # noqa: BLE001 - a job that fails must not be tried for ever
            _LOG.error("work on an import failed", job=self._job.import_id, exc_info=error)
            await self._fail(_FAULT)

    async def _check(self, program: Program) -> None:
        now = self._context.clock()
        with ExitStack() as stack:
            noted = stack.enter_context(_Noted(*problem_files(self._context, self._job.import_id)))
            source = stack.enter_context(self._source())
            async with self._context.database.transaction() as tx:
                finding = await check_file(
                    tx, program, source, format_name=self._job.format, now=now, also=noted.add
                )
                await self._end(tx, "checked", finding=finding)

    async def _import(self, program: Program) -> None:
        with ExitStack() as stack:
            noted = stack.enter_context(_Noted(*problem_files(self._context, self._job.import_id)))
            source = stack.enter_context(self._source())
            problems = Problems(
                shown_max=0, good_rows_only=self._job.good_rows_only, hear=noted.add
            )
            try:
                async with self._context.import_turn, self._context.database.transaction() as tx:
                    await self._enter(tx, program, source, problems)
            except InvalidFile as refused:
                failure = str(refused)
            else:
                return
        await self._check_after(program, failure)

    async def _enter(
        self,
        tx: Tx,
        program: Program,
        source: ImportFile,
        problems: Problems,
    ) -> None:
        now, import_id, amount = self._context.clock(), self._job.import_id, None
        if self._job.format == "points":
            report = await import_within(
                self._context, tx, program, source, problems, now=now, import_id=import_id
            )
            amount, row_count = report.amount, report.row_count
        else:
            dates = await enter_join_dates(
                tx, program, source, problems, now=now, import_id=import_id
            )
            row_count = dates.row_count
        path = f"/v1/loyalty_programs/{program.id}/imports/{import_id}"
        new = {"id": import_id, "entity": self._job.format, "amount": row_count}
        await record_change(tx, _caller(self._job), path, now=now, new=new)
        ending = store.Ending(
            state="imported",
            row_count=row_count,
            amount=amount,
            problem_count=problems.count,
        )
        await self._write_end(tx, ending)

    async def _check_after(self, program: Program, failure: str) -> None:
        """Say what is wrong with a file that was refused, as a check would have said before."""
        now = self._context.clock()
        with ExitStack() as stack:
            noted = stack.enter_context(_Noted(*problem_files(self._context, self._job.import_id)))
            source = stack.enter_context(self._source())
            async with self._context.database.transaction() as tx:
                finding = await check_file(
                    tx, program, source, format_name=self._job.format, now=now, also=noted.add
                )
                await self._end(tx, "failed", finding=finding, failure=failure)

    async def _undo(self, program: Program) -> None:
        with suppress(AlreadyUndone):  # by ourselves, before we were killed
            await undo_import(
                self._context,
                program,
                self._job.import_id,
                below_zero=self._job.below_zero,
                caller=_caller(self._job),
            )
        await self._context.database.write(
            lambda tx: self._write_end(tx, store.Ending(state="undone"))
        )

    def _source(self) -> "_OpenFile":
        path, limits = file_of(self._context, self._job.import_id), self._context.limits.file
        return _OpenFile(path, self._job, self._tally, limits)

    async def _end(
        self, tx: Tx, state: str, *, finding: Finding, failure: str | None = None
    ) -> None:
        ending = store.Ending(
            state=state,
            finding=msgspec.json.encode(finding).decode(),
            failure=failure,
            problem_count=finding.problem_count,
        )
        await self._write_end(tx, ending)

    async def _write_end(self, tx: Tx, ending: store.Ending) -> None:
        now = self._context.clock()
        if not await store.end_job(tx, self._job.import_id, ending, owner=self._owner, now=now):
            raise LostJobError(f"import {self._job.import_id}")

    async def _fail(self, failure: str) -> None:
        state = "imported" if self._job.state == "undoing" else "failed"
        with suppress(LostJobError, Refusal):
            await self._context.database.write(
                lambda tx: self._write_end(tx, store.Ending(state=state, failure=failure))
            )


def _caller(job: ImportJob) -> Caller | None:
    """Who asked for it, as far as the record of changes wants to know; None for a command."""
    if job.user_id is None and job.api_key_id is None:
        return None
    kind = CallerKind.MANAGEMENT if job.user_id is None else CallerKind.PERSON
    return Caller(kind=kind, user_id=job.user_id, key_id=job.api_key_id)


class _OpenFile:
    """The file of a job, open while it is worked on."""

    def __init__(self, path: Path, job: ImportJob, tally: Tally, limits: FileLimits) -> None:
        self._path, self._job, self._tally, self._limits = path, job, tally, limits

    def __enter__(self) -> ImportFile:
        self._file = self._path.open("rb")
        self._tally.source = ImportFile(
            self._file,
            file_name=self._job.file_name,
            user_id=self._job.user_id,
            key_id=self._job.api_key_id,
            limits=self._limits,
        )
        return self._tally.source

    def __exit__(self, *_error: object) -> None:
        self._file.close()


class _Noted:
    """Problems on their way to two files, a line each: the text's, and then the database's.

    Each file is in the order of the lines.
    """

    def __init__(self, first: Path, second: Path) -> None:
        self._first, self._second = first, second
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        self._second.unlink(missing_ok=True)
        self._file = self._first.open("wb")
        self._line = 0
        return self

    def add(self, problems: list[RowProblem]) -> None:
        """Note them."""
        if problems and problems[0].line < self._line:
            self._file.close()
            self._file = self._second.open("wb")
        for problem in problems:
            self._file.write(self._encoder.encode(problem) + b"\n")
        self._line = problems[-1].line if problems else self._line

    def __exit__(self, *_error: object) -> None:
        self._file.close()


async def _clean(context: Context) -> None:
    """Remove files that were kept for as long as the limits say, again and again."""
    while True:
        try:
            await remove_old_files(context)
        except Refusal as refusal:
            _LOG.warning("old files of imports cannot be removed", reason=str(refusal))
        except Exception as error:  # noqa: BLE001 - it is tried again
            _LOG.error("old files of imports cannot be removed", exc_info=error)
        await asyncio.sleep(_CLEAN_SECONDS)


async def remove_old_files(context: Context) -> None:
    """Remove the files of jobs at rest that have been kept long enough; the jobs stay."""
    before = context.clock() - timedelta(days=context.limits.import_days_kept)
    async with context.database.reader() as reader:
        old = await store.list_old_files(reader, before=before)
    for import_id in old:
        if file_of(context, import_id).exists():
            remove_files(context, import_id)
            await context.database.write(_forgetting(import_id))


def _forgetting(import_id: ImportId) -> Callable[[Tx], Awaitable[None]]:
    return lambda tx: store.forget_file(tx, import_id)
